// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values of Data Center Bridging: eight of something, sets of priorities, and tables
 * that give frames a priority. A table is text, "46:5 48:6", sorted by its numbers, so that
 * comparing and copying are those of strings.
 */
#include "features/dcb/dcb.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/text.h"

static bool is_list(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

static bool number_at(const config_setting_t *s, unsigned n, int64_t max, int64_t *ret)
{
	const config_setting_t *e = config_setting_get_elem(s, n);
	int type = config_setting_type(e);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return false;
	*ret = type == CONFIG_TYPE_INT ? config_setting_get_int(e) : config_setting_get_int64(e);
	return *ret >= 0 && *ret <= max;
}

/* ---- priorities ---- */

static int priorities_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint8_t mask = 0;
	int64_t n;

	if (!is_list(s))
		return parse_refuse(p, "must be a list of priorities: [ 3, 4 ]");
	for (int k = 0; k < config_setting_length(s); k++) {
		if (!number_at(s, k, DCB_EIGHT - 1, &n))
			return parse_refuse(p, "must be a list of priorities (0 to 7)");
		mask |= 1u << n;
	}
	*(uint8_t *)v = mask;
	return 0;
}

static json_t *priorities_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < DCB_EIGHT; n++)
		if (*(const uint8_t *)v >> n & 1)
			json_array_append_new(j, json_integer(n));
	return j;
}

const struct type type_priorities = {
	.name = "list of priorities", .signature = "au", .size = 1,
	.parse = priorities_parse, .json = priorities_json,
};

/* ---- eight of something ---- */

static int64_t top(const struct row *row)
{
	return row->max ? row->max : row->type == &type_eight8 ? UINT8_MAX : (int64_t)UINT32_MAX;
}

static int eight_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n[DCB_EIGHT];

	if (!is_list(s) || config_setting_length(s) != DCB_EIGHT)
		return parse_refuse(p, "must be a list of eight numbers");
	for (unsigned k = 0; k < DCB_EIGHT; k++)
		if (!number_at(s, k, top(p->row), &n[k]))
			return parse_refuse(p, "number %u of the eight is not from 0 to %lld",
					    k + 1, (long long)top(p->row));
	for (unsigned k = 0; k < DCB_EIGHT; k++)
		if (p->row->type == &type_eight8)
			((uint8_t *)v)[k] = n[k];
		else
			((uint32_t *)v)[k] = n[k];
	return 0;
}

static json_t *eight8_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();

	for (unsigned k = 0; k < DCB_EIGHT; k++)
		json_array_append_new(j, json_integer(((const uint8_t *)v)[k]));
	return j;
}

static json_t *eight32_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();

	for (unsigned k = 0; k < DCB_EIGHT; k++)
		json_array_append_new(j, json_integer(((const uint32_t *)v)[k]));
	return j;
}

const struct type type_eight8 = {
	.name = "list of eight numbers", .signature = "au", .size = DCB_EIGHT,
	.parse = eight_parse, .json = eight8_json,
};

const struct type type_eight32 = {
	.name = "list of eight numbers", .signature = "au", .size = DCB_EIGHT * sizeof(uint32_t),
	.parse = eight_parse, .json = eight32_json,
};

/* ---- words ---- */

static int word_at(struct parse *p, const config_setting_t *s, unsigned n)
{
	const char *word = config_setting_get_string_elem(s, n);
	int value = word ? word_value(p->row->data, word) : -EINVAL;

	if (value < 0)
		parse_refuse(p, "\"%s\" is none of the words", word ? word : "");
	return value;
}

/* What has no word is shown as its number, which no configuration can ask for. */
static json_t *word_json(const struct row *row, uint8_t value)
{
	const char *word = word_of(row->data, value);
	_cleanup_free_ char *number = str_format("%u", value);

	return json_string(word ? word : number);
}

static int words_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint8_t words[DCB_EIGHT];

	if (!is_list(s) || config_setting_length(s) != DCB_EIGHT)
		return parse_refuse(p, "must be a list of eight words");
	for (unsigned k = 0; k < DCB_EIGHT; k++) {
		int value = word_at(p, s, k);

		if (value < 0)
			return value;
		words[k] = value;
	}
	memcpy(v, words, sizeof(words));
	return 0;
}

static json_t *words_json(const struct row *row, const void *v)
{
	json_t *j = json_array();

	for (unsigned k = 0; k < DCB_EIGHT; k++)
		json_array_append_new(j, word_json(row, ((const uint8_t *)v)[k]));
	return j;
}

static char *words_range(const struct row *row)
{
	return type_enum8.range(row);
}

const struct type type_eight_words = {
	.name = "list of eight words", .signature = "as", .size = DCB_EIGHT,
	.parse = words_parse, .json = words_json, .range = words_range,
};

static int trust_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint8_t order[DCB_EIGHT] = { 0 };

	if (!is_list(s) || config_setting_length(s) >= DCB_EIGHT)
		return parse_refuse(p, "must be a list: [ \"dscp\", \"pcp\" ]");
	for (int k = 0; k < config_setting_length(s); k++) {
		int value = word_at(p, s, k);

		if (value < 0)
			return value;
		if (memchr(order, value, k))
			return parse_refuse(p, "\"%s\" stands there twice",
					    config_setting_get_string_elem(s, k));
		order[k] = value;
	}
	memcpy(v, order, sizeof(order));
	return 0;
}

static json_t *trust_json(const struct row *row, const void *v)
{
	const uint8_t *order = v;
	json_t *j = json_array();

	for (unsigned k = 0; k < DCB_EIGHT && order[k]; k++)
		json_array_append_new(j, word_json(row, order[k]));
	return j;
}

