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
	# No pipe: what ends without reading would end printf by SIGPIPE, which pipefail takes for it.
	printf '%s\n' "$@" >"$bus_dir/typed"
	timeout 60 "$NETCTL" edit "$file" <"$bus_dir/typed" >"$out" 2>"$err"
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
[ -z "$MEANWHILE" ] || sed -i "s/mtu = [^;]*;/mtu = $MEANWHILE;/" "$FILE"
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

# Others who write the file while somebody edits it.

export FILE=$file
MEANWHILE=1110 check_status 1 "somebody else writes the file meanwhile" types 1120 y
check "says so" complains 'somebody else has changed the file meanwhile.*what was typed is in .*\.edit$'
check "the file is left so" file_has 1110
check "what was typed is kept" copy_has 1120
check_status 1 "the next time it is asked whether to go on with that" types same n
check "says why" complains '^netctl: .* was changed after that was begun'
check "the file is still left so" file_has 1110
check "what was typed is still kept" copy_has 1120
chmod 664 "$file"
check_status 0 "it can be gone on with" types same y y
check "and it is asked every time" complains 'was changed after that was begun'
check "it is in use" mtu_is 1120
check_equal "who may read and write it is as it was" 664 "$(stat -c %a "$file")"
"$NETCTL" confirm >/dev/null 2>&1

mkfifo "$bus_dir/answers"
session_pid=
at_exit 'kill $session_pid 2>/dev/null'
# session MTU: one that goes on while the test does, until session_asks is true
session() {
	: >"$bus_dir/session" # before it is looked into
	MTU=$1 "$NETCTL" edit "$file" <>"$bus_dir/answers" >"$bus_dir/session" 2>&1 &
	session_pid=$!
}
session_asks() {
	eventually 10 grep -q 'apply this' "$bus_dir/session" || { cat "$bus_dir/session"; return 1; }
}
session 1130
check "one session asks" session_asks
check_status 1 "a second one on the same file" types 1140
check "is told so" complains '^netctl: somebody else edits this file now$'
sed -i 's/mtu = [^;]*;/mtu = 1110;/' "$file"
echo n >"$bus_dir/answers"
check_status 6 "not wanted after somebody else wrote the file" wait $session_pid
check "says so" grep -q 'somebody else has changed .* meanwhile, and it is left so' "$bus_dir/session"
check "it is left so" file_has 1110
check "no lock is left" test ! -e "$copy.lock"
rm -f "$copy"

# Signals are an answer: no.

for signal in INT QUIT TERM HUP; do
	session 1130
	session_asks
	kill -$signal $session_pid
	check_status 6 "SIG$signal at the question" wait $session_pid
	check "the file is as it was" file_has 1110
	check "what was typed is kept" copy_has 1130
	rm -f "$copy"
done
kill -STOP "$daemon_pid"
session 1130
check "a daemon that does not answer" eventually 10 file_has 1130
kill -INT $session_pid
check_status 6 "need not be waited for" wait $session_pid
kill -CONT "$daemon_pid"
session_pid=
check "the file is as it was" file_has 1110
rm -f "$copy"

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

# A folder of its own is checked alone; the daemon may see more.

mkdir -p "$bus_dir/alone/parts"
cp "$daemon_dir/etc/parts/more.inc" "$bus_dir/alone/parts/"
mv "$bus_dir/real.conf" "$bus_dir/alone/"
ln -sf "$bus_dir/alone/real.conf" "$file"
echo nonsense >"$daemon_dir/etc/20-bad.conf"
file=$bus_dir/alone/real.conf copy=$bus_dir/alone/real.conf.edit
check_status 5 "what the daemon finds invalid" types 1170 y
check "says what" complains '20-bad.conf:'
check "the file is as it was" file_has 1160
check "what was typed is kept" copy_has 1170
rm "$daemon_dir/etc/20-bad.conf"

# The daemon's own folders belong together, also when one is named by a path.

cat >"$bus_dir/own" <<EOT
set -e
mkdir -p "$bus_dir/fresh/netctld"
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache "$bus_dir/fresh/" 2>/dev/null || true
mount --bind "$bus_dir/fresh" /etc
echo 'interfaces = ( { name = "w0"; kind = "veth"; veth = { peer = "w1"; }; } );' >/etc/netctld/10.conf
echo '{ name = "w1"; }' >/etc/new.inc
MTU=same "$NETCTL" edit --json /etc/netctld/20.conf
printf 'interfaces = (\n@include "../new.inc"\n, { name = "w0"; mtu = 1400; } );\n' >/etc/netctld/20.conf.edit
MTU=1401 timeout 60 "$NETCTL" edit /etc/netctld/20.conf </dev/null 2>"$err" || [ \$? = 8 ]
grep 'mtu = 1401' /etc/netctld/20.conf
EOT
daemon_stop
check "the daemon ends when told" daemon_stopped
check "a file in /etc/netctld is checked with the others" unshare -m sh "$bus_dir/own"
check "valid" complains 'netctld takes it up when it runs'
finish
