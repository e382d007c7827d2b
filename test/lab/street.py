# SPDX-License-Identifier: GPL-3.0-or-later
"""Customers on plain Ethernet, each of whom believes in one big network, and the host that makes it true.

    outside 203.0.113.2 ---------- up0  host  eth3 ------------ alice  .5
            2001:db8:cb::2      .1, ::1       eth4 ------------ bob    .6, .99
                                              br0 --- k7 ------ carol  .7         the ports of the bridge are isolated,
                                                  \\-- k8 ------ dave   .8         as those of access switches are

The network is 10.1.2.0/24 and 2001:db8:12::/64, its gateway .1, which is what every customer has been told. Nothing
else is configured at a customer.
"""

import dataclasses
import ipaddress
import json
import pathlib
import socket
import struct
import sys

from daemon import BUILD
from lab import Node, wait_until

NETWORK4, NETWORK6 = "10.1.2.0/24", "2001:db8:12::/64"
GATEWAY4, GATEWAY6 = "10.1.2.1", "2001:db8:12::1"
OUTSIDE4, OUTSIDE6 = "203.0.113.2", "2001:db8:cb::2"
FAMILIES = (4, 6)
LOAD = BUILD / "test/bench/neighbour_load"
SERVERS = pathlib.Path(__file__).with_name("servers.py")
PORT = 7000

ALICE, BOB, CAROL, DAVE = (5,), (6, 0x99), (7,), (8,)


def address(family, number):
    """The address that ends in @number, decimal or hexadecimal as people write it: .99 and ::99."""
    return f"10.1.2.{number:x}" if family == 4 else f"2001:db8:12::{number:x}"


def addresses(numbers):
    return [address(family, number) for family in FAMILIES for number in numbers]


def gateway(family):
    return GATEWAY4 if family == 4 else GATEWAY6


def outside_of(family):
    return OUTSIDE4 if family == 4 else OUTSIDE6


def quoted(words):
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def config(ports, more=""):
    """@ports: addresses by name, or a list of (name, addresses, mac or None)."""
    lines = ["subscribers:", f"  gateway: [{GATEWAY4}/24, \"{GATEWAY6}/64\"]"]
    lines += [f"  {line}" for line in more.splitlines()] + ["  ports:"]
    for port, who in ports.items():
        if not who or isinstance(who[0], str):
            lines.append(f"    {port}: {quoted(who)}")
            continue
        lines.append(f"    {port}:")
        for name, theirs, mac in who:
            bound = f', mac: "{mac}"' if mac else ""
            lines.append(f"      - {{ name: {name}, addresses: {quoted(theirs)}{bound} }}")
    return "\n".join(lines) + "\n"


def mac_of(node, link):
    return json.loads(node.ip("-json", "link", "show", link))[0]["address"]


@dataclasses.dataclass
class Home:
    """A customer, set up by hand as the letter of the provider says."""
    node: Node
    numbers: tuple
    link: str = "eth0"

    def move_in(self):
        for number in self.numbers:
            self.node.ip("address", "add", f"{address(4, number)}/24", "dev", self.link)
            self.node.ip("address", "add", f"{address(6, number)}/64", "dev", self.link, "nodad")
        self.node.ip("route", "add", "default", "via", GATEWAY4)
        self.node.ip("route", "add", "::/0", "via", GATEWAY6)
        self.node.wait_addresses()
        return self

    @property
    def mac(self):
        return mac_of(self.node, self.link)

    def address(self, family, which=0):
        return address(family, self.numbers[which])

    def neighbours(self):
        """Whom it believes where: MAC by address, but for those that did not answer."""
        shown = json.loads(self.node.ip("-json", "neighbour", "show", "dev", self.link))
        return {entry["dst"]: entry["lladdr"] for entry in shown
                if "lladdr" in entry and "FAILED" not in entry["state"]}

    def serve(self):
        """A TCP and a UDP server on all of its addresses."""
        for kind, port in (("local", PORT), ("pktinfo", PORT + 1)):
            self.node.spawn(sys.executable, SERVERS, kind, port, ready="^ready$")


