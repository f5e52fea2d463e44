#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What stands against a program is said before anything is touched: what the driver cannot,
# what does not fit, what could not be received, what would come back.

# shellcheck disable=SC2034,SC2154 # variables shared with tests/lib
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NETCTL_XDP_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ]; then
	exec env NETCTL_XDP_MOUNTS=1 unshare --mount "$0"
fi
# shellcheck source=tests/lib/inside.sh
. "$here/../lib/inside.sh"
# shellcheck source=tests/lib/xdp.sh
. "$here/../lib/xdp.sh"
xdp_begin jq clang
# As on a kernel that does not tell its types.
mkdir "$daemon_dir/empty"
! [ -d /sys/kernel/btf ] || mount --bind "$daemon_dir/empty" /sys/kernel/btf

ip link set lo up
ip link add v0 type veth peer name v1
ip link add w0 type veth peer name w1
ip link add d0 type bridge
for i in v0 v1 w0 w1; do
	ip link set $i mtu 9000 up
done
said=$daemon_dir/said
n=0
config() { # INTERFACE SETTINGS [MORE]
	n=$((n + 1))
	echo "interfaces = ( { name = \"$1\"; alias = \"touched $n\"; xdp = { $2 }; ${3:-} } );" |
		daemon_config
}
refused() { # WORDS: by apply and by check, and nothing was touched
	"$NETCTL" apply >"$said" 2>&1
	[ $? = 5 ] || { cat "$said"; return 1; }
	grep -q "10-test.conf:[0-9]*: $1" "$said" || { cat "$said"; return 1; }
	"$NETCTL" check "$daemon_dir/etc" >"$said" 2>&1
	grep -q "10-test.conf:[0-9]*: $1" "$said" || { cat "$said"; return 1; }
	! ip link | grep -q "alias touched $n"
}
warned() { # WORDS: by check and by plan
	local verb
	for verb in "check $daemon_dir/etc" plan; do
		# shellcheck disable=SC2086 # two words
		"$NETCTL" $verb >"$said" 2>&1
		grep -q "10-test.conf:[0-9]*: $1" "$said" || { cat "$said"; return 1; }
	done
}
xdp() { "$NETCTL" show "$1" --json | jq -r "$2"; }

bus_start
config d0 'program = "stats"; mode = "generic";'
daemon_start -v
check "the daemon settles" daemon_settled
check "what the kernel can is told" xdp d0 .xdp.device.jit
if [ "$(xdp v0 '.xdp.device.features | length')" = 0 ]; then
	note "this kernel has no netlink family netdev"
	finish
	exit
fi
check "and the device" sh -c "'$NETCTL' show v0 --json |
	jq -e '.xdp.device.features | index(\"basic\") and index(\"rx-sg\")'"
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null
config d0 'program = "stats"; mode = "native";'
check "no native support" refused 'd0: xdp.mode: bridge has no native XDP; mode = "generic" works'
config d0 'program = "stats"; mode = "offload";'
check "no offload" refused 'd0: xdp.mode: bridge cannot run programs on the device'
config d0 'program = "stats"; mode = "native"; on_unsupported = "generic";'
check "unless something else may be done, which is said before" warned \
	'd0: xdp.mode: will be generic, which is slower: bridge has no native XDP'
check "and is done" "$NETCTL" apply
check_equal "which it is" generic "$(xdp d0 .xdp.attached)"
config d0 'program = "stats"; mode = "offload"; on_unsupported = "generic";'
check "the same for offload" warned 'd0: xdp.mode: will be generic, .*: bridge cannot run programs on the device'
check "which becomes generic, too" "$NETCTL" apply
check_equal "as is told" generic "$(xdp d0 .xdp.attached)"
check "with the reason" sh -c "echo '$(xdp d0 .xdp.note)' | grep -q 'not offloaded: the driver'"
config d0 'program = "stats"; mode = "native"; on_unsupported = "skip";'
check "or it is left out" warned 'd0: xdp.mode: the program will be left out: bridge has no native XDP'
config d0 'program = "stats";'
check "auto says what it will become" warned 'd0: xdp.mode: will be generic'
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null

config v0 'program = "forward"; mode = "native"; forward = { to = [ "w0" ]; };'
check "an MTU of more than a page" refused \
	'v0: xdp.mode: veth takes programs that want packets whole up to an MTU of 35.., and the other end, v1 has 9000'
