// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Statistics.
 *
 * Counters change all the time, so the mirror does not have them and the bus
 * never announces them: they are read when somebody asks. A question goes to
 * the providers, each of which asks the kernel in its own way, through the
 * same queue as everything else; nobody waits but the one who asked.
 *
 * What must stay true: a question ends exactly once, when the last answer is
 * there, and outlives whoever asked: the kernel's answers have to go somewhere.
 */
#include "core/statistics.h"

#include <netlink/netlink.h>

#include "core/engine.h"

/* A dump that changes keep disturbing is taken as it is after so many attempts. */
#define ATTEMPTS_MAX 3

struct value {
	const char *name;
	bool is_real;
	union {
		uint64_t number;
		double real;
	};
};

struct counters {
	struct counters *next; /* of the same interface */
	struct statistics *statistics;
	const struct statistics_provider *provider;
	int ifindex;
	const char *instance;
	struct value *values; /* heap */
	unsigned n;
	UT_hash_handle hh; /* the first of an interface: by ifindex */
};

/* A question to the kernel. */
struct ask {
	struct ask *next;
	struct statistics *statistics;
	const struct statistics_provider *provider;
	struct nlmsghdr *request;
	statistics_message_fn fn;
	unsigned attempts;
};

struct statistics {
	struct statistics *next;
	struct engine *engine;
	struct arena *arena; /* of all but the arrays of values */
	struct counters *by_index;
	struct ask *asks; /* not answered yet */
	uint64_t time;
	json_t *errors;
	sd_event_source *end; /* when there was nothing to wait for */
	statistics_fn done;   /* NULL: cancelled */
	void *data;
};

const struct statistics_provider *
statistics_provider_next(const struct statistics_provider *after)
{
	bool found = !after;

	for (unsigned n = 0; n < n_features; n++)
		for (const struct statistics_provider *p = features[n]->statistics; p && p->group;
		     p++) {
			if (found)
				return p;
			found = p == after;
		}
	return NULL;
}

const struct statistics_provider *statistics_provider_find(const char *group)
{
	FOREACH_PROVIDER(p)
		if (!strcmp(p->group, group))
			return p;
	return NULL;
}

static void counters_free(struct counters *c)
{
	for (; c; c = c->next)
		free(c->values);
}

static void ask_free(struct ask *a)
{
	struct ask **p = &a->statistics->asks;

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	free(a->request);
	free(a);
}

static void statistics_free(struct statistics *s)
{
	struct statistics **p = &s->engine->statistics;
	struct counters *c, *next;

	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	while (s->asks)
		ask_free(s->asks);
	HASH_ITER(hh, s->by_index, c, next) {
		HASH_DEL(s->by_index, c);
		counters_free(c);
	}
	sd_event_source_disable_unref(s->end);
	json_decref(s->errors);
	arena_free(s->arena);
	free(s);
}

void statistics_end(struct engine *e)
{
	while (e->statistics)
		statistics_free(e->statistics);
}

static void end_if_answered(struct statistics *s)
{
	if (s->asks)
		return;
	(void)sd_event_now(s->engine->event, CLOCK_BOOTTIME, &s->time);
	if (s->done)
		s->done(s->data, s);
	statistics_free(s);
	mem_relax();
}

static int on_end(sd_event_source *source _unused_, void *data)
{
	end_if_answered(data);
	return 0;
}

void statistics_cancel(struct statistics *s)
{
	s->done = NULL;
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	struct ask *a = data;

	if (a->statistics->done)
		a->fn(a->statistics, a->provider, n);
}

/* There are no such counters: the interface went, or neither it nor this kernel has them. */
static bool is_nothing(int error)
{
	return error == -ENODEV || error == -ENXIO || error == -ENOENT || error == -EOPNOTSUPP;
}

static void on_answered(void *data, int error)
{
	struct ask *a = data;
	struct statistics *s = a->statistics;

	if (error == -EINTR && ++a->attempts < ATTEMPTS_MAX && s->done) {
		kernel_dump(s->engine->kernel, a->request, on_message, on_answered, a);
		return;
	}
	if (error && error != -EINTR && !is_nothing(error)) {
		_cleanup_free_ char *text = str_format("%s: %s", a->provider->group,
						       strerror(-error));

		json_array_append_new(s->errors, json_string(text));
	}
	ask_free(a);
	end_if_answered(s);
}

void statistics_dump(struct statistics *s, const struct statistics_provider *p, struct nl_msg *msg,
		     statistics_message_fn fn)
{
	const struct nlmsghdr *n = nlmsg_hdr(msg);
	struct ask *a = new0(struct ask);

	*a = (struct ask){
		.next = s->asks, .statistics = s, .provider = p, .fn = fn,
		.request = mem_dup(n, NLMSG_ALIGN(n->nlmsg_len)),
	};
	s->asks = a;
	kernel_dump(s->engine->kernel, n, on_message, on_answered, a);
}

static bool is_wanted(const struct statistics_request *q, const struct statistics_provider *p)
{
	for (unsigned n = 0; n < q->n_groups; n++)
		if (!strcmp(q->groups[n], p->group))
			return true;
	return !q->n_groups && (!p->named || q->n_names || q->detailed);
}

static void ask_about(struct statistics *s, const struct statistics_provider *p,
		      const struct iface *i)
{
	if (i && i->ifindex > 0) /* not what stands for all interfaces */
		p->ask(s, p, i->ifindex);
}

