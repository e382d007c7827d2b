# SPDX-License-Identifier: GPL-3.0-or-later
"""The name server among people who mean harm, and among many.

    client ---- router ==== host      (topology.Routed)
"""

import os
import pathlib
import random
import resource
import socket
import struct
import threading
import time

import pytest

import names
import topology
from lab import scaled, wait_until
from names import question, read

CLAIM4, CLAIM6 = topology.CLAIM4, "2001:db8:1::/48"
SEVENTH = "198.51.100.7"


@pytest.fixture
def wide(lab):
    return topology.routed(lab, (CLAIM4, CLAIM6))


def serve(daemon, node, more=""):
    one = daemon(node, "{}", start=False)
    one.file("example.com.zone", names.zone())
    one.write(f"""
prefixes: [{{ prefix: {CLAIM4} }}, {{ prefix: "{CLAIM6}" }}]
dns:
  listen: [{CLAIM4}, "{CLAIM6}"]
  zones: [{{ name: example.com, file: example.com.zone }}]
{more}
""")
    return one.start()


def memory(pid):
    """Bytes that a process holds."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))


def asks_well(node):
    return names.addresses(read(names.udp(node, SEVENTH, question("www.example.com")).data)) == ["192.0.2.80"]


def test_ten_thousand_idle_connections_cost_little_and_hinder_nobody(wide, daemon):
    count = scaled(10000, 100)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        pytest.skip(f"needs {count} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    one = serve(daemon, wide.host, "  tcp: { idle: 60s, max-connections: 20000, per-client: 20000 }")
    before = memory(one.worker())
    idle = []
    try:
        for _ in range(count):
            idle.append(names.tcp_socket(wide.client, SEVENTH, timeout=30))
        assert read(names.tcp(wide.client, SEVENTH, question("www.example.com"))).answer
        assert asks_well(wide.client)
        # A sanitizer keeps three times as much for itself.
        room = 4 if os.environ.get("MH_SANITIZED") else 1
        assert memory(one.worker()) - before < room * ((4 << 20) + 512 * count)
        # They are idle, not forgotten.
        for sock in idle[::count // 50]:
            sock.sendall(names.framed(question("www.example.com")))
            assert read(names.hear(sock)).answer
    finally:
        for sock in idle:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_with_all_places_taken_the_silent_give_way(wide, daemon):
    serve(daemon, wide.host, "  tcp: { idle: 60s, max-connections: 10, per-client: 1000 }")
    idle = [names.tcp_socket(wide.client, SEVENTH) for _ in range(10)]
    for sock in idle:
        sock.sendall(names.framed(question("www.example.com")))
        assert names.hear(sock)
    time.sleep(1.5)

    def gets_in():
        try:
            return names.tcp(wide.client, SEVENTH, question("www.example.com"))
        except OSError:
            return None

    wait_until(gets_in, 10, "a place")
    for sock in idle:
        sock.close()


def test_half_sent_messages_and_slow_readers_are_bounded(wide, daemon):
    one = serve(daemon, wide.host, "  tcp: { idle: 5s, max-connections: 2000, per-client: 2000 }")
    before = memory(one.worker())
    lame = []
    big = names.framed(question("big.example.com", "TXT"))
    for number in range(scaled(200, 20)):
        sock = names.tcp_socket(wide.client, SEVENTH)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setblocking(False)
        try:
            sock.sendall(struct.pack(">H", 65535) + b"x" * 100 if number % 2 else big * 200)
        except BlockingIOError:
            pass
        lame.append(sock)
    assert asks_well(wide.client)
    assert read(names.tcp(wide.client, SEVENTH, question("www.example.com"))).answer
    assert memory(one.worker()) - before < 64 << 20
    for sock in lame:
        sock.close()


@pytest.mark.parametrize("shape", ["nothing", "header", "random", "pointers", "truncated", "long"])
def test_garbage_is_survived(wide, daemon, shape):
    one = serve(daemon, wide.host)
    pid = one.worker()
    generator = random.Random(shape)
    good = question("www.example.com")
    makers = {
        "nothing": lambda: b"",
        "header": lambda: generator.randbytes(12),
        "random": lambda: generator.randbytes(generator.randrange(600)),
        "pointers": lambda: good[:12] + b"\xc0\x0c" * generator.randrange(1, 100),
        "truncated": lambda: good[:generator.randrange(len(good))],
        "long": lambda: good + generator.randbytes(generator.randrange(8000)),
    }
    with names.udp_socket(wide.client, SEVENTH) as sock:
        for _ in range(scaled(2000)):
            sock.sendto(makers[shape](), (SEVENTH, 53))
    for _ in range(20):
        try:
            with names.tcp_socket(wide.client, SEVENTH) as sock:
                sock.sendall(names.framed(makers[shape]()) + names.framed(good))
                sock.shutdown(socket.SHUT_WR)
                while names.hear(sock):
                    pass
        except OSError:
            pass
    assert asks_well(wide.client)
    assert one.worker() == pid


class Flood(threading.Thread):
    """Forged questions, from addresses of a network that is not theirs."""

    def __init__(self, node, source="203.0.113"):
        super().__init__(daemon=True)
        with node.inside():
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.source = source
        self.over = threading.Event()
        self.sent = 0
        self.start()

    def run(self):
        data = question("big.example.com", "TXT", use_edns=0, payload=1232)
        generator = random.Random(1)
        while not self.over.is_set():
            source = socket.inet_aton(f"{self.source}.{generator.randrange(4)}")
            udp = struct.pack(">HHHH", generator.randrange(1024, 65536), 53, 8 + len(data), 0) + data
            head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0)
            self.raw.sendto(head + source + socket.inet_aton(SEVENTH) + udp, (SEVENTH, 0))
            self.sent += 1

    def end(self):
        self.over.set()
        self.join()
        self.raw.close()


def test_a_forged_flood_is_limited_and_a_client_with_a_cookie_gets_through(wide, daemon):
    one = serve(daemon, wide.host, "  rate-limit: { per-second: 20, slip: 2 }")
    for role in (wide.router, wide.host):
        for name in ("all", "eth0", "eth1", "default"):
            role.sysctl(f"net/ipv4/conf/{name}/rp_filter", 0)
    cookie = names.option(10, os.urandom(8))
    first = read(names.udp(wide.client, SEVENTH, question("www.example.com", use_edns=0, options=[cookie])).data)
    whole = next(option for option in first.options if option.otype == 10).to_wire()
    assert len(whole) == 24
    flood = Flood(wide.client)
    time.sleep(1)
    # From a client's own address, faster than the limit, each answered.
    for _ in range(scaled(200)):
        answer = names.udp(wide.client, SEVENTH, question("www.example.com", use_edns=0,
                                                         options=[names.option(10, whole)]), tries=1)
        assert answer and names.addresses(read(answer.data)) == ["192.0.2.80"]
    flood.end()
    udp = one.feature("dns")["counters"]["udp"] if "counters" in one.feature("dns") else None
    assert flood.sent > 1000
    if udp:
        assert udp["dropped"] > flood.sent / 4
