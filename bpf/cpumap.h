/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumap: flows spread over CPUs, both directions of a flow to the same one. */
#ifndef BPF_CPUMAP_H
#define BPF_CPUMAP_H

#include "common.h"

#define CPUMAP_CPUS_MAX 1024 /* their numbers, and how many of them */

/* "counters": these, then one for each of the CPUs named */
enum cpumap_reason { CPUMAP_PASSED, CPUMAP_REASONS };

struct cpumap_settings {
	__u32 n;
	__u32 cpus[CPUMAP_CPUS_MAX];
};

#endif
