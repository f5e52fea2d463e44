// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine on a machine: apply, restart, drift, hot-plug, and everything that can fail. */
#include "unit/harness.h"

#include <stdio.h>

#include "util/text.h"

static const char switch_config[] =
	"interfaces = (\n"
	"  { name = \"br0\"; kind = \"bridge\";\n"
	"    bridge = { vlan_filtering = true; default_pvid = 0; };\n"
	"    port = { tagged = [ 10 ]; }; },\n"
	"  { name = \"lan0\"; master = \"br0\"; port = { pvid = 10; untagged = [ 10 ]; }; },\n"
	"  { name = \"lan1\"; master = \"br0\"; port = { tagged = [ \"10\", \"20-29\" ]; }; },\n"
	"  { name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; };\n"
	"    addresses = [ \"192.0.2.1/24\", \"2001:db8:10::1/64\" ];\n"
	"    routes = ( { to = \"198.51.100.0/24\"; via = \"192.0.2.2\"; } ); }\n"
	");\n";

#define LAN0(text) "interfaces = (\n  { name = \"lan0\"; " text " }\n);\n"
#define BRIDGE "interfaces = (\n  { name = \"br0\"; kind = \"bridge\"; },\n"
#define BR0 "interfaces = ( { name = \"br0\"; kind = \"bridge\"; } );\n"
static const char nothing[] = "interfaces = ();\n";

static struct harness *start(void **state, const char *nics)
{
	struct harness *h = *state;
	char *copy = str_dup(nics), *rest = NULL;

	for (char *n = strtok_r(copy, " ", &rest); n; n = strtok_r(NULL, " ", &rest))
		harness_nic(h, n);
	free(copy);
	harness_start(h);
	return h;
}

static void expect_settled(struct harness *h)
{
	assert_text(harness_plan(h), "");
}

static void expect_has(struct harness *h, const char *name, const char *part)
{
	_cleanup_free_ char *json = harness_json(h, name);

	assert_contains(json, part);
}

static void expect_lacks(struct harness *h, const char *name, const char *part)
{
	_cleanup_free_ char *json = harness_json(h, name);

	assert_lacks(json, part);
}

/* Apply again: nothing may be sent. */
static void expect_no_requests(struct harness *h)
{
	uint64_t before = harness_requests(h);

	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), before);
	assert_int_equal(h->steps, 0);
}

static void applies(void **state)
{
	struct harness *h = start(state, "lan0 lan1");

	harness_must_apply(h, switch_config);
	assert_true(h->steps > 5);
	assert_int_equal(engine_state(h->engine), ENGINE_STEADY);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_settled(h);
	expect_no_requests(h);
}

static void applies_without_listening(void **state)
{
	struct harness *h = *state;

	h->once = true;
	start(state, "lan0 lan1");
	harness_must_apply(h, switch_config);
	expect_settled(h);
	expect_no_requests(h);
}

static void restart_sends_nothing(void **state)
{
	struct harness *h = start(state, "lan0 lan1");

	harness_must_apply(h, switch_config);
	for (unsigned n = 0; n < 2; n++) {
		harness_kill(h);
		harness_start(h);
		assert_int_equal(harness_reload(h), 0);
		assert_int_equal(harness_requests(h), 0);
	}
}

/* Killed while the plan is half done: the next one finishes, and removes all of it later. */
static void killed_half_way(void **state)
{
	struct harness *h = start(state, "lan0 lan1");
	_cleanup_free_ char *before = harness_export(h);

	harness_need_fake(h);
	fake_fault(h->fake, 4, 0, -EIO, NULL);
	fake_fault(h->fake, 5, 0, -EIO, NULL);
	(void)harness_apply(h, switch_config);
	harness_kill(h);
	fake_no_faults(h->fake);
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, nothing);
	harness_kill(h);
	harness_start(h);
	assert_text(harness_export(h), before);
}

/* The file is there before the kernel is changed; and what it says outlives the daemon. */
static void restarted_remembers_what_was(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_exec(h, "ip link set lan0 mtu 1400");
	harness_settle(h);
	harness_must_apply(h, LAN0("mtu = 1300; alias = \"x\";"));
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, LAN0(""));
	expect_has(h, "lan0", "\"mtu\": 1400");
	expect_has(h, "lan0", "\"alias\": \"\"");
}

