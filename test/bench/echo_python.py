#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A UDP echo as the textbook writes it, on every address: `echo_python.py PORT`. For reference beside ours."""

import socket
import sys

sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.bind(("::", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, peer = sock.recvfrom(2048)
    sock.sendto(data, peer)
