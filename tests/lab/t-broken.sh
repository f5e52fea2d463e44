#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Configurations that must be refused whole, and a kernel that refuses a step.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"

lab_espressobin
ip link add keep0 type dummy
before=$(ip -d link | sed 's/promiscuity.*//' | md5sum)

refused() { # DESCRIPTION PATTERN...: the configuration on stdin is refused, and says each
	local description=$1
	shift
	daemon_config
	check_status 5 "$description: exit status 5" daemon_once
	for pattern; do
		check "$description: says $pattern" grep -qE -- "$pattern" "$daemon_log"
	done
	check_equal "$description: the kernel is unchanged" "$before" \
		"$(ip -d link | sed 's/promiscuity.*//' | md5sum)"
}

conf=$daemon_dir/etc/10-test.conf
refused "unknown key" "^$conf:2: br9: bridge.vlan_fitering: unknown key \(did you mean \"vlan_filtering\"\?\)" <<'EOF'
interfaces = ( { name = "br9"; kind = "bridge";
  bridge = { vlan_fitering = true; }; }, { name = "keep0"; mtu = 1400; } );
EOF
refused "several errors" "^$conf:1: keep0: mtu: must be a whole number" \
	"^$conf:2: lan0: port.pvid: 5000 is out of range" "^$conf:3: lan1: up: must be true or false" <<'EOF'
interfaces = ( { name = "keep0"; mtu = "1400"; },
  { name = "lan0"; master = "keep0"; port = { pvid = 5000; }; },
  { name = "lan1"; up = 1; } );
EOF
refused "missing parent" "^$conf:1: v: vlan.link: no interface \"nowhere\": neither configured nor present" <<'EOF'
interfaces = ( { name = "v"; kind = "vlan"; vlan = { link = "nowhere"; id = 4; }; } );
EOF
refused "a loop" "stand on each other in a loop: a -> b -> a" <<'EOF'
interfaces = ( { name = "a"; kind = "vlan"; vlan = { link = "b"; id = 4; }; },
  { name = "b"; kind = "vlan"; vlan = { link = "a"; id = 4; }; } );
EOF
refused "an integer beyond 32 bits" "^$conf:1: keep0: mtu: 5000000000 is out of range" <<'EOF'
interfaces = ( { name = "keep0"; mtu = 5000000000; } );
EOF
refused "an integer beyond 64 bits" "^$conf:1: number does not fit in 64 bits" <<'EOF'
interfaces = ( { name = "keep0"; mtu = 99999999999999999999; } );
EOF
mkdir "$daemon_dir/folder"
refused "an @include of a folder" "^$conf:1: @include: .*folder: is a folder" <<EOF
@include "$daemon_dir/folder"
EOF
head -c 4000 /dev/urandom >"$daemon_dir/rubbish"
printf '\0' >>"$daemon_dir/rubbish"
refused "binary rubbish" "not a text file" <"$daemon_dir/rubbish"

# Now a configuration that is right, on a kernel that cannot: MTU beyond the device's maximum.
daemon_config <<'EOF'
interfaces = ( { name = "keep0"; alias = "kept"; },
  { name = "lan0";
    mtu = 60000; } );
EOF
check_status 1 "a refused step: exit status 1" daemon_once
check "the message has file, line, object, key and the kernel's words" \
	grep -qE "^$conf:3: lan0: mtu: 1500 -> 60000: Invalid argument \(mtu greater than device maximum\)" "$daemon_log"
check "the other interface has what it was to have" grep -qx kept /sys/class/net/keep0/ifalias

# A step that only the kernel can know to be wrong: no way to the gateway.
daemon_config <<'EOF'
interfaces = ( { name = "keep0"; addresses = [ "192.0.2.1/24" ];
  routes = ( { to = "default";
               via = "198.51.100.1"; } ); } );
EOF
check_status 1 "an impossible route: exit status 1" daemon_once
check "the message has the route and the kernel's words" \
	grep -qE "^$conf:2: keep0: routes: - -> default via 198.51.100.1: Network is unreachable \(Nexthop has invalid gateway\)" "$daemon_log"

finish
