// SPDX-License-Identifier: LGPL-2.1-or-later
/* Switches: what a conduit may not have, and that it carries its ports through every change. */
#include "core/config.h"
#include "core/quirk.h"
#include "unit/harness.h"

static struct harness *switch_begin(void **state)
{
	struct harness *h = *state;

	harness_nic(h, "eth0");
	harness_port(h, "lan0", "eth0");
	harness_port(h, "lan1", "eth0");
	harness_start(h);
	return h;
}

static void shows_ports_and_conduit(void **state)
{
	struct harness *h = switch_begin(state);

	expect_has(h, "lan0", "\"phys_switch_id\": \"00000000\"");
	expect_has(h, "lan1", "\"phys_port_name\": \"p2\"");
	expect_has(h, "lan0", "\"dsa\": {\"conduit\": \"eth0\"}");
	expect_has(h, "eth0", "\"dsa\": {\"ports\": 2, \"tagging\": \"edsa\"}");
	harness_must_apply(h, harness_nothing);
	harness_unplug(h, "lan0");
	harness_unplug(h, "lan1");
	harness_settle(h);
	expect_lacks(h, "eth0", "dsa");
}

static void refuses(struct harness *h, const char *config, const char *why)
{
	assert_int_equal(harness_apply(h, config), -EINVAL);
	assert_contains(h->text, why);
}

#define PORT "{ name = \"lan0\"; dsa = { conduit = \"eth0\"; }; }"

/* By what the machine is, and by what the configuration says, which needs no machine. */
static void refuses_on_conduit(void **state)
{
	static const char *const ports[] = { "{ name = \"lan0\"; }", PORT };
	struct harness *h = switch_begin(state);

	for (unsigned n = 0; n < ARRAY_SIZE(ports); n++) {
		_cleanup_free_ char *text = NULL, *up = NULL;

		refuses(h, text = str_format("interfaces = ( %s,\n{ name = \"eth0\"; addresses = [ "
			"\"192.0.2.1/24\" ]; mtu = 9000; },\n{ name = \"v\"; kind = \"vlan\"; "
			"vlan = { link = \"eth0\"; id = 5; }; } );", ports[n]),
			"conf/a.conf:2: eth0: mtu: is the conduit of lan0: the kernel makes it follow");
		assert_contains(h->text, "conf/a.conf:3: v: kind: cannot stand on eth0, which is the "
					 "conduit of lan0");
		refuses(h, up = str_format("interfaces = ( %s,\n{ name = \"eth0\"; up = false; } );",
					   ports[n]),
			"conf/a.conf:2: eth0: up: is the conduit of lan0, which is to be up");
	}
	refuses(h, "interfaces = ( { name = \"eth0\";\n addresses = [ \"192.0.2.1/24\" ]; } );",
		"conf/a.conf:2: eth0: addresses: is the conduit of lan0: IP never sees a frame of it");
	refuses(h, "interfaces = ( { name = \"br0\"; kind = \"bridge\"; }, { name = \"eth0\";\n"
		"master = \"br0\"; } );",
		"conf/a.conf:2: eth0: master: is the conduit of lan0: a bridge never sees its frames");
	refuses(h, "interfaces = ( { name = \"lan0\"; dsa = { conduit = \"eth0\";\n"
		"tagging = \"dsa\"; }; } );",
		"conf/a.conf:2: lan0: dsa.tagging: belongs to the conduit, eth0");
	/* What stands there is never touched, on the way. */
	assert_int_equal(harness_requests(h), 0);
}

static void conduit_stays_up_under_ports(void **state)
{
	struct harness *h = switch_begin(state);

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; } );");
	harness_must_apply(h, "interfaces = ( { name = \"lan0\"; } );");
	expect_has(h, "eth0", "\"up\": true");
	expect_has(h, "lan0", "\"up\": true");
	expect_settled(h);
	harness_must_apply(h, harness_nothing);
	expect_has(h, "lan0", "\"up\": false");
	expect_has(h, "eth0", "\"up\": false");
}

/* Ports that another hand has brought up count too. */
static void foreign_ports_hold_the_conduit(void **state)
{
	struct harness *h = switch_begin(state);

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; } );");
	harness_exec(h, "ip link set lan1 up");
	harness_settle(h);
	harness_must_apply(h, harness_nothing);
	expect_has(h, "eth0", "\"up\": true");
}

