// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * net/ethtool/netlink.c for the fake kernel's NICs: settings are kept as the
 * attributes that were sent; bitsets are merged by their masks, and what is
 * not in a device's mask cannot be set.
 */
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

#include "fake/fake-internal.h"

#define ATTR_MAX 40

static const struct kind {
	uint8_t get, set, answer, ntf;
	uint8_t bitset; /* the attribute that is one */
} kinds[] = {
	{ ETHTOOL_MSG_LINKMODES_GET, ETHTOOL_MSG_LINKMODES_SET, ETHTOOL_MSG_LINKMODES_GET_REPLY,
	  ETHTOOL_MSG_LINKMODES_NTF, ETHTOOL_A_LINKMODES_OURS },
	{ ETHTOOL_MSG_LINKINFO_GET, ETHTOOL_MSG_LINKINFO_SET, ETHTOOL_MSG_LINKINFO_GET_REPLY,
	  ETHTOOL_MSG_LINKINFO_NTF, 0 },
	{ ETHTOOL_MSG_WOL_GET, ETHTOOL_MSG_WOL_SET, ETHTOOL_MSG_WOL_GET_REPLY, ETHTOOL_MSG_WOL_NTF,
	  ETHTOOL_A_WOL_MODES },
	{ ETHTOOL_MSG_RINGS_GET, ETHTOOL_MSG_RINGS_SET, ETHTOOL_MSG_RINGS_GET_REPLY,
	  ETHTOOL_MSG_RINGS_NTF, 0 },
	{ ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_MSG_CHANNELS_SET, ETHTOOL_MSG_CHANNELS_GET_REPLY,
	  ETHTOOL_MSG_CHANNELS_NTF, 0 },
	{ ETHTOOL_MSG_COALESCE_GET, ETHTOOL_MSG_COALESCE_SET, ETHTOOL_MSG_COALESCE_GET_REPLY,
	  ETHTOOL_MSG_COALESCE_NTF, 0 },
	{ ETHTOOL_MSG_PAUSE_GET, ETHTOOL_MSG_PAUSE_SET, ETHTOOL_MSG_PAUSE_GET_REPLY,
	  ETHTOOL_MSG_PAUSE_NTF, 0 },
	{ ETHTOOL_MSG_EEE_GET, ETHTOOL_MSG_EEE_SET, ETHTOOL_MSG_EEE_GET_REPLY, ETHTOOL_MSG_EEE_NTF,
	  ETHTOOL_A_EEE_MODES_OURS },
	{ ETHTOOL_MSG_FEC_GET, ETHTOOL_MSG_FEC_SET, ETHTOOL_MSG_FEC_GET_REPLY, ETHTOOL_MSG_FEC_NTF,
	  ETHTOOL_A_FEC_MODES },
	{ ETHTOOL_MSG_FEATURES_GET, ETHTOOL_MSG_FEATURES_SET, ETHTOOL_MSG_FEATURES_GET_REPLY,
	  ETHTOOL_MSG_FEATURES_NTF, 0 },
};

/* In numbers of their own, as another kernel's would be. */
static const char *const feature_names[] = {
	"vlan-challenged", "rx-gro", "rx-gro-hw", "tx-gso-robust", "rx-checksum",
};
#define FEATURES_CHANGEABLE 0x16
#define FEATURES_AT_FIRST 0x12

struct ethtool {
	struct attrs attrs[ARRAY_SIZE(kinds)];
	uint32_t features;
};

static void put_bitset(struct nl_msg *msg, int attr, uint32_t low, uint32_t high, uint32_t can_low,
		       uint32_t can_high)
{
	uint32_t value[4] = { low, high }, mask[4] = { can_low, can_high };
	struct nlattr *nest = nla_nest_start(msg, attr);

	nla_put_u32(msg, ETHTOOL_A_BITSET_SIZE, 128);
	nla_put(msg, ETHTOOL_A_BITSET_VALUE, sizeof(value), value);
	nla_put(msg, ETHTOOL_A_BITSET_MASK, sizeof(mask), mask);
	nla_nest_end(msg, nest);
}

static void set_bitset(struct attrs *a, int attr, uint32_t low, uint32_t high, uint32_t can_low,
		       uint32_t can_high)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;

	nlmsg_put(msg, 0, 0, 0, 0, 0);
	put_bitset(msg, attr, low, high, can_low, can_high);
	nest = nlmsg_attrdata(nlmsg_hdr(msg), 0);
	attrs_set(a, attr, nla_data(nest), nla_len(nest));
	nlmsg_free(msg);
}

static void set_u8(struct attrs *a, int attr, uint8_t value)
{
	attrs_set(a, attr, &value, 1);
}

