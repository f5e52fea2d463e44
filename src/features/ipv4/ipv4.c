// SPDX-License-Identifier: LGPL-2.1-or-later
/* IPv4 on an interface: Documentation/networking/ip-sysctl.rst, /proc/sys/net/ipv4/conf. */
#include <linux/ip.h>

#include "core/devconf.h"
#include "features/features.h"
#include "nl/uapi.h"

struct ipv4 {
	struct object o;
	uint8_t forwarding, rp_filter, proxy_arp, accept_redirects, send_redirects, log_martians,
		promote_secondaries;
	int32_t arp_ignore, arp_announce;
};

static const struct word rp_filter_words[] = {
	{ "off", 0 }, { "strict", 1 }, { "loose", 2 }, { NULL, 0 },
};

#define SYSCTL(member, conf)                                                                       \
	.key = #member, VALUE(ipv4, member), .attr = IPV4_DEVCONF_##conf, .phase = PHASE_SYSCTL

/* Initial values: net/ipv4/devinet.c, ipv4_devconf_dflt; conf/default may have been changed. */
static const struct row rows[] = {
	{ SYSCTL(forwarding, FORWARDING), .initial = "false", .type = &type_bool,
	  .help = "Forward packets that come in here" },
	{ SYSCTL(rp_filter, RP_FILTER), .initial = "\"off\"", .type = &type_enum8,
	  .data = rp_filter_words,
	  .help = "Drop packets whose source is not reached this way (RFC 3704); of this and "
		  "conf/all/rp_filter the larger counts, loose being the largest" },
	{ SYSCTL(proxy_arp, PROXY_ARP), .initial = "false", .type = &type_bool,
	  .help = "Answer ARP for addresses that are reached through other interfaces; "
		  "conf/all/proxy_arp switches it on everywhere" },
	{ SYSCTL(accept_redirects, ACCEPT_REDIRECTS), .initial = "true", .type = &type_bool,
	  .help = "Follow ICMP redirects" },
	{ SYSCTL(send_redirects, SEND_REDIRECTS), .initial = "true", .type = &type_bool,
	  .help = "Send ICMP redirects; conf/all/send_redirects, which by itself is on, switches "
		  "it on everywhere" },
	{ SYSCTL(log_martians, LOG_MARTIANS), .initial = "false", .type = &type_bool,
	  .help = "Log packets with impossible addresses; conf/all/log_martians switches it on "
		  "everywhere" },
	/* Off when the addresses have changed places, which counts on it: features/address. */
	{ SYSCTL(promote_secondaries, PROMOTE_SECONDARIES), .initial = "false", .type = &type_bool,
	  .off = PHASE_UP,
	  .help = "When the first address of a network is deleted, keep the others" },
	{ SYSCTL(arp_ignore, ARP_IGNORE), .initial = "0", .type = &type_s32, .min = 0, .max = 8,
	  .help = "Which ARP requests are answered; see the kernel's ip-sysctl. Of this and "
		  "conf/all/arp_ignore the larger counts" },
	{ SYSCTL(arp_announce, ARP_ANNOUNCE), .initial = "0", .type = &type_s32, .min = 0, .max = 2,
	  .help = "Which source address ARP requests carry; see the kernel's ip-sysctl. Of this "
		  "and conf/all/arp_announce the larger counts" },
};

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	return devconf_observe(m, i, &ipv4_feature, lm, AF_INET, IFLA_INET_CONF);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	return add ? devconf_observe_netconf(m, n, &ipv4_feature) : 0;
}

static const struct source sources[] = { DEVCONF_SOURCE(AF_INET, RTNLGRP_IPV4_NETCONF), { 0 } };

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	return devconf_encode(e, s, part, "ipv4", NULL);
}

struct feature ipv4_feature = {
	.name = "ipv4", .help = "IPv4 on the interface", .form = FORM_GROUP,
	.everywhere = true,
	.size = sizeof(struct ipv4), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .observe_link = observe_link, .encode = encode,
};
