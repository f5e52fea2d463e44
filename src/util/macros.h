/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few macros that every file may use. */
#ifndef UTIL_MACROS_H
#define UTIL_MACROS_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

#define BIT64(n) (UINT64_C(1) << (n))

/**
 * TAKE_PTR - hand over what a variable owns
 *
 * Evaluates to the pointer and leaves NULL behind, so that a _cleanup_ on the
 * variable has nothing to free.
 */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *_pp = &(p);                                                         \
		__typeof__(p) _v = *_pp;                                                           \
		*_pp = NULL;                                                                       \
		_v;                                                                                \
	})

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
/* Names of their own for each use, so that uses can nest. */
#define PICK_(a, op, b, x, y)                                                                      \
	({                                                                                         \
		__typeof__(a) x = (a);                                                             \
		__typeof__(b) y = (b);                                                             \
		x op y ? x : y;                                                                    \
	})
#define max_of(a, b) PICK_(a, >, b, PASTE(pick_x_, __COUNTER__), PASTE(pick_y_, __COUNTER__))
#define min_of(a, b) PICK_(a, <, b, PASTE(pick_x_, __COUNTER__), PASTE(pick_y_, __COUNTER__))

#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))

static inline void freep(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(freep)

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_close_ _cleanup_(closep)

#endif
