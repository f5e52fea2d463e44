/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who stands behind what the kernel and the environment tell. */
#ifndef CORE_WHO_H
#define CORE_WHO_H

#include <stdint.h>

/**
 * who_is_port - the process that a netlink port id most likely belongs to
 *
 * Return: "ip, pid 4711" (the caller frees it), or NULL: it has ended, it hides
 * (hidepid of proc(5)), or the port was not made from a pid.
 */
char *who_is_port(uint32_t port);

#endif
