#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A change of which one step fails is undone as a whole.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"

ip link set lo up
ip link add p0 type veth peer name p1
ip link set p1 mtu 1450

# What can be seen of the namespace, without what changes by itself: the kernel tells a carrier
# up to a second late (linkwatch_run_queue()), and marks routes by it.
picture() {
	ip -d -o link | sed -E 's/ (promiscuity|carrier_changes|numtx).*//; s/ +state [A-Z]+//; s/NO-CARRIER,|,LOWER_UP|,M-DOWN//g; s/ qlen [0-9]+//; s/@[a-z0-9]+//; s/^[0-9]+: //; s/ qdisc [a-z]+//' | sort
	ip -4 -o addr | sed -E 's/^[0-9]+: //' | sort
	ip route | sed 's/ dead//; s/ linkdown//' | sort
	bridge -d -o link show 2>/dev/null | grep -o 'isolated o[nf]*' | sort
	grep -H . /proc/sys/net/ipv4/conf/*/forwarding
}

daemon_config <<'EOF'
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; }; addresses = [ "192.0.2.1/24" ];
    routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } ); },
  { name = "p0"; master = "br0"; port = { isolated = true; }; },
  { name = "p1"; ipv4 = { forwarding = true; }; }
);
EOF
daemon_start -v
check "a first configuration stands" daemon_settled
before=$(picture)

# Everything changes, and one step cannot be done: the largest MTU of a veth is 65535.
daemon_config <<'EOF'
interfaces = (
  { name = "br1"; kind = "bridge"; addresses = [ "192.0.2.1/24", "203.0.113.1/24" ];
    routes = ( { to = "default"; via = "203.0.113.254"; } ); },
  { name = "p0"; master = "br1"; port = { learning = false; }; mtu = 1300; },
  { name = "p1"; addresses = [ "10.1.1.1/24" ]; ipv4 = { forwarding = false; };
    mtu = 65536; },
  { name = "n0"; kind = "veth"; veth = { peer = "n1"; }; }
);
EOF
daemon_reload
check_eventually 5 "the change is undone" daemon_says '^the change was undone$'
check "the message has file, line, object, key and the kernel's words" daemon_says \
	'10-test.conf:6: p1: mtu: 1450 -> 65536: Invalid argument (mtu greater than device maximum)'
as_before() {
	[ "$before" = "$(picture)" ] || { echo "$before"; picture; return 1; }
}
check_eventually 2 "everything is as it was" as_before

# The old configuration is still the one that is kept.
ip addr del 192.0.2.1/24 dev br0
check_eventually 2 "what a hand takes away from it is put back" \
	sh -c 'ip addr show br0 | grep -q 192.0.2.1/24'

# The same change, with the fault mended.
sed -i 's/65536/1400/' "$daemon_dir/etc/10-test.conf"
daemon_reload
check "the mended change settles" daemon_settled
check "and is there" sh -c 'ip addr show br1 | grep -q 203.0.113.1/24 && ip link show p0 | grep -q "mtu 1300.*master br1" && ! ip link show br0 2>/dev/null'
daemon_stop
check "the daemon stops" daemon_stopped
finish
