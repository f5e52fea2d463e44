#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The stand-in cages under the kernel's own sfp driver and phylink, without any
# of ours: what the other tests of cages rely on.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

link_is() { # DEVICE yes|no
	[ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = "$([ "$2" = yes ] && echo 1 || echo 0)" ]
}
speed_is() { # DEVICE MBITS
	[ "$(cat "/sys/class/net/$1/speed" 2>/dev/null)" = "$2" ]
}
module_is() { # DEVICE PART
	ethtool -m "$1" 2>/dev/null | grep -q "Vendor PN *: $2"
}
both() { # KIND: into both cages of the first pair
	lab_insert 0 "$1" && lab_insert 1 "$1"
}

check "two cages with their MACs" lab_cages 2 1
ip netns add far
ip link set sfp1 netns far
ip -n far address add 192.0.2.2/24 dev sfp1
ip address add 192.0.2.1/24 dev sfp0
ip link set sfp0 up
ip -n far link set sfp1 up
check "an empty cage has no link" link_is sfp0 no
check "and says that there is no module" sh -c "ethtool -m sfp0 2>&1 | grep -q \"No such device\""

while read -r kind part speed; do
	both "$kind"
	check "$kind: link at $speed" eventually 10 speed_is sfp0 "$speed"
	check "$kind: its memory is read" module_is sfp0 "$part"
	check "$kind: frames go through" eventually 3 ping -qc1 -W1 192.0.2.2
done <<'END'
1000base-lx LX-SM-1310 1000
1000base-t T-RJ45 1000
2500base-x 2G5-LX 2500
10gbase-sr SR-10G 10000
dac-passive DAC-3M 10000
END

both 1000base-lx
check "a link again" eventually 10 link_is sfp0 yes
echo 0 >"$lab_cages/0/fibre"
check "a cut fibre: no link" eventually 3 link_is sfp0 no
echo 1 >"$lab_cages/0/fibre"
check "mended" eventually 5 link_is sfp0 yes
ip -n far link set sfp1 down
check "the other laser is off: no link" eventually 3 link_is sfp0 no
ip -n far link set sfp1 up
check "and on again" eventually 5 link_is sfp0 yes
lab_pull 0
check "pulled out: no link" eventually 3 link_is sfp0 no
check "and no module" eventually 3 sh -c '! ethtool -m sfp0'
lab_insert 0 unknown
check "a module that the kernel does not understand" \
	eventually 5 sh -c 'dmesg | grep "sfp.0: module is not supported"'
check "gives no link" link_is sfp0 no
lab_insert 0 1000base-lx
echo 3 >"$lab_cages/0/vanish"
ethtool -m sfp0 >/dev/null 2>&1
check "one that vanishes while it is read is gone" eventually 30 grep -q 0 "$lab_cages/0/present"

lab_insert_qsfp 0 sr4
check "a QSFP module is read by its MAC" module_is qsfp0 QSFP28-SR4
lab_insert_qsfp 0 dr4
check "a CMIS module too" module_is qsfp0 QDD-400G-DR4

ip netns del far
eventually 5 test -e /sys/class/net/sfp1
check "it can be unloaded" rmmod sfpsim
finish
