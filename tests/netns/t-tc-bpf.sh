#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Filters that are programs (cls_bpf), on this machine's kernel: they do what their programs say,
# are replaced in place, read back, and stay over a restart without a message.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
head -c 2 "$NETCTLD" | grep -q '#!' && skip_all "valgrind does not know bpf(2)"
for program in clang gcc tc jq; do
	command -v "$program" >/dev/null || skip_all "needs $program"
done
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
work=$daemon_dir/work
mkdir "$work"

object() { # NAME SOURCE: an object file
	printf '#include <linux/bpf.h>\n#define SEC(n) __attribute__((section(n), used))\n%s\n%s\n' "$2" \
		'char l[] SEC("license") = "GPL";' >"$work/$1.c"
	clang -target bpf -O2 -g -idirafter "/usr/include/$(gcc -print-multiarch)" -c "$work/$1.c" \
		-o "$work/$1.o"
}
answers() { # NAME VERDICT: a program that says the same of each frame
	object "$1" "SEC(\"tc\") int $1(struct __sk_buff *s) { return $2; }"
}
answers pass 0
answers drop 2
object two 'SEC("tc/a") int two_a(struct __sk_buff *s) { s->tc_classid = 0x10020; return 0; }
SEC("tc/b") int two_b(struct __sk_buff *s) { s->mark = 7; return 0; }'
object wild 'SEC("tc") int wild(struct __sk_buff *s) { return *(char *)(long)s->data; }'

ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
write() { # ENTRY…: filters of v0
	local IFS=,
	printf 'interfaces = ( { name = "v0"; qdisc = ( { kind = "htb"; handle = "1:"; default = "1:10"; }, %s );
		class = ( { classid = "1:10"; rate = "1Gbit"; }, { classid = "1:20"; rate = "1Gbit"; } );
		filter = ( %s ); } );\n' '{ kind = "clsact"; }' "$*" | daemon_config
}
entry() { # PARENT PREF PROGRAM [MORE]
	echo "{ kind = \"bpf\"; parent = \"$1\"; pref = $2; program = \"$work/$3.o\"; $4 }"
}
# What tc tells: place by place the program's name and whether it decides.
told() { # PLACE: its words
	# shellcheck disable=SC2086
	tc -j filter show dev v0 $1 | jq -r '[.[] | select(.options.handle == "0xac") |
		"\(.pref) \(.options.bpf_name) \(.options["direct-action"] // false)"] | join(", ")' |
		sed "s|$work/||g; s|@[0-9a-f]*||g"
}
program() { # id or tag, of ours at the ingress
	tc -j filter show dev v0 ingress | jq -r ".[] | select(.options.handle == \"0xac\") | .options.prog.$1"
}

bus_start
write "$(entry ingress 10 pass)" "$(entry egress 20 two 'section = "tc/b";')" \
	"$(entry root 30 two 'section = "two_a"; classid = "1:10";')"
daemon_start -v
check "the daemon settles" daemon_settled
check_equal "at the ingress" "10 pass.o true" "$(told ingress)"
check_equal "at the egress, one of several by its section" "20 two.o:[tc/b] true" "$(told egress)"
check_equal "at the root discipline, one by its name" "30 two.o:[two_a] true" "$(told 'parent 1:')"
tc filter show dev v0 ingress | sed 's/^/# /'
check_equal "the state says which" "$(program id)" \
	"$("$NETCTL" show v0 --json | jq '[.filter[] | select(.parent == "ingress")][0].id')"
check_equal "and its tag" "$(program tag)" \
	"$("$NETCTL" show v0 --json | jq -r '[.filter[] | select(.parent == "ingress")][0].tag')"
requests=$(daemon_requests)
check "the same again" "$NETCTL" apply
check_equal "is nothing to do" "$requests" "$(daemon_requests)"

