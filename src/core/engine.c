// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The reconcile loop.
 *
 * Nothing acts on an event. Events change the mirror; when the loop has taken
 * all of them, on_turn() computes the difference between the current
 * generation and the mirror and carries it out. Start, reload, hot-plug,
 * drift and restart are this one path, and when there is no difference
 * nothing is sent.
 *
 * While a plan is carried out the mirror stands still (its notifications wait
 * in the socket), because the steps point into it. Afterwards the mirror
 * catches up, from the notifications or, when those would not tell or would
 * be dearer than asking, from fresh dumps; and the difference is computed
 * again. That is the verification: it must be empty. If it is the same as
 * before, the kernel has not done what it said it did, and that is an error.
 *
 * What must stay true: at most one plan is under way; done() is called exactly
 * once for each engine_apply() that returned 0.
 */
#include "core/action.h"
#include "core/carry.h"
#include "core/change.h"
#include "core/drift.h"
#include "core/eventual.h"
#include "core/event.h"
#include "core/hold.h"
#include "core/round.h"
#include "core/statistics.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/log.h"

/* Creating may uncover what could not be compared before (a veth's peer); never more than this. */
#define PASSES_MAX 6
/*
 * What comes by itself is part of a change for as long as it may take, and so much more until the
 * kernel has told of it. But no longer than a minute: other changes are refused meanwhile.
 */
#define AWAIT_MORE UINT64_C(1000000)
#define AWAIT_MAX UINT64_C(60000000)
/* What comes right behind a change (questions, confirming it) needs what a change did. */
#define RELAX_USEC UINT64_C(2000000)

void engine_relax_later(struct engine *e)
{
	(void)sd_event_source_set_time_relative(e->relax, RELAX_USEC);
	(void)sd_event_source_set_enabled(e->relax, SD_EVENT_ONESHOT);
}

