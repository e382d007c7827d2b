# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbours that are known beforehand, and links that hear solicitations for others: what src/host/ leans on.

        n  n0 ------------------- h0  h
           192.0.2.2              192.0.2.1
           2001:db8::2            2001:db8::1
"""

import pytest

from lab import wait_until

pytestmark = pytest.mark.stock

LEARNED = ("dev", "h0", "nud", "none", "extern_learn", "protocol", "109")
BOTH = ("192.0.2.2", "2001:db8::2")
GROUP = "100::1:ff00:7/128"


def entry(node, address):
    """The line of `ip neigh`, or nothing."""
    return " ".join(node.ip("-d", "neigh", "show", address, "dev", "h0").split())


def ping(node, address, count=1):
    return node.run("ping", "-c", str(count), "-W", "1", address, check=False).returncode == 0


def joins(node, group="ff02::1:ff00:7"):
    return group in node.ip("maddr", "show", "dev", "h0")


@pytest.mark.parametrize("address", BOTH)
def test_a_learned_entry_resolves_with_the_first_packet_and_bears_our_mark(pair, address):
    pair.host.ip("neigh", "add", address, *LEARNED)
    assert entry(pair.host, address) == f"{address} extern_learn proto 109"
    assert ping(pair.host, address)
    assert "lladdr" in entry(pair.host, address)
    assert "extern_learn" in entry(pair.host, address) and "proto 109" in entry(pair.host, address)


def test_learned_and_permanent_entries_do_not_fill_the_table(pair):
    pair.host.ip("address", "add", "10.0.0.1/16", "dev", "h0")
    pair.host.ip_batch(f"neigh add 10.0.{i >> 8}.{i & 255} {' '.join(LEARNED)}" for i in range(256, 2356))
    pair.host.ip_batch(f"neigh add 10.0.{i >> 8}.{i & 255} dev h0 lladdr 02:00:00:00:00:01 protocol 109"
                       for i in range(4096, 6196))
    assert pair.host.ip("-s", "neigh", "show", "dev", "h0").count("proto 109") == 4200
    assert ping(pair.host, "192.0.2.2")


def test_of_a_link_without_carrier_only_permanent_entries_stay(pair):
    pair.host.ip("neigh", "add", "192.0.2.7", *LEARNED)
    pair.host.ip("neigh", "add", "192.0.2.8", "dev", "h0", "lladdr", "02:00:00:00:00:08", "protocol", "109")
    pair.neighbour.ip("link", "set", "n0", "down")
    wait_until(lambda: not entry(pair.host, "192.0.2.7"))
    assert "PERMANENT" in entry(pair.host, "192.0.2.8")
    # It may be written there all the same.
    pair.host.ip("neigh", "add", "192.0.2.7", *LEARNED)
    pair.neighbour.ip("link", "set", "n0", "up")
    wait_until(lambda: "state UP" in pair.host.ip("link", "show", "h0"))
    assert "extern_learn" in entry(pair.host, "192.0.2.7")


def test_a_learned_entry_that_fails_stays_and_is_tried_again(pair):
    pair.host.ip("neigh", "add", "192.0.2.7", *LEARNED)
    assert not ping(pair.host, "192.0.2.7")
    wait_until(lambda: "FAILED" in entry(pair.host, "192.0.2.7"))
    assert "extern_learn" in entry(pair.host, "192.0.2.7")
    pair.neighbour.ip("address", "add", "192.0.2.7/32", "dev", "n0")
    assert ping(pair.host, "192.0.2.7")


def test_a_deprecated_address_joins_the_group_of_its_last_bits_and_is_no_source(pair):
    pair.host.ip("address", "add", GROUP, "dev", "h0", "nodad", "noprefixroute", "preferred_lft", "0")
    wait_until(lambda: joins(pair.host), what="the group to be joined")
    assert "src 2001:db8::1" in pair.host.ip("route", "get", "2001:db8::2")
    assert not [line for line in pair.host.ip("-6", "route", "show").splitlines() if line.startswith("100:")]
    pair.host.ip("link", "set", "h0", "down")
    pair.host.ip("address", "add", GROUP, "dev", "h0", "nodad", "noprefixroute", "preferred_lft", "0")
    pair.host.ip("link", "set", "h0", "up")
    wait_until(lambda: joins(pair.host), what="the group to be joined")
    pair.host.ip("address", "del", GROUP, "dev", "h0")
    assert not joins(pair.host)


def test_an_address_of_a_group_itself_is_refused_once_the_link_was_down(pair):
    """Why it is not taken for that."""
    pair.host.ip("address", "add", "ff02::1:ff00:7/128", "dev", "h0", "autojoin", "nodad")
    pair.host.ip("link", "set", "h0", "down")
    pair.host.ip("link", "set", "h0", "up")
    wait_until(lambda: joins(pair.host), what="the group to be joined")
    assert "ff02::1:ff00:7" not in pair.host.ip("-6", "address", "show", "dev", "h0")
    again = pair.host.run("ip", "address", "add", "ff02::1:ff00:7/128", "dev", "h0", "autojoin", "nodad", check=False)
    assert again.returncode != 0


def test_allmulti_is_shown_as_it_was_asked_for_by_hand(pair):
    """Not as the kernel needs it: a macvlan that takes all of it raises the count of the link below."""
    pair.host.ip("link", "add", "m0", "link", "h0", "type", "macvlan", "mode", "bridge")
    pair.host.ip("link", "set", "m0", "up", "allmulticast", "on")
    assert "ALLMULTI" in pair.host.ip("link", "show", "m0")
    assert "ALLMULTI" not in pair.host.ip("link", "show", "h0")
    assert "allmulti 1" in pair.host.ip("-d", "link", "show", "h0")
    pair.host.ip("link", "set", "h0", "allmulticast", "on")
    assert "ALLMULTI" in pair.host.ip("link", "show", "h0")
    pair.host.ip("link", "set", "h0", "allmulticast", "off")
    assert "ALLMULTI" not in pair.host.ip("link", "show", "h0")
    assert "allmulti 1" in pair.host.ip("-d", "link", "show", "h0")
