#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# netctl -H: through a real sshd on the loopback of a network namespace, with
# keys made here; and several hosts at once.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/bus.sh
. "$here/../lib/bus.sh"
# shellcheck source=tests/lib/ctl.sh
. "$here/../lib/ctl.sh"
for program in sshd ssh ssh-keygen systemd-stdio-bridge; do
	PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip_all "needs $program"
done

ip link set lo up
bus_start
config() { # MTU
	daemon_config <<EOT
interfaces = (
  { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = $1; },
  { name = "v1"; up = true; }
);
EOT
}
config 1400
daemon_start -v
check "the daemon is there" daemon_settled
eventually 5 sh -c "'$NETCTL' status >/dev/null 2>&1"

# The bridge of systemd looks for the bus where it always is, so it is told here where ours is.
ssh_dir=$bus_dir/ssh
mkdir -m 700 "$ssh_dir"
ssh-keygen -q -t ed25519 -N '' -f "$ssh_dir/host" && ssh-keygen -q -t ed25519 -N '' -f "$ssh_dir/user"
cp "$ssh_dir/user.pub" "$ssh_dir/authorized"
printf '[127.0.0.1]:2222,[203.0.113.2]:2222 %s\n' "$(cat "$ssh_dir/host.pub")" >"$ssh_dir/known"
cat >"$ssh_dir/sshd.conf" <<EOT
ListenAddress 0.0.0.0:2222
HostKey $ssh_dir/host
PidFile none
AuthorizedKeysFile $ssh_dir/authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM no
ForceCommand $ssh_dir/command
EOT
cat >"$ssh_dir/command" <<EOT
#!/bin/sh
case \$SSH_ORIGINAL_COMMAND in
systemd-stdio-bridge*) exec systemd-stdio-bridge --bus-path=$DBUS_SYSTEM_BUS_ADDRESS ;;
*) exec sh -c "\$SSH_ORIGINAL_COMMAND" ;;
esac
EOT
chmod +x "$ssh_dir/command"
cat >"$ssh_dir/ssh.conf" <<EOT
Host *
	IdentityFile $ssh_dir/user
	IdentitiesOnly yes
	BatchMode yes
	ConnectTimeout 20
	UserKnownHostsFile $ssh_dir/known
EOT
# ssh reads its configuration from where passwd says that home is, whatever HOME is.
mkdir "$bus_dir/bin"
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$ssh_dir/ssh.conf" >"$bus_dir/bin/ssh"
chmod +x "$bus_dir/bin/ssh"
mkdir -p /run/sshd # where Debian's has its empty folder; the package makes it too
: >"$ssh_dir/log"
"$(PATH=$PATH:/usr/sbin command -v sshd)" -D -e -f "$ssh_dir/sshd.conf" >"$ssh_dir/log" 2>&1 &
sshd_pid=$!
at_exit 'kill $sshd_pid 2>/dev/null'
eventually 5 grep -q 'Server listening' "$ssh_dir/log"
real_path=$PATH
PATH=$bus_dir/bin:$PATH
there=root@127.0.0.1:2222

check_status 0 "status over ssh" run -H $there status --no-legend
check "is what is there" says '^\* v0 +up'
check_status 0 "show over ssh, JSON" run -H $there show v0 --json
check "the document" json '.mtu == 1400'
check_status 0 "check over ssh" run -H $there check
check "its files" says '^valid$'
config 1300
check_status 0 "apply over ssh" run -H $there apply
check "is done there" test "$(ip -j link show v0 | jq '.[0].mtu')" = 1300
check_status 10 "an error over ssh" run -H $there show nope
check "is told" complains 'no interface "nope"'
check_status 0 "stats over ssh" run -H $there stats lo
check_status 8 "nobody there" run -H root@127.0.0.1:2223 status
check "ssh says why" complains 'Connection refused'
check "netctl whom it meant" complains 'netctl: cannot reach netctld on root@127.0.0.1:2223: ssh to it has ended$'
config '"big"'
check_status 5 "an invalid configuration there" run -H $there check
check "all that is wrong" complains 'conf:2: v0: mtu: '
config 1200

# Several at once.

check_status 8 "status of two, one of them not there" run -H $there -H root@127.0.0.1:2223 status
check "a line for the one" says '^\* root@127.0.0.1:2222  steady, generation 2, 3 interfaces: 2 ok, 1 foreign$'
check "and for the other" says '^x root@127.0.0.1:2223  ssh: connect to host 127.0.0.1 port 2223: Connection refused'
check "nothing else" test "$(wc -l <"$out")" = 2
check_status 8 "JSON" run --host=$there,root@127.0.0.1:2223 status --json
check "a document for each" json '(.hosts | length) == 2 and .hosts[0].answer.state == "steady" and
	.hosts[1].status == 8'
