// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses, routes and per-interface sysctls of the fake kernel:
 * net/ipv4/devinet.c, fib_frontend.c, fib_semantics.c, net/ipv6/addrconf.c.
 *
 * The traps: IPv4 routes vanish without a word when the link goes down or the
 * last address goes; an address that is replaced keeps its scope, label and
 * peer; the first address of a network takes the others with it; IPv6
 * addresses do not outlive the link's going down.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "fake/fake-internal.h"

struct conf {
	const char *name;
	int index;
};

static const struct conf ipv4_conf[] = {
	{ "forwarding", IPV4_DEVCONF_FORWARDING },
	{ "rp_filter", IPV4_DEVCONF_RP_FILTER },
	{ "proxy_arp", IPV4_DEVCONF_PROXY_ARP },
	{ "accept_redirects", IPV4_DEVCONF_ACCEPT_REDIRECTS },
	{ "send_redirects", IPV4_DEVCONF_SEND_REDIRECTS },
	{ "log_martians", IPV4_DEVCONF_LOG_MARTIANS },
	{ "arp_ignore", IPV4_DEVCONF_ARP_IGNORE },
	{ "arp_announce", IPV4_DEVCONF_ARP_ANNOUNCE },
	{ "promote_secondaries", IPV4_DEVCONF_PROMOTE_SECONDARIES },
	{ NULL, 0 },
};

static const struct conf ipv6_conf[] = {
	{ "disable_ipv6", DEVCONF_DISABLE_IPV6 },
	{ "forwarding", DEVCONF_FORWARDING },
	{ "accept_ra", DEVCONF_ACCEPT_RA },
	{ "autoconf", DEVCONF_AUTOCONF },
	{ "accept_redirects", DEVCONF_ACCEPT_REDIRECTS },
	{ "proxy_ndp", DEVCONF_PROXY_NDP },
	{ "keep_addr_on_down", DEVCONF_KEEP_ADDR_ON_DOWN },
	{ "dad_transmits", DEVCONF_DAD_TRANSMITS },
	{ "use_tempaddr", DEVCONF_USE_TEMPADDR },
	{ NULL, 0 },
};

void ip_init(struct device *d)
{
	d->ipv4[IPV4_DEVCONF_ACCEPT_REDIRECTS - 1] = 1;
	d->ipv4[IPV4_DEVCONF_SEND_REDIRECTS - 1] = 1;
	d->ipv6[DEVCONF_ACCEPT_RA] = 1;
	d->ipv6[DEVCONF_AUTOCONF] = 1;
	d->ipv6[DEVCONF_ACCEPT_REDIRECTS] = 1;
	d->ipv6[DEVCONF_DAD_TRANSMITS] = 1;
}

void ip_put(struct nl_msg *msg, const struct device *d)
{
	struct nlattr *spec = nla_nest_start(msg, IFLA_AF_SPEC), *af;

	af = nla_nest_start(msg, AF_INET);
	nla_put(msg, IFLA_INET_CONF, sizeof(d->ipv4), d->ipv4);
	nla_nest_end(msg, af);
	af = nla_nest_start(msg, AF_INET6);
	nla_put(msg, IFLA_INET6_CONF, sizeof(d->ipv6), d->ipv6);
	nla_nest_end(msg, af);
	nla_nest_end(msg, spec);
}

struct nl_msg *entry_message(const struct entry *e, uint16_t type)
{
	struct nl_msg *msg = fake_message(type, &e->head,
					  e->type == RTM_NEWADDR ? sizeof(e->head.address) :
								   sizeof(e->head.route));

	attrs_put(msg, &e->attrs);
	return msg;
}

void entry_free(struct entry *e)
{
	attrs_done(&e->attrs);
	free(e);
}

static bool is_family(const struct entry *e, uint16_t type, int family)
{
	return e->type == type && e->head.any.rtgen_family == family;
}

static void tell(struct fake_kernel *fk, const struct entry *e, bool add)
{
	bool v4 = e->head.any.rtgen_family == AF_INET;
	uint32_t group = e->type == RTM_NEWADDR ? v4 ? RTNLGRP_IPV4_IFADDR : RTNLGRP_IPV6_IFADDR :
			 v4			? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE;

	fake_tell(fk, group, entry_message(e, e->type + !add));
}

