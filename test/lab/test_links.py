# SPDX-License-Identifier: GPL-3.0-or-later
"""Links made, adopted, changed, missed and given back, with packets through them.

    host eth0 ---- eth0 other       and whatever is made upon them; bonds: host eth1, eth2 ==== eth1, eth2 other
"""

import json
import random
import re

import pytest

from lab import scaled, wait_until

# The kernel of the development machine has some types, Debian's has all.
TYPES = {"bond": ["type", "bond"], "vlan": ["link", "eth0", "type", "vlan", "id", "4000"],
         "vrf": ["type", "vrf", "table", "4000"], "dummy": ["type", "dummy"]}


def has_type(node, kind):
    """Whether the kernel makes links of a type."""
    if node.run("ip", "link", "add", "probe", *TYPES[kind], check=False).returncode:
        return False
    node.ip("link", "del", "probe")
    return True


def need(node, *kinds):
    missing = [kind for kind in kinds if not has_type(node, kind)]
    if missing:
        pytest.skip(f"this kernel has no links of type {', '.join(missing)}")


@pytest.fixture
def pair(lab):
    """Two hosts with three cables between them."""
    host, other = lab.node("host"), lab.node("other")
    for number in range(3):
        lab.link(host, f"eth{number}", other, f"eth{number}")
    return host, other


def links(node):
    """Every link by name, as iproute2 tells of it."""
    shown = json.loads(node.ip("-d", "-j", "link", "show"))
    return {link["ifname"]: link for link in shown}


def info(node, name):
    return links(node)[name].get("linkinfo", {})


def shape(node):
    """What of links somebody could have changed, a line each; carriers and counters apart."""
    lines = []
    for name, link in links(node).items():
        flags = "up" if "UP" in link["flags"] else "down"
        lines.append(f"{name} {flags} {link['mtu']} {link.get('txqlen')} {link['address']} {link.get('master')} "
                     f"{link.get('linkinfo', {}).get('info_kind')}")
    # Whether the kernel still looks for duplicates is a matter of a second.
    addresses = re.sub(" (tentative|dadfailed)", "", node.ip("-o", "address", "show", "scope", "global"))
    return sorted(lines) + sorted(addresses.splitlines())


def settled(one, text=None):
    """A second apply has nothing to do."""
    plan = one.plan(text)
    assert plan.exit == 0, plan.said()


def waiting(one):
    """What is pending, in words."""
    return [entry["text"] for entry in one.ctl("status", "--json")["objects"]["pending"]]


def pings(node, *addresses, words=()):
    for address in addresses:
        wait_until(lambda address=address: not node.run("ping", "-c", "1", "-W", "1", *words, address,
                                                        check=False).returncode, 15, f"an answer of {address}")


STACK = """
links:
  br0: { bridge: { members: [eth0, veth0], ageing: 1m }, addresses: [192.0.2.1/24, "2001:db8::1/64"] }
  veth0: { veth: { peer: veth1 } }
  veth1: { addresses: [198.51.100.1/24] }
  mac0: { macvlan: { link: eth1 }, addresses: [192.0.3.1/24, "2001:db8:3::1/64"], forwarding: yes, rp-filter: loose }
"""


def test_links_are_made_and_carry_and_go(pair, daemon):
    host, other = pair
    before, settings = shape(host), host.sysctls()
    other.ip_batch(["address add 192.0.2.2/24 dev eth0", "address add 2001:db8::2/64 dev eth0 nodad",
                    "address add 192.0.3.2/24 dev eth1", "address add 2001:db8:3::2/64 dev eth1 nodad"])
    one = daemon(host, STACK)
    pings(host, "192.0.2.2", "2001:db8::2", "192.0.3.2", "2001:db8:3::2")
    wait_until(lambda: "198.51.100.1" in host.ip("address", "show", "veth1"), what="the other end's address")
    settled(one)
    assert host.ip("-o", "link", "show", "group", "109").count("\n") == 3
    assert info(host, "br0")["info_data"]["ageing_time"] == 6000
    assert host.sysctl("net/ipv4/conf/mac0/rp_filter") == "2"
    status = {link["name"]: link for link in one.feature("links")["links"]}
    assert status["br0"]["members"] == ["eth0 carries", "veth0 carries"]
    assert status["mac0"]["type"] == "macvlan" and status["mac0"]["state"] == "up"
    one.stop()
    assert shape(host) == before
    assert host.sysctls() == settings


