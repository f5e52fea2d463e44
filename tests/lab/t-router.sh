#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The first thing that must work: one file makes an Espressobin a router, and
# it stays one, through restarts, kills and pulled cables.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_espressobin
lab_host home lan0 192.168.10.2/24 "" 192.168.10.1
lab_host office lan1 192.168.10.3/24 10 192.168.10.1
lab_host guest lan1 192.168.20.2/24 "" 192.168.20.1
lab_host provider wan 203.0.113.1/24

example=$(dirname "$0")/../../data/examples/espressobin.conf
# The bridge tells of its ports once more when a forward delay is over, spanning tree or not
# (br_forward_delay_timer_expired()): soon, not while it is watched that nothing changes.
sed 's/bridge = { /&forward_delay = "2s"; /' "$example" | daemon_config

# What the bridge is told while the configuration is being applied.
lab_listen /tmp/monitor bridge monitor vlan link

daemon_start -v
check "the daemon is ready" daemon_settled
check_eventually 3 "one thread, where there are no cages to look into" \
	grep -q "^Threads:.1$" "/proc/$daemon_pid/status"

# VLANs as written.
vlans() {
	bridge -j vlan show dev "$1" |
		jq -r '[.[0].vlans[] | "\(.vlan)\(if .flags then ":" + (.flags | join("+")) else "" end)"] | join(" ")'
}
check_equal "VLANs of lan0" "10:PVID+Egress Untagged 20 30" "$(vlans lan0)"
check_equal "VLANs of lan1" "10 20:PVID+Egress Untagged" "$(vlans lan1)"
check_equal "VLANs of the bridge itself" "10 20 30" "$(vlans br0)"
check "the switch's own VLAN table says the same: 10 leaves lan0 bare, lan1 tagged" \
	sh -c 'grep -Eq "^ +10 +[0-9]+ +[0-9]+ m-ut" /sys/kernel/debug/ebsim/tables'
check_eventually 3 "the ports are told to be up" sh -c \
	'for port in br0: lan0@ lan1@; do grep -q " $port.*[<,]UP[,>]" /tmp/monitor || exit; done'
check_fails "no port was in VLAN 1 at any time" grep -Eq '^lan[01] +1( |$)' /tmp/monitor
# The kernel makes a bridge with VLAN 1 on itself; it must be gone before the bridge comes up.
check "the bridge was not up before VLAN 1 was gone from it" awk '
	/^br0 +1 / { has = 1 } /^Deleted br0 +1$/ { has = 0 }
	/ br0: <[^>]*[<,]UP[,>]/ { if (has) exit 1; up = 1 } END { exit !up }' /tmp/monitor
check "ports came up after they had their VLANs" awk '
	/^lan0 +30/ { has = 1 } / lan0@eth0: <[^>]*[<,]UP[,>]/ { if (!has) exit 1; up = 1 }
	END { exit !up }' /tmp/monitor

check_eventually 3 "carrier on lan0" lab_carrier lan0
check_eventually 3 "carrier on lan1" lab_carrier lan1
check_eventually 3 "carrier on wan" lab_carrier wan

# Hosts reach each other inside their VLAN only.
check_eventually 3 "home reaches office: both in VLAN 10" lab_reach home 192.168.10.3
check_eventually 3 "home reaches the router" lab_reach home 192.168.10.1
check_eventually 3 "guest reaches the router" lab_reach guest 192.168.20.1
check_eventually 3 "home reaches guest through the router" lab_reach home 192.168.20.2
check_eventually 3 "home reaches the provider through the router" lab_reach home 203.0.113.2
ip -n home addr add 192.168.20.9/24 dev x-lan0
check_fails "home does not reach guest on the link: other VLANs" \
	ip netns exec home ping -n -q -c 1 -W 1 -I 192.168.20.9 192.168.20.2
ip -n home addr del 192.168.20.9/24 dev x-lan0

check_eventually 3 "the switch's own table is shown as offloaded" sh -c 'bridge fdb show | grep -Eq "lan0.*(offload|self)"'

# Nothing to do, nothing sent.
check_eventually 5 "no address is tentative any more" sh -c '! ip -6 addr | grep -q tentative'
delays_over() { ip -d -j link show | jq -e 'all(.. | .forward_delay_timer? // 0; . == 0)'; }
check_eventually 5 "and no port waits for a forward delay" delays_over
lab_listen /tmp/events ip -o monitor link address route
before=$(daemon_requests)
daemon_reload
check "reload ends" daemon_settled
check_equal "a reload with nothing changed asks for nothing more" "$before" "$(daemon_requests)"
daemon_stop
check "the daemon stops when told" daemon_stopped
daemon_start -v
daemon_settled
daemon_stop
daemon_stopped
check_equal "a restart asks for no change" "0" "$(daemon_requests)"
daemon_start -v
daemon_settled
daemon_kill
daemon_start -v
daemon_settled
daemon_stop
daemon_stopped
check_equal "after SIGKILL a restart asks for no change" "0" "$(daemon_requests)"
check_equal "and no change was seen" "" "$(grep -v 'fe80:\|ff00:' /tmp/events)"

# Drift is repaired, by events.
daemon_start -v
daemon_settled
ip link set wan mtu 1400
ip addr del 192.168.10.1/24 dev br0.10
bridge vlan del vid 20 dev lan0
bridge vlan add vid 1 dev lan1
ip route del default
ip link del br0.30
check_eventually 3 "the interface that was deleted is back" test -e /sys/class/net/br0.30
check_eventually 2 "the address is back" sh -c 'ip addr show br0.10 | grep -q 192.168.10.1/24'
check_eventually 2 "the VLAN is back" sh -c 'bridge vlan show dev lan0 | grep -qw 20'
check_eventually 2 "the foreign VLAN is gone" sh -c '! bridge vlan show dev lan1 | grep -qw 1'
check_eventually 2 "the route is back" sh -c 'ip route | grep -q "^default via 203.0.113.1"'
check_equal "a setting that is not configured is left alone" 1400 "$(cat /sys/class/net/wan/mtu)"

# wan goes down and up by hand: the kernel forgets the routes without a word.
ip link set wan down
check_eventually 3 "wan is up again" sh -c 'ip -br link show wan | grep -q "[<,]UP[,>]"'
check_eventually 3 "and has its route" sh -c 'ip route | grep -q "^default via 203.0.113.1"'

# The switch is pulled out and put back: everything is applied when it appears.
lab_host_out home
lab_host_out office
lab_host_out guest
lab_host_out provider
lab_espressobin_out
check_eventually 3 "the bridge stays" test -e /sys/class/net/br0
sleep 0.3
ip netns del street
lab_espressobin
lab_host home lan0 192.168.10.2/24
lab_host office lan1 192.168.10.3/24 10
check_eventually 5 "lan0 is a port again" sh -c '[ "$(bridge vlan show dev lan0 | grep -cw "10\|20\|30")" = 3 ]'
check_eventually 5 "and hosts reach each other again" lab_reach home 192.168.10.3

# An empty configuration: what the daemon made goes, what it set is put back.
echo 'interfaces = ();' | daemon_config
daemon_reload
check_eventually 3 "the bridge is gone" sh -c '! test -e /sys/class/net/br0'
check_eventually 2 "lan0 is down, as it was" sh -c 'ip -br link show lan0 | grep -qv "[<,]UP[,>]"'
check_eventually 2 "wan has no address" sh -c '! ip addr show wan | grep -q 203.0.113.2'
daemon_stop
check "and the daemon stops" daemon_stopped

finish
