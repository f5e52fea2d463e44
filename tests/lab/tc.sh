# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests that go by a table of the kernel's own cases share: ID|VERDICT|ARGUMENTS|ENTRY. Read after
# lib.sh, with $table.

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
