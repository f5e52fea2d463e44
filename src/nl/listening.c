// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notifications of all protocols, under our own numbers.
 *
 * What must stay true: that all has been read is told last, since what follows may close the
 * sockets.
 */
#include "nl/listening.h"

#include <netlink/msg.h>

#include "nl/listener.h"

static void deliver(void *data, char *datagram, size_t len)
{
	struct listening *l = data;
	struct nlmsghdr *n = (void *)datagram;
	int left = len;

	for (; nlmsg_ok(n, left); n = nlmsg_next(n, &left)) {
		l->k->counters.notifications++;
		if (n->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		/* A family's number may be that of an RTM_…: both count from 16. */
		if (l->is_generic)
			n->nlmsg_type = genl_own_type(l->ids, n->nlmsg_type);
		l->k->on_message(l->k->data, n);
	}
}

void listening_read(struct listening *l, bool all)
{
	bool lost;

	l->is_generic = false;
	lost = listener_read(l->route, all, deliver, l);
	l->is_generic = true;
	lost |= listener_read(l->generic, all, deliver, l);
	if (!lost)
		return;
	l->k->counters.overruns++;
	l->k->on_overrun(l->k->data);
}

static int on_io(sd_event_source *s _unused_, int fd _unused_, uint32_t revents _unused_,
		 void *data)
{
	struct listening *l = data;

	listening_read(l, false);
	l->k->on_read(l->k->data);
	return 0;
}

static int join(struct listening *l, uint32_t group)
{
	bool generic = genl_is(group >> 16);
	struct listener **to = generic ? &l->generic : &l->route;
	int r = 0;

	if (generic) {
		(void)genl_kernel_type(l->ids, group >> 16);
		group = genl_group(l->ids, group);
	}
	if (!*to)
		r = listener_new(l->event, generic ? NETLINK_GENERIC : NETLINK_ROUTE, on_io, l, to);
	if (r >= 0)
		listener_join(*to, group);
	return r;
}

int listening_begin(struct listening *l, const uint32_t *groups, unsigned n)
{
	int r = 0;

	listening_end(l);
	genl_renew(l->ids);
	for (unsigned i = 0; i < n && r >= 0; i++)
		r = join(l, groups[i]);
	listener_bind(l->route);
	listener_bind(l->generic);
	return r;
}

void listening_end(struct listening *l)
{
	l->route = listener_free(l->route);
	l->generic = listener_free(l->generic);
}

void listening_hold(struct listening *l, bool on)
{
	listener_hold(l->route, on);
	listener_hold(l->generic, on);
}
