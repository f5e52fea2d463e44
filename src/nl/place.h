/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no message holds a place among the messages, so that all is done in order. */
#ifndef NL_PLACE_H
#define NL_PLACE_H

#include "nl/kernel.h"

/** place_size - bytes that the request takes, as a netlink message would */
size_t place_size(const struct request *r);

/** place_put - write it at @at; takes over what the request owns */
void place_put(void *at, size_t size, const struct request *r);

/** place_is - is it a place and no message for a socket? Those of GENL_IOCTL are none either */
bool place_is(const void *at);

/** place_run - do it; 0 or a negative errno, with @text for people, which the caller frees */
int place_run(void *at, struct xdp *x, char **text);

/** place_ask - carry out a question of GENL_IOCTL; as ioctl_run() */
int place_ask(const struct nlmsghdr *n, message_fn fn, void *data);

/** place_done - it will not be done: free what it owns */
void place_done(void *at);

#endif
