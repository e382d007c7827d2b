# SPDX-License-Identifier: GPL-3.0-or-later
"""ARP and neighbour discovery by hand: frames as bytes, sent and heard on one link of a node.

Silence is not waited for: what is to meet with silence is followed by a question that is answered, of the same kind
and from the same socket. When that answer comes, an answer to the first would have come before it.
"""

import ipaddress
import socket
import struct
import time

from lab import patience

EVERYBODY = "ff:ff:ff:ff:ff:ff"
ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6, ICMPV6 = 0x0003, 0x0806, 0x86dd, 58
SOLICITATION, ADVERTISEMENT = 135, 136
OUTGOING = 4


def mac_bytes(mac):
    return bytes.fromhex(mac.replace(":", ""))


def mac_text(data):
    return ":".join(f"{byte:02x}" for byte in data)


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(source, to, body):
    return source + to + struct.pack(">II", len(body), ICMPV6) + body


def arp(mac, sender, target, operation=1, to=EVERYBODY, sender_mac=None):
    return (mac_bytes(to) + mac_bytes(mac) + struct.pack(">HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, operation) +
            mac_bytes(sender_mac or mac) + packed(sender) + bytes(6) + packed(target))


def solicited_group(target):
    return bytes.fromhex("ff0200000000000000000001ff") + packed(target)[13:]


def solicitation(mac, sender, target, to=None, hops=255, option=True, spoil=False):
    """Of RFC 4861, 4.3; @to: the MAC address that it is sent to as a unicast. @spoil: its checksum is wrong."""
    group = solicited_group(target)
    source, destination = packed(sender), packed(target) if to else group
    body = bytes([SOLICITATION, 0, 0, 0, 0, 0, 0, 0]) + packed(target)
    if option and any(source):
        body += bytes([1, 1]) + mac_bytes(mac)
    body = body[:2] + struct.pack(">H", checksum(pseudo(source, destination, body)) ^ spoil) + body[4:]
    frame_to = mac_bytes(to) if to else b"\x33\x33" + group[12:]
    return (frame_to + mac_bytes(mac) + struct.pack(">HIHBB", ETH_P_IPV6, 0x60000000, len(body), ICMPV6, hops) +
            source + destination + body)


def probes(frame):
    """Whether a solicitation comes from nobody: its answer goes to everybody, as an announcement does."""
    return frame[12:14] == b"\x86\xdd" and not any(frame[22:38])


class Answer:
    """An ARP reply, or a neighbour advertisement, which has to be right in every detail."""

    def __init__(self, frame):
        self.announces = False
        self.to, self.source_mac = mac_text(frame[:6]), mac_text(frame[6:12])
        self.ipv6 = frame[12:14] == b"\x86\xdd"
        if self.ipv6:
            self._read_advertisement(frame)
        else:
            self.mac, self.target = mac_text(frame[22:28]), str(ipaddress.ip_address(frame[28:32]))
            self.asker = str(ipaddress.ip_address(frame[38:42]))

    def _read_advertisement(self, frame):
        assert frame[21] == 255 and frame[55] == 0, f"hop limit {frame[21]}, code {frame[55]}"
        assert checksum(pseudo(frame[22:38], frame[38:54], frame[54:86])) == 0
        self.source, self.asker = (str(ipaddress.ip_address(frame[at:at + 16])) for at in (22, 38))
        self.router, self.solicited, self.override = (bool(frame[58] & bit) for bit in (0x80, 0x40, 0x20))
        self.announces = not self.solicited
        self.target = str(ipaddress.ip_address(frame[62:78]))
        assert frame[78:80] == b"\2\1"
        self.mac = mac_text(frame[80:86])


def is_answer(frame):
    if frame[12:14] == b"\x08\x06":
        return len(frame) >= 42 and frame[20:22] == b"\0\2"
    return len(frame) >= 86 and frame[12:14] == b"\x86\xdd" and frame[20] == ICMPV6 and frame[54] == ADVERTISEMENT


class Wire:
    """The link of a node as a socket."""

    def __init__(self, node, link="eth0"):
        with node.inside():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.bind((link, ETH_P_ALL))
        self.mac = mac_text(self.sock.getsockname()[4])

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def send(self, frame):
        self.sock.send(frame)

    def answers(self, until, seconds=5):
        """The answers that come in, up to one for which until() holds; without that, as far as they come in time."""
        heard, deadline = [], time.monotonic() + patience(seconds)
        while time.monotonic() < deadline:
            self.sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                frame, where = self.sock.recvfrom(2048)
            except TimeoutError:
                break
            if where[2] == OUTGOING or not is_answer(frame):
                continue
            heard.append(Answer(frame))
            if until(heard[-1]):
                break
        return heard

    def ask(self, frame, target, sentinel):
        """What is answered to @frame about @target, before @sentinel, a question that has an answer, has its own."""
        known = sentinel[0]
        self.send(frame)
        self.send(sentinel[1])
        heard = self.answers(lambda answer: answer.target == known)
        assert heard and heard[-1].target == known, f"{known} is not answered"
        return [answer for answer in heard if answer.target == target and (probes(frame) or not answer.announces)]
