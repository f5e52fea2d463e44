/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands on what, as far as it goes up and down by it. */
#ifndef CORE_STAND_H
#define CORE_STAND_H

#include "core/plan.h"

/** stand_is_up - @i is there, and up; NULL is allowed */
bool stand_is_up(const struct iface *i);

/** stand_wants_up - is it to be up when the plan is done? */
bool stand_wants_up(const struct planner *p, struct iface *want);

/** stand_is_up_on - is @i up, and does it stand on @lower? */
bool stand_is_up_on(const struct iface *i, const struct iface *lower);

/** stand_carries_others - would @i, going down, take along what is to stay up? NULL is allowed */
bool stand_carries_others(const struct planner *p, const struct iface *i);

/** stand_takes_ports - is that a kind of master? Only such a one takes its address from others */
bool stand_takes_ports(const char *kind);

/**
 * stand_lacks_address - has what @want is made on no Ethernet address to give it?
 *
 * What is made without one stays so: it follows the address below only while it is up
 * (vlan_device_event()), and without one does not come up (__dev_open()).
 */
bool stand_lacks_address(const struct planner *p, const struct iface *want);

/** stand_missed_address - that has happened to it, and could be mended by making it anew */
bool stand_missed_address(const struct planner *p, const struct iface *want,
			  const struct iface *have);

/**
 * stand_gets_address_back - of a master: it is not its ports' again, but what it was before them
 */
bool stand_gets_address_back(const struct planner *p, const struct iface *have);

#endif
