# SPDX-License-Identifier: GPL-3.0-or-later
"""How route requests are carried out and told: what the reconciler leans on.

        h  h0 ----
           192.0.2.1, gateway 192.0.2.2
           2001:db8::1, gateway 2001:db8::2
"""

import errno
import socket

import pytest

import rtnetlink
from lab import scaled
from rtnetlink import (APPEND, CREATE, EXCL, LOCAL, LOCAL_TABLE, MAIN_TABLE, REPLACE, RTM_DELROUTE, RTM_NEWROUTE,
                       UNICAST, UNREACHABLE, Rtnetlink, route)

pytestmark = pytest.mark.stock

BOTH = (("198.51.100.0/24", "route4", socket.AF_INET), ("2001:db8:1:1::/64", "route6", socket.AF_INET6))
GATEWAY = {socket.AF_INET: "192.0.2.2", socket.AF_INET6: "2001:db8::2"}


def index(node, link):
    with node.inside():
        return socket.if_nametoindex(link)


@pytest.mark.parametrize("to, group, family", BOTH)
def test_the_event_of_a_request_is_there_before_its_answer(host, to, group, family):
    asking, hearing = Rtnetlink(host), Rtnetlink(host, group)
    for _ in range(scaled(200)):
        assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to)) == 0
        assert [event.deleted for event in hearing.routes()] == [False]
        assert asking.ask(RTM_DELROUTE, 0, route(to)) == 0
        assert [event.deleted for event in hearing.routes()] == [True]


def test_a_refusal_is_answered_in_order_also_where_no_answer_was_asked_for(host):
    asking = Rtnetlink(host)
    good, bad = route("198.51.100.0/24"), route("198.51.100.0/24", kind=UNREACHABLE, link=0)
    requests = [asking.message(RTM_NEWROUTE, CREATE | EXCL, good)]
    requests += [asking.message(RTM_NEWROUTE, CREATE | EXCL, bad) for _ in range(3)]
    requests.append(asking.message(RTM_DELROUTE, rtnetlink.ACK, good))
    asking.send(*requests)
    assert asking.answers() == [(2, errno.EEXIST), (3, errno.EEXIST), (4, errno.EEXIST), (5, 0)]


@pytest.mark.parametrize("to, group, family", BOTH)
def test_exclusive_means_table_prefix_and_metric_whatever_the_type(host, to, group, family):
    asking = Rtnetlink(host)
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to, protocol=4)) == 0
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to)) == errno.EEXIST
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to, kind=UNREACHABLE, link=0)) == errno.EEXIST
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to, metric=7)) == 0
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to, table=1000)) == 0


@pytest.mark.parametrize("to, group, family", BOTH)
def test_a_delete_with_a_protocol_leaves_the_twin_of_another(host, to, group, family):
    asking = Rtnetlink(host)
    link = index(host, "h0")
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to)) == 0
    assert asking.ask(RTM_NEWROUTE, CREATE | APPEND, route(to, protocol=4, link=link)) == 0
    assert asking.ask(RTM_DELROUTE, 0, route(to)) == 0
    assert asking.ask(RTM_DELROUTE, 0, route(to)) == errno.ESRCH
    assert [left.protocol for left in asking.dump(family, table=LOCAL_TABLE) if left.to == to] == [4]


@pytest.mark.parametrize("to, group, family", BOTH)
def test_replacing_changes_the_only_one_and_never_adds(host, to, group, family):
    asking, hearing = Rtnetlink(host), Rtnetlink(host, group)
    link = index(host, "h0")
    assert asking.ask(RTM_NEWROUTE, REPLACE, route(to)) == errno.ENOENT
    assert asking.ask(RTM_NEWROUTE, CREATE | EXCL, route(to)) == 0
    hearing.routes()
    for kind, link, via in ((UNICAST, link, GATEWAY[family]), (UNREACHABLE, 0, None), (LOCAL, 1, None)):
        assert asking.ask(RTM_NEWROUTE, REPLACE, route(to, kind=kind, link=link, via=via)) == 0
        assert [(event.deleted, event.replaced, event.type) for event in hearing.routes()] == [(False, True, kind)]
        assert [left.type for left in asking.dump(family, table=LOCAL_TABLE) if left.to == to] == [kind]


