#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way that the caller came by, where it is not one cable: in a VRF, which has
# routes of its own to the same addresses; over a VLAN on a bridge; by IPv6, with
# addresses of the link only too.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
out=$daemon_dir/out

config() { # MASTER-OF-P1 UP-OF-V0 [MORE]
	daemon_config <<-END
	interfaces = (
	  { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; default_pvid = 0; };
	    port = { tagged = [ 10 ]; }; },
	  { name = "p0"; master = "br0"; port = { tagged = [ 10 ]; }; },
	  { name = "p1"; $1 },
	  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; };
	    addresses = [ "192.0.2.1/24", "2001:db8:10::1/64" ]; },
	  { name = "v0"; up = $2; addresses = [ "203.0.113.2/24" ]; }$3
	);
	END
}
# way PEER OWN INTERFACES INTERRUPTED
way() {
	SSH_CONNECTION="$1 50000 $2 22" netctl plan --json >"$out" 2>&1 &&
		jq -e --arg w "$3" --arg i "$4" \
			'(.path.interfaces | join(" ")) == $w and .path.interrupted == $i' "$out" >/dev/null ||
		{ jq .path "$out" || cat "$out"; return 1; }
}
is_steady() {
	netctl status --json 2>/dev/null | jq -e '.state == "steady"'
}

sysctl -qw net.ipv6.conf.default.accept_dad=0
ip -batch - <<END
link add p0 type veth peer name q0
link add p1 type veth peer name q1
link add v0 type veth peer name v1
link set q0 up
link set q1 up
link set v1 up
END
both='master = "br0"; port = { tagged = [ 10 ]; };'
config "$both" true
daemon_start -v
check_eventually 10 "the daemon has applied it" is_steady
check_eventually 10 "the cables have a carrier" sh -c 'ip link show p0 | grep -q LOWER_UP && ip link show p1 | grep -q LOWER_UP'

stack="br0.10 br0 p0 p1"
check_eventually 10 "over a VLAN on a bridge" way 192.0.2.7 192.0.2.1 "$stack" no
check_eventually 10 "by IPv6" way 2001:db8:10::7 2001:db8:10::1 "$stack" no
check_eventually 10 "by an address of the link only" way fe80::7%br0.10 fe80::1%br0.10 "$stack" no

config "up = false;" true
check_eventually 10 "one of two ports leaves: who knows" way 192.0.2.7 192.0.2.1 "$stack" maybe
check_eventually 10 "so by IPv6" way 2001:db8:10::7 2001:db8:10::1 "$stack" maybe
check_eventually 10 "so by an address of the link only" way fe80::7%br0.10 fe80::1%br0.10 "$stack" maybe
check_eventually 10 "who comes by another is not concerned" way 203.0.113.7 203.0.113.2 v0 no

# A VRF: the main table says v0, where that peer is not.
ip -batch - <<END
link add vrf1 type vrf table 10
link set vrf1 up
link add w0 type veth peer name w1
link set w0 master vrf1
link set w1 up
address add 198.18.0.2/24 dev w0
address add 2001:db8:5::2/64 dev w0
link set w0 up
route add 203.0.113.0/24 via 198.18.0.9 table 10
END
config "$both" false
check_eventually 10 "in a VRF the way is that of the VRF" way 203.0.113.7 198.18.0.2 "w0 vrf1" no
check_eventually 10 "by IPv6 too" way 2001:db8:5::7 2001:db8:5::2 "w0 vrf1" no
check_eventually 10 "outside it is not" way 203.0.113.7 203.0.113.2 v0 yes
config "$both" true ', { name = "w0"; up = false; }'
check_eventually 10 "and a change of that is seen" way 203.0.113.7 198.18.0.2 "w0 vrf1" yes

daemon_stop
check "the daemon stops" daemon_stopped
finish
