// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every feature by its own example: src/features/NAME/example.conf is planned
 * as expected.plan says, applied, found to be applied also after a restart;
 * each of its settings is taken out and put in again; and without any
 * configuration the machine is as it was.
 * NETCTL_GOLDEN_UPDATE=1 writes the plans.
 */
#include "unit/harness.h"

#include <glob.h>
#include <stdio.h>

#define FOLDER "src/features/"

struct example {
	struct harness *h;
	char *text;
	json_t *before; /* name -> interface, as the machine was */
};

static char *file_of(const char *feature, const char *file)
{
	return str_format(FOLDER "%s/%s", feature, file);
}

static json_t *snapshot(struct harness *h)
{
	json_t *all = json_object();

	if (!engine_read(h->engine, UINT64_MAX)) /* also what nobody names */
		harness_settle(h);
	MODEL_FOREACH(h->engine->mirror->seen, i)
		if (!strstr(i->name, "-far")) /* the other end of a cable: nobody's concern */
			json_object_set_new(all, i->name, iface_json(i, ROW_STATE));
	return all;
}

static struct example open_example(const char *feature)
{
	_cleanup_free_ char *path = file_of(feature, "example.conf");
	struct example x = { .h = harness_new(), .text = harness_read(path) };

	assert_non_null(x.text);
	harness_nics_of(x.h, x.text);
	harness_start(x.h);
	x.before = snapshot(x.h);
	return x;
}

static void close_example(struct example *x)
{
	json_decref(x->before);
	free(x->text);
	harness_free(x->h);
}

static void expect_nothing_to_do(struct example *x)
{
	uint64_t before = harness_requests(x->h);

	assert_text(harness_plan(x->h), "");
	harness_must_apply(x->h, x->text);
	assert_int_equal(harness_requests(x->h), before);
}

static void is_planned_as_expected(void **state)
{
	struct example x = open_example(*state);
	_cleanup_free_ char *path = file_of(*state, "expected.plan");

	/* What a real device can, and has before, is its own. */
	if (!x.h->fake && !strncmp(*state, "ethernet", strlen("ethernet"))) {
		close_example(&x);
		print_message("# skipped, the plan depends on the device\n");
		skip();
	}
	harness_golden(path, harness_plan_of(x.h, x.text));
	close_example(&x);
}

static void applies_once(void **state)
{
	struct example x = open_example(*state);

	harness_must_apply(x.h, x.text);
	expect_nothing_to_do(&x);
	harness_kill(x.h);
	harness_start(x.h);
	harness_must_apply(x.h, x.text);
	assert_int_equal(harness_requests(x.h), 0);
	close_example(&x);
}

static void leaves_no_trace(void **state)
{
	struct example x = open_example(*state);
	json_t *after;

	harness_must_apply(x.h, x.text);
	harness_must_apply(x.h, "interfaces = ();\n");
	harness_kill(x.h); /* what a fresh look shows counts */
	harness_start(x.h);
	after = snapshot(x.h);
	if (!json_equal(x.before, after)) {
		json_dumpf(x.before, stderr, JSON_INDENT(1));
		json_dumpf(after, stderr, JSON_INDENT(1));
		fail();
	}
	json_decref(after);
	close_example(&x);
}

/* One setting taken out of a configuration. */
struct hole {
	const char *iface, *group, *key; /* group "": the entry itself */
	bool list;			 /* key is a list, of which one entry went or all */
	bool member;			 /* or one member of an entry */
};

/* Take out the @n-th member of a list's entries; -1: done, else how many there are. */
static int hole_in_entries(config_setting_t *list, unsigned n)
{
	unsigned members = 0;

	for (int i = 0; i < config_setting_length(list); i++) {
		config_setting_t *entry = config_setting_get_elem(list, i);
		unsigned own = config_setting_is_group(entry) ? config_setting_length(entry) : 0;

		if (n >= members && n < members + own) {
			config_setting_remove_elem(entry, n - members);
			return -1;
		}
		members += own;
	}
	return members;
}

