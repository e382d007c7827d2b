# SPDX-License-Identifier: GPL-3.0-or-later
"""`mhctl explain` tells what a university's gateway does with packets, and the kernel agrees.

    wireless --- bond0  gateway  bond1 --- world
                          eth0
                           |
                         office
"""

import json
import random
import re
import subprocess
import xml.etree.ElementTree

import pytest

from daemon import MHCTL, Daemon, mhctl
from lab import scaled

UNPRIVILEGED = 65534

BOX = """\
routing:
  tables:
    eduroam-egress: { id: 200, routes: [ { to: default, via: 192.168.120.6, link: bond1 } ] }
  routes:
    - { to: default, via: 10.2.2.254 }
    - { to: 10.16.0.0/12, via: 192.168.34.98 }
  rules:
    - { in: bond0, table: eduroam-egress }
"""


@pytest.fixture
def gateway(lab):
    node, wireless, world, office = (lab.node(role) for role in ("gateway", "wireless", "world", "office"))
    lab.link(node, "bond0", wireless, "up0")
    lab.link(node, "bond1", world, "down0")
    lab.link(node, "eth0", office, "lan0")
    node.ip_batch(["address add 192.168.34.97/30 dev bond0", "address add 192.168.120.5/30 dev bond1",
                   "address add 10.2.2.2/24 dev eth0", "address add 2001:db8:2::2/64 dev eth0"])
    for name in ("all", "eth0", "bond0", "bond1"):
        node.sysctl(f"net/ipv4/conf/{name}/forwarding", 1)
        node.sysctl(f"net/ipv6/conf/{name}/forwarding", 1)
    node.wait_addresses()
    return node


@pytest.fixture
def box(gateway):
    """The gateway with the daemon of the story."""
    daemon = Daemon(gateway, BOX).start()
    yield daemon
    daemon.stop()


def explain(node, *words, expect=0, socket="/nowhere"):
    reply = mhctl(node, "explain", *words, "--json", socket=socket, expect=expect)
    assert "error" not in reply or reply["verdict"] == "refused", reply.said()
    return reply


def texts(reply):
    return [step["text"] for step in reply["steps"]]


@pytest.mark.stock
def test_a_packet_of_the_wireless_side_leaves_by_the_rule_of_the_file(box):
    reply = box.ctl("explain", "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0", "--json", expect=0)
    assert reply["verdict"] == "leaves"
    assert reply["hops"][0]["link"] == "bond1" and reply["hops"][0]["via"] == "192.168.120.6"
    assert reply["table"] == 200
    assert reply["kernel"] == {"asked": True, "agrees": True, "text": reply["kernel"]["text"]}
    places = {step["object"].split()[0]: (step["file"], step["line"]) for step in reply["steps"] if "file" in step}
    assert places["rule"] == (str(box.config), 8)
    assert reply["reply"]["symmetric"] is True and reply["reply"]["hops"][0]["link"] == "bond0"


def test_people_read_it_as_an_explanation(box):
    said = box.ctl("explain", "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0", expect=0).out
    lines = said.splitlines()
    assert lines[0] == "A packet from 10.16.0.1 to 198.51.100.1, in by bond0:"
    assert lines[1] == "It is forwarded out of bond1 to the gateway 192.168.120.6."
    assert re.search(r"^ +\d+\. Rule \d+ \(in by bond0\) sends it to table eduroam-egress\s+\(200\)\.\s+"
                     r"\(.*multihomed\.yaml:8:", said, re.M)
    assert "The kernel, asked the same, agrees: out of bond1" in said.replace("\n", " ")
    assert all(len(line) <= 80 or "/" in line for line in lines), said


def test_what_the_file_would_do_is_told_without_doing_it(gateway, lab):
    path = lab.file("box.yaml", BOX)
    before = gateway.snapshot()
    now = explain(gateway, "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0", expect=1)
    assert now["verdict"] == "refused"
    after = explain(gateway, "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0", "--file", path)
    assert after["verdict"] == "leaves" and after["hops"][0]["link"] == "bond1"
    assert [step["line"] for step in after["steps"] if "line" in step][0] == 8
    assert "kernel" not in after
    assert gateway.snapshot() == before


def test_what_the_daemons_own_file_would_do(box):
    box.write(BOX.replace("in: bond0", "in: eth0"))
    words = ("explain", "from", "10.2.2.9", "to", "198.51.100.1", "in", "eth0", "--json")
    assert box.ctl(*words, expect=0)["hops"][0]["link"] == "eth0"
    assert box.ctl(*words, "--plan", expect=0)["hops"][0]["link"] == "bond1"


def test_a_mistake_in_the_file_is_shown_with_its_place(gateway, lab):
    path = lab.file("box.yaml", "routing: { rules: [ { in: bond0, tabel: main } ] }\n")
    reply = mhctl(gateway, "explain", "to", "198.51.100.1", "--file", path, expect=2)
    assert "box.yaml:1:" in reply.errors


def test_the_hosts_own_packet_has_a_source_and_a_way(gateway):
    gateway.ip("route", "add", "default", "via", "10.2.2.254")
    reply = explain(gateway, "to", "198.51.100.1")
    assert reply["source"] == "10.2.2.2" and reply["hops"][0]["via"] == "10.2.2.254"
    assert reply["kernel"]["agrees"]


def test_what_goes_nowhere_is_told_and_exits_one(gateway):
    gateway.ip("rule", "add", "pref", "500", "to", "198.51.100.0/24", "prohibit")
    reply = explain(gateway, "to", "198.51.100.1", expect=1)
    assert reply["verdict"] == "refused" and reply["error"] == "Permission denied"
    assert reply["kernel"]["agrees"]


