// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is common to all kinds of pluggable modules. Their memory is read half a
 * page at a time; which half comes next depends on what those before said, so
 * module_next() is asked after each.
 *
 * What must stay true: no contents of a module's memory make this read outside
 * of it, or give a text that cannot be printed. A module is not to be trusted.
 */
#include "features/sfp/module.h"

#include <stdio.h>
#include <string.h>


#define ADDRESS_ID 0x50
#define ADDRESS_DIAGNOSTICS 0x51 /* SFF-8472 */

static const char *const quantity_names[MODULE_QUANTITIES] = {
	[MODULE_TEMPERATURE] = "temperature", [MODULE_VOLTAGE] = "voltage", [MODULE_BIAS] = "bias",
	[MODULE_TX_POWER] = "tx_power",	      [MODULE_RX_POWER] = "rx_power",
};

static const char *const quantity_units[MODULE_QUANTITIES] = {
	[MODULE_TEMPERATURE] = "°C", [MODULE_VOLTAGE] = "V", [MODULE_BIAS] = "mA",
	[MODULE_TX_POWER] = "mW",    [MODULE_RX_POWER] = "mW",
};

static const char *const limit_names[MODULE_LIMITS] = {
	[MODULE_HIGH_ALARM] = "high_alarm",	[MODULE_LOW_ALARM] = "low_alarm",
	[MODULE_HIGH_WARNING] = "high_warning", [MODULE_LOW_WARNING] = "low_warning",
};

const char *module_quantity_name(enum module_quantity q)
{
	return quantity_names[q];
}

const char *module_quantity_unit(enum module_quantity q)
{
	return quantity_units[q];
}

unsigned module_lanes(const struct module *m, enum module_quantity q)
{
	return q < MODULE_BIAS ? 1 : m->n_lanes;
}

const char *module_limit_name(enum module_limit l)
{
	return limit_names[l];
}

/* SFF-8024, table 4-1. */
const char *module_identifier_name(uint8_t identifier)
{
	static const char *const names[] = {
		[0x01] = "GBIC", [0x02] = "soldered", [0x03] = "SFP", [0x04] = "300 pin XBI",
		[0x05] = "XENPAK", [0x06] = "XFP", [0x07] = "XFF", [0x08] = "XFP-E",
		[0x09] = "XPAK", [0x0a] = "X2", [0x0b] = "DWDM-SFP", [0x0c] = "QSFP",
		[0x0d] = "QSFP+", [0x0e] = "CXP", [0x11] = "QSFP28", [0x12] = "CXP2",
		[0x17] = "microQSFP", [0x18] = "QSFP-DD", [0x19] = "OSFP", [0x1a] = "SFP-DD",
		[0x1b] = "DSFP", [0x1e] = "QSFP+ with CMIS", [0x1f] = "SFP-DD with CMIS",
		[0x20] = "SFP+ with CMIS",
	};

	return identifier < sizeof(names) / sizeof(*names) ? names[identifier] : NULL;
}

/* SFF-8024, table 4-3. */
const char *module_connector_name(uint8_t connector)
{
	static const char *const names[] = {
		[0x01] = "SC", [0x02] = "FC copper style 1", [0x03] = "FC copper style 2",
		[0x04] = "BNC/TNC", [0x05] = "FC coaxial", [0x06] = "Fiber Jack", [0x07] = "LC",
		[0x08] = "MT-RJ", [0x09] = "MU", [0x0a] = "SG", [0x0b] = "optical pigtail",
		[0x0c] = "MPO 1x12", [0x0d] = "MPO 2x16", [0x20] = "HSSDC II",
		[0x21] = "copper pigtail", [0x22] = "RJ45", [0x23] = "none", [0x24] = "MXC 2x16",
		[0x25] = "CS", [0x26] = "SN", [0x27] = "MPO 2x12", [0x28] = "MPO 1x16",
	};

	return connector < sizeof(names) / sizeof(*names) ? names[connector] : NULL;
}

