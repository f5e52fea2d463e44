#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Settings of cages: the mode between MAC and module, autonegotiation within it,
# which modules are allowed, limits of one's own; asserted for each module that
# is put in, told where that cannot be, and put back when nobody asks any more.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
export NO_COLOR=1

# What the stand-in's MAC has been told.
mac() { # CAGE FIELD
	sed -n "s/^$2: //p" "$lab_cages/$1/state"
}
mac_is() { # CAGE FIELD VALUE
	[ "$(mac "$1" "$2")" = "$3" ]
}
sfp() { # DEVICE JQ-EXPRESSION
	netctl sfp "$1" --json | jq -r ".cages[0].sfp.$2"
}
sfp_is() { # DEVICE JQ-EXPRESSION VALUE
	[ "$(sfp "$1" "$2")" = "$3" ]
}
state() { # DEVICE
	netctl show "$1" --json | jq -r '.state.management + ": " + (.state.reason // "")'
}
state_is() { # DEVICE PATTERN
	# shellcheck disable=SC2053 # a pattern
	[[ $(state "$1") == $2 ]]
}
carrier_is() { # DEVICE 0|1
	[ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null || echo 0)" = "$2" ]
}
is_up() {
	ip -br link show "$1" up | grep -q .
}
is_down() {
	! is_up "$1"
}
# The whole configuration: settings of sfp0, the rest is the same.
configure() { # SETTINGS [MORE]
	daemon_config <<END
interfaces = (
  { name = "sfp0"; sfp = { interval = "1s"; $1 }; ${2:-} },
  { name = "sfp1"; sfp = { interval = "1s"; }; }
);
END
}
apply() { # SETTINGS [MORE]
	configure "$@"
	netctl apply
}

lab_dbus
lab_cages 2 1
daemon_bus=
configure 'mode = "2500base-x";'
daemon_start -v
check_eventually 5 "the daemon is on the bus" busctl status org.netctl1
check_eventually 3 "a mode, and an empty cage: waits" state_is sfp0 "waiting: *the cage is empty"

netctl monitor --json >/tmp/events 2>/dev/null &
monitor=$!
at_exit "kill $monitor 2>/dev/null"

# The mode.
lab_insert 0 dac-passive A
lab_insert 1 dac-passive B
check_eventually 8 "a module comes: the mode is set" mac_is 0 interface 2500base-x
check_eventually 5 "and the interface is as configured" state_is sfp0 "ok: *"
check_eventually 3 "as it is read back" sfp_is sfp0 mode 2500base-x
check_eventually 3 "the kernel's choice" sfp_is sfp0 interface 2500base-x
check_eventually 3 "of these" sfp_is sfp0 'modes|join(" ")' "1000base-x 2500base-x 10gbase-r"
check_eventually 3 "the other end is left as it is" mac_is 1 interface 10gbase-r
check "apply" apply 'mode = "1000base-x";'
check_eventually 3 "another mode" mac_is 0 interface 1000base-x
check "apply" apply 'mode = "10gbase-r";'
check_eventually 3 "the fastest" mac_is 0 interface 10gbase-r
check "apply" apply 'mode = "2500base-x";'
check_eventually 3 "and back" mac_is 0 interface 2500base-x
lab_insert 0 dac-passive C
check_eventually 5 "another module" sfp_is sfp0 serial C
check_eventually 8 "gets the mode too" mac_is 0 interface 2500base-x
check_eventually 5 "which is no drift" state_is sfp0 "ok: *"
check_fails "nobody speaks of drift" grep -q '"event":"drift"' /tmp/events
lab_insert 0 10gbase-sr D
check_eventually 8 "a module that cannot: it is said what it can" state_is sfp0 \
	"waiting: *2500base-x; MAC and this one have: 10gbase-r"
lab_pull 0
check_eventually 5 "pulled out" state_is sfp0 "waiting: *the cage is empty"
lab_insert 0 2500base-x E
check_eventually 8 "one that can do nothing else" state_is sfp0 "ok: *"
lab_insert 0 dac-passive F
check_eventually 8 "and the first kind again" mac_is 0 interface 2500base-x
check_eventually 5 "is as configured" state_is sfp0 "ok: *"
drift_is_told() { # once the module is no longer new
	ethtool -s sfp0 advertise 0x20000000000 autoneg on
	sleep 0.5
	grep -q '"event":"drift".*sfp.mode' /tmp/events
}
check_eventually 20 "another hand's mode is told as drift" drift_is_told
check_eventually 5 "and put back" mac_is 0 interface 2500base-x
check "apply without a mode" apply ''
check_eventually 3 "nobody asks any more: as the kernel has it by itself" mac_is 0 interface 10gbase-r
check_eventually 3 "auto" sfp_is sfp0 mode auto

