// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lists of objects that are told apart by their keys: addresses, routes. Most
 * have a few entries, some ten thousand, and a plan looks up each: long ones
 * have an index, a table of pointers that is made when it is first asked for.
 *
 * What must stay true: the entries keep the order they came in; of two with
 * the same key, which only the kernel has, the first is found.
 */
#include "core/model.h"

/* Up to so many are compared one after the other. */
#define LINEAR 16

static struct object gone; /* the place of an entry that was taken out */

static uint32_t hash_key(const struct feature *f, const struct object *o)
{
	uint32_t h = 2166136261; /* FNV-1a */

	FOREACH_ROW(f, r) {
		const unsigned char *v = row_value(r, o);

		if (!(r->flags & ROW_KEY) || r->type->equal) /* same, but maybe of other bytes */
			continue;
		for (size_t n = 0; n < r->type->size; n++)
			h = (h ^ v[n]) * 16777619;
	}
	return h;
}

static void index_add(const struct feature *f, struct list *l, struct object *o)
{
	unsigned at = hash_key(f, o) & (l->n_slots - 1);

	while (l->slots[at])
		at = (at + 1) & (l->n_slots - 1);
	l->slots[at] = o;
	l->used++;
}

static void index_drop(struct list *l)
{
	free(TAKE_PTR(l->slots));
	l->n_slots = l->used = 0;
}

/* Never more than half full, counting what is gone. */
static void index_build(const struct feature *f, struct list *l)
{
	unsigned size = 4 * LINEAR;

	index_drop(l);
	while (size < 4 * l->n)
		size *= 2;
	l->slots = mem_new(size * sizeof(*l->slots));
	l->n_slots = size;
	for (unsigned n = 0; n < l->n; n++)
		index_add(f, l, l->items[n]);
}

static struct object *index_find(const struct feature *f, const struct list *l,
				 const struct object *like)
{
	unsigned at = hash_key(f, like) & (l->n_slots - 1);

	for (; l->slots[at]; at = (at + 1) & (l->n_slots - 1))
		if (l->slots[at] != &gone && object_same_key(f, l->slots[at], like))
			return l->slots[at];
	return NULL;
}

static void index_remove(const struct feature *f, struct list *l, const struct object *o)
{
	unsigned at = hash_key(f, o) & (l->n_slots - 1);

	while (l->slots[at] != o)
		at = (at + 1) & (l->n_slots - 1);
	l->slots[at] = &gone;
}

struct object *list_find(const struct feature *f, const struct list *l, const struct object *like)
{
	if (l && l->n > LINEAR) {
		if (!l->slots)
			index_build(f, (struct list *)l);
		return index_find(f, l, like);
	}
	for (unsigned n = 0; l && n < l->n; n++)
		if (object_same_key(f, l->items[n], like))
			return l->items[n];
	return NULL;
}

void list_add(const struct feature *f, struct list *l, struct object *o)
{
	l->items = array_reserve(l->items, l->n, sizeof(*l->items));
	l->items[l->n++] = o;
	if (!l->slots)
		return;
	if (2 * (l->used + 1) > l->n_slots)
		index_build(f, l);
	else
		index_add(f, l, o);
}

bool list_remove(const struct feature *f, struct list *l, const struct object *like)
{
	struct object *o = list_find(f, l, like);
	unsigned n = 0;

	if (!o)
		return false;
	if (l->slots)
		index_remove(f, l, o);
	while (l->items[n] != o)
		n++;
	memmove(l->items + n, l->items + n + 1, (--l->n - n) * sizeof(*l->items));
	object_free(f, o);
	return true;
}

void list_rekey(struct list *l)
{
	index_drop(l);
}

void list_done(struct list *l)
{
	index_drop(l);
	free(l->items); /* always on the heap: it grows */
}
