// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What only some devices and PHYs have: flags of the driver's own, what it logs,
 * how received packets are spread over queues (RSS), how a PHY behaves at the
 * end of its cable, time stamps.
 *
 * RSS, PHY tunables and time stamps are set by ioctl (nl/ioctl.c), of which the
 * kernel tells nobody: after a change they are read anew, and what another hand
 * changes is seen with the next look.
 */
#include "features/ethernet/ethernet.h"
#include "nl/ioctl.h"

struct flags {
	struct object o;
	char *enabled, *all;
};

static const struct row flags_rows[] = {
	{ .key = "enabled", .type = &type_flags, VALUE(flags, enabled),
	  .attr = IN(ETH_FLAGS, ETHTOOL_A_PRIVFLAGS_FLAGS), .phase = PHASE_PHY, .since = "5.7",
	  .help = "Those that are on; all others are off" },
	{ .key = "known", .type = &type_all_flags, VALUE(flags, all),
	  .attr = IN(ETH_FLAGS, ETHTOOL_A_PRIVFLAGS_FLAGS), .flags = ROW_STATE, .since = "5.7",
	  .help = "Those that the driver has" },
};

/* Notifications are compact, without names: then all is asked for again. */
static const struct source flags_sources[] = {
	{ .get = GENL_ETHTOOL, .header = GENL_HDRLEN, .lazy = true,
	  .commands = { .get = ETHTOOL_MSG_PRIVFLAGS_GET,
			.add = { ETHTOOL_MSG_PRIVFLAGS_GET_REPLY, ETHTOOL_MSG_PRIVFLAGS_NTF } },
	  .groups = { GENL_ETHTOOL_MONITOR }, .filter = ethernet_ask_all_names,
	  .narrow = ethernet_ask_one_names },
	{ 0 },
};

static int flags_observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ETHTOOL_A_PRIVFLAGS_FLAGS + 1];
	struct iface *i = ethernet_parse(m, n, tb, ETHTOOL_A_PRIVFLAGS_FLAGS);

	if (i && g->cmd == ETHTOOL_MSG_PRIVFLAGS_NTF) {
		refresh_source(m, &flags_sources[0], i->ifindex);
		return 0;
	}
	return ethernet_observe(m, n, &flags_feature);
}

struct feature flags_feature = {
	.name = "ethernet.private_flags", .help = "Flags that the driver has made up",
	.form = FORM_GROUP, .size = sizeof(struct flags), .rows = flags_rows,
	.n_rows = ARRAY_SIZE(flags_rows), .sources = flags_sources, .observe = flags_observe,
	.encode = ethernet_encode,
};

struct debug {
	struct object o;
	struct bitset messages;
};

/* NETIF_MSG_…, net/ethtool/common.c, netif_msg_class_names. */
static const struct word message_words[] = {
	{ "drv", 0 },	     { "probe", 1 },	{ "link", 2 },	     { "timer", 3 },
	{ "ifdown", 4 },     { "ifup", 5 },	{ "rx_err", 6 },     { "tx_err", 7 },
	{ "tx_queued", 8 },  { "intr", 9 },	{ "tx_done", 10 },   { "rx_status", 11 },
	{ "pktdata", 12 },   { "hw", 13 },	{ "wol", 14 },	     { NULL, 0 },
};

static const struct row debug_rows[] = {
	{ .key = "messages", .type = &type_bitset_plain, VALUE(debug, messages),
	  .data = message_words, .attr = IN(ETH_DEBUG, ETHTOOL_A_DEBUG_MSGMASK),
	  .phase = PHASE_PHY, .since = "5.6",
	  .help = "What the driver writes to the kernel's log" },
};

static const struct source debug_sources[] = {
	ETH_SOURCE(ETHTOOL_MSG_DEBUG_GET, ETHTOOL_MSG_DEBUG_GET_REPLY, ETHTOOL_MSG_DEBUG_NTF),
	{ 0 },
};

ETH_OBSERVER(debug)

struct feature debug_feature = {
	.name = "ethernet.debug", .help = "What the driver tells of itself", .form = FORM_GROUP,
	.size = sizeof(struct debug), .rows = debug_rows, .n_rows = ARRAY_SIZE(debug_rows),
	.sources = debug_sources, .observe = debug_observe, .encode = ethernet_encode,
};

struct rss {
	struct object o;
	uint32_t function;
	char *table, *key;
};

/* ETH_RSS_HASH_…; the words are ethtool's. */
static const struct word function_words[] = {
	{ "toeplitz", 1 }, { "xor", 2 }, { "crc32", 4 }, { NULL, 0 },
};

#define RSS(k, t, a, ...)                                                                          \
	{ .key = #k, .type = &t, VALUE(rss, k), .attr = IN(ETH_RSS, a), .phase = PHASE_PHY,        \
	  .flags = ROW_UNTOLD, .since = "6.2", __VA_ARGS__ }

static const struct row rss_rows[] = {
	RSS(function, type_enum32, NEW_A_RSS_HFUNC, .data = function_words,
	    .help = "What is computed of a packet's addresses and ports"),
	RSS(table, type_numbers, NEW_A_RSS_INDIR, .max = 4095,
	    .help = "The queue for each remainder of it; a short list is repeated"),
	RSS(key, type_bytes, NEW_A_RSS_HKEY,
	    .help = "The key of the function, as many bytes as the device wants"),
};

static const struct source rss_sources[] = {
	ETH_SOURCE(NEW_MSG_RSS_GET, NEW_MSG_RSS_GET_REPLY, 0, .follows_link = true),
	{ 0 },
};

