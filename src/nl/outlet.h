/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket for requests, dumps and their answers, of one netlink protocol. */
#ifndef NL_OUTLET_H
#define NL_OUTLET_H

#include <systemd/sd-event.h>

/* netlink_dump() fills at most 32 KiB a datagram. */
#define OUTLET_BYTES (64 * 1024)
/* Questions that left together are answered by a datagram each. */
#define OUTLET_VECTOR 16

/* All zero: not open. */
struct outlet {
	int fd; /* while there is a source */
	sd_event_source *source;
};

/**
 * outlet_open - open it, if it is not open yet
 * @protocol: NETLINK_ROUTE, NETLINK_GENERIC
 * @on_io: called when there is an answer to read; has @data
 *
 * Return: 0 or a negative errno.
 */
int outlet_open(struct outlet *o, sd_event *event, int protocol, sd_event_io_handler_t on_io,
		void *data);

/** outlet_close - also one that is not open */
void outlet_close(struct outlet *o);

/**
 * outlet_receive - what the kernel has answered on a socket
 * @buffers: @n times OUTLET_BYTES, for a datagram each
 * @n: at most OUTLET_VECTOR
 * @ret_lengths: of each datagram; 0 for what is not from the kernel
 *
 * Return: how many there were, or a negative errno (-EAGAIN: no more).
 */
int outlet_receive(int fd, char *buffers, unsigned n, int *ret_lengths);

/** outlet_send - one or more messages, to the kernel, in one call; 0 or a negative errno */
int outlet_send(const struct outlet *o, const void *messages, size_t len);

#endif
