# SPDX-License-Identifier: GPL-3.0-or-later
"""`mhctl run`: a program answers from the address asked, and no daemon runs.

    client ---- router ==== host      asked on eth0, the host's way back is eth1, so that the kernel chooses the
                                      address of eth1 (topology.Routed); the claims are local by a route

By eBPF on a cgroup of its own, by a preloaded library, or by both, as the program and the rights allow.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

import ask
import replies
import topology
from daemon import BUILD, MHCTL
from lab import patience, wait_until

STATIC = BUILD / "src/ctl/run_echo_static"
PRELOAD = BUILD / "preload/libmultihome-preload.so"
PORT = 7000
CLAIMED4, CLAIMED6 = "198.51.100.7", "2001:db8:1:1::7"
# The kernel's own choice comes last: it has to stay right.
ASKED4 = [topology.HOST4, CLAIMED4, topology.UPLINK4]
ASKED = [topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6, topology.UPLINK4, topology.UPLINK6]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

PYTHON = [sys.executable, "-c", f"""
import socket
server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind(("::", {PORT}))
while True:
    data, peer = server.recvfrom(65536)
    server.sendto(data, peer)
"""]
SOCAT = ["socat", f"UDP6-LISTEN:{PORT},fork,ipv6only=0", "EXEC:/bin/cat"]
IPERF3 = ["iperf3", "-s", "-p", str(PORT)]

static = pytest.mark.skipif(not STATIC.exists(), reason="no static program in a sanitized build")


@pytest.fixture
def net(lab):
    net = topology.routed(lab)
    net.host.ip("route", "add", "local", topology.CLAIM4, "dev", "lo")
    net.host.ip("-6", "route", "add", "local", topology.CLAIM6, "dev", "lo")
    return net


def run(*words):
    return [str(MHCTL), "run", *words]


def cgroups():
    """Of `mhctl run`, wherever they are."""
    return {path for path in replies.cgroups_below(replies.mount_point()) if path.name.startswith("multihome-run-")}


def keepers():
    """The processes that hold the eBPF programs, and end with what they help."""
    found = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, state = re.search(r"\((.*)\) (\w)", (process / "stat").read_text()).groups()
            if name == "mhctl-keeper" and state != "Z":
                found.add(process.name)
    return found


@contextlib.contextmanager
def no_trace():
    """What is there before a block is there after it."""
    before, keepers_before = cgroups(), keepers()
    yield before
    wait_until(lambda: cgroups() <= before, what="the cgroup to be removed")
    wait_until(lambda: keepers() <= keepers_before, what="the keeper to end")


@contextlib.contextmanager
def server(node, command, kind="u", **options):
    """Runs a server until the block ends; it listens when the block begins."""
    process = node.spawn(*command, **options)
    try:
        # eBPF is loaded first.
        wait_until(lambda: process.popen.poll() is not None
                   or node.run("ss", f"-Hln{kind}", f"sport = :{PORT}").stdout, 60, f"{command} to listen")
        assert process.running(), process.said()
        yield process
    finally:
        process.end()


def wrong(net, addresses=ASKED):
    """Those addresses that another one answered for, or none, each asked from a port of its own."""
    found = {address: ask.udp(net.client, address, PORT, tries=1) for address in addresses}
    return {asked for asked, answer in found.items() if answer is None or not answer.right}


def test_a_server_without_a_peer_answers_right_by_ebpf_and_by_the_library(net):
    with server(net.host, PYTHON):
        assert wrong(net) == {topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6}
    for option in ([], ["--no-preload"], ["--no-hook"]):
        with no_trace() as before, server(net.host, run(*option, "--", *PYTHON)) as process:
            assert wrong(net) == set(), option
            assert len(cgroups() - before) == (option != ["--no-hook"])
            assert process.errors == []


@static
def test_a_static_program_answers_right(net):
    with server(net.host, [STATIC, PORT]):
        assert wrong(net) == {topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6}
    with no_trace(), server(net.host, run("-v", STATIC, PORT)) as process:
        assert wrong(net) == set()
        assert "not preloaded: it is linked statically" in process.errors[0]
        assert "eBPF on " in process.errors[1]


@pytest.mark.parametrize("option", [[], ["--no-hook"]], ids=["both", "library"])
def test_a_program_that_connects_answers_right(net, option):
    with server(net.host, SOCAT):
        assert wrong(net) == {topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6}
    with no_trace(), server(net.host, run(*option, *SOCAT)):
        assert wrong(net) == set()


def measure(net, asked):
    """Whether an iperf3 client can measure UDP to the address."""
    def once():
        try:
            done = net.client.run("iperf3", "-c", asked, "-p", PORT, "-u", "-b", "2M", "-n", "20K", check=False,
                                  timeout=2)
        except subprocess.TimeoutExpired:
            return "dead"
        # It still tidies up behind the client before.
        return None if "busy" in done.stdout + done.stderr else "alive" if done.returncode == 0 else "dead"

    return wait_until(once, what="the server to have time") == "alive"


def test_iperf3_measures_udp_to_a_second_address_and_a_claim(net):
    for asked in (topology.HOST4, CLAIMED6):
        with server(net.host, IPERF3, kind="t"):
            assert not measure(net, asked)
    with no_trace(), server(net.host, run(*IPERF3), kind="t"):
        for asked in (topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6):
            assert measure(net, asked), asked


LATE = PYTHON[2].replace("    server.sendto", "    input()\n    server.sendto")
PROMPT = PYTHON[2].replace(str(PORT), str(PORT + 1))


@pytest.mark.parametrize("asked, extra, words", [
    (CLAIMED4, "10.0.1.77", ["route", "{}", "local", topology.CLAIM4, "dev", "lo"]),
    (CLAIMED6, "2001:db8:a1::77", ["-6", "route", "{}", "local", topology.CLAIM6, "dev", "lo"])])
def test_an_address_that_goes_away_is_no_source_any_more_and_is_one_again_when_it_is_back(net, asked, extra, words):
    """A server that answers late, and beside it one that answers at once and so shows what the keeper has heard of."""
    command = run("--no-preload", "sh", "-c", '"$0" -c "$1" & exec "$0" -c "$2"', sys.executable, PROMPT, LATE)
    with no_trace(), server(net.host, command, stdin=subprocess.PIPE) as process, \
            ask.udp_socket(net.client, asked) as sock:
        sock.settimeout(patience(5))

        def answered(question):
            sock.sendto(question, (asked, PORT))
            return answer()

        def answer():
            process.popen.stdin.write(b"\n")
            process.popen.stdin.flush()
            return ask.same(asked, sock.recvfrom(100)[1][0])

        def is_source():
            got = ask.udp(net.client, extra, PORT + 1)
            return got and got.right

        assert answered(b"before")
        sock.sendto(b"meanwhile", (asked, PORT))
        net.client.run("ping", "-n", "-c1", asked)
        net.host.ip(*(word.format("del") for word in words))
        net.host.ip("address", "add", extra, "dev", "eth0", *(["nodad"] if ":" in extra else []))
        wait_until(is_source, what="a new address to be a source")
        assert not answer()
        net.host.ip(*(word.format("add") for word in words))
        net.host.ip("address", "del", extra + ("/128" if ":" in extra else "/32"), "dev", "eth0")
        wait_until(lambda: answered(b"after"), what="it to be a source again")


# The process.

@pytest.mark.parametrize("option", [[], ["--no-hook"]], ids=["both", "library"])
def test_the_exit_status_and_the_output_are_those_of_the_program(lab, option):
    node = lab.node("host")
    script = lab.file("script", "no interpreter is named\n")
    with no_trace():
        done = node.run(*run(*option, "sh", "-c", "echo out; echo err >&2; exit 7"), check=False)
        assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
        assert node.run(*run(*option, "sh", "-c", "kill -TERM $$"), check=False).returncode == -signal.SIGTERM
        assert node.run(*run(*option, "no-such-program"), check=False).returncode == 127
        done = node.run(*run(*option, script), check=False)
        assert (done.returncode, done.stderr) == (126, f"mhctl: {script}: Permission denied\n")
        # What follows the program is its own, "--" and all.
        done = node.run(*run(*option, "--", "printf", "%s,", "--json", "-s", "--", "-v"))
        assert done.stdout == "--json,-s,--,-v,"


SIGNALLED = [sys.executable, "-uc", """
import signal
numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
           signal.SIGWINCH)
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
print("ready")
for _ in numbers:
    print(signal.Signals(signal.sigwait(numbers)).name)
