#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# taprio on a port: in software, with txtime-assist, offloaded; changed while it
# runs; what the kernel then has; and the chart.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=

ip link add tsn0 numtxqueues 4 type veth peer name tsn0-far
ip link set tsn0-far up
ip link add tsn1 numtxqueues 4 type veth peer name tsn1-far
ip link set tsn1-far up
lab_netdevsim 1 4
nsim=$(ls /sys/bus/netdevsim/devices/netdevsim1/net)

# configure INTERVAL: of the first window of tsn0
configure() {
	daemon_config <<-EOF
	interfaces = (
	  { name = "tsn0"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 3; map = [ 0, 1, 2 ];
	      queues = [ "1@0", "1@1", "2@2" ]; clock = "TAI"; base_time = "0";
	      schedule = ( { gates = 0x1; interval = "$1"; }, { gates = 0x6; interval = "70ms"; } );
	      max_sdu = [ 0, 600 ]; } ); },
	  { name = "tsn1"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ];
	      queues = [ "1@0", "1@0" ]; clock = "TAI"; offload = "txtime-assist"; txtime_delay = "500us";
	      schedule = ( { gates = 0x3; interval = "1ms"; } ); },
	    { parent = "1:1"; kind = "etf"; handle = "10:"; clock = "TAI"; delta = 300000;
	      skip_sock_check = true; } ); },
	  { name = "$nsim"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ];
	      queues = [ "1@0", "1@1" ]; offload = "full";
	      schedule = ( { gates = 0x1; interval = "250us"; }, { gates = 0x2; interval = "750us"; } ); } ); }
	);
	EOF
}
configure 30ms
daemon_start -v
check "three ports with schedules" daemon_settled
cat "$daemon_log" | grep -v '^settled' | tail -n 5

shows() { # DEVICE PATTERN
	tc -d qdisc show dev "$1" root | tr '\n' ' ' | grep -Eq "$2"
}
tsn() { # DEVICE KEY: of its group tsn
	netctl show "$1" --json | jq -r ".tsn.$2 // \"\""
}
is() { # DEVICE STATE REASON: as a pattern
	[ "$(tsn "$1" state)" = "$2" ] && tsn "$1" reason | grep -q -- "$3"
}
clock() { # set the clock of the device, of the kernel, or its TAI offset
	python3 - "$@" <<-EOF
	import ctypes, os, sys, time
	what, value = sys.argv[1], float(sys.argv[2])
	if what == "phc": # seconds from TAI
	    fd = (~os.open("/dev/ptp0", os.O_RDWR) << 3) | 3
	    off = 10**9
	    for n in range(500): # until nothing came between
	        if abs(off - value * 1e9) > 2e5:
	            time.clock_settime_ns(fd, time.clock_gettime_ns(11) + int(value * 1e9))
	            off = time.clock_gettime_ns(fd) - time.clock_gettime_ns(11)
	elif what == "system": # seconds from now
	    time.clock_settime(time.CLOCK_REALTIME, time.time() + value)
	elif what == "date": # seconds since 1970
	    time.clock_settime(time.CLOCK_REALTIME, value)
	else: # adjtimex(2): ADJ_TAI
	    timex = (ctypes.c_long * 64)()
	    ctypes.cast(timex, ctypes.POINTER(ctypes.c_uint))[0] = 0x80
	    timex[6] = int(value)
	    ctypes.CDLL(None).adjtimex(timex)
	EOF
}

