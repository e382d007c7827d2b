# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: the engine, its workers, and whoever finds the control socket.

    client ---- router ==== host      topology.Routed
"""

import os
import stat

import pytest

import ask
from configuration import ECHO_PORT, SERVED, SEVENTH
from topology import CLAIM4


def status_of(pid, task):
    with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@pytest.mark.stock
def test_a_worker_has_no_rights_and_an_empty_root(net, daemon):
    worker = daemon(net.host, SERVED).worker()
    assert ask.udp(net.client, SEVENTH[CLAIM4], ECHO_PORT), "it serves, so it has given up what it had"
    for task in os.listdir(f"/proc/{worker}/task"):
        status = status_of(worker, task)
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[name], 16) == 0, f"{name} of thread {task}"
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        assert "0" not in status["Uid"].split() and "0" not in status["Gid"].split()
        assert status["Groups"].strip() == ""
    assert os.listdir(f"/proc/{worker}/root/") == []


@pytest.mark.stock
def test_the_engine_keeps_the_rights_that_it_needs_and_no_other(net, daemon):
    one = daemon(net.host, SERVED)
    status = status_of(one.pid, one.pid)
    kept = {number for number in range(64) if int(status["CapPrm"], 16) >> number & 1}
    # The list of src/io/sandbox.h, in the numbers of <linux/capability.h>.
    assert kept <= {5, 6, 7, 8, 10, 12, 13, 18, 38, 39}
    assert status["Seccomp"].strip() == "2"


def test_the_control_socket_is_not_for_everybody(net, daemon):
    one = daemon(net.host, SERVED)
    assert stat.S_IMODE(os.stat(one.socket).st_mode) & 0o007 == 0
    done = net.host.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                        "test", "-w", one.socket, check=False)
    assert done.returncode == 1
