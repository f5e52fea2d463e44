// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SFP and QSFP cages: the module that is in, what it measures, and why there is
 * no link. No message of the kernel tells any of it: watch.c looks.
 */
#include "features/sfp/sfp.h"

#include <math.h>
#include <stdio.h>

#include "core/config.h"
#include "features/features.h"
#include "util/real.h"

/* Share of the way between the limits by which a value must come back, for an alarm to end. */
#define HYSTERESIS 0.02

struct sfp {
	struct object o;
	uint64_t interval; /* hundredths of a second */
	uint8_t present;
	char *type, *vendor, *oui, *part, *revision, *serial, *date, *connector, *problem, *no_link;
	json_t *compliance, *reach, *temperature, *voltage, *bias, *tx_power, *rx_power, *limits,
		*alarms;
	uint32_t bit_rate, lanes;
	double wavelength, power;
	uint64_t read_usec;
};

/* ---- types of what is only shown ---- */

static int state_parse(struct parse *p, const config_setting_t *s _unused_, void *v _unused_)
{
	return parse_refuse(p, "is the module's to say and cannot be set");
}

static json_t *table_json(const struct row *row _unused_, const void *v)
{
	return json_incref(*(json_t *const *)v);
}

static bool table_equal(const struct row *row _unused_, const void *a, const void *b)
{
	return json_equal(*(json_t *const *)a, *(json_t *const *)b);
}

static void table_copy(struct arena *a _unused_, void *to, const void *from)
{
	*(json_t **)to = json_incref(*(json_t *const *)from);
}

static void table_done(void *v)
{
	json_decref(*(json_t **)v);
	*(json_t **)v = NULL;
}

#define TABLE_TYPE(type_name, sig)                                                                 \
	{ .name = type_name, .signature = sig, .size = sizeof(json_t *), .parse = state_parse,     \
	  .json = table_json, .equal = table_equal, .copy = table_copy, .done = table_done }

static const struct type type_texts = TABLE_TYPE("texts", "as");
static const struct type type_numbers = TABLE_TYPE("numbers", "ad");
static const struct type type_table = TABLE_TYPE("table", "a{sv}");

static json_t *real_json(const struct row *row _unused_, const void *v)
{
	return json_real(*(const double *)v);
}

static const struct type type_real = {
	.name = "number", .signature = "d", .size = sizeof(double), .parse = state_parse,
	.json = real_json,
};

enum {
	INTERVAL, PRESENT, TYPE, VENDOR, OUI, PART, REVISION, SERIAL, DATE, CONNECTOR, COMPLIANCE,
	BIT_RATE, LANES, WAVELENGTH, REACH, POWER, PROBLEM, NO_LINK, TEMPERATURE, VOLTAGE, BIAS,
	TX_POWER, RX_POWER, LIMITS, ALARMS, READ_USEC,
};

#define STATE(k, t, member, h)                                                                     \
	{ .key = k, .type = t, VALUE(sfp, member), .flags = ROW_STATE, .help = h }
#define MEASURED(k, t, member, h)                                                                  \
	{ .key = k, .type = t, VALUE(sfp, member), .flags = ROW_STATE | ROW_VOLATILE, .help = h }

static const struct row rows[] = {
	[INTERVAL] = { .key = "interval", .type = &type_clock64, VALUE(sfp, interval),
		       .flags = ROW_POLICY, .min = 20, .max = 360000,
		       .help = "How often to look into the cage; 5s by itself. The kernel does not "
			       "tell when a module comes or goes" },
	[PRESENT] = STATE("present", &type_bool, present, "Is there a module in the cage?"),
	[TYPE] = STATE("type", &type_string, type, "Kind of module (SFF-8024, table 4-1)"),
	[VENDOR] = STATE("vendor", &type_string, vendor, "Who made it"),
	[OUI] = STATE("oui", &type_string, oui, "IEEE number of the vendor"),
	[PART] = STATE("part", &type_string, part, "The vendor's part number"),
	[REVISION] = STATE("revision", &type_string, revision, "The part's revision"),
	[SERIAL] = STATE("serial", &type_string, serial, "Serial number"),
	[DATE] = STATE("date", &type_string, date, "When it was made"),
	[CONNECTOR] = STATE("connector", &type_string, connector, "What plugs into it (SFF-8024)"),
	[COMPLIANCE] = STATE("compliance", &type_texts, compliance,
			     "Standards that it says it is made for"),
	[BIT_RATE] = STATE("bit_rate", &type_u32, bit_rate, "Bit rate of a lane, Mbit/s"),
	[LANES] = STATE("lanes", &type_u32, lanes, "Lanes that are measured"),
	[WAVELENGTH] = STATE("wavelength", &type_real, wavelength, "Of the laser, nm"),
	[REACH] = STATE("reach", &type_table, reach, "Metres, by the kind of fibre or cable"),
	[POWER] = STATE("power", &type_real, power, "What it takes at most, W"),
	[PROBLEM] = STATE("problem", &type_string, problem, "What is wrong with its memory"),
	[NO_LINK] = STATE("no_link", &type_string, no_link, "Why there is no link"),
	[TEMPERATURE] = MEASURED("temperature", &type_numbers, temperature, "°C"),
	[VOLTAGE] = MEASURED("voltage", &type_numbers, voltage, "Of the supply, V"),
	[BIAS] = MEASURED("bias", &type_numbers, bias, "Current of each lane's laser, mA"),
	[TX_POWER] = MEASURED("tx_power", &type_numbers, tx_power, "Light sent by each lane, mW"),
	[RX_POWER] = MEASURED("rx_power", &type_numbers, rx_power, "Light received by each lane, mW"),
	[LIMITS] = STATE("limits", &type_table, limits, "The module's own limits, by what is measured"),
	[ALARMS] = STATE("alarms", &type_texts, alarms, "Limits that are exceeded now"),
	[READ_USEC] = MEASURED("read_usec", &type_u64, read_usec,
			       "When the values were read, us since 1970"),
};

