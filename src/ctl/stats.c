// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl stats: counters, and with --interval how fast they grow.
 *
 * A table of what every interface counts; where one interface is named, all
 * groups of it, without the zeros. Rates are from the daemon's clock at the two
 * readings, not from how long this program thinks it has slept.
 */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "ctl/ctl.h"
#include "util/text.h"

#define NAME_WIDTH 22 /* of a counter, at least */

/* { NAME: WORDS } of the options; no words: not an option. */
static int append_words(sd_bus_message *m, const char *name, const char *const *words)
{
	int r;

	if (!words || !*words)
		return 0;
	r = sd_bus_message_open_container(m, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "s");
	for (; r >= 0 && *words; words++)
		r = sd_bus_message_append(m, "s", *words);
	for (unsigned n = 0; r >= 0 && n < 3; n++)
		r = sd_bus_message_close_container(m);
	return r;
}

int stats_read(struct ctl *c, const char *const *groups, json_t **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
	int r = ctl_call_new(c, "GetStatistics", &m);

	if (r)
		return r;
	r = sd_bus_message_open_container(m, 'a', "{sv}");
	if (r >= 0)
		r = append_words(m, "names", (const char *const *)c->names);
	if (r >= 0)
		r = append_words(m, "groups", groups);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r < 0)
		return ctl_usage(c, "these names cannot be asked for: %s", strerror(-r));
	r = ctl_call_send(c, m, &reply);
	return r ? r : ctl_read_document(c, reply, ret);
}

