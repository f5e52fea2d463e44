// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who makes the loop work for long, waits longer.
 *
 * To read a large configuration, to plan it and to write down a thousand interfaces takes the loop
 * tens of milliseconds, and everybody may ask for it: in a row, that would leave no time for what
 * the kernel tells and for who may change something. So what a call takes is paid for: with three
 * times as long in which no other such call of the same user is carried out. Some are on credit,
 * as one command of a person's asks several things.
 *
 * Who calls is only asked of the bus where somebody is paying: a call that was carried out before
 * it was known whose it was is paid for by whoever is not known.
 *
 * What must stay true: no user pays for another one's calls; root and the daemon's own user pay
 * nothing; at rest no timer runs.
 */
#include "bus/internal.h"
#include "util/clock.h"
#include "util/log.h"

/* Less is not worth it. */
#define FREE_USEC UINT64_C(1000)
/* The call itself, and three times as long. */
#define TIMES 4
/* What may be paid later: for 50 ms of the loop's time. */
#define CREDIT_USEC UINT64_C(200000)
/* How exact the timer is. */
#define TIMER_USEC 1000

struct debt {
	int64_t uid; /* -1: of whoever is not known */
	uint64_t paid; /* when it will be */
};

static struct debt *find(const struct bus *b, int64_t uid)
{
	for (unsigned n = 0; n < b->n_debts; n++)
		if (b->debts[n].uid == uid)
			return &b->debts[n];
	return NULL;
}

/* What has been paid is forgotten. */
static void forget_paid(struct bus *b, uint64_t now)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < b->n_debts; n++)
		if (b->debts[n].paid > now)
			b->debts[kept++] = b->debts[n];
	b->n_debts = kept;
	if (!kept)
		free(TAKE_PTR(b->debts));
}

static void wake_at(struct bus *b, uint64_t due)
{
	uint64_t set = UINT64_MAX;

	if (sd_event_source_get_enabled(b->toll_timer, NULL) > 0 &&
	    sd_event_source_get_time(b->toll_timer, &set) >= 0 && set <= due)
		return;
	if (sd_event_source_set_time(b->toll_timer, due) < 0 ||
	    sd_event_source_set_enabled(b->toll_timer, SD_EVENT_ONESHOT) < 0)
		log_error("cannot set a timer");
}

bool toll_allows(struct bus *b, int64_t uid)
{
	const uint64_t now = clock_usec(CLOCK_MONOTONIC);
	const struct debt *d;

	forget_paid(b, now);
	d = find(b, uid);
	if (!d || d->paid <= now + CREDIT_USEC)
		return true;
	wake_at(b, d->paid - CREDIT_USEC);
	return false;
}

/* By the clock, not by what it ran: the loop is held up as long. */
void toll_end(struct bus *b, int64_t uid, uint64_t begin)
{
	const uint64_t now = clock_usec(CLOCK_MONOTONIC), took = now - begin;
	struct debt *d;

	if (took < FREE_USEC)
		return;
	d = find(b, uid);
	if (!d) {
		b->debts = array_reserve(b->debts, b->n_debts, sizeof(*d));
		d = &b->debts[b->n_debts++];
		*d = (struct debt){ .uid = uid };
	}
	d->paid = max_of(d->paid, now) + TIMES * took;
}

static int on_time(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	calls_retry(data);
	return 0;
}

int toll_new(struct bus *b)
{
	int r = sd_event_add_time(b->engine->event, &b->toll_timer, CLOCK_MONOTONIC, 0, TIMER_USEC,
				  on_time, b);

	return r < 0 ? r : sd_event_source_set_enabled(b->toll_timer, SD_EVENT_OFF);
}

void toll_free(struct bus *b)
{
	sd_event_source_disable_unref(b->toll_timer);
	free(b->debts);
}
