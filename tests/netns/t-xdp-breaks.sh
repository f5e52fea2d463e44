#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What happens to programs beside the daemon: their file is replaced, cut off or deleted while they
# run, their interface is renamed, its other end deleted under traffic, the daemon killed in the
# midst of large changes, and another one of another namespace uses the same folder of pins.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin bpftool clang python3 jq

xdp_far
far ip link set v1 up
far ip address add 192.0.2.2/24 dev v1
far ip address add 192.0.2.66/24 dev v1
prog_id() { ip -j link show "$1" 2>/dev/null | jq -r '.[0].xdp.prog.id // 0'; }
has_program() { [ "$(prog_id "$1")" != 0 ]; }
config() { # XDP [NAME]
	echo "interfaces = ( { name = \"${2:-v0}\"; addresses = [ \"192.0.2.1/24\" ]; xdp = { $1 }; } );" | daemon_config
}
refused() { # WORDS: and the program is as it was
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q "$1" "$work/said" || { cat "$work/said"; return 1; }
	[ "$(prog_id v0)" = "$program" ]
}
own() { # BUILD
	object own "SEC(\"xdp\") int own(struct xdp_md *c) { return $1; }
	char l[] SEC(\"license\") = \"GPL\";"
}

bus_start
own 2
config "program = \"$work/own.o\";"
daemon_start -v
check "the daemon settles" daemon_settled
check "a program of a file" has_program v0

note "the file"
program=$(prog_id v0)
cp "$work/own.o" "$work/keep.o"
head -c 300 "$work/keep.o" >"$work/own.o"
check "cut off: refused, and it runs on" refused 'v0: xdp.program: .*own.o is cut short'
: >"$work/own.o"
check "empty" refused 'is no ELF object file'
rm "$work/own.o"
check "deleted" refused 'No such file'
mkdir "$work/own.o"
check "a folder in its place" refused 'v0: xdp.program: .*own.o'
rmdir "$work/own.o"
mkfifo "$work/own.o"
check "a pipe in its place, which nobody waits for" refused 'v0: xdp.program: .*own.o'
rm "$work/own.o"
for n in 100 500 900 1300; do # bytes that are others' than they were
	cp "$work/keep.o" "$work/own.o"
	printf '\377\377\377\377\377\377\377\377' | dd of="$work/own.o" bs=1 seek=$n conv=notrunc 2>/dev/null
	timeout 60 "$NETCTL" apply >/dev/null 2>&1
done
check "damaged in places: the daemon lives" "$NETCTL" status
cp "$work/keep.o" "$work/own.o"
check "as it was" "$NETCTL" apply
program=$(prog_id v0)
rm "$work/own.o"
daemon_kill
daemon_start -v
check_eventually 10 "a daemon that starts without the file says so" daemon_says 'own.o No such file'
check_equal "and leaves what runs" "$program" "$(prog_id v0)"
cp "$work/keep.o" "$work/own.o"
check "the file is there again" "$NETCTL" apply
check_equal "nothing is exchanged for nothing" "$program" "$(prog_id v0)"
own 1
check "another one" "$NETCTL" apply
check "is another program" [ "$(prog_id v0)" != "$program" ]

note "many of them"
onward
object end 'SEC("xdp") int end(struct xdp_md *c) { return XDP_TX; } char l[] SEC("license") = "GPL";'
chain_of() { # N: that go on, behind the first
	local n
	for n in $(seq "$1"); do
		cp "$work/onward.o" "$work/on$n.o"
		printf '"%s", ' "$work/on$n.o"
	done
}
program=$(prog_id v0)
config "program = \"stats\"; chain = [ $(chain_of 31) \"$work/end.o\" ];"
check "33 are refused" refused 'xdp.chain: more than 31 programs behind the first'
config "program = \"stats\"; chain = [ $(chain_of 30) \"$work/end.o\" ];"
check "32 are not" "$NETCTL" apply
head -c 64 /dev/zero >"$work/packet"
check_equal "and a packet comes through all of them" 3 \
	"$(bpftool -j prog run id "$(prog_id v0)" data_in "$work/packet" repeat 1 | jq .retval)"

note "10 000 prefixes under traffic"
prefixes() { # N: and 192.0.2.66
	python3 - "$1" <<-'END'
	import sys
	n = int(sys.argv[1])
	print('program = "filter"; filter = { rules = (', ', '.join(
	    ['{ src = "192.0.2.66"; action = "drop"; }'] +
	    [f'{{ src = "10.{i // 256}.{i % 256}.0/24"; action = "drop"; }}' for i in range(n)]), '); };')
	END
}
config "$(prefixes 10)"
check "a filter" "$NETCTL" apply
traffic_start
link=$(link_id)
bad=
for n in 1 2 3; do
	config "$(prefixes $((10000 - n)))"
	"$NETCTL" apply >"$work/said" 2>&1 || bad="$bad apply"
	config "$(prefixes $((10 + n)))"
	"$NETCTL" apply >"$work/said" 2>&1 || bad="$bad apply"
done
check_equal "in and out" "" "$bad"
check_equal "by the same link" "$link" "$(link_id)"
for n in 1 2 3 4; do # killed while it reads, loads or exchanges
	config "$(prefixes $((5000 + n)))"
	kill -HUP "$daemon_pid"
	sleep "0.$((n * 7 % 10))$((RANDOM % 10))"
	daemon_kill
	has_program v0 || bad="$bad gone"
	daemon_start -v
	daemon_settled || bad="$bad settled"
done
check_equal "killed in the midst, it goes on by pins" "" "$bad"
traffic_end
check_equal "the link was never another one" "$link" "$(link_id)"
check_equal "one program is pinned, and one link" "1 1" "$(cd /sys/fs/bpf/netctld &&
	find . -name '*+prog' | wc -l) $(cd /sys/fs/bpf/netctld && find . -name '*+link' | wc -l)"

