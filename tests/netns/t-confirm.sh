#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Changes that revert themselves, the way back, and hands off: over the bus,
# with the daemon killed at the worst moments.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"
command -v dbus-monitor >/dev/null || skip_all "needs dbus-monitor"
monitor_pid=''
at_exit 'kill $monitor_pid 2>/dev/null'
bus_start

fails_with() {
	grep -qE -- "$1" "$err" || { cat "$err"; return 1; }
}
state() { # the daemon's state, once it can be asked
	run status --json && jq -e ".state == \"$1\"" "$out"
}
is_at() {
	eventually 5 state "$1"
}
# of generation N (negative: from the newest): jq expression
generation() {
	run history --json && jq -e ".generations[$1] | $2" "$out"
}
mtu_is() {
	ip link show v0 | grep -q " mtu $1 "
}
# What can be seen of the namespace, without what changes by itself.
picture() {
	ip -d -o link | sed -E 's/ (promiscuity|carrier_changes|numtx).*//; s/ +state [A-Z]+//; s/NO-CARRIER,|,LOWER_UP|,M-DOWN//g; s/ qlen [0-9]+//; s/@[a-z0-9]+//; s/^[0-9]+: //; s/ qdisc [a-z]+//' | sort
	ip -4 -o addr | sed -E 's/^[0-9]+: //' | sort
	ip route | sort
}

# ends_in SECONDS: so long does the window last that a killed daemon has left.
ends_in() {
	local up
	read -r up _ </proc/uptime
	sed -i "s/^deadline = .*/deadline = $((${up%.*} + $1))000000L;/" \
		"$daemon_dir/state/generations/pending.state"
}

good() {
	daemon_config <<EOF
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; };
    addresses = [ "192.0.2.1/24" ];
    routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } ); },
  { name = "v0"; master = "br0"; mtu = ${1:-1400}; },
  { name = "v1"; up = true; }
);
EOF
}
# Another machine: the bridge, its address and its route are gone.
other() {
	daemon_config <<EOF
interfaces = (
  { name = "br9"; kind = "bridge"; addresses = [ "203.0.113.1/24" ]; },
  { name = "v0"; master = "br9"; mtu = ${1:-1300}; },
  { name = "v1"; up = true; addresses = [ "10.9.9.1/24" ]; }
);
EOF
}
restart() { # DAEMON-STATE
	daemon_start -v
	is_at "$1"
}

ip link set lo up
ip link add v0 type veth peer name v1
good
check "the daemon starts" restart steady
sleep 0.2
before=$(picture)

# Not confirmed.
dbus-monitor --system "type='signal',sender='org.netctl1'" >"$bus_dir/monitor" 2>/dev/null &
monitor_pid=$!
eventually 5 grep -q NameLost "$bus_dir/monitor" # the bus has made it a monitor
other
check_status 2 "no time is too short" run apply --confirm=0
check_status 2 "nor too long" run apply --confirm=25h
check_status 0 "apply --confirm" run apply --confirm=20
check "says what will happen" fails_with '^generation 2 is reverted in 20 s unless: netctl confirm 2$'
check "it is applied" mtu_is 1300
check "and waits" state waiting-confirm
run status
check "status shows it" says '^generation 2 waits for confirmation, (1?[0-9]|20) s left'
run status --json
check "and JSON has it" jq -e '.confirm.generation == 2 and .confirm.deadline_usec > 0' "$out"
check_status 1 "a second apply is refused" run apply
check "as Busy" fails_with 'generation 2 waits for its confirmation'
check_status 1 "so is a reload" run reload --json
check "by that name" jq -e '.error.name == "org.netctl1.Error.Busy"' "$out"
check_status 1 "a wrong number is refused" run confirm 1 --json
check "by its name" jq -e '.error.name == "org.netctl1.Error.GenerationMismatch"' "$out"
check_eventually 30 "in time it is reverted" state steady
check "the history says so" generation 1 '.number == 2 and .confirmed == false and .uid == 0 and (.result | test("reverted: not confirmed"))'
check "and what came of it" generation 0 '.number == 3 and .confirmed and .uid == -1 and .caller == "confirm timer"'
as_before() {
	[ "$before" = "$(picture)" ] || { echo "$before"; picture; return 1; }
}
check_eventually 2 "everything is as before" as_before
check_eventually 2 "the signals were sent" grep -q ConfirmDeadline "$bus_dir/monitor"
check_eventually 2 "with the states" grep -q waiting-confirm "$bus_dir/monitor"
check_status 1 "nothing is left to confirm" run confirm --json
check "by its name" jq -e '.error.name == "org.netctl1.Error.NothingToConfirm"' "$out"

