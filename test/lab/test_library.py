# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of libmultihome, as their clients see them: the library without the daemon.

    client ---- router ==== host      the claims are routed to the host's eth0 and made local there by plain routes;
                                      its default route is eth1, so an answer from the wrong address would be one from
                                      10.0.2.2 or 2001:db8:a2::2 (topology.Routed)
"""

import contextlib
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

import ask
import topology
from configuration import CLIENT, SEVENTH
from daemon import BUILD, REPOSITORY
from lab import patience, scaled, wait_until
from topology import CLAIM4, CLAIM6, CLAIMS

SOURCES = REPOSITORY / "examples"
PORT = 7777
UDP_SEGMENT = 103		# <linux/udp.h>
ECHOES = ("udp_echo", "udp_threads", "udp_epoll")
UDP = (*ECHOES, "activated")
TCP = ("tcp_greet", "activated")
DATAGRAMS, STREAM = socket.SOCK_DGRAM, socket.SOCK_STREAM
# On the link between router and host: the router, and what more than one host listens to.
ROUTER4 = "10.0.1.1"
GROUPS4 = ("10.0.1.255", "255.255.255.255", "224.0.0.1")

both = pytest.mark.parametrize("claim", CLAIMS)
# One half of each claim, its last address, and the next one: local to the host, and not served.
HALF = {CLAIM4: ("198.51.100.0/25", "198.51.100.127", "198.51.100.128"),
        CLAIM6: ("2001:db8:1:1::/65", "2001:db8:1:1:7fff:ffff:ffff:ffff", "2001:db8:1:1:8000::")}
WILDCARD = {CLAIM4: "0.0.0.0/0", CLAIM6: "::/0"}


class Programs:
    """Starts examples on the host."""

    def __init__(self, host):
        self.host = host
        self.running = []

    def start(self, name, prefix, kind=DATAGRAMS, folder=BUILD / "examples", **options):
        if name == "activated":
            process = self._activate(folder / name, prefix, kind, options)
        else:
            process = self.host.spawn(folder / name, prefix, PORT, ready="^serving ", **options)
        self.running.append(process)
        return process

    def _activate(self, program, prefix, kind, options):
        """As a service manager does: opens a socket of both families that blocks, and hands it over as descriptor 3."""
        with self.host.inside():
            sock = socket.socket(socket.AF_INET6, kind)
        with sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            if kind == STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::", PORT))
            if kind == STREAM:
                sock.listen(128)
            return self.host.spawn(
                "bash", "-c", f'exec 3<&{sock.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "bash", program, prefix,
                pass_fds=[sock.fileno()], **options)

    def stop(self, process):
        """Asks it to end, and returns what it said."""
        self.running.remove(process)
        status = process.stop(patience(20))
        assert status == 0 and not process.errors, f"it ended with {status}; it said\n{process.said()}"
        return process.lines


@pytest.fixture
def claimed(net):
    """The network, with the claims made local on the host by hand."""
    for claim in CLAIMS:
        net.host.ip("-6" if ":" in claim else "-4", "route", "add", "local", claim, "dev", "lo")
    return net


@pytest.fixture
def programs(claimed):
    """What is still running at the end of a test must end well."""
    programs = Programs(claimed.host)
    yield programs
    for process in list(programs.running):
        programs.stop(process)


def addresses_of(claim):
    return ask.edges(claim) + ask.random_addresses(claim, scaled(100, 10))


def not_from_the_address_asked(answers):
    return {address: answer and answer.source for address, answer in answers.items()
            if answer is None or not answer.right or answer.port != PORT}


@pytest.mark.stock
@both
@pytest.mark.parametrize("name", UDP)
def test_udp_is_answered_from_the_address_asked(claimed, programs, name, claim):
    programs.start(name, claim)
    answers = ask.udp_many(claimed.client, addresses_of(claim), PORT, b"who?")
    assert not_from_the_address_asked(answers) == {}
    if name in ECHOES:
        assert {answer.data for answer in answers.values()} == {b"who?"}
    else:
        assert all(ask.same(ask.whoami(answer.data)["asked"], address) for address, answer in answers.items())


@pytest.mark.stock
@both
@pytest.mark.parametrize("name", TCP)
def test_tcp_is_greeted_with_the_address_asked(claimed, programs, name, claim):
    programs.start(name, claim, STREAM)
    for address, answer in ask.tcp_many(claimed.client, addresses_of(claim), PORT).items():
        assert isinstance(answer, bytes), f"{address}: {answer!r}"
        assert ask.same(ask.whoami(answer)["asked"], address)


@both
def test_tcp_is_greeted_with_its_link_and_peer(claimed, programs, claim):
    programs.start("tcp_greet", claim, STREAM)
    with ask.tcp_connect(claimed.client, SEVENTH[claim], PORT) as sock:
        told = ask.whoami(ask.read_all(sock))
        assert told["peer"] == f"[{CLIENT[claim]}]:{sock.getsockname()[1]}"
    assert told["link"] == "eth0"


@pytest.mark.parametrize("name", TCP)
def test_a_greeting_ends_well_for_who_has_sent_something(claimed, programs, name):
    """The kernel completes a connection whose server is held up, and so the data is there first."""
    process = programs.start(name, CLAIM4, STREAM)
    assert ask.tcp(claimed.client, SEVENTH[CLAIM4], PORT).startswith(b"asked=")
    process.signal(signal.SIGSTOP)
    with ask.tcp_connect(claimed.client, SEVENTH[CLAIM4], PORT) as sock:
        sock.sendall(b"x" * 50)
        wait_until(lambda: " 50 " in claimed.host.run("ss", "-Htn").stdout, what="the data")
        process.signal(signal.SIGCONT)
        assert ask.read_all(sock).startswith(b"asked=")
        sock.shutdown(socket.SHUT_WR)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


@both
def test_the_wildcard_logs_who_asked_whom_by_which_link(claimed, programs, claim):
    log = programs.start("udp_epoll", WILDCARD[claim])
    configured = {CLAIM4: topology.UPLINK4, CLAIM6: topology.UPLINK6}[claim]
    for address in (SEVENTH[claim], configured):
        with ask.udp_socket(claimed.client, address) as sock:
            sock.settimeout(patience(5))
            sock.sendto(b"hello", (address, PORT))
            assert ask.same(sock.recvfrom(2048)[1][0], address)
            port = sock.getsockname()[1]
        line = log.wait_line(rf"\[{CLIENT[claim]}\]:{port} ")
        assert line.endswith(" bytes=5") and " link=eth" in line
        assert ask.same(line.split()[0].removeprefix("asked="), address)
    assert " link=eth0 " in log.lines[1]


@both
@pytest.mark.parametrize("name", UDP)
def test_an_address_outside_the_prefix_gets_no_datagram(claimed, programs, name, claim):
    prefix, inside, outside = HALF[claim]
    programs.start(name, prefix)
    with ask.udp_socket(claimed.client, inside) as sock:
        sock.settimeout(patience(5))
        sock.sendto(b"out", (outside, PORT))
        sock.sendto(b"in", (inside, PORT))
        assert ask.same(sock.recvfrom(2048)[1][0], inside)
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recvfrom(2048)


@both
@pytest.mark.parametrize("name", TCP)
def test_an_address_outside_the_prefix_gets_a_reset(claimed, programs, name, claim):
    prefix, inside, outside = HALF[claim]
    programs.start(name, prefix, STREAM)
    # The reset may be faster than the client's look at its own connection.
    with pytest.raises(ConnectionResetError), ask.tcp_connect(claimed.client, outside, PORT) as sock:
        sock.recv(100)
    assert ask.tcp(claimed.client, inside, PORT).startswith(b"asked=")


@both
def test_a_single_address_is_served_and_its_neighbour_is_not(claimed, programs, claim):
    programs.start("udp_echo", SEVENTH[claim])
    neighbour = ask.edges(claim)[0]
    assert ask.udp(claimed.client, SEVENTH[claim], PORT).right
    assert ask.udp(claimed.client, neighbour, PORT, timeout=0.3, tries=1) is None


@both
def test_an_answer_that_comes_later_leaves_from_the_address_asked(claimed, programs, claim):
    """udp_pair answers the first of two clients when the second comes, who asks another address."""
    programs.start("udp_pair", claim)
    first, second = ask.edges(claim)[0], SEVENTH[claim]
    with ask.udp_socket(claimed.client, first) as early, ask.udp_socket(claimed.client, second) as late:
        for sock in (early, late):
            sock.settimeout(patience(5))
            sock.bind((CLIENT[claim], 0))
        early.sendto(b"I am early", (first, PORT))
        late.sendto(b"I am late", (second, PORT))
        for sock, other, asked in ((early, late, first), (late, early, second)):
            told, source = sock.recvfrom(2048)
            assert told.decode() == f"[{CLIENT[claim]}]:{other.getsockname()[1]}\n"
            assert ask.same(source[0], asked) and source[1] == PORT


@both
@pytest.mark.parametrize("size, count", [(1000, 64), (1400, 46), (100, 64), (1, 64)])
def test_a_train_goes_back_as_it_came(claimed, programs, claim, size, count):
    process = programs.start("udp_threads", claim)
    pieces = [bytes([number]) * size for number in range(count - 1)] + [b"\xff" * (size // 2 or 1)]
    with ask.udp_socket(claimed.client, SEVENTH[claim]) as sock:
        sock.settimeout(patience(5))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, size)
        sock.sendto(b"".join(pieces), (SEVENTH[claim], PORT))
        answers = [sock.recvfrom(65536) for _ in pieces]
    assert all(ask.same(source[0], SEVENTH[claim]) for _, source in answers)
    assert sorted(data for data, _ in answers) == sorted(pieces)
    tallies = [re.match(r"(\d+) datagrams in (\d+) pieces", line) for line in programs.stop(process)]
    assert sum(int(tally[1]) for tally in tallies if tally) == count


def test_the_kernel_hands_over_trains_in_one_piece(claimed, programs):
    process = programs.start("udp_threads", CLAIM6)
    with ask.udp_socket(claimed.client, SEVENTH[CLAIM6]) as sock:
        sock.settimeout(patience(5))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        sock.sendto(b"x" * 60000, (SEVENTH[CLAIM6], PORT))
        for _ in range(60):
            assert len(sock.recv(65536)) == 1000
    tallies = [re.match(r"(\d+) datagrams in (\d+) pieces", line) for line in programs.stop(process)]
    assert [tuple(map(int, tally.groups())) for tally in tallies if tally and tally[1] != "0"] == [(60, 1)]


def group_socket(node, link):
    """A client on @node that may send to everybody on a link."""
    with node.inside():
        sock = socket.socket(socket.AF_INET, DATAGRAMS)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.bind((ROUTER4, 0))
    sock.settimeout(patience(5))
    return sock


@pytest.mark.parametrize("group", GROUPS4)
def test_a_group_is_answered_from_an_address_of_the_host(claimed, programs, group):
    log = programs.start("udp_epoll", WILDCARD[CLAIM4])
    with group_socket(claimed.router, "eth1") as sock:
        sock.sendto(b"anybody?", (group, PORT))
        assert sock.recvfrom(2048) == (b"anybody?", (topology.HOST4, PORT))
    log.wait_line(rf"^asked={group} link=eth0 .* group$")


def test_an_ipv6_group_is_answered_from_an_address_of_the_host(claimed, programs):
    log = programs.start("udp_epoll", WILDCARD[CLAIM6])
    shown = json.loads(claimed.host.ip("-j", "address", "show", "dev", "eth0"))
    own = {address["local"] for address in shown[0]["addr_info"]}
    with claimed.router.inside():
        index = socket.if_nametoindex("eth1")
    with ask.udp_socket(claimed.router, "ff02::1") as sock:
        sock.settimeout(patience(5))
        sock.sendto(b"anybody?", ("ff02::1", PORT, 0, index))
        data, source = sock.recvfrom(2048)
    assert data == b"anybody?" and source[0].split("%")[0] in own
    log.wait_line(r"^asked=ff02::1 link=eth0 .* group$")


@pytest.mark.parametrize("name", ["udp_echo", "udp_threads", "activated"])
@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "10.0.1.0/24"])
def test_who_need_not_be_found_is_silent_to_groups(claimed, programs, name, prefix):
    programs.start(name, prefix)
    with group_socket(claimed.router, "eth1") as sock:
        for group in GROUPS4:
            sock.sendto(b"anybody?", (group, PORT))
        sock.sendto(b"you?", (topology.HOST4, PORT))
        assert sock.recvfrom(2048)[1] == (topology.HOST4, PORT)
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recvfrom(2048)


@pytest.fixture
def alike(claimed):
    """Both links of the host have fe80::1, both of the router fe80::2."""
    for host_link, router_link in (("eth0", "eth1"), ("eth1", "eth2")):
        claimed.host.ip("address", "add", "fe80::1/64", "dev", host_link, "nodad")
        claimed.router.ip("address", "add", "fe80::2/64", "dev", router_link, "nodad")
    return claimed


@pytest.mark.parametrize("prefix", ["fe80::1%eth0", "fe80::%eth0/10", "::%eth0/0"])
def test_of_a_link_local_address_only_the_link_named_is_served(alike, programs, prefix):
    programs.start("udp_echo", prefix)
    for link, answers in (("eth1", [b"in"]), ("eth2", [])):
        with ask.udp_socket(alike.router, "fe80::1") as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
            sock.settimeout(patience(5) if answers else 0.3)
            sock.sendto(b"in", ("fe80::1", PORT))
            heard = []
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                heard.append(sock.recv(2048))
            assert heard == answers, link


def test_a_connection_by_another_link_than_the_one_named_is_reset(alike, programs):
    programs.start("tcp_greet", "::%eth0/0", STREAM)
    with alike.router.inside():
        links = [socket.if_nametoindex(name) for name in ("eth1", "eth2")]
        named, other = (socket.socket(socket.AF_INET6) for _ in links)
    with named, other:
        named.settimeout(patience(5))
        named.connect(("fe80::1", PORT, 0, links[0]))
        assert ask.read_all(named).startswith(b"asked=fe80::1")
        other.settimeout(patience(5))
        with pytest.raises(ConnectionResetError):
            other.connect(("fe80::1", PORT, 0, links[1]))
            other.recv(100)


@pytest.mark.parametrize("prefix, host, peer", [("169.254.0.0/16", "169.254.7.1", "169.254.7.2"),
                                                ("fe80::/10", "fe80::1", "fe80::2")])
def test_a_link_local_address_answers_by_its_link(claimed, programs, prefix, host, peer):
    """Both links of the host have the same addresses at both ends: only the link tells them apart."""
    programs.start("udp_epoll", prefix)
    length = "/64" if ":" in prefix else "/16"
    for host_link, router_link in (("eth0", "eth1"), ("eth1", "eth2")):
        claimed.host.ip("address", "add", host + length, "dev", host_link, *(["nodad"] if ":" in host else []))
        claimed.router.ip("address", "add", peer + length, "dev", router_link, *(["nodad"] if ":" in host else []))
    for link in ("eth1", "eth2"):
        with ask.udp_socket(claimed.router, host) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
            sock.settimeout(patience(5))
            sock.sendto(b"?", (host, PORT))
            assert ask.same(sock.recvfrom(2048)[1][0], host)


@pytest.mark.parametrize("name", ECHOES)
def test_two_echoes_do_not_talk_for_ever(claimed, programs, name):
    """A question from the port of the echo itself, as somebody forges it who sets two of them at each other."""
    process = programs.start(name, CLAIM4)
    with ask.udp_socket(claimed.client, SEVENTH[CLAIM4], bind=(topology.CLIENT4, PORT)) as sock:
        sock.sendto(b"loop", (SEVENTH[CLAIM4], PORT))
        assert ask.udp(claimed.client, SEVENTH[CLAIM4], PORT).right
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recvfrom(2048)
    programs.stop(process)


@pytest.mark.parametrize("name, kind", [(name, DATAGRAMS) for name in UDP] + [(name, STREAM) for name in TCP])
def test_sigterm_ends_it_cleanly_and_it_can_start_at_once(claimed, programs, name, kind):
    for _ in range(2):
        process = programs.start(name, CLAIM6, kind)
        if kind == DATAGRAMS:
            assert ask.udp(claimed.client, SEVENTH[CLAIM6], PORT).right
        else:
            assert ask.tcp(claimed.client, SEVENTH[CLAIM6], PORT).startswith(b"asked=")
        programs.stop(process)


@pytest.mark.parametrize("name", [*ECHOES, "udp_pair", "tcp_greet"])
def test_what_cannot_be_served_is_told(claimed, programs, name):
    for words in ((), ("198.51.100.1/24", PORT), (CLAIM4, 0), (CLAIM4, 65536), ("fish", PORT)):
        done = claimed.host.run(BUILD / "examples" / name, *words, check=False)
        assert done.returncode == 2 and done.stderr == f"usage: {name} PREFIX PORT\n"
    taken = programs.start(name, CLAIM4)
    if name != "udp_threads":
        done = claimed.host.run(BUILD / "examples" / name, CLAIM4, PORT, check=False)
        assert (done.returncode, done.stderr) == (1, f"{CLAIM4}: Address already in use\n")
    programs.stop(taken)


def test_the_activated_one_refuses_to_start_by_itself(claimed):
    done = claimed.host.run(BUILD / "examples/activated", CLAIM4, check=False)
    assert done.returncode == 2 and done.stderr.startswith("usage: ")


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="no systemd-socket-activate")
@pytest.mark.parametrize("kind", [DATAGRAMS, STREAM])
def test_systemd_activates_it(claimed, programs, kind):
    words = ["--datagram"] if kind == DATAGRAMS else []
    process = claimed.host.spawn("systemd-socket-activate", *words, "-l", PORT, BUILD / "examples/activated", CLAIM6)
    wait_until(lambda: f":{PORT} " in claimed.host.run("ss", "-Hlntu").stdout, what="the socket of systemd")
    if kind == DATAGRAMS:
        assert ask.udp(claimed.client, SEVENTH[CLAIM6], PORT, timeout=5).right
    else:
        assert ask.tcp(claimed.client, SEVENTH[CLAIM6], PORT).startswith(b"asked=")
    assert process.stop() == 0


# As somebody builds them who has installed the library.

SANITIZERS = ["-fsanitize=address,undefined"] if os.environ.get("MH_SANITIZED") else []


def build_option(name):
    done = subprocess.run(["meson", "introspect", BUILD, "--buildoptions"], capture_output=True, text=True, check=True)
    return next(option["value"] for option in json.loads(done.stdout) if option["name"] == name)


class Installed:
    """What `make install` left below a folder, and the environment in which it is found there."""

    def __init__(self, folder):
        prefix, libdir = build_option("prefix"), build_option("libdir")
        self.lib = folder / prefix.lstrip("/") / libdir
        self.environment = dict(os.environ, PKG_CONFIG_PATH=str(self.lib / "pkgconfig"),
                                PKG_CONFIG_SYSROOT_DIR=str(folder), LD_LIBRARY_PATH=str(self.lib))
        # The words of the build folder itself, so that nothing is configured anew.
        self.shell(f"make install BUILD={BUILD} DESTDIR={folder} PREFIX={prefix} LIBDIR={libdir}", REPOSITORY)

    def shell(self, line, folder):
        done = subprocess.run(line, shell=True, cwd=folder, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.mark.parametrize("name", [*UDP, "udp_pair", "tcp_greet"])
def test_the_line_in_each_example_builds_it_with_the_installed_library(claimed, programs, installed, tmp_path, name):
    source = shutil.copy(SOURCES / f"{name}.c", tmp_path)
    line = re.search(r"^ \*\t(cc .*)$", (SOURCES / f"{name}.c").read_text(), re.M)[1]
    installed.shell(" ".join([line, "-Wall -Wextra -Werror", *SANITIZERS]), tmp_path)
    assert os.path.basename(source) in line
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", installed.shell(f"readelf -d {name}", tmp_path))
    assert "libmultihome.so.0" in needed
    kind = STREAM if name == "tcp_greet" else DATAGRAMS
    programs.start(name, CLAIM6, kind, folder=tmp_path, env=installed.environment)
    if kind == STREAM:
        assert ask.tcp(claimed.client, SEVENTH[CLAIM6], PORT).startswith(b"asked=")
    elif name != "udp_pair":
        assert ask.udp(claimed.client, SEVENTH[CLAIM6], PORT).right


def test_the_library_needs_libc_alone_and_shows_its_own_names_alone(installed, tmp_path):
    library = installed.lib / "libmultihome.so"
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", installed.shell(f"readelf -d {library}", tmp_path))
    assert {name for name in needed if not re.match(r"lib(asan|ubsan)\.", name)} <= {"libc.so.6"}
    symbols = installed.shell(f"nm -D --defined-only {library}", tmp_path).split()[2::3]
    header = (REPOSITORY / "include/multihome.h").read_text()
    functions = set(re.findall(r"\b(mh_\w+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))
    assert {symbol for symbol in symbols if not symbol.startswith("__")} == functions


@both
def test_a_program_may_carry_the_library_inside(claimed, programs, installed, tmp_path, claim):
    shutil.copy(SOURCES / "udp_echo.c", tmp_path)
    flags = "$(pkg-config --cflags multihome) -Wl,-Bstatic $(pkg-config --static --libs multihome) -Wl,-Bdynamic"
    installed.shell(" ".join(["cc -Wall -Wextra -Werror udp_echo.c -o udp_echo", flags, *SANITIZERS]), tmp_path)
    assert "multihome" not in installed.shell("readelf -d udp_echo", tmp_path)
    programs.start("udp_echo", claim, folder=tmp_path)
    assert ask.udp(claimed.client, SEVENTH[claim], PORT).right


PROGRAM = """
#include <multihome.h>
#include <stdio.h>

