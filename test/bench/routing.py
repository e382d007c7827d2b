# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes and rules in great numbers: applied, applied again, moved, repaired, and what they cost each packet.

Beside us the same by `ip -batch` and by BIRD's static and kernel protocols, each in a namespace of its own.
"""

import ipaddress
import json
import pathlib
import socket
import statistics
import struct
import threading
import time

from apply import Apply, batch
from debian import find
from lab import wait_until
from measure import Broken, Goal, compare, resident_bytes, timed, turns
from stage import CLIENT4, PROGRAMS, SERVER_CORE, pinned, processes

NOTHING = "prefixes: []\n"
RTMGRP_IPV4_ROUTE, RTMGRP_IPV4_RULE = 1 << 6, 1 << 7
RTM_NEWROUTE, RTM_NEWRULE = 24, 32
SO_RCVBUFFORCE = 33
TABLE = 100
GATEWAYS = CLIENT4, "192.0.2.3"
FASTER_THAN_BATCH = Goal("<=", 0.4)
FASTER_THAN_BIRD = Goal("<=", 1 / 1.5)
A_FIFTH = Goal("<=", 0.2)
A_HUNDREDTH = Goal("<=", 0.01)
A_TENTH = Goal("<=", 0.1)
FEW_BYTES = Goal("<=", 250)
QUICK_PLAN = Goal("<=", 0.150)
QUICK_REPAIR = Goal("<=", 0.005)
CHEAP = Goal("<=", 2000)


def destinations(count):
    """@count networks of 24 bits, none of which anybody else in the lab has."""
    base = int(ipaddress.ip_address("16.0.0.0"))
    return [f"{ipaddress.IPv4Address(base + 256 * number)}/24" for number in range(count)]


def table_text(networks, gateway):
    """A table of as many routes as @networks, all by one next hop."""
    lines = ["routing:", "  nexthop-compat: false", f"  nexthops: {{ upstream: {{ via: {gateway}, link: h0 }} }}",
             "  tables:", "    many:", f"      id: {TABLE}", "      routes:", "      - via: upstream", "        to:"]
    lines += [f"        - {network}" for network in networks]
    return "\n".join(lines) + "\n"


def gatewayed(node):
    """Neighbours that nobody has, so that nothing is resolved."""
    for number, gateway in enumerate(GATEWAYS):
        node.ip("neighbour", "replace", gateway, "lladdr", f"02:00:00:00:01:{number:02x}", "dev", "h0", "nud",
                "permanent")


def emptied(node):
    """Its routes by way of h0 go with the link, at once; `ip route flush` takes minutes for a million."""
    node.ip("link", "set", "h0", "down")
    node.ip("link", "set", "h0", "up")
    gatewayed(node)


def connected(stage, name):
    """Another host like the one of the stage: h0, with the gateways behind it."""
    node, far = stage.node(name), stage.node(f"{name}f")
    stage.link(node, "h0", far, "f0")
    node.ip("address", "add", "192.0.2.1/24", "dev", "h0")
    gatewayed(node)
    return node


class Bird:
    """BIRD 2 with static routes for a kernel table, in the foreground."""

    def __init__(self, stage, node, networks):
        program, variables = find("bird", "bird2")
        routes = "".join(f"  route {network} via {GATEWAYS[0]};\n" for network in networks)
        self.node = node
        self.socket = str(stage.file("bird.ctl", ""))
        pathlib.Path(self.socket).unlink()
        config = stage.file("bird.conf", "log stderr all;\nrouter id 192.0.2.1;\nipv4 table many;\n"
                            "protocol device {}\n"
                            f"protocol kernel {{ kernel table {TABLE}; ipv4 {{ table many; export all; }}; }}\n"
                            f"protocol static {{ ipv4 {{ table many; }};\n{routes}}}\n")
        self.process = node.spawn(program, "-f", "-c", str(config), "-s", self.socket, "-P",
                                  str(pathlib.Path(self.socket).with_suffix(".pid")), env=variables)

    def stop(self):
        self.process.stop()


def bird_seconds(stage, node, networks):
    """From its start until the kernel has them all."""
    start = time.perf_counter()
    bird = Bird(stage, node, networks)
    wait_until(lambda: count_is(node, len(networks)), 600, "BIRD to install all routes")
    took = time.perf_counter() - start
    bird.stop()
    emptied(node)
    return took


def count_is(node, count):
    """By the statistics of the FIB trie: they cost no dump."""
    triestat = node.run("cat", "/proc/net/fib_triestat").stdout
    block = triestat.split(f"Id {TABLE}:")[1] if f"Id {TABLE}:" in triestat else ""
    leaves = [line for line in block.splitlines() if "Prefixes:" in line]
    return bool(leaves) and int(leaves[0].split(":")[1]) >= count


def routes_rows(stage, plan):
    """Many routes by one next hop: the first apply, the second, another gateway."""
    gatewayed(stage.host)
    networks = destinations(plan.routes)
    texts = [table_text(networks, gateway) for gateway in GATEWAYS]
    script = stage.file("many-routes", "".join(f"route add {network} via {GATEWAYS[0]} dev h0 table {TABLE} proto 110\n"
                                               for network in networks))
    batcher, birder = connected(stage, "b"), connected(stage, "d")
    daemon = stage.daemon(NOTHING, "routes", core=None)
    idle = resident_bytes(processes(daemon))
    again, moved = [], []

    def ours():
        first = Apply(daemon, texts[0])
        grown = resident_bytes(processes(daemon)) - idle - len(texts[0])
        sizes.append((grown / len(networks), 1))
        daemon.status()
        second = Apply(daemon, texts[0])
        if second.operations:
            raise Broken(f"a second apply of the same was {second.operations} operations, not 0")
        third = Apply(daemon, texts[1])
        if third.operations != 1:
            raise Broken(f"another gateway was {third.operations} operations, not 1")
        again.append((second.engine, first.engine))
        moved.append((third.apply, first.apply))
        Apply(daemon, NOTHING)
        return first.wall

    def by_batch():
        took, _ = timed(batch, batcher, script, 600)
        emptied(batcher)
        return took

    sizes = []
    many = f"{len(networks):,} routes"
    pairs = turns(plan.route_rounds, ours, by_batch)
    yield compare("routes", f"{many}, command : ip -batch", "s", pairs, FASTER_THAN_BATCH)
    bird = [(mine, bird_seconds(stage, birder, networks)) for mine, _ in pairs]
    yield compare("routes", f"{many}, command : BIRD, static to kernel", "s", bird, FASTER_THAN_BIRD)
    yield compare("routes", "second apply : first, engine", "s", again, A_FIFTH, "0 operations")
    yield compare("routes", "another gateway : first apply, the kernel's part", "s", moved, A_HUNDREDTH, "1 operation")
    yield compare("routes", "memory of the engine for a route, beyond the text", "B", sizes, FEW_BYTES, many)
    daemon.stop()


def changed_line_rows(stage, plan):
    """`mhctl plan` of one line changed among many, by the engine's own clock."""
    gatewayed(stage.host)
    networks = destinations(min(plan.routes, 100000))
    daemon = stage.daemon(table_text(networks, GATEWAYS[0]), "plan", core=None)
    changed = daemon.file("changed.yaml", table_text(networks[:-1] + ["203.0.113.0/24"], GATEWAYS[0]))
    times = []
    for _ in range(plan.route_rounds):
        reply = daemon.ctl("plan", changed, "--json")
        if len(reply["operations"]) != 2:
            raise Broken(f"one changed line was {len(reply['operations'])} operations, not 2")
        times.append((sum(reply["timing"][part] for part in ("read_us", "decide_us")) / 1e6, 1))
    yield compare("routes", f"plan of one changed line among {len(networks):,}", "s", times, QUICK_PLAN)
    daemon.stop()