static struct attrs *attrs_of(const struct device *d, unsigned get)
{
	for (unsigned n = 0; n < ARRAY_SIZE(kinds); n++)
		if (kinds[n].get == get)
			return &d->ethtool->attrs[n];
	abort();
}

/* A gigabit NIC as it comes. */
void ethtool_init(struct device *d)
{
	struct attrs *a;

	d->ethtool = new0(struct ethtool);
	d->ethtool->features = FEATURES_AT_FIRST;
	a = attrs_of(d, ETHTOOL_MSG_LINKMODES_GET);
	set_u8(a, ETHTOOL_A_LINKMODES_AUTONEG, 1);
	set_bitset(a, ETHTOOL_A_LINKMODES_OURS, 0x20ef, 0, 0x20ef, 0);
	attrs_set_u32(a, ETHTOOL_A_LINKMODES_SPEED, 1000);
	set_u8(a, ETHTOOL_A_LINKMODES_DUPLEX, 1);
	set_u8(attrs_of(d, ETHTOOL_MSG_LINKINFO_GET), ETHTOOL_A_LINKINFO_TP_MDIX_CTRL, 3);
	set_bitset(attrs_of(d, ETHTOOL_MSG_WOL_GET), ETHTOOL_A_WOL_MODES, 0, 0, 0x2f, 0);
	a = attrs_of(d, ETHTOOL_MSG_RINGS_GET);
	for (unsigned n = ETHTOOL_A_RINGS_RX_MAX; n <= ETHTOOL_A_RINGS_TX; n++)
		if (n != ETHTOOL_A_RINGS_RX_MINI && n != ETHTOOL_A_RINGS_RX_MINI_MAX &&
		    n != ETHTOOL_A_RINGS_RX_JUMBO && n != ETHTOOL_A_RINGS_RX_JUMBO_MAX)
			attrs_set_u32(a, n, n < ETHTOOL_A_RINGS_RX ? 4096 : 256);
	a = attrs_of(d, ETHTOOL_MSG_CHANNELS_GET);
	attrs_set_u32(a, ETHTOOL_A_CHANNELS_COMBINED_MAX, 8);
	attrs_set_u32(a, ETHTOOL_A_CHANNELS_COMBINED_COUNT, 4);
	a = attrs_of(d, ETHTOOL_MSG_COALESCE_GET);
	attrs_set_u32(a, ETHTOOL_A_COALESCE_RX_USECS, 3);
	attrs_set_u32(a, ETHTOOL_A_COALESCE_TX_USECS, 10);
	set_u8(a, ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX, 1);
	a = attrs_of(d, ETHTOOL_MSG_PAUSE_GET);
	for (unsigned n = ETHTOOL_A_PAUSE_AUTONEG; n <= ETHTOOL_A_PAUSE_TX; n++)
		set_u8(a, n, n == ETHTOOL_A_PAUSE_AUTONEG);
	a = attrs_of(d, ETHTOOL_MSG_EEE_GET);
	set_u8(a, ETHTOOL_A_EEE_ENABLED, 1);
	set_u8(a, ETHTOOL_A_EEE_TX_LPI_ENABLED, 1);
	attrs_set_u32(a, ETHTOOL_A_EEE_TX_LPI_TIMER, 200);
	set_bitset(a, ETHTOOL_A_EEE_MODES_OURS, 0x28, 0, 0x28, 0);
	a = attrs_of(d, ETHTOOL_MSG_FEC_GET);
	set_u8(a, ETHTOOL_A_FEC_AUTO, 0);
	set_bitset(a, ETHTOOL_A_FEC_MODES, 0, 1 << 17, 0, 7 << 17);
}

void ethtool_done(struct device *d)
{
	if (!d->ethtool)
		return;
	for (unsigned n = 0; n < ARRAY_SIZE(kinds); n++)
		attrs_done(&d->ethtool->attrs[n]);
	free(TAKE_PTR(d->ethtool));
}

static void put_bit(struct nl_msg *msg, unsigned n, bool value)
{
	struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT);

	nla_put_u32(msg, ETHTOOL_A_BITSET_BIT_INDEX, n);
	nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, feature_names[n]);
	if (value)
		nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE);
	nla_nest_end(msg, bit);
}

/* @listed: those that are set (NOMASK); else all, with their values. */
static void put_names(struct nl_msg *msg, int attr, uint32_t set, bool listed)
{
	struct nlattr *nest = nla_nest_start(msg, attr), *bits;

	if (listed)
		nla_put_flag(msg, ETHTOOL_A_BITSET_NOMASK);
	bits = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS);
	for (unsigned n = 0; n < ARRAY_SIZE(feature_names); n++)
		if (!listed || set & BIT64(n))
			put_bit(msg, n, !listed && set & BIT64(n));
	nla_nest_end(msg, bits);
	nla_nest_end(msg, nest);
}

