// SPDX-License-Identifier: LGPL-2.1-or-later
/* What plans do to traffic. */
#include "unit/harness.h"

#include "core/path.h"
#include "core/quirk.h"

#define I(text) "interfaces = (\n" text "\n);\n"
#define PORTS                                                                                      \
	"{ name = \"lan0\"; master = \"br0\"; port = { tagged = [ \"10-12\" ]; }; },\n"            \
	"{ name = \"lan1\"; master = \"br0\"; port = { tagged = [ 10 ]; }; },\n"
#define BRIDGE                                                                                     \
	"{ name = \"br0\"; kind = \"bridge\"; bridge = { vlan_filtering = true; default_pvid = 0; };\n" \
	"  port = { tagged = [ 10 ]; }; },\n"
#define UPPER "{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; }; },\n"
#define WAN                                                                                        \
	"{ name = \"wan\"; addresses = [ \"203.0.113.2/24\", \"203.0.113.3/24\" ];\n"              \
	"  routes = ( { to = \"default\"; via = \"203.0.113.1\"; } ); }"

static struct harness *begin(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 wan");

	harness_must_apply(h, I(PORTS BRIDGE UPPER WAN));
	return h;
}

static void nothing_lost(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 wan");

	assert_text(harness_impact_of(h, I(PORTS BRIDGE UPPER WAN)), "");
	harness_must_apply(h, I(PORTS BRIDGE UPPER WAN));
	assert_text(harness_impact_of(h, I(PORTS BRIDGE UPPER WAN)), "");
	assert_text(harness_impact_of(h, I(PORTS BRIDGE UPPER
		"{ name = \"wan\"; mtu = 1400; alias = \"x\"; addresses = [ \"203.0.113.2/24\", "
		"\"203.0.113.3/24\", \"192.0.2.1/24\" ];\n"
		"  routes = ( { to = \"default\"; via = \"203.0.113.1\"; } ); }")), "");
}

static void vlan_made_anew(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I(PORTS BRIDGE
		"{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 11; }; },\n"
		WAN)), "loses traffic: br0.10 (deleted and created again)\n");
}

static void bridge_deleted(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I("{ name = \"lan0\"; }, { name = \"lan1\"; },\n" WAN)),
		    "loses traffic: lan0 (leaves br0), lan1 (leaves br0), br0.10 (deleted), "
		    "br0 (deleted)\n");
}

/* What others put on it goes too. */
static void foreign_goes_along(void **state)
{
	struct harness *h = begin(state);

	harness_exec(h, "ip link add guest link br0 type vlan id 77");
	harness_exec(h, "ip link set guest up");
	harness_settle(h);
	assert_text(harness_impact_of(h, I("{ name = \"lan0\"; }, { name = \"lan1\"; },\n" WAN)),
		    "loses traffic: lan0 (leaves br0), lan1 (leaves br0), br0.10 (deleted), "
		    "br0 (deleted), guest (deleted with br0)\n");
}

static void goes_down(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I(PORTS
		"{ name = \"br0\"; kind = \"bridge\"; up = false; "
		"bridge = { vlan_filtering = true; default_pvid = 0; };\n"
		"  port = { tagged = [ 10 ]; }; },\n" UPPER WAN)),
		"loses traffic: br0 (goes down), lan0 (a port of br0, which goes down), "
		"lan1 (a port of br0, which goes down), br0.10 (stands on br0)\n");
}

static void memberships(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I(
		"{ name = \"lan0\"; master = \"br0\"; port = { tagged = [ 11 ]; }; },\n"
		"{ name = \"lan1\"; master = \"br0\"; port = { pvid = 0; }; },\n"
		BRIDGE UPPER WAN)),
		"loses traffic: lan0 (leaves VLAN 10, 12), lan1 (leaves its last VLAN: 10)\n");
}

