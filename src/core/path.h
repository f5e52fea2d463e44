/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way that packets to an address take through this machine, as the mirror has it. */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include "core/impact.h"

/* One interface of it. */
struct path_part {
	const struct iface *iface;
	bool port;	  /* one of those that a master may take */
	bool below_ports; /* what such a one stands on */
};

struct path {
	struct path_part *parts; /* from the one that the route names downwards */
	unsigned n;
};

/* Does a plan cut it? */
enum cut {
	CUT_UNKNOWN, /* no way is known */
	CUT_NO,
	CUT_MAYBE, /* one of several ports, or some of the traffic */
	CUT_YES,
	CUT_MAX_,
};

/** cut_name - the word in JSON */
const char *cut_name(enum cut c);

/** path_parse - "203.0.113.7" or "fe80::1%lan0" into address and interface (""), 0 or -EINVAL */
int path_parse(const char *text, struct ipaddr *ret, char interface[static IFNAMSIZ]);

/** path_find - the way to @peer, by @interface unless that is ""; ends with path_done() */
void path_find(struct path *p, const struct model *have, const struct ipaddr *peer,
	       const char *interface);

/** path_done - free what it holds */
void path_done(struct path *p);

/** path_cut - what a plan does to it */
enum cut path_cut(const struct path *p, const struct impact *m);

/** path_json - {"peer", "interfaces", "interrupted"} */
json_t *path_json(const struct path *p, const struct impact *m, const char *peer);

#endif
