// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Actions of features as methods of link objects; core/action.h.
 *
 * What must stay true: each call is answered once, when the work is done; a
 * connection that is lost ends no work.
 */
#include "bus/internal.h"
#include "core/action.h"

/* At the same time; each has a thread of its own. */
#define ACTING_MAX 16

struct acting {
	struct acting *next;
	struct bus *bus;
	sd_bus_message *m;
	struct action_run *run;
};

const struct action *action_next(const struct action *after)
{
	bool found = !after;

	for (unsigned n = 0; n < n_features; n++)
		for (const struct action *a = features[n]->actions; a && a->method; a++) {
			if (found)
				return a;
			found = a == after;
		}
	return NULL;
}

static void acting_free(struct acting *a)
{
	struct acting **p = &a->bus->acting;

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	sd_bus_message_unref(a->m);
	free(a);
}

void actions_drop(struct bus *b)
{
	while (b->acting) {
		action_cancel(b->acting->run);
		acting_free(b->acting);
	}
}

static void on_ended(void *data, int error, const char *text, const json_t *answer)
{
	struct acting *a = data;
	_cleanup_free_ char *j = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (error)
		(void)call_fail(a->m, error == -EOPNOTSUPP ? "NotSupported" :
				      error == -EBUSY	  ? "Busy" :
				      error == -ENODEV	  ? "NoSuchLink" : "Failed", "%s", text);
	else if (a->run->action->answers)
		(void)sd_bus_reply_method_return(a->m, "s", j ? j : "{}");
	else
		(void)sd_bus_reply_method_return(a->m, "");
	acting_free(a);
}

static const struct action_option *find_option(const struct action *a, const char *key)
{
	for (const struct action_option *o = a->options; o && o->key; o++)
		if (!strcmp(o->key, key))
			return o;
	return NULL;
}

/* As read_options(). */
static int read_value(sd_bus_message *m, const struct action_option *o, json_t *j)
{
	uint32_t u;
	int b, r;

	if (*o->signature == 'b') {
		r = sd_bus_message_read(m, "v", "b", &b);
		if (r < 0)
			return r;
		json_object_set_new(j, o->key, json_boolean(b));
		return 0;
	}
	r = sd_bus_message_read(m, "v", "u", &u);
	if (r < 0)
		return r;
	if (u < o->min || u > o->max)
		return call_refuse(m, "out of range:", o->key);
	json_object_set_new(j, o->key, json_integer(u));
	return 0;
}

/* Return: 0, a negative errno, or 1 when an error was sent. */
static int read_options(sd_bus_message *m, const struct action *a, json_t *j)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");
	unsigned entries = 0;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		const struct action_option *o;
		const char *key;

		r = sd_bus_message_read(m, "s", &key);
		if (r < 0)
			return r;
		if (++entries > CALL_ENTRIES_MAX)
			return -E2BIG;
		o = find_option(a, key);
		if (!o)
			return call_refuse(m, "unknown option", key);
		r = read_value(m, o, j);
		if (r)
			return r;
		r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static const struct action *find_action(const char *method)
{
	FOREACH_ACTION(a)
		if (!strcmp(a->method, method))
			return a;
	return NULL;
}

static unsigned count(const struct bus *b)
{
	unsigned n = 0;

	for (const struct acting *a = b->acting; a; a = a->next)
		n++;
	return n;
}

static int start(struct bus *b, sd_bus_message *m, const struct action *a, const json_t *options)
{
	_cleanup_free_ char *name = object_link(sd_bus_message_get_path(m));
	struct acting *x;
	int error = -EBUSY;

	if (count(b) >= ACTING_MAX)
		return call_fail(m, "Busy", "too much is being done at the same time");
	x = new0(struct acting);
	*x = (struct acting){ .next = b->acting, .bus = b, .m = sd_bus_message_ref(m) };
	b->acting = x;
	x->run = action_start(b->engine, a, name, options, on_ended, x, &error);
	if (x->run)
		return 0;
	acting_free(x);
	if (error == -ENODEV)
		return call_fail(m, "NoSuchLink", "%s is not there", name);
	return call_fail(m, "Failed", "%s: %s", name, strerror(-error));
}

int action_call(struct bus *b, sd_bus_message *m)
{
	const struct action *a = find_action(sd_bus_message_get_member(m));
	json_t *options = json_object();
	int r = read_options(m, a, options);

	if (!r)
		r = start(b, m, a, options);
	json_decref(options);
	return r < 0 ? r : 0;
}
