# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2154
#
# What tests of programs on interfaces share; read after inside.sh. Several of them may run at a
# time on one machine, whose programs and links have no namespaces.

# xdp_begin PROGRAM...: a file system for programs, a bus, and $work; the test needs the PROGRAMs.
xdp_begin() {
	local program
	head -c 2 "$NETCTLD" | grep -q '#!' && skip_all "valgrind does not know bpf(2)"
	for program in "$@"; do
		command -v "$program" >/dev/null || skip_all "needs $program"
	done
	mount -t bpf bpf /sys/fs/bpf || skip_all "no bpffs"
	# shellcheck source=tests/lib/bus.sh
	. "$(dirname "${BASH_SOURCE[0]}")/bus.sh"
	xdp_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
	work=$daemon_dir/work
	mkdir "$work"
}

# object NAME SOURCE: an object file, $work/NAME.o
object() {
	printf '#include <linux/bpf.h>\n#define SEC(n) __attribute__((section(n), used))\n%s\n' "$2" \
		>"$work/$1.c"
	clang -target bpf -O2 -g -idirafter "/usr/include/$(gcc -print-multiarch)" -c "$work/$1.c" \
		-o "$work/$1.new" && mv "$work/$1.new" "$work/$1.o"
}

# onward: one that goes on in its chain, as the documentation says
onward() {
	object onward 'const volatile unsigned chain_next SEC(".rodata.chain");
struct { int (*type)[3]; int (*max_entries)[1]; unsigned *key, *value; } chain SEC(".maps");
static long (*tail_call)(void *, void *, unsigned) = (void *)12;
SEC("xdp") int onward(struct xdp_md *c)
{
	if (chain_next)
		tail_call(c, &chain, chain_next);
	return XDP_PASS;
}
char l[] SEC("license") = "GPL";'
}

# go_on NAME [RESULT]: one for traffic control, which lets the next one decide
go_on() {
	object "$1" "SEC(\"tc\") int $1(struct __sk_buff *s) { return ${2:--1}; }
	  char l[] SEC(\"license\") = \"GPL\";"
}

# xdp_apart PID: it is in a namespace of its own by now
xdp_apart() {
	[ -e "/proc/$1/ns/net" ] &&
		[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# far COMMAND...: in the namespace of the far end
far() { nsenter --net="/proc/$far_pid/ns/net" "$@"; }

# xdp_far: v0 here, v1 in a namespace of its own
xdp_far() {
	unshare --net sleep 3600 &
	far_pid=$!
	at_exit 'kill $far_pid'
	eventually 5 xdp_apart "$far_pid"
	ip link set lo up
	ip link add v0 type veth peer name v1 netns "/proc/$far_pid/ns/net"
}

# xdp_neighbours ADDRESS...: of the far end; both ends know where the other is, so that nobody asks
xdp_neighbours() {
	local address mac
	mac=$(far ip -j link show v1 | jq -r '.[0].address')
	ip link set v0 up
	for address; do
		ip neighbour replace "$address" lladdr "$mac" dev v0 nud permanent
	done
	far ip neighbour replace 192.0.2.1 lladdr "$(ip -j link show v0 | jq -r '.[0].address')" dev v1 nud permanent
}

# capture_waits PID: netctl xdp capture has begun: it polls samples, signals and the bus
capture_waits() {
	local count
	read -r _ _ count _ 2>/dev/null <"/proc/$1/syscall" # proc_pid_syscall(): number, fds, nfds
	[ "$count" = 0x3 ]
}

# link_id [PID]: of v0's program, as held by the process (the daemon); not from a list of the
# machine's links, in which those of others come and go
link_id() {
	local fd id=none index
	index=$(ip -j link show v0 | jq '.[0].ifindex')
	for fd in /proc/"${1:-$daemon_pid}"/fdinfo/*; do
		grep -qs '^link_type:.xdp' "$fd" && grep -q "^ifindex:.$index\$" "$fd" &&
			id=$(sed -n 's/^link_id:.//p' "$fd")
	done
	echo "$id"
}

# The daemon as a service under traffic, while it is restarted, killed and upgraded.

# service_builds: $work/netctld-0 and -1, of which a shipped program's build is another: a line
# of its source, which BTF holds, reads differently; $real is the daemon itself
service_builds() {
	local n
	real=$daemon_program
	[ ! -x "$(dirname "$real")/.libs/netctld" ] || real=$(dirname "$real")/.libs/netctld
	for n in 0 1; do
		python3 - "$real" "$work/netctld-$n" "$n" <<-'END'
		import sys
		data = open(sys.argv[1], "rb").read()
		line = b"drop = verdict & 1;"
		assert data.count(line) == 1
		open(sys.argv[2], "wb").write(data.replace(line, b"drop = verdict & 1%c" % (65 + int(sys.argv[3]))))
		END
		chmod +x "$work/netctld-$n"
	done
}

# service_is BUILD: what is started the next time
service_is() {
	printf '%s\n' "$1" --no-bus --config-dir="$daemon_dir/etc" --state-dir="$daemon_dir/state" -v \
		>"$service/command.new"
	mv "$service/command.new" "$service/command"
}

# service_settled LINES WORDS: it settles behind what begins with WORDS, which is behind so many LINES
service_settled() {
	tail -n "+$(($1 + 1))" "$service/log" | awk -v words="$2" '
		index($0, words) == 1 { begun = 1; settled = 0 }
		/^settled/ && begun { settled = 1 }
		END { exit !settled }'
}

# service_start: $real, under tests/lib/service.py
service_start() {
	service=$work/service
	mkdir "$service"
	service_is "$real"
	: >"$service/log"
	python3 "$xdp_lib/service.py" "$service" &
	service_pid=$!
	at_exit 'kill $service_pid 2>/dev/null'
	failed=
	check_eventually 10 "the service settles" service_settled 0 started
}

# service_signal SIGNAL
service_signal() { kill "-$1" "$(cat "$service/pid")"; }

# service_after WHAT SIGNAL: it settles because of that, or WHAT is in $failed
service_after() {
	local before words=started
	[ "$2" != HUP ] || words="SIGHUP: "
	before=$(wc -l <"$service/log")
	service_signal "$2"
	eventually 10 service_settled "$before" "$words" || failed="$failed $1"
}

# traffic_start: numbered packets to 192.0.2.1, from 192.0.2.2 and from 192.0.2.66, until the end
traffic_start() {
	# What is lost while a neighbour is looked for would be no program's fault.
	far ip neighbour replace 192.0.2.1 lladdr "$(ip -j link show v0 | jq -r '.[0].address')" dev v1 nud permanent
	python3 "$xdp_lib/udp-count.py" receive 9 "$work/came" &
	receiver=$!
	nsenter --net="/proc/$far_pid/ns/net" python3 "$xdp_lib/udp-count.py" send 192.0.2.1 9 1000 3600 192.0.2.2 192.0.2.66 &
	sender=$!
	at_exit 'kill $receiver $sender 2>/dev/null'
	check_eventually 10 "packets come" test -s "$work/came"
}

# traffic_end: none of 192.0.2.66 has passed, and all of 192.0.2.2
traffic_end() {
	kill $sender
	wait $sender 2>/dev/null
	sleep 0.2 # what is under way: if it were too short, less would be expected, too
	kill $receiver
	wait $receiver
	note "$(cat "$work/came")"
	check_equal "no packet passed that should not have" "" "$(grep '^192.0.2.66 ' "$work/came")"
	check "none was lost that should not have been" \
		awk '$1 == "192.0.2.2" { found = $2 > 0; bad = $2 != $3 } END { exit !found || bad }' "$work/came"
}