static void put_features(struct nl_msg *msg, const struct device *d, bool names)
{
	uint32_t on = d->ethtool->features;

	if (!names) {
		put_bitset(msg, ETHTOOL_A_FEATURES_HW, FEATURES_CHANGEABLE, 0, 0x1f, 0);
		put_bitset(msg, ETHTOOL_A_FEATURES_WANTED, on, 0, ~0u, 0);
		put_bitset(msg, ETHTOOL_A_FEATURES_ACTIVE, on, 0, ~0u, 0);
		put_bitset(msg, ETHTOOL_A_FEATURES_NOCHANGE, 1, 0, ~0u, 0);
		return;
	}
	put_names(msg, ETHTOOL_A_FEATURES_HW, FEATURES_CHANGEABLE, false);
	put_names(msg, ETHTOOL_A_FEATURES_WANTED, on, true);
	put_names(msg, ETHTOOL_A_FEATURES_ACTIVE, on, true);
	put_names(msg, ETHTOOL_A_FEATURES_NOCHANGE, 1, true);
}

static struct nl_msg *message(const struct device *d, const struct kind *k, uint8_t cmd, bool names)
{
	const struct genlmsghdr g = { .cmd = cmd, .version = 1 };
	struct nl_msg *msg = fake_message(GENL_ETHTOOL, &g, sizeof(g));
	struct nlattr *header = nla_nest_start(msg, 1);

	nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, d->index);
	nla_put_string(msg, ETHTOOL_A_HEADER_DEV_NAME, d->name);
	nla_nest_end(msg, header);
	if (k->get == ETHTOOL_MSG_FEATURES_GET)
		put_features(msg, d, names);
	else
		attrs_put(msg, &d->ethtool->attrs[k - kinds]);
	return msg;
}

/* STRSET_GET, of the one set that anybody asks for; by whatever device is asked. */
static struct nl_msg *strings_message(void)
{
	const struct genlmsghdr g = { .cmd = ETHTOOL_MSG_STRSET_GET_REPLY, .version = 1 };
	struct nl_msg *msg = fake_message(GENL_ETHTOOL, &g, sizeof(g));
	struct nlattr *sets = nla_nest_start(msg, ETHTOOL_A_STRSET_STRINGSETS);
	struct nlattr *set = nla_nest_start(msg, ETHTOOL_A_STRINGSETS_STRINGSET), *strings;

	nla_put_u32(msg, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES);
	strings = nla_nest_start(msg, ETHTOOL_A_STRINGSET_STRINGS);
	for (unsigned n = 0; n < ARRAY_SIZE(feature_names); n++) {
		struct nlattr *string = nla_nest_start(msg, ETHTOOL_A_STRINGS_STRING);

		nla_put_u32(msg, ETHTOOL_A_STRING_INDEX, n);
		nla_put_string(msg, ETHTOOL_A_STRING_VALUE, feature_names[n]);
		nla_nest_end(msg, string);
	}
	nla_nest_end(msg, strings);
	nla_nest_end(msg, set);
	nla_nest_end(msg, sets);
	return msg;
}

static bool is_strings(const struct nlmsghdr *n)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);

	return g->cmd == ETHTOOL_MSG_STRSET_GET;
}

static bool wants_names(const struct nlmsghdr *n)
{
	struct nlattr *header[ETHTOOL_A_HEADER_FLAGS + 1], *tb[ATTR_MAX + 1];

	return nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, ATTR_MAX, NULL) < 0 || !tb[1] ||
	       nla_parse_nested(header, ETHTOOL_A_HEADER_FLAGS, tb[1], NULL) < 0 ||
	       !header[ETHTOOL_A_HEADER_FLAGS] ||
	       !(nla_get_u32(header[ETHTOOL_A_HEADER_FLAGS]) & ETHTOOL_FLAG_COMPACT_BITSETS);
}

static int header_of(const struct nlmsghdr *n, struct nlattr **tb)
{
	struct nlattr *header[ETHTOOL_A_HEADER_FLAGS + 1];

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, ATTR_MAX, NULL) < 0 || !tb[1] ||
	    nla_parse_nested(header, ETHTOOL_A_HEADER_FLAGS, tb[1], NULL) < 0)
		return -EINVAL;
	return header[ETHTOOL_A_HEADER_DEV_INDEX] ?
		       (int)nla_get_u32(header[ETHTOOL_A_HEADER_DEV_INDEX]) : 0;
}

