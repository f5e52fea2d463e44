/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs and the daemon agree on, whichever program it is. */
#ifndef BPF_COMMON_H
#define BPF_COMMON_H

#include <linux/types.h>

/* An entry of the per-CPU array "counters": how often one verdict was given. */
struct tally {
	__u64 packets;
	__u64 bytes;
};

#endif
