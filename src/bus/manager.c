// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * org.netctl1.Manager: what concerns the machine as a whole.
 *
 * Methods are the engine's verbs. Those that change something are answered
 * when it is done, with the number of the generation, or with an error that
 * holds all lines a person needs.
 */
#include "core/export.h"
#include "bus/internal.h"
#include "config.h"
#include "util/log.h"

/* The caller of a change. Kept by the bus, so that nothing is left when the daemon ends. */
struct waiter {
	struct bus *bus;
	sd_bus_message *m;
};

void manager_wait(struct bus *b, sd_bus_message *m)
{
	manager_wait_cancel(b);
	b->waiter = new0(struct waiter);
	*b->waiter = (struct waiter){ b, sd_bus_message_ref(m) };
}

void manager_wait_cancel(struct bus *b)
{
	if (b->waiter)
		sd_bus_message_unref(b->waiter->m);
	free(TAKE_PTR(b->waiter));
}

void manager_waited(void *data, const struct outcome *o)
{
	struct bus *b = data;
	sd_bus_message *m = b->waiter ? b->waiter->m : NULL;

	if (!m)
		return;
	if (o->error)
		(void)call_fail(m, o->error == -ECANCELED ? "RolledBack" : "Failed", "%s",
				*o->text ? o->text : strerror(-o->error));
	else if (sd_bus_message_is_method_call(m, BUS_MANAGER, NULL))
		(void)sd_bus_reply_method_return(m, "t", b->engine->number);
	else
		(void)sd_bus_reply_method_return(m, "");
	manager_wait_cancel(b);
}

void manager_count(const struct engine *e, unsigned *ret_managed, unsigned *ret_drifted)
{
	*ret_managed = *ret_drifted = 0;
	if (!e->current)
		return;
	*ret_managed = e->current->want->n;
	MODEL_FOREACH(e->current->want, i)
		*ret_drifted += i->state == STATE_DRIFTED;
}

/*
 * The options of a call. Only "dry-run" is known, and only where @dry_run is given; what is
 * not known is refused rather than ignored. Return: 0, or 1 when an error was sent.
 */
static int read_options(sd_bus_message *m, int *dry_run)
{
	const char *key;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0 && (!dry_run || strcmp(key, "dry-run"))) {
			(void)sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS,
							 "unknown option \"%s\"", key);
			return 1;
		}
		if (r >= 0)
			r = sd_bus_message_read(m, "v", "b", dry_run);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m) < 0 ? -EBADMSG : 0;
}

static int fail_invalid(sd_bus_message *m, struct errors *errors)
{
	_cleanup_free_ char *text = errors_text(errors);

	return call_fail(m, "ConfigInvalid", "%s", text);
}

/* The configuration on disk, or the answer that it is invalid (1). */
static int load(struct bus *b, sd_bus_message *m, struct generation **ret)
{
	_cleanup_(errors_done) struct errors errors = { 0 };

	if (engine_load(b->engine, &errors, ret) < 0)
		return fail_invalid(m, &errors) < 0 ? -EIO : 1;
	return 0;
}

static int run_check(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	int r = read_options(m, NULL);

	if (!r)
		r = load(b, m, &g);
	return r ? r : sd_bus_reply_method_return(m, "");
}

static void append_line(void *data, const struct plan_line *l)
{
	const struct origin *at = step_where(l->step);
	sd_bus_message *reply = data;

	/* A failure poisons the message, which sd_bus_send() then refuses. */
	(void)sd_bus_message_append(reply, "a{sv}", 9, "phase", "s", l->phase, "object", "s",
				    l->object, "key", "s", l->key, "from", "s", l->from, "to", "s",
				    l->to, "effect", "s", l->effect, "verb", "s",
				    verb_name(l->step->verb), "file", "s", at->file ? at->file : "",
				    "line", "u", at->line);
}

