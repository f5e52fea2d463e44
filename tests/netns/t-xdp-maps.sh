#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What maps of an object file hold, from the configuration: loaded with the program, compared,
# put back, exchanged without a gap, found again; and refused before anything is touched where
# it does not fit.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin bpftool clang jq

ip link set lo up
ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up

# What the value of port 80 says is done; one map it does not use, and "memory" is
# what the daemon calls a map of its own.
cat >"$work/own.c" <<'END'
#include <linux/bpf.h>
#define SEC(n) __attribute__((section(n), used))
#define MAP(name, kind, k, v, n, flags) struct { int (*type)[kind]; int (*map_flags)[flags]; \
	int (*max_entries)[n]; k *key; v *value; } name SEC(".maps")
struct trie_key { __u32 length; __u8 address[4]; };
MAP(ports, BPF_MAP_TYPE_HASH, __u16, __u32, 4, 0);
MAP(sources, BPF_MAP_TYPE_LPM_TRIE, struct trie_key, __s8, 8, BPF_F_NO_PREALLOC);
MAP(a_name_of_more_than_15, BPF_MAP_TYPE_ARRAY, __u32, __u64, 2, 0);
MAP(each_cpu, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u32, 2, 0);
struct wide_key { __u8 bytes[200]; };
struct wide_value { __u8 bytes[5000]; };
MAP(wide, BPF_MAP_TYPE_HASH, struct wide_key, struct wide_value, 4, 0);
MAP(doors, BPF_MAP_TYPE_DEVMAP, __u32, __u32, 2, 0);
MAP(memory, BPF_MAP_TYPE_ARRAY, __u32, __u32, 1, 0);
MAP(deaf, BPF_MAP_TYPE_HASH, __u32, __u32, 1, BPF_F_WRONLY);
static void *(*lookup)(void *, const void *) = (void *)1;
SEC("xdp") int own(struct xdp_md *c)
{
	struct trie_key key = { 32, { 192, 0, 2, 7 } };
	__u16 port = 80;
	__u32 zero = 0, *verdict = lookup(&ports, &port);

	if (!lookup(&sources, &key) || !lookup(&each_cpu, &zero) || !lookup(&memory, &zero))
		return XDP_ABORTED;
	return verdict && *verdict == 6 ? XDP_DROP : XDP_PASS;
}
char l[] SEC("license") = "GPL";
END
clang -target bpf -O2 -g -idirafter "/usr/include/$(gcc -print-multiarch)" -c "$work/own.c" \
	-o "$work/own.o" || skip_all "clang makes no programs"

own() { # ENTRIES [MORE]: the first of them in line 3
	printf 'interfaces = ( { name = "v0"; alias = "touched"; xdp = { program = "%s";%s maps = (\n\n%s ); }; } );\n' \
		"${3:-$work/own.o}" "${2:-}" "$1" | daemon_config
}
prog_id() { ip -j link show v0 | jq -r '.[0].xdp.prog.id // 0'; }
map_id() { # NAME: of the program that runs
	bpftool -j prog show id "$(prog_id)" | jq -r '.map_ids[]' | while read -r id; do
		bpftool -j map show id "$id" | jq -r "select(.name == \"$1\") | .id"
	done
}
in_map() { # NAME KEY…: the value, as bytes
	bpftool -j map lookup id "$(map_id "$1")" key "${@:2}" |
		jq -r '(.value // []) | join(" ")'
}
verdict() { # of the program that runs, for a packet: enum xdp_action
	head -c 64 /dev/zero >"$work/packet"
	bpftool -j prog run id "$(prog_id)" data_in "$work/packet" repeat 1 | jq .retval
}
little=$(printf '\001\000' | od -An -tu2 | tr -d ' ')
[ "$little" = 1 ] || skip_all "written for little endian"

