// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Filters: a list of entries, each with the place where it stands and its turn
 * there (parent, pref), what it matches (its kind's rows) and what is done.
 *
 * What must stay true: ours are told from others' by their handle, so that
 * others' stand beside them, untouched and unseen; of a turn and a place there is
 * one of ours; nothing but the filter that differs is sent again.
 */
#include <linux/if_ether.h>
#include <linux/tc_act/tc_vlan.h>
#include <stdio.h>
#include <stdlib.h>

#include "features/features.h"
#include "features/qdisc/filter.h"
#include "nl/uapi.h"
#include "util/text.h"

static const struct filter_kind *const kinds[] = {
	&flower_kind, &matchall_kind,
#if WITH_XDP
	&bpf_kind,
#endif
	NULL,
};

const struct word filter_ways[] = {
	{ "egress", FILTER_EGRESS }, { "ingress", FILTER_INGRESS }, { NULL, 0 },
};

static const struct row rows[] = { FILTER_ROWS(0) };

/* What matches everything has no rows of its own; and is told of without its handle. */
static const struct row matchall_rows[] = { FILTER_ROWS(ROW_UNTOLD) };

const struct filter_kind matchall_kind = {
	FILTER_FEATURE("matchall", "All frames", matchall_rows),
	.classid = TCA_MATCHALL_CLASSID, .actions = TCA_MATCHALL_ACT, .flags = TCA_MATCHALL_FLAGS,
	.max = TCA_MATCHALL_MAX, .fixed = true,
};

static const uint32_t parents[] = {
	[FILTER_INGRESS] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
	[FILTER_EGRESS] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
	[FILTER_ROOT] = 0, /* the kernel takes the root discipline's then (__tcf_qdisc_find()) */
};

static const struct filter_kind *kind_find(const char *name)
{
	for (unsigned n = 0; kinds[n]; n++)
		if (!strcmp(kinds[n]->f.kind, name))
			return kinds[n];
	return NULL;
}

static const struct filter_kind *kind_of(const struct object *o)
{
	return o ? kind_find(((const struct filter *)o)->kind) : NULL;
}

static const struct feature *variant(const struct object *o)
{
	const struct filter_kind *k = kind_of(o);

	return k ? &k->f : &filter_feature;
}

static const struct feature *nth_variant(unsigned n)
{
	return kinds[n] ? &kinds[n]->f : NULL;
}

uint32_t filter_parent(uint32_t place)
{
	return place < FILTER_PLACES_ ? parents[place] : place;
}

uint32_t filter_place(const struct iface *i, uint32_t parent)
{
	if (parent == parents[FILTER_EGRESS])
		return FILTER_EGRESS;
	if (TC_H_MAJ(parent) == TC_H_MAJ(TC_H_INGRESS))
		return FILTER_INGRESS;
	return parent == qdisc_root_handle(i) ? FILTER_ROOT : parent;
}

uint16_t filter_actions(const char *kind)
{
	const struct filter_kind *k = kind_find(kind);

	return k ? k->actions : 0;
}

static char *format(const struct object *o)
{
	const struct filter *f = (const struct filter *)o;
	char buf[TC_TEXT_MAX];

	return str_format("%s %u %s", filter_place_text(f->parent, buf), f->pref, f->kind);
}

/* The kernel's messages. */

static int narrow(struct nl_msg *msg _unused_, void *header, int ifindex)
{
	((struct tcmsg *)header)->tcm_ifindex = ifindex;
	return 0;
}

static void part(void *header, uint32_t place)
{
	((struct tcmsg *)header)->tcm_parent = filter_parent(place);
}

/* Filters are told interface by interface and place by place (tc_dump_tfilter()). */
static const struct source sources[] = {
	{ .get = RTM_GETTFILTER, .add = RTM_NEWTFILTER, .del = RTM_DELTFILTER,
	  .header = sizeof(struct tcmsg), .groups = { RTNLGRP_TC }, .no_dump = true,
	  .by_iface = true, .narrow = narrow, .part = part },
	{ 0 },
};

void filter_ask_hook(struct mirror *m, const struct iface *i, bool egress)
{
	mirror_dump_more(m, &sources[0], i->ifindex, egress ? FILTER_EGRESS : FILTER_INGRESS);
}

void filter_ask(struct mirror *m, const struct iface *i, uint32_t id)
{
	mirror_dump_more(m, &sources[0], i->ifindex, id ? id : FILTER_ROOT);
}

static const struct filter *nth(const struct list *l, unsigned n)
{
	return l && n < l->n ? (const struct filter *)l->items[n] : NULL;
}

static void forget(struct mirror *m, struct iface *i, uint32_t place, uint32_t mask)
{
	struct list *l = iface_list(i, &filter_feature);

	for (unsigned n = 0; l && n < l->n;) {
		if ((nth(l, n)->parent & mask) != place) {
			n++;
			continue;
		}
		list_remove(&filter_feature, l, l->items[n]);
		mirror_touch(m, i);
	}
}

void filter_forget_hook(struct mirror *m, struct iface *i)
{
	forget(m, i, FILTER_INGRESS, UINT32_MAX);
	forget(m, i, FILTER_EGRESS, UINT32_MAX);
}

void filter_forget(struct mirror *m, struct iface *i, uint32_t id)
{
	if (id)
		forget(m, i, id, TC_H_MIN(id) ? UINT32_MAX : TC_H_MAJ(UINT32_MAX));
	else
		forget(m, i, FILTER_ROOT, UINT32_MAX);
}

static int decode(const struct filter_kind *k, struct nlattr *options, struct filter *f)
{
	struct nlattr *tb[TCA_FLOWER_MAX + 1] = { NULL }; /* no kind has more */
	uint32_t flags;

	if (options && nla_parse_nested(tb, k->max, options, NULL) < 0)
		return -EBADMSG;
	flags = tb[k->flags] && nla_len(tb[k->flags]) >= 4 ? nla_get_u32(tb[k->flags]) : 0;
	f->skip_sw = !!(flags & TCA_CLS_FLAGS_SKIP_SW);
	f->skip_hw = !!(flags & TCA_CLS_FLAGS_SKIP_HW);
	f->in_hw = !!(flags & TCA_CLS_FLAGS_IN_HW);
	f->o.present |= BIT64(F_SKIP_SW) | BIT64(F_SKIP_HW) | BIT64(F_IN_HW);
	if (tb[k->classid] && nla_len(tb[k->classid]) >= 4) {
		f->classid = nla_get_u32(tb[k->classid]);
		f->o.present |= BIT64(F_CLASSID);
	}
	if (k->get)
		k->get(tb, f);
	filter_get_actions(tb[k->actions], f);
	return 0;
}

/* Others' of the same turn go with ours, when somebody deletes the whole turn. */
static void all_of_turn_went(struct mirror *m, struct iface *i, uint32_t place, uint16_t pref)
{
	struct list *l = iface_list(i, &filter_feature);
	const struct filter *f;

	for (unsigned n = 0; (f = nth(l, n)); n++)
		if (f->parent == place && f->pref == pref) {
			list_remove(&filter_feature, l, l->items[n]);
			mirror_touch(m, i);
			return;
		}
}

static bool is_mirrors(uint32_t place, uint16_t pref)
{
	return (place == FILTER_INGRESS || place == FILTER_EGRESS) && pref == NETCTL_MIRROR_FILTER;
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, tcm->tcm_ifindex);
	uint16_t pref = TC_H_MAJ(tcm->tcm_info) >> 16;
	struct nlattr *tb[TCA_MAX + 1];
	struct filter *f;
	uint32_t place;
	int r = 0;
	bool known;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND])
		return -EBADMSG;
	if (!i || !tcm->tcm_parent)
		return 0;
	place = filter_place(i, tcm->tcm_parent);
	if (is_mirrors(place, pref) ||
	    (tb[TCA_CHAIN] && nla_len(tb[TCA_CHAIN]) >= 4 && nla_get_u32(tb[TCA_CHAIN])))
		return 0;
	if (!add && !tcm->tcm_handle)
		all_of_turn_went(m, i, place, pref);
	if (tcm->tcm_handle != FILTER_HANDLE)
		return 0;
	f = (struct filter *)object_new(&filter_feature, NULL);
	snprintf(f->kind, sizeof(f->kind), "%.*s", nla_len(tb[TCA_KIND]),
		 (char *)nla_data(tb[TCA_KIND]));
	f->parent = place;
	f->pref = pref;
	f->protocol = ntohs(TC_H_MIN(tcm->tcm_info));
	f->o.present = BIT64(F_KIND) | BIT64(F_PARENT) | BIT64(F_PREF) | BIT64(F_PROTOCOL);
	known = m->filling && list_find(&filter_feature, iface_list(i, &filter_feature), &f->o);
	if (!known && kind_of(&f->o))
		r = decode(kind_of(&f->o), tb[TCA_OPTIONS], f);
	if (r < 0 || known) { /* another feature ("mirror") asks for the same */
		object_free(&filter_feature, &f->o);
		return r;
	}
	mirror_list_entry(m, i, &filter_feature, &f->o, add);
	mirror_resolve(mirror_model(m), i);
	return 0;
}

