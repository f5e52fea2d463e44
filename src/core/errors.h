/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that is wrong with a configuration, each with its place. */
#ifndef CORE_ERRORS_H
#define CORE_ERRORS_H

#include "core/schema.h"

struct errors {
	char **lines; /* "FILE:LINE: object: key: what is wrong" */
	unsigned n;
};

/**
 * errors_add - one more
 * @where: its place; NULL or a NULL file: none can be said
 * @fmt: what is wrong, beginning with the object
 */
void errors_add(struct errors *e, const struct origin *where, const char *fmt, ...) _printf_(3, 4);

/** errors_text - all of them, a line each, no newline at the end; the caller frees it */
char *errors_text(const struct errors *e);

/** errors_json - an array of them, a new reference */
json_t *errors_json(const struct errors *e);

/** errors_done - free what it holds */
void errors_done(struct errors *e);

/** object_where - where row @r of @o was written; never NULL */
const struct origin *object_where(const struct feature *f, const struct row *r,
				  const struct object *o);

#endif
