// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sets of VLAN IDs, written as numbers and ranges. */
#include <inttypes.h>
#include <stdio.h>

#include "core/types.h"
#include "util/text.h"

unsigned vlanset_next(const struct vlanset *s, unsigned from, unsigned *ret_end)
{
	for (; from < 4095 && !vlanset_has(s, from); from++)
		if (!s->bits[from / 64])
			from |= 63;
	if (from >= 4095)
		return 0;
	for (*ret_end = from; *ret_end < 4094 && vlanset_has(s, *ret_end + 1);)
		++*ret_end;
	return from;
}

static int vlanset_range(struct parse *p, struct vlanset *set, int64_t first, int64_t last)
{
	if (first < 1 || last > 4094)
		return parse_refuse(p, "VLAN %" PRId64 " is out of range (1 to 4094)",
			   first < 1 ? first : last);
	if (first > last)
		return parse_refuse(p, "range %" PRId64 "-%" PRId64 " runs backwards", first, last);
	for (; first <= last; first++) {
		if (vlanset_has(set, first))
			return parse_refuse(p, "VLAN %" PRId64 " is listed twice", first);
		vlanset_add(set, first);
	}
	return 0;
}

static int vlanset_entry(struct parse *p, struct vlanset *set, const config_setting_t *s)
{
	int64_t first, last;
	char buf[32];
	char *dash;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		first = config_setting_get_int64(s);
		return vlanset_range(p, set, first, first);
	case CONFIG_TYPE_STRING:
		if (snprintf(buf, sizeof(buf), "%s", config_setting_get_string(s)) >=
		    (int)sizeof(buf))
			return parse_refuse(p,
					    "\"%s\" is neither a VLAN ID nor a range (\"20-29\")",
					    config_setting_get_string(s));
		dash = strchr(buf, '-');
		if (dash)
			*dash++ = 0;
		if (text_to_number(buf, &first) < 0 ||
		    text_to_number(dash ? dash : buf, &last) < 0)
			return parse_refuse(p,
					    "\"%s\" is neither a VLAN ID nor a range (\"20-29\")",
					    config_setting_get_string(s));
		return vlanset_range(p, set, first, last);
	}
	return parse_refuse(p, "must hold VLAN IDs (10) and ranges (\"20-29\")");
}

static int vlanset_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct vlanset set = { 0 };
	int r;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be an array: [ 10, 20 ] or [ \"10\", \"20-29\" ]");
	for (int i = 0; i < config_setting_length(s); i++) {
		r = vlanset_entry(p, &set, config_setting_get_elem(s, i));
		if (r < 0)
			return r;
	}
	*(struct vlanset *)v = set;
	return 0;
}

static json_t *vlanset_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();
	unsigned first, last = 0;

	while ((first = vlanset_next(v, last + 1, &last)))
		json_array_append_new(j, first == last ? json_sprintf("%u", first) :
							 json_sprintf("%u-%u", first, last));
	return j;
}

static char *vlanset_text_range(const struct row *row _unused_)
{
	return str_dup("VLAN IDs 1 to 4094 and ranges");
}

const struct type type_vlanset = {
	.name = "array", .signature = "as", .size = sizeof(struct vlanset),
	.parse = vlanset_parse, .json = vlanset_json, .range = vlanset_text_range,
};
