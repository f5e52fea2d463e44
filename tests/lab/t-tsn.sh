#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taprio on a port: in software, with txtime-assist, offloaded; changed while it
# runs; what the kernel then has; and the chart.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=

ip link add tsn0 numtxqueues 4 type veth peer name tsn0-far
ip link set tsn0-far up
ip link add tsn1 numtxqueues 4 type veth peer name tsn1-far
ip link set tsn1-far up
lab_netdevsim 1 4
nsim=$(ls /sys/bus/netdevsim/devices/netdevsim1/net)

# configure INTERVAL: of the first window of tsn0
configure() {
	daemon_config <<-EOF
	interfaces = (
	  { name = "tsn0"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 3; map = [ 0, 1, 2 ];
	      queues = [ "1@0", "1@1", "2@2" ]; clock = "TAI"; base_time = "0";
	      schedule = ( { gates = 0x1; interval = "$1"; }, { gates = 0x6; interval = "70ms"; } );
	      max_sdu = [ 0, 600 ]; } ); },
	  { name = "tsn1"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ];
	      queues = [ "1@0", "1@0" ]; clock = "TAI"; offload = "txtime-assist"; txtime_delay = "500us";
	      schedule = ( { gates = 0x3; interval = "1ms"; } ); },
	    { parent = "1:1"; kind = "etf"; handle = "10:"; clock = "TAI"; delta = 300000;
	      skip_sock_check = true; } ); },
	  { name = "$nsim"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ];
	      queues = [ "1@0", "1@1" ]; offload = "full";
	      schedule = ( { gates = 0x1; interval = "250us"; }, { gates = 0x2; interval = "750us"; } ); } ); }
	);
	EOF
}
configure 30ms
daemon_start -v
check "three ports with schedules" daemon_settled
cat "$daemon_log" | grep -v '^settled' | tail -n 5

shows() { # DEVICE PATTERN
	tc -d qdisc show dev "$1" root | tr '\n' ' ' | grep -Eq "$2"
}
check "in software" shows tsn0 'clockid TAI.*gatemask 0x1 interval 30000000.*gatemask 0x6 interval 70000000'
check "with txtime-assist" shows tsn1 'flags 0x1.*txtime delay 500000'
check "and etf below it" sh -c 'tc qdisc show dev tsn1 | grep -q "etf 10: parent 1:1"'
check "offloaded" shows "$nsim" 'flags 0x2.*gatemask 0x1 interval 250000'

before=$(daemon_requests)
daemon_reload
check "a reload with nothing changed" daemon_settled
check_equal "asks for nothing" "$before" "$(daemon_requests)"

# The chart.
check "the chart" sh -c 'netctl tsn tsn0 >/tmp/chart'
check "a class with 30% of the link" grep -Eq '^ +0 .* 30% alone  30%  waits 70ms' /tmp/chart
check "and one with 70%, with another" grep -Eq '^ +2 .* 70% alone   0%  waits 30ms' /tmp/chart
check "as JSON" sh -c 'netctl tsn --json >/tmp/json'
check_equal "of three ports" "3" "$(jq '.ports | length' /tmp/json)"
check_equal "with their windows" "[[30000000,100000000]]" \
	"$(jq -c '.ports[] | select(.name == "tsn0").classes[1].windows | map(map(floor))' /tmp/json)"
check "as a picture" sh -c 'netctl tsn --svg >/tmp/svg && grep -c "<rect" /tmp/svg | grep -qv "^0"'
check "which is XML" python3 -c 'import xml.dom.minidom as d; d.parse("/tmp/svg")'
check "the schedule on the bus" sh -c 'busctl --json=short get-property org.netctl1 /org/netctl1/link/tsn0 \
	org.netctl1.Link Qdisc | jq -e ".data[0].schedule.data[0].gates.data == 1"'

# One interval changed while frames pass: the kernel's own change-over, nothing is made anew.
ip addr add 192.0.2.1/24 dev tsn0
ip netns add far
ip link set tsn0-far netns far
ip -n far addr add 192.0.2.2/24 dev tsn0-far
ip -n far link set tsn0-far up
check_eventually 10 "the other end answers" ping -c 1 -w 5 -q 192.0.2.2
ping -q -i 0.05 -c 40 192.0.2.2 >/tmp/ping &
ping=$!
sleep 0.3
configure 40ms
netctl plan >/tmp/plan
check "the plan: one setting, live" sh -c '[ "$(wc -l </tmp/plan)" = 1 ] && ! grep -q recreate /tmp/plan'
daemon_reload
check "changed" daemon_settled
check_eventually 2 "the kernel has it" shows tsn0 'gatemask 0x1 interval 40000000'
wait $ping
check "no frame was lost" grep -q ' 0% packet loss' /tmp/ping

# The link goes and comes: the kernel has stopped the schedule, and nothing would leave.
ip -n far link set tsn0-far down
sleep 0.3
ip -n far link set tsn0-far up
check_eventually 5 "after a bounce of the link the other end answers again" ping -c 1 -w 2 -q 192.0.2.2
check_eventually 3 "and the schedule is said to run" sh -c 'netctl show tsn0 --json | grep -q "\"stalled\": *false"'

# What another hand does to it is put back.
tc qdisc del dev tsn1 root
check_eventually 3 "the schedule is back" shows tsn1 'flags 0x1'
check_eventually 3 "and what was below it" sh -c 'tc qdisc show dev tsn1 | grep -q "etf 10: parent 1:1"'

echo 'interfaces = ();' | daemon_config
daemon_reload
check "without a configuration" daemon_settled
check_equal "no schedule is left" "" "$(tc qdisc show | grep taprio)"
check "and the chart says so" sh -c 'netctl tsn 2>&1 | grep -q "no port has"'
finish
