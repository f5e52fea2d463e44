#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab: systemd
#
# XDP programs, and those of traffic control, under the real systemd: its store keeps their links
# while the service, which is not root, is restarted or killed, and lets go of them when it is
# stopped. What they cost is told.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

config() {
	local tcx=""
	[ ! -f /etc/netctld/own.o ] || tcx='tcx = ( { direction = "ingress"; program = "/etc/netctld/own.o"; },
	  { direction = "egress"; program = "/etc/netctld/own.o"; attach = "clsact"; } );'
	cat >/etc/netctld/10-lab.conf <<-END
	interfaces = ( { name = "v0"; xdp = { program = "filter"; filter = { rules = (
	  { src = "$1"; action = "drop"; } ); }; }; $tcx } );
	END
}

# Without kcmp(2) systemd takes all file descriptors of bpf(2), which share an inode, for the same.
if [ -z "${LAB_PREPARE:-}" ] && python3 -c 'import ctypes, os
l = ctypes.CDLL(None, use_errno=True)
exit(l.kcmp(os.getpid(), os.getpid(), 0, 1, 2) >= 0 if hasattr(l, "kcmp") else
     l.syscall(312, os.getpid(), os.getpid(), 0, 1, 2) >= 0)'; then
	skip_all "this kernel has no kcmp(2) (CONFIG_KCMP)"
fi

if [ -n "${LAB_PREPARE:-}" ]; then # before systemd begins
	tap_finished=1
	mkdir -p /etc/netctld
	printf '%s\n' '#include <linux/bpf.h>' '#define SEC(n) __attribute__((section(n), used))' \
		'SEC("tc") int own(struct __sk_buff *s) { return -1; }' 'char l[] SEC("license") = "GPL";' >/tmp/own.c
	clang -target bpf -O2 -g -idirafter "/usr/include/$(gcc -print-multiarch)" -c /tmp/own.c \
		-o /etc/netctld/own.o 2>/dev/null || rm -f /etc/netctld/own.o
	config 192.0.2.66
	ip link add v0 type veth peer name v1
	systemctl enable -q netctld.service
	ln -s /lib/systemd/system/netctld.service /run/systemd/system/lab.target.wants
	exit 0
fi

program() { ip -j link show v0 | jq -r '.[0].xdp.prog.id // 0'; }
main_pid() { systemctl show -P MainPID netctld; }
is_active() { [ "$(systemctl is-active netctld)" = active ]; }
is_another() { is_active && [ "$(main_pid)" != "$pid" ]; }
kept() { systemctl show -P NFileDescriptorStore netctld; }

check_eventually 20 "the service is active" is_active
check "a program is attached" [ "$(program)" != 0 ]
check_fails "by a process that is not root" grep -q '^Uid:.0' "/proc/$(main_pid)/status"
keeps() { [ "$(kept)" -ge "$1" ]; }
check_eventually 5 "systemd keeps file descriptors" keeps 4
# tcx <id> and clsact <id>, as far as there is a compiler for them
others() { netctl show v0 --json | jq -c '[.tcx[]? | [.attached, .id, .tag]]'; }
before=$(program)
beside=$(others)
note "programs of traffic control: $beside"
[ ! -f /etc/netctld/own.o ] ||
	check_equal "a link and a filter of traffic control" '["tcx","clsact"]' "$(echo "$beside" | jq -c 'map(.[0])')"
check "a restart" systemctl restart netctld
check_equal "leaves the program" "$before" "$(program)"
check_equal "and those of traffic control" "$beside" "$(others)"
pid=$(main_pid)
kill -KILL "$pid"
check_equal "killed: it is there" "$before" "$(program)"
check_eventually 10 "the service comes again" is_another
check_equal "and leaves it" "$before" "$(program)"
answers() { [ "$(others)" = "$beside" ]; }
check_eventually 10 "and those of traffic control" answers
sysctl -qw kernel.bpf_stats_enabled=1
ip link set v1 up
ip link set v0 up
runs() { # WORDS: netctl xdp says how often
	netctl xdp v0 | grep -q "^  $1.*, [1-9][0-9]* runs, [0-9]* ns each"
}
sends() { ip neighbour flush dev v1; ping -q -c 1 -W 1 -I v1 192.0.2.9 >/dev/null 2>&1; runs "$1"; }
ip address add 192.0.2.2/24 dev v1
check_eventually 10 "how often it ran is told" sends "filter: tag"
if [ -f /etc/netctld/own.o ]; then
	check_eventually 10 "the same of a link of traffic control" sends "ingress /etc/netctld/own.o, tcx"
	ip address add 192.0.2.3/24 dev v0
	goes() { ping -q -c 1 -W 1 -I v0 192.0.2.8 >/dev/null 2>&1; runs "egress /etc/netctld/own.o, clsact"; }
	check_eventually 10 "and of a filter" goes
	check "also for monitoring" sh -c "netctl metrics | grep -q '^netctl_tcx_program_runs_total{.*own.o.*} [1-9]'"
fi
sysctl -qw kernel.bpf_stats_enabled=0
fds=$(kept)
config 192.0.2.67
check "another rule" netctl apply
check "is another program" [ "$(program)" != "$before" ]
check_eventually 5 "of the old one nothing is kept" sh -c "[ \"\$(systemctl show -P NFileDescriptorStore netctld)\" = $fds ]"
check "the service is stopped" systemctl stop netctld
check_eventually 5 "and with it the program" sh -c 'ip -j link show v0 | jq -e ".[0].xdp.prog == null"'
if [ -f /etc/netctld/own.o ]; then
	check "a filter stays" sh -c 'tc filter show dev v0 egress | grep -q direct-action'
	check "the service is started" systemctl start netctld
	check_eventually 10 "it is found again" sh -c "[ \"\$(netctl show v0 --json | jq -c '.tcx[1].id')\" = $(echo "$beside" | jq '.[1][1]') ]"
fi
finish
