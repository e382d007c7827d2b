# SPDX-License-Identifier: GPL-3.0-or-later
"""Each mistake of a university's gateway, made with `ip`, is found by `mhctl doctor`; without it nothing is.

    wireless --- bond0  gateway  bond1 --- world
                          eth0
                           |
                         office
"""

import json
import socket
import subprocess

import pytest

from daemon import MHCTL, Daemon, mhctl
from lab import wait_until

UNPRIVILEGED = 65534


OURS = """\
routing:
  tables:
    eduroam-egress: { id: 200, routes: [ { to: default, via: 192.168.120.6, link: bond1 } ] }
  routes:
    - { to: default, via: 10.2.2.254 }
    - { to: 10.16.0.0/12, via: 192.168.34.98 }
  rules:
    - { in: bond0, table: eduroam-egress }
  forwarding:
    - { in: bond0, out: bond1 }
    - { in: bond1, out: bond0 }
  host: { out: eth0 }
  symmetric: true
  nat: [ { out: bond1, from: 10.16.0.0/12, to: 192.168.120.5 } ]
"""


@pytest.fixture
def bare(lab):
    """The gateway with its links and addresses alone."""
    node, wireless, world, office = (lab.node(role) for role in ("gateway", "wireless", "world", "office"))
    lab.link(node, "bond0", wireless, "up0")
    lab.link(node, "bond1", world, "down0")
    lab.link(node, "eth0", office, "lan0")
    node.ip_batch([
        "address add 192.168.34.97/30 dev bond0", "address add 192.168.120.5/30 dev bond1",
        "address add 10.2.2.2/24 dev eth0", "address add 2001:db8:2::2/64 dev eth0"])
    wireless.ip("address", "add", "192.168.34.98/30", "dev", "up0")
    world.ip("address", "add", "192.168.120.6/30", "dev", "down0")
    office.ip("address", "add", "10.2.2.254/24", "dev", "lan0")
    node.wait_addresses()
    node.world = world
    return node


@pytest.fixture
def gateway(bare):
    """The gateway as it should be: what comes in bond0 goes out bond1, the host's own packets out of eth0."""
    bare.ip_batch(["route add default via 10.2.2.254", "route add 10.16.0.0/12 via 192.168.34.98",
                   "route add default via 192.168.120.6 table 200", "rule add pref 1000 iif bond0 table 200"])
    for name in ("all", "eth0", "bond0", "bond1"):
        bare.sysctl(f"net/ipv4/conf/{name}/forwarding", 1)
    return bare


def findings(node, expect=1):
    """What doctor finds: {check: finding}, of each check the first."""
    reply = mhctl(node, "doctor", "--json", expect=expect)
    assert not reply["unseen"], reply.said()
    return {finding["check"]: finding for finding in reversed(reply["findings"])}


def finds_only(node, check):
    found = findings(node)
    assert list(found) == [check], found
    return found[check]


def test_a_gateway_as_it_should_be_has_nothing(gateway):
    assert not findings(gateway, expect=0)
    said = mhctl(gateway, "doctor", expect=0).out
    assert said.startswith("Nothing found wrong: 4 links, "), said


def test_a_gateway_that_is_configured_by_us_has_nothing(bare):
    daemon = Daemon(bare, OURS).start()
    said = daemon.ctl("doctor", expect=0).out
    assert said.startswith("Nothing found wrong: "), said
    daemon.stop()


def test_the_gateway_of_a_route_is_the_hosts_own_address(gateway):
    gateway.ip_batch(["route replace default via 192.168.120.6 table 200", "address del 192.168.120.5/30 dev bond1",
                      "address add 192.168.120.6/30 dev bond1"])
    gateway.ip("route", "replace", "default", "via", "192.168.120.5", "dev", "bond1", "table", "200")
    gateway.ip("address", "add", "192.168.120.5/32", "dev", "bond1")
    finding = finds_only(gateway, "own-gateway")
    assert finding["severity"] == "error"
    assert "192.168.120.5" in finding["what"]
    assert "table 200" in finding["where"]
    assert finding["command"] == "ip route replace default via GATEWAY dev bond1 table 200"


