#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What netctl(1) and org.netctl1(5) show as examples works as it stands there. (Those of
# netctld.conf(5) are looked at by t-man.sh, and applied by the lab's t-systemd.sh.)

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"

# examples PAGE: its lines of commands.
examples() {
	sed -n '/^\.SH EXAMPLES/,/^\.fi/{/^[a-z]/{s/\\-/-/g;s/\\(aq/'\''/g;p}}' "$1"
}
# example COMMAND: one that goes on by itself (monitor) is well as long as it does.
example() {
	local limit=60 ends=0
	case $1 in
	*monitor* | *--interval*) limit=3 ends=124 ;;
	esac
	(cd "$bus_dir" && timeout $limit bash -c "set -o pipefail; $1" </dev/null)
	[ $? = $ends ]
}

ip link set lo up
ip link add wan type veth peer name wan-far
ip link add lan0 type veth peer name lan0-far
ip link set wan-far up
ip link set lan0-far up
daemon_config <<'EOT'
interfaces = (
  { name = "wan"; addresses = [ "203.0.113.2/24" ]; },
  { name = "br0"; kind = "bridge"; },
  { name = "lan0"; master = "br0"; }
);
EOT
mkdir "$bus_dir/bin"
ln -s "$NETCTL" "$bus_dir/bin/netctl"
command -v dot >/dev/null || { printf '#!/bin/sh\ncat\n' >"$bus_dir/bin/dot"; chmod +x "$bus_dir/bin/dot"; }
PATH=$bus_dir/bin:$PATH
cp "$daemon_dir/etc/10-test.conf" "$bus_dir/new.conf"
bus_start
daemon_start -v
check "the daemon is there" daemon_settled

for page in "$here/../../man/netctl.1" "$NETCTL_BUILDDIR/man/org.netctl1.5"; do
	n=0
	while read -r line; do
		n=$((n + 1))
		# Over ssh: t-ctl-hosts.sh. And nothing is put into this machine's own folder.
		[[ $line != "netctl -H"* ]] || continue
		check "${page##*/}: $line" example "${line//\/etc\/netctld/$daemon_dir/etc}"
	done < <(examples "$page")
	check "${page##*/} has examples" test $n -gt 3
done

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
