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

/** xdp_carry - what @old had counted goes on in @a, where @j says that it means the same */
void xdp_carry(const struct xdp_attached *a, const struct xdp_attached *old,
	       const struct xdp_job *j);

#endif
