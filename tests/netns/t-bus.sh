#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemon on a bus of its own, in a network namespace: what it publishes,
# what it tells, who may change something, and that it needs no bus to live.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
monitor_pid=

at_exit 'kill $monitor_pid 2>/dev/null'

M="org.netctl1 /org/netctl1 org.netctl1.Manager"

# call METHOD [ARGUMENT...], get PROPERTY, get_link NAME INTERFACE PROPERTY
call() {
	busctl --timeout=10 call $M "$@"
}
get() {
	busctl --json=short get-property $M "$1" | jq -c .data
}
get_link() {
	busctl --json=short get-property org.netctl1 "/org/netctl1/link/$1" "org.netctl1.$2" "$3" |
		jq -c .data
}
is() {
	test "$("${@:2}")" = "$1"
}
# /sys is another namespace's here.
kernel() {
	ip -j link show "$1" | jq -r ".[0].$2"
}

# The error's name is not printed by busctl, so ask another way where it matters.
error_of() {
	dbus-send --system --print-reply --dest=org.netctl1 "$@" 2>&1 >/dev/null |
		sed -n 's/^Error \([^:]*\):.*/\1/p'
}

# Signals, as text, since the last signals_forget.
signals=$bus_dir/signals
signals_start() {
	: >"$signals"
	stdbuf -oL busctl --json=short monitor org.netctl1 >>"$signals" 2>/dev/null &
	monitor_pid=$!
	# Until it is shown, so it is listening.
	eventually 5 sh -c "busctl call $M GetLinkByIndex i 1 >/dev/null; grep -q . '$signals'"
}
signals_forget() {
	: >"$signals"
}
# saw JQ-FILTER: a signal came for which it is true.
saw() {
	grep '"type":"signal"' "$signals" | jq -es "any(.[]; $1)" >/dev/null
}
changed() {
	saw ".member == \"PropertiesChanged\" and .path == \"/org/netctl1/link/$1\" and
		.payload.data[0] == \"org.netctl1.$2\" and (.payload.data[1] | has(\"$3\"))"
}

ip link set lo up
# New interfaces have what this machine's default is.
echo 0 >/proc/sys/net/ipv4/conf/default/arp_announce

config() {
	daemon_config <<EOF
$1
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; };
    ipv4 = { send_redirects = true; }; addresses = [ "192.0.2.1/24" ]; },
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; mtu = ${2:-1400};
    port = { isolated = true; }; },
  { name = "absent0"; mtu = 1400; }
);
EOF
}

# Without a bus.

config ""
daemon_start -v
check "the daemon comes up before the bus" daemon_settled
check "and has done its work" ip link show br0
bus_start
check_eventually 5 "it appears on the bus when that comes" call GetLinkByName s br0

# What can be read.

check "what it says of itself is what is published" "$here/../../dbus/check-introspection"
check_equal "for each group of settings" \
	"$(jq '[."$defs".interface.properties | paths(type == "object" and has("properties"))
		| select(.[0] != "state" and all(.[]; . != "items"))] | length' "$NETCTL_BUILDDIR/netctl.schema.json")" \
	"$(find "$NETCTL_BUILDDIR/dbus/groups" -name '*.xml' | wc -l)"
check_equal "State" '"steady"' "$(get State)"
check_equal "Generation" 1 "$(get Generation)"
check_equal "Managed" 3 "$(get Managed)"
check_equal "Kind" '"bridge"' "$(get_link br0 Link Kind)"
check_equal "IfIndex is the kernel's" "$(kernel br0 ifindex)" "$(get_link br0 Link IfIndex)"
check_equal "IfIndex of what is absent" 0 "$(get_link absent0 Link IfIndex)"
check_equal "ManagementState of what is absent" '"absent"' "$(get_link absent0 Link ManagementState)"
check_equal "HardwareAddress" "\"$(kernel v0 address)\"" "$(get_link v0 Link HardwareAddress)"
check_equal "Master" '"br0"' "$(get_link v0 Link Master)"
check_equal "AgeingTime as it is configured" '"100s"' "$(get_link br0 Bridge AgeingTime)"
check_equal "Isolated" true "$(get_link v0 Port Isolated)"
check_equal "Addresses" '"192.0.2.1/24"' "$(get_link br0 Link Addresses | jq '.[0].address.data')"
check_equal "a foreign link is published too" '"foreign"' "$(get_link lo Link ManagementState)"
check_fails "what is no bridge has no Bridge" get_link v0 Bridge AgeingTime

