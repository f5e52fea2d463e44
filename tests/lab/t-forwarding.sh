#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The cases of the kernel's own tests of bridges and of DSA, written anew
# (forwarding.py says which): netctl makes the topology, the hosts say whether
# frames come. On pairs of veth, and on the simulated switch.
#
# t-forwarding.sh [veth|switch]...

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
echo 'interfaces = ();' | daemon_config
export CONF=$daemon_dir/etc/10-test.conf

# host N DEVICE: the far end of a port becomes h1 or h2 in a host's namespace.
host() {
	ip netns add "host$1"
	ip link set "$2" netns "host$1" name "h$1" address "02:00:00:00:00:0$1"
	ip netns exec "host$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 "net.ipv6.conf.h$1.accept_dad=0"
	ip -n "host$1" -batch - <<-END
	link set h$1 up
	address add 192.0.2.$1/24 dev h$1
	address add 2001:db8:1::$1/64 dev h$1
	END
}

[ $# -gt 0 ] || set -- veth switch
for kind in "$@"; do
	case $kind in
	veth)
		ip link add swp1 type veth peer name far1
		ip link add swp2 type veth peer name far2 ;;
	switch)
		lab_espressobin
		ip -n "$lab_street" link set x-lan0 netns 1 name far1
		ip -n "$lab_street" link set x-lan1 netns 1 name far2 ;;
	esac
	host 1 far1
	host 2 far2
	daemon_start -v
	daemon_settled
	check "the cases on $kind" /usr/bin/python3 "$(dirname "$0")/forwarding.py" "$kind"
	daemon_stop
	daemon_stopped
	ip netns del host1
	ip netns del host2
done
finish
