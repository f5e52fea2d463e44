#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Classes and filters: a tree as tc(8) shows it, traffic in its class and at its
# rate, frames dropped, sent elsewhere, tagged; what they count, changes, drift,
# others' filters, and their end.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"

tc_wire near host
# tc's -j is none for classes.
classes() { tc class show dev near | sed -n 's/^class htb \(.*\) burst.*/\1/p' | sed 's/leaf [^ ]* //' | sort; }
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
class_packets() { tc -s class show dev near | sed -n '/htb 1:10 /,/Sent/ s/.* bytes \([0-9]*\) pkt.*/\1/p'; }
root_packets() { tc -s -j qdisc show dev near | jq '.[] | select(.handle == "1:").packets'; }
same() { [ "$("$1")" = "$(counted "${@:2}" packets)" ]; } # the network is never quite silent
check_eventually 3 "counters of a class are tc's" same class_packets class 1:10
check_eventually 3 "those of a discipline too" same root_packets qdisc 1:
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

# Filters.
filters() { # FILTER...: entries of near
	local IFS=,
	echo "interfaces = ( { $near qdisc = { kind = \"clsact\"; }; filter = ( $* ); } );"
}
reach() { ip netns exec host ping -n -q -c 1 -W 0.3 192.0.2.1; }
drop='{ kind = "flower"; pref = 10; protocol = "ip"; ip_proto = "icmp"; icmp_type = 8; src_ip = "192.0.2.2"; action = "drop"; }'
mark='{ kind = "flower"; pref = 20; protocol = "arp"; skbedit_mark = 5; }'
tc qdisc add dev near clsact
tc filter add dev near ingress pref 5 handle 1 protocol ip flower dst_ip 10.1.1.1 action drop
ip -n host neighbour flush all
check "filters" config < <(filters "$drop" "$mark")
check_fails "what is to be dropped is" reach
check "and counted" [ "$(counted filter 'ingress 10' drops)" -ge 1 ]
check_equal "as tc has it" "$(tc -s -j filter show dev near ingress | jq '[.[] | select(.pref == 10 and .options).options.actions[0].stats.drops] | add')" \
	"$(counted filter 'ingress 10' drops)"
marked=$(counted filter 'ingress 20' packets)
netctl export near >/tmp/exported.conf
check "what is exported is a configuration" netctl check /tmp/exported.conf
check "another matches" [ "$marked" -ge 1 ]
check "one changes" config < <(filters "${drop/drop/pass}" "$mark")
check_eventually 3 "and is another" reach
check "the others are the same" [ "$(counted filter 'ingress 20' packets)" -ge "$marked" ]
check "other hands' filters stay" sh -c 'tc filter show dev near ingress pref 5 | grep -q 10.1.1.1'
check "whether the hardware does it is shown" sh -c 'netctl show near --json | jq -e ".filter[0].in_hw == false" >/dev/null'

tc filter del dev near ingress pref 10
check_eventually 3 "a filter that another hand removed is back" sh -c 'tc filter show dev near ingress | grep -q "pref 10 flower.*handle 0xac"'
check "one is changed by another hand" tc filter replace dev near ingress pref 10 handle 0xac protocol ip \
	flower ip_proto icmp type 8 src_ip 192.0.2.9 skip_hw action skbedit mark 3
check_eventually 3 "and put right" sh -c '! tc filter show dev near ingress | grep -q -e 192.0.2.9 -e skip_hw -e "mark 3"'
check "one gets another key" config < <(filters "${drop/icmp_type = 8;/}" "$mark")
check "and has it" sh -c '! tc filter show dev near ingress | grep -q icmp_type'
tc filter del dev near ingress
check_eventually 3 "all of them" sh -c 'tc filter show dev near ingress | grep -q "pref 20 flower.*handle 0xac"'
tc filter add dev near ingress pref 5 handle 1 protocol ip flower dst_ip 10.1.1.1 action drop

# Where to.
ip link add sink type dummy
ip link set sink up
all='{ kind = "matchall"; pref = 30; redirect = "sink"; }'
check "all that comes in goes elsewhere" config < <(filters "$all")
ip -n host neighbour flush all
check_fails "so nobody answers" reach
check "they are there" [ "$(cat /sys/class/net/sink/statistics/tx_packets)" -ge 1 ]
ip link del sink
ip link add sink type dummy
ip link set sink up
check_eventually 3 "also when it comes back" sh -c 'ip netns exec host ping -n -q -c 1 -W 0.2 192.0.2.1
	[ "$(cat /sys/class/net/sink/statistics/tx_packets)" -ge 1 ]'
check "a tag on the way out" config < <(filters '{ kind = "flower"; parent = "egress"; pref = 1; protocol = "arp"; vlan_action = "push"; vlan_action_id = 5; vlan_action_priority = 3; }')
ip -n host link add link far name far.5 type vlan id 5
ip -n host link set far.5 up
ip neighbour flush all
ping -n -q -c 1 -W 0.2 192.0.2.2 >/dev/null
check "is there" [ "$(ip -n host -s -j link show far.5 | jq '.[0].stats64.rx.packets')" -ge 1 ]
check "a rate of packets" config < <(filters '{ kind = "flower"; pref = 1; protocol = "ip"; ip_proto = "icmp"; police_pkts_rate = 1; police_pkts_burst = 20; }')
ip netns exec host ping -n -q -f -c 200 -i 0.001 192.0.2.1 >/dev/null
over=$(counted filter 'ingress 1' overlimits)
note "of $(counted filter 'ingress 1' packets) packets $over beyond the rate"
check "holds" [ "$over" -ge 150 ]

check_fails "only in hardware, where there is none: refused" config < <(filters '{ kind = "matchall"; pref = 40; skip_sw = true; action = "drop"; }')
check "with the kernel's words" grep -q 'filter.*ingress 40 matchall.*Operation not supported' /tmp/said
check "and what was before is there" sh -c 'tc filter show dev near ingress | grep -q "pref 1 flower.*handle 0xac"'
check "again" config < <(filters "$mark" "$all")

daemon_stop
daemon_stopped
daemon_start -v
daemon_settled
check_equal "a restart asks for no change" "settled; asked of the kernel so far: 0 changes" \
	"$(grep -o 'settled; .* changes' "$daemon_log" | head -1)"
# A switch does some of it by itself.
lab_espressobin
hardware() { # FILTER: at lan0
	echo "interfaces = ( { $near qdisc = { kind = \"clsact\"; }; }, { name = \"lan1\"; },
		{ name = \"lan0\"; qdisc = { kind = \"clsact\"; }; filter = ( $1 ); } );"
}
check "in the switch" config < <(hardware '{ kind = "matchall"; pref = 10; mirror = "lan1"; skip_sw = true; }')
check_equal "as shown" '[true,true]' "$(netctl show lan0 --json | jq -c '.filter[0] | [.skip_sw, .in_hw]')"
check_fails "what it cannot is refused" config < <(hardware '{ kind = "flower"; pref = 10; protocol = "ip"; skip_sw = true; action = "drop"; }')
check "with the kernel's words" grep -q 'lan0: filter.*flower.*Operation not supported' /tmp/said
check "and what was before is there" sh -c 'tc filter show dev lan0 ingress | grep -q in_hw'
check "they go" config <<<"interfaces = ( { $near qdisc = { kind = \"clsact\"; }; } );"
check_equal "others' stay" 1 "$(tc filter show dev near ingress | grep -c 'handle 0x1 ')"
check_equal "ours do not" 0 "$(tc filter show dev near ingress | grep -c 'handle 0xac')"
daemon_stop
finish
