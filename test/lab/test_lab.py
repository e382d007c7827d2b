# SPDX-License-Identifier: GPL-3.0-or-later
"""The labs' own tools: a judge that cannot see a wrong answer proves nothing.

    client ---- router ==== host      with claims made by `ip`, and servers as most are written (topology.Routed)
"""

import subprocess
import sys

import ask
import topology
from daemon import REPOSITORY
from lab import NETNS, Lab, own_namespaces, remove_stale, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

SERVERS = REPOSITORY / "test/lab/servers.py"


def claimed_by_hand(net):
    for claim in CLAIMS:
        net.host.ip("route", "add", "local", claim, "dev", "lo")


def test_the_askers_see_a_wrong_source(net):
    claimed_by_hand(net)
    net.host.spawn(sys.executable, SERVERS, "wildcard", 5000, ready="ready")
    for claim, wrong in ((CLAIM4, "10.0.2.2"), (CLAIM6, "2001:db8:a2::2")):
        addresses = ask.random_addresses(claim, 10, 1)
        answers = ask.udp_many(net.client, addresses, 5000)
        assert {answer.source for answer in answers.values()} == {wrong}
        assert not any(answer.right for answer in answers.values())
        assert ask.udp(net.client, addresses[0], 5000).data == b"wildcard: who?"


def test_the_load_sees_wrong_and_lost_answers(net):
    claimed_by_hand(net)
    net.host.spawn("socat", "UDP4-RECVFROM:7,fork", "EXEC:cat")
    wait_until(lambda: net.host.run("ss", "-Hlnu", "sport = :7").stdout, what="socat to listen")
    with ask.UdpLoad(net.client, [topology.UPLINK4, "198.51.100.9"], 7, rate=50) as load:
        wait_until(lambda: load.wrong and load.right, what="answers of both kinds")
    assert {asked for asked, _ in load.wrong} == {"198.51.100.9"}
    with ask.UdpLoad(net.client, ["198.51.100.9"], 8, rate=50, linger=0.2) as load:
        wait_until(lambda: len(load.asked) >= 10, what="questions")
    assert len(load.lost) == len(load.asked)


def test_a_lab_leaves_nothing_behind():
    with Lab("leaves") as lab:
        node = lab.node("one")
        process = node.spawn("sleep", "1000")
        folder = lab.file("deep/file", "x").parents[1]
        assert node.name in own_namespaces() and folder.exists()
    assert node.name not in own_namespaces()
    assert not folder.exists() and not process.running()


def test_what_a_killed_run_left_is_removed_by_the_next():
    ended = subprocess.Popen(["true"])
    ended.wait()
    stale, alive = f"mh-stale-{ended.pid}-x", "mh-stale-1-x"
    for name in (stale, alive):
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        sleeper = subprocess.Popen(["ip", "netns", "exec", stale, "sleep", "1000"])
        wait_until(lambda: subprocess.run(["ip", "netns", "pids", stale], capture_output=True, check=True).stdout,
                   what="a process in the namespace")
        remove_stale()
        assert not (NETNS / stale).exists() and (NETNS / alive).exists()
        assert sleeper.wait(10) == -9
    finally:
        subprocess.run(["ip", "netns", "del", alive], check=True)
        subprocess.run(["ip", "netns", "del", stale], check=False, capture_output=True)
