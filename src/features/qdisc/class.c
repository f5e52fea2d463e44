// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Classes of htb, the one discipline whose classes are made one by one: a list
 * beside that of the disciplines, for a class has settings of its own.
 *
 * A class has the rank between the discipline that it is of and those that hang
 * on it. The kernel does not move a class to another parent (htb_change_class()
 * looks at the parent of a new one only): another parent makes another entry. A
 * class that goes takes the discipline below it along without a word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "features/features.h"
#include "features/qdisc/kinds.h"

/* TC_HTB_MAXDEPTH */
#define DEPTH_MAX 8
/* tc(8)'s, of a link with an MTU of 1500 */
#define FRAME 1600

#define BURST_LONG "takes more than 274 s at its rate, which the kernel cannot tell"

struct class {
	struct object o;
	uint32_t id, parent;
	uint64_t rate, ceil;
	uint32_t burst, cburst, prio, quantum, mpu, overhead;
};

enum { CLASSID, PARENT, RATE, CEIL, BURST, CBURST, PRIO, QUANTUM, MPU, OVERHEAD };

static const struct row rows[] = {
	[CLASSID] = { .key = "classid", .type = &type_tc_class, VALUE(class, id), .flags = ROW_KEY,
		      .phase = PHASE_QDISC, .off = PHASE_DROP_QDISC,
		      .help = "Its number: that of the discipline, and its own (\"1:10\")" },
	[PARENT] = { .key = "parent", .type = &type_tc_class_parent, VALUE(class, parent),
		     .flags = ROW_KEY | ROW_OPTIONAL,
		     .help = "What it is part of: a class, or the discipline (\"1:\"), the "
			     "default" },
	[RATE] = { .key = "rate", .type = &type_rate, VALUE(class, rate), .min = 8,
		   .help = "Rate that it has for sure" },
	[CEIL] = { .key = "ceil", .type = &type_rate, VALUE(class, ceil), .min = 8,
		   .help = "Rate that it may reach by borrowing; by itself the rate" },
	[BURST] = { .key = "burst", .type = &type_size, VALUE(class, burst), .min = 1,
		    .help = "What may be sent at once at the device's speed; by itself a frame, "
			    "and what the rate is in a tick of the kernel's clock" },
	[CBURST] = { .key = "cburst", .type = &type_size, VALUE(class, cburst), .min = 1,
		     .help = "The same for what is borrowed" },
	[PRIO] = { .key = "prio", .type = &type_u32, VALUE(class, prio), .max = TC_HTB_NUMPRIO - 1,
		   .initial = "0", .help = "0 is offered what is left over first, 7 last" },
	[QUANTUM] = { .key = "quantum", .type = &type_size, VALUE(class, quantum), .min = 1,
		      .help = "Bytes in turn, where classes share what is left over; by itself the "
			      "rate divided by r2q" },
	[MPU] = { .key = "mpu", .type = &type_size, VALUE(class, mpu), .max = 65535,
		  .initial = "\"0B\"", .help = "A frame counts for at least this" },
	[OVERHEAD] = { .key = "overhead", .type = &type_size, VALUE(class, overhead), .max = 65535,
		       .initial = "\"0B\"", .help = "Bytes of the link layer that count, a frame" },
};

static bool has(const struct class *c, unsigned row)
{
	return c->o.present & BIT64(row);
}

static const struct class *nth(const struct list *l, unsigned n)
{
	return l && n < l->n ? (const struct class *)l->items[n] : NULL;
}

static const struct class *find(const struct iface *i, uint32_t id)
{
	const struct list *l = iface_list(i, &class_feature);
	const struct class *c;

	for (unsigned n = 0; (c = nth(l, n)); n++)
		if (c->id == id)
			return c;
	return NULL;
}

bool class_find(const struct iface *i, uint32_t id)
{
	return find(i, id);
}

