/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells unasked, from all sockets that it tells it on. */
#ifndef NL_LISTENING_H
#define NL_LISTENING_H

#include "nl/genl.h"
#include "nl/kernel.h"

struct listener;

/* All zero: nothing is listened to. */
struct listening {
	struct kernel *k; /* whose on_message(), on_read() and on_overrun() are called */
	sd_event *event;
	struct genl_ids *ids;
	struct listener *route, *generic;
	bool is_generic; /* what is read now */
};

/**
 * listening_begin - be told of these groups, and no others
 * Return: 0 or a negative errno; after one some of them may be listened to.
 */
int listening_begin(struct listening *l, const uint32_t *groups, unsigned n);

/** listening_end - be told nothing */
void listening_end(struct listening *l);

/** listening_hold - let notifications wait in their sockets, or no longer */
void listening_hold(struct listening *l, bool on);

/** listening_read - pass on what has arrived; @all: also what the loop has not told yet */
void listening_read(struct listening *l, bool all);

#endif
