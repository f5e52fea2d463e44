// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the device does in the processor's place, by the kernel's names
 * (net/ethtool/common.c, netdev_features_strings).
 *
 * Bits have no fixed numbers. Their names are asked for once, for they are the same for all
 * devices (STRSET_GET, ETH_SS_FEATURES): of each device 4 KiB of names would have to be made,
 * carried and compared, which was most of a start with many ports.
 *
 * A setting is what is wanted. What of it is active may be less, when one
 * depends on another; that is the kernel's to sort out. What the driver fixes
 * the kernel leaves as it is without a word, so here it is refused.
 */
#include "features/ethernet/ethernet.h"

#include <netlink/attr.h>
#include <netlink/msg.h>

#define BITS_MAX 128

#define OFFLOAD_ALSO(n, k, ethtool, text)                                                          \
	{ .key = k, .type = &type_bool, .offset = offsetof(struct offloads, on) + (n),             \
	  .attr = IN(ETH_FEATURES, ETHTOOL_A_FEATURES_WANTED), .phase = PHASE_PHY, .help = text,   \
	  .also = ethtool }
#define OFFLOAD(n, k, text) OFFLOAD_ALSO(n, k, NULL, text)
#define OFFLOADS 56

struct offloads {
	struct object o;
	uint8_t on[OFFLOADS];
	uint64_t fixed; /* rows that the driver does not let anybody change */
};

/* What the kernel calls them. */
struct numbers {
	uint8_t bit[OFFLOADS]; /* its number and 1; 0: it has no such offload */
};

static const struct row rows[] = {
	OFFLOAD_ALSO(0, "tx-scatter-gather", "sg", "Send frames whose parts lie apart in memory"),
	OFFLOAD(1, "tx-checksum-ipv4",
		"Have the device compute checksums of TCP and UDP over IPv4"),
	OFFLOAD_ALSO(2, "tx-checksum-ip-generic", "tx", "Have the device compute any checksum"),
	OFFLOAD(3, "tx-checksum-ipv6",
		"Have the device compute checksums of TCP and UDP over IPv6"),
	OFFLOAD(4, "highdma", "Let the device reach all of memory"),
	OFFLOAD(5, "tx-scatter-gather-fraglist", "Send frames that are made of a list of frames"),
	OFFLOAD_ALSO(6, "tx-vlan-hw-insert", "txvlan", "Have the device put VLAN tags in"),
	OFFLOAD_ALSO(7, "rx-vlan-hw-parse", "rxvlan", "Have the device take VLAN tags out"),
	OFFLOAD(8, "rx-vlan-filter", "Have the device drop frames of VLANs that nobody wants"),
	OFFLOAD(9, "tx-vlan-stag-hw-insert", "Have the device put 802.1ad tags in"),
	OFFLOAD(10, "rx-vlan-stag-hw-parse", "Have the device take 802.1ad tags out"),
	OFFLOAD(11, "rx-vlan-stag-filter",
		"Have the device drop frames of 802.1ad VLANs that nobody wants"),
	OFFLOAD_ALSO(12, "tx-generic-segmentation", "gso",
		     "Cut large packets into frames late (GSO)"),
	OFFLOAD_ALSO(13, "rx-gro", "gro", "Join received packets (GRO)"),
	OFFLOAD(14, "rx-gro-hw",
		"Have the device join received packets so that they can be cut again"),
	OFFLOAD_ALSO(15, "rx-lro", "lro",
		"Have the device join received packets for this machine only, not for routers"),
	OFFLOAD_ALSO(16, "tx-tcp-segmentation", "tso", "Have the device cut TCP over IPv4 (TSO)"),
	OFFLOAD(17, "tx-gso-robust", "Pass packets from guests that may be malformed"),
	OFFLOAD(18, "tx-tcp-ecn-segmentation", "Have the device cut TCP with ECN"),
	OFFLOAD(19, "tx-tcp-mangleid-segmentation",
		"Have the device cut TCP, with the same IPv4 ID in all pieces"),
	OFFLOAD(20, "tx-tcp6-segmentation", "Have the device cut TCP over IPv6"),
	OFFLOAD(21, "tx-gre-segmentation", "Have the device cut what is in GRE"),
	OFFLOAD(22, "tx-gre-csum-segmentation",
		"Have the device cut what is in GRE with checksums"),
	OFFLOAD(23, "tx-ipxip4-segmentation", "Have the device cut what is in IPv4 tunnels"),
	OFFLOAD(24, "tx-ipxip6-segmentation", "Have the device cut what is in IPv6 tunnels"),
	OFFLOAD(25, "tx-udp_tnl-segmentation",
		"Have the device cut what is in UDP tunnels (VXLAN, Geneve)"),
	OFFLOAD(26, "tx-udp_tnl-csum-segmentation",
		"Have the device cut what is in UDP tunnels with checksums"),
	OFFLOAD(27, "tx-gso-partial", "Have the device cut the inner packet only"),
	OFFLOAD(28, "tx-tunnel-remcsum-segmentation",
		"Have the device cut tunnels with remote checksums"),
	OFFLOAD(29, "tx-sctp-segmentation", "Have the device cut SCTP"),
	OFFLOAD(30, "tx-esp-segmentation", "Have the device cut what is in IPsec"),
	OFFLOAD(31, "tx-udp-segmentation", "Have the device cut UDP (USO)"),
	OFFLOAD(32, "tx-gso-list", "Cut packets that were joined as a list"),
	OFFLOAD(33, "tx-checksum-sctp", "Have the device compute checksums of SCTP"),
	OFFLOAD_ALSO(34, "rx-ntuple-filter", "ntuple", "Sort received packets by filters"),
	OFFLOAD_ALSO(35, "rx-hashing", "rxhash",
		     "Have the device compute a hash of each received packet"),
	OFFLOAD_ALSO(36, "rx-checksum", "rx", "Have the device check checksums"),
	OFFLOAD(37, "tx-nocache-copy", "Copy data of the sender past the processor's cache"),
	OFFLOAD(38, "loopback", "Receive what is sent"),
	OFFLOAD(39, "rx-fcs", "Keep the frame check sequence of received frames"),
	OFFLOAD(40, "rx-all", "Receive damaged frames too"),
	OFFLOAD(41, "l2-fwd-offload", "Have the device switch between macvlans"),
	OFFLOAD(42, "hw-tc-offload", "Have the device carry out filters and classes of tc"),
	OFFLOAD(43, "esp-hw-offload", "Have the device do IPsec"),
	OFFLOAD(44, "esp-tx-csum-hw-offload", "Have the device compute checksums inside IPsec"),
	OFFLOAD(45, "rx-udp_tunnel-port-offload", "Tell the device which UDP ports are tunnels"),
	OFFLOAD(46, "tls-hw-record", "Have the device do TLS and TCP"),
	OFFLOAD(47, "tls-hw-tx-offload", "Have the device encrypt TLS"),
	OFFLOAD(48, "tls-hw-rx-offload", "Have the device decrypt TLS"),
	OFFLOAD(49, "rx-gro-list", "Join received packets as a list"),
	OFFLOAD(50, "macsec-hw-offload", "Have the device do MACsec"),
	OFFLOAD(51, "rx-udp-gro-forwarding", "Join received UDP that is forwarded"),
	OFFLOAD(52, "hsr-tag-ins-offload", "Have the device put HSR tags in"),
	OFFLOAD(53, "hsr-tag-rm-offload", "Have the device take HSR tags out"),
	OFFLOAD(54, "hsr-fwd-offload", "Have the device forward in an HSR ring"),
	OFFLOAD(55, "hsr-dup-offload", "Have the device send both copies in HSR"),
};
_Static_assert(ARRAY_SIZE(rows) == OFFLOADS, "a value each");

