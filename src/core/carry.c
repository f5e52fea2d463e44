// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Carrying out a plan: steps to the kernel, answers, and what is said of those
 * that failed.
 *
 * While a plan is carried out the mirror stands still (its notifications wait
 * in the socket), because the steps point into it. Steps go to the kernel in
 * windows, whose answers bound the memory.
 *
 * What must stay true: the record is on disk before the first step; each step
 * that was begun is answered before the plan is done.
 */
#include "core/carry.h"

#include <stdio.h>

#include "util/clock.h"
#include "util/log.h"

/* Steps handed to the kernel before the loop turns; their answers bound the memory. */
#define WINDOW 512
/* More loud steps than this are cheaper to verify by dumps than by their notifications. */
#define BULK 256
/*
 * Between attempts at what failed: 1 s, doubling up to about a minute. Once soon
 * where nobody asked: what changed under our hands is often told a moment later.
 */
#define RETRY_FIRST_USEC UINT64_C(100000)
#define RETRY_USEC UINT64_C(1000000)
#define RETRY_SHIFT_MAX 6

/* What failed before this change too is no reason to undo it. */
void carry_note_failure(struct engine *e, const struct iface *want, const char *line)
{
	char *all = str_format("%s%s%s", e->failures ? e->failures : "", e->failures ? "\n" : "",
			       line);

	e->broken |= !want || !want->failed_before;
	free(e->failures);
	e->failures = all;
}

void carry_fail_iface(struct engine *e, struct iface *want, const char *reason)
{
	uint64_t delay = RETRY_USEC << min_of(want->failures, (unsigned)RETRY_SHIFT_MAX);

	if (!want->failures && !e->done)
		delay = RETRY_FIRST_USEC;
	want->state = STATE_FAILED;
	want->retry_usec = engine_now(e) + delay;
	want->failures++;
	iface_set_reason(want, "%s", reason);
}

/* One line for everybody: the object, the key, the kernel's words, the place. */
static void step_failed(struct engine *e, struct step *s)
{
	_cleanup_free_ char *what = step_what(s);
	_cleanup_free_ char *place = step_place(s);
	/* What hardware can do, its driver decides. */
	_cleanup_free_ char *driver =
		s->phase == PHASE_PHY ? kernel_driver(e->mirror->kernel, s->name) : NULL;
	_cleanup_free_ char *line = NULL;

	line = str_format("%s%s: %s%s%s%s%s%s", place, what, driver ? driver : "",
			  driver ? ": " : "", strerror(-s->error), s->text ? " (" : "",
			  s->text ? s->text : "", s->text ? ")" : "");
	/* What follows from the first failure is no news. */
	if (s->want && s->want->state == STATE_FAILED) {
		log_debug("%s", line);
		return;
	}
	log_event(!e->done && s->want && !s->want->failures ? LOG_INFO : LOG_ERR, LOG_EVENT_FAILED,
		  s->name, e->number, "%s", line);
	carry_note_failure(e, s->want, line);
	if (s->want)
		carry_fail_iface(e, s->want, line);
}

static void plan_done(struct engine *e);
static void submit_window(struct engine *e);

bool carry_must_undo(const struct engine *e)
{
	return e->transaction && e->broken && !e->undoing;
}

static void step_answered(struct engine *e, struct step *s)
{
	bool removing = s->verb == VERB_REMOVE || s->verb == VERB_DELETE || s->reset;

	s->answered_usec =
		e->kernel->answered_usec ? e->kernel->answered_usec : clock_usec(CLOCK_MONOTONIC);
	/* Gone already, with the interface it was on or by another hand: as wanted. */
	if (removing && (s->error == -ENODEV || s->error == -ESRCH || s->error == -EADDRNOTAVAIL ||
			 s->error == -ENOENT))
		s->error = 0;
	/* A device was pulled out meanwhile: absent, and no failure. */
	if (s->error == -ENODEV && (!s->want || !*iface_kind(s->want)))
		s->error = 0;
	/* What is there is not what was known, so a new attempt is to know better. */
	e->untold |= s->error == -EEXIST;
	if (s->error)
		step_failed(e, s);
}

