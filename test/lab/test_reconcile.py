# SPDX-License-Identifier: GPL-3.0-or-later
"""What is desired is what is there: whoever dies, interferes or refuses.

    client ---- router ==== host      most tests look at the host's kernel alone (topology.Routed, topology.Shared)
"""

import json
import os
import random
import re
import signal
import threading
import time

import pytest

import ask
import topology
from configuration import (CLAIMED, SERVED, WHO_PORT, claimed_routes, claims, destinations, many_prefixes)
from daemon import is_alive
from lab import patience, scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

NONLOCAL_BIND = "net/ipv6/ip_nonlocal_bind"
SHARED4 = topology.SHARED4


@pytest.fixture
def host(lab):
    """One host alone, for what needs no wire."""
    node = lab.node("host")
    node.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0peer")
    node.ip_batch(["link set eth0 up", "link set eth0peer up", "address add 10.0.1.2/24 dev eth0",
                   "address add 2001:db8:a1::2/64 dev eth0 nodad", "route add default via 10.0.1.1"])
    node.wait_addresses()
    return node


def ours_are(node, prefixes):
    return destinations(node.ours()) == claimed_routes(prefixes)


def wait_ours(node, prefixes, timeout=20):
    wait_until(lambda: ours_are(node, prefixes), timeout, f"our {len(prefixes)} routes to be there")


def kill_under_applies(one, drafts, delay):
    """Applies the drafts in turn and kills the engine after @delay seconds of it."""
    over = threading.Event()

    def applies():
        while not over.is_set():
            for draft in drafts:
                one.ctl("apply", draft, "--json")

    thread = threading.Thread(target=applies)
    thread.start()
    over.wait(delay)
    one.kill()
    over.set()
    thread.join()


@pytest.mark.stock
def test_killed_at_any_moment_and_started_again_it_comes_to_the_same_end(host, daemon):
    before = host.snapshot()
    prefixes = many_prefixes(600)
    one = daemon(host, claims(prefixes[:400]))
    drafts = [one.file("one.yaml", claims(prefixes[200:])), one.file("none.yaml", ""),
              one.file("other.yaml", claims(prefixes[100:300]))]
    moments = random.Random(2)
    for _ in range(scaled(8, 2)):
        kill_under_applies(one, drafts, moments.uniform(0.0, 0.25))
        one.start()
        assert ours_are(host, prefixes[:400])
        assert host.sysctl(NONLOCAL_BIND) == "1"
        assert one.plan(expect=0).operations == []
    one.stop()
    assert host.snapshot() == before


def test_a_killed_engine_leaves_the_claims_in_place_and_the_next_one_finds_them(host, daemon):
    one = daemon(host, CLAIMED)
    routes = host.ours()
    one.kill()
    assert host.ours() == routes, "the kernel is the memory"
    one.start()
    assert host.ours() == routes
    one.stop()
    assert host.ours() == [] and host.sysctl(NONLOCAL_BIND) == "0"


def test_killed_and_started_with_another_configuration_the_old_claims_go(host, daemon):
    one = daemon(host, CLAIMED)
    one.kill()
    one.write(claims(["203.0.113.0/24"]))
    one.start()
    assert ours_are(host, ["203.0.113.0/24"])
    assert host.sysctl(NONLOCAL_BIND) == "0", "no claim of IPv6 is left that wants it"


@pytest.mark.stock
@pytest.mark.parametrize("family, claim", [("-4", CLAIM4), ("-6", CLAIM6)])
def test_our_routes_flushed_by_somebody_are_repaired_and_told(host, daemon, family, claim):
    one = daemon(host, CLAIMED)
    events = one.watch()
    host.ip(family, "route", "flush", "table", "local", "proto", "109", check=False)
    wait_ours(host, CLAIMS)
    assert claim in json.loads(events.wait_line('"drift"'))["text"]
    drift = wait_until(lambda: one.status()["drift"].get("repaired") and one.status()["drift"], what="drift in status")
    # iproute2 flushes in rounds until nothing is left: what is mended meanwhile it flushes once more.
    assert drift["repaired"] >= 1 and claim in drift["last"]
    assert any(claim in line for line in one.log()), "the log tells it too"


