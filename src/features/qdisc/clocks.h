/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clocks that open gates: what time they have, and whether it can be the right one. */
#ifndef QDISC_CLOCKS_H
#define QDISC_CLOCKS_H

#include "features/qdisc/taprio.h"

/* Words of tsn.wait_clock: each asks for what those before it ask for too. */
enum { WAIT_NOTHING, WAIT_SET, WAIT_TAI, WAIT_PHC };

/* What a schedule goes by, at one moment. Times are nanoseconds. */
struct clocks {
	bool device;	  /* the gates open by the device's clock */
	bool known;	  /* @now and @ahead are */
	int64_t now;	  /* of the clock that opens the gates */
	int64_t ahead;	  /* of CLOCK_MONOTONIC: changes when somebody sets the clock */
	int64_t tai;	  /* CLOCK_TAI less CLOCK_REALTIME; 0: nobody has set it */
	int phc;	  /* the device's clock is /dev/ptp…; negative errno: none, or which? */
	int phc_error;	  /* it could not be read; 0 with @phc >= 0: it could */
	int64_t phc_offset; /* the device's clock less CLOCK_TAI */
};

/** clocks_look - read those that @t goes by, on the device @name; takes a read of its clock */
void clocks_look(struct clocks *c, const struct taprio *t, const char *name);

/** clocks_name - what a sentence calls the clock that opens the gates */
const char *clocks_name(const struct clocks *c);

/** clocks_follow - does anybody set what opens these gates? */
bool clocks_follow(const struct taprio *t);

/**
 * clocks_wrong - what is wrong with them
 * @level: WAIT_…: how much is asked for
 * @limit: ns that the device's clock may be from CLOCK_TAI
 *
 * Return: a sentence that the caller frees, or NULL.
 */
char *clocks_wrong(const struct clocks *c, const struct taprio *t, unsigned level, int64_t limit);

#endif