static struct entry *entry_add(struct fake_kernel *fk, uint16_t type, int index)
{
	struct entry *e = new0(struct entry), **at = &fk->entries;

	e->type = type;
	e->index = index;
	while (*at)
		at = &(*at)->next;
	*at = e;
	return e;
}

static void entry_remove(struct fake_kernel *fk, struct entry *e, bool silent)
{
	struct entry **at = &fk->entries;

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	if (!silent)
		tell(fk, e, false);
	entry_free(e);
}

static unsigned size_of(const struct entry *e)
{
	return e->head.any.rtgen_family == AF_INET ? 4 : 16;
}

/* Do two addresses agree in their first @bits? */
static bool same_network(const void *a, const void *b, unsigned bits)
{
	const uint8_t *x = a, *y = b;

	return !memcmp(x, y, bits / 8) &&
	       (!(bits % 8) || !((x[bits / 8] ^ y[bits / 8]) >> (8 - bits % 8)));
}

static const void *ip_of(const struct entry *e, int attr)
{
	static const uint8_t zero[16];
	const struct nlattr *a = attrs_get(&e->attrs, attr);

	return a ? nla_data(a) : zero;
}

/* The route to an address's network, or NULL. */
static struct entry *connected(struct fake_kernel *fk, const struct entry *address)
{
	unsigned bits = address->head.address.ifa_prefixlen;

	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWROUTE, address->head.any.rtgen_family) &&
		    e->index == address->index && e->head.route.rtm_protocol == RTPROT_KERNEL &&
		    e->head.route.rtm_dst_len == bits &&
		    same_network(ip_of(e, RTA_DST), ip_of(address, IFA_ADDRESS), bits))
			return e;
	return NULL;
}

static void add_connected(struct fake_kernel *fk, const struct entry *address)
{
	unsigned bits = address->head.address.ifa_prefixlen, size = size_of(address);
	bool v4 = size == 4;
	uint8_t network[16] = { 0 };
	struct entry *e;

	if (connected(fk, address) || (v4 && bits == 32))
		return;
	memcpy(network, ip_of(address, IFA_ADDRESS), size);
	for (unsigned bit = bits; bit < 8 * size; bit++)
		network[bit / 8] &= ~(0x80 >> bit % 8);
	e = entry_add(fk, RTM_NEWROUTE, address->index);
	e->head.route = (struct rtmsg){
		.rtm_family = v4 ? AF_INET : AF_INET6, .rtm_dst_len = bits,
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_KERNEL,
		.rtm_scope = v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
	};
	attrs_set_u32(&e->attrs, RTA_TABLE, RT_TABLE_MAIN);
	attrs_set(&e->attrs, RTA_DST, network, size);
	attrs_set_u32(&e->attrs, RTA_OIF, address->index);
	if (v4)
		attrs_set(&e->attrs, RTA_PREFSRC, ip_of(address, IFA_LOCAL), 4);
	if (!v4 || attrs_get(&address->attrs, IFA_RT_PRIORITY))
		attrs_set_u32(&e->attrs, RTA_PRIORITY,
			      attrs_u32(&address->attrs, IFA_RT_PRIORITY, 256));
	tell(fk, e, true);
}

void ip_up(struct fake_kernel *fk, struct device *d)
{
	FOREACH_ENTRY(fk, e)
		if (e->type == RTM_NEWADDR && e->index == d->index)
			add_connected(fk, e);
}

/* fib_disable_ip() tells nobody; addrconf_ifdown() does. */
void ip_down(struct fake_kernel *fk, struct device *d)
{
	FOREACH_ENTRY(fk, e)
		if (e->type == RTM_NEWROUTE && e->index == d->index)
			entry_remove(fk, e, is_family(e, RTM_NEWROUTE, AF_INET));
	if (d->ipv6[DEVCONF_KEEP_ADDR_ON_DOWN] <= 0)
		FOREACH_ENTRY(fk, e)
			if (is_family(e, RTM_NEWADDR, AF_INET6) && e->index == d->index)
				entry_remove(fk, e, false);
}