/* Numbers of a module have no more digits than this. */
static double tidy(double v)
{
	return real_round(v * 1e4) / 1e4;
}

static unsigned lanes_of(const struct module *m, enum module_quantity q)
{
	return q < MODULE_BIAS ? 1 : m->n_lanes;
}

static json_t *values_json(const struct module *m, enum module_quantity q)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < lanes_of(m, q); n++)
		json_array_append_new(j, json_real(tidy(m->values[q][n])));
	return j;
}

static json_t *limits_json(const struct module *m)
{
	json_t *j = json_object();

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		json_t *of = json_object();

		for (enum module_limit l = 0; l < MODULE_LIMITS; l++)
			json_object_set_new(of, module_limit_name(l), json_real(tidy(m->limits[q][l])));
		if (m->has_limits[q])
			json_object_set(j, module_quantity_name(q), of);
		json_decref(of);
	}
	return j;
}

static json_t *reach_json(const struct module *m)
{
	const struct {
		const char *name;
		unsigned metres;
	} reach[] = {
		{ "smf", m->smf }, { "om1", m->om1 }, { "om2", m->om2 }, { "om3", m->om3 },
		{ "om4", m->om4 }, { "om5", m->om5 }, { "copper", m->copper },
	};
	json_t *j = json_object();

	for (unsigned n = 0; n < ARRAY_SIZE(reach); n++)
		if (reach[n].metres)
			json_object_set_new(j, reach[n].name, json_integer(reach[n].metres));
	return j;
}

static json_t *alarms_json(const struct cage *c)
{
	json_t *j = json_array();

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++)
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++)
			for (unsigned n = 0; n < lanes_of(&c->module, q); n++) {
				char text[64], lane[24] = "";

				if (!(c->exceeded[q][l] & 1 << n))
					continue;
				if (lanes_of(&c->module, q) > 1)
					snprintf(lane, sizeof(lane), " of lane %u", n + 1);
				snprintf(text, sizeof(text), "%s%s: %s", module_quantity_name(q), lane,
					 module_limit_name(l));
				json_array_append_new(j, json_string(text));
			}
	return j;
}

static bool exceeds(double v, double limit, bool high, bool already, double slack)
{
	if (already)
		return high ? v > limit - slack : v < limit + slack;
	return high ? v > limit : v < limit;
}

bool cage_exceed(struct cage *c)
{
	const struct module *m = &c->module;
	bool changed = false;

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		double slack = HYSTERESIS * fabs(m->limits[q][MODULE_HIGH_WARNING] -
						 m->limits[q][MODULE_LOW_WARNING]);

		for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
			bool high = l == MODULE_HIGH_ALARM || l == MODULE_HIGH_WARNING;
			uint8_t now = 0;

			for (unsigned n = 0; n < lanes_of(m, q) && m->has_limits[q]; n++)
				if (exceeds(m->values[q][n], m->limits[q][l], high,
					    c->exceeded[q][l] & 1 << n, slack))
					now |= 1 << n;
			changed |= now != c->exceeded[q][l];
			c->exceeded[q][l] = now;
		}
	}
	return changed;
}

char *sfp_why_no_link(const struct cage *c)
{
	const struct module *m = &c->module;
	double limit = m->limits[MODULE_RX_POWER][MODULE_LOW_ALARM];

	if (c->carrier)
		return NULL;
	if (!c->up)
		return str_dup("administratively down");
	if (c->empty)
		return str_dup("the cage is empty");
	if (c->error)
		return str_format("the module cannot be read: %s", strerror(-c->error));
	if (m->problem)
		return str_format("the module is not understood: %s", m->problem);
	if (m->tx_fault)
		return str_dup("the module reports a transmit fault");
	if (m->measures[MODULE_RX_POWER] && m->has_limits[MODULE_RX_POWER] &&
	    m->values[MODULE_RX_POWER][0] < limit)
		return str_format("too little light is received: %.1f dBm, at least %.1f dBm are needed",
				  module_dbm(m->values[MODULE_RX_POWER][0]), module_dbm(limit));
	if (m->rx_los)
		return str_dup("no signal is received: the cable, or the far end's transmitter");
	return str_dup("a signal is received, but there is no link: the far end may have another "
		       "speed, mode or autonegotiation");
}