# Confirmed.
good 1410
check_status 0 "apply again" run apply --confirm=10 --json
check "JSON" jq -e '.generation == 4 and .confirm_seconds == 10' "$out"
check_status 0 "confirm it by its number" run confirm 4
sleep 10.5
check "it stays" mtu_is 1410
check "and is steady" state steady
check "and is confirmed" generation 0 '.number == 4 and .confirmed'

# Killed in the window.
other
check_status 0 "apply once more" run apply --confirm=60
daemon_kill
check "the next daemon waits too" restart waiting-confirm
check "it has not touched it" mtu_is 1300
daemon_kill
ends_in 3
daemon_start -v
check_eventually 6 "one that sees its end reverts it" mtu_is 1410
check "all of it" is_at steady
check "restarts do not apply what was reverted" eval 'daemon_kill; restart steady && mtu_is 1410'

# A mistake is seen in the window: another one in its place, and the way back stays.
other 1310
check_status 0 "one that waits" run apply --confirm=60
check_status 2 "replacing needs a time too" run apply --replace
other 1320
kill -HUP "$daemon_pid"
check_eventually 2 "SIGHUP in the window is refused, and that is told" daemon_says 'SIGHUP: refused: generation [0-9]* waits'
check "nothing has changed" mtu_is 1310
check_status 0 "the next in its place" run apply --confirm=60 --replace --json
number=$(jq .generation "$out")
check "is applied" mtu_is 1320
check "and waits" state waiting-confirm
check "what it replaced is known" generation 1 '.confirmed == false and (.result | test("^replaced"))'
check "the file says the new one" grep -q "number = ${number}L" "$daemon_dir/state/generations/pending.state"
other 65536
check_status 6 "a replacement that fails" run apply --confirm=60 --replace
check "is undone to what waited" mtu_is 1320
check "which goes on waiting" state waiting-confirm
check "in the file too" grep -q "number = ${number}L" "$daemon_dir/state/generations/pending.state"
check_status 0 "the way back" run rollback
check "is to the last that was confirmed" mtu_is 1410
other 1330
check_status 0 "one that waits" run apply --confirm=60
other 1340
check_status 0 "and its replacement" run apply --confirm=60 --replace
daemon_kill
echo 'interfaces = ( { name = "v0"; mtu = "many"; } );' | daemon_config
check "killed, with invalid files by now, the daemon waits" restart waiting-confirm
check "and tells the errors" eval 'run status --json && jq -e ".errors | length > 0" "$out"'
daemon_kill
ends_in 3
daemon_start -v
check_eventually 6 "in time it goes back to the confirmed one" mtu_is 1410
check_eventually 4 "and is degraded still, for the files are" state degraded
check "with their errors" eval 'run status --json && jq -e ".errors | length > 0" "$out"'
check_eventually 4 "all of it" eval '! ip link show br9 2>/dev/null'

# Killed, and back after the deadline.
other 1310
check_status 0 "another one" run apply --confirm=60
daemon_kill
check "still there without a daemon" mtu_is 1310
ends_in -1
check "the daemon starts with the old configuration" eval 'restart steady && mtu_is 1410'
check "and says so" daemon_says 'the last change was not confirmed'
check_status 0 "by hand it is applied" run apply
check "it is" mtu_is 1310
daemon_kill
check "and a restart keeps that" eval 'restart steady && mtu_is 1310'

# A change that fails is undone at once, confirmed or not.
other 65536
check_status 6 "a change that fails" run apply --confirm=60
check "is told with its place" fails_with '10-test.conf:3: v0: mtu'
check "nothing waits" state steady
check "the history has it" generation 0 '.confirmed == false and (.result | test("undone: "))'
other 1310

