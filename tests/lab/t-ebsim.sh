#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stand-in switch: that the kernel's driver takes it for an 88E6341, that
# links, VLANs and addresses do what they do on one, and that it comes and goes
# without a trace. Configured with ip, bridge and ethtool only.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# now: milliseconds since boot, in $milliseconds.
now() {
	tap_now
	milliseconds=$((tap_time * 10))
}

# counter DEVICE NAME: one of ethtool's statistics.
counter() {
	ethtool -S "$1" | sed -n "s/^ *$2: //p"
}

# speed_is DEVICE SPEED
speed_is() {
	[ "$(cat "/sys/class/net/$1/speed" 2>/dev/null)" = "$2" ]
}

# shows PATTERN COMMAND...: the output has a line like that.
shows() {
	local pattern=$1 output
	shift
	output=$("$@" 2>&1)
	printf '%s\n' "$output"
	grep -q -e "$pattern" <<<"$output"
}

check "the switch comes" lab_espressobin || finish
for port in wan lan0 lan1; do
	check "$port is a port of eth0" test "$(cat /sys/class/net/$port/iflink)" = \
		"$(cat /sys/class/net/eth0/ifindex)"
done
check_equal "the cables' ends are out of the way" "eth0 lan0 lan1 lo wan" \
	"$(basename -a /sys/class/net/*/ | tr '\n' ' ' | sed 's/ $//')"
check_equal "ports say which they are" "p1 p2 p3" \
	"$(cat /sys/class/net/{wan,lan0,lan1}/phys_port_name | tr '\n' ' ' | sed 's/ $//')"
check_equal "ports say of which switch" 1 \
	"$(cat /sys/class/net/{wan,lan0,lan1}/phys_switch_id | sort -u | wc -l)"
check_equal "the conduit speaks EDSA" edsa "$(cat /sys/class/net/eth0/dsa/tagging)"
check "the driver knows the chip" shows "Marvell 88E6341" dmesg
check "devlink knows the chip" shows 88E6341 devlink dev info mdio_bus/ebsim:01

note "links"
ip link set lan0 up
check_eventually 2 "lan0 gets a carrier" lab_carrier lan0
check_eventually 1 "at 1000 Mb/s" speed_is lan0 1000
check "over twisted pair" shows "Port: Twisted Pair" ethtool lan0

# By an interrupt, not by the PHY's poll of once a second; the best of some, for the machine may be
# busy.
check "the PHYs have interrupts" shows 'lan0 .*PHY .*(irq=[0-9]*)' dmesg
best=
for _ in 1 2 3 4 5; do
	now
	begun=$milliseconds
	lab_cable lan0 out
	check_eventually 2 "a pulled cable takes the carrier away" lab_carrier lan0 0
	now
	took=$((milliseconds - begun))
	[ -n "$best" ] && [ "$best" -le $took ] || best=$took
	lab_cable lan0 in
	check_eventually 2 "a plugged cable brings it back" lab_carrier lan0
	[ "$best" -gt 300 ] || break
done
check "within 300 ms ($best)" test "$best" -le 300

lab_partner lan0 100
check_eventually 2 "a slower partner makes a slower link" speed_is lan0 100
lab_partner lan0 1000
check_eventually 2 "and a faster one a faster" speed_is lan0 1000
ethtool -s lan0 advertise 0x008
check_eventually 2 "advertising 100 only makes 100" speed_is lan0 100
ethtool -s lan0 autoneg on
check_eventually 2 "advertising all makes 1000" speed_is lan0 1000
ethtool -s lan0 speed 10 duplex full autoneg off
check_eventually 2 "forcing 10 makes 10" speed_is lan0 10
ethtool -s lan0 autoneg on
check_eventually 2 "and back" speed_is lan0 1000
ip link set lan0 down
check_eventually 1 "the far end sees a port that is down" \
	shows "Link detected: no" lab_at "$lab_street" ethtool x-lan0

lab_cable lan1 out
ip link set lan1 up
check "the cable test finds a cable that is not there" \
	shows "Pair A code Open Circuit" ethtool --cable-test lan1
lab_cable lan1 in
check_eventually 2 "and leaves the port as it was" lab_carrier lan1
check "the self test passes" shows "test result is PASS" ethtool -t lan1
ethtool --set-eee wan eee off
check "EEE can be off" shows "EEE status: disabled" ethtool --show-eee wan

lab_temperature lan0 70
check "PHYs have thermometers" shows '^70000$' cat /sys/class/hwmon/hwmon*/temp1_input

note "hosts"
ip link set wan up
ip address add 192.0.2.1/24 dev wan
lab_host isp wan 192.0.2.2/24
check_eventually 2 "a host behind wan reaches the router" lab_reach isp 192.0.2.1
# With a tag, which a port that stands alone has to keep.
ip link add link wan name wan.35 type vlan id 35
ip address add 198.51.100.1/24 dev wan.35
ip link set wan.35 up
lab_at isp ip link add link x-wan name x-wan.35 type vlan id 35
lab_at isp ip address add 198.51.100.2/24 dev x-wan.35
lab_at isp ip link set x-wan.35 up
check_eventually 2 "and on a VLAN" lab_reach isp 198.51.100.1

