// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The least that a daemon on the bus can do when a link changes, beside which
 * netctld is measured: reads a netlink message, and tells the bus of its carrier
 * under netctld's names. It remembers nothing, and bounds nothing.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

/* include/uapi/linux/if.h, which cannot be had beside <net/if.h> */
#define LOWER_UP (1 << 16)

static void die(const char *what, int error)
{
	fprintf(stderr, "minimal: %s: %s\n", what, strerror(error));
	exit(2);
}

static void tell(sd_bus *bus, const struct nlmsghdr *n)
{
	const struct ifinfomsg *link = NLMSG_DATA(n);
	const struct rtattr *a = IFLA_RTA(link);
	int left = IFLA_PAYLOAD(n);
	char *path;

	while (RTA_OK(a, left) && a->rta_type != IFLA_IFNAME)
		a = RTA_NEXT(a, left);
	if (!RTA_OK(a, left) || sd_bus_path_encode("/org/netctl1/link", RTA_DATA(a), &path) < 0)
		return;
	(void)sd_bus_emit_signal(bus, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
				 "sa{sv}as", "org.netctl1.Link", 1, "Carrier", "b",
				 !!(link->ifi_flags & LOWER_UP), 0);
	free(path);
}

static int on_netlink(sd_event_source *s, int fd, uint32_t revents, void *bus)
{
	static char buffer[65536] __attribute__((aligned(8)));
	int left = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	(void)s;
	(void)revents;
	for (struct nlmsghdr *n = (void *)buffer; left > 0 && NLMSG_OK(n, (unsigned)left);
	     n = NLMSG_NEXT(n, left))
		if (n->nlmsg_type == RTM_NEWLINK)
			tell(bus, n);
	return 0;
}

int main(void)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;
	sd_event *event = NULL;
	sd_bus *bus = NULL;

	if (fd < 0 || bind(fd, (void *)&self, sizeof(self)) < 0)
		die("netlink", errno);
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_request_name(bus, "org.netctl1", 0);
	if (r >= 0)
		r = sd_bus_attach_event(bus, event, 0);
	if (r >= 0)
		r = sd_event_add_io(event, NULL, fd, EPOLLIN, on_netlink, bus);
	if (r >= 0)
		r = sd_event_loop(event);
	if (r < 0)
		die("bus", -r);
	return 0;
}
