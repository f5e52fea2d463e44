// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel, over netlink sockets, and files below /proc/sys and /sys.
 *
 * Requests go different roads (rtnetlink, generic netlink, those of place.h),
 * and a plan's order must hold across them. So there is one queue for all:
 * as many as go the same road one after the other are a batch, one batch at a
 * time is on its way.
 *
 * A batch leaves in one sendmsg(): the kernel carries it out in order within
 * that call (netlink_rcv_skb(), which generic netlink uses too) and answers
 * each failure at once, asked for or not; so only the last one of a batch
 * asks for an ack, and all before it that were not answered have succeeded.
 * A batch is bounded in bytes, because the call takes as long as the kernel
 * works on it and the loop must turn.
 *
 * Notifications have sockets of their own (listening.c).
 *
 * What must stay true: every request and every dump that was accepted is
 * answered exactly once, in order.
 */
#include "nl/kernel.h"

#include <limits.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "nl/asking.h"
#include "nl/files.h"
#include "nl/genl.h"
#include "nl/listening.h"
#include "nl/outlet.h"
#include "nl/place.h"
#include "nl/rtnl.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * A batch begins small and grows while the kernel is quick with it: larger ones
 * than this save nothing more, and none shall keep the loop from turning long.
 */
#define BATCH_FIRST 64
#define BATCH_MAX 1024
#define BATCH_USEC 20000
#define BATCH_ROOM 4096 /* bytes, at first; doubles, and stays */
#define RECEIVE_BYTES (OUTLET_VECTOR * OUTLET_BYTES)
/* Reads before others get their turn. */
#define RECEIVE_TURNS 64

/* How a request gets to the kernel; the first are sockets. */
enum road {
	ROAD_ROUTE,
	ROAD_GENERIC,
	ROAD_SOCKETS_,
	ROAD_PLACE = ROAD_SOCKETS_,
};

static const int protocols[ROAD_SOCKETS_] = {
	[ROAD_ROUTE] = NETLINK_ROUTE, [ROAD_GENERIC] = NETLINK_GENERIC,
};

struct pending {
	reply_fn fn;
	void *data;
	size_t offset; /* of its message in the batch */
	size_t program_at; /* in the message */
	uint32_t seq;
	int error;
	char *text;
	struct xdp_job *program;
};

struct linux_kernel {
	struct kernel k;
	sd_event *event;
	struct outlet outlets[ROAD_SOCKETS_];
	struct listening listening;
	struct genl_ids genl;
	sd_event_source *later;
	uint32_t seq;

	/* The batch: [sent … n) are queued, [0 … sent) are on their way. */
	char *batch;
	size_t batch_bytes, batch_size;
	unsigned batch_limit; /* messages */
	struct pending *pending;
	unsigned n, sent;
	bool flush; /* what is queued may leave */

	struct asking asking;
	bool advancing;
	enum road road; /* that what is on its way went, if it is a socket */

	char *buffer; /* RECEIVE_BYTES, for answers */
	bool used;    /* more than the first page of it */
};

static void advance(struct linux_kernel *lk);

static int on_answer_io(sd_event_source *s, int fd, uint32_t revents, void *data);

static enum road road_of(const struct nlmsghdr *h)
{
	return place_is(h) ? ROAD_PLACE : genl_is(h->nlmsg_type) ? ROAD_GENERIC : ROAD_ROUTE;
}

static int send_to_kernel(struct linux_kernel *lk, enum road road, const void *data, size_t len)
{
	int r = outlet_open(&lk->outlets[road], lk->event, protocols[road], on_answer_io, lk);

	lk->road = road;
	return r < 0 ? r : outlet_send(&lk->outlets[road], data, len);
}

static void pending_done(struct pending *p)
{
	free(TAKE_PTR(p->text));
	p->program = xdp_job_free(p->program);
}