note "a bridge that does not look at VLANs"
ip link add br0 type bridge
ip link set lan0 up master br0
ip link set lan1 up master br0
ip link set br0 up
ip address add 10.0.0.1/24 dev br0
lab_host a lan0 10.0.0.2/24
lab_host b lan1 10.0.0.3/24
check_eventually 3 "hosts reach each other" lab_reach a 10.0.0.3
check_eventually 3 "and the router" lab_reach b 10.0.0.1
check_fails "but not what is behind wan" lab_reach a 192.0.2.2
lab_host_out a
lab_host_out b
ip link del br0

note "a bridge that does"
ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0
ip link set lan0 up master br0
ip link set lan1 up master br0
# 10: tagged on lan0, untagged on lan1. 20: tagged on both. 30: lan1 only.
bridge vlan add dev lan0 vid 10
bridge vlan add dev lan1 vid 10 pvid untagged
bridge vlan add dev lan0 vid 20
bridge vlan add dev lan1 vid 20
bridge vlan add dev lan1 vid 30
bridge vlan add dev br0 vid 10 self
ip link set br0 up
ip link add link br0 name br0.10 type vlan id 10
ip address add 10.0.10.1/24 dev br0.10
ip link set br0.10 up
lab_host a10 lan0 10.0.10.2/24 10
lab_host a20 lan0 10.0.20.2/24 20
lab_host a30 lan0 10.0.30.2/24 30
lab_host b20 lan1 10.0.20.3/24 20
lab_host b30 lan1 10.0.30.3/24 30
lab_host b10 lan1 10.0.10.3/24
check_eventually 3 "VLAN 10, tagged to untagged" lab_reach a10 10.0.10.3
check_eventually 3 "VLAN 10, untagged to tagged" lab_reach b10 10.0.10.2
check_eventually 3 "VLAN 10, to the router" lab_reach a10 10.0.10.1
check_eventually 3 "VLAN 20, tagged to tagged" lab_reach a20 10.0.20.3
check_fails "VLAN 20 has no router" lab_reach a20 10.0.10.1
check_fails "VLAN 30 does not leave through lan0" lab_reach b30 10.0.30.2
received=/sys/class/net/x-lan1.30/statistics/rx_packets
before=$(lab_at b30 cat $received)
lab_reach a30 10.0.30.3 >/dev/null
check_equal "and does not come in there" "$before" "$(lab_at b30 cat $received)"
lab_at b20 ip address add 10.0.10.20/24 dev x-lan1.20
check_fails "VLAN 10 does not reach VLAN 20" lab_reach a10 10.0.10.20

# Its cable's end moved from host to host meanwhile.
check "hosts keep their routes" shows 10.0.20.0/24 ip -n b20 route
lab_host c40 lan1 10.0.40.3/24 40
check "a host may join one that has no VLAN" shows 'x-lan1.40@' ip -n c40 link

mac=$(lab_at b20 cat /sys/class/net/x-lan1.20/address)
check "the switch learnt who is where" shows "^$mac dev lan1 .*self" bridge fdb show br br0
check "static addresses go into the switch" bridge fdb add 02:00:00:00:00:01 dev lan0 master static vlan 10
check_eventually 1 "and say so" shows '^02:00:00:00:00:01 dev lan0 vlan 10.*offload' bridge fdb show br br0
check_eventually 1 "and are there" shows '^02:00:00:00:00:01 .* 04$' lab_tables
check "VLANs are in the switch" shows '^  20 .*-tt' lab_tables

before=$(counter lan0 in_unicast)
lab_reach a20 10.0.20.3 >/dev/null
check "counters count what the router never sees" test "$(counter lan0 in_unicast)" -gt "$before"

bridge link set dev lan1 state 1
check_fails "a blocked port lets nothing through" lab_reach a20 10.0.20.3
bridge link set dev lan1 state 3
check_eventually 2 "a forwarding one does" lab_reach a20 10.0.20.3

for host in isp a10 a20 a30 b10 b20 b30 c40; do
	lab_host_out $host
done
ip link del br0

note "two ports as one"
ip link set lan0 down
ip link set lan1 down
ip link add bond9 type bond mode balance-xor miimon 100
ip link add br0 type bridge
ip link set lan0 master bond9
ip link set lan1 master bond9
ip link set bond9 up master br0
ip link set wan up master br0
ip link set br0 up
lab_host isp wan 10.0.0.1/24
ip netns add pair
ip -n pair link add bond0 type bond mode balance-xor miimon 100
for port in lan0 lan1; do
	ip -n "$lab_street" link set x-$port netns pair
	ip -n pair link set x-$port down
	ip -n pair link set x-$port master bond0
done
ip -n pair link set bond0 up
ip -n pair address add 10.0.0.2/24 dev bond0
check_eventually 4 "reach a host on another" lab_reach isp 10.0.0.2
check_fails "without frames coming twice" \
	shows duplicates lab_at isp ping -n -c 3 -i 0.1 10.0.0.2
check "and the switch knows them as one" shows "trunk 00" lab_tables

note "coming and going"
ip netns del pair
lab_host_out isp
ip netns del "$lab_street"
ip link del br0
ip link del bond9
lab_espressobin_out
check_fails "the switch goes, and its ports" test -e /sys/class/net/lan0

# come_and_go N: with the ports up, so that there is something to tear down.
come_and_go() {
	local i
	for ((i = 0; i < $1; i++)); do
		insmod "$LAB_MODULES/ebsim.ko" || return
		ip link set lan0 up && ip link set wan up || return
		rmmod ebsim || return
	done
}
check "comes and goes 20 times" come_and_go 20
check "the kernel did not complain" lab_kernel_complaints
check_fails "nothing is left in the device tree" test -e /proc/device-tree/ebsim

finish
