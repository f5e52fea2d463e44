// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The families of generic netlink that the program uses, by name, and the
 * numbers that this kernel has for them.
 *
 * What must stay true: our numbers never reach the kernel as if they were its
 * own, and a family that it does not have is one without objects.
 */
#include "nl/genl.h"

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

#include "nl/rtnl.h"
#include "util/log.h"

/* ctrl_build_family_msg() allocates NLMSG_DEFAULT_SIZE, at most 8 KiB. */
#define REPLY_BYTES (16 * 1024)

static const struct family {
	const char *name;
	const char *groups[GENL_GROUPS_MAX]; /* those that are listened to */
} families[GENL_FAMILIES] = {
	[GENL_ETHTOOL - GENL_FIRST] = { "ethtool", { "monitor" } }, /* linux/ethtool_netlink.h */
	[GENL_DEVLINK - GENL_FIRST] = { "devlink", { "config" } },  /* linux/devlink.h */
	[GENL_NETDEV - GENL_FIRST] = { "netdev", { "mgmt" } },	    /* linux/netdev.h */
};

static void take_groups(const struct family *f, uint32_t *groups, struct nlattr *list)
{
	struct nlattr *a, *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];
	int left;

	nla_for_each_nested(a, list, left) {
		if (nla_parse_nested(tb, CTRL_ATTR_MCAST_GRP_MAX, a, NULL) < 0 ||
		    !tb[CTRL_ATTR_MCAST_GRP_NAME] || !tb[CTRL_ATTR_MCAST_GRP_ID])
			continue;
		for (unsigned n = 0; n < GENL_GROUPS_MAX && f->groups[n]; n++)
			if (!nla_strcmp(tb[CTRL_ATTR_MCAST_GRP_NAME], f->groups[n]))
				groups[n] = nla_get_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
}

static uint16_t take_family(struct genl_ids *ids, unsigned n, struct nlmsghdr *h, int len)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (!nlmsg_ok(h, len) || h->nlmsg_type != GENL_ID_CTRL ||
	    nlmsg_parse(h, GENL_HDRLEN, tb, CTRL_ATTR_MAX, NULL) < 0 || !tb[CTRL_ATTR_FAMILY_ID])
		return 0;
	ids->family[n] = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		take_groups(&families[n], ids->groups[n], tb[CTRL_ATTR_MCAST_GROUPS]);
	return ids->family[n];
}

struct nl_msg *genl_request(uint16_t type, uint8_t command, uint8_t version, int flags)
{
	const struct genlmsghdr g = { .cmd = command, .version = version };
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)&g, sizeof(g), NLMSG_ALIGNTO) < 0)
		abort();
	return msg;
}

static uint16_t resolve(struct genl_ids *ids, uint16_t type)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	unsigned n = type - GENL_FIRST;
	_Alignas(NLMSG_ALIGNTO) char buffer[REPLY_BYTES];
	_cleanup_close_ int fd = -1;
	struct nl_msg *msg;
	ssize_t len = -1;

	ids->family[n] = 0;
	ids->missing[n] = true;
	fd = rtnl_open_socket(NETLINK_GENERIC, 0);
	if (fd < 0)
		return 0;
	msg = genl_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 2, NLM_F_REQUEST);
	if (nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, families[n].name) < 0)
		abort();
	if (sendto(fd, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len, 0,
		   (void *)&to, sizeof(to)) >= 0)
		len = recv(fd, buffer, REPLY_BYTES, MSG_DONTWAIT);
	nlmsg_free(msg);
	if (len < 0 || !take_family(ids, n, (void *)buffer, len))
		log_debug("this kernel has no generic netlink family \"%s\"", families[n].name);
	ids->missing[n] = !ids->family[n];
	return ids->family[n];
}

uint16_t genl_kernel_type(struct genl_ids *ids, uint16_t type)
{
	unsigned n = type - GENL_FIRST;

	return ids->family[n] || ids->missing[n] ? ids->family[n] : resolve(ids, type);
}

uint16_t genl_own_type(const struct genl_ids *ids, uint16_t type)
{
	for (unsigned n = 0; n < GENL_FAMILIES; n++)
		if (ids->family[n] == type)
			return GENL_FIRST + n;
	return type;
}

uint32_t genl_group(const struct genl_ids *ids, uint32_t group)
{
	return ids->groups[(group >> 16) - GENL_FIRST][group & 0xffff];
}

void genl_renew(struct genl_ids *ids)
{
	for (unsigned n = 0; n < GENL_FAMILIES; n++) {
		ids->missing[n] = false;
		if (ids->family[n])
			(void)resolve(ids, GENL_FIRST + n);
	}
}
