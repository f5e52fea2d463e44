#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A filter that is a program of the device's own (skip_sw), where a device takes one:
# accepted, shown, changed in place, refused in the device's words, put back.

. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lib/daemon.sh
. "$(dirname "$0")/../lib/daemon.sh"
# shellcheck source=tests/lab/tc.sh
. "$(dirname "$0")/tc.sh"
command -v clang >/dev/null || skip_all "needs clang"

tc_wire
lab_netdevsim 1 2
nsim=$(ls /sys/bus/netdevsim/devices/netdevsim1/net | head -n 1)
port=/sys/kernel/debug/netdevsim/netdevsim1/ports/0
answers() { # NAME VERDICT: a program that says the same of each frame
	clang -target bpf -O2 -x c -c -o "/tmp/$1.o" - <<-EOF
	__attribute__((section("tc"), used)) int $1(void *frame) { return $2; }
	char l[] __attribute__((section("license"))) = "GPL";
	EOF
}
answers pass 0
answers drop 2
filter() { # PROGRAM [MORE]
	echo "interfaces = ( { name = \"$nsim\"; qdisc = { kind = \"clsact\"; };
		filter = ( { kind = \"bpf\"; pref = 10; program = \"/tmp/$1.o\"; $2 } ); } );"
}
value() { netctl show "$nsim" --json | jq -c ".filter[0] | $1"; }
program() { cat "$port/bpf_offloaded_id"; }

check_fails "a device whose offload is off" config < <(filter pass 'skip_sw = true;')
check "says so" grep -q 'ingress 10 bpf: .*TC offload is disabled on net device' /tmp/said
ethtool -K "$nsim" hw-tc-offload on
check "a program for the device" config < <(filter pass 'skip_sw = true;')
check_equal "is shown as the hardware's" '[true,true,"/tmp/pass.o"]' "$(value '[.skip_sw, .in_hw, .program]')"
check_equal "tc sees it there" true "$(tc -j filter show dev "$nsim" ingress | jq '[.[] | select(.options.in_hw)] | length == 1')"
check_equal "and the device has it" "$(value .id)" "$(program)"
before=$(program)
check "another one" config < <(filter drop 'skip_sw = true;')
check "is another program of the device" [ "$(program)" != "$before" ]
check_equal "which it tells of" "$(value .id)" "$(program)"
daemon_stop
daemon_stopped
daemon_start -v
daemon_settled
check_equal "a restart asks for no change" 0 "$(daemon_requests)"

# The device refuses.
echo N >/sys/kernel/debug/netdevsim/netdevsim1/bpf_bind_verifier_accept
check_fails "a device whose verifier refuses it" config < <(filter pass 'skip_sw = true;')
check "its words are told" grep -q 'filter.*ingress 10 bpf.*the verifier: .*netdevsim' /tmp/said
check_equal "what was before is there" '[true,true,"/tmp/drop.o"]' "$(value '[.skip_sw, .in_hw, .program]')"
echo Y >/sys/kernel/debug/netdevsim/netdevsim1/bpf_bind_verifier_accept
echo N >"$port/bpf_tc_accept"
check_fails "a device that takes none any more" config < <(filter pass 'skip_sw = true;')
check "its words are told" grep -q 'filter.*ingress 10 bpf.*netdevsim configured to reject BPF TC offload' /tmp/said
# The kernel gives the device the one before again, and this one refuses that too (cls_bpf_offload_cmd()).
check_equal "what was before is the kernel's, and shown not to be the device's" '[true,false,"/tmp/drop.o"]' \
	"$(value '[.skip_sw, .in_hw, .program]')"
echo Y >"$port/bpf_tc_accept"
tc filter del dev "$nsim" ingress pref 10
back() { [ "$(value .in_hw)" = true ] && [ "$(program)" != 0 ]; }
check_eventually 5 "removed by another hand it comes back to the device" back
check "not only there" config < <(filter drop)
check_equal "the device refuses what is not made for it, and the kernel does it" '[false,false]' "$(value '[.skip_sw, .in_hw]')"
check_fails "a device that takes no programs at all" config <<<'interfaces = ( { name = "near"; qdisc = { kind = "clsact"; };
	filter = ( { kind = "bpf"; pref = 10; program = "/tmp/pass.o"; skip_sw = true; } ); } );'
check "is told so" grep -q 'near: filter.*ingress 10 bpf: Invalid argument (the device runs no programs)' /tmp/said
check "all goes" config <<<'interfaces = ();'
check_equal "also from the device" 0 "$(program)"
daemon_stop
finish
