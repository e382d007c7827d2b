# SPDX-License-Identifier: GPL-3.0-or-later
"""One address per subscriber: a thousand ask for everything, five thousand are reached, thirty thousand applied.

         p0 ------- c0
    host  ...         subscribers, one namespace, of whom only neighbour_load believes that they are there
         p999 --- c999

Each eighty subscribers believe in a /24 and a /64 of their own, and have one to three addresses of each, not adjacent.
Beside us stands Linux' proxy_arp without its delay, on as many ports.
"""

import contextlib
import dataclasses
import ipaddress
import json
import re
import socket
import statistics
import struct
import subprocess
import threading
import time

from apply import Apply
from daemon import Daemon
from measure import Broken, Goal, Row, compare, resident_bytes, turns
from neighbours import load
from stage import processes

NOTHING = "prefixes: []\n"
A_NETWORK = 80			# subscribers that believe in one network
QUESTIONS = 256
MANY_PORTS = 10
ALL = Goal(">=", 1)
NONE, ONE = Goal("<=", 0), Goal("<=", 1)
AS_THE_KERNEL = Goal("<=", 1.2)
LINEAR = Goal("<=", 1.05)
A_KIB = Goal("<=", 1)


@dataclasses.dataclass
class Subscriber:
    """Who lives at one port, and what they ask for."""
    port: int
    networks: tuple		# IPv4, IPv6: the first 256 addresses of what they believe in
    addresses: tuple		# a list of each

    @classmethod
    def numbered(cls, number):
        network, place = divmod(number, A_NETWORK)
        networks = (ipaddress.ip_network(f"10.1.{network}.0/24"), ipaddress.ip_network(f"2001:db8:1:{network:x}::/120"))
        places = [2 + place + A_NETWORK * step for step in range(1 + place % 3)]
        return cls(number, networks, tuple([str(net[at]) for at in places] for net in networks))


def population(count):
    return [Subscriber.numbered(number) for number in range(count)]


def quoted(words):
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def config(people):
    """The lines of the manual, one for each of them."""
    gateways = sorted({f"{one.networks[0][1]}/24" for one in people} | {f"{one.networks[1][1]}/64" for one in people})
    lines = ["subscribers:", f"  gateway: {quoted(gateways)}", "  ports:"]
    lines += [f"    p{one.port}: {quoted(one.addresses[0] + one.addresses[1])}" for one in people]
    return "\n".join(lines) + "\n"


class Ports:
    """A host with many ports, and the far ends of their cables in one namespace."""

    def __init__(self, stage, name, count):
        self.stage, self.count = stage, count
        self.host, self.far = stage.node(f"{name}h"), stage.node(f"{name}f")
        self.far.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
        for node, letter in ((self.host, "p"), (self.far, "c")):
            node.sysctl("net/ipv4/ip_forward", 1)
            node.sysctl("net/ipv6/conf/all/forwarding", 1)
        lines = [f"link add p{number} netns {self.host.name} type veth peer name c{number} netns {self.far.name}"
                 for number in range(count)]
        subprocess.run(["ip", "-batch", "-"], check=True, text=True, capture_output=True, input="\n".join(lines))
        for node, letter in ((self.far, "c"), (self.host, "p")):
            node.ip_batch([f"link set {letter}{number} up" for number in range(count)])
        stage.link(self.host, "up0", stage.node(f"{name}u"), "u0")
        self.host.ip("address", "add", "203.0.113.1/24", "dev", "up0")
        self.host.ip("route", "add", "default", "via", "203.0.113.2")
        shown = json.loads(self.host.ip("-json", "link", "show"))
        self.macs = {link["ifname"]: link["address"] for link in shown}

    def ask(self, people, family, *words, spoofed=False, fine=True):
        """Every subscriber asks for all; or, when @spoofed, asks with the next one's address."""
        lines = []
        for one, other in zip(people, people[1:] + people[:1]):
            sender = (other if spoofed else one).addresses[family][0]
            lines.append(" ".join([f"c{one.port}", self.macs[f"p{one.port}"], sender, str(one.networks[family]),
                                   *one.addresses[family]]))
        return load(self.far, "-e", *words, *(["-S"] if spoofed else []), "-", lines="\n".join(lines) + "\n", fine=fine)


def proxied(ports, people):
    """Linux' own way: the gateway and proxy_arp on each port, a route to each address."""
    lines = []
    for one in people:
        lines.append(f"address add {one.networks[0][1]}/32 dev p{one.port}")
        lines += [f"route add {address}/32 dev p{one.port}" for address in one.addresses[0]]
        ports.host.sysctl(f"net/ipv4/neigh/p{one.port}/proxy_delay", 0)
    ports.host.ip_batch(lines)
    ports.host.sysctl("net/ipv4/conf/all/proxy_arp", 1)


