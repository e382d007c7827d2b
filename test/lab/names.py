# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of the DNS, and clients that see who answered: dnspython makes the bytes, sockets of our own carry them."""

import selectors
import socket
import struct
import time

import dns.edns
import dns.message
import dns.rdatatype

import ask
from ask import family_of, udp_socket
from lab import patience


def zone(serial=1, www="192.0.2.80", records=""):
    """The text of example.com."""
    return ("$TTL 3600\n"
            f"@ IN SOA ns1 hostmaster {serial} 7200 3600 1209600 300\n"
            "@ NS ns1\n@ NS ns2\nns1 A 192.0.2.53\nns2 A 192.0.2.54\n"
            f"www 60 A {www}\nwww 60 AAAA 2001:db8::80\n"
            "big TXT " + " ".join(f'"{number:0200d}"' for number in range(12)) + f"\n{records}")


def question(name, kind="A", **options):
    """The bytes of a query."""
    return dns.message.make_query(name, kind, **options).to_wire()


def option(code, data=b""):
    """An EDNS option."""
    return dns.edns.GenericOption(code, data)


def read(data):
    return dns.message.from_wire(data)


def addresses(message):
    """What the answer section says, sorted."""
    return sorted(item.address for rrset in message.answer for item in rrset
                  if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA))


def udp(node, address, data, port=53, timeout=2.0, tries=3):
    """Asks, and returns the Answer with who sent it, or None."""
    return ask.udp(node, address, port, data, timeout, tries)


def tcp_socket(node, address, port=53, timeout=10):
    with node.inside():
        sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    sock.settimeout(patience(timeout))
    sock.connect((address, port))
    return sock


def framed(data):
    return struct.pack(">H", len(data)) + data


def hear(sock):
    """The next message over TCP, or None at the end."""
    data = b""
    while len(data) < 2 or len(data) < 2 + struct.unpack(">H", data[:2])[0]:
        wanted = 2 - len(data) if len(data) < 2 else 2 + struct.unpack(">H", data[:2])[0] - len(data)
        more = sock.recv(wanted)
        if not more:
            return None
        data += more
    return data[2:]


def tcp(node, address, data, port=53):
    with tcp_socket(node, address, port) as sock:
        sock.sendall(framed(data))
        return hear(sock)


def ask_many(node, asked, data, port=53, seconds=20, again=0.5):
    """
    Asks every address once, and again while it is silent; returns {address asked: source of its answer}. Each answer
    is told apart by the number of its query, whoever sent it.
    """
    sources, waiting, sent = {}, {number: address for number, address in enumerate(asked)}, {}
    with udp_socket(node, asked[0]) as sock, selectors.DefaultSelector() as selector:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        end = time.monotonic() + patience(seconds)
        while waiting and time.monotonic() < end:
            now = time.monotonic()
            for number, address in [item for item in waiting.items() if sent.get(item[0], 0) < now - again][:32]:
                sock.sendto(struct.pack(">H", number) + data[2:], (address, port))
                sent[number] = now
            if not selector.select(0.05):
                continue
            try:
                answer, source = sock.recvfrom(4096)
            except BlockingIOError:
                continue
            number = struct.unpack(">H", answer[:2])[0]
            if number in waiting:
                sources[waiting.pop(number)] = source[0]
    return sources
