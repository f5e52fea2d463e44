// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What queueing disciplines and their classes count, of any kind, also of those
 * that the kernel put there by itself; and the daemon's filters.
 *
 * All of them carry statistics of the same make (gnet_stats_copy()): the first two in
 * TCA_STATS2, filters in each of their actions. Disciplines are told for all
 * interfaces at once (tc_dump_qdisc() looks at no index), classes and filters
 * interface by interface (tc_dump_tclass(), tc_dump_tfilter()).
 */
#include <linux/gen_stats.h>

#include "core/statistics.h"
#include "features/features.h"
#include "features/qdisc/filter.h"
#include "nl/tc.h"

static const struct counter queue_counters[] = {
	COUNTER("bytes", "bytes", "Bytes sent"),
	COUNTER("packets", "packets", "Packets sent"),
	COUNTER("drops", "packets", "Packets dropped"),
	COUNTER("overlimits", NULL, "Times that the rate kept a packet back"),
	COUNTER("requeues", "packets", "Packets that the device could not take at once"),
	GAUGE("backlog", "bytes", "Bytes in the queue"),
	GAUGE("qlen", "packets", "Packets in the queue"),
};

static void put_basic(struct counters *c, struct nlattr *const *tb)
{
	struct gnet_stats_basic basic;
	uint64_t packets;

	if (!tb[TCA_STATS_BASIC] || (size_t)nla_len(tb[TCA_STATS_BASIC]) < sizeof(uint64_t) + 4)
		return;
	memcpy(&basic, nla_data(tb[TCA_STATS_BASIC]), sizeof(uint64_t) + 4);
	packets = basic.packets;
	/* Where 32 bits are not enough (gnet_stats_copy_basic()). */
	if (tb[TCA_STATS_PKT64] && nla_len(tb[TCA_STATS_PKT64]) >= (int)sizeof(packets))
		memcpy(&packets, nla_data(tb[TCA_STATS_PKT64]), sizeof(packets));
	counters_put(c, "bytes", basic.bytes);
	counters_put(c, "packets", packets);
}

static void put_queue(struct counters *c, const struct nlattr *a)
{
	struct gnet_stats_queue q;

	if (!a || (size_t)nla_len(a) < sizeof(q))
		return;
	memcpy(&q, nla_data(a), sizeof(q));
	counters_put(c, "drops", q.drops);
	counters_put(c, "overlimits", q.overlimits);
	counters_put(c, "requeues", q.requeues);
	counters_put(c, "backlog", q.backlog);
	counters_put(c, "qlen", q.qlen);
}

/* As a configuration names it; what has no number, by where it hangs. */
static const char *instance_of(const struct tcmsg *tcm, char *buf)
{
	if (tcm->tcm_handle)
		return tc_text(tcm->tcm_handle, buf);
	if (tcm->tcm_parent == TC_H_ROOT)
		return "root";
	snprintf(buf, TC_TEXT_MAX, "%x:%x", TC_H_MAJ(tcm->tcm_parent) >> 16,
		 TC_H_MIN(tcm->tcm_parent));
	return buf;
}

static void take(struct statistics *s, const struct statistics_provider *p,
		 const struct nlmsghdr *n)
{
	const struct tcmsg *tcm = nlmsg_data(n);
	struct nlattr *tb[TCA_MAX + 1], *stats[TCA_STATS_MAX + 1];
	char buf[TC_TEXT_MAX];
	struct counters *c;

	if ((n->nlmsg_type != RTM_NEWQDISC && n->nlmsg_type != RTM_NEWTCLASS) ||
	    nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_STATS2] || !tb[TCA_KIND] || !nla_strcmp(tb[TCA_KIND], "noqueue") ||
	    nla_parse_nested(stats, TCA_STATS_MAX, tb[TCA_STATS2], NULL) < 0)
		return;
	c = statistics_counters(s, p, tcm->tcm_ifindex, instance_of(tcm, buf));
	put_basic(c, stats);
	put_queue(c, stats[TCA_STATS_QUEUE]);
}

static const struct counter filter_counters[] = {
	COUNTER("bytes", "bytes", "Bytes that it matched"),
	COUNTER("packets", "packets", "Packets that it matched"),
	COUNTER("hw_bytes", "bytes", "Those of them that the hardware saw to"),
	COUNTER("hw_packets", "packets", "Those of them that the hardware saw to"),
	COUNTER("drops", "packets", "Packets that its actions dropped"),
	COUNTER("overlimits", "packets", "Packets beyond the rate of its police"),
};

struct matched {
	uint64_t bytes, packets;
};

struct filter_count {
	struct matched all, hw;
	uint32_t drops, overlimits;
};

