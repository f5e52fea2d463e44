// SPDX-License-Identifier: LGPL-2.1-or-later
/* Configurations: everything that is refused, in the exact words; and what merges how. */
#include "unit/harness.h"

#include <stdio.h>

#include "core/source.h"

static const char *const present_names[] = { "lan0", "lan1", "wan", NULL };

static bool is_present(void *data, const char *name)
{
	for (const char *const *n = data; *n; n++)
		if (!strcmp(*n, name))
			return true;
	return false;
}

/* All errors, or (behind "ok\n") the interfaces as a configuration. */
static char *load_paths(const char *const *folders, unsigned n)
{
	struct config_paths paths = {
		.paths = folders, .n = n, .present = is_present, .data = (void *)present_names,
	};
	struct errors e = { 0 };
	struct generation *g = NULL;
	char *result;

	if (config_load(&paths, &e, &g) < 0) {
		assert_true(e.n > 0);
		result = errors_text(&e);
	} else {
		_cleanup_free_ char *text = model_export(g->want, false);

		assert_int_equal(e.n, 0);
		result = str_format("ok\n%s", text);
		generation_free(g);
	}
	errors_done(&e);
	return result;
}

static char *load(struct harness *h, const char *text)
{
	static const char *const conf[] = { "conf" };

	harness_file(h, "conf/a.conf", text);
	return load_paths(conf, 1);
}

struct wrong {
	const char *text, *errors;
};

static void refuse(struct harness *h, const struct wrong *wrong, unsigned n)
{
	unsigned failures = 0;

	for (unsigned i = 0; i < n; i++) {
		_cleanup_free_ char *got = load(h, wrong[i].text);

		if (!strcmp(got, wrong[i].errors))
			continue;
		print_error("%s\ngot:\n%s\nwant:\n%s\n\n", wrong[i].text, got, wrong[i].errors);
		failures++;
	}
	assert_int_equal(failures, 0);
}

#define I(text) "interfaces = (\n" text "\n);\n"
#define BR0 "{ name = \"br0\"; kind = \"bridge\"; },\n"

