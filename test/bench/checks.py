# SPDX-License-Identifier: GPL-3.0-or-later
"""What a TCP check costs, beside HAProxy's: a thousand checks a second each, of the same server, at the same time.

Both checkers run on core 0, and each core does the work on what arrives at its own end, so that a check costs its
checker what it would cost it on a machine of its own. They run side by side, not in turns: a checker that was stopped
for a while has a backlog. Each second gives one ratio. The server's kernel counts the checks as they arrive, since
neither checker lets a connection come as far as the server's program.

keepalived is no peer here: its checks need IPVS, which few kernels of small machines have.
"""

import json
import socket
import threading
import time

from debian import find
from lab import wait_until
from measure import Broken, Goal, compare, cpu_seconds
from stage import CLIENT4, SERVER_CORE, children, pinned

OURS_PORT, HAPROXY_PORT, MANY_PORT = 8001, 8002, 8003
A_THIRD = Goal("<=", 1 / 3)
EVERY_MS = 1000


class Listener:
    """A port that listens, and what its kernel counted."""

    def __init__(self, node, port):
        self.node, self.port = node, port
        with node.inside():
            self.socket = socket.create_server((CLIENT4, port), backlog=4096)
        # A checker that is kept waiting for its core acknowledges after all: such a connection has to leave the queue.
        threading.Thread(target=self._accept, daemon=True).start()
        node.run("nft", f"add table inet bench; add counter inet bench p{port}; "
                 "add chain inet bench c { type filter hook input priority 0; }; "
                 f"add rule inet bench c tcp dport {port} tcp flags syn / syn,ack counter name p{port}")

    def _accept(self):
        while True:
            self.socket.accept()[0].close()

    @property
    def count(self):
        told = json.loads(self.node.run("nft", "-j", "list", "counter", "inet", "bench", f"p{self.port}").stdout)
        return told["nftables"][1]["counter"]["packets"]


def our_config(checks, port):
    return "checks:\n" + "".join(f"  c{number}: {{ tcp: \"{CLIENT4}:{port}\", every: {EVERY_MS}ms }}\n"
                                 for number in range(checks))


def haproxy_config(checks):
    lines = ["global", " nbthread 1", " maxconn 4000", " spread-checks 10", "defaults", " mode tcp",
             " timeout connect 1s", " timeout client 1s", " timeout server 1s",
             "frontend f", " bind 127.0.0.1:8000", " default_backend b", "backend b"]
    lines += [f" server s{number} {CLIENT4}:{HAPROXY_PORT} check inter {EVERY_MS}ms" for number in range(checks)]
    return "\n".join(lines) + "\n"


class Checker:
    """Processes that check, and the listener that counts."""

    def __init__(self, pids, listener):
        self.pids, self.listener = pids, listener
        self.mark()

    def mark(self):
        self.spent, self.done = cpu_seconds(self.pids), self.listener.count

    def turn(self):
        """Seconds of its core for each check since the last mark."""
        spent, done = cpu_seconds(self.pids) - self.spent, self.listener.count - self.done
        if not done:
            raise Broken(f"no check arrived at port {self.listener.port}")
        self.mark()
        return spent / done


def checks_rows(stage, plan):
    stage.wake_client()
    ours_at, haproxy_at = Listener(stage.client, OURS_PORT), Listener(stage.client, HAPROXY_PORT)
    path, variables = find("haproxy", "haproxy")
    haproxy = stage.host.spawn(path, "-db", "-f", stage.file("haproxy.cfg", haproxy_config(plan.checks)),
                               **pinned(SERVER_CORE), env=variables)
    daemon = stage.daemon(our_config(plan.checks, OURS_PORT), "checks")
    wait_until(lambda: min(ours_at.count, haproxy_at.count) > plan.checks, 60, "each check to have been done")
    worker = children(daemon.pid)
    ours, peer = Checker(worker, ours_at), Checker([haproxy.pid], haproxy_at)
    pairs = []
    for _ in range(plan.check_seconds):
        time.sleep(1)
        pairs.append((ours.turn(), peer.turn()))
    yield compare("checks", f"{plan.checks} TCP checks/s : HAProxy's", "s", pairs, A_THIRD)
    haproxy.end()
    daemon.stop()
    yield from many_rows(stage, plan)


def many_rows(stage, plan):
    """Ten times as many: that they are done in time, and what they cost beside the thousand."""
    listener = Listener(stage.client, MANY_PORT)
    daemon = stage.daemon(our_config(plan.checks * 10, MANY_PORT), "many")
    wait_until(lambda: listener.count > plan.checks * 10, 60, "each check to have been done")
    many = Checker(children(daemon.pid), listener)
    start, before = time.monotonic(), many.done
    time.sleep(plan.check_seconds)
    rate = (listener.count - before) / (time.monotonic() - start)
    each = many.turn()
    yield compare("checks", f"{plan.checks * 10} TCP checks/s: done : wanted", "/s",
                  [(rate, plan.checks * 10 * 1000 / EVERY_MS)], Goal(">=", 0.97),
                  f"{each * rate * 100:.0f} % of a core, {each * 1e6:.1f} us a check")
    daemon.stop()
