// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl xdp: which program an interface has, how it runs, and what it has decided. */
#include <inttypes.h>

#include "ctl/ctl.h"
#include "util/text.h"

#define REASON_WIDTH 28

static const json_t *statistics_of(const json_t *document, const char *name)
{
	return json_object_get(find_interface(json_object_get(document, "interfaces"), name),
			       "statistics");
}

static bool is_of_programs(const json_t *group)
{
	const char *word = get_text(group, NULL, "group");

	return !strncmp(word, "xdp", 3) || !strncmp(word, "tcx", 3);
}

/* Behind what was printed: ", tag …, since …" */
static void print_instance(const json_t *x)
{
	time_t since = get_number(x, NULL, "since");
	_cleanup_free_ char *when = date_text(since, "%F %T");

	if (get_number(x, NULL, "id"))
		printf(", id %" JSON_INTEGER_FORMAT, get_number(x, NULL, "id"));
	if (*get_text(x, NULL, "tag"))
		printf(", tag %s", get_text(x, NULL, "tag"));
	if (since)
		printf(", since %s", when);
}

static void print_title(const struct ctl *c, const char *name, const json_t *x)
{
	const char *program = get_text(x, NULL, "program"),
		   *attached = get_text(x, NULL, "attached");
	const json_t *behind;
	size_t n;

	printf("%s%s%s: %s, ", colour_on(c, COLOUR_BOLD), name, colour_off(c, COLOUR_BOLD),
	       *program ? program : "a program of others");
	json_array_foreach(json_object_get(x, "chain"), n, behind)
		printf("then %s, ", json_string_value(behind));
	fputs(strcmp(attached, "none") ? attached : "not attached", stdout);
	print_instance(x);
	putchar('\n');
	if (json_is_false(json_object_get(json_object_get(x, "device"), "jit")))
		printf("  %sinterpreted, which is slow: this kernel makes no machine code of it "
		       "(net.core.bpf_jit_enable)%s\n", colour_on(c, COLOUR_YELLOW),
		       colour_off(c, COLOUR_YELLOW));
	if (*get_text(x, NULL, "note"))
		printf("  %s%s%s\n", colour_on(c, COLOUR_YELLOW), get_text(x, NULL, "note"),
		       colour_off(c, COLOUR_YELLOW));
}

/* ", 12 runs, 34 ns each"; nothing where the kernel does not count them */
static void print_runs(const json_t *statistics, const char *word, const char *instance)
{
	const json_t *group;
	size_t n;

	json_array_foreach(statistics, n, group) {
		const json_t *counters = json_object_get(group, "counters");
		json_int_t runs = get_number(counters, NULL, "runs");
		double seconds = json_number_value(json_object_get(counters, "run_time"));

		if (runs && !strcmp(get_text(group, NULL, "group"), word) &&
		    !strcmp(get_text(group, NULL, "instance"), instance))
			printf(", %" JSON_INTEGER_FORMAT " runs, %.0f ns each", runs,
			       seconds * 1e9 / runs);
	}
}

static void print_program(const char *name, const char *tag, const json_t *statistics)
{
	printf("  %s: tag %s", name, tag);
	print_runs(statistics, "xdp_program", name);
	putchar('\n');
}

static bool has_run(const json_t *statistics)
{
	const json_t *group;
	size_t n;

	json_array_foreach(statistics, n, group)
		if (!strcmp(get_text(group, NULL, "group"), "xdp_program") &&
		    get_number(group, "counters", "runs"))
			return true;
	return false;
}

/* Each program of it, in order; of a single one the title has said all but how often it ran. */
static void print_programs(const json_t *x, const json_t *statistics)
{
	const char *program = get_text(x, NULL, "program"), *section = get_text(x, NULL, "section");
	_cleanup_free_ char *first = str_format("%s%s%s", program, *section ? "#" : "", section);
	const json_t *behind, *tags = json_object_get(x, "chain_tags");
	size_t n;

	if (!*program || !strcmp(get_text(x, NULL, "attached"), "none") ||
	    (!json_array_size(json_object_get(x, "chain")) && !has_run(statistics)))
		return;
	print_program(first, get_text(x, NULL, "tag"), statistics);
	json_array_foreach(json_object_get(x, "chain"), n, behind) {
		const char *tag = json_string_value(json_array_get(tags, n));

		print_program(json_string_value(behind), tag ? tag : "unknown", statistics);
	}
}

