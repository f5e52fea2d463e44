/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon on D-Bus: org.netctl1. */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "core/engine.h"

struct bus;

/**
 * bus_new - connect to the system bus, now or when it comes
 * @e: stays the caller's; must outlive the bus
 * @state_dir: where the units are written down that were started
 *
 * Return: 0 or a negative errno; a bus that is not there is no error.
 */
int bus_new(struct engine *e, const char *state_dir, struct bus **ret);

/** bus_free - NULL is allowed; returns NULL */
struct bus *bus_free(struct bus *b);

#endif
