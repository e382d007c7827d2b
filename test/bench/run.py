#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: ratios against peers, measured side by side within one run. See README.md beside it.

Exits 0 whether or not the goals are met: a busy machine is no defect. Exits 1 when something was wrong: an answer
from another address than the one asked, an apply that failed, a second apply that did something.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

from apply import length_rows, memory_rows, reconciler_rows  # noqa: E402
from checks import checks_rows  # noqa: E402
from daemon import MHCTL, MULTIHOMED  # noqa: E402
from dropout import dropout_rows  # noqa: E402
from echo import echo_rows, spread_rows  # noqa: E402
from hooks import hooks_rows, hooks_spread_rows  # noqa: E402
from library import library_rows  # noqa: E402
from measure import Broken  # noqa: E402
from model import model_rows  # noqa: E402
from nameserver import names_rows  # noqa: E402
from neighbours import neighbours_rows  # noqa: E402
from reload import reload_rows  # noqa: E402
from routing import changed_line_rows, drift_rows, routes_rows, rules_rows  # noqa: E402
from stage import PROGRAMS, Stage  # noqa: E402
from subscribers import subscribers_rows  # noqa: E402
from zone import zone_rows  # noqa: E402


@dataclasses.dataclass
class Plan:
    """How much of everything."""
    turn_ms: int		# of one turn of the load generator
    rounds: int			# pairs of turns
    starts: int			# pairs of daemons, for their memory
    applies: int		# pairs of applies of one prefix
    prefixes: int		# of the reconciler
    many_rounds: int		# pairs of applies of them
    patience: int		# seconds for listing addresses
    answers: int		# of which none, or few, may be wrong
    routes: int
    rules: int
    route_rounds: int		# pairs of applies of them
    sends: int			# of which the cost of one is taken
    drifts: int			# what somebody takes away
    names_seconds: int		# of one turn of questions to a name server
    names: int			# of the zone that is loaded again
    checks: int			# of them each second
    check_seconds: int		# for which they are measured
    proxied: int		# entries of the kernel's own proxy for neighbour discovery
    scan_seconds: int		# of addresses that nobody has
    subscribers: int		# each on a port of its own
    subscriber_rounds: int	# pairs of turns of all of them
    reached: int		# subscribers on few ports
    crowd: int			# of whom there are many
    changes: int		# to subscribers who are talked to meanwhile


FULL = Plan(turn_ms=600, rounds=11, starts=7, applies=61, prefixes=10000, many_rounds=9, patience=45,
            answers=1000000, routes=1000000, rules=10000, route_rounds=3, sends=100000, drifts=50, names_seconds=2,
            names=1000000, checks=1000, check_seconds=30, proxied=65536, scan_seconds=10,
            subscribers=1000, subscriber_rounds=5, reached=5000, crowd=30000, changes=5)
QUICK = Plan(turn_ms=200, rounds=5, starts=3, applies=25, prefixes=10000, many_rounds=3, patience=8,
             answers=100000, routes=100000, rules=10000, route_rounds=2, sends=50000, drifts=30, names_seconds=1,
             names=100000, checks=1000, check_seconds=8, proxied=8192, scan_seconds=4,
             subscribers=150, subscriber_rounds=3, reached=5000, crowd=10000, changes=2)

# Each workload has a stage of its own, so that none inherits another's namespaces. Listing goes last: the kernel
# takes the listed addresses down long after their namespace is gone.
WORKLOADS = {
    "echo": [(echo_rows, False), (spread_rows, True)],
    "library": [(library_rows, False)],
    "replies": [(hooks_rows, False), (hooks_spread_rows, True)],
    "routing": [(routes_rows, False), (changed_line_rows, False), (rules_rows, False), (drift_rows, False)],
    "dns": [(names_rows, False)],
    "reload": [(reload_rows, False)],
    "dropout": [(dropout_rows, False)],
    "model": [(model_rows, False)],
    "zone": [(zone_rows, False)],
    "checks": [(checks_rows, True)],
    "neighbours": [(neighbours_rows, False)],
    "subscribers": [(subscribers_rows, False)],
    "reconciler": [(reconciler_rows, False)],
    "claim": [(memory_rows, False), (length_rows, False)],
}