# The way back.
run history --json
number=$(jq '[.generations[] | select(.result == "applied")][0].number' "$out")
check_status 0 "rollback" run rollback
check "to the one before" mtu_is 1410
check "who asked is known" generation 0 '.uid == 0 and .confirmed'
check_status 0 "rollback to one by number" run rollback "$number"
check "is that one" mtu_is 1310
check_status 1 "one that is not kept" run rollback 99 --json
check "by its name" jq -e '.error.name == "org.netctl1.Error.NoSuchGeneration"' "$out"
check_status 2 "one that is no number" run rollback x
good
check_status 0 "one that waits" run apply --confirm=60
check_status 0 "can be given up early" run rollback
check "is undone" mtu_is 1310
check "with its reason" generation 1 '.result | test("by hand")'
# What each step took.
check "the history has the steps of each change" \
	jq -e '[.generations[] | select(.result == "applied" and .total_steps > 0)] != []' "$out"
check "with what they took" \
	jq -e '[.generations[].steps[] | select(.usec < 0 or .shared < 1)] == []' "$out"
number=$(jq '[.generations[] | select(.total_steps > 0)][0].number' "$out")
check_status 0 "history of one generation" run history "$number"
check "has a line a step" says "^ *1  *[0-9][0-9]*[.][0-9]"
check_status 1 "history of none" run history 4711
check_status 0 "history" run history
check "shows who and what" says 'root +applied +10-test.conf'
check "and why" says 'not confirmed'

# The difference of two, in the words of a plan.
good
check_status 0 "one generation" run apply --json
first=$(jq .generation "$out")
daemon_config <<'EOC'
daemon = { on_drift = "report"; };
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "200s"; };
    addresses = [ "192.0.2.2/24" ]; },
  { name = "v0"; master = "br0"; mtu = 1400; }
);
EOC
check_status 0 "and the next" run apply
check_status 0 "diff" run diff
check "a setting" says '^br0: bridge.ageing_time: 100s -> 200s$'
check "an entry that is gone" says '^br0: addresses: 192.0.2.1/24 -> -$'
check "one that came" says '^br0: addresses: - -> 192.0.2.2/24$'
check "a route" says '^br0: routes: .*198.51.100.0/24.* -> -$'
check "an interface" says '^v1: interface: configured -> -$'
check "the daemon's own" says '^netctld: daemon.on_drift: .* -> report$'
check "and nothing else" eval '! grep -E "mtu|kind|master|operstate" "$out"'
check_status 0 "the other way round, as JSON" run diff $((first + 1)) "$first" --json
check "has the same" jq -e ".from == $((first + 1)) and .to == $first and (.changes | any(.object == \"br0\" and .key == \"bridge.ageing_time\" and .from == \"200s\" and .to == \"100s\"))" "$out"
check_status 0 "with itself" run diff $((first + 1))
check "there is none" fails_with 'are the same'
check_status 1 "with one that is not kept" run diff 9999 --json
check "is refused by name" jq -e '.error.name == "org.netctl1.Error.NoSuchGeneration"' "$out"
check_status 2 "with no number" run diff x

# On a terminal.
answer() { # WORD: typed in when it is asked for
	on_terminal "'$NETCTL' apply --confirm=60" 'keep\?' "$1"
}
if command -v script >/dev/null; then
	good 1420
	check_status 0 "yes" answer y
	check "it was asked for" says '[56][0-9] s left: keep'
	check "keeps it" mtu_is 1420
	check "for good" state steady
	good 1430
	check_status 6 "no" answer n
	check "goes back at once" mtu_is 1420
else
	skip "a terminal" "needs script"
fi

# Torn and invalid files.
generations=$daemon_dir/state/generations
good
check_status 0 "the good one" run apply
printf 'generation = { number = 9' >"$generations/generation-77.conf"
echo 'interfaces = ( { name = "v0"; mtu = "many"; } );' | daemon_config
daemon_kill
check "with an invalid configuration the daemon is degraded" restart degraded
check "with the last good generation" mtu_is 1400
check "a torn generation is told" grep -qE "generation-77.conf.*(torn|error)" "$daemon_log"
check_status 0 "status" run status
check "shows the errors" says '10-test.conf:1: v0: mtu'
good
check_status 0 "the mended one" run apply
check "is fine" state steady
other
check_status 0 "one that waits" run apply --confirm=60
run history --json
number=$(jq '[.generations[] | select(.confirmed)][0].number' "$out")
echo 'generation = {' >"$generations/generation-$number.conf"
daemon_kill
sed -i 's/^deadline = .*/deadline = 1L;/' "$generations/pending.state"
check "the way back is torn: the one before it is taken" eval 'restart steady && mtu_is 1400'
check "that is told" grep -q "generation-$number.conf.*torn" "$daemon_log"
good
check_status 0 "and by hand" run apply
other
check_status 0 "one that waits" run apply --confirm=60
echo 'number = ' >"$generations/pending.state"
daemon_kill
check "that it waits is torn: its time is over" eval 'restart steady && mtu_is 1400'
check "that is told" daemon_says 'pending.state: torn'
check "and the history says it" eval 'run history --json && jq -e ".generations[1].result | test(\"^reverted: not confirmed\")" "$out"'
check "a restart does not apply it" eval 'daemon_kill; restart steady && mtu_is 1400'
good
check_status 0 "and by hand" run apply

