/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One interface in a plan that is being made; for plan.c, plan-list.c and plan-keep.c. */
#ifndef CORE_PLAN_SUBJECT_H
#define CORE_PLAN_SUBJECT_H

#include "core/plan.h"

/* One interface while its steps are made. */
struct subject {
	struct planner *p;
	struct iface *want; /* NULL: only in the record */
	struct iface *have; /* NULL: not there, or about to be made anew */
	struct iface *owned;
	const struct iface *i; /* whichever names it */
	unsigned depth;
	bool blocked;
};

/** subject_step - one more step of it, at the end of the plan: earlier ones may move */
struct step *subject_step(struct subject *s, enum phase phase, enum verb verb,
			  const struct feature *f);

/** subject_wait - it has to wait for something, and why */
void subject_wait(struct subject *s, const char *why);

/** subject_list - the steps for a list of it */
void subject_list(struct subject *s, const struct feature *f);

/** subject_along - what its steps since @first take along comes back after them */
void subject_along(struct subject *s, unsigned first);

/** plan_keep_addresses - bridges of ours whose ports change keep the Ethernet address they have */
void plan_keep_addresses(struct planner *p);

#endif
