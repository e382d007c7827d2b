# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified servers of Debian on a host with several addresses: what their clients see.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel answers from the
                                      address of eth1 when it is left to choose (topology.Routed)

The programs, how they are asked, and what each of them does wrong: programs.py.
"""

import pytest

import topology
from programs import PROGRAMS

every_program = pytest.mark.parametrize("name", PROGRAMS)


@every_program
def test_a_program_without_help_answers_as_it_is_known_to(lab, name):
    net = topology.routed(lab)
    net.host.ip("route", "add", "local", topology.CLAIM4, "dev", "lo")
    net.host.ip("-6", "route", "add", "local", topology.CLAIM6, "dev", "lo")
    program = PROGRAMS[name]
    program.start(net.host, name)
    assert program.seen(net.client) == program.expected
