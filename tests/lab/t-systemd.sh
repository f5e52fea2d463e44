#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab: systemd
#
# The service, under the systemd that a machine has: at boot, reloaded, hung,
# killed, restarted; who may, by the real polkit; and what the journal says.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

config() {
	cat >/etc/netctld/10-lab.conf
}
# The bridge tells of its port once more when a forward delay is over, spanning tree or not
# (br_forward_delay_timer_expired()): soon, not while it is watched that nothing changes.
good() {
	config <<-END
	interfaces = (
	  { name = "port0"; master = "br0"; mtu = ${1:-1400}; port = { pvid = 10; untagged = [ 10 ]; }; },
	  { name = "br0"; kind = "bridge";
	    bridge = { vlan_filtering = true; default_pvid = 0; forward_delay = "2s"; };
	    port = { tagged = [ 10 ]; }; },
	  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; };
	    addresses = [ "192.0.2.1/24" ]; routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } );
	    ipv4 = { forwarding = true; }; }
	);
	END
}

if [ -n "${LAB_PREPARE:-}" ]; then # before systemd begins
	tap_finished=1
	mkdir -p /etc/netctld /etc/polkit-1/rules.d
	good
	ip link add port0 type dummy
	ip link add other0 type dummy # nobody's
	systemctl enable -q netctld.service
	ln -s /lib/systemd/system/netctld.service /run/systemd/system/lab.target.wants
	printf '%s\n' 'polkit.addRule(function(action, subject) {' \
		'if (subject.user == "daemon") return action.id == "org.netctl1.apply" ?' \
		'polkit.Result.YES : polkit.Result.NO; });' >/etc/polkit-1/rules.d/10-lab.rules
	exit 0
fi

# show UNIT PROPERTY
show() {
	systemctl show -P "$2" "$1"
}
# All that the kernel has, but for counters and ages.
state() {
	ip -d -o link show | sed 's/ [a-z_]*_\(timer\|delay_timer\) *[0-9.]*//g'
	ip -o address show | sed 's/valid_lft.*//'
	ip route show table all
	bridge vlan show
}
# same STATE: nothing differs now.
same() {
	diff <(echo "$1") <(state)
}
mtu() {
	cat /sys/class/net/port0/mtu
}
is() {
	test "$("${@:2}")" = "$1"
}
has_new_pid() {
	pid=$(show netctld MainPID)
	[ "$pid" != 0 ] && [ "$pid" != "$1" ] && is active show netctld ActiveState
}

# At boot.

check_eventually 5 "the service runs" is active show netctld ActiveState
check_equal "as a user of its own" netctl "$(stat -c %U "/proc/$(show netctld MainPID)")"
check_equal "with three capabilities: NET_ADMIN, BPF and DAC_OVERRIDE" 0000008000001002 \
	"$(awk '/^CapEff/ { print $2 }' "/proc/$(show netctld MainPID)/status")"
check "it was ready before network.target" test "$(show netctld ActiveEnterTimestampMonotonic)" -le \
	"$(show network.target ActiveEnterTimestampMonotonic)"
check "which it has pulled in" is active show network.target ActiveState
# Some of the kernel is reached by ioctl only, for which a socket is wanted.
check "what is an ioctl is the device's own answer" sh -c \
	'netctl restart-autoneg port0 2>&1 | grep -q "Operation not supported"'
check "it had applied by then" sh -c 'ip address show br0.10 | grep -q 192.0.2.1/24 &&
	ip route show 198.51.100.0/24 | grep -q 192.0.2.254 && bridge vlan show dev port0 | grep -q "10 PVID"'
check_equal "also what are files in /proc/sys" 1 "$(cat /proc/sys/net/ipv4/conf/br0.10/forwarding)"
check_equal "the generation is kept" 1 "$(netctl history --json | jq '[.generations? // .[]] | flatten | length')"
check_equal "the bus knows it as what it is" netctl "$(stat -c %U "/proc/$(busctl call \
	org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetConnectionUnixProcessID \
	s org.netctl1 | sed 's/u //')")"
check "status" netctl status
unit=$(show netctld FragmentPath)
check_equal "systemd-analyze verify says nothing" "" \
	"$(systemd-analyze verify "$unit" "${unit%.service}-wait-online.service" 2>&1)"
check_equal "nobody has waited for the network to be online" inactive \
	"$(show netctld-wait-online ActiveState)"
