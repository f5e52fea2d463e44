// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a difference to ordered steps.
 *
 * First the fate of an interface as a whole is decided (fate.c): kept, created,
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

#include "core/config.h"
#include "core/errors.h"
#include "core/fate.h"
#include "core/plan-subject.h"
#include "core/stand.h"

static const char *const verb_names[VERB_MAX_] = {
	[VERB_SET] = "set",	    [VERB_CREATE] = "create",	[VERB_DELETE] = "delete",
	[VERB_RENAME] = "rename",
	[VERB_ADD] = "add",	    [VERB_REPLACE] = "replace", [VERB_REMOVE] = "remove",
};

const char *verb_name(enum verb v)
{
	return verb_names[v];
}

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

struct step *subject_step(struct subject *s, enum phase phase, enum verb verb,
			  const struct feature *f)
{
	struct step *step = add_step(s->p, phase, verb, f, s->want ? s->want : s->have);

	step->want = s->want;
	step->have = s->have;
	step->depth = s->depth;
	return step;
}

/* Did the daemon make the interface, or make it a port? */
static bool made_by_us(const struct subject *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *master = row_find(root, "master");
	const struct object *before = iface_object(s->owned, root);

	return s->owned->created || (row_has(root, master, before) && row_is_zero(master, before));
}

/* As configured, but down. */
static struct object *but_down(struct subject *s, struct object *to)
{
	const struct feature *root = features[FEATURE_LINK];
	struct link *o;

	if (!row_has(root, row_find(root, "up"), to))
		return to;
	o = (struct link *)object_new(root, s->p->plan->arena);
	o->o.where = to->where;
	FOREACH_ROW(root, r)
		if (row_has(root, r, to))
			row_copy(root, r, s->p->plan->arena, &o->o, to);
	fate_resolve(s->p, root, &o->o);
	o->up = false;
	return &o->o;
}

/* What the rows shall be: as configured; else, where the daemon had set them, as before. */
static struct object *effective(struct subject *s, const struct feature *f, uint64_t *ret_reset)
{
	struct object *to = iface_object(s->want, f), *before = iface_object(s->owned, f), *o;
	struct object *fresh = NULL;
	uint64_t reset = before ? before->present & ~(to ? to->present : 0) : 0;

	*ret_reset = reset;
	if (!reset)
		return to;
	if (f->initial && s->want && made_by_us(s)) {
		/* A fresh object's values, as things stand now: the recorded ones may be of old. */
		fresh = object_new(f, s->p->plan->arena);
		f->initial(s->p->want, s->p->have, s->want, fresh);
	}
	o = object_new(f, s->p->plan->arena);
	o->where = to ? to->where : NULL;
	FOREACH_ROW(f, r)
		if (row_has(f, r, to))
			row_copy(f, r, s->p->plan->arena, o, to);
		else if (row_has(f, r, before) && row_has(f, r, fresh))
			row_copy(f, r, s->p->plan->arena, o, fresh);
		else if (row_has(f, r, before))
			row_copy(f, r, s->p->plan->arena, o, before);
	fate_resolve(s->p, f, o);
	/* What it referred to before is gone: back to nothing. */
	FOREACH_ROW(f, r) {
		struct ifref *ref = row_value(r, o);

		if (r->type == &type_ifref && (reset & row_bit(f, r)) && !ref->index)
			memset(ref, 0, sizeof(*ref));
	}
	return o;
}

static bool row_differs(const struct feature *f, const struct row *r, const struct object *to,
			const struct object *from, bool creating)
{
	if (!row_has(f, r, to) || (r->flags & (ROW_STATE | ROW_POLICY | ROW_CREATE)))
		return false;
	if (row_has(f, r, from))
		return !row_equal(r, to, from);
	/* What nobody has set is not there; what follows from others comes with them. */
	if ((r->flags & ROW_IMPLIED) || ((r->flags & ROW_OURS) && row_is_zero(r, to)))
		return false;
	/* A new interface is off in everything that can be on. */
	return !(creating && r->off && row_is_zero(r, to));
}