static const struct kind *kind_of(const struct nlmsghdr *n, bool set)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((set ? kinds[i].set : kinds[i].get) == g->cmd)
			return &kinds[i];
	return NULL;
}

bool ethtool_wanted(const struct nlmsghdr *n, const struct device *d)
{
	struct nlattr *tb[ATTR_MAX + 1];
	int index = header_of(n, tb);

	return d->ethtool && (kind_of(n, false) || is_strings(n)) && (!index || index == d->index);
}

struct nl_msg *ethtool_message(const struct device *d, const struct nlmsghdr *n)
{
	const struct kind *k = kind_of(n, false);

	return is_strings(n) ? strings_message() : message(d, k, k->answer, wants_names(n));
}

static uint32_t word_in(struct nlattr *set, int attr, unsigned n)
{
	struct nlattr *tb[ETHTOOL_A_BITSET_MASK + 1];

	if (nla_parse_nested(tb, ETHTOOL_A_BITSET_MASK, set, NULL) < 0 || !tb[attr])
		return 0;
	return ((const uint32_t *)nla_data(tb[attr]))[n];
}

static int merge_bitset(struct call *c, struct attrs *a, int attr, struct nlattr *sent)
{
	struct nlattr *old = (struct nlattr *)attrs_get(a, attr);
	uint32_t value[2], can[2];

	for (unsigned n = 0; n < 2; n++) {
		uint32_t mask = word_in(sent, ETHTOOL_A_BITSET_MASK, n);

		can[n] = word_in(old, ETHTOOL_A_BITSET_MASK, n);
		value[n] = (word_in(old, ETHTOOL_A_BITSET_VALUE, n) & ~mask) |
			   (word_in(sent, ETHTOOL_A_BITSET_VALUE, n) & mask);
		if (value[n] & ~can[n])
			return fake_refuse(c, -EINVAL, "unsupported bits");
	}
	set_bitset(a, attr, value[0], value[1], can[0], can[1]);
	return 0;
}

static int set_features(struct device *d, struct nlattr *set)
{
	struct nlattr *tb[ETHTOOL_A_BITSET_MASK + 1], *bit[ETHTOOL_A_BITSET_BIT_VALUE + 1], *a;
	int left;

	if (nla_parse_nested(tb, ETHTOOL_A_BITSET_MASK, set, NULL) < 0 || !tb[ETHTOOL_A_BITSET_BITS])
		return -EINVAL;
	nla_for_each_nested(a, tb[ETHTOOL_A_BITSET_BITS], left) {
		unsigned n = 0;

		if (nla_parse_nested(bit, ETHTOOL_A_BITSET_BIT_VALUE, a, NULL) < 0)
			return -EINVAL;
		while (n < ARRAY_SIZE(feature_names) &&
		       nla_strcmp(bit[ETHTOOL_A_BITSET_BIT_NAME], feature_names[n]))
			n++;
		if (n == ARRAY_SIZE(feature_names))
			return -EOPNOTSUPP;
		if (!(FEATURES_CHANGEABLE & BIT64(n)))
			continue; /* without a word, as the kernel */
		d->ethtool->features &= ~BIT64(n);
		if (bit[ETHTOOL_A_BITSET_BIT_VALUE])
			d->ethtool->features |= BIT64(n);
	}
	return 0;
}

int ethtool_set(struct call *c)
{
	const struct kind *k = kind_of(c->n, true);
	struct nlattr *tb[ATTR_MAX + 1];
	struct device *d;
	struct attrs *a;
	int r = header_of(c->n, tb);

	if (r < 0)
		return r;
	d = device_find(c->fk, r);
	if (!d)
		return -ENODEV;
	if (!k || !d->ethtool)
		return -EOPNOTSUPP;
	a = &d->ethtool->attrs[k - kinds];
	r = k->get == ETHTOOL_MSG_FEATURES_GET ? set_features(d, tb[ETHTOOL_A_FEATURES_WANTED]) : 0;
	for (int n = 2; !r && n <= ATTR_MAX && k->get != ETHTOOL_MSG_FEATURES_GET; n++) {
		if (tb[n] && !attrs_get(a, n))
			r = fake_refuse(c, -EOPNOTSUPP, "not supported by the device");
		else if (tb[n] && n == k->bitset)
			r = merge_bitset(c, a, n, tb[n]);
		else if (tb[n])
			attrs_set(a, n, nla_data(tb[n]), nla_len(tb[n]));
	}
	if (!r)
		fake_tell(c->fk, GENL_ETHTOOL_MONITOR, message(d, k, k->ntf, false));
	return r;
}
