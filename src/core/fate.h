/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fate of interfaces in a plan; for plan.c. */
#ifndef CORE_FATE_H
#define CORE_FATE_H

#include "core/plan.h"

/** fate_decide - decided once a plan; sets index, state and reason of @want too */
enum fate fate_decide(struct planner *p, struct iface *want);

/** fate_resolve - references of @o name interfaces; comparing and encoding need the indexes */
void fate_resolve(const struct planner *p, const struct feature *f, struct object *o);

/** fate_is_ours - did the daemon make it, and call it @name? */
bool fate_is_ours(const struct planner *p, const char *name, const struct iface *have);

/** fate_depth - how many interfaces it stands on, one above the other; at most @limit */
unsigned fate_depth(const struct planner *p, const struct iface *i, unsigned limit);

#endif
