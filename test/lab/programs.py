# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of Debian as everybody runs them: on every address, with next to no configuration.

Each stands for a way to answer, and the ways fail differently where the address asked is not the one that the kernel
would choose itself. PROGRAMS says how each is run and asked, and what its client sees where nobody helps.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import struct
import sys
from collections.abc import Callable

import ask
import topology
from configuration import SEVENTH
from debian import environment, unpack
from lab import patience, wait_until
from topology import CLAIM4, CLAIM6

# The addresses that a client of topology.routed() asks: the one that the kernel answers from when nobody says
# otherwise, the host's other one, and one of a claim.
ASKED = {
    "primary4": topology.UPLINK4, "second4": topology.HOST4, "claim4": SEVENTH[CLAIM4],
    "primary6": topology.UPLINK6, "second6": topology.HOST6, "claim6": SEVENTH[CLAIM6],
}
RIGHT, WRONG, SILENT = "right", "wrong", "silent"


# Asking them.

def dns_question(name):
    """Asks for the IPv4 address of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 0x6d68, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


DNS_NAME = "who.lab.test"
DNS_ADDRESS = "192.0.2.99"
DNS_QUESTION = dns_question(DNS_NAME)
DNS_ANSWER = socket.inet_aton(DNS_ADDRESS)
# GetRequest of sysDescr.0, SNMPv2c, community "public".
SNMP_QUESTION = bytes.fromhex("302902010104067075626c6963a01c02046d686d68020100020100300e300c06082b060102010101000500")
# Version 4, mode "client".
NTP_QUESTION = bytes([4 << 3 | 3]) + bytes(47)
TFTP_QUESTION = struct.pack("!H", 1) + b"who\0octet\0"
# GET /, confirmable, with a number for the message: RFC 7252, section 3.
COAP_QUESTION = bytes([0x40, 1, 0x6d, 0x68])
# What an iperf3 of Debian sends and expects before it measures UDP.
IPERF3_QUESTION, IPERF3_ANSWER = struct.pack("=I", 0x36373839), struct.pack("=I", 0x39383736)


def datagrams(program, node, addresses):
    """Asks each address from a port of its own, and takes an answer from whomever."""
    return ask.udp_many(node, addresses, program.port, program.question, timeout=0.5)


def one_by_one(program, node, addresses):
    """For those that take all that waits at their socket for questions of one client."""
    return ask.udp_many(node, addresses, program.port, program.question, timeout=0.5, in_flight=1)


def iperf3_once(node, address, port):
    """The beginning of a measurement: a talk by TCP, then a datagram each way. None when it has no time for us."""
    with (contextlib.suppress(ConnectionError), ask.tcp_connect(node, address, port) as control,
          ask.udp_socket(node, address) as stream):
        control.sendall(b"c" * 36 + b"\0")
        if control.recv(1) != b"\x09":
            return None
        wishes = json.dumps({"udp": True, "omit": 0, "time": 1, "parallel": 1, "len": 100, "bandwidth": 1000}).encode()
        control.sendall(struct.pack("!I", len(wishes)) + wishes)
        if control.recv(1) != b"\x0a":
            return None
        stream.settimeout(patience(1))
        stream.sendto(IPERF3_QUESTION, (address, port))
        with contextlib.suppress(TimeoutError):
            data, source = stream.recvfrom(2048)
            return ask.Answer(address, source[0], source[1], data)
        return ask.Answer(address, "::", 0, b"")
    return None


def iperf3_talks(program, node, addresses):
    """One at a time: it serves one client, and opens its port anew when that one is gone."""
    return {address: wait_until(lambda a=address: iperf3_once(node, a, program.port), what="iperf3's attention")
            for address in addresses}


# Their configurations; {folder} is one of their own.

SOCKETSERVER = """\
import socket, socketserver

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data, self.client_address)

class Server(socketserver.ThreadingUDPServer):
    address_family = socket.AF_INET6

Server(("::", 7000), Echo).serve_forever()
"""

NSD = """\
server:
  username: ""
  database: ""
  zonesdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  pidfile: ""
  xfrdfile: ""
  xfrdir: "{folder}"
remote-control:
  control-enable: no
