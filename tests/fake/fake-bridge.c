// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Bridges of the fake kernel: net/bridge/br_if.c, br_netlink.c, br_vlan.c.
 *
 * The traps are what it is for: a new port is a member of the default VLAN
 * before anybody has said so; a change of the default PVID moves ports and
 * bridge along without a word; a VLAN that is named again without PVID stops
 * being it; ports keep nothing when they leave.
 */
#include "fake/fake-internal.h"

static uint16_t default_pvid(const struct device *br)
{
	const struct nlattr *a = attrs_get(&br->data, IFLA_BR_VLAN_DEFAULT_PVID);

	return a ? nla_get_u16(a) : 0;
}

static void add_default(struct device *d, uint16_t vid)
{
	d->vlans[vid] = VLAN_MEMBER | VLAN_UNTAGGED;
	d->pvid = vid;
}

static void remove_vlan(struct device *d, uint16_t vid)
{
	d->vlans[vid] = 0;
	if (d->pvid == vid)
		d->pvid = 0;
}

void bridge_init(struct device *br)
{
	static const uint8_t on = 1, off;
	uint16_t priority = 0x8000, protocol = htons(0x8100), pvid = 1;

	attrs_set_u32(&br->data, IFLA_BR_FORWARD_DELAY, 1500);
	attrs_set_u32(&br->data, IFLA_BR_HELLO_TIME, 200);
	attrs_set_u32(&br->data, IFLA_BR_MAX_AGE, 2000);
	attrs_set_u32(&br->data, IFLA_BR_AGEING_TIME, 30000);
	attrs_set_u32(&br->data, IFLA_BR_STP_STATE, 0);
	attrs_set(&br->data, IFLA_BR_PRIORITY, &priority, 2);
	attrs_set(&br->data, IFLA_BR_VLAN_FILTERING, &off, 1);
	attrs_set(&br->data, IFLA_BR_VLAN_PROTOCOL, &protocol, 2);
	attrs_set(&br->data, IFLA_BR_VLAN_DEFAULT_PVID, &pvid, 2);
	attrs_set(&br->data, IFLA_BR_VLAN_STATS_ENABLED, &off, 1);
	attrs_set(&br->data, IFLA_BR_MCAST_SNOOPING, &on, 1);
	attrs_set(&br->data, IFLA_BR_MCAST_QUERIER, &off, 1);
	add_default(br, 1);
}

/* __br_vlan_set_default_pvid(): only where the old one still is as it was given. */
static void move_default(struct device *d, uint16_t old, uint16_t vid)
{
	if (old && !(d->pvid == old && (d->vlans[old] & VLAN_UNTAGGED)))
		return;
	if (vid && (d->vlans[vid] & VLAN_MEMBER))
		return;
	if (vid)
		add_default(d, vid);
	if (old)
		remove_vlan(d, old);
}

int bridge_change(struct call *c, struct device *br, const struct nlattr *data)
{
	const struct nlattr *a = nla_find(nla_data(data), nla_len(data), IFLA_BR_VLAN_DEFAULT_PVID);
	uint16_t old = default_pvid(br), vid = a ? nla_get_u16(a) : old;

	if (vid > 4094)
		return -EINVAL;
	attrs_merge(&br->data, nla_data(data), nla_len(data));
	if (vid == old)
		return 0;
	move_default(br, old, vid);
	FOREACH_DEVICE(c->fk, port)
		if (port->master == br->index)
			move_default(port, old, vid);
	return 0;
}

/* new_nbp() */
static void init_port(struct device *d)
{
	static const uint16_t on[] = { IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD,
				       IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_BCAST_FLOOD };
	static const uint16_t off[] = { IFLA_BRPORT_MODE, IFLA_BRPORT_GUARD, IFLA_BRPORT_PROTECT,
					IFLA_BRPORT_FAST_LEAVE, IFLA_BRPORT_NEIGH_SUPPRESS,
					IFLA_BRPORT_ISOLATED, IFLA_BRPORT_LOCKED };
	uint16_t priority = 32;
	uint8_t v = 1;

	attrs_set(&d->port, IFLA_BRPORT_PRIORITY, &priority, sizeof(priority));
	attrs_set_u32(&d->port, IFLA_BRPORT_COST, 100);
	for (unsigned n = 0; n < ARRAY_SIZE(on); n++)
		attrs_set(&d->port, on[n], &v, 1);
	v = 0;
	for (unsigned n = 0; n < ARRAY_SIZE(off); n++)
		attrs_set(&d->port, off[n], &v, 1);
}

