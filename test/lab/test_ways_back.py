# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways back are there when they are needed most; what is not ours stays.

  host: one namespace, no peers; for who works from afar
  client ---- router ==== host      (topology.Routed)
"""

import contextlib
import json
import os
import signal
import socket
import sys
import time

import pytest

import topology
from configuration import CLAIMED, WHO_PORT, claimed_routes, claims, destinations, listen, served
from daemon import MHCTL, Daemon
from lab import patience, wait_until
from topology import CLAIMS

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


OTHER = "203.0.113.0/24"


def ours_are(node, prefixes):
    return destinations(node.ours()) == claimed_routes(prefixes)


class Connection:
    """The control socket as a program that keeps its connection sees it."""

    def __init__(self, one):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(str(one.socket))
        self.ask("status")	# so that it is accepted, not only in the queue

    def ask(self, command, **words):
        request = json.dumps({"command": command, **words}).encode()
        self.socket.send(b"\0\1\0\0" + b"\0\0\0\1" + len(request).to_bytes(4, "big") + request)
        return json.loads(self.socket.recv(1 << 20)[12:])


def test_who_applied_what_and_until_when_is_shown(host, daemon):
    one = daemon(host, CLAIMED)
    one.apply(claims([OTHER]), "--confirm", "60s")
    waits = one.status()["transaction"]
    assert waits["id"] == one.status()["generation"] and waits["uid"] == os.getuid() and waits["pid"] > 1
    assert waits["what"].endswith("draft.yaml") and waits["operations"] == 4
    assert f"id {waits['id']}: " in one.ctl("status").out
    refused = one.ctl("apply", one.file("third.yaml", CLAIMED), expect=1)
    assert f"generation {waits['id']}" in refused.errors and "draft.yaml" in refused.errors
    back = one.ctl("plan", "--rollback", "--json", expect=1).operations
    assert len(back) == 4 and any("- route" in line and OTHER in line for line in back)
    one.ctl("rollback", expect=0)
    assert ours_are(host, CLAIMS) and "transaction" not in one.status()


def test_a_connection_from_before_confirms_nothing(host, daemon):
    one = daemon(host, CLAIMED)
    old = Connection(one)
    one.apply(claims([OTHER]), "--confirm", "60s")
    reply = old.ask("confirm")
    assert reply["exit"] == 1 and "older than the answer" in reply["error"]
    assert "transaction" in one.status()
    number = one.status()["transaction"]["id"]
    assert one.ctl("confirm", number + 1, expect=1).errors.count("another generation") == 1
    one.ctl("confirm", number, expect=0)
    assert "transaction" not in one.status()


def test_it_goes_back_though_whoever_applied_it_is_dead(host, daemon):
    one = daemon(host, CLAIMED)
    draft = one.file("draft.yaml", claims([OTHER]))
    with contextlib.suppress(OSError):
        mhctl = host.spawn(one.process.command[0].replace("daemon/multihomed", "ctl/mhctl"), "-s", one.socket, "apply",
                           draft, "--confirm", f"{round(patience(2))}s")
        wait_until(lambda: ours_are(host, [OTHER]), what="the new one")
        mhctl.signal(signal.SIGKILL)
    assert one.status()["confirm_ms"] > 0
    wait_until(lambda: ours_are(host, CLAIMS), what="the way back")


def test_the_time_to_confirm_in_may_begin_anew(host, daemon):
    one = daemon(host, CLAIMED)
    seconds = round(patience(2))
    one.apply(claims([OTHER]), "--confirm", f"{seconds}s")
    one.ctl("confirm", "--extend", "60s", expect=0)
    time.sleep(seconds + 0.5)
    assert ours_are(host, [OTHER]) and one.status()["confirm_ms"] > 1000
    one.ctl("confirm", "--extend", "1s", expect=0)
    wait_until(lambda: ours_are(host, CLAIMS), what="the way back")


def test_an_apply_that_was_refused_leaves_nothing_armed(host, daemon):
    one = daemon(host, CLAIMED)
    host.ip("route", "add", "blackhole", OTHER, "table", "local")
    one.apply(claims([OTHER]), "--confirm", "60s", expect=1)
    one.apply("prefixes: [{ prefix: 203.0.113.1/24 }]\n", "--confirm", "60s", expect=2)
    assert "transaction" not in one.status() and "confirm_ms" not in one.status()
    assert not one.socket.with_name(one.socket.name + ".confirm").exists()
    assert one.ctl("confirm").exit == 1
    one.apply(claims([*CLAIMS, "10.99.0.0/24"]))


@contextlib.contextmanager
def state_of(lab):
    """What outlives a boot, as the service manager gives it."""
    folder = lab.folder / "state"
    folder.mkdir()
    yield {**os.environ, "STATE_DIRECTORY": str(folder)}


def test_a_boot_before_anybody_confirmed_begins_with_what_was_before(host, lab, daemon):
    """The file itself was edited, and applied: it is what a boot would begin with."""
    with state_of(lab) as environment:
        one = daemon(host, CLAIMED, start=False)
        one.start(env=environment)
        one.write(claims([OTHER]))
        one.apply(None, "--confirm", "60s")
        assert ours_are(host, [OTHER])
        for _ in range(2):
            one.kill()
            for left in one.socket.parent.glob("control.sock*"):
                left.unlink()	# as /run after a boot
            one.start(env=environment)
            assert ours_are(host, CLAIMS)
        assert any("turned down" in line for line in one.log())
        one.write(claims(["10.99.0.0/24"]))
        one.kill()
        one.start(env=environment)
        assert ours_are(host, ["10.99.0.0/24"]), "another text counts again"


def test_a_file_that_nobody_confirmed_in_time_is_not_what_boots(host, lab, daemon):
    with state_of(lab) as environment:
        one = daemon(host, CLAIMED, start=False)
        one.start(env=environment)
        one.write(claims([OTHER]))
        one.apply(None, "--confirm", f"{round(patience(1))}s")
        wait_until(lambda: ours_are(host, CLAIMS), what="the way back")
        one.stop()
        one.start(env=environment)
        assert ours_are(host, CLAIMS)
        one.apply(None)
        one.stop()
        one.start(env=environment)
        assert ours_are(host, [OTHER]), "an apply without a doubt makes it count again"


def test_what_was_confirmed_is_what_boots(host, lab, daemon):
    with state_of(lab) as environment:
        one = daemon(host, CLAIMED, start=False)
        one.start(env=environment)
        one.write(claims([OTHER]))
        one.apply(None, "--confirm", "60s")
        one.ctl("confirm", expect=0)
        one.kill()
        one.start(env=environment)
        assert ours_are(host, [OTHER])


def test_a_draft_that_nobody_confirmed_is_forgotten_by_the_second_start(host, lab, daemon):
    with state_of(lab) as environment:
        one = daemon(host, CLAIMED, start=False)
        one.start(env=environment)
        one.apply(claims([OTHER]), "--confirm", "60s")
        one.kill()
        one.start(env=environment)
        assert ours_are(host, CLAIMS)
        assert list((lab.folder / "state").iterdir()) == []


THIRD = "10.98.0.0/24"


def confirmed(one):
    one.apply(claims([THIRD]), "--confirm", "60s")
    one.ctl("confirm", expect=0)


def let_go(one):
    one.apply(claims([THIRD]), "--confirm", f"{round(patience(1))}s")
    wait_until(lambda: ours_are(one.node, CLAIMS), what="the way back")


SINCE = {
    "another file, as it is": lambda one: one.apply(claims([THIRD])),
    "another file, confirmed": confirmed,
    "another file, never confirmed": let_go,
    "another file, dead before anybody confirmed": lambda one: one.apply(claims([THIRD]), "--confirm", "60s"),
    "another file, taken back": lambda one: (one.apply(claims([THIRD])), one.ctl("rollback", expect=0)),
    "another file, refused": lambda one: one.apply("prefixes: [ { prefix: nonsense } ]", expect=2),
}


@pytest.mark.parametrize("ended", [Daemon.kill, Daemon.stop], ids=["killed", "stopped"])
@pytest.mark.parametrize("since", SINCE)
def test_a_file_that_was_turned_down_is_not_what_boots_whatever_was_applied_since(host, lab, daemon, since, ended):
    with state_of(lab) as environment:
        one = daemon(host, CLAIMED, start=False)
        one.start(env=environment)
        one.write(claims([OTHER]))
        one.apply(None, "--confirm", "60s")
        one.ctl("rollback", expect=0)
        SINCE[since](one)
        for _ in range(2):
            ended(one)
            for left in one.socket.parent.glob("control.sock*"):
                left.unlink()	# as /run after a boot
            one.start(env=environment)
            assert ours_are(host, CLAIMS)
        one.apply(None, "--confirm", "60s")
        one.ctl("confirm", expect=0)
        ended(one)
        one.start(env=environment)
        assert ours_are(host, [OTHER]), "now it stands"
        assert list((lab.folder / "state").iterdir()) == []


# What an administrator works with from afar: a line in, its output back.
SHELL = """
import socket, subprocess
door = socket.create_server(("0.0.0.0", 2222))
while True:
    session, _ = door.accept()
    with session, session.makefile("rw") as lines:
        for line in lines:
            done = subprocess.run(line, shell=True, capture_output=True, text=True)
            print(done.returncode, file=lines, flush=True)
