// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ethtool's bitsets (net/ethtool/bitset.c): bits that are set, and bits that
 * can be.
 *
 * The names of link modes are a table here, not the kernel's string set: their
 * numbers are the kernel's interface for good (enum ethtool_link_mode_bit_indices),
 * a configuration must be checked without a kernel, and a hundred names need not
 * be asked for and kept. A mode that is newer than the table is left as it is.
 *
 * What must stay true: no bit is touched that has no word here; what somebody
 * else put into the same set (pause, the kind of port) is not ours to change.
 */
#include "features/ethernet/ethernet.h"

#include <netlink/attr.h>

#include "util/text.h"

/* The kernel's have fewer bits; those beyond are zero, which it allows. */
#define BITS 128

/* enum ethtool_link_mode_bit_indices, but for what is no mode of a link. */
const struct word link_mode_words[] = {
	{ "10baseT/Half", 0 }, { "10baseT/Full", 1 }, { "100baseT/Half", 2 },
	{ "100baseT/Full", 3 }, { "1000baseT/Half", 4 }, { "1000baseT/Full", 5 },
	{ "10000baseT/Full", 12 }, { "2500baseX/Full", 15 }, { "1000baseKX/Full", 17 },
	{ "10000baseKX4/Full", 18 }, { "10000baseKR/Full", 19 }, { "10000baseR_FEC", 20 },
	{ "20000baseMLD2/Full", 21 }, { "20000baseKR2/Full", 22 }, { "40000baseKR4/Full", 23 },
	{ "40000baseCR4/Full", 24 }, { "40000baseSR4/Full", 25 }, { "40000baseLR4/Full", 26 },
	{ "56000baseKR4/Full", 27 }, { "56000baseCR4/Full", 28 }, { "56000baseSR4/Full", 29 },
	{ "56000baseLR4/Full", 30 }, { "25000baseCR/Full", 31 }, { "25000baseKR/Full", 32 },
	{ "25000baseSR/Full", 33 }, { "50000baseCR2/Full", 34 }, { "50000baseKR2/Full", 35 },
	{ "100000baseKR4/Full", 36 }, { "100000baseSR4/Full", 37 }, { "100000baseCR4/Full", 38 },
	{ "100000baseLR4_ER4/Full", 39 }, { "50000baseSR2/Full", 40 }, { "1000baseX/Full", 41 },
	{ "10000baseCR/Full", 42 }, { "10000baseSR/Full", 43 }, { "10000baseLR/Full", 44 },
	{ "10000baseLRM/Full", 45 }, { "10000baseER/Full", 46 }, { "2500baseT/Full", 47 },
	{ "5000baseT/Full", 48 }, { "50000baseKR/Full", 52 }, { "50000baseSR/Full", 53 },
	{ "50000baseCR/Full", 54 }, { "50000baseLR_ER_FR/Full", 55 }, { "50000baseDR/Full", 56 },
	{ "100000baseKR2/Full", 57 }, { "100000baseSR2/Full", 58 }, { "100000baseCR2/Full", 59 },
	{ "100000baseLR2_ER2_FR2/Full", 60 }, { "100000baseDR2/Full", 61 },
	{ "200000baseKR4/Full", 62 }, { "200000baseSR4/Full", 63 },
	{ "200000baseLR4_ER4_FR4/Full", 64 }, { "200000baseDR4/Full", 65 },
	{ "200000baseCR4/Full", 66 }, { "100baseT1/Full", 67 }, { "1000baseT1/Full", 68 },
	{ "400000baseKR8/Full", 69 }, { "400000baseSR8/Full", 70 },
	{ "400000baseLR8_ER8_FR8/Full", 71 }, { "400000baseDR8/Full", 72 },
	{ "400000baseCR8/Full", 73 }, { "100000baseKR/Full", 75 }, { "100000baseSR/Full", 76 },
	{ "100000baseLR_ER_FR/Full", 77 }, { "100000baseCR/Full", 78 },
	{ "100000baseDR/Full", 79 }, { "200000baseKR2/Full", 80 }, { "200000baseSR2/Full", 81 },
	{ "200000baseLR2_ER2_FR2/Full", 82 }, { "200000baseDR2/Full", 83 },
	{ "200000baseCR2/Full", 84 }, { "400000baseKR4/Full", 85 }, { "400000baseSR4/Full", 86 },
	{ "400000baseLR4_ER4_FR4/Full", 87 }, { "400000baseDR4/Full", 88 },
	{ "400000baseCR4/Full", 89 }, { "100baseFX/Half", 90 }, { "100baseFX/Full", 91 },
	{ "10baseT1L/Full", 92 }, { "800000baseCR8/Full", 93 }, { "800000baseKR8/Full", 94 },
	{ "800000baseDR8/Full", 95 }, { "800000baseDR8_2/Full", 96 },
	{ "800000baseSR8/Full", 97 }, { "800000baseVR8/Full", 98 }, { "10baseT1S/Full", 99 },
	{ "10baseT1S/Half", 100 }, { "10baseT1S_P2MP/Half", 101 }, { "10baseT1BRR/Full", 102 },
	{ NULL, 0 },
};

/* ETHTOOL_LINK_MODE_FEC_…; the words are ethtool(8)'s. */
const struct word fec_words[] = {
	{ "off", 49 }, { "rs", 50 }, { "baser", 51 }, { "llrs", 74 }, { NULL, 0 },
};

/* WAKE_…, net/ethtool/common.c, wol_mode_names. */
const struct word wol_words[] = {
	{ "phy", 0 },	{ "ucast", 1 },	      { "mcast", 2 },  { "bcast", 3 }, { "arp", 4 },
	{ "magic", 5 }, { "magicsecure", 6 }, { "filter", 7 }, { NULL, 0 },
};

