// SPDX-License-Identifier: LGPL-2.1-or-later
/* IPv6 on an interface: Documentation/networking/ip-sysctl.rst, /proc/sys/net/ipv6/conf. */
#include <linux/ipv6.h>

#include "core/config.h"
#include "core/devconf.h"
#include "features/features.h"
#include "nl/uapi.h"

struct ipv6 {
	struct object o;
	uint8_t forwarding, disable, autoconf, accept_redirects, proxy_ndp, keep_addr_on_down,
		accept_ra;
	int32_t dad_transmits, use_tempaddr;
	uint64_t dad_time;
};

static const struct word accept_ra_words[] = {
	{ "off", 0 }, { "on", 1 }, { "always", 2 }, { NULL, 0 },
};

/* DEVCONF_… counts from 0, rows' attributes from 1. */
#define SYSCTL(member, conf)                                                                       \
	.key = #member, VALUE(ipv6, member), .attr = DEVCONF_##conf + 1, .phase = PHASE_SYSCTL

/* Initial values: net/ipv6/addrconf.c, ipv6_devconf_dflt; conf/default may have been changed. */
static const struct row rows[] = {
	{ SYSCTL(disable, DISABLE_IPV6), .initial = "false", .type = &type_bool,
	  .help = "No IPv6 on this interface" },
	{ SYSCTL(forwarding, FORWARDING), .initial = "false", .type = &type_bool,
	  .help = "Be a router here; packets are forwarded only if it is set for \"all\" too" },
	{ SYSCTL(accept_ra, ACCEPT_RA), .initial = "\"on\"", .type = &type_enum8,
	  .data = accept_ra_words,
	  .help = "Use router advertisements; \"on\" means not while forwarding" },
	{ SYSCTL(autoconf, AUTOCONF), .initial = "true", .type = &type_bool,
	  .help = "Make addresses from the prefixes that routers advertise" },
	{ SYSCTL(accept_redirects, ACCEPT_REDIRECTS), .initial = "true", .type = &type_bool,
	  .help = "Follow ICMPv6 redirects" },
	{ SYSCTL(proxy_ndp, PROXY_NDP), .initial = "false", .type = &type_bool,
	  .help = "Answer neighbour solicitations for others" },
	{ SYSCTL(keep_addr_on_down, KEEP_ADDR_ON_DOWN), .initial = "false", .type = &type_bool,
	  .help = "Keep static addresses while the interface is down" },
	{ SYSCTL(dad_transmits, DAD_TRANSMITS), .initial = "1", .type = &type_s32, .min = 0,
	  .max = 255,
	  .help = "Probes of duplicate address detection" },
	{ SYSCTL(use_tempaddr, USE_TEMPADDR), .initial = "0", .type = &type_s32, .min = -1,
	  .max = 2,
	  .help = "Temporary addresses (RFC 8981): 0 none, 1 make, 2 prefer" },
	{ .key = "dad_time", .type = &type_time_ns64, VALUE(ipv6, dad_time), .flags = ROW_STATE,
	  .help = "How long duplicate address detection may take with these settings" },
};

static const char *file_of(const struct row *row)
{
	return row->attr == DEVCONF_DISABLE_IPV6 + 1 ? "disable_ipv6" : NULL;
}

/*
 * By chance up to router_solicitation_delay before the first probe (addrconf_dad_kick()), and
 * retrans_time, but at least 10 ms, after each (addrconf_dad_work()). Both are told in ms.
 */
static void observe_dad_time(struct ipv6 *o, const struct nlattr *af)
{
	struct nlattr *conf = nla_find(nla_data(af), nla_len(af), IFLA_INET6_CONF);
	struct nlattr *cache = nla_find(nla_data(af), nla_len(af), IFLA_INET6_CACHEINFO);
	const struct row *row = row_find(&ipv6_feature, "dad_time");
	const struct ifla_cacheinfo *info;
	const int32_t *values;

	if (!conf || (size_t)nla_len(conf) <= DEVCONF_RTR_SOLICIT_DELAY * sizeof(*values) ||
	    !cache || (size_t)nla_len(cache) < sizeof(*info))
		return;
	values = nla_data(conf);
	info = nla_data(cache);
	o->dad_time = (max_of(values[DEVCONF_RTR_SOLICIT_DELAY], 0) +
		       (uint64_t)max_of(o->dad_transmits, 0) * max_of(info->retrans_time, 10U)) *
		      1000000;
	o->o.present |= row_bit(&ipv6_feature, row);
}

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	int r = devconf_observe(m, i, &ipv6_feature, lm, AF_INET6, IFLA_INET6_CONF);
	struct nlattr *spec = lm->tb[IFLA_AF_SPEC];
	struct ipv6 *o = (struct ipv6 *)iface_object(i, &ipv6_feature);

	if (o)
		observe_dad_time(o, nla_find(nla_data(spec), nla_len(spec), AF_INET6));
	return r;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	return add ? devconf_observe_netconf(m, n, &ipv6_feature) : 0;
}

static const struct source sources[] = { DEVCONF_SOURCE(AF_INET6, RTNLGRP_IPV6_NETCONF), { 0 } };

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	return devconf_encode(e, s, part, "ipv6", file_of);
}

/* IPV6_MIN_MTU: below it the kernel takes IPv6 off the interface, and its settings with it. */
static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct object *o = iface_object(i, &ipv6_feature);
	uint32_t mtu = iface_link(i)->mtu;

	if (!o || !mtu || mtu >= 1280)
		return;
	FOREACH_ROW(&ipv6_feature, r)
		if (row_has(&ipv6_feature, r, o))
			errors_add(
				e, object_where(&ipv6_feature, r, o),
				"%s: ipv6.%s: the kernel has no IPv6 on a device with an mtu below "
				"1280, so there is nothing to set",
				i->name, r->key);
}

struct feature ipv6_feature = {
	.name = "ipv6", .help = "IPv6 on the interface", .form = FORM_GROUP,
	.everywhere = true,
	.size = sizeof(struct ipv6), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .observe_link = observe_link, .check = check,
	.encode = encode,
};
