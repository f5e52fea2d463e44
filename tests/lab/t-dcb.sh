#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Data Center Bridging on a device that has it (modules/ethsim): set, read back as
# iproute2's dcb says it, put back after another hand, there again after the driver was
# taken away and given back, reset; and what devices say that do not have it.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

insmod "$LAB_MODULES/ethsim.ko" || skip_all "needs the module ethsim"
eventually 5 test -e /sys/class/net/ethsim0 || skip_all "needs ethsim0"
lab_espressobin || skip_all "needs the module ebsim"
lab_dbus
daemon_bus=
is() { [ "$("${@:2}" 2>/dev/null)" = "$1" ]; }
shows() { netctl show ethsim0 --json | jq -c ".dcb$1"; }
config() { # SETTINGS: of the group dcb
	daemon_config <<END
interfaces = ( { name = "ethsim0"; dcb = { $1 }; } );
END
}
# What iproute2 says of one table: OBJECT FILTER. Debian 12's knows nothing of PCP, and says so.
says() { dcb -N -j "$1" show dev ethsim0 2>/dev/null | jq -c "$2"; }
app() { says app "[.${1}_prio[]?] | sort"; }
all() { for o in app pfc buffer ets; do dcb -N -j $o show dev ethsim0 2>&1; done; }
nothing() {
	daemon_config <<-END
	interfaces = ( { name = "ethsim0"; } );
	END
}

nothing
fresh=$(all)
dcb app add dev ethsim0 dscp-prio 10:1 default-prio 2
before=$(all)
daemon_start -v
check "the daemon settles" daemon_settled

settings='trust = [ "dscp", "pcp" ]; default_prio = [ 1 ];
	dscp_prio = [ "EF:5", "CS6:6", "26:3" ]; pcp_prio = [ "3nd:3", "3de:2" ];
	ethtype_prio = [ "0x88f7:7" ]; dgram_port_prio = [ "319:7", "4791:3" ]; port_prio = [ "22:4" ];
	pfc = [ 3, 4 ]; pfc_delay = 4096;
	prio_buffer = [ 0, 0, 0, 1, 0, 0, 0, 2 ];
	buffer_size = [ 65536, 131072, 32768, 0, 0, 0, 0, 0 ];
	prio_tc = [ 0, 0, 0, 1, 0, 2, 2, 2 ]; tc_bw = [ 60, 40, 0, 0, 0, 0, 0, 0 ];
	tc_tsa = [ "ets", "ets", "strict", "strict", "strict", "strict", "strict", "strict" ];
	ets_willing = true;'
config "$settings"
check "the configuration is applied" netctl apply
witness() { # WHEN
	check_equal "$1: default" '[1]' "$(app default)"
	check_equal "by DSCP" '[[26,3],[46,5],[48,6]]' "$(app dscp)"
	check_equal "by Ethernet type" '[[35063,7]]' "$(app ethtype)"
	check_equal "by UDP port" '[[319,7],[4791,3]]' "$(app dgram_port)"
	check_equal "by port" '[[22,4]]' "$(app port)"
	check_equal "trust, and by tag, which this iproute2 does not know" '[["dscp","pcp"],["3nd:3","3de:2"]]' \
		"$(shows '|[.trust,.pcp_prio]')"
	check_equal "PFC" '[4,false,4096,[3,4]]' \
		"$(says pfc '[.pfc_cap,.macsec_bypass,.delay,[.prio_pfc|to_entries[]|select(.value)|.key]]')"
	check_equal "buffers" '[262144,[0,0,0,1,0,0,0,2],[65536,131072,32768,0,0,0,0,0]]' \
		"$(says buffer '[.total_size,.prio_buffer,.buffer_size]')"
	check_equal "classes" '[true,[0,0,0,1,0,2,2,2],[60,40,0,0,0,0,0,0],"ets","ets","strict"]' \
		"$(says ets '[.willing,.prio_tc,.tc_bw,.tc_tsa[0],.tc_tsa[1],.tc_tsa[2]]')"
	check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"
}
witness "set"
check_equal "state: how many classes can be paused, what there is for buffers" '[4,262144,8]' \
	"$(shows '|[.pfc_capacity,.buffer_total,.ets_capacity]')"

