# SPDX-License-Identifier: GPL-3.0-or-later
"""Random configurations: from A to B and back it is exactly A again, also past a daemon that is killed on the way.

  host: one namespace, eth0 and eth1 with networks of both families, no peers

$MH_CONFIGURATIONS says how many pairs are tried (12), $MH_SEED which.
"""

import json
import os
import random
import threading
import time

import pytest

from daemon import MHCTL
from lab import scaled, wait_until

PAIRS = int(os.environ.get("MH_CONFIGURATIONS", scaled(12, 2)))
SEED = int(os.environ.get("MH_SEED", "1"))
LINKS = {"eth0": "1", "eth1": "2"}


@pytest.fixture
def host(lab):
    node = lab.node("host")
    node.sysctl("net/ipv6/conf/default/accept_dad", 0)
    node.ip("link", "set", "lo", "up")
    for link, net in LINKS.items():
        node.ip("link", "add", link, "type", "veth", "peer", "name", f"peer{net}")
        node.ip_batch([f"link set {link} up", f"link set peer{net} up", f"address add 10.0.{net}.2/24 dev {link}",
                       f"address add 2001:db8:a{net}::2/64 dev {link} nodad"])
    node.wait_addresses()
    # What is ours lives among what is not.
    node.ip_batch(["route add default via 10.0.1.1", "route add 172.16.0.0/16 via 10.0.1.7 proto bird table 100",
                   "rule add from 172.16.0.0/16 table 100 priority 500 protocol zebra",
                   "nexthop add id 7 via 10.0.2.1 dev eth1 proto static"])
    return node


class Dice(random.Random):
    """Draws configurations from few values, so that two have much in common and now and then contradict themselves."""

    def some(self, values, most):
        return self.sample(values, self.randint(0, min(most, len(values))))

    def prefix(self):
        if self.random() < 0.5:
            return f"10.{self.randint(64, 70)}.{self.randint(0, 3)}.0/{self.choice([24, 25, 26])}"
        return f"2001:db8:{self.randint(1, 9)}:{self.randint(0, 3)}::/{self.choice([64, 80])}"

    def prefixes(self):
        claims = sorted({self.prefix() for _ in range(self.randint(0, 6))})
        answered = [f", neighbours: [{', '.join(self.some(list(LINKS), 2))}]" if self.random() < 0.5 else ""
                    for _ in claims]
        return "prefixes:" + ("\n" if claims else " []\n") + "".join(
            f'  - {{ prefix: "{claim}"{links} }}\n' for claim, links in zip(claims, answered))

    def subscriber(self, port):
        has = [f'"{address}"' for address in self.some(
            [f"10.8.0.{host}" for host in range(2, 8)] + [f"2001:db8:b::{host}" for host in range(2, 6)], 3)]
        name, mac = self.choice([("", ""), (f"name: s{self.randint(1, 9)}, ", ', mac: "02:00:00:00:00:07"')])
        return f"{{ {name}addresses: [{', '.join(has)}]{mac} }}" if has else f"10.8.0.{self.randint(20, 25)}"

    def subscribers(self):
        ports = [f"    {port}: [{', '.join(self.subscriber(port) for _ in range(self.randint(0, 3)))}]\n"
                 for port in self.some(list(LINKS), 2)]
        return ('subscribers:\n  gateway: [10.8.0.1/24, "2001:db8:b::1/64"]\n' +
                f"  unassigned: {self.choice(['routed', 'unreachable'])}\n" +
                "  ports:" + ("\n" if ports else " {}\n") + "".join(ports))

    def services(self):
        rows = [f"  - {{ name: {name}, kind: {name}, listen: [{self.choice(['0.0.0.0', '10.0.1.2', '10.64.0.0/24'])}], "
                f"ports: [{self.choice([7777, 7778])}] }}\n" for name in self.some(["whoami", "echo", "discard"], 2)]
        return "services:" + ("\n" if rows else " []\n") + "".join(rows)

    def way(self, to):
        net = self.choice(list(LINKS.values()))
        router = f"2001:db8:a{net}::{self.randint(1, 3)}" if ":" in to else f"10.0.{net}.{self.randint(3, 5)}"
        return self.choice([f'via: "{router}"', f'via: "{router}", metric: {self.randint(1, 3)}',
                            f'via: "{router}", mtu: {self.choice([1280, 1400])}',
                            f'hops: [ {{ via: "{router}", weight: {self.randint(1, 3)} }}, '
                            f'{{ via: "{router[:-1]}9" }} ]',
                            f"type: {self.choice(['unreachable', 'blackhole', 'prohibit'])}"])

    def routes(self, most):
        prefixes = sorted({self.prefix().replace("10.", "11.", 1).replace("db8:", "db8:f", 1)
                           for _ in range(self.randint(0, most))})
        return "[ " + ", ".join(f'{{ to: "{to}", {self.way(to)} }}' for to in prefixes) + " ]"

    def rule(self):
        to = self.prefix()
        return self.choice([f'{{ from: "{to}", table: one }}', f"{{ in: {self.choice(list(LINKS))}, table: two }}",
                            f"{{ mark: {self.randint(1, 9)}, table: {self.choice(['one', 'two'])} }}",
                            f'{{ to: "{to}", action: {self.choice(["unreachable", "prohibit"])} }}',
                            f"{{ protocol: tcp, dport: {self.randint(1, 99)}, table: one }}",
                            f"{{ uid: {self.randint(1000, 1003)}, table: two }}"])

    def routing(self):
        lines = ["routing:", "  tables:", f"    one: {{ id: 101, routes: {self.routes(5)} }}",
                 f"    two: {{ routes: {self.routes(5)} }}", f"  routes: {self.routes(3)}"]
        lines += ["  rules: [ " + ", ".join(self.rule() for _ in range(self.randint(0, 5))) + " ]"]
        if self.random() < 0.3:
            lines.append("  symmetric: true")
        if self.random() < 0.3:
            lines.append("  forwarding: [ { in: eth0, out: eth1 } ]")
        if self.random() < 0.2:
            lines.append("  host: { out: eth0 }")
        return "\n".join(lines) + "\n"

    def links(self):
        lines = [f"  {link}: {{ mtu: {self.choice([1400, 1450, 1500])}, "
                 f"addresses: [ 10.9.{net}.{self.randint(1, 3)}/24 ] }}"
                 for link, net in LINKS.items() if self.random() < 0.5]
        return "links:" + ("\n" if lines else " {}\n") + "".join(f"{line}\n" for line in lines)

    def configuration(self):
        parts = [self.prefixes, self.services, self.routing, self.links, self.subscribers]
        return "".join(part() for part in parts if self.random() < 0.8)


