#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemon on this machine's own kernel, in a network namespace: apply, apply
# again, follow, be killed, be told nonsense.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"

ip link set lo up

daemon_config <<'EOF'
interfaces = (
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; mtu = 1400;
    port = { isolated = true; }; },
  { name = "v1"; addresses = [ "192.0.2.1/24", "2001:db8::1/64" ];
    routes = ( { to = "default"; via = "192.0.2.254"; },
               { to = "2001:db8:1::/48"; via = "2001:db8::2"; } );
    ipv4 = { forwarding = true; }; ipv6 = { accept_ra = "off"; }; },
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "200s"; }; alias = "b"; }
);
EOF
check "--once applies and exits with 0" daemon_once -v
check "veth pair, master and MTU" sh -c 'ip link show v0 | grep -q "mtu 1400.*master br0"'
check "the other end, which appeared with it, has its addresses" \
	sh -c 'ip addr show v1 | grep -q 192.0.2.1/24 && ip addr show v1 | grep -q 2001:db8::1/64'
check "routes carry the daemon's protocol" sh -c 'ip route | grep -q "^default via 192.0.2.254 dev v1 proto 172"'
check "IPv6 route" sh -c 'ip -6 route | grep -q "^2001:db8:1::/48 via 2001:db8::2"'
check "sysctls" sh -c 'grep -qx 1 /proc/sys/net/ipv4/conf/v1/forwarding && grep -qx 0 /proc/sys/net/ipv6/conf/v1/accept_ra'
check "port option" sh -c 'bridge -d link show dev v0 | grep -q "isolated on"'

check "a second --once ends with 0" daemon_once -v
check_equal "and asks for no change" 0 "$(daemon_requests)"
if strace -V >/dev/null 2>&1; then
	strace -qq -f -e trace=sendmsg,sendto,write -o "$daemon_dir/strace" "$NETCTLD" --once \
		--config-dir="$daemon_dir/etc" --state-dir="$daemon_dir/state" 2>/dev/null
	check_fails "strace sees no RTM_NEW…, RTM_SET… or RTM_DEL… either" \
		grep -E 'RTM_(NEW|SET|DEL)' "$daemon_dir/strace"
	check_equal "and each kind asked for once: links, bridge, addresses, routes, settings" \
		"RTM_GETADDR:1 RTM_GETLINK:2 RTM_GETNETCONF:2 RTM_GETQDISC:1 RTM_GETROUTE:2" \
		"$(grep -oE 'RTM_GET[A-Z]+' "$daemon_dir/strace" | sort | uniq -c | awk '{printf "%s%s:%s", s, $2, $1; s=" "}')"
else
	skip "what strace sees of a second run" "no strace"
fi

daemon_start -v
check "the daemon settles" daemon_settled
check_equal "with nothing to do it asks for nothing" 0 "$(daemon_requests)"

ip addr del 192.0.2.1/24 dev v1
check_eventually 2 "an address that a hand took away is back" sh -c 'ip addr show v1 | grep -q 192.0.2.1/24'
check_eventually 2 "and the routes that went with it" sh -c 'ip route | grep -q "^default via 192.0.2.254"'
ip addr add 198.51.100.7/24 dev v1
ip link set v0 nomaster
check_eventually 2 "a port that a hand took out is back" sh -c 'ip link show v0 | grep -q "master br0"'
check_eventually 2 "with its option" sh -c 'bridge -d link show dev v0 | grep -q "isolated on"'
check "a foreign address stays" sh -c 'ip addr show v1 | grep -q 198.51.100.7/24'
ip link del br0
check_eventually 2 "a bridge that a hand deleted is back, with its port" \
	sh -c 'ip link show v0 | grep -q "master br0"'

# Broken files change nothing; the daemon goes on.
cp "$daemon_dir/etc/10-test.conf" "$daemon_dir/good"
echo 'interfaces = ( { name = "v1"; mtu = "x"; }, { nam = 1; } );' | daemon_config 20-bad.conf
daemon_reload
check_eventually 3 "SIGHUP with a broken file: refused" daemon_says 'the configuration is invalid; nothing is changed'
check "with both errors" sh -c "grep -q '20-bad.conf:1: v1: mtu: must be a whole number' $daemon_log &&
	grep -q '20-bad.conf:1: interfaces: an entry needs a name' $daemon_log"
check "and the address is still there" sh -c 'ip addr show v1 | grep -q 192.0.2.1/24'
ip addr del 192.0.2.1/24 dev v1
check_eventually 2 "and the configuration before it is still kept" sh -c 'ip addr show v1 | grep -q 192.0.2.1/24'
rm "$daemon_dir/etc/20-bad.conf"

# Hardware that comes late.
cat >"$daemon_dir/etc/30-late.conf" <<'EOF'
interfaces = ( { name = "late0"; addresses = [ "203.0.113.1/24" ]; mtu = 1300; },
  { name = "br0"; bridge = { ageing_time = "100s"; }; } );
EOF
daemon_reload
check_eventually 3 "a later file wins, key by key" \
	sh -c 'ip -d link show br0 | grep -q "ageing_time 10000"'
ip link add late0 type veth peer name late1
check_eventually 3 "an interface that appears gets its address" sh -c 'ip addr show late0 | grep -q 203.0.113.1/24'
check_eventually 3 "and its MTU, and is up" sh -c 'ip link show late0 | grep -q "[<,]UP.*mtu 1300"'
ip link del late0
sleep 0.2
ip link add other0 type veth peer name other1
ip link set other0 name late0
check_eventually 3 "one that is renamed to it does too" sh -c 'ip addr show late0 | grep -q 203.0.113.1/24'

# Killed at any moment, it finds what it owns.
daemon_kill
rm "$daemon_dir/etc/30-late.conf"
echo 'interfaces = ( { name = "v1"; } );' | daemon_config
daemon_start -v
check "started with less in the configuration" daemon_settled
check "what it had made is gone" sh -c '! ip link show br0 >/dev/null 2>&1'
daemon_stop
check "SIGTERM ends it with 0" daemon_stopped

# An unknown option, a folder that is not there.
check_status 2 "wrong usage: 2" "$NETCTLD" --nonsense
check_status 5 "no such folder: 5" "$NETCTLD" --once --config-dir=/nonexistent --state-dir="$daemon_dir/state"
finish
