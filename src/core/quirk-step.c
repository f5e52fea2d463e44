// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What drivers do along with a step, by the table of quirks: to the interface
 * itself, or to what it stands on. That is no step of ours, but traffic is lost.
 */
#include "core/plan.h"
#include "core/quirk.h"

static bool is_up(const struct iface *i)
{
	return i && iface_link(i) && iface_link(i)->up;
}

static int64_t number(const struct feature *f, const struct row *r, const struct object *o)
{
	json_auto_t *j = row_has(f, r, o) ? r->type->json(r, row_value(r, o)) : NULL;

	return json_is_integer(j) ? json_integer_value(j) : 0;
}

/* What is below follows the largest of what stands on it (dsa_user_change_mtu()). */
static bool changes_lower(const struct planner *p, const struct step *step, const struct row *r,
			  const struct iface *lower)
{
	int64_t others = 0, to = number(step->feature, r, step->to),
		from = number(step->feature, r, step->from);

	MODEL_FOREACH(p->have, i)
		if (i != step->have && iface_link(i) &&
		    iface_link(i)->lower.index == lower->ifindex)
			others = max_of(others,
					number(step->feature, r, i->part[step->feature->id]));
	return max_of(others, to) != max_of(others, from);
}

static void add(const struct planner *p, struct step *step, const struct row *r)
{
	const struct feature *f = step->feature;
	const struct quirk *q = quirk_find(step->have, step->want, f, r, step->to, step->from);
	const struct iface *lower;

	if (!q || q->effect == QUIRK_BOUNCE) {
		step->quirk = q;
		return;
	}
	lower = model_find_index(p->have, iface_link(step->have)->lower.index);
	if (!is_up(lower) || !changes_lower(p, step, r, lower))
		return;
	step->quirk = quirk_find(lower, NULL, f, r, step->to, step->from);
	step->also = step->quirk ? lower : NULL;
}

void step_add_quirk(const struct planner *p, struct step *step)
{
	if (step->effect != EFFECT_LIVE || !is_up(step->have))
		return;
	FOREACH_ROW(step->feature, r)
		if ((step->mask & row_bit(step->feature, r)) && !step->quirk)
			add(p, step, r);
	if (step->quirk)
		step->effect = EFFECT_BOUNCE;
}
