// SPDX-License-Identifier: LGPL-2.1-or-later
/* How often single priorities were paused: counters of priority-based flow control. */
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/mirror.h"
#include "features/dcb/dcb.h"
#include "features/features.h"

/* IEEE 802.1Q, 36.1.3.1: dot1dot1qPfcRequestsTable. */
static const struct counter pfc_counters[] = {
	{ .name = "requests", .unit = "frames",
	  .help = "Times that the other end was asked to pause" },
	{ .name = "indications", .unit = "frames",
	  .help = "Times that the other end asked for a pause" },
};

static void take(struct statistics *s, const struct statistics_provider *p,
		 const struct nlmsghdr *n)
{
	struct nlattr *tb[DCB_ATTR_MAX + 1], *ieee[DCB_ATTR_IEEE_MAX + 1];
	const struct iface *i;
	struct ieee_pfc pfc;

	if (n->nlmsg_type != RTM_GETDCB ||
	    nlmsg_parse((struct nlmsghdr *)n, sizeof(struct dcbmsg), tb, DCB_ATTR_MAX, NULL) < 0 ||
	    !tb[DCB_ATTR_IFNAME] || !tb[DCB_ATTR_IEEE] ||
	    nla_parse_nested(ieee, DCB_ATTR_IEEE_MAX, tb[DCB_ATTR_IEEE], NULL) < 0 ||
	    !ieee[DCB_ATTR_IEEE_PFC] || nla_len(ieee[DCB_ATTR_IEEE_PFC]) < (int)sizeof(pfc))
		return;
	i = model_find(statistics_seen(s), nla_get_string(tb[DCB_ATTR_IFNAME]));
	memcpy(&pfc, nla_data(ieee[DCB_ATTR_IEEE_PFC]), sizeof(pfc));
	for (unsigned prio = 0; i && prio < DCB_EIGHT; prio++) {
		char instance[2] = { '0' + prio, 0 };
		struct counters *c;

		if (!(pfc.pfc_en >> prio & 1) && !pfc.requests[prio] && !pfc.indications[prio])
			continue;
		c = statistics_counters(s, p, i->ifindex, instance);
		counters_put(c, "requests", pfc.requests[prio]);
		counters_put(c, "indications", pfc.indications[prio]);
	}
}

static void ask(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	const struct iface *i = model_find_index(statistics_seen(s), ifindex);
	const struct dcbmsg header = { .cmd = DCB_CMD_IEEE_GET };
	struct nl_msg *msg;

	if (!i)
		return;
	msg = nlmsg_alloc_simple(RTM_GETDCB, NLM_F_REQUEST | NLM_F_ACK);
	if (!msg || nlmsg_append(msg, (void *)&header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, DCB_ATTR_IFNAME, i->name) < 0)
		abort();
	statistics_dump(s, p, msg, take);
	nlmsg_free(msg);
}

const struct statistics_provider dcb_statistics[] = {
	{ .group = "pfc", .help = "Pauses of single priorities (802.1Qbb)", .instance = "priority",
	  .counters = pfc_counters, .n_counters = ARRAY_SIZE(pfc_counters), .each = true,
	  .ask = ask },
	{ 0 },
};