static void addresses_and_routes(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I(PORTS BRIDGE UPPER
		"{ name = \"wan\"; addresses = [ \"203.0.113.2/24\" ];\n"
		"  routes = ( { to = \"default\"; via = \"203.0.113.9\"; } ); }")),
		"loses traffic: wan (loses address 203.0.113.3/24; "
		"the route default via 203.0.113.1 is replaced)\n");
}

static void becomes_a_port(void **state)
{
	struct harness *h = begin(state);

	assert_text(harness_impact_of(h, I(PORTS BRIDGE UPPER
		"{ name = \"wan\"; master = \"br0\"; }")),
		"loses traffic: wan (the route default via 203.0.113.1 is removed; "
		"loses address 203.0.113.2/24; loses address 203.0.113.3/24; "
		"becomes a port of br0)\n");
}

/* The rest is counted. */
static void many_reasons(void **state)
{
	struct harness *h = harness_begin(state, "wan");

	harness_must_apply(h, I("{ name = \"wan\"; addresses = [ \"10.0.1.1/24\", \"10.0.2.1/24\", "
				"\"10.0.3.1/24\", \"10.0.4.1/24\", \"10.0.5.1/24\", "
				"\"10.0.6.1/24\" ]; }"));
	assert_text(harness_impact_of(h, I("{ name = \"wan\"; }")),
		    "loses traffic: wan (loses address 10.0.1.1/24; loses address 10.0.2.1/24; "
		    "loses address 10.0.3.1/24; loses address 10.0.4.1/24; and 2 more)\n");
	assert_null(impact_free(NULL));
}

/* The way to @peer, and what the plan for @config does to it. */
static char *path_to(struct harness *h, const char *peer, const char *config)
{
	_cleanup_(path_done) struct path path = { 0 };
	_cleanup_(impact_freep) struct impact *m = NULL;
	_cleanup_(plan_freep) struct plan *plan = NULL;
	struct generation *g;
	struct errors e = { 0 };
	struct path_ends ends;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	harness_file(h, "conf/a.conf", config);
	assert_int_equal(engine_load(h->engine, &e, &g), 0);
	plan = engine_plan(h->engine, g);
	m = impact_new(plan, h->engine->mirror->seen);
	assert_int_equal(path_parse(peer, &ends), 0);
	path_find(&path, h->engine->mirror->seen, &ends);
	for (unsigned n = 0; n < path.n; n++)
		fprintf(out, "%s ", path.parts[n].iface->name);
	fputs(cut_name(path_cut(&path, m)), out);
	fclose(out);
	generation_free(g);
	return text;
}

#define LAN(id)                                                                                    \
	"{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = " id "; };\n"          \
	"  addresses = [ \"192.168.10.1/24\", \"2001:db8:10::1/64\" ]; },\n"
#define ALL PORTS BRIDGE LAN("10") WAN

static void path_is_found(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 wan");

	assert_text(path_to(h, "203.0.113.7", I(ALL)), "unknown");
	harness_must_apply(h, I(ALL));
	assert_text(path_to(h, "203.0.113.7", I(ALL)), "wan no");
	assert_text(path_to(h, "8.8.8.8", I(ALL)), "wan no");
	assert_text(path_to(h, "192.168.10.77", I(ALL)), "br0.10 br0 lan0 lan1 no");
	assert_text(path_to(h, "2001:db8:10::7", I(ALL)), "br0.10 br0 lan0 lan1 no");
	assert_text(path_to(h, "2001:db8:99::7", I(ALL)), "unknown");
	assert_text(path_to(h, "fe80::1%lan1", I(ALL)), "lan1 no");
	assert_text(path_to(h, "fe80::1%nope", I(ALL)), "unknown");
}

