#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the bus tell what it promises to tell?

    emits.py TOP DBUS-XML-FOLDER...

Keeps a copy of all objects by signals alone, as a client does; makes changes by
the configuration (each feature's example, and the same without each of its
settings in turn) and by hand; and after each compares the copy with what can be
read. In the end every property that promises to emit must have been seen to."""

import glob
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

NAME, ROOT = "org.netctl1", "/org/netctl1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
top, folders = sys.argv[1], sys.argv[2:]
dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
context = GLib.MainContext.default()
number = failed = 0


def tap(ok, text, *notes):
    global number, failed
    number += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", number, text))
    for note in notes if not ok else ():
        print("# " + note)
    sys.stdout.flush()


# --- what is promised

emits, quiet = set(), set()
for xml in {os.path.basename(f): f for d in folders for f in glob.glob(d + "/*.xml")}.values():
    for interface in ElementTree.parse(xml).iter("interface"):
        if not interface.get("name").startswith(NAME):
            continue
        for prop in interface.findall("property"):
            how = [a.get("value") for a in prop.findall("annotation")
                   if a.get("name").endswith("EmitsChangedSignal")]
            (quiet if how else emits).add((interface.get("name"), prop.get("name")))

# --- the copy

copy, changed, added = {}, set(), set()


def on_added(path, interfaces):
    for interface, properties in interfaces.items():
        if interface.startswith(NAME):
            copy.setdefault(str(path), {})[str(interface)] = dict(properties)
            added.update((str(interface), str(p)) for p in properties)


def on_removed(path, interfaces):
    for interface in interfaces:
        copy.get(str(path), {}).pop(str(interface), None)
    if not copy.get(str(path)):
        copy.pop(str(path), None)


def on_changed(interface, properties, invalidated, path=None):
    if interface.startswith(NAME):
        copy.setdefault(str(path), {}).setdefault(str(interface), {}).update(properties)
        changed.update((str(interface), str(p)) for p in properties)


def call(interface, method, signature, *arguments, path=ROOT):
    return bus.call_blocking(NAME, path, interface, method, signature, arguments, timeout=60)


def read():
    now = {}
    for path, interfaces in call(OBJECTS, "GetManagedObjects", "").items():
        now[str(path)] = {str(i): dict(p) for i, p in interfaces.items() if i.startswith(NAME)}
    now[ROOT] = {NAME + ".Manager": dict(call(PROPERTIES, "GetAll", "s", NAME + ".Manager"))}
    return now


def promised(objects):
    return {(path, i, p): v for path, interfaces in objects.items()
            for i, properties in interfaces.items() for p, v in properties.items()
            if (i, p) in emits}


def differences():
    while context.iteration(False):
        pass
    mine, truth = promised(copy), promised(read())
    return ["%s %s.%s: told %r, is %r" % (k + (mine.get(k), truth.get(k)))
            for k in sorted(set(mine) | set(truth)) if mine.get(k) != truth.get(k)]


def compare(text):
    """Silent if all is well: there are hundreds."""
    end = time.monotonic() + 30
    while (wrong := differences()) and time.monotonic() < end:
        time.sleep(.05)
    if wrong:
        tap(False, "after this the bus has told the truth: " + text, *wrong[:6])
        copy.clear()
        copy.update(read())


# --- configurations, as far as examples have them

TOKEN = re.compile(r'\s+|#.*|([A-Za-z][\w*-]*|[-+]?[\d.]\w*(?:\.\d*)?|"(?:[^"\\]|\\.)*"|[=:;,(){}\[\]])')


def parse(text):
    tokens = [m.group(1) for m in TOKEN.finditer(text) if m.group(1)]

    def value():
        token = tokens.pop(0)
        if token == "{":
            group = {}
            while tokens[0] != "}":
                key = tokens.pop(0)
                tokens.pop(0)
                group[key] = value()
                if tokens[0] in ";,":
                    tokens.pop(0)
            tokens.pop(0)
            return group
        if token in "([":
            items, end = [], ")" if token == "(" else "]"
            while tokens[0] != end:
                items.append(value())
                if tokens[0] == ",":
                    tokens.pop(0)
            tokens.pop(0)
            return tuple(items) if token == "(" else items
        return token
    tokens.append("}")
    tokens.insert(0, "{")
    return value()


def write(v):
    if isinstance(v, dict):
        return "{ " + " ".join("%s = %s;" % (k, write(w)) for k, w in v.items()) + " }"
    if isinstance(v, tuple):
        return "( " + ", ".join(map(write, v)) + " )"
    if isinstance(v, list):
        return "[ " + ", ".join(map(write, v)) + " ]"
    return v


def holes(config):
    """The configuration without each setting in turn."""
    for n, entry in enumerate(config["interfaces"]):
        for key, value in entry.items():
            if key in ("name", "kind"):
                continue
            inner = value.keys() if isinstance(value, dict) else [None]
            for k in inner:
                fewer = dict(entry)
                if k is None:
                    del fewer[key]
                else:
                    fewer[key] = {a: b for a, b in value.items() if a != k}
                entries = list(config["interfaces"])
                entries[n] = fewer
                yield (entry["name"].strip('"'), key if k is None else key + "." + k,
                       {**config, "interfaces": tuple(entries)})


def apply(config):
    with open("/etc/netctld/10-test.conf", "w") as f:
        for key, value in config.items():
            f.write("%s = %s;\n" % (key, write(value)))
    try:
        call(NAME + ".Manager", "Reload", "")
        return None
    except dbus.DBusException as e:
        return e


def run(command):
    r = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       check=False)
    if r.returncode:
        print("# %s: %s" % (command, r.stdout.decode().strip()))


def nics(config):
    made = {e["name"] for e in config["interfaces"] if "kind" in e}
    made |= {e["veth"]["peer"] for e in config["interfaces"] if "veth" in e}
    return sorted(n.strip('"') for e in config["interfaces"]
                  if (n := e["name"]) not in made and n != '"all"')


def test_feature(folder):
    name = os.path.basename(folder)
    with open(folder + "/example.conf") as f:
        config = parse(f.read())
    names = nics(config)
    for n, nic in enumerate(names):
        run("ip link add %s address 02:00:00:00:01:%02x type dummy && ip link set %s up" % (nic, n, nic))
    compare("the devices of " + name)
    before = failed
    error = apply(config)
    compare("the example of " + name)
    if error:
        print("# %s: %s" % (name, str(error)[:200].replace("\n", " ")))
    else:
        for iface, key, fewer in holes(config):
            apply(fewer)
            compare("%s: %s without %s" % (name, iface, key))
        apply(config)
        compare("the example of %s again" % name)
    apply({"interfaces": ()})
    compare("no configuration, after " + name)
    for nic in names:
        run("ip link del " + nic)
    compare("no devices, after " + name)
    if error:
        print("ok # SKIP %s: its example cannot be applied here" % name)
    else:
        tap(failed == before, "what becomes of the example of %s is told" % name)


HAND = """
ip link add h0 type veth peer name h1
ip link set h0 up
ip link set h1 up
ip link set h0 alias hand
ip link set h0 mtu 1300
ip link set h0 address 02:00:00:00:00:99
ip link add hbr type bridge
ip link set h0 master hbr
ip link set hbr up type bridge ageing_time 20000 max_age 1500 mcast_snooping 0
ip link set hbr type bridge vlan_protocol 802.1ad
bridge link set dev h0 bcast_flood off flood off hairpin on root_block on
bridge link set dev h0 locked on neigh_suppress on cost 50
ip link set h0 nomaster
ip address add 192.0.2.77/24 dev h0
ip address del 192.0.2.77/24 dev h0
ip route add 198.51.100.0/24 dev h0
ip link set h1 down
ip link set h1 up
ip link add link h0 name h0.5 type vlan id 5
ip link set h0 name other0
ip link del other0
ip link del hbr
"""


def by_hand():
    before = failed
    for command in HAND.strip().splitlines():
        run(command)
        compare(command)
    tap(failed == before, "what others do by hand is told")


def manager():
    """Its own properties, and those that are opinions."""
    before = failed
    run("ip link add m0 type dummy")
    plain = {"interfaces": ({"name": '"m0"', "mtu": "1400"}, {"name": '"m1"', "kind": '"bridge"'})}
    apply(plain)
    compare("a configuration")
    apply({"daemon": {"on_drift": '"report"'}, **plain})
    run("ip link set m0 mtu 1300")
    compare("drift that stays")
    call(NAME + ".Manager", "Hold", "st", "m0", dbus.UInt64(60))
    compare("a hold")
    call(NAME + ".Manager", "Release", "s", "m0")
    compare("no hold")
    apply({"interfaces": ({"name": '"m0"', "mtuu": "1400"},)})
    compare("an invalid configuration")
    apply({"interfaces": ({"name": '"m0"', "foreign": '"remove"', "on_drift": '"report"',
                           "units": ['"x.service"']},)})
    compare("policies")
    apply({"interfaces": ({"name": '"m0"', "foreign": '"keep"', "on_drift": '"repair"'},)})
    compare("other policies")
    with open("/etc/netctld/10-test.conf", "w") as f:
        f.write('interfaces = ( { name = "m0"; mtu = 1450; } );\n')
    call(NAME + ".Manager", "Apply", "a{sv}", {"confirm": dbus.UInt32(60)})
    compare("a change that waits")
    call(NAME + ".Manager", "Confirm", "t", dbus.UInt64(0))
    compare("which is confirmed")
    for number_of, word in ("1", "true"), ("2", "false"):
        apply({"interfaces": ({"name": '"m0"', "ipv6": {"use_tempaddr": number_of},
                               "ipv4": {"promote_secondaries": word}},)})
        compare("settings that the kernel does not tell")
    apply({"interfaces": ({"name": '"m0"', "kind": '"bridge"'},)})
    compare("another kind than is there")
    run("ip link del m0")
    compare("which is made")
    tap(failed == before, "what the daemon thinks is told")


for receive, signal, interface in ((on_added, "InterfacesAdded", OBJECTS),
                                   (on_removed, "InterfacesRemoved", OBJECTS)):
    bus.add_signal_receiver(receive, signal, interface, NAME)
bus.add_signal_receiver(on_changed, "PropertiesChanged", PROPERTIES, NAME, path_keyword="path")
copy.update(read())
by_hand()
manager()
for example in sorted(glob.glob(top + "/src/features/*/example.conf")):
    test_feature(os.path.dirname(example))
for interface in sorted({i for i, _ in emits}):
    mine = {(i, p) for i, p in emits if i == interface}
    if not mine & (changed | added) and interface != NAME + ".Manager":
        print("ok # SKIP %s: nothing has it here" % interface)
        continue
    # What is given when an interface is made changes with the object.
    missing = sorted(p for i, p in mine - changed - added)
    tap(not missing, "every property of %s that promises to emit has" % interface, *missing)
    only = sorted(p for i, p in mine - changed if (i, p) in added)
    if only:
        print("# only with the object: " + " ".join(only))
tap(not changed & quiet, "what promises not to has not", *map(str, changed & quiet))
print("1..%d" % number)
sys.exit(failed > 0)
