// SPDX-License-Identifier: LGPL-2.1-or-later
/* Modules' memories: what stands in them, in each specification, and any rubbish. */
#include "unit/harness.h"

#include <math.h>
#include <stdio.h>

#include "features/sfp/module.h"

/* A module as the cage has it: two addresses, or one with pages. */
struct image {
	uint8_t a0[256], a2[256], pages[32][128];
};

static void put16(uint8_t *p, int value)
{
	p[0] = (unsigned)value >> 8;
	p[1] = value;
}

static void put_text(uint8_t *p, const char *text, size_t n)
{
	memset(p, ' ', n);
	memcpy(p, text, strlen(text));
}

static void put_checksum(uint8_t *p, size_t n)
{
	p[n] = 0;
	for (size_t k = 0; k < n; k++)
		p[n] += p[k];
}

static const uint8_t *part_of(const struct image *i, const struct module_part *p)
{
	if (p->address == 0x51)
		return i->a2 + p->offset;
	if (!p->offset)
		return i->a0;
	return p->page ? i->pages[p->page] : i->a0 + 128;
}

static unsigned read_image(const struct image *i, bool again, struct module *ret)
{
	struct module_memory m = { .n = 0 };
	struct module_part p;

	while (module_next(&m, again, &p)) {
		assert_true(p.page < 32);
		module_add(&m, &p, part_of(i, &p), MODULE_HALF);
	}
	module_decode(&m, ret);
	return m.n;
}

/* Limits and values of all five quantities, in the units of the memory. */
static void put_diagnostics(uint8_t *a2)
{
	static const int limits[5][4] = {
		{ 90 * 256, -45 * 256, 85 * 256, -40 * 256 },
		{ 36300, 29700, 34650, 31350 },
		{ 35000, 1000, 30000, 1500 },
		{ 6310, 708, 5012, 1122 },
		{ 7943, 50, 6310, 100 },
	};
	static const int values[5] = { -10 * 256 - 128, 33050, 3120, 2512, 1585 };

	for (unsigned q = 0; q < 5; q++) {
		for (unsigned l = 0; l < 4; l++)
			put16(a2 + 8 * q + 2 * l, limits[q][l]);
		put16(a2 + 96 + 2 * q, values[q]);
	}
	put_checksum(a2, 95);
}

static void sfp_image(struct image *i)
{
	memset(i, 0, sizeof(*i));
	i->a0[0] = 0x03;
	i->a0[2] = 0x07;
	i->a0[6] = 0x02; /* 1000BASE-LX */
	i->a0[12] = 13;
	i->a0[14] = 10;
	i->a0[15] = 100;
	put_text(i->a0 + 20, "ACME", 16);
	memcpy(i->a0 + 37, "\x00\x00\x5e", 3);
	put_text(i->a0 + 40, "LX-10", 16);
	put_text(i->a0 + 56, "A1", 4);
	put16(i->a0 + 60, 1310);
	put_text(i->a0 + 68, "SN 42", 16);
	put_text(i->a0 + 84, "260102AB", 8);
	i->a0[92] = 0x68;
	i->a0[93] = 0x80;
	put_checksum(i->a0, 63);
	put_checksum(i->a0 + 64, 31);
	put_diagnostics(i->a2);
}

#define assert_close(a, b) assert_true(fabs((a) - (b)) < 1e-6)

