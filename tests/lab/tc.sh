# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests of disciplines, classes and filters share: a daemon on the bus beside a wire from "near"
# (or what it is called) to "far", and, with $table, those that go by a table of the kernel's own
# cases: ID|VERDICT|ARGUMENTS|ENTRY. Read after lib.sh.

# tc_wire [NEAR [HOST]]: the wire, its far end in a namespace HOST with 192.0.2.2/24 if one is named;
# and the daemon, with no configuration. Read daemon.sh before.
tc_wire() {
	local to=(ip)
	lab_dbus
	# shellcheck disable=SC2034 # daemon.sh's
	daemon_bus=
	ip link add "${1:-near}" numtxqueues 4 type veth peer name far
	if [ -n "${2:-}" ]; then
		ip netns add "$2"
		ip link set far netns "$2"
		to=(ip -n "$2")
		"${to[@]}" address add 192.0.2.2/24 dev far
	fi
	"${to[@]}" link set far up
	echo 'interfaces = ();' | daemon_config
	daemon_start -v
	daemon_settled
}

# config: from standard input, applied; what was said is in /tmp/said
config() {
	daemon_config && netctl apply >/tmp/said 2>&1 || {
		cat /tmp/said
		false
	}
}

# counted GROUP INSTANCE COUNTER: of near, as netctl stats has it
counted() {
	netctl stats --json near | jq --arg g "$1" --arg i "$2" --arg c "$3" \
		'[.interfaces[0].statistics[] | select(.group == $g and .instance == $i)][0].counters[$c]'
}

# shellcheck disable=SC2154 # table
# tc_cases VERDICT: lines of the table; "refused" is every other than the words.
tc_cases() {
	grep -v '^#' "$table" | awk -F'|' -v want="$1" '
		{ is = $2 ~ /^(ok|queues-one|change)$/ ? $2 : "refused" } is == want'
}

# tc_refused FORMAT: check refuses each in the words of the table; FORMAT is of printf, for the entry.
tc_refused() {
	local bad=0 id verdict entry status
	while IFS='|' read -r id verdict _ entry; do
		# shellcheck disable=SC2059
		printf "$1" "$entry" >/tmp/one.conf
		netctl check /tmp/one.conf >/tmp/said 2>&1
		status=$?
		if [ "$status" != 5 ] || ! grep -qF -- "${verdict%!}" /tmp/said; then
			note "$id: status $status, $(cat /tmp/said); wanted: $verdict"
			bad=$((bad + 1))
		fi
	done < <(tc_cases refused)
	check_equal "what is invalid is refused by check, with the rule" 0 "$bad"
}

# tc_begin: the devices of /tmp/links, made anew
tc_begin() {
	sed -n 's/^link add \([^ ]*\) .*/link del \1/p' /tmp/links | ip -batch - 2>/dev/null
	ip -batch /tmp/links
}

# tc_left FILE...: how many of the kernel's cases there are, and what is not done of them, and why
tc_left() {
	local left file all covered why ids n
	left=$(dirname "${BASH_SOURCE[0]}")/tc-left.table
	for file; do
		n=0
		while IFS='|' read -r _ why ids; do
			case $why in [0-9]*) continue ;; esac
			n=$((n + $(wc -w <<<"$ids")))
			skip "$file: $ids" "$why"
		done < <(grep "^$file|" "$left")
		IFS='|' read -r _ all covered < <(grep "^$file|[0-9]" "$left")
		check_equal "$file: $covered of $all cases, the others are named" "$all" $((covered + n))
	done
}
