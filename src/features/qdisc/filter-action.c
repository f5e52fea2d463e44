// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a filter does with frames: its actions, in one order that never changes:
 * gate, police, skbedit, vlan, mirror, and one that ends the matter.
 *
 * What must stay true: an action that is not one of these, or comes twice or in
 * another order, was put there by others; it is noted ("other"), and so the
 * filter is made again.
 */
#include <linux/if_ether.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_gate.h>
#include <linux/tc_act/tc_skbedit.h>
#include <linux/tc_act/tc_vlan.h>
#include <stdlib.h>
#include <time.h>

#include "features/qdisc/filter.h"
#include "nl/tc.h"

/* Entries of a rate table, which the kernel wants and does not look at (qdisc_get_rtab()). */
#define RTAB_ENTRIES 256
#define RTAB_CELL_LOG 3

const struct word filter_clocks[] = {
	{ "REALTIME", CLOCK_REALTIME }, { "MONOTONIC", CLOCK_MONOTONIC },
	{ "BOOTTIME", CLOCK_BOOTTIME }, { "TAI", CLOCK_TAI }, { NULL, 0 },
};
const struct word filter_conform[] = {
	{ "pass", VERDICT_PASS }, { "drop", VERDICT_DROP }, { "continue", VERDICT_CONTINUE },
	{ "pipe", VERDICT_PIPE }, { "reclassify", VERDICT_RECLASSIFY }, { NULL, 0 },
};
const struct word filter_verdicts[] = {
	{ "none", VERDICT_NONE }, { "pass", VERDICT_PASS }, { "drop", VERDICT_DROP },
	{ "continue", VERDICT_CONTINUE }, { "reclassify", VERDICT_RECLASSIFY },
	{ "trap", VERDICT_TRAP }, { NULL, 0 },
};
/* include/uapi/linux/if_packet.h, PACKET_…: those that may be set (skb_pkt_type_ok()) */
const struct word filter_ptypes[] = {
	{ "host", 0 }, { "broadcast", 1 }, { "multicast", 2 }, { "otherhost", 3 }, { NULL, 0 },
};
const struct word filter_vlans[] = {
	{ "pop", TCA_VLAN_ACT_POP }, { "push", TCA_VLAN_ACT_PUSH },
	{ "modify", TCA_VLAN_ACT_MODIFY }, { NULL, 0 },
};
const struct word filter_tags[] = {
	{ "802.1Q", ETH_P_8021Q }, { "802.1ad", ETH_P_8021AD }, { NULL, 0 },
};

static int control_of(uint8_t v)
{
	switch ((enum filter_verdict)v) {
	case VERDICT_NONE:
	case VERDICT_PIPE:
		return TC_ACT_PIPE;
	case VERDICT_PASS:
		return TC_ACT_OK;
	case VERDICT_DROP:
		return TC_ACT_SHOT;
	case VERDICT_CONTINUE:
		return TC_ACT_UNSPEC;
	case VERDICT_RECLASSIFY:
		return TC_ACT_RECLASSIFY;
	case VERDICT_TRAP:
		return TC_ACT_TRAP;
	}
	return TC_ACT_PIPE;
}

static bool verdict_of(int control, uint8_t *ret)
{
	for (uint8_t v = VERDICT_PASS; v <= VERDICT_TRAP; v++)
		if (control_of(v) == control) {
			*ret = v;
			return true;
		}
	return false;
}

/* Written. */

static bool has_police(const struct filter *f)
{
	return f->police_rate || f->police_pkts_rate;
}

static bool has_skbedit(const struct filter *f)
{
	return filter_has(f, F_SKB_PRIORITY) || filter_has(f, F_SKB_QUEUE) ||
	       filter_has(f, F_SKB_MARK) || filter_has(f, F_SKB_PTYPE);
}

static int put_gate_line(struct nl_msg *msg, const struct filter_gate *g, unsigned n)
{
	struct nlattr *line = nla_nest_start(msg, TCA_GATE_ONE_ENTRY);
	int bad = line ? 0 : -1;

	bad |= nla_put_u32(msg, TCA_GATE_ENTRY_INDEX, n);
	if (g->open)
		bad |= nla_put_flag(msg, TCA_GATE_ENTRY_GATE);
	bad |= nla_put_u32(msg, TCA_GATE_ENTRY_INTERVAL, g->interval);
	bad |= nla_put_s32(msg, TCA_GATE_ENTRY_IPV, g->priority);
	bad |= nla_put_s32(msg, TCA_GATE_ENTRY_MAX_OCTETS, g->max_octets);
	if (bad < 0)
		return -1;
	nla_nest_end(msg, line);
	return 0;
}