zone:
  name: lab.test
  zonefile: zone
"""

ZONE = f"""\
$ORIGIN lab.test.
$TTL 60
@ SOA ns admin 1 60 60 60 60
@ NS ns
ns A 192.0.2.1
who A {DNS_ADDRESS}
"""

UNBOUND = f"""\
server:
  interface: 0.0.0.0
  interface: ::0
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  username: ""
  chroot: ""
  directory: "{{folder}}"
  pidfile: ""
  use-syslog: no
  module-config: iterator
  local-zone: lab.test static
  local-data: "{DNS_NAME} A {DNS_ADDRESS}"
remote-control:
  control-enable: no
"""

INETD = """\
echo dgram udp4 wait root internal
echo dgram udp6 wait root internal
"""

SNMPD = """\
rocommunity public default
rocommunity6 public default
sysDescr the lab
"""

DNSMASQ = f"""\
no-resolv
no-hosts
user=root
pid-file
address=/{DNS_NAME}/{DNS_ADDRESS}
"""

KNOTD = """\
server:
  rundir: "{folder}"
  listen: [ "0.0.0.0@53", "::@53" ]
database:
  storage: "{folder}"
log:
  - target: stderr
    any: error
zone:
  - domain: lab.test
    storage: "{folder}"
    file: zone
