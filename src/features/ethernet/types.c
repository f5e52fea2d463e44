// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of ethtool's of which one means that the kernel cannot say. */
#include "features/ethernet/ethernet.h"

#include <netlink/attr.h>

#include "util/text.h"

static const struct unit speed_units[] = {
	{ "Mbit", 1 }, { "Gbit", 1000 }, { "Tbit", 1000000 }, { NULL, 0 },
};

static int speed_parse(struct parse *p, const config_setting_t *s, void *v)
{
	int64_t n;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return type_u32.parse(p, s, v);
	if (text_to_quantity(config_setting_get_string(s), speed_units, &n) < 0 || n < 1 ||
	    n > p->row->max)
		return parse_refuse(p, "\"%s\" is not a speed (100, \"2.5Gbit\")",
				    config_setting_get_string(s));
	*(uint32_t *)v = n;
	return 0;
}

static json_t *speed_json(const struct row *row, const void *v)
{
	return type_u32.json(row, v);
}

static int speed_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return type_u32.put(msg, row, v);
}

static char *speed_range(const struct row *row)
{
	return type_u32.range(row);
}

/* SPEED_UNKNOWN; 0 where nobody ever asked the device. */
static int speed_get(const struct row *row _unused_, const struct nlattr *a, void *v)
{
	uint32_t n;

	if (nla_len(a) < 4)
		return -EINVAL;
	n = nla_get_u32(a);
	if (!n || n == UINT32_MAX)
		return -ENODATA;
	*(uint32_t *)v = n;
	return 0;
}

const struct type type_speed = {
	.name = "Mbit/s", .signature = "u", .size = 4, .parse = speed_parse, .json = speed_json,
	.put = speed_put, .get = speed_get, .range = speed_range,
};

static int known8_parse(struct parse *p, const config_setting_t *s, void *v)
{
	return type_enum8.parse(p, s, v);
}

static json_t *known8_json(const struct row *row, const void *v)
{
	return type_enum8.json(row, v);
}

static int known8_put(struct nl_msg *msg, const struct row *row, const void *v)
{
	return type_enum8.put(msg, row, v);
}

static char *known8_range(const struct row *row)
{
	return type_enum8.range(row);
}

/* What has no word is "unknown" or "unsupported". */
static int known8_get(const struct row *row, const struct nlattr *a, void *v)
{
	if (nla_len(a) < 1)
		return -EINVAL;
	if (!word_of(row->data, nla_get_u8(a)))
		return -ENODATA;
	*(uint8_t *)v = nla_get_u8(a);
	return 0;
}

const struct type type_known8 = {
	.name = "word", .signature = "s", .size = 1, .parse = known8_parse, .json = known8_json,
	.put = known8_put, .get = known8_get, .range = known8_range,
};
