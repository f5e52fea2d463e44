/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time, in microseconds. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_usec - of CLOCK_MONOTONIC, CLOCK_BOOTTIME or CLOCK_REALTIME */
static inline uint64_t clock_usec(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * UINT64_C(1000000) + t.tv_nsec / 1000;
}

#endif
