// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What Ethernet devices count: the standard groups (STATS_GET), those that come
 * with a setting's message when it is asked for with ETHTOOL_FLAG_STATS, what
 * they know of the link, and what the driver counts under names of its own.
 *
 * A counter has the name that ethtool shows. What must stay true: nothing is
 * read before somebody asks, and a driver's own counters, of which there may be
 * thousands, only of interfaces that are named.
 */
#include "core/statistics.h"
#include "features/ethernet/ethernet.h"
#include "nl/ioctl.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>

static struct nl_msg *request(unsigned family, unsigned command, int ifindex)
{
	return genl_request(family, command, ETHTOOL_GENL_VERSION, ifindex ? NLM_F_ACK : 0);
}

static void ask(struct statistics *s, const struct statistics_provider *p, struct nl_msg *msg,
		statistics_message_fn fn)
{
	statistics_dump(s, p, msg, fn);
	nlmsg_free(msg);
}

/* @attribute: of the header, in this message. */
static void put_header(struct nl_msg *msg, int attribute, int ifindex, uint32_t flags)
{
	struct nlattr *nest = nla_nest_start(msg, attribute);

	if (!nest || (ifindex && nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, ifindex) < 0) ||
	    (flags && nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, flags) < 0))
		abort();
	nla_nest_end_keep_empty(msg, nest);
}

static int index_of(const struct nlmsghdr *n, int attribute)
{
	struct nlattr *a = nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN, attribute);
	struct nlattr *index = a ? nla_find(nla_data(a), nla_len(a), ETHTOOL_A_HEADER_DEV_INDEX) :
				   NULL;

	return index ? (int)nla_get_u32(index) : 0;
}

static uint64_t number_of(const struct nlattr *a)
{
	uint64_t wide;

	/* 64 bits, which netlink does not align; by nla_put_uint() 32 where they are enough. */
	if ((size_t)nla_len(a) < sizeof(wide))
		return nla_len(a) < 4 ? 0 : nla_get_u32(a);
	memcpy(&wide, nla_data(a), sizeof(wide));
	return wide;
}

/* ---- STATS_GET: IEEE 802.3 Clause 30, RFC 2819 ---- */

/* Each in the order of ETHTOOL_A_STATS_…; names are those of the standard, without its "a". */
static const struct counter phy_counters[] = {
	COUNTER("SymbolErrorDuringCarrier", NULL, "Frames with a symbol that is none"),
};
static const struct counter mac_counters[] = {
	COUNTER("FramesTransmittedOK", "packets", "Frames sent well"),
	COUNTER("SingleCollisionFrames", "packets", "Frames sent after one collision"),
	COUNTER("MultipleCollisionFrames", "packets", "Frames sent after several collisions"),
	COUNTER("FramesReceivedOK", "packets", "Frames received well"),
	COUNTER("FrameCheckSequenceErrors", "packets", "Frames received with a wrong checksum"),
	COUNTER("AlignmentErrors", "packets", "Frames received that were no whole bytes"),
	COUNTER("OctetsTransmittedOK", "bytes", "Bytes of data sent well"),
	COUNTER("FramesWithDeferredXmissions", "packets", "Frames that had to wait for the medium"),
	COUNTER("LateCollisions", NULL, "Collisions that came too late"),
	COUNTER("FramesAbortedDueToXSColls", "packets",
		"Frames given up after too many collisions"),
	COUNTER("FramesLostDueToIntMACXmitError", "packets", "Frames the device failed to send"),
	COUNTER("CarrierSenseErrors", NULL, "The carrier was not there while sending"),
	COUNTER("OctetsReceivedOK", "bytes", "Bytes of data received well"),
	COUNTER("FramesLostDueToIntMACRcvError", "packets", "Frames the device failed to receive"),
	COUNTER("MulticastFramesXmittedOK", "packets", "Multicast frames sent well"),
	COUNTER("BroadcastFramesXmittedOK", "packets", "Broadcast frames sent well"),
	COUNTER("FramesWithExcessiveDeferral", "packets",
		"Frames that waited too long for the medium"),
	COUNTER("MulticastFramesReceivedOK", "packets", "Multicast frames received well"),
	COUNTER("BroadcastFramesReceivedOK", "packets", "Broadcast frames received well"),
	COUNTER("InRangeLengthErrors", "packets", "Frames with another length than they say"),
	COUNTER("OutOfRangeLengthField", "packets", "Frames that say a length which is none"),
	COUNTER("FrameTooLongErrors", "packets", "Frames received that were too long"),
};
static const struct counter ctrl_counters[] = {
	COUNTER("MACControlFramesTransmitted", "packets", "Control frames sent"),
	COUNTER("MACControlFramesReceived", "packets", "Control frames received"),
	COUNTER("UnsupportedOpcodesReceived", "packets",
		"Control frames received that mean nothing"),
};
/* Beside them, by size: rx_etherStatsPkts65to127Octets. */
static const struct counter rmon_counters[] = {
	COUNTER("etherStatsUndersizePkts", "packets", "Good frames that were too short"),
	COUNTER("etherStatsOversizePkts", "packets", "Good frames that were too long"),
	COUNTER("etherStatsFragments", "packets", "Bad frames that were too short"),
	COUNTER("etherStatsJabbers", "packets", "Bad frames that were too long"),
};

