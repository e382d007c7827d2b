# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may share a port with whom: why the first socket of a listener is bound before it is made to share."""

import errno
import socket

import pytest

KINDS = [pytest.param(socket.SOCK_DGRAM, id="udp"), pytest.param(socket.SOCK_STREAM, id="tcp")]


def bind(node, kind, shares, address="0.0.0.0"):
    """A socket on port 7777, or the errno of what refused it."""
    with node.inside():
        opened = socket.socket(socket.AF_INET, kind)
    if shares:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        opened.bind((address, 7777))
        if kind == socket.SOCK_STREAM:
            opened.listen()
    except OSError as error:
        opened.close()
        return error.errno
    return opened


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_is_shared_can_be_joined_unnoticed(host, kind):
    with bind(host, kind, shares=True), bind(host, kind, shares=True):
        pass


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shares", (False, True))
@pytest.mark.parametrize("address", ("0.0.0.0", "192.0.2.1"))
def test_who_does_not_share_is_refused_a_port_that_anybody_has(host, kind, shares, address):
    with bind(host, kind, shares, address):
        assert bind(host, kind, shares=False) == errno.EADDRINUSE


@pytest.mark.stock
@pytest.mark.parametrize("kind", KINDS)
def test_who_bound_alone_may_let_others_join_afterwards(host, kind):
    with bind(host, kind, shares=False) as first:
        assert bind(host, kind, shares=True) == errno.EADDRINUSE
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with bind(host, kind, shares=True):
            pass


@pytest.mark.stock
def test_datagrams_are_spread_over_those_who_joined_later(host):
    with bind(host, socket.SOCK_DGRAM, shares=False) as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with bind(host, socket.SOCK_DGRAM, shares=True) as second:
            for _ in range(64):
                with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                    peer.sendto(b"x", ("127.0.0.1", 7777))
            got = [0, 0]
            for number, server in enumerate((first, second)):
                server.setblocking(False)
                while True:
                    try:
                        server.recv(10)
                    except BlockingIOError:
                        break
                    got[number] += 1
    assert sum(got) == 64 and min(got) > 8
