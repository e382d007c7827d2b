# SPDX-License-Identifier: GPL-3.0-or-later
"""A few lines of rtnetlink, byte by byte, so that a page shows what is sent and what comes back."""

import ipaddress
import select
import socket
import struct

RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
ERROR, DONE = 2, 3
REQUEST, MULTI, ACK = 1, 2, 4
REPLACE, EXCL, CREATE, APPEND, DUMP = 0x100, 0x200, 0x400, 0x800, 0x300
UNICAST, LOCAL, UNREACHABLE = 1, 2, 7
MAIN_TABLE, LOCAL_TABLE = 254, 255
DST, OIF, GATEWAY, PRIORITY, TABLE = 1, 4, 5, 6, 15
GROUPS = {"link": 1, "address4": 5, "route4": 7, "address6": 9, "route6": 11}
SOL_NETLINK, ADD_MEMBERSHIP, EXT_ACK, CAP_ACK, STRICT = 270, 1, 11, 10, 12


class Route:
    """A route message, of which only that is kept that a page looks at."""

    def __init__(self, kind, flags, body):
        self.deleted = kind == RTM_DELROUTE
        self.replaced = bool(flags & REPLACE)
        family, length, _, _, self.table, self.protocol, self.scope, self.type = struct.unpack_from("=8B", body)
        attributes = dict(read_attributes(body[12:]))
        size = 4 if family == socket.AF_INET else 16
        self.to = str(ipaddress.ip_network((attributes.get(DST, bytes(size)), length)))
        self.table = number(attributes.get(TABLE), self.table)
        self.metric = number(attributes.get(PRIORITY), 0)
        self.link = number(attributes.get(OIF), 0)


def number(raw, otherwise):
    return struct.unpack("=I", raw)[0] if raw else otherwise


def read_attributes(raw):
    while len(raw) >= 4:
        length, kind = struct.unpack_from("=HH", raw)
        yield kind & 0x3fff, raw[4:length]
        raw = raw[(length + 3) & ~3:]


def attribute(kind, value):
    raw = struct.pack("=I", value) if isinstance(value, int) else value
    return struct.pack("=HH", len(raw) + 4, kind) + raw + bytes(-len(raw) % 4)


def route(to, kind=LOCAL, table=LOCAL_TABLE, link=1, protocol=109, scope=None, via=None, metric=0):
    """The body of a route message."""
    network = ipaddress.ip_network(to)
    v4 = network.version == 4
    if scope is None:
        scope = {LOCAL: 254, UNICAST: 0 if via else 253}.get(kind, 0) if v4 else 0
    body = struct.pack("=8BI", socket.AF_INET if v4 else socket.AF_INET6, network.prefixlen, 0, 0, 0, protocol,
                       scope, kind, 0)
    body += attribute(DST, network.network_address.packed) + attribute(TABLE, table)
    if link:
        body += attribute(OIF, link)
    if via:
        body += attribute(GATEWAY, ipaddress.ip_address(via).packed)
    return body + (attribute(PRIORITY, metric) if metric else b"")


class Rtnetlink:
    """A socket in a node; with groups it hears events, without it asks."""

    def __init__(self, node, *groups):
        with node.inside():
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        for option in (EXT_ACK, CAP_ACK, STRICT):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.socket.bind((0, 0))
        for group in groups:
            self.socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, GROUPS[group])
        self.sequence = 0

    def message(self, kind, flags, body):
        self.sequence += 1
        return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, self.sequence, 0) + body

    def send(self, *messages):
        self.socket.send(b"".join(messages))

    def waiting(self):
        """The messages that are there already: (type, flags, sequence, body) each."""
        messages = []
        while select.select([self.socket], [], [], 0)[0]:
            raw = self.socket.recv(1 << 17)
            while len(raw) >= 16:
                length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", raw)
                messages.append((kind, flags, sequence, raw[16:length]))
                raw = raw[(length + 3) & ~3:]
        return messages

    def routes(self):
        """The route events that are there already."""
        return [Route(kind, flags, body) for kind, flags, _, body in self.waiting()
                if kind in (RTM_NEWROUTE, RTM_DELROUTE)]

    def answers(self):
        """The answers that are there already: (sequence, errno)."""
        return [(sequence, -struct.unpack_from("=i", body)[0]) for kind, _, sequence, body in self.waiting()
                if kind == ERROR]

    def ask(self, kind, flags, body):
        """Sends one request; returns its errno, 0 = done."""
        self.send(self.message(kind, flags | ACK, body))
        return self.answers()[0][1]

    def dump(self, family, table=0, protocol=0):
        """The routes of a filtered dump."""
        body = struct.pack("=8BI", family, 0, 0, 0, 0, protocol, 0, 0, 0)
        self.send(self.message(RTM_GETROUTE, DUMP, body + (attribute(TABLE, table) if table else b"")))
        messages = []
        while not any(kind in (DONE, ERROR) for kind, _, _, _ in messages):
            messages += self.waiting()
        return [Route(kind, flags, body) for kind, flags, _, body in messages if kind == RTM_NEWROUTE]
