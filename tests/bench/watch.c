// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command in an empty network namespace and tells when all that it
 * should make was in the kernel.
 *
 * The one processor that the lab has is the command's: nothing here runs while
 * it does. A BPF program on a netlink socket looks at each notification where
 * the kernel sends it, in the time of the command, notes the clock and drops
 * it; nothing is queued and nobody is woken. The notes are read afterwards
 * (or, for a daemon that does not end, every 20 ms).
 *
 * What counts as made: a link when it is first told to be up, an IPv4 address
 * when its link is first told to have one, VLANs of ports when the last change
 * of any was told. Whether it all is there is then asked for with dumps.
 *
 * Prints one line of numbers: seconds from exec to everything in the kernel
 * (-1: never), seconds to the command's end, its peak memory in KiB, its user
 * and system time in seconds, its page faults, its exit status, then links
 * that are up, IPv4 addresses, (port, VLAN) pairs; and with --count the
 * netlink requests that change something, and the dumps.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/watch-notes.h"

#ifndef IFLA_BRIDGE_VLAN_INFO
#define IFLA_BRIDGE_VLAN_INFO 2
#endif

struct seen {
	unsigned links, addresses, pairs;
};

static double started, ended; /* s; CLOCK_MONOTONIC */
static double *exec_time;     /* shared with the child */

void die(const char *what)
{
	fprintf(stderr, "watch: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- dumps and requests of our own */

static int request_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), on = 1;

	if (fd < 0)
		die("netlink");
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

static void *find(struct nlmsghdr *n, size_t header, int attr, unsigned *ret_len)
{
	struct rtattr *a = (void *)((char *)NLMSG_DATA(n) + NLMSG_ALIGN(header));
	int left = n->nlmsg_len - NLMSG_SPACE(header);

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) == attr) {
			*ret_len = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	return NULL;
}

static unsigned count_pairs(struct nlmsghdr *n)
{
	unsigned len = 0, pairs = 0, first = 0;
	struct rtattr *a = find(n, sizeof(struct ifinfomsg), IFLA_AF_SPEC, &len);

	for (int left = len; a && RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		struct bridge_vlan_info *v = RTA_DATA(a);

		if (a->rta_type != IFLA_BRIDGE_VLAN_INFO)
			continue;
		if (v->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN)
			first = v->vid;
		else
			pairs += v->flags & BRIDGE_VLAN_INFO_RANGE_END ? v->vid - first + 1 : 1;
	}
	return pairs;
}

static bool is_nlmon(struct nlmsghdr *n)
{
	unsigned len = 0;
	const char *name = find(n, sizeof(struct ifinfomsg), IFLA_IFNAME, &len);

	return name && !strcmp(name, "bench-nlmon");
}

static void take(struct nlmsghdr *n, struct seen *s)
{
	struct ifinfomsg *link = NLMSG_DATA(n);
	struct ifaddrmsg *address = NLMSG_DATA(n);

	if (n->nlmsg_type == RTM_NEWADDR)
		s->addresses += address->ifa_family == AF_INET && address->ifa_index != 1;
	else if (n->nlmsg_type == RTM_NEWLINK && link->ifi_family == AF_BRIDGE)
		s->pairs += count_pairs(n);
	else if (n->nlmsg_type == RTM_NEWLINK)
		s->links += link->ifi_index != 1 && (link->ifi_flags & IFF_UP) && !is_nlmon(n);
}

static void dump(int fd, int type, int family, size_t header, unsigned mask, struct seen *s)
{
	static char buffer[65536] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr n;
		char header[sizeof(struct ifinfomsg)];
		char attr[RTA_LENGTH(4)];
	} q = { .n = { .nlmsg_len = NLMSG_LENGTH(header),
		       .nlmsg_type = type,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	bool done = false;

	q.header[0] = family;
	if (mask) {
		struct rtattr a = { RTA_LENGTH(4), IFLA_EXT_MASK };

		memcpy((char *)&q + q.n.nlmsg_len, &a, sizeof(a));
		memcpy((char *)&q + q.n.nlmsg_len + sizeof(a), &mask, sizeof(mask));
		q.n.nlmsg_len += RTA_LENGTH(4);
	}
	if (send(fd, &q, q.n.nlmsg_len, 0) < 0)
		die("dump");
	while (!done) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);
		int left = len;

		if (len < 0)
			die("dump");
		for (struct nlmsghdr *n = (void *)buffer; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			done |= n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR;
			take(n, s);
		}
	}
}

