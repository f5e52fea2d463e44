#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ethtool's settings: each row that a device has is set, read back, put back
# after another hand and reset, with ethtool as the witness; on a simulated NIC
# that has most of them, and on the ports of the board's switch.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

modprobe netdevsim || skip_all "needs netdevsim"
echo "1 2 4" >/sys/bus/netdevsim/new_device
eventually 5 test -e /sys/class/net/eth1 || skip_all "needs eth1 of netdevsim"
lab_dbus
daemon_bus=

# oracle OPTION DEVICE FILTER: what ethtool says, as JSON.
oracle() {
	ethtool --json "$1" "$2" | jq -c ".[0]$3"
}
# ring DEVICE NAME; coalesced DEVICE NAME...: the same of what it has no JSON for.
ring() {
	ethtool -g "$1" | sed -n "/^Current/,\$ s/^$2:[^0-9]*//p"
}
coalesced() {
	local device=$1 name
	shift
	for name; do
		ethtool -c "$device" | sed -n "s/^$name:[^0-9]*//p"
	done | paste -sd' '
}
# feature DEVICE NAME: on or off.
feature() {
	ethtool -k "$1" | sed -n "s/^\t*$2: \([a-z]*\).*/\1/p"
}
# shows DEVICE FILTER: what the daemon says.
shows() {
	netctl show "$1" --json | jq -c "$2"
}
# is TEXT COMMAND...
is() {
	[ "$("${@:2}" 2>/dev/null)" = "$1" ]
}

before=$(ethtool -g eth1; ethtool -l eth1; ethtool -a eth1; ethtool -c eth1; ethtool -k eth1)
gro=$(feature eth1 generic-receive-offload)

# Nothing of it is read where nobody names it.
daemon_config <<'END'
interfaces = ( { name = "eth1"; } );
END
daemon_start -v
check "a daemon that knows nothing of it settles" daemon_settled
check_equal "and tells nothing of rings" "" "$(busctl get-property org.netctl1 \
	/org/netctl1/link/eth1 org.netctl1.Ethernet.Rings Rx 2>/dev/null)"
check_equal "show reads it" 4096 "$(shows eth1 .ethernet.rings.rx_max)"

config() {
	daemon_config <<'END'
interfaces = ( { name = "eth1"; ethernet = {
	rings = { rx = 512; rx_mini = 64; rx_jumbo = 128; tx = 1024; };
	channels = { combined = 2; };
	coalesce = { rx_usecs = 50; rx_frames = 8; rx_usecs_irq = 1; rx_frames_irq = 2; tx_usecs = 25;
		tx_frames = 9; tx_usecs_irq = 3; tx_frames_irq = 4; stats_block_usecs = 5;
		adaptive_rx = true; adaptive_tx = true; pkt_rate_low = 10; rx_usecs_low = 11;
		rx_frames_low = 12; tx_usecs_low = 13; tx_frames_low = 14; pkt_rate_high = 20;
		rx_usecs_high = 21; rx_frames_high = 22; tx_usecs_high = 23; tx_frames_high = 24;
		sample_interval = 6; };
	pause = { rx = true; tx = true; };
	features = { rx-gro = false; };
}; } );
END
}
config
check "the configuration is applied" netctl apply
check_equal "rings" "512 64 128 1024" \
	"$(for name in RX "RX Mini" "RX Jumbo" TX; do ring eth1 "$name"; done | paste -sd' ')"
check_equal "channels" 2 "$(ethtool -l eth1 | sed -n 's/^Combined:[^0-9]*//p' | tail -n 1)"
check_equal "coalescing" "50 8 1 2 25 9 3 4 5 10 11 12 13 14 20 21 22 23 24 6" \
	"$(coalesced eth1 rx-usecs rx-frames rx-usecs-irq rx-frames-irq tx-usecs tx-frames \
		tx-usecs-irq tx-frames-irq stats-block-usecs pkt-rate-low rx-usecs-low rx-frame-low \
		tx-usecs-low tx-frame-low pkt-rate-high rx-usecs-high rx-frame-high tx-usecs-high \
		tx-frame-high sample-interval)"
