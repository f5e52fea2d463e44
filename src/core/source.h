/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration file's text, made safe for libconfig, with each line's origin. */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "core/errors.h"

struct text {
	char *text;
	size_t size;
	struct origin *lines; /* of line n + 1 of @text */
	unsigned n_lines;
	uint64_t hash; /* of the file, and those it includes, as they are on disk */
};

/* A text that is read in a file's place, which need not be there. */
struct instead {
	const char *path, *text;
	size_t size;
};

/**
 * text_load - read a file, with what it includes
 * @path: the file; names in @include are relative to the file they stand in
 * @instead: of one of these files, what it is taken to say; NULL: all are as they are on disk
 * @arena: takes the file names that the origins point to
 * @e: what is wrong with it
 * @ret: to be freed with text_done()
 *
 * Return: 0, or -EINVAL when @e got errors.
 */
int text_load(const char *path, const struct instead *instead, struct arena *arena,
	      struct errors *e, struct text *ret);

/**
 * text_parse - have libconfig read what text_load() gave
 * @e: why it cannot
 * @ret: to be ended with config_destroy(); its lines are those of @t (text_origin())
 *
 * Return: 0, or -EINVAL when @e got an error.
 */
int text_parse(const struct text *t, struct errors *e, config_t *ret);

/** text_origin - where line @line (from 1) of the expanded text was written */
struct origin text_origin(const struct text *t, unsigned line);

/** text_done - free what it holds */
void text_done(struct text *t);

#endif
