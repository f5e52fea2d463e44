// SPDX-License-Identifier: LGPL-2.1-or-later
/* core/source: what stands between a file and libconfig, with hostile files. */
#include "unit/harness.h"

#include <stdio.h>
#include <sys/stat.h>

#include "core/history.h"
#include "core/source.h"

/* Load main.conf; the expanded text, or all errors with a "!" in front. */
static char *load(void)
{
	struct arena *arena = arena_new();
	struct errors e = { 0 };
	struct text t;
	char *result;

	if (text_load("main.conf", NULL, arena, &e, &t) < 0) {
		_cleanup_free_ char *text = errors_text(&e);

		result = str_format("!%s", text);
	} else {
		assert_int_equal(e.n, 0);
		assert_int_equal(strlen(t.text), t.size);
		result = str_dup(t.text);
		text_done(&t);
	}
	errors_done(&e);
	arena_free(arena);
	return result;
}

static char *load_text(struct harness *h, const char *text)
{
	harness_file(h, "main.conf", text);
	return load();
}

static char *load_bytes(const char *bytes, size_t n)
{
	FILE *out = fopen("main.conf", "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
	return load();
}

static void plain(void **state)
{
	assert_text(load_text(*state, ""), "");
	assert_text(load_text(*state, "a = 1;\n"), "a = 1;\n");
	assert_text(load_text(*state, "a = 1;"), "a = 1;");
	assert_text(load_text(*state, "s = \"\xc3\xa4 \xf0\x9f\x98\x80\";\n"),
		    "s = \"\xc3\xa4 \xf0\x9f\x98\x80\";\n");
}

static void no_such_file(void **state)
{
	(void)state;
	assert_text(load(), "!main.conf: No such file or directory");
	assert_int_equal(mkdir("main.conf", 0700), 0);
	assert_text(load(), "!main.conf: is a folder: name the files in it");
	assert_int_equal(rmdir("main.conf"), 0);
	assert_int_equal(mkfifo("main.conf", 0600), 0);
	assert_text(load(), "!main.conf: not a regular file");
}

static void includes(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct harness *h = *state;

	harness_file(h, "sub/one.conf", "one = 1;\n@include \"two.conf\"\n");
	harness_file(h, "sub/two.conf", "two = 2;");
	text = load_text(h, "begin = 0;\n@include \"sub/one.conf\"\nend = 3;\n");
	assert_contains(text, "begin = 0;");
	assert_contains(text, "one = 1;");
	assert_contains(text, "two = 2;");
	assert_contains(text, "end = 3;");
	assert_lacks(text, "@include");
}

static void include_errors(void **state)
{
	struct harness *h = *state;

	assert_text(load_text(h, "\n@include \"none.conf\"\n"),
		    "!main.conf:2: @include: none.conf: No such file or directory");
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_text(load_text(h, "@include \"folder\"\n"),
		    "!main.conf:1: @include: folder: is a folder: name the files in it");
	assert_text(load_text(h, "@include \"main.conf\"\n"),
		    "!main.conf:1: @include: the file includes itself");
	harness_file(h, "a.conf", "\n\n@include \"b.conf\"\n");
	harness_file(h, "b.conf", "@include \"a.conf\"\n");
	assert_text(load_text(h, "@include \"a.conf\"\n"),
		    "!b.conf:1: @include: the file includes itself");
	assert_text(load_text(h, "@include \"/dev/zero\"\n"),
		    "!main.conf:1: @include: /dev/zero: not a regular file");
}

/* Here libconfig would open a file by itself, and end the process for a folder. */
static void include_that_libconfig_would_see(void **state)
{
	_cleanup_free_ char *commented = NULL;
	struct harness *h = *state;

	assert_int_equal(mkdir("folder", 0700), 0);
	harness_file(h, "a.conf", "x = 1;\n");
	assert_text(load_text(h, "\n@include \"a.conf\" @include \"folder\"\n"),
		    "!main.conf:2: @include: must be @include \"FILE\", alone on its line");
	assert_text(load_text(h, "@include \"fol\nder\"\n"),
		    "!main.conf:1: @include: must be @include \"FILE\", alone on its line");
	harness_file(h, "b.conf", "x = \"");
	assert_text(load_text(h, "@include \"b.conf\"\n\"; @include \"folder\"\n"),
		    "!b.conf:1: the file ends inside a string");
	harness_file(h, "c.conf", "/*\n");
	assert_text(load_text(h, "@include \"c.conf\"\n*/\n@include \"a.conf\"\n"),
		    "!c.conf:2: the file ends inside a comment");
	commented = load_text(h, "@include \"a.conf\" # as ever\r\n");
	assert_contains(commented, "x = 1;");
}

static void include_loop_by_another_name(void **state)
{
	_cleanup_free_ char *text = load_text(*state, "@include \"./main.conf\"\n");

	assert_int_equal(*text, '!');
	assert_contains(text, "@include: ");
}

static void include_twice_is_no_loop(void **state)
{
	_cleanup_free_ char *text = NULL;

	harness_file(*state, "a.conf", "x = 1;\n");
	text = load_text(*state, "@include \"a.conf\"\n@include \"a.conf\"\n");
	assert_int_equal(*text != '!', 1);
}

static void include_depth(void **state)
{
	struct harness *h = *state;
	_cleanup_free_ char *text = NULL;

	for (unsigned n = 0; n < 20; n++) {
		_cleanup_free_ char *name = str_format("%u.conf", n);
		_cleanup_free_ char *line = str_format("@include \"%u.conf\"\n", n + 1);

		harness_file(h, name, line);
	}
	text = load_text(h, "@include \"0.conf\"\n");
	assert_string_equal(text, "!8.conf:1: @include: nested too deep");
}

/* Only at the beginning of a line and outside of comments and strings. */
static void include_that_is_none(void **state)
{
	static const char *const texts[] = {
		"# @include \"none\"\n", "// @include \"none\"\n", "/*\n@include \"none\"\n*/\n",
		"s = \"\n@include \\\"none\\\"\n\";\n", "#\\\n", "s = \"\\\"\"; # \"\n",
		"/* \" */ a = 1; /* \" */\n", "s = \"/*\"; t = \"*/\"; u = \"#\"; v = \"//\";\n",
	};

	for (unsigned n = 0; n < ARRAY_SIZE(texts); n++)
		assert_text(load_text(*state, texts[n]), texts[n]);
}

static void line_origins(void **state)
{
	struct harness *h = *state;
	struct arena *arena = arena_new();
	struct errors e = { 0 };
	struct text t;
	unsigned found = 0, line = 1;

	harness_file(h, "inc.conf", "i1\ni2\ni3\n");
	harness_file(h, "main.conf", "m1\nm2\n@include \"inc.conf\"\nm4\nm5\n");
	assert_int_equal(text_load("main.conf", NULL, arena, &e, &t), 0);
	for (const char *p = t.text; *p; p = strchrnul(p, '\n')) {
		struct origin at;

		if (*p == '\n') {
			line++;
			p++;
		}
		at = text_origin(&t, line);
		if ((*p != 'm' && *p != 'i') || p[1] < '1' || p[1] > '9')
			continue;
		found++;
		assert_string_equal(at.file, *p == 'm' ? "main.conf" : "inc.conf");
		assert_int_equal(at.line, p[1] - '0');
	}
	assert_int_equal(found, 7);
	/* What libconfig says of the end of the text has a place too. */
	assert_string_equal(text_origin(&t, 0).file, "main.conf");
	assert_string_equal(text_origin(&t, 1000).file, "main.conf");
	text_done(&t);
	errors_done(&e);
	arena_free(arena);
}

static void large_numbers(void **state)
{
	struct harness *h = *state;

	assert_text(load_text(h, "a = 2147483647;"), "a = 2147483647;");
	assert_text(load_text(h, "a = 2147483648;"), "a = 2147483648L;");
	assert_text(load_text(h, "a = -2147483648;"), "a = -2147483648;");
	assert_text(load_text(h, "a = -2147483649;"), "a = -2147483649L;");
	assert_text(load_text(h, "a = 0xFFFFFFFF;"), "a = 0xFFFFFFFFL;");
	assert_text(load_text(h, "a = 9223372036854775807;"), "a = 9223372036854775807L;");
	assert_text(load_text(h, "a = 5000000000L;"), "a = 5000000000L;");
	assert_text(load_text(h, "a = 1.5e10; b = 12345678901.5;"), "a = 1.5e10; b = 12345678901.5;");
	assert_text(load_text(h, "name5000000000 = 1;"), "name5000000000 = 1;");
	assert_text(load_text(h, "s = \"5000000000\"; # 5000000000"),
		    "s = \"5000000000\"; # 5000000000");
	assert_text(load_text(h, "a = [1,5000000000,-5000000000];"),
		    "a = [1,5000000000L,-5000000000L];");
}

static void too_large_numbers(void **state)
{
	static const char *const numbers[] = {
		"9223372036854775808", "-9223372036854775809", "0x10000000000000000",
		"99999999999999999999999", "123456789012345678901234567890", "0xFFFFFFFFFFFFFFFFF",
		"-99999999999999999999999999999999", "9223372036854775808L",
		"+99999999999999999999",
	};

	for (unsigned n = 0; n < ARRAY_SIZE(numbers); n++) {
		_cleanup_free_ char *text = str_format("\na = %s;\n", numbers[n]);
		_cleanup_free_ char *got = load_text(*state, text);

		if (strcmp(got, "!main.conf:2: number does not fit in 64 bits"))
			fail_msg("%s: %s", numbers[n], got);
	}
}

static void rubbish(void **state)
{
	(void)state;
	assert_text(load_bytes("a = 1;\n\0b", 9), "!main.conf:2: not a text file (byte 0x00)");
	assert_text(load_bytes("\x7f" "ELF\2\1\1\0", 8), "!main.conf:1: not a text file (byte 0x7f)");
	assert_text(load_bytes("\xff\xfe" "a\0", 4), "!main.conf:1: not a text file (byte 0xff)");
	assert_text(load_bytes("a\n\n\xc3", 4), "!main.conf:3: not a text file (byte 0xc3)");
	assert_text(load_bytes("\xc0\xaf", 2), "!main.conf:1: not a text file (byte 0xc0)");
	assert_text(load_bytes("\xed\xa0\x80", 3), "!main.conf:1: not a text file (byte 0xed)");
	assert_text(load_bytes("\xf4\x90\x80\x80", 4), "!main.conf:1: not a text file (byte 0xf4)");
	assert_text(load_bytes("\xe0\x80\x80", 3), "!main.conf:1: not a text file (byte 0xe0)");
	assert_text(load_bytes("a\x1b[0m", 5), "!main.conf:1: not a text file (byte 0x1b)");
	assert_text(load_bytes("\0", 1), "!main.conf:1: not a text file (byte 0x00)");
}

/* Any bytes: an answer, never a crash; sanitizers and valgrind look on. */
static void noise(void **state)
{
	static const char alphabet[] = "@include \"a.conf\"\n{}[]()=;,#/*\\0x19L-+.\"\t\r\xc3\xa4\xff";
	uint32_t seed = 1;

	harness_file(*state, "a.conf", "x = 1;\n@include \"b.conf\"\n");
	for (unsigned n = 0; n < 3000; n++) {
		char bytes[64];
		size_t len = n % sizeof(bytes);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		free(load_bytes(bytes, len));
	}
}

static void carriage_returns(void **state)
{
	struct harness *h = *state;
	_cleanup_free_ char *text = NULL;

	harness_file(h, "a.conf", "x = 1;\r\n");
	text = load_text(h, "a = 1;\r\n@include \"a.conf\"\r\nb = 5000000000;\r\n");
	assert_contains(text, "x = 1;");
	assert_contains(text, "5000000000L;");
	assert_lacks(text, "@include");
}

/* Only the head of the newest is understood; what has no end is not the newest. */
static void newest_generation(void **state)
{
	struct harness *h = *state;
	struct change_info info = { 0 };

	assert_false(history_newest(".", &info));
	assert_int_equal(history_last("."), 0);
	harness_file(h, "generation-3.conf", "generation = { number = 3; hash = \"a\"; };\n");
	harness_file(h, "generation-12.conf",
		     "generation = { number = 12; confirmed = true; };\n{ ] };\n");
	assert_true(history_newest(".", &info));
	assert_int_equal(info.number, 12);
	assert_true(info.confirmed);
	change_info_done(&info);
	assert_int_equal(history_find_confirmed(".", UINT64_MAX), 0);
	harness_file(h, "generation-12.conf", "generation = { number = 12; };\ninterfaces = ( {");
	assert_true(history_newest(".", &info));
	assert_int_equal(info.number, 3);
	assert_string_equal(info.hash, "a");
	change_info_done(&info);
	assert_int_equal(history_last("."), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(plain),
		HARNESS_TEST(no_such_file),
		HARNESS_TEST(includes),
		HARNESS_TEST(include_errors),
		HARNESS_TEST(include_that_libconfig_would_see),
		HARNESS_TEST(include_loop_by_another_name),
		HARNESS_TEST(include_twice_is_no_loop),
		HARNESS_TEST(include_depth),
		HARNESS_TEST(include_that_is_none),
		HARNESS_TEST(line_origins),
		HARNESS_TEST(large_numbers),
		HARNESS_TEST(too_large_numbers),
		HARNESS_TEST(rubbish),
		HARNESS_TEST(noise),
		HARNESS_TEST(carriage_returns),
		HARNESS_TEST(newest_generation),
	};

	return harness_main("source", tests, ARRAY_SIZE(tests));
}
