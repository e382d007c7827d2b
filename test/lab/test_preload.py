# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmodified programs with libmultihome-preload.so: they answer from the address asked.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel chooses the
                                      address of eth1 (topology.Routed); the claims are local by a route, no daemon runs

Programs of Debian first, each shown wrong without and right with; then a server of our own that does all that servers
do (preload/serve.c).
"""

import contextlib
import os
import re
import shutil
import struct
import subprocess
import sys

import pytest

import ask
import debian
import topology
from daemon import BUILD
from lab import patience, scaled, wait_until

PRELOAD = BUILD / "preload/libmultihome-preload.so"
SERVE = BUILD / "preload/preload_serve"
SERVE_ASAN = BUILD / "preload/preload_serve_asan"
PORT = 7000

# A second address, and one of a whole prefix; each family.
SECOND4, SECOND6 = topology.HOST4, topology.HOST6
CLAIMED4, CLAIMED6 = "198.51.100.7", "2001:db8:1:1::7"
ASKED4 = (SECOND4, CLAIMED4)
ASKED6 = (SECOND6, CLAIMED6)
ASKED = ASKED4 + ASKED6

asked_any = pytest.mark.parametrize("asked", ASKED)


@pytest.fixture
def net(lab):
    net = topology.routed(lab)
    net.host.ip("route", "add", "local", topology.CLAIM4, "dev", "lo")
    net.host.ip("-6", "route", "add", "local", topology.CLAIM6, "dev", "lo")
    return net


# Those that this machine may lack come out of their packages: see programs.py.
PACKAGES = {"ncat": "ncat", "nc.openbsd": "netcat-openbsd", "iperf": "iperf", "in.tftpd": "tftpd-hpa"}


def variables_of(program):
    package = PACKAGES.get(program)
    return debian.environment(debian.unpack(package)) if package else dict(os.environ)


def found(command):
    """The command with the path of its program, which may be in its unpacked package."""
    name = str(command[0])
    path = shutil.which(name, path=variables_of(name)["PATH"])
    assert path, f"there is no {name}"
    return [path, *command[1:]]


def environment(words="connect", program=None):
    """Of a program that is helped with @words, or, with none, is not."""
    variables = {name: value for name, value in variables_of(program).items()
                 if name not in ("LD_PRELOAD", "MULTIHOME_PRELOAD")}
    # The library comes before a sanitizer's, which only wants to be first.
    variables["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
    if words:
        variables |= {"LD_PRELOAD": str(PRELOAD), "MULTIHOME_PRELOAD": words}
    return variables


def listens(node, port, kind="u"):
    return node.run("ss", f"-Hln{kind}", f"sport = :{port}").stdout


@contextlib.contextmanager
def server(node, command, words="connect", kind="u", **options):
    """Runs a server until the block ends; it listens when the block begins."""
    options.setdefault("env", environment(words, str(command[0])))
    process = node.spawn(*found(command), **options)
    try:
        wait_until(lambda: listens(node, PORT, kind), what=f"{command[0]} to listen")
        yield process
    finally:
        process.end()


class Client:
    """A client that takes answers from whomever, and writes down from whom."""

    def __init__(self, node, asked, port=PORT):
        self.asked = asked
        self.port = port
        self.sources = set()
        self.sent = 0
        self.sock = ask.udp_socket(node, asked)
        self.sock.settimeout(patience(3))

    def send(self, count=1):
        for _ in range(count):
            self.sock.sendto(b"number %d\n" % self.sent, (self.asked, self.port))
            self.sent += 1

    def end(self):
        self.sock.sendto(b"end", (self.asked, self.port))

    def hear(self, count=None, timeout=None):
        """The numbers of the lines that came back, until there were so many or none came any more."""
        text = b""
        if timeout:
            self.sock.settimeout(timeout)
        with contextlib.suppress(TimeoutError, ConnectionRefusedError):
            while text.count(b"\n") < (self.sent if count is None else count):
                data, source = self.sock.recvfrom(65536)
                self.sources.add(source[0])
                text += data
        return [int(number) for number in re.findall(rb"number (\d+)\n", text)]

    @property
    def right(self):
        return {ask.same(source, self.asked) for source in self.sources} == {True}


# Programs of Debian. A program of both families is asked at four addresses, others at two.

def family(asked):
    return "6" if ":" in asked else "4"


PROGRAMS = {
    "socat": lambda asked: ["socat", f"UDP{family(asked)}-LISTEN:{PORT}", "EXEC:/bin/cat"],
    "socat fork": lambda asked: ["socat", f"UDP{family(asked)}-LISTEN:{PORT},fork", "EXEC:/bin/cat"],
    "socat both families": lambda asked: ["socat", f"UDP6-LISTEN:{PORT},fork,ipv6only=0", "EXEC:/bin/cat"],
    "ncat": lambda asked: ["ncat", "-u", "-l", "-k", "-e", "/bin/cat", str(PORT)],
    "serve": lambda asked: [SERVE, str(PORT), "peek"],
}


@asked_any
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_connects_answers_from_the_address_asked_and_loses_nothing(net, program, asked):
    command = PROGRAMS[program](asked)
    with server(net.host, command, words=None):
        client = Client(net.client, asked)
        client.send()
        client.hear(timeout=0.5)
        assert not client.right, "without help the answer comes from elsewhere: else this shows nothing"
    with server(net.host, command):
        client = Client(net.client, asked)
        client.send(3)
        # A datagram that arrives while the socket is swapped may overtake one that waits in the old one.
        assert sorted(client.hear()) == [0, 1, 2]
        client.send(3)
        assert client.hear(3) == [3, 4, 5]
        assert client.right


@asked_any
def test_nc_answers_from_the_address_asked(net, asked):
    command = ["nc.openbsd", f"-{family(asked)}", "-u", "-l", str(PORT)]
    for words, right in ((None, False), ("connect", True)):
        with server(net.host, command, words, stdin=subprocess.PIPE) as process:
            client = Client(net.client, asked)
            client.send(3)
            if right:
                for number in range(3):
                    process.wait_line(f"number {number}")
            else:
                process.wait_line("number 0")
            process.popen.stdin.write(b"number 77\n")
            process.popen.stdin.flush()
            assert client.hear(1) == [77]
            assert client.right == right


def iperf3(node, asked, *words, timeout=20):
    """Runs the client and returns its exit status, or None when it had to be ended."""
    def run():
        done = node.run("iperf3", "-c", asked, "-p", PORT, *words, check=False, timeout=timeout)
        # It still tidies up behind the client before.
        return None if "busy" in done.stdout + done.stderr else done

    try:
        return wait_until(run, what="the server to have time").returncode
    except subprocess.TimeoutExpired:
        return None


@asked_any
def test_iperf3_measures_udp_to_any_address(net, asked):
    command = ["iperf3", "-s", "-p", str(PORT)]
    words = ["-u", "-b", "2M", "-n", "50K"]
    if asked in (SECOND4, CLAIMED6):
        with server(net.host, command, None, kind="t"):
            assert iperf3(net.client, asked, *words, timeout=1.5) != 0
    with server(net.host, command, kind="t"):
        assert iperf3(net.client, asked, *words) == 0
        assert iperf3(net.client, asked, *words, "-R") == 0
        assert iperf3(net.client, asked, *words, "-P", "4") == 0


@asked_any
def test_iperf_gets_its_report_from_any_address(net, asked):
    both = ["-V"] if ":" in asked else []
    # The client waits long for a report that does not come.
    without = [(None, False)] if asked in (SECOND4, CLAIMED6) else []
    for words, right in (*without, ("connect", True)):
        with server(net.host, ["iperf", "-s", "-u", "-p", str(PORT), *both], words):
            said = net.client.run(*found(["iperf"]), "-c", asked, "-u", "-p", PORT, "-t", "0.2", "-b", "500k", *both,
                                  check=False, timeout=30, env=environment(None, "iperf"))
            assert ("Server Report" in said.stdout) == right, said.stdout + said.stderr


def tftp_read(client, name, asked):
    """Reads a file as RFC 1350 says, and writes down whence the blocks came."""
    content, block = b"", 1
    client.sock.sendto(struct.pack("!H", 1) + name.encode() + b"\0octet\0", (asked, PORT))
    while True:
        try:
            data, source = client.sock.recvfrom(1024)
        except TimeoutError:
            return None
        client.sources.add(source[0])
        if not client.right:
            return None
        assert struct.unpack("!HH", data[:4]) == (3, block)
        client.sock.sendto(struct.pack("!HH", 4, block), source)
        content += data[4:]
        block += 1
        if len(data) < 516:
            return content


@pytest.mark.parametrize("asked", ASKED6)
def test_tftpd_sends_a_file_from_the_address_asked(lab, net, asked):
    text = "".join(f"{number}\n" for number in range(1000)).encode()
    folder = lab.file("tftp/file", text).parent
    command = ["in.tftpd", "-L", "-p", "-u", "root", "-a", f"[::]:{PORT}", "-s", folder]
    for words, right in ((None, None), ("connect", text)):
        with server(net.host, command, words):
            assert tftp_read(Client(net.client, asked), "file", asked) == right


# The server of our own.

MANNERS = ["", "peek", "peek select", "peek epoll", "peek edge", "peek read", "peek recvmsg", "peek recvmmsg",
           "peek timestamp", "peek dup epoll", "peek fork", "peek thread epoll", "peek shared", "epoll thread dup",
           "recvmsg select"]


def manner_id(value):
    return value.name if value in (SERVE, SERVE_ASAN) else value.replace(" ", "-") or "plain"


def settled(net, asked):
    """What was sent before this has arrived when it returns."""
    net.client.run("ping", "-n", "-c1", asked)


@asked_any
@pytest.mark.parametrize("program, manner", [*((SERVE, manner) for manner in MANNERS),
                                             (SERVE_ASAN, "peek thread epoll"), (SERVE_ASAN, "peek recvmmsg")],
                         ids=manner_id)
def test_what_is_queued_before_and_after_connect_arrives_in_order(net, program, manner, asked):
    if not program.exists():
        pytest.skip("all is sanitized in this build already")
    with server(net.host, [program, str(PORT), "held", *manner.split()], stdin=subprocess.PIPE) as process:
        client = Client(net.client, asked)
        client.send(20)
        settled(net, asked)
        process.popen.stdin.write(b"go\n")
        process.popen.stdin.flush()
        assert client.hear() == list(range(20))
        client.send(20)
        assert client.hear(20) == list(range(20, 40))
        client.end()
        assert client.right
        assert process.wait() == 0, process.said()
        assert process.lines[-1] == "served"


@asked_any
def test_datagrams_of_others_stay_as_they_do_in_the_kernel(net, asked):
    """A socket that gets a peer keeps what is in its queue, whoever sent it, and hears nobody else any more."""
    heard = {}
    for words, address in ((None, None), ("connect", asked)):
        with server(net.host, [SERVE, str(PORT), "held", "peek"], words, stdin=subprocess.PIPE) as process:
            # Without help, the address at which the kernel's choice is right.
            address = address or (topology.UPLINK6 if ":" in asked else topology.UPLINK4)
            client, other = Client(net.client, address), Client(net.client, address)
            client.send()
            other.sent = 100
            other.send()
            client.send()
            settled(net, address)
            process.popen.stdin.write(b"go\n")
            process.popen.stdin.flush()
            # The echo goes to the peer, whatever it echoes.
            heard[words] = client.hear(3)
            with contextlib.suppress(ConnectionRefusedError):
                other.send()
            assert other.hear(1, timeout=0.3) == []
            client.end()
            assert process.wait() == 0
    assert heard[None] == heard["connect"] == [0, 100, 1]


@asked_any
def test_a_socket_that_is_bound_to_a_device_stays_there(net, asked):
    for version, gateway in (("-4", "10.0.1.1"), ("-6", "2001:db8:a1::1")):
        net.host.ip(version, "route", "add", "default", "via", gateway, "dev", "eth0", "metric", "2000")
    with server(net.host, [SERVE, str(PORT), "held", "peek", "device"], stdin=subprocess.PIPE) as process:
        client = Client(net.client, asked)
        client.send(3)
        settled(net, asked)
        process.popen.stdin.write(b"go\n")
        process.popen.stdin.flush()
        assert client.hear() == [0, 1, 2]
        assert client.right
        assert "%eth0:" in net.host.run("ss", "-Hanu", f"sport = :{PORT}").stdout


@asked_any
def test_one_socket_serves_peer_after_peer(net, asked):
    """Of IPv6, only peers of one address: Linux forgets the port, but not the address of the peer before."""
    with server(net.host, [SERVE, str(PORT), "again", "peek", *([] if ":" in asked else ["v4"])]) as process:
        for number in range(20):
            client = Client(net.client, asked)
            client.send(3)
            assert client.hear() == [0, 1, 2]
            assert client.right
            client.end()
            wait_until(lambda: process.lines.count("alone") > number, what="the server to be alone again")
            assert len(listens(net.host, PORT).splitlines()) == 1


@asked_any
def test_a_client_is_told_when_nobody_is_there_any_more(net, asked):
    """No socket is left behind on the port."""
    with server(net.host, [SERVE, str(PORT), "peek"]) as process:
        client = Client(net.client, asked)
        client.send()
        assert client.hear() == [0]
        client.end()
        assert process.wait() == 0
        client.sock.connect((asked, PORT))
        client.sock.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            client.sock.recv(1)


def test_many_clients_of_a_forking_server_at_once(net):
    count = scaled(30, 5)
    with server(net.host, PROGRAMS["socat both families"](SECOND4)):
        for asked in ASKED:
            for _ in range(count):
                client = Client(net.client, asked)
                # A second one could meet the parent, in the time that its child takes to connect: as without help.
                client.send()
                assert client.hear() == [0]
                client.send(5)
                assert client.hear(5) == [1, 2, 3, 4, 5]
                assert client.right


# Servers without a peer, for users who may not load BPF.

UNCONNECTED = {
    "python": [sys.executable, "-c", f"""
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind(("::", {PORT}))
while True:
    data, peer = server.recvfrom(65536)
    server.sendto(data, peer)
