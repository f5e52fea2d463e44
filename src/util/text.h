/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text: suggestions for misspelt words, numbers with units, files read and written whole. */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "util/mem.h"

/**
 * text_suggest - the word nearest to a misspelt one
 * @word: what was written
 * @next: called with 0, 1, 2, … until it returns NULL; gives the known words
 * @data: handed to @next
 *
 * Return: the nearest known word, or NULL where none is near enough (an edit
 * distance, with transpositions, of at most a third of the word's length).
 */
const char *text_suggest(const char *word, const char *(*next)(const void *data, unsigned i),
			 const void *data);

/** text_hint - " (did you mean \"…\"?)" with that word, or ""; the caller frees it */
char *text_hint(const char *word, const char *(*next)(const void *data, unsigned i),
		const void *data);

/**
 * text_to_number - a whole number, decimal or 0x hexadecimal, nothing behind it
 *
 * Return: 0; -EINVAL if @s is not one; -ERANGE if it does not fit int64_t.
 */
int text_to_number(const char *s, int64_t *ret);

/* One suffix that a number may carry, and what it multiplies by. */
struct unit {
	const char *suffix;
	int64_t factor;
};

/**
 * text_to_quantity - a number with a unit ("1.5s", "300us", "2.5Gbit")
 * @units: ends with a NULL suffix; the result is in the base unit (factor 1)
 *
 * A bare number counts in the base unit. A fraction is allowed where the
 * result is whole. Return: 0, -EINVAL or -ERANGE.
 */
int text_to_quantity(const char *s, const struct unit *units, int64_t *ret);

/** text_camel - "xdp.rate_limit" -> "Xdp.RateLimit" in @buf; '-' separates words too */
char *text_camel(const char *key, char *buf, size_t size);

/**
 * date_text - a moment in this machine's time zone
 * @format: of strftime(3)
 *
 * Return: "" where there is no such moment; the caller frees it.
 */
char *date_text(time_t t, const char *format);

/**
 * utf8_length - bytes of the character at @text, which ends with a zero byte
 *
 * Return: 1 to 4, or 0: it is none (RFC 3629: no overlong form, no surrogate).
 */
unsigned utf8_length(const char *text);

/**
 * text_utf8 - replace by '?' in place what is not UTF-8; returns @s
 *
 * Names of interfaces and text from files can be any bytes, but a D-Bus string or a JSON
 * document with anything else in it would fail as a whole.
 */
char *text_utf8(char *s);

/**
 * file_read - a whole regular file
 * @max: larger files are refused with -EFBIG
 * @ret_size: its size without the 0 byte that is added; may be NULL
 *
 * Return: 0 or a negative errno, -EISDIR for a folder. The caller frees @ret.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_size);

/**
 * file_write_atomic - write whole, fsync, rename over @path
 * @mode: who may read it, as open(2) takes it
 *
 * Readers see the old or the new contents, never a part, also after a power
 * cut. Return: 0 or a negative errno; on failure the old file stands.
 */
int file_write_atomic(const char *path, const char *data, size_t size, unsigned mode);

/* A file that is to be replaced: the names that it takes, so that writing it allocates nothing. */
struct replacement {
	char *path, *tmp, *folder;
};

/** replacement_of - for replacement_write(); to be ended with replacement_done() */
struct replacement replacement_of(const char *path);

/** replacement_done - free what it holds */
void replacement_done(struct replacement *p);

/** replacement_write - as file_write_atomic(), and may be called by any thread */
int replacement_write(const struct replacement *p, const char *data, size_t size, unsigned mode);

#endif
