# SPDX-License-Identifier: GPL-3.0-or-later
"""What `routing: assert:` promises, before an apply and after it.

    wireless 192.168.34.98 === bond0  box  bond1 === 192.168.120.6 world
             2001:db8:34::2            |             2001:db8:120::6
                                      eth0 10.2.2.2, 2001:db8:2::2
                                       |
                            management 10.2.2.254, 2001:db8:2::ff
"""

import pytest

from lab import wait_until

PROMISES = """
  assert:
    - { in: bond0, leaves: bond1 }
    - { in: eth0, forwarded: never }
    - { in: bond1, leaves: bond0 }
    - { from: host, leaves: eth0 }
    - { reply-to: any, from: 192.168.120.5, symmetric: true }
"""

CONFIG = """
routing:
  tables:
    egress: { routes: [ { to: default, via: 192.168.120.6 }, { to: default, via: "2001:db8:120::6" } ] }
  routes:
    - { to: default, via: 10.2.2.254 }
    - { to: default, via: "2001:db8:2::ff" }
    - { to: 10.16.0.0/12, via: 192.168.34.98 }
  rules: [ { in: bond0, table: egress } ]
  forwarding: [ { in: bond0, out: bond1 }, { in: bond1, out: bond0 } ]
  host: { out: eth0 }
  symmetric: [bond1]
"""

# The devices leave by the way of management.
LEAKY = CONFIG.replace("rules: [ { in: bond0, table: egress } ]", "rules: []").replace("out: bond1 }", "out: eth0 }")


@pytest.fixture
def box(lab):
    box = lab.node("box")
    cables = (("wireless", "bond0", "192.168.34.97/30", "192.168.34.98/30", "2001:db8:34::1/64", "2001:db8:34::2/64"),
              ("world", "bond1", "192.168.120.5/30", "192.168.120.6/30", "2001:db8:120::5/64", "2001:db8:120::6/64"),
              ("management", "eth0", "10.2.2.2/24", "10.2.2.254/24", "2001:db8:2::2/64", "2001:db8:2::ff/64"))
    for role, link, ours4, theirs4, ours6, theirs6 in cables:
        node = lab.node(role)
        lab.link(box, link, node, "eth0")
        for where, name, addresses in ((box, link, (ours4, ours6)), (node, "eth0", (theirs4, theirs6))):
            for address in addresses:
                where.ip("address", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
    box.wait_addresses()
    return box


def violated(daemon, expect=1):
    """What `mhctl status` says does not hold; its exit status is 1 exactly then."""
    reply = daemon.ctl("status", "--json", expect=expect)
    return [promise["text"] for promise in reply["violated"]]


def test_a_promise_that_would_be_broken_refuses_the_apply_and_nothing_happens(box, daemon):
    running = daemon(box, CONFIG + PROMISES)
    before = box.snapshot()
    refused = running.apply(LEAKY + PROMISES, expect=2)
    assert any("assert 1 does not hold: a packet in bond0 from" in text and "leaves eth0 (rule" in text
               for text in refused.texts), refused.said()
    assert box.snapshot() == before
    running.plan(expect=0)


def test_a_plan_says_it_too(box, daemon):
    running = daemon(box, CONFIG)
    planned = running.plan(CONFIG.replace("host: { out: eth0 }", "host: { out: bond1 }") + PROMISES, expect=2)
    assert any("assert 4 does not hold: a packet of this host to" in text for text in planned.texts), planned.said()


def test_what_others_break_is_told_and_told_again_when_it_holds(box, daemon):
    running = daemon(box, CONFIG + PROMISES)
    wait_until(lambda: running.ctl("status", "--json").exit == 0, what="all promises to hold")
    box.ip("rule", "add", "iif", "lo", "priority", "500", "lookup", "77")
    box.ip("route", "add", "default", "via", "192.168.120.6", "dev", "bond1", "onlink", "table", "77")
    wait_until(lambda: running.ctl("status", "--json").exit == 1, what="a promise to be broken")
    texts = violated(running)
    assert len(texts) == 1, texts
    assert texts[0].startswith("assert 4 does not hold: a packet of this host to 192.0.2.1 leaves bond1 "
                               "(rule 500, table 77")
    box.ip("rule", "del", "priority", "500")
    wait_until(lambda: running.ctl("status", "--json").exit == 0, what="it to hold again")
    assert any("assert 4 does not hold" in line for line in running.log())
    assert any("holds again" in line for line in running.log())


def test_the_settings_of_others_count(box, daemon):
    """What comes in on eth0 is not forwarded for two reasons; without the filter the setting still stands."""
    running = daemon(box, CONFIG.replace("forwarding: [ { in: bond0, out: bond1 }, { in: bond1, out: bond0 } ]", "") +
                     "  assert: [ { in: eth0, forwarded: never } ]\n")
    wait_until(lambda: running.ctl("status", "--json").exit == 0, what="the promise to hold")
    box.sysctl("net/ipv4/conf/eth0/forwarding", 1)
    box.ip("route", "add", "198.51.100.0/24", "via", "192.168.120.6", "dev", "bond1", "onlink")
    wait_until(lambda: violated(running, expect=None), timeout=90, what="the promise to be broken")
    assert "a packet in eth0 from 10.2.2." in violated(running)[0]


def test_asserts_of_a_link_that_does_not_exist_say_nothing_and_that_is_told(box, daemon):
    running = daemon(box, CONFIG + "  assert: [ { in: bond7, forwarded: never } ]\n")
    pending = running.status()["objects"]["pending"]
    assert any("assert 1 says nothing: link bond7 does not exist" in str(entry) for entry in pending), pending
