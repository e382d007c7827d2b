# SPDX-License-Identifier: GPL-3.0-or-later
"""What RFCs want of an authoritative server, by name, and the shapes of queries of RFC 8906.

    our engine (no socket)     knotd 127.0.0.1:5301     nsd 127.0.0.1:5302      one zone, example.com

Each row is a query and what is to be answered, in words; knotd and nsd answer it as well, and where they answer
otherwise the row says what. So a belief of ours about an RFC is one that others share, or it is seen that they do not.
"""

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

import dns_peers
from lab import Lab

ZONE = """$ORIGIN example.com.
$TTL 3600
@ SOA ns hostmaster 7 3600 900 604800 300
@ NS ns
@ NS ns.elsewhere.net.
ns A 192.0.2.53
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
away CNAME www.example.net.
nowhere CNAME nobody
loop1 CNAME loop2
loop2 CNAME loop1
*.wild TXT "w"
x.y.wild TXT "not wild"
sub NS ns.sub
sub DS 1 13 2 abababababababababababababababababababababababababababababababab
ns.sub A 192.0.2.54
_x._tcp SRV 0 0 1 www
old DNAME new
grow DNAME new.new.new.new
www.new A 192.0.2.8
odd TYPE65280 \\# 3 010203
""" + "".join(f'big TXT "{number:02}{"t" * 100}"\n' for number in range(16))

COOKIE = bytes.fromhex("2464c4abcf10c957")


def option(code, data=b""):
    return dns.edns.GenericOption(code, data)


def ask(name, kind="A", **options):
    """A query over EDNS's absence, unless @options say otherwise, as bytes."""
    name = name if name.endswith(".") else f"{name}.example.com." if name else "example.com."
    flags = options.pop("flags", 0)
    opcode = options.pop("opcode", 0)
    message = dns.message.make_query(name, kind, **{"use_edns": False, **options})
    message.id = 0x1234
    message.flags = flags
    message.set_opcode(opcode)
    return message.to_wire()


def edns(name, kind="A", options=(), **more):
    return ask(name, kind, use_edns=0, payload=more.pop("payload", 1232), options=list(options), **more)


def cased(query):
    return query.replace(b"\3www\7example\3com", b"\3wWw\7ExAmPlE\3cOm")


def counted(query, *counts):
    """The query with other counts of its sections in the header."""
    return query[:4] + b"".join(count.to_bytes(2, "big") for count in counts) + query[12:]


def say(reply):
    """A reply in words: rcode, flags, records by section as NAME/TYPE, options of EDNS by number."""
    if reply is None:
        return "silence"
    if reply[2] >> 3 & 15 > 6:	# which dnspython has no name for
        return f"opcode {reply[2] >> 3 & 15}: {dns.rcode.to_text(reply[3] & 15)}, {len(reply)} bytes"
    message = dns.message.from_wire(reply)
    words = [dns.rcode.to_text(message.rcode())]
    words += [name for name in ("AA", "TC", "RD", "RA", "AD", "CD") if message.flags & dns.flags.Flag[name]]
    origin = dns.name.from_text("example.com.")
    for section, sets in (("answer", message.answer), ("authority", message.authority), ("more", message.additional)):
        records = sorted(f"{one.name.relativize(origin)}/{dns.rdatatype.to_text(one.rdtype)}" for one in sets)
        words += [f"{section}: {' '.join(records)};"] if records else []
    if message.edns >= 0:
        words += [f"edns{message.edns}" + (" DO" if message.ednsflags & dns.flags.DO else "")]
        words += [str(int(one.otype)) for one in sorted(message.options, key=lambda one: int(one.otype))]
        words += ["MBZ"] if message.ednsflags & 0x7fff else []
    return " ".join(words)


WWW, SOA = ask("www"), "authority: @/SOA;"
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"

