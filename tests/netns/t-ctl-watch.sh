#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl monitor, wait-online and graph. On a bus of its own, in a network
# namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"

ip link set lo up
config() { # STATE-OF-V1
	daemon_config <<EOT
interfaces = (
  { name = "br0"; kind = "bridge"; addresses = [ "192.0.2.1/24" ]; },
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; },
  { name = "v1"; up = $1; ethernet = { features = { rx-gro = true; }; }; },
  { name = "absent0"; mtu = 1400; }
);
EOT
}
pids=
at_exit 'kill $pids 2>/dev/null'

# wait-online: the daemon may come later.

check_status 3 "wait-online without a bus" run wait-online --timeout=1
check "says what it waits for" complains '^netctl: waiting for netctld to be there$'
check "and that time is over" complains '^netctl: timed out after 1 s, waiting for netctld to be there$'
bus_start
check_status 3 "--timeout=0 only looks" run wait-online --timeout=0
check_status 2 "a time that is none" run wait-online --timeout=x
check "which there are, and what 0 is" complains '1 s to 24 h, .*; 0 only looks$'
check_status 8 "monitor does not wait for the daemon" run monitor
check_status 8 "graph neither" run graph
config false
"$NETCTL" wait-online --timeout=60 v0:present --json >"$bus_dir/wait" 2>&1 &
wait_pid=$!
pids=$wait_pid
daemon_start -v
check "wait-online sees the daemon come" wait $wait_pid
check "as JSON" jq -e '.online and .waited_usec > 0' "$bus_dir/wait"
check "the daemon is there" daemon_settled

check_status 3 "without names: an interface with an address must be online" run wait-online --timeout=0
check "says which" complains 'not yet: this needs br0 \(has no carrier\)$'
check_status 3 "the same as JSON" run wait-online --timeout=0 --json
check "document" json '.error.status == 3'
check_status 3 "with names: all of them" run wait-online --timeout=4 v0:present v0:carrier foo
check "says which are missing" complains \
	'^netctl: waiting for v0:carrier \(has no carrier\), foo:online \(is absent\)$'
check_status 0 "what may not be there" run wait-online --timeout=0 absent0:absent v1:down \
	v0:no-carrier v0:up v0:ok br0:present
check_status 2 "a state that is none" run wait-online v0:great
check "says which there are" complains 'online, carrier, no-carrier, up, down'
check_status 2 "a name that is none" run wait-online :up

# monitor

"$NETCTL" monitor >"$bus_dir/text" 2>"$bus_dir/text.err" &
text_pid=$!
"$NETCTL" monitor --json >"$bus_dir/json" 2>/dev/null &
json_pid=$!
"$NETCTL" monitor v1 >"$bus_dir/v1" 2>/dev/null &
v1_pid=$!
pids="$text_pid $json_pid $v1_pid"
sees() {
	grep -qE "^[0-9:.]{12} $1" "$bus_dir/text"
}
# There is no telling when they listen but that they hear something.
hears() {
	ip link set v0 alias "x$RANDOM"
	[ -s "$bus_dir/text" ] && [ -s "$bus_dir/json" ]
}
eventually 5 hears
"$NETCTL" wait-online --timeout=60 >"$bus_dir/wait" 2>&1 &
wait_pid=$!
config true
check_status 0 "apply" run apply
check "wait-online ends when an interface is online" wait $wait_pid
check_status 0 "and is quick then" run wait-online
check_eventually 2 "monitor sees the carrier" sees 'v0: .*state.carrier true'
check_eventually 2 "the generation" sees 'netctld: applied, generation 2$'
ip link add d0 type veth peer name d1
check_eventually 2 "an interface that comes" sees 'd0: added$'
ip link del d0
check_eventually 2 "and goes" sees 'd0: removed$'
ip link set v1 mtu 1400
ip addr add 198.51.100.7/24 dev v1
check_eventually 2 "an address" sees 'v1: .*addresses .*198.51.100.7/24'
ethtool -K v1 gro off
check_eventually 2 "a setting in a group of a group" sees 'v1: .*ethernet.features.rx-gro false'
ip addr del 192.0.2.1/24 dev br0
check_eventually 2 "drift" sees 'br0: drift, key '
check_eventually 2 "JSON lines" jq -es 'any(.[]; .event == "changed" and .interface == "v1" and
	.changes.mtu == 1400) and all(.[]; .version == 1 and .time_usec > 0)' "$bus_dir/json"
only_v1() {
	ip link set v1 alias "z$RANDOM" # there is no telling when this one began to listen, either
	grep -q ' v1: ' "$bus_dir/v1"
}
check_eventually 2 "one interface" only_v1
check_fails "nothing else" grep -v ' v1: ' "$bus_dir/v1"

{ "$NETCTL" monitor 2>"$bus_dir/piped.err"; : >"$bus_dir/piped.end"; } | head -n 1 >/dev/null &
pipe_done() {
	ip link set v0 alias "y$RANDOM"
	[ -e "$bus_dir/piped.end" ]
}
check_eventually 5 "monitor ends when nobody reads" pipe_done
check "without a word" test ! -s "$bus_dir/piped.err"

# graph

check_status 0 "graph" run graph
check "a port is below its bridge" sh -c "grep -A1 '^. br0  bridge' '$out' | grep -q '^\`- . v0  veth'"
check "what is absent" says 'absent0  absent$'
check "80 columns" fits
LC_ALL=C.UTF-8 run graph
check "with lines" says '└─ ● v0  veth$'
check_status 0 "graph --dot" run graph --dot
check "nodes" says '^	"br0" \[ color = green4, xlabel = "bridge" \];$'
check "edges" says '^	"v0" -> "br0";$'
if command -v dot >/dev/null; then
	check "graphviz takes it" dot -Tcanon -o /dev/null "$out"
fi
check_status 0 "graph, JSON" run graph --json
check "document" json '(.edges | index([{"from": "v0", "to": "br0", "type": "port"}])) != null and
	(.nodes | length) == 5'

# The daemon, and then the bus, end while somebody watches.

"$NETCTL" wait-online --timeout=60 late0:present >"$bus_dir/wait" 2>&1 &
wait_pid=$!
pids="$pids $wait_pid"
eventually 5 grep -q 'waiting for late0:present' "$bus_dir/wait"
daemon_stop
check "the daemon ends" daemon_stopped
check_eventually 2 "monitor tells" sees 'netctld: ended$'
ip link add late0 type veth peer name late1
daemon_start -v
check "wait-online sees what came while there was no daemon" wait $wait_pid
ip link del late0
check_eventually 5 "and that there is a new one" sees 'netctld: started$'
eventually 5 daemon_settled
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"
ip link set v1 alias again
check_eventually 2 "whose events it shows" sees 'v1: alias again'
config "maybe"
check_status 0 "a broken file changes nothing for who waits" run wait-online --timeout=25
daemon_stop
daemon_stopped
mkdir "$bus_dir/fresh"
daemon_start -v --state-dir="$bus_dir/fresh"
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"
check_status 5 "where nothing is configured there is nothing to wait for" run wait-online --timeout=25
check "says so" complains 'nothing is configured'
bus_stop
eventually 5 sh -c "! kill -0 $text_pid 2>/dev/null"
wait $text_pid
check_equal "monitor ends with the bus" 8 $?
check "with a message" grep -q '^netctl: the connection to the bus was lost$' "$bus_dir/text.err"

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
