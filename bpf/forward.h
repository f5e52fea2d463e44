/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * forward: packets that the kernel's routing table sends to another of the
 * named interfaces leave at once, without going through the stack: no
 * netfilter, no traffic control. Whatever is not certain is passed to the
 * stack, which does it right: options, fragments to be made, no neighbour yet,
 * the end of a packet's life, other people's frames.
 */
#ifndef BPF_FORWARD_H
#define BPF_FORWARD_H

#include "common.h"

#define FORWARD_TARGETS_MAX 64

/* "counters" */
enum forward_reason {
	FORWARD_FORWARDED,
	FORWARD_NOT_IP,
	FORWARD_NOT_OURS,  /* sent to another Ethernet address */
	FORWARD_UNUSUAL,   /* options, a strange source, an unknown VLAN */
	FORWARD_TTL,	   /* the end of its life: the stack answers */
	FORWARD_LOCAL,	   /* for this machine, or no route */
	FORWARD_NEIGHBOUR, /* not known yet: the stack asks */
	FORWARD_TOO_BIG,   /* for the next link */
	FORWARD_NO_TARGET, /* leads to an interface that is not named */
	FORWARD_MALFORMED,
	FORWARD_LOST, /* its headers are not where they were: no way is known that leads here */
	FORWARD_REASONS,
};

struct forward_settings {
	__u16 address[3]; /* the interface's own */
	__u8 vlans; /* "egress" has VLAN interfaces; without, neither it nor "ingress" is asked */
	__u8 pad;
};

/* "ingress": the VLAN interface that a tagged frame belongs to. Key: the tag's ID, __u32. */

/* "egress": how a frame leaves through an interface. Key: its index, __u32. */
struct forward_egress {
	__u32 device; /* the one that sends: in "targets" */
	__u16 vlan;   /* 0: no tag */
	__u16 pad;
};

#endif
