// SPDX-License-Identifier: LGPL-2.1-or-later
/* Errors are gathered, not returned: a person wants to see all of them at once. */
#include "core/errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "util/text.h"

void errors_add(struct errors *e, const struct origin *where, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	e->lines = array_reserve(e->lines, e->n, sizeof(*e->lines));
	if (where && where->file)
		e->lines[e->n++] = str_format("%s:%u: %s", where->file, where->line, text);
	else
		e->lines[e->n++] = TAKE_PTR(text);
}

char *errors_text(const struct errors *e)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	for (unsigned i = 0; i < e->n; i++)
		fprintf(out, "%s%s", i ? "\n" : "", e->lines[i]);
	fclose(out);
	return text;
}

json_t *errors_json(const struct errors *e)
{
	json_t *all = json_array();

	for (unsigned n = 0; n < e->n; n++) {
		_cleanup_free_ char *line = text_utf8(str_dup(e->lines[n]));

		json_array_append_new(all, json_string(line));
	}
	return all;
}

void errors_done(struct errors *e)
{
	for (unsigned i = 0; i < e->n; i++)
		free(e->lines[i]);
	free(e->lines);
	memset(e, 0, sizeof(*e));
}

const struct origin *object_where(const struct feature *f, const struct row *r,
				  const struct object *o)
{
	static const struct origin nowhere;

	return o && o->where ? &o->where[r - f->rows] : &nowhere;
}
