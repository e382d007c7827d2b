# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be forwarded, as others' hands, deaths and clashes find it.

    left 10.0.1.2 ---- left  box  right ---- right 10.0.2.2
    2001:db8:1::2                            2001:db8:2::2

Only what comes in on `left` may pass to `right`; answers to it come back, and nothing else.
"""

import dataclasses
import socket
import threading

import pytest

import ask
from lab import Node, scaled, wait_until
from test_routing import PORT, Server

CONFIG = """
routing:
  forwarding:
    - { in: left, out: right }
    - { in: right, out: left, protocol: udp, sport: 514 }
"""
NAT = CONFIG + """
  nat: [ { out: right, to: masquerade } ]
"""
RIGHT = {4: "10.0.2.2", 6: "2001:db8:2::2"}
BOX = {4: "10.0.2.1", 6: "2001:db8:2::1"}
LEFT = {4: "10.0.1.2", 6: "2001:db8:1::2"}

both = pytest.mark.parametrize("family", (4, 6))


@dataclasses.dataclass
class Net:
    left: Node
    box: Node
    right: Node


@pytest.fixture
def net(lab):
    net = Net(lab.node("left"), lab.node("box"), lab.node("right"))
    for number, node in ((1, net.left), (2, net.right)):
        lab.link(node, "eth0", net.box, node.role)
        node.ip("address", "add", f"10.0.{number}.2/24", "dev", "eth0")
        node.ip("address", "add", f"2001:db8:{number}::2/64", "dev", "eth0", "nodad")
        net.box.ip("address", "add", f"10.0.{number}.1/24", "dev", node.role)
        net.box.ip("address", "add", f"2001:db8:{number}::1/64", "dev", node.role, "nodad")
        node.ip("route", "add", "default", "via", f"10.0.{number}.1")
        node.ip("-6", "route", "add", "default", "via", f"2001:db8:{number}::1")
    net.box.sysctl("net/ipv4/ip_forward", 1)
    net.box.sysctl("net/ipv6/conf/all/forwarding", 1)
    for node in (net.left, net.box, net.right):
        node.wait_addresses()
    Server(net.left), Server(net.right)
    return net


def said(node, address, timeout=1.0):
    """Whom the server at @address saw asking; None when nothing came back."""
    answer = ask.udp(node, address, PORT, timeout=timeout)
    return answer and answer.data.decode().split()[1]


def passes(net, family):
    return said(net.left, RIGHT[family]) is not None


def rules(net):
    return net.box.run("nft", "-s", "list", "ruleset").stdout


@both
def test_only_what_is_listed_passes(net, daemon, family):
    daemon(net.box, CONFIG)
    assert passes(net, family)
    assert said(net.right, LEFT[family], timeout=0.3) is None


@both
def test_another_source_is_seen_by_the_peer_and_goes_with_the_rule(net, daemon, family):
    one = daemon(net.box, CONFIG)
    assert said(net.left, RIGHT[family]) == LEFT[family]
    one.apply(NAT)
    assert said(net.left, RIGHT[family]) == BOX[family]
    one.apply(CONFIG)
    assert said(net.left, RIGHT[family]) == LEFT[family]


@pytest.mark.parametrize("hand", ("flush ruleset",
                                  "delete table inet multihomed", "flush chain inet multihomed forward",
                                  "insert rule inet multihomed forward accept"))
def test_what_others_do_to_it_is_undone(net, daemon, hand):
    daemon(net.box, CONFIG)
    wanted = rules(net)
    for _ in range(3):
        net.box.run("nft", *hand.split())
        wait_until(lambda: rules(net) == wanted, what="the rules to be back")


def test_a_killed_daemon_leaves_the_filter_and_finds_it_again(net, daemon):
    one = daemon(net.box, CONFIG)
    wanted = rules(net)
    one.kill()
    assert rules(net) == wanted
    assert said(net.right, LEFT[4], timeout=0.3) is None
    one.start()
    assert one.plan(expect=0).operations == []
    assert rules(net) == wanted
    one.stop()
    assert rules(net) == ""


def test_a_foreign_table_of_that_name_refuses_the_apply_at_its_line(net, daemon):
    one = daemon(net.box, "prefixes: []\n")
    net.box.run("nft", "add", "table", "inet", "multihomed")
    before = rules(net)
    reply = one.apply(CONFIG, expect=1)
    # One reason, told once, however many rules there are.
    assert [one["text"] for one in reply["failed"]] == ["the filter"]
    assert "the nftables table 'inet multihomed' is not ours" in reply["failed"][0]["error"]
    assert "nft delete table inet multihomed" in reply["failed"][0]["error"] and reply["failed"][0]["line"] == 4
    assert one.said().count("is not ours") == 1
    assert rules(net) == before
    net.box.run("nft", "delete", "table", "inet", "multihomed")
    one.apply(CONFIG)
    assert passes(net, 4)


def test_foreign_tables_stay(net, daemon):
    net.box.run("nft", "add table ip firewall; add chain ip firewall input { type filter hook input priority 0; };"
                "add rule ip firewall input tcp dport 22 accept")
    before = rules(net)
    one = daemon(net.box, NAT)
    assert rules(net).startswith(before.rstrip("\n"))
    one.stop()
    assert rules(net) == before


def send_all_the_time(node, address, end):
    with node.inside():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        while not end.is_set():
            sender.sendto(b"x", (address, 999))


def test_a_reload_lets_nothing_through(net, daemon):
    """While rules come and go before the one that denies, nothing that it denies passes."""
    one = daemon(net.box, CONFIG)
    many = CONFIG + "".join(f"    - {{ in: right, out: left, from: 192.0.2.{i} }}\n" for i in range(50))
    with net.left.inside():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("", 999))
    receiver.setblocking(False)
    end = threading.Event()
    sender = threading.Thread(target=send_all_the_time, args=(net.right, LEFT[4], end))
    sender.start()
    try:
        for _ in range(scaled(10, 3)):
            one.apply(many)
            one.apply(CONFIG)
    finally:
        end.set()
        sender.join()
    with receiver, pytest.raises(BlockingIOError):
        receiver.recv(1)
