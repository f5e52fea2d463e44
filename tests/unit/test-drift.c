// SPDX-License-Identifier: LGPL-2.1-or-later
/* Another hand changes something, or the cable does. */
#include "unit/harness.h"

#include <stdio.h>

#define LAN0(text) "interfaces = (\n  { name = \"lan0\"; " text " }\n);\n"

static void drift_is_repaired(void **state)
{
	static const char *const acts[] = {
		"ip link set lan0 nomaster",
		"ip link set lan0 down",
		"bridge vlan del vid 10 dev lan0",
		"bridge vlan add vid 99 dev lan1",
		"bridge vlan add vid 20 dev lan1 pvid untagged",
		"bridge vlan add vid 5 dev br0 self",
		"ip link del br0.10",
		"ip link set br0.10 down",
		"ip address del 192.0.2.1/24 dev br0.10",
		"ip address del 2001:db8:10::1/64 dev br0.10",
		"ip route del 198.51.100.0/24 via 192.0.2.2 dev br0.10",
		"ip link set br0 down",
		"ip link set br0 type bridge vlan_filtering 0",
		"ip link del br0",
	};
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_must_apply(h, harness_switch);
	for (unsigned n = 0; n < ARRAY_SIZE(acts); n++) {
		_cleanup_free_ char *plan = NULL;

		harness_exec(h, "%s", acts[n]);
		harness_settle(h);
		if (engine_state(h->engine) != ENGINE_STEADY)
			fail_msg("%s: %s", acts[n], engine_state_name(engine_state(h->engine)));
		plan = harness_plan(h);
		if (*plan)
			fail_msg("%s: %s", acts[n], plan);
		/* Not only the daemon thinks so. */
		harness_kill(h);
		harness_start(h);
		free(TAKE_PTR(plan));
		if (harness_reload(h))
			fail_msg("%s: %s", acts[n], h->text);
		if (harness_requests(h))
			fail_msg("%s: not repaired", acts[n]);
	}
}

/* While the daemon puts it back: it is drift once more, and not the kernel that did nothing. */
static void changed_while_put_back(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	if (h->fake) {
		printf("# skipped, the fake kernel does not say who did it\n");
		skip();
	}
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ];"));
	for (unsigned times = 0; times < 3; times++) {
		harness_exec(h, "ip address del 192.0.2.1/24 dev lan0");
		for (unsigned again = 0; again < times; again++) {
			bool gone = false;

			/* As soon as it is there, which is before the daemon knows. */
			for (unsigned n = 0; n < 1000 && !gone; n++) {
				sd_event_run(h->event, 10000);
				gone = !system("ip address del 192.0.2.1/24 dev lan0 2>/dev/null");
				assert_string_not_equal(harness_state(h, "lan0"), "failed");
			}
			assert_true(gone);
		}
		harness_settle(h);
		assert_string_equal(harness_state(h, "lan0"), "ok");
		expect_has(h, "lan0", "192.0.2.1/24");
	}
}

static void drift_is_reported(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	uint64_t before;

	harness_must_apply(h, "daemon = { on_drift = \"report\"; };\n" LAN0("mtu = 1400;"));
	before = harness_requests(h);
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "drifted");
	assert_contains(harness_reason(h, "lan0"), "lan0: mtu: 1300 -> 1400");
	assert_int_equal(harness_requests(h), before);
	/* It has come back by itself. */
	harness_exec(h, "ip link set lan0 mtu 1400");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_settle(h);
	assert_int_equal(engine_reconfigure(h->engine, "lan0", NULL, NULL), 0);
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "\"mtu\": 1400");
	/* What comes is not drift. */
	harness_unplug(h, "lan0");
	harness_settle(h);
	harness_nic(h, "lan0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "\"mtu\": 1400");
}

