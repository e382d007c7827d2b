# SPDX-License-Identifier: GPL-3.0-or-later
"""What `replies` costs an unmodified server, and whether it is right: the same process with the hooks and without.

Loading the programs takes the kernel seconds, attaching them to a group no time. So another group, in which nobody
runs, has them all the while.
"""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess

from measure import Broken, Goal, Row, compare, turns
from replies import Cgroup
from stage import CLIENT_CORE, HOST4, HOST6, PROGRAMS, SERVER_CORE, Turn, pinned

CLAIM4, CLAIM6 = "198.51.100.0/24", "2001:db8:1:1::/64"
PORT, TCP_PORT = 5020, 5201
MANY = 256				# addresses asked
STATISTICS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
AS_WITHOUT = Goal("<=", 1.05)
TCP_AS_WITHOUT = Goal(">=", 0.98)
NEVER, RARELY = Goal("<=", 0), Goal("<=", 0.001)
IN_TIME = Goal("<=", 1)
# Nanoseconds that a run of these programs may take, with the kernel's own counting in them.
BUDGETS = {"replies_ingress": 400, "replies_sendmsg4": 200, "replies_sendmsg6": 200, "replies_recvmsg4": None,
           "replies_recvmsg6": None}

CLAIMS = f"""\
prefixes:
  - prefix: {CLAIM6}
  - prefix: {CLAIM4}
"""


class Hooks:
    """An echo server in a cgroup of its own, and the daemon that mends it or not."""

    def __init__(self, stage, plan, cgroup, idle):
        self.stage = stage
        self.plan = plan
        self.cgroup = cgroup
        self.without = f"{CLAIMS}replies:\n  - cgroup: {idle.name}\n"
        self.daemon = stage.daemon(self.without, "replies", core=None)
        self.attached = False
        self.echo = stage.server(*cgroup.enter, PROGRAMS / "echo_wildcard", PORT)

    def attach(self, wanted):
        if wanted == self.attached:
            return
        self.daemon.write(self.without + (f"  - cgroup: {self.cgroup.name}\n" if wanted else ""))
        self.daemon.ctl("apply", expect=0)
        self.attached = wanted
        if bool(self.cgroup.programs()) != wanted:
            raise Broken(f"programs attached: {self.cgroup.programs()}, and it should be {wanted}")

    def turn(self, wanted, prefix, **question):
        """A turn whose every answer is right."""
        self.attach(wanted)
        return Turn(self.stage, self.echo, prefix, PORT, self.plan.turn_ms, **question)

    def cost_row(self, name, prefix, host, goal=AS_WITHOUT, **question):
        """CPU of a request with the hooks, asked for @prefix, and without, where only @host is answered right."""
        pairs = turns(self.plan.rounds, lambda: self.turn(True, prefix, **question),
                      lambda: self.turn(False, host, **{**question, "addresses": 1}))
        lost = sum(turn.lost for pair in pairs for turn in pair)
        return compare("replies", name, "s", [(1 / a.per_core_second, 1 / b.per_core_second) for a, b in pairs], goal,
                       f"{lost} lost" if lost else "")

    def wrong_row(self, name, wanted, answers, goal=None, prefix=CLAIM6, **question):
        """How many answers of at least @answers were wrong."""
        self.attach(wanted)
        wrong = right = lost = 0
        while wrong + right < answers:
            said = self.stage.ask(prefix, PORT, 1000, addresses=MANY, window=32, **question)
            if not said["answers_in_all"] + said["wrong"]:
                raise Broken(f"no answers from {prefix}")
            wrong += said["wrong"]
            right += said["answers_in_all"]
            lost += said["lost"]
        return Row("replies", name, "", wrong, wrong + right, [wrong / (wrong + right)], goal,
                   f"{lost} lost" if lost else "")


def cost_rows(hooks):
    yield hooks.cost_row("echo server with : without the hooks", HOST6, HOST6)
    yield hooks.cost_row("echo server, v4, with : without the hooks", HOST4, HOST4)
    yield hooks.cost_row("echo server asked from 256 ports, the same", HOST6, HOST6, ports=MANY)
    yield hooks.cost_row("256 addresses, a port each : one, no hooks", CLAIM6, HOST6, addresses=MANY, ports=MANY)


