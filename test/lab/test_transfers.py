# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondaries: zones are transferred to those that may have them, and they are told when there is news.

    client ---- router ==== host      knotd and dig are on the client; the host serves two prefixes (topology.Routed)
"""

import base64
import re
import socket
import time

import dns.message
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import pytest

import debian
import names
import topology
from lab import patience, wait_until

CLAIM4, CLAIM6 = topology.CLAIM4, "2001:db8:1::/48"
FIRST = "198.51.100.1"		# as a secondary knows us
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
KEYRING = {"xfr.example.": SECRET}
MANY = "".join(f"host{number:05d} A 10.{number >> 8}.{number & 255}.1\n" for number in range(20000))


@pytest.fixture
def wide(lab):
    return topology.routed(lab, (CLAIM4, CLAIM6))


def configuration(zone="allow-transfer: [{ key: xfr.example }]"):
    return f"""
prefixes: [{{ prefix: {CLAIM4} }}, {{ prefix: "{CLAIM6}" }}]
dns:
  listen: [{CLAIM4}, "{CLAIM6}"]
  keys: {{ xfr.example: {{ secret: "{SECRET}" }} }}
  zones:
    - {{ name: example.com, file: example.com.zone, {zone} }}
"""


def serve(daemon, node, text=None, zone=None):
    one = daemon(node, "{}", start=False)
    one.file("example.com.zone", zone or names.zone(records=MANY))
    one.write(text or configuration())
    return one.start()


def transfer(node, address, keyring=KEYRING):
    """Every record of example.com in the order in which it came: (name, type, text)."""
    with node.inside():
        messages = dns.query.xfr(address, "example.com", keyring=keyring and dns.tsigkeyring.from_text(keyring),
                                 keyalgorithm="hmac-sha256", lifetime=patience(60))
        return [(str(rrset.name), rrset.rdtype, str(item)) for message in messages for rrset in message.answer
                for item in rrset]


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8:1:5::7"])
def test_a_zone_goes_whole_to_who_has_the_key(wide, daemon, address):
    serve(daemon, wide.host)
    records = transfer(wide.client, address)
    assert [kind for _, kind, _ in records].count(dns.rdatatype.SOA) == 2
    assert records[0] == records[-1]
    assert sum(name.startswith("host") and kind == dns.rdatatype.A for name, kind, _ in records) == 20000


@pytest.mark.parametrize("keyring", [None, {"xfr.example.": base64.b64encode(b"wrong" * 8).decode()},
                                     {"other.example.": SECRET}])
def test_nobody_else_gets_it(wide, daemon, keyring):
    one = serve(daemon, wide.host)
    with pytest.raises(Exception):		# dnspython has one for each reason
        transfer(wide.client, "198.51.100.7", keyring)
    assert names.udp(wide.client, "198.51.100.7", names.question("www.example.com")).right


def test_who_is_allowed_by_address_needs_no_key(wide, daemon):
    serve(daemon, wide.host, configuration("allow-transfer: [{ from: 192.0.2.0/24 }]"))
    assert len(transfer(wide.client, "198.51.100.7", None)) > 20000
    with pytest.raises(Exception):
        transfer(wide.client, "2001:db8:1:5::7", None)


def test_dig_is_content(wide, daemon):
    serve(daemon, wide.host)
    out = wide.client.run("dig", "@198.51.100.7", "example.com", "AXFR", "-y",
                          f"hmac-sha256:xfr.example:{SECRET}").stdout
    assert re.search(r";; XFR size: 20009 records", out)
    assert "Couldn't verify" not in out and "Transfer failed" not in out


def test_a_transfer_is_one_serial_whatever_is_loaded_meanwhile(wide, daemon):
    one = serve(daemon, wide.host, configuration("allow-transfer: [{ from: 192.0.2.0/24 }]"))
    query = dns.message.make_query("example.com", "AXFR").to_wire()
    with names.tcp_socket(wide.client, "198.51.100.7") as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(names.framed(query))
        messages = [names.hear(sock)]
        for serial in (2, 3, 4):
            one.file("example.com.zone", names.zone(serial, records=MANY))
            one.apply()
        time.sleep(0.2)
        soas = 0
        while soas < 2:
            answer = names.read(messages[-1]).answer
            soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in answer)
            assert all(rrset[0].serial == 1 for rrset in answer if rrset.rdtype == dns.rdatatype.SOA)
            if soas < 2:
                messages.append(names.hear(sock))
        # The connection goes on afterwards, with the zone as it is now.
        sock.sendall(names.framed(names.question("example.com", "SOA")))
        assert names.read(names.hear(sock)).answer[0][0].serial == 4


def knot(lab, node):
    """knotd as a secondary on @node; returns the folder of its zone files."""
    folder = lab.folder / "knot"
    for part in (folder, folder / "run", folder / "db"):
        part.mkdir()
    config = lab.file("knot/knot.conf", f"""
server:
    rundir: {folder}/run
    listen: 192.0.2.2@53
database:
    storage: {folder}/db
key:
  - id: xfr.example
    algorithm: hmac-sha256
    secret: {SECRET}
remote:
  - id: first
    address: {FIRST}@53
    key: xfr.example
acl:
  - id: told
    address: {FIRST}
    key: xfr.example
    action: notify
zone:
  - domain: example.com
    storage: {folder}
    master: first
    acl: told
    refresh-max-interval: 1h
log:
  - target: stdout
    any: debug
""")
    knotd, environment = debian.find("knotd", "knot")
    process = node.spawn(knotd, "-c", config, ready="server started|started in foreground", env=environment)
    lab.processes.append(process)
    return process


def serial_at_knot(node):
    answer = names.udp(node, "192.0.2.2", names.question("example.com", "SOA"), tries=1, timeout=1)
    if not answer or not names.read(answer.data).answer:
        return None
    return names.read(answer.data).answer[0][0].serial


def test_knotd_follows_by_notify(lab, wide, daemon):
    knot(lab, wide.client)
    one = serve(daemon, wide.host, configuration("allow-transfer: [{ key: xfr.example }], notify: [192.0.2.2], "
                                                 "notify-key: xfr.example"))
    wait_until(lambda: serial_at_knot(wide.client) == 1, 20, "the first transfer")
    for serial in (2, 3):
        one.file("example.com.zone", names.zone(serial, f"192.0.2.{serial}"))
        one.apply()
        wait_until(lambda: serial_at_knot(wide.client) == serial, 20, "news at the secondary")
    answer = names.udp(wide.client, "192.0.2.2", names.question("www.example.com"))
    assert names.addresses(names.read(answer.data)) == ["192.0.2.3"]
