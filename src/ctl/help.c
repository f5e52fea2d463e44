// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl help: what a setting is, from the row that is all the program knows
 * of it, with the value that its feature's example gives it. The daemon is not
 * needed, nor what has been installed beside this program.
 */
#include "core/config.h"
#include "core/schema.h"
#include "ctl/ctl.h"
#include "util/text.h"

/* Each file of examples as its list of interfaces; loaded once. */
static json_t *load_examples(void)
{
	json_t *all = json_array();

	for (unsigned n = 0; example_texts[n]; n++) {
		json_t *j = config_to_json(example_texts[n]);

		if (j)
			json_array_append_new(all, j);
	}
	return all;
}

/* A feature's name is the path of its group: "ethernet.pause". */
static const json_t *group_of(const json_t *entry, const char *path)
{
	while (*path && entry) {
		size_t n = strcspn(path, ".");
		_cleanup_free_ char *word = str_format("%.*s", (int)n, path);

		entry = json_object_get(entry, word);
		path += n + (path[n] == '.');
	}
	return entry;
}

/* name = { … }; for each word of a path, and in the innermost what @inner is. */
static json_t *wrap(const char *path, json_t *inner)
{
	const char *dot;

	while ((dot = strrchr(path, '.'))) {
		_cleanup_free_ char *outer = str_format("%.*s", (int)(dot - path), path);

		return wrap(outer, json_pack("{s:o}", dot + 1, inner));
	}
	return json_pack("{s:o}", path, inner);
}

/* What an interface's entry has of the setting, and nothing else; NULL: it lacks it. */
static json_t *example_in(const json_t *entry, const struct feature *f, const struct row *r)
{
	const json_t *group = f->form == FORM_ROOT ? entry : group_of(entry, f->name), *item;
	size_t n;

	if (f->form == FORM_LIST) {
		json_array_foreach(group, n, item) {
			if (json_object_get(item, r->key))
				return json_pack("{s:[O]}", f->name, item);
			if (f->parse_entry && r == f->rows && !json_is_object(item))
				return json_pack("{s:[O]}", f->name, item);
		}
		return NULL;
	}
	item = json_object_get(group, r->key);
	if (!item)
		return NULL;
	if (f->form == FORM_ROOT)
		return json_pack("{s:O}", r->key, item);
	return wrap(f->name, json_pack("{s:O}", r->key, item));
}

/* "bridge = { vlan_filtering = true; };" The caller frees it; NULL: no example has it. */
static char *example_of(const json_t *examples, const struct feature *f, const struct row *r)
{
	const json_t *file, *entry;
	size_t n, k;

	json_array_foreach(examples, n, file)
		json_array_foreach(file, k, entry) {
			json_auto_t *j = example_in(entry, f, r);
			_cleanup_free_ char *text = j ? json_literal(j) : NULL;

			if (text) /* without the braces of the entry */
				return str_format("%.*s", (int)strlen(text) - 4, text + 2);
		}
	return NULL;
}

static char *full_key(const struct feature *f, const struct row *r)
{
	if (f == &settings_feature)
		return str_format("daemon.%s", r->key);
	return f->form == FORM_ROOT ? str_dup(r->key) : str_format("%s.%s", f->name, r->key);
}

static const char *effect_of(const struct row *r)
{
	if (r->flags & ROW_STATE)
		return "it can only be read";
	if (r->flags & ROW_POLICY)
		return "a change touches nothing: it is the daemon's own";
	if ((r->flags & ROW_CREATE) || r->effect == EFFECT_RECREATE)
		return "a change makes the interface anew";
	if (r->effect == EFFECT_BOUNCE)
		return "a change takes the link down and up again";
	return "a change is made on the living interface";
}

static char *type_of(const struct row *r)
{
	_cleanup_free_ char *range = r->type->range ? r->type->range(r) : NULL;

	return range ? str_format("%s, %s", r->type->name, range) : str_dup(r->type->name);
}