long=$(printf '0a:%.0s' $(seq 300))0b # of 301 bytes
each_cpus() { # values that all CPUs have
	bpftool -j map lookup id "$(map_id each_cpu)" key hex 01 00 00 00 |
		jq -c '[.values[].value | join(" ")] | unique'
}
wide_value() { # the bytes that are not 0, each with how often it comes
	# shellcheck disable=SC2046 # a word a byte
	bpftool -j map lookup id "$(map_id wide)" key hex 00 00 00 01 $(printf '00 %.0s' $(seq 196)) |
		jq -c '.value | [length, (group_by(.)[] | "\(.[0]):\(length)")]'
}
all='{ map = "ports"; key = 80; value = 5; },
{ map = "ports"; key = "be16:443"; value = "u16:1 02:03"; },
{ map = "sources"; key = "192.0.2.0/24"; value = -2; },
{ map = "a_name_of_more_than_15"; key = 1; value = 7; initial = true; },
{ map = "each_cpu"; key = 1; value = 77; },
{ map = "wide"; key = "be32:1 ..."; value = "'$long' ff ..."; }'
bus_start
own "$all"
daemon_start -v
check "the daemon settles" daemon_settled
check "the program is there" [ "$(prog_id)" != 0 ]
check_equal "a number" "0x05 0x00 0x00 0x00" "$(in_map ports hex 50 00)"
check_equal "words" "0x01 0x00 0x02 0x03" "$(in_map ports hex 01 bb)"
check_equal "a prefix, and a negative number" "0xfe" "$(in_map sources hex 18 00 00 00 c0 00 02 00)"
check_equal "a long name, in a map that the program does not use" \
	"0x07 0x00 0x00 0x00 0x00 0x00 0x00 0x00" "$(in_map a_name_of_more_ hex 01 00 00 00)"
check_equal "the program finds them" 2 "$(verdict)"
check_equal "a value for each CPU" '["0x4d 0x00 0x00 0x00"]' "$(each_cpus)"
check_equal "long keys and values, with zeros behind" '[5000,"0x00:4698","0x0a:300","0x0b:1","0xff:1"]' "$(wide_value)"
check_equal "they are shown" "6 80 01:bb" \
	"$("$NETCTL" show v0 --json | jq -r '.xdp.maps | "\(length) \(.[0].key) \(.[1].key)"')"
requests=$(daemon_requests)
check "the same again" "$NETCTL" apply
check_eventually 2 "is nothing to do" [ "$(daemon_requests)" = "$requests" ]

note "another hand"
program=$(prog_id)
map=$(map_id ports)
bpftool map update id "$map" key hex 50 00 value hex 09 00 00 00
check_eventually 8 "what it changes is put back" sh -c \
	"bpftool map lookup id $map key hex 50 00 | grep -q 'value\": 5\|05 00 00 00'"
check_eventually 2 "and said" daemon_says 'drift: v0: xdp.maps: .*value = 9; .* -> .*value = 5; '
bpftool map delete id "$map" key hex 01 bb
check_eventually 8 "so is what it deletes" sh -c \
	"bpftool map lookup id $map key hex 01 bb >/dev/null 2>&1"
bpftool map update id "$(map_id each_cpu)" key hex 01 00 00 00 value hex 01 00 00 00
each_cpu_is_back() { [ "$(each_cpus)" = '["0x4d 0x00 0x00 0x00"]' ]; }
check_eventually 8 "and what it changes for a CPU" each_cpu_is_back
check_equal "in the same instance" "$program" "$(prog_id)"
bpftool map update id "$(map_id a_name_of_more_)" key hex 01 00 00 00 value hex 09 00 00 00 00 00 00 00
"$NETCTL" plan >"$work/said"
check_fails "what the program changes is not compared" grep -q 'xdp.maps' "$work/said"

note "changes"
link=$(link_id)
own "${all/value = 5/value = 6}"
"$NETCTL" plan >"$work/said"
check "a plan tells them" grep -q 'v0.*xdp.maps: .*value = 5; .* -> .*value = 6; ' "$work/said"
check "another value" "$NETCTL" apply
check_equal "is there" "0x06 0x00 0x00 0x00" "$(in_map ports hex 50 00)"
check_equal "and the program follows" 1 "$(verdict)"
check_equal "by an exchange" "$link" "$(link_id)"
check "of the program" [ "$(prog_id)" != "$program" ]

own "${all/value = 5/value = 8}"
"$NETCTL" apply --confirm=10 >/dev/null
check_equal "one that nobody confirms" "0x08 0x00 0x00 0x00" "$(in_map ports hex 50 00)"
back() { [ "$(in_map ports hex 50 00)" = "0x06 0x00 0x00 0x00" ]; }
check_eventually 10 "is undone" back
own "${all/value = 5/value = 6}"
"$NETCTL" apply >/dev/null

