// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SFP modules: SFF-8472, revision 12.4. Address A0h has the identity, A2h the
 * diagnostics, whose raw numbers may have to be calibrated by constants that
 * stand beside them (external calibration, 9.3).
 */
#include <math.h>
#include <string.h>

#include "features/sfp/module.h"

static void decode_codes(const uint8_t *a0, struct module *m)
{
	/* Table 5-3. */
	static const char *const ethernet10g[8] = { "10GBASE-ER", "10GBASE-LRM", "10GBASE-LR",
						    "10GBASE-SR" };
	static const char *const ethernet[8] = {
		"BASE-PX",    "BASE-BX10",    "100BASE-FX",  "100BASE-LX",
		"1000BASE-T", "1000BASE-CX", "1000BASE-LX", "1000BASE-SX",
	};
	static const char *const cable[8] = { [4] = "active cable", [5] = "passive cable" };

	module_bits(m, a0[3], ethernet10g);
	module_bits(m, a0[6], ethernet);
	module_bits(m, a0[8], cable);
	module_code(m, module_extended_code(a0[36]));
	/* It has no code of its own: the kernel goes by the rate (sfp_parse_support()). */
	if (!m->n_codes && a0[12] == 31)
		module_code(m, "2500BASE-X");
}

static bool is_cable(const uint8_t *a0)
{
	return a0[8] & 0x0c;
}

static void decode_lengths(const uint8_t *a0, struct module *m)
{
	m->smf = a0[14] && a0[14] != 255 ? a0[14] * 1000 : a0[15] * 100;
	m->om2 = a0[16] * 10;
	m->om1 = a0[17] * 10;
	if (is_cable(a0) || (a0[6] & 0x08))
		m->copper = a0[18];
	else
		m->om4 = a0[18] * 10;
	m->om3 = a0[19] * 10;
}

/* Table 8-3: levels 2 to 4, of which the last is at least so much. */
static double power_of(const uint8_t *a0)
{
	if (a0[64] & 0x40)
		return 2.5;
	if (a0[64] & 0x20)
		return 2.0;
	return a0[64] & 0x02 ? 1.5 : 1.0;
}

static void decode_identity(const uint8_t *a0, struct module *m)
{
	m->connector = a0[2];
	module_text(m->vendor, sizeof(m->vendor), a0 + 20, 16);
	memcpy(m->oui, a0 + 37, sizeof(m->oui));
	module_text(m->part, sizeof(m->part), a0 + 40, 16);
	module_text(m->revision, sizeof(m->revision), a0 + 56, 4);
	module_text(m->serial, sizeof(m->serial), a0 + 68, 16);
	module_date(m->date, a0 + 84);
	m->bit_rate = a0[12] == 255 ? a0[66] * 250 : a0[12] * 100;
	if (!is_cable(a0))
		m->wavelength = be16(a0 + 60);
	m->power = power_of(a0);
	decode_codes(a0, m);
	decode_lengths(a0, m);
	if (!module_checksum(a0, 63))
		m->problem = "the checksum of its identity (bytes 0 to 62) is wrong";
	else if (!module_checksum(a0 + 64, 31))
		m->problem = "the checksum of its options (bytes 64 to 94) is wrong";
}

/* Slope and offset of table 9-6, by quantity; received power has a polynomial. */
static const uint8_t calibration[MODULE_QUANTITIES] = {
	[MODULE_BIAS] = 76, [MODULE_TX_POWER] = 80, [MODULE_TEMPERATURE] = 84,
	[MODULE_VOLTAGE] = 88,
};

static double read_float(const uint8_t *p)
{
	uint32_t bits = (uint32_t)be16(p) << 16 | be16(p + 2);
	float f;

	memcpy(&f, &bits, sizeof(f));
	return isfinite(f) ? f : 0;
}

static double calibrate(const uint8_t *a2, enum module_quantity q, double raw)
{
	double power = 1, sum = 0;

	if (q != MODULE_RX_POWER)
		return raw * be16(a2 + calibration[q]) / 256 + be16s(a2 + calibration[q] + 2);
	/* From the constant at 72 to the fourth power at 56. */
	for (unsigned n = 0; n < 5; n++, power *= raw)
		sum += power * read_float(a2 + 72 - 4 * n);
	return sum;
}

static double value_of(const struct module *m, const uint8_t *a2, enum module_quantity q,
		       unsigned at)
{
	static const double unit[MODULE_QUANTITIES] = {
		[MODULE_TEMPERATURE] = 1 / 256.0, [MODULE_VOLTAGE] = 0.0001,
		[MODULE_BIAS] = 0.002,		  [MODULE_TX_POWER] = 0.0001,
		[MODULE_RX_POWER] = 0.0001,
	};
	double raw = q == MODULE_TEMPERATURE ? be16s(a2 + at) : (int)be16(a2 + at);

	if (m->calibrated_outside)
		raw = calibrate(a2, q, raw);
	/* A power below nothing is the calibration's noise. */
	return q == MODULE_TEMPERATURE || raw > 0 ? raw * unit[q] : 0;
}

static void decode_diagnostics(const uint8_t *a0, const uint8_t *a2, struct module *m)
{
	unsigned alarms = be16(a2 + 112), warnings = be16(a2 + 116);

	m->n_lanes = 1;
	m->calibrated_outside = a0[92] & 0x10;
	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		m->measures[q] = m->has_limits[q] = true;
		m->values[q][0] = value_of(m, a2, q, 96 + 2 * q);
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++)
			m->limits[q][l] = value_of(m, a2, q, 8 * q + 2 * l);
		/* Table 9-12: high and low of each quantity, from the highest bit down. */
		if (a0[93] & 0x80)
			m->flags[q][0] =
				(alarms << 2 * q & 0x8000 ? 1 << MODULE_HIGH_ALARM : 0) |
				(alarms << 2 * q & 0x4000 ? 1 << MODULE_LOW_ALARM : 0) |
				(warnings << 2 * q & 0x8000 ? 1 << MODULE_HIGH_WARNING : 0) |
				(warnings << 2 * q & 0x4000 ? 1 << MODULE_LOW_WARNING : 0);
	}
	m->tx_fault = !!(a2[110] & 0x04);
	m->rx_los = !!(a2[110] & 0x02);
	if (!m->problem && !module_checksum(a2, 95))
		m->problem = "the checksum of its limits (A2h, bytes 0 to 94) is wrong";
}

void module_decode_sff8472(const struct module_memory *memory, struct module *m)
{
	const uint8_t *a0 = module_half(memory, 0x50, 0, 0), *a2 = module_half(memory, 0x51, 0, 0);

	decode_identity(a0, m);
	if (a2)
		decode_diagnostics(a0, a2, m);
}
