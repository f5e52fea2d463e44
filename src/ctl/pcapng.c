// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file is blocks: type, length, what the type says, options, the length
 * again; all in the writer's byte order, in words of four bytes. Numbers are
 * those of draft-ietf-opsawg-pcapng, sections 3 and 4.
 */
#include "ctl/pcapng.h"

#include <errno.h>
#include <string.h>

#include "util/mem.h"

enum { BLOCK_INTERFACE = 1, BLOCK_STATISTICS = 5, BLOCK_PACKET = 6, BLOCK_SECTION = 0x0a0d0d0a };
enum { OPT_END, OPT_COMMENT };
enum { SHB_USERAPPL = 4, IF_NAME = 2, IF_TSRESOL = 9, EPB_FLAGS = 2, EPB_QUEUE = 6 };
enum { ISB_STARTTIME = 2, ISB_ENDTIME = 3, ISB_IFRECV = 4, ISB_IFDROP = 5, ISB_USRDELIV = 8 };

#define LINKTYPE_ETHERNET 1
#define INBOUND 1

/* The largest packet and room for what stands around it. */
struct block {
	char bytes[4096];
	size_t n;
};

static void put(struct block *b, const void *data, size_t n)
{
	if (b->n + n + 4 > sizeof(b->bytes))
		n = 0;
	if (n)
		memcpy(b->bytes + b->n, data, n);
	b->n += n;
	while (b->n % 4)
		b->bytes[b->n++] = 0;
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void put_time(struct block *b, uint64_t t)
{
	put32(b, t >> 32);
	put32(b, t);
}

static void option(struct block *b, uint16_t code, const void *data, size_t n)
{
	uint16_t head[2] = { code, min_of(n, (size_t)1024) };

	put(b, head, sizeof(head));
	put(b, data, head[1]);
}

static void option64(struct block *b, uint16_t code, uint64_t v)
{
	option(b, code, &v, sizeof(v));
}

static void option_time(struct block *b, uint16_t code, uint64_t t)
{
	uint32_t halves[2] = { t >> 32, t };

	option(b, code, halves, sizeof(halves));
}

static void begin(struct block *b, uint32_t type)
{
	b->n = 0;
	put32(b, type);
	put32(b, 0);
}

static int end(struct pcapng *p, struct block *b)
{
	uint32_t total;

	option(b, OPT_END, NULL, 0);
	total = b->n + sizeof(total);
	memcpy(b->bytes + 4, &total, sizeof(total));
	put32(b, total);
	errno = EIO;
	return fwrite(b->bytes, b->n, 1, p->out) == 1 && !fflush(p->out) ? 0 : -errno;
}

int pcapng_begin(struct pcapng *p, const char *program, const char *interface,
		 const char *comment, uint32_t snaplen)
{
	const uint8_t nanoseconds = 9;
	struct block b;
	int r;

	begin(&b, BLOCK_SECTION);
	put32(&b, 0x1a2b3c4d); /* tells the byte order */
	put32(&b, 1);	       /* version 1.0, in two halves that are the same either way */
	memcpy(b.bytes + b.n - 4, (uint16_t[]){ 1, 0 }, 4);
	put32(&b, -1u); /* length unknown */
	put32(&b, -1u);
	option(&b, SHB_USERAPPL, program, strlen(program));
	r = end(p, &b);
	if (r < 0)
		return r;
	begin(&b, BLOCK_INTERFACE);
	put32(&b, 0);
	memcpy(b.bytes + b.n - 4, (uint16_t[]){ LINKTYPE_ETHERNET, 0 }, 4);
	put32(&b, snaplen);
	option(&b, IF_NAME, interface, strlen(interface));
	option(&b, OPT_COMMENT, comment, strlen(comment));
	option(&b, IF_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	return end(p, &b);
}

int pcapng_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
	const uint32_t inbound = INBOUND;
	struct block b;

	begin(&b, BLOCK_PACKET);
	put32(&b, 0);
	put_time(&b, packet->time);
	put32(&b, packet->captured);
	put32(&b, packet->length);
	put(&b, packet->data, packet->captured);
	option(&b, EPB_FLAGS, &inbound, sizeof(inbound));
	option(&b, EPB_QUEUE, &packet->queue, sizeof(packet->queue));
	p->packets++;
	return end(p, &b);
}

int pcapng_end(struct pcapng *p, uint64_t from, uint64_t to, uint64_t seen, uint64_t lost)
{
	struct block b;

	begin(&b, BLOCK_STATISTICS);
	put32(&b, 0);
	put_time(&b, to);
	option_time(&b, ISB_STARTTIME, from);
	option_time(&b, ISB_ENDTIME, to);
	option64(&b, ISB_IFRECV, seen);
	option64(&b, ISB_IFDROP, lost);
	option64(&b, ISB_USRDELIV, p->packets);
	return end(p, &b);
}
