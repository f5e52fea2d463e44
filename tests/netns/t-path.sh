#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A change that cuts off the person who asks for it: told, asked for, warned of.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"
bus_start

from() { # ADDRESS ARGUMENT…: netctl, called over ssh from there
	local peer=$1

	shift
	SSH_CONNECTION="$peer 50000 203.0.113.2 22" run "$@"
}
warns() {
	grep -qE -- "$1" "$err" || { cat "$err"; return 1; }
}
is_up() {
	ip link show v0 | grep -q '[<,]UP[,>]'
}
is_steady() {
	run status --json && jq -e '.state == "steady"' "$out"
}
config() { # UP-OF-V0
	daemon_config <<EOT
interfaces = (
  { name = "v0"; up = $1; addresses = [ "203.0.113.2/24" ]; },
  { name = "v1"; addresses = [ "192.0.2.1/24" ]; }
);
EOT
}

ip link set lo up
ip link add v0 type veth peer name v1
config true
daemon_start -v
check_eventually 5 "the daemon has applied it" is_steady

config false
check_status 0 "plan, from there" from 203.0.113.7 plan
check "says what loses traffic" says '^loses traffic: v0 \(goes down\)$'
check "and that it is the way" says '^interrupts the way you came by \(ssh from 203\.0\.113\.7 by v0\)$'
from 203.0.113.7 plan --json
check "JSON" json '.path == {"peer": "203.0.113.7", "interfaces": ["v0"], "interrupted": "yes"}
	and .loses == [{"name": "v0", "why": "goes down", "all": true}]'
from 192.0.2.7 apply --dry-run --json
check "from elsewhere it is not" json '.path.interfaces == ["v1", "v0"] and .path.interrupted == "no"'
from 192.0.2.7 plan
check "nor is it told" says '^loses traffic: v0 \(goes down\)$' && check_fails "so" says 'the way'
from ::ffff:203.0.113.7 plan --json
check "an IPv4 address as IPv6 has it" json '.path.peer == "203.0.113.7"'
from 198.51.100.1 plan --json
check "no route says where: it is by the address" json '.path.interfaces == ["v0"] and .path.interrupted == "yes"'
SSH_CONNECTION="198.51.100.1 50000 198.51.100.2 22" run plan --json
check "no way is known" json '.path.interrupted == "unknown" and .path.interfaces == []'
from 203.0.113.2 plan --json
check "the machine itself is not elsewhere" json '.path == null'
from nonsense plan
check_status 1 "no address" from nonsense plan

above() { # as with sudo, which leaves a program above with the variable
	SSH_CONNECTION="203.0.113.7 50000 203.0.113.2 22" \
		bash -c 'env -u SSH_CONNECTION "$0" plan --json; exit $?' "$NETCTL" >"$out" 2>"$err"
}
check "it is found in a program above" above
check "as the same" json '.path.peer == "203.0.113.7"'

if command -v script >/dev/null; then
	asked() { # VERB [PATTERN ANSWER]...
		SSH_CONNECTION="203.0.113.7 50000 203.0.113.2 22" \
			on_terminal "'$NETCTL' $1" "${@:2}"
	}
	check_status 6 "asked on a terminal: no" asked apply 'without\]' n
	check "the question" says 'Apply it with --confirm=60\? \[Y/n/without\]'
	check "and why" says 'This change interrupts the way you came by \(ssh from 203\.0\.113\.7 by v0\)\.'
	check "is not applied" is_up
	asked apply 'without\]' '' 'keep\?' n
	check "yes: it waits for its confirmation" says 'is reverted in 60 s unless'
	check "which was not given" is_up
	check_status 0 "without" asked apply 'without\]' w
	check_fails "is applied" is_up
	check "and stays" is_steady
	config true
	run apply
	config false
else
	skip "a terminal" "needs script"
fi
check_status 0 "elsewhere it is applied" from 203.0.113.7 apply
check_fails "as it was asked" is_up
check "and warned of" warns '^netctl: warning: with --confirm it would be reverted'

# The other ways to change.
config true
check_status 0 "the way is there again" run apply
config false
check_status 0 "reload" from 203.0.113.7 reload
check "warns too" warns '^netctl: warning: with --confirm it would be reverted'
check "and why" warns '^This change interrupts the way you came by'
config true
check_status 0 "the way is there again" from 203.0.113.7 reload
check_fails "which cuts nobody off" warns 'the way you came by'
check_status 0 "back to where it was not" from 203.0.113.7 rollback
check "warns" warns '^netctl: warning: nothing reverts it'
check_fails "and is done" is_up
check_status 0 "and forth" from 203.0.113.7 rollback
check "as it was" is_up
if command -v script >/dev/null; then
	asked rollback 'y/N\]' n
	check "on a terminal it asks" says 'Nothing would revert that. Do it\? \[y/N\]'
	check "and does not" is_up
fi
from 203.0.113.7 plan --json
check "the file says up" json '.path.interrupted == "no"'

finish
