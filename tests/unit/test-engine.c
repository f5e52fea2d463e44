// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine on a machine: apply, restart, ownership, devices that come, go and are renamed. */
#include "unit/harness.h"

#include <stdio.h>

#include "util/text.h"

#define LAN0(text) "interfaces = (\n  { name = \"lan0\"; " text " }\n);\n"
#define BRIDGE "interfaces = (\n  { name = \"br0\"; kind = \"bridge\"; },\n"
#define BR0 "interfaces = ( { name = \"br0\"; kind = \"bridge\"; } );\n"

static void applies(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_must_apply(h, harness_switch);
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
	harness_begin(state, "lan0 lan1");
	harness_must_apply(h, harness_switch);
	expect_settled(h);
	expect_no_requests(h);
}

static void restart_sends_nothing(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_must_apply(h, harness_switch);
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
	struct harness *h = harness_begin(state, "lan0 lan1");
	_cleanup_free_ char *before = harness_export(h);

	harness_need_fake(h);
	fake_fault(h->fake, 4, 0, -EIO, NULL);
	fake_fault(h->fake, 5, 0, -EIO, NULL);
	(void)harness_apply(h, harness_switch);
	harness_kill(h);
	fake_no_faults(h->fake);
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, harness_nothing);
	harness_kill(h);
	harness_start(h);
	assert_text(harness_export(h), before);
}

/* The file is there before the kernel is changed; and what it says outlives the daemon. */
static void restarted_remembers_what_was(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

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
	struct harness *h = harness_begin(state, "lan0");
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
	harness_must_apply(h, harness_nothing);
	expect_has(h, "lan0", "\"mtu\": 1500");
}

static void removed_key_resets(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, LAN0("mtu = 1300; alias = \"cable 7\";"));
	harness_must_apply(h, LAN0("mtu = 1280;"));
	expect_has(h, "lan0", "\"alias\": \"\"");
	expect_has(h, "lan0", "\"mtu\": 1280");
	harness_must_apply(h, LAN0(""));
	expect_has(h, "lan0", "\"mtu\": 1500");
	expect_has(h, "lan0", "\"up\": true");
	harness_must_apply(h, harness_nothing);
	expect_has(h, "lan0", "\"up\": false");
	assert_string_equal(harness_state(h, "lan0"), "foreign");
}

/* What the administrator had set before is put back, not the kernel's default. */
static void removed_master_resets(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_exec(h, "ip link add theirs type bridge");
	harness_exec(h, "ip link set lan0 master theirs");
	harness_settle(h);
	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; master = \"br0\"; }\n);\n");
	expect_has(h, "lan0", "\"master\": \"br0\"");
	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; }\n);\n");
	expect_has(h, "lan0", "\"master\": \"theirs\"");
	harness_must_apply(h, harness_nothing);
	expect_has(h, "theirs", "\"kind\": \"bridge\"");
	assert_null(model_find(h->engine->mirror->seen, "br0"));
}

/* A bridge that a port has left has no Ethernet address, and the kernel takes none that says so. */
static void no_address_is_not_put_back(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; master = \"br0\"; }\n);\n");
	harness_kill(h);
	assert_int_equal(unlink("owned.state"), 0); /* as if others had made it */
	harness_exec(h, "ip link set lan0 nomaster");
	harness_start(h);
	harness_must_apply(h, BR0);
	expect_has(h, "br0", "\"address\": \"00:00:00:00:00:00\"");
	harness_must_apply(h, "interfaces = ( { name = \"br0\"; kind = \"bridge\"; "
			      "address = \"02:00:00:00:00:77\"; } );\n");
	expect_has(h, "br0", "\"address\": \"02:00:00:00:00:77\"");
	harness_must_apply(h, BR0);
	expect_lacks(h, "br0", "\"address\": \"02:00:00:00:00:77\"");
	expect_lacks(h, "br0", "\"address\": \"00:00:00:00:00:00\"");
	expect_settled(h);
	expect_no_requests(h);
}