/* SFF-8024, table 4-4; those in use. */
const char *module_extended_code(uint8_t code)
{
	static const char *const names[] = {
		[0x01] = "100G AOC", [0x02] = "100GBASE-SR4", [0x03] = "100GBASE-LR4",
		[0x04] = "100GBASE-ER4", [0x05] = "100GBASE-SR10", [0x06] = "100G CWDM4",
		[0x07] = "100G PSM4", [0x08] = "100G ACC", [0x0b] = "100GBASE-CR4",
		[0x0c] = "25GBASE-CR CA-S", [0x0d] = "25GBASE-CR CA-N", [0x10] = "40GBASE-ER4",
		[0x11] = "4x10GBASE-SR", [0x12] = "40G PSM4", [0x16] = "10GBASE-T",
		[0x17] = "100G CLR4", [0x18] = "100G AOC", [0x19] = "100G ACC",
		[0x1a] = "100GE-DWDM2", [0x1c] = "10GBASE-T short", [0x1d] = "5GBASE-T",
		[0x1e] = "2.5GBASE-T", [0x1f] = "40G SWDM4", [0x20] = "100G SWDM4",
		[0x21] = "100G PAM4 BiDi", [0x25] = "100GBASE-DR", [0x26] = "100GBASE-FR1",
		[0x27] = "100GBASE-LR1",
	};

	return code < sizeof(names) / sizeof(*names) ? names[code] : NULL;
}

const uint8_t *module_half(const struct module_memory *m, uint8_t address, uint8_t page,
			   uint8_t offset)
{
	for (unsigned n = 0; n < m->n; n++)
		if (m->parts[n].address == address && m->parts[n].page == page &&
		    m->parts[n].offset == offset)
			return m->missing[n] ? NULL : m->bytes[n];
	return NULL;
}

static bool was_asked(const struct module_memory *m, const struct module_part *p)
{
	for (unsigned n = 0; n < m->n; n++)
		if (m->parts[n].address == p->address && m->parts[n].page == p->page &&
		    m->parts[n].offset == p->offset)
			return true;
	return false;
}

void module_add(struct module_memory *m, const struct module_part *part, const void *bytes,
		size_t n)
{
	if (m->n == MODULE_PARTS)
		return;
	m->parts[m->n] = *part;
	m->missing[m->n] = !bytes || n < MODULE_HALF;
	if (!m->missing[m->n])
		memcpy(m->bytes[m->n], bytes, MODULE_HALF);
	m->n++;
}

/* The memory is laid out as the first byte says, in all specifications. */
static enum module_map map_of(uint8_t identifier)
{
	switch (identifier) {
	case 0x02: /* soldered: SFF-8472, if anything */
	case 0x03:
	case 0x0b:
		return MODULE_SFF8472;
	case 0x0c:
	case 0x0d:
	case 0x11:
		return MODULE_SFF8636;
	case 0x18:
	case 0x19:
	case 0x1a:
	case 0x1b:
	case 0x1e:
	case 0x1f:
	case 0x20:
		return MODULE_CMIS;
	}
	return MODULE_UNKNOWN;
}

/* SFF-8472, table 8-5: diagnostics are implemented. SFF-8636, 6.2.2; CMIS, table 8-4: not flat. */
static bool has_more(enum module_map map, const uint8_t *lower)
{
	switch (map) {
	case MODULE_SFF8472:
		return lower[92] & 0x40;
	case MODULE_SFF8636:
		return !(lower[2] & 0x04);
	case MODULE_CMIS:
		return !(lower[2] & 0x80);
	case MODULE_UNKNOWN:
		break;
	}
	return false;
}

enum { ALWAYS, MORE, LIMITS }; /* not all modules have it; and once read it need not be again */