static void put_size(struct counters *c, const char *direction, struct nlattr *nest)
{
	struct nlattr *tb[ETHTOOL_A_STATS_GRP_HIST_VAL + 1];
	char name[64];

	if (nla_parse_nested(tb, ETHTOOL_A_STATS_GRP_HIST_VAL, nest, NULL) < 0 ||
	    !tb[ETHTOOL_A_STATS_GRP_HIST_BKT_LOW] || !tb[ETHTOOL_A_STATS_GRP_HIST_BKT_HI] ||
	    !tb[ETHTOOL_A_STATS_GRP_HIST_VAL])
		return;
	snprintf(name, sizeof(name), "%s_etherStatsPkts%uto%uOctets", direction,
		 nla_get_u32(tb[ETHTOOL_A_STATS_GRP_HIST_BKT_LOW]),
		 nla_get_u32(tb[ETHTOOL_A_STATS_GRP_HIST_BKT_HI]));
	counters_put(c, name, number_of(tb[ETHTOOL_A_STATS_GRP_HIST_VAL]));
}

/* A nest for each counter, with the one attribute that it is. */
static void put_counter(struct counters *c, const struct statistics_provider *p,
			struct nlattr *nest)
{
	struct nlattr *a = nla_data(nest);

	if (nla_ok(a, nla_len(nest)) && (unsigned)nla_type(a) < p->n_counters)
		counters_put(c, p->counters[nla_type(a)].name, number_of(a));
}

static void take_group(struct statistics *s, const struct statistics_provider *p, int ifindex,
		       struct nlattr *group)
{
	struct counters *c = NULL;
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, group, left) {
		int type = nla_type(a);

		if (type != ETHTOOL_A_STATS_GRP_STAT && type != ETHTOOL_A_STATS_GRP_HIST_RX &&
		    type != ETHTOOL_A_STATS_GRP_HIST_TX)
			continue;
		c = c ? c : statistics_counters(s, p, ifindex, NULL);
		if (type == ETHTOOL_A_STATS_GRP_STAT)
			put_counter(c, p, a);
		else
			put_size(c, type == ETHTOOL_A_STATS_GRP_HIST_RX ? "rx" : "tx", a);
	}
}

static void take_standard(struct statistics *s, const struct statistics_provider *p,
			  const struct nlmsghdr *n)
{
	int ifindex = index_of(n, ETHTOOL_A_STATS_HEADER), left;
	struct nlattr *a;

	if (!ifindex)
		return;
	nlmsg_for_each_attr(a, (struct nlmsghdr *)n, GENL_HDRLEN, left)
		if (nla_type(a) == ETHTOOL_A_STATS_GRP)
			take_group(s, p, ifindex, a);
}

