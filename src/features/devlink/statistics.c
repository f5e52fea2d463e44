// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a device has of tables and how full they are (a switch's address table,
 * ATU), and what its health reporters have counted. They stand with the
 * interface that stands for the device.
 *
 * What must stay true: nothing of this is read before somebody asks, since a
 * driver may have to look through the hardware for it.
 */
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <stdio.h>

#include "core/statistics.h"
#include "features/devlink/devlink.h"
#include "features/features.h"
#include "nl/genl.h"

/* include/net/devlink.h: enum devlink_health_reporter_state */
#define STATE_HEALTHY 0

static const struct counter resource_counters[] = {
	GAUGE("size", NULL, "How many entries there is room for"),
	GAUGE("occupancy", NULL, "How many are in use"),
};

static const struct counter health_counters[] = {
	GAUGE("healthy", NULL, "1 while the reporter has nothing to complain of"),
	COUNTER("errors", NULL, "Errors that it has reported"),
	COUNTER("recoveries", NULL, "How often the driver has recovered from one"),
};

/* The interface that a message is about; 0: none. */
static int index_of(const struct statistics *s, struct nlattr *const *tb)
{
	_cleanup_free_ char *device = NULL;
	const struct iface *i;

	if (!tb[DEVLINK_ATTR_BUS_NAME] || !tb[DEVLINK_ATTR_DEV_NAME])
		return 0;
	device = str_format("%s/%s", nla_get_string(tb[DEVLINK_ATTR_BUS_NAME]),
			    nla_get_string(tb[DEVLINK_ATTR_DEV_NAME]));
	i = devlink_owner(statistics_seen(s), device);
	return i ? i->ifindex : 0;
}

static void put_number(struct counters *c, const char *name, const struct nlattr *a)
{
	/* No limit is all ones (netdevsim: U64_MAX). */
	if (a && nla_len(a) >= (int)sizeof(uint64_t) &&
	    nla_get_u64((struct nlattr *)a) != UINT64_MAX)
		counters_put(c, name, nla_get_u64((struct nlattr *)a));
}

/* A resource may be made of others: "IPv4" and "IPv4/fib" ... */
static void take_resources(struct statistics *s, const struct statistics_provider *p, int ifindex,
			   struct nlattr *list, const char *within)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1], *a;
	struct counters *c;
	int left;

	nla_for_each_nested(a, list, left) {
		_cleanup_free_ char *name = NULL;

		if (nla_parse_nested(tb, DEVLINK_ATTR_MAX, a, NULL) < 0 ||
		    !tb[DEVLINK_ATTR_RESOURCE_NAME])
			continue;
		name = str_format("%s%s%s", within, *within ? "/" : "",
				  nla_get_string(tb[DEVLINK_ATTR_RESOURCE_NAME]));
		c = statistics_counters(s, p, ifindex, name);
		put_number(c, "size", tb[DEVLINK_ATTR_RESOURCE_SIZE]);
		put_number(c, "occupancy", tb[DEVLINK_ATTR_RESOURCE_OCC]);
		if (tb[DEVLINK_ATTR_RESOURCE_LIST])
			take_resources(s, p, ifindex, tb[DEVLINK_ATTR_RESOURCE_LIST], name);
	}
}

static void take_resource_message(struct statistics *s, const struct statistics_provider *p,
				  const struct nlmsghdr *n)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1];
	int ifindex;

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, DEVLINK_ATTR_MAX, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_RESOURCE_LIST])
		return;
	ifindex = index_of(s, tb);
	if (ifindex)
		take_resources(s, p, ifindex, tb[DEVLINK_ATTR_RESOURCE_LIST], "");
}

/* Ports share their switch: it is asked about once. */
static bool is_first(const struct model *seen, const struct iface *port, const char *device)
{
	MODEL_FOREACH(seen, i) {
		const char *other = iface_link(i) ? iface_link(i)->parent_dev : NULL;

		if (other && !strcmp(other, device))
			return i == port;
	}
	return false;
}

/* Of one device: there is no dump of all (devlink_nl_resource_dump_doit()). */
static void ask_resources(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	const struct iface *i = model_find_index(statistics_seen(s), ifindex);

	MODEL_FOREACH(statistics_seen(s), port) {
		const char *device = iface_link(port) ? iface_link(port)->parent_dev : NULL;
		const char *slash = device ? strchr(device, '/') : NULL;
		_cleanup_free_ char *bus =
			slash ? str_format("%.*s", (int)(slash - device), device) : NULL;
		struct nl_msg *msg;

		if (!slash || devlink_owner(statistics_seen(s), device) != i ||
		    !is_first(statistics_seen(s), port, device))
			continue;
		msg = genl_request(GENL_DEVLINK, DEVLINK_CMD_RESOURCE_DUMP, DEVLINK_GENL_VERSION,
				   NLM_F_ACK);
		if (nla_put_string(msg, DEVLINK_ATTR_BUS_NAME, bus) < 0 ||
		    nla_put_string(msg, DEVLINK_ATTR_DEV_NAME, slash + 1) < 0)
			abort();
		statistics_dump(s, p, msg, take_resource_message);
		nlmsg_free(msg);
	}
}

static void take_health(struct statistics *s, const struct statistics_provider *p,
			const struct nlmsghdr *n)
{
	struct nlattr *tb[DEVLINK_ATTR_MAX + 1], *health[DEVLINK_ATTR_MAX + 1];
	struct counters *c;
	int ifindex;

	if (nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, DEVLINK_ATTR_MAX, NULL) < 0 ||
	    !tb[DEVLINK_ATTR_HEALTH_REPORTER] ||
	    nla_parse_nested(health, DEVLINK_ATTR_MAX, tb[DEVLINK_ATTR_HEALTH_REPORTER],
			     NULL) < 0 ||
	    !health[DEVLINK_ATTR_HEALTH_REPORTER_NAME])
		return;
	ifindex = index_of(s, tb);
	if (!ifindex)
		return;
	c = statistics_counters(s, p, ifindex,
				nla_get_string(health[DEVLINK_ATTR_HEALTH_REPORTER_NAME]));
	if (health[DEVLINK_ATTR_HEALTH_REPORTER_STATE])
		counters_put(c, "healthy", nla_get_u8(health[DEVLINK_ATTR_HEALTH_REPORTER_STATE]) ==
						   STATE_HEALTHY);
	put_number(c, "errors", health[DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT]);
	put_number(c, "recoveries", health[DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT]);
}

static void ask_health(struct statistics *s, const struct statistics_provider *p,
		       int ifindex _unused_)
{
	struct nl_msg *msg = genl_request(GENL_DEVLINK, DEVLINK_CMD_HEALTH_REPORTER_GET,
					  DEVLINK_GENL_VERSION, 0);

	statistics_dump(s, p, msg, take_health);
	nlmsg_free(msg);
}

const struct statistics_provider devlink_statistics[] = {
	{ .group = "resource",
	  .help = "Tables of the device, and how full they are", .instance = "resource",
	  .counters = resource_counters, .n_counters = ARRAY_SIZE(resource_counters), .each = true,
	  .ask = ask_resources },
	{ .group = "health",
	  .help = "What the device's health reporters have counted", .instance = "reporter",
	  .counters = health_counters, .n_counters = ARRAY_SIZE(health_counters),
	  .ask = ask_health },
	{ 0 },
};
