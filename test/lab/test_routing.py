# SPDX-License-Identifier: GPL-3.0-or-later
"""The Linux box in the middle of a university's wireless network, and its four rules.

    device --- wireless === bond0  box  bond1 === world --- web
    10.16.0.5            .98    .97   .5     .6             203.0.113.80
    2001:db8:16::5                 |                        2001:db8:80::80, and 10.2.9.9, as the world sees it
                                eth0 10.2.2.2
                                   |
                     management 10.2.2.254 --- syslog 10.2.9.9, 2001:db8:9::9
                                           --- admin 10.2.50.50, 2001:db8:50::50

(1) What comes in on bond0 to be forwarded may only leave by bond1; (2) what comes in on eth0 is never forwarded; (3)
what comes in on bond1 to be forwarded may only leave by bond0; (4) what the box itself sends leaves only by eth0.
Management has the routes that would make a leak work: to the devices and to the world by way of the box.
"""

import dataclasses
import socket
import threading

import pytest

import ask
from lab import Node, wait_until

PORT = 514

CONFIG = """
routing:
  tables:
    eduroam-egress:
      id: 200
      routes:
        - { to: default, via: 192.168.120.6, link: bond1 }
        - { to: default, via: "2001:db8:120::6", link: bond1 }
  routes:
    - { to: default, via: 10.2.2.254 }
    - { to: default, via: "2001:db8:2::ff" }
    - { to: 10.16.0.0/12, via: 192.168.34.98 }
    - { to: "2001:db8:16::/64", via: "2001:db8:34::2" }
  rules:
    - { in: bond0, table: eduroam-egress }
  forwarding:
    - { in: bond0, out: bond1 }
    - { in: bond1, out: bond0 }
  host: { out: eth0 }
  nat: [ { out: bond1, from: 10.16.0.0/12, to: 192.168.120.5 } ]
"""

SYMMETRIC = """
routing:
  tables:
    world: { routes: [ { to: default, via: 192.168.120.6 }, { to: default, via: "2001:db8:120::6" } ] }
  routes:
    - { to: default, via: 10.2.2.254 }
    - { to: default, via: "2001:db8:2::ff" }
  symmetric: true
"""

DEVICE = {4: "10.16.0.5", 6: "2001:db8:16::5"}
WEB = {4: "203.0.113.80", 6: "2001:db8:80::80"}
SYSLOG = {4: "10.2.9.9", 6: "2001:db8:9::9"}
ADMIN = {4: "10.2.50.50", 6: "2001:db8:50::50"}
BOND1 = {4: "192.168.120.5", 6: "2001:db8:120::5"}

both = pytest.mark.parametrize("family", (4, 6))


@dataclasses.dataclass
class University:
    device: Node
    wireless: Node
    box: Node
    world: Node
    web: Node
    management: Node
    syslog: Node
    admin: Node


