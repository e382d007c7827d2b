# SPDX-License-Identifier: GPL-3.0-or-later
"""Poor man's anycast: each server answers with its own address, and resolvers find the nearest live one.

    resolver ---- router ---- root
                     ||| 5, 80, 160 ms
            auckland, chicago, london          far.py
"""

import collections
import time

import pytest

import far
import resolvers
from lab import scaled, wait_until

A, AAAA, TXT = 1, 28, 16
# Who prefers the quickest server; the others ask all that are quick enough alike.
PREFER_THE_NEAREST = ("bind", "recursor", "kresd")


@pytest.fixture
def net(lab):
    return far.far(lab)


@pytest.fixture
def world(net, daemon):
    """All three servers up, each with its web server; by name."""
    webs = {name: far.start_web(net, name) for name in far.SERVERS}
    daemons = {name: far.start_server(net, name) for name in far.SERVERS}
    root = far.start_root(net)
    for name, one in daemons.items():
        wait_until(lambda one=one: all(check["state"] == "up" for check in one.feature("checks")["checks"]), 20,
                   f"{name} to see itself and its peers well")
    yield daemons, webs
    for one in (*daemons.values(), root):
        one.stop()


def shares(resolver, count):
    """Who answered how many of @count names that nobody asked before."""
    answers = collections.Counter()
    for number in range(count):
        rcode, texts, _ = resolver.ask(f"n{number}-{time.monotonic_ns()}.{far.NAME}", TXT)
        assert rcode == 0 and len(texts) == 1
        answers[texts[0]] += 1
    return answers


@pytest.mark.parametrize("kind", resolvers.RESOLVERS)
def test_clients_find_the_nearest_live_server(net, world, kind):
    _, webs = world
    resolver = resolvers.Resolver(net.resolver, kind, far.ROOT)
    count = scaled(40, 20)
    answered = shares(resolver, count)
    if kind in PREFER_THE_NEAREST:
        assert answered["auckland"] >= count * 3 // 4, answered
    else:
        assert answered["auckland"] and answered["chicago"], answered

    # Its service dies, its node lives: nobody waits, and nobody is sent there.
    webs["auckland"].stop()
    time.sleep(1.2)  # the answers of before may be believed for their second
    for _ in range(scaled(20, 5)):
        rcode, addresses, _ = resolver.ask(far.NAME, A)
        assert rcode == 0 and addresses and far.address("auckland") not in addresses
        rcode, addresses, _ = resolver.ask(far.NAME, AAAA)
        assert rcode == 0 and addresses and far.address6("auckland") not in addresses
        time.sleep(0.1)

    webs["auckland"] = far.start_web(net, "auckland")

    def returned():
        return resolver.ask(far.NAME, A)[1] == [far.address("auckland")]
    wait_until(returned, 30, "the nearest to be used again", every=0.1)


def test_a_server_without_peers_that_are_well_answers_for_itself(net, world):
    daemons, webs = world
    for name in ("chicago", "london"):
        webs[name].stop()

    def peers_down():
        return sum(check["state"] == "down" for check in daemons["auckland"].feature("checks")["checks"])
    wait_until(lambda: peers_down() == 2, 20, "auckland to see its peers down")
    webs["auckland"].stop()
    resolver = resolvers.Resolver(net.resolver, "bind", far.ROOT)

    def fails_open():
        rcode, addresses, _ = resolver.ask(far.NAME, A)
        return rcode == 0 and len(addresses) == 1
    wait_until(fails_open, 20, "an answer though all are down")

    def holds_nobody_up(name):
        checks = daemons[name].feature("checks")["checks"]
        return {check["state"] for check in checks} == {"down"}
    for name in far.SERVERS:
        wait_until(lambda name=name: holds_nobody_up(name), 20,
                   f"{name} to see that the others answer only because all are down")
    assert resolver.ask(far.NAME, A)[0] == 0
