// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Routes from and to the kernel's messages.
 *
 * What must stay true: a route of others that is_foreign() lets go can be given
 * back as it was: what no row says of it is its rest.
 */
#include <linux/lwtunnel.h>

#include "core/plan.h"
#include "features/route/route.h"
#include "nl/uapi.h"

/* What the rows say, and what changes by itself. */
static bool is_rest(const struct nlattr *a)
{
	switch (nla_type(a)) {
	case RTA_DST:
	case RTA_TABLE:
	case RTA_PRIORITY:
	case RTA_OIF:
	case RTA_GATEWAY:
	case RTA_PREFSRC:
	case RTA_CACHEINFO:
		return false;
	case RTA_PREF: /* 0 is ICMPV6_ROUTER_PREF_MEDIUM, what it has by itself */
		return nla_len(a) && nla_get_u8(a);
	}
	return true;
}

/*
 * TOS and source prefix belong to the place of a route in the kernel, but not to our keys; a
 * lifetime is renewed by who made it; a route by a nexthop object goes only by its number
 * (fib_nh_match()); of a BPF program the kernel tells the name alone (bpf_fill_encap_info()).
 */
static const char *why_fixed(const struct rtmsg *info, struct nlattr **tb)
{
	const struct rta_cacheinfo *ci = tb[RTA_CACHEINFO] ? nla_data(tb[RTA_CACHEINFO]) : NULL;

	if (info->rtm_tos)
		return "a TOS";
	if (info->rtm_src_len)
		return "a source prefix";
	if (ci && nla_len(tb[RTA_CACHEINFO]) >= (int)sizeof(*ci) && ci->rta_expires)
		return "a lifetime";
	if (tb[RTA_NH_ID])
		return "a nexthop object";
	if (tb[RTA_ENCAP_TYPE] && nla_get_u16(tb[RTA_ENCAP_TYPE]) == LWTUNNEL_ENCAP_BPF)
		return "a BPF program";
	return NULL;
}

void route_decode(const struct rtmsg *info, struct nlattr **tb, struct route *r)
{
	unsigned whole = info->rtm_family == AF_INET ? 32 : 128;

	ip_decode(tb[RTA_DST], info->rtm_family, info->rtm_dst_len, &r->to);
	r->table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) : info->rtm_table;
	r->metric = tb[RTA_PRIORITY] ? nla_get_u32(tb[RTA_PRIORITY]) : 0;
	r->scope = info->rtm_scope;
	r->protocol = info->rtm_protocol;
	r->onlink = !!(info->rtm_flags & RTNH_F_ONLINK);
	r->o.present = BIT64(TO) | BIT64(TABLE) | BIT64(METRIC) | BIT64(SCOPE) | BIT64(PROTOCOL) |
		       BIT64(ONLINK);
	if (tb[RTA_GATEWAY]) {
		ip_decode(tb[RTA_GATEWAY], info->rtm_family, whole, &r->via);
		r->o.present |= BIT64(VIA);
	}
	if (tb[RTA_PREFSRC]) {
		ip_decode(tb[RTA_PREFSRC], info->rtm_family, whole, &r->source);
		r->o.present |= BIT64(SOURCE);
	}
	r->fixed = why_fixed(info, tb);
	if (r->protocol == NETCTL_ROUTE_PROTOCOL)
		return;
	for (unsigned n = 0; n <= RTA_MAX; n++)
		if (tb[n] && is_rest(tb[n]))
			rest_add(&r->rest, tb[n]);
	if (r->rest)
		r->o.present |= BIT64(REST);
}

unsigned route_scope(const struct route *r)
{
	if (r->to.family == AF_INET6)
		return RT_SCOPE_UNIVERSE;
	if (r->o.present & BIT64(SCOPE))
		return r->scope;
	/* As ip-route(8): what needs no router is on the link. */
	return r->o.present & BIT64(VIA) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

int route_encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct route *r = (const struct route *)(s->to ? s->to : s->from);
	bool add = s->verb != VERB_REMOVE;
	/* A route of the same place that is another interface's must not be replaced unsaid. */
	uint16_t how = s->verb == VERB_ADD ? NLM_F_EXCL : NLM_F_REPLACE;
	uint16_t flags = add ? NLM_F_CREATE | how : 0;
	struct rtmsg *info =
		encoder_begin(e, add ? RTM_NEWROUTE : RTM_DELROUTE, flags, sizeof(*info));
	int bad = 0;

	info->rtm_family = r->to.family;
	info->rtm_dst_len = r->to.prefix;
	info->rtm_table = r->table < 256 ? r->table : RT_TABLE_UNSPEC;
	info->rtm_type = RTN_UNICAST;
	info->rtm_scope = add ? route_scope(r) : RT_SCOPE_NOWHERE;
	info->rtm_protocol = !add ? RTPROT_UNSPEC : s->reset ? r->protocol : NETCTL_ROUTE_PROTOCOL;
	info->rtm_flags = add && r->onlink ? RTNH_F_ONLINK : 0;
	bad |= nla_put_u32(e->msg, RTA_TABLE, r->table) < 0;
	bad |= nla_put_u32(e->msg, RTA_OIF, s->ifindex) < 0;
	if (r->to.prefix)
		bad |= ip_encode(e->msg, RTA_DST, &r->to) < 0;
	if (r->metric)
		bad |= nla_put_u32(e->msg, RTA_PRIORITY, r->metric) < 0;
	if (r->o.present & BIT64(VIA))
		bad |= ip_encode(e->msg, RTA_GATEWAY, &r->via) < 0;
	if (add && (r->o.present & BIT64(SOURCE)))
		bad |= ip_encode(e->msg, RTA_PREFSRC, &r->source) < 0;
	if (add && (r->o.present & BIT64(REST)))
		bad |= rest_put(e->msg, r->rest) < 0;
	return bad ? -EMSGSIZE : 0;
}
