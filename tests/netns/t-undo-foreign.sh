#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What foreign = "remove" takes from others has more to it than a configuration can say. An undone
# change gives all of it back; and what could not be given back is not taken.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"

ip link set lo up
ip link add p0 type veth peer name p1
for i in p0 p1; do
	echo 0 > /proc/sys/net/ipv6/conf/$i/accept_dad
	echo 0 > /proc/sys/net/ipv6/conf/$i/router_solicitations
	ip link set $i up
done
# The kernel tells a carrier up to a second late (linkwatch_run_queue()), and makes an address then.
has_local() { [[ $(ip -6 -o address show dev "$1" scope link) == *fe80::* && $(ip -6 -o address show dev "$1") != *tentative* ]]; }
for i in p0 p1; do
	check_eventually 5 "$i has its address of the link" has_local $i
done

# add MODULE ARGS: what this kernel was not built for is left out
add() { ip "$@" 2>/dev/null || note "this kernel does not take: ip $*"; }

ip address add 10.6.0.1/24 brd 10.6.0.99 dev p0 noprefixroute
ip address add 10.7.0.1/24 dev p0 # no broadcast address
ip address add 10.8.0.1/24 brd + dev p0 metric 70 label p0:x
ip address add 10.11.0.1/24 dev p0 scope site # which stays, and with it what the kernel flushes with the last one
ip address add 10.9.0.1/24 dev p0 preferred_lft 0
ip address add 10.10.0.1 peer 10.10.0.2/32 dev p0
ip -6 address add 2001:db8:6::1/64 dev p0 noprefixroute nodad
ip -6 address add 2001:db8:7::1/64 dev p0 home nodad
ip -6 address add 2001:db8:8::1/64 dev p0 preferred_lft 0 nodad
ip -6 address add 2001:db8:9::1/64 dev p0 metric 500 nodad
ip route add 10.6.0.0/24 dev p0
ip -6 route add 2001:db8:6::/64 dev p0
ip route add 10.44.0.0/16 via 10.6.0.2 dev p0 mtu 1300 advmss 1200 rto_min 40ms
ip route add 10.45.0.0/16 via inet6 fe80::99 dev p0
add route add 10.46.0.0/16 via 10.6.0.2 dev p0 realm 3 proto 99
add route add 10.47.0.0/16 encap ip id 7 dst 192.0.2.9 dev p0
add route add 10.48.0.0/16 encap mpls 100/200 via inet 10.6.0.2 dev p0
ip route add 10.49.0.0/16 via 10.6.0.2 dev p0 table 300 metric 9 mtu lock 1250 initcwnd 20
ip -6 route add 2001:db8:44::/48 via 2001:db8:6::2 dev p0 mtu 1400 pref high
add -6 route add 2001:db8:45::/48 encap seg6 mode encap segs 2001:db8:6::5 dev p0
ip -6 route add 2001:db8:46::/48 dev p0 hoplimit 12 congctl reno

# Without the order, which is that of adding, and what the kernel tells late of a carrier.
picture() {
	ip -d -o address show dev p0 | sed -E 's/^[0-9]+: //' | sort
	ip -4 -d route show table all dev p0 | sed 's/ dead//; s/ linkdown//' | sort
	ip -6 -d route show table all dev p0 | sed 's/ dead//; s/ linkdown//' | sort
}
# What stays, as it cannot be given back, or is somebody's who renews it.
kept() {
	ip route show to 10.50.0.0/16 tos 0x10
	ip route show to 10.51.0.0/16
	ip -6 route show 2001:db8:51::/48 | sed 's/expires.*//'
}
ip route add 10.50.0.0/16 tos 0x10 dev p0
ip nexthop add id 7 via 10.6.0.2 dev p0
ip route add 10.51.0.0/16 nhid 7
ip -6 route add 2001:db8:51::/48 dev p0 expires 1000
kept_before=$(kept)
before_stays() { [ "$kept_before" = "$(kept)" ] || { echo "$kept_before"; kept; return 1; }; }

taken='{ name = "p0"; foreign = "remove"; addresses = [ "10.6.0.7/24" ]; routes = ( { to = "10.60.0.0/16"; } ); }'
echo 'interfaces = ( { name = "p0"; } );' | daemon_config
daemon_start -v
check "a first configuration stands" daemon_settled
before=$(picture | sed 's/expires [0-9]*sec/expires/')
as_before() {
	[ "$before" = "$(picture | sed 's/expires [0-9]*sec/expires/')" ] || {
		diff <(echo "$before") <(picture | sed 's/expires [0-9]*sec/expires/')
		return 1
	}
}

# The last step is refused: nobody knows the way to that router.
echo "interfaces = ( $taken, { name = \"p1\"; mtu = 1400; routes = ( { to = \"10.61.0.0/16\"; via = \"203.0.113.9\"; } ); } );" | daemon_config
daemon_reload
check_eventually 5 "what is left alone is told" daemon_says \
	'p0: routes: foreign = "remove" leaves 10.51.0.0/16 via 10.6.0.2 alone, which has a nexthop object'
check_eventually 5 "a change that takes all of it and fails is undone" daemon_says '^the change was undone$'
check_eventually 2 "everything is as it was" as_before
check "also what is not taken" before_stays

# Confirmed: it is gone, for good.
echo "interfaces = ( $taken );" | daemon_config
daemon_reload
check "one that does not fail settles" daemon_settled
check_equal "nothing of others is left" "" \
	"$(picture | grep -E '10\.(7|8|9|10|44|45|46|47|48|49)\.|2001:db8:(6|7|8|9|44|45|46)::')"
check "but what could not be given back" before_stays
daemon_stop
check "the daemon stops" daemon_stopped
finish
