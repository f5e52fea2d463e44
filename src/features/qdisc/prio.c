// SPDX-License-Identifier: LGPL-2.1-or-later
/* prio: bands that are served strictly in their order. */
#include "features/qdisc/kinds.h"

struct prio {
	struct qdisc q;
	uint32_t bands;
	struct numbers16 map;
};

enum { BANDS = QDISC_OWN, MAP };

static const struct row rows[] = {
	QDISC_ROWS,
	[BANDS] = { .key = "bands", .type = &type_u32, VALUE(prio, bands), .min = 2, .max = 16,
		    .initial = "3", .help = "How many bands; the first is served first" },
	/* TCA_PRIO's default: sch_prio.c has none, tc(8) sends this. */
	[MAP] = { .key = "priomap", .type = &type_numbers16, VALUE(prio, map), .max = 15,
		  .initial = "[ 1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 ]",
		  .help = "The band of each of 16 priorities, counted from 0" },
};
QDISC_FITS(prio);

static int put(struct encoder *e, const struct qdisc *q)
{
	const struct prio *p = (const struct prio *)q;
	struct tc_prio_qopt opt = { .bands = p->bands };

	for (unsigned n = 0; n <= TC_PRIO_MAX; n++)
		opt.priomap[n] = p->map.v[n];
	return nla_put(e->msg, TCA_OPTIONS, sizeof(opt), &opt) < 0 ? -EMSGSIZE : 0;
}

static int get(const struct nlattr *options, struct qdisc *q)
{
	struct prio *p = (struct prio *)q;
	const struct tc_prio_qopt *opt = nla_data(options);

	if ((size_t)nla_len(options) < sizeof(*opt))
		return -EBADMSG;
	p->bands = opt->bands;
	for (unsigned n = 0; n <= TC_PRIO_MAX; n++)
		p->map.v[n] = opt->priomap[n];
	q->o.present |= BIT64(BANDS) | BIT64(MAP);
	return 0;
}

static unsigned classes(const struct qdisc *q)
{
	return qdisc_has(q, BANDS) ? ((const struct prio *)q)->bands : 3;
}

static void check(const struct qdisc_check *c)
{
	const struct prio *p = (const struct prio *)c->qdisc;
	unsigned bands = classes(c->qdisc), highest = 0;

	for (unsigned n = 0; n <= TC_PRIO_MAX; n++)
		highest = max_of(highest, p->map.v[n]);
	if (qdisc_has(c->qdisc, MAP) && highest >= bands)
		qdisc_error(c, MAP, "prio-map", "band %u: there are %u, counted from 0", highest,
			    bands);
	else if (!qdisc_has(c->qdisc, MAP) && bands < 3)
		qdisc_error(c, BANDS, "prio-map", "fewer than 3 need a priomap");
}

const struct qdisc_kind prio_kind = {
	QDISC_FEATURE("prio", "Bands, served strictly in their order", rows),
	.put = put, .get = get, .check = check, .whole = true,
	.classes = classes, .classful = true, .filters = true,
};
