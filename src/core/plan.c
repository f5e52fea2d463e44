// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a difference to ordered steps.
 *
 * First the fate of an interface as a whole is decided: kept, created,
 * deleted and created again, waiting. Then each feature's rows are compared;
 * those that differ become one step for each phase they belong to. Rows that
 * the configuration no longer names but the record of ownership does are part
 * of the comparison with the value that was there before. An interface that
 * is only in the record is put back the same way, or deleted if the daemon
 * made it.
 *
 * What must stay true: the same input gives the same plan; a plan for a
 * machine that is as asked is empty; planning changes nothing but states,
 * reasons and the indexes inside @want.
 */
#include "core/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/errors.h"

static const char *const verb_names[VERB_MAX_] = {
	[VERB_SET] = "set",	    [VERB_CREATE] = "create",	[VERB_DELETE] = "delete",
	[VERB_ADD] = "add",	    [VERB_REPLACE] = "replace", [VERB_REMOVE] = "remove",
};

const char *verb_name(enum verb v)
{
	return verb_names[v];
}

static enum fate decide(struct planner *p, struct iface *want);

static struct step *add_step(struct planner *p, enum phase phase, enum verb verb,
			     const struct feature *f, const struct iface *i)
{
	struct plan *plan = p->plan;
	struct step *s;

	plan->steps = array_reserve(plan->steps, plan->n, sizeof(*plan->steps));
	s = &plan->steps[plan->n];
	memset(s, 0, sizeof(*s));
	s->seq = plan->n++;
	s->phase = phase;
	s->verb = verb;
	s->feature = f;
	s->ifindex = i->ifindex;
	snprintf(s->name, sizeof(s->name), "%s", i->name);
	return s;
}

int plan_target(const struct planner *p, const char *name)
{
	struct iface *want = model_find(p->want, name), *have;

	if (want) {
		enum fate fate = decide((struct planner *)p, want);

		if (fate == FATE_CREATE || fate == FATE_RECREATE)
			return want->ifindex;
	}
	have = model_find(p->have, name);
	return have ? have->ifindex : 0;
}

bool plan_will_exist(const struct planner *p, const char *name)
{
	return plan_target(p, name) != 0;
}

const char *plan_kind(const struct planner *p, const char *name)
{
	const struct iface *want = model_find(p->want, name), *have = model_find(p->have, name);

	if (!plan_will_exist(p, name))
		return "";
	if (want && *iface_kind(want))
		return iface_kind(want);
	return iface_kind(have);
}

/* References name interfaces; comparing and encoding need the indexes. */
static void resolve(const struct planner *p, const struct feature *f, struct object *o)
{
	FOREACH_ROW(f, r) {
		struct ifref *ref = row_value(r, o);

		if (r->type == &type_ifref && row_has(f, r, o))
			ref->index = *ref->name ? plan_target(p, ref->name) : 0;
	}
}

/* The kernel counts up; nobody else is near its next number, unless somebody chose a huge one. */
#define INDEX_HUGE (1 << 30)

static int reserve_index(struct planner *p, const char *kind)
{
	int index;

	if (!p->next_index) {
		MODEL_FOREACH(p->have, i)
			if (i->ifindex < INDEX_HUGE)
				p->next_index = max_of(p->next_index, i->ifindex);
		MODEL_FOREACH(p->want, i)
			if (i->ifindex < INDEX_HUGE)
				p->next_index = max_of(p->next_index, i->ifindex);
	}
	index = ++p->next_index;
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->kind && !strcmp(features[n]->kind, kind))
			p->next_index += features[n]->companions;
	return index;
}

/* Is a row that only creation can set different from what is there? */
static const struct row *find_recreate(const struct iface *want, const struct iface *have,
				       const struct feature **ret)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *to = want->part[n], *from = have->part[n];

		if (f->form == FORM_LIST || !to)
			continue;
		FOREACH_ROW(f, r)
			if ((r->flags & ROW_CREATE) && row_has(f, r, to) &&
			    row_has(f, r, from) && !row_equal(r, to, from)) {
				*ret = f;
				return r;
			}
	}
	return NULL;
}