check_status 2 "apply on several wants --confirm" run -H a,b apply
check "says so" complains 'needs --confirm=SEC'
check_status 2 "reload, which nothing reverts, asks one" run -H a,b reload
check "says why" complains 'nothing would revert reload .*apply --confirm=SEC'
check_status 2 "rollback too" run -H a,b rollback 1
check_status 2 "show asks one" run -H a,b show v0
check_status 2 "a host that is an option" run -H a,-b status
check_status 8 "apply --confirm" run -H $there,root@127.0.0.1:2223 apply --confirm=60
check "what it came to" says '^\* .*2222  generation 3 is reverted in 60 s unless it is confirmed$'
check_status 8 "confirm" run -H $there,root@127.0.0.1:2223 confirm
check "done" says '^\* .*2222  done$'
check "it stays" test "$(ip -j link show v0 | jq '.[0].mtu')" = 1200
config '"big"'
check_status 8 "check of two" run -H $there,root@127.0.0.1:2223 check
check "what is wrong, in a line" says '^x .*2222  .*conf:2: v0: mtu: '
config 1200

# The way from elsewhere is the one that sshd there knows.
unshare --net sleep 600 &
away_pid=$!
at_exit 'kill $away_pid 2>/dev/null'
another_net() { [ "$(readlink /proc/$away_pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
eventually 2 another_net
ip link add p0 type veth peer name p1
ip link set p1 netns $away_pid
ip address add 203.0.113.2/24 dev p0
ip link set p0 up
nsenter -t $away_pid -n sh -c 'ip link set lo up; ip address add 203.0.113.7/24 dev p1; ip link set p1 up'
away() {
	timeout 120 nsenter -t $away_pid -n "$NETCTL" -H root@203.0.113.2:2222 "$@" >"$out" 2>"$err" </dev/null
}
daemon_config <<'EOT'
interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; },
  { name = "p0"; up = false; } );
EOT
check_status 0 "plan, on another machine" away plan
check "says that it cuts itself off" says '^interrupts the way you came by \(ssh from 203\.0\.113\.7 by p0\)$'
check_status 8 "and beside others" away -H root@127.0.0.1:2223 plan
check "it is told below that one's line" says '^interrupts the way you came by \(ssh from 203\.0\.113\.7 by p0\)$'
check_status 0 "and in JSON" away plan --json
check "by name" json '.path == {"peer": "203.0.113.7", "interfaces": ["p0"], "interrupted": "yes"}'
config 1300
check_status 0 "with another file" away plan
check_fails "it does not" says 'the way you came by'
kill $away_pid

kill $sshd_pid
wait $sshd_pid 2>/dev/null

# One that never answers, which ssh waits for.
printf '#!/bin/sh\necho call >>"%s"\nexec sleep 60\n' "$bus_dir/calls" >"$bus_dir/bin/ssh"
chmod 755 "$bus_dir/bin/ssh"
begun=$SECONDS
check_status 3 "wait-online, on a machine that says nothing" run -H a wait-online --timeout=2
check "takes no longer than it may" test $((SECONDS - begun)) -lt 30
check "says whom it waits for" complains '^netctl: waiting for netctld on a to be there$'
printf '#!/bin/sh\necho call >>"%s"\nexit 255\n' "$bus_dir/calls" >"$bus_dir/bin/ssh"
: >"$bus_dir/calls"
check_status 3 "on one that cannot be reached" run -H a wait-online --timeout=3
check "ssh is not called again and again" test "$(wc -l <"$bus_dir/calls")" -le 2

# All at the same time: with a stand-in for ssh that waits for seven others.
mkdir "$bus_dir/called"
cat >"$bus_dir/bin/ssh" <<EOT
#!/bin/sh
: >"$bus_dir/called/\$\$"
n=0
until [ "\$(ls '$bus_dir/called' | wc -l)" -ge 8 ]; do
	n=\$((n + 1))
	[ \$n -lt 400 ] || exit 1
	sleep 0.05
done
exec systemd-stdio-bridge --bus-path=$DBUS_SYSTEM_BUS_ADDRESS
EOT
check_status 0 "eight hosts are asked at the same time" run -H a,b,c,d,e,f,g,h status
check "a line each" test "$(wc -l <"$out")" = 8

daemon_stop
check "the daemon ends when told" daemon_stopped
finish
