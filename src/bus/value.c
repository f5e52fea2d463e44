// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JSON to D-Bus, by the signature.
 *
 * A row's type knows how to show a value as JSON and names a D-Bus type; so
 * the bus needs no third way to write values. What must stay true: exactly
 * one complete type is written, whatever the JSON is, or the message would
 * be unusable as a whole.
 */
#include <stdio.h>

#include "bus/internal.h"

/* Length of the first complete type. */
static size_t type_length(const char *s)
{
	size_t n = 0;

	while (s[n] == 'a')
		n++;
	if (s[n] != '(' && s[n] != '{')
		return n + 1;
	for (int depth = 0; s[n]; n++) {
		depth += s[n] == '(' || s[n] == '{';
		depth -= s[n] == ')' || s[n] == '}';
		if (!depth)
			return n + 1;
	}
	return n;
}

/* The same integer in the width that the type has. */
static int append_number(sd_bus_message *m, char type, json_int_t n)
{
	const uint8_t y = n;
	const uint16_t q = n;
	const uint32_t u = n;
	const uint64_t t = n;

	switch (type) {
	case 'y':
		return sd_bus_message_append_basic(m, type, &y);
	case 'n':
	case 'q':
		return sd_bus_message_append_basic(m, type, &q);
	case 'i':
	case 'u':
		return sd_bus_message_append_basic(m, type, &u);
	}
	return sd_bus_message_append_basic(m, type, &t);
}

static const char *guess_signature(const json_t *j)
{
	const json_t *v;
	size_t n;

	switch (json_typeof(j)) {
	case JSON_TRUE:
	case JSON_FALSE:
		return "b";
	case JSON_INTEGER:
		return "x";
	case JSON_REAL:
		return "d";
	case JSON_OBJECT:
		return "a{sv}";
	case JSON_ARRAY:
		json_array_foreach(j, n, v)
			if (!json_is_string(v))
				return json_is_object(json_array_get(j, 0)) ? "aa{sv}" : "av";
		return "as";
	case JSON_STRING:
	case JSON_NULL:
		break;
	}
	return "s";
}

static int append_variant(sd_bus_message *m, const char *signature, const json_t *j)
{
	int r = sd_bus_message_open_container(m, 'v', signature);

	if (r >= 0)
		r = value_append(m, signature, j);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int value_entry(sd_bus_message *m, const char *key, const char *signature, const json_t *j)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', key);
	if (r >= 0)
		r = append_variant(m, signature, j);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_dict(sd_bus_message *m, const json_t *j)
{
	const char *key;
	json_t *v;
	int r = sd_bus_message_open_container(m, 'a', "{sv}");

	json_object_foreach((json_t *)j, key, v)
		if (r >= 0)
			r = value_entry(m, key, guess_signature(v), v);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_array(sd_bus_message *m, const char *element, const json_t *j)
{
	char contents[64];
	const json_t *v;
	size_t n;
	int r;

	snprintf(contents, sizeof(contents), "%.*s", (int)type_length(element), element);
	r = sd_bus_message_open_container(m, 'a', contents);
	json_array_foreach(j, n, v)
		if (r >= 0)
			r = value_append(m, contents, v);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Members by their place: of an array, or of an object in the order it was made in. */
static const json_t *nth_member(const json_t *j, size_t n)
{
	void *iter;

	if (json_is_array(j))
		return json_array_get(j, n);
	iter = json_object_iter((json_t *)j);
	while (iter && n--)
		iter = json_object_iter_next((json_t *)j, iter);
	return iter ? json_object_iter_value(iter) : NULL;
}

static int append_struct(sd_bus_message *m, const char *signature, const json_t *j)
{
	char contents[64];
	size_t place = 0;
	int r;

	snprintf(contents, sizeof(contents), "%.*s", (int)type_length(signature) - 2,
		 signature + 1);
	r = sd_bus_message_open_container(m, 'r', contents);
	for (const char *s = contents; r >= 0 && *s; s += type_length(s))
		r = value_append(m, s, nth_member(j, place++));
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int value_append(sd_bus_message *m, const char *signature, const json_t *j)
{
	const char *s = json_string_value(j);
	const int b = json_is_true(j);
	const double d = json_number_value(j);

	switch (*signature) {
	case 'b':
		return sd_bus_message_append_basic(m, 'b', &b);
	case 'd':
		return sd_bus_message_append_basic(m, 'd', &d);
	case 's':
		return sd_bus_message_append_basic(m, 's', s ? s : "");
	case 'v':
		return append_variant(m, j ? guess_signature(j) : "s", j);
	case '(':
		return append_struct(m, signature, j);
	case 'a':
		if (!strncmp(signature, "a{sv}", 5))
			return append_dict(m, j);
		return append_array(m, signature + 1, j);
	}
	return append_number(m, *signature, json_integer_value(j));
}