static void complete(struct model *want, struct iface *i)
{
	const struct list *l = iface_list(i, &filter_feature);

	for (unsigned n = 0; l && n < l->n; n++) {
		const struct filter_kind *k = kind_of(l->items[n]);

		if (k && k->complete)
			k->complete(want, (struct filter *)l->items[n]);
	}
}

/* Planned. */

static unsigned rank(const struct iface *i _unused_, const struct object *o _unused_)
{
	return 1000; /* behind all disciplines and classes */
}

static bool goes_along(const struct iface *have, const struct object *from, const struct step *s)
{
	const struct filter *f = (const struct filter *)from;

	if (f->parent == FILTER_INGRESS || f->parent == FILTER_EGRESS)
		return qdisc_is_ingress(s);
	return qdisc_takes(have, f->parent == FILTER_ROOT ? qdisc_root_handle(have) : f->parent, s);
}

/* A class to which a filter leads is in use (htb_delete(): EBUSY). */
static bool holds(const struct object *from, const struct step *s)
{
	const struct filter *f = (const struct filter *)from;

	return filter_has(f, F_CLASSID) && class_is_of(s, f->classid);
}

static bool is_ours(const struct object *o _unused_)
{
	return true; /* the mirror has no others */
}

static int64_t gates_length(const struct filter_gates *g)
{
	int64_t sum = 0;

	for (unsigned n = 0; n < g->n; n++)
		sum += g->v[n].interval;
	return sum;
}