/* "950", "12.3k", "4.56G": three digits. */
static char *human(double v)
{
	static const char units[] = " kMGTPE";
	unsigned n = 0;

	for (; v >= 999.5 && units[n + 1]; n++)
		v /= 1000;
	if (!n)
		return str_format("%.0f", v);
	return str_format("%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[n]);
}

static const json_t *find_group(const json_t *interface, const char *group, const char *instance)
{
	const json_t *j;
	size_t n;

	json_array_foreach(json_object_get(interface, "statistics"), n, j)
		if (!strcmp(get_text(j, NULL, "group"), group) &&
		    !strcmp(get_text(j, NULL, "instance"), instance))
			return j;
	return NULL;
}

static bool is_gauge(const json_t *document, const char *group, const char *counter)
{
	const json_t *g = json_object_get(json_object_get(document, "groups"), group);

	return get_bool(json_object_get(g, "counters"), counter, "gauge");
}

/* What has gone down is another device's, or was reset: it has no rate. */
static void add_group_rates(const json_t *document, json_t *group, const json_t *before,
			    double seconds)
{
	json_t *rates = json_object(), *v;
	const char *name;

	json_object_foreach(json_object_get(group, "counters"), name, v) {
		const json_t *old = json_object_get(json_object_get(before, "counters"), name);
		json_int_t grown = json_integer_value(v) - json_integer_value(old);

		if (json_is_integer(v) && json_is_integer(old) && grown >= 0 &&
		    !is_gauge(document, get_text(group, NULL, "group"), name))
			json_object_set_new(rates, name, json_real(grown / seconds));
	}
	json_object_set_new(group, "rates", rates);
}

/* Into each group of @now, what it has grown by a second since @before. */
static void add_rates(json_t *now, const json_t *before)
{
	json_int_t usec =
		get_number(now, NULL, "time_usec") - get_number(before, NULL, "time_usec");
	json_auto_t *olds = json_index(json_object_get(before, "interfaces"));
	json_t *interface, *group;
	size_t n, k;

	json_object_set_new(now, "interval_usec", json_integer(usec));
	json_array_foreach(json_object_get(now, "interfaces"), n, interface) {
		const json_t *old = json_object_get(olds, get_text(interface, NULL, "name"));

		json_array_foreach(json_object_get(interface, "statistics"), k, group)
			add_group_rates(now, group,
					find_group(old, get_text(group, NULL, "group"),
						   get_text(group, NULL, "instance")),
					max_of(usec, 1) / 1e6);
	}
}

/* The sum of two counters; of what they have grown a second, with @rates. NULL: not known. */
static char *cell(const json_t *interface, bool rates, const char *a, const char *b)
{
	const json_t *values = json_object_get(find_group(interface, "link", ""),
					       rates ? "rates" : "counters");
	const json_t *va = json_object_get(values, a), *vb = b ? json_object_get(values, b) : NULL;
	bool bits = rates && strstr(a, "bytes");

	if (!va)
		return NULL;
	return human((json_number_value(va) + json_number_value(vb)) * (bits ? 8 : 1));
}

static void print_table(const struct ctl *c, const json_t *list, bool rates)
{
	struct table t = {
		.heads = { "NAME", rates ? "RX BIT/S" : "RX BYTES",
			   rates ? "RX PKT/S" : "RX PACKETS",
			   rates ? "TX BIT/S" : "TX BYTES", rates ? "TX PKT/S" : "TX PACKETS",
			   rates ? "ERRORS/S" : "ERRORS", rates ? "DROPPED/S" : "DROPPED" },
		.right = 0x7e,
	};
	const json_t *j;
	size_t n;

	json_array_foreach(list, n, j) {
		struct table_row *row = table_add(&t, NULL);

		row->cells[0] = str_dup(get_text(j, NULL, "name"));
		row->cells[1] = cell(j, rates, "rx_bytes", NULL);
		row->cells[2] = cell(j, rates, "rx_packets", NULL);
		row->cells[3] = cell(j, rates, "tx_bytes", NULL);
		row->cells[4] = cell(j, rates, "tx_packets", NULL);
		row->cells[5] = cell(j, rates, "rx_errors", "tx_errors");
		row->cells[6] = cell(j, rates, "rx_dropped", "tx_dropped");
	}
	table_print(c, &t);
}

static void print_counter(const json_t *known, const json_t *group, const char *name,
			  const json_t *value, int width)
{
	const json_t *rate = json_object_get(json_object_get(group, "rates"), name);
	_cleanup_free_ char *number = json_is_integer(value) ?
		str_format("%" JSON_INTEGER_FORMAT, json_integer_value(value)) :
		str_format("%g", json_real_value(value));
	_cleanup_free_ char *fast = rate ? human(json_real_value(rate)) : NULL;
	const char *unit = get_text(known, name, "unit");

	printf("  %-*s %16s", width, name, number);
	if (fast)
		printf(" %8s/s", fast);
	printf(*unit ? " %s\n" : "\n", unit);
}

/* Of the names of all groups, so that the numbers stand in one column. */
static int names_width(const struct ctl *c, const json_t *groups)
{
	const json_t *group, *v;
	int width = NAME_WIDTH;
	const char *name;
	size_t n;

	json_array_foreach(groups, n, group)
		json_object_foreach(json_object_get(group, "counters"), name, v)
			if (c->all || json_number_value(v) != 0)
				width = max_of(width, (int)strlen(name));
	return width;
}

static void print_group(const struct ctl *c, const json_t *document, const json_t *group, int width)
{
	const char *word = get_text(group, NULL, "group"),
		   *instance = get_text(group, NULL, "instance");
	const json_t *about = json_object_get(json_object_get(document, "groups"), word);
	unsigned zeros = 0;
	const char *name;
	json_t *v;

	printf("%s%s%s%s%s%s%s\n", colour_on(c, COLOUR_BOLD), word, colour_off(c, COLOUR_BOLD),
	       *instance ? " " : "", *instance ? get_text(about, NULL, "instance") : "",
	       *instance ? " " : "", instance);
	json_object_foreach(json_object_get(group, "counters"), name, v) {
		if (c->all || json_number_value(v) != 0)
			print_counter(json_object_get(about, "counters"), group, name, v, width);
		else
			zeros++;
	}
	if (zeros && c->legend)
		printf("  %s%u that are zero%s\n", colour_on(c, COLOUR_DIM), zeros,
		       colour_off(c, COLOUR_DIM));
}

static int print(struct ctl *c, json_t *document, bool rates)
{
	json_auto_t *list = NULL;
	const json_t *groups, *v;
	int width, r;
	size_t n;

	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_incref(document));
	r = pick_interfaces(c, json_object_get(document, "interfaces"), &list);
	if (r)
		return r;
	json_array_foreach(json_object_get(document, "errors"), n, v)
		fprintf(stderr, "netctl: %s\n", json_string_value(v));
	if (c->n_names != 1) {
		print_table(c, list, rates);
		return EXIT_DONE;
	}
	groups = json_object_get(json_array_get(list, 0), "statistics");
	width = names_width(c, groups);
	json_array_foreach(groups, n, v)
		print_group(c, document, v, width);
	if (!n)
		fprintf(stderr, "netctl: %s has no counters: it is not there\n", c->names[0]);
	return EXIT_DONE;
}

/* Until it is interrupted, or nobody reads any longer. */
static int repeat(struct ctl *c, const char *const *groups, json_t *before, stats_print_fn fn)
{
	const struct timespec pause = { .tv_sec = c->interval };
	int r = EXIT_DONE;

	while (!r) {
		json_t *now = NULL;

		while (nanosleep(&pause, NULL) < 0 && errno == EINTR)
			;
		r = stats_read(c, groups, &now);
		if (r)
			break;
		add_rates(now, before);
		r = fn(c, now, true);
		if (c->json == JSON_MODE_OFF)
			putchar('\n');
		if (fflush(stdout))
			r = EXIT_FAILED;
		json_decref(before);
		before = now;
	}
	json_decref(before);
	return r;
}

int stats_watch(struct ctl *c, const char *const *groups, stats_print_fn fn)
{
	json_t *document = NULL;
	int r = stats_read(c, groups, &document);

	if (r)
		return r;
	if (c->interval)
		return repeat(c, groups, document, fn);
	r = fn(c, document, false);
	json_decref(document);
	return r;
}

int verb_stats(struct ctl *c)
{
	/* A table needs no more. */
	static const char *const table[] = { "link", NULL };
	bool is_table = c->n_names != 1 && c->json == JSON_MODE_OFF;

	return stats_watch(c, is_table ? table : NULL, print);
}