/* The name of something it cannot be created without and that will not be there, or NULL. */
static const char *find_missing(const struct planner *p, const struct iface *want)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !want->part[n])
			continue;
		FOREACH_ROW(f, r) {
			const struct ifref *ref = row_value(r, want->part[n]);

			if (r->type == &type_ifref && (r->flags & ROW_CREATE) &&
			    row_has(f, r, want->part[n]) && !plan_will_exist(p, ref->name))
				return ref->name;
		}
	}
	return NULL;
}

static bool stands_on_recreated(const struct planner *p, const struct iface *want)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !want->part[n])
			continue;
		FOREACH_ROW(f, r) {
			const struct ifref *ref = row_value(r, want->part[n]);
			const struct iface *lower;

			if (r->type != &type_ifref || !(r->flags & ROW_CREATE) ||
			    !row_has(f, r, want->part[n]))
				continue;
			lower = model_find(p->want, ref->name);
			if (lower && lower->fate == FATE_RECREATE)
				return true;
		}
	}
	return false;
}

static bool is_ours(const struct planner *p, const struct iface *have)
{
	const struct iface *owned = model_find(p->owned, have->name);

	return owned && owned->created && owned->ifindex == have->ifindex;
}

static enum fate fail(struct iface *want, const char *what)
{
	want->state = STATE_FAILED;
	iface_set_reason(want, "%s", what);
	return FATE_FAIL;
}

static enum fate decide_existing(struct planner *p, struct iface *want, struct iface *have)
{
	const struct feature *f = NULL;
	const struct row *r = NULL;
	char why[200];

	if (*iface_kind(want) && strcmp(iface_kind(want), iface_kind(have))) {
		snprintf(why, sizeof(why), "there is %s of that name that netctld did not make",
			 *iface_kind(have) ? iface_kind(have) : "a device");
		return is_ours(p, have) ? FATE_RECREATE : fail(want, why);
	}
	for (unsigned n = 0; n < n_features; n++)
		if (want->part[n] && features[n]->form != FORM_LIST)
			resolve(p, features[n], want->part[n]);
	if (*iface_kind(want))
		r = find_recreate(want, have, &f);
	if (r && !is_ours(p, have)) {
		snprintf(why, sizeof(why),
			 "%s.%s cannot be changed on an interface that netctld did not make", f->name,
			 r->key);
		return fail(want, why);
	}
	return r || stands_on_recreated(p, want) ? FATE_RECREATE : FATE_KEEP;
}

static enum fate decide_absent(struct planner *p, struct iface *want)
{
	const char *missing;

	if (!*iface_kind(want)) {
		want->state = STATE_ABSENT;
		iface_set_reason(want, "no such device yet");
		return FATE_ABSENT;
	}
	missing = find_missing(p, want);
	if (!missing)
		return FATE_CREATE;
	want->state = STATE_WAITING;
	iface_set_reason(want, "waits for %s", missing);
	return FATE_WAIT;
}

/* Decided once a plan; interfaces stand on each other, so one asks for the next. */
static enum fate decide(struct planner *p, struct iface *want)
{
	struct iface *have = model_find(p->have, want->name);

	if (want->fate != FATE_UNKNOWN)
		return want->fate;
	want->fate = FATE_WAIT; /* in case a loop was let through */
	if (want->state == STATE_FAILED && want->retry_usec > p->now) {
		want->fate = FATE_FAIL;
	} else {
		want->state = STATE_OK;
		iface_set_reason(want, NULL);
		want->fate = have ? decide_existing(p, want, have) : decide_absent(p, want);
	}
	if (want->fate == FATE_CREATE || want->fate == FATE_RECREATE) {
		want->ifindex = reserve_index(p, iface_kind(want));
		for (unsigned n = 0; n < n_features; n++)
			if (want->part[n] && features[n]->form != FORM_LIST)
				resolve(p, features[n], want->part[n]);
	} else {
		want->ifindex = have ? have->ifindex : 0;
	}
	return want->fate;
}

