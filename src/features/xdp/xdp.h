/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share: the shipped programs, and how settings become jobs. */
#ifndef FEATURES_XDP_H
#define FEATURES_XDP_H

#include "core/mirror.h"
#include "core/plan.h"
#include "core/types.h"
#include "features/features.h"

struct xdp_settings {
	struct object o;
	char *program, *section, *build, *tag, *note;
	char *tags; /* of what is behind it, a line each; NULL: nothing */
	char *chain; /* what is behind it, a line each; NULL: nothing */
	struct contents *maps; /* of object files; NULL: as the files say */
	uint8_t mode, unsupported, foreign, attached;
	uint32_t id;
	uint64_t since;
};

/*
 * Programs that an interface has. They go on by tail calls, of which the kernel lets a packet make
 * 33, and some architectures before 6.0 32: MAX_TAIL_CALL_CNT of include/linux/bpf.h.
 */
#define CHAIN_MAX 32
#define SHIPPED_MAX 8

/* One of them, in their order. */
struct member {
	char spec[320];		/* as it is written */
	char name[320];		/* of a shipped program, or the path of an object file */
	const char *section;	/* "": the object file has one program */
	const struct shipped *shipped; /* NULL: an object file */
};

/** xdp_member - the @n-th program, counting from 0; false: there are not so many */
bool xdp_member(const struct xdp_settings *x, unsigned n, struct member *ret);

/** xdp_member_find - the place of the same program, or -1 */
int xdp_member_find(const struct xdp_settings *x, const char *spec);

/* Names of programs, a line each; one heap or arena string. */
extern const struct type type_chain;

/* A row of a list of names. */
#define NAMES_MAX 16
struct names {
	char items[NAMES_MAX][IFNAMSIZ];
};

struct shipped {
	const char *name;
	const unsigned char *image;
	const size_t *size;
	bool parts; /* it takes packets that are in several pages */
	struct feature *feature; /* its settings, a group in the group; NULL: it has none */
	const char *const *reasons; /* names of the first entries of "counters" */
	unsigned n_reasons;
	/* What those behind them count, the @n-th of them from 0; NULL: rules */
	unsigned (*number)(const struct object *o, unsigned n);

	/* Values that were left out. NULL: all rows have an initial value that will do. */
	void (*complete)(struct object *o);
	void (*check)(const struct model *want, const struct iface *i, struct errors *e);
	/* What it needs of the machine: as of struct feature. NULL: nothing. */
	char *(*refused)(const struct model *want, const struct model *have, const struct iface *i,
			 const struct origin **ret_where);
	char *(*blocked)(const struct planner *p, const struct iface *want);
	/* Settings and maps of a job; @have: as it is now, or NULL. */
	void (*fill)(struct xdp_job *j, const struct object *o, const struct object *have);
};

/** shipped_find - by name, or NULL; shipped_next - all of them, NULL begins */
const struct shipped *shipped_find(const char *name);
const struct shipped *shipped_nth(unsigned n);

extern const struct shipped shipped_filter, shipped_stats, shipped_forward, shipped_cpumap,
	shipped_sample;

/** xdp_place - of a row of the group, for errors */
const struct origin *xdp_place(const struct iface *i, const struct feature *f, const char *key);

/** xdp_keep - the first @n counters go on as they are */
void xdp_keep(struct xdp_job *j, unsigned n);

/** xdp_object - the settings of a shipped program as step @s will have made them, or NULL */
const struct object *xdp_object(const struct step *s, const struct shipped *p);

/** xdp_memory - all settings as step @s will have made them, as text; the caller frees it */
char *xdp_memory(const struct xdp_settings *x, const struct step *s);

/** xdp_recall - the other way round, into the mirror's model; false: not to be understood */
bool xdp_recall(struct model *m, struct iface *i, struct xdp_attached *a);

/** xdp_recalled - the group's object of what xdp_recall() has read, or NULL */
const struct object *xdp_recalled(const struct xdp_attached *a);

/** xdp_recalled_of - the object of a shipped program's settings, or NULL */
const struct object *xdp_recalled_of(const struct xdp_attached *a, const struct shipped *p);

/**
 * xdp_parse_group - one group of a list that is one value
 * @shape: what may stand in it; its name is that of one of them in errors
 * @n: which of them, counting from 1
 *
 * Return: 0 with p->at the group, or -EINVAL with p->why.
 */
int xdp_parse_group(struct parse *p, const struct feature *shape, unsigned n,
		    const config_setting_t *group, struct object *o);

/* What maps of object files hold: one value. */
struct cell {
	uint8_t is_number;
	uint8_t open; /* zeros follow, as many as fit */
	uint32_t n;
	uint8_t *bytes; /* n of them, where it is no number */
	int64_t number;
};