/* Take the link down for a change, and up again after it if that is where it belongs. */
static void bounce_link(struct subject *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *up = row_find(root, "up");
	struct link *down = (void *)object_new(root, s->p->plan->arena);
	struct link *link = (void *)object_new(root, s->p->plan->arena);
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
	if (s->want && row_has(root, up, s->want->part[FEATURE_LINK]) &&
	    !stand_wants_up(s->p, s->want))
		return;
	step = subject_step(s, PHASE_UP, VERB_SET, root);
	step->from = &down->o;
	step->to = &link->o;
	step->mask = row_bit(root, up);
	step->effect = EFFECT_BOUNCE;
}

/*
 * A switch's ports go down with their conduit, and do not come up with it again
 * (dsa_user_netdevice_event()).
 */
static void bounce(struct subject *s)
{
	bounce_link(s);
	MODEL_FOREACH(s->p->have, upper) {
		struct subject u = { .p = s->p, .have = upper, .i = upper, .depth = s->depth + 1 };

		if (!stand_is_up_on(upper, s->have) || *iface_kind(upper))
			continue;
		u.want = model_find(s->p->want, upper->name);
		bounce_link(&u);
	}
}

static void finish_object_step(struct subject *s, unsigned index)
{
	struct step *step = &s->p->plan->steps[index];
	const struct feature *f = step->feature;
	enum effect effect = EFFECT_LIVE, ours = EFFECT_LIVE;

	FOREACH_ROW(f, r)
		if (step->mask & row_bit(f, r)) {
			enum effect e = f->effect ? f->effect(s->p, step, r) : r->effect;

			effect = max_of(effect, e);
			if (!(r->flags & ROW_SELF))
				ours = max_of(ours, e);
		}
	step->effect = effect;
	if (ours == EFFECT_BOUNCE && stand_is_up(s->have))
		bounce(s);
	else if (effect == EFFECT_BOUNCE && !stand_is_up(s->have))
		s->p->plan->steps[index].effect = EFFECT_LIVE;
	step_add_quirk(s->p, &s->p->plan->steps[index]);
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

/* What is only to be put back may wait in silence: nobody asks for it. */
static bool row_waits(struct subject *s, const struct feature *f, const struct row *r,
		      const struct object *to, uint64_t reset)
{
	_cleanup_free_ char *why = f->row_blocked ? f->row_blocked(s->p, s->i, to, r) : NULL;

	if (why && s->want && !(reset & row_bit(f, r)))
		subject_wait(s, why);
	return why;
}

/* One step for each phase that has a row that differs. */
static void plan_object(struct subject *s, const struct feature *f, uint64_t already)
{
	uint64_t reset, masks[PHASE_MAX_] = { 0 };
	const struct object *to = effective(s, f, &reset), *from = iface_object(s->have, f);
	unsigned first = s->p->plan->n, end;

	if (f->id == FEATURE_LINK && s->want && s->want->kept_down)
		to = but_down(s, (struct object *)to);
	if (!to || (f->slave_kind && reset && leaves_master(s)))
		return;
	/* What is left in the record of another kind, which it was before. */
	if (f->kind && strcmp(f->kind, iface_kind(s->want ? s->want : s->have)))
		return;
	/* What it has nothing of any more (its switch is gone) needs no putting back. */
	FOREACH_ROW(f, r)
		if (s->have && (!from || ((r->flags & ROW_WITHIN) && !row_has(f, r, from))))
			already |= reset & row_bit(f, r);
	FOREACH_ROW(f, r)
		if (!(already & row_bit(f, r)) && row_differs(f, r, to, from, !s->have) &&
		    !row_waits(s, f, r, to, reset))
			masks[r->off && row_is_zero(r, to) ? r->off : r->phase] |= row_bit(f, r);
	/* Put back to down it is when nothing stands on it any more. */
	if (f->id == FEATURE_LINK && !(masks[PHASE_DOWN] & ~reset) && masks[PHASE_DOWN] &&
	    stand_carries_others(s->p, s->have))
		masks[PHASE_DOWN] = 0;
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

static void plan_features(struct subject *s, const uint64_t *already)
{
	unsigned first = s->p->plan->n;

	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		_cleanup_free_ char *why = NULL;

		if (s->owned && s->owned->lent & BIT64(n))
			continue;
		if (s->want && s->want->part[n] && f->blocked)
			why = f->blocked(s->p, s->want);
		if (why) {
			subject_wait(s, why);
			continue;
		}
		if (feature_is_policy(f))
			continue;
		if (f->form == FORM_LIST)
			subject_list(s, f);
		else
			plan_object(s, f, already[n]);
	}
	subject_along(s, first);
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

/* Kernels before 6.2 rename no interface that is up (dev_change_name(): EBUSY). */
static void plan_rename(struct subject *s)
{
	struct step *step = subject_step(s, PHASE_CREATE, VERB_RENAME, features[FEATURE_LINK]);

	step->to = s->want->part[FEATURE_LINK];
	step->from = s->have->part[FEATURE_LINK];
	step->effect = stand_is_up(s->have) ? EFFECT_BOUNCE : EFFECT_LIVE;
	if (stand_is_up(s->have))
		bounce(s);
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
			    (r->phase == PHASE_CREATE ||
			     (r->phase == PHASE_LINK && (f != root || (r->flags & ROW_EARLY)))))
				already[n] |= row_bit(f, r);
	}
	step->mask = already[FEATURE_LINK];
}

