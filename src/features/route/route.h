/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A route, shared by what plans it (route.c), what follows the kernel (observe.c), and what reads
 * and writes messages (message.c).
 */
#ifndef FEATURES_ROUTE_ROUTE_H
#define FEATURES_ROUTE_ROUTE_H

#include <linux/rtnetlink.h>

#include "core/rest.h"
#include "core/types.h"
#include "features/features.h"

struct route {
	struct object o;
	struct ipaddr to, via, source;
	uint32_t table, metric;
	uint8_t scope, protocol, onlink;
	struct rest *rest; /* of others' routes: what no row says */
	const char *fixed; /* the kernel's only: why it could not be given back; NULL: it could */
};

enum { TO, TABLE, METRIC, VIA, SOURCE, SCOPE, ONLINK, PROTOCOL, REST };

/** route_sources, route_observe, route_observe_link - as struct feature's */
extern const struct source route_sources[];
int route_observe(struct mirror *m, const struct nlmsghdr *n, bool add);
int route_observe_link(struct mirror *m, struct iface *i, const struct link_message *lm);

/** route_find_address - the entry for @ip in an interface's addresses, or NULL */
const struct object *route_find_address(const struct iface *i, const struct ipaddr *ip);

/** route_decode - a message of the kernel's, attributes parsed */
void route_decode(const struct rtmsg *info, struct nlattr **tb, struct route *r);

/** route_scope - as it is given to the kernel */
unsigned route_scope(const struct route *r);

/** route_encode - the message of a step; as struct feature's */
int route_encode(struct encoder *e, const struct step *s, unsigned part);

#endif
