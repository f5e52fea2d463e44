#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a pcap-ng file says, as JSON: written by the draft, not by the program's code."""
import json
import struct
import sys

data = open(sys.argv[1], "rb").read()
out = {"packets": []}
at = 0
order = "<" if sys.byteorder == "little" else ">"


def options(b):
    got = {}
    while b:
        code, n = struct.unpack(order + "HH", b[:4])
        if code == 0:
            assert n == 0 and len(b) == 4, "something behind the end of the options"
            return got
        got[code] = b[4 : 4 + n]
        assert len(got[code]) == n
        b = b[4 + (n + 3) // 4 * 4 :]
    return got


def number(b):
    return int.from_bytes(b, sys.byteorder)


def time(high, low):
    return high << 32 | low


while at < len(data):
    kind, total = struct.unpack(order + "II", data[at : at + 8])
    assert total % 4 == 0 and total >= 12, f"a block of {total} bytes at {at}"
    assert data[at + total - 4 : at + total] == data[at + 4 : at + 8], "the two lengths differ"
    body = data[at + 8 : at + total - 4]
    assert at or kind == 0x0A0D0D0A, "no section first"
    if kind == 0x0A0D0D0A:
        magic, major, minor, length = struct.unpack(order + "IHHq", body[:16])
        assert (magic, major, minor, length) == (0x1A2B3C4D, 1, 0, -1)
        out["program"] = options(body[16:])[4].decode()
    elif kind == 1:
        link, reserved, out["snaplen"] = struct.unpack(order + "HHI", body[:8])
        o = options(body[8:])
        assert link == 1 and reserved == 0 and o[9] == b"\x09"
        out["interface"], out["comment"] = o[2].decode(), o[1].decode()
    elif kind == 6:
        interface, high, low, captured, length = struct.unpack(order + "IIIII", body[:20])
        o = options(body[20 + (captured + 3) // 4 * 4 :])
        assert interface == 0 and captured <= length and captured <= out["snaplen"]
        out["packets"].append(
            {"time": time(high, low), "length": length, "captured": captured,
             "data": body[20 : 20 + captured].hex(), "flags": number(o[2]),
             "queue": number(o[6])})
    elif kind == 5:
        interface, high, low = struct.unpack(order + "III", body[:12])
        o = options(body[12:])
        out["statistics"] = {
            "begin": time(*struct.unpack(order + "II", o[2])),
            "end": time(*struct.unpack(order + "II", o[3])),
            "received": number(o[4]), "dropped": number(o[5]), "delivered": number(o[8])}
        assert interface == 0 and time(high, low) == out["statistics"]["end"]
    else:
        raise AssertionError(f"a block of type {kind}")
    at += total
assert at == len(data)
json.dump(out, sys.stdout)
