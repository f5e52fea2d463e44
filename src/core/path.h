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
	bool address;	  /* only has the address that the peer uses */
};

/* Of a connection: "203.0.113.7", "203.0.113.7 192.0.2.1", "fe80::1%lan0 fe80::2%lan0". */
struct path_ends {
	struct ipaddr peer, own;  /* own.family 0: not known */
	char interface[IFNAMSIZ]; /* that a link-local peer names, or "" */
};

struct path {
	struct path_part *parts; /* from the one that the route names downwards */
	unsigned n;
	bool keeps_own; /* the peer uses an address that an interface which is down has too */
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

/** path_parse - as struct path_ends has them, 0 or -EINVAL */
int path_parse(const char *text, struct path_ends *ret);

/** path_find - the way to the peer; ends with path_done() */
void path_find(struct path *p, const struct model *have, const struct path_ends *ends);

/** path_done - free what it holds */
void path_done(struct path *p);

/** path_cut - what a plan does to it */
enum cut path_cut(const struct path *p, const struct impact *m);

/** path_json - {"peer", "interfaces", "interrupted"}; @ends as path_parse() has it */
json_t *path_json(const struct path *p, const struct impact *m, const char *ends);

#endif
