#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is done with a port once: cables are tested, lights blink, links are
# negotiated anew; with ethtool as the witness, and a loop that keeps turning.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_espressobin || skip_all "needs the simulated switch"
lab_dbus
daemon_bus=
is() { [ "$("${@:2}" 2>/dev/null)" = "$1" ]; }
# cable PROPERTY: of lan0, on the bus.
cable() {
	busctl get-property org.netctl1 /org/netctl1/link/lan0 org.netctl1.Ethernet.Cable "$1"
}
# said COMMAND...: run it; what it said and its status are in /tmp/said and $status.
said() {
	"$@" >/tmp/said 2>&1
	status=$?
}
told() { grep -q "$1" /tmp/said; }

daemon_config <<'END'
interfaces = ( { name = "lan0"; }, { name = "lan1"; }, { name = "wan"; up = false; } );
END
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "the link is up" lab_carrier lan0 1

note "a cable that is well"
said netctl test-cable lan0
check_equal "its test ends well" 0 $status
check "with every pair" told "pair d  ok"
check_equal "as D-Bus says" 's "ok"' "$(cable PairA)"
check_eventually 5 "the link comes back" lab_carrier lan0 1

note "a bad one"
lab_fault lan0 1112 1234
said netctl test-cable lan0
check_equal "is a failure" 1 $status
check "with the distance" told "pair a  open, 12.34 m away"
check "and the pairs that are well" told "pair b  ok"
check_equal "on D-Bus" 'u 1234' "$(cable PairAFault)"
check "in the state" is '"open"' sh -c 'netctl show lan0 --json | jq -c .ethernet.cable.pair_a'
check "status says so" sh -c 'netctl status lan0 | grep -q "pair a: open, 12.34 m away"'
lab_fault lan0 3141 500
ethtool --cable-test lan0 >/tmp/oracle 2>&1
check_eventually 1 "another hand's test is seen" is 's "cross short"' cable PairB
check_equal "pair by pair" 's "ok" s "cross short" s "ok" s "same short"' \
	"$(for pair in A B C D; do cable Pair$pair; done | paste -sd' ')"
check "as ethtool says it" grep -q "Pair B" /tmp/oracle

note "what comes back of a pulse"
netctl test-cable lan0 --tdr --json >/tmp/tdr.json
check_equal "is told" '"tdr"' "$(jq -c .kind /tmp/tdr.json)"
ethtool --json --cable-test-tdr lan0 >/tmp/oracle 2>&1
check_equal "as ethtool does" "$(sed -n '/"Pair B"/ { n; s/.*: *//p }' /tmp/oracle | paste -sd,)" \
	"$(jq -r '.pairs[1].echoes_mv|map(tostring)|join(",")' /tmp/tdr.json)"
said netctl test-cable lan0 --tdr
check "and drawn" told "METRES"

note "refused"
said netctl test-cable wan
check_equal "a port that is down" 1 $status
check "in the kernel's words" told "wan: mv88e6085: .*Try setting interface up"
said netctl test-cable eth0
check "no PHY: told with the driver" told "eth0: .*Operation not supported"
netctl test-cable lan0 >/tmp/first 2>&1 &
first=$!
said netctl test-cable lan0
wait $first
check "two at a time are both answered" sh -c \
	'for f in /tmp/said /tmp/first; do grep -q "pair d\|already performing" $f || exit 1; done'
lab_fault lan0 0 0

note "lights"
begin=$(date +%s%N)
timeout 120 netctl identify eth0 >/tmp/blink 2>&1 &
blink=$!
blinks() { [ "$(cat /sys/kernel/debug/ebsim/blinks)" -ge "$1" ]; }
check_eventually 5 "it blinks" blinks 1
netctl status >/dev/null
check "the loop turns meanwhile" kill -0 $blink
said netctl identify eth0 --for=1
check "two at a time are one too many" told "Device or resource busy"
wait $blink
check_equal "it ends well" 0 $?
end=$(date +%s%N)
check "when it has blinked ten seconds" test $(((end - begin) / 1000000)) -ge 9500
check "and the light was on" blinks 2
ip link add dummy0 type dummy
said netctl identify dummy0
check "a driver that cannot is named" told "dummy0: .*Operation not supported"

note "lights that the driver does not blink with"
light() { cat "/sys/class/leds/ebsim-$1:lan/$2"; }
trigger() { light "$1" trigger | sed 's/.*\[\(.*\)\].*/\1/'; }
port=$(netctl show lan1 --json | jq -r .led0.name)
port=${port#ebsim-} port=${port%:lan}
echo netdev >/sys/class/leds/ebsim-"$port":lan/trigger
echo 1 >/sys/class/leds/ebsim-"$port":lan/link_100
echo 1 >/sys/class/leds/ebsim-"$port":lan/tx
restored() { # all of it
	check_eventually 10 "$1" is "netdev 1 1 0" sh -c "cd /sys/class/leds/ebsim-$port:lan &&
		echo \$(sed 's/.*\[\(.*\)\].*/\1/' trigger) \$(cat link_100 tx rx)"
}
check "blink" netctl identify lan1 --for=1
restored "and are as they were"
check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"
netctl identify lan1 --for=100 >/dev/null 2>&1 &
check_eventually 10 "they are switched by the daemon" is none trigger "$port"
check_eventually 10 "and lit" is 1 light "$port" brightness
check_eventually 10 "and dark" is 0 light "$port" brightness
check "what they were set to is on disk" grep -q netdev "$daemon_dir/state/owned.state"
said netctl identify lan1 --for=1
check "two at a time are one too many" told "Device or resource busy"
daemon_kill
wait $!
check_equal "the daemon is killed, and they stay so" none "$(trigger "$port")"
daemon_start -v
check "another one" daemon_settled
restored "puts them back"
daemon_config <<'END'
interfaces = ( { name = "lan0"; }, { name = "lan1"; led0 = { rx = true; }; led1 = { link_1000 = true; }; },
	{ name = "wan"; up = false; } );
END
check "lights that are configured" netctl apply
check "blink" netctl identify lan1 --for=1
check_eventually 10 "and are as configured afterwards" is "netdev 0 1" \
	sh -c "cd /sys/class/leds/ebsim-$port:lan && echo \$(sed 's/.*\[\(.*\)\].*/\1/' trigger) \$(cat tx rx)"

note "negotiation"
check_eventually 5 "the link is up" lab_carrier lan1 1
changes=$(cat /sys/class/net/lan1/carrier_changes)
check "begins anew" netctl restart-autoneg lan1
changed() { [ "$(cat /sys/class/net/lan1/carrier_changes)" -ge $((changes + 2)) ]; }
check_eventually 5 "the link went and came" changed

note "who is gone"
netctl test-cable lan1 >/tmp/said 2>&1 &
tester=$!
sleep 0.3
daemon_stop
check "the daemon ends while a test is under way" daemon_stopped
wait $tester
check "and its caller is told" told "."
finish
