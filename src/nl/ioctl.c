// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages to ioctls: PHY tunables, time stamps, RSS, a restart of the
 * negotiation, blinking. None of them has a netlink message up to Linux 6.12
 * (net/ethtool/netlink.c, ethnl_ops).
 *
 * An ioctl names its device. Between finding the name of an index and using it
 * the device may be renamed; so the index is compared afterwards too, and what
 * was read of another device is thrown away.
 */
#include "nl/ioctl.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/mem.h"

#define ATTR_MAX 7
/* As in ethtool's header. */
#define ATTR_INDEX ETHTOOL_A_HEADER_DEV_INDEX

struct device {
	int fd, ifindex;
	struct ifreq ifr;
};

/* Return: what the kernel said, or that it is another device by now. */
static int call(struct device *d, unsigned long request, void *data)
{
	d->ifr.ifr_data = data;
	if (ioctl(d->fd, request, &d->ifr) < 0)
		return -errno;
	return (int)if_nametoindex(d->ifr.ifr_name) == d->ifindex ? 0 : -ENODEV;
}

static struct nl_msg *answer_begin(const struct device *d, uint8_t command)
{
	const struct genlmsghdr g = { .cmd = command, .version = 1 };
	struct nl_msg *msg = nlmsg_alloc_simple(GENL_IOCTL, 0);
	struct nlattr *nest;

	if (!msg || nlmsg_append(msg, (void *)&g, sizeof(g), NLMSG_ALIGNTO) < 0)
		abort();
	nest = nla_nest_start(msg, IOCTL_A_HEADER);
	if (!nest || nla_put_u32(msg, ATTR_INDEX, d->ifindex) < 0)
		abort();
	nla_nest_end(msg, nest);
	return msg;
}

