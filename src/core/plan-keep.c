// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a plan would change without a setting saying so: a bridge that was given no Ethernet
 * address has the lowest of its ports' (br_stp_recalculate_bridge_id()), and another one when
 * such a port joins or leaves. Who has learned it loses packets until it asks again. So a bridge
 * that the daemon made is given, before its ports change, the address that it has.
 *
 * One that others made is left alone: an address that was set cannot be made to follow the ports
 * again.
 */
#include <limits.h>
#include <linux/if_ether.h>
#include <string.h>

#include "core/plan-subject.h"
#include "core/stand.h"

static bool changes_master(const struct step *s)
{
	const struct feature *root = features[FEATURE_LINK];

	return s->feature == root && s->verb == VERB_SET &&
	       (s->mask & row_bit(root, row_find(root, "master")));
}

static bool deletes(const struct step *s)
{
	return s->feature == features[FEATURE_LINK] && s->verb == VERB_DELETE;
}

static bool is_port(const struct iface *i, const struct iface *bridge)
{
	return iface_link(i) && iface_link(i)->master.index == bridge->ifindex;
}

/* With an address of its ports, and so not with one that was set. */
static bool has_lowest(const struct model *have, const struct iface *bridge)
{
	const uint8_t *lowest = NULL;

	MODEL_FOREACH(have, i) {
		const struct link *l = iface_link(i);

		if (is_port(i, bridge) && (!lowest || memcmp(l->address, lowest, ETH_ALEN) < 0))
			lowest = l->address;
	}
	return lowest && !memcmp(iface_link(bridge)->address, lowest, ETH_ALEN);
}

static bool joins(const struct step *s, const struct iface *bridge)
{
	const struct link *to = (const struct link *)s->to;

	return changes_master(s) && to->master.index == bridge->ifindex;
}

static bool leaves(const struct step *s, const struct iface *bridge)
{
	return (changes_master(s) || deletes(s)) && s->have && is_port(s->have, bridge) &&
	       !joins(s, bridge);
}

/* Of what is yet to be made nobody knows the address. */
static bool may_be_lower(const struct iface *port, const struct iface *bridge)
{
	return !port || memcmp(iface_link(port)->address, iface_link(bridge)->address,
			       ETH_ALEN) < 0;
}

/* Would it have another address, and not none, when the plan is done? */
static bool address_moves(const struct planner *p, const struct iface *bridge)
{
	bool moves = false;
	int ports = 0;

	for (unsigned n = 0; n < p->plan->n; n++) {
		const struct step *s = &p->plan->steps[n];

		if (joins(s, bridge)) {
			moves |= may_be_lower(s->have, bridge);
			ports++;
		} else if (leaves(s, bridge)) {
			moves |= !memcmp(iface_link(s->have)->address, iface_link(bridge)->address,
					 ETH_ALEN);
			ports--;
		}
	}
	MODEL_FOREACH(p->have, i)
		ports += is_port(i, bridge);
	return moves && ports > 0;
}

static void keep_address(struct planner *p, struct iface *want, struct iface *have)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *address = row_find(root, "address");
	struct subject s = { .p = p, .want = want, .have = have, .i = want, .depth = UINT_MAX };
	struct object *to = object_new(root, p->plan->arena);
	struct step *step = subject_step(&s, PHASE_DETACH, VERB_SET, root);

	row_copy(root, address, p->plan->arena, to, have->part[FEATURE_LINK]);
	step->to = to;
	step->from = have->part[FEATURE_LINK];
	step->mask = to->present;
	step->reset = true; /* what was there: nobody's change is put back with it */
}

void plan_keep_addresses(struct planner *p)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *address = row_find(root, "address");

	MODEL_FOREACH(p->want, want) {
		struct iface *have = plan_have(p, want->name);

		if (!have || !stand_takes_ports(iface_kind(have)) ||
		    !iface_owns(model_find(p->owned, want->name), have->ifindex) ||
		    plan_target(p, want->name) != have->ifindex ||
		    row_has(root, address, want->part[FEATURE_LINK]) || !has_lowest(p->have, have))
			continue;
		if (address_moves(p, have))
			keep_address(p, want, have);
	}
}
