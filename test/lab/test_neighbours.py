# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers ARP and neighbour discovery: the program in the kernel and the worker pass the same questions.

      host                          switch
      eth0 203.0.113.10/24 ---------+-----+------- eth0 203.0.113.20/24  peer, to whom all claims are on-link
      claims 198.51.100.0/24 and          |
      2001:db8:1:1::/64 from it           +------- eth0                  rival, which wants some of them

      eth3, a port of subscribers ---------------- eth0 10.1.2.5/24      subscriber
      gateway 10.1.2.1/24, 2001:db8:5::1/64             2001:db8:5::5/64
"""

import dataclasses
import os
import pathlib
import signal
import time

import pytest

from ether import Wire, arp, solicitation
from lab import Node, wait_until

OPEN4, OPEN6 = "198.51.100.200", "2001:db8:1:1::200"   # answered, and asked last
PORT4, PORT6 = "10.1.2.200", "2001:db8:5::200"
WAYS = ("tc", "worker")

CONFIG = """\
prefixes:
  - {{ prefix: 198.51.100.0/24, except: [198.51.100.64/28], neighbours: [eth0], responder: {way} }}
  - {{ prefix: "2001:db8:1:1::/64", except: ["2001:db8:1:1::40/124"], neighbours: [eth0], responder: {way} }}
subscribers:
  gateway: [10.1.2.1/24, "2001:db8:5::1/64"]
  ports:
    eth3: [10.1.2.5, 10.1.2.99, "2001:db8:5::5"]
  responder: {way}