/* One group: a bitset with a bit of its number. */
static void ask_standard(struct statistics *s, const struct statistics_provider *p, int ifindex,
			 uint32_t group)
{
	struct nl_msg *msg = request(GENL_ETHTOOL, ETHTOOL_MSG_STATS_GET, ifindex);
	const uint32_t bits = 1u << group;
	struct nlattr *nest;

	put_header(msg, ETHTOOL_A_STATS_HEADER, ifindex, 0);
	nest = nla_nest_start(msg, ETHTOOL_A_STATS_GROUPS);
	if (!nest || nla_put_flag(msg, ETHTOOL_A_BITSET_NOMASK) < 0 ||
	    nla_put_u32(msg, ETHTOOL_A_BITSET_SIZE, __ETHTOOL_STATS_CNT) < 0 ||
	    nla_put(msg, ETHTOOL_A_BITSET_VALUE, sizeof(bits), &bits) < 0)
		abort();
	nla_nest_end(msg, nest);
	ask(s, p, msg, take_standard);
}

#define STANDARD(name, number)                                                                     \
	static void ask_##name(struct statistics *s, const struct statistics_provider *p, int i)   \
	{                                                                                          \
		ask_standard(s, p, i, number);                                                     \
	}
STANDARD(phy, ETHTOOL_STATS_ETH_PHY)
STANDARD(mac, ETHTOOL_STATS_ETH_MAC)
STANDARD(ctrl, ETHTOOL_STATS_ETH_CTRL)
STANDARD(rmon, ETHTOOL_STATS_RMON)

/* ---- with the messages of settings ---- */

/* By attribute, from 2. */
static const struct counter pause_counters[] = {
	COUNTER("tx_pause_frames", "packets", "Times that the other end was asked to stop"),
	COUNTER("rx_pause_frames", "packets", "Times that the other end asked to stop"),
};
static const struct counter mm_counters[] = {
	COUNTER("MACMergeFrameAssErrorCount", "packets", "Frames that could not be put together"),
	COUNTER("MACMergeFrameSmdErrorCount", "packets", "Pieces of frames that make no sense"),
	COUNTER("MACMergeFrameAssOkCount", "packets", "Frames that were put together"),
	COUNTER("MACMergeFragCountRx", "packets", "Further pieces received"),
	COUNTER("MACMergeFragCountTx", "packets", "Further pieces sent"),
	COUNTER("MACMergeHoldCount", NULL, "Times that frames which can be interrupted were held"),
};
static const struct counter fec_counters[] = {
	COUNTER("corrected_blocks", NULL, "Blocks with errors that were corrected"),
	COUNTER("uncorrectable_blocks", NULL, "Blocks with errors that were too many"),
	COUNTER("corrected_bits", NULL, "Bits that were corrected"),
};

static void take_nest(struct statistics *s, const struct statistics_provider *p,
		      const struct nlmsghdr *n, int attribute)
{
	struct nlattr *nest = nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN, attribute), *a;
	int ifindex = index_of(n, 1), left;

	if (!nest || !ifindex)
		return;
	nla_for_each_nested(a, nest, left) {
		unsigned k = nla_type(a) - 2;

		if (k < p->n_counters && nla_len(a) == 8)
			counters_put(statistics_counters(s, p, ifindex, NULL),
				     p->counters[k].name, number_of(a));
	}
}

static void take_pause(struct statistics *s, const struct statistics_provider *p,
		       const struct nlmsghdr *n)
{
	take_nest(s, p, n, ETHTOOL_A_PAUSE_STATS);
}

static void take_mm(struct statistics *s, const struct statistics_provider *p,
		    const struct nlmsghdr *n)
{
	take_nest(s, p, n, NEW_A_MM_STATS);
}