/* Bits of one bitset, by the kernel's numbers. */
struct bits {
	uint64_t on[BITS_MAX / 64];
};

static bool has_bit(const struct bits *b, unsigned n)
{
	return n < BITS_MAX && b->on[n / 64] & BIT64(n % 64);
}

static void take_words(const struct nlattr *a, struct bits *b)
{
	const uint32_t *words = nla_data(a);

	for (unsigned n = 0; n < (unsigned)nla_len(a) / 4 && n < BITS_MAX / 32; n++)
		b->on[n / 2] |= (uint64_t)words[n] << (n % 2 * 32);
}

static void take_set(struct nlattr *set, struct bits *b)
{
	struct nlattr *tb[ETHTOOL_A_BITSET_MASK + 1];

	memset(b, 0, sizeof(*b));
	if (set && nla_parse_nested(tb, ETHTOOL_A_BITSET_MASK, set, NULL) >= 0 &&
	    tb[ETHTOOL_A_BITSET_VALUE])
		take_words(tb[ETHTOOL_A_BITSET_VALUE], b);
}

static void take_string(struct numbers *all, struct nlattr *string)
{
	struct nlattr *tb[ETHTOOL_A_STRING_VALUE + 1];

	if (nla_parse_nested(tb, ETHTOOL_A_STRING_VALUE, string, NULL) < 0 ||
	    !tb[ETHTOOL_A_STRING_INDEX] || !tb[ETHTOOL_A_STRING_VALUE] ||
	    nla_get_u32(tb[ETHTOOL_A_STRING_INDEX]) >= BITS_MAX)
		return;
	for (unsigned n = 0; n < OFFLOADS; n++)
		if (!nla_strcmp(tb[ETHTOOL_A_STRING_VALUE], rows[n].key))
			all->bit[n] = nla_get_u32(tb[ETHTOOL_A_STRING_INDEX]) + 1;
}

