// SPDX-License-Identifier: LGPL-2.1-or-later
/* util/: suggestions, numbers, quantities, names, files, memory; and texts of JSON. */
#include "unit/harness.h"

#include <sys/stat.h>

#include "core/document.h"
#include "util/real.h"
#include "util/text.h"

static const char *nth(const void *data, unsigned i)
{
	return ((const char *const *)data)[i];
}

static void suggests(void **state _unused_)
{
	static const char *const words[] = { "vlan_filtering", "default_pvid", "stp", "mtu", "up",
					     "addresses", NULL };
	static const char *const cases[][2] = {
		{ "vlan_fitering", "vlan_filtering" }, { "vlanfiltering", "vlan_filtering" },
		{ "vlan-filtering", "vlan_filtering" }, { "VLAN_FILTERING", "vlan_filtering" },
		{ "defualt_pvid", "default_pvid" }, { "spt", "stp" }, { "mtuu", "mtu" },
		{ "mut", "mtu" }, { "address", "addresses" }, { "bandwidth", NULL },
		{ "x", NULL }, { "", NULL },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		const char *got = text_suggest(cases[n][0], nth, words);

		if (!got != !cases[n][1] || (got && strcmp(got, cases[n][1])))
			fail_msg("%s: %s instead of %s", cases[n][0], got ? got : "nothing",
				 cases[n][1] ? cases[n][1] : "nothing");
	}
}

static void suggests_for_long_words(void **state _unused_)
{
	static const char *const words[] = { "mtu", NULL };
	char word[5000];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	assert_null(text_suggest(word, nth, words));
}

static void numbers(void **state _unused_)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 }, { "17", 0, 17 }, { "-17", 0, -17 }, { "0x1F", 0, 31 },
		{ "0XfF", 0, 255 }, { "010", 0, 10 },
		{ "9223372036854775807", 0, INT64_MAX }, { "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 }, { "0x8000000000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "-", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1a", -EINVAL, 0 }, { "0x", -EINVAL, 0 }, { "1.5", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		int64_t v = 42;
		int r = text_to_number(cases[n].text, &v);

		if (r != cases[n].r || v != (r ? 42 : cases[n].value))
			fail_msg("\"%s\": %d, %lld", cases[n].text, r, (long long)v);
	}
}

static void quantities(void **state _unused_)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { NULL, 0 },
	};
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} cases[] = {
		{ "300us", 0, 300000 }, { "300 us", 0, 300000 }, { "1.5s", 0, 1500000000 },
		{ "0.000001s", 0, 1000 }, { "17", 0, 17 }, { "0", 0, 0 }, { "2.5ns", -EINVAL, 0 },
		{ "1.0000000001s", -EINVAL, 0 }, { "1h", -EINVAL, 0 }, { "", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 }, { "s", -EINVAL, 0 }, { "1s2", -EINVAL, 0 },
		{ "9223372036s", 0, INT64_C(9223372036000000000) },
		{ "9223372037s", -ERANGE, 0 }, { "99999999999999999999", -ERANGE, 0 },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
		int64_t v = 42;
		int r = text_to_quantity(cases[n].text, units, &v);

		if (r != cases[n].r || v != (r ? 42 : cases[n].value))
			fail_msg("\"%s\": %d, %lld", cases[n].text, r, (long long)v);
	}
}

/* A fraction of a large unit: the product must not overflow on the way. */
static void quantity_fraction_of_large_unit(void **state _unused_)
{
	static const struct unit units[] = { { "d", INT64_C(86400000000000) }, { NULL, 0 } };
	int64_t v;

	assert_int_equal(text_to_quantity("0.5d", units, &v), 0);
	assert_true(v == INT64_C(43200000000000));
	assert_int_equal(text_to_quantity("0.500000000d", units, &v), 0);
	assert_true(v == INT64_C(43200000000000));
}

static void camel(void **state _unused_)
{
	char buf[32];

	assert_string_equal(text_camel("vlan_filtering", buf, sizeof(buf)), "VlanFiltering");
	assert_string_equal(text_camel("rx-gro-hw", buf, sizeof(buf)), "RxGroHw");
	assert_string_equal(text_camel("a.b_c", buf, sizeof(buf)), "A.BC");
	assert_string_equal(text_camel("", buf, sizeof(buf)), "");
	assert_string_equal(text_camel("abcdef", buf, 4), "Abc");
}

static void files(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	(void)state;
	assert_int_equal(file_read("none", 100, &text, NULL), -ENOENT);
	assert_int_equal(file_read(".", 100, &text, NULL), -EISDIR);
	assert_int_equal(file_read("/dev/null", 100, &text, NULL), -EINVAL);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_read("fifo", 100, &text, NULL), -EINVAL);
	assert_null(text);
	assert_int_equal(file_write_atomic("f", "a\0b", 3, 0600), 0);
	assert_int_equal(file_read("f", 100, &text, &size), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(text, "a\0b", 4);
	free(TAKE_PTR(text));
	assert_int_equal(file_read("f", 2, &text, &size), -EFBIG);
	assert_int_equal(file_read("f", 3, &text, &size), 0);
	assert_int_equal(file_write_atomic("f", "", 0, 0600), 0);
	free(TAKE_PTR(text));
	assert_int_equal(file_read("f", 3, &text, &size), 0);
	assert_int_equal(size, 0);
	/* The old one stands when the new one cannot be written. */
	assert_int_equal(file_write_atomic("none/f", "x", 1, 0600), -ENOENT);
	assert_int_equal(mkdir("f.new", 0700), 0);
	assert_true(file_write_atomic("f", "x", 1, 0600) < 0);
	free(TAKE_PTR(text));
	assert_int_equal(file_read("f", 3, &text, &size), 0);
	assert_int_equal(size, 0);
}

