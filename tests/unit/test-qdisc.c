// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Queueing disciplines: every rule by its name, what a change is made of, and
 * what the mirror does when a tree goes.
 */
#include "unit/harness.h"

#include "core/drift.h"

#include <stdio.h>

#define ETH0(qdiscs) "interfaces = ( { name = \"eth0\"; qdisc = ( " qdiscs " ); } );\n"
#define GATES "schedule = ( { gates = 0x1; interval = \"300us\"; }, " \
	      "{ gates = 0x6; interval = \"700us\"; } ); "
#define CLASSES "num_tc = 3; map = [ 0, 1, 2 ]; queues = [ \"1@0\", \"1@1\", \"2@2\" ]; "
#define TAPRIO "kind = \"taprio\"; " CLASSES "clock = \"TAI\"; "

struct wrong {
	const char *rule, *qdiscs; /* rule NULL: is fine */
};

static const struct wrong wrongs[] = {
	{ NULL, "{ kind = \"fq_codel\"; }" },
	{ "netctld does not know \"fq_code\" (did you mean \"fq_codel\"?)", "{ kind = \"fq_code\"; }" },
	{ "qdisc.limits: unknown key (did you mean \"limit\"?)",
	  "{ kind = \"fq_codel\"; limits = 3; }" },
	{ "needs \"kind\"", "{ limit = 3; }" },
	{ "the same entry twice", "{ kind = \"fq_codel\"; }, { kind = \"prio\"; parent = \"root\"; }" },
	{ "[qdisc-parent]", "{ kind = \"prio\"; }, { parent = \"1:1\"; kind = \"fq_codel\"; }" },
	{ "[qdisc-parent]", "{ kind = \"fq_codel\"; handle = \"1:\"; }, "
			    "{ parent = \"1:1\"; kind = \"fq_codel\"; }" },
	{ NULL, "{ kind = \"prio\"; handle = \"1:\"; }, { parent = \"1:1\"; kind = \"fq_codel\"; }" },
	{ "[qdisc-handle]", "{ kind = \"prio\"; handle = \"1:\"; }, "
			    "{ parent = \"1:1\"; kind = \"fq_codel\"; handle = \"1:\"; }" },
	{ "[qdisc-depth]", "{ parent = \"2:1\"; kind = \"prio\"; handle = \"1:\"; }, "
			   "{ parent = \"1:1\"; kind = \"prio\"; handle = \"2:\"; }" },
	{ "no class", "{ parent = \"1:\"; kind = \"prio\"; }" },
	{ "no class", "{ parent = \"x\"; kind = \"prio\"; }" },
	{ "no number of a queueing discipline", "{ kind = \"prio\"; handle = \"1:2\"; }" },
	{ "[prio-map]", "{ kind = \"prio\"; bands = 4; priomap = [ 4 ]; }" },
	{ "[prio-map]", "{ kind = \"prio\"; bands = 2; }" },
	{ "[tbf-needs]", "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; }" },
	{ NULL, "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; latency = \"1ms\"; }" },
	{ "[tbf-burst]", "{ kind = \"tbf\"; rate = \"64Kbit\"; burst = \"4MiB\"; limit = 9000; }" },
	{ "[tbf-mpu]", "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; limit = 9000; mpu = 2000; }" },
	{ "[tbf-peakrate]", "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; limit = 9000; "
			    "peakrate = \"1Mbit\"; minburst = 1600; }" },
	{ "[tbf-peakrate]", "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; limit = 9000; "
			    "peakrate = \"2Mbit\"; }" },
	{ "is not a rate with a unit", "{ kind = \"tbf\"; rate = \"1000\"; burst = 1600; limit = 9000; }" },
	/* As tc writes them. */
	{ "(did you mean \"10Mbit\"?)",
	  "{ kind = \"tbf\"; rate = \"10mbit\"; burst = 1600; limit = 9000; }" },
	{ "(did you mean \"32KiB\"?)",
	  "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = \"32k\"; limit = 9000; }" },
	{ "(did you mean \"32KiB\"?)",
	  "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = \"32 kb\"; limit = 9000; }" },
	{ "(did you mean \"50ms\"?)",
	  "{ kind = \"tbf\"; rate = \"1Mbit\"; burst = 1600; latency = \"50msec\"; }" },
	{ "is not a rate with a unit (\"500Kbit\"",
	  "{ kind = \"tbf\"; rate = \"10mbps\"; burst = 1600; limit = 9000; }" },
	{ "no multiple of 8", "{ kind = \"tbf\"; rate = \"9bit\"; burst = 1600; limit = 9000; }" },

	{ "[qdisc-handle]", "{ kind = \"clsact\"; handle = \"1:\"; }" },
	{ NULL, "{ kind = \"clsact\"; handle = \"ffff:\"; }" }, /* as it is exported */

	{ NULL, "{ kind = \"mqprio\"; " CLASSES "}" },
	{ "[root-only]", "{ kind = \"prio\"; handle = \"1:\"; }, "
			 "{ parent = \"1:1\"; kind = \"mqprio\"; " CLASSES "}" },
	{ "[classes-needed]", "{ kind = \"mqprio\"; num_tc = 3; }" },
	{ "[classes-map]", "{ kind = \"mqprio\"; num_tc = 1; map = [ 0, 1 ]; queues = [ \"1@0\" ]; }" },
	{ "[classes-queues]", "{ kind = \"mqprio\"; num_tc = 2; map = [ 0, 1 ]; queues = [ \"1@0\" ]; }" },
	{ "[classes-queues]", "{ kind = \"mqprio\"; num_tc = 1; map = [ 0 ]; queues = [ \"0@0\" ]; }" },
	{ "not \"COUNT@OFFSET\"", "{ kind = \"mqprio\"; num_tc = 1; map = [ 0 ]; queues = [ \"1-2\" ]; }" },
	{ "[classes-overlap]",
	  "{ kind = \"mqprio\"; num_tc = 2; map = [ 0, 1 ]; queues = [ \"2@0\", \"1@1\" ]; }" },
	{ "[mqprio-hw]", "{ kind = \"mqprio\"; " CLASSES "mode = \"channel\"; }" },
	{ "[mqprio-shaper]", "{ kind = \"mqprio\"; " CLASSES "hw = true; shaper = \"bw_rlimit\"; }" },
	{ "[mqprio-rates]", "{ kind = \"mqprio\"; " CLASSES "hw = true; mode = \"channel\"; "
			    "min_rate = [ \"1Mbit\", \"1Mbit\", \"1Mbit\" ]; }" },
	{ "[mqprio-rates]", "{ kind = \"mqprio\"; " CLASSES "hw = true; mode = \"channel\"; "
			    "shaper = \"bw_rlimit\"; max_rate = [ \"1Mbit\" ]; }" },
	{ NULL, "{ kind = \"mqprio\"; " CLASSES "hw = true; mode = \"channel\"; "
		"shaper = \"bw_rlimit\"; max_rate = [ \"1Mbit\", \"2Mbit\", \"1Gbit\" ]; "
		"fp = [ \"express\", \"preemptible\" ]; }" },

	{ NULL, "{ " TAPRIO GATES "}" },
	{ "[taprio-schedule]", "{ " TAPRIO "}" },
	{ "line 1 needs gates and interval", "{ " TAPRIO "schedule = ( { gates = 1; } ); }" },
	{ "line 1: interval: 0ns is out of range",
	  "{ " TAPRIO "schedule = ( { gates = 1; interval = \"0us\"; } ); }" },
	{ "line 1: gate: unknown key (did you mean \"gates\"?)",
	  "{ " TAPRIO "schedule = ( { gate = 1; interval = \"1us\"; } ); }" },
	{ "[taprio-clock]", "{ kind = \"taprio\"; " CLASSES GATES "}" },
	{ "[taprio-clock]", "{ " TAPRIO GATES "offload = \"full\"; }" },
	{ NULL, "{ kind = \"taprio\"; " CLASSES GATES "offload = \"full\"; }" },
	{ "[taprio-txtime]", "{ " TAPRIO GATES "txtime_delay = \"200us\"; }" },
	{ NULL, "{ " TAPRIO GATES "offload = \"txtime-assist\"; txtime_delay = \"200us\"; }" },
	{ "[taprio-fp]", "{ " TAPRIO GATES "fp = [ \"preemptible\" ]; }" },
	{ "[taprio-hold]", "{ " TAPRIO "schedule = ( { gates = 7; interval = \"1ms\"; command = \"hold\"; } ); }" },
	{ "[taprio-gates]", "{ " TAPRIO "schedule = ( { gates = 0xf; interval = \"1ms\"; } ); }" },
	{ "[taprio-never-open]", "{ " TAPRIO "schedule = ( { gates = 3; interval = \"1ms\"; } ); }" },
	{ "[taprio-cycle]", "{ " TAPRIO GATES "cycle_time = \"999us\"; }" },
	{ "[taprio-cycle]", "{ " TAPRIO "schedule = ( { gates = 7; interval = \"2s\"; }, "
			    "{ gates = 7; interval = \"1s\"; } ); }" },
	{ "[taprio-extension]", "{ " TAPRIO GATES "cycle_time_extension = \"1ms\"; }" },
	{ "[taprio-max-sdu]", "{ " TAPRIO GATES "max_sdu = [ 0, 0, 0, 100 ]; }" },
	{ NULL, "{ " TAPRIO GATES "max_sdu = [ 0, 600 ]; }" },
	/* Of no device. */
	{ "max_sdu: 99999999 is out of range (0 to 65535)",
	  "{ " TAPRIO GATES "max_sdu = [ 0, 99999999 ]; }" },
	{ NULL, "{ " TAPRIO GATES "max_sdu = [ 0, 65535 ]; }" },
	{ "queues: \"65535@65535\": a device has queues 0 to 65534 at most",
	  "{ kind = \"mqprio\"; num_tc = 1; map = [ 0 ]; queues = [ \"65535@65535\" ]; }" },
	{ "queues: \"1@65535\": a device has queues 0 to 65534 at most",
	  "{ kind = \"mqprio\"; num_tc = 1; map = [ 0 ]; queues = [ \"1@65535\" ]; }" },
	{ NULL, "{ kind = \"mqprio\"; num_tc = 1; map = [ 0 ]; queues = [ \"1@65534\" ]; }" },
	/* At a forced speed; the link's own is looked at when it is there. */
	{ NULL, "{ " TAPRIO GATES "} ); ethernet = { autoneg = false; speed = 100; }; mtu = 1500; "
		"routes = (" },
	{ "gate of class 0 is open for 300us at most, and a packet of 1500 bytes takes 1230400ns "
	  "at 10 Mbit/s: it never leaves (max_sdu) [taprio-frame]",
	  "{ " TAPRIO GATES "} ); ethernet = { autoneg = false; speed = 10; }; routes = (" },
	{ NULL, "{ " TAPRIO GATES "max_sdu = [ 200, 200, 200 ]; } ); "
		"ethernet = { autoneg = false; speed = 10; }; routes = (" },
	{ "line 1 of the schedule, 20us, is below the 48us that a frame of 60 bytes takes at "
	  "10 Mbit/s [taprio-interval]",
	  "{ " TAPRIO "schedule = ( { gates = 7; interval = \"20us\"; }, { gates = 7; interval = "
	  "\"1ms\"; } ); } ); ethernet = { autoneg = false; speed = 10; }; routes = (" },
	/* Classes may share queues where every frame has its own time. */
	{ "[classes-overlap]", "{ kind = \"taprio\"; clock = \"TAI\"; num_tc = 2; map = [ 0, 1 ]; "
			       "queues = [ \"1@0\", \"1@0\" ]; "
			       "schedule = ( { gates = 3; interval = \"1ms\"; } ); }" },
	{ NULL, "{ kind = \"taprio\"; clock = \"TAI\"; num_tc = 2; map = [ 0, 1 ]; "
		"queues = [ \"1@0\", \"1@0\" ]; offload = \"txtime-assist\"; "
		"schedule = ( { gates = 3; interval = \"1ms\"; } ); }" },
};