static unsigned depth_of(const struct planner *p, const struct iface *i, unsigned limit)
{
	unsigned depth = 0;

	for (unsigned n = 0; i && limit && n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST || !i->part[n])
			continue;
		FOREACH_ROW(f, r) {
			const struct ifref *ref = row_value(r, i->part[n]);
			const struct iface *lower;

			/* What it was created on; of a device, what the kernel says it stands on. */
			if (r->type != &type_ifref || !row_has(f, r, i->part[n]) ||
			    !(r->flags & ROW_CREATE))
				continue;
			lower = model_find(p->want, ref->name);
			lower = lower ? lower : model_find(p->have, ref->name);
			if (lower && lower != i)
				depth = max_of(depth, 1 + depth_of(p, lower, limit - 1));
		}
	}
	return depth;
}

/* One interface while its steps are made. */
struct subject {
	struct planner *p;
	struct iface *want; /* NULL: only in the record */
	struct iface *have; /* NULL: not there, or about to be made anew */
	struct iface *owned;
	const struct iface *i; /* whichever names it */
	unsigned depth;
	bool blocked;
};

static struct step *subject_step(struct subject *s, enum phase phase, enum verb verb,
				 const struct feature *f)
{
	struct step *step = add_step(s->p, phase, verb, f, s->want ? s->want : s->have);

	step->want = s->want;
	step->have = s->have;
	step->depth = s->depth;
	return step;
}

/* What the rows shall be: as configured; else, where the daemon had set them, as before. */
static struct object *effective(struct subject *s, const struct feature *f, uint64_t *ret_reset)
{
	struct object *to = iface_object(s->want, f), *before = iface_object(s->owned, f), *o;
	uint64_t reset = before ? before->present & ~(to ? to->present : 0) : 0;

	*ret_reset = reset;
	if (!reset)
		return to;
	o = object_new(f, s->p->plan->arena);
	o->where = to ? to->where : NULL;
	FOREACH_ROW(f, r)
		if (row_has(f, r, to))
			row_copy(f, r, s->p->plan->arena, o, to);
		else if (row_has(f, r, before))
			row_copy(f, r, s->p->plan->arena, o, before);
	resolve(s->p, f, o);
	return o;
}

static bool row_differs(const struct feature *f, const struct row *r, const struct object *to,
			const struct object *from, bool creating)
{
	if (!row_has(f, r, to) || (r->flags & (ROW_STATE | ROW_POLICY | ROW_CREATE)))
		return false;
	if (row_has(f, r, from))
		return !row_equal(r, to, from);
	/* A new interface is off in everything that can be on. */
	return !(creating && r->off && row_is_zero(r, to));
}

static bool is_up(const struct iface *i)
{
	return i && iface_link(i)->up;
}

/* Take the link down for a change, and up again after it if that is where it belongs. */
static void bounce(struct subject *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *up = row_find(root, "up");
	struct link *down = (void *)object_new(root, s->p->plan->arena);
	struct link *link = (void *)object_new(root, s->p->plan->arena);
	const struct link *wanted = iface_link(s->want);
	struct step *step;

	for (unsigned n = 0; n < s->p->plan->n; n++)
		if (s->p->plan->steps[n].phase == PHASE_DOWN &&
		    !strcmp(s->p->plan->steps[n].name, s->i->name))
			return; /* on its way down already */
	down->o.present = link->o.present = row_bit(root, up);
	link->up = true;
	step = subject_step(s, PHASE_DOWN, VERB_SET, root);
	step->from = s->have->part[FEATURE_LINK];
	step->to = &down->o;
	step->mask = row_bit(root, up);
	step->effect = EFFECT_BOUNCE;
	if (wanted && row_has(root, up, &wanted->o) && !wanted->up)
		return;
	step = subject_step(s, PHASE_UP, VERB_SET, root);
	step->from = &down->o;
	step->to = &link->o;
	step->mask = row_bit(root, up);
	step->effect = EFFECT_BOUNCE;
}

static void finish_object_step(struct subject *s, unsigned index)
{
	struct step *step = &s->p->plan->steps[index];
	const struct feature *f = step->feature;
	enum effect effect = EFFECT_LIVE;

	FOREACH_ROW(f, r)
		if (step->mask & row_bit(f, r)) {
			enum effect e = f->effect ? f->effect(s->p, step, r) : r->effect;

			effect = max_of(effect, e);
		}
	step->effect = effect;
	if (effect == EFFECT_BOUNCE && is_up(s->have))
		bounce(s);
	else if (effect == EFFECT_BOUNCE)
		s->p->plan->steps[index].effect = EFFECT_LIVE;
}

