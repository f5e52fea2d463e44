// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Queueing disciplines: a list of entries, each of a kind with rows of its own
 * (the other files here), that hang on each other by numbers as in tc(8).
 *
 * What the kernel puts there by itself has the handle 0 and is not seen here:
 * so nothing has to be known of defaults, and to delete the root is to bring
 * them back. When a discipline goes, the kernel takes all that hung on it along
 * and tells of the first only (qdisc_notify()); the mirror follows here. What
 * a kind cannot change in place (no Qdisc_ops::change) is replaced, which loses
 * the frames that are queued: the plan says "recreate".
 */
#include <stdio.h>
#include <stdlib.h>

#include "features/features.h"
#include "features/qdisc/kinds.h"
#include "util/text.h"

const struct qdisc_kind *const qdisc_kinds[] = {
	&bfifo_kind, &cake_kind, &cbs_kind,  &clsact_kind, &etf_kind,   &ets_kind,
	&fq_kind,    &fq_codel_kind, &htb_kind, &ingress_kind, &mq_kind, &mqprio_kind, &multiq_kind,
	&netem_kind, &pfifo_kind, &prio_kind, &taprio_kind, &tbf_kind, NULL,
};

const struct qdisc_kind *qdisc_kind_find(const char *name)
{
	for (unsigned n = 0; qdisc_kinds[n]; n++)
		if (!strcmp(qdisc_kinds[n]->f.kind, name))
			return qdisc_kinds[n];
	return NULL;
}

static const struct row rows[] = { QDISC_ROWS };

static const struct feature *variant(const struct object *o)
{
	const struct qdisc_kind *k = qdisc_kind_of(o);

	return k ? &k->f : &qdisc_feature;
}

static const struct feature *nth_variant(unsigned n)
{
	return qdisc_kinds[n] ? &qdisc_kinds[n]->f : NULL;
}

unsigned tx_queues(const struct iface *have)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *r = row_find(root, "num_tx_queues");
	const struct object *o = iface_object(have, root);

	return r && row_has(root, r, o) ? *(const uint32_t *)row_value(r, o) : 0;
}

/* The kernel's messages. */

static int decode_options(const struct qdisc_kind *k, struct nlattr *options, struct qdisc *q)
{
	struct nlattr *tb[64];
	int max = 0;

	if (k->get)
		return options ? k->get(options, q) : 0;
	FOREACH_ROW(&k->f, r)
		max = r - k->f.rows < QDISC_OWN ? max : max_of(max, (int)r->attr);
	if (!options || !max)
		return 0;
	if (max >= (int)ARRAY_SIZE(tb) || nla_parse_nested(tb, max, options, NULL) < 0)
		return -EBADMSG;
	return object_decode(&k->f, &q->o, tb, max);
}

/* Forget what hangs on @handle, in this list and in that of the classes. */
static void drop_below(struct mirror *m, struct iface *i, uint32_t handle)
{
	struct list *l = iface_list(i, &qdisc_feature);

	for (unsigned n = 0; l && n < l->n;) {
		const struct qdisc *q = (const struct qdisc *)l->items[n];
		uint32_t below = q->handle;

		if (!q->parent || q->parent == TC_H_INGRESS || TC_H_MAJ(q->parent) != handle) {
			n++;
			continue;
		}
		list_remove(&qdisc_feature, l, l->items[n]);
		mirror_touch(m, i);
		drop_below(m, i, below);
		n = 0;
	}
	class_forget(m, i, handle);
	filter_forget(m, i, handle);
}

void qdisc_forget_class(struct mirror *m, struct iface *i, uint32_t id)
{
	struct list *l = iface_list(i, &qdisc_feature);

	filter_forget(m, i, id);
	for (unsigned n = 0; l && n < l->n; n++) {
		const struct qdisc *q = (const struct qdisc *)l->items[n];
		uint32_t below = q->handle;

		if (q->parent != id)
			continue;
		list_remove(&qdisc_feature, l, l->items[n]);
		mirror_touch(m, i);
		drop_below(m, i, below);
		return;
	}
}

