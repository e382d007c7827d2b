# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers of Debian, each with the root of the lab and nothing else changed but where it listens."""

import socket
import struct
import time

import debian
from lab import wait_until

UNBOUND = """
server:
  interface: 127.0.0.1@5300
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  root-hints: "{hints}"
  module-config: "iterator"
  access-control: 0.0.0.0/0 allow
  prefetch: no
  qname-minimisation: no
  {more}
remote-control:
  control-enable: no
"""

BIND = """
options {{
  directory "{folder}"; pid-file none; session-keyfile none; managed-keys-directory "{folder}";
  listen-on port 5300 {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  dnssec-validation no; recursion yes; qname-minimization off; max-cache-ttl 86400; prefetch 0;
}};
zone "." {{ type hint; file "{hints}"; }};
controls {{ }};
"""

RECURSOR = """
local-address=127.0.0.1
local-port=5300
hint-file={hints}
dnssec=off
daemon=no
socket-dir={folder}
config-dir={folder}
qname-minimization=no
dont-query=
any-to-tcp=no
security-poll-suffix=
"""

KRESD = """
net.listen('127.0.0.1', 5300)
trust_anchors.remove('.')
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
modules.load('hints')
hints.root_file('{hints}')
cache.open(10*MB, 'lmdb://{folder}/cache')
option('NO_MINIMIZE', true)
"""

# A program, its package, its configuration, and how it is started with that.
RESOLVERS = {
    "unbound": ("unbound", UNBOUND, ["unbound", "-c", "{file}"]),
    "bind": ("bind9", BIND, ["named", "-f", "-c", "{file}", "-n", "1"]),
    "recursor": ("pdns-recursor", RECURSOR, ["pdns_recursor", "--config-dir={folder}"]),
    "kresd": ("knot-resolver", KRESD, ["kresd", "-n", "-c", "{file}", "{folder}"]),
}
PORT = 5300


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def available(kind):
    """Whether its package is here or can be fetched."""
    try:
        debian.find(RESOLVERS[kind][2][0], RESOLVERS[kind][0])
    except (AssertionError, OSError):
        return False
    return True


class Resolver:
    """One of RESOLVERS on a node; ask() is what a stub on that node would do."""

    def __init__(self, node, kind, root, more=""):
        package, text, command = RESOLVERS[kind]
        folder = node.lab.folder / f"{kind}-{node.role}"
        folder.mkdir()
        folder.chmod(0o777)
        hints = folder / "root.hints"
        hints.write_text(f". 86400 IN NS root.\nroot. 86400 IN A {root}\n")
        file = folder / ("recursor.conf" if kind == "recursor" else "configuration")
        file.write_text(text.format(folder=folder, hints=hints, more=more))
        words = [word.format(file=file, folder=folder) for word in command]
        words[0], environment = debian.find(words[0], package)
        if kind == "kresd":
            words = debian.at_home(words, package)
        self.kind, self.node, self.number = kind, node, 0
        self.process = node.spawn(*words, env=environment, cwd=str(folder))
        with node.inside():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", PORT))
        wait_until(self._answers, 30, f"{kind} to answer; it said {self.process.said()}", every=0.2)

    def _answers(self):
        try:
            return self.ask("example.com", 6, 1.0)[0] is not None
        except OSError:
            return False

    def ask(self, name, kind=1, timeout=5.0):
        """Returns the rcode (None: silence), the addresses or texts, and how long it took in seconds."""
        self.number = (self.number + 1) & 0xffff
        query = struct.pack("!6H", self.number, 0x100, 1, 0, 0, 0) + wire_name(name) + struct.pack("!HH", kind, 1)
        since = time.monotonic()
        self.socket.send(query)
        while True:
            self.socket.settimeout(max(0.001, since + timeout - time.monotonic()))
            try:
                reply = self.socket.recv(65536)
            except TimeoutError:
                return None, [], time.monotonic() - since
            if reply[:2] == query[:2]:
                return reply[3] & 15, answers(reply, kind), time.monotonic() - since


def _skip_name(reply, at):
    while reply[at]:
        if reply[at] >= 0xc0:
            return at + 2
        at += 1 + reply[at]
    return at + 1


def answers(reply, kind):
    """The rdata of all answers of type @kind: addresses as text, the first string of TXT."""
    found, at = [], _skip_name(reply, 12) + 4
    for _ in range(int.from_bytes(reply[6:8], "big")):
        at = _skip_name(reply, at)
        of, _, _, length = struct.unpack("!HHIH", reply[at:at + 10])
        data, at = reply[at + 10:at + 10 + length], at + 10 + length
        if of == kind and kind == 1:
            found.append(socket.inet_ntop(socket.AF_INET, data))
        elif of == kind and kind == 28:
            found.append(socket.inet_ntop(socket.AF_INET6, data))
        elif of == kind and kind == 16:
            found.append(data[1:1 + data[0]].decode())
    return found
