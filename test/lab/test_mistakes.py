# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes of people and of programs: told with their place, and nothing is changed by them.

    host      one node alone; nothing here needs a wire
"""

import fcntl
import json
import os
import random
import re
import socket
import struct

import pytest

from configuration import CLAIMED, claims
from daemon import MHCTL, MULTIHOMED, mhctl
from lab import scaled

SERVICE = "services: [{{ name: {name}, kind: {kind}, listen: [{listen}], ports: [{ports}]{more} }}]\n"


def service(name="who", kind="whoami", listen="198.51.100.1", ports="7777", more=""):
    return SERVICE.format(**locals())


# What is written, the place that is shown, and a word of what is said.
MISTAKES = {
    "an unknown section": ("prefixs: []\n", "1:1", "prefixes"),
    "an unknown key": ("prefixes:\n  - prefx: 198.51.100.0/24\n", "2:5", "prefix"),
    "an unknown key beside a known one": (CLAIMED + "    nonlocalbind: true\n", "4:5", "nonlocal-bind"),
    "a missing key": ("prefixes:\n  - connected: true\n", "2:5", "prefix"),
    "a mapping where a list belongs": ("prefixes:\n  prefix: 198.51.100.0/24\n", "2:3", "list"),
    "a scalar where a list belongs": ("prefixes: 198.51.100.0/24\n", "1:11", "list"),
    "a list where a scalar belongs": ("prefixes:\n  - prefix: [198.51.100.0/24]\n", "2:13", "prefix"),
    "a number where a prefix belongs": ("prefixes:\n  - prefix: 24\n", "2:13", "24"),
    "bits beyond the length": ("prefixes:\n  - prefix: 198.51.100.1/24\n", "2:13", "198.51.100.0/24"),
    "bits beyond the length in IPv6": ("prefixes:\n  - prefix: 2001:db8::1/64\n", "2:13", "2001:db8::/64"),
    "too long a length": ("prefixes:\n  - prefix: 198.51.100.0/33\n", "2:13", "32"),
    "no length": ("prefixes:\n  - prefix: 198.51.100.0\n", "2:13", "/"),
    "a duplicate key": ("prefixes:\n  - prefix: 198.51.100.0/24\n    prefix: 10.9.0.0/16\n", "3:5", "prefix"),
    "a duplicate section": ("prefixes: []\nprefixes: []\n", "2:1", "prefixes"),
    "neither true nor false": ("prefixes:\n  - { prefix: 198.51.100.0/24, connected: 7 }\n", "2:43", "true"),
    "an anchor": ("prefixes: &all\n  - prefix: 198.51.100.0/24\n", "1:11", "anchor"),
    "an alias": ("prefixes:\n  - prefix: *other\n", "2:13", "alias"),
    "a tag": ("prefixes: !!seq []\n", "1:11", "tag"),
    "a tab": ("prefixes:\n\t- prefix: 198.51.100.0/24\n", "2:1", "tab"),
    "an open bracket": ("prefixes: [\n# forgotten\n", "1:11", "bracket"),
    "two documents": ("prefixes: []\n---\nprefixes: []\n", "2:1", "document"),
    "an unknown kind": (service(kind="whoareyou"), "1:31", "whoami"),
    "a port out of bounds": (service(ports="70000"), None, "65535"),
    "ports the wrong way round": (service(ports="7010-7000"), None, "7010-7000"),
    "a service on a group": (service(listen="239.1.2.3"), None, "239.1.2.3"),
    "an unknown protocol": (service(more=", protocols: [sctp]"), None, "tcp"),
    "a duration without a unit": (service(more=", idle-timeout: 30"), None, "30s"),
    "too long a duration": (service(more=", idle-timeout: 3h"), None, "1h"),
    "no connections at all": (service(more=", max-connections: 0"), None, "1"),
    "a name with a space": (service(name="'wh o'"), None, "name"),
    "nonlocal-bind for IPv4": ("prefixes:\n  - { prefix: 198.51.100.0/24, nonlocal-bind: true }\n", "2:47", "IPv6"),
    "an exception outside": ("prefixes:\n  - { prefix: 198.51.100.0/24, except: [10.0.0.1] }\n", "2:41", "inside"),
    "the same claim twice": (CLAIMED + "  - prefix: 198.51.100.0/24\n", "4:13", "twice"),
}


@pytest.fixture
def host(lab):
    return lab.node("host")


def diagnosed(text, name, place, word):
    """Checks that @text shows FILE:LINE:COLUMN, a caret below the line, and @word."""
    where = re.escape(f"{name}:{place}:") if place else re.escape(name) + r":\d+:\d+:"
    first = re.search(where + r" error: .*", text)
    assert first, text
    assert word in text, text
    assert re.search(r"^\s*\^", text[first.end():], re.M), text


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_shown_with_its_place_and_exit_status_2(lab, host, what):
    text, place, word = MISTAKES[what]
    path = lab.file("wrong.yaml", text)
    reply = mhctl(host, "check", path, expect=2)
    diagnosed(reply.out + reply.errors, str(path), place, word)
    structured = mhctl(host, "check", path, "--json", expect=2)
    error = [one for one in structured["diagnostics"] if one["level"] == "error"][0]
    if place:
        assert f"{error['line']}:{error['column']}" == place
    assert error["file"] == str(path)


def test_every_mistake_applied_changes_nothing(host, daemon):
    one = daemon(host, CLAIMED)
    before = host.snapshot()
    for what, (text, place, word) in MISTAKES.items():
        reply = one.apply(text, expect=2)
        assert reply["diagnostics"], what
        assert one.plan(text).exit == 2, what
    assert host.snapshot() == before
    assert one.status()["generation"] == 1
    one.plan(expect=0)


def test_all_mistakes_of_all_sections_are_shown_at_once(lab, host):
    path = lab.file("wrong.yaml", "prefixes:\n  - prefx: 1\n  - prefix: 198.51.100.1/24\n" + service(kind="x"))
    reply = mhctl(host, "check", path, "--json", expect=2)
    assert {2, 3, 4} <= {one["line"] for one in reply["diagnostics"]}


def deep(depth):
    return "prefixes: " + "[" * depth + "]" * depth + "\n"


MONSTERS = {
    "more than 64 megabytes of comment": b"# " + b"x" * (64 << 20) + b"\n",
    "ten megabytes of claims": b"prefixes:\n" + b"  - prefix: 198.51.100.0/24\n" * 400000,
    "a binary": bytes(range(256)) * 4096,
    "zeroes": b"prefixes: []\n" + bytes(4096),
    "invalid UTF-8": b"prefixes: []\n# \xff\xfe\n",
    "nesting that never ends": deep(100000).encode(),
    "nesting a little too deep": deep(40).encode(),
    "one endless line": b"prefixes: [" + b"198.51.100.0/24, " * 100000,
    "a billion laughs": b"a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\n",
    "random bytes": random.Random(7).randbytes(1 << 20),
}


@pytest.mark.parametrize("what", MONSTERS)
def test_a_monstrous_file_is_refused_and_nothing_is_changed(lab, host, daemon, what):
    path = lab.file("monster.yaml", MONSTERS[what])
    reply = mhctl(host, "check", path, expect=2)
    said = reply.out + reply.errors
    assert "monster.yaml" in said and len(said) < 60000
    one = daemon(host, CLAIMED)
    before = host.snapshot()
    one.ctl("apply", path, expect=2)
    assert host.snapshot() == before
    one.plan(expect=0)


def test_a_file_that_is_not_there_is_named(host, lab):
    reply = mhctl(host, "check", lab.folder / "nowhere.yaml", expect=2)
    assert "nowhere.yaml" in reply.errors + reply.out and "No such file" in reply.errors + reply.out


def test_a_folder_is_no_file(host, lab):
    assert str(lab.folder) in mhctl(host, "check", lab.folder, expect=2).errors


def test_a_file_that_must_not_be_read_is_named(lab, host):
    """As nobody: root may read everything."""
    path = lab.file("secret.yaml", CLAIMED)
    path.chmod(0o600)
    done = host.run(*as_nobody(lab.copy(MHCTL)), "check", path, check=False)
    assert done.returncode == 2
    assert "secret.yaml" in done.stderr and "Permission denied" in done.stderr


def as_nobody(program):
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program]


def test_a_start_with_a_mistake_ends_with_exit_status_2_and_changes_nothing(host, daemon):
    before = host.snapshot()
    one = daemon(host, "prefixes:\n  - prefx: 198.51.100.0/24\n", start=False)
    process = one.launch()
    assert process.wait() == 2
    diagnosed("\n".join(process.errors), str(one.config), "2:5", "prefix")
    assert "ready" not in process.lines
    assert host.snapshot() == before


def test_a_start_without_its_file_names_it(host, daemon):
    one = daemon(host, "", start=False)
    one.config.unlink()
    assert one.launch().wait() == 2
    assert "multihomed.yaml" in one.process.said()


NO_RIGHTS = {
    "as nobody": ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    "as root without capabilities": ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
}


@pytest.mark.stock
@pytest.mark.parametrize("how", NO_RIGHTS)
def test_without_rights_one_line_names_the_capability(lab, host, how):
    config = lab.file("fine.yaml", CLAIMED)
    home = lab.folder / "nobodys"
    home.mkdir()
    home.chmod(0o777)
    done = host.run(*NO_RIGHTS[how], lab.copy(MULTIHOMED), "-c", config, "-s", home / "sock", check=False)
    assert done.returncode not in (0, 2) and done.returncode > 0
    assert "ready" not in done.stdout
    line, = done.stderr.splitlines()
    assert "CAP_NET_ADMIN" in line
    assert host.ours() == []


@pytest.mark.parametrize("words", [
    ["frobnicate"], ["plan", "--frobnicate"], ["apply", "--confirm"], ["apply", "--confirm", "soon"],
    ["apply", "--confirm", "5"], ["check"], ["check", "a", "b"], ["status", "a", "b"], ["confirm", "now"], [], ["-s"]])
def test_an_unknown_call_of_mhctl_is_a_usage_mistake(host, words):
    reply = mhctl(host, *words, expect=2)
    assert reply.errors.strip() and len(reply.errors.splitlines()) <= 24


@pytest.mark.parametrize("words", [["--frobnicate"], ["-c"], ["-s"], ["surplus"]])
def test_an_unknown_call_of_multihomed_is_a_usage_mistake(host, words):
    done = host.run(MULTIHOMED, *words, check=False, timeout=10)
    assert done.returncode == 2 and done.stderr.strip()


def test_help_fits_a_screen(host):
    for program in (MULTIHOMED, MHCTL):
        shown = host.run(program, "--help").stdout
        assert 0 < len(shown.splitlines()) <= 24
        assert all(len(line) <= 80 for line in shown.splitlines())


def test_status_of_an_unknown_feature_names_those_that_are(host, daemon):
    reply = daemon(host, CLAIMED).ctl("status", "prefxes", expect=2)
    assert "prefixes" in reply.errors + reply.out


def test_without_a_daemon_mhctl_says_which_socket_it_asked(host, lab):
    reply = mhctl(host, "status", socket=lab.folder / "none.sock")
    assert reply.exit != 0
    line, = reply.errors.splitlines()
    assert "none.sock" in line



REQUEST, SOURCE = 1, 2		# src/daemon/control.h
MEMFD = 1			# src/io/channel.c: the payload is in a memfd that comes along

BODIES = [
    b'{"command": "apply"', b'{"command": 7}', b'{"command": "status", "feature": []}', b"[]", b"null", bytes(9), b"",
    b'{"command": "apply", "confirm_ms": -1}', b'{"command": "apply", "confirm_ms": 1e99}', b'{"a":' * 700,
    b'{"command": "\xff\xfe"}', json.dumps({"command": "x" * 3000}).encode(),
    b'{"command": "watch", "command": "plan"}',
    b'{"command": "apply", "confirm_ms": "soon"}', b'{"command": "rollback", "surplus": {}}']


def packet(kind, flags, number, length, payload=b""):
    return struct.pack("!HHII", kind, flags, number, length) + payload


def malformed(generator):
    """One message that no honest client sends, and the descriptors that come along."""
    body = generator.choice(BODIES)
    noise = generator.randbytes(generator.randrange(4000))
    number = generator.randrange(1 << 32)
    return generator.choice([
        (b"", []), (noise[:12], []), (noise, []), (noise, [0]),
        (packet(REQUEST, 0, number, len(body), body), []),
        (packet(REQUEST, 0, number, len(body) + 1, body), []),
        (packet(REQUEST, 0, number, len(body), body), [0, 1, 2]),
        (packet(generator.randrange(3, 1 << 16), 0, number, len(body), body), []),
        (packet(REQUEST, generator.randrange(1, 1 << 16), number, len(body), body), []),
        (packet(REQUEST, MEMFD, number, 1 << 31), []),
        (packet(REQUEST, MEMFD, number, 100), ["memfd"]),
        (packet(SOURCE, MEMFD, number, 5000), ["sealed"]),
        (packet(SOURCE, MEMFD, number, 1 << 31), ["sealed"]),
        (packet(SOURCE, 0, number, len(noise), noise), []),
        (packet(SOURCE, 0, number, 8, struct.pack("!II", 1 << 31, 1 << 31)), []),
    ])


def memfd(seals):
    fd = os.memfd_create("message", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, bytes(5000))
    if seals:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
                    | fcntl.F_SEAL_WRITE)
    return fd


def send_one(sock, generator):
    message, companions = malformed(generator)
    fds = [one if isinstance(one, int) else memfd(one == "sealed") for one in companions]
    try:
        if fds:
            socket.send_fds(sock, [message], fds)
        else:
            sock.send(message)
    finally:
        for fd in fds:
            if fd > 2:
                os.close(fd)


def send_malformed(path, generator):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(5)
        sock.connect(str(path))
        try:
            for _ in range(generator.randrange(1, 4)):
                send_one(sock, generator)
            if generator.randrange(2):
                sock.shutdown(socket.SHUT_WR)
                sock.recv(65536)
        except OSError:
            pass		# it hung up on us, as it should


def test_malformed_messages_to_the_control_socket_end_their_sender_alone(host, daemon):
    one = daemon(host, CLAIMED)
    before = host.snapshot()
    generator = random.Random(11)
    descriptors = len(os.listdir(f"/proc/{one.pid}/fd"))
    for _ in range(scaled(600, 100)):
        send_malformed(one.socket, generator)
    status = one.status()
    assert status["pid"] == one.pid and status["generation"] == 1
    assert host.snapshot() == before
    assert len(os.listdir(f"/proc/{one.pid}/fd")) <= descriptors + 2, "no descriptor is leaked"
    assert one.apply(claims(["203.0.113.0/24"])).exit == 0


def test_a_sender_that_says_nothing_keeps_nobody_waiting(host, daemon):
    one = daemon(host, CLAIMED)
    silent = []
    try:
        for _ in range(200):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.settimeout(5)
            silent.append(sock)
            try:
                sock.connect(str(one.socket))
            except OSError:
                break		# it may refuse more than it can serve
        assert one.ctl("status").exit == 0 or len(silent) > 60
    finally:
        for sock in silent:
            sock.close()
    assert one.status()["pid"] == one.pid


def test_a_watcher_that_never_reads_does_not_stop_the_engine(host, daemon):
    one = daemon(host, CLAIMED)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.connect(str(one.socket))
        watch_without_reading(one, sock)
        for number in range(scaled(300, 60)):
            one.apply(claims([f"10.{number % 200}.0.0/16"]))
    assert one.status()["generation"] > scaled(300, 60)


def watch_without_reading(one, sock):
    """Sends what mhctl watch sends, read off a socket of our own."""
    path = one.socket.with_name("spy.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as spy:
        spy.bind(str(path))
        spy.listen(1)
        spy.settimeout(10)
        watcher = one.node.spawn(MHCTL, "-s", path, "watch", "--json")
        connection, _ = spy.accept()
        with connection:
            request = connection.recv(65536)
    watcher.wait()
    sock.send(request)


def test_check_accepts_what_is_right(lab, host):
    reply = mhctl(host, "check", lab.file("fine.yaml", CLAIMED + service()), expect=0)
    assert "error" not in reply.out + reply.errors
    assert mhctl(host, "check", lab.file("empty.yaml", "")).exit == 0
