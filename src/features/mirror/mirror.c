// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Port mirroring: a copy of what comes in, or goes out, to another interface.
 *
 * A filter that matches everything (matchall) with the action "mirror" at the
 * hook clsact; where the interface is a port of a switch, the switch copies
 * (skip_sw), for most frames never come by the processor.
 *
 * What must stay true: others' filters stand beside ours, which are told by
 * their priority and handle; the hook goes only if the daemon made it and
 * nobody else has filters at it.
 */
#include <linux/if_ether.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "nl/tc.h"
#include "nl/uapi.h"

enum { IN, OUT, DIRECTIONS };

static const uint32_t parents[DIRECTIONS] = {
	[IN] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	[OUT] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
};

/* The hook: with others' filters at it, it is neither missing nor ours to take away. */
enum { HOOK_NONE, HOOK_OURS, HOOK_SHARED };

struct mirroring {
	struct object o;
	struct ifref to[DIRECTIONS];
	uint8_t skip_sw, in_hw[DIRECTIONS], hook;
};

enum { INGRESS, EGRESS, SKIP_SW, INGRESS_IN_HW, EGRESS_IN_HW, HOOK };

static bool hook_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const uint8_t *x = a, *y = b;

	return *x == *y || *x == HOOK_SHARED || *y == HOOK_SHARED;
}

static const struct word hook_words[] = {
	{ "none", HOOK_NONE }, { "ours", HOOK_OURS }, { "shared", HOOK_SHARED }, { NULL, 0 },
};

static int hook_parse(struct parse *p, const config_setting_t *s, void *v)
{
	return type_enum8.parse(p, s, v);
}

static json_t *hook_json(const struct row *row, const void *v)
{
	return type_enum8.json(row, v);
}

static const struct type type_hook = {
	.name = "word", .signature = "s", .size = 1,
	.parse = hook_parse, .json = hook_json, .equal = hook_equal,
};

static const struct row rows[] = {
	[INGRESS] = { .key = "ingress", .type = &type_ifref, VALUE(mirroring, to[IN]),
		      .phase = PHASE_L2, .off = PHASE_DETACH, .flags = ROW_UNTOLD,
		      .initial = "\"\"",
		      .help = "Interface that gets a copy of what comes in" },
	[EGRESS] = { .key = "egress", .type = &type_ifref, VALUE(mirroring, to[OUT]),
		     .phase = PHASE_L2, .off = PHASE_DETACH, .flags = ROW_UNTOLD, .initial = "\"\"",
		     .help = "Interface that gets a copy of what goes out" },
	[SKIP_SW] = { .key = "skip_sw", .type = &type_bool, VALUE(mirroring, skip_sw),
		      .phase = PHASE_L2, .flags = ROW_UNTOLD | ROW_OURS,
		      .help = "Only the hardware copies; by itself true on the port of a switch" },
	[INGRESS_IN_HW] = { .key = "ingress_in_hw", .type = &type_bool, VALUE(mirroring, in_hw[IN]),
			    .flags = ROW_STATE, .help = "Does the hardware copy what comes in?" },
	[EGRESS_IN_HW] = { .key = "egress_in_hw", .type = &type_bool, VALUE(mirroring, in_hw[OUT]),
			   .flags = ROW_STATE, .help = "Does the hardware copy what goes out?" },
	[HOOK] = { .key = "clsact", .type = &type_hook, VALUE(mirroring, hook), .data = hook_words,
		   .phase = PHASE_LINK, .off = PHASE_DELETE, .initial = "\"none\"",
		   .help = "The hook that the filters are at; follows from the others" },
};

static struct mirroring *mirroring_of(const struct iface *i)
{
	return (struct mirroring *)iface_object(i, &mirror_feature);
}

static bool has(const struct mirroring *r, unsigned row)
{
	return r && (r->o.present & BIT64(row));
}

/* What the kernel has: complete from the start, for what it does not tell is not there. */
static struct mirroring *observed(struct mirror *m, struct iface *i)
{
	struct mirroring *r =
		(struct mirroring *)iface_get_object(mirror_model(m), i, &mirror_feature);

	r->o.present |= BIT64(INGRESS) | BIT64(EGRESS) | BIT64(HOOK);
	return r;
}

static int narrow(struct nl_msg *msg _unused_, struct tcmsg *tcm, int ifindex, unsigned direction)
{
	tcm->tcm_ifindex = ifindex;
	tcm->tcm_parent = parents[direction];
	return 0;
}

static int narrow_in(struct nl_msg *msg, void *header, int ifindex)
{
	return narrow(msg, header, ifindex, IN);
}

static int narrow_out(struct nl_msg *msg, void *header, int ifindex)
{
	return narrow(msg, header, ifindex, OUT);
}

