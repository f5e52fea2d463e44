#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Settings that few devices have, on one that has them all (modules/ethsim): each is
# set, read back as ethtool says it, put back after another hand, reset, and there again
# after the driver was taken away and given back.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

insmod "$LAB_MODULES/ethsim.ko" || skip_all "needs the module ethsim"
eventually 5 test -e /sys/class/net/ethsim0 || skip_all "needs ethsim0"
lab_dbus
daemon_bus=
is() { [ "$("${@:2}" 2>/dev/null)" = "$1" ]; }
shows() { netctl show ethsim0 --json | jq -c ".ethernet$1"; }
config() { # SETTINGS: of the group ethernet
	daemon_config <<END
interfaces = ( { name = "ethsim0"; ethernet = { $1 }; } );
END
}
# What ethtool says, a word or a line each.
wol() { ethtool ethsim0 | sed -n "s/^\t$1: *//p" | paste -sd' '; }
messages() { ethtool ethsim0 | sed -n '/Current message level/{n;s/^[\t ]*//p}'; }
flags() { ethtool --show-priv-flags ethsim0 | sed -n 's/^\(.*[^ ]\) *: on$/\1/p' | paste -sd,; }
rss_function() { ethtool -x ethsim0 | sed -n 's/^ *\([a-z0-9]*\): on$/\1/p'; }
rss_table() { ethtool -x ethsim0 | sed -n '/RSS hash key/q; s/^ *[0-9]*: *//p' | xargs; }
rss_key() { ethtool -x ethsim0 | sed -n '/hash key/{n;p}'; }
tunable() { ethtool --get-phy-tunable ethsim0 "$1"; }
module() { ethtool --show-module ethsim0 | sed -n "s/^$1: //p"; }
link() { ethtool ethsim0 | sed -n "s/^\t$1: //p"; }
pse() { cat "/sys/module/ethsim/parameters/pse_$1"; } # as ethtool 6.1 knows nothing of it
channel() { ethtool -l ethsim0 | sed -n "/^Current/,\$s/^$1:[^0-9]*//p"; }
everything() {
	ethtool ethsim0; ethtool --show-priv-flags ethsim0; ethtool -x ethsim0; ethtool --show-module ethsim0
	ethtool --show-eee ethsim0; ethtool -l ethsim0; ethtool -g ethsim0; ethtool -c ethsim0
	for t in downshift fast-link-down energy-detect-power-down; do tunable $t; done
	[ -x /usr/sbin/hwstamp_ctl ] && hwstamp_ctl -i ethsim0
} 2>&1

before=$(everything)
daemon_config <<'END'
interfaces = ( { name = "ethsim0"; } );
END
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "the link is up" lab_carrier ethsim0 1
before=$(everything)
state() { netctl show ethsim0 --json | jq -Sc '.ethernet | del(.sqi)'; }
first=$(state)

settings='
	master_slave = "forced-slave"; mdix = "on";
	wol = { modes = [ "phy", "magicsecure" ]; password = "00:11:22:33:44:55"; };
	debug = { messages = [ "probe", "hw" ]; };
	private_flags = { enabled = [ "fast", "loop back" ]; };
	rss = { function = "xor"; table = [ 1, 0 ]; key = "'$(printf 'ab:%.0s' {1..39})'cd"; };
	phy = { downshift = 5; fast_link_down = 20; energy_detect = 1000; };
	timestamps = { tx = "on"; rx = "ptpv2-event"; };
	module = { power_mode_policy = "auto"; };
	mm = { pmac_enabled = true; tx_enabled = true; verify_enabled = true; verify_time = 50;
		tx_min_frag_size = 124; };
	plca = { enabled = true; node_id = 3; node_count = 12; to_timer = 40; burst_count = 2; burst_timer = 99; };
	eee = { enabled = true; tx_lpi = true; tx_lpi_timer = 77; advertise = [ "1000baseT/Full", "2500baseT/Full" ]; };
	rings = { rx_buf_len = 4096; cqe_size = 128; tx_push = true; rx_push = true; tx_push_buf_len = 64; };
	channels = { rx = 2; tx = 3; other = 2; combined = 2; };
	coalesce = { cqe_mode_rx = true; cqe_mode_tx = true; tx_aggr_max_bytes = 1000; tx_aggr_max_frames = 5;
		tx_aggr_time_usecs = 300; };
	pse = { poe = "enable"; limit = 15400; };'