void ip_gone(struct fake_kernel *fk, struct device *d)
{
	FOREACH_ENTRY(fk, e)
		if (e->index == d->index)
			entry_remove(fk, e, is_family(e, RTM_NEWROUTE, AF_INET));
}

static int32_t *conf_value(struct device *d, bool v4, int index)
{
	return v4 ? &d->ipv4[index - 1] : &d->ipv6[index];
}

/* Settings whose changes are told, with the number they are told under. */
static const struct told {
	bool v4;
	int index, attr;
} told[] = {
	{ true, IPV4_DEVCONF_FORWARDING, NETCONFA_FORWARDING },
	{ true, IPV4_DEVCONF_RP_FILTER, NETCONFA_RP_FILTER },
	{ true, IPV4_DEVCONF_PROXY_ARP, NETCONFA_PROXY_NEIGH },
	{ false, DEVCONF_FORWARDING, NETCONFA_FORWARDING },
	{ false, DEVCONF_PROXY_NDP, NETCONFA_PROXY_NEIGH },
};

/* @attr: only this one; 0: all of them */
struct nl_msg *netconf_message(const struct device *d, int family, int attr)
{
	const struct netconfmsg head = { .ncm_family = family };
	struct nl_msg *msg = fake_message(RTM_NEWNETCONF, &head, sizeof(head));

	nla_put_s32(msg, NETCONFA_IFINDEX, d->index);
	for (unsigned n = 0; n < ARRAY_SIZE(told); n++)
		if (told[n].v4 == (family == AF_INET) && (!attr || attr == told[n].attr))
			nla_put_s32(msg, told[n].attr,
				    *conf_value((struct device *)d, told[n].v4, told[n].index));
	return msg;
}

static void set_conf(struct fake_kernel *fk, struct device *d, bool v4, int index, int32_t value)
{
	int32_t *v = conf_value(d, v4, index);
	bool changed = *v != value;

	*v = value;
	for (unsigned n = 0; changed && n < ARRAY_SIZE(told); n++)
		if (told[n].v4 == v4 && told[n].index == index)
			fake_tell(fk, v4 ? RTNLGRP_IPV4_NETCONF : RTNLGRP_IPV6_NETCONF,
				  netconf_message(d, v4 ? AF_INET : AF_INET6, told[n].attr));
}

int ip_sysctl(struct fake_kernel *fk, const char *path, const char *value)
{
	const struct conf *conf;
	char proto[5], name[IFNAMSIZ], key[32];
	struct device *d;
	bool v4, all;

	if (sscanf(path, "net/%4[^/]/conf/%15[^/]/%31s", proto, name, key) != 3)
		return -ENOENT;
	v4 = !strcmp(proto, "ipv4");
	all = !strcmp(name, "all");
	d = all ? &fk->all : device_named(fk, name);
	for (conf = v4 ? ipv4_conf : ipv6_conf; conf->name; conf++)
		if (!strcmp(conf->name, key))
			break;
	if (!d || !conf->name)
		return -ENOENT;
	set_conf(fk, d, v4, conf->index, atoi(value));
	/* inet_forward_change(), addrconf_forward_change(): for all means for each. */
	if (all && !strcmp(key, "forwarding"))
		FOREACH_DEVICE(fk, each)
			set_conf(fk, each, v4, conf->index, atoi(value));
	if (!v4 && conf->index == DEVCONF_DISABLE_IPV6 && atoi(value))
		FOREACH_ENTRY(fk, e)
			if (e->index == d->index && e->head.any.rtgen_family == AF_INET6)
				entry_remove(fk, e, false);
	return 0;
}

/* IPv6 has one of each address; IPv4 tells them apart by length and by the other end. */
static struct entry *find_address(struct fake_kernel *fk, const struct entry *like)
{
	bool v4 = size_of(like) == 4;
	unsigned bits = like->head.address.ifa_prefixlen;

	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWADDR, like->head.any.rtgen_family) &&
		    e->index == like->index &&
		    !memcmp(ip_of(e, IFA_LOCAL), ip_of(like, IFA_LOCAL), size_of(e)) &&
		    (!v4 || (e->head.address.ifa_prefixlen == bits &&
			     same_network(ip_of(e, IFA_ADDRESS), ip_of(like, IFA_ADDRESS), bits))))
			return e;
	return NULL;
}

