/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that cannot fail.
 *
 * The daemon allocates little and small; on a box where that fails nothing can
 * be saved by handling it, so these end the process with a message and leave
 * the restart to the service manager. The kernel's state is not touched by it.
 */
#ifndef UTIL_MEM_H
#define UTIL_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "util/macros.h"

/** mem_new - zeroed memory, never NULL; the caller frees it */
void *mem_new(size_t size);

/** mem_grow - realloc() that never fails */
void *mem_grow(void *p, size_t size);

/** mem_dup - a copy of @size bytes at @p; the caller frees it */
void *mem_dup(const void *p, size_t size);

/** str_dup - a copy of @s; the caller frees it */
char *str_dup(const char *s);

/** str_format - asprintf() that never fails; the caller frees the result */
char *str_format(const char *fmt, ...) _printf_(1, 2);

/** str_vformat - the same of a va_list */
char *str_vformat(const char *fmt, va_list ap) _printf_(1, 0);

/**
 * mem_expect - many small allocations will follow, together about @size bytes
 *
 * Has the kernel put the pages there in one call, which is cheaper than a
 * fault for each. Only a hint; mem_relax() is its end.
 */
void mem_expect(size_t size);

/** mem_relax - give back to the kernel what is free; after much was */
void mem_relax(void);

/**
 * mem_relax_code - no longer have pages of programs and libraries in use
 *
 * What is called again comes back, a fault for each 64 KiB. Much is not: what starts, reads
 * configurations, or only stands beside something that does. For a process that is going to
 * sleep.
 */
void mem_relax_code(void);

/**
 * mem_pages - zeroed memory that takes no more than the pages that were touched
 *
 * For large buffers of which mostly a little is used: calloc() would clear, and so touch, what
 * it has from the heap. To be ended by mem_pages_free().
 */
void *mem_pages(size_t size);

/** mem_pages_free - NULL is allowed */
void mem_pages_free(void *p, size_t size);

/**
 * mem_pages_relax - give back all but the first page, and zero them thereby
 *
 * Of any memory that nobody shares: whole pages of it, from the second on.
 */
void mem_pages_relax(void *p, size_t size);

#define new0(type) ((type *)mem_new(sizeof(type)))

/**
 * array_reserve - room for one more element
 * @p: the array, or NULL
 * @n: elements in it
 * @size: bytes an element
 *
 * Grows by doubling whenever @n is a power of two, so that no capacity needs
 * to be kept beside the count. Return: the array, moved or not.
 */
void *array_reserve(void *p, size_t n, size_t size);

/* What lives and dies together: allocations are never freed singly. */
struct arena;

/** arena_new - an empty arena; end it with arena_free() */
struct arena *arena_new(void);

/** arena_free - free everything taken from @a; NULL is allowed; returns NULL */
struct arena *arena_free(struct arena *a);

/**
 * arena_alloc - zeroed memory that lives as long as @a
 *
 * With @a NULL the memory comes from the heap and is the caller's to free, so
 * that one parser can serve generations (arena) and the mirror (heap).
 */
void *arena_alloc(struct arena *a, size_t size);

/** arena_str - a copy of @s with the life of arena_alloc() */
char *arena_str(struct arena *a, const char *s);

static inline void arena_freep(struct arena **a)
{
	arena_free(*a);
}

#endif