/* What there is beside the first half, which says what the module is. */
static const struct {
	enum module_map map;
	int when;
	struct module_part part;
} wanted[] = {
	{ MODULE_SFF8472, MORE, { ADDRESS_DIAGNOSTICS, 0, 0 } },
	{ MODULE_SFF8636, ALWAYS, { ADDRESS_ID, 0, 128 } },
	{ MODULE_SFF8636, LIMITS, { ADDRESS_ID, 3, 128 } },
	{ MODULE_CMIS, ALWAYS, { ADDRESS_ID, 0, 128 } },
	{ MODULE_CMIS, LIMITS, { ADDRESS_ID, 1, 128 } },
	{ MODULE_CMIS, LIMITS, { ADDRESS_ID, 2, 128 } },
	{ MODULE_CMIS, MORE, { ADDRESS_ID, 0x11, 128 } },
};

bool module_next(const struct module_memory *m, bool again, struct module_part *ret)
{
	const struct module_part first = { ADDRESS_ID, 0, 0 };
	const uint8_t *lower = module_half(m, ADDRESS_ID, 0, 0);
	enum module_map map = lower ? map_of(lower[0]) : MODULE_UNKNOWN;

	if (!m->n) {
		*ret = first;
		return true;
	}
	for (unsigned n = 0; n < sizeof(wanted) / sizeof(*wanted); n++) {
		if (wanted[n].map != map || (wanted[n].when != ALWAYS && !has_more(map, lower)) ||
		    (again && wanted[n].when == LIMITS) || was_asked(m, &wanted[n].part))
			continue;
		*ret = wanted[n].part;
		return true;
	}
	return false;
}

void module_text(char *to, size_t size, const uint8_t *from, size_t n)
{
	if (n > size - 1)
		n = size - 1;
	while (n > 0 && (from[n - 1] == ' ' || !from[n - 1]))
		n--;
	for (size_t k = 0; k < n; k++)
		to[k] = from[k] >= 0x20 && from[k] < 0x7f ? from[k] : '.';
	to[n] = 0;
}

void module_date(char *to, const uint8_t *from)
{
	for (unsigned n = 0; n < 6; n++)
		if (from[n] < '0' || from[n] > '9') {
			module_text(to, 9, from, 8);
			return;
		}
	snprintf(to, 11, "20%.2s-%.2s-%.2s", (const char *)from, (const char *)from + 2,
		 (const char *)from + 4);
}

void module_code(struct module *m, const char *code)
{
	for (unsigned n = 0; n < m->n_codes; n++)
		if (code && !strcmp(m->codes[n], code))
			return;
	if (code && m->n_codes < sizeof(m->codes) / sizeof(*m->codes))
		m->codes[m->n_codes++] = code;
}

void module_bits(struct module *m, uint8_t bits, const char *const codes[8])
{
	for (unsigned n = 0; n < 8; n++)
		if (bits & 0x80 >> n)
			module_code(m, codes[n]);
}

bool module_checksum(const uint8_t *bytes, size_t n)
{
	uint8_t sum = 0;

	for (size_t k = 0; k < n; k++)
		sum += bytes[k];
	return sum == bytes[n];
}

void module_decode(const struct module_memory *m, struct module *ret)
{
	const uint8_t *lower = module_half(m, ADDRESS_ID, 0, 0);

	memset(ret, 0, sizeof(*ret));
	if (!lower) {
		ret->problem = "its memory cannot be read";
		return;
	}
	ret->identifier = lower[0];
	ret->map = map_of(lower[0]);
	switch (ret->map) {
	case MODULE_SFF8472:
		module_decode_sff8472(m, ret);
		break;
	case MODULE_SFF8636:
		module_decode_sff8636(m, ret);
		break;
	case MODULE_CMIS:
		module_decode_cmis(m, ret);
		break;
	case MODULE_UNKNOWN:
		ret->problem = "its first byte names no kind of module that is known";
		break;
	}
}
