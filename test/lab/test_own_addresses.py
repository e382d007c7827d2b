# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are answered with this server's own addresses, zones that are read again, and what is told of both.

    client ---- router ==== host      the host serves www.example.com on its claims, port 53; its service is a TCP
                                      server on 127.0.0.1:8080, its peers are name servers on the host's loopback
                                      (topology.Routed)
"""

import re
import socket
import struct
import threading

import pytest

from ask import udp_socket
from configuration import CLAIMED, SEVENTH
from lab import patience, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

A, AAAA, SOA = 1, 28, 6
OWN = ["192.0.2.1", "2001:db8::1"]
CHICAGO = ["198.51.100.201"]
TYPES = {A: socket.AF_INET, AAAA: socket.AF_INET6}

ZONE = """\
$TTL 1d
@ SOA ns.example.net. hostmaster.example.net. {serial} 1h 15m 30d 5m
@ NS ns.example.net.
"""

both = pytest.mark.parametrize("claim", CLAIMS)


def config(own="addresses: [192.0.2.1, 2001:db8::1]", more=""):
    return CLAIMED + f"""\
checks:
  web-up: {{ tcp: "127.0.0.1:8080", every: 100ms, timeout: 100ms, rise: 1, fall: 1 }}
dns:
  listen: [{CLAIM4}, "{CLAIM6}"]
  nsid: auckland
  zones:
    - name: www.example.com
      file: www.example.com.zone
      self: {{ ttl: 5m, {own.replace('2001:db8::1', '"2001:db8::1"')}, check: web-up, {more} }}
"""


def name_wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def query(name, kind):
    return struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 1) + name_wire(name) + struct.pack(">HH", kind, 1) + \
        b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)


class Answer:
    """The rcode, addresses and extended errors of an answer that has the question's name compressed."""

    def __init__(self, data, name, kind):
        self.rcode = data[3] & 15
        count = struct.unpack(">H", data[6:8])[0]
        at = 12 + len(name_wire(name)) + 4
        self.addresses, self.ttls = [], []
        for _ in range(count):
            found, _, ttl, length = struct.unpack(">HHIH", data[at + 2:at + 12])
            if found == kind and kind in TYPES:
                self.addresses.append(socket.inet_ntop(TYPES[kind], data[at + 12:at + 12 + length]))
            self.ttls.append(ttl)
            at += 12 + length
        self.not_ready = bool(re.search(rb"\x00\x0f\x00\x02\x00\x0e", data))
        self.serial = None
        if kind == SOA and count:
            self.serial = struct.unpack(">I", data[at - 20:at - 16])[0]


def ask(net, address, kind=A, name="www.example.com", timeout=1.0):
    """Asks from the client; None when nothing comes."""
    with udp_socket(net.client, address) as sock:
        sock.settimeout(patience(timeout))
        sock.sendto(query(name, kind), (address, 53))
        try:
            data, source = sock.recvfrom(4096)
        except TimeoutError:
            return None
    assert source[0] == address, f"asked {address}, answered by {source[0]}"
    return Answer(data, name, kind)


def serve(net, one, text, zone=ZONE.format(serial=1)):
    one.file("www.example.com.zone", zone)
    one.write(text)
    return one.start()


@pytest.fixture
def web(net):
    """A service that can be started and stopped."""
    class Web:
        sock = None

        def start(self):
            with net.host.inside():
                self.sock = socket.socket()
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(("127.0.0.1", 8080))
            self.sock.listen(100)

        def stop(self):
            if self.sock:
                self.sock.close()
            self.sock = None

    one = Web()
    yield one
    one.stop()


class Peer(threading.Thread):
    """A name server on 127.0.0.2 and port 5300, since the daemon has 53 of all addresses,
    that answers every A with @addresses, Not Ready if so."""

    def __init__(self, node, addresses, not_ready=False):
        super().__init__(daemon=True)
        with node.inside():
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.2", 5300))
        self.sock.settimeout(0.2)
        self.addresses, self.not_ready, self.ends = addresses, not_ready, False
        self.start()

    def run(self):
        while not self.ends:
            try:
                data, peer = self.sock.recvfrom(4096)
            except TimeoutError:
                continue
            end = data.index(b"\0", 12) + 5
            answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(address)
                               for address in self.addresses)
            option = b"\x00\x0f\x00\x02\x00\x0e" if self.not_ready else b""
            opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, len(option)) + option
            self.sock.sendto(data[:2] + b"\x84\0" + struct.pack(">HHHH", 1, len(self.addresses), 0, 1) +
                             data[12:end] + answers + opt, peer)

    def end(self):
        self.ends = True
        self.join()
        self.sock.close()


def own_state(one):
    return one.feature("dns")["own_addresses"][0]["state"]


def wait_served(net, asked, kind, addresses):
    """The engine's status is ahead of the name server by a message."""
    wait_until(lambda: ask(net, asked, kind).addresses == addresses, 20, f"{addresses} to be answered")


