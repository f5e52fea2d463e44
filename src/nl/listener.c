// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Notifications. They have sockets of their own, so that an overrun cannot
 * cost an answer, and are read many to a system call.
 *
 * In a storm they are left to gather for a moment: a turn of the loop for each
 * would cost many times what reading them costs, and the socket holds thousands.
 *
 * What must stay true: whatever is not delivered is told as lost, once.
 */
#include "nl/listener.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "nl/rtnl.h"
#include "nl/uapi.h"
#include "util/log.h"
#include "util/pace.h"

#define NOTIFY_RCVBUF (16 << 20)
/* Read in one turn before others get theirs. */
#define NOTIFY_PER_TURN 4096
#define NOTIFY_VECTOR 16
#define NOTIFY_BYTES 16384
/* What one event causes. When there is no more again, the memory of a storm is given back. */
#define NOTIFY_FEW 8
/* So often at once, and then so far apart: nobody sees 10 ms of a storm. */
#define WAKE_BURST 100
#define WAKE_USEC UINT64_C(10000)

struct listener {
	int protocol;
	int fd;
	uint32_t groups; /* to be joined: a bit for each of the first 32 */
	sd_event_source *source, *rested;
	uint64_t pace;
	sd_event_io_handler_t on_io;
	void *data;
	char *vectors; /* NOTIFY_VECTOR times NOTIFY_BYTES */
	int used;      /* of them, at most, since they were given back */
	bool woken;    /* there is something to read */
};

static int on_rested(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	struct listener *l = data;

	return sd_event_source_set_enabled(l->source, SD_EVENT_ON);
}

static void rest(struct listener *l)
{
	uint64_t now = 0, due = UINT64_MAX;

	(void)sd_event_now(sd_event_source_get_event(l->source), CLOCK_MONOTONIC, &now);
	if (pace_allows(&l->pace, now, WAKE_USEC, WAKE_BURST, &due) ||
	    sd_event_source_set_time(l->rested, due) < 0 ||
	    sd_event_source_set_enabled(l->rested, SD_EVENT_ONESHOT) < 0)
		return;
	sd_event_source_set_enabled(l->source, SD_EVENT_OFF);
}

/* The handler may free the listener. */
static int on_wake(sd_event_source *s, int fd, uint32_t revents, void *data)
{
	struct listener *l = data;

	rest(l);
	l->woken = true;
	return l->on_io(s, fd, revents, l->data);
}

int listener_new(sd_event *event, int protocol, sd_event_io_handler_t on_io, void *data,
		 struct listener **ret)
{
	struct listener *l = new0(struct listener);
	int r = l->fd = rtnl_open_socket(protocol, NOTIFY_RCVBUF);

	l->protocol = protocol;
	l->on_io = on_io;
	l->data = data;
	if (r >= 0)
		r = sd_event_add_io(event, &l->source, l->fd, EPOLLIN, on_wake, l);
	if (r >= 0)
		r = sd_event_add_time(event, &l->rested, CLOCK_MONOTONIC, 0, WAKE_USEC / 10,
				      on_rested, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->rested, SD_EVENT_OFF);
	if (r < 0) {
		listener_free(l);
		return r;
	}
	l->vectors = mem_pages(NOTIFY_VECTOR * NOTIFY_BYTES);
	*ret = l;
	return 0;
}

struct listener *listener_free(struct listener *l)
{
	if (!l)
		return NULL;
	sd_event_source_disable_unref(l->source);
	sd_event_source_disable_unref(l->rested);
	closep(&l->fd);
	mem_pages_free(l->vectors, NOTIFY_VECTOR * NOTIFY_BYTES);
	free(l);
	return NULL;
}

static void join(struct listener *l, uint32_t group)
{
	if (setsockopt(l->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		/* Its dump still tells. */
		log_debug("netlink group %u: %s", group, strerror(errno));
}

void listener_join(struct listener *l, uint32_t group)
{
	if (!group)
		log_debug("a netlink group is not there");
	else if (group > 32)
		join(l, group);
	else
		l->groups |= UINT32_C(1) << (group - 1);
}

void listener_bind(struct listener *l)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK, .nl_groups = l ? l->groups : 0 };

	/* Without a port it is not told what the kernel does by itself (do_one_broadcast()). */
	if (!l || bind(l->fd, (void *)&own, sizeof(own)) >= 0)
		return;
	own.nl_groups = 0;
	(void)bind(l->fd, (void *)&own, sizeof(own));
	for (uint32_t group = 1; group <= 32; group++) /* without the one that it refuses */
		if (l->groups & (UINT32_C(1) << (group - 1)))
			join(l, group);
}