# Autonegotiation within it, as a GPON module needs it off.
lab_insert 0 1000base-lx G
lab_insert 1 1000base-lx H
check_eventually 8 "a link" carrier_is sfp0 1
check "apply" apply 'mode = "1000base-x"; inband = false;'
check_eventually 3 "in-band autonegotiation is off" mac_is 0 inband 0
check_eventually 3 "and read back so" sfp_is sfp0 inband false
check_eventually 5 "without an answer the other end has no link" carrier_is sfp1 0
check_eventually 5 "and says why" sfp_is sfp1 'no_link | test("autonegotiation")' true
lab_insert 0 1000base-lx I
check_eventually 5 "another module" sfp_is sfp0 serial I
check_eventually 8 "gets it too" mac_is 0 inband 0
check_eventually 5 "is as configured" state_is sfp0 "ok: *"
lab_insert 0 1000base-t J
check_eventually 9 "SGMII has no such choice, which is said" state_is sfp0 \
	"waiting: *MAC and this one have: sgmii"
lab_insert 0 2500base-x K
check "apply" apply 'inband = false;'
check_eventually 8 "off at 2500base-x" mac_is 0 inband 0
check_eventually 8 "in the mode of the module" mac_is 0 interface 2500base-x
check "apply without" apply ''
check_eventually 3 "on again" mac_is 0 inband 1

# Which modules are allowed.
lab_insert 0 10gbase-sr L1
lab_insert 1 10gbase-sr L2
check_eventually 9 "a link" carrier_is sfp0 1
check "apply" apply 'require = { part = "LR-*"; };'
check_equal "what is required can be read back" '"LR-*"' "$(netctl show sfp0 --json | jq -c .sfp.require.part)"
check_equal "on the bus too" 's "LR-*"' "$(busctl get-property org.netctl1 /org/netctl1/link/sfp0 \
	org.netctl1.Sfp.Require Part)"
check_eventually 3 "another part is told" sfp_is sfp0 mismatch 'its part is "SR-10G", not "LR-*"'
check "and does no harm" carrier_is sfp0 1
check_eventually 2 "told as an event" grep -q '"event":"module-mismatch"' /tmp/events
check "apply" apply 'require = { part = "LR-*"; action = "down"; };' \
	'addresses = [ "192.0.2.1/24" ]; routes = ( { to = "198.51.100.0/24"; via = "192.0.2.2"; } );'
check_eventually 3 "with action down the interface goes down" is_down sfp0
check_eventually 3 "and says why" state_is sfp0 'waiting: *another module: its part is "SR-10G", not "LR-\*"'
lab_insert 0 10gbase-lr M
check_eventually 6 "the right one: it comes up" is_up sfp0
check_eventually 5 "as configured" state_is sfp0 "ok: *"
check_equal "with its route" 1 "$(ip route show 198.51.100.0/24 | wc -l)"
lab_pull 0
check_eventually 5 "pulled out: it goes down" is_down sfp0
check_eventually 3 "and waits" state_is sfp0 "waiting: *the cage is empty"
lab_insert 0 10gbase-lr N
check_eventually 6 "in again: it comes up" is_up sfp0
lab_insert 0 10gbase-sr O
check_eventually 6 "swapped for a wrong one: it goes down" is_down sfp0
check_fails "which is no drift" sh -c 'grep "\"event\":\"drift\"" /tmp/events | grep -q "\"up\""'
for r in 'vendor = "NETCTL*"' 'serial = "O"' 'wavelength = 850' 'max_power = 1.0'; do
	check "apply: $r" apply "require = { $r; action = \"down\"; };"
	check_eventually 6 "$r: it is the right one" is_up sfp0
done
for r in 'vendor = "OTHER"' 'serial = "P*"' 'wavelength = 1310.0' 'max_power = 0.5'; do
	check "apply: $r" apply "require = { $r; action = \"down\"; };"
	check_eventually 6 "$r: it is another" is_down sfp0
