#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# netctl drops: what the kernel drops, where and why, by its drop monitor, which is on only
# meanwhile.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

ip netns add far
ip link add v0 type veth peer name v1 netns far
ip -n far link set v1 up
ip link set v0 up
ip address add 192.0.2.1/24 dev v0
ip -n far address add 192.0.2.2/24 dev v1
out=/tmp/drops

# Nobody listens on that port: the kernel says so, and drops.
send() { ip netns exec far python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(40):
    s.sendto(b"x" * 100, ("192.0.2.1", 9))
    time.sleep(0.02)'; }
# Nothing says that the monitor is on but what it tells: so once more, until it does.
told() { # JQ-EXPRESSION, of all lines
	send
	jq -se "$1" $out
}
netctl drops --interval=1 v0 --json >$out &
watch=$!
check_eventually 5 "packets to a port without a listener are told" \
	told '[.[].drops[] | select(.reason == "NO_SOCKET" and .interface == "v0") | .packets] | add >= 30'
kill -INT $watch
check "it ends when it is interrupted" wait $watch
cat $out
check "and the function" sh -c "jq -se '[.[].drops[] | select(.reason == \"NO_SOCKET\")][0].place | test(\"udp\")' $out"
check "with their size" sh -c "jq -se '[.[].drops[] | select(.reason == \"NO_SOCKET\")][0] | .bytes >= .packets * 128' $out"
check "all were told" sh -c "jq -se 'all(.complete)' $out"
check "only of the interface that was named" sh -c "jq -se 'all(.[].drops[]; .interface == \"v0\")' $out"
check "afterwards it is off: it can be switched on" timeout 10 netctl drops
netctl drops --interval=1 >$out 2>&1 &
watch=$!
tells() { # LINES: more than that many say it
	send
	[ "$(grep -c NO_SOCKET $out)" -gt "$1" ]
}
check_eventually 5 "one is on" tells 0
netctl drops --interval=1 >/dev/null 2>$out.2 &
other=$!
check_eventually 5 "one that is on already is said" grep -q "somebody else's" $out.2
kill -INT $other
check "and left on" wait $other
check_eventually 5 "so that the first goes on" tells "$(grep -c NO_SOCKET $out)"
kill -INT $watch
wait $watch
note "$(cat $out)"
setpriv --bounding-set=-net_admin netctl drops >$out 2>&1
check_equal "not for everybody" 4 $?
finish