@dataclasses.dataclass
class Street:
    """The network above."""
    host: Node
    outside: Home
    alice: Home
    bob: Home
    carol: Home
    dave: Home

    @property
    def homes(self):
        return self.alice, self.bob, self.carol, self.dave

    def ports(self, bound=False):
        """The ports of a configuration that says what the drawing shows."""
        return {"eth3": addresses(ALICE), "eth4": addresses(BOB),
                "br0": [("carol", addresses(CAROL), self.carol.mac if bound else None),
                        ("dave", addresses(DAVE), self.dave.mac if bound else None)]}

    def config(self, more="", bound=False):
        return config(self.ports(bound), more)


def outside(lab, host, link="up0"):
    """Somebody elsewhere, beyond @link of the host."""
    node = lab.node(f"{host.role}out")
    lab.link(host, link, node, "eth0")
    for one, number in ((host, 1), (node, 2)):
        dev = link if one is host else "eth0"
        one.ip("address", "add", f"203.0.113.{number}/24", "dev", dev)
        one.ip("address", "add", f"2001:db8:cb::{number}/64", "dev", dev, "nodad")
    node.ip("route", "add", "default", "via", "203.0.113.1")
    node.ip("route", "add", "::/0", "via", "2001:db8:cb::1")
    return Home(node, ())


def street(lab):
    host = lab.node("host")
    beyond = outside(lab, host)
    alice, bob, carol, dave = (Home(lab.node(name), numbers) for name, numbers in (
        ("alice", ALICE), ("bob", BOB), ("carol", CAROL), ("dave", DAVE)))
    lab.link(host, "eth3", alice.node, "eth0")
    lab.link(host, "eth4", bob.node, "eth0")
    host.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    host.ip("link", "set", "br0", "up")
    for port, home in (("k7", carol), ("k8", dave)):
        lab.link(host, port, home.node, "eth0")
        host.ip("link", "set", port, "master", "br0")
        host.ip("link", "set", port, "type", "bridge_slave", "isolated", "on")
    made = Street(host, beyond, alice, bob, carol, dave)
    for home in made.homes:
        home.move_in()
    host.wait_addresses()
    return made


def ask(node, link, mac, sender, prefix, *words, silent=()):
    """neighbour_load: what it counted, and what it said of wrong answers."""
    return ask_lines(node, [(link, mac, sender, prefix, *silent)], *words)


def ask_lines(node, askers, *words):
    lines = "\n".join(" ".join(map(str, asker)) for asker in askers) + "\n"
    done = node.run(LOAD, *words, "-", input=lines, timeout=600)
    said = json.loads(done.stdout)
    said["told"] = done.stderr
    return said


def all_right(said):
    """Every question was answered as it should, or met the silence that it should."""
    assert not said["wrong"] and not said["late"] and not said["lost"], said
    assert said["answers"] + said["silent"] == said["asked"], said
    return said


def first_256(family):
    return NETWORK4 if family == 4 else "2001:db8:12::/120"


def pings(node, target, *words):
    return node.run("ping", "-n", "-c", 1, "-W", 1, *words, target, check=False).returncode == 0


def reaches(node, target):
    wait_until(lambda: pings(node, target), 15, f"an answer of {target}")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def datagram(source, target, payload=b"lie!"):
    """A UDP datagram with its IP header, from port 4000 to port 4000."""
    one, other = (ipaddress.ip_address(text).packed for text in (source, target))
    length = 8 + len(payload)
    pseudo = one + other + (struct.pack("!HH", 17, length) if len(one) == 4 else struct.pack("!II", length, 17))
    udp = struct.pack("!HHHH", 4000, 4000, length, 0) + payload
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    if len(one) == 16:
        return struct.pack("!IHBB", 6 << 28, length, 17, 64) + one + other + udp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + one + other
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def send_raw(node, link, to_mac, packet, from_mac=None):
    """Sends one IP packet out of @link, by hand."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    with node.inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with sock:
        sock.bind((link, 0))
        to, own = (bytes.fromhex(mac.replace(":", "")) for mac in (to_mac, from_mac or mac_of(node, link)))
        sock.send(to + own + struct.pack("!H", kind) + packet)