check "GetManagedObjects has every link, present or not" sh -c "
	busctl --json=short call org.netctl1 /org/netctl1 org.freedesktop.DBus.ObjectManager \
		GetManagedObjects | jq -e '.data[0] |
		has(\"/org/netctl1/link/absent0\") and has(\"/org/netctl1/link/lo\") and
		(.[\"/org/netctl1/link/v0\"] | has(\"org.netctl1.Port\"))'"
check_equal "GetLinkByIndex" 'o "/org/netctl1/link/lo"' "$(call GetLinkByIndex i 1)"
check_equal "ListLinks has the absent one with index 0" 1 \
	"$(busctl --json=short call $M ListLinks | jq '[.data[0][] | select(.[1] == "absent0" and .[0] == 0)] | length')"
check_equal "no such link" org.netctl1.Error.NoSuchLink \
	"$(error_of /org/netctl1 org.netctl1.Manager.GetLinkByName string:nope)"
check "Describe is a document" sh -c "busctl --json=short call $M Describe |
	jq -r '.data[0]' | jq -e '.version == 1 and .generation == 1 and (.interfaces | length) >= 4
		and .netlink.overruns == 0'"
# ipv4_told METHOD [ARGUMENT...]: what the document has of three settings
ipv4_told() {
	busctl --json=short call $M "$@" | jq -r '.data[0]' | jq -c '[(.interfaces // [.])[] |
		select(.name == "v1" or .name == "br0") | .name as $n | .ipv4 |
		[$n, .forwarding, .arp_announce, if $n == "br0" then .send_redirects else "" end]] | sort'
}
echo 1 >/proc/sys/net/ipv4/conf/v1/forwarding
echo 0 >/proc/sys/net/ipv4/conf/br0/forwarding
check_eventually 5 "Describe leaves out what is as ever and not named" \
	is '[["br0",null,null,true],["v1",true,null,""]]' ipv4_told Describe
check_equal "DescribeGroups does not" '[["br0",false,0,true],["v1",true,0,""]]' \
	"$(ipv4_told DescribeGroups as 1 ipv4)"
check_equal "nor does DescribeLink" '[["br0",false,0,true]]' "$(ipv4_told DescribeLink s br0)"
echo 0 >/proc/sys/net/ipv4/conf/v1/forwarding
check "Export is a configuration that is valid" sh -c "busctl --json=short call $M Export |
	jq -r '.data[0]' >'$bus_dir/export.conf' && '$NETCTL_BUILDDIR/netctl' check '$bus_dir/export.conf'"

# What is told.

echo 1 >/proc/sys/net/ipv6/conf/v1/disable_ipv6 # which would have news of its own
ip link set v1 up # of a link that is down, the kernel tells no new alias
check_eventually 5 "a carrier that came is known" is true get_link v1 Link Carrier
check_eventually 5 "and the state" is '"up"' get_link v1 Link OperationalState
signals_start
sleep 0.2
signals_forget
ip link set v1 alias "seen by everybody"
check_eventually 3 "a new alias is told" changed v1 Link Alias
check_eventually 3 "with its value" saw '.payload.data[1].Alias.data == "seen by everybody"'
ip link set v1 alias "and another"
check_eventually 3 "the next one too" saw '.payload.data[1].Alias.data == "and another"'
check_equal "each once, and nothing with it" "Alias Alias" "$(jq -r 'select(.payload.data[1].Alias?) |
	.payload.data[1] | keys | join(" ")' "$signals" | xargs)"

signals_forget
ip link set v1 down
check_eventually 3 "a carrier that goes is told" changed v0 Link Carrier
sleep 0.3
check_fails "the counter of its changes never is" changed v0 Link CarrierChanges
ip link set v1 up

signals_forget
ip link add new0 type veth peer name new1
check_eventually 3 "a new link is told" saw '.member == "InterfacesAdded" and
	.payload.data[0] == "/org/netctl1/link/new0" and (.payload.data[1] | has("org.netctl1.Link"))'
signals_forget
ip link set new0 master br0
check_eventually 3 "a link that becomes a port gets the interface Port" saw '
	.member == "InterfacesAdded" and .payload.data[0] == "/org/netctl1/link/new0" and
	(.payload.data[1] | has("org.netctl1.Port") and (has("org.netctl1.Link") | not))'
ip link set new0 nomaster
check_eventually 3 "and loses it again" saw '.member == "InterfacesRemoved" and
	.payload.data[0] == "/org/netctl1/link/new0" and .payload.data[1] == ["org.netctl1.Port"]'
signals_forget
ip link set new1 name other1
check_eventually 3 "another name is another object: the new one" saw '
	.member == "InterfacesAdded" and .payload.data[0] == "/org/netctl1/link/other1"'
check_eventually 3 "and the old one, gone" saw '.member == "InterfacesRemoved" and
	.payload.data[0] == "/org/netctl1/link/new1" and
	(.payload.data[1] | index("org.netctl1.Link"))'
ip link del new0
check_eventually 3 "a link that goes is told" saw '.member == "InterfacesRemoved" and
	.payload.data[0] == "/org/netctl1/link/new0"'
check_fails "and is no object any more" get_link new0 Link Name

signals_forget
ip addr del 192.0.2.1/24 dev br0
check_eventually 3 "drift is told" saw '.member == "DriftDetected" and .payload.data[0] == "br0"'
check_eventually 3 "and repaired" sh -c 'ip addr show br0 | grep -q 192.0.2.1/24'

check_equal "single settings can be asked for" '[false,true,["ageing_time"],1]' \
	"$(busctl --json=short call $M DescribeGroups as 3 mtu bridge.ageing_time addresses |
		jq -r '.data[0]' | jq -c '.interfaces[] | select(.name == "br0") |
		[has("address"), has("mtu"), (.bridge | keys), (.addresses | length >= 1 | if . then 1 else 0 end)]')"
check_equal "of a group, all of the entry" true \
	"$(busctl --json=short call $M DescribeGroups as 1 vlan | jq -r '.data[0]' |
		jq '.interfaces[] | select(.name == "br0") | has("address") and (has("bridge") | not)')"

# What can be changed.

check_equal "Check is silent when all is well" "" "$(call Check 'a{sv}' 0)"
check_equal "Plan is empty" 'aa{sv}s 0 "{\"loses\":[],\"warnings\":[]}"' "$(call Plan 'a{sv}' 0)"
config "" 1300
check_equal "Plan: one value" '["live","v0","mtu","1400","1300","set"]' \
	"$(busctl --json=short call $M Plan 'a{sv}' 0 |
		jq -c '.data[0][0] | [.effect, .object, .key, .from, .to, .verb | .data]')"