/* KMALLOC_MAX_SIZE where pages have 4 KiB: no hash has more, htab_map_alloc_check() */
#define CELL_MAX (4u << 20)

extern const struct type type_cell;

/**
 * cell_fit - into a map
 * @size, @kind: of the map's keys or values, as of struct xdp_image_map
 * @ret: @size bytes
 *
 * Return: NULL, or what does not fit (heap).
 */
char *cell_fit(const struct cell *c, uint32_t size, char kind, uint8_t *ret);

/** cell_read - the other way round, on the heap: in the way that @c was written */
void cell_read(struct cell *c, const uint8_t *bytes, uint32_t size);

/** cell_kind_text - " (signed numbers)"; for messages */
const char *cell_kind_text(char kind);

struct entry {
	struct object o; /* .where is NULL */
	char map[64];
	struct cell key, value;
	uint8_t initial; /* the program changes it */
};

struct contents {
	unsigned refs; /* on the heap: how many share it */
	unsigned n;
	struct entry *items;
	unsigned *lines; /* where each is written */
};

extern const struct type type_contents;
extern const struct feature entry_shape; /* no feature of its own: the keys of an entry */

/** xdp_maps_check - do the entries fit the maps of the object files? */
void xdp_maps_check(const struct iface *i, const struct xdp_settings *x, struct errors *e);

/** xdp_maps_fill - the maps of an object file, for a job; -EINVAL: they do not fit (any more) */
int xdp_maps_fill(struct xdp_job *j, const struct contents *c);

/** xdp_maps_state - what the kernel has of the entries now, in a number */
uint64_t xdp_maps_state(const struct xdp_settings *x, const struct xdp_attached *first);

/** xdp_maps_see - make of @x->maps, on the heap, what the kernel has of them */
void xdp_maps_see(struct xdp_settings *x, const struct xdp_attached *first);

/* Rules of the filter: one value. */
struct rules {
	unsigned refs; /* on the heap: how many share it */
	unsigned n;
	struct rule *items;
};

struct rule {
	struct object o; /* which of the following count; .where is NULL */
	struct ipaddr src, dst;
	uint8_t src_mac[6], dst_mac[6];
	uint16_t vlan, ethertype;
	uint16_t src_port[2], dst_port[2]; /* first and last */
	uint8_t protocol, fragment, action, pad;
	uint32_t rate, burst;
};

struct filter {
	struct object o;
	uint8_t policy, malformed;
	struct rules *rules; /* NULL: none */
};

/* enum netdev_xdp_act of include/uapi/linux/netdev.h, by the place of the bit. */
enum xdp_ability { XDP_CAN_BASIC, XDP_CAN_REDIRECT, XDP_CAN_XMIT, XDP_CAN_ZC, XDP_CAN_OFFLOAD,
		   XDP_CAN_PARTS };

/** xdp_device_can - as far as the kernel says so; true where it does not say */
bool xdp_device_can(const struct iface *have, enum xdp_ability what);

/** xdp_kernel_can - "jit", "btf", "tcx"; true where it is not known */
bool xdp_kernel_can(const struct iface *have, const char *what);

/** xdp_cannot_load - why no program of the file can be, or NULL (heap); "": a shipped one */
char *xdp_cannot_load(const struct iface *have, const char *path);

/** xdp_completed - an object of the interface that has a place for each row, for errors */
struct object *xdp_completed(struct model *want, struct iface *i, const struct feature *f);

/** xdp_peer - the other end of a veth, or "" */
const char *xdp_peer(const struct iface *h);

/** xdp_refused - what stands against it on this machine; as of struct feature */
char *xdp_refused(const struct model *want, const struct model *have, const struct iface *i,
		  const struct origin **ret_where);

/** xdp_warn - what is not as one would think; as of struct feature */
void xdp_warn(const struct model *want, const struct model *have, const struct iface *i,
	      struct errors *warnings);

/** xdp_cannot_receive - why what @want redirects to @name would be lost, or NULL; heap */
char *xdp_cannot_receive(const struct planner *p, const struct iface *want, const char *name);

extern const struct type type_rules;
extern const struct feature rule_shape; /* no feature of its own: the keys of a rule */

enum { FILTER_PASS, FILTER_DROP };

/** filter_fill - as of struct shipped: tries and table */
void filter_fill(struct xdp_job *j, const struct object *o, const struct object *have);

/** xdp_blocked - what others attached stands in the way; as of struct feature */
char *xdp_blocked(const struct planner *p, const struct iface *want);

/** xdp_sees_tags - 0, or -EOPNOTSUPP with @why: VLAN tags are gone before a program sees them */
int xdp_sees_tags(int ifindex, char **why);

/** xdp_encode - the step of any of these features: everything, as it shall be */
int xdp_encode(struct encoder *e, const struct step *s, unsigned part);

#endif