static bool is_default(const struct row *row, const struct object *to _unused_,
		       const struct object *from, const struct iface *i _unused_)
{
	const struct filter *f = (const struct filter *)from;

	if (row - variant(from)->rows == F_GATE_CYCLE)
		return f->gate_cycle == gates_length(&f->gates);
	return entry_row_is_initial(&filter_feature, row, from);
}

static bool same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct filter *a = (const struct filter *)to, *b = (const struct filter *)from;
	const struct feature *f = variant(to);

	/* Of a tag that is pushed it is always told, and 0 is none (tcf_vlan_init()). */
	if (row - f->rows == F_VLAN_PRIORITY && a->vlan == TCA_VLAN_ACT_PUSH &&
	    b->vlan == TCA_VLAN_ACT_PUSH)
		return a->vlan_priority == b->vlan_priority;
	if (!row_has(f, row, from))
		return row->initial && row_is_initial(f, row, to);
	if (row - f->rows == F_POLICE_BURST)
		return burst_same(a->police_burst, b->police_burst, a->police_rate);
	if (row - f->rows == F_POLICE_PKTS_BURST)
		return burst_same(a->police_pkts_burst, b->police_pkts_burst, a->police_pkts_rate);
	return row_equal(row, to, from);
}

static enum effect effect(const struct planner *p _unused_, const struct step *s,
			  const struct row *row)
{
	const struct filter_kind *k = kind_of(s->to);

	if (k->flags_fixed && (row - k->f.rows == F_SKIP_SW || row - k->f.rows == F_SKIP_HW))
		return EFFECT_RECREATE;
	if (k->fixed || (row - k->f.rows >= F_OWN && !k->same_mask(row, s->to, s->from)))
		return EFFECT_RECREATE;
	return row->effect;
}

