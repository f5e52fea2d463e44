#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long after the kernel's own message is a change of a port's link on D-Bus?

  told.py PORT FILE VALUE EVENT [INTERFACE PROPERTY=JSON ...]

Writes VALUE into FILE (a hand of the lab's), or runs VALUE as a command where FILE is "-".
Waits until the kernel tells EVENT: that PORT has a carrier ("1") or none ("0"), or that a test of
its cable is done ("cable"); and until the daemon's signals say what is listed, by themselves the
carrier. Prints the milliseconds between.
"""
import json, os, select, socket, struct, subprocess, sys, time

port, path, value, event, *more = sys.argv[1:]
index = socket.if_nametoindex(port)
if more:
    interface = "org.netctl1." + more[0]
    missing = {w.split("=", 1)[0]: json.loads(w.split("=", 1)[1]) for w in more[1:]}
else:
    interface, missing = "org.netctl1.Link", {"Carrier": event == "1"}


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        if size < 4:
            return
        yield kind & 0x3FFF, data[4:size]
        data = data[(size + 3) & ~3:]


def ethtool_monitor():
    """A socket in the ethtool family's group for notifications."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)  # NETLINK_GENERIC
    name = b"ethtool\0"
    attr = struct.pack("=HH", 4 + len(name), 2) + name  # CTRL_ATTR_FAMILY_NAME
    body = struct.pack("=BBH", 3, 1, 0) + attr  # CTRL_CMD_GETFAMILY
    s.send(struct.pack("=IHHII", 16 + len(body), 16, 1, 1, 0) + body)
    found = dict(attributes(s.recv(65536)[20:]))
    for _, group in attributes(found[7]):  # CTRL_ATTR_MCAST_GROUPS
        group = dict(attributes(group))
        if group[1] == b"monitor\0":
            s.setsockopt(270, 1, struct.unpack("=I", group[2])[0])  # NETLINK_ADD_MEMBERSHIP
    return s


def messages(data):
    while len(data) >= 20:
        size, kind = struct.unpack("=IH", data[:6])
        yield kind, data[16:size]
        data = data[(size + 3) & ~3:]


def is_it(kind, body):
    if event == "cable":  # ETHTOOL_MSG_CABLE_TEST_NTF, completed
        return body[0] == 27 and any(k == 2 and v[0] == 2 for k, v in attributes(body[4:]))
    ifindex, flags = struct.unpack("=iI", body[4:12])
    return kind == 16 and ifindex == index and bool(flags & 0x10000) == (event == "1")


def changes(m):
    """What a signal tells of the interface of the port: a group may have come, or changed."""
    if m.get("member") == "PropertiesChanged" and m["path"].endswith("/" + port):
        name, changed = m["payload"]["data"][:2]
        return changed.items() if name == interface else ()
    if m.get("member") == "InterfacesAdded":
        where, groups = m["payload"]["data"]
        return groups.get(interface, {}).items() if where.endswith("/" + port) else ()
    return ()


bus = subprocess.Popen(["busctl", "--json=short", "monitor", "org.netctl1"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
if event == "cable":
    kernel = ethtool_monitor()
else:
    kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    kernel.bind((0, 1))  # RTMGRP_LINK

# The monitor is one when it shows what is asked meanwhile.
for _ in range(60):
    subprocess.run(["busctl", "call", "org.netctl1", "/org/netctl1", "org.netctl1.Manager", "GetLinkByIndex", "i", "1"],
                   stdout=subprocess.DEVNULL, check=False)
    if select.select([bus.stdout], [], [], 0.5)[0]:
        break
hand = None
if path == "-":
    hand = subprocess.Popen(value, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
else:
    with open(path, "w") as f:
        f.write(value)
start, told, seen, rest = time.time(), None, None, b""
while (told is None or seen is None) and time.time() < start + 60:
    for ready in select.select([kernel, bus.stdout], [], [], 0.5)[0]:
        now = time.time()
        if ready is kernel:
            if any([is_it(kind, body) for kind, body in messages(kernel.recv(65536))]):
                told = told or now
            continue
        rest += os.read(bus.stdout.fileno(), 65536)
        *lines, rest = rest.split(b"\n")
        for line in lines:
            m = json.loads(line)
            for k, v in changes(m):
                if k in missing and v["data"] == missing[k]:
                    del missing[k]
            if not missing:
                seen = seen or now
bus.terminate()
if hand:
    hand.wait()
if told is None or seen is None:
    sys.exit("not told: kernel %s, bus %s, missing %s" % (told, seen, missing))
print(max(0, round((seen - told) * 1000)))