bool class_is_inner(const struct iface *i, uint32_t id)
{
	const struct list *l = iface_list(i, &class_feature);
	const struct class *c;

	for (unsigned n = 0; (c = nth(l, n)); n++)
		if (c->parent == id)
			return true;
	return false;
}

bool class_is_of(const struct step *s, uint32_t id)
{
	return s->feature == &class_feature && s->from && ((const struct class *)s->from)->id == id;
}

static bool goes_along(const struct iface *have, const struct object *from, const struct step *s)
{
	return qdisc_takes(have, TC_H_MAJ(((const struct class *)from)->id), s);
}

void class_forget(struct mirror *m, struct iface *i, uint32_t major)
{
	struct list *l = iface_list(i, &class_feature);

	for (unsigned n = 0; l && n < l->n;) {
		if (TC_H_MAJ(nth(l, n)->id) != major) {
			n++;
			continue;
		}
		list_remove(&class_feature, l, l->items[n]);
		mirror_touch(m, i);
	}
}

/* The kernel's messages. */

static int narrow(struct nl_msg *msg _unused_, void *header, int ifindex)
{
	((struct tcmsg *)header)->tcm_ifindex = ifindex;
	return 0;
}

static const struct source sources[] = {
	{ .get = RTM_GETTCLASS, .add = RTM_NEWTCLASS, .del = RTM_DELTCLASS,
	  .header = sizeof(struct tcmsg), .groups = { RTNLGRP_TC }, .no_dump = true,
	  .by_iface = true, .narrow = narrow },
	{ 0 },
};

void class_ask(struct mirror *m, const struct iface *i)
{
	mirror_dump_more(m, &sources[0], i->ifindex, 0);
}

static const uint64_t leaf_rows = BIT64(PRIO) | BIT64(QUANTUM);

static int decode(struct nlattr *options, struct class *c)
{
	struct nlattr *tb[TCA_HTB_MAX + 1];
	const struct tc_htb_opt *opt;

	if (!options || nla_parse_nested(tb, TCA_HTB_MAX, options, NULL) < 0 ||
	    !tb[TCA_HTB_PARMS] || (size_t)nla_len(tb[TCA_HTB_PARMS]) < sizeof(*opt))
		return -EBADMSG;
	opt = nla_data(tb[TCA_HTB_PARMS]);
	c->rate = tc_rate(tb[TCA_HTB_RATE64], &opt->rate);
	c->ceil = tc_rate(tb[TCA_HTB_CEIL64], &opt->ceil);
	c->burst = ticks_burst(opt->buffer, c->rate, 0);
	c->cburst = ticks_burst(opt->cbuffer, c->ceil, 0);
	c->prio = opt->prio;
	c->quantum = opt->quantum;
	c->mpu = opt->rate.mpu;
	c->overhead = opt->rate.overhead;
	c->o.present = BIT64(ARRAY_SIZE(rows)) - 1;
	if (opt->level) /* with classes below it, it does not use them any more */
		c->o.present &= ~leaf_rows;
	return 0;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, tcm->tcm_ifindex);
	struct nlattr *tb[TCA_MAX + 1];
	struct class *c, *parent;
	int r;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND])
		return -EBADMSG;
	if (!i || nla_strcmp(tb[TCA_KIND], "htb"))
		return 0; /* of other kinds they come and go with the discipline */
	c = (struct class *)object_new(&class_feature, NULL);
	r = decode(tb[TCA_OPTIONS], c);
	if (r < 0) {
		object_free(&class_feature, &c->o);
		return r;
	}
	c->id = tcm->tcm_handle;
	c->parent = tcm->tcm_parent == TC_H_ROOT ? TC_H_MAJ(c->id) : tcm->tcm_parent;
	parent = (struct class *)find(i, c->parent);
	if (parent && add) /* which is not told of it */
		parent->o.present &= ~leaf_rows;
	if (add && TC_H_MIN(c->parent) && !class_is_inner(i, c->parent))
		/* the others are not asked about frames (htb_classify()) */
		filter_ask(m, i, c->parent);
	if (!add)
		qdisc_forget_class(m, i, c->id);
	mirror_list_entry(m, i, &class_feature, &c->o, add);
	return 0;
}

