#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that knows nothing but D-Bus does what each verb of netctl does.

    dbus-client.py root|denied|granted NETCTL CONFIGURATION-FILE OUTPUT-FOLDER

For each verb that `netctl --help` has, a function here does the same by python3-dbus, and where
there is something to compare, what it got is compared with what `netctl --json` prints. A verb
without a function here is a failure, so that none is added that only netctl could do. As "denied"
reading must work and changing must be refused; as "granted" (polkit allows it) all must work.
Prints a line for each check: "ok" or "not ok" and what."""

import fcntl
import json
import socket
import struct
import subprocess
import sys
import time

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

who, netctl, config_file = sys.argv[1:4]
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
NAME, ROOT = "org.netctl1", "/org/netctl1"
failed = False


def call(method, *arguments, path=ROOT, interface=NAME + ".Manager"):
    proxy = bus.get_object(NAME, path, introspect=False)
    return proxy.get_dbus_method(method, interface)(*arguments, timeout=60)


def prop(key, path=ROOT, interface=NAME + ".Manager"):
    return call("Get", interface, key, path=path, interface="org.freedesktop.DBus.Properties")


def link(name):
    return call("GetLinkByName", name)


def none():
    return dbus.Dictionary({}, signature="sv")


def options(**given):
    return dbus.Dictionary({k.replace("_", "-"): v for k, v in given.items()}, signature="sv")


def by_netctl(*arguments):
    """What netctl prints as JSON, also where it fails."""
    r = subprocess.run([netctl, *arguments, "--json"], stdout=subprocess.PIPE, check=False,
                       stdin=subprocess.DEVNULL, timeout=60)
    return json.loads(r.stdout)


def tell(ok, text, note=""):
    global failed
    failed |= not ok
    print("%s %s: %s%s" % ("ok" if ok else "not ok", who, text, " # " + note if note and not ok else ""))
    sys.stdout.flush()


def same(text, mine, theirs):
    tell(mine == theirs, text, "%.200r is not %.200r" % (mine, theirs))


def same_now(text, mine, theirs):
    """What both say of one moment: nothing has changed from before it was asked to after it."""
    end = time.monotonic() + 30
    before, other = mine(), theirs()
    while mine() != before and time.monotonic() < end:
        before, other = mine(), theirs()
    same(text, before, other)


def error_name(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except dbus.DBusException as e:
        return e.get_dbus_name()
    return None


def configure(mtu):
    with open(config_file, "w") as f:
        f.write('interfaces = ( { name = "v0"; kind = "veth"; veth = { peer = "v1"; }; mtu = %d; '
                'addresses = [ "192.0.2.1/24" ]; }, { name = "br0"; kind = "bridge"; }, '
                '{ name = "w0"; kind = "veth"; veth = { peer = "w1"; }; master = "br0"; } );\n' % mtu)


def mtu():
    """Of this network namespace, which /sys may not be of: SIOCGIFMTU."""
    with socket.socket() as s:
        return struct.unpack("16si", fcntl.ioctl(s, 0x8921, struct.pack("16si", b"v0", 0)))[1]


def steady(document):
    """Without what differs from one moment to the next."""
    document = dict(document)
    for key in ("netlink", "confirm", "time"):
        document.pop(key, None)
    document["interfaces"] = sorted(document["interfaces"], key=lambda i: i["name"])
    return document


# --- what only reads

def status():
    same_now("status", lambda: steady(json.loads(call("Describe"))), lambda: steady(by_netctl("status")))


def show():
    def by_verb():
        theirs = by_netctl("show", "v0")
        return theirs.get("interface", theirs.get("interfaces", [theirs])[0])

    same_now("show", lambda: json.loads(call("DescribeLink", "v0")), by_verb)


def check():
    tell(error_name(call, "Check", none()) is None, "check")


def plan():
    configure(1350)
    steps, impact = call("Plan", none())
    theirs = by_netctl("plan")
    same("plan: steps", [(str(s["object"]), str(s["key"]), str(s["to"])) for s in steps],
         [(s["object"], s["key"], s["to"]) for s in theirs["steps"]])
    same("plan: what loses traffic", json.loads(impact)["loses"], theirs.get("loses", []))
    configure(1400)


def generations(document):
    if isinstance(document, dict):
        document = document["generations"]
    return sorted(g["number"] for g in document)


def history():
    mine = json.loads(call("History"))
    theirs = by_netctl("history")
    same("history", generations(mine), generations(theirs))


def diff():
    numbers = generations(json.loads(call("History")))
    if len(numbers) < 2:
        return
    a, b = numbers[-2:]
    mine, theirs = json.loads(call("Diff", dbus.UInt64(a), dbus.UInt64(b))), by_netctl("diff", str(a), str(b))
    same("diff", mine if isinstance(mine, list) else mine["changes"],
         theirs if isinstance(theirs, list) else theirs["changes"])


def export():
    def lines(text):
        """netctl sorts the interfaces."""
        return sorted(text.replace(",", "").split("\n"))

    same_now("export", lambda: lines(call("Export")), lambda: lines(
        subprocess.run([netctl, "export"], stdout=subprocess.PIPE, check=True).stdout.decode()))


def counters(document):
    return sorted((i["name"], c) for i in document["interfaces"] for s in i["statistics"]
                  for c in s.get("counters", {}))


def stats():
    same("stats", counters(json.loads(call("GetStatistics", none()))),
         counters(by_netctl("stats", "--all")))


def metrics():
    text = subprocess.run([netctl, "metrics"], stdout=subprocess.PIPE, check=True).stdout.decode()
    document = json.loads(call("GetStatistics", none()))
    missing = [(i["name"], s["group"]) for i in document["interfaces"] for s in i["statistics"]
               if 'interface="%s"' % i["name"] not in text]
    tell(not missing, "metrics", str(missing))


def is_empty(group):
    """Nothing is attached there."""
    return isinstance(group, dict) and "program" not in group and "cage" not in group


def of_groups(verb, *groups):
    document = json.loads(call("DescribeGroups", dbus.Array(groups, signature="s")))
    theirs = by_netctl(verb)
    missing = [i["name"] for i in document["interfaces"] if i.get(groups[0]) and not is_empty(i[groups[0]]) and
               i["name"] not in json.dumps(theirs)]
    tell(not missing, verb, str(missing) + str(theirs))


def graph():
    document = json.loads(call("DescribeGroups", dbus.Array(["vlan", "veth"], signature="s")))
    theirs = json.dumps(by_netctl("graph"))
    tell(all('"%s"' % i["name"] in theirs for i in document["interfaces"]
             if i["state"]["ifindex"] > 0), "graph")


def fdb():
    def words(document):
        return sorted(json.dumps(e, sort_keys=True) for e in document["entries"])

    def names(*n):
        return dbus.Array(n, signature="s")

    document = json.loads(call("ListFdb", names()))
    tell(document["entries"], "fdb: there is something to be told")
    same_now("fdb", lambda: words(json.loads(call("ListFdb", names()))), lambda: words(by_netctl("fdb")))
    ports = {e["port"] for e in document["entries"]}
    some = json.loads(call("ListFdb", names("br0")))["entries"]
    tell(some and all("br0" in (e["port"], e.get("bridge")) for e in some), "of one bridge", str(ports))
    same("of what is not there", error_name(call, "ListFdb", names("nope")), NAME + ".Error.NoSuchLink")


def sfp():
    of_groups("sfp", "sfp")


def xdp():
    of_groups("xdp", "xdp")


def tsn():
    of_groups("tsn", "qdisc", "class")


def monitor():
    """Signals; the change is by another hand."""
    seen = []
    match = bus.add_signal_receiver(lambda i, p, gone: seen.append(dict(p)), "PropertiesChanged",
                                    "org.freedesktop.DBus.Properties", NAME, link("v1"))
    if who != "root":
        match.remove()
        tell(True, "monitor")
        return
    subprocess.run(["ip", "link", "set", "v1", "alias", "told%d" % (time.monotonic() * 1000)],
                   check=True)
    end = time.monotonic() + 30
    while not any("Alias" in s for s in seen) and time.monotonic() < end:
        GLib.MainContext.default().iteration(False)
        time.sleep(.01)
    match.remove()
    tell(any("Alias" in s for s in seen), "monitor", str(seen))


def wait_online():
    end = time.monotonic() + 30
    state = None
    while time.monotonic() < end and state != "ok":
        state = prop("ManagementState", path=link("v0"), interface=NAME + ".Link")
    same("wait-online", str(state), "ok")


# --- what changes; (method, arguments, ...) and how it is seen that it did

def refused(function, *arguments, **named):
    return error_name(function, *arguments, **named) == "org.freedesktop.DBus.Error.AccessDenied"


def change(text, seen, function, *arguments, **named):
    if who == "denied":
        before = mtu()
        tell(refused(function, *arguments, **named) and mtu() == before, text + " is refused")
        return
    error = error_name(function, *arguments, **named)
    tell(error is None and seen(), text, str(error))


def apply():
    configure(1410)
    change("apply", lambda: mtu() == 1410, call, "Apply", none())
    configure(1420)
    change("apply --dry-run", lambda: mtu() == 1410, call, "Apply", options(dry_run=True))
    change("apply --confirm", lambda: mtu() == 1420 and prop("ConfirmDeadline") > 0,
           call, "Apply", options(confirm=dbus.UInt64(60)))


def confirm():
    change("confirm", lambda: prop("ConfirmDeadline") == 0, call, "Confirm",
           dbus.UInt64(int(prop("Generation"))))


def rollback():
    change("rollback", lambda: mtu() == 1410, call, "Rollback", dbus.UInt64(0))
    configure(1400)


def reload():
    change("reload", lambda: mtu() == 1400, call, "Reload")


def state_of(name):
    return str(prop("ManagementState", path=link(name), interface=NAME + ".Link"))


def hold():
    change("hold", lambda: state_of("v0") == "held", call, "Hold", "v0", dbus.UInt64(60))


def release():
    change("release", lambda: state_of("v0") != "held", call, "Release", "v0")


def of_port(verb, method):
    """A veth cannot; netctl and D-Bus say so with one voice."""
    if who == "denied":
        tell(refused(call, method, none(), path=link("v0"), interface=NAME + ".Link"),
             verb + " is refused")
        return
    theirs = by_netctl(verb, "v0").get("error", {}).get("name")
    same(verb, error_name(call, method, none(), path=link("v0"), interface=NAME + ".Link"), theirs)


def test_cable():
    of_port("test-cable", "TestCable")


def identify():
    of_port("identify", "Identify")


def restart_autoneg():
    of_port("restart-autoneg", "RestartAutonegotiation")


# Files only, or the kernel itself: they ask no daemon.
LOCAL = {"drops", "edit", "help", "init"}

# In the order in which they are done; the first ones make generations to look at.
DO = [wait_online, apply, confirm, rollback, reload, hold, release, status, show, check, plan,
      history, diff, export, stats, metrics, graph, fdb, sfp, xdp, tsn, monitor, test_cable, identify,
      restart_autoneg]

text = subprocess.run([netctl, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
verbs = [line.split()[0] for line in text.splitlines() if line.startswith("  ") and
         not line.lstrip().startswith("-")]
same("every verb is here", sorted(set(verbs) - LOCAL),
     sorted(f.__name__.replace("_", "-") for f in DO))
for do in DO:
    try:
        do()
    except Exception as e:  # pylint: disable=broad-except
        tell(False, do.__name__, repr(e)[:300])
change("reconfigure", lambda: mtu() == 1400, call, "Reconfigure", path=link("v0"),
       interface=NAME + ".Link")
sys.exit(failed)
