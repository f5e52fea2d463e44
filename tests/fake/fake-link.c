// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Devices of the fake kernel: net/core/rtnetlink.c and dev.c, as far as the
 * daemon can tell the difference. What a device has is kept as the attributes
 * that were sent for it, so that a setting the fake knows nothing about is
 * still stored, merged and told again.
 */
#include <linux/if_arp.h>
#include <linux/veth.h>
#include <stdio.h>

#include "fake/fake-internal.h"

void attrs_set(struct attrs *a, int type, const void *data, unsigned len)
{
	struct nlattr *copy = mem_new(NLA_HDRLEN + NLA_ALIGN(len));

	copy->nla_type = type;
	copy->nla_len = NLA_HDRLEN + len;
	memcpy(nla_data(copy), data, len);
	for (unsigned n = 0; n < a->n; n++)
		if (nla_type(a->items[n]) == type) {
			free(a->items[n]);
			a->items[n] = copy;
			return;
		}
	a->items = array_reserve(a->items, a->n, sizeof(*a->items));
	a->items[a->n++] = copy;
}

void attrs_set_u32(struct attrs *a, int type, uint32_t value)
{
	attrs_set(a, type, &value, sizeof(value));
}

void attrs_drop(struct attrs *a, int type)
{
	for (unsigned n = 0; n < a->n; n++)
		if (nla_type(a->items[n]) == type) {
			free(a->items[n]);
			a->items[n--] = a->items[--a->n];
		}
}

void attrs_merge(struct attrs *a, const void *stream, int len)
{
	const struct nlattr *i;

	for (i = stream; nla_ok(i, len); i = nla_next(i, &len))
		attrs_set(a, nla_type(i), nla_data(i), nla_len(i));
}

const struct nlattr *attrs_get(const struct attrs *a, int type)
{
	for (unsigned n = 0; n < a->n; n++)
		if (nla_type(a->items[n]) == type)
			return a->items[n];
	return NULL;
}

uint32_t attrs_u32(const struct attrs *a, int type, uint32_t otherwise)
{
	const struct nlattr *i = attrs_get(a, type);

	return i ? nla_get_u32(i) : otherwise;
}

void attrs_put(struct nl_msg *msg, const struct attrs *a)
{
	for (unsigned n = 0; n < a->n; n++)
		nla_put(msg, nla_type(a->items[n]), nla_len(a->items[n]), nla_data(a->items[n]));
}

void attrs_done(struct attrs *a)
{
	for (unsigned n = 0; n < a->n; n++)
		free(a->items[n]);
	free(a->items);
	memset(a, 0, sizeof(*a));
}

struct device *device_find(const struct fake_kernel *fk, int index)
{
	FOREACH_DEVICE(fk, d)
		if (d->index == index)
			return d;
	return NULL;
}

struct device *device_named(const struct fake_kernel *fk, const char *name)
{
	FOREACH_DEVICE(fk, d)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

struct device *device_new(struct fake_kernel *fk, const char *name, const char *kind, int index)
{
	struct device *d = new0(struct device), **at = &fk->devices;
	uint8_t mac[6] = { 2, 0, 0, 0 };

