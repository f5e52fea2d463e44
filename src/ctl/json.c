// SPDX-License-Identifier: LGPL-2.1-or-later
/* Questions to the daemon's documents, and a configuration's text as such a document. */
#include <libconfig.h>
#include <stdlib.h>

#include "ctl/ctl.h"
#include "util/text.h"

static const json_t *get(const json_t *j, const char *group, const char *key)
{
	return json_object_get(group ? json_object_get(j, group) : j, key);
}

const char *get_text(const json_t *j, const char *group, const char *key)
{
	const char *s = json_string_value(get(j, group, key));

	return s ? s : "";
}

json_int_t get_number(const json_t *j, const char *group, const char *key)
{
	return json_integer_value(get(j, group, key));
}

bool get_bool(const json_t *j, const char *group, const char *key)
{
	return json_is_true(get(j, group, key));
}

static char *list_text(const json_t *list)
{
	char *text = NULL;
	size_t size, n;
	const json_t *v;
	FILE *out = open_memstream(&text, &size);

	json_array_foreach(list, n, v) {
		_cleanup_free_ char *s = value_text(v);

		fprintf(out, "%s%s", n ? ", " : "", s);
	}
	if (!n)
		fputs("none", out);
	fclose(out);
	return text;
}

char *value_text(const json_t *v)
{
	if (json_is_string(v))
		return str_dup(json_string_length(v) ? json_string_value(v) : "none");
	return json_is_array(v) ? list_text(v) : json_literal(v);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(get_text(*(json_t *const *)a, NULL, "name"),
			  get_text(*(json_t *const *)b, NULL, "name"));
}

json_t *json_sorted(const json_t *list)
{
	size_t size = json_array_size(list), n;
	_cleanup_free_ json_t **items = mem_new(size * sizeof(*items));
	json_t *j = json_array(), *v;

	json_array_foreach(list, n, v)
		items[n] = v;
	qsort(items, size, sizeof(*items), by_name);
	for (n = 0; n < size; n++)
		json_array_append(j, items[n]);
	return j;
}

json_t *json_index(const json_t *list)
{
	json_t *index = json_object(), *j;
	size_t n;

	json_array_foreach(list, n, j)
		json_object_set(index, get_text(j, NULL, "name"), j);
	return index;
}

json_t *find_interface(const json_t *list, const char *name)
{
	json_t *v;
	size_t n;

	json_array_foreach(list, n, v)
		if (!strcmp(get_text(v, NULL, "name"), name))
			return v;
	return NULL;
}

struct known {
	const json_t *list;
};

static const char *nth_name(const void *data, unsigned i)
{
	const struct known *k = data;
	const json_t *j = json_array_get(k->list, i);

	return j ? get_text(j, NULL, "name") : NULL;
}

static int fail_name(const struct ctl *c, const json_t *all, const char *name)
{
	const struct known known = { all };
	const char *near = text_suggest(name, nth_name, &known);
	_cleanup_free_ char *text = near ?
		str_format("no interface \"%s\" (did you mean \"%s\"?)", name, near) :
		str_format("no interface \"%s\": neither configured nor present", name);

	return ctl_fail(c, EXIT_NO_LINK, "org.netctl1.Error.NoSuchLink", text);
}

int pick_interfaces(struct ctl *c, const json_t *all, json_t **ret)
{
	json_auto_t *picked = json_array();

	if (!c->n_names) {
		*ret = json_sorted(all);
		return EXIT_DONE;
	}
	for (unsigned n = 0; n < c->n_names; n++) {
		json_t *v = find_interface(all, c->names[n]);

		if (!v)
			return fail_name(c, all, c->names[n]);
		json_array_append(picked, v);
	}
	*ret = TAKE_PTR(picked);
	return EXIT_DONE;
}

static json_t *setting_to_json(const config_setting_t *s)
{
	json_t *j;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_BOOL:
		return json_boolean(config_setting_get_bool(s));
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return json_integer(config_setting_get_int64(s));
	case CONFIG_TYPE_FLOAT:
		return json_real(config_setting_get_float(s));
	case CONFIG_TYPE_STRING:
		return json_string(config_setting_get_string(s));
	case CONFIG_TYPE_GROUP:
		j = json_object();
		for (int n = 0; n < config_setting_length(s); n++) {
			const config_setting_t *v = config_setting_get_elem(s, n);

			json_object_set_new(j, config_setting_name(v), setting_to_json(v));
		}
		return j;
	}
	j = json_array();
	for (int n = 0; n < config_setting_length(s); n++)
		json_array_append_new(j, setting_to_json(config_setting_get_elem(s, n)));
	return j;
}

json_t *config_to_json(const char *text)
{
	const config_setting_t *s;
	json_t *j = NULL;
	config_t cfg;

	config_init(&cfg);
	if (config_read_string(&cfg, text) == CONFIG_TRUE) {
		s = config_lookup(&cfg, "interfaces");
		j = s ? setting_to_json(s) : NULL;
	}
	config_destroy(&cfg);
	return j;
}
