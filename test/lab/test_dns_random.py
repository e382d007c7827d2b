# SPDX-License-Identifier: GPL-3.0-or-later
"""Random questions about random small zones are answered as knotd and nsd answer them.

    our engine (no socket)     knotd 127.0.0.1:5301     nsd 127.0.0.1:5302      the same zones, the same questions

Unsigned zones, and such as knot's signer made with NSEC, NSEC3 and opt-out, asked with DO. Each difference must be one
that EXPLAINED names. MH_DNS_QUESTIONS=100000 asks more than `make check` does; MH_DNS_SEED asks others.
"""

import os
import random

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import dns_peers
import dns_zones
from lab import scaled

QUESTIONS = int(os.environ.get("MH_DNS_QUESTIONS", 0)) or scaled(3000, 300)
SEED = int(os.environ.get("MH_DNS_SEED", 5))
KINDS = {None: 0.4, "nsec": 0.2, "nsec3": 0.2, "optout": 0.2}
PARTS = ("rcode", "flags", "answer", "authority", "glue")


def section(sets):
    """Records without regard to their order or to case."""
    return {(one.name.to_text().lower(), dns.rdatatype.to_text(one.rdtype), dns.rdatatype.to_text(one.covers), one.ttl,
             tuple(sorted(data.to_text().lower() for data in one))) for one in sets}


def read(reply):
    """A reply as what can be compared. Glue counts in referrals alone: in other answers it is a favour."""
    if reply is None:
        return {part: None for part in PARTS}
    message = dns.message.from_wire(reply)
    authoritative = bool(message.flags & dns.flags.AA)
    return {"rcode": dns.rcode.to_text(message.rcode()), "flags": dns.flags.to_text(message.flags),
            "answer": section(message.answer), "authority": section(message.authority),
            "glue": set() if authoritative else section(message.additional)}


def only_proofs(more, fewer):
    """Both are one reply, but for NSEC and NSEC3 that one of them has in addition."""
    return (all(more[part] == fewer[part] for part in PARTS if part != "authority")
            and more["authority"] > fewer["authority"]
            and all("NSEC" in one[1] + one[2] for one in more["authority"] - fewer["authority"]))


def has_type(reply, kind):
    return any(one[1] == kind for one in reply["answer"])


def ends_at_wildcard(asked, reply):
    """The end of the chain is a name that begins with an asterisk itself."""
    targets = [one[4][0] for one in reply["answer"] if one[1] == "CNAME"]
    return asked.lower().startswith("*.") or any(target.startswith("*.") for target in targets)


def has_empty_wildcard(zone):
    """Something stands below "*.", so that a wildcard may exist that has no records."""
    return any(".*" in name for name in zone.names)


def has_name_without_proof(zone):
    """With opt-out: a name that is only there because of an unsigned delegation below it (RFC 5155, 7.1)."""
    cuts = [name for name, sets in zone.names.items() if "NS" in sets and "DS" not in sets and "." in name]
    return zone.signed == "optout" and bool(cuts)


def only_authority(ours, theirs):
    return all(ours[part] == theirs[part] for part in ("rcode", "answer", "glue"))


# Who answers otherwise, why, and by what it is known: (peer, why, rule(zone, asked, ours, theirs)).
EXPLAINED = [
    ("knot", "a chain of DNAMEs that never ends is cut elsewhere",
     lambda zone, asked, ours, theirs: has_type(ours, "DNAME") and (ours["answer"] < theirs["answer"]
                                                                    or ours["answer"] > theirs["answer"])
     and len(ours["answer"] | theirs["answer"]) >= 6),
    ("nsd", "a chain of DNAMEs that never ends is cut elsewhere, or fills the message",
     lambda zone, asked, ours, theirs: has_type(ours, "DNAME") and ours["answer"] < theirs["answer"]),
    ("knot", "no proof that a wildcard without records has none of the type (RFC 4035, 3.1.3.4)",
     lambda zone, asked, ours, theirs: only_proofs(ours, theirs) and has_empty_wildcard(zone)),
    ("knot", "no proof of expansion where the name asked for begins with an asterisk itself (RFC 4035, 3.1.3.3)",
     lambda zone, asked, ours, theirs: only_proofs(ours, theirs) and asked.startswith("*.")),
    ("nsd", "no proof that a wildcard without records has none of the type (RFC 4035, 3.1.3.4)",
     lambda zone, asked, ours, theirs: only_proofs(ours, theirs) and has_empty_wildcard(zone)),
    ("nsd", "behind a DNAME, proofs of the name it led to are left out (RFC 4035, 3.1.3.2)",
     lambda zone, asked, ours, theirs: only_proofs(ours, theirs) and has_type(ours, "DNAME")),
    ("knot", "below a name that opt-out leaves without a proof nothing is proved, nor claimed with authority",
     lambda zone, asked, ours, theirs: only_authority(ours, theirs) and has_name_without_proof(zone)
     and not theirs["authority"]),
    ("nsd", "a name that opt-out leaves without a proof is proved otherwise",
     lambda zone, asked, ours, theirs: only_authority(ours, theirs) and has_name_without_proof(zone)),
    ("nsd", "a wildcard that was asked for by its own name is proved like one that was expanded",
     lambda zone, asked, ours, theirs: only_proofs(theirs, ours) and ends_at_wildcard(asked, ours)),
]


def explanation(peer, *case):
    return next((why for who, why, rule in EXPLAINED if who == peer and rule(*case)), None)


def tell(peer, zone, asked, kind, replies):
    ours, theirs = replies
    lines = [f"{peer} answers {asked} {kind} otherwise, with this zone:", zone.text()]
    for part in PARTS:
        if ours[part] != theirs[part]:
            lines += [f"our {part}: {ours[part]}", f"their {part}: {theirs[part]}"]
    return "\n".join(lines)


def make_zones(lab, node, numbers, signed, count):
    zones, paths = [], []
    for number in range(count):
        zone = dns_zones.Zone(numbers, f"z{number}.test.")
        path = lab.file(f"z{number}.zone", zone.text())
        zone.signed = signed
        zones.append(zone)
        paths.append((zone.origin, dns_peers.sign(lab, node, zone.origin, path, signed) if signed else path))
    return zones, paths


@pytest.mark.parametrize("signed", KINDS, ids=str)
def test_answers_are_those_of_others(lab, signed):
    node = lab.node("host")
    numbers = random.Random(f"{SEED} {signed}")
    count = int(QUESTIONS * KINDS[signed])
    zones, paths = make_zones(lab, node, numbers, signed, min(10 + count // 40, 30 if signed else 250))
    engine = dns_peers.Engine(paths)
    peers = {"knot": dns_peers.knot(lab, node, paths), "nsd": dns_peers.nsd(lab, node, paths)}
    failures, seen = [], {}
    for _ in range(count):
        zone = numbers.choice(zones)
        asked, kind = zone.question()
        query = dns.message.make_query(asked, kind, use_edns=0, want_dnssec=bool(signed)).to_wire()
        ours = read(engine.ask(query))
        for name, peer in peers.items():
            theirs = read(peer.ask(query))
            if theirs == ours:
                continue
            why = explanation(name, zone, asked, ours, theirs)
            seen[name, why] = seen.get((name, why), 0) + 1
            if not why:
                failures.append(tell(name, zone, asked, kind, (ours, theirs)))
    engine.close()
    for peer in peers.values():
        peer.close()
    print(f"{count} questions; differences: {seen}")
    assert not failures, f"{len(failures)} unexplained differences; the first:\n" + "\n\n".join(failures[:3])
