#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What check passes settles: values that the kernel keeps in another form than
# they were given in, and those that it would not take at all are refused before.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"

ip link set lo up

# settles TEXT INTERFACES: it is applied, and a second look finds nothing to do.
settles() {
	ip link add p0 type veth peer name p1
	echo "interfaces = ( $2 );" | daemon_config
	check "$1" daemon_once
	check "$1: and stays" again
	echo "interfaces = ();" | daemon_config
	daemon_once || note "$(cat "$daemon_log")"
	ip link del p0 2>/dev/null
}
again() {
	daemon_once -v && grep -q '^settled; asked of the kernel so far: 0 changes' "$daemon_log" || {
		cat "$daemon_log"
		false
	}
}
# refused TEXT INTERFACES WORDS
refused() {
	echo "interfaces = ( $2 );" | daemon_config
	check_fails "$1: refused" daemon_once
	check "$1: and why is said" grep -q -- "$3" "$daemon_log"
}

settles "a link-local address of IPv6" '{ name = "p0"; up = true; addresses = [ "fe80::1/64" ]; }'
settles "a site-local one" '{ name = "p0"; up = true; addresses = [ "fec0::1/64" ]; }'
settles "an address that is its own peer" \
	'{ name = "p0"; addresses = ( { address = "10.0.0.1/32"; peer = "10.0.0.1"; } ); }'
settles "the same of IPv6" \
	'{ name = "p0"; addresses = ( { address = "2001:db8::1/128"; peer = "2001:db8::1"; } ); }'
for ms in 310 10000000; do
	settles "an ageing time of $ms ms" "{ name = \"br0\"; kind = \"bridge\"; bridge = { ageing_time = \"${ms}ms\"; }; }"
done
settles "other times of odd hundredths" '{ name = "br0"; kind = "bridge"; bridge = {
	forward_delay = "4010ms"; hello_time = "1990ms"; max_age = "7030ms"; }; }'
refused "settings of IPv6 below its MTU" '{ name = "p0"; mtu = 1279; ipv6 = { forwarding = true; }; }' \
	'p0: ipv6.forwarding: the kernel has no IPv6 on a device with an mtu below 1280'
settles "and at it" '{ name = "p0"; mtu = 1280; ipv6 = { forwarding = true; }; }'
refused "a rate for a number of lanes" '{ name = "p0"; ethernet = { autoneg = false; speed = "1Gbit"; duplex = "full"; lanes = "4Mbit"; }; }' \
	'lanes'

# Routes whose source goes and stays, on a daemon that follows the kernel.
route_of() { # FAMILY DESTINATION: its preferred source, "-" where it has none
	ip "-$1" route show "$2" | sed -n 's/^.* src \([^ ]*\).*/\1/p;t;s/^..*/-/p'
}
has_route() { [ "$(route_of "$1" "$2")" = "$3" ]; }
settled_on() {
	daemon_config
	daemon_reload
	daemon_settled && ! daemon_says 'nothing is changed' || { cat "$daemon_log"; false; }
}
ip link add p0 type veth peer name p1
echo 'interfaces = ();' | daemon_config
daemon_start -v
daemon_settled

v1='{ name = "p1"; addresses = [ "10.0.0.1/32", "10.9.0.1/24" ];
	routes = ( { to = "198.51.100.0/24"; source = "10.0.0.1"; } ); }'
check "an address on two interfaces, and a route with it as its source" settled_on <<EOF
interfaces = ( { name = "p0"; addresses = [ "10.0.0.1/32", "10.8.0.1/24" ]; }, $v1 );
EOF
check "one of the two goes" settled_on <<EOF
interfaces = ( { name = "p0"; addresses = [ "10.8.0.1/24" ]; }, $v1 );
EOF
check_equal "the route stays" 10.0.0.1 "$(route_of 4 198.51.100.0/24)"
check "and nothing failed" sh -c "! grep -q 'File exists' '$daemon_log'"
check "the other goes, and the route's source is another" settled_on <<EOF
interfaces = ( { name = "p0"; addresses = [ "10.8.0.1/24" ]; }, { name = "p1"; addresses = [ "10.9.0.1/24" ];
	routes = ( { to = "198.51.100.0/24"; source = "10.9.0.1"; } ); } );
EOF
check_eventually 10 "so it is" has_route 4 198.51.100.0/24 10.9.0.1
ip address del 10.9.0.1/24 dev p1
check_eventually 5 "a source that goes by another hand is put back, and the route" has_route 4 198.51.100.0/24 10.9.0.1
check "a route of another table" settled_on <<EOF
interfaces = ( { name = "p0"; }, { name = "p1"; addresses = [ "10.9.0.1/24", "10.9.0.2/32" ];
	routes = ( { to = "198.51.100.0/24"; source = "10.9.0.2"; table = 100; } ); } );
EOF
check "which keeps a source that is none any more" settled_on <<EOF
interfaces = ( { name = "p0"; }, { name = "p1"; addresses = [ "10.9.0.1/24" ];
	routes = ( { to = "198.51.100.0/24"; source = "10.9.0.1"; table = 100; } ); } );
EOF
check_eventually 10 "gets the new one" sh -c "ip route show table 100 | grep -q 'src 10.9.0.1'"

v6='{ name = "p1"; addresses = [ "2001:db8:9::1/64", "2001:db8::1/128" ]; ipv6 = { dad_transmits = 0; };
	routes = ( { to = "2001:db8:1::/48"; source = "2001:db8::1"; } ); }'
check "the same of IPv6" settled_on <<EOF
interfaces = ( { name = "p0"; }, $v6 );
EOF
check_eventually 5 "it has its source" has_route 6 2001:db8:1::/48 2001:db8::1
ip address del 2001:db8::1/128 dev p1
check_eventually 5 "a source that goes by another hand is put back, and the route gets it again" \
	has_route 6 2001:db8:1::/48 2001:db8::1
check "and nothing failed" sh -c "! grep -q 'File exists' '$daemon_log'"
daemon_stop
check "the daemon ends" daemon_stopped
finish
