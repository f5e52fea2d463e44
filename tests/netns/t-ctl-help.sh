#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl help, and completion in bash and zsh. On a bus of its own, in a network
# namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"


# help needs no daemon.

check_status 0 "help" run help
check "lists the groups" says '^  bridge +A bridge, '
check "80 columns" fits
check "in one column, however long a name is" says '^  ethernet.private_flags  Flags that'
check_status 0 "help of a setting by the name that ethtool has for it" run help tso
check "its own" says '^ethernet.features.tx-tcp-segmentation$'
check_status 0 "help of a group" run help bridge
check "lists its settings" says '^  vlan_filtering +Forward by VLAN'
check "80 columns" fits
check_status 0 "help of a key" run help bridge.vlan_filtering
check "type" says '^  type +boolean$'
check "default" says '^  default +false$'
check "effect" says '^  effect +a change is made on the living interface$'
check "example" says '^  example +bridge = \{ vlan_filtering = true; \};$'
check_status 0 "help of a key that several groups have" run help forwarding
check "one" says '^ipv4.forwarding$'
check "and the other" says '^ipv6.forwarding$'
check_status 0 "help of the entry's own" run help mtu
check "range" says '^  type +number, 68 to 65536$'
check_status 0 "help of the daemon's" run help daemon.on_drift
check_status 2 "help of what is none" run help bridge.vlan_fitering
check "with a suggestion" complains 'no setting "bridge.vlan_fitering" .did you mean "bridge.vlan_filtering"'
check_status 2 "its last word is enough" run help vlan_fitering
check "to be told the key" complains 'did you mean "bridge.vlan_filtering"'
check_status 2 "a word like no other" run help bridge.nope
check "is not guessed at" complains "no setting \"bridge.nope\"; netctl help lists"
check_status 0 "help, JSON" run help --json
check "document" json '.groups | map(.group) | index("bridge") and index("daemon")'
groups=$(jq -r '.groups[].group' "$out")

# Each setting is explained, in 80 columns, and its example is valid syntax.
every_setting() {
	local group key
	for group in $groups; do
		run help "$group" --json || return 1
		jq -e '.settings | length > 0 and all(.[]; .key and .help and .type and .effect)' \
			"$out" >/dev/null || { echo "$group"; return 1; }
		cp "$out" "$bus_dir/settings.$group"
		for key in $(jq -r '.settings[].key' "$out"); do
			run help "$key" || { echo "$key"; return 1; }
			fits || return 1
		done
	done
}
check "every setting is explained" every_setting
jq -r '.settings[] | select(.settable and (.key | startswith("daemon.") | not)) |
	.key + " " + (.example // "")' "$bus_dir"/settings.* >"$bus_dir/examples"
check "many have an example" test "$(grep -c ';$' "$bus_dir/examples")" -gt 50
# What an example needs beside it is not here, so only syntax, keys and values are looked at.
examples_are_right() {
	local n=0 key example
	while read -r key example; do
		[ -n "$example" ] || continue
		printf 'interfaces = ( { name = "x0"; %s } );\n' "$example" >"$bus_dir/example.conf"
		run check "$bus_dir/example.conf"
		! grep -E "syntax|unknown|x0: $key: .*out of range" "$err" ||
			{ echo "$key: $example"; return 1; }
		n=$((n + 1))
	done <"$bus_dir/examples"
	[ $n -gt 0 ]
}
check "every example is one" examples_are_right

# The manual knows every verb and every option, and its examples are no wrong usage.
page=$here/../../man/netctl.1
in_the_manual() {
	local word missing=
	run --help
	sed 's/\\-/-/g' "$page" >"$bus_dir/page"
	for word in $(sed -n 's/^  \([a-z-]*\) .*/\1/p' "$out" | grep -v '^-') \
		$(sed -n 's/^  \(-H, \)\{0,1\}\(--[a-z-]*\).*/\2/p' "$out"); do
		grep -qE "(^\.[A-Z]+ |[ \"])$word([ \"=]|\$)" "$bus_dir/page" || missing="$missing $word"
	done
	[ -z "$missing" ] || { echo "not in netctl(1):$missing"; return 1; }
}
check "the manual has every verb and option" in_the_manual
manual_examples() {
	local line status n=0
	while read -r line; do
		read -ra words <<<"${line%%[|&>]*}"
		[ "${words[1]}" != -H ] || continue
		timeout --foreground 1 "$NETCTL" "${words[@]:1}" >"$out" 2>&1 </dev/null
		status=$?
		[ $status != 2 ] || { echo "$line"; cat "$out"; return 1; }
		n=$((n + 1))
	done < <(sed -n '/^\.SH EXAMPLES/,/^\.fi/s/^netctl/netctl/p' "$page")
	[ $n -gt 4 ]
}
check "its examples are no wrong usage" manual_examples

# Completion.

ip link set lo up
ip link add v0 type veth peer name v1
bus_start
daemon_config <<'EOT'
interfaces = ( { name = "absent0"; mtu = 1400; } );
EOT
daemon_start -v
check "the daemon is there" daemon_settled
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"
mkdir "$bus_dir/bin"
ln -s "$NETCTL" "$bus_dir/bin/netctl"
PATH=$bus_dir/bin:$PATH

# What bash has read (with "=" as a word of its own), and what is offered for the last word.
bash_offers() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _netctl
		printf "%s\n" "${COMPREPLY[@]}"' - "$NETCTL_BUILDDIR/completion/netctl" "$@" >"$out" 2>"$err"
	[ ! -s "$err" ] || { cat "$err"; return 1; }
}
offers() {
	for word; do
		grep -qxF -- "$word" "$out" || { echo "not $word:"; cat "$out"; return 1; }
	done
}
check "bash: verbs" bash_offers netctl ''
check "all of them" offers status stats wait-online help
check "bash: the beginning of one" bash_offers netctl sta
check "the two that it may be" test "$(tr '\n' ' ' <"$out")" = "stats status "
check "bash: options of a verb" bash_offers netctl stats --
check "those it has" offers --interval= --json
check_fails "and no others" offers --dot
check "bash: names of interfaces" bash_offers netctl show ''
check "present and absent" offers v0 v1 lo absent0
check "bash: after an option" bash_offers netctl --json show v
check "names still" offers v0 v1
check "bash: keys" bash_offers netctl help bridge.vlan_f
check "the whole key" offers bridge.vlan_filtering
check "bash: values of an option" bash_offers netctl --color = a
check "the words" offers auto always
check "bash: files" bash_offers netctl check "$daemon_dir/etc/"
check "those there are" offers "$daemon_dir/etc/10-test.conf"
check "bash: nothing where nothing fits" bash_offers netctl plan ''
check "at all" test "$(tr -d '\n' <"$out" | wc -c)" = 0

