#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# XDP where there is no JIT, and with VLANs: forwarded between a tagged and an untagged network,
# with the tag pushed and taken off; a device that hides its tags is refused.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

mount -t bpf bpf /sys/fs/bpf
ip netns add tagged
ip netns add plain
ip link add v0 type veth peer name v1 netns tagged
ip link add w0 type veth peer name w1 netns plain
ip -n tagged link set v1 up
ip -n tagged link add link v1 name v1.10 up type vlan id 10
ip -n tagged address add 192.0.2.2/24 dev v1.10
ip -n tagged route add default via 192.0.2.1
ip -n plain link set w1 up
ip -n plain address add 198.51.100.2/24 dev w1
ip -n plain route add default via 198.51.100.1
ip netns exec tagged ethtool -K v1 txvlan off gro on >/dev/null
ip netns exec plain ethtool -K w1 gro on >/dev/null

config() {
	daemon_config <<-EOF
	interfaces = (
	  { name = "v0"; $1 },
	  { name = "v0.10"; kind = "vlan"; vlan = { link = "v0"; id = 10; };
	    addresses = [ "192.0.2.1/24" ]; ipv4 = { forwarding = true; }; },
	  { name = "w0"; addresses = [ "198.51.100.1/24" ]; ipv4 = { forwarding = true; }; $2 } );
	EOF
}
crosses() { ip netns exec tagged ping -q -c "$1" -i 0.05 -W 2 198.51.100.2; }
forwarded() { # INTERFACE: packets
	bpftool -j map dump pinned "$(ls /sys/fs/bpf/netctld/*/xdp-"$(cat /sys/class/net/"$1"/ifindex)"-p*+counters)" |
		jq '[.[] | select(.key == ["0x00","0x00","0x00","0x00"] or .formatted.key == 0) | .formatted.values[].value.packets] | add'
}

config "" ""
daemon_start -v
check "the daemon settles" daemon_settled
check "the stack routes between the VLAN and the plain network" crosses 2

interpreted() { [ "$(cat /proc/sys/net/core/bpf_jit_enable 2>/dev/null || echo 0)" = 0 ]; }
config 'xdp = { program = "stats"; };' ""
netctl check "$daemon_dir/etc" >"$daemon_dir/said" 2>&1
note "$(cat "$daemon_dir/said")"
warning='10-test.conf:[0-9]*: v0: xdp.program: will be interpreted, which is several times slower'
if interpreted; then
	check "that there is no JIT is said before" grep -q "$warning" "$daemon_dir/said"
else
	check_fails "of a JIT nothing is said" grep -q "$warning" "$daemon_dir/said"
fi

forward='xdp = { program = "forward"; forward = { to = [ "w0", "v0.10" ]; }; };'
back='xdp = { program = "forward"; forward = { to = [ "v0.10" ]; }; };'
config "$forward" "$back"
daemon_reload
check_eventually 5 "a device that takes tags off is refused" \
	daemon_says 'v0: xdp.program: .*takes VLAN tags off before a program sees them'
check "and the change is undone" daemon_settled
check "which leaves everything as it was" crosses 2

ethtool -K v0 rxvlan off rx-vlan-stag-hw-parse off txvlan off >/dev/null
ethtool -K w0 rxvlan off rx-vlan-stag-hw-parse off txvlan off >/dev/null
daemon_reload
check "with the tags to be seen it is taken" daemon_settled
check "packets cross" crosses 20
if command -v bpftool >/dev/null; then
	check "their tag is taken off in the program" [ "$(forwarded v0)" -ge 18 ]
	check "and pushed in the other one" [ "$(forwarded w0)" -ge 18 ]
fi
check_equal "one hop older" 63 \
	"$(ip netns exec tagged ping -c 1 -W 2 198.51.100.2 | sed -n 's/.*ttl=\([0-9]*\).*/\1/p')"
daemon_kill
check "they cross while the daemon is dead" crosses 5
daemon_start -v
check "it comes again" daemon_settled
check_equal "and changes nothing" 0 "$(daemon_requests)"
check "they still cross" crosses 5

config 'xdp = { program = "filter"; filter = { rules = ( { vlan = 10; action = "drop"; } ); }; };' ""
daemon_reload
check "a rule for the VLAN" daemon_settled
check_fails "drops what has its tag" crosses 1
config 'xdp = { program = "filter"; chain = [ "stats" ]; };' ""
daemon_reload
if interpreted; then
	check_eventually 5 "a chain takes a JIT" daemon_says 'v0: xdp.chain: takes a kernel that makes machine code'
else
	check "a chain" daemon_settled
fi
config "" ""
daemon_reload
check "without programs" daemon_settled
check "the stack routes again" crosses 2
check "nothing is pinned" sh -c '[ -z "$(find /sys/fs/bpf/netctld -type f)" ]'
finish
