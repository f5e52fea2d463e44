#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Modules in cages: that they come and go is told, what they say of themselves
# is what ethtool reads, and there is a reason where there is no link.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
export NO_COLOR=1

sfp() { # DEVICE JQ-EXPRESSION
	netctl sfp "$1" --json | jq -r ".cages[0].sfp.$2"
}
sfp_is() { # DEVICE JQ-EXPRESSION VALUE
	[ "$(sfp "$1" "$2")" = "$3" ]
}
# ethtool's word for a field, the first where there are several.
et() { # DEVICE FIELD
	ethtool -m "$1" | sed -n "s/^\s*$2\s*: *//p" | head -n 1
}
first_number() {
	grep -oE -- '-?[0-9.]+' | head -n 1
}
same_number() { # A B
	awk -v a="$1" -v b="$2" 'BEGIN {
		d = a - b; exit !(a b ~ /^[-.0-9]+$/ && length(a) && length(b) && d < 0.011 && d > -0.011) }'
}
# What the daemon has measured is of its last look, an interval ago at most.
agrees() { # DEVICE FIELD JQ-EXPRESSION: ethtool's number is ours
	same_number "$(et "$1" "$2" | first_number)" "$(sfp "$1" "$3")"
}

lab_dbus
lab_cages 4 1
daemon_bus=
daemon_config <<'END'
interfaces = (
  { name = "sfp0"; sfp = { interval = "1s"; }; },
  { name = "sfp1"; sfp = { interval = "1s"; }; },
  { name = "qsfp0"; sfp = { interval = "1s"; }; }
);
END
daemon_start -v
check_eventually 5 "the daemon is on the bus" busctl status org.netctl1
check_eventually 3 "an empty cage" sfp_is sfp0 no_link "the cage is empty"
check_equal "is said to be empty" "sfp0: empty" "$(netctl sfp sfp0)"

busctl --json=short monitor org.netctl1 >/tmp/monitor 2>/dev/null &
monitor=$!
at_exit "kill $monitor 2>/dev/null"

for kind in 1000base-lx 10gbase-sr 2500base-x 1000base-t dac-passive external; do
	lab_insert 0 $kind "S-$kind"
	lab_insert 1 $kind "T-$kind"
	check_eventually 4 "$kind: is noticed" sfp_is sfp0 serial "S-$kind"
	# What is about the link may come a moment later.
	check_eventually 10 "$kind: there is a link" sfp_is sfp0 no_link null
	check_equal "$kind: vendor" "$(et sfp0 'Vendor name')" "$(sfp sfp0 vendor)"
	check_equal "$kind: part" "$(et sfp0 'Vendor PN')" "$(sfp sfp0 part)"
	check_equal "$kind: revision" "$(et sfp0 'Vendor rev')" "$(sfp sfp0 revision)"
	check_equal "$kind: serial number" "$(et sfp0 'Vendor SN')" "$(sfp sfp0 serial)"
	check_equal "$kind: OUI" "$(et sfp0 'Vendor OUI')" "$(sfp sfp0 oui)"
	case $kind in
	1000base-t | dac-passive)
		check_equal "$kind: measures nothing" null "$(sfp sfp0 'rx_power')"
		continue ;;
	esac
	check_equal "$kind: wavelength" "$(et sfp0 'Laser wavelength' | first_number)" \
		"$(sfp sfp0 wavelength)"
	check_eventually 3 "$kind: temperature" agrees sfp0 \
		'Module temperature' 'temperature[0]'
	check_eventually 3 "$kind: voltage" agrees sfp0 \
		'Module voltage' 'voltage[0]'
	check_eventually 3 "$kind: bias" agrees sfp0 \
		'Laser bias current' 'bias[0]'
	check_eventually 3 "$kind: light sent" agrees sfp0 \
		'Laser output power' 'tx_power[0]'
	check_eventually 3 "$kind: light received" agrees sfp0 \
		'Receiver signal average optical power' 'rx_power[0]'
	check_eventually 3 "$kind: a limit of the received light" agrees sfp0 \
		'Laser rx power low alarm threshold' limits.rx_power.low_alarm
	check_eventually 3 "$kind: a limit of the temperature" agrees sfp0 \
		'Module temperature high warning threshold' limits.temperature.high_warning