"""],
    "threads": [sys.executable, "-c", f"""
import socket, socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)
class Server(socketserver.ThreadingUDPServer):
    address_family = socket.AF_INET6
Server(("::", {PORT}), Echo).serve_forever()
"""],
    "socat": ["socat", f"UDP6-RECVFROM:{PORT},fork,ipv6only=0", "EXEC:/bin/cat"],
}


@asked_any
@pytest.mark.parametrize("program", UNCONNECTED)
def test_a_server_without_a_peer_answers_from_the_address_asked(net, program, asked):
    for words, right in ((None, False), ("connect", False), ("connect,send", True)):
        with server(net.host, UNCONNECTED[program], words):
            client = Client(net.client, asked)
            client.send()
            assert client.hear() == [0]
            assert client.right == right, words


def test_an_unprivileged_user_is_helped_as_well(lab, net):
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *UNCONNECTED["python"]]
    variables = {**environment("send", command[0]), "LD_PRELOAD": str(lab.copy(PRELOAD))}
    with server(net.host, command, env=variables):
        for asked in ASKED:
            client = Client(net.client, asked)
            client.send()
            assert client.hear() == [0]
            assert client.right


def test_a_slow_server_asked_at_three_addresses_by_one_port_gives_three_right_answers(net):
    program = UNCONNECTED["python"][2].replace("while True:", "import time\nwhile True:").replace(
        "    server.sendto", "    time.sleep(0.05)\n    server.sendto")
    with server(net.host, [sys.executable, "-c", program], "send"):
        sock = ask.udp_socket(net.client, SECOND4)
        sock.settimeout(patience(3))
        addresses = [SECOND4, CLAIMED4, "198.51.100.200"]
        for address in addresses:
            sock.sendto(address.encode(), (address, PORT))
        answers = [sock.recvfrom(100) for _ in addresses]
        assert sorted((data.decode(), source[0]) for data, source in answers) == sorted(zip(addresses, addresses))


def test_an_address_that_goes_away_is_not_spoken_for(net):
    with server(net.host, UNCONNECTED["python"], "send"):
        for asked in (CLAIMED4, CLAIMED6):
            client = Client(net.client, asked)
            client.send()
            assert client.hear() == [0] and client.right
    late = UNCONNECTED["python"][2].replace("    server.sendto", "    input()\n    server.sendto")
    with server(net.host, [sys.executable, "-c", late], "send", stdin=subprocess.PIPE) as process:
        for asked, words in ((CLAIMED4, ["route", "del", "local", topology.CLAIM4, "dev", "lo"]),
                             (CLAIMED6, ["-6", "route", "del", "local", topology.CLAIM6, "dev", "lo"])):
            client = Client(net.client, asked)
            client.send()
            settled(net, asked)
            net.host.ip(*words)
            process.popen.stdin.write(b"\n")
            process.popen.stdin.flush()
            assert client.hear() == [0]
            assert not client.right


# What is none of its business.

def test_a_server_that_does_it_right_itself_stays_right(net):
    """Packet information of its own, on IPv6 too, goes through untouched."""
    program = f"""
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind(("::", {PORT}))
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
server.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
while True:
    data, control, flags, peer = server.recvmsg(65536, 256)
    assert [(level, kind) for level, kind, _ in control] == [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)], control
    server.sendmsg([data], [(level, kind, told[:16] + bytes(4)) for level, kind, told in control], 0, peer)
