// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Types of values: what a configuration may say, what is said of it in return,
 * and that a value survives the way to JSON, to a configuration and to
 * netlink and back; for made-up rows at the edges and for every row there is.
 */
#include "unit/harness.h"

#include <stdio.h>

#include "core/config.h"
#include "core/plan.h"

/* Room for any value, and the object it pretends to be in. */
union value {
	uint8_t bytes[sizeof(struct vlanset)];
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t s32;
	char *text;
	struct ifref ref;
	struct ipaddr ip;
	struct vlanset set;
};

static int parse(const struct row *row, const char *literal, union value *v, char **ret_why)
{
	_cleanup_free_ char *text = str_format("v = %s;", literal);
	struct parse p = { .row = row };
	config_t cfg;
	int r;

	memset(v, 0, sizeof(*v));
	config_init(&cfg);
	if (config_read_string(&cfg, text) != CONFIG_TRUE)
		fail_msg("%s: %s", literal, config_error_text(&cfg));
	r = row->type->parse(&p, config_lookup(&cfg, "v"), v);
	config_destroy(&cfg);
	*ret_why = p.why;
	return r;
}

static void done(const struct row *row, union value *v)
{
	if (row->type->done)
		row->type->done(v);
}

static bool equal(const struct row *row, const union value *a, const union value *b)
{
	return row->type->equal ? row->type->equal(row, a, b) : !memcmp(a, b, row->type->size);
}

/* To JSON, to a literal, and through the parser again. */
static void through_text(const struct row *row, const union value *v, const char *literal)
{
	json_t *j = row->type->json(row, v);
	_cleanup_free_ char *text = json_literal(j), *why = NULL;
	union value again;

	json_decref(j);
	if (parse(row, text, &again, &why) < 0)
		fail_msg("%s: becomes %s, which is refused: %s", literal, text, why);
	if (!equal(row, v, &again))
		fail_msg("%s: becomes %s, which is another value", literal, text);
	done(row, &again);
}

static void through_netlink(const struct row *row, const union value *v, const char *literal)
{
	struct row with_attr = *row;
	struct nl_msg *msg;
	struct nlattr *a;
	union value again = { 0 };

	if (!row->type->put || !row->type->get)
		return;
	with_attr.attr = 7;
	msg = nlmsg_alloc();
	nlmsg_put(msg, 0, 0, 20, 0, 0);
	if (row->type->put(msg, &with_attr, v) < 0)
		fail_msg("%s: does not fit a message", literal);
	a = nlmsg_find_attr(nlmsg_hdr(msg), 0, 7);
	assert_non_null(a);
	if (row->type->get(&with_attr, a, &again) < 0)
		fail_msg("%s: is not understood as an attribute", literal);
	if (!equal(row, v, &again))
		fail_msg("%s: another value after netlink", literal);
	done(row, &again);
	/* An attribute that is too short is no value. */
	a->nla_len = NLA_HDRLEN;
	memset(&again, 0, sizeof(again));
	if (row->type->get(&with_attr, a, &again) < 0)
		memset(&again, 0, sizeof(again));
	done(row, &again);
	nlmsg_free(msg);
}

static void through_copy(const struct row *row, const union value *v, const char *literal)
{
	struct arena *a = arena_new();
	union value copy;

	if (row->type->copy) {
		row->type->copy(a, &copy, v);
		if (!equal(row, v, &copy))
			fail_msg("%s: the copy differs", literal);
		row->type->copy(NULL, &copy, v);
		done(row, &copy);
	}
	arena_free(a);
}

struct good {
	const char *literal, *shown; /* in JSON; NULL: as written */
};

static void take(const struct row *row, const struct good *good, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const char *literal = good[i].literal, *want = good[i].shown;
		_cleanup_free_ char *why = NULL, *shown = NULL;
		union value v;
		json_t *j;

		if (parse(row, literal, &v, &why) < 0)
			fail_msg("%s %s: %s", row->type->name, literal, why);
		j = row->type->json(row, &v);
		shown = json_dumps(j, JSON_ENCODE_ANY);
		json_decref(j);
		if (strcmp(shown, want ? want : literal))
			fail_msg("%s %s: shown as %s", row->type->name, literal, shown);
		through_text(row, &v, literal);
		through_netlink(row, &v, literal);
		through_copy(row, &v, literal);
		done(row, &v);
	}
}

struct wrong {
	const char *literal, *why;
};