"""


@dataclasses.dataclass
class Net:
    host: Node
    peer: Node
    rival: Node
    subscriber: Node

    def mac(self, link="eth0"):
        return self.host.ip("-br", "link", "show", link).split()[2]


def ping(node, address, *words):
    return node.run("ping", "-n", "-c1", "-W2", *words, address, check=False).returncode == 0


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture
def net(lab):
    host, peer, rival, subscriber = (lab.node(role) for role in ("host", "peer", "rival", "subscriber"))
    lab.switch("switch", (host, "eth0"), (peer, "eth0"), (rival, "eth0"))
    lab.link(host, "eth3", subscriber, "eth0")
    host.ip_batch(["address add 203.0.113.10/24 dev eth0"])
    peer.ip_batch(["address add 203.0.113.20/24 dev eth0", "address add 2001:db8:1:2::20/64 dev eth0 nodad",
                   "route add 198.51.100.0/24 dev eth0", "route add 2001:db8:1:1::/64 dev eth0"])
    host.ip_batch(["route add 2001:db8:1:2::/64 dev eth0"])
    subscriber.ip_batch(["address add 10.1.2.5/24 dev eth0", "address add 2001:db8:5::5/64 dev eth0 nodad",
                         "route add default via 10.1.2.1", "route add ::/0 via 2001:db8:5::1"])
    for node in (host, peer, rival, subscriber):
        node.wait_addresses()
    return Net(host, peer, rival, subscriber)


@pytest.fixture
def answering(net, daemon, way):
    one = daemon(net.host, CONFIG.format(way=way))
    wait_until(lambda: ping(net.peer, "198.51.100.1") and ping(net.subscriber, "10.1.2.1"), what="the first answers")
    return one


class Questions:
    """Questions out of one link, and what is expected of the answers."""

    def __init__(self, wire, mac, sender, last):
        self.wire, self.mac, self.sender = wire, mac, sender
        self.last = (last, self.frame(last))

    def frame(self, target, sender=None, **options):
        kind = solicitation if ":" in target else arp
        return kind(self.wire.mac, sender or self.sender, target, **options)

    def answers(self, target, **options):
        return self.wire.ask(self.frame(target, **options), target, self.last)

    def one(self, target, **options):
        """The one answer to a question, which leads to us."""
        answers = self.answers(target, **options)
        assert len(answers) == 1, f"{len(answers)} answers about {target} to {options}"
        assert answers[0].mac == answers[0].source_mac == self.mac
        return answers[0]

    def silence(self, target, **options):
        assert not self.answers(target, **options), f"{target} is answered to {options}"


@pytest.mark.stock
def test_arp_for_a_claim(net, answering):
    with Wire(net.peer) as wire:
        ask = Questions(wire, net.mac(), "203.0.113.20", OPEN4)
        answer = ask.one("198.51.100.7")
        assert (answer.to, answer.asker) == (wire.mac, "203.0.113.20")
        ask.one("198.51.100.0")
        ask.one("198.51.100.8", to=net.mac())
        ask.one("198.51.100.9", sender="0.0.0.0")
        ask.silence("198.51.100.64")
        ask.silence("198.51.101.7")
        # What the host has without us it goes on answering.
        ask.one("203.0.113.10")


@pytest.mark.stock
def test_solicitations_for_a_claim(net, answering):
    with Wire(net.peer) as wire:
        ask = Questions(wire, net.mac(), "2001:db8:1:2::20", OPEN6)
        answer = ask.one("2001:db8:1:1::7")
        assert (answer.to, answer.asker, answer.source) == (wire.mac, "2001:db8:1:2::20", "2001:db8:1:1::7")
        assert answer.solicited and answer.override
        ask.one("2001:db8:1:1::8", to=net.mac())
        ask.one("2001:db8:1:1::9", option=False, to=net.mac())
        ask.one("2001:db8:1:1::a", option=False)
        ask.silence("2001:db8:1:1::b", hops=64)
        ask.silence("2001:db8:1:1::c", spoil=True)
        ask.silence("2001:db8:1:1::40")
        ask.silence("2001:db8:1:3::7")
        probe = ask.one("2001:db8:1:1::d", sender="::")
        assert (probe.to, probe.asker, probe.solicited) == ("33:33:00:00:00:01", "ff02::1", False)


@pytest.mark.stock
@pytest.mark.parametrize("family", [4, 6])
def test_a_subscriber(net, answering, family):
    own, sender = ("10.1.2.99", "10.1.2.5") if family == 4 else ("2001:db8:5::5",) * 2
    last, target = (PORT4, "10.1.2.{}") if family == 4 else (PORT6, "2001:db8:5::{}")
    nobody = "0.0.0.0" if family == 4 else "::"
    with Wire(net.subscriber) as wire:
        ask = Questions(wire, net.mac("eth3"), sender, last)
        for number in (1, 2, 77):
            ask.one(target.format(number))
        ask.silence(own)
        ask.silence(own, sender=nobody)
        ask.one(target.format(78), sender=nobody)
        # A liar about himself.
        ask.silence(target.format(79), sender=target.format(6))
        if family == 4:
            ask.silence(target.format(80), sender_mac="02:11:22:33:44:55")
        else:
            ask.silence(target.format(81), hops=254)


def test_programs_that_look_for_duplicates(net, answering):
    def arping(node, address):
        return node.run("arping", "-D", "-c2", "-w2", "-I", "eth0", address, check=False).returncode

    assert arping(net.peer, "198.51.100.9") == 1
    assert arping(net.peer, "198.51.100.65") == 0
    assert arping(net.subscriber, "10.1.2.7") == 1
    assert arping(net.subscriber, "10.1.2.5") == 0
    for node, address, link in ((net.peer, "2001:db8:1:1::7", "eth0"), (net.subscriber, "2001:db8:5::7", "eth3")):
        found = node.run("ndisc6", "-q", "-1", address, "eth0")
        assert found.stdout.strip().lower() == net.mac(link)


PORTS = {
    "br0": ["link add br0 type bridge", "link set eth3 master br0"],
    "mv0": ["link add mv0 link eth3 type macvlan mode private"],
}


@pytest.mark.parametrize("port", PORTS)
def test_ports_that_lie_on_others(net, daemon, way, port):
    net.host.ip_batch([*PORTS[port], f"link set {port} up"])
    daemon(net.host, CONFIG.format(way=way).replace("eth3:", f"{port}:"))
    assert wait_until(lambda: ping(net.subscriber, "10.1.2.1"), what="the gateway on the port")
    for sender, own, last, other in (("10.1.2.5", "10.1.2.99", PORT4, "10.1.2.77"),
                                     ("2001:db8:5::5", "2001:db8:5::5", PORT6, "2001:db8:5::77")):
        with Wire(net.subscriber) as wire:
            ask = Questions(wire, net.mac(port), sender, last)
            ask.one(other)
            ask.silence(own)


def is_duplicate(node, address):
    """Whether Linux itself finds that an address is somebody's, as it is given to its link."""
    node.sysctl("net/ipv6/conf/all/accept_dad", 1)
    node.sysctl("net/ipv6/conf/eth0/accept_dad", 1)
    node.sysctl("net/ipv6/conf/eth0/dad_transmits", 1)
    node.ip("address", "add", f"{address}/64", "dev", "eth0")
    shown = wait_until(lambda: next((line for line in node.ip("-6", "-o", "address", "show", "dev", "eth0").splitlines()
                                     if f" {address}/" in line and ("dadfailed" in line or "tentative" not in line)),
                                    None), what=f"the verdict on {address}")
    return "dadfailed" in shown


