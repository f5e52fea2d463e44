// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the kernel does not do what one would expect: each of these was seen on a real one. */
#include "unit/harness.h"

#include <stdio.h>

#include "core/export.h"

#define LAN0(text) "interfaces = (\n  { name = \"lan0\"; " text " }\n);\n"

/* Another hand does that: the ports have not been told of, and are read. */
static void default_pvid_of_others(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, "interfaces = (\n"
			      "  { name = \"br0\"; kind = \"bridge\"; bridge = { vlan_filtering = true; }; },\n"
			      "  { name = \"lan0\"; master = \"br0\"; }\n);\n");
	expect_has(h, "lan0", "\"pvid\": 1,");
	harness_exec(h, "ip link set br0 type bridge vlan_default_pvid 7");
	harness_settle(h);
	expect_has(h, "br0", "\"default_pvid\": 7");
	expect_has(h, "lan0", "\"pvid\": 7,");
}

/* What is found meanwhile asks for a fresh look; but a plan's steps point into what was seen. */
static void nothing_is_read_while_a_plan_is_carried_out(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");
	struct errors errors = { 0 };
	struct engine *e = h->engine;
	uint64_t dumps;

	harness_file(h, "conf/a.conf", harness_switch);
	assert_int_equal(engine_reload(e, &errors, NULL, NULL), 0);
	for (unsigned n = 0; n < 100 && !e->plan; n++)
		assert_true(sd_event_run(h->event, 50000) >= 0);
	assert_non_null(e->plan);
	e->kernel->on_untold(e->kernel->data);
	assert_null(e->mirror->filling);
	dumps = e->kernel->counters.dumps;
	harness_settle(h);
	assert_true(e->kernel->counters.dumps > dumps);
	expect_settled(h);
}

/* __br_vlan_set_default_pvid() moves every port that has the old one, and tells nobody. */
static void default_pvid_changes_ports_silently(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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

static void vlan_id_changes(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");
	_cleanup_free_ char *changed = str_dup(harness_switch);

	harness_must_apply(h, harness_switch);
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
	harness_must_apply(h, harness_nothing);
	assert_null(model_find(h->engine->mirror->seen, "br0.10"));
}

/* br_stp_recalculate_bridge_id(): with its last port a bridge loses its address. */
static void bridge_without_ports_has_no_address(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"br0\"; kind = \"bridge\";\n"
		"    bridge = { vlan_filtering = true; default_pvid = 0; };\n"
		"    port = { tagged = [ %u ]; }; },\n"
		"  { name = \"lan0\";%s }\n"
		");\n";
	char text[512];

	snprintf(text, sizeof(text), config, 10, " master = \"br0\";");
	harness_must_apply(h, text);
	snprintf(text, sizeof(text), config, 10, "");
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "br0"), "ok");
	snprintf(text, sizeof(text), config, 20, "");
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "br0"), "waiting");
	assert_contains(harness_reason(h, "br0"), "waits for a port");
	snprintf(text, sizeof(text), config, 20, " master = \"br0\";");
	harness_must_apply(h, text);
	assert_string_equal(harness_state(h, "br0"), "ok");
	expect_has(h, "br0", "\"tagged\": [\"20\"]");
	expect_settled(h);
}

/* IFLA_LINK of a veth names the other end; which one the entry asks for is not only for creation. */
static void veth_peer_changes(void **state)
{
	struct harness *h = harness_begin(state, "");
	static const char config[] =
		"interfaces = ( { name = \"v0\"; kind = \"veth\"; veth = { peer = \"%s\"; }; } );\n";
	_cleanup_free_ char *export = NULL;
	char text[256];
	json_t *model;

	snprintf(text, sizeof(text), config, "p1");
	harness_must_apply(h, text);
	expect_has(h, "v0", "\"peer\": \"p1\"");
	expect_has(h, "p1", "\"peer\": \"v0\"");
	model = export_model(h->engine->mirror->seen);
	export = export_text(model);
	json_decref(model);
	snprintf(text, sizeof(text), config, "p2");
	harness_must_apply(h, text);
	assert_null(model_find(h->engine->mirror->seen, "p1"));
	expect_has(h, "p2", "\"peer\": \"v0\"");
	expect_settled(h);
	/* One entry for both ends. */
	harness_must_apply(h, harness_nothing);
	harness_must_apply(h, export);
	expect_has(h, "v0", "\"peer\": \"p1\"");
}

