// SPDX-License-Identifier: LGPL-2.1-or-later
/* QSFP, QSFP+ and QSFP28 modules: SFF-8636, revision 2.10a. Values stand in the lower half,
 * the identity in page 0, limits in page 3. Four lanes. */
#include <string.h>

#include "features/sfp/module.h"

#define LANES 4

static void decode_codes(const uint8_t *p0, struct module *m)
{
	/* Table 6-17, byte 131. */
	static const char *const ethernet[8] = {
		NULL, "10GBASE-LRM", "10GBASE-LR", "10GBASE-SR",
		"40GBASE-CR4", "40GBASE-SR4", "40GBASE-LR4", "40G active cable",
	};

	module_bits(m, p0[3], ethernet);
	if (p0[3] & 0x80)
		module_code(m, module_extended_code(p0[64]));
}

/* Table 6-16, byte 129: classes 1 to 4, 5 to 7, and 8, which says how much in byte 107. */
static double power_of(const uint8_t *lower, const uint8_t *p0)
{
	static const double low[] = { 1.5, 2.0, 2.5, 3.5 }, high[] = { 0, 4.0, 4.5, 5.0 };

	if (p0[1] & 0x20)
		return lower[107] / 10.0;
	return p0[1] & 0x03 ? high[p0[1] & 0x03] : low[p0[1] >> 6];
}

/* Byte 147: a copper cable, whose attenuation stands where others have the wavelength. */
static bool is_copper(const uint8_t *p0)
{
	return p0[19] >> 4 >= 0x0a;
}

static void decode_identity(const uint8_t *lower, const uint8_t *p0, struct module *m)
{
	m->connector = p0[2];
	module_text(m->vendor, sizeof(m->vendor), p0 + 20, 16);
	memcpy(m->oui, p0 + 37, sizeof(m->oui));
	module_text(m->part, sizeof(m->part), p0 + 40, 16);
	module_text(m->revision, sizeof(m->revision), p0 + 56, 2);
	module_text(m->serial, sizeof(m->serial), p0 + 68, 16);
	module_date(m->date, p0 + 84);
	m->bit_rate = p0[12] == 255 ? p0[94] * 250 : p0[12] * 100;
	m->power = power_of(lower, p0);
	m->smf = p0[14] * 1000;
	m->om3 = p0[15] * 2;
	m->om2 = p0[16];
	m->om1 = p0[17];
	if (is_copper(p0)) {
		m->copper = p0[18];
	} else {
		m->om4 = p0[18] * 2;
		m->wavelength = be16(p0 + 58) / 20.0;
	}
	decode_codes(p0, m);
	if (!module_checksum(p0, 63))
		m->problem = "the checksum of its identity (page 0, bytes 128 to 190) is wrong";
	else if (!module_checksum(p0 + 64, 31))
		m->problem = "the checksum of its options (page 0, bytes 192 to 222) is wrong";
}

static void decode_values(const uint8_t *lower, struct module *m)
{
	m->values[MODULE_TEMPERATURE][0] = be16s(lower + 22) / 256.0;
	m->values[MODULE_VOLTAGE][0] = be16(lower + 26) / 10000.0;
	for (unsigned n = 0; n < LANES; n++) {
		m->values[MODULE_RX_POWER][n] = be16(lower + 34 + 2 * n) / 10000.0;
		m->values[MODULE_BIAS][n] = be16(lower + 42 + 2 * n) * 0.002;
		m->values[MODULE_TX_POWER][n] = be16(lower + 50 + 2 * n) / 10000.0;
	}
	/*
	 * Table 6-5, from the highest bit down: high alarm, low alarm, high warning, low warning.
	 */
	for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
		m->flags[MODULE_TEMPERATURE][0] |= (lower[6] >> (7 - l) & 1) << l;
		m->flags[MODULE_VOLTAGE][0] |= (lower[7] >> (7 - l) & 1) << l;
		for (unsigned n = 0; n < LANES; n++) {
			unsigned shift = (n % 2 ? 3 : 7) - l;

			m->flags[MODULE_RX_POWER][n] |= (lower[9 + n / 2] >> shift & 1) << l;
			m->flags[MODULE_BIAS][n] |= (lower[11 + n / 2] >> shift & 1) << l;
			m->flags[MODULE_TX_POWER][n] |= (lower[13 + n / 2] >> shift & 1) << l;
		}
	}
	m->rx_los = lower[3] & 0x0f;
	m->tx_fault = lower[4] & 0x0f;
}

static void decode_limits(const uint8_t *p3, struct module *m)
{
	/* Table 6-28, places within the page; units as those of the values. */
	static const struct {
		uint8_t at;
		double unit;
	} where[MODULE_QUANTITIES] = {
		[MODULE_TEMPERATURE] = { 0, 1 / 256.0 }, [MODULE_VOLTAGE] = { 16, 0.0001 },
		[MODULE_RX_POWER] = { 48, 0.0001 },	 [MODULE_BIAS] = { 56, 0.002 },
		[MODULE_TX_POWER] = { 64, 0.0001 },
	};

	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++) {
		m->has_limits[q] = m->measures[q];
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++) {
			const uint8_t *p = p3 + where[q].at + 2 * l;

			m->limits[q][l] = where[q].unit *
					  (q == MODULE_TEMPERATURE ? be16s(p) : (int)be16(p));
		}
	}
}

void module_decode_sff8636(const struct module_memory *memory, struct module *m)
{
	const uint8_t *lower = module_half(memory, 0x50, 0, 0);
	const uint8_t *p0 = module_half(memory, 0x50, 0, 128),
		      *p3 = module_half(memory, 0x50, 3, 128);

	if (!p0) {
		m->problem = "its identity (page 0) cannot be read";
		return;
	}
	decode_identity(lower, p0, m);
	m->n_lanes = LANES;
	/* Optical modules measure; of the transmitted power byte 220 tells. Cables do not. */
	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++)
		m->measures[q] = !is_copper(p0) && (q != MODULE_TX_POWER || p0[92] & 0x04);
	if (!is_copper(p0))
		decode_values(lower, m);
	if (p3)
		decode_limits(p3, m);
}
