// SPDX-License-Identifier: LGPL-2.1-or-later
/* The verbs around the configuration: check, plan, apply, reload, export. */
#include "core/config.h"
#include "core/export.h"
#include "core/quirk.h"
#include "ctl/ctl.h"
#include "util/text.h"

static json_t *check_json(const struct generation *g, const struct errors *warnings)
{
	json_t *files = json_array();

	for (unsigned n = 0; n < g->n_files; n++)
		json_array_append_new(files, json_string(text_utf8(g->files[n])));
	return json_pack("{s:i, s:b, s:o, s:i, s:o}", "version", 1, "valid", 1, "files", files,
			 "interfaces", (int)g->want->n, "warnings", errors_json(warnings));
}

/* Of another machine, its files, as its daemon would read them. */
static int check_there(struct ctl *c)
{
	int r;

	if (c->n_names)
		return ctl_usage(c,
				 "check looks at another machine's own files: no FILE with --host");
	r = ctl_call(c, "Check", NULL, "a{sv}", 0);
	if (!r && c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:b}", "version", 1, "valid", 1));
	if (!r)
		puts("valid");
	return r;
}

void print_warnings(const struct ctl *c, const json_t *warnings, FILE *out)
{
	const json_t *j;
	size_t n;

	json_array_foreach(warnings, n, j)
		fprintf(out, "%swarning%s: %s\n", colour_on(c, COLOUR_YELLOW),
			colour_off(c, COLOUR_YELLOW), json_string_value(j));
}

static int tell_valid(struct ctl *c, const struct generation *g, const struct errors *warnings)
{
	json_auto_t *lines = errors_json(warnings);

	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, check_json(g, warnings));
	print_warnings(c, lines, stdout);
	printf("valid: %u file%s, %u interface%s\n", g->n_files, g->n_files == 1 ? "" : "s",
	       g->want->n, g->want->n == 1 ? "" : "s");
	return EXIT_DONE;
}

/*
 * The machine's own files must fit the machine. Other files may be meant for another: what
 * would not do here is told, and does not make them wrong.
 */
int verb_check(struct ctl *c)
{
	struct config_paths paths = {
		.paths = c->n_names ? (const char *const *)c->names : config_default_paths,
		.n = c->n_names ? c->n_names : CONFIG_N_DEFAULT_PATHS,
		.optional = !c->n_names,
		.present = machine_has,
	};
	_cleanup_(machine_freep) struct machine *machine = NULL;
	_cleanup_(generation_freep) struct generation *g = NULL;
	_cleanup_(errors_done) struct errors errors = { 0 }, warnings = { 0 };
	_cleanup_free_ char *text = NULL;

	if (c->host)
		return check_there(c);
	if (config_load(&paths, &errors, &g) < 0) {
		text = errors_text(&errors);
		return ctl_fail(c, EXIT_INVALID, "org.netctl1.Error.ConfigInvalid", text);
	}
	quirks_load_installed();
	machine = machine_read(g->want);
	if (machine)
		config_check_machine(g, machine_model(machine), c->n_names ? &warnings : &errors);
	if (errors.n) {
		text = errors_text(&errors);
		return ctl_fail(c, EXIT_INVALID, "org.netctl1.Error.ConfigInvalid", text);
	}
	if (machine)
		config_warn(g, machine_model(machine), &warnings);
	return tell_valid(c, g, &warnings);
}