/* The configuration. */

static char *format(const struct object *o)
{
	char buf[TC_TEXT_MAX];

	return str_dup(tc_text(((const struct class *)o)->id, buf));
}

/* As tc(8) has it: in one tick of the clock that wakes htb a class must get its rate through. */
static uint32_t default_burst(uint64_t rate)
{
	struct timespec tick = { 0 };
	uint64_t bytes;

	(void)clock_getres(CLOCK_MONOTONIC, &tick); /* hrtimer_resolution */
	bytes = FRAME + (unsigned __int128)rate * tick.tv_nsec / 1000000000;
	return min_of(bytes, (uint64_t)burst_most(rate));
}

static void complete_entry(struct object *o)
{
	struct class *c = (struct class *)o;

	if (!has(c, PARENT))
		c->parent = TC_H_MAJ(c->id);
	if (!has(c, CEIL))
		c->ceil = c->rate;
	if (!has(c, BURST))
		c->burst = default_burst(c->rate);
	if (!has(c, CBURST))
		c->cburst = default_burst(c->ceil);
	o->present |= BIT64(PARENT) | BIT64(CEIL) | BIT64(BURST) | BIT64(CBURST);
}

static unsigned depth_of(const struct iface *i, const struct class *c)
{
	unsigned n = 0;

	while (c && TC_H_MIN(c->parent) && n <= DEPTH_MAX) {
		c = find(i, c->parent);
		n++;
	}
	return n + 1;
}

static unsigned rank(const struct iface *i, const struct object *o)
{
	const struct class *c = (const struct class *)o;

	return qdisc_rank(i, TC_H_MAJ(c->id)) + depth_of(i, c);
}

static bool same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct class *a = (const struct class *)to, *b = (const struct class *)from;

	if (row == &rows[BURST])
		return burst_same(a->burst, b->burst, a->rate);
	if (row == &rows[CBURST])
		return burst_same(a->cburst, b->cburst, a->ceil);
	return row_equal(row, to, from);
}

static void error(struct errors *e, const struct iface *i, const struct class *c, unsigned row,
		  const char *rule, const char *text)
{
	char buf[TC_TEXT_MAX];

	errors_add(e, object_where(&class_feature, &rows[has(c, row) ? row : CLASSID], &c->o),
		   "%s: class %s: %s: %s [%s]", i->name, tc_text(c->id, buf), rows[row].key, text,
		   rule);
}

static void check_place(const struct iface *i, const struct class *c, struct errors *e)
{
	const char *kind = qdisc_kind_of_handle(i, TC_H_MAJ(c->id));
	const struct class *other = find(i, c->id);

	if (!kind || strcmp(kind, "htb"))
		error(e, i, c, CLASSID, "class-qdisc", kind ?
		      "only htb has classes that are made one by one" :
		      "no entry of qdisc has such a handle");
	if (other != c)
		error(e, i, c, CLASSID, "class-id", "two have this number");
	if (TC_H_MAJ(c->parent) != TC_H_MAJ(c->id))
		error(e, i, c, PARENT, "class-parent", "is of another discipline");
	else if (TC_H_MIN(c->parent) && !find(i, c->parent))
		error(e, i, c, PARENT, "class-parent", "there is no such class");
	else if (depth_of(i, c) > DEPTH_MAX)
		error(e, i, c, PARENT, "class-depth",
		      "the kernel takes 8 levels of classes, and no loop");
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct list *l = iface_list(i, &class_feature);
	const struct class *c;

	for (unsigned n = 0; (c = nth(l, n)); n++) {
		check_place(i, c, e);
		if (!has(c, RATE))
			error(e, i, c, RATE, "class-rate", "must be given");
		else if (c->rate && burst_ticks(c->burst, c->rate) > UINT32_MAX)
			error(e, i, c, BURST, "class-burst", BURST_LONG);
		else if (c->ceil && burst_ticks(c->cburst, c->ceil) > UINT32_MAX)
			error(e, i, c, CBURST, "class-burst", BURST_LONG);
		else if (c->ceil < c->rate)
			error(e, i, c, CEIL, "class-ceil",
			      "is below the rate, which it would not reach");
		/* htb_change_class() takes them of a class without classes only. */
		for (unsigned row = PRIO; row <= QUANTUM && class_is_inner(i, c->id); row++)
			if (has(c, row))
				error(e, i, c, row, "class-inner",
				      "counts for a class without classes below it only");
	}
}