def test_what_is_removed_or_altered_by_others_comes_back(pair, daemon):
    host, _ = pair
    one = daemon(host, STACK)
    wait_until(lambda: "198.51.100.1" in host.ip("address", "show", "veth1"), what="the other end's address")
    settled(one)
    before = shape(host)
    for command in (["link", "del", "mac0"], ["link", "set", "br0", "down"], ["link", "set", "eth0", "nomaster"],
                    ["link", "set", "mac0", "mtu", "1400"], ["address", "del", "192.0.2.1/24", "dev", "br0"],
                    ["link", "set", "br0", "group", "7"], ["link", "del", "br0"]):
        host.ip(*command)
        wait_until(lambda: [line for line in shape(host) if "mac0" not in line] ==
                   [line for line in before if "mac0" not in line], what=f"what `ip {' '.join(command)}` took")
        wait_until(lambda: links(host).get("mac0", {}).get("mtu") == 1500 and
                   host.sysctl("net/ipv4/conf/mac0/rp_filter") == "2", what="mac0 as it was")
        wait_until(lambda: host.ip("-o", "link", "show", "group", "109").count("\n") == 3, what="our mark")
    assert "mended" in one.said()
    one.check()


ADOPTED = """
links:
  eth0: { mtu: 1400, queue: 77, mac: "02:00:00:00:00:77", addresses: [192.0.2.1/24] }
  eth1: { up: no }
  eth2: { master: foreign, addresses: ["2001:db8::1/64"] }
"""


@pytest.mark.stock
def test_what_is_not_ours_goes_back_to_what_it_was(pair, daemon):
    host, _ = pair
    host.ip("link", "add", "foreign", "address", "02:00:00:00:00:0f", "type", "bridge")
    before = shape(host)
    one = daemon(host, ADOPTED)
    link = links(host)
    assert (link["eth0"]["mtu"], link["eth0"]["txqlen"], link["eth0"]["address"]) == (1400, 77, "02:00:00:00:00:77")
    assert "UP" not in link["eth1"]["flags"] and link["eth2"]["master"] == "foreign"
    settled(one)
    one.kill()
    one.start()
    settled(one)
    # A part of it, then something else, then all of it again, by others in between.
    one.apply("links: { eth0: { mtu: 1300 } }")
    assert links(host)["eth0"]["txqlen"] == 1000 and "UP" in links(host)["eth1"]["flags"]
    one.ctl("rollback", expect=0)
    assert links(host)["eth0"]["mtu"] == 1400 and links(host)["eth2"]["master"] == "foreign"
    host.ip("link", "set", "eth0", "mtu", "1450")
    wait_until(lambda: links(host)["eth0"]["mtu"] == 1400, what="the MTU")
    one.stop()
    assert shape(host) == before


def test_what_somebody_else_set_since_then_stays(pair, daemon):
    host, _ = pair
    one = daemon(host, "links: { eth0: { mtu: 1400 } }")
    one.kill()
    host.ip("link", "set", "eth0", "mtu", "1350")
    one.write("")
    one.start()
    assert links(host)["eth0"]["mtu"] == 1350
    one.stop()
    assert links(host)["eth0"]["mtu"] == 1350


def test_a_missing_member_or_link_is_waited_for(pair, daemon):
    host, _ = pair
    one = daemon(host, """
links:
  br0: { bridge: { members: [late0, eth0] } }
  upon: { macvlan: { link: late1 }, addresses: [192.0.2.1/24] }
  late2: { addresses: ["2001:db8::1/64"], mtu: 1400 }
""")
    pending = waiting(one)
    assert pending == ["upon waits for link late1, which does not exist now", "link late2 does not exist now",
                       "br0 waits for its member late0, which does not exist now"]
    for number in range(3):
        host.ip("link", "add", f"late{number}", "type", "veth", "peer", "name", f"peer{number}")
    wait_until(lambda: links(host)["late0"].get("master") == "br0" and "upon" in links(host) and
               links(host)["late2"]["mtu"] == 1400 and "2001:db8::1" in host.ip("address", "show", "late2"),
               what="what came late")
    settled(one)
    assert not waiting(one)
    for number in range(3):
        host.ip("link", "del", f"late{number}")
    wait_until(lambda: len(waiting(one)) == 3, what="all three to be missed again")
    one.stop()