def test_ipv4_fills_in_nothing(host):
    asking = Rtnetlink(host)
    asking.ask(RTM_NEWROUTE, CREATE, route("198.51.100.0/24"))
    told = next(each for each in asking.dump(socket.AF_INET, table=LOCAL_TABLE) if each.protocol == 109)
    assert (told.metric, told.scope, told.link) == (0, 254, 1)


def test_ipv6_fills_in_a_metric_and_the_link_lo(host):
    asking = Rtnetlink(host)
    asking.ask(RTM_NEWROUTE, CREATE, route("2001:db8:1:1::/64"))
    asking.ask(RTM_NEWROUTE, CREATE, route("2001:db8:1:2::/64", kind=UNREACHABLE, link=0))
    told = [each for each in asking.dump(socket.AF_INET6, table=LOCAL_TABLE) if each.protocol == 109]
    assert [(each.metric, each.scope, each.link) for each in told] == [(1024, 0, 1), (1024, 0, 1)]


@pytest.mark.parametrize("family", (socket.AF_INET, socket.AF_INET6))
def test_a_strict_dump_shows_what_it_was_asked_for(host, family):
    asking = Rtnetlink(host)
    wanted = [(to, table) for to, _, of in BOTH if of == family for table in (MAIN_TABLE, LOCAL_TABLE, 1000)]
    for to, table in wanted:
        asking.ask(RTM_NEWROUTE, CREATE, route(to, table=table))
    assert sorted((each.to, each.table) for each in asking.dump(family, protocol=109)) == sorted(wanted)
    assert {each.table for each in asking.dump(family, table=MAIN_TABLE)} == {MAIN_TABLE}
    assert not asking.dump(family, table=4242)


def test_ipv4_routes_vanish_untold_when_their_link_goes_down(host):
    asking, hearing = Rtnetlink(host), Rtnetlink(host, "route4")
    asking.ask(RTM_NEWROUTE, CREATE, route("198.51.100.0/24", kind=UNICAST, table=MAIN_TABLE, link=index(host, "h0")))
    hearing.routes()
    host.ip("link", "set", "h0", "down")
    assert "198.51.100.0/24" not in [event.to for event in hearing.routes()]
    assert not asking.dump(socket.AF_INET, protocol=109)


def test_ipv6_routes_are_told_when_their_link_goes_down(host):
    asking, hearing = Rtnetlink(host), Rtnetlink(host, "route6")
    asking.ask(RTM_NEWROUTE, CREATE, route("2001:db8:1:1::/64", kind=UNICAST, table=MAIN_TABLE, link=index(host, "h0")))
    hearing.routes()
    host.ip("link", "set", "h0", "down")
    assert ("2001:db8:1:1::/64", True) in [(event.to, event.deleted) for event in hearing.routes()]


@pytest.mark.parametrize("to, group, family", BOTH)
def test_routes_vanish_untold_with_the_nexthop_that_they_lean_on(host, to, group, family):
    hearing = Rtnetlink(host, group)
    host.ip("nexthop", "add", "id", "7", "via", GATEWAY[family], "dev", "h0")
    host.ip("route", "add", to, "nhid", "7", "proto", "109")
    assert [event.to for event in hearing.routes()] == [to]
    host.ip("nexthop", "del", "id", "7")
    assert not Rtnetlink(host).dump(family, protocol=109)
    if family == socket.AF_INET:
        assert not hearing.routes()


def test_local_routes_stay_when_a_link_goes_down(host):
    asking = Rtnetlink(host)
    for to, _, _ in BOTH:
        asking.ask(RTM_NEWROUTE, CREATE, route(to))
    host.ip("link", "set", "h0", "down")
    for to, _, family in BOTH:
        assert [each.to for each in asking.dump(family, protocol=109)] == [to]
