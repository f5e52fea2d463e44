#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Property test: random pairs of configurations A, B on a kernel of its own.

  1. apply A; a second run asks nothing of the kernel
  2. apply B over A; a second run asks nothing
  3. the result is what B gives in a fresh namespace
  4. apply nothing: everything is as it was at the start

Run in the lab:  tests/lab/run --stage DIR --timeout 900 property.py -- SEED COUNT [once|live|both] [SECONDS]
Failures are shrunk and printed with the two configurations.
"""
import ctypes, json, os, random, shutil, subprocess, sys, tempfile, time, copy, signal

NETCTLD = os.environ.get("NETCTLD", "netctld")
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
# Failures that are known, not looked for: vlan-reset sysctl-reset primary v6-source kind down entry-reset veth cost
# protinfo (comma between); each says at its place what it leaves out.
IGNORE = os.environ.get("IGNORE", "").split(",")
ROOT = tempfile.mkdtemp()


def new_ns():
    if libc.unshare(CLONE_NEWNET) < 0:
        raise OSError("unshare")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET) < 0:
        raise OSError("setns")


def run(*cmd, input=None, check=True):
    p = subprocess.run(cmd, input=input, capture_output=True, text=True)
    if check and p.returncode:
        raise RuntimeError("%s: %s" % (cmd, p.stderr))
    return p.stdout


NICS = ["d0", "d1", "d2", "d3"]


def base():
    """A fresh namespace: four NICs, of which d3 is up with another's address and route."""
    fd = new_ns()
    for f, v in (("ipv6/conf/default/addr_gen_mode", 1), ("ipv6/conf/default/accept_dad", 0),
                 ("ipv6/conf/all/accept_dad", 0), ("ipv6/conf/default/router_solicitations", 0)):
        with open("/proc/sys/net/" + f, "w") as w:
            w.write(str(v))
    lines = ["link set lo up"]
    for n, d in enumerate(NICS):
        lines.append("link add %s address 02:00:00:00:00:0%d type dummy" % (d, n + 1))
    lines += ["link set d3 up", "address add 172.31.0.1/24 brd + dev d3", "address add 2001:db8:f::1/64 dev d3",
              "route add 172.30.0.0/16 via 172.31.0.9 dev d3 proto static",
              "route add 2001:db8:ff::/48 via 2001:db8:f::9 dev d3 proto static"]
    run("ip", "-batch", "-", input="\n".join(lines) + "\n")
    return fd


# --- what is there ---

PORT_KEYS = ("isolated", "learning", "priority", "cost", "flood", "hairpin", "guard")
BRIDGE_KEYS = ("vlan_filtering", "vlan_default_pvid", "stp_state", "ageing_time", "vlan_protocol", "priority",
               "mcast_querier", "forward_delay")