static void answer(struct pending *p)
{
	p->fn(p->data, p->error, p->text);
	pending_done(p);
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
	lk->k.answered_usec = clock_usec(CLOCK_MONOTONIC);
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

static struct nlmsghdr *nth_request(const struct linux_kernel *lk, unsigned i)
{
	return (void *)(lk->batch + lk->pending[i].offset);
}

/* Loading a program takes milliseconds, and may fail before anything is sent. */
static bool goes_alone(const struct linux_kernel *lk, unsigned i)
{
	return lk->pending[i].program || rtnl_is_slow(nth_request(lk, i));
}

static size_t end_of(const struct linux_kernel *lk, unsigned i)
{
	return i + 1 < lk->n ? lk->pending[i + 1].offset : lk->batch_bytes;
}

/* How many of the queued requests leave in one sendmsg(), and how many bytes they are. */
static unsigned batch_span(const struct linux_kernel *lk, size_t *bytes)
{
	enum road road = road_of(nth_request(lk, 0));
	unsigned i;

	for (i = 1; i < lk->n; i++)
		if (i >= lk->batch_limit || end_of(lk, i) > RTNL_BATCH_BYTES_MAX ||
		    road_of(nth_request(lk, i)) != road || goes_alone(lk, i - 1) ||
		    goes_alone(lk, i))
			break;
	*bytes = end_of(lk, i - 1);
	return i;
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
	enum road road = road_of(nth_request(lk, 0));
	struct pending *first = &lk->pending[0];
	struct nlmsghdr *h = NULL;
	uint64_t begin;
	size_t bytes;
	int r = xdp_load_into(first->program, lk->batch + first->program_at, &first->text);

	lk->sent = batch_span(lk, &bytes);
	if (r < 0)
		return fail_batch(lk, r);
	for (unsigned i = 0; i < lk->sent; i++) {
		h = nth_request(lk, i);
		h->nlmsg_seq = lk->pending[i].seq = ++lk->seq;
		/* A family that is not there: 0 is none either, and the kernel says so (ENOENT). */
		if (road == ROAD_GENERIC)
			h->nlmsg_type = genl_kernel_type(&lk->genl, h->nlmsg_type) ?: GENL_END;
	}
	h->nlmsg_flags |= NLM_F_ACK;
	begin = clock_usec(CLOCK_MONOTONIC);
	r = send_to_kernel(lk, road, lk->batch, bytes);
	adapt_batch(lk, clock_usec(CLOCK_MONOTONIC) - begin);
	if (r < 0)
		fail_batch(lk, r);
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

/* The first, and questions behind it that may leave with it. */
static int send_questions(struct linux_kernel *lk)
{
	struct question_to_kernel *q = lk->asking.first;
	enum road road = road_of(q->request);
	unsigned n = asking_span(&lk->asking, lk->batch_limit);
	uint16_t type = q->request->nlmsg_type;
	_cleanup_free_ void *messages = NULL;
	uint64_t begin;
	size_t size;
	int r;

	if (road == ROAD_GENERIC)
		type = genl_kernel_type(&lk->genl, type);
	if (!type)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < n; i++, q = q->next)
		q->generic = road == ROAD_GENERIC;
	messages = asking_write(&lk->asking, n, type, &lk->seq, &size);
	lk->asking.sent = n;
	if (n == 1)
		return send_to_kernel(lk, road, messages, size);
	begin = clock_usec(CLOCK_MONOTONIC);
	r = send_to_kernel(lk, road, messages, size);
	adapt_batch(lk, clock_usec(CLOCK_MONOTONIC) - begin);
	return r;
}

static void finish_question(struct question_to_kernel *q, int error)
{
	q->done(q->data, !error && q->interrupted ? -EINTR : error);
	free(q->request);
	free(q);
}

static void start_asking(struct linux_kernel *lk)
{
	bool here = place_is(lk->asking.first->request);
	int r = here ? place_ask(lk->asking.first->request, lk->asking.first->fn,
				 lk->asking.first->data) : send_questions(lk);
	unsigned n = here || !lk->asking.sent ? 1 : lk->asking.sent;

	if (!here && r >= 0)
		return;
	while (n--)
		finish_question(asking_take(&lk->asking), r);
	advance_later(lk);
}

/* Start whatever may start now: one batch or one dump at a time. Return: it is done already. */
static bool advance_once(struct linux_kernel *lk)
{
	if (lk->sent || lk->asking.sent)
		return false;
	if (lk->n && lk->flush) {
		if (road_of(nth_request(lk, 0)) == ROAD_PLACE) {
			run_place(lk);
			return true;
		}
		send_batch(lk);
		return !lk->sent;
	}
	if (!lk->n)
		lk->flush = false;
	if (lk->asking.first)
		start_asking(lk);
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
		lk->batch_size = lk->batch_size ? 2 * lk->batch_size : BATCH_ROOM;
		lk->batch = mem_grow(lk->batch, lk->batch_size);
	}
	return lk->batch + lk->batch_bytes;
}

