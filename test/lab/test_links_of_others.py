# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have on links that are changed: it comes back, or the plan says that it goes.

    host eth0 ---- eth0 other       addresses and routes on eth0 set by hand, as somebody else's
"""

import json
import re

import pytest

from lab import wait_until
from test_links import need

OTHERS = ["address add 192.0.2.1/24 dev eth0", "address add 192.0.2.7/24 dev eth0 label eth0:7",
          "address add 2001:db8::1/64 dev eth0 nodad",
          "address add 2001:db8::2/64 dev eth0 nodad noprefixroute valid_lft 3000 preferred_lft 2000",
          "route add 198.51.100.0/24 via 192.0.2.254 proto static metric 7 mtu 1400 initcwnd 20",
          "route add 198.51.100.0/24 via 192.0.2.253 proto static metric 7 tos 0x10",
          "route add default via 192.0.2.254 proto dhcp src 192.0.2.7",
          "route append default via 192.0.2.253 proto dhcp",
          "route add 203.0.113.0/24 proto bird table 77 nexthop via 192.0.2.254 weight 3 nexthop via 192.0.2.253",
          "route add 2001:db8:1::/48 via 2001:db8::fe proto static metric 9 pref high",
          "route add 2001:db8:2::/48 via 2001:db8::fe proto bird table 77",
          "nexthop add id 5 via 192.0.2.254 dev eth0 proto zebra",
          "route add 203.0.112.0/24 nhid 5 proto zebra"]


@pytest.fixture
def host(lab):
    """A host with a cable, and what others set on it."""
    host, other = lab.node("host"), lab.node("other")
    lab.link(host, "eth0", other, "eth0")
    host.ip_batch(OTHERS)
    return host


def shown(node):
    """All addresses and routes of others, a line each; lifetimes as they are counted down left out."""
    lines = node.ip("-o", "address", "show", "scope", "global") + node.ip("route", "show", "table", "all") + \
        node.ip("-6", "route", "show", "table", "all") + node.ip("nexthop", "show")
    lines = re.sub(r"(?m)( tentative| linkdown| dead|\\.*| expires \d+sec)", "", lines)
    return sorted(line.strip() for line in lines.splitlines()
                  if " fe80" not in line and not line.startswith(("fe80", "ff00", "multicast", "anycast")))


def same(node, before):
    """Sentences of a difference, so that a failure tells what is missing."""
    now = shown(node)
    return {"gone": [line for line in before if line not in now], "new": [line for line in now if line not in before]}


NOTHING = {"gone": [], "new": []}


def test_down_and_up_again_brings_all_of_others_back(host, daemon):
    before = shown(host)
    one = daemon(host, "links: { eth0: { mtu: 1500 } }")
    one.apply("links: { eth0: { up: no } }")
    assert "198.51.100.0" not in host.ip("route", "show") and "2001:db8::1" not in host.ip("address", "show")
    one.ctl("rollback", expect=0)
    wait_until(lambda: same(host, before) == NOTHING, what=f"what was there: {same(host, before)}")
    lifetimes = json.loads(host.ip("-j", "-6", "address", "show", "dev", "eth0"))[0]["addr_info"]
    assert [1900 < entry["preferred_life_time"] <= 2000 for entry in lifetimes if entry["local"] == "2001:db8::2"] == \
        [True]
    one.stop()
    assert same(host, before) == NOTHING


def test_the_plan_says_what_others_lose(host, daemon):
    one = daemon(host, "")
    plan = one.plan("links: { eth0: { up: no } }", expect=1)
    assert [loss["link"] for loss in plan["losses"]] == ["eth0"]
    assert plan["losses"][0]["text"] == "eth0 goes down: 8 foreign routes (kernel, static, zebra, bird, dhcp), " \
        "1 next hop and 2 IPv6 addresses go with it"
    assert any("198.51.100.0/24 via 192.0.2.254" in line for line in plan["losses"][0]["objects"])
    told = one.ctl("plan", one.file("draft.yaml", "links: { eth0: { up: no } }"), expect=1).out
    assert "\n! eth0 goes down: 8 foreign routes" in told
    assert one.plan("links: { eth0: { mtu: 1400 } }", expect=1)["losses"] == []
    reply = one.apply("links: { eth0: { up: no } }")
    assert reply["losses"] == plan["losses"] and reply["missing"] == []
    one.stop()


def test_what_cannot_come_back_is_named(host, daemon):
    one = daemon(host, "links: { eth0: { mtu: 1500 } }")
    one.apply("links: { eth0: { up: no } }")
    host.ip("address", "flush", "dev", "eth0")
    reply = one.ctl("rollback", "--json", expect=0)
    texts = [entry["text"] for entry in reply["missing"]]
    assert "route 198.51.100.0/24 via 192.0.2.254 link eth0 metric 7 mtu 1400 initcwnd 20" in texts, texts
    one.stop()


@pytest.mark.parametrize("text", ["up: no", "mtu: 1000", "addresses: [192.0.2.9/24], up: no"])
def test_killed_in_between_it_is_not_forgotten(host, daemon, text):
    before = shown(host)
    one = daemon(host, "links: { eth0: { %s } }" % text)
    assert same(host, before) != NOTHING
    one.kill()
    one.start()
    one.stop()
    assert same(host, before) == NOTHING


def test_nobody_confirmed_and_all_is_back(host, daemon):
    before = shown(host)
    one = daemon(host, "links: { eth0: { mtu: 1500 } }")
    one.apply("links: { eth0: { up: no } }", "--confirm", "1s")
    assert same(host, before) != NOTHING
    wait_until(lambda: same(host, before) == NOTHING, 5, "what was there")
    one.stop()


def test_a_refused_apply_gives_back_what_it_took(host, daemon):
    before = shown(host)
    one = daemon(host, "links: { eth0: { mtu: 1500 } }")
    reply = one.apply("links: { eth0: { up: no }, eth9: { veth: { peer: eth0 } } }", expect=1)
    assert same(host, before) == NOTHING, reply.said()
    one.stop()


def test_an_address_of_ours_leaves_those_beside_it(lab, daemon):
    host, other = lab.node("host"), lab.node("other")
    lab.link(host, "eth0", other, "eth0")
    one = daemon(host, "links: { eth0: { addresses: [192.0.2.1/24] } }")
    host.ip_batch(["address add 192.0.2.7/24 dev eth0", "address add 192.0.2.8/24 dev eth0",
                   "route add 198.51.100.0/24 via 192.0.2.254", "route add default via 192.0.2.254 src 192.0.2.7"])
    routes = host.ip("route", "show", "proto", "boot")
    assert host.sysctl("net/ipv4/conf/eth0/promote_secondaries") == "0"
    one.apply("")
    listed = json.loads(host.ip("-j", "-4", "address", "show", "dev", "eth0"))[0]["addr_info"]
    assert [entry["local"] for entry in listed] == ["192.0.2.7", "192.0.2.8"]
    assert host.ip("route", "show", "proto", "boot") == routes
    one.stop()


@pytest.mark.stock
def test_joining_a_vrf_takes_nothing_for_longer_than_a_moment(host, daemon):
    need(host, "vrf")
    before = shown(host)
    one = daemon(host, "")
    reply = one.apply("links: { blue: { vrf: { table: 10, members: [eth0] } } }")
    # Its source is an address of the VRF now, and of no other table.
    lost = "default via 192.0.2.254 dev eth0 proto dhcp src 192.0.2.7"
    assert ["0.0.0.0/0" in entry["text"] for entry in reply["missing"]] == [True], reply["missing"]
    wait_until(lambda: [line for line in same(host, before)["gone"] if "proto kernel" not in line] == [lost],
               what=f"what was there: {same(host, before)}")
    one.ctl("rollback", expect=0)
    wait_until(lambda: same(host, before) == NOTHING, what=f"what was there: {same(host, before)}")
    one.stop()


@pytest.mark.stock
def test_a_member_of_a_bond_gets_back_what_it_had(host, daemon):
    need(host, "bond")
    before = shown(host)
    one = daemon(host, "")
    one.apply("links: { bond0: { bond: { members: [eth0] } } }")
    assert "198.51.100.0" not in host.ip("route", "show")
    one.ctl("rollback", expect=0)
    wait_until(lambda: same(host, before) == NOTHING, what=f"what was there: {same(host, before)}")
    one.stop()
