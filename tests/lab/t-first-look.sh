#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What somebody reads who tries the board for the first time: is it true, and
# is it said so that it can be read?

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
lab_espressobin
echo 'interfaces = ();' | daemon_config
daemon_start -v
check "the daemon settles" daemon_settled
check_equal "nobody is behind any port, and that is said" "no addresses are known" "$(netctl fdb)"

# The VLANs of a bridge that is made while the daemon runs.

# vlans_are BRIDGE PVID UNTAGGED
vlans_are() {
	test "$(netctl show "$1" --json | jq -c '.port | [.pvid, .untagged]')" = "[$2,$3]"
}
netctl show lo >/dev/null # everything is read from now on
for pvid in 1 20 0; do
	ip link add br7 type bridge vlan_filtering 1 vlan_default_pvid $pvid
	check_eventually 3 "a new bridge's own VLAN is known: $pvid" \
		vlans_are br7 $pvid "$([ $pvid = 0 ] && echo '[]' || echo "[\"$pvid\"]")"
	ip link del br7
done
# bridge [KEYS]: the configuration, with KEYS of the bridge itself.
bridge() {
	daemon_config <<-END
	interfaces = ( { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; }; $* },
	  { name = "lan0"; master = "br0"; } );
	END
}
bridge
check "a bridge is made" netctl apply
bridge 'port = { pvid = 1; untagged = [ 1 ]; };'
check_equal "what it is by itself is nothing to do" "nothing to do" "$(netctl plan 2>&1)"

# Counters stand in one column.
echo 'interfaces = ( { name = "lan0"; } );' | daemon_config
check "a port" netctl apply
check_equal "its numbers end in one column" 1 "$(netctl stats lan0 --all | grep -v 'that are zero' |
	sed -nE 's/^(  [^ ]+ +[0-9]+)( .*)?$/\1/p' | awk '{ print length }' | sort -u | wc -l)"
echo 'interfaces = ( { name = "lan0"; mtu = 1400; } );' | daemon_config
check "its MTU" netctl apply
check "one change is one" daemon_says '^1 change in '

# A port that goes with its driver.
netctl monitor lan0 >"$daemon_dir/monitor" 2>&1 &
monitor_pid=$!
at_exit "kill $monitor_pid 2>/dev/null"
# seen PATTERN: the monitor has printed it.
seen() {
	grep -qE "$1" "$daemon_dir/monitor"
}
hear() {
	ip link set lan0 alias "$SECONDS.$RANDOM"
	seen 'lan0: alias '
}
check_eventually 5 "the monitor listens" hear
driver=/sys/bus/mdio_bus/drivers/mv88e6085
device=$(basename "$(echo $driver/*:*)")
echo "$device" >$driver/unbind
check_eventually 5 "it is told, and nothing else of what is gone" \
	seen 'lan0: state.management absent, state.reason [a-z ]*$'
echo "$device" >$driver/bind
check_eventually 5 "and that it is back" seen 'lan0: state.ifindex [1-9][0-9]*, '
check_eventually 5 "it is up again" sh -c 'ip link show lan0 | grep -q "[<,]UP[,>]"'

daemon_stop
check "the daemon stops" daemon_stopped
finish
