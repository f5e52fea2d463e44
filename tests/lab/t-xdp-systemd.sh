#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab: systemd
#
# XDP programs under the real systemd: its store keeps their links while the service, which is
# not root, is restarted or killed, and lets go of them when it is stopped.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

config() {
	cat >/etc/netctld/10-lab.conf <<-END
	interfaces = ( { name = "v0"; xdp = { program = "filter"; filter = { rules = (
	  { src = "$1"; action = "drop"; } ); }; }; } );
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
before=$(program)
check "a restart" systemctl restart netctld
check_equal "leaves the program" "$before" "$(program)"
pid=$(main_pid)
kill -KILL "$pid"
check_equal "killed: it is there" "$before" "$(program)"
check_eventually 10 "the service comes again" is_another
check_equal "and leaves it" "$before" "$(program)"
fds=$(kept)
config 192.0.2.67
check "another rule" netctl apply
check "is another program" [ "$(program)" != "$before" ]
check_eventually 5 "of the old one nothing is kept" sh -c "[ \"\$(systemctl show -P NFileDescriptorStore netctld)\" = $fds ]"
check "the service is stopped" systemctl stop netctld
check_eventually 5 "and with it the program" sh -c 'ip -j link show v0 | jq -e ".[0].xdp.prog == null"'
finish
