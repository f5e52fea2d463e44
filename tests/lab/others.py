#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What other hands do to a machine, at random, and whether the daemon's state stays true.

  others.py SEED ROUNDS

A round: a handful of commands of ip, bridge, tc, ethtool and sysctl, one after the other or many at
once; then what the daemon shows, which it knows from notifications, must be what a daemon shows that
has just been started, and has read everything. The commands are printed where it is not. Those that
the kernel refuses are part of it.
"""
import json, os, random, signal, subprocess, sys, time

seed, rounds = int(sys.argv[1]), int(sys.argv[2])
r = random.Random(seed)
START = os.environ["DAEMON_START"]  # a command that starts the daemon in the background

DSA, DUMMIES, SIM = ["wan", "lan0", "lan1"], ["d0", "d1", "d2"], ["eth1", "eth2"]
NICS = DSA + DUMMIES + ["v0", "v1"] + SIM
BRIDGES = ["br0", "br9"]
OTHERS = ["v.5", "v.6", "m0", "bond9", "vrf9"]
ALL = NICS + BRIDGES + OTHERS


def one(*of):
    return r.choice(of)


def vid():
    return one("1", "7", "10", "20-24", "4094")


def v4():
    return "10.%d.%d.%d/%d" % (r.randrange(3), r.randrange(2), r.randrange(1, 4), one(24, 25, 16, 32))


def v6():
    return "2001:db8:%d::%d/%d" % (r.randrange(3), r.randrange(1, 4), one(64, 112, 128))


def mac():
    return "02:00:00:00:%02x:%02x" % (r.randrange(4), r.randrange(256))


def onoff():
    return one("on", "off")


BRIDGE = [
    lambda: "vlan_filtering %d" % one(0, 1), lambda: "vlan_default_pvid %d" % one(0, 1, 7, 10),
    lambda: "stp_state %d" % one(0, 0, 1), lambda: "priority %d" % one(4096, 32768),
    lambda: "forward_delay %d" % one(200, 1500), lambda: "ageing_time %d" % one(3000, 30000),
    lambda: "mcast_snooping %d" % one(0, 1), lambda: "mcast_querier %d" % one(0, 1),
    lambda: "vlan_stats_enabled %d" % one(0, 1), lambda: "vlan_protocol %s" % one("802.1q", "802.1ad"),
    lambda: "group_fwd_mask %d" % one(0, 8),
]
SYSCTL = [
    ("ipv4", "forwarding", "01"), ("ipv4", "rp_filter", "012"), ("ipv4", "proxy_arp", "01"),
    ("ipv4", "accept_redirects", "01"), ("ipv4", "send_redirects", "01"), ("ipv4", "log_martians", "01"),
    ("ipv4", "arp_ignore", "012"), ("ipv4", "promote_secondaries", "01"), ("ipv6", "disable_ipv6", "01"),
    ("ipv6", "forwarding", "01"), ("ipv6", "accept_ra", "012"), ("ipv6", "autoconf", "01"),
    ("ipv6", "proxy_ndp", "01"), ("ipv6", "dad_transmits", "01"), ("ipv6", "use_tempaddr", "02"),
    ("ipv6", "keep_addr_on_down", "01"),
]
QDISC = ["pfifo limit 100", "fq_codel", "prio bands 4", "tbf rate 10mbit burst 10k latency 50ms", "mq", "netem delay 1ms",
         "htb default 1", "cake bandwidth 10mbit", "ets bands 3", "red limit 60000 avpkt 1000",
         "mqprio num_tc 2 map 0 1 queues 1@0 1@1 hw 0"]
SETTINGS = [
    lambda d: "ethtool -K %s gro %s" % (d, onoff()), lambda d: "ethtool -K %s tso %s" % (d, onoff()),
    lambda d: "ethtool -K %s rx-vlan-filter %s" % (d, onoff()), lambda d: "ethtool -C %s rx-usecs %d" % (d, one(10, 20)),
    lambda d: "ethtool -A %s autoneg off rx %s tx %s" % (d, onoff(), onoff()),
    lambda d: "ethtool -G %s rx %d" % (d, one(64, 128)), lambda d: "ethtool -s %s speed 100 duplex full autoneg off" % d,
    lambda d: "ethtool -s %s autoneg on" % d, lambda d: "ethtool --set-eee %s eee %s" % (d, onoff()),
    lambda d: "ethtool -L %s combined %d" % (d, one(1, 2)), lambda d: "ethtool --set-fec %s encoding %s" % (d, one("rs", "off", "auto")),
]

ACTS = [
    (6, lambda: "ip link set %s %s" % (one(*ALL), one("up", "up", "down"))),
    (2, lambda: "ip link set %s mtu %d" % (one(*ALL), one(1280, 1400, 1500, 2000, 9000))),
    (2, lambda: "ip link set %s address %s" % (one(*ALL), mac())),
    (1, lambda: "ip link set %s alias '%s'" % (one(*ALL), one("", "x", "to the attic"))),
    (1, lambda: "ip link set %s txqueuelen %d" % (one(*ALL), one(100, 1000))),
    (5, lambda: "ip link set %s master %s" % (one(*NICS, "v.5"), one(*BRIDGES, "bond9", "vrf9"))),
    (3, lambda: "ip link set %s nomaster" % one(*NICS, "v.5")),
    (1, lambda: rename(one(*DUMMIES, "v0", "br9", "v.5"))),
    (1, lambda: move(one(*DUMMIES, "v0"))),
    (3, lambda: "ip link add %s type dummy" % one(*DUMMIES)),
    (1, lambda: "ip link add v0 type veth peer name v1"),
    (2, lambda: "ip link add link %s name %s type vlan id %d" % (one(*NICS, *BRIDGES), one("v.5", "v.6"), one(5, 6))),
    (1, lambda: "ip link add link %s name m0 type macvlan" % one(*NICS)),
    (2, lambda: "ip link add %s type bridge vlan_filtering %d" % (one(*BRIDGES), one(0, 1))),
    (1, lambda: "ip link add bond9 type bond mode active-backup"),
    (1, lambda: "ip link add vrf9 type vrf table 99"),
    (2, lambda: "ip link del %s" % one(*DUMMIES, "v0", "br9", *OTHERS)),
    (6, lambda: "ip link set %s type bridge %s" % (one(*BRIDGES), one(*BRIDGE)())),
    (4, lambda: "bridge link set dev %s %s %s" % (one(*NICS), one("isolated", "learning", "flood", "hairpin", "guard",
                                                            "mcast_flood", "bcast_flood", "root_block", "neigh_suppress"), onoff())),
    (1, lambda: "bridge link set dev %s cost %d priority %d" % (one(*NICS), one(10, 100), one(8, 32))),
    (5, lambda: "bridge vlan add dev %s vid %s %s" % (one(*NICS), vid(), one("", "untagged", "pvid untagged"))),
    (3, lambda: "bridge vlan del dev %s vid %s" % (one(*NICS), vid())),
    (2, lambda: "bridge vlan %s dev %s vid %s self" % (one("add", "del"), one(*BRIDGES), vid())),
    (6, lambda: "ip addr add %s dev %s" % (one(v4, v6)(), one(*ALL))),
    (4, lambda: "ip addr del %s dev %s" % (one(v4, v6)(), one(*ALL))),
    (1, lambda: "ip addr flush dev %s scope global" % one(*ALL)),
    (4, lambda: "ip route %s 172.16.%d.0/24 via 10.%d.0.%d metric %d" % (one("add", "replace", "del"), r.randrange(3), r.randrange(3),
                                                                        r.randrange(1, 9), one(0, 5))),
    (3, lambda: "ip route %s 2001:db8:f%d::/48 dev %s metric %d" % (one("add", "replace", "del"), r.randrange(3), one(*ALL), one(5, 1024))),
    (2, lambda: "ip route %s 172.17.0.0/16 dev %s table 100" % (one("add", "del"), one(*ALL))),
    (1, lambda: "ip route add blackhole 172.18.0.0/16"),
    (5, lambda: "sysctl -qw %s" % sysctl_of(one(*SYSCTL))),
    (3, lambda: "tc qdisc replace dev %s root handle %d: %s" % (one(*NICS), one(1, 2), one(*QDISC))),
    (1, lambda: "tc qdisc del dev %s root" % one(*NICS)),
    (1, lambda: "tc qdisc add dev %s clsact" % one(*NICS)),
    (1, lambda: "tc qdisc del dev %s clsact" % one(*NICS)),
    (1, lambda: "tc filter add dev %s ingress pref %d protocol ip flower ip_proto %s action drop" % (one(*NICS), one(1, 2), one("tcp", "udp"))),
    (1, lambda: "tc filter del dev %s ingress" % one(*NICS)),
    (1, lambda: "tc class add dev %s parent 1: classid 1:%d htb rate 1mbit" % (one(*NICS), one(1, 2))),
    (3, lambda: one(*SETTINGS)(one(*DSA, *SIM, "v0"))),
    (1, lambda: "echo %d >/sys/kernel/debug/ebsim/%s/cable" % (one(0, 1), one(*DSA))),
    (1, lambda: "echo %d >/sys/kernel/debug/ebsim/%s/partner" % (one(100, 1000), one(*DSA))),
]


def rename(d):
    return "ip link set %s down; ip link set %s name zz; ip link set zz name %s" % (d, d, one(d, *DUMMIES))


def move(d):
    return "ip link set %s netns street; ip -n street link set %s netns 1" % (d, d)


def sysctl_of(s):
    return "net.%s.conf.%s.%s=%s" % (s[0], one(*ALL, "all", "default").replace(".", "/"), s[1], r.choice(s[2]))


def run(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True)


def start():
    subprocess.run(START, shell=True, check=True)


def kill():
    pid = int(run("busctl --json=short call org.freedesktop.DBus / org.freedesktop.DBus GetConnectionUnixProcessID s"
                  " org.netctl1 | jq .data[0]").stdout)
    os.kill(pid, signal.SIGKILL)
    while os.path.exists("/proc/%d" % pid):
        time.sleep(0.01)


# What a daemon that has just been started cannot know, or what changes by itself.
LEFT = {"drift", "carrier_changes", "duration", "since", "last", "next", "changed", "reason"}


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in LEFT}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=json.dumps)
    return value


def shown():
    """Everything, when nothing has changed for longer than the kernel may take to tell of a carrier (linkwatch, 1 s)."""
    last, since, end = None, 0, time.time() + 120
    while time.time() < end:
        text = run("netctl --json status --all").stdout
        now = {"interfaces": [], **(json.loads(text) if text else {})}
        state = {i["name"]: plain(i) for i in now["interfaces"]}
        busy = now.get("state") not in ("steady", "degraded") or any(i["state"]["management"] == "drifted" for i in now["interfaces"])
        if state != last or busy:
            last, since = state, time.time()
        elif time.time() > since + 1.2:
            return state
        time.sleep(0.1)
    moving = [i["name"] + ": " + json.dumps(i["state"]) for i in now["interfaces"]
              if i["state"]["management"] not in ("ok", "foreign")]
    sys.exit("no steady state: %s; after:\n%s\n%s" % (now.get("state"), "\n".join(acts), "\n".join(moving)))


def flat(value, at=""):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from flat(v, "%s.%s" % (at, k))
    else:
        yield at, json.dumps(value)


# Of a link that is down the kernel tells this only, on RTNLGRP_LINK (netdev_state_change()).
DOWN = {"name", "kind", "up", "mtu", "address", "master", "addresses", "routes", "ipv4", "ipv6"}
# Of what is written below /proc/sys/net it tells this (inet_netconf_notify_devconf() and the like).
SYSCTLS = {"forwarding", "rp_filter", "proxy_arp", "proxy_ndp"}


def known(name, states):
    """What the kernel tells of an interface, in its state."""
    i = {k: v for k, v in states[name].items() if v != []}
    up = [i.get("up", True), states.get(i.get("master"), {}).get("up", True)]
    if not all(up):
        i = {k: v for k, v in i.items() if k in DOWN}
    if i.get("kind") in ("bridge", "vlan"):  # of what they stand on, which may have another by now
        i.get("ethernet", {}).pop("link_speed", None)
    for family in {"ipv4", "ipv6"} & set(i):
        i[family] = {k: v for k, v in i[family].items() if k in SYSCTLS}
    return i


def difference(told, read):
    # What the kernel refuses is tried again by whoever comes new.
    refused = {n for s in (told, read) for n, i in s.items() if i["state"]["management"] == "failed"}
    told, read = ({n: known(n, s) for n in s if n not in refused} for s in (told, read))
    told, read = dict(flat(told)), dict(flat(read))
    return ["%s: told %s, read %s" % (k[1:], told.get(k, "-"), read.get(k, "-")) for k in sorted(set(told) | set(read))
            if told.get(k) != read.get(k)]


weights = [w for w, _ in ACTS]
wrong = 0
run("netctl export >/dev/null")
for n in range(1, rounds + 1):
    acts = [r.choices(ACTS, weights)[0][1]() for _ in range(r.choice((1, 3, 8, 20)))]
    if r.random() < 0.3:
        run(" & ".join("{ %s; }" % a for a in acts) + "; wait")
    else:
        run("\n".join(acts))
    before = shown()
    kill()
    start()
    run("netctl export >/dev/null")  # reads also what nobody has configured
    after = shown()
    lines = difference(before, after)
    if lines:
        wrong += 1
        print("# round %d of seed %d:" % (n, seed))
        print("\n".join("#   " + a for a in acts))
        print("\n".join("# " + l for l in lines[:20]))
print("# %d rounds, %d wrong" % (rounds, wrong))
sys.exit(bool(wrong))