	while (!index || device_find(fk, index))
		index = ++fk->last_index;
	d->index = index;
	snprintf(d->name, sizeof(d->name), "%s", name);
	snprintf(d->kind, sizeof(d->kind), "%s", kind);
	mac[0] += 4 * !!*kind;
	mac[4] = index >> 8;
	mac[5] = index;
	attrs_set(&d->link, IFLA_ADDRESS, mac, sizeof(mac));
	attrs_set_u32(&d->link, IFLA_MTU, strcmp(name, "lo") ? 1500 : 65536);
	attrs_set_u32(&d->link, IFLA_NUM_TX_QUEUES, *kind ? 1 : FAKE_QUEUES);
	attrs_set_u32(&d->link, IFLA_NUM_RX_QUEUES, *kind ? 1 : FAKE_QUEUES);
	ip_init(d);
	if (!strcmp(kind, "bridge"))
		bridge_init(d);
	while (*at && (*at)->index < index)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
	return d;
}

static void device_unlink(struct fake_kernel *fk, struct device *d)
{
	struct device **at = &fk->devices;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	tc_gone(d);
	ethtool_done(d);
	free(d->dcb);
	attrs_done(&d->link);
	attrs_done(&d->data);
	attrs_done(&d->port);
	free(d);
}

static int set_up(struct call *c, struct device *d, bool up)
{
	const struct device *lower = device_find(c->fk, d->lower);

	if (d->up == up)
		return 0;
	/* net/8021q/vlan_dev.c, vlan_dev_open(); dsa_user_open() brings it up */
	if (up && lower && !lower->up && !dsa_is_port(d))
		return -ENETDOWN;
	if (up && lower && dsa_is_port(d))
		set_up(c, device_find(c->fk, d->lower), true);
	d->up = up;
	device_tell(c->fk, d);
	if (up)
		ip_up(c->fk, d);
	else
		ip_down(c->fk, d);
	/* net/8021q/vlan.c, vlan_device_event(): the VLANs on it follow, both ways; but a switch's
	 * ports only go down with it (dsa_user_netdevice_event()). */
	FOREACH_DEVICE(c->fk, upper)
		if (upper->lower == d->index && !(up && dsa_is_port(upper)))
			set_up(c, upper, up);
	return 0;
}

void device_remove(struct fake_kernel *fk, struct device *d)
{
	struct call c = { .fk = fk };
	struct device *peer;
	bool again;

	do { /* VLANs that stand on it go first, each may take others along */
		again = false;
		FOREACH_DEVICE(fk, upper)
			if (upper->lower == d->index && !again) {
				device_remove(fk, upper);
				again = true;
				break;
			}
	} while (again);
	set_up(&c, d, false);
	FOREACH_DEVICE(fk, port)
		if (port->master == d->index)
			bridge_detach(fk, port);
	if (d->master)
		bridge_detach(fk, d);
	ip_gone(fk, d);
	fake_tell(fk, RTNLGRP_LINK, device_message(fk, d, RTM_DELLINK));
	peer = device_find(fk, d->peer);
	xdp_gone(fk, d->index);
	device_unlink(fk, d);
	if (peer) {
		peer->peer = 0;
		device_remove(fk, peer);
	}
}

static bool is_running(const struct device *d)
{
	return d && d->up && d->carrier;
}

static bool has_carrier(const struct fake_kernel *fk, const struct device *d)
{
	const struct device *peer = device_find(fk, d->peer);

	if (!strcmp(d->kind, "vlan"))
		return is_running(device_find(fk, d->lower));
	if (!strcmp(d->kind, "veth"))
		return d->up && peer && peer->up;
	if (!strcmp(d->kind, "bridge")) {
		FOREACH_DEVICE(fk, port)
			if (port->master == d->index && is_running(port))
				return d->up;
		return false;
	}
	return d->up && ((*d->kind && !dsa_is_port(d)) || d->cable);
}

void devices_settle(struct fake_kernel *fk)
{
	bool again;

	do {
		again = false;
		FOREACH_DEVICE(fk, d) {
			bool on = has_carrier(fk, d);

			if (on == d->carrier)
				continue;
			d->carrier = on;
			d->carrier_changes++;
			device_tell(fk, d);
			again = true;
		}
	} while (again);
}

static void put_linkinfo(struct nl_msg *msg, const struct device *d)
{
	struct nlattr *info, *nest;

	if (!*d->kind && !d->master)
		return;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (*d->kind) {
		nla_put_string(msg, IFLA_INFO_KIND, d->kind);
		nest = nla_nest_start(msg, IFLA_INFO_DATA);
		attrs_put(msg, &d->data);
		nla_nest_end(msg, nest);
	}
	if (d->master) {
		nla_put_string(msg, IFLA_INFO_SLAVE_KIND, "bridge");
		nest = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA);
		attrs_put(msg, &d->port);
		nla_nest_end(msg, nest);
	}
	nla_nest_end(msg, info);
}

