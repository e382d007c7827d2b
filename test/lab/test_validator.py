# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of signed zones, looked at by who believes nothing: BIND's delv, with our zone's key as its only anchor.

    host    multihomed on the first addresses of two prefixes; delv asks it and all that it needs besides

Other name servers agree with ours on which records prove what (test_dns_random.py); a validator says whether they do.
"""

import re

import pytest

import dns_peers

CLAIM4, CLAIM6 = "198.51.100.0/24", "2001:db8:1::/48"
ASKED = "198.51.100.7"
SERVERS = (ASKED, "2001:db8:1::7")
ORIGIN = "signed.test."

ZONE = """$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 198.51.100.7
ns AAAA 2001:db8:1::7
www A 192.0.2.1
alias CNAME www
lost CNAME nowhere
*.wild TXT "any"
deep.below.ent A 192.0.2.2
moved DNAME www.ent
open NS ns.open
ns.open A 198.51.100.7
shut NS ns.elsewhere.test.
shut DS 1 13 2 abababababababababababababababababababababababababababababababab
zz TXT "the last"
"""

CHILD = """$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 198.51.100.7
www A 192.0.2.3
"""

FINE, DENIED, OPEN = "fully validated", "negative response, fully validated", "unsigned answer"

QUESTIONS = [
    ("@", "SOA", FINE), ("@", "DNSKEY", FINE), ("www", "A", FINE), ("alias", "A", FINE),
    ("a.wild", "TXT", FINE), ("b.a.wild", "TXT", FINE), ("a.wild", "A", DENIED), ("*.wild", "TXT", FINE),
    ("wild", "A", DENIED), ("ent", "A", DENIED), ("below.ent", "TXT", DENIED), ("www", "MX", DENIED),
    ("@", "TXT", DENIED), ("nowhere", "A", DENIED), ("a.b.c.nowhere", "A", DENIED), ("x.www", "A", DENIED),
    ("0", "A", DENIED), ("zzz", "A", DENIED), ("x.below.ent", "A", DENIED), ("shut", "DS", FINE),
    ("www.open", "A", OPEN), ("open", "SOA", OPEN),
]

# Where the name that would be closer is covered by an NSEC3 with opt-out, it might be delegated without a signature:
# what the wildcard gives is right, and not authentic (RFC 5155, 9.2).
OPEN_BY_OPTOUT = {("a.wild", "TXT"), ("b.a.wild", "TXT")}


def delv(node, server, keys, name, kind):
    asked = ORIGIN if name == "@" else f"{name}.{ORIGIN}"
    done = node.run("delv", f"@{server}", "-a", keys, f"+root={ORIGIN}", "+nomultiline", asked, kind, check=False)
    return done.stdout + done.stderr


def anchor(lab, name, text, swapped=""):
    """What delv trusts: the key of a signed zone's text, alone; with two letters of it @swapped, another key."""
    flags, protocol, algorithm, key = re.search(r"\sDNSKEY\s+(\d+) (\d+) (\d+) ([^\n;]+)", text).groups()
    key = key.strip().translate(str.maketrans(swapped, swapped[::-1]))
    return lab.file(name, f'trust-anchors {{ "{ORIGIN}" static-key {flags} {protocol} {algorithm} "{key}"; }};\n')


def verdict(said):
    """What delv makes of it; all that it said, where it could not make anything of it."""
    found = re.search(r"^; (.*(validated|answer).*)$", said, re.M)
    return found.group(1) if found else said


def serve(lab, daemon, policy):
    """Returns the node, where both zones are served, and the text of the signed one."""
    node = lab.node("host")
    plain = lab.file("signed.test.zone", ZONE)
    signed = dns_peers.sign(lab, node, ORIGIN, plain, policy)
    one = daemon(node, "{}", start=False)
    one.file("signed.zone", signed.read_text())
    one.file("open.zone", CHILD)
    one.write(f"""
prefixes: [{{ prefix: {CLAIM4} }}, {{ prefix: "{CLAIM6}" }}]
dns:
  listen: [{CLAIM4}, "{CLAIM6}"]
  zones: [{{ name: {ORIGIN}, file: signed.zone }}, {{ name: open.{ORIGIN}, file: open.zone }}]
""")
    node.ip("link", "set", "lo", "up")
    one.start()
    return node, signed.read_text()


@pytest.mark.parametrize("policy", ["nsec", "nsec3", "optout"])
def test_a_validator_believes_every_answer(lab, daemon, policy):
    node, text = serve(lab, daemon, policy)
    keys = anchor(lab, "keys", text)
    wrong = {}
    for number, (name, kind, expected) in enumerate(QUESTIONS):
        if policy == "optout" and (name, kind) in OPEN_BY_OPTOUT:
            expected = OPEN
        said = delv(node, SERVERS[number % 2], keys, name, kind)
        if verdict(said) != expected:
            wrong[name, kind] = (expected, said)
    assert not wrong, f"{len(wrong)} of {len(QUESTIONS)}: {wrong}"
    # What it says counts: with another key it believes nothing.
    other = anchor(lab, "other", text, "ABCDEFGHabcdefgh")
    assert "validated" not in delv(node, ASKED, other, "www", "A")
