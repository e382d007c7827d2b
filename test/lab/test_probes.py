# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that ask over the wire: each way of asking, against peers that are well and that are not.

    peer ------------------------------------- host
    eth0 .2  10.0.0.0/24, 2001:db8::/64  .1 eth0
"""

import contextlib
import os
import signal
import socket
import ssl
import subprocess

import pytest

from lab import wait_until
from peers import Peer, http

HOST = {4: "10.0.0.1", 6: "2001:db8::1"}
PEER = {4: "10.0.0.2", 6: "2001:db8::2"}
QUICK = "every: 50ms, timeout: 300ms, rise: 1, fall: 2, lost: 2, jitter: 0"

both = pytest.mark.parametrize("family", (4, 6))


@pytest.fixture
def pair(lab):
    host, peer = lab.node("host"), lab.node("peer")
    lab.link(host, "eth0", peer, "eth0")
    for node, addresses in ((host, HOST), (peer, PEER)):
        node.ip_batch([f"address add {addresses[4]}/24 dev eth0", f"address add {addresses[6]}/64 dev eth0 nodad"])
    for node in (host, peer):
        node.wait_addresses()
    return host, peer


@pytest.fixture
def serve():
    """Makes peers, and closes them."""
    with contextlib.ExitStack() as stack:
        def make(*words, **options):
            return stack.enter_context(contextlib.closing(Peer(*words, **options)))
        yield make


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def checks(**ones):
    return "checks:\n" + "".join(f"  {name.replace('_', '-')}: {{ {text}, {QUICK} }}\n" for name, text in ones.items())


def check(one, name):
    for found in one.feature("checks")["checks"]:
        if found["name"] == name:
            return found
    raise AssertionError(f"no check {name}")


def await_check(one, name, state, reason=""):
    """Waits until a check is so, for this reason; returns it."""
    def look():
        found = check(one, name)
        return found if found.get("state") == state and reason in found["reason"] else None

    try:
        return wait_until(look, 15, f"{name} to be {state}: {reason}", every=0.05)
    except AssertionError:
        raise AssertionError(f"expected {state}: {reason}; it is {check(one, name)}") from None


@pytest.mark.stock
@both
def test_an_address_is_up_while_it_answers_and_down_when_it_is_taken_away(pair, daemon, family):
    host, peer = pair
    one = daemon(host, checks(ping=f'ping: "{PEER[family]}"', bound=f'ping: "{PEER[family]}", link: eth0',
                              neighbour=f'{"arp" if family == 4 else "nd"}: "{PEER[family]}", link: eth0'))
    for name in ("ping", "bound", "neighbour"):
        await_check(one, name, "up", "answered")
    peer.ip("address", "del", f"{PEER[family]}/{24 if family == 4 else 64}", "dev", "eth0")
    for name in ("ping", "bound", "neighbour"):
        await_check(one, name, "down")
    assert "no answer within" in check(one, "neighbour")["reason"]
    peer.ip("address", "add", f"{PEER[family]}/{24 if family == 4 else 64}", "dev", "eth0",
            *(["nodad"] if family == 6 else []))
    for name in ("ping", "bound", "neighbour"):
        await_check(one, name, "up")


def test_a_link_local_address_is_asked_on_its_link(pair, daemon, serve):
    host, peer = pair
    peer.ip("address", "add", "fe80::99/64", "dev", "eth0", "nodad")
    with peer.inside():
        scope = socket.if_nametoindex("eth0")
    server = serve(peer, "fe80::99", 80, scope=scope)
    one = daemon(host, checks(ping='ping: "fe80::99", link: eth0', nd='nd: "fe80::99", link: eth0',
                              tcp='tcp: "[fe80::99]:80", link: eth0'))
    for name in ("ping", "nd", "tcp"):
        await_check(one, name, "up")
    server.close()
    await_check(one, "tcp", "down", "connection refused")


@both
def test_a_link_that_goes_and_comes_back_under_its_name_is_used_again(lab, pair, daemon, serve, family):
    host, peer = pair
    way = f'"{PEER[family]}", link: eth0'
    serve(peer, PEER[family], 80)
    one = daemon(host, checks(ping=f"ping: {way}", neighbour=f'{"arp" if family == 4 else "nd"}: {way}',
                              tcp=f'tcp: "{endpoint(PEER[family], 80)}", link: eth0'))
    for name in ("ping", "neighbour", "tcp"):
        await_check(one, name, "up")
    host.ip("link", "del", "eth0")
    for name in ("ping", "neighbour", "tcp"):
        await_check(one, name, "down", "no such device")
    lab.link(host, "eth0", peer, "eth0")
    for node, addresses in ((host, HOST), (peer, PEER)):
        node.ip_batch([f"address add {addresses[4]}/24 dev eth0", f"address add {addresses[6]}/64 dev eth0 nodad"])
    for name in ("ping", "neighbour", "tcp"):
        await_check(one, name, "up")


@pytest.mark.stock
@both
def test_a_port_is_up_refused_or_silent(pair, daemon, serve, family):
    host, peer = pair
    server = serve(peer, PEER[family], 80)
    one = daemon(host, checks(web=f'tcp: "{endpoint(PEER[family], 80)}"',
                              source=f'tcp: "{endpoint(PEER[family], 80)}", source: "{HOST[family]}", mark: 0x10'))
    await_check(one, "web", "up", "connected")
    await_check(one, "source", "up", "connected")
    server.close()
    await_check(one, "web", "down", "connection refused")
    # No trace of a thousand connections on either side.
    assert "TIME-WAIT" not in host.run("ss", "-Htan").stdout + peer.run("ss", "-Htan").stdout
    peer.run("nft", "add table inet t; add chain inet t c { type filter hook input priority 0; }; "
             "add rule inet t c tcp dport 80 drop")
    await_check(one, "web", "down", "no connection within 3")


@both
def test_a_datagram_is_answered_as_expected(pair, daemon, serve, family):
    host, peer = pair
    server = serve(peer, PEER[family], 123, say=b"\x24\x01", udp=True)
    to = f'to: "{endpoint(PEER[family], 123)}", send-hex: "e300"'
    one = daemon(host, checks(any=f"udp: {{ {to} }}", right=f'udp: {{ {to}, expect-hex: "2401" }}',
                              wrong=f'udp: {{ {to}, expect: "no" }}'))
    await_check(one, "any", "up")
    await_check(one, "right", "up", "as expected")
    await_check(one, "wrong", "down", "the answer of 2 bytes is not what is expected")
    server.say = None
    await_check(one, "any", "down", "no answer within")
    server.close()
    await_check(one, "any", "down", "connection refused")


@both
def test_http_is_asked_for_its_status_and_its_body(pair, daemon, serve, family):
    host, peer = pair
    server = serve(peer, PEER[family], 80, say=http())
    url = f'http: "http://{endpoint(PEER[family], 80)}/healthz"'
    one = daemon(host, checks(
        plain=url, status=f"{url}, expect: {{ status: 204 }}", body=f'{url}, expect: {{ match: "^o[jk]$" }}',
        named=f'http: "http://www.example.com/", at: "{PEER[family]}", source: "{HOST[family]}"'))
    for name in ("plain", "body", "named"):
        await_check(one, name, "up", "status 200")
    await_check(one, "status", "down", "status 200")
    seen = []
    server.say = lambda data: seen.append(data) or http(204, b"")
    await_check(one, "status", "up", "status 204")
    wait_until(lambda: any(b"\r\nHost: www.example.com\r\n" in data for data in seen), what="the name to be asked for")
    # The peer hears the request out before it closes: with bytes unread it would reset the connection instead.
    for say, reason in ((http(503), "status 503"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "cut short"),
                        (lambda data: b"\x00garbage\r\n\r\n", "no HTTP"),
                        (lambda data: b"", "closed without an answer"),
                        (None, "no complete answer within 3")):
        server.say = say
        await_check(one, "plain", "down", reason)
    server.close()
    await_check(one, "plain", "down", "connection refused")


def certificate(lab, name, issuer=None, subject=None):
    """Makes a key and a certificate, signed by @issuer or by itself; returns their files."""
    key, file = lab.folder / f"{name}.key", lab.folder / f"{name}.pem"
    names = f"subjectAltName=DNS:{subject or name}"
    words = ["-CA", lab.folder / f"{issuer}.pem", "-CAkey", lab.folder / f"{issuer}.key"] if issuer else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", names, "-keyout", key, "-out", file, *words],
                   check=True, capture_output=True)
    return file, key


def test_https_asks_for_certificates_and_shows_its_own(lab, pair, daemon, serve):
    host, peer = pair
    certificate(lab, "authority")
    certificate(lab, "server", "authority", "www.example.com")
    certificate(lab, "client", "authority")
    certificate(lab, "stranger")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(lab.folder / "server.pem", lab.folder / "server.key")
    tls.load_verify_locations(lab.folder / "authority.pem")
    names = []
    tls.sni_callback = lambda connection, name, context: names.append(name)
    serve(peer, PEER[4], 443, say=http(), tls=tls)
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    strict.load_cert_chain(lab.folder / "server.pem", lab.folder / "server.key")
    strict.load_verify_locations(lab.folder / "authority.pem")
    strict.verify_mode = ssl.CERT_REQUIRED
    serve(peer, PEER[4], 444, say=http(), tls=strict)
    at, folder = f"at: {PEER[4]}", lab.folder
    url = f'http: "https://www.example.com/", {at}'
    mutual = f'http: "https://www.example.com:444/", {at}, ca: {folder}/authority.pem'
    one = daemon(host, checks(
        trusted=f"{url}, ca: {folder}/authority.pem", unknown=url, careless=f"{url}, verify: no",
        other=f'http: "https://mail.example.com/", {at}, ca: {folder}/authority.pem',
        sni=f'http: "https://{PEER[4]}/", sni: www.example.com, at: {PEER[4]}, ca: {folder}/authority.pem',
        mutual=f"{mutual}, client-certificate: {folder}/client.pem, client-key: {folder}/client.key",
        nobody=mutual,
        stranger=f"{mutual}, client-certificate: {folder}/stranger.pem, client-key: {folder}/stranger.key"))
    for name in ("trusted", "careless", "sni", "mutual"):
        await_check(one, name, "up", "status 200")
    await_check(one, "unknown", "down", "certificate")
    await_check(one, "other", "down", "SSL: no alternative certificate subject name matches")
    for name in ("nobody", "stranger"):
        await_check(one, name, "down")
    assert set(names) <= {"www.example.com", "mail.example.com"}


@both
def test_a_name_server_is_asked_for_an_address(pair, daemon, family):
    host, peer = pair
    words = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=",
             "--bind-interfaces", f"--listen-address={PEER[family]}", "--log-facility=-", "--user=root",
             "--address=/www.example.com/192.0.2.80", "--address=/www.example.com/2001:db8::80"]
    server = peer.spawn(*words)
    ask = f'dns: {{ server: "{PEER[family]}", name: www.example.com'
    one = daemon(host, checks(
        any=f"{ask} }}", right=f"{ask}, type: AAAA, expect: [\"2001:db8::80\"] }}",
        wrong=f"{ask}, expect: [192.0.2.81] }}",
        missing=f'dns: {{ server: "{PEER[family]}", name: www.example.org }}'))
    await_check(one, "any", "up", "answered")
    await_check(one, "right", "up", "answered")
    await_check(one, "wrong", "down", "none of the expected addresses")
    await_check(one, "missing", "down", "answered REFUSED")
    server.end()
    await_check(one, "any", "down", "connection refused")


@both
def test_an_agent_tells_state_and_weight(pair, daemon, serve, family):
    host, peer = pair
    agent = serve(peer, PEER[family], 5555, say=b"up 75%\n")
    one = daemon(host, checks(agent=f'agent: "{endpoint(PEER[family], 5555)}"'))
    assert await_check(one, "agent", "up", "the agent says up")["weight"] == 75
    agent.say = b"drain # for the night\n"
    await_check(one, "agent", "down", "the agent says drained: for the night")
    agent.say = b"\xff\xfe garbage\n"
    await_check(one, "agent", "down", "not understood")
    agent.say = b"ready\n"
    await_check(one, "agent", "up")


def test_a_script_is_run_without_a_shell_and_without_rights(lab, pair, daemon):
    host, _ = pair
    who = lab.file("who.sh", "#!/bin/sh\nid -u; grep CapEff /proc/self/status\n")
    who.chmod(0o755)
    leaves = lab.file("leaves.sh", "#!/bin/sh\nsleep 1234 &\nsetsid sleep 2345 &\nsleep 0.1\necho started\nexit 3\n")
    leaves.chmod(0o755)
    one = daemon(host, checks(
        well="script: [/usr/bin/test, -e, /etc/passwd]", ill='script: [/usr/bin/test, -e, "/no such; true"]',
        who=f"script: [{who}]", leaves=f"script: [{leaves}]", late="script: [/usr/bin/sleep, 4321]"))
    await_check(one, "well", "up")
    await_check(one, "ill", "down", "exit status 1")
    await_check(one, "leaves", "down", "exit status 3: started")
    await_check(one, "late", "down", "did not end within 3")
    # Each turn leaves two behind, one of them in a session of its own: what is there is of one turn.
    assert len(host.run("pgrep", "-f", "sleep 2345$", check=False).stdout.split()) <= 2
    assert check(one, "who")["state"] == "up" and check(one, "who")["reason"] != "0"
    one.stop()
    for left in ("1234", "2345", "4321"):
        wait_until(lambda left=left: not host.run("pgrep", "-f", f"sleep {left}$", check=False).stdout, 10,
                   "what scripts started to end")


def test_scripts_are_run_again_when_the_process_that_runs_them_was_killed(pair, daemon):
    host, _ = pair
    one = daemon(host, checks(well="script: [/usr/bin/true]"))
    await_check(one, "well", "up")
    worker = one.worker()
    runner = int(open(f"/proc/{worker}/task/{worker}/children").read().split()[0])
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: one.children() and one.children() != [worker], 15, "another worker")
    wait_until(lambda: not check(one, "well")["old"], 15, "a new result")
    await_check(one, "well", "up")


def test_the_worker_keeps_one_capability_and_sees_nothing(pair, daemon):
    host, _ = pair
    one = daemon(host, checks(ping=f"ping: {PEER[4]}"))
    await_check(one, "ping", "up")
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{one.worker()}/status") if ":\t" in line)
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 1 << 13		# CAP_NET_RAW
    assert int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