static void arenas(void **state _unused_)
{
	struct arena *a = arena_new();
	char *heap;

	for (size_t n = 0; n < 10000; n += 37) {
		char *p = arena_alloc(a, n);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	assert_string_equal(arena_str(a, "abc"), "abc");
	assert_null(arena_free(a));
	assert_null(arena_free(NULL));
	heap = arena_str(NULL, "heap");
	assert_string_equal(heap, "heap");
	free(heap);
}

static void arrays(void **state _unused_)
{
	unsigned *a = NULL;

	for (unsigned n = 0; n < 1000; n++) {
		a = array_reserve(a, n, sizeof(*a));
		a[n] = n;
	}
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(a[n], n);
	free(a);
}

static void pages(void **state _unused_)
{
	const size_t size = 64 * 1024;
	char *p = mem_pages(size);

	for (size_t n = 0; n < size; n++)
		assert_int_equal(p[n], 0);
	memset(p, 1, size);
	mem_pages_relax(p, size);
	assert_int_equal(p[size - 1], 0);
	mem_pages_free(p, size);
	mem_pages_free(NULL, size);
}

static bool is_near(double a, double b)
{
	return a - b < 1e-14 && b - a < 1e-14;
}

/* The values are those of glibc. */
static void reals(void **state _unused_)
{
	static const struct {
		double x, log10;
	} logarithms[] = {
		{ 1, 0 }, { 1000, 3 }, { 0.0001, -4 }, { 2, 0.3010299956639812 },
		{ 0.0123, -1.9100948885606022 }, { 6.5536, 0.8164799306236992 },
		{ 1.4142135623730951, 0.15051499783199063 },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(logarithms); n++)
		assert_true(is_near(real_log10(logarithms[n].x), logarithms[n].log10));
	assert_true(real_log10(3e38) > 38 && real_log10(3e38) < 39);
	assert_true(is_near(real_exp10(0.5), 3.1622776601683795) &&
		    is_near(real_exp10(-1.45), 0.035481338923357545) && real_exp10(2) == 100);
	assert_true(real_round(2.5) == 3 && real_round(-2.5) == -3 && real_round(2.4999) == 2);
	assert_true(real_round(1e300) == 1e300 && real_round(-1e300) == -1e300);
	assert_true(real_round(0.0 / 0.0) != real_round(0.0 / 0.0));
}

/* The text of @j, a new reference, is what jansson makes of it; also bit by bit. */
static void document_is_like(json_t *j)
{
	_cleanup_free_ char *wanted =
		json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_DIGITS);
	struct document d = { 0 };

	document_put(&d, "<", 1);
	document_put_json(&d, j);
	document_put(&d, ">", 1);
	assert_int_equal(d.used, strlen(d.text));
	assert_int_equal(d.text[0], '<');
	assert_int_equal(d.text[d.used - 1], '>');
	d.text[d.used - 1] = 0;
	assert_string_equal(d.text + 1, wanted);
	free(d.text);
	json_decref(j);
}

static void documents(void **state _unused_)
{
	static const char *const texts[] = {
		"{}", "[]", "[{},[]]", "null", "true", "false", "0", "-1", "10",
		"9223372036854775807", "-9223372036854775808", "0.1", "-2.5e300", "1.0",
		"\"\"", "\"eth0\"", "\"a\\\"b\"", "\"back\\\\slash/\"", "\"\\u0001\\n\\t\\u001f\\u007f\"",
		"\"\\u00e4\\u20ac\\ud83d\\ude00\"", "\"nul\\u0000within\"",
		"{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\\\"\\n\":{\"\\u00e4\":\"\"}}",
		"[\"x\",1,-1,true,false,null,0.25]",
	};
	const unsigned flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *many = json_array();

	for (unsigned n = 0; n < ARRAY_SIZE(texts); n++) {
		json_t *j = json_loads(texts[n], flags, NULL);

		assert_non_null(j);
		for (unsigned i = 0; i < 500; i++) /* beyond each size of the buffer */
			json_array_append(many, j);
		document_is_like(j);
	}
	document_is_like(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suggests),
		cmocka_unit_test(suggests_for_long_words),
		cmocka_unit_test(numbers),
		cmocka_unit_test(quantities),
		cmocka_unit_test(quantity_fraction_of_large_unit),
		cmocka_unit_test(camel),
		HARNESS_TEST(files),
		cmocka_unit_test(arenas),
		cmocka_unit_test(arrays),
		cmocka_unit_test(pages),
		cmocka_unit_test(reals),
		cmocka_unit_test(documents),
	};

	return harness_main("text", tests, ARRAY_SIZE(tests));
}