def right_row(name, ports, people, family):
    """Of all questions, those whose answer, or whose silence, was right."""
    said = ports.ask(people, family, "-d", 10)
    right = said["answers"] + said["silent"]
    wanted = sum(len(one.addresses[family]) for one in people)
    if said["asked"] != len(people) * QUESTIONS or said["silent"] != wanted:
        raise Broken(f"{said['silent']} questions for own addresses, and there are {wanted}: {said}")
    return Row("subscribers", name, "", right, said["asked"], [right / said["asked"]], ALL,
               f"{said['silent']} of them with silence; p50 {said['p50_us']:.1f} us, p99 {said['p99_us']:.1f} us")


def spoofed_row(name, ports, people, family, goal=NONE, fine=True):
    """Answers to questions that bear somebody else's address."""
    said = ports.ask(people, family, "-d", 10, spoofed=True, fine=fine)
    return Row("subscribers", name, "", said["wrong"], said["asked"], [said["wrong"] / said["asked"]], goal)


def asked_rows(stage, plan):
    """A thousand subscribers ask for 256 addresses each."""
    people = population(plan.subscribers)
    ours, peer = Ports(stage, "o", len(people)), Ports(stage, "k", len(people))
    proxied(peer, people)
    daemon = Daemon(ours.host, config(people), "subscribers").start()
    who = f"{len(people):,} x {QUESTIONS}"
    yield right_row(f"{who} questions, right : all", ours, people, 0)
    yield right_row(f"{who} questions, IPv6, right : all", ours, people, 1)
    yield spoofed_row("spoofed questions: answered : all", ours, people, 0)
    yield spoofed_row("spoofed questions, IPv6: answered : all", ours, people, 1)
    yield spoofed_row("spoofed questions: proxy_arp answers : all", peer, people, 0, None, False)
    pairs = turns(plan.subscriber_rounds, lambda: ours.ask(people, 0, "-d", 5),
                  lambda: peer.ask(people, 0, "-d", 5, fine=False))
    yield compare("subscribers", "p99 of an answer : proxy_arp's", "s",
                  [(a["p99_us"] / 1e6, b["p99_us"] / 1e6) for a, b in pairs], AS_THE_KERNEL,
                  f"median {statistics.median(a['p50_us'] for a, _ in pairs):.1f} : "
                  f"{statistics.median(b['p50_us'] for _, b in pairs):.1f} us")
    daemon.stop()


def crowd(count):
    """@count subscribers of one network on few ports, as the manual has several on a port."""
    network = ipaddress.ip_network("10.64.0.0/15")
    lines = ["subscribers:", f"  gateway: {network[1]}/{network.prefixlen}", "  ports:"]
    for port in range(MANY_PORTS):
        lines.append(f"    p{port}:")
        for number in range(port * count // MANY_PORTS, (port + 1) * count // MANY_PORTS):
            lines.append(f"      - {{ name: s{number}, addresses: [{network[number + 2]}] }}")
    return "\n".join(lines) + "\n", [str(network[number + 2]) for number in range(count)]


class Pinger:
    """Echo requests to many at once, from one raw socket."""

    def __init__(self, node):
        with node.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)	# SO_RCVBUFFORCE
        self.socket.settimeout(0.2)

    def reached(self, addresses, attempts=5):
        """How many of them answer."""
        missing = set(addresses)
        for _ in range(attempts):
            for number, address in enumerate(sorted(missing)):
                with contextlib.suppress(OSError):	# no room for another neighbour
                    self.socket.sendto(self._request(), (address, 0))
                if number % 64 == 63:
                    self._hear(missing, 0.001)
            self._hear(missing, 0.5)
            if not missing:
                break
        return len(addresses) - len(missing)

    @staticmethod
    def _request():
        """Type 8, a checksum of nothing but its first words."""
        return struct.pack("!BBHHH", 8, 0, 0xffff - 0x0800 - 0x6d68, 0x6d68, 0)

    def _hear(self, missing, seconds):
        self.socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            while True:
                packet, sender = self.socket.recvfrom(128)
                if packet[20] == 0:
                    missing.discard(sender[0])


def reached_rows(stage, plan):
    """All are reached, though the machine may have no more than 1,024 neighbours that nobody told it of."""
    host = stage.node("r")
    for port in range(MANY_PORTS):
        far = stage.node(f"r{port}")
        stage.link(host, f"p{port}", far, "c0")
        # Everybody lives there but the gateway.
        far.ip("route", "add", "local", "10.64.0.0/15", "dev", "lo")
        far.ip("route", "add", "10.64.0.1", "dev", "c0", "table", "local")
        far.ip("route", "add", "default", "dev", "c0")
        # Its own neighbours are counted as well, and they are ours to keep few.
        far.ip("neighbour", "add", "10.64.0.1", "lladdr", json.loads(host.ip("-json", "link", "show", f"p{port}"))[0]
               ["address"], "dev", "c0", "nud", "permanent")
    text, addresses = crowd(plan.reached)
    daemon = Daemon(host, text, "reached").start()
    count = Pinger(host).reached(addresses)
    limit = int(open("/proc/sys/net/ipv4/neigh/default/gc_thresh3", encoding="ascii").read())
    yield Row("subscribers", f"{len(addresses):,} subscribers: reached : all", "", count, len(addresses),
              [count / len(addresses)], ALL, f"gc_thresh3 is {limit}, and no MAC is in the file")
    daemon.stop()