static void tag_protocol_changes_with_all_down(void **state)
{
	struct harness *h = switch_begin(state);

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; } );");
	harness_exec(h, "ip link set lan1 up");
	harness_settle(h);
	assert_text(harness_plan_of(h, "interfaces = ( { name = \"lan0\"; },\n"
				       "{ name = \"eth0\"; dsa = { tagging = \"dsa\"; }; } );"),
		    "down         lan0: up: true -> false (bounce)\n"
		    "down         lan1: up: true -> false (bounce)\n"
		    "down         eth0: up: true -> false (bounce)\n"
		    "phy          eth0: dsa.tagging: edsa -> dsa (bounce)\n"
		    "up           eth0: up: false -> true (bounce)\n"
		    "up           lan0: up: false -> true (bounce)\n"
		    "up           lan1: up: false -> true (bounce)\n");
	harness_must_apply(h, "interfaces = ( { name = \"lan0\"; },\n"
			      "{ name = \"eth0\"; dsa = { tagging = \"dsa\"; }; } );");
	expect_has(h, "eth0", "\"tagging\": \"dsa\"");
	expect_has(h, "lan0", "\"up\": true");
	expect_has(h, "lan1", "\"up\": true");
	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; } );");
	expect_has(h, "eth0", "\"tagging\": \"edsa\"");
	expect_has(h, "lan0", "\"up\": true");
}

/* Nobody knows a protocol of that name: the words of the kernel, and all as before. */
static void unknown_tag_protocol_is_undone(void **state)
{
	struct harness *h = switch_begin(state);

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; } );");
	assert_int_equal(harness_apply(h, "interfaces = ( { name = \"lan0\"; },\n"
				"{ name = \"eth0\"; dsa = { tagging = \"nonsense\"; }; } );"), -ECANCELED);
	assert_contains(h->text, "conf/a.conf:2: eth0: dsa.tagging: edsa -> nonsense: ");
	assert_contains(h->text, "Protocol not available");
	expect_has(h, "lan0", "\"up\": true");
	expect_settled(h);
}

/* The driver of the switch comes late: what was an ordinary device is a conduit now. */
static void switch_comes_late(void **state)
{
	struct harness *h = *state;

	harness_nic(h, "eth0");
	harness_start(h);
	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; dsa = { tagging = \"dsa\"; }; } );");
	assert_string_equal(harness_state(h, "eth0"), "waiting");
	assert_string_equal(harness_reason(h, "eth0"),
			    "dsa.tagging: waits for the switch whose conduit eth0 is to be");
	harness_port(h, "lan0", "eth0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "eth0"), "ok");
	expect_has(h, "eth0", "\"tagging\": \"dsa\"");
	harness_unplug(h, "lan0");
	harness_settle(h);
	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; addresses = [ \"192.0.2.1/24\" ]; } );");
	harness_port(h, "lan0", "eth0");
	harness_settle(h);
	assert_string_equal(harness_state(h, "eth0"), "failed");
	assert_contains(harness_reason(h, "eth0"), "addresses: is the conduit of lan0");
}

static void conduit_changes_live(void **state)
{
	struct harness *h = *state;

	harness_nic(h, "eth0");
	harness_nic(h, "eth1");
	harness_port(h, "lan0", "eth0");
	harness_port(h, "lan1", "eth1");
	harness_start(h);
	harness_must_apply(h, "interfaces = ( " PORT " );");
	assert_text(harness_plan_of(h, "interfaces = ( { name = \"lan0\"; dsa = { conduit = \"eth1\"; }; } );"),
		    "attach       lan0: dsa.conduit: eth0 -> eth1\n");
	harness_must_apply(h, "interfaces = ( { name = \"lan0\"; dsa = { conduit = \"eth1\"; }; } );");
	expect_has(h, "lan0", "\"conduit\": \"eth1\"");
	harness_must_apply(h, harness_nothing);
	expect_has(h, "lan0", "\"conduit\": \"eth0\"");
}

static void mtu_of_conduit_follows(void **state)
{
	struct harness *h = switch_begin(state);

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; mtu = 9000; } );");
	expect_has(h, "eth0", "\"mtu\": 9008");
	expect_settled(h);
}

/* A switch as an Espressobin's, and the table that is installed. */
static struct harness *espressobin_begin(void **state)
{
	struct harness *h = *state;

	harness_need_fake(h);
	assert_int_equal(quirks_load(TEST_TOP "/data/quirks"), 0);
	harness_nic(h, "eth0");
	fake_driver(h->fake, "eth0", "mvneta");
	for (const char *const *p = (const char *const[]){ "lan0", "lan1", "lan2", NULL }; *p; p++) {
		harness_port(h, *p, "eth0");
		fake_driver(h->fake, *p, "mv88e6085");
	}
	harness_start(h);
	return h;
}

#define MQPRIO(interface) "interfaces = ( { name = \"" interface "\"; qdisc = (\n{ kind = \"mqprio\"; " \
	"handle = \"1:\"; num_tc = 2; map = [ 0, 1 ]; queues = [ \"1@0\", \"1@1\" ]; hw = false; } ); } );"

static char *warnings_of(struct harness *h, const char *config)
{
	struct errors errors = { 0 }, warnings = { 0 };
	struct generation *g;
	char *text;

	harness_file(h, "conf/a.conf", config);
	if (engine_load(h->engine, &errors, &g) < 0)
		fail_msg("%s", errors_text(&errors));
	config_warn(g, h->engine->mirror->seen, &warnings);
	generation_free(g);
	text = errors_text(&warnings);
	errors_done(&warnings);
	return text;
}

