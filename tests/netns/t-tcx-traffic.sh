#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs at tcx and at clsact under traffic, while the daemon is restarted, killed, killed in
# the midst of a change, and given another build, another order and another way to attach: nothing
# passes that must not, and nothing is lost. NETCTL_XDP_ROUNDS=50 does that so often.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin clang tc python3 jq

rounds=${NETCTL_XDP_ROUNDS:-3}
xdp_far
far ip link set v1 up
far ip address add 192.0.2.2/24 dev v1
far ip address add 192.0.2.66/24 dev v1
drops() { # BUILD: what comes from 192.0.2.66 is dropped
	object drops "SEC(\"tc\") int drops(struct __sk_buff *s)
	{
		unsigned char *d = (void *)(long)s->data, *e = (void *)(long)s->data_end;
		return d + 34 <= e && d[26] == 192 && d[27] == 0 && d[28] == 2 && d[29] == 66 ? 2 : -1;
	}
	int build_$1 SEC(\"build\");
	char l[] SEC(\"license\") = \"GPL\";"
}
drops 0
go_on one
go_on two

entries() { # ATTACH NAME...
	local attach=$1 text="" name
	shift
	for name; do
		text="$text${text:+, }{ direction = \"ingress\"; attach = \"$attach\"; program = \"$work/$name.o\"; }"
	done
	echo "interfaces = ( { name = \"v0\"; addresses = [ \"192.0.2.1/24\" ]; tcx = ( $text ); } );" |
		daemon_config
}
real=$daemon_program
[ ! -x "$(dirname "$real")/.libs/netctld" ] || real=$(dirname "$real")/.libs/netctld
ways=tcx
tc qdisc add dev lo clsact 2>/dev/null && ways="tcx clsact" && tc qdisc del dev lo clsact
held() { cat /proc/"$service_pid"/fdinfo/* 2>/dev/null | grep -c '^link_type:.tcx'; }
held_are() { [ "$(held)" = "$1" ]; }

entries tcx one drops two
service_start
if grep -q 'has no tcx' "$service/log"; then
	note "this kernel has no tcx"
	ways=clsact
	entries clsact one drops two
	service_after clsact HUP
fi
traffic_start
for way in $ways; do
	note "$way, $rounds rounds"
	entries "$way" one drops two
	service_after "$way" HUP
	for n in $(seq "$rounds"); do
		service_after restart TERM
		service_after kill KILL
		drops "${way}_$n"
		service_after build HUP
		entries "$way" two drops one
		service_after order HUP
		# Killed in the midst of it, wherever that is.
		entries "$way" drops one two
		drops "${way}_midst_$n"
		service_signal HUP
		sleep "0.0$((RANDOM % 10))"
		service_after midst KILL
		entries "$way" one two drops
		service_after last HUP
	done
	check_equal "each of $((rounds * 6)) went well" "" "$failed"
	[ "$way" = clsact ] || check_eventually 5 "the manager keeps a link for each" held_are 3
done
if [ "$ways" = "tcx clsact" ]; then
	check_eventually 5 "and none for filters" held_are 0
	entries auto one drops two
	service_after auto HUP
	check_equal "from filters to links" "" "$failed"
	check_eventually 5 "which are kept" held_are 3
fi
traffic_end
kill $service_pid
wait $service_pid
has_none() { [ "$(held)" = 0 ]; }
check "when the service is stopped, links are gone" has_none
finish
