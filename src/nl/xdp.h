/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XDP programs of the daemon's: loaded, attached by links that outlive it, found again. */
#ifndef NL_XDP_H
#define NL_XDP_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/mem.h"

enum xdp_mode { XDP_AUTO, XDP_NATIVE, XDP_GENERIC, XDP_OFFLOAD };

/* What to do where the device cannot have the mode. */
enum xdp_unsupported { XDP_FAIL, XDP_FALL_BACK, XDP_SKIP };

/*
 * Where a program hangs: before the stack; at tcx (kernel/bpf/tcx.c), of which there are two; in a
 * filter, which is a message of its own (nl/tc-bpf.h).
 */
enum xdp_hook { XDP_HOOK, TCX_INGRESS, TCX_EGRESS, TC_FILTER };

/*
 * TCX_…: by a link, or by a filter at clsact (cls_bpf); auto: by a link where the kernel has them.
 */
enum tcx_attach { TCX_BY_ANY, TCX_BY_LINK, TCX_BY_FILTER };

/* What a map of the object file is made of. */
struct xdp_map {
	const char *name;
	uint32_t type;	      /* enum bpf_map_type; 0: as the object file says */
	uint32_t max_entries; /* 0: as the object file says */
	uint32_t n;
	uint32_t key_size, value_size;
	void *keys, *values; /* n each; the job's */
	bool held;	     /* its contents are looked at later on */
	uint32_t n_held; /* of them the first so many are put back when another hand changed them */
};

/* What shall be on an interface: everything that is needed to bring it there. */
struct xdp_job {
	int ifindex;
	enum xdp_hook hook;
	enum tcx_attach attach;
	bool keep_hook; /* clsact is the configuration's, too */
	const void *image; /* ELF; NULL: no program */
	size_t size;
	char *file;    /* the path of the object file, for messages; NULL: shipped */
	char *section; /* NULL: it has one program */
	enum xdp_mode mode;
	enum xdp_unsupported unsupported;
	bool parts;	/* it takes packets that are in several pages, too */
	void *settings; /* the beginning of .rodata */
	size_t settings_size;
	struct xdp_map *maps;
	unsigned n_maps;
	char *memory; /* kept beside the program, and given back by xdp_attached */
	/*
	 * For each entry of the map "counters" which one of the program before goes on
	 * in it, -1: none.
	 */
	int32_t *keep;
	uint32_t n_keep;
	/* Last preparations, when everything before it has been done; why: heap. NULL: none */
	int (*prepare)(struct xdp_job *j, char **why);
	struct xdp_job *behind; /* the program that sees what this one passes; NULL: none */
	int chain_fd;	     /* of a chain: of the map that leads on; -1: it leads nowhere */
	uint32_t chain_next; /* and where to */
	int from;     /* which of the programs before it goes on as, by its place; -1: none */
	/* for prepare(), and of maps; TCX_…: keys of all that shall be there, in order */
	char **names;
	unsigned n_names;
	void *own; /* heap that lives as long: @image of an object file */
	int program_fd; /* TC_FILTER: while the message is on its way; -1: not loaded */
};

/* The most that is read of an object file. */
#define XDP_IMAGE_MAX (8u << 20)

/** xdp_image_check - is it an object file that can be for this kernel? NULL, or what it is */
const char *xdp_image_check(const void *image, size_t size);

/**
 * xdp_image_refuse - is it that, and has it one program to take?
 * @section: or its name; NULL: the file has one only
 *
 * Return: NULL, or why not, for the caller to free.
 */
char *xdp_image_refuse(const void *image, size_t size, const char *section);

/** xdp_programs_refuse - the same where @n of them have been found */
char *xdp_programs_refuse(unsigned n, const char *section);

/** xdp_image_wants_btf - has it relocations that need the kernel's types (CO-RE)? */
bool xdp_image_wants_btf(const void *image, size_t size);

/** xdp_build - the hash of one object file as text, into @ret of 17 bytes */
void xdp_build(const void *image, size_t size, char *ret);

/** xdp_job_new, xdp_job_free - empty; NULL is allowed, returns NULL */
struct xdp_job *xdp_job_new(int ifindex);
struct xdp_job *xdp_job_free(struct xdp_job *j);

/** xdp_job_map - add one; keys and values are zeroed */
struct xdp_map *xdp_job_map(struct xdp_job *j, const char *name, uint32_t max_entries, uint32_t n,
			    uint32_t key_size, uint32_t value_size);

struct xdp_map_fd {
	char name[16]; /* BPF_OBJ_NAME_LEN */
	int fd;
	uint32_t id, type, max_entries, key_size, value_size; /* @type: enum bpf_map_type */
};

/* A program that the daemon has on an interface. */
struct xdp_attached {
	struct xdp_attached *next;
	struct xdp_attached *behind; /* what sees what this one passes: no link of its own */
	int ifindex;
	enum xdp_hook hook;
	uint32_t link_id;  /* TCX_…; of a filter 0 */
	uint16_t pref;	   /* of a filter its turn; of a link 0 */
	bool own_hook;	   /* of a filter: the discipline came for it */
	uint64_t revision; /* TCX_…: of the hook, when it was last looked at */
	int link_fd, prog_fd; /* -1: skipped, see @note */
	uint32_t prog_id;
	uint8_t tag[8];
	uint64_t loaded; /* ns, CLOCK_BOOTTIME */
	struct xdp_map_fd *maps;
	unsigned n_maps;
	char *memory;
	char *note; /* why it is not in the mode that was asked for first; NULL: it is */

