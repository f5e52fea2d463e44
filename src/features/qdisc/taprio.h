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

/* What has to be done so that the gates follow the clock again. */
enum arm {
	ARMED,
	ARM_AGAIN, /* a change of the schedule to itself: no frame is lost */
	ARM_ANEW,  /* that would not help: delete and add */
};

struct taprio {
	struct qdisc q;
	struct classes c;
	uint32_t clock, offload;
	int64_t base_time, cycle_time, cycle_extension, txtime_delay;
	struct schedule schedule;
	struct numbers16 max_sdu, fp;

	/* State. */
	uint8_t pending, stalled; /* @stalled: enum arm */
	bool sent; /* it was armed again; after a dump, in which no notification is read */
	uint32_t speed; /* of the link, as far as the kernel may have reckoned with it */
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

/** schedule_open - how long the gate of a class is open at most, in one go; INT64_MAX: always */
int64_t schedule_open(const struct schedule *s, unsigned class);

/** schedule_closed - and how long it is closed; 0: never; INT64_MAX: always */
int64_t schedule_closed(const struct schedule *s, unsigned class);

/** taprio_cycle - the length of a cycle, ns */
int64_t taprio_cycle(const struct taprio *t);

/** taprio_of - the gate schedule among the interface's queueing disciplines; NULL: there is none */
struct taprio *taprio_of(const struct iface *i);

/** taprio_speed - of the link, Mbit/s; 0: not known */
uint32_t taprio_speed(const struct iface *have);

/*
 * What the wire carries beside a packet: header, FCS, preamble, gap (IEEE 802.3). The same in
 * netctl's charts.
 */
#define FRAME_EXTRA (14 + 4 + 8 + 12)

/** taprio_unfit - where the longest frame of a class is longer than its gate is ever open:
 * a sentence that the caller frees, or NULL; @ret_class: which class */
char *taprio_unfit(const struct taprio *t, uint32_t mtu, uint32_t speed, unsigned *ret_class);

/** taprio_short - where the kernel takes no interval that short at this speed; as above */
char *taprio_short(const struct taprio *t, uint32_t speed);

/** taprio_check - what is wrong with a schedule by itself */
void taprio_check(const struct qdisc_check *c);

/** taprio_blocked - what it waits for; as struct qdisc_kind's */
char *taprio_blocked(const struct iface *have, const struct iface *want, const struct qdisc *q);

/** taprio_suspended - why it must go for now, although it is asked for; the caller frees it */
char *taprio_suspended(const struct iface *have, const struct iface *want, const struct qdisc *q);

/** life_armed - a message of the kernel's tells of it: is it to be armed again? */
enum arm life_armed(struct mirror *m, const struct iface *i, const struct taprio *t);

/** taprio_warn - what is allowed, and hardly meant; as struct feature's warn() */
void taprio_warn(const struct model *want, const struct model *machine, const struct iface *i,
		 struct errors *warnings);

/** taprio_refused - and with the device and the link that are there */
char *taprio_refused(const struct iface *have, const struct iface *want, const struct qdisc *q);

#endif
