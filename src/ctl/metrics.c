// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl metrics: OpenMetrics 1.0 text, for a collector that runs commands.
 *
 * Names are netctl_GROUP_COUNTER. A counter that only a driver knows has any
 * name, so it becomes a label. What must stay true: a family's lines stand
 * together, and none begins twice.
 */
#include "ctl/ctl.h"
#include "util/text.h"

/* Where the metrics go: text, or a document. */
struct sink {
	const struct ctl *c;
	json_t *families, *samples; /* NULL: text */
	char name[128];
	bool is_counter;
};

static void print_escaped(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '"')
			printf("\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", stdout);
		else
			putchar(*s);
	}
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), k = strlen(tail);

	return n > k && s[n - k - 1] == '_' && !strcmp(s + n - k, tail);
}

/* What is in a base unit has it at the end of its name, as the format demands. */
static void begin(struct sink *s, const char *group, const char *counter, const char *type,
		  const char *unit, const char *help)
{
	bool has_unit = *unit && strcmp(unit, "packets");

	snprintf(s->name, sizeof(s->name), "netctl_%s%s%s", group, *counter ? "_" : "", counter);
	if (has_unit && !ends_with(s->name, unit))
		snprintf(s->name + strlen(s->name), sizeof(s->name) - strlen(s->name), "_%s", unit);
	s->is_counter = !strcmp(type, "counter");
	if (s->families) {
		s->samples = json_array();
		json_array_append_new(s->families,
				      json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", s->name,
						"type", type, "unit", has_unit ? unit : "", "help",
						help, "samples", s->samples));
		return;
	}
	printf("# TYPE %s %s\n", s->name, type);
	if (has_unit)
		printf("# UNIT %s %s\n", s->name, unit);
	printf("# HELP %s ", s->name);
	print_escaped(help);
	puts(".");
}

/* Labels: pairs of name and value; those with an empty value are left out. */
static void sample(struct sink *s, const char *const labels[][2], unsigned n, const json_t *value)
{
	json_t *j = s->families ? json_object() : NULL;
	const char *sep = "{";

	if (!j)
		printf("%s%s", s->name, s->is_counter ? "_total" : "");
	for (unsigned k = 0; k < n; k++) {
		if (!*labels[k][1])
			continue;
		if (j) {
			json_object_set_new(j, labels[k][0], json_string(labels[k][1]));
			continue;
		}
		printf("%s%s=\"", sep, labels[k][0]);
		print_escaped(labels[k][1]);
		putchar('"');
		sep = ",";
	}
	if (j) {
		json_array_append_new(s->samples,
				      json_pack("{s:o, s:O}", "labels", j, "value", value));
		return;
	}
	fputs(*sep == ',' ? "} " : " ", stdout);
	json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_DIGITS);
	putchar('\n');
}

static void number(struct sink *s, const char *name, const char *type, const char *help,
		   json_int_t value)
{
	json_auto_t *v = json_integer(value);

	begin(s, name, "", type, "", help);
	sample(s, NULL, 0, v);
}

static void daemon_metrics(struct sink *s, const json_t *d)
{
	const char *const info[][2] = { { "version", get_text(d, NULL, "program") },
					{ "state", get_text(d, NULL, "state") } };
	json_auto_t *one = json_integer(1);

	begin(s, "daemon", "", "gauge", "", "The daemon, its version and state");
	sample(s, info, ARRAY_SIZE(info), one);
	number(s, "generation", "gauge", "Number of the configuration in use",
	       get_number(d, NULL, "generation"));
	number(s, "configuration_errors", "gauge", "Errors in the configuration on disk",
	       json_array_size(json_object_get(d, "errors")));
	number(s, "netlink_requests", "counter", "Changes asked of the kernel",
	       get_number(d, "netlink", "requests"));
	number(s, "netlink_notifications", "counter", "Changes that the kernel has told of",
	       get_number(d, "netlink", "notifications"));
	number(s, "netlink_overruns", "counter", "Times when the kernel told more than was read",
	       get_number(d, "netlink", "overruns"));
}

static bool is_real(const json_t *j)
{
	return get_number(j, "state", "ifindex") >= 0;
}

static void flag(struct sink *s, const json_t *list, const char *name, const char *group,
		 const char *key, const char *help)
{
	const json_t *j;
	size_t n;

	begin(s, "interface", name, "gauge", "", help);
	json_array_foreach(list, n, j) {
		const char *const labels[][2] = { { "interface", get_text(j, NULL, "name") } };
		json_auto_t *v = json_integer(get_bool(j, group, key));

		if (is_real(j))
			sample(s, labels, 1, v);
	}
}

