# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks as a whole: events of the host, decisions by hand, the death of who checks.

    client ---- router ==== host      topology.Routed
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from daemon import mhctl
from lab import wait_until

HOURLY = "every: 1h, jitter: 0, rise: 1, fall: 1"


def states(one):
    return {check["name"]: check for check in one.status("checks").expect(0)["features"]["checks"]["checks"]}


def wait_state(one, name, state, words=""):
    """Waits for the check to be so, for that reason."""
    def is_so():
        check = states(one)[name]
        return check.get("state") == state and words in check["reason"]
    wait_until(is_so, what=f"{name} to be {state}; it is {states(one)[name]}")
    return states(one)[name]


@contextlib.contextmanager
def listening(node, address, port, kind=socket.SOCK_STREAM):
    with node.inside():
        server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        if kind == socket.SOCK_STREAM:
            server.listen()
    with server:
        yield server


def test_a_port_that_closes_is_seen_at_once(net, daemon):
    config = ("checks:\n  tcp: { port: { tcp: 8080 } }\n  six: { port: { tcp: 8081, address: \"::1\" } }\n"
              "  udp: { port: { udp: 8053, address: 127.0.0.1 } }\n  all: { all: [tcp, udp] }\n")
    with listening(net.host, "127.0.0.1", 8080) as server, \
            listening(net.host, "::", 8081), \
            listening(net.host, "0.0.0.0", 8053, socket.SOCK_DGRAM):
        one = daemon(net.host, config)
        watch = one.watch()
        wait_state(one, "all", "up", "all are up")
        wait_state(one, "six", "up", "somebody listens on port 8081")
        server.close()
        wait_state(one, "tcp", "down", "nobody listens on port 8080")
        wait_state(one, "all", "down", "tcp is down")
        wait_until(lambda: any("check tcp is down" in line for line in watch.lines), what="the event")
        with listening(net.host, "0.0.0.0", 8080):
            wait_state(one, "all", "up")
    wait_state(one, "udp", "down")
    one.stop()


def ports_of(one):
    """How this daemon sees that a port opens, and how often it looked."""
    return one.feature("checks")["ports"][0]


def bpf_links():
    """All BPF links of this host, by number."""
    done = subprocess.run(["bpftool", "link", "show", "-j"], check=True, capture_output=True, text=True)
    return {link["id"] for link in json.loads(done.stdout or "[]")}


def links_held(one):
    """Those that this daemon holds."""
    told = "".join(path.read_text() for path in pathlib.Path(f"/proc/{one.pid}/fdinfo").iterdir())
    return {int(number) for number in re.findall(r"^link_id:\t(\d+)$", told, re.M)}


PORTS = ("checks:\n  tcp4: { port: { tcp: 8080, address: 192.0.2.77 } }\n"
         "  tcp6: { port: { tcp: 8081, address: \"::1\" } }\n"
         "  udp4: { port: { udp: 8053, address: 127.0.0.1 } }\n  udp6: { port: { udp: 8054, address: \"::1\" } }\n")
OPENED = {"tcp4": ("192.0.2.77", 8080, socket.SOCK_STREAM), "tcp6": ("::1", 8081, socket.SOCK_STREAM),
          "udp4": ("127.0.0.1", 8053, socket.SOCK_DGRAM), "udp6": ("::1", 8054, socket.SOCK_DGRAM)}


def flip_all(one):
    for name, opened in OPENED.items():
        wait_state(one, name, "down")
        with listening(one.node, *opened) as server:
            wait_state(one, name, "up")
            # The socket stays, but nobody is let in any more.
            if opened[2] == socket.SOCK_STREAM:
                server.shutdown(socket.SHUT_RD)
                wait_state(one, name, "down")
        wait_state(one, name, "down")