done
check "apply without" apply ''
check_eventually 3 "up" is_up sfp0

# Limits of one's own.
check "apply" apply 'thresholds = { rx_power_low_warning = "-3 dBm"; temperature_high_alarm = 40; };'
check_eventually 3 "a limit of one's own is exceeded" sfp_is sfp0 \
	'alarms|index("temperature: high_alarm") != null' true
check_eventually 3 "the light too" sfp_is sfp0 'alarms|index("rx_power: low_warning") != null' true
check_eventually 3 "limits are shown as they hold" sfp_is sfp0 limits.temperature.high_alarm 40
check_eventually 3 "dBm are milliwatts" sfp_is sfp0 limits.rx_power.low_warning 0.5012
check_eventually 2 "told as an event" \
	grep -q '"event":"module-limit".*"quantity":"temperature","limit":"high_alarm","state":"exceeded"' /tmp/events
check "apply without" apply ''
check_eventually 3 "the module's own again" sfp_is sfp0 'alarms|length' 0
check_eventually 2 "told too" grep -q '"event":"module-limit".*"state":"normal"' /tmp/events

# What is refused.
refused() { # SETTINGS PATTERN [MORE]
	configure "$1" "${3:-}"
	netctl check "$daemon_dir/etc" 2>&1 | tee /tmp/refused | grep -q "$2" || { cat /tmp/refused; return 1; }
}
check "mode and ethernet.advertise" refused 'mode = "sgmii";' \
	'sfp.mode: ethernet.advertise sets the same' 'ethernet = { advertise = [ "1000baseX/Full" ]; };'
check "inband and ethernet.autoneg" refused 'inband = false;' \
	'sfp.inband: ethernet.autoneg sets the same' 'ethernet = { autoneg = false; };'
check "no such mode" refused 'mode = "1000base-t";' 'sfp.mode.*1000base-x'
check "requiring nothing" refused 'require = { action = "down"; };' 'nothing is required'
check "limits in the wrong order" refused \
	'thresholds = { voltage_low_alarm = 3.4; voltage_high_alarm = 3.3; };' \
	'voltage_low_alarm: is above voltage_high_alarm'
check "no power of light" refused 'thresholds = { rx_power_low_alarm = "3 dB"; };' 'no power of light'
configure ''

# Insertion and removal, as events.
check_eventually 2 "an insertion is an event" \
	grep -q '"event":"module-inserted","interface":"sfp0","changes":{"vendor":"NETCTL LAB","part":"SR-10G","serial":"O"}' /tmp/events
check_eventually 2 "a removal too" grep -q '"event":"module-removed","interface":"sfp0"' /tmp/events

# The power of a module.
daemon_config <<'END'
interfaces = ( { name = "sfp0"; ethernet = { module = { power_mode_policy = "auto"; }; }; } );
END
netctl apply >/tmp/out 2>&1
check "a driver that cannot is named, with what it said" \
	grep -q 'sfp0: ethernet.module.power_mode_policy.*not supported' /tmp/out || cat /tmp/out
check "apply" apply ''
daemon_config 20-qsfp.conf <<'END'
interfaces = ( { name = "qsfp0"; ethernet = { module = { power_mode_policy = "auto"; }; }; } );
END
check "apply" netctl apply
power() {
	ethtool --show-module qsfp0 | sed -n "s/^$1: *//p"
}
check_equal "a driver that can: the policy" auto "$(power power-mode-policy)"
lab_insert_qsfp 0 dr4
check_equal "of the module in it" high "$(power power-mode)"
rm "$daemon_dir/etc/20-qsfp.conf"
check "apply without" netctl apply
check_equal "as before" high "$(power power-mode-policy)"

# A MAC that cannot what the module is for.
rmmod sfpsim
lab_cages 2 0 gigabit=1
check_eventually 5 "the cages are there again" sfp_is sfp0 present false
lab_insert 0 10gbase-sr Q
lab_insert 1 10gbase-sr R
check_eventually 9 "no mode in common: which each offers" sfp_is sfp0 \
	'no_link | test("no mode in common: the module is made for 10gbase-r, the MAC.s link modes are of .*1000base-x")' true
lab_insert 0 1000base-lx S
lab_insert 1 1000base-lx T
check_eventually 9 "one that fits has a link" carrier_is sfp0 1
check "the daemon lives" kill -0 "$daemon_pid"
finish
