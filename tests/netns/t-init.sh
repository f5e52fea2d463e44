#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl init on machines that are folders: which board is recognised, what is
# written, and what is left alone.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
NETCTL=$NETCTL_BUILDDIR/netctl
boards=$here/../../data/boards
root=$(mktemp -d)
at_exit 'rm -rf "$root"'
# Where the boards' files are is part of the program, which says so where there are none.
installed=$("$NETCTL" --root="$root" init 2>&1 | sed -n "s#.*no boards' configurations in $root##p")
check "without boards it says where they should be" test -n "$installed"

# machine COMPATIBLE...: a machine that says it is that, without any configuration.
machine() {
	rm -rf "${root:?}"/*
	mkdir -p "$root/proc/device-tree" "$root/etc" "$root$installed"
	[ $# = 0 ] || printf '%s\0' "$@" >"$root/proc/device-tree/compatible"
	cp "$boards"/*.conf "$root$installed/"
}
init() { "$NETCTL" --root="$root" init "$@"; }

# As the kernel's device trees have them (arch/arm64, arch/arm: boot/dts/marvell).
for pair in \
	"espressobin:globalscale,espressobin marvell,armada3720 marvell,armada3700" \
	"espressobin:globalscale,espressobin-emmc globalscale,espressobin marvell,armada3720" \
	"espressobin-v7:globalscale,espressobin-v7-emmc globalscale,espressobin-v7 globalscale,espressobin" \
	"espressobin-ultra:globalscale,espressobin-ultra globalscale,espressobin marvell,armada3720" \
	"turris-mox:cznic,turris-mox marvell,armada3720 marvell,armada3710" \
	"clearfog:solidrun,clearfog-pro-a1 solidrun,clearfog-a1 marvell,armada388" \
	"macchiatobin:marvell,armada8040-mcbin-doubleshot marvell,armada8040-mcbin marvell,armada8040"; do
	board=${pair%%:*}
	# shellcheck disable=SC2086 # words
	machine ${pair#*:}
	check_equal "${pair#*:}: $board" "$board" "$(init --json --dry-run | jq -r .board)"
	check "$board: written" init
	check "$board: the file is the board's" cmp "$boards/$board.conf" "$root/etc/netctld/10-$board.conf"
	check "$board: check has nothing against it" "$NETCTL" check "$root/etc/netctld"
done

machine globalscale,espressobin
check_equal "what would be written, as JSON" '["espressobin",false,["lan0","lan1","wan"]]' \
	"$(init --dry-run --json | jq -c '[.board, .written, (.missing | sort)]')"
check_fails "a dry run writes nothing" test -e "$root/etc/netctld"
check "it shows the file" sh -c '"$@" | grep -q "name = \"lan1\"; master = \"br0\"; }"' - \
	"$NETCTL" --root="$root" init --dry-run
check "another board by name" init macchiatobin
check "is written" test -e "$root/etc/netctld/10-macchiatobin.conf"
check_equal "with a configuration there, nothing is written: status 1" 1 "$(init >/dev/null 2>&1; echo $?)"
check "and the file is named" sh -c '"$@" 2>&1 | grep -q "already: .*/etc/netctld/10-macchiatobin.conf"' - \
	"$NETCTL" --root="$root" init
check_equal "one file is all there is" 10-macchiatobin.conf "$(ls "$root/etc/netctld")"
machine globalscale,espressobin
mkdir -p "$root/usr/lib/netctld"
: >"$root/usr/lib/netctld/vendor.conf"
check_fails "a vendor's configuration counts too" init

machine acme,toaster
check_equal "a machine that is not known: status 1, as JSON" '1 "org.netctl1.Error.NotSupported"' \
	"$(said=$(init --json); echo "$? $(jq -c .error.name <<<"$said" 2>/dev/null)")"
check "is named, and so are the boards" sh -c \
	'"$@" 2>&1 | grep -q "this machine (acme,toaster) is not known.* clearfog .* turris-mox"' - \
	"$NETCTL" --root="$root" init
machine
check "a machine without a device tree" sh -c '"$@" 2>&1 | grep -q "no device tree"' - \
	"$NETCTL" --root="$root" init

finish
