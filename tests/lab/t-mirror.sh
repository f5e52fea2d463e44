#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mirrors: in software, where the copies are seen; in the switch, where the
# driver's registers are. Others' filters stay.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"

tc_wire left host
ip link add tap type veth peer name seen
ip link set seen up
ours() { # DEVICE PARENT: our filter there
	tc filter show dev "$1" "$2" | grep -A 9 'pref 172 matchall.*handle 0xac'
}
value() { netctl show "$1" --json | jq -c "$2"; }

a='name = "left"; addresses = [ "192.0.2.1/24" ]'
check "incoming traffic to a tap" config <<<"interfaces = ( { name = \"tap\"; }, { $a; mirror = { ingress = \"tap\"; }; } );"
check_eventually 3 "the host is reached" lab_reach host 192.0.2.1
# Neighbours and the like settle first.
check_eventually 5 "the request is copied, and not the reply" sh -c '
	read -r b </sys/class/net/seen/statistics/rx_packets
	ip netns exec host ping -n -q -c 1 -W 1 192.0.2.1 >/dev/null
	read -r a </sys/class/net/seen/statistics/rx_packets; [ $((a - b)) = 1 ]'
check_equal "shown" '{"ingress":"tap","egress":"","skip_sw":false,"ingress_in_hw":false,"clsact":"ours"}' \
	"$(value left '.mirror | {ingress, egress, skip_sw, ingress_in_hw, clsact}')"
check "both ways" config <<<"interfaces = ( { name = \"tap\"; }, { $a; mirror = { ingress = \"tap\"; egress = \"tap\"; }; } );"
check_eventually 5 "request and reply are copied" sh -c '
	read -r b </sys/class/net/seen/statistics/rx_packets
	ip netns exec host ping -n -q -c 1 -W 1 192.0.2.1 >/dev/null
	read -r a </sys/class/net/seen/statistics/rx_packets; [ $((a - b)) = 2 ]'

# Drift, restart, another target.
tc filter del dev left ingress pref 172
check_eventually 3 "a filter that another hand removed is back" ours left ingress
tc qdisc del dev left clsact
check_eventually 3 "and the hook with both" sh -c 'tc filter show dev left egress | grep -q "pref 172"'
daemon_stop
daemon_stopped
daemon_start -v
daemon_settled
check_equal "a restart asks for no change" "settled; asked of the kernel so far: 0 changes" \
	"$(grep -o 'settled; .* changes' "$daemon_log" | head -1)"
ip link add tap2 type dummy
ip link set tap2 up
check "another target" config <<<"interfaces = ( { $a; mirror = { ingress = \"tap2\"; }; } );"
check "is where it goes to" sh -c 'tc filter show dev left ingress | grep -q "Mirror to device tap2"'
check_fails "and what goes out is copied no more" ours left egress
check "a target that is not there yet" config <<<"interfaces = ( { name = \"later\"; }, { $a; mirror = { ingress = \"later\"; }; } );"
check_equal "is waited for" "waits for later" "$(value left .state.reason | tr -d '"')"
ip link add later type dummy
check_eventually 3 "and taken when it comes" sh -c 'tc filter show dev left ingress | grep -q "Mirror to device later"'
check_fails "hardware that this device does not have" config \
	<<<"interfaces = ( { $a; mirror = { ingress = \"tap2\"; skip_sw = true; }; } );"
check "the kernel's words" grep -q 'left: mirror.*: Operation not supported' /tmp/said

# Others' filters, and the hook they hang on, stay.
tc filter add dev left ingress pref 10 protocol ip matchall action pass
config <<<'interfaces = ();'
check_fails "at the end our filter is gone" ours left ingress
check "another's is still there" sh -c 'tc filter show dev left ingress | grep -q "pref 10 matchall"'
tc qdisc del dev left clsact
config <<<"interfaces = ( { $a; mirror = { ingress = \"tap2\"; }; } );"
config <<<'interfaces = ();'
check_equal "without others the hook goes too" "" "$(tc qdisc show dev left clsact)"

# The switch copies by itself.
lab_espressobin
sw='{ name = "br0"; kind = "bridge"; }, { name = "lan1"; master = "br0"; }'
check "on a switch" config <<<"interfaces = ( $sw, { name = \"lan0\"; master = \"br0\"; mirror = { ingress = \"lan1\"; egress = \"lan1\"; }; } );"
check "the filter is in the hardware, and only there" sh -c \
	'tc filter show dev lan0 ingress | grep -A 2 "pref 172" | tr "\n" " " | grep -q "skip_sw.*in_hw"'
check_equal "which is shown" 'true true true' \
	"$(netctl show lan0 --json | jq -r '.mirror | "\(.skip_sw) \(.ingress_in_hw) \(.egress_in_hw)"')"
check_fails "one destination is all that the switch has" config \
	<<<"interfaces = ( $sw, { name = \"wan\"; mirror = { ingress = \"lan0\"; }; }, { name = \"lan0\"; master = \"br0\"; mirror = { ingress = \"lan1\"; egress = \"lan1\"; }; } );"
check "in the driver's words" grep -q 'wan: mirror.*: Device or resource busy' /tmp/said
config <<<'interfaces = ();'
check_equal "at the end nothing is left" "" "$(tc qdisc show dev lan0 clsact)"

daemon_stop
check "the daemon stops" daemon_stopped
finish
