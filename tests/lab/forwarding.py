#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the kernel's own tests of bridges and DSA, with the topology made by netctl.

tools/testing/selftests/net/forwarding: bridge_vlan_aware.sh, bridge_vlan_unaware.sh,
bridge_locked_port.sh, no_forwarding.sh, local_termination.sh. Two hosts, each behind a port
of the machine; frames are sent and seen by packet sockets in the hosts' namespaces.

  forwarding.py veth | switch

veth: the ports are ends of veth pairs, the kernel's bridge forwards. switch: the ports are the
simulated switch's, which forwards by itself. What differs is said where it does.
"""
import ctypes, json, os, select, socket, struct, subprocess, sys, time

libc = ctypes.CDLL(None, use_errno=True)
KIND = sys.argv[1]
HARD = KIND == "switch"
P1, P2 = ("lan0", "lan1") if HARD else ("swp1", "swp2")
CONF = os.environ["CONF"]
MAC = {"h1": "02:00:00:00:00:01", "h2": "02:00:00:00:00:02"}
UNKNOWN = "de:ad:be:ef:13:37"
ETH_P_ALL, PACKET_AUXDATA, SOL_PACKET = 3, 8, 263
VIDS = (1, 2, 5, 10, 100, 1000, 4094)

count = failed = 0


def tell(ok, what, why=""):
    global count, failed
    count += 1
    failed += not ok
    print("%sok %d - %s: %s" % ("" if ok else "not ", count, KIND, what), flush=True)
    if not ok and why:
        print("# " + str(why).replace("\n", "\n# "), flush=True)


def run(*cmd, check=True):
    p = subprocess.run(cmd, capture_output=True, text=True)
    if check and p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(cmd), p.stderr))
    return p.stdout if check else p.returncode


def apply(text, ok=True):
    """The configuration is all that there is of the machine; what is not named goes."""
    with open(CONF, "w") as f:
        f.write("interfaces = (\n" + ",\n".join(text) + "\n);\n")
    p = subprocess.run(["netctl", "apply"], capture_output=True, text=True)
    if ok and p.returncode:
        raise RuntimeError("netctl apply: %d\n%s%s" % (p.returncode, p.stderr, "\n".join(text)))
    if HARD:  # what a port may do reaches the switch in a work item (br_switchdev_set_port_flag())
        time.sleep(0.15)
    return p.stderr


strangers = 0


def stranger():
    """An address that nobody has had: the stand-in switch does not age."""
    global strangers
    strangers += 1
    return "de:ad:be:ef:14:%02x" % strangers


class Tap:
    """A packet socket on an interface, in this namespace or a host's. Its frames as (dst, src,
    vlan, type, payload, was it for us)."""

    def __init__(self, name, ns=None, promisc=True):
        self.name = name
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        if ns:
            fd = os.open("/run/netns/" + ns, os.O_RDONLY)
            libc.setns(fd, 0)
            os.close(fd)
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.s.bind((name, ETH_P_ALL))
        if promisc:
            self.s.setsockopt(SOL_PACKET, 1, struct.pack("iHH8s", socket.if_nametoindex(name), 1, 0, b""))
        libc.setns(own, 0)
        os.close(own)

    def send(self, frame):
        self.s.send(frame)

    def drain(self):
        while select.select([self.s], [], [], 0)[0]:
            self.s.recv(2048)

    def frames(self, until, marks):
        """All frames with one of the marks; ends when each has been seen, or at the time."""
        seen = {}
        while len(seen) < len(marks) and select.select([self.s], [], [], max(0, until - time.time()))[0]:
            data, aux, _, addr = self.s.recvmsg(2048, 256)
            if addr[2] == 4:  # PACKET_OUTGOING
                continue
            vlan = None
            for _, kind, value in aux:
                if kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
                    if status & 0x10:
                        vlan = tci & 4095
            for m in marks:
                if m in data:
                    seen[m] = (vlan, addr[2])
        return seen


serial = 0


def mark():
    global serial
    serial += 1
    return b"netctl-%08d-" % serial


def mac(s):
    return bytes(int(x, 16) for x in s.split(":"))


def frame(dst, src, payload, vlan=None, raw=b"", kind=b"\x88\xb5"):
    tag = b"\x81\x00" + struct.pack(">H", vlan) if vlan is not None else b""
    return (mac(dst) + mac(src) + raw + tag + kind + payload).ljust(60, b"\0")


def trip(sender, receiver, dst, src=None, vlan=None, expect=True, raw=b""):
    """Send one frame: does it come through as it should? Returns what was seen, or None."""
    m = mark()
    receiver.drain()
    sender.send(frame(dst, src or MAC[sender.name], m, vlan, raw))
    # What must not come is not waited for long: what comes takes well under 20 ms here.
    seen = receiver.frames(time.time() + (1.0 if expect else 0.15), [m])
    return seen.get(m)


def comes(what, *args, **kw):
    seen = trip(*args, **kw)
    tell(seen is not None, what + ": comes")
    return seen


def stays_away(what, *args, **kw):
    tell(trip(*args, expect=False, **kw) is None, what + ": does not come")


def fdb(address, port=None, vlan=None):
    return [e for e in json.loads(run("bridge", "-j", "fdb", "show")) if e["mac"] == address and
            (not port or e["ifname"] == port) and (vlan is None or e.get("vlan", vlan) == vlan)]


def eventually(fn, seconds=30):
    end = time.time() + seconds
    while not fn():
        if time.time() > end:
            return False
        time.sleep(0.05)
    return True


def ping(expect, what, to="192.0.2.2", tries=30):
    ok = False
    for _ in range(tries if expect else 1):
        ok = ok or not run("ip", "netns", "exec", "host1", "ping", "-n", "-q", "-c", "1", "-W",
                           "1" if expect else "0.4", to, check=False)
    tell(ok == expect, what)


def forwards():
    """Ports have learnt and forward: bridges take a moment after their carrier."""
    return eventually(lambda: trip(h1, h2, "ff:ff:ff:ff:ff:ff") and trip(h2, h1, "ff:ff:ff:ff:ff:ff"))


# Topologies

def bridge(port1="", port2="", more="vlan_filtering = true;", vlans1="", vlans2="", name="br0", extra=()):
    return ['{ name = "%s"; kind = "bridge"; bridge = { %s }; }' % (name, more),
            '{ name = "%s"; master = "%s"; port = { %s%s }; }' % (P1, name, vlans1, port1),
            '{ name = "%s"; master = "%s"; port = { %s%s }; }' % (P2, name, vlans2, port2), *extra]


def learning(more, vlan):
    apply(bridge("flood = false;", more=more + " mcast_snooping = false;"))
    forwards()
    tell(not fdb(UNKNOWN), "an address that nobody had is not known")
    stays_away("a frame to it, with flood = false", h2, h1, UNKNOWN)
    trip(h1, h2, "ff:ff:ff:ff:ff:ff", src=UNKNOWN)
    tell(eventually(lambda: fdb(UNKNOWN, P1, vlan)), "a frame from it makes it known on its port")
    comes("a frame to it", h2, h1, UNKNOWN)
    # The stand-in switch does not age; nor is it told to forget but by flushing.
    if not HARD:
        apply(bridge("flood = false;", more=more + ' mcast_snooping = false; ageing_time = "1s";'))
        tell(eventually(lambda: not fdb(UNKNOWN)), "it is forgotten after ageing_time = 1s")
    else:
        run("bridge", "fdb", "flush", "dev", P1, "self", check=False)
    apply(bridge("flood = false; learning = false;", more=more + " mcast_snooping = false;"))
    other = "de:ad:be:ef:13:38"
    trip(h1, h2, "ff:ff:ff:ff:ff:ff", src=other)
    tell(not fdb(other), "with learning = false it is not learnt")


def flooding(more):
    for key in ("flood", "mcast_flood"):
        for on in (False, True):
            to = stranger() if key == "flood" else "01:00:5e:00:00:01"
            apply(bridge("", "%s = %s;" % (key, str(on).lower()), more=more + " mcast_snooping = false;"))
            forwards()
            (comes if on else stays_away)("to %s, %s = %s" % (to, key, str(on).lower()), h1, h2, to)


def bridge_vlan_aware():
    apply(bridge())
    tell(forwards(), "hosts in the same VLAN reach each other")
    ping(True, "IPv4 through the bridge")
    ping(True, "IPv6 through the bridge", "2001:db8:1::2")
    learning("vlan_filtering = true;", 1)
    flooding("vlan_filtering = true;")
    # A VLAN that comes and goes does not touch the PVID.
    apply(bridge(vlans1='pvid = 1; untagged = [ 1 ]; tagged = [ 10 ];'))
    apply(bridge(vlans1='pvid = 1; untagged = [ 1 ];'))
    forwards()
    ping(True, "after a VLAN was added and removed")
    if not HARD:  # entries of others are the bridge's own there
        run("bridge", "fdb", "add", UNKNOWN, "dev", P1, "master", "extern_learn", "vlan", "1")
        apply(bridge(more='vlan_filtering = true; ageing_time = "1s";', vlans1='pvid = 1; untagged = [ 1 ];'))
        time.sleep(2.5)
        tell(fdb(UNKNOWN, P1), "an address learnt by others does not age")
        trip(h2, h1, "ff:ff:ff:ff:ff:ff", src=UNKNOWN)
        tell(eventually(lambda: fdb(UNKNOWN, P2)), "and roams")
    # TPID 802.1ad is no tag to a bridge of 802.1Q: the frame is untagged.
    apply(bridge())
    forwards()
    outer = b"\x88\xa8\x00\x03"
    comes("a frame with 802.1ad VID 3 and 802.1Q VID 5, taken as untagged", h1, h2, UNKNOWN, vlan=5, raw=outer)
    apply(bridge(vlans1="pvid = 0;"))
    time.sleep(0.2)
    stays_away("the same frame, where the port has no PVID", h1, h2, UNKNOWN, vlan=5, raw=outer)
    stays_away("an untagged frame there", h1, h2, UNKNOWN)
    # Tags on the way out and in.
    apply(bridge(vlans1="pvid = 10; untagged = [ 10 ];", vlans2="pvid = 0; tagged = [ 10 ];",
                 more="vlan_filtering = true; default_pvid = 0;"))
    time.sleep(0.2)
    seen = eventually(lambda: trip(h1, h2, UNKNOWN)) and trip(h1, h2, UNKNOWN)
    tell(seen and seen[0] == 10, "from an access port to a trunk: tagged with 10", seen)
    seen = trip(h2, h1, UNKNOWN, vlan=10)
    tell(seen and seen[0] is None, "and back: without a tag", seen)
    stays_away("another VLAN", h2, h1, UNKNOWN, vlan=11)


def bridge_vlan_unaware():
    off = "vlan_filtering = false;"
    apply(bridge(more=off))
    tell(forwards(), "hosts reach each other")
    ping(True, "IPv4 through the bridge")
    ping(True, "IPv6 through the bridge", "2001:db8:1::2")
    learning(off, None)
    flooding(off)
    apply(bridge(more=off))
    forwards()
    seen = comes("a tagged frame", h1, h2, UNKNOWN, vlan=77)
    tell(seen and seen[0] == 77, "with its tag as it was", seen)
    # What VLANs the ports are in does not matter.
    apply(bridge(more=off, vlans1="pvid = 0;", vlans2="pvid = 5; untagged = [ 5 ];"))
    forwards()
    ping(True, "whatever the PVIDs are")


def bridge_locked_port():
    for what, to in (("IPv4", "192.0.2.2"), ("IPv6", "2001:db8:1::2")):
        apply(bridge("learning = false; locked = false;"))
        forwards()
        ping(True, "%s before the port is locked" % what, to)
        apply(bridge("learning = false; locked = true;"))
        ping(False, "%s does not pass a locked port" % what, to)
        run("bridge", "fdb", "replace", MAC["h1"], "dev", P1, "master", "static", "vlan", "1")
        ping(True, "%s passes with an entry for the address" % what, to)
        run("bridge", "fdb", "del", MAC["h1"], "dev", P1, "master", "static", "vlan", "1")
        apply(bridge("learning = false; locked = false;"))
        forwards()
        ping(True, "%s after it is unlocked" % what, to)
    vlans = "pvid = 1; untagged = [ 1 ]; tagged = [ 100 ];"
    apply(bridge("learning = false; locked = true;", vlans1=vlans, vlans2=vlans))
    time.sleep(0.2)
    stays_away("VLAN 100 on a locked port", h1, h2, MAC["h2"], vlan=100)
    run("bridge", "fdb", "add", MAC["h1"], "dev", P1, "master", "static", "vlan", "100")
    comes("VLAN 100 with an entry in it", h1, h2, MAC["h2"], vlan=100)
    stays_away("VLAN 1 without one", h1, h2, MAC["h2"])
    run("bridge", "fdb", "del", MAC["h1"], "dev", P1, "master", "static", "vlan", "100")
    apply(bridge("locked = false;"))
    mab()


def locked_entry(address, port):
    """NTF_EXT_LOCKED in NDA_FLAGS_EXT (linux/neighbour.h), which older bridge(8) does not show."""
    index = socket.if_nametoindex(port)
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.send(struct.pack("=IHHII", 44, 30, 0x301, 1, 0) + struct.pack("=BxxxiHBB", 7, 0, 0, 0, 0).ljust(28, b"\0"))
    while True:
        data = s.recv(65536)
        while len(data) >= 16:
            size, kind = struct.unpack("=IH", data[:6])
            if kind != 28:  # RTM_NEWNEIGH; the end
                return False
            _, ifindex = struct.unpack("=Bxxxi", data[16:24])
            attrs, rest = {}, data[28:size]
            while len(rest) >= 4:
                n, t = struct.unpack("=HH", rest[:4])
                attrs[t] = rest[4:n]
                rest = rest[(n + 3) & ~3:]
            if ifindex == index and attrs.get(2) == mac(address) and 15 in attrs and attrs[15][0] & 2:
                return True
            data = data[(size + 3) & ~3:]


def mab():
    said = apply(bridge("learning = true; mab = true;"), ok=False)
    tell("port.mab" in said and "locked" in said, "mab without locked is refused", said)
    said = apply(bridge("learning = false; locked = true; mab = true;"), ok=False)
    tell("port.mab" in said and "learning" in said, "mab without learning is refused", said)
    on = "learning = true; locked = true; mab = true;"
    apply(bridge(on))
    tell(json.loads(run("netctl", "show", P1, "--json"))["port"]["mab"], "mab is on")
    other = "a0:b0:c0:c0:b0:a0"
    trip(h1, h2, "ff:ff:ff:ff:ff:ff", src=other, expect=False)
    locked = eventually(lambda: locked_entry(other, P1))
    if HARD and not locked:
        # An ATU violation interrupt is what tells the driver (mv88e6xxx_handle_miss_violation());
        # the stand-in has none.
        print("# %s: no locked entries: the stand-in raises no ATU violations" % KIND)
        return
    tell(locked, "an address on a locked port gets a locked entry")
    stays_away("its frames", h1, h2, MAC["h2"], src=other)
    trip(h2, h1, "ff:ff:ff:ff:ff:ff", src=other, expect=False)
    tell(eventually(lambda: fdb(other, P2)) and not locked_entry(other, P2), "it roams to an unlocked port")
    trip(h1, h2, "ff:ff:ff:ff:ff:ff", src=other, expect=False)
    tell(not fdb(other, P1), "and not back to the locked one")
    apply(bridge(on, on))
    first, second = "00:01:02:03:04:05", "00:01:02:03:04:07"
    trip(h1, h2, "ff:ff:ff:ff:ff:ff", src=first, expect=False)
    trip(h2, h1, "ff:ff:ff:ff:ff:ff", src=second, expect=False)
    tell(eventually(lambda: locked_entry(first, P1) and locked_entry(second, P2)), "both ports get locked entries")
    run("bridge", "fdb", "replace", second, "dev", P2, "master", "static", "vlan", "1")
    tell(not locked_entry(second, P2), "an entry that somebody replaces is unlocked")
    comes("and its frames", h2, h1, "ff:ff:ff:ff:ff:ff", src=second)
    apply(bridge("learning = true; locked = true; mab = false;", on))
    tell(eventually(lambda: not fdb(first, P1)), "with mab off, the locked entries of the port go")
    tell(fdb(second, P2), "and those of the other stay")


def no_forwarding():
    def nothing_passes(what):
        marks, wanted = {}, []
        h2.drain()
        for dst in (MAC["h2"], "01:02:03:04:05:06", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"):
            for vlan in (None, *VIDS):
                m = mark()
                marks[m] = "%s VLAN %s" % (dst, vlan)
                wanted.append(m)
                h1.send(frame(dst, MAC["h1"], m, vlan))
        seen = h2.frames(time.time() + 0.3, wanted)
        tell(not seen, "%s: nothing passes (%d kinds of frames)" % (what, len(wanted)),
             "\n".join(marks[m] for m in seen))

    alone = ['{ name = "%s"; }' % P1, '{ name = "%s"; }' % P2]
    apply(alone)
    time.sleep(0.3)
    nothing_passes("ports of no bridge")
    apply(['{ name = "br0"; kind = "bridge"; }', '{ name = "br1"; kind = "bridge"; }',
           '{ name = "%s"; master = "br0"; }' % P1, '{ name = "%s"; master = "br1"; }' % P2])
    time.sleep(0.3)
    nothing_passes("ports of two bridges")
    apply(bridge(more="vlan_filtering = true; default_pvid = 0;", vlans1="pvid = 1; untagged = [ 1 ];",
                 vlans2="pvid = 2; untagged = [ 2 ];"))
    time.sleep(0.3)
    nothing_passes("ports of a VLAN-aware bridge with different PVIDs")


def local_termination():
    """What the machine itself takes: on a port, on a bridge, and on VLANs of either."""
    group4, group6 = "01:00:5e:01:02:03", "33:33:01:02:03:04"

    def terminates(what, name, vlan=None):
        tap = Tap(name, promisc=False)
        own = open("/sys/class/net/%s/address" % name).read().strip()
        nobody = stranger()

        def mine(dst, expect):
            seen = trip(h1, tap, dst, vlan=vlan, expect=expect)
            return seen is not None and seen[1] != 3  # PACKET_OTHERHOST

        tell(eventually(lambda: mine(own, True)), "%s: to its own address" % what)
        tell(mine("ff:ff:ff:ff:ff:ff", True), "%s: broadcast" % what)
        tell(not mine(nobody, False), "%s: not to a stranger's address" % what)
        run("ip", "maddress", "add", group4, "dev", name)
        tell(mine(group4, True), "%s: to a group that was joined" % what)
        run("ip", "maddress", "del", group4, "dev", name)
        run("ip", "link", "set", name, "promisc", "on")
        tell(trip(h1, tap, nobody, vlan=vlan) is not None, "%s: everything when promiscuous" % what)
        run("ip", "link", "set", name, "promisc", "off")
        run("ip", "link", "set", name, "allmulticast", "on")
        tell(mine(group6, True), "%s: any group with allmulticast" % what)
        run("ip", "link", "set", name, "allmulticast", "off")
        ptp = "01:1b:19:00:00:00"
        run("ip", "maddress", "add", ptp, "dev", name)
        tell(mine(ptp, True), "%s: PTP over Ethernet" % what)
        run("ip", "maddress", "del", ptp, "dev", name)
        tap.s.close()

    def vlan_on(lower):
        return '{ name = "v100"; kind = "vlan"; vlan = { link = "%s"; id = 100; }; }' % lower

    port = '{ name = "%s"; }' % P1
    apply([port])
    terminates("a port", P1)
    apply([port, vlan_on(P1)])
    terminates("a VLAN on a port", "v100", vlan=100)
    for more in ("vlan_filtering = false;", "vlan_filtering = true;"):
        br = '{ name = "br0"; kind = "bridge"; bridge = { %s mcast_snooping = false; }; address = "02:de:ad:be:ee:00"; %%s }' % more
        apply([br % "", '{ name = "%s"; master = "br0"; }' % P1])
        terminates("a bridge, " + more, "br0")
        tagged = "port = { pvid = 1; untagged = [ 1 ]; tagged = [ 100 ]; };"
        apply([br % tagged, '{ name = "%s"; master = "br0"; %s }' % (P1, tagged), vlan_on("br0")])
        terminates("a VLAN on a bridge, " + more, "v100", vlan=100)
        # A VLAN-aware switch has each VLAN once: the bridge's (dsa_user_vlan_rx_add_vid()).
        why = apply([br % "", '{ name = "%s"; master = "br0"; }' % P1, vlan_on(P1)], ok=False)
        if HARD and "true" in more:
            tell("already configured by the bridge" in why or not why,
                 "a VLAN on a port of a VLAN-aware bridge: taken, or refused with the kernel's words", why)
            continue
        terminates("a VLAN on a port of a bridge, " + more, "v100", vlan=100)


h1, h2 = Tap("h1", "host1"), Tap("h2", "host2")
for case in (bridge_vlan_aware, bridge_vlan_unaware, bridge_locked_port, no_forwarding, local_termination):
    print("# %s" % case.__name__)
    try:
        case()
    except (RuntimeError, OSError) as error:
        tell(False, case.__name__, error)
print("1..%d" % count)
sys.exit(failed > 0)
