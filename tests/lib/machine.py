# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests in Python share: TAP, a full picture of the kernel, a daemon.

The picture is what iproute2 and /proc/sys show, all of it but what changes by
itself (counters, timers, carrier). The daemon tells the end of each change to
NOTIFY_SOCKET, so nothing here waits for time to pass.
"""
import collections, glob, ipaddress, json, os, re, select, shutil, signal, socket, struct, subprocess, sys, tempfile, time

count = failed = 0


def check(ok, text, why=""):
    """One line of TAP; @why is shown when it failed."""
    global count, failed
    count += 1
    print("%s %d - %s" % ("ok" if ok else "not ok", count, text), flush=True)
    if not ok:
        failed += 1
        for line in str(why).splitlines()[:60]:
            print("#   " + line, flush=True)
    return ok


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def finish():
    print("1..%d" % count, flush=True)
    sys.exit(1 if failed else 0)


def skip_all(why):
    print("1..0 # SKIP " + why)
    sys.exit(77)


def run(*cmd, input=None):
    """Run it; its output. It must succeed."""
    p = subprocess.run(cmd, input=input, capture_output=True, text=True)
    if p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(cmd), p.stderr or p.stdout))
    return p.stdout


def ip(lines):
    """A batch of ip commands, a line each."""
    run("ip", "-batch", "-", input=lines + "\n")


# --- the picture ---

# What changes by itself: timers of a bridge, counters.
VOLATILE = {"gc_timer", "hello_timer", "tcn_timer", "topology_change_timer", "topology_change_detected",
            "message_age_timer", "forward_delay_timer", "hold_timer", "config_pending", "carrier_changes",
            "carrier_up_count", "carrier_down_count", "promiscuity", "allmulti"}


def documents(text):
    """The JSON values that stand one behind the other in @text."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def flatten(value, path, into):
    if isinstance(value, dict):
        if not value:
            into[path] = {}
        for key, x in value.items():
            if key in VOLATILE:
                continue
            if isinstance(x, (dict, list)):
                flatten(x, "%s.%s" % (path, key), into)
            else:
                into["%s.%s" % (path, key)] = x
    elif isinstance(value, list) and any(isinstance(x, (dict, list)) for x in value):
        for n, x in enumerate(value):
            flatten(x, "%s[%d]" % (path, n), into)
    else:
        into[path] = value


FILES = ("/proc/sys/net/ipv[46]/conf/*/*", "/proc/sys/net/ipv[46]/neigh/*/*")
HEAD = struct.Struct("=HH")
# Indexes of interfaces that the daemon makes: another number each time it makes them anew.
OURS = 1000


def attributes(data):
    at, end = 0, len(data) - 4
    while at <= end:
        size, kind = HEAD.unpack_from(data, at)
        if size < 4:
            return
        yield kind & 0x3fff, data[at + 4:at + size]
        at += (size + 3) & ~3


def nested(data, *path):
    for wanted in path:
        for kind, inner in attributes(data):
            if kind == wanted:
                data = inner
                break
        else:
            return b""
    return data


