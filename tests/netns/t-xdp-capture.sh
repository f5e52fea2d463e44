#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl xdp capture: samples of packets as lines, as JSON and as pcap-ng; over a
# program that is replaced and a daemon that is restarted; who may, and one at a time.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin python3 jq setpriv

xdp_far
echo 1 >/proc/sys/net/ipv6/conf/v0/disable_ipv6
far sh -c 'echo 1 >/proc/sys/net/ipv6/conf/v1/disable_ipv6'
far ip link set v1 up
far ip address add 192.0.2.2/24 dev v1
xdp_neighbours 192.0.2.2

config() { # PROGRAM MORE
	echo "interfaces = ( { name = \"v0\"; addresses = [ \"192.0.2.1/24\" ];
	  xdp = { program = \"$1\"; $2 }; } );" | daemon_config
}
pings() { far ping -q -c "$1" -i 0.01 -W 1 "${@:2}" 192.0.2.1; }
file=$daemon_dir/capture.pcapng
text=$daemon_dir/capture.text
of() { python3 "$here/../lib/pcapng.py" "$file" | jq -r "$1"; }
captures() { # ARGUMENT...: in the background; $capture is its pid
	"$NETCTL" xdp capture v0 "$@" >"$text" 2>"$text.err" &
	capture=$!
	at_exit 'kill $capture 2>/dev/null'
	eventually 5 capture_waits $capture
}
captured() { # N: so many packets
	[ "$(of '.packets | length' 2>/dev/null || echo 0)" -ge "$1" ]
}
ends() {
	kill -INT $capture 2>/dev/null
	wait $capture
}

bus_start
config sample 'sample = { every = 1; length = 64; };'
daemon_start -v
check "the daemon settles" daemon_settled

captures --count=3
pings 3 >/dev/null
check "so many packets, then it ends" wait $capture
note "$(cat "$text")"
check_equal "a line each" 3 "$(grep -c '^..:..:..\....... v0 queue 0, 98 bytes: ................................' "$text")"
captures --count=1 --json
pings 1 >/dev/null
check "as JSON" wait $capture
check "with the packet's bytes" jq -e '.version == 1 and .interface == "v0" and .length == 98 and
	(.data | length == 128) and .data[24:28] == "0800"' "$text"
if /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
	check "as the schema has it" /usr/bin/python3 -c 'import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator(dict(schema, **{"$ref": "#/$defs/xdp"})).validate(json.load(open(sys.argv[2])))' \
		"$NETCTL_BUILDDIR/netctl.schema.json" "$text"
fi

captures --write="$file"
before=$(date +%s%N)
pings 20 -s 100 >/dev/null
check_eventually 5 "into a file" captured 20
check "until it is told to end" ends
check_equal "the interface is named" v0 "$(of .interface)"
check_equal "packets are as long as they were, and cut" "142 64" \
	"$(of '.packets[0] | "\(.length) \(.captured)"')"
check_equal "they came in, by a queue" "1 0" "$(of '.packets[0] | "\(.flags) \(.queue)"')"
check "with the bytes of an echo request" sh -c \
	"[ '$(of '.packets[0].data[24:28] + .packets[0].data[46:48] + .packets[0].data[68:70]')' = 08000108 ]"
check "at the time of day, one after the other" [ "$(of "[.packets[].time] | . == sort and
	.[0] > $before - 100000000 and .[-1] < $(date +%s%N)")" = true ]
check_equal "and figures at the end" "20 20 0" \
	"$(of '.statistics | "\(.received) \(.delivered) \(.dropped)"')"
check "the comment says of how many" sh -c "echo '$(of .comment)' | grep -q 'One of 1 packets'"
check_fails "a file that is there is not overwritten" "$NETCTL" xdp capture v0 --count=1 --write="$file"

rm -f "$file"
captures --write=-
check_fails "one reader at a time" timeout 10 "$NETCTL" xdp capture v0 --count=1
timeout 10 "$NETCTL" xdp capture v0 2>"$text.2"
check "who is told so" grep -q 'somebody else is reading' "$text.2"
file=$text
pings 2 >/dev/null
check_eventually 5 "to a pipe" captured 2
config sample 'sample = { every = 1; length = 80; };'
check "another program in its place" "$NETCTL" apply
more() { # N: with what comes now
	pings 1 >/dev/null
	captured "$1"
}
check_eventually 5 "is read on" more 4
daemon_kill
check_eventually 5 "so is one without a daemon" more "$(($(of '.packets | length') + 1))"
daemon_start -v
check "the daemon comes again" daemon_settled
check_eventually 5 "and knows that there is a reader" sh -c \
	"'$NETCTL' xdp capture v0 2>&1 | grep -q 'somebody else'"
kill -STOP $capture
far ping -q -f -c 400 -W 1 192.0.2.1 >/dev/null
kill -CONT $capture
eventually 5 capture_waits $capture # all is read
check "it ends well" ends
check "samples that were lost are counted" [ "$(of .statistics.dropped)" -ge 100 ]
check_equal "and those that were not, all there" "$(of .statistics.delivered)" "$(of '.packets | length')"
check_equal "none is of nobody's" "$(of .statistics.received)" "$(of '.statistics.delivered + .statistics.dropped')"
# Without --foreground timeout sends SIGCONT, too, which can take away the SIGSTOP that a sanitizer
# waits for when the program ends.
check_eventually 5 "then another may" sh -c \
	"timeout --foreground --preserve-status 1 '$NETCTL' xdp capture v0 >/dev/null"

note "who may not, and what cannot be"
setpriv --reuid=65534 --regid=65534 --clear-groups timeout 10 "$NETCTL" xdp capture v0 --count=1 2>"$text"
check_equal "not everybody" 4 $?
check "which names the right" grep -q 'org.netctl1.capture' "$text"
"$NETCTL" xdp capture nope 2>/dev/null
check_equal "no such interface" 10 $?
"$NETCTL" xdp v0 --count=1 2>/dev/null
check_equal "a count of what" 2 $?
"$NETCTL" -H nowhere xdp capture v0 2>"$text"
check_equal "not from afar" 2 $?
config stats ""
"$NETCTL" apply >/dev/null
timeout 10 "$NETCTL" xdp capture v0 2>"$text"
check_equal "a program that takes no samples" 1 $?
check "is told with the remedy" grep -q 'xdp = { program = "sample"; }' "$text"
finish
