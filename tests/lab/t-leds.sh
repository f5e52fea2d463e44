#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Lights of the switch's ports: what the hardware shows by itself, what the
# processor has to, and that they come back with the driver and go back to what
# they were.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_dbus
daemon_bus=
config() { daemon_config && netctl apply >/tmp/said 2>&1; }
value() { netctl show "$1" --json | jq -c "$2"; }
light() { cat "/sys/class/leds/ebsim-$1:lan/$2"; }
trigger_of() { light "$1" trigger | grep -o '\[.*\]'; }

lab_espressobin
echo 'interfaces = ();' | daemon_config
daemon_start -v
daemon_settled
echo 'interfaces = ( { name = "lan0"; }, { name = "eth0"; } );' | config
check_equal "the lights of a port, found by the device tree" '"ebsim-12:green:lan" "ebsim-12:yellow:lan" null' \
	"$(netctl show lan0 --json | jq -r '[.led0.name, .led1.name, .led2.name] | map(@json) | join(" ")')"
check_equal "they are dark" '"none"' "$(value lan0 .led0.trigger)"
check_equal "another port has its own" '"ebsim-13:green:lan"' "$(value lan1 .led0.name)"

config <<-END
interfaces = ( { name = "eth0"; },
  { name = "lan0"; led0 = { link = true; tx = true; rx = true; }; led1 = { link_1000 = true; }; } );
END
check_equal "the first: a link, and traffic" "[netdev] lan0 1 1 1" \
	"$(trigger_of 12:green) $(light 12:green device_name) $(light 12:green link) $(light 12:green tx) $(light 12:green rx)"
check_equal "by the hardware" true "$(value lan0 .led0.offloaded)"
check_equal "the second: full speed" "1 0" "$(light 12:yellow link_1000) $(light 12:yellow link)"
check_equal "the same on D-Bus" 'b true' \
	"$(busctl get-property org.netctl1 /org/netctl1/link/lan0 org.netctl1.Led1 Link1000)"
check "again there is nothing to do" sh -c 'netctl plan 2>&1 | grep -q "nothing to do"'

config <<-END
interfaces = ( { name = "eth0"; }, { name = "lan0"; led0 = { link_100 = true; full_duplex = true; interval = 100; }; } );
END
check_equal "what the hardware cannot show the processor does" "false 1 0 100" \
	"$(value lan0 .led0.offloaded) $(light 12:green link_100) $(light 12:green link) $(light 12:green interval)"
check_equal "the second is as before" "[none]" "$(trigger_of 12:yellow)"
check_fails "any speed and one of them" config \
	<<<'interfaces = ( { name = "lan0"; led0 = { link = true; link_100 = true; }; } );'
check "is refused" grep -q "10-test.conf:1: lan0: led0.link_100: link is on too" /tmp/said
check_fails "a trigger that there is not" config \
	<<<'interfaces = ( { name = "eth0"; }, { name = "lan0"; led0 = { trigger = "nonsense"; }; } );'
check "is told" grep -q "lan0: led0.trigger: .* -> nonsense.*: .*Invalid argument" /tmp/said
check_equal "and undone" "[netdev] 1" "$(trigger_of 12:green) $(light 12:green link_100)"
config <<<'interfaces = ( { name = "eth0"; }, { name = "lan0"; led0 = { link = true; tx = true; }; } );'
check_equal "one speed, and then any: what is no longer named is put back" "1 0 0 1 50" \
	"$(for file in link link_100 full_duplex tx interval; do light 12:green $file; done | paste -sd' ')"
config <<<'interfaces = ( { name = "eth0"; }, { name = "lan0"; led0 = { link = true; }; } );'
check_equal "also one that began as dark as it is now" "1 0" "$(light 12:green link) $(light 12:green tx)"
config <<<'interfaces = ( { name = "eth0"; }, { name = "lan0"; led2 = { link = true; }; } );'
waits() { netctl show lan0 --json | jq -r .state.reason | grep -q "^led2: waits for a port with so many lights: the kernel has 2 of lan0"; }
check_eventually 2 "a light that there is not is waited for" waits

# The driver goes and comes back.
config <<<'interfaces = ( { name = "eth0"; }, { name = "lan0"; led0 = { link = true; rx = true; }; } );'
echo ebsim:01 >/sys/bus/mdio_bus/drivers/mv88e6085/unbind
check_fails "without the driver there is no light" test -e /sys/class/leds/ebsim-12:green:lan
echo ebsim:01 >/sys/bus/mdio_bus/drivers/mv88e6085/bind
lit() { [ "$(trigger_of 12:green) $(light 12:green link) $(light 12:green rx) $(light 12:green device_name)" = "[netdev] 1 1 lan0" ]; }
check_eventually 5 "with it, it is as configured" lit
echo 'interfaces = ();' | config
check_equal "at the end they are dark again" "[none] [none]" "$(trigger_of 12:green) $(trigger_of 12:yellow)"
daemon_stop
check "the daemon stops" daemon_stopped
check "the kernel did not complain" lab_kernel_complaints
finish