/* Packets beyond 32 bits follow what they are of (___gnet_stats_copy_basic()). */
static void take_matched(struct filter_count *f, struct nlattr *stats)
{
	struct gnet_stats_basic basic;
	struct matched *of = NULL;
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, stats, left) {
		bool counts = nla_type(a) == TCA_STATS_BASIC || nla_type(a) == TCA_STATS_BASIC_HW;

		if (counts && (size_t)nla_len(a) >= sizeof(uint64_t) + 4) {
			memcpy(&basic, nla_data(a), sizeof(uint64_t) + 4);
			of = nla_type(a) == TCA_STATS_BASIC ? &f->all : &f->hw;
			*of = (struct matched){ basic.bytes, basic.packets };
		} else if (of && nla_type(a) == TCA_STATS_PKT64 && nla_len(a) >= 8) {
			of->packets = nla_get_u64(a);
		}
	}
}

static void add_action(struct filter_count *f, const struct nlattr *action, bool first)
{
	struct nlattr *tb[TCA_ACT_MAX + 1], *stats[TCA_STATS_MAX + 1];
	struct gnet_stats_queue q;

	if (nla_parse_nested(tb, TCA_ACT_MAX, (struct nlattr *)action, NULL) < 0 ||
	    !tb[TCA_ACT_STATS] ||
	    nla_parse_nested(stats, TCA_STATS_MAX, tb[TCA_ACT_STATS], NULL) < 0)
		return;
	/* What comes to the first of its actions is what it matched. */
	if (first)
		take_matched(f, tb[TCA_ACT_STATS]);
	if (!stats[TCA_STATS_QUEUE] || (size_t)nla_len(stats[TCA_STATS_QUEUE]) < sizeof(q))
		return;
	memcpy(&q, nla_data(stats[TCA_STATS_QUEUE]), sizeof(q));
	f->drops += q.drops;
	f->overlimits += q.overlimits;
}

static void take_filter(struct statistics *s, const struct statistics_provider *p,
			const struct nlmsghdr *n)
{
	const struct tcmsg *tcm = nlmsg_data(n);
	const struct iface *i = model_find_index(statistics_seen(s), tcm->tcm_ifindex);
	_cleanup_free_ char *instance = NULL;
	char buf[TC_TEXT_MAX];
	struct filter_count f = { 0 };
	struct nlattr *tb[TCA_MAX + 1], *actions, *a;
	struct counters *c;
	int left, k = 0;

	if (n->nlmsg_type != RTM_NEWTFILTER || !i || tcm->tcm_handle != FILTER_HANDLE ||
	    nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_KIND] || !tb[TCA_OPTIONS])
		return;
	actions = nla_find(nla_data(tb[TCA_OPTIONS]), nla_len(tb[TCA_OPTIONS]),
			   filter_actions(nla_data(tb[TCA_KIND])));
	if (!actions)
		return; /* which count nothing (fl_dump()) */
	nla_for_each_nested(a, actions, left)
		add_action(&f, a, !k++);
	instance = str_format("%s %u", filter_place_text(filter_place(i, tcm->tcm_parent), buf),
			      TC_H_MAJ(tcm->tcm_info) >> 16);
	c = statistics_counters(s, p, tcm->tcm_ifindex, instance);
	counters_put(c, "bytes", f.all.bytes);
	counters_put(c, "packets", f.all.packets);
	counters_put(c, "hw_bytes", f.hw.bytes);
	counters_put(c, "hw_packets", f.hw.packets);
	counters_put(c, "drops", f.drops);
	counters_put(c, "overlimits", f.overlimits);
}

static void ask(struct statistics *s, const struct statistics_provider *p, uint16_t type,
		int ifindex, uint32_t parent, statistics_message_fn fn)
{
	const struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_parent = parent };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (!msg || nlmsg_append(msg, (void *)&tcm, sizeof(tcm), NLMSG_ALIGNTO) < 0)
		abort();
	statistics_dump(s, p, msg, fn);
	nlmsg_free(msg);
}

static void ask_qdiscs(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask(s, p, RTM_GETQDISC, ifindex, 0, take);
}

static void ask_classes(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	ask(s, p, RTM_GETTCLASS, ifindex, 0, take);
}

static void ask_filters(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	const struct iface *i = model_find_index(statistics_seen(s), ifindex);
	const struct list *l = iface_list(i, &filter_feature);

	for (unsigned n = 0; l && n < l->n; n++) {
		uint32_t place = ((const struct filter *)l->items[n])->parent;
		bool asked = false;

		for (unsigned k = 0; k < n; k++)
			asked |= ((const struct filter *)l->items[k])->parent == place;
		if (!asked)
			ask(s, p, RTM_GETTFILTER, ifindex, filter_parent(place), take_filter);
	}
}

const struct statistics_provider qdisc_statistics[] = {
	{ .group = "qdisc", .help = "What each queueing discipline counts", .instance = "qdisc",
	  .counters = queue_counters, .n_counters = ARRAY_SIZE(queue_counters), .ask = ask_qdiscs },
	{ .group = "class", .help = "What each class of a queueing discipline counts",
	  .instance = "class", .counters = queue_counters,
	  .n_counters = ARRAY_SIZE(queue_counters), .each = true, .ask = ask_classes },
	{ .group = "filter", .help = "What each filter of the configuration counts",
	  .instance = "filter", .counters = filter_counters,
	  .n_counters = ARRAY_SIZE(filter_counters), .each = true, .ask = ask_filters },
	{ 0 },
};
