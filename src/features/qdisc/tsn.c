// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds that stand below the classes of a TSN port: cbs (IEEE 802.1Q, 8.6.8.2),
 * etf, and ets (8.6.8.3) in the place of strict priority.
 */
#include <linux/if_ether.h>
#include <time.h>

#include "features/qdisc/kinds.h"

#ifndef CLOCK_TAI
#define CLOCK_TAI 11
#endif

/* cbs: credits in bytes, slopes in kbit/s, as the kernel has them (struct tc_cbs_qopt). */
struct cbs {
	struct qdisc q;
	int32_t idleslope, sendslope, hicredit, locredit;
	uint8_t offload;
};

enum { IDLESLOPE = QDISC_OWN, SENDSLOPE, HICREDIT, LOCREDIT, CBS_OFFLOAD };

static const struct row cbs_rows[] = {
	QDISC_ROWS,
	[IDLESLOPE] = { .key = "idleslope", .type = &type_s32, VALUE(cbs, idleslope),
			.initial = "0",
			.help = "Credit that a waiting class gains, kbit/s: what it gets of the "
				"link" },
	[SENDSLOPE] = { .key = "sendslope", .type = &type_s32, VALUE(cbs, sendslope),
			.initial = "0",
			.help = "Credit that sending costs, kbit/s: idleslope less the link's "
				"speed" },
	[HICREDIT] = { .key = "hicredit", .type = &type_s32, VALUE(cbs, hicredit), .initial = "0",
		       .help = "Most credit, bytes" },
	[LOCREDIT] = { .key = "locredit", .type = &type_s32, VALUE(cbs, locredit), .initial = "0",
		       .help = "Least credit, bytes" },
	[CBS_OFFLOAD] = { .key = "offload", .type = &type_bool, VALUE(cbs, offload),
			  .initial = "false", .help = "The device does it" },
};
QDISC_FITS(cbs);