def snapshot(fd, conf=()):
    enter(fd)
    mtu_of = {e["name"] for e in conf if "mtu" in e} | set(NICS)
    s = {}
    for l in json.loads(run("ip", "-d", "-j", "addr", "show")):
        n = l["ifname"]
        if n == "lo":
            continue
        info = l.get("linkinfo", {})
        s[n + ".up"] = "UP" in l["flags"]
        s[n + ".kind"] = info.get("info_kind")
        s[n + ".master"] = l.get("master")
        s[n + ".alias"] = l.get("ifalias")
        if n in mtu_of:
            s[n + ".mtu"] = l["mtu"]
        if n in NICS:
            s[n + ".mac"] = l["address"]
        d = info.get("info_data", {})
        if info.get("info_kind") == "vlan":
            s[n + ".vlan"] = (l.get("link"), d.get("id"), d.get("protocol"))
        if info.get("info_kind") == "bridge":
            for k in BRIDGE_KEYS:
                s[n + ".bridge." + k] = d.get(k)
        for k in PORT_KEYS:
            if k in info.get("info_slave_data", {}):
                s[n + ".port." + k] = info["info_slave_data"][k]
        for a in l.get("addr_info", []):
            if a.get("protocol") == "kernel_ll" or a.get("local", "").startswith("fe80"):
                continue
            s["%s.addr.%s/%s" % (n, a.get("local"), a["prefixlen"])] = (
                a.get("address"), a.get("broadcast"), a.get("label") if a["family"] == "inet" else None,
                a.get("scope"), a.get("metric"), a.get("protocol"))
        for f in ("ipv4/conf/%s/forwarding", "ipv4/conf/%s/rp_filter", "ipv6/conf/%s/disable_ipv6",
                  "ipv6/conf/%s/forwarding"):
            try:
                with open("/proc/sys/net/" + f % n) as r:
                    s["sysctl." + f % n] = r.read().strip()
            except OSError:
                s["sysctl." + f % n] = None
    for fam in ("-4", "-6"):
        for r in json.loads(run("ip", "-d", "-j", fam, "route", "show", "table", "all") or "[]"):
            if r.get("table") == "local" or r["dst"].startswith(("fe80", "ff00")) or r.get("type") != "unicast":
                continue
            key = "route%s.%s.%s.%s.%s" % (fam, r.get("table", "main"), r["dst"], r.get("metric", 0), r.get("dev"))
            # Which of two addresses is primary depends on the order; see the addresses.
            src = r.get("prefsrc") if r.get("protocol") != "kernel" else None
            while key in s:
                key += "'"
            s[key] = (r.get("gateway"), r.get("protocol"), r.get("scope"), src,
                      sorted(x for x in r.get("flags", []) if x == "onlink"))
    for p in json.loads(run("bridge", "-j", "vlan", "show") or "[]"):
        s[p["ifname"] + ".vlans"] = sorted((v["vlan"], v.get("vlanEnd", v["vlan"]), *sorted(v.get("flags", [])))
                                           for v in p["vlans"])
    return s


def difference(a, b):
    return ["%s: %s | %s" % (k, a.get(k, "-"), b.get(k, "-")) for k in sorted(set(a) | set(b))
            if a.get(k, "-") != b.get(k, "-")]


# --- random configurations ---

V4 = ["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.1/25", "10.0.0.2/16", "10.0.1.1/24", "10.0.1.2/24"]
if "primary" in IGNORE:  # the first address of a subnet takes the others with it
    V4 = ["10.0.0.1/24", "10.0.0.1/25", "10.0.1.1/24", "10.0.2.1/24", "10.0.3.1/16"][:4]
V6 = ["2001:db8:1::1/64", "2001:db8:1::2/64", "2001:db8:1::1/112", "2001:db8:2::1/64"]


def maybe(r, p):
    return r.random() < p


def vlans(r):
    pool = [1, 5, 6, 7, 8, 9, 10, 4094]
    r.shuffle(pool)
    n = r.randrange(0, 4)
    unt = pool[:n]
    tag = pool[n:n + r.randrange(0, 4)]
    v = {}
    members = unt + tag
    if maybe(r, .7) and members:
        v["pvid"] = r.choice(members)
    elif maybe(r, .2):
        v["pvid"] = 0
    if maybe(r, .9):
        v["untagged"] = sorted(unt)
    elif v.get("pvid") in unt:
        v.pop("pvid")
    if maybe(r, .9):
        v["tagged"] = sorted(tag)
    elif v.get("pvid") in tag:
        v.pop("pvid")
    return v