note "changes"
before=$(program id)
answers pass -1
check "another build" "$NETCTL" apply
check_equal "of the same file" "10 pass.o true" "$(told ingress)"
check "is another program" [ "$before" != "$(program id)" ]
requests=$(daemon_requests)
write "$(entry ingress 10 drop)" "$(entry egress 20 two 'section = "tc/b";')" \
	"$(entry root 30 two 'section = "two_a"; classid = "1:20";')"
"$NETCTL" plan >"$work/plan"
check "in place" sh -c "! grep -q recreate '$work/plan'"
check "another file" "$NETCTL" apply
check_equal "stands there" "10 drop.o true" "$(told ingress)"
check_equal "one message for each of the two, and no other" 2 $(($(daemon_requests) - requests))
dropped() { [ "$(tc -j -s qdisc show dev v0 | jq '[.[] | select(.kind == "clsact")][0].drops')" -gt 0 ]; }
ip link set v1 address 02:00:00:00:00:01
ip addr add 192.0.2.1/24 dev v1
ip neigh add 192.0.2.2 lladdr "$(ip -j link show v0 | jq -r '.[0].address')" dev v1
bash -c 'echo frame >/dev/udp/192.0.2.2/9'
check_eventually 10 "its answer is what happens to frames" dropped

note "what is wrong is said, and nothing changes"
order=$(told ingress)
refused() { # WORDS
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q -- "$1" "$work/said" && [ "$(told ingress)" = "$order" ] && return
	cat "$work/said"
	return 1
}
write "$(entry ingress 10 drop)" "$(entry ingress 20 nothing)"
check "no file" refused "v0: filter ingress 20 bpf: program: $work/nothing.o No such file"
echo text >"$work/text.o"
write "$(entry ingress 10 drop)" "$(entry ingress 20 text)"
check "no ELF" refused 'is no ELF object file'
write "$(entry ingress 10 drop)" "$(entry ingress 20 two)"
check "several programs" refused 'has 2 programs: section says which'
write "$(entry ingress 10 drop)" "$(entry ingress 20 wild)"
check "refused by the verifier" refused 'the verifier: .*invalid access to packet'
write "$(entry ingress 10 drop 'action = "drop";')"
check "an action besides" refused 'the program.s answer \[bpf-action\]'
write '{ kind = "bpf"; pref = 10; }'
check "no program" refused 'program: must be given \[bpf-program\]'
write "$(entry ingress 10 pass)" "$(entry ingress 20 wild)"
check "a change before one that fails" refused 'the verifier'

note "another hand"
write "$(entry ingress 10 drop)" "$(entry egress 20 two 'section = "tc/b";')"
check "one goes" "$NETCTL" apply
check_equal "and is not there" "" "$(told 'parent 1:')"
tc filter replace dev v0 ingress pref 10 handle 0xac protocol all bpf da obj "$work/pass.o" sec tc
is_back() { [ "$(told ingress)" = "10 drop.o true" ]; }
check_eventually 20 "puts in another program: ours comes back" is_back
tc filter del dev v0 ingress pref 10
check_eventually 20 "deletes it: it comes back" is_back
tc filter add dev v0 ingress pref 5 protocol all bpf da obj "$work/pass.o" sec tc

note "over a restart"
before=$(program id)
daemon_stop
check "stopped" daemon_stopped
check_equal "it stays" "10 drop.o true" "$(told ingress)"
daemon_start -v
check "started again" daemon_settled
check_equal "nothing was done" 0 "$(daemon_requests)"
check_equal "the program is the same" "$before" "$(program id)"
daemon_kill
answers drop 0
daemon_start -v
check "killed, and another build when it comes again" daemon_settled
check "another program" [ "$before" != "$(program id)" ]
check_equal "in its place" "10 drop.o true" "$(told ingress)"
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
check "no longer configured" "$NETCTL" apply
check_equal "they are gone, with the disciplines" "" "$(told ingress)$(told egress)"
finish
