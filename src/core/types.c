// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The types that most rows use: each knows how its value is written in a
 * configuration, shown as JSON, and carried in a netlink attribute. They do
 * not know any setting.
 */
#include "core/types.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "util/text.h"

int parse_refuse(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	p->why = str_vformat(fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int parse_string(struct parse *p, const config_setting_t *s, const char **ret)
{
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return parse_refuse(p, "must be a string in quotes");
	*ret = config_setting_get_string(s);
	return 0;
}

/* Booleans. */

static int bool_parse(struct parse *p, const config_setting_t *s, void *v)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return parse_refuse(p, "must be true or false");
	*(uint8_t *)v = !!config_setting_get_bool(s);
	return 0;
}

static json_t *bool_json(const struct row *row _unused_, const void *v)
{
	return json_boolean(*(const uint8_t *)v);
}

static int bool_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u8(msg, row->attr, *(const uint8_t *)v);
}

static int bool_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 1)
		return -EINVAL;
	*(uint8_t *)v = !!nla_get_u8(a);
	return 0;
}

const struct type type_bool = {
	.name = "boolean", .signature = "b", .size = 1,
	.parse = bool_parse, .json = bool_json, .put = bool_put, .get = bool_get,
};

static int bool32_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr, *(const uint8_t *)v);
}

static int bool32_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(uint8_t *)v = !!nla_get_u32(a);
	return 0;
}

const struct type type_bool32 = {
	.name = "boolean", .signature = "b", .size = 1,
	.parse = bool_parse, .json = bool_json, .put = bool32_put, .get = bool32_get,
};

/* Whole numbers. All go through int64_t; no setting of the kernel's needs the 64th bit. */

static int64_t number_load(const struct row *row, const void *v)
{
	switch (row->type->size) {
	case 1:
		return *(const uint8_t *)v;
	case 2:
		return *(const uint16_t *)v;
	case 4:
		return row->type == &type_s32 ? (int64_t)*(const int32_t *)v :
						(int64_t)*(const uint32_t *)v;
	}
	return *(const int64_t *)v;
}

static void number_store(const struct row *row, void *v, int64_t n)
{
	switch (row->type->size) {
	case 1:
		*(uint8_t *)v = n;
		break;
	case 2:
		*(uint16_t *)v = n;
		break;
	case 4:
		*(uint32_t *)v = n;
		break;
	default:
		*(int64_t *)v = n;
	}
}

static void number_bounds(const struct row *row, int64_t *min, int64_t *max)
{
	*min = row->min;
	*max = row->max;
	if (*min < 0 || *max)
		return;
	if (row->type == &type_s32) {
		*min = *min ? *min : INT32_MIN;
		*max = INT32_MAX;
	} else {
		*max = row->type->size == 8 ? INT64_MAX : (int64_t)BIT64(8 * row->type->size) - 1;
	}
}

static int number_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *word = config_setting_get_string(s);
	int64_t min, max, n;

	if (word && p->row->data) {
		n = word_value(p->row->data, word);
		if (n < 0)
			return parse_refuse(p, "no number has the name \"%s\"", word);
	} else if (config_setting_type(s) == CONFIG_TYPE_INT ||
		   config_setting_type(s) == CONFIG_TYPE_INT64) {
		n = config_setting_get_int64(s);
	} else {
		return parse_refuse(p, "must be a whole number");
	}
	number_bounds(p->row, &min, &max);
	if (n < min || n > max)
		return parse_refuse(p, "%" PRId64 " is out of range (%" PRId64 " to %" PRId64 ")",
				    n, min, max);
	number_store(p->row, v, n);
	return 0;
}

static json_t *number_json(const struct row *row, const void *v)
{
	return json_integer(number_load(row, v));
}

static char *number_range(const struct row *row)
{
	int64_t min, max;

	number_bounds(row, &min, &max);
	return str_format("%" PRId64 " to %" PRId64, min, max);
}

static int number_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put(msg, row->attr, row->type->size, v);
}

static int number_get(const struct row *row, const struct nlattr *a, void *v)
{
	if ((size_t)nla_len(a) < row->type->size)
		return -EINVAL;
	memcpy(v, nla_data(a), row->type->size);
	return 0;
}

const char *number_name(const struct row *row, int64_t n)
{
	bool named = row->type->parse == number_parse && row->data && n >= 0 && n <= UINT32_MAX;

	return named ? word_of(row->data, n) : NULL;
}

