# SPDX-License-Identifier: GPL-3.0-or-later
"""One address per customer, as people live with it: the drawing is in street.py."""

import contextlib
import ipaddress
import re
import socket
import threading
import time

import pytest

import ask
import street as streets
from lab import scaled, wait_until
from street import (ALICE, FAMILIES, PORT, Home, addresses, config, datagram, gateway, mac_of, outside_of, pings,
                         reaches, send_raw)
from test_links import need

both = pytest.mark.parametrize("family", FAMILIES)
RESPONDERS = pytest.mark.parametrize("responder", ["auto", "worker"])


@pytest.fixture
def street(lab):
    return streets.street(lab)


def status(one):
    """What status tells of each subscriber, by name."""
    return {entry["name"]: entry for entry in one.feature("subscribers")["subscribers"]}


def talk(one, other, family, which=0):
    """Ping, TCP and UDP from one home to another's address."""
    target = other.address(family, which)
    reaches(one.node, target)
    assert ask.tcp(one.node, target, PORT).decode().strip().endswith(target)
    answer = ask.udp(one.node, target, PORT + 1, b"hello")
    assert answer and answer.right and answer.data == b"pktinfo: hello"


@both
@RESPONDERS
@pytest.mark.stock
def test_adjacent_addresses_are_on_opposite_sides(street, daemon, family, responder):
    """Story 5, word for word."""
    daemon(street.host, street.config(f"responder: {responder}"))
    alice, bob, carol, dave = street.homes
    for home in street.homes:
        home.serve()
    # .5 and .6 are on different ports; .6 and .99 are one customer's; .7 and .8 share a port.
    for one, other, which in ((alice, bob, 0), (alice, bob, 1), (bob, alice, 0), (carol, dave, 0), (carol, alice, 0),
                              (bob, dave, 0)):
        talk(one, other, family, which)
    for home in street.homes:
        reaches(home.node, gateway(family))
        reaches(home.node, outside_of(family))
        reaches(street.outside.node, home.address(family))
    # Everybody's neighbours are where we are, whoever they are.
    for home, port in ((alice, "eth3"), (bob, "eth4"), (carol, "br0"), (dave, "br0")):
        known = {address: mac for address, mac in home.neighbours().items() if not address.startswith("fe80:")}
        assert known and set(known.values()) == {mac_of(street.host, port)}, (home, known)


@both
def test_an_address_costs_one_address(street, daemon, family):
    """The last ones of the network, and what others would call network and broadcast, are customers like others."""
    numbers = (0xfe,) if family == 4 else (0xfffe,)
    eve = Home(street.host.lab.node("eve"), numbers)
    street.host.lab.link(street.host, "eth5", eve.node, "eth0")
    if family == 4:
        eve.node.ip("address", "add", "10.1.2.254/24", "dev", "eth0")
        eve.node.ip("route", "add", "default", "via", gateway(4))
        own = "10.1.2.254"
    else:
        own = streets.address(6, 0xfffe)
        eve.node.ip("address", "add", f"{own}/64", "dev", "eth0", "nodad")
        eve.node.ip("route", "add", "::/0", "via", gateway(6))
    daemon(street.host, config({**street.ports(), "eth5": [own]}))
    reaches(eve.node, street.alice.address(family))
    reaches(street.alice.node, own)
    reaches(street.outside.node, own)
    # It cost us a route, and no address of the network.
    shown = street.host.ip("-o", "address", "show", "dev", "eth5")
    held = [word.split()[3] for word in shown.splitlines() if "fe80:" not in word]
    assert sorted(held) == sorted([f"{gateway(4)}/32", f"{gateway(6)}/128"])


@both
def test_a_second_apply_does_nothing_and_the_end_leaves_nothing(street, daemon, family):
    before = street.host.snapshot()
    one = daemon(street.host, street.config())
    plan = one.plan()
    assert plan.exit == 0, plan.said()
    reaches(street.alice.node, outside_of(family))
    one.stop()

    wait_until(lambda: set(street.host.snapshot()) == set(before), 10, "everything to be as it was")


