# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages on what we believe of Linux: each asserts something that the code leans on, on the kernel that runs.

They use the labs' namespaces, and nothing of multihomed itself.
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))

from lab import Lab  # noqa: E402  (the path above leads to it)


def pytest_configure(config):
    config.addinivalue_line("markers", "stock: also run on Debian's stock kernel, which is slow under emulation")


def pytest_collection_modifyitems(items):
    for item in items:
        if os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root, to make network namespaces"))


class Pair:
    """A host, and a neighbour of it on one cable.

        n  n0 ------------------- h0  h
           192.0.2.2              192.0.2.1
           2001:db8::2            2001:db8::1
    """

    def __init__(self, lab):
        self.host = lab.node("h")
        self.neighbour = lab.node("n")
        lab.link(self.host, "h0", self.neighbour, "n0")
        for node, link, last in ((self.host, "h0", 1), (self.neighbour, "n0", 2)):
            node.ip("address", "add", f"192.0.2.{last}/24", "dev", link)
            node.ip("address", "add", f"2001:db8::{last}/64", "dev", link, "nodad")
        for node in (self.host, self.neighbour):
            node.wait_addresses()

    def claim(self, prefix, *by):
        """Makes a prefix local on the host, and the neighbour send it there."""
        self.host.ip("route", "add", "local", prefix, "dev", "lo", "table", "local", *by)
        self.neighbour.ip("route", "add", prefix, "via", "2001:db8::1" if ":" in prefix else "192.0.2.1")


@pytest.fixture
def pair(request):
    with Lab("kernel") as lab:
        yield Pair(lab)


@pytest.fixture
def host(request):
    """A host alone, with a link h0 (192.0.2.1/24, 2001:db8::1/64) whose other end it holds itself."""
    with Lab("kernel") as lab:
        node = lab.node("h")
        node.ip_batch(("link add h0 type veth peer name other", "link set h0 up", "link set other up",
                       "address add 192.0.2.1/24 dev h0", "address add 2001:db8::1/64 dev h0 nodad"))
        node.wait_addresses()
        yield node
