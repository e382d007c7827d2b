# SPDX-License-Identifier: GPL-3.0-or-later
"""`replies` with servers of every shape, and when something goes wrong.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel answers from the
                                      address of eth1 when it is left to choose (topology.Routed)

The servers are echoes.py, in a cgroup of the lab's own.
"""

import os
import socket
import struct
import subprocess
import time

import pytest

import ask
import replies
import topology
from lab import Lab, patience, scaled, wait_until
from replies import ADDRESSES, ALL_ADDRESSES, PORT, OnePort
from topology import CLAIM4, CLAIM6

both = pytest.mark.parametrize("family", ADDRESSES)
# The stock kernel is slow; one family is enough for it.
both_or_stock6 = pytest.mark.parametrize("family", ["4", pytest.param("6", marks=pytest.mark.stock)])
# Whoever keeps the order of what a peer asks can be asked everything at once from one port.
IN_ORDER = ("serial", "peeking", "batches", "reuseport", "handsover")
IN_NO_ORDER = ("threads", "forks")
LOADED = {family: [*addresses, *ask.random_addresses(claim, 20, seed=family)]
          for (family, addresses), claim in zip(ADDRESSES.items(), (CLAIM4, CLAIM6))}


@pytest.fixture
def helped(net, daemon, cgroup):
    """The daemon, with `replies` for the lab's cgroup."""
    return daemon(net.host, replies.config(cgroup))


# Servers of every shape.

@pytest.mark.parametrize("shape", [
    pytest.param(shape, marks=pytest.mark.stock if shape in ("peeking", "forks") else ())
    for shape in IN_ORDER + IN_NO_ORDER])
def test_a_server_that_runs_already_is_right_as_soon_as_the_daemon_is_there(net, daemon, cgroup, shape):
    replies.echo(net.host, cgroup, shape)
    one = daemon(net.host, replies.config())
    assert set(replies.wrong(replies.sources(net.client))) == set(ALL_ADDRESSES) - {
        topology.UPLINK4, topology.UPLINK6}
    one.write(replies.config(cgroup))
    one.ctl("apply", expect=0)
    assert replies.wrong(replies.sources(net.client)) == {}


@both
@pytest.mark.parametrize("shape", IN_ORDER)
def test_one_port_may_ask_many_addresses_at_once(net, helped, cgroup, shape, family):
    replies.echo(net.host, cgroup, shape)
    with OnePort(net.client, LOADED[family]) as client:
        client.flood(scaled(2000, 100))
        assert client.wrong == []
        assert len(client.answers) == len(client.asked)


@both_or_stock6
def test_a_slow_server_that_three_addresses_were_asked_of_at_once_gives_three_right_answers(
        net, helped, cgroup, family):
    server = replies.echo(net.host, cgroup, "gated", stdin=subprocess.PIPE)
    with OnePort(net.client, ADDRESSES[family][:3]) as client:
        for address in client.addresses:
            client.ask(address)
        server.wait_line("asked")
        for _ in client.addresses:
            release(server)
            assert client.hear(5)
        assert client.wrong == []
        assert len(client.answers) == 3


@pytest.mark.parametrize("shape, word", [("bound", topology.HOST6), ("bound", topology.HOST4), ("connected", None),
                                         ("stubborn", topology.HOST6), ("pktinfo", None)])
def test_whoever_chooses_its_source_keeps_it(net, daemon, cgroup, shape, word):
    replies.echo(net.host, cgroup, shape, *([word] if word else []))
    one = daemon(net.host, replies.config())
    before = replies.sources(net.client)
    assert set(before.values()) != {None}
    one.write(replies.config(cgroup))
    one.ctl("apply", expect=0)
    assert replies.sources(net.client) == before


PORT4 = 7004		# of an IPv4 socket, since one of both families hears no IPv4 multicast
GROUPS = [("10.0.1.255", PORT), ("255.255.255.255", PORT), ("ff02::1", PORT),
          ("10.0.1.255", PORT4), ("255.255.255.255", PORT4), ("224.0.0.1", PORT4)]


