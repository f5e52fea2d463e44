#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The front panel to the letter: what netctl status prints for a state that a
# stand-in for the daemon tells, so that every kind of trouble can be in it.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus"

out=$bus_dir/out
state=$bus_dir/state.json
cat >"$bus_dir/daemon.py" <<'EOT'
import sys, dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib
DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
class Manager(dbus.service.Object):
    @dbus.service.method("org.netctl1.Manager", in_signature="as", out_signature="s")
    def DescribeGroups(self, groups):
        return open(sys.argv[1]).read()
    @dbus.service.method("org.netctl1.Manager", out_signature="s")
    def Describe(self):
        return open(sys.argv[1]).read()
name = dbus.service.BusName("org.netctl1", bus)
manager = Manager(bus, "/org/netctl1")
GLib.MainLoop().run()
EOT
ip link set lo up
bus_start
stand_in() {
	/usr/bin/python3 "$bus_dir/daemon.py" "$state" >"$bus_dir/daemon.log" 2>&1 &
	stand_in_pid=$!
}
at_exit 'kill $stand_in_pid $wait_pid 2>/dev/null'
stand_in
echo '{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[]}' >"$state"
export LC_ALL=C.UTF-8 TERM=xterm COLUMNS=80
unset NO_COLOR
eventually 10 sh -c "'$NETCTL' status >/dev/null 2>&1" || cat "$bus_dir/daemon.log"

run() {
	"$NETCTL" "$@" >"$out" 2>&1
}
# panel DESCRIPTION: what is on standard input is what was printed
panel() {
	check_equal "$1" "$(cat)" "$(cat "$out")"
}
fits() {
	! awk 'length > 80' "$out" | grep .
}

cat >"$state" <<'EOT'
{"version":1,"program":"x","state":"degraded","generation":7,"netlink":{},"errors":[],
 "confirm":{"generation":7,"deadline_usec":1,"left_usec":41500000},
 "holds":[{"name":"lan2","left_usec":60000000}],
 "interfaces":[
 {"name":"br0","kind":"bridge","up":true,"bridge":{"vlan_filtering":true},"port":{"tagged":[10,"20-29"]},
  "state":{"ifindex":3,"management":"ok","carrier":true}},
 {"name":"lan0","up":true,"master":"br0","ethernet":{"link_speed":1000,"link_duplex":"full"},
  "port":{"pvid":10,"untagged":[10],"tagged":["20-29"]},"state":{"ifindex":4,"management":"ok","carrier":true}},
 {"name":"lan1","up":true,"master":"br0","ethernet":{"link_speed":2500},
  "port":{"pvid":25,"untagged":["20-29"],"tagged":[]},"state":{"ifindex":5,"management":"ok","carrier":true}},
 {"name":"lan2","up":true,"master":"br0","ethernet":{"link_speed":4294967295},
  "port":{"pvid":0,"untagged":[],"tagged":[10]},
  "state":{"ifindex":6,"management":"held","carrier":true,"reason":"held for 60 s"}},
 {"name":"lan10","up":false,"state":{"ifindex":7,"management":"foreign","carrier":false}},
 {"name":"br0.10","kind":"vlan","up":true,"vlan":{"link":"br0","id":10},
  "addresses":[{"address":"192.168.10.1/24","scope":"global"},{"address":"fe80::1/64","scope":"link"},
   {"address":"2001:db8:1234:5678:9abc:def0:1234:5678/64","scope":"global"},
   {"address":"203.0.113.1/24","scope":"global"}],
  "state":{"ifindex":8,"management":"ok","carrier":true,"lower":"br0"}},
 {"name":"wan","up":true,"ethernet":{"link_speed":100,"link_duplex":"half"},
  "addresses":["203.0.113.2/24"],
  "state":{"ifindex":2,"management":"failed","carrier":true,
   "reason":"wan.conf:9: wan: mtu: 1500 -> 60000: Invalid argument (mtu greater than device maximum)"}},
 {"name":"sfp0","up":false,"state":{"ifindex":0,"management":"absent"}},
 {"name":"tun0","up":true,"state":{"ifindex":9,"management":"waiting","carrier":false,"reason":"waits for sfp0"}},
 {"name":"all","state":{"ifindex":-1,"management":"foreign"}}
]}
EOT
run status
panel "a panel with everything" <<'EOT'
netctld degraded, generation 7,
  9 interfaces: 4 ok, 1 waiting, 1 absent, 1 held, 1 failed, 1 foreign
generation 7 waits for confirmation, 42 s left: netctl confirm 7
lan2 is held, 60 s left

  NAME    LINK          KIND    VLANS               MASTER  ADDRESSES
● br0     up            bridge  10t 20-29t
● br0.10  up            vlan    10                  @br0    192.168.10.1/24 +2
● lan0    up 1G                 10u* 20-29t         br0
● lan1    up 2.5G               20-24u 25u* 26-29u  br0
● lan2    up                    10t                 br0
          held for 60 s
○ lan10   down
○ sfp0    absent
          there is no such device
↻ tun0    no carrier
          waits for sfp0
× wan     up 100M half                                      203.0.113.2/24
          wan.conf:9: wan: mtu: 1500 -> 60000: Invalid argument (mtu greater
          than device maximum)