const struct type type_trust = {
	.name = "list of words", .signature = "as", .size = DCB_EIGHT,
	.parse = trust_parse, .json = trust_json, .range = words_range,
};

/* ---- tables ---- */

static int by_number(const void *pa, const void *pb)
{
	const struct mapping *a = pa, *b = pb;

	return a->key != b->key ? (int)a->key - b->key : (int)a->priority - b->priority;
}

struct mapping *mappings_of(const char *text, unsigned *ret_n)
{
	struct mapping *items = NULL;
	unsigned n = 0;
	char *end;

	for (; text && *text; text = end) {
		items = array_reserve(items, n, sizeof(*items));
		items[n].key = strtoul(text, &end, 10);
		items[n++].priority = strtoul(end + 1, &end, 10);
	}
	*ret_n = n;
	return items;
}

char *mappings_text(struct mapping *items, unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!n)
		return NULL;
	qsort(items, n, sizeof(*items), by_number);
	out = open_memstream(&text, &size);
	for (unsigned k = 0; k < n; k++)
		if (!k || by_number(&items[k - 1], &items[k]))
			fprintf(out, "%s%u:%u", k ? " " : "", items[k].key, items[k].priority);
	fclose(out);
	return text;
}

/* RFC 2474, 2597, 3246: the names that code points have. */
static bool dscp_of(const char *word, int64_t *ret)
{
	if (!strcasecmp(word, "EF"))
		*ret = 46;
	else if (!strncasecmp(word, "CS", 2) && word[2] >= '0' && word[2] <= '7' && !word[3])
		*ret = 8 * (word[2] - '0');
	else if (!strncasecmp(word, "AF", 2) && word[2] >= '1' && word[2] <= '4' &&
		 word[3] >= '1' && word[3] <= '3' && !word[4])
		*ret = 8 * (word[2] - '0') + 2 * (word[3] - '0');
	else
		return false;
	return true;
}

/* As iproute2 writes them: "3nd", and "3de" for frames that may be dropped; DEI is bit 3. */
static bool pcp_of(const char *word, int64_t *ret)
{
	if (word[0] < '0' || word[0] > '7' || (strcmp(word + 1, "nd") && strcmp(word + 1, "de")))
		return false;
	*ret = word[0] - '0' + (word[1] == 'd' ? 8 : 0);
	return true;
}

static bool key_of(const struct selector *sel, const char *word, int64_t *ret)
{
	if (sel->selector == IEEE_8021QAZ_APP_SEL_DSCP && dscp_of(word, ret))
		return true;
	if (sel->selector == NEW_APP_SEL_PCP)
		return pcp_of(word, ret);
	return !text_to_number(word, ret) && *ret >= sel->min && *ret <= sel->max;
}

static bool mapping_of(const struct selector *sel, const char *text, struct mapping *ret)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	_cleanup_free_ char *word = NULL;
	int64_t key;

	if (!colon || colon[1] < '0' || colon[1] > '7' || colon[2])
		return false;
	word = str_format("%.*s", (int)(colon - text), text);
	if (!key_of(sel, word, &key))
		return false;
	*ret = (struct mapping){ key, colon[1] - '0' };
	return true;
}

static int mappings_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const struct selector *sel = p->row->data;
	_cleanup_free_ struct mapping *items = NULL;
	_cleanup_free_ char *text = NULL;
	unsigned n = is_list(s) ? config_setting_length(s) : 0;

	if (!is_list(s))
		return parse_refuse(p, "must be a list: [ \"%s\", ... ]", sel->example);
	items = mem_new((n + 1) * sizeof(*items));
	for (unsigned k = 0; k < n; k++)
		if (!mapping_of(sel, config_setting_get_string_elem(s, k), &items[k])) {
			const char *entry = config_setting_get_string_elem(s, k);

			return parse_refuse(p, "\"%s\" is not KEY:PRIORITY (\"%s\")",
					    entry ? entry : "", sel->example);
		}
	text = mappings_text(items, n);
	*(char **)v = text ? arena_str(p->arena, text) : NULL;
	return 0;
}

static char *mapping_text(const struct selector *sel, const struct mapping *m)
{
	if (sel->selector == NEW_APP_SEL_PCP && m->key < 16)
		return str_format("%u%s:%u", m->key & 7, m->key & 8 ? "de" : "nd", m->priority);
	return str_format(sel->selector == IEEE_8021QAZ_APP_SEL_ETHERTYPE ? "0x%04x:%u" : "%u:%u",
			  m->key, m->priority);
}

static json_t *mappings_json(const struct row *row, const void *v)
{
	unsigned n;
	_cleanup_free_ struct mapping *items = mappings_of(*(char *const *)v, &n);
	json_t *j = json_array();

	for (unsigned k = 0; k < n; k++) {
		_cleanup_free_ char *text = mapping_text(row->data, &items[k]);

		json_array_append_new(j, json_string(text));
	}
	return j;
}

static bool mappings_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return !strcmp(x ? x : "", y ? y : "");
}

static void mappings_copy(struct arena *a, void *to, const void *from)
{
	type_string.copy(a, to, from);
}

static void mappings_done(void *v)
{
	type_string.done(v);
}

static char *mappings_range(const struct row *row)
{
	const struct selector *sel = row->data;

	return str_format("[ \"%s\", ... ]", sel->example);
}

const struct type type_mappings = {
	.name = "list of KEY:PRIORITY", .signature = "as", .size = sizeof(char *),
	.parse = mappings_parse, .json = mappings_json, .equal = mappings_equal,
	.copy = mappings_copy, .done = mappings_done, .range = mappings_range,
};