def wrong_rows(hooks):
    count = hooks.plan.answers
    yield hooks.wrong_row("wrong : all, 256 addresses, a port each", True, count, NEVER, ports=MANY)
    yield hooks.wrong_row("wrong : all, 256 v4 addresses, a port each", True, count, NEVER, CLAIM4, ports=MANY)
    yield hooks.wrong_row("wrong : all, 256 addresses, one port", True, count, RARELY)
    yield hooks.wrong_row("wrong : all, 256 v4 addresses, one port", True, count, RARELY, CLAIM4)
    yield hooks.wrong_row("wrong : all, without the hooks", False, 1)


@contextlib.contextmanager
def statistics_on():
    """Lets the kernel count the runs of eBPF programs, which costs each of them two looks at the clock."""
    before = STATISTICS.read_text()
    STATISTICS.write_text("1")
    try:
        yield
    finally:
        STATISTICS.write_text(before)


def runs_of(cgroup):
    """By name: how often its programs ran, and for how many nanoseconds."""
    tool = shutil.which("bpftool", path="/usr/sbin:/sbin:/usr/bin:/bin")
    found = {}
    for number in cgroup.programs():
        done = subprocess.run([tool, "-j", "prog", "show", "id", str(number)], capture_output=True, text=True,
                              check=True)
        said = json.loads(done.stdout)
        found[said["name"]] = (said.get("run_cnt", 0), said.get("run_time_ns", 0))
    return found


def run_rows(hooks):
    """One row for each program that ran."""
    hooks.attach(True)
    with statistics_on():
        before = runs_of(hooks.cgroup)
        for _ in range(hooks.plan.rounds):
            for prefix in (CLAIM6, CLAIM4):
                hooks.turn(True, prefix, addresses=MANY, ports=MANY)
        after = runs_of(hooks.cgroup)
    for name, budget in BUDGETS.items():
        runs, nanoseconds = (b - a for a, b in zip(before[name], after[name]))
        if not runs and budget:
            raise Broken(f"{name} never ran")
        if not runs:
            continue
        took = nanoseconds / runs / 1e9
        peer = (budget or nanoseconds / runs) / 1e9
        yield Row("replies", f"a run of {name} : {budget} ns" if budget else f"a run of {name}", "s", took, peer,
                  [took / peer], IN_TIME if budget else None)


class Transfer:
    """One second of iperf3 to the server in the cgroup: by the clock, and for each second that both ends had a core."""

    def __init__(self, hooks, wanted):
        hooks.attach(wanted)
        done = hooks.stage.client.run("iperf3", "-J", "-c", HOST6, "-p", TCP_PORT, "-t", 1, **pinned(CLIENT_CORE))
        end = json.loads(done.stdout)["end"]
        used = end["cpu_utilization_percent"]
        self.rate = end["sum_received"]["bits_per_second"] / 8
        self.per_core_second = self.rate / ((used["host_total"] + used["remote_total"]) / 100)


def tcp_rows(hooks):
    if not shutil.which("iperf3"):
        return
    stage = hooks.stage
    stage.wake_client()
    server = stage.host.spawn(*hooks.cgroup.enter, "iperf3", "-s", "-p", TCP_PORT, "--forceflush", ready="listening",
                              **pinned(SERVER_CORE))
    pairs = turns(hooks.plan.rounds, lambda: Transfer(hooks, True), lambda: Transfer(hooks, False))
    server.end()
    clock = [statistics.median(pair[side].rate for pair in pairs) / 1e9 for side in (0, 1)]
    yield compare("replies", "TCP (iperf3) with : without the hooks", "B/s",
                  [(a.per_core_second, b.per_core_second) for a, b in pairs], TCP_AS_WITHOUT,
                  f"by the clock {clock[0]:.2f} : {clock[1]:.2f} GB/s, ratio "
                  f"{statistics.median(a.rate / b.rate for a, b in pairs):.3f}")


def arrival_rows(hooks):
    """On a stage that gives each side the work of its arrivals."""
    yield hooks.cost_row("echo server with : without, arrivals included", HOST6, HOST6, goal=None)


@contextlib.contextmanager
def hooks_on(stage, plan):
    with Cgroup(f"mh-bench-{os.getpid()}") as cgroup, Cgroup(f"mh-bench-{os.getpid()}-idle") as idle:
        hooks = Hooks(stage, plan, cgroup, idle)
        yield hooks
        hooks.daemon.stop()


def hooks_rows(stage, plan):
    with hooks_on(stage, plan) as hooks:
        for rows in (cost_rows, wrong_rows, run_rows, tcp_rows):
            yield from rows(hooks)


def hooks_spread_rows(stage, plan):
    with hooks_on(stage, plan) as hooks:
        yield from arrival_rows(hooks)