EOT
check "80 columns" fits
LC_ALL=C run status wan --no-legend
panel "without UTF-8" <<'EOT'
x wan  up 100M half  203.0.113.2/24
       wan.conf:9: wan: mtu: 1500 -> 60000: Invalid argument (mtu greater than
       device maximum)
EOT
run status --color=always sfp0 lan10 --no-legend
check_equal "in colour: what is absent, what is foreign" \
	"$(printf '\033[33m○\033[0m sfp0   absent\n\033[33m         there is no such device\n\033[0m\033[2m○\033[0m lan10  down')" \
	"$(cat "$out")"
run status lan10 --no-legend
check_fails "none where it is no terminal" grep -q "$(printf '\033')" "$out"
if command -v script >/dev/null; then
	script -qec "'$NETCTL' status lan10" /dev/null >"$out" 2>&1 </dev/null
	check "colour on a terminal" grep -q "$(printf '\033')" "$out"
	NO_COLOR=1 script -qec "'$NETCTL' status lan10" /dev/null >"$out" 2>&1 </dev/null
	check_fails "but not with NO_COLOR" grep -q "$(printf '\033')" "$out"
	TERM=dumb script -qec "'$NETCTL' status lan10" /dev/null >"$out" 2>&1 </dev/null
	check_fails "nor on one that has none" grep -q "$(printf '\033')" "$out"
fi

# Hundreds: those alike and well share a line, others have their own.
jq -n '{version: 1, program: "x", state: "steady", generation: 2, netlink: {}, errors: [], interfaces:
	[range(1; 301) | {name: "p\(.)", up: true, master: "br0", ethernet: {link_speed: (if . > 200 then 10000 else 1000 end)},
		state: {ifindex: ., management: (if . == 77 then "failed" else "ok" end), carrier: true,
		reason: (if . == 77 then "the device is gone" else "" end)}}]}' >"$state"
run status
panel "three hundred ports" <<'EOT'
netctld steady, generation 2, 300 interfaces: 299 ok, 1 failed

  NAME  LINK   MASTER
● p1 … p76  76 br0 up 1G, ok
× p77   up 1G  br0
        the device is gone
● p78 … p200  123 br0 up 1G, ok
● p201 … p300  100 br0 up 10G, ok
EOT
check "80 columns" fits
sed -i 's/"failed"/"ok"/' "$state"
run status --color=always p77 --no-legend
check "what is wrong is not in the colour of what is well" \
	grep -qF "$(printf '\033')[33m       the device is gone" "$out"
run status --all
check_equal "--all: a line each" 304 "$(wc -l <"$out")"

# Before anybody has asked for anything.
echo '{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[
 {"name":"eth0","up":true,"state":{"ifindex":2,"management":"foreign","carrier":true}}]}' >"$state"
run status
check "what is next when nothing is configured" grep -q '^Nothing is configured: "netctl init" ' "$out"
run status eth0
check_fails "not when one is asked for" grep -q 'netctl init' "$out"

# Gates: the last entry of a schedule goes on until the cycle is over.
schedule() { # SPEED
	cat >"$state" <<EOT
{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[
 {"name":"tsn0","up":true,"mtu":1500,"ethernet":{"link_speed":$1},"state":{"ifindex":3,"management":"ok"},
  "qdisc":[{"kind":"taprio","num_tc":2,"map":[0,1],"base_time":"0","cycle_time":"1ms","offload":"none",
   "schedule":[{"gates":1,"interval":"200us"},{"gates":2,"interval":"300us"}]}]}]}
EOT
}
schedule 1000
run tsn
check "its share is of the whole cycle" grep -q '^ *1 .* 80% alone  80%  waits 212.3us' "$out"
check "which is as long as it is told" grep -q '^tsn0  cycle 1ms,' "$out"
schedule 4294967295
run tsn
check "no guard without a speed" grep -q "the link's speed is not known: no guard" "$out"

# Modules, on a terminal that has no other letters than ASCII.
cat >"$state" <<'EOT'
{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[
 {"name":"sfp0","up":true,"state":{"ifindex":3,"management":"ok"},"sfp":{"present":true,"type":"SFP",
  "temperature":[35.5],"limits":{"temperature":{"low_alarm":-10,"high_alarm":80,"low_warning":0,"high_warning":70}}}}]}
EOT
LC_ALL=C run sfp
check "sfp, ASCII" grep -q '35.5 C |!.*| -10 ... 80$' "$out"
check_fails "nothing else" env LC_ALL=C grep -q '[^ -~]' "$out"
run sfp
check "sfp, UTF-8" grep -q '35.5 °C ╟.*╢ -10 … 80$' "$out"

# Who waits sees a daemon that begins, though it says nothing.
echo '{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[]}' >"$state"
"$NETCTL" wait-online --timeout=60 late0:present >"$bus_dir/wait" 2>&1 &
wait_pid=$!
check_eventually 10 "wait-online waits" grep -q 'waiting for late0:present' "$bus_dir/wait"
sleep 0.5 # until it does nothing but listen; if that takes longer, less is tested
kill $stand_in_pid
wait $stand_in_pid 2>/dev/null
echo '{"version":1,"program":"x","state":"steady","generation":1,"netlink":{},"errors":[],"interfaces":[
 {"name":"late0","up":true,"state":{"ifindex":3,"management":"ok"}}]}' >"$state"
stand_in
check "and sees what another daemon says" wait $wait_pid

finish
