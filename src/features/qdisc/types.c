// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values that only traffic control has: numbers of classes, and something for each of 16. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "features/qdisc/kinds.h"

/* Numbers of disciplines and classes, hexadecimal as tc(8) has them. */

const char *tc_text(uint32_t id, char *buf)
{
	if (!id)
		snprintf(buf, TC_TEXT_MAX, "root");
	else if (id == TC_H_INGRESS)
		snprintf(buf, TC_TEXT_MAX, "ingress");
	else if (TC_H_MIN(id))
		snprintf(buf, TC_TEXT_MAX, "%x:%x", TC_H_MAJ(id) >> 16, TC_H_MIN(id));
	else
		snprintf(buf, TC_TEXT_MAX, "%x:", TC_H_MAJ(id) >> 16);
	return buf;
}

static int hex16(const char **s, unsigned long *ret)
{
	char *end;
	size_t n = strspn(*s, "0123456789abcdefABCDEF");

	if (!n || n > 4)
		return -EINVAL;
	*ret = strtoul(*s, &end, 16);
	*s = end;
	return 0;
}

int tc_parse_number(const char *text, uint32_t *ret)
{
	unsigned long major, minor = 0;
	const char *s = text;

	if (hex16(&s, &major) < 0 || *s++ != ':' || (*s && hex16(&s, &minor) < 0) || *s)
		return -EINVAL;
	*ret = major << 16 | minor;
	return 0;
}

static int tc_parse(struct parse *p, const config_setting_t *s, void *v)
{
	bool parent = p->row->type == &type_tc_parent, handle = p->row->type == &type_tc_handle;
	const char *text = NULL;
	uint32_t id = 0;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (parent && !strcmp(text, "ingress")) {
		id = TC_H_INGRESS;
	} else if (!parent || strcmp(text, "root")) {
		r = tc_parse_number(text, &id);
		if (r < 0 || !TC_H_MAJ(id) || handle != !TC_H_MIN(id))
			return parse_refuse(p, "\"%s\" is no %s (hexadecimal, %s)", text,
					    handle ? "number of a queueing discipline" : "class",
					    handle ? "\"1:\" to \"ffff:\"" : "\"1:2\"");
	}
	*(uint32_t *)v = id;
	return 0;
}

/* A class may hang on the discipline itself: "1:". */
static int class_parent_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (tc_parse_number(text, v) < 0 || !TC_H_MAJ(*(uint32_t *)v))
		return parse_refuse(p,
				    "\"%s\" is neither a queueing discipline (\"1:\") nor a class "
				    "(\"1:2\")",
				    text);
	return 0;
}

static json_t *tc_json(const struct row *row _unused_, const void *v)
{
	char buf[TC_TEXT_MAX];

	return json_string(tc_text(*(const uint32_t *)v, buf));
}

const struct type type_tc_parent = {
	.name = "parent", .signature = "s", .size = 4, .parse = tc_parse, .json = tc_json,
};
const struct type type_tc_handle = {
	.name = "handle", .signature = "s", .size = 4, .parse = tc_parse, .json = tc_json,
};
const struct type type_tc_class = {
	.name = "class", .signature = "s", .size = 4, .parse = tc_parse, .json = tc_json,
};
const struct type type_tc_class_parent = {
	.name = "parent of a class", .signature = "s", .size = 4, .parse = class_parent_parse,
	.json = tc_json,
};

/* Up to 16 of something. */

static int list_of(struct parse *p, const config_setting_t *s, int *ret)
{
	*ret = config_setting_length(s);
	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be a list: [ … ]");
	if (*ret > TC_CLASSES)
		return parse_refuse(p, "has more than %d entries", TC_CLASSES);
	return 0;
}

static int numbers_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct numbers16 out = { 0 };
	int64_t max = p->row->max ? p->row->max : UINT32_MAX;
	int n, r = list_of(p, s, &n);

	for (int k = 0; r >= 0 && k < n; k++) {
		const config_setting_t *e = config_setting_get_elem(s, k);
		int64_t number = config_setting_get_int64(e);

		if (!config_setting_is_number(e) || config_setting_type(e) == CONFIG_TYPE_FLOAT)
			return parse_refuse(p, "must be whole numbers");
		if (number < 0 || number > max)
			return parse_refuse(p, "%" PRId64 " is out of range (0 to %" PRId64 ")",
					    number, max);
		out.v[k] = number;
		out.n = k + 1;
	}
	if (r >= 0)
		memcpy(v, &out, sizeof(out));
	return r;
}

/* What is 0 at the end need not be written. */
static json_t *numbers_json(const struct row *row _unused_, const void *v)
{
	const struct numbers16 *x = v;
	json_t *j = json_array();
	int n = TC_CLASSES;

	while (n > 0 && !x->v[n - 1])
		n--;
	for (int k = 0; k < max_of(n, 1); k++)
		json_array_append_new(j, json_integer(x->v[k]));
	return j;
}

