// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bus/bus.h"

int bus_new(struct engine *e _unused_, struct bus **ret _unused_)
{
	return 0;
}

struct bus *bus_free(struct bus *b _unused_)
{
	return NULL;
}