# A way back that cannot be written is none.
mkdir "$generations/pending.state.new"
good 1290
check_status 6 "a change that could not be reverted after a crash is not begun" run apply --confirm=60
check "and says why" grep -q "what it is to be reverted to cannot be remembered" "$bus_dir/err"
check "nothing was touched" mtu_is 1400
rmdir "$generations/pending.state.new"
good
check_status 0 "with a disk it is" run apply

# Hands off.
check_status 0 "hold" run hold v0 --for=60
run status
check "status shows it" says '^v0 is held, [56][0-9] s left'
ip link set v0 mtu 1234
sleep 0.3
check "what a hand did stays" mtu_is 1234
run show v0 --json
check "its state is held" jq -e '.state.management == "held"' "$out"
check_status 0 "release" run release v0
check_eventually 1 "puts it back" mtu_is 1400
check_status 0 "hold" run hold v0 --for=600
ip link set v0 mtu 1235
daemon_kill
check "a daemon that dies meanwhile does not end it" restart steady
check "what a hand did stays" mtu_is 1235
check_status 0 "hold for some seconds more" run hold v0 --for=2
check_eventually 5 "it ends by itself" mtu_is 1400
check "nothing is left of it" [ ! -e "$daemon_dir/state/holds.state" ]
check_status 0 "hold once more" run hold v0
daemon_kill
echo 'holds = ( { name = "v0"; unt' >"$daemon_dir/state/holds.state"
check "a torn file of holds is no reason not to start" restart steady
check "it is told" daemon_says 'holds.state: torn'
check_status 1 "not held" run release v0
check_status 10 "no such interface" run hold nosuch
check_status 1 "not configured" run hold lo

# What foreign = "remove" takes away is to be given back until the change is confirmed, also by a
# daemon that comes after it.
taking() {
	daemon_config <<'EOF'
interfaces = ( { name = "v1"; up = true; foreign = "remove"; addresses = []; routes = []; } );
EOF
}
daemon_config <<'EOF'
interfaces = ( { name = "v1"; up = true; } );
EOF
check_status 0 "others' things are let be" run apply
ip address add 10.44.0.1/24 dev v1 noprefixroute
ip route add 10.45.0.0/16 dev v1 mtu 1300
theirs() {
	[[ $(ip -o address show dev v1) == *10.44.0.1/24*noprefixroute* &&
		$(ip route show 10.45.0.0/16) == *"mtu 1300"* ]]
}
taken() {
	[[ $(ip -o address show dev v1) != *10.44.0.1* && -z $(ip route show 10.45.0.0/16) ]]
}
check "they are there" theirs
taking
check_status 0 "they are taken away, to be confirmed" run apply --confirm=60
check "and gone" taken
daemon_kill
ends_in -1
daemon_start -v
check_eventually 8 "killed, and not confirmed in time: they come back as they were" theirs
check_eventually 5 "and that is the end of it" state steady
check_status 0 "taken away once more" run apply --confirm=60
check_status 0 "and confirmed" run confirm
daemon_config <<'EOF'
interfaces = ( { name = "v1"; up = true; } );
EOF
check_status 0 "the policy goes" run apply
check "they do not come back" taken

# Others.
for verb in "apply --confirm=5" confirm rollback "hold v0" "release v0"; do
	# shellcheck disable=SC2086
	check_status 4 "somebody else may not: $verb" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$NETCTL" $verb
done
check_status 0 "but may read" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$NETCTL" history
daemon_stop
check "the daemon stops" daemon_stopped
finish
