// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * taprio: gates for traffic classes, opened and closed by the clock (IEEE
 * 802.1Q, 8.6.8.4).
 *
 * The kernel has two schedules, as the standard: what runs (oper) and what was
 * asked for and begins at its base time (admin). A change is compared with
 * the admin one where there is one. It tells nothing when the one becomes the
 * other. Classes, clock and offload of a running one cannot be changed
 * (taprio_change(): EOPNOTSUPP); what a change leaves out goes back to nothing,
 * but for max_sdu and fp, which stay.
 *
 * In software a link that goes away stops the schedule for good: dev_deactivate()
 * resets the discipline, taprio_reset() cancels its timer, and nothing starts it
 * again when the link is back; every frame waits for ever. life.c follows the link and
 * the clock, and a schedule that has stopped is not what was asked for ("stalled").
 *
 * A base time in the past is moved to a boundary of cycles to come before the kernel
 * gets it, so that it is known when a schedule begins.
 */
#include <linux/if_ether.h>
#include <time.h>

#include "features/features.h"
#include "features/qdisc/life.h"

#ifndef CLOCK_TAI
#define CLOCK_TAI 11
#endif

/* A request is with the kernel before that, and one that is a little late is so by a cycle. */
#define AHEAD INT64_C(20000000)
/*
 * A running schedule is left when the base time of the next is not after the end of its next
 * interval (should_change_schedules()): an interval too early, if that end is the base time. So
 * the base time is that much later.
 */
#define CHANGE_OVER 1
/*
 * Mbit/s that the kernel reckons with while a link's are not known (taprio_set_picos_per_byte()).
 */
#define SPEED_AT_FIRST 10u

static const struct word clocks[] = {
	{ "TAI", CLOCK_TAI },		{ "REALTIME", CLOCK_REALTIME },
	{ "MONOTONIC", CLOCK_MONOTONIC }, { "BOOTTIME", CLOCK_BOOTTIME },
	{ NULL, 0 },
};

static const struct word offloads[] = {
	{ "none", OFFLOAD_NONE }, { "txtime-assist", OFFLOAD_TXTIME }, { "full", OFFLOAD_FULL },
	{ NULL, 0 },
};