@both
def test_own_addresses_are_told_while_the_service_is_well(net, daemon, web, claim):
    web.start()
    one = serve(net, daemon(net.host, "", start=False), config())
    wait_until(lambda: own_state(one) == "up", 20, "the check")
    wait_served(net, SEVENTH[claim], A, OWN[:1])
    for kind, address in zip((A, AAAA), OWN):
        answer = ask(net, SEVENTH[claim], kind)
        assert (answer.rcode, answer.addresses, answer.ttls) == (0, [address], [300]) and not answer.not_ready
    web.stop()
    wait_until(lambda: ask(net, SEVENTH[claim]).rcode == 5, 20, "the refusal")
    assert one.feature("dns")["own_addresses"][0]["why"].startswith("check web-up is down")
    web.start()
    wait_until(lambda: ask(net, SEVENTH[claim]).addresses == OWN[:1], 20, "the return")


def test_the_address_asked_is_an_own_address(net, daemon, web):
    web.start()
    one = serve(net, daemon(net.host, "", start=False), config(own="addresses: asked"))
    wait_until(lambda: own_state(one) == "up", 20, "the check")
    for claim, kind, other in ((CLAIM4, A, AAAA), (CLAIM6, AAAA, A)):
        wait_served(net, SEVENTH[claim], kind, [SEVENTH[claim]])
        answer = ask(net, SEVENTH[claim], other)
        assert (answer.rcode, answer.addresses) == (0, [])


@pytest.mark.parametrize("way, rcode", [("servfail", 2), ("nodata", 0), ("silent", None)])
def test_what_is_answered_while_it_is_down_is_chosen(net, daemon, way, rcode):
    one = serve(net, daemon(net.host, "", start=False), config(more=f"when-down: {way}"))
    wait_until(lambda: own_state(one) == "down", 20, "the check")
    answer = ask(net, SEVENTH[CLAIM4], timeout=0.3)
    assert answer is None if rcode is None else (answer.rcode, answer.addresses) == (rcode, [])
    # All else of the name is answered.
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 1


PEERS = 'peers: [{ name: chicago, server: "127.0.0.2:5300", addresses: [198.51.100.201], every: 100ms }]'


def test_a_peer_that_is_well_takes_over_and_one_that_is_not_does_not(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config(more=PEERS))
    wait_until(lambda: one.feature("dns")["own_addresses"][0]["state"] == "not ready", 20, "nobody to be well")
    answer = ask(net, SEVENTH[CLAIM4])
    assert answer.addresses == OWN[:1] and answer.not_ready
    peer = Peer(net.host, CHICAGO)
    wait_until(lambda: ask(net, SEVENTH[CLAIM4]).addresses == CHICAGO, 20, "the peer's address")
    assert not ask(net, SEVENTH[CLAIM4]).not_ready
    assert own_state(one) == "by a peer"
    # It says that it is not ready itself: then it is not taken for well.
    peer.not_ready = True
    wait_until(lambda: ask(net, SEVENTH[CLAIM4]).not_ready, 20, "the peer not to count")
    peer.not_ready = False
    wait_until(lambda: ask(net, SEVENTH[CLAIM4]).addresses == CHICAGO, 20, "the peer's address again")
    # It sends its clients to somebody else: the same.
    peer.addresses = ["203.0.113.1"]
    wait_until(lambda: ask(net, SEVENTH[CLAIM4]).not_ready, 20, "the peer not to count")
    peer.end()


def test_where_all_are_down_closed_refuses(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config(more=PEERS + ", fail: closed"))
    wait_until(lambda: own_state(one) == "down", 20, "the check")
    assert ask(net, SEVENTH[CLAIM4]).rcode == 5


def test_zones_are_read_again_and_a_broken_one_changes_nothing(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config())
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 1
    one.file("www.example.com.zone", ZONE.format(serial=2))
    reply = one.ctl("dns", "reload", expect=0)
    assert "is in force, with its files as they are now" in reply.out
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 2
    assert one.ctl("dns", "zones", "--json", expect=0)["features"]["dns"]["zones"][0]["serial"] == 2
    one.file("www.example.com.zone", ZONE.format(serial=3) + "@ A 192.0.2.300\n")
    reply = one.ctl("dns", "reload", expect=2)
    assert "www.example.com.zone:4:1: error: invalid IPv4 address" in reply.errors
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 2
    # A rollback goes back to the zone as it was, whatever the file says.
    one.ctl("rollback", expect=0)
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 1


