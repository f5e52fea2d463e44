/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Per-interface sysctls of IPv4 and IPv6: read from RTM_NEWLINK, written below /proc/sys. */
#ifndef CORE_DEVCONF_H
#define CORE_DEVCONF_H

#include "core/mirror.h"
#include "core/plan.h"

/**
 * devconf_observe - decode rows whose attr is one more than the index in the array
 * @family: AF_INET or AF_INET6
 * @attr: IFLA_INET_CONF or IFLA_INET6_CONF, an array of 32-bit numbers
 */
int devconf_observe(struct mirror *m, struct iface *i, const struct feature *f,
		    const struct link_message *lm, int family, int attr);

/**
 * devconf_encode - one sysctl a part: net/PROTO/conf/IFACE/KEY
 * @file: the file's name where it is not the row's key; may return NULL; may be NULL
 */
int devconf_encode(struct encoder *e, const struct step *s, unsigned part, const char *proto,
		   const char *(*file)(const struct row *row));

#endif