"""

CHRONYD = """\
local stratum 10
allow all
cmdport 0
pidfile {folder}/pid
"""


NAMED = """\
options {
  directory "{folder}";
  pid-file none;
  session-keyfile "{folder}/session";
  listen-on { any; };
  listen-on-v6 { any; };
  recursion no;
  dnssec-validation no;
};
controls { };
zone "lab.test" { type primary; file "zone"; };
"""


@dataclasses.dataclass
class Program:
    """One server of Debian."""

    kind: str			# unconnected, connects, packet-information or right: how it answers
    package: str | None		# whence it comes, unless it is always there
    command: str		# its words; {folder} is its own
    port: int
    question: bytes
    answer: bytes		# something that a good answer holds
    without: str		# what the client sees unless somebody helps, in the order of ASKED
    files: dict = dataclasses.field(default_factory=dict)
    ask: Callable = datagrams
    listens: str = "u"		# what `ss` shows it by when it is ready
    families: tuple = ("4", "6")

    @property
    def expected(self):
        """What is seen at each address without help; "-" is an address that is not its business."""
        return {name: seen for name, seen in zip(ASKED, self.without.split()) if seen != "-"}

    def start(self, node, name, before=()):
        """Starts it, by the program @before where there is one, and waits until it listens to all of its families."""
        folder = node.lab.folder / f"{node.role}-{name.replace(' ', '-')}"
        folder.mkdir(exist_ok=True)
        for file, text in self.files.items():
            (folder / file).write_text(text.replace("{folder}", str(folder)))
        variables = environment(unpack(self.package)) if self.package else dict(os.environ)
        words = self.command.replace("{folder}", str(folder)).split()
        # LD_LIBRARY_PATH is not for the programs that come before.
        binary = shutil.which(words[0], path=variables["PATH"])
        assert binary, f"{self.package} has no {words[0]}"
        process = node.spawn(*before, binary, *words[1:], env=variables, cwd=folder)
        wait_until(lambda: self._ready(node, process), 30, f"{binary} to listen")
        return process

    def _ready(self, node, process):
        assert process.running(), f"it ended: {process.said()}"
        return all(node.run("ss", f"-Hln{self.listens}", f"-{family}", f"sport = :{self.port}").stdout
                   for family in self.families)

    def seen(self, node):
        """What a client sees at each address: right, wrong or silent."""
        answers = self.ask(self, node, [ASKED[name] for name in self.expected])
        return {name: self._judge(answers[ASKED[name]]) for name in self.expected}

    def _judge(self, answer):
        if answer is None or not answer.data:
            return SILENT
        assert self.answer in answer.data, f"a strange answer of {answer.asked}: {answer.data!r}"
        return RIGHT if answer.right else WRONG


OTHERS_WRONG = "right wrong wrong right wrong wrong"
OTHERS6_WRONG = "right right right right wrong wrong"
CLAIM6_WRONG = "right right right right right wrong"
CLAIM6_SILENT = "right right right right right silent"
BOTH_FAMILIES = {"listens": "u", "families": ("6",)}	# one socket for both

PROGRAMS = {
    # They answer with sendto() on the socket that they bound: the hook mends that.
    "python socketserver": Program(
        "unconnected", None, f"{sys.executable} {{folder}}/server.py", 7000, b"who?", b"who?", OTHERS_WRONG,
        {"server.py": SOCKETSERVER}, **BOTH_FAMILIES),
    "socat receives": Program(
        "unconnected", "socat", "socat UDP6-RECVFROM:7000,fork,ipv6only=0 EXEC:cat", 7000, b"who?", b"who?",
        OTHERS_WRONG, **BOTH_FAMILIES),
    "nsd": Program(
        "unconnected", "nsd", "nsd -d -c {folder}/conf", 53, DNS_QUESTION, DNS_ANSWER, OTHERS_WRONG,
        {"conf": NSD, "zone": ZONE}),
    "unbound": Program(
        "unconnected", "unbound", "unbound -d -c {folder}/conf", 53, DNS_QUESTION, DNS_ANSWER, OTHERS_WRONG,
        {"conf": UNBOUND}),
    "inetd": Program(
        "unconnected", "openbsd-inetd", "inetd -i {folder}/conf", 7, b"who?", b"who?", OTHERS_WRONG,
        {"conf": INETD}),
    "snmpd": Program(
        "unconnected", "snmpd", "snmpd -f -C -c {folder}/conf -Le udp:161,udp6:161", 161, SNMP_QUESTION, b"the lab",
        OTHERS6_WRONG, {"conf": SNMPD}),
    # They connect() to whoever asks: the preload library mends that.
    "iperf3": Program(
        "connects", "iperf3", "iperf3 -s", 5201, b"", IPERF3_ANSWER, OTHERS_WRONG, ask=iperf3_talks, listens="t",
        families=("6",)),
    "socat listens": Program(
        "connects", "socat", "socat UDP6-LISTEN:7000,fork,ipv6only=0 EXEC:cat", 7000, b"who?", b"who?",
        OTHERS_WRONG, ask=one_by_one, **BOTH_FAMILIES),
    "ncat": Program(
        "connects", "ncat", "ncat -u -l -k -e /bin/cat 7000", 7000, b"who?", b"who?", OTHERS_WRONG, ask=one_by_one),
    "tftpd": Program(
        "connects", "tftpd-hpa", "in.tftpd -L -p -u root -s {folder}", 69, TFTP_QUESTION, b"\0\3\0\1a file",
        CLAIM6_WRONG, {"who": "a file"}),
    # They ask for packet information and answer by it, which Linux refuses for an address of an IPv6 claim, unless
    # `nonlocal-bind` lets it.
    "dnsmasq": Program(
        "packet-information", "dnsmasq-base", "dnsmasq -k -C {folder}/conf", 53, DNS_QUESTION, DNS_ANSWER,
        CLAIM6_SILENT, {"conf": DNSMASQ}),
    "knotd": Program(
        "packet-information", "knot", "knotd -c {folder}/conf", 53, DNS_QUESTION, DNS_ANSWER, CLAIM6_SILENT,
        {"conf": KNOTD, "zone": ZONE}),
    "coap-server": Program(
        "packet-information", "libcoap3-bin", "coap-server-notls -A ::", 5683, COAP_QUESTION, b"libcoap",
        "- - - right right silent", **BOTH_FAMILIES),
    # It binds each address that the host lists, and hears nothing of a claim; nobody mends that from outside.
    "named": Program(
        "lists-addresses", "bind9", "named -g -n 1 -c {folder}/conf", 53, DNS_QUESTION, DNS_ANSWER,
        "right right silent right right silent", {"conf": NAMED, "zone": ZONE}),
    # Right already.
    "chronyd": Program(
        "right", "chrony", "chronyd -x -d -u root -f {folder}/conf", 123, NTP_QUESTION, bytes([4 << 3 | 4]),
        "right right right right right right", {"conf": CHRONYD}),
}