note "the interface"
program=$(prog_id v0)
ip link set v0 down # renamed when it is down: older kernels want that
ip link set v0 name u0
ip link set u0 up
config "$(prefixes 5004)" u0
check "renamed, in the kernel and in the configuration" "$NETCTL" apply
check_equal "it has its program" "$program" "$(prog_id u0)"
ip link set u0 down
ip link set u0 name v0
config "$(prefixes 5004)"
check "and back" "$NETCTL" apply
check "with a program" has_program v0
# Ends with its address, or the network's end.
far python3 "$here/../lib/udp-count.py" send 192.0.2.1 9 1000 3600 192.0.2.2 2>/dev/null &
flood=$!
at_exit 'kill $flood 2>/dev/null'
came() { ip -s -j link show v0 | jq '.[0].stats64.rx.packets'; }
before=$(came)
# shellcheck disable=SC2016 # each time anew
check_eventually 10 "under traffic" eval '[ "$(came)" -gt $((before + 100)) ]'
far ip link del v1
check_eventually 5 "its other end goes, and it with it" sh -c "! ip link show v0 >/dev/null 2>&1"
pins() { find /sys/fs/bpf/netctld -type f | wc -l; }
check "the daemon lives" "$NETCTL" status
ip link add v0 type veth peer name v1 netns "/proc/$far_pid/ns/net"
check_eventually 10 "another one of the name gets the program" has_program v0

note "another namespace, the same pins"
before=$(prog_id v0)
mkdir "$work/other-etc" "$work/other-state"
echo 'interfaces = ( { name = "x0"; xdp = { program = "stats"; }; } );' >"$work/other-etc/a.conf"
unshare --net sh -c "ip link add x0 type veth peer name x1
	\"$daemon_program\" --once --no-bus --config-dir=\"$work/other-etc\" --state-dir=\"$work/other-state\"" >"$work/said" 2>&1
check_equal "leaves the first one's program" "$before" "$(prog_id v0)"
daemon_kill
daemon_start -v
check "which is found again" daemon_settled
check_equal "as it was" "$before" "$(prog_id v0)"
echo 'interfaces = ( { name = "v0"; addresses = [ "192.0.2.1/24" ]; } );' | daemon_config
check "no longer configured" "$NETCTL" apply
check_fails "it goes" has_program v0
finish