static void linux_submit(struct kernel *k, const struct request *r, reply_fn fn, void *data)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);
	struct nlmsghdr *h;
	size_t bytes;

	bytes = r->channel == CHANNEL_NETLINK ? r->nlh->nlmsg_len : place_size(r);
	h = (void *)batch_room(lk, NLMSG_ALIGN(bytes));
	if (r->channel == CHANNEL_NETLINK) {
		memcpy(h, r->nlh, NLMSG_ALIGN(bytes));
		h->nlmsg_flags |= NLM_F_REQUEST;
	} else {
		place_put(h, bytes, r);
	}
	h->nlmsg_pid = 0;
	lk->pending = array_reserve(lk->pending, lk->n, sizeof(*lk->pending));
	lk->pending[lk->n++] = (struct pending){
		.fn = fn, .data = data, .offset = lk->batch_bytes, .program = r->program,
		.program_at = r->program_at,
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

	asking_add(&lk->asking, n, fn, done, data);
	advance_later(lk);
}

static struct pending *find_pending(struct linux_kernel *lk, uint32_t seq)
{
	/* The sequence numbers of a batch run without gaps. */
	uint32_t i = lk->sent ? seq - lk->pending[0].seq : UINT32_MAX;

	return i < lk->sent ? &lk->pending[i] : NULL;
}

static void end_question(struct linux_kernel *lk, int error)
{
	struct question_to_kernel *q = asking_take(&lk->asking);

	if (!q->single)
		lk->used = true;
	if (!lk->asking.first && lk->used) {
		mem_pages_relax(lk->buffer, RECEIVE_BYTES);
		lk->used = false;
	}
	finish_question(q, error);
	if (!lk->asking.sent)
		advance(lk);
}

/* Return: this message ended the batch or dump, and with it what the buffer may be read for. */
static bool take_answer(struct linux_kernel *lk, struct nlmsghdr *n)
{
	unsigned passed = asking_passed(&lk->asking, n->nlmsg_seq);
	const struct nlmsgerr *e = NLMSG_DATA(n);
	struct question_to_kernel *d;
	struct pending *p;

	if (passed != UINT_MAX) {
		while (passed--) /* nothing was wrong with those before it */
			end_question(lk, 0);
		d = lk->asking.first;
		if (n->nlmsg_flags & NLM_F_DUMP_INTR)
			d->interrupted = true;
		if (n->nlmsg_type == NLMSG_DONE || n->nlmsg_type == NLMSG_ERROR) {
			int error = NLMSG_PAYLOAD(n, 0) >= (int)sizeof(int) ? *(int *)e : 0;

			end_question(lk, error);
			return true;
		}
		if (d->generic)
			n->nlmsg_type = genl_own_type(&lk->genl, n->nlmsg_type);
		d->fn(d->data, n);
		return false;
	}
	p = find_pending(lk, n->nlmsg_seq);
	if (p && n->nlmsg_type != NLMSG_ERROR)
		p->error = rtnl_answer_error(n);
	if (!p || n->nlmsg_type != NLMSG_ERROR || NLMSG_PAYLOAD(n, 0) < (int)sizeof(*e))
		return false;
	if (e->error)
		p->error = e->error;
	if (!p->text)
		p->text = rtnl_extack_text(n);
	if (p != &lk->pending[lk->sent - 1])
		return false;
	finish_batch(lk);
	return true;
}

/* An answer is lost: which one is not known, so none can be believed. */
static void lose_answers(struct linux_kernel *lk)
{
	lk->k.counters.overruns++;
	if (lk->sent)
		fail_batch(lk, -ENOBUFS);
	else
		for (unsigned lost = lk->asking.sent; lost; lost--)
			end_question(lk, -EINTR);
}

