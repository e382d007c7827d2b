# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that several labs use."""

import ipaddress

import topology
from topology import CLAIM4, CLAIM6, CLAIMS

WHO_PORT, ECHO_PORT, DISCARD_PORT = 7777, 7, 9

CLAIMED = f"""\
prefixes:
  - prefix: {CLAIM6}
  - prefix: {CLAIM4}
"""

SERVED = CLAIMED + f"""\
services:
  - {{ name: who, kind: whoami, listen: ["{CLAIM6}", {CLAIM4}], ports: [{WHO_PORT}] }}
  - {{ name: echo, kind: echo, listen: ["{CLAIM6}", {CLAIM4}], ports: [{ECHO_PORT}] }}
  - {{ name: discard, kind: discard, listen: ["{CLAIM6}", {CLAIM4}], ports: [{DISCARD_PORT}] }}
"""


# An address of each claim, and the client's of the same family.
SEVENTH = {CLAIM4: "198.51.100.7", CLAIM6: "2001:db8:1:1::7"}
CLIENT = {CLAIM4: topology.CLIENT4, CLAIM6: topology.CLIENT6}


def served(*services):
    return CLAIMED + "services:\n" + "".join(f"  - {{ {service} }}\n" for service in services)


def listen(*prefixes):
    return "listen: [" + ", ".join(f'"{prefix}"' for prefix in prefixes or CLAIMS) + "]"


def many_prefixes(count, first4="10.64.0.0", first6="2001:db8:8000::"):
    """@count prefixes, IPv4 /30 and IPv6 /64 in turn."""
    prefixes = []
    base4, base6 = int(ipaddress.ip_address(first4)), int(ipaddress.ip_address(first6))
    for number in range(count):
        step = number // 2
        if number % 2:
            prefixes.append(f"{ipaddress.IPv6Address(base6 + (step << 64))}/64")
        else:
            prefixes.append(f"{ipaddress.IPv4Address(base4 + 4 * step)}/30")
    return prefixes


def claims(prefixes):
    """A configuration that claims @prefixes."""
    return "prefixes:\n" + "".join(f"  - prefix: {prefix}\n" for prefix in prefixes) if prefixes else "prefixes: []\n"


def claimed_routes(prefixes):
    """What `ip route show` must have of ours for @prefixes, sorted."""
    return sorted(str(ipaddress.ip_network(prefix)) for prefix in prefixes)


def destinations(lines):
    """The destinations of lines of `ip route show`, as claimed_routes() has them."""
    words = [line.split() for line in lines]
    return sorted(str(ipaddress.ip_network(word[1] if word[0] in ("local", "unicast", "unreachable") else word[0]))
                  for word in words)
