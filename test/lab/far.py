# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers at different distances, and who asks them: poor man's anycast.

                                  far line      auckland  10.9.1.2, 2001:db8:9:1::2     round trip   5 ms
    resolver ---- router ======== far line ==== chicago   10.9.2.2, 2001:db8:9:2::2                 80 ms
    10.9.0.2        |             far line      london    10.9.3.2, 2001:db8:9:3::2                160 ms
                   root  10.9.9.2: "." and example.com, which delegates www.example.com to the three

A line is a namespace with a program that keeps every frame for half of the round trip (delay.py).
"""

import ctypes
import dataclasses
import fcntl
import pathlib
import socket
import struct
import sys

from daemon import Daemon
from lab import Node

SERVERS = {"auckland": 5, "chicago": 80, "london": 160}
NAME = "www.example.com"
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17

ROOT_ZONE = """\
. 86400 IN SOA root. root. 1 3600 600 86400 300
. 86400 IN NS root.
root. 86400 IN A {root}
example.com. 86400 IN NS ns.example.com.
ns.example.com. 86400 IN A {root}
"""
PARENT_ZONE = """\
@ 86400 IN SOA ns root. 1 3600 600 86400 300
@ 86400 IN NS ns
ns 86400 IN A {root}
"""
DELEGATION = """\
www 86400 IN NS {name}
{name} 86400 IN A {address}
"""
ROOT_CONFIGURATION = """\
dns:
  listen: [{root}]
  zones:
    - {{ name: ., file: root.zone }}
    - {{ name: example.com, file: example.com.zone }}
"""
# What every server has in its zone: who it is, for the shares to be counted.
ZONE = """\
@ 86400 IN SOA auckland.example.com. root.example.com. 1 3600 600 86400 1
@ 86400 IN NS auckland.example.com.
@ 86400 IN NS chicago.example.com.
@ 86400 IN NS london.example.com.
* 1 IN TXT {name}
"""
CONFIGURATION = """\
checks:
  web-up: {{ port: {{ tcp: 80 }} }}
dns:
  listen: ["{address}", "{address6}"]
  nsid: {name}
  zones:
    - name: www.example.com
      file: www.example.com.zone
      self:
        ttl: 1s
        addresses: ["{address}", "{address6}"]
        check: web-up
        when-down: {when_down}
        peers:
{peers}
"""
WEB = """
import socket
server = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    server.accept()[0].close()
"""
PEER = '          - {{ name: {name}, server: {address}, addresses: ["{address}", "{address6}"] }}\n'


@dataclasses.dataclass
class Far:
    resolver: Node
    router: Node
    root: Node
    servers: dict	# of Node, by name


def address(name):
    return f"10.9.{list(SERVERS).index(name) + 1}.2"


def address6(name):
    return f"2001:db8:9:{list(SERVERS).index(name) + 1}::2"


ROOT = "10.9.9.2"


def plain_checksums(node, link):
    """Frames leave complete: a program that carries them on sees what was left to the hardware otherwise."""
    value = (ctypes.c_uint32 * 2)(ETHTOOL_STXCSUM, 0)
    with node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sQ16x", link.encode(), ctypes.addressof(value)))


def _attach(lab, router, node, link, net, line=None):
    """Connects @node's eth0 to the router, over a line of @line ms there and back where one is given."""
    if line is None:
        lab.link(router, link, node, "eth0")
    else:
        middle = lab.node(f"line-{node.role}")
        lab.link(router, link, middle, "eth0")
        lab.link(middle, "eth1", node, "eth0")
        plain_checksums(router, link)
        plain_checksums(node, "eth0")
        middle.spawn(sys.executable, pathlib.Path(__file__).with_name("delay.py"), "eth0", "eth1", line / 2,
                     ready="^ready$")
    router.ip_batch([f"address add 10.9.{net}.1/24 dev {link}",
                     f"address add 2001:db8:9:{net}::1/64 dev {link} nodad"])
    node.ip_batch([f"address add 10.9.{net}.2/24 dev eth0", f"address add 2001:db8:9:{net}::2/64 dev eth0 nodad",
                   f"route add default via 10.9.{net}.1", f"route add ::/0 via 2001:db8:9:{net}::1"])


def far(lab):
    """Makes the network above."""
    router, resolver, root = (lab.node(role) for role in ("router", "resolver", "root"))
    servers = {name: lab.node(name) for name in SERVERS}
    router.sysctl("net/ipv4/ip_forward", 1)
    router.sysctl("net/ipv6/conf/all/forwarding", 1)
    _attach(lab, router, resolver, "eth0", 0)
    _attach(lab, router, root, "eth9", 9)
    for number, (name, distance) in enumerate(SERVERS.items(), 1):
        _attach(lab, router, servers[name], f"eth{number}", number, distance)
    for node in (router, resolver, root, *servers.values()):
        node.wait_addresses()
    return Far(resolver, router, root, servers)


def start_root(net, servers=SERVERS):
    """Serves the zones above the one in question."""
    one = Daemon(net.root, ROOT_CONFIGURATION.format(root=ROOT))
    one.file("root.zone", ROOT_ZONE.format(root=ROOT))
    one.file("example.com.zone", PARENT_ZONE.format(root=ROOT) + "".join(
        DELEGATION.format(name=name, address=address(name)) for name in servers))
    return one.start()


def start_server(net, name, when_down="[peers, refused]"):
    """A daemon that answers www.example.com with its own address while something listens on its port 80."""
    peers = "".join(PEER.format(name=other, address=address(other), address6=address6(other))
                    for other in SERVERS if other != name)
    one = Daemon(net.servers[name], CONFIGURATION.format(name=name, address=address(name), address6=address6(name),
                                                         when_down=when_down, peers=peers))
    one.file("www.example.com.zone", ZONE.format(name=name))
    return one.start()


def start_web(net, name):
    """What the check is about."""
    return net.servers[name].spawn(sys.executable, "-c", WEB, ready="^ready$")
