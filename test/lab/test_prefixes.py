# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole prefixes that a host answers for.

    client ---- router ==== host      the claims are routed to the host's eth0; its default route is eth1
                                      (topology.Routed)

    host, neighbour, gateway on one Ethernet, a client beyond the gateway: for claims that meet a connected network
                                      (topology.Shared)
"""

import ipaddress
import shutil
import sys

import pytest

import ask
import topology
from configuration import CLAIMED, ECHO_PORT, SERVED, WHO_PORT
from daemon import REPOSITORY
from lab import scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

SERVERS = REPOSITORY / "test/lab/servers.py"
NONLOCAL_BIND = "net/ipv6/ip_nonlocal_bind"

both = pytest.mark.parametrize("claim", CLAIMS)


def addresses_of(claim):
    return ask.edges(claim) + ask.random_addresses(claim, scaled(200, 10))


def wrong_sources(answers):
    return {address: answer and answer.source for address, answer in answers.items()
            if answer is None or not answer.right}


@pytest.mark.stock
@both
def test_udp_on_any_address_is_answered_from_that_address(net, daemon, claim):
    daemon(net.host, SERVED)
    answers = ask.udp_many(net.client, addresses_of(claim), WHO_PORT)
    assert wrong_sources(answers) == {}
    told = {address: ask.whoami(answer.data)["asked"] for address, answer in answers.items()}
    assert all(ask.same(address, asked) for address, asked in told.items())


@pytest.mark.stock
@both
def test_tcp_on_any_address_reaches_that_address(net, daemon, claim):
    daemon(net.host, SERVED)
    answers = ask.tcp_many(net.client, addresses_of(claim), WHO_PORT)
    for address, answer in answers.items():
        assert isinstance(answer, bytes), f"{address}: {answer}"
        told = ask.whoami(answer)
        assert ask.same(told["asked"], address) and told["protocol"] == "tcp"


@both
def test_an_unmodified_tcp_program_sees_the_address_asked(net, daemon, claim):
    daemon(net.host, CLAIMED)
    family = ipaddress.ip_network(claim).version
    net.host.spawn("socat", f"TCP{family}-LISTEN:8080,fork,reuseaddr,backlog=128", "SYSTEM:echo $SOCAT_SOCKADDR")
    first = ask.edges(claim)[0]
    wait_until(lambda: listens(net.host, 8080), what="socat to listen")
    answers = ask.tcp_many(net.client, [first, *addresses_of(claim)], 8080)
    for address, answer in answers.items():
        assert isinstance(answer, bytes), f"{address}: {answer}"
        assert ask.same(answer.decode().strip().strip("[]"), address)


def listens(node, port):
    return node.run("ss", "-Hlntu", f"sport = :{port}").stdout


@pytest.mark.stock
@both
def test_the_first_and_the_last_address_of_a_claim_are_ordinary(net, daemon, claim):
    daemon(net.host, SERVED)
    for address in ask.edges(claim):
        assert ask.udp(net.client, address, WHO_PORT).right
        assert ask.tcp(net.client, address, ECHO_PORT, b"hello") == b"hello"
        assert "1 received" in net.client.run("ping", "-n", "-c1", "-W2", address).stdout


def test_without_the_claim_nobody_answers(net, daemon):
    """The service listens, but no packet for the prefix is taken for this host's own."""
    daemon(net.host, SERVED.replace(f"  - prefix: {CLAIM4}\n", ""))
    assert ask.udp(net.client, "198.51.100.7", WHO_PORT, timeout=0.3, tries=1) is None
    assert ask.udp(net.client, "2001:db8:1:1::7", WHO_PORT).right


@pytest.mark.stock
def test_after_an_apply_the_plan_is_empty_and_after_a_stop_nothing_is_left(net, daemon):
    net.host.ip("route", "add", "203.0.113.0/24", "via", "10.0.2.1")
    net.host.ip("route", "add", "local", "203.0.113.9", "dev", "lo")
    net.host.ip("-6", "route", "add", "local", "2001:db8:9::/64", "dev", "lo")
    before = net.host.snapshot()
    one = daemon(net.host, "prefixes: []\n")
    assert net.host.snapshot() == before

    plan = one.plan(SERVED, expect=1)
    assert f"+ route local {CLAIM4} table local link lo" in plan.operations
    assert f"+ route local {CLAIM6} table local link lo" in plan.operations
    assert any(NONLOCAL_BIND in line for line in plan.operations)
    assert {(operation["line"]) for operation in plan["operations"] if operation["kind"] == "route"} == {2, 3}
    assert net.host.snapshot() == before, "a plan changes nothing"

    applied = one.apply(SERVED)
    assert applied["operations"] == len(plan.operations)
    assert one.plan(SERVED, expect=0).operations == []
    assert one.apply(SERVED)["operations"] == 0
    assert len(net.host.ours()) == 2

    one.stop()
    assert net.host.snapshot() == before


def test_an_empty_configuration_takes_everything_back(net, daemon):
    before = net.host.snapshot()
    one = daemon(net.host, SERVED)
    assert net.host.snapshot() != before
    one.apply("")
    assert net.host.snapshot() == before


