// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl status: the front panel.
 *
 * One line an interface, in 80 columns, and a sentence below each with which
 * something is wrong. On a machine with hundreds of interfaces those that are
 * alike and well share a line, because a person looks for the one that is not.
 */
#include "ctl/panel.h"

/* More than this would not fit on a screen: runs of interfaces that are alike share a line. */
#define FOLD_FROM 40
#define FOLD_RUN 4
/* Room that is always left for addresses. */
#define ADDRESSES_MIN 18

enum { NAME, LINK, KIND, VLANS, MASTER, ADDRESSES };

/* "all" holds settings of the kernel's for all interfaces, and is none itself. */
static bool is_pseudo(const json_t *j)
{
	return get_number(j, "state", "ifindex") < 0;
}

const char *link_word(const json_t *j)
{
	if (is_pseudo(j))
		return "";
	if (!get_number(j, "state", "ifindex"))
		return "absent";
	if (!get_bool(j, NULL, "up"))
		return "down";
	return get_bool(j, "state", "carrier") ? "up" : "no carrier";
}

/* "1G", "2.5G", "100M"; in megabits. */
static char *speed_text(json_int_t megabits)
{
	if (megabits < 1000)
		return str_format("%dM", (int)megabits);
	return str_format("%gG", megabits / 1000.0);
}

/* The link, and how fast it is where the device says so. */
static char *link_text(const json_t *j)
{
	json_int_t speed = get_number(j, "ethernet", "link_speed");
	bool half = !strcmp(get_text(j, "ethernet", "link_duplex"), "half");
	const char *word = link_word(j);
	_cleanup_free_ char *fast = NULL;

	/* SPEED_UNKNOWN is all ones (include/uapi/linux/ethtool.h). */
	if (strcmp(word, "up") || speed <= 0 || speed >= UINT32_MAX)
		return str_dup(word);
	fast = speed_text(speed);
	return str_format("%s %s%s", word, fast, half ? " half" : "");
}

/* "open, 12.34 m away"; "": it is well, or not known */
static char *pair_text(const json_t *cable, char pair)
{
	const char key[] = { 'p', 'a', 'i', 'r', '_', pair, 0 };
	_cleanup_free_ char *fault = str_format("%s_fault", key);
	const char *result = get_text(cable, NULL, key);

	if (!strcmp(result, "ok"))
		return str_dup("");
	if (!json_object_get(cable, fault))
		return str_dup(result);
	return str_format("%s, %.2f m away", result, get_number(cable, NULL, fault) / 100.0);
}

/* What the last test found wrong with the cable: "pair a: open, 12.34 m away"; NULL: nothing. */
static char *cable_text(const json_t *cable)
{
	_cleanup_free_ char *first = pair_text(cable, 'a');
	bool alike = *first, any = false;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (char pair = 'a'; pair <= 'd'; pair++) {
		_cleanup_free_ char *found = pair_text(cable, pair);

		alike &= !strcmp(found, first);
		if (*found)
			fprintf(out, "%spair %c: %s", any ? "; " : "", pair, found);
		any |= *found;
	}
	fclose(out);
	if (any && !alike)
		return text;
	free(text);
	return any ? str_format("all pairs: %s", first) : NULL;
}

static const char *slow_text(const char *limit)
{
	static const char *const texts[][2] = {
		{ "configuration", "no faster: as configured" },
		{ "partner", "no faster: the other end offers no more" },
		{ "cable", "no faster, though both ends offer more: the cable?" },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(texts); n++)
		if (!strcmp(limit, texts[n][0]))
			return texts[n][1];
	return NULL;
}

/* A gate schedule that does not run as it should; NULL: it does, or there is none. */
static char *schedule_text(const json_t *j)
{
	const char *state = get_text(j, "tsn", "state"), *reason = get_text(j, "tsn", "reason");

	if (!*state || !strcmp(state, "running"))
		return NULL;
	return str_format("gate schedule: %s%s%s", state, *reason ? ": " : "", reason);
}

/* What the port says of its link, its cable and its schedule, in a sentence; NULL: nothing. */
static char *finding(const json_t *j)
{
	const json_t *ethernet = json_object_get(j, "ethernet");
	_cleanup_free_ char *cable = cable_text(json_object_get(ethernet, "cable"));
	const char *failure = get_text(ethernet, NULL, "link_failure");
	const char *detail = get_text(ethernet, NULL, "link_failure_detail");
	const char *slow = slow_text(get_text(ethernet, NULL, "link_limit"));
	bool none = !strcmp(link_word(j), "no carrier");

	if (!cable && slow && !strcmp(link_word(j), "up"))
		return str_dup(slow);
	if (!none || !*failure)
		return cable ? TAKE_PTR(cable) : schedule_text(j);
	return str_format("no link: %s%s%s%s%s", failure, *detail ? ", " : "", detail,
			  cable ? "; " : "", cable ? cable : "");
}