static char *entry_blocked(const struct planner *p, const struct iface *want _unused_,
			   const struct object *entry)
{
	const struct filter *f = (const struct filter *)entry;
	const struct ifref *refs[] = { &f->mirror, &f->redirect };

	for (unsigned n = 0; n < ARRAY_SIZE(refs); n++)
		if (*refs[n]->name && !plan_will_exist(p, refs[n]->name))
			return str_format("waits for %s", refs[n]->name);
	return NULL;
}

/* Checked. */

void filter_error(const struct filter_check *c, unsigned row, const char *rule, const char *fmt,
		  ...)
{
	_cleanup_free_ char *word = format(&c->filter->o);
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	errors_add(c->errors,
		   object_where(c->feature,
				&c->feature->rows[filter_has(c->filter, row) ? row : F_KIND],
				&c->filter->o),
		   "%s: filter %s: %s: %s [%s]", c->iface->name, word, c->feature->rows[row].key,
		   text, rule);
	free(text);
}

static void check_hook(const struct filter_check *c, bool egress)
{
	if (!qdisc_has_hook(c->iface, egress))
		filter_error(c, F_PARENT, "filter-parent",
			     "needs { kind = \"clsact\"; }%s among the entries of qdisc",
			     egress ? "" : " or \"ingress\"");
}

/* Who asks filters: Qdisc_class_ops::tcf_block, of a class only htb's (htb_classify()). */
static void check_discipline(const struct filter_check *c)
{
	const struct filter *f = c->filter;
	bool root = f->parent == FILTER_ROOT;
	const struct qdisc_kind *k = qdisc_of_handle(c->iface, root ? 0 : TC_H_MAJ(f->parent));
	const char *why = NULL;

	if (root ? !k || !k->filters : k && !k->filters)
		why = root ? "needs a root discipline that asks filters, with a handle: htb, prio, "
			     "ets, multiq, fq_codel, cake" :
			     "that discipline asks no filters; htb, prio, ets, multiq, fq_codel "
			     "and cake do";
	else if (!k)
		why = "no entry of qdisc has that handle";
	else if (!root && f->parent == qdisc_root_handle(c->iface))
		why = "that is the root discipline: parent = \"root\"";
	else if (!root && TC_H_MIN(f->parent) && !k->own_classes)
		why = "only classes of htb ask filters; elsewhere it is the discipline that hangs "
		      "on the class, by its handle";
	else if (!root && TC_H_MIN(f->parent) && !class_find(c->iface, f->parent))
		why = "no entry of class is that";
	else if (!root && TC_H_MIN(f->parent) && !class_is_inner(c->iface, f->parent))
		why = "has no classes below it: for frames that are there no filter is asked";
	if (why)
		filter_error(c, F_PARENT, "filter-parent", "%s", why);
}

static void check_place(const struct filter_check *c)
{
	const struct filter *f = c->filter;
	bool hook = f->parent == FILTER_EGRESS || f->parent == FILTER_INGRESS;
	char buf[TC_TEXT_MAX];

	if (hook)
		check_hook(c, f->parent == FILTER_EGRESS);
	else
		check_discipline(c);
	if (is_mirrors(f->parent, f->pref))
		filter_error(c, F_PREF, "filter-pref", "is that of \"mirror\"");
	if (filter_has(f, F_CLASSID) && hook)
		filter_error(c, F_CLASSID, "filter-class", "there are classes at the root only");
	else if (filter_has(f, F_CLASSID) &&
		 !qdisc_has_class(c->iface, f->parent == FILTER_ROOT ? 0 : TC_H_MAJ(f->parent),
				  f->classid))
		filter_error(c, F_CLASSID, "filter-class", "the %sdiscipline has no class %s",
			     f->parent == FILTER_ROOT ? "root " : "", tc_text(f->classid, buf));
	if (f->skip_sw && f->skip_hw)
		filter_error(c, F_SKIP_SW, "filter-skip", "and skip_hw: then nobody filters");
}

static const char *nth_kind(const void *data _unused_, unsigned n)
{
	return kinds[n] ? kinds[n]->f.kind : NULL;
}

