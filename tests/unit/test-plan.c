// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Plans: the order of their steps, what happens to an interface as a whole,
 * and that planning only looks. On the fake kernel, before anything is done.
 */
#include "unit/harness.h"

#include <stdio.h>

#define I(text) "interfaces = (\n" text "\n);\n"
#define SWITCH                                                                                     \
	"  { name = \"br0\"; kind = \"bridge\"; bridge = { default_pvid = 0; };\n"                 \
	"    port = { tagged = [ 10 ]; }; },\n"                                                    \
	"  { name = \"lan0\"; master = \"br0\"; port = { pvid = 10; untagged = [ 10 ]; }; },\n"    \
	"  { name = \"br0.10\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 10; };\n"           \
	"    addresses = [ \"192.0.2.1/24\" ];\n"                                                  \
	"    routes = ( { to = \"10.0.0.0/8\"; via = \"192.0.2.2\"; } ); }"

/* The lines stand in this order (each once); NULL ends. */
static void expect_order(const char *plan, ...)
{
	const char *at = plan, *line, *found;
	va_list ap;

	va_start(ap, plan);
	while ((line = va_arg(ap, const char *))) {
		found = strstr(at, line);
		if (!found)
			fail_msg("\"%s\" is not there, or too early, in\n%s", line, plan);
		at = found + strlen(line);
	}
	va_end(ap);
}

static void phases(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = harness_plan_of(h, I(SWITCH));

	expect_order(plan, "create       br0: kind", "create       br0.10: kind",
		     "attach       lan0: master", "l2           br0: port.pvid",
		     "l2           lan0: port.pvid", "address      br0.10: addresses",
		     "up           br0: up", "up           lan0: up", "up           br0.10: up",
		     "route        br0.10: routes", NULL);
}

/* Taken down from the top, and nothing forwards in a VLAN that is about to go. */
static void removal(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;

	harness_must_apply(h, I(SWITCH));
	plan = harness_plan_of(h, "interfaces = ();\n");
	expect_order(plan, "down         lan0: up: true -> false",
		     "detach       lan0: master: br0 -> none", "delete       br0.10: kind: vlan -> -",
		     "delete       br0: kind: bridge -> -", NULL);
	assert_lacks(plan, "create ");
}

static void same_plan_for_any_order(void **state)
{
	struct harness *h = harness_begin(state, "port2 port1 port3");
	_cleanup_free_ char *one = NULL, *two = NULL;

	one = harness_plan_of(h, I("{ name = \"port1\"; mtu = 1400; }, { name = \"port2\"; mtu = 1400; },\n"
				   "{ name = \"port3\"; mtu = 1400; alias = \"x\"; }"));
	two = harness_plan_of(h, I("{ name = \"port3\"; alias = \"x\"; mtu = 1400; },\n"
				   "{ name = \"port2\"; mtu = 1400; }, { name = \"port1\"; mtu = 1400; }"));
	assert_string_equal(one, two);
	expect_order(one, "port1: mtu", "port2: mtu", "port3: mtu", "port1: up", "port2: up", "port3: up", NULL);
}

static void planning_changes_nothing(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *before = harness_export(h), *one = NULL;

	one = harness_plan_of(h, I(SWITCH));
	assert_text(harness_plan_of(h, I(SWITCH)), one);
	assert_text(harness_export(h), before);
	assert_int_equal(harness_requests(h), 0);
}

static void recreated_with_what_stands_on_it(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");
	static const char config[] =
		"interfaces = (\n"
		"  { name = \"lan0\"; }, { name = \"lan1\"; },\n"
		"  { name = \"svc\"; kind = \"vlan\"; vlan = { link = \"%s\"; id = %u; }; },\n"
		"  { name = \"cust\"; kind = \"vlan\"; vlan = { link = \"svc\"; id = 5; };\n"
		"    addresses = [ \"192.0.2.1/24\" ]; }\n"
		");\n";
	_cleanup_free_ char *plan = NULL;
	char text[512];

	snprintf(text, sizeof(text), config, "lan0", 7);
	harness_must_apply(h, text);
	snprintf(text, sizeof(text), config, "lan0", 8);
	plan = harness_plan_of(h, text);
	expect_order(plan, "delete       cust: kind: vlan -> - (recreate)",
		     "delete       svc: kind: vlan -> - (recreate)", "create       svc: kind: - -> vlan",
		     "create       cust: kind: - -> vlan", "cust: addresses: - -> 192.0.2.1/24",
		     "up           svc: up", "up           cust: up", NULL);
	free(TAKE_PTR(plan));
	snprintf(text, sizeof(text), config, "lan1", 7);
	plan = harness_plan_of(h, text);
	expect_order(plan, "delete       cust", "delete       svc", "create       svc",
		     "vlan.link: - -> lan1", "create       cust", NULL);
}