static void refuse(const struct row *row, const struct wrong *wrong, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		_cleanup_free_ char *why = NULL;
		union value v;

		if (parse(row, wrong[i].literal, &v, &why) >= 0)
			fail_msg("%s %s: is taken", row->type->name, wrong[i].literal);
		if (strcmp(why, wrong[i].why))
			fail_msg("%s %s: says \"%s\"", row->type->name, wrong[i].literal, why);
	}
}

#define TAKE(row, ...)                                                                             \
	take(row, (const struct good[]){ __VA_ARGS__ },                                            \
	     ARRAY_SIZE(((const struct good[]){ __VA_ARGS__ })))
#define REFUSE(row, ...)                                                                           \
	refuse(row, (const struct wrong[]){ __VA_ARGS__ },                                         \
	       ARRAY_SIZE(((const struct wrong[]){ __VA_ARGS__ })))

static void booleans(void **state _unused_)
{
	static const struct row rows[] = { { .type = &type_bool }, { .type = &type_bool32 } };

	for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
		TAKE(&rows[n], { "true", NULL }, { "false", NULL }, { "TRUE", "true" });
		REFUSE(&rows[n], { "1", "must be true or false" },
		       { "\"yes\"", "must be true or false" }, { "[ true ]", "must be true or false" });
	}
}

static void numbers(void **state _unused_)
{
	static const struct row u8 = { .type = &type_u8 }, u16 = { .type = &type_u16 },
				u32 = { .type = &type_u32 }, u64 = { .type = &type_u64 },
				s32 = { .type = &type_s32 },
				vid = { .type = &type_u16, .min = 1, .max = 4094 },
				delta = { .type = &type_s32, .min = -1, .max = 2 };

	TAKE(&u8, { "0", NULL }, { "255", NULL }, { "0xff", "255" });
	TAKE(&u16, { "65535", NULL });
	TAKE(&u32, { "4294967295L", "4294967295" });
	TAKE(&u64, { "9223372036854775807L", "9223372036854775807" });
	TAKE(&s32, { "-2147483648", NULL }, { "2147483647", NULL }, { "-1", NULL });
	TAKE(&vid, { "1", NULL }, { "4094", NULL });
	TAKE(&delta, { "-1", NULL }, { "0", NULL }, { "2", NULL });
	REFUSE(&u8, { "256", "256 is out of range (0 to 255)" },
	       { "-1", "-1 is out of range (0 to 255)" }, { "1.0", "must be a whole number" },
	       { "\"1\"", "must be a whole number" }, { "true", "must be a whole number" });
	REFUSE(&u32, { "4294967296L", "4294967296 is out of range (0 to 4294967295)" });
	REFUSE(&s32, { "2147483648L", "2147483648 is out of range (-2147483648 to 2147483647)" });
	REFUSE(&vid, { "0", "0 is out of range (1 to 4094)" },
	       { "5000", "5000 is out of range (1 to 4094)" });
	REFUSE(&delta, { "3", "3 is out of range (-1 to 2)" });
}

static void words(void **state _unused_)
{
	static const struct word list[] = { { "off", 0 }, { "strict", 1 }, { "loose", 2 },
					    { NULL, 0 } };
	static const struct row rows[] = {
		{ .type = &type_enum8, .data = list }, { .type = &type_enum32, .data = list },
		{ .type = &type_enum16be, .data = list },
	};
	union value v = { .u8 = 9 };
	json_t *j;

	for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
		TAKE(&rows[n], { "\"off\"", NULL }, { "\"loose\"", NULL });
		REFUSE(&rows[n], { "1", "must be a string in quotes" },
		       { "\"lose\"", "unknown word \"lose\" (did you mean \"loose\"?)" },
		       { "\"zzz\"", "unknown word \"zzz\" (one of \"off\", \"strict\", \"loose\")" });
	}
	/* A newer kernel may know more. */
	j = type_enum8.json(&rows[0], &v);
	assert_string_equal(json_string_value(j), "9");
	json_decref(j);
}

static void times(void **state _unused_)
{
	static const struct row row = { .type = &type_clock32, .min = 0, .max = 3000 },
				wide = { .type = &type_clock64 };

	TAKE(&row, { "\"15s\"", NULL }, { "\"200ms\"", NULL }, { "\"1.5s\"", "\"1500ms\"" },
	     { "\"0.5min\"", "\"30s\"" }, { "\"0s\"", NULL }, { "\"30s\"", NULL });
	TAKE(&wide, { "\"5min\"", "\"300s\"" }, { "\"1d\"", "\"86400s\"" }, { "\"1h\"", "\"3600s\"" });
	REFUSE(&row,
	       { "15", "must be a time with a unit in quotes (\"15s\", \"200ms\", \"5min\")" },
	       { "\"15\"", "\"15\" is not a time with a unit (\"15s\", \"200ms\", \"5min\")" },
	       { "\"1x\"", "\"1x\" is not a time with a unit (\"15s\", \"200ms\", \"5min\")" },
	       { "\"5ms\"", "\"5ms\": the kernel counts in steps of 10ms" },
	       { "\"31s\"", "\"31s\" is out of range (0s to 30s)" },
	       { "\"-1s\"", "\"-1s\" is not a time with a unit (\"15s\", \"200ms\", \"5min\")" });
}

