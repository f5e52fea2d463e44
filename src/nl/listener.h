/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A socket for notifications of one netlink protocol. */
#ifndef NL_LISTENER_H
#define NL_LISTENER_H

#include <systemd/sd-event.h>

#include "nl/kernel.h"

struct listener;

/**
 * listener_new - a socket that is told nothing yet
 * @protocol: NETLINK_ROUTE, NETLINK_GENERIC
 * @on_io: called when there is something to read; has @data
 *
 * Return: 0 or a negative errno.
 */
int listener_new(sd_event *event, int protocol, sd_event_io_handler_t on_io, void *data,
		 struct listener **ret);

/** listener_free - NULL is allowed; returns NULL */
struct listener *listener_free(struct listener *l);

/** listener_join - be told of a multicast group; one that the kernel does not have tells nothing */
void listener_join(struct listener *l, uint32_t group);

/** listener_bind - after all groups were joined: they are told from now on; NULL is allowed */
void listener_bind(struct listener *l);

/** listener_hold - let notifications wait in the socket, or no longer; NULL is allowed */
void listener_hold(struct listener *l, bool on);

/**
 * listener_read - give @fn what has arrived, datagram by datagram; NULL is allowed
 * @all: after much work: also what the loop has not told yet that it has arrived
 *
 * Return: some of it was lost (ENOBUFS, or a datagram cut short).
 */
bool listener_read(struct listener *l, bool all,
		   void (*fn)(void *data, char *datagram, size_t len), void *data);

#endif
