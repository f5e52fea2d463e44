/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data Center Bridging: what its rows are made of. */
#ifndef DCB_H
#define DCB_H

#include <linux/dcbnl.h>

#include "core/types.h"

/* linux/dcbnl.h of 6.2 (trust) and 6.3. */
#define NEW_APP_SEL_PCP 255
#define NEW_ATTR_APP_TRUST_TABLE 11
#define NEW_ATTR_DCB_APP 2

/* Priorities of IEEE 802.1Q, traffic classes, and the kernel's buffers. */
#define DCB_EIGHT 8

/* Which frames the entries of a table are of. */
struct selector {
	uint8_t selector; /* IEEE_8021QAZ_APP_SEL_…, NEW_APP_SEL_PCP */
	uint16_t min, max; /* of the key */
	const char *example;
};

/* An entry of such a table. */
struct mapping {
	uint16_t key;
	uint8_t priority;
};

/* Of a row of the type type_mappings: struct selector in row->data; char *, "KEY:PRIORITY …". */
extern const struct type type_mappings;

/* uint8_t, a bit each; a list of numbers. */
extern const struct type type_priorities;

/* uint8_t[8], uint32_t[8]: one for each priority, class or buffer, up to row->max. */
extern const struct type type_eight8, type_eight32;

/* uint8_t[8], words of row->data. */
extern const struct type type_eight_words;

/* Selectors in an order, words of row->data: uint8_t[8], 0 ends. */
extern const struct type type_trust;

/** mappings_of - the entries of a value of type_mappings, sorted; the caller frees them */
struct mapping *mappings_of(const char *text, unsigned *ret_n);

/** mappings_text - as a value; sorts @items, leaves out what is there twice; NULL: none; heap */
char *mappings_text(struct mapping *items, unsigned n);

#endif
