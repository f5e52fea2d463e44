/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of XDP share. */
#ifndef NL_XDP_INTERNAL_H
#define NL_XDP_INTERNAL_H

#include "nl/kernel.h"

/* The map "memory" beside each program. */
struct memory {
	uint32_t mode; /* enum xdp_mode: what it became */
	char note[124];
	char text[];
};

struct xdp {
	struct xdp_attached *list;
	struct xdp_attached *tcx; /* in no order: the kernel's is asked for */
	/* In place of the kernel; NULL: the kernel itself. */
	int (*query)(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
		     uint64_t *revision);
	int rtnl; /* a socket for filters; -1: not used yet */
	sd_event_source *timer;
	struct kernel *kernel;
	bool warned;
	bool tried; /* @facts are known */
	struct xdp_kernel facts;
};

/** xdp_adopt - put what an earlier run left into the list */
void xdp_adopt(struct xdp *x);

/** xdp_read_program - id, tag and time from the kernel; 0 or a negative errno */
int xdp_read_program(struct xdp_attached *a);

/** xdp_read_memory - what it was made from; the mode that it has, or a negative errno */
int xdp_read_memory(struct xdp_attached *a);

/** xdp_load - an instance of what @j describes, in no list and attached nowhere */
int xdp_load(struct xdp_job *j, struct xdp_attached **ret, char **why);

/** xdp_keep_fd, xdp_keep_program, xdp_forget_program - in the store, and no longer */
int xdp_keep_fd(struct xdp *x, const char *name, const char *part, int fd);
void xdp_keep_program(struct xdp *x, const struct xdp_attached *a);
void xdp_forget_program(const struct xdp_attached *a);

/** xdp_write_memory - beside the program */
int xdp_write_memory(const struct xdp_attached *a, enum xdp_mode mode);

/** xdp_look_later - whether links are still there, as long as there are any */
void xdp_look_later(struct xdp *x);

/** tcx_run - as xdp_run(), of jobs for TCX_… */
int tcx_run(struct xdp *x, struct xdp_job *j, char **why);

/** tcx_look - forget what another hand detached; is there anything that nobody told? */
bool tcx_look(struct xdp *x);

/** tcx_adopt - a link with its program; false: it is of no interface here (any more) */
bool tcx_adopt(struct xdp *x, struct xdp_attached *a);

/**
 * tcx_filters - programs that are filters at a hook; of ours the list is told. How many, or an
 * errno
 */
int tcx_filters(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
		uint64_t *revision);

/** tcx_filter_insert, tcx_filter_replace, tcx_filter_drop - @behind: NULL: in front of ours */
int tcx_filter_insert(struct xdp *x, struct xdp_attached *a, const struct xdp_job *j,
		      const struct xdp_attached *behind, char **why);
int tcx_filter_replace(struct xdp *x, struct xdp_attached *a, struct xdp_attached *old, char **why);
void tcx_filter_drop(struct xdp *x, const struct xdp_attached *a, bool keep_hook);

/** tcx_adopt_program - one of a filter's; false: of none that is there */
bool tcx_adopt_program(struct xdp *x, int ifindex, uint32_t prog_id, struct xdp_attached **ret);

/** xdp_carry - what @old had counted goes on in @a, where @j says that it means the same */
void xdp_carry(const struct xdp_attached *a, const struct xdp_attached *old,
	       const struct xdp_job *j);

#endif
