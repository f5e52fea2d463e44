#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long after the kernel's own message is a change of a port's link on D-Bus?

  told.py PORT FILE VALUE CARRIER

Writes VALUE into FILE (a hand of the lab's), waits until the kernel tells that PORT's carrier is
CARRIER (0, 1), and until the daemon's signal says the same. Prints the milliseconds between.
"""
import json, os, select, socket, struct, subprocess, sys, time

port, path, value, carrier = sys.argv[1:]
index = socket.if_nametoindex(port)
bus = subprocess.Popen(["busctl", "--json=short", "monitor", "org.netctl1"], stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
kernel.bind((0, 1))  # RTMGRP_LINK
time.sleep(0.7)  # the monitor becomes one
with open(path, "w") as f:
    f.write(value)
start, told, seen, rest = time.time(), None, None, b""
while (told is None or seen is None) and time.time() < start + 8:
    for ready in select.select([kernel, bus.stdout], [], [], 0.5)[0]:
        now = time.time()
        if ready is kernel:
            data = kernel.recv(65536)
            while len(data) >= 32:
                size, kind = struct.unpack("=IH", data[:6])
                ifindex, flags = struct.unpack("=iI", data[20:28])
                if kind == 16 and ifindex == index and bool(flags & 0x10000) == (carrier == "1"):
                    told = told or now
                data = data[(size + 3) & ~3:]
            continue
        rest += os.read(bus.stdout.fileno(), 65536)
        *lines, rest = rest.split(b"\n")
        for line in lines:
            m = json.loads(line)
            if m.get("member") != "PropertiesChanged" or not m["path"].endswith("/" + port):
                continue
            changed = m["payload"]["data"][1].get("Carrier")
            if changed and changed["data"] == (carrier == "1"):
                seen = seen or now
bus.terminate()
if told is None or seen is None:
    sys.exit("not told: kernel %s, bus %s" % (told, seen))
print(max(0, round((seen - told) * 1000)))