/* One line of the plan: a{sv} whose values are strings and numbers. */
static int read_step(sd_bus_message *m, json_t **ret)
{
	json_auto_t *j = json_object();
	const char *key, *type, *s;
	uint32_t u;
	int r;

	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = sd_bus_message_read(m, "s", &key);
		if (r >= 0)
			r = sd_bus_message_peek_type(m, NULL, &type);
		if (r >= 0 && *type == 's') {
			r = sd_bus_message_read(m, "v", "s", &s);
			if (r >= 0)
				json_object_set_new(j, key, json_string(s));
		} else if (r >= 0 && *type == 'u') {
			r = sd_bus_message_read(m, "v", "u", &u);
			if (r >= 0)
				json_object_set_new(j, key, json_integer(u));
		} else if (r >= 0) {
			r = sd_bus_message_skip(m, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(j);
	return r;
}

static int read_plan(sd_bus_message *m, json_t *steps)
{
	json_t *j = NULL;
	int r = sd_bus_message_enter_container(m, 'a', "a{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'a', "{sv}")) > 0) {
		r = read_step(m, &j);
		if (r >= 0)
			r = json_array_append_new(steps, j);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The text that the daemon logs and the tests compare. */
static void print_step(const struct ctl *c, const json_t *j)
{
	const char *effect = get_text(j, NULL, "effect");
	enum colour colour = strcmp(effect, "bounce") ? COLOUR_RED : COLOUR_YELLOW;

	printf("%-12s %s: %s: %s -> %s", get_text(j, NULL, "phase"), get_text(j, NULL, "object"),
	       get_text(j, NULL, "key"), get_text(j, NULL, "from"), get_text(j, NULL, "to"));
	if (strcmp(effect, "live"))
		printf(" %s(%s)%s", colour_on(c, colour), effect, colour_off(c, colour));
	putchar('\n');
}

static void print_impact(const json_t *impact)
{
	const json_t *j;
	size_t n;

	json_array_foreach(json_object_get(impact, "loses"), n, j)
		printf("%s%s (%s)", n ? ", " : "loses traffic: ", get_text(j, NULL, "name"),
		       get_text(j, NULL, "why"));
	if (n)
		putchar('\n');
}

static int read_impact(sd_bus_message *m, json_t **ret)
{
	const char *text;
	int r = sd_bus_message_read(m, "s", &text);

	if (r < 0)
		return r;
	*ret = json_loads(text, 0, NULL);
	return json_is_object(*ret) ? 0 : -EBADMSG;
}

static int call_plan(struct ctl *c, const struct change_asked *a, const char *peer,
		     sd_bus_message **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	int r = ctl_call_new(c, "Plan", &m), bad;

	if (r)
		return r;
	bad = sd_bus_message_open_container(m, 'a', "{sv}") < 0;
	bad |= peer && sd_bus_message_append(m, "{sv}", "path", "s", peer) < 0;
	bad |= a->stored && sd_bus_message_append(m, "{sv}", "generation", "t", a->generation) < 0;
	bad |= sd_bus_message_close_container(m) < 0;
	return bad ? ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_NO_MEMORY, "a call that is too long") :
		     ctl_call_send(c, m, ret);
}

int ctl_plan(struct ctl *c, const struct change_asked *a, const char *peer, json_t **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	json_auto_t *steps = json_array(), *impact = NULL;
	int r = call_plan(c, a, peer, &reply);

	if (r)
		return r;
	if (read_plan(reply, steps) < 0 || read_impact(reply, &impact) < 0)
		return ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_INVALID_SIGNATURE,
				"netctld's plan makes no sense");
	json_object_set_new(impact, "version", json_integer(1));
	json_object_set(impact, "steps", steps);
	*ret = TAKE_PTR(impact);
	return EXIT_DONE;
}

int verb_plan(struct ctl *c)
{
	_cleanup_free_ char *peer = path_peer(c);
	json_auto_t *plan = NULL;
	const json_t *j;
	size_t n;
	int r = ctl_plan(c, &(struct change_asked){ 0 }, peer, &plan);

	if (r)
		return r;
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, TAKE_PTR(plan));
	json_array_foreach(json_object_get(plan, "steps"), n, j)
		print_step(c, j);
	if (!n)
		fputs("nothing to do\n", stderr);
	print_impact(plan);
	print_warnings(c, json_object_get(plan, "warnings"), stdout);
	if (path_is_cut(plan)) {
		path_print(plan, stdout);
		putchar('\n');
	}
	return EXIT_DONE;
}

int ctl_generation(const struct ctl *c, sd_bus_message *reply)
{
	uint64_t number;

	if (sd_bus_message_read(reply, "t", &number) < 0)
		return ctl_fail_answer(c);
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:I}", "version", 1, "generation",
					     (json_int_t)number));
	fprintf(stderr, "generation %llu is in use\n", (unsigned long long)number);
	return EXIT_DONE;
}

int verb_apply(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r;

	if (c->dry_run && c->confirm)
		return ctl_usage(c, "--dry-run changes nothing that could be confirmed");
	if (c->replace && !c->confirm)
		return ctl_usage(c, "--replace goes with --confirm: what it replaces waits too");
	if (c->dry_run)
		return verb_plan(c);
	r = c->confirm ? EXIT_DONE : path_ask(c, &(struct change_asked){ .confirmable = true });
	if (r)
		return r;
	if (c->confirm)
		return apply_confirm(c);
	r = ctl_call(c, "Apply", &reply, "a{sv}", 0);
	return r ? r : ctl_generation(c, reply);
}

int verb_reload(struct ctl *c)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int r = path_ask(c, &(struct change_asked){ .confirmable = true });

	if (r)
		return r;
	if (c->confirm)
		return apply_confirm(c);
	r = ctl_call(c, "Reload", &reply, NULL);
	return r ? r : ctl_generation(c, reply);
}

int verb_export(struct ctl *c)
{
	_cleanup_free_ char *text = NULL, *printed = NULL;
	json_auto_t *all = NULL, *list = NULL;
	int r = ctl_call_text(c, "Export", &text);

	if (r)
		return r;
	all = config_to_json(text);
	if (!all)
		return ctl_fail(c, EXIT_FAILED, SD_BUS_ERROR_INVALID_ARGS,
				"netctld's configuration makes no sense");
	r = pick_interfaces(c, all, &list);
	if (r)
		return r;
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:O}", "version", 1, "interfaces", list));
	printed = export_text(list);
	fputs(printed, stdout);
	return EXIT_DONE;
}
