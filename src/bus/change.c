// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The methods around the configuration: check, plan, apply.
 *
 * They are the engine's verbs, on the files that the daemon reads. Those that
 * change something are answered when it is done, with the number of the
 * generation, or with an error that holds all lines a person needs.
 */
#include <inttypes.h>

#include "bus/internal.h"
#include "core/change.h"
#include "core/path.h"
#include "util/log.h"

/* The caller of a change. Kept by the bus, so that nothing is left when the daemon ends. */
struct waiter {
	struct bus *bus;
	sd_bus_message *m;
};

void change_wait(struct bus *b, sd_bus_message *m)
{
	change_wait_cancel(b);
	b->waiter = new0(struct waiter);
	*b->waiter = (struct waiter){ b, sd_bus_message_ref(m) };
}

void change_wait_cancel(struct bus *b)
{
	if (b->waiter)
		sd_bus_message_unref(b->waiter->m);
	free(TAKE_PTR(b->waiter));
}

/* What could be done only in part may still wait for its confirmation. */
static void answer_failed(const struct bus *b, sd_bus_message *m, const struct outcome *o)
{
	const struct engine *e = b->engine;
	const char *text = *o->text ? o->text : strerror(-o->error);

	if (e->deadline)
		(void)call_fail(m, o->error == -ECANCELED ? "RolledBack" : "Failed",
				"%s\ngeneration %" PRIu64
				" is reverted unless it is confirmed", text, e->number);
	else
		(void)call_fail(m, o->error == -ECANCELED ? "RolledBack" : "Failed", "%s", text);
}

void change_waited(void *data, const struct outcome *o)
{
	struct bus *b = data;
	sd_bus_message *m = b->waiter ? b->waiter->m : NULL;

	if (!m)
		return;
	if (o->error)
		answer_failed(b, m, o);
	else if (sd_bus_message_is_method_call(m, BUS_MANAGER, NULL))
		(void)sd_bus_reply_method_return(m, "t", b->engine->number);
	else
		(void)sd_bus_reply_method_return(m, "");
	change_wait_cancel(b);
}

/* What a method can be told. */
struct options {
	bool apply, plan; /* whose options are meant */
	int dry_run, replace;
	uint64_t confirm; /* seconds; 0: not given */
	/* Where the caller comes from, and may be to: as path_parse() has it. */
	const char *path; /* the message's; NULL: not given */
	bool stored;	  /* not what is on disk, but this generation of the history */
	uint64_t generation;
	struct path_ends ends;
};

/* A number of seconds, as u or t. */
static int read_seconds(sd_bus_message *m, uint64_t *ret)
{
	const char *type;
	uint32_t u;
	int r = sd_bus_message_peek_type(m, NULL, &type);

	if (r >= 0 && type && !strcmp(type, "u")) {
		r = sd_bus_message_read(m, "v", "u", &u);
		*ret = r < 0 ? 0 : u;
		return r;
	}
	return r < 0 ? r : sd_bus_message_read(m, "v", "t", ret);
}

static int read_path(sd_bus_message *m, struct options *o)
{
	int r = sd_bus_message_read(m, "v", "s", &o->path);

	if (r < 0)
		return r;
	return path_parse(o->path, &o->ends) < 0 ?
		       call_refuse(m, "no IP address as path:", o->path) : 0;
}

static int read_option(sd_bus_message *m, struct options *o)
{
	const char *key;
	int r = sd_bus_message_read(m, "s", &key);

	if (r < 0)
		return r;
	if (o->apply && !strcmp(key, "dry-run")) {
		r = sd_bus_message_read(m, "v", "b", &o->dry_run);
	} else if (o->apply && !strcmp(key, "replace")) {
		r = sd_bus_message_read(m, "v", "b", &o->replace);
	} else if (o->apply && !strcmp(key, "confirm")) {
		r = read_seconds(m, &o->confirm);
		if (r >= 0 && (!o->confirm || o->confirm > TRANSACT_SECONDS_MAX))
			return call_refuse(m, "not a time of 1 to 86400 seconds:", key);
	} else if (o->plan && !strcmp(key, "path")) {
		return read_path(m, o);
	} else if (o->plan && !strcmp(key, "generation")) {
		o->stored = true;
		r = sd_bus_message_read(m, "v", "t", &o->generation);
	} else {
		return call_refuse(m, "unknown option", key);
	}
	return r < 0 ? r : 0;
}

/*
 * The options of a call. What is not known is refused rather than
 * ignored. Return: 0, or 1 when an error was sent.
 */
static int read_options(sd_bus_message *m, struct options *o)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");
	unsigned entries = 0;

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		if (++entries > CALL_ENTRIES_MAX)
			return -E2BIG;
		r = read_option(m, o);
		if (r > 0)
			return 1;
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

int change_invalid(sd_bus_message *m, const struct errors *errors)
{
	_cleanup_free_ char *text = errors_text(errors);

	return call_fail(m, "ConfigInvalid", "%s", text);
}

