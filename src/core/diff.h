/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What two configurations have different, in the words of a plan. */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "core/config.h"

/**
 * diff_generations - what changes from @a to @b
 *
 * Return: a new array of objects with "object", "key", "from" and "to"; what is not there
 * is "-". Ordered by interface as @b and then @a have them.
 */
json_t *diff_generations(const struct generation *a, const struct generation *b);

#endif
