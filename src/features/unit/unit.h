/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units of the service manager that an interface names; bus/unit.c starts and stops them. */
#ifndef FEATURES_UNIT_H
#define FEATURES_UNIT_H

#include "core/schema.h"

/* UNIT_NAME_MAX of systemd (src/basic/unit-name.h), with the byte that ends it */
#define UNIT_NAME_SIZE 256

/* An entry of units = [ … ]. */
struct unit_entry {
	struct object o;
	char name[UNIT_NAME_SIZE];
};

#endif
