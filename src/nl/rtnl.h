/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets and answers: what kernel.c is made of. */
#ifndef NL_RTNL_H
#define NL_RTNL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/mem.h"

/* Bytes that leave in one sendmsg(): as long as one message can be. */
#define RTNL_BATCH_BYTES_MAX (64 * 1024)

/**
 * rtnl_open_socket - a non-blocking netlink socket
 * @protocol: NETLINK_ROUTE, NETLINK_GENERIC
 * @rcvbuf: bytes of its receive buffer; less where the system does not allow it; 0: the usual
 *
 * No more is set up than is needed: the kernel gives it a port with the first message
 * (netlink_autobind()).
 *
 * Return: a file descriptor or a negative errno.
 */
int rtnl_open_socket(int protocol, int rcvbuf);

/** rtnl_make_strict - a socket that asks: room for a batch, extended acks, strict checks */
void rtnl_make_strict(int fd);

/** rtnl_port - the port id that a socket has, or gets now; 0: none */
uint32_t rtnl_port(int fd);

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