static void killed_before_any_answer(void **state)
{
	struct harness *h = start(state, "lan0");
	_cleanup_free_ char *record = NULL;
	struct errors e = { 0 };

	harness_file(h, "conf/a.conf", LAN0("mtu = 1300;"));
	assert_int_equal(engine_reload(h->engine, &e, NULL, NULL), 0);
	for (unsigned n = 0; n < 100 && !h->engine->plan; n++)
		sd_event_run(h->event, 1000);
	assert_non_null(h->engine->plan);
	harness_kill(h);
	assert_int_equal(file_read("owned.state", 1 << 20, &record, NULL), 0);
	assert_contains(record, "mtu = 1500");
	harness_start(h);
	harness_must_apply(h, nothing);
	expect_has(h, "lan0", "\"mtu\": 1500");
}

static void removed_key_resets(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_must_apply(h, LAN0("mtu = 1300; alias = \"cable 7\";"));
	harness_must_apply(h, LAN0("mtu = 1280;"));
	expect_has(h, "lan0", "\"alias\": \"\"");
	expect_has(h, "lan0", "\"mtu\": 1280");
	harness_must_apply(h, LAN0(""));
	expect_has(h, "lan0", "\"mtu\": 1500");
	expect_has(h, "lan0", "\"up\": true");
	harness_must_apply(h, nothing);
	expect_has(h, "lan0", "\"up\": false");
	assert_string_equal(harness_state(h, "lan0"), "foreign");
}

/* What the administrator had set before is put back, not the kernel's default. */
static void removed_master_resets(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_exec(h, "ip link add theirs type bridge");
	harness_exec(h, "ip link set lan0 master theirs");
	harness_settle(h);
	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; master = \"br0\"; }\n);\n");
	expect_has(h, "lan0", "\"master\": \"br0\"");
	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; }\n);\n");
	expect_has(h, "lan0", "\"master\": \"theirs\"");
	harness_must_apply(h, nothing);
	expect_has(h, "theirs", "\"kind\": \"bridge\"");
	assert_null(model_find(h->engine->mirror->seen, "br0"));
}

static void removed_entry_deletes_only_ours(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_exec(h, "ip link add br1 type bridge");
	harness_settle(h);
	harness_must_apply(h, BRIDGE "  { name = \"br1\"; kind = \"bridge\"; }, { name = \"lan0\"; }\n);\n");
	harness_must_apply(h, nothing);
	assert_null(model_find(h->engine->mirror->seen, "br0"));
	assert_non_null(model_find(h->engine->mirror->seen, "br1"));
	assert_non_null(model_find(h->engine->mirror->seen, "lan0"));
}

/* Somebody deleted ours and made another under the name: that one is not ours to delete. */
static void same_name_is_not_ours(void **state)
{
	struct harness *h = start(state, "");

	harness_must_apply(h, BR0);
	harness_kill(h);
	harness_exec(h, "ip link del br0");
	harness_exec(h, "ip link add other type bridge");
	harness_exec(h, "ip link add br0 type bridge");
	harness_start(h);
	harness_must_apply(h, nothing);
	assert_non_null(model_find(h->engine->mirror->seen, "br0"));
}

/*
 * An index that the daemon chose does not move the kernel's counter
 * (dev_index_reserve()), so the next device of the same name can have it too.
 */
static void same_name_and_index_is_not_ours(void **state)
{
	struct harness *h = start(state, "");

	harness_must_apply(h, BR0);
	harness_kill(h);
	harness_exec(h, "ip link del br0");
	harness_exec(h, "ip link add br0 type bridge");
	harness_start(h);
	harness_must_apply(h, nothing);
	assert_non_null(model_find(h->engine->mirror->seen, "br0"));
}

static void other_kind_is_refused(void **state)
{
	struct harness *h = start(state, "br0");

	assert_int_equal(harness_apply(h, BR0), 0);
	assert_string_equal(harness_state(h, "br0"), "failed");
	assert_int_equal(engine_state(h->engine), ENGINE_DEGRADED);
	assert_contains(harness_reason(h, "br0"), "netctld did not make");
}

