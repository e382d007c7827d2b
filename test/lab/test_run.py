# SPDX-License-Identifier: GPL-3.0-or-later
"""`make run` shows what it says, and leaves nothing.

    the lab of demo/run.py, seen from outside
"""

import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from daemon import BUILD, REPOSITORY
from lab import own_namespaces, patience, wait_until
from process import Process

RUN = [sys.executable, str(REPOSITORY / "demo/run.py")]
ENVIRONMENT = {**os.environ, "MH_BUILD": str(BUILD)}


@pytest.fixture
def untouched():
    """Checks that the test leaves the namespaces and this machine's own network as they were."""
    def own():
        return [subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in (
            ["ip", "route", "show", "table", "all"], ["ip", "-6", "route", "show", "table", "all"],
            ["ip", "-br", "link"], ["ip", "rule"])]

    namespaces, network = own_namespaces(), own()
    yield
    assert {name for name in own_namespaces() - namespaces if "-demo-" in name} == set()
    assert own() == network


def namespaces_of(pid):
    return {name for name in own_namespaces() if f"-demo-{pid}-" in name}


def test_run_once_shows_the_plan_the_difference_and_the_tally(untouched):
    done = subprocess.run([*RUN, "--once"], capture_output=True, text=True, env=ENVIRONMENT, timeout=patience(120))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout
    assert "+ route local 198.51.100.0/24" in shown and "+ route local 2001:db8:1:1::/64" in shown
    assert len(re.findall(r"answered from 10\.0\.2\.2 .*WRONG", shown)) == 1
    assert len(re.findall(r"answered from 2001:db8:a2::2 .*WRONG", shown)) == 1
    for address in ("198.51.100.7", "2001:db8:1:1::7"):
        assert len(re.findall(rf"asked {address} +answered from {address} +right", shown)) == 3
    tallies = re.findall(r"(\d+) of (\d+) right +(\d+) of (\d+) right", shown)
    assert len(tallies) == 2 and all(len(set(tally)) == 1 for tally in tallies)
    assert re.search(r"auckland's web server dies; +(chicago|london) after \d", shown)
    assert re.search(r"it is started again; +auckland after \d", shown)
    assert len(shown.splitlines()) <= 44, "it fits a screen"
    assert "\033[" not in shown, "no colour where there is no terminal"


def test_the_prompt_runs_commands_in_the_lab(untouched):
    lines = ["mhctl status", "ask 2001:db8:1:1::cafe", "ip route show table local proto 109",
             "ip route flush table local proto 109", "ask 198.51.100.99", "client ip -br address", "mhctl frobnicate",
             "ask nonsense", "ask ::1 99999", "ask", "help", "quit"]
    done = subprocess.run(RUN, input="\n".join(lines) + "\n", capture_output=True, text=True, env=ENVIRONMENT,
                          timeout=patience(120))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.split("the lab stays up")[1]
    assert "from 2001:db8:1:1::cafe (right): asked=2001:db8:1:1::cafe" in shown
    assert "from 198.51.100.99 (right)" in shown, "what was flushed is back"
    assert "local 198.51.100.0/24 dev lo" in shown
    assert "192.0.2.2/24" in shown, "`client` is the client"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_a_signal_it_leaves_nothing(untouched, how):
    terminal, end = pty.openpty()
    demo = Process(RUN, stdin=end, env=ENVIRONMENT)
    os.close(end)
    try:
        demo.wait_line("the lab stays up", patience(60))
        assert namespaces_of(demo.pid)
        demo.signal(how)
        demo.wait(60)
        assert namespaces_of(demo.pid) == set()
    finally:
        demo.end()
        os.close(terminal)


def test_killed_outright_the_next_run_cleans_up(untouched):
    terminal, end = pty.openpty()
    demo = Process(RUN, stdin=end, env=ENVIRONMENT)
    os.close(end)
    try:
        demo.wait_line("the lab stays up", patience(60))
        demo.end()
        left = namespaces_of(demo.pid)
        assert left, "nothing could clean up yet"
        subprocess.run([*RUN, "--once"], capture_output=True, check=True, env=ENVIRONMENT, timeout=patience(120))
        wait_until(lambda: not namespaces_of(demo.pid), what="the namespaces of the killed run to go")
    finally:
        demo.end()
        os.close(terminal)


def test_without_root_it_says_what_to_type():
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    readable = subprocess.run([*nobody, "test", "-r", RUN[1]], check=False).returncode == 0
    if not readable:
        pytest.skip("nobody may not read this checkout")
    done = subprocess.run([*nobody, *RUN, "--once"], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode != 0
    assert done.stderr.strip() == "make run needs root (network namespaces); try: sudo make run"