#define HTB "{ kind = \"htb\"; handle = \"1:\"; }"
#define CLASS(id, parent, more) \
	"{ classid = \"" id "\"; parent = \"" parent "\"; rate = \"8Mbit\"; " more " }"
/* Classes have a list of their own: the qdisc ends before it. */
#define CLASSES_OF(list) HTB " ); class = ( " list

static const struct wrong wrong_classes[] = {
	{ NULL, CLASSES_OF(CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:1", "prio = 7; quantum = 2000;")) },
	{ "[class-qdisc]", CLASSES_OF(CLASS("2:1", "2:", "")) },
	{ "eth0: class 1:1: classid: only htb has classes that are made one by one [class-qdisc]",
	  "{ kind = \"prio\"; handle = \"1:\"; } ); class = ( " CLASS("1:1", "1:", "") },
	{ "[class-id]", CLASSES_OF(CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:", "") ", "
				   CLASS("1:2", "1:1", "")) },
	{ "the same entry twice", CLASSES_OF(CLASS("1:1", "1:", "") ", " CLASS("1:1", "1:", "")) },
	{ "[class-parent]", CLASSES_OF(CLASS("1:2", "1:1", "")) },
	{ "[class-parent]", CLASSES_OF(CLASS("1:2", "3:", "")) },
	{ "[class-depth]", CLASSES_OF(CLASS("1:1", "1:2", "") ", " CLASS("1:2", "1:1", "")) },
	{ NULL, CLASSES_OF(CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:1", "") ", "
			   CLASS("1:3", "1:2", "") ", " CLASS("1:4", "1:3", "") ", "
			   CLASS("1:5", "1:4", "") ", " CLASS("1:6", "1:5", "") ", "
			   CLASS("1:7", "1:6", "") ", " CLASS("1:8", "1:7", "")) },
	{ "[class-depth]", CLASSES_OF(CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:1", "") ", "
				      CLASS("1:3", "1:2", "") ", " CLASS("1:4", "1:3", "") ", "
				      CLASS("1:5", "1:4", "") ", " CLASS("1:6", "1:5", "") ", "
				      CLASS("1:7", "1:6", "") ", " CLASS("1:8", "1:7", "") ", "
				      CLASS("1:9", "1:8", "")) },
	{ "[class-rate]", CLASSES_OF("{ classid = \"1:1\"; }") },
	{ "[class-ceil]", CLASSES_OF(CLASS("1:1", "1:", "ceil = \"7Mbit\";")) },
	{ "[class-burst]", CLASSES_OF(CLASS("1:1", "1:", "burst = \"1GiB\";")) },
	{ "[class-burst]", CLASSES_OF(CLASS("1:1", "1:", "cburst = \"1GiB\";")) },
	{ "[class-inner]", CLASSES_OF(CLASS("1:1", "1:", "prio = 1;") ", " CLASS("1:2", "1:1", "")) },
	{ "8 is out of range", CLASSES_OF(CLASS("1:1", "1:", "prio = 8;")) },
	{ "[htb-default]", "{ kind = \"htb\"; handle = \"1:\"; default = \"1:2\"; } ); class = ( "
			   CLASS("1:1", "1:", "") },
	{ "[htb-default]", "{ kind = \"htb\"; handle = \"1:\"; default = \"1:1\"; } ); class = ( "
			   CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:1", "") },
	{ "no entry of class is that [qdisc-parent]",
	  HTB ", { parent = \"1:2\"; kind = \"pfifo\"; } ); class = ( " CLASS("1:1", "1:", "") },
	{ "it has classes below it, and no queue [qdisc-parent]",
	  HTB ", { parent = \"1:1\"; kind = \"pfifo\"; } ); class = ( " CLASS("1:1", "1:", "") ", "
	  CLASS("1:2", "1:1", "") },
};

/* Filters stand behind the disciplines, too. */
#define FILTER(list) "{ kind = \"clsact\"; }, { kind = \"prio\"; handle = \"1:\"; } ); filter = ( " list
#define FLOWER(more) FILTER("{ kind = \"flower\"; pref = 1; action = \"drop\"; " more " }")
#define MATCHALL(more) FILTER("{ kind = \"matchall\"; pref = 1; " more " }")

#define INNER(parent, more) "{ kind = \"prio\"; handle = \"1:\"; }, { kind = \"prio\"; parent = \"1:1\"; "  \
	"handle = \"10:\"; }, { kind = \"tbf\"; parent = \"1:2\"; handle = \"20:\"; rate = \"1Mbit\"; "    \
	"burst = 9000; limit = 9000; } ); filter = ( { kind = \"matchall\"; pref = 1; action = \"drop\"; " \
	"parent = \"" parent "\"; " more " }"
#define INNER_HTB(parent, id) HTB " ); class = ( " CLASS("1:1", "1:", "") ", " CLASS("1:2", "1:1", "")   \
	" ); filter = ( { kind = \"matchall\"; pref = 1; classid = \"" id "\"; parent = \"" parent "\"; }"

static const struct wrong wrong_filters[] = {
	{ "[flower-all]", FLOWER("protocol = \"ip\"; dst_ip = \"0.0.0.0/0\";") },
	{ "[flower-all]", FLOWER("protocol = \"ipv6\"; src_ip = \"::/0\";") },
	{ "matches every address", FLOWER("dst_mac = \"00:00:00:00:00:00/00:00:00:00:00:00\";") },
	{ NULL, FLOWER("") },
	{ "did you mean \"flower\"?", FILTER("{ kind = \"flowr\"; pref = 1; }") },
	{ "needs \"pref\"", FILTER("{ kind = \"flower\"; action = \"drop\"; }") },
	{ "the same entry twice", FILTER("{ kind = \"flower\"; pref = 1; action = \"drop\"; }, "
					 "{ kind = \"matchall\"; pref = 1; action = \"drop\"; }") },
	{ "[filter-parent]", "{ kind = \"prio\"; } ); filter = ( { kind = \"matchall\"; pref = 1; "
			     "action = \"drop\"; }" },
	{ "[filter-parent]", "{ kind = \"ingress\"; } ); filter = ( { kind = \"matchall\"; "
			     "parent = \"egress\"; pref = 1; action = \"drop\"; }" },
	{ NULL, "{ kind = \"ingress\"; } ); filter = ( { kind = \"matchall\"; pref = 1; action = \"drop\"; }" },
	{ "[filter-parent]", "{ kind = \"mq\"; handle = \"1:\"; } ); filter = ( { kind = \"matchall\"; "
			     "parent = \"root\"; pref = 1; action = \"drop\"; }" },
	/* Below the root. */
	{ "filter 1:1 1 matchall: parent: only classes of htb ask filters", INNER("1:1", "") },
	{ NULL, INNER("10:", "classid = \"10:3\";") },
	{ "the discipline has no class 10:4 [filter-class]", INNER("10:", "classid = \"10:4\";") },
	{ "the discipline has no class 1:1 [filter-class]", INNER("10:", "classid = \"1:1\";") },
	{ "no entry of qdisc has that handle [filter-parent]", INNER("11:", "") },
	{ "that is the root discipline: parent = \"root\" [filter-parent]", INNER("1:", "") },
	{ "asks no filters", INNER("20:", "") },
	{ "\"10\" is neither \"ingress\"", INNER("10", "") },
	{ "that prio has 3 classes [qdisc-parent]", "{ kind = \"prio\"; handle = \"1:\"; }, "
						    "{ kind = \"pfifo\"; parent = \"1:4\"; }" },
	{ NULL, INNER_HTB("1:1", "1:2") },
	{ "has no classes below it: for frames that are there no filter is asked", INNER_HTB("1:2", "1:2") },
	{ "no entry of class is that [filter-parent]", INNER_HTB("1:3", "1:2") },
	{ "the discipline has no class 1:5 [filter-class]", INNER_HTB("1:1", "1:5") },
	{ "[filter-pref]", FILTER("{ kind = \"matchall\"; pref = 172; action = \"drop\"; }") },
	{ "[filter-class]", FLOWER("classid = \"1:1\";") },
	{ NULL, FLOWER("classid = \"1:1\"; parent = \"root\";") },
	{ "[filter-class]", FLOWER("classid = \"2:1\"; parent = \"root\";") },
	{ "[filter-class]", HTB " ); class = ( " CLASS("1:1", "1:", "") " ); filter = ( { kind = \"matchall\"; "
			    "parent = \"root\"; pref = 1; classid = \"1:2\"; }" },
	{ "[filter-skip]", FLOWER("skip_sw = true; skip_hw = true;") },
	{ "[filter-nothing]", MATCHALL("") },
	{ "[filter-police]", MATCHALL("police_rate = \"1Mbit\";") },
	{ "[filter-police]", MATCHALL("police_burst = 1000; action = \"drop\";") },
	{ "[filter-police]", MATCHALL("police_pkts_rate = 10;") },
	{ "[filter-police]", MATCHALL("police_rate = \"1Mbit\"; police_burst = 1000; "
				      "police_peakrate = \"2Mbit\";") },
	{ "[filter-vlan]", MATCHALL("vlan_action = \"push\";") },
	{ "[filter-vlan]", MATCHALL("vlan_action = \"pop\"; vlan_action_id = 5;") },
	{ "[filter-gate]", MATCHALL("action = \"drop\"; gate_priority = 1;") },
	{ "[filter-gate]", MATCHALL("gate_schedule = ( { open = true; interval = \"2ms\"; } ); "
				    "gate_cycle_time = \"1ms\";") },
	{ "line 1 needs open and interval", MATCHALL("gate_schedule = ( { open = true; } );") },
	{ "(did you mean \"interval\"?)", MATCHALL("gate_schedule = ( { intervl = \"1ms\"; } );") },
	{ "[filter-mirred]", MATCHALL("action = \"drop\"; mirror_at = \"ingress\";") },
	{ "[filter-end]", MATCHALL("action = \"drop\"; redirect = \"eth0\";") },
	{ "filter.redirect: no interface \"eth7\"", MATCHALL("redirect = \"eth7\";") },
	{ "[filter-queue]", MATCHALL("skbedit_queue_mapping = 1;") },
	{ NULL, MATCHALL("skbedit_queue_mapping = 1; parent = \"egress\";") },
	{ "\"x\" is no class", MATCHALL("skbedit_priority = \"x\";") },
	{ "[flower-needs]", FLOWER("src_ip = \"192.0.2.1\";") },
	{ "[flower-needs]", FLOWER("protocol = \"ip\"; dst_port = 80;") },
	{ "[flower-needs]", FLOWER("protocol = \"ip\"; ip_proto = \"udp\"; tcp_flags = \"0x02\";") },
	{ "[flower-needs]", FLOWER("protocol = \"ip\"; ip_proto = \"icmpv6\"; icmp_type = 1;") },
	{ "[flower-needs]", FLOWER("protocol = \"802.1Q\"; cvlan_id = 5;") },
	{ "[flower-family]", FLOWER("protocol = \"ipv6\"; src_ip = \"192.0.2.1\";") },
	{ "[flower-network]", FLOWER("protocol = \"ip\"; src_ip = \"192.0.2.1/24\";") },
	{ "is no Ethernet address", FLOWER("dst_mac = \"02:00:00:00:00\";") },
	{ "has bits that its mask has not", FLOWER("dst_mac = \"02:00:00:00:00:01/ff:00:00:00:00:00\";") },
	{ "is neither a port", FLOWER("protocol = \"ip\"; ip_proto = \"tcp\"; dst_port = 65536;") },
	{ "is no Ethernet type", FLOWER("protocol = \"0x0500\";") },
	/* Out and in again at the same place. */
	{ "eth0: filter: frames would go in a circle: eth0 egress -> eth0 egress [filter-loop]",
	  MATCHALL("parent = \"egress\"; redirect = \"eth0\";") },
	{ NULL, MATCHALL("redirect = \"eth0\";") },
};

static char *load(struct harness *h, const char *text)
{
	static const char *const conf[] = { "conf" };
	struct config_paths paths = { .paths = conf, .n = 1 };
	struct errors e = { 0 };
	struct generation *g = NULL;
	char *result = NULL;

	harness_file(h, "conf/a.conf", text);
	if (config_load(&paths, &e, &g) < 0)
		result = errors_text(&e);
	generation_free(g);
	errors_done(&e);
	return result;
}

static void expect_wrong(struct harness *h, const struct wrong *all, unsigned n)
{
	unsigned failures = 0;

	for (const struct wrong *w = all; w < all + n; w++) {
		_cleanup_free_ char *text = str_format(ETH0("%s"), w->qdiscs);
		_cleanup_free_ char *got = load(h, text);

		if (!w->rule ? !got : got && strstr(got, w->rule))
			continue;
		print_error("%s\ngot: %s\nwant: %s\n", text, got ? got : "-",
			    w->rule ? w->rule : "-");
		failures++;
	}
	assert_int_equal(failures, 0);
}

static void every_rule_has_a_name(void **state)
{
	expect_wrong(*state, wrongs, ARRAY_SIZE(wrongs));
}

static void rules_of_classes_too(void **state)
{
	expect_wrong(*state, wrong_classes, ARRAY_SIZE(wrong_classes));
}

static void rules_of_filters_too(void **state)
{
	expect_wrong(*state, wrong_filters, ARRAY_SIZE(wrong_filters));
}

#define SENDS(name, more, parent, how) \
	"{ name = \"" name "\"; " more " qdisc = { kind = \"clsact\"; }; filter = { kind = \"matchall\"; " \
	"parent = \"" parent "\"; pref = 1; " how " }; }"

static void circles_of_frames_are_told(void **state)
{
	static const struct {
		const char *interfaces, *chain;
	} all[] = {
		{ SENDS("a", "", "egress", "redirect = \"b\";") ", "
		  SENDS("b", "", "egress", "redirect = \"c\";") ", "
		  SENDS("c", "", "egress", "mirror = \"a\";"),
		  "a: filter: frames would go in a circle: a egress -> b egress -> c egress -> a egress" },
		{ SENDS("b", "", "ingress", "redirect = \"a\"; redirect_at = \"ingress\";") ", "
		  SENDS("a", "", "ingress", "redirect = \"b\"; redirect_at = \"ingress\";"),
		  "a: filter: frames would go in a circle: a ingress -> b ingress -> a ingress" },
		/* Over a cable within, and over what it stands on. */
		{ SENDS("v", "kind = \"veth\"; veth = { peer = \"w\"; };", "ingress", "redirect = \"v\";")
		  ", " SENDS("w", "", "ingress", "redirect = \"w\";"),
		  "v: filter: frames would go in a circle: v ingress -> v egress -> w ingress -> w egress -> v ingress" },
		{ SENDS("p", "", "egress", "redirect = \"p.5\";") ", "
		  "{ name = \"p.5\"; kind = \"vlan\"; vlan = { link = \"p\"; id = 5; }; }",
		  "p: filter: frames would go in a circle: p egress -> p.5 egress -> p egress" },
		/* From one to the other and back is a wire, and no circle. */
		{ SENDS("a", "", "ingress", "redirect = \"b\";") ", "
		  SENDS("b", "", "ingress", "redirect = \"a\";"), NULL },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(all); n++) {
		_cleanup_free_ char *text = str_format("interfaces = ( %s );\n", all[n].interfaces);
		_cleanup_free_ char *got = load(*state, text);

		if (!all[n].chain) {
			assert_null(got);
			continue;
		}
		assert_contains(got, all[n].chain);
		assert_null(strstr(strstr(got, "circle") + 1, "circle")); /* told once */
	}
}

#define TWO_FILTERS(one, two) "{ kind = \"clsact\"; } ); filter = ( { kind = \"flower\"; pref = 1; " one " }, " \
			      "{ kind = \"matchall\"; pref = 2; " two " }"

static void only_the_filter_that_differs_changes(void **state)
{
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, ETH0(TWO_FILTERS("protocol = \"ip\"; dst_ip = \"192.0.2.1\"; action = \"drop\";",
					       "action = \"pass\";")));
	expect_settled(h);
	assert_text(harness_plan_of(h, ETH0(TWO_FILTERS("protocol = \"ip\"; dst_ip = \"192.0.2.2\"; "
							"action = \"drop\";", "action = \"pass\";"))),
		    "qdisc        eth0: filter ingress 1 flower: dst_ip: 192.0.2.1/32 -> 192.0.2.2/32\n");
	/* Another mask, and what matches everything, are made anew. */
	assert_text(harness_plan_of(h, ETH0(TWO_FILTERS("protocol = \"ip\"; dst_ip = \"192.0.2.0/24\"; "
							"action = \"drop\";", "action = \"drop\";"))),
		    "qdisc        eth0: filter ingress 1 flower: dst_ip: 192.0.2.1/32 -> 192.0.2.0/24 (recreate)\n"
		    "qdisc        eth0: filter ingress 2 matchall: action: pass -> drop (recreate)\n");
	harness_must_apply(h, ETH0(TWO_FILTERS("protocol = \"ip\"; dst_ip = \"192.0.2.0/24\"; "
					       "action = \"drop\";", "action = \"drop\";")));
	expect_settled(h);
	harness_must_apply(h, ETH0(TWO_FILTERS("protocol = \"ipv6\"; action = \"pass\";", "action = \"drop\";")));
	expect_settled(h);
	/* With the place where they stand go the filters. */
	harness_exec(h, "tc qdisc del dev eth0 parent ffff:fff1");
	harness_settle(h);
	expect_settled(h);
	expect_has(h, "eth0", "\"pref\": 2");
}

#define HTB_BELOW(more) "{ kind = \"htb\"; handle = \"1:\"; " more " }, " \
			"{ parent = \"1:20\"; kind = \"pfifo\"; limit = 7; } ); class = ( "

static void a_class_changes_in_place_and_moves_anew(void **state)
{
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, ETH0(HTB_BELOW("") CLASS("1:1", "1:", "") ", " CLASS("1:20", "1:1", "")));
	expect_settled(h);
	assert_text(harness_plan_of(h, ETH0(HTB_BELOW("") CLASS("1:1", "1:", "") ", "
					    CLASS("1:20", "1:1", "ceil = \"9Mbit\";"))),
		    "qdisc        eth0: class 1:20: ceil: 8Mbit -> 9Mbit\n");
	/* To another parent: what hangs on it comes after it. */
	harness_must_apply(h, ETH0(HTB_BELOW("") CLASS("1:1", "1:", "") ", " CLASS("1:20", "1:", "")));
	expect_settled(h);
	expect_has(h, "eth0", "\"limit\": 7");
	/* One that carries others is not moved. */
	harness_must_apply(h, ETH0(HTB " ); class = ( " CLASS("1:1", "1:", "") ", "
				   CLASS("1:2", "1:", "") ", " CLASS("1:3", "1:2", "")));
	assert_int_equal(harness_apply(h, ETH0(HTB " ); class = ( " CLASS("1:1", "1:", "") ", "
					       CLASS("1:2", "1:1", "") ", " CLASS("1:3", "1:2", ""))),
			 -EINVAL);
	assert_contains(h->text, "[class-move]");
}

static void classes_come_back_after_their_discipline(void **state)
{
	static const char tree[] = CLASS("1:1", "1:", "") ", " CLASS("1:20", "1:1", "");
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, ETH0(HTB_BELOW("") CLASS("1:1", "1:", "") ", " CLASS("1:20", "1:1", "")));
	/* Another default is another htb; and the limit below changes too. */
	_cleanup_free_ char *other = str_format(
		ETH0("{ kind = \"htb\"; handle = \"1:\"; default = \"1:20\"; }, "
		     "{ parent = \"1:20\"; kind = \"pfifo\"; limit = 8; } ); class = ( %s"), tree);
	harness_must_apply(h, other);
	expect_settled(h);
	expect_has(h, "eth0", "\"limit\": 8");
	expect_has(h, "eth0", "\"default\": \"1:20\"");
	harness_exec(h, "tc qdisc del dev eth0 root");
	harness_settle(h);
	expect_has(h, "eth0", "\"classid\": \"1:20\"");
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, other);
	assert_int_equal(harness_requests(h), 0);
}