def crowd_rows(stage, plan):
    """What a subscriber costs when there are many."""
    ports = Ports(stage, "m", MANY_PORTS)
    daemon = Daemon(ports.host, NOTHING, "many").start()
    few, many = 1000, plan.crowd
    texts = {count: crowd(count)[0] for count in (few, many)}
    sizes, times = {few: [], many: []}, {few: [], many: []}
    for _ in range(plan.subscriber_rounds):
        for count in (few, many):
            done = Apply(daemon, texts[count])
            times[count].append(done.engine / count)
            sizes[count].append(resident_bytes(processes(daemon)))
            if Apply(daemon, texts[count]).operations:
                raise Broken(f"a second apply of {count} subscribers did something")
            Apply(daemon, NOTHING)
    pairs = list(zip(times[many], times[few]))
    yield compare("subscribers", f"apply, each of {many:,} : of {few:,}", "s", pairs, LINEAR)
    each = (statistics.median(sizes[many]) - statistics.median(sizes[few])) / (many - few)
    yield Row("subscribers", "memory of a subscriber : 1 KiB", "B", each, 1024, [each / 1024], A_KIB)
    daemon.stop()


class Pings(threading.Thread):
    """ping at 100/s, until it is told to end."""

    def __init__(self, node, address):
        super().__init__()
        self.process = node.spawn("ping", "-n", "-i", "0.01", address)
        self.process.wait_line("bytes from", 10)

    def lost(self):
        """Ends it, a moment after the last answer is due."""
        time.sleep(0.3)
        self.process.signal(2)
        self.process.wait()
        told = re.search(r"(\d+) packets transmitted, (\d+) received", self.process.said())
        return int(told[1]) - int(told[2])


class Home:
    """A host that has been told what every customer is told: an address of the network, and the gateway."""

    def __init__(self, stage, host, port, address):
        self.node = stage.node(f"h{port}")
        stage.link(host, f"p{port}", self.node, "eth0")
        self.node.ip("address", "add", f"{address}/24", "dev", "eth0")
        self.node.ip("route", "add", "default", "via", "10.1.2.1")


def few_config(**ports):
    lines = ["subscribers:", "  gateway: 10.1.2.1/24", "  ports:"]
    return "\n".join(lines + [f"    {port}: [{address}]" for port, address in ports.items()]) + "\n"


def change_rows(stage, plan):
    """What is lost of 100 echo requests a second while others come and go, and while one moves."""
    host, outside = stage.node("g"), stage.node("out")
    stage.link(host, "up0", outside, "u0")
    host.ip("address", "add", "203.0.113.1/24", "dev", "up0")
    host.sysctl("net/ipv4/ip_forward", 1)
    outside.ip("address", "add", "203.0.113.2/24", "dev", "u0")
    outside.ip("route", "add", "default", "via", "203.0.113.1")
    homes = {port: Home(stage, host, port, address)
             for port, address in ((0, "10.1.2.5"), (1, "10.1.2.6"), (2, "10.1.2.6"))}
    daemon = Daemon(host, few_config(p0="10.1.2.5"), "change").start()
    lost = {name: [] for name in ("add", "move", "remove")}
    for _ in range(plan.changes):
        pings = Pings(outside, "10.1.2.5")
        daemon.apply(few_config(p0="10.1.2.5", p1="10.1.2.6"))
        answer = outside.run("ping", "-c", 1, "-W", 1, "10.1.2.6", check=False)
        lost["add"].append(pings.lost() + (answer.returncode != 0))
        pings = Pings(outside, "10.1.2.6")
        time.sleep(0.2)
        daemon.apply(few_config(p0="10.1.2.5", p2="10.1.2.6"))
        lost["move"].append(pings.lost())
        pings = Pings(homes[2].node, "10.1.2.5")
        other = Pings(outside, "10.1.2.5")
        pings.lost()
        daemon.apply(few_config(p0="10.1.2.5"))
        lost["remove"].append(other.lost())
    for name, goal in (("add", NONE), ("move", ONE), ("remove", NONE)):
        worst = max(lost[name])
        yield Row("subscribers", f"{name}, under 100 echo requests/s: lost", "", worst, sum(lost[name]), [worst], goal,
                  f"the worst of {len(lost[name])}, and the sum")
    daemon.stop()


def subscribers_rows(stage, plan):
    yield from change_rows(stage, plan)
    yield from reached_rows(stage, plan)
    yield from crowd_rows(stage, plan)
    yield from asked_rows(stage, plan)
