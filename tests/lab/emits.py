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

copy, changed, added, here = {}, set(), set(), set()


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
    here.update((i, p) for interfaces in now.values() for i, properties in interfaces.items() for p in properties)
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


# What only devices with drivers have: each in two ways, by the configuration and by hand.
IN_LAB = "bash -c '. $LAB_REPO/tests/lab/lib.sh; tap_finished=1; lab_cages=/sys/kernel/debug/sfpsim; %s'"
DEVICES = [
    ("eth1", "ethernet", """rings = { rx = 512; rx_mini = 64; rx_jumbo = 128; tx = 1024; }; channels = { combined = 2; };
        coalesce = { rx_usecs = 50; rx_frames = 8; rx_usecs_irq = 1; rx_frames_irq = 2; tx_usecs = 25; tx_frames = 9;
            tx_usecs_irq = 3; tx_frames_irq = 4; stats_block_usecs = 5; adaptive_rx = true; adaptive_tx = true;
            pkt_rate_low = 10; rx_usecs_low = 11; rx_frames_low = 12; tx_usecs_low = 13; tx_frames_low = 14;
            pkt_rate_high = 20; rx_usecs_high = 21; rx_frames_high = 22; tx_usecs_high = 23; tx_frames_high = 24;
            sample_interval = 6; };
        pause = { rx = true; tx = true; }; features = { rx-gro = false; };""",
             """rings = { rx = 256; rx_mini = 32; rx_jumbo = 64; tx = 512; }; channels = { combined = 1; };
        coalesce = { rx_usecs = 51; rx_frames = 7; rx_usecs_irq = 2; rx_frames_irq = 3; tx_usecs = 26; tx_frames = 8;
            tx_usecs_irq = 4; tx_frames_irq = 5; stats_block_usecs = 6; adaptive_rx = false; adaptive_tx = false;
            pkt_rate_low = 11; rx_usecs_low = 12; rx_frames_low = 13; tx_usecs_low = 14; tx_frames_low = 15;
            pkt_rate_high = 21; rx_usecs_high = 22; rx_frames_high = 23; tx_usecs_high = 24; tx_frames_high = 25;
            sample_interval = 7; };
        pause = { rx = false; tx = false; }; features = { rx-gro = true; };""",
             ("ethtool -G eth1 rx 100", "ethtool -A eth1 rx on", "ethtool -C eth1 rx-usecs 7",
              "ethtool -K eth1 gro off", "ethtool -L eth1 combined 2")),
    ("ethsim0", "ethernet", """mdix = "on";
        wol = { modes = [ "phy", "magicsecure" ]; password = "00:11:22:33:44:55"; };
        debug = { messages = [ "probe", "hw" ]; }; private_flags = { enabled = [ "fast", "loop back" ]; };
        rss = { function = "xor"; table = [ 1, 0 ]; key = "@AB"; };
        phy = { downshift = 5; fast_link_down = 20; energy_detect = 1000; };
        timestamps = { tx = "on"; rx = "ptpv2-event"; }; module = { power_mode_policy = "auto"; };
        mm = { pmac_enabled = true; tx_enabled = true; verify_enabled = true; verify_time = 50; tx_min_frag_size = 124; };
        plca = { enabled = true; node_id = 3; node_count = 12; to_timer = 40; burst_count = 2; burst_timer = 99; };
        eee = { enabled = true; tx_lpi = true; tx_lpi_timer = 77; advertise = [ "1000baseT/Full", "2500baseT/Full" ]; };
        rings = { rx_buf_len = 4096; cqe_size = 128; tx_push = true; rx_push = true; tx_push_buf_len = 64; };
        channels = { rx = 2; tx = 3; other = 2; combined = 2; };
        coalesce = { cqe_mode_rx = true; cqe_mode_tx = true; tx_aggr_max_bytes = 1000; tx_aggr_max_frames = 5;
            tx_aggr_time_usecs = 300; };
        pse = { poe = "enable"; limit = 15400; };""", """mdix = "off";
        wol = { modes = [ "magic" ]; };
        debug = { messages = [ "link" ]; }; private_flags = { enabled = [ "fast" ]; };
        rss = { function = "toeplitz"; table = [ 0, 1 ]; key = "@BA"; };
        phy = { downshift = 4; fast_link_down = 10; energy_detect = 2000; };
        timestamps = { tx = "off"; rx = "all"; }; module = { power_mode_policy = "high"; };
        mm = { pmac_enabled = true; tx_enabled = false; verify_enabled = false; verify_time = 40; tx_min_frag_size = 60; };
        plca = { enabled = false; node_id = 4; node_count = 13; to_timer = 41; burst_count = 3; burst_timer = 98; };
        eee = { enabled = false; tx_lpi = false; tx_lpi_timer = 78; advertise = [ "1000baseT/Full" ]; };
        rings = { rx_buf_len = 2048; cqe_size = 64; tx_push = false; rx_push = false; tx_push_buf_len = 32; };
        channels = { rx = 1; tx = 2; other = 1; combined = 1; };
        coalesce = { cqe_mode_rx = false; cqe_mode_tx = false; tx_aggr_max_bytes = 1001; tx_aggr_max_frames = 6;
            tx_aggr_time_usecs = 301; };
        pse = { poe = "disable"; limit = 10000; };""",
                ("ethtool -s ethsim0 wol g", "ethtool -s ethsim0 msglvl link on",
                 "ethtool --set-priv-flags ethsim0 legacy-rx on", "ethtool --set-module ethsim0 power-mode-policy high",
                 "ethtool -s ethsim0 mdix off", "ethtool --set-eee ethsim0 tx-timer 55", "ethtool -X ethsim0 hfunc toeplitz")),
    ("x0", "xdp", """program = "filter"; filter = { default = "pass"; malformed = "drop";
            rules = ( { src = "198.51.100.7"; action = "drop"; } ); };""",
           """program = "filter"; filter = { default = "drop"; malformed = "pass";
            rules = ( { ethertype = "arp"; action = "pass"; } ); };""", ()),
    ("x1", "xdp", """program = "sample"; mode = "generic"; on_unsupported = "skip"; sample = { every = 100; length = 64; };""",
           """program = "sample"; mode = "native"; on_unsupported = "fail"; sample = { every = 99; length = 65; };""", ()),
    ("x2", "xdp", """program = "forward"; forward = { to = [ "x0" ]; };""", """program = "forward"; forward = { to = [ "x1" ]; };""",
           ()),
    ("x3", "xdp", """program = "cpumap"; cpumap = { cpus = [ 0 ]; };""", """program = "stats";""", ()),
    ("sfp0", "sfp", """interval = "2s"; require = { vendor = "ACME*"; wavelength = 850; max_power = 1.0; action = "warn"; };
            thresholds = { rx_power_low_warning = "-9.5dBm"; temperature_high_warning = 70.0; };""",
             """interval = "1s"; require = { vendor = "ACNE*"; wavelength = 1310; max_power = 1.5; action = "warn"; };
            thresholds = { rx_power_low_warning = "-8.5dBm"; temperature_high_warning = 10.0; };""",
             (IN_LAB % "lab_insert 0 10gbase-sr D", IN_LAB % "lab_insert 0 dac-passive C", IN_LAB % "lab_pull 0")),
    ("eth1", "ethernet", "fec = { encoding = [ \"rs\" ]; };", "fec = { encoding = [ \"baser\" ]; };",
     ("ethtool --set-fec eth1 encoding off", "ethtool --set-fec eth1 encoding auto")),
    ("ethsim0", "dcb", """trust = [ "dscp", "pcp" ]; default_prio = [ 1 ]; dscp_prio = [ "EF:5" ]; pcp_prio = [ "3nd:3" ];
            ethtype_prio = [ "0x88f7:7" ]; dgram_port_prio = [ "319:7" ]; port_prio = [ "22:4" ];
            pfc = [ 3, 4 ]; pfc_delay = 4096; prio_buffer = [ 0, 0, 0, 1, 0, 0, 0, 2 ];
            buffer_size = [ 65536, 131072, 32768, 0, 0, 0, 0, 0 ]; prio_tc = [ 0, 0, 0, 1, 0, 2, 2, 2 ];
            tc_bw = [ 60, 40, 0, 0, 0, 0, 0, 0 ];
            tc_tsa = [ "ets", "ets", "strict", "strict", "strict", "strict", "strict", "strict" ]; ets_willing = true;""",
     """trust = [ "pcp" ]; default_prio = [ 2 ]; dscp_prio = [ "EF:4" ]; pcp_prio = [ "3nd:4" ];
            ethtype_prio = [ "0x88f7:6" ]; dgram_port_prio = [ "319:6" ]; port_prio = [ "22:3" ];
            pfc = [ 3 ]; pfc_delay = 4095; prio_buffer = [ 0, 0, 0, 2, 0, 0, 0, 1 ];
            buffer_size = [ 65536, 32768, 131072, 0, 0, 0, 0, 0 ]; prio_tc = [ 0, 0, 0, 2, 0, 1, 1, 1 ];
            tc_bw = [ 50, 50, 0, 0, 0, 0, 0, 0 ];
            tc_tsa = [ "ets", "ets", "ets", "strict", "strict", "strict", "strict", "strict" ]; ets_willing = false;""",
     ("dcb app add dev ethsim0 dscp-prio 12:1", "dcb pfc set dev ethsim0 prio-pfc 3:off")),
    ("eth0", "dsa", "tagging = \"dsa\";", "tagging = \"edsa\";", ("rmmod ebsim", IN_LAB % "lab_espressobin lights=4")),
    ("eth0", "devlink", "atu_hash = 1;", "atu_hash = 2;",
     ("devlink dev param set mdio_bus/ebsim:01 name ATU_hash value 3 cmode runtime",)),
    ("lan0", "ethernet", "autoneg = true;", "autoneg = false; speed = 100; duplex = \"full\";",
     ("ip link set eth0 up && ip link set lan0 up", IN_LAB % "lab_fault lan0 1112 1234", "netctl test-cable lan0 || [ $? = 1 ]",
      IN_LAB % "lab_fault lan0 3441 500", "netctl test-cable lan0 || [ $? = 1 ]")),
    ("tsn0", "tsn", "wait_clock = \"no\"; phc_limit = \"2ms\"; ptp_priority = 1;",
     "wait_clock = \"set\"; phc_limit = \"3ms\"; ptp_priority = 0;", ("ip link set tsn0 down", "ip link set tsn0 up"),
     {"qdisc": """{ kind = "taprio"; handle = "1:"; num_tc = 2; map = [ 0, 1 ]; queues = [ "1@0", "1@1" ]; clock = "TAI";
        base_time = "0"; schedule = ( { gates = 0x1; interval = "30ms"; }, { gates = 0x2; interval = "70ms"; } ); }"""}),
]
DEVICES += [("wan", "led%d" % n, """link = true; tx = true; rx = true; half_duplex = true; full_duplex = true;
        tx_err = true; rx_err = true; interval = 100;""", "link_10 = true; link_100 = true; link_1000 = true; interval = 60;",
             ()) for n in range(4)]