static int put_gate(struct nl_msg *msg, int n, const struct filter *f)
{
	const struct tc_gate parms = { .action = TC_ACT_PIPE };
	struct nlattr *options, *action = tc_action_begin(msg, n, "gate", &options), *lines;
	int bad = action ? nla_put(msg, TCA_GATE_PARMS, sizeof(parms), &parms) : -1;

	bad |= nla_put_s32(msg, TCA_GATE_PRIORITY, f->gate_priority);
	bad |= nla_put_u64(msg, TCA_GATE_BASE_TIME, f->gate_base);
	if (f->gate_cycle)
		bad |= nla_put_u64(msg, TCA_GATE_CYCLE_TIME, f->gate_cycle);
	bad |= nla_put_u64(msg, TCA_GATE_CYCLE_TIME_EXT, f->gate_extension);
	bad |= nla_put_s32(msg, TCA_GATE_CLOCKID, f->gate_clock);
	lines = bad < 0 ? NULL : nla_nest_start(msg, TCA_GATE_ENTRY_LIST);
	for (unsigned k = 0; lines && bad >= 0 && k < f->gates.n; k++)
		bad = put_gate_line(msg, &f->gates.v[k], k);
	if (!lines || bad < 0)
		return -1;
	nla_nest_end(msg, lines);
	return tc_action_end(msg, action, options);
}

static int put_police(struct nl_msg *msg, int n, const struct filter *f)
{
	static const uint32_t table[RTAB_ENTRIES];
	struct tc_police p = {
		.action = control_of(f->police_exceed),
		.mtu = filter_has(f, F_POLICE_MTU) ? f->police_mtu : UINT32_MAX,
		.burst = burst_ticks(f->police_burst, f->police_rate),
	};
	struct nlattr *options, *action = tc_action_begin(msg, n, "police", &options);
	int bad = action ? 0 : -1;

	tc_ratespec_set(&p.rate, f->police_rate, 0, 0);
	p.rate.cell_log = RTAB_CELL_LOG;
	tc_ratespec_set(&p.peakrate, f->police_peakrate, 0, 0);
	p.peakrate.cell_log = RTAB_CELL_LOG;
	bad |= nla_put(msg, TCA_POLICE_TBF, sizeof(p), &p);
	if (f->police_rate)
		bad |= nla_put(msg, TCA_POLICE_RATE, sizeof(table), table);
	if (f->police_rate > UINT32_MAX)
		bad |= nla_put_u64(msg, TCA_POLICE_RATE64, f->police_rate);
	if (f->police_peakrate)
		bad |= nla_put(msg, TCA_POLICE_PEAKRATE, sizeof(table), table);
	if (f->police_peakrate > UINT32_MAX)
		bad |= nla_put_u64(msg, TCA_POLICE_PEAKRATE64, f->police_peakrate);
	if (f->police_pkts_rate) {
		bad |= nla_put_u64(msg, NETCTL_POLICE_PKTRATE64, f->police_pkts_rate);
		bad |= nla_put_u64(msg, NETCTL_POLICE_PKTBURST64,
				   burst_ticks(f->police_pkts_burst, f->police_pkts_rate));
	}
	bad |= nla_put_u32(msg, TCA_POLICE_RESULT, control_of(f->police_conform));
	return bad < 0 ? -1 : tc_action_end(msg, action, options);
}

static int put_skbedit(struct nl_msg *msg, int n, const struct filter *f)
{
	const struct tc_skbedit parms = { .action = TC_ACT_PIPE };
	struct nlattr *options, *action = tc_action_begin(msg, n, "skbedit", &options);
	int bad = action ? nla_put(msg, TCA_SKBEDIT_PARMS, sizeof(parms), &parms) : -1;

	if (filter_has(f, F_SKB_PRIORITY))
		bad |= nla_put_u32(msg, TCA_SKBEDIT_PRIORITY, f->skb_priority);
	if (filter_has(f, F_SKB_QUEUE))
		bad |= nla_put_u16(msg, TCA_SKBEDIT_QUEUE_MAPPING, f->skb_queue);
	if (filter_has(f, F_SKB_MARK))
		bad |= nla_put_u32(msg, TCA_SKBEDIT_MARK, f->skb_mark);
	if (filter_has(f, F_SKB_PTYPE))
		bad |= nla_put_u16(msg, TCA_SKBEDIT_PTYPE, f->skb_ptype);
	return bad < 0 ? -1 : tc_action_end(msg, action, options);
}

