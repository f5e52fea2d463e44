#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Frames of each class leave in their windows only: with taprio in software, with
# txtime-assist and etf, and while the schedule is changed. Times are measured; the
# histograms are in the output.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

gates=$(dirname "$0")/gates.py
lab_dbus
daemon_bus=

for n in 0 1; do
	ip link add tsn$n numtxqueues 4 type veth peer name tsn$n-far
	ip netns add far$n
	ip link set tsn$n-far netns far$n
	ip -n far$n link set tsn$n-far up
done

# configure FIRST SECOND THIRD: milliseconds of the windows of the classes 0, 1 and 2
configure() {
	daemon_config <<-EOT
	interfaces = (
	  { name = "tsn0"; tsn = { wait_clock = "no"; };
	    qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 3; map = [ 0, 1, 2 ];
	      queues = [ "1@0", "1@1", "2@2" ]; clock = "TAI"; base_time = "0";
	      schedule = ( { gates = 0x1; interval = "$1ms"; }, { gates = 0x2; interval = "$2ms"; },
	                   { gates = 0x4; interval = "$3ms"; } ); } ); },
	  { name = "tsn1"; tsn = { wait_clock = "no"; };
	    qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ];
	      queues = [ "1@0", "1@0" ]; clock = "TAI"; offload = "txtime-assist"; txtime_delay = "1ms";
	      schedule = ( { gates = 0x1; interval = "40ms"; }, { gates = 0x2; interval = "60ms"; } ); },
	    { parent = "1:1"; kind = "etf"; handle = "10:"; clock = "TAI"; delta = 1000000;
	      skip_sock_check = true; } ); }
	);
	EOT
}
configure 30 30 40
daemon_start -v
check "two ports with schedules" daemon_settled
running() {
	[ "$(netctl show "$1" --json | jq -r .tsn.state)" = running ]
}
check_eventually 3 "the one in software runs" running tsn0
check_eventually 3 "the one with txtime-assist runs" running tsn1

# receive N: what comes through tsnN from now on is in /tmp/came
receive() {
	rm -f /tmp/came
	ip netns exec "far$1" "$gates" receive "tsn$1-far" /tmp/came &
	receiver=$!
	eventually 10 test -e /tmp/came
}
received() {
	kill $receiver
	wait $receiver
}
# measure N SECONDS CLASSES: frames through tsnN; how many were sent is in sent
measure() {
	receive "$1"
	sent=$("$gates" send "tsn$1" "$2" "$3")
	received
}
base() {
	netctl show "$1" --json | jq -r .tsn.effective_base_time
}
# in_windows SCHEDULE [FROM [TO]]: no frame left outside, but those that came late because the machine
# stood still, and they are not most of them; the histogram
in_windows() {
	"$gates" judge /tmp/came "$@" >/tmp/judged
	awk '/^# frames/ { exit !($3 > 30 && $5 == 0 && $7 * 2 < $3) }' /tmp/judged
}

histogram() {
	cat /tmp/judged
}

measure 0 3 3
check "in software each class leaves in its window" in_windows "0:1/30,2/30,4/40"
histogram
check_equal "and no frame is lost" 0 "$("$gates" lost /tmp/came "$sent")"
check_fails "(elsewhere it would be seen)" in_windows "0:2/30,4/30,1/40" >/dev/null
measure 1 3 2
check "with txtime-assist each class leaves in its window" in_windows "0:1/40,2/60"
histogram
# What has missed its time, etf drops; the lab's ticks are coarse.
lost=$("$gates" lost /tmp/came "$sent")
check "no frame is lost but those that etf has dropped as late" [ "$lost" -le "$(tc -s qdisc show dev tsn1 parent 1:1 | sed -n 's/.*dropped \([0-9]*\),.*/\1/p')" ]
note "etf dropped $lost of $((2 * sent))"

# One interval is changed while frames pass; the cycle stays, or bounds would move.
receive 0
"$gates" send tsn0 120 3 >/tmp/sent &
sender=$!
came() { [ "$(wc -l </tmp/came)" -gt "$1" ]; }
check_eventually 10 "frames pass" came 0
sleep 1
configure 30 50 20
netctl plan >/tmp/plan
check "the plan: one line, live" sh -c '[ "$(wc -l </tmp/plan)" = 1 ] && ! grep -q recreate /tmp/plan'
told=$(python3 -c 'import time; print(time.clock_gettime_ns(11))')
daemon_reload
check "changed" daemon_settled
announced=$(base tsn0)
"$gates" until $((announced + 2000000000))
kill $sender
wait $sender
received
check_equal "no frame is lost" 0 "$("$gates" lost /tmp/came "$(cat /tmp/sent)")"
check "before it was told of: the old windows" in_windows "0:1/30,2/30,4/40" 0 "$told"
histogram
check "from the base time that was announced: the new ones" \
	in_windows "$announced:1/30,2/50,4/20" $((announced + 2000000))
histogram
note "announced $(((announced - told) / 1000000)) ms after it was asked for"
# setup_first_end_time(): what runs is forgotten, and until its interval ends all gates are open.
"$gates" judge /tmp/came "0:1/30,2/30,4/40" "$told" "$announced" | sed 's/^[# ]*/# between: /'
"$gates" edge /tmp/came "$announced" | sed 's/^/# /'

# What each class and the schedule count.
netctl stats tsn0 --json >/tmp/stats
check "what each class counts" jq -e '[.. | .class? // empty | .. | .packets? // empty] | add > 100' /tmp/stats

check_fails "nothing of it is drift" grep -q '^drift' "$daemon_log"
finish