def devices():
    run("modprobe netdevsim && echo '1 2 4' >/sys/bus/netdevsim/new_device")
    run("insmod $LAB_MODULES/ethsim.ko")
    run("insmod $LAB_MODULES/sfpsim.ko cages=2 qsfps=0")
    run(IN_LAB % "lab_espressobin lights=4")
    run("ip link add tsn0 numtxqueues 4 type veth peer name tsn0-far && ip link set tsn0-far up && ip link set tsn0 up")
    run("ip link add x0 type veth peer name x1 && ip link add x2 type veth peer name x3 && "
        "for n in 0 1 2 3; do ethtool -K x$n gro on rxvlan off rx-vlan-stag-hw-parse off; ip link set x$n up; done")
    for device in DEVICES:
        test_device(*device)


def test_device(name, group, one, other, by_hand_too, beside=None):
    what = "%s, %s" % (name, group)
    one, other = (t.replace("@AB", ":".join(["ab"] * 40)).replace("@BA", ":".join(["ba"] * 40)) for t in (one, other))
    end = time.monotonic() + 30
    while not os.path.exists("/sys/class/net/" + name) and time.monotonic() < end:
        time.sleep(.05)
    before = failed
    for settings in (one, other, one):
        error = apply({"daemon": {"on_drift": '"report"'},
                       "interfaces": ({"name": '"%s"' % name, group: "{ %s }" % settings, **(beside or {})},)})
        compare("settings of " + what)
        if error:
            tap(False, "%s takes them" % what, str(error).replace("\n", " "))
    for command in by_hand_too:
        run(command)
        compare(command)
    error = apply({"interfaces": ()})
    compare("no configuration of " + what)
    if error:
        tap(False, "%s gets back what it had" % what, str(error).replace("\n", " "))
    tap(failed == before, "what becomes of a device's settings is told: " + what)


