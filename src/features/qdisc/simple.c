// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kinds with little to set: pfifo, bfifo, mq, multiq, clsact, ingress.
 *
 * Without a limit a fifo takes the device's txqueuelen (fifo_init()), so that
 * nothing may be sent then.
 */
#include "features/qdisc/kinds.h"

struct fifo {
	struct qdisc q;
	uint32_t limit;
};

enum { LIMIT = QDISC_OWN };

static const struct row pfifo_rows[] = {
	QDISC_ROWS,
	[LIMIT] = { .key = "limit", .type = &type_u32, VALUE(fifo, limit),
		    .help = "Longest queue, packets; by itself the device's queue length" },
};
static const struct row bfifo_rows[] = {
	QDISC_ROWS,
	[LIMIT] = { .key = "limit", .type = &type_size, VALUE(fifo, limit),
		    .help = "Longest queue; by itself the device's queue length, in packets of an "
			    "MTU" },
};
QDISC_FITS(fifo);

static int fifo_put(struct encoder *e, const struct qdisc *q)
{
	const struct tc_fifo_qopt opt = { .limit = ((const struct fifo *)q)->limit };

	if (!qdisc_has(q, LIMIT))
		return 0;
	return nla_put(e->msg, TCA_OPTIONS, sizeof(opt), &opt) < 0 ? -EMSGSIZE : 0;
}

static int fifo_get(const struct nlattr *options, struct qdisc *q)
{
	const struct tc_fifo_qopt *opt = nla_data(options);

	if ((size_t)nla_len(options) < sizeof(*opt))
		return -EBADMSG;
	((struct fifo *)q)->limit = opt->limit;
	q->o.present |= BIT64(LIMIT);
	return 0;
}

const struct qdisc_kind pfifo_kind = {
	QDISC_FEATURE("pfifo", "One queue, counted in packets", pfifo_rows),
	.put = fifo_put, .get = fifo_get,
};
const struct qdisc_kind bfifo_kind = {
	QDISC_FEATURE("bfifo", "One queue, counted in bytes", bfifo_rows),
	.put = fifo_put, .get = fifo_get,
};

static const struct row plain_rows[] = { QDISC_ROWS };

static int nothing_put(struct encoder *e _unused_, const struct qdisc *q _unused_)
{
	return 0;
}

static int nothing_get(const struct nlattr *options _unused_, struct qdisc *q _unused_)
{
	return 0;
}

static void mq_check(const struct qdisc_check *c)
{
	if (c->qdisc->parent)
		qdisc_error(c, QDISC_PARENT, "root-only", "a %s is a root only", c->qdisc->kind);
}

static char *mq_refused(const struct iface *have, const struct iface *want _unused_,
			const struct qdisc *q)
{
	if (tx_queues(have) != 1)
		return NULL;
	return str_format("qdisc root %s: the device has one transmit queue [queues-one]", q->kind);
}

const struct qdisc_kind mq_kind = {
	QDISC_FEATURE("mq", "A class for each transmit queue", plain_rows), .put = nothing_put,
	.get = nothing_get, .check = mq_check, .refused = mq_refused, .fixed = true,
	.classful = true,
};

/* The number of bands is the kernel's to say: that of the device's queues. */
static int multiq_put(struct encoder *e, const struct qdisc *q _unused_)
{
	const struct tc_multiq_qopt opt = { 0 };

	return nla_put(e->msg, TCA_OPTIONS, sizeof(opt), &opt) < 0 ? -EMSGSIZE : 0;
}

const struct qdisc_kind multiq_kind = {
	QDISC_FEATURE("multiq", "A band for each transmit queue, served in turn", plain_rows),
	.put = multiq_put, .get = nothing_get, .refused = mq_refused, .classful = true,
	.filters = true,
};

const struct qdisc_kind clsact_kind = {
	QDISC_FEATURE("clsact", "Where filters stand: behind \"ingress\" and before \"egress\"",
		      plain_rows),
	.put = nothing_put, .get = nothing_get, .fixed = true, .ingress = true, .egress = true,
};
const struct qdisc_kind ingress_kind = {
	QDISC_FEATURE("ingress", "Where filters of what arrives stand", plain_rows),
	.put = nothing_put, .get = nothing_get, .fixed = true, .ingress = true,
};
