#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A reload touches only what it changes: two hosts ping each other as fast as
# they can, across a switch and across the router, while everything else is
# changed, ten times. Nothing is lost, no learned address is forgotten, no port
# goes down or loses a VLAN, and of what stays the same the kernel tells nothing.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

modprobe -a dummy bridge 8021q veth
for n in 1 2 3 4; do
	ip netns add h$n
	ip link add p$n type veth peer name e$n netns h$n
	ip -n h$n link set lo up
	ip -n h$n link set e$n up
done
# h1 and h2 are in VLAN 10; h3 in VLAN 20, reached through the router.
ip -n h1 address add 192.168.10.11/24 dev e1
ip -n h2 address add 192.168.10.12/24 dev e2
ip -n h3 address add 192.168.20.13/24 dev e3
ip -n h1 route add default via 192.168.10.1
ip -n h3 route add default via 192.168.20.1

# config N: what the hosts need stays; all the rest depends on N. Without a forward delay, since
# the kernel tells of each port once more when it is over (br_forward_delay_timer_expired()).
config() {
	local more='' port='' n=$1
	if [ $((n % 2)) = 1 ]; then
		more='{ name = "br9"; kind = "bridge"; addresses = [ "10.99.0.1/24" ];
		    routes = ( { to = "10.98.0.0/16"; via = "10.99.0.9"; } ); },
		  { name = "br0.40"; kind = "vlan"; vlan = { link = "br0"; id = 40; };
		    addresses = [ "192.168.40.1/24", "2001:db8:40::1/64" ]; },
		  { name = "d1"; master = "br0"; port = { pvid = 50; untagged = [ 50 ]; }; },'
		port='isolated = true; learning = false;'
	fi
	daemon_config <<-END
	interfaces = ( $more
	  { name = "br0"; kind = "bridge"; alias = "round $n";
	    bridge = { vlan_filtering = true; default_pvid = 0; ageing_time = "$((100 + n))s";
	      forward_delay = "0s"; };
	    port = { tagged = [ 10, 20, $((60 + n)) ]; }; },
	  { name = "p1"; master = "br0"; port = { pvid = 10; untagged = [ 10 ]; }; },
	  { name = "p2"; master = "br0"; alias = "round $n";
	    port = { pvid = 10; untagged = [ 10 ]; tagged = [ $((70 + n)) ]; priority = $((n % 32)); }; },
	  { name = "p3"; master = "br0"; port = { pvid = 20; untagged = [ 20 ]; }; },
	  { name = "p4"; master = "br0"; mtu = $((1400 + n)); port = { pvid = 30; untagged = [ 30 ]; $port }; },
	  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; };
	    ipv4 = { forwarding = true; };
	    addresses = [ "192.168.10.1/24", "192.168.11.$((n + 1))/24" ];
	    routes = ( { to = "10.$((n + 1)).0.0/16"; via = "192.168.10.99"; } ); },
	  { name = "br0.20"; kind = "vlan"; vlan = { link = "br0"; id = 20; };
	    addresses = [ "192.168.20.1/24" ]; ipv4 = { forwarding = true; }; } );
	END
}

# Lower than those of the other ports: br0 keeps its own, by which the hosts know the router.
ip link add d1 address 02:00:00:00:00:01 type dummy
config 0
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "the hosts reach each other in their VLAN" lab_reach h1 192.168.10.12
check_eventually 5 "and through the router" lab_reach h1 192.168.20.13

bridge monitor fdb vlan link >/tmp/bridge &
monitors=$!
ip -o monitor link address route >/tmp/ip &
monitors="$monitors $!"
at_exit 'kill $monitors 2>/dev/null'
fdb=$(bridge fdb show br br0 | grep -v permanent | sort)
started=$(grep -c . /tmp/ip)

# What was not answered: sequence numbers that are missing between others.
gaps() { # LOG
	grep -o 'icmp_seq=[0-9]*' "$1" | cut -d = -f 2 |
		awk '$1 != ++n { print "lost before " $1; n = $1 }'
}
# traffic: the pings, and ten reloads meanwhile. The next one leaves when the answer to
# the one before has come, or after 10 ms.
traffic() {
	local n near far
	ip netns exec h1 stdbuf -oL ping -n -A -i 0.01 -W 1 -w 120 192.168.10.12 >/tmp/near &
	near=$!
	ip netns exec h1 stdbuf -oL ping -n -A -i 0.01 -W 1 -w 120 192.168.20.13 >/tmp/far &
	far=$!
	sleep 0.3
	for n in 1 2 3 4 5 6 7 8 9 10; do
		config $n
		daemon_reload
		daemon_settled || return 1
		sleep 0.1
	done
	eventually 5 many
	kill -INT $near $far
	wait $near $far
	many
}
many() {
	[ "$(grep -c icmp_seq= /tmp/near)" -gt 500 ] && [ "$(grep -c icmp_seq= /tmp/far)" -gt 500 ]
}
check "traffic across ten reloads" traffic
# A machine that is busy with other things drops a packet of a flood now and then; what
# a reload loses it loses each time.
if [ -n "$(gaps /tmp/near)$(gaps /tmp/far)" ]; then
	note "once more: $(gaps /tmp/near) $(gaps /tmp/far)"
	check "traffic once more" traffic
fi
check_equal "of $(grep -c icmp_seq= /tmp/near) pings inside the VLAN each was answered" "" "$(gaps /tmp/near)"
check_equal "and of $(grep -c icmp_seq= /tmp/far) through the router" "" "$(gaps /tmp/far)"
fdb_is_as_before() {
	[ "$fdb" = "$(bridge fdb show br br0 | grep -v permanent | sort)" ]
}
check_eventually 5 "what the bridge has learned stays" fdb_is_as_before
check_fails "no learned address was forgotten" grep -qE '^Deleted .* dev p[123] .*vlan (10|20) master br0 *$' /tmp/bridge
check_fails "no VLAN of theirs was taken away" grep -qE '^Deleted (p1|p3|br0) +(10|20)( |$)' /tmp/bridge
check_fails "nor of p2, which got others" grep -qE '^Deleted p2 +10( |$)' /tmp/bridge
check_fails "no port of theirs left or went down" grep -qE \
	'(^Deleted .*p[1234]@|p[1234]@[^ ]*: <([^>]*,)?NO-CARRIER|p[1234]@[^ ]*:.*state (DOWN|disabled|blocking))' /tmp/bridge /tmp/ip
check_fails "p1 and p3 were told of in no way" \
	sh -c "tail -n +$((started + 1)) /tmp/ip | grep -E '[ :]p[13]@'"
check_fails "nor were the addresses and routes that stay" \
	sh -c "tail -n +$((started + 1)) /tmp/ip | grep -E '192\.168\.(10|20)\.1/24|^(Deleted )?192\.168\.(10|20)\.0/24'"
check "the monitors saw the rest" sh -c \
	'grep -q "^p2 .*80" /tmp/bridge && grep -q "p4@.* mtu 1410 " /tmp/ip && grep -q "br9" /tmp/ip'
check "what was to change did" sh -c 'ip link show p4 | grep -q "mtu 1410" && ! ip link show br9 2>/dev/null && bridge vlan show dev p2 | grep -qw 80'
daemon_stop
check "the daemon stops" daemon_stopped
finish
