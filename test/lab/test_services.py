# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in services, as their clients see them.

    client ---- router ==== host      the claims are routed to the host's eth0; its default route is eth1, so an answer
                                      from the wrong address would be one from 10.0.2.2 or 2001:db8:a2::2
                                      (topology.Routed)
"""

import ipaddress
import json
import os
import socket
import threading
import time

import pytest

import ask
from configuration import CLAIMED, CLIENT, DISCARD_PORT, ECHO_PORT, SERVED, SEVENTH, WHO_PORT, listen, served
from lab import scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

UDP_SEGMENT = 103		# <linux/udp.h>

both = pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.stock
@both
def test_echo_returns_what_it_was_sent(net, daemon, claim):
    daemon(net.host, SERVED)
    for data in (b"", b"x", b"hello\r\n", bytes(range(256)) * 5):
        answer = ask.udp(net.client, SEVENTH[claim], ECHO_PORT, data)
        assert answer.right and answer.port == ECHO_PORT and answer.data == data
        assert ask.tcp(net.client, SEVENTH[claim], ECHO_PORT, data) == data


@both
def test_discard_answers_nothing(net, daemon, claim):
    one = daemon(net.host, SERVED)
    assert ask.udp(net.client, SEVENTH[claim], DISCARD_PORT, timeout=0.3, tries=1) is None
    assert ask.tcp(net.client, SEVENTH[claim], DISCARD_PORT, b"x" * 100000) == b""
    assert one.service("discard")["asked"] == 2


@pytest.mark.stock
@both
def test_whoami_tells_the_address_asked_the_peer_and_the_link(net, daemon, claim):
    daemon(net.host, SERVED)
    sock = ask.udp_socket(net.client, SEVENTH[claim])
    with sock:
        sock.settimeout(5)
        sock.sendto(b"?", (SEVENTH[claim], WHO_PORT))
        told = ask.whoami(sock.recv(2048))
        port = sock.getsockname()[1]
    assert ask.same(told["asked"], SEVENTH[claim])
    peer = f"[{CLIENT[claim]}]:{port}" if ":" in CLIENT[claim] else f"{CLIENT[claim]}:{port}"
    assert told["peer"] == peer
    assert (told["port"], told["link"], told["protocol"], told["service"]) == (str(WHO_PORT), "eth0", "udp", "who")
    told = ask.whoami(ask.tcp(net.client, SEVENTH[claim], WHO_PORT))
    assert (told["link"], told["protocol"]) == ("eth0", "tcp")
    assert ask.same(told["asked"], SEVENTH[claim])


def url(address, port=WHO_PORT):
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


@both
def test_whoami_answers_http_with_json(net, daemon, claim):
    daemon(net.host, SERVED)
    done = net.client.run("curl", "-sS", "-g", "-i", "--max-time", "10", url(SEVENTH[claim]))
    head, body = done.stdout.split("\n\n", 1) if "\n\n" in done.stdout else done.stdout.split("\r\n\r\n", 1)
    assert head.startswith("HTTP/1.1 200 ") and "application/json" in head
    told = json.loads(body)
    assert ask.same(told["asked"], SEVENTH[claim]) and ask.same(told["peer"], CLIENT[claim])
    assert told["port"] == WHO_PORT and told["service"] == "who" and told["link"] == "eth0"
    head = net.client.run("curl", "-sS", "-g", "-I", "--max-time", "10", url(SEVENTH[claim])).stdout
    assert head.startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("request_text, status", [
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"405"),
    (b"DELETE / HTTP/1.0\r\n\r\n", b"405"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n", b"431"),
    (b"GET /" + b"z" * 20000 + b" HTTP/1.1\r\n\r\n", b"4"),
    (b"GET / HTTP/1.1\r\nthis is no header\r\n\r\n", b"400")])
def test_a_wrong_http_request_gets_its_status(net, daemon, request_text, status):
    daemon(net.host, SERVED)
    with ask.tcp_connect(net.client, SEVENTH[CLAIM6], WHO_PORT) as sock:
        sock.sendall(request_text)
        answer = ask.read_all(sock)
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]


def test_an_http_request_in_small_pieces_is_understood(net, daemon):
    daemon(net.host, SERVED)
    with ask.tcp_connect(net.client, SEVENTH[CLAIM4], WHO_PORT) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\n\r\n":
            sock.send(bytes([byte]))
        answer = ask.read_all(sock)
    assert answer.startswith(b"HTTP/1.1 200 ") and b'"asked"' in answer


def test_whoami_answers_a_client_that_only_connects(net, daemon):
    daemon(net.host, SERVED)
    with ask.tcp_connect(net.client, SEVENTH[CLAIM4], WHO_PORT) as sock:
        assert ask.whoami(ask.read_all(sock))["asked"] == SEVENTH[CLAIM4]


@both
def test_echo_carries_eight_megabytes_and_a_half_close(net, daemon, claim):
    daemon(net.host, SERVED)
    data = os.urandom(scaled(8 << 20, 1 << 20))
    with ask.tcp_connect(net.client, SEVENTH[claim], ECHO_PORT, timeout=30) as sock:
        def send():
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        answer = ask.read_all(sock)
        sender.join()
    assert answer == data


@both
@pytest.mark.parametrize("size", [1472, 1473, 9000, 65507])
def test_large_datagrams_are_echoed_whole(net, daemon, claim, size):
    daemon(net.host, SERVED)
    data = os.urandom(size)
    answer = ask.udp(net.client, SEVENTH[claim], ECHO_PORT, data)
    assert answer and answer.right and answer.data == data


@both
@pytest.mark.parametrize("size, count", [(1200, 40), (100, 64), (1400, 3), (1, 64)])
def test_a_burst_sent_as_one_comes_back_as_its_datagrams(net, daemon, claim, size, count):
    """UDP_SEGMENT at the client: the kernel may keep the burst together all the way, and nobody may mix it up."""
    daemon(net.host, SERVED)
    pieces = [bytes([number]) * size for number in range(count - 1)] + [b"\xff" * (size // 2 or 1)]
    with ask.udp_socket(net.client, SEVENTH[claim]) as sock:
        sock.settimeout(5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
        sock.sendto(b"".join(pieces), (SEVENTH[claim], ECHO_PORT))
        answers = [sock.recvfrom(65536) for _ in pieces]
    assert all(ask.same(source[0], SEVENTH[claim]) for _, source in answers)
    assert sorted(data for data, _ in answers) == sorted(pieces)


def test_a_range_of_ports_is_served_and_its_neighbours_are_not(net, daemon):
    daemon(net.host, served(f"name: range, kind: whoami, {listen()}, ports: [7000-7010, 7020]"))
    for port in (7000, 7005, 7010, 7020):
        for claim in CLAIMS:
            assert ask.whoami(ask.udp(net.client, SEVENTH[claim], port).data)["port"] == str(port)
            assert ask.whoami(ask.tcp(net.client, SEVENTH[claim], port))["port"] == str(port)
    for port in (6999, 7011, 7019, 7021):
        assert ask.udp(net.client, SEVENTH[CLAIM4], port, timeout=0.2, tries=1) is None
        with pytest.raises(ConnectionRefusedError):
            ask.tcp(net.client, SEVENTH[CLAIM6], port)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_only_the_protocols_of_the_file_are_served(net, daemon, protocol):
    daemon(net.host, served(f"name: one, kind: echo, {listen()}, ports: [5000], protocols: [{protocol}]"))
    udp = ask.udp(net.client, SEVENTH[CLAIM4], 5000, timeout=0.3, tries=2)
    assert bool(udp) == (protocol == "udp")
    if protocol == "udp":
        with pytest.raises(ConnectionRefusedError):
            ask.tcp(net.client, SEVENTH[CLAIM4], 5000)
    else:
        assert ask.tcp(net.client, SEVENTH[CLAIM4], 5000, b"x") == b"x"


@both
def test_of_nested_prefixes_the_longest_serves(net, daemon, claim):
    inner = {CLAIM4: "198.51.100.128/25", CLAIM6: "2001:db8:1:1:8000::/65"}[claim]
    daemon(net.host, served(f"name: wide, kind: whoami, {listen(claim)}, ports: [{WHO_PORT}]",
                            f"name: narrow, kind: whoami, {listen(inner)}, ports: [{WHO_PORT}]"))
    outer_half = next(ipaddress.ip_network(claim).subnets())
    for prefix, name in ((inner, "narrow"), (str(outer_half), "wide")):
        for address in ask.random_addresses(prefix, 10, 3):
            assert ask.whoami(ask.udp(net.client, address, WHO_PORT).data)["service"] == name
            assert ask.whoami(ask.tcp(net.client, address, WHO_PORT))["service"] == name


def test_what_is_asked_outside_a_service_gets_no_answer(net, daemon):
    """A prefix that is claimed but not listened on: its port looks closed."""
    daemon(net.host, served(f"name: half, kind: whoami, listen: [198.51.100.128/25], ports: [{WHO_PORT}]"))
    assert ask.udp(net.client, "198.51.100.200", WHO_PORT).right
    assert ask.udp(net.client, "198.51.100.7", WHO_PORT, timeout=0.3, tries=1) is None
    with pytest.raises((ConnectionResetError, ConnectionRefusedError)):
        ask.tcp(net.client, "198.51.100.7", WHO_PORT)


@both
def test_a_single_address_leaves_the_port_of_the_next_to_another_program(net, daemon, claim):
    eighth = SEVENTH[claim][:-1] + "8"
    version = ipaddress.ip_network(claim).version
    daemon(net.host, served(f"name: one, kind: whoami, listen: ['{SEVENTH[claim]}'], ports: [5300]"))
    other = f"[{eighth}]" if version == 6 else eighth
    net.host.spawn("socat", f"UDP{version}-RECVFROM:5300,bind={other},fork", "EXEC:cat")
    net.host.spawn("socat", f"TCP{version}-LISTEN:5300,bind={other},fork,reuseaddr", "EXEC:cat")
    wait_until(lambda: net.host.run("ss", "-Hlntu", "sport = :5300").stdout.count("8]:5300" if version == 6 else
                                                                                 "8:5300") == 2, what="socat")
    assert ask.whoami(ask.udp(net.client, SEVENTH[claim], 5300).data)["service"] == "one"
    assert ask.udp(net.client, eighth, 5300, b"theirs").data == b"theirs"
    assert ask.whoami(ask.tcp(net.client, SEVENTH[claim], 5300))["service"] == "one"
    assert ask.tcp(net.client, eighth, 5300, b"theirs") == b"theirs"


@pytest.mark.parametrize("protocol, command", [("udp", "UDP4-RECVFROM:{},fork"), ("tcp", "TCP4-LISTEN:{},fork")])
def test_a_port_that_another_program_has_is_told_at_its_line(net, daemon, protocol, command):
    net.host.spawn("socat", command.format(WHO_PORT), "EXEC:cat")
    wait_until(lambda: net.host.run("ss", "-Hlntu", f"sport = :{WHO_PORT}").stdout, what="socat to listen")
    one = daemon(net.host, "")
    reply = one.apply(SERVED, expect=1)
    assert reply["rolled_back"] is True
    assert net.host.ours() == []
    failed = [failure for failure in reply["failed"] if protocol in failure["text"]]
    assert failed and failed[0]["line"] == 5 and str(WHO_PORT) in failed[0]["error"]


def test_an_idle_connection_is_closed(net, daemon):
    daemon(net.host, served(f"name: echo, kind: echo, {listen()}, ports: [7], idle-timeout: 1s"))
    with ask.tcp_connect(net.client, SEVENTH[CLAIM6], 7, timeout=20) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        since = time.monotonic()
        assert ended(sock)
        assert 0.9 < time.monotonic() - since < 15


def ended(sock):
    """Waits for the end of the peer, however it ends."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def turned_away(node, address):
    """A connection to port 7 ends by itself, perhaps before this side knows that it began."""
    try:
        with ask.tcp_connect(node, address, 7) as sock:
            return ended(sock)
    except ConnectionResetError:
        return True


