// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The methods around the configuration: check, plan, apply.
 *
 * They are the engine's verbs, on the files that the daemon reads. Those that
 * change something are answered when it is done, with the number of the
 * generation, or with an error that holds all lines a person needs.
 */
#include "bus/internal.h"
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

void change_waited(void *data, const struct outcome *o)
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
	change_wait_cancel(b);
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

int change_check(struct bus *b, sd_bus_message *m)
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

int change_plan(struct bus *b, sd_bus_message *m)
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
	change_wait(b, m);
	r = engine_reload(b->engine, &errors, change_waited, b);
	if (!r)
		return 0;
	change_wait_cancel(b);
	if (r == -EBUSY)
		return answer_busy(m);
	for (unsigned n = 0; n < errors.n; n++)
		log_error("%s", errors.lines[n]);
	log_error("the configuration is invalid; nothing is changed");
	return fail_invalid(m, &errors);
}

int change_apply(struct bus *b, sd_bus_message *m)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	int dry_run = 0, r = read_options(m, &dry_run);

	if (!r && !dry_run)
		return apply(b, m);
	if (!r)
		r = load(b, m, &g);
	return r ? r : sd_bus_reply_method_return(m, "t", b->engine->number);
}

int change_reload(struct bus *b, sd_bus_message *m)
{
	return apply(b, m);
}
