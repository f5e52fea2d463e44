#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The window of a change that is to be confirmed: whoever dies in it, the
# client, the daemon, both or the machine, the old state comes back, in time.
#
# lab: twice

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
command -v script >/dev/null || skip_all "needs script"

lab_dbus
daemon_bus=
work=$(mktemp -d)
out=$work/out
at_exit 'rm -rf "$work"'
at_exit 'kill -KILL $client_pid $terminal_pid 2>/dev/null'
client_pid='' terminal_pid=''

# The ports a board has: with the same addresses after each boot.
ports() {
	sysctl -qw net.ipv6.conf.default.accept_dad=0
	ip -batch - <<-END
	link add d0 address 02:00:00:00:00:10 type dummy
	link add d1 address 02:00:00:00:00:11 type dummy
	END
}
no_ports() {
	local device
	for device in d0 d1 br0 br9; do
		ip link del $device 2>/dev/null
	done
}
old() {
	daemon_config <<-END
	interfaces = (
	  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; };
	    addresses = [ "192.0.2.1/24" ];
	    routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } ); },
	  { name = "d0"; master = "br0"; mtu = 1400; },
	  { name = "d1"; up = true; }
	);
	END
}
# Another machine: the bridge, its address and its route are gone.
new() {
	daemon_config <<-END
	interfaces = (
	  { name = "br9"; kind = "bridge"; addresses = [ "203.0.113.1/24" ]; },
	  { name = "d0"; master = "br9"; mtu = 1300; },
	  { name = "d1"; up = true; addresses = [ "10.9.9.1/24" ]; }
	);
	END
}
# All of links, addresses, routes and rules, without what counts or changes by itself.
picture() {
	{
		ip -d -j address
		ip -j route show table all
		ip -6 -j route show table all
		ip -j rule
	} | jq -S 'map(select(type == "object" and length > 0)
		| walk(if type == "object" then del(.ifindex, .operstate, .carrier_changes,
			.promiscuity, .gc_timer, .hello_timer, .hold_timer, .tcn_timer,
			.topology_change_timer, .forward_delay_timer) else . end)) | sort'
}
# rest FILE: the picture, when it no longer changes by itself: that a bridge has a carrier is told up
# to a second later, and its link-local address comes with that (addrconf_notify()).
rest() {
	picture >"$1"
	eventually 10 unchanged "$1"
}
unchanged() {
	sleep 1.2
	picture >"$work/now"
	cmp -s "$1" "$work/now" || { mv "$work/now" "$1"; return 1; }
}
# -> it is the same as $before; the difference, if not
as_before() {
	picture >"$work/now"
	diff "$before" "$work/now"
}
is_new() {
	ip link show d0 | grep -q ' mtu 1300 .* master br9' && ip -j address show d1 | grep -q '"10\.9\.9\.1"'
}

state() {
	netctl status --json >"$out" 2>&1 && jq -e ".state == \"$1\"" "$out"
}
start() { # STATE
	daemon_start -v
	eventually 5 state "$1"
}
# on_disk FOLDER: the daemon's configuration and state are there.
on_disk() {
	rm -rf "${daemon_dir:?}"/{etc,state}
	mkdir -p "$1/etc" "$1/state"
	ln -s "$1/etc" "$1/state" "$daemon_dir"
}

# A client on a terminal, which asks.
client() { # SECONDS
	: >"$work/terminal"
	# shellcheck disable=SC2016 # the inner shell's process id
	script -qfec 'sh -c "echo \$\$ >'"$work/pid"'; exec netctl apply --confirm='"$1"'"' /dev/null \
		<>"$work/keyboard" >"$work/terminal" 2>&1 &
	terminal_pid=$!
	eventually 5 grep -q 'keep?' "$work/terminal" || { cat "$work/terminal"; return 1; }
	client_pid=$(cat "$work/pid")
	grep -q netctl "/proc/$client_pid/cmdline"
}
client_kill() {
	kill -KILL "$client_pid" && wait "$terminal_pid" 2>/dev/null
	client_gone=$(cat "/proc/$client_pid/comm" 2>/dev/null)
	client_pid='' terminal_pid=''
	[ -z "$client_gone" ]
}
mkfifo "$work/keyboard"

# Hundredths of a second since boot at which the window ends.
deadline() {
	state waiting-confirm >/dev/null && deadline=$(jq '.confirm.deadline_usec / 10000 | floor' "$out")
}
# in_time: it goes back, and not before the deadline.
in_time() {
	while is_new; do
		tap_now
		[ "$tap_time" -lt $((deadline + 3000)) ] || { echo "still there"; return 1; }
	done
	tap_now
	echo "$((tap_time - deadline)) hundredths of a second behind the deadline"
	[ "$tap_time" -ge "$deadline" ]
}
reverted() {
	check "reverted when the time is over" in_time
	check_eventually 3 "steady" state steady
	check_eventually 3 "all is as before" as_before
}
# In the window, before anything happens.
waits() {
	check "the new state is there and waits" eval 'deadline && is_new'
}

