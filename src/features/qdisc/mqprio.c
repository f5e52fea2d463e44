// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mqprio: traffic classes on transmit queues; and what taprio shares with it.
 *
 * The kernel keeps the classes with the device (netdev_set_num_tc()), not with
 * the discipline, and cannot change them on a running one (no
 * Qdisc_ops::change). Attributes beside struct tc_mqprio_qopt are taken with
 * hw only (mqprio_parse_nlattr()).
 */
#include "features/qdisc/classes.h"

struct mqprio {
	struct qdisc q;
	struct classes c;
	uint8_t hw;
	uint16_t mode, shaper;
	struct rates16 min_rate, max_rate;
	struct numbers16 fp;
};

enum { NUM_TC = QDISC_OWN, MAP, QUEUES, HW, MODE, SHAPER, MIN_RATE, MAX_RATE, FP };

static const struct word modes[] = {
	{ "dcb", TC_MQPRIO_MODE_DCB }, { "channel", TC_MQPRIO_MODE_CHANNEL }, { NULL, 0 },
};
static const struct word shapers[] = {
	{ "dcb", TC_MQPRIO_SHAPER_DCB }, { "bw_rlimit", TC_MQPRIO_SHAPER_BW_RATE }, { NULL, 0 },
};
const struct word fp_words[] = {
	{ "express", NETCTL_FP_EXPRESS }, { "preemptible", NETCTL_FP_PREEMPTIBLE }, { NULL, 0 },
};

static const struct row rows[] = {
	QDISC_ROWS,
	[NUM_TC] = { .key = "num_tc", .type = &type_u8, VALUE(mqprio, c.num_tc), .min = 1,
		     .max = TC_CLASSES, .help = "How many traffic classes" },
	[MAP] = { .key = "map", .type = &type_numbers16, VALUE(mqprio, c.map),
		  .max = TC_CLASSES - 1,
		  .help = "The class of each of 16 priorities; 0 where nothing is written" },
	[QUEUES] = { .key = "queues", .type = &type_queues16, VALUE(mqprio, c.queues),
		     .help = "The transmit queues of each class: \"count@offset\"" },
	[HW] = { .key = "hw", .type = &type_bool, VALUE(mqprio, hw), .initial = "false",
		 .help = "The device itself keeps the classes apart" },
	[MODE] = { .key = "mode", .type = &type_enum16, VALUE(mqprio, mode), .data = modes,
		   .attr = TCA_MQPRIO_MODE,
		   .help = "What the device is given to decide; needs hw" },
	[SHAPER] = { .key = "shaper", .type = &type_enum16, VALUE(mqprio, shaper), .data = shapers,
		     .attr = TCA_MQPRIO_SHAPER,
		     .help = "Who limits the rates; needs mode \"channel\"" },
	[MIN_RATE] = { .key = "min_rate", .type = &type_rates16, VALUE(mqprio, min_rate),
		       .help = "What each class gets at least; needs shaper \"bw_rlimit\"" },
	[MAX_RATE] = { .key = "max_rate", .type = &type_rates16, VALUE(mqprio, max_rate),
		       .help = "What each class gets at most; needs shaper \"bw_rlimit\"" },
	[FP] = { .key = "fp", .type = &type_words16, VALUE(mqprio, fp), .data = fp_words,
		 .initial = "[ \"express\" ]", .since = "6.4",
		 .help = "Frame preemption: which classes others may interrupt; needs hw" },
};
QDISC_FITS(mqprio);

void classes_to(struct tc_mqprio_qopt *opt, const struct classes *c)
{
	opt->num_tc = c->num_tc;
	for (unsigned n = 0; n < TC_CLASSES; n++)
		opt->prio_tc_map[n] = c->map.v[n];
	for (unsigned n = 0; n < c->queues.n; n++) {
		opt->count[n] = c->queues.count[n];
		opt->offset[n] = c->queues.offset[n];
	}
}

void classes_from(struct classes *c, const struct tc_mqprio_qopt *opt)
{
	c->num_tc = min_of(opt->num_tc, (uint8_t)TC_CLASSES);
	for (unsigned n = 0; n < TC_CLASSES; n++)
		c->map.v[n] = opt->prio_tc_map[n];
	c->queues.n = c->num_tc;
	for (unsigned n = 0; n < c->num_tc; n++) {
		c->queues.count[n] = opt->count[n];
		c->queues.offset[n] = opt->offset[n];
	}
}

