#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long line: what comes in on one link goes out on the other, MILLISECONDS later, frame by frame, both ways.

    delay.py LINK LINK MILLISECONDS

For kernels without sch_netem. Whoever sends into it must work out checksums by itself: see far.plain_checksums().
"""

import heapq
import itertools
import select
import socket
import sys
import time

MOST_FRAMES = 100_000	# of a flood, the rest is lost, as on any line
ETH_P_ALL = 3


def ends(names):
    for name in names:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((name, ETH_P_ALL))
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        end.setblocking(False)
        yield end


def receive(end):
    """Every frame that waits and came from outside."""
    while True:
        try:
            frame, (_, _, kind, _, _) = end.recvfrom(65536)
        except BlockingIOError:
            return
        if kind != socket.PACKET_OUTGOING:
            yield frame


def carry(one, other, seconds):
    under_way, number = [], itertools.count()
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select([one, other], [], [], wait)
        now = time.monotonic()
        for end in ready:
            for frame in receive(end):
                if len(under_way) < MOST_FRAMES:
                    heapq.heappush(under_way, (now + seconds, next(number), frame, other if end is one else one))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, frame, end = heapq.heappop(under_way)
            try:
                end.send(frame)
            except OSError:
                pass	# the link is down, or its queue is full: lost


def main():
    one, other = ends(sys.argv[1:3])
    print("ready", flush=True)
    carry(one, other, float(sys.argv[3]) / 1000)


if __name__ == "__main__":
    main()