check "who wants to can" timeout 100 systemctl start network-online.target
check_equal "and it is" active "$(show netctld-wait-online ActiveState)"
exposure=$(systemd-analyze security --no-pager netctld.service | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
note "exposure: $exposure"
check "exposure at most 1.9" sh -c "[ -n '$exposure' ] && echo '$exposure <= 1.9' | awk '{ exit !(\$1 <= 1.9) }'"

# Reload.

good 1300
check "reload" systemctl reload netctld
check_equal "is over when it is done" 1300 "$(mtu)"
echo 'interfaces = ( { name = "port0"; mtuu = 3; } );' | config
before=$(state)
check_fails "reload with a broken file fails" systemctl reload netctld
check "and keeps the old state" same "$before"
check_equal "and the daemon" active "$(show netctld ActiveState)"
check_eventually 5 "the journal says what is wrong, and where" sh -c "journalctl -u netctld -p err --no-pager |
	grep -q '10-lab.conf:1: port0: mtuu: unknown key'"
good 1300
check "and a good one is taken again" systemctl reload netctld

good 1310
check "an apply from a unit" systemd-run -q --wait --unit=lab-apply.service netctl apply
check_equal "is that unit's in the history" lab-apply.service \
	"$(netctl history --json | jq -r '.generations[0].unit')"
good 1300
check "and back" systemctl reload netctld

# Disabled and stopped: nobody's call starts it.

systemctl disable -q netctld.service
systemctl stop netctld
check_fails "a call does not start what was disabled" busctl --timeout=10 call org.netctl1 /org/netctl1 \
	org.netctl1.Manager ListLinks
check_equal "it is not there" inactive "$(show netctld ActiveState)"
systemctl enable -q netctld.service
systemctl reload dbus
check "but what was enabled" busctl --timeout=30 call org.netctl1 /org/netctl1 org.netctl1.Manager ListLinks
check_equal "is" active "$(show netctld ActiveState)"

# Hung, killed, restarted: the network does not notice.

before=$(state)
lab_listen /tmp/monitor ip monitor link address route
# Three minutes would be long; where the daemon is not made to hang, a short watchdog is none.
watchdog=/run/systemd/system/netctld.service.d/lab.conf
mkdir -p "${watchdog%/*}"
printf '[Service]\nWatchdogSec=2s\n' >$watchdog
systemctl daemon-reload
pid=$(show netctld MainPID)
check "restart" systemctl restart netctld
check "is another process" has_new_pid "$pid"
check "restart loses nothing" same "$before"
pid=$(show netctld MainPID)
kill -KILL "$pid"
check_eventually 10 "one that is killed is started again" has_new_pid "$pid"
check "and nothing is lost" same "$before"
pid=$(show netctld MainPID)
kill -STOP "$pid"
check_eventually 20 "one that hangs is started again by the watchdog" has_new_pid "$pid"
check_eventually 5 "for that reason" sh -c "journalctl -u netctld --no-pager | grep -q 'Watchdog timeout'"
check "nothing is lost by that" same "$before"
rm $watchdog
systemctl daemon-reload
systemctl restart netctld
kill $lab_listener
check_equal "the kernel was asked to change nothing all the while" "" "$(cat /tmp/monitor)"
check_eventually 5 "the bus has it back" netctl status
ip address del 192.0.2.1/24 dev br0.10
check_eventually 5 "and it still looks after the network" \
	sh -c 'ip address show br0.10 | grep -q 192.0.2.1/24'

# Who may, by polkit.

as() {
	setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "${@:2}"
}
check "anybody may look" as nobody netctl status
check_status 4 "nobody may not apply" as nobody netctl apply
check "whom polkit allows may" as daemon netctl apply
check_status 4 "but no more than that" as daemon netctl hold port0
check_equal "polkit is the real one" polkitd "$(ps -o comm= -C polkitd)"

# Units on link state.

cat >/run/systemd/system/lab-unit@.service <<-'END'
	[Service]
	ExecStart=sleep infinity
END
printf '[Service]\nType=oneshot\nExecStart=false\n' >/run/systemd/system/lab-broken.service
systemctl daemon-reload
ip link add up0 type veth peer name up0-far
units() {
	config <<-END
	interfaces = (
	  { name = "port0"; master = "br0"; mtu = 1300; port = { pvid = 10; untagged = [ 10 ]; }; },
	  { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; default_pvid = 0; };
	    port = { tagged = [ 10 ]; }; },
	  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; };
	    addresses = [ "192.0.2.1/24" ]; routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } );
	    ipv4 = { forwarding = true; }; },
	  { name = "up0"; units = [ $1 ]; $2 }
	);
	END
}
unit() {
	show "lab-unit@${1:-up0}" ActiveState
}
invocation() {
	show lab-unit@up0 InvocationID
}
told_of() {
	netctl show up0 --json | jq -r ".. | objects | select(.unit? == \"$1\" and has(\"state\")) | .$2"
}
units '"../evil.service"'
check_status 5 "what is no unit's name is refused" netctl apply
units '"lab-unit@up0.service"'
check "an interface names a unit" netctl apply
check_equal "which does not run without carrier" inactive "$(unit)"
ip link set up0-far up
check_eventually 5 "with carrier it does" is active unit
check_eventually 3 "the client shows it" is started told_of lab-unit@up0.service state
check_equal "the bus has the name" '"lab-unit@up0.service"' "$(busctl --json=short get-property \
	org.netctl1 /org/netctl1/link/up0 org.netctl1.Link Units | jq -c '.data[0].unit.data')"