def entry(r, name, bridges, lowers, routes):
    e = {"name": name}
    if name.startswith("br"):
        e["kind"] = "bridge"
        # Without one a bridge that lost its last port has 00:00:00:00:00:00, and takes no VLAN.
        e["address"] = "02:00:00:00:02:0" + name[2:]
    elif name.startswith("v"):
        e["kind"] = "vlan"
    elif name.startswith("x"):
        e["kind"] = "dummy"
    elif name == "t0":
        e["kind"] = "veth"
        e["veth"] = {"peer": r.choice(["t1", "t1", "t2"]) if "veth" not in IGNORE else "t1"}
    elif name == "n0":
        e["kind"] = r.choice(["bridge", "dummy", "vlan"]) if "kind" not in IGNORE else "dummy"
    k = e.get("kind")
    if k == "vlan":
        e["vlan"] = {"link": r.choice(lowers), "id": r.choice([5, 6, 7])}
        if maybe(r, .1):
            e["vlan"]["protocol"] = "802.1ad"
    if k == "bridge":
        b = {}
        if maybe(r, .6): b["vlan_filtering"] = maybe(r, .8)
        if maybe(r, .5): b["default_pvid"] = r.choice([0, 0, 1, 5])
        if maybe(r, .2): b["stp"] = maybe(r, .5)
        if maybe(r, .2): b["ageing_time"] = r.choice(["100s", "200s"])
        if maybe(r, .1): b["vlan_protocol"] = "802.1ad"
        if maybe(r, .2): b["priority"] = r.choice([4096, 8192])
        if maybe(r, .1): b["mcast_querier"] = True
        if b: e["bridge"] = b
        if maybe(r, .5): e["port"] = vlans(r)
    elif bridges and maybe(r, .5) and name != "d3":  # joining may take the link down, which loses what others made
        e["master"] = r.choice(bridges)
        p = {}
        if maybe(r, .6): p.update(vlans(r))
        if maybe(r, .2): p["isolated"] = maybe(r, .7)
        if maybe(r, .2): p["learning"] = maybe(r, .3)
        if maybe(r, .2): p["priority"] = r.choice([8, 16, 32])
        if maybe(r, .2) and "cost" not in IGNORE: p["cost"] = r.choice([50, 100])
        if p: e["port"] = p
    if name in NICS and maybe(r, .2): e["mtu"] = r.choice([1400, 2000])
    if k == "vlan" and maybe(r, .2): e["mtu"] = r.choice([1280, 1300])
    if maybe(r, .15) and not ("down" in IGNORE and name in NICS): e["alias"] = r.choice(["a", "b"])
    if name in NICS and maybe(r, .1): e["address"] = "02:00:00:00:01:%02d" % r.randrange(1, 4)
    if maybe(r, .1) and name != "d3" and "down" not in IGNORE: e["up"] = False
    if maybe(r, .15): e["ipv4"] = {r.choice(["forwarding"]): maybe(r, .7)}
    if maybe(r, .1): e.setdefault("ipv4", {})["rp_filter"] = r.choice(["strict", "loose"])
    if maybe(r, .07) and name != "d3" and (k is None or "sysctl-reset" not in IGNORE): e["ipv6"] = {"disable": maybe(r, .7)}
    if "master" not in e:
        a = []
        if maybe(r, .5):
            a = r.sample(V4, r.randrange(1, 4))
            a = list({x.split("/")[0]: x for x in a}.values())
        if maybe(r, .4) and not e.get("ipv6", {}).get("disable"):
            a += list({x.split("/")[0]: x for x in r.sample(V6, r.randrange(1, 3))}.values())
        if a:
            e["addresses"] = a
            if maybe(r, .2) and "entry-reset" not in IGNORE:
                e["addresses"] = [x if maybe(r, .5) else {"address": x, "metric": r.choice([50, 60])} for x in a]
        if a and e.get("up", True):
            rr = []
            for _ in range(r.randrange(0, 4)):
                v6 = maybe(r, .4)
                mine = [x for x in a if (":" in x) == v6]
                if not mine:
                    continue
                src = r.choice(mine).split("/")[0]
                to = r.choice(["::/0", "2001:db8:aa::/48"] if v6 else ["default", "192.0.2.0/24", "198.51.100.0/24"])
                ro = {"to": to}
                if maybe(r, .8):
                    ro["via"] = src.rsplit(":" if v6 else ".", 1)[0] + (":%x" % r.choice([9, 10]) if v6 else ".%d" % r.choice([100, 101]))
                elif to == "default":
                    continue
                if maybe(r, .5): ro["metric"] = r.choice([100, 200])
                if maybe(r, .2): ro["table"] = 100
                if maybe(r, .2) and not (v6 and "v6-source" in IGNORE) and "entry-reset" not in IGNORE: ro["source"] = src
                if "entry-reset" in IGNORE and "via" not in ro:
                    ro["table"] = 101
                key = (to, ro.get("metric"), ro.get("table"))
                if key in routes:
                    continue
                routes.add(key)
                rr.append(ro)
            if rr: e["routes"] = rr
    if "veth" in IGNORE and name == "t1":  # goes with t0: what is to be put back on it fails
        for k in ("alias", "ipv4", "ipv6", "port", "master"):
            e.pop(k, None)
    return e