def test_a_claim_deleted_again_and_again_is_repaired_again_and_again(host, daemon):
    one = daemon(host, CLAIMED)
    for number in range(1, 6):
        host.ip("route", "del", "local", CLAIM4, "table", "local")
        wait_ours(host, CLAIMS)
        wait_until(lambda: one.status()["drift"]["repaired"] == number, what=f"repair number {number}")
        assert one.status()["drift"]["last"] == f"+ route local {CLAIM4} table local link lo"


def fights(one):
    return one.status()["drift"]["fights"]


def delete_until_it_is_let_be(one, host):
    """Deletes a claim whenever it is back; returns how often that was."""
    for number in range(30):
        if fights(one):
            return number
        host.ip("route", "del", "local", CLAIM4, "table", "local")
        time.sleep(0.5)	# more than one in a second count as one, for a flush goes round and round
        wait_until(lambda: ours_are(host, CLAIMS) or fights(one), what="the claim, or the end of patience")
    raise AssertionError("it is repaired without end")


def test_what_others_remove_again_and_again_is_let_be_and_all_else_is_repaired(host, daemon):
    one = daemon(host, CLAIMED)
    events = one.watch()
    assert delete_until_it_is_let_be(one, host) > 5
    fight, = fights(one)
    assert CLAIM4 in fight["text"] and fight["by"] == "somebody" and 30 < fight["left_s"] <= 60
    assert CLAIM4 in json.loads(events.wait_line('"fight"'))["text"]
    assert "let be" in one.ctl("status").out
    host.ip("route", "del", "local", CLAIM6, "table", "local")
    wait_ours(host, [CLAIM6])
    assert one.plan(expect=1).operations == [f"+ route local {CLAIM4} table local link lo"]
    assert one.apply()["operations"] == 1, "an apply decides anew"
    assert ours_are(host, CLAIMS) and fights(one) == []
    host.ip("route", "del", "local", CLAIM4, "table", "local")
    wait_ours(host, CLAIMS)


def test_who_puts_his_own_in_our_place_is_named(host, daemon):
    one = daemon(host, CLAIMED)
    for _ in range(30):
        if fights(one):
            break
        host.ip("route", "add", "blackhole", CLAIM4, "metric", "7", "table", "local", "proto", "bird")
        host.ip("route", "del", "local", CLAIM4, "table", "local")
        time.sleep(0.5)
        wait_until(lambda: ours_are(host, CLAIMS) or fights(one), what="the claim, or the end of patience")
        host.ip("route", "del", "blackhole", CLAIM4, "metric", "7", "table", "local", "proto", "bird")
    fight, = fights(one)
    assert fight["by"] == "protocol bird"


def test_a_flush_that_goes_round_is_no_fight(host, daemon):
    prefixes = many_prefixes(scaled(4000, 200))
    one = daemon(host, claims(prefixes))
    for _ in range(3):
        for family in ("-4", "-6"):
            host.ip(family, "route", "flush", "table", "local", "proto", "109", check=False)
        wait_ours(host, prefixes, 30)
    assert fights(one) == []


def test_while_one_is_fought_for_without_a_pause_another_is_back(host, daemon):
    prefixes = many_prefixes(50)
    one = daemon(host, claims(prefixes))
    stop = threading.Event()

    def fight():
        while not stop.is_set():
            host.ip("route", "del", "local", prefixes[0], "table", "local", check=False)

    thread = threading.Thread(target=fight)
    thread.start()
    try:
        for prefix in prefixes[2:12:2]:
            host.ip("route", "del", "local", prefix, "table", "local")
            wait_until(lambda: set(claimed_routes(prefixes[1:])) <= set(destinations(host.ours())), 10, "the other one")
    finally:
        stop.set()
        thread.join()


def test_a_sysctl_that_somebody_puts_back_is_seen_by_a_plan_and_set_by_an_apply(host, daemon):
    """Linux has no event for settings: the daemon reads them once a minute, and whenever it is asked."""
    one = daemon(host, CLAIMED)
    host.sysctl(NONLOCAL_BIND, 0)
    line, = one.plan(expect=1).operations
    assert NONLOCAL_BIND in line
    one.apply()
    assert host.sysctl(NONLOCAL_BIND) == "1"
    one.stop()
    assert host.sysctl(NONLOCAL_BIND) == "0"


