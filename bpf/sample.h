/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sample: one of N packets, its first bytes and what is known of it, into a ring buffer. */
#ifndef BPF_SAMPLE_H
#define BPF_SAMPLE_H

#include "common.h"

#define SAMPLE_BYTES_MAX 1536
#define SAMPLE_RING (256 * 1024)

/* "counters" */
enum sample_reason {
	SAMPLE_PASSED,
	SAMPLE_TAKEN,
	SAMPLE_LOST, /* the ring was full */
	SAMPLE_REASONS,
};

struct sample_settings {
	__u32 every;  /* 1: all packets */
	__u32 length; /* bytes of each, at most SAMPLE_BYTES_MAX */
};

/* A record of "samples". */
struct sample {
	__u64 time; /* ns, CLOCK_MONOTONIC */
	__u32 ifindex, queue;
	__u32 length, captured; /* bytes of the packet; of @data */
	__u8 data[SAMPLE_BYTES_MAX];
};

#endif
