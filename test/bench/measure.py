# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement is: two things side by side, many short turns, and the ratio of each pair of turns.

Absolute figures of a machine that does other things are worth little, and even a ratio is, when one side was measured
a minute after the other. So the sides take turns of well under a second, in the order A B B A, each pair of
neighbours gives one ratio, and the table shows the median of these beside the least and the greatest.
"""

import dataclasses
import operator
import pathlib
import statistics
import time


class Broken(Exception):
    """Not slow, but wrong: an answer from another address, an apply that failed, a second apply that did something."""


@dataclasses.dataclass
class Goal:
    """What a ratio has to be, like ">= 0.95"."""
    sign: str
    value: float

    def met(self, ratio):
        return {">=": operator.ge, "<=": operator.le, "<": operator.lt}[self.sign](ratio, self.value)

    def __str__(self):
        return f"{self.sign} {self.value:g}"


@dataclasses.dataclass
class Row:
    """One line of the table. Without a goal it is there for reference."""
    group: str
    name: str
    unit: str
    ours: float
    peer: float
    ratios: list
    goal: Goal = None
    note: str = ""
    more: dict = dataclasses.field(default_factory=dict)  # for programs that read the JSON

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def met(self):
        return None if self.goal is None else self.goal.met(self.ratio)

    def as_json(self):
        return {"group": self.group, "workload": self.name, "unit": self.unit, "ours": self.ours, "peer": self.peer,
                "ratio": self.ratio, "min": min(self.ratios), "max": max(self.ratios), "rounds": len(self.ratios),
                "goal": str(self.goal) if self.goal else None, "met": self.met, "note": self.note, **self.more}


def turns(rounds, ours, peer):
    """Calls both @rounds times, in the order A B B A, and returns the pairs of what they gave."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = peer()
            pairs.append((ours(), second))
        else:
            first = ours()
            pairs.append((first, peer()))
    return pairs


def compare(group, name, unit, pairs, goal=None, note="", more=None):
    """The row of pairs of (ours, peer)."""
    ours = [pair[0] for pair in pairs]
    peer = [pair[1] for pair in pairs]
    ratios = [a / b for a, b in pairs]
    return Row(group, name, unit, statistics.median(ours), statistics.median(peer), ratios, goal, note, more or {})


def cpu_seconds(pids):
    """The time that all threads of these processes spent on a core, to the nanosecond.

    That includes interrupt work which the kernel happened to do in their name, such as delivering an answer into the
    client's namespace.
    """
    nanoseconds = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def resident_bytes(pids):
    """What these processes hold in memory."""
    kilobytes = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


def timed(function, *words, **options):
    """Calls it; returns the seconds that it took and what it returned."""
    start = time.perf_counter()
    result = function(*words, **options)
    return time.perf_counter() - start, result
