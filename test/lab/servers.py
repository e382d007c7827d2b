#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers written as most are, to stand beside ours. Run as `servers.py KIND PORT [WORDS]`.

wildcard   UDP on every address, answering with sendto(): as the textbook says, and wrong on a host with two addresses
pktinfo    UDP that does packet information right: it answers from the address asked, if the kernel lets it
local      TCP on every address: tells which of its addresses was asked
"""

import socket
import struct
import sys

IP_PKTINFO = 8			# <linux/in.h>; Python has no name for it
IPV6_RECVPKTINFO = 49
IPV6_PKTINFO = 50


def udp_socket(port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", port))
    return sock


def wildcard(port):
    """Answers from whichever address the kernel picks for the way back."""
    sock = udp_socket(port)
    print("ready", flush=True)
    while True:
        data, peer = sock.recvfrom(65536)
        sock.sendto(b"wildcard: " + data, peer)


def asked_info(control):
    """The part of what came along that says where the datagram was sent to, without its link."""
    for level, kind, data in control:
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_PKTINFO):
            return (level, kind, data[:16] + struct.pack("@I", 0))
    return None


def pktinfo(port):
    """Answers from the address asked, and tells on which address the kernel refused that."""
    sock = udp_socket(port)
    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    print("ready", flush=True)
    while True:
        data, control, _, peer = sock.recvmsg(65536, 256)
        info = asked_info(control)
        try:
            sock.sendmsg([b"pktinfo: " + data], [info] if info else [], 0, peer)
        except OSError as error:
            asked = socket.inet_ntop(socket.AF_INET6, info[2][:16]) if info else "?"
            print(f"refused {asked}: {error.strerror}", flush=True)


def local(port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    sock.listen(128)
    print("ready", flush=True)
    while True:
        connection, _ = sock.accept()
        with connection:
            connection.sendall(f"local={connection.getsockname()[0]}\n".encode())


if __name__ == "__main__":
    {"wildcard": wildcard, "pktinfo": pktinfo, "local": local}[sys.argv[1]](int(sys.argv[2]))
