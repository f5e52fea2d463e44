// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a plan does with an interface as a whole.
 *
 * Interfaces stand on each other, so one asks for the next; each is decided
 * once a plan. An interface that is to be made gets its index here, before
 * anything is sent, so that whatever refers to it can leave in the same batch.
 *
 * What must stay true: only what the daemon itself has made is ever deleted.
 */
#include "core/fate.h"

#include <stdio.h>

#include "core/quirk.h"
#include "core/stand.h"

struct iface *plan_have(const struct planner *p, const char *name)
{
	struct iface *have = model_find(p->have, name);
	const struct iface *owned = model_find(p->owned, name);

	if (have || !owned || !owned->created)
		return have;
	/* What the daemon made is still its own under a name that another hand gave it. */
	have = model_find_index(p->have, owned->ifindex);
	if (!have || model_find(p->want, have->name) || !*iface_kind(owned) ||
	    strcmp(iface_kind(owned), iface_kind(have)))
		return NULL;
	return have;
}

int plan_target(const struct planner *p, const char *name)
{
	struct iface *want = model_find(p->want, name), *have;

	if (want) {
		enum fate fate = fate_decide((struct planner *)p, want);

		if (fate == FATE_CREATE || fate == FATE_RECREATE)
			return want->ifindex;
	}
	have = plan_have(p, name);
	return have ? have->ifindex : 0;
}

bool plan_will_exist(const struct planner *p, const char *name)
{
	return plan_target(p, name) != 0;
}

const char *plan_kind(const struct planner *p, const char *name)
{
	const struct iface *want = model_find(p->want, name), *have = plan_have(p, name);

	if (!plan_will_exist(p, name))
		return "";
	if (want && *iface_kind(want))
		return iface_kind(want);
	return iface_kind(have);
}

static void resolve_rows(const struct planner *p, const struct feature *f, struct object *o,
			 unsigned flags)
{
	FOREACH_ROW(f, r) {
		struct ifref *ref = row_value(r, o);

		if (r->type == &type_ifref && row_has(f, r, o) && (r->flags & flags) == flags)
			ref->index = *ref->name ? plan_target(p, ref->name) : 0;
	}
}

/* References name interfaces; comparing and encoding need the indexes. */
void fate_resolve(const struct planner *p, const struct feature *f, struct object *o)
{
	resolve_rows(p, f, o, 0);
}

/*
 * Two may refer to each other (a bridge's mirror to its port). What one stands on is needed
 * to decide, and there is no circle in that; the others, when its own index is known.
 */
static void resolve(const struct planner *p, struct iface *want, unsigned flags)
{
	for (unsigned n = 0; n < n_features; n++)
		if (want->part[n] && features[n]->form != FORM_LIST)
			resolve_rows(p, features[n], want->part[n], flags);
}

/*
 * The kernel gives devices the next number of a counter, which a chosen number
 * does not move. Ours begin well above it, so that no device that comes takes one
 * of them, and none made by others is taken for ours.
 */
#define INDEX_FIRST 1000
#define INDEX_HUGE (1 << 30)

static int reserve_index(struct planner *p, const char *kind)
{
	int index;

	if (!p->next_index) {
		p->next_index = INDEX_FIRST;
		MODEL_FOREACH(p->have, i)
			if (i->ifindex < INDEX_HUGE)
				p->next_index = max_of(p->next_index, i->ifindex);
		MODEL_FOREACH(p->want, i)
			if (i->ifindex < INDEX_HUGE)
				p->next_index = max_of(p->next_index, i->ifindex);
		/*
		 * Of what failed to be made the record knows until the end: one index, one owner.
		 */
		MODEL_FOREACH(p->owned, i)
			if (i->ifindex < INDEX_HUGE)
				p->next_index = max_of(p->next_index, i->ifindex);
	}
	index = ++p->next_index;
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->kind && !strcmp(features[n]->kind, kind))
			p->next_index += features[n]->companions;
	return index;
}

