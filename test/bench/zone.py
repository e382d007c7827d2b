# SPDX-License-Identifier: GPL-3.0-or-later
"""A zone of DNS in memory, without a socket: what it takes, how long it loads, how long a look-up lasts.

There is no peer: the figures themselves stand in the place of the ratio, in the processor's time.
"""

from measure import Goal, compare
from model import repeated

NAMES = 1000000
SMALL = Goal("<=", 150)
SOON = Goal("<=", 1.5)
HIT, MISS = Goal("<=", 250), Goal("<=", 400)

FIGURES = (
    ("bytes_per_name", "memory a name", "B", SMALL),
    ("load_s", "load", "s", SOON),
    ("hit_ns", "look-up that hits", "ns", HIT),
    ("miss_ns", "look-up that misses", "ns", MISS),
    ("deep_miss_ns", "look-up that misses, deep", "ns", MISS),
)
# From a query's bytes to the reply's, in batches as the worker reads them.
ANSWERS = (
    ("hit_ns", "answer", "ns", HIT),
    ("hit_edns_ns", "answer with EDNS", "ns", HIT),
    ("nxdomain_edns_ns", "answer that there is no such name", "ns", MISS),
)


def zone_rows(_, plan):
    (runs,) = repeated(plan.route_rounds, "zone_speed", NAMES)
    (answers,) = repeated(plan.route_rounds, "answer_speed", NAMES)
    for figures, rounds in ((FIGURES, runs), (ANSWERS, answers)):
        for key, name, unit, goal in figures:
            yield compare("zone", f"{name}, {NAMES:,} names", unit, [(run[key], 1) for run in rounds], goal)
