/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices and carriers that come and go, in the log. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/engine.h"

/**
 * event_links - log what has become of configured interfaces
 * @all: look at all, not only at the mirror's changes; sets e->event_due anew
 */
void event_links(struct engine *e, bool all, uint64_t now);

#endif
