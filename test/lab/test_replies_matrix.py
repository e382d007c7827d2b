# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified servers of Debian on a host with several addresses: what their clients see, without help and with it.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel answers from the
                                      address of eth1 when it is left to choose (topology.Routed)

The programs, how they are asked, and what each of them does wrong: programs.py.
"""

import pytest

import replies
import topology
from configuration import CLAIMED
from daemon import MHCTL
from programs import PROGRAMS, RIGHT
from topology import CLAIM4, CLAIM6

# An IPv6 claim without nonlocal-bind, which is the default, so that nobody is helped.
BARE = f"""\
prefixes:
  - {{ prefix: {CLAIM6}, nonlocal-bind: false }}
  - {{ prefix: {CLAIM4} }}
"""


# Those that need no packages of their own, which the stock kernel's guest could not fetch.
STOCK = ("python socketserver", "socat listens")


def of_kind(*kinds):
    return pytest.mark.parametrize("name", [
        pytest.param(name, marks=pytest.mark.stock if name in STOCK else ())
        for name, program in PROGRAMS.items() if program.kind in kinds])


def all_right(program):
    return dict.fromkeys(program.expected, RIGHT)


def apply(daemon, text):
    daemon.write(text)
    daemon.ctl("apply", expect=0)


@of_kind("unconnected")
def test_a_program_that_sends_unconnected_is_mended_while_it_runs(net, daemon, cgroup, name):
    one, program = daemon(net.host, BARE), PROGRAMS[name]
    program.start(net.host, name, before=cgroup.enter)
    assert program.seen(net.client) == program.expected
    apply(one, replies.config(cgroup, claimed=BARE))
    assert program.seen(net.client) == all_right(program)


@of_kind("packet-information")
def test_a_program_that_uses_packet_information_is_mended_by_the_claim_while_it_runs(net, daemon, cgroup, name):
    one, program = daemon(net.host, BARE), PROGRAMS[name]
    program.start(net.host, name, before=cgroup.enter)
    assert program.seen(net.client) == program.expected
    apply(one, replies.config(cgroup, claimed=CLAIMED))
    assert program.seen(net.client) == all_right(program)


@of_kind("connects")
def test_a_program_that_connects_is_mended_when_mhctl_runs_it(net, daemon, cgroup, name):
    program = PROGRAMS[name]
    daemon(net.host, BARE)
    alone = program.start(net.host, name, before=cgroup.enter)
    assert program.seen(net.client) == program.expected
    alone.end()
    program.start(net.host, name, before=[*cgroup.enter, MHCTL, "run", "--"])
    assert program.seen(net.client) == all_right(program)


@of_kind("right", "lists-addresses")
def test_a_program_that_nobody_can_or_must_help_is_as_it_was(net, daemon, cgroup, name):
    one, program = daemon(net.host, BARE), PROGRAMS[name]
    program.start(net.host, name, before=cgroup.enter)
    assert program.seen(net.client) == program.expected
    apply(one, replies.config(cgroup, claimed=CLAIMED))
    assert program.seen(net.client) == program.expected