static bool is_well(const json_t *j)
{
	_cleanup_free_ char *found = finding(j);

	return !mark_of(get_text(j, "state", "management"))->sentence &&
	       !*get_text(j, "state", "reason") && !found;
}

static void print_vlan(FILE *out, unsigned first, unsigned last, bool untagged, bool pvid)
{
	fprintf(out, "%s%u", ftell(out) ? " " : "", first);
	if (last != first)
		fprintf(out, "-%u", last);
	fprintf(out, "%s%s", untagged ? "u" : "t", pvid ? "*" : "");
}

/* One entry of a set, "10" or "20-29"; the PVID is shown apart from its range. */
static void print_vlans(FILE *out, const char *entry, bool untagged, unsigned pvid)
{
	unsigned first = 0, last = 0;

	if (sscanf(entry, "%u-%u", &first, &last) < 2)
		last = first;
	if (pvid < first || pvid > last) {
		print_vlan(out, first, last, untagged, false);
		return;
	}
	if (first < pvid)
		print_vlan(out, first, pvid - 1, untagged, false);
	print_vlan(out, pvid, pvid, untagged, true);
	if (pvid < last)
		print_vlan(out, pvid + 1, last, untagged, false);
}

/* "10u* 20-29t": as people write it on switches; * is what comes in without a tag. */
static char *port_vlans(const json_t *port)
{
	static const char *const sets[] = { "untagged", "tagged" };
	unsigned pvid = get_number(port, NULL, "pvid");
	char *text = NULL;
	size_t size, n;
	const json_t *entry;
	FILE *out = open_memstream(&text, &size);

	for (unsigned k = 0; k < ARRAY_SIZE(sets); k++)
		json_array_foreach(json_object_get(port, sets[k]), n, entry) {
			_cleanup_free_ char *ids = value_text(entry);

			print_vlans(out, ids, k == 0, pvid);
		}
	fclose(out);
	return text;
}

/* VLANs of a port mean nothing while its bridge does not look at tags. */
static char *vlans(const json_t *by_name, const json_t *j)
{
	const char *master = get_text(j, NULL, "master");
	const json_t *bridge = *master ? json_object_get(by_name, master) : j;

	if (json_object_get(j, "vlan"))
		return str_format("%d", (int)get_number(j, "vlan", "id"));
	if (!json_object_get(j, "port") || !get_bool(bridge, "bridge", "vlan_filtering"))
		return NULL;
	return port_vlans(json_object_get(j, "port"));
}

/* The bridge of a port; "@" and what it stands on, of others. */
static char *master(const json_t *j)
{
	const char *m = get_text(j, NULL, "master"), *lower = get_text(j, "state", "lower");

	if (*m)
		return str_dup(m);
	return *lower ? str_format("@%s", lower) : NULL;
}

static const char *address_of(const json_t *entry)
{
	const char *scope = get_text(entry, NULL, "scope");

	if (json_is_string(entry))
		return json_string_value(entry);
	/* Every interface has those of the link; they tell nothing. */
	if (!strcmp(scope, "link") || !strcmp(scope, "host"))
		return "";
	return get_text(entry, NULL, "address");
}

/* As many as fit in @room columns, and the number of the others. */
static char *addresses(const json_t *j, unsigned room)
{
	const json_t *entry, *list = json_object_get(j, "addresses");
	unsigned left = 0;
	char *text = NULL;
	size_t size, n;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach(list, n, entry) {
		const char *a = address_of(entry);
		long used = ftell(out);

		if (!*a)
			continue;
		if (left || (used && used + 1 + strlen(a) + 4 > room))
			left++;
		else
			fprintf(out, "%s%s", used ? " " : "", a);
	}
	if (left)
		fprintf(out, " +%u", left);
	fclose(out);
	return text;
}

static char *wrong(const json_t *j)
{
	const struct mark *m = mark_of(get_text(j, "state", "management"));
	const char *reason = get_text(j, "state", "reason");

	if (!*reason && !m->sentence)
		return finding(j);
	return str_dup(*reason ? reason : m->sentence);
}

static void fill_row(struct table *t, const json_t *by_name, const json_t *j)
{
	struct table_row *row = table_add(t, mark_of(get_text(j, "state", "management")));

	row->cells[NAME] = str_dup(get_text(j, NULL, "name"));
	row->cells[LINK] = link_text(j);
	row->cells[KIND] = str_dup(get_text(j, NULL, "kind"));
	row->cells[VLANS] = vlans(by_name, j);
	row->cells[MASTER] = master(j);
	row->below = wrong(j);
}

