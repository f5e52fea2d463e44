// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The part of a plan that is about lists: entries that come, go, or have other
 * values; and those that others take along when they go.
 *
 * What must stay true: what others made is left alone, unless the configuration
 * names it or asks for its removal; what was theirs comes back.
 */
#include <string.h>

#include "core/config.h"
#include "core/fate.h"
#include "core/plan-subject.h"

static struct step *entry_step(struct subject *s, enum verb verb, const struct feature *f,
			       const struct object *to, const struct object *from,
			       bool reset)
{
	/* Of a list all rows have the same phases: those of its first. */
	const struct row *r = &f->rows[0];
	struct step *step = subject_step(s, verb == VERB_REMOVE ? r->off : r->phase, verb, f);

	step->to = to;
	step->from = from;
	step->reset = reset;
	if (f->rank)
		step->rank = to ? f->rank(s->want, to) : f->rank(s->have, from);
	return step;
}

/* It was named before, and no longer is: has the kernel what it has by itself? */
static bool was_reset(const struct step *s, const struct feature *f, const struct row *r)
{
	const struct feature *list = s->feature;

	if (list->is_ours)
		return !list->is_default || !list->is_ours(s->from) ||
		       list->is_default(r, s->to, s->from, s->have);
	if (object_feature(list, s->before) != f || !row_has(f, r, s->before))
		return true;
	return r->initial ? entry_row_is_initial(list, r, s->from) :
			    !row_equal(r, s->before, s->from);
}

bool entry_row_changes(const struct step *s, const struct row *r)
{
	const struct feature *f = object_feature(s->feature, s->to);

	if (r->flags & (ROW_STATE | ROW_POLICY))
		return false;
	if (row_has(f, r, s->to))
		return s->feature->same ? !s->feature->same(r, s->to, s->from) :
					  !row_has(f, r, s->from) || !row_equal(r, s->to, s->from);
	return row_has(f, r, s->from) && !was_reset(s, f, r);
}

/* Return: it differs; and what changing it does to traffic. */
static bool entry_differs(const struct subject *s, const struct step *step, enum effect *ret)
{
	const struct feature *list = step->feature, *f = object_feature(list, step->to);
	bool differs = false;

	*ret = EFFECT_LIVE;
	if (f != object_feature(list, step->from)) {
		*ret = EFFECT_RECREATE;
		return true;
	}
	if (list->is_ours && list->is_ours(step->from) && list->misplaced &&
	    list->misplaced(step->to, step->from, s->want, s->have))
		return true;
	FOREACH_ROW(f, r) {
		enum effect e;

		if (!entry_row_changes(step, r))
			continue;
		e = list->effect ? list->effect(s->p, step, r) : r->effect;
		*ret = max_of(*ret, e);
		differs = true;
	}
	return differs;
}

void subject_wait(struct subject *s, const char *why)
{
	if (s->want->kept_down) /* which is the reason behind it */
		return;
	s->want->state = STATE_WAITING;
	iface_set_reason(s->want, "%s", why);
}

static struct object *copy_entry(struct subject *s, const struct feature *f,
				 const struct object *from)
{
	struct object *o = object_new(f, s->p->plan->arena);

	f = object_feature(f, from);
	FOREACH_ROW(f, r)
		if (row_has(f, r, from))
			row_copy(f, r, s->p->plan->arena, o, from);
	return o;
}

static void plan_entry(struct subject *s, const struct feature *f, struct object *to,
		       const struct object *from)
{
	const struct step like = {
		.feature = f, .to = to, .from = from, .have = s->have, .want = s->want,
		.before = list_find(f, iface_list(s->owned, f), to),
	};
	enum effect effect = EFFECT_LIVE;
	_cleanup_free_ char *why = NULL;
	struct step *step;

	fate_resolve(s->p, object_feature(f, to), to);
	if (from && f->entry_suspended && object_feature(f, to) == object_feature(f, from))
		why = f->entry_suspended(s->p, s->want, to);
	if (why) {
		subject_wait(s, why);
		entry_step(s, VERB_REMOVE, f, NULL, from, true);
		return;
	}
	if (from && !entry_differs(s, &like, &effect))
		return;
	if (f->entry_blocked)
		why = f->entry_blocked(s->p, s->want, to);
	if (why) {
		subject_wait(s, why);
		return;
	}
	step = entry_step(s, from ? VERB_REPLACE : VERB_ADD, f, to, from, false);
	/* The record's own changes before the step is done. */
	if (like.before)
		step->before = copy_entry(s, f, like.before);
	step->effect = effect;
}

