# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is answered what, and who is not: fifty subscribers, every question that they can ask, and many that none may.

    host  p0 --------- c0  far       one namespace with the far ends of all cables, which has no addresses: what is
           ...                       asked there, and judged there, are frames by hand (test/bench/neighbour_load.c)
          p49 -------- c49

Subscriber N lives at pN and has one to four addresses that are not adjacent.
"""

import dataclasses
import ipaddress

import pytest

import street as streets
from lab import Node, scaled, wait_until
from street import FAMILIES, addresses, all_right, ask, ask_lines, config, first_256, mac_of

PEOPLE, STEP = 50, 50
both = pytest.mark.parametrize("family", FAMILIES)
both_responders = pytest.mark.parametrize("responder", ["auto", "worker"])


def address(family, number):
    """As people write it in decimal, or in hexadecimal."""
    return f"10.1.2.{number}" if family == 4 else f"2001:db8:12::{number:x}"


def own(family, number):
    return [address(family, 2 + number + STEP * step) for step in range(1 + number % 4)]


@dataclasses.dataclass
class Ports:
    host: Node
    far: Node
    macs: list

    def config(self, more=""):
        return config({f"p{number}": own(4, number) + own(6, number) for number in range(PEOPLE)}, more)

    def questions(self, family, parts=None, sender=lambda number: number):
        """Everybody asks for all of @parts, with the first address of @sender, and is not told of their own."""
        return [(f"c{number}", self.macs[number], own(family, sender(number))[0], part, *own(family, number))
                for number in range(PEOPLE) for part in parts or [first_256(family)]]


@pytest.fixture
def ports(lab):
    host, far = lab.node("host"), lab.node("far")
    far.sysctl("net/ipv6/conf/default/disable_ipv6", 1)
    for number in range(PEOPLE):
        lab.link(host, f"p{number}", far, f"c{number}")
    host.wait_addresses()
    return Ports(host, far, [mac_of(host, f"p{number}") for number in range(PEOPLE)])


def parts_of(family, responder):
    """Of the 256 addresses those for which the responder is asked: a worker leaves the gateway's to Linux."""
    if responder == "auto":
        return [first_256(family)]
    return ["10.1.2.64/26", "10.1.2.128/25"] if family == 4 else ["2001:db8:12::40/122", "2001:db8:12::80/121"]


def within(parts, addresses):
    networks = [ipaddress.ip_network(part) for part in parts]
    return [text for text in addresses if any(ipaddress.ip_address(text) in network for network in networks)]


def size(parts):
    return sum(ipaddress.ip_network(part).num_addresses for part in parts)


def counted(one, name):
    """What status tells of a subscriber."""
    return next(entry for entry in one.feature("subscribers")["subscribers"] if entry["name"] == name)


def silences(family, parts):
    return sum(len(within(parts, own(family, number))) for number in range(PEOPLE))


@both
@both_responders
@pytest.mark.parametrize("words", [(), ("-u",), ("-l", "-u"), ("-p",)], ids=["asked", "unicast", "plain", "probed"])
def test_every_subscriber_asks_for_every_address(ports, daemon, family, responder, words):
    """And is answered for all but its own, be it a question, one by unicast, or a probe for duplicates."""
    one = daemon(ports.host, ports.config(f"responder: {responder}"))
    parts = parts_of(family, responder)
    said = all_right(ask_lines(ports.far, ports.questions(family, parts), "-e", "-d", 20, *words))
    assert said["asked"] == PEOPLE * size(parts)
    assert said["silent"] == silences(family, parts)
    if family == 6:
        assert said["router"] == said["override"] == said["from_target"] == said["answers"]
    told = size(parts) - len(within(parts, own(family, 3)))
    wait_until(lambda: (counted(one, "p3")["asked"], counted(one, "p3")["answered"]) == (size(parts), told), 10,
               "the questions to be counted")


