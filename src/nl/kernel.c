// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel, over two rtnetlink sockets and /proc/sys.
 *
 * One socket carries requests and dumps, the other notifications, so that an
 * overrun of the one can not cost an answer on the other.
 *
 * Requests are gathered into one buffer and leave in one sendmsg(): rtnetlink
 * carries them out in order within that call (netlink_rcv_skb()) and answers
 * each failure at once, asked for or not; so only the last one of a batch
 * asks for an ack, and all before it that were not answered have succeeded.
 * A batch is bounded in bytes, because the call takes as long as the kernel
 * works on it and the loop must turn.
 *
 * What must stay true: every request and every dump that was accepted is
 * answered exactly once, in order.
 */
#include "nl/kernel.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "nl/files.h"
#include "nl/place.h"
#include "nl/rtnl.h"
#include "nl/uapi.h"
#include "util/log.h"

/*
 * A batch begins small and grows while the kernel is quick with it: larger ones
 * than this save nothing more, and none shall keep the loop from turning long.
 */
#define BATCH_FIRST 64
#define BATCH_MAX 1024
#define BATCH_BYTES_MAX (64 * 1024)
#define BATCH_USEC 20000
#define REQUEST_RCVBUF (4 << 20)
#define NOTIFY_RCVBUF (16 << 20)
/* netlink_dump() fills at most 32 KiB a datagram; one buffer of twice that serves all. */
#define RECEIVE_BYTES (64 * 1024)
/* Notifications read in one turn before others get theirs. */
#define NOTIFY_PER_TURN 4096
#define NOTIFY_VECTOR 16
#define NOTIFY_BYTES 16384

struct pending {
	reply_fn fn;
	void *data;
	size_t offset; /* of its message in the batch */
	uint32_t seq;
	int error;
	char *text;
};

struct dump {
	struct dump *next;
	struct nlmsghdr *request;
	message_fn fn;
	done_fn done;
	void *data;
	bool interrupted;
};

struct linux_kernel {
	struct kernel k;
	struct nl_sock *request_sock, *notify_sock;
	sd_event_source *request_source, *notify_source, *later;
	uint32_t seq;

	/* The batch: [sent … n) are queued, [0 … sent) are on their way. */
	char *batch;
	size_t batch_bytes, batch_size;
	unsigned batch_limit; /* messages */
	struct pending *pending;
	unsigned n, sent;
	bool flush; /* what is queued may leave */

	struct dump *dumps, **last_dump;
	bool dumping, overrun, advancing;

	char *buffer;  /* RECEIVE_BYTES, for answers */
	char *vectors; /* NOTIFY_VECTOR times NOTIFY_BYTES, while listening */
};

static void advance(struct linux_kernel *lk);

static int request_fd(struct linux_kernel *lk)
{
	return nl_socket_get_fd(lk->request_sock);
}

static void answer(struct pending *p)
{
	p->fn(p->data, p->error, p->text);
	free(p->text);
	p->text = NULL;
}

/* Answer in order; what answering queues goes into the next batch. */
static void finish_batch(struct linux_kernel *lk)
{
	struct pending *batch = TAKE_PTR(lk->pending);
	unsigned n = lk->sent, rest = lk->n - lk->sent;

	lk->pending = NULL;
	if (rest) {
		size_t base = batch[n].offset;

		for (unsigned i = 0; i < rest; i++) {
			lk->pending = array_reserve(lk->pending, i, sizeof(*lk->pending));
			lk->pending[i] = batch[n + i];
			lk->pending[i].offset -= base;
		}
		memmove(lk->batch, lk->batch + base, lk->batch_bytes - base);
		lk->batch_bytes -= base;
	} else {
		lk->batch_bytes = 0;
	}
	lk->n = rest;
	lk->sent = 0;
	for (unsigned i = 0; i < n; i++)
		answer(&batch[i]);
	free(batch);
	advance(lk);
}

static void fail_batch(struct linux_kernel *lk, int error)
{
	for (unsigned i = 0; i < lk->sent; i++)
		lk->pending[i].error = error;
	finish_batch(lk);
}

static bool is_place(const struct linux_kernel *lk, unsigned i)
{
	return place_is(lk->batch + lk->pending[i].offset);
}

/* Deleting a device waits for RCU grace periods, tens of milliseconds: by itself. */
static bool is_slow(const struct linux_kernel *lk, unsigned i)
{
	const struct nlmsghdr *h = (void *)(lk->batch + lk->pending[i].offset);
	const struct rtgenmsg *g = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_DELLINK && g->rtgen_family == AF_UNSPEC;
}