done
check_eventually 3 "modules are told on the bus" grep -q '"Serial":{"type":"s","data":"S-10gbase-sr"}' /tmp/monitor

# Why there is no link.
lab_insert 0 10gbase-lr A
lab_insert 1 10gbase-lr B
check_eventually 10 "a link" sfp_is sfp0 no_link null
echo 0 >"$lab_cages/1/fibre"
check_eventually 4 "a cut fibre: no light" \
	sh -c 'netctl sfp sfp0 --json | jq -r ".cages[0].sfp.no_link" | grep -q "too little light.*-40.0 dBm"'
check_eventually 3 "which is an alarm" sfp_is sfp0 'alarms|index("rx_power: low_alarm") != null' true
echo 1 >"$lab_cages/1/fibre"
check_eventually 5 "mended: no alarm" sfp_is sfp0 'alarms|length' 0
check_eventually 5 "and a link" sfp_is sfp0 no_link null
lab_insert 1 1000base-lx C
check_eventually 15 "another kind at the far end" \
	sh -c 'netctl sfp sfp0 --json | jq -r ".cages[0].sfp.no_link" | grep -q "another speed"'
lab_insert 3 1000base-lx D
check_eventually 7 "a link that is down" sfp_is sfp3 no_link "administratively down"
lab_insert 0 bad-checksum
check_eventually 4 "a wrong checksum" \
	sh -c 'netctl sfp sfp0 --json | jq -r ".cages[0].sfp.problem" | grep -q "checksum of its identity"'
lab_insert 0 unknown
check_eventually 4 "an unknown kind" \
	sh -c 'netctl sfp sfp0 --json | jq -r ".cages[0].sfp.problem" | grep -q "no kind of module"'
lab_pull 0
check_eventually 4 "pulled out" sfp_is sfp0 present false

# QSFP and CMIS.
lab_insert_qsfp 0 sr4
check_eventually 4 "a QSFP28 module" sfp_is qsfp0 part QSFP28-SR4
check_equal "with its standard" 100GBASE-SR4 "$(sfp qsfp0 'compliance[0]')"
check_eventually 3 "and four lanes of light" agrees qsfp0 'Rcvr signal avg optical power(Channel 4)' 'rx_power[3]'
lab_insert_qsfp 0 dr4
check_eventually 4 "swapped for a CMIS module" sfp_is qsfp0 part QDD-400G-DR4
check_equal "with its standard" 400GBASE-DR4 "$(sfp qsfp0 'compliance[0]')"

# A module that answers slowly holds up nobody: a second each transfer, of which a look takes many.
echo 1000 >"$lab_cages/2/slow_ms"
lab_insert 2 10gbase-sr SLOW
longest=0
for _ in $(seq 25); do
	begin=$(date +%s%N)
	busctl get-property org.netctl1 /org/netctl1 org.netctl1.Manager State >/dev/null
	took=$((($(date +%s%N) - begin) / 1000000))
	[ $took -le $longest ] || longest=$took
done
echo "# the longest answer meanwhile: $longest ms"
check "the daemon answers long before a look is over" [ $longest -lt 10000 ]
echo 0 >"$lab_cages/2/slow_ms"
check_eventually 20 "which is understood in the end" sfp_is sfp2 serial SLOW

# Vanishing while it is read; rubbish of any kind.
for n in 1 2 3 4; do
	lab_insert 0 10gbase-sr "V$n"
	check "one is pulled out at transfer $n" lab_vanish 0 "$n"
	check_eventually 5 "which is noticed" sfp_is sfp0 present false
done
for n in $(seq 20); do
	echo 0 >"$lab_cages/0/present"
	{
		printf '\3'
		head -c 511 /dev/urandom
	} >"$lab_cages/0/eeprom"
	echo 1 >"$lab_cages/0/present"
	sleep 0.15
done
check_eventually 3 "rubbish in the memory" sfp_is sfp0 present true
netctl sfp >/tmp/text
check "can be shown" test -s /tmp/text
check "and is printable" sh -c '! LC_ALL=C grep -q "[[:cntrl:]]" /tmp/text'
check "the daemon lives" kill -0 "$daemon_pid"
finish
