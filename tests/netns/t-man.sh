#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The manual: rendered without a warning, complete, and its examples hold.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
command -v groff >/dev/null || skip_all "needs groff"
top=$here/../..
pages=("$top"/man/*.[1-8] "$NETCTL_BUILDDIR"/man/*.[1-8])

# roff PAGE: what man has to say about it, beside the page.
roff() {
	if command -v man >/dev/null; then
		# shellcheck disable=SC2069 # only what it complains of is wanted
		LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings=w -E UTF-8 -l "$1" 2>&1 >/dev/null
	else
		groff -ww -t -man -Tutf8 -z "$1" 2>&1
	fi
}
# text PAGE: as it is read.
text() {
	groff -t -man -Tascii -P-cbou -rLL=1000n "$1" 2>/dev/null
}
# examples PAGE: each into a file of its own below $daemon_dir/examples.
examples() {
	rm -rf "$daemon_dir/examples"
	mkdir "$daemon_dir/examples"
	awk -v dir="$daemon_dir/examples" '
		/^\.\\" example$/ { file = dir "/" ++n ".conf"; next }
		/^\.fi$/ { file = "" }
		file && !/^\./ { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print >file }' "$1"
}

# keys FILE: of a configuration; not those within a value (a list in a group).
keys() {
	sed 's/#.*//; s/"[^"]*"//g' "$1" | grep -oE '[a-z][a-z0-9_-]* *=|[(){}]' | awk '
		/\(/ { list++ } /\)/ { list-- } /{/ { group++ } /}/ { group-- }
		/=/ && !(list > 1 && group > 2) { sub(/ *=/, ""); print }' | sort -u
}

for page in "${pages[@]}"; do
	check_equal "${page##*/} renders without a warning" "" "$(roff "$page")"
done

# Complete: what is on the bus is in the manual.
text "$NETCTL_BUILDDIR/man/org.netctl1.5" >"$daemon_dir/page"
for xml in "$top"/dbus/*.xml "$NETCTL_BUILDDIR"/dbus/groups/*.xml; do
	missing=
	for name in $(sed -n 's/.*<\(interface\|method\|property\|signal\) name="\([^"]*\)".*/\2/p' "$xml"); do
		grep -qw "$name" "$daemon_dir/page" || missing+=" $name"
	done
	check_equal "org.netctl1(5) has all of ${xml##*/}" "" "$missing"
done
for error in $(sed -n 's/.*\(call_fail\|denied\)([a-z>-]*, "\([A-Za-z]*\)".*/\2/p' "$top"/src/bus/*.c | sort -u); do
	check "org.netctl1(5) has the error $error" grep -q "org.netctl1.Error.$error" "$daemon_dir/page"
done
text "$NETCTL_BUILDDIR/man/netctld.conf.5" >"$daemon_dir/page"
for example in "$top"/src/features/*/example.conf; do
	missing=
	for key in $(keys "$example"); do
		grep -qw -e "$key" "$daemon_dir/page" || missing+=" $key"
	done
	check_equal "netctld.conf(5) has all of $(basename "$(dirname "$example")")" "" "$missing"
done

# The journal's catalog.
check_equal "the catalog explains every event, and no other" \
	"$(sed -n 's/.*\[LOG_EVENT_[A-Z_]*\] = "\(.*\)",/\1/p' "$top/src/util/log.c" | sort)" \
	"$(sed -n 's/^-- //p' "$top/data/netctl.catalog" | sort)"

# The examples, one after the other, as drop-ins are. They are applied where there
# are VLANs: in the lab, by t-systemd.sh.
for nic in wan lan0 lan1; do
	ip link add $nic type veth peer name $nic-far
done
for page in "${pages[@]}"; do
	rm -f "$daemon_dir"/etc/*
	examples "$page"
	for example in "$daemon_dir"/examples/*.conf; do
		[ -e "$example" ] || continue
		cp "$example" "$daemon_dir/etc"
		check "${page##*/}: example $(basename "$example" .conf) is valid" \
			"$NETCTL_BUILDDIR/netctl" check "$daemon_dir/etc"
	done
done
finish
