#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Filters below the root: at disciplines that hang on classes, and at classes of htb; frames go
# where they say; they come, change and go with what they stand on.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"

tc_wire

# 1: htb - 1:1 - 1:10, 1:11 (prio 10: - 10:2 fq_codel 30:); 1:20 (ets 20:)
disciplines='{ kind = "htb"; handle = "1:"; default = "1:20"; },
	{ kind = "prio"; parent = "1:11"; handle = "10:"; },
	{ kind = "fq_codel"; parent = "10:2"; handle = "30:"; },
	{ kind = "ets"; parent = "1:20"; handle = "20:"; bands = 4; }'
classes='{ classid = "1:1"; rate = "100Mbit"; }, { classid = "1:20"; rate = "10Mbit"; },
	{ classid = "1:10"; parent = "1:1"; rate = "10Mbit"; }, { classid = "1:11"; parent = "1:1"; rate = "10Mbit"; }'
tree() { # FILTER...
	local IFS=,
	echo "interfaces = ( { name = \"near\"; qdisc = ( $disciplines ); class = ( $classes ); filter = ( $* ); } );"
}
f() { # PARENT PREF PORT CLASS
	echo "{ kind = \"flower\"; parent = \"$1\"; pref = $2; protocol = \"ip\"; ip_proto = \"udp\"; dst_port = $3; classid = \"$4\"; }"
}
port_of() { # PARENT: what tc has there
	tc -j filter show dev near parent "$1" | jq -r '[.[] | select(.options.handle == 172) |
		"\(.pref) \(.options.keys.dst_port) \(.options.classid)"] | join(", ")'
}
all=("$(f root 1 7 1:1)" "$(f 1:1 1 7 1:11)" "$(f 10: 1 7 10:2)" "$(f 30: 1 7 30:3)" "$(f 20: 1 9 20:2)")
shown() { echo "$(port_of 1:)|$(port_of 1:1)|$(port_of 10:)|$(port_of 30:)|$(port_of 20:)"; }
is_all() { [ "$(shown)" = "1 7 1:1|1 7 1:11|1 7 10:2|1 7 30:3|1 9 20:2" ]; }
tree "${all[@]}" | daemon_config
check "the plan" sh -c 'netctl plan >/tmp/plan'
check "each filter behind all that it stands on" sh -c \
	'[ "$(grep -n "filter: - ->" /tmp/plan | head -n 1 | cut -d : -f 1)" -gt "$(grep -nE "(qdisc|class): - ->" /tmp/plan | tail -n 1 | cut -d : -f 1)" ]'
check "filters at a class and at inner disciplines" netctl apply
check_equal "as tc has them" "1 7 1:1|1 7 1:11|1 7 10:2|1 7 30:3|1 9 20:2" "$(shown)"
check "nothing is left to do" sh -c 'netctl plan --json | jq -e ".steps == []" >/dev/null'
netctl export near >/tmp/exported.conf
check "what is exported is a configuration" netctl check /tmp/exported.conf
check_equal "with the places" '10:,1:1,20:,30:,root' \
	"$(netctl show near --json | jq -r '[.filter[].parent] | sort | join(",")')"

# Frames: by the root's filter to 1:1, by that class's to 1:11, by prio's to 10:2, by fq_codel's to 30:3.
ip address add 192.0.2.1/24 dev near
ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near
packets() { tc -s class show dev near | sed -n "/class $1 /,/Sent/ s/.* bytes \([0-9]*\) pkt.*/\1/p"; }
went() { # what CLASS counts after frames to PORT went
	local before after
	before=$(packets "$1")
	for _ in 1 2 3 4 5; do echo frame >/dev/udp/192.0.2.2/"$2"; done
	after=$(packets "$1")
	note "$1: $before, then $after"
	[ "$after" -ge $((before + 5)) ]
}
check "frames go by the filters of a class" went "htb 1:11" 7
check "and of the discipline below it" went "prio 10:2" 7
check "and of the one at the other class" went "ets 20:2" 9
filters_counted() { netctl stats --json near | jq --arg i "$1" '[.interfaces[0].statistics[] | select(.group == "filter" and .instance == $i)] | length'; }
with_action='{ kind = "flower"; parent = "10:"; pref = 5; protocol = "arp"; skbedit_mark = 5; classid = "10:1"; }'
check "one with an action" config < <(tree "${all[@]}" "$with_action")
check_equal "is counted under its place" 1 "$(filters_counted '10: 5')"

check "one changes in place" config < <(tree "${all[@]:0:4}" "$(f 20: 1 9 20:3)")
check_equal "as tc has it" "1 9 20:3" "$(port_of 20:)"
check "and back" config < <(tree "${all[@]}")
check "all is as it was" is_all

# With what they stand on.
tc qdisc del dev near parent 1:11
check_eventually 20 "a discipline that another hand removed is back, with its filters and those below" is_all
tc filter del dev near parent 1:1
check_eventually 20 "filters of a class that another hand removed are back" is_all
disciplines=${disciplines/kind = \"prio\"/kind = \"prio\"; bands = 4}
check "another discipline in its place" config < <(tree "${all[@]}")
check "with all that stood there" is_all
requests() { netctl status --json | jq '.requests // empty'; }
daemon_stop
daemon_stopped
daemon_start -v
daemon_settled
check_equal "a restart asks for no change" "settled; asked of the kernel so far: 0 changes" \
	"$(grep -o 'settled; .* changes' "$daemon_log" | head -1)"
# The kernel keeps a class to which a filter leads (qdisc_class_in_use()).
before=$classes
classes='{ classid = "1:1"; rate = "100Mbit"; }, { classid = "1:20"; rate = "10Mbit"; },
	{ classid = "1:10"; parent = "1:1"; rate = "10Mbit"; }, { classid = "1:12"; parent = "1:1"; rate = "10Mbit"; }'
disciplines=${disciplines/1:11/1:12}
check "a class goes, its filter leads to another" config < <(tree "$(f root 1 7 1:1)" "$(f 1:1 1 7 1:12)" "${all[@]:2}")
check_equal "as tc has it" "1 7 1:12" "$(port_of 1:1)"
check_equal "and it has gone" 0 "$(tc class show dev near | grep -c 'htb 1:11 ')"
disciplines=${disciplines/1:12/1:11}
classes=$before
check "and back" config < <(tree "${all[@]}")
check "all is as it was" is_all
check "they go, what they stand on stays" config < <(tree)
check_equal "none is left" "||||" "$(shown)"
check_equal "the disciplines are there" 4 "$(tc -j qdisc show dev near | jq length)"
check "again" config < <(tree "${all[@]}")
check "and all at once" config <<<'interfaces = ( { name = "near"; } );'
check_equal "nothing is left" "" "$(tc class show dev near)"
daemon_stop
finish