def test_a_sysctl_that_somebody_puts_back_is_set_again_within_a_minute(host, daemon):
    one = daemon(host, CLAIMED)
    host.sysctl(NONLOCAL_BIND, 0)
    wait_until(lambda: host.sysctl(NONLOCAL_BIND) == "1", 75, "the sysctl to be set again")
    assert NONLOCAL_BIND in one.status()["drift"]["last"]


def test_every_claim_of_both_families_flushed_at_once_comes_back(host, daemon):
    prefixes = many_prefixes(scaled(2000, 100))
    one = daemon(host, claims(prefixes))
    for family in ("-4", "-6"):
        host.ip(family, "route", "flush", "table", "local", "proto", "109", check=False)
    wait_ours(host, prefixes, 30)
    assert one.plan(expect=0).operations == []


@pytest.mark.parametrize("link", ["lo", "eth0"])
def test_a_link_that_goes_down_and_up_loses_no_claim(host, daemon, link):
    one = daemon(host, CLAIMED)
    host.ip("link", "set", link, "down")
    wait_until(lambda: link_is(one, host, link, "down"), what="the link to be down")
    host.ip("link", "set", link, "up")
    wait_ours(host, CLAIMS)
    wait_until(lambda: one.plan().exit == 0, what="an empty plan")


def link_is(one, node, link, state):
    return state in node.ip("-o", "link", "show", link).lower() and one.status().exit == 0


EXCEPTED = f"prefixes: [{{ prefix: {SHARED4}, connected: true, except: [203.0.113.20] }}]\n"


def test_a_link_deleted_and_made_again_gets_its_exceptions_back(lab, daemon):
    net = topology.shared(lab)
    one = daemon(net.host, EXCEPTED)
    expected = [SHARED4, "203.0.113.1/32", "203.0.113.20/32"]
    wait_ours(net.host, expected)

    net.host.ip("link", "del", "eth0")
    wait_until(lambda: "dev eth0" not in "".join(net.host.ours()), what="the routes to go with the link")
    claim = wait_until(lambda: one.claim(SHARED4), what="the claim")
    assert claim["state"] == "in place", "the claim itself needs no link"
    assert one.status()["pid"] == one.pid

    switch = lab.nodes[-1]
    lab.link(net.host, "eth0", switch, "port9")
    switch.ip("link", "set", "port9", "master", "br0")
    net.host.ip_batch(["address add 203.0.113.10/24 dev eth0", "route add default via 203.0.113.1"])
    wait_ours(net.host, expected)
    wait_until(lambda: "dev eth0" in "".join(net.host.ours()), what="the exceptions to lead to the new link")
    assert "1 received" in net.neighbour.run("ping", "-n", "-c1", "-W2", "203.0.113.10").stdout