def test_a_route_that_somebody_else_made_already_is_left_alone(net, daemon):
    net.host.ip("route", "add", "local", CLAIM4, "dev", "lo")
    before = net.host.routes()
    one = daemon(net.host, CLAIMED)
    assert one.claim(CLAIM4)["state"] == "in place"
    one.stop()
    assert net.host.routes() == before


def connected(prefix, extra=""):
    return f"""\
prefixes:
  - {{ prefix: {prefix}, connected: true{extra} }}
services:
  - {{ name: who, kind: whoami, listen: ["{prefix}"], ports: [{WHO_PORT}] }}
"""


@pytest.fixture
def shared(lab):
    return topology.shared(lab)


def answer_on_the_wire(shared, address):
    """IPv6 claims are not answered for by neighbour discovery: the others are told where the address lives."""
    mac = shared.host.ip("-o", "link", "show", "eth0").split("link/ether ")[1].split()[0]
    for node in (shared.neighbour, shared.gateway):
        if ":" in address:
            node.ip("-6", "neigh", "replace", address, "lladdr", mac, "dev", "eth0")


@pytest.mark.stock
@pytest.mark.parametrize("prefix, base", [(topology.SHARED4, "203.0.113."), (topology.SHARED6, "2001:db8:e::")])
def test_neighbours_and_the_gateway_keep_working_inside_a_claim(shared, daemon, prefix, base):
    shared.host.run("ping", "-n", "-c1", "-W2", base + "20")
    one = daemon(shared.host, connected(prefix))
    why = {exception["prefix"].split("/")[0]: exception["why"] for exception in one.claim(prefix)["exceptions"]}
    assert why == {base + "1": "gateway", base + "20": "neighbour"}

    answer_on_the_wire(shared, base + "77")
    for asker in (shared.neighbour, shared.gateway, shared.client):
        answer = ask.udp(asker, base + "77", WHO_PORT)
        assert answer and answer.right, f"asked by the {asker.role}"
        assert ask.same(ask.whoami(ask.tcp(asker, base + "77", WHO_PORT))["asked"], base + "77")
    for other in ("1", "20"):
        assert "1 received" in shared.host.run("ping", "-n", "-c1", "-W2", base + other).stdout
    assert "1 received" in shared.client.run("ping", "-n", "-c1", "-W2", base + "20").stdout
    one.stop()


@pytest.mark.parametrize("prefix, base", [(topology.SHARED4, "203.0.113."), (topology.SHARED6, "2001:db8:e::")])
def test_an_exception_of_the_file_keeps_working_unheard(shared, daemon, prefix, base):
    one = daemon(shared.host, connected(prefix, f', except: ["{base}20"]'))
    assert {"file", "gateway"} == {exception["why"] for exception in one.claim(prefix)["exceptions"]}
    answer_on_the_wire(shared, base + "77")
    assert ask.udp(shared.neighbour, base + "77", WHO_PORT).right
    assert "1 received" in shared.neighbour.run("ping", "-n", "-c1", "-W2", base + "10").stdout


def test_a_sender_inside_the_claim_that_is_no_exception_is_not_heard(net, daemon):
    """Which is why exceptions exist; should Linux change its mind, this tells."""
    daemon(net.host, SERVED)
    net.client.ip("address", "add", "198.51.100.200/32", "dev", "eth0")
    net.router.ip("route", "add", "198.51.100.200/32", "via", "192.0.2.2")
    inside = ask.udp(net.client, "198.51.100.7", WHO_PORT, timeout=0.3, tries=1, bind=("198.51.100.200", 0))
    assert inside is None
    assert ask.udp(net.client, "198.51.100.7", WHO_PORT).right


@pytest.mark.parametrize("claim, inner, via, otherwise", [
    (CLAIM4, "198.51.100.64/28", "10.0.1.1", "10.0.2.1"),
    (CLAIM6, "2001:db8:1:1:8000::/80", "2001:db8:a1::1", "2001:db8:a2::1")])
def test_an_exception_follows_the_route_that_leads_there(net, daemon, claim, inner, via, otherwise):
    net.host.ip("route", "add", inner, "via", via)
    inside = ask.random_addresses(inner, 1, 1)[0]
    one = daemon(net.host, f"prefixes: [{{ prefix: '{claim}', except: ['{inner}'] }}]\n")
    assert f" via {via} " in net.host.ip("route", "get", inside)
    assert net.host.ip("route", "get", ask.edges(claim)[1]).startswith("local")

    net.host.ip("route", "del", inner)
    wait_until(lambda: f" via {otherwise} " in net.host.ip("route", "get", inside, check=False),
               what="the exception to take the default route")
    one.stop()
    assert net.host.ours() == []