/* Where traffic control sees packets. */
static void print_tcx(const struct ctl *c, const char *name, const json_t *list,
		      const json_t *statistics, bool titled)
{
	const json_t *t;
	size_t n;

	if (json_array_size(list) && !titled)
		printf("%s%s%s: no XDP program\n", colour_on(c, COLOUR_BOLD), name,
		       colour_off(c, COLOUR_BOLD));
	json_array_foreach(list, n, t) {
		const char *program = get_text(t, NULL, "program"),
			   *section = get_text(t, NULL, "section");
		_cleanup_free_ char *instance =
			str_format("%s %s%s%s", get_text(t, NULL, "direction"), program,
				   *section ? "#" : "", section);

		printf("  %s%s, %s", instance, *program ? "" : "a program of others",
		       get_text(t, NULL, "attached"));
		print_instance(t);
		print_runs(statistics, "tcx_program", instance);
		putchar('\n');
	}
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

static void print_verdicts(const struct ctl *c, const json_t *x, const json_t *statistics,
			   bool rates)
{
	const json_t *group;
	unsigned zeros = 0;
	size_t n;

	json_array_foreach(statistics, n, group) {
		if (strcmp(get_text(group, NULL, "group"), "xdp"))
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

static void print_interface(const struct ctl *c, const char *name, const json_t *x,
			    const json_t *tcx, const json_t *statistics, bool rates)
{
	if (x) {
		print_title(c, name, x);
		print_programs(x, statistics);
		print_verdicts(c, x, statistics, rates);
	}
	print_tcx(c, name, tcx, statistics, x);
}

static json_t *interface_json(const char *name, const json_t *x, const json_t *tcx,
			      const json_t *statistics)
{
	json_t *list = json_array(), *j, *group;
	size_t n;

	json_array_foreach(statistics, n, group)
		if (is_of_programs(group))
			json_array_append(list, group);
	j = json_pack("{s:s, s:o}", "name", name, "statistics", list);
	if (x)
		json_object_set(j, "xdp", (json_t *)x);
	if (tcx)
		json_object_set(j, "tcx", (json_t *)tcx);
	return j;
}

static int print(struct ctl *c, json_t *document, bool rates)
{
	json_auto_t *d = NULL, *list = NULL;
	json_t *all = json_array(), *j;
	int r = ctl_describe_groups(c, (const char *const[]){ "xdp", "tcx", NULL }, &d);
	unsigned n_shown = 0;
	size_t n;

	if (!r)
		r = pick_interfaces(c, json_object_get(d, "interfaces"), &list);
	json_array_foreach(list, n, j) {
		const char *name = get_text(j, NULL, "name");
		const json_t *x = json_object_get(j, "xdp"), *tcx = json_object_get(j, "tcx");
		const json_t *statistics = statistics_of(document, name);

		if (!*get_text(x, NULL, "attached")) /* only what the device can */
			x = NULL;
		if (!json_array_size(tcx))
			tcx = NULL;
		n_shown += x || tcx;
		if ((x || tcx) && c->json != JSON_MODE_OFF)
			json_array_append_new(all, interface_json(name, x, tcx, statistics));
		else if (x || tcx)
			print_interface(c, name, x, tcx, statistics, rates);
		else if (c->n_names && c->json == JSON_MODE_OFF)
			printf("%s: no program\n", name);
	}
	if (!r && c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "interfaces", all));
	if (!r && !c->n_names && !n_shown && c->legend)
		puts("no interface has a program");
	json_decref(all);
	return r;
}

int verb_xdp(struct ctl *c)
{
	if (c->n_names == 2 && !strcmp(c->names[0], "capture"))
		return capture_run(c, c->names[1]);
	if (c->n_names == 1 && !strcmp(c->names[0], "capture") && (c->used & USES_CAPTURE))
		return ctl_usage(c, "usage: netctl xdp capture NAME");
	if (c->used & USES_CAPTURE)
		return ctl_usage(c, "--count and --write are for xdp capture NAME");
	return stats_watch(c, NULL, print);
}