static void foreign_addresses_and_routes(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_exec(h, "ip link set lan0 up");
	harness_exec(h, "ip address add 198.51.100.1/24 dev lan0");
	harness_exec(h, "ip route add 10.9.0.0/16 via 198.51.100.9 dev lan0");
	harness_settle(h);
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ]; routes = ();"));
	expect_has(h, "lan0", "198.51.100.1/24");
	expect_has(h, "lan0", "10.9.0.0/16");
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ]; foreign = \"remove\";"));
	expect_lacks(h, "lan0", "198.51.100.1/24");
	expect_has(h, "lan0", "192.0.2.1/24");
	harness_exec(h, "ip address add 203.0.113.1/24 dev lan0");
	harness_settle(h);
	expect_lacks(h, "lan0", "203.0.113.1/24");
	harness_must_apply(h, LAN0(""));
	expect_lacks(h, "lan0", "192.0.2.1/24");
}

static void appears_and_disappears(void **state)
{
	struct harness *h = start(state, "lan1");

	harness_must_apply(h, switch_config);
	assert_string_equal(harness_state(h, "lan0"), "absent");
	assert_string_equal(harness_state(h, "lan1"), "ok");
	harness_nic(h, "lan0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "\"master\": \"br0\"");
	expect_has(h, "lan0", "\"pvid\": 10");
	expect_has(h, "lan0", "\"up\": true");
	expect_settled(h);
	harness_unplug(h, "lan0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "absent");
	harness_nic(h, "lan0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_settled(h);
}

static void waits_for_its_lower(void **state)
{
	struct harness *h = start(state, "");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"wan\"; },\n"
		"  { name = \"wan.7\"; kind = \"vlan\"; vlan = { link = \"wan\"; id = 7; };\n"
		"    addresses = [ \"192.0.2.1/24\" ];\n"
		"    routes = ( { to = \"default\"; via = \"192.0.2.2\"; } ); }\n"
		");\n";

	harness_must_apply(h, config);
	assert_string_equal(harness_state(h, "wan"), "absent");
	assert_string_equal(harness_state(h, "wan.7"), "waiting");
	assert_string_equal(harness_reason(h, "wan.7"), "waits for wan");
	harness_nic(h, "wan");
	harness_settle(h);
	assert_string_equal(harness_state(h, "wan.7"), "ok");
	expect_has(h, "wan.7", "default");
	harness_unplug(h, "wan");
	harness_settle(h);
	assert_string_equal(harness_state(h, "wan.7"), "waiting");
	harness_nic(h, "wan");
	harness_settle(h);
	assert_string_equal(harness_state(h, "wan.7"), "ok");
	expect_has(h, "wan.7", "default");
	expect_settled(h);
}

static void renamed(void **state)
{
	struct harness *h = start(state, "eth7");

	harness_must_apply(h, LAN0("mtu = 1400; addresses = [ \"192.0.2.1/24\" ];"));
	assert_string_equal(harness_state(h, "lan0"), "absent");
	harness_exec(h, "ip link set eth7 name lan0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "\"mtu\": 1400");
	expect_settled(h);
	harness_exec(h, "ip link set lan0 down");
	harness_exec(h, "ip link set lan0 name eth7");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "absent");
}

static void names_swapped(void **state)
{
	struct harness *h = start(state, "port1 port2");
	static const char config[] = "interfaces = (\n"
				     "  { name = \"port1\"; mtu = 1400; }, { name = \"port2\"; mtu = 1300; }\n"
				     ");\n";

	harness_must_apply(h, config);
	harness_kill(h);
	harness_exec(h, "ip link set port1 down");
	harness_exec(h, "ip link set port2 down");
	harness_exec(h, "ip link set port1 name port3");
	harness_exec(h, "ip link set port2 name port1");
	harness_exec(h, "ip link set port3 name port2");
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	expect_has(h, "port1", "\"mtu\": 1400");
	expect_has(h, "port2", "\"mtu\": 1300");
}

static void overrun(void **state)
{
	struct harness *h = start(state, "lan0 lan1");

	harness_need_fake(h);
	harness_must_apply(h, switch_config);
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
	struct harness *h = start(state, "lan0 lan1");
	struct errors e = { 0 };

	harness_need_fake(h);
	harness_file(h, "conf/a.conf", switch_config);
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
	start(state, "lan0 lan1");
	assert_true(h->engine->mirror->synced);
	harness_must_apply(h, switch_config);
	fake_interrupt_dumps(h->fake, 1);
	fake_overrun(h->fake);
	harness_settle(h);
	expect_settled(h);
	expect_no_requests(h);
}

static void failure_says_all(void **state)
{
	struct harness *h = start(state, "lan0 lan1");

	harness_need_fake(h);
	assert_int_equal(harness_apply(h, "interfaces = (\n"
					  "  { name = \"lan0\"; alias = \"x\";\n"
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
	struct harness *h = start(state, "lan0 lan1");

	harness_need_fake(h);
	fake_fault(h->fake, 1, RTM_NEWLINK, -ENOSPC, "no room for bridges");
	assert_int_equal(harness_apply(h, switch_config), -EIO);
	assert_contains(h->text, "conf/a.conf:2: br0: kind: - -> bridge");
	assert_contains(h->text, "No space left on device (no room for bridges)");
	harness_wait(h, 1300);
	assert_string_equal(harness_state(h, "br0"), "ok");
	assert_string_equal(harness_state(h, "lan0"), "ok");
	assert_string_equal(harness_state(h, "br0.10"), "ok");
	expect_settled(h);
}

static void failed_is_tried_again_later(void **state)
{
	struct harness *h = start(state, "lan0");
	uint64_t before;

	harness_need_fake(h);
	fake_fault(h->fake, 0, RTM_NEWADDR, -ENOBUFS, NULL);
	assert_int_equal(harness_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ];")), -EIO);
	before = harness_requests(h);
	harness_exec(h, "ip link set lan0 alias noise");
	harness_settle(h);
	harness_wait(h, 300);
	assert_int_equal(harness_requests(h), before); /* not at once */
	harness_wait(h, 900);
	assert_true(harness_requests(h) > before);
	assert_string_equal(harness_state(h, "lan0"), "failed");
	before = harness_requests(h);
	harness_wait(h, 1200);
	assert_int_equal(harness_requests(h), before); /* twice as long now */
	fake_no_faults(h->fake);
	harness_wait(h, 1200);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_settled(h);
}

static void reconfigure_does_not_wait(void **state)
{
	struct harness *h = start(state, "lan0");

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
	struct harness *h = start(state, "lan0 lan1");

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

		start(&s, "lan0 lan1");
		if (n > 1)
			fake_fault(each->fake, n - 1, 0, 0, NULL);
		if (!harness_apply(each, switch_config))
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

		start(&s, "lan0 lan1");
		if (n > 1)
			fake_fault(each->fake, n - 1, 0, -ENOMEM, "bad luck");
		if (harness_apply(each, switch_config)) {
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
	struct harness *h = start(state, "lan0 lan1");

	harness_must_apply(h, switch_config);
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

/* __br_vlan_set_default_pvid() moves every port that has the old one, and tells nobody. */
static void default_pvid_changes_ports_silently(void **state)
{
	struct harness *h = start(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"br0\"; kind = \"bridge\"; bridge = { default_pvid = %u; };\n"
		"    port = { pvid = 10; untagged = [ 10 ]; }; },\n"
		"  { name = \"lan0\"; master = \"br0\"; port = { pvid = 10; untagged = [ 10 ]; }; }\n"
		");\n";
	static const unsigned pvids[] = { 0, 1, 10, 0, 10, 20, 0 };

	for (unsigned n = 0; n < ARRAY_SIZE(pvids); n++) {
		char text[512];

		snprintf(text, sizeof(text), config, pvids[n]);
		harness_must_apply(h, text);
		harness_kill(h); /* what a fresh look shows counts */
		harness_start(h);
		assert_int_equal(harness_reload(h), 0);
		if (harness_requests(h))
			fail_msg("default_pvid %u: the ports are not as configured", pvids[n]);
	}
}

static void drift_is_reported(void **state)
{
	struct harness *h = start(state, "lan0");
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

static void count(void *data, const struct outcome *o)
{
	assert_int_equal(o->error, 0);
	++*(unsigned *)data;
}

static void busy(void **state)
{
	struct harness *h = start(state, "lan0");
	struct errors e = { 0 };
	unsigned n = 0;

	harness_file(h, "conf/a.conf", LAN0("mtu = 1400;"));
	assert_int_equal(engine_reload(h->engine, &e, count, &n), 0);
	while (!h->engine->plan)
		sd_event_run(h->event, 1000);
	assert_int_equal(engine_reload(h->engine, &e, count, &n), -EBUSY);
	harness_settle(h);
	assert_int_equal(n, 1);
	assert_int_equal(harness_reload(h), 0);
}

/* While the engine repairs something by itself a request waits, and is answered. */
static void reload_while_repairing(void **state)
{
	struct harness *h = start(state, "lan0");
	struct errors e = { 0 };
	unsigned n = 0;

	harness_must_apply(h, LAN0("mtu = 1400;"));
	harness_exec(h, "ip link set lan0 mtu 1300");
	while (!h->engine->plan)
		sd_event_run(h->event, 1000);
	harness_file(h, "conf/a.conf", LAN0("mtu = 1350;"));
	assert_int_equal(engine_reload(h->engine, &e, count, &n), 0);
	assert_int_equal(engine_reload(h->engine, &e, count, &n), -EBUSY);
	harness_settle(h);
	assert_int_equal(n, 1);
	expect_has(h, "lan0", "\"mtu\": 1350");
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

		start(&s, "lan0 lan1");
		harness_must_apply(each, switch_config);
		before = fresh_snapshot(each);
		harness_must_apply(each, switch_config);
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

static void failed_change_is_undone(void **state)
{
	change_with_fault(*state, -ENOMEM);
}

static void change_not_done_is_undone(void **state)
{
	change_with_fault(*state, 0);
}

static void invalid_changes_nothing(void **state)
{
	struct harness *h = start(state, "lan0");
	uint64_t before;

	harness_must_apply(h, LAN0("mtu = 1400;"));
	before = harness_requests(h);
	assert_int_equal(harness_apply(h, LAN0("mtu = 1300; mtuu = 1;")), -EINVAL);
	assert_int_equal(engine_state(h->engine), ENGINE_DEGRADED);
	harness_settle(h);
	assert_int_equal(harness_requests(h), before);
	expect_has(h, "lan0", "\"mtu\": 1400");
	/* The old one is still enforced. */
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_settle(h);
	expect_has(h, "lan0", "\"mtu\": 1400");
	harness_must_apply(h, LAN0("mtu = 1400;"));
	assert_int_equal(engine_state(h->engine), ENGINE_STEADY);
}

static void vlan_id_changes(void **state)
{
	struct harness *h = start(state, "lan0 lan1");
	_cleanup_free_ char *changed = str_dup(switch_config);

	harness_must_apply(h, switch_config);
	memcpy(strstr(changed, " id = 10"), " id = 11", 8);
	harness_must_apply(h, changed);
	expect_has(h, "br0.10", "\"id\": 11");
	expect_has(h, "br0.10", "192.0.2.1/24");
	expect_has(h, "br0.10", "198.51.100.0/24");
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), 0);
	harness_must_apply(h, nothing);
	assert_null(model_find(h->engine->mirror->seen, "br0.10"));
}

/* The VLAN may have no larger MTU than what it stands on, when both are set at once. */
static void mtu_of_a_stack(void **state)
{
	struct harness *h = start(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"lan0\"; mtu = %u; },\n"
		"  { name = \"v5\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; mtu = %u; }\n"
		");\n";
	static const unsigned mtus[][2] = { { 9000, 9000 }, { 1400, 1400 }, { 3000, 2000 } };

	for (unsigned n = 0; n < ARRAY_SIZE(mtus); n++) {
		char text[512];

		snprintf(text, sizeof(text), config, mtus[n][0], mtus[n][1]);
		harness_must_apply(h, text);
		expect_settled(h);
	}
}

static void address_details_change(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/24\"; metric = 5; } );"));
	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/24\"; metric = 6; } );"));
	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/24\"; scope = \"link\"; } );"));
	expect_has(h, "lan0", "\"scope\": \"link\"");
	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/24\"; label = \"lan0x\"; } );"));
	expect_has(h, "lan0", "\"label\": \"lan0x\"");
	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/32\"; peer = \"192.0.2.9\"; } );"));
	expect_has(h, "lan0", "\"peer\": \"192.0.2.9\"");
	harness_must_apply(h, LAN0("addresses = ( { address = \"192.0.2.1/32\"; peer = \"192.0.2.8\"; } );"));
	expect_has(h, "lan0", "\"peer\": \"192.0.2.8\"");
	expect_lacks(h, "lan0", "\"peer\": \"192.0.2.9\"");
}

