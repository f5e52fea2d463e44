// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits of what a module measures: its own, or the ones of the configuration in
 * their place; and which of them are exceeded.
 *
 * What must stay true: a value that trembles about a limit is one event, not
 * many: to be well again it must come back by a share of the way between the
 * limits.
 */
#include "core/config.h"
#include "features/sfp/sfp.h"
#include "util/dbm.h"
#include "util/text.h"

/* Share of the way between the warnings by which a value must come back. */
#define HYSTERESIS 0.02

struct sfp_thresholds {
	struct object o;
	double values[MODULE_QUANTITIES][MODULE_LIMITS];
};

/* ---- types: numbers with a fraction; light also in dBm ---- */

static int real_parse(struct parse *p, const config_setting_t *s, void *v)
{
	double n;

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_FLOAT:
		n = config_setting_get_float(s);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		n = config_setting_get_int64(s);
		break;
	default:
		return parse_refuse(p, "must be a number");
	}
	if (!__builtin_isfinite(n) ||
	    ((p->row->min || p->row->max) && (n < p->row->min || n > p->row->max)))
		return parse_refuse(p, "%g is out of range (%g to %g)", n, (double)p->row->min,
				    (double)p->row->max);
	*(double *)v = n;
	return 0;
}

static json_t *real_json(const struct row *row _unused_, const void *v)
{
	return json_real(*(const double *)v);
}

static char *real_range(const struct row *row)
{
	return str_format("%g to %g", (double)row->min, (double)row->max);
}

const struct type type_sfp_real = {
	.name = "number", .signature = "d", .size = sizeof(double), .parse = real_parse,
	.json = real_json, .range = real_range,
};

/* "-14.5 dBm", "0.04 mW" */
static int light_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = config_setting_get_string(s);
	double n;
	char *end;

	if (!text)
		return real_parse(p, s, v);
	n = strtod(text, &end);
	while (end > text && *end == ' ')
		end++;
	if (end > text && !strcmp(end, "dBm") && n >= -40 && n <= 20)
		n = dbm_to_milliwatts(n);
	else if (end == text || strcmp(end, "mW") || !(n >= 0 && n <= 100))
		return parse_refuse(p,
				    "\"%s\" is no power of light (0.5, \"0.5mW\", \"-3dBm\"; -40 "
				    "dBm to 20 dBm)",
				    text);
	*(double *)v = n;
	return 0;
}

static const struct type type_light = {
	.name = "mW", .signature = "d", .size = sizeof(double), .parse = light_parse,
	.json = real_json, .range = real_range,
};

#define ROW(q, Q, l, L, t, low, high)                                                              \
	[Q * MODULE_LIMITS + L] = {                                                                \
		.key = #q "_" #l, .type = &t, .min = low, .max = high, .flags = ROW_POLICY,        \
		.offset = offsetof(struct sfp_thresholds, values) +                                \
			  (Q * MODULE_LIMITS + L) * sizeof(double),                                \
		.help = "In the place of the module's own limit of " #q,                           \
	}
#define ROWS(q, Q, t, low, high)                                                                   \
	ROW(q, Q, high_alarm, MODULE_HIGH_ALARM, t, low, high),                                    \
	ROW(q, Q, low_alarm, MODULE_LOW_ALARM, t, low, high),                                      \
	ROW(q, Q, high_warning, MODULE_HIGH_WARNING, t, low, high),                                \
	ROW(q, Q, low_warning, MODULE_LOW_WARNING, t, low, high)

static const struct row rows[] = {
	ROWS(temperature, MODULE_TEMPERATURE, type_sfp_real, -128, 128),
	ROWS(voltage, MODULE_VOLTAGE, type_sfp_real, 0, 7),
	ROWS(bias, MODULE_BIAS, type_sfp_real, 0, 1000),
	ROWS(tx_power, MODULE_TX_POWER, type_light, 0, 100),
	ROWS(rx_power, MODULE_RX_POWER, type_light, 0, 100),
};

bool cage_limit(const struct cage *c, enum module_quantity q, enum module_limit l, double *ret)
{
	const struct sfp_thresholds *t = (const struct sfp_thresholds *)c->thresholds;
	bool own = t && t->o.present & BIT64(q * MODULE_LIMITS + l);

	if (!own && !c->module.has_limits[q])
		return false;
	*ret = own ? t->values[q][l] : c->module.limits[q][l];
	return true;
}

static bool exceeds(double v, double limit, bool high, bool already, double slack)
{
	if (already)
		return high ? v > limit - slack : v < limit + slack;
	return high ? v > limit : v < limit;
}

static double slack_of(const struct cage *c, enum module_quantity q, double limit)
{
	double high, low;

	if (cage_limit(c, q, MODULE_HIGH_WARNING, &high) &&
	    cage_limit(c, q, MODULE_LOW_WARNING, &low))
		return HYSTERESIS * real_abs(high - low);
	return HYSTERESIS * real_abs(limit);
}

static uint8_t exceeded(const struct cage *c, enum module_quantity q, enum module_limit l)
{
	bool high = l == MODULE_HIGH_ALARM || l == MODULE_HIGH_WARNING;
	uint8_t lanes = 0;
	double limit;

	if (!c->module.measures[q] || !cage_limit(c, q, l, &limit))
		return 0;
	for (unsigned n = 0; n < module_lanes(&c->module, q); n++)
		if (exceeds(c->module.values[q][n], limit, high, c->exceeded[q][l] & 1 << n,
			    slack_of(c, q, limit)))
			lanes |= 1 << n;
	return lanes;
}

bool cage_exceed(struct cage *c)
{
	bool changed = false;

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++)
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
			uint8_t now = exceeded(c, q, l);

			changed |= now != c->exceeded[q][l];
			c->exceeded[q][l] = now;
		}
	return changed;
}

/* Of two limits that are both given, the first must not be above the second. */
static void check_order(const struct iface *i, const struct sfp_thresholds *t,
			enum module_quantity q, enum module_limit low, enum module_limit high,
			struct errors *e)
{
	unsigned a = q * MODULE_LIMITS + low, b = q * MODULE_LIMITS + high;

	if ((t->o.present & BIT64(a)) && (t->o.present & BIT64(b)) &&
	    t->values[q][low] > t->values[q][high])
		errors_add(e, object_where(&sfp_thresholds_feature, &rows[a], &t->o),
			   "%s: sfp.thresholds.%s: is above %s", i->name, rows[a].key, rows[b].key);
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct sfp_thresholds *t =
		(const struct sfp_thresholds *)iface_object(i, &sfp_thresholds_feature);

	if (!t)
		return;
	if (*iface_kind(i))
		errors_add(e, &i->where, "%s: sfp.thresholds: a device of kind \"%s\" has no cage",
			   i->name, iface_kind(i));
	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		check_order(i, t, q, MODULE_LOW_ALARM, MODULE_LOW_WARNING, e);
		check_order(i, t, q, MODULE_LOW_WARNING, MODULE_HIGH_WARNING, e);
		check_order(i, t, q, MODULE_HIGH_WARNING, MODULE_HIGH_ALARM, e);
		check_order(i, t, q, MODULE_LOW_ALARM, MODULE_HIGH_ALARM, e);
	}
}

struct feature sfp_thresholds_feature = {
	.name = "sfp.thresholds", .help = "Limits in the place of the module's own",
	.form = FORM_GROUP, .size = sizeof(struct sfp_thresholds), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .check = check,
};
