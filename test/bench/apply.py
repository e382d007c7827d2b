# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to claim: time and memory of one prefix, whatever its length, and of ten thousand.

Two times are taken. The engine's own ("timing" of the reply: reading, deciding, applying) is what a host feels; the
wall time of the whole `mhctl apply` command is what a person feels and what is held against `ip -batch`.
"""

import contextlib
import statistics
import subprocess

from measure import Broken, Goal, Row, compare, resident_bytes, timed, turns
from stage import processes

from configuration import claims, many_prefixes

NOTHING = "prefixes: []\n"
LISTED = 65536
LENGTHS = (("2001:db8:1:1::/64", "2001:db8:1:1::/128"), ("10.0.0.0/8", "10.0.0.0/32"))
NO_BIGGER = Goal("<=", 1.05)
NO_SLOWER = Goal("<=", 1.2)
THOUSANDFOLD = Goal(">=", 1000)
QUICKER = Goal("<", 1)
A_TENTH = Goal("<=", 0.1)


class Apply:
    """One `mhctl apply` of a text: the engine's time, the whole command's time, and how many operations it took."""

    def __init__(self, daemon, text):
        path = daemon.file("bench.yaml", text)
        self.wall, reply = timed(daemon.ctl, "apply", path, "--json")
        if reply.exit != 0 or reply.get("failed") or reply.get("pending"):
            raise Broken(f"an apply failed: {reply.said()[:2000]}")
        timing = reply["timing"]
        self.engine = sum(timing[part] for part in ("read_us", "decide_us", "apply_us")) / 1e6
        self.apply = timing["apply_us"] / 1e6
        self.operations = reply["operations"]


def name_of(pair):
    return f"/{pair[0].split('/')[1]} : /{pair[1].split('/')[1]}"


def memory_rows(stage, plan):
    def resident(prefix):
        daemon = stage.daemon(claims([prefix]), "memory")
        size = resident_bytes(processes(daemon))
        daemon.stop()
        return size

    for pair in LENGTHS:
        pairs = turns(plan.starts, lambda: resident(pair[0]), lambda: resident(pair[1]))
        yield compare("claim", f"memory of the daemon, {name_of(pair)}", "B", pairs, NO_BIGGER)


def length_rows(stage, plan):
    """Apply time by prefix length; the applies of the first pair serve the enumeration too."""
    daemon = stage.daemon(NOTHING, "length")

    def apply(prefix):
        done = Apply(daemon, claims([prefix]))
        if not done.operations:
            raise Broken(f"claiming {prefix} was no operation")
        Apply(daemon, NOTHING)
        return done

    for pair in LENGTHS:
        pairs = turns(plan.applies, lambda: apply(pair[0]), lambda: apply(pair[1]))
        yield compare("claim", f"apply, engine, {name_of(pair)}", "s", [(a.engine, b.engine) for a, b in pairs],
                      NO_SLOWER)
        if pair is LENGTHS[0]:
            mine = [one for one, _ in pairs]
    daemon.stop()
    yield from enumeration_rows(stage, plan, mine)


def enumeration_rows(stage, plan, mine):
    """Against listing: `ip -batch` with an address a line, given up after a while, so its time is a lower bound."""
    node = stage.node("l")
    lines = "".join(f"address add 2001:db8:1:1::{number:x}/128 dev lo nodad\n" for number in range(1, LISTED + 1))
    script = stage.file("addresses", lines)
    took, finished = timed(batch, node, script, plan.patience)
    count = node.ip("-o", "-6", "address", "show", "dev", "lo").count("2001:db8:1:1:")
    note = f"ip -batch has {count} of {LISTED} addresses" + ("" if finished else ", then stopped: at least")
    engine = statistics.median(one.engine for one in mine)
    wall = statistics.median(one.wall for one in mine)
    yield Row("claim", "apply of a /64, engine : listing", "s", engine, took, [took / engine], THOUSANDFOLD, note)
    yield Row("claim", "apply of a /64, command : listing", "s", wall, took, [took / wall], THOUSANDFOLD, note)


def batch(node, script, patience=120):
    """`ip -batch SCRIPT`. Returns whether it came to its end within @patience seconds."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = node.run("ip", "-batch", script, check=False, timeout=patience)
        if done.returncode:
            raise Broken(f"ip -batch failed: {done.stderr[:500]}")
        return True
    return False


def reconciler_rows(stage, plan):
    """Many prefixes, both families: applied, applied again, and the same routes by `ip -batch` in another namespace."""
    prefixes = many_prefixes(plan.prefixes)
    text = claims(prefixes)
    script = stage.file("routes", "".join(f"route add local {prefix} dev lo proto 110\n" for prefix in prefixes))
    other = stage.node("b")
    daemon = stage.daemon(NOTHING, "many", core=None)
    again = []

    def ours():
        first = Apply(daemon, text)
        daemon.status()     # answered when the echo of the first has died down: that is not the second's work
        second = Apply(daemon, text)
        if len(stage.host.ours()) != len(prefixes):
            raise Broken(f"{len(stage.host.ours())} routes in place, not {len(prefixes)}")
        if second.operations:
            raise Broken(f"a second apply of the same was {second.operations} operations, not 0")
        Apply(daemon, NOTHING)
        again.append((second, first))
        return first

    def peer():
        took, _ = timed(batch, other, script)
        for family in ("-4", "-6"):
            other.ip(family, "route", "flush", "table", "local", "proto", "110")
        return took

    pairs = turns(plan.many_rounds, ours, peer)
    many = f"{len(prefixes):,} prefixes"
    yield compare("reconciler", f"{many}, command : ip -batch", "s", [(a.wall, b) for a, b in pairs], QUICKER)
    yield compare("reconciler", f"{many}, engine : ip -batch", "s", [(a.engine, b) for a, b in pairs])
    yield compare("reconciler", "second apply : first, command", "s", [(a.wall, b.wall) for a, b in again], A_TENTH,
                  "0 operations")
    yield compare("reconciler", "second apply : first, engine", "s", [(a.engine, b.engine) for a, b in again], None,
                  "0 operations")
    daemon.stop()