static void warned(struct harness *h, const char *text, const char *want)
{
	static const char *const conf[] = { "conf" };
	struct config_paths paths = { .paths = conf, .n = 1 };
	struct errors e = { 0 }, warnings = { 0 };
	struct generation *g = NULL;

	harness_file(h, "conf/a.conf", text);
	assert_int_equal(config_load(&paths, &e, &g), 0);
	config_warn(g, h->engine->mirror->seen, &warnings);
	assert_int_equal(warnings.n, want ? 1 : 0);
	if (want)
		assert_contains(warnings.lines[0], want);
	generation_free(g);
	errors_done(&warnings);
	errors_done(&e);
}

/* It is allowed: a schedule may have a window for it. */
static void ptp_behind_a_gate_is_warned_of(void **state)
{
	struct harness *h = harness_begin(state, "eth0");

	warned(h, ETH0("{ " TAPRIO GATES "} ); tsn = { ptp_priority = 1; }; routes = ("),
	       "eth0: qdisc root taprio: schedule: class 1 carries PTP (priority 1), and its gate is "
	       "closed for 300us");
	warned(h, ETH0("{ " TAPRIO "schedule = ( { gates = 7; interval = \"1ms\"; } ); } ); "
		       "tsn = { ptp_priority = 1; }; routes = ("), NULL);
	warned(h, ETH0("{ " TAPRIO GATES "}"), NULL);
}