def test_a_zone_alone_is_news_for_the_worker_and_taken_back_like_all_else(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config())
    one.file("www.example.com.zone", ZONE.format(serial=2))
    assert "nothing in the kernel; news for the worker of dns" in one.ctl("plan", expect=1).out
    reply = one.ctl("apply", "--confirm", "1s", expect=0)
    assert "Applied: nothing in the kernel; news for the worker of dns" in reply.out
    assert ask(net, SEVENTH[CLAIM4], SOA).serial == 2
    wait_until(lambda: ask(net, SEVENTH[CLAIM4], SOA).serial == 1, 20, "the zone of before")
    wait_until(lambda: "generation 1 is in force" in one.said(), 10, "the end of the way back")
    assert "taken back already" in one.ctl("rollback", expect=1).errors
    one.ctl("apply", expect=0)
    assert one.ctl("plan", expect=0).out == "Nothing to do.\n"
    assert "Rolled back" in one.ctl("rollback", expect=0).out


def test_one_zone_is_read_again_and_others_stay_as_they_are(net, daemon):
    other = "    - { name: example.org, file: example.org.zone }\n"
    one = daemon(net.host, "", start=False)
    one.file("example.org.zone", "$INCLUDE soa.inc\n@ NS ns.example.org.\nns A 192.0.2.1\n")
    one.file("soa.inc", "$TTL 60\n@ SOA ns.example.org. h 1 2 3 4 5\n")
    serve(net, one, config() + other)
    one.file("www.example.com.zone", ZONE.format(serial=2))
    one.file("soa.inc", "$TTL 60\n@ SOA ns.example.org. h 2 2 3 4 5\n")

    def serials():
        return [zone["serial"] for zone in one.feature("dns")["zones"]]

    assert "its files as they are now.\n" in one.ctl("dns", "reload", "EXAMPLE.org.", expect=0).out
    assert serials() == [1, 2]
    assert "in which nothing is new" in one.ctl("dns", "reload", "example.org", expect=0).out
    # A mistake in another zone is none here; and what a zone does not include any more is still the other's.
    one.file("www.example.com.zone", "broken\n")
    one.file("example.org.zone", "$TTL 60\n@ SOA ns h 3 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n")
    one.ctl("dns", "reload", "example.org", expect=0)
    assert serials() == [1, 3]
    assert "there is no zone 'example.net'" in one.ctl("dns", "reload", "example.net", expect=2).errors
    assert "www.example.com.zone:1" in one.ctl("dns", "reload", "www.example.com", expect=2).errors
    assert serials() == [1, 3]
    one.ctl("dns", "reload", "a", "b", expect=2)


def test_a_reload_makes_no_other_change(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config())
    one.write(config(own="addresses: asked"))
    reply = one.ctl("dns", "reload", expect=2)
    assert "says something else than what is in force" in reply.errors
    draft = one.file("draft.yaml", config())
    one.ctl("apply", draft, expect=0)
    reply = one.ctl("dns", "reload", expect=2)
    assert f"'mhctl apply {draft}' reads its files again" in reply.errors


def test_a_question_needs_no_other_program(net, daemon, web):
    web.start()
    one = serve(net, daemon(net.host, "", start=False), config())
    wait_until(lambda: own_state(one) == "up", 20, "the check")
    reply = one.ctl("dns", "query", "www.example.com", expect=0)
    assert "www.example.com. 300 IN A 192.0.2.1\n" in reply.out and '; NSID "auckland"' in reply.out
    assert "2001:db8::1" in one.ctl("dns", "query", "www.example.com", "AAAA", f"@[{SEVENTH[CLAIM6]}]:53", expect=0).out
    assert "REFUSED" in one.ctl("dns", "query", "example.org", expect=1).out
    assert "Connection refused" in one.ctl("dns", "query", "example.org", "@127.0.0.1:9", expect=1).errors
    one.ctl("dns", "query", expect=2)
    one.ctl("dns", "query", "a..b", expect=2)
    one.ctl("dns", "quary", "a", expect=2)


SAMPLE = re.compile(r'(multihomed_[a-z0-9_]+)(\{[a-z_]+="(?:[^"\\]|\\.)*"\})? (-?[0-9.e+-]+)$')


def test_metrics_are_in_the_format_of_prometheus(net, daemon):
    one = serve(net, daemon(net.host, "", start=False), config())
    ask(net, SEVENTH[CLAIM4], SOA)
    text = one.ctl("metrics", expect=0).out
    seen, family, samples = set(), None, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in seen, f"{family} stands in two places"
            seen.add(family)
        elif line.startswith("# TYPE "):
            assert line.split()[2] == family and line.split()[3] in ("counter", "gauge")
            assert (line.split()[3] == "counter") == family.endswith("_total"), line
        else:
            match = SAMPLE.match(line)
            assert match and match.group(1) == family, line
            assert match.group(1) + (match.group(2) or "") not in samples, line
            samples[match.group(1) + (match.group(2) or "")] = float(match.group(3))
    assert samples['multihomed_worker_up{worker="dns"}'] == 1
    assert samples['multihomed_dns_zone_asked_total{zone="www.example.com."}'] == 1
    assert samples['multihomed_check_usable{check="web-up"}'] == 0
    assert samples['multihomed_objects{state="failing"}'] == 0
