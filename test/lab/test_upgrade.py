# SPDX-License-Identifier: GPL-3.0-or-later
"""A new version takes the place of the running one while clients ask.

    client ---- router ==== host      topology.Routed, as in test_faults.py
"""

import os
import re
import shutil

import pytest

import ask
from configuration import ECHO_PORT, SERVED, SEVENTH
from daemon import MHCTL, MULTIHOMED
from lab import scaled, wait_until
from test_faults import answered_since, judge, load
from topology import CLAIM4, CLAIM6


@pytest.fixture
def installed(net, daemon):
    """A daemon of a program of its own, which may be replaced."""
    one = daemon(net.host, SERVED, start=False)
    one.program = net.host.lab.copy(MULTIHOMED)
    return one.start()


def replace(one, text=None):
    """Puts another program where it was started from, as a package does: by a rename."""
    new = one.program.with_suffix(".new")
    if text is None:
        shutil.copy(MULTIHOMED, new)
    else:
        new.write_text(text)
    new.chmod(0o755)
    os.rename(new, one.program)


def is_replaced(one):
    """Whether what it executes is not what stands there any more."""
    return os.readlink(f"/proc/{one.pid}/exe") != str(one.program)


@pytest.mark.stock
def test_an_upgrade_under_load_loses_no_question_and_breaks_no_connection(net, installed):
    old_workers = installed.children()
    kept = [ask.tcp_connect(net.client, SEVENTH[claim], ECHO_PORT) for claim in (CLAIM4, CLAIM6)]
    with load(net) as loads:
        for _ in range(scaled(3)):
            answered_since(loads)
            replace(installed)
            assert is_replaced(installed)
            done = installed.ctl("upgrade", expect=0)
            assert re.search(r"multihomed \S+ runs now \(before: \S+\); nothing was closed", done.out)
            assert not is_replaced(installed)
            answered_since(loads)
    judge(loads, lossless=True)
    for connection in kept:
        connection.sendall(b"still there?")
        assert connection.recv(100) == b"still there?", "the connection is served by the worker that took it"
        connection.close()
    wait_until(lambda: len(installed.children()) == 1 and not set(old_workers) & set(installed.children()), 30,
               "the former workers to end with their connections")
    assert ask.tcp(net.client, SEVENTH[CLAIM6], ECHO_PORT, b"x") == b"x"


def test_what_was_known_is_known_after_an_upgrade(net, installed):
    assert ask.tcp(net.client, SEVENTH[CLAIM4], ECHO_PORT, b"x") == b"x"
    installed.apply(SERVED.replace("echo", "echo") + "\n# another generation\n")
    before = installed.status()
    replace(installed)
    installed.ctl("upgrade", expect=0)
    after = installed.status()
    assert after["generation"] == before["generation"] and after["pid"] == before["pid"]
    assert after["objects"]["desired"] == before["objects"]["desired"] == after["objects"]["in_place"]
    assert installed.service("echo")["asked"] >= 1, "counters go on"
    assert not installed.plan().operations
    installed.ctl("rollback", expect=0)
    assert installed.status()["generation"] < before["generation"], "the way back is there as well"
    installed.stop()


@pytest.mark.parametrize("text, why", [
    ("#!/bin/sh\necho 'links: this version knows no bonds' >&2\nexit 1\n", "knows no bonds"),
    ("no program at all", "cannot be executed"),
], ids=["refuses", "no-program"])
def test_a_program_that_would_not_take_over_changes_nothing(net, installed, text, why):
    replace(installed, text)
    workers = installed.children()
    done = installed.ctl("upgrade", expect=1)
    assert why in done.errors and "nothing was changed" in done.errors
    assert installed.children() == workers
    assert ask.tcp(net.client, SEVENTH[CLAIM6], ECHO_PORT, b"x") == b"x"


def test_an_upgrade_waits_for_nobody_who_has_to_confirm(net, installed):
    installed.apply(SERVED + "\n# tried\n", "--confirm", "60s")
    done = installed.ctl("upgrade", expect=1)
    assert "waits to be confirmed" in done.errors
    installed.ctl("rollback", expect=0)
    installed.ctl("upgrade", expect=0)


def test_signals_are_heard_after_an_upgrade(net, installed):
    installed.ctl("upgrade", expect=0)
    generation = installed.status()["generation"]
    installed.write(SERVED + "\n# read again\n")
    installed.hangup()
    wait_until(lambda: installed.status()["generation"] > generation, 10, "the file to be read again")
    installed.stop()
    assert net.host.run(MHCTL, "-s", installed.socket, "status", check=False).returncode != 0
    assert not installed.socket.exists()
