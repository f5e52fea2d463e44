#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interface goes, gets another name, or another gets its name, between planning and sending.

The hand that does it is run by netctld-faults when the plan stands and before
anything is sent. Whatever comes of the change: a device that was not in the
plan is not touched in any way.
"""
import os, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../lib")
from machine import *

PROGRAM = "/usr/libexec/netctl-tests/netctld-faults"
CHANGE = """
interfaces = (
  { name = "d0"; mtu = 1400; alias = "changed"; ipv4 = { forwarding = true; rp_filter = "loose"; };
    ipv6 = { accept_ra = "off"; proxy_ndp = true; }; addresses = [ "192.0.2.1/24", "2001:db8::1/64" ];
    routes = ( { to = "198.51.100.0/24"; via = "192.0.2.9"; } ); },
  { name = "d1"; mtu = 1410; }
);
"""
NONE = "interfaces = ( { name = \"d1\"; mtu = 1420; } );"


def device(before, now, name, called):
    """What differs of the device that was called @called and is now called @name."""
    def of(p, n):
        found = {}
        for k, v in p.items():
            words = k.replace(".", " ").split()
            if n in words or "dev=" + n in words:
                found[k.replace(n, "NAME")] = str(v).replace(n, "NAME")
        return found
    return difference(of(before, called), of(now, name))


def begin(what):
    """d0, which the change is about, d1, and d9, which is none of the daemon's business."""
    run("sh", "-c", "for d in d0 d1 d9 other; do ip link del $d 2>/dev/null; done; true")
    ip("link add d0 address 02:00:00:00:00:01 type dummy\nlink add d1 type dummy\n"
       "link add d9 mtu 1300 address 02:00:00:00:00:09 type dummy\nlink set d9 up\n"
       "address add 203.0.113.1/24 dev d9")
    d = Daemon(PROGRAM)
    d.configure(NONE)
    check(d.start() == "steady", what + ": the daemon stands", d.log())
    return d, picture()


def main():
    if not os.path.exists(PROGRAM):
        skip_all("needs %s (make install-tests)" % PROGRAM)
    subprocess.run(["modprobe", "dummy"])
    ip("link set lo up")
    for what, hand in (
            ("replaced", "ip link del d0; ip link set d9 down; ip link set d9 name d0; ip link set d0 up"),
            ("swapped", "ip link set d0 name other; ip link set d9 down; ip link set d9 name d0; ip link set d0 up")):
        # The live daemon would take the other one up as d0 a moment later, as configured: that
        # is a new plan. So it is stopped with the first one done.
        d, before = begin(what)
        try:
            # The requests of the first plan, and no more: killed when they are done.
            d.configure(CHANGE)
            d.order("run-kill 1 " + hand)
            state = d.reload()
            check(state == "killed" and d.met(), what + ": in the middle of the change", state + "\n" + d.log())
            diff = device(before, picture(), "d0", "d9")
            check(not diff, what + ": the one that has the name now is as it was", "\n".join(diff) + "\n" + d.log())
        finally:
            d.end()
    for what, hand, gone in (("vanished", "ip link del d0", True), ("renamed", "ip link set d0 name other", False)):
        d, before = begin(what)
        try:
            d.configure(CHANGE)
            d.order("run 1 " + hand)
            state = d.reload()
            check(d.met() and state != "timeout", what + ": in the middle of the change", state + "\n" + d.log())
            diff = device(before, picture(), "d9", "d9")
            check(not diff, what + ": a third one is as it was", "\n".join(diff) + "\n" + d.log())
            with open("/sys/class/net/d1/mtu") as f:
                mtu = f.read().strip()
            check(mtu in ("1410", "1420"), what + ": d1 is as before or as asked (%s)" % mtu, d.log())
            check(d.process.poll() is None, what + ": the daemon lives")
            # When it comes (back), it is configured.
            run("sh", "-c", "ip link add d0 type dummy" if gone else "ip link set other name d0")
            d.configure(CHANGE)
            state = d.reload()
            check(state == "steady" and open("/sys/class/net/d0/mtu").read().strip() == "1400",
                  what + ": when it is there again it is configured", state + "\n" + d.log())
        finally:
            d.end()
    finish()


main()