# Clocks: the device's is in 1970 (mock_phc_create()), and nobody has set the TAI offset.
check_eventually 3 "a device whose clock is not set: no schedule" is "$nsim" wait-clock "device's clock is not set: it says 1970"
check_fails "none that the kernel has" shows "$nsim" taprio
check "and the interface waits for it" sh -c "netctl status $nsim | grep -q 'waits for its clock'"
check_eventually 3 "TAI that is UTC: said" is tsn0 degraded 'CLOCK_TAI is UTC'
check "in the panel" sh -c 'netctl status tsn0 | grep -q "gate schedule: degraded: CLOCK_TAI"'
check "and beside the chart" sh -c 'netctl tsn tsn0 | grep -q "degraded: CLOCK_TAI is UTC"'
check "on the bus" sh -c 'busctl get-property org.netctl1 /org/netctl1/link/tsn0 org.netctl1.Tsn State | grep -q degraded'
busctl monitor --match "type=signal,path=/org/netctl1/link/tsn0,arg0=org.netctl1.Tsn" >/tmp/signals 2>/dev/null &
at_exit "kill $! 2>/dev/null"
clock phc 0
check_eventually 4 "the device's clock is set: there it is" shows "$nsim" 'flags 0x2.*gatemask 0x1 interval 250000'
clock tai 37
clock phc 0
check_eventually 4 "with the TAI offset: it runs" is tsn0 running '^$'
check_eventually 2 "a signal says so" grep -q running /tmp/signals
check_eventually 4 "with txtime-assist too" is tsn1 running '^$'
check_eventually 4 "and that of the device" is "$nsim" running '^$'
clock phc 0.5
check_eventually 4 "the device's clock goes away from TAI: said" is "$nsim" degraded '/dev/ptp0 is more than 1ms ahead of CLOCK_TAI'
armed_again() { [ "$(tsn "$1" armed_again)" -ge "$2" ]; }
check_eventually 4 "and the schedule was given to it again" armed_again "$nsim" 1
clock phc 0
check_eventually 4 "and back" is "$nsim" running '^$'

check "in software" shows tsn0 'clockid TAI.*gatemask 0x1 interval 30000000.*gatemask 0x6 interval 70000000'
check "with txtime-assist" shows tsn1 'flags 0x1.*txtime delay 500000'
check "and etf below it" sh -c 'tc qdisc show dev tsn1 | grep -q "etf 10: parent 1:1"'
check "a base time in the past is moved to a boundary" \
	[ "$(tsn tsn0 effective_base_time | sed 's/.*\(.\{8\}\)$/\1/')" = 00000000 ]
check "and so the kernel has it" shows tsn0 "base-time $(tsn tsn0 effective_base_time) "

before=$(daemon_requests)
daemon_reload
check "a reload with nothing changed" daemon_settled
check_equal "asks for nothing" "$before" "$(daemon_requests)"

# The chart.
check "the chart" sh -c 'netctl tsn tsn0 >/tmp/chart'
check "a class with 30% of the link" grep -Eq '^ +0 .* 30% alone  30%  waits 70ms' /tmp/chart
check "and one with 70%, with another" grep -Eq '^ +2 .* 70% alone   0%  waits 30ms' /tmp/chart
check_equal "priorities that follow each other are a range" "0,3-15" "$(sed -n 's/^ *0 .*prio //p' /tmp/chart)"
COLUMNS=80 netctl tsn >/tmp/chart80
check "no line is longer than 80 columns" [ "$(LC_ALL=C.UTF-8 wc -L </tmp/chart80)" -le 80 ]
check "as JSON" sh -c 'netctl tsn --json >/tmp/json'
check_equal "of three ports" "3" "$(jq '.ports | length' /tmp/json)"
check_equal "with their windows" "[[30000000,100000000]]" \
	"$(jq -c '.ports[] | select(.name == "tsn0").classes[1].windows | map(map(floor))' /tmp/json)"
check "as a picture" sh -c 'netctl tsn --svg >/tmp/svg && grep -c "<rect" /tmp/svg | grep -qv "^0"'
check "which is XML" python3 -c 'import xml.dom.minidom as d; d.parse("/tmp/svg")'
check "the schedule on the bus" sh -c 'busctl --json=short get-property org.netctl1 /org/netctl1/link/tsn0 \
	org.netctl1.Link Qdisc | jq -e ".data[0].schedule.data[0].gates.data == 1"'