check_equal "and what loses traffic" '[]' \
	"$(busctl --json=short call $M Plan 'a{sv}' 0 | jq -c '.data[1] | fromjson | .loses')"
check_equal "Apply as a dry run answers the generation in use" "t 1" \
	"$(call Apply 'a{sv}' 1 dry-run b true)"
check_equal "and changes nothing" 1400 "$(kernel v0 mtu)"
check "an option that nobody knows is refused" sh -c "
	busctl call $M Apply 'a{sv}' 1 nonsense b true 2>&1 | grep -q 'unknown option \"nonsense\"'"
check "so are a dry run's that make no sense" sh -c "
	busctl call $M Apply 'a{sv}' 2 dry-run b true confirm u 60 2>&1 | grep -q 'dry run.*\"confirm\"' &&
	busctl call $M Apply 'a{sv}' 2 replace b true dry-run b true 2>&1 | grep -q 'dry run.*\"replace\"'"
signals_forget
check_equal "Apply answers the new generation" "t 2" "$(call Apply 'a{sv}' 0)"
check_equal "when it is done" 1300 "$(kernel v0 mtu)"
check_eventually 3 "Applied is told" saw '.member == "Applied" and .payload.data[0] == 2'
check_eventually 3 "Generation is told" saw '.member == "PropertiesChanged" and
	.path == "/org/netctl1" and .payload.data[1].Generation.data == 2'