static int put_rates(struct nl_msg *msg, int attr, const struct rates16 *r)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	int bad = nest ? 0 : -1;

	for (unsigned n = 0; n < r->n; n++)
		bad |= nla_put_u64(msg, attr, r->v[n]);
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_fp(struct nl_msg *msg, const struct numbers16 *fp)
{
	int bad = 0;

	for (unsigned n = 0; n < TC_CLASSES; n++) {
		struct nlattr *nest = nla_nest_start(msg, NETCTL_MQPRIO_TC_ENTRY);

		bad |= nla_put_u32(msg, NETCTL_MQPRIO_TC_ENTRY_INDEX, n);
		bad |= nla_put_u32(msg, NETCTL_MQPRIO_TC_ENTRY_FP,
				   fp->v[n] ? fp->v[n] : NETCTL_FP_EXPRESS);
		if (!nest || bad < 0)
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put(struct encoder *e, const struct qdisc *q)
{
	const struct mqprio *m = (const struct mqprio *)q;
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	struct tc_mqprio_qopt opt = {
		.hw = m->hw ? TC_MQPRIO_HW_OFFLOAD_TCS : TC_MQPRIO_HW_OFFLOAD_NONE,
	};
	int r = 0;

	classes_to(&opt, &m->c);
	if (!nest || nlmsg_append(e->msg, &opt, sizeof(opt), NLMSG_ALIGNTO) < 0)
		return -EMSGSIZE;
	if (m->hw)
		r = encode_rows(e, &mqprio_kind.f, &q->o,
				q->o.present & (BIT64(MODE) | BIT64(SHAPER)));
	if (r >= 0 && m->hw && qdisc_has(q, MIN_RATE))
		r = put_rates(e->msg, TCA_MQPRIO_MIN_RATE64, &m->min_rate);
	if (r >= 0 && m->hw && qdisc_has(q, MAX_RATE))
		r = put_rates(e->msg, TCA_MQPRIO_MAX_RATE64, &m->max_rate);
	if (r >= 0 && m->hw && qdisc_has(q, FP))
		r = put_fp(e->msg, &m->fp);
	nla_nest_end(e->msg, nest);
	return r;
}

static void get_rates(const struct nlattr *a, struct rates16 *r)
{
	struct nlattr *entry;
	int left;

	nla_for_each_nested(entry, (struct nlattr *)a, left)
		if (r->n < TC_CLASSES && nla_len(entry) >= 8)
			r->v[r->n++] = nla_get_u64(entry);
}

static int get_one(const struct nlattr *a, struct mqprio *m)
{
	struct nlattr *tb[3];

	switch (nla_type(a)) {
	case TCA_MQPRIO_MIN_RATE64:
		get_rates(a, &m->min_rate);
		m->q.o.present |= BIT64(MIN_RATE);
		break;
	case TCA_MQPRIO_MAX_RATE64:
		get_rates(a, &m->max_rate);
		m->q.o.present |= BIT64(MAX_RATE);
		break;
	case TCA_MQPRIO_MODE:
	case TCA_MQPRIO_SHAPER:
		tb[1] = tb[2] = NULL;
		tb[nla_type(a)] = (struct nlattr *)a;
		return object_decode(&mqprio_kind.f, &m->q.o, tb, 2);
	case NETCTL_MQPRIO_TC_ENTRY:
		if (nla_parse_nested(tb, 2, (struct nlattr *)a, NULL) < 0)
			return -EBADMSG;
		if (is_u32(tb[1]) && is_u32(tb[2]) && nla_get_u32(tb[1]) < TC_CLASSES)
			m->fp.v[nla_get_u32(tb[1])] = nla_get_u32(tb[2]);
		m->q.o.present |= BIT64(FP);
		break;
	}
	return 0;
}

static int get(const struct nlattr *options, struct qdisc *q)
{
	struct mqprio *m = (struct mqprio *)q;
	const struct tc_mqprio_qopt *opt = nla_data(options);
	int size = NLA_ALIGN(sizeof(*opt)), left = nla_len(options) - size, r = 0;
	const struct nlattr *a;

	if (nla_len(options) < (int)sizeof(*opt))
		return -EBADMSG;
	classes_from(&m->c, opt);
	m->hw = opt->hw;
	q->o.present |= BIT64(NUM_TC) | BIT64(MAP) | BIT64(QUEUES) | BIT64(HW);
	for (a = (void *)((char *)nla_data(options) + size); r >= 0 && nla_ok(a, left);
	     a = nla_next((struct nlattr *)a, &left))
		r = get_one(a, m);
	return r;
}

/* Return: the classes are whole, and more can be said of them. */
bool classes_check(const struct qdisc_check *c, const struct classes *cl, bool may_overlap)
{
	static const unsigned needed[] = { NUM_TC, MAP, QUEUES };
	const char *kind = c->qdisc->kind;
	unsigned before = c->errors->n;
	const struct queues16 *q = &cl->queues;

	if (c->qdisc->parent)
		qdisc_error(c, QDISC_PARENT, "root-only", "a %s is a root only", kind);
	for (unsigned n = 0; n < ARRAY_SIZE(needed); n++)
		if (!qdisc_has(c->qdisc, needed[n]))
			qdisc_error(c, needed[n], "classes-needed", "must be given");
	if (c->errors->n > before)
		return false;
	for (unsigned n = 0; n < TC_CLASSES; n++)
		if (cl->map.v[n] >= cl->num_tc)
			qdisc_error(c, MAP, "classes-map",
				    "priority %u is of class %u: there are %u, counted from 0", n,
				    cl->map.v[n], cl->num_tc);
	if (q->n != cl->num_tc)
		qdisc_error(c, QUEUES, "classes-queues", "%u for %u classes", q->n, cl->num_tc);
	for (unsigned n = 0; n < q->n; n++) {
		if (!q->count[n])
			qdisc_error(c, QUEUES, "classes-queues", "class %u has none", n);
		for (unsigned k = 0; k < n && !may_overlap; k++)
			if (q->offset[k] < q->offset[n] + q->count[n] &&
			    q->offset[n] < q->offset[k] + q->count[k])
				qdisc_error(
					c, QUEUES, "classes-overlap",
					"\"%u@%u\" of class %u and \"%u@%u\" of class %u overlap",
					q->count[k], q->offset[k], k, q->count[n], q->offset[n], n);
	}
	return c->errors->n == before;
}

/* A switch's port often has one queue: there is nothing to divide (netif_is_multiqueue()). */
char *classes_refused(const struct iface *have, const struct qdisc *q, const struct classes *c)
{
	unsigned queues = tx_queues(have);

	if (!queues)
		return NULL;
	if (queues == 1)
		return str_format(
			"qdisc root %s: the device has one transmit queue, and %s divides queues "
			"among classes [queues-one]",
			q->kind, q->kind);
	for (unsigned n = 0; n < c->queues.n; n++)
		if (c->queues.offset[n] + c->queues.count[n] > (int)queues)
			return str_format(
				"qdisc root %s: queues: \"%u@%u\" of class %u: the device has %u "
				"transmit queues [queues-few]",
				q->kind, c->queues.count[n], c->queues.offset[n], n, queues);
	return NULL;
}

static void check_rates(const struct qdisc_check *c, unsigned row, const struct rates16 *r)
{
	const struct mqprio *m = (const struct mqprio *)c->qdisc;

	if (!qdisc_has(c->qdisc, row))
		return;
	if (!qdisc_has(c->qdisc, SHAPER) || m->shaper != TC_MQPRIO_SHAPER_BW_RATE)
		qdisc_error(c, row, "mqprio-rates", "needs shaper = \"bw_rlimit\"");
	if (r->n != m->c.num_tc)
		qdisc_error(c, row, "mqprio-rates", "%u for %u classes", r->n, m->c.num_tc);
}

static void check(const struct qdisc_check *c)
{
	const struct mqprio *m = (const struct mqprio *)c->qdisc;

	if (!classes_check(c, &m->c, false))
		return;
	for (unsigned row = MODE; row <= FP; row++)
		if (qdisc_has(c->qdisc, row) && !m->hw)
			qdisc_error(c, row, "mqprio-hw", "needs hw = true");
	if (qdisc_has(c->qdisc, SHAPER) && m->mode != TC_MQPRIO_MODE_CHANNEL)
		qdisc_error(c, SHAPER, "mqprio-shaper", "needs mode = \"channel\"");
	check_rates(c, MIN_RATE, &m->min_rate);
	check_rates(c, MAX_RATE, &m->max_rate);
	for (int n = 0; n < min_of(m->min_rate.n, m->max_rate.n); n++)
		if (m->max_rate.v[n] && m->min_rate.v[n] > m->max_rate.v[n])
			qdisc_error(c, MIN_RATE, "mqprio-rates",
				    "of class %d is above its max_rate", n);
}

static char *refused(const struct iface *have, const struct iface *want _unused_,
		     const struct qdisc *q)
{
	const struct mqprio *m = (const struct mqprio *)q;

	return classes_refused(have, q, &m->c);
}

const struct qdisc_kind mqprio_kind = {
	QDISC_FEATURE("mqprio", "Traffic classes on transmit queues", rows),
	.put = put, .get = get, .check = check,
	.refused = refused, .owns_classes = true, .fixed = true, .whole = true, .classful = true,
};