static void lowest_metric_wins(void **state)
{
	struct harness *h = harness_begin(state, "lan0 wan");
	const char *config = I(
		"{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\" ]; routes = (\n"
		"  { to = \"default\"; via = \"192.0.2.9\"; metric = 50; },\n"
		"  { to = \"10.1.0.0/16\"; via = \"192.0.2.9\"; table = 100; } ); },\n"
		"{ name = \"wan\"; addresses = [ \"203.0.113.2/24\" ]; routes = (\n"
		"  { to = \"default\"; via = \"203.0.113.1\"; metric = 100; },\n"
		"  { to = \"10.2.0.0/16\"; via = \"203.0.113.1\"; } ); }");

	harness_must_apply(h, config);
	assert_text(path_to(h, "8.8.8.8", config), "lan0 no");
	assert_text(path_to(h, "10.2.3.4", config), "wan no");
	assert_text(path_to(h, "10.1.3.4", config), "lan0 no");
}

static void path_is_cut(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 wan");

	harness_must_apply(h, I(ALL));
	assert_text(path_to(h, "192.168.10.77", I(PORTS BRIDGE LAN("11") WAN)),
		    "br0.10 br0 lan0 lan1 yes");
	assert_text(path_to(h, "203.0.113.7", I(PORTS BRIDGE LAN("11") WAN)), "wan no");
	/* Which port it is by is not known. */
	assert_text(path_to(h, "192.168.10.77", I(
		"{ name = \"lan0\"; master = \"br0\"; port = { tagged = [ \"10-12\" ]; }; },\n"
		"{ name = \"lan1\"; },\n" BRIDGE LAN("10") WAN)), "br0.10 br0 lan0 lan1 maybe");
	assert_text(path_to(h, "192.168.10.77", I("{ name = \"lan0\"; }, { name = \"lan1\"; },\n"
		BRIDGE LAN("10") WAN)), "br0.10 br0 lan0 lan1 yes");
	assert_text(path_to(h, "203.0.113.7", I(PORTS BRIDGE LAN("10")
		"{ name = \"wan\"; up = false; }")), "wan yes");
	assert_text(path_to(h, "203.0.113.7", I(PORTS BRIDGE LAN("10")
		"{ name = \"wan\"; addresses = [ \"203.0.113.3/24\" ]; }")), "wan maybe");
}

/* Whatever the way: the address that the other end talks to must stay. */
static void own_address_counts(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 wan");

	harness_must_apply(h, I(ALL));
	assert_text(path_to(h, "203.0.113.7 203.0.113.2", I(ALL)), "wan no");
	assert_text(path_to(h, "203.0.113.7 192.168.10.1", I(ALL)), "wan br0.10 no");
	assert_text(path_to(h, "203.0.113.7 192.168.10.1", I(PORTS BRIDGE LAN("11") WAN)),
		    "wan br0.10 yes");
	assert_text(path_to(h, "203.0.113.7 192.168.10.1", I(PORTS BRIDGE
		"{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; }; },\n" WAN)),
		    "wan br0.10 maybe");
	/* Down, it has its IPv4 address still, but none of IPv6. */
	assert_text(path_to(h, "203.0.113.7 192.168.10.1", I(PORTS BRIDGE
		"{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; }; up = false;\n"
		"  addresses = [ \"192.168.10.1/24\", \"2001:db8:10::1/64\" ]; },\n" WAN)), "wan br0.10 no");
	/* No route leads there: then by the interface that has the address. */
	assert_text(path_to(h, "2001:db8:99::7 2001:db8:10::1", I(ALL)), "br0.10 br0 lan0 lan1 no");
	assert_text(path_to(h, "2001:db8:99::7 2001:db8:10::1", I(PORTS BRIDGE
		"{ name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; }; up = false;\n"
		"  addresses = [ \"192.168.10.1/24\", \"2001:db8:10::1/64\" ]; },\n" WAN)),
		    "br0.10 br0 lan0 lan1 yes");
}

