#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A cable that is pulled, a partner that can do less, a port that may do less, a
# cable that is broken: told on D-Bus within 200 ms of the kernel's own message,
# and in status, with the reason.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
lab_espressobin
daemon_config <<-END
interfaces = ( { name = "br0"; kind = "bridge"; }, { name = "wan"; },
  { name = "lan0"; master = "br0"; }, { name = "lan1"; master = "br0"; } );
END
daemon_start -v
daemon_settled
for port in wan lan0 lan1; do
	check_eventually 5 "$port has a link" lab_carrier $port
done
daemon_settled
ebsim=/sys/kernel/debug/ebsim

# told WHAT PORT FILE VALUE CARRIER
told() {
	local ms
	ms=$(/usr/bin/python3 "$(dirname "$0")/told.py" "${@:2}" 2>&1)
	echo "# $1: $ms ms"
	check "$1: told, by the kernel and on the bus" test "$ms" -ge 0
}
told "a pulled cable" lan0 $ebsim/lan0/cable 0 0
check "the front panel says so" sh -c 'netctl status | grep -q "^switch.*lan0 no carrier"'
check_equal "and JSON" '"down" false' "$(netctl show lan0 --json | jq -r '.state | "\"\(.operstate)\" \(.carrier)"')"
told "the cable is back" lan0 $ebsim/lan0/cable 1 1
told "a partner that does 100 Mbit/s: the link drops" lan1 $ebsim/lan1/partner 100 0
check_eventually 3 "and comes back" lab_carrier lan1
check_equal "at that speed" 100 "$(cat /sys/class/net/lan1/speed)"
status_says() { netctl status | tr -s ' \n' ' ' | grep -qF "$1"; }
check "status says why" status_says "lan1 up 100M br0 no faster: the other end offers no more"
lab_partner lan1 1000
check_eventually 5 "with 1000 again" sh -c '[ "$(cat /sys/class/net/lan1/speed)" = 1000 ]'
told "a partner that does 100 Mbit/s: why" lan1 $ebsim/lan1/partner 100 1 Ethernet 'LinkLimit="partner"' LinkSpeed=100
lab_partner lan1 1000
check_eventually 5 "with 1000 once more" sh -c '[ "$(cat /sys/class/net/lan1/speed)" = 1000 ]'
check_fails "there is nothing more to say" status_says "no faster"
check_eventually 3 "the front panel is all green" sh -c 'netctl status | grep -q "^switch.*wan up  lan0 up  lan1 up"'

# A port that is to offer less.
daemon_config <<-END
interfaces = ( { name = "br0"; kind = "bridge"; }, { name = "wan"; ethernet = { advertise = [ "100baseT/Full" ]; }; },
  { name = "lan0"; master = "br0"; }, { name = "lan1"; master = "br0"; } );
END
told "a port that may do 100 Mbit/s" wan - "netctl apply" 1 Ethernet 'LinkLimit="configuration"' LinkSpeed=100
check "status says why" status_says "wan up 100M @eth0 no faster: as configured"

# A cable that is broken.
lab_cable lan0 out
check_eventually 3 "no link" lab_carrier lan0 0
told "a broken cable" lan0 - "netctl test-cable lan0" cable Ethernet.Cable 'PairA="open"' 'Test="completed"'
check "status says how" status_says "lan0 no carrier br0 all pairs: open, "
check_equal "and JSON" open "$(netctl show lan0 --json | jq -r .ethernet.cable.pair_d)"

daemon_stop
check "the daemon stops" daemon_stopped
finish
