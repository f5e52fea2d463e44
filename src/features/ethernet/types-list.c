// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lists whose members are a driver's: names of flags, numbers, bytes. A value is
 * its text, "a\nb", "0 1 2" or "00:1f", on the heap or in an arena, so that comparing and
 * copying are those of strings.
 */
#include "features/ethernet/ethernet.h"

#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/text.h"

static const char *text_of(const void *v)
{
	const char *s = *(char *const *)v;

	return s ? s : "";
}

static void done(void *v)
{
	type_string.done(v);
}

static void copy(struct arena *a, void *to, const void *from)
{
	type_string.copy(a, to, from);
}

static bool equal(const struct row *row _unused_, const void *a, const void *b)
{
	return !strcmp(text_of(a), text_of(b));
}

/* @n numbers of @size bytes, 1 or 4, each by @format. */
static char *list_text(const void *items, size_t size, unsigned n, const char *separator,
		       const char *format)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (unsigned k = 0; k < n; k++) {
		fputs(k ? separator : "", out);
		fprintf(out, format, size == 1 ? ((const uint8_t *)items)[k] :
						 ((const uint32_t *)items)[k]);
	}
	fclose(out);
	return text;
}

static char *numbers_text(const uint32_t *numbers, unsigned n)
{
	return list_text(numbers, sizeof(*numbers), n, " ", "%u");
}

static char *bytes_text(const uint8_t *bytes, unsigned n)
{
	return list_text(bytes, 1, n, ":", "%02x");
}

/* ---- names ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, because their order means nothing. */
static char *join(const char **names, unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (unsigned k = 0; k < n; k++)
		fprintf(out, "%s%s", k ? "\n" : "", names[k]);
	fclose(out);
	return text;
}

static int keep(struct parse *p, char *text, void *v)
{
	*(char **)v = *text ? arena_str(p->arena, text) : NULL;
	free(text);
	return 0;
}

static int flags_parse(struct parse *p, const config_setting_t *s, void *v)
{
	_cleanup_free_ const char **names = NULL;
	unsigned n = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be a list: [ \"...\", ... ]");
	names = mem_new((n + 1) * sizeof(*names));
	for (unsigned k = 0; k < n; k++) {
		names[k] = config_setting_get_string_elem(s, k);
		if (!names[k] || !*names[k] || strlen(names[k]) >= ETH_GSTRING_LEN ||
		    strchr(names[k], '\n'))
			return parse_refuse(p, "must be a list of names of flags");
	}
	return keep(p, join(names, n), v);
}

static json_t *flags_json(const struct row *row _unused_, const void *v)
{
	_cleanup_free_ char *all = str_dup(text_of(v));
	char *rest = all, *name;
	json_t *j = json_array();

	while (*all && (name = strsep(&rest, "\n"))) {
		_cleanup_free_ char *clean = text_utf8(str_dup(name));

		json_array_append_new(j, json_string(clean));
	}
	return j;
}

/* With names, as ethernet_ask_all_names() asks for. */
static int take_flags(const struct nlattr *a, void *v, bool all)
{
	struct nlattr *tb[ETHTOOL_A_BITSET_MASK + 1], *bit, *b[ETHTOOL_A_BITSET_BIT_VALUE + 1];
	_cleanup_free_ const char **names = NULL;
	unsigned n = 0;
	int left;

	if (nla_parse_nested(tb, ETHTOOL_A_BITSET_MASK, (struct nlattr *)a, NULL) < 0)
		return -EBADMSG;
	if (!tb[ETHTOOL_A_BITSET_BITS])
		return -ENODATA;
	nla_for_each_nested(bit, tb[ETHTOOL_A_BITSET_BITS], left) {
		if (nla_parse_nested(b, ETHTOOL_A_BITSET_BIT_VALUE, bit, NULL) < 0 ||
		    !b[ETHTOOL_A_BITSET_BIT_NAME])
			continue;
		if (!all && !b[ETHTOOL_A_BITSET_BIT_VALUE] && !tb[ETHTOOL_A_BITSET_NOMASK])
			continue;
		names = array_reserve(names, n, sizeof(*names));
		names[n++] = nla_get_string(b[ETHTOOL_A_BITSET_BIT_NAME]);
	}
	*(char **)v = join(names, n);
	return 0;
}

static int flags_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	return take_flags(a, v, false);
}

static int all_flags_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	return take_flags(a, v, true);
}

static int put_flag(struct nl_msg *msg, const char *name)
{
	struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT);

	if (!bit || nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, name) < 0)
		return -EMSGSIZE;
	return nla_nest_end(msg, bit);
}

/* All others are off (ETHTOOL_A_BITSET_NOMASK). */
static int flags_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	struct nlattr *set = nla_nest_start(msg, row->attr), *bits;
	_cleanup_free_ char *all = str_dup(text_of(v));
	char *rest = all, *name;

	if (!set || nla_put_flag(msg, ETHTOOL_A_BITSET_NOMASK) < 0)
		return -EMSGSIZE;
	bits = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS);
	while (bits && *all && (name = strsep(&rest, "\n")))
		if (put_flag(msg, name) < 0)
			return -EMSGSIZE;
	if (!bits)
		return -EMSGSIZE;
	nla_nest_end_keep_empty(msg, bits);
	return nla_nest_end(msg, set);
}