#define NUMBER(id, bytes, sig)                                                                     \
	const struct type id = {                                                                   \
		.name = "number", .signature = sig, .size = bytes, .parse = number_parse,          \
		.json = number_json, .put = number_put, .get = number_get, .range = number_range,  \
	}
NUMBER(type_u8, 1, "y");
NUMBER(type_u16, 2, "q");
NUMBER(type_u32, 4, "u");
NUMBER(type_u64, 8, "t");
NUMBER(type_s32, 4, "i");

/* Words. */

const char *word_of(const struct word *words, unsigned value)
{
	for (; words->word; words++)
		if (words->value == value)
			return words->word;
	return NULL;
}

int word_value(const struct word *words, const char *word)
{
	for (; words->word; words++)
		if (!strcmp(words->word, word))
			return words->value;
	return -EINVAL;
}

static char *enum_range(const struct row *row)
{
	char *s = NULL;
	size_t n;
	FILE *out = open_memstream(&s, &n);

	for (const struct word *w = row->data; w->word; w++)
		fprintf(out, "%s\"%s\"", w == row->data ? "" : ", ", w->word);
	fclose(out);
	return s;
}

static const char *nth_word(const void *words, unsigned i)
{
	return ((const struct word *)words)[i].word;
}

static int enum_parse(struct parse *p, const config_setting_t *s, void *v)
{
	_cleanup_free_ char *range = NULL;
	const char *text = NULL, *near;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	r = word_value(p->row->data, text);
	if (r >= 0) {
		number_store(p->row, v, r);
		return 0;
	}
	near = text_suggest(text, nth_word, p->row->data);
	if (near)
		return parse_refuse(p, "unknown word \"%s\" (did you mean \"%s\"?)", text, near);
	range = enum_range(p->row);
	return parse_refuse(p, "unknown word \"%s\" (one of %s)", text, range);
}

static json_t *enum_json(const struct row *row, const void *v)
{
	unsigned n = number_load(row, v);
	const char *word = word_of(row->data, n);

	/* A newer kernel may know more: show the number rather than nothing. */
	return word ? json_string(word) : json_sprintf("%u", n);
}

static int enum16be_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u16(msg, row->attr, htons(*(const uint16_t *)v));
}

static int enum16be_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 2)
		return -EINVAL;
	*(uint16_t *)v = ntohs(nla_get_u16(a));
	return 0;
}

#define ENUM(id, bytes, p, g)                                                                      \
	const struct type id = {                                                                   \
		.name = "word", .signature = "s", .size = bytes, .parse = enum_parse,              \
		.json = enum_json, .put = p, .get = g, .range = enum_range,                        \
	}
ENUM(type_enum8, 1, number_put, number_get);
ENUM(type_enum16, 2, number_put, number_get);
ENUM(type_enum32, 4, number_put, number_get);
ENUM(type_enum16be, 2, enum16be_put, enum16be_get);

/* Text. */

static int string_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (strlen(text) < (size_t)p->row->min)
		return parse_refuse(p, "is empty");
	if (strlen(text) > (size_t)p->row->max)
		return parse_refuse(p, "is longer than %" PRId64 " bytes", p->row->max);
	*(char **)v = *text ? arena_str(p->arena, text) : NULL;
	return 0;
}

static json_t *string_json(const struct row *row _unused_, const void *v)
{
	const char *s = *(char *const *)v;
	json_t *j = json_string(s ? s : "");

	/* The kernel's strings need not be UTF-8. */
	return j ? j : json_string("(not UTF-8)");
}

static bool string_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const char *sa = *(char *const *)a, *sb = *(char *const *)b;

	return !strcmp(sa ? sa : "", sb ? sb : "");
}

static int string_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	const char *s = *(char *const *)v;

	return nla_put_string(msg, row->attr, s ? s : "");
}

static int string_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	size_t n = strnlen(nla_data(a), nla_len(a));
	char *s = NULL;

	if (n) {
		s = mem_new(n + 1);
		memcpy(s, nla_data(a), n);
	}
	*(char **)v = s;
	return 0;
}

static void string_copy(struct arena *a, void *to, const void *from)
{
	const char *s = *(char *const *)from;

	*(char **)to = s ? arena_str(a, s) : NULL;
}

static void string_done(void *v)
{
	free(*(char **)v);
	*(char **)v = NULL;
}

static char *string_range(const struct row *row)
{
	return row->min ? str_format("%" PRId64 " to %" PRId64 " bytes", row->min, row->max) :
			  str_format("up to %" PRId64 " bytes", row->max);
}

const struct type type_string = {
	.name = "string", .signature = "s", .size = sizeof(char *),
	.parse = string_parse, .json = string_json, .equal = string_equal, .put = string_put,
	.get = string_get, .copy = string_copy, .done = string_done, .range = string_range,
};

