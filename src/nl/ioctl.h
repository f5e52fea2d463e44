/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel offers by ioctl() only, as messages of a family of generic netlink that
 * we make up (GENL_IOCTL), so that asking, setting and decoding are as for all others.
 */
#ifndef NL_IOCTL_H
#define NL_IOCTL_H

#include "nl/genl.h"
#include "nl/kernel.h"

/* The first attribute of each is a header like ethtool's, with the interface's index. */
enum ioctl_command {
	IOCTL_PHY_GET = 1,
	IOCTL_PHY_SET,
	IOCTL_PHY_REPLY,
	IOCTL_TIMESTAMPS_GET,
	IOCTL_TIMESTAMPS_SET,
	IOCTL_TIMESTAMPS_REPLY,
	IOCTL_STATISTICS_GET,
	IOCTL_STATISTICS_REPLY,
	IOCTL_RSS_SET,
	IOCTL_RESTART_AUTONEG,
	IOCTL_IDENTIFY,
};

enum { IOCTL_A_HEADER = 1 };

/* IOCTL_PHY_…: enum phy_tunable_id of linux/ethtool.h. */
enum {
	IOCTL_A_PHY_DOWNSHIFT = 2,	/* u8 */
	IOCTL_A_PHY_FAST_LINK_DOWN,	/* u8 */
	IOCTL_A_PHY_ENERGY_DETECT,	/* u16 */
	IOCTL_A_PHY_END,
};

/* IOCTL_TIMESTAMPS_…: struct hwtstamp_config of linux/net_tstamp.h. */
enum {
	IOCTL_A_TIMESTAMPS_TX = 2, /* u32 */
	IOCTL_A_TIMESTAMPS_RX,	   /* u32 */
	IOCTL_A_TIMESTAMPS_END,
};

/* IOCTL_STATISTICS_…: a name and a value, again and again. */
enum {
	IOCTL_A_STATISTICS_SET = 2, /* u32, ETH_SS_STATS or ETH_SS_PHY_STATS */
	IOCTL_A_STATISTICS_NAME,    /* string */
	IOCTL_A_STATISTICS_VALUE,   /* u64 */
	IOCTL_A_STATISTICS_END,
};

/* IOCTL_RSS_SET: struct ethtool_rxfh, numbers as in ETHTOOL_A_RSS_…; what is not there stays. */
enum {
	IOCTL_A_RSS_FUNCTION = 3, /* u32, a bit */
	IOCTL_A_RSS_TABLE,	  /* u32 each; a short one is repeated */
	IOCTL_A_RSS_KEY,	  /* bytes */
	IOCTL_A_RSS_END,
};

/* IOCTL_IDENTIFY */
enum {
	IOCTL_A_IDENTIFY_SECONDS = 2, /* u32 */
	IOCTL_A_IDENTIFY_END,
};

/**
 * ioctl_run - carry out a message of GENL_IOCTL, now
 * @fn: called with the answer, where there is one
 *
 * IOCTL_IDENTIFY takes as long as it says; the others as long as netlink's take. Return: 0 or
 * a negative errno. There are no questions about all interfaces.
 */
int ioctl_run(const struct nlmsghdr *n, message_fn fn, void *data);

#endif
