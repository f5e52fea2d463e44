/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a gate schedule lives: what is asked of its clocks, and in what state it is. */
#ifndef QDISC_LIFE_H
#define QDISC_LIFE_H

#include "features/qdisc/clocks.h"

/* The group "tsn" of an interface. */
struct tsn {
	struct object o;
	uint8_t wait_clock, ptp_priority;
	int64_t phc_limit;

	/* State. */
	uint8_t state;
	char *reason, *phc;
	int64_t effective_base_time, phc_offset;
	uint32_t armed_again;
};

enum { TSN_WAIT_CLOCK, TSN_PHC_LIMIT, TSN_PTP_PRIORITY, TSN_STATE, TSN_REASON, TSN_EFFECTIVE,
       TSN_PHC, TSN_PHC_OFFSET, TSN_ARMED_AGAIN };

enum life_state { LIFE_NONE, LIFE_WAIT_LINK, LIFE_WAIT_SPEED, LIFE_WAIT_CLOCK, LIFE_PENDING,
		  LIFE_RUNNING, LIFE_DEGRADED };

#define PHC_LIMIT_NS INT64_C(1000000)

extern const struct word life_words[];

/** life_watch, life_unwatch, life_configured, life_observe_link - as of struct feature */
void *life_watch(struct mirror *m, sd_event *event);
void life_unwatch(void *data);
void life_configured(void *data, const struct model *want);
int life_observe_link(struct mirror *m, struct iface *i, const struct link_message *lm);

/** tsn_of - the group as configured, with what it has by itself */
struct tsn tsn_of(const struct iface *want);

#endif