/* What a reply is about; lives as long as the plan. */
struct flight {
	struct engine *engine;
	unsigned step;
};

static void on_reply(void *data, int error, const char *text)
{
	struct flight *f = data;
	struct engine *e = f->engine;
	struct step *s = &e->plan->steps[f->step];

	if (error && !s->error) {
		s->error = error;
		s->text = text ? str_dup(text) : NULL;
	}
	if (--s->parts_left == 0)
		step_answered(e, s);
	if (--e->in_flight == 0)
		submit_window(e);
}

static void submit_step(struct engine *e, unsigned index)
{
	struct step *s = &e->plan->steps[index];
	struct flight *f;
	unsigned part = 0;
	int r;

	e->encoder->why = NULL;
	do {
		r = encode_step(e->encoder, s, part++);
		if (r < 0)
			break;
		e->untold |= e->encoder->request.channel != CHANNEL_NETLINK || step_is_untold(s);
		f = arena_alloc(e->plan->arena, sizeof(*f));
		*f = (struct flight){ e, index };
		s->parts_left++;
		e->in_flight++;
		kernel_submit(e->kernel, &e->encoder->request, on_reply, f);
	} while (r > 0);
	if (r < 0) {
		s->error = r;
		if (e->encoder->why && !s->text)
			s->text = str_dup(e->encoder->why);
		if (!s->parts_left)
			step_answered(e, s);
	}
	e->steps++;
}

static void submit_window(struct engine *e)
{
	unsigned end;

	if (carry_must_undo(e)) /* no further */
		e->next = e->plan->n;
	end = min_of(e->plan->n, e->next + WINDOW);
	for (; e->next < end; e->next++) {
		struct step *s = &e->plan->steps[e->next];

		/* An interface that failed is left alone until it is tried again. */
		if (s->want && s->want->state == STATE_FAILED)
			continue;
		submit_step(e, e->next);
	}
	if (e->in_flight)
		kernel_flush(e->kernel);
	else if (e->next < e->plan->n)
		submit_window(e);
	else
		plan_done(e);
}

static void refuse_plan(struct engine *e, const char *path, const char *what)
{
	_cleanup_free_ char *line = str_format("%s: %s", path, what);

	e->plan = plan_free(e->plan);
	carry_note_failure(e, NULL, line);
	engine_turn_later(e);
}

void carry_out(struct engine *e, struct plan *plan)
{
	e->plan = plan;
	e->next = 0;
	e->untold = false;
	plan_log(plan, LOG_DEBUG);
	record_adopt(e->record, e->current->want, e->mirror->seen, plan);
	/* What could not be put back after a crash is not begun. */
	if (record_save(e->record) < 0 && e->transaction && !e->undoing) {
		refuse_plan(e, e->record->path, "what is there now cannot be remembered");
		return;
	}
	if (e->transaction && !e->undoing && e->confirm_usec && e->writer &&
	    writer_take_error(e->writer) < 0) {
		refuse_plan(e, e->history_dir, "what it is to be reverted to cannot be remembered");
		return;
	}
	mirror_hold(e->mirror, true);
	engine_announce(e);
	e->plan_usec = clock_usec(CLOCK_MONOTONIC);
	submit_window(e);
}

/*
 * Of a link that is made, attached or brought up the kernel tells several times; of the rest once.
 */
static unsigned count_loud(const struct plan *plan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < plan->n; i++)
		n += plan->steps[i].phase != PHASE_PHY;
	return n;
}

static void plan_done(struct engine *e)
{
	/* Of a link that is down the kernel does not tell all: an undoing must see it. */
	bool dump = !e->live || e->untold || count_loud(e->plan) > BULK || e->undoing ||
		    carry_must_undo(e);

	if (e->info.number)
		change_info_time(&e->info, e->plan, e->plan_usec);
	e->plan = plan_free(e->plan);
	e->passes++;
	e->dumped = dump;
	if (dump) {
		mirror_sync(e->mirror, e->live);
		return;
	}
	mirror_hold(e->mirror, false);
	kernel_read_notifications(e->kernel);
	engine_turn_later(e);
}
