// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long netctld takes from its start until all is configured, beside the least
 * that anybody needs to read the same from the kernel once: the same dumps on
 * one socket for each family, one after the other, as a socket has but one under way.
 *
 *	ports read				reads once; prints microseconds
 *	ports start PROGRAM [ARGUMENT...]	starts it; prints microseconds until it
 *						says READY=1 (sd_notify(3)), and ends it
 *
 * What is read: links, addresses, routes, and of each device the messages of ethtool that
 * tests/bench/ethernet names.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256 * 1024)

static char buffer[BUFFER] __attribute__((aligned(8)));
static unsigned messages;

static void die(const char *what)
{
	fprintf(stderr, "ports: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static int netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0 || setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &(int){ 1 }, sizeof(int)))
		die("socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 16 << 20 }, sizeof(int));
	return fd;
}

/* Until so many answers have ended. @seen: of each message. */
static void receive(int fd, unsigned ends, void (*seen)(const struct nlmsghdr *))
{
	while (ends) {
		int left = recv(fd, buffer, sizeof(buffer), 0);

		if (left < 0)
			die("recv");
		for (struct nlmsghdr *n = (void *)buffer; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR) {
				ends--;
				continue;
			}
			messages++;
			if (seen)
				seen(n);
		}
	}
}

static void dump(int fd, int type, size_t header, int family, void (*seen)(const struct nlmsghdr *))
{
	struct {
		struct nlmsghdr n;
		union {
			struct rtgenmsg g;
			char header[64];
		};
	} q = { .n = { .nlmsg_len = NLMSG_LENGTH(header), .nlmsg_type = type,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	q.g.rtgen_family = family;
	if (send(fd, &q, q.n.nlmsg_len, 0) < 0)
		die("send");
	receive(fd, 1, seen);
}

static unsigned devices;

static void take_link(const struct nlmsghdr *n)
{
	(void)n;
	devices++;
}

static int family;

static void take_family(const struct nlmsghdr *n)
{
	const struct rtattr *a = (void *)((char *)NLMSG_DATA(n) + GENL_HDRLEN);
	int left = NLMSG_PAYLOAD(n, GENL_HDRLEN);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == CTRL_ATTR_FAMILY_ID)
			family = *(uint16_t *)RTA_DATA(a);
}

/* Of all devices, with ETHTOOL_FLAG_… */
static void dump_ethtool(int fd, int command, uint32_t flags)
{
	struct {
		struct nlmsghdr n;
		struct genlmsghdr g;
		struct rtattr nest, a;
		uint32_t flags;
	} q = { .n = { .nlmsg_len = sizeof(q), .nlmsg_type = family,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.g = { .cmd = command, .version = 1 },
		.nest = { .rta_len = 12, .rta_type = 1 | NLA_F_NESTED },
		.a = { .rta_len = 8, .rta_type = ETHTOOL_A_HEADER_FLAGS }, .flags = flags };

	if (send(fd, &q, sizeof(q), 0) < 0)
		die("send");
	receive(fd, 1, NULL);
}

static void find_family(int fd)
{
	struct {
		struct nlmsghdr n;
		struct genlmsghdr g;
		struct rtattr a;
		char name[8];
	} q = { .n = { .nlmsg_len = sizeof(q), .nlmsg_type = GENL_ID_CTRL,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.g = { .cmd = CTRL_CMD_GETFAMILY, .version = 2 },
		.a = { .rta_len = 12, .rta_type = CTRL_ATTR_FAMILY_NAME }, .name = "ethtool" };

	if (send(fd, &q, sizeof(q), 0) < 0)
		die("send");
	receive(fd, 1, take_family);
}

static int read_all(void)
{
	/* As tests/bench/ports configures; FEATURES with names, as the daemon has to. */
	static const struct { int command; uint32_t flags; } asked[] = {
		{ ETHTOOL_MSG_PAUSE_GET, 1 },	  { ETHTOOL_MSG_RINGS_GET, 1 },
		{ ETHTOOL_MSG_CHANNELS_GET, 1 },  { ETHTOOL_MSG_COALESCE_GET, 1 },
		{ ETHTOOL_MSG_FEC_GET, 1 },	  { ETHTOOL_MSG_FEATURES_GET, 0 },
	};
	uint64_t begin = now();
	int route = netlink(NETLINK_ROUTE), generic = netlink(NETLINK_GENERIC);

	dump(route, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, take_link);
	dump(route, RTM_GETLINK, sizeof(struct ifinfomsg), AF_BRIDGE, NULL);
	dump(route, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, NULL);
	dump(route, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, NULL);
	dump(route, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, NULL);
	find_family(generic);
	for (unsigned n = 0; n < sizeof(asked) / sizeof(*asked); n++)
		dump_ethtool(generic, asked[n].command, asked[n].flags);
	printf("%u\n", (unsigned)(now() - begin));
	fprintf(stderr, "%u devices, %u messages\n", devices, messages);
	return 0;
}

static int start(char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	uint64_t begin;
	ssize_t n;
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/ports.%d", (int)getpid());
	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) < 0 ||
	    setenv("NOTIFY_SOCKET", address.sun_path, 1))
		die(address.sun_path);
	begin = now();
	pid = fork();
	if (!pid) {
		execvp(argv[0], argv);
		die(argv[0]);
	}
	do {
		n = recv(fd, buffer, sizeof(buffer) - 1, 0);
		buffer[n > 0 ? n : 0] = 0;
	} while (n > 0 && !strstr(buffer, "READY=1"));
	printf("%u\n", (unsigned)(now() - begin));
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	unlink(address.sun_path);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "read"))
		return read_all();
	if (argc > 2 && !strcmp(argv[1], "start"))
		return start(argv + 2);
	fprintf(stderr, "usage: ports read | ports start PROGRAM [ARGUMENT...]\n");
	return 2;
}
