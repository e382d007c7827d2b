# SPDX-License-Identifier: GPL-3.0-or-later
"""What every lab test gets: a lab of its own, gone afterwards, and daemons that no sanitizer complains of."""

import os
import signal
import sys

import pytest

import daemon as daemons
import replies
import topology
from lab import Lab


def pytest_configure(config):
    config.addinivalue_line("markers", "stock: also run on Debian's stock kernel, which is slow under emulation")
    # What is started from here ends with SIGINT, also when we were started in the background, where it is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Whoever ends us with SIGTERM gets the same clean-up as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def pytest_collection_modifyitems(items):
    """Without root there is nothing to see; without binaries there is everything to build."""
    reason = None
    if os.geteuid() != 0:
        reason = "needs root, to make network namespaces"
    elif not daemons.MULTIHOMED.exists():
        pytest.exit(f"{daemons.MULTIHOMED} is missing: build first, or point MH_BUILD at a build folder", 2)
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def lab(request):
    what = request.module.__name__.removeprefix("test_")[:12].replace("-", "")
    with Lab(what) as lab:
        yield lab


@pytest.fixture
def net(lab):
    """The routed network: client, router, host with two links."""
    return topology.routed(lab)


@pytest.fixture
def daemon(lab):
    """Makes daemons: daemon(node, config) starts one; all are looked over at the end."""
    made = []

    def make(node, config, start=True, **options):
        one = daemons.Daemon(node, config, **options)
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        if one.process and one.process.running():
            one.process.stop(60)
        one.check()


@pytest.fixture
def cgroup():
    """A control group of the lab's own, for servers whose replies are mended."""
    with replies.Cgroup() as cgroup:
        yield cgroup