/* Filters are told interface by interface and parent by parent (tc_dump_tfilter()). */
static const struct source sources[] = {
	{ .get = RTM_GETQDISC, .add = RTM_NEWQDISC, .del = RTM_DELQDISC, .lazy = true,
	  .header = sizeof(struct tcmsg), .groups = { RTNLGRP_TC } },
	{ .get = RTM_GETTFILTER, .add = RTM_NEWTFILTER, .del = RTM_DELTFILTER, .lazy = true,
	  .header = sizeof(struct tcmsg), .no_dump = true, .by_iface = true, .narrow = narrow_in },
	{ .get = RTM_GETTFILTER, .add = RTM_NEWTFILTER, .del = RTM_DELTFILTER, .lazy = true,
	  .header = sizeof(struct tcmsg), .no_dump = true, .by_iface = true, .narrow = narrow_out },
	{ 0 },
};

static void observe_hook(struct mirror *m, struct iface *i, bool add)
{
	struct mirroring *r = mirroring_of(i);

	if (!add) {
		if (r)
			memset(&r->to, 0, sizeof(*r) - offsetof(struct mirroring, to));
		if (r)
			r->o.present = BIT64(INGRESS) | BIT64(EGRESS) | BIT64(HOOK);
		return;
	}
	r = observed(m, i);
	if (r->hook)
		return; /* told again */
	r->hook = HOOK_OURS;
	mirror_dump_more(m, &sources[1], i->ifindex, 0);
	mirror_dump_more(m, &sources[2], i->ifindex, 0);
}

/* What the kernel does not tell is not there. */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	if (mirror_reads(m, &mirror_feature, &sources[0]))
		observed(m, i);
	return 0;
}

/* The interface that a filter's first action mirrors to; 0: it is another kind of filter. */
static int target_of(struct nlattr *const *options)
{
	struct nlattr *acts = options[TCA_MATCHALL_ACT];
	struct tc_action first;
	struct tc_mirred parms;

	if (!acts || !tc_action_get(nla_find(nla_data(acts), nla_len(acts), 1), &first) ||
	    !tc_get_mirred(&first, &parms))
		return 0;
	return parms.eaction == TCA_EGRESS_MIRROR ? (int)parms.ifindex : 0;
}

static int observe_ours(struct mirroring *r, unsigned direction, const struct nlattr *options,
			bool add)
{
	struct nlattr *tb[TCA_MATCHALL_MAX + 1] = { NULL };
	uint32_t flags;

	memset(&r->to[direction], 0, sizeof(r->to[direction]));
	r->in_hw[direction] = false;
	r->o.present &= ~BIT64(INGRESS_IN_HW + direction);
	if (!add)
		return 0;
	if (options && nla_parse_nested(tb, TCA_MATCHALL_MAX, (struct nlattr *)options, NULL) < 0)
		return -EBADMSG;
	flags = tb[TCA_MATCHALL_FLAGS] ? nla_get_u32(tb[TCA_MATCHALL_FLAGS]) : 0;
	r->to[direction].index = target_of(tb);
	/* mirred_device_event(): the filter stays, and leads nowhere */
	if (!r->to[direction].index)
		r->to[direction].index = IFREF_GONE;
	r->in_hw[direction] = !!(flags & TCA_CLS_FLAGS_IN_HW);
	r->skip_sw = !!(flags & TCA_CLS_FLAGS_SKIP_SW);
	r->o.present |= BIT64(SKIP_SW) | BIT64(INGRESS_IN_HW + direction);
	return 0;
}

static int observe_filter(struct mirror *m, struct iface *i, const struct tcmsg *tcm,
			  struct nlattr *const *tb, bool add)
{
	struct mirroring *r = observed(m, i);
	int error;

	for (unsigned d = 0; d < DIRECTIONS; d++) {
		if (tcm->tcm_parent != parents[d])
			continue;
		if (TC_H_MAJ(tcm->tcm_info) >> 16 != NETCTL_MIRROR_FILTER) {
			if (add)
				r->hook = HOOK_SHARED;
			continue;
		}
		/* The list that it is in; or it, told by its priority only, when it goes. */
		if (tcm->tcm_handle != NETCTL_MIRROR_FILTER && (add || tcm->tcm_handle))
			continue;
		error = observe_ours(r, d, tb[TCA_OPTIONS], add);
		if (error < 0)
			return error;
	}
	mirror_resolve(mirror_model(m), i);
	return 0;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, tcm->tcm_ifindex);
	struct nlattr *tb[TCA_MAX + 1];
	int r = 0;

	if (!i)
		return 0; /* of a block that interfaces share, or of one that has gone */
	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND])
		return -EBADMSG;
	if (n->nlmsg_type == RTM_NEWTFILTER || n->nlmsg_type == RTM_DELTFILTER)
		r = observe_filter(m, i, tcm, tb, add);
	else if (!nla_strcmp(tb[TCA_KIND], "clsact"))
		observe_hook(m, i, add);
	else
		return 0;
	mirror_touch(m, i);
	return r;
}