struct nl_msg *device_message(const struct fake_kernel *fk _unused_, const struct device *d,
			      uint16_t type)
{
	struct ifinfomsg info = {
		.ifi_type = strcmp(d->name, "lo") ? ARPHRD_ETHER : ARPHRD_LOOPBACK,
		.ifi_index = d->index,
		.ifi_flags = (d->up ? IFF_UP : 0) | (is_running(d) ? IFF_RUNNING | IFF_LOWER_UP : 0),
	};
	struct nl_msg *msg = fake_message(type, &info, sizeof(info));

	nla_put_string(msg, IFLA_IFNAME, d->name);
	nla_put_u8(msg, IFLA_OPERSTATE, is_running(d) ? IF_OPER_UP :
				 d->up && d->lower    ? IF_OPER_LOWERLAYERDOWN : IF_OPER_DOWN);
	nla_put_u8(msg, IFLA_CARRIER, d->carrier);
	nla_put_u32(msg, IFLA_CARRIER_CHANGES, d->carrier_changes);
	if (d->lower || d->peer)
		nla_put_u32(msg, IFLA_LINK, d->lower ? d->lower : d->peer);
	if (d->master)
		nla_put_u32(msg, IFLA_MASTER, d->master);
	attrs_put(msg, &d->link);
	put_linkinfo(msg, d);
	xdp_put(msg, d);
	ip_put(msg, d);
	return msg;
}

/* One is asked for by its index, all by none. */
bool stats_wanted(const struct nlmsghdr *n, const struct device *d)
{
	const struct if_stats_msg *head = NLMSG_DATA(n);

	return !head->ifindex || (int)head->ifindex == d->index;
}

/* Counters that tell which device and which counter they are: a thousand an index, and its place. */
struct nl_msg *stats_message(const struct device *d)
{
	const struct if_stats_msg head = { .ifindex = d->index };
	struct nl_msg *msg = fake_message(RTM_NEWSTATS, &head, sizeof(head));
	uint64_t values[24];

	for (unsigned n = 0; n < ARRAY_SIZE(values); n++)
		values[n] = 1000 * d->index + n;
	nla_put(msg, IFLA_STATS_LINK_64, sizeof(values), values);
	return msg;
}

void device_tell(struct fake_kernel *fk, const struct device *d)
{
	fake_tell(fk, RTNLGRP_LINK, device_message(fk, d, RTM_NEWLINK));
}

/* A link message, taken apart. */
struct link_call {
	struct call *c;
	const struct ifinfomsg *info;
	struct nlattr *tb[IFLA_MAX + 1], *linkinfo[IFLA_INFO_MAX + 1];
	char name[IFNAMSIZ], kind[IFNAMSIZ];
	bool creates;
};

static int parse_link(struct call *c, struct link_call *l)
{
	*l = (struct link_call){ .c = c, .info = NLMSG_DATA(c->n) };
	if (nlmsg_parse((struct nlmsghdr *)c->n, sizeof(*l->info), l->tb, IFLA_MAX, NULL) < 0 ||
	    (l->tb[IFLA_LINKINFO] &&
	     nla_parse_nested(l->linkinfo, IFLA_INFO_MAX, l->tb[IFLA_LINKINFO], NULL) < 0))
		return -EINVAL;
	if (l->tb[IFLA_IFNAME])
		nla_strlcpy(l->name, l->tb[IFLA_IFNAME], sizeof(l->name));
	if (l->linkinfo[IFLA_INFO_KIND])
		nla_strlcpy(l->kind, l->linkinfo[IFLA_INFO_KIND], sizeof(l->kind));
	return 0;
}

static int set_mtu(struct call *c, struct device *d, uint32_t mtu)
{
	const struct device *lower = device_find(c->fk, d->lower);

	if (mtu < 68)
		return fake_refuse(c, -EINVAL, "mtu less than device minimum");
	if (mtu > (*d->kind ? 65535 : 9600))
		return fake_refuse(c, -EINVAL, "mtu greater than device maximum");
	if (lower && !dsa_is_port(d) && mtu > attrs_u32(&lower->link, IFLA_MTU, 0))
		return -ERANGE; /* vlan_dev_change_mtu() */
	attrs_set_u32(&d->link, IFLA_MTU, mtu);
	if (dsa_is_port(d))
		dsa_mtu(c->fk, d);
	FOREACH_DEVICE(c->fk, upper)
		if (upper->lower == d->index && !dsa_is_port(upper) &&
		    attrs_u32(&upper->link, IFLA_MTU, 0) > mtu) {
			set_mtu(c, upper, mtu);
			device_tell(c->fk, upper);
		}
	return 0;
}

static int set_master(struct call *c, struct device *d, int index)
{
	struct device *master = device_find(c->fk, index);

	if (d->master == index)
		return 0;
	if (d->master)
		bridge_detach(c->fk, d);
	if (!index)
		return 0;
	if (!master)
		return -EINVAL;
	if (strcmp(master->kind, "bridge"))
		return fake_refuse(c, -EOPNOTSUPP, "Device does not allow enslaving to a bridge");
	return bridge_attach(c, master, d);
}