config v0 'program = "forward"; forward = { to = [ "w0" ]; };'
check "with auto it will be generic" warned 'v0: xdp.mode: will be generic, .*: veth takes programs that want'
config v0 'program = "filter"; mode = "native"; filter = { default = "pass"; };'
check "a program that takes packets in parts has no such limit" "$NETCTL" apply
check_equal "and is native" native "$(xdp v0 .xdp.attached)"
config v0 'program = "forward"; forward = { to = [ "v1" ]; };'
check "a redirect to the other end" refused 'v0: xdp.forward.to: "v1" is the other end of v0'
program=$(xdp v0 .xdp.program)
cat >"$daemon_dir/etc/10-test.conf" <<END
interfaces = ( { name = "w0.5"; kind = "vlan"; vlan = { link = "w0"; id = 5; protocol = "802.1ad"; }; },
{ name = "v0"; xdp = { program = "forward"; forward = { to = [ "w0.5" ]; }; }; } );
END
check "a VLAN with other tags than the program's" refused 'v0: xdp.forward.to: "w0.5" has service tags'
n=$((n + 1))
cat >"$daemon_dir/etc/10-test.conf" <<END
interfaces = ( { name = "v0"; alias = "touched $n"; xdp = { program = "forward"; forward = { to = [ "w0" ]; }; }; },
{ name = "w1"; xdp = { program = "forward"; forward = { to = [ "v1" ]; }; }; } );
END
check "redirects that lead back by another pair" refused \
	'v0: xdp.forward.to: what is redirected to "w0" comes back to v0'
check_equal "the program is as before" "$program" "$(xdp v0 .xdp.program)"
for i in v0 v1 w0 w1; do
	ip link set $i mtu 1500
	ethtool -K $i rxvlan off rx-vlan-stag-hw-parse off
done
config v0 'program = "forward"; mode = "native"; forward = { to = [ "w0" ]; };'
check "a redirect to what cannot receive" "$NETCTL" apply
check_equal "waits" waiting "$(xdp v0 .state.management)"
check "and says for what" sh -c "echo '$(xdp v0 .state.reason)' |
	grep -q 'waits for w0 to be able to receive what is redirected to it (veth: no ndo-xmit'"
check_equal "the program before stays, so that nothing is lost" filter "$(xdp v0 .xdp.program)"
ethtool -K w1 gro on
check_eventually 5 "and goes on by itself when it can" sh -c \
	"[ \"\$('$NETCTL' show v0 --json | jq -r .xdp.program)\" = forward ]"

note "CPUs"
config w0 'program = "cpumap"; cpumap = { cpus = [ 0, 63 ]; };'
if [ -d /sys/devices/system/cpu/cpu63 ]; then
	note "there is a CPU 63"
else
	check "a CPU that is not there" refused 'w0: xdp.cpumap.cpus: this machine has no CPU 63'
fi
echo 0,2-3 >"$daemon_dir/cpus"
for i in online present; do
	mount --bind "$daemon_dir/cpus" /sys/devices/system/cpu/$i
done
config w0 'program = "cpumap";'
"$NETCTL" plan >"$said"
check "by itself those that are online, whichever they are" grep -q 'xdp.cpumap.cpus: .*\[ *0, 2, 3 *\]' "$said"
for i in online present; do
	umount /sys/devices/system/cpu/$i
done

note "object files"
cat >"$daemon_dir/core.c" <<'END'
struct net_device { int ifindex; } __attribute__((preserve_access_index));
struct ctx;
__attribute__((section("xdp"), used)) int core(struct ctx *c)
{
	struct net_device d;
	return __builtin_preserve_field_info(d.ifindex, 0) > 100000 ? 1 : 2;
}
char l[] __attribute__((section("license"), used)) = "GPL";
END
sed -e 's/"xdp"/"tc"/' "$daemon_dir/core.c" >"$daemon_dir/tc-core.c"
for i in core tc-core; do
	clang -target bpf -O2 -g -c "$daemon_dir/$i.c" -o "$daemon_dir/$i.o"
done
config v0 "program = \"$daemon_dir/core.o\";"
check "CO-RE where the kernel does not tell its types" refused \
	"v0: xdp.program: $daemon_dir/core.o has CO-RE relocations, and this kernel does not tell its types"
echo "interfaces = ( { name = \"v0\"; alias = \"touched $n\"; tcx = ( { direction = \"ingress\"; program = \"$daemon_dir/tc-core.o\"; } ); } );" |
	daemon_config
check "the same at tcx" refused "v0: tcx.program: $daemon_dir/tc-core.o has CO-RE relocations"

note "rights"
echo 'interfaces = ();' | daemon_config
"$NETCTL" apply >/dev/null
daemon_stop
daemon_stopped
cat >"$daemon_dir/weak" <<END
#!/bin/sh
exec setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-bpf,-sys_admin "$daemon_program" "\$@"
END
chmod +x "$daemon_dir/weak"
daemon_program=$daemon_dir/weak
daemon_start -v
check "a daemon without CAP_BPF" daemon_settled
config v0 'program = "stats";'
check_fails "loads nothing" "$NETCTL" apply
"$NETCTL" apply >"$said" 2>&1
check "and says why" grep -q '10-test.conf:1: v0: xdp.program: cannot be loaded without CAP_BPF and CAP_NET_ADMIN' "$said"
check_fails "nothing was touched" sh -c "ip link | grep -q 'alias touched $n'"
finish
