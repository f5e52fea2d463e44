#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Counters: GetStatistics on the bus, for one and for many callers; netctl stats
# and metrics. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"

M="org.netctl1 /org/netctl1 org.netctl1.Manager"
# ask [ARGUMENT...]: GetStatistics with such options; the document is in $out
ask() {
	busctl --json=short --timeout=10 call $M GetStatistics 'a{sv}' "${@:-0}" |
		jq -r '.data[0]' >"$out"
}

ip link set lo up
ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
daemon_config <<'EOT'
interfaces = ( { name = "absent0"; mtu = 1400; }, { name = "v0"; addresses = [ "192.0.2.1/24" ]; } );
EOT
bus_start
daemon_start -v
check "the daemon is there" daemon_settled
eventually 5 sh -c "busctl call $M GetLinkByIndex i 1 >/dev/null 2>&1"

check "of all interfaces" ask
check "each that is there" json '[.interfaces[].name] | sort == ["lo", "v0", "v1"]'
check "what the counters are" json '.groups.link.counters.rx_bytes == {"unit": "bytes", "help": "Good bytes received"}'
check "no errors" json '.errors == []'
check "of one" ask 1 names as 1 lo
check "only that" json '[.interfaces[].name] == ["lo"] and .interfaces[0].statistics[0].group == "link"'
check "one that is absent has none" ask 1 names as 2 absent0 v0
check "which is no error" json '.interfaces[0] == {"name": "absent0", "statistics": []} and
	(.interfaces[1].statistics | length) > 0'
check "a group" ask 2 groups as 1 link names as 1 v0
check "of that interface" json '.interfaces[0].statistics | length == 1'

ping -c 3 -i 0.01 -s 1000 127.0.0.1 >/dev/null 2>&1 || ping -c 3 -s 1000 127.0.0.1 >/dev/null
ask 1 names as 1 lo
packets=$(jq '.interfaces[0].statistics[0].counters.rx_packets' "$out")
check_equal "they are the kernel's" "$(ip -s -j link show lo | jq '.[0].stats64.rx.packets')" "$packets"

check_fails "an interface that is not there" busctl call $M GetStatistics 'a{sv}' 1 names as 1 nope
check_fails "a group that is not there" busctl call $M GetStatistics 'a{sv}' 1 groups as 1 nope
check_fails "an option that is not there" busctl call $M GetStatistics 'a{sv}' 1 nope as 1 lo
check_fails "an option of another type" busctl call $M GetStatistics 'a{sv}' 1 names s lo
mapfile -t names < <(seq 2000)
check_fails "too many names" busctl call $M GetStatistics 'a{sv}' 1 names as 2000 "${names[@]}"
check "anybody may ask" setpriv --reuid=65534 --regid=65534 --clear-groups busctl call $M \
	GetStatistics 'a{sv}' 0

# Many at once, among them some that do not wait for their answer.

cat >"$bus_dir/many.py" <<'EOT'
import dbus, json, os, signal, sys
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()
left = 100
bad = 0
buses = []

def answered(text, names):
    global left, bad
    d = json.loads(text)
    got = [i["name"] for i in d["interfaces"]]
    if names and got != names or not names and len(got) != 3:
        bad += 1
    done()

def failed(error, names):
    global bad
    print(error)
    bad += 1
    done()

def done():
    global left
    left -= 1
    if not left:
        loop.quit()

daemon = int(sys.argv[1])
os.kill(daemon, signal.SIGSTOP)  # so that it finds all of them at once
for n in range(100):
    if n % 10 == 0:  # asks and goes away
        gone = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM)
        gone.set_exit_on_disconnect(False)
        gone.get_object("org.netctl1", "/org/netctl1", introspect=False).GetStatistics(
            dbus.Dictionary({}, signature="sv"), dbus_interface="org.netctl1.Manager",
            ignore_reply=True)
        gone.close()
    bus = dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM) if n % 5 == 0 else dbus.SystemBus()
    buses.append(bus)
    names = [[], ["lo"], ["v0", "lo"]][n % 3]
    options = dbus.Dictionary({"names": dbus.Array(names, signature="s")} if names else {},
                              signature="sv")
    bus.get_object("org.netctl1", "/org/netctl1", introspect=False).GetStatistics(
        options, dbus_interface="org.netctl1.Manager",
        reply_handler=lambda t, n=names: answered(t, n), error_handler=lambda e, n=names: failed(e, n))