def sources(count):
    base = int(ipaddress.ip_address("10.64.0.0"))
    return [f"{ipaddress.IPv4Address(base + number)}/32" for number in range(count)]


def rules_text(count):
    lines = ["routing:", "  tables:", "    other:", f"      id: {TABLE}",
             f"      routes: [{{ to: default, via: {GATEWAYS[0]}, link: h0 }}]", "  rules:"]
    lines += [f"    - {{ from: {source}, table: other }}" for source in sources(count)]
    return "\n".join(lines) + "\n"


def rules_rows(stage, plan):
    """Many rules by source: how long they take to install, and what they cost a packet that none of them is for."""
    gatewayed(stage.host)
    daemon = stage.daemon(NOTHING, "rules", core=None)
    batcher = connected(stage, "b")
    script = stage.file("many-rules", "".join(f"rule add from {source} table {TABLE} protocol 110\n"
                                              for source in sources(plan.rules)))

    def ours():
        first = Apply(daemon, rules_text(plan.rules))
        second = Apply(daemon, rules_text(plan.rules))
        if second.operations:
            raise Broken(f"a second apply of the same was {second.operations} operations, not 0")
        Apply(daemon, NOTHING)
        return first.wall

    def by_batch():
        took, _ = timed(batch, batcher, script, 600)
        batcher.ip("rule", "flush", "protocol", "110")
        return took

    yield compare("rules", f"{plan.rules:,} rules, command : ip -batch", "s",
                  turns(plan.route_rounds, ours, by_batch), A_TENTH)
    bare = [cost(stage.host, plan) for _ in range(plan.route_rounds)]
    Apply(daemon, rules_text(1000))
    ruled = [cost(stage.host, plan) for _ in range(plan.route_rounds)]
    yield compare("rules", "a packet pays for 1,000 intents, ns", "", [(max(b - a, 1), 1) for a, b in zip(bare, ruled)],
                  CHEAP, f"{statistics.median(bare):.0f} ns without")
    daemon.stop()