check "adaptive" grep -Eq "Adaptive RX: on +TX: on" <(ethtool -c eth1)
check_equal "pause" '[true,true]' "$(oracle -a eth1 '|[.rx,.tx]')"
check_equal "a feature" off "$(feature eth1 generic-receive-offload)"
check_equal "the daemon says the same: rings" '[512,64,128,1024]' \
	"$(shows eth1 '.ethernet.rings|[.rx,.rx_mini,.rx_jumbo,.tx]')"
check_equal "a feature" false "$(shows eth1 '.ethernet.features."rx-gro"')"
check_equal "on D-Bus" "u 512" "$(busctl get-property org.netctl1 /org/netctl1/link/eth1 \
	org.netctl1.Ethernet.Rings Rx)"
check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"

note "another hand"
# put_back WHAT WANTED COMMAND... -- COMMAND...: after the first the second says WANTED again.
put_back() {
	local what=$1 wanted=$2 change=()
	shift 2
	while [ "$1" != -- ]; do
		change+=("$1")
		shift
	done
	shift
	"${change[@]}"
	check_eventually 2 "$what is put back" is "$wanted" "$@"
}
put_back "a ring" 512 ethtool -G eth1 rx 100 -- ring eth1 RX
put_back "pause" true ethtool -A eth1 rx off -- oracle -a eth1 .rx
put_back "coalescing" 50 ethtool -C eth1 rx-usecs 7 -- coalesced eth1 rx-usecs
put_back "a feature" off ethtool -K eth1 gro on -- feature eth1 generic-receive-offload
combined() {
	ethtool -l eth1 | sed -n 's/^Combined:[^0-9]*//p' | tail -n 1
}
put_back "a channel" 2 ethtool -L eth1 combined 1 -- combined

note "the driver comes and goes"
echo 1 >/sys/bus/netdevsim/del_device
check_eventually 3 "the device is told as absent" is '"absent"' shows eth1 .state.management
echo "1 2 4" >/sys/bus/netdevsim/new_device
check_eventually 3 "and has its settings when it is back" is 512 ring eth1 RX
check_eventually 3 "all of them" is '"ok"' shows eth1 .state.management
check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"

note "what it cannot do"
refused() {
	daemon_config <<END
interfaces = ( { name = "eth1"; ethernet = { $1 }; } );
END
	netctl apply 2>&1
}
answer=$(refused 'eee = { enabled = false; };')
check "a device without EEE says so, with its driver" \
	grep -q "eth1: ethernet.eee.enabled: - -> false: netdevsim: Operation not supported" <<<"$answer"
answer=$(refused 'rings = { rx = 100000; };')
check "a ring that is too large is refused in the kernel's words" \
	grep -q "ethernet.rings.rx: .* -> 100000.*: netdevsim: .*exceeds maximum" <<<"$answer"
answer=$(refused 'features = { tx-gso-robust = true; };')
check "a fixed feature is refused" grep -q "tx-gso-robust: false -> true: .*the driver fixes it" <<<"$answer"
answer=$(refused 'features = { rx-grow = true; };')
check "an unknown one is known better" grep -q 'did you mean "rx-gro"' <<<"$answer"
answer=$(refused 'speed = 100;')
check "a speed needs a decision" grep -q "ethernet.speed: needs autoneg = false" <<<"$answer"
check_equal "and none of it left a trace" 512 "$(ring eth1 RX)"

note "forward error correction"
daemon_config <<'END'
interfaces = ( { name = "eth1"; ethernet = { fec = { encoding = [ "rs" ]; }; }; } );
END
check "FEC is set" netctl apply
check "ethtool sees it" grep -q "Configured FEC encodings: RS" <(ethtool --show-fec eth1)
check_equal "and what is active" '"rs"' "$(shows eth1 .ethernet.fec.active)"

note "gone from the configuration"
daemon_config <<'END'
interfaces = ( { name = "eth1"; } );
END
check "applied" netctl apply
after=$(ethtool -g eth1; ethtool -l eth1; ethtool -a eth1; ethtool -c eth1; ethtool -k eth1)
check_equal "all is as it was" "" "$(diff <(echo "$before") <(echo "$after"))"
check_equal "even the feature" "$gro" "$(feature eth1 generic-receive-offload)"
daemon_stop
check "the daemon ends" daemon_stopped

finish
