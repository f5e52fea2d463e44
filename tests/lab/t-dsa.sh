#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The switch and its conduit on the kernel's own drivers: what is told of them,
# what is refused, and that a conduit carries its ports through every change.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
config() { daemon_config && netctl apply >/tmp/said 2>&1; }
value() { netctl show "$1" --json | jq -c "$2"; }
is_up() { ip -br link show "$1" | grep -q '[<,]UP[,>]'; }

# The conduit is there before its switch is.
echo 'interfaces = ( { name = "lan0"; }, { name = "eth0"; } );' | daemon_config
daemon_start -v
daemon_settled
lab_espressobin
check_eventually 5 "a port comes up when the switch appears" is_up lan0
check "its conduit with it" is_up eth0

# What it is.
check_equal "the port's place in the switch" '"00000000" "p2" "eth0"' \
	"$(netctl show lan0 --json | jq -r '[.state.phys_switch_id, .state.phys_port_name, .dsa.conduit] |
	map(@json) | join(" ")')"
check_equal "the conduit's tag protocol and ports" '{"tagging":"edsa","ports":3}' "$(value eth0 .dsa)"
check_equal "the same on D-Bus" 's "edsa"' \
	"$(busctl get-property org.netctl1 /org/netctl1/link/eth0 org.netctl1.Dsa Tagging)"

check_eventually 3 "a link on lan0" lab_carrier lan0
check_equal "the front panel" "switch on eth0 (edsa):  wan down  lan0 up  lan1 down" \
	"$(netctl status | grep '^switch')"
check_equal "and as JSON" '{"id":"00000000","ports":["wan","lan0","lan1"],"conduits":["eth0"]}' \
	"$(netctl status --json | jq -c '.switches[0]')"

# Programs: the ports have no native XDP (that it is refused stands below).
echo 'interfaces = ( { name = "lan0"; xdp = { program = "stats"; }; }, { name = "eth0"; } );' | daemon_config
check "the plan says what a program on a port will be" sh -c \
	"netctl plan 2>&1 | grep -q 'lan0: xdp.mode: will be generic'"
check "which it becomes" netctl apply
check_equal "and is told" generic "$(value lan0 .xdp.attached | tr -d '"')"
config <<<'interfaces = ( { name = "lan0"; }, { name = "eth0"; } );'

# The device behind the ports: its own facts stand with the conduit.
check_equal "the chip and its driver" '"mdio_bus/ebsim:01" "mv88e6085" "asic.id Marvell 88E6341"' \
	"$(netctl show eth0 --json | jq -r '[.devlink.device, .devlink.driver, .devlink.fixed] | map(@json) | join(" ")')"
check_equal "the port says whose it is" '"mdio_bus/ebsim:01"' "$(value lan0 .state.parent_dev)"
check_equal "and its driver" '"mv88e6085"' "$(value lan0 .state.driver)"
hash=$(value eth0 .devlink.atu_hash)
check "another hash for the address table" config \
	<<<'interfaces = ( { name = "lan0"; }, { name = "eth0"; devlink = { atu_hash = 3; }; } );'
atu_hash() { devlink -j dev param show mdio_bus/ebsim:01 name ATU_hash | jq -r '.param[][].values[].value'; }
check_equal "is in the switch" 3 "$(atu_hash)"
check_equal "and on D-Bus" 'y 3' \
	"$(busctl get-property org.netctl1 /org/netctl1/link/eth0 org.netctl1.Devlink AtuHash)"
devlink dev param set mdio_bus/ebsim:01 name ATU_hash value 2 cmode runtime
put_back() { [ "$(atu_hash)" = 3 ]; }
check_eventually 3 "another hand's change is put back" put_back
config <<<'interfaces = ( { name = "lan0"; }, { name = "eth0"; } );'
check_equal "without the setting it is as before" "$hash" "$(value eth0 .devlink.atu_hash)"
occupancy() { netctl stats eth0 --json | jq -c '.interfaces[0].statistics[] | select(.group == "resource" and .instance == "ATU") |
	[.counters.size, .counters.occupancy]'; }
check_equal "how full the address table is" "[2048,$(devlink -j resource show mdio_bus/ebsim:01 |
	jq '.resources[][] | select(.name == "ATU").occ')]" "$(occupancy)"