def test_ten_thousand_prefixes_are_applied_and_again_is_no_operation(host, daemon):
    count = scaled(10000, 200)
    prefixes = many_prefixes(count)
    before = host.snapshot()
    one = daemon(host, "")
    first = one.apply(claims(prefixes))
    assert first["operations"] == count + 1, "the routes and the sysctl"
    assert ours_are(host, prefixes)
    assert one.apply(claims(prefixes))["operations"] == 0
    assert one.plan(claims(prefixes), expect=0).operations == []

    half = one.apply(claims(prefixes[::2]))
    assert half["operations"] in (count // 2, count // 2 + 1)
    assert ours_are(host, prefixes[::2])
    one.stop()
    assert host.snapshot() == before


@pytest.mark.stock
@pytest.mark.parametrize("claim, line", [(CLAIM6, 2), (CLAIM4, 3)])
def test_what_the_kernel_refuses_is_shown_at_its_line_and_everything_goes_back(host, daemon, claim, line):
    one = daemon(host, "")
    host.ip("route", "add", "blackhole", claim, "table", "local")
    before = host.snapshot()
    reply = one.apply(CLAIMED + "  - prefix: 203.0.113.0/24\n", expect=1)
    assert reply["rolled_back"] is True
    failed, = reply["failed"]
    assert claim in failed["text"] and failed["line"] == line and failed["error"]
    assert f"draft.yaml:{line}:" in failed["rendered"] and "^" in failed["rendered"]
    assert host.snapshot() == before
    person = one.ctl("apply", one.file("draft.yaml", CLAIMED), expect=1)
    assert f"draft.yaml:{line}:" in person.out + person.errors

    host.ip("route", "del", "blackhole", claim, "table", "local")
    assert one.apply(CLAIMED)["operations"] == 3


def test_an_apply_that_is_refused_keeps_what_was_in_force(net, daemon):
    one = daemon(net.host, SERVED)
    net.host.ip("route", "add", "blackhole", "203.0.113.0/24", "table", "local")
    generation = one.status()["generation"]
    before, sockets = net.host.routes(), listeners(net.host)
    one.apply(claims(["203.0.113.0/24", "10.99.0.0/16"]), expect=1)
    assert net.host.routes() == before
    assert listeners(net.host) == sockets, "what it would have closed was never closed"
    assert one.status()["generation"] == generation
    assert ask.udp(net.client, "198.51.100.7", WHO_PORT).right
    assert one.plan(expect=0).operations == []


def listeners(node):
    """The sockets that listen, each by its inode."""
    return sorted(re.findall(r"ino:(\d+)", node.run("ss", "-Hlntue").stdout))


@pytest.mark.stock
def test_an_apply_goes_back_by_itself_unless_it_is_confirmed(host, daemon):
    one = daemon(host, CLAIMED)
    seconds = round(patience(2))
    reply = one.apply(claims(["203.0.113.0/24"]), "--confirm", f"{seconds}s")
    assert reply["confirm_ms"] == 1000 * seconds
    assert ours_are(host, ["203.0.113.0/24"])
    assert 0 < one.status()["confirm_ms"] <= 1000 * seconds
    wait_ours(host, CLAIMS)
    assert host.sysctl(NONLOCAL_BIND) == "1"
    assert one.ctl("confirm").exit == 1, "too late"


def test_a_confirmed_apply_stays(host, daemon):
    one = daemon(host, CLAIMED)
    seconds = round(patience(3))	# enough for mhctl to start on a busy machine
    events = one.watch()
    one.apply(claims(["203.0.113.0/24"]), "--confirm", f"{seconds}s")
    one.ctl("confirm", expect=0)
    assert "confirm_ms" not in one.status()
    one.apply(claims(["203.0.113.0/24", "10.99.0.0/24"]), "--confirm", f"{seconds}s")
    # The second one goes back after its time; had the first one's timer lived on, it would have gone back too.
    wait_ours(host, ["203.0.113.0/24"])
    assert events.running()


def test_an_apply_that_waits_for_its_confirm_is_forgotten_by_a_restart(host, daemon):
    one = daemon(host, CLAIMED)
    one.apply(claims(["203.0.113.0/24"]), "--confirm", "60s")
    one.kill()
    one.start()
    assert ours_are(host, CLAIMS)


def test_rollback_puts_the_previous_generation_in_force(host, daemon):
    one = daemon(host, CLAIMED)
    one.apply(claims(["203.0.113.0/24"]))
    reply = one.ctl("rollback", "--json", expect=0)
    assert ours_are(host, CLAIMS)
    assert reply["generation"] == one.status()["generation"]
    assert host.sysctl(NONLOCAL_BIND) == "1"


def test_there_is_nothing_to_roll_back_at_first(host, daemon):
    one = daemon(host, CLAIMED)
    assert one.ctl("rollback").exit == 1
    assert ours_are(host, CLAIMS)


def test_a_hangup_reads_the_file_again(host, daemon):
    one = daemon(host, CLAIMED)
    one.write(claims(["203.0.113.0/24"]))
    one.hangup()
    wait_ours(host, ["203.0.113.0/24"])


def test_a_hangup_with_a_mistake_in_the_file_changes_nothing_and_says_so(host, daemon):
    one = daemon(host, CLAIMED)
    one.write("prefixes:\n  - prefx: 203.0.113.0/24\n")
    one.hangup()
    one.process.wait_line(r"multihomed\.yaml:2:5", among=one.process.errors)
    assert ours_are(host, CLAIMS)
    one.write(claims(["203.0.113.0/24"]))
    one.hangup()
    wait_ours(host, ["203.0.113.0/24"])


def test_files_of_conf_d_are_read_beside_the_file(host, daemon):
    one = daemon(host, claims(["203.0.113.0/24"]), start=False)
    one.file("conf.d/b.yaml", claims(["10.99.0.0/24"]))
    one.file("conf.d/ignored.txt", "not: [yaml")
    one.start()
    assert ours_are(host, ["203.0.113.0/24", "10.99.0.0/24"])
    one.file("conf.d/a.yaml", claims(["10.98.0.0/24"]))
    assert one.apply()["operations"] == 1
    assert ours_are(host, ["203.0.113.0/24", "10.99.0.0/24", "10.98.0.0/24"])


def test_two_daemons_run_side_by_side_in_two_namespaces(lab, net, daemon):
    one, other = daemon(net.host, SERVED), daemon(net.router, claims(["203.0.113.0/24"]))
    assert ours_are(net.host, CLAIMS) and ours_are(net.router, ["203.0.113.0/24"])
    other.stop()
    assert ours_are(net.host, CLAIMS) and net.router.ours() == []
    assert ask.udp(net.client, "198.51.100.7", WHO_PORT).right
    one.stop()


def test_a_second_daemon_in_the_same_namespace_refuses_and_the_first_lives_on(host, daemon):
    one = daemon(host, CLAIMED)
    for path in (one.socket, one.socket.with_name("another.sock")):
        second = host.spawn(one.process.command[0], "-c", one.config, "-s", path)
        assert second.wait() != 0
        line, = second.errors
        assert "another multihomed" in line
    assert one.status()["pid"] == one.pid
    assert ours_are(host, CLAIMS)


def events_dropped(node):
    """How many events no socket of this node's kernel had room for."""
    with node.inside(), open("/proc/thread-self/net/netlink", encoding="ascii") as table:
        return sum(int(line.split()[8]) for line in list(table)[1:])


def flood(node, rounds=20):
    """Adds and deletes foreign routes until the events of that have overflowed the socket of who does not read."""
    routes = [f"172.16.{n // 256}.{n % 256}/32 dev eth0" for n in range(10000)]
    for _ in range(rounds):
        node.ip_batch([f"route add {route}" for route in routes])
        node.ip_batch([f"route del {route}" for route in routes])
        if events_dropped(node):
            return
    raise AssertionError(f"{rounds * 20000} events were not too many")


def test_events_lost_in_a_flood_are_made_up_for(host, daemon):
    """While the engine stands still, more happens than its socket holds; what it missed is what it must repair."""
    prefixes = many_prefixes(200)
    one = daemon(host, claims(prefixes))
    one.process.signal(signal.SIGSTOP)
    try:
        flood(host)
        for family in ("-4", "-6"):
            host.ip(family, "route", "flush", "table", "local", "proto", "109", check=False)
        assert host.ours() == []
    finally:
        one.process.signal(signal.SIGCONT)
    wait_ours(host, prefixes, 60)
    assert one.plan(expect=0).operations == []
    assert any("lost" in line for line in one.log()), one.said()
    one.stop()
    assert host.ours() == []


def test_thousands_of_foreign_routes_come_and_go_without_a_plan(host, daemon):
    one = daemon(host, CLAIMED)
    routes = [f"10.77.{n // 256}.{n % 256}/32 dev eth0" for n in range(scaled(5000, 500))]
    host.ip_batch([f"route add {route}" for route in routes])
    assert one.plan(expect=0).operations == []
    host.ip_batch([f"route del {route}" for route in routes])
    assert one.plan(expect=0).operations == []
    assert one.status()["drift"].get("repaired", 0) == 0


def test_a_stop_in_the_middle_of_applies_leaves_nothing(host, daemon):
    before = host.snapshot()
    prefixes = many_prefixes(2000)
    one = daemon(host, claims(prefixes[:1000]))
    draft = one.file("draft.yaml", claims(prefixes[500:]))
    thread = threading.Thread(target=lambda: one.ctl("apply", draft, "--json"))
    thread.start()
    one.stop()
    thread.join()
    assert host.snapshot() == before


def test_children_follow_an_engine_that_is_killed(net, daemon):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    os.kill(one.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(worker), what="the worker to follow")


def test_the_timing_and_the_generation_are_told(host, daemon):
    one = daemon(host, CLAIMED)
    first = one.apply(claims(["203.0.113.0/24"]))
    second = one.apply(CLAIMED)
    assert second["generation"] == first["generation"] + 1
    assert set(first["timing"]) == {"read_us", "decide_us", "apply_us"}
