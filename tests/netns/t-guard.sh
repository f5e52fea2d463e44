#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is too large is refused before anything of it is looked at, whoever sends it: sd-bus itself
# would take half a second for a path of 64 KB or a string of 32 MB. (No time is measured: the
# refusals are other ones than those of who has read the message.)

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import dbus' 2>/dev/null || skip_all "needs python3-dbus"

# call PATH INTERFACE METHOD SIGNATURE SIZE: with strings of so many bytes; the answer, or the error.
cat >"$bus_dir/call.py" <<'END'
import sys, dbus, dbus.bus, dbus.lowlevel
path, interface, method, signature, size = sys.argv[1:6]
name = "x" * int(size)
path += "/a" * int(size) if path.endswith("/long") else ""
arguments = {"": [], "s": [name], "as": [[name]], "ss": ["", name],
             "a{sv}": [{name: dbus.String(name, variant_level=1)}]}[signature]
bus = dbus.bus.BusConnection(dbus.bus.BUS_SYSTEM)
try:
    if method == "Noise": # to us alone, and nobody reads it
        signal = dbus.lowlevel.SignalMessage(path, interface, method)
        signal.set_destination("org.netctl1")
        signal.append(*arguments, signature=signature)
        bus.send_message(signal)
        bus.flush()
        print("sent")
    else:
        print(bus.call_blocking("org.netctl1", path, interface, method, signature, arguments))
except dbus.DBusException as e:
    print(e.get_dbus_name().split(".")[-1] + ": " + e.get_dbus_message()[:200])
END
chmod 644 "$bus_dir/call.py"
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
call() {
	"${nobody[@]}" /usr/bin/python3 "$bus_dir/call.py" "$@"
}
manager=org.netctl1.Manager
properties=org.freedesktop.DBus.Properties
large="LimitsExceeded: a message may have 65536 bytes"

ip link set lo up
bus_start
chmod 711 "$bus_dir"
daemon_config <<'END'
interfaces = ( { name = "br0"; kind = "bridge"; } );
END
daemon_start
eventually 10 daemon_is_there

check_equal "a name of 30 KB is read" "NoSuchLink" \
	"$(call /org/netctl1 $manager GetLinkByName s 30000 | cut -d: -f1)"
for size in 66000 1000000 16000000; do
	check_equal "one of $size bytes is not" "$large" \
		"$(call /org/netctl1 $manager GetLinkByName s $size)"
done
check_equal "nor an option" "$large" "$(call /org/netctl1 $manager Check 'a{sv}' 40000)"
check_equal "nor a group" "$large" "$(call /org/netctl1 $manager DescribeGroups as 66000)"
check_equal "nor what sd-bus would read" "$large" \
	"$(call /org/netctl1/link/lo $properties Get ss 66000)"
check_equal "nor what nobody would" "$large" \
	"$(call /org/netctl1 org.freedesktop.DBus.Peer Ping s 66000)"
check_equal "root's neither" "$large" "$(nobody=(); call /org/netctl1 $manager Apply 'a{sv}' 66000)"
check_equal "the path of an object is looked at" "None" \
	"$(call /org/netctl1/long org.freedesktop.DBus.Peer Ping '' 100)"
for size in 200 20000; do
	check_equal "one of $((2 * size)) bytes is not" \
		"UnknownObject: no object's path is longer than 256 bytes" \
		"$(call /org/netctl1/long org.freedesktop.DBus.Peer Ping '' $size)"
done
check_equal "a signal of a megabyte goes nowhere" "sent" \
	"$(call /org/netctl1 org.netctl1.Manager Noise s 1000000)"
check_equal "and what follows is read" "NoSuchLink" \
	"$(call /org/netctl1 $manager GetLinkByName s 10 | cut -d: -f1)"
check_equal "by the same connection" 1 "$(grep -c '^D-Bus: here as' "$daemon_log")"
bus_stop
bus_start
eventually 20 sh -c "[ \$(grep -c '^D-Bus: here as' '$daemon_log') = 2 ]"
check_equal "on another bus, too" "$large" "$(call /org/netctl1 $manager GetLinkByName s 66000)"
daemon_stop
check "it ends when told, and well" daemon_stopped
finish