"""
    for words in (None, "connect", "connect,send"):
        with server(net.host, [sys.executable, "-c", program], words):
            for asked in ASKED:
                client = Client(net.client, asked)
                client.send()
                assert client.hear() == [0]
                assert client.right


def test_a_program_without_the_library_for_its_start_runs_as_ever(net):
    """No word that asks for help: nothing is done."""
    with server(net.host, [SERVE, str(PORT), "peek"], "nothing"):
        client = Client(net.client, CLAIMED4)
        client.send()
        assert client.hear(timeout=1) == [0]
        assert not client.right


TCP_ECHO = f"""
import socket
server = socket.create_server(("127.0.0.1", {PORT}))
client = socket.create_connection(("127.0.0.1", {PORT}))
peer = server.accept()[0]
for _ in range(50):
    client.sendall(b"x" * 1000)
    peer.sendall(peer.recv(1000))
    client.recv_into(bytearray(1000))
"""


def tcp_system_calls(lab, net, words):
    """What a program that talks TCP asks of the kernel, from the first connection on."""
    trace = lab.folder / "trace"
    net.host.run("strace", "-o", trace, "-e", "trace=%network,%desc", sys.executable, "-c", TCP_ECHO,
                 env=environment(words))
    calls = re.findall(r"^(\w+)\(", trace.read_text(), re.M)
    return calls[calls.index("accept4"):]


def test_tcp_costs_no_system_call_more(lab, net):
    """A ratio of speeds says less on a machine that others use, too."""
    without = tcp_system_calls(lab, net, None)
    assert without.count("sendto") == 100
    assert tcp_system_calls(lab, net, "connect,send") == without
