/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants of the kernel that are newer than the headers of some build hosts. */
#ifndef NL_UAPI_H
#define NL_UAPI_H

#include <netinet/in.h>

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* include/uapi/linux/if_addr.h, since 5.18 */
#ifndef IFAPROT_UNSPEC
#define IFAPROT_UNSPEC 0
#define IFAPROT_KERNEL_LO 1
#define IFAPROT_KERNEL_RA 2
#define IFAPROT_KERNEL_LL 3
#endif

/* include/uapi/linux/if_link.h, since 6.2 */
#define BRPORT_MAB (IFLA_BRPORT_LOCKED + 1)
#define BRPORT_MAX_KNOWN BRPORT_MAB

/* include/uapi/linux/if_link.h, since 6.1; its first name was IFLA_DSA_MASTER */
#ifndef IFLA_DSA_MAX
enum { IFLA_DSA_UNSPEC, IFLA_DSA_MASTER, __IFLA_DSA_MAX };
#define IFLA_DSA_MAX (__IFLA_DSA_MAX - 1)
#endif
#ifndef IFLA_DSA_CONDUIT
#define IFLA_DSA_CONDUIT IFLA_DSA_MASTER
#endif

/* include/uapi/linux/netlink.h */
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/*
 * What the daemon made is marked with these. Numbers below 128 are the
 * kernel's and well-known daemons' (rtnetlink.h, iproute2's rt_protos).
 */
#define NETCTL_ROUTE_PROTOCOL 172
#define NETCTL_ADDRESS_PROTOCOL 172
#define NETCTL_MIRROR_FILTER 172 /* priority and handle of the filters of "mirror" */

#endif