static char *refused(const struct model *want _unused_, const struct model *machine,
		     const struct iface *i, const struct origin **at)
{
	const struct list *l = iface_list(i, &class_feature);
	const struct iface *have = model_find(machine, i->name);
	const struct class *c, *old;
	char buf[TC_TEXT_MAX];

	for (unsigned n = 0; (c = nth(l, n)); n++) {
		old = find(have, c->id);
		if (!old || old->parent == c->parent || !class_is_inner(have, c->id) ||
		    !class_is_inner(i, c->id))
			continue;
		*at = object_where(&class_feature, &rows[PARENT], &c->o);
		return str_format("class %s: parent: the kernel does not move a class that has "
				  "classes below it; give it another number [class-move]",
				  tc_text(c->id, buf));
	}
	return NULL;
}

/* To the kernel. */

static int put(struct encoder *e, const struct class *c)
{
	struct tc_htb_opt opt = {
		.buffer = burst_ticks(c->burst, c->rate),
		.cbuffer = burst_ticks(c->cburst, c->ceil),
		.quantum = has(c, QUANTUM) ? c->quantum : 0, .prio = c->prio,
	};
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	int bad;

	tc_ratespec_set(&opt.rate, c->rate, c->mpu, c->overhead);
	tc_ratespec_set(&opt.ceil, c->ceil, c->mpu, c->overhead);
	if (!nest)
		return -EMSGSIZE;
	bad = nla_put(e->msg, TCA_HTB_PARMS, sizeof(opt), &opt);
	if (c->rate > UINT32_MAX)
		bad |= nla_put_u64(e->msg, TCA_HTB_RATE64, c->rate);
	if (c->ceil > UINT32_MAX)
		bad |= nla_put_u64(e->msg, TCA_HTB_CEIL64, c->ceil);
	nla_nest_end(e->msg, nest);
	return bad < 0 ? -EMSGSIZE : 0;
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct class *c = (const struct class *)(s->to ? s->to : s->from);
	bool remove = s->verb == VERB_REMOVE;
	struct tcmsg *tcm = encoder_begin(e, remove ? RTM_DELTCLASS : RTM_NEWTCLASS,
					  s->verb == VERB_ADD ? NLM_F_CREATE | NLM_F_REPLACE : 0,
					  sizeof(*tcm));

	tcm->tcm_ifindex = s->ifindex;
	tcm->tcm_parent = c->parent;
	tcm->tcm_handle = c->id;
	if (nla_put_string(e->msg, TCA_KIND, "htb") < 0)
		return -EMSGSIZE;
	return remove ? 0 : put(e, c);
}

struct feature class_feature = {
	.name = "class", .help = "Classes of htb", .form = FORM_LIST,
	.size = sizeof(struct class), .rows = rows, .n_rows = ARRAY_SIZE(rows), .sources = sources,
	.observe = observe, .format = format, .complete_entry = complete_entry, .rank = rank,
	.goes_along = goes_along, .brief = true,
	.same = same, .refused = refused, .check = check, .encode = encode,
};