for receive, signal, interface in ((on_added, "InterfacesAdded", OBJECTS),
                                   (on_removed, "InterfacesRemoved", OBJECTS)):
    bus.add_signal_receiver(receive, signal, interface, NAME)
bus.add_signal_receiver(on_changed, "PropertiesChanged", PROPERTIES, NAME, path_keyword="path")
copy.update(read())
by_hand()
manager()
for example in sorted(glob.glob(top + "/src/features/*/example.conf")):
    test_feature(os.path.dirname(example))
devices()
for interface in sorted({i for i, _ in emits}):
    mine = {(i, p) for i, p in emits if i == interface}
    here_too = interface == NAME + ".Manager" or mine & (changed | added)
    tap(here_too, "something has %s" % interface)
    # What is given when an interface is made changes with the object.
    missing = sorted(p for i, p in mine & here - changed - added)
    tap(not missing, "every property of %s that promises to emit has" % interface, *missing)
    if mine - here:
        print("# what nothing has here: " + " ".join(sorted(p for i, p in mine - here)))
    only = sorted(p for i, p in mine - changed if (i, p) in added)
    if only:
        print("# only with the object: " + " ".join(only))
tap(not changed & quiet, "what promises not to has not", *map(str, changed & quiet))
print("1..%d" % number)
sys.exit(failed > 0)