class Heard:
    """What arrives at a UDP port of a node, whatever its source."""

    def __init__(self, node, family, port=4000):
        with node.inside():
            self.socket = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.bind(("" if family == 4 else "::", port))
        self.sources = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                self.sources.append(self.socket.recvfrom(2048)[1][0])


@both
def test_who_lies_is_not_forwarded_and_is_counted(street, daemon, family):
    one = daemon(street.host, street.config())
    alice, bob = street.alice, street.bob
    heard = Heard(street.outside.node, family)
    port = mac_of(street.host, "eth3")
    reaches(alice.node, outside_of(family))
    before = status(one)["eth3"]["spoofed"]
    lies = 20
    foreign = "192.0.2.77" if family == 4 else "2001:db8:bad::1"
    for source in (bob.address(family), foreign, gateway(family)):
        for _ in range(lies):
            send_raw(alice.node, "eth0", port, datagram(source, outside_of(family)))
    send_raw(alice.node, "eth0", port, datagram(alice.address(family), outside_of(family)))
    wait_until(lambda: heard.sources, 10, "the datagram that is no lie")
    assert set(heard.sources) == {alice.address(family)}
    wait_until(lambda: status(one)["eth3"]["spoofed"] - before >= 3 * lies, 10, "the lies to be counted")
    assert status(one)["eth3"]["spoofed"] - before == 3 * lies
    assert status(one)["eth4"]["spoofed"] == 0
    talk_port_is_fine(alice, bob, family)


def talk_port_is_fine(one, other, family):
    reaches(one.node, other.address(family))
    reaches(other.node, one.address(family))


@both
def test_who_claims_anothers_address_gets_nothing_of_its_traffic(street, daemon, family):
    """Alice says to everybody that bob's address is hers, and takes it; bob never notices."""
    daemon(street.host, street.config())
    alice, bob = street.alice, street.bob
    theirs = bob.address(family)
    reaches(street.outside.node, theirs)
    ping = street.outside.node.spawn("ping", "-n", "-i", "0.02", theirs)
    ping.wait_line("bytes from")
    length = 24 if family == 4 else 64
    alice.node.ip("address", "add", f"{theirs}/{length}", "dev", "eth0", *(["nodad"] if family == 6 else []))
    for _ in range(3):
        alice.node.run("ping", "-n", "-c", 2, "-i", "0.1", "-W", 1, "-I", theirs, outside_of(family), check=False)
    ping.signal(2)
    ping.wait()
    told = re.search(r"(\d+) packets transmitted, (\d+) received", ping.said())
    assert told[1] == told[2], ping.said()
    assert not pings(alice.node, outside_of(family), "-I", theirs)
    alice.node.ip("address", "del", f"{theirs}/{length}", "dev", "eth0")
    reaches(alice.node, outside_of(family))


@both
def test_an_address_is_bound_to_a_mac(street, daemon, family):
    """Carol and dave share a port: with her own MAC and his address she is nobody."""
    one = daemon(street.host, street.config(bound=True))
    carol, dave = street.carol, street.dave
    heard = Heard(street.outside.node, family)
    reaches(carol.node, outside_of(family))
    reaches(dave.node, outside_of(family))
    before = status(one)["dave"]["spoofed"]
    port = mac_of(street.host, "br0")
    for _ in range(10):
        send_raw(carol.node, "eth0", port, datagram(dave.address(family), outside_of(family)))
    send_raw(carol.node, "eth0", port, datagram(carol.address(family), outside_of(family)))
    wait_until(lambda: heard.sources, 10, "carol's own datagram")
    assert set(heard.sources) == {carol.address(family)}
    wait_until(lambda: status(one)["dave"]["spoofed"] - before == 10, 10, "the lies to be counted where they hurt")
    entries = street.host.ip("neighbour", "show", dave.address(family), "dev", "br0")
    assert "PERMANENT" in entries and dave.mac in entries


