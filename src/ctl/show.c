// SPDX-License-Identifier: LGPL-2.1-or-later
/* netctl show: everything known of one interface, in the words of the configuration. */
#include "core/types.h"
#include "ctl/ctl.h"

#define KEY_WIDTH 22

/* As value_text(), of an entry's @key; a number by its name, where it has one. */
static char *member_text(const char *list, const char *key, const json_t *v)
{
	const struct feature *f = feature_find(list);
	const struct row *r = f ? row_find(f, key) : NULL;
	const char *name = r && json_is_integer(v) ? number_name(r, json_integer_value(v)) : NULL;

	return name ? str_dup(name) : value_text(v);
}

/* "192.0.2.1/24  scope global, dynamic": the first member bare, flags by their name alone. */
static void print_entry(const char *list, const json_t *entry, int indent)
{
	const char *key, *sep = "  ";
	bool first = true;
	json_t *v;

	printf("%*s", indent, "");
	json_object_foreach((json_t *)entry, key, v) {
		_cleanup_free_ char *text = member_text(list, key, v);

		if (first)
			fputs(text, stdout);
		else if (json_is_true(v))
			printf("%s%s", sep, key);
		else if (!json_is_false(v))
			printf("%s%s %s", sep, key, text);
		if (!first && !json_is_false(v))
			sep = ", ";
		first = false;
	}
	putchar('\n');
}

static void print_value(const char *key, const json_t *v, int indent, int width);

/* The values of a group stand below each other, however long its keys are. */
static void print_group(const char *key, const json_t *group, int indent)
{
	int width = KEY_WIDTH - indent - 2;
	const char *name;
	json_t *v;

	printf("%*s%s:\n", indent, "", key);
	json_object_foreach((json_t *)group, name, v)
		if (!json_is_object(v))
			width = max_of(width, (int)strlen(name));
	json_object_foreach((json_t *)group, name, v)
		print_value(name, v, indent + 2, width);
}

static void print_value(const char *key, const json_t *v, int indent, int width)
{
	_cleanup_free_ char *text = NULL;
	const json_t *entry;
	size_t n;

	if (json_is_object(v)) {
		print_group(key, v, indent);
		return;
	}
	if (json_is_object(json_array_get(v, 0))) {
		printf("%*s%s:\n", indent, "", key);
		json_array_foreach(v, n, entry)
			print_entry(key, entry, indent + 2);
		return;
	}
	text = value_text(v);
	printf("%*s%-*s %s\n", indent, "", width, key, text);
}

static void print_title(const struct ctl *c, const json_t *j)
{
	const char *state = get_text(j, "state", "management");
	const char *reason = get_text(j, "state", "reason");
	const struct mark *m = mark_of(state);

	mark_print(c, m);
	printf(" %s%s%s: %s%s%s%s%s\n", colour_on(c, COLOUR_BOLD), get_text(j, NULL, "name"),
	       colour_off(c, COLOUR_BOLD), colour_on(c, m->colour), state,
	       colour_off(c, m->colour), *reason ? ": " : "", reason);
}

/* More than Describe() has: what nobody configures is read for this. */
static int describe_link(struct ctl *c, const char *name, json_t **ret)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *text = NULL;
	int r = ctl_call(c, "DescribeLink", &reply, "s", name);

	if (!r)
		r = ctl_read_text(c, reply, &text);
	if (!r)
		*ret = json_loads(text, 0, NULL);
	return r;
}

int verb_show(struct ctl *c)
{
	json_auto_t *d = NULL, *list = NULL, *j = NULL;
	const char *key;
	json_t *v;
	int r = ctl_describe_groups(c, (const char *const[]){ NULL }, &d);

	if (!r)
		r = pick_interfaces(c, json_object_get(d, "interfaces"), &list);
	if (!r)
		r = describe_link(c, get_text(json_array_get(list, 0), NULL, "name"), &j);
	if (r)
		return r;
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_incref(j));
	print_title(c, j);
	json_object_del(j, "version");
	json_object_foreach(j, key, v)
		if (strcmp(key, "name") && !(json_is_string(v) && !json_string_length(v)))
			print_value(key, v, 2, KEY_WIDTH - 2);
	return EXIT_DONE;
}
