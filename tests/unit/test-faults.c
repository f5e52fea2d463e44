// SPDX-License-Identifier: LGPL-2.1-or-later
/* Everything that can fail: requests, dumps, notifications; and that a failed change is undone. */
#include "unit/harness.h"

#include <stdio.h>

#define LAN0(text) "interfaces = (\n  { name = \"lan0\"; " text " }\n);\n"

static void overrun(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_need_fake(h);
	harness_must_apply(h, harness_switch);
	harness_exec(h, "ip link set lan0 mtu 1400");
	harness_exec(h, "ip link set lan1 nomaster");
	harness_exec(h, "ip link set lan0 alias lost");
	fake_add_nic(h->fake, "lan9");
	fake_overrun(h->fake);
	harness_settle(h);
	assert_int_equal(h->engine->kernel->counters.overruns, 1);
	assert_non_null(model_find(h->engine->mirror->seen, "lan9"));
	expect_has(h, "lan0", "\"alias\": \"lost\"");
	expect_has(h, "lan1", "\"master\": \"br0\"");
	expect_settled(h);
	/* Listening goes on. */
	harness_exec(h, "ip link set lan1 nomaster");
	harness_settle(h);
	expect_has(h, "lan1", "\"master\": \"br0\"");
}

static void overrun_while_applying(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");
	struct errors e = { 0 };

	harness_need_fake(h);
	harness_file(h, "conf/a.conf", harness_switch);
	assert_int_equal(engine_reload(h->engine, &e, NULL, NULL), 0);
	for (unsigned n = 0; n < 100 && !h->engine->plan; n++)
		sd_event_run(h->event, 1000);
	fake_overrun(h->fake);
	harness_settle(h);
	assert_int_equal(engine_state(h->engine), ENGINE_STEADY);
	expect_settled(h);
}

static void interrupted_dump(void **state)
{
	struct harness *h = *state;

	harness_need_fake(h);
	fake_interrupt_dumps(h->fake, 3);
	harness_begin(state, "lan0 lan1");
	assert_true(h->engine->mirror->synced);
	harness_must_apply(h, harness_switch);
	fake_interrupt_dumps(h->fake, 1);
	fake_overrun(h->fake);
	harness_settle(h);
	expect_settled(h);
	expect_no_requests(h);
}

static void failure_says_all(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_need_fake(h);
	assert_int_equal(harness_apply(h, "interfaces = (\n"
					  "  { name = \"lan0\"; ipv4 = { forwarding = true; };\n"
					  "    mtu = 65000; },\n"
					  "  { name = \"lan1\"; mtu = 1400; }\n"
					  ");\n"), -EIO);
	assert_string_equal(h->text, "conf/a.conf:3: lan0: mtu: 1500 -> 65000: Invalid argument "
				     "(mtu greater than device maximum)");
	assert_string_equal(harness_state(h, "lan0"), "failed");
	assert_string_equal(harness_reason(h, "lan0"), h->text);
	/* The others are not held up. */
	assert_string_equal(harness_state(h, "lan1"), "ok");
	expect_has(h, "lan1", "\"mtu\": 1400");
	assert_int_equal(engine_state(h->engine), ENGINE_DEGRADED);
	/* A good configuration is all it takes. */
	harness_must_apply(h, LAN0("mtu = 1400;"));
	assert_string_equal(harness_state(h, "lan0"), "ok");
	assert_int_equal(engine_state(h->engine), ENGINE_STEADY);
}

static void failing_create(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_need_fake(h);
	fake_fault(h->fake, 1, RTM_NEWLINK, -ENOSPC, "no room for bridges");
	assert_int_equal(harness_apply(h, harness_switch), -EIO);
	assert_contains(h->text, "conf/a.conf:2: br0: kind: - -> bridge");
	assert_contains(h->text, "No space left on device (no room for bridges)");
	harness_wait(h, 1300);
	assert_string_equal(harness_state(h, "br0"), "ok");
	assert_string_equal(harness_state(h, "lan0"), "ok");
	assert_string_equal(harness_state(h, "br0.10"), "ok");
	expect_settled(h);
}

