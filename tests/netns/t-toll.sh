#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who asks for what takes the loop long, and asks again and again, waits; and nobody else does.
# (What is seen is who is answered first, not how long it takes.)

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus and python3-gi"

# once METHOD DIR: one call, when the flood has been sent; prints when it was answered.
# flood METHOD NUMBER SIGNATURE: so many calls at once; of each the time of its answer is in $bus_dir/answers.
# "sent" when the bus has all of them.
cat >"$bus_dir/flood.py" <<'END'
import sys, time, dbus, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(dbus.bus.BUS_SYSTEM)
left = int(sys.argv[2])
loop = GLib.MainLoop()
def answered(what):
    global left
    left -= 1
    print(time.monotonic(), what, flush=True)
    if not left:
        loop.quit()
for n in range(left):
    bus.call_async("org.netctl1", "/org/netctl1", "org.netctl1.Manager", sys.argv[1], sys.argv[3],
                   [dbus.Dictionary(signature="sv")] if sys.argv[3] else [], lambda *a: answered("done"),
                   lambda e: answered(e.get_dbus_name()), timeout=120)
bus.flush()
bus.call_blocking("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", "", ())
print("sent", flush=True)
loop.run()
END
cat >"$bus_dir/once.py" <<'END'
import sys, time, dbus, dbus.bus
bus = dbus.bus.BusConnection(dbus.bus.BUS_SYSTEM)
open(sys.argv[2] + "/ready", "w").close()
while "sent" not in open(sys.argv[2] + "/answers").read():
    time.sleep(.002)
bus.call_blocking("org.netctl1", "/org/netctl1", "org.netctl1.Manager", sys.argv[1], "", (),
                  timeout=60)
print(time.monotonic())
END
chmod 644 "$bus_dir"/*.py
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
other=(setpriv --reuid=1 --regid=1 --clear-groups)
flood_pid='' once_pid=''
at_exit 'kill $flood_pid $once_pid 2>/dev/null'
# answered_first WHO...: how many of the flood's calls had been answered before WHO was.
answered_first() {
	rm -f "$bus_dir/ready"
	: >"$bus_dir/answers"
	"$@" /usr/bin/python3 "$bus_dir/once.py" ListLinks "$bus_dir" >"$bus_dir/once" &
	once_pid=$!
	eventually 20 test -e "$bus_dir/ready"
	"${nobody[@]}" /usr/bin/python3 "$bus_dir/flood.py" "${what[@]}" >"$bus_dir/answers" 2>&1 &
	flood_pid=$!
	wait "$once_pid"
	cp "$bus_dir/answers" "$bus_dir/then"
	kill "$flood_pid" 2>/dev/null
	wait "$flood_pid" 2>/dev/null
	flood_pid='' once_pid=''
	awk 'NR == FNR { then = $1; next } /done/ && $1 < then { n++ } END { print n + 0 }' \
		"$bus_dir/once" "$bus_dir/then"
}
few() { # of 60
	[ "$1" -le 30 ]
}

ip link set lo up
bus_start
chmod 777 "$bus_dir" # ready
{
	echo 'interfaces = ('
	seq 4000 | sed 's/.*/{ name = "absent&"; mtu = 1400; addresses = [ "192.0.2.1\/24" ]; },/'
	echo '{ name = "br0"; kind = "bridge"; } );'
} | daemon_config
daemon_start
eventually 20 daemon_is_there
what=(Plan 60 "a{sv}")
first=$(answered_first)
check "root does not wait until all that nobody asks is answered" few "$first"
note "$first of 60 calls were answered before"
first=$(answered_first "${other[@]}")
check "nor does another user" few "$first"
note "$first of 60 calls were answered before"
what=(Describe 60 "")
first=$(answered_first)
check "nor root until the state has been told" few "$first"
note "$first of 60 calls were answered before"
third=(setpriv --reuid=2 --regid=2 --clear-groups)
"${third[@]}" /usr/bin/python3 "$bus_dir/flood.py" Plan 6 "a{sv}" >"$bus_dir/answers" 2>&1
check_equal "and whoever waits is answered in the end" 6 "$(grep -c "done$" "$bus_dir/answers")"
daemon_stop
check "it ends when told, and well" daemon_stopped
finish