static bool must_go(struct subject *s, const struct feature *f, const struct object *entry)
{
	const struct link *link = iface_link(s->want);

	const struct object *made = list_find(f, iface_list(s->owned, f), entry);

	if (f->is_ours ? f->is_ours(entry) :
			 made && object_feature(f, made) == object_feature(f, entry))
		return true;
	return link && link->foreign_policy == FOREIGN_REMOVE && iface_list(s->want, f) &&
	       f->is_foreign && f->is_foreign(entry);
}

/* What others had made, and the configuration replaced, comes back. */
static void plan_entry_away(struct subject *s, const struct feature *f, const struct object *entry)
{
	const struct object *before = f->is_ours && f->is_ours(entry) ?
					      list_find(f, iface_list(s->owned, f), entry) :
					      NULL;

	entry_step(s, before ? VERB_REPLACE : VERB_REMOVE, f, before, entry, true);
}

/*
 * Is @have, at the place of an entry that was taken away, it again? The kernel may have put one of
 * its own there, along with what is ours: that goes with it.
 */
static bool is_back(const struct feature *f, const struct object *have, const struct object *before)
{
	return have && (!f->is_foreign || f->is_ours(have) || f->is_foreign(have) ||
			!f->is_foreign(before));
}

/* What was taken away from others, by a change that is being undone: its policy is gone. */
static void plan_given_back(struct subject *s, const struct feature *f)
{
	const struct list *want = iface_list(s->want, f), *have = iface_list(s->have, f);
	const struct list *before = f->is_ours ? iface_list(s->owned, f) : NULL;
	const struct link *link = iface_link(s->want);

	if (link && link->foreign_policy == FOREIGN_REMOVE)
		return;
	for (unsigned n = 0; before && n < before->n; n++)
		if (!list_find(f, want, before->items[n]) &&
		    !is_back(f, list_find(f, have, before->items[n]), before->items[n]))
			entry_step(s, VERB_ADD, f, before->items[n], NULL, true);
}

void subject_list(struct subject *s, const struct feature *f)
{
	const struct list *want = iface_list(s->want, f), *have = iface_list(s->have, f);

	for (unsigned n = 0; have && n < have->n; n++)
		if (!list_find(f, want, have->items[n]) && must_go(s, f, have->items[n]))
			plan_entry_away(s, f, have->items[n]);
	for (unsigned n = 0; want && n < want->n; n++)
		plan_entry(s, f, want->items[n], list_find(f, have, want->items[n]));
	plan_given_back(s, f);
}

static struct step *step_to(struct subject *s, unsigned first, const struct feature *f,
			    const struct object *to)
{
	for (unsigned n = first; n < s->p->plan->n; n++) {
		struct step *step = &s->p->plan->steps[n];

		if (step->feature == f && step->to && object_same_key(f, step->to, to))
			return step;
	}
	return NULL;
}

static void plan_anew(struct subject *s, unsigned first, const struct feature *f,
		      const struct object *to)
{
	struct step *step = step_to(s, first, f, to);
	_cleanup_free_ char *why = NULL;

	if (!step && f->entry_blocked)
		why = f->entry_blocked(s->p, s->want, to);
	if (why) { /* with what it stood on */
		subject_wait(s, why);
		return;
	}
	if (!step) {
		entry_step(s, VERB_ADD, f, to, NULL, false);
		return;
	}
	step->verb = VERB_ADD;
	step->effect = EFFECT_LIVE;
	step->from = NULL;
}

/* It would keep another step from being done: it goes before all others, and comes again. */
static void plan_aside(struct subject *s, unsigned first, const struct feature *f,
		       const struct object *to, const struct object *from)
{
	for (unsigned n = first; n < s->p->plan->n; n++)
		if (s->p->plan->steps[n].from == from && s->p->plan->steps[n].verb == VERB_REMOVE)
			return;
	plan_anew(s, first, f, to);
	entry_step(s, VERB_REMOVE, f, NULL, from, true);
}

void subject_along(struct subject *s, unsigned first)
{
	const struct plan *plan = s->p->plan;

	for (unsigned n = first; n < plan->n; n++) {
		if (plan->steps[n].verb != VERB_REMOVE &&
		    (plan->steps[n].verb != VERB_REPLACE ||
		     plan->steps[n].effect != EFFECT_RECREATE))
			continue;
		for (unsigned k = 0; k < n_features; k++) {
			const struct feature *f = features[k];
			const struct list *have = f->goes_along ? iface_list(s->have, f) : NULL;

			for (unsigned e = 0; have && e < have->n; e++) {
				const struct object *to =
					list_find(f, iface_list(s->want, f), have->items[e]);

				if (to && f->goes_along(s->have, have->items[e], &plan->steps[n]))
					plan_anew(s, first, f, to);
				else if (to && f->holds &&
					 f->holds(have->items[e], &plan->steps[n]))
					plan_aside(s, first, f, to, have->items[e]);
			}
		}
	}
}
