# SPDX-License-Identifier: GPL-3.0-or-later
"""Private networks made of network namespaces, for the labs and for `make run`.

A namespace belongs to whoever has it open, sockets and processes included, and switching into one concerns the
calling thread alone. So nothing here shells out to get inside: a thread steps in, makes the socket or starts the
program, and steps out again; what it made stays inside. One Python process can thus talk as the client, listen as a
neighbour and look at the host's routes, all in one test function that reads from top to bottom.

Nothing may be left behind, however a run ends. Names carry the number of the process that made them
(mh-WHAT-PID-ROLE). close() removes a lab's own; atexit does where an exception got past close(); and the next lab to
start removes those whose maker was killed outright.
"""

import atexit
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from process import Process

NETNS = pathlib.Path("/run/netns")
CLONE_NEWNET = 0x40000000
SCALE = float(os.environ.get("MH_SCALE", "1"))

_libc = ctypes.CDLL(None, use_errno=True)
_open_labs = set()


def scaled(count, least=1):
    """A count that a slow machine may shrink by MH_SCALE."""
    return max(least, int(count * SCALE))


def patience(seconds):
    """A time limit, which a machine that asked for smaller counts gets longer instead."""
    return seconds / min(1.0, SCALE)


def wait_until(condition, timeout=10, what=None, every=0.02):
    """Asks condition() again and again until it is true, and returns what it said."""
    deadline = time.monotonic() + patience(timeout)
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what or condition.__name__}; "
                                 f"the last answer was {answer!r}")
        time.sleep(every)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


def _ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def _maker_is_dead(name):
    try:
        os.kill(int(name.rsplit("-", 2)[1]), 0)
    except (ValueError, IndexError, PermissionError):
        return False
    except ProcessLookupError:
        return True
    return False


def _remove_namespace(name):
    """Ends what runs in it, then unmounts it; whoever still holds a descriptor keeps it alive a little longer."""
    for pid in _ip("netns", "pids", name, check=False).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    _ip("netns", "del", name, check=False)


def _unmount(path):
    subprocess.run(["umount", "-l", str(path)], check=False, capture_output=True)


def remove_stale():
    """Removes the namespaces and folders of runs that were killed before they could."""
    for path in NETNS.glob("mh-*-*-*"):
        if _maker_is_dead(path.name):
            _remove_namespace(path.name)
    for path in pathlib.Path(tempfile.gettempdir()).glob("mh-*-*-*"):
        if path.is_dir() and _maker_is_dead(path.name):
            _unmount(path / "bpf")
            shutil.rmtree(path, ignore_errors=True)


def own_namespaces():
    """The names of all namespaces that belong to a lab, of this process or another."""
    return {path.name for path in NETNS.glob("mh-*-*-*")}


