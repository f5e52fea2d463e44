#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What check passes of disciplines and filters settles: bursts at the edge of what the
# kernel's 32 bits of ticks hold, values it keeps in another form; what it cannot keep is
# refused. And a burst of a frame lets a frame through.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

ip link add near type veth peer name far
ip link set far up
again() {
	daemon_once -v && grep -q '^settled; asked of the kernel so far: 0 changes' "$daemon_log" || {
		cat "$daemon_log"
		false
	}
}
settles() { # TEXT GROUPS
	echo "interfaces = ( { name = \"near\"; $2 } );" | daemon_config
	check "$1" daemon_once
	check "$1: and stays" again
}
refused() { # TEXT GROUPS WORDS
	echo "interfaces = ( { name = \"near\"; $2 } );" | daemon_config
	check_fails "$1: refused" daemon_once
	check "$1: and why is said" grep -q -- "$3" "$daemon_log"
}
tbf() { echo "qdisc = { kind = \"tbf\"; limit = \"1MiB\"; $1 };"; }
htb() { echo "qdisc = { kind = \"htb\"; handle = \"1:\"; default = \"1:1\"; }; class = ( { classid = \"1:1\"; $1 } );"; }
filter() { echo "qdisc = { kind = \"clsact\"; }; filter = ( { kind = \"flower\"; pref = 1; $1 } );"; }

settles "tbf: the longest burst at 64 Kbit" "$(tbf 'rate = "64Kbit"; burst = 2199023;')"
refused "tbf: a longer one" "$(tbf 'rate = "64Kbit"; burst = "4MiB";')" '\[tbf-burst\]'
refused "tbf: less than mpu" "$(tbf 'rate = "1Mbit"; burst = 1600; mpu = 2000;')" '\[tbf-mpu\]'
settles "tbf: as much as mpu" "$(tbf 'rate = "1Mbit"; burst = 2000; mpu = 2000;')"
settles "htb: the slowest class, with its own bursts" "$(htb 'rate = "8bit";')"
refused "htb: a burst of more than 274 s" "$(htb 'rate = "64Kbit"; burst = "4MiB";')" '\[class-burst\]'
refused "htb: the same of ceil" "$(htb 'rate = "64Kbit"; cburst = "4MiB";')" '\[class-burst\]'
settles "htb: the longest" "$(htb 'rate = "64Kbit"; burst = 2199023; cburst = 2199023;')"

settles "netem: reordering without a gap" 'qdisc = { kind = "netem"; delay = "10ms"; reorder = "25%"; };'
check_equal "is one of each packet" 1 "$(tc -j qdisc show dev near | jq '.[0].options.gap')"
settles "netem: with the gap of 1" 'qdisc = { kind = "netem"; delay = "10ms"; reorder = "25%"; gap = 1; };'
settles "netem: with another" 'qdisc = { kind = "netem"; delay = "10ms"; reorder = "25%"; gap = 5; };'
refused "fq: a quantum that the kernel would not keep" 'qdisc = { kind = "fq"; quantum = 255; };' 'quantum: 255 is out of range'
settles "ets: quanta at both ends" 'qdisc = { kind = "ets"; quanta = [ 256, 1048576 ]; };'
quanta() { tc -j qdisc show dev near root | jq -c '.[0].options.quanta'; }
settles "ets: two bands with a quantum" 'qdisc = { kind = "ets"; bands = 2; quanta = [ 3000, 2000 ]; };'
check_equal "so it is" '[3000,2000]' "$(quanta)"
settles "ets: one of the two has none any more" 'qdisc = { kind = "ets"; bands = 2; quanta = [ 3000 ]; };'
check_equal "it has what it has by itself" '[3000,1514]' "$(quanta)"
settles "ets: neither has" 'qdisc = { kind = "ets"; bands = 2; quanta = [ 0 ]; };'
check_equal "so it is" '[1514,1514]' "$(quanta)"

settles "a tag of priority 0" "$(filter 'vlan_action = "push"; vlan_action_id = 5; vlan_action_priority = 0;')"
settles "and of none said" "$(filter 'vlan_action = "push"; vlan_action_id = 5;')"
settles "of priority 3" "$(filter 'vlan_action = "push"; vlan_action_id = 5; vlan_action_priority = 3;')"
settles "and of 0 again" "$(filter 'vlan_action = "push"; vlan_action_id = 5; vlan_action_priority = 0;')"
check_equal "so it is" 0 "$(tc -j filter show dev near ingress | jq '[.[].options.actions[]?.priority // 0] | add')"
refused "all addresses of IPv4" "$(filter 'protocol = "ip"; dst_ip = "0.0.0.0/0"; action = "drop";')" '\[flower-all\]'
refused "all of IPv6" "$(filter 'protocol = "ipv6"; src_ip = "::/0"; action = "drop";')" '\[flower-all\]'
refused "all of Ethernet" "$(filter 'dst_mac = "00:00:00:00:00:00/00:00:00:00:00:00"; action = "drop";')" 'matches every address'

police() { echo "qdisc = { kind = \"clsact\"; }; filter = ( { kind = \"matchall\"; pref = 1; parent = \"egress\"; police_exceed = \"drop\"; $1 } );"; }
refused "police: a burst of more than 274 s" "$(police 'police_rate = "64Kbit"; police_burst = "4MiB";')" '\[filter-police\]'
settles "police: packets for longer than 32 bits of ticks" "$(police 'police_pkts_rate = 1; police_pkts_burst = 1000;')"
settles "police: one packet at once, of 300 a second" "$(police 'police_pkts_rate = 300; police_pkts_burst = 1;')"
ip link set near up
ip address add 192.0.2.1/24 dev near
ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev near
ip link set near arp off
before=$(ip -s -j link show far | jq '.[0].stats64.rx.packets')
through() {
	ping -n -q -c 1 -W 1 192.0.2.2 >/dev/null
	[ "$(ip -s -j link show far | jq '.[0].stats64.rx.packets')" -gt "$before" ]
}
check_eventually 10 "one goes through" through
settles "police: 1514 bytes at 1 Gbit" "$(police 'police_rate = "1Gbit"; police_burst = 1514;')"
ip link set near up
ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 dev near
frames() {
	before=$(ip -s -j link show far | jq '.[0].stats64.rx.bytes')
	ping -n -q -c 1 -W 1 -s 1472 192.0.2.2 >/dev/null
	[ "$(ip -s -j link show far | jq '.[0].stats64.rx.bytes')" -ge "$((before + 1500))" ]
}
check_eventually 10 "a whole frame goes through" frames
finish
