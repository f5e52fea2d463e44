#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Ethernet devices count, as ethtool says it, group by group: a port of the
# board's switch, and a simulated NIC. And what status and metrics say of links that
# nobody configures.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_espressobin || skip_all "needs the simulated switch"
modprobe netdevsim || skip_all "needs netdevsim"
echo "1 1 2" >/sys/bus/netdevsim/new_device
eventually 5 test -e /sys/class/net/eth1 || skip_all "needs eth1 of netdevsim"
lab_dbus
daemon_bus=
daemon_config <<'END'
interfaces = ( { name = "lan0"; addresses = [ "192.0.2.1/24" ]; }, { name = "eth1"; } );
END
daemon_start -v
check "the daemon settles" daemon_settled
check_eventually 5 "the link is up" lab_carrier lan0 1
ip netns exec street ip address add 192.0.2.2/24 dev x-lan0
ping -qc3 -i0.2 -W1 192.0.2.2 >/dev/null

# counters DEVICE GROUP [INSTANCE]: NAME VALUE lines, sorted.
counters() {
	netctl stats "$1" --json | jq -r --arg g "$2" --arg i "${3-}" '.interfaces[0].statistics[] |
		select(.group==$g and (.instance//"")==$i).counters | to_entries[] | "\(.key) \(.value)"' |
		sort
}
standard() { # DEVICE GROUP-OF-ETHTOOL
	ethtool -S "$1" --groups "$2" | sed -nE "s/^(rx-|tx-)?$2-([A-Za-z0-9]+): /\1\2 /p" |
		sed -E 's/^(rx|tx)-etherStatsPkts/\1_etherStatsPkts/; s/^([rt]x)-/\1_/' | sort
}
driver() { ethtool "$1" "$2" | sed -nE 's/^ +(.*): ([0-9]+)$/\1 \2/p' | sort; }
# same DEVICE GROUP COMMAND...: the daemon says what the command says, when nothing counts on.
same() {
	local before after said
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		before=$("${@:3}")
		said=$(counters "$1" "$2")
		after=$("${@:3}")
		[ "$before" = "$after" ] && break
	done
	check_equal "$2 as ethtool says it" "$before" "$said"
}
for group in eth-phy eth-mac eth-ctrl rmon; do
	same lan0 ${group/-/_} standard lan0 $group
done
check "there is something in it" sh -c \
	'netctl stats lan0 --json | jq -e ".interfaces[0].statistics[]|select(.group==\"eth_mac\").counters.FramesReceivedOK > 2"'
check "and sizes of frames" grep -q '^rx_etherStatsPkts65to127Octets [1-9]' <(counters lan0 rmon)
same lan0 driver driver -S lan0
same lan0 phy_driver driver --phy-statistics lan0
check_equal "pause" "rx_pause_frames 1
tx_pause_frames 2" "$(counters eth1 pause)"
check_equal "FEC" "corrected_blocks 123
uncorrectable_blocks 4" "$(counters eth1 fec)"
check "queues" grep -q "rx_packets" <(counters eth1 queue rx1)

note "only when somebody asks"
groups() { netctl stats "$@" --json | jq -r '.interfaces[].statistics[].group' | sort -u; }
check_equal "a driver's own only of what is named" "" "$(groups | grep driver)"
check "which is so here" grep -q '^driver$' <(groups lan0)
dumps() { netctl status --json | jq .netlink.dumps; }
before=$(dumps)
netctl stats >/dev/null
check_equal "the table asks one question" $((before + 1)) "$(dumps)"

note "speed"
check "status tells it of a port that nobody configures so" grep -q "up 1G" <(netctl status lan0)
check "metrics tell it" grep -q '^netctl_ethernet_speed{interface="lan0"} 1000000000' <(netctl metrics)
check "once for each family" test "$(netctl metrics | grep -c '^# TYPE netctl_ethernet_speed ')" = 1
check "with driver's counters of what is named" grep -q \
	'^netctl_driver{interface="lan0",counter="in_good_octets"}' <(netctl metrics lan0)
netctl stats lan0 --interval=1 >/tmp/rates &
watch=$!
check_eventually 3 "rates" grep "/s" /tmp/rates
kill $watch
check_equal "nothing is left to do" "[]" "$(netctl plan --json | jq -c .steps)"
daemon_stop
check "the daemon ends" daemon_stopped
finish
