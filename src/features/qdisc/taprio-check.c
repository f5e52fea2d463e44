// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is wrong with a gate schedule, before anything is touched. Every rule
 * has a name, which is in the message, and a reason in README.md.
 */
#include <inttypes.h>

#include "features/features.h"
#include "features/qdisc/life.h"

/* ETH_ZLEN of the kernel: the shortest frame, without its checksum. */
#define SHORTEST_FRAME 60
/* Where the configuration does not say; Ethernet's. */
#define MTU 1500

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
				    "line %u opens 0x%x: there are %u classes (0x%x)", n + 1,
				    g->open, t->c.num_tc, known);
	}
	for (unsigned n = 0; n < t->c.num_tc; n++)
		if (!(opened & 1u << n))
			qdisc_error(c, TAPRIO_SCHEDULE, "taprio-never-open",
				    "the gate of class %u never opens: what is of it is never sent",
				    n);
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
		qdisc_error(
			c, TAPRIO_CYCLE_TIME, "taprio-cycle",
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
			qdisc_error(c, TAPRIO_MAX_SDU, "taprio-max-sdu",
				    "for class %u: there are %u, counted from 0",
				    n, t->c.num_tc);
		if (row_has(root, row_find(root, "mtu"), &link->o) && t->max_sdu.v[n] > link->mtu)
			qdisc_error(c, TAPRIO_MAX_SDU, "taprio-max-sdu",
				    "%u of class %u is above the MTU of %u", t->max_sdu.v[n], n,
				    link->mtu);
	}
}

/* A value of another feature's, or 0. */
static uint32_t number_of(const struct iface *i, const char *feature, const char *key)
{
	const struct feature *f = feature_find(feature);
	const struct row *r = f ? row_find(f, key) : NULL;
	const struct object *o = f ? iface_object(i, f) : NULL;

	return r && row_has(f, r, o) ? *(const uint32_t *)row_value(r, o) : 0;
}

uint32_t taprio_speed(const struct iface *have)
{
	uint32_t speed = number_of(have, "ethernet", "link_speed");

	/* SPEED_UNKNOWN is all ones (include/uapi/linux/ethtool.h). */
	return speed > INT32_MAX ? 0 : speed;
}

/* ns on the wire; bits at Mbit/s are microseconds. */
static int64_t duration(unsigned bytes, uint32_t speed)
{
	return (int64_t)bytes * 8000 / speed;
}

char *taprio_short(const struct taprio *t, uint32_t speed)
{
	_cleanup_free_ char *least = time_text(duration(SHORTEST_FRAME, speed)), *interval = NULL;

	/* fill_sched_entry(), which does not count what is around a frame. */
	for (unsigned n = 0; n < t->schedule.n; n++) {
		if (t->schedule.gates[n].interval >= duration(SHORTEST_FRAME, speed))
			continue;
		interval = time_text(t->schedule.gates[n].interval);
		return str_format("line %u of the schedule, %s, is below the %s that a frame of %u "
				  "bytes takes at %u Mbit/s", n + 1, interval, least,
				  SHORTEST_FRAME, speed);
	}
	return NULL;
}

char *taprio_unfit(const struct taprio *t, uint32_t mtu, uint32_t speed, unsigned *ret_class)
{
	for (unsigned n = 0; speed && n < t->c.num_tc && n < TC_CLASSES; n++) {
		unsigned sdu = t->max_sdu.v[n] && t->max_sdu.v[n] < mtu ? t->max_sdu.v[n] : mtu;
		int64_t open = schedule_open(&t->schedule, n);
		_cleanup_free_ char *window = NULL, *need = NULL;

		if (!open || open >= duration(sdu + FRAME_EXTRA, speed))
			continue;
		window = time_text(open);
		need = time_text(duration(sdu + FRAME_EXTRA, speed));
		*ret_class = n;
		return str_format("the gate of class %u is open for %s at most, and a packet of %u "
				  "bytes takes %s at %u Mbit/s: it never leaves (max_sdu)", n,
				  window, sdu, need, speed);
	}
	return NULL;
}

/* The speed is only known here if it is forced; the link's own is looked at by life.c. */
static void check_speed(const struct qdisc_check *c, const struct taprio *t)
{
	uint32_t speed = number_of(c->iface, "ethernet", "speed");
	uint32_t mtu = number_of(c->iface, features[FEATURE_LINK]->name, "mtu");
	_cleanup_free_ char *interval = NULL, *unfit = NULL;
	unsigned class;

	if (!speed)
		return;
	interval = taprio_short(t, speed);
	if (interval)
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-interval", "%s", interval);
	unfit = taprio_unfit(t, mtu ? mtu : MTU, speed, &class);
	if (unfit)
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-frame", "%s", unfit);
}

void taprio_warn(const struct model *want _unused_, const struct model *machine _unused_,
		 const struct iface *i, struct errors *warnings)
{
	const struct taprio *t = taprio_of(i);
	const struct tsn tsn = tsn_of(i);
	unsigned class = t ? t->c.map.v[tsn.ptp_priority] : 0;
	int64_t closed = t ? schedule_closed(&t->schedule, class) : 0;
	_cleanup_free_ char *text = time_text(closed);

	/* What never opens is an error already. */
	if (!(tsn.o.present & BIT64(TSN_PTP_PRIORITY)) || !closed || closed == INT64_MAX)
		return;
	errors_add(warnings, object_where(&taprio_kind.f, &taprio_kind.f.rows[TAPRIO_SCHEDULE],
					  &t->q.o),
		   "%s: qdisc root taprio: schedule: class %u carries PTP (priority %u), and its "
		   "gate is closed for %s: PTP waits that long, and gives up at ptp4l's "
		   "tx_timestamp_timeout [taprio-ptp]", i->name, class, tsn.ptp_priority, text);
}

void taprio_check(const struct qdisc_check *c)
{
	const struct taprio *t = (const struct taprio *)c->qdisc;

	if (!qdisc_has(c->qdisc, TAPRIO_SCHEDULE))
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-schedule", "must be given");
	if (t->schedule.n > GATES_TOLD)
		qdisc_error(c, TAPRIO_SCHEDULE, "taprio-length",
			    "%u lines: the kernel takes them, but cannot tell of more than %u",
			    t->schedule.n, GATES_TOLD);
	check_offload(c, t);
	/* Queues of classes may be the same ones: a frame has its own time. */
	if (!classes_check(c, &t->c, t->offload == OFFLOAD_TXTIME))
		return;
	if (!qdisc_has(c->qdisc, TAPRIO_SCHEDULE))
		return;
	check_gates(c, t);
	check_cycle(c, t);
	check_sdu(c, t);
	check_speed(c, t);
}

char *taprio_refused(const struct iface *have, const struct iface *want _unused_,
		     const struct qdisc *q)
{
	const struct taprio *t = (const struct taprio *)q;

	return classes_refused(have, q, &t->c);
}