run=$(invocation)
# Short means less than the second that is waited for it, also on a busy machine.
for _ in 1 2 3 4 5 6 7 8; do
	run=$(invocation)
	tap_now
	begun=$tap_time
	ip link set up0-far down
	sleep 0.3
	ip link set up0-far up
	tap_now
	[ $((tap_time - begun)) -ge 70 ] || break
	check_eventually 5 "which takes longer here" is active unit
done
sleep 1.5
check_equal "a short loss of carrier does not stop it" "$run" "$(invocation)"
systemctl restart netctld
eventually 5 netctl status >/dev/null
sleep 0.5
check_equal "nor does a restart of the daemon" "$run" "$(invocation)"
netctl hold up0 --for=60 >/dev/null 2>&1
ip link set up0-far down
sleep 1.5
check_equal "nor a lost carrier while the interface is held" active "$(unit)"
netctl release up0 >/dev/null 2>&1
check_eventually 5 "which counts when it is released" is inactive unit
ip link set up0-far up
check_eventually 5 "and it starts anew" is active unit
run=$(invocation)
units '"lab-unit@up0.service", "lab-unit@two.service"' 'mtu = 65536;'
check_status 6 "a change that is undone" netctl apply
sleep 0.3
check_equal "starts no unit" inactive "$(unit two)"
check_equal "and stops none" "$run" "$(invocation)"
units '"lab-unit@up0.service", "lab-unit@two.service", "lab-none.service", "lab-broken.service"'
check "units that cannot be started are no error of the configuration" netctl apply
check_eventually 5 "one is not there" sh -c 'netctl status | grep -q "lab-none.service: Unit lab-none.service not found"'
check_eventually 5 "one fails" is failed told_of lab-broken.service state
check_eventually 5 "others run" is active unit two
check_equal "the daemon is steady" '"steady"' "$(busctl --json=short get-property org.netctl1 \
	/org/netctl1 org.netctl1.Manager State | jq -c .data)"
systemctl restart dbus
check_eventually 15 "the bus goes and comes" netctl status
check_equal "without its units" "$run" "$(invocation)"
units '"lab-unit@up0.service"'
netctl apply >/dev/null 2>&1
check_eventually 5 "a unit that is named no longer is stopped" is inactive unit two
systemctl stop netctld
check_equal "the daemon's end stops nothing" "$run" "$(invocation)"
units ''
systemctl start netctld
check_eventually 5 "what a daemon before had started is stopped by the next" is inactive unit

cat >/run/systemd/system/lab-short.service <<-'END'
	[Service]
	Type=oneshot
	ExecStart=true
END
systemctl daemon-reload
state=/run/netctld/units.state
units '"lab-short.service"'
ip link set up0-far up
netctl apply >/dev/null 2>&1
check_eventually 10 "a unit that ends by itself" grep -qx lab-short.service $state
check_eventually 10 "and is unloaded" is inactive show lab-short ActiveState
units ''
check "is named no longer" netctl apply
check_eventually 10 "and is ours no longer" eval '! grep -q lab-short $state'

# What the journal knows.

