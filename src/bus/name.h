/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of settings on the bus, by one rule. */
#ifndef BUS_NAME_H
#define BUS_NAME_H

#include "core/schema.h"

/** bus_interface_name - of a feature's group: org.netctl1.Bridge; returns @buf */
char *bus_interface_name(const struct feature *f, char *buf, size_t size);

/** bus_property_name - of a key: VlanFiltering; returns @buf */
char *bus_property_name(const struct feature *f, const char *key, char *buf, size_t size);

#endif