static void kind_changes(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;

	harness_must_apply(h, I("{ name = \"x\"; kind = \"bridge\"; }, { name = \"lan0\"; master = \"x\"; }"));
	plan = harness_plan_of(h, I("{ name = \"x\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; },\n"
				    "{ name = \"lan0\"; }"));
	expect_order(plan, "detach       lan0: master: x -> none",
		     "delete       x: kind: bridge -> - (recreate)", "create       x: kind: - -> vlan",
		     "up           x: up", NULL);
	harness_must_apply(h, I("{ name = \"x\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; },\n"
				"{ name = \"lan0\"; }"));
}

/* A port joins a bridge that has a default PVID: only with its link down. */
static void bounces_to_join(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;
	static const char with_default[] = I("{ name = \"br0\"; kind = \"bridge\"; },\n"
					     "{ name = \"lan0\"; master = \"br0\";\n"
					     "  port = { pvid = 10; untagged = [ 10 ]; }; }");

	harness_exec(h, "ip link set lan0 up");
	harness_settle(h);
	plan = harness_plan_of(h, with_default);
	expect_order(plan, "down         lan0: up: true -> false (bounce)",
		     "attach       lan0: master: none -> br0 (bounce)",
		     "l2           lan0: port.pvid: - -> 10",
		     "up           lan0: up: false -> true (bounce)", NULL);
	free(TAKE_PTR(plan));
	plan = harness_plan_of(h, I(SWITCH)); /* without a default there is no need */
	assert_lacks(plan, "bounce");
	harness_must_apply(h, with_default);
}

static void waits_and_absent(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *plan = NULL;

	plan = harness_plan_of(h, I("{ name = \"wan\"; mtu = 1400; },\n"
				    "{ name = \"wan.7\"; kind = \"vlan\"; vlan = { link = \"wan\"; id = 7; }; },\n"
				    "{ name = \"wan.7.5\"; kind = \"vlan\"; vlan = { link = \"wan.7\"; id = 5; }; },\n"
				    "{ name = \"lan0\"; mtu = 1400; }"));
	assert_string_equal(plan, "link         lan0: mtu: 1500 -> 1400\n"
				  "up           lan0: up: false -> true\n");
}

/* The master is not there and nobody will make it: everything but the joining is done. */
static void waits_for_a_master(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct errors e = { 0 };

	harness_exec(h, "ip link add theirs type bridge");
	harness_settle(h);
	harness_must_apply(h, I("{ name = \"lan0\"; master = \"theirs\"; mtu = 1400; port = { isolated = true; }; }"));
	assert_string_equal(harness_state(h, "lan0"), "ok");
	harness_exec(h, "ip link del theirs");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "waiting");
	assert_string_equal(harness_reason(h, "lan0"), "waits for theirs");
	harness_exec(h, "ip link add theirs type bridge");
	harness_settle(h);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	errors_done(&e);
}

static void only_what_differs(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, I(SWITCH));
	assert_text(harness_plan_of(h, I(SWITCH ", { name = \"new\"; kind = \"bridge\"; }")),
		    "create       new: kind: - -> bridge\n"
		    "up           new: up: - -> true\n");
}

static void reset_to_what_was(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	_cleanup_free_ char *some = NULL, *all = NULL;

	harness_exec(h, "ip link set lan0 mtu 1450");
	harness_exec(h, "ip link set lan0 up");
	harness_settle(h);
	harness_must_apply(h, I("{ name = \"lan0\"; mtu = 1400; alias = \"x\"; ipv4 = { forwarding = true; }; }"));
	some = harness_plan_of(h, I("{ name = \"lan0\"; ipv4 = { forwarding = true; }; }"));
	expect_order(some, "lan0: mtu: 1400 -> 1450", "lan0: alias: x -> none", NULL);
	assert_lacks(some, "forwarding");
	all = harness_plan_of(h, "interfaces = ();\n");
	expect_order(all, "lan0: mtu: 1400 -> 1450", "lan0: alias: x -> none",
		     "lan0: ipv4.forwarding: true -> false", NULL);
	assert_lacks(all, "up: "); /* it was up before */
}