/* Take out the @n-th thing that can be taken out; false: there are not so many. */
static bool make_hole(config_t *cfg, unsigned n, struct hole *hole)
{
	config_setting_t *list = config_lookup(cfg, "interfaces"), *entry, *s;

	for (int i = 0; (entry = config_setting_get_elem(list, i)); i++) {
		for (int k = 0; (s = config_setting_get_elem(entry, k)); k++) {
			const char *key = config_setting_name(s);
			unsigned parts = config_setting_is_aggregate(s) ?
						 config_setting_length(s) : 0;

			if (!strcmp(key, "name") || !strcmp(key, "kind"))
				continue;
			*hole = (struct hole){ .group = "", .key = key };
			config_setting_lookup_string(entry, "name", &hole->iface);
			if (n < parts && config_setting_is_group(s)) {
				hole->group = key;
				hole->key = config_setting_name(config_setting_get_elem(s, n));
				return true;
			}
			if (n < parts) {
				hole->list = true;
				config_setting_remove_elem(s, n);
				return true;
			}
			n -= parts;
			if (parts && !config_setting_is_group(s)) {
				int members = hole_in_entries(s, n);

				hole->list = hole->member = members < 0;
				if (members < 0)
					return true;
				n -= members;
			}
			if (!parts && n-- == 0)
				return true;
		}
	}
	return false;
}

static void remove_key(config_t *cfg, const struct hole *hole)
{
	config_setting_t *list = config_lookup(cfg, "interfaces"), *entry;
	const char *name;

	for (int i = 0; (entry = config_setting_get_elem(list, i)); i++)
		if (config_setting_lookup_string(entry, "name", &name) &&
		    !strcmp(name, hole->iface))
			break;
	if (*hole->group)
		entry = config_setting_get_member(entry, hole->group);
	config_setting_remove(entry, hole->key);
}

static char *written(config_t *cfg)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_write(cfg, out);
	fclose(out);
	return text;
}

static json_t *value_in(json_t *iface, const struct hole *hole)
{
	if (*hole->group)
		iface = json_object_get(iface, hole->group);
	return json_object_get(iface, hole->key);
}

/* Rule 2 of the interface: as it was before, else the kernel's default. NULL: no one can say. */
static json_t *value_before(struct example *x, const struct hole *hole, json_t *have)
{
	const struct feature *f = *hole->group ? feature_find(hole->group) : features[FEATURE_LINK];
	const struct row *r = row_find(f, hole->key);
	json_t *before = value_in(json_object_get(x->before, hole->iface), hole);
	struct object *o;

	/* VLAN membership is one setting in three rows. */
	if (!strcmp(f->name, "port") && (r - f->rows) < 3)
		return NULL;
	/* What a configuration implies where it says nothing. */
	if (!strcmp(hole->key, "up"))
		return json_true();
	if (before)
		return json_incref(before);
	if (!r || !r->initial || !have) /* r NULL: a group in the group */
		return NULL;
	o = object_new(f, NULL);
	before = row_parse_initial(f, r, o) < 0 ? NULL : r->type->json(r, row_value(r, o));
	object_free(f, o);
	return before;
}

/* Return: it is as it has to be. */
static bool check_hole(struct example *x, const struct hole *hole)
{
	json_t *now = snapshot(x->h), *want;
	json_t *have = value_in(json_object_get(now, hole->iface), hole);
	bool ok;

	want = value_before(x, hole, have);
	ok = !want || (have && json_equal(want, have));
	if (!ok) {
		_cleanup_free_ char *w = json_dumps(want, JSON_ENCODE_ANY);
		_cleanup_free_ char *h = have ? json_dumps(have, JSON_ENCODE_ANY) : NULL;

		print_error("is %s after its key has gone, was %s\n", h ? h : "not there", w);
	}
	json_decref(want);
	json_decref(now);
	return ok;
}

static bool is_settled(struct example *x)
{
	_cleanup_free_ char *plan = harness_plan(x->h);

	if (*plan)
		print_error("still to be done:\n%s", plan);
	return !*plan;
}