const struct type type_flags = {
	.name = "list of names", .signature = "as", .size = sizeof(char *), .parse = flags_parse,
	.json = flags_json, .equal = equal, .put = flags_put, .get = flags_get, .copy = copy,
	.done = done,
};

const struct type type_all_flags = {
	.name = "list of names", .signature = "as", .size = sizeof(char *), .parse = flags_parse,
	.json = flags_json, .equal = equal, .get = all_flags_get, .copy = copy, .done = done,
};

/* ---- numbers ---- */

/* As many as there are; the caller frees them. */
static uint32_t *numbers_of(const void *v, unsigned *ret_n)
{
	const char *s = text_of(v);
	uint32_t *numbers = NULL;
	unsigned n = 0;
	char *end;

	for (; *s; s = end) {
		numbers = array_reserve(numbers, n, sizeof(*numbers));
		numbers[n++] = strtoul(s, &end, 10);
	}
	*ret_n = n;
	return numbers;
}

static int numbers_parse(struct parse *p, const config_setting_t *s, void *v)
{
	unsigned n = config_setting_length(s);
	_cleanup_free_ uint32_t *numbers = NULL;

	if ((!config_setting_is_array(s) && !config_setting_is_list(s)) || !n || n > 4096)
		return parse_refuse(p, "must be a list of numbers: [ 0, 1 ]");
	numbers = mem_new(n * sizeof(*numbers));
	for (unsigned k = 0; k < n; k++) {
		const config_setting_t *e = config_setting_get_elem(s, k);
		int number = config_setting_get_int(e);

		if (config_setting_type(e) != CONFIG_TYPE_INT || number < p->row->min ||
		    number > p->row->max)
			return parse_refuse(p, "must be a list of numbers from %d to %d",
					    (int)p->row->min, (int)p->row->max);
		numbers[k] = number;
	}
	return keep(p, numbers_text(numbers, n), v);
}

static json_t *numbers_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();
	unsigned n;
	_cleanup_free_ uint32_t *numbers = numbers_of(v, &n);

	for (unsigned k = 0; k < n; k++)
		json_array_append_new(j, json_integer(numbers[k]));
	return j;
}

/* A short one stands for its repetition. */
static bool numbers_equal(const struct row *row _unused_, const void *a, const void *b)
{
	unsigned na, nb;
	_cleanup_free_ uint32_t *one = numbers_of(a, &na), *other = numbers_of(b, &nb);

	if (!na || !nb)
		return na == nb;
	for (unsigned k = 0; k < max_of(na, nb); k++)
		if (one[k % na] != other[k % nb])
			return false;
	return true;
}

static int numbers_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	unsigned n;
	_cleanup_free_ uint32_t *numbers = numbers_of(v, &n);

	return nla_put(msg, row->attr, n * sizeof(*numbers), numbers);
}

static int numbers_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -ENODATA;
	*(char **)v = numbers_text(nla_data(a), nla_len(a) / 4);
	return 0;
}

const struct type type_numbers = {
	.name = "list of numbers", .signature = "au", .size = sizeof(char *),
	.parse = numbers_parse, .json = numbers_json, .equal = numbers_equal, .put = numbers_put,
	.get = numbers_get, .copy = copy, .done = done,
};

/* ---- bytes ---- */

int bytes_parse(struct parse *p, const config_setting_t *s, unsigned max, uint8_t *to, size_t size)
{
	const char *text, *c;
	unsigned n = 0;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	for (c = text; *c; c += c[2] == ':' ? 3 : 2) {
		unsigned byte;

		if (!strchr("0123456789abcdefABCDEF", c[0]) || !c[1] ||
		    !strchr("0123456789abcdefABCDEF", c[1]) || (c[2] && c[2] != ':') ||
		    (c[2] == ':' && !c[3]) || n == size || (max && n == max) ||
		    sscanf(c, "%2x", &byte) != 1)
			return parse_refuse(p, "must be bytes: \"00:1f:...\"");
		to[n++] = byte;
	}
	return n;
}

static int bytes_row_parse(struct parse *p, const config_setting_t *s, void *v)
{
	uint8_t bytes[1024];
	int n = bytes_parse(p, s, 0, bytes, sizeof(bytes));

	return n < 0 ? n : keep(p, bytes_text(bytes, n), v);
}

static json_t *bytes_json(const struct row *row _unused_, const void *v)
{
	return json_string(text_of(v));
}

static int bytes_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	uint8_t bytes[1024];
	unsigned n = 0;

	for (const char *c = text_of(v); *c && n < sizeof(bytes); c += c[2] ? 3 : 2)
		bytes[n++] = strtoul((const char[]){ c[0], c[1], 0 }, NULL, 16);
	return nla_put(msg, row->attr, n, bytes);
}

static int bytes_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 1 || nla_len(a) > 1024)
		return -ENODATA;
	*(char **)v = bytes_text(nla_data(a), nla_len(a));
	return 0;
}

const struct type type_bytes = {
	.name = "bytes", .signature = "s", .size = sizeof(char *), .parse = bytes_row_parse,
	.json = bytes_json, .equal = equal, .put = bytes_put, .get = bytes_get, .copy = copy,
	.done = done,
};