def test_linux_itself_keeps_off(net, answering):
    assert is_duplicate(net.rival, "2001:db8:1:1::66")
    assert not is_duplicate(net.rival, "2001:db8:1:1::42")
    assert is_duplicate(net.subscriber, "2001:db8:5::66")
    net.subscriber.ip("address", "del", "2001:db8:5::5/64", "dev", "eth0")
    assert not is_duplicate(net.subscriber, "2001:db8:5::5")


def known(node, address):
    """What the kernel of a node knows of a neighbour."""
    return node.ip("neigh", "show", "dev", "eth0", address)


def test_real_neighbours(net, answering):
    for address in ("198.51.100.7", "198.51.100.255", "2001:db8:1:1::7", "2001:db8:1:1:ffff::1"):
        assert ping(net.peer, address), address
        assert net.mac() in known(net.peer, address)
    for address in ("10.1.2.1", "2001:db8:5::1"):
        assert ping(net.subscriber, address), address
    assert not ping(net.peer, "198.51.100.65")
    assert "FAILED" in known(net.peer, "198.51.100.65") or "INCOMPLETE" in known(net.peer, "198.51.100.65")
    # Linux asks again by unicast before it forgets.
    net.peer.sysctl("net/ipv6/neigh/eth0/delay_first_probe_time", 1)
    net.peer.ip("neigh", "change", "2001:db8:1:1::7", "dev", "eth0", "lladdr", net.mac(), "nud", "delay")
    wait_until(lambda: "REACHABLE" in known(net.peer, "2001:db8:1:1::7"), what="the neighbour to be confirmed")


def forget(node, *addresses):
    for address in addresses:
        node.ip("neigh", "del", address, "dev", "eth0", check=False)


def answers_anew(net):
    """Whether those who forgot everything find their way."""
    forget(net.peer, "198.51.100.7", "2001:db8:1:1::7")
    forget(net.subscriber, "10.1.2.77", "2001:db8:5::1")
    asked = net.subscriber.run("arping", "-c1", "-w1", "-I", "eth0", "10.1.2.77", check=False).returncode == 0
    return ping(net.peer, "198.51.100.7") and ping(net.peer, "2001:db8:1:1::7") and asked and \
        ping(net.subscriber, "2001:db8:5::1")


def test_kill_the_engine_while_traffic_flows(net, answering, way):
    assert answers_anew(net)
    traffic = net.peer.spawn("ping", "-n", "-i", "0.01", "-c", "300", "2001:db8:1:1::7")
    time.sleep(0.3)
    answering.kill()
    # What the kernel answers by itself it answers without us.
    assert way == "worker" or answers_anew(net)
    answering.start()
    wait_until(lambda: answers_anew(net), what="answers after the restart")
    assert traffic.wait() == 0
    assert " 0% packet loss" in traffic.said(), traffic.said()


def test_kill_the_worker(net, answering, way):
    workers = answering.children()
    assert workers, "announcements need the worker whoever answers"
    traffic = net.peer.spawn("ping", "-n", "-i", "0.01", "-c", "200", "198.51.100.7")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: answers_anew(net), what="answers of the next worker")
    assert traffic.wait() == 0
    assert " 0% packet loss" in traffic.said(), traffic.said()


