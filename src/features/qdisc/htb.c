// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * htb: rates for classes that lend each other what they do not need. Here is
 * the discipline; its classes are a list of their own (class.c).
 *
 * The kernel cannot change it (no Qdisc_ops::change): another default class
 * means another discipline, and its classes are made anew after it.
 */
#include "features/features.h"
#include "features/qdisc/kinds.h"

struct htb {
	struct qdisc q;
	uint32_t defcls, r2q, direct_qlen;
	uint8_t offload;
};

enum { DEFAULT = QDISC_OWN, R2Q, DIRECT_QLEN, OFFLOAD };

static const struct row htb_rows[] = {
	QDISC_ROWS,
	[DEFAULT] = { .key = "default", .type = &type_tc_class, VALUE(htb, defcls),
		      .help = "Class of what no filter sends to one; without it no rate holds for "
			      "that" },
	[R2Q] = { .key = "r2q", .type = &type_u32, VALUE(htb, r2q), .min = 1, .max = UINT32_MAX,
		  .initial = "10",
		  .help = "What a class's rate in bytes is divided by for its quantum" },
	[DIRECT_QLEN] = { .key = "direct_qlen", .type = &type_u32, VALUE(htb, direct_qlen),
			  .help = "Longest queue of what is in no class, packets; by itself the "
				  "device's queue length" },
	[OFFLOAD] = { .key = "offload", .type = &type_bool, VALUE(htb, offload),
		      .initial = "false", .help = "Let the device do it" },
};
QDISC_FITS(htb);

static int htb_put(struct encoder *e, const struct qdisc *q)
{
	const struct htb *h = (const struct htb *)q;
	const struct tc_htb_glob glob = {
		.version = TC_HTB_PROTOVER, .rate2quantum = h->r2q, .defcls = TC_H_MIN(h->defcls),
	};
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	int bad = 0;

	if (!nest || nla_put(e->msg, TCA_HTB_INIT, sizeof(glob), &glob) < 0)
		return -EMSGSIZE;
	if (qdisc_has(q, DIRECT_QLEN))
		bad |= nla_put_u32(e->msg, TCA_HTB_DIRECT_QLEN, h->direct_qlen);
	if (h->offload)
		bad |= nla_put_flag(e->msg, TCA_HTB_OFFLOAD);
	nla_nest_end(e->msg, nest);
	return bad < 0 ? -EMSGSIZE : 0;
}

static int htb_get(const struct nlattr *options, struct qdisc *q)
{
	struct htb *h = (struct htb *)q;
	struct nlattr *tb[TCA_HTB_MAX + 1];
	const struct tc_htb_glob *glob;

	if (nla_parse_nested(tb, TCA_HTB_MAX, (struct nlattr *)options, NULL) < 0 ||
	    !tb[TCA_HTB_INIT] || (size_t)nla_len(tb[TCA_HTB_INIT]) < sizeof(*glob))
		return -EBADMSG;
	glob = nla_data(tb[TCA_HTB_INIT]);
	h->r2q = glob->rate2quantum;
	h->offload = !!tb[TCA_HTB_OFFLOAD];
	q->o.present |= BIT64(R2Q) | BIT64(OFFLOAD);
	if (glob->defcls) {
		h->defcls = TC_H_MAKE(q->handle, glob->defcls);
		q->o.present |= BIT64(DEFAULT);
	}
	if (tb[TCA_HTB_DIRECT_QLEN] && nla_len(tb[TCA_HTB_DIRECT_QLEN]) >= 4) {
		h->direct_qlen = nla_get_u32(tb[TCA_HTB_DIRECT_QLEN]);
		q->o.present |= BIT64(DIRECT_QLEN);
	}
	return 0;
}

static void htb_check(const struct qdisc_check *c)
{
	const struct htb *h = (const struct htb *)c->qdisc;
	char buf[TC_TEXT_MAX];

	if (!qdisc_has(c->qdisc, DEFAULT))
		return;
	if (TC_H_MAJ(h->defcls) != c->qdisc->handle || !class_find(c->iface, h->defcls))
		qdisc_error(c, DEFAULT, "htb-default", "%s is no class of it: what no filter sends "
			    "to a class would go out at any rate", tc_text(h->defcls, buf));
	else if (class_is_inner(c->iface, h->defcls))
		qdisc_error(c, DEFAULT, "htb-default", "%s has classes below it: what no filter "
			    "sends to a class would go out at any rate", tc_text(h->defcls, buf));
}

const struct qdisc_kind htb_kind = {
	QDISC_FEATURE("htb", "Rates for classes that borrow from each other", htb_rows),
	.put = htb_put, .get = htb_get, .check = htb_check, .fixed = true, .whole = true,
	.classful = true, .own_classes = true, .filters = true,
};