class Server:
    """Answers on a wildcard socket with its name and whom it saw asking."""

    def __init__(self, node, port=PORT, address="::"):
        self.name = node.role
        self.heard = []
        with node.inside():
            self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind((address if ":" in address else f"::ffff:{address}", port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(2000)
            if data == b"end":
                return
            source = peer[0].removeprefix("::ffff:")
            self.heard.append((source, data))
            self.socket.sendto(f"{self.name} {source}".encode(), peer)


def cable(one, one_link, ones, other, other_link, others):
    """A cable, and an IPv4 and an IPv6 address with its length on both ends."""
    one.lab.link(one, one_link, other, other_link)
    for node, link, addresses in ((one, one_link, ones), (other, other_link, others)):
        for address in addresses.split():
            node.ip("address", "add", address, "dev", link, *(["nodad"] if ":" in address else []))


def ways(node, *lines):
    for line in lines:
        prefix, via = line.split()
        node.ip(*(["-6"] if ":" in via else []), "route", "add", prefix, "via", via)


def forwards(*nodes):
    for node in nodes:
        node.sysctl("net/ipv4/ip_forward", 1)
        node.sysctl("net/ipv6/conf/all/forwarding", 1)


@pytest.fixture
def net(lab):
    net = University(*(lab.node(field.name) for field in dataclasses.fields(University)))
    cable(net.device, "eth0", "10.16.0.5/12 2001:db8:16::5/64", net.wireless, "eth0", "10.16.0.1/12 2001:db8:16::1/64")
    cable(net.wireless, "eth1", "192.168.34.98/30 2001:db8:34::2/64", net.box, "bond0",
          "192.168.34.97/30 2001:db8:34::1/64")
    cable(net.box, "bond1", "192.168.120.5/30 2001:db8:120::5/64", net.world, "eth0",
          "192.168.120.6/30 2001:db8:120::6/64")
    cable(net.world, "eth1", "203.0.113.1/24 2001:db8:80::1/64", net.web, "eth0", "203.0.113.80/24 2001:db8:80::80/64")
    cable(net.box, "eth0", "10.2.2.2/24 2001:db8:2::2/64", net.management, "eth0", "10.2.2.254/24 2001:db8:2::ff/64")
    cable(net.management, "eth1", "10.2.9.1/24 2001:db8:9::1/64", net.syslog, "eth0", "10.2.9.9/24 2001:db8:9::9/64")
    cable(net.management, "eth2", "10.2.50.1/24 2001:db8:50::1/64", net.admin, "eth0",
          "10.2.50.50/24 2001:db8:50::50/64")
    forwards(net.wireless, net.world, net.management)
    ways(net.device, "default 10.16.0.1", "::/0 2001:db8:16::1")
    ways(net.wireless, "default 192.168.34.97", "::/0 2001:db8:34::1")
    ways(net.web, "default 203.0.113.1", "::/0 2001:db8:80::1")
    ways(net.world, "2001:db8:16::/64 2001:db8:120::5", "10.2.9.9/32 203.0.113.80", "10.2.0.0/16 192.168.120.5",
         "2001:db8:9::9/128 2001:db8:80::80", "2001:db8:50::/64 2001:db8:120::5")
    net.web.ip("address", "add", "10.2.9.9/32", "dev", "lo")
    net.web.ip("address", "add", "2001:db8:9::9/128", "dev", "lo")
    ways(net.syslog, "default 10.2.9.1", "::/0 2001:db8:9::1")
    ways(net.admin, "default 10.2.50.1", "::/0 2001:db8:50::1")
    ways(net.management, "10.16.0.0/12 10.2.2.2", "203.0.113.0/24 10.2.2.2", "192.168.120.0/24 10.2.2.2",
         "2001:db8:16::/64 2001:db8:2::2", "2001:db8:80::/64 2001:db8:2::2", "2001:db8:120::/64 2001:db8:2::2")
    for field in dataclasses.fields(University):
        getattr(net, field.name).wait_addresses()
    return net


def said(node, address, **options):
    """What answered, as text; None when nothing did."""
    answer = ask.udp(node, address, PORT, timeout=options.pop("timeout", 1.0), **options)
    return answer and answer.data.decode()


def silent(node, address):
    try:
        return said(node, address, timeout=0.3, tries=2) is None
    except OSError:		# unreachable, as the sender is told
        return True


@pytest.mark.stock
@both
def test_devices_go_to_the_world_and_the_host_to_its_log_server(net, daemon, family):
    web, syslog = Server(net.web), Server(net.syslog)
    daemon(net.box, CONFIG)
    seen = BOND1[4] if family == 4 else DEVICE[6]
    assert said(net.device, WEB[family]) == f"web {seen}"
    assert said(net.box, SYSLOG[family]).startswith("syslog ")
    assert {source for source, _ in syslog.heard} <= {"10.2.2.2", "2001:db8:2::2"}
    assert {source for source, _ in web.heard} == {seen}


def test_a_strict_reverse_path_filter_is_made_loose_where_it_must_and_comes_back(net, daemon):
    Server(net.web), Server(net.syslog)
    for link in ("all", "bond0", "bond1", "eth0"):
        net.box.sysctl(f"net/ipv4/conf/{link}/rp_filter", 1)
    box = daemon(net.box, CONFIG)
    net.wireless.ip("neigh", "flush", "dev", "eth1")
    net.world.ip("neigh", "flush", "dev", "eth0")
    assert said(net.device, WEB[4]) == f"web {BOND1[4]}"
    assert said(net.box, SYSLOG[4]) == "syslog 10.2.2.2"
    assert [net.box.sysctl(f"net/ipv4/conf/{link}/rp_filter") for link in ("bond0", "bond1", "eth0")] == ["2", "2", "1"]
    box.stop()
    assert net.box.sysctl("net/ipv4/conf/bond1/rp_filter") == "1"


def test_what_passed_and_what_did_not_is_counted(net, daemon):
    Server(net.web)
    box = daemon(net.box, CONFIG)
    said(net.device, WEB[4])
    silent(net.admin, DEVICE[4])
    told = box.feature("routing")
    assert [entry["packets"] > 0 for entry in told["forwarding"]] == [True, True, False]
    assert told["nat"][0]["packets"] == 1
    assert {table["table"]: table["number"] for table in told["tables"]}["eduroam-egress"] == 200


@both
def test_devices_see_the_university_from_outside(net, daemon, family):
    """The same address is the log server inside and something else outside: users must look external."""
    Server(net.web, address=SYSLOG[family]), Server(net.syslog)
    daemon(net.box, CONFIG)
    assert said(net.device, SYSLOG[family]).startswith("web ")
    assert said(net.box, SYSLOG[family]).startswith("syslog ")


@both
def test_nothing_else_is_forwarded(net, daemon, family):
    servers = {node: Server(getattr(net, node)) for node in ("device", "admin", "syslog", "web")}
    daemon(net.box, CONFIG)
    assert silent(net.admin, DEVICE[family])
    assert silent(net.admin, WEB[family])
    assert silent(net.web, ADMIN[family])
    assert silent(net.device, ADMIN[family])
    assert all(server.heard == [] for server in servers.values())


def test_the_world_reaches_devices(net, daemon):
    Server(net.device)
    daemon(net.box, CONFIG)
    assert said(net.web, DEVICE[6]) == f"device {WEB[6]}"


@both
def test_the_host_leaves_only_by_eth0(net, daemon, family):
    web = Server(net.web)
    world = Server(net.world)
    daemon(net.box, CONFIG)
    assert silent(net.box, {4: "192.168.120.6", 6: "2001:db8:120::6"}[family])
    assert silent(net.box, WEB[family])
    assert world.heard == [] and web.heard == []


@both
def test_a_missing_route_falls_through_to_no_other_table(net, daemon, family):
    Server(net.web), Server(net.syslog)
    box = daemon(net.box, CONFIG)
    net.box.ip("link", "set", "bond1", "down")
    wait_until(lambda: box.status()["objects"]["pending"], what="the routes to be pending")
    assert silent(net.device, SYSLOG[family])
    assert said(net.box, SYSLOG[family]).startswith("syslog ")
    net.box.ip("link", "set", "bond1", "up")
    if family == 6:
        net.box.ip("address", "replace", "2001:db8:120::5/64", "dev", "bond1", "nodad")
    wait_until(lambda: said(net.device, WEB[family], timeout=0.3), what="the way to be back")


@both
def test_the_host_never_lacks_its_way_while_rules_come_and_go(net, daemon, family):
    """It sends to its log server all the time; Linux says at once where there is no way."""
    before = CONFIG[:CONFIG.index("  forwarding:")]
    box = daemon(net.box, before)
    sender, errors, ended, sent = ask.udp_socket(net.box, SYSLOG[family]), [], threading.Event(), [0]

    def send():
        while not ended.is_set():
            try:
                sender.sendto(b"log", (SYSLOG[family], 9))
                sent[0] += 1
            except OSError as error:
                errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    for _ in range(8):
        box.apply(CONFIG)
        box.apply(before)
    ended.set()
    thread.join()
    assert sent[0] and not [error for error in errors if not isinstance(error, ConnectionRefusedError)]


@pytest.mark.stock
def test_a_second_apply_does_nothing_and_stop_leaves_nothing(net, daemon):
    before = net.box.snapshot()
    box = daemon(net.box, CONFIG)
    assert box.plan(expect=0).operations == []
    box.stop()
    assert net.box.snapshot() == before


FORWARDING_TO_BOND0 = "routing: { forwarding: [ { out: bond0 } ] }\n"
FORWARDING_FROM_BOND0 = "routing: { forwarding: [ { in: bond0, out: bond1, family: ipv4 } ] }\n"
ADMINISTRATOR = {"net/ipv4/conf/eth0/forwarding": "1", "net/ipv4/conf/all/accept_redirects": "0",
                 "net/ipv6/conf/bond1/forwarding": "1", "net/ipv6/conf/default/forwarding": "1"}


def settings_of(node):
    """All that the kernel writes over when forwarding is switched for the whole host."""
    links = ["all", "default", "lo", "eth0", "bond0", "bond1"]
    names = [f"net/{family}/conf/{link}/forwarding" for family in ("ipv4", "ipv6") for link in links]
    return {name: node.sysctl(name) for name in [*names, "net/ipv4/conf/all/accept_redirects"]}


@pytest.mark.parametrize("killed", [False, True])
def test_what_the_kernel_copies_over_links_goes_back_to_what_the_administrator_set(net, daemon, killed):
    for name, value in ADMINISTRATOR.items():
        net.box.sysctl(name, value)
    before = settings_of(net.box)
    box = daemon(net.box, FORWARDING_TO_BOND0)
    assert net.box.sysctl("net/ipv4/conf/bond1/forwarding") == "1"
    assert net.box.sysctl("net/ipv6/conf/bond0/forwarding") == "1"
    assert box.plan(expect=0).operations == []
    if killed:
        box.kill()
        box.start()
        assert box.plan(expect=0).operations == []
    box.stop()
    assert settings_of(net.box) == before


def test_a_link_that_goes_on_forwarding_is_not_switched_off_with_the_others(net, daemon):
    net.box.sysctl("net/ipv4/conf/eth0/forwarding", 1)
    before = settings_of(net.box)
    box = daemon(net.box, FORWARDING_TO_BOND0)
    box.apply(FORWARDING_FROM_BOND0)
    assert settings_of(net.box) == {**before, "net/ipv4/conf/bond0/forwarding": "1"}
    assert box.plan(FORWARDING_FROM_BOND0, expect=0).operations == []
    box.ctl("rollback", expect=0)
    assert net.box.sysctl("net/ipv4/conf/bond1/forwarding") == "1"
    box.stop()
    assert settings_of(net.box) == before


@both
def test_answers_leave_by_the_link_whose_address_they_bear(net, daemon, family):
    """Table main would send them out of eth0: management knows the world by way of the box alone."""
    box = daemon(net.box, SYMMETRIC.replace("true", "false"))
    assert said_tcp(net, BOND1[family]) is None
    box.apply(SYMMETRIC)
    assert said_tcp(net, BOND1[family]) == "hello"
    assert box.plan(SYMMETRIC, expect=0).operations == []
    assert "dev eth0" in net.box.ip("route", "get", WEB[family])


def said_tcp(net, address):
    """What a server of the box says to the world over TCP; None when no connection comes about."""
    family = ask.family_of(address)
    with net.box.inside():
        listener = socket.create_server(("", 7000), family=family)
    with net.web.inside():
        client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(1)
    with listener, client:
        try:
            client.connect((address, 7000))
        except OSError:
            return None
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"hello")
        return client.recv(100).decode()


@both
def test_a_default_route_of_somebody_else_is_followed(net, daemon, family):
    """As a DHCP client, or router advertisements, would lay it; the better one in main leads elsewhere."""
    words = {4: ["route", "add", "default", "proto", "dhcp"],
             6: ["-6", "route", "add", "default", "proto", "ra"]}[family]
    net.box.ip(*words, "via", {4: "10.2.2.254", 6: "2001:db8:2::ff"}[family], "metric", "100")
    box = daemon(net.box, "routing: { symmetric: [bond1] }\n")
    assert said_tcp(net, BOND1[family]) is None
    late = [*words, "via", {4: "192.168.120.6", 6: "2001:db8:120::6"}[family], "metric", "300"]
    net.box.ip(*late)
    wait_until(lambda: any("default" in route for route in net.box.ours()), what="the default of bond1 to be followed")
    assert said_tcp(net, BOND1[family]) == "hello"
    net.box.ip(*[word if word != "add" else "del" for word in late])
    wait_until(lambda: not any("default" in route for route in net.box.ours()), what="it to go")
    assert box.plan(expect=0).operations == []


@both
def test_a_host_that_is_cut_off_is_warned_of_until_a_default_comes(net, daemon, family):
    """DHCP, or router advertisements, on the link that the host's own packets leave by."""
    def warned():
        return [one["text"] for one in box.status()["diagnostics"] if one["level"] == "warning" and one["line"] == 1]

    words = {4: ["route", "add", "default", "proto", "dhcp", "via", "10.2.2.254"],
             6: ["-6", "route", "add", "default", "proto", "ra", "via", "2001:db8:2::ff"]}[family]
    box = daemon(net.box, "routing: { host: { out: eth0 } }\n")
    assert "no default route leaves by eth0" in warned()[0]
    assert "no default route leaves by eth0" in box.plan("routing: { host: { out: eth0 } }\n", expect=0).texts[0]
    net.box.ip(*words)
    wait_until(lambda: not warned(), what="the warning to go with the default")
    net.box.ip(*[word if word != "add" else "del" for word in words])
    wait_until(warned, what="the warning to come back")


@both
def test_a_claimed_prefix_answers_by_the_link_over_which_it_arrives(net, daemon, family):
    claim = {4: "198.51.100.0/24", 6: "2001:db8:1:1::/64"}[family]
    asked = {4: "198.51.100.7", 6: "2001:db8:1:1::7"}[family]
    claims = f'\nprefixes: [ {{ prefix: "{claim}" }} ]\n'
    ways(net.world, f"{claim} {BOND1[family]}")
    box = daemon(net.box, SYMMETRIC.rstrip() + claims)
    assert said_tcp(net, asked) is None, "without a word about it the default route of the host is taken"
    box.apply(SYMMETRIC.rstrip() + f'\n  symmetric-prefixes: [ {{ prefix: "{claim}", link: bond1 }} ]\n' + claims)
    assert said_tcp(net, asked) == "hello"
    assert said_tcp(net, BOND1[family]) == "hello"


def test_an_address_that_comes_and_goes_takes_its_rule_along(net, daemon):
    box = daemon(net.box, SYMMETRIC)
    net.box.ip("address", "add", "198.51.100.7/24", "dev", "bond1")
    wait_until(lambda: "from 198.51.100.7 iif lo" in net.box.ip("rule"), what="the rule of the new address")
    net.box.ip("address", "del", "198.51.100.7/24", "dev", "bond1")
    wait_until(lambda: "198.51.100.7" not in net.box.ip("rule"), what="the rule to go")
    assert box.plan(expect=0).operations == []


def test_only_links_with_an_address_have_a_table_of_their_own(net, daemon):
    def tables():
        return {table["table"] for table in box.feature("routing")["tables"]}

    net.box.ip("link", "add", "bare", "type", "veth", "peer", "name", "bare-peer")
    net.box.ip("link", "set", "bare", "up")
    box = daemon(net.box, SYMMETRIC)
    assert tables() == {"world", "out bond0", "out bond1", "out eth0"}
    net.box.ip("address", "add", "198.51.100.7/24", "dev", "bare")
    wait_until(lambda: "out bare" in tables(), what="the table of the link that got an address")


def test_what_somebody_else_put_into_our_table_is_told_in_the_plan_and_stays(net, daemon):
    net.box.ip("route", "add", "default", "via", "192.168.120.6", "table", "200", "proto", "static", "mtu", "1400")
    box = daemon(net.box, "routing: {}\n")
    told = box.plan(CONFIG, expect=2)
    assert any("stands in its place, made by static" in text for text in told.texts), told.said()
    box.apply(CONFIG, expect=2)
    assert "mtu 1400" in net.box.ip("route", "show", "table", "200")
    net.box.ip("route", "flush", "table", "200")
    box.apply(CONFIG)


def test_what_others_take_away_is_back(net, daemon):
    box = daemon(net.box, CONFIG)
    before = net.box.snapshot()
    net.box.ip("route", "del", "default", "table", "200")
    net.box.ip("rule", "del", "preference", "1001")
    net.box.ip("-6", "rule", "del", "iif", "lo", "preference", "29991")
    wait_until(lambda: net.box.snapshot() == before, what="what is ours to be back")
    assert box.plan(expect=0).operations == []


SEVERAL = """
routing:
  nexthops:
    out:
      hops: [{hops}]
      resilient: {{ idle: 60s }}
  routes:
    - {{ to: [203.0.113.0/24, 198.51.100.0/24], via: out }}
    - {{ to: "2001:db8:80::/64", via: out }}
"""
WORLD = '{ via: 192.168.120.6, weight: 3 }, { via: "2001:db8:120::6" }'
MANAGEMENT = '{ via: 10.2.2.254 }, { via: "2001:db8:2::ff" }'


def groups(net):
    return {word for line in net.box.ip("nexthop", "show", "proto", "109").splitlines() if " group " in line
            for word in line.split(" group ")[1].split()[0].split("/")}


def test_a_group_has_the_hops_whose_link_has_a_carrier(net, daemon):
    box = daemon(net.box, SEVERAL.format(hops=f"{WORLD}, {MANAGEMENT}"))
    assert box.plan(expect=0).operations == []
    assert len(groups(net)) == 4
    before = net.box.ours()
    net.world.ip("link", "set", "eth0", "down")
    wait_until(lambda: len(groups(net)) == 2, what="the hops by way of bond1 to leave their groups")
    wait_until(lambda: box.status()["objects"]["pending"], what="what waits to be told")
    assert len([route for route in net.box.ours() if "nhid" in route]) == 3
    net.world.ip("link", "set", "eth0", "up")
    wait_until(lambda: len(groups(net)) == 4 and net.box.ours() == before, what="the hops to be back")
    assert box.plan(expect=0).operations == []


def test_routes_that_share_a_hop_by_name_move_in_one_write(net, daemon):
    box = daemon(net.box, SEVERAL.format(hops=WORLD))
    moved = box.plan(SEVERAL.format(hops=MANAGEMENT), expect=1).operations
    assert moved and not [operation for operation in moved if operation.split()[1] == "route"]
    box.apply(SEVERAL.format(hops=MANAGEMENT))
    assert "via 10.2.2.254" in net.box.ip("route", "get", "203.0.113.80")
    box.stop()
    assert net.box.ip("nexthop") == ""