/* Will it have no master when the plan is done? Then it is nobody's port. */
static bool leaves_master(struct subject *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *master = row_find(root, "master");
	uint64_t reset;
	const struct object *to = effective(s, root, &reset);

	return row_has(root, master, to) && row_is_zero(master, to);
}

/* One step for each phase that has a row that differs. */
static void plan_object(struct subject *s, const struct feature *f, uint64_t already)
{
	uint64_t reset, masks[PHASE_MAX_] = { 0 };
	const struct object *to = effective(s, f, &reset), *from = iface_object(s->have, f);
	unsigned first = s->p->plan->n, end;

	if (!to || (f->slave_kind && reset && leaves_master(s)))
		return;
	FOREACH_ROW(f, r)
		if (!(already & row_bit(f, r)) && row_differs(f, r, to, from, !s->have))
			masks[r->off && row_is_zero(r, to) ? r->off : r->phase] |= row_bit(f, r);
	for (unsigned phase = 0; phase < PHASE_MAX_; phase++) {
		struct step *step;

		if (!masks[phase])
			continue;
		step = subject_step(s, phase, VERB_SET, f);
		step->to = to;
		step->from = from;
		step->mask = masks[phase];
		step->reset = !(step->mask & ~reset);
	}
	end = s->p->plan->n;
	for (unsigned n = first; n < end; n++)
		finish_object_step(s, n);
}

static void entry_step(struct subject *s, enum verb verb, const struct feature *f,
		       const struct object *to, const struct object *from)
{
	/* Of a list all rows have the same phases: those of its first. */
	const struct row *r = &f->rows[0];
	struct step *step = subject_step(s, verb == VERB_REMOVE ? r->off : r->phase, verb, f);

	step->to = to;
	step->from = from;
	step->reset = verb == VERB_REMOVE;
}

static bool entry_differs(const struct feature *f, const struct object *to,
			  const struct object *from)
{
	FOREACH_ROW(f, r)
		if (!(r->flags & (ROW_STATE | ROW_POLICY)) && row_has(f, r, to) &&
		    (!row_has(f, r, from) || !row_equal(r, to, from)))
			return true;
	return false;
}

static bool must_go(struct subject *s, const struct feature *f, const struct object *entry)
{
	const struct link *link = iface_link(s->want);

	if (list_find(f, iface_list(s->owned, f), entry) || (f->is_ours && f->is_ours(entry)))
		return true;
	return link && link->foreign_policy == FOREIGN_REMOVE && iface_list(s->want, f) &&
	       f->is_foreign && f->is_foreign(entry);
}

static void plan_list(struct subject *s, const struct feature *f)
{
	const struct list *want = iface_list(s->want, f), *have = iface_list(s->have, f);

	for (unsigned n = 0; have && n < have->n; n++)
		if (!list_find(f, want, have->items[n]) && must_go(s, f, have->items[n]))
			entry_step(s, VERB_REMOVE, f, NULL, have->items[n]);
	for (unsigned n = 0; want && n < want->n; n++) {
		const struct object *from = list_find(f, have, want->items[n]);

		if (!from)
			entry_step(s, VERB_ADD, f, want->items[n], NULL);
		else if (entry_differs(f, want->items[n], from))
			entry_step(s, VERB_REPLACE, f, want->items[n], from);
	}
}

static void plan_features(struct subject *s, const uint64_t *already)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		_cleanup_free_ char *why = NULL;

		if (s->want && s->want->part[n] && f->blocked)
			why = f->blocked(s->p, s->want);
		if (why) {
			s->want->state = STATE_WAITING;
			iface_set_reason(s->want, "%s", why);
			continue;
		}
		if (f->form == FORM_LIST)
			plan_list(s, f);
		else
			plan_object(s, f, already[n]);
	}
}

