/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types that most rows use. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include "core/schema.h"

/** parse_refuse - set p->why, printf-like; return -EINVAL */
int parse_refuse(struct parse *p, const char *fmt, ...) _printf_(2, 3);

/** parse_string - the setting's text, or -EINVAL with p->why */
int parse_string(struct parse *p, const config_setting_t *s, const char **ret);

/* Values that are uint8_t in the object; on the wire as the name says. */
extern const struct type type_bool;   /* bool, NLA_U8 */
extern const struct type type_bool32; /* bool, NLA_U32 */

/* Unsigned numbers, in the object as on the wire; row->min and max apply. */
extern const struct type type_u8, type_u16, type_u32, type_u64;

/* A signed number that the kernel keeps in 32 bits (sysctl). */
extern const struct type type_s32;

/* One word of row->data (struct word[]), in the object and on the wire as the name says. */
struct word {
	const char *word; /* NULL ends */
	unsigned value;
};
extern const struct type type_enum8, type_enum16, type_enum16be, type_enum32;

/** number_name - what @n of a row whose type is a number is called; or NULL */
const char *number_name(const struct row *row, int64_t n);

/** word_of - the word for @value, or NULL */
const char *word_of(const struct word *words, unsigned value);

/** word_value - the value for @word, or -EINVAL */
int word_value(const struct word *words, const char *word);

/* A time as text with a unit ("15s"), uint64_t hundredths of a second (USER_HZ) in the object. */
extern const struct type type_clock32, type_clock64;

/*
 * Quantities with a unit, in the object in their base unit (types-unit.c). Times: int64_t
 * nanoseconds ("300us"); on the wire 32 bits of nanoseconds or microseconds, or 64.
 * Rates: uint64_t bytes a second ("100Mbit"); 64 bits, or 32 that end where they end.
 * Sizes: uint32_t bytes (1514, "10KiB").
 */
extern const struct type type_time_ns32, type_time_us32, type_time_ns64;
extern const struct type type_rate, type_rate32, type_size;

/** time_parse, rate_parse - one such value; 0, or -EINVAL with p->why */
int time_parse(struct parse *p, const config_setting_t *s, int64_t *ret);
int rate_parse(struct parse *p, const config_setting_t *s, uint64_t *ret);

/** time_text, rate_text - as it is written; the caller frees it */
char *time_text(int64_t ns);
char *rate_text(uint64_t bytes);

/* Text of row->min (0 or 1) to row->max bytes; char *, NULL: empty. */
extern const struct type type_string;

/* A short word, char[IFNAMSIZ]: the name of an interface or of a kind. NLA_STRING. */
extern const struct type type_name;

/* An Ethernet address, uint8_t[ETH_ALEN]; "aa:bb:cc:dd:ee:ff". */
extern const struct type type_mac;
/* Also of a group, or none: what frames may carry. */
extern const struct type type_mac_any;

/* Another interface; struct ifref, NLA_U32 with the index. */
extern const struct type type_ifref;

/* An IP address with or without prefix length. */
struct ipaddr {
	uint8_t family; /* AF_INET, AF_INET6, 0: none */
	uint8_t prefix; /* length in bits */
	uint8_t bytes[16];
};
extern const struct type type_ip, type_prefix;

/** ip_parse - "192.0.2.1/24"; without a length: the whole address. 0 or -EINVAL */
int ip_parse(const char *text, struct ipaddr *ret);

/** ip_text - into @buf of at least IP_TEXT_MAX bytes; @with_length: always "/LEN" */
#define IP_TEXT_MAX 64
const char *ip_text(const struct ipaddr *ip, bool with_length, char *buf);

/** ip_size - bytes of an address of this family */
static inline unsigned ip_size(const struct ipaddr *ip)
{
	return ip->family == 2 /* AF_INET */ ? 4 : 16;
}

/** ip_decode - from an attribute; all zeros where @a is NULL or too short for the family */
void ip_decode(const struct nlattr *a, uint8_t family, uint8_t prefix, struct ipaddr *ret);

/** ip_encode - the address's bytes as attribute @attr; as nla_put() */
int ip_encode(struct nl_msg *msg, int attr, const struct ipaddr *ip);

/** ip_is_network - no bit set behind the prefix length? */
bool ip_is_network(const struct ipaddr *ip);

/** ip_is_within - is the address one of that network? */
bool ip_is_within(const struct ipaddr *ip, const struct ipaddr *network);

/* VLAN IDs 1 to 4094. */
struct vlanset {
	uint64_t bits[64];
};
extern const struct type type_vlanset;

/** vlanset_has - is VLAN @vid (0 to 4095) a member? */
static inline bool vlanset_has(const struct vlanset *s, unsigned vid)
{
	return s->bits[vid / 64] >> (vid % 64) & 1;
}

/** vlanset_add - make VLAN @vid (0 to 4095) a member, if it is none */
static inline void vlanset_add(struct vlanset *s, unsigned vid)
{
	s->bits[vid / 64] |= BIT64(vid % 64);
}

/**
 * vlanset_next - the next run of members
 * @s: the set
 * @from: first ID to look at
 * @ret_end: last ID of the run
 *
 * Return: the run's first ID, or 0 where there is none.
 */
unsigned vlanset_next(const struct vlanset *s, unsigned from, unsigned *ret_end);

#endif