def without(value, names):
    """JSON without what changes by itself."""
    if isinstance(value, dict):
        return {name: without(inner, names) for name, inner in value.items() if name not in names}
    return [without(inner, names) for inner in value] if isinstance(value, list) else value


def dump(node):
    """All that the daemon may have touched, as iproute2 and nft tell it."""
    told = {}
    for what in ("-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule", "nexthop", "address"):
        rows = json.loads(node.ip("-j", "-d", *what.split()) or "[]")
        rows = [without(row, ("flags", "preferred_life_time", "valid_life_time", "stats", "pref", "bucket_stats"))
                for row in rows]
        for row in rows:
            # What went and came again stands behind those of other networks.
            row.get("addr_info", []).sort(key=lambda address: address["local"])
        told[what] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    told["neighbours"] = sorted(f"{row['dst']} {row['dev']}" for row in
                                json.loads(node.ip("-j", "neighbour", "show", "nud", "all", "proto", "109") or "[]"))
    told["allmulti"] = [(row["ifname"], row["allmulti"]) for row in json.loads(node.ip("-j", "-d", "link"))]
    told["filter"] = node.run("nft", "list", "ruleset").stdout
    told["rest"] = [line for line in node.snapshot() if not line.startswith(("route", "rule", "address"))]
    return told


def difference(before, after):
    """What differs between two dumps, for people."""
    return {what: {"gone": [row for row in before[what] if row not in after[what]],
                   "new": [row for row in after[what] if row not in before[what]]}
            for what in before if before[what] != after[what]}


def settled(one, node):
    wait_until(lambda: one.plan().exit == 0, 20, "an empty plan")
    return dump(node)


def is_again(one, node, before, what):
    wait_until(lambda: one.plan().exit == 0, 20, f"an empty plan {what}")
    wait_until(lambda: dump(node) == before, 5, f"A again {what}; {difference(before, dump(node))}")


def holds(reply):
    """Whether an apply stands; what the kernel or a check refuses is fine, too."""
    assert reply.exit in (0, 1, 2) and (reply.exit == 0 or reply.get("rolled_back") or reply.get("diagnostics")), \
        reply.said()
    return reply.exit == 0


def draw(dice, one):
    """A configuration that is in force now; the file says the same."""
    while True:
        text = dice.configuration()
        if holds(one.apply(text, expect=None)):
            one.write(text)
            return text


@pytest.mark.parametrize("part", range(4))
def test_from_a_to_b_and_back_is_a_again(host, daemon, part):
    dice = Dice(f"{SEED} {part}")
    empty = dump(host)
    one = daemon(host, "")
    for _ in range(max(1, PAIRS // 4)):
        text = draw(dice, one)
        before = settled(one, host)
        other = dice.configuration()
        if holds(one.apply(other, expect=None)):
            wait_until(lambda: one.plan(other).exit == 0, 20, "an empty plan of B")
            one.ctl("rollback", expect=0)
        is_again(one, host, before, f"after\n{other}\nover\n{text}")
    one.stop()
    assert difference(empty, dump(host)) == {}


def test_killed_anywhere_between_a_and_b_it_is_a_again(host, daemon):
    dice = Dice(f"{SEED} kill")
    empty = dump(host)
    one = daemon(host, "")
    for _ in range(max(1, PAIRS // 4)):
        text = draw(dice, one)
        before = settled(one, host)
        draft = one.file("other.yaml", dice.configuration())
        # mhctl is started, connects, sends; then the kernel is written: some of these moments.
        thread = threading.Thread(target=lambda: host.run(MHCTL, "-s", one.socket, "apply", draft, check=False))
        thread.start()
        time.sleep(dice.uniform(0, 0.03))
        one.kill()
        thread.join()
        one.start()
        is_again(one, host, before, f"after a kill over\n{text}")
    one.stop()
    assert difference(empty, dump(host)) == {}