/* A look at one interface is no reason to change another that is only to be reported. */
static void others_are_still_reported(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_must_apply(h, "daemon = { on_drift = \"report\"; };\ninterfaces = (\n"
			      "  { name = \"lan0\"; mtu = 1400; }, { name = \"lan1\"; mtu = 1410; }\n);\n");
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_exec(h, "ip link set lan1 mtu 1310");
	harness_settle(h);
	assert_int_equal(engine_reconfigure(h->engine, "lan0", NULL, NULL), 0);
	harness_settle(h);
	expect_has(h, "lan0", "\"mtu\": 1400");
	expect_has(h, "lan1", "\"mtu\": 1310");
	assert_string_equal(harness_state(h, "lan1"), "drifted");
}

/* Many things changed at once, and again by a script or two, are no fight. */
static void a_flush_is_no_fight(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;
	char config[4096];
	size_t len = 0;

	len += snprintf(config, sizeof(config), "interfaces = (\n  { name = \"lan0\"; addresses = [ ");
	for (unsigned n = 1; n <= 40; n++)
		len += snprintf(config + len, sizeof(config) - len, "%s\"192.0.2.%u/32\"",
				n == 1 ? "" : ", ", n);
	snprintf(config + len, sizeof(config) - len, " ]; }\n);\n");
	harness_must_apply(h, config);
	/* Each is a turn of its own, which is the worst case. */
	for (unsigned n = 1; n <= 40; n++) {
		harness_exec(h, "ip address del 192.0.2.%u/32 dev lan0", n);
		harness_settle(h);
	}
	assert_string_equal(harness_state(h, "lan0"), "ok");
	plan = harness_plan(h);
	assert_string_equal(plan, "");
}

/*
 * So often is the MTU of lan0 put back that it waits for a second: what is told of it then, and when
 * one of its addresses was taken away, too. Return: false: that second was over before this could
 * look, so often that the machine is too slow for it.
 */
static bool lose_mtu(struct harness *h, char **ret_reason, char **ret_json, char **ret_later)
{
	for (unsigned attempts = 0; attempts < 30; attempts++) {
		uint64_t begin;

		/* Forgets what was fought over. */
		harness_must_apply(h, LAN0("mtu = 1400; addresses = [ \"192.0.2.1/24\" ];"));
		for (unsigned n = 0; n < 9; n++) {
			expect_has(h, "lan0", "\"mtu\": 1400");
			begin = harness_now();
			harness_exec(h, "ip link set lan0 mtu 1300");
			harness_settle(h);
		}
		free(*ret_reason);
		*ret_reason = str_dup(harness_reason(h, "lan0") ?: "");
		free(*ret_json);
		*ret_json = harness_json(h, "lan0");
		harness_exec(h, "ip address del 192.0.2.1/24 dev lan0");
		harness_settle(h);
		free(*ret_later);
		*ret_later = harness_json(h, "lan0");
		if (harness_now() - begin < 1000000)
			return true;
	}
	return false;
}

/* One setting is fought over: that one waits, and everything else is still put back. */
static void a_fight_is_about_one_thing(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *reason = NULL, *json = NULL, *later = NULL;
	uint64_t begin = harness_now();

	if (!lose_mtu(h, &reason, &json, &later)) {
		print_message("# skipped, this machine takes too long for it\n");
		skip();
	}
	assert_contains(reason, "lan0: mtu: 1300 -> 1400; something else keeps");
	assert_contains(reason, "next attempt in 1 s");
	assert_contains(json, "\"key\": \"mtu\"");
	assert_contains(json, "\"drifted\"");
	assert_contains(later, "192.0.2.1/24");
	assert_contains(later, "\"mtu\": 1300");
	assert_contains(later, "\"drifted\"");
	/* Something else happens all the time: that is no reason to give up. */
	for (unsigned n = 0; n < 10; n++) {
		harness_exec(h, "ip link set lan0 alias a%u", n);
		harness_settle(h);
	}
	if (harness_now() - begin < 1000000) /* else it may have been tried by now */
		assert_string_equal(harness_state(h, "lan0"), "drifted");
	harness_wait(h, 1100);
	expect_has(h, "lan0", "\"mtu\": 1400");
	assert_string_equal(harness_state(h, "lan0"), "ok");
}