/* An array for each: the whole, and then each lane if the device knows them. */
static void put_lanes(struct statistics *s, const struct statistics_provider *p, int ifindex,
		      const struct nlattr *a)
{
	unsigned k = nla_type(a) - 2;
	uint64_t value;

	for (unsigned n = 0; k < p->n_counters && (n + 1) * 8 <= (unsigned)nla_len(a); n++) {
		char lane[16];

		snprintf(lane, sizeof(lane), "%u", n - 1);
		memcpy(&value, (char *)nla_data(a) + n * 8, 8);
		counters_put(statistics_counters(s, p, ifindex, n ? lane : NULL),
			     p->counters[k].name, value);
	}
}

static void take_fec(struct statistics *s, const struct statistics_provider *p,
		     const struct nlmsghdr *n)
{
	struct nlattr *a, *nest = nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN,
						  ETHTOOL_A_FEC_STATS);
	int ifindex = index_of(n, 1), left;

	if (!nest || !ifindex)
		return;
	nla_for_each_nested(a, nest, left)
		put_lanes(s, p, ifindex, a);
}

static void ask_with(struct statistics *s, const struct statistics_provider *p, int ifindex,
		     unsigned command, uint32_t flags, statistics_message_fn fn)
{
	struct nl_msg *msg = request(GENL_ETHTOOL, command, ifindex);

	put_header(msg, 1, ifindex, flags | ETHTOOL_FLAG_COMPACT_BITSETS);
	ask(s, p, msg, fn);
}

static void ask_pause(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_with(s, p, ifindex, ETHTOOL_MSG_PAUSE_GET, ETHTOOL_FLAG_STATS, take_pause);
}

static void ask_fec(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_with(s, p, ifindex, ETHTOOL_MSG_FEC_GET, ETHTOOL_FLAG_STATS, take_fec);
}

static void ask_mm(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_with(s, p, ifindex, NEW_MSG_MM_GET, ETHTOOL_FLAG_STATS, take_mm);
}

/* ---- the link ---- */

static const struct counter speed_counters[] = {
	GAUGE("speed", NULL, "Bits a second, with a link"),
};

/* A dump has none of a PHY's (ethnl_req_get_phydev(), 6.12): devices are asked one by one. */
enum { SQI, SQI_MAX, DOWN_COUNT };
static const struct counter link_counters[] = {
	[SQI] = GAUGE("sqi", NULL, "Signal quality (OPEN Alliance)"),
	[SQI_MAX] = GAUGE("sqi_max", NULL, "The best signal quality"),
	[DOWN_COUNT] = COUNTER("link_down_count", NULL, "Times that the device lost the link"),
};

static void put_link(struct statistics *s, const struct statistics_provider *p, int ifindex,
		     unsigned counter, const struct nlattr *a)
{
	if (a && nla_len(a) >= 4)
		counters_put(statistics_counters(s, p, ifindex, NULL), p->counters[counter].name,
			     nla_get_u32(a));
}

/* LINKMODES has a speed without a link too: what is forced. With one it is the link's. */
static void take_speed(struct statistics *s, const struct statistics_provider *p,
		       const struct nlmsghdr *n)
{
	struct nlattr *a = nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN,
					   ETHTOOL_A_LINKMODES_SPEED);
	int ifindex = index_of(n, 1);

	if (ifindex && a && nla_len(a) >= 4 && nla_get_u32(a) && nla_get_u32(a) != UINT32_MAX)
		counters_put(statistics_counters(s, p, ifindex, NULL), "speed",
			     nla_get_u32(a) * UINT64_C(1000000));
}

static void take_state(struct statistics *s, const struct statistics_provider *p,
		       const struct nlmsghdr *n)
{
	struct nlattr *tb[NEW_A_LINKSTATE_EXT_DOWN_CNT + 1];
	int ifindex = index_of(n, 1);

	if (!ifindex || nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb,
				    NEW_A_LINKSTATE_EXT_DOWN_CNT, NULL) < 0)
		return;
	put_link(s, p, ifindex, SQI, tb[ETHTOOL_A_LINKSTATE_SQI]);
	put_link(s, p, ifindex, SQI_MAX, tb[ETHTOOL_A_LINKSTATE_SQI_MAX]);
	put_link(s, p, ifindex, DOWN_COUNT, tb[NEW_A_LINKSTATE_EXT_DOWN_CNT]);
}