/* How many of the queued requests leave in one sendmsg(), and how many bytes they are. */
static unsigned batch_span(const struct linux_kernel *lk, size_t *bytes)
{
	unsigned i;

	for (i = 1; i < lk->n; i++)
		if (i >= lk->batch_limit || lk->pending[i].offset > BATCH_BYTES_MAX ||
		    is_place(lk, i) || is_slow(lk, i - 1) || is_slow(lk, i))
			break;
	*bytes = i < lk->n ? lk->pending[i].offset : lk->batch_bytes;
	return i;
}

static uint64_t clock_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

static void adapt_batch(struct linux_kernel *lk, uint64_t usec)
{
	if (usec > BATCH_USEC && lk->batch_limit > 1)
		lk->batch_limit /= 2;
	else if (usec < BATCH_USEC / 4 && lk->batch_limit < BATCH_MAX)
		lk->batch_limit *= 2;
}

static void send_batch(struct linux_kernel *lk)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec iov = { .iov_base = lk->batch };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1,
	};
	struct nlmsghdr *h = NULL;
	uint64_t begin;
	ssize_t r;

	lk->sent = batch_span(lk, &iov.iov_len);
	for (unsigned i = 0; i < lk->sent; i++) {
		h = (struct nlmsghdr *)(lk->batch + lk->pending[i].offset);
		h->nlmsg_seq = lk->pending[i].seq = ++lk->seq;
	}
	h->nlmsg_flags |= NLM_F_ACK;
	begin = clock_usec();
	r = sendmsg(request_fd(lk), &msg, 0);
	adapt_batch(lk, clock_usec() - begin);
	if (r < 0)
		fail_batch(lk, -errno);
}

static int on_later(sd_event_source *s _unused_, void *data)
{
	advance(data);
	return 0;
}

static void advance_later(struct linux_kernel *lk)
{
	sd_event_source_set_enabled(lk->later, SD_EVENT_ONESHOT);
}

static void run_place(struct linux_kernel *lk)
{
	lk->pending[0].error = place_run(lk->batch, lk->k.xdp, &lk->pending[0].text);
	lk->sent = 1;
	finish_batch(lk);
}

static void start_dump(struct linux_kernel *lk)
{
	struct dump *d = lk->dumps;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	lk->dumping = true;
	d->request->nlmsg_seq = ++lk->seq;
	/* An ack ends the answer for one object as NLMSG_DONE ends a dump. */
	d->request->nlmsg_flags = NLM_F_REQUEST |
				  (d->request->nlmsg_flags & NLM_F_ACK ? NLM_F_ACK : NLM_F_DUMP);
	if (sendto(request_fd(lk), d->request, d->request->nlmsg_len, 0, (void *)&to,
		   sizeof(to)) >= 0)
		return;
	lk->dumping = false;
	lk->dumps = d->next;
	if (!lk->dumps)
		lk->last_dump = &lk->dumps;
	d->done(d->data, -errno);
	free(d->request);
	free(d);
	advance_later(lk);
}

/* Start whatever may start now: one batch or one dump at a time. Return: it is done already. */
static bool advance_once(struct linux_kernel *lk)
{
	if (lk->sent || lk->dumping)
		return false;
	if (lk->n && lk->flush) {
		if (is_place(lk, 0)) {
			run_place(lk);
			return true;
		}
		send_batch(lk);
		return !lk->sent;
	}
	if (!lk->n)
		lk->flush = false;
	if (lk->dumps)
		start_dump(lk);
	return false;
}

/* Answers lead here again: the loop, not the stack, carries a long queue. */
static void advance(struct linux_kernel *lk)
{
	if (lk->advancing)
		return;
	lk->advancing = true;
	while (advance_once(lk))
		;
	lk->advancing = false;
}

static char *batch_room(struct linux_kernel *lk, size_t bytes)
{
	while (lk->batch_size - lk->batch_bytes < bytes) {
		lk->batch_size = lk->batch_size ? 2 * lk->batch_size : 2 * BATCH_BYTES_MAX;
		lk->batch = mem_grow(lk->batch, lk->batch_size);
	}
	return lk->batch + lk->batch_bytes;
}

static void linux_submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	struct nlmsghdr *h;
	size_t bytes;

	bytes = r->channel == CHANNEL_RTNL ? r->nlh->nlmsg_len : place_size(r);
	h = (void *)batch_room(lk, NLMSG_ALIGN(bytes));
	if (r->channel == CHANNEL_RTNL) {
		memcpy(h, r->nlh, NLMSG_ALIGN(bytes));
		h->nlmsg_flags |= NLM_F_REQUEST;
	} else {
		place_put(h, bytes, r);
	}
	h->nlmsg_pid = 0;
	lk->pending = array_reserve(lk->pending, lk->n, sizeof(*lk->pending));
	lk->pending[lk->n++] = (struct pending){
		.fn = fn, .data = data, .offset = lk->batch_bytes,
	};
	lk->batch_bytes += NLMSG_ALIGN(bytes);
}

