#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ready configurations of boards. An Espressobin gets its own as somebody
# would who has just unpacked it; the others are applied to devices of the same
# names, for their hardware is not simulated.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

boards=$(dirname "$0")/../../data/boards

# board NAME WAN PORT...: apply it to devices of these names, and take it away again.
board() {
	local name=$1 wan=$2 port
	shift 2
	for port in "$wan" "$@"; do
		ip link add "$port" type dummy
	done
	daemon_config <"$boards/$name.conf"
	check "$name: applied" daemon_once
	check_equal "$name: the ports of the bridge" "$(printf '%s\n' "$@" | sort)" \
		"$(ls /sys/class/net/br0/brif)"
	check_equal "$name: all is up" "" "$(ip -br link show | grep -v '[<,]UP[,>]')"
	check_equal "$name: the router's address" "192.168.1.1/24" \
		"$(ip -j -4 addr show br0 | jq -r '.[].addr_info[] | "\(.local)/\(.prefixlen)"')"
	check_equal "$name: it forwards" "1 1 1 1" "$(for port in br0 "$wan"; do
		cat /proc/sys/net/ipv[46]/conf/"$port"/forwarding; done | xargs)"
	daemon_once -v
	check "$name: again, there is nothing to do" grep -q 'so far: 0 changes' "$daemon_log"
	echo 'interfaces = ();' | daemon_config
	daemon_once
	check_fails "$name: and gone" test -e /sys/class/net/br0
	ip -batch - < <(printf 'link del %s\n' "$wan" "$@")
}

board espressobin wan lan0 lan1
board espressobin-v7 wan lan0 lan1
board espressobin-ultra wan lan0 lan1 lan2 lan3
board turris-mox eth0 lan1 lan2 lan3 lan4 lan5 lan6 lan7 lan8
board clearfog eth0 lan1 lan2 lan3 lan4 lan5 lan6 eth2
board macchiatobin eth2 eth0 eth1 eth3
check_equal "every board was tried" "$(ls "$boards" | sed 's/\.conf$//' | sort | xargs)" \
	"$(sed -n 's/^board \([a-z0-9-]*\) .*/\1/p' "$0" | sort | xargs)"

# An Espressobin out of its box. Its device tree is the lab's, but for the name.
root=$(mktemp -d)
mkdir -p "$root/proc/device-tree" "$root/etc" "$root/usr/share/netctl"
ln -s "$(realpath "$boards")" "$root/usr/share/netctl/boards"
printf 'globalscale,espressobin\0marvell,armada3720\0marvell,armada3700\0' \
	>"$root/proc/device-tree/compatible"
lab_espressobin
check "netctl init" netctl --root="$root" init
cp "$root"/etc/netctld/*.conf "$daemon_dir/etc/"
rm -f "$daemon_dir/etc/10-test.conf"
daemon_start -v
check "is applied" daemon_settled
lab_host home lan0 192.168.1.2/24 "" 192.168.1.1
lab_host office lan1 192.168.1.3/24 "" 192.168.1.1
lab_host provider wan 203.0.113.1/24
ip address add 203.0.113.2/24 dev wan
ip -n provider route add 192.168.1.0/24 via 203.0.113.2
check_eventually 5 "home reaches the router" lab_reach home 192.168.1.1
check_eventually 3 "home reaches office, through the switch" lab_reach home 192.168.1.3
check_eventually 3 "home reaches the provider, through the router" lab_reach home 203.0.113.1
daemon_stop
check "the daemon stops" daemon_stopped
finish