static const struct row rows[] = {
	QDISC_ROWS,
	[TAPRIO_NUM_TC] = { .key = "num_tc", .type = &type_u8, VALUE(taprio, c.num_tc), .min = 1,
		.max = TC_CLASSES, .effect = EFFECT_RECREATE,
		.help = "How many traffic classes" },
	[TAPRIO_MAP] = { .key = "map", .type = &type_numbers16, VALUE(taprio, c.map),
		.max = TC_CLASSES - 1, .effect = EFFECT_RECREATE,
		.help = "The class of each of 16 priorities; 0 where nothing is written" },
	[TAPRIO_QUEUES] = { .key = "queues", .type = &type_queues16, VALUE(taprio, c.queues),
		.effect = EFFECT_RECREATE,
		.help = "The transmit queues of each class: \"count@offset\"" },
	[TAPRIO_CLOCK] = { .key = "clock", .type = &type_enum32, VALUE(taprio, clock),
		.attr = TCA_TAPRIO_ATTR_SCHED_CLOCKID, .data = clocks, .effect = EFFECT_RECREATE,
		.help = "The clock that opens and closes; with full offload it is the device's" },
	[TAPRIO_OFFLOAD] = { .key = "offload", .type = &type_enum32, VALUE(taprio, offload),
		.attr = TCA_TAPRIO_ATTR_FLAGS, .data = offloads, .effect = EFFECT_RECREATE,
		.initial = "\"none\"", .help = "How much of it the device does" },
	[TAPRIO_BASE_TIME] = { .key = "base_time", .type = &type_base_time,
		VALUE(taprio, base_time), .attr = TCA_TAPRIO_ATTR_SCHED_BASE_TIME,
		.initial = "\"0\"",
		.help = "When a cycle begins, ns of the clock; one in the past counts as the next "
			"cycle" },
	[TAPRIO_CYCLE_TIME] = { .key = "cycle_time", .type = &type_time_ns64,
		VALUE(taprio, cycle_time), .attr = TCA_TAPRIO_ATTR_SCHED_CYCLE_TIME, .min = 1,
		.max = INT32_MAX, .help = "Length of a cycle; by itself the sum of the intervals" },
	[TAPRIO_EXTENSION] = { .key = "cycle_time_extension", .type = &type_time_ns64,
		VALUE(taprio, cycle_extension),
		.attr = TCA_TAPRIO_ATTR_SCHED_CYCLE_TIME_EXTENSION, .initial = "\"0ns\"",
		.help = "How much longer the last cycle before a new schedule may be" },
	[TAPRIO_SCHEDULE] = { .key = "schedule", .type = &type_schedule, VALUE(taprio, schedule),
		.attr = TCA_TAPRIO_ATTR_SCHED_ENTRY_LIST,
		.help = "The gates that are open, and for how long, one after the other" },
	[TAPRIO_MAX_SDU] = { .key = "max_sdu", .type = &type_numbers16, VALUE(taprio, max_sdu),
		.max = ETH_MAX_MTU, .initial = "[ 0 ]", .since = "6.1",
		.help = "The longest frame of each class, bytes without headers; 0: no limit" },
	[TAPRIO_FP] = { .key = "fp", .type = &type_words16, VALUE(taprio, fp), .data = fp_words,
		.initial = "[ \"express\" ]", .since = "6.4",
		.help = "Frame preemption: which classes others may interrupt; needs full "
			"offload" },
	[TAPRIO_TXTIME_DELAY] = { .key = "txtime_delay", .type = &type_time_ns32,
		VALUE(taprio, txtime_delay), .attr = TCA_TAPRIO_ATTR_TXTIME_DELAY,
		.initial = "\"0ns\"",
		.help = "With txtime-assist: how long a frame takes to the device at most" },
	[TAPRIO_PENDING] = { .key = "pending", .type = &type_bool, VALUE(taprio, pending),
		.flags = ROW_STATE, .help = "Does the schedule wait for its base time?" },
	[TAPRIO_OPER_BASE_TIME] = { .key = "oper_base_time", .type = &type_base_time,
		VALUE(taprio, oper_base_time), .flags = ROW_STATE,
		.help = "Base time of the schedule that runs" },
	[TAPRIO_OPER_CYCLE_TIME] = { .key = "oper_cycle_time", .type = &type_time_ns64,
		VALUE(taprio, oper_cycle_time), .flags = ROW_STATE,
		.help = "Length of its cycle" },
	[TAPRIO_OPER_SCHEDULE] = { .key = "oper_schedule", .type = &type_schedule,
		VALUE(taprio, oper_schedule), .flags = ROW_STATE,
		.help = "The schedule that runs" },
	[TAPRIO_STALLED] = { .key = "stalled", .type = &type_bool, VALUE(taprio, stalled),
		.flags = ROW_IMPLIED,
		.help = "Has it stopped, because its link or its clock was lost? It is armed "
			"again" },
};
QDISC_FITS(taprio);

/* All that the kernel has one of a schedule: asked for, and running. */
#define SCHEDULE_ROWS (BIT64(TAPRIO_BASE_TIME) | BIT64(TAPRIO_CYCLE_TIME) |                       \
		       BIT64(TAPRIO_EXTENSION) | BIT64(TAPRIO_SCHEDULE))

