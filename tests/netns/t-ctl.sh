#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl: every verb as text and as JSON, what it says when something is wrong,
# and with which status it ends. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"


config() {
	daemon_config <<EOF
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; };
    addresses = [ "192.0.2.1/24", "2001:db8::1/64" ]; },
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; mtu = ${1:-1400}; },
  { name = "v1"; routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } );
    addresses = [ "192.0.2.2/24" ]; },
  { name = "absent0"; mtu = 1400; }
);
EOF
}
ip link set lo up

# Before there is a daemon.

check_status 8 "without a bus" run status
check "it says so" complains 'no D-Bus system bus'
check_status 8 "as JSON too" run plan --json
check "it says so" json '.error.status == 8 and (.error.name | startswith("org.freedesktop."))'
bus_start
for verb in status "show lo" plan apply reload export; do
	# shellcheck disable=SC2086
	check_status 8 "$verb without a daemon" run $verb
	check "it says so" complains 'netctld is not running'
done

check_status 8 "a change to be confirmed, without a daemon" run apply --confirm=5
check_fails "nothing was applied that would be reverted" complains 'reverted'

# check needs none.

config
check_status 0 "check of a valid file" run check "$daemon_dir/etc/10-test.conf"
check "text" says '^valid: 1 file, 4 interfaces$'
check_status 0 "check of a folder, JSON" run check --json "$daemon_dir/etc"
check "document" json '.valid and .interfaces == 4 and (.files | length) == 1'
cat >"$bus_dir/broken.conf" <<'EOF'
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { vlan_fitering = true; }; },
  { name = "br1"; mtu = "big"; }
);
EOF
check_status 5 "check of a broken file" run check "$bus_dir/broken.conf"
check "nothing on standard output" silent "$out"
check "all errors, with their places" complains \
	'broken.conf:2: br0: bridge.vlan_fitering: unknown key .did you mean "vlan_filtering"'
check "all of them" complains 'broken.conf:3: br1: mtu: '
check_status 5 "the same as JSON" run check --json=pretty "$bus_dir/broken.conf"
check "nothing on standard error" silent "$err"
check "document" json '.error.name == "org.netctl1.Error.ConfigInvalid" and
	(.error.lines | length) == 2'
printf 'interfaces = ( { name = "b"; kind = "bridge"; addresses = [ %s ]; } );\n' \
	'"192.0.2.0/24", "192.0.3.255/24", "2001:db8::/64"' >"$bus_dir/odd.conf"
check_status 0 "addresses that no host has" run check "$bus_dir/odd.conf"
check "are warned of" sh -c "grep -c '^warning: .*odd.conf:1: b: addresses: .*, not a host' '$out' | grep -qx 3"
printf 'interfaces = ( { name = "b"; kind = "bridge"; addresses = [ %s ]; } );\n' \
	'"192.0.2.1/24", "192.0.3.0/31", "192.0.3.9/32", "2001:db8::/127", "2001:db8:1::ffff/112"' >"$bus_dir/odd.conf"
check_status 0 "and those that one may have" run check "$bus_dir/odd.conf"
check_fails "are not" says warning
check_status 5 "check of a file that is not there" run check "$bus_dir/nothing.conf"
check "it says so" complains 'nothing.conf: No such file'
check_status 0 "check of the example" run check "$here/../../data/netctld.conf"

# With the daemon.

daemon_start -v
eventually 5 "$NETCTL" status >/dev/null 2>&1
check "the daemon is there" daemon_settled

# The kernel tells a carrier up to a second late (linkwatch_run_queue()).
bridge_is_up() {
	run && says '^\* br0 +up( 10G)? +bridge' && says '^\* v0 +up 10G +veth'
}
check_eventually 5 "the bridge has its carrier" bridge_is_up
check_status 0 "netctl alone is status" run
check "header" says '^netctld steady, generation 1, 5 interfaces: 3 ok, 1 absent, 1 foreign$'
check "titles" says '^  NAME +LINK +KIND +MASTER +ADDRESSES$'
check "a bridge" says '^\* br0 +up( 10G)? +bridge +192.0.2.1/24 2001:db8::1/64$'
check "a port" says '^\* v0 +up 10G +veth +br0$'
check "what is absent" says '^o absent0 +absent$'
check "and why" says '^ +no such device yet$'
check "80 columns" fits
LC_ALL=C.UTF-8 run
check "marks where the terminal can show them" says '^● br0'
check_status 1 "diff of the first generation" run diff
check "has none to compare with" complains '^netctl: no generation is kept before this one$'
check_status 0 "status, no legend, no pager" run status --no-legend --no-pager
check_equal "a line an interface, one for what is wrong" 6 "$(wc -l <"$out")"
check_status 0 "status of some" run status --no-legend v1 lo
check_equal "in that order" "v1 lo" "$(awk '{print $2}' "$out" | paste -sd' ')"
check_status 10 "status of what is not there" run status br00
check "with a suggestion" complains 'no interface "br00" .did you mean "br0"'
check_status 0 "status, JSON" run status --json
check_equal "on one line" 1 "$(wc -l <"$out")"
check "document" json '.version == 1 and .state == "steady" and (.interfaces | length) >= 5 and
	.errors == [] and (.netlink | has("overruns"))'
