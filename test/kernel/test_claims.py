# SPDX-License-Identifier: GPL-3.0-or-later
"""A route of type local in table local makes a whole prefix this host's own; what it does not do, besides.

        n  n0 ------------------- h0  h   claims 198.51.100.0/24 and 2001:db8:1:1::/64
           192.0.2.2              192.0.2.1
           2001:db8::2            2001:db8::1
"""

import errno
import ipaddress
import socket
import struct

import pytest

from lab import scaled

pytestmark = pytest.mark.stock

CLAIMS = ("198.51.100.0/24", "2001:db8:1:1::/64")
OWN = {4: "192.0.2.1", 6: "2001:db8::1"}
IPV6_FREEBIND = 78


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def some_of(prefix):
    """The first and the last address of a prefix, and some in between."""
    network = ipaddress.ip_network(prefix)
    step = network.num_addresses // scaled(20, 3)
    return [str(network[0]), str(network[-1])] + [str(network[at]) for at in range(7, network.num_addresses, step)]


def open_in(node, address, kind, *options, bound=True):
    with node.inside():
        opened = socket.socket(family(address), kind)
    for level, name in options:
        opened.setsockopt(level, name, 1)
    if bound:
        opened.bind((address, 7777))
    opened.settimeout(5)
    return opened


@pytest.mark.parametrize("claim", CLAIMS)
def test_tcp_is_accepted_on_every_address_and_bears_it(pair, claim):
    pair.claim(claim)
    wildcard = "::" if ":" in claim else "0.0.0.0"
    with open_in(pair.host, wildcard, socket.SOCK_STREAM) as listener:
        listener.listen()
        for address in some_of(claim):
            with open_in(pair.neighbour, address, socket.SOCK_STREAM, bound=False) as client:
                client.connect((address, 7777))
                accepted, _ = listener.accept()
                assert accepted.getsockname()[0] == address
                accepted.close()


@pytest.mark.parametrize("claim", CLAIMS)
def test_udp_arrives_and_is_answered_from_the_wrong_address(pair, claim):
    pair.claim(claim)
    asked = some_of(claim)[2]
    with open_in(pair.host, "::" if ":" in claim else "0.0.0.0", socket.SOCK_DGRAM) as server, \
            open_in(pair.neighbour, asked, socket.SOCK_DGRAM, bound=False) as client:
        client.sendto(b"who", (asked, 7777))
        _, peer = server.recvfrom(100)
        server.sendto(b"me", peer)
        assert client.recvfrom(100)[1][0] == OWN[6 if ":" in claim else 4]


@pytest.mark.parametrize("claim", CLAIMS)
def test_in_another_table_it_makes_nothing_local(pair, claim):
    pair.host.ip("route", "add", "local", claim, "dev", "lo", "table", "1000")
    with pytest.raises(OSError) as refused:
        open_in(pair.host, some_of(claim)[2], socket.SOCK_DGRAM)
    assert refused.value.errno == errno.EADDRNOTAVAIL


def test_ipv4_lets_every_program_bind_it(pair):
    pair.claim(CLAIMS[0])
    open_in(pair.host, "198.51.100.77", socket.SOCK_DGRAM).close()


def test_ipv6_lets_it_be_bound_with_freebind_or_by_the_sysctl(pair):
    pair.claim(CLAIMS[1])
    with pytest.raises(OSError) as refused:
        open_in(pair.host, "2001:db8:1:1::7", socket.SOCK_DGRAM)
    assert refused.value.errno == errno.EADDRNOTAVAIL
    open_in(pair.host, "2001:db8:1:1::7", socket.SOCK_DGRAM, (socket.IPPROTO_IPV6, IPV6_FREEBIND)).close()
    pair.host.sysctl("net/ipv6/ip_nonlocal_bind", 1)
    open_in(pair.host, "2001:db8:1:1::7", socket.SOCK_DGRAM).close()


def answer_from(server, source, peer):
    packet_information = socket.inet_pton(socket.AF_INET6, source) + struct.pack("=i", 0)
    server.sendmsg([b"me"], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packet_information)], 0, peer)


def test_ipv6_packet_information_needs_freebind_or_the_sysctl(pair):
    pair.claim(CLAIMS[1])
    peer = ("2001:db8::2", 7777)
    with open_in(pair.host, "::", socket.SOCK_DGRAM) as server:
        with pytest.raises(OSError) as refused:
            answer_from(server, "2001:db8:1:1::7", peer)
        assert refused.value.errno == errno.EINVAL
        server.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        answer_from(server, "2001:db8:1:1::7", peer)
    pair.host.sysctl("net/ipv6/ip_nonlocal_bind", 1)
    with open_in(pair.host, "::", socket.SOCK_DGRAM) as server:
        answer_from(server, "2001:db8:1:1::7", peer)


def asks(pair, source, own):
    """Whether a TCP connection from an address of the neighbour's comes about with an own address of the host's."""
    with open_in(pair.host, own, socket.SOCK_STREAM, (socket.SOL_SOCKET, socket.SO_REUSEADDR)) as listener:
        listener.listen()
        with open_in(pair.neighbour, source, socket.SOCK_STREAM, bound=False) as client:
            client.settimeout(0.5)
            client.bind((source, 0))
            try:
                client.connect((own, 7777))
            except TimeoutError:
                return False
            return True


@pytest.mark.parametrize("claim, sender", (("192.0.2.0/24", "192.0.2.2"), ("2001:db8::/64", "2001:db8::2")))
def test_a_sender_inside_the_claim_is_cut_off_and_readmitted_in_table_local(pair, claim, sender):
    own = OWN[6 if ":" in claim else 4]
    assert asks(pair, sender, own)
    pair.host.ip("route", "add", "local", claim, "dev", "lo", "table", "local")
    assert not asks(pair, sender, own)
    pair.host.ip("route", "add", sender, "dev", "h0", "table", "local")
    assert asks(pair, sender, own)


def test_an_exception_in_table_main_never_counts_for_ipv6(pair):
    pair.host.ip("route", "add", "local", "2001:db8::/64", "dev", "lo", "table", "local")
    pair.host.ip("route", "add", "2001:db8::2", "dev", "h0")
    assert not asks(pair, "2001:db8::2", OWN[6])


def test_an_exception_in_table_main_counts_for_ipv4_until_the_first_rule(pair):
    pair.host.ip("route", "add", "local", "192.0.2.0/24", "dev", "lo", "table", "local")
    pair.host.ip("route", "add", "192.0.2.2", "dev", "h0")
    assert asks(pair, "192.0.2.2", OWN[4])
    pair.host.ip("rule", "add", "from", "203.0.113.1", "table", "1000")
    assert not asks(pair, "192.0.2.2", OWN[4])
    pair.host.ip("rule", "del", "from", "203.0.113.1", "table", "1000")
    assert not asks(pair, "192.0.2.2", OWN[4])