/* What was only reported as gone is waited for by what stands on it. */
static void gone_and_only_reported(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, "daemon = { on_drift = \"report\"; };\ninterfaces = (\n"
			      "  { name = \"br0\"; kind = \"bridge\"; },\n"
			      "  { name = \"lan0\"; master = \"br0\"; on_drift = \"repair\"; }\n);\n");
	harness_exec(h, "ip link del br0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "br0"), "drifted");
	assert_contains(harness_reason(h, "br0"), "only reported");
	assert_int_not_equal(engine_state(h->engine), ENGINE_DEGRADED);
}

static void routes_survive_a_bounce(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\", \"2001:db8::1/64\" ];\n"
				   "routes = ( { to = \"default\"; via = \"192.0.2.2\"; },\n"
				   "{ to = \"::/0\"; via = \"2001:db8::2\"; } );"));
	harness_exec(h, "ip link set lan0 down");
	harness_settle(h);
	expect_has(h, "lan0", "192.0.2.2");
	expect_has(h, "lan0", "2001:db8::2");
	harness_kill(h);
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), 0);
}

static void carrier_follows(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_need_fake(h);
	harness_must_apply(h, "interfaces = (\n  { name = \"lan0\"; },\n  { name = \"v5\"; "
			      "kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; }\n);\n");
	expect_has(h, "v5", "\"carrier\": true");
	fake_carrier(h->fake, "lan0", false);
	harness_settle(h);
	expect_has(h, "v5", "\"carrier\": false");
	expect_has(h, "v5", "\"operstate\": \"lower-layer-down\"");
	assert_string_equal(harness_state(h, "v5"), "ok");
	expect_settled(h);
}

/* A VLAN that shall be down, on a device that comes up: the kernel takes it up along. */
/* What stands on a link that is to be down cannot be up, and its routes wait with it. */
static void routes_wait_for_what_is_below(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"lan0\"; up = %s; },\n"
		"  { name = \"v5\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; };\n"
		"    addresses = [ \"192.0.2.1/24\" ];\n"
		"    routes = ( { to = \"10.0.0.0/8\"; via = \"192.0.2.9\"; } ); }\n"
		");\n";
	char text[512];

	snprintf(text, sizeof(text), config, "true");
	harness_must_apply(h, text);
	expect_has(h, "v5", "10.0.0.0/8");
	snprintf(text, sizeof(text), config, "false");
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "v5"), "waiting");
	assert_contains(harness_reason(h, "v5"), "waits for lan0 to be up");
	snprintf(text, sizeof(text), config, "true");
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "v5"), "ok");
	expect_has(h, "v5", "10.0.0.0/8");
}

static void stays_down(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"lan0\"; },\n"
		"  { name = \"v5\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; up = false; }\n"
		");\n";

	harness_must_apply(h, config);
	expect_has(h, "v5", "\"up\": false");
	harness_exec(h, "ip link set lan0 down");
	harness_settle(h);
	expect_has(h, "lan0", "\"up\": true");
	expect_has(h, "v5", "\"up\": false");
	expect_settled(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(drift_is_repaired),
		HARNESS_TEST(changed_while_put_back),
		HARNESS_TEST(drift_is_reported),
		HARNESS_TEST(others_are_still_reported),
		HARNESS_TEST(a_flush_is_no_fight),
		HARNESS_TEST(a_fight_is_about_one_thing),
		HARNESS_TEST(gone_and_only_reported),
		HARNESS_TEST(routes_survive_a_bounce),
		HARNESS_TEST(carrier_follows),
		HARNESS_TEST(stays_down),
		HARNESS_TEST(routes_wait_for_what_is_below),
	};

	return harness_main("drift", tests, ARRAY_SIZE(tests));
}
