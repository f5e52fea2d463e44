// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages to ioctls: PHY tunables, time stamps, RSS, a driver's own counters,
 * a restart of the negotiation, blinking. None of them has a netlink message up to Linux 6.12
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
#define ANSWER_BYTES 256
/* A driver that claims more of its own counters is not believed. */
#define STATISTICS_MAX 16384
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

static struct nl_msg *answer_begin(const struct device *d, uint8_t command, size_t size)
{
	const struct genlmsghdr g = { .cmd = command, .version = 1 };
	struct nl_msg *msg = nlmsg_alloc_size(ANSWER_BYTES + size);
	struct nlattr *nest;

	if (!msg || !nlmsg_put(msg, 0, 0, GENL_IOCTL, 0, 0) ||
	    nlmsg_append(msg, (void *)&g, sizeof(g), NLMSG_ALIGNTO) < 0)
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

/* struct ethtool_tunable, and the value behind it. */
struct tunable {
	uint32_t cmd, id, type, len;
	uint8_t value[4];
};

static struct tunable tunable_of(unsigned attribute, uint32_t command)
{
	return (struct tunable){
		.cmd = command, .id = tunables[attribute].id, .type = tunables[attribute].type,
		.len = tunables[attribute].size,
	};
}

/* Those that the PHY's driver has; no PHY, or none of them: not supported. */
static int phy_get(struct device *d, message_fn fn, void *data)
{
	struct nl_msg *msg = answer_begin(d, IOCTL_PHY_REPLY, 0);
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
	msg = answer_begin(d, IOCTL_TIMESTAMPS_REPLY, 0);
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

static void repeat(uint32_t *to, unsigned n, const uint32_t *from, unsigned period)
{
	for (unsigned k = 0; k < n; k++)
		to[k] = from[k % period];
}

/* ethtool_set_rxfh(): sizes that are ETH_RXFH_INDIR_NO_CHANGE and 0 change nothing. */
static int rss_set(struct device *d, struct nlattr *const *tb)
{
	unsigned period = tb[IOCTL_A_RSS_TABLE] ? nla_len(tb[IOCTL_A_RSS_TABLE]) / 4 : 0, table;
	unsigned key = tb[IOCTL_A_RSS_KEY] ? nla_len(tb[IOCTL_A_RSS_KEY]) : 0;
	_cleanup_free_ struct ethtool_rxfh *r = NULL;
	struct ethtool_rxfh now = { .cmd = ETHTOOL_GRSSH };
	int error = call(d, SIOCETHTOOL, &now); /* sizes only */

	if (error < 0)
		return error;
	table = period && period <= now.indir_size ? now.indir_size : period;
	r = mem_new(sizeof(*r) + table * 4 + key);
	/* With what newer kernels have besides the function (input_xfrm, 6.8). */
	*r = now;
	r->cmd = ETHTOOL_SRSSH;
	r->indir_size = table ? table : ETH_RXFH_INDIR_NO_CHANGE;
	r->key_size = key;
	if (tb[IOCTL_A_RSS_FUNCTION])
		r->hfunc = nla_get_u32(tb[IOCTL_A_RSS_FUNCTION]);
	if (table)
		repeat(r->rss_config, table, nla_data(tb[IOCTL_A_RSS_TABLE]), period);
	if (key)
		memcpy((char *)r->rss_config + table * 4, nla_data(tb[IOCTL_A_RSS_KEY]), key);
	return call(d, SIOCETHTOOL, r);
}

/* How many counters a driver has of a kind; 0: none. */
static uint32_t count_statistics(struct device *d, uint32_t set)
{
	struct {
		uint32_t cmd, reserved;
		uint64_t mask;
		uint32_t count;
	} info = { .cmd = ETHTOOL_GSSET_INFO, .mask = UINT64_C(1) << set };

	return call(d, SIOCETHTOOL, &info) < 0 || !info.mask ? 0 : info.count;
}

static void put_statistics(struct nl_msg *msg, const char *names, const uint64_t *values,
			   uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		char name[ETH_GSTRING_LEN + 1] = { 0 };

		memcpy(name, names + k * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
		/* Some drivers align their words. */
		if (nla_put_string(msg, IOCTL_A_STATISTICS_NAME, name + strspn(name, " ")) < 0 ||
		    nla_put_u64(msg, IOCTL_A_STATISTICS_VALUE, values[k]) < 0)
			abort();
	}
}

/* Names and values are two questions; a driver whose number of counters changed has no answer. */
static int statistics_get(struct device *d, struct nlattr *const *tb, message_fn fn, void *data)
{
	uint32_t set = tb[IOCTL_A_STATISTICS_SET] ? nla_get_u32(tb[IOCTL_A_STATISTICS_SET]) : 0;
	uint32_t n = count_statistics(d, set);
	_cleanup_free_ struct ethtool_gstrings *names = NULL;
	_cleanup_free_ struct ethtool_stats *values = NULL;
	struct nl_msg *msg;
	int r;

	if (!n || n > STATISTICS_MAX)
		return -EOPNOTSUPP;
	/* With room: ethtool_get_strings() and ethtool_get_stats() write what there is by then. */
	names = mem_new(sizeof(*names) + 2 * n * ETH_GSTRING_LEN);
	values = mem_new(sizeof(*values) + 2 * n * sizeof(uint64_t));
	*names = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS, .string_set = set, .len = n };
	*values = (struct ethtool_stats){
		.cmd = set == ETH_SS_PHY_STATS ? ETHTOOL_GPHYSTATS : ETHTOOL_GSTATS, .n_stats = n,
	};
	r = call(d, SIOCETHTOOL, names);
	if (r >= 0)
		r = call(d, SIOCETHTOOL, values);
	if (r < 0)
		return r;
	if (names->len != n || values->n_stats != n)
		return -EINTR;
	msg = answer_begin(d, IOCTL_STATISTICS_REPLY, n * (ETH_GSTRING_LEN + 32));
	put_statistics(msg, (const char *)names->data, (const uint64_t *)values->data, n);
	answer_end(msg, fn, data);
	return 0;
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
	case IOCTL_STATISTICS_GET:
		return statistics_get(d, tb, fn, data);
	case IOCTL_RSS_SET:
		return rss_set(d, tb);
	case IOCTL_RESTART_AUTONEG:
		return simple(d, ETHTOOL_NWAY_RST, 0);
	case IOCTL_IDENTIFY:
		return simple(d, ETHTOOL_PHYS_ID, tb[IOCTL_A_IDENTIFY_SECONDS] ?
				nla_get_u32(tb[IOCTL_A_IDENTIFY_SECONDS]) : 1);
	case IOCTL_PHY_REPLY:
	case IOCTL_TIMESTAMPS_REPLY:
	case IOCTL_STATISTICS_REPLY:
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
	/* Any family reaches dev_ioctl(), and the service is allowed no AF_INET. */
	d.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (d.fd < 0)
		return -errno;
	r = run(&d, g->cmd, tb, fn, data);
	closep(&d.fd);
	return r;
}