/* The first of a network takes the others along when it goes, unless they are promoted. */
static void changed_places_keep_all(void **state)
{
	static const char before[] = LAN0("ipv4 = { promote_secondaries = %s; }; addresses = [ "
					  "\"192.0.2.1/24\", \"192.0.2.2/24\", \"192.0.2.3/24\" ];");
	static const char after[] = LAN0("%s addresses = [ \"192.0.2.3/24\", \"192.0.2.1/24\", "
					 "\"192.0.2.2/24\" ]; routes = ( { to = \"10.0.0.0/8\"; "
					 "via = \"192.0.2.9\"; source = \"192.0.2.2\"; } );");
	static const char *const words[] = { "true", "false" };
	static const char *const groups[] = { "", "ipv4 = { promote_secondaries = true; };",
					      "ipv4 = { promote_secondaries = false; };" };
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;

	for (unsigned n = 0; n < ARRAY_SIZE(words) * ARRAY_SIZE(groups); n++) {
		_cleanup_free_ char *a = str_format(before, words[n / ARRAY_SIZE(groups)]);
		_cleanup_free_ char *b = str_format(after, groups[n % ARRAY_SIZE(groups)]);

		harness_must_apply(h, a);
		free(plan);
		plan = harness_plan_of(h, b);
		assert_contains(plan, "lan0: addresses 192.0.2.1/24: place: another -> as listed\n");
		harness_must_apply(h, b);
		expect_has(h, "lan0", "192.0.2.1/24");
		expect_has(h, "lan0", "192.0.2.2/24");
		expect_settled(h);
	}
}

static void removed_entry_deletes_only_ours(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_exec(h, "ip link add br1 type bridge");
	harness_settle(h);
	harness_must_apply(h, BRIDGE "  { name = \"br1\"; kind = \"bridge\"; }, { name = \"lan0\"; }\n);\n");
	harness_must_apply(h, harness_nothing);
	assert_null(model_find(h->engine->mirror->seen, "br0"));
	assert_non_null(model_find(h->engine->mirror->seen, "br1"));
	assert_non_null(model_find(h->engine->mirror->seen, "lan0"));
}

/* Somebody deleted ours and made another under the name: that one is not ours to delete. */
static void same_name_is_not_ours(void **state)
{
	struct harness *h = harness_begin(state, "");

	harness_must_apply(h, BR0);
	harness_kill(h);
	harness_exec(h, "ip link del br0");
	harness_exec(h, "ip link add other type bridge");
	harness_exec(h, "ip link add br0 type bridge");
	harness_start(h);
	harness_must_apply(h, harness_nothing);
	assert_non_null(model_find(h->engine->mirror->seen, "br0"));
}

/*
 * An index that the daemon chose does not move the kernel's counter
 * (dev_index_reserve()), so the next device of the same name can have it too.
 */
static void same_name_and_index_is_not_ours(void **state)
{
	struct harness *h = harness_begin(state, "");

	harness_must_apply(h, BR0);
	harness_kill(h);
	harness_exec(h, "ip link del br0");
	harness_exec(h, "ip link add br0 type bridge");
	harness_start(h);
	harness_must_apply(h, harness_nothing);
	assert_non_null(model_find(h->engine->mirror->seen, "br0"));
}

/* What the daemon has made is there for as long as it is configured, and no longer. */
static void what_goes_is_not_referred_to(void **state)
{
	static const char with[] = "interfaces = (\n  { name = \"lan0\"; master = \"br0\"; },\n"
				   "  { name = \"br0\"; kind = \"bridge\"; },\n"
				   "  { name = \"t0\"; kind = \"veth\"; veth = { peer = \"t1\"; }; },\n"
				   "  { name = \"v5\"; kind = \"vlan\"; vlan = { link = \"t1\"; id = 5; }; }\n);\n";
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, with); /* also the other end, which has no entry */
	assert_int_equal(harness_apply(h, "interfaces = ( { name = \"lan0\"; master = \"br0\"; } );\n"),
			 -EINVAL);
	assert_contains(h->text, "no interface \"br0\": neither configured nor present");
	assert_int_equal(harness_apply(h, "interfaces = ( { name = \"v5\"; kind = \"vlan\"; "
					  "vlan = { link = \"t1\"; id = 5; }; } );\n"), -EINVAL);
}

