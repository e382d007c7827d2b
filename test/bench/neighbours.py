# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and neighbour discovery for whole prefixes: answers a second, beside those who answer today, and under a scan.

Every responder has a host and a client of its own, alike but for it. With one question in flight, and a responder in
the kernel, the client's core does all of the work, which includes the generator's; a responder that is a process has
the server's core, and is woken for each question. parpd is not in Debian; what stands in for such a program is our own
responder without eBPF, which is one as well: `responder: worker`.
"""

import contextlib
import dataclasses
import ipaddress
import json
import re
import shutil
import statistics
import subprocess
import threading
import time

from daemon import Daemon
from debian import find
from hooks import statistics_on
from lab import wait_until
from measure import Broken, Goal, Row, compare, cpu_seconds, resident_bytes, turns
from stage import ATTEMPTS, CLIENT_CORE, HOST4, HOST6, PROGRAMS, SERVER_CORE, pinned, processes

CLAIM4, CLAIM6 = "198.51.100.0/24", "2001:db8:a::/64"
LIVE_PART, FEW, DEAD = "2001:db8:a::/66", "2001:db8:a::/124", "2001:db8:a:0:8000::/65"
LISTED = "2001:db8:a::/112"	# of which the kernel's proxy has each address in its table
ASKER4, ASKER6 = "192.0.2.3", "2001:db8:0:1::3"
TARGETS = 1, 1000, 65000, 1000000
SCAN = 5000			# questions a second
SCANNER = "02:00:00:00:00:5c"
LIVE, LIVE_RATE = 10, 200
KINDS = (("asked", FEW), ("asked by unicast", FEW, "-u"), ("asked without a MAC", FEW, "-u", "-l"),
         ("probed for duplicates", FEW, "-p"), ("malformed", FEW, "-x"), ("outside", "2001:db8:b::/64", "-S"))
AS_MANY = Goal(">=", 0.9)
FASTER_THAN_NDPPD = Goal(">=", 15)
FASTER_THAN_PROXY = Goal(">=", 1000)
FASTER_THAN_PARPD = Goal(">=", 8)
AS_THE_KERNEL = Goal(">=", 1.0)
NO_GROWTH = Goal("<=", 64 * 1024)
PROMPT = Goal("<=", 0.001)
CHEAP = Goal("<=", 0.05)


# A network of subscribers: Linux answers for a claim of IPv4 by itself, and a worker leaves that to it.
NETWORK4, SUBSCRIBER4 = "198.51.100.1/24", "198.51.100.250"
PART4 = "198.51.100.64/26"


def network(responder):
    return f"subscribers: {{ gateway: {NETWORK4}, responder: {responder}, ports: {{ h0: [{SUBSCRIBER4}] }} }}\n"


def claims(responder):
    """Both families, a part of the IPv6 prefix excepted."""
    claim = f"neighbours: [h0], responder: {responder}"
    return ("prefixes:\n"
            f"  - {{ prefix: {CLAIM6}, {claim}, except: [\"{DEAD}\"] }}\n"
            f"  - {{ prefix: {CLAIM4}, {claim} }}\n")


def load(node, *words, lines=None, fine=True):
    """neighbour_load in @node; what it printed. A wrong answer breaks the run where answers have to be @fine."""
    done = node.run(PROGRAMS / "neighbour_load", *words, input=lines, timeout=300, **pinned(CLIENT_CORE))
    said = json.loads(done.stdout)
    if fine and (said["wrong"] or said["late"]):
        raise Broken(f"{said['wrong']} wrong answers and {said['late']} too many of {said['asked']}: {done.stderr}")
    return said


class Side:
    """A host that answers, and who asks it, on a cable of their own."""

    def __init__(self, stage, name, fine=False):
        self.stage, self.fine, self.asker4 = stage, fine, ASKER4
        self.host, self.client = stage.node(f"{name}h"), stage.node(f"{name}c")
        stage.link(self.host, "h0", self.client, "c0")
        self.client.sysctl("net/ipv6/conf/c0/disable_ipv6", 1)
        self.host.ip("address", "add", f"{HOST4}/24", "dev", "h0")
        self.host.ip("address", "add", f"{HOST6}/64", "dev", "h0", "nodad")
        self.host.sysctl("net/ipv6/conf/all/forwarding", 1)
        self.host.sysctl("net/ipv4/ip_forward", 1)
        self.mac, asker = (json.loads(node.ip("-json", "link", "show", link))[0]["address"]
                           for node, link in ((self.host, "h0"), (self.client, "c0")))
        # ndppd and npd6 hand their answers to the kernel, which would ask for the asker first.
        for address in (ASKER4, ASKER6):
            self.host.ip("neighbour", "add", address, "lladdr", asker, "dev", "h0", "nud", "permanent")
        self.pids = list

    def ask(self, prefix, *words, mac=None):
        """One turn of the generator, which asks from @mac where another is at work as well."""
        asker = (ASKER6 if ":" in prefix else self.asker4) + (f"@{mac}" if mac else "")
        return load(self.client, *words, "c0", self.mac, asker, prefix, fine=self.fine)

    def daemon(self, name, text):
        """Lets multihomed answer."""
        daemon = Daemon(self.host, text, name)
        daemon.launch(**pinned(SERVER_CORE)).wait_line("^ready$", 60)
        self.pids = lambda: processes(daemon)
        self.fine = True
        return daemon

    def peer(self, program, package, *words):
        """Lets a program of Debian answer."""
        path, variables = find(program, package)
        process = self.host.spawn(path, *words, env=variables, **pinned(SERVER_CORE))
        self.pids = lambda: [process.pid]
        self.process = process

    def answers(self, prefix):
        """Whether it answers by now."""
        return self.ask(prefix, "-n", 1, "-d", 0)["answers"]


class Turn:
    """One side asked for a while: answers a second by the clock, and what both sides' processes paid for one."""

    def __init__(self, side, prefix, milliseconds, targets=1000, window=1):
        for _ in range(ATTEMPTS):
            numbers = side.pids()
            before = cpu_seconds(numbers)
            said = side.ask(prefix, "-a", targets, "-w", window, "-t", milliseconds, "-d", 0)
            spent = cpu_seconds(numbers) - before
            if said["answers"]:
                break
        else:
            raise Broken(f"no answer for {prefix} in {ATTEMPTS} turns: {said}")
        self.rate = said["answers"] / said["seconds"]
        self.per_core_second = said["answers"] * 1e6 / said["cpu_us"]
        self.us = (spent * 1e6 + said["cpu_us"]) / said["answers"]
        self.p50, self.p99, self.wrong = said["p50_us"], said["p99_us"], said["wrong"]


