// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the engine tells of itself and of configurations that are only looked at. Sends nothing. */
#include "core/drift.h"
#include "core/engine.h"

static const char *const engine_state_names[ENGINE_MAX_] = {
	[ENGINE_STARTING] = "starting", [ENGINE_APPLYING] = "applying",
	[ENGINE_STEADY] = "steady",	[ENGINE_DEGRADED] = "degraded",
	[ENGINE_WAITING_CONFIRM] = "waiting-confirm", [ENGINE_ROLLING_BACK] = "rolling-back",
};

const char *engine_state_name(enum engine_state s)
{
	return engine_state_names[s];
}

enum engine_state engine_state(const struct engine *e)
{
	if (!e->mirror->synced)
		return ENGINE_STARTING;
	if (e->undoing || e->reverting)
		return ENGINE_ROLLING_BACK;
	if (e->plan || e->done || e->passes)
		return ENGINE_APPLYING;
	if (e->fallback)
		return ENGINE_WAITING_CONFIRM;
	if (e->invalid || !e->current)
		return ENGINE_DEGRADED;
	MODEL_FOREACH(e->current->want, i)
		if (i->state == STATE_FAILED)
			return ENGINE_DEGRADED;
	return ENGINE_STEADY;
}

bool engine_is_busy(const struct engine *e)
{
	enum engine_state s = engine_state(e);

	return s == ENGINE_STARTING || s == ENGINE_APPLYING || s == ENGINE_ROLLING_BACK;
}

/* It is there as long as it is configured. */
static bool is_made_by_us(const struct engine *e, const struct iface *seen)
{
	return iface_owns(model_find(e->record->owned, seen->name), seen->ifindex);
}

bool engine_present(void *engine, const char *name)
{
	const struct engine *e = engine;
	const struct iface *seen = model_find(e->mirror->seen, name);
	const struct iface *maker = model_maker(e->mirror->seen, name);

	return seen && !is_made_by_us(e, seen) && !(maker && is_made_by_us(e, maker));
}

enum state engine_iface_state(const struct engine *e, const char *name, const char **ret_reason)
{
	const struct iface *i = e->current ? model_find(e->current->want, name) : NULL;

	*ret_reason = i && i->reason ? i->reason : "";
	return i ? i->state : STATE_FOREIGN;
}

/* Keys that can be set stand where the configuration has them, the others in "state". */
static void split_state(json_t *j, json_t *state)
{
	const struct feature *root = features[FEATURE_LINK];

	FOREACH_ROW(root, r) {
		json_t *v = json_object_get(j, r->key);

		if (!v || !(r->flags & ROW_STATE))
			continue;
		json_object_set(state, r->key, v);
		json_object_del(j, r->key);
	}
}

/* Is somebody to reach it? */
static bool is_required(const struct iface *want)
{
	const struct list *l;

	for (unsigned n = 0; want && iface_link(want)->up && n < n_features; n++) {
		l = features[n]->reached ? iface_list(want, features[n]) : NULL;
		if (l && l->n)
			return true;
	}
	return false;
}

static void add_drift(json_t *state, const struct iface *want)
{
	const struct drift_event *v = drift_last(want);
	json_t *j;

	if (!v)
		return;
	j = json_pack("{s:s, s:s, s:s, s:I, s:b}", "key", v->key, "old", v->from, "new", v->to,
		      "time", (json_int_t)v->time_usec, "kept", v->kept);
	if (v->port)
		json_object_set_new(j, "port", json_integer(v->port));
	if (v->process)
		json_object_set_new(j, "process", json_string(v->process));
	json_object_set_new(state, "drift", j);
}

/* What is the daemon's own no kernel tells. */
static void add_policies(json_t *j, const struct iface *want, const uint64_t *only)
{
	for (unsigned n = 0; want && n < n_features; n++) {
		const struct feature *f = features[n];
		uint64_t rows = want->part[n] && f->form != FORM_LIST ? feature_policies(f) : 0;
		json_t *part;

		rows &= only ? only[n] : UINT64_MAX;
		if (!rows)
			continue;
		part = object_json_of(f, want->part[n], 0, rows);
		if (f->form != FORM_ROOT && json_object_size(part))
			group_set(j, f, json_incref(part));
		else if (f->form == FORM_ROOT)
			json_object_update(j, part);
		json_decref(part);
	}
}

json_t *engine_json(const struct engine *e, const char *name)
{
	return engine_json_of(e, name, NULL);
}

json_t *engine_json_of(const struct engine *e, const char *name, const uint64_t *only)
{
	const struct iface *have = model_find(e->mirror->seen, name);
	const struct iface *want = e->current ? model_find(e->current->want, name) : NULL;
	json_t *state = json_object(), *j = have ? iface_json_of(have, 0, only) : json_object();
	const char *reason;

	json_object_set_new(j, "name", json_string(name));
	add_policies(j, want, only);
	json_object_set_new(state, "ifindex", json_integer(have ? have->ifindex : 0));
	json_object_set_new(state, "management",
			    json_string(state_name(engine_iface_state(e, name, &reason))));
	if (*reason)
		json_object_set_new(state, "reason", json_string(reason));
	add_drift(state, want);
	if (is_required(want))
		json_object_set_new(state, "required", json_true());
	if (have)
		split_state(j, state);
	else if (want)
		json_object_set_new(j, "kind", json_string(iface_kind(want)));
	json_object_set_new(j, "state", state);
	return j;
}

uint64_t engine_wanted(void *engine)
{
	const struct engine *e = engine;
	const struct generation *const all[] = { e->current, e->previous, e->fallback, e->read };
	uint64_t bits = model_features(e->record->owned);

	for (unsigned n = 0; n < ARRAY_SIZE(all); n++)
		if (all[n])
			bits |= model_features(all[n]->want);
	return bits;
}

bool engine_read(struct engine *e, uint64_t which)
{
	struct mirror *m = e->mirror;
	bool lacks;

	if (!m->synced || m->filling || e->plan || e->passes)
		return false;
	m->want_more = which;
	lacks = mirror_lacks(m);
	if (lacks)
		mirror_sync(m, e->live);
	m->want_more = 0;
	return !lacks;
}

static struct config_paths paths_now(struct engine *e)
{
	struct config_paths paths = e->paths;

	paths.present = engine_present;
	paths.data = e;
	paths.machine = e->mirror->synced ? e->mirror->seen : NULL;
	return paths;
}

int engine_load(struct engine *e, struct errors *errors, struct generation **ret)
{
	const struct config_paths paths = paths_now(e);

	e->read = generation_free(e->read);
	errors_done(&e->read_errors);
	return config_load(&paths, errors, ret);
}

int engine_load_first(struct engine *e, struct errors *errors, struct generation **ret)
{
	const struct config_paths paths = paths_now(e);

	if (!e->read)
		return engine_load(e, errors, ret);
	*errors = e->read_errors;
	e->read_errors = (struct errors){ 0 };
	return config_judge(&paths, TAKE_PTR(e->read), errors, ret);
}

void engine_reject(struct engine *e, const struct errors *errors)
{
	e->invalid = true;
	errors_done(&e->refused);
	for (unsigned n = 0; n < errors->n; n++)
		errors_add(&e->refused, NULL, "%s", errors->lines[n]);
	engine_announce(e);
}

struct plan *engine_plan(struct engine *e, struct generation *g)
{
	if (!e->mirror->synced || e->mirror->filling || e->plan)
		return NULL;
	return plan_new(g->want, e->mirror->seen, e->record->owned, NULL, 0, 0);
}