/* Return: how many datagrams, or a negative errno. */
static int read_answers(struct linux_kernel *lk, int fd)
{
	unsigned expected = min_of(lk->asking.sent, (unsigned)OUTLET_VECTOR);
	int lengths[OUTLET_VECTOR], r;

	lk->used |= expected > 1;
	r = outlet_receive(fd, lk->buffer, max_of(expected, 1u), lengths);
	if (r == -ENOBUFS) {
		lose_answers(lk);
		return 1;
	}
	for (int i = 0; i < r; i++) {
		struct nlmsghdr *n = (void *)(lk->buffer + i * OUTLET_BYTES);

		for (int left = lengths[i]; nlmsg_ok(n, left); n = nlmsg_next(n, &left))
			if (take_answer(lk, n))
				break;
	}
	return r;
}

/*
 * Mostly the kernel has answered when it has been asked, so what an answer leads to is read too,
 * whatever road it went; a turn of the loop for each would take longer than the kernel.
 */
static int on_answer_io(sd_event_source *s _unused_, int fd, uint32_t revents _unused_, void *data)
{
	struct linux_kernel *lk = data;

	for (unsigned turns = 0; turns < RECEIVE_TURNS; turns++) {
		/* That was all; another error would stop the source for ever. */
		if (read_answers(lk, fd) < 0 || (!lk->sent && !lk->asking.sent))
			return 0;
		fd = lk->outlets[lk->road].fd;
	}
	return 0;
}

static void linux_read_notifications(struct kernel *k)
{
	listening_read(&container_of(k, struct linux_kernel, k)->listening, true);
}

static int linux_listen(struct kernel *k, const uint32_t *groups, unsigned n)
{
	return listening_begin(&container_of(k, struct linux_kernel, k)->listening, groups, n);
}

static void linux_hold(struct kernel *k, bool on)
{
	listening_hold(&container_of(k, struct linux_kernel, k)->listening, on);
}

static void linux_free(struct kernel *k)
{
	struct linux_kernel *lk = container_of(k, struct linux_kernel, k);

	listening_end(&lk->listening);
	sd_event_source_disable_unref(lk->later);
	for (unsigned n = 0; n < ROAD_SOCKETS_; n++)
		outlet_close(&lk->outlets[n]);
	asking_free(&lk->asking);
	for (unsigned i = 0; i < lk->n; i++) {
		place_done(nth_request(lk, i));
		pending_done(&lk->pending[i]);
	}
	free(lk->pending);
	xdp_free(lk->k.xdp);
	free(lk->batch);
	mem_pages_free(lk->buffer, RECEIVE_BYTES);
	sd_event_unref(lk->event);
	free(lk);
}

static const struct kernel_ops linux_ops = {
	.free = linux_free, .submit = linux_submit, .flush = linux_flush, .dump = linux_dump,
	.listen = linux_listen, .hold = linux_hold, .read_notifications = linux_read_notifications,
	.read_file = files_read, .read_folder = files_list, .driver = files_driver,
};

int kernel_open(sd_event *event, struct kernel **ret)
{
	struct linux_kernel *lk = new0(struct linux_kernel);
	int r;

	lk->k.ops = &linux_ops;
	lk->batch_limit = BATCH_FIRST;
	lk->buffer = mem_pages(RECEIVE_BYTES);
	lk->event = sd_event_ref(event);
	lk->listening = (struct listening){ .k = &lk->k, .event = event, .ids = &lk->genl };
	r = outlet_open(&lk->outlets[ROAD_ROUTE], event, NETLINK_ROUTE, on_answer_io, lk);
	if (r >= 0)
		r = sd_event_add_defer(event, &lk->later, on_later, lk);
	if (r >= 0)
		r = sd_event_source_set_enabled(lk->later, SD_EVENT_OFF);
	if (r < 0) {
		linux_free(&lk->k);
		return r;
	}
	lk->k.port = rtnl_port(lk->outlets[ROAD_ROUTE].fd);
	lk->k.xdp = xdp_new(event, &lk->k);
	*ret = &lk->k;
	return 0;
}
