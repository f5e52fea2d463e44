#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs at tcx on this machine's kernel: in the order of the configuration, among those of
# others; replaced in place; kept while the daemon is restarted and killed.

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
xdp_begin clang gcc python3 jq


# What the kernel says, and what another hand does: bpftool knows tcx since 7.3 only.
cat >"$work/tcx.c" <<'EOF'
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct query {
	__u32 ifindex, type, query_flags, attach_flags;
	__u64 progs;
	__u32 count, pad;
	__u64 prog_flags, links, link_flags, revision;
};

struct attach { /* BPF_PROG_ATTACH */
	__u32 ifindex, prog_fd, type, flags, replace_fd, relative_fd;
	__u64 revision;
};

static char name[16];

static void name_of(__u32 id)
{
	union bpf_attr a = { .prog_id = id };
	struct bpf_prog_info info = { 0 };
	int fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &a, sizeof(a));
	union bpf_attr b = { .info = { .bpf_fd = fd, .info_len = sizeof(info), .info = (__u64)(long)&info } };

	syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &b, sizeof(b));
	strcpy(name, info.name);
	close(fd);
}

int main(int argc, char **argv)
{
	__u32 progs[64] = { 0 }, links[64] = { 0 }, type = strcmp(argv[3], "egress") ? 46 : 47;
	struct query q = { .ifindex = if_nametoindex(argv[2]), .type = type,
			   .progs = (__u64)(long)progs, .links = (__u64)(long)links, .count = 64 };

	if (!strcmp(argv[1], "attach")) {
		struct bpf_insn next[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = -1 },
					   { .code = BPF_JMP | BPF_EXIT } };
		union bpf_attr load = { .prog_type = BPF_PROG_TYPE_SCHED_CLS, .insn_cnt = 2,
					.insns = (__u64)(long)next, .license = (__u64)(long)"GPL",
					.prog_name = "another" };
		struct attach a = { .ifindex = q.ifindex, .type = type,
				    .prog_fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)) };

		return !!syscall(SYS_bpf, BPF_PROG_ATTACH, &a, sizeof(a));
	}
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof(q)) && errno != ENOENT) {
		perror("BPF_PROG_QUERY");
		return 1;
	}
	if (!strcmp(argv[1], "detach")) { /* the N-th link, counting from 0 */
		__u32 id = links[atoi(argv[4])];
		union bpf_attr get = { .link_id = id };
		union bpf_attr off = { .link_detach = { .link_fd = syscall(SYS_bpf, BPF_LINK_GET_FD_BY_ID, &get, sizeof(get)) } };

		return !!syscall(SYS_bpf, BPF_LINK_DETACH, &off, sizeof(off));
	}
	for (unsigned n = 0; n < q.count; n++) {
		name_of(progs[n]);
		if (!strcmp(argv[1], "links"))
			printf("%s%u", n ? " " : "", links[n]);
		else
			printf("%s%s", n ? " " : "", name);
	}
	printf("\n");
	return 0;
}
EOF
gcc -o "$work/tcx" "$work/tcx.c"
tcx() { "$work/tcx" "$@"; }
ip link set lo up
tcx names lo ingress >/dev/null || skip_all "this kernel has no tcx"

go_on first
go_on second
go_on third
go_on last 2 # TC_ACT_SHOT
object two 'SEC("tc/a") int two_a(struct __sk_buff *s) { return -1; }
SEC("tc/b") int two_b(struct __sk_buff *s) { return -1; }
char l[] SEC("license") = "GPL";'
object wild 'SEC("tc") int wild(struct __sk_buff *s) { return *(char *)(long)s->data; }
char l[] SEC("license") = "GPL";'

ip link add v0 type veth peer name v1
ip link set v0 up
ip link set v1 up
entries() { # [DIRECTION:]NAME[#SECTION]…
	local text="" word direction section
	for word; do
		direction=ingress section=""
		case $word in *:*) direction=${word%%:*} word=${word#*:} ;; esac
		case $word in *#*) section="section = \"${word#*#}\";" word=${word%%#*} ;; esac
		text="$text${text:+, }{ direction = \"$direction\"; program = \"$work/$word.o\"; $section }"
	done
	echo "interfaces = ( { name = \"v0\"; tcx = ( $text ); } );" | daemon_config
}
names() { tcx names v0 "${1:-ingress}"; }
links() { tcx links v0 ingress; }
is_now() { [ "$(names)" = "$1" ]; }

