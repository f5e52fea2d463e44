# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests in the lab share: the board, hosts behind its ports, a bus. Source
# it as the first thing; it brings tap.sh along. Outside the lab it skips the
# whole test, for what is here would change the machine it runs on.

# shellcheck source=tests/lib/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/tap.sh"

[ -n "${NETCTL_LAB:-}" ] || skip_all "runs in the lab only: tests/lab/run $0"

# Where the far ends of the cables are until a host takes them, so that the
# board's own namespace has what a board has, and nothing else.
lab_street=street
# PORT -> namespace in which its cable's end is.
declare -A lab_end_in=()

# lab_espressobin [PARAMETER...]: put an Espressobin's switch in: eth0 (the conduit), wan,
# lan0, lan1, all down. Whatever was called eth0 is eth0-before from then on.
lab_espressobin() {
	local port
	if [ -e /sys/class/net/eth0 ]; then
		ip link set eth0 down
		ip link set eth0 name eth0-before
	fi
	modprobe mv88e6xxx || return
	insmod "$LAB_MODULES/ebsim.ko" "$@" || return
	for port in wan lan0 lan1; do
		eventually 5 test -e /sys/class/net/$port || return
	done
	[ -e /run/netns/$lab_street ] || ip netns add $lab_street
	for port in wan lan0 lan1; do
		ip link set "x-$port" netns $lab_street
		ip -n $lab_street link set "x-$port" up
		lab_end_in[$port]=$lab_street
	done
}

# lab_espressobin_out: pull the switch out again. Hosts lose their cables.
lab_espressobin_out() {
	rmmod ebsim
}

# lab_netdevsim [PORTS [QUEUES]]: a NIC with PORTS ports, eth1 and up (or what
# they are called), as device netdevsim1.
lab_netdevsim() {
	modprobe netdevsim || return
	echo "1 ${1:-4} ${2:-2}" >/sys/bus/netdevsim/new_device
}

# lab_host NAME PORT ADDRESS [VLAN [GATEWAY]]: a host (network namespace) NAME
# on PORT's cable, with ADDRESS (with prefix length) on it. Without VLAN (or
# with an empty one) it is the one the cable's end belongs to; with VLAN it
# sends and expects tagged frames. A cable has any number of the latter, as if
# there were a switch at its end, and one of the former.
lab_host() {
	local name=$1 port=$2 address=$3 vlan=${4:-} gateway=${5:-} device=x-$2
	local from=${lab_end_in[$2]:-$lab_street}
	ip netns add "$name" || return
	ip -n "$name" link set lo up
	if [ -n "$vlan" ]; then
		device=x-$port.$vlan
		# Loosely: or they would go down, and lose their routes, when the
		# cable's end moves to another host.
		ip -n "$from" link add link "x-$port" name "$device" \
			type vlan id "$vlan" loose_binding on || return
	else
		lab_end_in[$port]=$name
	fi
	ip -n "$from" link set "$device" netns "$name" || return
	# No waiting for duplicate addresses: a test owns its network.
	ip netns exec "$name" sysctl -qw "net.ipv6.conf.${device//./\/}.accept_dad=0"
	ip -n "$name" link set "$device" up &&
		ip -n "$name" address add "$address" dev "$device" || return
	[ -z "$gateway" ] || ip -n "$name" route add default via "$gateway"
}

# lab_host_out NAME: the host goes, its cable goes back to the street.
lab_host_out() {
	local device
	for device in $(ip -n "$1" -br link show | sed -n 's/^\(x-[^ @]*\).*/\1/p'); do
		case $device in
		*.*) ip -n "$1" link del "$device" ;;
		*)
			ip -n "$1" link set "$device" netns $lab_street &&
				ip -n $lab_street link set "$device" up
			lab_end_in[${device#x-}]=$lab_street ;;
		esac
	done
	ip netns del "$1"
}

# lab_at NAME COMMAND...: run something on a host.
lab_at() {
	ip netns exec "$@"
}

# lab_listen FILE COMMAND...: what COMMAND, which listens to the kernel's notifications, tells from
# now on is in FILE; the process is $lab_listener.
lab_listen() {
	"${@:2}" >"$1" 2>&1 &
	lab_listener=$!
	at_exit "kill $lab_listener 2>/dev/null"
	eventually 10 lab_listens
}
# A socket with groups: columns are sk Eth Pid Groups, see netlink_native_seq_show().
lab_listens() {
	awk -v pid=$lab_listener '$3 == pid && $4 !~ /^0*$/ { found = 1 } END { exit !found }' /proc/net/netlink
}

# lab_reach NAME ADDRESS: the host gets an answer from ADDRESS within a second.
lab_reach() {
	ip netns exec "$1" ping -n -q -c 1 -W 1 "$2"
}

# lab_cable PORT in|out: plug PORT's cable in, or pull it.
lab_cable() {
	case $2 in
	in) echo 1 ;;
	out) echo 0 ;;
	*) return 2 ;;
	esac >"/sys/kernel/debug/ebsim/$1/cable"
}

