#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random configurations, made from the program's own rows, one after the other.

One daemon, one kernel; each configuration follows the one before. The rows
(netctl-tests/rows) say what may be written; what they cannot say (a route needs
a way to its gateway) the daemon refuses or the kernel does, and then all must
be as before. After each: asked once more, the daemon does nothing. Now and
then: a daemon of its own with the same record does nothing either, and an empty
configuration leaves exactly what was there at the start, an empty record, and
not more memory or files open than before.

With "faults" a random request of each change fails, or the daemon is killed
there; afterwards everything is as it was (or the change ends at the next start).

    configurations.py SEED COUNT [plain|faults] [SECONDS]

A failure is shrunk to a pair of configurations, and both are printed.
"""
import ctypes, errno, json, os, random, re, signal, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../lib")
from machine import *

TESTS = "/usr/libexec/netctl-tests/"
NICS = ["d0", "d1", "d2", "d3"]
# Need hardware (no dummy takes them: each change would be undone), programs, or units of their own.
LEFT_OUT = {"dcb", "dsa", "devlink", "ethernet", "sfp", "units", "xdp"}
LEFT_OUT |= {"led%d" % n for n in range(8)}
# Of a hundred configurations so many must be possible, or nothing has been tried.
POSSIBLE = 50
# Disciplines by kind: settings, and what they may be.
DISCIPLINES = {
    "pfifo": {"limit": (1, 10, 1000)}, "fq_codel": {"limit": (100, 10240), "quantum": (300, 1514), "ecn": (True, False)},
    "tbf": {"rate": ("1Mbit", "10Mbit"), "burst": (3000, 10000), "limit": (10000, 20000)},
    "prio": {"bands": (3, 4)},
}
# Configurations between two looks at what an empty one leaves.
ROUND = 40
ERRORS = [errno.EINVAL, errno.EBUSY, errno.EOPNOTSUPP, errno.ENOMEM]


# --- values ---

def number(r, row):
    low, high = row["min"], row["max"]
    if not low and not high:
        high = min((1 << (8 * row["size"])) - 1, (1 << 31) - 1)
    return r.choice([low, high, r.randint(low, high), min(high, low + r.randrange(20))])


V4 = ["10.%d.0.%d/%d" % (n, h, p) for n in (0, 1, 2) for h in (1, 2, 3) for p in (24, 24, 25)]
V6 = ["2001:db8:%d::%d/%d" % (n, h, p) for n in (1, 2) for h in (1, 2) for p in (64, 64, 112)]


def value(r, row, me, names):
    """A value that the row may have, or None where none is known."""
    kind = row["type"]
    if kind == "boolean":
        return r.random() < .6
    if kind == "number":
        return number(r, row)
    if kind == "word":
        return r.choice(row["words"])
    if kind == "time":
        return "%gs" % (r.choice([row["min"], min(row["max"], 100000), r.randint(row["min"],
                                                                          min(row["max"], 100000))]) / 100)
    if kind == "string":
        return r.choice(["a", "b c", "\\u00e4"]) if row["max"] > 8 else "a"
    if kind == "Ethernet address":
        return "02:00:00:00:%02x:%02x" % (r.randrange(4, 256), r.randrange(256))
    if kind == "interface":
        return r.choice([n for n in names if n != me])
    if kind == "array":
        vids = r.sample(["1", "5", "6", "7", "9", "10-20", "30-31", "4094"], r.randrange(0, 4))
        return [v if "-" in v else int(v) for v in vids]
    return None


def left_out(f):
    return f["name"].split(".")[0] in LEFT_OUT


def group(r, f, entry, names, density):
    """Some settings of one feature; those that only creation can set are needed."""
    g = {}
    for row in f["rows"]:
        if row["state"] or row["policy"] or row["key"] in ("kind", "name"):
            continue
        needed = row["create"] and row.get("initial") is None
        if not needed and r.random() > density:
            continue
        if f["name"] == "veth" and row["key"] == "peer":
            g["peer"] = entry["name"] + "p"
            continue
        v = value(r, row, entry["name"], names)
        if v is not None:
            g[row["key"]] = v
    return g


def addresses(r, me):
    found = {}
    for a in r.sample(V4, r.randrange(0, 4)) + (r.sample(V6, r.randrange(0, 3))):
        host = a.split("/")[0]
        e = {"address": a}
        # Of two IPv6 addresses of a network with two metrics the kernel leaves a route behind
        # (check_cleanup_prefix_route()).
        if ":" not in a and r.random() < .2:
            e["metric"] = r.randrange(1, 1000)
        if ":" not in a and r.random() < .1:
            e["label"] = me + ":x"
        if host not in found:
            found[host] = e if len(e) > 1 else a
    return list(found.values())


def routes(r, entry):
    mine = [a["address"] if isinstance(a, dict) else a for a in entry.get("addresses", [])]
    found = []
    for _ in range(r.randrange(0, 4)):
        a = r.choice(mine)
        six = ":" in a
        net = a.split("/")[0].rsplit(":" if six else ".", 1)[0]
        e = {"to": r.choice(["::/0", "2001:db8:aa::/48"] if six else ["default", "192.0.2.0/24",
                                                                          "198.51.100.0/24"])}
        if r.random() < .8 or e["to"] in ("default", "::/0"):
            e["via"] = net + (":99" if six else ".99")
        for key, v in (("metric", r.randrange(1, 500)), ("table", r.choice([100, 101])),
                       ("onlink", True)):
            if r.random() < .25 and (key != "onlink" or "via" in e):
                e[key] = v
        if r.random() < .2:
            e["source"] = a.split("/")[0]
        found.append(e)
    return found


def disciplines(r):
    """A discipline, or one with others below it."""
    def one(kind, handle, **more):
        return {"kind": kind, "handle": "%d:" % handle, **more,
                **{k: r.choice(v) for k, v in DISCIPLINES[kind].items() if kind == "tbf" or r.random() < .5}}
    kind = r.choice(list(DISCIPLINES))
    found = [one(kind, r.choice([1, 1, 2]))]
    if kind == "prio":
        found += [one(r.choice(["pfifo", "fq_codel", "tbf"]), 10 + band, parent="%s%d" % (found[0]["handle"], band))
                  for band in (1, 3) if r.random() < .5]
    return found


def configuration(r, schema):
    kinds = [f for f in schema if f["kind"] and not left_out(f)]
    made = {}
    for n in range(r.randrange(0, 6)):
        kind = r.choice([f["kind"] for f in kinds] + ["dummy", "bridge"])
        made["%s%d" % (kind[:2], r.randrange(0, 3))] = kind
    names = NICS + list(made)
    density = r.choice([.05, .2, .5])
    bridges = [n for n, k in made.items() if k == "bridge"]
    entries = []
    for name in names:
        if name in NICS and r.random() < .4:
            continue
        e = {"name": name}
        if name in made:
            e["kind"] = made[name]
        entries.append(e)
        if made.get(name) == "veth" and r.random() < .5:
            entries.append({"name": name + "p"})
    for e in entries:
        kind = e.get("kind")
        for f in schema:
            if left_out(f) or f["form"] == "list":
                continue
            if f["form"] == "root":
                g = group(r, f, e, names, density / 2)
                # Below it the kernel takes away IPv6, and all that was set of it.
                if "mtu" in g:
                    g["mtu"] = max(g["mtu"], 1280)
                g.pop("master", None)
                if bridges and kind != "bridge" and r.random() < .4:
                    g["master"] = r.choice(bridges)
                e.update(g)
            elif f["kind"] and f["kind"] != kind:
                continue
            elif f["slave_kind"] and not (e.get("master") or kind == f["slave_kind"]):
                continue
            elif f["kind"] or r.random() < .4:
                g = group(r, f, e, names, density)
                if g:
                    *outer, last = f["name"].split(".")
                    at = e
                    for name in outer:
                        at = at.setdefault(name, {})
                    at.setdefault(last, {}).update(g)
        if r.random() < .15:
            e["qdisc"] = disciplines(r)
        if "master" not in e and r.random() < .6:
            a = addresses(r, e["name"])
            if a:
                e["addresses"] = a
                rr = routes(r, e)
                if rr:
                    e["routes"] = rr
    for e in entries:
        if e["name"] == "d3":  # or what others have there is lost: the kernel takes it away, with the link
            e.pop("master", None)
            e.pop("port", None)
            e.pop("up", None)
    r.shuffle(entries)
    return entries


def literal(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v) + ("L" if abs(v) >= 1 << 31 else "")
    if isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    if isinstance(v, dict):
        return "{ " + " ".join("%s = %s;" % (k, literal(x)) for k, x in v.items()) + " }"
    return "( " + ", ".join(map(literal, v)) + " )"


def text(c):
    return "interfaces = (\n  " + ",\n  ".join(literal(e) for e in c) + "\n);\n"


# --- trials ---

def by_chance(line):
    """What the kernel chooses: addresses of what is made anew without one, numbers of ports."""
    m = re.match(r"link (\S+)\.(address|linkinfo\.\S*(root_id|bridge_id|designated_bridge|designated_root|designated_port|slave_data\.id|slave_data\.no)): ", line)
    return is_carrier_only(line) or m and (m[2] != "address" or m[1] not in NICS)


class Failure(Exception):
    pass


def fail(what, detail=""):
    raise Failure(what + "\n" + str(detail))


def without_refused(c, log):
    """The configuration without what the daemon has refused."""
    c = json.loads(json.dumps(c))
    for line in log.splitlines():
        m = re.match(r"\S+test\.conf:\d+: ([^: ]+): ([a-z0-9_.]+)", line)
        if not m:
            continue
        e = next((e for e in c if e["name"] == m[1]), None)
        if not e:
            continue
        path = m[2].split(".")
        if len(path) == 1 and path[0] in e and path[0] not in ("name", "kind"):
            del e[path[0]]
        elif len(path) == 2 and path[1] in e.get(path[0], {}) and path[0] not in ("vlan", "veth"):
            del e[path[0]][path[1]]
        else:
            c.remove(e)
    return c


class Run:
    def __init__(self, mode, schema):
        self.mode = mode
        self.d = Daemon(TESTS + "netctld-faults")
        self.counts = {}
        self.current = []  # the configuration in force
        self.last = None  # the picture of it, where it is known
        self.start = None
        self.first_memory = None

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def begin(self):
        prepare()
        self.start = rest(full=True)
        self.d.configure(text([]))
        if self.d.start() != "steady":
            fail("the daemon does not start", self.d.log())

    def apply(self, c):
        """Return: steady, undone, invalid (and the configuration that was taken)."""
        self.d.configure(text(c))
        state = self.d.reload()
        if state in ("timeout", "killed") or state.startswith("exit"):
            fail(state, self.d.log())
        if "configuration is invalid" in state:
            return "invalid"
        if state == "steady":
            self.current = c
            return "steady"
        if "the change was undone\n" not in self.d.log():
            fail("not undone", self.d.log())
        return "undone"

    def nothing_more(self, c, what):
        log = self.d.log()
        self.d.configure(text(c))
        for _ in range(3):  # a route may have waited for its source
            before = self.d.requests()
            state = self.d.reload()
            n = self.d.requests() - before
            if state == "steady" and not n:
                return
        if state != "steady" or n:
            fail("%s, and asked again: %d requests, %s" % (what, n, state),
                 log + "--- again:\n" + self.d.log())

    def plain(self, c):
        state = self.apply(c)
        for _ in range(4):
            if state != "invalid":
                break
            c = without_refused(c, self.d.log())
            state = self.apply(c)
        self.count(state)
        if state == "undone":
            if os.environ.get("SHOW", "\0") in self.d.log():
                note(self.d.log() + text(self.current) + text(c))
            self.count("undone: " + next((re.sub(r".*?: [^:]*: ", "", l, 1) for l in self.d.log().splitlines()
                                          if "test.conf" in l), "?")[-60:])
        self.nothing_more(self.current, state)

    def empty(self):
        self.last = None
        if self.apply([]) != "steady":
            fail("an empty configuration fails", self.d.log())
        log = self.d.log()
        diff = settled_difference(self.start, full=True)
        if diff:
            fail("an empty configuration leaves something", "\n".join(diff) + "\n" + log)
        with open(self.d.state + "/owned.state") as f:
            left = f.read()
        if "name" in left:
            fail("the record is not empty", left)
        status, n, log = self.d.once()
        if status or n:
            fail("another daemon asks for %d changes" % n, log)
        self.resources()

    def resources(self):
        pid = self.d.process.pid
        with open("/proc/%d/status" % pid) as f:
            memory = int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
        files = len(os.listdir("/proc/%d/fd" % pid))
        if not self.first_memory:
            self.first_memory = memory, files
        self.last_memory = memory, files
        if files > self.first_memory[1] + 2:
            fail("open files: %d, at first %d" % (files, self.first_memory[1]))
        if memory > 2 * self.first_memory[0] + 4096:
            fail("memory: %d KiB, at first %d" % (memory, self.first_memory[0]))

    def faulty(self, c, r):
        """A change, with a fault at a random request of it."""
        before, old = self.last or picture(), self.current
        self.last = None
        order = r.choice(["fail", "fail", "fail", "kill"])
        n = r.choice([1, 2, 3, 5, 8, 13, 21, 34])
        error = r.choice(ERRORS)
        self.d.order("%s %d %d" % (order, n, error))
        for _ in range(5):
            self.d.configure(text(c))
            state = self.d.reload()
            if "configuration is invalid" not in state:
                break
            c = without_refused(c, self.d.log())
        met, log = self.d.met(), self.d.log()
        self.d.order("off")
        if "configuration is invalid" in state:
            self.count("invalid")
            self.nothing_more(old, "invalid")
            return
        if state == "killed":
            self.count("killed")
            self.d.configure(text(old))
            if self.d.start() != "steady":
                fail("after a kill it does not start", met + "\n" + log + self.d.log())
            diff = settled_difference(before, by_chance)
            if diff:
                fail("after a kill the old configuration gives something else",
                     met + "\n" + "\n".join(diff) + "\n" + log + self.d.log())
            self.last = before
        elif state == "steady":
            self.count("steady" if not met else "made good")
            self.current = c
        elif state.startswith("degraded"):
            self.count("undone" if met else "refused")
            if "on purpose" in log.split("undoing the change")[-1]:
                self.count("a fault while undoing")  # all that can be said: the next attempt succeeds
                self.d.configure(text(old))
                if self.d.reload() != "steady":
                    fail("not even the next time", met + "\n" + log + self.d.log())
            elif "the change was undone\n" not in log:
                fail("not undone", met + "\n" + log)
            diff = settled_difference(before, by_chance)
            if diff:
                fail("undone, but not as before", met + "\n" + "\n".join(diff) + "\n" + log)
            self.last = before
        else:
            fail(state, log)
        self.nothing_more(self.current, state)

    def one(self, c, r):
        if self.mode == "faults":
            self.faulty(c, r)
        else:
            self.plain(c)

    def end(self):
        self.d.end()


def prepare():
    """A network namespace with four devices, one with what others configured."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):  # CLONE_NEWNET
        raise OSError("unshare")
    for path, value in (("ipv6/conf/default/accept_dad", 0), ("ipv6/conf/all/accept_dad", 0),
                        ("ipv6/conf/default/addr_gen_mode", 1), ("ipv6/conf/default/router_solicitations", 0)):
        with open("/proc/sys/net/" + path, "w") as f:
            f.write(str(value))
    ip("link set lo up\n" + "\n".join(
        "link add %s address 02:00:00:00:00:0%d type dummy\nlink set %s up" % (d, n, d) for n, d in enumerate(NICS)) +
        "\nlink set d0 down\nlink set d1 down\naddress add 172.31.0.1/24 dev d3\n"
        "route add 172.30.0.0/16 via 172.31.0.9 dev d3 proto static")