@both
def test_a_subscriber_moves_by_an_apply(street, daemon, family):
    """Bob takes his host to another port; what he had open goes on, and nothing stays behind."""
    host, bob = street.host, street.bob
    lab = host.lab
    ports = street.ports()
    one = daemon(host, config({**ports, "eth5": []}))
    moved = Home(lab.node("moved"), bob.numbers)
    lab.link(host, "eth5", moved.node, "eth0")
    moved.move_in()
    target = bob.address(family)
    reaches(street.outside.node, target)
    ping = street.outside.node.spawn("ping", "-n", "-i", "0.01", target)
    ping.wait_line("bytes from")
    one.apply(config({"eth3": ports["eth3"], "eth4": [], "br0": ports["br0"], "eth5": ports["eth4"]}))
    wait_until(lambda: len(ping.lines) > 60, 10, "more answers")
    ping.signal(2)
    ping.wait()
    told = re.search(r"(\d+) packets transmitted, (\d+) received", ping.said())
    assert int(told[1]) - int(told[2]) <= 1, ping.said()
    assert "dev eth5" in host.ip("route", "get", target)
    assert not host.routes("dev", "eth4", "proto", "109") and target not in host.ip("neighbour", "show", "dev", "eth4")
    reaches(street.alice.node, target)
    # He is gone from where he was: what still comes from there is a lie.
    assert not pings(bob.node, outside_of(family), "-I", target)


@both
def test_a_subscriber_that_left_is_gone(street, daemon, family):
    one = daemon(street.host, street.config())
    reaches(street.outside.node, street.bob.address(family))
    ports = street.ports()
    del ports["eth4"]
    one.apply(config(ports))
    assert not pings(street.outside.node, street.bob.address(family))
    assert not street.host.routes("dev", "eth4", "proto", "109")
    shown = street.host.ip("-o", "address", "show", "dev", "eth4")
    assert not [line for line in shown.splitlines() if "fe80:" not in line]
    # And nobody follows the default route in search of it.
    assert "No route to host" in street.host.run("ip", "route", "get", street.bob.address(family), check=False).stderr


@both
def test_the_gateway_is_on_two_machines_at_once(lab, daemon, family):
    """Two hosts share the network, each with half of the customers; the tables tell where the others are."""
    west, east = lab.node("west"), lab.node("east")
    lab.link(west, "mid", east, "mid")
    for node, number in ((west, 1), (east, 2)):
        node.ip("address", "add", f"172.16.0.{number}/30", "dev", "mid")
        node.ip("address", "add", f"fd00::{number}/64", "dev", "mid", "nodad")
    alice, bob = Home(lab.node("alice"), ALICE), Home(lab.node("bob"), (6,))
    lab.link(west, "eth3", alice.node, "eth0")
    lab.link(east, "eth3", bob.node, "eth0")
    for home in (alice, bob):
        home.move_in()
    for node, home, other, number in ((west, alice, bob, 2), (east, bob, alice, 1)):
        daemon(node, config({"eth3": addresses(home.numbers)}, "unassigned: routed"))
        node.ip("route", "add", other.address(4), "via", f"172.16.0.{number}")
        node.ip("route", "add", other.address(6), "via", f"fd00::{number}")
    for one, other in ((alice, bob), (bob, alice)):
        reaches(one.node, gateway(family))
        reaches(one.node, other.address(family))
    assert alice.neighbours()[gateway(family)] == mac_of(west, "eth3")
    assert bob.neighbours()[gateway(family)] == mac_of(east, "eth3")


def vlan(node):
    node.ip("link", "add", "link", "eth5", "name", "port", "type", "vlan", "id", "5")


def bond(node):
    node.ip("link", "add", "port", "type", "bond", "mode", "active-backup", "miimon", "100")
    node.ip("link", "set", "eth5", "down")
    node.ip("link", "set", "eth5", "master", "port")