int main(void)
{
	struct mh_prefix prefix;
	struct mh_socket server;
	struct mh_batch *batch;

	if (mh_prefix_parse("127.0.0.0/8", &prefix) < 0 || mh_udp_open(&prefix, 0, MH_JOINED, &server) < 0 ||
	    mh_batch_new(1, 65535, &batch) < 0)
		return 1;
	printf("%d %d\\n", mh_udp_receive(&server, batch), mh_udp_answer(&server, batch));
	mh_batch_free(batch);
	mh_close(&server);
	return 0;
}
"""


@pytest.mark.parametrize("compiler, suffix", [
    ("g++ -std=c++11", "cc"), ("clang++ -std=c++20", "cc"), ("cc -std=c99", "c"), ("cc -std=gnu2x", "c")])
def test_the_header_is_c_and_cxx(claimed, installed, tmp_path, compiler, suffix):
    if not shutil.which(compiler.split()[0]):
        pytest.skip(f"no {compiler.split()[0]}")
    if SANITIZERS and compiler.startswith("clang"):
        pytest.skip("its sanitizers are not those of the library")
    (tmp_path / f"program.{suffix}").write_text(PROGRAM)
    installed.shell(f"{compiler} -Wall -Wextra -Wpedantic -Werror program.{suffix} -o program "
                    + " ".join(["$(pkg-config --cflags --libs multihome)", *SANITIZERS]), tmp_path)
    done = claimed.host.run(tmp_path / "program", env=installed.environment)
    assert done.stdout == f"{-errno.EAGAIN} 0\n"