/* The record's value counts, not the one that drifted in between. */
static void reset_after_drift(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, "daemon = { on_drift = \"report\"; };\n" I("{ name = \"lan0\"; mtu = 1400; }"));
	harness_exec(h, "ip link set lan0 mtu 1300");
	harness_settle(h);
	assert_text(harness_plan_of(h, I("{ name = \"lan0\"; }")),
		    "link         lan0: mtu: 1300 -> 1500\n");
}

static void list_entries(void **state)
{
	struct harness *h = harness_begin(state, "lan0");

	harness_must_apply(h, I("{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\", \"2001:db8::1/64\" ];\n"
				"  routes = ( { to = \"10.0.0.0/8\"; via = \"192.0.2.2\"; } ); }"));
	assert_text(harness_plan_of(h, I("{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\", \"192.0.2.9/24\" ];\n"
					 "  routes = ( { to = \"10.0.0.0/8\"; via = \"192.0.2.3\"; } ); }")),
		    "drop-address lan0: addresses: 2001:db8::1/64 -> -\n"
		    "address      lan0: addresses: - -> 192.0.2.9/24\n"
		    "route        lan0: routes: 10.0.0.0/8 via 192.0.2.2 -> 10.0.0.0/8 via 192.0.2.3\n");
	/* Routes go before the addresses that they need. */
	assert_text(harness_plan_of(h, I("{ name = \"lan0\"; }")),
		    "drop-route   lan0: routes: 10.0.0.0/8 via 192.0.2.2 -> -\n"
		    "drop-address lan0: addresses: 192.0.2.1/24 -> -\n"
		    "drop-address lan0: addresses: 2001:db8::1/64 -> -\n");
}

/*
 * A bridge that was given no address has the lowest of its ports': it shall not have another
 * when such a port joins or leaves (br_stp_recalculate_bridge_id()).
 */
#define BRIDGE(ports) I("{ name = \"br0\"; kind = \"bridge\"; }" ports)
#define PORT(name) ", { name = \"" name "\"; master = \"br0\"; }"

/* Does br0 keep its address in the plan for @config, before @then? */
static void expect_kept(struct harness *h, const char *config, bool kept, const char *then)
{
	_cleanup_free_ char *plan = harness_plan_of(h, config);

	if (kept)
		expect_order(plan, "detach       br0: address: kept -> 02:00:00:00:00:05\n", then, NULL);
	else
		assert_lacks(plan, "address");
}

static void bridge_keeps_its_address(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1 lan2");
	_cleanup_free_ char *impact = NULL;

	harness_exec(h, "ip link set lan0 address 02:00:00:00:00:05");
	harness_exec(h, "ip link set lan1 address 02:00:00:00:00:03");
	harness_exec(h, "ip link set lan2 address 02:00:00:00:00:07");
	harness_settle(h);
	harness_must_apply(h, BRIDGE(PORT("lan0")));
	/* What has a higher one changes nothing; and without ports there is none, as before. */
	expect_kept(h, BRIDGE(PORT("lan0") PORT("lan2")), false, NULL);
	expect_kept(h, BRIDGE(""), false, NULL);
	expect_kept(h, BRIDGE(PORT("lan2")), true, "detach       lan0: master");
	/* Of what is to be made nobody knows which it will have. */
	expect_kept(h, BRIDGE(PORT("lan0") ", { name = \"d0\"; kind = \"dummy\"; master = \"br0\"; }"),
		    true, "attach       d0: master");
	expect_kept(h, BRIDGE(PORT("lan0") PORT("lan1")), true, "attach       lan1: master");
	impact = harness_impact_of(h, BRIDGE(PORT("lan0") PORT("lan1")));
	assert_lacks(impact, "br0");
	harness_must_apply(h, BRIDGE(PORT("lan0") PORT("lan1")));
	expect_settled(h);
	/* It is its own now, whoever leaves. */
	expect_kept(h, BRIDGE(PORT("lan1")), false, NULL);
	harness_must_apply(h, BRIDGE(PORT("lan1")));
	expect_has(h, "br0", "02:00:00:00:00:05");
	harness_must_apply(h, "interfaces = ();\n");
}

