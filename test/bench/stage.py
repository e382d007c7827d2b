# SPDX-License-Identifier: GPL-3.0-or-later
"""Where it is measured.

         core 1                         core 0
    +--------------+              +------------------+
    |  udp_load c0 |-- veth pair -| h0 servers       |
    +--------------+              +------------------+
    192.0.2.2, 2001:db8:0:1::2    192.0.2.1, 2001:db8:0:1::1

The client's namespace has no addresses: udp_load writes and reads whole frames and is the only one who believes in
192.0.2.2. For the server it is a permanent neighbour whose hardware address nobody has, so that the client's own kernel
looks no further into the answers: that keeps the generator cheaper than the servers, and the server's core the
bottleneck.

A datagram is carried by whoever sends it: what the server's kernel does on arrival (routing, socket look-up, filter)
runs on the client's core, and the server's core does everything from recvmmsg to sendmmsg. That is the sharpest view
of the server as a program. `spread=True` gives each side its arrivals too (receive packet steering), which costs an
interrupt between the cores for each datagram and thereby blunts the ratio.

Joined answers (UDP_SEGMENT) are cut into datagrams at h0, at the server's cost, as by a card that cannot do it.
"""

import json
import os
import pathlib
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "lab"))

from daemon import BUILD, Daemon  # noqa: E402
from lab import Lab, wait_until  # noqa: E402
from measure import Broken, cpu_seconds  # noqa: E402

PROGRAMS = BUILD / "test/bench"
SERVER_CORE, CLIENT_CORE = 0, 1
HOST4, HOST6 = "192.0.2.1", "2001:db8:0:1::1"
CLIENT4, CLIENT6 = "192.0.2.2", "2001:db8:0:1::2"
MEMORY = "/dev/shm"
ATTEMPTS = 3
NOBODY = "02:00:00:00:00:99"


def pinned(core):
    """For a child: run on @core alone, or anywhere."""
    return {} if core is None else {"preexec_fn": lambda: os.sched_setaffinity(0, {core})}


class Stage(Lab):
    """The two namespaces."""

    def __init__(self, spread=False):
        # A daemon keeps its socket, and what it has to remember, in /run, which is memory; /tmp may be a disk.
        tempfile.tempdir = MEMORY if os.path.isdir(MEMORY) else None
        super().__init__("bench")
        self.host = self.node("h")
        self.client = self.node("c")
        self.link(self.host, "h0", self.client, "c0")
        for address, peer in ((f"{HOST4}/24", CLIENT4), (f"{HOST6}/64", CLIENT6)):
            self.host.ip("address", "add", address, "dev", "h0")
            self.host.ip("neighbour", "add", peer, "lladdr", NOBODY, "dev", "h0", "nud", "permanent")
        self.host.ip("link", "set", "h0", "gso_max_segs", "1")
        self.mac = json.loads(self.host.ip("-json", "link", "show", "h0"))[0]["address"]
        if spread:
            self.steer(self.host, "h0", SERVER_CORE)
            self.steer(self.client, "c0", CLIENT_CORE)

    def steer(self, node, link, core):
        """Lets the kernel's work on what arrives at @link be done by @core. (`ip netns exec` mounts its own /sys.)"""
        node.run("ip", "netns", "exec", node.name, "sh", "-c",
                 f"echo {1 << core:x} > /sys/class/net/{link}/queues/rx-0/rps_cpus")

    def wake_client(self, *asked):
        """Lets the client's kernel have its addresses, with ways to @asked, for programs on sockets of their own."""
        mac = json.loads(self.client.ip("-json", "link", "show", "c0"))[0]["address"]
        for address, length, gateway in ((CLIENT4, 24, HOST4), (CLIENT6, 64, HOST6)):
            self.client.ip("address", "add", f"{address}/{length}", "dev", "c0",
                           *(["nodad"] if ":" in address else []))
            self.client.ip("neighbour", "add", gateway, "lladdr", self.mac, "dev", "c0", "nud", "permanent")
            self.host.ip("neighbour", "replace", address, "lladdr", mac, "dev", "h0", "nud", "permanent")
        for target in asked:
            self.client.ip("route", "add", target, "via", HOST6 if ":" in target else HOST4)

    def server(self, *command):
        """Starts a peer on the server's core and waits until it is ready; returns its process numbers."""
        process = self.host.spawn(*command, ready="^ready$", **pinned(SERVER_CORE))
        return lambda: [process.pid]

    def silent_server(self, port, *command, env=None):
        """The same for a peer that does not say when it is ready: looks for its socket."""
        process = self.host.spawn(*command, **pinned(SERVER_CORE), env=env)
        wait_until(lambda: f":{port} " in self.host.run("ss", "-Hlun").stdout, 10, f"{command[0]} on port {port}")
        return lambda: [process.pid]

    def daemon(self, config, name="multihomed", core=SERVER_CORE):
        """Starts multihomed on one core, and so with one worker thread; core=None: on all."""
        daemon = Daemon(self.host, config, name)
        daemon.launch(**pinned(core)).wait_line("^ready$", 60)
        return daemon

    def ask(self, prefix, port, milliseconds, **options):
        """One turn of udp_load. @options: addresses, ports, window, size. Returns what it printed."""
        letters = {"addresses": "-a", "ports": "-p", "window": "-w", "size": "-s"}
        words = [word for name, value in options.items() for word in (letters[name], value)]
        done = self.client.run(PROGRAMS / "udp_load", *words, "-t", milliseconds, "c0", self.mac,
                               CLIENT6 if ":" in prefix else CLIENT4, prefix, port, **pinned(CLIENT_CORE))
        return json.loads(done.stdout)


def children(pid):
    return [int(number) for number in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def processes(daemon):
    """The numbers of the engine and its workers."""
    return [daemon.pid, *children(daemon.pid)]


class Turn:
    """One server asked for a while: answers for each second of its core, and by the clock, and what both cores paid.

    On an idle machine the first two are the same, for the server's core is busy all the time. On a busy one, the clock
    counts the moments in which somebody else had one of the two cores, and the core's seconds do not.
    """

    def __init__(self, stage, pids, prefix, port, milliseconds, **question):
        # A core that others have all to themselves for a whole turn is no fault of the server: ask again.
        for _ in range(ATTEMPTS):
            numbers = pids()
            before = cpu_seconds(numbers)
            said = stage.ask(prefix, port, milliseconds, **question)
            spent = cpu_seconds(numbers) - before
            if said["wrong"]:
                raise Broken(f"{said['wrong']} wrong answers of port {port} on {prefix}, {said['answers']} right ones")
            if said["answers"]:
                break
        else:
            raise Broken(f"no answer of port {port} on {prefix} in {ATTEMPTS} turns")
        self.rate = said["answers"] / said["seconds"]
        self.per_core_second = said["answers_in_all"] / spent
        self.both_us = (spent * 1e6 + said["cpu_us"]) / said["answers_in_all"]
        self.lost = said["lost"]