@pytest.mark.stock
def test_a_port_that_opens_is_seen_without_looking_for_it(net, daemon):
    net.host.ip("address", "add", "192.0.2.77/32", "dev", "lo")
    one = daemon(net.host, PORTS)
    assert ports_of(one)["opened"] == "events", ports_of(one)
    wait_state(one, "udp6", "down")
    # That nothing happens is no event to wait for. By looking it would be five times in this second.
    before = ports_of(one)["looks"]
    time.sleep(1)
    assert ports_of(one)["looks"] <= before + 2
    flip_all(one)
    held = links_held(one)
    assert len(held) == 3 and held <= bpf_links()
    one.kill()
    wait_until(lambda: not held & bpf_links(), what="the kernel to take its links away")
    one.start()
    assert ports_of(one)["opened"] == "events"
    one.apply("checks:\n  udp: { port: { udp: 8053 } }\n")
    assert len(links_held(one)) == 2, "IPv4 and IPv6"
    one.apply("checks:\n  file: { file: /etc }\n")
    assert not links_held(one) and "ports" not in one.feature("checks")
    one.apply(PORTS)
    held = links_held(one)
    one.stop()
    assert held
    wait_until(lambda: not held & bpf_links(), what="the kernel to take its links away")


@pytest.mark.stock
def test_without_bpf_a_port_that_opens_is_looked_for_and_that_is_told(net, daemon):
    net.host.ip("address", "add", "192.0.2.77/32", "dev", "lo")
    one = daemon(net.host, PORTS, start=False)
    one.start(before=["setpriv", "--bounding-set=-bpf,-sys_admin"])
    told = ports_of(one)["opened"]
    assert told.startswith("looked for five times a second: ") and "CAP_BPF" in told, told
    before = ports_of(one)["looks"]
    wait_until(lambda: ports_of(one)["looks"] > before + 2, what="it to be looked for")
    flip_all(one)
    one.stop()


def test_a_file_is_seen_to_come_and_go_whatever_happens_above_it(net, daemon):
    folder = net.host.lab.folder / "watched"
    path = folder / "deep" / "flag"
    one = daemon(net.host, f"checks:\n  there: {{ file: {path} }}\n  gone: {{ file: {path}, absent: yes }}\n")
    wait_state(one, "there", "down", "the file is not there")
    wait_state(one, "gone", "up")
    path.parent.mkdir(parents=True)
    path.write_text("")
    wait_state(one, "there", "up", "the file is there")
    wait_state(one, "gone", "down")
    path.parent.rename(folder / "elsewhere")
    wait_state(one, "there", "down")
    (folder / "elsewhere").rename(path.parent)
    wait_state(one, "there", "up")
    path.unlink()
    wait_state(one, "there", "down")
    one.stop()


def test_a_port_of_ipv6_alone_is_not_one_of_ipv4(net, daemon):
    config = ("checks:\n  four: { port: { tcp: 8080, address: 127.0.0.1 } }\n"
              "  six: { port: { tcp: 8080, address: \"::1\" } }\n")
    one = daemon(net.host, config)
    with net.host.inside():
        server = socket.socket(socket.AF_INET6)
    with server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind(("::", 8080))
        server.listen()
        wait_state(one, "six", "up")
        wait_state(one, "four", "down", "nobody listens on port 8080")
    with listening(net.host, "::ffff:127.0.0.1", 8080):
        wait_state(one, "four", "up")
        wait_state(one, "six", "down")


def test_a_process_that_ends_is_seen(net, daemon):
    path = net.host.lab.folder / "program.pid"
    first, second = (subprocess.Popen(["sleep", "1000"]) for _ in range(2))
    one = daemon(net.host, f"checks:\n  program: {{ process: {{ pid-file: {path} }} }}\n")
    wait_state(one, "program", "down", "there is no pid file")
    path.write_text(f"{first.pid}\n")
    wait_state(one, "program", "up", f"process {first.pid} lives")
    first.kill()
    wait_state(one, "program", "down", "has ended")
    path.write_text(f"{second.pid}\n")
    wait_state(one, "program", "up", f"process {second.pid} lives")
    path.write_text("none\n")
    wait_state(one, "program", "down", "no number")
    # Whoever may write the folder could stop the daemon by a file that never begins.
    path.unlink()
    os.mkfifo(path)
    wait_state(one, "program", "down", "not a regular file")
    one.stop()
    second.kill()
    assert first.wait() and second.wait()


def test_a_link_that_loses_its_carrier_is_seen(net, daemon):
    one = daemon(net.host, "checks:\n  wire: { carrier: eth0 }\n  none: { carrier: eth77 }\n")
    wait_state(one, "wire", "up", "the link is up")
    wait_state(one, "none", "down", "there is no such link")
    net.host.ip("link", "set", "eth0", "down")
    wait_state(one, "wire", "down", "the link is down")
    net.host.ip("link", "set", "eth0", "up")
    wait_state(one, "wire", "up")
    one.stop()