static struct seen look(int fd, bool pairs)
{
	struct seen s = { 0 };

	dump(fd, RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), RTEXT_FILTER_SKIP_STATS, &s);
	dump(fd, RTM_GETADDR, AF_INET, sizeof(struct ifaddrmsg), 0, &s);
	if (pairs)
		dump(fd, RTM_GETLINK, AF_BRIDGE, sizeof(struct ifinfomsg),
		     RTEXT_FILTER_BRVLAN_COMPRESSED, &s);
	return s;
}

struct change {
	struct nlmsghdr n;
	struct ifinfomsg info;
	char attrs[256];
};

static void put(struct change *c, int type, const void *data, unsigned len)
{
	struct rtattr *a = (void *)((char *)c + NLMSG_ALIGN(c->n.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	c->n.nlmsg_len = NLMSG_ALIGN(c->n.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static int ask(int fd, struct change *c)
{
	struct {
		struct nlmsghdr n;
		struct nlmsgerr e;
		char more[1024];
	} reply;

	if (send(fd, c, c->n.nlmsg_len, 0) < 0 || recv(fd, &reply, sizeof(reply), 0) < 0)
		die("netlink");
	errno = -reply.e.error;
	return reply.e.error;
}

static struct change new_change(int type, int flags)
{
	return (struct change){
		.n = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		       .nlmsg_type = type,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags },
	};
}

/* All at once, and now: the namespace's own end would be later, in the next one's time. */
static void delete_all(int fd)
{
	struct change c = new_change(RTM_NEWLINK, 0);
	uint32_t group = 1; /* the kernel does not delete group 0 */
	struct if_nameindex *names = if_nameindex();

	if (!names)
		die("if_nameindex");
	put(&c, IFLA_GROUP, &group, sizeof(group));
	for (struct if_nameindex *i = names; i->if_index; i++) {
		c.info.ifi_index = i->if_index;
		if (i->if_index != 1 && ask(fd, &c) < 0)
			die(i->if_name);
	}
	if_freenameindex(names);
	c = new_change(RTM_DELLINK, 0);
	put(&c, IFLA_GROUP, &group, sizeof(group));
	if (ask(fd, &c) < 0 && errno != ENODEV)
		die("deleting the links");
}

/* --- what is sent, by a device that sees all netlink messages */

static int open_monitor(int fd)
{
	struct change c = new_change(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct {
		struct rtattr a;
		char kind[8];
	} kind = { { RTA_LENGTH(6), 1 /* IFLA_INFO_KIND */ }, "nlmon" };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int packets = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), size = 64 << 20;

	c.info.ifi_flags = c.info.ifi_change = IFF_UP;
	put(&c, IFLA_IFNAME, "bench-nlmon", sizeof("bench-nlmon"));
	put(&c, IFLA_LINKINFO, &kind, sizeof(kind));
	if (ask(fd, &c) < 0)
		die("nlmon");
	setsockopt(packets, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	to.sll_ifindex = if_nametoindex("bench-nlmon");
	if (bind(packets, (void *)&to, sizeof(to)) < 0)
		die("nlmon socket");
	return packets;
}

static void count_requests(int packets, unsigned *requests, unsigned *dumps)
{
	static char buffer[256 << 10] __attribute__((aligned(8)));
	ssize_t len;

	while ((len = recv(packets, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		int left = len;

		for (struct nlmsghdr *n = (void *)buffer; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			if (!(n->nlmsg_flags & NLM_F_REQUEST) || n->nlmsg_type < RTM_BASE)
				continue;
			/* RTM_GET… is 2 in every group of four. */
			if ((n->nlmsg_type - RTM_BASE) % 4 == 2)
				*dumps += (n->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
			else
				++*requests;
		}
	}
}

/* --- the command */

static pid_t start(char **argv, const char *log)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0) {
		dup2(fd, 1);
		dup2(fd, 2);
	}
	if (!*exec_time)
		*exec_time = now();
	execvp(argv[0], argv);
	_exit(127);
}

static bool complete(int fd, const struct seen *want)
{
	struct seen s;

	if (note(LINKS) < want->links || note(ADDRESSES) < want->addresses ||
	    (want->pairs && !note(VLANS)))
		return false;
	s = look(fd, want->pairs);
	return s.links >= want->links && s.addresses >= want->addresses && s.pairs >= want->pairs;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

/* A daemon: until all is there or the time is over. */
static void wait_for(pid_t pid, int fd, const struct seen *want, double limit)
{
	struct timespec pause = { 0, 20 * 1000 * 1000 };
	double end = now() + limit;

	while (now() < end && !complete(fd, want) && !has_ended(pid))
		nanosleep(&pause, NULL);
	kill(pid, SIGTERM);
}

/* The commands are separated by a single comma. */
static int run_all(char **argv, const char *log, bool daemon, int fd, const struct seen *want,
		   double limit, struct rusage *usage)
{
	int status = 0;

	while (*argv && !status) {
		char **end = argv, *comma;
		struct rusage u;
		pid_t pid;

		while (*end && strcmp(*end, ","))
			end++;
		comma = *end;
		*end = NULL;
		pid = start(argv, log);
		if (daemon)
			wait_for(pid, fd, want, limit);
		if (wait4(pid, &status, 0, &u) < 0)
			die("wait4");
		if (u.ru_maxrss > usage->ru_maxrss)
			usage->ru_maxrss = u.ru_maxrss;
		usage->ru_minflt += u.ru_minflt;
		timeradd(&usage->ru_utime, &u.ru_utime, &usage->ru_utime);
		timeradd(&usage->ru_stime, &u.ru_stime, &usage->ru_stime);
		argv = comma ? end + 1 : end;
	}
	ended = now();
	started = *exec_time;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static double in_kernel(const struct seen *s, const struct seen *want)
{
	uint64_t last = 0;

	if (s->links != want->links || s->addresses != want->addresses || s->pairs != want->pairs)
		return -1;
	for (unsigned n = LINKS_TIME; n < NOTES; n += 2)
		if (note(n) > last)
			last = note(n);
	return last ? last / 1e9 - started : 0;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static void empty_namespace(bool read_only_sys)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		die("unshare");
	if (!read_only_sys)
		return;
	/* Daemons take this for a place without udev, and do not wait for it. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", MS_RDONLY, NULL) < 0)
		die("/sys");
}

static void usage(void)
{
	fputs("watch [OPTION]... -- COMMAND... [, COMMAND...]\n"
	      "  -e, --expect LINKS,ADDRESSES,PAIRS  what there is when it is done\n"
	      "  -d, --daemon      it does not end: end it when all is there\n"
	      "  -l, --limit SEC   with --daemon: at most that long (default 60)\n"
	      "  -b, --before CMD  run by a shell first, without measuring\n"
	      "  -c, --count       count requests\n"
	      "  -o, --output FILE append what it prints to FILE (default /dev/null)\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "expect", 1, NULL, 'e' }, { "daemon", 0, NULL, 'd' }, { "limit", 1, NULL, 'l' },
		{ "before", 1, NULL, 'b' }, { "count", 0, NULL, 'c' },	{ "output", 1, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct seen want = { 0 }, have;
	const char *before = NULL, *log = "/dev/null";
	bool daemon = false, count = false;
	unsigned requests = 0, dumps = 0;
	struct rusage u = { 0 };
	double limit = 60;
	int c, fd, packets = -1, status;

	while ((c = getopt_long(argc, argv, "+e:dl:b:co:", options, NULL)) >= 0)
		switch (c) {
		case 'e':
			if (sscanf(optarg, "%u,%u,%u", &want.links, &want.addresses, &want.pairs) !=
			    3)
				usage();
			break;
		case 'd':
			daemon = true;
			break;
		case 'l':
			limit = atof(optarg);
			break;
		case 'b':
			before = optarg;
			break;
		case 'c':
			count = true;
			break;
		case 'o':
			log = optarg;
			break;
		default:
			usage();
		}
	if (optind == argc)
		usage();
	exec_time = mmap(NULL, sizeof(*exec_time), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*exec_time = 0;
	empty_namespace(daemon);
	fd = request_socket();
	if (before && system(before))
		die(before);
	if (count)
		packets = open_monitor(fd);
	listen_with_program();
	status = run_all(argv + optind, log, daemon, fd, &want, limit, &u);
	if (count)
		count_requests(packets, &requests, &dumps);
	have = look(fd, true);
	printf("%.6f %.6f %ld %.3f %.3f %ld %d %u %u %u", in_kernel(&have, &want), ended - started,
	       u.ru_maxrss, seconds(u.ru_utime), seconds(u.ru_stime), u.ru_minflt, status,
	       have.links, have.addresses, have.pairs);
	if (count)
		printf(" %u %u", requests, dumps);
	putchar('\n');
	delete_all(fd);
	return 0;
}
