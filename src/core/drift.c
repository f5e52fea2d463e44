// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two programs that both keep a setting would change it for ever, as fast as
 * the machine can. Here the first few changes in a row are put back at once,
 * because a hand or a script may be quick; after that the answers come slower
 * and slower, and then no more, and it is said loudly.
 *
 * What is counted is the fight over one thing: one setting, one address. A
 * thousand addresses flushed at once are a thousand changes, and no fight.
 *
 * What must stay true: what nobody fights over is put back, whatever becomes of
 * the rest; and what is remembered of an interface is bounded.
 */
#include "core/drift.h"

#include <inttypes.h>

#include "core/who.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/text.h"

#define SECOND UINT64_C(1000000)
/* Put back at once so often in a row; then after 1 s, doubling up to a minute or so. */
#define DRIFTS_AT_ONCE 8
#define DRIFT_SHIFT_MAX 6
#define DRIFTS_MAX 18
/* Left alone for this long, a thing starts afresh. */
#define DRIFT_CALM (180 * SECOND)
/* Beyond this many of one interface, the one that was longest ago is forgotten. */
#define FIGHTS_MAX 2048
/* Lines of one interface and round in the log. */
#define LINES_MAX 8

/* One thing that was changed by another hand. */
struct fight {
	uint64_t what;	/* step_hash() */
	uint64_t round; /* of the verdict */
	uint64_t usec;	/* when it was changed last */
	uint64_t due;	/* left as it is until then; 0: it is not */
	unsigned times; /* in a row */
	bool kept;	/* the verdict */
};

struct drift {
	struct fight *fights;
	unsigned n;
	bool before;	/* drifted when the round began */
	bool kept;	/* something is, in this round */
	unsigned lines; /* told in it */
	struct drift_event last;
};

static void event_done(struct drift_event *v)
{
	free(v->key);
	free(v->from);
	free(v->to);
	free(v->process);
}

struct drift *drift_free(struct drift *d)
{
	if (!d)
		return NULL;
	event_done(&d->last);
	free(d->fights);
	free(d);
	return NULL;
}

const struct drift_event *drift_last(const struct iface *want)
{
	return want && want->drift && want->drift->last.time_usec ? &want->drift->last : NULL;
}

static struct fight *find_fight(struct drift *d, uint64_t what)
{
	struct fight *oldest = d->fights;

	for (unsigned n = 0; n < d->n; n++) {
		if (d->fights[n].what == what)
			return &d->fights[n];
		if (d->fights[n].usec < oldest->usec)
			oldest = &d->fights[n];
	}
	if (d->n < FIGHTS_MAX) {
		d->fights = array_reserve(d->fights, d->n, sizeof(*d->fights));
		oldest = &d->fights[d->n++];
	}
	*oldest = (struct fight){ .what = what };
	return oldest;
}

static bool report_only(const struct generation *g, const struct iface *want)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct link *link = iface_link(want);

	if (row_has(root, row_find(root, "on_drift"), &link->o))
		return link->on_drift == DRIFT_REPORT;
	return g->settings.on_drift == DRIFT_REPORT;
}

/* Is it to be left as it is, and until when? Sets f->due: UINT64_MAX: until the next apply. */
static bool is_lost(struct fight *f, uint64_t now)
{
	unsigned shift;

	if (f->due > now)
		return true;
	if (f->due) { /* another attempt */
		f->due = 0;
		f->usec = now;
		return false;
	}
	if (now - f->usec > DRIFT_CALM)
		f->times = 0;
	f->usec = now;
	if (++f->times <= DRIFTS_AT_ONCE)
		return false;
	shift = min_of(f->times - DRIFTS_AT_ONCE - 1, (unsigned)DRIFT_SHIFT_MAX);
	f->due = f->times > DRIFTS_MAX ? UINT64_MAX : now + (SECOND << shift);
	return true;
}

/* What was done, and by whom. */
struct finding {
	struct engine *engine;
	struct iface *want;
	const struct fight *fight;
	const struct change *change; /* NULL: no notification said who */
	char *process, *how;
};

static const struct change *find_change(const struct engine *e, const struct step *s)
{
	const struct mirror *m = e->mirror;

	for (unsigned n = m->n_changes; n > 0; n--)
		if (m->changes[n - 1].port && m->changes[n - 1].told == s->feature &&
		    !strcmp(m->changes[n - 1].name, s->name))
			return &m->changes[n - 1];
	return NULL;
}

static void remember(const struct finding *f, const struct plan_line *l)
{
	struct drift_event *v = &f->want->drift->last;

	event_done(v);
	*v = (struct drift_event){
		.key = text_utf8(str_dup(l->key)), .from = text_utf8(str_dup(l->to)),
		.to = text_utf8(str_dup(l->from)),
		.port = f->change ? f->change->port : 0,
		.process = f->process ? str_dup(f->process) : NULL,
		.time_usec = clock_usec(CLOCK_REALTIME), .kept = f->fight->kept,
	};
}