before=$work/before
dead_client() {
	new
	check "a client on a terminal applies and asks" client 15
	waits
	check "the client is killed" client_kill
	check "the change is still there" is_new
	reverted
}

# Of a caller that is gone the daemon cannot ask who it is: nothing is done.
dead_client_early() {
	new
	kill -STOP "$daemon_pid"
	netctl apply --confirm=60 >"$out" 2>&1 &
	client_pid=$!
	sleep 0.5
	kill -KILL "$client_pid"
	wait "$client_pid" 2>/dev/null
	client_pid=''
	kill -CONT "$daemon_pid"
	sleep 0.5
	check "killed before the daemon has looked at the request: steady" state steady
	check "all is as before" as_before
}

dead_daemon() {
	new
	check_status 0 "apply" netctl apply --confirm=15
	waits
	daemon_kill
	check "killed, it leaves the new state" is_new
	check "started within the window, it waits" start waiting-confirm
	check "with the new state" is_new
	check_equal "and the old deadline" "$deadline" "$(jq '.confirm.deadline_usec / 10000 | floor' "$out")"
	reverted

	new
	check_status 0 "apply once more" netctl apply --confirm=10
	waits
	daemon_kill
	while tap_now && [ "$tap_time" -le "$deadline" ]; do
		sleep 0.1
	done
	check "without a daemon the new state stays" is_new
	check "started behind the window, it has the old one" start steady
	check "all is as before" as_before
	check "it never waited" eval '! daemon_says "unless it is confirmed"'
}

dead_both() {
	new
	check "a client applies and asks" client 15
	waits
	daemon_kill
	check "both are killed" client_kill
	check "the daemon starts and waits" start waiting-confirm
	check "with the new state" is_new
	reverted
}

first_boot() {
	rm -rf /results/waits /results/kept /results/before /results/after
	on_disk /results/waits
	ports
	old
	check "the daemon starts" start steady
	check_eventually 2 "with all it is to have" eval 'ip route | grep -q 198.51.100.0/24'
	rest "$before"
	cp "$before" /results/before
	dead_client
	dead_client_early
	dead_daemon
	dead_both
	daemon_kill

	# What stays on the disk: one that was confirmed, and one that waits.
	no_ports
	ports
	on_disk /results/kept
	old
	check "a disk for a change that is confirmed" start steady
	new
	check_status 0 "apply" netctl apply --confirm=600
	check_status 0 "confirm" netctl confirm
	rest /results/after
	daemon_kill
	no_ports
	ports
	on_disk /results/waits
	old
	check "and one for a change that waits" start steady
	new
	check_status 0 "apply" netctl apply --confirm=600
	waits
	cp /proc/sys/kernel/random/boot_id "$daemon_dir/state"
	# Nobody stops the daemon: it ends with the machine.
}

second_boot() {
	check_fails "this is another boot" cmp /proc/sys/kernel/random/boot_id /results/waits/state/boot_id
	on_disk /results/waits
	ports
	before=/results/before
	check "the files of the change are still there" grep -q br9 "$daemon_dir/etc/10-test.conf"
	check "the daemon starts" start steady
	check_eventually 3 "with the old state: all is as before the reboot" as_before
	check "it never waited" eval '! daemon_says "unless it is confirmed"'
	check "the log says why" daemon_says 'the last change was not confirmed'
	check "so does status" eval 'netctl status | tee "$out" | grep -q "not in force: reverted: not confirmed before the daemon ended" || { cat "$out"; false; }'
	check "so does the history" eval 'netctl history --json |
		jq -e ".generations[1] | .confirmed == false and (.result | test(\"reverted: not confirmed\"))"'
	daemon_kill
	check "a restart does not apply it either" start steady
	check "status still says why" eval 'netctl status | grep -q "not in force: reverted: not confirmed"'
	check "all is as before" as_before
	check_status 0 "asked for by hand" netctl apply
	check "it is applied" is_new
	check "and nothing is said any more" eval '! netctl status | grep "not in force"'
	daemon_kill

	no_ports
	ports
	on_disk /results/kept
	before=/results/after
	check "a change that was confirmed" start steady
	check_eventually 3 "is there after the reboot" as_before
	check "nothing is said of it" eval '! netctl status | grep "not in force"'
	daemon_kill
}

case ${1:-} in
again) second_boot ;;
*) first_boot ;;
esac
finish
