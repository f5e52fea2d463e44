// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long netctld takes from its start until all is configured, beside the least
 * that anybody needs to read the same from the kernel once, and to set the same: the same dumps
 * on one socket for each family, one after the other, as a socket has but one under way,
 * and many settings to a sendmsg(), with one ack.
 *
 *	ports read [FILE...]			reads once, and these files, with libconfig, as what
 *						is to be read stands in them; prints microseconds
 *	ports write N				sets two of each device to N; prints microseconds
 *	ports run PROGRAM [ARGUMENT...]		prints microseconds from fork() until it has ended
 *	ports start PROGRAM [ARGUMENT...]	starts it; prints microseconds until it
 *						says READY=1 (sd_notify(3)), and ends it
 *
 * What is read is what strace(1) shows netctld to read with the configuration of
 * tests/bench/ethernet: links, ports of bridges, addresses, routes, queueing disciplines, and
 * of each device the messages of ethtool that it names, bits without their names; the names
 * of offloads once; the state of the link, which no dump tells all of, device by device, all in one
 * sendmsg(), their answers many to a recvmmsg().
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <libconfig.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
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
/* Of short answers so many are read at once. */
#define VECTOR 16

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

/* Return: so many answers have ended. */
static unsigned take(char *datagram, int left, void (*seen)(const struct nlmsghdr *))
{
	unsigned ends = 0;

	for (struct nlmsghdr *n = (void *)datagram; NLMSG_OK(n, (unsigned)left);
	     n = NLMSG_NEXT(n, left)) {
		if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR) {
			ends++;
			continue;
		}
		messages++;
		if (seen)
			seen(n);
	}
	return ends;
}

/* Until an answer has ended. @seen: of each message. */
static void receive(int fd, void (*seen)(const struct nlmsghdr *))
{
	int len;

	do {
		len = recv(fd, buffer, sizeof(buffer), 0);
		if (len < 0)
			die("recv");
	} while (!take(buffer, len, seen));
}

/* The same of many short answers, of which the last one ends. */
static void receive_many(int fd)
{
	static struct mmsghdr msgs[VECTOR];
	static struct iovec iov[VECTOR];
	bool over = false;

	for (unsigned n = 0; n < VECTOR; n++) {
		iov[n] = (struct iovec){ buffer + n * (BUFFER / VECTOR), BUFFER / VECTOR };
		msgs[n].msg_hdr = (struct msghdr){ .msg_iov = &iov[n], .msg_iovlen = 1 };
	}
	while (!over) {
		int got = recvmmsg(fd, msgs, VECTOR, MSG_WAITFORONE, NULL);

		if (got < 0)
			die("recvmmsg");
		for (int n = 0; n < got; n++)
			over |= take(iov[n].iov_base, msgs[n].msg_len, NULL);
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
	receive(fd, seen);
}

static unsigned devices;
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
	receive(fd, NULL);
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
	receive(fd, take_family);
}

/* The names of offloads, of no device. */
static void ask_strings(int fd)
{
	struct {
		struct nlmsghdr n;
		struct genlmsghdr g;
		struct rtattr header, sets, set, id;
		uint32_t which;
	} q = { .n = { .nlmsg_len = sizeof(q), .nlmsg_type = family,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.g = { .cmd = ETHTOOL_MSG_STRSET_GET, .version = 1 },
		.header = { .rta_len = 4, .rta_type = 1 | NLA_F_NESTED },
		.sets = { .rta_len = 16, .rta_type = ETHTOOL_A_STRSET_STRINGSETS | NLA_F_NESTED },
		.set = { .rta_len = 12, .rta_type = ETHTOOL_A_STRINGSETS_STRINGSET | NLA_F_NESTED },
		.id = { .rta_len = 8, .rta_type = ETHTOOL_A_STRINGSET_ID },
		.which = ETH_SS_FEATURES };

	if (send(fd, &q, sizeof(q), 0) < 0)
		die("send");
	receive(fd, NULL);
}

static int indexes[4096];

static void take_index(const struct nlmsghdr *n)
{
	const struct ifinfomsg *i = NLMSG_DATA(n);

	if (i->ifi_type == ARPHRD_ETHER && devices < sizeof(indexes) / sizeof(*indexes))
		indexes[devices++] = i->ifi_index;
}

/* A question about each device; the last answer is an ack. */
static void ask_each(int fd, int command)
{
	static struct question {
		struct nlmsghdr n;
		struct genlmsghdr g;
		struct rtattr nest, index_head;
		uint32_t index;
		struct rtattr flags_head;
		uint32_t flags;
	} batch[sizeof(indexes) / sizeof(*indexes)];

	for (unsigned d = 0; d < devices; d++)
		batch[d] = (struct question){
			.n = { .nlmsg_len = sizeof(*batch), .nlmsg_type = family,
			       .nlmsg_flags = NLM_F_REQUEST | (d + 1 == devices ? NLM_F_ACK : 0) },
			.g = { .cmd = command, .version = 1 },
			.nest = { .rta_len = 20, .rta_type = 1 | NLA_F_NESTED },
			.index_head = { .rta_len = 8, .rta_type = ETHTOOL_A_HEADER_DEV_INDEX },
			.index = indexes[d],
			.flags_head = { .rta_len = 8, .rta_type = ETHTOOL_A_HEADER_FLAGS },
			.flags = ETHTOOL_FLAG_COMPACT_BITSETS,
		};
	if (!devices)
		return;
	if (send(fd, batch, devices * sizeof(*batch), 0) < 0)
		die("send");
	receive_many(fd);
}

static void read_file(const char *path)
{
	config_t c;

	config_init(&c);
	if (config_read_file(&c, path) != CONFIG_TRUE) {
		fprintf(stderr, "ports: %s:%d: %s\n", path, config_error_line(&c),
			config_error_text(&c));
		exit(2);
	}
	config_destroy(&c);
}

static int read_all(char **files)
{
	/* As tests/bench/ethernet configures. */
	static const int asked[] = {
		ETHTOOL_MSG_LINKMODES_GET, ETHTOOL_MSG_LINKINFO_GET, ETHTOOL_MSG_PAUSE_GET,
		ETHTOOL_MSG_FEC_GET, ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_CHANNELS_GET,
		ETHTOOL_MSG_COALESCE_GET, ETHTOOL_MSG_FEATURES_GET,
	};
	uint64_t begin = now();
	int route = netlink(NETLINK_ROUTE), generic = netlink(NETLINK_GENERIC);

	(void)setsockopt(generic, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 1 << 20 }, sizeof(int));
	for (; *files; files++)
		read_file(*files);
	dump(route, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, take_index);
	dump(route, RTM_GETLINK, sizeof(struct ifinfomsg), AF_BRIDGE, NULL);
	dump(route, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, NULL);
	dump(route, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, NULL);
	dump(route, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, NULL);
	dump(route, RTM_GETQDISC, sizeof(struct tcmsg), AF_UNSPEC, NULL);
	find_family(generic);
	ask_strings(generic);
	for (unsigned n = 0; n < sizeof(asked) / sizeof(*asked); n++)
		dump_ethtool(generic, asked[n], ETHTOOL_FLAG_COMPACT_BITSETS);
	ask_each(generic, ETHTOOL_MSG_LINKSTATE_GET);
	printf("%u\n", (unsigned)(now() - begin));
	fprintf(stderr, "%u devices, %u messages\n", devices, messages);
	return 0;
}