static void max_sdu_is_below_the_mtu(void **state)
{
	_cleanup_free_ char *got = load(*state, "interfaces = ( { name = \"eth0\"; mtu = 1000; "
					"qdisc = { " TAPRIO GATES "max_sdu = [ 1500 ]; }; } );\n");

	assert_contains(got, "conf/a.conf:1: eth0: qdisc root taprio: max_sdu: 1500 of class 0 is "
			     "above the MTU of 1000 [taprio-max-sdu]");
}

static void one_queue_is_refused_before_anything_is_touched(void **state)
{
	struct harness *h = *state;

	harness_need_fake(h);
	harness_nic(h, "eth0");
	fake_queues(h->fake, "eth0", 1);
	harness_start(h);
	assert_int_equal(harness_apply(h, ETH0("{ kind = \"mqprio\"; " CLASSES "}")), -EINVAL);
	assert_contains(h->text, "conf/a.conf:1: eth0: qdisc root mqprio: the device has one "
				 "transmit queue");
	assert_int_equal(harness_requests(h), 0);
	fake_queues(h->fake, "eth0", 3);
	harness_settle(h);
	assert_int_equal(harness_apply(h, ETH0("{ " TAPRIO GATES "}")), -EINVAL);
	assert_contains(h->text, "\"2@2\" of class 2: the device has 3 transmit queues [queues-few]");
	assert_int_equal(harness_requests(h), 0);
}

