#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A link that flips as fast as ip can make it: the daemon keeps up, tells its
# clients no more than they can read, and in the end the truth. What it costs is
# measured by tests/bench/bus.
#
#   t-storm.sh      NETCTL_STORM=N flips (default 10000)

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
flips=${NETCTL_STORM:-10000}
monitor_pid=
stopped_pid=
at_exit 'kill -KILL $monitor_pid $stopped_pid 2>/dev/null'

carrier() {
	busctl --json=short get-property org.netctl1 /org/netctl1/link/v0 org.netctl1.Link Carrier |
		jq .data
}
is_false() {
	[ "$(carrier)" = false ]
}
resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"
}
told() {
	grep -c '"path":"/org/netctl1/link/v0".*"PropertiesChanged"' "$bus_dir/signals"
}
# last_told: the carrier of the last signal that has one, whatever else came behind it.
last_told() {
	sed -n '/"path":"\/org\/netctl1\/link\/v0"/s/.*"Carrier":{"type":"b","data":\([a-z]*\)}.*/\1/p' \
		"$bus_dir/signals" | tail -n 1
}
was_told() {
	[ "$(last_told)" = "$1" ]
}
# listens FILE: a monitor that writes there hears what is said.
listens() {
	busctl call org.netctl1 /org/netctl1 org.netctl1.Manager GetLinkByIndex i 1 >/dev/null
	[ -s "$1" ]
}

ip link set lo up
bus_start
daemon_config <<'END'
interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; },
  { name = "v2"; kind = "veth"; veth = { peer = "v3"; }; addresses = [ "192.0.2.1/24" ]; } );
END
daemon_start -v
daemon_settled
ip link set v1 up
ip link set v3 up
check_eventually 5 "a link with carrier" sh -c \
	"busctl get-property org.netctl1 /org/netctl1/link/v0 org.netctl1.Link Carrier | grep -q true"
stdbuf -oL busctl --json=short monitor org.netctl1 >"$bus_dir/signals" 2>/dev/null &
monitor_pid=$!
# And one that never reads.
busctl monitor org.netctl1 >"$bus_dir/unread" 2>/dev/null &
stopped_pid=$!
check_eventually 5 "a client listens" listens "$bus_dir/signals"
check_eventually 5 "so does another" listens "$bus_dir/unread"
kill -STOP $stopped_pid
for ((n = 0; n < flips / 2; n++)); do
	printf 'link set v1 down\nlink set v1 up\n'
done >"$daemon_dir/batch"
echo "link set v1 down" >>"$daemon_dir/batch"

memory=$(resident)
no_more_memory() { # what is free is given back when it rests
	[ $(($(resident) - memory)) -le 512 ]
}
begun=${EPOCHREALTIME/./}
ip -batch "$daemon_dir/batch"
check_eventually 20 "$flips flips end in the true state" is_false
check_eventually 20 "which is told" was_told false
signals=$(told)
took=$(((${EPOCHREALTIME/./} - begun) / 1000))
bound=$((40 + 100 * (took / 1000 + 2)))
note "$flips flips in $took ms, $signals signals"
# A sanitizer or valgrind takes memory of its own.
if grep -q __asan "$NETCTLD" || head -c 2 "$NETCTLD" | grep -q '#!'; then
	skip "they cost no memory" "not the plain program"
else
	check_eventually 20 "they cost no memory" no_more_memory
fi
check "signals of the object are bounded: $signals of at most $bound" test "$signals" -le "$bound"
state_is_told() {
	[ "$(ip -j link show v0 | jq -r '.[0].operstate | ascii_downcase')" = \
		"$(busctl --json=short get-property org.netctl1 /org/netctl1/link/v0 org.netctl1.Link \
			OperationalState | jq -r .data | tr -d '-')" ]
}
check_eventually 20 "no overrun went unnoticed: all is as the kernel has it" state_is_told
ip link set v1 up
check_eventually 60 "what comes after the storm is told again" was_told true

# A bus that takes nothing, while much happens: nothing grows, and then the truth is told.
kill -STOP "$bus_pid"
for ((n = 0; n < 50; n++)); do
	printf 'link add s%d type veth peer name t%d\nlink del s%d\n' $n $n $n
done >"$daemon_dir/batch"
ip -batch "$daemon_dir/batch"
ip link set v3 down
sleep 0.3
kill -CONT "$bus_pid"
check_eventually 10 "after a bus that hung in a storm, the truth" sh -c \
	"busctl get-property org.netctl1 /org/netctl1/link/v2 org.netctl1.Link Carrier | grep -q false"
daemon_stop
check "it ends" daemon_stopped
finish