def quantity(value, unit):
    """A value with its unit, in three digits."""
    if unit == "/s":
        return f"{value / 1000:.1f} k/s" if value >= 1000 else f"{value:.0f} /s"
    if not unit:
        return f"{value:,.0f}"
    if unit == "B/s":
        return f"{value / 1e9:.2f} GB/s"
    if unit == "B":
        return f"{value / 2**20:.2f} MiB" if value >= 1024 else f"{value:.0f} B"
    if unit == "ns":
        return f"{value:.0f} ns"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1:
            return f"{value * factor:.3g} {name}"
    return f"{value * 1e6:.3g} us"


def ratio_text(value):
    return f"{value:.3f}" if value < 10 else f"{value:,.0f}"


class Table:
    """Printed line by line, as the results come."""

    def __init__(self, stream):
        self.stream = stream

    def head(self):
        self._line("workload (ours : peer)", "ours", "peer", "ratio", "min..max", "goal", "met")
        self.stream.write("-" * 105 + "\n")

    def row(self, row):
        spread = f"{ratio_text(min(row.ratios))}..{ratio_text(max(row.ratios))}" if len(row.ratios) > 1 else ""
        self._line(row.name, quantity(row.ours, row.unit), quantity(row.peer, row.unit), ratio_text(row.ratio), spread,
                   str(row.goal or ""), {None: "", True: "yes", False: "NO"}[row.met])
        if row.note:
            self.stream.write(f"    {row.note}\n")
            self.stream.flush()

    def _line(self, name, ours, peer, ratio, spread, goal, met):
        self.stream.write(f"{name:<46} {ours:>10} {peer:>10} {ratio:>7}  {spread:<15} {goal:<8} {met}".rstrip() + "\n")
        self.stream.flush()


def rows_of(workloads, plan):
    for name in workloads:
        for function, spread in WORKLOADS[name]:
            with Stage(spread) as stage:
                yield from function(stage, plan)


def arguments():
    parser = argparse.ArgumentParser(description="Measures multihomed beside its peers, in private namespaces.")
    parser.add_argument("--quick", action="store_true", help="about two minutes instead of ten; rougher")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("workload", nargs="*", help=f"only these: {', '.join(WORKLOADS)}")
    options = parser.parse_args()
    unknown = [name for name in options.workload if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload '{unknown[0]}'; there are {', '.join(WORKLOADS)}")
    return options


def unable():
    """Why nothing can be measured here, or None."""
    if os.geteuid() != 0:
        return "make bench needs root (network namespaces); try: sudo make bench"
    if len(os.sched_getaffinity(0)) < 2 or not {0, 1} <= os.sched_getaffinity(0):
        return "make bench needs cores 0 and 1, one for each side"
    names = "udp_load", "neighbour_load", "stream", "echo_wildcard"
    for program in (MULTIHOMED, MHCTL, *(PROGRAMS / name for name in names)):
        if not program.exists():
            return f"{program} is not built"
    return None


def measure(options, table):
    """Prints rows as they come. Returns them, and what was broken."""
    rows = []
    try:
        for row in rows_of(options.workload or WORKLOADS, QUICK if options.quick else FULL):
            rows.append(row)
            if table:
                table.row(row)
    except (Broken, AssertionError) as error:
        return rows, str(error)
    return rows, None


def main():
    options = arguments()
    reason = unable()
    if reason:
        sys.exit(reason)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    machine = {"kernel": platform.release(), "cores": os.cpu_count(), "load_average": os.getloadavg()}
    table = None if options.json else Table(sys.stdout)
    if table:
        print(f"Linux {machine['kernel']}, {machine['cores']} cores, load average {machine['load_average'][0]:.2f} "
              "before; servers on core 0, the generator on core 1")
        table.head()
    rows, broken = measure(options, table)
    missed = sum(row.met is False for row in rows)
    if options.json:
        print(json.dumps({**machine, "load_average_after": os.getloadavg(), "broken": broken,
                          "rows": [row.as_json() for row in rows]}, indent=1))
    else:
        print(f"\n{sum(row.met is True for row in rows)} goals met, {missed} not; load average "
              f"{os.getloadavg()[0]:.2f} after" + ("; what else ran here is in these figures" if missed else ""))
    if broken:
        sys.exit(f"BROKEN: {broken}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
