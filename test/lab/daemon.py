# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon and its command, as a test drives them.

Binaries come from $MH_BUILD (default: build/ of this checkout), so the same labs judge a sanitizer build. Whatever a
sanitizer says is a failure, whichever test it happened in: see Daemon.check().
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from lab import patience, wait_until
from process import Process

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MH_BUILD", REPOSITORY / "build")).resolve()
MULTIHOMED = BUILD / "src/daemon/multihomed"
MHCTL = BUILD / "src/ctl/mhctl"

SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")


class Reply(dict):
    """What `mhctl --json` printed, beside its exit status and what it said to people."""

    def __init__(self, command, done):
        self.command = command
        self.exit = done.returncode
        self.out = done.stdout
        self.errors = done.stderr
        value = {}
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(done.stdout)
        super().__init__(value if isinstance(value, dict) else {})

    def said(self):
        return f"{' '.join(self.command)} ended with {self.exit}\n{self.out}\n{self.errors}"

    def expect(self, status):
        assert self.exit == status, f"expected exit status {status}; {self.said()}"
        return self

    @property
    def operations(self):
        """The lines of a plan."""
        return [operation["text"] for operation in self["operations"]]

    @property
    def texts(self):
        return [diagnostic["text"] for diagnostic in self.get("diagnostics", [])]


def mhctl(node, *words, socket=None, expect=None, timeout=120):
    """Runs mhctl as a person would, in @node."""
    command = [str(MHCTL), *(["-s", str(socket)] if socket else []), *map(str, words)]
    with node.inside():
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=patience(timeout),
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, "MULTIHOMED_BPFFS": str(node.lab.folder / "bpf")})
    check_sanitizer(done.stderr.splitlines(), command)
    reply = Reply(command, done)
    return reply if expect is None else reply.expect(expect)


def check_sanitizer(lines, command):
    bad = [line for line in lines if SANITIZER.search(line)]
    assert not bad, f"{command[0]}: " + "\n".join(lines[lines.index(bad[0]):][:60])


class Daemon:
    """multihomed in a node, with a configuration file and a socket in the lab's folder."""

    def __init__(self, node, config, name="multihomed", words=()):
        self.node = node
        self.lab = node.lab
        self.name = f"{name}-{node.role}"
        self.socket = self.lab.folder / self.name / "control.sock"
        self.socket.parent.mkdir(exist_ok=True)
        self.config = "builtin" if config == "builtin" else None
        if self.config is None:
            self.write(config)
        self.words = words
        self.program = MULTIHOMED
        self.process = None
        self.past = []		# processes that ended, for what they said

    def write(self, text):
        """Writes the configuration file; nothing reads it before it is told to."""
        self.config = self.file("multihomed.yaml", text)
        return self.config

    def file(self, name, text):
        """Writes another file beside it and returns its path."""
        return self.lab.file(f"{self.name}/{name}", text)

    def launch(self, before=(), **options):
        """Starts it, by the program @before where there is one, and does not wait."""
        options["env"] = {"MULTIHOMED_BPFFS": str(self.lab.bpffs()), **(options.get("env") or os.environ)}
        command = [*before, str(self.program), "-c", str(self.config), "-s", str(self.socket), *self.words]
        with self.node.inside():
            self.process = Process(command, **options)
        self.lab.processes.append(self.process)
        self.past.append(self.process)
        return self.process

    def start(self, timeout=60, **options):
        """Starts it and waits for the first plan to be in force."""
        self.launch(**options).wait_line(r"^ready$", patience(timeout))
        return self

    @property
    def pid(self):
        return self.process.pid

    def stop(self, expect=0):
        """Ends it as the service manager would: everything of ours is taken back."""
        status = self.process.stop(patience(60))
        assert status == expect, f"it ended with {status}; it said\n{self.process.said()}"
        self.check()

    def kill(self):
        """Ends the engine at once, as a fault would. Waits for its workers, which follow by themselves."""
        workers = self.children()
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in workers), 10, "the workers to follow the engine")

    def hangup(self):
        """Tells it to read its file again."""
        self.process.signal(signal.SIGHUP)

    def children(self):
        """The numbers of its worker processes, the oldest first."""
        path = f"/proc/{self.pid}/task/{self.pid}/children"
        return [int(pid) for pid in pathlib.Path(path).read_text().split()]

    def worker(self):
        """The number of its one worker; waits while it is being started."""
        return wait_until(lambda: len(self.children()) == 1 and self.children()[0], 10, "exactly one worker")

    def said(self):
        return "\n".join(process.said() for process in self.past)

    def log(self):
        """Every line that it logged."""
        return [line for process in self.past for line in process.errors]

    def check(self):
        """Fails when a sanitizer spoke."""
        for process in self.past:
            check_sanitizer(process.errors, process.command)

    def ctl(self, *words, expect=None, timeout=120):
        """mhctl as a person sees it."""
        return mhctl(self.node, *words, socket=self.socket, expect=expect, timeout=timeout)

    def plan(self, text=None, expect=None):
        return self._with_file("plan", text, (), expect)

    def apply(self, text=None, *words, expect=0):
        """`mhctl apply --json`, of the daemon's own file or of a draft with this text."""
        return self._with_file("apply", text, words, expect)

    def _with_file(self, command, text, words, expect):
        files = [] if text is None else [self.file("draft.yaml", text)]
        return self.ctl(command, *files, *words, "--json", expect=expect)

    def status(self, *feature):
        return self.ctl("status", *feature, "--json", expect=0)

    def feature(self, name):
        """What `mhctl status NAME` tells of a feature."""
        return self.status(name)["features"][name]

    def claim(self, prefix):
        """What `mhctl status prefixes` tells of one claim."""
        for claim in self.feature("prefixes")["claims"]:
            if claim["prefix"] == prefix:
                return claim
        raise AssertionError(f"no claim {prefix} in {self.feature('prefixes')}")

    def service(self, name):
        for service in self.feature("services")["services"]:
            if service["name"] == name:
                return service
        raise AssertionError(f"no service {name} in {self.feature('services')}")

    def watch(self):
        """`mhctl watch` under way: a Process whose lines are JSON events."""
        process = self.node.spawn(MHCTL, "-s", self.socket, "watch", "--json")
        process.wait_line("hello")
        return process


def is_alive(pid):
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