static int cbs_put(struct encoder *e, const struct qdisc *q)
{
	const struct cbs *c = (const struct cbs *)q;
	const struct tc_cbs_qopt opt = {
		.offload = c->offload, .hicredit = c->hicredit, .locredit = c->locredit,
		.idleslope = c->idleslope, .sendslope = c->sendslope,
	};
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);

	if (!nest || nla_put(e->msg, TCA_CBS_PARMS, sizeof(opt), &opt) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int cbs_get(const struct nlattr *options, struct qdisc *q)
{
	struct cbs *c = (struct cbs *)q;
	struct nlattr *tb[TCA_CBS_MAX + 1];
	const struct tc_cbs_qopt *opt;

	if (nla_parse_nested(tb, TCA_CBS_MAX, (struct nlattr *)options, NULL) < 0 ||
	    !tb[TCA_CBS_PARMS] || (size_t)nla_len(tb[TCA_CBS_PARMS]) < sizeof(*opt))
		return -EBADMSG;
	opt = nla_data(tb[TCA_CBS_PARMS]);
	c->offload = !!opt->offload;
	c->hicredit = opt->hicredit;
	c->locredit = opt->locredit;
	c->idleslope = opt->idleslope;
	c->sendslope = opt->sendslope;
	for (unsigned n = IDLESLOPE; n <= CBS_OFFLOAD; n++)
		q->o.present |= BIT64(n);
	return 0;
}

static void cbs_check(const struct qdisc_check *c)
{
	const struct cbs *s = (const struct cbs *)c->qdisc;

	if (s->idleslope < 0)
		qdisc_error(c, IDLESLOPE, "cbs-slopes", "a class that loses credit never sends");
	if (s->sendslope > 0)
		qdisc_error(c, SENDSLOPE, "cbs-slopes",
			    "sending costs credit: must not be above 0");
	if (s->hicredit < 0)
		qdisc_error(c, HICREDIT, "cbs-credit", "must not be below 0");
	if (s->locredit > 0)
		qdisc_error(c, LOCREDIT, "cbs-credit", "must not be above 0");
}

const struct qdisc_kind cbs_kind = {
	QDISC_FEATURE("cbs", "Credit-based shaper (IEEE 802.1Q, 8.6.8.2)", cbs_rows),
	.put = cbs_put, .get = cbs_get, .check = cbs_check, .whole = true, .classful = true,
};

/* etf: frames leave at the time that their sender gave them. */
struct etf {
	struct qdisc q;
	uint32_t clock;
	int32_t delta;
	uint8_t deadline_mode, offload, skip_sock_check;
};

enum { CLOCK = QDISC_OWN, DELTA, DEADLINE_MODE, ETF_OFFLOAD, SKIP_SOCK_CHECK };

/* The only one that it takes (validate_input_params()). */
static const struct word etf_clocks[] = { { "TAI", CLOCK_TAI }, { NULL, 0 } };

static const struct row etf_rows[] = {
	QDISC_ROWS,
	[CLOCK] = { .key = "clock", .type = &type_enum32, VALUE(etf, clock), .data = etf_clocks,
		    .initial = "\"TAI\"", .help = "The clock of the times" },
	[DELTA] = { .key = "delta", .type = &type_s32, VALUE(etf, delta), .min = 0,
		    .max = INT32_MAX,
		    .initial = "0", .help = "How much earlier a frame is given to the device, ns" },
	[DEADLINE_MODE] = { .key = "deadline_mode", .type = &type_bool, VALUE(etf, deadline_mode),
			    .initial = "false",
			    .help = "A time is the latest: a frame may leave before it" },
	[ETF_OFFLOAD] = { .key = "offload", .type = &type_bool, VALUE(etf, offload),
			  .initial = "false", .help = "The device sends at the time" },
	[SKIP_SOCK_CHECK] = { .key = "skip_sock_check", .type = &type_bool,
			      VALUE(etf, skip_sock_check), .initial = "false",
			      .help = "Take frames also of sockets without SO_TXTIME" },
};
QDISC_FITS(etf);

static int etf_put(struct encoder *e, const struct qdisc *q)
{
	const struct etf *t = (const struct etf *)q;
	const struct tc_etf_qopt opt = {
		.delta = t->delta, .clockid = t->clock,
		.flags = (t->deadline_mode ? TC_ETF_DEADLINE_MODE_ON : 0) |
			 (t->offload ? TC_ETF_OFFLOAD_ON : 0) |
			 (t->skip_sock_check ? TC_ETF_SKIP_SOCK_CHECK : 0),
	};
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);

	if (!nest || nla_put(e->msg, TCA_ETF_PARMS, sizeof(opt), &opt) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int etf_get(const struct nlattr *options, struct qdisc *q)
{
	struct etf *t = (struct etf *)q;
	struct nlattr *tb[TCA_ETF_MAX + 1];
	const struct tc_etf_qopt *opt;

	if (nla_parse_nested(tb, TCA_ETF_MAX, (struct nlattr *)options, NULL) < 0 ||
	    !tb[TCA_ETF_PARMS] || (size_t)nla_len(tb[TCA_ETF_PARMS]) < sizeof(*opt))
		return -EBADMSG;
	opt = nla_data(tb[TCA_ETF_PARMS]);
	t->clock = opt->clockid;
	t->delta = opt->delta;
	t->deadline_mode = !!(opt->flags & TC_ETF_DEADLINE_MODE_ON);
	t->offload = !!(opt->flags & TC_ETF_OFFLOAD_ON);
	t->skip_sock_check = !!(opt->flags & TC_ETF_SKIP_SOCK_CHECK);
	for (unsigned n = CLOCK; n <= SKIP_SOCK_CHECK; n++)
		q->o.present |= BIT64(n);
	return 0;
}

const struct qdisc_kind etf_kind = {
	QDISC_FEATURE("etf", "Frames leave at their time (SO_TXTIME)", etf_rows), .put = etf_put,
	.get = etf_get, .fixed = true, .whole = true,
};

/*
 * ets: strict bands first, what is left to the others by their quanta.
 *
 * A band beside others that have a quantum always has one here, too: the kernel tells what
 * it chose by itself as if it had been asked for, so that nobody could see what was taken back.
 */
#define QUANTUM_LEFT_OUT (ETH_DATA_LEN + ETH_HLEN)

struct ets {
	struct qdisc q;
	uint8_t bands, strict;
	struct numbers16 quanta, map;
};

enum { BANDS = QDISC_OWN, STRICT, QUANTA, MAP };

static const struct row ets_rows[] = {
	QDISC_ROWS,
	[BANDS] = { .key = "bands", .type = &type_u8, VALUE(ets, bands), .attr = TCA_ETS_NBANDS,
		    .min = 1, .max = TCQ_ETS_MAX_BANDS,
		    .help = "How many bands; by itself those that are strict or have a quantum" },
	[STRICT] = { .key = "strict", .type = &type_u8, VALUE(ets, strict),
		     .attr = TCA_ETS_NSTRICT, .max = TCQ_ETS_MAX_BANDS, .initial = "0",
		     .help = "How many of them, from the first, are served before all others" },
	[QUANTA] = { .key = "quanta", .type = &type_numbers16, VALUE(ets, quanta),
		     .help = "Bytes a round of each other band; 1514 where some have none" },
	[MAP] = { .key = "priomap", .type = &type_numbers16, VALUE(ets, map), .max = 15,
		  .help = "The band of each of 16 priorities, counted from 0; the last where "
			  "nothing is written" },
};
QDISC_FITS(ets);

static int ets_put(struct encoder *e, const struct qdisc *q)
{
	const struct ets *t = (const struct ets *)q;
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS), *list;
	int bad;

	if (!nest)
		return -EMSGSIZE;
	bad = encode_rows(e, &ets_kind.f, &q->o, q->o.present & (BIT64(BANDS) | BIT64(STRICT)));
	if (qdisc_has(q, QUANTA)) {
		list = nla_nest_start(e->msg, TCA_ETS_QUANTA);
		if (!list)
			return -EMSGSIZE;
		for (unsigned n = 0; n < TC_CLASSES && t->quanta.v[n]; n++)
			bad |= nla_put_u32(e->msg, TCA_ETS_QUANTA_BAND, t->quanta.v[n]);
		nla_nest_end(e->msg, list);
	}
	if (qdisc_has(q, MAP)) {
		list = nla_nest_start(e->msg, TCA_ETS_PRIOMAP);
		if (!list)
			return -EMSGSIZE;
		for (unsigned n = 0; n < TC_CLASSES; n++)
			bad |= nla_put_u8(e->msg, TCA_ETS_PRIOMAP_BAND, t->map.v[n]);
		nla_nest_end(e->msg, list);
	}
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int ets_get(const struct nlattr *options, struct qdisc *q)
{
	struct ets *t = (struct ets *)q;
	struct nlattr *tb[TCA_ETS_MAX + 1], *a;
	int left, r;
	unsigned n;

	if (nla_parse_nested(tb, TCA_ETS_MAX, (struct nlattr *)options, NULL) < 0)
		return -EBADMSG;
	r = object_decode(&ets_kind.f, &q->o, tb, TCA_ETS_NSTRICT);
	n = 0;
	if (tb[TCA_ETS_QUANTA])
		nla_for_each_nested(a, tb[TCA_ETS_QUANTA], left)
			if (n < TC_CLASSES && nla_len(a) >= 4)
				t->quanta.v[n++] = nla_get_u32(a);
	n = 0;
	if (tb[TCA_ETS_PRIOMAP])
		nla_for_each_nested(a, tb[TCA_ETS_PRIOMAP], left)
			if (n < TC_CLASSES && nla_len(a) >= 1)
				t->map.v[n++] = nla_get_u8(a);
	q->o.present |= BIT64(STRICT) | BIT64(QUANTA) | BIT64(MAP);
	return r;
}

static bool ets_same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct ets *a = (const struct ets *)to, *b = (const struct ets *)from;

	if (row != &ets_rows[QUANTA])
		return row_has(&ets_kind.f, row, from) && row_equal(row, to, from);
	/*
	 * Newer kernels make 256 of what is less, 2^20 of what is more (ets_qdisc_quanta_parse()).
	 */
	for (unsigned n = 0; n < TC_CLASSES; n++)
		if (a->quanta.v[n] && a->quanta.v[n] != b->quanta.v[n] &&
		    min_of(max_of(a->quanta.v[n], 256u), 1u << 20) != b->quanta.v[n])
			return false;
	return true;
}

/*
 * As many bands as are named, as tc(8); what is not mapped goes to the last, as the kernel.
 * Of quanta only the end is filled in: one of 0 before another is ets_check()'s.
 */
static void ets_complete(struct qdisc *q)
{
	struct ets *t = (struct ets *)q;
	unsigned n = 0;

	for (unsigned k = 0; k < TC_CLASSES; k++)
		n = t->quanta.v[k] ? k + 1 : n;
	if (!qdisc_has(q, BANDS) && t->strict + n) {
		t->bands = min_of(t->strict + n, 255u);
		q->o.present |= BIT64(BANDS);
	}
	for (; qdisc_has(q, QUANTA) && n < TC_CLASSES && t->strict + n < t->bands; n++)
		t->quanta.v[n] = QUANTUM_LEFT_OUT;
	for (n = t->map.n; qdisc_has(q, MAP) && t->bands && n < TC_CLASSES; n++)
		t->map.v[n] = t->bands - 1;
}

static void ets_check(const struct qdisc_check *c)
{
	const struct ets *t = (const struct ets *)c->qdisc;
	unsigned quanta = 0;

	if (!qdisc_has(c->qdisc, BANDS)) {
		qdisc_error(c, BANDS, "ets-bands", "must be given");
		return;
	}
	if (t->bands > TCQ_ETS_MAX_BANDS)
		qdisc_error(c, BANDS, "ets-bands", "%u: there are up to %u", t->bands,
			    TCQ_ETS_MAX_BANDS);
	if (t->strict > t->bands)
		qdisc_error(c, STRICT, "ets-bands", "%u of %u bands", t->strict, t->bands);
	for (unsigned n = 0; n < TC_CLASSES; n++) {
		if (t->map.v[n] >= t->bands) {
			qdisc_error(c, MAP, "ets-map", "band %u: there are %u, counted from 0",
				    t->map.v[n], t->bands);
			break;
		}
	}
	while (quanta < TC_CLASSES && t->quanta.v[quanta])
		quanta++;
	for (unsigned n = quanta; n < TC_CLASSES; n++)
		if (t->quanta.v[n])
			qdisc_error(c, QUANTA, "ets-quanta",
				    "one of 0 cannot stand before another");
	if (t->strict + quanta > t->bands && t->strict <= t->bands)
		qdisc_error(c, QUANTA, "ets-quanta", "%u, beside %u strict ones of %u bands",
			    quanta, t->strict, t->bands);
}

static unsigned ets_classes(const struct qdisc *q)
{
	return ((const struct ets *)q)->bands;
}

const struct qdisc_kind ets_kind = {
	QDISC_FEATURE("ets", "Strict bands, then the others by shares (IEEE 802.1Q, 8.6.8.3)",
		      ets_rows),
	.put = ets_put, .get = ets_get, .check = ets_check, .same = ets_same,
	.complete = ets_complete, .classes = ets_classes, .forgets = true, .classful = true,
	.filters = true,
};
