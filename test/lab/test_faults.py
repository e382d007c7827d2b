# SPDX-License-Identifier: GPL-3.0-or-later
"""The services while something breaks or changes under load: no answer may come from the wrong address.

    client ---- router ==== host      the claims are routed to the host's eth0; its default route is eth1, so an answer
                                      from the wrong address would be one from 10.0.2.2 or 2001:db8:a2::2
                                      (topology.Routed)
"""

import contextlib
import os
import signal

import pytest

import ask
import topology
from configuration import ECHO_PORT, SERVED, SEVENTH, listen
from lab import scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS


@contextlib.contextmanager
def load(net, rate=400):
    """Steady questions to the echo on addresses of both claims, as long as the block runs; yields the two loads."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(ask.UdpLoad(net.client, ask.random_addresses(claim, 50, 1), ECHO_PORT,
                                               scaled(rate, 20)))
               for claim in CLAIMS]


def answered_since(loads, more=100):
    """Waits until each load got @more further answers."""
    marks = [len(one.answered) + scaled(more, 10) for one in loads]
    wait_until(lambda: all(len(one.answered) >= mark for one, mark in zip(loads, marks)), 30, "further answers")


def judge(loads, lossless):
    for one in loads:
        assert one.wrong == [], "answers from the wrong address"
        assert one.twice == 0, "one question, one answer"
        assert one.right > 0
        if lossless:
            assert one.lost == [], f"{len(one.lost)} of {len(one.asked)} lost"


@pytest.mark.stock
def test_a_worker_killed_under_load_comes_back_and_never_answers_wrong(net, daemon):
    one = daemon(net.host, SERVED)
    with load(net) as loads:
        for _ in range(scaled(3)):
            answered_since(loads)
            old = one.worker()
            os.kill(old, signal.SIGKILL)
            wait_until(lambda: one.children() and one.children() != [old], what="another worker")
        answered_since(loads)
    judge(loads, lossless=False)
    worker, = one.status()["workers"]
    assert worker["restarts"] == scaled(3) and worker["listeners"] > 0
    assert ask.tcp(net.client, SEVENTH[CLAIM6], ECHO_PORT, b"x") == b"x"
    assert any("worker" in line or "services" in line for line in one.log())


def test_counters_survive_the_worker(net, daemon):
    one = daemon(net.host, SERVED)
    ask.udp_many(net.client, ask.random_addresses(CLAIM4, 20, 1), ECHO_PORT)
    assert one.service("echo")["asked"] == 20
    old = one.worker()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: one.children() and one.children() != [old], what="another worker")
    assert ask.udp(net.client, SEVENTH[CLAIM4], ECHO_PORT).right
    assert one.service("echo")["asked"] == 21


def test_an_engine_killed_under_load_and_started_again_never_answers_wrong(net, daemon):
    one = daemon(net.host, SERVED)
    with load(net) as loads:
        for _ in range(scaled(2)):
            answered_since(loads)
            one.kill()
            one.start()
        answered_since(loads)
    judge(loads, lossless=False)


RELOADS = {
    "the same again": SERVED,
    "another claim": SERVED.replace("services:", "  - prefix: 10.99.0.0/16\nservices:"),
    "another service": SERVED + f"  - {{ name: more, kind: whoami, {listen()}, ports: [8000-8003] }}\n",
    "one service less": SERVED.replace("name: discard", "name: discards"),
    "other limits": SERVED.replace("ports: [7]", "ports: [7], max-connections: 5, idle-timeout: 5s"),
}


@pytest.mark.stock
def test_reloads_under_load_lose_no_answer_and_no_connection(net, daemon):
    one = daemon(net.host, SERVED)
    with ask.tcp_connect(net.client, SEVENTH[CLAIM6], ECHO_PORT) as old:
        with load(net) as loads:
            for _ in range(scaled(4)):
                for text in RELOADS.values():
                    one.apply(text)
                    one.hangup()	# back to the file
                    wait_until(lambda: one.plan().exit == 0, what="the file to be in force")
            answered_since(loads)
        judge(loads, lossless=True)
        old.sendall(b"a connection from before")
        assert old.recv(100) == b"a connection from before"


def test_out_of_descriptors_it_serves_on_and_recovers(net, daemon):
    """Both processes start with as many as they need, and some for connections."""
    threads = min(16, len(os.sched_getaffinity(0)))
    limit = 15 * threads + 30
    one = daemon(net.host, SERVED, start=False)
    one.start(before=["prlimit", f"--nofile={limit}:{limit}"])
    worker = one.worker()
    held = []
    try:
        for _ in range(80):
            held.append(ask.tcp_connect(net.client, SEVENTH[CLAIM4], ECHO_PORT))
        answers = ask.udp_many(net.client, ask.random_addresses(CLAIM6, 50, 1), ECHO_PORT)
        assert all(answer and answer.right for answer in answers.values())
        assert one.status()["workers"][0]["restarts"] == 0
        assert len(os.listdir(f"/proc/{worker}/fd")) >= limit - 1, "the test reached the limit"
    finally:
        for sock in held:
            sock.close()
    wait_until(lambda: ask.tcp_echoes(net.client, SEVENTH[CLAIM4]), 20, "room for another connection")
    assert one.worker() == worker


def test_links_deleted_while_serving_are_survived(net, lab, daemon):
    one = daemon(net.host, SERVED)
    worker = one.worker()
    with load(net) as loads:
        answered_since(loads)
        for link, port in (("eth1", "eth2"), ("eth0", "eth1")):
            net.host.ip("link", "del", link)
            wait_until(lambda: link not in net.host.ip("-br", "link"), what="the link to be gone")
            lab.link(net.router, port, net.host, link)
            plug_again(net, link, port)
            answered_since(loads)
    judge(loads, lossless=False)
    assert one.worker() == worker
    assert one.plan(expect=0).operations == []


def plug_again(net, link, port):
    """What an administrator does after a cable was changed; the addresses of topology.routed()."""
    one = {"eth0": "1", "eth1": "2"}[link]
    net.router.ip_batch([f"address add 10.0.{one}.1/24 dev {port}",
                         f"address add 2001:db8:a{one}::1/64 dev {port} nodad"])
    net.host.ip_batch([f"address add 10.0.{one}.2/24 dev {link}",
                       f"address add 2001:db8:a{one}::2/64 dev {link} nodad"])
    if link == "eth1":
        net.host.ip_batch(["route add default via 10.0.2.1", "route add ::/0 via 2001:db8:a2::1"])
    else:
        for claim in CLAIMS:
            topology.route_claim(net.router, claim)
