# SPDX-License-Identifier: GPL-3.0-or-later
"""The name server, as resolvers and secondaries see it.

    client ---- router ==== host      the claims are routed to the host's eth0; its default route is eth1, so an answer
                                      from the wrong address would be one from 10.0.2.2 or 2001:db8:a2::2
                                      (topology.Routed)
"""

import ipaddress
import json
import os
import selectors
import signal
import struct
import threading
import time

import pytest

import names
import topology
from ask import random_addresses, same
from lab import patience, scaled, wait_until
from names import question, read

CLAIM4, CLAIM6 = topology.CLAIM4, "2001:db8:1::/48"
SEVENTH = {CLAIM4: "198.51.100.7", CLAIM6: "2001:db8:1:5::7"}

both = pytest.mark.parametrize("claim", (CLAIM4, CLAIM6))


@pytest.fixture
def wide(lab):
    """The routed network, with a /24 and a /48."""
    return topology.routed(lab, (CLAIM4, CLAIM6))


def configuration(more="", zone="{ name: example.com, file: example.com.zone }"):
    return f"""
prefixes: [{{ prefix: {CLAIM4} }}, {{ prefix: "{CLAIM6}" }}]
dns:
  listen: [{CLAIM4}, "{CLAIM6}"]
  zones:
    - {zone}
{more}
"""


def serve(daemon, node, text=None, zone=None):
    one = daemon(node, "{}", start=False)
    one.file("example.com.zone", zone or names.zone())
    one.write(text or configuration())
    return one.start()


def worker_of(one):
    """The number of the process that answers."""
    workers = one.ctl("status", "--json").get("workers", [])
    return next(worker["pid"] for worker in workers if worker["name"] == "dns")


def test_every_address_of_a_24_and_a_thousand_of_a_48_answer_from_themselves(wide, daemon):
    serve(daemon, wide.host)
    asked = [str(address) for address in ipaddress.ip_network(CLAIM4)]
    for addresses in (asked, random_addresses(CLAIM6, 1000, seed=5)):
        sources = names.ask_many(wide.client, addresses, question("www.example.com"))
        assert len(sources) == len(addresses)
        wrong = {asked: source for asked, source in sources.items() if not same(asked, source)}
        assert not wrong
        for address in addresses:
            reply = read(names.tcp(wide.client, address, question("www.example.com")))
            assert names.addresses(reply) == ["192.0.2.80"]


@both
def test_a_hundred_questions_in_one_go_over_tcp(wide, daemon, claim):
    serve(daemon, wide.host)
    with names.tcp_socket(wide.client, SEVENTH[claim]) as sock:
        queries = [question("big.example.com" if number % 3 else "www.example.com", "TXT" if number % 3 else "AAAA")
                   for number in range(100)]
        sock.sendall(b"".join(map(names.framed, queries)))
        for query in queries:
            assert names.hear(sock)[:2] == query[:2]


def test_half_a_message_waits_and_is_not_for_ever(wide, daemon):
    serve(daemon, wide.host, configuration("  tcp: { idle: 1s }"))
    query = names.framed(question("www.example.com"))
    with names.tcp_socket(wide.client, SEVENTH[CLAIM4]) as sock:
        for byte in query[:-1]:
            sock.sendall(bytes([byte]))
            time.sleep(0.01)
        sock.sendall(query[-1:])
        assert names.addresses(read(names.hear(sock))) == ["192.0.2.80"]
        sock.sendall(query[:5])
        sock.settimeout(patience(30))
        with pytest.raises(ConnectionResetError):
            if not sock.recv(1):
                raise ConnectionResetError


def test_keepalive_tells_how_long_a_connection_may_be_idle(wide, daemon):
    serve(daemon, wide.host, configuration("  tcp: { idle: 7s }"))
    keepalive = names.option(11)
    reply = read(names.tcp(wide.client, SEVENTH[CLAIM4], question("www.example.com", use_edns=0, options=[keepalive])))
    told = [option for option in reply.options if option.otype == 11]
    assert told and told[0].to_wire() == struct.pack(">H", 70)
    reply = read(names.udp(wide.client, SEVENTH[CLAIM4],
                           question("www.example.com", use_edns=0, options=[keepalive])).data)
    assert not [option for option in reply.options if option.otype == 11]


class Asker(threading.Thread):
    """Asks at a steady pace over UDP, each query once; over TCP, a connection for each query. Counts what is lost."""

    def __init__(self, node, address, pace=0.002):
        super().__init__(daemon=True)
        self.node, self.address, self.pace = node, address, pace
        self.over = threading.Event()
        self.sent, self.heard, self.tcp_sent, self.tcp_heard, self.broken = {}, {}, 0, 0, 0
        self.start()

    def run(self):
        with names.udp_socket(self.node, self.address) as sock:
            sock.setblocking(False)
            number = 0
            while not self.over.is_set():
                self.sent[number] = time.monotonic()
                sock.sendto(struct.pack(">H", number & 0xffff) + question("www.example.com")[2:], (self.address, 53))
                if number % 10 == 0:
                    self.ask_tcp()
                self.take(sock, self.pace)
                number += 1
            end = time.monotonic() + patience(5)
            while len(self.heard) < len(self.sent) and time.monotonic() < end:
                self.take(sock, 0.05)

    def take(self, sock, seconds):
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            if not selector.select(seconds):
                return
        for _ in range(100):
            try:
                data = sock.recv(4096)
            except BlockingIOError:
                return
            self.heard[struct.unpack(">H", data[:2])[0]] = names.addresses(read(data))

    def ask_tcp(self):
        self.tcp_sent += 1
        try:
            if names.tcp(self.node, self.address, question("www.example.com")):
                self.tcp_heard += 1
                return
        except OSError:
            pass
        self.broken += 1

    def end(self):
        self.over.set()
        self.join(patience(30))
        return self

    @property
    def lost(self):
        return len(self.sent) - len(self.heard)


