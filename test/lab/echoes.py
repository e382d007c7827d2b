#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP servers of every shape, which all say what they were told. Run as `echoes.py SHAPE PORT [WORD]`.

All listen on every address of both families unless their shape says otherwise. None knows what it was asked at,
but for those that choose their source.

serial     one after the other
gated      reads one, tells that on its output, answers it when a line comes on its input
peeking    looks at each datagram twice before it reads it
threads    four threads on one socket
forks      four processes on one socket
reuseport  four processes, each with a socket of its own
handsover  reads on one socket and answers on another of the same port
batches    reads all that there is, up to eight, before it answers them, in order
quiet      answers none but "who?"
bound      listens on the address WORD
connected  each peer gets a socket of its own, which is connected
pktinfo    chooses the address asked, by packet information
stubborn   answers from the IPv6 address WORD whatever was asked
"""

import contextlib
import os
import select
import socket
import struct
import sys
import threading

import servers

WORKERS = 4


def open_socket(port, reuse=False, address="::"):
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((address, port))
    return sock


def ready():
    print("ready", flush=True)


def answer(sock, peer, data):
    """Answers, and tells of a refusal instead of ending by it."""
    try:
        sock.sendto(data, peer)
    except OSError as error:
        print(f"refused: {error.strerror}", flush=True)


def serve(sock, send=None):
    while True:
        data, peer = sock.recvfrom(65536)
        answer(send or sock, peer, data)


def serial(port):
    sock = open_socket(port)
    ready()
    serve(sock)


def gated(port):
    sock = open_socket(port)
    ready()
    while True:
        data, peer = sock.recvfrom(65536)
        print(f"asked {data.decode()}", flush=True)
        if not sys.stdin.readline():
            return
        answer(sock, peer, data)
        print(f"answered {data.decode()}", flush=True)


def peeking(port):
    sock = open_socket(port)
    ready()
    while True:
        looks = [sock.recvfrom(65536, socket.MSG_PEEK) for _ in range(2)]
        data, peer = sock.recvfrom(65536)
        answer(sock, peer, data if looks == [(data, peer)] * 2 else b"not what it looked like")


def threads(port):
    sock = open_socket(port)
    workers = [threading.Thread(target=serve, args=(sock,), daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    ready()
    workers[0].join()


def forks(port):
    sock = open_socket(port)
    for _ in range(WORKERS - 1):
        if not os.fork():
            serve(sock)
    ready()
    serve(sock)


def reuseport(port):
    sockets = [open_socket(port, reuse=True) for _ in range(WORKERS)]
    for sock in sockets[1:]:
        if not os.fork():
            serve(sock)
    ready()
    serve(sockets[0])


def handsover(port):
    # The newest gets nothing: the group is left to the first.
    receiver = open_socket(port, reuse=True)
    sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sender.bind(("::", port))
    ready()
    while True:
        for sock in select.select([receiver, sender], [], [])[0]:
            data, peer = sock.recvfrom(65536)
            answer(sender if sock is receiver else receiver, peer, data)


def batches(port):
    sock = open_socket(port)
    ready()
    while True:
        batch = [sock.recvfrom(65536)]
        while len(batch) < 8 and select.select([sock], [], [], 0)[0]:
            batch.append(sock.recvfrom(65536))
        for data, peer in batch:
            answer(sock, peer, data)


def quiet(port):
    sock = open_socket(port)
    ready()
    while True:
        data, peer = sock.recvfrom(65536)
        if data == b"who?":
            answer(sock, peer, data)


def bound(port, address):
    sock = open_socket(port, address=address)
    ready()
    serve(sock)


def connected(port):
    sock = open_socket(port, reuse=True)
    ready()
    while True:
        data, peer = sock.recvfrom(65536)
        with open_socket(port, reuse=True) as own:
            own.connect(peer)
            own.send(data)


def stubborn(port, address):
    sock = open_socket(port)
    ready()
    info = (socket.IPPROTO_IPV6, servers.IPV6_PKTINFO,
            struct.pack("@16sI", socket.inet_pton(socket.AF_INET6, address), 0))
    while True:
        data, peer = sock.recvfrom(65536)
        with contextlib.suppress(OSError):	# an IPv4 peer cannot be told from there
            sock.sendmsg([data], [info], 0, peer)


SHAPES = {shape.__name__: shape for shape in (
    serial, gated, peeking, threads, forks, reuseport, handsover, batches, quiet, bound, connected, stubborn,
    servers.pktinfo)}

if __name__ == "__main__":
    SHAPES[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
