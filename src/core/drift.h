/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What another hand changed: put back, put back later, or only reported. */
#ifndef CORE_DRIFT_H
#define CORE_DRIFT_H

#include "core/engine.h"

/* The last thing that another hand did to an interface, in the words of the plan. */
struct drift_event {
	char *key, *from, *to; /* as configured; as found */
	uint32_t port;	       /* netlink port id of who did it; 0: the kernel did not say */
	char *process;	       /* its name and pid; NULL: not known */
	uint64_t time_usec;    /* CLOCK_REALTIME; 0: nothing happened yet */
	bool kept;	       /* left as it is */
};

/** drift_begin - a new round: no verdict stands yet; to be called before planning */
void drift_begin(const struct generation *g);

/**
 * drift_filter - take out of @plan what is not to be put back now
 *
 * Only what was as configured before is drift. With on_drift = "report" it is
 * left as it is; else it is put back at once, unless the very same has been in
 * vain several times in a row: then after a delay that doubles, and in the end not
 * any more, until the configuration is applied again. The interfaces concerned
 * are drifted, with what differs as the reason. One verdict holds for a round of
 * the engine: a plan and those that follow from it.
 *
 * Return: true if an interface is now to be left alone as a whole, so that others that
 * stand on it have to be planned anew.
 */
bool drift_filter(struct engine *e, struct plan *plan, uint64_t now);

/**
 * drift_goes_on - is all that @plan puts back what another hand has changed since it was put back?
 *
 * Only what the kernel says so of (addresses, routes): then it is a new round, which is counted,
 * and not the kernel that did not do what it said.
 */
bool drift_goes_on(const struct engine *e, const struct plan *plan);

/** drift_last - the last that happened to @want; NULL: nothing */
const struct drift_event *drift_last(const struct iface *want);

/** drift_free - forget all that was done to an interface; NULL is allowed; returns NULL */
struct drift *drift_free(struct drift *d);

#endif