# journal FIELD=VALUE...: how many lines; logged PATTERN FIELD=VALUE...: there is such a line.
logged() {
	journalctl --no-pager -o cat "${@:2}" | grep -q "$1"
}
# id NAME: of an event.
id() {
	sed -n "s/.*LOG_EVENT_$1\] = \"\(.*\)\",/MESSAGE_ID=\1/p" "$LAB_REPO/src/util/log.c"
}
check "carrier" logged '^up0: has carrier$' INTERFACE=up0 "$(id CARRIER)"
check "no carrier" logged '^up0: has no carrier$' INTERFACE=up0 "$(id NO_CARRIER)"
check "a hold" logged '^up0: left alone for 60 s' INTERFACE=up0 "$(id HELD)"
check "drift" logged '^drift: br0.10: .*put back' INTERFACE=br0.10 "$(id DRIFT)"
check "an invalid configuration" logged 'nothing is changed' "$(id INVALID)"
check "what was applied, with its generation" logged 'changes\? in' GENERATION=2 "$(id APPLIED)"
check "what the kernel refused" logged 'up0: mtu: .* -> 65536' INTERFACE=up0 "$(id FAILED)"
check "and so was undone" logged 'the change was undone' "$(id UNDONE)"
check "a unit that cannot be started" logged 'lab-none.service' INTERFACE=up0 "$(id UNIT)"
ip link add port1 type dummy
echo 'interfaces = ( { name = "port1"; } );' >/etc/netctld/20-more.conf
systemctl reload netctld
ip link del port1
check_eventually 3 "a device that goes" logged '^port1: is gone' INTERFACE=port1 "$(id ABSENT)"
ip link add port1 type dummy
check_eventually 3 "and comes" logged '^port1: has appeared' INTERFACE=port1 "$(id PRESENT)"
rm /etc/netctld/20-more.conf
journalctl --update-catalog
check "the catalog explains them" sh -c 'journalctl --no-pager -x -u netctld |
	grep -A 8 "up0: has no carrier" | grep -q "There is no link: no cable"'
check "a line without an event is there, too" logged 'D-Bus: here as org.netctl1' -u netctld

# What is a file of root's in /sys: a switch's tag protocol, the lights of its ports.

lab_espressobin
cat >/etc/netctld/20-switch.conf <<-END
interfaces = ( { name = "eth0"; dsa = { tagging = "dsa"; }; }, { name = "lan0"; led0 = { link = true; rx = true; }; } );
END
check "a switch is configured by the service" systemctl reload netctld
check_equal "its tag protocol" dsa "$(cat /sys/class/net/eth0/dsa/tagging)"
check_equal "the lights of its ports" "1 1 lan0" "$(cd /sys/class/leds/ebsim-12:green:lan && cat link rx device_name | xargs)"
kernel_file() { nsenter -t "$(show netctld MainPID)" -m sh -c 'echo x >/proc/sys/kernel/core_pattern' 2>/dev/null; }
check_fails "which may not write what is not the network's" kernel_file
writable() { awk '$6 ~ /^rw/ && $5 !~ "^/dev(/|$)" { print $5 }' "/proc/$(show netctld MainPID)/mountinfo" | sort | xargs; }
check_equal "nor anything but the network's and its own" \
	"/proc/sys/net /run/netctld /sys/devices /var/lib/netctld" "$(writable)"
rm /etc/netctld/20-switch.conf
check "and it goes back" systemctl reload netctld
check_equal "to what it was" edsa "$(cat /sys/class/net/eth0/dsa/tagging)"
lab_espressobin_out

# Stopped.

good 1300
systemctl reload netctld
ip link del up0
ip link del port1
eventually 3 same "$before"

check "stop" systemctl stop netctld
check "changes nothing" same "$before"
check_status 8 "a client is told that it does not run" netctl status

# The manual's examples, in turn, as drop-ins are.

gunzip -f /usr/share/man/man5/netctld.conf.5.gz 2>/dev/null
rm /etc/netctld/* /run/netctld/*
ip link del br0
for port in wan lan0 lan1; do
	ip link add $port type dummy
done
awk '/^\.\\" example$/ { file = "/etc/netctld/" ++n ".conf"; next } /^\.fi$/ { file = "" }
	file && !/^\./ { print >file }' /usr/share/man/man5/netctld.conf.5
check "the manual has examples" test -e /etc/netctld/3.conf
check "which can be applied" netctld --once
check "and do what they say" sh -c 'ip address show br0.20 | grep -q 192.168.20.1/24 &&
	bridge vlan show dev lan1 | grep -q "^ *40"'
finish