def test_a_default_route_on_link_fills_the_neighbour_table_with_one_mac(gateway):
    gateway.ip("route", "replace", "default", "dev", "bond1", "table", "200")
    assert finds_only(gateway, "on-link")["severity"] == "warning"
    # The far router answers for everybody.
    gateway.world.sysctl("net/ipv4/conf/down0/proxy_arp", 1)
    gateway.world.sysctl("net/ipv4/neigh/down0/proxy_delay", 0)
    gateway.world.sysctl("net/ipv4/conf/down0/forwarding", 1)
    gateway.world.ip("link", "add", "out0", "type", "veth", "peer", "name", "out1")
    gateway.world.ip("link", "set", "out0", "up")
    gateway.world.ip("link", "set", "out1", "up")
    gateway.world.ip("route", "add", "198.51.100.0/24", "dev", "out0")
    gateway.ip("rule", "add", "pref", "900", "to", "198.51.100.0/24", "table", "200")
    with gateway.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(1, 21):
            sender.sendto(b"?", (f"198.51.100.{number}", 9))
    wait_until(lambda: gateway.ip("neigh", "show", "dev", "bond1").count("lladdr") >= 20, what="the neighbours")
    finding = finds_only(gateway, "on-link")
    assert finding["severity"] == "error"
    assert finding["what"].startswith("2") and "neighbours on bond1 have one MAC" in finding["what"]


def test_the_log_server_hears_nothing(gateway):
    gateway.ip("route", "replace", "default", "via", "192.168.120.6")
    with gateway.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.connect(("10.2.9.9", 514))
        finding = finds_only(gateway, "log-server")
    assert "10.2.9.9" in finding["what"] and "bond1" in finding["what"]
    gateway.ip("route", "add", "10.2.9.9", "via", "10.2.2.254", "dev", "eth0", "src", "10.2.2.2")
    with gateway.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.connect(("10.2.9.9", 514))
        assert not findings(gateway, expect=0)


def test_a_rule_whose_table_lost_its_routes(gateway):
    gateway.ip("route", "flush", "table", "200")
    assert "table 200" in finds_only(gateway, "table")["what"]


def test_a_table_whose_rule_was_lost(gateway):
    gateway.ip("rule", "del", "pref", "1000")
    assert "no rule leads there" in finds_only(gateway, "table")["what"]


def test_a_rule_behind_another_that_takes_all(gateway):
    gateway.ip("rule", "add", "pref", "40000", "from", "10.16.0.0/12", "table", "200")
    assert "40000" in finds_only(gateway, "shadowed-rule")["what"]


def test_the_local_table_is_moved_behind_other_rules(gateway):
    gateway.ip("rule", "add", "pref", "2000", "table", "local")
    gateway.ip("rule", "del", "pref", "0")
    assert finds_only(gateway, "local-table")["severity"] == "warning"


def test_an_address_stands_on_two_links(gateway):
    gateway.ip("address", "add", "10.2.2.2/32", "dev", "bond1")
    assert "bond1 and eth0" in finds_only(gateway, "duplicate-address")["what"]


def test_a_member_of_a_bridge_has_another_mtu(gateway):
    gateway.ip_batch(["link add br0 type bridge", "link set br0 mtu 1400 up",
                      "link add port0 type veth peer name port1",
                      "link set port0 mtu 1500 up master br0", "link set br0 mtu 1400"])
    assert "port0 has MTU 1500" in finds_only(gateway, "mtu")["what"]


def test_a_wildcard_udp_server_of_a_host_with_many_addresses(gateway):
    with gateway.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("", 161))
        assert "port 161" in finds_only(gateway, "udp-server")["what"]


def test_a_service_is_answered_by_another_link_than_its_own(gateway):
    with gateway.inside(), socket.create_server(("192.168.120.5", 443)):
        finding = finds_only(gateway, "service-address")
        assert finding["what"] == "what is answered from 192.168.120.5 on bond1 leaves by eth0"
        gateway.ip("rule", "add", "pref", "900", "from", "192.168.120.5", "table", "200")
        assert not findings(gateway, expect=0)