def cost(node, plan):
    """Nanoseconds of a datagram to a neighbour that nobody has."""
    done = node.run(str(PROGRAMS / "send_cost"), GATEWAYS[0], str(plan.sends), **pinned(SERVER_CORE))
    return float(done.stdout)


class Watch(threading.Thread):
    """Notes when the kernel tells of what comes and goes."""

    def __init__(self, node, groups):
        super().__init__(daemon=True)
        with node.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.bind((0, groups))
        self.seen = []
        self.start()

    def run(self):
        while True:
            message = self.socket.recv(65536)
            self.seen.append((time.perf_counter(), struct.unpack_from("=H", message, 4)[0]))

    def absence(self, added):
        """How long it was away: from when it was deleted to when it was added."""
        wait_until(lambda: any(kind == added for _, kind in list(self.seen)), 10, "what was deleted to come back")
        gone = min(when for when, kind in self.seen if kind == added + 1)
        return min(when for when, kind in self.seen if kind == added and when >= gone) - gone


def drift_rows(stage, plan):
    """One route, one rule of many taken away by somebody: how long until it is back."""
    gatewayed(stage.host)
    networks = destinations(min(plan.routes, 100000))
    text = table_text(networks, GATEWAYS[0])
    text += "  rules:\n" + "".join(f"    - {{ from: {source}, table: many }}\n" for source in sources(50))
    daemon = stage.daemon(text, "drift", core=None)
    watch = Watch(stage.host, RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE)
    ruled = [rule for rule in json.loads(stage.host.ip("-json", "rule", "show")) if 1000 <= rule["priority"] < 30000]
    for name, added, removals in (
            ("route", RTM_NEWROUTE, [("route", "del", network, "table", str(TABLE)) for network in networks]),
            ("rule", RTM_NEWRULE, [("rule", "del", "pref", str(rule["priority"])) for rule in ruled])):
        times = []
        for removal in removals[:plan.drifts]:
            time.sleep(0.1)
            watch.seen.clear()
            stage.host.ip(*removal)
            times.append(watch.absence(added))
        yield compare("drift", f"a {name} among {len(networks):,} is back, p99", "s",
                      [(sorted(times)[int(len(times) * 0.99)], 1)], QUICK_REPAIR,
                      f"median {statistics.median(times) * 1000:.2f} ms of {len(times)}")
    daemon.stop()