static int put_vlan(struct nl_msg *msg, int n, const struct filter *f)
{
	const struct tc_vlan parms = { .action = TC_ACT_PIPE, .v_action = f->vlan };
	struct nlattr *options, *action = tc_action_begin(msg, n, "vlan", &options);
	int bad = action ? nla_put(msg, TCA_VLAN_PARMS, sizeof(parms), &parms) : -1;

	if (f->vlan != TCA_VLAN_ACT_POP) {
		bad |= nla_put_u16(msg, TCA_VLAN_PUSH_VLAN_ID, f->vlan_id);
		bad |= nla_put_u16(msg, TCA_VLAN_PUSH_VLAN_PROTOCOL, htons(f->vlan_protocol));
	}
	if (filter_has(f, F_VLAN_PRIORITY))
		bad |= nla_put_u8(msg, TCA_VLAN_PUSH_VLAN_PRIORITY, f->vlan_priority);
	return bad < 0 ? -1 : tc_action_end(msg, action, options);
}

static int put_verdict(struct nl_msg *msg, int n, const struct filter *f)
{
	const struct tc_gact parms = { .action = control_of(f->verdict) };
	struct nlattr *options, *action = tc_action_begin(msg, n, "gact", &options);
	int bad = action ? nla_put(msg, TCA_GACT_PARMS, sizeof(parms), &parms) : -1;

	return bad < 0 ? -1 : tc_action_end(msg, action, options);
}

int filter_put_actions(struct nl_msg *msg, unsigned attr, const struct filter *f)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	int n = 0, bad = nest ? 0 : -1;

	if (f->gates.n)
		bad |= put_gate(msg, ++n, f);
	if (has_police(f))
		bad |= put_police(msg, ++n, f);
	if (has_skbedit(f))
		bad |= put_skbedit(msg, ++n, f);
	if (filter_has(f, F_VLAN))
		bad |= put_vlan(msg, ++n, f);
	if (*f->mirror.name)
		bad |= tc_put_mirred(msg, ++n, f->mirror_at == FILTER_INGRESS ?
				     TCA_INGRESS_MIRROR : TCA_EGRESS_MIRROR, f->mirror.index);
	if (*f->redirect.name)
		bad |= tc_put_mirred(msg, ++n, f->redirect_at == FILTER_INGRESS ?
				     TCA_INGRESS_REDIR : TCA_EGRESS_REDIR, f->redirect.index);
	if (f->verdict != VERDICT_NONE)
		bad |= put_verdict(msg, ++n, f);
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Read. */

static void have(struct filter *f, unsigned row)
{
	f->o.present |= BIT64(row);
}

static bool get_gate_line(const struct nlattr *a, struct filter_gate *g)
{
	struct nlattr *tb[TCA_GATE_ENTRY_MAX + 1];

	if (nla_parse_nested(tb, TCA_GATE_ENTRY_MAX, (struct nlattr *)a, NULL) < 0)
		return false;
	*g = (struct filter_gate){
		.open = !!tb[TCA_GATE_ENTRY_GATE], .priority = -1, .max_octets = -1,
		.interval = tb[TCA_GATE_ENTRY_INTERVAL] ?
			    nla_get_u32(tb[TCA_GATE_ENTRY_INTERVAL]) : 0,
	};
	if (tb[TCA_GATE_ENTRY_IPV])
		g->priority = nla_get_s32(tb[TCA_GATE_ENTRY_IPV]);
	if (tb[TCA_GATE_ENTRY_MAX_OCTETS])
		g->max_octets = nla_get_s32(tb[TCA_GATE_ENTRY_MAX_OCTETS]);
	return true;
}