def test_what_was_decided_by_hand_outlives_the_daemon(net, daemon):
    with listening(net.host, "127.0.0.1", 8080):
        one = daemon(net.host, "checks:\n  web: { tcp: \"127.0.0.1:8080\", every: 100ms }\n"
                               "  site: { any: [web] }\n")
        wait_state(one, "site", "up")
        mhctl(net.host, "checks", "drain", "web", socket=one.socket).expect(0)
        wait_state(one, "site", "down", "web is down")
        assert not states(one)["web"]["usable"] and states(one)["web"]["state"] == "up"
        listed = mhctl(net.host, "checks", socket=one.socket).expect(0).out
        assert "drained" in listed and "measured: up" in listed, listed
        one.kill()
        one.start()
        wait_state(one, "web", "up")
        wait_state(one, "site", "down")
        assert states(one)["web"]["hand"] == "drained"
        mhctl(net.host, "checks", "auto", "web", socket=one.socket).expect(0)
        wait_state(one, "site", "up")
        mhctl(net.host, "checks", "force-down", "site", socket=one.socket).expect(0)
        assert not states(one)["site"]["usable"]
        mhctl(net.host, "checks", "auto", "site", socket=one.socket).expect(0)
        wrong = mhctl(net.host, "checks", "drain", "wbe", socket=one.socket).expect(2)
        assert "there is no check 'wbe'" in wrong.errors
    one.stop()


def test_a_worker_that_is_killed_leaves_what_it_said_old(net, daemon):
    with listening(net.host, "127.0.0.1", 8080):
        ways = {"keeps": "keep", "falls": "down", "rises": "up"}
        lines = "".join(f"  {name}: {{ tcp: \"127.0.0.1:8080\", {HOURLY}, when-old: {way} }}\n"
                        for name, way in ways.items())
        one = daemon(net.host, "checks:\n" + lines)
        for name in ways:
            wait_state(one, name, "up")
        pid = one.worker()
        watch = one.watch()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: any("checks worker died" in line for line in watch.lines), what="the death to be told")
        # The next one knows as soon as it has asked once.
        for name in ways:
            wait_until(lambda name=name: not states(one)[name]["old"] and states(one)[name]["usable"],
                       what=f"{name} to be known again")
        assert one.worker() != pid
        # One that stands still is ended, and what it said is old meanwhile.
        os.kill(one.worker(), signal.SIGSTOP)
        stopped = one.worker()
        wait_until(lambda: stopped not in one.children(), 30, "the worker that stands still to be ended")
    one.stop()


def test_what_is_old_means_what_the_file_says(net, daemon):
    ways = {"keeps": "keep", "falls": "down", "rises": "up"}
    lines = "".join(f"  {name}: {{ tcp: \"127.0.0.1:8080\", every: 1h, when-old: {way} }}\n"
                    for name, way in ways.items())
    with listening(net.host, "127.0.0.1", 8080):
        one = daemon(net.host, "checks:\n" + lines)
        for name in ways:
            wait_state(one, name, "up")
    # One refusal of three tells the next worker nothing yet, and the next probe is minutes away.
    os.kill(one.worker(), signal.SIGKILL)
    wait_until(lambda: all(states(one)[name]["old"] for name in ways), what="all of it to be old")
    assert {name: states(one)[name]["usable"] for name in ways} == {"keeps": True, "falls": False, "rises": True}
    one.stop()


def test_many_that_go_down_at_once_are_a_few_lines_in_the_log_and_all_to_who_watches(net, daemon, tmp_path):
    door = tmp_path / "door"
    door.touch()
    many = "".join(f"  c{number}: {{ all: [door] }}\n" for number in range(100))
    one = daemon(net.host, f"checks:\n  door: {{ file: {door} }}\n{many}")
    wait_state(one, "c99", "up")
    time.sleep(1.1)		# the lines of a second are counted together
    watch = one.watch()
    before = len(one.log())
    door.unlink()
    wait_until(lambda: sum(" is down" in line for line in watch.lines) >= 101, what="an event for each")
    rest = "81 more checks went up or down"
    wait_until(lambda: any(rest in line for line in one.log()), 15, "the number of the rest")
    assert sum(" is down" in line for line in one.log()[before:]) == 20
    one.stop()