struct setting {
	struct nlmsghdr n;
	struct genlmsghdr g;
	struct rtattr nest, index_head;
	uint32_t index;
	struct rtattr flags_head;
	uint32_t flags;
	struct rtattr value_head;
	uint32_t value;
};

static struct setting setting_of(int command, int attribute, int ifindex, uint32_t value)
{
	return (struct setting){
		.n = { .nlmsg_len = sizeof(struct setting), .nlmsg_type = family,
		       .nlmsg_flags = NLM_F_REQUEST },
		.g = { .cmd = command, .version = 1 },
		.nest = { .rta_len = 20, .rta_type = 1 | NLA_F_NESTED },
		.index_head = { .rta_len = 8, .rta_type = ETHTOOL_A_HEADER_DEV_INDEX },
		.index = ifindex,
		.flags_head = { .rta_len = 8, .rta_type = ETHTOOL_A_HEADER_FLAGS },
		.flags = ETHTOOL_FLAG_OMIT_REPLY,
		.value_head = { .rta_len = 8, .rta_type = attribute }, .value = value,
	};
}

/* Two settings of each device; the links are read first, to know them, and not counted. */
static int write_all(uint32_t value)
{
	static struct setting batch[2 * sizeof(indexes) / sizeof(*indexes)];
	int route = netlink(NETLINK_ROUTE), generic = netlink(NETLINK_GENERIC);
	uint64_t begin;
	unsigned n = 0;

	dump(route, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, take_index);
	(void)setsockopt(generic, SOL_SOCKET, SO_SNDBUFFORCE, &(int){ 1 << 20 }, sizeof(int));
	begin = now();
	find_family(generic);
	for (unsigned d = 0; d < devices; d++) {
		batch[n++] = setting_of(ETHTOOL_MSG_RINGS_SET, ETHTOOL_A_RINGS_RX, indexes[d], value);
		batch[n++] = setting_of(ETHTOOL_MSG_COALESCE_SET, ETHTOOL_A_COALESCE_RX_USECS,
					indexes[d], value);
	}
	if (!n)
		return 0;
	batch[n - 1].n.nlmsg_flags |= NLM_F_ACK;
	if (send(generic, batch, n * sizeof(*batch), 0) < 0)
		die("send");
	receive(generic, NULL);
	printf("%u\n", (unsigned)(now() - begin));
	return 0;
}

static int run(char **argv)
{
	uint64_t begin = now();
	pid_t pid = fork();

	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(2);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	waitpid(pid, NULL, 0);
	printf("%u\n", (unsigned)(now() - begin));
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
	if (argc >= 2 && !strcmp(argv[1], "read"))
		return read_all(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "write"))
		return write_all(strtoul(argv[2], NULL, 10));
	if (argc > 2 && !strcmp(argv[1], "run"))
		return run(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "start"))
		return start(argv + 2);
	fprintf(stderr, "usage: ports read [FILE...] | write N | run PROGRAM [ARGUMENT...] |\n"
			"       start PROGRAM [ARGUMENT...]\n");
	return 2;
}
