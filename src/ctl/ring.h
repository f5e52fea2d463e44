/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring buffer of the kernel's (BPF_MAP_TYPE_RINGBUF), read without a library and a privilege. */
#ifndef CTL_RING_H
#define CTL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	int fd; /* -1: none; to be polled for POLLIN */
	size_t size;
	unsigned long *consumer;       /* up to here it was read; bytes since it was made */
	const unsigned long *producer; /* up to here it was written */
	const char *data;	       /* twice, one behind the other */
};

/** ring_open - @fd is taken over, also on failure; 0 or a negative errno */
int ring_open(struct ring *r, int fd, uint64_t size);

/** ring_close - any number of times */
void ring_close(struct ring *r);

/** ring_skip - all that was written so far */
void ring_skip(struct ring *r);

/**
 * ring_next - the next record, which stays until ring_done()
 * Return: NULL where there is none yet.
 */
const void *ring_next(struct ring *r, size_t *ret_size);

/** ring_done - the record that ring_next() gave was read */
void ring_done(struct ring *r);

#endif