/* What an interface's MTU is now; or, @later, when the plan is done. 0: not known. */
static uint32_t mtu_of(const struct planner *p, const char *name, bool later, unsigned limit)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *mtu = row_find(root, "mtu");
	const struct iface *want = model_find(p->want, name), *have = plan_have(p, name);
	const struct object *to = iface_object(want, root);
	const struct object *before = iface_object(model_find(p->owned, name), root);
	bool stays = have && plan_target(p, name) == have->ifindex;
	/* On what stands on another it may have to wait: row_blocked(). */
	bool changes = stays && later && !plan_lower(p, have) && (!want || want->fate == FATE_KEEP);

	if (row_has(root, mtu, to) && (changes || !stays))
		return *(uint32_t *)row_value(mtu, to);
	if (changes && row_has(root, mtu, before))
		return *(uint32_t *)row_value(mtu, before);
	if (stays)
		return iface_link(have)->mtu;
	return limit && iface_lower(want) ? mtu_of(p, iface_lower(want)->name, later, limit - 1) :
		0;
}

/*
 * What is made takes the MTU that is below it at that time (vlan_newlink()). It gets what this plan
 * makes of that before there are disciplines, which count in packets of that size
 * (fq_codel_init()).
 */
static void plan_raised(struct subject *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *mtu = row_find(root, "mtu");
	const struct ifref *lower = iface_lower(s->want);
	uint32_t now = lower ? mtu_of(s->p, lower->name, false, 8) : 0;
	uint32_t later = lower ? mtu_of(s->p, lower->name, true, 8) : 0;
	struct link *to;
	struct step *step;

	if (later <= now || row_has(root, mtu, s->want->part[FEATURE_LINK]))
		return;
	to = (struct link *)object_new(root, s->p->plan->arena);
	to->mtu = later;
	to->o.present = row_bit(root, mtu);
	step = subject_step(s, PHASE_LINK, VERB_SET, root);
	step->to = &to->o;
	step->mask = to->o.present;
}

static void plan_iface(struct planner *p, struct iface *want, struct iface *owned)
{
	struct iface *have = plan_have(p, want ? want->name : owned->name);
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
	s.depth = fate_depth(p, want ? want : have, 8);
	if (!want) {
		if (!have)
			return;
		if (fate_is_ours(p, owned->name, have))
			plan_delete(&s, have, EFFECT_LIVE);
		else
			plan_features(&s, already);
		return;
	}
	fate = fate_decide(p, want);
	if (fate == FATE_RECREATE) {
		plan_delete(&s, have, EFFECT_RECREATE);
		s.have = NULL;
	}
	if (fate == FATE_CREATE || fate == FATE_RECREATE) {
		s.owned = NULL;
		plan_create(&s, already);
		plan_raised(&s);
	} else if (fate != FATE_KEEP) {
		return;
	} else if (strcmp(have->name, want->name)) {
		plan_rename(&s);
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
	if (a->rank != b->rank)
		return (a->rank < b->rank) == (a->phase > PHASE_DELETE) ? -1 : 1;
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
		/* What one waits for may be another's. */
		MODEL_FOREACH(want, i)
			if (i->state == STATE_WAITING)
				plan_iface(&p, i, model_find(owned, i->name));
	} else {
		MODEL_FOREACH(want, i)
			plan_iface(&p, i, model_find(owned, i->name));
		MODEL_FOREACH(owned, o)
			if (!model_find(want, o->name))
				plan_iface(&p, NULL, o);
	}
	if (plan->n)
		plan_keep_addresses(&p);
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
