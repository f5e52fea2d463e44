#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Callers who mean ill, and callers who leave: none of them keeps root from confirming, and
# nothing is carried out for who has given up. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus and python3-gi"
caller_pid=
at_exit 'kill $caller_pid 2>/dev/null'
M="org.netctl1 /org/netctl1 org.netctl1.Manager"

config() {
	daemon_config <<-END
	interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = $1; } );
	END
}
# state NAME: of the daemon.
state() {
	run status --json && json ".state == \"$1\""
}
mtu_is() {
	ip link show v0 | grep -q " mtu $1 "
}
# asked N: polkit has been asked so often; answered LINE...: the callers' last word.
asked() {
	[ "$(grep -c '^system-bus-name' "$bus_dir/polkit")" -ge "$1" ]
}
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
other=(setpriv --reuid=1 --regid=1 --clear-groups)

# callers METHOD SIGNATURE NUMBER: so many calls at once, a hundred by each of as many connections
# (a bus allows 128 to one), which wait for the answers: their errors' names are in $bus_dir/answers.
cat >"$bus_dir/callers.py" <<'END'
import sys, dbus, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
method, signature, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
arguments = {"": [], "a{sv}": [dbus.Dictionary(signature="sv")], "as": [["v0"] * 2000]}[signature]
open_calls = number
buses = []
loop = GLib.MainLoop()
def answered(name):
    global open_calls
    open_calls -= 1
    print(name, flush=True)
    if not open_calls:
        loop.quit()
for n in range(number):
    if n % 100 == 0:
        buses.append(dbus.bus.BusConnection(dbus.bus.BUS_SYSTEM))
    buses[-1].call_async("org.netctl1", "/org/netctl1", "org.netctl1.Manager", method, signature, arguments,
                   lambda *a: answered("done"), lambda e: answered(e.get_dbus_name()), timeout=60)
loop.run()
END
chmod 644 "$bus_dir/callers.py"
cp "$NETCTL" "$bus_dir/netctl"
chmod 755 "$bus_dir/netctl"
callers() {
	/usr/bin/python3 "$bus_dir/callers.py" "$@" >"$bus_dir/answers" 2>&1
}
# answers NAME: how many there are.
answers() {
	grep -cx "$1" "$bus_dir/answers"
}
some_busy() {
	[ "$(answers org.netctl1.Error.Busy)" -ge 1 ]
}

ip link set lo up
config 1400
bus_start
polkit_start wait
daemon_start -v
check_eventually 10 "the daemon is there" state steady

# Someone whose calls wait for a password that nobody types.

config 1300
check_status 0 "root applies, and will confirm" run apply --confirm=60
"${nobody[@]}" /usr/bin/python3 "$bus_dir/callers.py" Reload "" 300 >"$bus_dir/answers" 2>&1 &
caller_pid=$!
check_eventually 30 "who asks for very much is told so" some_busy
check_eventually 30 "all but some of it" eval '[ "$(answers org.netctl1.Error.Busy)" -ge 200 ]'
check_status 0 "root's confirmation gets through" run confirm
check "and the change stays" state steady
check "others are served, too" "${other[@]}" "$bus_dir/netctl" status
kill $caller_pid
wait $caller_pid 2>/dev/null
caller_pid=
check_eventually 30 "who leaves has given up: each question is taken back" \
	eval '! grep -q unknown "$bus_dir/polkit" && [ "$(grep -c cancelled "$bus_dir/polkit")" = "$(grep -c ^system-bus-name "$bus_dir/polkit")" ]'

# Someone who leaves before the password is typed.

number=$(run history --json; jq '.generations | length' "$out")
config 1280
: >"$bus_dir/polkit"
"${nobody[@]}" busctl --timeout=60 --allow-interactive-authorization=yes call $M Reload >/dev/null 2>&1 &
caller_pid=$!
check_eventually 10 "polkit asks a person" asked 1
kill $caller_pid
wait $caller_pid 2>/dev/null
caller_pid=
check_eventually 10 "who leaves is noticed" grep -qx cancelled "$bus_dir/polkit"
kill -USR1 "$polkit_pid"
check_eventually 10 "a password comes too late" grep -qx typed "$bus_dir/polkit"
check_status 0 "the daemon answers" run status
check "and has done nothing" mtu_is 1300
"${nobody[@]}" busctl --timeout=60 call $M Reload >"$bus_dir/reload" 2>&1 &
caller_pid=$!
check_eventually 10 "who stays is asked again" asked 2
kill -USR1 "$polkit_pid"
check "and served" wait $caller_pid
caller_pid=
check "as he wished" mtu_is 1280

# Many at once are no fault of root's.

callers GetStatistics 'a{sv}' 200
check_equal "root may ask as often as he likes" 200 "$(answers 'done')"
"${nobody[@]}" /usr/bin/python3 "$bus_dir/callers.py" GetStatistics 'a{sv}' 300 >"$bus_dir/answers" 2>&1
check_equal "of anybody else, each call is answered" 300 "$(answers 'done\|org.netctl1.Error.Busy')"

# What is wrong has a name of the interface's own.

callers GetStatistics as 1
check_equal "arguments of another type" org.freedesktop.DBus.Error.InvalidArgs "$(cat "$bus_dir/answers")"
check "the daemon has not complained" kill -0 "$daemon_pid"
finish