check_fails "a hash that there is not" config <<<'interfaces = ( { name = "eth0"; devlink = { atu_hash = 4; }; } );'

# What a conduit cannot have is refused before anything is touched.
refused() { # WHAT PATTERN, configuration on standard input
	check_fails "refused: $1" config
	check "with the reason: $2" grep -q "$2" /tmp/said
}
refused "a conduit as port of a bridge" "10-test.conf:1: eth0: master: is the conduit of lan0" \
	<<<'interfaces = ( { name = "br0"; kind = "bridge"; }, { name = "eth0"; master = "br0"; } );'
refused "an address on it" "eth0: addresses: is the conduit of lan0: IP never sees a frame of it" \
	<<<'interfaces = ( { name = "eth0"; addresses = [ "192.0.2.1/24" ]; } );'
refused "a VLAN on it" "v: kind: cannot stand on eth0, which is the conduit of lan0" \
	<<<'interfaces = ( { name = "v"; kind = "vlan"; vlan = { link = "eth0"; id = 5; }; } );'
check_fails "which the kernel would refuse too" ip link add link eth0 name v type vlan id 5
refused "taking it down under a port" "eth0: up: is the conduit of lan0, which is to be up" \
	<<<'interfaces = ( { name = "lan0"; }, { name = "eth0"; up = false; } );'
refused "an MTU of its own" "eth0: mtu: is the conduit of lan0: the kernel makes it follow" \
	<<<'interfaces = ( { name = "lan0"; }, { name = "eth0"; mtu = 9000; } );'
check "nothing was touched" is_up lan0

# What these ports cannot, and what is not what one would think; the table names its sources.
mqprio() { # NAME
	echo "interfaces = ( { name = \"$1\"; qdisc = ( { kind = \"mqprio\"; handle = \"1:\"; num_tc = 2;" \
		"map = [ 0, 1 ]; queues = [ \"1@0\", \"1@1\" ]; hw = false; } ); } );"
}
refused "classes on a port with one queue" "lan0: qdisc.mqprio: a port of this switch has one queue" \
	< <(mqprio lan0)
refused "taprio there" "lan0: qdisc.taprio: a port of this switch has one queue" <<-END
interfaces = ( { name = "lan0"; qdisc = ( { kind = "taprio"; handle = "1:"; num_tc = 2; clock = "TAI";
  map = [ 0, 1 ]; queues = [ "1@0", "1@1" ]; base_time = "0";
  schedule = ( { gates = 0x1; interval = "500us"; }, { gates = 0x3; interval = "500us"; } ); } ); } );
END
refused "native XDP on a port" "lan0: xdp.mode: a switch's user port runs programs in generic mode only" \
	<<<'interfaces = ( { name = "lan0"; xdp = { program = "stats"; mode = "native"; }; } );'