/* Until something is asked of the kernel. Return: when it had not been yet. */
static uint64_t next_attempt(struct harness *h)
{
	uint64_t before = harness_requests(h), begin = harness_now(), last;

	do {
		last = harness_now();
		assert_true(last - begin < UINT64_C(60000000));
		assert_true(sd_event_run(h->event, 10000) >= 0);
	} while (harness_requests(h) == before);
	harness_settle(h);
	return last;
}

/* No sooner, that is; later is only a slow machine. */
static void failed_is_tried_again_later(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	uint64_t begin, first;

	harness_need_fake(h);
	fake_fault(h->fake, 0, RTM_NEWADDR, -ENOBUFS, NULL);
	begin = harness_now();
	assert_int_equal(harness_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ];")), -EIO);
	harness_exec(h, "ip link set lan0 alias noise");
	first = next_attempt(h);
	assert_true(harness_now() - begin >= 1000000); /* not at once */
	assert_string_equal(harness_state(h, "lan0"), "failed");
	fake_no_faults(h->fake);
	(void)next_attempt(h);
	assert_true(harness_now() - first >= 2000000); /* twice as long now */
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_settled(h);
}

static void reconfigure_does_not_wait(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_need_fake(h);
	fake_fault(h->fake, 1, RTM_NEWADDR, -ENOBUFS, NULL);
	assert_int_equal(harness_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ];")), -EIO);
	assert_int_equal(engine_reconfigure(h->engine, "lan0", NULL, NULL), 0);
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	assert_int_equal(engine_reconfigure(h->engine, "nobody", NULL, NULL), -ENODEV);
}

static void ignored_request_is_noticed(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_need_fake(h);
	fake_fault(h->fake, 0, RTM_NEWADDR, 0, NULL);
	assert_int_equal(harness_apply(h, "interfaces = (\n"
					  "  { name = \"lan0\";\n"
					  "    addresses = [ \"192.0.2.1/24\" ]; },\n"
					  "  { name = \"lan1\"; mtu = 1400; }\n"
					  ");\n"), -EIO);
	assert_contains(h->text, "conf/a.conf:3: lan0: addresses: - -> 192.0.2.1/24: the kernel "
				 "accepted this, but did not do it");
	assert_string_equal(harness_state(h, "lan0"), "failed");
	assert_string_equal(harness_state(h, "lan1"), "ok");
}

/* Each request of an apply may be lost once: it is made good, or it is told; never believed. */
static void any_request_may_be_lost(void **state)
{
	struct harness *h = *state;
	uint64_t requests = 1;

	harness_need_fake(h);
	for (unsigned n = 1; n <= requests; n++) {
		struct harness *each = harness_new();
		void *s = each;

		harness_begin(&s, "lan0 lan1");
		if (n > 1)
			fake_fault(each->fake, n - 1, 0, 0, NULL);
		if (!harness_apply(each, harness_switch))
			expect_settled(each);
		else
			assert_int_equal(engine_state(each->engine), ENGINE_DEGRADED);
		if (n == 1)
			requests = harness_requests(each) + 1;
		harness_free(each);
	}
}

/* Each may fail once, too: then the next attempt brings everything in order. */
static void any_request_may_fail(void **state)
{
	struct harness *h = *state;
	uint64_t requests = 1;

	harness_need_fake(h);
	for (unsigned n = 1; n <= requests; n++) {
		struct harness *each = harness_new();
		void *s = each;

		harness_begin(&s, "lan0 lan1");
		if (n > 1)
			fake_fault(each->fake, n - 1, 0, -ENOMEM, "bad luck");
		if (harness_apply(each, harness_switch)) {
			assert_contains(each->text, "bad luck");
			if (harness_reload(each))
				fail_msg("request %u: %s", n - 1, each->text);
		}
		expect_settled(each);
		if (n == 1)
			requests = harness_requests(each) + 1;
		harness_free(each);
	}
}

/* Everything the machine has, as a fresh look shows it. */
static char *fresh_snapshot(struct harness *h)
{
	json_t *all = json_object();
	char *text;

	harness_kill(h);
	harness_start(h);
	MODEL_FOREACH(h->engine->mirror->seen, i)
		json_object_set_new(all, i->name, iface_json(i, ROW_STATE));
	text = json_dumps(all, JSON_SORT_KEYS | JSON_INDENT(1));
	json_decref(all);
	return text;
}

