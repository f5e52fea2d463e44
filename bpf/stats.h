/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stats: what goes by, counted a CPU; every packet passes. */
#ifndef BPF_STATS_H
#define BPF_STATS_H

#include "common.h"

#define STATS_SIZES 8
#define STATS_ETHERTYPES 64 /* that are told apart; a flood of others must not grow the map */

/* "counters" */
enum stats_reason { STATS_PASSED, STATS_MALFORMED, STATS_REASONS };

/* "sizes": frames of at most so many bytes without FCS, as RFC 2819 counts them with it */
#define STATS_SIZE_LIMITS { 60, 123, 251, 507, 1019, 1514, 9018, 0xffffffff }

/* "vlans": by ID of the outermost tag, 0: untagged. "protocols": of IP. "ethertypes": a hash. */

#endif
