/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter: rules in an order, of which the first that matches decides.
 *
 * Rules that name nothing but a source prefix, or nothing but a target prefix,
 * are looked up in tries; all others stand in a table that is gone through. In
 * a trie the longest prefix answers, but every shorter one that covers it
 * matches the packet too: so each prefix holds the first rule, in the
 * configuration's order, of all that cover it. The lowest index of the tries'
 * answers and the table's first match is then the first rule that matches.
 */
#ifndef BPF_FILTER_H
#define BPF_FILTER_H

#include "common.h"

#define FILTER_TABLE_MAX 256 /* rules that are not in the tries */
#define FILTER_RULES_MAX 65536
#define FILTER_NONE 0xffffffffu
#define FILTER_END 0xfffffffeu

/* "counters": these, then one for each rule. */
enum filter_reason {
	FILTER_PASSED,	  /* by default */
	FILTER_DROPPED,	  /* by default */
	FILTER_MALFORMED, /* passed or dropped as settings.drop_malformed says */
	FILTER_REASONS,
};

enum filter_match {
	FILTER_SOURCE = 1 << 0,
	FILTER_TARGET = 1 << 1,
	FILTER_SOURCE_MAC = 1 << 2,
	FILTER_TARGET_MAC = 1 << 3,
	FILTER_VLAN = 1 << 4,
	FILTER_ETHERTYPE = 1 << 5,
	FILTER_PROTOCOL = 1 << 6,
	FILTER_SOURCE_PORT = 1 << 7,
	FILTER_TARGET_PORT = 1 << 8,
	FILTER_FRAGMENT = 1 << 9, /* a fragment that is not the first */
	FILTER_NO_FRAGMENT = 1 << 10,
	FILTER_RATE = 1 << 11, /* the source sends more than this */
	FILTER_MATCH_MAX = 1 << 12,
};

struct filter_settings {
	__u32 n_table;
	__u8 drop;	     /* the default */
	__u8 drop_malformed;
	__u8 source4, source6, target4, target6; /* the trie has entries */
};

/* What a trie answers, and what a match means: the rule's index times two, plus 1 to drop. */
struct filter_table_rule {
	__u32 verdict;
	__u32 match; /* enum filter_match */
	__u32 source[4], source_mask[4], target[4], target_mask[4];
	__u8 source_mac[6], target_mac[6];
	__u16 vlan, ethertype;
	__u16 source_port[2], target_port[2]; /* first and last */
	__u8 family, protocol;
	__u16 pad;
	__u64 cost;  /* of a packet, ns: the second by the rate */
	__u64 depth; /* of the bucket, ns: the burst times the cost */
};

struct filter_prefix4 {
	__u32 length;
	__u8 address[4];
};

struct filter_prefix6 {
	__u32 length;
	__u8 address[16];
};

/* Whose bucket: a source's, of one rule. */
struct filter_sender {
	__u32 verdict;
	__u32 address[4];
};

struct filter_bucket {
	__u64 last;   /* ns */
	__u64 credit; /* ns */
};

#endif