static const char other_config[] =
	"interfaces = (\n"
	"  { name = \"br0\"; kind = \"bridge\"; alias = \"the switch\";\n"
	"    bridge = { vlan_filtering = true; default_pvid = 0; stp = true; };\n"
	"    port = { tagged = [ 11 ]; }; },\n"
	"  { name = \"lan0\"; master = \"br0\"; mtu = 1400; port = { pvid = 11; untagged = [ 11 ]; }; },\n"
	"  { name = \"lan1\"; ipv6 = { dad_transmits = 3; }; addresses = [ \"198.51.100.1/24\" ];\n"
	"    routes = ( { to = \"default\"; via = \"198.51.100.2\"; } ); },\n"
	"  { name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 11; };\n"
	"    addresses = [ \"192.0.2.1/24\", \"2001:db8:10::1/64\" ];\n"
	"    routes = ( { to = \"198.51.100.0/24\"; via = \"192.0.2.3\"; metric = 9; } ); },\n"
	"  { name = \"new0\"; kind = \"bridge\"; }\n"
	");\n";

/* A change that fails anywhere leaves the machine as it was. @error 0: the request is lost. */
static void change_with_fault(struct harness *h, int error)
{
	uint64_t requests = 0;
	bool ok = true;

	harness_need_fake(h);
	for (unsigned n = 0; n <= requests; n++) {
		struct harness *each = harness_new();
		_cleanup_free_ char *before = NULL, *after = NULL;
		void *s = each;
		int r;

		harness_begin(&s, "lan0 lan1");
		harness_must_apply(each, harness_switch);
		before = fresh_snapshot(each);
		harness_must_apply(each, harness_switch);
		if (n)
			fake_fault(each->fake, n, 0, error, "bad luck");
		r = harness_apply(each, other_config);
		if (!n)
			requests = harness_requests(each);
		if (r && r != -ECANCELED)
			fail_msg("request %u: %s", n, each->text);
		if (error && n && r != -ECANCELED)
			fail_msg("request %u: no failure seen", n);
		fake_no_faults(each->fake);
		expect_settled(each);
		if (r)
			after = fresh_snapshot(each);
		if (after && strcmp(before, after)) {
			print_error("request %u: %s\n", n, each->text);
			ok = false;
			if (getenv("NETCTL_TEST_VERBOSE"))
				print_error("before: %s\nafter: %s\n", before, after);
		}
		harness_free(each);
	}
	assert_true(ok);
}

/* The kernel tells nothing of the alias of a link that is down; it is undone all the same. */
static void what_was_not_told_is_undone(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_need_fake(h);
	harness_must_apply(h, "interfaces = ();\n");
	fake_fault(h->fake, 2, 0, -ENOMEM, "bad luck");
	assert_int_equal(harness_apply(h, "interfaces = (\n"
					  "  { name = \"lan0\"; up = false; alias = \"b c\";\n"
					  "    addresses = [ \"192.0.2.1/24\" ]; }\n"
					  ");\n"), -ECANCELED);
	fake_no_faults(h->fake);
	harness_kill(h); /* what a fresh look shows counts */
	harness_start(h);
	expect_has(h, "lan0", "\"alias\": \"\"");
}

static void failed_change_is_undone(void **state)
{
	change_with_fault(*state, -ENOMEM);
}

static void change_not_done_is_undone(void **state)
{
	change_with_fault(*state, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(overrun),
		HARNESS_TEST(overrun_while_applying),
		HARNESS_TEST(interrupted_dump),
		HARNESS_TEST(failure_says_all),
		HARNESS_TEST(failing_create),
		HARNESS_TEST(failed_is_tried_again_later),
		HARNESS_TEST(reconfigure_does_not_wait),
		HARNESS_TEST(ignored_request_is_noticed),
		HARNESS_TEST(any_request_may_be_lost),
		HARNESS_TEST(any_request_may_fail),
		HARNESS_TEST(what_was_not_told_is_undone),
		HARNESS_TEST(failed_change_is_undone),
		HARNESS_TEST(change_not_done_is_undone),
	};

	return harness_main("faults", tests, ARRAY_SIZE(tests));
}
