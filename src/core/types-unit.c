// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Quantities with a unit: times, rates, sizes.
 *
 * In an object each is a number in the base unit (nanoseconds, bytes a second,
 * bytes), whatever the kernel counts in. What is shown can be written again
 * and means the same: the largest unit in which the number is whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/types.h"
#include "util/text.h"

static const struct unit time_units[] = {
	{ "ns", 1 },	     { "us", 1000 },	       { "ms", 1000000 },
	{ "s", 1000000000 }, { "min", 60000000000LL }, { NULL, 0 },
};

/* In bits a second, as speeds are told; the kernel's counters are in bytes. */
static const struct unit rate_units[] = {
	{ "bit", 1 },		  { "kbit", 1000 },	     { "Kbit", 1000 },
	{ "Mbit", 1000000 },	  { "Gbit", 1000000000LL },  { "Tbit", 1000000000000LL },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "B", 1 }, { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 }, { NULL, 0 },
};

/* The largest unit that leaves no fraction. */
static char *quantity_text(int64_t n, const struct unit *units)
{
	const struct unit *best = &units[0];

	for (const struct unit *u = units; u->suffix && n; u++)
		if (u->factor > best->factor && n % u->factor == 0)
			best = u;
	return str_format("%" PRId64 "%s", n / best->factor, best->suffix);
}

static bool is_number(const config_setting_t *s)
{
	int type = config_setting_type(s);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* As @unit, or as tc has it: "mbit", "k" and "kb" of 1024, "usec". */
static bool is_meant(const char *word, const char *unit)
{
	size_t size = strlen(unit);

	if (!strcasecmp(word, unit))
		return true;
	if (size == 3 && !strcmp(unit + 1, "iB"))
		return !strncasecmp(word, unit, 1) && (!word[1] || !strcasecmp(word + 1, "b"));
	return unit[size - 1] == 's' && !strncasecmp(word, unit, size) &&
	       (!strcasecmp(word + size, "ec") || !strcasecmp(word + size, "ecs"));
}

/* What may be written in the place of @text. The caller frees it. */
static char *quantity_hint(const char *text, const struct unit *units, const char *like)
{
	size_t digits = strspn(text, "0123456789.");
	const char *word = text + digits + strspn(text + digits, " ");

	for (; digits && *word && units->suffix; units++)
		if (is_meant(word, units->suffix))
			return str_format("did you mean \"%.*s%s\"?", (int)digits, text,
					  units->suffix);
	return str_dup(like);
}

/* A number with a unit, or, where @bare, a number in the base unit. */
static int quantity_parse(struct parse *p, const config_setting_t *s, const struct unit *units,
			  bool bare, const char *like, int64_t *ret)
{
	_cleanup_free_ char *hint = NULL;
	const char *text = NULL;

	if (bare && is_number(s)) {
		*ret = config_setting_get_int64(s);
		return 0;
	}
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return parse_refuse(p, "must be %s in quotes (%s)", p->row->type->name, like);
	text = config_setting_get_string(s);
	if (text_to_quantity(text, units, ret) >= 0 &&
	    (bare || strspn(text, "0123456789.") != strlen(text) || !*ret))
		return 0;
	hint = quantity_hint(text, units, like);
	return parse_refuse(p, "\"%s\" is not %s (%s)", text, p->row->type->name, hint);
}

static int quantity_bounds(struct parse *p, int64_t n, int64_t max, const struct unit *units)
{
	_cleanup_free_ char *low = quantity_text(p->row->min, units);
	_cleanup_free_ char *high = NULL, *is = NULL;

	if (p->row->max)
		max = p->row->max;
	if (n >= p->row->min && n <= max)
		return 0;
	high = quantity_text(max, units);
	is = quantity_text(n, units);
	return parse_refuse(p, "%s is out of range (%s to %s)", is, low, high);
}

static char *quantity_range(const struct row *row, int64_t max, const struct unit *units)
{
	_cleanup_free_ char *low = quantity_text(row->min, units);
	_cleanup_free_ char *high = quantity_text(row->max ? row->max : max, units);

	return str_format("%s to %s", low, high);
}

/* Times. */

#define TIME_LIKE "\"300us\", \"1.5ms\", \"2s\""

static int64_t time_factor(const struct row *row)
{
	return row->type == &type_time_us32 ? 1000 : 1;
}

static int64_t time_max(const struct row *row)
{
	return row->type == &type_time_ns64 ? INT64_MAX : UINT32_MAX * time_factor(row);
}

int time_parse(struct parse *p, const config_setting_t *s, int64_t *ret)
{
	return quantity_parse(p, s, time_units, false, TIME_LIKE, ret);
}

char *time_text(int64_t ns)
{
	return quantity_text(ns, time_units);
}

static int time_parse_row(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n, factor = time_factor(p->row);
	int r = time_parse(p, s, &n);

	if (r >= 0)
		r = quantity_bounds(p, n, time_max(p->row), time_units);
	if (r < 0)
		return r;
	if (n % factor)
		return parse_refuse(p, "the kernel counts in steps of 1us");
	*(int64_t *)v = n;
	return 0;
}

static json_t *time_json(const struct row *row _unused_, const void *v)
{
	_cleanup_free_ char *text = time_text(*(const int64_t *)v);

	return json_string(text);
}

static char *time_range(const struct row *row)
{
	return quantity_range(row, time_max(row), time_units);
}

static int time32_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr, *(const int64_t *)v / time_factor(row));
}

