#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What every verb prints as JSON is valid against the schema that is shipped. On
# a bus of its own, in a network namespace.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip_all "needs python3-jsonschema"

# Python starts slowly, so one process looks at all documents at the end; each
# is in a file whose name is its verb's, and a list has what each check is called.
docs=$bus_dir/docs
mkdir "$docs"
n=0
seen=
# document STATUS VERB [ARGUMENT...]: its output, which is valid for the verb, or an error
document() {
	local status=$1 verb=$2 got
	shift
	n=$((n + 1))
	timeout 120 "$NETCTL" "$@" --json >"$docs/$n" 2>"$bus_dir/err"
	got=$?
	[ "$status" = 0 ] || verb=error
	seen="$seen $1"
	printf '%s\t%s\t%s\n' "$n" "$verb" "netctl $*" >>"$docs/list"
	[ $got -eq "$status" ] || { echo "status $got"; cat "$docs/$n"; return 1; }
	[ ! -s "$bus_dir/err" ] || { cat "$bus_dir/err"; return 1; }
}
ok() {
	check "$* --json" document 0 "$@"
}
bad() {
	check "${*:2} --json: status $1" document "$@"
}

ip link set lo up
config() { # MTU
	daemon_config <<EOT
interfaces = (
  { name = "br0"; kind = "bridge"; bridge = { ageing_time = "100s"; };
    addresses = [ "192.0.2.1/24", "2001:db8::1/64" ]; },
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; master = "br0"; port = { isolated = true; }; mtu = $1; },
  { name = "v1"; routes = ( { to = "198.51.100.0/24"; via = "192.0.2.254"; } );
    addresses = [ "192.0.2.2/24" ]; },
  { name = "absent0"; mtu = 1400; }
);
EOT
}
bad 8 status
bad 3 wait-online --timeout=0
bus_start
bad 8 show lo
config 1400
ok check "$daemon_dir/etc"
printf 'interfaces = ( { nam = 1; } );\n' >"$bus_dir/broken.conf"
bad 5 check "$bus_dir/broken.conf"
ok help
ok help bridge
ok help mtu
bad 2 help nothing
root=$bus_dir/root
boards=$root$("$NETCTL" --root="$root" init 2>&1 | sed -n "s#.*no boards' configurations in $root##p")
bad 1 init --root="$root"
mkdir -p "$boards" "$root/etc"
cp "$here"/../../data/boards/*.conf "$boards"
ok init espressobin --root="$root" --dry-run
ok init espressobin --root="$root"
bad 2 nothing
if "$NETCTL" drops >/dev/null 2>&1; then ok drops; else bad 1 drops; fi
bad 2 plan --all
daemon_start -v
check "the daemon is there" daemon_settled
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"

"$NETCTL" monitor --json >"$bus_dir/monitor" 2>/dev/null &
monitor_pid=$!
at_exit 'kill $monitor_pid 2>/dev/null'
hears() {
	ip link set v0 alias "x$RANDOM" 2>/dev/null
	[ -s "$bus_dir/monitor" ]
}
eventually 5 hears
ok status
ok status br0 v0
ok show br0
ok show v1
ok show absent0
bad 10 show nope
config 1300
ok plan
ok apply --dry-run
ok apply --confirm=60
ok status
ok confirm
ok hold v1 --for=100
ok status
ok release v1
bad 1 test-cable v0
ok fdb
ok fdb br0
bad 10 fdb nope
bad 1 identify v0
bad 1 restart-autoneg v0
bad 10 identify nope
ok history
ok diff
ok rollback
config 1400
ok apply
ok reload
ok export
ok stats
ok stats v0 absent0
ok xdp
ok xdp v0
bad 10 stats nope
ok metrics
ok wait-online --timeout=5
ok graph
ok sfp
ok tsn
config 65536
bad 6 apply
config '"big"'
bad 5 apply
bad 5 plan
ok status
ip link del br0
ip addr add 203.0.113.1/24 dev v1
eventually 2 grep -q '"removed"\|203.0.113' "$bus_dir/monitor"
daemon_stop
check "the daemon ends when told" daemon_stopped
eventually 5 grep -q '"ended"' "$bus_dir/monitor"
while read -r line; do
	n=$((n + 1))
	echo "$line" >"$docs/$n"
	printf '%s\tmonitor\tmonitor, line %s\n' "$n" "$n" >>"$docs/list"
done <"$bus_dir/monitor"
seen="$seen monitor"

cat >"$bus_dir/validate.py" <<'EOT'
import json, jsonschema, sys
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
bad = 0
for line in open(sys.argv[2] + "/list"):
    number, verb, what = line.rstrip("\n").split("\t")
    text = open(f"{sys.argv[2]}/{number}").read()
    validator = jsonschema.Draft202012Validator(dict(schema, **{"$ref": "#/$defs/" + verb}))
    try:
        document = json.loads(text)
    except ValueError as e:
        print(what, e, text[:200])
        bad += 1
        continue
    for e in validator.iter_errors(document):
        while e.context:  # of alternatives, the one that comes nearest
            e = max(e.context, key=lambda c: len(c.path))
        print(f"{what}: {'/'.join(map(str, e.path))}: {e.message[:300]}")
        bad += 1
sys.exit(bad > 0)
EOT
check "all $n documents are valid" /usr/bin/python3 "$bus_dir/validate.py" \
	"$NETCTL_BUILDDIR/netctl.schema.json" "$docs"
# And the schema is no sieve.
document 0 help mtu
sed -i 's/"help"/"halp"/' "$docs/$n"
check_fails "one that is wrong is found" /usr/bin/python3 "$bus_dir/validate.py" \
	"$NETCTL_BUILDDIR/netctl.schema.json" "$docs"
every_verb() {
	local verb missing=
	for verb in $("$NETCTL" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p' | grep -v '^-'); do
		case $verb in
		edit) ;; # t-ctl-edit.sh
		*) [[ " $seen " == *" $verb "* ]] || missing="$missing $verb" ;;
		esac
	done
	[ -z "$missing" ] || { echo "without a document here:$missing"; return 1; }
}
check "every verb has been seen" every_verb
finish