def configuration(r):
    c, routes = [], set()
    bridges = [b for b, p in (("br0", .7), ("br1", .3)) if maybe(r, p)]
    lowers = NICS + bridges
    for n in bridges:
        c.append(entry(r, n, [], lowers, routes))
    if maybe(r, .4):
        e = entry(r, "n0", bridges, lowers, routes)
        c.append(e)
        lowers = lowers + ["n0"]
    for n in NICS:
        if maybe(r, .6):
            c.append(entry(r, n, bridges, lowers, routes))
    for n in ("v0", "v1", "v2"):
        if maybe(r, .4):
            c.append(entry(r, n, bridges, lowers, routes))
            lowers = lowers + [n]
    if maybe(r, .2): c.append(entry(r, "x0", bridges, lowers, routes))
    if maybe(r, .3):
        t = entry(r, "t0", bridges, lowers, routes)
        c.append(t)
        if maybe(r, .6): c.append(entry(r, t["veth"]["peer"], bridges, lowers, routes))
    # Two VLANs of one number on one link cannot be; nor can a loop.
    seen, ok = set(), []
    for e in c:
        if e.get("kind") == "vlan":
            k = (e["vlan"]["link"], e["vlan"]["id"])
            if k in seen:
                continue
            seen.add(k)
        ok.append(e)
    names = {e["name"] for e in ok} | set(NICS)
    while True:
        bad = [e for e in ok if e.get("vlan") and e["vlan"]["link"] not in names or
               e.get("master") and e["master"] not in names or loops(e, ok)]
        if not bad:
            break
        ok.remove(bad[0])
        names = {e["name"] for e in ok} | set(NICS)
    # A VLAN comes up only on a link that is up.
    for e in list(ok):
        while e.get("vlan"):
            lower = next((x for x in ok if x["name"] == e["vlan"]["link"]), None)
            if not lower:
                lower = {"name": e["vlan"]["link"]}
                ok.append(lower)
            if e.get("up", True):
                lower.pop("up", None)
            e = lower
    # A port that stands on its own bridge, maybe by way of another, cannot be.
    for e in ok:
        x = e
        while e.get("master") and x and x.get("vlan"):
            if x["vlan"]["link"].startswith("br"):
                for k in ("master", "port"):
                    e.pop(k, None)
                break
            x = next((y for y in ok if y["name"] == x["vlan"]["link"]), None)
    r.shuffle(ok)
    return ok


def loops(e, conf):
    by = {x["name"]: x for x in conf}

    def up(n, seen):
        if n in seen:
            return True
        x = by.get(n)
        if not x:
            return False
        return any(up(m, seen | {n}) for m in (x.get("master"), x.get("vlan", {}).get("link")) if m)

    def below(n):  # kernel: an upper of a port's bridge cannot be the port
        return up(n, frozenset())
    return below(e["name"])


def lit(v):
    if isinstance(v, bool): return "true" if v else "false"
    if isinstance(v, int): return str(v)
    if isinstance(v, str): return '"%s"' % v
    if isinstance(v, dict): return "{ " + " ".join("%s = %s;" % (k, lit(x)) for k, x in v.items()) + " }"
    if any(isinstance(x, dict) for x in v): return "( " + ", ".join(map(lit, v)) + " )"
    return "[ " + ", ".join(map(lit, v)) + " ]"


def text(c):
    return "interfaces = (\n  " + ",\n  ".join(lit(e) for e in c) + "\n);\n"


