#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fault at every step of a large change, and a daemon killed at every one.

Configuration A is in force; B changes, deletes, makes anew and adds something
of every kind. For each request N of the change from A to B, and each error:
the request fails, the change is undone, and everything (machine.picture()) is
as it was. For each N, and around each rename of a state file: the daemon is
killed there; started again with A it brings back A exactly, with B it gets
exactly where an undisturbed change ends.

    faults.py [errors|kills|all] [FIRST LAST]
"""
import errno, os, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../lib")
from machine import *

PROGRAM = "/usr/libexec/netctl-tests/netctld-faults"
ERRORS = [errno.EINVAL, errno.EBUSY, errno.ENODEV, errno.EOPNOTSUPP, errno.ENOMEM, 0]

# What the daemon makes has its address from here: the kernel would choose another each time.
A = """
interfaces = (
  { name = "br0"; kind = "bridge"; address = "02:00:00:00:01:00"; alias = "switch";
    bridge = { vlan_filtering = true; default_pvid = 0; ageing_time = "100s"; };
    port = { tagged = [ 10, 20 ]; }; },
  { name = "br1"; kind = "bridge"; address = "02:00:00:00:01:01"; bridge = { priority = 8192; };
    addresses = [ "198.51.100.1/24" ]; },
  { name = "d0"; mtu = 1400; master = "br0"; port = { pvid = 10; untagged = [ 10 ]; isolated = true; }; },
  { name = "d1"; master = "br0"; port = { tagged = [ 10, 20 ]; priority = 16; }; },
  { name = "d2"; master = "br1"; port = { learning = false; }; },
  { name = "d3"; alias = "uplink"; ipv4 = { forwarding = true; rp_filter = "loose"; };
    addresses = [ "203.0.113.2/24", "203.0.113.3/24", "2001:db8:3::2/64" ];
    routes = ( { to = "default"; via = "203.0.113.1"; }, { to = "::/0"; via = "2001:db8:3::1"; },
               { to = "192.0.2.0/25"; via = "203.0.113.9"; metric = 50; } ); },
  { name = "br0.10"; kind = "vlan"; address = "02:00:00:00:01:10"; vlan = { link = "br0"; id = 10; };
    addresses = [ "192.168.10.1/24", "2001:db8:10::1/64" ]; ipv4 = { forwarding = true; };
    routes = ( { to = "10.10.0.0/16"; via = "192.168.10.254"; } ); },
  { name = "br0.20"; kind = "vlan"; address = "02:00:00:00:01:20"; vlan = { link = "br0"; id = 20; };
    addresses = [ "192.168.20.1/24", "192.168.20.2/24" ]; },
  { name = "t0"; kind = "veth"; veth = { peer = "t1"; }; address = "02:00:00:00:01:30"; mtu = 1300; },
  { name = "t1"; address = "02:00:00:00:01:31"; addresses = [ "10.9.0.1/30" ]; }
);
"""
B = """
interfaces = (
  { name = "br0"; kind = "bridge"; address = "02:00:00:00:01:00"; alias = "the switch";
    bridge = { vlan_filtering = true; default_pvid = 0; stp = true; };
    port = { tagged = [ 11, 20 ]; }; },
  { name = "br2"; kind = "bridge"; address = "02:00:00:00:01:02";
    addresses = [ "198.51.100.1/24", "198.51.100.2/24" ]; },
  { name = "d0"; mtu = 2000; master = "br0"; port = { pvid = 20; untagged = [ 20 ]; tagged = [ 11 ]; }; },
  { name = "d1"; address = "02:00:00:00:00:77"; addresses = [ "192.0.2.1/24" ]; },
  { name = "d2"; master = "br2"; alias = "second"; port = { isolated = true; }; },
  { name = "d3"; ipv4 = { forwarding = false; }; ipv6 = { forwarding = true; };
    addresses = [ "203.0.113.3/24", "203.0.113.4/24", "2001:db8:3::3/64" ];
    routes = ( { to = "default"; via = "203.0.113.5"; }, { to = "198.18.0.0/15"; via = "203.0.113.9"; } ); },
  { name = "br0.10"; kind = "vlan"; address = "02:00:00:00:01:11"; vlan = { link = "br0"; id = 11; };
    addresses = [ "192.168.10.1/24" ];
    routes = ( { to = "10.10.0.0/16"; via = "192.168.10.253"; metric = 7; } ); },
  { name = "t0"; kind = "vlan"; address = "02:00:00:00:01:12"; vlan = { link = "d0"; id = 30; };
    addresses = [ "10.9.0.1/30" ]; },
  { name = "n0"; kind = "veth"; veth = { peer = "n1"; }; address = "02:00:00:00:01:32"; up = false; },
  { name = "n1"; address = "02:00:00:00:01:33"; }
);
"""


def prepare():
    """Four devices as a machine may have them, one with what others configured."""
    for path, value in (("ipv6/conf/default/accept_dad", 0), ("ipv6/conf/all/accept_dad", 0),
                        ("ipv6/conf/default/addr_gen_mode", 1), ("ipv6/conf/default/router_solicitations", 0)):
        with open("/proc/sys/net/" + path, "w") as f:
            f.write(str(value))
    ip("link set lo up\n" + "\n".join(
        "link add d%d address 02:00:00:00:00:0%d type dummy" % (n, n) for n in range(4)) +
        "".join("\nlink set d%d up\nlink set d%d down" % (n, n) for n in range(4)) +  # for their queueing discipline
        "\nlink set d3 up\nlink set d2 mtu 1600\naddress add 172.31.0.1/24 dev d3\n"
        "route add 172.30.0.0/16 via 172.31.0.9 dev d3 proto static")


def errors(d, before, after, first, last):
    """Return: the number of requests of the change."""
    n = first
    while n <= last:
        for error in ERRORS:
            d.order("fail %d %d" % (n, error))
            d.configure(B)
            state = d.reload()
            met = d.met()
            if not met:
                d.order("off")
                d.configure(A)
                d.reload()
                return n - 1
            name = errno.errorcode.get(error, "lost")
            if state == "steady" and error in (0, errno.ENODEV):
                # Made good in the same change: what is refused so is looked at again.
                diff = settled_difference(after)
                d.configure(A)
                state = d.reload()
                diff += settled_difference(before)
                check(state == "steady" and not diff, "%s %s: made good" % (name, met),
                      "\n".join([state] + diff) + "\n" + d.log())
            else:
                diff = settled_difference(before)
                check(state.startswith("degraded") and "the change was undone\n" in d.log() and not diff,
                      "%s %s" % (name, met), "\n".join([state] + diff) + "\n" + d.log())
            if diff:  # one failure shall not be the reason of the next
                d.configure(A)
                d.reload()
        n += 1
    return n - 1


def killed(d, order, before, after):
    """Return: has the order met anything?"""
    for text, wanted, name in ((B, after, "the change ends"), (A, before, "all is as before")):
        d.order(order)
        d.configure(B)
        state = d.reload()
        met = d.met()
        if not met:
            check(state == "steady", "%s: nothing left to meet" % order, state + "\n" + d.log())
            d.order("off")
            d.configure(A)
            d.reload()
            return False
        d.order("off")
        d.configure(text)
        again = d.start()
        diff = settled_difference(wanted)
        check(state == "killed" and again == "steady" and not diff, "%s, started again: %s" % (met, name),
              "\n".join([state, again] + diff) + "\n" + d.log())
        if text is B or diff:
            d.configure(A)
            d.reload()
            diff = settled_difference(before)
            check(not diff, "%s, and back" % met, "\n".join(diff) + "\n" + d.log())
    return True


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    first, last = (int(x) for x in sys.argv[2:4]) if len(sys.argv) > 3 else (1, 10000)
    if not os.path.exists(PROGRAM):
        skip_all("needs %s (make install-tests)" % PROGRAM)
    subprocess.run(["modprobe", "-a", "dummy", "bridge", "8021q", "veth"], capture_output=True)
    prepare()
    start = picture(full=True)
    d = Daemon(PROGRAM)
    begun = time.monotonic()
    try:
        d.configure(A)
        check(d.start() == "steady", "A stands", d.log())
        before, before_full = rest(), rest(full=True)
        d.configure(B)
        requests = d.requests()
        check(d.reload() == "steady", "B stands", d.log())
        requests = d.requests() - requests
        after = rest()
        check(requests >= 40, "from A to B are %d requests" % requests)
        d.configure(A)
        check(d.reload() == "steady", "A again", d.log())
        diff = settled_difference(before_full, full=True)
        check(not diff, "A after B is A", "\n".join(diff) + d.log())
        if what != "kills":
            n = errors(d, before, after, first, last)
            check(last < 10000 or n >= 40, "a fault at each of %d requests" % n)
            note("%.1f s" % (time.monotonic() - begun))
        if what != "errors":
            for kind in ("kill %d", "kill-rename %d before", "kill-rename %d after"):
                n = first
                while n <= last and killed(d, kind % n, before, after):
                    n += 1
                note("%s: %d points; %.1f s" % (kind.replace("%d ", ""), n - first, time.monotonic() - begun))
        d.order("off")
        diff = settled_difference(before_full, full=True)
        check(not diff, "A is still A", "\n".join(diff))
        d.configure("interfaces = ();")
        d.reload()
        diff = settled_difference(start, full=True)
        check(not diff, "an empty configuration leaves what was there at the start", "\n".join(diff) + d.log())
    finally:
        d.end()
    finish()


main()