static bool get_gate(struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[TCA_GATE_MAX + 1], *line;
	int left;

	if (f->gates.n || nla_parse_nested(tb, TCA_GATE_MAX, options, NULL) < 0 ||
	    !tb[TCA_GATE_ENTRY_LIST])
		return false;
	nla_for_each_nested(line, tb[TCA_GATE_ENTRY_LIST], left) {
		f->gates.v = array_reserve(f->gates.v, f->gates.n, sizeof(*f->gates.v));
		if (get_gate_line(line, &f->gates.v[f->gates.n]))
			f->gates.n++;
	}
	f->gate_base = tb[TCA_GATE_BASE_TIME] ? (int64_t)nla_get_u64(tb[TCA_GATE_BASE_TIME]) : 0;
	f->gate_cycle = tb[TCA_GATE_CYCLE_TIME] ? (int64_t)nla_get_u64(tb[TCA_GATE_CYCLE_TIME]) : 0;
	f->gate_extension = tb[TCA_GATE_CYCLE_TIME_EXT] ?
				    (int64_t)nla_get_u64(tb[TCA_GATE_CYCLE_TIME_EXT]) : 0;
	f->gate_clock = tb[TCA_GATE_CLOCKID] ? nla_get_s32(tb[TCA_GATE_CLOCKID]) : CLOCK_TAI;
	f->gate_priority = tb[TCA_GATE_PRIORITY] ? nla_get_s32(tb[TCA_GATE_PRIORITY]) : -1;
	for (unsigned row = F_GATES; row <= F_GATE_PRIORITY; row++)
		if (row != F_GATE_CYCLE || f->gate_cycle)
			have(f, row);
	return true;
}

static bool is_u64(const struct nlattr *a)
{
	return a && nla_len(a) >= 8;
}

static bool get_police(struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[NETCTL_POLICE_MAX + 1];
	const struct tc_police *p;

	if (has_police(f) || nla_parse_nested(tb, NETCTL_POLICE_MAX, options, NULL) < 0 ||
	    !tb[TCA_POLICE_TBF] || (size_t)nla_len(tb[TCA_POLICE_TBF]) < sizeof(*p))
		return false;
	p = nla_data(tb[TCA_POLICE_TBF]);
	f->police_rate = tc_rate(tb[TCA_POLICE_RATE64], &p->rate);
	f->police_peakrate = tc_rate(tb[TCA_POLICE_PEAKRATE64], &p->peakrate);
	f->police_burst = ticks_burst(p->burst, f->police_rate, 0);
	f->police_mtu = p->mtu;
	if (f->police_rate)
		f->o.present |= BIT64(F_POLICE_RATE) | BIT64(F_POLICE_BURST);
	if (f->police_peakrate)
		have(f, F_POLICE_PEAKRATE);
	if (p->mtu != UINT32_MAX)
		have(f, F_POLICE_MTU);
	if (is_u64(tb[NETCTL_POLICE_PKTRATE64]) && is_u64(tb[NETCTL_POLICE_PKTBURST64])) {
		f->police_pkts_rate = nla_get_u64(tb[NETCTL_POLICE_PKTRATE64]);
		f->police_pkts_burst = ticks_burst(nla_get_u64(tb[NETCTL_POLICE_PKTBURST64]),
						   f->police_pkts_rate, 0);
		f->o.present |= BIT64(F_POLICE_PKTS_RATE) | BIT64(F_POLICE_PKTS_BURST);
	}
	f->o.present |= BIT64(F_POLICE_CONFORM) | BIT64(F_POLICE_EXCEED);
	return has_police(f) && verdict_of(p->action, &f->police_exceed) &&
	       verdict_of(tb[TCA_POLICE_RESULT] ? (int)nla_get_u32(tb[TCA_POLICE_RESULT]) :
						  TC_ACT_OK, &f->police_conform);
}

static bool get_skbedit(struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[TCA_SKBEDIT_FLAGS + 1];

	if (has_skbedit(f) || nla_parse_nested(tb, TCA_SKBEDIT_FLAGS, options, NULL) < 0)
		return false;
	if (tb[TCA_SKBEDIT_PRIORITY]) {
		f->skb_priority = nla_get_u32(tb[TCA_SKBEDIT_PRIORITY]);
		have(f, F_SKB_PRIORITY);
	}
	if (tb[TCA_SKBEDIT_QUEUE_MAPPING]) {
		f->skb_queue = nla_get_u16(tb[TCA_SKBEDIT_QUEUE_MAPPING]);
		have(f, F_SKB_QUEUE);
	}
	if (tb[TCA_SKBEDIT_MARK]) {
		f->skb_mark = nla_get_u32(tb[TCA_SKBEDIT_MARK]);
		have(f, F_SKB_MARK);
	}
	if (tb[TCA_SKBEDIT_PTYPE]) {
		f->skb_ptype = nla_get_u16(tb[TCA_SKBEDIT_PTYPE]);
		have(f, F_SKB_PTYPE);
	}
	return has_skbedit(f) && !tb[TCA_SKBEDIT_MASK] && !tb[TCA_SKBEDIT_FLAGS];
}

