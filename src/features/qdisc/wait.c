// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What has to wait, and what is the daemon's own care. What must stay true: what
 * hangs on a discipline that waits, waits with it.
 */
#include "features/features.h"
#include "features/qdisc/kinds.h"

/* What it hangs on, or NULL. */
static const struct qdisc *above(const struct iface *i, const struct qdisc *q)
{
	const struct list *l = iface_list(i, &qdisc_feature);

	for (unsigned n = 0; q->parent && q->parent != TC_H_INGRESS && l && n < l->n; n++) {
		const struct qdisc *other = (const struct qdisc *)l->items[n];

		if (other->handle == TC_H_MAJ(q->parent))
			return other;
	}
	return NULL;
}

/* It waits with what it hangs on. */
char *qdisc_blocked(const struct planner *p, const struct iface *want, const struct object *entry)
{
	const struct iface *have = model_find(p->have, want->name);
	char *why = NULL;

	for (const struct qdisc *q = (const struct qdisc *)entry; q && !why; q = above(want, q)) {
		const struct qdisc_kind *k = qdisc_kind_of(&q->o);
		bool there = &q->o != entry &&
			     list_find(&qdisc_feature, iface_list(have, &qdisc_feature), &q->o);

		if (k->suspended && there)
			why = k->suspended(have, want, q);
		else if (k->blocked && !there)
			why = k->blocked(have, want, q);
	}
	return why;
}

char *qdisc_suspended(const struct planner *p, const struct iface *want, const struct object *entry)
{
	const struct qdisc_kind *k = qdisc_kind_of(entry);

	return k->suspended ? k->suspended(model_find(p->have, want->name), want,
					   (struct qdisc *)entry) : NULL;
}

static bool lost_hold(const struct object *from)
{
	const struct qdisc_kind *k = qdisc_kind_of(from);

	return k && k->lost_hold && k->lost_hold((const struct qdisc *)from);
}

/*
 * Armed again because a link or a clock was lost, or put away until the clock is set; and what
 * hangs on that, which goes and comes along.
 */
bool qdisc_is_upkeep(const struct step *s)
{
	const struct list *want = iface_list(s->want, &qdisc_feature);
	const struct list *have = iface_list(s->have, &qdisc_feature);
	const struct object *asked = s->from ? list_find(&qdisc_feature, want, s->from) : NULL;
	const struct qdisc *q = (const struct qdisc *)s->to;

	if (s->verb == VERB_REMOVE)
		return asked && qdisc_kind_of(asked) == qdisc_kind_of(s->from);
	for (; q; q = above(s->want, q)) {
		const struct object *from = list_find(&qdisc_feature, have, &q->o);

		if (from && qdisc_kind_of(from) == qdisc_kind_of(&q->o) && lost_hold(from))
			return true;
	}
	return false;
}
