// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds that hold frames back to a rate: tbf; and bursts, which htb has too.
 *
 * The kernel keeps a burst as the time that it takes at the rate and tells it
 * in 32 bits of ticks of 64 ns (PSCHED_NS2TICKS()), so that what comes back is not
 * quite what was set, and more than 274 s cannot be said.
 */
#include "features/qdisc/kinds.h"

#define TICK_NS 64

struct tbf {
	struct qdisc q;
	uint64_t rate, peakrate;
	uint32_t burst, minburst, limit, mpu, overhead;
	int64_t latency;
};

enum { RATE = QDISC_OWN, BURST, LIMIT, LATENCY, PEAKRATE, MINBURST, MPU, OVERHEAD };

static const struct row tbf_rows[] = {
	QDISC_ROWS,
	[RATE] = { .key = "rate", .type = &type_rate, VALUE(tbf, rate), .min = 8,
		   .help = "Rate of sending, headers included" },
	[BURST] = { .key = "burst", .type = &type_size, VALUE(tbf, burst), .min = 1,
		    .help = "What may be sent at once after a silence" },
	[LIMIT] = { .key = "limit", .type = &type_size, VALUE(tbf, limit),
		    .help = "Longest queue" },
	[LATENCY] = { .key = "latency", .type = &type_time_ns64, VALUE(tbf, latency),
		      .flags = ROW_POLICY,
		      .help = "The same as the longest time in it, from which limit is computed" },
	[PEAKRATE] = { .key = "peakrate", .type = &type_rate, VALUE(tbf, peakrate),
		       .initial = "\"0bit\"", .help = "Rate within a burst" },
	[MINBURST] = { .key = "minburst", .type = &type_size, VALUE(tbf, minburst),
		       .initial = "\"0B\"", .help = "Burst of the peak rate; at least the MTU" },
	[MPU] = { .key = "mpu", .type = &type_size, VALUE(tbf, mpu), .max = 65535,
		  .initial = "\"0B\"", .help = "A frame counts for at least this" },
	[OVERHEAD] = { .key = "overhead", .type = &type_size, VALUE(tbf, overhead), .max = 65535,
		       .initial = "\"0B\"", .help = "Bytes of the link layer that count, a frame" },
};
QDISC_FITS(tbf);

/* Upwards: a burst a little shorter than a frame would let none through, ever. */
uint64_t burst_ticks(uint64_t size, uint64_t rate)
{
	unsigned __int128 tick = (unsigned __int128)rate * TICK_NS;

	return rate ? ((unsigned __int128)size * 1000000000 + tick - 1) / tick : 0;
}

uint32_t burst_most(uint64_t rate)
{
	return ticks_burst(UINT32_MAX, rate, 0);
}

uint32_t ticks_burst(uint64_t ticks, uint64_t rate, uint32_t overhead)
{
	uint64_t size = (unsigned __int128)ticks * TICK_NS * rate / 1000000000;

	return size > overhead ? min_of(size - overhead, (uint64_t)UINT32_MAX) : 0;
}

bool burst_same(uint32_t a, uint32_t b, uint64_t rate)
{
	uint64_t slack = rate * TICK_NS / 1000000000 + 2;

	return (a > b ? a - b : b - a) <= slack;
}

void tc_ratespec_set(struct tc_ratespec *r, uint64_t rate, uint16_t mpu, uint16_t overhead)
{
	r->rate = min_of(rate, (uint64_t)UINT32_MAX);
	r->mpu = mpu;
	r->overhead = overhead;
	r->linklayer = TC_LINKLAYER_ETHERNET;
}

uint64_t tc_rate(const struct nlattr *wide, const struct tc_ratespec *r)
{
	return wide && nla_len(wide) >= 8 ? nla_get_u64(wide) : r->rate;
}

