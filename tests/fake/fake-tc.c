// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Queueing disciplines, their classes and filters on the fake kernel: a tree of numbers
 * (net/sched/sch_api.c). What a discipline does, and most of what it refuses, is
 * not here: its options come back as they were given.
 */
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include "fake/fake-internal.h"

struct tc {
	struct tc *next;
	uint16_t type; /* RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER */
	struct tcmsg head;
	struct attrs attrs; /* TCA_KIND, TCA_OPTIONS */
};

/* Of these a change says all, or all that it does not say is as at first. */
static const char *const whole[] = { "prio", "mqprio", "taprio", "multiq", "pfifo", "bfifo", "netem",
				     "ets", "cbs", "etf", "htb", "flower", "bpf" };

static const char *kind_of(const struct tc *t)
{
	const struct nlattr *kind = attrs_get(&t->attrs, TCA_KIND);

	return kind ? nla_data(kind) : "";
}

static struct nl_msg *message(const struct tc *t, uint16_t type)
{
	struct nl_msg *msg = fake_message(type, &t->head, sizeof(t->head));

	attrs_put(msg, &t->attrs);
	return msg;
}

static struct tc *find(const struct device *d, uint16_t type, uint32_t parent, uint32_t handle)
{
	for (struct tc *t = d->tc; t; t = t->next)
		if (t->type == type && (!parent || t->head.tcm_parent == parent) &&
		    (!handle || t->head.tcm_handle == handle))
			return t;
	return NULL;
}

static void take_out(struct device *d, struct tc *t)
{
	struct tc **at = &d->tc;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	attrs_done(&t->attrs);
	free(t);
}

/* What hangs on it goes without a word. */
static void remove_below(struct device *d, uint32_t major)
{
	struct tc *t;

	do {
		for (t = d->tc; t; t = t->next)
			if (t->head.tcm_parent != TC_H_ROOT &&
			    t->head.tcm_parent != TC_H_INGRESS &&
			    TC_H_MAJ(t->head.tcm_parent) == major && t->head.tcm_handle != major)
				break;
		if (t) {
			uint32_t below = TC_H_MAJ(t->head.tcm_handle);
			bool filter = t->type == RTM_NEWTFILTER;

			take_out(d, t);
			if (below != major && !filter)
				remove_below(d, below);
		}
	} while (t);
}

static void remove_one(struct fake_kernel *fk, struct device *d, struct tc *t)
{
	uint32_t major = TC_H_MAJ(t->head.tcm_handle);

	struct tc *on = t->type == RTM_NEWTCLASS ? find(d, RTM_NEWQDISC, t->head.tcm_handle, 0) : NULL;

	fake_tell(fk, RTNLGRP_TC, message(t, t->type + 1));
	if (t->type == RTM_NEWQDISC)
		remove_below(d, major);
	if (on) { /* and what hangs on a class (htb_destroy_class()) */
		remove_below(d, TC_H_MAJ(on->head.tcm_handle));
		take_out(d, on);
	}
	take_out(d, t);
}

void tc_gone(struct device *d)
{
	while (d->tc)
		take_out(d, d->tc);
}

