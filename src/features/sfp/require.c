// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which modules are allowed in a cage, and what happens with another.
 *
 * What must stay true: with action "down" no frame goes through a module before
 * it has been read and found to be one of those that are allowed.
 */
#include <fnmatch.h>

#include "core/config.h"
#include "features/sfp/sfp.h"
#include "util/real.h"

enum { ACTION_WARN, ACTION_DOWN };

struct sfp_require {
	struct object o;
	char *vendor, *part, *serial;
	double wavelength, max_power;
	uint8_t action;
};

static const struct word action_words[] = {
	{ "warn", ACTION_WARN }, { "down", ACTION_DOWN }, { NULL, 0 },
};

enum { VENDOR, PART, SERIAL, WAVELENGTH, MAX_POWER, ACTION };

#define POLICY .flags = ROW_POLICY

static const struct row rows[] = {
	[VENDOR] = { .key = "vendor", .type = &type_string, VALUE(sfp_require, vendor), .min = 1,
		     .max = 64, POLICY,
		     .help = "Who must have made the module; a pattern as of the shell" },
	[PART] = { .key = "part", .type = &type_string, VALUE(sfp_require, part), .min = 1,
		   .max = 64, POLICY,
		   .help = "The vendor's part number that it must have; a pattern too" },
	[SERIAL] = { .key = "serial", .type = &type_string, VALUE(sfp_require, serial), .min = 1,
		     .max = 64, POLICY,
		     .help = "The serial number that it must have; a pattern too" },
	[WAVELENGTH] = { .key = "wavelength", .type = &type_sfp_real,
			 VALUE(sfp_require, wavelength), POLICY, .min = 1, .max = 10000,
			 .help = "The wavelength that its laser must have, nm" },
	[MAX_POWER] = { .key = "max_power", .type = &type_sfp_real, VALUE(sfp_require, max_power),
			POLICY, .min = 0, .max = 100,
			.help = "What it may take at most, by its power class, W" },
	[ACTION] = { .key = "action", .type = &type_enum8, VALUE(sfp_require, action),
		     .data = action_words, POLICY,
		     .help = "With another module: warn only, or keep the interface down. By "
			     "itself: warn" },
};

static bool asks(const struct sfp_require *r, unsigned row)
{
	return r->o.present & BIT64(row);
}

/* @is: what the module says, or NULL */
static char *text_mismatch(const struct sfp_require *r, unsigned row, const char *want,
			   const char *is)
{
	if (!asks(r, row) || (is && !fnmatch(want, is, 0)))
		return NULL;
	return str_format("its %s is \"%s\", not \"%s\"", rows[row].key, is ? is : "", want);
}

static bool tells(const struct sfp *s, unsigned row)
{
	return s->o.present & BIT64(row);
}

char *sfp_mismatch(const struct object *o, const struct sfp *s)
{
	const struct sfp_require *r = (const struct sfp_require *)o;
	char *why = NULL;

	if (!r || !s->present)
		return NULL;
	why = text_mismatch(r, VENDOR, r->vendor, tells(s, SFP_VENDOR) ? s->vendor : NULL);
	if (!why)
		why = text_mismatch(r, PART, r->part, tells(s, SFP_PART) ? s->part : NULL);
	if (!why)
		why = text_mismatch(r, SERIAL, r->serial, tells(s, SFP_SERIAL) ? s->serial : NULL);
	if (!why && asks(r, WAVELENGTH) && !tells(s, SFP_WAVELENGTH))
		why = str_format("it tells no wavelength, which must be %g nm", r->wavelength);
	/* In steps of 0.05 nm at best (SFF-8636, bytes 186 to 187). */
	if (!why && asks(r, WAVELENGTH) && real_abs(s->wavelength - r->wavelength) > 0.051)
		why = str_format("its wavelength is %g nm, not %g nm", s->wavelength,
				 r->wavelength);
	if (!why && asks(r, MAX_POWER) && tells(s, SFP_POWER) && s->power > r->max_power)
		why = str_format("it takes up to %g W, more than %g W", s->power, r->max_power);
	return why;
}

static char *kept_down(const struct planner *p, const struct iface *want)
{
	const struct sfp_require *r =
		(const struct sfp_require *)iface_object(want, &sfp_require_feature);
	const struct iface *have = plan_have(p, want->name);
	const struct sfp *s = (const struct sfp *)iface_object(have, &sfp_feature);
	_cleanup_free_ char *why = NULL;

	if (!r || !asks(r, ACTION) || r->action != ACTION_DOWN)
		return NULL;
	if (!s || !tells(s, SFP_PRESENT))
		return str_dup("waits for its module to be read: no cage is known here so far");
	if (!s->present)
		return str_dup("waits for a module: the cage is empty");
	why = sfp_mismatch(&r->o, s);
	return why ? str_format("waits for another module: %s", why) : NULL;
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct object *o = iface_object(i, &sfp_require_feature);

	if (!o)
		return;
	if (*iface_kind(i))
		errors_add(e, &i->where, "%s: sfp.require: a device of kind \"%s\" has no cage",
			   i->name, iface_kind(i));
	if (!(o->present & ~BIT64(ACTION)))
		errors_add(e, &i->where, "%s: sfp.require: nothing is required of the module",
			   i->name);
}

struct feature sfp_require_feature = {
	.name = "sfp.require", .help = "Which modules are allowed in the cage", .form = FORM_GROUP,
	.size = sizeof(struct sfp_require), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.kept_down = kept_down, .check = check,
};
