# SPDX-License-Identifier: GPL-3.0-or-later
"""One way through libmultihome: trains, against sendmsg() and recvmsg() for each datagram. Same job, same sockets."""

import json

from measure import Broken, Goal, compare, turns
from stage import CLIENT4, CLIENT6, CLIENT_CORE, PROGRAMS, SERVER_CORE, pinned

PREFIX4, PREFIX6 = "198.51.100.0/24", "2001:db8:1:1::/64"
SENDER4, SENDER6 = "198.51.100.77", "2001:db8:1:1::77"
PORT = 5000
TWELVEFOLD = Goal(">=", 12)


class Stream:
    """One turn: a sender on the host at an address of a claim, a receiver at the client, who looks at everything."""

    def __init__(self, stage, plan, kind, sender, receiver):
        end = stage.client.spawn(PROGRAMS / "stream", "receive", kind, receiver, sender, PORT, ready="^ready$",
                                 **pinned(CLIENT_CORE))
        sent = json.loads(stage.host.run(PROGRAMS / "stream", "send", kind, sender, receiver, PORT, plan.turn_ms,
                                         **pinned(SERVER_CORE)).stdout)
        received = json.loads(end.wait_line("^{"))
        if end.wait() or received["wrong"] or not received["datagrams"]:
            raise Broken(f"{kind} from {sender}: sent {sent}, received {received}")
        self.send = sent["cpu_ns"] / sent["datagrams"]
        self.receive = received["cpu_ns"] / received["datagrams"]
        self.lost = 1 - received["datagrams"] / sent["datagrams"]


def stream_rows(stage, plan, name, ends, goal):
    pairs = turns(plan.rounds, *(lambda kind=kind: Stream(stage, plan, kind, *ends) for kind in ("library", "plain")))
    lost = max(turn.lost for pair in pairs for turn in pair)
    for what, cost in (("sent : sendmsg", lambda turn: turn.send), ("received : recvmsg", lambda turn: turn.receive),
                       ("both ends : both", lambda turn: turn.send + turn.receive)):
        yield compare("library", f"{name} {what}", "/s", [(1e9 / cost(a), 1e9 / cost(b)) for a, b in pairs], goal,
                      f"up to {lost:.1%} lost, where the receiver did not get its core" if lost else "")


def library_rows(stage, plan):
    stage.wake_client(SENDER4, SENDER6)
    for prefix in (PREFIX4, PREFIX6):
        stage.host.ip("route", "add", "local", prefix, "dev", "lo")
    stage.host.ip("link", "set", "h0", "gso_max_segs", "65535")
    yield from stream_rows(stage, plan, "1,400 B", (SENDER6, CLIENT6), TWELVEFOLD)
    yield from stream_rows(stage, plan, "1,400 B, v4", (SENDER4, CLIENT4), TWELVEFOLD)
    stage.host.ip("link", "set", "h0", "gso_max_segs", "1")
    yield from stream_rows(stage, plan, "1,400 B, cut at the link,", (SENDER6, CLIENT6), None)
