#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# XDP programs on this machine's kernel: attached, replaced in place, put back, given up;
# programs of others; object files that are none; and under traffic, while the daemon is
# restarted, killed and upgraded, nothing passes that must not, and nothing is lost.
# NETCTL_XDP_ROUNDS=50 does that so often.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# Pins on a bpffs of its own.
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin bpftool clang python3 jq ethtool

rounds=${NETCTL_XDP_ROUNDS:-5}

# Far end in a namespace of its own.
xdp_far
ip link add w0 type veth peer name w1
ip link set w0 up # of links that are down the kernel does not tell all
far ip link set v1 up
far ip address add 192.0.2.2/24 dev v1
far ip address add 192.0.2.66/24 dev v1

object pass 'SEC("xdp") int pass_it(struct xdp_md *c) { return XDP_PASS; }
SEC("xdp/second") int drop_it(struct xdp_md *c) { return XDP_DROP; }
char l[] SEC("license") = "GPL";'
object single 'SEC("xdp") int single(struct xdp_md *c) { return XDP_PASS; }
char l[] SEC("license") = "GPL";'
object wild 'SEC("xdp") int wild(struct xdp_md *c) { return *(char *)(long)c->data; }
char l[] SEC("license") = "GPL";'
object mapless 'struct { int (*type)[1]; int (*max_entries)[0]; int *key; int *value; } m SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
SEC("xdp") int mapless(struct xdp_md *c) { int k = 0; return lookup(&m, &k) ? 1 : 2; }
char l[] SEC("license") = "GPL";'

prog_id() { ip -j link show "$1" | jq -r '.[0].xdp.prog.id // 0'; }
prog_tag() { ip -j link show "$1" | jq -r '.[0].xdp.prog.tag // "none"'; }
has_program() { [ "$(prog_id "$1")" != 0 ]; }
has_no_program() { [ "$(prog_id "$1")" = 0 ]; }
reaches() { far ping -q -c 1 -W 10 -I "$1" 192.0.2.1; }
is_lost() { # 1: there was no answer
	far ping -q -c 1 -W 1 -I "$1" 192.0.2.1
	[ $? = 1 ]
}
counter() { # INTERFACE REASON: packets
	"$NETCTL" stats "$1" --json |
		jq -r "[.. | objects | select(.group? == \"xdp\" and .instance? == \"$2\") | .counters.packets] | add // 0"
}
state() { "$NETCTL" show "$1" --json | jq -r .state.management; }
reason() { "$NETCTL" show "$1" --json | jq -r '.state.reason // ""'; }

filter() { # RULES [MORE]
	echo "interfaces = ( { name = \"v0\"; addresses = [ \"192.0.2.1/24\" ];
	  xdp = { program = \"filter\"; mode = \"native\"; ${2:-} filter = { rules = ( $1 ); }; }; } );" |
		daemon_config
}
drop66='{ src = "192.0.2.66"; action = "drop"; }'

bus_start
filter "$drop66"
daemon_start -v
check "the daemon settles" daemon_settled
check "a program is attached, native" sh -c 'ip link show v0 | grep -q "xdp "'
check "what it lets pass, passes" reaches 192.0.2.2
check "what it drops, does not" is_lost 192.0.2.66
check "and is counted by rule" [ "$(counter v0 'rule 1')" -ge 1 ]
check_equal "the program's mode is told" native \
	"$("$NETCTL" show v0 --json | jq -r .xdp.attached)"
check_equal "and its tag" "$(prog_tag v0)" "$("$NETCTL" show v0 --json | jq -r .xdp.tag)"
check_equal "a group in a group is an interface on the bus" 's "drop"' \
	"$(busctl get-property org.netctl1 /org/netctl1/link/v0 org.netctl1.Xdp.Filter Malformed)"

"$NETCTL" xdp >"$work/said"
note "$(cat "$work/said")"
check "netctl xdp says what there is" grep -q "^v0: filter, native, id .*, tag $(prog_tag v0), since 20" "$work/said"
check "and what each rule has decided" grep -q 'rule 1 .*192.0.2.66' "$work/said"
check "and JSON of it" sh -c "'$NETCTL' xdp v0 --json | jq -e '.interfaces[0].statistics[0].group == \"xdp\"'"
check "an interface without one" sh -c "'$NETCTL' xdp w0 | grep -q 'w0: no program'"

note "changes"
link=$(link_id)
program=$(prog_id v0)
before=$(counter v0 'rule 1')
filter "{ src = \"203.0.113.0/24\"; action = \"drop\"; }, $drop66"
check "other rules" "$NETCTL" apply
check_equal "the link is the same" "$link" "$(link_id)"
check "the program is another" [ "$(prog_id v0)" != "$program" ]
check "a rule that stays goes on counting" [ "$(counter v0 'rule 2')" -ge "$before" ]
check "and dropping" is_lost 192.0.2.66
requests=$(daemon_requests)
check "the same again" "$NETCTL" apply
check_eventually 2 "is nothing to do" [ "$(daemon_requests)" = "$requests" ]
filter "$(awk 'BEGIN { for (n = 0; n < 65535; n++)
	printf "{ src = \"10.%d.%d.0/24\"; action = \"drop\"; },", n / 256, n % 256 }') $drop66"
