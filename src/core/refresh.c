// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What no notification tells is asked for: everything of an interface that is
 * new, and what goes with its link (speed, partner's abilities) when carrier or
 * admin state changed.
 *
 * Asking takes the kernel's time, and so ours: who waits for a carrier hears of
 * it before, and a link that flaps is asked about at a bounded rate.
 *
 * What must stay true: an answer never changes a mirror that stands still; it
 * is asked for again when it may move.
 */
#include "core/mirror.h"

#include "util/log.h"

/* From a link's change to the questions about it. */
#define ASK_USEC 10000
#define ASK_ACCURACY_USEC 1000

/* One source, one interface. */
struct question {
	struct question *next;
	struct mirror *m;
	const struct source *source;
	int ifindex;
	bool sent, again;
	bool fresh; /* the interface is new, and nothing is known of it */
};

static void forget(struct mirror *m, struct question *q)
{
	struct question **p = &m->questions;

	while (*p != q)
		p = &(*p)->next;
	*p = q->next;
	m->fresh -= q->fresh;
	free(q);
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	struct question *q = data;

	if (q->m->held || q->m->filling)
		q->again = true;
	else
		mirror_take(q->m, n);
}

static void on_done(void *data, int error)
{
	struct question *q = data;
	struct mirror *m = q->m;

	if (q->again || error == -EINTR) {
		q->again = q->sent = false;
		refresh_send(m);
		return;
	}
	/* Not supported, or gone meanwhile. */
	if (error)
		log_debug("interface %d: question %u: %s", q->ifindex, q->source->commands.get,
			  strerror(-error));
	forget(m, q);
	m->on_changed(m->data);
}

void refresh_send(struct mirror *m)
{
	/* A dump under way tells too, and its end comes by here again. */
	if (m->held || m->filling)
		return;
	for (struct question *q = m->questions; q; q = q->next) {
		struct nl_msg *msg;

		if (q->sent)
			continue;
		msg = mirror_request(m, q->source, q->ifindex);
		q->sent = true;
		kernel_dump(m->kernel, nlmsg_hdr(msg), on_message, on_done, q);
		nlmsg_free(msg);
	}
}

static void ask(struct mirror *m, const struct source *s, int ifindex, bool fresh)
{
	struct question *q, **last = &m->questions;

	for (; *last; last = &(*last)->next) {
		q = *last;
		if (q->source != s || q->ifindex != ifindex)
			continue;
		q->again |= q->sent; /* what is on its way may be of before */
		return;
	}
	q = *last = new0(struct question);
	q->m = m;
	q->source = s;
	q->ifindex = ifindex;
	q->fresh = fresh;
	m->fresh += fresh;
}

static int on_ask(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	refresh_send(data);
	return 0;
}

void refresh_init(struct mirror *m, sd_event *event)
{
	if (sd_event_add_time(event, &m->ask, CLOCK_MONOTONIC, 0, ASK_ACCURACY_USEC, on_ask, m) <
		    0 ||
	    sd_event_source_set_enabled(m->ask, SD_EVENT_OFF) < 0)
		abort();
}

static void ask_soon(struct mirror *m)
{
	int enabled;

	if (sd_event_source_get_enabled(m->ask, &enabled) < 0 || enabled != SD_EVENT_OFF)
		return;
	if (sd_event_source_set_time_relative(m->ask, ASK_USEC) < 0 ||
	    sd_event_source_set_enabled(m->ask, SD_EVENT_ONESHOT) < 0)
		refresh_send(m);
}

void refresh_iface(struct mirror *m, int ifindex, bool follows)
{
	for (unsigned f = 0; f < n_features; f++)
		for (const struct source *s = features[f]->sources; s && s->get; s++)
			if (s->narrow && !s->by_iface && (s->follows_link || !follows) &&
			    mirror_reads(m, features[f], s))
				ask(m, s, ifindex, !follows);
	if (!follows)
		refresh_send(m);
	else if (m->questions)
		ask_soon(m);
}

void refresh_source(struct mirror *m, const struct source *s, int ifindex)
{
	ask(m, s, ifindex, false);
	refresh_send(m);
}

void refresh_free(struct mirror *m)
{
	struct question *q;

	sd_event_source_disable_unref(m->ask);
	while ((q = m->questions)) {
		m->questions = q->next;
		free(q);
	}
}
