/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bound on how often something is told. */
#ifndef UTIL_PACE_H
#define UTIL_PACE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * pace_allows - may it be told now?
 * @pace: when all that was told would have been, had it been told evenly; 0 at first (the
 *	generic cell rate algorithm, ITU-T I.371)
 * @each: so far apart in the long run; us
 * @burst: so many at once
 * @due: if not, becomes the time from which on it may, unless it is earlier already
 */
static inline bool pace_allows(uint64_t *pace, uint64_t now, uint64_t each, unsigned burst,
			       uint64_t *due)
{
	if (*pace > now + burst * each) {
		if (*due > *pace - burst * each)
			*due = *pace - burst * each;
		return false;
	}
	*pace = (*pace > now ? *pace : now) + each;
	return true;
}

#endif
