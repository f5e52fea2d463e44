// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A round of the engine: the first plan, which finds the difference, and those
 * that follow from it until none is left.
 *
 * What must stay true: a verdict on drift holds for a round, and a round that
 * another hand disturbs is the next one, which is counted.
 */
#include "core/round.h"

#include "core/drift.h"

/* As for a device that has come: nothing was settled, and what failed may not fail now. */
static void renew(struct engine *e)
{
	for (unsigned n = 0; n < e->mirror->n_changes; n++) {
		const struct change *c = &e->mirror->changes[n];
		struct iface *want = c->anew ? model_find(e->current->want, c->name) : NULL;

		if (!want)
			continue;
		want->settled = false;
		want->retry_usec = 0;
		want->drift = drift_free(want->drift);
	}
}

static struct plan *make_plan(struct engine *e, bool all)
{
	struct mirror *m = e->mirror;
	const struct change *names = all ? NULL : m->changes;
	struct plan *plan = plan_new(e->current->want, m->seen, e->record->owned, names,
				     m->n_changes, engine_now(e));

	if (!drift_filter(e, plan, engine_now(e)))
		return plan;
	/* Others may stand on what is now left alone. */
	plan_free(plan);
	plan = plan_new(e->current->want, m->seen, e->record->owned, names, m->n_changes,
			engine_now(e));
	drift_filter(e, plan, engine_now(e));
	return plan;
}

static void begin(struct engine *e)
{
	e->passes = 0;
	e->round++;
	drift_begin(e->current);
}

struct plan *round_plan(struct engine *e, bool all)
{
	struct plan *plan;

	renew(e);
	if (!e->passes)
		begin(e);
	plan = make_plan(e, all);
	/*
	 * What another hand changes while it is being put back is changed once more, and counted
	 * so.
	 */
	if (!e->passes || !drift_goes_on(e, plan))
		return plan;
	plan_free(plan);
	begin(e);
	return make_plan(e, all);
}