void listener_hold(struct listener *l, bool on)
{
	if (!l)
		return;
	sd_event_source_set_enabled(l->rested, SD_EVENT_OFF);
	sd_event_source_set_enabled(l->source, on ? SD_EVENT_OFF : SD_EVENT_ON);
}

static const struct ifinfomsg *link_of(const struct mmsghdr *m)
{
	const struct nlmsghdr *h = m->msg_hdr.msg_iov->iov_base;

	return m->msg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)) &&
	       h->nlmsg_type == RTM_NEWLINK && h->nlmsg_len == m->msg_len ?
		       NLMSG_DATA(h) : NULL;
}

/*
 * A link is told of as a whole (rtnl_fill_ifinfo()), so of two that follow each other only the
 * second counts, if the same hand did both. With anything between them the first one counts too:
 * what is between may refer to the link. One that is shorter may be another thing:
 * wireless_send_event() tells little more than the name. And a link that was down has lost its
 * routes, of which the kernel does not tell (fib_flush()), though it is up again.
 */
static bool is_outdated(const struct mmsghdr *msgs, int i, int n)
{
	const struct ifinfomsg *link = link_of(&msgs[i]), *next;
	const struct nlmsghdr *h, *next_h;

	if (!link || link->ifi_family != AF_UNSPEC || i + 1 == n)
		return false;
	next = link_of(&msgs[i + 1]);
	if (!next || (next->ifi_flags & ~link->ifi_flags & IFF_UP))
		return false;
	h = msgs[i].msg_hdr.msg_iov->iov_base;
	next_h = msgs[i + 1].msg_hdr.msg_iov->iov_base;
	return next->ifi_family == AF_UNSPEC && next->ifi_index == link->ifi_index &&
	       next_h->nlmsg_pid == h->nlmsg_pid && next_h->nlmsg_len >= h->nlmsg_len;
}

/* Return: how many datagrams were read; less than NOTIFY_VECTOR: no more. */
static int read_vector(struct listener *l, void (*fn)(void *data, char *datagram, size_t len),
		       void *data, bool *lost)
{
	struct mmsghdr msgs[NOTIFY_VECTOR] = { 0 };
	struct sockaddr_nl from[NOTIFY_VECTOR];
	struct iovec iov[NOTIFY_VECTOR];
	int n;

	for (unsigned i = 0; i < NOTIFY_VECTOR; i++) {
		iov[i] = (struct iovec){ l->vectors + i * NOTIFY_BYTES, NOTIFY_BYTES };
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	n = recvmmsg(l->fd, msgs, NOTIFY_VECTOR, MSG_DONTWAIT, NULL);
	if (n < 0) {
		*lost |= errno == ENOBUFS;
		return errno == EINTR ? NOTIFY_VECTOR : 0;
	}
	for (int i = 0; i < n; i++) {
		if (from[i].nl_pid)
			continue; /* only the kernel is believed */
		/* Cut short or empty: something was not told. */
		if (!msgs[i].msg_len || (msgs[i].msg_hdr.msg_flags & MSG_TRUNC))
			*lost = true;
		else if (l->protocol != NETLINK_ROUTE || !is_outdated(msgs, i, n))
			fn(data, iov[i].iov_base, msgs[i].msg_len);
	}
	return n;
}

bool listener_read(struct listener *l, bool all,
		   void (*fn)(void *data, char *datagram, size_t len), void *data)
{
	bool lost = false;
	int total = 0, n;

	if (!l || (!all && !l->woken))
		return false;
	l->woken = false;
	do {
		n = read_vector(l, fn, data, &lost);
		total += n;
		l->used = max_of(l->used, n);
	} while (n == NOTIFY_VECTOR && total < NOTIFY_PER_TURN);
	if ((all || total < NOTIFY_FEW) && l->used > NOTIFY_FEW) {
		mem_pages_relax(l->vectors, NOTIFY_VECTOR * NOTIFY_BYTES);
		l->used = 0;
	}
	return lost;
}