def bridge(node):
    node.ip("link", "add", "port", "type", "bridge")
    node.ip("link", "set", "eth5", "master", "port")


def macvlan(node):
    node.ip("link", "add", "link", "eth5", "name", "port", "type", "macvlan")


@both
@pytest.mark.parametrize("kind", [
    pytest.param(vlan, marks=pytest.mark.stock), pytest.param(bond, marks=pytest.mark.stock), bridge, macvlan])
def test_a_port_is_any_link(street, daemon, family, kind):
    """Of VLANs and bonds both ends are; what comes in beside a VLAN, without its tag, is not the port's."""
    host, eve = street.host, Home(street.host.lab.node("eve"), (0x50,), "port" if kind in (vlan, bond) else "eth5")
    need(street.alice.node, *[kind.__name__] if kind in (vlan, bond) else [])
    host.lab.link(host, "eth5", eve.node, "eth5")
    for node in (host, eve.node) if kind in (vlan, bond) else (host,):
        kind(node)
        node.ip("link", "set", "eth5", "up")
        node.ip("link", "set", "port", "up")
    eve.move_in()
    one = daemon(host, config({**street.ports(), "port": addresses(eve.numbers)}))
    heard = Heard(street.outside.node, family)
    for target in (gateway(family), street.alice.address(family), street.bob.address(family, 1), outside_of(family)):
        reaches(eve.node, target)
    reaches(street.alice.node, eve.address(family))
    assert set(eve.neighbours().values()) - {mac_of(host, "port")} == set()
    lie = datagram(street.bob.address(family), outside_of(family))
    before = status(one)["port"]["spoofed"]
    for packet in (lie, lie, lie, datagram(eve.address(family), outside_of(family))):
        send_raw(eve.node, eve.link, mac_of(host, "port"), packet)
    wait_until(lambda: heard.sources, 10, "the datagram that is no lie")
    assert set(heard.sources) == {eve.address(family)}
    wait_until(lambda: status(one)["port"]["spoofed"] - before == 3, 10, "the lies to be counted")


def test_neighbours_that_we_know_do_not_fill_the_table(lab, daemon):
    """Five thousand of them, where the machine may have a thousand, and another namespace has its own as ever."""
    count, ports = scaled(5000), 5
    network = ipaddress.ip_network("10.64.0.0/16")
    host = lab.node("host")
    lines = ["subscribers:", f"  gateway: {network[1]}/16", "  ports:"]
    every = []
    for port in range(ports):
        far = lab.node(f"far{port}")
        lab.link(host, f"eth{port}", far, "eth0")
        # Everybody lives there but the gateway.
        far.ip("route", "add", "local", str(network), "dev", "lo")
        far.ip("route", "add", network[1], "dev", "eth0", "table", "local")
        far.ip("route", "add", "default", "dev", "eth0")
        far.ip("neighbour", "add", network[1], "lladdr", mac_of(host, f"eth{port}"), "dev", "eth0", "nud", "permanent")
        here = [str(network[2 + port * count // ports + number]) for number in range(count // ports)]
        lines.append(f"    eth{port}:")
        lines += [f"      - {{ name: s{port}x{number}, addresses: [{one}] }}" for number, one in enumerate(here)]
        every += here
    daemon(host, "\n".join(lines) + "\n")
    missing = set(every)
    with host.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # An ARP request for each; Linux sends it with the first datagram.
    deadline = time.monotonic() + 120
    while missing and time.monotonic() < deadline:
        for one in sorted(missing):
            sock.sendto(b"x", (one, 9))
        time.sleep(1)
        known = host.ip("-o", "neighbour", "show").splitlines()
        missing -= {line.split()[0] for line in known if re.search("REACHABLE|DELAY|STALE|PROBE", line)}
    assert not missing, f"{len(missing)} of {len(every)} are not resolved"
    assert len(re.findall("extern_learn", host.ip("neighbour", "show"))) == len(every)
