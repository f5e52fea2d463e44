/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets and answers: what kernel.c is made of. */
#ifndef NL_RTNL_H
#define NL_RTNL_H

#include <linux/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>

#include "util/mem.h"

/* Bytes that leave in one sendmsg(): as long as one message can be. */
#define RTNL_BATCH_BYTES_MAX (64 * 1024)

/**
 * rtnl_open_socket - a non-blocking netlink socket, strict, with extended acks
 * @protocol: NETLINK_ROUTE, NETLINK_GENERIC
 * @rcvbuf: bytes of its receive buffer; less where the system does not allow it
 *
 * Return: 0 or a negative errno; @ret to be freed with nl_socket_free().
 */
int rtnl_open_socket(int protocol, int rcvbuf, struct nl_sock **ret);

/** rtnl_extack_text - the kernel's own words in NLMSG_ERROR, or NULL; the caller frees it */
char *rtnl_extack_text(const struct nlmsghdr *n);

/**
 * rtnl_answer_error - does the answer to a request say that it failed, though NLMSG_ERROR does not?
 *
 * dcbnl_ieee_set() returns 0 whatever the driver said; its error is a byte in the answer.
 *
 * Return: 0 or a negative errno.
 */
int rtnl_answer_error(const struct nlmsghdr *n);

/** rtnl_is_slow - deleting a device waits for RCU grace periods, tens of milliseconds */
bool rtnl_is_slow(const struct nlmsghdr *n);

#endif