static void port_has_one_queue(void **state)
{
	struct harness *h = espressobin_begin(state);

	refuses(h, MQPRIO("lan0"), "conf/a.conf:2: lan0: qdisc.mqprio: a port of this switch has one "
		"queue to send from, and mqprio divides queues among classes (6.12 net/dsa/user.c: ");
	assert_int_equal(harness_requests(h), 0);
	/* A kernel whose driver has more is believed. */
	fake_queues(h->fake, "lan0", 8);
	harness_settle(h);
	harness_must_apply(h, MQPRIO("lan0"));
	(void)quirks_load(NULL);
}

static void conduit_is_explained(void **state)
{
	struct harness *h = espressobin_begin(state);
	_cleanup_free_ char *text = warnings_of(h, MQPRIO("eth0"));

	assert_contains(text, "conf/a.conf:2: eth0: qdisc.mqprio: a conduit's frames are those of all "
			      "its ports, each with the switch's tag");
	(void)quirks_load(NULL);
}

#define XDP(more) "interfaces = ( { name = \"lan0\"; xdp = { program = \"stats\";\nmode = \"native\"; " more "}; } );"

static void port_has_no_native_xdp(void **state)
{
	struct harness *h = espressobin_begin(state);
	struct errors errors = { 0 };
	struct generation *g;

	refuses(h, XDP(""), "conf/a.conf:2: lan0: xdp.mode: a switch's user port runs programs in generic "
		"mode only");
	harness_file(h, "conf/a.conf", XDP("on_unsupported = \"generic\"; "));
	assert_int_equal(engine_load(h->engine, &errors, &g), 0);
	generation_free(g);
	(void)quirks_load(NULL);
}

#define BRIDGES(filtering) "interfaces = ( { name = \"br0\"; kind = \"bridge\"; },\n{ name = \"br1\"; " \
	"kind = \"bridge\"; bridge = { vlan_filtering = " filtering "; }; }, { name = \"lan0\"; master = " \
	"\"br0\"; }, { name = \"lan1\"; master = \"br1\"; } );"

static void bridges_share_addresses(void **state)
{
	struct harness *h = espressobin_begin(state);
	_cleanup_free_ char *text = warnings_of(h, BRIDGES("false")), *none = NULL;

	assert_contains(text, "conf/a.conf:2: br1: bridge.vlan_filtering: is off, as it is of br0, and lan0 "
			      "and lan1 are ports of one switch: it has one address database");
	assert_null(strchr(text, '\n'));
	none = warnings_of(h, BRIDGES("true"));
	assert_string_equal(none, "");
	(void)quirks_load(NULL);
}

/* The conduit's driver restarts it, whichever port's MTU it follows. */
static void mtu_bounces_the_conduit(void **state)
{
	struct harness *h = espressobin_begin(state);
	const char *larger = "interfaces = ( { name = \"lan0\"; mtu = 1600; }, { name = \"lan1\"; } );",
		   *smaller = "interfaces = ( { name = \"lan0\"; mtu = 1400; }, { name = \"lan1\"; } );";

	harness_must_apply(h, "interfaces = ( { name = \"lan0\"; mtu = 1500; }, { name = \"lan1\"; } );");
	assert_text(harness_plan_of(h, larger), "link         lan0: mtu: 1500 -> 1600 (bounce)\n");
	assert_text(harness_impact_of(h, larger),
		    "loses traffic: eth0 (follows lan0: the driver stops the port to make its queues anew), "
		    "lan0 (stands on eth0), lan1 (stands on eth0)\n");
	/* The largest is another's: nothing follows. */
	assert_text(harness_plan_of(h, smaller), "link         lan0: mtu: 1500 -> 1400\n");
	assert_text(harness_impact_of(h, smaller), "");
	(void)quirks_load(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HARNESS_TEST(shows_ports_and_conduit),
		HARNESS_TEST(refuses_on_conduit),
		HARNESS_TEST(conduit_stays_up_under_ports),
		HARNESS_TEST(foreign_ports_hold_the_conduit),
		HARNESS_TEST(tag_protocol_changes_with_all_down),
		HARNESS_TEST(unknown_tag_protocol_is_undone),
		HARNESS_TEST(switch_comes_late),
		HARNESS_TEST(conduit_changes_live),
		HARNESS_TEST(mtu_of_conduit_follows),
		HARNESS_TEST(port_has_one_queue),
		HARNESS_TEST(conduit_is_explained),
		HARNESS_TEST(port_has_no_native_xdp),
		HARNESS_TEST(bridges_share_addresses),
		HARNESS_TEST(mtu_bounces_the_conduit),
	};

	return harness_main("dsa", tests, ARRAY_SIZE(tests));
}