"""]


def state_of(process):
    return pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_signals_reach_the_program_and_stop_and_go_on(lab):
    process = lab.node("host").spawn(*run(*SIGNALLED))
    process.wait_line("ready", 60)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"):
        process.signal(signal.Signals[name])
        process.wait_line(name)
    process.signal(signal.SIGSTOP)
    wait_until(lambda: state_of(process) == "T", what="the program to stop")
    process.signal(signal.SIGCONT)
    process.signal(signal.SIGWINCH)
    assert process.wait() == 0
    assert process.lines.count("SIGINT") == 1


def test_a_program_that_is_killed_leaves_no_trace(net):
    with no_trace(), server(net.host, run(*PYTHON)) as process:
        process.signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def test_what_the_program_leaves_behind_is_helped_until_it_ends(net):
    """And neither it nor the keeper holds what mhctl's caller waits for: this returns at once."""
    with no_trace() as before:
        said = net.host.run(*run("sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", "env", *PYTHON)).stdout
        try:
            wait_until(lambda: net.host.run("ss", "-Hlnu", f"sport = :{PORT}").stdout, what="it to listen")
            assert wrong(net) == set()
            assert len(cgroups() - before) == 1
        finally:
            os.kill(int(said), signal.SIGKILL)


def test_one_within_another_is_right_as_well(net):
    # A sanitizer's library, in the inner one, wants to be the first that is loaded.
    variables = {**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0"}
    with no_trace(), server(net.host, run(*run(*PYTHON)), env=variables):
        assert wrong(net) == set()


# A socket that the program was handed.

HAND_DOWN = """
import os, socket, sys
sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
sock.bind(("::", int(sys.argv[1])))
os.dup2(sock.fileno(), 3)
os.set_inheritable(3, True)
os.execvp(sys.argv[2], sys.argv[2:])
"""
HANDED_DOWN = [sys.executable, "-c", """
import socket
server = socket.socket(fileno=3)
while True:
    data, peer = server.recvfrom(65536)
    server.sendto(data, peer)
"""]
NOT_MENDED = f"mhctl: {sys.executable}: descriptor 3 was opened elsewhere: its answers are not mended"


def hand_down(*command):
    return [sys.executable, "-c", HAND_DOWN, str(PORT), *command]


def test_a_socket_that_the_program_was_handed_answers_right_by_the_library(net):
    with no_trace(), server(net.host, hand_down(*run("-v", *HANDED_DOWN))) as process:
        wait_until(lambda: len(process.errors) >= 2, what="it to tell")
        assert "eBPF on " in process.errors[0]
        assert "preloaded for all of its sockets" in process.errors[1]
        assert wrong(net) == set()


def test_a_socket_that_the_program_was_handed_and_nothing_helps_is_told(net):
    with no_trace(), server(net.host, hand_down(*run("--no-preload", *HANDED_DOWN))) as process:
        wait_until(lambda: NOT_MENDED in process.errors, what="it to tell")
        assert wrong(net) == {topology.HOST4, CLAIMED4, topology.HOST6, CLAIMED6}
    done = net.host.run(*run("--no-preload", sys.executable, "-c", ""))
    assert done.stderr == ""


# The cgroup.

# Enters one where names are taken already, as by processes of the same number in other PID namespaces.
TAKEN = """
echo $$ >"$0/cgroup.procs" && cd "$0" && count=$1 && shift
[ $count -lt 1 ] || mkdir multihome-run-$$
for number in $(seq 2 $count); do mkdir multihome-run-$$-$number; done
exec "$@"
"""
SAY_CGROUP = ["sh", "-c", "cat /proc/self/cgroup; read end"]


@pytest.mark.parametrize("taken, suffix", [(0, ""), (1, "-2"), (16, "")])
def test_a_cgroup_that_looks_empty_is_left_alone_while_there_are_names(lab, taken, suffix):
    with no_trace(), replies.Cgroup() as cgroup:
        process = lab.node("host").spawn("sh", "-c", TAKEN, cgroup.path, taken, *run(*SAY_CGROUP),
                                         stdin=subprocess.PIPE)
        name = f"multihome-run-{process.pid}"
        process.wait_line(f"^0::/{cgroup.name}/{name}{suffix}$", 60)
        assert len(list(cgroup.path.glob(f"{name}*"))) == max(taken + bool(suffix), 1)
        assert (cgroup.path / name).exists()


def test_a_cgroup_that_is_named_like_the_keyword_is_the_one_below_which_it_runs(lab):
    with no_trace(), replies.Cgroup("all") as cgroup:
        process = lab.node("host").spawn(*cgroup.enter, *run(*SAY_CGROUP), stdin=subprocess.PIPE)
        process.wait_line(f"^0::.*/multihome-run-{process.pid}$", 60)
        assert f"0::/all/multihome-run-{process.pid}" in process.lines


# Without rights.

def nobody(lab):
    """`mhctl run` without rights, and its environment, out of a folder that nobody may read."""
    return [*NOBODY, str(lab.copy(MHCTL)), "run"], {**os.environ, "MULTIHOME_PRELOAD_LIBRARY": str(lab.copy(PRELOAD))}


def test_without_rights_the_library_helps_alone(lab, net):
    words, variables = nobody(lab)
    for command in (PYTHON, SOCAT):
        with no_trace() as before, server(net.host, [*words, *command], env=variables) as process:
            assert wrong(net) == set()
            assert cgroups() <= before
            assert process.errors == []


@static
def test_without_rights_a_static_program_is_refused_with_a_way_out(lab, net):
    words, variables = nobody(lab)
    done = net.host.run(*words, str(lab.copy(STATIC)), PORT, check=False, env=variables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"mhctl: \S+ cannot be helped, and was not run: it is linked statically, so nothing can be "
                        r"preloaded; no eBPF: .*CAP_BPF.* \(try as root\)\n", done.stderr), done.stderr


def test_a_library_that_is_missing_is_told_and_ebpf_helps_alone(net):
    variables = {**os.environ, "MULTIHOME_PRELOAD_LIBRARY": "/no/such/library.so"}
    with no_trace(), server(net.host, run(*PYTHON), env=variables) as process:
        assert wrong(net) == set()
        assert "not preloaded: libmultihome-preload.so is not installed: /no/such/library.so" in process.errors[0]


def test_with_half_the_rights_the_way_is_told(net):
    done = net.host.run("setpriv", "--bounding-set=-bpf,-sys_admin", *run("-v", "true"))
    assert re.search(r"^mhctl: true: no eBPF: .*CAP_BPF", done.stderr, re.M), done.stderr
    assert "preloaded for all of its sockets" in done.stderr


def test_a_program_with_the_rights_of_somebody_else_is_not_preloaded_and_that_is_told(lab):
    node = lab.node("host")
    program = lab.file("shell", pathlib.Path("/bin/true").read_bytes())
    os.chown(program, 65533, 65533)
    program.chmod(0o4755)
    with no_trace():
        done = node.run(*run(program))
        assert "not preloaded: it runs with the rights of somebody else" in done.stderr
    done = node.run(*NOBODY, *run(program), check=False)
    assert done.returncode == 2 and "cannot be helped" in done.stderr