static int time32_get(const struct row *row, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(int64_t *)v = nla_get_u32(a) * time_factor(row);
	return 0;
}

static int time64_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put(msg, row->attr, 8, v);
}

static int time64_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 8)
		return -EINVAL;
	memcpy(v, nla_data(a), 8);
	return 0;
}

#define TIME(id, p, g)                                                                             \
	const struct type id = {                                                                   \
		.name = "a time with a unit", .signature = "s", .size = 8,                         \
		.parse = time_parse_row, .json = time_json, .put = p, .get = g,                    \
		.range = time_range,                                                               \
	}
TIME(type_time_ns32, time32_put, time32_get);
TIME(type_time_us32, time32_put, time32_get);
TIME(type_time_ns64, time64_put, time64_get);

/* Times: the kernel's clock_t of USER_HZ = 100 (include/asm-generic/param.h). */

static const struct unit clock_units[] = {
	{ "s", 100 }, { "min", 6000 }, { "h", 360000 }, { "d", 8640000 }, { NULL, 0 },
};
static const struct unit ms_units[] = { { "ms", 1 }, { NULL, 0 } };

static int clock_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n, max = p->row->max ? p->row->max : UINT32_MAX;
	const char *text = NULL;
	int r;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return parse_refuse(
			p, "must be a time with a unit in quotes (\"15s\", \"200ms\", \"5min\")");
	text = config_setting_get_string(s);
	r = text_to_quantity(text, ms_units, &n);
	if (!r && strchr(text, 'm')) {
		if (n % 10)
			return parse_refuse(p, "\"%s\": the kernel counts in steps of 10ms", text);
		n /= 10;
	} else {
		r = text_to_quantity(text, clock_units, &n);
		if (r < 0 || strspn(text, "0123456789.") == strlen(text))
			return parse_refuse(p,
					    "\"%s\" is not a time with a unit "
					    "(\"15s\", \"200ms\", \"5min\")",
					    text);
	}
	if (n < p->row->min || n > max)
		return parse_refuse(p, "\"%s\" is out of range (%gs to %gs)", text,
				    p->row->min / 100.0, max / 100.0);
	*(uint64_t *)v = n;
	return 0;
}

static json_t *clock_json(const struct row *row _unused_, const void *v)
{
	uint64_t n = *(const uint64_t *)v;

	if (n % 100)
		return json_sprintf("%" PRIu64 "ms", n * 10);
	return json_sprintf("%" PRIu64 "s", n / 100);
}

/*
 * As the kernel tells it again, which keeps it in ticks: clock_t_to_jiffies(),
 * jiffies_to_clock_t().
 */
static uint64_t clock_kept(uint64_t n)
{
	struct timespec tick = { 0 }; /* TICK_NSEC, for that is the coarse clocks' step */

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) < 0 || tick.tv_nsec <= 0)
		return n;
	n = n * ((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec) / 100;
	return (unsigned __int128)n * tick.tv_nsec / 10000000;
}

static bool clock_equal(const struct row *row _unused_, const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va, b = *(const uint64_t *)vb;

	return a == b || clock_kept(a) == b || clock_kept(b) == a;
}

static char *clock_range(const struct row *row)
{
	return str_format("%gs to %gs", row->min / 100.0,
			  (row->max ? row->max : UINT32_MAX) / 100.0);
}

static int clock32_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr, *(const uint64_t *)v);
}

static int clock32_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(uint64_t *)v = nla_get_u32(a);
	return 0;
}