def shorter(failure):
    lines = [l if len(l) < 250 else l[:120] + " … " + l[-120:] for l in str(failure).splitlines()]
    return "\n".join(lines if len(lines) < 70 else lines[:25] + ["…"] + lines[-45:])


def category(failure):
    first = str(failure).splitlines()
    kinds = sorted({l.split(":")[0].split(" ")[0] + l.split(":")[0].split(".")[-1] for l in first[1:40]
                    if " | " in l and ": " in l})
    return re.sub(r"\d+", "", first[0]), kinds[:1]


def again(mode, schema, seed, *list_of):
    """A new daemon and kernel with these configurations; the failure, or None."""
    run = Run(mode, schema)
    try:
        run.begin()
        for c in list_of[:-1]:
            run.plain(c)
        run.one(list_of[-1], random.Random(seed))
        run.empty()
    except Failure as f:
        return f
    finally:
        run.end()
    return None


def smaller(c):
    for n in range(len(c)):
        yield c[:n] + c[n + 1:]
    for n, e in enumerate(c):
        for k in list(e):
            if k in ("name", "kind"):
                continue
            yield c[:n] + [{a: b for a, b in e.items() if a != k}] + c[n + 1:]
            if isinstance(e[k], dict):
                for kk in e[k]:
                    yield c[:n] + [dict(e, **{k: {a: b for a, b in e[k].items() if a != kk}})] + c[n + 1:]
            if isinstance(e[k], list) and len(e[k]) > 1:
                for m in range(len(e[k])):
                    yield c[:n] + [dict(e, **{k: e[k][:m] + e[k][m + 1:]})] + c[n + 1:]