static void sff8472(void **state _unused_)
{
	struct image i;
	struct module m;

	sfp_image(&i);
	i.a2[112] = 0x40; /* temperature low alarm */
	i.a2[117] = 0x80; /* received power high warning */
	i.a2[110] = 0x02;
	assert_int_equal(read_image(&i, false, &m), 2);
	assert_int_equal(m.map, MODULE_SFF8472);
	assert_null(m.problem);
	assert_string_equal(m.vendor, "ACME");
	assert_string_equal(m.part, "LX-10");
	assert_string_equal(m.serial, "SN 42");
	assert_string_equal(m.date, "2026-01-02");
	assert_int_equal(m.n_codes, 1);
	assert_string_equal(m.codes[0], "1000BASE-LX");
	assert_int_equal(m.bit_rate, 1300);
	assert_int_equal(m.smf, 10000);
	assert_close(m.wavelength, 1310);
	assert_string_equal(module_connector_name(m.connector), "LC");
	assert_close(m.values[MODULE_TEMPERATURE][0], -10.5);
	assert_close(m.values[MODULE_VOLTAGE][0], 3.305);
	assert_close(m.values[MODULE_BIAS][0], 6.24);
	assert_close(m.values[MODULE_TX_POWER][0], 0.2512);
	assert_close(m.values[MODULE_RX_POWER][0], 0.1585);
	assert_close(m.limits[MODULE_TEMPERATURE][MODULE_LOW_ALARM], -45);
	assert_close(m.limits[MODULE_TX_POWER][MODULE_HIGH_WARNING], 0.5012);
	assert_int_equal(m.flags[MODULE_TEMPERATURE][0], 1 << MODULE_LOW_ALARM);
	assert_int_equal(m.flags[MODULE_RX_POWER][0], 1 << MODULE_HIGH_WARNING);
	assert_int_equal(m.flags[MODULE_BIAS][0], 0);
	assert_true(m.rx_los);
	assert_false(m.tx_fault);
}

static void without_diagnostics(void **state _unused_)
{
	struct image i;
	struct module m;

	sfp_image(&i);
	i.a0[92] = 0;
	i.a0[6] = 0;
	i.a0[8] = 0x04;
	i.a0[18] = 3;
	put_checksum(i.a0, 63);
	put_checksum(i.a0 + 64, 31);
	assert_int_equal(read_image(&i, false, &m), 1);
	assert_int_equal(m.n_lanes, 0);
	assert_false(m.measures[MODULE_TEMPERATURE]);
	assert_string_equal(m.codes[0], "passive cable");
	assert_int_equal(m.copper, 3);
	assert_close(m.wavelength, 0);
}

static void calibrated_outside(void **state _unused_)
{
	static const float received[5] = { 0, 0, 0.001f, 1.5f, 10 };
	struct image i;
	struct module m;

	sfp_image(&i);
	i.a0[92] = 0x58;
	put_checksum(i.a0 + 64, 31);
	for (unsigned n = 0; n < 5; n++) {
		uint32_t bits;

		memcpy(&bits, &received[n], 4);
		put16(i.a2 + 56 + 4 * n, bits >> 16);
		put16(i.a2 + 58 + 4 * n, bits & 0xffff);
	}
	for (unsigned at = 76; at < 92; at += 4) {
		put16(i.a2 + at, 2 * 256);
		put16(i.a2 + at + 2, -16);
	}
	read_image(&i, false, &m);
	assert_true(m.calibrated_outside);
	assert_close(m.values[MODULE_TEMPERATURE][0], (2 * (-10.5 * 256) - 16) / 256);
	assert_close(m.values[MODULE_VOLTAGE][0], (2 * 33050 - 16) / 10000.0);
	assert_close(m.values[MODULE_BIAS][0], (2 * 3120 - 16) * 0.002);
	assert_true(fabs(m.values[MODULE_RX_POWER][0] -
			 (0.001 * 1585 * 1585 + 1.5 * 1585 + 10) / 10000.0) < 1e-4);
}

static void wrong_checksums(void **state _unused_)
{
	struct image i;
	struct module m;

	sfp_image(&i);
	i.a0[63] ^= 1;
	read_image(&i, false, &m);
	assert_contains(m.problem, "identity");
	assert_string_equal(m.vendor, "ACME");
	sfp_image(&i);
	i.a0[95] ^= 1;
	read_image(&i, false, &m);
	assert_contains(m.problem, "options");
	sfp_image(&i);
	i.a2[95] ^= 1;
	read_image(&i, false, &m);
	assert_contains(m.problem, "limits");
	memset(&i, 0xff, sizeof(i));
	read_image(&i, false, &m);
	assert_contains(m.problem, "no kind of module");
}