static void other_kind_is_refused(void **state)
{
	struct harness *h = harness_begin(state, "br0");

	assert_int_equal(harness_apply(h, BR0), 0);
	assert_string_equal(harness_state(h, "br0"), "failed");
	assert_int_equal(engine_state(h->engine), ENGINE_DEGRADED);
	assert_contains(harness_reason(h, "br0"), "netctld did not make");
}

static void foreign_addresses_and_routes(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

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
	expect_lacks(h, "lan0", "\"address\": \"203.0.113.1/24\"");
	harness_must_apply(h, LAN0(""));
	expect_lacks(h, "lan0", "192.0.2.1/24");
}

/* What others made and the configuration replaces comes back as it was. */
static void foreign_replaced_comes_back(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	static const char address[] = "\"198.51.100.1/24\", \"dynamic\": false, \"label\": "
				      "\"lan0\", \"metric\": 0, \"scope\": \"global\"";

	harness_exec(h, "ip link set lan0 up");
	harness_exec(h, "ip address add 198.51.100.1/24 dev lan0");
	harness_exec(h, "ip route add 10.9.0.0/16 via 198.51.100.9 dev lan0");
	harness_settle(h);
	harness_must_apply(h, LAN0(""));
	expect_has(h, "lan0", address);
	harness_must_apply(h, LAN0("addresses = ( { address = \"198.51.100.1/24\"; metric = 5; } );"
				   "routes = ( { to = \"10.9.0.0/16\"; via = \"198.51.100.8\"; } );"));
	expect_has(h, "lan0", "\"via\": \"198.51.100.8\"");
	harness_kill(h); /* the record knows it */
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	assert_int_equal(harness_requests(h), 0);
	harness_must_apply(h, LAN0(""));
	expect_has(h, "lan0", "\"via\": \"198.51.100.9\"");
	expect_has(h, "lan0", address);
	expect_has(h, "lan0", "\"protocol\": 3");
	expect_settled(h);
	/* And then it is theirs again. */
	harness_must_apply(h, LAN0("mtu = 1400;"));
	expect_has(h, "lan0", "\"via\": \"198.51.100.9\"");
}

static void foreign_removed_comes_back_when_undone(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_exec(h, "ip link set lan0 up");
	harness_exec(h, "ip address add 198.51.100.1/24 dev lan0");
	harness_exec(h, "ip route add 10.9.0.0/16 via 198.51.100.9 dev lan0");
	harness_settle(h);
	harness_must_apply(h, LAN0(""));
	assert_int_equal(harness_apply(h, LAN0("foreign = \"remove\"; addresses = [ \"192.0.2.1/24\" ];"
					       "routes = ( { to = \"10.8.0.0/16\"; via = \"203.0.113.9\"; } );")),
			 -ECANCELED);
	expect_has(h, "lan0", "198.51.100.1/24");
	expect_has(h, "lan0", "198.51.100.9");
	expect_lacks(h, "lan0", "\"protocol\": 172");
	expect_settled(h);
}

/* The kernel has one place for a destination and metric, and would replace another's route. */
static void route_of_another_elsewhere(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_exec(h, "ip link set lan1 up");
	harness_exec(h, "ip address add 198.51.100.1/24 dev lan1");
	harness_exec(h, "ip route add default via 198.51.100.9 dev lan1");
	harness_settle(h);
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\" ];"
				   "routes = ( { to = \"default\"; via = \"192.0.2.9\"; } );"));
	expect_has(h, "lan1", "198.51.100.9");
	assert_string_equal(harness_state(h, "lan0"), "waiting");
	assert_contains(harness_reason(h, "lan0"), "lan1 has one to there");
	harness_exec(h, "ip route del default dev lan1");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "192.0.2.9");
}