check "as many as there can be" "$NETCTL" apply
check "of which the last one drops, too" is_lost 192.0.2.66
check "and is counted" [ "$(counter v0 'rule 65536')" -ge 1 ]
filter "$drop66"
check "one again" "$NETCTL" apply

note "another hand"
program=$(prog_id v0)
check "it detaches the program" bpftool link detach id "$link"
check_eventually 8 "which is put back" has_program v0
check_eventually 2 "and said" daemon_says 'drift: v0: xdp.program: - -> filter'
ip link set w0 xdp obj "$work/single.o" sec xdp
foreign=$(prog_id w0)
echo 'interfaces = ( { name = "v0"; addresses = [ "192.0.2.1/24" ]; }, { name = "w0"; xdp = { program = "stats"; }; } );' |
	daemon_config
"$NETCTL" apply >/dev/null
check_equal "a program of others is not replaced" "$foreign" "$(prog_id w0)"
check_equal "the interface waits" waiting "$(state w0)"
check "and says for what" sh -c "echo '$(reason w0)' | grep -q 'attached by another hand'"
check "what is no longer configured is detached" has_no_program v0
ip link set w0 xdp off
check_eventually 5 "when it has gone, ours comes" \
	sh -c '[ "$(ip -j link show w0 | jq -r .[0].xdp.prog.name)" = stats ]'
echo 'interfaces = ( { name = "w0"; } );' | daemon_config
"$NETCTL" apply >/dev/null
ip link set w0 xdp obj "$work/single.o" sec xdp
echo 'interfaces = ( { name = "w0"; xdp = { program = "stats"; foreign = "remove"; }; } );' |
	daemon_config
check "unless the configuration says so" "$NETCTL" apply
check_equal "then it is" stats "$(ip -j link show w0 | jq -r '.[0].xdp.prog.name')"