static void linux_flush(struct kernel *k)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);

	lk->flush = true;
	advance_later(lk);
}

static void linux_dump(struct kernel *k, const struct nlmsghdr *n, message_fn fn, done_fn done,
		       void *data)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	struct dump *d = new0(struct dump);

	d->request = mem_dup(n, NLMSG_ALIGN(n->nlmsg_len));
	d->fn = fn;
	d->done = done;
	d->data = data;
	*lk->last_dump = d;
	lk->last_dump = &d->next;
	advance_later(lk);
}

static struct pending *find_pending(struct linux_kernel *lk, uint32_t seq)
{
	/* The sequence numbers of a batch run without gaps. */
	uint32_t i = lk->sent ? seq - lk->pending[0].seq : UINT32_MAX;

	return i < lk->sent ? &lk->pending[i] : NULL;
}

static void end_dump(struct linux_kernel *lk, int error)
{
	struct dump *d = lk->dumps;

	lk->dumping = false;
	lk->dumps = d->next;
	if (!lk->dumps)
		lk->last_dump = &lk->dumps;
	d->done(d->data, !error && d->interrupted ? -EINTR : error);
	free(d->request);
	free(d);
	advance(lk);
}

/* Return: this message ended the batch or dump, and with it what the buffer may be read for. */
static bool take_answer(struct linux_kernel *lk, const struct nlmsghdr *n)
{
	struct dump *d = lk->dumping ? lk->dumps : NULL;
	const struct nlmsgerr *e = NLMSG_DATA(n);
	struct pending *p;

	if (d && n->nlmsg_seq == d->request->nlmsg_seq) {
		if (n->nlmsg_flags & NLM_F_DUMP_INTR)
			d->interrupted = true;
		if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR) {
			int error = NLMSG_PAYLOAD(n, 0) >= (int)sizeof(int) ? *(int *)e : 0;

			end_dump(lk, error);
			return true;
		}
		d->fn(d->data, n);
		return false;
	}
	p = find_pending(lk, n->nlmsg_seq);
	if (!p || n->nlmsg_type != NLMSG_ERROR || NLMSG_PAYLOAD(n, 0) < (int)sizeof(*e))
		return false;
	p->error = e->error;
	if (!p->text)
		p->text = rtnl_extack_text(n);
	if (p != &lk->pending[lk->sent - 1])
		return false;
	finish_batch(lk);
	return true;
}

static int on_request_io(sd_event_source *s _unused_, int fd, uint32_t revents _unused_, void *data)
{
	struct linux_kernel *lk = data;
	const struct nlmsghdr *n;
	ssize_t len;
	int left;

	/* Bounded by what was asked for: one batch or dump is under way at a time. */
	for (unsigned turns = 0; turns < 64; turns++) {
		struct sockaddr_nl from;
		socklen_t size = sizeof(from);

		len = recvfrom(fd, lk->buffer, RECEIVE_BYTES, MSG_DONTWAIT, (void *)&from, &size);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			/* An answer is lost: which one is not known, so none can be believed. */
			lk->k.counters.overruns++;
			if (lk->dumping)
				end_dump(lk, -EINTR);
			else if (lk->sent)
				fail_batch(lk, -ENOBUFS);
			continue;
		}
		if (len < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (size != sizeof(from) || from.nl_pid)
			continue; /* only the kernel is believed */
		left = len;
		for (n = (void *)lk->buffer; NLMSG_OK(n, (unsigned)left); n = NLMSG_NEXT(n, left))
			if (take_answer(lk, n))
				break;
	}
	return 0;
}

static unsigned deliver(struct linux_kernel *lk, const char *data, size_t len)
{
	const struct nlmsghdr *n = (const void *)data;
	unsigned count = 0;
	int left = len;

	for (; NLMSG_OK(n, (unsigned)left); n = NLMSG_NEXT(n, left), count++)
		if (n->nlmsg_type >= NLMSG_MIN_TYPE)
			lk->k.on_message(lk->k.data, n);
	lk->k.counters.notifications += count;
	return count;
}

