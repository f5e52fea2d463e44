# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A system bus of a test's own, with the policy that is installed. Source it
# behind inside.sh; then bus_start, and a daemon that is started uses it.

# shellcheck disable=SC2034,SC2154 # variables shared with the other files here
for program in dbus-daemon busctl jq setpriv; do
	command -v $program >/dev/null || skip_all "needs $program"
done
NETCTL=$NETCTL_BUILDDIR/netctl
daemon_bus=
bus_dir=$daemon_dir/bus
mkdir "$bus_dir"
chmod 711 "$daemon_dir" "$bus_dir"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$bus_dir/socket
bus_pid=
at_exit 'kill $bus_pid 2>/dev/null'

# A system bus with our policy, and little else.
cat >"$bus_dir/bus.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>$DBUS_SYSTEM_BUS_ADDRESS</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <include>$here/../../dbus/org.netctl1.conf</include>
</busconfig>
EOF

bus_start() {
	rm -f "$bus_dir/socket"
	dbus-daemon --config-file="$bus_dir/bus.conf" --nofork --nopidfile >>"$bus_dir/log" 2>&1 &
	bus_pid=$!
	eventually 5 test -S "$bus_dir/socket"
}

# It has taken its name on the bus, if there is one: that is not done when it has settled.
daemon_is_there() {
	[ -z "$bus_pid" ] || [ -z "$daemon_pid" ] || grep -q '^D-Bus: here as' "$daemon_log"
}

bus_stop() {
	kill "$bus_pid"
	wait "$bus_pid" 2>/dev/null
	bus_pid=
}

polkit_pid=
at_exit 'kill $polkit_pid 2>/dev/null'
# polkit_start yes|no|ask|wait: a stand-in that gives this answer; what it is asked is in
# $bus_dir/polkit. "wait": a person who types the password when $polkit_pid gets SIGUSR1.
polkit_start() {
	: >"$bus_dir/polkit" # before it is waited for
	/usr/bin/python3 - "$@" >>"$bus_dir/polkit" 2>&1 <<'EOF' &
import signal, sys, dbus, dbus.service, dbus.mainloop.glib
from gi.repository import GLib
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
name = dbus.service.BusName("org.freedesktop.PolicyKit1", bus)
class Authority(dbus.service.Object):
    @dbus.service.method("org.freedesktop.PolicyKit1.Authority", "(sa{sv})sa{ss}us", "(bba{ss})",
                         async_callbacks=("answer", "fail"))
    def CheckAuthorization(self, subject, action, details, flags, cancel, answer, fail):
        print(subject[0], action, flush=True)
        if sys.argv[1] == "wait":
            questions[str(cancel)] = answer
        else:
            answer((sys.argv[1] == "yes", sys.argv[1] == "ask", dbus.Dictionary(signature="ss")))
    @dbus.service.method("org.freedesktop.PolicyKit1.Authority", "s", "")
    def CancelCheckAuthorization(self, cancel):
        print("cancelled" if questions.pop(str(cancel), None) else "unknown", flush=True)
questions = {}
def typed():
    for answer in questions.values():
        answer((True, False, dbus.Dictionary(signature="ss")))
    questions.clear()
    print("typed", flush=True)
    return True
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, typed)
Authority(bus, "/org/freedesktop/PolicyKit1/Authority")
print("ready", flush=True)
GLib.MainLoop().run()
EOF
	polkit_pid=$!
	eventually 5 grep -q ready "$bus_dir/polkit"
}
polkit_stop() {
	kill $polkit_pid
	wait $polkit_pid 2>/dev/null
	polkit_pid=
}