static void ask_provider(struct statistics *s, const struct statistics_provider *p,
			 const struct statistics_request *q)
{
	const struct model *seen = s->engine->mirror->seen;

	for (unsigned n = 0; n < q->n_names; n++)
		ask_about(s, p, model_find(seen, q->names[n]));
	if (q->n_names)
		return;
	if (!p->each)
		p->ask(s, p, 0);
	else
		MODEL_FOREACH(seen, i)
			ask_about(s, p, i);
}

struct statistics *statistics_start(struct engine *e, const struct statistics_request *q,
				    statistics_fn done, void *data)
{
	struct statistics *s = new0(struct statistics);

	*s = (struct statistics){
		.next = e->statistics, .engine = e, .arena = arena_new(), .errors = json_array(),
		.done = done, .data = data,
	};
	e->statistics = s;
	FOREACH_PROVIDER(p)
		if (is_wanted(q, p))
			ask_provider(s, p, q);
	if (!s->asks && sd_event_add_defer(e->event, &s->end, on_end, s) < 0)
		abort();
	return s;
}

static bool same_instance(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

struct kernel *statistics_kernel(const struct statistics *s)
{
	return s->engine->kernel;
}

const struct model *statistics_seen(const struct statistics *s)
{
	return s->engine->mirror->seen;
}

struct counters *statistics_counters(struct statistics *s, const struct statistics_provider *p,
				     int ifindex, const char *instance)
{
	struct counters *first, **last = &first, *c;

	HASH_FIND_INT(s->by_index, &ifindex, first);
	for (; *last; last = &(*last)->next)
		if ((*last)->provider == p && same_instance((*last)->instance, instance))
			return *last;
	c = arena_alloc(s->arena, sizeof(*c));
	c->statistics = s;
	c->provider = p;
	c->ifindex = ifindex;
	c->instance = instance ? arena_str(s->arena, instance) : NULL;
	if (last == &first)
		HASH_ADD_INT(s->by_index, ifindex, c);
	else
		*last = c;
	return c;
}

/* The name of a counter that the provider knows is not copied. */
static const char *keep_name(struct counters *c, const char *name)
{
	const struct statistics_provider *p = c->provider;

	for (unsigned n = 0; n < p->n_counters; n++)
		if (p->counters[n].name == name || !strcmp(p->counters[n].name, name))
			return p->counters[n].name;
	return arena_str(c->statistics->arena, name);
}

static struct value *value_of(struct counters *c, const char *name)
{
	struct value *v;

	for (unsigned n = 0; n < c->n; n++)
		if (!strcmp(c->values[n].name, name))
			return &c->values[n];
	c->values = array_reserve(c->values, c->n, sizeof(*c->values));
	v = &c->values[c->n++];
	v->name = keep_name(c, name);
	return v;
}

void counters_put(struct counters *c, const char *name, uint64_t value)
{
	struct value *v = value_of(c, name);

	v->is_real = false;
	v->number = value;
}

void counters_put_real(struct counters *c, const char *name, double value)
{
	struct value *v = value_of(c, name);

	v->is_real = true;
	v->real = value;
}

static json_t *counter_json(const struct counter *c)
{
	json_t *j = json_object();

	if (c->unit)
		json_object_set_new(j, "unit", json_string(c->unit));
	if (c->help)
		json_object_set_new(j, "help", json_string(c->help));
	if (c->gauge)
		json_object_set_new(j, "gauge", json_true());
	return j;
}

static json_t *provider_json(const struct statistics_provider *p)
{
	json_t *j = json_object(), *counters = json_object();

	json_object_set_new(j, "help", json_string(p->help));
	if (p->instance)
		json_object_set_new(j, "instance", json_string(p->instance));
	for (unsigned n = 0; n < p->n_counters; n++)
		json_object_set_new(counters, p->counters[n].name, counter_json(&p->counters[n]));
	json_object_set_new(j, "counters", counters);
	return j;
}

static bool has_group(const struct statistics *s, const struct statistics_provider *p)
{
	for (const struct counters *first = s->by_index; first; first = first->hh.next)
		for (const struct counters *c = first; c; c = c->next)
			if (c->provider == p)
				return true;
	return false;
}

json_t *statistics_groups_json(const struct statistics *s, const struct statistics_request *q)
{
	json_t *j = json_object();

	FOREACH_PROVIDER(p)
		if (is_wanted(q, p) && has_group(s, p))
			json_object_set_new(j, p->group, provider_json(p));
	return j;
}

/* What JSON cannot hold: the sign is the kernel's accident, infinity a driver's. */
static json_t *value_json(const struct value *v)
{
	json_t *j = v->is_real ? json_real(v->real) :
				 json_integer((json_int_t)(v->number & INT64_MAX));

	return j ? j : json_null();
}

static json_t *counters_json(const struct counters *c)
{
	json_t *j = json_object(), *values = json_object();

	json_object_set_new(j, "group", json_string(c->provider->group));
	if (c->instance)
		json_object_set_new(j, "instance", json_string(c->instance));
	for (unsigned n = 0; n < c->n; n++)
		json_object_set_new(values, c->values[n].name, value_json(&c->values[n]));
	json_object_set_new(j, "counters", values);
	return j;
}

json_t *statistics_json(const struct statistics *s, const struct statistics_request *q,
			const struct iface *i)
{
	json_t *j = json_array();
	struct counters *c;

	HASH_FIND_INT(s->by_index, &i->ifindex, c);
	for (; c; c = c->next)
		if (is_wanted(q, c->provider))
			json_array_append_new(j, counters_json(c));
	return j;
}

uint64_t statistics_time(const struct statistics *s)
{
	return s->time;
}

json_t *statistics_errors(const struct statistics *s)
{
	return json_incref(s->errors);
}
