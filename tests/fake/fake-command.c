// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Another program at work on the fake kernel: a few words of ip(8), bridge(8)
 * and sysctl(8), so that the same line of a test drives the fake and a real
 * kernel.
 */
#include <arpa/inet.h>
#include <linux/pkt_sched.h>
#include <netinet/ether.h>
#include <stdio.h>

#include "fake/fake-internal.h"

/* The words of a command, taken one by one. */
struct words {
	struct fake_kernel *fk;
	char *rest;
	const char *word; /* the one taken last, NULL: no more */
};

static const char *take(struct words *w)
{
	return w->word = strtok_r(NULL, " ", &w->rest);
}

static bool is(const struct words *w, const char *word)
{
	return w->word && !strcmp(w->word, word);
}

static int index_of(const struct words *w, const char *name)
{
	return name ? fake_ifindex(w->fk, name) : 0;
}

static int run(struct words *w, struct nl_msg *msg, uint16_t flags)
{
	struct request r = { .channel = CHANNEL_NETLINK, .nlh = nlmsg_hdr(msg) };
	const char *text;
	int error;

	r.nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	error = fake_run(w->fk, &r, &text);
	nlmsg_free(msg);
	return error;
}

/* Numbers that only exist inside INFO_DATA. */
static void kind_words(struct words *w, struct nl_msg *msg, const char *kind)
{
	struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);

	while (take(w)) {
		if (is(w, "id") && !strcmp(kind, "vlan"))
			nla_put_u16(msg, IFLA_VLAN_ID, atoi(take(w)));
		else if (is(w, "vlan_filtering"))
			nla_put_u8(msg, IFLA_BR_VLAN_FILTERING, atoi(take(w)));
		else if (is(w, "vlan_default_pvid"))
			nla_put_u16(msg, IFLA_BR_VLAN_DEFAULT_PVID, atoi(take(w)));
		else if (is(w, "stp_state"))
			nla_put_u32(msg, IFLA_BR_STP_STATE, atoi(take(w)));
		else if (is(w, "ageing_time"))
			nla_put_u32(msg, IFLA_BR_AGEING_TIME, atoi(take(w)));
		else
			abort();
	}
	nla_nest_end(msg, data);
}

