// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl xdp: which program an interface has, how it runs, and what it has decided. */
#include <inttypes.h>
#include <time.h>

#include "ctl/ctl.h"

#define REASON_WIDTH 28

static const json_t *statistics_of(const json_t *document, const char *name)
{
	const json_t *j;
	size_t n;

	json_array_foreach(json_object_get(document, "interfaces"), n, j)
		if (!strcmp(get_text(j, NULL, "name"), name))
			return json_object_get(j, "statistics");
	return NULL;
}

static bool is_of_xdp(const json_t *group)
{
	return !strncmp(get_text(group, NULL, "group"), "xdp", 3);
}

static void print_title(const struct ctl *c, const char *name, const json_t *x)
{
	const char *program = get_text(x, NULL, "program");
	time_t since = get_number(x, NULL, "since");
	const json_t *behind;
	char when[32] = "";
	struct tm tm;
	size_t n;

	if (since && localtime_r(&since, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s%s%s: %s, ", colour_on(c, COLOUR_BOLD), name, colour_off(c, COLOUR_BOLD),
	       *program ? program : "a program of others");
	json_array_foreach(json_object_get(x, "chain"), n, behind)
		printf("then %s, ", json_string_value(behind));
	if (!strcmp(get_text(x, NULL, "attached"), "none"))
		fputs("not attached", stdout);
	else
		printf("%s, id %" JSON_INTEGER_FORMAT, get_text(x, NULL, "attached"),
		       get_number(x, NULL, "id"));
	if (*get_text(x, NULL, "tag"))
		printf(", tag %s", get_text(x, NULL, "tag"));
	printf("%s%s\n", *when ? ", since " : "", when);
	if (json_is_false(json_object_get(json_object_get(x, "device"), "jit")))
		printf("  %sinterpreted, which is slow: this kernel makes no machine code of it "
		       "(net.core.bpf_jit_enable)%s\n", colour_on(c, COLOUR_YELLOW),
		       colour_off(c, COLOUR_YELLOW));
	if (*get_text(x, NULL, "note"))
		printf("  %s%s%s\n", colour_on(c, COLOUR_YELLOW), get_text(x, NULL, "note"),
		       colour_off(c, COLOUR_YELLOW));
}

static void print_runs(const json_t *group)
{
	const json_t *counters = json_object_get(group, "counters");
	json_int_t runs = get_number(counters, NULL, "runs");
	double seconds = json_number_value(json_object_get(counters, "run_time"));

	if (runs)
		printf("  %s: %" JSON_INTEGER_FORMAT " runs, %.0f ns each\n",
		       get_text(group, NULL, "instance"), runs, seconds * 1e9 / runs);
}

/* "rule 3" says more with the rule beside it. */
static char *rule_text(const json_t *x, const char *instance)
{
	const json_t *rules = json_object_get(json_object_get(x, "filter"), "rules");
	const char *rule = strstr(instance, "rule ");
	unsigned n;

	if (!rule || sscanf(rule, "rule %u", &n) != 1 || !json_array_get(rules, n - 1))
		return str_dup("");
	return json_literal(json_array_get(rules, n - 1));
}

static void print_verdict(const json_t *x, const json_t *group, bool rates)
{
	const char *instance = get_text(group, NULL, "instance");
	const json_t *counters = json_object_get(group, "counters");
	const json_t *fast = json_object_get(group, "rates");
	_cleanup_free_ char *rule = rule_text(x, instance);

	printf("  %-*s %14" JSON_INTEGER_FORMAT " packets %16" JSON_INTEGER_FORMAT " bytes",
	       REASON_WIDTH, instance, get_number(counters, NULL, "packets"),
	       get_number(counters, NULL, "bytes"));
	if (rates)
		printf(" %12.0f packets/s %14.0f bit/s",
		       json_number_value(json_object_get(fast, "packets")),
		       8 * json_number_value(json_object_get(fast, "bytes")));
	printf("%s%s\n", *rule ? "  " : "", rule);
}

static void print_interface(const struct ctl *c, const char *name, const json_t *x,
			    const json_t *document, bool rates)
{
	const json_t *group;
	unsigned zeros = 0;
	size_t n;

	print_title(c, name, x);
	json_array_foreach(statistics_of(document, name), n, group) {
		const char *word = get_text(group, NULL, "group");

		if (!strcmp(word, "xdp_program"))
			print_runs(group);
		if (strcmp(word, "xdp"))
			continue;
		if (c->all || get_number(group, "counters", "packets"))
			print_verdict(x, group, rates);
		else
			zeros++;
	}
	if (zeros && c->legend)
		printf("  %s%u that are zero%s\n", colour_on(c, COLOUR_DIM), zeros,
		       colour_off(c, COLOUR_DIM));
}

static json_t *interface_json(const char *name, const json_t *x, const json_t *document)
{
	json_t *list = json_array(), *group;
	size_t n;

	json_array_foreach(statistics_of(document, name), n, group)
		if (is_of_xdp(group))
			json_array_append(list, group);
	return json_pack("{s:s, s:O, s:o}", "name", name, "xdp", x, "statistics", list);
}

static int print(struct ctl *c, json_t *document, bool rates)
{
	json_auto_t *d = NULL, *list = NULL;
	json_t *all = json_array(), *j;
	int r = ctl_describe(c, &d);
	size_t n;

	if (!r)
		r = pick_interfaces(c, json_object_get(d, "interfaces"), &list);
	json_array_foreach(list, n, j) {
		const char *name = get_text(j, NULL, "name");
		const json_t *x = json_object_get(j, "xdp");

		if (!*get_text(x, NULL, "attached")) /* only what the device can */
			x = NULL;
		if (x && c->json != JSON_MODE_OFF)
			json_array_append_new(all, interface_json(name, x, document));
		else if (x)
			print_interface(c, name, x, document, rates);
		else if (c->n_names && c->json == JSON_MODE_OFF)
			printf("%s: no program\n", name);
	}
	if (!r && c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "interfaces", all));
	json_decref(all);
	return r;
}

int verb_xdp(struct ctl *c)
{
	if (c->n_names == 2 && !strcmp(c->names[0], "capture"))
		return capture_run(c, c->names[1]);
	if (c->used & USES_CAPTURE)
		return ctl_usage(c, "--count and --write are for xdp capture NAME");
	return stats_watch(c, NULL, print);
}
