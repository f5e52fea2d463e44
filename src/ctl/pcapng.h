/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of packets: PCAP Next Generation (IETF draft-ietf-opsawg-pcapng). */
#ifndef CTL_PCAPNG_H
#define CTL_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

/* Packets of one interface, Ethernet. All return 0 or a negative errno. */
struct pcapng {
	FILE *out;
	unsigned long packets; /* written */
};

/** pcapng_begin - the section, and the interface; @comment: for people */
int pcapng_begin(struct pcapng *p, const char *program, const char *interface,
		 const char *comment, uint32_t snaplen);

struct pcapng_packet {
	uint64_t time; /* ns since 1970 */
	uint32_t length, captured, queue;
	const void *data;
};

/** pcapng_packet - one that was received */
int pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet);

/** pcapng_end - what the interface had from @begin to @end: packets, and samples that were lost */
int pcapng_end(struct pcapng *p, uint64_t begin, uint64_t end, uint64_t seen, uint64_t lost);

#endif