static bool get_vlan(struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[TCA_VLAN_MAX + 1];

	if (filter_has(f, F_VLAN) || nla_parse_nested(tb, TCA_VLAN_MAX, options, NULL) < 0 ||
	    !tb[TCA_VLAN_PARMS] || (size_t)nla_len(tb[TCA_VLAN_PARMS]) < sizeof(struct tc_vlan))
		return false;
	f->vlan = ((const struct tc_vlan *)nla_data(tb[TCA_VLAN_PARMS]))->v_action;
	have(f, F_VLAN);
	if (tb[TCA_VLAN_PUSH_VLAN_ID]) {
		f->vlan_id = nla_get_u16(tb[TCA_VLAN_PUSH_VLAN_ID]);
		have(f, F_VLAN_ID);
	}
	if (tb[TCA_VLAN_PUSH_VLAN_PROTOCOL]) {
		f->vlan_protocol = ntohs(nla_get_u16(tb[TCA_VLAN_PUSH_VLAN_PROTOCOL]));
		have(f, F_VLAN_PROTOCOL);
	}
	if (tb[TCA_VLAN_PUSH_VLAN_PRIORITY]) {
		f->vlan_priority = nla_get_u8(tb[TCA_VLAN_PUSH_VLAN_PRIORITY]);
		/* Of a push it always is there (tcf_vlan_init()). */
		if (f->vlan != TCA_VLAN_ACT_PUSH || f->vlan_priority)
			have(f, F_VLAN_PRIORITY);
	}
	return f->vlan <= TCA_VLAN_ACT_MODIFY;
}

static bool get_mirred(const struct tc_action *a, struct filter *f)
{
	struct tc_mirred m;
	bool copies, in;
	unsigned row;

	if (!tc_get_mirred(a, &m))
		return false;
	copies = m.eaction == TCA_EGRESS_MIRROR || m.eaction == TCA_INGRESS_MIRROR;
	in = m.eaction == TCA_INGRESS_MIRROR || m.eaction == TCA_INGRESS_REDIR;
	row = copies ? F_MIRROR : F_REDIRECT;
	if (filter_has(f, row) || m.action != (copies ? TC_ACT_PIPE : TC_ACT_STOLEN))
		return false;
	have(f, row);
	have(f, row + 1);
	(copies ? &f->mirror : &f->redirect)->index = m.ifindex;
	*(copies ? &f->mirror_at : &f->redirect_at) = in ? FILTER_INGRESS : FILTER_EGRESS;
	return true;
}

static bool get_verdict(struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[TCA_GACT_MAX + 1];

	if (f->verdict != VERDICT_NONE || nla_parse_nested(tb, TCA_GACT_MAX, options, NULL) < 0 ||
	    !tb[TCA_GACT_PARMS] || tb[TCA_GACT_PROB] ||
	    (size_t)nla_len(tb[TCA_GACT_PARMS]) < sizeof(struct tc_gact))
		return false;
	return verdict_of(((const struct tc_gact *)nla_data(tb[TCA_GACT_PARMS]))->action,
			  &f->verdict);
}

/* Where in the order each kind stands; mirred is two. */
static int get_action(const struct tc_action *a, struct filter *f)
{
	static const struct {
		const char *kind;
		bool (*get)(struct nlattr *options, struct filter *f);
		int place;
	} kinds[] = {
		{ "gate", get_gate, 1 }, { "police", get_police, 2 }, { "skbedit", get_skbedit, 3 },
		{ "vlan", get_vlan, 4 }, { "gact", get_verdict, 7 },
	};

	if (!strcmp(a->kind, "mirred"))
		return !get_mirred(a, f) ? -1 : filter_has(f, F_REDIRECT) ? 6 : 5;
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		if (!strcmp(kinds[k].kind, a->kind))
			return kinds[k].get(a->options, f) ? kinds[k].place : -1;
	return -1;
}

void filter_get_actions(const struct nlattr *nest, struct filter *f)
{
	int left, last = 0, place;
	struct tc_action action;
	struct nlattr *a;

	have(f, F_VERDICT);
	have(f, F_OTHER);
	if (!nest)
		return;
	nla_for_each_nested(a, (struct nlattr *)nest, left) {
		place = tc_action_get(a, &action) ? get_action(&action, f) : -1;
		if (place <= last)
			f->other = true;
		last = max_of(last, place);
	}
}

