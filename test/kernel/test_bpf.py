# SPDX-License-Identifier: GPL-3.0-or-later
"""What `replies` leans on: the order of a receive queue, what a peek leaves there, whose source is checked."""

import errno
import socket
import struct

import pytest

# Not yet named by Python.
IP_PKTINFO, SO_NETNS_COOKIE = 8, 71
ASKED = ("198.51.100.7", "198.51.100.8", "198.51.100.9")


@pytest.fixture
def claimed(host):
    """A host with a claim, and a client on it that is bound to 192.0.2.1."""
    host.ip("link", "set", "lo", "up")
    host.ip("route", "add", "local", "198.51.100.0/24", "dev", "lo", "table", "local")
    return host


def udp(node, family=socket.AF_INET):
    with node.inside():
        opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.settimeout(5)
    return opened


@pytest.mark.stock
def test_datagrams_are_read_in_the_order_of_their_arrival_and_peeks_leave_them(claimed):
    with udp(claimed) as server, udp(claimed) as client:
        server.bind(("0.0.0.0", 7777))
        for address in ASKED:
            client.sendto(address.encode(), (address, 7777))
        for address in ASKED:
            assert server.recv(100, socket.MSG_PEEK) == address.encode()
            assert server.recv(100, socket.MSG_PEEK) == address.encode()
            assert server.recv(100) == address.encode()


@pytest.mark.stock
def test_a_wildcard_server_answers_from_the_kernels_choice(claimed):
    with udp(claimed) as server, udp(claimed) as client:
        server.bind(("0.0.0.0", 7777))
        client.bind(("192.0.2.1", 0))
        client.sendto(b"x", (ASKED[0], 7777))
        server.sendto(*server.recvfrom(100))
        assert client.recvfrom(100)[1][0] == "192.0.2.1"


@pytest.mark.stock
def test_an_ipv4_source_of_somebody_else_is_refused(claimed):
    with udp(claimed) as sender:
        source = struct.pack("@i4s4s", 0, socket.inet_aton("203.0.113.1"), bytes(4))
        with pytest.raises(OSError) as refusal:
            sender.sendmsg([b"x"], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, ("192.0.2.1", 7777))
    assert refusal.value.errno in (errno.EINVAL, errno.ENETUNREACH)


@pytest.mark.stock
def test_each_network_namespace_has_a_number_of_its_own(pair):
    cookies = []
    for node in (pair.host, pair.neighbour):
        with udp(node) as opened:
            cookies.append(opened.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8))
    assert cookies[0] != cookies[1]