/* Alike enough to share a line: only the names, VLAN IDs and addresses differ. */
static bool is_alike(const json_t *a, const json_t *b)
{
	_cleanup_free_ char *ma = master(a), *mb = master(b);

	return is_well(a) && is_well(b) && !strcmp(link_word(a), link_word(b)) &&
	       get_number(a, "ethernet", "link_speed") == get_number(b, "ethernet", "link_speed") &&
	       !strcmp(get_text(a, NULL, "kind"), get_text(b, NULL, "kind")) &&
	       !strcmp(get_text(a, "state", "management"), get_text(b, "state", "management")) &&
	       !strcmp(ma ? ma : "", mb ? mb : "") &&
	       json_equal(json_object_get(a, "port"), json_object_get(b, "port")) ==
		       !!json_object_get(a, "port");
}

static size_t run_length(const json_t *list, size_t from)
{
	size_t n = from + 1;

	while (n < json_array_size(list) &&
	       is_alike(json_array_get(list, from), json_array_get(list, n)))
		n++;
	return n - from;
}

static void fold_row(struct table *t, const struct ctl *c, const json_t *list, size_t from,
		     size_t run)
{
	const json_t *first = json_array_get(list, from);
	const json_t *last = json_array_get(list, from + run - 1);
	const char *state = get_text(first, "state", "management");
	const char *kind = get_text(first, NULL, "kind");
	_cleanup_free_ char *m = master(first), *fast = link_text(first);
	struct table_row *row = table_add(t, mark_of(state));

	row->instead = str_format("%s %s %s  %zu%s%s%s%s %s, %s", get_text(first, NULL, "name"),
				  c->utf8 ? "…" : "...", get_text(last, NULL, "name"), run,
				  *kind ? " " : "", kind, m ? " " : "", m ? m : "",
				  fast, state);
}

/* What is left of the line for the last column. */
static unsigned room_for_addresses(const struct ctl *c, const struct table *t)
{
	unsigned used = 2;

	for (unsigned k = 0; k < ADDRESSES; k++) {
		unsigned width = 0;

		for (unsigned n = 0; n < t->n; n++)
			if (t->rows[n].cells[k])
				width = max_of(width, text_width(t->rows[n].cells[k]));
		if (width)
			used += 2 + max_of(width, c->legend ? text_width(t->heads[k]) : 0);
	}
	return c->width > used + ADDRESSES_MIN ? c->width - used : ADDRESSES_MIN;
}

static void print_panel(const struct ctl *c, const json_t *all, const json_t *list)
{
	json_auto_t *by_name = json_index(all);
	struct table t = { .heads = { "NAME", "LINK", "KIND", "VLANS", "MASTER", "ADDRESSES" } };
	size_t size = json_array_size(list), run;
	bool fold = size > FOLD_FROM && !c->all && !c->n_names;
	unsigned room, row = 0;

	for (size_t n = 0; n < size; n += run) {
		run = fold ? run_length(list, n) : 1;
		if (run < FOLD_RUN)
			run = 1;
		if (run == 1)
			fill_row(&t, by_name, json_array_get(list, n));
		else
			fold_row(&t, c, list, n, run);
	}
	room = room_for_addresses(c, &t);
	for (size_t n = 0; n < size && row < t.n; n += run, row++) {
		run = t.rows[row].instead ? run_length(list, n) : 1;
		if (run == 1)
			t.rows[row].cells[ADDRESSES] = addresses(json_array_get(list, n), room);
	}
	table_print(c, &t);
}

char *count_states(const json_t *list)
{
	static const char *const states[] = { "ok",	 "applying", "waiting", "absent",
					      "drifted", "held",     "failed",	"foreign" };
	unsigned counts[ARRAY_SIZE(states)] = { 0 }, real = 0;
	const char *sep = ": ";
	char *text = NULL;
	const json_t *j;
	size_t size, n;
	FILE *out;

	json_array_foreach(list, n, j) {
		const char *state = get_text(j, "state", "management");

		if (is_pseudo(j) && !strcmp(state, "foreign"))
			continue;
		real++;
		for (unsigned k = 0; k < ARRAY_SIZE(states); k++)
			counts[k] += !strcmp(state, states[k]);
	}
	out = open_memstream(&text, &size);
	fprintf(out, "%u interface%s", real, real == 1 ? "" : "s");
	for (unsigned k = 0; k < ARRAY_SIZE(states); k++) {
		if (!counts[k])
			continue;
		fprintf(out, "%s%u %s", sep, counts[k], states[k]);
		sep = ", ";
	}
	fclose(out);
	return text;
}

/* Seconds, the one that has begun counted. */
static int seconds(json_int_t usec)
{
	return (usec + 999999) / 1000000;
}

