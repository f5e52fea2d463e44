/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What another hand changed: put back, put back later, or only reported. */
#ifndef CORE_DRIFT_H
#define CORE_DRIFT_H

#include "core/config.h"
#include "core/plan.h"

/** drift_begin - a new round: no verdict stands yet; to be called before planning */
void drift_begin(const struct generation *g);

/**
 * drift_filter - take out of @plan what is not to be put back now
 *
 * Only what was as configured before is drift. With on_drift = "report" it is
 * left as it is; else it is put back at once, unless that has been in vain
 * several times in a row: then after a delay that doubles, and in the end not
 * any more, until the configuration is applied again. The interfaces concerned
 * are drifted, with what differs as the reason. One verdict holds for a @round:
 * a plan and those that follow from it.
 */
void drift_filter(const struct generation *g, struct plan *plan, uint64_t now, uint64_t round);

#endif
