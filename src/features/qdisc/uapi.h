/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Constants of traffic control that are newer than the headers of some build hosts. */
#ifndef QDISC_UAPI_H
#define QDISC_UAPI_H

#include "nl/uapi.h"

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

/* include/uapi/linux/pkt_sched.h, since 6.4: frame preemption a traffic class */
#define NETCTL_FP_EXPRESS 1
#define NETCTL_FP_PREEMPTIBLE 2
#define NETCTL_TAPRIO_TC_ENTRY_INDEX 1
#define NETCTL_TAPRIO_TC_ENTRY_MAX_SDU 2 /* since 6.1 */
#define NETCTL_TAPRIO_TC_ENTRY_FP 3
#define NETCTL_TAPRIO_ATTR_TC_ENTRY 12
#define NETCTL_MQPRIO_TC_ENTRY_INDEX 1
#define NETCTL_MQPRIO_TC_ENTRY_FP 2
#define NETCTL_MQPRIO_TC_ENTRY 5

/* include/uapi/linux/pkt_cls.h, since 5.13: police that counts packets */
#define NETCTL_POLICE_PKTRATE64 10
#define NETCTL_POLICE_PKTBURST64 11
#define NETCTL_POLICE_MAX 11

#endif