/* Of the one set that was asked for: ask_strings(). */
static int take_strings(struct numbers *all, const struct nlmsghdr *n)
{
	struct nlattr *a = nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN,
					   ETHTOOL_A_STRSET_STRINGSETS);
	struct nlattr *string;
	int left;

	a = a ? nla_find(nla_data(a), nla_len(a), ETHTOOL_A_STRINGSETS_STRINGSET) : NULL;
	a = a ? nla_find(nla_data(a), nla_len(a), ETHTOOL_A_STRINGSET_STRINGS) : NULL;
	if (!a)
		return -EBADMSG;
	memset(all, 0, sizeof(*all));
	nla_for_each_nested(string, a, left)
		take_string(all, string);
	return 0;
}

static int ask_strings(struct nl_msg *msg, void *header)
{
	struct nlattr *sets, *set;

	if (ethernet_ask_all(msg, header) < 0)
		return -EMSGSIZE;
	sets = nla_nest_start(msg, ETHTOOL_A_STRSET_STRINGSETS);
	set = sets ? nla_nest_start(msg, ETHTOOL_A_STRINGSETS_STRINGSET) : NULL;
	if (!set || nla_put_u32(msg, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, set);
	return nla_nest_end(msg, sets);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	struct numbers *numbers = mirror_fact(m, &offloads_feature, sizeof(*numbers));
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ETHTOOL_A_FEATURES_NOCHANGE + 1];
	struct bits hardware, wanted, active, fixed;
	struct offloads *f;
	struct iface *i;

	if (g->cmd == ETHTOOL_MSG_STRSET_GET_REPLY)
		return take_strings(numbers, n);
	i = ethernet_parse(m, n, tb, ETHTOOL_A_FEATURES_NOCHANGE);
	if (!i)
		return 0;
	f = (struct offloads *)iface_get_object(mirror_model(m), i, &offloads_feature);
	take_set(tb[ETHTOOL_A_FEATURES_HW], &hardware);
	take_set(tb[ETHTOOL_A_FEATURES_WANTED], &wanted);
	take_set(tb[ETHTOOL_A_FEATURES_ACTIVE], &active);
	take_set(tb[ETHTOOL_A_FEATURES_NOCHANGE], &fixed);
	f->o.present = f->fixed = 0;
	for (unsigned k = 0; k < OFFLOADS; k++) {
		unsigned bit = numbers->bit[k] - 1u;
		bool can = has_bit(&hardware, bit) && !has_bit(&fixed, bit);

		if (!numbers->bit[k])
			continue;
		f->o.present |= BIT64(k);
		f->fixed |= can ? 0 : BIT64(k);
		f->on[k] = has_bit(can ? &wanted : &active, bit);
	}
	mirror_touch(m, i);
	return 0;
}

static int put_bit(struct nl_msg *msg, const char *name, bool on)
{
	struct nlattr *bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT);

	if (!bit || nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, name) < 0 ||
	    (on && nla_put_flag(msg, ETHTOOL_A_BITSET_BIT_VALUE) < 0))
		return -EMSGSIZE;
	return nla_nest_end(msg, bit);
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct offloads *to = (const struct offloads *)s->to;
	const struct offloads *from = (const struct offloads *)s->from;
	struct nlattr *set, *bits;

	if (from && (s->mask & from->fixed)) {
		e->why = "the driver fixes it";
		return -EOPNOTSUPP;
	}
	if (ethernet_begin(e, ETHTOOL_MSG_FEATURES_SET, s->ifindex) < 0)
		return -EMSGSIZE;
	set = nla_nest_start(e->msg, ETHTOOL_A_FEATURES_WANTED);
	bits = set ? nla_nest_start(e->msg, ETHTOOL_A_BITSET_BITS) : NULL;
	for (unsigned n = 0; bits && n < OFFLOADS; n++)
		if ((s->mask & BIT64(n)) && put_bit(e->msg, rows[n].key, to->on[n]) < 0)
			return -EMSGSIZE;
	if (!bits)
		return -EMSGSIZE;
	nla_nest_end(e->msg, bits);
	nla_nest_end(e->msg, set);
	return 0;
}

static const struct source sources[] = {
	{ .get = GENL_ETHTOOL, .header = GENL_HDRLEN, .lazy = true, .single = true,
	  .commands = { .get = ETHTOOL_MSG_STRSET_GET, .add = { ETHTOOL_MSG_STRSET_GET_REPLY } },
	  .filter = ask_strings },
	ETH_SOURCE(ETHTOOL_MSG_FEATURES_GET, ETHTOOL_MSG_FEATURES_GET_REPLY,
		   ETHTOOL_MSG_FEATURES_NTF),
	{ 0 },
};

struct feature offloads_feature = {
	.name = "ethernet.features",
	.help = "What the device does in the processor's place, by the kernel's names",
	.form = FORM_GROUP, .size = sizeof(struct offloads), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .sources = sources, .observe = observe, .encode = encode,
};
