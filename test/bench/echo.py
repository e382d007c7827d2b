# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP echo: our service on a whole prefix beside servers on one address."""

import shutil
import statistics

from measure import Broken, Goal, compare, turns
from stage import BENCH, HOST4, HOST6, PROGRAMS, Turn, children, processes, wait_until

CLAIM4, CLAIM6 = "198.51.100.0/24", "2001:db8:1:1::/64"
ECHO, ONE = 7, 8				# ports of ours: on the claims, on the configured addresses
PLAIN, AGAIN, PYTHON, SOCAT = 5007, 5008, 5009, 5010
MANY = 4096					# addresses asked
AS_PLAIN = Goal(">=", 0.95)
AS_CONFIGURED = Goal(">=", 0.98)

CONFIG = f"""\
prefixes:
  - prefix: {CLAIM6}
  - prefix: {CLAIM4}
services:
  - {{ name: echo, kind: echo, listen: ["{CLAIM6}", {CLAIM4}], ports: [{ECHO}], protocols: [udp] }}
  - {{ name: one, kind: echo, listen: ["{HOST6}", {HOST4}], ports: [{ONE}], protocols: [udp] }}
"""


class Echo:
    """The servers, all running; those that are not asked sleep."""

    def __init__(self, stage, plan):
        self.stage = stage
        self.plan = plan
        daemon = stage.daemon(CONFIG)
        self.ours = lambda: processes(daemon)
        self.plain = {host: stage.server(PROGRAMS / "echo_plain", host, PLAIN) for host in (HOST6, HOST4)}

    def turn(self, pids, prefix, port, milliseconds=None, **question):
        return Turn(self.stage, pids, prefix, port, milliseconds or self.plan.turn_ms, **question)

    def row(self, name, ours, peer, goal=None, group="echo"):
        """A row of turns: answers for each second of the server's core. The rest that was seen is noted."""
        pairs = turns(self.plan.rounds, ours, peer)
        more = seen(pairs)
        return compare(group, name, "/s", [(a.per_core_second, b.per_core_second) for a, b in pairs], goal, told(more),
                       more)

    def against_plain(self, name, prefix=CLAIM6, host=HOST6, addresses=MANY, window=128, size=64, goal=AS_PLAIN):
        """Ours on many addresses of a prefix, the plain one on its only address, asked alike."""
        return self.row(name,
                        lambda: self.turn(self.ours, prefix, ECHO, addresses=addresses, window=window, size=size),
                        lambda: self.turn(self.plain[host], host, PLAIN, window=window, size=size), goal)


def seen(pairs):
    """By the clock, and what an answer cost both cores: server, client and all that the kernel did between them."""
    def medians(attribute):
        return [statistics.median(getattr(pair[side], attribute) for pair in pairs) for side in (0, 1)]

    return {"clock": medians("rate"), "clock_ratio": statistics.median(a.rate / b.rate for a, b in pairs),
            "both_cores_us": medians("both_us"), "lost": sum(turn.lost for pair in pairs for turn in pair)}


def told(seen_there):
    clock, both = seen_there["clock"], seen_there["both_cores_us"]
    return (f"by the clock {clock[0] / 1000:.1f} : {clock[1] / 1000:.1f} k/s, ratio {seen_there['clock_ratio']:.3f}; "
            f"both cores {both[0]:.2f} : {both[1]:.2f} us an answer" +
            (f"; {seen_there['lost']} lost" if seen_there["lost"] else ""))


def against_plain_rows(echo):
    """The goal of the service: no dearer than a server that does nothing for the address asked."""
    again = echo.stage.server(PROGRAMS / "echo_plain", HOST6, AGAIN)
    yield echo.row("noise: plain echo beside itself",
                   lambda: echo.turn(again, HOST6, AGAIN, window=128),
                   lambda: echo.turn(echo.plain[HOST6], HOST6, PLAIN, window=128))
    yield echo.against_plain("a /64 : plain echo, 128 in flight")
    yield echo.against_plain("a /64 : plain echo, 32 in flight", window=32)
    yield echo.against_plain("a v4 /24 : plain echo, 128 in flight", CLAIM4, HOST4)
    # 64: what is queued counts against the receive buffer with all of its memory.
    yield echo.against_plain("a /64 : plain echo, 1,200 bytes, 64 in flight", size=1200, window=64)
    yield echo.against_plain("a /64 : plain echo, one address asked", addresses=1)


def claim_rows(echo):
    """What it costs that the address is one of 2^64 instead of a configured one. Same program, same questions.

    Questions from 16 ports: else answers of the one address would be joined, and those of many addresses not.
    """
    yield echo.row("a /64 : one address configured",
                   lambda: echo.turn(echo.ours, CLAIM6, ECHO, addresses=MANY, ports=16, window=128),
                   lambda: echo.turn(echo.ours, HOST6, ONE, ports=16, window=128), AS_CONFIGURED, "claim")
    yield echo.row("one of a /64 : one address configured",
                   lambda: echo.turn(echo.ours, CLAIM6, ECHO, window=128),
                   lambda: echo.turn(echo.ours, HOST6, ONE, window=128), AS_CONFIGURED, "claim")


def reference_rows(echo):
    """Servers as people run them."""
    python = echo.stage.server(BENCH / "echo_python.py", PYTHON)
    check_the_checker(echo)

    def ours():
        return echo.turn(echo.ours, CLAIM6, ECHO, addresses=MANY, window=32)

    yield echo.row("a /64 : a Python echo on one address", ours,
                   lambda: echo.turn(python, HOST6, PYTHON, window=32))
    if not shutil.which("socat"):
        return
    socat = echo.stage.silent_server(SOCAT, "socat", f"UDP6-RECVFROM:{SOCAT},fork", "PIPE")
    pairs = turns(echo.plan.rounds, ours, lambda: turn_of_socat(echo, socat))
    yield compare("echo", "a /64 : socat (forks) on one address", "/s", [(a.rate, b.rate) for a, b in pairs],
                  note="by the clock: the time of socat's children is in no count of ours")


def turn_of_socat(echo, socat):
    """One turn; then its children end, hundreds of them, before anybody else is measured on their core."""
    turn = echo.turn(socat, HOST6, SOCAT, window=32)
    wait_until(lambda: not children(socat()[0]), 20, "socat's children to end")
    return turn


def check_the_checker(echo):
    """The Python echo answers from its own address whatever was asked: udp_load must say so, or it proves nothing."""
    said = echo.stage.ask(CLAIM6, PYTHON, 100, addresses=16)
    if said["answers_in_all"] or not said["wrong"]:
        raise Broken(f"a wildcard server's answers from the wrong address were not noticed: {said}")


def echo_rows(stage, plan):
    echo = Echo(stage, plan)
    yield from against_plain_rows(echo)
    yield from claim_rows(echo)
    yield from reference_rows(echo)


def spread_rows(stage, plan):
    """On a stage that gives each side the work of its arrivals; for reference, since half of it is interrupts."""
    yield Echo(stage, plan).against_plain("a /64 : plain echo, arrivals included", goal=None)