static void a_change_is_in_place_where_it_can_be(void **state)
{
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, ETH0("{ " TAPRIO GATES "}"));
	expect_settled(h);
	assert_text(harness_plan_of(h, ETH0("{ " TAPRIO
			"schedule = ( { gates = 7; interval = \"1ms\"; } ); }")),
		    "qdisc        eth0: qdisc root taprio: schedule: "
		    "( { gates = 1; interval = \"300us\"; }, { gates = 6; interval = \"700us\"; } ) -> "
		    "( { gates = 7; interval = \"1ms\"; } )\n");
	assert_text(harness_plan_of(h, ETH0("{ kind = \"taprio\"; clock = \"MONOTONIC\"; " CLASSES GATES "}")),
		    "qdisc        eth0: qdisc root taprio: clock: TAI -> MONOTONIC (recreate)\n");
	assert_text(harness_plan_of(h, ETH0("{ kind = \"fq_codel\"; }")),
		    "qdisc        eth0: qdisc: root taprio -> root fq_codel (recreate)\n");
	harness_must_apply(h, ETH0("{ kind = \"taprio\"; clock = \"MONOTONIC\"; " CLASSES GATES "}"));
	expect_has(h, "eth0", "MONOTONIC");
	harness_must_apply(h, ETH0("{ kind = \"fq_codel\"; }"));
	expect_has(h, "eth0", "fq_codel");
	expect_lacks(h, "eth0", "taprio");
}

