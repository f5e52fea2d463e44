// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel tells of routes, and what follows from what it tells of others.
 *
 * It drops IPv4 routes without telling when their interface goes down, loses its
 * last address, or when their source is no address of the machine any more
 * (fib_sync_down_dev(), fib_disable_ip(), fib_sync_down_addr()); of IPv6 routes it
 * takes the source away then (fib6_remove_prefsrc()), and with
 * skip_notify_on_dev_down it does not tell either. The mirror follows here.
 */
#include "core/mirror.h"
#include "features/route/route.h"
#include "nl/uapi.h"

/*
 * What a route took the place of is not told: one of the same key, the first of them if there are
 * several (fib_table_insert(), fib6_add_rt2node()).
 */
static void forget_replaced(struct mirror *m, const struct iface *i, const struct object *o)
{
	struct iface *loser = NULL;
	unsigned n = 0;

	MODEL_FOREACH(mirror_model(m), other)
		if (list_find(&route_feature, iface_list(other, &route_feature), o)) {
			n++;
			loser = other != i ? other : loser;
		}
	if (loser && n > 1) {
		mirror_untold(m);
	} else if (loser) {
		struct list *l = iface_list(loser, &route_feature);

		list_remove(&route_feature, l, list_find(&route_feature, l, o));
		mirror_touch(m, loser);
	}
}

static int observe_route(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct rtmsg *info = NLMSG_DATA(n);
	bool replaced = add && (n->nlmsg_flags & NLM_F_REPLACE);
	struct nlattr *tb[RTA_MAX + 1];
	struct object *o;
	struct iface *i;

	if ((info->rtm_type != RTN_UNICAST && !replaced) || (info->rtm_flags & RTM_F_CLONED))
		return 0;
	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*info), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	/* NULL: several next hops, or gone */
	i = tb[RTA_OIF] ? mirror_iface(m, nla_get_u32(tb[RTA_OIF])) : NULL;
	o = object_new(&route_feature, NULL);
	route_decode(info, tb, (struct route *)o);
	if (replaced)
		forget_replaced(m, i, o);
	if (i && info->rtm_type == RTN_UNICAST)
		mirror_list_entry(m, i, &route_feature, o, add);
	else
		object_free(&route_feature, o);
	return 0;
}

/* Forget routes of @i: of a family (0: any). */
static void drop_routes(struct mirror *m, struct iface *i, int family)
{
	struct list *l = iface_list(i, &route_feature);

	for (unsigned n = 0; l && n < l->n;) {
		if (family && ((const struct route *)l->items[n])->to.family != family) {
			n++;
			continue;
		}
		list_remove(&route_feature, l, l->items[n]);
		mirror_touch(m, i);
	}
}

/*
 * The source of routes of @i is gone: of IPv4 those of the main table go with it
 * (fib_sync_down_addr()), which another table's do not; of IPv6 all stay without it.
 */
static void drop_source(struct mirror *m, struct iface *i, const struct ipaddr *source)
{
	struct list *l = iface_list(i, &route_feature);

	for (unsigned n = 0; l && n < l->n;) {
		struct route *r = (struct route *)l->items[n];

		if (!(r->o.present & BIT64(SOURCE)) || r->source.family != source->family ||
		    memcmp(r->source.bytes, source->bytes, sizeof(source->bytes)) ||
		    (source->family == AF_INET && r->table != RT_TABLE_MAIN)) {
			n++;
			continue;
		}
		mirror_touch(m, i);
		if (source->family == AF_INET) {
			list_remove(&route_feature, l, &r->o);
			continue;
		}
		r->source = (struct ipaddr){ 0 };
		r->o.present &= ~BIT64(SOURCE);
		n++;
	}
}

static bool has_ipv4_address(const struct iface *i)
{
	const struct feature *f = feature_find("addresses");
	const struct list *l = iface_list(i, f);

	for (unsigned n = 0; l && n < l->n; n++) {
		const struct ipaddr *ip = row_value(row_find(f, "address"), l->items[n]);

		if (ip->family == AF_INET)
			return true;
	}
	return false;
}

const struct object *route_find_address(const struct iface *i, const struct ipaddr *ip)
{
	const struct feature *f = feature_find("addresses");
	const struct row *address = row_find(f, "address");
	const struct list *l = iface_list(i, f);

	for (unsigned n = 0; l && n < l->n; n++) {
		const struct ipaddr *a = row_value(address, l->items[n]);

		if (a->family == ip->family && !memcmp(a->bytes, ip->bytes, sizeof(ip->bytes)))
			return l->items[n];
	}
	return NULL;
}

/* fe80::/10 is of one link only. */
static bool is_link_local(const struct ipaddr *ip)
{
	return ip->family == AF_INET6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

/*
 * May @source still be that of routes of @i? As inet_addr_type() and ipv6_chk_addr() look at it,
 * which takes no address that may be another host's.
 */
static bool still_has(const struct model *model, const struct iface *i, const struct ipaddr *source)
{
	const struct feature *f = feature_find("addresses");

	MODEL_FOREACH(model, other) {
		const struct object *o = route_find_address(other, source);

		if (o && (other == i || !is_link_local(source)) &&
		    (source->family == AF_INET || row_is_zero(row_find(f, "tentative"), o)))
			return true;
	}
	return false;
}

/* The addresses' feature stands before this one in the table, so its list is as after. */
static void observe_address_gone(struct mirror *m, const struct nlmsghdr *n)
{
	const struct ifaddrmsg *info = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, info->ifa_index);
	int attr = info->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS;
	struct nlattr *address = nlmsg_find_attr((struct nlmsghdr *)n, sizeof(*info), attr);
	struct ipaddr ip;

	if (!i || !address)
		return;
	ip_decode(address, info->ifa_family, 8 * nla_len(address), &ip);
	if (ip.family == AF_INET && !has_ipv4_address(i))
		drop_routes(m, i, AF_INET);
	MODEL_FOREACH(mirror_model(m), other)
		if (!still_has(mirror_model(m), other, &ip))
			drop_source(m, other, &ip);
}

int route_observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	if (n->nlmsg_type == RTM_NEWROUTE || n->nlmsg_type == RTM_DELROUTE)
		return observe_route(m, n, add);
	if (!add)
		observe_address_gone(m, n);
	return 0;
}

int route_observe_link(struct mirror *m, struct iface *i,
		       const struct link_message *lm _unused_)
{
	if (!iface_link(i)->up)
		drop_routes(m, i, 0);
	return 0;
}

/* The table "local" and what is in it are the kernel's own. */
static int filter(struct nl_msg *msg _unused_, void *header)
{
	((struct rtmsg *)header)->rtm_type = RTN_UNICAST;
	return 0;
}

const struct source route_sources[] = {
	{ .get = RTM_GETROUTE, .add = RTM_NEWROUTE, .del = RTM_DELROUTE, .family = AF_INET,
	  .header = sizeof(struct rtmsg), .groups = { RTNLGRP_IPV4_ROUTE }, .filter = filter },
	{ .get = RTM_GETROUTE, .add = RTM_NEWROUTE, .del = RTM_DELROUTE, .family = AF_INET6,
	  .header = sizeof(struct rtmsg), .groups = { RTNLGRP_IPV6_ROUTE }, .filter = filter },
	{ .get = RTM_GETADDR, .add = RTM_NEWADDR, .del = RTM_DELADDR, .family = AF_UNSPEC,
	  .header = sizeof(struct ifaddrmsg), .no_dump = true },
	{ 0 },
};