	/* What observers make of @memory, once; freed with it. */
	void *cache;
	void (*cache_free)(void *cache);
	/* Is something else in its maps than they were told? NULL: nobody asks */
	bool (*changed)(const struct xdp_attached *a);
};

/* A map of an object file that is not loaded. */
struct xdp_image_map {
	char name[64];
	uint32_t type; /* enum bpf_map_type */
	uint32_t flags; /* BPF_F_… */
	uint32_t key_size, value_size, max_entries;
	/* What they are: 0 not known, or no number; 's', 'u' a signed or unsigned one; '*' more */
	char key_kind, value_kind;
};

/**
 * xdp_image_maps - those that a program has by name
 * @ret: heap
 * @why: set on failure; the caller frees it
 *
 * Return: how many, or a negative errno.
 */
int xdp_image_maps(const void *image, size_t size, struct xdp_image_map **ret, char **why);

/** xdp_attached_free - forget one, for implementations; NULL is allowed, returns NULL */
struct xdp_attached *xdp_attached_free(struct xdp_attached *a);

/** xdp_nth - of a chain, counting from 0; or NULL */
const struct xdp_attached *xdp_nth(const struct xdp_attached *a, unsigned n);

/** xdp_map_of - by name, or NULL */
const struct xdp_map_fd *xdp_map_of(const struct xdp_attached *a, const char *name);

/**
 * xdp_counter - an entry of "counters": all CPUs, and what the programs before it counted
 * @ret: packets and bytes
 */
int xdp_counters(const struct xdp_attached *a, uint64_t (*ret)[2], uint32_t n);

/* All of them. */
struct xdp;
struct kernel;

/**
 * xdp_new - find again what an earlier run of the daemon left
 * @k: its on_untold() is called when another hand was found to have detached a program
 */
struct xdp *xdp_new(sd_event *event, struct kernel *k);

/** xdp_free - what is attached stays; NULL is allowed; returns NULL */
struct xdp *xdp_free(struct xdp *x);

/**
 * xdp_run - carry out a job
 * @why: set on failure; the caller frees it
 */
int xdp_run(struct xdp *x, struct xdp_job *j, char **why);

/**
 * xdp_load_into - load the program of a TC_FILTER's message
 * @j: NULL: none, and nothing is done
 * @at: gets the file descriptor, 32 bits in the machine's order; it is @j's
 * @why: set on failure; the caller frees it
 *
 * Return: 0 or a negative errno.
 */
int xdp_load_into(struct xdp_job *j, void *at, char **why);

/** xdp_find - what the daemon has on an interface; NULL: nothing */
struct xdp_attached *xdp_find(const struct xdp *x, int ifindex);

/** xdp_next - all of them; NULL begins */
const struct xdp_attached *xdp_next(const struct xdp *x, const struct xdp_attached *after);

/*
 * Programs at tcx. Of these an interface has any number, the daemon's among others' in an order.
 * @memory of theirs, and of their jobs, is a key that tells one from another, a newline and
 * whatever says that it is another build (or nothing, to be taken away).
 */
#define TCX_MAX 64 /* kernel: BPF_MPROG_MAX */
#define TCX_ROOM 128 /* filters follow */
struct tcx_program {
	uint32_t prog_id, link_id; /* @link_id 0: attached without a link */
	uint16_t pref;		   /* of a filter at clsact; else 0 */
};

/**
 * tcx_query - what is at an interface's hook, in the order that packets pass
 *
 * Return: how many, up to TCX_ROOM, or a negative errno.
 */
int tcx_query(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program ret[TCX_ROOM]);

/** tcx_find - the daemon's own of these, or NULL */
const struct xdp_attached *tcx_find(const struct xdp *x, int ifindex, enum xdp_hook hook,
				    const struct tcx_program *p);

/** tcx_next - all of the daemon's, of all interfaces; NULL begins */
const struct xdp_attached *tcx_next(const struct xdp *x, const struct xdp_attached *after);

/* What the kernel has for programs, and the daemon may. */
struct xdp_kernel {
	bool jit;
	bool btf; /* its own types are told, which CO-RE programs want to know */
	bool tcx; /* links where traffic control sees packets */
	char *lacks; /* why no program can be loaded; NULL: nothing */
};

/** xdp_kernel - found out when it is first asked; NULL: not known */
const struct xdp_kernel *xdp_kernel(struct xdp *x);

/* The ring of the program sample. */
struct xdp_samples {
	int fd; /* of the ring; stays the program's */
	uint32_t prog_id;
	uint64_t size;	     /* of the ring, bytes */
	uint64_t seen, lost; /* packets; samples of them that the ring had no room for */
};

/** xdp_samples - of what is on an interface; -ENOENT: it takes no samples */
int xdp_samples(const struct xdp *x, int ifindex, struct xdp_samples *ret);

/* Where links are kept when there is no service manager that keeps them. */
#define XDP_PIN_DIR "/sys/fs/bpf/netctld"

/** xdp_set_pin_dir - another folder on bpffs, or NULL, none; before xdp_new(); must live on */
void xdp_set_pin_dir(const char *dir);

#endif