# One interval changed while frames pass: the kernel's own change-over, nothing is made anew.
ip addr add 192.0.2.1/24 dev tsn0
ip netns add far
ip link set tsn0-far netns far
ip -n far addr add 192.0.2.2/24 dev tsn0-far
ip -n far link set tsn0-far up
check_eventually 10 "the other end answers" ping -c 1 -w 5 -q 192.0.2.2
ping -q -i 0.05 -c 40 192.0.2.2 >/tmp/ping &
ping=$!
sleep 0.3
configure 40ms
netctl plan >/tmp/plan
check "the plan: one setting, live" sh -c '[ "$(wc -l </tmp/plan)" = 1 ] && ! grep -q recreate /tmp/plan'
daemon_reload
check "changed" daemon_settled
check_eventually 2 "the kernel has it" shows tsn0 'gatemask 0x1 interval 40000000'
wait $ping
check "no frame was lost" grep -q ' 0% packet loss' /tmp/ping

# A schedule of the future: what was before runs on until then.
grep -v NOTHING "$daemon_dir/etc/10-test.conf" >/tmp/now.conf
base=$(python3 -c 'import time; print(time.clock_gettime_ns(11) // 10**9 * 10**9 + 20 * 10**9)')
sed "s/base_time = \"0\"/base_time = \"$base\"/; s/\"40ms\"/\"50ms\"/" /tmp/now.conf | daemon_config
daemon_reload
check "a base time to come" daemon_settled
check "is waited for" is tsn0 pending "begins at $base"
check "while the schedule before runs on" [ "$(netctl show tsn0 --json | jq -r '.qdisc[0].oper_schedule[0].interval')" = 40ms ]
check_eventually 4 "then it runs" is tsn0 running '^$'
check "the new one" [ "$(netctl show tsn0 --json | jq -r '.qdisc[0].oper_schedule[0].interval')" = 50ms ]
daemon_config </tmp/now.conf
daemon_reload
check "as before" daemon_settled

# The link goes and comes: the kernel has stopped the schedule, and nothing would leave.
again=$(tsn tsn0 armed_again)
ip -n far link set tsn0-far down
check_eventually 2 "no link: said" is tsn0 wait-link 'no carrier'
ip -n far link set tsn0-far up
check_eventually 5 "after a bounce of the link the other end answers again" ping -c 1 -w 2 -q 192.0.2.2
check_eventually 3 "and the schedule is said to run" sh -c 'netctl show tsn0 --json | grep -q "\"stalled\": *false"'

check_eventually 2 "it runs" is tsn0 running '^$'
check "armed again once" [ "$(tsn tsn0 armed_again)" = $((again + 1)) ]
check "the log says why" grep -q 'tsn0: the gate schedule is armed again: its link was lost' "$daemon_log"
check_fails "and that is no drift" grep -q '^drift' "$daemon_log"

# The same while the daemon is not there.
daemon_kill
ip -n far link set tsn0-far down
ip -n far link set tsn0-far up
daemon_start -v
check "started again" daemon_settled
check_eventually 5 "what was lost meanwhile is armed again" ping -c 1 -w 2 -q 192.0.2.2
check_eventually 2 "and runs" is tsn0 running '^$'
check_fails "which is no drift either" grep -q '^drift' "$daemon_log"

# The clock: back by an hour, to 1970, and to where it was.
clock system -3600
check_eventually 3 "set back by an hour: armed anew" \
	grep -Eq 'tsn0: the gate schedule is armed anew: the clock was set back by (60min|36[0-9]{5}ms)' "$daemon_log"
check_eventually 3 "it runs" is tsn0 running '^$'
check_eventually 3 "frames leave" ping -c 1 -w 2 -q 192.0.2.2
now=$(date +%s)
clock date 1000
check_eventually 3 "in 1970 there is no schedule" is tsn0 wait-clock "system's clock is not set: it says 1970"
check_eventually 3 "none that the kernel has" sh -c '! tc qdisc show dev tsn0 | grep -q taprio'
check_eventually 3 "frames leave nevertheless" ping -c 1 -w 2 -q 192.0.2.2
clock date "$now"
check_eventually 3 "the clock is set: it runs again" is tsn0 running '^$'
check_eventually 3 "frames leave" ping -c 1 -w 2 -q 192.0.2.2
check_eventually 3 "the other one too" is tsn1 running '^$'
check_fails "all that is no drift" grep -q '^drift' "$daemon_log"