note "object files"
own() { # PATH [MORE]
	echo "interfaces = ( { name = \"w0\"; mtu = 1400;
	  xdp = { program = \"$1\"; ${2:-} }; } );" | daemon_config
}
refused() { # WORDS
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q "10-test.conf:2: w0: .*$1" "$work/said" || { cat "$work/said"; return 1; }
	[ "$(ip -j link show w0 | jq -r '.[0].mtu')" = 1500 ] && [ "$(prog_id w0)" = "$program" ]
}
program=$(prog_id w0)
echo 'interfaces = ();' >"$work/text.o"
own "$work/text.o"
check "no ELF" refused 'is no ELF object file'
own "$work/nothing.o"
check "no file" refused 'No such file'
own single.o
check "no path" refused 'no shipped program "single.o"'
own fliter
check "a slip" refused 'did you mean "filter"'
echo 'int f(void) { return 1; }' | gcc -xc -c - -o "$work/other.o"
own "$work/other.o"
check "another architecture" refused 'for another machine, not for BPF'
own "$work/pass.o"
check "several programs" refused 'has 2 programs: section says which'
check_fails "seen before anything is touched" "$NETCTL" check "$daemon_dir/etc"
own "$work/pass.o" 'section = "xdp/third";'
check "another section" refused 'no section and no program "xdp/third"'
check_fails "seen before anything is touched" "$NETCTL" check "$daemon_dir/etc"
own "$work/wild.o"
check "refused by the verifier, in a line" refused 'the verifier: .*invalid access to packet'
own "$work/mapless.o"
check "a map without room" refused "map 'm'"
own "$work/pass.o" 'section = "xdp/second";'
check "one that is right" "$NETCTL" apply
check_equal "the section's program runs" drop_it "$(ip -j link show w0 | jq -r '.[0].xdp.prog.name')"

note "modes"
echo 'interfaces = ( { name = "lo"; xdp = { program = "stats"; mode = "native"; }; } );' | daemon_config
check_fails "native where the driver cannot: fails" "$NETCTL" apply
check "and is undone: the program before is there" has_program w0
echo 'interfaces = ( { name = "lo"; xdp = { program = "stats"; }; } );' | daemon_config
check "auto" "$NETCTL" apply
check_equal "becomes generic" generic "$("$NETCTL" show lo --json | jq -r .xdp.attached)"
check "and says why" sh -c "'$NETCTL' show lo --json | jq -r .xdp.note | grep -q 'not native: the driver'"
echo 'interfaces = ( { name = "lo"; xdp = { program = "stats"; mode = "native"; on_unsupported = "skip"; }; } );' |
	daemon_config
check "or is left out" "$NETCTL" apply
check_equal "which is told too" none "$("$NETCTL" show lo --json | jq -r .xdp.attached)"
check_equal "and no failure" ok "$(state lo)"
note "the other programs, with packets"
ip link set v0 up
ip address replace 192.0.2.1/24 dev v0
ip address add 198.51.100.1/24 dev w0
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set w1 netns "/proc/$far_pid/ns/net"
unshare --net sleep 600 &
third_pid=$!
at_exit 'kill $third_pid'
eventually 5 xdp_apart "$third_pid"
third() { nsenter --net="/proc/$third_pid/ns/net" "$@"; }
far ip link set w1 netns "/proc/$third_pid/ns/net"
third ip link set w1 up
third ip address add 198.51.100.2/24 dev w1
third ip route add default via 198.51.100.1
third ethtool -K w1 gro on >/dev/null 2>&1 # NAPI: it can be redirected to
far ip route add 198.51.100.0/24 via 192.0.2.1
crosses() { far ping -q -c "$1" -i 0.05 -W 10 "${@:2}" 198.51.100.2; }
check "routed by the stack" crosses 1
cat >"$daemon_dir/etc/10-test.conf" <<'END'
interfaces = (
  { name = "v0"; addresses = [ "192.0.2.1/24" ]; xdp = { program = "forward"; forward = { to = [ "w0" ]; }; }; },
  { name = "w0"; addresses = [ "198.51.100.1/24" ]; xdp = { program = "forward"; forward = { to = [ "v0" ]; }; }; } );
END
far ethtool -K v1 gro on >/dev/null 2>&1
check_status 6 "not where tags are taken off before: a VLAN would be routed as none" "$NETCTL" apply
ethtool -K v0 rxvlan off
ethtool -K w0 rxvlan off
"$NETCTL" apply >"$work/said" 2>&1
check "nor those of service tags (802.1ad)" grep -q 'switch its feature rx-vlan-stag-hw-parse off' "$work/said"
ethtool -K v0 rx-vlan-stag-hw-parse off
ethtool -K w0 rx-vlan-stag-hw-parse off
check "forward, both ways" "$NETCTL" apply
check "packets cross" crosses 20
check "most of them past the stack" [ "$(counter v0 forwarded)" -ge 18 ]
check "and back" [ "$(counter w0 forwarded)" -ge 18 ]
check_equal "one hop older" 63 \
	"$(far ping -c 1 -W 10 198.51.100.2 | sed -n 's/.*ttl=\([0-9]*\).*/\1/p')"
far ping -c 1 -W 10 -t 1 198.51.100.2 >"$work/said"
check "the end of a packet's life is the stack's" grep -q 'Time to live exceeded' "$work/said"
check "so is what is sent to the router" reaches 192.0.2.2
third ip link set w1 mtu 1400
ip link set w0 mtu 1400
far ping -c 1 -W 10 -M "do" -s 1450 198.51.100.2 >"$work/said"
check "and what is too big for the next link" grep -q 'mtu = 1400' "$work/said"
ip link set w0 mtu 1500
third ip link set w1 mtu 1500
targets=$(for n in $(bpftool -j prog show id "$(prog_id v0)" | jq '.map_ids[]'); do
	bpftool -j map show id "$n" | jq 'select(.name == "targets") | .id'; done)
index=$(ip -j link show w0 | jq '.[0].ifindex')
forwarded=$(counter v0 forwarded)
bpftool map delete id "$targets" key $((index % 256)) $((index / 256)) 0 0
check "what can no longer be sent at once is the stack's, as it came" crosses 5
check_equal "and is not counted as forwarded" "$forwarded" "$(counter v0 forwarded)"
check "but as what it is" [ "$(counter v0 passed_no_target)" -ge 5 ]
echo 'interfaces = ( { name = "v0"; addresses = [ "192.0.2.1/24" ]; xdp = { program = "cpumap"; }; },
  { name = "w0"; xdp = { program = "stats"; }; } );' | daemon_config
