// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is wrong with a gate schedule, before anything is touched. Every rule
 * has a name, which is in the message, and a reason in README.md.
 */
#include <inttypes.h>

#include "features/qdisc/taprio.h"

static void check_offload(const struct qdisc_check *c, const struct taprio *t)
{
	bool clock = qdisc_has(c->qdisc, TAPRIO_CLOCK);

	if (t->offload == OFFLOAD_FULL && clock)
		qdisc_error(c, TAPRIO_CLOCK, "taprio-clock",
			    "with full offload the clock is the device's own");
	if (t->offload != OFFLOAD_FULL && !clock)
		qdisc_error(c, TAPRIO_CLOCK, "taprio-clock",
			    "must be given without full offload (\"TAI\")");
	if (qdisc_has(c->qdisc, TAPRIO_TXTIME_DELAY) && t->offload != OFFLOAD_TXTIME)
		qdisc_error(c, TAPRIO_TXTIME_DELAY, "taprio-txtime",
			    "needs offload = \"txtime-assist\"");
	for (unsigned n = 0; n < TC_CLASSES && t->offload != OFFLOAD_FULL; n++)
		if (qdisc_has(c->qdisc, TAPRIO_FP) && t->fp.v[n] == NETCTL_FP_PREEMPTIBLE) {
			qdisc_error(c, TAPRIO_FP, "taprio-fp", "needs offload = \"full\"");
			break;
		}
}

static void check_gates(const struct qdisc_check *c, const struct taprio *t)
{
	uint32_t known = (1u << t->c.num_tc) - 1, opened = 0;
	bool hold = false;

	for (unsigned n = 0; n < t->schedule.n; n++) {
		const struct gate *g = &t->schedule.gates[n];

		hold |= g->command != TC_TAPRIO_CMD_SET_GATES;
		opened |= g->open;
		if (g->open & ~known)
			qdisc_error(c, TAPRIO_SCHEDULE, "taprio-gates",
				    "line %u opens 0x%x: there are %u classes (0x%x)", n + 1, g->open,
				    t->c.num_tc, known);
	}
	for (unsigned n = 0; n < t->c.num_tc; n++)
		if (!(opened & 1u << n))
			qdisc_error(c, TAPRIO_SCHEDULE, "taprio-never-open",
				    "the gate of class %u never opens: what is of it is never sent", n);
	if (hold && t->offload != OFFLOAD_FULL)
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-hold",
			    "hold and release need offload = \"full\"");
}

static void check_cycle(const struct qdisc_check *c, const struct taprio *t)
{
	int64_t sum = schedule_length(&t->schedule);
	_cleanup_free_ char *length = time_text(sum);

	if (sum > INT32_MAX && !t->cycle_time)
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-cycle",
			    "the intervals make %s: the kernel has cycles of up to 2147483647ns",
			    length);
	if (t->cycle_time && t->cycle_time < sum)
		qdisc_error(c, TAPRIO_CYCLE_TIME, "taprio-cycle",
			    "is shorter than the intervals together (%s): the last would be cut off",
			    length);
	if (t->cycle_extension && t->cycle_extension >= (t->cycle_time ? t->cycle_time : sum))
		qdisc_error(c, TAPRIO_EXTENSION, "taprio-extension",
			    "must be shorter than a cycle");
}

static void check_sdu(const struct qdisc_check *c, const struct taprio *t)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct link *link = iface_link(c->iface);

	for (unsigned n = 0; n < TC_CLASSES && qdisc_has(c->qdisc, TAPRIO_MAX_SDU); n++) {
		if (n >= t->c.num_tc && t->max_sdu.v[n])
			qdisc_error(c, TAPRIO_MAX_SDU, "taprio-max-sdu", "for class %u: there are %u, "
				    "counted from 0", n, t->c.num_tc);
		if (row_has(root, row_find(root, "mtu"), &link->o) && t->max_sdu.v[n] > link->mtu)
			qdisc_error(c, TAPRIO_MAX_SDU, "taprio-max-sdu",
				    "%u of class %u is above the MTU of %u", t->max_sdu.v[n], n,
				    link->mtu);
	}
}

void taprio_check(const struct qdisc_check *c)
{
	const struct taprio *t = (const struct taprio *)c->qdisc;

	if (!qdisc_has(c->qdisc, TAPRIO_SCHEDULE))
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-schedule", "must be given");
	check_offload(c, t);
	/* Queues of classes may be the same ones: a frame has its own time. */
	if (!classes_check(c, &t->c, t->offload == OFFLOAD_TXTIME))
		return;
	if (!qdisc_has(c->qdisc, TAPRIO_SCHEDULE))
		return;
	check_gates(c, t);
	check_cycle(c, t);
	check_sdu(c, t);
}

char *taprio_refused(const struct iface *have, const struct iface *want _unused_,
		     const struct qdisc *q)
{
	const struct taprio *t = (const struct taprio *)q;

	return classes_refused(have, q, &t->c);
}
