#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the service manager is told, and when; and that there is one daemon at a time for
# a state folder. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"
manager_pid=
at_exit 'kill $manager_pid 2>/dev/null'

config() {
	daemon_config <<-END
	interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = $1; } );
	END
}
mtu_is() {
	ip link show v0 | grep -q " mtu $1 "
}

# What it is told, a line each, in $bus_dir/told.
told=$bus_dir/told
: >"$told"
notify=$bus_dir/notify
/usr/bin/python3 - "$notify" >>"$told" <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    for line in s.recv(4096).decode().splitlines():
        if not line.startswith(("WATCHDOG", "FDSTORE", "FDNAME")):
            print(line, flush=True)
END
manager_pid=$!
check_eventually 10 "there is somebody to tell" test -S "$notify"
# last_is LINE: the last word but for the status; status_is TEXT.
last_is() {
	[ "$(grep -v STATUS "$told" | tail -n 1)" = "$1" ]
}
status_is() {
	[ "$(grep STATUS "$told" | tail -n 1)" = "STATUS=$1" ]
}
# forget: what was told so far.
forget() {
	: >"$told"
}

# SIGHUP is there before the daemon is.
ip link set lo up
config 1400
bus_start
cat >"$bus_dir/hung-up.py" <<'END'
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
os.kill(os.getpid(), signal.SIGHUP)
os.execv(sys.argv[1], sys.argv[1:])
END
: >"$daemon_log"
NOTIFY_SOCKET=$notify /usr/bin/python3 "$bus_dir/hung-up.py" "$NETCTLD" -v --config-dir="$daemon_dir/etc" \
	--state-dir="$daemon_dir/state" >"$daemon_log" 2>&1 &
daemon_pid=$!
check_eventually 10 "it is ready" grep -qx READY=1 "$told"
check_equal "that is the first that it tells" READY=1 "$(head -n 1 "$told")"
check "it has applied by then" mtu_is 1400
check_eventually 10 "its status is that" status_is steady
sleep 0.2

forget
config 1300
kill -HUP "$daemon_pid"
check_eventually 10 "a reload is told" grep -qx RELOADING=1 "$told"
check "with its time" grep -qE '^MONOTONIC_USEC=[0-9]+$' "$told"
check_eventually 10 "and its end" last_is READY=1
check "when it is done" mtu_is 1300
check_equal "once each" "1 1" "$(grep -c RELOADING "$told") $(grep -c READY "$told")"

forget
echo 'nonsense' | daemon_config
kill -HUP "$daemon_pid"
check_eventually 10 "one that fails ends as well" last_is READY=1
check_eventually 10 "and the status says so" status_is 'degraded: the configuration is invalid'
config 1300
check_status 0 "a good one by the bus" run reload
check_eventually 10 "is a good status" status_is steady
echo 'nonsense' | daemon_config
check_status 5 "a bad one by the bus" run reload
check_eventually 10 "is a bad status" status_is 'degraded: the configuration is invalid'
config 1280
check_status 0 "one that is to be confirmed" run apply --confirm=60
check_eventually 10 "is told" status_is waiting-confirm
forget
kill -HUP "$daemon_pid"
check_eventually 10 "a reload that is refused ends, too" last_is READY=1
check_status 0 "it is confirmed" run confirm
check_eventually 10 "and that is told" status_is steady

# Another one, by hand.

check_status 1 "a second daemon for the same state is refused" "$NETCTLD" --once \
	--config-dir="$daemon_dir/etc" --state-dir="$daemon_dir/state" 2>"$err"
"$NETCTLD" --once --config-dir="$daemon_dir/etc" --state-dir="$daemon_dir/state" 2>"$err"
check "it says who is there" complains "netctld runs already, as process $daemon_pid: "
check_status 0 "with a folder of its own it may" "$NETCTLD" --once \
	--config-dir="$daemon_dir/etc" --state-dir="$bus_dir/state"
daemon_kill
check "when the first is dead the next one may" daemon_once
finish
