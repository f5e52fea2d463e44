// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kernel/bpf/ringbuf.c, ringbuf_map_mmap_user(): the consumer's page may be
 * written, the producer's page and the data behind it may be read; the data is
 * there twice, so that no record is in two parts.
 */
#include "ctl/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/mem.h"

static size_t page(void)
{
	return sysconf(_SC_PAGESIZE);
}

int ring_open(struct ring *r, int fd, uint64_t size)
{
	void *p;

	*r = (struct ring){ .fd = fd, .size = size };
	if (size < page() || size & (size - 1) || size > (1u << 30)) {
		ring_close(r);
		return -EINVAL;
	}
	p = mmap(NULL, page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r->consumer = p == MAP_FAILED ? NULL : p;
	p = mmap(NULL, page() + 2 * size, PROT_READ, MAP_SHARED, fd, page());
	r->producer = p == MAP_FAILED ? NULL : p;
	if (!r->consumer || !r->producer) {
		int e = -errno;

		ring_close(r);
		return e;
	}
	r->data = (const char *)p + page();
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->consumer)
		munmap(r->consumer, page());
	if (r->producer)
		munmap((void *)r->producer, page() + 2 * r->size);
	if (r->fd >= 0)
		close(r->fd);
	*r = (struct ring){ .fd = -1 };
}

static unsigned long produced(const struct ring *r)
{
	return __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
}

static void consumed(struct ring *r, unsigned long at)
{
	__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
}

void ring_skip(struct ring *r)
{
	while (ring_next(r, NULL))
		ring_done(r);
}

/* include/uapi/linux/bpf.h: a word before each record says how long it is, and what became of it */
static uint32_t header(const struct ring *r)
{
	return __atomic_load_n((const uint32_t *)(r->data + (*r->consumer & (r->size - 1))),
			       __ATOMIC_ACQUIRE);
}

const void *ring_next(struct ring *r, size_t *ret_size)
{
	while (r->fd >= 0 && *r->consumer != produced(r)) {
		uint32_t word = header(r);

		if (word & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (word & BPF_RINGBUF_DISCARD_BIT) {
			ring_done(r);
			continue;
		}
		if (ret_size)
			*ret_size = word;
		return r->data + (*r->consumer & (r->size - 1)) + BPF_RINGBUF_HDR_SZ;
	}
	return NULL;
}

void ring_done(struct ring *r)
{
	unsigned long length = header(r) & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	consumed(r, *r->consumer + (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8);
}