static void sff8636(void **state _unused_)
{
	struct image i = { .a0 = { 0x11, 0x08, 0 } };
	uint8_t *p0 = i.a0 + 128;
	struct module m;

	put16(i.a0 + 22, 38 * 256);
	put16(i.a0 + 26, 33000);
	put16(i.a0 + 36, 5010); /* lane 2, received */
	put16(i.a0 + 46, 2990); /* lane 3, bias */
	put16(i.a0 + 56, 8020); /* lane 4, transmitted */
	i.a0[9] = 0x08;		/* lane 2, received, high alarm */
	i.a0[12] = 0x10;	/* lane 3, bias, low warning */
	p0[0] = 0x11;
	p0[1] = 0xc0 | 0x03;
	p0[3] = 0x84;
	p0[12] = 255;
	p0[18] = 50;
	put_text(p0 + 20, "ACME", 16);
	put_text(p0 + 40, "SR4", 16);
	put16(p0 + 58, 850 * 20);
	p0[64] = 0x02;
	put_checksum(p0, 63);
	put_text(p0 + 68, "Q1", 16);
	put_text(p0 + 84, "250131", 8);
	p0[92] = 0x04;
	p0[94] = 103;
	put_checksum(p0 + 64, 31);
	put16(i.pages[3] + 50, 251);
	assert_int_equal(read_image(&i, false, &m), 3);
	assert_null(m.problem);
	assert_int_equal(m.n_lanes, 4);
	assert_string_equal(module_identifier_name(m.identifier), "QSFP28");
	assert_int_equal(m.n_codes, 2);
	assert_string_equal(m.codes[0], "40GBASE-SR4");
	assert_string_equal(m.codes[1], "100GBASE-SR4");
	assert_int_equal(m.bit_rate, 25750);
	assert_int_equal(m.om4, 100);
	assert_close(m.power, 5.0);
	assert_close(m.wavelength, 850);
	assert_close(m.values[MODULE_TEMPERATURE][0], 38);
	assert_close(m.values[MODULE_RX_POWER][1], 0.501);
	assert_close(m.values[MODULE_BIAS][2], 5.98);
	assert_close(m.values[MODULE_TX_POWER][3], 0.802);
	assert_int_equal(m.flags[MODULE_RX_POWER][1], 1 << MODULE_HIGH_ALARM);
	assert_int_equal(m.flags[MODULE_BIAS][2], 1 << MODULE_LOW_WARNING);
	assert_close(m.limits[MODULE_RX_POWER][MODULE_LOW_ALARM], 0.0251);
	/* The limits do not change; and a flat memory has no page 3. */
	assert_int_equal(read_image(&i, true, &m), 2);
	i.a0[2] = 0x04;
	assert_int_equal(read_image(&i, false, &m), 2);
	assert_false(m.has_limits[MODULE_RX_POWER]);
}

static void cmis(void **state _unused_)
{
	struct image i = { .a0 = { 0x18, 0x52 } };
	uint8_t *p0 = i.a0 + 128;
	struct module m;

	put16(i.a0 + 14, 45 * 256);
	put16(i.a0 + 16, 33100);
	i.a0[9] = 0x82; /* voltage low warning, temperature low alarm */
	i.a0[85] = 0x02;
	memcpy(i.a0 + 86, "\x11\x1c\x44\x01\xff", 5);
	p0[0] = 0x18;
	put_text(p0 + 1, "ACME", 16);
	put_text(p0 + 20, "DR4", 16);
	put_text(p0 + 38, "D1", 16);
	put_text(p0 + 54, "250131", 8);
	p0[73] = 48;
	p0[75] = 0x0c;
	p0[84] = 0x06;
	put_checksum(p0, 94);
	i.pages[1][4] = 5;
	put16(i.pages[1] + 10, 1310 * 20);
	i.pages[1][31] = 0x03;
	i.pages[1][32] = 0x0f; /* all, the bias doubled */
	put_checksum(i.pages[1] + 2, 125);
	put16(i.pages[2] + 48, 22387);
	put16(i.pages[0x11] + 28, 9010);
	put16(i.pages[0x11] + 42, 30000);
	i.pages[0x11][12] = 0x02;
	assert_int_equal(read_image(&i, false, &m), 5);
	assert_null(m.problem);
	assert_int_equal(m.n_lanes, 4);
	assert_string_equal(m.codes[0], "400GBASE-DR4");
	assert_string_equal(m.serial, "D1");
	assert_int_equal(m.smf, 500);
	assert_close(m.power, 12);
	assert_close(m.wavelength, 1310);
	assert_close(m.values[MODULE_TEMPERATURE][0], 45);
	assert_close(m.values[MODULE_TX_POWER][1], 0.901);
	assert_close(m.values[MODULE_BIAS][0], 120);
	assert_close(m.limits[MODULE_TX_POWER][MODULE_HIGH_ALARM], 2.2387);
	assert_int_equal(m.flags[MODULE_TX_POWER][1], 1 << MODULE_LOW_ALARM);
	assert_int_equal(m.flags[MODULE_TEMPERATURE][0], 1 << MODULE_LOW_ALARM);
	assert_int_equal(m.flags[MODULE_VOLTAGE][0], 1 << MODULE_LOW_WARNING);
	assert_int_equal(read_image(&i, true, &m), 3);
}

