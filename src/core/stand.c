// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an interface needs of the one below to come up: that this one is up,
 * and has an Ethernet address to give.
 *
 * What must stay true: what the kernel would refuse now, and will take when
 * something else has come, waits for that, and is no failure.
 */
#include "core/stand.h"

#include "core/fate.h"

bool stand_is_up(const struct iface *i)
{
	return i && iface_link(i)->up;
}

bool stand_wants_up(const struct planner *p, struct iface *want)
{
	(void)fate_decide((struct planner *)p, want);
	return iface_link(want)->up && !want->kept_down;
}

bool stand_is_up_on(const struct iface *i, const struct iface *lower)
{
	const struct link *l = iface_link(i);

	return l && l->up && l->lower.index == lower->ifindex;
}

static const struct object *link_object(const struct model *m, const char *name)
{
	return iface_object(model_find(m, name), features[FEATURE_LINK]);
}

/* Nobody configures it: did the daemon bring it up, or make it? Then it is put back too. */
static bool is_to_go(const struct planner *p, const char *name)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct iface *owned = model_find(p->owned, name);

	return owned && (owned->created ||
			 row_has(root, row_find(root, "up"), iface_object(owned, root)));
}

/*
 * Would it come up by itself, whatever the state of what it stands on? A switch's port brings up
 * its conduit (dsa_user_open()); a VLAN waits, also when it came up while another configuration
 * had the link below up: the same configuration is the same state, whatever was before.
 */
static bool brings_up(const struct planner *p, struct iface *want)
{
	return !iface_lower(want) && stand_wants_up(p, want);
}

bool stand_carries_others(const struct planner *p, const struct iface *i)
{
	MODEL_FOREACH(p->have, upper) {
		struct iface *want = model_find(p->want, upper->name);

		if (i && stand_is_up_on(upper, i) &&
		    (want ? brings_up(p, want) : !is_to_go(p, upper->name)))
			return true;
	}
	return false;
}

/* Nobody configures it: is it up, and is it not about to be put back to down? */
static bool stays_up(const struct planner *p, const char *name)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *up = row_find(root, "up");
	const struct object *before = link_object(p->owned, name);
	const struct iface *have = plan_have(p, name);

	return stand_is_up(have) && (!row_has(root, up, before) || !row_is_zero(up, before) ||
				     stand_carries_others(p, have));
}

bool stand_takes_ports(const char *kind)
{
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->slave_kind && !strcmp(features[n]->slave_kind, kind))
			return true;
	return false;
}

/* Does a port of the kernel's leave, if only to join anew? */
static bool leaves(const struct planner *p, const struct iface *port)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *master = row_find(root, "master");
	const struct iface *want = model_find(p->want, port->name);
	const struct iface *owned = model_find(p->owned, port->name);

	if (row_has(root, master, iface_object(want, root)))
		return strcmp(iface_link(want)->master.name, iface_link(port)->master.name) ||
		       plan_target(p, port->name) != port->ifindex;
	return owned && ((!want && owned->created) ||
			 row_has(root, master, iface_object(owned, root)));
}

static bool joins(const struct planner *p, const char *name)
{
	MODEL_FOREACH(p->want, i)
		if (!strcmp(iface_link(i)->master.name, name) && plan_will_exist(p, i->name))
			return true;
	return false;
}

static bool keeps_port(const struct planner *p, const struct iface *have)
{
	bool had = false;

	MODEL_FOREACH(p->have, i) {
		const struct link *l = iface_link(i);

		if (!l || l->master.index != have->ifindex)
			continue;
		if (!leaves(p, i))
			return true;
		had = true;
	}
	return !had;
}

static bool has_now(const struct iface *i)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *address = row_find(root, "address");
	const struct object *o = iface_object(i, root);

	return !row_has(root, address, o) || !row_is_zero(address, o);
}

