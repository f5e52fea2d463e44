// SPDX-License-Identifier: LGPL-2.1-or-later
/* The engine on a machine: apply, restart, drift, hot-plug, and everything that can fail. */
#include "unit/harness.h"

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

static void expect_empty_plan(struct harness *h)
{
	assert_text(harness_plan(h), "");
}

static void applies(void **state)
{
	struct harness *h = start(state, "lan0 lan1");
	uint64_t before;

	harness_must_apply(h, switch_config);
	assert_true(h->steps > 5);
	assert_int_equal(engine_state(h->engine), ENGINE_STEADY);
	assert_string_equal(harness_state(h, "lan0"), "ok");
	expect_empty_plan(h);
	before = harness_requests(h);
	harness_must_apply(h, switch_config);
	assert_int_equal(harness_requests(h), before);
	assert_int_equal(h->steps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(applies),
	};

	return harness_main("engine", tests, ARRAY_SIZE(tests));
}