static void state_metrics(struct sink *s, const json_t *list)
{
	json_auto_t *one = json_integer(1);
	const json_t *j;
	size_t n;

	flag(s, list, "up", NULL, "up", "Administratively up");
	flag(s, list, "carrier", "state", "carrier", "There is a link to a partner");
	begin(s, "interface", "state", "gauge", "",
	      "How the interface stands to its configuration");
	json_array_foreach(list, n, j) {
		const char *const labels[][2] = { { "interface", get_text(j, NULL, "name") },
						  { "state", get_text(j, "state", "management") } };

		if (is_real(j))
			sample(s, labels, 2, one);
	}
	begin(s, "interface", "carrier_changes", "counter", "",
	      "How often the carrier came or went");
	json_array_foreach(list, n, j) {
		const char *const labels[][2] = { { "interface", get_text(j, NULL, "name") } };

		if (get_number(j, "state", "ifindex") > 0)
			sample(s, labels, 1, json_object_get(json_object_get(j, "state"),
							     "carrier_changes"));
	}
}

/* The samples of one counter; @counter NULL: of all that are not in @known. */
static void counter_samples(struct sink *s, const json_t *list, const char *group,
			    const char *instance_label, const char *counter, const json_t *known)
{
	const json_t *interface, *g;
	const char *name;
	json_t *v;
	size_t n, k;

	json_array_foreach(list, n, interface)
		json_array_foreach(json_object_get(interface, "statistics"), k, g) {
			const char *labels[][2] = {
				{ "interface", get_text(interface, NULL, "name") },
				{ instance_label, get_text(g, NULL, "instance") },
				{ "counter", "" }
			};

			if (strcmp(get_text(g, NULL, "group"), group))
				continue;
			if (counter) {
				v = json_object_get(json_object_get(g, "counters"), counter);
				if (json_is_number(v))
					sample(s, labels, 2, v);
				continue;
			}
			json_object_foreach(json_object_get(g, "counters"), name, v) {
				labels[2][1] = name;
				if (json_is_number(v) && !json_object_get(known, name))
					sample(s, labels, 3, v);
			}
		}
}

static bool has_unknown(const json_t *list, const char *group, const json_t *known)
{
	const json_t *interface, *g;
	const char *name;
	json_t *v;
	size_t n, k;

	json_array_foreach(list, n, interface)
		json_array_foreach(json_object_get(interface, "statistics"), k, g)
			if (!strcmp(get_text(g, NULL, "group"), group))
				json_object_foreach(json_object_get(g, "counters"), name, v)
					if (!json_object_get(known, name))
						return true;
	return false;
}

static void group_metrics(struct sink *s, const json_t *list, const char *group,
			  const json_t *about)
{
	json_t *known = json_object_get(about, "counters"), *v;
	const char *name, *instance = get_text(about, NULL, "instance");

	json_object_foreach(known, name, v) {
		begin(s, group, name, get_bool(v, NULL, "gauge") ? "gauge" : "counter",
		      get_text(v, NULL, "unit"), get_text(v, NULL, "help"));
		counter_samples(s, list, group, instance, name, known);
	}
	if (!has_unknown(list, group, known))
		return;
	begin(s, group, "", "unknown", "", get_text(about, NULL, "help"));
	counter_samples(s, list, group, instance, NULL, known);
}

int verb_metrics(struct ctl *c)
{
	json_auto_t *d = NULL, *stats = NULL, *states = NULL, *counters = NULL;
	struct sink s = { .c = c };
	const char *group;
	json_t *about;
	int r = ctl_describe_groups(c, (const char *const[]){ NULL }, &d);

	if (!r)
		r = stats_read(c, NULL, &stats);
	if (!r)
		r = pick_interfaces(c, json_object_get(d, "interfaces"), &states);
	if (r)
		return r;
	counters = json_sorted(json_object_get(stats, "interfaces"));
	if (c->json != JSON_MODE_OFF)
		s.families = json_array();
	daemon_metrics(&s, d);
	state_metrics(&s, states);
	json_object_foreach(json_object_get(stats, "groups"), group, about)
		group_metrics(&s, counters, group, about);
	if (s.families)
		return ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "metrics", s.families));
	puts("# EOF");
	return EXIT_DONE;
}