class Node:
    """One machine of a lab: a network namespace."""

    def __init__(self, lab, role):
        self.lab = lab
        self.role = role
        self.name = f"mh-{lab.what}-{os.getpid()}-{role}"
        _ip("netns", "add", self.name)
        self.fd = os.open(NETNS / self.name, os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")
        # An address is usable at once, and what arrives is judged by nobody but the thing under test.
        self.sysctl("net/ipv6/conf/default/accept_dad", 0)
        self.sysctl("net/ipv6/conf/default/router_solicitations", 0)
        for name in ("all", "default"):
            self.sysctl(f"net/ipv4/conf/{name}/rp_filter", 0)

    def remove(self):
        os.close(self.fd)
        _remove_namespace(self.name)

    @contextlib.contextmanager
    def inside(self):
        """What this thread opens or starts meanwhile, sockets and processes, belongs to this node."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.fd)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)

    def run(self, *command, check=True, timeout=60, **options):
        """Runs a program to its end and returns what subprocess.run() does, as text."""
        with self.inside():
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                                  timeout=patience(timeout), **options)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")
        return done

    def spawn(self, *command, ready=None, **options):
        """Starts a program that runs on; with @ready, a pattern, waits until it printed that."""
        with self.inside():
            process = Process([str(word) for word in command], **options)
        self.lab.processes.append(process)
        if ready:
            process.wait_line(ready)
        return process

    def ip(self, *words, check=True):
        """Runs `ip WORDS` here and returns what it printed."""
        return self.run("ip", *words, check=check).stdout

    def ip_batch(self, lines, force=False):
        """Runs many lines of `ip` in one process."""
        self.run("ip", *(["-force"] if force else []), "-batch", "-", input="\n".join(lines) + "\n",
                 check=not force, timeout=300)

    def wait_addresses(self):
        """Waits until the kernel has done what follows from links and addresses, which it does in its own time."""
        def done():
            words = [line.split() for line in self.ip("-6", "-o", "address", "show").splitlines()]
            up = self.ip("-o", "link", "show", "up").splitlines()
            # Members of a bond have no IPv6 of their own.
            links = {line.split(":")[1].strip().split("@")[0] for line in up if ",SLAVE" not in line}
            local = self.ip("-6", "route", "show", "table", "local")
            return (all("tentative" not in word and f"local {word[3].split('/')[0]} " in local for word in words)
                    and {word[1] for word in words if word[3].startswith("fe80:")} >= links - {"lo"})

        wait_until(done, what="the addresses to be usable")

    def sysctl(self, name, value=None):
        """Reads the value of a name below /proc/sys, after writing it where one is given."""
        with self.inside():
            path = pathlib.Path("/proc/sys") / name
            if value is not None:
                # At once: what a write of some settings of IPv6 returns is no count of bytes (1, Linux 6.1).
                with open(path, "wb", buffering=0) as file:
                    file.write(f"{value}\n".encode())
            return path.read_text().strip()

    def sysctls(self):
        """Every readable value below net/ipv4 and net/ipv6."""
        values = {}
        with self.inside():
            for family in ("ipv4", "ipv6"):
                for folder, _, files in os.walk(f"/proc/sys/net/{family}"):
                    for file in files:
                        path = os.path.join(folder, file)
                        with contextlib.suppress(OSError):
                            values[path] = pathlib.Path(path).read_text()
        return values

    def routes(self, *words):
        """The lines of `ip route show` of both families, sorted. WORDS narrow it down."""
        lines = []
        for family in ("-4", "-6"):
            shown = self.ip(family, "route", "show", *(words or ("table", "all")), check=False)
            lines += [" ".join(line.split()) for line in shown.splitlines()]
        return sorted(lines)

    def ours(self):
        """The routes that bear the daemon's protocol number, in any table."""
        return self.routes("table", "all", "proto", "109")

    def snapshot(self):
        """Everything here that the daemon could have touched, a line each: to compare before with after."""
        lines = ["route " + line for line in self.routes()]
        for what, command in (("rule", ["ip", "rule"]), ("rule6", ["ip", "-6", "rule"]),
                              ("address", ["ip", "-o", "address"]), ("socket", ["ss", "-Hlntu"])):
            lines += [f"{what} {line}" for line in self.run(*command).stdout.splitlines()]
        return sorted(lines) + [f"{name} {value}" for name, value in sorted(self.sysctls().items())]


class Lab:
    """Namespaces, the links between them, the programs in them and a folder for files; a context manager."""

    def __init__(self, what):
        if os.geteuid() != 0:
            raise PermissionError("a lab needs root, to make network namespaces")
        remove_stale()
        self.what = what
        self.nodes = []
        self.processes = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mh-{what}-{os.getpid()}-"))
        self.folder.chmod(0o755)
        _open_labs.add(self)

    def node(self, role):
        node = Node(self, role)
        self.nodes.append(node)
        return node

    def link(self, one, one_link, other, other_link):
        """A cable between two nodes, plugged in at both ends."""
        _ip("link", "add", one_link, "netns", one.name, "type", "veth",
            "peer", "name", other_link, "netns", other.name)
        one.ip("link", "set", one_link, "up")
        other.ip("link", "set", other_link, "up")

    def switch(self, role, *ports):
        """A bridge of its own with a cable to (node, link) of each port."""
        bridge = self.node(role)
        bridge.ip("link", "add", "br0", "type", "bridge")
        bridge.ip("link", "set", "br0", "up")
        for number, (node, link) in enumerate(ports):
            self.link(node, link, bridge, f"port{number}")
            bridge.ip("link", "set", f"port{number}", "master", "br0")
        return bridge

    def file(self, name, text):
        """Writes a file of the lab's folder, whole or not at all, and returns its path."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_bytes(text if isinstance(text, bytes) else text.encode())
        draft.rename(path)
        return path

    def copy(self, program):
        """A copy of a program, or of a library, where nobody may reach it, wherever it was built."""
        copy = self.folder / pathlib.Path(program).name
        shutil.copy(program, copy)
        return copy

    def bpffs(self):
        """A file system of the lab's own where eBPF programs outlive who loaded them. What it holds ends with it."""
        path = self.folder / "bpf"
        if not path.exists():
            path.mkdir()
            subprocess.run(["mount", "-t", "bpf", "bpf", str(path)], check=True, capture_output=True)
        return path

    def close(self):
        _open_labs.discard(self)
        for process in reversed(self.processes):
            process.end()
        for node in self.nodes:
            node.remove()
        _unmount(self.folder / "bpf")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


@atexit.register
def _close_all():
    for lab in list(_open_labs):
        lab.close()