# --- the daemon ---

class Daemon:
    def __init__(self, ns, mode):
        self.ns, self.mode = ns, mode
        self.dir = tempfile.mkdtemp(dir=ROOT)
        self.etc, self.state = self.dir + "/etc", self.dir + "/state"
        os.mkdir(self.etc)
        os.mkdir(self.state)
        self.log = self.dir + "/log"
        self.p = None
        self.seen = 0

    def write(self, c):
        with open(self.etc + "/t.conf.new", "w") as f:
            f.write(text(c))
        os.rename(self.etc + "/t.conf.new", self.etc + "/t.conf")

    def command(self, *more):
        return [NETCTLD, "--no-bus", "-v", "--config-dir=" + self.etc, "--state-dir=" + self.state, *more]

    def once(self):
        enter(self.ns)
        p = subprocess.run(self.command("--once"), capture_output=True, text=True, timeout=20)
        return p.returncode, p.stderr

    def new_log(self):
        with open(self.log) as f:
            return f.read()[self.seen:]

    def wait(self):
        end = time.time() + 60
        while time.time() < end:
            t = self.new_log()
            if "settled; asked" in t or "configuration is invalid" in t:
                # Let late notifications come in.
                time.sleep(0.05)
                t = self.new_log()
                if "configuration is invalid" in t:
                    return 5, t
                bad = "some failed" in t or "undone" in t or "but did not do it" in t
                return (1 if bad else 0), t
            if self.p.poll() is not None:
                return 128, t
            time.sleep(0.01)
        return 99, self.new_log()

    def apply(self, c):
        self.write(c)
        if self.mode == "once":
            return self.once()
        enter(self.ns)
        if not self.p:
            self.p = subprocess.Popen(self.command(), stderr=open(self.log, "w"), stdout=subprocess.DEVNULL)
        else:
            self.seen = os.path.getsize(self.log)
            self.p.send_signal(signal.SIGHUP)
        return self.wait()

    def again(self):
        """What another run would do, with the same record."""
        r, log = self.once()
        n = [l for l in log.splitlines() if l.startswith("settled; asked")]
        n = int(n[-1].split(": ")[1].split()[0]) if n else -1
        return r, n, log

    def stop(self):
        if self.p:
            self.p.kill()
            self.p.wait()
        shutil.rmtree(self.dir)


def quiet(log):
    return "\n".join(l for l in log.splitlines() if not l.startswith(("netlink group",)))[-1800:]


def news(diff, B):
    """Without what is known."""
    if "sysctl-reset" in IGNORE:  # of what we made: conf/default is not known
        named = {e["name"] for e in B if "ipv4" in e or "ipv6" in e}
        diff = [x for x in diff if not x.startswith("sysctl.") or x.split("/")[2] in NICS or x.split("/")[2] in named]
    if "vlan-reset" in IGNORE:
        exact = {e["name"] for e in B if {"pvid", "untagged", "tagged"} & set(e.get("port", {}))}
        diff = [x for x in diff if ".vlans:" not in x or x.split(".")[0] in exact]
    return diff


