#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A client that only knows D-Bus does everything that netctl does: dbus-client.py,
# as root, as somebody whom polkit allows it, and as somebody whom nobody does, who
# reads everything and changes nothing. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus and python3-gi"

daemon_config <<'EOT'
interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = 1400; addresses = [ "192.0.2.1/24" ]; },
	{ name = "br0"; kind = "bridge"; }, { name = "w0"; kind = "veth"; veth = { peer = "w1"; }; master = "br0"; } );
EOT
file=$daemon_dir/etc/10-test.conf
chmod 755 "$daemon_dir/etc"
chmod 666 "$file" # who is allowed to apply may write it, here
bus_start
daemon_start -v
check "the daemon is there" daemon_settled
check_eventually 5 "and on the bus" busctl call org.netctl1 /org/netctl1 org.netctl1.Manager ListLinks
ip link set v1 up
cp "$here/dbus-client.py" "$bus_dir/client.py"
cp "$NETCTL" "$bus_dir/netctl"
chmod 755 "$bus_dir/client.py" "$bus_dir/netctl"

# client WHO [WRAPPER...]: each line that it prints is a check.
client() {
	local who=$1 line
	shift
	timeout 300 "$@" /usr/bin/python3 "$bus_dir/client.py" "$who" "$bus_dir/netctl" "$file" \
		>"$bus_dir/lines" 2>"$bus_dir/complaints"
	while read -r line; do
		case $line in
		"ok "*) check "${line#ok }" true ;;
		*) check "${line#not ok }" false ;;
		esac
	done <"$bus_dir/lines"
	check "$who: it came to its end" test ! -s "$bus_dir/complaints" || sed 's/^/# /' "$bus_dir/complaints"
}
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
client root
client denied "${nobody[@]}"
polkit_start yes
client granted "${nobody[@]}"
polkit_stop
daemon_stop
check "the daemon ends when told" daemon_stopped
finish