static void known_bits(const struct row *row, uint64_t *bits)
{
	bits[0] = bits[1] = 0;
	for (const struct word *w = row->data; w->word; w++)
		bits[w->value / 64] |= BIT64(w->value % 64);
}

static const char *nth_word(const void *words, unsigned i)
{
	return ((const struct word *)words)[i].word;
}

static int parse_word(struct parse *p, const char *text, struct bitset *b)
{
	int bit = text ? word_value(p->row->data, text) : -EINVAL;
	_cleanup_free_ char *hint = NULL;

	if (!text)
		return parse_refuse(p, "must be a list of words in quotes");
	if (bit >= 0) {
		b->on[bit / 64] |= BIT64(bit % 64);
		return 0;
	}
	hint = text_hint(text, nth_word, p->row->data);
	return parse_refuse(p, "unknown word \"%s\"%s", text, hint);
}

static int bitset_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct bitset b = { { 0 }, { 0 } };
	int r = 0;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be a list: [ \"…\", … ]");
	for (int n = 0; n < config_setting_length(s) && !r; n++)
		r = parse_word(p, config_setting_get_string_elem(s, n), &b);
	if (!r)
		*(struct bitset *)v = b;
	return r;
}

static json_t *bitset_json(const struct row *row, const void *v)
{
	const struct bitset *b = v;
	json_t *j = json_array();

	for (const struct word *w = row->data; w->word; w++)
		if (b->on[w->value / 64] & BIT64(w->value % 64))
			json_array_append_new(j, json_string(w->word));
	return j;
}

static bool bitset_equal(const struct row *row _unused_, const void *a, const void *b)
{
	return !memcmp(((const struct bitset *)a)->on, ((const struct bitset *)b)->on,
		       sizeof(((const struct bitset *)a)->on));
}

/* Arrays of 32 bits, in the order of the machine. */
static void get_words(const struct nlattr *a, const uint64_t *known, uint64_t *bits)
{
	const uint32_t *words = nla_data(a);
	unsigned n = min_of((unsigned)nla_len(a) / 4, (unsigned)BITS / 32);

	bits[0] = bits[1] = 0;
	for (unsigned k = 0; k < n; k++)
		bits[k / 2] |= (uint64_t)words[k] << (k % 2 * 32);
	bits[0] &= known[0];
	bits[1] &= known[1];
}

static int put_words(struct nl_msg *msg, int attr, const uint64_t *bits)
{
	uint32_t words[BITS / 32];

	for (unsigned k = 0; k < ARRAY_SIZE(words); k++)
		words[k] = bits[k / 2] >> (k % 2 * 32);
	return nla_put(msg, attr, sizeof(words), words);
}

static int get(const struct row *row, const struct nlattr *a, void *v, bool may_be_empty)
{
	struct nlattr *tb[ETHTOOL_A_BITSET_MASK + 1];
	struct bitset *b = v;
	uint64_t known[2];

	if (nla_parse_nested(tb, ETHTOOL_A_BITSET_MASK, (struct nlattr *)a, NULL) < 0)
		return -EBADMSG;
	if (!tb[ETHTOOL_A_BITSET_VALUE])
		return -ENODATA;
	known_bits(row, known);
	get_words(tb[ETHTOOL_A_BITSET_VALUE], known, b->on);
	memcpy(b->mask, known, sizeof(known));
	if (tb[ETHTOOL_A_BITSET_MASK])
		get_words(tb[ETHTOOL_A_BITSET_MASK], known, b->mask);
	/* Nothing that could be set, or nothing set where nothing says what could be. */
	if (!may_be_empty &&
	    !(tb[ETHTOOL_A_BITSET_MASK] ? b->mask[0] | b->mask[1] : b->on[0] | b->on[1]))
		return -ENODATA;
	return 0;
}

static int bitset_get(const struct row *row, const struct nlattr *a, void *v)
{
	return get(row, a, v, false);
}

static int plain_get(const struct row *row, const struct nlattr *a, void *v)
{
	return get(row, a, v, true);
}

int bitset_put(struct nl_msg *msg, const struct row *row, const struct bitset *to,
	       const struct bitset *from)
{
	struct nlattr *nest = nla_nest_start(msg, row->attr);
	uint64_t mask[2];

	for (unsigned n = 0; n < 2; n++)
		mask[n] = to->on[n] | (from ? from->mask[n] | from->on[n] : 0);
	if (!nest || nla_put_u32(msg, ETHTOOL_A_BITSET_SIZE, BITS) < 0 ||
	    put_words(msg, ETHTOOL_A_BITSET_VALUE, to->on) < 0 ||
	    put_words(msg, ETHTOOL_A_BITSET_MASK, mask) < 0)
		return -EMSGSIZE;
	return nla_nest_end(msg, nest);
}

static char *bitset_range(const struct row *row)
{
	char *s = NULL;
	size_t n;
	FILE *out = open_memstream(&s, &n);

	for (const struct word *w = row->data; w->word; w++)
		fprintf(out, "%s%s", w == row->data ? "" : " ", w->word);
	fclose(out);
	return s;
}

const struct type type_bitset = {
	.name = "list of words", .signature = "as", .size = sizeof(struct bitset),
	.parse = bitset_parse, .json = bitset_json, .equal = bitset_equal, .get = bitset_get,
	.range = bitset_range,
};

const struct type type_bitset_plain = {
	.name = "list of words", .signature = "as", .size = sizeof(struct bitset),
	.parse = bitset_parse, .json = bitset_json, .equal = bitset_equal, .get = plain_get,
	.range = bitset_range,
};