static int decode(const struct nlmsghdr *n, struct qdisc *q)
{
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct nlattr *tb[TCA_MAX + 1];
	const struct qdisc_kind *k;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 || !tb[TCA_KIND])
		return -EBADMSG;
	snprintf(q->kind, sizeof(q->kind), "%.*s", nla_len(tb[TCA_KIND]),
		 (char *)nla_data(tb[TCA_KIND]));
	q->parent = tcm->tcm_parent == TC_H_ROOT ? 0 : tcm->tcm_parent;
	q->handle = tcm->tcm_handle;
	q->offloaded = tb[TCA_HW_OFFLOAD] && nla_len(tb[TCA_HW_OFFLOAD]) &&
		       nla_get_u8(tb[TCA_HW_OFFLOAD]);
	q->o.present = BIT64(QDISC_KIND) | BIT64(QDISC_PARENT) | BIT64(QDISC_HANDLE) |
		       BIT64(QDISC_OFFLOADED);
	k = qdisc_kind_of(&q->o);
	return k ? decode_options(k, tb[TCA_OPTIONS], q) : 0;
}

/* What stands below it has messages of its own. */
static void ask_below(struct mirror *m, const struct iface *i, const struct qdisc_kind *k,
		      uint32_t parent, uint32_t handle)
{
	if (k->own_classes)
		class_ask(m, i);
	if (k->ingress)
		filter_ask_hook(m, i, false);
	if (k->egress)
		filter_ask_hook(m, i, true);
	if (k->filters)
		filter_ask(m, i, parent ? handle : 0);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct iface *i = mirror_iface(m, tcm->tcm_ifindex);
	const struct qdisc *old;
	struct object *o;
	int r;

	if (!i || !tcm->tcm_handle)
		return 0;
	o = object_new(&qdisc_feature, NULL);
	r = decode(n, (struct qdisc *)o);
	if (r < 0) {
		object_free(&qdisc_feature, o);
		return r;
	}
	old = (const struct qdisc *)list_find(&qdisc_feature, iface_list(i, &qdisc_feature), o);
	if (m->filling && old) { /* another feature asks for the same */
		object_free(&qdisc_feature, o);
		return 0;
	}
	if (!m->filling) {
		if (old && (!add || old->handle != tcm->tcm_handle)) {
			drop_below(m, i, old->handle);
			if (old->parent == TC_H_INGRESS)
				filter_forget_hook(m, i);
			else if (!old->parent)
				filter_forget(m, i, 0);
		}
		if (!add && old && old->handle != tcm->tcm_handle) {
			object_free(&qdisc_feature, o); /* replaced already */
			return 0;
		}
	}
	if (add && qdisc_kind_of(o) && qdisc_kind_of(o)->observed)
		qdisc_kind_of(o)->observed(m, i, (struct qdisc *)o);
	if (add && qdisc_kind_of(o))
		ask_below(m, i, qdisc_kind_of(o), ((struct qdisc *)o)->parent, tcm->tcm_handle);
	mirror_list_entry(m, i, &qdisc_feature, o, add);
	return 0;
}

static const struct source sources[] = {
	{ .get = RTM_GETQDISC, .add = RTM_NEWQDISC, .del = RTM_DELQDISC, .family = AF_UNSPEC,
	  .header = sizeof(struct tcmsg), .groups = { RTNLGRP_TC } },
	{ 0 },
};

static char *format(const struct object *o)
{
	const struct qdisc *q = (const struct qdisc *)o;
	char parent[TC_TEXT_MAX];

	return str_format("%s %s", tc_text(q->parent, parent), q->kind);
}

static void complete_entry(struct object *o)
{
	const struct qdisc_kind *k = qdisc_kind_of(o);
	struct qdisc *q = (struct qdisc *)o;

	if (k && k->ingress && !qdisc_has(q, QDISC_PARENT))
		q->parent = TC_H_INGRESS;
	q->o.present |= BIT64(QDISC_PARENT);
	if (k && k->complete)
		k->complete(q);
}

static const struct qdisc *find_handle(const struct list *l, uint32_t handle)
{
	for (unsigned n = 0; l && n < l->n; n++) {
		const struct qdisc *q = (const struct qdisc *)l->items[n];

		if (q->handle == handle)
			return q;
	}
	return NULL;
}

static unsigned rank(const struct iface *i, const struct object *o)
{
	const struct list *l = iface_list(i, &qdisc_feature);
	const struct qdisc *q = (const struct qdisc *)o;
	unsigned n = 0;

	while (q && q->parent && q->parent != TC_H_INGRESS && n < 16) {
		n++;
		q = find_handle(l, TC_H_MAJ(q->parent));
	}
	return 100 * n; /* between them are classes */
}

unsigned qdisc_rank(const struct iface *i, uint32_t handle)
{
	const struct qdisc *q = find_handle(iface_list(i, &qdisc_feature), handle);

	return q ? rank(i, &q->o) : 0;
}