static int run_plan(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(plan_freep) struct plan *plan = NULL;
	int r = read_options(m, NULL);

	if (!r)
		r = load(b, m, &g);
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
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int answer_busy(sd_bus_message *m)
{
	return call_fail(m, "Busy", "another change is under way");
}

static int apply(struct bus *b, sd_bus_message *m)
{
	_cleanup_(errors_done) struct errors errors = { 0 };
	int r;

	if (b->waiter)
		return answer_busy(m);
	manager_wait(b, m);
	r = engine_reload(b->engine, &errors, manager_waited, b);
	if (!r)
		return 0;
	manager_wait_cancel(b);
	if (r == -EBUSY)
		return answer_busy(m);
	for (unsigned n = 0; n < errors.n; n++)
		log_error("%s", errors.lines[n]);
	log_error("the configuration is invalid; nothing is changed");
	return fail_invalid(m, &errors);
}

static int run_apply(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	int dry_run = 0, r = read_options(m, &dry_run);

	if (!r && !dry_run)
		return apply(b, m);
	if (!r)
		r = load(b, m, &g);
	return r ? r : sd_bus_reply_method_return(m, "t", b->engine->number);
}

static int run_reload(struct bus *b, sd_bus_message *m)
{
	return apply(b, m);
}

static int method_check(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_KNOWN, run_check);
}

static int method_plan(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, NULL, CALL_IDLE, run_plan);
}

static int method_apply(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_KNOWN, run_apply);
}

static int method_reload(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	return call_begin(data, m, ACTION_APPLY, CALL_KNOWN, run_reload);
}

/* Whatever is configured or present, each once. */
static int append_links(sd_bus_message *reply, const struct model *model,
			const struct model *but)
{
	int r = 0;

	MODEL_FOREACH(model, i) {
		_cleanup_free_ char *path = object_path(i->name);

		if (model_find(but, i->name))
			continue;
		r = sd_bus_message_append(reply, "(iso)", but ? 0 : i->ifindex, i->name, path);
		if (r < 0)
			return r;
	}
	return r;
}

static int method_list_links(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct bus *b = data;
	struct engine *e = b->engine;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(iso)");
	if (r >= 0)
		r = append_links(reply, e->mirror->seen, NULL);
	if (r >= 0 && e->current)
		r = append_links(reply, e->current->want, e->mirror->seen);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int answer_path(struct bus *b, sd_bus_message *m, const char *name)
{
	_cleanup_free_ char *path = object_path(name);

	if (!object_groups(b, name))
		return call_fail(m, "NoSuchLink", "no interface \"%s\": neither configured nor present",
				 name);
	return sd_bus_reply_method_return(m, "o", path);
}

static int method_link_by_name(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const char *name;
	int r = sd_bus_message_read(m, "s", &name);

	return r < 0 ? r : answer_path(data, m, name);
}

static int method_link_by_index(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	const struct iface *i = NULL;
	struct bus *b = data;
	int32_t index;
	int r = sd_bus_message_read(m, "i", &index);

	if (r < 0)
		return r;
	if (index > 0)
		i = model_find_index(b->engine->mirror->seen, index);
	if (!i)
		return call_fail(m, "NoSuchLink", "no interface with index %d", index);
	return answer_path(b, m, i->name);
}

static json_t *describe_netlink(const struct kernel_counters *c)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "requests", (json_int_t)c->requests, "dumps",
			 (json_int_t)c->dumps, "notifications", (json_int_t)c->notifications,
			 "overruns", (json_int_t)c->overruns);
}

static json_t *describe(const struct engine *e)
{
	json_t *errors = json_array(), *links = json_array();

	for (unsigned n = 0; n < e->refused.n; n++)
		json_array_append_new(errors, json_string(e->refused.lines[n]));
	MODEL_FOREACH(e->mirror->seen, i)
		json_array_append_new(links, engine_json(e, i->name));
	if (e->current)
		MODEL_FOREACH(e->current->want, i)
			if (!model_find(e->mirror->seen, i->name))
				json_array_append_new(links, engine_json(e, i->name));
	return json_pack("{s:i, s:s, s:s, s:I, s:o, s:o, s:o}", "version", 1, "program",
			 PACKAGE_VERSION, "state", engine_state_name(engine_state(e)), "generation",
			 (json_int_t)e->number, "netlink",
			 describe_netlink(&e->kernel->counters), "errors", errors, "interfaces",
			 links);
}