config "$settings"
check "the configuration is applied" netctl apply
witness() { # WHEN
	check_equal "$1: wake-on" "ps" "$(wol Wake-on)"
	check_equal "the password, which ethtool shows to root" "00:11:22:33:44:55" \
		"$(ethtool ethsim0 | sed -n 's/.*SecureOn password: //p')"
	check_equal "messages" "probe hw" "$(messages)"
	check_equal "private flags" "loop back,fast" "$(flags)"
	check_equal "RSS: the function" xor "$(rss_function)"
	check_equal "the table, repeated" "1 0 1 0 1 0 1 0" "$(rss_table)"
	check_equal "the key" "$(printf 'ab:%.0s' {1..39})cd" "$(rss_key)"
	check_equal "downshift" "Downshift count: 5" "$(tunable downshift)"
	check_equal "fast link down" "Fast Link Down enabled, 20 msecs" "$(tunable fast-link-down)"
	check_equal "energy detect" "Energy Detect Power Down: enabled, TX 1000 msecs" \
		"$(tunable energy-detect-power-down)"
	check_equal "module" "auto" "$(module power-mode-policy)"
	check_equal "MDI-X" "on (forced)" "$(link MDI-X)"
	check_equal "master and slave" "forced slave" "$(link 'master-slave cfg')"
	check_equal "channels" "2 3 2 2" "$(for c in RX TX Other Combined; do channel $c; done | paste -sd' ')"
	check_equal "EEE" "1" "$(ethtool --show-eee ethsim0 | grep -c 'Tx LPI: 77')"
	check_equal "what the daemon reads of PLCA" '[true,3,12,40,2,99,true]' \
		"$(shows '.plca|[.enabled,.node_id,.node_count,.to_timer,.burst_count,.burst_timer,.status]')"
	check_equal "of MAC Merge, with what came of asking" '[true,true,true,50,124,true,"succeeded"]' \
		"$(shows '.mm|[.pmac_enabled,.tx_enabled,.verify_enabled,.verify_time,.tx_min_frag_size,.tx_active,.verify_status]')"
	check_equal "of time stamps" '["on","ptpv2-event"]' "$(shows '.timestamps|[.tx,.rx]')"
	check_equal "of rings" '[4096,128,true,true,64]' \
		"$(shows '.rings|[.rx_buf_len,.cqe_size,.tx_push,.rx_push,.tx_push_buf_len]')"
	check_equal "of coalescing" '[true,true,1000,5,300]' \
		"$(shows '.coalesce|[.cqe_mode_rx,.cqe_mode_tx,.tx_aggr_max_bytes,.tx_aggr_max_frames,.tx_aggr_time_usecs]')"
	check_equal "power over the cable, as the controller has it" "Y 15400" "$(pse on) $(pse limit)"
	check_equal "as the daemon reads it" '["enable",15400]' "$(shows '.pse|[.poe,.limit]')"
	check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"
}
witness "set"
check_eventually 5 "state: the link" is '[1000,5,7]' shows '|[.link_speed,.sqi,.sqi_max]'

check_eventually 5 "and what the other end takes" is '["delivering power",4,12500,null]' \
	shows '.pse|[.poe_status,.class,.power,.poe_reason]'
check "the same on D-Bus" is 's "delivering power"' busctl get-property org.netctl1 \
	/org/netctl1/link/ethsim0 org.netctl1.Ethernet.Pse PoeStatus

note "a secret"
check_equal "nobody is shown the password" '"hidden"' "$(shows .wol.password)"
check "nor on D-Bus" is 's "hidden"' busctl get-property org.netctl1 /org/netctl1/link/ethsim0 \
	org.netctl1.Ethernet.Wol Password
check "nor in what is exported" sh -c '! netctl export ethsim0 | grep -q "00:11:22\|hidden"'
check_equal "files that have it are root's" "" \
	"$(grep -rl 00:11:22 "$daemon_dir/state" "$daemon_dir/run" 2>/dev/null | xargs -r stat -c '%a %n' | grep -v '^600')"
check "nor in the log" sh -c "! grep -q '00:11:22' $daemon_log"

note "another hand"
put_back() { # WHAT WANTED COMMAND... -- COMMAND...
	local what=$1 wanted=$2 change=()
	shift 2
	while [ "$1" != -- ]; do
		change+=("$1")
		shift
	done
	shift
	check "$what is changed by another hand" "${change[@]}"
	check_eventually 3 "$what is put back" is "$wanted" "$@"
}
put_back "wake-on" ps ethtool -s ethsim0 wol g -- wol Wake-on
put_back "messages" "probe hw" ethtool -s ethsim0 msglvl link on -- messages
put_back "a private flag" "loop back,fast" ethtool --set-priv-flags ethsim0 legacy-rx on -- flags
put_back "the module" auto ethtool --set-module ethsim0 power-mode-policy high -- module power-mode-policy
put_back "MDI-X" "on (forced)" ethtool -s ethsim0 mdix off -- link MDI-X
put_back "PLCA" 12 "$(dirname "$0")/plca.py" ethsim0 20 -- \
	sh -c "netctl show ethsim0 --json | jq -c .ethernet.plca.node_count"