def test_what_cannot_change_in_place_is_made_anew(pair, daemon):
    host, other = pair
    other.ip_batch(["address add 192.0.2.2/24 dev eth1", "address add 2001:db8::2/64 dev eth1 nodad"])
    text = 'links: { mac0: { macvlan: { link: %s }, addresses: [192.0.2.1/24, "2001:db8::1/64"] } }'
    one = daemon(host, text % "eth0")
    plan = one.plan(text % "eth1", expect=1)
    assert [re.sub("index [0-9]+", "index N", line) for line in plan.operations] == \
        ["~ link mac0 index N: parent eth0 -> eth1, recreate"]
    before = links(host)["mac0"]["ifindex"]
    one.apply(text % "eth1")
    assert links(host)["mac0"]["ifindex"] == before
    pings(host, "192.0.2.2", "2001:db8::2")
    bridge = "links: { mac0: { bridge: {}, addresses: [192.0.2.1/24] } }"
    one.apply(bridge)
    assert info(host, "mac0")["info_kind"] == "bridge"
    settled(one, bridge)
    one.stop()
    assert "mac0" not in links(host)


def test_a_type_that_the_kernel_lacks_is_said_and_nothing_is_left(pair, daemon):
    host, _ = pair
    missing = [kind for kind in TYPES if not has_type(host, kind)]
    if not missing:
        pytest.skip("this kernel has them all")
    one = daemon(host, "")
    before = shape(host)
    made = {"bond": "bond: {}", "vlan": "vlan: { link: br0, id: 5 }", "vrf": "vrf: { table: 10 }", "dummy": "dummy: {}"}
    for kind in missing:
        reply = one.apply("links: { br0: { bridge: { members: [eth0] } }, x: { %s } }" % made[kind], expect=1)
        assert f"this kernel has no links of type {kind}" in reply.out, reply.said()
        assert shape(host) == before
    one.stop()


def test_a_name_that_somebody_else_has_is_not_taken(pair, daemon):
    host, _ = pair
    host.ip("link", "add", "br0", "type", "bridge", "ageing_time", "100")
    one = daemon(host, "")
    reply = one.apply("links: { br0: { macvlan: { link: eth0 } } }", expect=2)
    assert "somebody else made it otherwise" in reply.texts[0] and "type bridge -> macvlan" in reply.texts[0]
    one.apply("links: { br0: { bridge: { members: [eth0] }, addresses: [192.0.2.1/24] } }")
    assert links(host)["eth0"]["master"] == "br0"
    one.stop()
    assert info(host, "br0")["info_data"]["ageing_time"] == 100 and "master" not in links(host)["eth0"]


GOING = "1835495278"  # LINK_GROUP_GOING
MANY = "\n".join(["links:", "  br0: { bridge: {} }",
                  *(f"  m{number}: {{ macvlan: {{ link: eth0 }}, addresses: [10.0.{number}.1/24] }}"
                    for number in range(12)),
                  *(f"  v{number}: {{ veth: {{ peer: w{number} }}, master: br0 }}" for number in range(8)), ""])


@pytest.mark.stock
def test_many_links_go_together_and_nobody_elses(pair, daemon):
    host, _ = pair
    host.ip("link", "add", "alien", "group", "109", "type", "bridge")
    before = shape(host)
    one = daemon(host, MANY)
    assert "w7" in links(host)
    settled(one)
    one.apply("")
    assert shape(host) == before
    # Somebody's link in the group of those that go: then they go one by one.
    host.ip("link", "set", "alien", "group", GOING)
    one.apply(MANY)
    one.apply("")
    assert shape(host) == before
    one.stop()


def test_a_link_that_was_about_to_go_is_still_ours(pair, daemon):
    host, _ = pair
    before = shape(host)
    one = daemon(host, MANY)
    settled(one)
    one.kill()
    for name in ("br0", "m3", "v2"):
        host.ip("link", "set", name, "group", GOING)
    one.start()
    wait_until(lambda: host.ip("-o", "link", "show", "group", "109").count("\n") == 21, what="our mark on all of them")
    settled(one)
    one.kill()
    for name in ("br0", "m3", "v2"):
        host.ip("link", "set", name, "group", GOING)
    one.write("")
    one.start()
    assert shape(host) == before
    one.stop()


@pytest.mark.stock
def test_killed_at_any_moment_it_comes_to_the_same_end(pair, daemon):
    host, _ = pair
    before = shape(host)
    one = daemon(host, STACK)
    drafts = ["", STACK, ADOPTED.replace("foreign", "br0") + "  br0: { bridge: {} }\n"]
    for turn in range(6):
        one.ctl("apply", one.file("draft.yaml", drafts[turn % 3]), "--json")
        one.kill()
        one.start()
        settled(one)
    one.stop()
    assert shape(host) == before


BOND = """
links:
  bond0: { bond: { members: [eth1, eth2], mode: 802.3ad, miimon: 100ms, downdelay: 200ms, lacp-rate: fast,
                   hash: layer2+3 },
           queue: 5000, addresses: [192.168.34.%(end)s/30, "2001:db8:34::%(end)s/64"] }
  bond0.5: { vlan: { link: bond0, id: 5 }, addresses: [192.0.2.%(end)s/24, "2001:db8:5::%(end)s/64"] }
"""


