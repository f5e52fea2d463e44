// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lists against the simplest list there is: what is found, in which order, after any changes. */
#include "unit/harness.h"

#include <stdio.h>

#define MANY 600

/* A key of one number; the routes' metric will do. */
struct entry {
	struct object *o;
	unsigned id;
};

struct both {
	const struct feature *f;
	struct list l;
	struct entry plain[MANY];
	unsigned n;
};

static struct object *new_entry(const struct both *b, unsigned key)
{
	const struct row *metric = row_find(b->f, "metric");
	struct object *o = object_new(b->f, NULL);

	*(uint32_t *)row_value(metric, o) = key;
	o->present |= row_bit(b->f, metric);
	return o;
}

static unsigned key_of(const struct both *b, const struct object *o)
{
	return *(uint32_t *)row_value(row_find(b->f, "metric"), o);
}

static void add(struct both *b, unsigned key)
{
	struct object *o = new_entry(b, key);

	list_add(b->f, &b->l, o);
	b->plain[b->n++] = (struct entry){ o, key };
}

static void remove_key(struct both *b, unsigned key)
{
	struct object *like = new_entry(b, key);
	bool found = false;

	for (unsigned n = 0; n < b->n && !found; n++) {
		found = b->plain[n].id == key;
		if (found)
			memmove(b->plain + n, b->plain + n + 1, (--b->n - n) * sizeof(*b->plain));
	}
	assert_int_equal(list_remove(b->f, &b->l, like), found);
	object_free(b->f, like);
}

static void compare(struct both *b, unsigned keys)
{
	assert_int_equal(b->l.n, b->n);
	for (unsigned n = 0; n < b->n; n++)
		assert_ptr_equal(b->l.items[n], b->plain[n].o);
	for (unsigned key = 0; key < keys; key++) {
		struct object *like = new_entry(b, key), *first = NULL;

		for (unsigned n = 0; n < b->n && !first; n++)
			if (b->plain[n].id == key)
				first = b->plain[n].o;
		assert_ptr_equal(list_find(b->f, &b->l, like), first);
		object_free(b->f, like);
	}
}

static void done(struct both *b)
{
	for (unsigned n = 0; n < b->l.n; n++)
		object_free(b->f, b->l.items[n]);
	list_done(&b->l);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void like_a_plain_list(void **state _unused_)
{
	struct both b = { .f = feature_find("routes") };
	unsigned seed = 1;

	for (unsigned round = 0; round < 40; round++) {
		/* Growing and shrinking in turns, with keys that come twice. */
		for (unsigned n = 0; n < 150; n++)
			if (b.n < MANY && next_random(&seed) % 4 < (round % 2 ? 1 : 3))
				add(&b, next_random(&seed) % 200);
			else
				remove_key(&b, next_random(&seed) % 200);
		compare(&b, 200);
	}
	done(&b);
}

static void keys_may_change(void **state _unused_)
{
	struct both b = { .f = feature_find("routes") };

	for (unsigned n = 0; n < 100; n++)
		add(&b, n);
	compare(&b, 200);
	for (unsigned n = 0; n < b.n; n++) {
		*(uint32_t *)row_value(row_find(b.f, "metric"), b.l.items[n]) += 100;
		b.plain[n].id += 100;
	}
	assert_int_equal(key_of(&b, b.l.items[0]), 100);
	list_rekey(&b.l);
	compare(&b, 200);
	done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_a_plain_list),
		cmocka_unit_test(keys_may_change),
	};

	features_init();
	return harness_main("list", tests, ARRAY_SIZE(tests));
}