check_eventually 5 "the link is up" lab_carrier ethsim0 1
# Nobody tells of these: they are put back with the next look.
ethtool -X ethsim0 hfunc toeplitz
ethtool --set-phy-tunable ethsim0 downshift on count 2
echo 0 >/sys/module/ethsim/parameters/link
check_eventually 5 "what no message tells is put back when the link changes: RSS" is xor rss_function
check_eventually 3 "and a tunable" is "Downshift count: 5" tunable downshift
check_eventually 5 "nobody takes power, and the reason" \
	is '["searching","the device at the other end takes too little power, or is gone"]' \
	shows '.pse|[.poe_status,.poe_reason]'
echo 1 >/sys/module/ethsim/parameters/link

note "the driver goes and comes"
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/unbind
check_eventually 3 "the device is told as absent" is '"absent"' sh -c \
	'netctl show ethsim0 --json | jq -c .state.management'
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/bind
check_eventually 5 "and is as configured when it is back" is '"ok"' sh -c \
	'netctl show ethsim0 --json | jq -c .state.management'
witness "back"

note "a restart of the daemon"
daemon_stop
check "the daemon ends" daemon_stopped
daemon_start -v
check "it is back" daemon_settled
check_equal "and finds nothing to do" "[]" "$(netctl plan --json | jq -c .steps)"

note "refused"
said() {
	config "$1"
	netctl apply >/tmp/said 2>&1
}
told() { grep -q "$1" /tmp/said; }
said 'private_flags = { enabled = [ "fats" ]; };'
check "a flag that the driver does not have" told 'ethernet.private_flags.enabled: .*ethsim: .*bit name not found'
said 'phy = { downshift = 100; };'
check "what the PHY cannot" told "ethernet.phy.downshift: .*ethsim: Argument list too long"
said 'rss = { key = "00:01"; };'
check "a key of another length" told "ethernet.rss.key: .*ethsim: Invalid argument"
said 'wol = { password = "00:11"; };'
check "half a password" told "ethernet.wol.password: must be 6 bytes"
said 'pse = { podl = "enable"; };'
check "the other kind of power" told \
	'ethernet.pse.podl: .*ethsim: .*setting PoDL PSE admin control not supported'
said 'timestamps = { rx = "ptpv2-sync"; };'
check "a filter that the driver widens is told" told 'ethernet.timestamps.rx'
check_equal "and none of it left a trace" "ps" "$(wol Wake-on)"

note "port"
config 'port = "mii";'
check "applied" netctl apply
check_equal "the connector" MII "$(link Port)"

note "lanes"
config 'autoneg = false; speed = 100; duplex = "full"; lanes = 2;'
check "applied" netctl apply
check_equal "lanes" 2 "$(shows .lanes)"

note "gone from the configuration"
daemon_config <<'END'
interfaces = ( { name = "ethsim0"; } );
END
check "applied" netctl apply
check_eventually 5 "the link is up" lab_carrier ethsim0 1
check_equal "no power is given" "N 30000" "$(pse on) $(pse limit)"
check_equal "all is as ethtool had it" "" "$(diff <(echo "$before") <(everything))"
eventually 6 is "$first" state
check_equal "and as the daemon had it" "" "$(diff <(jq . <<<"$first") <(state | jq .))"

note "power over one pair"
echo 1 >/sys/module/ethsim/parameters/podl
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/unbind
echo ethsim.0 >/sys/bus/platform/drivers/ethsim/bind
config 'pse = { podl = "enable"; };'
check "applied" netctl apply
check_equal "the controller gives power" Y "$(pse on)"
check_eventually 5 "and the daemon reads it" is '["enable","delivering power",null]' \
	shows '.pse|[.podl,.podl_status,.poe]'
config ""
check "taken out" netctl apply
check_equal "no power" N "$(pse on)"

note "no link"
echo 0 >/sys/module/ethsim/parameters/link
check_eventually 5 "status says why, as the kernel tells it" sh -c \
	'netctl status ethsim0 | grep -q "no link: autoneg, no partner detected"'
echo 1 >/sys/module/ethsim/parameters/link
check_eventually 5 "and no longer with a link" sh -c '! netctl status ethsim0 | grep -q "no link"'
counter() { netctl stats ethsim0 --json | jq -c ".interfaces[0].statistics[]|select(.group==\"$1\").counters"; }
check_eventually 3 "signal quality, and how often it was lost" is '{"sqi":5,"sqi_max":7,"link_down_count":3}' \
	counter eth_link
check_equal "and what MAC Merge counts" 42 "$(counter mm | jq .MACMergeFrameAssOkCount)"
daemon_stop
check "the daemon ends" daemon_stopped
finish
