#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make run`: multihomed at work on real packets, in a private lab.

A client, a router and a host with two links, each a network namespace. The host runs multihomed on its built-in
configuration. What is printed is measured, not told: the plan is the daemon's own, every source address was read from
a datagram that the client received. Then a prompt, to look around in the lab. --once ends before the prompt.
"""

import argparse
import contextlib
import ipaddress
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "test/lab"))

import anycast  # noqa: E402
import ask  # noqa: E402
import resolvers  # noqa: E402
import topology  # noqa: E402
from daemon import MHCTL, MULTIHOMED, Daemon  # noqa: E402
from lab import Lab, scaled, wait_until  # noqa: E402

WHO_PORT = 7777
PLAIN_PORT, RUN_PORT = 5353, 5354
# A program of Debian, unmodified: it answers whoever asks, by a socket on the wildcard address.
SOCAT = "socat UDP6-RECVFROM:{},ipv6only=0,fork EXEC:cat"
REPLIES = "replies:\n  - cgroup: all\n"
CLAIMS = ("2001:db8:1:1::/64", "198.51.100.0/24")
SEVENTH = ["2001:db8:1:1::7", "198.51.100.7"]

DRAWING = """\
  client -------------- router ==== eth0 ==== host   2001:db8:1:1::/64 and 198.51.100.0/24 are routed to it here
  192.0.2.2                    ==== eth1 ====        its own default route leaves here
  2001:db8:c::2"""

HELP = """\
  ask ADDRESS [PORT]         the client asks by UDP and by TCP: any address of the two prefixes, port 7777
  mhctl status               what is claimed, served and counted; also: mhctl plan, mhctl watch, mhctl --help
  mhctl status replies       every UDP server of the host, and how it answers
  ip route flush table local proto 109       take our IPv4 claim away, and ask again: it is back
  client curl -s http://[2001:db8:1:1::cafe]:7777/         `client` runs a command at the client
  any other command runs on the host; quit, Ctrl-D or Ctrl-C ends and leaves nothing behind"""


class Style:
    """Colours, on a terminal that wants them."""

    def __init__(self, stream):
        self.on = stream.isatty() and "NO_COLOR" not in os.environ

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.on else text

    def title(self, text):
        return self._paint("1", text)

    def good(self, text):
        return self._paint("32", text)

    def bad(self, text):
        return self._paint("1;31", text)

    def faint(self, text):
        return self._paint("2", text)


STYLE = Style(sys.stdout)


class Broken(Exception):
    """The lab did not do what it is there to show."""


def say(*words):
    print(*words, flush=True)


def title(text):
    say()
    say(STYLE.title(text))


def show_plan(daemon):
    """Takes the built-in configuration out of force, shows its plan, and puts it in force again."""
    daemon.apply("")
    shown = daemon.ctl("plan", f"--color={'always' if STYLE.on else 'never'}", expect=1).out
    operations = list(itertools.takewhile(str.strip, shown.splitlines()))
    sockets = [line for line in operations if "listener" in line]
    title("what multihomed is about to do, and where its configuration asks for it (mhctl plan)")
    for line in operations:
        if line not in sockets[1:]:
            say("  " + line)
    say(STYLE.faint(f"    and {len(sockets) - 1} more listeners: UDP, TCP, IPv4, IPv6, ports 7, 9 and {WHO_PORT}"))
    timing = daemon.apply().get("timing", {})
    say(STYLE.faint(f"    done in {sum(timing.values()) / 1000:.1f} ms"))


def show_one(label, port, client):
    """Asks one address of each claim and shows whence the answer came. Returns how many came from the address asked."""
    title(label)
    right = 0
    for address in SEVENTH:
        answer = ask.udp(client, address, port)
        if answer is None:
            say(f"  asked {address:<18} " + STYLE.bad("no answer"))
            continue
        right += answer.right
        verdict = STYLE.good("right") if answer.right else STYLE.bad("WRONG: a client drops it")
        say(f"  asked {address:<18} answered from {answer.source:<18} {verdict}")
    return right


def listens(node, port):
    return node.run("ss", "-Hlnu", f"sport = :{port}").stdout


def start(node, port, *before):
    command = SOCAT.format(port).split(" ")
    node.spawn(*before, *command)
    wait_until(lambda: listens(node, port), what="socat to listen")
    return SOCAT.format(port)


def show_right(label, port, client):
    if show_one(label, port, client) != len(SEVENTH):
        raise Broken(f"port {port} did not answer from the address asked")


def show_programs(net, daemon):
    """A program of Debian: wrong by itself, right by `mhctl run`, right by `replies` while it runs."""
    command = start(net.host, PLAIN_PORT)
    show_one(command, PLAIN_PORT, net.client)
    show_right(f"mhctl run -- {start(net.host, RUN_PORT, MHCTL, 'run', '--')}", RUN_PORT, net.client)
    builtin = net.host.run(MULTIHOMED, "--print-builtin").stdout
    daemon.apply(builtin + REPLIES)
    show_right("the first one, still running, after: mhctl apply, with  replies: [{ cgroup: all }]", PLAIN_PORT,
               net.client)


def tally_udp(client, addresses):
    answers = ask.udp_many(client, addresses, WHO_PORT).values()
    return sum(1 for answer in answers if answer and answer.right and asked_of(answer.data) == answer.asked)


def tally_tcp(client, addresses):
    answers = ask.tcp_many(client, addresses, WHO_PORT)
    return sum(1 for address, data in answers.items() if isinstance(data, bytes) and asked_of(data) == address)


def asked_of(data):
    """The address that the service says it was asked at; None when its answer is no such line."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(ask.whoami(data).get("asked", "")))
    return None