static void strings(void **state _unused_)
{
	static const struct row row = { .type = &type_string, .max = 8 };

	TAKE(&row, { "\"\"", NULL }, { "\"x y\"", NULL }, { "\"a\\\"b\\\\c\"", NULL },
	     { "\"\xc3\xa4\"", NULL }, { "\"a\\tb\"", NULL });
	REFUSE(&row, { "\"123456789\"", "is longer than 8 bytes" },
	       { "1", "must be a string in quotes" });
}

static void names(void **state _unused_)
{
	static const struct row row = { .type = &type_name };

	TAKE(&row, { "\"lan0\"", NULL }, { "\"br0.10\"", NULL }, { "\"lan0:label\"", NULL },
	     { "\"123456789012345\"", NULL });
	REFUSE(&row, { "\"\"", "\"\" is no name (1 to 15 bytes, no space, '/' or '%')" },
	       { "\"a b\"", "\"a b\" is no name (1 to 15 bytes, no space, '/' or '%')" },
	       { "\"1234567890123456\"",
		 "\"1234567890123456\" is no name (1 to 15 bytes, no space, '/' or '%')" });
	assert_true(interface_name_valid("lan0"));
	assert_false(interface_name_valid(""));
	assert_false(interface_name_valid("."));
	assert_false(interface_name_valid(".."));
	assert_false(interface_name_valid("a/b"));
	assert_false(interface_name_valid("1234567890123456"));
}

static void macs(void **state _unused_)
{
	static const struct row row = { .type = &type_mac };

	TAKE(&row, { "\"02:00:5e:00:53:01\"", NULL },
	     { "\"02:00:5E:00:53:01\"", "\"02:00:5e:00:53:01\"" });
	REFUSE(&row,
	       { "\"02:00:5e:00:53\"",
		 "\"02:00:5e:00:53\" is not an Ethernet address (aa:bb:cc:dd:ee:ff)" },
	       { "\"02:00:5e:00:53:0\"",
		 "\"02:00:5e:00:53:0\" is not an Ethernet address (aa:bb:cc:dd:ee:ff)" },
	       { "\"02:00:5e:00:53:01x\"",
		 "\"02:00:5e:00:53:01x\" is not an Ethernet address (aa:bb:cc:dd:ee:ff)" },
	       { "\"02:00:5e:00:-1:01\"",
		 "\"02:00:5e:00:-1:01\" is not an Ethernet address (aa:bb:cc:dd:ee:ff)" },
	       { "\"01:00:5e:00:53:01\"", "\"01:00:5e:00:53:01\" is a group address" },
	       { "\"00:00:00:00:00:00\"", "\"00:00:00:00:00:00\" is no address of an interface" });
}

static void references(void **state _unused_)
{
	static const struct row row = { .type = &type_ifref };
	_cleanup_free_ char *why = NULL;
	struct ifref a = { 0, "a" }, b = { 0, "b" }, a3 = { 3, "a" }, b3 = { 3, "b" };
	union value v;
	json_t *j;

	assert_int_equal(parse(&row, "\"br0\"", &v, &why), 0);
	assert_string_equal(v.ref.name, "br0");
	through_text(&row, &v, "br0");
	REFUSE(&row, { "\"1234567890123456\"", "\"1234567890123456\" is longer than 15 bytes" },
	       { "1", "must be a string in quotes" });
	assert_false(type_ifref.equal(&row, &a, &b));
	assert_true(type_ifref.equal(&row, &a3, &b3));
	assert_false(type_ifref.equal(&row, &a3, &a));
	strcpy(a3.name, "");
	j = type_ifref.json(&row, &a3);
	assert_string_equal(json_string_value(j), "if3");
	json_decref(j);
}