@both
@both_responders
def test_who_asks_with_anothers_address_hears_nothing(ports, daemon, family, responder):
    one = daemon(ports.host, ports.config(f"responder: {responder}"))
    parts = parts_of(family, responder)
    questions = ports.questions(family, parts, sender=lambda number: (number + 1) % PEOPLE)
    said = ask_lines(ports.far, questions, "-e", "-S", "-d", 20)
    assert not said["wrong"] and said["silent"] == PEOPLE * size(parts), said
    stranger = "192.0.2.77" if family == 4 else "2001:db8:bad::1"
    said = ask(ports.far, "c3", ports.macs[3], stranger, parts[-1], "-e", "-S")
    assert not said["wrong"], said
    wait_until(lambda: counted(one, "p3")["spoofed"] == size(parts) + size(parts[-1:]), 10, "the lies to be counted")
    assert counted(one, "p4")["spoofed"] == size(parts)
    all_right(ask_lines(ports.far, ports.questions(family, parts), "-e", "-d", 5))


@both_responders
def test_a_link_local_asker_is_answered_for_others(ports, daemon, responder):
    """Linux asks from its link-local address where it forwards; whoever it is, it is not told that its own is ours."""
    daemon(ports.host, ports.config(f"responder: {responder}"))
    parts = parts_of(6, responder)
    questions = [(f"c{number}", ports.macs[number], "fe80::7", part, *own(6, number))
                 for number in range(PEOPLE) for part in parts]
    said = all_right(ask_lines(ports.far, questions, "-e", "-d", 20))
    assert said["silent"] == silences(6, parts)


@both
@both_responders
def test_subscribers_of_one_port_are_told_of_one_another(lab, daemon, family, responder):
    """What they say to one another goes by way of us, so each is answered for the other, and not for itself."""
    host, far = lab.node("host"), lab.node("far")
    lab.link(host, "p0", far, "c0")
    macs = ["02:00:00:00:00:07", "02:00:00:00:00:08", "02:00:00:00:00:09"]
    # The first two are bound to their MACs, the third to none.
    people = [("carol", addresses((7, 0x70)), macs[0]), ("dave", addresses((8,)), macs[1]),
              ("erin", addresses((9,)), None)]
    one = daemon(host, config({"p0": people}, f"responder: {responder}"))
    mac, parts = mac_of(host, "p0"), parts_of(family, responder)
    for (_, theirs, _), asker in zip(people, macs):
        mine = [text for text in theirs if (":" in text) == (family == 6)]
        for part in parts:
            all_right(ask(far, "c0", mac, f"{mine[0]}@{asker}", part, "-e", silent=mine))
    # With carol's MAC, dave's address is a lie; it is dave's trouble, and counted there.
    his = streets.address(family, 8)
    for part in parts:
        said = ask(far, "c0", mac, f"{his}@{macs[0]}", part, "-e", "-S")
        assert not said["wrong"], said
    wait_until(lambda: counted(one, "dave")["spoofed"] == size(parts), 10, "the lies to be counted")
    assert counted(one, "carol")["spoofed"] == 0
    # A probe bears no address: by her MAC it is known who carol is, and dave's address is defended against her.
    alone = f"{his}/{32 if family == 4 else 128}"
    all_right(ask(far, "c0", mac, f"{his}@{macs[0]}", alone, "-p", "-n", 4))
    all_right(ask(far, "c0", mac, f"{his}@{macs[1]}", alone, "-p", "-n", 4, silent=[his]))


@both
@both_responders
def test_a_million_malformed_questions_find_no_answer(ports, daemon, family, responder):
    one = daemon(ports.host, ports.config(f"responder: {responder}"))
    count, parts = scaled(500000), parts_of(family, "worker")
    for words in ((), ("-p",)):
        said = ask(ports.far, "c3", ports.macs[3], own(family, 3)[0], parts[-1], "-a", 256, "-n", count, "-x",
                   "-d", 500, "-r", 7, *words)
        assert not said["wrong"] and said["asked"] == count, said
    assert counted(one, "p3")["answered"] == 0
    all_right(ask_lines(ports.far, ports.questions(family, parts), "-e", "-d", 20))


@both
def test_answers_go_on_without_us(ports, daemon, family):
    """Killed, the daemon answers nothing; its programs do. Who comes after it finds them, and its end removes them."""
    one = daemon(ports.host, ports.config("responder: tc"))
    one.kill()
    all_right(ask_lines(ports.far, ports.questions(family), "-e", "-d", 5))
    one.start()
    assert one.plan().exit == 0
    all_right(ask_lines(ports.far, ports.questions(family), "-e", "-d", 5))
    one.stop()
    said = ask_lines(ports.far, ports.questions(family)[:1], "-e", "-S")
    assert not said["wrong"], said
