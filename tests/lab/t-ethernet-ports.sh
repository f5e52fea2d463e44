#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the ports of the board's switch agree on: an autonegotiation that is
# limited, a slower partner, a forced speed, a pulled cable; each as ethtool,
# the daemon and D-Bus say it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_espressobin || skip_all "needs the simulated switch"
lab_dbus
daemon_bus=
config() { daemon_config && netctl apply >/tmp/said 2>&1; }
# link DEVICE FILTER: what the daemon says of it.
link() { netctl show "$1" --json | jq -c "$2"; }
# is TEXT COMMAND...
is() { [ "$("${@:2}" 2>/dev/null)" = "$1" ]; }
speed() { cat "/sys/class/net/$1/speed"; }

daemon_config <<'END'
interfaces = (
  { name = "lan0"; ethernet = { advertise = [ "100baseT/Full" ]; }; },
  { name = "lan1"; ethernet = { autoneg = true; }; }
);
END
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "an autonegotiation that is limited makes 100" is 100 speed lan0
check_eventually 1 "the daemon says so" is 100 link lan0 .ethernet.link_speed
check_equal "and what it offers" '["100baseT/Full"]' "$(link lan0 .ethernet.advertise)"
check_eventually 5 "the other port has 1000" is 1000 link lan1 .ethernet.link_speed

lab_partner lan1 100
check_eventually 5 "a slower partner makes 100" is 100 speed lan1
check_eventually 1 "the daemon says so" is 100 link lan1 .ethernet.link_speed
check_eventually 1 "and D-Bus" is "u 100" busctl get-property org.netctl1 \
	/org/netctl1/link/lan1 org.netctl1.Ethernet LinkSpeed
lab_partner lan1 1000
check_eventually 5 "and back" is 1000 link lan1 .ethernet.link_speed

lab_cable lan1 out
check_eventually 3 "a pulled cable: no speed" is null link lan1 .ethernet.link_speed
check_equal "which is no failure" '"ok"' "$(link lan1 .state.management)"
lab_cable lan1 in
check_eventually 5 "and back" is 1000 link lan1 .ethernet.link_speed

note "a forced speed"
lab_cable lan1 out
check_eventually 3 "the cable is out" lab_carrier lan1 0
config <<'END'
interfaces = (
  { name = "lan0"; ethernet = { advertise = [ "100baseT/Full" ]; }; },
  { name = "lan1"; ethernet = { autoneg = false; speed = 10; }; }
);
END
check_equal "is taken without a link" 0 $?
lab_cable lan1 in
check_eventually 5 "and is there with it" is 10 speed lan1
check_eventually 2 "as configured" is '"ok"' link lan1 .state.management
check_equal "as a setting" '[10,"full"]' "$(link lan1 '[.ethernet.speed, .ethernet.duplex]')"

put_back() { ethtool -s lan1 speed 100 duplex full autoneg off; }
put_back
check_eventually 5 "what another hand forces is put back" is 10 speed lan1

note "gone from the configuration"
config <<'END'
interfaces = ( { name = "lan0"; }, { name = "lan1"; } );
END
check_equal "applied" 0 $?
check_eventually 5 "all is negotiated again" is 1000 speed lan1
check_eventually 5 "without a limit" is 1000 speed lan0
daemon_stop
check "the daemon ends" daemon_stopped

finish