def show_tally(client):
    """Asks many random addresses by UDP and TCP; raises Broken unless each was right."""
    title(f"random addresses asked at port {WHO_PORT}       UDP                TCP")
    for claim in CLAIMS:
        count = min(scaled(300), ipaddress.ip_network(claim).num_addresses)
        addresses = ask.random_addresses(claim, count)
        since = time.monotonic()
        udp, tcp = tally_udp(client, addresses), tally_tcp(client, addresses)
        paint = STYLE.good if udp == tcp == count else STYLE.bad
        took = STYLE.faint(f"{time.monotonic() - since:.1f} s")
        counts = paint(f"{udp} of {count} right   {tcp} of {count} right")
        say(f"  {claim:<20} {count:>4}       {counts}   {took}")
        if udp != count or tcp != count:
            raise Broken(f"{claim}: {count - udp} wrong or lost by UDP, {count - tcp} by TCP")


def answer_line(client, words):
    """The prompt's `ask ADDRESS [PORT]`."""
    if not 1 <= len(words) <= 2 or not words[-1].isdecimal() and len(words) == 2:
        say("ask ADDRESS [PORT]; for instance: ask 2001:db8:1:1::cafe")
        return
    address, port = words[0], int(words[1]) if len(words) > 1 else WHO_PORT
    answer = ask.udp(client, address, port)
    if answer:
        verdict = STYLE.good("right") if answer.right else STYLE.bad("WRONG")
        say(f"udp, from {answer.source} ({verdict}): {answer.data.decode(errors='replace').strip()}")
    else:
        say(STYLE.bad("udp: no answer"))
    say(f"tcp: {ask.tcp(client, address, port).decode(errors='replace').strip()}")


def run_line(net, environment, line):
    """Does what was typed. Returns false when that was to end."""
    words = line.split()
    if words[0] in ("quit", "exit"):
        return False
    if words[0] == "help":
        say(HELP)
    elif words[0] == "ask":
        try:
            answer_line(net.client, words[1:])
        except (OSError, ValueError, OverflowError) as error:
            say(STYLE.bad(str(error)))
    else:
        node = net.client if words[0] == "client" else net.host
        command = line.split(None, 1)[1:] if node is net.client else [line]
        with contextlib.suppress(KeyboardInterrupt), node.inside():
            subprocess.call(["/bin/sh", "-c", *(command or ["true"])], env=environment)
    return True


def prompt(net, daemon):
    """Reads lines until there are no more."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (its import is what gives input() a history)
    environment = {**os.environ, "MULTIHOMED_SOCKET": str(daemon.socket),
                   "PATH": f"{MHCTL.parent}:{MULTIHOMED.parent}:{os.environ['PATH']}"}
    title("the lab stays up; type")
    say(HELP)
    while True:
        line = input("host> " if sys.stdin.isatty() else "").strip()
        if line and not run_line(net, environment, line):
            return


def show_names():
    """Names that lead to the nearest live server, in a lab of their own."""
    if not resolvers.available(anycast.RESOLVER):
        say(STYLE.faint(f"  (names that lead to the nearest server need {anycast.RESOLVER} of Debian, not to be had)"))
        return
    with Lab("anycast") as lab:
        if not anycast.show(lab, say, title, STYLE):
            raise Broken("the resolver was not led to the nearest server")


def show(net, daemon):
    show_plan(daemon)
    show_programs(net, daemon)
    show_right(f"the built-in whoami service, port {WHO_PORT}", WHO_PORT, net.client)
    show_tally(net.client)
    show_names()


def main():
    parser = argparse.ArgumentParser(description="multihomed at work in a private lab of network namespaces")
    parser.add_argument("--once", action="store_true", help="end by itself, without a prompt")
    arguments = parser.parse_args()
    # Whoever ends us so gets the same clean-up as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if os.geteuid() != 0:
        sys.exit("make run needs root (network namespaces); try: sudo make run")
    if not MULTIHOMED.exists():
        sys.exit(f"{MULTIHOMED} is missing; `make run` builds it")
    if not shutil.which("ip"):
        sys.exit("the command `ip` is missing (Debian package iproute2)")
    try:
        with Lab("demo") as lab:
            say(STYLE.title("a private lab; your own network is not touched"))
            say(DRAWING)
            net = topology.routed(lab, CLAIMS)
            daemon = Daemon(net.host, "builtin").start()
            show(net, daemon)
            if not arguments.once:
                prompt(net, daemon)
            daemon.stop()
    except (EOFError, KeyboardInterrupt):
        say()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)	# nobody reads on; the end must not stumble over it again
    except (Broken, AssertionError) as error:
        sys.exit(STYLE.bad(str(error)))


if __name__ == "__main__":
    main()
