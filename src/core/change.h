/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes that revert by themselves, the way back, and what a start begins with. */
#ifndef CORE_CHANGE_H
#define CORE_CHANGE_H

#include "core/engine.h"

/**
 * change_open - keep generations in @dir from now on
 *
 * Without this, nothing is kept, and there is no confirming and no going back.
 */
void change_open(struct engine *e, const char *dir);

/**
 * change_introduce - who asks for the change that comes next
 * @caller: bus name or a word; @unit: systemd unit or NULL; @uid: -1: the daemon
 * @confirm_usec: revert it unless it is confirmed in this time after it is done; 0: do not
 */
void change_introduce(struct engine *e, const char *caller, const char *unit, int64_t uid,
		      uint64_t confirm_usec);

/**
 * change_replace - the change introduced last may take the place of one that waits
 *
 * The way back stays the last confirmed generation. If it fails it is undone, and the one
 * that waited goes on waiting for what is left of its time.
 */
void change_replace(struct engine *e);

/** change_is_closed - a change waits for its confirmation, and no other may begin */
static inline bool change_is_closed(const struct engine *e)
{
	return e->fallback && !e->replacing;
}

/**
 * change_start - apply what a daemon that starts has to apply
 *
 * The configuration on disk; but the last confirmed generation where that is
 * invalid, or is one that nobody confirmed in time or before the reboot. A
 * change that still waits for its confirmation goes on waiting, for what is left
 * of its time.
 *
 * Return: 0, or -EINVAL when @errors got errors and nothing could be applied.
 */
int change_start(struct engine *e, struct errors *errors, outcome_fn done, void *data);

/**
 * change_confirm - keep the change that waits for it
 * @number: its generation; 0: whichever waits
 *
 * Return: 0, -ENOENT nothing waits, -ESTALE another generation does, -EBUSY it is
 * being replaced.
 */
int change_confirm(struct engine *e, uint64_t number);

/** change_rollback_target - the generation that change_rollback() would go to; 0: there is none */
uint64_t change_rollback_target(struct engine *e, uint64_t number);

/**
 * change_rollback - go back
 * @number: to this generation; 0: to the one before a change that waits for its
 *	confirmation, else to the newest confirmed one before the current
 *
 * Return: 0; -ENOENT no such generation; -EBUSY; -EINVAL it can no longer be read
 * (then @errors says why).
 */
int change_rollback(struct engine *e, uint64_t number, struct errors *errors, outcome_fn done,
		    void *data);

/* For engine.c. */

/** change_begins - @g becomes the current generation; nothing has been sent yet */
void change_begins(struct engine *e, struct generation *g);

/** change_ended - it is done, failed or undone */
void change_ended(struct engine *e, const struct outcome *o);

/** change_on_deadline - the time to confirm is over */
int change_on_deadline(sd_event_source *s, uint64_t usec, void *engine);

/** change_close - forget; what is on disk stays */
void change_close(struct engine *e);

#endif
