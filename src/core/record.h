/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of ownership: what the daemon made, what it set, and what was there before. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "core/plan.h"

struct record {
	struct model *owned;
	char *path;  /* NULL: not kept in a file */
	bool changed; /* since it was last written */
	bool waits;   /* for a confirmation: what was taken from others may be to be given back */
};

/**
 * record_open - read the record, if there is one
 *
 * A record that cannot be read is told and left out: the daemon then does not
 * know what was there before, and puts nothing back.
 */
struct record *record_open(const char *path);

/** record_free - NULL is allowed; returns NULL */
struct record *record_free(struct record *r);

/** record_adopt - before a plan is carried out: note what it will make and change */
void record_adopt(struct record *r, const struct model *want, const struct model *have,
		  const struct plan *plan);

/**
 * record_lend - settings of an interface are an action's to change, for a while
 * @want: as configured; NULL: it is not
 *
 * What they are is noted (and on disk when record_save() has returned), so that a daemon which
 * is killed meanwhile puts them back. Until record_return() they are left alone. Return: 0, or
 * -EBUSY if they are lent already.
 */
int record_lend(struct record *r, const struct iface *want, const struct iface *have,
		const struct feature *f);

/** record_return - they differ now from what is wanted, or was there before, if at all */
void record_return(struct record *r, const char *name, const struct feature *f);

/** record_settle - after it: forget what has been put back or is gone */
void record_settle(struct record *r, const struct model *want, const struct model *have);

/** record_save - write it if it has changed; 0 or a negative errno, which is logged */
int record_save(struct record *r);

#endif