static json_t *row_json(const json_t *examples, const struct feature *f, const struct row *r)
{
	_cleanup_free_ char *key = full_key(f, r), *type = type_of(r),
			    *e = example_of(examples, f, r);
	json_t *j = json_pack("{s:s, s:s, s:s, s:b, s:s}", "key", key, "help", r->help, "type",
			      type, "settable", !(r->flags & ROW_STATE), "effect",
			      r->flags & ROW_STATE  ? "none" :
			      r->flags & ROW_CREATE ? effect_name(EFFECT_RECREATE) :
						      effect_name(r->effect));

	if (r->initial)
		json_object_set_new(j, "default", json_string(r->initial));
	if (r->since)
		json_object_set_new(j, "since", json_string(r->since));
	if (f->kind)
		json_object_set_new(j, "kind", json_string(f->kind));
	if (e)
		json_object_set_new(j, "example", json_string(e));
	return j;
}

static void print_fact(const struct ctl *c, const char *word, const char *text)
{
	_cleanup_free_ char *line = text ? str_format("%-9s%s", word, text) : NULL;

	if (line)
		print_hanging(line, 2, 11, c->width);
}

static void print_row(const struct ctl *c, const json_t *examples, const struct feature *f,
		      const struct row *r)
{
	_cleanup_free_ char *key = full_key(f, r), *type = type_of(r),
			    *e = example_of(examples, f, r);
	_cleanup_free_ char *since = r->since ? str_format("Linux %s", r->since) : NULL;

	printf("%s%s%s\n", colour_on(c, COLOUR_BOLD), key, colour_off(c, COLOUR_BOLD));
	print_wrapped(r->help, 2, c->width);
	print_fact(c, "type", type);
	print_fact(c, "default", r->initial);
	print_fact(c, "effect", effect_of(r));
	if (f->kind)
		print_fact(c, "kind", f->kind);
	if (f->slave_kind)
		print_fact(c, "master", f->slave_kind);
	print_fact(c, "since", since);
	print_fact(c, "example", e);
}

/* A line of a table whose first column, of the longest @word, is @width wide. */
static void print_pair(const struct ctl *c, const char *word, const char *help, unsigned width)
{
	_cleanup_free_ char *text = str_format("%-*s%s", (int)width, word, help);

	print_hanging(text, 2, 2 + width, c->width);
}

static void print_group(const struct ctl *c, const struct feature *f)
{
	unsigned width = 22;

	printf("%s%s%s\n", colour_on(c, COLOUR_BOLD), f->form == FORM_ROOT ? "(the entry itself)" :
	       f->name, colour_off(c, COLOUR_BOLD));
	print_wrapped(f->help, 2, c->width);
	FOREACH_ROW(f, r)
		width = max_of(width, (unsigned)strlen(r->key));
	FOREACH_ROW(f, r)
		print_pair(c, r->key, r->help, width + 2);
}

/* Everything that has settings: the features, and the daemon itself. */
static const struct feature *nth_group(unsigned n)
{
	return n < n_features ? features[n] : n == n_features ? &settings_feature : NULL;
}

static const char *group_name(const struct feature *f)
{
	return f == &settings_feature ? "daemon" : f->name;
}

static bool is_row(const struct feature *f, const struct row *r, const char *word)
{
	_cleanup_free_ char *key = full_key(f, r);

	return !strcmp(word, key) || (!strchr(word, '.') && !strcmp(word, r->key)) ||
	       (r->also && !strcmp(word, r->also));
}

