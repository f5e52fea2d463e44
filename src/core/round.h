/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plans of a round of the engine. */
#ifndef CORE_ROUND_H
#define CORE_ROUND_H

#include "core/engine.h"

/**
 * round_plan - what differs and is to be put right now; begins a round unless one is under way
 * @all: not only what the mirror says has changed
 */
struct plan *round_plan(struct engine *e, bool all);

#endif