@pytest.mark.stock
def test_bonds_speak_lacp_with_each_other_and_carry_a_vlan(pair, daemon):
    host, other = pair
    need(host, "bond", "vlan")
    before = shape(host)
    one, peer = daemon(host, BOND % {"end": 1}), daemon(other, BOND % {"end": 2})
    pings(host, "192.168.34.2", "2001:db8:34::2", "192.0.2.2", "2001:db8:5::2")

    def both_carry():
        bond = one.feature("links")["links"][0]
        return bond["members"] == ["eth1 carries", "eth2 carries"] and bond["partner"] != "none"

    wait_until(both_carry, 30, "both members of one aggregator")
    settled(one)
    assert links(host)["bond0"]["txqlen"] == 5000
    # A cable that is pulled out at the other end, and comes back.
    other.ip("link", "set", "eth1", "nomaster")
    wait_until(both_carry, 60, "the cable to be back: whoever took it out of the bond is mended")
    # In place, then what needs a new bond.
    changed = (BOND % {"end": 1}).replace("downdelay: 200ms", "downdelay: 400ms")
    assert one.plan(changed).operations == [line for line in one.plan(changed).operations if "recreate" not in line]
    one.apply(changed)
    assert info(host, "bond0")["info_data"]["downdelay"] == 400
    backup = changed.replace("mode: 802.3ad", "mode: active-backup").replace("lacp-rate: fast", "primary: eth2")
    assert any("recreate" in line for line in one.plan(backup).operations)
    one.apply(backup)
    settled(one, backup)
    assert info(host, "bond0")["info_data"]["primary"] == "eth2"
    assert "192.0.2.1" in host.ip("address", "show", "bond0.5")
    one.kill()
    one.start()
    settled(one)
    host.ip("link", "del", "bond0")
    wait_until(lambda: "bond0.5" in links(host) and links(host)["eth2"].get("master") == "bond0",
               what="all of it again")
    pings(host, "192.168.34.2", "2001:db8:5::2")
    one.stop()
    peer.stop()
    assert shape(host) == before


@pytest.mark.stock
def test_a_bond_asks_for_its_targets_and_can_stop_to(pair, daemon):
    host, other = pair
    need(host, "bond")
    other.ip_batch(["link add br0 type bridge", "link set eth1 master br0", "link set eth2 master br0",
                    "link set br0 up",
                    "address add 192.0.2.2/24 dev br0", "address add 2001:db8::2/64 dev br0 nodad"])
    text = """
links:
  bond0: { bond: { members: [eth1, eth2], primary: eth1, %s }, addresses: [192.0.2.1/24, "2001:db8::1/64"] }
"""
    asks = text % 'arp-interval: 200ms, arp-targets: ["2001:db8::2", 192.0.2.2]'
    one = daemon(host, asks)
    pings(host, "192.0.2.2", "2001:db8::2")
    settled(one)
    data = info(host, "bond0")["info_data"]
    assert data["arp_interval"] == 200 and data["miimon"] == 0 and data["primary"] == "eth1"
    stops = text % "miimon: 50ms"
    one.apply(stops)
    settled(one, stops)
    data = info(host, "bond0")["info_data"]
    assert data["arp_interval"] == 0 and data["miimon"] == 50
    pings(host, "192.0.2.2", "2001:db8::2")
    one.stop()
    assert "bond0" not in links(host)


@pytest.mark.stock
def test_a_vrf_routes_by_itself_and_a_dummy_is_up(pair, daemon):
    host, other = pair
    need(host, "vrf", "dummy")
    before = shape(host)
    other.ip_batch(["address add 192.0.2.2/24 dev eth1", "address add 2001:db8::2/64 dev eth1 nodad"])
    text = """
links:
  blue: { vrf: { table: 10, members: [eth1] } }
  eth1: { addresses: [192.0.2.1/24, "2001:db8::1/64"] }
  eth0: { addresses: [198.51.100.1/24] }
  well0: { dummy: {}, addresses: [203.0.113.1/32, "2001:db8:3::1/128"] }
"""
    one = daemon(host, text)
    pings(host, "192.0.2.2", "2001:db8::2", words=["-I", "blue"])
    pings(host, "203.0.113.1", "2001:db8:3::1")
    assert "192.0.2.0/24" in "\n".join(host.routes("table", "10"))
    settled(one)
    assert "recreate" in one.plan(text.replace("table: 10", "table: 11")).operations[0]
    one.apply(text.replace("table: 10", "table: 11"))
    pings(host, "192.0.2.2", "2001:db8::2", words=["-I", "blue"])
    assert "192.0.2.0/24" in "\n".join(host.routes("table", "11"))
    one.stop()
    assert shape(host) == before