# (what the RFC says, the query, what is answered, what others answer instead)
ROWS = [
    ("RFC 1034, 4.3.2: a name's records", WWW, "NOERROR AA answer: www/A;", {}),
    ("RFC 1034, 3.6.2: an alias and what it stands for", ask("alias"), "NOERROR AA answer: alias/CNAME www/A;", {}),
    ("RFC 1034, 3.6.2: an alias asked for by its type", ask("alias", "CNAME"), "NOERROR AA answer: alias/CNAME;", {}),
    ("RFC 1034, 4.3.2: an alias that leads elsewhere", ask("away"), "NOERROR AA answer: away/CNAME;", {}),
    ("RFC 1034, 3.6.2: aliases in a ring", ask("loop1"), "NOERROR AA answer: loop1/CNAME loop2/CNAME;", {}),
    ("RFC 1034, 4.2.1: a referral with glue", ask("host.sub"), "NOERROR authority: sub/NS; more: ns.sub/A;", {}),
    ("RFC 1035, 4.1.1: RD is copied, RA is not ours", ask("www", flags=dns.flags.RD),
     "NOERROR AA RD answer: www/A;", {}),
    ("RFC 1123, 6.1.3.2: over TCP as over UDP", ("tcp", WWW), "NOERROR AA answer: www/A;", {}),
    ("RFC 2181, 5.4.1: glue is no answer", ask("ns.sub"), "NOERROR authority: sub/NS; more: ns.sub/A;", {}),
    ("RFC 2181, 9: a set is whole or TC", ask("big", "TXT"), "NOERROR AA TC", {}),
    ("RFC 2308, 2.1: no such name", ask("nobody"), "NXDOMAIN AA authority: @/SOA;", {}),
    ("RFC 2308, 2.2: no such data", ask("www", "MX"), "NOERROR AA authority: @/SOA;", {}),
    ("RFC 3597, 3: a type without a meaning", ask("odd", "TYPE65280"), "NOERROR AA answer: odd/TYPE65280;", {}),
    ("RFC 3597, 3: a type that nobody has", ask("www", "TYPE1000"), "NOERROR AA authority: @/SOA;", {}),
    ("RFC 4035, 3.1.4.1: DS at the cut is the parent's", ask("sub", "DS"), "NOERROR AA answer: sub/DS;", {}),
    ("RFC 4035, 3.1.6: AD and CD are not ours to set", ask("www", flags=dns.flags.AD | dns.flags.CD),
     "NOERROR AA answer: www/A;", {}),
    ("RFC 4343, 4: case does not count, and is kept", cased(WWW), "NOERROR AA answer: wWw/A;", {}),
    ("RFC 4592, 2.2.2: an empty name is there", ask("_tcp"), "NOERROR AA authority: @/SOA;", {}),
    ("RFC 4592, 3.3.1: a wildcard of several labels", ask("a.b.wild", "TXT"), "NOERROR AA answer: a.b.wild/TXT;", {}),
    ("RFC 4592, 3.3.1: the nearest name above decides", ask("a.y.wild", "TXT"), "NXDOMAIN AA authority: @/SOA;", {}),
    ("RFC 4592, 3.3.1: a wildcard without the type", ask("a.wild", "A"), "NOERROR AA authority: @/SOA;", {}),
    ("RFC 4892: who serves", ask("id.server.", "TXT", rdclass="CH"),
     "NOERROR AA answer: id.server./TXT;",
     {"knot": "NOERROR answer: id.server./TXT;", "nsd": "NOERROR answer: id.server./TXT;"}),
    ("RFC 4892: what serves", ask("version.bind.", "TXT", rdclass="CH"),
     "NOERROR AA answer: version.bind./TXT;",
     {"knot": "NOERROR answer: version.bind./TXT;", "nsd": "NOERROR answer: version.bind./TXT;"}),
    ("RFC 5001: NSID for who asks", edns("www", options=[option(3)]), "NOERROR AA answer: www/A; edns0 3", {}),
    ("RFC 6604, 3: the rcode is that of the end", ask("nowhere"),
     "NXDOMAIN AA answer: nowhere/CNAME; authority: @/SOA;", {}),
    ("RFC 6672, 3.1: below a DNAME", ask("www.old"), "NOERROR AA answer: old/DNAME www.new/A www.old/CNAME;", {}),
    ("RFC 6672, 3.2: a DNAME's own name", ask("old", "A"), "NOERROR AA authority: @/SOA;", {}),
    ("RFC 6672, 3.2: a name that grows too long", ask(".".join(["x" * 60] * 3 + ["y" * 51, "grow"])),
     "YXDOMAIN AA answer: grow/DNAME;",
     {"knot": "NXDOMAIN AA answer: grow/DNAME; authority: @/SOA;"}),
    ("RFC 6891, 6.1.1: EDNS for EDNS", edns("www"), "NOERROR AA answer: www/A; edns0", {}),
    ("RFC 6891, 6.1.3: a later version", edns("www").replace(OPT, b"\0\0\x29\x04\xd0\0\1\0\0\0\0"),
     "BADVERS edns0", {}),
    ("RFC 6891, 6.1.4: flags that are to be zero", edns("www").replace(OPT, b"\0\0\x29\x04\xd0\0\0\0\x40\0\0"),
     "NOERROR AA answer: www/A; edns0", {}),
    ("RFC 6891, 6.1.1: two OPTs", counted(edns("www") + OPT, 1, 0, 0, 2),
     "FORMERR edns0",
     {"knot": "FORMERR", "nsd": "FORMERR"}),
    ("RFC 6891, 6.1.2: an OPT of another owner", edns("www").replace(OPT, b"\1x" + OPT),
     "FORMERR",
     {"knot": "NOERROR AA answer: www/A; edns0"}),
    ("RFC 6891, 6.2.3: a size below 512 means 512", edns("big", "TXT", payload=0), "NOERROR AA TC edns0", {}),
    ("RFC 6895, 3.1: types of messages", ask("www", "OPT"),
     "FORMERR",
     {"knot": "NOERROR AA authority: @/SOA;", "nsd": "NOERROR AA authority: @/SOA;"}),
    ("RFC 7766, 7: over TCP without TC", ("tcp", ask("big", "TXT")), "NOERROR AA answer: big/TXT;", {}),
    ("RFC 7828, 3.3.2: keepalive over TCP", ("tcp", edns("www", options=[option(11)])),
     "NOERROR AA answer: www/A; edns0 11",
     {"knot": "NOERROR AA answer: www/A; edns0", "nsd": "NOERROR AA answer: www/A; edns0"}),
    ("RFC 7830, 4: no padding over UDP", edns("www", options=[option(12, b"\0" * 8)]),
     "NOERROR AA answer: www/A; edns0", {}),
    ("RFC 7873, 5.2.2: a cookie that is none", edns("www", options=[option(10, b"12345")]),
     "FORMERR edns0",
     {"nsd": "FORMERR"}),
    ("RFC 7873, 5.2.3: a client's cookie", edns("www", options=[option(10, COOKIE)]),
     "NOERROR AA answer: www/A; edns0 10",
     {"knot": "BADCOOKIE edns0 10"}),
    ("RFC 7873, 5.2.4: a server's cookie of others", edns("www", options=[option(10, COOKIE + b"x" * 8)]),
     "NOERROR AA answer: www/A; edns0 10",
     {"knot": "BADCOOKIE edns0 10"}),
    ("RFC 7873, 5.4: a cookie alone", counted(ask("www")[:12] + edns("www", options=[option(10, COOKIE)])[33:],
                                             0, 0, 0, 1), "NOERROR edns0 10", {"knot": "FORMERR edns0"}),
    ("RFC 8020, 2: nothing lies below what is not there", ask("deep.nobody"), "NXDOMAIN AA authority: @/SOA;", {}),
    ("RFC 8482, 4.1: ANY by one set", ask("www", "ANY"), "NOERROR AA answer: www/A;", {"nsd": "NOERROR TC"}),
    ("RFC 8906, 8.1.3: Z", WWW[:3] + b"\x40" + WWW[4:], "NOERROR AA answer: www/A;", {}),
    ("RFC 8906, 8.1.4: an opcode of nobody", bytes([0x12, 0x34, 0x78, 0]) + bytes(8),
     "opcode 15: NOTIMP, 12 bytes", {}),
    ("RFC 8906, 8.2.3: an option of nobody", edns("www", options=[option(100, b"x")]),
     "NOERROR AA answer: www/A; edns0", {}),
    ("RFC 8906, 8.2.8: DO is copied", edns("www", want_dnssec=True), "NOERROR AA answer: www/A; edns0 DO", {}),
    ("RFC 8914, 4.21: outside what we serve", edns("www.example.net."), "REFUSED edns0 15", {}),
    ("RFC 8914, 4.21: not even the root", ask(".", "NS"), "REFUSED", {}),
    ("RFC 9471, 3: glue", edns("www.sub", "AAAA"), "NOERROR authority: sub/NS; more: ns.sub/A; edns0", {}),
    ("RFC 9619: two questions", counted(WWW + WWW[12:], 2, 0, 0, 0), "FORMERR", {"knot": "silence"}),
    ("RFC 9715: no more than 1232 bytes over UDP", edns("big", "TXT", payload=4096), "NOERROR AA TC edns0", {}),
    ("RFC 1035, 4.1.4: a pointer to itself", counted(WWW[:12], 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
     "FORMERR",
     {"knot": "silence"}),
    ("RFC 1035, 4.1.1: bytes behind the end", WWW + b"\0", "FORMERR", {"nsd": "NOERROR AA answer: www/A;"}),
    ("RFC 1035, 4.1.1: a question that is not there", WWW[:20], "FORMERR", {"knot": "silence"}),
    ("RFC 1035, 4.1.1: no header", WWW[:11], "silence", {}),
    ("RFC 1035, 4.1.1: a response", WWW[:2] + b"\x80" + WWW[3:], "silence", {}),
    ("RFC 1996, 3.12: NOTIFY", ask("", "SOA", opcode=4), "NOTIMP", {"knot": "NOTAUTH", "nsd": "REFUSED"}),
    ("RFC 2136, 3.8: UPDATE", ask("", "SOA", opcode=5), "NOTIMP", {"knot": "NOTAUTH"}),
    ("RFC 5936, 4.2: AXFR over UDP", ask("", "AXFR"), "FORMERR", {"knot": "NOTIMP", "nsd": "NOTIMP"}),
    ("RFC 1995, 4: IXFR over UDP", ask("", "IXFR"), "NOERROR AA answer: @/SOA;", {"knot": "NOTAUTH", "nsd": "REFUSED"}),
]


@pytest.fixture(scope="module")
def peers():
    """All three, for all rows."""
    with Lab("dnsrfcs") as lab:
        node = lab.node("host")
        zones = [("example.com.", lab.file("example.com.zone", ZONE))]
        made = {"ours": dns_peers.Engine(zones, nsid="us", identity="us", version="us", cookie="00" * 16),
                "knot": dns_peers.knot(lab, node, zones), "nsd": dns_peers.nsd(lab, node, zones)}
        yield made
        for peer in made.values():
            peer.close()


@pytest.mark.parametrize("query, answer, others", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_rfc_is_obeyed(peers, query, answer, others):
    tcp = isinstance(query, tuple)
    query = query[1] if tcp else query
    said = {name: say(peer.ask(query, tcp=tcp)) for name, peer in peers.items()}
    assert said == {"ours": answer, **{name: others.get(name, answer) for name in ("knot", "nsd")}}


CONFIGURATION = """dns:
  listen: [127.0.0.1]
  port: 5303
  nsid: us
  identity: us
  zones: [{{ name: example.com, file: {zone} }}]
"""
# What the daemon does not tell.
UNTOLD = {"RFC 4892: what serves": "REFUSED"}


def test_the_daemon_says_it_by_its_sockets(lab, daemon):
    node = lab.node("host")
    daemon(node, CONFIGURATION.format(zone=lab.file("example.com.zone", ZONE)))
    peer = dns_peers.Peer(node, 5303)
    wrong = []
    for what, query, answer, _ in ROWS:
        tcp = isinstance(query, tuple)
        said = say(peer.ask(query[1] if tcp else query, tcp=tcp))
        if said != UNTOLD.get(what, answer):
            wrong.append(f"{what}: {said} instead of {answer}")
    peer.close()
    assert not wrong, "\n".join(wrong)