/* Of a bridge of others, or where the configuration says which. */
static void address_is_not_kept(void **state)
{
	struct harness *h = harness_begin(state, "lan0 lan1");

	harness_exec(h, "ip link set lan0 address 02:00:00:00:00:05");
	harness_exec(h, "ip link set lan1 address 02:00:00:00:00:03");
	harness_exec(h, "ip link add br0 type bridge");
	harness_exec(h, "ip link set lan0 master br0");
	harness_settle(h);
	expect_kept(h, I("{ name = \"lan1\"; master = \"br0\"; }"), false, NULL);
	harness_exec(h, "ip link del br0");
	harness_settle(h);
	harness_must_apply(h, BRIDGE(PORT("lan0")));
	expect_kept(h, I("{ name = \"br0\"; kind = \"bridge\"; \n"
			 "address = \"02:00:00:00:00:05\"; }" PORT("lan0") PORT("lan1")), false, NULL);
}

struct lines {
	unsigned n;
	char *first;
};

static void take_line(void *data, const struct plan_line *l)
{
	struct lines *lines = data;

	if (!lines->n++)
		lines->first = str_format("%s|%s|%s|%s|%s|%s|%s", l->phase, l->object, l->key, l->from,
					  l->to, l->effect, verb_name(l->step->verb));
}

static void steps_as_lines(void **state)
{
	struct harness *h = harness_begin(state, "lan0");
	struct errors e = { 0 };
	struct lines lines = { 0 };
	struct generation *g;
	struct plan *plan;

	harness_file(h, "conf/a.conf", "\n\n" I("{ name = \"lan0\";\n   mtu = 1400; }"));
	assert_int_equal(engine_load(h->engine, &e, &g), 0);
	plan = engine_plan(h->engine, g);
	assert_int_equal(plan->n, 2);
	plan_lines(&plan->steps[0], take_line, &lines);
	assert_int_equal(lines.n, 1);
	assert_text(lines.first, "link|lan0|mtu|1500|1400|live|set");
	assert_text(step_what(&plan->steps[0]), "lan0: mtu: 1500 -> 1400");
	assert_string_equal(step_where(&plan->steps[0])->file, "conf/a.conf");
	assert_int_equal(step_where(&plan->steps[0])->line, 5);
	assert_int_equal(step_where(&plan->steps[1])->line, 4); /* up, which nobody wrote */
	plan_free(plan);
	generation_free(g);
	assert_null(plan_free(NULL));
}

/* Half a machine is nothing to plan with. */
static void no_plan_while_reading(void **state)
{
	struct harness *h = *state;
	struct generation *g = NULL;
	struct errors e = { 0 };

	harness_need_fake(h);
	harness_start(h);
	harness_file(h, "conf/a.conf", "interfaces = ();\n");
	assert_int_equal(engine_load(h->engine, &e, &g), 0);
	mirror_sync(h->engine->mirror, true);
	assert_null(engine_plan(h->engine, g));
	harness_settle(h);
	assert_text(harness_plan_of(h, "interfaces = ();\n"), "");
	generation_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(phases),
		HARNESS_TEST(removal),
		HARNESS_TEST(same_plan_for_any_order),
		HARNESS_TEST(planning_changes_nothing),
		HARNESS_TEST(recreated_with_what_stands_on_it),
		HARNESS_TEST(kind_changes),
		HARNESS_TEST(bounces_to_join),
		HARNESS_TEST(waits_and_absent),
		HARNESS_TEST(waits_for_a_master),
		HARNESS_TEST(only_what_differs),
		HARNESS_TEST(reset_to_what_was),
		HARNESS_TEST(reset_after_drift),
		HARNESS_TEST(list_entries),
		HARNESS_TEST(bridge_keeps_its_address),
		HARNESS_TEST(address_is_not_kept),
		HARNESS_TEST(steps_as_lines),
		HARNESS_TEST(no_plan_while_reading),
	};

	return harness_main("plan", tests, ARRAY_SIZE(tests));
}