static void print_transaction(const struct ctl *c, const json_t *d)
{
	const json_t *hold, *confirm = json_object_get(d, "confirm");
	const json_t *reverted = json_object_get(d, "reverted");
	int number = get_number(confirm, NULL, "generation");
	size_t n;

	if (confirm)
		printf("%sgeneration %d waits for confirmation, %d s left%s: netctl confirm %d\n",
		       colour_on(c, COLOUR_YELLOW), number,
		       seconds(get_number(confirm, NULL, "left_usec")),
		       colour_off(c, COLOUR_YELLOW), number);
	if (reverted)
		printf("%sgeneration %d is not in force: %s%s\n", colour_on(c, COLOUR_YELLOW),
		       (int)get_number(reverted, NULL, "generation"),
		       get_text(reverted, NULL, "result"), colour_off(c, COLOUR_YELLOW));
	json_array_foreach(json_object_get(d, "holds"), n, hold)
		printf("%s is held, %d s left\n", get_text(hold, NULL, "name"),
		       seconds(get_number(hold, NULL, "left_usec")));
}

/* Nobody has asked for anything yet: the next step. */
static bool is_unconfigured(const json_t *list)
{
	const json_t *j;
	size_t n;

	json_array_foreach(list, n, j)
		if (strcmp(get_text(j, "state", "management"), "foreign") != 0)
			return false;
	return true;
}

static void print_header(const struct ctl *c, const json_t *d, const json_t *list)
{
	_cleanup_free_ char *counts = NULL, *first = NULL;
	const char *state = get_text(d, NULL, "state");
	enum colour colour = !strcmp(state, "steady")	? COLOUR_GREEN :
			     !strcmp(state, "degraded") ? COLOUR_RED : COLOUR_YELLOW;
	const json_t *line;
	size_t n;

	counts = count_states(list);
	first = str_format("netctld %s, generation %d,", state,
			   (int)get_number(d, NULL, "generation"));
	printf("netctld %s%s%s%s", colour_on(c, colour), state, colour_off(c, colour),
	       first + strlen("netctld ") + strlen(state));
	/* The counts of all states do not always fit beside it. */
	printf("%s%s\n", text_width(first) + 1 + text_width(counts) > c->width ? "\n  " : " ",
	       counts);
	print_transaction(c, d);
	if (json_array_size(json_object_get(d, "errors")))
		printf("%sThe configuration on disk is invalid; %s:%s\n", colour_on(c, COLOUR_RED),
		       get_number(d, NULL, "generation") ? "the one before is in use" :
							   "nothing is configured",
		       colour_off(c, COLOUR_RED));
	json_array_foreach(json_object_get(d, "errors"), n, line)
		printf("  %s\n", json_string_value(line));
	if (!json_array_size(json_object_get(d, "errors")) && !c->n_names && is_unconfigured(list))
		puts("Nothing is configured: \"netctl init\" offers a configuration for this "
		     "machine.");
	print_warnings(c, json_object_get(d, "warnings"), stdout);
	if (!c->n_names)
		print_switches(c, d);
	putchar('\n');
}

/* Pseudo interfaces are only worth a line where somebody configures or names them. */
static void drop_pseudo(const struct ctl *c, json_t *list)
{
	for (size_t n = json_array_size(list); n-- && !c->all && !c->n_names;) {
		const json_t *j = json_array_get(list, n);

		if (is_pseudo(j) && !strcmp(get_text(j, "state", "management"), "foreign"))
			json_array_remove(list, n);
	}
}

int verb_status(struct ctl *c)
{
	/* What is shown here; all of it is much more. */
	static const char *const groups[] = {
		"up", "kind", "master", "carrier", "lower", "vlan.id", "bridge.vlan_filtering",
		"port.pvid", "port.untagged", "port.tagged", "addresses", "dsa.tagging",
		"ethernet.link_speed", "ethernet.link_duplex", "ethernet.link_failure",
		"ethernet.link_failure_detail", "ethernet.link_limit", "ethernet.cable",
		"tsn.state",
		"tsn.reason", NULL
	};
	json_auto_t *d = NULL, *list = NULL;
	const json_t *all;
	int r = c->json != JSON_MODE_OFF ? ctl_describe(c, &d) : ctl_describe_groups(c, groups, &d);

	if (r)
		return r;
	all = json_object_get(d, "interfaces");
	r = pick_interfaces(c, all, &list);
	if (r)
		return r;
	if (c->json != JSON_MODE_OFF) {
		json_object_set(d, "interfaces", list);
		return ctl_json(c, TAKE_PTR(d));
	}
	drop_pseudo(c, list);
	if (c->legend)
		print_header(c, d, list);
	print_panel(c, all, list);
	return EXIT_DONE;
}
