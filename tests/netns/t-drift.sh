#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What another hand changes: put back, only reported, and a fight that nobody wins.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"

ip link set lo up
ip link add p0 type veth peer name p1
mtu() {
	ip -o link show "$1" | grep -o 'mtu [0-9]*' | cut -d ' ' -f 2
}
has_mtu() {
	[ "$(mtu "$1")" = "$2" ]
}

daemon_config <<'EOF'
daemon = { on_drift = "report"; };
interfaces = ( { name = "p0"; mtu = 1400; }, { name = "p1"; mtu = 1300; on_drift = "repair"; } );
EOF
daemon_start -v
check "the daemon settles" daemon_settled
ip link set p0 mtu 1410
ip link set p1 mtu 1310
check_eventually 2 "on_drift of the interface wins: p1 is put back" has_mtu p1 1300
check_eventually 2 "what is only reported is reported" daemon_says 'drift: p0: mtu: 1410 -> 1400 (changed by another hand, only reported)'
ip link set p0 alias something
sleep 0.3
check_equal "and stays, also when something else happens to it" 1410 "$(mtu p0)"
daemon_reload
check_eventually 2 "a reload puts it back" has_mtu p0 1400

echo 'daemon = { on_drift = "repair"; };
interfaces = ( { name = "p0"; mtu = 1400; }, { name = "p1"; mtu = 1300; } );' | daemon_config
daemon_reload
check "reload" daemon_settled
# Something that never gives up, for 3 s, and until it is said.
requests=$(daemon_requests)
begun=$SECONDS
fights=0
is_said() {
	daemon_says 'something else keeps changing it; next attempt in'
}
until [ $SECONDS -ge $((begun + 3)) ] && is_said || [ $SECONDS -ge $((begun + 30)) ]; do
	if has_mtu p0 1400; then
		ip link set p0 mtu 1420
		fights=$((fights + 1))
	fi
done
most=$((14 + SECONDS - begun - 3))
check "a fight is not fought at full speed ($fights changes in $((SECONDS - begun)) s)" [ "$fights" -le $most ]
check "and it is said" is_said
check "the daemon asked for as many changes as it put back" \
	[ $(($(daemon_requests) - requests)) -le $most ]
check_eventually 6 "when the other gives up, it is put back" has_mtu p0 1400

# Who: the kernel says it for addresses. Held open, so that its name can still be read.
echo 'interfaces = ( { name = "p0"; addresses = [ "192.0.2.1/24" ]; }, { name = "p1"; } );' | daemon_config
daemon_reload
check "reload" daemon_settled
is_said() {
	daemon_says 'drift: p0: addresses: - -> 192.0.2.1/24 (changed by ip, pid [0-9]*, put back)'
}
{ echo 'address del 192.0.2.1/24 dev p0'; eventually 2 is_said; } | ip -batch - &
ip_pid=$!
check_eventually 2 "an address is put back, and the log says who took it" is_said
wait $ip_pid
# A burst is no fight.
addresses=$(for n in $(seq 2 60); do printf ', "192.0.2.%s/32"' "$n"; done)
echo "interfaces = ( { name = \"p0\"; addresses = [ \"192.0.2.1/24\"$addresses ]; }, { name = \"p1\"; } );" | daemon_config
daemon_reload
check "reload" daemon_settled
has_60() {
	[ "$(ip -4 -o address show dev p0 | wc -l)" = 60 ]
}
check "60 addresses" has_60
for n in 1 2 3; do
	ip address flush dev p0
	check_eventually 2 "flushed, and put back ($n)" has_60
done
daemon_stop
check "the daemon stops" daemon_stopped
finish