if command -v zsh >/dev/null; then
	# What a person sees who presses TAB: zsh completes only on a terminal.
	zsh_offers() { # LINE WORD...: until all of the words have come
		/usr/bin/python3 - "$NETCTL_BUILDDIR/completion" "$bus_dir/home" "$@" >"$out" 2>&1 <<'EOT'
import os, pty, re, select, sys, time
completion, home, line, *words = sys.argv[1:]
os.makedirs(home, exist_ok=True)
env = dict(os.environ, TERM="dumb", PS1="PROMPT> ", HOME=home, ZDOTDIR=home)
pid, fd = pty.fork()
if not pid:
    os.execvpe("zsh", ["zsh", "-f", "-i"], env)
got = ""
def until(there):
    """What came before it and with it; what comes behind is for the next one."""
    global got
    end = time.monotonic() + 60
    while not there(got) and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                got += os.read(fd, 4096).decode(errors="replace").replace("\r", "")
            except OSError:
                break
def forget(what):
    global got
    until(lambda text: what in text)
    got = got.partition(what)[2]
os.write(fd, b"unsetopt zle_bracketed_paste; LISTMAX=999; fpath=(%s $fpath); autoload -Uz compinit; "
         b"compinit -u -D; echo rea''dy\n" % completion.encode())
forget("ready\n")
forget("PROMPT> ")  # before that, ^D would end it
# ^X? is not bound: list-choices is, as ^D at the end of a line.
os.write(fd, line.encode() + b"\x04")
until(lambda text: all(re.search(r"(^|\s)" + w + r"(\s|$)", text) for w in words))
sys.stdout.write(got)
sys.stdout.flush()
os.write(fd, b"\x15exit\n")
os.close(fd)
os.waitpid(pid, 0)
EOT
	}
	has() {
		for word; do
			grep -qE "(^|[[:space:]])$word([[:space:]]|\$)" "$out" || { cat "$out"; return 1; }
		done
	}
	check "zsh: verbs" zsh_offers 'netctl ' status wait-online
	check "all of them" has status wait-online
	check "zsh: names of interfaces" zsh_offers 'netctl show ' v0 absent0
	check "present and absent" has v0 absent0
	check "zsh: options of a verb" zsh_offers 'netctl wait-online --' --timeout=
	check "those it has" has --timeout=
	check "zsh: values of an option" zsh_offers 'netctl --json=' short pretty
	check "the words" has short pretty
else
	skip "zsh" "no zsh"
fi

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