def from_groups(router):
    """Asks whom everybody on the link hears, and returns whence it was answered."""
    found = {}
    for group, port in GROUPS:
        with ask.udp_socket(router, group) as sock:
            if ":" in group:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link_number(router, "eth1"))
            elif group.startswith("224."):
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.1.1"))
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth1")
            sock.settimeout(patience(5))
            sock.sendto(b"who?", (group, port))
            found[group, port] = sock.recvfrom(2048)[1][0].split("%")[0]
    return found


def link_number(node, link):
    with node.inside():
        return socket.if_nametoindex(link)


def test_no_answer_comes_from_a_group(net, daemon, cgroup):
    replies.echo(net.host, cgroup, "serial")
    replies.echo(net.host, cgroup, "bound", "0.0.0.0", port=PORT4)
    one = daemon(net.host, replies.config())
    before = from_groups(net.router)
    one.write(replies.config(cgroup))
    one.ctl("apply", expect=0)
    assert from_groups(net.router) == before


# Faults.

@both
def test_no_answer_is_wrong_or_lost_when_the_daemon_is_killed_and_started_under_load(net, helped, cgroup, family):
    replies.echo(net.host, cgroup, "serial")
    with ask.UdpLoad(net.client, LOADED[family], PORT) as load:
        for _ in range(3):
            seen = len(load.answered)
            helped.kill()
            wait_until(lambda n=seen: len(load.answered) > n + 100, what="answers while no daemon is there")
            seen = len(load.answered)
            helped.start()
            wait_until(lambda n=seen: len(load.answered) > n + 100, what="answers of the daemon's programs")
    assert load.wrong == []
    assert load.lost == []


def test_a_start_replaces_the_programs_in_place(net, helped, cgroup):
    before = cgroup.programs()
    helped.kill()
    assert cgroup.programs() == before, "they outlive the daemon"
    helped.start()
    after = cgroup.programs()
    assert len(after) == len(before) and not set(after) & set(before)


def test_a_stop_leaves_no_trace(lab, net, daemon, cgroup):
    before = sorted(lab.bpffs().iterdir())
    one = daemon(net.host, replies.config(cgroup))
    assert cgroup.programs() and sorted(lab.bpffs().iterdir()) != before
    one.stop()
    assert cgroup.programs() == []
    assert sorted(lab.bpffs().iterdir()) == before
    replies.echo(net.host, cgroup, "serial")
    assert replies.wrong(replies.sources(net.client)), "without a daemon nobody helps"


def test_taking_the_key_away_detaches(net, helped, cgroup):
    replies.echo(net.host, cgroup, "serial")
    assert replies.wrong(replies.sources(net.client)) == {}
    helped.write(replies.config())
    helped.ctl("apply", expect=0)
    assert cgroup.programs() == []
    assert replies.wrong(replies.sources(net.client))


def release(server):
    """Lets a gated one answer."""
    server.popen.stdin.write(b"\n")
    server.popen.stdin.flush()


EXTRA = {"4": "10.0.1.77", "6": "2001:db8:a1::77"}


def extra(host, word, address):
    host.ip("address", word, f"{address}/{128 if ':' in address else 32}", "dev", "eth0",
            *(["nodad"] if word == "add" and ":" in address else []))


def counters(daemon):
    return daemon.feature("replies")["counters"]


def was_told(daemon):
    """It reads what the kernel told before what we ask; when it has answered twice, it has acted on that."""
    return [daemon.status() for _ in range(2)]


@both_or_stock6
def test_an_address_that_goes_away_is_no_source_and_is_one_again_when_it_is_back(net, helped, cgroup, family):
    address = EXTRA[family]
    extra(net.host, "add", address)
    server = replies.echo(net.host, cgroup, "gated", stdin=subprocess.PIPE)
    with OnePort(net.client, [address]) as client:
        client.ask(address)
        server.wait_line("asked")
        extra(net.host, "del", address)
        was_told(helped)
        release(server)
        assert client.hear(), "the server's answer leaves from an address that is there"
        assert address not in client.answers.values()
        assert counters(helped)["refused"] == 1
        extra(net.host, "add", address)
    release(server)
    wait_until(lambda: answered_from(net.client, server, address), what="answers from the address that is back")
    assert not [line for line in server.lines if "refused" in line]