def rate_row(name, pairs, goal=None, by="rate"):
    """Answers a second of two sides, with what these take and cost below.

    Two responders in the kernel do their work on the client's core, and are compared for each second (@by
    "per_core_second") that it was the generator's; where a process is one side, the clock has the word.
    """
    def middle(side, what):
        return statistics.median(getattr(pair[side], what) for pair in pairs)

    wrong = sum(pair[1].wrong for pair in pairs)
    return compare("neighbours", name, "/s", [(getattr(a, by), getattr(b, by)) for a, b in pairs], goal,
                   f"median {middle(0, 'p50'):.1f} : {middle(1, 'p50'):.1f} us, p99 {middle(0, 'p99'):.1f} : "
                   f"{middle(1, 'p99'):.1f}, both cores {middle(0, 'us'):.1f} : {middle(1, 'us'):.1f} us an answer"
                   + (f"; {wrong} answers of the peer are wrong" if wrong else ""))


def ndppd(side, rule):
    config = side.stage.file(f"ndppd-{side.host.role}.conf", f"proxy h0 {{ ttl 30000 {rule} }}\n")
    side.peer("ndppd", "ndppd", "-c", config)


def npd6(side):
    network = ipaddress.IPv6Network(CLAIM6).network_address.exploded
    config = side.stage.file("npd6.conf", f"prefix={network[:20]}\ninterface=h0\n")
    side.peer("npd6", "npd6", "-f", "-l", side.stage.folder / "npd6.log", "-c", config)


@dataclasses.dataclass
class Ours:
    """Our responder as it chooses itself, and the one without eBPF."""
    kernel: Side
    worker: Side


@contextlib.contextmanager
def ours_on(stage):
    sides = Ours(Side(stage, "o"), Side(stage, "w"))
    daemons = [sides.kernel.daemon("auto", claims("auto")), sides.worker.daemon("worker", claims("worker"))]
    for side in (sides.kernel, sides.worker):
        wait_until(lambda: side.answers(CLAIM6) and side.answers(CLAIM4), 20, "our responder to answer")
    yield sides
    for daemon in daemons:
        daemon.stop()


def count_rows(sides, plan):
    """However many targets."""
    for side, name, by in ((sides.kernel, "NDP", "per_core_second"), (sides.worker, "NDP by the worker", "rate")):
        for count in TARGETS[1:]:
            pairs = turns(plan.rounds, lambda: Turn(side, LIVE_PART, plan.turn_ms, count),
                          lambda: Turn(side, LIVE_PART, plan.turn_ms, 1))
            yield rate_row(f"{name}, {count:,} targets : one", pairs, AS_MANY, by)