/* Of which no message tells: it is looked at once, and stays. */
static void driver_is_shown(void **state)
{
	struct harness *h = *state;
	const char *driver = "mvneta";

	harness_need_fake(h);
	harness_nic(h, "eth0");
	harness_nic(h, "eth1");
	fake_driver(h->fake, "eth0", driver);
	harness_start(h);
	harness_must_apply(h, I("{ name = \"eth0\"; mtu = 1400; }"));
	assert_string_equal(iface_link(model_find(h->engine->mirror->seen, "eth0"))->driver, driver);
	assert_null(iface_link(model_find(h->engine->mirror->seen, "eth1"))->driver);
}

#define UPPER_VLAN "{ name = \"eth0.5\"; kind = \"vlan\"; vlan = { link = \"eth0\"; id = 5; }; }"

/* The file that is installed. */
static void driver_restarts(void **state)
{
	struct harness *h = *state;
	const char *config = I("{ name = \"eth0\"; mtu = 1600; }," UPPER_VLAN);

	harness_need_fake(h);
	assert_int_equal(quirks_load(TEST_TOP "/data/quirks"), 0);
	harness_nic(h, "eth0");
	fake_driver(h->fake, "eth0", "mvneta");
	harness_start(h);
	assert_text(harness_impact_of(h, config), ""); /* it is down */
	harness_must_apply(h, I("{ name = \"eth0\"; mtu = 1500; }," UPPER_VLAN));
	assert_text(harness_plan_of(h, config), "link         eth0: mtu: 1500 -> 1600 (bounce)\n");
	assert_text(harness_impact_of(h, config),
		    "loses traffic: eth0 (the driver stops the port to make its queues anew), "
		    "eth0.5 (stands on eth0)\n");
	assert_int_equal(quirks_load(NULL), 0);
	assert_text(harness_plan_of(h, config), "link         eth0: mtu: 1500 -> 1600\n");
}

/* mvneta_xdp_setup() */
static void driver_restarts_for_the_first_program(void **state)
{
	struct harness *h = *state;

	harness_need_fake(h);
	assert_int_equal(quirks_load(TEST_TOP "/data/quirks"), 0);
	harness_nic(h, "eth0");
	fake_driver(h->fake, "eth0", "mvneta");
	harness_start(h);
	harness_must_apply(h, I("{ name = \"eth0\"; }"));
	assert_text(harness_plan_of(h, I("{ name = \"eth0\"; xdp = { program = \"stats\"; }; }")),
		    "xdp          eth0: xdp.program: - -> stats (bounce)\n");
	assert_text(harness_impact_of(h, I("{ name = \"eth0\"; xdp = { program = \"stats\"; }; }")),
		    "loses traffic: eth0 (the driver restarts the port for the first program and after "
		    "the last)\n");
	harness_must_apply(h, I("{ name = \"eth0\"; xdp = { program = \"stats\"; }; }"));
	assert_text(harness_impact_of(h, I("{ name = \"eth0\"; xdp = { program = \"sample\"; }; }")), "");
	assert_int_equal(quirks_load(NULL), 0);
}

/* One program in the place of another is no restart. */
static struct iface *device(struct link *l)
{
	struct iface *i = mem_new(sizeof(*i) + n_features * sizeof(void *));

	memset(i, 0, sizeof(*i) + n_features * sizeof(void *));
	i->part[FEATURE_LINK] = l;
	return i;
}

static void only_where_it_appears(void **state _unused_)
{
	const struct feature *link = features[FEATURE_LINK];
	const struct row *alias = row_find(link, "alias"), *mtu = row_find(link, "mtu");
	struct link a = { .alias = (char *)"a" }, b = { .alias = (char *)"b" }, none = { 0 };
	struct link of_d = { .driver = (char *)"d" }, of_e = { .driver = (char *)"e" }, of_none = { 0 };
	struct iface *i = device(&of_d), *e = device(&of_e), *nobody = device(&of_none);

	harness_file(*state, "quirks", "quirks = ( { driver = \"d\"; key = \"alias\"; "
		"only = \"appears\"; effect = \"bounce\"; why = \"so\"; source = \"here\"; } );");
	assert_int_equal(quirks_load("quirks"), 0);
	a.o.present = b.o.present = none.o.present = row_bit(link, alias);
	assert_non_null(quirk_find(i, NULL, link, alias, &a.o, &none.o));
	assert_non_null(quirk_find(i, NULL, link, alias, &none.o, &a.o));
	assert_null(quirk_find(i, NULL, link, alias, &a.o, &b.o));
	assert_null(quirk_find(e, NULL, link, alias, &a.o, &none.o));
	assert_null(quirk_find(nobody, NULL, link, alias, &a.o, &none.o));
	assert_null(quirk_find(i, NULL, link, mtu, &a.o, &none.o));
	quirks_load(NULL);
	free(i);
	free(e);
	free(nobody);
}