static void tell_line(void *data, const struct plan_line *l)
{
	struct finding *f = data;
	struct drift *d = f->want->drift;
	bool given_up = f->fight->due == UINT64_MAX;
	char port[16] = "";

	if (!d->lines)
		remember(f, l);
	if (d->lines++ >= LINES_MAX)
		return;
	if (f->change)
		snprintf(port, sizeof(port), "%" PRIu32, f->change->port);
	log_event_fields(given_up ? LOG_ERR : f->fight->kept ? LOG_WARNING : LOG_NOTICE,
			 given_up ? LOG_EVENT_DRIFT_GIVEN_UP : LOG_EVENT_DRIFT, l->object,
			 f->engine->number,
			 (const struct log_field[]){ { "NETCTL_KEY", l->key },
						     { "NETCTL_OLD", l->to },
						     { "NETCTL_NEW", l->from },
						     { "NETCTL_PORTID", *port ? port : NULL },
						     { "NETCTL_PROCESS", f->process } },
			 5, "drift: %s: %s: %s -> %s (%s)%s", l->object, l->key, l->from, l->to,
			 f->how, d->lines == LINES_MAX ? "; more of it is not told" : "");
}

/* "changed by ip, pid 4711"; "changed by another hand" */
static char *changed_by(const struct finding *f)
{
	if (!f->change)
		return str_dup("changed by another hand");
	if (f->process)
		return str_format("changed by %s", f->process);
	return str_format("changed by a process that is not known, netlink port %" PRIu32,
			  f->change->port);
}

static char *verdict(const struct finding *f, uint64_t now)
{
	_cleanup_free_ char *by = changed_by(f);
	const struct fight *fight = f->fight;

	if (!fight->kept)
		return f->change ? str_format("%s, put back", by) : str_dup("put back");
	if (!fight->due)
		return str_format("%s, only reported", by);
	if (fight->due == UINT64_MAX)
		return str_dup("something else keeps changing it; given up until the next apply");
	return str_format("something else keeps changing it; next attempt in %" PRIu64 " s",
			  (fight->due - now + SECOND - 1) / SECOND);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : min_of(a, b);
}

/* What is not put back is the interface's state; the first of it the reason. */
static void keep(const struct finding *f, const struct step *s)
{
	_cleanup_free_ char *what = step_what(s);
	struct iface *want = f->want;

	if (s->verb == VERB_CREATE || s->verb == VERB_DELETE)
		want->drift_kept = true;
	if (want->drift->kept && want->state == STATE_DRIFTED) {
		want->retry_usec = sooner(want->retry_usec, f->fight->due);
		return;
	}
	want->drift->kept = true;
	want->state = STATE_DRIFTED;
	want->retry_usec = f->fight->due;
	iface_set_reason(want, "%s; %s", what, f->how);
}

/* Return: it is to be left as it is. */
static bool judge(struct engine *e, const struct step *s, uint64_t now)
{
	struct drift *d = s->want->drift;
	struct fight *f = find_fight(d, step_hash(s));
	bool news = f->round != e->round, was_kept = f->kept && d->before;
	struct finding found = { .engine = e, .want = s->want, .fight = f };
	uint64_t due = f->due;

	if (news)
		f->kept = report_only(e->current, s->want) || is_lost(f, now);
	f->round = e->round;
	news = news && (!was_kept || f->due != due);
	if (!f->kept && !news)
		return false;
	found.change = find_change(e, s);
	found.process = found.change ? who_is_port(found.change->port) : NULL;
	found.how = verdict(&found, now);
	if (news)
		plan_lines(s, tell_line, &found);
	if (f->kept)
		keep(&found, s);
	free(found.process);
	free(found.how);
	return f->kept;
}

bool drift_goes_on(const struct engine *e, const struct plan *plan)
{
	for (unsigned n = 0; n < plan->n; n++) {
		const struct step *s = &plan->steps[n];

		if (!s->want || !s->want->settled || !find_change(e, s))
			return false;
	}
	return plan->n;
}

void drift_begin(const struct generation *g)
{
	MODEL_FOREACH(g->want, i) {
		i->drift_kept = false;
		if (!i->drift)
			continue;
		i->drift->before = i->state == STATE_DRIFTED;
		i->drift->kept = false;
		i->drift->lines = 0;
	}
}

bool drift_filter(struct engine *e, struct plan *plan, uint64_t now)
{
	bool whole = false;
	unsigned kept = 0;

	for (unsigned n = 0; n < plan->n; n++) {
		struct step *s = &plan->steps[n];

		/* What could not be put back before is no other hand's doing. */
		if (s->want && s->want->settled && !(s->verb == VERB_SET && s->reset) &&
		    !(s->feature->is_upkeep && s->feature->is_upkeep(s))) {
			bool before = s->want->drift_kept;

			if (!s->want->drift)
				s->want->drift = new0(struct drift);
			if (judge(e, s, now)) {
				whole |= s->want->drift_kept && !before;
				continue;
			}
		}
		plan->steps[kept++] = *s;
	}
	plan->n = kept;
	return whole;
}
