# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks that print TAP, for every test that is a shell script: in the lab, in
# network namespaces, or plain. POSIX sh, so that a test can run in what the
# router has. Source it, check, and end with `finish`; a script that ends in
# another way has failed.
#
# The commands run in the calling shell, so functions may set variables; their
# output is shown, as comments, only when the check fails.

tap_count=0
tap_failed=0
tap_skipped=0
tap_finished=
tap_at_exit=
tap_output=$(mktemp) || exit 99

# tap_result STATUS DESCRIPTION: count and print one line.
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$tap_count" "$2"
	else
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n' "$tap_count" "$2"
	fi
}

# tap_explain REASON: why the last check failed, and what its command said.
tap_explain() {
	note "$1"
	sed 's/^/#   /' "$tap_output"
}

# note TEXT: a comment in the output.
note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# check DESCRIPTION COMMAND...: the command must succeed.
check() {
	tap_text=$1
	shift
	tap_status=0
	"$@" >"$tap_output" 2>&1 || tap_status=$?
	tap_result "$tap_status" "$tap_text"
	[ "$tap_status" -eq 0 ] || tap_explain "exit status $tap_status: $*"
}

# check_fails DESCRIPTION COMMAND...: the command must fail, in whatever way.
check_fails() {
	tap_text=$1
	shift
	tap_status=0
	"$@" >"$tap_output" 2>&1 || tap_status=$?
	if [ "$tap_status" -ne 0 ]; then
		tap_result 0 "$tap_text"
	else
		tap_result 1 "$tap_text"
		tap_explain "succeeded: $*"
	fi
}

# check_status N DESCRIPTION COMMAND...: the exit status must be N.
check_status() {
	tap_wanted=$1 tap_text=$2
	shift 2
	tap_status=0
	"$@" >"$tap_output" 2>&1 || tap_status=$?
	if [ "$tap_status" -eq "$tap_wanted" ]; then
		tap_result 0 "$tap_text"
	else
		tap_result 1 "$tap_text"
		tap_explain "exit status $tap_status, not $tap_wanted: $*"
	fi
}

# check_equal DESCRIPTION EXPECTED ACTUAL: two strings must be the same.
check_equal() {
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		note "expected: $2"
		note "  actual: $3"
	fi
}

# Hundredths of a second since boot. No fork: that is dear in the lab.
tap_now() {
	read -r tap_uptime _ </proc/uptime
	# 1NN - 100: "08" alone would be a bad octal number.
	tap_time=$((${tap_uptime%.*} * 100 + 1${tap_uptime#*.} - 100))
}

# eventually SEC COMMAND...: repeat the command every 50 ms until it succeeds;
# fails when it has not after SEC seconds, or half a minute if that is more: SEC is
# what a reader may expect of an idle machine, and a slow or busy one is no failure.
# How long something takes is for tests/bench to say.
eventually() {
	tap_patience=$(($1 > 30 ? $1 : 30))
	tap_now
	tap_deadline=$((tap_time + tap_patience * 100))
	shift
	while ! "$@"; do
		tap_now
		[ "$tap_time" -lt "$tap_deadline" ] || return 1
		sleep 0.05
	done
}

# check_eventually SEC DESCRIPTION COMMAND...: it must succeed at last, see eventually.
# The output shown is the last attempt's.
check_eventually() {
	tap_limit=$1 tap_text=$2
	shift 2
	if eventually "$tap_limit" tap_attempt "$@"; then
		tap_result 0 "$tap_text"
	else
		tap_result 1 "$tap_text"
		tap_explain "not within $tap_patience s: $*"
	fi
}

tap_attempt() {
	"$@" >"$tap_output" 2>&1
}

# skip DESCRIPTION REASON: a check that cannot be done here.
skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

# skip_all REASON: nothing of this file can be done here; ends it.
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	tap_finished=1
	exit 77
}

# at_exit COMMAND: run it when the script ends, however it ends; the last one
# first. (A trap on EXIT of the test's own would replace the one below.)
at_exit() {
	tap_at_exit="$*
$tap_at_exit"
}

# finish: print the plan and leave.
finish() {
	tap_finished=1
	printf '1..%d\n' "$tap_count"
	[ "$tap_failed" -eq 0 ] || {
		note "$tap_failed of $tap_count failed"
		exit 1
	}
	[ "$tap_skipped" -lt "$tap_count" ] || exit 77
	exit 0
}

tap_exit() {
	tap_status=$?
	trap - EXIT
	eval "$tap_at_exit"
	rm -f "$tap_output"
	if [ -z "$tap_finished" ]; then
		tap_result 1 "the test ended early, with status $tap_status"
		printf '1..%d\n' "$tap_count"
		[ "$tap_status" -ne 0 ] || tap_status=1
	fi
	exit "$tap_status"
}
trap tap_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