static int list_groups(const struct ctl *c)
{
	json_t *groups = json_array();
	const struct feature *f;
	unsigned width = 0;

	for (unsigned n = 0; (f = nth_group(n)); n++)
		width = max_of(width, (unsigned)strlen(group_name(f)));
	for (unsigned n = 0; (f = nth_group(n)); n++) {
		const char *name = group_name(f);

		if (c->json != JSON_MODE_OFF)
			json_array_append_new(groups, json_pack("{s:s, s:s}", "group", name, "help",
								f->help));
		else
			print_pair(c, name, f->help, width + 2);
	}
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "groups", groups));
	json_decref(groups);
	puts("\nnetctl help GROUP lists its settings, netctl help KEY explains one:\n"
	     "netctl help bridge, netctl help bridge.vlan_filtering, netctl help mtu.");
	return EXIT_DONE;
}

static const char *nth_word(const void *words, unsigned i)
{
	return json_string_value(json_array_get(words, i));
}

/* The group that @word begins with, of several the longest; NULL: none. */
static const struct feature *known_group(const char *word)
{
	const struct feature *f, *found = NULL;
	size_t longest = 0;

	for (unsigned n = 0; (f = nth_group(n)); n++) {
		size_t size = strlen(group_name(f));

		if (size <= longest || strncmp(word, group_name(f), size) || word[size] != '.')
			continue;
		longest = size;
		found = f;
	}
	return found;
}

/* In a group that is known, its keys; without one, groups and the last words of all keys. */
static json_t *nearest(const char *word)
{
	json_auto_t *words = json_array(), *keys = json_array();
	const struct feature *f, *group = known_group(word);
	bool whole = !group && strchr(word, '.');
	const char *near;

	for (unsigned n = 0; (f = nth_group(n)); n++) {
		if (group && f != group)
			continue;
		if (!group) {
			json_array_append_new(words, json_string(group_name(f)));
			json_array_append_new(keys, json_string(group_name(f)));
		}
		FOREACH_ROW(f, r) {
			_cleanup_free_ char *key = full_key(f, r);

			json_array_append_new(words, json_string(whole ? key : r->key));
			json_array_append_new(keys, json_string(key));
		}
	}
	near = text_suggest(group ? word + strlen(group_name(group)) + 1 : word, nth_word, words);
	for (size_t n = 0; near && n < json_array_size(words); n++)
		if (!strcmp(near, nth_word(words, n)))
			return json_incref(json_array_get(keys, n));
	return NULL;
}

static int fail_word(const struct ctl *c, const char *word)
{
	json_auto_t *key = nearest(word);
	const char *near = json_string_value(key);

	return near ? ctl_usage(c, "no setting \"%s\" (did you mean \"%s\"?)", word, near) :
		      ctl_usage(c, "no setting \"%s\"; netctl help lists the groups", word);
}

static void help_row(const struct ctl *c, const json_t *examples, const struct feature *f,
		     const struct row *r, json_t *settings)
{
	if (c->json != JSON_MODE_OFF) {
		json_array_append_new(settings, row_json(examples, f, r));
		return;
	}
	if (json_array_size(settings)) /* in text, only a count */
		putchar('\n');
	json_array_append_new(settings, json_null());
	print_row(c, examples, f, r);
}

static void help_group(const struct ctl *c, const json_t *examples, const struct feature *f,
		       json_t *settings)
{
	if (c->json == JSON_MODE_OFF) {
		print_group(c, f);
		json_array_append_new(settings, json_null());
		return;
	}
	FOREACH_ROW(f, r)
		help_row(c, examples, f, r, settings);
}

int verb_help(struct ctl *c)
{
	json_auto_t *examples = NULL, *settings = NULL;
	const struct feature *f;
	const char *word;

	if (!c->n_names)
		return list_groups(c);
	word = c->names[0];
	examples = load_examples();
	settings = json_array();
	for (unsigned n = 0; (f = nth_group(n)); n++) {
		if (!strcmp(group_name(f), word))
			help_group(c, examples, f, settings);
		else
			FOREACH_ROW(f, r)
				if (is_row(f, r, word))
					help_row(c, examples, f, r, settings);
	}
	if (!json_array_size(settings))
		return fail_word(c, word);
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:O}", "version", 1, "settings", settings));
	return EXIT_DONE;
}