const char *qdisc_kind_of_handle(const struct iface *i, uint32_t handle)
{
	const struct qdisc *q = find_handle(iface_list(i, &qdisc_feature), handle);

	return q ? q->kind : NULL;
}

static const struct qdisc *find_parent(const struct iface *i, uint32_t parent)
{
	const struct qdisc like = { .o.present = BIT64(QDISC_PARENT), .parent = parent };

	return (const struct qdisc *)list_find(&qdisc_feature, iface_list(i, &qdisc_feature),
					       &like.o);
}

uint32_t qdisc_root_handle(const struct iface *i)
{
	const struct qdisc *q = find_parent(i, 0);

	return q ? q->handle : 0;
}

bool qdisc_is_ingress(const struct step *s)
{
	return s->feature == &qdisc_feature && s->from &&
	       ((const struct qdisc *)s->from)->parent == TC_H_INGRESS;
}

bool qdisc_has_hook(const struct iface *i, bool egress)
{
	const struct qdisc *q = find_parent(i, TC_H_INGRESS);
	const struct qdisc_kind *k = q ? qdisc_kind_of(&q->o) : NULL;

	return k && (k->egress || !egress);
}

static const struct qdisc *with_handle(const struct iface *i, uint32_t handle)
{
	const struct qdisc *q = handle ? find_handle(iface_list(i, &qdisc_feature), handle) :
					 find_parent(i, 0);

	return q && q->handle ? q : NULL;
}

const struct qdisc_kind *qdisc_of_handle(const struct iface *i, uint32_t handle)
{
	const struct qdisc *q = with_handle(i, handle);

	return q ? qdisc_kind_of(&q->o) : NULL;
}

static bool has_class(const struct iface *i, const struct qdisc *q, uint32_t id)
{
	const struct qdisc_kind *k = qdisc_kind_of(&q->o);

	return k && (!k->own_classes || class_find(i, id)) &&
	       (!k->classes || TC_H_MIN(id) <= k->classes(q));
}

bool qdisc_has_class(const struct iface *i, uint32_t handle, uint32_t id)
{
	const struct qdisc *q = with_handle(i, handle);

	return q && q->handle == TC_H_MAJ(id) && has_class(i, q, id);
}

bool qdisc_takes(const struct iface *have, uint32_t parent, const struct step *s)
{
	const struct list *l = iface_list(have, &qdisc_feature);
	const struct qdisc *q;

	for (unsigned n = 0; parent && n < 16; n++) {
		if (class_is_of(s, parent))
			return true;
		q = find_handle(l, TC_H_MAJ(parent));
		if (!q)
			return false;
		if (s->feature == &qdisc_feature && s->from == &q->o)
			return true;
		parent = q->parent;
	}
	return false;
}

static bool goes_along(const struct iface *have, const struct object *from, const struct step *s)
{
	const struct qdisc *q = (const struct qdisc *)from;

	return q->parent != TC_H_INGRESS && qdisc_takes(have, q->parent, s);
}

static bool same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct qdisc_kind *k = qdisc_kind_of(to);

	if (k && k->same)
		return k->same(row, to, from);
	return row_has(variant(to), row, from) && row_equal(row, to, from);
}

static enum effect effect(const struct planner *p _unused_, const struct step *s,
			  const struct row *row)
{
	const struct qdisc_kind *k = qdisc_kind_of(s->to);

	if (k->fixed || (k->must_begin_anew && k->must_begin_anew((struct qdisc *)s->from)))
		return EFFECT_RECREATE;
	/* What it was by itself can only be had by beginning anew. */
	if (!row_has(&k->f, row, s->to) && !row->initial && !k->forgets)
		return EFFECT_RECREATE;
	return row->effect;
}

static char *refused(const struct model *want _unused_, const struct model *machine,
		     const struct iface *i, const struct origin **at)
{
	const struct list *l = iface_list(i, &qdisc_feature);
	const struct iface *have = model_find(machine, i->name);

	/* What the daemon creates will be as asked for. */
	for (unsigned n = 0; have && !*iface_kind(i) && l && n < l->n; n++) {
		const struct qdisc_kind *k = qdisc_kind_of(l->items[n]);
		char *why = k && k->refused ? k->refused(have, i, (struct qdisc *)l->items[n]) :
					      NULL;

		if (!why)
			continue;
		*at = object_where(&k->f, &k->f.rows[QDISC_KIND], l->items[n]);
		return why;
	}
	return NULL;
}

/* Checks. */