/* Without @hole and with it again. Return: all is well. */
static bool test_hole_on(struct example *x, const struct hole *hole, const char *text)
{
	bool ok = true;
	int r;

	harness_must_apply(x->h, x->text);
	r = harness_apply(x->h, text);
	/* Without an address the kernel refuses a route through its network. */
	if (r == -EIO || (r == -ECANCELED && strcmp(hole->key, "addresses"))) {
		print_error("%s\n", x->h->text);
		ok = false;
	}
	if (!r)
		ok = is_settled(x) && (hole->list || check_hole(x, hole));
	if (r != -EINVAL && harness_apply(x->h, x->text)) {
		print_error("put back: %s\n", x->h->text);
		ok = false;
	}
	ok &= is_settled(x);
	if (!ok)
		print_error("the above is of %s: %s%s%s%s\n", hole->iface, hole->group,
			    *hole->group ? "." : "", hole->key, hole->list ? " (an entry)" : "");
	return ok;
}

/* Members of entries are many: they share a machine, the others have one of their own. */
static bool test_hole(const char *feature, struct example *shared, const struct hole *hole,
		      const char *text)
{
	struct example own;
	bool ok;

	if (hole->member && shared->h)
		return test_hole_on(shared, hole, text);
	if (hole->member) {
		*shared = open_example(feature);
		return test_hole_on(shared, hole, text);
	}
	own = open_example(feature);
	ok = test_hole_on(&own, hole, text);
	close_example(&own);
	return ok;
}

/* All holes that are members of entries, or all that are not. Return: all is well. */
static bool test_holes(const char *feature, const char *text, bool members)
{
	struct example shared = { 0 };
	bool more = true, ok = true;

	for (unsigned n = 0; more; n++) {
		struct hole hole = { 0 };
		config_t cfg;

		config_init(&cfg);
		assert_int_equal(config_read_string(&cfg, text), CONFIG_TRUE);
		more = make_hole(&cfg, n, &hole);
		if (more && hole.member == members) {
			_cleanup_free_ char *key = str_dup(hole.key), *without = NULL;

			if (!hole.list)
				remove_key(&cfg, &hole);
			hole.key = key;
			without = written(&cfg);
			ok &= test_hole(feature, &shared, &hole, without);
		}
		config_destroy(&cfg);
	}
	if (shared.h)
		close_example(&shared);
	return ok;
}

static void each_setting_resets(void **state)
{
	const char *feature = *state;
	_cleanup_free_ char *path = file_of(feature, "example.conf");
	_cleanup_free_ char *text = harness_read(path);
	bool ok = test_holes(feature, text, false);

	ok &= test_holes(feature, text, true);
	assert_true(ok);
}

static const struct {
	const char *what;
	CMUnitTestFunction test;
} questions[] = {
	{ "is planned as expected", is_planned_as_expected },
	{ "applies once", applies_once },
	{ "each setting resets", each_setting_resets },
	{ "leaves no trace", leaves_no_trace },
};

int main(void)
{
	struct CMUnitTest *tests = NULL;
	_cleanup_free_ char *pattern = NULL, *deeper = NULL;
	unsigned n = 0;
	glob_t g;
	int r;

	pattern = str_format("%s/%s*/example.conf", harness_top(), FOLDER);
	deeper = str_format("%s/%s*/*/example.conf", harness_top(), FOLDER);
	if (glob(pattern, 0, NULL, &g))
		return 99;
	(void)glob(deeper, GLOB_APPEND, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *name, *slash = strrchr(g.gl_pathv[i], '/');

		*slash = 0;
		name = str_dup(g.gl_pathv[i] + strlen(harness_top()) + strlen("/" FOLDER));
		if (!WITH_XDP && !strcmp(name, "xdp")) {
			free(name);
			continue;
		}
		for (unsigned q = 0; q < ARRAY_SIZE(questions); q++) {
			tests = array_reserve(tests, n, sizeof(*tests));
			tests[n++] = (struct CMUnitTest){
				.name = str_format("%s %s", name, questions[q].what),
				.test_func = questions[q].test, .initial_state = name,
			};
		}
	}
	globfree(&g);
	r = harness_main("features", tests, n);
	for (unsigned i = 0; i < n; i++) {
		free((char *)tests[i].name);
		if (i % ARRAY_SIZE(questions) == 0)
			free(tests[i].initial_state);
	}
	free(tests);
	return r;
}