check_status 0 "status of one, pretty" run status v0 --json=pretty
check "document" json '.interfaces | length == 1 and .[0].master == "br0"'
check "on several lines" test "$(wc -l <"$out")" -gt 10
run status --color=always
check "colours on request" says $'\033'
run status
check_fails "none in a file" says $'\033'

check_status 0 "show" run show v0
check "title" says '^\* v0: ok$'
check "a setting" says '^  mtu +1400$'
check "a group" says '^  ipv4:$'
check "the kernel's own" says '^    carrier +true$'
check "values of a group stand below each other, whatever its keys are" \
	test "$(sed -n '/^    features:/,/^    [a-z]/s/^\(      [^ ]* *\)[^ ].*/\1/p' "$out" |
		awk '{ print length($0) }' | sort -u | wc -l)" = 1
run show br0
check "an address" says '^    192.0.2.1/24  .*, protocol netctl'
check "a route, with the names that numbers have" says '^    192.0.2.0/24  table main,.*, protocol kernel$'
check "a setting in its group" says '^    ageing_time +100s$'
check_status 0 "show of what is absent" run show absent0
check "with the reason" says '^o absent0: absent: no such device yet$'
check_status 0 "show, JSON" run show v0 --json
check "has its version" json ".version == 1"
check "document" json '.name == "v0" and .mtu == 1400 and .state.management == "ok"'
check_status 10 "show of what is not there" run show nope
check_status 10 "the same as JSON" run show nope --json
check "document" json '.error.name == "org.netctl1.Error.NoSuchLink"'

check_status 0 "plan, when nothing is to do" run plan
check "data: none" silent "$out"
check "message" complains '^nothing to do$'
run plan --json
check "document" json '.version == 1 and .steps == []'
config 1300
check_status 0 "plan" run plan
check_equal "text" "link         v0: mtu: 1400 -> 1300" "$(cat "$out")"
check "no message" silent "$err"
run plan --json
check "document" json '.steps == [{"phase": "link", "object": "v0", "key": "mtu", "from": "1400",
	"to": "1300", "effect": "live", "verb": "set", "file": .steps[0].file, "line": 4}]'
check_status 0 "apply --dry-run" run apply --dry-run
check "is a plan" says '^link +v0: mtu: 1400 -> 1300$'
check_status 0 "which has changed nothing" run plan
check "it is still to do" says '1300'
check_status 0 "apply" run apply
check "message" complains '^generation 2 is in use$'
check "data: none" silent "$out"
run plan
check "nothing is left to do" silent "$out"
check_status 0 "apply, JSON" run apply --json
check "document" json '.generation == 2'
check_status 0 "reload" run reload
check "message" complains 'generation 2 is in use'
run reload --json
check "document" json '.generation == 2'

cp "$bus_dir/broken.conf" "$daemon_dir/etc/10-test.conf"
for verb in plan apply reload "apply --dry-run"; do
	# shellcheck disable=SC2086
	check_status 5 "$verb of an invalid configuration" run $verb
	check "all errors" complains 'conf:3: br1: mtu: '
done
check_status 5 "as JSON" run apply --json
check "document" json '.error.lines | length == 2'
run status
check "status says so" says '^netctld degraded, generation 2'
check "and what is wrong" says 'conf:2: br0: bridge.vlan_fitering'
check "netctl needs no valid configuration to show" run show br0
config 65536
check_status 6 "a change that is undone" run apply
check "and why" complains 'v0: mtu: 1300 -> 65536: '
check_status 6 "as JSON" run apply --json
check "document" json '.error.name == "org.netctl1.Error.RolledBack"'
config

