// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a change of carrier takes to a client of the bus, beside one of
 * rtnetlink (which is what `ip monitor` is): takes the far end of a veth pair
 * down and up and waits for both to hear of it.
 *
 *	carrier LINK FAR COUNT PAUSE-MS [networkd]
 *
 * Prints, in microseconds from before the request: median, 99th percentile and
 * longest, of both. The pause must leave the daemon's pace alone: 50 ms.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

/* include/uapi/linux/if.h, which cannot be had beside <net/if.h> */
#define LOWER_UP (1 << 16)
#define CHANGES_MAX 10000
#define LIMIT_USEC 2000000

/* Who tells the bus, of what. */
struct teller {
	const char *name, *key;
	char *(*path)(const char *link, int index);
};

static char *netctld_path(const char *link, int index)
{
	char *path;

	(void)index;
	return sd_bus_path_encode("/org/netctl1/link", link, &path) < 0 ? NULL : path;
}

static char *networkd_path(const char *link, int index)
{
	char number[16], *path;

	(void)link;
	snprintf(number, sizeof(number), "%d", index);
	return sd_bus_path_encode("/org/freedesktop/network1/link", number, &path) < 0 ? NULL :
										       path;
}

static const struct teller netctld = {
	.name = "org.netctl1", .key = "Carrier", .path = netctld_path,
}, networkd = {
	.name = "org.freedesktop.network1", .key = "CarrierState", .path = networkd_path,
};

static const struct teller *teller = &netctld;
static bool heard; /* by the bus's client, since the last change */

static void die(const char *what, int error)
{
	fprintf(stderr, "carrier: %s: %s\n", what, strerror(error));
	exit(2);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static int netlink_socket(unsigned groups)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (void *)&self, sizeof(self)) < 0)
		die("netlink", errno);
	return fd;
}

static void set_up(int fd, int index, bool up)
{
	struct {
		struct nlmsghdr n;
		struct ifinfomsg link;
	} q = { .n = { .nlmsg_len = sizeof(q),
		       .nlmsg_type = RTM_NEWLINK,
		       .nlmsg_flags = NLM_F_REQUEST },
		.link = { .ifi_index = index,
			  .ifi_flags = up ? IFF_UP : 0,
			  .ifi_change = IFF_UP } };

	if (send(fd, &q, sizeof(q), 0) < 0)
		die("send", errno);
}

/* Has the kernel told of the link with the carrier as it is to be? */
static bool read_netlink(int fd, int index, bool up)
{
	static char buffer[65536] __attribute__((aligned(8)));
	ssize_t len;
	bool found = false;

	while ((len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		int left = len;

		for (struct nlmsghdr *n = (void *)buffer; NLMSG_OK(n, (unsigned)left);
		     n = NLMSG_NEXT(n, left)) {
			struct ifinfomsg *link = NLMSG_DATA(n);

			found |= n->nlmsg_type == RTM_NEWLINK && link->ifi_index == index &&
				 !!(link->ifi_flags & LOWER_UP) == up;
		}
	}
	return found;
}

/* A boolean; networkd has a word: "carrier", "degraded-carrier" and others with a carrier. */
static int read_carrier(sd_bus_message *m, int *ret)
{
	const char *word;
	int r;

	if (teller == &netctld)
		return sd_bus_message_read(m, "v", "b", ret);
	r = sd_bus_message_read(m, "v", "s", &word);
	if (r >= 0)
		*ret = !strcmp(word, "carrier") || !strcmp(word, "degraded-carrier");
	return r;
}

static int on_signal(sd_bus_message *m, void *up, sd_bus_error *error)
{
	const char *interface, *key;
	int carrier, r;

	(void)error;
	r = sd_bus_message_read(m, "s", &interface);
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0 && !strcmp(key, teller->key)) {
			r = read_carrier(m, &carrier);
			heard |= r >= 0 && carrier == *(bool *)up;
		} else if (r >= 0) {
			r = sd_bus_message_skip(m, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *who, uint32_t *times, unsigned n)
{
	qsort(times, n, sizeof(*times), by_size);
	printf("%-10s median %6u us, 99%% %6u us, longest %6u us\n", who, times[n / 2],
	       times[n * 99 / 100], times[n - 1]);
}

int main(int argc, char **argv)
{
	static uint32_t by_bus[CHANGES_MAX], by_netlink[CHANGES_MAX];
	unsigned count = argc >= 5 ? atoi(argv[3]) : 0, pause = argc >= 5 ? atoi(argv[4]) : 0;
	int ask = netlink_socket(0), listen = netlink_socket(RTMGRP_LINK), link, far, r;
	sd_bus *bus = NULL;
	char *path;
	bool up = false;

	if (!count || count > CHANGES_MAX)
		die("usage: carrier LINK FAR COUNT PAUSE-MS [networkd]", EINVAL);
	if (argc == 6 && !strcmp(argv[5], "networkd"))
		teller = &networkd;
	link = if_nametoindex(argv[1]);
	far = if_nametoindex(argv[2]);
	r = sd_bus_open_system(&bus);
	path = teller->path(argv[1], link);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, teller->name, path,
					"org.freedesktop.DBus.Properties", "PropertiesChanged",
					on_signal, &up);
	if (r < 0)
		die("bus", -r);
	for (unsigned n = 0; n < count; n++, up = !up) {
		uint64_t begun = now(), told = 0, told_bus = 0;

		heard = false;
		set_up(ask, far, up);
		while ((!told || !told_bus) && now() < begun + LIMIT_USEC) {
			struct pollfd p[] = { { listen, POLLIN, 0 }, { sd_bus_get_fd(bus), POLLIN, 0 } };

			(void)poll(p, 2, 100);
			if (!told && read_netlink(listen, link, up))
				told = now() - begun;
			while (sd_bus_process(bus, NULL) > 0)
				;
			if (!told_bus && heard)
				told_bus = now() - begun;
		}
		by_netlink[n] = told ? told : LIMIT_USEC;
		by_bus[n] = told_bus ? told_bus : LIMIT_USEC;
		usleep(pause * 1000);
		(void)read_netlink(listen, link, up);
	}
	print("netlink", by_netlink, count);
	print("bus", by_bus, count);
	free(path);
	sd_bus_flush_close_unref(bus);
	return 0;
}
