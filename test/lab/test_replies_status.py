# SPDX-License-Identifier: GPL-3.0-or-later
"""What `mhctl status replies` tells of the servers of a host, and which of them a group takes in.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel answers from the
                                      address of eth1 when it is left to choose (topology.Routed)
"""

import pytest

import ask
import replies
import topology
from lab import wait_until
from replies import PORT

# Shape of echoes.py and its word, and the class that it is put into once somebody has asked it.
CLASSES = {
    "unconnected": [("serial", None)],
    "connects": [("connected", None)],
    "packet information": [("pktinfo", None)],
    "bound": [("bound", topology.HOST4)],
    "lists addresses": [("bound", topology.HOST4), ("bound", topology.UPLINK4)],
}
NOTHING = {name: 0 for name in ("recorded", "rewritten", "refused", "chosen", "unknown", "evicted", "overflowed",
                                "resynced", "guessed")}


@pytest.fixture
def helped(net, daemon, cgroup):
    return daemon(net.host, replies.config(cgroup))


def classes(daemon, port=PORT):
    """The classes of the servers on a port."""
    return {server["class"] for server in daemon.feature("replies")["servers"] if server["port"] == port}


def states(daemon):
    return {group["cgroup"]: group["state"] for group in daemon.feature("replies")["groups"]}


def counters(daemon):
    return daemon.feature("replies")["counters"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_server_is_classed_by_how_it_answers(net, helped, cgroup, name):
    for shape, word in CLASSES[name]:
        replies.echo(net.host, cgroup, shape, *([word] if word else []))
    replies.sources(net.client)
    assert classes(helped) == {name}


def test_a_server_that_nobody_has_asked_is_unseen_and_one_in_no_group_is_not_hooked(net, helped, cgroup):
    replies.echo(net.host, cgroup, "serial")
    with cgroup.sibling("other") as other:
        replies.echo(net.host, other, "serial", port=PORT + 1)
        assert classes(helped) == {"unseen"}
        assert classes(helped, PORT + 1) == {"not hooked"}
        assert replies.wrong(replies.sources(net.client, port=PORT + 1)), "a program in no group is left alone"


@pytest.mark.parametrize("bare", [True, False])
def test_who_uses_packet_information_is_told_what_it_lacks_on_an_ipv6_claim(net, daemon, cgroup, bare):
    claims = f"prefixes:\n  - {{ prefix: {topology.CLAIM6}, nonlocal-bind: {str(not bare).lower()} }}\n"
    one = daemon(net.host, replies.config(cgroup, claimed=claims))
    replies.echo(net.host, cgroup, "pktinfo")
    silent = not replies.sources(net.client, [replies.ADDRESSES["6"][2]])[replies.ADDRESSES["6"][2]]
    replies.sources(net.client, [topology.HOST6])
    note = one.feature("replies")["servers"][0]["note"]
    assert silent == bare
    assert ("nonlocal-bind" in note) == bare


def test_counters_tell_what_was_done(net, helped, cgroup):
    assert counters(helped) == NOTHING
    replies.echo(net.host, cgroup, "serial")
    replies.echo(net.host, cgroup, "pktinfo", port=PORT + 1)
    for port, rewritten, chosen in ((PORT, 1, 0), (PORT + 1, 0, 1)):
        before = counters(helped)
        assert ask.udp(net.client, topology.HOST4, port, tries=1).right
        after = counters(helped)
        assert {name: after[name] - before[name] for name in after} == {
            **NOTHING, "recorded": 1, "rewritten": rewritten, "chosen": chosen}


def test_what_a_killed_daemon_counted_is_counted_on(net, helped, cgroup):
    replies.echo(net.host, cgroup, "serial")
    replies.sources(net.client)
    before = counters(helped)
    assert before["rewritten"]
    helped.kill()
    replies.sources(net.client)
    helped.start()
    assert counters(helped)["rewritten"] == 2 * before["rewritten"]


def test_a_group_waits_for_its_cgroup_and_one_within_another_needs_nothing_itself(net, daemon, cgroup):
    later, inner = cgroup.sibling("later"), cgroup.child("inner")
    with inner:
        one = daemon(net.host, replies.config(cgroup, later, inner))
        assert states(one) == {cgroup.name: "in place", later.name: "waiting", inner.name: "within another"}
        assert inner.programs() == []
        replies.echo(net.host, inner, "serial")
        assert replies.wrong(replies.sources(net.client)) == {}
        with later:
            wait_until(lambda: states(one)[later.name] == "in place", 20, "the group to be in place")


@pytest.mark.stock
def test_all_are_the_programs_of_every_cgroup_of_this_network_namespace_alone(net, daemon, cgroup):
    """For this daemon the lab's cgroup is the top one."""
    replies.echo(net.host, cgroup, "serial")
    one = daemon(net.host, replies.config() + "replies: [ { cgroup: all } ]\n", start=False)
    with cgroup.child("inner") as inner:
        replies.echo(net.host, inner, "serial", port=PORT + 1)
        replies.echo(net.client, inner, "serial")
        one.start(before=cgroup.as_top())
        assert cgroup.programs()
        for port in (PORT, PORT + 1):
            assert replies.wrong(replies.sources(net.client, port=port)) == {}
        # Whose socket it is shows when that is read for the first time.
        assert ask.udp(net.router, topology.CLIENT4, PORT)
        before = counters(one)
        assert ask.udp(net.router, topology.CLIENT4, PORT)
        assert counters(one) == before, "what another namespace's servers are asked is not its business"
        one.stop()
    assert cgroup.programs() == []