static void answer_end(struct nl_msg *msg, message_fn fn, void *data)
{
	if (fn)
		fn(data, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

/* The tunables, by attribute. */
static const struct {
	uint32_t id, type, size;
} tunables[IOCTL_A_PHY_END] = {
	[IOCTL_A_PHY_DOWNSHIFT] = { ETHTOOL_PHY_DOWNSHIFT, ETHTOOL_TUNABLE_U8, 1 },
	[IOCTL_A_PHY_FAST_LINK_DOWN] = { ETHTOOL_PHY_FAST_LINK_DOWN, ETHTOOL_TUNABLE_U8, 1 },
	[IOCTL_A_PHY_ENERGY_DETECT] = { ETHTOOL_PHY_EDPD, ETHTOOL_TUNABLE_U16, 2 },
};

struct tunable {
	struct ethtool_tunable head;
	uint8_t value[4];
};

static struct tunable tunable_of(unsigned attribute, uint32_t command)
{
	return (struct tunable){
		.head = { .cmd = command, .id = tunables[attribute].id,
			  .type_id = tunables[attribute].type, .len = tunables[attribute].size },
	};
}

/* Those that the PHY's driver has; no PHY, or none of them: not supported. */
static int phy_get(struct device *d, message_fn fn, void *data)
{
	struct nl_msg *msg = answer_begin(d, IOCTL_PHY_REPLY);
	int found = 0, r;

	for (unsigned a = IOCTL_A_PHY_DOWNSHIFT; a < IOCTL_A_PHY_END; a++) {
		struct tunable t = tunable_of(a, ETHTOOL_PHY_GTUNABLE);

		r = call(d, SIOCETHTOOL, &t);
		if (r < 0)
			continue;
		if (nla_put(msg, a, tunables[a].size, t.value) < 0)
			abort();
		found++;
	}
	answer_end(msg, found ? fn : NULL, data);
	return found ? 0 : -EOPNOTSUPP;
}

static int phy_set(struct device *d, struct nlattr *const *tb)
{
	int r = 0;

	for (unsigned a = IOCTL_A_PHY_DOWNSHIFT; a < IOCTL_A_PHY_END && r >= 0; a++) {
		struct tunable t = tunable_of(a, ETHTOOL_PHY_STUNABLE);

		if (!tb[a])
			continue;
		if ((unsigned)nla_len(tb[a]) != tunables[a].size)
			return -EINVAL;
		memcpy(t.value, nla_data(tb[a]), tunables[a].size);
		r = call(d, SIOCETHTOOL, &t);
	}
	return r;
}

static int timestamps_get(struct device *d, message_fn fn, void *data)
{
	struct hwtstamp_config c = { 0 };
	struct nl_msg *msg;
	int r = call(d, SIOCGHWTSTAMP, &c);

	if (r < 0)
		return r;
	msg = answer_begin(d, IOCTL_TIMESTAMPS_REPLY);
	if (nla_put_u32(msg, IOCTL_A_TIMESTAMPS_TX, c.tx_type) < 0 ||
	    nla_put_u32(msg, IOCTL_A_TIMESTAMPS_RX, c.rx_filter) < 0)
		abort();
	answer_end(msg, fn, data);
	return 0;
}

/* Both are given at once: what is not asked for is as it was. */
static int timestamps_set(struct device *d, struct nlattr *const *tb)
{
	struct hwtstamp_config c = { 0 };
	int r = call(d, SIOCGHWTSTAMP, &c);

	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	if (tb[IOCTL_A_TIMESTAMPS_TX])
		c.tx_type = nla_get_u32(tb[IOCTL_A_TIMESTAMPS_TX]);
	if (tb[IOCTL_A_TIMESTAMPS_RX])
		c.rx_filter = nla_get_u32(tb[IOCTL_A_TIMESTAMPS_RX]);
	c.flags = 0;
	return call(d, SIOCSHWTSTAMP, &c);
}

/* ethtool_set_rxfh(): sizes that are ETH_RXFH_INDIR_NO_CHANGE and 0 change nothing. */
static int rss_set(struct device *d, struct nlattr *const *tb)
{
	unsigned table = tb[IOCTL_A_RSS_TABLE] ? nla_len(tb[IOCTL_A_RSS_TABLE]) / 4 : 0;
	unsigned key = tb[IOCTL_A_RSS_KEY] ? nla_len(tb[IOCTL_A_RSS_KEY]) : 0;
	_cleanup_free_ struct ethtool_rxfh *r = mem_new(sizeof(*r) + table * 4 + key);
	struct ethtool_rxfh now = { .cmd = ETHTOOL_GRSSH };
	int error = call(d, SIOCETHTOOL, &now); /* sizes only */

	if (error < 0)
		return error;
	/* With what newer kernels have besides the function (input_xfrm, 6.8). */
	*r = now;
	r->cmd = ETHTOOL_SRSSH;
	r->indir_size = table ? table : ETH_RXFH_INDIR_NO_CHANGE;
	r->key_size = key;
	if (tb[IOCTL_A_RSS_FUNCTION])
		r->hfunc = nla_get_u32(tb[IOCTL_A_RSS_FUNCTION]);
	if (table)
		memcpy(r->rss_config, nla_data(tb[IOCTL_A_RSS_TABLE]), table * 4);
	if (key)
		memcpy((char *)r->rss_config + table * 4, nla_data(tb[IOCTL_A_RSS_KEY]), key);
	return call(d, SIOCETHTOOL, r);
}

static int simple(struct device *d, uint32_t command, uint32_t value)
{
	struct ethtool_value v = { .cmd = command, .data = value };

	return call(d, SIOCETHTOOL, &v);
}

static int run(struct device *d, uint8_t command, struct nlattr *const *tb, message_fn fn,
	       void *data)
{
	switch ((enum ioctl_command)command) {
	case IOCTL_PHY_GET:
		return phy_get(d, fn, data);
	case IOCTL_PHY_SET:
		return phy_set(d, tb);
	case IOCTL_TIMESTAMPS_GET:
		return timestamps_get(d, fn, data);
	case IOCTL_TIMESTAMPS_SET:
		return timestamps_set(d, tb);
	case IOCTL_RSS_SET:
		return rss_set(d, tb);
	case IOCTL_RESTART_AUTONEG:
		return simple(d, ETHTOOL_NWAY_RST, 0);
	case IOCTL_IDENTIFY:
		return simple(d, ETHTOOL_PHYS_ID, tb[IOCTL_A_IDENTIFY_SECONDS] ?
				nla_get_u32(tb[IOCTL_A_IDENTIFY_SECONDS]) : 1);
	case IOCTL_PHY_REPLY:
	case IOCTL_TIMESTAMPS_REPLY:
		break;
	}
	return -EOPNOTSUPP;
}

int ioctl_run(const struct nlmsghdr *n, message_fn fn, void *data)
{
	const struct genlmsghdr *g = NLMSG_DATA(n);
	struct nlattr *tb[ATTR_MAX + 1], *head[ATTR_INDEX + 1];
	struct device d = { .fd = -1 };
	int r;

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, ATTR_MAX, NULL) < 0 ||
	    !tb[IOCTL_A_HEADER] ||
	    nla_parse_nested(head, ATTR_INDEX, tb[IOCTL_A_HEADER], NULL) < 0 || !head[ATTR_INDEX])
		return -EINVAL;
	d.ifindex = nla_get_u32(head[ATTR_INDEX]);
	if (!if_indextoname(d.ifindex, d.ifr.ifr_name))
		return -ENODEV;
	d.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d.fd < 0)
		return -errno;
	r = run(&d, g->cmd, tb, fn, data);
	closep(&d.fd);
	return r;
}