static void plan_delete(struct subject *s, struct iface *have, enum effect effect)
{
	struct step *step = add_step(s->p, PHASE_DELETE, VERB_DELETE, features[FEATURE_LINK], have);

	step->have = have;
	step->want = s->want;
	step->depth = s->depth;
	step->from = have->part[FEATURE_LINK];
	step->effect = effect;
	step->reset = !s->want;
}

/* What the message that creates an interface carries: see features/link. */
static void plan_create(struct subject *s, uint64_t *already)
{
	const struct feature *root = features[FEATURE_LINK];
	struct step *step = subject_step(s, PHASE_CREATE, VERB_CREATE, root);
	const char *kind = iface_kind(s->want);

	step->to = s->want->part[FEATURE_LINK];
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *o = s->want->part[n];

		if (!o || (f != root && (!f->kind || strcmp(f->kind, kind))))
			continue;
		FOREACH_ROW(f, r)
			if (row_has(f, r, o) && !(r->flags & ROW_POLICY) &&
			    (r->phase == PHASE_CREATE || r->phase == PHASE_LINK))
				already[n] |= row_bit(f, r);
	}
	step->mask = already[FEATURE_LINK];
}

static void plan_iface(struct planner *p, struct iface *want, struct iface *owned)
{
	struct iface *have = model_find(p->have, want ? want->name : owned->name);
	struct subject s = { .p = p, .want = want, .have = have, .owned = owned };
	uint64_t already[64] = { 0 };
	enum fate fate;

	if (want ? want->planned : owned->planned)
		return;
	if (want)
		want->planned = true;
	else
		owned->planned = true;
	s.i = want ? want : owned;
	s.depth = depth_of(p, want ? want : have, 8);
	if (!want) {
		if (!have)
			return;
		if (is_ours(p, have))
			plan_delete(&s, have, EFFECT_LIVE);
		else
			plan_features(&s, already);
		return;
	}
	fate = decide(p, want);
	if (fate == FATE_RECREATE) {
		plan_delete(&s, have, EFFECT_RECREATE);
		s.have = NULL;
	}
	if (fate == FATE_CREATE || fate == FATE_RECREATE) {
		s.owned = NULL;
		plan_create(&s, already);
	} else if (fate != FATE_KEEP) {
		return;
	}
	plan_features(&s, already);
}

static int compare_steps(const void *pa, const void *pb)
{
	const struct step *a = pa, *b = pb;
	int r;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->depth != b->depth)
		return (a->depth < b->depth) == (a->phase > PHASE_DELETE) ? -1 : 1;
	r = strcmp(a->name, b->name);
	if (r)
		return r;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static void mark_applying(struct plan *plan)
{
	for (unsigned n = 0; n < plan->n; n++)
		if (plan->steps[n].want && plan->steps[n].want->state == STATE_OK)
			plan->steps[n].want->state = STATE_APPLYING;
}

struct plan *plan_new(struct model *want, struct model *have, struct model *owned,
		      const struct change *names, unsigned n, uint64_t now)
{
	struct plan *plan = new0(struct plan);
	struct planner p = { .want = want, .have = have, .owned = owned, .plan = plan, .now = now };

	plan->arena = arena_new();
	MODEL_FOREACH(want, i) {
		i->fate = FATE_UNKNOWN;
		i->planned = false;
	}
	MODEL_FOREACH(owned, o)
		o->planned = false;
	if (names) {
		for (unsigned k = 0; k < n; k++) {
			struct iface *i = model_find(want, names[k].name);
			struct iface *o = model_find(owned, names[k].name);

			if (i || o)
				plan_iface(&p, i, o);
		}
	} else {
		MODEL_FOREACH(want, i)
			plan_iface(&p, i, model_find(owned, i->name));
		MODEL_FOREACH(owned, o)
			if (!model_find(want, o->name))
				plan_iface(&p, NULL, o);
	}
	if (plan->n)
		qsort(plan->steps, plan->n, sizeof(*plan->steps), compare_steps);
	mark_applying(plan);
	return plan;
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	for (unsigned n = 0; n < p->n; n++)
		free(p->steps[n].text);
	free(p->steps);
	arena_free(p->arena);
	free(p);
	return NULL;
}
