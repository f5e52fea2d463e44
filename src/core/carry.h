/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Carrying out a plan; for engine.c. */
#ifndef CORE_CARRY_H
#define CORE_CARRY_H

#include "core/engine.h"

/**
 * carry_out - hand the steps of @plan to the kernel
 * @plan: taken over
 *
 * When all are answered, e->plan is NULL again and the mirror catches up.
 */
void carry_out(struct engine *e, struct plan *plan);

/** carry_note_failure - @line tells what failed; @want: of this interface, NULL: of none */
void carry_note_failure(struct engine *e, const struct iface *want, const char *line);

/** carry_fail_iface - it is tried again later */
void carry_fail_iface(struct engine *e, struct iface *want, const char *reason);

/** carry_must_undo - something failed that takes the whole change with it */
bool carry_must_undo(const struct engine *e);

#endif