/* br_stp_recalculate_bridge_id(): the lowest of the ports' addresses; none without ports. */
static void choose_address(struct fake_kernel *fk, struct device *br)
{
	uint8_t address[6] = { 0 };
	bool first = true;

	if (br->address_set)
		return;
	FOREACH_DEVICE(fk, port) {
		const void *mac = nla_data(attrs_get(&port->link, IFLA_ADDRESS));

		if (port->master != br->index || (!first && memcmp(mac, address, 6) > 0))
			continue;
		memcpy(address, mac, sizeof(address));
		first = false;
	}
	attrs_set(&br->link, IFLA_ADDRESS, address, sizeof(address));
	device_tell(fk, br);
	FOREACH_DEVICE(fk, upper) /* vlan_dev_inherit_address() */
		if (upper->lower == br->index && !upper->address_set) {
			attrs_set(&upper->link, IFLA_ADDRESS, address, sizeof(address));
			device_tell(fk, upper);
		}
}

int bridge_attach(struct call *c, struct device *br, struct device *d)
{
	if (!strcmp(d->kind, "bridge"))
		return fake_refuse(c, -ELOOP, "Can not enslave a bridge to a bridge");
	if (!strcmp(d->name, "lo"))
		return fake_refuse(c, -EINVAL, "Can not enslave a non-Ethernet device to a bridge");
	/* __netdev_upper_dev_link(): it stands on the bridge itself. */
	for (const struct device *l = d; l; l = device_find(c->fk, l->lower))
		if (l == br)
			return -EBUSY;
	d->master = br->index;
	init_port(d);
	if (default_pvid(br))
		add_default(d, default_pvid(br));
	fake_tell(c->fk, RTNLGRP_LINK, bridge_message(d, RTM_NEWLINK));
	choose_address(c->fk, br);
	return 0;
}

void bridge_detach(struct fake_kernel *fk, struct device *d)
{
	struct device *br = device_find(fk, d->master);

	fake_tell(fk, RTNLGRP_LINK, bridge_message(d, RTM_DELLINK));
	d->master = d->pvid = 0;
	memset(d->vlans, 0, sizeof(d->vlans));
	attrs_done(&d->port);
	device_tell(fk, d);
	if (br)
		choose_address(fk, br);
}

static unsigned flags_of(const struct device *d, unsigned vid)
{
	return (d->vlans[vid] & VLAN_UNTAGGED ? BRIDGE_VLAN_INFO_UNTAGGED : 0) |
	       (d->pvid == vid ? BRIDGE_VLAN_INFO_PVID : 0);
}

static void put_vlan(struct nl_msg *msg, unsigned vid, unsigned flags)
{
	struct bridge_vlan_info info = { .vid = vid, .flags = flags };

	nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* br_fill_ifvlaninfo_compressed() */
static void put_vlans(struct nl_msg *msg, const struct device *d)
{
	for (unsigned first = 1, last; first < 4095; first = last + 1) {
		unsigned flags = flags_of(d, first);

		last = first;
		if (!(d->vlans[first] & VLAN_MEMBER))
			continue;
		while (last < 4094 && (d->vlans[last + 1] & VLAN_MEMBER) &&
		       flags_of(d, last + 1) == flags)
			last++;
		if (first == last) {
			put_vlan(msg, first, flags);
		} else {
			put_vlan(msg, first, flags | BRIDGE_VLAN_INFO_RANGE_BEGIN);
			put_vlan(msg, last, flags | BRIDGE_VLAN_INFO_RANGE_END);
		}
	}
}

struct nl_msg *bridge_message(const struct device *d, uint16_t type)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = d->index };
	struct nl_msg *msg = fake_message(type, &info, sizeof(info));
	struct nlattr *nest;

	nla_put_string(msg, IFLA_IFNAME, d->name);
	if (d->master)
		nla_put_u32(msg, IFLA_MASTER, d->master);
	nest = nla_nest_start(msg, IFLA_AF_SPEC);
	put_vlans(msg, d);
	nla_nest_end(msg, nest);
	return msg;
}

