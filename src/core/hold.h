/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands off: interfaces that are left alone for a while. */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include "core/engine.h"

struct hold {
	char name[IFNAMSIZ];
	uint64_t until; /* CLOCK_MONOTONIC, us */
};

/** hold_open - what a daemon before this one was asked to leave alone */
void hold_open(struct engine *e);

/**
 * hold_begin - leave @name alone for @usec; again: that long from now
 *
 * Ends by itself, and when the machine does. Return: 0 or -ENODEV.
 */
int hold_begin(struct engine *e, const char *name, uint64_t usec);

/** hold_end - look after it again, at once; 0 or -ENOENT */
int hold_end(struct engine *e, const char *name);

/** hold_mark - for the engine: tell the interfaces of the current generation */
void hold_mark(struct engine *e);

/** hold_first_end - when the first one ends; UINT64_MAX: there is none */
uint64_t hold_first_end(const struct engine *e);

#endif