/* The other end of a pair that is made anew is another device, whose settings wait for it. */
static void veth_pair_is_made_anew(void **state)
{
	struct harness *h = harness_begin(state, "");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"v0\"; kind = \"%s\"; %s addresses = [ \"192.0.2.1/24\" ]; },\n"
		"  { name = \"p1\"; mtu = %u; addresses = [ \"198.51.100.%u/24\" ]; }\n"
		");\n";
	char before[512], after[512];

	snprintf(before, sizeof(before), config, "veth", "veth = { peer = \"p1\"; };", 1400, 1);
	snprintf(after, sizeof(after), config, "veth", "veth = { peer = \"p2\"; };", 1300, 2);
	harness_must_apply(h, before);
	harness_must_apply(h, after);
	assert_string_equal(harness_state(h, "p1"), "absent");
	harness_must_apply(h, before);
	assert_string_equal(harness_state(h, "p1"), "ok");
	expect_has(h, "p1", "\"mtu\": 1400");
	expect_has(h, "p1", "198.51.100.1/24");
	expect_settled(h);
	/* And when the change fails after that. */
	snprintf(after, sizeof(after),
		 "interfaces = (\n"
		 "  { name = \"v0\"; kind = \"veth\"; veth = { peer = \"p2\"; }; },\n"
		 "  { name = \"p2\"; addresses = [ \"198.51.100.2/24\" ];\n"
		 "    routes = ( { to = \"10.0.0.0/8\"; via = \"203.0.113.1\"; } ); }\n"
		 ");\n");
	assert_int_equal(harness_apply(h, after), -ECANCELED);
	assert_lacks(h->text, "could not be undone");
	expect_has(h, "p1", "\"mtu\": 1400");
	expect_has(h, "p1", "198.51.100.1/24");
	expect_settled(h);
}

/* The VLAN may have no larger MTU than what it stands on, when both are set at once. */
static void mtu_of_a_stack(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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
	struct harness *h = harness_begin(state, "lan0");

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
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.1/24\", \"192.0.2.2/24\" ];"));
	harness_must_apply(h, LAN0("addresses = [ \"192.0.2.2/24\" ];"));
	expect_has(h, "lan0", "192.0.2.2/24");
	expect_lacks(h, "lan0", "192.0.2.1/24");
	expect_settled(h);
}

static void route_changes(void **state)
{
	struct harness *h = harness_begin(state, "lan0 wan");
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
	struct harness *h = harness_begin(state, "lan0 wan");
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
	struct harness *h = harness_begin(state, "");
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
	harness_must_apply(h, harness_nothing);
	assert_null(model_find(h->engine->mirror->seen, "v0"));
	assert_null(model_find(h->engine->mirror->seen, "v1"));
}

/* Of a device that is down the kernel tells only some changes (netdev_state_change()). */
static void changes_while_down(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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
	harness_must_apply(h, harness_nothing);
	expect_has(h, "lan0", "\"alias\": \"\"");
}

