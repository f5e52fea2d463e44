// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The group "tsn": what a gate schedule is to wait for, and what has become of it.
 * Nothing of it is the kernel's; life.c finds the state out.
 */
#include "core/config.h"
#include "features/features.h"
#include "features/qdisc/life.h"

const struct word life_words[] = {
	{ "wait-link", LIFE_WAIT_LINK }, { "wait-speed", LIFE_WAIT_SPEED },
	{ "wait-clock", LIFE_WAIT_CLOCK }, { "pending", LIFE_PENDING },
	{ "running", LIFE_RUNNING }, { "degraded", LIFE_DEGRADED }, { NULL, 0 },
};

static const struct word waits[] = {
	{ "no", WAIT_NOTHING }, { "set", WAIT_SET }, { "tai", WAIT_TAI }, { "phc", WAIT_PHC },
	{ NULL, 0 },
};

static const struct row rows[] = {
	[TSN_WAIT_CLOCK] = { .key = "wait_clock", .type = &type_enum8, VALUE(tsn, wait_clock),
		.data = waits, .flags = ROW_POLICY,
		.help = "What a gate schedule waits for: that its clock is set (\"set\", by "
			"itself), and the TAI offset known (\"tai\"), and the device's clock in "
			"step (\"phc\")" },
	[TSN_PHC_LIMIT] = { .key = "phc_limit", .type = &type_time_ns64, VALUE(tsn, phc_limit),
		.flags = ROW_POLICY, .min = 1, .max = INT64_C(3600000000000),
		.help = "How far the device's clock may be from CLOCK_TAI to be in step; 1ms by "
			"itself" },
	[TSN_PTP_PRIORITY] = { .key = "ptp_priority", .type = &type_u8, VALUE(tsn, ptp_priority),
		.flags = ROW_POLICY, .max = TC_CLASSES - 1,
		.help = "The priority of PTP's frames (ptp4l: socket_priority), for a warning if "
			"their gate closes" },
	[TSN_STATE] = { .key = "state", .type = &type_enum8, VALUE(tsn, state), .data = life_words,
		.flags = ROW_STATE, .help = "What has become of the gate schedule" },
	[TSN_REASON] = { .key = "reason", .type = &type_string, VALUE(tsn, reason),
		.flags = ROW_STATE, .help = "Why it is in that state" },
	[TSN_EFFECTIVE] = { .key = "effective_base_time", .type = &type_base_time,
		VALUE(tsn, effective_base_time), .flags = ROW_STATE,
		.help = "The base time that the kernel was given: one in the past is moved" },
	[TSN_PHC] = { .key = "phc", .type = &type_string, VALUE(tsn, phc), .flags = ROW_STATE,
		.help = "The device's clock" },
	[TSN_PHC_OFFSET] = { .key = "phc_offset", .type = &type_time_ns64, VALUE(tsn, phc_offset),
		.flags = ROW_STATE | ROW_VOLATILE,
		.help = "How far it is ahead of CLOCK_TAI, as far as it can be seen from here" },
	[TSN_ARMED_AGAIN] = { .key = "armed_again", .type = &type_u32, VALUE(tsn, armed_again),
		.flags = ROW_STATE,
		.help = "How often the daemon had to arm it again: a link or a clock was lost" },
};

struct tsn tsn_of(const struct iface *want)
{
	const struct tsn *asked = (const struct tsn *)iface_object(want, &tsn_feature);
	struct tsn t = { .wait_clock = WAIT_SET, .phc_limit = PHC_LIMIT_NS };

	if (!asked)
		return t;
	if (asked->o.present & BIT64(TSN_WAIT_CLOCK))
		t.wait_clock = asked->wait_clock;
	if (asked->o.present & BIT64(TSN_PHC_LIMIT))
		t.phc_limit = asked->phc_limit;
	if (asked->o.present & BIT64(TSN_PTP_PRIORITY)) {
		t.ptp_priority = asked->ptp_priority;
		t.o.present = BIT64(TSN_PTP_PRIORITY);
	}
	return t;
}

/* The speed is read for those only whom somebody names. */
static void complete(struct model *want, struct iface *i)
{
	const struct feature *ethernet = feature_find("ethernet");

	if (taprio_of(i) && ethernet)
		iface_get_object(want, i, ethernet);
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct object *o = iface_object(i, &tsn_feature);

	if (!o || taprio_of(i))
		return;
	FOREACH_ROW(&tsn_feature, r)
		if (row_has(&tsn_feature, r, o)) {
			errors_add(e, object_where(&tsn_feature, r, o),
				   "%s: tsn.%s: the interface has no taprio", i->name, r->key);
			return;
		}
}

struct feature tsn_feature = {
	.name = "tsn", .help = "The life of a gate schedule (qdisc of the kind taprio)",
	.form = FORM_GROUP, .size = sizeof(struct tsn), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.watch = life_watch, .unwatch = life_unwatch, .configured = life_configured,
	.observe_link = life_observe_link,
	.complete = complete, .check = check, .warn = taprio_warn,
};