/* Names. */

static int name_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (!*text || strlen(text) >= IFNAMSIZ || strpbrk(text, "/ \t\n%"))
		return parse_refuse(p, "\"%s\" is no name (1 to %d bytes, no space, '/' or '%%')",
				    text, IFNAMSIZ - 1);
	memset(v, 0, IFNAMSIZ);
	strcpy(v, text);
	return 0;
}

static json_t *name_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_string(v);

	return j ? j : json_string("(not UTF-8)");
}

static int name_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_string(msg, row->attr, v);
}

static int name_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	size_t n = strnlen(nla_data(a), nla_len(a));

	memset(v, 0, IFNAMSIZ);
	memcpy(v, nla_data(a), min_of(n, (size_t)IFNAMSIZ - 1));
	return 0;
}

const struct type type_name = {
	.name = "name", .signature = "s", .size = IFNAMSIZ,
	.parse = name_parse, .json = name_json, .put = name_put, .get = name_get,
};

/* Ethernet addresses. */

static int any_mac_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	uint8_t m[6];
	int end = 0, r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) ||
	    sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2], &m[3], &m[4],
		   &m[5], &end) != 6 ||
	    text[end] || end != 17)
		return parse_refuse(p, "\"%s\" is not an Ethernet address (aa:bb:cc:dd:ee:ff)",
				    text);
	memcpy(v, m, sizeof(m));
	return 0;
}

static int mac_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = config_setting_get_string(s);
	uint8_t m[6];
	int r = any_mac_parse(p, s, m);

	if (r < 0)
		return r;
	if (m[0] & 1)
		return parse_refuse(p, "\"%s\" is a group address", text);
	if (!memcmp(m, "\0\0\0\0\0", 6))
		return parse_refuse(p, "\"%s\" is no address of an interface", text);
	memcpy(v, m, sizeof(m));
	return 0;
}

static json_t *mac_json(const struct row *row _unused_, const void *v)
{
	const uint8_t *m = v;

	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/*
 * A bridge whose last port has left has none (br_stp_recalculate_bridge_id()), and cannot be made
 * to have none again (br_set_mac_address(): EADDRNOTAVAIL). It gets what a new one has, an address
 * by chance (eth_random_addr()), and not one that somebody took out of the configuration.
 */
static void mac_before(void *v)
{
	static const uint8_t none[6];
	uint8_t *m = v;

	if (memcmp(m, none, sizeof(none)) ||
	    getrandom(m, sizeof(none), GRND_NONBLOCK) != sizeof(none))
		return;
	m[0] = (m[0] & 0xfe) | 2;
}

const struct type type_mac = {
	.name = "Ethernet address", .signature = "s", .size = 6,
	.parse = mac_parse, .json = mac_json, .put = number_put, .get = number_get,
	.before = mac_before,
};

const struct type type_mac_any = {
	.name = "Ethernet address", .signature = "s", .size = 6,
	.parse = any_mac_parse, .json = mac_json, .put = number_put, .get = number_get,
};

/* References to interfaces. */

static int ifref_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct ifref *ref = v;
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (strlen(text) >= IFNAMSIZ)
		return parse_refuse(p, "\"%s\" is longer than %d bytes", text, IFNAMSIZ - 1);
	memset(ref, 0, sizeof(*ref));
	strcpy(ref->name, text);
	return 0;
}

static json_t *ifref_json(const struct row *row _unused_, const void *v)
{
	const struct ifref *ref = v;

	if (ref->index == IFREF_GONE)
		return json_string("(gone)");
	if (ref->index && !ref->name[0])
		return json_sprintf("if%d", ref->index);
	return json_string(ref->name);
}

static bool ifref_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const struct ifref *ra = a, *rb = b;

	/* In configurations, which have no indexes, the names count. */
	if (!ra->index && !rb->index)
		return !strcmp(ra->name, rb->name);
	return ra->index == rb->index;
}

static int ifref_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr, ((const struct ifref *)v)->index);
}

static int ifref_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	struct ifref *ref = v;

	if (nla_len(a) < 4)
		return -EINVAL;
	memset(ref, 0, sizeof(*ref));
	ref->index = nla_get_u32(a);
	return 0;
}

const struct type type_ifref = {
	.name = "interface", .signature = "s", .size = sizeof(struct ifref),
	.parse = ifref_parse, .json = ifref_json, .equal = ifref_equal, .put = ifref_put,
	.get = ifref_get,
};