/* do_setlink(): in the kernel's order; what was done before an error stays done. */
static int change(struct link_call *l, struct device *d)
{
	struct call *c = l->c;
	int r = 0;

	if (l->tb[IFLA_ADDRESS]) {
		static const uint8_t none[6];

		if (!memcmp(nla_data(l->tb[IFLA_ADDRESS]), none, sizeof(none)))
			return -EADDRNOTAVAIL; /* is_valid_ether_addr() */
		attrs_set(&d->link, IFLA_ADDRESS, nla_data(l->tb[IFLA_ADDRESS]), 6);
		d->address_set = true;
	}
	if (l->tb[IFLA_MTU])
		r = set_mtu(c, d, nla_get_u32(l->tb[IFLA_MTU]));
	if (!r && *l->name && strcmp(l->name, d->name)) {
		if (device_named(c->fk, l->name))
			return -EEXIST;
		if (d->up)
			return -EBUSY; /* dev_change_name() before 6.2 */
		strcpy(d->name, l->name);
	}
	if (!r && l->tb[IFLA_IFALIAS])
		attrs_set(&d->link, IFLA_IFALIAS, nla_data(l->tb[IFLA_IFALIAS]),
			  nla_len(l->tb[IFLA_IFALIAS]));
	if (!r && l->tb[IFLA_MASTER])
		r = set_master(c, d, nla_get_u32(l->tb[IFLA_MASTER]));
	if (!r && (l->info->ifi_change & IFF_UP))
		r = set_up(c, d, l->info->ifi_flags & IFF_UP);
	/* rtnetlink_event() tells these; of all else netdev_state_change(), if the device is up. */
	if (d->up || l->creates || l->tb[IFLA_ADDRESS] || l->tb[IFLA_MTU] || *l->name ||
	    l->tb[IFLA_MASTER])
		device_tell(c->fk, d);
	return r;
}

static int change_existing(struct link_call *l, struct device *d)
{
	struct nlattr *data = l->linkinfo[IFLA_INFO_DATA], *port = l->linkinfo[IFLA_INFO_SLAVE_DATA];
	int r;

	if (l->c->n->nlmsg_flags & NLM_F_EXCL)
		return -EEXIST;
	if (data) {
		if (strcmp(l->kind, d->kind) || (strcmp(d->kind, "bridge") && !dsa_is_port(d)))
			return -EOPNOTSUPP; /* no changelink() */
		r = dsa_is_port(d) ? dsa_change(l->c, d, data) : bridge_change(l->c, d, data);
		if (r < 0)
			return r;
	}
	if (port) {
		if (!d->master)
			return -EOPNOTSUPP; /* no master, whose settings these would be */
		attrs_merge(&d->port, nla_data(port), nla_len(port));
	}
	if (l->tb[IFLA_XDP])
		return xdp_change(l->c, d, l->tb[IFLA_XDP]);
	return change(l, d);
}

static int create_vlan(struct link_call *l)
{
	struct nlattr *data = l->linkinfo[IFLA_INFO_DATA], *id, *protocol;
	struct device *lower, *d;
	uint16_t proto;

	if (!l->tb[IFLA_LINK])
		return fake_refuse(l->c, -EINVAL, "link not specified");
	lower = device_find(l->c->fk, nla_get_u32(l->tb[IFLA_LINK]));
	if (!lower)
		return fake_refuse(l->c, -ENODEV, "link does not exist");
	id = data ? nla_find(nla_data(data), nla_len(data), IFLA_VLAN_ID) : NULL;
	if (!id)
		return fake_refuse(l->c, -EINVAL, "VLAN id not specified");
	protocol = nla_find(nla_data(data), nla_len(data), IFLA_VLAN_PROTOCOL);
	proto = protocol ? nla_get_u16(protocol) : htons(0x8100);
	FOREACH_DEVICE(l->c->fk, other)
		if (other->lower == lower->index &&
		    nla_get_u16(attrs_get(&other->data, IFLA_VLAN_ID)) == nla_get_u16(id) &&
		    nla_get_u16(attrs_get(&other->data, IFLA_VLAN_PROTOCOL)) == proto)
			return fake_refuse(l->c, -EEXIST, "VLAN device already exists");
	if (l->tb[IFLA_MTU] &&
	    nla_get_u32(l->tb[IFLA_MTU]) > attrs_u32(&lower->link, IFLA_MTU, 0))
		return -EINVAL;
	d = device_new(l->c->fk, l->name, l->kind, l->info->ifi_index);
	d->lower = lower->index;
	attrs_set(&d->data, IFLA_VLAN_PROTOCOL, &proto, sizeof(proto));
	attrs_merge(&d->data, nla_data(data), nla_len(data));
	attrs_set(&d->link, IFLA_ADDRESS, nla_data(attrs_get(&lower->link, IFLA_ADDRESS)), 6);
	attrs_set_u32(&d->link, IFLA_MTU, attrs_u32(&lower->link, IFLA_MTU, 0));
	return 0;
}