uint64_t engine_now(const struct engine *e)
{
	uint64_t now = 0;

	(void)sd_event_now(e->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void announce(struct engine *e, const struct change *changes, unsigned n)
{
	if (e->on_changed)
		e->on_changed(e->on_changed_data, changes, n);
	if (e->on_state)
		e->on_state(e->on_state_data);
}

void engine_turn_later(struct engine *e)
{
	sd_event_source_set_enabled(e->turn, SD_EVENT_ONESHOT);
}

static void set_retry(struct engine *e)
{
	uint64_t first = UINT64_MAX;

	MODEL_FOREACH(e->current->want, i)
		if ((i->state == STATE_FAILED || i->state == STATE_DRIFTED) && i->retry_usec)
			first = min_of(first, i->retry_usec);
	first = min_of(first, min_of(e->event_due, hold_first_end(e)));
	first = min_of(first, eventual_first(e->current->want, engine_now(e)));
	if (!e->live || first == UINT64_MAX || /* never, or not before somebody asks */
	    sd_event_source_set_time(e->retry, first) < 0 ||
	    sd_event_source_set_enabled(e->retry, SD_EVENT_ONESHOT) < 0)
		sd_event_source_set_enabled(e->retry, SD_EVENT_OFF);
}

static void mark_settled(struct engine *e)
{
	MODEL_FOREACH(e->current->want, i) {
		i->settled = i->state == STATE_OK || i->state == STATE_DRIFTED;
		if (i->state == STATE_OK)
			i->failures = 0;
	}
}

/* What differs from now on is what was asked for. */
static void forget_drift(struct iface *i)
{
	i->retry_usec = 0;
	i->drift = drift_free(i->drift);
	i->settled = false;
}

/* Back to the generation before; what it names, and what the record knows, says how. */
static void begin_undo(struct engine *e)
{
	log_notice("undoing the change");
	e->undoing = true;
	e->cause = TAKE_PTR(e->failures);
	generation_free(e->current);
	e->current = TAKE_PTR(e->previous);
	e->number = e->current->number;
	MODEL_FOREACH(e->current->want, i)
		forget_drift(i);
	e->passes = 0;
	e->last_plan = e->await_end = 0;
	e->look_at_all = true;
}

static char *outcome_text(const struct engine *e)
{
	if (!e->undoing)
		return str_dup(e->failures ? e->failures : "");
	if (!e->failures)
		return str_dup(e->cause);
	return str_format("%s\ncould not be undone: %s", e->cause, e->failures);
}

static void log_outcome(const struct engine *e, const struct outcome *o)
{
	if (e->undoing)
		log_event(LOG_NOTICE, LOG_EVENT_UNDONE, NULL, e->number, "the change was undone%s",
			  e->failures ? ", but not all of it" : "");
	else if (e->steps)
		log_event(LOG_INFO, LOG_EVENT_APPLIED, NULL, e->number, "%u change%s in %.3f s%s",
			  e->steps, e->steps == 1 ? "" : "s", o->usec / 1e6,
			  e->failures ? ", some failed" : "");
	if (!e->waiting) /* else there is more to do */
		log_debug("settled; asked of the kernel so far: %" PRIu64 " changes, %" PRIu64
			  " dumps", e->kernel->counters.requests, e->kernel->counters.dumps);
}

static void begin_waiting(struct engine *e);

static bool is_written(const struct engine *e)
{
	return !e->writer || writer_is_idle(e->writer);
}

/* What is said to be done is on disk. */
static void tell_end(struct engine *e)
{
	outcome_fn done = e->waiting ? NULL : TAKE_PTR(e->done);
	char *text = TAKE_PTR(e->ended); /* the outcome's */

	announce(e, NULL, 0);
	if (done) {
		/* Reading a configuration took more memory than keeping it does. */
		engine_relax_later(e);
		done(e->done_data, &e->outcome);
	}
	free(text);
	if (e->waiting)
		begin_waiting(e);
}

/* The difference is empty, or what is left of it has been told. */
static void reconciled(struct engine *e)
{
	struct outcome *o = &e->outcome;

	e->ended = outcome_text(e);
	*o = (struct outcome){
		.error = e->undoing ? -ECANCELED : e->failures ? -EIO : 0,
		.text = e->ended,
		.steps = e->steps,
		.usec = engine_now(e) - e->begin,
	};
	mark_settled(e);
	e->record->waits = e->fallback || (e->confirm_usec && !e->undoing);
	record_settle(e->record, e->current->want, e->mirror->seen);
	record_save(e->record);
	set_retry(e);
	log_outcome(e, o);
	change_ended(e, o);
	e->reverting = false;
	free(TAKE_PTR(e->failures));
	free(TAKE_PTR(e->cause));
	e->broken = false;
	e->previous = generation_free(e->previous);
	e->transaction = e->undoing = false;
	e->passes = e->steps = 0;
	e->last_plan = e->await_end = 0;
	if (is_written(e))
		tell_end(e);
}

void engine_written(void *data)
{
	struct engine *e = data;

	if (e->ended)
		tell_end(e);
	engine_turn_later(e);
}

/* The kernel took every step, and yet the same is to be done again. */
static void verification_failed(struct engine *e, struct plan *plan)
{
	for (unsigned n = 0; n < plan->n; n++) {
		struct step *s = &plan->steps[n];
		_cleanup_free_ char *what = step_what(s);
		_cleanup_free_ char *line = NULL;
		_cleanup_free_ char *place = step_place(s);

		if (s->want ? s->want->state == STATE_FAILED : e->failures != NULL)
			continue; /* told already */
		line = str_format("%s%s: the kernel accepted this, but did not do it", place, what);
		log_event(LOG_ERR, LOG_EVENT_FAILED, s->name, e->number, "%s", line);
		carry_note_failure(e, s->want, line);
		if (s->want)
			carry_fail_iface(e, s->want, line);
	}
	plan_free(plan);
	if (carry_must_undo(e))
		engine_turn_later(e);
	else
		reconciled(e);
}

/* What can be seen to be impossible is no part of a change: undone before anything is touched. */
static void note_impossible(struct engine *e)
{
	MODEL_FOREACH(e->current->want, i) {
		_cleanup_free_ char *line = NULL;

		if (i->fate != FATE_FAIL || i->state != STATE_FAILED || i->retry_usec ||
		    i->failed_before)
			continue;
		line = str_format("%s:%u: %s: %s", i->where.file, i->where.line, i->name,
				  i->reason);
		log_error("%s", line);
		carry_note_failure(e, i, line);
	}
}

/* As long as a change can be undone, what the kernel says of its last part is waited for. */
static bool must_await(struct engine *e, const struct plan *plan)
{
	if (!plan->awaits_usec || !e->live || !e->transaction)
		return false;
	if (!e->await_end)
		e->await_end = engine_now(e) + min_of(plan->awaits_usec + AWAIT_MORE, AWAIT_MAX);
	if (engine_now(e) >= e->await_end)
		return false;
	e->passes = 1; /* what comes is no second attempt at what was done */
	e->last_plan = 0;
	return sd_event_source_set_time(e->retry, e->await_end) >= 0 &&
	       sd_event_source_set_enabled(e->retry, SD_EVENT_ONESHOT) >= 0;
}

static void nothing_left(struct engine *e, struct plan *plan)
{
	bool more = must_await(e, plan);

	plan_free(plan);
	if (!more)
		reconciled(e);
}

static void look(struct engine *e)
{
	struct mirror *m = e->mirror;
	/* What comes or goes can matter to any other interface. */
	bool all = e->look_at_all || m->appeared || e->passes;
	struct plan *plan;
	uint64_t hash;

	if (carry_must_undo(e)) {
		begin_undo(e);
		all = true;
	}
	if (m->appeared)
		mirror_look(m);
	if (all)
		mirror_configured(m, e->current->want);
	hold_mark(e);
	event_links(e, all, engine_now(e));
	plan = round_plan(e, all);
	e->look_at_all = false;
	announce(e, m->changes, m->n_changes);
	mirror_take_changes(m);
	if (e->transaction && !e->undoing)
		note_impossible(e);
	if (carry_must_undo(e)) {
		plan_free(plan);
		engine_turn_later(e);
		return;
	}
	eventual_filter(plan, e->passes, engine_now(e));
	if (!plan->n) {
		nothing_left(e, plan);
		return;
	}
	hash = plan_hash(plan);
	if (e->passes >= PASSES_MAX || (e->passes && hash == e->last_plan)) {
		if (e->dumped) {
			verification_failed(e, plan);
			return;
		}
		/* Of a link that is down the kernel does not tell all (netdev_state_change()). */
		plan_free(plan);
		e->dumped = true;
		mirror_sync(m, e->live);
		return;
	}
	e->dumped = false;
	e->last_plan = hash;
	if (!e->passes && !e->done)
		e->begin = engine_now(e);
	carry_out(e, plan);
}

static int on_turn(sd_event_source *s _unused_, void *data)
{
	struct engine *e = data;

	if (e->plan || !e->mirror->synced || e->mirror->filling || e->mirror->fresh ||
	    e->mirror->untold || !is_written(e))
		return 0;
	if (e->current) {
		look(e);
	} else {
		announce(e, e->mirror->changes, e->mirror->n_changes);
		mirror_take_changes(e->mirror);
	}
	if (e->on_turned)
		e->on_turned(e->on_changed_data);
	return 0;
}

static void on_mirror_synced(void *data)
{
	struct engine *e = data;

	engine_look_again(e);
	/* What was known before is let go of; at the start it will be needed soon. */
	if (e->current && !engine_has_request(e))
		mem_relax();
}

static void on_mirror_changed(void *data)
{
	engine_turn_later(data);
}

/* A turn of the loop costs more than most plans: this one is used. */
static void on_mirror_told(void *data)
{
	struct engine *e = data;

	if (e->on_told)
		e->on_told(e->on_changed_data);
	sd_event_source_set_enabled(e->turn, SD_EVENT_OFF);
	(void)on_turn(NULL, e);
}

static int on_retry(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	engine_look_again(data);
	return 0;
}

static int on_relax(sd_event_source *s _unused_, uint64_t usec _unused_, void *data _unused_)
{
	mem_relax();
	mem_relax_code();
	return 0;
}

static int add_sources(struct engine *e)
{
	int r = sd_event_add_defer(e->event, &e->turn, on_turn, e);

	if (r >= 0)
		r = sd_event_source_set_enabled(e->turn, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(e->event, &e->retry, CLOCK_MONOTONIC, 0, 0, on_retry, e);
	if (r >= 0)
		r = sd_event_source_set_enabled(e->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(e->event, &e->relax, CLOCK_MONOTONIC, 0, 0, on_relax, e);
	if (r >= 0)
		r = sd_event_source_set_enabled(e->relax, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(e->event, &e->confirm_timer, CLOCK_BOOTTIME, 0, 0,
				      change_on_deadline, e);
	if (r >= 0)
		r = sd_event_source_set_enabled(e->confirm_timer, SD_EVENT_OFF);
	return r;
}

struct engine *engine_new(sd_event *event, struct kernel *k, const char *record_path, bool live)
{
	struct engine *e = new0(struct engine);

	e->event = sd_event_ref(event);
	e->kernel = k;
	e->live = live;
	e->event_due = UINT64_MAX;
	e->encoder = encoder_new();
	e->record = record_open(record_path);
	hold_open(e);
	e->mirror = mirror_new(k, event);
	e->mirror->on_synced = on_mirror_synced;
	e->mirror->on_changed = on_mirror_changed;
	e->mirror->on_event = event_pass;
	e->mirror->on_told = on_mirror_told;
	e->mirror->wanted = engine_wanted;
	e->mirror->data = e;
	if (add_sources(e) < 0)
		abort();
	return e;
}

struct engine *engine_free(struct engine *e)
{
	if (!e)
		return NULL;
	sd_event_source_disable_unref(e->turn);
	sd_event_source_disable_unref(e->retry);
	sd_event_source_disable_unref(e->relax);
	plan_free(e->plan);
	generation_free(e->current);
	generation_free(e->previous);
	generation_free(e->waiting);
	generation_free(e->read);
	errors_done(&e->read_errors);
	free(e->cause);
	free(e->ended);
	change_close(e);
	free(e->holds);
	actions_free(e);
	mirror_free(e->mirror);
	record_free(e->record);
	encoder_free(e->encoder);
	kernel_free(e->kernel);
	statistics_end(e);
	free(e->failures);
	errors_done(&e->refused);
	sd_event_unref(e->event);
	free(e);
	return NULL;
}

/*
 * The configuration cannot be judged before the kernel was read; but what it names shows now
 * what of the kernel is to be read, so that it need not be read twice.
 */
void engine_start(struct engine *e)
{
	e->read = config_gather(&e->paths, &e->read_errors);
	mirror_sync(e->mirror, e->live);
}

/* Everything is looked at, as if for the first time, and @done is told. */
static void begin_request(struct engine *e, outcome_fn done, void *data)
{
	e->done = done;
	e->done_data = data;
	e->begin = engine_now(e);
	e->passes = e->steps = 0;
	e->last_plan = e->await_end = 0;
	e->look_at_all = true;
}

static void log_warnings(const struct engine *e, const struct generation *g)
{
	_cleanup_(errors_done) struct errors warnings = { 0 };

	config_warn(g, e->mirror->seen, &warnings);
	for (unsigned n = 0; n < warnings.n; n++)
		log_warning("%s", warnings.lines[n]);
}

/* No plan is under way: the generation before may be let go of, or kept to go back to. */
static void make_current(struct engine *e, struct generation *g)
{
	e->previous = e->current;
	e->transaction = e->previous;
	MODEL_FOREACH(g->want, i) {
		const struct iface *before =
			e->previous ? model_find(e->previous->want, i->name) : NULL;

		i->failed_before = before && before->state == STATE_FAILED;
		forget_drift(i);
	}
	e->current = g;
	log_warnings(e, g);
	change_begins(e, g);
	e->invalid = false;
	errors_done(&e->refused);
	if (g->settings.o.present & BIT64(SETTINGS_LOG_LEVEL))
		log_set_level(g->settings.log_level);
	if (mirror_lacks(e->mirror))
		mirror_sync(e->mirror, e->live);
	else if (e->mirror->synced)
		engine_turn_later(e);
}

static void begin_waiting(struct engine *e)
{
	begin_request(e, e->done, e->done_data);
	make_current(e, TAKE_PTR(e->waiting));
}

bool engine_has_request(const struct engine *e)
{
	return e->done || e->transaction || e->waiting || e->ended;
}

void engine_look_again(struct engine *e)
{
	e->look_at_all = true;
	engine_turn_later(e);
}

void engine_announce(struct engine *e)
{
	announce(e, NULL, 0);
}

int engine_apply(struct engine *e, struct generation *g, outcome_fn done, void *data)
{
	if (engine_has_request(e) || change_is_closed(e))
		return -EBUSY;
	if (e->plan || e->passes) { /* putting something back: soon done */
		e->waiting = g;
		e->done = done;
		e->done_data = data;
		return 0;
	}
	begin_request(e, done, data);
	make_current(e, g);
	return 0;
}

int engine_reload(struct engine *e, struct errors *errors, outcome_fn done, void *data)
{
	struct generation *g;
	int r;

	if (engine_has_request(e) || change_is_closed(e))
		return -EBUSY;
	if (e->writer) /* a signal right behind a confirmation; calls have waited for it */
		writer_flush(e->writer);
	r = engine_load(e, errors, &g);
	if (r < 0) {
		engine_reject(e, errors);
		return r;
	}
	return engine_apply(e, g, done, data);
}

int engine_reconfigure(struct engine *e, const char *name, outcome_fn done, void *data)
{
	struct iface *i = e->current ? model_find(e->current->want, name) : NULL;

	if (!i)
		return -ENODEV;
	if (e->done || e->plan)
		return -EBUSY;
	forget_drift(i);
	begin_request(e, done, data);
	engine_turn_later(e);
	return 0;
}
