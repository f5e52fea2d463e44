# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC2153,SC2154
#
# What tests of programs on interfaces share; read after inside.sh.

# xdp_begin PROGRAM...: a file system for programs, and a bus; the test needs the PROGRAMs.
xdp_begin() {
	local program
	head -c 2 "$NETCTLD" | grep -q '#!' && skip_all "valgrind does not know bpf(2)"
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "needs $program"
	done
	mount -t bpf bpf /sys/fs/bpf || skip_all "no bpffs"
	# shellcheck source=tests/lib/bus.sh
	. "$(dirname "${BASH_SOURCE[0]}")/bus.sh"
}

# far COMMAND...: in the namespace of the far end
far() { nsenter --net="/proc/$far_pid/ns/net" "$@"; }

# in_another_net PID: it has left ours.
in_another_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# xdp_far: v0 here, v1 in a namespace of its own
xdp_far() {
	unshare --net sleep 600 &
	far_pid=$!
	at_exit 'kill $far_pid'
	eventually 5 in_another_net $far_pid
	ip link set lo up
	ip link add v0 type veth peer name v1 netns "/proc/$far_pid/ns/net"
}

# link_id: of v0's program; other tests may have links on the same machine
link_id() {
	bpftool -j link list |
		jq ".[] | select(.prog_id == $(ip -j link show v0 | jq '.[0].xdp.prog.id // 0')) | .id"
}