note "a restart"
program=$(prog_id)
daemon_stop
check "the daemon stops" daemon_stopped
daemon_start -v
check "and settles again" daemon_settled
check_equal "the program is the same" "$program" "$(prog_id)"
check_equal "nothing was asked for" 0 "$(daemon_requests)"
map=$(map_id ports)
bpftool map update id "$map" key hex 50 00 value hex 09 00 00 00
check_eventually 8 "its maps are looked at as before" sh -c \
	"bpftool map lookup id $map key hex 50 00 | grep -q 'value\": 6\|06 00 00 00'"

note "what does not fit"
refused() { # WORDS [LINE]: by check and by apply, and nothing was touched
	"$NETCTL" apply >"$work/said" 2>&1
	[ $? = 5 ] || { cat "$work/said"; return 1; }
	grep -q "10-test.conf:${2:-3}: .*$1" "$work/said" || { cat "$work/said"; return 1; }
	[ "$(prog_id)" = "$program" ]
}
own '{ map = "port"; key = 80; value = 5; }'
check "no such map" refused 'entry 1: no object file of the interface has a map "port"'
own '{ map = "ports"; key = 70000; value = 5; }'
check "too large a number" refused 'the map "ports" of .* has keys of 2 bytes (numbers from 0): 70000 does not fit'
own '{ map = "ports"; key = 80; value = 5; },
{ map = "ports"; key = -1; value = 5; }'
check "no sign, says BTF" refused 'entry 2: .*: -1 does not fit' 4
own '{ map = "sources"; key = "192.0.2.0/24"; value = 200; }'
check "a sign, says BTF" refused 'values of 1 bytes (signed numbers): 200 does not fit'
own '{ map = "sources"; key = 7; value = 1; }'
check "no number, says BTF" refused 'keys of 8 bytes (no numbers): a number does not fit'
own '{ map = "ports"; key = "01:02:03"; value = 5; }'
check "bytes of another length" refused 'keys of 2 bytes (numbers from 0): 3 bytes does not fit'
own '{ map = "ports"; key = 80; value = "u32:1 00"; }'
check "a value of another length" refused 'values of 4 bytes .*: 5 bytes does not fit'
own '{ map = "a_name_of_more_than_15"; key = 2; value = 5; }'
check "behind the end of an array" refused 'has entries 0 to 1, no 2'
own '{ map = "each_cpu"; key = 2; value = 5; }'
check "also of one that has a value for each CPU" refused 'has entries 0 to 1, no 2'
own '{ map = "doors"; key = 1; value = 5; }'
check "a map of a kind that cannot be filled" refused 'is of a kind that cannot be filled'
own '{ map = "wide"; key = "01"; value = "..."; }'
check "a long key that is too short" refused 'keys of 200 bytes (no numbers): 1 bytes does not fit'
own "{ map = \"wide\"; key = \"$long ...\"; value = \"...\"; }"
check "and one that is too long" refused 'keys of 200 bytes (no numbers): 301 bytes does not fit'
own '{ map = "wide"; key = "... 01"; value = "..."; }'
check "nothing behind the end" refused '... is the end: nothing comes behind it'
own '{ map = "deaf"; key = 1; value = 5; }'
check "a map that cannot be read back" refused 'is not for user space to read and to write'
own '{ map = "memory"; key = 0; value = 5; }'
check "a name that is taken" refused 'has a name that netctld uses itself'
own '{ map = "ports"; key = 1; value = 5; }, { map = "ports"; key = "u16:1"; value = 5; }'
check "a key twice" refused 'has this key twice'
own '{ map = "ports"; key = 1; value = 5; }, { map = "ports"; key = 2; value = 5; }, { map = "ports"; key = 3; value = 5; },
{ map = "ports"; key = 4; value = 5; }, { map = "ports"; key = 5; value = 5; }'
check "too many" refused 'has room for 4 entries' 4
own '{ map = "ports"; key = 80; }'
check "half an entry" refused 'entry 1: value is missing'
own '{ map = "ports"; key = 80; valeu = 1; }'
check "a slip" refused 'entry 1: valeu: unknown key (did you mean "value"?)'
own '{ map = "ports"; key = "u16:70000"; value = 1; }'
check "a word that does not hold it" refused '"u16:70000" is no number of so many bits'
own '{ map = "ports"; key = 80; value = 5; }' '' stats
check "shipped programs have settings" refused 'is for object files; "stats" has settings of its own' 1

note "none any more"
own ''
check "without entries" "$NETCTL" apply
check_equal "the file's own contents" "" "$(in_map ports hex 50 00 2>/dev/null)"
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null
check_equal "and nothing is left" 0 "$(find /sys/fs/bpf/netctld -type f | wc -l)"
finish