/* By the configuration. */
static bool has_own(const struct planner *p, const char *name)
{
	const struct feature *root = features[FEATURE_LINK];

	return row_has(root, row_find(root, "address"), link_object(p->want, name));
}

/* Is its address that of one of its ports, which stays? */
static bool has_ports_address(const struct planner *p, const struct iface *have)
{
	MODEL_FOREACH(p->have, i) {
		const struct link *l = iface_link(i);

		if (l && l->master.index == have->ifindex && !leaves(p, i) &&
		    !memcmp(l->address, iface_link(have)->address, sizeof(l->address)))
			return true;
	}
	return false;
}

bool stand_gets_address_back(const struct planner *p, const struct iface *have)
{
	const struct feature *root = features[FEATURE_LINK];

	return row_has(root, row_find(root, "address"), link_object(p->owned, have->name)) &&
	       !has_own(p, have->name) && !has_ports_address(p, have);
}

bool plan_has_address(const struct planner *p, const char *name, enum phase phase)
{
	const struct iface *have = plan_have(p, name);

	if (has_own(p, name))
		return true;
	if (have && phase > PHASE_CREATE && stand_gets_address_back(p, have))
		return true;
	if (!have || plan_target(p, name) != have->ifindex)
		return true; /* what is made has one, by chance or of what it stands on */
	if (!stand_takes_ports(iface_kind(have)))
		return has_now(have);
	/* Whether it has one of its own, beside its ports', is seen when the last has left. */
	if (has_now(have) && keeps_port(p, have))
		return true;
	return phase > PHASE_ATTACH && joins(p, name);
}

/* What comes up has an address (eth_validate_addr()): its own, or of what it stands on. */
static bool lacks_address(const struct planner *p, const struct iface *i, const struct iface *lower)
{
	const struct iface *have = plan_have(p, i->name);

	if (!lower || has_own(p, i->name))
		return false;
	if (!have || plan_target(p, i->name) != have->ifindex)
		return !plan_has_address(p, lower->name, PHASE_CREATE);
	if (!has_now(lower)) /* it may not take its address from there; or has taken none */
		return !has_now(have);
	return !plan_has_address(p, lower->name, PHASE_UP);
}

bool stand_lacks_address(const struct planner *p, const struct iface *want)
{
	const struct ifref *ref = iface_lower(want);
	const struct iface *lower = ref ? plan_have(p, ref->name) : NULL;

	return lower && !has_own(p, want->name) && !plan_has_address(p, ref->name, PHASE_CREATE);
}

bool stand_missed_address(const struct planner *p, const struct iface *want,
			  const struct iface *have)
{
	const struct ifref *ref = iface_lower(want);
	const struct iface *lower = ref ? plan_have(p, ref->name) : NULL;

	return lower && !stand_is_up(have) && !has_now(have) && has_now(lower) &&
	       !has_own(p, want->name);
}

/* As configured; and what it stands on, down to the last, does not keep it from it. */
static bool comes_up(const struct planner *p, struct iface *want)
{
	_cleanup_free_ char *why = stand_wants_up(p, want) ? plan_kept_down(p, want) : NULL;

	return stand_wants_up(p, want) && !why;
}

char *plan_kept_down(const struct planner *p, const struct iface *i)
{
	const struct ifref *ref = i ? plan_lower(p, i) : NULL;
	struct iface *want = ref ? model_find(p->want, ref->name) : NULL;

	if (i && i->kept_down)
		return str_format("waits for %s to be up", i->name);
	if (!ref)
		return NULL;
	/*
	 * vlan_dev_open(): ENETDOWN. But the kernel brings up a conduit that nobody configures
	 * (dsa_user_open(), since 5.12).
	 */
	if (!(want ? comes_up(p, want) : stays_up(p, ref->name)) && (want || iface_lower(i)))
		return str_format("waits for %s to be up", ref->name);
	if (lacks_address(p, i, plan_have(p, ref->name)))
		return str_format("waits for %s to have an Ethernet address", ref->name);
	return NULL;
}
