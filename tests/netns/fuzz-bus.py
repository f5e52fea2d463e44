#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random calls to org.netctl1: every method and property of every object, with
arguments of the right types and of wrong ones, hostile and huge.

    fuzz-bus.py CALLS SEED FILE

What must be true: each call is answered once. The longest that another client
has waited for an answer meanwhile is printed. FILE is made when all is done."""

import functools
import os
import random
import sys
import time
import xml.etree.ElementTree as ElementTree

import dbus
import dbus.bus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

NAME, ROOT = "org.netctl1", "/org/netctl1"
CALLS, SEED = int(sys.argv[1]), int(sys.argv[2])
IN_FLIGHT = 64  # of one client; the bus has limits of its own

rnd = random.Random(SEED)
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
address = os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
bus = dbus.bus.BusConnection(address)

STRINGS = ["", "lo", "br0", "v0", "absent0", "a" * 16, "%s%n%s%n%d", "../../etc/passwd", "br0\n",
           "\u202e\U0001f600", "org.netctl1.Link", "v0 ", "0", "-1", "\x7f", "dry-run", "\t\x01",
           "x" * 5000, "Carrier", "org.freedesktop.DBus.Error.Failed", "confirm"]
KEYS = ["dry-run", "confirm", "names", "links", "", "dry-run ", "x" * 300, "\u00e9"]
NUMBERS = [0, 1, 2, 3, 7, 60, 86400, 86401, 2**15 - 1, 2**16 - 1, 2**31 - 1, 2**32 - 1,
           2**63 - 1, 2**64 - 1]
RANGES = {"y": (0, 2**8 - 1), "n": (-2**15, 2**15 - 1), "q": (0, 2**16 - 1),
          "i": (-2**31, 2**31 - 1), "u": (0, 2**32 - 1), "x": (-2**63, 2**63 - 1),
          "t": (0, 2**64 - 1)}
WRAP = {"y": dbus.Byte, "n": dbus.Int16, "q": dbus.UInt16, "i": dbus.Int32, "u": dbus.UInt32,
        "x": dbus.Int64, "t": dbus.UInt64, "b": dbus.Boolean, "d": dbus.Double,
        "s": dbus.String, "o": dbus.ObjectPath, "g": dbus.Signature}
SIGNATURES = ["", "s", "t", "u", "i", "b", "a{sv}", "as", "st", "ss", "o", "v", "at", "a(iso)", "ay",
              "aa{sv}", "(sv)", "d", "ssv", "g", "aaaai", "a{ss}"]


def size():
    return rnd.choice([0, 0, 1, 1, 2, 3, 8] * 8 + [3000])


def value(signature):
    """One complete type."""
    first = signature[0]
    if first in RANGES:
        low, high = RANGES[first]
        number = rnd.choice(NUMBERS + [rnd.randint(low, high)])
        return WRAP[first](max(low, min(high, -number if rnd.random() < .2 else number)))
    if first == "b":
        return dbus.Boolean(rnd.random() < .5)
    if first == "d":
        return dbus.Double(rnd.choice([0.0, -1.5, 1e300, float("inf"), float("nan")]))
    if first == "s":
        if rnd.random() < .002:
            return dbus.String("x" * rnd.choice([65000, 1000000]))  # read, and refused unread
        return dbus.String(rnd.choice(STRINGS))
    if first == "o":
        return dbus.ObjectPath(rnd.choice(paths + ["/", "/a" * 500]))
    if first == "g":
        return dbus.Signature(rnd.choice(SIGNATURES))
    if first == "v":
        inner = rnd.choice([s for s in SIGNATURES if s and len(list(dbus.Signature(s))) == 1])
        made = value(inner)
        if isinstance(made, (dbus.Array, dbus.Dictionary, dbus.Struct)):
            return type(made)(made, signature=made.signature, variant_level=1)
        return type(made)(made, variant_level=1)
    if first == "(":
        inner = signature[1:-1]
        return dbus.Struct(values(inner), signature=inner)
    if signature.startswith("a{"):
        inner = signature[2:-1]
        return dbus.Dictionary({WRAP[inner[0]](rnd.choice(KEYS + STRINGS)): value(inner[1:])
                                for _ in range(min(size(), 50))}, signature=inner)
    inner = signature[1:]
    n = size() if inner in RANGES else min(size(), 100)  # the bus takes 32 MiB
    one = [value(inner) for _ in range(min(n, 8))]
    return dbus.Array((one * (n // 8 + 1))[:n] if one else [], signature=inner)


def values(signature):
    return [value(str(s)) for s in dbus.Signature(signature)]


def introspect(path, found):
    text = bus.call_blocking(NAME, path, "org.freedesktop.DBus.Introspectable", "Introspect",
                             "", ())
    node = ElementTree.fromstring(text)
    for interface in node.findall("interface"):
        for method in interface.findall("method"):
            arguments = "".join(a.get("type") for a in method.findall("arg")
                                if a.get("direction") != "out")
            found[0].append((path, interface.get("name"), method.get("name"), arguments))
        for prop in interface.findall("property"):
            found[1].append((path, interface.get("name"), prop.get("name"), prop.get("type")))
    for child in node.findall("node"):
        introspect(path.rstrip("/") + "/" + child.get("name"), found)


found = ([], [])
introspect(ROOT, found)
methods, properties = found
paths = sorted({m[0] for m in methods})


def random_call():
    """Path, interface, member, signature, arguments."""
    kind = rnd.random()
    if kind < .6:
        path, interface, member, signature = rnd.choice(methods)
        if rnd.random() < .15:
            signature = rnd.choice(SIGNATURES)
        return path, interface, member, signature, values(signature)
    if kind < .9:
        path, interface, member, kind_of = rnd.choice(properties)
        verb = rnd.choice(["Get", "Get", "GetAll", "Set"])
        if rnd.random() < .1:
            interface = rnd.choice(["", "org.netctl1", "a.b"])
        arguments = [dbus.String(interface)]
        if verb != "GetAll":
            arguments.append(dbus.String(member if rnd.random() < .9 else rnd.choice(STRINGS)))
        if verb == "Set":
            arguments.append(value("v") if rnd.random() < .5 else
                             dbus.String("x", variant_level=1))
        return (path, "org.freedesktop.DBus.Properties", verb,
                {"Get": "ss", "GetAll": "s", "Set": "ssv"}[verb], arguments)
    path, interface, member, signature = rnd.choice(methods)
    return (rnd.choice([path, "/", ROOT + "/link", ROOT + "/link/_", ROOT + "/link/" + "x" * 200,
                        ROOT + "/link" + "/a" * rnd.choice([100, 30000])]),
            rnd.choice([interface, "org.netctl1.Nothing"]),
            rnd.choice([member, "Nothing"]), signature, values(signature))


answers, sent, in_flight, thrown_out, errors = 0, 0, 0, 0, {}
loop = GLib.MainLoop()


def on_answer(message, connection):
    global answers, in_flight
    if connection is not bus:
        return  # counted in send()
    answers += 1
    in_flight -= 1
    if isinstance(message, dbus.lowlevel.ErrorMessage):
        name = message.get_error_name()
        errors[name] = errors.get(name, 0) + 1
    if answers == CALLS:
        loop.quit()
    else:
        send()


def send():
    global bus, answers, sent, in_flight, thrown_out
    # The bus itself disconnects who sends what it takes for wrong, and answers nothing then.
    if not bus.get_is_connected():
        bus = dbus.bus.BusConnection(address)
        bus.set_exit_on_disconnect(False)
        thrown_out += 1
        answers += in_flight
        in_flight = 0
    while sent < CALLS and in_flight < IN_FLIGHT:
        try:
            path, interface, member, signature, arguments = random_call()
            message = dbus.lowlevel.MethodCallMessage(NAME, path, interface, member)
            message.append(*arguments, signature=signature)
        except (ValueError, TypeError, OverflowError):
            continue  # what this library cannot say
        sent += 1
        in_flight += 1
        bus.send_message_with_reply(message, functools.partial(on_answer, connection=bus), 60)


# Clients that listen to everything and never read.
deaf = [dbus.bus.BusConnection(address) for _ in range(3)]
for one in deaf:
    one.set_exit_on_disconnect(False)
    one.add_match_string_non_blocking("type='signal',sender='%s'" % NAME)
    one.flush()

if os.fork() == 0:  # a process of its own: this one is busy
    bus2 = dbus.bus.BusConnection(address)
    parent = os.getppid()
    worst, count, over = 0.0, 0, 0
    while os.getppid() == parent and not os.path.exists(sys.argv[3]):
        begun = time.monotonic()
        try:
            bus2.call_blocking(NAME, ROOT, "org.freedesktop.DBus.Peer", "Ping", "", (),
                               timeout=60)
        except dbus.DBusException:
            break
        took = time.monotonic() - begun
        worst, count, over = max(worst, took), count + 1, over + (took > .01)
        time.sleep(.005)
    print("others waited %.1f ms at most, more than 10 ms in %d of %d calls" %
          (worst * 1000, over, count), flush=True)
    os._exit(0)

send()
GLib.timeout_add_seconds(int(120 + CALLS / 100), loop.quit)
begun = time.monotonic()
loop.run()
open(sys.argv[3], "w").close()
os.wait()
print("%d of %d calls answered in %.1f s, %d with an error" %
      (answers, CALLS, time.monotonic() - begun, sum(errors.values())))
if thrown_out:
    print("the bus has disconnected this client %d times" % thrown_out)
for name in sorted(errors):
    print("%7d %s" % (errors[name], name))
sys.exit(answers != CALLS)
