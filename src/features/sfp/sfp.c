// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SFP and QSFP cages: the module that is in, what it measures, and why there is
 * no link. No message of the kernel tells any of it: watch.c looks.
 */
#include "features/sfp/sfp.h"

#include <stdio.h>

#include "core/config.h"
#include "util/dbm.h"
#include "util/real.h"

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

#define STATE(k, t, member, h)                                                                     \
	{ .key = k, .type = t, VALUE(sfp, member), .flags = ROW_STATE, .help = h }
#define MEASURED(k, t, member, h)                                                                  \
	{ .key = k, .type = t, VALUE(sfp, member), .flags = ROW_STATE | ROW_VOLATILE, .help = h }

static const struct row rows[] = {
	[SFP_INTERVAL] = { .key = "interval", .type = &type_clock64, VALUE(sfp, interval),
		       .flags = ROW_POLICY, .min = 20, .max = 360000,
		       .help = "How often to look into the cage; 5s by itself. The kernel does not "
			       "tell when a module comes or goes" },
	[SFP_MODE] = { .key = "mode", .type = &type_sfp_mode, VALUE(sfp, link.mode),
		       .data = sfp_mode_words, .flags = ROW_SELF, .phase = PHASE_PHY,
		       .effect = EFFECT_BOUNCE, .initial = "\"auto\"",
		       .help = "How MAC and module speak to each other; auto: as fast as both "
			       "can" },
	[SFP_INBAND] = { .key = "inband", .type = &type_bool, VALUE(sfp, link.inband),
			 .flags = ROW_SELF, .phase = PHASE_PHY, .effect = EFFECT_BOUNCE,
			 .initial = "true",
			 .help = "Autonegotiation within 1000base-x and 2500base-x; some modules "
				 "(GPON) answer none" },
	[SFP_PRESENT] = STATE("present", &type_bool, present, "Is there a module in the cage?"),
	[SFP_INTERFACE] = { .key = "interface", .type = &type_enum8, VALUE(sfp, link.interface),
			    .data = sfp_mode_words, .flags = ROW_STATE,
			    .help = "The mode that the kernel has chosen" },
	[SFP_MODES] = STATE("modes", &type_sfp_modes, link.modes,
			    "The modes that MAC and module have in common"),
	[SFP_MISMATCH] = STATE("mismatch", &type_string, mismatch,
			       "What is not as \"require\" says"),
	[SFP_TYPE] = STATE("type", &type_string, type, "Kind of module (SFF-8024, table 4-1)"),
	[SFP_VENDOR] = STATE("vendor", &type_string, vendor, "Who made it"),
	[SFP_OUI] = STATE("oui", &type_string, oui, "IEEE number of the vendor"),
	[SFP_PART] = STATE("part", &type_string, part, "The vendor's part number"),
	[SFP_REVISION] = STATE("revision", &type_string, revision, "The part's revision"),
	[SFP_SERIAL] = STATE("serial", &type_string, serial, "Serial number"),
	[SFP_DATE] = STATE("date", &type_string, date, "When it was made"),
	[SFP_CONNECTOR] = STATE("connector", &type_string, connector,
				"What plugs into it (SFF-8024)"),
	[SFP_COMPLIANCE] = STATE("compliance", &type_texts, compliance,
			     "Standards that it says it is made for"),
	[SFP_BIT_RATE] = STATE("bit_rate", &type_u32, bit_rate, "Bit rate of a lane, Mbit/s"),
	[SFP_LANES] = STATE("lanes", &type_u32, lanes, "Lanes that are measured"),
	[SFP_WAVELENGTH] = STATE("wavelength", &type_real, wavelength, "Of the laser, nm"),
	[SFP_REACH] = STATE("reach", &type_table, reach, "Metres, by the kind of fibre or cable"),
	[SFP_POWER] = STATE("power", &type_real, power, "What it takes at most, W"),
	[SFP_PROBLEM] = STATE("problem", &type_string, problem, "What is wrong with its memory"),
	[SFP_NO_LINK] = STATE("no_link", &type_string, no_link, "Why there is no link"),
	[SFP_TEMPERATURE] = MEASURED("temperature", &type_numbers, temperature, "°C"),
	[SFP_VOLTAGE] = MEASURED("voltage", &type_numbers, voltage, "Of the supply, V"),
	[SFP_BIAS] = MEASURED("bias", &type_numbers, bias, "Current of each lane's laser, mA"),
	[SFP_TX_POWER] = MEASURED("tx_power", &type_numbers, tx_power,
				  "Light sent by each lane, mW"),
	[SFP_RX_POWER] = MEASURED("rx_power", &type_numbers, rx_power,
				  "Light received by each lane, mW"),
	[SFP_LIMITS] = STATE("limits", &type_table, limits,
			     "Limits, by what is measured: of \"thresholds\", else the module's "
			     "own"),
	[SFP_ALARMS] = STATE("alarms", &type_texts, alarms, "Limits that are exceeded now"),
	[SFP_READ_USEC] = MEASURED("read_usec", &type_u64, read_usec,
			       "When the values were read, us since 1970"),
};