bus_start
entries first second egress:third
daemon_start -v
check "the daemon settles" daemon_settled
check_equal "programs in order" "first second" "$(names)"
check_equal "and of the other direction" third "$(names egress)"
requests=$(daemon_requests)
check "the same again" "$NETCTL" apply
check_equal "is nothing to do" "$requests" "$(daemon_requests)"
note "$("$NETCTL" show v0 | grep -A4 -i tcx)"
check_equal "the state has them" "$work/first.o $work/second.o" \
	"$("$NETCTL" show v0 --json | jq -r '[.tcx[] | select(.direction == "ingress") | .program] | join(" ")')"

note "changes"
before=$(links)
go_on second 0
check "another build" "$NETCTL" apply
check_equal "takes the place of the one before by its link" "$before" "$(links)"
check_equal "in its place" "first second" "$(names)"
entries first third second egress:third
check "one between" "$NETCTL" apply
check_equal "is between" "first third second" "$(names)"
check_equal "the others stay" "$before" "$(links | cut -d ' ' -f 1,3)"
entries second third first egress:third
check "another order" "$NETCTL" apply
check_equal "is that order" "second third first" "$(names)"
entries last second third first egress:third
check "one in front" "$NETCTL" apply
check_equal "is in front" "last second third first" "$(names)"
entries two#tc/b third
"$NETCTL" plan >"$work/said"
check "what goes, goes when the other is there" grep -q '> ingress .*two.o#tc/b' \
	<(grep 'tcx:' "$work/said" | head -n 1)
note "$(cat "$work/said")"
check "others" "$NETCTL" apply
check_equal "are there" "two_b third" "$(names)"
check_equal "what is not written is not" "" "$(names egress)"

note "another hand"
check "attaches a program" tcx attach v0 ingress
check_equal "behind ours" "two_b third another" "$(names)"
check_eventually 8 "which is told" \
	sh -c "'$NETCTL' show v0 --json | jq -e '.tcx | length == 3 and (.[2] | has(\"program\") | not)'"
entries third two#tc/b first
check "changes" "$NETCTL" apply
check_equal "leave it alone" another "$(names | tr ' ' '\n' | grep another)"
check_equal "and come into their order" "third two_b first" "$(names | sed 's/ *another//')"
order=$(names)
check "it detaches one of ours" tcx detach v0 ingress 0
check_eventually 8 "which is put back" is_now "$order"

note "what is wrong is said, and nothing changes"
refused() { # WORDS
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q "$1" "$work/said" && is_now "$order" && return
	cat "$work/said"
	return 1
}
entries third two#tc/b first nothing
check "no file" refused "v0: tcx.program: $work/nothing.o No such file"
echo 'interfaces = ();' >"$work/text.o"
entries third two#tc/b first text
check "no ELF" refused 'is no ELF object file'
entries third two#tc/b first two
check "several programs" refused 'has 2 programs: section says which'
entries third two#tc/b first wild
check "refused by the verifier" refused 'the verifier: .*invalid access to packet'
entries third two#tc/b first third
check "twice" refused 'the same entry twice'
entries third two#tc/b first
check "and what is right again" "$NETCTL" apply

note "over a restart"
order=$(names)
before=$(links)
daemon_stop
check "stopped" daemon_stopped
check_equal "all stay" "$before" "$(links)"
daemon_start -v
check "started again" daemon_settled
check_equal "the links are the same" "$before" "$(links)"
check_equal "nothing was done" 0 "$(daemon_requests)"
daemon_kill
go_on third 3
daemon_start -v
check "killed, and another build when it comes again" daemon_settled
check_equal "the links are the same, too" "$before" "$(links)"
check_equal "in the same order" "$order" "$(names)"
echo 'interfaces = ( { name = "v0"; } );' | daemon_config
check "no longer configured" "$NETCTL" apply
check_equal "only others' stay" another "$(names)"
check_equal "no pin is left" 0 "$(find /sys/fs/bpf/netctld -type f | wc -l)"
finish
