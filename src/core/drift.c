// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two programs that both keep a setting would change it for ever, as fast as
 * the machine can. Here the first few changes in a row are put back at once,
 * because a hand or a script may be quick; after that the answers come slower
 * and slower, and then no more, and it is said loudly.
 */
#include "core/drift.h"

#include <inttypes.h>

#include "util/log.h"

#define SECOND UINT64_C(1000000)
/* Put back at once so often in a row; then after 1 s, doubling up to a minute or so. */
#define DRIFTS_AT_ONCE 8
#define DRIFT_SHIFT_MAX 6
#define DRIFTS_MAX 18
/* Left alone for this long, an interface starts afresh. */
#define DRIFT_CALM (180 * SECOND)

static bool report_only(const struct generation *g, const struct iface *want)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct link *link = iface_link(want);

	if (row_has(root, row_find(root, "on_drift"), &link->o))
		return link->on_drift == DRIFT_REPORT;
	return g->settings.on_drift == DRIFT_REPORT;
}

static void keep(struct iface *want, const char *what, const char *how)
{
	if (want->state != STATE_DRIFTED)
		log_event(LOG_WARNING, LOG_EVENT_DRIFT, want->name, 0, "drift: %s (%s)", what, how);
	want->state = STATE_DRIFTED;
	want->drift_kept = true;
	iface_set_reason(want, "%s; %s", what, how);
}

/* Once an interface and round; the steps of one interface share the verdict. */
static void judge(const struct generation *g, struct iface *want, const char *what, uint64_t now)
{
	bool due = want->retry_usec && now >= want->retry_usec;
	uint64_t delay;
	char how[100];

	if (report_only(g, want)) {
		keep(want, what, "changed by another hand, only reported");
		return;
	}
	if (now - want->drift_usec > DRIFT_CALM)
		want->drifts = 0;
	want->drift_usec = now;
	if (due || want->drifts++ < DRIFTS_AT_ONCE) {
		want->retry_usec = 0;
		log_event(LOG_NOTICE, LOG_EVENT_DRIFT, want->name, 0, "drift: %s (put back)", what);
		return;
	}
	if (want->drifts > DRIFTS_MAX) {
		want->retry_usec = UINT64_MAX;
		log_event(LOG_ERR, LOG_EVENT_DRIFT_GIVEN_UP, want->name, 0,
			  "%s: something else keeps changing it; given up until the next apply",
			  want->name);
		keep(want, what, "something else keeps changing it; given up");
		return;
	}
	delay = SECOND << min_of(want->drifts - DRIFTS_AT_ONCE - 1, (unsigned)DRIFT_SHIFT_MAX);
	want->retry_usec = now + delay;
	snprintf(how, sizeof(how), "something else keeps changing it; next attempt in %" PRIu64 " s",
		 delay / SECOND);
	keep(want, what, how);
}

void drift_begin(const struct generation *g)
{
	MODEL_FOREACH(g->want, i)
		i->drift_kept = false;
}

void drift_filter(const struct generation *g, struct plan *plan, uint64_t now, uint64_t round)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < plan->n; n++) {
		struct step *s = &plan->steps[n];

		if (s->want && s->want->settled && s->want->drift_round != round) {
			_cleanup_free_ char *what = step_what(s);

			s->want->drift_round = round;
			judge(g, s->want, what, now);
		}
		if (!s->want || !s->want->settled || !s->want->drift_kept)
			plan->steps[kept++] = *s;
	}
	plan->n = kept;
}
