// SPDX-License-Identifier: LGPL-2.1-or-later
/* Allocation: heap helpers that end the process on failure, and the arena. */
#include "util/mem.h"

#include <link.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

/*
 * Blocks double, from one that a router's configuration fits in to one that a
 * large switch's needs few of. The large ones come from the kernel with their
 * pages present (MAP_POPULATE): one call instead of a page fault a page, for
 * memory that is certain to be used.
 */
#define ARENA_FIRST 4096
#define ARENA_LARGE (32 * 1024)
#define ARENA_LAST (128 * 1024)

/* Less than this is not worth the call; more is never taken on a guess. */
#define EXPECT_MIN (256 * 1024)
#define EXPECT_MAX (16 * 1024 * 1024)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* include/uapi/asm-generic/mman-common.h, since 5.14 */
#endif

/* More than this the heap grows by for one large piece, of which nobody knows how much is used. */
#define GROWTH_MAX (256 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* bytes of data, of all */
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct arena_block *head;
	size_t next_size;
};

static void *check(void *p)
{
	if (!p) {
		fputs("<2>out of memory\n", stderr);
		abort();
	}
	return p;
}

/*
 * What the heap has grown by (M_TOP_PAD, 128 KiB) will be used, so its pages come with one call
 * instead of a fault for each. Where the heap is no sbrk(), nothing is seen to grow.
 */
static void *take_growth(void *p, const char *before)
{
	uintptr_t page, begin, end = (uintptr_t)sbrk(0);

	if (end == (uintptr_t)before || (uintptr_t)p >= end)
		return p;
	page = sysconf(_SC_PAGESIZE);
	begin = ((uintptr_t)before + page - 1) & ~(page - 1);
	if (begin < end && end - begin <= GROWTH_MAX)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
	return p;
}

void *mem_new(size_t size)
{
	const char *before = sbrk(0);

	return take_growth(check(calloc(1, size ? size : 1)), before);
}

void *mem_grow(void *p, size_t size)
{
	const char *before = sbrk(0);

	return take_growth(check(realloc(p, size ? size : 1)), before);
}

void *mem_dup(const void *p, size_t size)
{
	void *d = mem_new(size);

	if (size)
		memcpy(d, p, size);
	return d;
}

void mem_expect(size_t size)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), begin, end;
	void *p;

	if (size < EXPECT_MIN)
		return;
	size = min_of(size, (size_t)EXPECT_MAX);
	/* From the heap, and to stay there: free() would give it back at once. */
	mallopt(M_MMAP_THRESHOLD, EXPECT_MAX);
	mallopt(M_TRIM_THRESHOLD, 2 * EXPECT_MAX);
	p = malloc(size);
	begin = ((uintptr_t)p + page - 1) & ~(page - 1);
	end = ((uintptr_t)p + size) & ~(page - 1);
	/* On older kernels the pages come one by one, as ever. */
	if (p)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
	free(p);
}

void mem_relax(void)
{
	malloc_trim(0);
}

/* Of code that was changed when it was loaded, the change would be lost. */
static bool has_textrel(const struct dl_phdr_info *info)
{
	for (unsigned n = 0; n < info->dlpi_phnum; n++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[n];
		const ElfW(Dyn) *d = (const void *)(info->dlpi_addr + p->p_vaddr);

		for (; p->p_type == PT_DYNAMIC && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL ||
			    (d->d_tag == DT_FLAGS && d->d_un.d_val & DF_TEXTREL))
				return true;
	}
	return false;
}

/* Nobody writes to these: what the file has is what they are. */
static int relax_object(struct dl_phdr_info *info, size_t size _unused_, void *data _unused_)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);

	for (unsigned n = 0; n < info->dlpi_phnum && !has_textrel(info); n++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[n];
		uintptr_t begin = (info->dlpi_addr + p->p_vaddr) & ~(page - 1);
		uintptr_t end = info->dlpi_addr + p->p_vaddr + p->p_memsz;

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			(void)madvise((void *)begin, (end - begin + page - 1) & ~(page - 1),
				      MADV_DONTNEED);
	}
	return 0;
}

void mem_relax_code(void)
{
	(void)dl_iterate_phdr(relax_object, NULL);
}

void *mem_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return check(p == MAP_FAILED ? NULL : p);
}

void mem_pages_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

void mem_pages_relax(void *p, size_t size)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), begin, end;

	begin = ((uintptr_t)p + page) & ~(page - 1);
	end = ((uintptr_t)p + size) & ~(page - 1);
	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

char *str_dup(const char *s)
{
	return check(strdup(s));
}

char *str_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = str_vformat(fmt, ap);
	va_end(ap);
	return s;
}

char *str_vformat(const char *fmt, va_list ap)
{
	char *s;

	return check(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

void *array_reserve(void *p, size_t n, size_t size)
{
	if (n & (n - 1))
		return p;
	return mem_grow(p, (n ? 2 * n : 1) * size);
}

struct arena *arena_new(void)
{
	struct arena *a = new0(struct arena);

	a->next_size = ARENA_FIRST;
	return a;
}

static void block_add(struct arena *a, size_t least)
{
	size_t size = max_of(a->next_size, sizeof(struct arena_block) + least);
	struct arena_block *b;

	size = (size + ARENA_FIRST - 1) & ~(size_t)(ARENA_FIRST - 1);
	if (size < ARENA_LARGE) {
		b = mem_new(size);
	} else {
		b = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		b = check(b == MAP_FAILED ? NULL : b);
	}
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->next_size = min_of(2 * a->next_size, (size_t)ARENA_LAST);
}

struct arena *arena_free(struct arena *a)
{
	struct arena_block *b, *next;

	if (!a)
		return NULL;
	for (b = a->head; b; b = next) {
		next = b->next;
		if (b->size < ARENA_LARGE)
			free(b);
		else
			munmap(b, b->size);
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
	if (!b || b->size - sizeof(*b) - b->used < size) {
		block_add(a, size);
		b = a->head;
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