def disturb(d, ns, B, rng):
    """Others change what is configured: the daemon puts it back, and knows that it has."""
    before = snapshot(ns, B)
    enter(ns)
    done = []
    for e in B:
        n = e["name"]
        what = []
        for a in e.get("addresses", []):
            a = a["address"] if isinstance(a, dict) else a
            what.append(["ip", "address", "del", a, "dev", n])
        for ro in e.get("routes", []):
            what.append(["ip", "-6" if ":" in ro["to"] else "-4", "route", "del", ro["to"], "dev", n, "table",
                         str(ro.get("table", 254))])
        if e.get("addresses") and n != "d3":
            what.append(["ip", "address", "flush", "dev", n, "scope", "global"])
        if n != "d3":  # or what others have there is lost
            what += [["ip", "link", "set", n, "down"], ["sh", "-c", "ip link set %s down; ip link set %s up" % (n, n)]]
        if n in NICS and n != "d3":  # pulled out and plugged in again
            what.append(["sh", "-c", "ip link del %s; ip link add %s address 02:00:00:00:00:0%d type dummy" % (
                n, n, NICS.index(n) + 1)])
        if e.get("kind") in ("bridge", "vlan", "dummy"):
            what.append(["ip", "link", "del", n])
        if "master" in e:
            what.append(["ip", "link", "set", n, "nomaster"])
        if "alias" in e and e.get("up", True):  # of a link that is down the kernel does not tell it
            what.append(["ip", "link", "set", n, "alias", "zz"])
        if e.get("mtu"):
            what.append(["ip", "link", "set", n, "mtu", "1290"])
        v = e.get("port", {})
        for x in v.get("tagged", []) + v.get("untagged", []):
            what.append(["bridge", "vlan", "del", "dev", n, "vid", str(x)] + (["self"] if e.get("kind") == "bridge" else []))
        if {"tagged", "untagged", "pvid"} & set(v):
            what.append(["bridge", "vlan", "add", "dev", n, "vid", "77"] + (["self"] if e.get("kind") == "bridge" else []))
        if "isolated" in v and "protinfo" not in IGNORE:
            what.append(["bridge", "link", "set", "dev", n, "isolated", "off" if v["isolated"] else "on"])
        if "ageing_time" in e.get("bridge", {}):
            what.append(["ip", "link", "set", n, "type", "bridge", "ageing_time", "5000"])
        for w in rng.sample(what, min(len(what), 2)):
            if rng.random() < .4:
                run(*w, check=False)
                done.append(" ".join(w))
                if rng.random() < .5:
                    time.sleep(.03)
    if not done:
        return None
    end = time.time() + 10  # until it has been quiet for a while; what failed is tried again after 1 s
    size = -1
    while time.time() < end:
        time.sleep(.3 if "ailed" not in d.new_log() and "No such" not in d.new_log() else 1.4)
        now = os.path.getsize(d.log)
        if now == size:
            break
        size = now
    diff = news(difference(before, snapshot(ns, B)), B)
    if diff:
        # A busy machine may be quiet before it is done.
        end = time.time() + 30
        while news(difference(before, snapshot(ns, B)), B):
            if time.time() > end:
                return ("drift not repaired", "\n".join(diff) + "\n--- after: " +
                        "; ".join(done) + "\n" + quiet(d.new_log()))
            time.sleep(.3)
    r, n, log = d.again()
    if r or n:
        return ("second run after drift does %d" % n, "--- after: " + "; ".join(done) + "\n" + quiet(log) + "\n--- daemon:\n" +
                quiet(d.new_log()))
    return None


def trial(A, B, mode):
    """Return None, or (category, detail)."""
    rng = random.Random(text(B))
    ns, fresh = base(), base()
    d, f = Daemon(ns, mode), Daemon(fresh, "once")
    try:
        start = snapshot(ns, [])
        for which, c in (("A", A), ("B", B)):
            r, log = d.apply(c)
            if r == 5:
                return ("invalid", quiet(log))
            if which == "B":
                rf, lf = f.apply(B)
                if 5 in (r, rf):
                    return ("invalid", quiet(lf))
                if rf and r:
                    return ("B fails also when fresh", quiet(lf))
                if rf:
                    return ("B fails only when fresh", quiet(lf))
                if r:
                    return ("B after A fails (%d)" % r, quiet(log))
            elif r:
                return ("A fails (%d)" % r, quiet(log))
            if which == "B":
                diff = news(difference(snapshot(ns, B), snapshot(fresh, B)), B)
                if diff:
                    return ("A then B | B alone differ", "\n".join(diff) + "\n--- log of B:\n" + quiet(log))
            r, n, log2 = d.again()
            if r or n:
                return ("second run after %s does %d, exit %d" % (which, n, r), quiet(log2))
            if mode == "live":  # it must have noticed nothing either
                time.sleep(0.02)
        if mode == "live":
            t = disturb(d, ns, B, rng)
            if t:
                return t
        r, log = d.apply([])
        if r:
            return ("empty fails (%d)" % r, quiet(log))
        diff = difference(start, snapshot(ns, []))
        if diff:
            return ("start | after empty differ", "\n".join(diff) + "\n--- log:\n" + quiet(log))
        r, n, log2 = d.again()
        if r or n:
            return ("second run after empty does %d" % n, quiet(log2))
        with open(d.state + "/owned.state") as o:
            left = o.read()
        if "name" in left:
            return ("record not empty after empty", left)
        return None
    finally:
        d.stop()
        f.stop()
        enter(home)
        os.close(ns)
        os.close(fresh)