def test_a_link_that_is_not_there(gateway):
    reply = mhctl(gateway, "explain", "from", "10.0.0.1", "to", "10.0.0.2", "in", "eth9", expect=2)
    assert reply.errors == "mhctl: there is no link 'eth9'; 'ip link' lists them\n"


def test_nobody_needs_rights_to_ask(gateway, lab):
    gateway.ip("route", "add", "default", "via", "10.2.2.254")
    program = lab.copy(MHCTL)
    for words in (["to", "198.51.100.1"], ["from", "192.168.34.98", "to", "198.51.100.1", "in", "bond0"]):
        with gateway.inside():
            done = subprocess.run([program, "explain", *words, "--json"], user=UNPRIVILEGED, group=UNPRIVILEGED,
                                  extra_groups=[], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        reply = json.loads(done.stdout)
        assert reply["hops"][0]["link"] == "eth0"
        # Only the filter needs rights; it is said when it was not seen.
        assert any("could not be looked at" in text for text in texts(reply)) == ("in" in words)


def test_what_would_still_wait_is_told(gateway, lab):
    path = lab.file("box.yaml", BOX.replace("via: 10.2.2.254 }", "via: 10.99.0.1 }"))
    reply = explain(gateway, "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0", "--file", path)
    assert any(text.startswith("Not done yet by then: ") for text in texts(reply)), reply.said()


def test_pictures_are_well_formed(box):
    words = ("explain", "from", "10.16.0.1", "to", "198.51.100.1", "in", "bond0")
    picture = xml.etree.ElementTree.fromstring(box.ctl(*words, "--graph=svg", expect=0).out)
    labels = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "bond1" in labels and "192.168.120.6" in labels
    dot = box.ctl(*words, "--graph", "dot", expect=0).out
    assert dot.startswith("digraph ways {") and dot.endswith("}\n")


def random_questions(seed, count):
    """Packets about the gateway: from and to what it knows and does not know, in and out by all links."""
    chance = random.Random(seed)
    fours = ["10.16.0.1", "198.51.100.1", "10.2.2.9", "10.2.2.2", "192.168.120.6", "192.168.34.98", "192.168.120.5"]
    sixes = ["2001:db8:2::9", "2001:db8:f::1", "2001:db8:2::2"]
    for _ in range(count):
        family = chance.choice([fours, fours, sixes])
        words = ["to", chance.choice(family)]
        link = chance.choice(["bond0", "bond1", "eth0", None, None])
        if link:
            words += ["from", chance.choice(family), "in", link]
        elif chance.random() < 0.3:
            words += ["out", chance.choice(["bond0", "bond1", "eth0"])]
        if chance.random() < 0.4:
            words += ["mark", chance.choice(["1", "8", "0x18"])]
        if chance.random() < 0.4:
            words += ["proto", chance.choice(["tcp", "udp"]), "sport", "1024", "dport", chance.choice(["53", "80"])]
        if not link and chance.random() < 0.3:
            words += ["uid", chance.choice(["0", "1000"])]
        yield words


@pytest.mark.stock
def test_the_kernel_agrees_whatever_is_asked(box):
    box.node.ip_batch([
        "rule add pref 300 fwmark 8/0xf table 300", "route add 198.51.100.0/24 via 10.2.2.254 table 300",
        "route add throw 10.16.0.0/16 table 300", "rule add pref 310 ipproto tcp dport 80 table 310",
        "route add unreachable 198.51.100.0/25 table 310", "rule add pref 320 uidrange 1000-1000 table 320",
        "route add default via 192.168.34.98 table 320",
        "rule add pref 330 from 10.2.2.0/24 table main suppress_prefixlength 0"])
    box.node.ip("-6", "route", "add", "2001:db8:f::/48", "via", "2001:db8:2::fe")
    box.node.ip("-6", "rule", "add", "pref", "300", "fwmark", "8/0xf", "unreachable")
    for words in random_questions(4, scaled(150)):
        reply = box.ctl("explain", *words, "--json")
        assert reply.exit in (0, 1), reply.said()
        assert reply["kernel"]["agrees"], reply.said()


def test_a_full_table_of_routes_is_explained_at_once(gateway):
    gateway.ip_batch([f"route add 198.{18 + i // 65536}.{i // 256 % 256}.{i % 256}/32 via 10.2.2.254"
                      for i in range(20000)])
    reply = explain(gateway, "to", "198.18.7.7")
    assert reply["route"].startswith("route 198.18.7.7/32 via 10.2.2.254")


def test_nftables_tables_of_others_are_a_doubt(gateway):
    words = ("from", "198.51.100.1", "to", "192.168.34.98", "in", "bond1")
    quiet = explain(gateway, *words, expect=None)
    assert not any("other nftables tables" in step["text"] for step in quiet["steps"])
    chains = {"ip nat": {"out": "nat hook postrouting", "in": "nat hook prerouting"},
              "inet guard": {"f": "filter hook forward", "o": "filter hook output"},
              "arp none": {"i": "filter hook input"}}
    for table, its in chains.items():
        gateway.run("nft", f"add table {table}")
        for chain, what in its.items():
            gateway.run("nft", f"add chain {table} {chain} {{ type {what} priority 0; }}")
    gateway.run("nft", "add chain inet guard alone")
    told = [step["text"] for step in explain(gateway, *words, expect=None)["steps"] if "other nftables" in step["text"]]
    assert len(told) == 1 and told[0].endswith("ip nat (postrouting), inet guard (forward, output)."), told
    doubts = explain(gateway, *words, expect=None)["doubts"]
    assert len([doubt for doubt in doubts if "ip nat (postrouting)" in doubt]) == 1, doubts
