# SPDX-License-Identifier: GPL-3.0-or-later
"""How Linux looks up rules and routes where that is not what one would think: what src/model/ leans on.

        h  h0 ---- other          h1 ---- other1
           192.0.2.1/24              203.0.113.1/24
           2001:db8::1/64            2001:db8:1::1/64
"""

import pytest

from lab import wait_until

pytestmark = pytest.mark.stock


@pytest.fixture
def two(host):
    """The host with a second link."""
    host.ip_batch(("link add h1 type veth peer name other1", "link set h1 up", "link set other1 up",
                   "address add 203.0.113.1/24 dev h1", "address add 2001:db8:1::1/64 dev h1 nodad"))
    host.wait_addresses()
    return host


def way(node, *words):
    """What `ip route get` says, in one line, or its complaint."""
    done = node.run("ip", "route", "get", *words, check=False)
    return " ".join((done.stdout or done.stderr).split())


def test_a_bound_ipv4_socket_takes_what_is_refused_for_on_link(two):
    two.ip("rule", "add", "pref", "10", "iif", "lo", "unreachable")
    assert "unreachable" in way(two, "198.51.100.1")
    assert way(two, "198.51.100.1", "oif", "h1").startswith("198.51.100.1 dev h1 src 203.0.113.1")


def test_a_bound_ipv6_socket_is_refused_by_a_rule_but_not_by_a_route(two):
    two.ip("-6", "route", "add", "2001:db8:9::/48", "dev", "h1")
    two.ip("-6", "route", "add", "unreachable", "2001:db8:9::/48", "table", "7")
    two.ip("-6", "rule", "add", "pref", "10", "table", "7")
    assert "No route" in way(two, "2001:db8:9::1")
    assert "dev h1" in way(two, "2001:db8:9::1", "oif", "h1")
    two.ip("-6", "rule", "add", "pref", "9", "iif", "lo", "unreachable")
    assert "unreachable" in way(two, "2001:db8:9::1", "oif", "h1")


def test_local_and_main_are_one_tree_until_the_first_rule(two):
    two.ip("route", "add", "local", "198.51.100.0/24", "dev", "lo", "table", "local")
    two.ip("route", "add", "198.51.100.7/32", "dev", "h1")
    assert "dev h1" in way(two, "198.51.100.7")
    two.ip("rule", "add", "pref", "10", "from", "10.0.0.0/8", "table", "7")
    assert way(two, "198.51.100.7").startswith("local")
    two.ip("rule", "del", "pref", "10")
    assert way(two, "198.51.100.7").startswith("local")


def test_a_gateway_that_is_the_hosts_own_address_is_none(two):
    two.ip("route", "add", "198.51.100.0/24", "via", "203.0.113.1", "dev", "h1")
    assert " via " not in way(two, "198.51.100.1")


def test_an_ipv4_nexthop_object_elsewhere_hides_shorter_routes(two):
    two.ip("nexthop", "add", "id", "1", "via", "192.0.2.9", "dev", "h0")
    two.ip("route", "add", "10.0.0.0/16", "nhid", "1")
    two.ip("route", "add", "10.0.0.0/8", "via", "203.0.113.9", "dev", "h1")
    assert " via " not in way(two, "10.0.0.1", "oif", "h1")
    two.ip("route", "replace", "10.0.0.0/16", "via", "192.0.2.9", "dev", "h0")
    assert "via 203.0.113.9" in way(two, "10.0.0.1", "oif", "h1")


def test_what_is_received_is_sent_by_user_0(two):
    two.sysctl("net/ipv4/conf/h0/forwarding", 1)
    two.ip("route", "add", "198.51.100.0/24", "dev", "h1")
    two.ip("rule", "add", "pref", "10", "uidrange", "0-0", "prohibit")
    assert "denied" in way(two, "198.51.100.1", "from", "192.0.2.9", "iif", "h0")


def test_ipv6_metrics_count_only_as_long_as_the_lowest_is_usable(two):
    two.sysctl("net/ipv6/conf/all/forwarding", 1)
    two.ip_batch(("link add h2 type veth peer name other2", "link set h2 up"))
    two.sysctl("net/ipv6/conf/h2/ignore_routes_with_linkdown", 1)
    for metric, link in ((2, "h0"), (3, "h1")):
        two.ip("-6", "route", "add", "2001:db8:9::/48", "dev", link, "metric", str(metric))
    asked = ("2001:db8:9::1", "from", "2001:db8:8::1", "iif", "h1")
    assert "dev h0" in way(two, *asked)
    two.ip("-6", "route", "add", "2001:db8:9::/48", "dev", "h2", "metric", "1")
    # That a link has no carrier is told to its routes up to a second later.
    wait_until(lambda: "linkdown" in two.ip("-6", "route", "show", "2001:db8:9::/48"), what="the route to be dead")
    assert "dev h1" in way(two, *asked)


def test_ports_of_what_is_received_are_seen_only_where_a_rule_for_it_asks(two):
    """rp_filter asks as if the host itself answered: "iif lo" matches, "ipproto udp" does not."""
    two.sysctl("net/ipv4/conf/h0/rp_filter", 1)
    two.ip("route", "add", "default", "via", "203.0.113.9", "dev", "h1", "table", "7")
    two.ip("rule", "add", "pref", "10", "iif", "lo", "ipproto", "udp", "table", "7")
    asked = ("192.0.2.1", "from", "192.0.2.9", "iif", "h0", "ipproto", "udp", "sport", "1000", "dport", "53")
    assert way(two, *asked).startswith("local")
    two.ip("rule", "add", "pref", "9", "ipproto", "sctp", "table", "8")
    assert not way(two, *asked).startswith("local")