@both
def test_a_reload_of_the_zone_loses_nothing(wide, daemon, claim):
    one = serve(daemon, wide.host)
    asker = Asker(wide.client, SEVENTH[claim])
    for serial in range(2, 2 + scaled(20)):
        one.file("example.com.zone", names.zone(serial, f"192.0.2.{serial}"))
        one.ctl("dns", "reload", expect=0)
        reply = read(names.udp(wide.client, SEVENTH[claim], question("www.example.com")).data)
        assert names.addresses(reply) == [f"192.0.2.{serial}"]
    asker.end()
    assert (asker.lost, asker.broken) == (0, 0)
    seen = [addresses[0] for _, addresses in sorted(asker.heard.items())]
    assert len(set(seen)) > 2


def test_a_reload_is_over_when_the_new_zone_answers(wide, daemon):
    def large(serial):
        return names.zone(serial, records="".join(f"h{number} A 10.{serial}.{number >> 8 & 255}.{number & 255}\n"
                                                  for number in range(scaled(500000))))

    one = serve(daemon, wide.host, zone=large(1))
    asker = Asker(wide.client, SEVENTH[CLAIM4])
    one.file("example.com.zone", large(2))
    one.ctl("dns", "reload", expect=0)
    assert read(names.udp(wide.client, SEVENTH[CLAIM4], question("example.com", "SOA")).data).answer[0][0].serial == 2
    asker.end()
    assert (asker.lost, asker.broken) == (0, 0)


@both
def test_a_broken_zone_keeps_the_old_one_and_is_told(wide, daemon, claim):
    one = serve(daemon, wide.host)
    one.file("example.com.zone", names.zone(2) + "www CNAME other\n")
    assert "CNAME" in " ".join(one.apply(expect=2).texts)
    reply = read(names.udp(wide.client, SEVENTH[claim], question("example.com", "SOA")).data)
    assert reply.answer[0][0].serial == 1


@both
def test_a_worker_that_is_killed_loses_no_query_that_waits(wide, daemon, claim):
    one = serve(daemon, wide.host)
    asker = Asker(wide.client, SEVENTH[claim], pace=0.01)
    for _ in range(scaled(5)):
        time.sleep(0.2)
        before = worker_of(one)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: worker_of(one) not in (0, before), 20, "another worker")
    asker.end()
    # What the dead one had read and not answered is gone, and connections that it had.
    assert asker.lost <= scaled(5)
    assert asker.broken <= scaled(5)


@both
def test_own_addresses_that_change_lose_nothing(wide, daemon, claim):
    def own(last):
        return configuration(zone=f"{{ name: example.com, file: example.com.zone, names: {{ www: "
                                  f"{{ self: {{ ttl: 5s, addresses: 192.0.2.{last} }} }} }} }}")

    one = serve(daemon, wide.host, own(1))
    asker = Asker(wide.client, SEVENTH[claim])
    for last in range(2, 2 + scaled(10)):
        one.write(own(last))
        one.apply()
        reply = read(names.udp(wide.client, SEVENTH[claim], question("www.example.com")).data)
        assert names.addresses(reply) == [f"192.0.2.{last}"] and reply.answer[0].ttl == 5
    asker.end()
    assert (asker.lost, asker.broken) == (0, 0)
    assert () not in {tuple(addresses) for addresses in asker.heard.values()}


def test_the_log_tells_which_address_was_asked_for_which_name(wide, daemon):
    log = wide.host.lab.folder / "queries"
    serve(daemon, wide.host, configuration(f"  log: {{ file: {log}, addresses: true }}"))
    asked = random_addresses(CLAIM6, 50, seed=1)
    for number, address in enumerate(asked):
        assert names.udp(wide.client, address, question(f"n{number}.example.com")).right
    wait_until(lambda: len(log.read_text().splitlines()) == 50, 10, "50 lines")
    told = {line["name"]: line["asked"] for line in map(json.loads, log.read_text().splitlines())}
    for number, address in enumerate(asked):
        assert same(told[f"n{number}.example.com."], address)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_log_that_takes_nothing_hinders_nobody(wide, daemon):
    serve(daemon, wide.host, configuration("  log: { file: /dev/full }"))
    for _ in range(scaled(100)):
        assert names.udp(wide.client, SEVENTH[CLAIM4], question("www.example.com")).right


@both
def test_a_new_version_of_the_program_loses_nothing(wide, daemon, claim):
    one = serve(daemon, wide.host)
    asker = Asker(wide.client, SEVENTH[claim])
    with names.tcp_socket(wide.client, SEVENTH[claim]) as kept:
        for _ in range(2):
            before = worker_of(one)
            one.ctl("upgrade", expect=0)
            assert worker_of(one) not in (0, before)
            kept.sendall(names.framed(question("www.example.com")))
            assert read(names.hear(kept)).answer
    asker.end()
    assert (asker.lost, asker.broken) == (0, 0)