static bool is_secondary(struct fake_kernel *fk, const struct entry *a)
{
	unsigned bits = a->head.address.ifa_prefixlen;

	FOREACH_ENTRY(fk, e) {
		if (e == a)
			return false;
		if (is_family(e, RTM_NEWADDR, AF_INET) && e->index == a->index &&
		    e->head.address.ifa_prefixlen == bits &&
		    same_network(ip_of(e, IFA_ADDRESS), ip_of(a, IFA_ADDRESS), bits))
			return true;
	}
	return false;
}

/* fib_disable_ip() */
static void drop_of_device(struct fake_kernel *fk, int index)
{
	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWROUTE, AF_INET) && e->index == index)
			entry_remove(fk, e, true);
}

/* fib_sync_down_addr(), fib6_remove_prefsrc(): where no device has the address any more. */
static void drop_source(struct fake_kernel *fk, unsigned family, const uint8_t *source)
{
	unsigned size = family == AF_INET ? 4 : 16;

	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWADDR, family) && !memcmp(ip_of(e, IFA_LOCAL), source, size))
			return;
	FOREACH_ENTRY(fk, e) {
		if (!is_family(e, RTM_NEWROUTE, family) || !attrs_get(&e->attrs, RTA_PREFSRC) ||
		    memcmp(ip_of(e, RTA_PREFSRC), source, size))
			continue;
		if (family == AF_INET6)
			attrs_drop(&e->attrs, RTA_PREFSRC);
		else if (attrs_u32(&e->attrs, RTA_TABLE, RT_TABLE_MAIN) == RT_TABLE_MAIN)
			entry_remove(fk, e, true);
	}
}

static bool promotes(const struct fake_kernel *fk, int index)
{
	return fk->all.ipv4[IPV4_DEVCONF_PROMOTE_SECONDARIES - 1] ||
	       device_find(fk, index)->ipv4[IPV4_DEVCONF_PROMOTE_SECONDARIES - 1];
}

/* inet_del_ifa(): a primary address takes its secondaries along, or the next one takes its place. */
static void drop_secondaries(struct fake_kernel *fk, int index, unsigned bits, const uint8_t *network)
{
	FOREACH_ENTRY(fk, e) {
		if (!is_family(e, RTM_NEWADDR, AF_INET) || e->index != index ||
		    e->head.address.ifa_prefixlen != bits ||
		    !same_network(ip_of(e, IFA_ADDRESS), network, bits))
			continue;
		if (promotes(fk, index)) {
			attrs_set_u32(&e->attrs, IFA_FLAGS, IFA_F_PERMANENT);
			tell(fk, e, true);
			if (device_find(fk, index)->up)
				add_connected(fk, e);
			return;
		}
		entry_remove(fk, e, false);
	}
}

/* fib_del_ifaddr() */
static void remove_address(struct fake_kernel *fk, struct entry *a)
{
	bool v4 = size_of(a) == 4, primary = v4 && !is_secondary(fk, a), last = true;
	unsigned bits = a->head.address.ifa_prefixlen;
	struct entry *route = connected(fk, a);
	uint8_t network[16], source[16];
	int index = a->index;

	memcpy(network, ip_of(a, IFA_ADDRESS), size_of(a));
	memcpy(source, ip_of(a, IFA_LOCAL), size_of(a));
	entry_remove(fk, a, false);
	if (route && (primary || !v4))
		entry_remove(fk, route, false);
	if (!v4) {
		drop_source(fk, AF_INET6, source);
		return;
	}
	if (primary)
		drop_secondaries(fk, index, bits, network);
	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWADDR, AF_INET) && e->index == index)
			last = false;
	if (last)
		drop_of_device(fk, index);
	drop_source(fk, AF_INET, source);
}

