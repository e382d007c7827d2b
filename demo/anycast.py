# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of `make run` about names: three servers at different distances, and a resolver of Debian that finds the
nearest live one. What is printed is what the resolver was answered."""

import collections
import time

import far
import resolvers
from lab import scaled, wait_until

DRAWING = """\
  resolver ---- router ==== 5 ms ===== auckland       each answers www.example.com with its own address,
                  |    ==== 80 ms ==== chicago        as long as something listens on its port 80
                 root  ==== 160 ms === london"""
RESOLVER = "bind"


def name_of(addresses):
    return " ".join(name for name in far.SERVERS if far.address(name) in addresses) or "nobody"


class Anycast:
    """The lab of it, and what happens there."""

    def __init__(self, lab):
        self.net = far.far(lab)
        self.webs = {name: far.start_web(self.net, name) for name in far.SERVERS}
        self.daemons = [far.start_server(self.net, name) for name in far.SERVERS]
        self.daemons.append(far.start_root(self.net))
        self.resolver = resolvers.Resolver(self.net.resolver, RESOLVER, far.ROOT)
        self.slowest = 0.0
        wait_until(lambda: all(check["state"] == "up" for check in self.daemons[0].feature("checks")["checks"]), 20,
                   "auckland to see its peers")

    def ask(self):
        """One look-up: who it leads to."""
        _, addresses, took = self.resolver.ask(far.NAME)
        self.slowest = max(self.slowest, took)
        return name_of(addresses)

    def shares(self, count):
        """Of names that the resolver cannot have from memory."""
        found = collections.Counter()
        for number in range(count):
            _, texts, _ = self.resolver.ask(f"n{number}.{far.NAME}", 16)
            found[texts[0] if texts else "nobody"] += 1
        return found

    def until(self, wanted):
        """Asks ten times a second until the answer is @wanted(who). Returns who, and after how many seconds."""
        since, self.slowest = time.monotonic(), 0.0

        def there():
            who = self.ask()
            return who if wanted(who) else None
        return wait_until(there, 30, "the clients to move", every=0.1), time.monotonic() - since

    def stop(self):
        for one in self.daemons:
            one.stop()


def show(lab, say, title, style):
    """Returns whether all of it was as it should be."""
    title("three servers of www.example.com, and a resolver (BIND of Debian) that does not know which is near")
    say(DRAWING)
    world = Anycast(lab)
    found = world.shares(scaled(40, 20))
    say("  it asks all of them, and settles:     " + ", ".join(f"{name} {found[name]}" for name in far.SERVERS))
    fine = world.until(lambda who: who == "auckland")[0] == "auckland"
    say("  www.example.com leads to              " + style.good("auckland"))
    world.webs["auckland"].stop()
    who, took = world.until(lambda who: who in ("chicago", "london"))
    say(f"  auckland's web server dies;           {style.good(who)} after {took:.1f} s (the TTL is 1 s); "
        f"slowest look-up {world.slowest * 1000:.0f} ms")
    world.webs["auckland"] = far.start_web(world.net, "auckland")
    who, took = world.until(lambda who: who == "auckland")
    say(f"  it is started again;                  {style.good(who)} after {took:.1f} s")
    world.stop()
    return fine
