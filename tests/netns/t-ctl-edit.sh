#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl edit: what was typed is never lost, and the file stays as it was unless
# what is in it was applied. On a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"

file=$daemon_dir/etc/10-test.conf
copy=$file.edit
# types MTU [ANSWER...]: an editor that writes that MTU, and lines for the questions
types() {
	export MTU=$1
	shift
	printf '%s\n' "$@" | timeout 20 "$NETCTL" edit "$file" >"$out" 2>"$err"
}
file_has() {
	grep -q "mtu = $1;" "$file" || { cat "$file"; return 1; }
}
copy_has() {
	grep -q "mtu = $1;" "$copy"
}
no_copy() {
	test ! -e "$copy"
}
mtu_is() {
	test "$(ip -j link show v0 | jq '.[0].mtu')" = "$1"
}
cat >"$bus_dir/editor" <<'EOT'
#!/bin/sh
# editor WORD FILE
[ "$1" = please ] || exit 9
[ "$MTU" != fail ] || exit 1
[ "$MTU" != same ] || exit 0
sed -i "s/mtu = [^;]*;/mtu = $MTU;/" "$2"
EOT
chmod +x "$bus_dir/editor"
unset VISUAL
export EDITOR="$bus_dir/editor please"
ip link set lo up
mkdir "$daemon_dir/etc/parts"
echo '  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = 1400; },' >"$file"
sed -i '1i interfaces = (' "$file"
printf '@include "parts/more.inc"\n);\n' >>"$file"
echo '  { name = "v1"; }' >"$daemon_dir/etc/parts/more.inc"
chmod 600 "$file"
bus_start

check_status 8 "without a daemon a valid file is written" types 1300
check "says so" complains 'netctld takes it up when it runs'
check "it is" file_has 1300
check "no copy is left" no_copy
check_equal "it is as readable as it was" 600 "$(stat -c %a "$file")"
daemon_start -v
check "the daemon is there" daemon_settled
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"
check "it has taken it up" mtu_is 1300

check_status 0 "nothing changed" types same
check "says so" complains 'nothing changed$'
check "no copy is left" no_copy
check_status 1 "an editor that fails" types fail
check "says where the text is" complains 'what was typed is in .*10-test.conf.edit$'
check "the file is as it was" file_has 1300
rm -f "$copy"

check_status 5 "what is not valid" types '"big"' n
check "says what is wrong, by the file's own name" complains \
	"^$file:2: v0: mtu: "
check "the file is as it was" file_has 1300
check "what was typed is kept" copy_has '"big"'
check_status 5 "the next time it goes on with that" types same n
check "says so" complains 'going on with .*, which was not applied$'
check "it is still kept" copy_has '"big"'
check_status 6 "edited again until it is valid, and then not wanted" types 1200 n
check "the plan was shown" says 'v0: mtu: 1300 -> 1200'
check "the file is as it was" file_has 1300
check "what was typed is kept" copy_has 1200
check_equal "as readable as the file" 600 "$(stat -c %a "$copy")"
check "nothing was applied" mtu_is 1300

check_status 0 "what is wanted is applied" types 1200 y
check "to be confirmed" complains 'generation [0-9]+ is reverted in 60 s unless: netctl confirm'
check "it is in use" mtu_is 1200
check "it is in the file" file_has 1200
check "no copy is left" no_copy
check_equal "still as readable" 600 "$(stat -c %a "$file")"
check_status 1 "another one while it waits" types 1250 y
check "the file is as it was" file_has 1200
check "what was typed is kept" copy_has 1250
"$NETCTL" confirm >/dev/null 2>&1
rm -f "$copy"

check_status 6 "what the kernel refuses" types 65536 y
check "and why" complains 'v0: mtu: 1200 -> 65536: '
check "the file is as it was" file_has 1200
check "what was typed is kept" copy_has 65536
check "and the interface" mtu_is 1200
rm -f "$copy"

# On a terminal it asks whether to keep it.

terminal() { # MTU ANSWER
	export MTU=$1
	on_terminal "'$NETCTL' edit --confirm=60 '$file'" 'apply this\?' y 'keep\?' "$2"
}
if command -v script >/dev/null; then
	check_status 0 "applied and kept" terminal 1100 y
	check "it is in use" mtu_is 1100
	check "nothing waits" sh -c "! '$NETCTL' confirm >/dev/null 2>&1"
	check_status 6 "applied and not kept" terminal 1000 n
	check "it is not in use" mtu_is 1100
	check "the file is as it was" file_has 1100
	check "what was typed is kept" copy_has 1000
	rm -f "$copy"
else
	skip "on a terminal" "no script"
fi

# A link stays one, and files get their names.

mv "$file" "$bus_dir/real.conf"
ln -s "$bus_dir/real.conf" "$file"
check_status 0 "a link" types 1150 y
check "stays one" test -L "$file"
check "and leads to what was typed" grep -q 'mtu = 1150' "$bus_dir/real.conf"
"$NETCTL" confirm >/dev/null 2>&1
check_status 2 "no name of a file" "$NETCTL" edit "$daemon_dir/etc/"
MTU=same check_status 0 "JSON: nothing changed" sh -c "'$NETCTL' edit '$file' --json >'$out' 2>'$err'"
check "document" jq -e '.changed == false and .version == 1' "$out"
MTU=1160 check_status 0 "JSON: applied" sh -c "'$NETCTL' edit '$file' --json >'$out' 2>'$err'"
check "document" jq -e '.generation > 1 and .confirm_seconds == 60' "$out"
"$NETCTL" confirm >/dev/null 2>&1

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
