/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hardware switches: which interfaces are ports of the same one. */
#ifndef CORE_SWITCHES_H
#define CORE_SWITCHES_H

#include "core/model.h"

/**
 * switches_json - the switches of a machine, as an array; a new reference
 *
 * Each has its id (IFLA_PHYS_SWITCH_ID), its ports in the order of the hardware's names for
 * them, and the interfaces that the ports stand on.
 */
json_t *switches_json(const struct model *have);

#endif