# What another hand does to it is put back.
tc qdisc del dev tsn1 root
check_eventually 3 "the schedule is back" shows tsn1 'flags 0x1'
check_eventually 3 "and what was below it" sh -c 'tc qdisc show dev tsn1 | grep -q "etf 10: parent 1:1"'

# The longest frame of a class: the kernel tells of it when it counts.
sed -i 's/max_sdu = \[ 0, 600 \]/max_sdu = [ 0, 500 ]/' "$daemon_dir/etc/10-test.conf"
daemon_reload
check "another max_sdu" daemon_settled
check_eventually 3 "is taken over with its schedule" \
	sh -c 'netctl show tsn0 --json | jq -e ".qdisc[0].max_sdu[1] == 500"'
check_fails "and nothing else is done for it" daemon_says 'did not do it'
sed -i 's/max_sdu = \[ 0, 500 \]/max_sdu = [ 0, 600 ]/' "$daemon_dir/etc/10-test.conf"

# Another speed: guards are reckoned anew, and what does not fit any more is said.
python3 - <<-EOF &
	import fcntl, struct, time
	queues = [open("/dev/net/tun", "rb", buffering=0) for n in range(2)]
	for q in queues: # TUNSETIFF: IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE
	    fcntl.ioctl(q, 0x400454ca, struct.pack("16sH22x", b"tap0", 0x0002 | 0x1000 | 0x0100))
	time.sleep(600)
	EOF
at_exit "kill $! 2>/dev/null"
check_eventually 3 "a device that can have any speed" ethtool -s tap0 speed 1000 duplex full autoneg off
daemon_config <<-EOF
	interfaces = ( { name = "tap0"; qdisc = ( { kind = "taprio"; num_tc = 2; map = [ 0, 1 ];
	    queues = [ "1@0", "1@1" ]; clock = "TAI"; max_sdu = [ 0, 600 ];
	    schedule = ( { gates = 0x1; interval = "300us"; }, { gates = 0x2; interval = "2ms"; } ); } ); } );
	EOF
daemon_reload
check "with a schedule" daemon_settled
check_eventually 3 "it runs at 1 Gbit/s" is tap0 running '^$'
ethtool -s tap0 speed 10 duplex full autoneg off
check_eventually 4 "not at 10 Mbit/s: said" is tap0 degraded \
	'class 0 is open for 300us at most, and a packet of 1500 bytes takes 1230400ns at 10 Mbit/s'
check_eventually 4 "armed again, because devices reckon with the speed" armed_again tap0 1
check_equal "once" 1 "$(tsn tap0 armed_again)"
check "the chart says so too" sh -c 'netctl tsn tap0 | grep -q "too short for"'
ethtool -s tap0 speed 1000 duplex full autoneg off
check_eventually 4 "and at 1 Gbit/s again" is tap0 running '^$'
check_fails "which is no drift" grep -q '^drift.*tap0' "$daemon_log"

