#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A disk that takes seconds: the daemon goes on, the network is not touched before
# the generation is written, and nobody is told of what is not.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
command -v strace >/dev/null || skip_all "needs strace"
if grep -q __asan "$NETCTLD" || head -c 2 "$NETCTLD" | grep -q '#!'; then
	skip_all "not the plain program"
fi
slow=10 # seconds: so long may the machine take to ask the daemon something
generations=$daemon_dir/state/generations
new=$generations/generation-2.conf

config() { # MTU
	daemon_config <<EOF
interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = $1; } );
EOF
}
mtu_is() {
	ip link show v0 | grep -q " mtu $1 "
}
M="org.netctl1 /org/netctl1 org.netctl1.Manager"
serves() {
	# shellcheck disable=SC2086
	busctl call $M GetLinkByIndex i 1
}

ip link set lo up
bus_start
config 1400
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "and is on the bus" serves

strace -f -p "$daemon_pid" -o /dev/null -P "$new.new" -e trace=fsync \
	-e inject=fsync:delay_exit=${slow}000000 2>"$bus_dir/strace" &
strace_pid=$!
at_exit 'kill $strace_pid 2>/dev/null'
check_eventually 5 "its disk becomes slow" grep -q attached "$bus_dir/strace"
config 1300
"$NETCTL" apply >"$bus_dir/apply" 2>&1 &
apply_pid=$!
check_eventually 5 "a generation is being written" test -e "$new.new"
check "the daemon serves others meanwhile" serves
check "which was not waiting for the disk: that is not done yet" test ! -e "$new"
check "nothing has been touched before" mtu_is 1400
check "the change is done in the end" wait $apply_pid
check "it is in force" mtu_is 1300
check "and what came of it is on disk when that is told" grep -q '"applied"\|= "applied"' "$new"
kill $strace_pid
wait $strace_pid 2>/dev/null

daemon_stop
check "it ends" daemon_stopped
check "with all it has written" test ! -e "$new.new"
finish
