/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A port with a gate schedule, between life.c, which leads it, and life-judge.c, which judges. */
#ifndef QDISC_LIFE_PORT_H
#define QDISC_LIFE_PORT_H

#include "features/features.h"
#include "features/qdisc/life.h"

/* A port that is to have a gate schedule, and what is known of it. */
struct port {
	int ifindex;
	struct taprio *asked; /* as configured; NULL: nobody asks for one */
	struct tsn policy;

	/* The link, since the kernel has the schedule. */
	bool ran, lost;
	bool blind; /* the device was given it while the speed was not known */
	uint32_t carrier_changes, speed;

	/* The clock at the last look. */
	bool followed;
	int64_t ahead;

	enum arm need;
	uint64_t due; /* CLOCK_MONOTONIC, us: to be looked at again */
	bool reading;

	/* As the mirror has it. */
	enum life_state state;
	char *reason;
	int64_t effective, phc_offset;
	char phc[24];
	unsigned armed_again;
	UT_hash_handle hh;
};

/**
 * life_judge - the state that the schedule of a port is in
 * @p: one that asks for a schedule (@p->asked)
 * @t: what the kernel has; NULL: none
 * @ret_why: a sentence that the caller frees, or NULL
 */
enum life_state life_judge(const struct port *p, const struct taprio *t, const struct iface *i,
			   const struct clocks *c, char **ret_why);

#endif