static bool numbers_equal(const struct row *row _unused_, const void *a, const void *b)
{
	return !memcmp(((const struct numbers16 *)a)->v, ((const struct numbers16 *)b)->v,
		       sizeof(((const struct numbers16 *)a)->v));
}

static char *numbers_range(const struct row *row)
{
	return str_format("up to 16 numbers, 0 to %" PRId64,
			  row->max ? row->max : (int64_t)UINT32_MAX);
}

const struct type type_numbers16 = {
	.name = "a list of numbers", .signature = "au", .size = sizeof(struct numbers16),
	.parse = numbers_parse, .json = numbers_json, .equal = numbers_equal,
	.range = numbers_range,
};

static int words_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct numbers16 out = { 0 };
	int n, r = list_of(p, s, &n);

	for (int k = 0; r >= 0 && k < n; k++) {
		const char *text = config_setting_get_string_elem(s, k);
		int value = text ? word_value(p->row->data, text) : -EINVAL;

		if (value < 0)
			return parse_refuse(p, "entry %d is none of the words", k + 1);
		out.v[k] = value;
	}
	if (r >= 0)
		memcpy(v, &out, sizeof(out));
	return r;
}

static json_t *words_json(const struct row *row, const void *v)
{
	const struct numbers16 *x = v;
	const struct word *words = row->data;
	json_t *j = json_array();
	int n = TC_CLASSES;

	while (n > 0 && x->v[n - 1] == words[0].value)
		n--;
	for (int k = 0; k < max_of(n, 1); k++) {
		const char *word = word_of(words, x->v[k]);

		json_array_append_new(j, word ? json_string(word) : json_sprintf("%u", x->v[k]));
	}
	return j;
}

/* What is not written is the first word. */
static bool words_equal(const struct row *row, const void *a, const void *b)
{
	const struct numbers16 *x = a, *y = b;
	const struct word *words = row->data;

	for (int k = 0; k < TC_CLASSES; k++)
		if ((x->v[k] ? x->v[k] : words[0].value) != (y->v[k] ? y->v[k] : words[0].value))
			return false;
	return true;
}

const struct type type_words16 = {
	.name = "a list of words", .signature = "as", .size = sizeof(struct numbers16),
	.parse = words_parse, .json = words_json, .equal = words_equal,
};

static int rates_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const struct row like = { .type = &type_rate };
	struct parse one = { .row = &like };
	struct rates16 out = { 0 };
	int n, r = list_of(p, s, &n);

	for (int k = 0; r >= 0 && k < n; k++) {
		r = rate_parse(&one, config_setting_get_elem(s, k), &out.v[k]);
		out.n = k + 1;
	}
	if (one.why)
		p->why = one.why;
	if (r >= 0)
		memcpy(v, &out, sizeof(out));
	return r;
}

static json_t *rates_json(const struct row *row _unused_, const void *v)
{
	const struct rates16 *x = v;
	json_t *j = json_array();

	for (int k = 0; k < x->n; k++) {
		_cleanup_free_ char *text = rate_text(x->v[k]);

		json_array_append_new(j, json_string(text));
	}
	return j;
}

const struct type type_rates16 = {
	.name = "a list of rates", .signature = "as", .size = sizeof(struct rates16),
	.parse = rates_parse, .json = rates_json,
};

/* netif_alloc_netdev_queues() */
#define QUEUES_MAX 65535u

static int queues_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct queues16 out = { 0 };
	int n, r = list_of(p, s, &n);

	for (int k = 0; r >= 0 && k < n; k++) {
		const char *text = config_setting_get_string_elem(s, k);
		unsigned count, offset;
		int end = 0;

		if (!text || text[strspn(text, "0123456789@")] ||
		    sscanf(text, "%5u@%5u%n", &count, &offset, &end) != 2 || text[end] ||
		    count > UINT16_MAX || offset > UINT16_MAX)
			return parse_refuse(p, "entry %d is not \"COUNT@OFFSET\"", k + 1);
		if (offset + count > QUEUES_MAX)
			return parse_refuse(p, "\"%s\": a device has queues 0 to %u at most", text,
					    QUEUES_MAX - 1);
		out.count[k] = count;
		out.offset[k] = offset;
		out.n = k + 1;
	}
	if (r >= 0)
		memcpy(v, &out, sizeof(out));
	return r;
}

static json_t *queues_json(const struct row *row _unused_, const void *v)
{
	const struct queues16 *q = v;
	json_t *j = json_array();

	for (int k = 0; k < q->n; k++)
		json_array_append_new(j, json_sprintf("%u@%u", q->count[k], q->offset[k]));
	return j;
}

static char *queues_range(const struct row *row _unused_)
{
	return str_format("up to 16 of \"COUNT@OFFSET\", queues 0 to %u", QUEUES_MAX - 1);
}

const struct type type_queues16 = {
	.name = "a list of queues", .signature = "as", .size = sizeof(struct queues16),
	.parse = queues_parse, .json = queues_json, .range = queues_range,
};
