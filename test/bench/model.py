# SPDX-License-Identifier: GPL-3.0-or-later
"""The model alone, without a kernel: look-ups in a second, and how long proofs over all packets take.

There is no peer: the figure itself is held against the goal, so it is rougher than a ratio. Look-ups are counted by the
processor's time.
"""

import json
import subprocess

from measure import Goal, compare
from stage import PROGRAMS

ROUTES, RULES, INTENTS, LOOKUPS = 100000, 10000, 1000, 200000
MANY_LOOKUPS = Goal(">=", 100000)
SOON = Goal("<=", 10)
AT_ONCE = Goal("<=", 0.050)
NO_GOAL = ("rules in a line",)
BOX = "the story's box"


def lines_of(program, *words):
    """What it prints: a JSON object a line."""
    done = subprocess.run([PROGRAMS / program, *map(str, words)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def repeated(rounds, *words):
    """Several runs, side by side what they say of each thing."""
    return list(zip(*(lines_of(*words) for _ in range(rounds))))


def model_rows(_, plan):
    for runs in repeated(plan.route_rounds, "model_speed", ROUTES, RULES, LOOKUPS):
        name = runs[0]["name"]
        beside = "" if name == "no rules" else f"{RULES:,} "
        yield compare("model", f"look-ups, {ROUTES:,} routes, {beside}{name}", "/s",
                      [(run["lookups_per_second"], 1) for run in runs], None if name in NO_GOAL else MANY_LOOKUPS)
    for runs in repeated(plan.route_rounds, "proof_speed", ROUTES, INTENTS):
        name, told = runs[0]["name"], runs[0]
        yield compare("model", f"proof, {name}", "s", [(run["ms"] / 1000, 1) for run in runs],
                      AT_ONCE if name == BOX else SOON,
                      f"{told['claims']} statements: {told['hold']} hold, {told['violated']} do not")
