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


def zone_rows(_, plan):
    (runs,) = repeated(plan.route_rounds, "zone_speed", NAMES)
    for key, name, unit, goal in FIGURES:
        yield compare("zone", f"{name}, {NAMES:,} names", unit, [(run[key], 1) for run in runs], goal)