static void set_text(struct sfp *s, unsigned row, char **to, const char *text)
{
	if (!text || !*text)
		return;
	*to = str_dup(text);
	s->o.present |= BIT64(row);
}

static void set_table(struct sfp *s, unsigned row, json_t **to, json_t *j)
{
	*to = j;
	s->o.present |= BIT64(row);
}

static void fill_identity(struct sfp *s, const struct module *m)
{
	char oui[12], unknown[16];

	snprintf(oui, sizeof(oui), "%02x:%02x:%02x", m->oui[0], m->oui[1], m->oui[2]);
	snprintf(unknown, sizeof(unknown), "type 0x%02x", m->identifier);
	set_text(s, TYPE, &s->type, module_identifier_name(m->identifier) ?
					    module_identifier_name(m->identifier) : unknown);
	set_text(s, PROBLEM, &s->problem, m->problem);
	if (m->map == MODULE_UNKNOWN)
		return;
	set_text(s, VENDOR, &s->vendor, m->vendor);
	set_text(s, OUI, &s->oui, oui);
	set_text(s, PART, &s->part, m->part);
	set_text(s, REVISION, &s->revision, m->revision);
	set_text(s, SERIAL, &s->serial, m->serial);
	set_text(s, DATE, &s->date, m->date);
	set_text(s, CONNECTOR, &s->connector, module_connector_name(m->connector));
	set_table(s, COMPLIANCE, &s->compliance, json_array());
	for (unsigned n = 0; n < m->n_codes; n++)
		json_array_append_new(s->compliance, json_string(m->codes[n]));
	set_table(s, REACH, &s->reach, reach_json(m));
	s->bit_rate = m->bit_rate;
	s->wavelength = tidy(m->wavelength);
	s->power = tidy(m->power);
	s->o.present |= (m->bit_rate ? BIT64(BIT_RATE) : 0) | (m->power > 0 ? BIT64(POWER) : 0) |
			(m->wavelength > 0 ? BIT64(WAVELENGTH) : 0);
}

static void fill_values(struct sfp *s, const struct cage *c)
{
	const struct module *m = &c->module;
	json_t **const where[MODULE_QUANTITIES] = {
		[MODULE_TEMPERATURE] = &s->temperature, [MODULE_VOLTAGE] = &s->voltage,
		[MODULE_BIAS] = &s->bias, [MODULE_TX_POWER] = &s->tx_power,
		[MODULE_RX_POWER] = &s->rx_power,
	};

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++)
		if (m->measures[q])
			set_table(s, TEMPERATURE + q, where[q], values_json(m, q));
	if (!m->n_lanes)
		return;
	set_table(s, LIMITS, &s->limits, limits_json(m));
	set_table(s, ALARMS, &s->alarms, alarms_json(c));
	s->lanes = m->n_lanes;
	s->read_usec = c->read_usec;
	s->o.present |= BIT64(LANES) | BIT64(READ_USEC);
}

static bool differ(const struct sfp *a, const struct sfp *b)
{
	FOREACH_ROW(&sfp_feature, r) {
		uint64_t bit = row_bit(&sfp_feature, r);

		if (!(r->flags & ROW_VOLATILE) && (((a->o.present ^ b->o.present) & bit) ||
						   ((a->o.present & bit) && !row_equal(r, &a->o, &b->o))))
			return true;
	}
	return false;
}

bool sfp_fill(struct mirror *m, struct iface *i, const struct cage *c)
{
	struct sfp *s = (struct sfp *)iface_get_object(mirror_model(m), i, &sfp_feature);
	struct sfp before = *s;
	_cleanup_free_ char *why = sfp_why_no_link(c);
	bool changed;

	memset(s, 0, sizeof(*s));
	s->present = !c->empty;
	s->o.present |= BIT64(PRESENT);
	set_text(s, NO_LINK, &s->no_link, why);
	if (!c->empty && !c->error) {
		fill_identity(s, &c->module);
		fill_values(s, c);
	}
	changed = differ(&before, s);
	object_clear(&sfp_feature, &before.o);
	return changed;
}

uint64_t sfp_interval(const struct iface *want)
{
	const struct sfp *s = (const struct sfp *)iface_object(want, &sfp_feature);

	return s && (s->o.present & BIT64(INTERVAL)) ? s->interval * 10000 : 0;
}

static void configured(void *data, const struct model *want)
{
	sfp_watch_configured(data, want);
}

static void *watch(struct mirror *m, sd_event *event)
{
	return sfp_watch_new(m, event);
}

static void unwatch(void *data)
{
	sfp_watch_free(data);
}

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	const struct cage *c;

	if (!m->watchers || !m->watchers[sfp_feature.id])
		return 0;
	c = sfp_watch_note(m->watchers[sfp_feature.id], i);
	if (c)
		sfp_fill(m, i, c);
	return 0;
}

struct feature sfp_feature = {
	.name = "sfp", .help = "The cage of a pluggable module", .form = FORM_GROUP,
	.size = sizeof(struct sfp), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.watch = watch, .unwatch = unwatch, .configured = configured, .observe_link = observe_link,
};