GLib.timeout_add(200, lambda: os.kill(daemon, signal.SIGCONT))
GLib.timeout_add_seconds(120, loop.quit)
loop.run()
print(left, "unanswered,", bad, "bad")
sys.exit(bool(left or bad))
EOT
check "a hundred callers at once, each gets what it asked for" /usr/bin/python3 "$bus_dir/many.py" "$daemon_pid"
check "the daemon is well" ask

# netctl stats.

check_status 0 "stats" run stats
check "a title" says '^NAME +RX BYTES +RX PACKETS +TX BYTES +TX PACKETS +ERRORS +DROPPED$'
check "a line each" says '^v0 +[0-9.kM]+ +[0-9]+ '
check_status 0 "stats of one" run stats lo
check "all groups, without the zeros" says '^  rx_packets +[1-9][0-9]* packets$'
check_fails "none of them" says 'rx_errors'
check_status 0 "stats --all" run stats lo --all
check "zeros too" says '^  rx_errors +0 packets$'
check_status 0 "stats of one that is absent" run stats absent0
check "says so" complains 'absent0 has no counters: it is not there'
check_status 10 "stats of one that nobody knows" run stats nope
check_status 0 "stats, JSON" run stats v0 v1 --json
check "the document" json '[.interfaces[].name] == ["v0", "v1"]'
ping -i 0.002 -w 300 127.0.0.1 >/dev/null 2>&1 &
ping_pid=$!
at_exit 'kill $ping_pid 2>/dev/null'
# A table ends with an empty line, a document with its line; neither need be written at once.
rates_are_whole() {
	if [ "$(head -c 1 "$out")" = "{" ]; then
		[ "$(wc -l <"$out")" -ge 1 ]
	else
		grep -q '^$' "$out"
	fi
}
# rates ARGUMENT...: until they have come.
rates() {
	: >"$out"
	"$NETCTL" stats --interval=1 "$@" >"$out" &
	rates_pid=$!
	eventually 5 rates_are_whole
	kill $rates_pid && wait $rates_pid 2>/dev/null
	[ $? = 143 ]
}
check "rates" rates lo v0
rates
check_eventually 5 "as a table" says '^lo +[0-9.]+[kM] +[0-9.]+k? +[0-9.]+[kM] '
rates lo --json
check "as JSON lines" sh -c "head -n 1 '$out' | jq -e '.interval_usec > 900000 and
	.interfaces[0].statistics[0].rates.rx_packets > 10'"
kill $ping_pid 2>/dev/null

# netctl metrics.

check_status 0 "metrics" run metrics
check "of interfaces" says '^netctl_link_rx_bytes_total\{interface="lo"\} [1-9]'
check "of states" says '^netctl_interface_state\{interface="absent0",state="absent"\} 1$'
if /usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' 2>/dev/null; then
	check "a parser of OpenMetrics takes it" /usr/bin/python3 - "$out" <<'EOT'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1]).read()))
names = [f.name for f in families]
assert len(names) == len(set(names)) and len(names) > 20, names
sample = [s for f in families for s in f.samples
          if s.name == "netctl_link_tx_bytes_total" and s.labels["interface"] == "lo"]
assert len(sample) == 1 and sample[0].value > 0, sample
EOT
else
	skip "a parser of OpenMetrics takes it" "no python3-prometheus-client"
fi
check_status 0 "metrics, JSON" run metrics --json
check "the document" json '.metrics[] | select(.name == "netctl_link_rx_bytes") | .type == "counter" and
	(.samples[] | select(.labels.interface == "lo") | .value > 0)'
check_status 0 "metrics of some" run metrics lo
check_fails "nothing of others" says 'v0'
check_status 10 "metrics of one that nobody knows" run metrics nope

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
