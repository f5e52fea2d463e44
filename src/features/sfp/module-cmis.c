// SPDX-License-Identifier: LGPL-2.1-or-later
/* QSFP-DD, OSFP and SFP-DD modules: CMIS 5.2. The identity is in page 0, what it can do in page
 * 1, limits in page 2, the lanes in page 11h, of bank 0. */
#include <string.h>

#include "features/sfp/module.h"

/* SFF-8024, tables 4-6 and 4-7: media interfaces; those in use. */
static const char *media_name(uint8_t type, uint8_t media)
{
	static const struct {
		uint8_t type, media;
		const char *name;
	} names[] = {
		{ 0x01, 0x07, "100GBASE-SR4" }, { 0x01, 0x09, "200GBASE-SR4" },
		{ 0x01, 0x10, "400GBASE-SR8" }, { 0x01, 0x11, "400GBASE-SR4" },
		{ 0x02, 0x10, "100GBASE-LR4" }, { 0x02, 0x14, "100GBASE-DR" },
		{ 0x02, 0x15, "100GBASE-FR1" }, { 0x02, 0x16, "100GBASE-LR1" },
		{ 0x02, 0x17, "200GBASE-DR4" }, { 0x02, 0x18, "200GBASE-FR4" },
		{ 0x02, 0x19, "200GBASE-LR4" }, { 0x02, 0x1a, "400GBASE-FR8" },
		{ 0x02, 0x1b, "400GBASE-LR8" }, { 0x02, 0x1c, "400GBASE-DR4" },
		{ 0x02, 0x1d, "400GBASE-FR4" }, { 0x02, 0x1e, "400GBASE-LR4-6" },
		{ 0x03, 0x01, "passive cable" }, { 0x04, 0x01, "active cable" },
		{ 0x04, 0x02, "active cable" },
	};

	for (unsigned n = 0; n < sizeof(names) / sizeof(*names); n++)
		if (names[n].type == type && names[n].media == media)
			return names[n].name;
	return NULL;
}

/* Table 8-15: up to eight applications of four bytes; 0xff ends. */
static void decode_applications(const uint8_t *lower, struct module *m)
{
	for (unsigned at = 86; at < 118 && lower[at] != 0xff; at += 4) {
		unsigned lanes = lower[at + 2] & 0x0f;

		module_code(m, media_name(lower[85], lower[at + 1]));
		if (lanes > m->n_lanes && lanes <= MODULE_LANES)
			m->n_lanes = lanes;
	}
	if (!m->n_lanes)
		m->n_lanes = 1;
}

static bool is_copper(const uint8_t *p0)
{
	return p0[84] >= 0x0a && p0[84] <= 0x0f; /* table 8-40 */
}

static void decode_identity(const uint8_t *p0, struct module *m)
{
	static const double scale[] = { 0.1, 1, 10, 100 };

	m->connector = p0[75];
	module_text(m->vendor, sizeof(m->vendor), p0 + 1, 16);
	memcpy(m->oui, p0 + 17, sizeof(m->oui));
	module_text(m->part, sizeof(m->part), p0 + 20, 16);
	module_text(m->revision, sizeof(m->revision), p0 + 36, 2);
	module_text(m->serial, sizeof(m->serial), p0 + 38, 16);
	module_date(m->date, p0 + 54);
	m->power = p0[73] / 4.0;
	if (is_copper(p0))
		m->copper = scale[p0[74] >> 6] * (p0[74] & 0x3f);
	if (!module_checksum(p0, 94))
		m->problem = "the checksum of its identity (page 0, bytes 128 to 221) is wrong";
}