def test_a_strict_rp_filter_drops_what_takes_another_way(gateway):
    gateway.sysctl("net/ipv4/conf/bond1/rp_filter", 1)
    finding = finds_only(gateway, "rp-filter")
    assert finding["command"] == "sysctl -w net.ipv4.conf.bond1.rp_filter=2"
    gateway.sysctl("net/ipv4/conf/bond1/rp_filter", 2)
    assert not findings(gateway, expect=0)


def test_forwarding_with_one_link(lab):
    node, other = lab.node("alone"), lab.node("other")
    lab.link(node, "eth0", other, "eth0")
    assert not findings(node, expect=0)
    node.sysctl("net/ipv4/conf/eth0/forwarding", 1)
    node.sysctl("net/ipv6/conf/all/forwarding", 1)
    assert [finding["check"] for finding in mhctl(node, "doctor", "--json", expect=1)["findings"]] == ["forwarding"] * 2


def test_people_are_told_where_why_and_how_to_mend_it(gateway):
    gateway.ip("rule", "del", "pref", "1000")
    said = mhctl(gateway, "doctor", expect=1).out
    lines = said.splitlines()
    assert lines[0] == "note: table 200 has 1 IPv4 route, and no rule leads there"
    assert [line.split()[0] for line in lines[1:5]] == ["where", "why", "file", "now"]
    assert lines[-1] == "1 finding."


def test_nobody_needs_rights_to_ask(gateway, lab):
    gateway.ip("rule", "del", "pref", "1000")
    program = lab.copy(MHCTL)
    with gateway.inside():
        done = subprocess.run([program, "doctor", "--json"], user=UNPRIVILEGED, group=UNPRIVILEGED, extra_groups=[],
                              capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert [finding["check"] for finding in json.loads(done.stdout)["findings"]] == ["table"]


def test_a_full_table_of_routes_takes_no_time(gateway):
    gateway.ip_batch([f"route add 198.{18 + i // 65536}.{i // 256 % 256}.{i % 256}/32 via 10.2.2.254"
                      for i in range(20000)])
    assert not findings(gateway, expect=0)


@pytest.fixture
def bonded(lab):
    """Two machines with a bond of two cables, where the kernel has bonds."""
    node, other = lab.node("host"), lab.node("other")
    if node.run("ip", "link", "add", "probe", "type", "bond", check=False).returncode:
        pytest.skip("this kernel has no links of type bond")
    node.ip("link", "del", "probe")
    for number in range(2):
        lab.link(node, f"eth{number}", other, f"eth{number}")
    for each in (node, other):
        each.ip("link", "add", "bond7", "type", "bond", "mode", "802.3ad", "miimon", "50", "lacp_rate", "fast")
        for number in range(2):
            each.ip("link", "set", f"eth{number}", "down")
            each.ip("link", "set", f"eth{number}", "master", "bond7")
        each.ip("link", "set", "bond7", "up")
    node.other = other
    return node


def found(node):
    """The checks that find something."""
    return {finding["check"] for finding in mhctl(node, "doctor", "--json")["findings"]}


@pytest.mark.stock
def test_a_bond_that_has_lost_a_member_or_its_partner(bonded):
    wait_until(lambda: "bond" not in found(bonded), 30, "LACP")
    bonded.ip("link", "set", "eth1", "down")
    wait_until(lambda: "bond" in found(bonded), 10, "the loss of a member to be seen")
    finding = [finding for finding in mhctl(bonded, "doctor", "--json")["findings"] if finding["check"] == "bond"][0]
    assert finding["what"] == "the bond bond7 lives by one member of 2"
    bonded.ip("link", "set", "eth1", "up")
    wait_until(lambda: "bond" not in found(bonded), 30, "LACP again")
    # A switch that speaks no LACP.
    for number in range(2):
        bonded.other.ip("link", "set", f"eth{number}", "nomaster")
        bonded.other.ip("link", "set", f"eth{number}", "up")
    wait_until(lambda: "bond" in found(bonded), 30, "the partner to be missed")


@pytest.mark.stock
def test_a_member_of_a_bond_with_another_mtu(bonded):
    assert "mtu" not in found(bonded)
    bonded.ip("link", "set", "eth0", "mtu", "1400")
    assert "mtu" in found(bonded)
