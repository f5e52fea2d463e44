/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* taprio's entry, for the files that know its rules and its life. */
#ifndef QDISC_TAPRIO_H
#define QDISC_TAPRIO_H

#include "features/qdisc/classes.h"

/* One line of a gate control list (IEEE 802.1Q, 8.6.8.4). */
struct gate {
	uint32_t open; /* bit n: class n may send */
	uint32_t interval; /* ns */
	uint8_t command;   /* TC_TAPRIO_CMD_… */
};

struct schedule {
	struct gate *gates;
	unsigned n;
};

/* What the rows "offload" and "clock" may be. */
enum { OFFLOAD_NONE, OFFLOAD_TXTIME = TCA_TAPRIO_ATTR_FLAG_TXTIME_ASSIST,
       OFFLOAD_FULL = TCA_TAPRIO_ATTR_FLAG_FULL_OFFLOAD };

struct taprio {
	struct qdisc q;
	struct classes c;
	uint32_t clock, offload;
	int64_t base_time, cycle_time, cycle_extension, txtime_delay;
	struct schedule schedule;
	struct numbers16 max_sdu, fp;

	/* State. */
	uint8_t pending, stalled;
	bool ran, lost; /* the link was there; and then it was not */
	uint32_t carrier_changes; /* when it was last there */
	int64_t oper_base_time, oper_cycle_time;
	struct schedule oper_schedule;
};

enum { TAPRIO_NUM_TC = QDISC_OWN, TAPRIO_MAP, TAPRIO_QUEUES, TAPRIO_CLOCK, TAPRIO_OFFLOAD,
       TAPRIO_BASE_TIME, TAPRIO_CYCLE_TIME, TAPRIO_EXTENSION, TAPRIO_SCHEDULE, TAPRIO_MAX_SDU,
       TAPRIO_FP, TAPRIO_TXTIME_DELAY, TAPRIO_PENDING, TAPRIO_OPER_BASE_TIME,
       TAPRIO_OPER_CYCLE_TIME, TAPRIO_OPER_SCHEDULE, TAPRIO_STALLED };

extern const struct type type_schedule, type_base_time;

/** schedule_length - the sum of its intervals, ns */
int64_t schedule_length(const struct schedule *s);

/** taprio_check - what is wrong with a schedule by itself */
void taprio_check(const struct qdisc_check *c);

/** taprio_refused - and with the device and the link that are there */
char *taprio_refused(const struct iface *have, const struct iface *want, const struct qdisc *q);

#endif