def test_a_connection_that_talks_is_not_idle(net, daemon):
    daemon(net.host, served(f"name: echo, kind: echo, {listen()}, ports: [7], idle-timeout: 1s"))
    with ask.tcp_connect(net.client, SEVENTH[CLAIM6], 7) as sock:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
            time.sleep(0.1)	# the pace of the talk, not a wait


def test_connections_beyond_the_limit_are_turned_away_until_one_ends(net, daemon):
    daemon(net.host, served(f"name: echo, kind: echo, {listen()}, ports: [7], max-connections: 3"))

    def opened():
        sock = ask.tcp_connect(net.client, SEVENTH[CLAIM4], 7)
        sock.sendall(b"x")
        return sock

    held = [opened() for _ in range(3)]
    try:
        assert all(sock.recv(1) == b"x" for sock in held)
        assert turned_away(net.client, SEVENTH[CLAIM4])
        held.pop().close()
        wait_until(lambda: ask.tcp_echoes(net.client, SEVENTH[CLAIM4]), what="room for another")
    finally:
        for sock in held:
            sock.close()


def test_a_service_taken_away_falls_silent_and_comes_back(net, daemon):
    one = daemon(net.host, SERVED)
    one.apply(CLAIMED)
    # What is on its way to the worker at that moment may still be answered, and what comes after may not.
    wait_until(lambda: not ask.udp(net.client, SEVENTH[CLAIM4], ECHO_PORT, timeout=0.3, tries=1), what="silence")
    with pytest.raises(ConnectionRefusedError):
        ask.tcp(net.client, SEVENTH[CLAIM6], ECHO_PORT)
    one.apply(SERVED)
    assert ask.udp(net.client, SEVENTH[CLAIM4], ECHO_PORT).right
    assert ask.tcp(net.client, SEVENTH[CLAIM6], ECHO_PORT, b"x") == b"x"


@both
def test_two_hundred_clients_at_once_are_all_served(net, daemon, claim):
    daemon(net.host, SERVED)
    addresses = ask.random_addresses(claim, scaled(200, 20), 5)
    answers = ask.tcp_many(net.client, addresses, ECHO_PORT, b"x" * 20000, at_once=50)
    assert all(answer == b"x" * 20000 for answer in answers.values())


def test_iperf_measures_through_a_claim(net, daemon):
    """A real program whose server binds the wildcard: TCP needs the claim and nothing else."""
    daemon(net.host, CLAIMED)
    net.host.spawn("iperf3", "-s", "--forceflush", ready="listening")
    for claim in CLAIMS:
        done = net.client.run("iperf3", "-c", SEVENTH[claim], "-n", "4M", "--json", timeout=60)
        assert json.loads(done.stdout)["end"]["sum_sent"]["bytes"] >= 4 << 20