static bool set_vlan(struct device *d, unsigned vid, unsigned flags)
{
	uint8_t v = VLAN_MEMBER | (flags & BRIDGE_VLAN_INFO_UNTAGGED ? VLAN_UNTAGGED : 0);
	bool pvid = flags & BRIDGE_VLAN_INFO_PVID;
	bool changed = d->vlans[vid] != v || (d->pvid == vid) != pvid;

	d->vlans[vid] = v;
	if (pvid)
		d->pvid = vid;
	else if (d->pvid == vid)
		d->pvid = 0;
	return changed;
}

static bool unset_vlan(struct device *d, unsigned vid)
{
	bool changed = d->vlans[vid]; /* that it is no member is no error: nbp_vlan_delete() */

	remove_vlan(d, vid);
	return changed;
}

/* br_process_vlan_info() */
static int one_info(struct call *c, struct device *d, const struct bridge_vlan_info *info,
		    const struct bridge_vlan_info **begin, bool *changed)
{
	bool add = c->n->nlmsg_type == RTM_SETLINK;
	unsigned first = info->vid, flags = info->flags;

	if (!info->vid || info->vid > 4094)
		return fake_refuse(c, -EINVAL, "Vlan id is invalid");
	if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
		if (*begin || (info->flags & BRIDGE_VLAN_INFO_PVID))
			return fake_refuse(c, -EINVAL, "PVID can't be set in a vlan range");
		*begin = info;
		return 0;
	}
	if (*begin) {
		if (!(info->flags & BRIDGE_VLAN_INFO_RANGE_END) || info->vid <= (*begin)->vid)
			return fake_refuse(c, -EINVAL, "End range is less or equal to start");
		first = (*begin)->vid;
		flags = (*begin)->flags;
		*begin = NULL;
	}
	for (; first <= info->vid; first++)
		*changed |= add ? set_vlan(d, first, flags) : unset_vlan(d, first);
	return 0;
}

int bridge_vlans(struct call *c)
{
	const struct ifinfomsg *info = NLMSG_DATA(c->n);
	struct device *d = device_find(c->fk, info->ifi_index);
	struct nlattr *spec = nlmsg_find_attr((struct nlmsghdr *)c->n, sizeof(*info), IFLA_AF_SPEC);
	const struct bridge_vlan_info *begin = NULL;
	struct nlattr *a, *flags;
	bool changed = false, self, add = c->n->nlmsg_type == RTM_SETLINK;
	static const uint8_t zero[6];
	int left, r = 0;

	if (!d)
		return fake_refuse(c, -ENODEV, "unknown ifindex");
	flags = spec ? nla_find(nla_data(spec), nla_len(spec), IFLA_BRIDGE_FLAGS) : NULL;
	self = flags && nla_get_u16(flags) & BRIDGE_FLAGS_SELF;
	if (self ? strcmp(d->kind, "bridge") != 0 : !d->master)
		return -EOPNOTSUPP;
	if (!spec)
		return 0;
	/* fdb_add_local(), of br_vlan_add() */
	if (self && add && !memcmp(nla_data(attrs_get(&d->link, IFLA_ADDRESS)), zero, 6))
		return -EINVAL;
	nla_for_each_nested(a, spec, left)
		if (!r && nla_type(a) == IFLA_BRIDGE_VLAN_INFO)
			r = one_info(c, d, nla_data(a), &begin, &changed);
	if (changed)
		fake_tell(c->fk, RTNLGRP_LINK, bridge_message(d, RTM_NEWLINK));
	return r;
}