check_equal "Reload of the same files: the same generation" "t 2" "$(call Reload)"
L=org.netctl1.Link
check "Reconfigure" busctl call org.netctl1 /org/netctl1/link/v0 $L Reconfigure
check_equal "Reconfigure of a foreign link" org.netctl1.Error.NotSupported \
	"$(error_of /org/netctl1/link/lo $L.Reconfigure)"

daemon_config <<'EOF'
interfaces = (
  { name = "br0"; kind = "bridge"; up = 1; },
  { name = "v0"; mtuu = 3; }
);
EOF
signals_forget
check_equal "an invalid configuration" org.netctl1.Error.ConfigInvalid \
	"$(error_of /org/netctl1 org.netctl1.Manager.Reload)"
check_equal "with all that is wrong" 2 \
	"$(busctl call $M Reload 2>&1 | grep -c '10-test.conf:[23]: ')"
check_equal "leaves the generation" 2 "$(get Generation)"
check_equal "and the links" 1300 "$(kernel v0 mtu)"
check_equal "State says so" '"degraded"' "$(get State)"
check_eventually 3 "and is told" saw '.payload.data[1].State.data == "degraded"'
check_equal "Describe has the errors" 2 \
	"$(busctl --json=short call $M Describe | jq -r '.data[0]' | jq '.errors | length')"

config "" 65536
check_equal "a step that the kernel refuses" org.netctl1.Error.RolledBack \
	"$(error_of /org/netctl1 org.netctl1.Manager.Reload)"
check_equal "is undone" 1300 "$(kernel v0 mtu)"

config 'daemon = { on_drift = "report"; };'
check "a configuration that only reports drift" call Reload
signals_forget
ip link set v0 mtu 1280
check_eventually 3 "drift that stays is told" saw '.member == "DriftDetected" and
	.payload.data[0] == "v0"'
check_eventually 3 "and counted" is 1 get Drifted
check "with a reason" sh -c "busctl get-property org.netctl1 /org/netctl1/link/v0 $L Reason |
	grep -q 'mtu: 1280 -> 1400'"
check "Reconfigure puts it right" busctl call org.netctl1 /org/netctl1/link/v0 $L Reconfigure
check_equal "at once" 1400 "$(kernel v0 mtu)"
check_eventually 3 "and nothing drifts" is 0 get Drifted

# Who may.

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
nobody_error() {
	nobody dbus-send --system --print-reply --dest=org.netctl1 "$@" 2>&1 >/dev/null |
		sed -n 's/^Error \([^:]*\):.*/\1/p'
}
DENIED=org.freedesktop.DBus.Error.AccessDenied
generation=$(get Generation)
check "anybody may read" nobody busctl get-property $M State
check "and plan" nobody busctl call $M Plan 'a{sv}' 0
check_equal "without polkit only root may apply" $DENIED \
	"$(nobody_error /org/netctl1 org.netctl1.Manager.Reload)"
check_equal "or reconfigure" $DENIED "$(nobody_error /org/netctl1/link/v0 $L.Reconfigure)"
check_fails "nobody else may be org.netctl1" nobody busctl call org.freedesktop.DBus \
	/org/freedesktop/DBus org.freedesktop.DBus RequestName su org.netctl1 4
check_equal "and nothing happened" "$generation" "$(get Generation)"