static void complete(struct model *want _unused_, struct iface *i)
{
	struct mirroring *r = mirroring_of(i);

	for (unsigned row = INGRESS; row <= EGRESS; row++)
		if (has(r, row) && *r->to[row].name) {
			r->hook = HOOK_OURS;
			r->o.present |= BIT64(HOOK);
			r->o.where[HOOK] = r->o.where[row];
		}
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct mirroring *r = mirroring_of(i);

	if (has(r, SKIP_SW) && !has(r, INGRESS) && !has(r, EGRESS))
		errors_add(e, object_where(&mirror_feature, &rows[SKIP_SW], &r->o),
			   "%s: mirror.skip_sw: there is nothing to mirror: ingress or egress is "
			   "missing",
			   i->name);
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct mirroring *r = mirroring_of(want);

	for (unsigned row = INGRESS; row <= EGRESS; row++)
		if (has(r, row) && *r->to[row].name && !plan_will_exist(p, r->to[row].name))
			return str_format("waits for %s", r->to[row].name);
	return NULL;
}

static struct tcmsg *begin(struct encoder *e, const struct step *s, uint16_t type, uint16_t flags,
			   const char *kind)
{
	struct tcmsg *tcm = encoder_begin(e, type, flags, sizeof(*tcm));

	tcm->tcm_ifindex = s->ifindex;
	return nla_put_string(e->msg, TCA_KIND, kind) < 0 ? NULL : tcm;
}

static int encode_hook(struct encoder *e, const struct step *s, bool on)
{
	/* Without NLM_F_EXCL: it may be there, made by another a moment ago. */
	struct tcmsg *tcm =
		begin(e, s, on ? RTM_NEWQDISC : RTM_DELQDISC, on ? NLM_F_CREATE : 0, "clsact");

	if (!tcm)
		return -EMSGSIZE;
	tcm->tcm_parent = TC_H_CLSACT;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	return 0;
}

static bool skips_software(const struct step *s, const struct mirroring *to)
{
	const struct link *l = iface_link(s->have);

	return has(to, SKIP_SW) ? to->skip_sw : l && l->switch_id;
}

static int put_action(struct encoder *e, int target)
{
	struct nlattr *acts = nla_nest_start(e->msg, TCA_MATCHALL_ACT);

	if (!acts || tc_put_mirred(e->msg, 1, TCA_EGRESS_MIRROR, target) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, acts);
	return 0;
}

static int encode_filter(struct encoder *e, const struct step *s, unsigned direction, bool add)
{
	const struct mirroring *to = (const struct mirroring *)s->to;
	struct tcmsg *tcm = begin(e, s, add ? RTM_NEWTFILTER : RTM_DELTFILTER,
				  add ? NLM_F_CREATE | NLM_F_EXCL : 0, "matchall");
	struct nlattr *options;

	if (!tcm)
		return -EMSGSIZE;
	tcm->tcm_parent = parents[direction];
	tcm->tcm_handle = NETCTL_MIRROR_FILTER;
	tcm->tcm_info = TC_H_MAKE(NETCTL_MIRROR_FILTER << 16, htons(ETH_P_ALL));
	if (!add)
		return 0;
	options = nla_nest_start(e->msg, TCA_OPTIONS);
	if (!options || put_action(e, to->to[direction].index) < 0)
		return -EMSGSIZE;
	if (skips_software(s, to) &&
	    nla_put_u32(e->msg, TCA_MATCHALL_FLAGS, TCA_CLS_FLAGS_SKIP_SW) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, options);
	return 0;
}

/*
 * A matchall filter cannot be changed (mall_change(): EEXIST): the old one goes, a new one comes.
 */
static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct mirroring *to = (const struct mirroring *)s->to;
	const struct mirroring *from = (const struct mirroring *)s->from;
	struct {
		unsigned direction;
		bool add;
	} todo[2 * DIRECTIONS];
	unsigned n = 0;

	if (s->mask & BIT64(HOOK))
		return encode_hook(e, s, to->hook);
	for (unsigned d = 0; d < DIRECTIONS; d++) {
		bool has_to = has(to, INGRESS + d) && *to->to[d].name;

		if (!(s->mask & BIT64(INGRESS + d)) && !(s->mask & BIT64(SKIP_SW) && has_to))
			continue;
		if (from && from->to[d].index) {
			todo[n].direction = d;
			todo[n++].add = false;
		}
		if (has_to) {
			todo[n].direction = d;
			todo[n++].add = true;
		}
	}
	if (!n)
		return -EINVAL;
	return encode_filter(e, s, todo[part].direction, todo[part].add) < 0 ? -EMSGSIZE :
									       part + 1 < n;
}

struct feature mirror_feature = {
	.name = "mirror", .help = "Copies of the traffic to another interface", .form = FORM_GROUP,
	.size = sizeof(struct mirroring), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .observe_link = observe_link, .complete = complete,
	.check = check, .blocked = blocked, .encode = encode,
};
