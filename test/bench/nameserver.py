# SPDX-License-Identifier: GPL-3.0-or-later
"""The name server: ours on a whole prefix beside others on one address, and beside a program that only echoes.

kxdpgun (Debian's knot-dnsutils) asks at a fixed rate, in frames of its own making, and counts what comes back.
"""

import random
import re
import shutil

from debian import find
from measure import Broken, Goal, compare, cpu_seconds, turns
from stage import CLIENT4, CLIENT_CORE, HOST4, PROGRAMS, pinned, processes

CLAIM = "198.51.100.0/24"
ASKED = "198.51.100.7"
PACKAGES = {"gdnsd": "gdnsd", "knotd": "knot"}
PORTS = {"gdnsd": 5301, "knotd": 5302, "nsd": 5303, "echo": 5304}
HOSTS = 1000
ATTEMPTS = 3
RATE = re.compile(r"total (queries|replies): +(\d+)")
COUNTED = re.compile(r"Queries (sent|completed|lost): +(\d+)")

ZONE = """$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ NS ns2
@ NS ns3
ns1 A 192.0.2.1
ns2 A 192.0.2.2
ns3 A 192.0.2.3
www 30 A 192.0.2.80
www 30 AAAA 2001:db8::80
""" + "".join(f"h{number:07d} A 10.0.{number >> 8}.{number & 255}\n" for number in range(HOSTS))

LIMIT = "  rate-limit: { per-second: 50, slip: %d }\n"

OURS = f"""
prefixes: [{{ prefix: {CLAIM} }}]
dns:
  listen: [{CLAIM}]
  zones: [{{ name: example.com, file: example.com.zone }}]
"""

GDNSD = """options => {{
  listen => [ "{host}" ], dns_port => {port}, run_dir => "{folder}/run", state_dir => "{folder}/state",
  udp_threads => 1, tcp_threads => 1, edns_client_subnet => false
}}
"""

KNOTD = """server:
    rundir: {folder}/run
    listen: {host}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}/state
zone:
  - domain: example.com
    storage: {folder}
    file: example.com.zone
"""


def questions():
    """Nine of ten exist, some have another type, some do not exist."""
    generator = random.Random(1)
    lines = []
    for _ in range(20000):
        kind = generator.random()
        if kind < 0.9:
            lines.append(f"h{generator.randrange(HOSTS):07d}.example.com. A")
        else:
            lines.append("www.example.com. AAAA" if kind < 0.95 else f"x{generator.randrange(10**6)}.example.com. A")
    return "\n".join(lines) + "\n"


class Turn:
    """One server asked for a while at a rate: what it answered, and what an answer cost it."""

    def __init__(self, names, who, rate):
        address, port, pids = names.servers[who]
        for _ in range(ATTEMPTS):
            numbers = pids()
            before = cpu_seconds(numbers)
            said = names.ask(address, port, rate)
            spent = cpu_seconds(numbers) - before
            counted = dict((name, int(number)) for name, number in RATE.findall(said))
            if counted.get("replies"):
                break
        else:
            raise Broken(f"{who} answers nothing; kxdpgun said\n{said}")
        self.answered = counted["replies"] / counted["queries"]
        self.cost = spent / counted["replies"]


class StreamTurn:
    """The same by dnsperf over TCP, 20 connections that stay; what was not answered is lost."""

    def __init__(self, names, who):
        address, port, pids = names.servers[who]
        numbers = pids()
        before = cpu_seconds(numbers)
        said = names.stage.client.run("dnsperf", "-m", "tcp", "-c", 20, "-q", 200, "-l", names.plan.names_seconds,
                                      "-s", address, "-p", port, "-d", names.file, **pinned(CLIENT_CORE)).stdout
        spent = cpu_seconds(numbers) - before
        counted = dict((name, int(number)) for name, number in COUNTED.findall(said))
        if not counted.get("completed"):
            raise Broken(f"{who} answers nothing over TCP; dnsperf said\n{said}")
        self.lost = counted["lost"] / counted["sent"]
        self.cost = spent / counted["completed"]


