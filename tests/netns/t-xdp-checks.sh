#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What stands against a program is said before anything is touched: what the driver cannot,
# what does not fit, what could not be received, what would come back.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin jq

ip link set lo up
ip link add v0 type veth peer name v1
ip link add w0 type veth peer name w1
ip link add d0 type bridge
for i in v0 v1 w0 w1; do
	ip link set $i mtu 9000 up
done
said=$daemon_dir/said
n=0
config() { # INTERFACE SETTINGS [MORE]
	n=$((n + 1))
	echo "interfaces = ( { name = \"$1\"; alias = \"touched $n\"; xdp = { $2 }; ${3:-} } );" |
		daemon_config
}
refused() { # WORDS: by apply and by check, and nothing was touched
	"$NETCTL" apply >"$said" 2>&1
	[ $? = 5 ] || { cat "$said"; return 1; }
	grep -q "10-test.conf:[0-9]*: $1" "$said" || { cat "$said"; return 1; }
	! ip link | grep -q "alias touched $n"
}
xdp() { "$NETCTL" show "$1" --json | jq -r "$2"; }

bus_start
config d0 'program = "stats"; mode = "generic";'
daemon_start -v
check "the daemon settles" daemon_settled
check "what the kernel can is told" xdp d0 .xdp.device.jit
if [ "$(xdp v0 '.xdp.device.features | length')" = 0 ]; then
	note "this kernel has no netlink family netdev"
	finish
	exit
fi
check "and the device" sh -c "'$NETCTL' show v0 --json |
	jq -e '.xdp.device.features | index(\"basic\") and index(\"rx-sg\")'"
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null
config d0 'program = "stats"; mode = "native";'
check "no native support" refused 'd0: xdp.mode: bridge has no native XDP; mode = "generic" works'
config d0 'program = "stats"; mode = "offload";'
check "no offload" refused 'd0: xdp.mode: bridge cannot run programs on the device'
config d0 'program = "stats"; mode = "native"; on_unsupported = "generic";'
check "unless something else may be done" "$NETCTL" apply
check_equal "which it is" generic "$(xdp d0 .xdp.attached)"
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null

config v0 'program = "forward"; mode = "native"; forward = { to = [ "w0" ]; };'
check "an MTU of more than a page" refused \
	'v0: xdp.program: veth takes programs that want packets whole up to an MTU of 35.., and the other end, v1 has 9000'
config v0 'program = "filter"; mode = "native"; filter = { default = "pass"; };'
check "a program that takes packets in parts has no such limit" "$NETCTL" apply
check_equal "and is native" native "$(xdp v0 .xdp.attached)"
config v0 'program = "forward"; forward = { to = [ "v1" ]; };'
check "a redirect to the other end" refused 'v0: xdp.forward.to: "v1" is the other end of v0'
program=$(xdp v0 .xdp.program)
n=$((n + 1))
cat >"$daemon_dir/etc/10-test.conf" <<END
interfaces = ( { name = "v0"; alias = "touched $n"; xdp = { program = "forward"; forward = { to = [ "w0" ]; }; }; },
{ name = "w1"; xdp = { program = "forward"; forward = { to = [ "v1" ]; }; }; } );
END
check "redirects that lead back by another pair" refused \
	'v0: xdp.forward.to: what is redirected to "w0" comes back to v0'
check_equal "the program is as before" "$program" "$(xdp v0 .xdp.program)"
for i in v0 v1 w0 w1; do
	ip link set $i mtu 1500
done
config v0 'program = "forward"; mode = "native"; forward = { to = [ "w0" ]; };'
check "a redirect to what cannot receive" "$NETCTL" apply
check_equal "waits" waiting "$(xdp v0 .state.management)"
check "and says for what" sh -c "echo '$(xdp v0 .state.reason)' |
	grep -q 'waits for w0 to be able to receive what is redirected to it (veth: no ndo-xmit'"
check_equal "the program before stays, so that nothing is lost" filter "$(xdp v0 .xdp.program)"
ethtool -K w1 gro on
check_eventually 5 "and goes on by itself when it can" sh -c \
	"[ \"\$('$NETCTL' show v0 --json | jq -r .xdp.program)\" = forward ]"
finish