void qdisc_error(const struct qdisc_check *c, unsigned row, const char *rule, const char *fmt, ...)
{
	const struct row *r = &c->feature->rows[row];
	_cleanup_free_ char *word = format(&c->qdisc->o);
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	errors_add(c->errors, object_where(c->feature, r, &c->qdisc->o),
		   "%s: qdisc %s: %s: %s [%s]", c->iface->name, word, r->key, text, rule);
	free(text);
}

static void check_place(const struct qdisc_check *c, const struct qdisc_kind *k)
{
	const struct qdisc *q = c->qdisc, *parent;
	const struct qdisc_kind *pk;
	char buf[TC_TEXT_MAX];

	if (k->ingress != (q->parent == TC_H_INGRESS))
		qdisc_error(c, QDISC_PARENT, "qdisc-parent", k->ingress ?
			    "%s hangs on \"ingress\" only" : "%s does not hang on \"ingress\"",
			    q->kind);
	if (!q->parent || q->parent == TC_H_INGRESS)
		return;
	parent = find_handle(c->list, TC_H_MAJ(q->parent));
	pk = parent ? qdisc_kind_of(&parent->o) : NULL;
	if (!parent)
		qdisc_error(c, QDISC_PARENT, "qdisc-parent", "no entry has the handle \"%s\"",
			    tc_text(TC_H_MAJ(q->parent), buf));
	else if (!pk->classful)
		qdisc_error(c, QDISC_PARENT, "qdisc-parent", "a %s has no classes that others can "
			    "hang on", parent->kind);
	else if (pk->own_classes && (!class_find(c->iface, q->parent) ||
				     class_is_inner(c->iface, q->parent)))
		qdisc_error(c, QDISC_PARENT, "qdisc-parent", "%s", class_find(c->iface, q->parent) ?
			    "it has classes below it, and no queue" : "no entry of class is that");
	else if (!has_class(c->iface, parent, q->parent))
		qdisc_error(c, QDISC_PARENT, "qdisc-parent", "that %s has %u classes", parent->kind,
			    pk->classes(parent));
	else if (rank(c->iface, &q->o) > 700)
		qdisc_error(c, QDISC_PARENT, "qdisc-depth",
			    "they hang on each other in a loop, or deeper than the kernel has it");
}

static void check_entry(struct qdisc_check *c)
{
	const struct qdisc_kind *k = qdisc_kind_find(c->qdisc->kind);
	const struct qdisc *q = c->qdisc, *other;
	char buf[TC_TEXT_MAX];

	if (!k)
		return;
	c->feature = &k->f;
	check_place(c, k);
	other = q->handle ? find_handle(c->list, q->handle) : NULL;
	if (other && other != q)
		qdisc_error(c, QDISC_HANDLE, "qdisc-handle", "two have the handle \"%s\"",
			    tc_text(q->handle, buf));
	if (k->ingress && q->handle && q->handle != TC_H_MAJ(TC_H_INGRESS))
		qdisc_error(c, QDISC_HANDLE, "qdisc-handle", "a %s always is ffff:", q->kind);
	if (k->check)
		k->check(c);
}

static const char *nth_kind(const void *data _unused_, unsigned n)
{
	return qdisc_kinds[n] ? qdisc_kinds[n]->f.kind : NULL;
}

static void check_kind(const struct qdisc_check *c)
{
	_cleanup_free_ char *hint = text_hint(c->qdisc->kind, nth_kind, NULL);

	errors_add(c->errors, object_where(&qdisc_feature, &rows[QDISC_KIND], &c->qdisc->o),
		   "%s: qdisc.kind: netctld does not know \"%s\"%s", c->iface->name,
		   c->qdisc->kind, hint);
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	struct qdisc_check c = {
		.want = want, .iface = i, .errors = e, .list = iface_list(i, &qdisc_feature),
	};
	unsigned before = e->n;

	for (unsigned n = 0; c.list && n < c.list->n; n++) {
		c.qdisc = (const struct qdisc *)c.list->items[n];
		if (!qdisc_kind_of(&c.qdisc->o))
			check_kind(&c);
	}
	for (unsigned n = 0; e->n == before && c.list && n < c.list->n; n++) {
		c.qdisc = (const struct qdisc *)c.list->items[n];
		check_entry(&c);
	}
}

/* To the kernel. */

/* With what is to go back to its initial value, and what put() cannot do without. */
static struct qdisc *effective(const struct qdisc_kind *k, const struct step *s)
{
	struct object *o = object_new(&qdisc_feature, NULL);
	bool anew = s->verb == VERB_ADD || s->effect == EFFECT_RECREATE;

