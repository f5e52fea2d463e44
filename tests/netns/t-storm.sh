#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A link that flips as fast as ip can make it: the daemon keeps up, tells its
# clients no more than they can read, and in the end the truth.
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
# What the daemon has used so far, in hundredths of a second.
cpu() {
	awk '{ print $14 + $15 }' "/proc/$daemon_pid/stat"
}
resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"
}
told() {
	grep -c '"path":"/org/netctl1/link/v0".*"PropertiesChanged"' "$bus_dir/signals"
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
busctl monitor org.netctl1 >/dev/null 2>&1 &
stopped_pid=$!
sleep 0.5
kill -STOP $stopped_pid
for ((n = 0; n < flips / 2; n++)); do
	printf 'link set v1 down\nlink set v1 up\n'
done >"$daemon_dir/batch"
echo "link set v1 down" >>"$daemon_dir/batch"

before=$(cpu)
memory=$(resident)
begun=${EPOCHREALTIME/./}
ip -batch "$daemon_dir/batch"
took=$(((${EPOCHREALTIME/./} - begun) / 1000))
check_eventually 2 "$flips flips end in the true state" is_false
check_eventually 2 "which is told" sh -c "grep '\"PropertiesChanged\"' '$bus_dir/signals' |
	jq -s '[.[] | select(.path == \"/org/netctl1/link/v0\") | .payload.data[1].Carrier.data |
		select(. != null)] | .[-1]' | grep -qx false"
used=$(($(cpu) - before))
signals=$(told)
bound=$((40 + 100 * (took / 1000 + 2)))
note "$flips flips in $took ms: ${used}0 ms of the daemon's time, $signals signals"
# A sanitizer or valgrind takes its own time.
if grep -q __asan "$NETCTLD" || head -c 2 "$NETCTLD" | grep -q '#!'; then
	skip "they cost at most half a second" "not the plain program"
else
	check "they cost at most half a second" test "$used" -le $((50 * flips / 10000))
	check "and no memory" test $(($(resident) - memory)) -le 512
fi
check "signals of the object are bounded: $signals of at most $bound" test "$signals" -le "$bound"
check_equal "no overrun went unnoticed: all is as the kernel has it" \
	"$(ip -j link show v0 | jq -r '.[0].operstate | ascii_downcase')" \
	"$(busctl --json=short get-property org.netctl1 /org/netctl1/link/v0 org.netctl1.Link \
		OperationalState | jq -r .data | tr -d '-')"
ip link set v1 up
check_eventually 3 "what comes after the storm is told again" sh -c \
	"tail -n 1 '$bus_dir/signals' | grep -q '\"Carrier\":{\"type\":\"b\",\"data\":true}'"

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