static void a_new_base_time_cycles_later_is_no_change(void **state)
{
	struct harness *h = harness_begin(state, "eth0");
	_cleanup_free_ char *plan = NULL;

	harness_must_apply(h, ETH0("{ " TAPRIO GATES "cycle_time = \"1ms\"; base_time = 5; }"));
	assert_text(harness_plan_of(h, ETH0("{ " TAPRIO GATES
			"cycle_time = \"1ms\"; base_time = 7000005; }")), "");
	/* One in the past was moved to a boundary to come. */
	plan = harness_plan_of(h, ETH0("{ " TAPRIO GATES
			"cycle_time = \"1ms\"; base_time = 7000006; }"));
	assert_contains(plan, "000005 -> 7000006\n");
}

/* The kernel stops a schedule whose link goes: its own doing, and not another hand's. */
/* The kernel would take more, and could not tell of them. */
static void long_schedules(void **state)
{
	for (unsigned lines = 400; lines <= 401; lines++) {
		_cleanup_free_ char *got = NULL, *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		fprintf(out, "interfaces = ( { name = \"eth0\"; qdisc = { " TAPRIO "schedule = (");
		for (unsigned n = 0; n < lines; n++)
			fprintf(out, "%s{ gates = 7; interval = \"1ms\"; }", n ? ", " : "");
		fprintf(out, "); }; } );\n");
		fclose(out);
		got = load(*state, text);
		if (lines == 400)
			assert_null(got);
		else
			assert_contains(got, "401 lines: the kernel takes them, but cannot tell of more "
					     "than 400 [taprio-length]");
	}
}