/* Numbers of a module have no more digits than this. */
static double tidy(double v)
{
	return real_round(v * 1e4) / 1e4;
}

static json_t *values_json(const struct module *m, enum module_quantity q)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < module_lanes(m, q); n++)
		json_array_append_new(j, json_real(tidy(m->values[q][n])));
	return j;
}

static json_t *limits_json(const struct cage *c)
{
	json_t *j = json_object();
	double limit;

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		json_t *of = json_object();

		for (enum module_limit l = 0; l < MODULE_LIMITS; l++)
			if (cage_limit(c, q, l, &limit))
				json_object_set_new(of, module_limit_name(l),
						    json_real(tidy(limit)));
		if (json_object_size(of))
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
			for (unsigned n = 0; n < module_lanes(&c->module, q); n++) {
				char text[64], lane[24] = "";

				if (!(c->exceeded[q][l] & 1 << n))
					continue;
				if (module_lanes(&c->module, q) > 1)
					snprintf(lane, sizeof(lane), " of lane %u", n + 1);
				snprintf(text, sizeof(text), "%s%s: %s", module_quantity_name(q),
					 lane, module_limit_name(l));
				json_array_append_new(j, json_string(text));
			}
	return j;
}

/* The kernel says it in its log only; its link modes stay those of before. */
static char *no_common_mode(const struct cage *c, const struct sfp_link *l)
{
	uint16_t modes = sfp_modes_of(&c->module);
	_cleanup_free_ char *mac = NULL, *module = NULL;

	if (!modes || !l->known || l->stale || c->settling || (modes & l->modes))
		return NULL;
	module = sfp_modes_text(modes);
	mac = sfp_modes_text(l->modes);
	return str_format("MAC and module have no mode in common: the module is made for %s, the "
			  "MAC's link modes are of %s", module, *mac ? mac : "none that is known");
}