static int link_words(struct words *w)
{
	struct ifinfomsg info = { 0 };
	bool add = is(w, "add"), del = is(w, "del") || is(w, "delete");
	const char *name = take(w);
	struct nl_msg *msg;
	struct nlattr *nest;

	if (is(w, "dev"))
		name = take(w);
	info.ifi_index = add ? 0 : index_of(w, name);
	msg = fake_message(del ? RTM_DELLINK : RTM_NEWLINK, &info, sizeof(info));
	if (add)
		nla_put_string(msg, IFLA_IFNAME, name);
	while (take(w)) {
		struct ifinfomsg *i = NLMSG_DATA(nlmsg_hdr(msg));

		if (is(w, "up") || is(w, "down")) {
			i->ifi_change = IFF_UP;
			i->ifi_flags = is(w, "up") ? IFF_UP : 0;
		} else if (is(w, "mtu")) {
			nla_put_u32(msg, IFLA_MTU, atoi(take(w)));
		} else if (is(w, "address")) {
			nla_put(msg, IFLA_ADDRESS, 6, ether_aton(take(w)));
		} else if (is(w, "alias")) {
			nla_put_string(msg, IFLA_IFALIAS, take(w));
		} else if (is(w, "name")) {
			nla_put_string(msg, IFLA_IFNAME, take(w));
		} else if (is(w, "link")) {
			nla_put_u32(msg, IFLA_LINK, index_of(w, take(w)));
		} else if (is(w, "master")) {
			nla_put_u32(msg, IFLA_MASTER, index_of(w, take(w)));
		} else if (is(w, "nomaster")) {
			nla_put_u32(msg, IFLA_MASTER, 0);
		} else if (is(w, "type")) {
			const char *kind = take(w);

			nest = nla_nest_start(msg, IFLA_LINKINFO);
			nla_put_string(msg, IFLA_INFO_KIND, kind);
			kind_words(w, msg, kind);
			nla_nest_end(msg, nest);
		} else {
			abort();
		}
	}
	return run(w, msg, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

static int address_words(struct words *w)
{
	bool add = is(w, "add");
	struct ifaddrmsg info = { 0 };
	struct nl_msg *msg;
	struct ipaddr ip;

	if (ip_parse(take(w), &ip) < 0)
		abort();
	take(w); /* dev */
	info.ifa_family = ip.family;
	info.ifa_prefixlen = ip.prefix;
	info.ifa_index = index_of(w, take(w));
	msg = fake_message(add ? RTM_NEWADDR : RTM_DELADDR, &info, sizeof(info));
	nla_put(msg, IFA_LOCAL, ip_size(&ip), ip.bytes);
	return run(w, msg, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

static int route_words(struct words *w)
{
	struct rtmsg info = { .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST };
	struct ipaddr to = { 0 }, via = { 0 };
	bool add = is(w, "add");
	uint32_t metric = 0;
	int oif = 0;
	struct nl_msg *msg;

	take(w);
	if (!is(w, "default") && ip_parse(w->word, &to) < 0)
		abort();
	while (take(w)) {
		if (is(w, "via") && ip_parse(take(w), &via) < 0)
			abort();
		else if (is(w, "dev"))
			oif = index_of(w, take(w));
		else if (is(w, "metric"))
			metric = atoi(take(w));
	}
	info.rtm_family = to.family ? to.family : via.family ? via.family : AF_INET;
	info.rtm_dst_len = to.prefix;
	info.rtm_protocol = add ? RTPROT_BOOT : RTPROT_UNSPEC;
	info.rtm_scope = via.family || info.rtm_family == AF_INET6 ? RT_SCOPE_UNIVERSE :
								      RT_SCOPE_LINK;
	msg = fake_message(add ? RTM_NEWROUTE : RTM_DELROUTE, &info, sizeof(info));
	if (to.prefix)
		nla_put(msg, RTA_DST, ip_size(&to), to.bytes);
	if (via.family)
		nla_put(msg, RTA_GATEWAY, ip_size(&via), via.bytes);
	if (metric)
		nla_put_u32(msg, RTA_PRIORITY, metric);
	nla_put_u32(msg, RTA_OIF, oif);
	return run(w, msg, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

static int vlan_words(struct words *w)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE };
	struct bridge_vlan_info vlan = { 0 };
	bool add = is(w, "add"), self = false;
	struct nl_msg *msg;
	struct nlattr *nest;

	while (take(w)) {
		if (is(w, "vid"))
			vlan.vid = atoi(take(w));
		else if (is(w, "dev"))
			info.ifi_index = index_of(w, take(w));
		else if (is(w, "pvid"))
			vlan.flags |= BRIDGE_VLAN_INFO_PVID;
		else if (is(w, "untagged"))
			vlan.flags |= BRIDGE_VLAN_INFO_UNTAGGED;
		else if (is(w, "self"))
			self = true;
	}
	msg = fake_message(add ? RTM_SETLINK : RTM_DELLINK, &info, sizeof(info));
	nest = nla_nest_start(msg, IFLA_AF_SPEC);
	if (self)
		nla_put_u16(msg, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(vlan), &vlan);
	nla_nest_end(msg, nest);
	return run(w, msg, 0);
}

static int sysctl_words(struct words *w)
{
	struct request r = { .channel = CHANNEL_SYSCTL };
	const char *text;

	r.path = w->word;
	r.value = take(w);
	return fake_run(w->fk, &r, &text);
}

static uint32_t tc_number(const char *s)
{
	unsigned major = 0, minor = 0;

	if (sscanf(s, "%x:%x", &major, &minor) < 1)
		abort();
	return major << 16 | minor;
}

/* tc qdisc add|del dev NAME root|parent NUMBER [handle NUMBER] [KIND], no options. */
static int qdisc_words(struct words *w)
{
	bool add = is(w, "add");
	struct tcmsg tcm = { .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg;
	const char *kind = NULL;

	while (take(w)) {
		if (is(w, "dev"))
			tcm.tcm_ifindex = index_of(w, take(w));
		else if (is(w, "parent"))
			tcm.tcm_parent = tc_number(take(w));
		else if (is(w, "handle"))
			tcm.tcm_handle = tc_number(take(w));
		else if (!is(w, "root"))
			kind = w->word;
	}
	msg = fake_message(add ? RTM_NEWQDISC : RTM_DELQDISC, &tcm, sizeof(tcm));
	if (kind)
		nla_put_string(msg, TCA_KIND, kind);
	return run(w, msg, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

int fake_command(struct fake_kernel *fk, const char *command)
{
	static const struct {
		const char *program, *object;
		int (*run)(struct words *w);
	} table[] = {
		{ "ip", "link", link_words },	    { "ip", "address", address_words },
		{ "ip", "addr", address_words },    { "ip", "route", route_words },
		{ "bridge", "vlan", vlan_words },   { "sysctl", NULL, sysctl_words },
		{ "tc", "qdisc", qdisc_words },
	};
	_cleanup_free_ char *copy = str_dup(command);
	struct words w = { .fk = fk };
	const char *program = strtok_r(copy, " ", &w.rest), *object = take(&w);

	for (unsigned n = 0; n < ARRAY_SIZE(table); n++) {
		if (strcmp(program, table[n].program) ||
		    (table[n].object && strcmp(object, table[n].object)))
			continue;
		if (table[n].object)
			take(&w);
		return table[n].run(&w);
	}
	abort();
}