def shrink(mode, schema, seed, pair, failure, until):
    wanted = category(failure)
    while time.monotonic() < until:
        for which in (0, 1):
            found = None
            for c in smaller(pair[which]):
                if time.monotonic() > until:
                    break
                trial = [c, pair[1]] if which == 0 else [pair[0], c]
                f = again(mode, schema, seed, *trial)
                if f and category(f) == wanted:
                    found, failure = trial, f
                    break
            if found:
                pair = found
                break
        else:
            break
    return pair, failure


def main():
    for a in [a for a in sys.argv if "=" in a]:  # the lab passes no environment
        sys.argv.remove(a)
        os.environ.update([a.split("=", 1)])
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    mode = sys.argv[3] if len(sys.argv) > 3 else "plain"
    limit = float(sys.argv[4]) if len(sys.argv) > 4 else 1e9
    if not os.path.exists(TESTS + "rows"):
        skip_all("needs %s (make install-tests)" % TESTS)
    subprocess.run(["modprobe", "-a", "dummy", "bridge", "8021q", "veth"], capture_output=True)
    schema = json.loads(run(TESTS + "rows"))
    begun = time.monotonic()
    tried = failures = 0
    most = int(os.environ.get("FAILURES", "3"))
    r, state = Run(mode, schema), None
    total = {}
    try:
        r.begin()
        history = []
        for n in range(seed, seed + count):
            if time.monotonic() - begun > limit or failures >= most:
                break
            c = configuration(random.Random(n), schema)
            history.append(c)
            tried += 1
            try:
                r.one(c, random.Random(n))
                if tried % ROUND == 0 or n == seed + count - 1:
                    r.empty()
                    history = []
                continue
            except Failure as f:
                failures += 1
                note("seed %d: %s" % (n, shorter(f)))
                pair = [r.current if r.current != c else (history[-2] if len(history) > 1 else []), c]
                r.end()
                g = again(mode, schema, n, *pair)
                if g and category(g) == category(f):
                    pair, g = shrink(mode, schema, n, pair, g, time.monotonic() + float(os.environ.get("SHRINK", "20")))
                    note("=== shrunk, seed %d: %s\n--- A\n%s--- B\n%s" % (n, shorter(g), text(pair[0]), text(pair[1])))
                else:
                    note("alone it does not happen (%s)\n--- A\n%s--- B\n%s" % (
                        str(g).splitlines()[:1], text(pair[0]), text(pair[1])))
            for k, v in r.counts.items():
                total[k] = total.get(k, 0) + v
            r = Run(mode, schema)
            r.begin()
            history = []
    finally:
        r.end()
    for k, v in r.counts.items():
        total[k] = total.get(k, 0) + v
    for k, v in sorted(total.items()):
        note("%6d %s" % (v, k))
    if r.first_memory:
        note("memory %d KiB and %d files after the first round, %d and %d after the last" % (
            *r.first_memory, *r.last_memory))
    if mode == "plain" and tried >= 100:
        check(total.get("steady", 0) * 100 >= tried * POSSIBLE, "%d of %d were possible" % (
            total.get("steady", 0), tried))
    seconds = time.monotonic() - begun
    check(not failures and (tried == count or limit < 1e9),
          "%d configurations (%s) from seed %d: %d failures" % (tried, mode, seed, failures))
    note("%.1f s, %.1f ms each" % (seconds, 1000 * seconds / max(tried, 1)))
    finish()


main()
