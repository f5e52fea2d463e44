/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of JSON that is written bit by bit. */
#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>

/* All zero: empty. Whoever has it frees @text, which ends with a zero byte and may be NULL. */
struct document {
	char *text;
	size_t used, size;
};

/** document_put - @n bytes as they are */
void document_put(struct document *d, const char *s, size_t n);

/** document_put_json - @j (NULL: nothing) as jansson dumps it, compact, with JSON_DIGITS */
void document_put_json(struct document *d, const json_t *j);

#endif