static void forwarding_of_all(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
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

/* devinet_copy_dflt_conf(): of IPv4, those change that nobody has set one by one. */
static void default_sysctl_changes_all(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_need_kernel(h);
	expect_has(h, "lan0", "\"rp_filter\": \"off\"");
	harness_exec(h, "sysctl net/ipv4/conf/default/rp_filter 2");
	harness_settle(h);
	expect_has(h, "lan0", "\"rp_filter\": \"loose\"");
}

#define TWO_NETWORKS(routes)                                                                       \
	"interfaces = (\n"                                                                         \
	"  { name = \"lan0\"; addresses = [ \"192.0.2.1/24\" ]; ipv6 = { disable = true; };\n"        \
	"    routes = ( " routes " ); },\n"                                                         \
	"  { name = \"wan\"; addresses = [ \"203.0.113.1/24\" ]; ipv6 = { disable = true; }; }\n);\n"
#define ROUTE "{ to = \"198.51.100.0/24\"; via = \"192.0.2.2\"; }"

/* A VRF takes it down and up again (cycle_netdev()), and of what fib_flush() does nothing is told. */
static void down_and_up_takes_routes_along(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_need_kernel(h);
	if (system("ip link add vrf0 type vrf table 99 2>/dev/null")) {
		print_message("# skipped, for this kernel has no VRF\n");
		skip();
	}
	harness_exec(h, "ip link set vrf0 up");
	harness_exec(h, "sysctl net/ipv6/conf/lan0/disable_ipv6 1");
	harness_exec(h, "ip link set lan0 up");
	harness_exec(h, "ip address add 192.0.2.1/24 dev lan0");
	harness_exec(h, "ip route add 198.51.100.0/24 via 192.0.2.2");
	harness_settle(h);
	expect_has(h, "lan0", "198.51.100.0/24");
	harness_exec(h, "ip link set lan0 master vrf0");
	harness_settle(h);
	expect_has(h, "lan0", "\"table\": 99");
	expect_lacks(h, "lan0", "198.51.100.0/24");
}

/* fib_table_insert() and fib6_add_rt2node() tell of the new one only. */
static void route_is_replaced_by_one_elsewhere(void **state)
{
	struct harness *h = harness_begin(state, "lan0 wan");

	harness_need_kernel(h);
	harness_must_apply(h, TWO_NETWORKS(""));
	harness_exec(h, "ip route replace 198.51.100.0/24 via 192.0.2.3");
	harness_settle(h);
	expect_has(h, "lan0", "198.51.100.0/24");
	harness_exec(h, "ip route replace 198.51.100.0/24 via 203.0.113.2");
	harness_settle(h);
	expect_lacks(h, "lan0", "198.51.100.0/24");
	harness_exec(h, "ip route del 198.51.100.0/24");
	harness_must_apply(h, TWO_NETWORKS(ROUTE));
	harness_exec(h, "ip route replace 198.51.100.0/24 via 203.0.113.2");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "waiting");
	assert_contains(harness_reason(h, "lan0"), "wan has one to there");
	harness_exec(h, "ip route del 198.51.100.0/24");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	harness_exec(h, "ip route replace blackhole 198.51.100.0/24");
	harness_settle(h);
	expect_lacks(h, "lan0", "\"via\": \"192.0.2.2\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(default_pvid_of_others),
		HARNESS_TEST(nothing_is_read_while_a_plan_is_carried_out),
		HARNESS_TEST(default_pvid_changes_ports_silently),
		HARNESS_TEST(vlan_id_changes),
		HARNESS_TEST(bridge_without_ports_has_no_address),
		HARNESS_TEST(veth_peer_changes),
		HARNESS_TEST(veth_pair_is_made_anew),
		HARNESS_TEST(mtu_of_a_stack),
		HARNESS_TEST(address_details_change),
		HARNESS_TEST(secondary_address_survives),
		HARNESS_TEST(route_changes),
		HARNESS_TEST(same_route_twice),
		HARNESS_TEST(veth_pair),
		HARNESS_TEST(changes_while_down),
		HARNESS_TEST(forwarding_of_all),
		HARNESS_TEST(default_sysctl_changes_all),
		HARNESS_TEST(down_and_up_takes_routes_along),
		HARNESS_TEST(route_is_replaced_by_one_elsewhere),
	};

	return harness_main("traps", tests, ARRAY_SIZE(tests));
}
