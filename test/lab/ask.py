# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that look at what a client sees: who answered, from which address.

A UDP client that connect()s hides the very fault that all this is about, since the kernel drops the answer from the
wrong address before the program sees it. These do not connect: they take any datagram and write down its source.
"""

import concurrent.futures
import dataclasses
import ipaddress
import random
import selectors
import socket
import struct
import threading
import time

from lab import patience


@dataclasses.dataclass
class Answer:
    asked: str
    source: str		# whence the answer came
    port: int		# and from which port
    data: bytes

    @property
    def right(self):
        return same(self.asked, self.source)


def same(one, other):
    """Whether two texts name one address."""
    return ipaddress.ip_address(one.split("%")[0]) == ipaddress.ip_address(other.split("%")[0])


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def random_addresses(prefix, count, seed=None):
    """@count different addresses of a prefix; the same for the same seed."""
    network = ipaddress.ip_network(prefix)
    generator = random.Random(seed)
    count = min(count, network.num_addresses)
    chosen = set()
    while len(chosen) < count:
        chosen.add(network[generator.randrange(network.num_addresses)])
    return [str(address) for address in chosen]


def edges(prefix):
    """The first and the last address of a prefix, which are no special ones in a claim."""
    network = ipaddress.ip_network(prefix)
    return [str(network[0]), str(network[-1])]


def whoami(data):
    """The words of whoami's line of text as a dictionary."""
    return dict(word.split("=", 1) for word in data.decode().split())


def udp_socket(node, address, bind=None):
    with node.inside():
        sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    if bind:
        sock.bind(bind)
    return sock


def udp(node, address, port, data=b"who?", timeout=1.0, tries=3, bind=None):
    """Asks once (and again while nothing comes) and returns the Answer, or None."""
    with udp_socket(node, address, bind) as sock:
        sock.settimeout(patience(timeout))
        for _ in range(tries):
            sock.sendto(data, (address, port))
            try:
                answer, source = sock.recvfrom(65536)
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                return None
            return Answer(address, source[0], source[1], answer)
    return None


def udp_many(node, addresses, port, data=b"who?", timeout=1.0, tries=3, in_flight=32):
    """Asks every address from a socket of its own, many at once. Returns {address: Answer or None}."""
    answers = {}
    waiting = list(reversed(addresses))
    timeout = patience(timeout)
    with selectors.DefaultSelector() as selector:
        while waiting or selector.get_map():
            while waiting and len(selector.get_map()) < in_flight:
                address = waiting.pop()
                sock = udp_socket(node, address)
                sock.setblocking(False)
                sock.sendto(data, (address, port))
                selector.register(sock, selectors.EVENT_READ, [address, time.monotonic() + timeout, tries - 1])
            for key, _ in selector.select(0.05):
                address = key.data[0]
                reply, source = key.fileobj.recvfrom(65536)
                answers[address] = Answer(address, source[0], source[1], reply)
                selector.unregister(key.fileobj)
                key.fileobj.close()
            _udp_again(selector, port, data, timeout, answers)
    return answers


def _udp_again(selector, port, data, timeout, answers):
    """Asks again whom we have waited for in vain, or gives up."""
    now = time.monotonic()
    for key in list(selector.get_map().values()):
        address, deadline, tries = key.data
        if now < deadline:
            continue
        if tries:
            key.fileobj.sendto(data, (address, port))
            key.data[1:] = [now + timeout, tries - 1]
        else:
            answers[address] = None
            selector.unregister(key.fileobj)
            key.fileobj.close()


def tcp_connect(node, address, port, timeout=5.0, bind=None):
    with node.inside():
        sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    sock.settimeout(patience(timeout))
    try:
        if bind:
            sock.bind(bind)
        sock.connect((address, port))
    except OSError:
        sock.close()
        raise
    return sock


def read_all(sock, most=1 << 24):
    """Reads to the end of the peer."""
    data = bytearray()
    while len(data) < most:
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return bytes(data)


def tcp(node, address, port, data=b"", timeout=5.0, bind=None):
    """Connects, sends, says that there is no more, and returns all that comes back."""
    with tcp_connect(node, address, port, timeout, bind) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def tcp_many(node, addresses, port, data=b"", timeout=5.0, at_once=16):
    """tcp() of many addresses at once. Returns {address: bytes, or the exception that it ended with}."""
    def one(address):
        try:
            return tcp(node, address, port, data, timeout)
        except OSError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return dict(zip(addresses, pool.map(one, addresses)))


def tcp_echoes(node, address, port=7, data=b"still there?"):
    """Whether an echo is there and says the same."""
    try:
        return tcp(node, address, port, data) == data
    except OSError:
        return False


class UdpLoad:
    """Asks an echo at a steady rate, each question once, and judges every answer. A context manager.

    Each question bears a number, so that each answer is matched with the address that it was meant for. The rate is
    bounded so that no queue overflows on a small machine: then a lost answer is the server's doing.
    """

    def __init__(self, node, addresses, port, rate=400, sockets=4, linger=2.0):
        self.addresses = addresses
        self.port = port
        self.rate = rate
        self.linger = linger
        self.asked = []			# the address, by number
        self.answered = set()		# numbers
        self.wrong = []			# (asked, source)
        self.twice = 0
        self._stop = threading.Event()
        self._sockets = []
        for _ in range(sockets):
            sock = udp_socket(node, addresses[0])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sock.setblocking(False)
            self._sockets.append(sock)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        """Asks no more, waits for the answers under way, and lets go."""
        self._stop.set()
        self._thread.join()
        for sock in self._sockets:
            sock.close()
        self._sockets = []

    @property
    def lost(self):
        """The addresses that did not answer."""
        return [address for number, address in enumerate(self.asked) if number not in self.answered]

    @property
    def right(self):
        return len(self.answered) - len(self.wrong)

    def _take(self, sock):
        while True:
            try:
                data, source = sock.recvfrom(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            number = struct.unpack_from("!Q", data)[0]
            if number in self.answered:
                self.twice += 1
            self.answered.add(number)
            if not same(self.asked[number], source[0]) or source[1] != self.port:
                self.wrong.append((self.asked[number], source[0]))

    def _ask(self, sock):
        number = len(self.asked)
        address = self.addresses[number % len(self.addresses)]
        self.asked.append(address)
        try:
            sock.sendto(struct.pack("!Q", number) + b"load", (address, self.port))
        except (BlockingIOError, ConnectionRefusedError):
            pass		# an error of an earlier one; this question counts as lost, which is the truth

    def _run(self):
        with selectors.DefaultSelector() as selector:
            for sock in self._sockets:
                selector.register(sock, selectors.EVENT_READ)
            next_time = time.monotonic()
            while not self._stop.is_set():
                if time.monotonic() >= next_time:
                    self._ask(self._sockets[len(self.asked) % len(self._sockets)])
                    next_time += 1 / self.rate
                for key, _ in selector.select(max(0, next_time - time.monotonic())):
                    self._take(key.fileobj)
            deadline = time.monotonic() + patience(self.linger)
            while len(self.answered) < len(self.asked) and time.monotonic() < deadline:
                for key, _ in selector.select(0.05):
                    self._take(key.fileobj)
