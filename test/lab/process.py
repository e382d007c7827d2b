# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that runs beside a test, and what it says.

Both outputs are read all the time by threads, so that no program ever waits for us with a full pipe, and so that a
test can wait for a line instead of sleeping.
"""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time


class Process:
    """Started in a session of its own: Ctrl-C at the terminal is ours alone, and its children end with it."""

    def __init__(self, command, **options):
        self.command = command
        self.lines = []
        self.errors = []
        self._changed = threading.Condition()
        options = {"stdin": subprocess.DEVNULL, **options}
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      start_new_session=True, **options)
        self.pid = self.popen.pid
        self._readers = [
            threading.Thread(target=self._read, args=(self.popen.stdout, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self.popen.stderr, self.errors), daemon=True)]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self._changed:
                lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_line(self, pattern, timeout=20, among=None, start=0):
        """Waits for a line (of standard output unless @among says) that holds @pattern, and returns it."""
        lines = self.lines if among is None else among
        deadline = time.monotonic() + timeout
        seen = start
        with self._changed:
            while True:
                for line in lines[seen:]:
                    if re.search(pattern, line):
                        return line
                seen = max(seen, len(lines))
                left = deadline - time.monotonic()
                if left <= 0 or not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"{self.command[0]} never said {pattern!r}; it said\n{self.said()}")
                self._changed.wait(min(left, 0.2))

    def said(self):
        """All that it printed, for a message."""
        return "\n".join([*self.lines[-40:], *("stderr: " + line for line in self.errors[-40:])])

    def running(self):
        return self.popen.poll() is None

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, timeout=20):
        """Waits for its end, all of its output read, and returns its exit status."""
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command[0]} does not end; it said\n{self.said()}") from None
        for reader in self._readers:
            reader.join(2)
        return status

    def stop(self, timeout=20):
        """Asks it to end, and returns its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def end(self):
        """Ends it and its children without asking; harmless when they have ended."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(5)
        for reader in self._readers:
            reader.join(2)
        self.popen.stdout.close()
        self.popen.stderr.close()
