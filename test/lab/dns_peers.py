# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers DNS in the labs: our engine without a socket, and Debian's knotd and nsd as oracles.

Each peer has ask(bytes, tcp=False), which returns the reply's bytes or None, and takes the same zones: a list of
(origin, path of the zone file).
"""

import contextlib
import socket
import struct
import subprocess

import debian
from daemon import BUILD
from lab import patience, wait_until

ENGINE = BUILD / "test/dns/answer"
PATIENCE = 1	# seconds after which a peer is taken for silent


class Engine:
    """test/dns/answer: queries in, replies out."""

    def __init__(self, zones, **keys):
        words = [f"{key}={value}" for key, value in keys.items()] + [f"{origin}={path}" for origin, path in zones]
        self.process = subprocess.Popen([ENGINE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, query, tcp=False, ipv6=False):
        self.process.stdin.write(struct.pack("!HB", len(query), tcp | ipv6 << 1) + query)
        self.process.stdin.flush()
        head = self.process.stdout.read(2)
        assert len(head) == 2, "the engine is gone"
        return self.process.stdout.read(int.from_bytes(head, "big")) or None

    def close(self):
        self.process.stdin.close()
        status = self.process.wait(patience(20))
        self.process.stdout.close()
        assert status == 0, f"the engine ended with {status}"


class Peer:
    """A server in a namespace, on 127.0.0.1: one of others that is started here, or one that runs already."""

    def __init__(self, node, port, package=None, command=()):
        self.node, self.port = node, port
        if package:
            path, environment = debian.find(command[0], package)
            self.process = node.spawn(path, *command[1:], env=environment)
        with node.inside():
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.settimeout(PATIENCE)
        self.udp.connect(("127.0.0.1", port))

    def wait(self, origin):
        """Waits until it serves @origin."""
        query = struct.pack("!6H", 7, 0, 1, 0, 0, 0) + wire_name(origin) + struct.pack("!HH", 6, 1)

        def served():
            assert self.process.running(), self.process.said()
            with contextlib.suppress(OSError):
                reply = self.ask(query)
                return reply and reply[3] & 15 == 0
            return False
        wait_until(served, timeout=60, what=f"{self.process.command[0]} to serve {origin}", every=0.1)
        return self

    def ask(self, query, tcp=False):
        if tcp:
            return self._ask_tcp(query)
        self.udp.send(query)
        while True:
            try:
                reply = self.udp.recv(65536)
            except TimeoutError:
                return None
            if reply[:2] == query[:2]:
                return reply

    def _ask_tcp(self, query):
        with self.node.inside():
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        with connection:
            connection.sendall(struct.pack("!H", len(query)) + query)
            stream = connection.makefile("rb")
            head = stream.read(2)
            return stream.read(int.from_bytes(head, "big")) if len(head) == 2 else None

    def close(self):
        self.udp.close()


def wire_name(text):
    """A name without escapes, as it goes into a message."""
    labels = [label for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def knot_configuration(folder, zones, port=5301):
    lines = ["server:", f"  rundir: {folder}", f"  listen: 127.0.0.1@{port}", "  udp-workers: 1", "  tcp-workers: 1",
             "  background-workers: 1", "  nsid: \"oracle\"", "  identity: \"oracle\"", "  version: \"oracle\"",
             "  udp-max-payload: 1232", "log:", "  - target: stderr", "    any: error",
             "database:", f"  storage: {folder}/db", "policy:",
             "  - id: nsec", "    algorithm: ecdsap256sha256", "    single-type-signing: on", "    nsec3: off",
             "  - id: nsec3", "    algorithm: ecdsap256sha256", "    single-type-signing: on", "    nsec3: on",
             "    nsec3-iterations: 1", "    nsec3-salt-length: 4",
             "  - id: optout", "    algorithm: ecdsap256sha256", "    single-type-signing: on", "    nsec3: on",
             "    nsec3-opt-out: on", "    nsec3-iterations: 0", "    nsec3-salt-length: 0",
             "mod-cookies:", "  - id: default", "    secret: 0xe5e973e5a6b2a43f48e7dc849e37bfcf",
             "template:", "  - id: default", "    global-module: mod-cookies/default",
             "    storage: /", "    semantic-checks: soft", "    journal-content: none",
             "    zonefile-sync: -1", "zone:"]
    for origin, path in zones:
        lines += [f"  - domain: {origin}", f"    file: {path}"]
    return "\n".join(lines) + "\n"


def knot(lab, node, zones, port=5301):
    folder = lab.folder / "knot"
    (folder / "db").mkdir(parents=True, exist_ok=True)
    path = lab.file("knot.conf", knot_configuration(folder, zones, port))
    return Peer(node, port, "knot", ["knotd", "-c", path]).wait(zones[-1][0])


def nsd(lab, node, zones, port=5302):
    folder = lab.folder / "nsd"
    folder.mkdir(exist_ok=True)
    lines = ["server:", f"  ip-address: 127.0.0.1@{port}", "  server-count: 1", '  username: ""', '  chroot: ""',
             f'  zonesdir: "{folder}"', '  database: ""', f'  pidfile: "{folder}/pid"', f'  logfile: "{folder}/log"',
             f'  xfrdfile: "{folder}/xfrd"', f'  zonelistfile: "{folder}/list"', f'  xfrdir: "{folder}"',
             "  rrl-ratelimit: 0", "  minimal-responses: yes", "  refuse-any: yes", '  nsid: "ascii_oracle"',
             '  identity: "oracle"', '  version: "oracle"', "  ipv4-edns-size: 1232", "  ipv6-edns-size: 1232",
             "  answer-cookie: yes", '  cookie-secret: "e5e973e5a6b2a43f48e7dc849e37bfcf"',
             "remote-control:", "  control-enable: no"]
    for origin, path in zones:
        lines += ["zone:", f'  name: "{origin}"', f'  zonefile: "{path}"']
    path = lab.file("nsd.conf", "\n".join(lines) + "\n")
    return Peer(node, port, "nsd", ["nsd", "-d", "-c", path]).wait(zones[-1][0])


def sign(lab, node, origin, path, policy):
    """Signs the zone at @path with a key of the moment: "nsec", "nsec3" or "optout". Returns the signed one's path."""
    folder = lab.folder / f"sign-{policy}"
    (folder / "db").mkdir(parents=True, exist_ok=True)
    text = knot_configuration(folder, [(origin, path)])
    text += f"    dnssec-signing: on\n    dnssec-policy: {policy}\n"
    configuration = lab.file(f"sign-{policy}.conf", text)
    node.run("kzonesign", "-c", configuration, "-o", folder, origin)
    return folder / path.name