"""


@contextlib.contextmanager
def session(net, timeout=None):
    """A connection from the client to the shell on the host; yields a function that runs a command there."""
    with net.client.inside():
        sock = socket.create_connection((topology.HOST4, 2222), timeout or patience(10))

    def run(*words):
        sock.sendall((" ".join(map(str, words)) + "\n").encode())
        return int(lines.readline())

    with sock, sock.makefile() as lines:
        yield run


def is_reachable(net):
    try:
        with session(net, 0.5) as run:
            return run("true") == 0
    except OSError:
        return False


@pytest.mark.parametrize("killed", [False, True])
def test_who_cuts_off_the_branch_that_he_sits_on_gets_it_back(net, daemon, killed):
    """Applied from afar over a connection that ends with it; the daemon may die meanwhile, and is started again."""
    net.host.spawn(sys.executable, "-c", SHELL)
    wait_until(lambda: is_reachable(net), what="the shell")
    one = daemon(net.host, CLAIMED)
    wrong = one.file("wrong.yaml",
                     CLAIMED + f"routing: {{ rules: [ {{ to: {topology.CLIENT4}, action: prohibit }} ] }}\n")
    seconds = round(patience(4))
    with session(net, 2) as run, pytest.raises(OSError):
        run(MHCTL, "-s", one.socket, "apply", wrong, "--confirm", f"{seconds}s")
    assert not is_reachable(net), "nobody can come and confirm"
    assert "transaction" in one.status()
    if killed:
        one.kill()
        one.start()
    wait_until(lambda: is_reachable(net), seconds + 10, "the way back")
    assert one.plan(expect=0).operations == [] and "transaction" not in one.status()
