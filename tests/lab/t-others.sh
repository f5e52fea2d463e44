#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever other hands do: what the daemon shows, it knows from notifications, and
# it is what is there (others.py). Once as an onlooker, once putting back what is
# configured. t-others.sh SEED ROUNDS: other and more of it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

# What comes by itself, later, is no other hand's.
for key in default all; do
	sysctl -qw net.ipv6.conf.$key.{addr_gen_mode=1,accept_dad=0,router_solicitations=0}
done
lab_dbus
daemon_bus=
lab_espressobin
lab_netdevsim 2
for n in 0 1 2; do
	ip link add d$n type dummy
done
ip link add v0 type veth peer name v1
ip link add br0 type bridge vlan_filtering 1
ip link add br9 type bridge
daemon_config <<<'interfaces = ();'
daemon_start -v
daemon_settled
export DAEMON_START="\"$daemon_program\" --config-dir=\"$daemon_dir/etc\" --state-dir=\"$daemon_dir/state\" >>\"$daemon_log\" 2>&1 &"
others() { /usr/bin/python3 "$(dirname "$0")/others.py" "$@"; }
check "what is told of is what is there" others "${1:-1}" "${2:-6}"
for device in br9 br0 v.5 v.6 m0 bond9 vrf9 zz; do
	ip link del $device 2>/dev/null
done
for port in wan lan0 lan1; do
	ip link set $port nomaster
	echo 1 >/sys/kernel/debug/ebsim/$port/cable
done
daemon_config <<-END
daemon = { on_drift = "repair"; };
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; default_pvid = 0; stp = false; };
    port = { tagged = [ 10 ]; }; },
  { name = "lan0"; master = "br0"; port = { pvid = 10; untagged = [ 10 ]; }; },
  { name = "lan1"; master = "br0"; mtu = 1400; port = { tagged = [ "10", "20-24" ]; learning = false; }; },
  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; }; addresses = [ "10.0.0.1/24", "2001:db8:1::1/64" ];
    routes = ( { to = "172.16.0.0/24"; via = "10.0.0.6"; } ); ipv4 = { forwarding = true; rp_filter = "strict"; }; },
  { name = "d0"; alias = "uplink"; addresses = [ "10.1.0.1/24" ]; qdisc = { kind = "fq_codel"; }; },
  { name = "v0"; ethernet = { features = { rx-gro = false; }; }; } );
END
check "the configuration is applied" netctl apply
check "what is told of, and put back, too" others "$((${1:-1} + 1000))" "${2:-6}"
finish