static void assert_printable(const char *s, size_t size)
{
	assert_true(strnlen(s, size) < size);
	for (; *s; s++)
		assert_true(*s >= 0x20 && *s < 0x7f);
}

static void assert_sane(const struct module *m)
{
	assert_printable(m->vendor, sizeof(m->vendor));
	assert_printable(m->part, sizeof(m->part));
	assert_printable(m->revision, sizeof(m->revision));
	assert_printable(m->serial, sizeof(m->serial));
	assert_printable(m->date, sizeof(m->date));
	assert_true(m->n_lanes <= MODULE_LANES);
	for (unsigned n = 0; n < m->n_codes; n++)
		assert_non_null(m->codes[n]);
	for (unsigned q = 0; q < MODULE_QUANTITIES; q++) {
		for (unsigned n = 0; n < MODULE_LANES; n++)
			assert_true(isfinite(m->values[q][n]));
		for (unsigned l = 0; l < MODULE_LIMITS; l++)
			assert_true(isfinite(m->limits[q][l]));
	}
}

/* All bytes of all parts; the first one mostly such that a decoder looks at the others. */
static void rubbish(void **state _unused_)
{
	static const uint8_t first[] = { 0x03, 0x0b, 0x0d, 0x11, 0x18, 0x19, 0x1e, 0x02 };
	const char *rounds = getenv("NETCTL_FUZZ_ROUNDS");
	unsigned seed = 1, n = rounds ? atoi(rounds) : 5000;
	struct image *i = test_malloc(sizeof(*i));
	struct module m;

	while (n-- > 0) {
		for (size_t k = 0; k < sizeof(*i); k++) {
			seed = seed * 1103515245 + 12345;
			((uint8_t *)i)[k] = seed >> 16;
		}
		if (n % 9)
			i->a0[0] = first[n % ARRAY_SIZE(first)];
		read_image(i, n % 2, &m);
		assert_sane(&m);
	}
	test_free(i);
}

static void parts_that_fail(void **state _unused_)
{
	struct module_memory m = { .n = 0 };
	struct module_part p;
	struct module got;
	struct image i;

	assert_true(module_next(&m, false, &p));
	module_add(&m, &p, NULL, 0);
	assert_false(module_next(&m, false, &p));
	module_decode(&m, &got);
	assert_contains(got.problem, "cannot be read");
	/* The diagnostics are missing: the identity is there all the same. */
	sfp_image(&i);
	memset(&m, 0, sizeof(m));
	assert_true(module_next(&m, false, &p));
	module_add(&m, &p, i.a0, MODULE_HALF);
	assert_true(module_next(&m, false, &p));
	module_add(&m, &p, i.a2, 7);
	assert_false(module_next(&m, false, &p));
	module_decode(&m, &got);
	assert_string_equal(got.vendor, "ACME");
	assert_false(got.measures[MODULE_VOLTAGE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sff8472),	   cmocka_unit_test(without_diagnostics),
		cmocka_unit_test(calibrated_outside), cmocka_unit_test(wrong_checksums),
		cmocka_unit_test(sff8636),	   cmocka_unit_test(cmis),
		cmocka_unit_test(rubbish),	   cmocka_unit_test(parts_that_fail),
	};

	return harness_main("sfp", tests, ARRAY_SIZE(tests));
}
