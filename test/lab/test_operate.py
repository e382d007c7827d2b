# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and service managers see of the daemon from day to day.

    client ---- router ==== host      topology.Routed
"""

import contextlib
import json
import os
import signal
import socket
import subprocess

import pytest

import ask
from configuration import CLAIMED, ECHO_PORT, SERVED, SEVENTH, claims
from daemon import MHCTL
from lab import wait_until
from topology import CLAIM4, CLAIM6


def events_of(watch):
    return [json.loads(line) for line in watch.lines]


def wait_event(watch, event, words):
    """Waits for an event of that kind that says so."""
    wait_until(lambda: any(one["event"] == event and words in one["text"] for one in events_of(watch)),
               what=f"an event {event!r} with {words!r}; there were {watch.lines}")


def test_watch_tells_what_happens_as_it_happens(net, daemon):
    one = daemon(net.host, SERVED)
    watch = one.watch()
    one.apply(claims(["203.0.113.0/24"]))
    wait_event(watch, "apply", "in force")
    one.apply(SERVED)
    net.host.ip("link", "set", "eth1", "down")
    wait_event(watch, "link", "eth1")
    os.kill(one.worker(), signal.SIGKILL)
    wait_event(watch, "worker", "services")
    net.host.ip("route", "del", "local", CLAIM4, "table", "local")
    wait_event(watch, "drift", CLAIM4)
    assert all(abs(event["time"] - events_of(watch)[0].get("time", event["time"])) < 600
               for event in events_of(watch) if "time" in event)


def test_two_watchers_hear_the_same_and_neither_hears_the_past(net, daemon):
    one = daemon(net.host, CLAIMED)
    one.apply(claims(["203.0.113.0/24"]))
    first, second = one.watch(), one.watch()
    one.apply(claims(["10.99.0.0/24"]))
    for watch in (first, second):
        wait_event(watch, "apply", "generation 3")
        assert not any("generation 2" in event.get("text", "") for event in events_of(watch))


def test_watch_ends_when_the_daemon_does(net, daemon):
    one = daemon(net.host, CLAIMED)
    watch = one.watch()
    one.stop()
    assert watch.wait() != 0


@contextlib.contextmanager
def service_manager(one):
    """A socket as systemd gives one (sd_notify(3)); yields a function that waits for a word on it."""
    path = one.socket.with_name("notify.sock")
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(path))
        sock.setblocking(False)

        def hear(word):
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard.extend(sock.recv(4096).decode().splitlines())
            return word in heard

        yield {**os.environ, "NOTIFY_SOCKET": str(path)}, hear


def test_the_service_manager_is_told(net, daemon):
    one = daemon(net.host, CLAIMED, start=False)
    with service_manager(one) as (environment, hear):
        one.launch(env=environment)
        wait_until(lambda: hear("READY=1"), what="READY=1")
        assert len(net.host.ours()) == 2, "ready means that the first plan is in force"
        one.hangup()
        wait_until(lambda: hear("RELOADING=1"), what="RELOADING=1")
        one.process.signal(signal.SIGTERM)
        wait_until(lambda: hear("STOPPING=1"), what="STOPPING=1")
        assert one.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(net, daemon, number):
    before = net.host.snapshot()
    one = daemon(net.host, SERVED)
    one.process.signal(number)
    assert one.process.wait() == 0
    assert net.host.snapshot() == before
    assert not one.socket.exists()


def test_a_socket_that_a_killed_daemon_left_is_no_obstacle(net, daemon):
    one = daemon(net.host, CLAIMED)
    one.kill()
    assert one.socket.exists()
    assert one.ctl("status").exit != 0
    one.start()
    assert one.status()["pid"] == one.pid


def test_all_roles_in_one_process_serve_the_same(net, daemon):
    one = daemon(net.host, SERVED, words=["--one"])
    assert one.children() == []
    for address in SEVENTH.values():
        assert ask.udp(net.client, address, ECHO_PORT).right
        assert ask.tcp_echoes(net.client, address)
    assert one.service("echo")["asked"] == 4
    one.stop()
    assert net.host.ours() == []


def test_the_socket_may_be_named_in_the_environment(net, daemon):
    one = daemon(net.host, CLAIMED)
    done = net.host.run(MHCTL, "status", env={**os.environ, "MULTIHOMED_SOCKET": str(one.socket)})
    assert CLAIM6 in done.stdout


def test_a_configuration_may_come_from_standard_input(net, daemon):
    one = daemon(net.host, CLAIMED)
    with net.host.inside():
        done = subprocess.run([MHCTL, "-s", one.socket, "apply", "-"], input=b"prefixes:\n  - prefx: 1\n",
                              capture_output=True, check=False)
        assert done.returncode == 2 and b":2:5: error: " in done.stdout + done.stderr
        subprocess.run([MHCTL, "-s", one.socket, "apply", "-"], input=claims(["10.99.0.0/24"]).encode(),
                       capture_output=True, check=True)
    assert len(net.host.ours()) == 1


def test_the_builtin_configuration_can_be_printed_and_used_as_a_file(net, daemon):
    one = daemon(net.host, "builtin")
    printed = net.host.run(one.process.command[0], "--print-builtin").stdout
    assert one.plan(printed, expect=0).operations == []


def test_an_apply_while_another_waits_for_its_confirm_is_refused(net, daemon):
    one = daemon(net.host, CLAIMED)
    one.apply(claims(["203.0.113.0/24"]), "--confirm", "60s")
    reply = one.apply(claims(["10.99.0.0/24"]), expect=1)
    assert "confirm" in reply["error"]
    one.ctl("confirm", expect=0)
    one.apply(claims(["10.99.0.0/24"]))
