// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What happens to configured interfaces, for the log: a device comes or goes,
 * carrier comes or goes; and what a feature has noticed by itself, for the bus too. What must stay
 * true: a cable with a bad contact does not fill the log, and the last line about it is true.
 */
#include "core/event.h"
#include "util/log.h"
#include "util/pace.h"

/* Ten lines at once about one interface, and then one every ten seconds. */
#define LINE_USEC UINT64_C(10000000)
#define LINE_BURST 10

enum told { TOLD_NOTHING, TOLD_ABSENT, TOLD_NO_CARRIER, TOLD_CARRIER };

static enum told now_is(const struct engine *e, const struct iface *want)
{
	const struct iface *have = model_find(e->mirror->seen, want->name);

	if (!have || !iface_link(have)) /* "all" is no device */
		return TOLD_ABSENT;
	/* What stands for all interfaces is no link. */
	return iface_link(have) && iface_link(have)->carrier ? TOLD_CARRIER : TOLD_NO_CARRIER;
}

static void tell(const struct iface *want, enum told now, enum told before)
{
	if (now == TOLD_ABSENT)
		log_event(LOG_NOTICE, LOG_EVENT_ABSENT, want->name, 0, "%s: is gone", want->name);
	else if (before == TOLD_ABSENT)
		log_event(LOG_NOTICE, LOG_EVENT_PRESENT, want->name, 0, "%s: has appeared",
			  want->name);
	if (now == TOLD_CARRIER)
		log_event(LOG_INFO, LOG_EVENT_CARRIER, want->name, 0, "%s: has carrier",
			  want->name);
	else if (now == TOLD_NO_CARRIER && before == TOLD_CARRIER)
		log_event(LOG_INFO, LOG_EVENT_NO_CARRIER, want->name, 0, "%s: has no carrier",
			  want->name);
}

static void look_at(struct engine *e, struct iface *want, uint64_t now)
{
	enum told is = now_is(e, want);

	/* A link of ours that is being made is no news. */
	if (want->told == TOLD_NOTHING || (want->told == TOLD_ABSENT && *iface_kind(want)))
		want->told = is;
	if (want->told == is || !pace_allows(&want->told_pace, now, LINE_USEC, LINE_BURST,
					     &e->event_due))
		return;
	tell(want, is, want->told);
	want->told = is;
}

void event_links(struct engine *e, bool all, uint64_t now)
{
	const struct mirror *m = e->mirror;

	if (!all) {
		for (unsigned n = 0; n < m->n_changes; n++) {
			struct iface *want = model_find(e->current->want, m->changes[n].name);

			if (want)
				look_at(e, want, now);
		}
		return;
	}
	e->event_due = UINT64_MAX;
	MODEL_FOREACH(e->current->want, i)
		look_at(e, i, now);
}

void event_tell(struct mirror *m, const struct event *v)
{
	log_event_fields(v->level, v->id, v->link, 0, v->fields, v->n, "%s: %s", v->link, v->text);
	if (m->on_event)
		m->on_event(m->data, v);
}

void event_pass(void *engine, const struct event *v)
{
	const struct engine *e = engine;

	if (e->on_event)
		e->on_event(e->on_changed_data, v);
}