static void check_kind(struct filter_check *c)
{
	_cleanup_free_ char *hint = text_hint(c->filter->kind, nth_kind, NULL);

	errors_add(c->errors, object_where(&filter_feature, &rows[F_KIND], &c->filter->o),
		   "%s: filter.kind: netctld does not know \"%s\"%s", c->iface->name,
		   c->filter->kind, hint);
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct list *l = iface_list(i, &filter_feature);
	struct filter_check c = { .iface = i, .errors = e };

	for (unsigned n = 0; (c.filter = nth(l, n)); n++) {
		const struct filter_kind *k = kind_of(&c.filter->o);

		if (!k) {
			check_kind(&c);
			continue;
		}
		c.feature = &k->f;
		check_place(&c);
		if (k->actions)
			filter_check_actions(&c);
		if (k->check)
			k->check(&c);
	}
	if (l && l->n)
		filter_check_loops(want, i, e);
}

/* To the kernel. */

/* With values in all rows that have an initial one. */
static struct filter *effective(const struct filter *from)
{
	struct object *o = object_new(&filter_feature, NULL);
	const struct feature *f = variant(&from->o);

	FOREACH_ROW(f, r)
		if (row_has(f, r, &from->o))
			row_copy(f, r, NULL, o, &from->o);
		else if (r->initial && !(r->flags & ROW_STATE))
			(void)row_parse_initial(f, r, o);
	return (struct filter *)o;
}

static struct tcmsg *begin(struct encoder *e, const struct step *s, uint16_t type, uint16_t flags,
			   const struct filter *f)
{
	struct tcmsg *tcm = encoder_begin(e, type, flags, sizeof(*tcm));

	tcm->tcm_ifindex = s->ifindex;
	tcm->tcm_parent = filter_parent(f->parent);
	tcm->tcm_handle = FILTER_HANDLE;
	tcm->tcm_info = TC_H_MAKE(f->pref << 16, htons(f->protocol));
	return nla_put_string(e->msg, TCA_KIND, f->kind) < 0 ? NULL : tcm;
}

static int put_options(struct encoder *e, const struct step *s, const struct filter *f)
{
	const struct filter_kind *k = kind_of(&f->o);
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	uint32_t flags = (f->skip_sw ? TCA_CLS_FLAGS_SKIP_SW : 0) |
			 (f->skip_hw ? TCA_CLS_FLAGS_SKIP_HW : 0);
	int r = nest ? 0 : -EMSGSIZE;

	if (!r && k->put)
		r = k->put(e, s, f);
	if (!r && filter_has(f, F_CLASSID) && nla_put_u32(e->msg, k->classid, f->classid) < 0)
		r = -EMSGSIZE;
	if (!r && flags && nla_put_u32(e->msg, k->flags, flags) < 0)
		r = -EMSGSIZE;
	if (!r && k->actions)
		r = filter_put_actions(e->msg, k->actions, f);
	if (!r)
		nla_nest_end(e->msg, nest);
	return r;
}

/* What is not changed in place goes first: the kernel has one protocol and kind a turn. */
static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct filter *to = (const struct filter *)s->to,
			    *from = (const struct filter *)s->from;
	struct filter *f;
	bool ok;
	int r;

	if (s->verb == VERB_REMOVE ||
	    (s->verb == VERB_REPLACE && s->effect == EFFECT_RECREATE && !part))
		return !begin(e, s, RTM_DELTFILTER, 0, from) ? -EMSGSIZE : s->verb == VERB_REPLACE;
	f = effective(to);
	ok = begin(e, s, RTM_NEWTFILTER, s->verb == VERB_REPLACE && !part ? NLM_F_CREATE :
		   NLM_F_CREATE | NLM_F_EXCL, f);
	r = ok ? put_options(e, s, f) : -EMSGSIZE;
	if (r < 0)
		e->request.program = xdp_job_free(e->request.program);
	object_free(&filter_feature, &f->o);
	return r;
}

struct feature filter_feature = {
	.name = "filter", .help = "What is done with which frames, on their way in or out",
	.form = FORM_LIST, .size = FILTER_SIZE, .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .format = format, .variant = variant,
	.nth_variant = nth_variant, .rank = rank, .goes_along = goes_along, .holds = holds,
	.brief = true, .is_ours = is_ours, .is_default = is_default, .same = same, .effect = effect,
	.complete = complete, .entry_blocked = entry_blocked, .check = check, .encode = encode,
};
