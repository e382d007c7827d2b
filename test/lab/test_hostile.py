# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that mean no good, or know no better: the services answer nobody wrong, and everybody else as before.

    client ---- router ==== host      topology.Routed
    neighbour, host on one Ethernet   topology.Shared, where groups are spoken to
"""

import os
import random
import signal
import socket
import struct

import pytest

import ask
import topology
from configuration import DISCARD_PORT, ECHO_PORT, SERVED, SEVENTH, WHO_PORT, listen, served
from lab import scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

both = pytest.mark.parametrize("claim", CLAIMS)


@pytest.mark.parametrize("kind", ["echo", "whoami"])
def test_a_group_is_never_answered_from(lab, daemon, kind):
    """Broadcast and multicast arrive on the wildcard; an answer from the group, or any, would amplify."""
    net = topology.shared(lab)
    one = daemon(net.host, "services: [{ name: wild, kind: " + kind + ", listen: [0.0.0.0, '::'], ports: [5000] }]\n")
    for address in ("203.0.113.10", "2001:db8:e::10"):
        assert ask.udp(net.neighbour, address, 5000).right, "the wildcard serves the host's own addresses"
    with ask.udp_socket(net.neighbour, "203.0.113.255") as sock, ask.udp_socket(net.neighbour, "ff02::1") as sock6:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        for group in ("203.0.113.255", "255.255.255.255", "224.0.0.1"):
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("203.0.113.20"))
            with net.neighbour.inside():
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            sock.sendto(b"anybody?", (group, 5000))
        with net.neighbour.inside():
            scope = socket.if_nametoindex("eth0")
        sock6.sendto(b"anybody?", ("ff02::1", 5000, 0, scope))
        wait_until(lambda: one.service("wild")["dropped"] >= 4, what="four drops to be counted")
        for asker in (sock, sock6):
            asker.setblocking(False)
            with pytest.raises(BlockingIOError):
                asker.recvfrom(2048)


@both
@pytest.mark.parametrize("port", [7, 19, 5000])
def test_two_echo_servers_do_not_talk_for_ever(net, daemon, claim, port):
    one = daemon(net.host, served(f"name: echo, kind: echo, {listen()}, ports: [7, 5000]"))
    asked = 7 if port == 7 else 5000
    answer = ask.udp(net.client, SEVENTH[claim], asked, timeout=0.3, tries=2, bind=("", port))
    assert answer is None
    assert one.service("echo")["dropped"] == 2
    assert ask.udp(net.client, SEVENTH[claim], asked).right


def test_full_socket_buffers_lose_datagrams_and_nothing_else(net, daemon):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        with ask.udp_socket(net.client, SEVENTH[CLAIM4]) as sock:
            for _ in range(scaled(20000, 5000)):
                sock.sendto(b"x" * 1000, (SEVENTH[CLAIM4], ECHO_PORT))
    finally:
        os.kill(worker, signal.SIGCONT)
    wait_until(lambda: ask.udp(net.client, SEVENTH[CLAIM4], ECHO_PORT, timeout=0.5, tries=1), 20, "an answer again")
    answers = ask.udp_many(net.client, ask.random_addresses(CLAIM6, 50, 1), ECHO_PORT)
    assert all(answer and answer.right for answer in answers.values())
    assert one.worker() == worker


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def test_clients_that_never_read_cost_little_and_harm_nobody(net, daemon):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    before = resident_kib(worker)
    held = []
    try:
        for _ in range(20):
            sock = ask.tcp_connect(net.client, SEVENTH[CLAIM6], ECHO_PORT)
            sock.setblocking(False)
            held.append(sock)
            fill(sock)
        assert ask.tcp_echoes(net.client, SEVENTH[CLAIM6])
        assert ask.udp(net.client, SEVENTH[CLAIM6], ECHO_PORT).right
        assert resident_kib(worker) - before < 20 * 512, "a connection may cost buffers, not what it was sent"
    finally:
        for sock in held:
            sock.close()
    assert one.worker() == worker


def fill(sock, most=32 << 20):
    """Sends until nothing more goes in for a while."""
    sent = 0
    sock.settimeout(0.3)
    try:
        while sent < most:
            sent += sock.send(b"z" * 65536)
    except TimeoutError:
        pass
    return sent


def test_peers_that_reset_harm_nobody(net, daemon):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    for number in range(scaled(100, 20)):
        sock = ask.tcp_connect(net.client, SEVENTH[CLAIM4], (ECHO_PORT, WHO_PORT, DISCARD_PORT)[number % 3])
        sock.sendall(b"GET / HT" if number % 2 else b"x" * 1000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    assert ask.tcp_echoes(net.client, SEVENTH[CLAIM4])
    assert one.worker() == worker


@pytest.mark.parametrize("port", [ECHO_PORT, WHO_PORT, DISCARD_PORT])
def test_noise_harms_nobody(net, daemon, port):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    noise = random.Random(port)
    for claim in CLAIMS:
        with ask.udp_socket(net.client, SEVENTH[claim]) as sock:
            for _ in range(scaled(300, 50)):
                sock.sendto(noise.randbytes(noise.randrange(3000)), (SEVENTH[claim], port))
        for _ in range(scaled(30, 5)):
            with ask.tcp_connect(net.client, SEVENTH[claim], port) as sock:
                sock.sendall(noise.choice([b"", b"GET ", b"GET / HTTP/1.1\r\n"]) + noise.randbytes(2000))
    for claim in CLAIMS:
        assert ask.udp(net.client, SEVENTH[claim], ECHO_PORT).right
        assert ask.tcp_echoes(net.client, SEVENTH[claim])
    assert one.worker() == worker


@both
def test_clients_that_are_gone_before_the_answer_harm_nobody(net, daemon, claim):
    """Their kernel answers the answer with an ICMP error, which waits in the server's socket."""
    one = daemon(net.host, SERVED)
    worker = one.worker()
    for _ in range(scaled(200, 50)):
        with ask.udp_socket(net.client, SEVENTH[claim]) as sock:
            sock.sendto(b"never mind", (SEVENTH[claim], ECHO_PORT))
    answers = ask.udp_many(net.client, ask.random_addresses(claim, 50, 1), ECHO_PORT, timeout=10, tries=1, in_flight=4)
    assert all(answer and answer.right for answer in answers.values())
    assert one.worker() == worker


def test_a_datagram_from_port_0_is_not_answered(net, daemon):
    one = daemon(net.host, SERVED)
    with net.client.inside():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    with raw:
        raw.sendto(struct.pack("!HHHH", 0, ECHO_PORT, 12, 0) + b"zero", (SEVENTH[CLAIM4], 0))
    wait_until(lambda: one.service("echo")["dropped"] == 1, what="the drop to be counted")