	FOREACH_ROW(&k->f, r)
		if (row_has(&k->f, r, s->to))
			row_copy(&k->f, r, NULL, o, s->to);
		else if (r->flags & ROW_STATE)
			continue;
		else if (!anew && entry_row_changes(s, r) && r->initial)
			(void)row_parse_initial(&k->f, r, o);
		else if (k->whole && !anew && row_has(&k->f, r, s->from))
			row_copy(&k->f, r, NULL, o, s->from);
		else if (k->whole && r->initial)
			(void)row_parse_initial(&k->f, r, o);
	return (struct qdisc *)o;
}

static int put_options(struct encoder *e, const struct qdisc_kind *k, const struct qdisc *q,
		       bool change)
{
	struct nlattr *nest;
	uint64_t own = q->o.present & ~(BIT64(QDISC_OWN) - 1);

	if (k->put)
		return k->put(e, q);
	/* Some are refused even if they are the same (fq_codel_change(): flows). */
	FOREACH_ROW(&k->f, r)
		if (change && r->effect == EFFECT_RECREATE)
			own &= ~row_bit(&k->f, r);
	if (!own)
		return 0;
	nest = nla_nest_start(e->msg, TCA_OPTIONS);
	if (!nest || encode_rows(e, &k->f, &q->o, own) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static uint32_t parent_id(const struct qdisc *q)
{
	return q->parent ? q->parent : TC_H_ROOT;
}

static int encode_delete(struct encoder *e, const struct step *s)
{
	const struct qdisc *q = (const struct qdisc *)s->from;
	struct tcmsg *tcm = encoder_begin(e, RTM_DELQDISC, 0, sizeof(*tcm));

	tcm->tcm_ifindex = s->ifindex;
	tcm->tcm_parent = parent_id(q);
	tcm->tcm_handle = q->handle;
	return 0;
}

/*
 * The new one mostly takes the old one's place at once. Not where the kernel would take it for
 * a change of the one that is there (tc_modify_qdisc()), nor where the old one's end takes the
 * classes from the device that the new one has just put there (netdev_reset_tc()).
 */
static bool must_delete_first(const struct qdisc *to, const struct qdisc *from)
{
	const struct qdisc_kind *a = qdisc_kind_of(&to->o), *b = qdisc_kind_of(&from->o);

	if (a->owns_classes || (b && b->owns_classes))
		return true;
	return to->handle ? to->handle == from->handle : !strcmp(to->kind, from->kind);
}

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	bool change = s->verb == VERB_REPLACE && s->effect != EFFECT_RECREATE;
	const struct qdisc *to = (const struct qdisc *)s->to, *from = (const struct qdisc *)s->from;
	const struct qdisc_kind *k;
	struct tcmsg *tcm;
	struct qdisc *q;
	int r;

	if (s->verb == VERB_REMOVE)
		return encode_delete(e, s);
	if (s->verb == VERB_REPLACE && !change && part == 0 && must_delete_first(to, from)) {
		r = encode_delete(e, s);
		return r < 0 ? r : 1;
	}
	k = qdisc_kind_of(s->to);
	tcm = encoder_begin(e, RTM_NEWQDISC, change ? 0 : NLM_F_CREATE | NLM_F_REPLACE,
			    sizeof(*tcm));
	tcm->tcm_ifindex = s->ifindex;
	tcm->tcm_parent = parent_id(to);
	tcm->tcm_handle = change ? 0 : k->ingress ? TC_H_MAJ(TC_H_INGRESS) : to->handle;
	q = effective(k, s);
	if (k->prepare)
		k->prepare(q, s, change);
	r = nla_put_string(e->msg, TCA_KIND, k->f.kind) < 0 ? -EMSGSIZE :
							      put_options(e, k, q, change);
	object_free(&qdisc_feature, &q->o);
	return r;
}

struct feature qdisc_feature = {
	.name = "qdisc", .help = "Queueing disciplines", .form = FORM_LIST, .size = QDISC_SIZE,
	.rows = rows, .n_rows = ARRAY_SIZE(rows), .sources = sources, .observe = observe,
	.format = format, .variant = variant, .nth_variant = nth_variant,
	.complete_entry = complete_entry, .rank = rank, .goes_along = goes_along, .brief = true,
	.same = same, .effect = effect, .refused = refused, .entry_blocked = qdisc_blocked,
	.entry_suspended = qdisc_suspended, .is_upkeep = qdisc_is_upkeep,
	.check = check, .encode = encode, .statistics = qdisc_statistics,
};