check "cpumap and stats" "$NETCTL" apply
check "packets go by other CPUs" reaches 192.0.2.2
by_cpus=$("$NETCTL" stats v0 --json |
	jq '[.. | objects | select(.group? == "xdp" and (.instance? // "" | startswith("cpu "))) | .counters.packets] | add // 0')
check "and are counted" [ "$by_cpus" -ge 1 ]
last=$(sed 's/.*[-,]//' /sys/devices/system/cpu/online)
sed -i "s/\"cpumap\"/\"cpumap\"; cpumap = { cpus = [ $last ]; }/" "$daemon_dir/etc/10-test.conf"
check "one CPU" "$NETCTL" apply
check "all go by it" reaches 192.0.2.2
check "and are counted for it" [ "$(counter v0 "cpu $last")" -ge 1 ]
third ping -q -c 3 -i 0.05 -W 1 198.51.100.1 >/dev/null
check "stats tells protocols apart" sh -c "'$NETCTL' stats w0 --json |
	jq -e '[.. | objects | select(.group? == \"xdp_protocol\" and .instance? == \"1\")] | length == 1'"
echo 'interfaces = ( { name = "v0"; addresses = [ "192.0.2.1/24" ]; }, { name = "w0"; } );' | daemon_config
check "nothing is left" "$NETCTL" apply
check_equal "no pins" 0 "$(find /sys/fs/bpf/netctld -type f | wc -l)"
daemon_stop
check "the daemon stops" daemon_stopped

note "once, and again by pins"
filter "$drop66"
check "--once attaches" daemon_once
check "for good" has_program v0
program=$(prog_id v0)
daemon_start -v
check "a daemon that starts finds it" daemon_settled
check_equal "and leaves it as it is" "$program" "$(prog_id v0)"
check "it was found by what the kernel says" daemon_says "found XDP program $program again, tag $(prog_tag v0)"
check_equal "nothing was asked for" 0 "$(daemon_requests)"
daemon_kill
check "it stays when the daemon is killed" has_program v0
echo 'interfaces = ();' | daemon_config
check "and goes when it is no longer configured" daemon_once
check "so that nothing is left" has_no_program v0
echo "interfaces = ( { name = \"w0\"; xdp = { program = \"$work/wild.o\"; }; } );" | daemon_config
setpriv --bounding-set=-perfmon,-sys_admin "$NETCTLD" --once --no-bus --config-dir="$daemon_dir/etc" \
	--state-dir="$daemon_dir/once" >"$work/said" 2>&1
check "without CAP_PERFMON that is said, too" grep -q 'the verifier: .*netctld has no CAP_PERFMON' "$work/said"

note "under traffic, $rounds rounds"
service_builds
filter "$drop66"
daemon_once
check "it is there before" has_program v0
rm -rf /sys/fs/bpf/netctld # what follows is the manager's
check_eventually 3 "unpinned, it is gone" has_no_program v0
service_start
check "the service attaches it" has_program v0
traffic_start
link=$(link_id "$service_pid")
for n in $(seq "$rounds"); do
	service_after restart TERM
	service_after kill KILL
	program=$(prog_id v0)
	service_is "$work/netctld-$((n % 2))"
	service_after upgrade KILL
	[ "$(prog_id v0)" != "$program" ] || failed="$failed unchanged"
	filter "{ src = \"198.51.100.$n\"; action = \"drop\"; }, $drop66"
	service_after reload HUP
done
check_equal "each of $((rounds * 4)) went well" "" "$failed"
check_equal "the link was never another one" "$link" "$(link_id "$service_pid")"
traffic_end
keeps() { # LINKS PROGRAMS
	[ "$(grep -c link "$service/store") $(grep -- '-p' "$service/store" | sort -u | wc -l)" = "$1 $2" ] ||
		{ cat "$service/store"; return 1; }
}
check_eventually 5 "the manager keeps one link and one program" keeps 1 1
kill $service_pid
wait $service_pid
check_eventually 5 "when the service is stopped, so is the program" has_no_program v0
finish