static void addresses(void **state _unused_)
{
	static const struct row ip = { .type = &type_ip }, prefix = { .type = &type_prefix };

	TAKE(&ip, { "\"192.0.2.1\"", NULL }, { "\"2001:DB8::1\"", "\"2001:db8::1\"" },
	     { "\"::\"", NULL });
	TAKE(&prefix, { "\"192.0.2.1/24\"", NULL }, { "\"192.0.2.1\"", "\"192.0.2.1/32\"" },
	     { "\"2001:db8::1\"", "\"2001:db8::1/128\"" }, { "\"::/0\"", NULL },
	     { "\"0.0.0.0/0\"", NULL });
	REFUSE(&ip, { "\"192.0.2.1/24\"", "\"192.0.2.1/24\" is not an IP address" },
	       { "\"192.0.2\"", "\"192.0.2\" is not an IP address" },
	       { "\"\"", "\"\" is not an IP address" }, { "1", "must be a string in quotes" });
	REFUSE(&prefix,
	       { "\"192.0.2.1/33\"", "\"192.0.2.1/33\" is not an IP address with a prefix length" },
	       { "\"2001:db8::/129\"",
		 "\"2001:db8::/129\" is not an IP address with a prefix length" },
	       { "\"192.0.2.1/\"", "\"192.0.2.1/\" is not an IP address with a prefix length" },
	       { "\"192.0.2.1/-1\"", "\"192.0.2.1/-1\" is not an IP address with a prefix length" },
	       { "\"192.0.2.1/24/8\"",
		 "\"192.0.2.1/24/8\" is not an IP address with a prefix length" },
	       { "\"192.0.2.256/24\"",
		 "\"192.0.2.256/24\" is not an IP address with a prefix length" });
}

static void networks(void **state _unused_)
{
	struct ipaddr ip;

	assert_int_equal(ip_parse("192.0.2.0/24", &ip), 0);
	assert_true(ip_is_network(&ip));
	assert_int_equal(ip_parse("192.0.2.128/24", &ip), 0);
	assert_false(ip_is_network(&ip));
	assert_int_equal(ip_parse("192.0.2.1/32", &ip), 0);
	assert_true(ip_is_network(&ip));
	assert_int_equal(ip_parse("2001:db8::8000/113", &ip), 0);
	assert_true(ip_is_network(&ip));
	assert_int_equal(ip_parse("2001:db8::8000/112", &ip), 0);
	assert_false(ip_is_network(&ip));
}

static void vlan_sets(void **state _unused_)
{
	static const struct row row = { .type = &type_vlanset };
	struct vlanset set = { 0 };
	unsigned end = 0;

	TAKE(&row, { "[ ]", "[]" }, { "[ 10, 11, 12, 40 ]", "[\"10-12\", \"40\"]" },
	     { "[ \"20-29\", \"40\" ]", "[\"20-29\", \"40\"]" },
	     { "( 1, \"2-3\" )", "[\"1-3\"]" }, { "[ \"1-4094\" ]", "[\"1-4094\"]" },
	     { "[ 63, 64, 65 ]", "[\"63-65\"]" }, { "[ 4094 ]", "[\"4094\"]" });
	REFUSE(&row, { "[ 10, 10 ]", "VLAN 10 is listed twice" },
	       { "( \"10-20\", 15 )", "VLAN 15 is listed twice" },
	       { "[ 5000 ]", "VLAN 5000 is out of range (1 to 4094)" },
	       { "[ 0 ]", "VLAN 0 is out of range (1 to 4094)" },
	       { "[ 4095 ]", "VLAN 4095 is out of range (1 to 4094)" },
	       { "[ \"29-20\" ]", "range 29-20 runs backwards" },
	       { "[ \"20-\" ]", "\"20-\" is neither a VLAN ID nor a range (\"20-29\")" },
	       { "[ \"x\" ]", "\"x\" is neither a VLAN ID nor a range (\"20-29\")" },
	       { "[ true ]", "must hold VLAN IDs (10) and ranges (\"20-29\")" },
	       { "10", "must be an array: [ 10, 20 ] or [ \"10\", \"20-29\" ]" },
	       { "[ \"1-99999999999\" ]", "VLAN 99999999999 is out of range (1 to 4094)" });
	assert_int_equal(vlanset_next(&set, 1, &end), 0);
	vlanset_add(&set, 4094);
	assert_int_equal(vlanset_next(&set, 1, &end), 4094);
	assert_int_equal(end, 4094);
	assert_int_equal(vlanset_next(&set, end + 1, &end), 0);
}

/* A value that is too long to be looked at must not be looked at in part. */
static void vlan_of_many_digits(void **state _unused_)
{
	static const struct row row = { .type = &type_vlanset };
	_cleanup_free_ char *why = NULL;
	union value v;

	assert_true(parse(&row, "[ \"0000000000000000000000000000010000\" ]", &v, &why) < 0);
	free(TAKE_PTR(why));
	assert_true(parse(&row, "[ \"10-0000000000000000000000000000200\" ]", &v, &why) == 0 ?
			    vlanset_has(&v.set, 200) : true);
}