const struct type type_clock32 = {
	.name = "time", .signature = "s", .size = 8, .parse = clock_parse, .json = clock_json,
	.equal = clock_equal, .put = clock32_put, .get = clock32_get, .range = clock_range,
};

const struct type type_clock64 = {
	.name = "time", .signature = "s", .size = 8, .parse = clock_parse, .json = clock_json,
	.equal = clock_equal, .put = time64_put, .get = time64_get, .range = clock_range,
};

/* Rates. */

#define RATE_LIKE "\"500Kbit\", \"100Mbit\", \"2.5Gbit\""

int rate_parse(struct parse *p, const config_setting_t *s, uint64_t *ret)
{
	int64_t n = 0;
	int r = quantity_parse(p, s, rate_units, false, RATE_LIKE, &n);

	if (r < 0)
		return r;
	if (n % 8)
		return parse_refuse(p,
				    "the kernel counts in bytes: %" PRId64
				    "bit is no multiple of 8",
				    n);
	*ret = n / 8;
	return 0;
}

char *rate_text(uint64_t bytes)
{
	return quantity_text(bytes * 8, rate_units);
}

static int rate_parse_row(struct parse *p, const config_setting_t *s, void *v)
{
	uint64_t n = 0;
	int r = rate_parse(p, s, &n);

	if (r >= 0)
		r = quantity_bounds(p, n * 8,
				    p->row->type == &type_rate ? INT64_MAX : UINT32_MAX * 8LL,
				    rate_units);
	if (r >= 0)
		*(uint64_t *)v = n;
	return r;
}

static json_t *rate_json(const struct row *row _unused_, const void *v)
{
	_cleanup_free_ char *text = rate_text(*(const uint64_t *)v);

	return json_string(text);
}

static char *rate_range(const struct row *row)
{
	return quantity_range(row, INT64_MAX, rate_units);
}

const struct type type_rate = {
	.name = "a rate with a unit", .signature = "s", .size = 8, .parse = rate_parse_row,
	.json = rate_json, .put = time64_put, .get = time64_get, .range = rate_range,
};

/* What the kernel has for no limit. */
#define RATE32_UNLIMITED "unlimited"

static int rate32_parse(struct parse *p, const config_setting_t *s, void *v)
{
	if (config_setting_type(s) == CONFIG_TYPE_STRING &&
	    !strcmp(config_setting_get_string(s), RATE32_UNLIMITED)) {
		*(uint64_t *)v = UINT32_MAX;
		return 0;
	}
	return rate_parse_row(p, s, v);
}

static json_t *rate32_json(const struct row *row, const void *v)
{
	if (*(const uint64_t *)v == UINT32_MAX)
		return json_string(RATE32_UNLIMITED);
	return rate_json(row, v);
}

static char *rate32_range(const struct row *row)
{
	_cleanup_free_ char *range = quantity_range(row, UINT32_MAX * 8LL, rate_units);

	return str_format("%s, or \"" RATE32_UNLIMITED "\"", range);
}

static int rate32_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	uint64_t n = *(const uint64_t *)v;

	return nla_put_u32(msg, row->attr, min_of(n, (uint64_t)UINT32_MAX));
}

static int rate32_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(uint64_t *)v = nla_get_u32(a);
	return 0;
}

const struct type type_rate32 = {
	.name = "a rate with a unit", .signature = "s", .size = 8, .parse = rate32_parse,
	.json = rate32_json, .put = rate32_put, .get = rate32_get, .range = rate32_range,
};

/* Sizes. */

#define SIZE_LIKE "1514, \"10KiB\", \"32MiB\""

static int size_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n = 0;
	int r = quantity_parse(p, s, size_units, true, SIZE_LIKE, &n);

	if (r >= 0)
		r = quantity_bounds(p, n, UINT32_MAX, size_units);
	if (r >= 0)
		*(uint32_t *)v = n;
	return r;
}

static json_t *size_json(const struct row *row _unused_, const void *v)
{
	_cleanup_free_ char *text = quantity_text(*(const uint32_t *)v, size_units);

	return json_string(text);
}

static char *size_range(const struct row *row)
{
	return quantity_range(row, UINT32_MAX, size_units);
}

static int size_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return nla_put_u32(msg, row->attr, *(const uint32_t *)v);
}

static int size_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 4)
		return -EINVAL;
	*(uint32_t *)v = nla_get_u32(a);
	return 0;
}

const struct type type_size = {
	.name = "a size", .signature = "s", .size = 4, .parse = size_parse, .json = size_json,
	.put = size_put, .get = size_get, .range = size_range,
};
