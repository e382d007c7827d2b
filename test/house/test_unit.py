# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon lives with what the systemd unit leaves it: its capabilities, its notifications, its signals.

Run as the unit would run it, in a network namespace of its own: the bounding set of the unit, no new
privileges, a file mask of 077, and a socket in place of the service manager's.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("MH_BUILD", "build")).resolve()
UNIT = (ROOT / "packaging/multihomed.service.in").read_text()
PATIENCE = 60

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a network namespace")


def setting(name):
    return re.search(rf"^{name}=(.*)$", UNIT, re.M).group(1)


class Service:
    """multihomed under the unit's bounds, and what it tells the service manager."""

    def __init__(self, folder):
        self.control = folder / "control.sock"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(folder / "notify"))
        self.notify.settimeout(PATIENCE)
        names = setting("CapabilityBoundingSet").lower().replace("cap_", "+").split()
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh",
             "setpriv", f"--bounding-set=-all,{','.join(names)}", "--inh-caps=-all", "--no-new-privs",
             BUILD / "src/daemon/multihomed", "-c", "builtin", "-s", self.control],
            env=dict(os.environ, NOTIFY_SOCKET=str(folder / "notify")), umask=int(setting("UMask"), 8),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def told(self, word):
        """What the service manager is told, up to @word."""
        words = []
        while word not in words:
            words += self.notify.recv(4096).decode().split("\n")
        return words

    def mhctl(self, *arguments):
        return subprocess.run([BUILD / "src/ctl/mhctl", "-s", self.control, *arguments], capture_output=True, text=True,
                              timeout=PATIENCE)

    def end(self):
        self.process.terminate()
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors


@pytest.fixture
def service(tmp_path):
    one = Service(tmp_path)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.communicate()
    one.notify.close()


def test_it_becomes_ready_with_the_capabilities_of_the_unit(service):
    service.told("READY=1")
    done = service.mhctl("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    status, out, errors = service.end()
    assert status == 0, errors
    assert out.splitlines() == ["ready"]


def test_it_tells_of_reloading_and_stopping(service):
    service.told("READY=1")
    service.process.send_signal(signal.SIGHUP)
    service.told("RELOADING=1")
    service.told("READY=1")
    assert service.end()[0] == 0
    service.told("STOPPING=1")


def test_the_unit_reloads_and_stops_by_the_signals_that_the_daemon_knows():
    assert setting("Type") == "notify"
    assert setting("ExecReload") == "/bin/kill -HUP $MAINPID"
    assert "KillSignal" not in UNIT
    assert setting("RuntimeDirectory") == "multihomed" and setting("RuntimeDirectoryPreserve") == "yes"


def test_what_the_engine_keeps_is_what_the_unit_grants():
    kept = re.findall(r"\{ (CAP_\w+), ", (ROOT / "src/io/sandbox.c").read_text())
    assert sorted(kept) == sorted(setting("CapabilityBoundingSet").split())