check_status 0 "apply after that" run apply
check_status 0 "export" run export
mkdir "$bus_dir/again"
cp "$out" "$bus_dir/again/10-exported.conf"
check_fails "no entry that says nothing" says 'name = "all"'
check_status 0 "is a valid configuration" run check "$bus_dir/again"
mkdir "$bus_dir/state"
check "and asks for what is there already" sh -c "'$NETCTLD' --once -v --state-dir='$bus_dir/state' \
	--config-dir='$bus_dir/again' 2>&1 | tee '$err' | grep -q 'so far: 0 changes' || { cat '$err'; false; }"
check_status 0 "xdp where there is none" run xdp
check "says so" says '^no interface has a program$'
check_status 0 "export of some" run export v1
check "of those only" test "$(grep -c 'name =' "$out")" = 1
check "the route that was asked for" says 'to = "198.51.100.0/24"'
check_fails "not those that the kernel made" says 'to = "192.0.2.0/24"'
check_status 0 "export, JSON" run export br0 --json
check "has its version" jq -e '.version == 1' "$out"
check "document" json '.interfaces[0].bridge.ageing_time == "100s"'
check_status 10 "export of what is not there" run export nope

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$NETCTL" "$@" >"$out" 2>"$err"
}
check_status 0 "anybody may look" nobody status
check_status 4 "not everybody may apply" nobody apply
check "and it says so" complains 'org.netctl1.apply: only root may'
check_status 4 "as JSON" nobody reload --json
check "document" json '.error.name == "org.freedesktop.DBus.Error.AccessDenied"'

# What is wrong on the command line.

check_status 2 "an unknown verb" run staus
check "with a suggestion" complains 'unknown verb "staus" .did you mean "status"'
check_status 2 "as JSON" run staus --json
check "document" json '.error.status == 2'
check_status 2 "an unknown option" run --colour
check "the nearest is told" complains 'unknown option "--colour" \(did you mean "--color"\?\)'
check_status 2 "the same as JSON" run --colour status --json
check "document" json '.error.status == 2 and (.error.message | test("--colour"))'
check_status 2 "an option without its value" run wait-online --timeout
check "is told which" complains '^netctl: --timeout needs a value: SEC$'
check_status 2 "one with a value that it does not take" run status --all=3
check "is told so" complains '^netctl: --all takes no value$'
check_status 10 "drops of an interface that is not there" run drops nope0
check "is told which" complains 'no interface "nope0"'
check_status 2 "a value that an option does not have" run --json=yaml
check_status 2 "an option without a use" run plan --all
check_status 2 "check takes no files to another machine" run check -H elsewhere some.conf
check_status 2 "show needs a name" run show
check_status 2 "plan takes none" run plan br0
check_status 0 "--help" run --help
check "80 columns" fits
check "all verbs" sh -c "for v in status show check plan apply reload export; do
	grep -q \"^  \$v  *\" '$out' || exit 1; done"
check_status 0 "--version" run --version

# Over ssh, with a stand-in that stays here.

if command -v systemd-stdio-bridge >/dev/null; then
	mkdir "$bus_dir/bin"
	cat >"$bus_dir/bin/ssh" <<'EOF'
#!/bin/sh
[ "$FAKE_SSH" = fail ] && { echo "no route to host" >&2; exit 255; }
exec systemd-stdio-bridge --bus-path="$DBUS_SYSTEM_BUS_ADDRESS"
EOF
	chmod +x "$bus_dir/bin/ssh"
	export PATH="$bus_dir/bin:$PATH" FAKE_SSH=
	check_status 0 "-H" run -H admin@router status br0 --no-legend
	check "is what the other machine says" says '^\* br0 +up'
	FAKE_SSH=fail check_status 8 "-H, and nobody there" run -H router status
else
	skip "-H" "no systemd-stdio-bridge"
fi

# Many interfaces.

for n in $(seq 30); do
	echo "link add x$n type veth peer name y$n"
	echo "link set x$n up"
done | ip -batch -
many() {
	run && says '^- x1 \.\.\. x30  30 veth (up|no carrier), foreign$'
}
check_eventually 5 "status of many: those alike share a line" many
check "80 columns" fits
check "few lines" test "$(wc -l <"$out")" -lt 15
check_status 0 "status --all" run status --all --no-legend
check "a line each" test "$(wc -l <"$out")" -gt 65
check "in the order of numbers" test "$(grep -n ' x9 ' "$out" | cut -d: -f1)" -lt \
	"$(grep -n ' x10 ' "$out" | cut -d: -f1)"

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
