#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A thousand interfaces: netctl's verbs and Describe, and how long they take.
#
#   t-ctl-scale.sh [STATUS-MS DESCRIBE-MS]
#
# The goals are 100 and 50 ms on a machine that does nothing else: with arguments
# more than that is a failure. The suite prints what it took. The best run counts.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck disable=SC2034 # of lib/daemon.sh
daemon_bus=
status_ms=${1:-60000}
describe_ms=${2:-60000}
lab_dbus

{
	echo 'interfaces = ('
	echo '  { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; default_pvid = 0; }; },'
	for n in $(seq 500); do
		echo "  { name = \"p$n\"; kind = \"dummy\"; master = \"br0\"; port = { pvid = 10; untagged = [ 10 ]; tagged = [ \"20-29\" ]; }; },"
		echo "  { name = \"d$n\"; kind = \"dummy\"; addresses = [ \"10.$((n / 256)).$((n % 256)).1/24\" ]; },"
	done
	echo '  { name = "last"; kind = "dummy"; }'
	echo ');'
} | daemon_config
daemon_start -v
check "a thousand interfaces" eventually 60 daemon_says '^settled'

# best N COMMAND...: of so many runs, microseconds; in $best
best() {
	local n=$1 begin took
	shift
	best=
	while [ "$n" -gt 0 ]; do
		begin=${EPOCHREALTIME/[.,]/}
		"$@" >/tmp/out 2>&1 || { cat /tmp/out; return 1; }
		took=$((${EPOCHREALTIME/[.,]/} - begin))
		[ -n "$best" ] && [ "$best" -le $took ] || best=$took
		n=$((n - 1))
	done
}
# within USEC COMMAND...
within() {
	local limit=$1
	shift
	best 7 "$@" || return 1
	note "$(basename "$1") ${*:2}: $((best / 1000)).$((best % 1000 / 100)) ms"
	[ "$best" -le "$limit" ]
}
# What is its own in memory, KiB.
memory() {
	awk '/^Private_Dirty/ { print $2 }' "/proc/$daemon_pid/smaps_rollup"
}
memory_is_at_most() {
	[ "$(memory)" -le "$1" ]
}
sleep 3 # until it rests
memory_at_rest=$(memory)

check "netctl status" within "${status_ms}000" netctl status
check "in few lines" test "$(wc -l </tmp/out)" -lt 40
# A client that is there already: from call to answer.
/usr/libexec/netctl-tests/describe 21 "$describe_ms" >/tmp/describe
result=$?
note "$(cat /tmp/describe)"
check "Describe" test $result = 0
note "memory: at rest $memory_at_rest KiB, behind Describe $(memory) KiB"
check_eventually 10 "its memory is given back" memory_is_at_most $((memory_at_rest + 512))
# Last: to show one, what nobody names is read too, and Describe then has it.
best 7 netctl --version
note "netctl --version: $((best / 1000)).$((best % 1000 / 100)) ms"
for verb in "status --all" "status --json" stats metrics graph "show p1"; do
	# shellcheck disable=SC2086
	best 5 netctl $verb
	note "netctl $verb: $((best / 1000)).$((best % 1000 / 100)) ms"
done

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