check_equal "how often single priorities were paused" '[["3",103,203],["4",104,204]]' \
	"$(netctl stats --json ethsim0 | jq -c '[.interfaces[0].statistics[] | select(.group == "pfc") |
		[.instance, .counters.requests, .counters.indications]]')"

note "another hand"
dcb app add dev ethsim0 dscp-prio 12:1
check_eventually 3 "an entry too many goes" is '[[26,3],[46,5],[48,6]]' app dscp
dcb app del dev ethsim0 dscp-prio 46:5
check_eventually 3 "one too few comes" is '[[26,3],[46,5],[48,6]]' app dscp
dcb pfc set dev ethsim0 prio-pfc 3:off
check_eventually 3 "PFC" is '[3,4]' says pfc '[.prio_pfc|to_entries[]|select(.value)|.key]'

note "gone from the configuration, and there again"
nothing
check "applied" netctl apply
check_equal "all is as it was before" "" "$(diff <(echo "$before") <(all))"
check_equal "trust too" '["pcp"]' "$(shows .trust)"
config "$settings"
check "applied" netctl apply

note "the driver goes and comes"
management() { netctl show ethsim0 --json | jq -r .state.management; }
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/unbind
check_eventually 3 "the device is told as absent" is absent management
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/bind
check_eventually 5 "and is as configured when it is back" is ok management
witness "back"

note "refused"
told() { grep -q "$1" /tmp/said; }
said() {
	config "$1"
	netctl apply >/tmp/said 2>&1
}
said 'stream_port_prio = [ "3260:4" ];'
check "what the driver refuses, though the kernel says done" \
	told 'dcb.stream_port_prio: .*ethsim: Operation not supported'
said 'pfc = [ 0, 1, 2, 3, 4 ];'
check "more than it can pause" told 'dcb.pfc: .*ethsim: Invalid argument'
said 'buffer_size = [ 262144, 1, 0, 0, 0, 0, 0, 0 ];'
check "more buffer than there is" told 'dcb.buffer_size: .*ethsim: No space left'
said 'pfc_macsec_bypass = true;'
check "what the driver leaves as it is without a word" \
	told 'dcb.pfc_macsec_bypass: .*the kernel accepted this, but did not do it'
said 'trust = [ "port" ];'
check "trust that it has no way to" told 'dcb.trust: .*ethsim: Operation not supported'
said 'dscp_prio = [ "64:1" ];'
check "no code point" told 'dcb.dscp_prio: "64:1" is not KEY:PRIORITY'
said 'tc_bw = [ 50, 0, 0, 0, 0, 0, 0, 0 ]; tc_tsa = [ "ets", "ets", "strict", "strict", "strict", "strict", "strict", "strict" ];'
check "half of the bandwidth" told 'dcb.tc_bw: .* 50 percent together'
check_equal "none of it left a trace" '[[26,3],[46,5],[48,6]]' "$(app dscp)"

note "devices that do not have it"
also() { # INTERFACE SETTINGS
	daemon_config <<END
interfaces = ( { name = "ethsim0"; dcb = { $settings }; }, { name = "$1"; dcb = { $2 }; } );
END
	netctl apply >/tmp/said 2>&1
}
also lan0 'pfc = [ 3 ];'
check "a port of a switch has no PFC" \
	told 'lan0: dcb.pfc: .*mv88e6.*Operation not supported (the driver does not have this table)'
also lan0 'dscp_prio = [ "46:5" ];'
check "nor priorities, says its driver" told 'lan0: dcb.dscp_prio: .*Operation not supported'
also lo 'pfc = [ 3 ];'
check "nor has the loopback any DCB" told 'lo: dcb.pfc: .*Operation not supported (the driver has no DCB)'

note "gone from the configuration, of a device that was new since"
nothing
check "applied" netctl apply
check_equal "all is as on a new one" "" "$(diff <(echo "$fresh") <(all))"
check_equal "trust too" '["pcp"]' "$(shows .trust)"
daemon_stop
check "the daemon ends" daemon_stopped
finish
