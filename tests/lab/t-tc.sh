#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Classes: a tree as tc(8) shows it, traffic in its class and at its rate, what
# they count, changes, drift, and their end.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
config() { daemon_config && netctl apply >/tmp/said 2>&1 || { cat /tmp/said; false; }; }
# tc's -j is none for classes.
classes() { tc class show dev near | sed -n 's/^class htb \(.*\) burst.*/\1/p' | sed 's/leaf [^ ]* //' | sort; }
counted() { # GROUP INSTANCE COUNTER, as netctl stats has it
	netctl stats --json near | jq --arg g "$1" --arg i "$2" --arg c "$3" \
		'[.interfaces[0].statistics[] | select(.group == $g and .instance == $i)][0].counters[$c]'
}

ip link add near type veth peer name far
ip netns add host
ip link set far netns host
ip -n host link set far up
ip -n host address add 192.0.2.2/24 dev far
echo 'interfaces = ();' | daemon_config
daemon_start -v
daemon_settled

near='name = "near"; addresses = [ "192.0.2.1/24" ];'
tree() { # DEFAULT RATE
	echo "interfaces = ( { $near
		qdisc = ( { kind = \"htb\"; handle = \"1:\"; default = \"$1\"; },
			{ parent = \"1:20\"; kind = \"fq_codel\"; handle = \"20:\"; } );
		class = ( { classid = \"1:1\"; rate = \"8Mbit\"; },
			{ classid = \"1:10\"; parent = \"1:1\"; rate = \"$2\"; ceil = \"8Mbit\"; prio = 1; },
			{ classid = \"1:20\"; parent = \"1:1\"; rate = \"2Mbit\"; } ); } );"
}
check "a tree of classes" config < <(tree 1:10 1Mbit)
check_equal "as tc has it" "1:1 root rate 8Mbit ceil 8Mbit
1:10 parent 1:1 prio 1 rate 1Mbit ceil 8Mbit
1:20 parent 1:1 prio 0 rate 2Mbit ceil 2Mbit" "$(classes)"
check_eventually 3 "the host is reached" lab_reach host 192.0.2.1
before=$(counted class 1:10 packets)
ping -n -q -c 5 -i 0.01 192.0.2.2 >/dev/null
check "what no filter sends to a class is in the default one" [ "$(counted class 1:10 packets)" -ge $((before + 5)) ]
check_equal "counters of a class are tc's" "$(tc -s class show dev near | sed -n '/htb 1:10 /,/Sent/ s/.* bytes \([0-9]*\) pkt.*/\1/p')" "$(counted class 1:10 packets)"
check_equal "those of a discipline too" "$(tc -s -j qdisc show dev near | jq '.[] | select(.handle == "1:").packets')" "$(counted qdisc 1: packets)"
check "and one hangs on a class" [ "$(counted qdisc 20: packets)" -ge 0 ]

# 8 Mbit: 250 frames of 1442 bytes take 360 ms.
begin=$(date +%s%N)
ping -n -q -f -c 250 -s 1400 -l 250 192.0.2.2 >/dev/null
ms=$((($(date +%s%N) - begin) / 1000000))
note "250 frames of 1442 bytes at 8 Mbit/s: $ms ms"
check "the rate holds" [ "$ms" -ge 300 ]

check "a rate changes in place" config < <(tree 1:10 4Mbit)
check "as tc has it" grep -q '^1:10 .*rate 4Mbit' <(classes)
check "another default: all is made anew, at once" config < <(tree 1:20 4Mbit)
check_equal "with its classes" 3 "$(classes | wc -l)"
check_equal "and what hangs on them" fq_codel "$(tc -j qdisc show dev near | jq -r '.[] | select(.handle == "20:").kind')"
tc class del dev near classid 1:10
check_eventually 3 "a class that another hand removed is back" sh -c 'tc class show dev near | grep -q "htb 1:10 "'
tc qdisc del dev near root
check_eventually 3 "and the tree with all" sh -c 'tc qdisc show dev near | grep -q "fq_codel 20:" && tc class show dev near | grep -q "htb 1:10 "'
check_eventually 3 "nothing is left to do" sh -c 'netctl plan --json | jq -e ".steps == []" >/dev/null'
daemon_stop
daemon_stopped
daemon_start -v
daemon_settled
check_equal "a restart asks for no change" "settled; asked of the kernel so far: 0 changes" \
	"$(grep -o 'settled; .* changes' "$daemon_log" | head -1)"
check "it goes" config <<<"interfaces = ( { $near } );"
check_equal "and nothing is left" "" "$(tc class show dev near)"
daemon_stop
finish
