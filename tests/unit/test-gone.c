// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices that go while something is under way: what is told of them, what is written to them. */
#include <net/if.h> /* before linux/if.h */
#include <stdio.h>

#include "unit/harness.h"

#include "nl/files.h"
#include "util/text.h"

static char *file_text(const char *path)
{
	char *text = NULL;

	assert_int_equal(file_read(path, 100, &text, NULL), 0);
	return text;
}

/* Of one that has gone the file has gone too; nothing has failed then. */
static void file_of_one_that_is_gone(void **state)
{
	struct harness *h = *state;
	int lo = if_nametoindex("lo");

	assert_int_equal(files_write("none", "1", "nosuch0", 5), -ENODEV);
	assert_int_equal(files_write("none", "1", "lo", lo), -ENOENT);
	assert_int_equal(files_write("none", "1", NULL, 0), -ENOENT);
	harness_file(h, "file", "0");
	assert_int_equal(files_write("file", "1", "lo", lo + 1), -ENODEV);
	assert_text(file_text("file"), "0");
	assert_int_equal(files_write("file", "1", "lo", lo), 0);
	assert_text(file_text("file"), "1");
}

/* Several that go in one turn have no index any more, and are several all the same. */
static void two_are_gone(void **state)
{
	struct iface a = { .name = "a" }, b = { .name = "b" };
	struct mirror m = { 0 };

	(void)state;
	mirror_touch(&m, &a);
	mirror_touch(&m, &b);
	mirror_touch(&m, &a);
	assert_int_equal(m.n_changes, 2);
	assert_string_equal(m.changes[0].name, "a");
	assert_string_equal(m.changes[1].name, "b");
	mirror_take_changes(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(file_of_one_that_is_gone),
		cmocka_unit_test(two_are_gone),
	};

	return harness_main("gone", tests, ARRAY_SIZE(tests));
}