/* Return: how many datagrams were read; 0: no more. */
static int read_vector(struct linux_kernel *lk)
{
	struct mmsghdr msgs[NOTIFY_VECTOR] = { 0 };
	struct sockaddr_nl from[NOTIFY_VECTOR];
	struct iovec iov[NOTIFY_VECTOR];
	int n;

	for (unsigned i = 0; i < NOTIFY_VECTOR; i++) {
		iov[i] = (struct iovec){ lk->vectors + i * NOTIFY_BYTES, NOTIFY_BYTES };
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	n = recvmmsg(nl_socket_get_fd(lk->notify_sock), msgs, NOTIFY_VECTOR, MSG_DONTWAIT, NULL);
	if (n < 0) {
		lk->overrun |= errno == ENOBUFS;
		return errno == EINTR;
	}
	for (int i = 0; i < n; i++) {
		if (from[i].nl_pid)
			continue;
		/* Cut short or empty: something was not told. */
		if (!msgs[i].msg_len || (msgs[i].msg_hdr.msg_flags & MSG_TRUNC))
			lk->overrun = true;
		else
			deliver(lk, iov[i].iov_base, msgs[i].msg_len);
	}
	return n;
}

static void linux_read_notifications(struct kernel *k)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	int total = 0, n;

	if (!lk->vectors)
		return;
	do {
		n = read_vector(lk);
		total += n;
	} while (n > 0 && total < NOTIFY_PER_TURN);
	if (!lk->overrun)
		return;
	/* Told last: what follows may close the socket. */
	lk->overrun = false;
	k->counters.overruns++;
	k->on_overrun(k->data);
}

static int on_notify_io(sd_event_source *s _unused_, int fd _unused_, uint32_t revents _unused_,
			void *data)
{
	struct linux_kernel *lk = data;

	linux_read_notifications(&lk->k);
	return 0;
}

static void stop_listening(struct linux_kernel *lk)
{
	lk->notify_source = sd_event_source_disable_unref(lk->notify_source);
	nl_socket_free(lk->notify_sock);
	lk->notify_sock = NULL;
	free(TAKE_PTR(lk->vectors));
}

static int linux_listen(struct kernel *k, const uint32_t *groups, unsigned n)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	int r;

	stop_listening(lk);
	if (!n)
		return 0;
	r = rtnl_open_socket(NOTIFY_RCVBUF, &lk->notify_sock);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		/* A group that this kernel does not have tells nothing; its dump still does. */
		if (setsockopt(nl_socket_get_fd(lk->notify_sock), SOL_NETLINK,
			       NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
			log_debug("netlink group %u: %s", groups[i], strerror(errno));
	lk->vectors = mem_new(NOTIFY_VECTOR * NOTIFY_BYTES);
	return sd_event_add_io(sd_event_source_get_event(lk->later), &lk->notify_source,
			       nl_socket_get_fd(lk->notify_sock), EPOLLIN, on_notify_io, lk);
}

static void linux_hold(struct kernel *k, bool on)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);

	if (lk->notify_source)
		sd_event_source_set_enabled(lk->notify_source, on ? SD_EVENT_OFF : SD_EVENT_ON);
}

static void linux_free(struct kernel *k)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	struct dump *d;

	stop_listening(lk);
	sd_event_source_disable_unref(lk->request_source);
	sd_event_source_disable_unref(lk->later);
	nl_socket_free(lk->request_sock);
	while ((d = lk->dumps)) {
		lk->dumps = d->next;
		free(d->request);
		free(d);
	}
	for (unsigned i = 0; i < lk->n; i++) {
		if (is_place(lk, i))
			place_done(lk->batch + lk->pending[i].offset);
		free(lk->pending[i].text);
	}
	free(lk->pending);
	xdp_free(lk->k.xdp);
	free(lk->batch);
	free(lk->buffer);
	free(lk);
}

static const struct kernel_ops linux_ops = {
	.free = linux_free,
	.submit = linux_submit,
	.flush = linux_flush,
	.dump = linux_dump,
	.listen = linux_listen,
	.hold = linux_hold,
	.read_notifications = linux_read_notifications,
	.read_file = files_read,
	.read_folder = files_list,
};

int kernel_open(sd_event *event, struct kernel **ret)
{
	struct linux_kernel *lk = new0(struct linux_kernel);
	int r;

	lk->k.ops = &linux_ops;
	lk->last_dump = &lk->dumps;
	lk->batch_limit = BATCH_FIRST;
	lk->buffer = mem_new(RECEIVE_BYTES);
	r = rtnl_open_socket(REQUEST_RCVBUF, &lk->request_sock);
	if (r >= 0)
		r = sd_event_add_io(event, &lk->request_source,
				    nl_socket_get_fd(lk->request_sock), EPOLLIN, on_request_io, lk);
	if (r >= 0)
		r = sd_event_add_defer(event, &lk->later, on_later, lk);
	if (r >= 0)
		r = sd_event_source_set_enabled(lk->later, SD_EVENT_OFF);
	if (r < 0) {
		linux_free(&lk->k);
		return r;
	}
	lk->k.xdp = xdp_new(event, &lk->k);
	*ret = &lk->k;
	return 0;
}