static int method_describe(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	json_t *j = describe(b->engine);
	_cleanup_free_ char *text = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	return text ? sd_bus_reply_method_return(m, "s", text) : -ENOMEM;
}

static int method_export(sd_bus_message *m, void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	json_t *j = export_model(b->engine->mirror->seen);
	_cleanup_free_ char *text = export_text(j);

	json_decref(j);
	return sd_bus_reply_method_return(m, "s", text);
}

static int get_version(sd_bus *bus _unused_, const char *path _unused_,
		       const char *interface _unused_, const char *property _unused_,
		       sd_bus_message *reply, void *data _unused_, sd_bus_error *error _unused_)
{
	return sd_bus_message_append(reply, "s", PACKAGE_VERSION);
}

static int get_state(sd_bus *bus _unused_, const char *path _unused_,
		     const char *interface _unused_, const char *property _unused_,
		     sd_bus_message *reply, void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;

	return sd_bus_message_append(reply, "s", engine_state_name(engine_state(b->engine)));
}

static int get_number(sd_bus *bus _unused_, const char *path _unused_,
		      const char *interface _unused_, const char *property, sd_bus_message *reply,
		      void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	const struct engine *e = b->engine;

	return sd_bus_message_append(reply, "t", !strcmp(property, "Generation") ?
			e->number : e->kernel->counters.overruns);
}

static int get_count(sd_bus *bus _unused_, const char *path _unused_,
		     const char *interface _unused_, const char *property, sd_bus_message *reply,
		     void *data, sd_bus_error *error _unused_)
{
	struct bus *b = data;
	unsigned managed, drifted;

	manager_count(b->engine, &managed, &drifted);
	return sd_bus_message_append(reply, "u", !strcmp(property, "Managed") ? managed : drifted);
}

#define OPEN SD_BUS_VTABLE_UNPRIVILEGED
#define EMITS SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define CONST SD_BUS_VTABLE_PROPERTY_CONST

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Check", SD_BUS_ARGS("a{sv}", options), SD_BUS_NO_RESULT,
				method_check, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("aa{sv}", steps), method_plan, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_ARGS("a{sv}", options),
				SD_BUS_RESULT("t", generation), method_apply, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("t", generation),
				method_reload, OPEN),
	SD_BUS_METHOD_WITH_ARGS("ListLinks", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(iso)", links),
				method_list_links, OPEN),
	SD_BUS_METHOD_WITH_ARGS("GetLinkByName", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", path),
				method_link_by_name, OPEN),
	SD_BUS_METHOD_WITH_ARGS("GetLinkByIndex", SD_BUS_ARGS("i", ifindex),
				SD_BUS_RESULT("o", path), method_link_by_index, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_describe, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Export", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", configuration),
				method_export, OPEN),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, CONST),
	SD_BUS_PROPERTY("State", "s", get_state, 0, EMITS),
	SD_BUS_PROPERTY("Generation", "t", get_number, 0, EMITS),
	SD_BUS_PROPERTY("NetlinkOverruns", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Managed", "u", get_count, 0, EMITS),
	SD_BUS_PROPERTY("Drifted", "u", get_count, 0, EMITS),
	SD_BUS_SIGNAL_WITH_ARGS("Applied", SD_BUS_ARGS("t", generation), 0),
	SD_BUS_SIGNAL_WITH_ARGS("DriftDetected", SD_BUS_ARGS("s", name), 0),
	SD_BUS_VTABLE_END,
};

int manager_add(struct bus *b)
{
	return sd_bus_add_object_vtable(b->bus, NULL, BUS_PATH, BUS_MANAGER, vtable, b);
}
