#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do frames leave in their windows only?

    gates.py send DEVICE SECONDS CLASSES        numbered frames of each class, as priorities; for
                                                SECONDS at most, or until it is terminated
    gates.py until TIME                         returns when it is that time of CLOCK_TAI
    gates.py receive DEVICE FILE                their times of arrival, CLOCK_TAI; until it is
                                                terminated and nothing more comes
    gates.py judge FILE SCHEDULE [FROM [TO]]    a histogram; how many left outside
    gates.py edge FILE TIME                     the last frame before it, the first after it
    gates.py lost FILE SENT                     how many frames never came

A schedule is BASE:MASK/MILLISECONDS,MASK/MILLISECONDS,…; FROM and TO are times of CLOCK_TAI.
The cable is a veth, whose frames arrive in the moment in which they leave: unless the machine
stood still between the two, because its host did something else. So another process looks at the
clock all the time, and notes when it could not; a frame that is late by such a time says nothing of
the schedule. All others must be in their windows, up to the tolerance.
"""
import collections
import os
import signal
import socket
import struct
import sys
import time

ETHERTYPE = 0x88b5  # IEEE 802 local experimental
CLOCK_TAI = 11
SO_TIMESTAMPNS = 35  # asm-generic/socket.h, SO_TIMESTAMPNS_OLD
SO_RCVBUFFORCE = 33  # above net.core.rmem_max
SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/if_packet.h
GAP = 0.003
MS = 10**6
BIN = 5 * MS
# The scheduler's ticks and the time stamp are that far from each other in the lab.
TOLERANCE = 2 * MS
STALL = TOLERANCE
QUIET = 1.0  # seconds without a frame, when no more are sent


def send(device, seconds, classes):
    sockets = []
    for priority in range(classes):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, priority)
        s.bind((device, 0))
        sockets.append(s)
    head = b"\xff" * 6 + sockets[0].getsockname()[4] + struct.pack("!H", ETHERTYPE)
    end = time.monotonic() + seconds
    number = 0
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    while time.monotonic() < end and not ended:
        for priority, s in enumerate(sockets):
            s.send(head + struct.pack("!BI", priority, number) + bytes(41))
        number += 1
        time.sleep(GAP)
    print(number)


def watch(out, tai):
    """Until killed: when this process, which only looks at the clock, did not get to it."""
    before = time.clock_gettime_ns(0)
    while True:
        time.sleep(0.0005)
        now = time.clock_gettime_ns(0)
        if now - before > STALL:
            os.write(out, f"stall {before + tai} {now + tai}\n".encode())
        before = now


def receive(device, name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE))
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    # On a busy machine this process is seconds behind the frames, and none may be lost here.
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.bind((device, ETHERTYPE))
    s.settimeout(QUIET)
    tai = round((time.clock_gettime_ns(CLOCK_TAI) - time.clock_gettime_ns(0)) / 1e9) * 10**9
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    if os.path.exists(name + ".stalls"):
        os.unlink(name + ".stalls")
    stalls = os.open(name + ".stalls", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    watcher = os.fork()
    if not watcher:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        watch(stalls, tai)
    with open(name, "w", 1) as out:
        while True:
            try:
                data, extra, _, _ = s.recvmsg(2048, 256)
            except socket.timeout:
                if ended:
                    break
                continue
            at = next(struct.unpack("@ll", d[:16]) for level, kind, d in extra
                      if kind == SO_TIMESTAMPNS)
            priority, number = struct.unpack("!BI", data[14:19])
            out.write(f"{at[0] * 10**9 + at[1] + tai} {priority} {number}\n")
    os.kill(watcher, signal.SIGTERM)
    os.waitpid(watcher, 0)
    dropped = struct.unpack("=II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    if dropped:
        print(f"# the receiver itself has lost {dropped} frames", flush=True)


def read(name):
    return [tuple(map(int, line.split())) for line in open(name)]


def read_stalls(name):
    return [tuple(map(int, line.split()[1:])) for line in open(name + ".stalls")]


def parse(text):
    base, entries = text.split(":")
    gates = []
    for entry in entries.split(","):
        mask, length = entry.split("/")
        gates.append((int(mask, 0), round(float(length) * MS)))
    return int(base), gates, sum(length for _, length in gates)


def is_open(gates, cycle, phase, number):
    at = 0
    for mask, length in gates:
        if at <= phase % cycle < at + length:
            return bool(mask >> number & 1)
        at += length
    return False


def was_open(gates, cycle, first, phase, last, number):
    """At any time from @first to @last, of which @phase is the phase."""
    return any(is_open(gates, cycle, phase - back, number)
               for back in range(0, min(last - first, cycle) + 1, MS))


def judge(name, schedule, first=0, last=1 << 63):
    base, gates, cycle = parse(schedule)
    stalls = read_stalls(name)
    bins = collections.defaultdict(collections.Counter)
    outside = late = frames = 0
    for at, number, _ in read(name):
        if not first <= at < last:
            continue
        phase = (at - base) % cycle
        bins[number][phase // BIN] += 1
        frames += 1
        if any(is_open(gates, cycle, phase + d, number) for d in (0, TOLERANCE, -TOLERANCE)):
            continue
        # It may have left at any time since the machine stood still.
        since = [a for a, b in stalls if a - TOLERANCE <= at <= b + TOLERANCE]
        if since and was_open(gates, cycle, min(since) - TOLERANCE - base, phase, at - base, number):
            late += 1
        else:
            outside += 1
    for number in sorted(bins):
        most = max(bins[number].values())
        print(f"# class {number} |", end="")
        for b in range(cycle // BIN):
            n = bins[number][b]
            print(" .:-=+*#%@"[n and 1 + n * 8 // most], end="")
        print(f"| {sum(bins[number].values())} frames")
    print(f"#         |0{'':{max(cycle // BIN - 1, 0)}}|{cycle // MS} ms, {BIN // MS} ms a column")
    some = [b - a for a, b in stalls if first <= b and a < last]
    print(f"# frames {frames} outside {outside} late {late}"
          f" (by more than {TOLERANCE / MS:g} ms; stood still {len(some)} times, {sum(some) / MS:.0f} ms)")


def edge(name, at):
    frames = read(name)
    for word, pick, some in (("last", max, [f for f in frames if f[0] < at]),
                             ("first", min, [f for f in frames if f[0] >= at])):
        t, number, _ = pick(some)
        print(f"{word} class {number} {abs(t - at) / MS:.3f} ms")


def lost(name, sent):
    got = collections.defaultdict(set)
    for _, number, n in read(name):
        got[number].add(n)
    print(sum(sent - len(seen) for seen in got.values()) + (not got) * sent)


def main():
    what, *rest = sys.argv[1:]
    if what == "send":
        send(rest[0], float(rest[1]), int(rest[2]))
    elif what == "receive":
        receive(rest[0], rest[1])
    elif what == "until":
        while time.clock_gettime_ns(CLOCK_TAI) < int(rest[0]):
            time.sleep(0.05)
    elif what == "judge":
        judge(rest[0], rest[1], *map(int, rest[2:]))
    elif what == "edge":
        edge(rest[0], int(rest[1]))
    else:
        lost(rest[0], int(rest[1]))


main()