def answered_from(client, server, address):
    release(server)
    answer = ask.udp(client, address, PORT, timeout=0.2, tries=1)
    return answer and answer.right


def test_a_cgroup_that_comes_later_is_helped_and_one_that_goes_is_forgotten(net, daemon, cgroup):
    later = cgroup.child("later")
    daemon(net.host, replies.config(later))
    for _ in range(2):
        later.make()
        wait_until(later.programs, 20, "the programs to be attached")
        replies.echo(net.host, later, "serial")
        assert replies.wrong(replies.sources(net.client)) == {}
        later.remove()


@both
def test_a_change_to_a_cgroup_above_and_back_has_no_gap(net, daemon, cgroup, family):
    with cgroup.child("inner") as inner:
        one = daemon(net.host, replies.config(inner))
        replies.echo(net.host, inner, "serial")
        with ask.UdpLoad(net.client, LOADED[family], PORT) as load:
            for now, past in ((cgroup, inner), (inner, cgroup)) * 3:
                one.write(replies.config(now))
                one.ctl("apply", expect=0)
                assert now.programs() and not past.programs()
                seen = len(load.answered)
                wait_until(lambda n=seen: len(load.answered) > n + 50, what="answers")
        assert load.wrong == []
        assert load.lost == []


def test_two_daemons_of_two_hosts_share_a_cgroup(net, daemon, cgroup):
    with Lab("repliesother") as other_lab:
        other = topology.routed(other_lab)
        one, two = (daemon(host, replies.config(cgroup)) for host in (net.host, other.host))
        for host in (net.host, other.host):
            replies.echo(host, cgroup, "serial")
        for client in (net.client, other.client):
            assert replies.wrong(replies.sources(client)) == {}
        two.kill()
        assert replies.wrong(replies.sources(net.client)) == {}
        two.start()
        one.stop()
        assert replies.wrong(replies.sources(net.client))
        assert replies.wrong(replies.sources(other.client)) == {}


class Arrivals:
    """Counts what arrives at a node, so that a sender does not run away from it."""

    def __init__(self, node):
        with node.inside():
            self.file = open("/proc/thread-self/net/snmp", "rb", buffering=0)
        self.expected = self.count()

    def count(self):
        self.file.seek(0)
        names, values = [line.split() for line in self.file.read(8192).splitlines() if line.startswith(b"Ip:")]
        return int(values[names.index(b"InReceives")])

    def wait(self):
        """Waits until all that is expected has come, unless some is lost on the way."""
        deadline = time.monotonic() + 0.1
        while self.count() < self.expected and time.monotonic() < deadline:
            os.sched_yield()
        self.expected = self.count()


def ask_as_many(net, address, port, count):
    """Asks once as each of @count peers, none of which is there."""
    udp = struct.Struct("!4H")
    # What the kernel fills in is left zero; and so is the checksum, which IPv4 lets us.
    start = struct.pack("!2B3H2BH", 0x45, 0, 29, 0, 0, 64, socket.IPPROTO_UDP, 0)
    with net.router.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    arrivals = Arrivals(net.host)
    with sock, arrivals.file:
        for number in range(count):
            if number % 256 == 0:
                arrivals.wait()
            peer = struct.pack("!I", 0xcb007100 + number // 50000)	# 203.0.113.0 and on
            sock.sendto(start + peer + socket.inet_aton(address) + udp.pack(1024 + number % 50000, port, 9, 0) + b"!",
                        (address, port))
            arrivals.expected += 1


def test_a_million_peers_are_not_all_remembered(net, helped, cgroup):
    replies.echo(net.host, cgroup, "quiet")
    peers = scaled(1_000_000, 200_000)
    ask_as_many(net, topology.HOST4, PORT, peers)
    found = counters(helped)
    # A queue on the way may have overflowed.
    assert found["recorded"] + found["overflowed"] >= peers * 0.9
    assert found["evicted"] >= peers / 10
    assert replies.wrong(replies.sources(net.client)) == {}
