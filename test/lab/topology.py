# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that most labs use, each with its drawing."""

import dataclasses

from lab import Node

CLAIM4 = "198.51.100.0/24"
CLAIM6 = "2001:db8:1:1::/64"
CLAIMS = (CLAIM4, CLAIM6)


@dataclasses.dataclass
class Routed:
    """A client behind a router, and a host with two links to it.

        client                        router                                      host
                192.0.2.0/24                    10.0.1.0/24, 2001:db8:a1::/64
        eth0 .2 ------------ .1 eth0  eth1 .1 -------------------------- .2 eth0   the claims are routed here
             2001:db8:c::/64                    10.0.2.0/24, 2001:db8:a2::/64
                                      eth2 .1 -------------------------- .2 eth1   its default route leaves here

    What the client asks arrives on the host's eth0, and what the host answers leaves by eth1. That is how two links
    usually are, and it makes a server that binds the wildcard answer from the address of eth1, which nobody asked.
    """

    client: Node
    router: Node
    host: Node


CLIENT4, CLIENT6 = "192.0.2.2", "2001:db8:c::2"
HOST4, HOST6 = "10.0.1.2", "2001:db8:a1::2"
UPLINK4, UPLINK6 = "10.0.2.2", "2001:db8:a2::2"	# of the host's eth1


def routed(lab, claims=CLAIMS):
    """Makes the network above; the router sends @claims to the host's eth0."""
    client, router, host = (lab.node(role) for role in ("client", "router", "host"))
    lab.link(client, "eth0", router, "eth0")
    lab.link(router, "eth1", host, "eth0")
    lab.link(router, "eth2", host, "eth1")
    client.ip_batch([
        f"address add {CLIENT4}/24 dev eth0", f"address add {CLIENT6}/64 dev eth0 nodad",
        "route add default via 192.0.2.1", "route add ::/0 via 2001:db8:c::1"])
    router.sysctl("net/ipv4/ip_forward", 1)
    router.sysctl("net/ipv6/conf/all/forwarding", 1)
    router.ip_batch([
        "address add 192.0.2.1/24 dev eth0", "address add 2001:db8:c::1/64 dev eth0 nodad",
        "address add 10.0.1.1/24 dev eth1", "address add 2001:db8:a1::1/64 dev eth1 nodad",
        "address add 10.0.2.1/24 dev eth2", "address add 2001:db8:a2::1/64 dev eth2 nodad"])
    host.ip_batch([
        f"address add {HOST4}/24 dev eth0", f"address add {HOST6}/64 dev eth0 nodad",
        f"address add {UPLINK4}/24 dev eth1", f"address add {UPLINK6}/64 dev eth1 nodad",
        "route add default via 10.0.2.1", "route add ::/0 via 2001:db8:a2::1"])
    for claim in claims:
        route_claim(router, claim)
    for node in (client, router, host):
        node.wait_addresses()
    return Routed(client, router, host)


def route_claim(router, claim):
    """Tells the router that a prefix lives on the host."""
    if ":" in claim:
        router.ip("-6", "route", "add", claim, "via", HOST6)
    else:
        router.ip("route", "add", claim, "via", HOST4)


@dataclasses.dataclass
class Shared:
    """A host, a neighbour and a gateway on one Ethernet, and a client beyond the gateway.

        host        neighbour       gateway                        client
        .10 eth0    .20 eth0        .1 eth0   eth1 .1 ----------- .2 eth0
           |            |              |         192.0.2.0/24, 2001:db8:c::/64
        ---+------------+--------------+---
           203.0.113.0/24, 2001:db8:e::/64

    Whoever claims that whole network drops what its own neighbours send, unless they are excepted.
    """

    host: Node
    neighbour: Node
    gateway: Node
    client: Node


SHARED4, SHARED6 = "203.0.113.0/24", "2001:db8:e::/64"


def shared(lab):
    host, neighbour, gateway, client = (lab.node(role) for role in ("host", "neighbour", "gateway", "client"))
    lab.switch("switch", (host, "eth0"), (neighbour, "eth0"), (gateway, "eth0"))
    lab.link(gateway, "eth1", client, "eth0")
    for node, last in ((host, "10"), (neighbour, "20"), (gateway, "1")):
        node.ip_batch([f"address add 203.0.113.{last}/24 dev eth0",
                       f"address add 2001:db8:e::{last}/64 dev eth0 nodad"])
    for node in (host, neighbour):
        node.ip_batch(["route add default via 203.0.113.1", "route add ::/0 via 2001:db8:e::1"])
    gateway.sysctl("net/ipv4/ip_forward", 1)
    gateway.sysctl("net/ipv6/conf/all/forwarding", 1)
    gateway.ip_batch(["address add 192.0.2.1/24 dev eth1", "address add 2001:db8:c::1/64 dev eth1 nodad"])
    client.ip_batch([f"address add {CLIENT4}/24 dev eth0", f"address add {CLIENT6}/64 dev eth0 nodad",
                     "route add default via 192.0.2.1", "route add ::/0 via 2001:db8:c::1"])
    for node in (host, neighbour, gateway, client):
        node.wait_addresses()
    return Shared(host, neighbour, gateway, client)