char *sfp_why_no_link(const struct cage *c, const struct sfp_link *l)
{
	const struct module *m = &c->module;
	double limit = 0;
	char *why;

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
	why = no_common_mode(c, l);
	if (why)
		return why;
	if (m->tx_fault)
		return str_dup("the module reports a transmit fault");
	if (m->measures[MODULE_RX_POWER] &&
	    cage_limit(c, MODULE_RX_POWER, MODULE_LOW_ALARM, &limit) &&
	    m->values[MODULE_RX_POWER][0] < limit)
		return str_format(
			"too little light is received: %.1f dBm, at least %.1f dBm are needed",
			dbm_of(m->values[MODULE_RX_POWER][0]), dbm_of(limit));
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
	set_text(s, SFP_TYPE, &s->type, module_identifier_name(m->identifier) ?
					    module_identifier_name(m->identifier) : unknown);
	set_text(s, SFP_PROBLEM, &s->problem, m->problem);
	if (m->map == MODULE_UNKNOWN)
		return;
	set_text(s, SFP_VENDOR, &s->vendor, m->vendor);
	set_text(s, SFP_OUI, &s->oui, oui);
	set_text(s, SFP_PART, &s->part, m->part);
	set_text(s, SFP_REVISION, &s->revision, m->revision);
	set_text(s, SFP_SERIAL, &s->serial, m->serial);
	set_text(s, SFP_DATE, &s->date, m->date);
	set_text(s, SFP_CONNECTOR, &s->connector, module_connector_name(m->connector));
	set_table(s, SFP_COMPLIANCE, &s->compliance, json_array());
	for (unsigned n = 0; n < m->n_codes; n++)
		json_array_append_new(s->compliance, json_string(m->codes[n]));
	set_table(s, SFP_REACH, &s->reach, reach_json(m));
	s->bit_rate = m->bit_rate;
	s->wavelength = tidy(m->wavelength);
	s->power = tidy(m->power);
	s->o.present |= (m->bit_rate ? BIT64(SFP_BIT_RATE) : 0) |
			(m->power > 0 ? BIT64(SFP_POWER) : 0) |
			(m->wavelength > 0 ? BIT64(SFP_WAVELENGTH) : 0);
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
			set_table(s, SFP_TEMPERATURE + q, where[q], values_json(m, q));
	s->read_usec = c->read_usec;
	s->o.present |= BIT64(SFP_READ_USEC);
	if (!m->n_lanes)
		return;
	set_table(s, SFP_LIMITS, &s->limits, limits_json(c));
	set_table(s, SFP_ALARMS, &s->alarms, alarms_json(c));
	s->lanes = m->n_lanes;
	s->o.present |= BIT64(SFP_LANES);
}

static bool differ(const struct sfp *a, const struct sfp *b)
{
	FOREACH_ROW(&sfp_feature, r) {
		uint64_t bit = row_bit(&sfp_feature, r);

		if (!(r->flags & ROW_VOLATILE) &&
		    (((a->o.present ^ b->o.present) & bit) ||
		     ((a->o.present & bit) && !row_equal(r, &a->o, &b->o))))
			return true;
	}
	return false;
}

bool sfp_fill(struct mirror *m, struct iface *i, const struct cage *c)
{
	struct sfp *s = (struct sfp *)iface_get_object(mirror_model(m), i, &sfp_feature);
	struct sfp before = *s;
	struct sfp_link link = s->link;
	_cleanup_free_ char *why = sfp_why_no_link(c, &s->link), *mismatch = NULL;
	bool changed;

	memset(s, 0, sizeof(*s));
	s->link = link;
	s->present = !c->empty;
	s->o.present |= BIT64(SFP_PRESENT);
	sfp_mode_show(s);
	set_text(s, SFP_NO_LINK, &s->no_link, why);
	if (!c->empty && !c->error) {
		fill_identity(s, &c->module);
		fill_values(s, c);
	}
	mismatch = sfp_mismatch(c->require, s);
	set_text(s, SFP_MISMATCH, &s->mismatch, mismatch);
	changed = differ(&before, s);
	object_clear(&sfp_feature, &before.o);
	return changed;
}

uint64_t sfp_interval(const struct iface *want)
{
	const struct sfp *s = (const struct sfp *)iface_object(want, &sfp_feature);

	return s && (s->o.present & BIT64(SFP_INTERVAL)) ? s->interval * 10000 : 0;
}

bool sfp_follows(const struct iface *want)
{
	const struct object *o = iface_object(want, &sfp_feature);

	return o && o->present & (BIT64(SFP_MODE) | BIT64(SFP_INBAND));
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
	.sources = sfp_mode_sources, .observe = sfp_mode_observe, .check = sfp_mode_check,
	.statistics = sfp_statistics, .blocked = sfp_mode_blocked, .encode = sfp_mode_encode,
};