def test_links_come_and_go(net, lab, answering):
    net.host.ip("link", "set", "eth0", "down")
    net.host.ip("link", "set", "eth0", "up")
    net.host.ip("route", "replace", "2001:db8:1:2::/64", "dev", "eth0")
    wait_until(lambda: answers_anew(net), what="answers after the link was down")
    net.host.ip("link", "del", "eth3")
    lab.link(net.host, "eth3", net.subscriber, "eth0")
    net.subscriber.ip_batch(["address add 10.1.2.5/24 dev eth0", "address add 2001:db8:5::5/64 dev eth0 nodad"])
    wait_until(lambda: answers_anew(net), what="answers on the new link")


def test_the_gateway_is_announced_to_who_is_new(net, answering):
    with Wire(net.subscriber) as wire:
        answering.write(answering.config.read_text().replace('"2001:db8:5::5"', '10.1.2.98, "2001:db8:5::5"'))
        answering.apply()
        heard = wire.answers(lambda answer: answer.target == "2001:db8:5::1")
    assert heard and heard[-1].mac == net.mac("eth3") and not heard[-1].solicited


def test_the_gateway_is_announced_when_the_carrier_returns(net, answering):
    net.subscriber.ip("link", "set", "eth0", "down")
    wait_until(lambda: "NO-CARRIER" in net.host.ip("link", "show", "eth3"), what="the carrier to go")
    net.subscriber.ip("link", "set", "eth0", "up")
    with Wire(net.subscriber) as wire:
        heard = wire.answers(lambda answer: answer.target == "2001:db8:5::1" and not answer.solicited)
    assert heard and heard[-1].target == "2001:db8:5::1", "nothing was announced"


def is_bare(pid):
    """Whether a process has no capability, and no other folder than an empty one."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return all(int(line.split()[1], 16) == 0 for line in status.splitlines() if line.startswith(("CapEff", "CapPrm"))) \
        and not os.listdir(f"/proc/{pid}/root")


def test_the_worker_has_no_rights(net, answering):
    assert [pid for pid in answering.children() if is_bare(pid)] == answering.children() != []


def test_an_upgrade_leaves_one_worker_that_answers(net, answering):
    former = answering.children()
    answering.ctl("upgrade", expect=0)
    wait_until(lambda: answering.children() and not set(former) & set(answering.children()),
               what="the former worker to end")
    assert answers_anew(net)
    with Wire(net.subscriber) as wire:
        Questions(wire, net.mac("eth3"), "10.1.2.5", PORT4).one("10.1.2.77")


def test_without_ebpf_the_worker_stands_in(net, daemon):
    one = daemon(net.host, CONFIG.format(way="auto"), start=False)
    one.launch(before=("setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin")).wait_line("^ready$")
    assert {told["responder"] for told in one.feature("prefixes")["responders"]} == {"worker"}
    assert [told["responder"] for told in one.feature("subscribers")["ports"]] == ["worker"]
    wait_until(lambda: answers_anew(net), what="the worker's answers")


def test_a_rival_is_told(net, answering):
    net.rival.ip("address", "add", "198.51.100.177/32", "dev", "eth0")
    net.rival.run("arping", "-A", "-c2", "-I", "eth0", "198.51.100.177", check=False)
    mac = net.rival.ip("-br", "link", "show", "eth0").split()[2]

    def told():
        shown = answering.ctl("status", "prefixes").out
        return [line for line in shown.splitlines() if "198.51.100.177" in line and mac in line]

    wait_until(told, what="the rival in mhctl status prefixes")


def test_what_was_changed_is_given_back(net, answering):
    before = net.host.ip("link", "show", "eth0")
    answering.stop()
    with Wire(net.peer) as wire:
        wire.send(arp(wire.mac, "203.0.113.20", "198.51.100.7"))
        wire.send(arp(wire.mac, "203.0.113.20", "203.0.113.10"))
        assert [answer.target for answer in wire.answers(lambda answer: True)] == ["203.0.113.10"]
    assert "ALLMULTI" not in net.host.ip("link", "show", "eth0"), before
    assert not net.host.run("tc", "filter", "show", "dev", "eth0", "ingress", check=False).stdout.strip()