int change_busy(struct bus *b, sd_bus_message *m)
{
	const struct engine *e = b->engine;

	if (e->deadline)
		return call_fail(m, "Busy", "generation %" PRIu64 " waits for its confirmation",
				 e->number);
	return call_fail(m, "Busy", "another change is under way");
}

/* The configuration on disk, or the answer that it is invalid (1). */
static int load(struct bus *b, sd_bus_message *m, struct generation **ret)
{
	_cleanup_(errors_done) struct errors errors = { 0 };

	if (engine_load(b->engine, &errors, ret) < 0)
		return change_invalid(m, &errors) < 0 ? -EIO : 1;
	return 0;
}

int change_check(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	int r = read_options(m, &(struct options){ 0 });

	if (!r)
		r = load(b, m, &g);
	return r ? r : sd_bus_reply_method_return(m, "");
}

static void append_line(void *data, const struct plan_line *l)
{
	const struct origin *at = step_where(l->step);
	_cleanup_free_ char *object = text_utf8(str_dup(l->object));
	_cleanup_free_ char *file = text_utf8(str_dup(at->file ? at->file : ""));
	sd_bus_message *reply = data;

	/* A failure poisons the message, which sd_bus_send() then refuses. */
	(void)sd_bus_message_append(reply, "a{sv}", 9, "phase", "s", l->phase, "object", "s",
				    object, "key", "s", l->key, "from", "s", text_utf8(l->from),
				    "to", "s", text_utf8(l->to), "effect", "s", l->effect, "verb",
				    "s", verb_name(l->step->verb), "file", "s", file, "line", "u",
				    at->line);
}

static int append_impact(struct bus *b, sd_bus_message *reply, const struct generation *g,
			 const struct plan *plan, const struct options *o)
{
	const struct model *have = b->engine->mirror->seen;
	_cleanup_(errors_done) struct errors warnings = { 0 };
	_cleanup_(impact_freep) struct impact *m = impact_new(plan, have);
	_cleanup_(path_done) struct path path = { 0 };
	_cleanup_free_ char *text = NULL;
	json_t *j = impact_json(m);

	config_warn(g, have, &warnings);
	json_object_set_new(j, "warnings", errors_json(&warnings));
	if (o->path) {
		path_find(&path, have, &o->ends);
		json_object_set_new(j, "path", path_json(&path, m, o->path));
	}
	text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return sd_bus_message_append(reply, "s", text);
}

int change_plan(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(plan_freep) struct plan *plan = NULL;
	struct options o = { .plan = true };
	int r = read_options(m, &o);

	if (!r)
		r = o.stored ? transact_load_target(b, m, o.generation, &g) : load(b, m, &g);
	if (r)
		return r;
	plan = engine_plan(b->engine, g);
	if (!plan)
		return call_fail(m, "Busy", "the kernel is being read or changed");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	for (unsigned n = 0; r >= 0 && n < plan->n; n++)
		plan_lines(&plan->steps[n], append_line, reply);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = append_impact(b, reply, g, plan, &o);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int apply(struct bus *b, sd_bus_message *m, const struct options *o)
{
	uint64_t confirm = o->confirm;
	_cleanup_(errors_done) struct errors errors = { 0 };
	struct engine *e = b->engine;
	int r;

	if (b->waiter || engine_has_request(e) || (e->fallback && !o->replace))
		return change_busy(b, m);
	if (o->replace && !confirm)
		return call_refuse(m, "only a change that is itself to be confirmed may",
				   "replace");
	if (confirm && !e->history_dir)
		return call_fail(m, "NotSupported", "no generations are kept to go back to");
	if (confirm && !e->current)
		return call_fail(m, "NotSupported", "there is no generation to go back to");
	change_wait(b, m);
	change_introduce(e, sd_bus_message_get_sender(m), b->unit, b->uid, confirm * 1000000);
	if (o->replace)
		change_replace(e);
	r = engine_reload(e, &errors, change_waited, b);
	if (!r)
		return 0;
	e->replacing = false;
	change_wait_cancel(b);
	if (r == -EBUSY)
		return change_busy(b, m);
	for (unsigned n = 0; n < errors.n; n++)
		log_error("%s", errors.lines[n]);
	log_event(LOG_ERR, LOG_EVENT_INVALID, NULL, 0,
		  "the configuration is invalid; nothing is changed");
	return change_invalid(m, &errors);
}

int change_apply(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	struct options o = { .apply = true };
	int r = read_options(m, &o);

	if (!r && !o.dry_run)
		return apply(b, m, &o);
	if (!r && (o.confirm || o.replace))
		return call_refuse(m, "a dry run has no use for",
				   o.confirm ? "confirm" : "replace");
	if (!r)
		r = load(b, m, &g);
	return r ? r : sd_bus_reply_method_return(m, "t", b->engine->number);
}

int change_reload(struct bus *b, sd_bus_message *m)
{
	return apply(b, m, &(struct options){ .apply = true });
}
