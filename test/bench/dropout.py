# SPDX-License-Identifier: GPL-3.0-or-later
"""A service dies while ten look-ups a second go through a resolver of Debian: who is led where, and when.

There is no peer: resolvers are what they are. The TTL is part of each time, since clients see it so. The
slowest look-up is the worst of all that were made while the nearest server's service was down and after.
"""

import time

import far
import resolvers
from lab import Lab, wait_until
from measure import Broken, Goal, compare

# What an answer is believed for: the servers say a second, and one resolver makes that five of its own accord.
TTL = {"unbound": 1, "bind": 1, "recursor": 1, "kresd": 5}
NO_WAIT = Goal("<=", 0.3)
# Asks all servers that are quick enough alike: there is no nearest one to return to.
NO_FAVOURITE = ("unbound",)


class World:
    """Three servers, and who asks them."""

    def __init__(self, lab):
        self.net = far.far(lab)
        self.webs = {name: far.start_web(self.net, name) for name in far.SERVERS}
        self.daemons = [far.start_server(self.net, name) for name in far.SERVERS]
        far.start_root(self.net)
        self.slowest = 0.0

    def wait_well(self):
        for one in self.daemons:
            wait_until(lambda one=one: all(check["state"] == "up" for check in one.feature("checks")["checks"]), 20,
                       "the servers to see each other")

    def until(self, resolver, wanted):
        """Asks ten times a second until the answer is as @wanted. Returns the seconds that took."""
        since = time.monotonic()
        while time.monotonic() - since < 30:
            rcode, addresses, took = resolver.ask(far.NAME)
            self.slowest = max(self.slowest, took)
            if rcode == 0 and wanted(addresses):
                return time.monotonic() - since
            time.sleep(0.1)
        raise Broken(f"{resolver.kind} was not led on")

    def once(self, resolver):
        """The nearest service dies and comes back. Returns how long each took to be seen, and the slowest look-up."""
        nearest = far.address("auckland")
        self.wait_well()
        for number in range(20):	# for the resolver to learn who is near
            resolver.ask(f"n{number}-{time.monotonic_ns()}.{far.NAME}", 16)
        self.until(resolver, lambda addresses: nearest in addresses or resolver.kind in NO_FAVOURITE)
        self.slowest = 0.0
        self.webs["auckland"].stop()
        moved = self.until(resolver, lambda addresses: addresses and nearest not in addresses)
        self.webs["auckland"] = far.start_web(self.net, "auckland")
        returned = self.until(resolver, lambda addresses: nearest in addresses)
        return moved, returned, self.slowest


def dropout_rows(_, plan):
    with Lab("dropout") as lab:
        world = World(lab)
        for kind in resolvers.RESOLVERS:
            resolver = resolvers.Resolver(world.net.resolver, kind, far.ROOT)
            runs = [world.once(resolver) for _ in range(plan.route_rounds)]
            resolver.process.stop(10)
            columns = list(zip(*runs))
            yield compare("dropout", f"led elsewhere, {kind}", "s", [(value, 1) for value in columns[0]],
                          Goal("<=", TTL[kind] + 0.5))
            yield compare("dropout", f"led back, {kind}", "s", [(value, 1) for value in columns[1]],
                          None if kind in NO_FAVOURITE else Goal("<=", TTL[kind] + 1))
            yield compare("dropout", f"slowest look-up, {kind}", "s", [(value, 1) for value in columns[2]], NO_WAIT)
