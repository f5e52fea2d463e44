// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netem: a bad link, for tests. Shares of packets are 32 bits, all of them
 * 100%; a change leaves what it does not say of corruption, reordering and
 * rate as it was (netem_change()).
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "features/qdisc/kinds.h"
#include "util/real.h"

struct netem {
	struct qdisc q;
	uint32_t limit, gap, loss, duplicate, reorder, corrupt;
	int64_t delay, jitter;
	uint64_t rate;
	uint8_t ecn;
};

enum { LIMIT = QDISC_OWN, DELAY, JITTER, LOSS, DUPLICATE, REORDER, GAP, CORRUPT, RATE, ECN };

static int share_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	double share;
	char *end;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	share = strtod(text, &end);
	if (end == text || strcmp(end, "%") || text[strspn(text, "0123456789.%")])
		return parse_refuse(p, "\"%s\" is not a share of the packets (\"0.5%%\")", text);
	if (share > 100)
		return parse_refuse(p, "\"%s\" is more than all", text);
	*(uint32_t *)v = real_round(share / 100 * UINT32_MAX);
	return 0;
}

static json_t *share_json(const struct row *row _unused_, const void *v)
{
	return json_sprintf("%.7g%%", *(const uint32_t *)v * 100.0 / UINT32_MAX);
}

/* As near as it is written. */
static bool share_equal(const struct row *row _unused_, const void *a, const void *b)
{
	double x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return fabs(x - y) <= 1 + max_of(x, y) / 1e6;
}

static const struct type type_share = {
	.name = "a share of the packets", .signature = "s", .size = 4, .parse = share_parse,
	.json = share_json, .equal = share_equal,
};

static const struct row rows[] = {
	QDISC_ROWS,
	[LIMIT] = { .key = "limit", .type = &type_u32, VALUE(netem, limit), .initial = "1000",
		    .help = "Longest queue, packets" },
	[DELAY] = { .key = "delay", .type = &type_time_ns64, VALUE(netem, delay),
		    .attr = TCA_NETEM_LATENCY64, .initial = "\"0ns\"",
		    .help = "How much later packets leave" },
	[JITTER] = { .key = "jitter", .type = &type_time_ns64, VALUE(netem, jitter),
		     .attr = TCA_NETEM_JITTER64, .max = INT32_MAX, .initial = "\"0ns\"",
		     .help = "By how much that varies" },
	[LOSS] = { .key = "loss", .type = &type_share, VALUE(netem, loss), .initial = "\"0%\"",
		   .help = "Packets that are lost" },
	[DUPLICATE] = { .key = "duplicate", .type = &type_share, VALUE(netem, duplicate),
			.initial = "\"0%\"", .help = "Packets that leave twice" },
	[REORDER] = { .key = "reorder", .type = &type_share, VALUE(netem, reorder),
		      .initial = "\"0%\"", .help = "Packets that leave without delay" },
	[GAP] = { .key = "gap", .type = &type_u32, VALUE(netem, gap), .initial = "0",
		  .help = "Every so many packets one is reordered; 0 and 1: each may be" },
	[CORRUPT] = { .key = "corrupt", .type = &type_share, VALUE(netem, corrupt),
		      .initial = "\"0%\"", .help = "Packets with a bit changed" },
	[RATE] = { .key = "rate", .type = &type_rate, VALUE(netem, rate), .initial = "\"0bit\"",
		   .help = "Rate of sending; 0bit: any" },
	[ECN] = { .key = "ecn", .type = &type_bool32, VALUE(netem, ecn), .attr = TCA_NETEM_ECN,
		  .initial = "false", .help = "Mark packets rather than lose them" },
};
QDISC_FITS(netem);

/* With 0 nothing is reordered, whatever the probability (netem_enqueue()); as tc(8). */
static uint32_t gap_of(const struct netem *n)
{
	return n->reorder && !n->gap ? 1 : n->gap;
}

static int put(struct encoder *e, const struct qdisc *q)
{
	const struct netem *n = (const struct netem *)q;
	const struct tc_netem_qopt opt = {
		.limit = n->limit, .loss = n->loss, .gap = gap_of(n), .duplicate = n->duplicate,
	};
	const struct tc_netem_reorder reorder = { .probability = n->reorder };
	const struct tc_netem_corrupt corrupt = { .probability = n->corrupt };
	const struct tc_netem_rate rate = { .rate = min_of(n->rate, (uint64_t)UINT32_MAX) };
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	int bad;

	if (!nest || nlmsg_append(e->msg, (void *)&opt, sizeof(opt), NLMSG_ALIGNTO) < 0)
		return -EMSGSIZE;
	bad = encode_rows(e, &netem_kind.f, &q->o, q->o.present);
	bad |= nla_put(e->msg, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
	bad |= nla_put(e->msg, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
	bad |= nla_put(e->msg, TCA_NETEM_RATE, sizeof(rate), &rate);
	if (n->rate > UINT32_MAX)
		bad |= nla_put_u64(e->msg, TCA_NETEM_RATE64, n->rate);
	if (bad < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

/* The first number of one of the structures that attributes are. */
static uint32_t first(struct nlattr *const *tb, int attr)
{
	return tb[attr] && nla_len(tb[attr]) >= 4 ? nla_get_u32(tb[attr]) : 0;
}

static int get(const struct nlattr *options, struct qdisc *q)
{
	struct netem *n = (struct netem *)q;
	const struct tc_netem_qopt *opt = nla_data(options);
	struct nlattr *tb[TCA_NETEM_MAX + 1];
	int size = NLA_ALIGN(sizeof(*opt));

	if (nla_len(options) < (int)sizeof(*opt) ||
	    nla_parse(tb, TCA_NETEM_MAX, (void *)((char *)nla_data(options) + size),
		      nla_len(options) - size, NULL) < 0)
		return -EBADMSG;
	n->limit = opt->limit;
	n->loss = opt->loss;
	n->gap = opt->gap;
	n->duplicate = opt->duplicate;
	n->reorder = first(tb, TCA_NETEM_REORDER);
	n->corrupt = first(tb, TCA_NETEM_CORRUPT);
	n->rate = tb[TCA_NETEM_RATE64] && nla_len(tb[TCA_NETEM_RATE64]) >= 8 ?
			  nla_get_u64(tb[TCA_NETEM_RATE64]) : first(tb, TCA_NETEM_RATE);
	for (unsigned row = LIMIT; row <= ECN; row++)
		q->o.present |= BIT64(row);
	return object_decode(&netem_kind.f, &q->o, tb, TCA_NETEM_MAX);
}

static bool same(const struct row *row, const struct object *to, const struct object *from)
{
	if (row == &rows[GAP])
		return gap_of((const struct netem *)to) == ((const struct netem *)from)->gap;
	return row_has(&netem_kind.f, row, from) && row_equal(row, to, from);
}

static void check(const struct qdisc_check *c)
{
	const struct netem *n = (const struct netem *)c->qdisc;

	if ((n->reorder || n->gap) && !n->delay)
		qdisc_error(c, n->gap ? GAP : REORDER, "netem-reorder",
			    "needs a delay, which some packets do not have then");
	if (n->gap && !n->reorder)
		qdisc_error(c, GAP, "netem-reorder", "needs reorder");
	if (n->ecn && !n->loss)
		qdisc_error(c, ECN, "netem-ecn", "needs loss");
}

const struct qdisc_kind netem_kind = {
	QDISC_FEATURE("netem", "A bad link, for tests", rows),
	.put = put, .get = get, .check = check, .same = same, .whole = true, .classful = true,
};
