# SPDX-License-Identifier: GPL-3.0-or-later
"""How the engine deals with promises: before an apply, while it runs, and while it is killed.

  host: one namespace, eth0 and eth1, no peers
"""

import json
import os
import signal

import pytest

from lab import wait_until
from daemon import is_alive

ROUTES = """\
routing:
  routes:
    - { to: 198.51.100.0/24, via: 10.0.2.1 }
  assert:
    - { from: host, to: 198.51.100.0/24, leaves: eth1 }
"""
PROMISE_LINE = 5


@pytest.fixture
def host(lab):
    node = lab.node("host")
    node.ip("link", "set", "lo", "up")
    for link, net in (("eth0", "1"), ("eth1", "2")):
        node.ip("link", "add", link, "type", "veth", "peer", "name", f"peer{net}")
        node.ip_batch([f"link set {link} up", f"link set peer{net} up", f"address add 10.0.{net}.2/24 dev {link}"])
    return node


def violated(one):
    return one.ctl("status", "--json")["violated"]


def test_an_apply_that_would_break_a_promise_is_refused_with_a_packet(host, daemon):
    one = daemon(host, ROUTES)
    before = host.snapshot()
    wrong = ROUTES.replace("via: 10.0.2.1", "via: 10.0.1.1")
    for reply in (one.apply(wrong, expect=2), one.plan(wrong, expect=2)):
        diagnostic, = [row for row in reply["diagnostics"] if row["level"] == "error"]
        assert diagnostic["line"] == PROMISE_LINE and "198.51.100." in diagnostic["text"]
        assert "eth0" in diagnostic["text"]
    assert host.snapshot() == before and one.status()["generation"] == 1


def test_what_others_break_is_told_once_and_told_again_when_it_holds(host, daemon):
    one = daemon(host, ROUTES)
    events = one.watch()
    one.ctl("status", expect=0)
    assert violated(one) == []
    host.ip("route", "add", "198.51.100.128/25", "via", "10.0.1.1", "proto", "bird")
    told, = wait_until(lambda: violated(one), what="the violation in status")
    assert told["line"] == PROMISE_LINE and "multihomed.yaml:5:" in told["rendered"]
    person = one.ctl("status", expect=1)
    assert "does not hold" in person.out
    assert "198.51.100.1" in json.loads(events.wait_line('"violated"'))["text"]
    refused = one.apply(None, expect=2)
    assert refused["diagnostics"][0]["line"] == PROMISE_LINE, "an apply would not make it true"
    host.ip("route", "add", "198.51.100.64/26", "via", "10.0.1.1", "proto", "bird")
    host.ip("route", "del", "198.51.100.128/25")
    wait_until(lambda: "198.51.100.64" in violated(one)[0]["text"], what="another packet that breaks it")
    assert sum('"violated"' in line for line in events.lines) == 1, "told once"
    host.ip("route", "del", "198.51.100.64/26")
    wait_until(lambda: violated(one) == [], what="the promise to hold again")
    events.wait_line('"holds"')
    one.ctl("status", expect=0)


def test_a_promise_that_is_given_up_is_violated_no_more(host, daemon):
    one = daemon(host, ROUTES)
    host.ip("route", "add", "198.51.100.128/25", "via", "10.0.1.1", "proto", "bird")
    wait_until(lambda: violated(one), what="the violation in status")
    one.apply(ROUTES[:ROUTES.index("  assert:")])
    assert violated(one) == []


def test_whoever_proves_does_not_outlive_the_engine(host, daemon):
    """Proofs are done in a child; what it inherits must not keep a new engine out."""
    one = daemon(host, ROUTES)
    for number in range(5):
        host.ip("route", "add", f"203.0.{number}.0/24", "via", "10.0.1.1")
        children = one.children()
        os.kill(one.pid, signal.SIGKILL)
        one.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in children), what="its children to end")
        one.start()