static void ask_speed(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_with(s, p, ifindex, ETHTOOL_MSG_LINKMODES_GET, 0, take_speed);
}

static void ask_link(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_with(s, p, ifindex, ETHTOOL_MSG_LINKSTATE_GET, 0, take_state);
	/* Since Linux 6.4; before, the flag is an invalid argument. */
	ask_with(s, p, ifindex, ETHTOOL_MSG_LINKSTATE_GET, ETHTOOL_FLAG_STATS, take_state);
}

/* ---- what the driver and the PHY's driver call by names of their own ---- */

static void take_named(struct statistics *s, const struct statistics_provider *p,
		       const struct nlmsghdr *n)
{
	int ifindex = index_of(n, IOCTL_A_HEADER), left;
	struct counters *c = statistics_counters(s, p, ifindex, NULL);
	const char *name = NULL;
	struct nlattr *a;

	nlmsg_for_each_attr(a, (struct nlmsghdr *)n, GENL_HDRLEN, left) {
		if (nla_type(a) == IOCTL_A_STATISTICS_NAME)
			name = nla_get_string(a);
		else if (nla_type(a) == IOCTL_A_STATISTICS_VALUE && name)
			counters_put(c, name, number_of(a));
	}
}

static void ask_named(struct statistics *s, const struct statistics_provider *p, int ifindex,
		      uint32_t set)
{
	struct nl_msg *msg = request(GENL_IOCTL, IOCTL_STATISTICS_GET, ifindex);

	put_header(msg, IOCTL_A_HEADER, ifindex, 0);
	if (nla_put_u32(msg, IOCTL_A_STATISTICS_SET, set) < 0)
		abort();
	ask(s, p, msg, take_named);
}

static void ask_driver(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_named(s, p, ifindex, ETH_SS_STATS);
}

static void ask_phy_driver(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask_named(s, p, ifindex, ETH_SS_PHY_STATS);
}

/* ---- queues: netdev-genl, since Linux 6.10 ---- */

#define QUEUE_FIRST NEW_A_QSTATS_RX_PACKETS

static const struct counter queue_counters[] = {
	COUNTER("rx_packets", "packets", "Packets received"),
	COUNTER("rx_bytes", "bytes", "Bytes received"),
	COUNTER("tx_packets", "packets", "Packets sent"),
	COUNTER("tx_bytes", "bytes", "Bytes sent"),
	COUNTER("rx_alloc_fail", NULL, "Times that there was no memory for a packet"),
	COUNTER("rx_hw_drops", "packets", "Packets dropped by the device on their way in"),
	COUNTER("rx_hw_drop_overruns", "packets", "Packets dropped for want of descriptors"),
	COUNTER("rx_csum_complete", "packets", "Packets whose checksum the device computed"),
	COUNTER("rx_csum_unnecessary", "packets", "Packets whose checksum the device found good"),
	COUNTER("rx_csum_none", "packets", "Packets whose checksum the device did not look at"),
	COUNTER("rx_csum_bad", "packets", "Packets with a bad checksum"),
	COUNTER("rx_hw_gro_packets", "packets", "Packets that the device made of several"),
	COUNTER("rx_hw_gro_bytes", "bytes", "Bytes of these"),
	COUNTER("rx_hw_gro_wire_packets", "packets", "Packets that were made into fewer"),
	COUNTER("rx_hw_gro_wire_bytes", "bytes", "Bytes of these on the wire"),
	COUNTER("rx_hw_drop_ratelimits", "packets", "Packets dropped because of a limit"),
	COUNTER("tx_hw_drops", "packets", "Packets dropped by the device on their way out"),
	COUNTER("tx_hw_drop_errors", "packets", "Packets dropped because they make no sense"),
	COUNTER("tx_csum_none", "packets", "Packets sent that needed no checksum"),
	COUNTER("tx_needs_csum", "packets", "Packets sent whose checksum the device computed"),
	COUNTER("tx_hw_gso_packets", "packets", "Packets that the device cut into several"),
	COUNTER("tx_hw_gso_bytes", "bytes", "Bytes of these"),
	COUNTER("tx_hw_gso_wire_packets", "packets", "Packets that were made of them"),
	COUNTER("tx_hw_gso_wire_bytes", "bytes", "Bytes of these on the wire"),
	COUNTER("tx_hw_drop_ratelimits", "packets", "Packets dropped because of a limit, sending"),
	COUNTER("tx_stop", NULL, "Times that the queue was full"),
	COUNTER("tx_wake", NULL, "Times that there was room again"),
};
#define QUEUE_LAST (QUEUE_FIRST + (int)ARRAY_SIZE(queue_counters) - 1)