# Without the daemon's help, of the machine's own files and of others.
mkdir -p /etc/netctld
echo 'interfaces = ( { name = "eth0"; addresses = [ "192.0.2.1/24" ]; } );' >/etc/netctld/1.conf
check_fails "check knows the conduit from the kernel" sh -c 'netctl check >/tmp/said 2>&1'
check "and says so" grep -q "1.conf:1: eth0: addresses: is the conduit of lan0" /tmp/said
check "another file is not wrong for it" sh -c 'cp /etc/netctld/1.conf /tmp/1.conf; netctl check /tmp/1.conf >/tmp/said 2>&1'
check "and yet told" grep -q "^warning: /tmp/1.conf:1: eth0: addresses: is the conduit of lan0" /tmp/said
mqprio eth0 >/etc/netctld/1.conf
check "classes on the conduit are possible" sh -c 'netctl check >/tmp/said 2>&1'
check "and explained" grep -q "^warning: .*1.conf:1: eth0: qdisc.mqprio: .* each with the switch's tag" /tmp/said
rm /etc/netctld/1.conf
two_bridges() { # FILTERING
	echo "interfaces = ( { name = \"eth0\"; }, { name = \"lan0\"; master = \"br0\"; }, { name = \"lan1\"; master = \"br1\"; }," \
	"{ name = \"br0\"; kind = \"bridge\"; }, { name = \"br1\"; kind = \"bridge\"; bridge = { vlan_filtering = $1; }; } );"
}
two_bridges false | daemon_config
check "two bridges that look at no VLANs are possible" netctl apply
check "status warns of the one address database" sh -c 'netctl status | grep -q "^warning: .*br1: bridge.vlan_filtering: .*one address database"'
check "so does the log" grep -q "br1: bridge.vlan_filtering: .*one address database" "$daemon_log"
two_bridges true | daemon_config
check "when one looks at them" netctl apply
check_equal "there is nothing to warn of" '[]' "$(netctl status --json | jq -c .warnings)"

# The MTU follows from the ports.
config <<<'interfaces = ( { name = "lan0"; mtu = 4000; }, { name = "lan1"; }, { name = "eth0"; } );'
check_equal "the conduit's MTU: its ports' largest and the tag" 4008 "$(cat /sys/class/net/eth0/mtu)"
check_equal "and it is shown" 4008 "$(value eth0 .mtu)"

# The entry of the conduit goes: it was down before the daemon came, and stays up all the same.
config <<<'interfaces = ( { name = "lan0"; }, { name = "lan1"; } );'
check "the conduit is not taken down under its ports" is_up eth0
check "nor did they notice" is_up lan0
check_equal "the port's MTU is back, and the conduit's with it" "1500 1508" \
	"$(cat /sys/class/net/lan0/mtu) $(cat /sys/class/net/eth0/mtu)"

# A device with reporters of its health, and with resources within others.
lab_netdevsim 1
statistic() { netctl stats eth1 --json | jq -c ".interfaces[0].statistics[] | select(.group == \"$1\" and .instance == \"$2\") | .counters"; }
check_equal "a health reporter" '{"healthy":1,"errors":0,"recoveries":0}' "$(statistic health dummy)"
echo failed >/sys/kernel/debug/netdevsim/netdevsim1/health/break_health
check_equal "that has recovered from an error" '{"healthy":1,"errors":1,"recoveries":1}' "$(statistic health dummy)"
check "a resource within another" sh -c "[ '$(statistic resource IPv4/fib | jq '.occupancy >= 0')' = true ]"
echo 1 >/sys/bus/netdevsim/del_device

# Who is behind which port, and what of it the switch has.
config <<<'interfaces = ( { name = "eth0"; }, { name = "br0"; kind = "bridge"; }, { name = "lan0"; master = "br0"; } );'
bridge fdb add 02:00:00:00:00:01 dev lan0 master static
bridge mdb add dev br0 port lan0 grp 239.1.1.1 permanent
entry() { netctl fdb lan0 --json | jq -c "[.entries[] | select(.address == \"$1\") | {b: .bridge, s: .state, o: .offloaded}] | unique"; }
in_switch() { [ "$(entry 02:00:00:00:00:01)" = '[{"b":null,"s":"static","o":true},{"b":"br0","s":"static","o":true}]' ]; }
check_eventually 2 "an address is in the bridge's table and in the switch's" in_switch
in_groups() { [ "$(entry 239.1.1.1)" = '[{"b":"br0","s":"static","o":true}]' ]; }
check_eventually 2 "a group, too" in_groups
ip link add dummy1 type dummy
ip link set dummy1 up master br0
bridge fdb add 02:00:00:00:00:02 dev dummy1 master static
check_equal "what is behind a port of no switch is in it, as the processor's" '[true]' \
	"$(netctl fdb dummy1 --json | jq -c '[.entries[] | select(.address == "02:00:00:00:00:02").offloaded] | unique')"