static void refuses_what_is_no_configuration(void **state)
{
	static const struct wrong wrong[] = {
		{ "interfaces = (\n", "conf/a.conf:2: syntax error" },
		{ "interfaces = ( { name = \"lan0\" mtu = 5 } );\n{", "conf/a.conf:2: syntax error" },
		{ "interfces = ();\n",
		  "conf/a.conf:1: interfces: unknown key (did you mean \"interfaces\"?)" },
		{ "\nzzz = 1;\n", "conf/a.conf:2: zzz: unknown key (interfaces, daemon)" },
		{ "interfaces = 1;\n",
		  "conf/a.conf:1: interfaces: must be a list of groups: ( { name = … }, … )" },
		{ "interfaces = [ 1 ];\n",
		  "conf/a.conf:1: interfaces: must be a list of groups: ( { name = … }, … )" },
		{ "interfaces = ( 1 );\n",
		  "conf/a.conf:1: interfaces: every entry must be a group { … }" },
		{ "interfaces = ( { mtu = 5; } );\n",
		  "conf/a.conf:1: interfaces: an entry needs a name (name = \"lan0\")" },
		{ "interfaces = ( { name = 5; } );\n",
		  "conf/a.conf:1: interfaces: an entry needs a name (name = \"lan0\")" },
		{ I("{ name = \"a/b\"; }"),
		  "conf/a.conf:2: interfaces: \"a/b\" is no name of an interface (1 to 15 bytes, no "
		  "space, '/', ':' or '%')" },
		{ "daemon = 1;\n", "conf/a.conf:1: daemon: must be a group { … }" },
		{ "daemon = { on_drift = \"ignore\"; };\n",
		  "conf/a.conf:1: daemon.on_drift: unknown word \"ignore\" (one of \"repair\", "
		  "\"report\")" },
		{ "daemon = { ondrift = \"report\"; };\n",
		  "conf/a.conf:1: daemon.ondrift: unknown key (did you mean \"on_drift\"?)" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

#define BARE(text) "conf/a.conf:2: syntax error (in quotes, unless it is a number, true or false: " \
	"\"" text "\")"

static void says_where_quotes_are_missing(void **state)
{
	static const struct wrong wrong[] = {
		{ I("{ name = lan0; mtu = 1400; }"), BARE("lan0") },
		{ I("{ name = \"a = b\"; up = yes; }"), BARE("yes") },
		{ I("{ name = \"lan0\"; addresses = [ 192.0.2.1/24 ]; }"), BARE("192.0.2.1/24") },
		{ I("{ name = \"lan0\"; address = 02:00:00:00:00:01; }"), BARE("02:00:00:00:00:01") },
		{ I("{ name = \"lan0\"; port = { tagged = [ 10, x ]; }; }"), BARE("x") },
		/* Something else is missing. */
		{ I("{ name = \"lan0\"; up = true; mtu 1400; }"), "conf/a.conf:2: syntax error" },
		{ I("{ name = \"lan0\"; mtu = 1400L; up = True true; } # = x"), "conf/a.conf:2: syntax error" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

static void refuses_keys(void **state)
{
	static const struct wrong wrong[] = {
		{ I("{ name = \"br0\"; kind = \"bridge\";\n"
		    "  bridge = { vlan_fitering = true; }; }"),
		  "conf/a.conf:3: br0: bridge.vlan_fitering: unknown key (did you mean "
		  "\"vlan_filtering\"?)" },
		{ I("{ name = \"br0\"; kind = \"bridge\"; bridge = { group_fwd_mask = 9; }; }"),
		  "conf/a.conf:2: br0: bridge.group_fwd_mask: 9 has bits of 7 (01:80:c2:00:00:00 to 02), "
		  "which no bridge forwards" },
		{ I("{ name = \"lan0\"; mttu = 5; }"),
		  "conf/a.conf:2: lan0: mttu: unknown key (did you mean \"mtu\"?)" },
		{ I("{ name = \"lan0\"; routes = ( { to = \"default\"; table = \"main\"; },\n"
		    "{ to = \"default\"; table = \"mian\"; } ); }"),
		  "conf/a.conf:3: lan0: routes.table: no number has the name \"mian\"" },
		{ I("{ name = \"lan0\"; ethernet = { features = { tso = true; }; }; }"),
		  "conf/a.conf:2: lan0: ethernet.features.tso: unknown key (did you mean "
		  "\"tx-tcp-segmentation\"?)" },
		{ I("{ name = \"lan0\"; frobnicate = 5; }"),
		  "conf/a.conf:2: lan0: frobnicate: unknown key" },
		{ I("{ name = \"lan0\"; brdge = { }; }"),
		  "conf/a.conf:2: lan0: brdge: unknown key (did you mean \"bridge\"?)" },
		{ I("{ name = \"lan0\"; carrier = true; }"),
		  "conf/a.conf:2: lan0: carrier: is the kernel's to say and cannot be set" },
		{ I("{ name = \"lan0\"; mtu = 1400; mtu = 1500; }"),
		  "conf/a.conf:2: duplicate setting name" },
		{ I("{ name = \"lan0\"; link = { mtu = 5; }; }"),
		  "conf/a.conf:2: lan0: link: unknown key (did you mean \"kind\"?)" },
		{ I("{ name = \"lan0\"; bridge = 1; }"),
		  "conf/a.conf:2: lan0: bridge: must be a group { … }" },
		{ I("{ name = \"lan0\"; addresses = \"192.0.2.1/24\"; }"),
		  "conf/a.conf:2: lan0: addresses: must be a list: [ … ] or ( … )" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

static void refuses_values(void **state)
{
	static const struct wrong wrong[] = {
		{ I("{ name = \"lan0\"; mtu = \"big\"; }"),
		  "conf/a.conf:2: lan0: mtu: must be a whole number" },
		{ I("{ name = \"lan0\"; mtu = 5; }"),
		  "conf/a.conf:2: lan0: mtu: 5 is out of range (68 to 65536)" },
		{ I("{ name = \"lan0\"; mtu = 4294968796; }"),
		  "conf/a.conf:2: lan0: mtu: 4294968796 is out of range (68 to 65536)" },
		{ I("{ name = \"lan0\"; mtu = 18446744073709553116; }"),
		  "conf/a.conf:2: number does not fit in 64 bits" },
		{ I("{ name = \"lan0\"; up = 1; }"),
		  "conf/a.conf:2: lan0: up: must be true or false" },
		{ I("{ name = \"v\"; kind = \"vlan\";\n vlan = { link = \"lan0\"; id = 5000; }; }"),
		  "conf/a.conf:3: v: vlan.id: 5000 is out of range (1 to 4094)" },
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\"; port = { tagged = [ 5000 ]; }; }"),
		  "conf/a.conf:3: lan0: port.tagged: VLAN 5000 is out of range (1 to 4094)" },
		{ I("{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\",\n \"192.0.2.300/24\" ]; }"),
		  "conf/a.conf:3: lan0: addresses: \"192.0.2.300/24\" is not an IP address with a "
		  "prefix length" },
		{ I("{ name = \"lan0\"; routes = ( { via = \"192.0.2.1\"; } ); }"),
		  "conf/a.conf:2: lan0: routes: an entry needs \"to\"" },
		{ I("{ name = \"lan0\"; routes = ( \"default\" ); }"),
		  "conf/a.conf:2: lan0: routes: every entry must be a group { … }" },
		{ I("{ name = \"lan0\"; routes = ( { to = \"192.0.2.1/24\"; } ); }"),
		  "conf/a.conf:2: lan0: routes.to: \"192.0.2.1/24\" has bits behind its prefix "
		  "length" },
		{ I("{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\", \"192.0.2.1/24\" ]; }"),
		  "conf/a.conf:2: lan0: addresses: the same entry twice" },
		{ I("{ name = \"lan0\"; port = { tagged = [ \"10-20\", \"15\" ]; }; }"),
		  "conf/a.conf:2: lan0: port.tagged: VLAN 15 is listed twice" },
		/* What another file says wins; what the same one says twice is a slip. */
		{ I("{ name = \"lan0\"; mtu = 1400; },\n{ name = \"lan0\"; mtu = 1300; }"),
		  "conf/a.conf:3: lan0: mtu: is set already, in line 2" },
		{ I("{ name = \"lan0\"; addresses = [ \"192.0.2.1/24\" ]; },\n"
		    "{ name = \"lan0\"; mtu = 1300; addresses = [ \"192.0.2.2/24\" ]; }"),
		  "conf/a.conf:3: lan0: addresses: is set already, in line 2" },
		{ I("{ name = \"lan0\"; ipv4 = { forwarding = true; }; },\n"
		    "{ name = \"lan0\"; ipv4 = { forwarding = false; }; }"),
		  "conf/a.conf:3: lan0: ipv4.forwarding: is set already, in line 2" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

static void refuses_references(void **state)
{
	static const struct wrong wrong[] = {
		{ I("{ name = \"v\"; kind = \"vlan\"; vlan = { link = \"none\"; id = 5; }; }"),
		  "conf/a.conf:2: v: vlan.link: no interface \"none\": neither configured nor "
		  "present" },
		{ I("{ name = \"lan0\";\n  master = \"br9\"; }"),
		  "conf/a.conf:3: lan0: master: no interface \"br9\": neither configured nor "
		  "present" },
		{ I("{ name = \"v\"; kind = \"vlan\"; vlan = { link = \"v\"; id = 5; }; }"),
		  "conf/a.conf:2: v: vlan.link: the interface itself" },
		{ I("{ name = \"a\"; kind = \"vlan\"; vlan = { link = \"b\"; id = 5; }; },\n"
		    "{ name = \"b\"; kind = \"vlan\"; vlan = { link = \"a\"; id = 5; }; }"),
		  "conf/a.conf:2: a: the interfaces stand on each other in a loop: a -> b -> a" },
		{ I("{ name = \"a\"; kind = \"vlan\"; vlan = { link = \"c\"; id = 5; }; },\n"
		    "{ name = \"b\"; kind = \"vlan\"; vlan = { link = \"a\"; id = 5; }; },\n"
		    "{ name = \"c\"; kind = \"vlan\"; vlan = { link = \"b\"; id = 5; }; }"),
		  "conf/a.conf:2: a: the interfaces stand on each other in a loop: a -> c -> b -> a" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

/* VLANs of bridges as ports of them: the kernel refuses it (EBUSY). */
static void refuses_ports_on_their_own_bridges(void **state)
{
	static const struct wrong wrong[] = {
		{ I("{ name = \"br0\"; kind = \"bridge\"; },\n"
		    "{ name = \"v\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 5; };\n"
		    "  master = \"br0\"; }"),
		  "conf/a.conf:4: br0: the interfaces stand on each other in a loop: "
		  "br0 -> v -> br0" },
		{ I("{ name = \"br0\"; kind = \"bridge\"; }, { name = \"br1\"; kind = \"bridge\"; },\n"
		    "{ name = \"v0\"; kind = \"vlan\"; vlan = { link = \"br0\"; id = 5; };\n"
		    "  master = \"br1\"; },\n"
		    "{ name = \"v1\"; kind = \"vlan\"; vlan = { link = \"br1\"; id = 5; };\n"
		    "  master = \"br0\"; }"),
		  "conf/a.conf:6: br0: the interfaces stand on each other in a loop: "
		  "br0 -> v1 -> br1 -> v0 -> br0" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

static void refuses_contradictions(void **state)
{
	static const struct wrong wrong[] = {
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\";\n"
		    "  port = { untagged = [ 10 ];\n tagged = [ \"5-10\" ]; }; }"),
		  "conf/a.conf:5: lan0: port.tagged: VLAN 10 is also in untagged" },
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\";\n"
		    "  port = { untagged = [ \"1-10\" ]; tagged = [ \"5-20\" ]; }; }"),
		  "conf/a.conf:4: lan0: port.tagged: VLANs 5-10 are also in untagged" },
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\"; port = { pvid = 10; tagged = [ 11 ]; }; }"),
		  "conf/a.conf:3: lan0: port.pvid: VLAN 10 is neither in untagged nor in tagged" },
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\";\n addresses = [ \"192.0.2.1/24\" ]; }"),
		  "conf/a.conf:4: lan0: addresses: a port of br0 has none; they belong on br0" },
		{ I(BR0 "{ name = \"lan0\"; master = \"br0\";\n"
		    " routes = ( { to = \"default\"; via = \"192.0.2.1\"; } ); }"),
		  "conf/a.conf:4: lan0: routes: a port of br0 has none; they belong on br0" },
		{ I("{ name = \"lan0\"; up = false; routes = ( { to = \"default\"; via = \"192.0.2.1\"; "
		    "} ); }"),
		  "conf/a.conf:2: lan0: routes: the kernel takes none while up is false" },
		{ I("{ name = \"lan0\"; port = { isolated = true; }; }"),
		  "conf/a.conf:2: lan0: port.isolated: is a port of no bridge: master is missing" },
		{ I("{ name = \"lan0\"; port = { pvid = 10; }; }"),
		  "conf/a.conf:2: lan0: port.pvid: is a port of no bridge: master is missing" },
		{ I("{ name = \"br0\"; kind = \"bridge\"; port = { isolated = true; }; }"),
		  "conf/a.conf:2: br0: port.isolated: the bridge itself has only pvid, untagged, "
		  "tagged" },
		{ I("{ name = \"lan0\"; bridge = { stp = true; }; }"),
		  "conf/a.conf:2: lan0: bridge: needs kind = \"bridge\"" },
		{ I("{ name = \"v\"; kind = \"vlan\"; }"),
		  "conf/a.conf:2: v: vlan.link: missing: the interface it stands on\n"
		  "conf/a.conf:2: v: vlan.id: missing" },
		{ I("{ name = \"v\"; kind = \"vlann\"; }"),
		  "conf/a.conf:2: v: kind: netctld cannot create a \"vlann\" (did you mean \"vlan\"?)" },
		{ I(BR0 "{ name = \"br1\"; kind = \"bridge\"; master = \"br0\"; }"),
		  "conf/a.conf:3: br1: master: a bridge cannot be a port of a bridge" },
		{ I("{ name = \"v\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; },\n"
		    "{ name = \"lan1\"; master = \"v\"; }"),
		  "conf/a.conf:3: lan1: master: \"v\" is of kind \"vlan\", which has no ports" },
		{ I("{ name = \"v\"; kind = \"veth\"; }"),
		  "conf/a.conf:2: v: veth.peer: missing: the name of the other end" },
		{ I("{ name = \"v\"; kind = \"veth\"; veth = { peer = \"v\"; }; }"),
		  "conf/a.conf:2: v: veth.peer: the interface itself" },
		{ I("{ name = \"lan0\"; addresses = [ \"224.0.0.1/4\" ]; }"),
		  "conf/a.conf:2: lan0: addresses: 224.0.0.1/4 is a multicast address" },
		{ I("{ name = \"lan0\"; addresses = [ \"0.0.0.0/8\" ]; }"),
		  "conf/a.conf:2: lan0: addresses: 0.0.0.0/8 is no address of an interface" },
		{ I("{ name = \"lan0\"; addresses = [ \"2001:db8::1/64\" ]; ipv6 = { disable = true; }; }"),
		  "conf/a.conf:2: lan0: addresses: 2001:db8::1/64, but ipv6.disable is true" },
		{ I("{ name = \"lan0\"; routes = ( { to = \"10.0.0.0/8\"; via = \"2001:db8::1\"; } ); }"),
		  "conf/a.conf:2: lan0: routes: 10.0.0.0/8 via 2001:db8::1: via is of the other "
		  "family" },
	};

	refuse(*state, wrong, ARRAY_SIZE(wrong));
}

/* "::/0" through an IPv4 router is a slip of the pen, not a default route of IPv4. */
static void refuses_a_default_of_the_other_family(void **state)
{
	_cleanup_free_ char *got = load(*state, I("{ name = \"lan0\"; routes = ( { to = \"::/0\"; "
						  "via = \"192.0.2.1\"; } ); }"));

	assert_lacks(got, "ok\n");
}

/* One end of one cable: two interfaces cannot both be the VLAN 5 of lan0. */
static void refuses_the_same_vlan_twice(void **state)
{
	_cleanup_free_ char *got = load(*state,
		I("{ name = \"a\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; },\n"
		  "{ name = \"b\"; kind = \"vlan\"; vlan = { link = \"lan0\"; id = 5; }; }"));

	assert_lacks(got, "ok\n");
}

static void tells_all_errors(void **state)
{
	static const char *const folders[] = { "conf" };
	struct harness *h = *state;

	harness_file(h, "conf/a.conf", I("{ name = \"lan0\"; mttu = 1; up = 5;\n  mtu = 3; }"));
	harness_file(h, "conf/b.conf", "interfaces = (\n");
	harness_file(h, "conf/c.conf", "\n@include \"none\"\n");
	harness_file(h, "conf/d.conf", "daemon = { log_level = \"loud\"; };\n");
	assert_text(load_paths(folders, 1),
		    "conf/a.conf:2: lan0: mttu: unknown key (did you mean \"mtu\"?)\n"
		    "conf/a.conf:2: lan0: up: must be true or false\n"
		    "conf/a.conf:3: lan0: mtu: 3 is out of range (68 to 65536)\n"
		    "conf/b.conf:2: syntax error\n"
		    "conf/c.conf:2: @include: conf/none: No such file or directory\n"
		    "conf/d.conf:1: daemon.log_level: unknown word \"loud\" (one of \"error\", "
		    "\"warning\", \"notice\", \"info\", \"debug\")");
}

static void names_the_included_file(void **state)
{
	static const char *const folders[] = { "conf" };
	struct harness *h = *state;

	harness_file(h, "more/ports", "  { name = \"lan0\";\n    mttu = 5; },\n");
	harness_file(h, "conf/a.conf",
		     "interfaces = (\n@include \"../more/ports\"\n  { name = \"lan1\"; mttu = 5; }\n);\n");
	assert_text(load_paths(folders, 1),
		    "conf/../more/ports:2: lan0: mttu: unknown key (did you mean \"mtu\"?)\n"
		    "conf/a.conf:3: lan1: mttu: unknown key (did you mean \"mtu\"?)");
}

static void empty_is_fine(void **state)
{
	static const char *const folders[] = { "conf", "none" };
	struct config_paths optional = { .paths = folders, .n = 2, .optional = true };
	struct errors e = { 0 };
	struct generation *g;
	struct harness *h = *state;

	assert_text(load_paths(folders, 1), "ok\ninterfaces = (\n);\n"); /* no file at all */
	assert_text(load(h, ""), "ok\ninterfaces = (\n);\n");
	assert_text(load(h, "\n# nothing\n"), "ok\ninterfaces = (\n);\n");
	assert_text(load_paths(folders, 2), "none: No such file or directory");
	assert_int_equal(config_load(&optional, &e, &g), 0);
	assert_int_equal(g->n_files, 1);
	assert_int_equal(g->settings.on_drift, DRIFT_REPAIR);
	generation_free(g);
}

static void merges_key_by_key(void **state)
{
	static const char *const folders[] = { "conf" };
	struct harness *h = *state;

	harness_file(h, "conf/10.conf",
		     I("{ name = \"lan0\"; mtu = 1400; alias = \"a\"; addresses = [ \"192.0.2.1/24\" ];\n"
		       "  ipv4 = { forwarding = true; rp_filter = \"strict\"; }; }"));
	harness_file(h, "conf/20.conf",
		     I("{ name = \"lan0\"; alias = \"b\"; addresses = [ \"198.51.100.1/24\" ];\n"
		       "  ipv4 = { rp_filter = \"loose\"; }; }"));
	harness_file(h, "conf/readme.txt", "no configuration");
	harness_file(h, "conf/.hidden.conf", "no configuration");
	harness_file(h, "conf/20.conf~", "no configuration");
	assert_text(load_paths(folders, 1),
		    "ok\ninterfaces = (\n"
		    "  { name = \"lan0\"; up = true; mtu = 1400; alias = \"b\"; ipv4 = { forwarding = "
		    "true; rp_filter = \"loose\"; }; addresses = [ \"198.51.100.1/24\" ]; }\n);\n");
	/* An empty list replaces, too. */
	harness_file(h, "conf/30.conf", I("{ name = \"lan0\"; addresses = [ ]; }"));
	assert_text(load_paths(folders, 1),
		    "ok\ninterfaces = (\n"
		    "  { name = \"lan0\"; up = true; mtu = 1400; alias = \"b\"; ipv4 = { forwarding = "
		    "true; rp_filter = \"loose\"; }; addresses = [ ]; }\n);\n");
}

/* The same name twice in one file merges as well, but no key may be said twice: refuses_values(). */
static void merges_within_a_file(void **state)
{
	assert_text(load(*state, I("{ name = \"lan0\"; alias = \"a\"; },\n{ name = \"lan0\"; mtu = 1500; }")),
		    "ok\ninterfaces = (\n  { name = \"lan0\"; up = true; mtu = 1500; alias = \"a\"; }\n);\n");
}

static void folders_have_precedence(void **state)
{
	static const char *const folders[] = { "etc", "run", "usr" };
	struct harness *h = *state;

	harness_file(h, "etc/50.conf", I("{ name = \"lan0\"; mtu = 1400; }"));
	harness_file(h, "run/50.conf", "broken (");
	harness_file(h, "usr/50.conf", "broken (");
	harness_file(h, "run/60.conf", I("{ name = \"lan0\"; alias = \"run\"; }"));
	harness_file(h, "usr/60.conf", "broken (");
	harness_file(h, "usr/40.conf", I("{ name = \"lan0\"; mtu = 1300; alias = \"usr\"; }"));
	assert_text(load_paths(folders, 3),
		    "ok\ninterfaces = (\n"
		    "  { name = \"lan0\"; up = true; mtu = 1400; alias = \"run\"; }\n);\n");
	/* A link to /dev/null hides. */
	harness_file(h, "usr/45.conf", "broken (");
	assert_int_equal(symlink("/dev/null", "etc/45.conf"), 0);
	assert_text(load_paths(folders, 3),
		    "ok\ninterfaces = (\n"
		    "  { name = \"lan0\"; up = true; mtu = 1400; alias = \"run\"; }\n);\n");
}

static void a_file_can_be_named(void **state)
{
	static const char *const files[] = { "one.conf", "two.conf" };
	struct harness *h = *state;

	harness_file(h, "one.conf", I("{ name = \"lan0\"; mtu = 1400; }"));
	harness_file(h, "two.conf", I("{ name = \"lan1\"; mtu = 1300; }"));
	assert_text(load_paths(files, 2),
		    "ok\ninterfaces = (\n  { name = \"lan0\"; up = true; mtu = 1400; },\n"
		    "  { name = \"lan1\"; up = true; mtu = 1300; }\n);\n");
}

/* What export says can be read again, and says the same. */
static char *load_instead(const char *path, const char *text)
{
	static const char *const folders[] = { "conf", "lib" };
	const struct instead instead = { path, text, strlen(text) };
	const struct config_paths paths = { .paths = folders, .n = 2, .instead = &instead };
	_cleanup_(errors_done) struct errors e = { 0 };
	_cleanup_(generation_freep) struct generation *g = NULL;

	return config_load(&paths, &e, &g) < 0 ? errors_text(&e) : model_export(g->want, false);
}

static void a_text_stands_in_for_a_file(void **state)
{
	struct harness *h = *state;

	harness_file(h, "conf/lan.conf", I("{ name = \"lan0\"; mtu = 1400; }"));
	harness_file(h, "lib/new.conf", I("{ name = \"wan\"; mtu = 1400; }"));
	harness_file(h, "x", I("{ name = \"lan1\"; mtu = 1500; }"));
	assert_text(load_instead("conf/lan.conf", I("{ name = \"lan0\"; mtu = 1500; }")),
		    "interfaces = (\n  { name = \"lan0\"; up = true; mtu = 1500; },\n"
		    "  { name = \"wan\"; up = true; mtu = 1400; }\n);\n");
	/* One that is not there yet hides others of its name; what it includes is found. */
	assert_text(load_instead("conf/new.conf", "@include \"../x\"\n"),
		    "interfaces = (\n  { name = \"lan0\"; up = true; mtu = 1400; },\n"
		    "  { name = \"lan1\"; up = true; mtu = 1500; }\n);\n");
	assert_text(load_instead("conf/new.conf", "interfaces = 1;\n"),
		    "conf/new.conf:1: interfaces: must be a list of groups: ( { name = … }, … )");
}

static void export_can_be_read(void **state)
{
	_cleanup_free_ char *first = load(*state,
		"interfaces = (\n"
		"  { name = \"br0\"; kind = \"bridge\"; alias = \"a \\\"b\\\" \\\\c\";\n"
		"    bridge = { ageing_time = \"5min\"; vlan_protocol = \"802.1ad\"; };\n"
		"    port = { tagged = ( \"1-5\", 7 ); }; },\n"
		"  { name = \"lan0\"; address = \"02:00:5e:00:53:01\"; foreign = \"remove\";\n"
		"    addresses = ( \"192.0.2.1/24\", { address = \"192.0.2.2/32\"; peer = \"192.0.2.3\";\n"
		"                  metric = 4294967295; } );\n"
		"    routes = ( { to = \"default\"; via = \"192.0.2.9\"; table = 4294967295; },\n"
		"               { to = \"::/0\"; via = \"fe80::1\"; } );\n"
		"    ipv6 = { use_tempaddr = -1; }; }\n"
		");\n");

	assert_contains(first, "ok\n");
	assert_text(load(*state, first + 3), first);
}

/* Also the bytes that a file may have only as an escape: the kernel takes them in an alias. */
static void export_of_each_byte(void **state)
{
	for (unsigned byte = 1; byte < 0x80; byte++) {
		_cleanup_free_ char *text = str_format(
			"interfaces = ( { name = \"lan0\"; alias = \"a\\x%02xb\"; } );\n", byte);
		_cleanup_free_ char *first = load(*state, text);

		assert_contains(first, "ok\n");
		assert_text(load(*state, first + 3), first);
	}
}

static void settings(void **state)
{
	static const char *const folders[] = { "conf" };
	struct config_paths paths = { .paths = folders, .n = 1 };
	struct errors e = { 0 };
	struct generation *g;

	harness_file(*state, "conf/a.conf",
		     "daemon = { on_drift = \"report\"; log_level = \"warning\"; };\n");
	assert_int_equal(config_load(&paths, &e, &g), 0);
	assert_int_equal(g->settings.on_drift, DRIFT_REPORT);
	assert_int_equal(g->settings.log_level, 4); /* LOG_WARNING */
	generation_free(g);
}

/* Group @path of eth0, which may be one in a group, with @inner; the caller frees it. */
static char *within(const char *path, const char *inner)
{
	const char *dot = strchr(path, '.');
	_cleanup_free_ char *head = dot ? mem_new(dot - path + 1) : NULL, *rest = NULL;

	if (!dot)
		return str_format("%s = %s", path, inner);
	memcpy(head, path, dot - path);
	rest = within(dot + 1, inner);
	return str_format("%s = { %s; }", head, rest);
}

/* Nothing but the answer counts: that there is one. With @more: the feature's switches beside it. */
static void give_nothing(struct harness *h, const struct feature *f, const struct feature *v,
			 const struct row *row, bool more)
{
	_cleanup_free_ char *text = NULL, *inner = NULL, *entry = NULL;
	_cleanup_free_ char *members = str_format("%s%s%s%s = \"\"; ", v != f ? "kind = \"" : "",
						 v != f ? v->kind : "", v != f ? "\"; " : "",
						 row->key);

	FOREACH_ROW(v, r)
		if (more && r->type == &type_bool && !(r->flags & (ROW_STATE | ROW_IMPLIED))) {
			char *before = members;

			members = str_format("%s%s = true; ", before, r->key);
			free(before);
		}
	inner = str_format(f->form == FORM_LIST ? "( { %s} )" : "{ %s}", members);
	entry = f->form == FORM_ROOT ? TAKE_PTR(members) : within(f->name, inner);
	text = str_format("interfaces = ( { name = \"eth0\"; %s%s } );\n", entry,
			  f->form == FORM_ROOT ? "" : ";");
	if (harness_apply(h, text) && row->min && !strstr(h->text, "is empty"))
		fail_msg("%s.%s is empty, but it is said: %s", f->name, row->key, h->text);
	else if (row->min && h->error != -EINVAL)
		fail_msg("%s.%s is empty, and it is taken", f->name, row->key);
}

static unsigned give_nothing_to(struct harness *h, const struct feature *f,
				const struct feature *v)
{
	unsigned n = 0;

	FOREACH_ROW(v, r) {
		if (r->type != &type_string || (r->flags & (ROW_STATE | ROW_IMPLIED)))
			continue;
		give_nothing(h, f, v, r, false);
		give_nothing(h, f, v, r, true);
		n++;
	}
	return n;
}

/* An empty text is NULL in the object: no check and no encoder may count on there being one. */
static void no_text_breaks_nothing(void **state)
{
	struct harness *h = *state;
	unsigned rows = 0;

	harness_need_fake(h);
	harness_nic(h, "eth0");
	harness_start(h);
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n], *v;

		rows += give_nothing_to(h, f, f);
		for (unsigned k = 0; f->nth_variant && (v = f->nth_variant(k)); k++)
			rows += give_nothing_to(h, f, v);
	}
	assert_true(rows >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(refuses_what_is_no_configuration),
		HARNESS_TEST(says_where_quotes_are_missing),
		HARNESS_TEST(refuses_keys),
		HARNESS_TEST(refuses_values),
		HARNESS_TEST(refuses_references),
		HARNESS_TEST(refuses_ports_on_their_own_bridges),
		HARNESS_TEST(refuses_contradictions),
		HARNESS_TEST(refuses_a_default_of_the_other_family),
		HARNESS_TEST(refuses_the_same_vlan_twice),
		HARNESS_TEST(tells_all_errors),
		HARNESS_TEST(names_the_included_file),
		HARNESS_TEST(empty_is_fine),
		HARNESS_TEST(merges_key_by_key),
		HARNESS_TEST(merges_within_a_file),
		HARNESS_TEST(folders_have_precedence),
		HARNESS_TEST(a_file_can_be_named),
		HARNESS_TEST(a_text_stands_in_for_a_file),
		HARNESS_TEST(export_can_be_read),
		HARNESS_TEST(export_of_each_byte),
		HARNESS_TEST(settings),
		HARNESS_TEST(no_text_breaks_nothing),
	};

	return harness_main("config", tests, ARRAY_SIZE(tests));
}