def faults(side):
    """Kinds of questions that a side does not answer as it should (RFC 4861, 7.1.1 and 7.2; RFC 4862, 5.4.3)."""
    found = []
    for kind, prefix, *words in KINDS:
        count = 20000 if kind == "malformed" else 4
        said = load(side.client, *words, "-n", count, "c0", side.mac, ASKER6, prefix, fine=False)
        if said["wrong"] or said["late"] or said["lost"]:
            found.append(kind)
    return found


def right_rows(sides, peers):
    """What each kind of question gets, beside whom."""
    for side, name in ((sides.kernel, "ours"), (sides.worker, "our worker")):
        mine = faults(side)
        if mine:
            raise Broken(f"{name} is wrong about what is {', '.join(mine)}")
    for peer, name in peers:
        theirs = faults(peer)
        right = len(KINDS) - len(theirs)
        yield Row("neighbours", f"kinds of questions, right : {name}", "", len(KINDS), right,
                  [len(KINDS) / max(1, right)],
                  note=f"{name} is wrong about what is {', '.join(theirs)}" if theirs else "")


def discovery_rows(stage, sides, plan):
    """Beside the daemons that do it."""
    static, sparse = Side(stage, "d"), Side(stage, "n")
    ndppd(static, f"rule {CLAIM6} {{ static }}")
    npd6(sparse)
    for peer in (static, sparse):
        wait_until(lambda: peer.answers(CLAIM6), 20, "a peer to answer")
    yield from right_rows(sides, ((static, "ndppd"), (sparse, "npd6")))
    # ndppd walks a list of all targets that it was asked for of late; the first rows are kind to it.
    for count, window, goal in ((1000, 1, None), (1000, 32, None), (65000, 1, FASTER_THAN_NDPPD)):
        for side, who in ((sides.kernel, "NDP"), (sides.worker, "NDP by the worker")):
            pairs = turns(plan.rounds, lambda: Turn(side, LIVE_PART, plan.turn_ms, count, window),
                          lambda: Turn(static, LIVE_PART, plan.turn_ms, count, window))
            yield rate_row(f"{who} : ndppd, {count:,} targets" + (", 32 in flight" if window > 1 else ""), pairs,
                           goal if side is sides.kernel else None)
    pairs = turns(plan.rounds, lambda: Turn(sides.kernel, LIVE_PART, plan.turn_ms),
                  lambda: Turn(sparse, LIVE_PART, plan.turn_ms))
    yield rate_row("NDP : npd6", pairs)
    static.process.end()
    sparse.process.end()


def resolution_rows(stage, sides, plan):
    """ARP, beside Linux itself, and a program."""
    anycast, proxy = Side(stage, "a", fine=True), Side(stage, "p", fine=True)
    anycast.host.ip("route", "add", "local", CLAIM4, "dev", "lo")
    stage.link(proxy.host, "h1", anycast.client, "unused")
    proxy.host.ip("address", "add", "203.0.113.1/24", "dev", "h1")
    proxy.host.ip("route", "add", CLAIM4, "dev", "h1")
    proxy.host.sysctl("net/ipv4/conf/h0/proxy_arp", 1)
    proxy.host.sysctl("net/ipv4/neigh/h0/proxy_delay", 0)
    program = Side(stage, "q")
    program.asker4 = SUBSCRIBER4
    daemon = program.daemon("program", network("worker"))
    wait_until(lambda: program.answers(PART4), 20, "our worker to answer")
    for peer, name, goal, by in (
            (anycast, "ARP : Linux for AnyIP", AS_THE_KERNEL, "per_core_second"),
            (proxy, "ARP : proxy_arp", None, "per_core_second"),
            (program, "ARP : a program (our worker)", FASTER_THAN_PARPD, "rate")):
        pairs = turns(plan.rounds, lambda: Turn(sides.kernel, PART4, plan.turn_ms, 64),
                      lambda: Turn(peer, PART4, plan.turn_ms, 64))
        yield rate_row(name, pairs, goal, by)
    daemon.stop()


