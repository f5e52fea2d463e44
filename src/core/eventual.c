// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A speed that was forced is seen when there is a link again, seconds later or
 * when somebody plugs the cable in. Until then the difference that remains is
 * neither a failure nor a reason to set it again, which would take the link
 * down each time.
 *
 * What must stay true: what never comes true although there is a link is set
 * again, and so told.
 */
#include "core/eventual.h"

/* Autonegotiation takes up to some 4 s (IEEE 802.3 28.3.2, 40.4.5), a slow PHY's polling 2 more. */
#define DEADLINE UINT64_C(10000000)

static bool is_eventual(const struct step *s)
{
	if (s->verb != VERB_SET || !s->want || !s->mask)
		return false;
	FOREACH_ROW(s->feature, r)
		if ((s->mask & row_bit(s->feature, r)) && !(r->flags & ROW_EVENTUAL))
			return false;
	return true;
}

/* May it still come true? */
static bool must_wait(struct step *s, unsigned passes, uint64_t now)
{
	struct iface *want = s->want;
	const struct link *link = iface_link(s->have);

	if (passes && want->eventual_usec <= now) /* set just now */
		want->eventual_usec = now + DEADLINE;
	else if (want->eventual_usec && want->eventual_usec <= now && link && !link->carrier)
		want->eventual_usec = now + DEADLINE;
	return want->eventual_usec > now;
}

void eventual_filter(struct plan *plan, unsigned passes, uint64_t now)
{
	unsigned kept = 0;

	for (unsigned n = 0; n < plan->n; n++) {
		struct step *s = &plan->steps[n];

		if (is_eventual(s) && must_wait(s, passes, now)) {
			_cleanup_free_ char *what = step_what(s);

			s->want->state = STATE_WAITING;
			iface_set_reason(s->want, "waits for the link: %s", what);
			continue;
		}
		plan->steps[kept++] = *s;
	}
	plan->n = kept;
}

uint64_t eventual_first(struct model *want, uint64_t now)
{
	uint64_t first = UINT64_MAX;

	MODEL_FOREACH(want, i) {
		if (i->eventual_usec > now)
			first = min_of(first, i->eventual_usec);
		else if (i->state == STATE_OK)
			i->eventual_usec = 0;
	}
	return first;
}