static void bad_tables(void **state)
{
	static const char *const texts[] = {
		"quirks = (", "quirks = ( { driver = \"d\"; } );",
		"quirks = ( { driver = \"d\"; key = \"mtu\"; effect = \"explode\"; why = \"\"; "
		"source = \"\"; } );",
		"quirks = ( { driver = \"d\"; key = \"mtu\"; effect = \"bounce\"; why = \"\"; "
		"source = \"\"; only = \"never\"; } );",
		"@include \"conf\"\n", /* a folder, for which libconfig 1.5 ends the process */
		"@include \"nothing\"\n",
	};

	harness_file(*state, "conf/a.conf", "");

	for (unsigned n = 0; n < ARRAY_SIZE(texts); n++) {
		harness_file(*state, "quirks", texts[n]);
		assert_int_equal(quirks_load("quirks"), -EINVAL);
	}
	assert_int_equal(quirks_load("nothing"), -EINVAL);
}

static void table_of_several_files(void **state)
{
	harness_file(*state, "more/quirks", "quirks = ( { driver = \"d\"; key = \"alias\"; "
		     "effect = \"limit\"; why = \"so\"; source = \"here\"; } );\n");
	harness_file(*state, "quirks", "@include \"more/quirks\"\n");
	assert_int_equal(quirks_load("quirks"), 0);
	assert_int_equal(quirks_load(NULL), 0);
}

static void no_address(void **state _unused_)
{
	struct path_ends ends;

	assert_int_equal(path_parse("host", &ends), -EINVAL);
	assert_int_equal(path_parse("", &ends), -EINVAL);
	assert_int_equal(path_parse("10.0.0.0/8", &ends), -EINVAL);
	assert_int_equal(path_parse("fe80::1%", &ends), -EINVAL);
	assert_int_equal(path_parse("fe80::1%abcdefghijklmnop", &ends), -EINVAL);
	assert_int_equal(path_parse("10.0.0.1 host", &ends), -EINVAL);
	assert_int_equal(path_parse("10.0.0.1 ", &ends), -EINVAL);
	assert_int_equal(path_parse("10.0.0.1 10.0.0.2 10.0.0.3", &ends), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(nothing_lost),
		HARNESS_TEST(vlan_made_anew),
		HARNESS_TEST(bridge_deleted),
		HARNESS_TEST(foreign_goes_along),
		HARNESS_TEST(goes_down),
		HARNESS_TEST(memberships),
		HARNESS_TEST(addresses_and_routes),
		HARNESS_TEST(becomes_a_port),
		HARNESS_TEST(many_reasons),
		HARNESS_TEST(path_is_found),
		HARNESS_TEST(lowest_metric_wins),
		HARNESS_TEST(path_is_cut),
		HARNESS_TEST(own_address_counts),
		HARNESS_TEST(driver_is_shown),
		HARNESS_TEST(driver_restarts),
		HARNESS_TEST(driver_restarts_for_the_first_program),
		HARNESS_TEST(only_where_it_appears),
		HARNESS_TEST(bad_tables),
		HARNESS_TEST(table_of_several_files),
		HARNESS_TEST(no_address),
	};

	return harness_main("impact", tests, ARRAY_SIZE(tests));
}