static int add_address(struct call *c, struct device *d, struct entry *new)
{
	bool v4 = size_of(new) == 4;
	struct entry *e = find_address(c->fk, new);
	static const uint8_t none;

	if (!v4 && d->ipv6[DEVCONF_DISABLE_IPV6])
		return fake_refuse(c, -EACCES, "IPv6 is disabled on this device");
	if (e) {
		if (!(c->n->nlmsg_flags & NLM_F_REPLACE))
			return fake_refuse(c, -EEXIST, "Address already assigned");
		/* inet_rtm_newaddr(): of an address that is there, only these change. */
		attrs_set(&e->attrs, 11, &none, 1);
		if (attrs_get(&new->attrs, 11))
			attrs_set(&e->attrs, 11, nla_data(attrs_get(&new->attrs, 11)), 1);
		if (attrs_get(&new->attrs, IFA_RT_PRIORITY))
			attrs_set_u32(&e->attrs, IFA_RT_PRIORITY,
				      attrs_u32(&new->attrs, IFA_RT_PRIORITY, 0));
		tell(c->fk, e, true);
		return 0;
	}
	e = entry_add(c->fk, RTM_NEWADDR, d->index);
	e->head = new->head;
	e->head.address.ifa_flags |= IFA_F_PERMANENT;
	e->attrs = new->attrs;
	memset(&new->attrs, 0, sizeof(new->attrs));
	attrs_set_u32(&e->attrs, IFA_FLAGS,
		      IFA_F_PERMANENT | (v4 && is_secondary(c->fk, e) ? IFA_F_SECONDARY : 0));
	if (v4 && !attrs_get(&e->attrs, IFA_LABEL))
		attrs_set(&e->attrs, IFA_LABEL, d->name, strlen(d->name) + 1);
	tell(c->fk, e, true);
	if (d->up)
		add_connected(c->fk, e);
	return 0;
}

static int parse_entry(struct call *c, struct entry *e, size_t size)
{
	if (NLMSG_PAYLOAD(c->n, 0) < size)
		return -EINVAL;
	memcpy(&e->head, NLMSG_DATA(c->n), size);
	attrs_merge(&e->attrs, nlmsg_attrdata(c->n, size), nlmsg_attrlen(c->n, size));
	return 0;
}

int address_change(struct call *c, bool add)
{
	struct entry new = { .type = RTM_NEWADDR }, *e;
	int r = parse_entry(c, &new, sizeof(new.head.address));
	struct device *d = device_find(c->fk, new.head.address.ifa_index);

	new.index = d ? d->index : 0;
	if (!r && !attrs_get(&new.attrs, IFA_ADDRESS) && attrs_get(&new.attrs, IFA_LOCAL))
		attrs_set(&new.attrs, IFA_ADDRESS, ip_of(&new, IFA_LOCAL), size_of(&new));
	if (!r && !d) {
		r = fake_refuse(c, -ENODEV, "Unable to find the device");
	} else if (!r && add) {
		r = add_address(c, d, &new);
	} else if (!r) {
		e = find_address(c->fk, &new);
		if (e)
			remove_address(c->fk, e);
		else
			r = fake_refuse(c, -EADDRNOTAVAIL, "Address not found");
	}
	attrs_done(&new.attrs);
	return r;
}

static bool same_route(const struct entry *a, const struct entry *b)
{
	return a->head.any.rtgen_family == b->head.any.rtgen_family &&
	       a->head.route.rtm_dst_len == b->head.route.rtm_dst_len &&
	       same_network(ip_of(a, RTA_DST), ip_of(b, RTA_DST), a->head.route.rtm_dst_len) &&
	       attrs_u32(&a->attrs, RTA_TABLE, 0) == attrs_u32(&b->attrs, RTA_TABLE, 0);
}

static bool gateway_is_on_link(struct fake_kernel *fk, const struct entry *new, const uint8_t *via)
{
	if (new->head.route.rtm_flags & RTNH_F_ONLINK)
		return true;
	if (size_of(new) == 16 && via[0] == 0xfe && (via[1] & 0xc0) == 0x80)
		return true;
	FOREACH_ENTRY(fk, e)
		if (is_family(e, RTM_NEWROUTE, new->head.any.rtgen_family) &&
		    e->index == new->index && !attrs_get(&e->attrs, RTA_GATEWAY) &&
		    (size_of(new) == 16 || e->head.route.rtm_scope >= RT_SCOPE_LINK) &&
		    same_network(ip_of(e, RTA_DST), via, e->head.route.rtm_dst_len))
			return true;
	return false;
}

