// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The limit: what the kernel takes for a load when nothing but the requests is
 * done. The links are dumped once; then the messages that netctld sends for
 * the load, in its order and with its attributes, leave many to a sendmsg(),
 * with one ack at the end. The devices' indexes are chosen in advance, so that
 * no answer is waited for.
 *
 *     limit [--batch=BYTES] [--print] W1|W2|W3|W4[:N]
 *
 * See ./generate for what the loads are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PROTOCOL_ATTR 11 /* IFA_PROTO */
#define PROTOCOL 172	 /* that netctld marks its addresses with */

static char buffer[1 << 20] __attribute__((aligned(8)));
static size_t used, batch = 64 << 10;
static struct nlmsghdr *message; /* the last one */
static unsigned messages, sends;
static int fd, first_index;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- sending */

static void flush(bool last)
{
	struct iovec iov = { buffer, used };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1
	};

	if (last)
		message->nlmsg_flags |= NLM_F_ACK;
	if (sendmsg(fd, &m, 0) < 0)
		die("sendmsg");
	used = 0;
	sends++;
}

/* Failures are told as they happen, and the ack comes after them. */
static int take_answers(void)
{
	static char in[65536] __attribute__((aligned(8)));
	int failures = 0;

	for (;;) {
		ssize_t len = recv(fd, in, sizeof(in), 0);
		int left = len;

		if (len < 0)
			die("recv");
		for (struct nlmsghdr *n = (void *)in; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			struct nlmsgerr *e = NLMSG_DATA(n);

			if (n->nlmsg_type == NLMSG_ERROR && e->error) {
				fprintf(stderr, "message %u: %s\n", n->nlmsg_seq,
					strerror(-e->error));
				failures++;
			}
			if (n->nlmsg_type == NLMSG_ERROR && n->nlmsg_seq == messages)
				return failures;
		}
	}
}

/* --- messages */

static void *put(int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)(buffer + used);

	memset(a, 0, NLA_HDRLEN + NLA_ALIGN(len));
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (data)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	used += NLA_ALIGN(a->nla_len);
	message->nlmsg_len = buffer + used - (char *)message;
	return a;
}

static void put_u8(int type, uint8_t v)
{
	put(type, &v, sizeof(v));
}
static void put_u16(int type, uint16_t v)
{
	put(type, &v, sizeof(v));
}
static void put_u32(int type, uint32_t v)
{
	put(type, &v, sizeof(v));
}
static void put_text(int type, const char *s)
{
	put(type, s, strlen(s) + 1);
}

static struct nlattr *nest(int type)
{
	return put(type | NLA_F_NESTED, NULL, 0);
}

static void end_nest(struct nlattr *a)
{
	a->nla_len = buffer + used - (char *)a;
}

static void *begin(int type, int flags, size_t size)
{
	void *header;

	if (used > batch)
		flush(false);
	message = (void *)(buffer + used);
	memset(message, 0, NLMSG_SPACE(size));
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = ++messages;
	message->nlmsg_len = NLMSG_LENGTH(size);
	header = NLMSG_DATA(message);
	used += NLMSG_SPACE(size);
	return header;
}

static void begin_link(int type, int flags, int family, int index)
{
	struct ifinfomsg *info = begin(type, flags, sizeof(*info));

	info->ifi_family = family;
	info->ifi_index = index;
}

static void create(int index, const char *name, const char *kind, int link, unsigned id)
{
	struct nlattr *info, *data;

	begin_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, AF_UNSPEC, index);
	put_text(IFLA_IFNAME, name);
	if (link)
		put_u32(IFLA_LINK, link);
	info = nest(IFLA_LINKINFO);
	put_text(IFLA_INFO_KIND, kind);
	if (strcmp(kind, "dummy")) {
		data = nest(IFLA_INFO_DATA);
		if (link) {
			put_u16(IFLA_VLAN_ID, id);
		} else {
			put_u8(IFLA_BR_VLAN_FILTERING, 1);
			put_u16(IFLA_BR_VLAN_DEFAULT_PVID, 0);
		}
		end_nest(data);
	}
	end_nest(info);
}

static void up(int index)
{
	struct ifinfomsg *info = begin(RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = info->ifi_change = IFF_UP;
}

static void attach(int index, int master)
{
	begin_link(RTM_NEWLINK, 0, AF_UNSPEC, index);
	put_u32(IFLA_MASTER, master);
}

static void address(int index, uint32_t ip)
{
	struct ifaddrmsg *info = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));

	info->ifa_family = AF_INET;
	info->ifa_prefixlen = 24;
	info->ifa_index = index;
	put_u32(IFA_LOCAL, htonl(ip));
	put_u32(IFA_ADDRESS, htonl(ip));
	put_u32(IFA_BROADCAST, htonl(ip | 255));
	put_u8(PROTOCOL_ATTR, PROTOCOL);
}

static void vlan(unsigned first, unsigned last, unsigned flags)
{
	struct bridge_vlan_info v = { flags, first };

	if (first != last)
		v.flags |= BRIDGE_VLAN_INFO_RANGE_BEGIN;
	put(IFLA_BRIDGE_VLAN_INFO, &v, sizeof(v));
	if (first == last)
		return;
	v.flags = flags | BRIDGE_VLAN_INFO_RANGE_END;
	v.vid = last;
	put(IFLA_BRIDGE_VLAN_INFO, &v, sizeof(v));
}

