# SPDX-License-Identifier: GPL-3.0-or-later
"""A large zone: how soon a server answers that has to load it, and how soon it serves another one, losing no query.

Beside knotd, one after the other, on one core each time; dnsperf asks both over UDP and over TCP while they reload.
"""

import os
import re
import shutil
import socket
import time

from debian import find
from measure import Broken, Goal, compare, turns
from stage import CLIENT_CORE, HOST4, SERVER_CORE, pinned

import nameserver

PORT = nameserver.PORTS["knotd"]
ASK_SECONDS = 8		# before and behind what is measured, too
RATES = {"udp": 15000, "tcp": 2000}
COUNTED = re.compile(r"Queries (sent|lost): +(\d+)")


def zone(names, serial):
    """All addresses change with the serial."""
    head = f"$TTL 3600\n@ SOA ns1 hostmaster {serial} 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"
    return head + "".join(f"h{number:07d} A {9 + serial}.{number >> 16}.{number >> 8 & 255}.{number & 255}\n"
                          for number in range(names))


def serial_at(node, address, port):
    """The serial of example.com there, or None."""
    query = bytes.fromhex("002a00000001000000000000076578616d706c6503636f6d0000060001")
    with node.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.1)
        try:
            asker.connect((address, port))
            asker.send(query)
            reply = asker.recv(2000)
        except OSError:
            return None
    # At the end of a lone SOA, whose last five numbers are of four bytes.
    return int.from_bytes(reply[-20:-16], "big") if reply[7] == 1 and not reply[9] else None


class Turn:
    """One server, from its start over a reload to its end."""

    def __init__(self, bench, start):
        self.bench = bench
        self.started = self.visible = None
        self.lost = {}
        bench.put(1)
        begin = time.perf_counter()
        self.address, self.port, reload, stop = start()
        self.started = self.await_serial(1, begin)
        askers = {mode: bench.ask(mode, self.address, self.port) for mode in RATES}
        time.sleep(1)
        bench.put(2)
        begin = time.perf_counter()
        reload()
        self.visible = self.await_serial(2, begin)
        for mode, asker in askers.items():
            asker.wait()
            counted = dict((name, int(number)) for name, number in COUNTED.findall("\n".join(asker.lines)))
            if not counted.get("sent"):
                raise Broken(f"dnsperf over {mode} said\n{asker.said()}")
            self.lost[mode] = counted["lost"]
        stop()

    def await_serial(self, serial, begin):
        while time.perf_counter() < begin + 120:
            if serial_at(self.bench.stage.client, self.address, self.port) == serial:
                return time.perf_counter() - begin
            time.sleep(0.005)
        raise Broken(f"serial {serial} never comes at {self.address}, port {self.port}")


class Bench:
    def __init__(self, stage, plan):
        self.stage = stage
        self.plan = plan
        stage.wake_client(nameserver.CLAIM)
        self.questions = stage.file("questions", "".join(f"h{number:07d}.example.com. A\n"
                                                         for number in range(0, plan.names, 7)))
        self.files = {serial: stage.file(f"zone.{serial}", text)
                      for serial, text in ((1, zone(plan.names, 1)), (2, zone(plan.names, 2)))}
        self.place = stage.folder / "multihomed-h" / "example.com.zone"
        self.place.parent.mkdir(exist_ok=True)
        for part in ("run", "state"):
            (stage.folder / "knotd" / part).mkdir(parents=True)
        text = nameserver.KNOTD.format(folder=stage.folder / "knotd", host=HOST4, port=PORT)
        self.knot = stage.file("knotd/config", text.replace(f"storage: {stage.folder / 'knotd'}\n",
                                                            f"storage: {self.place.parent}\n"))

    def put(self, serial):
        shutil.copyfile(self.files[serial], f"{self.place}.new")
        os.replace(f"{self.place}.new", self.place)

    def ask(self, mode, address, port):
        return self.stage.client.spawn("dnsperf", "-m", mode, "-Q", RATES[mode], "-l", ASK_SECONDS, "-c", 4,
                                       "-s", address, "-p", port, "-d", self.questions, **pinned(CLIENT_CORE))

    def ours(self):
        daemon = self.stage.daemon(nameserver.OURS)
        return nameserver.ASKED, 53, lambda: daemon.ctl("dns", "reload", expect=0), daemon.stop

    def theirs(self):
        path, variables = find("knotd", "knot")
        control, _ = find("knotc", "knot")
        process = self.stage.host.spawn(path, "-c", self.knot, env=variables, **pinned(SERVER_CORE))
        return (HOST4, PORT, lambda: self.stage.host.run(control, "-c", self.knot, "zone-reload", "example.com",
                                                         env=variables), process.stop)


def reload_rows(stage, plan):
    if not shutil.which("dnsperf"):
        return
    bench = Bench(stage, plan)
    pairs = turns(plan.route_rounds, lambda: Turn(bench, bench.ours), lambda: Turn(bench, bench.theirs))
    for name, value, goal in (("start to first answer", "started", 0.8), ("reload until seen", "visible", 0.7)):
        yield compare("reload", f"{name}, {plan.names:,} names : knotd", "s",
                      [(getattr(a, value), getattr(b, value)) for a, b in pairs], Goal("<=", goal))
    for mode, rate in RATES.items():
        theirs = sum(b.lost[mode] for _, b in pairs)
        yield compare("reload", f"lost of {rate * ASK_SECONDS:,} over {mode} meanwhile", "",
                      [(a.lost[mode], 1) for a, _ in pairs], Goal("<=", 0), note=f"knotd lost {theirs} in all")
