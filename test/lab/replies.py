# SPDX-License-Identifier: GPL-3.0-or-later
"""What the labs of `replies` share: a cgroup of their own, servers in it, and clients that keep count.

The host's other programs are nobody's business here. So each lab makes a cgroup below the mount, and everything that
shall be helped is started in it.
"""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import struct
import subprocess
import sys
import time

import ask
import topology
from configuration import CLAIMED, SEVENTH
from daemon import REPOSITORY
from lab import patience, wait_until
from topology import CLAIM4, CLAIM6

ECHOES = REPOSITORY / "test/lab/echoes.py"
PORT = 7000
ENTER = 'echo $$ >"$0/cgroup.procs" && exec "$@"'

# By family: what is asked, the kernel's own choice first.
ADDRESSES = {
    "4": [topology.UPLINK4, topology.HOST4, SEVENTH[CLAIM4], *ask.edges(CLAIM4)],
    "6": [topology.UPLINK6, topology.HOST6, SEVENTH[CLAIM6], *ask.edges(CLAIM6)],
}
ALL_ADDRESSES = ADDRESSES["4"] + ADDRESSES["6"]


def mount_point():
    """Where the unified hierarchy of cgroups is, whatever else is mounted."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        if words[words.index("-") + 1] == "cgroup2":
            return pathlib.Path(words[4])
    raise AssertionError("no cgroup2 is mounted")


def _is_removed(folder):
    """Removes a cgroup, unless somebody in it has not ended altogether yet."""
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def cgroups_below(top):
    """It and all below, the lowest first. What others remove meanwhile is passed over, as by os.walk()."""
    return [pathlib.Path(path) for path, _, _ in os.walk(top, topdown=False)]


def _processes(cgroup):
    with contextlib.suppress(OSError):
        return (cgroup / "cgroup.procs").read_text().split()
    return []


class Cgroup:
    """A cgroup of ours; a context manager."""

    def __init__(self, name=None):
        self.name = name or f"mh-lab-{os.getpid()}"
        self.path = mount_point() / self.name
        self.enter = ["sh", "-c", ENTER, str(self.path)]	# before a command that shall run in it

    def make(self):
        self.path.mkdir(exist_ok=True)
        return self

    def child(self, name):
        """One below it, not made yet."""
        return Cgroup(f"{self.name}/{name}")

    def sibling(self, name):
        """One beside it, not made yet."""
        return Cgroup(f"{self.name}-{name}")

    def as_top(self):
        """Before a command for which this one shall be the top of all cgroups."""
        mount = 'mount --bind "$0" "$1" && shift && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mount, str(self.path), str(mount_point())]

    def remove(self):
        """Ends what runs in it and below, and removes both."""
        for folder in cgroups_below(self.path):
            for pid in _processes(folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            wait_until(lambda f=folder: _is_removed(f), what=f"{folder} to be empty")

    def programs(self):
        """The eBPF programs that are attached to it, each by its number."""
        tool = shutil.which("bpftool", path="/usr/sbin:/sbin:" + os.environ["PATH"])
        assert tool, "bpftool is missing, which tells what is attached"
        done = subprocess.run([tool, "-j", "cgroup", "show", self.path], capture_output=True, text=True, check=True)
        return sorted(program["id"] for program in json.loads(done.stdout.strip() or "[]"))

    def __enter__(self):
        return self.make()

    def __exit__(self, *error):
        self.remove()


def config(*cgroups, claimed=CLAIMED):
    """Claims, and `replies` for these cgroups."""
    rows = "".join(f"  - cgroup: {cgroup.name}\n" for cgroup in cgroups)
    return claimed + (f"replies:\n{rows}" if rows else "")


def echo(node, cgroup, shape, *words, port=PORT, **options):
    """Starts one of echoes.py in a cgroup."""
    return node.spawn(*cgroup.enter, sys.executable, ECHOES, shape, port, *words, ready="^ready$", **options)


def sources(node, addresses=ALL_ADDRESSES, port=PORT):
    """From where each address is answered, asked from a port of its own; None where nothing came."""
    answers = ask.udp_many(node, addresses, port, timeout=0.5)
    return {address: answer and answer.source for address, answer in answers.items()}


def wrong(found):
    """Those of sources() that another address answered for, or none."""
    return {asked: source for asked, source in found.items() if source is None or not ask.same(asked, source)}


class OnePort:
    """Asks many addresses from one port, many at once, and matches each answer by its number."""

    def __init__(self, node, addresses, port=PORT):
        self.addresses = addresses
        self.port = port
        self.sock = ask.udp_socket(node, addresses[0])
        self.asked = []
        self.answers = {}		# source, by number

    def ask(self, address):
        self.sock.sendto(struct.pack("!Q", len(self.asked)) + b"?", (address, self.port))
        self.asked.append(address)

    def hear(self, timeout=1.0):
        """Takes one answer; False when none came in time."""
        if not select.select([self.sock], [], [], patience(timeout))[0]:
            return False
        data, source = self.sock.recvfrom(2048)
        self.answers[struct.unpack_from("!Q", data)[0]] = source[0]
        return True

    def flood(self, count, in_flight=32):
        """Asks @count times, every address in turn, with so many questions under way."""
        deadline = time.monotonic() + patience(60)
        for number in range(count):
            self.ask(self.addresses[number % len(self.addresses)])
            while len(self.asked) - len(self.answers) >= in_flight and self.hear():
                assert time.monotonic() < deadline, "the server is too slow for this"
        while len(self.answers) < count and self.hear():
            pass
        return self

    @property
    def wrong(self):
        return [(self.asked[number], source) for number, source in sorted(self.answers.items())
                if not ask.same(self.asked[number], source)]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.sock.close()