/* The first address of a network takes the others with it when it goes. */
static void secondary_address_survives(void **state)
{
	struct harness *h = start(state, "lan0");

	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\", \"192.0.2.2/24\" ];"));
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.2/24\" ];"));
	expect_has(h, "lan0", "192.0.2.2/24");
	expect_lacks(h, "lan0", "192.0.2.1/24");
	expect_settled(h);
}

static void routes_survive_a_bounce(void **state)
{
	struct harness *h = start(state, "lan0");

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

static void route_changes(void **state)
{
	struct harness *h = start(state, "lan0 wan");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"lan0\"; addresses = [ \"192.0.2.1/24\" ]; %s },\n"
		"  { name = \"wan\"; addresses = [ \"198.51.100.1/24\" ]; %s }\n"
		");\n";
	static const char *const routes[][2] = {
		{ "routes = ( { to = \"default\"; via = \"192.0.2.2\"; } );", "" },
		{ "routes = ( { to = \"default\"; via = \"192.0.2.3\"; } );", "" },
		{ "routes = ( { to = \"default\"; via = \"192.0.2.3\"; source = \"192.0.2.1\"; } );", "" },
		{ "routes = ( { to = \"default\"; via = \"192.0.2.3\"; metric = 7; } );", "" },
		{ "", "routes = ( { to = \"default\"; via = \"198.51.100.2\"; metric = 7; } );" },
		{ "", "routes = ( { to = \"default\"; via = \"198.51.100.2\"; table = 1000; } );" },
		{ "", "" },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(routes); n++) {
		char text[512];

		snprintf(text, sizeof(text), config, routes[n][0], routes[n][1]);
		if (harness_apply(h, text))
			fail_msg("%u: %s", n, h->text);
		expect_settled(h);
		harness_kill(h);
		harness_start(h);
		assert_int_equal(harness_reload(h), 0);
		assert_int_equal(harness_requests(h), 0);
	}
	expect_lacks(h, "wan", "default");
}

/* The same destination and metric through two interfaces is two wishes for one place. */
static void same_route_twice(void **state)
{
	struct harness *h = start(state, "lan0 wan");
	int r = harness_apply(h,
		"interfaces = (\n"
		"  { name = \"lan0\"; addresses = [ \"192.0.2.1/24\" ];\n"
		"    routes = ( { to = \"default\"; via = \"192.0.2.2\"; } ); },\n"
		"  { name = \"wan\"; addresses = [ \"198.51.100.1/24\" ];\n"
		"    routes = ( { to = \"default\"; via = \"198.51.100.2\"; } ); }\n"
		");\n");

	if (r != -EINVAL)
		print_error("%s\n", h->text);
	assert_int_equal(r, -EINVAL);
}

static void veth_pair(void **state)
{
	struct harness *h = start(state, "");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"v0\"; kind = \"veth\"; veth = { peer = \"v1\"; }; },\n"
		"  { name = \"v1\"; mtu = 1400; addresses = [ \"192.0.2.1/24\" ]; }\n"
		");\n";

	harness_must_apply(h, config);
	assert_string_equal(harness_state(h, "v1"), "ok");
	expect_has(h, "v1", "\"mtu\": 1400");
	expect_has(h, "v0", "\"carrier\": true");
	expect_no_requests(h);
	harness_exec(h, "ip link del v1");
	harness_settle(h);
	assert_string_equal(harness_state(h, "v0"), "ok");
	assert_string_equal(harness_state(h, "v1"), "ok");
	harness_must_apply(h, nothing);
	assert_null(model_find(h->engine->mirror->seen, "v0"));
	assert_null(model_find(h->engine->mirror->seen, "v1"));
}

static void carrier_follows(void **state)
{
	struct harness *h = start(state, "lan0");

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

/* Of a device that is down the kernel tells only some changes (netdev_state_change()). */
static void changes_while_down(void **state)
{
	struct harness *h = start(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"br0\"; kind = \"bridge\"; up = false; bridge = { stp = %s; }; },\n"
		"  { name = \"lan0\"; up = false; master = \"br0\"; alias = \"%s\";\n"
		"    port = { isolated = %s; pvid = %s; untagged = [ \"%s\" ]; }; }\n"
		");\n";
	char text[512];

	for (unsigned n = 0; n < 3; n++) {
		const char *on = n % 2 ? "true" : "false", *vid = n % 2 ? "10" : "20";

		snprintf(text, sizeof(text), config, on, n % 2 ? "" : "x", on, vid, vid);
		harness_must_apply(h, text);
		expect_settled(h);
		expect_no_requests(h);
	}
	harness_must_apply(h, nothing);
	expect_has(h, "lan0", "\"alias\": \"\"");
}

/* A VLAN that shall be down, on a device that comes up: the kernel takes it up along. */
static void stays_down(void **state)
{
	struct harness *h = start(state, "lan0");
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

static void forwarding_of_all(void **state)
{
	struct harness *h = start(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"all\"; ipv4 = { forwarding = true; }; ipv6 = { forwarding = true; }; },\n"
		"  { name = \"lan0\"; ipv4 = { forwarding = false; }; ipv6 = { forwarding = true; }; }\n"
		");\n";

	harness_must_apply(h, config);
	expect_has(h, "lan0", "\"forwarding\": false");
	expect_settled(h);
	harness_exec(h, "sysctl net/ipv4/conf/lan0/forwarding 1");
	harness_settle(h);
	expect_has(h, "lan0", "\"forwarding\": false");
	harness_exec(h, "sysctl net/ipv6/conf/all/forwarding 0");
	harness_settle(h);
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), 0);
}

/* Many interfaces: more than one window of steps, and verified by dumps. */
static void many(void **state)
{
	struct harness *h = start(state, "lan0");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("interfaces = ( { name = \"lan0\"; }", out);
	for (unsigned n = 1; n <= 300; n++)
		fprintf(out, ",\n { name = \"v%u\"; kind = \"vlan\"; vlan = { link = \"lan0\"; "
			     "id = %u; }; addresses = [ \"10.%u.%u.1/24\" ]; }",
			n, n, n / 256, n % 256);
	fputs(" );\n", out);
	fclose(out);
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "v300"), "ok");
	expect_settled(h);
	expect_no_requests(h);
	harness_must_apply(h, nothing);
	assert_null(model_find(h->engine->mirror->seen, "v300"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(applies),
		HARNESS_TEST(applies_without_listening),
		HARNESS_TEST(restart_sends_nothing),
		HARNESS_TEST(killed_half_way),
		HARNESS_TEST(restarted_remembers_what_was),
		HARNESS_TEST(killed_before_any_answer),
		HARNESS_TEST(removed_key_resets),
		HARNESS_TEST(removed_master_resets),
		HARNESS_TEST(removed_entry_deletes_only_ours),
		HARNESS_TEST(same_name_is_not_ours),
		HARNESS_TEST(same_name_and_index_is_not_ours),
		HARNESS_TEST(other_kind_is_refused),
		HARNESS_TEST(foreign_addresses_and_routes),
		HARNESS_TEST(appears_and_disappears),
		HARNESS_TEST(waits_for_its_lower),
		HARNESS_TEST(renamed),
		HARNESS_TEST(names_swapped),
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
		HARNESS_TEST(drift_is_repaired),
		HARNESS_TEST(default_pvid_changes_ports_silently),
		HARNESS_TEST(drift_is_reported),
		HARNESS_TEST(busy),
		HARNESS_TEST(reload_while_repairing),
		HARNESS_TEST(failed_change_is_undone),
		HARNESS_TEST(change_not_done_is_undone),
		HARNESS_TEST(invalid_changes_nothing),
		HARNESS_TEST(vlan_id_changes),
		HARNESS_TEST(mtu_of_a_stack),
		HARNESS_TEST(address_details_change),
		HARNESS_TEST(secondary_address_survives),
		HARNESS_TEST(routes_survive_a_bounce),
		HARNESS_TEST(route_changes),
		HARNESS_TEST(same_route_twice),
		HARNESS_TEST(veth_pair),
		HARNESS_TEST(carrier_follows),
		HARNESS_TEST(changes_while_down),
		HARNESS_TEST(stays_down),
		HARNESS_TEST(forwarding_of_all),
		HARNESS_TEST(many),
	};

	return harness_main("engine", tests, ARRAY_SIZE(tests));
}
