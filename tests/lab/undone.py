#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes that are undone when all of them but the last step is done.

A case is two configurations. The first is in force; the second, and a route that
the kernel refuses, which is the last step of all: afterwards everything is as it
was. Then once more with the daemon killed in the middle, started again with the
first; and at last the second without the route, and back.

    undone.py [NAME...]
"""
import os, re, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../lib")
from machine import *

PROGRAM = "/usr/libexec/netctl-tests/netctld-faults"

# name: (what was in force earlier,) before, after
CASES = {
    "the MTU of a VLAN follows the link below, and comes back": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; mtu = 1300; }'),
    "of a VLAN on a VLAN": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "v1"; id = 6; }; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; mtu = 1300; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "v1"; id = 6; }; }'),
    "of a VLAN that is made anew, on a link whose changes": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "v1"; id = 6; }; }',
        '{ name = "d0"; mtu = 1300; }'),
    "of a VLAN that did not follow when the link below got a larger one, and goes": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; mtu = 2000; }',
        '{ name = "d0"; mtu = 2000; }'),
    "of one that did not follow, and goes when the link below gets a smaller one": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; mtu = 2000; }',
        '{ name = "d0"; mtu = 1300; }'),
    "of one that did not follow, and is made anew": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; mtu = 2000; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 6; }; }, { name = "d0"; mtu = 2000; }'),
    "of a VLAN that is made anew before the link below has its own, with a discipline that counts in it": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; qdisc = ( { kind = "fq_codel"; handle = "1:"; } ); },'
        '{ name = "d0"; }',
        '{ name = "d0"; mtu = 1280; }'),
    "of one that nobody configures": (
        '{ name = "d3"; }', '{ name = "d3"; mtu = 1280; }'),
    "of a VLAN on a bridge whose port's changes": (
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; master = "b"; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; }',
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; master = "b"; mtu = 1300; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; }'),
    "of a VLAN on a bridge that gets a port": (
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; mtu = 1300; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; }',
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; mtu = 1300; master = "b"; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; }'),
    "a VLAN that waits for a device to be up": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; }'),
    "a VLAN on a VLAN that waits for a device to be up": (
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "v1"; id = 6; }; }',
        '{ name = "v1"; kind = "vlan"; vlan = { link = "d0"; id = 5; }; }, { name = "d0"; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "v1"; id = 6; }; }'),
    "a mirror whose target is made anew": (
        '{ name = "u"; kind = "dummy"; }, { name = "d0"; mirror = { ingress = "u"; egress = "u"; }; }',
        '{ name = "u"; kind = "bridge"; }, { name = "d0"; }'),
    "a mirror whose target is made anew under it": (
        '{ name = "u"; kind = "dummy"; }, { name = "d0"; mirror = { ingress = "u"; egress = "u"; }; }',
        '{ name = "u"; kind = "bridge"; }, { name = "d0"; mirror = { ingress = "u"; egress = "u"; }; }'),
    "two that refer to each other, and are made anew": (
        '{ name = "b"; kind = "bridge"; num_tx_queues = 3; address = "02:00:00:00:09:01"; mirror = { ingress = "u"; }; },'
        '{ name = "u"; kind = "dummy"; num_tx_queues = 4; master = "b"; }',
        '{ name = "b"; kind = "bridge"; num_tx_queues = 2; address = "02:00:00:00:09:01"; mirror = { ingress = "u"; }; },'
        '{ name = "u"; kind = "dummy"; num_tx_queues = 5; master = "b"; }'),
    "the other end of a pair that goes": (
        '{ name = "t1"; mtu = 1400; ipv4 = { rp_filter = "strict"; }; }, { name = "d0"; }',
        '{ name = "t0"; kind = "veth"; veth = { peer = "t1"; }; }, { name = "d0"; }'),
    "a bridge that loses its last port, and its address": (
        '{ name = "b"; kind = "bridge"; bridge = { default_pvid = 7; }; }, { name = "d0"; master = "b"; }',
        '{ name = "b"; kind = "bridge"; bridge = { default_pvid = 9; }; }, { name = "d0"; }'),
    "its own VLANs": (
        '{ name = "b"; kind = "bridge"; bridge = { vlan_filtering = true; }; port = { tagged = [ 5 ]; }; },'
        '{ name = "d0"; master = "b"; }',
        '{ name = "b"; kind = "bridge"; bridge = { vlan_filtering = true; }; port = { tagged = [ 6 ]; }; },'
        '{ name = "d0"; }'),
    "the VLAN on it": (
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; master = "b"; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; addresses = [ "10.7.0.1/24" ]; }',
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; },'
        '{ name = "v2"; kind = "vlan"; vlan = { link = "b"; id = 6; }; addresses = [ "10.7.0.1/24" ]; }'),
    "a bridge that gets its first port, and its address": (
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; }',
        '{ name = "b"; kind = "bridge"; bridge = { default_pvid = 9; }; }, { name = "d0"; master = "b"; }'),
    "and the VLAN on it": (
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; },'
        '{ name = "v1"; kind = "vlan"; vlan = { link = "b"; id = 5; }; addresses = [ "10.7.0.1/24" ]; }',
        '{ name = "b"; kind = "bridge"; }, { name = "d0"; master = "b"; }'),
    "a queueing discipline of another kind": (
        '{ name = "d0"; qdisc = ( { kind = "pfifo"; handle = "1:"; limit = 100; } ); }',
        '{ name = "d0"; qdisc = ( { kind = "prio"; handle = "1:"; }, { kind = "pfifo"; handle = "13:"; parent = "1:3"; } ); }'),
    "an address of IPv6 that moves, and a route from it": (
        '{ name = "d0"; addresses = [ "2001:db8:1::1/64" ]; },'
        '{ name = "d2"; addresses = [ "2001:db8:2::1/64" ];'
        '  routes = ( { to = "2001:db8:aa::/48"; via = "2001:db8:2::9"; source = "2001:db8:1::1"; } ); }',
        '{ name = "d1"; addresses = [ "2001:db8:1::1/64" ]; },'
        '{ name = "d2"; addresses = [ "2001:db8:2::1/64" ];'
        '  routes = ( { to = "2001:db8:bb::/48"; via = "2001:db8:2::9"; source = "2001:db8:1::1"; } ); }'),
    "spanning tree off, with a delay that it does not take": (
        '{ name = "b"; kind = "bridge"; bridge = { stp = true; forward_delay = "4s"; }; }',
        '{ name = "b"; kind = "bridge"; bridge = { stp = false; forward_delay = "1s"; }; }'),
}
# What comes last, and what the kernel says of it: the gateway is not to be reached.
REFUSED = ', { name = "d9"; kind = "dummy"; addresses = [ "10.99.0.1/24" ]; routes = ( { to = "10.98.0.0/16"; via = "10.97.0.1"; } ); }'


def text(entries):
    return "interfaces = ( %s );\n" % entries


def by_chance(line):
    """The address that the kernel chooses for what is made anew, and what follows from it."""
    return is_carrier_only(line) or re.match(r"link \S+\.linkinfo\.\S*(root_id|bridge_id|designated_bridge|"
                                             r"designated_root): |link (?!d[0-9]\.|b\.)\S+\.address: ", line)


def prepare():
    for path, value in (("ipv6/conf/default/accept_dad", 0), ("ipv6/conf/all/accept_dad", 0),
                        ("ipv6/conf/default/addr_gen_mode", 1), ("ipv6/conf/default/router_solicitations", 0)):
        with open("/proc/sys/net/" + path, "w") as f:
            f.write(str(value))
    ip("link set lo up\n" + "\n".join(
        "link add d%d address 02:00:00:00:00:0%d type dummy\nlink set d%d up" % (n, n, n) for n in range(4)) +
        "\nlink set d0 down\nlink set d1 down\n"
        "link add link d3 name others type vlan id 9\nlink set others up")


def one(d, name, *earlier, a, b, start):
    for c in (*earlier, a):
        d.configure(text(c))
        first = d.reload()
    if not check(first == "steady", name + ": the first stands", d.log()):
        return
    before = picture()
    d.configure(text(b + REFUSED))
    state = d.reload()
    diff = settled_difference(before, by_chance)
    check(state.startswith("degraded") and "the change was undone\n" in d.log() and not diff,
          name + ": undone", "\n".join([state] + diff) + "\n" + d.log())
    d.order("kill 5 0")
    d.configure(text(b + REFUSED))
    state = d.reload()
    d.order("off")
    d.configure(text(a))
    if state == "killed":
        state = d.start()
        diff = settled_difference(before, by_chance)
        check(state == "steady" and not diff, name + ": killed", "\n".join([state] + diff) + "\n" + d.log())
    d.configure(text(""))
    state = d.reload()
    with open(d.state + "/owned.state") as f:
        left = f.read()
    check(state == "steady" and "name" not in left and not settled_difference(start, full=True),
          name + ": nothing of it is left", "\n".join(settled_difference(start, full=True)) + left + d.log())
    d.configure(text(a))
    d.reload()
    before = picture()
    d.configure(text(b))
    state = d.reload()
    log = d.log()
    requests = d.requests()
    again = d.reload()
    check(state == again == "steady" and d.requests() == requests, name + ": the second stands",
          state + "\n" + log + "again: " + again + "\n" + d.log())
    if "VLAN on it" in name or "port, and its" in name:
        d.configure(text(""))  # which stands: the bridge is its ports', and has no address without
        check(d.reload() == "steady", name + ": away", d.log())
        return
    d.configure(text(a))
    state = d.reload()
    # What was done stands: a bridge is its ports', and has no address when they have left.
    diff = settled_difference(before, lambda l: by_chance(l) or l.startswith("link b.address: "))
    check(state == "steady" and not diff, name + ": and back", "\n".join([state] + diff) + "\n" + d.log())


def late(d):
    """A route whose source has yet to pass duplicate address detection is part of the change."""
    a = '{ name = "x0"; kind = "veth"; veth = { peer = "x1"; }; %s }, { name = "x1"; %s }'
    b = ('addresses = [ "2001:db8:2::1/64" ]; routes = ( { to = "2001:db8:aa::/48"; via = "2001:db8:2::99";'
         ' onlink = true; source = "2001:db8:2::1"; } );')
    d.configure(text(a % ("", "")))
    d.reload()
    with open("/proc/sys/net/ipv6/conf/x0/accept_dad", "w") as f:
        f.write("1")
    ip("address add 2001:db8:3::1/64 dev x0")
    check(not any(k.endswith(".tentative") for k in picture()), "a picture is of what has come to rest")
    before = rest()
    slow = "ipv6 = { dad_transmits = 6; }; "  # of a second each: longer than it mostly takes
    d.configure(text(a % (slow + b, 'addresses = [ "2001:db8:2::2/112" ];')))  # by which the gateway is on x1
    state = d.reload()
    diff = settled_difference(before)
    check(state.startswith("degraded") and "the change was undone\n" in d.log() and "device mismatch" in d.log() and
          not diff, "refused when its source has come to be usable: undone", "\n".join([state] + diff) + "\n" + d.log())
    d.configure(text(a % (b, "")))
    state, log, requests = d.reload(), d.log(), d.requests()
    routes = run("ip", "-6", "route", "show", "2001:db8:aa::/48")
    check(state == "steady" and "src 2001:db8:2::1" in routes, "it is there when the change is over", routes + log)
    check(d.reload() == "steady" and d.requests() == requests, "and stands", d.log())


def main():
    if not os.path.exists(PROGRAM):
        skip_all("needs %s (make install-tests)" % PROGRAM)
    subprocess.run(["modprobe", "-a", "dummy", "bridge", "8021q", "veth", "cls_matchall", "act_mirred", "sch_ingress"],
                   capture_output=True)
    prepare()
    start = rest(full=True)
    d = Daemon(PROGRAM)
    try:
        d.configure(text(""))
        check(d.start() == "steady", "it starts", d.log())
        for name, (*earlier, a, b) in CASES.items():
            if len(sys.argv) < 2 or any(w in name for w in sys.argv[1:]):
                one(d, name, *earlier, a=a, b=b, start=start)
        if len(sys.argv) < 2 or "late" in sys.argv:
            late(d)
        d.configure(text(""))
        state = d.reload()
        diff = settled_difference(start, full=True)
        check(state == "steady" and not diff, "nothing is left", "\n".join([state] + diff) + "\n" + d.log())
        with open(d.state + "/owned.state") as f:
            left = f.read()
        check("name" not in left, "nor is anything remembered", left)
    finally:
        d.end()
    finish()


main()