static void merge_options(struct tc *t, const struct nlattr *options)
{
	const struct nlattr *old = attrs_get(&t->attrs, TCA_OPTIONS);
	struct attrs all = { 0 };
	struct nl_msg *msg;

	for (unsigned n = 0; n < ARRAY_SIZE(whole); n++)
		if (!strcmp(whole[n], kind_of(t)))
			old = NULL;
	if (!old) {
		attrs_set(&t->attrs, TCA_OPTIONS, nla_data(options), nla_len(options));
		return;
	}
	attrs_merge(&all, nla_data(old), nla_len(old));
	attrs_merge(&all, nla_data(options), nla_len(options));
	msg = fake_message(0, &all, 0);
	attrs_put(msg, &all);
	attrs_set(&t->attrs, TCA_OPTIONS, NLMSG_DATA(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	attrs_done(&all);
	nlmsg_free(msg);
}

static uint32_t free_handle(const struct device *d)
{
	uint32_t handle = 0x80010000;

	while (find(d, RTM_NEWQDISC, 0, handle))
		handle += 0x10000;
	return handle;
}

static int parent_stands(struct call *c, const struct device *d, uint32_t parent)
{
	if (parent == TC_H_ROOT || parent == TC_H_INGRESS ||
	    find(d, RTM_NEWQDISC, 0, TC_H_MAJ(parent)))
		return 0;
	return fake_refuse(c, -ENOENT, "Failed to find specified qdisc");
}

static struct tc *create(struct call *c, struct device *d, uint16_t type)
{
	const struct tcmsg *tcm = NLMSG_DATA(c->n);
	struct tc *t = new0(struct tc), **at = &d->tc;

	t->type = type;
	t->head = *tcm;
	if (!t->head.tcm_handle)
		t->head.tcm_handle = free_handle(d);
	while (*at)
		at = &(*at)->next;
	*at = t;
	return t;
}

/* The kernel takes a file descriptor, and tells what it stands for (cls_bpf_dump_ebpf_info()). */
static void tell_program(struct tc *t)
{
	const struct nlattr *options = attrs_get(&t->attrs, TCA_OPTIONS), *fd;
	static const uint8_t tag[8] = { 0x7a, 1, 2, 3, 4, 5, 6, 7 };
	struct attrs all = { 0 };
	struct nl_msg *msg;

	attrs_merge(&all, nla_data(options), nla_len(options));
	fd = attrs_get(&all, TCA_BPF_FD);
	if (fd)
		attrs_set(&all, TCA_BPF_ID, nla_data(fd), nla_len(fd));
	attrs_set(&all, TCA_BPF_TAG, tag, sizeof(tag));
	msg = fake_message(0, &all, 0);
	attrs_put(msg, &all);
	attrs_set(&t->attrs, TCA_OPTIONS, NLMSG_DATA(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg)));
	attrs_done(&all);
	nlmsg_free(msg);
}

/* One a place, turn and handle; those of kind matchall cannot be changed (mall_change()). */
static int filter_change(struct call *c, struct device *d, struct nlattr *const *tb)
{
	struct tcmsg *tcm = NLMSG_DATA(c->n);
	const struct tc *root = find(d, RTM_NEWQDISC, TC_H_ROOT, 0);
	struct tc *t;
	int r;

	if (!tcm->tcm_parent)
		tcm->tcm_parent = root ? root->head.tcm_handle : TC_H_ROOT;
	for (t = d->tc; t; t = t->next)
		if (t->type == RTM_NEWTFILTER && t->head.tcm_parent == tcm->tcm_parent &&
		    TC_H_MAJ(t->head.tcm_info) == TC_H_MAJ(tcm->tcm_info) &&
		    (!tcm->tcm_handle || t->head.tcm_handle == tcm->tcm_handle))
			break;
	r = parent_stands(c, d, tcm->tcm_parent);
	if (r < 0)
		return r;
	if (c->n->nlmsg_type == RTM_DELTFILTER) {
		if (!t)
			return fake_refuse(c, -ENOENT, "Cannot find specified filter chain.");
		remove_one(c->fk, d, t);
		return 0;
	}
	if (t && strcmp(nla_data(tb[TCA_KIND]), kind_of(t)))
		return fake_refuse(c, -EINVAL, "Specified filter kind does not match existing one");
	if (t && (!strcmp(kind_of(t), "matchall") || c->n->nlmsg_flags & NLM_F_EXCL))
		return fake_refuse(c, -EEXIST, "Filter already exists");
	if (!t)
		t = create(c, d, RTM_NEWTFILTER);
	attrs_set(&t->attrs, TCA_KIND, nla_data(tb[TCA_KIND]), nla_len(tb[TCA_KIND]));
	if (tb[TCA_OPTIONS])
		merge_options(t, tb[TCA_OPTIONS]);
	if (!strcmp(kind_of(t), "bpf"))
		tell_program(t);
	fake_tell(c->fk, RTNLGRP_TC, message(t, RTM_NEWTFILTER));
	return 0;
}

int tc_change(struct call *c)
{
	const struct tcmsg *tcm = NLMSG_DATA(c->n);
	uint16_t type = RTM_NEWQDISC + (c->n->nlmsg_type - RTM_NEWQDISC) / 4 * 4;
	struct device *d = device_find(c->fk, tcm->tcm_ifindex);
	struct nlattr *tb[TCA_MAX + 1];
	bool class = type == RTM_NEWTCLASS;
	struct tc *t;
	int r;

	if (!d)
		return -ENODEV;
	if (nlmsg_parse((struct nlmsghdr *)c->n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0)
		return -EINVAL;
	if (type == RTM_NEWTFILTER)
		return filter_change(c, d, tb);
	t = find(d, type, class ? 0 : tcm->tcm_parent, class ? tcm->tcm_handle : 0);
	if (c->n->nlmsg_type != type) {
		if (!t)
			return fake_refuse(c, -ENOENT, "Cannot find specified qdisc on specified device");
		remove_one(c->fk, d, t);
		return 0;
	}
	r = parent_stands(c, d, tcm->tcm_parent);
	if (r < 0)
		return r;
	if (t && !class && ((tcm->tcm_handle && tcm->tcm_handle != t->head.tcm_handle) ||
			    strcmp(nla_data(tb[TCA_KIND]), kind_of(t)))) {
		if (tcm->tcm_handle == t->head.tcm_handle)
			return fake_refuse(c, -EINVAL, "Invalid qdisc name");
		remove_one(c->fk, d, t);
		t = NULL;
	}
	if (!t && !(c->n->nlmsg_flags & NLM_F_CREATE))
		return fake_refuse(c, -ENOENT, "Qdisc not found. To create specify NLM_F_CREATE flag");
	if (!t)
		t = create(c, d, type);
	attrs_set(&t->attrs, TCA_KIND, nla_data(tb[TCA_KIND]), nla_len(tb[TCA_KIND]));
	if (tb[TCA_OPTIONS])
		merge_options(t, tb[TCA_OPTIONS]);
	fake_tell(c->fk, RTNLGRP_TC, message(t, type));
	return 0;
}

void tc_dump(const struct device *d, uint16_t get, void (*fn)(void *data, struct nl_msg *msg),
	     void *data)
{
	for (struct tc *t = d->tc; t; t = t->next)
		if (t->type + 2 == get)
			fn(data, message(t, t->type));
}
