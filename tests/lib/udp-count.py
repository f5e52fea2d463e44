#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbered packets from several sources, and which of them came.

udp-count.py send TO PORT RATE SECONDS FROM...: RATE packets a second from each of the addresses.
udp-count.py receive PORT FILE: until SIGTERM; FILE is there from the first packet on, and then has a line "FROM RECEIVED EXPECTED" for
each source, EXPECTED being what lies between the first and the last that came.
"""
import signal
import socket
import struct
import sys
import time

if sys.argv[1] == "send":
    to, port, rate, seconds = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    sockets = []
    for address in sys.argv[6:]:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, 0))
        sockets.append(s)
    begin = time.monotonic()
    end = begin + seconds
    n = 0
    while time.monotonic() < end:
        for s in sockets:
            s.sendto(struct.pack("!Q", n), (to, port))
        n += 1
        late = begin + n / rate - time.monotonic()
        if late > 0:
            time.sleep(late)
        else:  # what was not sent in time is left out: a burst of it would be more than a veth holds
            begin -= late
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # SO_RCVBUFFORCE
    s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)
    s.bind(("0.0.0.0", int(sys.argv[2])))
    came = {}

    def report(_number, _frame):
        with open(sys.argv[3], "w") as f:
            for address, numbers in sorted(came.items()):
                print(address, len(numbers), max(numbers) - min(numbers) + 1, file=f)
        sys.exit(0)

    signal.signal(signal.SIGTERM, report)
    while True:
        data, (address, _) = s.recvfrom(64)
        if not came:
            with open(sys.argv[3], "w") as f:
                print("the first:", address, file=f)
        came.setdefault(address, set()).add(struct.unpack("!Q", data)[0])
