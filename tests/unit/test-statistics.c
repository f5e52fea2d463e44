// SPDX-License-Identifier: LGPL-2.1-or-later
/* Statistics: questions that overlap, are disturbed, forgotten, or about what is not there. */
#include "unit/harness.h"

#include "core/statistics.h"

struct answer {
	unsigned n; /* how often it was given */
	uint64_t time;
	json_t *groups, *lo, *lan0, *errors;
};

static const struct statistics_request everything;

static json_t *of(const struct harness *h, const struct statistics *s, const char *name)
{
	const struct iface *i = model_find(h->engine->mirror->seen, name);

	return i ? statistics_json(s, &everything, i) : NULL;
}

static struct harness *current;
static void take(void *data, const struct statistics *s)
{
	struct answer *a = data;

	a->n++;
	a->time = statistics_time(s);
	a->groups = statistics_groups_json(s, &everything);
	a->errors = statistics_errors(s);
	a->lo = of(current, s, "lo");
	a->lan0 = of(current, s, "lan0");
}

static void answer_done(struct answer *a)
{
	json_decref(a->groups);
	json_decref(a->errors);
	json_decref(a->lo);
	json_decref(a->lan0);
	*a = (struct answer){ 0 };
}

/* Runs the loop until all have been answered, or nothing is left to do. */
static void wait_for(struct harness *h, const struct answer *a)
{
	for (unsigned n = 0; n < 1000 && !a->n; n++)
		assert_true(sd_event_run(h->event, 10000) >= 0);
	assert_int_equal(a->n, 1);
}

static json_int_t counter(const json_t *list, const char *name)
{
	const json_t *j = json_array_get(list, 0);

	assert_string_equal(json_string_value(json_object_get(j, "group")), "link");
	j = json_object_get(json_object_get(j, "counters"), name);
	assert_true(json_is_integer(j));
	return json_integer_value(j);
}

static struct statistics *ask(struct harness *h, struct answer *a, const char *name)
{
	const struct statistics_request q = { .names = &name, .n_names = 1 };

	current = h;
	return statistics_start(h->engine, name ? &q : &everything, take, a);
}

static void of_all(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };

	ask(h, &a, NULL);
	assert_int_equal(a.n, 0);
	wait_for(h, &a);
	assert_true(a.time > 0);
	assert_int_equal(json_array_size(a.lo), 1);
	assert_true(counter(a.lan0, "rx_bytes") >= 0);
	assert_int_equal(json_array_size(a.errors), 0);
	assert_non_null(json_object_get(json_object_get(json_object_get(a.groups, "link"),
							"counters"), "rx_bytes"));
	if (h->fake)
		assert_int_equal(counter(a.lan0, "rx_errors"),
				 1000 * fake_ifindex(h->fake, "lan0") + 4);
	answer_done(&a);
}

static void of_one(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };

	ask(h, &a, "lan0");
	wait_for(h, &a);
	assert_int_equal(json_array_size(a.lo), 0);
	assert_true(counter(a.lan0, "tx_packets") >= 0);
	answer_done(&a);
}

static void of_several_at_once(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 }, b = { 0 }, c = { 0 };

	ask(h, &a, "lan0");
	ask(h, &b, NULL);
	ask(h, &c, "lo");
	wait_for(h, &c);
	wait_for(h, &b);
	wait_for(h, &a);
	assert_int_equal(json_array_size(a.lo), 0);
	assert_int_equal(json_array_size(b.lo), 1);
	assert_int_equal(json_array_size(c.lan0), 0);
	answer_done(&a);
	answer_done(&b);
	answer_done(&c);
}

static void of_nothing(void **state)
{
	static const char *const none = "nothing";
	const struct statistics_request q = { .groups = &none, .n_groups = 1 };
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };

	current = h;
	statistics_start(h->engine, &q, take, &a);
	assert_int_equal(a.n, 0);
	wait_for(h, &a);
	assert_int_equal(json_array_size(a.lan0), 0);
	assert_int_equal(json_object_size(a.groups), 0);
	answer_done(&a);
}

/* The mirror still has it when the question is asked; the kernel does not. */
static void of_what_has_gone(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };

	harness_unplug(h, "lan0");
	ask(h, &a, "lan0");
	wait_for(h, &a);
	assert_int_equal(json_array_size(a.errors), 0);
	assert_int_equal(json_array_size(a.lan0), 0);
	answer_done(&a);
}

static void disturbed(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };
	uint64_t dumps = h->engine->kernel->counters.dumps, undisturbed;
	size_t groups;

	harness_need_fake(h);
	ask(h, &a, NULL);
	wait_for(h, &a);
	groups = json_array_size(a.lan0);
	assert_true(groups > 0);
	undisturbed = h->engine->kernel->counters.dumps - dumps;
	answer_done(&a);
	fake_interrupt_dumps(h->fake, 2);
	ask(h, &a, NULL);
	wait_for(h, &a);
	assert_int_equal(h->engine->kernel->counters.dumps, dumps + 2 * undisturbed + 2);
	assert_int_equal(json_array_size(a.lan0), groups);
	answer_done(&a);

	fake_interrupt_dumps(h->fake, 100);
	ask(h, &a, NULL);
	wait_for(h, &a);
	fake_interrupt_dumps(h->fake, 0);
	assert_int_equal(json_array_size(a.errors), 0);
	assert_int_equal(json_array_size(a.lan0), groups);
	answer_done(&a);
}

static void forgotten(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 }, b = { 0 };

	statistics_cancel(ask(h, &a, NULL));
	ask(h, &b, NULL);
	wait_for(h, &b);
	assert_int_equal(a.n, 0);
	assert_null(h->engine->statistics);
	answer_done(&b);
}

static void daemon_ends_meanwhile(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct answer a = { 0 };

	ask(h, &a, NULL);
	ask(h, &a, "lan0");
	harness_kill(h);
	assert_int_equal(a.n, 0);
}

static bool is_word(const char *s)
{
	return *s >= 'a' && *s <= 'z' && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/* Groups become names of metrics, and words on the command line. */
static void providers_make_sense(void **state _unused_)
{
	FOREACH_PROVIDER(p) {
		assert_true(is_word(p->group));
		assert_ptr_equal(statistics_provider_find(p->group), p);
		assert_non_null(p->help);
		assert_non_null(p->ask);
		for (unsigned n = 0; n < p->n_counters; n++) {
			assert_non_null(p->counters[n].name);
			for (unsigned k = 0; k < n; k++)
				assert_string_not_equal(p->counters[n].name, p->counters[k].name);
		}
	}
	assert_null(statistics_provider_find("nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(of_all),
		HARNESS_TEST(of_one),
		HARNESS_TEST(of_several_at_once),
		HARNESS_TEST(of_nothing),
		HARNESS_TEST(of_what_has_gone),
		HARNESS_TEST(disturbed),
		HARNESS_TEST(forgotten),
		HARNESS_TEST(daemon_ends_meanwhile),
		cmocka_unit_test(providers_make_sense),
	};

	return harness_main("statistics", tests, ARRAY_SIZE(tests));
}