static void a_lost_link_arms_it_again_and_is_no_drift(void **state)
{
	struct harness *h = harness_begin(state, "eth0");
	uint64_t before;

	if (!h->fake)
		skip();
	harness_must_apply(h, ETH0("{ kind = \"taprio\"; " CLASSES GATES "clock = \"MONOTONIC\"; }"));
	fake_carrier(h->fake, "eth0", true);
	harness_settle(h);
	before = harness_requests(h);
	fake_carrier(h->fake, "eth0", false);
	harness_settle(h);
	expect_has(h, "eth0", "\"wait-link\"");
	assert_int_equal(harness_requests(h), before);
	fake_carrier(h->fake, "eth0", true);
	harness_settle(h);
	assert_int_equal(harness_requests(h), before + 1);
	expect_has(h, "eth0", "\"armed_again\": 1");
	expect_settled(h);
	assert_null(drift_last(model_find(h->engine->current->want, "eth0")));
	/* Along with a change after which all is read anew, and no notification tells of it. */
	fake_carrier(h->fake, "eth0", false);
	harness_settle(h);
	fake_carrier(h->fake, "eth0", true);
	harness_must_apply(h, ETH0("{ kind = \"taprio\"; " CLASSES GATES "clock = \"MONOTONIC\"; } ); "
				   "ipv4 = { forwarding = true; }; routes = ("));
	expect_has(h, "eth0", "\"armed_again\": 2");
	expect_settled(h);
}