REFUSED = {
    "a connected network without saying so": ("10.0.1.0/24", "connected"),
    "a connected network of IPv6 without saying so": ("2001:db8:a1::/64", "connected"),
    "a part of a connected network": ("10.0.2.128/25", "connected"),
    "the default route": ("0.0.0.0/0", "default route"),
    "the default route of IPv6": ("::/0", "default route"),
    "multicast": ("239.1.0.0/16", "joined, not claimed"),
    "loopback": ("127.0.1.0/24", "local already"),
    "link-local addresses": ("fe80::/64", "link"),
    "a part of another claim": ("198.51.100.128/25", "lies inside the claim"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_claim_that_would_cut_the_host_off_is_refused_and_changes_nothing(net, daemon, what):
    prefix, words = REFUSED[what]
    one = daemon(net.host, CLAIMED)
    before = net.host.snapshot()
    for call in (one.plan, one.apply):
        reply = call(CLAIMED + f"  - prefix: {prefix}\n  - prefix: 203.0.113.0/24\n", expect=2)
        told, = [one for one in reply["diagnostics"] if words in one["text"] and one["line"] == 4]
        assert f"draft.yaml:4:{len('  - prefix: ') + 1}: error: " in told["rendered"]
    assert net.host.snapshot() == before


def test_packet_information_works_on_a_claim_and_falls_silent_without_nonlocal_bind(net, daemon):
    assert net.host.sysctl(NONLOCAL_BIND) == "0"
    server = net.host.spawn(sys.executable, SERVERS, "pktinfo", 5300, ready="ready")
    one = daemon(net.host, f"prefixes: [{{ prefix: '{CLAIM6}', nonlocal-bind: false }}]\n")
    assert net.host.sysctl(NONLOCAL_BIND) == "0"
    assert ask.udp(net.client, "2001:db8:1:1::1", 5300, timeout=0.3, tries=1) is None
    server.wait_line("refused 2001:db8:1:1::1")

    one.apply(f"prefixes: [{{ prefix: '{CLAIM6}' }}]\n")
    assert net.host.sysctl(NONLOCAL_BIND) == "1"
    answers = ask.udp_many(net.client, addresses_of(CLAIM6)[:20], 5300)
    assert wrong_sources(answers) == {}
    one.stop()
    assert net.host.sysctl(NONLOCAL_BIND) == "0"


def test_nonlocal_bind_that_the_administrator_set_stays_after_a_stop(net, daemon):
    net.host.sysctl(NONLOCAL_BIND, 1)
    one = daemon(net.host, CLAIMED)
    one.stop()
    assert net.host.sysctl(NONLOCAL_BIND) == "1"


@pytest.mark.skipif(not shutil.which("dnsmasq"), reason="needs the Debian package dnsmasq-base")
@both
def test_an_unmodified_dns_server_answers_on_a_claim(net, daemon, claim):
    daemon(net.host, CLAIMED)
    net.host.spawn("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=5353", "--no-resolv",
                   "--no-hosts", "--user=root", "--pid-file=", "--address=/lab.test/192.0.2.99")
    wait_until(lambda: listens(net.host, 5353), what="dnsmasq to listen")
    query = bytes.fromhex("beef 0100 0001 0000 0000 0000 03") + b"lab\x04test\0" + bytes.fromhex("0001 0001")
    answers = ask.udp_many(net.client, addresses_of(claim)[:20], 5353, query)
    assert wrong_sources(answers) == {}
    assert all(bytes([192, 0, 2, 99]) in answer.data for answer in answers.values())


@pytest.mark.parametrize("name, value, word", [
    ("net/ipv4/conf/eth0/arp_ignore", 1, "arp_ignore"),
    ("net/ipv4/conf/all/arp_ignore", 2, "arp_ignore"),
    ("net/ipv4/conf/eth0/rp_filter", 1, "rp_filter")])
def test_status_tells_what_silences_a_claim(net, daemon, name, value, word):
    one = daemon(net.host, CLAIMED)
    assert one.feature("prefixes")["warnings"] == []
    one.stop()
    net.host.sysctl(name, value)
    one = daemon(net.host, CLAIMED)
    assert any(word in warning for warning in one.feature("prefixes")["warnings"])
    assert word in one.ctl("status", "prefixes", expect=0).out


def test_counters_of_a_claim_and_of_a_service_rise(net, daemon):
    one = daemon(net.host, SERVED)
    assert one.claim(CLAIM4)["asked"] == 0
    ask.udp_many(net.client, ask.random_addresses(CLAIM4, 20, 1), WHO_PORT)
    ask.udp_many(net.client, ask.random_addresses(CLAIM6, 10, 1), ECHO_PORT)
    assert (one.claim(CLAIM4)["asked"], one.claim(CLAIM4)["answered"]) == (20, 20)
    assert (one.claim(CLAIM6)["asked"], one.claim(CLAIM6)["answered"]) == (10, 10)
    assert (one.service("who")["asked"], one.service("echo")["answered"]) == (20, 10)
    assert one.service("discard")["asked"] == 0


def test_status_is_for_people_too(net, daemon):
    one = daemon(net.host, SERVED)
    shown = one.ctl("status", expect=0).out
    assert CLAIM4 in shown and CLAIM6 in shown and "who" in shown
    assert "\033[" not in shown, "no colour where there is no terminal"
