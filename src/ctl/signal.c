// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the daemon tells by itself: D-Bus values as JSON, under the names that
 * the configuration has. A property's name follows from its key, so the way
 * back is to look which key gives that name.
 */
#include <errno.h>

#include "core/schema.h"
#include "ctl/ctl.h"
#include "util/text.h"

static json_t *read_basic(sd_bus_message *m, char type)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} v;

	if (sd_bus_message_read_basic(m, type, &v) <= 0)
		return NULL;
	switch (type) {
	case 'y':
		return json_integer(v.y);
	case 'b':
		return json_boolean(v.b);
	case 'n':
		return json_integer(v.n);
	case 'q':
		return json_integer(v.q);
	case 'i':
		return json_integer(v.i);
	case 'u':
		return json_integer(v.u);
	case 'x':
		return json_integer(v.x);
	case 't':
		return json_integer((json_int_t)v.t);
	case 'd':
		return json_real(v.d);
	case 's':
	case 'o':
	case 'g':
		return json_string(v.s);
	}
	return NULL;
}

/* {key, value} into @dict. */
static int read_entry(sd_bus_message *m, const char *contents, json_t *dict)
{
	json_auto_t *key = NULL, *value = NULL;
	int r = sd_bus_message_enter_container(m, 'e', contents);

	if (r <= 0)
		return r;
	key = signal_json(m);
	value = key ? signal_json(m) : NULL;
	if (!value)
		return -EBADMSG;
	if (json_is_string(key))
		json_object_set(dict, json_string_value(key), value);
	r = sd_bus_message_exit_container(m);
	return r < 0 ? r : 1;
}

/* What the container holds that has been entered, one behind the other. */
static int read_items(sd_bus_message *m, json_t *list)
{
	json_t *item;

	while (!sd_bus_message_at_end(m, false)) {
		item = signal_json(m);
		if (!item)
			return -EBADMSG;
		json_array_append_new(list, item);
	}
	return 0;
}

static json_t *read_array(sd_bus_message *m, const char *contents)
{
	bool dict = *contents == '{';
	_cleanup_free_ char *inner = dict ? str_dup(contents + 1) : NULL;
	json_t *j = dict ? json_object() : json_array();
	int r = sd_bus_message_enter_container(m, 'a', contents);

	if (inner)
		inner[strlen(inner) - 1] = 0;
	while (r > 0 && dict && (r = read_entry(m, inner, j)) > 0)
		;
	if (r > 0 && !dict)
		r = read_items(m, j);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		return j;
	json_decref(j);
	return NULL;
}

static json_t *read_struct(sd_bus_message *m, char type, const char *contents)
{
	json_t *j = type == 'v' ? NULL : json_array();
	int r = sd_bus_message_enter_container(m, type, contents);

	if (r > 0 && type == 'v')
		j = signal_json(m);
	if (r > 0 && type != 'v')
		r = read_items(m, j);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		return j;
	json_decref(j);
	return NULL;
}

json_t *signal_json(sd_bus_message *m)
{
	const char *contents;
	char type;

	if (sd_bus_message_peek_type(m, &type, &contents) <= 0)
		return NULL;
	if (type == 'a')
		return read_array(m, contents);
	if (type == 'v' || type == 'r')
		return read_struct(m, type, contents);
	return read_basic(m, type);
}

/* Of org.netctl1.Link, what is not named by the rule. */
static const struct {
	const char *property, *key;
} own_names[] = {
	{ "Name", "name" },
	{ "IfIndex", "state.ifindex" },
	{ "ManagementState", "state.management" },
	{ "Reason", "state.reason" },
	{ "HardwareAddress", "address" },
	{ "OperationalState", "state.operstate" },
};

static bool is_interface_of(const char *words, const struct feature *f)
{
	char camel[64];

	return !strcmp(text_camel(f->name, camel, sizeof(camel)), words);
}

static char *key_of_row(const struct feature *f, const char *property)
{
	char camel[64];

	FOREACH_ROW(f, r) {
		if (strcmp(text_camel(r->key, camel, sizeof(camel)), property))
			continue;
		if (f->form == FORM_ROOT)
			return str_format("%s%s", r->flags & ROW_STATE ? "state." : "", r->key);
		return str_format("%s.%s", f->name, r->key);
	}
	return NULL;
}

static char *key_of_link(const char *property)
{
	char camel[64];

	for (unsigned n = 0; n < ARRAY_SIZE(own_names); n++)
		if (!strcmp(own_names[n].property, property))
			return str_dup(own_names[n].key);
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->form == FORM_LIST &&
		    !strcmp(text_camel(features[n]->name, camel, sizeof(camel)), property))
			return str_dup(features[n]->name);
	return key_of_row(features[FEATURE_LINK], property);
}

/* "ConfirmDeadline" to "confirm_deadline" */
static char *snake(const char *camel)
{
	char *text = mem_new(2 * strlen(camel) + 1), *s = text;

	for (const char *p = camel; *p; p++) {
		if (*p >= 'A' && *p <= 'Z' && p > camel)
			*s++ = '_';
		*s++ = *p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p;
	}
	return text;
}

char *signal_key(const char *interface, const char *property)
{
	static const char prefix[] = "org.netctl1.";
	const char *words = interface + strlen(prefix);
	char *key = NULL;

	if (strncmp(interface, prefix, strlen(prefix)))
		return snake(property);
	if (!strcmp(words, "Link"))
		key = key_of_link(property);
	else
		for (unsigned n = 0; n < n_features && !key; n++)
			if (is_interface_of(words, features[n]))
				key = key_of_row(features[n], property);
	return key ? key : snake(property);
}