# lab_partner PORT SPEED: the device at the other end does 10, 100 or 1000 Mb/s
# at most from now on; the link drops and comes back.
lab_partner() {
	echo "$2" >"/sys/kernel/debug/ebsim/$1/partner"
}

# lab_fault PORT RESULTS CM: what a test of PORT's cable finds from now on: a digit a
# pair, d to a, 1 ok, 2 open, 3 same short, 4 cross short; 0 0 mends it.
lab_fault() {
	printf '0x%04x%s\n' "$3" "$(printf %4s "$2" | tr ' ' 0)" >"/sys/kernel/debug/ebsim/$1/fault"
}

# lab_temperature PORT DEGREES: heat or cool PORT's PHY, in degrees Celsius.
lab_temperature() {
	echo "$2" >"/sys/kernel/debug/ebsim/$1/temp"
}

# lab_tables: what the switch has in its registers and tables.
lab_tables() {
	cat /sys/kernel/debug/ebsim/tables
}

# lab_carrier DEVICE [0|1]: DEVICE has carrier (or, with 0, has not).
lab_carrier() {
	local carrier
	# Unreadable while the device is down, which is no carrier either.
	read -r carrier 2>/dev/null <"/sys/class/net/$1/carrier" || carrier=0
	[ "$carrier" = "${2:-1}" ]
}

# lab_dbus: start the system bus, with the policies that are installed.
lab_dbus() {
	mkdir -p /run/dbus
	dbus-uuidgen --ensure
	dbus-daemon --system --fork
	# shellcheck disable=SC2154 # daemon.sh's
	daemon_is_there() {
		[ -n "$daemon_bus" ] || grep -q '^D-Bus: here as' "$daemon_log"
	}
}

# lab_log: the kernel's log so far.
lab_log() {
	dmesg
}

# lab_kernel_complaints: what the kernel warned of, if anything; fails if it
# did. (tests/lab/run fails the whole test in that case.)
lab_kernel_complaints() {
	! dmesg | grep -E 'WARNING: |BUG: |Oops|Call Trace|OF: ERROR'
}

# lab_cages [N [QSFP [gigabit=1]]]: N SFP cages, sfp0 and up, joined in pairs by a fibre; QSFP
# cages qsfp0 and up beside them.
lab_cages() {
	insmod "$LAB_MODULES/sfpsim.ko" cages="${1:-2}" qsfps="${2:-0}" "${@:3}" || return
	lab_cages=/sys/kernel/debug/sfpsim
}

# lab_insert CAGE KIND [SERIAL]: pull out what is in, and put a module in; tests/lab/sfp-module
# says what there is.
lab_insert() {
	lab_pull "$1" || return
	"$(dirname "${BASH_SOURCE[0]}")/sfp-module" "$2" "${3:-SN$1}" >"$lab_cages/$1/eeprom" || return
	echo 1 >"$lab_cages/$1/present"
}

# lab_pull CAGE: nothing is in it any more, and the kernel has seen it. It looks at the pins ten
# times a second (poll_jiffies in drivers/net/phy/sfp.c): of a module that is swapped faster than
# any hand could it knows nothing, and goes on as if it were the one before.
lab_pull() {
	echo 0 >"$lab_cages/$1/present"
	eventually 30 grep -q 'Module state: empty' "/sys/kernel/debug/sfp.$1/state"
}

# lab_vanish CAGE N: the module in it is pulled out by its Nth transfer from now; returns
# when it was.  Not before: a daemon that still has to notice the module that was there
# before would say "empty" too early, and the next module would be the one that vanishes.
lab_vanish() {
	echo "$2" >"$lab_cages/$1/vanish"
	eventually 30 grep -q 0 "$lab_cages/$1/present"
}

# lab_insert_qsfp CAGE KIND
lab_insert_qsfp() {
	local memory
	memory=$(mktemp)
	echo 0 >"$lab_cages/qsfp$1/present"
	"$(dirname "${BASH_SOURCE[0]}")/sfp-module" --qsfp "$2" "$memory" || return
	cat "$memory.lower" >"$lab_cages/qsfp$1/lower"
	cat "$memory.pages" >"$lab_cages/qsfp$1/pages"
	echo 1 >"$lab_cages/qsfp$1/present"
	rm -f "$memory" "$memory".*
}