/* --- the loads */

static void router(unsigned n)
{
	int bridge = first_index, ports = bridge + 1, vlans = ports + 4;
	struct nlattr *spec;
	char name[IFNAMSIZ];

	(void)n;
	create(bridge, "br0", "bridge", 0, 0);
	for (int p = 0; p < 4; p++) {
		snprintf(name, sizeof(name), "lan%d", p);
		create(ports + p, name, "dummy", 0, 0);
	}
	for (int v = 0; v < 8; v++) {
		snprintf(name, sizeof(name), "br0.%d", 10 * (v + 1));
		create(vlans + v, name, "vlan", bridge, 10 * (v + 1));
	}
	for (int p = 0; p < 4; p++)
		attach(ports + p, bridge);
	for (int p = -1; p < 4; p++) {
		begin_link(RTM_SETLINK, 0, AF_BRIDGE, ports + p);
		spec = nest(IFLA_AF_SPEC);
		if (p < 0)
			put_u16(IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
		else
			vlan(10 * (p + 1), 10 * (p + 1),
			     BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
		for (int v = 0; v < 8; v++)
			if (v != p)
				vlan(10 * (v + 1), 10 * (v + 1), 0);
		end_nest(spec);
	}
	for (int v = 0; v < 8; v++)
		address(vlans + v, 0xc0a80001 | (10 * (v + 1)) << 8);
	for (int i = bridge; i < vlans + 8; i++)
		up(i);
}

static void trunk_of(unsigned n, bool addresses)
{
	int lower = first_index;
	char name[IFNAMSIZ];

	create(lower, "trunk", "dummy", 0, 0);
	for (unsigned v = 1; v <= n; v++) {
		snprintf(name, sizeof(name), "v%u", v);
		create(lower + v, name, "vlan", lower, v);
	}
	for (unsigned v = 1; addresses && v <= n; v++)
		address(lower + v, 0x0a000001 | (v / 250) << 16 | (v % 250) << 8);
	for (unsigned v = 0; v <= n; v++)
		up(lower + v);
}

static void trunk(unsigned n)
{
	trunk_of(n, true);
}
static void vlans(unsigned n)
{
	trunk_of(n, false);
}

static void lan_switch(unsigned n)
{
	int bridge = first_index;
	struct nlattr *spec;
	char name[IFNAMSIZ];

	create(bridge, "br0", "bridge", 0, 0);
	for (unsigned p = 1; p <= n; p++) {
		snprintf(name, sizeof(name), "sw%u", p);
		create(bridge + p, name, "dummy", 0, 0);
	}
	for (unsigned p = 1; p <= n; p++)
		attach(bridge + p, bridge);
	for (unsigned p = 1; p <= n; p++) {
		begin_link(RTM_SETLINK, 0, AF_BRIDGE, bridge + p);
		spec = nest(IFLA_AF_SPEC);
		vlan(2, 4094, 0);
		end_nest(spec);
	}
	for (unsigned p = 0; p <= n; p++)
		up(bridge + p);
}

static const struct load {
	const char *name;
	void (*make)(unsigned n);
	unsigned n;
} loads[] = {
	{ "W1", router, 1 },
	{ "W2", trunk, 1000 },
	{ "W3", lan_switch, 48 },
	{ "W4", vlans, 4000 },
};

/* --- and the rest */

static void dump_links(void)
{
	struct {
		struct nlmsghdr n;
		struct ifinfomsg info;
		struct nlattr a;
		uint32_t mask;
	} q = { .n = { .nlmsg_len = sizeof(q),
		       .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.a = { NLA_HDRLEN + 4, IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS };

	if (send(fd, &q, sizeof(q), 0) < 0)
		die("send");
	for (;;) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);
		int left = len;

		if (len < 0)
			die("recv");
		for (struct nlmsghdr *n = (void *)buffer; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			struct ifinfomsg *info = NLMSG_DATA(n);

			if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR)
				return;
			if (info->ifi_index >= first_index)
				first_index = info->ifi_index + 1;
		}
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "batch", 1, NULL, 'b' },
		{ "print", 0, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int size = 4 << 20, on = 1, c, failures;
	bool print = false;
	const char *colon;

	while ((c = getopt_long(argc, argv, "b:p", options, NULL)) >= 0)
		if (c == 'b')
			batch = strtoul(optarg, NULL, 0);
		else if (c == 'p')
			print = true;
		else
			return 2;
	if (optind + 1 != argc || batch + 4096 > sizeof(buffer))
		return 2;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	dump_links();
	colon = strchr(argv[optind], ':');
	for (unsigned n = 0; n < sizeof(loads) / sizeof(loads[0]); n++)
		if (!strncmp(argv[optind], loads[n].name, 2))
			loads[n].make(colon ? strtoul(colon + 1, NULL, 0) : loads[n].n);
	if (!messages)
		return 2;
	flush(true);
	failures = take_answers();
	if (print)
		printf("%u messages in %u sendmsg, %d failed\n", messages, sends, failures);
	return failures ? 1 : 0;
}
