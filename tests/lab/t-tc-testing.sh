#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own tests of queueing disciplines (tc-testing.table), as
# configurations: what is valid gives what tc(8) gives, all of it as tc shows
# it; what is not is refused before the kernel has to.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

table=$(dirname "$0")/tc-testing.table
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"

# A base time in the past is moved by whole cycles (and a base time below one is what is left).
boundaries() {
	python3 -c 'import re, sys
for line in sys.stdin:
    m = re.search(r"base-time (\d+) cycle-time (\d+)", line)
    sys.stdout.write(line.replace(m.group(1), str(int(m.group(1)) % int(m.group(2))), 1) if m else line)'
}

# As tc shows it, but for what says nothing of the configuration. (Its JSON is none for some kinds.)
shown() {
	tc -d qdisc show | sed '/^qdisc [a-z_]* 0: /,/^qdisc/ { /^qdisc [a-z_]* 0: /d }; s/ refcnt [0-9]*//' |
		grep -v '^$' | awk '/^qdisc/ { if (all) print all; all = $0; next }
			{ all = all " /" $0 } END { if (all) print all }' | boundaries | sort -k 5,5 -k 3,3
	# Classes that are made one by one, by device.
	for dev in $(tc qdisc show | sed -n 's/^qdisc htb .* dev \([^ ]*\) .*/\1/p' | sort); do
		tc -d class show dev "$dev" | sed "s/^/$dev /" | sort
	done
}

# A schedule runs from its next cycle on; until then there are two.
started() {
	[ "$(tc -d qdisc show | grep -c base-time)" = "$(tc qdisc show | grep -c '^qdisc taprio')" ]
}

# The valid ones, each on a device of its own, all at once.
n=0
: >/tmp/links
: >/tmp/tc
: >/tmp/conf
while IFS='|' read -r id _ arguments entry; do
	echo "link add q-$id numtxqueues 8 type dummy" >>/tmp/links
	echo "qdisc add dev q-$id ${arguments%% @ *}" >>/tmp/tc
	case $arguments in
	*" @ "*) echo "${arguments#* @ } dev q-$id" | sed 's/^\([a-z]*\) \(.*\) dev \(.*\)/\1 add dev \3 \2/' >>/tmp/tc ;;
	esac
	printf '%s{ name = "q-%s"; up = false; qdisc = ( { %s } ); }\n' "${comma:-}" "$id" "$entry" >>/tmp/conf
	comma=,
	n=$((n + 1))
done < <(tc_cases ok)
tc_begin
check "there are cases" [ "$n" -gt 80 ]
check "tc takes all $n" tc -batch /tmp/tc
eventually 5 started
shown >/tmp/by-tc
tc_begin

{ echo 'interfaces = ('; cat /tmp/conf; echo ');'; } | daemon_config
check "netctld takes them too" daemon_once
cat "$daemon_log" | head -n 20
eventually 5 started
shown >/tmp/by-us
check "and gives what tc gives" diff /tmp/by-tc /tmp/by-us
check "a second time there is nothing to do" daemon_once -v
check "and nothing is sent" grep -q ' 0 changes,' "$daemon_log"
echo 'interfaces = ();' | daemon_config
check "they go" daemon_once
check_equal "and nothing is left" "" "$(shown)"

# One after the other: the second as a change of the first.
: >/tmp/links
: >/tmp/tc
: >/tmp/tc2
: >/tmp/conf
: >/tmp/conf2
comma="" n=0
while IFS='|' read -r id _ arguments entry; do
	echo "link add q-$id numtxqueues 8 type dummy" >>/tmp/links
	echo "qdisc add dev q-$id ${arguments%% => *}" >>/tmp/tc
	echo "${arguments#* => }" | sed "s/^\([a-z]*\) /qdisc \1 dev q-$id /" >>/tmp/tc2
	printf '%s{ name = "q-%s"; up = false; qdisc = ( { %s } ); }\n' "$comma" "$id" "${entry%% => *}" >>/tmp/conf
	printf '%s{ name = "q-%s"; up = false; qdisc = ( { %s } ); }\n' "$comma" "$id" "${entry#* => }" >>/tmp/conf2
	comma=,
	n=$((n + 1))
done < <(tc_cases change)
tc_begin
check "there are changes" [ "$n" -gt 12 ]
check "tc takes what is to be changed" tc -batch /tmp/tc
check "and the $n changes" tc -batch /tmp/tc2
shown >/tmp/by-tc
tc_begin
{ echo 'interfaces = ('; cat /tmp/conf; echo ');'; } | daemon_config
check "netctld takes what is to be changed" daemon_once
{ echo 'interfaces = ('; cat /tmp/conf2; echo ');'; } | daemon_config
check "and the changes" daemon_once -v
check_equal "one message each" "$n" "$(sed -n 's/^\([0-9]*\) changes\{0,1\} in .*/\1/p' "$daemon_log")"
shown >/tmp/by-us
check "and gives what tc gives" diff /tmp/by-tc /tmp/by-us
echo 'interfaces = ();' | daemon_config
check "they go" daemon_once

tc_refused 'interfaces = ( { name = "lo"; qdisc = ( { %s } ); } );\n'
tc_left cake.json cbs.json etf.json ets.json fifo.json fq.json fq_codel.json htb.json ingress.json mq.json \
	mqprio.json multiq.json netem.json prio.json taprio.json tbf.json
for folder in qdiscs filters actions; do
	IFS='|' read -r _ why kinds < <(grep "^$folder|" "$(dirname "$0")/tc-left.table")
	skip "$folder: $kinds" "$why"
done

# What only the device shows.
ip link add one type dummy
while IFS='|' read -r id _ _ entry; do
	printf 'interfaces = ( { name = "one"; qdisc = ( { %s } ); } );\n' "$entry" | daemon_config
	check_fails "$id on one queue: refused" daemon_once
	check "$id: with the reason" grep -q 'one transmit queue.*queues-one' "$daemon_log"
done < <(tc_cases queues-one)

# A switch's port has one queue, whatever its hardware has (dsa_user_create()).
lab_espressobin
for entry in 'kind = "mqprio"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ];' \
	'kind = "taprio"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ]; clock = "TAI";
		schedule = ( { gates = 0x3; interval = "1ms"; } );'; do
	printf 'interfaces = ( { name = "lan0"; qdisc = ( { %s } ); } );\n' "$entry" | daemon_config
	check_fails "$(expr "$entry" : '[^"]*"\([a-z]*\)') on a port of the Espressobin: refused" daemon_once
	check "with the reason" grep -q 'lan0: qdisc.*a port of this switch has one queue to send from' "$daemon_log"
	check "and nothing was touched" sh -c 'ip -br link show lan0 | grep -q DOWN'
	printf 'interfaces = ( { name = "eth0"; qdisc = ( { %s } ); } );\n' "$entry" >/tmp/one.conf
	check "on its conduit: explained" sh -c 'netctl check /tmp/one.conf 2>&1 | tee /tmp/said | \
		grep -q "warning.*eth0.*each with the switch.s tag"'
	sed 's/^/# /' /tmp/said
done

finish