@pytest.mark.stock
def test_a_vlan_follows_its_link_up_and_down_and_to_another_name(pair, daemon):
    host, _ = pair
    need(host, "vlan")
    host.ip("link", "set", "eth0", "down")
    text = "links: { eth0.5: { vlan: { link: eth0, id: 5 }, addresses: [192.0.2.1/24] } }"
    one = daemon(host, text)
    assert waiting(one) == ["eth0.5 waits for link eth0 to come up"]
    host.ip("link", "set", "eth0", "up")
    wait_until(lambda: "UP" in links(host)["eth0.5"]["flags"], what="the VLAN to be up")
    assert not waiting(one)
    renamed = text.replace("eth0.5:", "uplink:")
    one.apply(renamed)
    assert "eth0.5" not in links(host) and "UP" in links(host)["uplink"]["flags"]
    assert "192.0.2.1" in host.ip("address", "show", "uplink")
    settled(one, renamed)
    one.stop()
    assert "uplink" not in links(host)


class Dice:
    """Random links out of few names, so that they meet; and what any kernel has."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def settings(self, number):
        words = []
        roll = self.random.random
        if roll() < 0.3:
            words.append(f"mtu: {self.random.choice((1300, 1400, 1450))}")
        if roll() < 0.3:
            words.append(f"queue: {self.random.choice((10, 500))}")
        if roll() < 0.2:
            words.append(f"rp-filter: {self.random.choice(('off', 'strict', 'loose'))}")
        if roll() < 0.2:
            words.append("forwarding: true")
        if roll() < 0.15:
            words.append("up: false")
        if roll() < 0.5:
            words.append(f'addresses: [192.0.{number}.1/24, "2001:db8:{number}::1/64"]')
        return words

    def configuration(self):
        lines, free = ["links:"], ["eth0", "eth1", "veth0", "mac0"]
        for number, name in enumerate(("eth0", "eth1", "br0", "br1", "veth0", "mac0")):
            words = self.settings(number)
            made = None
            if name.startswith("br"):
                members = [free.pop(self.random.randrange(len(free))) for _ in range(self.random.randrange(3)) if free]
                made = f"bridge: {{ members: [{', '.join(members)}] }}"
            elif name == "veth0":
                made = "veth: { peer: veth1 }"
            elif name == "mac0":
                below = self.random.choice(("eth2", "eth3"))
                made = f"macvlan: {{ link: {below}, mode: {self.random.choice(('bridge', 'private'))} }}"
                words = [word for word in words if "mtu" not in word]
            if made and self.random.random() < 0.3:
                # Of another type under the same name.
                made = "macvlan: { link: eth3, mode: vepa }"
                words = [word for word in words if "mtu" not in word]
            if self.random.random() < 0.75:
                lines.append(f"  {name}: {{ {', '.join([made] * bool(made) + words)} }}")
        return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def form(node):
    """The shape without MAC addresses of what is made, which the kernel draws; and the settings of links."""
    lines = [re.sub(r"( ..:..:..:..:..:..)( \S+ )(?=bridge|macvlan|veth$)", r"\2", line) for line in shape(node)]
    lines = [re.sub(r"^\d+: ", "", line) for line in lines]
    names = sorted(links(node))
    return lines + [f"{name} {setting} {node.sysctl(f'net/ipv4/conf/{name}/{setting}')}" for name in names
                    for setting in ("rp_filter", "forwarding")]


def test_from_any_links_to_any_others_and_back(lab, daemon):
    host, other = lab.node("host"), lab.node("other")
    for number in range(4):
        lab.link(host, f"eth{number}", other, f"eth{number}")
    before = form(host)
    one = daemon(host, "")
    dice = Dice(4)
    for turn in range(scaled(25, 5)):
        first, second = dice.configuration(), dice.configuration()
        one.apply(first)
        settled(one, first)
        wait_until(lambda: not one.ctl("plan", one.file("draft.yaml", first), "--json")["operations"], what=first)
        there = form(host)
        one.apply(second)
        settled(one, second)
        one.ctl("rollback", expect=0)
        settled(one, first)
        wait_until(lambda there=there: form(host) == there, what=f"turn {turn}: {first} again after {second}; "
                   f"{there} against {form(host)}")
    one.apply("")
    assert form(host) == before
    one.stop()
    assert form(host) == before
