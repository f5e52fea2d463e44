#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Several programs on one interface: each sees what the one before has passed; one of them is
# replaced, the daemon is restarted, killed and upgraded, and under traffic no packet is missed.
# NETCTL_XDP_ROUNDS=50 does that so often.

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

rounds=${NETCTL_XDP_ROUNDS:-3}
xdp_far
# No packets but the test's.
echo 1 >/proc/sys/net/ipv6/conf/v0/disable_ipv6
far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/v1/disable_ipv6'
far ip link set v1 up
far ip address add 192.0.2.2/24 dev v1
far ip address add 192.0.2.66/24 dev v1
far ip address add 192.0.2.67/24 dev v1
xdp_neighbours 192.0.2.2 192.0.2.66 192.0.2.67

# One that ends the chain, and one that goes on, as the documentation says.
object last 'SEC("xdp/pass") int pass_it(struct xdp_md *c) { return XDP_PASS; }
SEC("xdp/drop") int drop_it(struct xdp_md *c) { return XDP_DROP; }
char l[] SEC("license") = "GPL";'
onward

prog_id() { ip -j link show v0 | jq -r '.[0].xdp.prog.id // 0'; }
reaches() { far ping -q -c 1 -W 10 -I "$1" 192.0.2.1; }
is_lost() { # 1: there was no answer
	far ping -q -c 1 -W 1 -I "$1" 192.0.2.1
	[ $? = 1 ]
}
counter() { # REASON: packets
	"$NETCTL" stats v0 --json |
		jq -r "[.. | objects | select(.group? == \"xdp\" and .instance? == \"$1\") | .counters.packets] | add // 0"
}
drop66='filter = { rules = ( { src = "192.0.2.66"; action = "drop"; } ); };'
chain() { # PROGRAM CHAIN SETTINGS
	echo "interfaces = ( { name = \"v0\"; addresses = [ \"192.0.2.1/24\" ];
	  xdp = { program = \"$1\"; chain = [ $2 ]; $3 }; } );" | daemon_config
}

bus_start
chain filter '"stats", "sample"' "$drop66 sample = { every = 1; };"
daemon_start -v
check "the daemon settles" daemon_settled
check "what the first passes, passes" reaches 192.0.2.2
check "what it drops, does not" is_lost 192.0.2.66
passed=$(counter "filter: passed_by_default")
check "it is counted by the first" [ "$passed" -ge 1 ]
check_equal "and by the second" "$passed" "$(counter "stats: passed")"
check_equal "and by the third" "$passed" "$(counter "sample: passed_and_sampled")"
"$NETCTL" xdp >"$work/said"
note "$(cat "$work/said")"
check "netctl xdp says the order" grep -q '^v0: filter, then stats, then sample, native' "$work/said"
for i in filter stats sample; do # this machine may have more of them
	tag=$(sed -n "s/^  $i: tag \([0-9a-f]*\).*/\1/p" "$work/said")
	check "and the tag of $i" sh -c "bpftool -j prog show tag '$tag' | jq -e '[.. | objects | .name?] | any(. == \"$i\")'"
done
"$NETCTL" xdp capture v0 --count=1 --json >"$work/said" &
capture=$!
eventually 5 capture_waits $capture
reaches 192.0.2.2 >/dev/null
check "samples are read from wherever the program stands" wait $capture

note "changes"
link=$(link_id)
passed=$(counter "stats: passed")
chain filter '"stats", "sample"' "$drop66 sample = { every = 1; length = 64; };"
check "a setting of the last" "$NETCTL" apply
check_equal "the link is the same" "$link" "$(link_id)"
check "the others go on counting" [ "$(counter "stats: passed")" -ge "$passed" ]
check "and dropping" is_lost 192.0.2.66
chain stats '"filter"' "$drop66"
check "another order" "$NETCTL" apply
check_equal "by the same link" "$link" "$(link_id)"
check "what was second drops" is_lost 192.0.2.66
check "what went from second to first goes on counting" [ "$(counter "stats: passed")" -gt "$passed" ]
chain filter "\"$work/onward.o\", \"$work/last.o#xdp/drop\"" "$drop66"
check "object files, one behind the other" "$NETCTL" apply
check "the last one decides" is_lost 192.0.2.2
chain filter "\"$work/onward.o\", \"$work/last.o#xdp/pass\"" "$drop66"
check "another program of the same file" "$NETCTL" apply
check "lets pass" reaches 192.0.2.2
check "but not what the first drops" is_lost 192.0.2.66

refused() { # WORDS
	"$NETCTL" apply >"$work/said" 2>&1 && return 1
	grep -q "v0: $1" "$work/said" || { cat "$work/said"; return 1; }
}
program=$(prog_id)
chain "$work/last.o" '"stats"' 'section = "xdp/pass";'
check "one that does not go on must be last" refused 'xdp.*must be the last of xdp.chain'
chain filter '"stats", "stats"' "$drop66"
check "none twice" refused 'xdp.chain: "stats" twice'
chain filter '"statz"' "$drop66"
check "a slip" refused 'xdp.chain: no shipped program "statz" (did you mean "stats"'
chain stats '"filter"' 'sample = { every = 2; };'
check "settings of one that is not there" refused 'xdp.sample: xdp.program is'
check_equal "and nothing changed" "$program" "$(prog_id)"

note "what outlives the daemon"
chain filter '"stats", "sample"' "$drop66"
check "the chain again" "$NETCTL" apply
program=$(prog_id)
daemon_kill
check "killed: it drops" is_lost 192.0.2.66
check "and passes" reaches 192.0.2.2
daemon_start -v
check "a daemon that starts finds it" daemon_settled
check_equal "and leaves it as it is" "$program" "$(prog_id)"
check_equal "nothing was asked for" 0 "$(daemon_requests)"
passed=$(counter "filter: passed_by_default")
check "it knows all of them" [ "$passed" -ge 1 ]
check "also the last" [ "$(counter "sample: passed")" -ge 1 ]
echo 'interfaces = ( { name = "v0"; addresses = [ "192.0.2.1/24" ]; } );' | daemon_config
check "no longer configured" "$NETCTL" apply
check_equal "it is gone" 0 "$(prog_id)"
check_equal "with all its pins" 0 "$(find /sys/fs/bpf/netctld -type f | wc -l)"
chain filter '"stats", "sample"' "$drop66"
daemon_stop
check "the daemon stops" daemon_stopped

note "under traffic, $rounds rounds"
service_builds
service_start
traffic_start
link=$(link_id "$service_pid")
for n in $(seq "$rounds"); do
	service_after restart TERM
	service_after kill KILL
	program=$(prog_id)
	service_is "$work/netctld-$((n % 2))"
	service_after upgrade KILL
	[ "$(prog_id)" != "$program" ] || failed="$failed unchanged"
	chain filter '"sample", "stats"' "$drop66 sample = { every = $((n + 1)); };"
	service_after reload HUP
	# Killed in the midst of it, wherever that is.
	chain filter '"sample", "stats"' "$drop66 sample = { every = $((n + 1000)); };"
	service_signal HUP
	sleep "0.0$((RANDOM % 10))"
	service_after midst KILL
	chain stats '"filter"' "$drop66"
	service_after order HUP
done
check_equal "each of $((rounds * 6)) went well" "" "$failed"
check_equal "the link was never another one" "$link" "$(link_id "$service_pid")"
traffic_end
keeps() { # LINKS PROGRAMS
	[ "$(grep -c link "$service/store") $(grep -- '-p' "$service/store" | sort -u | wc -l)" = "$1 $2" ] ||
		{ cat "$service/store"; return 1; }
}
check_eventually 5 "the manager keeps one link and two programs" keeps 1 2
kill $service_pid
wait $service_pid
has_none() { [ "$(prog_id)" = 0 ]; }
check_eventually 5 "when the service is stopped, so are the programs" has_none
finish