static int put_classes(struct nl_msg *msg, const struct taprio *t)
{
	bool fp = qdisc_has(&t->q, TAPRIO_FP), sdu = qdisc_has(&t->q, TAPRIO_MAX_SDU);
	int bad = 0;

	for (unsigned n = 0; (fp || sdu) && n < TC_CLASSES; n++) {
		struct nlattr *nest = nla_nest_start(msg, NETCTL_TAPRIO_ATTR_TC_ENTRY);

		bad |= nla_put_u32(msg, NETCTL_TAPRIO_TC_ENTRY_INDEX, n);
		if (sdu)
			bad |= nla_put_u32(msg, NETCTL_TAPRIO_TC_ENTRY_MAX_SDU, t->max_sdu.v[n]);
		if (fp)
			bad |= nla_put_u32(msg, NETCTL_TAPRIO_TC_ENTRY_FP,
					   t->fp.v[n] ? t->fp.v[n] : NETCTL_FP_EXPRESS);
		if (!nest || bad < 0)
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put(struct encoder *e, const struct qdisc *q)
{
	const struct taprio *t = (const struct taprio *)q;
	struct nlattr *nest = nla_nest_start(e->msg, TCA_OPTIONS);
	struct tc_mqprio_qopt opt = { 0 };
	uint64_t mask = q->o.present & ~BIT64(TAPRIO_TXTIME_DELAY);

	classes_to(&opt, &t->c);
	if (!nest || nla_put(e->msg, TCA_TAPRIO_ATTR_PRIOMAP, sizeof(opt), &opt) < 0)
		return -EMSGSIZE;
	/* Only there it may be named at all. */
	if (t->offload == OFFLOAD_TXTIME)
		mask = q->o.present;
	if (encode_rows(e, &taprio_kind.f, &q->o, mask) < 0 || put_classes(e->msg, t) < 0)
		return -EMSGSIZE;
	nla_nest_end(e->msg, nest);
	return 0;
}

static int get_classes(const struct nlattr *options, struct taprio *t)
{
	struct nlattr *a, *tb[4];
	int left;

	nla_for_each_nested(a, (struct nlattr *)options, left) {
		uint32_t n;

		if (nla_type(a) != NETCTL_TAPRIO_ATTR_TC_ENTRY)
			continue;
		if (nla_parse_nested(tb, 3, a, NULL) < 0 ||
		    !is_u32(tb[NETCTL_TAPRIO_TC_ENTRY_INDEX]))
			return -EBADMSG;
		n = nla_get_u32(tb[NETCTL_TAPRIO_TC_ENTRY_INDEX]);
		if (n >= TC_CLASSES)
			continue;
		if (is_u32(tb[NETCTL_TAPRIO_TC_ENTRY_MAX_SDU])) {
			t->max_sdu.v[n] = nla_get_u32(tb[NETCTL_TAPRIO_TC_ENTRY_MAX_SDU]);
			t->q.o.present |= BIT64(TAPRIO_MAX_SDU);
		}
		if (is_u32(tb[NETCTL_TAPRIO_TC_ENTRY_FP])) {
			t->fp.v[n] = nla_get_u32(tb[NETCTL_TAPRIO_TC_ENTRY_FP]);
			t->q.o.present |= BIT64(TAPRIO_FP);
		}
	}
	return 0;
}

/* What runs goes to the state; where nothing else was asked for, it is that too. */
static void keep_running(struct taprio *t)
{
	if (!(t->q.o.present & BIT64(TAPRIO_SCHEDULE)))
		return;
	t->oper_base_time = t->base_time;
	t->oper_cycle_time = t->cycle_time;
	type_schedule.copy(NULL, &t->oper_schedule, &t->schedule);
	t->q.o.present |= BIT64(TAPRIO_OPER_BASE_TIME) | BIT64(TAPRIO_OPER_CYCLE_TIME) |
			  BIT64(TAPRIO_OPER_SCHEDULE);
}

static int get(const struct nlattr *options, struct qdisc *q)
{
	struct nlattr *tb[NETCTL_TAPRIO_ATTR_TC_ENTRY + 1], *admin[NETCTL_TAPRIO_ATTR_TC_ENTRY + 1];
	struct taprio *t = (struct taprio *)q;
	int r;

	if (nla_parse_nested(tb, NETCTL_TAPRIO_ATTR_TC_ENTRY, (struct nlattr *)options, NULL) < 0)
		return -EBADMSG;
	if (tb[TCA_TAPRIO_ATTR_PRIOMAP] &&
	    (size_t)nla_len(tb[TCA_TAPRIO_ATTR_PRIOMAP]) >= sizeof(struct tc_mqprio_qopt)) {
		classes_from(&t->c, nla_data(tb[TCA_TAPRIO_ATTR_PRIOMAP]));
		q->o.present |= BIT64(TAPRIO_NUM_TC) | BIT64(TAPRIO_MAP) | BIT64(TAPRIO_QUEUES);
	}
	/* The kernel does not tell what is 0. */
	q->o.present |= BIT64(TAPRIO_OFFLOAD) | BIT64(TAPRIO_TXTIME_DELAY) | BIT64(TAPRIO_PENDING) |
			BIT64(TAPRIO_STALLED);
	r = object_decode(&taprio_kind.f, &q->o, tb, NETCTL_TAPRIO_ATTR_TC_ENTRY);
	if (r >= 0)
		r = get_classes(options, t);
	if (r < 0)
		return r;
	keep_running(t);
	t->pending = tb[TCA_TAPRIO_ATTR_ADMIN_SCHED] != NULL;
	if (!t->pending)
		return 0;
	if (nla_parse_nested(admin, NETCTL_TAPRIO_ATTR_TC_ENTRY, tb[TCA_TAPRIO_ATTR_ADMIN_SCHED],
			     NULL) < 0)
		return -EBADMSG;
	return object_decode(&taprio_kind.f, &q->o, admin, NETCTL_TAPRIO_ATTR_TC_ENTRY);
}

/* What fits the longest window of a class at a speed: taprio_update_queue_max_sdu(). */
static int64_t sdu_limit(const struct taprio *t, unsigned class, uint32_t speed)
{
	int64_t open = schedule_open(&t->oper_schedule, class);

	return open == INT64_MAX ? 0 : open * 1000 / max_of(8000000 / speed, 17u) - ETH_HLEN;
}

/* The kernel tells the lesser of what was asked for and what fits. */
static bool same_sdu(const struct taprio *to, const struct taprio *from)
{
	for (unsigned n = 0; n < TC_CLASSES; n++) {
		uint32_t asked = to->max_sdu.v[n], has = from->max_sdu.v[n];

		if (has == asked)
			continue;
		if (!has || (asked && has > asked) ||
		    (has != sdu_limit(from, n, SPEED_AT_FIRST) &&
		     (!from->speed || has != sdu_limit(from, n, from->speed))))
			return false;
	}
	return true;
}

static bool in_phase(int64_t later, int64_t cycle)
{
	int64_t rest = (later % cycle + cycle) % cycle;

	return rest == 0 || rest == CHANGE_OVER;
}

static bool same(const struct row *row, const struct object *to, const struct object *from)
{
	const struct taprio *a = (const struct taprio *)to, *b = (const struct taprio *)from;
	int64_t cycle;

	switch (row - rows) {
	/* Both are told with what runs only (taprio_dump_tc_entries()): not known before that. */
	case TAPRIO_MAX_SDU:
		return b->pending || same_sdu(a, b);
	case TAPRIO_FP:
		if (b->pending && !qdisc_has(&b->q, TAPRIO_OPER_SCHEDULE))
			return true;
		break;
	case TAPRIO_BASE_TIME:
		/* Cycles later it is the same schedule; and see prepare(). */
		cycle = taprio_cycle(b);
		if (cycle > 0 && (from->present & BIT64(TAPRIO_BASE_TIME)))
			return in_phase(b->base_time - a->base_time, cycle);
		break;
	}
	return row_has(&taprio_kind.f, row, from) && row_equal(row, to, from);
}

static void complete(struct qdisc *q)
{
	q->o.present |= BIT64(TAPRIO_STALLED);
}

int64_t taprio_cycle(const struct taprio *t)
{
	return t->cycle_time ? t->cycle_time : schedule_length(&t->schedule);
}

struct taprio *taprio_of(const struct iface *i)
{
	const struct list *l = i ? iface_list(i, &qdisc_feature) : NULL;

	for (unsigned n = 0; l && n < l->n; n++) {
		struct qdisc *q = (struct qdisc *)l->items[n];

		if (!strcmp(q->kind, taprio_kind.f.kind))
			return (struct taprio *)q;
	}
	return NULL;
}

static void observed(struct mirror *m, struct iface *i, struct qdisc *q)
{
	((struct taprio *)q)->stalled = life_armed(m, i, (struct taprio *)q);
	((struct taprio *)q)->speed = taprio_speed(i);
}

static bool lost_hold(const struct qdisc *from)
{
	return ((const struct taprio *)from)->stalled;
}

static bool must_begin_anew(const struct qdisc *from)
{
	return ((const struct taprio *)from)->stalled == ARM_ANEW;
}

/* The last boundary that is not after @t, counted from @base. */
static int64_t boundary(int64_t base, int64_t cycle, int64_t t)
{
	return base + (t - base) / cycle * cycle;
}

/*
 * The base time as the kernel is to get it. A schedule that has stopped goes by the one that it
 * had: with a later one the kernel would go through all intervals since it stopped.
 */
static void prepare(struct qdisc *q, const struct step *s, bool change)
{
	const struct taprio *from = change ? (const struct taprio *)s->from : NULL;
	struct taprio *t = (struct taprio *)q;
	int64_t cycle = taprio_cycle(t);
	struct clocks c;

	clocks_look(&c, t, s->name);
	if (s->from && !strcmp(((const struct qdisc *)s->from)->kind, taprio_kind.f.kind))
		((struct taprio *)s->from)->sent = true;
	q->o.present |= BIT64(TAPRIO_BASE_TIME);
	if (!cycle || !c.known || t->base_time > c.now + AHEAD)
		return;
	if (from && from->stalled && t->offload == OFFLOAD_NONE &&
	    t->base_time <= from->oper_base_time) {
		t->base_time = boundary(t->base_time, cycle, from->oper_base_time);
		return;
	}
	t->base_time = boundary(t->base_time, cycle, c.now + AHEAD) + cycle;
	if (from && t->offload == OFFLOAD_NONE && qdisc_has(&from->q, TAPRIO_OPER_SCHEDULE))
		t->base_time += CHANGE_OVER;
}

char *taprio_blocked(const struct iface *have, const struct iface *want, const struct qdisc *q)
{
	const struct taprio *t = (const struct taprio *)q;
	const struct tsn tsn = tsn_of(want);
	_cleanup_free_ char *why = NULL;
	uint32_t speed = taprio_speed(have);
	struct clocks c;

	clocks_look(&c, t, want->name);
	why = clocks_wrong(&c, t, tsn.wait_clock, tsn.phc_limit);
	if (why)
		return str_format("the gate schedule waits for its clock: %s", why);
	/* Nothing is known yet of what is made with the schedule. */
	why = have ? taprio_short(t, speed ? speed : 10) : NULL;
	if (!why)
		return NULL;
	return speed ? str_format("the gate schedule waits for a faster link: %s", why) :
		       str_format("the gate schedule waits for the link's speed; while it is not "
				  "known the kernel reckons with 10 Mbit/s: %s", why);
}

char *taprio_suspended(const struct iface *have _unused_, const struct iface *want,
		       const struct qdisc *q)
{
	const struct taprio *t = (const struct taprio *)q;
	const struct tsn tsn = tsn_of(want);
	_cleanup_free_ char *why = NULL;
	struct clocks c;

	clocks_look(&c, t, want->name);
	why = clocks_wrong(&c, t, min_of((unsigned)tsn.wait_clock, (unsigned)WAIT_SET), 0);
	return why ? str_format("the gate schedule waits for its clock: %s", why) : NULL;
}

const struct qdisc_kind taprio_kind = {
	QDISC_FEATURE("taprio", "Gates for traffic classes, by the clock (IEEE 802.1Q, 8.6.8.4)",
		      rows),
	.put = put, .get = get, .check = taprio_check,
	.refused = taprio_refused, .same = same, .observed = observed, .complete = complete,
	.blocked = taprio_blocked, .suspended = taprio_suspended, .prepare = prepare,
	.lost_hold = lost_hold, .must_begin_anew = must_begin_anew,
	.owns_classes = true, .forgets = true, .classful = true,
};
