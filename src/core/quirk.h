/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What drivers do beyond what they are asked for: the table data/quirks. */
#ifndef CORE_QUIRK_H
#define CORE_QUIRK_H

#include "core/schema.h"

struct quirk {
	char *driver, *key, *why;
	bool appears; /* only where the value comes or goes */
};

/**
 * quirks_load - read the table, in the place of any that was read before
 * @path: NULL: none
 *
 * A file that is not there or makes no sense is told in the log, and leaves no table.
 * Return: 0 or a negative errno.
 */
int quirks_load(const char *path);

/** quirk_find - of a change of @row from @from to @to on such a device; or NULL */
const struct quirk *quirk_find(const char *driver, const struct feature *f, const struct row *row,
			       const struct object *to, const struct object *from);

#endif