static void what_others_hung_there_comes_back_after_it(void **state)
{
	static const char tree[] = ETH0("{ kind = \"prio\"; handle = \"1:\"; }, "
					"{ parent = \"1:1\"; kind = \"prio\"; handle = \"2:\"; }, "
					"{ parent = \"2:3\"; kind = \"fq_codel\"; }");
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, tree);
	/* The kernel tells of the root only. */
	harness_exec(h, "tc qdisc del dev eth0 root");
	harness_settle(h);
	expect_has(h, "eth0", "2:3");
	expect_settled(h);
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, tree);
	assert_int_equal(harness_requests(h), 0);
}

static void ours_goes_and_only_ours(void **state)
{
	struct harness *h = harness_begin(state, "eth0 eth1");

	harness_exec(h, "tc qdisc add dev eth1 root fq_codel");
	harness_must_apply(h, ETH0("{ kind = \"fq_codel\"; }"));
	harness_kill(h);
	harness_start(h);
	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; }, { name = \"eth1\"; } );\n");
	expect_lacks(h, "eth0", "fq_codel");
	expect_has(h, "eth1", "fq_codel");
}

static void a_list_of_one_may_be_a_group(void **state)
{
	struct harness *h = harness_begin(state, "eth0");

	harness_must_apply(h, "interfaces = ( { name = \"eth0\"; qdisc = { kind = \"fq_codel\"; "
			      "limit = 99; }; } );\n");
	expect_has(h, "eth0", "\"limit\": 99");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARNESS_TEST(every_rule_has_a_name),
		HARNESS_TEST(rules_of_classes_too),
		HARNESS_TEST(rules_of_filters_too),
		HARNESS_TEST(circles_of_frames_are_told),
		HARNESS_TEST(only_the_filter_that_differs_changes),
		HARNESS_TEST(a_class_changes_in_place_and_moves_anew),
		HARNESS_TEST(classes_come_back_after_their_discipline),
		HARNESS_TEST(ptp_behind_a_gate_is_warned_of),
		HARNESS_TEST(max_sdu_is_below_the_mtu),
		HARNESS_TEST(one_queue_is_refused_before_anything_is_touched),
		HARNESS_TEST(a_change_is_in_place_where_it_can_be),
		HARNESS_TEST(a_new_base_time_cycles_later_is_no_change),
		HARNESS_TEST(long_schedules),
		HARNESS_TEST(a_lost_link_arms_it_again_and_is_no_drift),
		HARNESS_TEST(what_others_hung_there_comes_back_after_it),
		HARNESS_TEST(ours_goes_and_only_ours),
		HARNESS_TEST(a_list_of_one_may_be_a_group),
	};

	return harness_main("qdisc", tests, ARRAY_SIZE(tests));
}
