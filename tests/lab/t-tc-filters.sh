#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own tests of filters and actions (tc-filters.table), as
# configurations: what is valid gives what tc(8) gives, as "tc -j" shows it;
# what is not is refused before the kernel has to.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

table=$(dirname "$0")/tc-filters.table
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"
qdiscs='qdisc = ( { kind = "clsact"; }, { kind = "prio"; handle = "1:"; } );'

# All that tc tells (its JSON lacks the rates of police), but the numbers that the kernel gives actions.
shown() {
	cut -d'|' -f 1 <(tc_cases ok) | while read -r id; do
		printf 'filter show dev q-%s %s\n' "$id" ingress "$id" egress "$id" "parent 1:"
	done | tc -batch - 2>/dev/null | sed -E 's/ ?index [0-9]+//; s/ ref [0-9]+ bind [0-9]+//; s/police 0x[0-9a-f]+/police/'
}

n=0
: >/tmp/links
: >/tmp/qdiscs
: >/tmp/tc
: >/tmp/conf
while IFS='|' read -r id _ arguments entry; do
	echo "link add q-$id numtxqueues 8 type dummy" >>/tmp/links
	printf 'qdisc add dev q-%s %s\n' "$id" clsact "$id" 'root handle 1: prio' >>/tmp/qdiscs
	kind=${arguments%% flower*}
	kind=${kind%% matchall*}
	echo "filter add dev q-$id $kind handle 0xac ${arguments#"$kind "}" >>/tmp/tc
	printf '%s{ name = "q-%s"; up = false; %s filter = ( { %s } ); }\n' "${comma:-}" "$id" "$qdiscs" "$entry" >>/tmp/conf
	comma=,
	n=$((n + 1))
done < <(tc_cases ok)
tc_begin
tc -batch /tmp/qdiscs
check "there are cases" [ "$n" -gt 70 ]
check "tc takes all $n" tc -batch /tmp/tc
shown >/tmp/by-tc
check "and shows them" [ "$(grep -c handle.0xac /tmp/by-tc)" = "$n" ]
tc_begin

{ echo 'interfaces = ( { name = "lo"; },'; cat /tmp/conf; echo ');'; } | daemon_config
check "netctld takes them too" daemon_once
grep -v '^$' "$daemon_log" | head -n 20
shown >/tmp/by-us
check "and gives what tc gives" diff /tmp/by-tc /tmp/by-us
check "a second time there is nothing to do" daemon_once -v
check "and nothing is sent" grep -q ' 0 changes,' "$daemon_log"
echo 'interfaces = ();' | daemon_config
check "they go" daemon_once
check_equal "and nothing is left" "" "$(shown | grep pref | head)"

tc_refused "interfaces = ( { name = \"lo\"; $qdiscs filter = ( { %s } ); } );\n"
tc_left flower.json matchall.json bpf.json gact.json gate.json mirred.json police.json skbedit.json vlan.json
finish
