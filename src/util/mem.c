// SPDX-License-Identifier: LGPL-2.1-or-later
/* Allocation: heap helpers that end the process on failure, and the arena. */
#include "util/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* Large enough that a router's configuration takes one block, small enough not to show at rest. */
#define ARENA_BLOCK 4000

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct arena_block *head;
};

static void *check(void *p)
{
	if (!p) {
		fputs("<2>out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_new(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *mem_grow(void *p, size_t size)
{
	return check(realloc(p, size ? size : 1));
}

void *mem_dup(const void *p, size_t size)
{
	void *d = mem_new(size);

	if (size)
		memcpy(d, p, size);
	return d;
}

char *str_dup(const char *s)
{
	return check(strdup(s));
}

char *str_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return check(n < 0 ? NULL : s);
}

void *array_reserve(void *p, size_t n, size_t size)
{
	if (n & (n - 1))
		return p;
	return mem_grow(p, (n ? 2 * n : 1) * size);
}

struct arena *arena_new(void)
{
	return new0(struct arena);
}

struct arena *arena_free(struct arena *a)
{
	struct arena_block *b, *next;

	if (!a)
		return NULL;
	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
	return NULL;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b;
	void *p;

	if (!a)
		return mem_new(size);
	size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	b = a->head;
	if (!b || b->size - b->used < size) {
		size_t n = max_of(size, (size_t)ARENA_BLOCK);

		b = mem_new(sizeof(*b) + n);
		b->size = n;
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

char *arena_str(struct arena *a, const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(arena_alloc(a, n), s, n);
}
