// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Holds are the engine's, not the configuration's: a reload does not end them.
 * They are not kept over a restart of the daemon: an interface that was
 * forgotten in a hold must not stay without care.
 */
#include "core/hold.h"

#include <stdio.h>

#include "util/log.h"

static struct hold *find(struct engine *e, const char *name)
{
	for (unsigned n = 0; n < e->n_holds; n++)
		if (!strcmp(e->holds[n].name, name))
			return &e->holds[n];
	return NULL;
}

int hold_begin(struct engine *e, const char *name, uint64_t usec)
{
	struct hold *h = find(e, name);

	if (!e->current || !model_find(e->current->want, name))
		return -ENODEV;
	if (!h) {
		e->holds = array_reserve(e->holds, e->n_holds, sizeof(*h));
		h = &e->holds[e->n_holds++];
		snprintf(h->name, sizeof(h->name), "%s", name);
	}
	h->until = engine_now(e) + usec;
	log_event(LOG_NOTICE, LOG_EVENT_HELD, name, 0, "%s: left alone for %llu s", name,
		  (unsigned long long)usec / 1000000);
	engine_look_again(e);
	return 0;
}

int hold_end(struct engine *e, const char *name)
{
	struct hold *h = find(e, name);

	if (!h)
		return -ENOENT;
	*h = e->holds[--e->n_holds];
	log_event(LOG_NOTICE, LOG_EVENT_HELD, name, 0, "%s: looked after again", name);
	engine_look_again(e);
	return 0;
}

void hold_mark(struct engine *e)
{
	uint64_t now = engine_now(e);

	for (unsigned n = e->n_holds; n > 0; n--)
		if (e->holds[n - 1].until <= now) {
			log_event(LOG_NOTICE, LOG_EVENT_HELD, e->holds[n - 1].name, 0,
				  "%s: the hold has ended", e->holds[n - 1].name);
			e->holds[n - 1] = e->holds[--e->n_holds];
		}
	MODEL_FOREACH(e->current->want, i) {
		bool held = e->n_holds && find(e, i->name);

		/* What was done by hand in the meantime is put back without counting. */
		if (i->held && !held)
			i->settled = false;
		i->held = held;
	}
}

uint64_t hold_first_end(const struct engine *e)
{
	uint64_t first = UINT64_MAX;

	for (unsigned n = 0; n < e->n_holds; n++)
		first = min_of(first, e->holds[n].until);
	return first;
}
