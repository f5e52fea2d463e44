// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of large trees of JSON. jansson's own dump looks for loops, with a table and a printed
 * pointer for each group, and decodes every character: of the state of a thousand interfaces that
 * was half of the daemon's time.
 *
 * What must stay true: the text is jansson's, byte by byte, and no tree has a loop.
 */
#include "core/document.h"

#include <stdint.h>
#include <string.h>

#include "core/schema.h"

/* Return: where @n bytes and a zero are to be written. */
static inline char *extend(struct document *d, size_t n)
{
	char *to;

	if (d->size - d->used <= n) {
		while (d->size - d->used <= n)
			d->size = d->size ? 2 * d->size : 4096;
		d->text = mem_grow(d->text, d->size);
	}
	to = d->text + d->used;
	d->used += n;
	return to;
}

void document_put(struct document *d, const char *s, size_t n)
{
	char *to = extend(d, n);

	memcpy(to, s, n);
	to[n] = 0;
}

static int put_part(const char *s, size_t n, void *d)
{
	document_put(d, s, n);
	return 0;
}

/* Whatever is rare is left to jansson. */
static void put_any(struct document *d, const json_t *j)
{
	json_dump_callback(j, put_part, d, JSON_COMPACT | JSON_ENCODE_ANY | JSON_DIGITS);
}

static void put_string(struct document *d, const char *s, size_t n)
{
	char *to = extend(d, n + 2);
	json_t *j;

	*to++ = '"';
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\') {
			*to++ = s[i];
			continue;
		}
		d->used -= n + 2;
		j = json_stringn(s, n);
		put_any(d, j);
		json_decref(j);
		return;
	}
	memcpy(to, "\"", 2);
}

static void put_integer(struct document *d, json_int_t value)
{
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = '0' + rest % 10;
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	document_put(d, at, digits + sizeof(digits) - at);
}

static void put_object(struct document *d, json_t *j)
{
	const char *key, *before = "{";
	json_t *v;

	json_object_foreach(j, key, v) {
		document_put(d, before, 1);
		put_string(d, key, strlen(key));
		document_put(d, ":", 1);
		document_put_json(d, v);
		before = ",";
	}
	document_put(d, *before == '{' ? "{}" : "}", *before == '{' ? 2 : 1);
}

static void put_array(struct document *d, const json_t *j)
{
	document_put(d, "[", 1);
	for (size_t n = 0; n < json_array_size(j); n++) {
		document_put(d, ",", n > 0);
		document_put_json(d, json_array_get(j, n));
	}
	document_put(d, "]", 1);
}

void document_put_json(struct document *d, const json_t *j)
{
	if (!j)
		return;
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		put_object(d, (json_t *)j);
		break;
	case JSON_ARRAY:
		put_array(d, j);
		break;
	case JSON_STRING:
		put_string(d, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		put_integer(d, json_integer_value(j));
		break;
	case JSON_TRUE:
		document_put(d, "true", 4);
		break;
	case JSON_FALSE:
		document_put(d, "false", 5);
		break;
	case JSON_REAL:
	case JSON_NULL:
		put_any(d, j);
		break;
	}
}
