#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Random calls by a client that may nothing and by one that may all: the daemon
# answers each, does not end, does not grow, and does what it should afterwards.
#
#   t-fuzz-bus.sh     NETCTL_CALLS=N calls of each (default 3000), NETCTL_SEED=N

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus and python3-gi"
calls=${NETCTL_CALLS:-3000}
seed=${NETCTL_SEED:-$(date +%s)}
note "seed $seed"

fuzz() { # CALLS [WRAPPER...]
	rm -f "$bus_dir"/done.*
	"${@:2}" /usr/bin/python3 "$here/fuzz-bus.py" "$1" "$seed" "$bus_dir/done.$1"
}
resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"
}
descriptors() {
	find "/proc/$daemon_pid/fd" -mindepth 1 | wc -l
}
descriptors_are() { # or fewer: one may have been open for a moment only
	[ "$(descriptors)" -le "$1" ] || { ls -l "/proc/$daemon_pid/fd"; return 1; }
}
# Nothing is under way; root's calls may have begun what waits for its confirmation.
settled() {
	busctl get-property org.netctl1 /org/netctl1 org.netctl1.Manager State |
		grep -E 'steady|degraded|waiting-confirm' >/dev/null
}
not_grown() { # since it had so many KiB; what is free is given back when it rests
	[ "$(($(resident) - $1))" -le 1024 ]
}
# What malloc keeps of the largest messages is given back after the next change.
change() {
	busctl call org.netctl1 /org/netctl1 org.netctl1.Manager Confirm t 0 >/dev/null 2>&1
	busctl --timeout=30 call org.netctl1 /org/netctl1 org.netctl1.Manager Reload >/dev/null 2>&1
}
run() { # WHO [WRAPPER...]
	local who=$1 before fds
	shift
	check "$who: to begin with" fuzz 500 "$@"
	eventually 20 settled
	change
	before=$(resident)
	fds=$(descriptors)
	check "$who: each of $calls calls is answered" fuzz "$calls" "$@"
	sed 's/^/# /' "$tap_output"
	check_eventually 20 "$who: the daemon is at rest then" settled
	note "$before KiB before, $(resident) after"
	change
	if grep -q __asan "$NETCTLD" || head -c 2 "$NETCTLD" | grep -q '#!'; then
		skip "$who: it has not grown" "not the plain program"
	else
		check_eventually 20 "$who: it has not grown" not_grown "$before"
	fi
	check_eventually 5 "$who: nor has its table of descriptors" descriptors_are "$fds"
}

ip link set lo up
bus_start
chmod 777 "$bus_dir" # done.N
daemon_config <<'END'
interfaces = (
  { name = "br0"; kind = "bridge"; addresses = [ "192.0.2.1/24" ]; },
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; mtu = 1400; },
  { name = "absent0"; mtu = 1400; units = [ "x.service" ]; }
);
END
daemon_start
eventually 10 settled
ip link show v0 >"$daemon_dir/before"
run "nobody" setpriv --reuid=65534 --regid=65534 --clear-groups
check_equal "nobody has changed nothing, and the test read the same files" 1 "$(busctl --json=short get-property org.netctl1 \
	/org/netctl1 org.netctl1.Manager Generation | jq .data)"
run "root"

# What they have left behind is undone, and all is as it was.
busctl call org.netctl1 /org/netctl1 org.netctl1.Manager Confirm t 0 >/dev/null 2>&1
for link in br0 v0 absent0; do
	busctl call org.netctl1 /org/netctl1 org.netctl1.Manager Release s $link >/dev/null 2>&1
done
check "the daemon can be used" busctl --timeout=30 call org.netctl1 /org/netctl1 org.netctl1.Manager Reload
check "and has kept the network" sh -c 'ip link show v0 | grep -q "mtu 1400.*master br0"'
daemon_stop
check "it ends when told, and well" daemon_stopped
check_fails "no complaint in its log" grep -E 'AddressSanitizer|LeakSanitizer|runtime error|assert' "$daemon_log"
finish