static bool is_local(struct fake_kernel *fk, const void *ip, unsigned size)
{
	FOREACH_ENTRY(fk, e)
		if (e->type == RTM_NEWADDR && size_of(e) == size &&
		    !memcmp(ip_of(e, IFA_LOCAL), ip, size))
			return true;
	return false;
}

static int add_route(struct call *c, struct device *d, struct entry *new)
{
	uint32_t metric = attrs_u32(&new->attrs, RTA_PRIORITY, 0);
	bool v4 = size_of(new) == 4;
	struct entry *e;

	if (!d->up)
		return fake_refuse(c, -ENETDOWN, "Nexthop device is not up");
	if (attrs_get(&new->attrs, RTA_GATEWAY) &&
	    !gateway_is_on_link(c->fk, new, ip_of(new, RTA_GATEWAY)))
		return v4 ? fake_refuse(c, -ENETUNREACH, "Nexthop has invalid gateway") :
			    -EHOSTUNREACH;
	if (attrs_get(&new->attrs, RTA_PREFSRC) &&
	    !is_local(c->fk, ip_of(new, RTA_PREFSRC), size_of(new)))
		return fake_refuse(c, -EINVAL, v4 ? "Invalid prefsrc address" :
						    "Invalid source address");
	FOREACH_ENTRY(c->fk, old) {
		if (old->type != RTM_NEWROUTE || !same_route(old, new) ||
		    attrs_u32(&old->attrs, RTA_PRIORITY, 0) != metric)
			continue;
		if (c->n->nlmsg_flags & NLM_F_EXCL)
			return -EEXIST;
		if (c->n->nlmsg_flags & NLM_F_REPLACE)
			entry_remove(c->fk, old, true);
	}
	e = entry_add(c->fk, RTM_NEWROUTE, d->index);
	e->head = new->head;
	e->head.route.rtm_table = attrs_u32(&new->attrs, RTA_TABLE, 0) < 256 ?
					  attrs_u32(&new->attrs, RTA_TABLE, 0) : RT_TABLE_COMPAT;
	e->attrs = new->attrs;
	memset(&new->attrs, 0, sizeof(new->attrs));
	tell(c->fk, e, true);
	return 0;
}

static int remove_route(struct call *c, const struct entry *like)
{
	uint32_t metric = attrs_u32(&like->attrs, RTA_PRIORITY, 0);
	const struct nlattr *via = attrs_get(&like->attrs, RTA_GATEWAY);

	FOREACH_ENTRY(c->fk, e) {
		if (e->type != RTM_NEWROUTE || !same_route(e, like) ||
		    (like->index && e->index != like->index) ||
		    (metric && attrs_u32(&e->attrs, RTA_PRIORITY, 0) != metric) ||
		    (via && memcmp(ip_of(e, RTA_GATEWAY), nla_data(via), size_of(e)) != 0))
			continue;
		entry_remove(c->fk, e, false);
		return 0;
	}
	return -ESRCH;
}

int route_change(struct call *c, bool add)
{
	struct entry new = { .type = RTM_NEWROUTE };
	int r = parse_entry(c, &new, sizeof(new.head.route));
	struct device *d = device_find(c->fk, attrs_u32(&new.attrs, RTA_OIF, 0));

	new.index = d ? d->index : 0;
	if (!r && !attrs_get(&new.attrs, RTA_TABLE))
		attrs_set_u32(&new.attrs, RTA_TABLE, new.head.route.rtm_table);
	/* IP6_RT_PRIO_USER */
	if (!r && add && new.head.any.rtgen_family == AF_INET6 &&
	    !attrs_u32(&new.attrs, RTA_PRIORITY, 0))
		attrs_set_u32(&new.attrs, RTA_PRIORITY, 1024);
	if (!r && !d)
		r = fake_refuse(c, -ENODEV, "Device does not exist");
	else if (!r)
		r = add ? add_route(c, d, &new) : remove_route(c, &new);
	attrs_done(&new.attrs);
	return r;
}