# A device that goes while its clock is waited for; a daemon that is killed while a schedule is pending.
waits() { # INTERVAL BASE
	daemon_config <<-EOF
		interfaces = ( { name = "$nsim"; qdisc = { kind = "taprio"; num_tc = 2; map = [ 0, 1 ];
		    queues = [ "1@0", "1@1" ]; offload = "full";
		    schedule = ( { gates = 0x1; interval = "250us"; }, { gates = 0x2; interval = "750us"; } ); }; },
		  { name = "tsn2"; tsn = { wait_clock = "no"; }; qdisc = { kind = "taprio"; num_tc = 2; map = [ 0, 1 ];
		    queues = [ "1@0", "1@1" ]; clock = "TAI"; base_time = "$2";
		    schedule = ( { gates = 0x1; interval = "$1"; }, { gates = 0x2; interval = "70ms"; } ); }; } );
	EOF
	daemon_reload
	daemon_settled
}
echo 1 >/sys/bus/netdevsim/del_device
lab_netdevsim 1 4
ip link add tsn2 numtxqueues 4 type veth peer name tsn2-far
ip link set tsn2-far up
waits 30ms 0
check_eventually 5 "a new device waits for its clock" is "$nsim" wait-clock 1970
echo 1 >/sys/bus/netdevsim/del_device
gone() { [ "$(netctl show "$nsim" --json | jq -r '"\(.state.management) \(.tsn.state)"')" = "absent null" ]; }
check_eventually 5 "it vanishes meanwhile: absent, and nothing is said of its schedule" gone
base=$(python3 -c 'import time; print(time.clock_gettime_ns(11) // 10**9 * 10**9 + 20 * 10**9)')
waits 40ms "$base"
check "pending" is tsn2 pending "begins at $base"
daemon_kill
daemon_start -v
check "the daemon is killed and started again meanwhile" daemon_settled
check_equal "nothing is done" 0 "$(daemon_requests)"
check_eventually 15 "it runs when it is time" is tsn2 running '^$'
check_equal "from the base time on" "$base" "$(tsn tsn2 effective_base_time)"
check_equal "and was not armed again" 0 "$(tsn tsn2 armed_again)"

# Another speed of a device that sees to the gates itself, and is told of no speed by the kernel.
schedules() { cat /sys/module/ethsim/parameters/schedules; }
if insmod "$LAB_MODULES/ethsim.ko" link=0; then
	daemon_config <<-EOF
		interfaces = ( { name = "ethsim0"; tsn = { wait_clock = "no"; };
		  qdisc = ( { kind = "taprio"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ];
		    offload = "full"; max_sdu = [ 0, 600 ];
		    schedule = ( { gates = 0x1; interval = "300us"; }, { gates = 0x2; interval = "2ms"; } ); } ); } );
	EOF
	daemon_reload
	check "a schedule for a device without a link" daemon_settled
	given_times() { [ "$(schedules)" = "$1" ]; }
	check_eventually 5 "the device was given it, at a speed that nobody knows" given_times 1
	check_eventually 5 "it waits for the link" is ethsim0 wait-link 'no carrier'
	again() { [ "$(tsn ethsim0 armed_again)" = "$1" ]; }
	check "and was not given it again" again 0
	echo 1 >/sys/module/ethsim/parameters/link
	at_speed() { netctl show ethsim0 --json | jq -e ".ethernet.link_speed == $1" >/dev/null; }
	check_eventually 10 "the link comes" at_speed 1000
	check_eventually 10 "it is given again: before, the speed was not known" given_times 2
	check_eventually 10 "which is counted" again 1
	check_eventually 10 "it runs at 1 Gbit/s" is ethsim0 running '^$'
	ethtool -s ethsim0 speed 10 duplex full autoneg off
	check_eventually 10 "not at 10 Mbit/s: said" is ethsim0 degraded \
		'class 0 is open for 300us at most, and a packet of 1500 bytes takes 1230400ns at 10 Mbit/s'
	check_eventually 10 "the device was given it again" given_times 3
	check_eventually 10 "which is counted" again 2
	check "and said" grep -q "ethsim0: the gate schedule is armed again: the link's speed was 1000 Mbit/s and is 10" "$daemon_log"
	ethtool -s ethsim0 autoneg on
	check_eventually 10 "at 1 Gbit/s again: the same" again 3
	check_eventually 10 "it runs" is ethsim0 running '^$'
	check_fails "which is no drift" grep -q '^drift.*ethsim0' "$daemon_log"
else
	note "no module ethsim: no speed change with full offload"
fi

echo 'interfaces = ();' | daemon_config
daemon_reload
check "without a configuration" daemon_settled
check_equal "no schedule is left" "" "$(tc qdisc show | grep taprio)"
check "and the chart says so" sh -c 'netctl tsn 2>&1 | grep -q "no port has"'
finish
