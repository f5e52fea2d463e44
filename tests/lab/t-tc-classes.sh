#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What each class of taprio, mqprio and htb counts, as netctl stats has it: frames of
# two classes, each in its own counters, and those that are dropped below one of them.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"

tc_wire

# send PRIORITY N: frames of 1042 bytes at once, which no resolution of addresses goes before
send() {
	python3 - "$@" <<-EOF
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, int(sys.argv[1], 0))
	for n in range(int(sys.argv[2])):
	    s.sendto(bytes(1000), ("192.0.2.2", 9))
	EOF
}
more() { # CLASS COUNTER: since there were as many as in $before
	echo $(($(counted class "$1" "$2") - ${before[$2]}))
}
remember() { # CLASS
	for counter in packets bytes drops; do
		before[$counter]=$(counted class "$1" "$counter")
	done
}
declare -A before
is_more() { [ "$(more "$1" "$2")" = "$3" ]; }
# All that was sent, one way or the other. What waits is told in bytes by every class: a traffic class
# of mqprio has a qlen of 0 (mqprio_dump_class_stats()).
accounted() { # CLASS N
	[ $(($(more "$1" packets) + $(more "$1" drops) + $(counted class "$1" backlog) / 1042)) = "$2" ]
}

# counts KIND ENTRIES CLASS PRIORITY CLASS PRIORITY CHILD: the second has nothing but ours
counts() {
	local kind=$1 groups=$2 first=$3 p1=$4 second=$5 p2=$6 parent=$7 entry
	entry='name = "near"; addresses = [ "192.0.2.1/24" ];'
	check "$kind" config <<<"interfaces = ( { $entry ${groups/CHILD/} } );"
	ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev near
	remember "$second"
	send "$p2" 7
	check_eventually 5 "$kind: frames of a class are counted there" is_more "$second" packets 7
	check_equal "$kind: with their bytes" 7294 "$(more "$second" bytes)"
	remember "$first"
	send "$p1" 5
	at_least() { [ "$(more "$first" packets)" -ge 5 ]; } # the network is never quite silent
	check_eventually 5 "$kind: those of the other in the other" at_least
	remember "$second"
	check_equal "$kind: and not here" 0 "$(send "$p1" 5; more "$second" packets)"
	# One frame leaves, and the next 48 s later.
	check "$kind: a queue of two frames below a class" config <<<"interfaces = ( { $entry ${groups/CHILD/,
		\{ parent = \"$parent\"; kind = \"tbf\"; rate = \"80bit\"; burst = 1600; limit = 2200; \}} } );"
	remember "$second"
	send "$p2" 50
	check_eventually 5 "$kind: what it sent, keeps and dropped is what there was" accounted "$second" 50
	check "$kind: most was dropped" [ "$(more "$second" drops)" -ge 40 ]
	note "$kind: $(more "$second" packets) sent, $(more "$second" drops) dropped"
	check "$kind goes" config <<<"interfaces = ( { $entry } );"
}

counts taprio 'qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ];
	clock = "MONOTONIC"; schedule = ( { gates = 0x3; interval = "10ms"; } ); } CHILD );' 1:1 0 1:2 1 1:2
counts mqprio 'qdisc = ( { kind = "mqprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ]; }
	CHILD );' 1:ffe0 0 1:ffe1 1 1:2
counts htb 'qdisc = ( { kind = "htb"; handle = "1:"; default = "1:10"; } CHILD );
	class = ( { classid = "1:10"; rate = "8Mbit"; }, { classid = "1:20"; rate = "8Mbit"; } );' 1:10 0 1:20 0x10020 1:20

# What is longer than its class may send is dropped before it is of a class.
check "taprio with a longest frame" config <<<'interfaces = ( { name = "near"; addresses = [ "192.0.2.1/24" ];
	qdisc = { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ]; clock = "MONOTONIC";
	max_sdu = [ 0, 600 ]; schedule = ( { gates = 0x3; interval = "10ms"; } ); }; } );'
ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev near
send 1 9
check_equal "the discipline counts them" 9 "$(counted qdisc 1: drops)"
check_equal "and no class" 0 "$(counted class 1:2 packets)"
daemon_stop
finish