static void every_name_has_its_value(void **state _unused_)
{
	for (unsigned n = 0; n < PHASE_MAX_; n++) {
		assert_non_null(phase_name(n));
		for (unsigned k = 0; k < n; k++)
			assert_string_not_equal(phase_name(n), phase_name(k));
	}
	for (unsigned n = 0; n < EFFECT_MAX_; n++) {
		assert_non_null(effect_name(n));
		for (unsigned k = 0; k < n; k++)
			assert_string_not_equal(effect_name(n), effect_name(k));
	}
	for (unsigned n = 0; n < STATE_MAX_; n++) {
		assert_non_null(state_name(n));
		for (unsigned k = 0; k < n; k++)
			assert_string_not_equal(state_name(n), state_name(k));
	}
	for (unsigned n = 0; n < VERB_MAX_; n++) {
		assert_non_null(verb_name(n));
		for (unsigned k = 0; k < n; k++)
			assert_string_not_equal(verb_name(n), verb_name(k));
	}
	for (unsigned n = 0; n < ENGINE_MAX_; n++)
		assert_non_null(engine_state_name(n));
}

static void check_words(const struct feature *f, const struct row *r)
{
	const struct word *list = r->data;

	if (r->type != &type_enum8 && r->type != &type_enum16be && r->type != &type_enum32)
		return;
	if (!list)
		fail_msg("%s.%s has no words", f->name, r->key);
	for (const struct word *w = list; w->word; w++) {
		const char *word = word_of(list, w->value);

		if (word_value(list, w->word) != (int)w->value || !word || strcmp(word, w->word))
			fail_msg("%s.%s: \"%s\" is not what its value is called", f->name, r->key,
				 w->word);
	}
	assert_int_equal(word_value(list, "no such word"), -EINVAL);
	assert_null(word_of(list, 0xfffffff0));
}

static void check_row(const struct feature *f, const struct row *r)
{
	if (!r->key || !r->type || !r->help)
		fail_msg("%s: row %td lacks key, type or help", f->name, r - f->rows);
	if (r->offset < sizeof(struct object) || r->offset + r->type->size > f->size)
		fail_msg("%s.%s: the value is not in the object", f->name, r->key);
	if (row_find(f, r->key) != r)
		fail_msg("%s.%s: twice", f->name, r->key);
	if (r->max && r->min > r->max)
		fail_msg("%s.%s: the range is empty", f->name, r->key);
	/* A setting that is changed alone must know when. */
	if (!(r->flags & (ROW_STATE | ROW_POLICY)) && f->form != FORM_LIST && f->id < n_features &&
	    features[f->id] == f && !r->phase)
		fail_msg("%s.%s: has no phase", f->name, r->key);
	for (const struct row *other = f->rows; other < r; other++)
		if (r->offset < other->offset + other->type->size &&
		    other->offset < r->offset + r->type->size)
			fail_msg("%s.%s and %s share their place", f->name, r->key, other->key);
	check_words(f, r);
}

static void check_initial(const struct feature *f, const struct row *r)
{
	struct object *o;

	if (!r->initial)
		return;
	o = object_new(f, NULL);
	if (row_parse_initial(f, r, o) < 0)
		fail_msg("%s.%s: its initial value %s is refused", f->name, r->key, r->initial);
	through_text(r, row_value(r, o), r->initial);
	object_free(f, o);
}

static void every_row_is_sound(void **state _unused_)
{
	assert_ptr_equal(features[FEATURE_LINK], feature_find("link"));
	for (unsigned n = 0; n < n_features; n++)
		FOREACH_ROW(features[n], r) {
			check_row(features[n], r);
			check_initial(features[n], r);
		}
	FOREACH_ROW(&settings_feature, r) {
		check_row(&settings_feature, r);
		check_initial(&settings_feature, r);
	}
}

static int setup(void **state _unused_)
{
	features_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(booleans),
		cmocka_unit_test(numbers),
		cmocka_unit_test(words),
		cmocka_unit_test(times),
		cmocka_unit_test(strings),
		cmocka_unit_test(names),
		cmocka_unit_test(macs),
		cmocka_unit_test(references),
		cmocka_unit_test(addresses),
		cmocka_unit_test(networks),
		cmocka_unit_test(vlan_sets),
		cmocka_unit_test(vlan_of_many_digits),
		cmocka_unit_test(every_name_has_its_value),
		cmocka_unit_test_setup(every_row_is_sound, setup),
	};

	return harness_main("types", tests, ARRAY_SIZE(tests));
}
