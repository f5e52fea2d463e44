/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Families of generic netlink. Their numbers, and those of their multicast groups, are the
 * kernel's to choose at run time; the program has numbers of its own for them, which stand in
 * nlmsg_type like those of rtnetlink, and kernel.c puts the kernel's in their place.
 */
#ifndef NL_GENL_H
#define NL_GENL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <stdbool.h>

/* In nlmsg_type; above all that the kernel has (GENL_MAX_ID is 1023, RTM_MAX smaller). */
enum {
	GENL_FIRST = 0x4000,
	GENL_ETHTOOL = GENL_FIRST,
	GENL_DEVLINK,
	GENL_NETDEV, /* since 6.3 */
	GENL_END,
	/* No family of the kernel's: what goes by ioctl(), ioctl.h. */
	GENL_IOCTL = GENL_END + 1,
};
#define GENL_FAMILIES (GENL_END - GENL_FIRST)
#define GENL_GROUPS_MAX 4

/* A multicast group, where RTNLGRP_… is asked for: the family and its group's place below. */
#define GENL_GROUP(family, place) ((uint32_t)(family) << 16 | (place))
#define GENL_ETHTOOL_MONITOR GENL_GROUP(GENL_ETHTOOL, 0)
#define GENL_DEVLINK_CONFIG GENL_GROUP(GENL_DEVLINK, 0)
#define GENL_NETDEV_MGMT GENL_GROUP(GENL_NETDEV, 0)

/* What the kernel calls them; 0: it does not have it. */
struct genl_ids {
	uint16_t family[GENL_FAMILIES];
	bool missing[GENL_FAMILIES]; /* the kernel has been asked, and has none */
	uint32_t groups[GENL_FAMILIES][GENL_GROUPS_MAX];
};

/** genl_is - is it one of our numbers? */
static inline bool genl_is(uint16_t type)
{
	return (type >= GENL_FIRST && type < GENL_END) || type == GENL_IOCTL;
}

/**
 * genl_kernel_type - the kernel's number of a family
 * @type: GENL_…
 *
 * Asked for where it is not known: the kernel answers from within sendto()
 * (netlink_unicast_kernel()). For a family that it does not have it runs modprobe, and waits
 * for it (ctrl_getfamily()), so that is asked once until genl_renew().
 *
 * Return: the number, or 0.
 */
uint16_t genl_kernel_type(struct genl_ids *ids, uint16_t type);

/** genl_own_type - our number for the kernel's, or the same if it is none of the families */
uint16_t genl_own_type(const struct genl_ids *ids, uint16_t type);

/** genl_group - the kernel's number for GENL_GROUP(), or 0 */
uint32_t genl_group(const struct genl_ids *ids, uint32_t group);

/**
 * genl_request - the beginning of a message, to which attributes are added
 * @type: GENL_…, or a number of the kernel's
 * @flags: NLM_F_…
 *
 * Return: the message, never NULL; the caller frees it.
 */
struct nl_msg *genl_request(uint16_t type, uint8_t command, uint8_t version, int flags);

/** genl_renew - the numbers may be others by now, or there: a module was loaded */
void genl_renew(struct genl_ids *ids);

#endif
