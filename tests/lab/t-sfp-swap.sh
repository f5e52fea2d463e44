#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every kind of module put in, swapped and pulled while traffic runs and while a
# configuration is being applied; what netctl says of each against what ethtool
# says, field by field; and the same as metrics, in the eyes of a parser.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
export NO_COLOR=1
here=$(dirname "$0")

sfp_is() { # DEVICE JQ-EXPRESSION VALUE
	[ "$(netctl sfp "$1" --json | jq -r ".cages[0].sfp.$2")" = "$3" ]
}
# compare DEVICE: netctl's fields against ethtool's, those that ethtool has.
compare() {
	netctl sfp "$1" --json >/tmp/ours
	ethtool -m "$1" >/tmp/theirs
	/usr/bin/python3 "$here/sfp-compare" /tmp/ours /tmp/theirs
}
received() {
	cat /sys/class/net/sfp0/statistics/rx_packets
}
more_received() {
	[ "$(received)" -gt "$1" ]
}
configure() { # SETTINGS
	daemon_config <<END
interfaces = (
  { name = "sfp0"; addresses = [ "192.0.2.1/24" ]; sfp = { interval = "1s"; $1 }; },
  { name = "sfp2"; sfp = { interval = "1s"; }; },
  { name = "sfp3"; sfp = { interval = "1s"; }; },
  { name = "qsfp0"; sfp = { interval = "1s"; }; }
);
END
}

lab_dbus
lab_cages 4 1
ip netns add far
ip link set sfp1 netns far
ip -n far address add 192.0.2.2/24 dev sfp1
ip -n far link set sfp1 up
daemon_bus=
configure ''
daemon_start -v
check_eventually 5 "the daemon is on the bus" busctl status org.netctl1

# Traffic, and a configuration that changes all the time.
ip netns exec far ping -qfi 0.02 192.0.2.1 >/dev/null 2>&1 &
pinger=$!
changes=/tmp/changes
: >$changes
while [ ! -e /tmp/stop ]; do
	for s in 'mode = "auto";' 'require = { vendor = "NETCTL*"; };' 'inband = true;' ''; do
		configure "$s"
		netctl apply >/tmp/apply 2>&1 || cat /tmp/apply >>/tmp/failed
		echo >>$changes
		sleep 0.1
	done
done &
changer=$!
at_exit "touch /tmp/stop; kill $pinger $changer 2>/dev/null"

n=0
swap() { # KIND: into both ends; that they were empty for a moment, the daemon may see or not
	n=$((n + 1))
	lab_insert 0 "$1" "N$n"
	lab_insert 1 "$1" "F$n"
}
for kind in 1000base-sx 1000base-lx 1000base-t 2500base-x 10gbase-sr 10gbase-lr dac-passive \
	dac-active external high-power; do
	swap "$kind"
	check_eventually 6 "$kind: is noticed" sfp_is sfp0 serial "N$n"
	check_eventually 12 "$kind: there is a link" sfp_is sfp0 no_link null
	check_eventually 5 "$kind: traffic runs" more_received "$(received)"
	check_eventually 3 "$kind: what netctl says is what ethtool says" compare sfp0
	if [ $((n % 2)) = 0 ]; then
		lab_pull 0
		check_eventually 5 "$kind: pulled out" sfp_is sfp0 present false
	fi
done
for kind in bad-checksum unknown empty; do
	lab_insert 0 $kind X
	check_eventually 5 "$kind: is noticed, and a reason given" sfp_is sfp0 'problem != null' true
done
lab_insert 0 10gbase-sr VANISH
check "one is pulled out while it is read" lab_vanish 0 3
check_eventually 5 "which is noticed" sfp_is sfp0 present false
echo 100 >"$lab_cages/0/slow_ms"
before=$(wc -l <$changes)
swap 10gbase-sr
check_eventually 20 "a slow one is noticed" sfp_is sfp0 serial "N$n"
check "changes went on meanwhile" [ "$(wc -l <$changes)" -gt "$before" ]
echo 0 >"$lab_cages/0/slow_ms"
for kind in sr4 lr4 dr4; do
	lab_insert_qsfp 0 $kind
	part=QSFP28-${kind^^}
	[ $kind != dr4 ] || part=QDD-400G-DR4
	check_eventually 5 "$kind: is noticed" sfp_is qsfp0 part "$part"
	check_eventually 3 "$kind: what netctl says is what ethtool says" compare qsfp0
done
touch /tmp/stop
wait $changer
kill $pinger
echo "# $(wc -l <$changes) changes meanwhile"
check_fails "no change failed" grep . /tmp/failed

# Metrics.
lab_insert 0 10gbase-sr M
lab_insert 1 10gbase-sr M
check_eventually 5 "a module" sfp_is sfp0 serial M
check_eventually 12 "a link" sfp_is sfp0 no_link null
metrics_say() {
	netctl metrics >/tmp/metrics
	grep -F -- "$1" /tmp/metrics
}
for line in 'netctl_sfp_temperature_celsius{interface="sfp0"} 41.5' \
	'netctl_sfp_voltage_volts{interface="sfp0"} 3.305' \
	'netctl_sfp_present{interface="sfp2"} 0' \
	'netctl_sfp_lane_rx_power_watts{interface="sfp0",lane="1"} 0.0001585' \
	'netctl_sfp_lane_bias_amperes{interface="qsfp0",lane="4"}' \
	'netctl_sfp_alarms{interface="sfp0"} 0' 'netctl_sfp_age_seconds{interface="sfp0"}'; do
	check_eventually 3 "$line" metrics_say "$line"
done
check "a parser of OpenMetrics takes it" /usr/bin/python3 - <<'END'
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {f.name: f for f in text_string_to_metric_families(open("/tmp/metrics").read())}
sample = families["netctl_sfp_temperature_celsius"].samples[0]
assert families["netctl_sfp_temperature_celsius"].unit == "celsius", families
assert len([s for s in families["netctl_sfp_lane_rx_power_watts"].samples
            if s.labels["interface"] == "qsfp0"]) == 4
END
age() {
	netctl sfp sfp0 --json | jq -e '.cages[0].age >= 0 and .cages[0].age < 2.5'
}
check_eventually 3 "the age of the values" age
check "on the bus too" sh -c 'busctl get-property org.netctl1 /org/netctl1/link/sfp0 org.netctl1.Sfp ReadUsec | grep -q "^t 1"'
check "the daemon lives" kill -0 "$daemon_pid"
ip netns del far
finish