def proxy_rows(stage, sides, plan):
    """Linux' own proxy, which has a list of addresses. Filling it takes time that grows with its square."""
    peer = Side(stage, "x", fine=True)
    peer.host.sysctl("net/ipv6/conf/h0/proxy_ndp", 1)
    peer.host.sysctl("net/ipv6/neigh/h0/proxy_delay", 0)
    base = ipaddress.IPv6Network(LISTED).network_address
    peer.host.run("ip", "-6", "-batch", "-", timeout=900, input="".join(
        f"neighbour add proxy {base + number} dev h0\n" for number in range(plan.proxied)))
    # As many targets as there are entries, and these spread over the list; the generator's are random numbers.
    inside = f"{base}/{128 - (plan.proxied - 1).bit_length()}"
    pairs = turns(max(3, plan.rounds // 2), lambda: Turn(sides.kernel, inside, plan.turn_ms, plan.proxied),
                  lambda: Turn(peer, inside, plan.turn_ms, plan.proxied))
    yield rate_row(f"NDP : proxy_ndp with {plan.proxied:,} entries", pairs,
                   FASTER_THAN_PROXY if plan.proxied >= 65536 else None)


def runs_of_programs():
    """Nanoseconds that eBPF programs of neighbours ran for, in all."""
    tool = shutil.which("bpftool", path="/usr/sbin:/sbin:/usr/bin:/bin")
    done = subprocess.run([tool, "-j", "prog", "show"], capture_output=True, text=True, check=True)
    return sum(program.get("run_time_ns", 0) for program in json.loads(done.stdout)
               if re.match("neigh", program.get("name", "")))


class Scan:
    """A scan of addresses that nobody has, and meanwhile a few questions for those that somebody has."""

    def __init__(self, side, dead, live, seconds):
        scanned = {}

        def scan():
            scanned.update(side.ask(dead, "-a", 1000000, "-q", SCAN, "-t", seconds * 1000, "-S", mac=SCANNER))

        # A first, short one: what a responder needs once, it has then.
        side.ask(dead, "-a", 1000000, "-q", SCAN, "-t", 300, "-r", 1, "-S", mac=SCANNER)
        pids = side.pids()
        thread = threading.Thread(target=scan)
        with statistics_on():
            memory, spent, ran, start = resident_bytes(pids), cpu_seconds(pids), runs_of_programs(), time.monotonic()
            thread.start()
            self.live = side.ask(live, "-a", LIVE, "-q", LIVE_RATE, "-t", seconds * 1000 - 500, "-d", 0)
            thread.join()
            took = time.monotonic() - start
            self.growth = max(0, resident_bytes(pids) - memory)
            self.core = (cpu_seconds(pids) - spent + (runs_of_programs() - ran) / 1e9) / took
        if not scanned or scanned["asked"] < SCAN * seconds * 0.9:
            raise Broken(f"a scan of {SCAN}/s did not succeed: {scanned}")
        if not self.live["answers"] or (side.fine and self.live["lost"]):
            raise Broken(f"live addresses did not answer during a scan: {self.live}")
        self.p99 = self.live["p99_us"] / 1e6


def scan_rows(stage, sides, plan):
    """ndppd asks a further link before it answers, and so remembers every target that was ever asked for."""
    peer, behind = Side(stage, "s"), stage.node("behind")
    stage.link(peer.host, "h1", behind, "b0")
    live = FEW
    for number in range(16):
        behind.ip("address", "add", f"{ipaddress.IPv6Network(CLAIM6)[number]}/128", "dev", "b0", "nodad")
    ndppd(peer, f"rule {CLAIM6} {{ iface h1 }}")
    wait_until(lambda: peer.answers(live), 20, "ndppd to find a live address")
    seconds = plan.scan_seconds
    theirs = Scan(peer, DEAD, live, seconds)
    for side, name in ((sides.kernel, "scan"), (sides.worker, "scan, worker")):
        mine = Scan(side, DEAD, live, seconds)
        yield Row("neighbours", f"{name} {SCAN}/s, {seconds} s: memory grows : ndppd's", "B", mine.growth,
                  theirs.growth, [mine.growth], NO_GROWTH, "the goal is one of bytes")
        yield Row("neighbours", f"{name}: p99 of the live : ndppd's", "s", mine.p99, theirs.p99, [mine.p99], PROMPT,
                  "the goal is one of seconds")
        yield Row("neighbours", f"{name}: share of a core, % : ndppd's", "", mine.core * 100, theirs.core * 100,
                  [mine.core], CHEAP)
    peer.process.end()


def neighbours_rows(stage, plan):
    with ours_on(stage) as sides:
        yield from count_rows(sides, plan)
        yield from resolution_rows(stage, sides, plan)
        yield from discovery_rows(stage, sides, plan)
        yield from scan_rows(stage, sides, plan)
        yield from proxy_rows(stage, sides, plan)
