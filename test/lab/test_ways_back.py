# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways back are there when they are needed most; what is not ours stays.

  host: one namespace, no peers
"""

import os
import socket

import pytest

from configuration import CLAIMED, WHO_PORT, served, listen
from lab import wait_until

SERVED_WHO = served(f"name: who, kind: whoami, {listen()}, ports: [{WHO_PORT}]")


@pytest.fixture
def host(lab):
    node = lab.node("host")
    node.ip("link", "set", "lo", "up")
    return node


def occupy(node, port):
    """Somebody else's listener on the wildcard."""
    with node.inside():
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taken.bind(("0.0.0.0", port))
        taken.listen()
    return taken


def test_nobody_confirms_and_one_object_is_refused_but_the_way_back_is_taken(host, daemon):
    one = daemon(host, SERVED_WHO)
    one.apply(CLAIMED, "--confirm", "2s")
    taken = occupy(host, WHO_PORT)
    wait_until(lambda: one.status()["generation"] != 2, what="the generation from before")
    failing = one.status()["objects"]["failing"]
    assert [row["text"] for row in failing] == [f"+ listener tcp 0.0.0.0:{WHO_PORT}"]
    taken.close()
    wait_until(lambda: one.status()["objects"]["failing"] == [], what="the refused listener to be tried again")


def test_a_rollback_goes_on_past_what_is_refused(host, daemon):
    one = daemon(host, SERVED_WHO)
    one.apply(CLAIMED)
    taken = occupy(host, WHO_PORT)
    reply = one.ctl("rollback", "--json", expect=1)
    assert [row["text"] for row in reply["failed"]] == [f"+ listener tcp 0.0.0.0:{WHO_PORT}"]
    assert not reply["rolled_back"], "the rollback itself stands"
    taken.close()
    wait_until(lambda: one.status()["objects"]["failing"] == [], what="the refused listener to be tried again")


def test_an_apply_of_what_is_in_force_has_nothing_to_confirm(host, daemon):
    one = daemon(host, CLAIMED)
    reply = one.apply(CLAIMED, "--confirm", "30s")
    first = one.status()
    assert ("confirm_ms" in reply) == ("confirm_ms" in first)


def test_a_file_in_the_place_of_the_socket_is_left_alone(host, lab, daemon):
    one = daemon(host, CLAIMED, start=False)
    one.socket.write_text("precious")
    assert one.launch().wait(30) == 1
    assert "no socket" in one.said()
    assert one.socket.read_text() == "precious"


@pytest.mark.parametrize("suffix, text", [(".sysctl", "net/ipv4/ip_forward\t1\t0\t\n"), (".confirm", "x")])
def test_a_file_that_others_may_write_is_not_believed(host, daemon, suffix, text):
    one = daemon(host, CLAIMED, start=False)
    planted = one.socket.with_name(one.socket.name + suffix)
    planted.write_text(text)
    os.chmod(planted, 0o666)
    before = host.sysctl("net/ipv4/ip_forward")
    one.start()
    one.stop()
    assert host.sysctl("net/ipv4/ip_forward") == before


def test_every_reload_ends_for_the_service_manager(host, lab, daemon):
    path = str(lab.folder / "notify")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(30)
    one = daemon(host, CLAIMED, start=False)
    one.start(env=dict(os.environ, NOTIFY_SOCKET=path))
    assert manager.recv(200) == b"READY=1"
    for text in (CLAIMED + "services: []\n", "prefixes: [", CLAIMED):
        one.write(text)
        one.hangup()
        assert manager.recv(200).startswith(b"RELOADING=1")
        assert manager.recv(200) == b"READY=1"
    manager.close()


def test_who_watches_does_not_keep_out_who_confirms(host, daemon):
    one = daemon(host, CLAIMED)
    watchers = []
    for _ in range(60):
        watcher = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        watcher.connect(str(one.socket))
        request = b'{"command":"watch"}'
        watcher.send(b"\0\1\0\0" + b"\0\0\0\1" + len(request).to_bytes(4, "big") + request)
        watchers.append(watcher)
    one.apply(CLAIMED + "services: []\n", "--confirm", "30s")
    one.ctl("confirm", expect=0)
    for watcher in watchers:
        watcher.close()