/* Further contexts than the first have the same message. */
static int rss_observe(struct mirror *m, const struct nlmsghdr *n, bool add _unused_)
{
	struct nlattr *context =
		nlmsg_find_attr((struct nlmsghdr *)n, GENL_HDRLEN, NEW_A_RSS_CONTEXT);

	return context && nla_get_u32(context) ? 0 : ethernet_observe(m, n, &rss_feature);
}

struct feature rss_feature = {
	.name = "ethernet.rss", .help = "How received packets are spread over queues (RSS)",
	.form = FORM_GROUP, .size = sizeof(struct rss), .rows = rss_rows,
	.n_rows = ARRAY_SIZE(rss_rows), .sources = rss_sources, .observe = rss_observe,
	.encode = ethernet_encode,
};

struct phy {
	struct object o;
	uint8_t downshift, fast_link_down;
	uint16_t energy_detect;
};

#define PHY(k, t, a, ...)                                                                          \
	{ .key = #k, .type = &t, VALUE(phy, k), .attr = IN(ETH_PHY, a), .phase = PHASE_PHY,        \
	  .flags = ROW_UNTOLD, __VA_ARGS__ }

/* enum phy_tunable_id. 255 of downshift means a number that the driver chooses: say it. */
static const struct row phy_rows[] = {
	PHY(downshift, type_u8, IOCTL_A_PHY_DOWNSHIFT, .max = 254,
	    .help = "After how many attempts a slower speed is tried; 0: never"),
	PHY(fast_link_down, type_u8, IOCTL_A_PHY_FAST_LINK_DOWN, .max = 255,
	    .help = "How long a link that is going may take, in milliseconds; 0: as short as "
		    "possible, 255: as the standard says"),
	PHY(energy_detect, type_u16, IOCTL_A_PHY_ENERGY_DETECT, .max = 65535,
	    .help = "Sleep without a cable (EDPD), and how often to try, in milliseconds; 0: never "
		    "sleep, 65534: never try, 65535: as the driver likes"),
};

static const struct source phy_sources[] = {
	ETH_IOCTL_SOURCE(IOCTL_PHY_GET, IOCTL_PHY_REPLY), { 0 },
};

ETH_OBSERVER(phy)

struct feature phy_feature = {
	.name = "ethernet.phy", .help = "How the PHY behaves at its end of the cable",
	.form = FORM_GROUP, .size = sizeof(struct phy), .rows = phy_rows,
	.n_rows = ARRAY_SIZE(phy_rows), .sources = phy_sources, .observe = phy_observe,
	.encode = ethernet_encode,
};

struct timestamps {
	struct object o;
	uint32_t tx, rx, clock;
};

/* enum hwtstamp_tx_types, enum hwtstamp_rx_filters; the words are ethtool's. */
static const struct word tx_words[] = {
	{ "off", 0 }, { "on", 1 }, { "onestep-sync", 2 }, { "onestep-p2p", 3 }, { NULL, 0 },
};
static const struct word rx_words[] = {
	{ "none", 0 },		   { "all", 1 },	      { "some", 2 },
	{ "ptpv1-l4-event", 3 },   { "ptpv1-l4-sync", 4 },    { "ptpv1-l4-delay-req", 5 },
	{ "ptpv2-l4-event", 6 },   { "ptpv2-l4-sync", 7 },    { "ptpv2-l4-delay-req", 8 },
	{ "ptpv2-l2-event", 9 },   { "ptpv2-l2-sync", 10 },   { "ptpv2-l2-delay-req", 11 },
	{ "ptpv2-event", 12 },	   { "ptpv2-sync", 13 },      { "ptpv2-delay-req", 14 },
	{ "ntp-all", 15 },	   { NULL, 0 },
};

static const struct row timestamps_rows[] = {
	{ .key = "tx", .type = &type_enum32, VALUE(timestamps, tx), .data = tx_words,
	  .attr = IN(ETH_TIMESTAMPS, IOCTL_A_TIMESTAMPS_TX), .phase = PHASE_PHY,
	  .flags = ROW_UNTOLD, .help = "Whether what is sent gets a time stamp of the device's" },
	{ .key = "rx", .type = &type_enum32, VALUE(timestamps, rx), .data = rx_words,
	  .attr = IN(ETH_TIMESTAMPS, IOCTL_A_TIMESTAMPS_RX), .phase = PHASE_PHY,
	  .flags = ROW_UNTOLD,
	  .help = "What of that which is received gets one; a driver may widen it, then say that" },
	{ .key = "clock", .type = &type_u32, VALUE(timestamps, clock),
	  .attr = IN(ETH_CLOCK, ETHTOOL_A_TSINFO_PHC_INDEX), .flags = ROW_STATE, .since = "5.6",
	  .help = "The clock that gives them: /dev/ptpN" },
};

static const struct source timestamps_sources[] = {
	ETH_IOCTL_SOURCE(IOCTL_TIMESTAMPS_GET, IOCTL_TIMESTAMPS_REPLY),
	ETH_SOURCE(ETHTOOL_MSG_TSINFO_GET, ETHTOOL_MSG_TSINFO_GET_REPLY, 0),
	{ 0 },
};

ETH_OBSERVER(timestamps)

struct feature timestamps_feature = {
	.name = "ethernet.timestamps", .help = "Time stamps that the device gives packets (PTP)",
	.form = FORM_GROUP, .size = sizeof(struct timestamps), .rows = timestamps_rows,
	.n_rows = ARRAY_SIZE(timestamps_rows), .sources = timestamps_sources,
	.observe = timestamps_observe, .encode = ethernet_encode,
};