check "and as a table" sh -c 'netctl fdb br0 | grep -q "^ *lan0 *02:00:00:00:00:01 .*br0 *static *yes"'
ip link del dummy1
config <<<'interfaces = ( { name = "lan0"; }, { name = "lan1"; }, { name = "eth0"; } );'

# Another conduit: this driver cannot.
ip link add dummy0 type dummy
check_fails "another conduit" config \
	<<<'interfaces = ( { name = "lan0"; dsa = { conduit = "dummy0"; }; }, { name = "lan1"; } );'
check "with the kernel's words" grep -q \
	"lan0: dsa.conduit: eth0 -> dummy0: .*Driver does not support changing DSA conduit" /tmp/said

# The tag protocol: all down, changed, all up again; frames flow with either.
lab_host home lan0 192.168.10.2/24
lab_host office lan1 192.168.10.3/24
router() { # TAGGING
	config <<-END
	interfaces = ( { name = "eth0"; dsa = { tagging = "$1"; }; },
	  { name = "br0"; kind = "bridge"; addresses = [ "192.168.10.1/24" ]; },
	  { name = "lan0"; master = "br0"; }, { name = "lan1"; master = "br0"; } );
	END
}
router edsa
check_eventually 5 "the router answers through edsa tags" lab_reach home 192.168.10.1
daemon_config <<-END
interfaces = ( { name = "eth0"; dsa = { tagging = "dsa"; }; }, { name = "lan0"; }, { name = "lan1"; } );
END
check_equal "the plan says what goes down for it" "eth0 lan0 lan1" \
	"$(netctl plan --json | jq -r '[.[] | .[]? | select(.phase? == "down") | .name // .object] | sort | join(" ")')"
check "another tag protocol" router dsa
check_equal "is in the kernel" dsa "$(cat /sys/class/net/eth0/dsa/tagging)"
check_equal "and shown" '"dsa"' "$(value eth0 .dsa.tagging)"
check_equal "the MTU of the conduit follows: a shorter tag" 1504 "$(cat /sys/class/net/eth0/mtu)"
check_eventually 5 "the ports are up again" sh -c '[ "$(cat /sys/class/net/lan[01]/operstate | sort -u)" = up ]'
check_eventually 5 "the router answers through dsa tags" lab_reach home 192.168.10.1
check_eventually 5 "the hosts reach each other" lab_reach home 192.168.10.3
check_fails "a protocol that the switch does not speak" router ocelot
check "says so, and is undone" grep -q "eth0: dsa.tagging: dsa -> ocelot" /tmp/said
check_eventually 5 "with all ports up" sh -c '[ "$(cat /sys/class/net/lan[01]/operstate | sort -u)" = up ]'
lab_host_out home
lab_host_out office

# The driver goes and comes back: everything is applied again.
lab_espressobin_out
check_eventually 3 "without the switch the ports are absent" \
	sh -c '[ "$(netctl show lan0 --json | jq -r .state.management)" = absent ]'
ip netns del street
lab_espressobin
check_eventually 5 "with the switch back, its tag protocol too" grep -q '^dsa$' /sys/class/net/eth0/dsa/tagging
check_eventually 5 "and the ports are in the bridge, up" sh -c '
	[ -e /sys/class/net/lan0/brport ] && [ "$(cat /sys/class/net/lan0/operstate)" = up ]'

echo 'interfaces = ();' | config
check_equal "at the end the tag protocol is as it was" edsa "$(cat /sys/class/net/eth0/dsa/tagging)"
check_eventually 2 "and the conduit down, as it was" sh -c '! ip -br link show eth0 | grep -q "[<,]UP[,>]"'
daemon_stop
check "the daemon stops" daemon_stopped
finish