static void take_queue(struct statistics *s, const struct statistics_provider *p,
		       const struct nlmsghdr *n)
{
	struct nlattr *tb[QUEUE_LAST + 1];
	struct counters *c;
	char queue[32];

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, QUEUE_LAST, NULL) < 0 ||
	    !tb[NEW_A_QSTATS_IFINDEX] || !tb[NEW_A_QSTATS_QUEUE_TYPE] || !tb[NEW_A_QSTATS_QUEUE_ID])
		return;
	snprintf(queue, sizeof(queue), "%s%u",
		 nla_get_u32(tb[NEW_A_QSTATS_QUEUE_TYPE]) ? "tx" : "rx",
		 nla_get_u32(tb[NEW_A_QSTATS_QUEUE_ID]));
	c = statistics_counters(s, p, nla_get_u32(tb[NEW_A_QSTATS_IFINDEX]), queue);
	for (unsigned k = 0; k < ARRAY_SIZE(queue_counters); k++)
		if (tb[QUEUE_FIRST + k])
			counters_put(c, queue_counters[k].name, number_of(tb[QUEUE_FIRST + k]));
}

/* Of one device too it is a dump, which ends with it. */
static void ask_queues(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	struct nl_msg *msg = request(GENL_NETDEV, NEW_CMD_QSTATS_GET, 0);

	if ((ifindex && nla_put_u32(msg, NEW_A_QSTATS_IFINDEX, ifindex) < 0) ||
	    nla_put_u64(msg, NEW_A_QSTATS_SCOPE, NEW_QSTATS_SCOPE_QUEUE) < 0)
		abort();
	ask(s, p, msg, take_queue);
}

#define GROUP(g, text, set, fn, ...)                                                               \
	{ .group = g, .help = text, .counters = set, .n_counters = ARRAY_SIZE(set), .ask = fn,     \
	  __VA_ARGS__ }

const struct statistics_provider ethernet_statistics[] = {
	GROUP("ethernet", "How fast the link is", speed_counters, ask_speed),
	GROUP("eth_link", "What the device knows of the link", link_counters, ask_link,
	      .each = true, .named = true),
	GROUP("eth_phy", "The PHY, by IEEE 802.3", phy_counters, ask_phy),
	GROUP("eth_mac", "The MAC, by IEEE 802.3", mac_counters, ask_mac),
	GROUP("eth_ctrl", "Control frames, by IEEE 802.3", ctrl_counters, ask_ctrl),
	GROUP("rmon", "Frames by their size, RFC 2819", rmon_counters, ask_rmon),
	GROUP("pause", "Flow control", pause_counters, ask_pause),
	GROUP("fec", "Forward error correction", fec_counters, ask_fec, .instance = "lane"),
	GROUP("mm", "Frames that are interrupted", mm_counters, ask_mm),
	GROUP("queue", "Each queue of the device", queue_counters, ask_queues,
	      .instance = "queue"),
	{ .group = "driver", .help = "What the driver counts, under names of its own",
	  .each = true, .named = true, .ask = ask_driver },
	{ .group = "phy_driver", .help = "What the PHY's driver counts, under names of its own",
	  .each = true, .named = true, .ask = ask_phy_driver },
	{ 0 },
};