/* Is what only creation can set as it is asked for; and, of what we made, else as initially? */
static bool stands_as_created(const struct feature *f, const struct row *r,
			      const struct object *to, const struct object *from, bool ours)
{
	if (!(r->flags & ROW_CREATE) || (r->flags & ROW_STATE) || !row_has(f, r, from))
		return true;
	if (row_has(f, r, to))
		return row_equal(r, to, from);
	return !ours || !r->initial || row_is_initial(f, r, from);
}

static const struct row *find_recreate(const struct iface *want, const struct iface *have,
				       bool ours, const struct feature **ret)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct object *to = want->part[n], *from = have->part[n];

		if (f->form == FORM_LIST || !to || !from)
			continue;
		FOREACH_ROW(f, r)
			if (!stands_as_created(f, r, to, from, ours)) {
				*ret = f;
				return r;
			}
	}
	return NULL;
}

/* The name of what it cannot be created without and that will not be there, or NULL. */
static const char *find_missing(const struct planner *p, const struct iface *want)
{
	const struct ifref *lower = iface_lower(want);

	return lower && !plan_will_exist(p, lower->name) ? lower->name : NULL;
}

static bool stands_on_recreated(const struct planner *p, const struct iface *want)
{
	const struct ifref *ref = iface_lower(want);
	const struct iface *lower = ref ? model_find(p->want, ref->name) : NULL;

	return lower && lower->fate == FATE_RECREATE;
}

bool fate_is_ours(const struct planner *p, const char *name, const struct iface *have)
{
	return iface_owns(model_find(p->owned, name), have->ifindex);
}

/* Not a matter of time: what changes it will be told. */
static enum fate fail(struct iface *want, const char *what)
{
	want->state = STATE_FAILED;
	want->retry_usec = 0;
	iface_set_reason(want, "%s", what);
	return FATE_FAIL;
}

static bool is_refused(struct planner *p, struct iface *want)
{
	const struct origin *where = NULL;
	_cleanup_free_ char *limit = quirk_refuses(plan_have(p, want->name), want, &where);

	if (limit) {
		fail(want, limit);
		return true;
	}
	for (unsigned n = 0; n < n_features; n++) {
		const struct origin *at = NULL;
		_cleanup_free_ char *why = NULL;

		if (features[n]->refused)
			why = features[n]->refused(p->want, p->have, want, &at);
		if (!why)
			continue;
		fail(want, why);
		return true;
	}
	return false;
}

/*
 * Is it made along with another, which this plan makes anew, or deletes? Then what is there is
 * not this one, or no longer. FATE_KEEP: no.
 */
static enum fate fate_with_maker(struct planner *p, const struct iface *want,
				 const struct iface *have)
{
	for (unsigned n = 0; n < n_features && !*iface_kind(want); n++) {
		const struct feature *f = features[n];
		const struct object *o = have->part[n];
		const struct iface *there;
		struct iface *maker;
		const char *name;

		if (!f->companions || !row_has(f, &f->rows[0], o))
			continue;
		name = row_value(&f->rows[0], o);
		maker = model_find(p->want, name);
		there = plan_have(p, name);
		if (maker && *iface_kind(maker))
			return fate_decide(p, maker) == FATE_RECREATE ? FATE_WAIT : FATE_KEEP;
		return !maker && there && fate_is_ours(p, name, there) ? FATE_ABSENT : FATE_KEEP;
	}
	return FATE_KEEP;
}

static enum fate decide_existing(struct planner *p, struct iface *want, struct iface *have)
{
	const struct feature *f = NULL;
	const struct row *r = NULL;
	enum fate fate;
	char why[200];