static int tbf_put(struct encoder *e, const struct qdisc *q)
{
	const struct tbf *t = (const struct tbf *)q;
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	struct tc_tbf_qopt opt = {
		.limit = t->limit, .buffer = burst_ticks((uint64_t)t->burst + t->overhead, t->rate),
		.mtu = burst_ticks((uint64_t)t->minburst + t->overhead,
					     t->peakrate),
	};
	int bad;

	if (!nest)
		return -EMSGSIZE;
	tc_ratespec_set(&opt.rate, t->rate, t->mpu, t->overhead);
	if (t->peakrate)
		tc_ratespec_set(&opt.peakrate, t->peakrate, t->mpu, t->overhead);
	bad = nla_put(e->msg, TCA_TBF_PARMS, sizeof(opt), &opt);
	bad |= nla_put_u32(e->msg, TCA_TBF_BURST, t->burst);
	if (t->rate > UINT32_MAX)
		bad |= nla_put_u64(e->msg, TCA_TBF_RATE64, t->rate);
	if (t->peakrate)
		bad |= nla_put_u32(e->msg, TCA_TBF_PBURST, t->minburst);
	if (t->peakrate > UINT32_MAX)
		bad |= nla_put_u64(e->msg, TCA_TBF_PRATE64, t->peakrate);
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int tbf_get(const struct nlattr *options, struct qdisc *q)
{
	struct tbf *t = (struct tbf *)q;
	struct nlattr *tb[TCA_TBF_MAX + 1];
	const struct tc_tbf_qopt *opt;

	if (nla_parse_nested(tb, TCA_TBF_MAX, (struct nlattr *)options, NULL) < 0 ||
	    !tb[TCA_TBF_PARMS] || (size_t)nla_len(tb[TCA_TBF_PARMS]) < sizeof(*opt))
		return -EBADMSG;
	opt = nla_data(tb[TCA_TBF_PARMS]);
	t->rate = tc_rate(tb[TCA_TBF_RATE64], &opt->rate);
	t->peakrate = tc_rate(tb[TCA_TBF_PRATE64], &opt->peakrate);
	t->mpu = opt->rate.mpu;
	t->overhead = opt->rate.overhead;
	t->burst = ticks_burst(opt->buffer, t->rate, t->overhead);
	t->minburst = ticks_burst(opt->mtu, t->peakrate, t->overhead);
	t->limit = opt->limit;
	q->o.present |= BIT64(RATE) | BIT64(BURST) | BIT64(LIMIT) | BIT64(PEAKRATE) |
			BIT64(MINBURST) | BIT64(MPU) | BIT64(OVERHEAD);
	return 0;
}

static bool tbf_same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct tbf *a = (const struct tbf *)to, *b = (const struct tbf *)from;

	if (!(from->present & BIT64(row - tbf_rows)))
		return false;
	if (row == &tbf_rows[BURST])
		return burst_same(a->burst, b->burst, a->rate);
	if (row == &tbf_rows[MINBURST])
		return burst_same(a->minburst, b->minburst, a->peakrate);
	return row_equal(row, to, from);
}

static void tbf_complete(struct qdisc *q)
{
	struct tbf *t = (struct tbf *)q;
	uint64_t limit, peak;

	if (!qdisc_has(q, LATENCY) || qdisc_has(q, LIMIT))
		return;
	limit = t->rate * (double)t->latency / 1e9 + t->burst;
	peak = t->peakrate * (double)t->latency / 1e9 + t->minburst;
	if (t->peakrate)
		limit = min_of(limit, peak);
	t->limit = min_of(limit, (uint64_t)UINT32_MAX);
	q->o.present |= BIT64(LIMIT);
}

/* psched_l2t_ns() makes the smallest frame of what is less, and tells that. */
static void tbf_check_burst(const struct qdisc_check *c, unsigned row, uint64_t size, uint64_t rate)
{
	const struct tbf *t = (const struct tbf *)c->qdisc;

	if (!size || !rate)
		return;
	if (burst_ticks(size + t->overhead, rate) > UINT32_MAX)
		qdisc_error(c, row, "tbf-burst", "takes more than 274 s at its rate, which the "
			    "kernel cannot tell: at most %u bytes", burst_most(rate) > t->overhead ?
			    burst_most(rate) - t->overhead : 0);
	if (size + t->overhead < t->mpu)
		qdisc_error(c, row, "tbf-mpu", "is below mpu, for which every frame counts");
}

static void tbf_check(const struct qdisc_check *c)
{
	const struct tbf *t = (const struct tbf *)c->qdisc;

	for (unsigned row = RATE; row <= LIMIT; row++)
		if (!qdisc_has(c->qdisc, row))
			qdisc_error(c, row, "tbf-needs", "must be given%s",
				    row == LIMIT ? ", or latency" : "");
	tbf_check_burst(c, BURST, t->burst, t->rate);
	tbf_check_burst(c, MINBURST, t->minburst, t->peakrate);
	if (t->peakrate && t->peakrate <= t->rate)
		qdisc_error(c, PEAKRATE, "tbf-peakrate", "must be above the rate");
	if (!t->peakrate != !t->minburst)
		qdisc_error(c, t->peakrate ? PEAKRATE : MINBURST, "tbf-peakrate",
			    "peakrate and minburst go together");
}

const struct qdisc_kind tbf_kind = {
	QDISC_FEATURE("tbf", "Frames held back to a rate", tbf_rows),
	.put = tbf_put, .get = tbf_get, .check = tbf_check,
	.same = tbf_same, .complete = tbf_complete, .whole = true, .classful = true,
};