class LimitTurn:
    """Ours under a flood from one address at a rate, with rate-limit or without."""

    def __init__(self, names, rate, slip=None):
        daemon = names.daemon
        daemon.write(OURS + (LIMIT % slip if slip is not None else ""))
        daemon.ctl("apply", expect=0)
        numbers = processes(daemon)
        before = cpu_seconds(numbers)
        said = names.ask(ASKED, 53, rate)
        spent = cpu_seconds(numbers) - before
        counted = dict((name, int(number)) for name, number in RATE.findall(said))
        self.out = counted["replies"] / counted["queries"]
        self.cost = spent / counted["queries"]


class Names:
    """The servers, all running; those that are not asked sleep."""

    def __init__(self, stage, plan):
        self.stage = stage
        self.plan = plan
        stage.wake_client(CLAIM)
        self.file = stage.file("questions", questions())
        stage.file("multihomed-h/example.com.zone", ZONE)
        self.daemon = stage.daemon(OURS)
        self.servers = {
            "ours": (ASKED, 53, lambda: processes(self.daemon)),
            "echo": (HOST4, PORTS["echo"], stage.server(PROGRAMS / "echo_plain", HOST4, PORTS["echo"])),
        }
        for name, text, words in (("gdnsd", GDNSD, ("-c", "{folder}", "start")),
                                  ("knotd", KNOTD, ("-c", "{folder}/config"))):
            self.peer(name, text, words)

    def peer(self, name, text, words):
        for part in ("run", "state", "zones"):
            (self.stage.folder / name / part).mkdir(parents=True)
        folder = self.stage.folder / name
        self.stage.file(f"{name}/config", text.format(folder=folder, host=HOST4, port=PORTS[name]))
        self.stage.file(f"{name}/example.com.zone", "$ORIGIN example.com.\n" + ZONE)
        self.stage.file(f"{name}/zones/example.com", ZONE)
        path, variables = find(name, PACKAGES[name])
        words = [word.format(folder=folder) for word in words]
        pids = self.stage.silent_server(PORTS[name], path, *words, env=variables)
        self.servers[name] = (HOST4, PORTS[name], pids)

    def ask(self, address, port, rate):
        done = self.stage.client.run("kxdpgun", "-i", self.file, "-Q", rate, "-t", self.plan.names_seconds,
                                     "-F", CLIENT_CORE, "-I", "c0", "-l", CLIENT4, "-R", self.stage.mac, "-p", port,
                                     address, **pinned(CLIENT_CORE))
        return done.stdout + done.stderr

    def rows(self, peer, rate, answered, cost):
        pairs = turns(self.plan.rounds, lambda: Turn(self, "ours", rate), lambda: Turn(self, peer, rate))
        shown = f"{rate // 1000} k/s : {peer}"
        yield compare("names", f"answered, {shown}", "", [(a.answered * rate, b.answered * rate) for a, b in pairs],
                      answered)
        yield compare("names", f"core for an answer, {shown}", "s", [(a.cost, b.cost) for a, b in pairs], cost)

    def stream_row(self, peer):
        pairs = turns(self.plan.rounds, lambda: StreamTurn(self, "ours"), lambda: StreamTurn(self, peer))
        lost = max(ours.lost for ours, _ in pairs)
        yield compare("names", f"core for an answer over TCP : {peer}", "s", [(a.cost, b.cost) for a, b in pairs],
                      Goal("<=", 1), note=f"lost of ours: {lost:.2%} at most" if lost else "")

    def limit_rows(self, rate):
        """Last, since they leave another configuration behind."""
        pairs = turns(self.plan.rounds, lambda: LimitTurn(self, rate, 0), lambda: LimitTurn(self, rate))
        yield compare("names", f"core for a question, {rate // 1000} k/s, limited : not", "s",
                      [(a.cost, b.cost) for a, b in pairs], Goal("<=", 1.05))
        yield compare("names", f"answers to {rate // 1000} k/s from one address, limited : all", "",
                      [(a.out, 1) for a, _ in pairs], Goal("<=", 0.01))


def names_rows(stage, plan):
    if not shutil.which("kxdpgun"):
        return
    names = Names(stage, plan)
    yield from names.rows("echo", 100000, None, Goal("<=", 1.08))
    yield from names.rows("gdnsd", 100000, None, Goal("<=", 1))
    yield from names.rows("gdnsd", 150000, Goal(">=", 1), None)
    yield from names.rows("knotd", 150000, Goal(">=", 1.3), None)
    if shutil.which("dnsperf"):
        yield from names.stream_row("knotd")
        yield from names.stream_row("gdnsd")
    yield from names.limit_rows(50000)
