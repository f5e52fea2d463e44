// SPDX-License-Identifier: LGPL-2.1-or-later
/* Switches: what a conduit may not have, and that it carries its ports through every change. */
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
	};

	return harness_main("dsa", tests, ARRAY_SIZE(tests));
}
