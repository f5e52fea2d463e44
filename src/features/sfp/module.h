/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pluggable modules: which parts of their memory tell what, and what they say. */
#ifndef FEATURES_SFP_MODULE_H
#define FEATURES_SFP_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Half a page of 256 bytes: the most that ETHTOOL_MSG_MODULE_EEPROM_GET reads at once. */
#define MODULE_HALF 128
#define MODULE_PARTS 6
#define MODULE_LANES 8

/* By which specification the memory is to be read. */
enum module_map {
	MODULE_UNKNOWN,
	MODULE_SFF8472, /* SFP: two addresses */
	MODULE_SFF8636, /* QSFP: pages */
	MODULE_CMIS,	/* QSFP-DD, OSFP, SFP-DD: pages and banks */
};

/* A part of the memory: half a page. */
struct module_part {
	uint8_t address; /* on the two-wire bus: 0x50, 0x51 */
	uint8_t page;
	uint8_t offset; /* 0: the lower half, 128: the upper one */
};

/* What was read so far; parts in the order in which module_next() asked for them. */
struct module_memory {
	struct module_part parts[MODULE_PARTS];
	uint8_t bytes[MODULE_PARTS][MODULE_HALF];
	bool missing[MODULE_PARTS]; /* the module did not give it */
	unsigned n;
};

enum module_quantity {
	MODULE_TEMPERATURE, /* °C */
	MODULE_VOLTAGE,	    /* V */
	MODULE_BIAS,	    /* mA, of each lane's laser */
	MODULE_TX_POWER,    /* mW, of each lane */
	MODULE_RX_POWER,    /* mW, of each lane */
	MODULE_QUANTITIES,
};

/** module_quantity_name, module_quantity_unit - as shown to people */
const char *module_quantity_name(enum module_quantity q);
const char *module_quantity_unit(enum module_quantity q);

/* In the order in which SFF-8472, SFF-8636 and CMIS have them. */
enum module_limit {
	MODULE_HIGH_ALARM,
	MODULE_LOW_ALARM,
	MODULE_HIGH_WARNING,
	MODULE_LOW_WARNING,
	MODULE_LIMITS,
};

const char *module_limit_name(enum module_limit l);

/* What a module says of itself; texts are printable ASCII, without the padding. */
struct module {
	enum module_map map;
	uint8_t identifier;  /* SFF-8024, table 4-1 */
	uint8_t connector;   /* SFF-8024, table 4-3 */
	uint8_t oui[3];	     /* IEEE, of the vendor */
	char vendor[17], part[17], revision[5], serial[17];
	char date[11];	     /* "2026-01-02", or what stands there if it is no date */
	const char *codes[16]; /* compliance, "1000BASE-LX" */
	unsigned n_codes;
	unsigned bit_rate;   /* Mbit/s a lane; 0: not told */
	double wavelength;   /* nm; 0: not told, or no light */
	double power;	     /* W, at most; 0: not told */
	/* Metres that it reaches, by the kind of fibre; 0: not made for it. */
	unsigned smf, om1, om2, om3, om4, om5, copper;
	const char *problem; /* what is wrong with its memory; NULL: nothing */

	/* Diagnostics. */
	bool measures[MODULE_QUANTITIES], has_limits[MODULE_QUANTITIES];
	unsigned n_lanes;
	double values[MODULE_QUANTITIES][MODULE_LANES]; /* of temperature and voltage the first */
	double limits[MODULE_QUANTITIES][MODULE_LIMITS];
	/* Flags of the module itself: bit l of a lane is enum module_limit. */
	uint8_t flags[MODULE_QUANTITIES][MODULE_LANES];
	bool calibrated_outside;     /* SFF-8472: by constants in its memory */
	uint8_t tx_fault, rx_los;    /* a bit each lane */
};

/**
 * module_next - which part of the memory to read next
 * @m: what was read so far
 * @again: limits and the like were read before: only what changes, and the identity
 *
 * Return: true, and the part in *@ret; false when all is there that can be understood.
 */
bool module_next(const struct module_memory *m, bool again, struct module_part *ret);

/** module_add - note what a read gave; @bytes NULL: nothing, it is missing */
void module_add(struct module_memory *m, const struct module_part *part, const void *bytes,
		size_t n);

/**
 * module_decode - understand what was read
 *
 * Any contents are allowed; what makes no sense is left out, or told in @ret->problem.
 */
void module_decode(const struct module_memory *m, struct module *ret);

/** module_identifier_name, module_connector_name - as SFF-8024 has it; NULL: reserved */
const char *module_identifier_name(uint8_t identifier);
const char *module_connector_name(uint8_t connector);

/** module_lanes - how many values of it there are */
unsigned module_lanes(const struct module *m, enum module_quantity q);

/* For the decoders: module-sff8472.c, module-sff8636.c, module-cmis.c. */

/** module_half - the bytes of a part that was read, or NULL */
const uint8_t *module_half(const struct module_memory *m, uint8_t address, uint8_t page,
			   uint8_t offset);

/** module_text - copy @n bytes of padded ASCII; what cannot be printed becomes '.' */
void module_text(char *to, size_t size, const uint8_t *from, size_t n);

/** module_date - YYMMDD */
void module_date(char *to, const uint8_t *from);

/** module_code - note a compliance code; NULL is allowed, and twice the same is once */
void module_code(struct module *m, const char *code);

/** module_bits - the codes of a byte's bits, bit 7 first; NULL: none */
void module_bits(struct module *m, uint8_t bits, const char *const codes[8]);

/** module_extended_code - of SFF-8024, table 4-4, extended specification compliance */
const char *module_extended_code(uint8_t code);

/** module_checksum - is the sum of @n bytes what the byte behind them says? */
bool module_checksum(const uint8_t *bytes, size_t n);

void module_decode_sff8472(const struct module_memory *m, struct module *ret);
void module_decode_sff8636(const struct module_memory *m, struct module *ret);
void module_decode_cmis(const struct module_memory *m, struct module *ret);

static inline unsigned be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline int be16s(const uint8_t *p)
{
	return (int16_t)be16(p);
}

#endif