/* Checked. */

static void check_police(const struct filter_check *c)
{
	const struct filter *f = c->filter;

	for (unsigned row = F_POLICE_BURST; row <= F_POLICE_EXCEED; row++)
		if (filter_has(f, row) && !has_police(f))
			filter_error(c, row, "filter-police", "there is no police_rate");
	if (f->police_rate && f->police_pkts_rate)
		filter_error(c, F_POLICE_PKTS_RATE, "filter-police",
			     "either bytes or packets are counted");
	if (f->police_rate && !f->police_burst)
		filter_error(c, F_POLICE_RATE, "filter-police", "police_burst must be given");
	if (burst_ticks(f->police_burst, f->police_rate) > UINT32_MAX)
		filter_error(c, F_POLICE_BURST, "filter-police",
			     "takes more than 274 s at its rate, which the kernel cannot tell");
	if (!f->police_pkts_rate != !f->police_pkts_burst)
		filter_error(c, f->police_pkts_rate ? F_POLICE_PKTS_RATE : F_POLICE_PKTS_BURST,
			     "filter-police", "police_pkts_rate and police_pkts_burst go together");
	if (f->police_peakrate && (f->police_peakrate <= f->police_rate || !f->police_mtu))
		filter_error(c, F_POLICE_PEAKRATE, "filter-police",
			     "is above police_rate, and needs police_mtu");
}

static void check_vlan(const struct filter_check *c)
{
	const struct filter *f = c->filter;
	bool tags = filter_has(f, F_VLAN) && f->vlan != TCA_VLAN_ACT_POP;

	for (unsigned row = F_VLAN_ID; row <= F_VLAN_PRIORITY; row++)
		if (filter_has(f, row) && !tags)
			filter_error(c, row, "filter-vlan",
				     "vlan_action is neither push nor modify");
	if (tags && !filter_has(f, F_VLAN_ID))
		filter_error(c, F_VLAN, "filter-vlan", "vlan_action_id must be given");
}

static void check_gate(const struct filter_check *c)
{
	const struct filter *f = c->filter;
	int64_t sum = 0;

	for (unsigned row = F_GATE_BASE; row <= F_GATE_PRIORITY; row++)
		if (filter_has(f, row) && !f->gates.n)
			filter_error(c, row, "filter-gate", "there is no gate_schedule");
	if (f->gates.n > GATES_TOLD)
		filter_error(c, F_GATES, "filter-gate",
			     "%u lines: the kernel takes them, but cannot tell of more than %u",
			     f->gates.n, GATES_TOLD);
	for (unsigned n = 0; n < f->gates.n; n++)
		sum += f->gates.v[n].interval;
	if (f->gates.n && filter_has(f, F_GATE_CYCLE) && f->gate_cycle < sum)
		filter_error(c, F_GATE_CYCLE, "filter-gate",
			     "shorter than the intervals together: the last would be cut off");
}

void filter_check_actions(const struct filter_check *c)
{
	const struct filter *f = c->filter;
	static const struct {
		unsigned row, needs;
	} pairs[] = { { F_MIRROR_AT, F_MIRROR }, { F_REDIRECT_AT, F_REDIRECT } };

	check_gate(c);
	check_police(c);
	check_vlan(c);
	for (unsigned n = 0; n < ARRAY_SIZE(pairs); n++)
		if (filter_has(f, pairs[n].row) && !filter_has(f, pairs[n].needs))
			filter_error(c, pairs[n].row, "filter-mirred",
				     "says where to, but not whom");
	if (*f->redirect.name && f->verdict != VERDICT_NONE)
		filter_error(c, F_VERDICT, "filter-end", "redirect is the end already");
	if (filter_has(f, F_SKB_QUEUE) && f->parent == FILTER_INGRESS && !f->skip_sw)
		filter_error(c, F_SKB_QUEUE, "filter-queue",
			     "of frames that come in only the hardware takes it: needs skip_sw");
	if (!f->gates.n && !has_police(f) && !has_skbedit(f) && !filter_has(f, F_VLAN) &&
	    !*f->mirror.name && !*f->redirect.name && f->verdict == VERDICT_NONE &&
	    !filter_has(f, F_CLASSID))
		filter_error(c, F_KIND, "filter-nothing",
			     "does nothing; to let frames pass by the filters behind it, action = "
			     "\"pass\"");
}
