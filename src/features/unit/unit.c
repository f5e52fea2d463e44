// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Units of the service manager that are to run while an interface has carrier:
 * a DHCP client, an authenticator, a PTP clock come from where they are well
 * kept. Nothing here is the kernel's: the rows are the daemon's own, and
 * bus/unit.c does what they say. What must stay true: a name that gets through
 * here can be put into a D-Bus match rule.
 */
#include <string.h>

#include "core/types.h"
#include "features/features.h"

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), with the byte that ends it */
#define UNIT_NAME_SIZE 256

struct unit_entry {
	struct object o;
	char name[UNIT_NAME_SIZE];
};

/* What can be started and stopped by somebody else than the system's own order. */
static const char *const suffixes[] = { ".service", ".target", ".socket", ".timer", ".path" };

/* systemd.unit(5), "UNIT FILE LOAD PATH": letters, digits and these. */
static bool is_unit_name(const char *s)
{
	size_t n = strlen(s);

	if (n >= UNIT_NAME_SIZE || *s == '.' || *s == '@')
		return false;
	for (const char *c = s; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@",
			    *c))
			return false;
	for (unsigned k = 0; k < ARRAY_SIZE(suffixes); k++) {
		size_t m = strlen(suffixes[k]);

		if (n > m && !strcmp(s + n - m, suffixes[k]))
			return s[n - m - 1] != '@'; /* a template without an instance */
	}
	return false;
}

static int unit_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (!is_unit_name(text))
		return parse_refuse(p, "\"%s\" is not the name of a unit (\"dhcpcd@wan.service\")",
				    text);
	memset(v, 0, UNIT_NAME_SIZE);
	memcpy(v, text, strlen(text));
	return 0;
}

static json_t *unit_json(const struct row *row _unused_, const void *v)
{
	return json_string(v);
}

static char *unit_range(const struct row *row _unused_)
{
	return str_dup("service, target, socket, timer or path");
}

static const struct type type_unit = {
	.name = "unit", .signature = "s", .size = UNIT_NAME_SIZE,
	.parse = unit_parse, .json = unit_json, .range = unit_range,
};

static const struct row rows[] = {
	{ .key = "unit", .type = &type_unit, VALUE(unit_entry, name),
	  .flags = ROW_KEY | ROW_POLICY, .help = "Name of the unit" },
};

static int parse_entry(struct parse *p, const config_setting_t *s, struct object *o)
{
	int r = unit_parse(p, s, ((struct unit_entry *)o)->name);

	if (!r)
		o->present |= BIT64(0);
	return r;
}

static char *format(const struct object *o)
{
	return str_dup(((const struct unit_entry *)o)->name);
}

struct feature unit_feature = {
	.name = "units", .help = "Units of the service manager that run while it has carrier",
	.form = FORM_LIST, .size = sizeof(struct unit_entry), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .parse_entry = parse_entry, .format = format,
};