	if (*iface_kind(want) && strcmp(iface_kind(want), iface_kind(have))) {
		snprintf(why, sizeof(why), "there is %s of that name that netctld did not make",
			 *iface_kind(have) ? iface_kind(have) : "a device");
		return fate_is_ours(p, want->name, have) ? FATE_RECREATE : fail(want, why);
	}
	fate = fate_with_maker(p, want, have);
	if (fate == FATE_WAIT) {
		want->state = STATE_WAITING;
		iface_set_reason(want, "is made anew with its other end");
		return FATE_WAIT;
	}
	if (fate == FATE_ABSENT) {
		want->state = STATE_ABSENT;
		iface_set_reason(want, "goes with its other end");
		return FATE_ABSENT;
	}
	resolve(p, want, ROW_CREATE);
	if (is_refused(p, want))
		return FATE_FAIL;
	if (*iface_kind(want))
		r = find_recreate(want, have, fate_is_ours(p, want->name, have), &f);
	if (r && !fate_is_ours(p, want->name, have)) {
		snprintf(why, sizeof(why),
			 "%s.%s cannot be changed on an interface that netctld did not make",
			 f->name, r->key);
		return fail(want, why);
	}
	if (r || stands_on_recreated(p, want))
		return FATE_RECREATE;
	return fate_is_ours(p, want->name, have) && stand_missed_address(p, want, have) ?
		       FATE_RECREATE : FATE_KEEP;
}

static enum fate decide_absent(struct planner *p, struct iface *want)
{
	const char *missing;

	if (!*iface_kind(want)) {
		want->state = STATE_ABSENT;
		iface_set_reason(want, "no such device yet");
		return FATE_ABSENT;
	}
	if (is_refused(p, want))
		return FATE_FAIL;
	missing = find_missing(p, want);
	if (!missing && !stand_lacks_address(p, want))
		return FATE_CREATE;
	want->state = STATE_WAITING;
	if (missing)
		iface_set_reason(want, "waits for %s", missing);
	else
		iface_set_reason(want, "waits for %s to have an Ethernet address",
				 iface_lower(want)->name);
	return FATE_WAIT;
}

static void keep_down(struct planner *p, struct iface *want)
{
	for (unsigned n = 0; n < n_features && !want->kept_down; n++) {
		_cleanup_free_ char *why = NULL;

		if (want->part[n] && features[n]->kept_down)
			why = features[n]->kept_down(p, want);
		if (!why)
			continue;
		want->kept_down = true;
		want->state = STATE_WAITING;
		iface_set_reason(want, "%s", why);
	}
}

/* Decided once a plan; interfaces stand on each other, so one asks for the next. */
enum fate fate_decide(struct planner *p, struct iface *want)
{
	struct iface *have = plan_have(p, want->name);

	if (want->fate != FATE_UNKNOWN)
		return want->fate;
	want->fate = FATE_WAIT; /* in case a loop was let through */
	want->kept_down = false;
	if (want->held) {
		want->state = STATE_HELD;
		iface_set_reason(want, "left alone while somebody works on it");
		want->fate = FATE_FAIL;
	} else if (want->drift_kept || (want->state == STATE_FAILED && want->retry_usec > p->now)) {
		want->fate = FATE_FAIL;
	} else {
		want->state = STATE_OK;
		iface_set_reason(want, NULL);
		want->fate = have ? decide_existing(p, want, have) : decide_absent(p, want);
		if (want->fate == FATE_KEEP)
			keep_down(p, want);
	}
	if (want->fate == FATE_CREATE || want->fate == FATE_RECREATE) {
		want->ifindex = reserve_index(p, iface_kind(want));
	} else {
		want->ifindex = have ? have->ifindex : 0;
	}
	resolve(p, want, 0);
	return want->fate;
}

const struct ifref *plan_lower(const struct planner *p, const struct iface *i)
{
	const struct ifref *ref = i ? iface_lower(i) : NULL;
	const struct iface *have = i && !ref && !*iface_kind(i) ? plan_have(p, i->name) : NULL;

	return have ? iface_lower(have) : ref;
}

unsigned fate_depth(const struct planner *p, const struct iface *i, unsigned limit)
{
	const struct ifref *ref = limit ? plan_lower(p, i) : NULL;
	const struct iface *lower = ref ? model_find(p->want, ref->name) : NULL;

	if (ref && !lower)
		lower = plan_have(p, ref->name);
	return lower && lower != i ? 1 + fate_depth(p, lower, limit - 1) : 0;
}
