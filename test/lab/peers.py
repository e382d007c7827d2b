# SPDX-License-Identifier: GPL-3.0-or-later
"""What checks ask in the labs: small servers in a node, each of which can be told to misbehave."""

import contextlib
import socket
import ssl
import threading


class Peer:
    """A server in a thread. `.say` is what it says: bytes, None for silence, or a function of what it was asked."""

    def __init__(self, node, address, port, say=b"", udp=False, tls=None, scope=0):
        self.say, self.tls, self.asked = say, tls, 0
        kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
        where = (address, port, 0, scope) if scope else (address, port)
        with node.inside():
            self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(where)
        if not udp:
            self.socket.listen(128)
        self.thread = threading.Thread(target=self._datagrams if udp else self._connections, daemon=True)
        self.thread.start()

    def _answer(self, data):
        self.asked += 1
        return self.say(data) if callable(self.say) else self.say

    def _datagrams(self):
        with contextlib.suppress(OSError):
            while True:
                data, client = self.socket.recvfrom(65535)
                answer = self._answer(data)
                if answer is not None:
                    self.socket.sendto(answer, client)

    def _connections(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.socket.accept()[0]
                threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def _connection(self, client):
        with contextlib.suppress(OSError, ssl.SSLError), client:
            client.settimeout(5)
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            data = client.recv(4096) if self.say is None or callable(self.say) or self.say.startswith(b"HTTP") else b""
            answer = self._answer(data)
            if answer is None:
                client.recv(4096)		# until the other side gives up
            for part in answer if isinstance(answer, list) else [answer or b""]:
                client.sendall(part)
            if self.tls:
                client.unwrap()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)


def http(status=200, body=b"ok", headers=""):
    """An answer over HTTP."""
    head = f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
