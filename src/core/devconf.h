/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Per-interface sysctls of IPv4 and IPv6: read from RTM_NEWLINK, written below /proc/sys. */
#ifndef CORE_DEVCONF_H
#define CORE_DEVCONF_H

#include "core/mirror.h"
#include "core/plan.h"
#include "nl/uapi.h"

#include <linux/netconf.h>

/**
 * devconf_observe - decode rows whose attr is one more than the index in the array
 * @family: AF_INET or AF_INET6
 * @attr: IFLA_INET_CONF or IFLA_INET6_CONF, an array of 32-bit numbers
 */
int devconf_observe(struct mirror *m, struct iface *i, const struct feature *f,
		    const struct link_message *lm, int family, int attr);

/* The name that stands for all interfaces; the kernel lets no interface be called so. */
#define DEVCONF_ALL "all"

/* A source of RTM_NEWNETCONF for struct feature: the setting for all, and changes of any. */
#define DEVCONF_SOURCE(af, group)                                                                  \
	{                                                                                          \
		.get = RTM_GETNETCONF, .add = RTM_NEWNETCONF, .del = RTM_DELNETCONF, .family = af, \
		.header = sizeof(struct netconfmsg), .groups = { group }, .single = true,          \
		.filter = devconf_filter_all                                                       \
	}

/** devconf_filter_all - ask for what holds for all interfaces */
int devconf_filter_all(struct nl_msg *msg, void *header);

/** devconf_observe_netconf - forwarding, rp_filter and proxying, of one interface or of all */
int devconf_observe_netconf(struct mirror *m, const struct nlmsghdr *n, const struct feature *f);

/**
 * devconf_encode - one sysctl a part: net/PROTO/conf/IFACE/KEY
 * @file: the file's name where it is not the row's key; may return NULL; may be NULL
 */
int devconf_encode(struct encoder *e, const struct step *s, unsigned part, const char *proto,
		   const char *(*file)(const struct row *row));

#endif