def sysctls():
    """name -> what /proc/sys/net/ipv[46]/conf/NAME has, in one dump (IFLA_AF_SPEC): files are dear."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    # RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP; IFLA_EXT_MASK: RTEXT_FILTER_SKIP_STATS
    s.send(struct.pack("=IHHII16xHHI", 40, 18, 0x301, 1, 0, 8, 29, 8))
    into, done = {}, False
    while not done:
        data = s.recv(1 << 20)
        while data:
            size, kind = struct.unpack_from("=IH", data)
            done |= kind == 3  # NLMSG_DONE
            if kind == 16:
                a = data[32:size]
                name, families = nested(a, 3)[:-1].decode(), nested(a, 26)
                for what, path in (("ipv4", (2, 1)), ("ipv6", (10, 2))):
                    into["conf %s.%s" % (what, name)] = nested(families, *path)
                into["conf ipv6.gen." + name] = nested(families, 10, 8)
            data = data[(size + 3) & ~3:]
    s.close()
    return into


def in_detection(link):
    """Has it addresses that duplicate address detection is about to pass? Without a carrier it is not run."""
    return "LOWER_UP" in link["flags"] and any(a.get("tentative") and not a.get("dadfailed")
                                               for a in link["addr_info"])


def picture(full=False, extra=()):
    """Everything, as a dictionary from paths to values.

    @full: all files below /proc/sys/net/ipv[46]/{conf,neigh}; @extra: more, by glob.
    """
    into = {}
    places = collections.Counter()
    end = time.monotonic() + 30
    while True:
        links, *four = documents(run("ip", "-d", "-j", "-batch", "-",
                                     input="addr show\nroute show table all\nrule show\n"))
        if not any(map(in_detection, links)) or time.monotonic() > end:
            break
        time.sleep(0.02)
    into.update(sysctls())
    # What the kernel makes of IPv6 addresses of a link that is down depends on its past: of one that was
    # up, and keeps them, they are tentative and have no route (addrconf_ifdown()).
    down = {l["ifname"] for l in links if "UP" not in l["flags"]}
    six = documents(run("ip", "-6", "-d", "-j", "-batch", "-", input="route show table all\nrule show\n"))
    for l in links:
        name = l.pop("ifname")
        if l["ifindex"] > OURS:
            l["ifindex"] = "ours"
        # Each of its own entry: the order counts only within a family.
        # The kernel tells a carrier up to a second late (linkwatch_run_queue()).
        l.pop("operstate", None)
        if "LOWER_UP" not in l["flags"]:  # and a port is disabled no sooner than that (br_port_carrier_check())
            l.get("linkinfo", {}).get("info_slave_data", {}).pop("state", None)
        l.pop("tso_max_size", None)  # of a bridge: that of its ports, also of former ones
        l["flags"] = [f for f in l["flags"] if f != "NO-CARRIER"]
        # Of IPv4 the order says which is primary; of IPv6 the one that came last is the first.
        l.pop("qdisc")  # "noop" until the link has been up once
        for a in l.pop("addr_info"):
            if a["family"] == "inet6" and name in down:
                a.pop("tentative", None)
            if a["family"] == "inet6" and a.get("metric") == 256:
                del a["metric"]  # what it is when nothing is said
            place = "addr %s %s/%s" % (name, a["local"], a["prefixlen"])
            if a["family"] == "inet":
                net = ipaddress.ip_interface("%s/%s" % (a.get("address", a["local"]), a["prefixlen"])).network
                place = "addr %s %s[%d]" % (name, net, places[name, net])
                places[name, net] += 1
            flatten(a, place, into)
        flatten(l, "link " + name, into)
    for name, dump in (("4", four), ("6", six)):
        for r in dump[0]:
            if r["type"] == "multicast":  # comes with the carrier
                continue
            if r["type"] in ("local", "anycast") and ":" in r["dst"] and r.get("dev") in down:
                continue
            r["flags"] = [f for f in r.get("flags", []) if f not in ("linkdown", "dead")]
            flatten(r, "route%s %s" % (name, " ".join(
                "%s=%s" % (k, r[k]) for k in ("type", "dst", "table", "metric", "gateway", "dev", "prefsrc",
                                              "protocol", "scope", "tos") if k in r)), into)
        flatten(dump[1:], "rules" + name, into)
    for q in json.loads(run("tc", "-d", "-j", "qdisc", "show") or "[]"):
        # Others come with the link, and have handles that the kernel chooses.
        if q["kind"] not in ("noqueue", "noop") and len(q["handle"]) <= 4:
            flatten(q, "qdisc %s %s" % (q["dev"], q.get("parent", "root")), into)
    for p in json.loads(run("bridge", "-d", "-j", "vlan", "show") or "[]"):
        flatten({"%s-%s" % (v["vlan"], v.get("vlanEnd", v["vlan"])): v for v in p["vlans"]},
                "vlan " + p["ifname"], into)
    for pattern in (*(FILES if full else ()), *extra):
        for path in glob.glob(pattern):
            try:
                with open(path) as f:
                    into[path] = f.read()
            except OSError:
                into[path] = None
    return into


def rest(full=False):
    """The picture when it no longer changes by itself."""
    before = picture(full)
    while True:
        time.sleep(0.3)
        now = picture(full)
        if now == before:
            return now
        before = now


def difference(a, b):
    """What differs between two pictures, a line each: path: in a | in b."""
    if a == b:
        return []
    found = []
    for k in sorted(set(a) | set(b)):
        x, y = a.get(k, "-"), b.get(k, "-")
        if x == y:
            continue
        if isinstance(x, bytes) and isinstance(y, bytes) and len(x) == len(y) and not len(x) % 4:
            found += ["%s.%d: %s | %s" % (k, n, v, w) for n, (v, w) in enumerate(
                zip(*(struct.unpack("=%di" % (len(x) // 4), v) for v in (x, y)))) if v != w]
        else:
            found.append("%s: %s | %s" % (k, x, y))
    return found


def is_carrier_only(line):
    """A bridge without ports has a carrier until it has had one (br_dev_newlink(), br_port_carrier_check())."""
    m = re.match(r"link \S+\.flags: (\[.*\]) \| (\[.*\])$", line)
    return m and {f for x in m.groups() for f in re.findall(r"'([A-Z_-]+)'", x)
                  if not all("'%s'" % f in y for y in m.groups())} <= {"LOWER_UP"}


def settled_difference(a, ignore=None, seconds=10.0, full=False, extra=()):
    """As difference() to now, when the kernel has come to rest (carrier is told a moment later)."""
    end = time.monotonic() + seconds
    while True:
        diff = [d for d in difference(a, picture(full, extra)) if not ignore or not ignore(d)]
        if not diff or time.monotonic() > end:
            return diff
        time.sleep(0.03)


# --- the daemon ---

class Daemon:
    """netctld with folders of its own; without a bus unless told."""

    def __init__(self, program=None, bus=False):
        self.program = program or os.environ.get("NETCTLD", "netctld")
        self.dir = tempfile.mkdtemp(prefix="netctld.")
        self.etc, self.state = self.dir + "/etc", self.dir + "/state"
        os.mkdir(self.etc)
        os.mkdir(self.state)
        self.log_path = self.dir + "/log"
        self.orders = self.dir + "/orders"
        self.bus = bus
        self.process = None
        self.mark = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.dir + "/notify")

    def command(self, *more):
        return [self.program, *([] if self.bus else ["--no-bus"]), "-v", "--config-dir=" + self.etc,
                "--state-dir=" + self.state, *more]

    def configure(self, text):
        with open(self.etc + "/new", "w") as f:
            f.write(text)
        os.rename(self.etc + "/new", self.etc + "/test.conf")

    def order(self, text):
        """For netctld-faults: what is to go wrong next."""
        for path in (self.orders, self.orders + ".done"):
            if os.path.exists(path):
                os.unlink(path)
        with open(self.orders + ".new", "w") as f:
            f.write(text + "\n")
        os.rename(self.orders + ".new", self.orders)

    def met(self):
        """What the order has met, or "" if nothing."""
        try:
            with open(self.orders + ".done") as f:
                return f.read().strip()
        except OSError:
            return ""

    def drain(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(4096)
        self.mark = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0

    def start(self):
        """Start it. Return: as wait()."""
        self.drain()
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.log_path, "a"),
            env=dict(os.environ, NOTIFY_SOCKET=self.dir + "/notify", NETCTL_FAULTS=self.orders))
        return self.wait()

    def reload(self):
        self.drain()
        self.process.send_signal(signal.SIGHUP)
        return self.wait()

    def wait(self, seconds=60):
        """The end of a change: "steady", "degraded…", "killed", or "timeout"."""
        end = time.monotonic() + seconds
        ready = False  # READY=1 ends a start or a reload, and what came of it follows
        while time.monotonic() < end:
            # Before the look at the socket: what it said last is read first.
            gone = self.process.poll() is not None
            if select.select([self.socket], [], [], 0 if gone else 0.05)[0]:
                for line in self.socket.recv(4096).decode().splitlines():
                    ready = ready or line == "READY=1"
                    if ready and line.startswith("STATUS="):
                        # The daemon is as it was before: steady, if it was.
                        undone = "the change was undone" in self.log()  # or not all of it
                        return "degraded: the change was undone" if undone else line[7:]
            elif gone:
                status, self.process = self.process.returncode, None
                return "killed" if status == -signal.SIGKILL else "exit status %d" % status
        return "timeout"

    def log(self):
        """Since the last start or reload."""
        with open(self.log_path, errors="replace") as f:
            f.seek(self.mark)
            return f.read()

    def requests(self):
        """How many changes it has asked of the kernel so far, by its own account."""
        with open(self.log_path, "rb") as f:
            end = os.path.getsize(self.log_path)
            for size in (1 << 12, 1 << 16, 1 << 20):  # mostly it is the last line
                f.seek(max(0, end - size))
                found = re.findall(rb"(?m)^settled; asked.*?: (\d+)", f.read())
                if found:
                    return int(found[-1])
        return None

    def once(self):
        """What another daemon with the same record would do: exit status, requests, log."""
        copy = self.dir + "/copy"  # of what may be only one daemon's
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.state, copy, ignore=shutil.ignore_patterns("*.new", "lock"))
        p = subprocess.run(self.command("--once", "--state-dir=" + copy), capture_output=True, text=True,
                           timeout=60)
        n = [l for l in p.stderr.splitlines() if l.startswith("settled; asked")]
        return p.returncode, int(n[-1].split(": ")[1].split()[0]) if n else -1, p.stderr

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def end(self):
        self.kill()
        self.socket.close()
        shutil.rmtree(self.dir, ignore_errors=True)
