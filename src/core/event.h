/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to interfaces, for the log and the bus. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/engine.h"
#include "util/log.h"

/* Something that a feature has noticed. */
struct event {
	enum log_event id;
	int level;
	const char *name; /* "module-inserted" */
	const char *link; /* the interface */
	const char *text; /* a sentence without its full stop and the interface */
	/* For the journal "NETCTL_PART"; on the bus "part". Without a value: left out. */
	const struct log_field *fields;
	unsigned n;
};

/** event_tell - into the log, and to who listens on the bus */
void event_tell(struct mirror *m, const struct event *v);

/** event_pass - for the mirror's on_event() */
void event_pass(void *engine, const struct event *v);

/**
 * event_links - log what has become of configured interfaces
 * @all: look at all, not only at the mirror's changes; sets e->event_due anew
 */
void event_links(struct engine *e, bool all, uint64_t now);

#endif