/* The message of the peer stands, header and all, in the message of the first. */
static int create_veth(struct link_call *l)
{
	struct nlattr *data = l->linkinfo[IFLA_INFO_DATA], *nest, *name = NULL;
	struct ifinfomsg *info = NULL;
	struct device *d, *peer;
	char peer_name[IFNAMSIZ];
	int index = 0;

	snprintf(peer_name, sizeof(peer_name), "veth%d", l->c->fk->last_index);
	nest = data ? nla_find(nla_data(data), nla_len(data), VETH_INFO_PEER) : NULL;
	if (nest && nla_len(nest) >= (int)sizeof(*info)) {
		info = nla_data(nest);
		index = info->ifi_index;
		name = nla_find((void *)(info + 1), nla_len(nest) - sizeof(*info), IFLA_IFNAME);
		if (name)
			nla_strlcpy(peer_name, name, sizeof(peer_name));
	}
	if (device_named(l->c->fk, peer_name) || !strcmp(peer_name, l->name))
		return -EEXIST;
	if (index && device_find(l->c->fk, index))
		return -EBUSY;
	peer = device_new(l->c->fk, peer_name, "veth", index);
	d = device_new(l->c->fk, l->name, "veth", l->info->ifi_index);
	peer->peer = d->index;
	d->peer = peer->index;
	device_tell(l->c->fk, peer);
	return 0;
}

static int create(struct link_call *l)
{
	struct call *c = l->c;
	struct device *d;
	int r = 0;

	if (device_named(c->fk, l->name))
		return -EEXIST;
	if (l->info->ifi_index && device_find(c->fk, l->info->ifi_index))
		return -EBUSY;
	if (!strcmp(l->kind, "vlan"))
		r = create_vlan(l);
	else if (!strcmp(l->kind, "veth"))
		r = create_veth(l);
	else if (!strcmp(l->kind, "bridge") || !strcmp(l->kind, "dummy"))
		device_new(c->fk, l->name, l->kind, l->info->ifi_index);
	else
		return fake_refuse(c, -EOPNOTSUPP, "Unknown device type");
	if (r < 0)
		return r;
	d = device_named(c->fk, l->name);
	for (int a = IFLA_NUM_TX_QUEUES; a <= IFLA_NUM_RX_QUEUES; a++)
		if (l->tb[a])
			attrs_set(&d->link, a, nla_data(l->tb[a]), nla_len(l->tb[a]));
	if (!strcmp(l->kind, "bridge") && l->linkinfo[IFLA_INFO_DATA])
		r = bridge_change(c, d, l->linkinfo[IFLA_INFO_DATA]);
	l->creates = true;
	l->tb[IFLA_IFALIAS] = NULL; /* rtnl_create_link() does not look at it */
	if (!r)
		r = change(l, d);
	if (r < 0)
		device_remove(c->fk, d);
	return r;
}

int link_new(struct call *c)
{
	struct link_call l;
	struct device *d;
	int r = parse_link(c, &l);

	if (r < 0)
		return r;
	d = l.info->ifi_index ? device_find(c->fk, l.info->ifi_index) :
				device_named(c->fk, l.name);
	if (d)
		return change_existing(&l, d);
	return c->n->nlmsg_flags & NLM_F_CREATE ? create(&l) : -ENODEV;
}

int link_delete(struct call *c)
{
	struct link_call l;
	struct device *d;
	int r = parse_link(c, &l);

	if (r < 0)
		return r;
	d = l.info->ifi_index ? device_find(c->fk, l.info->ifi_index) :
				device_named(c->fk, l.name);
	if (!d)
		return -ENODEV;
	if (!*d->kind)
		return -EOPNOTSUPP;
	device_remove(c->fk, d);
	return 0;
}