def smaller(c):
    for n in range(len(c)):
        yield c[:n] + c[n + 1:]
    for n, e in enumerate(c):
        for k in list(e):
            if k in ("name", "kind", "vlan", "veth"):
                continue
            x = dict(e)
            del x[k]
            yield c[:n] + [x] + c[n + 1:]
            if isinstance(e[k], dict):
                for kk in e[k]:
                    x = dict(e)
                    x[k] = {a: b for a, b in e[k].items() if a != kk}
                    yield c[:n] + [x] + c[n + 1:]
            if isinstance(e[k], list):
                for m in range(len(e[k])):
                    x = dict(e)
                    x[k] = e[k][:m] + e[k][m + 1:]
                    if not x[k]:
                        continue
                    yield c[:n] + [x] + c[n + 1:]


def category(t):
    """What must stay the same while a failure is shrunk: its nature, and the kernel's words."""
    if not t:
        return None
    words = [l.rsplit(": ", 1)[1] for l in t[1].splitlines() if "t.conf:" in l and ": " in l]
    kinds = sorted({l.split(":")[0].split(".")[1] for l in t[1].split("---")[0].splitlines()
                    if " | " in l and "." in l.split(":")[0]}) if "differ" in t[0] else []
    return "".join(x for x in t[0] if not x.isdigit()), words[:1], kinds[:1]


def shrink(A, B, mode, what, until):
    progress = True
    while progress and time.time() < until:
        progress = False
        for which in (0, 1):
            for c in smaller((A, B)[which]):
                if time.time() > until:
                    break
                pair = (c, B) if which == 0 else (A, c)
                try:
                    t = trial(*pair, mode)
                except Exception:
                    continue
                if category(t) == category(what):
                    A, B = pair
                    what = t
                    progress = True
                    break
    return A, B, what


def main():
    global home
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    modes = sys.argv[3] if len(sys.argv) > 3 else "both"
    end = time.time() + (int(sys.argv[4]) if len(sys.argv) > 4 else 1e9)
    shrink_for = int(os.environ.get("SHRINK", "15"))
    subprocess.run(["modprobe", "-a", "dummy", "bridge", "8021q", "veth"], capture_output=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    failed = tried = invalid = 0
    for n in range(seed, seed + count):
        if time.time() > end:
            break
        r = random.Random(n)
        A, B = configuration(r), configuration(r)
        mode = ("once", "live")[n % 2] if modes == "both" else modes
        t0 = time.time()
        try:
            t = trial(A, B, mode)
        except Exception as x:
            t = ("exception", repr(x))
        tried += 1
        if not t:
            continue
        if t[0] == "invalid":
            invalid += 1
            print("seed %d: invalid: %s" % (n, [l for l in t[1].splitlines() if "t.conf" in l]), flush=True)
            continue
        failed += 1
        print("seed %d (%s): FAILED: %s" % (n, mode, t[0]), flush=True)
        A, B, t = shrink(A, B, mode, t, min(end, time.time() + shrink_for))
        print("=== seed %d (%s): %s\n%s\n--- A:\n%s--- B:\n%s" % (n, mode, t[0], t[1], text(A), text(B)), flush=True)
    print("# %d pairs, %d failed, %d invalid" % (tried, failed, invalid))
    shutil.rmtree(ROOT, ignore_errors=True)
    return 1 if failed else 0


sys.exit(main())
