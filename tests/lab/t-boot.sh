#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab itself: what tests may take for granted in the kernel and the guest.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

check "runs as root" test "$(id -u)" = 0
check_equal "is called espressobin" espressobin "$(hostname)"
check "has a loopback" ip -o address show dev lo to 127.0.0.1
check_equal "has no other devices" lo "$(basename -a /sys/class/net/*/)"
check_fails "cannot write to the repository" touch "$LAB_REPO/tests/lab/written"
check "can write elsewhere" touch /etc/netctl-lab-was-here /usr/sbin/netctl-lab-was-here
check "has sysfs" test -d /sys/class/net
check "has debugfs" mountpoint -q /sys/kernel/debug
check "has bpffs" mountpoint -q /sys/fs/bpf
check "has cgroup2" test -e /sys/fs/cgroup/cgroup.procs
check "has terminals" test -c /dev/pts/ptmx
check "has the kernel's BTF" test -s /sys/kernel/btf/vmlinux

check "dummies with queues" ip link add dum0 numtxqueues 4 type dummy
check "VLAN devices" ip link add link dum0 name dum0.10 type vlan id 10
check "bond devices" ip link add new-bond type bond
check "geneve devices" ip link add new-geneve type geneve id 1 remote 192.0.2.1
check "ifb devices" ip link add new-ifb type ifb
check "hsr devices" ip link add new-hsr type hsr slave1 new-bond slave2 new-ifb
check "macsec devices" ip link add link dum0 new-macsec type macsec
check "macvlan devices" ip link add link dum0.10 new-macvlan type macvlan
check "nlmon devices" ip link add new-nlmon type nlmon
check "tap devices" ip tuntap add new-tap mode tap
check "veth devices" ip link add new-veth type veth
check "vrf devices" ip link add new-vrf type vrf table 10
check "vxlan devices" ip link add new-vxlan type vxlan id 1 dstport 4789
check "wireguard devices" ip link add new-wg type wireguard

filtering_bridge() {
	ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 0 &&
		ip link add dum1 type dummy &&
		ip link set dum1 master br0 &&
		bridge vlan add dev dum1 vid 20 pvid untagged &&
		bridge vlan show dev dum1 | grep -q '20 PVID Egress Untagged'
}
check "bridges with VLAN filtering" filtering_bridge

# qdisc NAME ARGUMENT...: the root qdisc of dum0 can be this one.
qdisc() {
	check "qdisc $1" tc qdisc add dev dum0 root handle 100: "$@"
	tc qdisc del dev dum0 root 2>/dev/null
}
map="0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"
# shellcheck disable=SC2086 # the map is many words
{
	qdisc mqprio num_tc 2 map $map queues 1@0 1@1 hw 0
	qdisc taprio num_tc 2 map $map queues 1@0 1@1 base-time 0 \
		sched-entry S 01 300000 sched-entry S 02 700000 clockid CLOCK_TAI
}
qdisc cake
qdisc cbs idleslope 98688 sendslope -901312 hicredit 153 locredit -1389 offload 0
qdisc etf clockid CLOCK_TAI delta 300000
qdisc ets bands 4
qdisc fq_codel
qdisc htb
qdisc netem delay 1ms
qdisc prio
qdisc tbf rate 1mbit burst 10k latency 50ms

netdevsim_ports() {
	ls /sys/bus/netdevsim/devices/netdevsim1/net
}
netdevsim_has_two() {
	[ "$(netdevsim_ports | wc -l)" = 2 ]
}
check "netdevsim loads" lab_netdevsim 2 2
check_eventually 2 "netdevsim's ports come" netdevsim_has_two
check "ethtool finds rings on them" ethtool -g "$(netdevsim_ports | head -n 1)"
check "modules have BTF" test -s /sys/kernel/btf/netdevsim

bus_answers() {
	dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.ListNames
}
check "the system bus starts" lab_dbus
check "the system bus answers" bus_answers

check "the kernel did not complain" lab_kernel_complaints

finish