static void appears_and_disappears(void **state)
{
	struct harness *h = harness_begin(state, "lan1");

	harness_must_apply(h, harness_switch);
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
	struct harness *h = harness_begin(state, "");
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
	struct harness *h = harness_begin(state, "eth7");

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

/* What the daemon made it knows by its index: nothing is made twice, or left behind. */
static void ours_renamed(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, BRIDGE "  { name = \"lan0\"; master = \"br0\"; }\n);\n");
	harness_exec(h, "ip link set br0 down");
	harness_exec(h, "ip link set br0 name other");
	harness_settle(h);
	assert_string_equal(harness_state(h, "br0"), "ok");
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_has(h, "lan0", "\"master\": \"br0\"");
	expect_settled(h);
	assert_null(model_find(h->engine->mirror->seen, "other"));

	/* The same while no daemon runs; and what is no longer wanted goes under any name. */
	harness_kill(h);
	harness_exec(h, "ip link set br0 down");
	harness_exec(h, "ip link set br0 name other");
	harness_start(h);
	assert_int_equal(harness_reload(h), 0);
	assert_string_equal(harness_state(h, "br0"), "ok");
	assert_null(model_find(h->engine->mirror->seen, "other"));
	harness_kill(h);
	harness_exec(h, "ip link set br0 down");
	harness_exec(h, "ip link set br0 name other");
	harness_start(h);
	harness_must_apply(h, harness_nothing);
	assert_null(model_find(h->engine->mirror->seen, "other"));
	assert_null(model_find(h->engine->mirror->seen, "br0"));
}

static void names_swapped(void **state)
{
	struct harness *h = harness_begin(state, "port1 port2");
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

static void count(void *data, const struct outcome *o)
{
	assert_int_equal(o->error, 0);
	++*(unsigned *)data;
}

static void busy(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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
	struct harness *h = harness_begin(state, "lan0");
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

static void invalid_changes_nothing(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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

/* Many interfaces: more than one window of steps, and verified by dumps. */
static void many(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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
	harness_must_apply(h, harness_nothing);
	assert_null(model_find(h->engine->mirror->seen, "v300"));
	free(text);
}

/* Ports whose messages are long: together more than a socket takes at a time. */
static void many_vlans(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("interfaces = ( { name = \"br0\"; kind = \"bridge\"; "
	      "bridge = { vlan_filtering = true; }; }", out);
	for (unsigned n = 0; n < 6; n++) {
		fprintf(out, ",\n { name = \"p%u\"; kind = \"dummy\"; master = \"br0\"; "
			     "port = { tagged = [ 2", n);
		for (unsigned id = 4; id <= 4094; id += 2)
			fprintf(out, ", %u", id);
		fputs(" ]; }; }", out);
	}
	fputs(" );\n", out);
	fclose(out);
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "p5"), "ok");
	expect_settled(h);
	harness_must_apply(h, harness_nothing);
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
		HARNESS_TEST(no_address_is_not_put_back),
		HARNESS_TEST(changed_places_keep_all),
		HARNESS_TEST(removed_entry_deletes_only_ours),
		HARNESS_TEST(same_name_is_not_ours),
		HARNESS_TEST(same_name_and_index_is_not_ours),
		HARNESS_TEST(other_kind_is_refused),
		HARNESS_TEST(what_goes_is_not_referred_to),
		HARNESS_TEST(foreign_addresses_and_routes),
		HARNESS_TEST(foreign_replaced_comes_back),
		HARNESS_TEST(foreign_removed_comes_back_when_undone),
		HARNESS_TEST(route_of_another_elsewhere),
		HARNESS_TEST(appears_and_disappears),
		HARNESS_TEST(waits_for_its_lower),
		HARNESS_TEST(renamed),
		HARNESS_TEST(ours_renamed),
		HARNESS_TEST(names_swapped),
		HARNESS_TEST(busy),
		HARNESS_TEST(reload_while_repairing),
		HARNESS_TEST(invalid_changes_nothing),
		HARNESS_TEST(many),
		HARNESS_TEST(many_vlans),
	};

	return harness_main("engine", tests, ARRAY_SIZE(tests));
}