if /usr/bin/python3 -c 'import dbus, gi' 2>/dev/null; then
	polkit_start no
	check_equal "polkit says no" $DENIED "$(nobody_error /org/netctl1 org.netctl1.Manager.Reload)"
	check "polkit was asked for the caller's bus name and the action" \
		grep -qx 'system-bus-name org.netctl1.apply' "$bus_dir/polkit"
	polkit_stop
	polkit_start ask
	check_equal "polkit would ask for a password" \
		org.freedesktop.DBus.Error.InteractiveAuthorizationRequired \
		"$(nobody_error /org/netctl1 org.netctl1.Manager.Reload)"
	polkit_stop
	polkit_start yes
	check "polkit says yes" nobody busctl call $M Reload
	check "to another action for a single link" nobody busctl call org.netctl1 \
		/org/netctl1/link/v0 $L Reconfigure
	check "polkit was asked for that" grep -qx 'system-bus-name org.netctl1.control' "$bus_dir/polkit"
	polkit_stop
	check_equal "root is not asked about" "t $generation" "$(call Reload)"
else
	skip "what polkit says" "no python3-dbus"
fi

# Arrays that nobody needs: refused before they have kept others waiting.

many() { # METHOD SIGNATURE [ENTRY]...: a thousand and more of them
	local i entries=()
	for ((i = 0; i < 1100; i++)); do
		entries+=("${@:3}")
	done
	# shellcheck disable=SC2069,SC2086
	busctl call $M "$1" "$2" 1100 "${entries[@]}" 2>&1 >/dev/null
}
check "names of groups" sh -c "echo '$(many DescribeGroups as mtu)' | grep -q 'more entries than'"
check "options" sh -c "echo '$(many Apply 'a{sv}' dry-run b true)' | grep -q 'more entries than'"

# Bytes that no D-Bus string may have.

ip link add $'o\xffd' type veth peer name odd1
check_eventually 3 "a name that is not UTF-8 is shown as well as can be" sh -c "busctl call $M ListLinks |
	grep -q '\"o?d\" \"/org/netctl1/link/o_ffd\"'"
check_equal "and has an object" 'o "/org/netctl1/link/odd1"' "$(call GetLinkByName s odd1)"
check "Describe can tell it" sh -c "busctl --json=short call $M Describe | jq -e ."
echo 'interfaces = ( { name = "odd1"; alias = "as it is meant"; } );' | daemon_config 20-odd.conf
call Reload >/dev/null
signals_forget
ip link set odd1 alias $'not \xff text'
check_eventually 10 "drift to such a value is told" saw '.member == "DriftDetected" and .payload.data[0] == "odd1"'
rm "$daemon_dir/etc/20-odd.conf"
call Reload >/dev/null
ip link del odd1
printf 'interfaces = ( { name = "br0"; mt\xff = 3; } );\n' | daemon_config
check "nor do errors with such bytes get lost" sh -c "busctl call $M Reload 2>&1 | grep -q 10-test.conf:1"
config ""
call Reload >/dev/null

# A bus that hangs.

kill -STOP "$bus_pid"
ip link set v0 mtu 1280
check_eventually 3 "a bus that hangs does not stop the daemon" is 1400 kernel v0 mtu
kill -CONT "$bus_pid"
check_eventually 3 "and is served again" is '"steady"' get State

# A bus that goes.

bus_stop
wait $monitor_pid 2>/dev/null
monitor_pid=
check "the daemon outlives the bus" kill -0 "$daemon_pid"
ip link set v0 mtu 1280
check_eventually 3 "and goes on" is 1400 kernel v0 mtu
bus_start
check_eventually 10 "it is back when the bus is" is '"steady"' get State
signals_start
ip link set v1 alias "seen again"
check_eventually 3 "and tells what happens" changed v1 Link Alias

kill -STOP "$bus_pid"
daemon_stop
check "it ends when told, even if the bus hangs" daemon_stopped
kill -CONT "$bus_pid"
check_fails "no complaint of its own in the log" grep -E 'D-Bus: cannot|AddressSanitizer|runtime error' "$daemon_log"
finish
