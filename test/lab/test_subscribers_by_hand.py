# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscribers that come, move and go by hand while traffic runs.

    outside ---- eth0  host  eth3 ---+
                             eth4 ---+--- wall --- alice
                             eth5 ------- bob

alice is plugged in at one port or the other, and while she moves at both. Both are pinged a hundred times a second.
"""

import concurrent.futures
import re
import shutil
import socket

import pytest

from daemon import MULTIHOMED
from lab import scaled, wait_until

CONFIG = """\
subscribers:
  gateway: [10.1.2.1/24, "2001:db8:2::1/64"]
  ports:
    eth3: []
    eth4: []
    eth5:
      - { name: bob, addresses: [10.1.2.6, "2001:db8:2::6"] }
"""
ALICE = ("10.1.2.5", "2001:db8:2::5")
BOB = ("10.1.2.6", "2001:db8:2::6")
ADD = ("subscriber", "add", "alice", "--port", "eth3", "--address", ALICE[0], "--address", ALICE[1])


def plug(host, *ports):
    """alice is to be had by these ports alone."""
    for number, port in enumerate(("eth3", "eth4")):
        host.wall.run("bridge", "link", "set", "dev", f"port{number}", "state", 3 if port in ports else 0)


def move(one, former, port):
    """The cable first: there is a moment in which both lead to her."""
    plug(one.node, former, port)
    one.ctl("subscriber", "move", "alice", "--port", port, expect=0)
    plug(one.node, port)


@pytest.fixture
def wired(lab):
    host, outside, alice, bob = (lab.node(role) for role in ("host", "outside", "alice", "bob"))
    lab.link(host, "eth0", outside, "up0")
    wall = lab.switch("wall", (host, "eth3"), (host, "eth4"), (alice, "lan0"))
    for port in ("port0", "port1"):
        # They do not hear each other.
        wall.ip("link", "set", port, "type", "bridge_slave", "isolated", "on")
    host.wall = wall
    plug(host, "eth3")
    lab.link(host, "eth5", bob, "lan0")
    host.ip_batch(["address add 192.0.2.1/24 dev eth0", "address add 2001:db8:1::1/64 dev eth0"])
    outside.ip_batch(["address add 192.0.2.2/24 dev up0", "address add 2001:db8:1::2/64 dev up0",
                      "route add default via 192.0.2.1", "route add default via 2001:db8:1::1"])
    for node, (four, six) in ((alice, ALICE), (bob, BOB)):
        node.ip_batch([f"address add {four}/24 dev lan0", f"address add {six}/64 dev lan0",
                       "route add default via 10.1.2.1", "route add default via 2001:db8:2::1"])
    for node in (host, outside, alice, bob):
        node.wait_addresses()
    host.outside = outside
    return host


@pytest.fixture
def one(wired, daemon):
    return daemon(wired, CONFIG)


def reaches(node, address):
    return "1 received" in node.run("ping", "-n", "-c1", "-W1", address, check=False).stdout


def wait_reached(node, *addresses):
    for address in addresses:
        wait_until(lambda address=address: reaches(node, address), 10, f"{address} to be reached")


class Pings:
    """A hundred pings a second to each address, some before what is done meanwhile and most after."""

    def __init__(self, node, *addresses):
        count = scaled(300, 150)
        self.addresses = addresses
        self.each = [node.spawn("ping", "-n", "-i", "0.01", "-c", count, "-W", "1", address) for address in addresses]

    def __enter__(self):
        for ping in self.each:
            ping.wait_line(r"icmp_seq=30\b")
        return self

    def __exit__(self, kind, *error):
        if kind is None:
            self.lost = {address: self.judge(ping) for address, ping in zip(self.addresses, self.each)}

    @staticmethod
    def judge(ping):
        ping.wait(60)
        sent, received = re.search(r"(\d+) packets transmitted, (\d+) received", "\n".join(ping.lines)).groups()
        return int(sent) - int(received)


def subscriber(one, name):
    """What status tells of one; None: there is none."""
    return next((each for each in one.feature("subscribers")["subscribers"] if each["name"] == name), None)


def test_an_addition_is_there_when_it_is_answered_and_loses_nobody_anything(wired, one):
    wait_reached(wired.outside, *BOB)
    with Pings(wired.outside, *BOB) as pings:
        said = one.ctl(*ADD, expect=0).out
    assert re.fullmatch(r"alice is on eth3 \(\d+ operations\)\.\n", said)
    assert pings.lost == {address: 0 for address in BOB}
    with Pings(wired.outside, *ALICE) as pings:
        pass
    assert pings.lost == {address: 0 for address in ALICE}
    assert subscriber(one, "alice")["port"] == "eth3" and subscriber(one, "alice")["state"] == "in place"


def test_a_move_loses_one_packet_at_most_and_leaves_nothing_behind(wired, one):
    one.ctl(*ADD, expect=0)
    wait_reached(wired.outside, *ALICE)
    for port, former in (("eth4", "eth3"), ("eth3", "eth4"), ("eth4", "eth3")):
        with Pings(wired.outside, *ALICE, *BOB) as pings:
            move(one, former, port)
        assert all(pings.lost[address] <= 1 for address in ALICE), pings.lost
        assert all(pings.lost[address] == 0 for address in BOB), pings.lost
        for address in ALICE:
            assert f"dev {port} " in "".join(wired.routes("table", "main", "root", address))
            assert address not in wired.ip("neighbour", "show", "dev", former)
    assert one.status()["drift"]["repaired"] == 0, "a move is no drift"


def test_a_removal_takes_one_away_and_nobody_else(wired, one):
    before = sorted(wired.ours())
    neighbours = [wired.ip("neighbour", "show", "proxy"), wired.ip("-o", "address", "show")]
    one.ctl(*ADD, expect=0)
    wait_reached(wired.outside, *ALICE, *BOB)
    with Pings(wired.outside, *BOB) as pings:
        assert one.ctl("subscriber", "remove", "alice", expect=0).out.startswith("alice is removed")
    assert pings.lost == {address: 0 for address in BOB}
    assert not any(reaches(wired.outside, address) for address in ALICE)
    assert sorted(wired.ours()) == before
    assert neighbours == [wired.ip("neighbour", "show", "proxy"), wired.ip("-o", "address", "show")]
    assert all(address not in wired.ip("neighbour", "show") for address in ALICE)
    assert subscriber(one, "alice") is None


def test_who_dies_between_forgets_nothing_and_loses_nothing(wired, one):
    one.ctl(*ADD, expect=0)
    move(one, "eth3", "eth4")
    wait_reached(wired.outside, *ALICE, *BOB)
    with Pings(wired.outside, *ALICE, *BOB) as pings:
        one.kill()
        one.start()
    assert pings.lost == {address: 0 for address in (*ALICE, *BOB)}
    assert subscriber(one, "alice")["port"] == "eth4"
    assert not one.plan(expect=0).operations
    one.stop()
    assert not wired.ours()
    one.start()
    wait_reached(wired.outside, *ALICE)
    assert subscriber(one, "alice")["port"] == "eth4", "also over a stop"
    one.apply(CONFIG.replace("eth3: []", "eth3: [10.1.2.7]"))
    assert subscriber(one, "alice")["port"] == "eth4", "and over an apply"


def test_an_upgrade_keeps_what_was_decided(wired, daemon):
    one = daemon(wired, CONFIG, start=False)
    one.program = wired.lab.copy(MULTIHOMED)
    one.start()
    one.ctl(*ADD, expect=0)
    wait_reached(wired.outside, *ALICE, *BOB)
    with Pings(wired.outside, *ALICE, *BOB) as pings:
        new = one.program.with_suffix(".new")
        shutil.copy(MULTIHOMED, new)
        new.rename(one.program)
        one.ctl("upgrade", expect=0)
    assert pings.lost == {address: 0 for address in (*ALICE, *BOB)}
    assert subscriber(one, "alice")["port"] == "eth3"
    move(one, "eth3", "eth4")
    wait_reached(wired.outside, *ALICE)


def test_who_is_in_the_file_is_moved_removed_and_given_back(wired, one):
    assert one.ctl("subscriber", "remove", "bob", expect=0).out.startswith("bob is removed")
    assert not reaches(wired.outside, BOB[0])
    assert one.ctl("subscriber", "auto", "bob", expect=0).out.startswith("bob is as the file says")
    wait_reached(wired.outside, *BOB)
    one.ctl("subscriber", "move", "bob", "--port", "eth4", expect=0)
    assert subscriber(one, "bob")["port"] == "eth4"
    one.ctl("subscriber", "auto", "bob", expect=0)
    wait_reached(wired.outside, *BOB)
    assert "bob" in one.ctl("subscriber", expect=0).out
    assert not one.plan(expect=0).operations


def test_what_does_not_fit_is_told_in_one_line_and_changes_nothing(wired, one):
    before = sorted(wired.ours())
    for words in (("remove", "alice"), ("move", "alice", "--port", "eth4"), ("auto", "alice"),
                  ("add", "alice", "--port", "eth9", "--address", "10.1.2.5"),
                  ("add", "alice", "--port", "eth3", "--address", "10.1.2.6"),
                  ("add", "alice", "--port", "eth3", "--address", "10.1.2.1"),
                  ("add", "alice", "--port", "eth3", "--address", "10.9.9.9"),
                  ("add", "alice", "--port", "eth3", "--address", "10.1.2"),
                  ("add", "bob", "--port", "eth3", "--address", "10.1.2.9")):
        refused = one.ctl("subscriber", *words, expect=2)
        assert refused.errors.startswith("mhctl: ") and refused.errors.count("\n") == 1, refused.said()
        assert one.ctl("subscriber", *words, "--json", expect=2)["error"] == refused.errors[7:-1]
    assert sorted(wired.ours()) == before
    assert not one.plan(expect=0).operations


def arp(node, link, sender, target):
    """An ARP request, as whoever claims to have @sender sends it."""
    with node.inside(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((link, 0x0806))
        mac = raw.getsockname()[4]
        raw.send(b"\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 06 04 0001") + mac + socket.inet_aton(sender)
                 + bytes(6) + socket.inet_aton(target))
    return mac.hex(":")


def explained(one, words, expect):
    return one.ctl("explain", *words.split(), "--json", expect=expect)


def test_who_answers_is_explained_and_who_claims_is_shown(wired, one):
    one.ctl(*ADD, expect=0)
    wait_reached(wired.outside, *ALICE)
    assert explained(one, "to 10.1.2.77 from 10.1.2.5 in eth3 proto arp", 0)["verdict"] == "answered"
    assert explained(one, "to 2001:db8:2::77 from 2001:db8:2::5 in eth3 proto nd", 0)["verdict"] == "answered"
    assert explained(one, "to 10.1.2.5 from 10.1.2.5 in eth3 proto arp", 1)["verdict"] == "own"
    assert explained(one, "to 10.1.2.77 from 10.1.2.66 in eth3 proto arp", 1)["verdict"] == "guarded"
    assert explained(one, "from 10.1.2.66 to 192.0.2.2 in eth3", 1)["verdict"] == "guarded"
    allowed = explained(one, "from 10.1.2.5 to 192.0.2.2 in eth3", 0)
    assert allowed["verdict"] == "leaves" and allowed["reply"]["symmetric"]
    assert "multihomed.yaml:" in one.ctl("explain", *"to 10.1.2.77 from 10.1.2.5 in eth3 proto arp".split()).out
    assert "Nothing found wrong" in one.ctl("doctor", expect=0).out
    alice = next(node for node in wired.lab.nodes if node.role == "alice")
    for _ in range(3):
        mac = arp(alice, "lan0", "10.1.2.77", "10.1.2.1")

    def claimants():
        return one.feature("neighbours")["claimants"]

    claimant, = wait_until(claimants, 10, "the claimant to be seen")
    assert (claimant["address"], claimant["link"], claimant["mac"]) == ("10.1.2.77", "eth3", mac)
    finding, = one.ctl("doctor", "--json", expect=1)["findings"]
    assert finding["check"] == "duplicate-address" and mac in finding["what"]
    responders = {each["link"]: each for each in one.feature("neighbours")["responders"]}
    assert sorted(responders) == ["eth3", "eth4", "eth5"] and responders["eth3"]["spoofed"] >= 3
    assert re.search(r"^ +10\.1\.2\.77 +eth3 ", one.ctl("status", "neighbours", expect=0).out, re.M)
    assert [table["table"] for table in one.feature("neighbours")["tables"]] == ["IPv4", "IPv6"]


def test_a_port_that_is_not_there_is_waited_for(wired, one):
    one.ctl(*ADD, expect=0)
    wired.ip("link", "delete", "eth4")
    moved = one.ctl("subscriber", "move", "alice", "--port", "eth4", expect=0).out
    assert moved.startswith("alice is on eth4 as soon as it can be.\n") and "eth4 does not exist" in moved
    assert subscriber(one, "alice")["state"] == "pending"
    one.ctl("subscriber", "move", "alice", "--port", "eth3", expect=0)
    wait_reached(wired.outside, *ALICE)


def test_many_decide_at_once_and_one_after_the_other(wired, one):
    """None is refused as busy; of those who want one address one gets it."""
    def decide(number):
        address = f"10.1.2.{number + 100}"
        return one.ctl("subscriber", "add", f"many{number}", "--port", "eth3", "--address", address).exit

    def want(number):
        return one.ctl("subscriber", "add", f"same{number}", "--port", "eth3", "--address", "10.1.2.200").exit

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert set(pool.map(decide, range(16))) == {0}
        assert sorted(pool.map(want, range(8))) == [0] + 7 * [2]
    assert one.feature("subscribers")["totals"]["in_place"] == 18
    for turn in range(10):
        one.ctl("subscriber", "move", "many3", "--port", ("eth4", "eth3")[turn % 2], expect=0)
    assert one.status()["drift"] == {"repaired": 0, "fights": []}, "who moves often fights with nobody"


def test_a_decision_that_cannot_be_kept_is_not_done(wired, one):
    file = one.socket.with_name("control.sock.subscribers.new")
    file.mkdir()
    refused = one.ctl(*ADD, expect=1)
    assert "cannot be kept over a restart" in refused.errors
    assert subscriber(one, "alice") is None
    file.rmdir()
    one.ctl(*ADD, expect=0)
