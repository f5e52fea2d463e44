# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon with a router's configuration and a bus, in the lab, for benchmarks
# of what it costs at rest. Source it behind tests/lab/lib.sh.

router_pid=

# router_start [PROGRAM]: until it is at rest; a client has asked for its state once.
router_start() {
	mkdir -p /etc/netctld
	[ -S /run/dbus/system_bus_socket ] || lab_dbus
	ip link add wan type dummy
	ip link add lan0 type veth peer name far0
	ip link add lan1 type dummy
	cat >/etc/netctld/10.conf <<END
interfaces = (
  { name = "wan"; addresses = [ "203.0.113.2/24", "2001:db8:ffff::2/64" ];
    routes = ( { to = "default"; via = "203.0.113.1"; } ); ipv4 = { forwarding = true; }; },
  { name = "br0"; kind = "bridge"; bridge = { vlan_filtering = true; default_pvid = 0; };
    port = { tagged = [ 10, 20 ]; }; },
  { name = "lan0"; master = "br0"; port = { pvid = 10; untagged = [ 10 ]; }; },
  { name = "lan1"; master = "br0"; port = { tagged = [ "10", "20-29" ]; }; },
  { name = "br0.10"; kind = "vlan"; vlan = { link = "br0"; id = 10; };
    addresses = [ "192.168.10.1/24" ]; ipv4 = { forwarding = true; }; },
  { name = "br0.20"; kind = "vlan"; vlan = { link = "br0"; id = 20; };
    addresses = [ "192.168.20.1/24" ]; ipv4 = { forwarding = true; }; }
);
END
	"${1:-netctld}" >/tmp/netctld.log 2>&1 &
	router_pid=$!
	eventually 20 netctl status >/dev/null 2>&1
	sleep 3
}

# router_pss: proportional memory, KiB
router_pss() {
	awk '/^Pss:/ { print $2 }' "/proc/$router_pid/smaps_rollup"
}

# router_cpu_ms: processor time since it was started
router_cpu_ms() {
	awk '{ print ($14 + $15) * 10 }' "/proc/$router_pid/stat"
}