/* Page 1; table 8-46 and on. */
static void decode_abilities(const uint8_t *p1, struct module *m)
{
	m->smf = (p1[4] >> 6 == 1 ? 1000 : 100) * (p1[4] & 0x3f);
	m->om5 = 2 * p1[5];
	m->om4 = 2 * p1[6];
	m->om3 = 2 * p1[7];
	m->om2 = p1[8];
	m->wavelength = m->copper ? 0 : be16(p1 + 10) * 0.05;
	m->measures[MODULE_TEMPERATURE] = p1[31] & 0x01;
	m->measures[MODULE_VOLTAGE] = p1[31] & 0x02;
	m->measures[MODULE_BIAS] = p1[32] & 0x01;
	m->measures[MODULE_TX_POWER] = p1[32] & 0x02;
	m->measures[MODULE_RX_POWER] = p1[32] & 0x04;
	if (!m->problem && !module_checksum(p1 + 2, 125))
		m->problem = "the checksum of its abilities (page 1, bytes 130 to 254) is wrong";
}

/* Byte 160 of page 1: the bias' unit of 2 uA may be two or four times as large. */
static double bias_unit(const uint8_t *p1)
{
	unsigned multiplier = p1[32] >> 3 & 3;

	return 0.002 * (multiplier == 3 ? 1 : 1 << multiplier);
}

static void decode_limits(const uint8_t *p2, double bias, struct module *m)
{
	/* Tables 8-60 and 8-61. */
	static const uint8_t at[MODULE_QUANTITIES] = {
		[MODULE_TEMPERATURE] = 0, [MODULE_VOLTAGE] = 8, [MODULE_TX_POWER] = 48,
		[MODULE_BIAS] = 56,	  [MODULE_RX_POWER] = 64,
	};

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		double unit = q == MODULE_TEMPERATURE ? 1 / 256.0 : q == MODULE_BIAS ? bias :
			0.0001;

		m->has_limits[q] = m->measures[q];
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
			const uint8_t *p = p2 + at[q] + 2 * l;

			m->limits[q][l] = unit *
					  (q == MODULE_TEMPERATURE ? be16s(p) : (int)be16(p));
		}
	}
}

static void decode_lanes(const uint8_t *p11, double bias, struct module *m)
{
	/* Table 8-80: a byte each limit, a bit each lane; in the order of the limits. */
	for (unsigned n = 0; n < m->n_lanes; n++) {
		m->values[MODULE_TX_POWER][n] = be16(p11 + 26 + 2 * n) * 0.0001;
		m->values[MODULE_BIAS][n] = be16(p11 + 42 + 2 * n) * bias;
		m->values[MODULE_RX_POWER][n] = be16(p11 + 58 + 2 * n) * 0.0001;
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
			m->flags[MODULE_TX_POWER][n] |= (p11[11 + l] >> n & 1) << l;
			m->flags[MODULE_BIAS][n] |= (p11[15 + l] >> n & 1) << l;
			m->flags[MODULE_RX_POWER][n] |= (p11[21 + l] >> n & 1) << l;
		}
	}
	m->tx_fault = p11[7];
	m->rx_los = p11[19];
}

void module_decode_cmis(const struct module_memory *memory, struct module *m)
{
	const uint8_t *lower = module_half(memory, 0x50, 0, 0);
	const uint8_t *p0 = module_half(memory, 0x50, 0, 128),
		      *p1 = module_half(memory, 0x50, 1, 128);
	const uint8_t *p2 = module_half(memory, 0x50, 2, 128);
	const uint8_t *p11 = module_half(memory, 0x50, 0x11, 128);

	if (!p0) {
		m->problem = "its identity (page 0) cannot be read";
		return;
	}
	decode_identity(p0, m);
	decode_applications(lower, m);
	if (!p1)
		return;
	decode_abilities(p1, m);
	m->values[MODULE_TEMPERATURE][0] = be16s(lower + 14) / 256.0;
	m->values[MODULE_VOLTAGE][0] = be16(lower + 16) / 10000.0;
	/* Table 8-8, from the lowest bit up. */
	m->flags[MODULE_TEMPERATURE][0] = lower[9] & 0x0f;
	m->flags[MODULE_VOLTAGE][0] = lower[9] >> 4;
	if (p2)
		decode_limits(p2, bias_unit(p1), m);
	if (p11)
		decode_lanes(p11, bias_unit(p1), m);
}
