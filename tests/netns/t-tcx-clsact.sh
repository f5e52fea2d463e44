#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The programs of the list tcx as filters at clsact: where the configuration says so, and on a
# kernel without tcx. In order, replaced in place, found again, undone, others' left alone.

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
xdp_begin clang gcc tc jq

ip link set lo up
tc qdisc add dev lo clsact 2>/dev/null || skip_all "this kernel has no clsact"
tc qdisc del dev lo clsact

for i in first second third another; do
	go_on $i
done
go_on last 2 # TC_ACT_SHOT
object two 'SEC("tc/a") int two_a(struct __sk_buff *s) { return -1; }
SEC("tc/b") int two_b(struct __sk_buff *s) { return -1; }
char l[] SEC("license") = "GPL";'
tc filter show dev lo ingress >/dev/null 2>&1
tc qdisc add dev lo clsact
tc filter add dev lo ingress bpf da obj "$work/another.o" sec tc 2>/dev/null ||
	skip_all "this kernel has no filters of BPF"
tc qdisc del dev lo clsact

ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
attach=clsact
entries() { # [DIRECTION:]NAME[#SECTION]…
	local text="" word direction section
	for word; do
		direction=ingress section=""
		case $word in *:*) direction=${word%%:*} word=${word#*:} ;; esac
		case $word in *#*) section="section = \"${word#*#}\";" word=${word%%#*} ;; esac
		text="$text${text:+, }{ direction = \"$direction\"; attach = \"$attach\"; program = \"$work/$word.o\"; $section }"
	done
	echo "interfaces = ( { name = \"v0\"; tcx = ( $text ); ${more:-} } );" | daemon_config
}
filters() { # [DIRECTION [KEY]]: of programs, in the order that packets pass
	tc -j filter show dev v0 "${1:-ingress}" | jq -r "[.[] | select(.options.prog)] | sort_by(.pref) |
		map(${2:-.options.bpf_name | split(\"\n\") | last | split(\"/\") | last | sub(\"[.]o.*\"; \"\")}) | join(\" \")"
}
ids() { filters ingress .options.prog.id; }
is_now() { [ "$(filters)" = "$1" ]; }
has_clsact() { tc qdisc show dev v0 | grep -q clsact; }

bus_start
entries first second egress:third
daemon_start -v
check "the daemon settles" daemon_settled
note "$(tc filter show dev v0 ingress)"
check_equal "programs in order" "first second" "$(filters)"
check_equal "and of the other direction" third "$(filters egress)"
check_equal "their verdict counts" "true true" "$(filters ingress '.options."direct-action" // .options.direct_action // true')"
requests=$(daemon_requests)
check "the same again" "$NETCTL" apply
check_equal "is nothing to do" "$requests" "$(daemon_requests)"
check_equal "how they are attached is told" "clsact clsact clsact" \
	"$("$NETCTL" show v0 --json | jq -r '[.tcx[].attached] | join(" ")')"
check_equal "and the kernel's tags" "$(filters ingress .options.prog.tag)" \
	"$("$NETCTL" show v0 --json | jq -r '[.tcx[] | select(.direction == "ingress") | .tag] | join(" ")')"

note "changes"
before=$(ids)
turns=$(filters ingress .pref)
go_on second 0
check "another build" "$NETCTL" apply
check_equal "takes the turn of the one before" "$turns" "$(filters ingress .pref)"
check "by another program" [ "$(ids)" != "$before" ]
check_equal "its neighbour stays" "${before%% *}" "$(ids | cut -d ' ' -f 1)"
entries first third second egress:third
check "one between" "$NETCTL" apply
check_equal "is between" "first third second" "$(filters)"
entries second third first egress:third
check "another order" "$NETCTL" apply
check_equal "is that order" "second third first" "$(filters)"
entries last second third first egress:third
check "one in front" "$NETCTL" apply
check_equal "is in front" "last second third first" "$(filters)"
order="last second third first"
for i in 1 2 3 4 5 6 7 8; do # turns between two are soon used up
	if [ $((i % 2)) = 1 ]; then order="last third second first"; else order="last second third first"; fi
	# shellcheck disable=SC2086 # words
	entries $order
	"$NETCTL" apply >/dev/null || break
done
check_equal "again and again" "$order" "$(filters)"
entries two#tc/b third
check "others" "$NETCTL" apply
check_equal "are there" "two third" "$(filters)"
check_equal "what is not written is not" "" "$(filters egress)"

note "another hand"
tc filter add dev v0 ingress pref 7 protocol all u32 match u32 0 0
tc filter add dev v0 ingress pref 60000 handle 5 bpf da obj "$work/another.o" sec tc
check_eventually 8 "its program is told" \
	sh -c "'$NETCTL' show v0 --json | jq -e '.tcx | length == 3 and (.[2] | has(\"program\") | not)'"
entries third two#tc/b first
check "changes" "$NETCTL" apply
check_equal "leave it alone, and come into their order" "third two first another" "$(filters)"
check "its filter of another kind, too" sh -c "tc filter show dev v0 ingress | grep -q 'pref 7 u32'"
order=$(filters)
turn=$(filters ingress .pref | cut -d ' ' -f 1)
check "it deletes one of ours" tc filter del dev v0 ingress pref "$turn"
check_eventually 8 "which is put back" is_now "$order"
turn=$(filters ingress .pref | cut -d ' ' -f 2)
tc filter replace dev v0 ingress pref "$turn" handle 1 bpf da obj "$work/another.o" sec tc
theirs=$(ids | cut -d ' ' -f 2)
has_three() { [ "$(filters | tr ' ' '\n' | grep -c -e third -e two -e first)" = 3 ]; }
check_eventually 8 "it replaces one of ours: that comes again" has_three
check "and what is now theirs stays" sh -c "echo '$(ids)' | grep -qw $theirs"
tc filter del dev v0 ingress pref "$turn"
check "after them all" "$NETCTL" apply

note "what is wrong is said, and nothing changes"
order=$(filters)
refused() { # WORDS
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q "$1" "$work/said" && is_now "$order" && return
	cat "$work/said"
	return 1
}
entries third two
check "several programs" refused 'has 2 programs: section says which'
object wild 'SEC("tc") int wild(struct __sk_buff *s) { return *(char *)(long)s->data; }
char l[] SEC("license") = "GPL";'
entries third two#tc/b first wild
check "refused by the verifier" refused 'the verifier: .*invalid access to packet'
long=$work/$(printf 'x%.0s' $(seq 200))
cp "$work/first.o" "$long.o"
entries third two#tc/b first "${long##*/}"
check "a path that is too long for a filter's name" refused 'too long for the name of a filter'
more='qdisc = { kind = "fq_codel"; };' entries third two#tc/b first
check "qdiscs without clsact" refused 'v0: tcx.attach: needs { kind = "clsact"; } among the entries of qdisc'
attach=auto
echo "interfaces = ( { name = \"v0\"; tcx = ( { direction = \"ingress\"; program = \"$work/third.o\"; attach = \"clsact\"; },
{ direction = \"ingress\"; program = \"$work/first.o\"; } ); } );" | daemon_config
check "a link behind a filter" refused '10-test.conf:2: v0: tcx.attach: filters at clsact see packets behind all'
attach=clsact
entries third two#tc/b first
check "and what is right again" "$NETCTL" apply
order=$(filters)

note "over a restart"
before=$(ids)
daemon_stop
check "stopped" daemon_stopped
check_equal "all stay" "$before" "$(ids)"
daemon_start -v
check "started again" daemon_settled
check_equal "they are the same" "$before" "$(ids)"
check_equal "nothing was done" 0 "$(daemon_requests)"
rm -rf /sys/fs/bpf/netctld
daemon_kill
daemon_start -v
check "killed, and what was kept is lost" daemon_settled
check_equal "they are found by what the kernel tells" "$before" "$(ids)"
check_equal "nothing was done" 0 "$(daemon_requests)"
daemon_kill
go_on third 0
daemon_start -v
check "killed, and another build when it comes again" daemon_settled
check_equal "in the same order" "$order" "$(filters)"
check "one is another" [ "$(ids)" != "$before" ]
check_equal "the others not" "$(echo "$before" | cut -d ' ' -f 2-)" "$(ids | cut -d ' ' -f 2-)"
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
check "no longer configured" "$NETCTL" apply
check_equal "only others' stay" another "$(filters)"
check "with what they stand at" has_clsact
tc filter del dev v0 ingress pref 60000
tc filter del dev v0 ingress pref 7
tc qdisc del dev v0 clsact
entries first egress:second
check "programs again" "$NETCTL" apply
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
check "and none" "$NETCTL" apply
check_fails "clsact goes when it came for them" has_clsact
check_equal "no pin is left" 0 "$(find /sys/fs/bpf/netctld -type f 2>/dev/null | wc -l)"
tc qdisc add dev v0 clsact
entries first
"$NETCTL" apply >/dev/null
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
"$NETCTL" apply >/dev/null
check "and stays when it was there before" has_clsact
check_equal "without programs" "" "$(filters)"
tc qdisc del dev v0 clsact
tc qdisc add dev v0 ingress
order=
entries egress:first
check "at ingress there is no place for them" refused 'there is a qdisc ingress'
tc qdisc del dev v0 ingress

note "a kernel without tcx"
cat >"$work/old.c" <<'EOF2'
/* bpf(2) of a kernel that does not know the question BPF_PROG_QUERY: EINVAL. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter f[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_bpf },
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args[0]) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 16 /* BPF_PROG_QUERY */ },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EINVAL },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog p = { sizeof(f) / sizeof(*f), f };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		return 1;
	execv(argv[1], argv + 1);
	return 1;
}
EOF2
gcc -o "$work/old" "$work/old.c"
daemon_stop
daemon_stopped
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$work/old" "$daemon_program" >"$work/older"
chmod +x "$work/older"
daemon_program=$work/older
attach=auto
daemon_start -v
check "the daemon settles there" daemon_settled
entries first second
"$NETCTL" plan >"$work/said" 2>&1
check "the plan says what it will be" grep -q 'v0: tcx.attach: will be a filter at clsact: this kernel has no tcx' "$work/said"
check "it is done" "$NETCTL" apply
check_equal "as filters" "first second" "$(filters)"
check_equal "which is told" "clsact clsact" "$("$NETCTL" show v0 --json | jq -r '[.tcx[].attached] | join(" ")')"
order="first second"
attach=tcx
entries first second
check "where nothing else will do, it is refused" refused \
	'v0: tcx.attach: this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS); attach = "auto" takes'
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
check "without programs" "$NETCTL" apply
check_fails "nothing is left" has_clsact
finish
