# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# netctl under test: how it is run, and what is asked of what it printed. Source
# it behind bus.sh. What is printed is that of the C locale.

# shellcheck disable=SC2034,SC2154 # variables shared with the other files here
out=$bus_dir/out
err=$bus_dir/err
export LC_ALL=C

# run ARGUMENT...: netctl, its two outputs in $out and $err, its status handed on.
run() {
	timeout 120 "$NETCTL" "$@" >"$out" 2>"$err" </dev/null
}
# on_terminal COMMAND [PATTERN ANSWER]...: what somebody at a terminal sees is in $out; an
# answer is typed when its pattern is there.
on_terminal() {
	local pid command=$1
	shift
	[ -p "$bus_dir/keyboard" ] || mkfifo "$bus_dir/keyboard"
	: >"$out"
	# Open both ways, so that there is no end of input.
	script -qefc "$command" /dev/null <>"$bus_dir/keyboard" >"$out" 2>"$err" &
	pid=$!
	while [ $# -gt 0 ]; do
		eventually 10 grep -qE -- "$1" "$out" || kill $pid
		echo "$2" 1<>"$bus_dir/keyboard"
		shift 2
	done
	wait $pid
}
# says PATTERN, complains PATTERN: of the last run's output, of its messages.
says() {
	grep -qE -- "$1" "$out" || { head -c 4000 "$out" "$err"; return 1; }
}
complains() {
	grep -qE -- "$1" "$err" || { cat "$err"; return 1; }
}
# silent FILE: nothing is in it.
silent() {
	[ ! -s "$1" ] || { cat "$1"; return 1; }
}
# json EXPRESSION: of jq, true of the last run's output.
json() {
	jq -e "$1" "$out" >/dev/null || { head -c 4000 "$out"; return 1; }
}
# fits: a person's lines have at most 80 columns; marks and dashes are several bytes.
fits() {
	! LC_ALL=C.UTF-8 awk 'length > 80' "$out" | grep .
}
