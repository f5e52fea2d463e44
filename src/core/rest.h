/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells of another's entry beside its rows: kept, so that it can be put back. */
#ifndef CORE_REST_H
#define CORE_REST_H

#include <netlink/attr.h>

#include "core/schema.h"

/* Attributes as netlink has them. A value is a pointer to it; NULL: none. */
struct rest {
	uint32_t size;
	uint8_t bytes[];
};

/* struct rest *; in the record it is hexadecimal, and nowhere else it is shown. */
extern const struct type type_rest;

/** rest_add - append a copy of @a; *@rest is on the heap */
void rest_add(struct rest **rest, const struct nlattr *a);

/** rest_add_bytes - the same of an attribute that is made here */
void rest_add_bytes(struct rest **rest, int attr, const void *data, unsigned size);

/** rest_put - all of it, at the end of a message; NULL puts nothing. 0 or a negative errno */
int rest_put(struct nl_msg *msg, const struct rest *rest);

#endif
