/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings that become true some time after the kernel took them: ROW_EVENTUAL. */
#ifndef CORE_EVENTUAL_H
#define CORE_EVENTUAL_H

#include "core/plan.h"

/**
 * eventual_filter - leave out of a plan what was set already and may still come true
 * @passes: plans of this round that have been carried out
 *
 * What has not come true in time is in the plan again; without a carrier there is nothing
 * that it could be seen on, and it is waited for on.
 */
void eventual_filter(struct plan *plan, unsigned passes, uint64_t now);

/** eventual_first - when somebody must look again; UINT64_MAX: never */
uint64_t eventual_first(struct model *want, uint64_t now);

#endif
