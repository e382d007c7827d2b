#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test of the project, stage by stage; what `make check` runs.

A stage is a line of STAGES. Its output goes to BUILD/check/STAGE.log and is shown when it fails; a
stage that cannot build what it tests counts as one failure. The last line is the tally.

A few tests that failed are run once more, since a busy machine must not turn a whole run red; one that passes
then is named as unsteady, which is a fault of the test or of the product that somebody has to find.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
FUZZ_SMOKE_SECONDS = 4
# The unit tests that ask something of the kernel.
MEET_THE_KERNEL = ["lib_tcp_test", "lib_udp_test", "lib_answer_test", "channel_test", "netlink_test", "host_test",
                   "sockets_test", "sysctls_test", "foresee_test", "kernel_test", "replies_test",
                   "services_tcp_test", "services_worker_test", "checks_worker_test", "dns_worker_test",
                   "ports_test", "openings_test", "neighbours_test", "responders_test", "neighbours_worker_test"]
# So many failures are run once more; more than that are no accident.
AGAIN_AT_MOST = 5
TIMEOUT = int(os.environ.get("MH_STAGE_TIMEOUT", "3000"))
SANITIZER = {
    "ASAN_OPTIONS": "abort_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


class Tally:
    """How many tests passed, failed, were unsteady and were skipped, and the names of the last three."""

    def __init__(self):
        self.passed = self.failed = self.unsteady = self.skipped = 0
        self.names = []
        self.programs = []  # what to run again for the tests that failed

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.unsteady += other.unsteady
        self.skipped += other.skipped
        self.names += other.names

    def try_again(self, status, other):
        """Takes the second run of what failed for it: what passes now is unsteady, and named as such."""
        if not other.failed and (status != 0 or not other.passed):
            return
        again = {name for name in other.names if name.startswith("failed: ")}
        steady = [name for name in self.names if name not in again and name.startswith("failed: ")]
        self.names = [name for name in self.names if name not in steady]
        self.names += [name.replace("failed: ", "unsteady: ", 1) for name in steady]
        self.names += sorted(again - set(self.names))
        self.unsteady += len(steady)
        self.failed = sum(name.startswith("failed: ") for name in self.names)

    def fail(self, name):
        self.failed += 1
        self.names.append(f"failed: {name}")

    def skip(self, name):
        self.skipped += 1
        self.names.append(f"skipped: {name}")

    def __str__(self):
        more = "".join(f", {number} {word}" for number, word in ((self.unsteady, "unsteady"), (self.skipped, "skipped"))
                       if number)
        return f"{self.passed} passed, {self.failed} failed{more}"


class Stage:
    """What a stage works with: its folders, its log, and the means to run something."""

    def __init__(self, name, folder):
        self.name, self.folder, self.tally = name, folder, Tally()
        self.sanitize = folder.with_name(folder.name + "-sanitize")
        self.fuzz = folder.with_name(folder.name + "-fuzz")
        (folder / "check").mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "check" / f"{name}.log"
        self.log = open(self.log_path, "w", encoding="utf-8")

    def run(self, *command, env=None):
        """Runs a command into the log. Returns its exit status; 124 when it took too long."""
        print("+", *command, file=self.log, flush=True)
        child = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=self.log,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                                 env=dict(os.environ, **(env or {})))
        try:
            return child.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            return 124
        except (KeyboardInterrupt, SystemExit):
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
            raise

    def count(self, status, tally, what):
        """Adds a tally that was read from a report; a run that failed without saying so is a failure."""
        if status != 0 and not tally.failed and not tally.unsteady:
            tally.fail(f"{what}: exit status {status}")
        self.tally.add(tally)

    def meson(self, folder, *options):
        if not (folder / "build.ninja").exists():
            status = self.run("meson", "setup", folder, *options)
        else:
            status = self.run("meson", "configure", folder, *options)
        status = status or self.run("ninja", "-C", folder)
        self.count(status, passed(1) if status == 0 else Tally(), "the build")

    def unit(self, folder, env=None):
        report = folder / "meson-logs" / "testlog.json"
        report.unlink(missing_ok=True)
        command = ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs"]
        status = self.run(*command, "--suite", "unit", env=env)
        tally = meson_tally(report)
        failed = sorted(tally.programs)
        if 0 < len(failed) <= AGAIN_AT_MOST:
            tally.try_again(self.run(*command, *failed, env=env), meson_tally(report))
        self.count(status, tally, "unit tests")

    def pytest(self, *arguments, build=None, env=None):
        report = self.log_path.with_suffix(".xml")
        report.unlink(missing_ok=True)
        command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "--tb=short", "--durations=5",
                   f"--junitxml={report}"]
        env = {"MH_BUILD": str(build or self.folder), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        status = self.run(*command, *arguments, env=env)
        tally = pytest_tally(report)
        if 0 < len(tally.programs) <= AGAIN_AT_MOST:
            tally.try_again(self.run(*command, *tally.programs, env=env), pytest_tally(report))
        self.count(status, tally, "pytest")

    def counted(self, *command):
        """A command whose last line is "N passed, N failed"."""
        status = self.run(*command)
        tally, lines = Tally(), self.log_path.read_text(errors="replace").splitlines()
        found = re.match(r"(\d+) passed, (\d+) failed", lines[-1] if lines else "")
        if found:
            tally.passed = int(found.group(1))
            for line in lines:
                if line.startswith("FAILED ") or ": FAILED" in line:
                    tally.fail(line)
            tally.failed = max(tally.failed, int(found.group(2)))
        self.count(status, tally, pathlib.Path(command[1]).name)


def passed(number):
    tally = Tally()
    tally.passed = number
    return tally


def meson_tally(path):
    """Counts the tests within the programs where these are cmocka's, else the programs."""
    tally = Tally()
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        row = json.loads(line)
        output = row.get("stdout", "") + row.get("stderr", "")
        inside = sum(int(number) for number in re.findall(r"\[  PASSED  \] (\d+) test\(s\)", output))
        if row["result"] == "SKIP":
            tally.skip(row["name"])
        else:
            tally.passed += inside or row["result"] == "OK"
        for name in re.findall(r"^\[  SKIPPED \] (\w+)$", output, re.M):
            tally.skip(name)
        if row["result"] not in ("OK", "SKIP"):
            names = set(re.findall(r"^\[  FAILED  \] (\w+)$", output, re.M))
            for name in sorted(names) or [row["result"].lower()]:
                tally.fail(f"{row['name']}: {name}")
            tally.programs.append(row["name"].rsplit(" ", 1)[-1])
    return tally


def pytest_tally(path):
    tally = Tally()
    if not path.exists():
        return tally
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            tally.fail(name)
            tally.programs.append(case.get("classname").replace(".", "/") + ".py::" + case.get("name"))
        elif case.find("skipped") is not None:
            tally.skip(name)
        else:
            tally.passed += 1
    return tally


def needs_root(function):
    def wrapped(stage):
        if os.geteuid() == 0:
            function(stage)
        else:
            stage.tally.skip("all of it: network namespaces need root; sudo make check")
    return wrapped


def build(stage):
    stage.meson(stage.folder, "-Dtests=enabled", "-Dwerror=true")


def unit(stage):
    stage.unit(stage.folder)


def golden(stage):
    stage.counted(PYTHON, "test/golden/run.py", "--program", stage.folder / "test/golden/golden")


def house(stage):
    stage.pytest("test/house")


@needs_root
def kernel(stage):
    stage.pytest("test/kernel")


@needs_root
def lab(stage):
    stage.pytest("test/lab")


def fuzz(stage):
    stage.counted(PYTHON, "test/fuzz/run.py", "--build", stage.fuzz, "--seconds", str(FUZZ_SMOKE_SECONDS))


def sanitize(stage):
    stage.meson(stage.sanitize, "-Dtests=enabled", "-Dwerror=true", "-Db_sanitize=address,undefined",
                "-Db_lundef=false", "-Dbuildtype=debug", "-Doptimization=1")
    if not stage.tally.failed:
        stage.unit(stage.sanitize, env=SANITIZER)


@needs_root
def sanitize_lab(stage):
    """The labs once more. Leaks are the unit tests' matter: at its end a sandboxed process may not look for them."""
    stage.pytest("test/lab", build=stage.sanitize, env={
        "UBSAN_OPTIONS": SANITIZER["UBSAN_OPTIONS"], "MH_SANITIZED": "1",
        "ASAN_OPTIONS": SANITIZER["ASAN_OPTIONS"] + ":detect_leaks=0"})


def on_stock_kernel(stage, units, arguments, unit_folder):
    """Runs unit tests and labs on Debian's own kernel. Returns the exit status, and the tallies of both."""
    report = stage.folder / "check" / "stock-out"
    report.mkdir(exist_ok=True)
    for stale in ("stock.xml", "testlog.json"):
        (report / stale).unlink(missing_ok=True)
    lines = ["fine=0"]
    if units:
        lines += [f"meson test -C {unit_folder} --no-rebuild --print-errorlogs -t 20 {shlex.join(units)} || fine=1",
                  f"cp {unit_folder}/meson-logs/testlog.json /stock-out/"]
    if arguments:
        lines += [f"{PYTHON} -m pytest -q -p no:cacheprovider --color=no --tb=short --junitxml=/stock-out/stock.xml "
                  f"{shlex.join(arguments)} || fine=1"]
    status = stage.run("tools/stock-kernel", "env", f"MH_BUILD={stage.folder}", "MH_SLOW=1", "MH_SCALE=0.1",
                       "PYTHONDONTWRITEBYTECODE=1", "sh", "-c", "\n".join(lines + ["exit $fine"]),
                       env={"STOCK_OUT": str(report), "STOCK_TIMEOUT": str(TIMEOUT - 60)})
    units, labs = meson_tally(report / "testlog.json"), pytest_tally(report / "stock.xml")
    return status, units, labs


@needs_root
def stock(stage):
    """What meets the kernel, on Debian's own one, far slower in qemu: unit tests, beliefs, some labs."""
    status, units, labs = on_stock_kernel(stage, MEET_THE_KERNEL, ["-m", "stock", "test/kernel", "test/lab"],
                                          stage.folder)
    if 0 < len(units.programs) + len(labs.programs) <= AGAIN_AT_MOST:
        # By other machine code, where that was built: a fault of the emulator (tools/stock-kernel) hangs on the layout.
        other = stage.sanitize if (stage.sanitize / "build.ninja").exists() else stage.folder
        again, units_again, labs_again = on_stock_kernel(stage, units.programs, labs.programs, other)
        units.try_again(again if units.programs and not labs_again.failed else 0, units_again)
        labs.try_again(again if labs.programs and not units_again.failed else 0, labs_again)
    units.add(labs)
    stage.count(status, units, "what ran on the stock kernel")


# What runs, in this order; `stock` only when it is named.
STAGES = {"build": build, "unit": unit, "golden": golden, "house": house, "kernel": kernel, "lab": lab, "fuzz": fuzz,
          "sanitize": sanitize, "sanitize-lab": sanitize_lab, "stock": stock}


def show(stage, seconds):
    print(f"{stage.name:<14}{stage.tally}  ({seconds:.0f} s)", flush=True)
    for name in stage.tally.names:
        print(f"    {name}")
    if stage.tally.failed:
        lines = stage.log_path.read_text(errors="replace").splitlines()
        print("\n".join("    | " + line for line in lines[-60:]))
        print(f"    all of it: {stage.log_path}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="the build folder")
    parser.add_argument("stages", nargs="*", help="stages to run; `list` shows them")
    options = parser.parse_args()
    names = options.stages or [name for name in STAGES if name != "stock"]
    total, started = Tally(), time.monotonic()

    # Whoever ends us ends what we started, which has a session of its own.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if names == ["list"]:
        print(*STAGES)
        return 0
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        print(f"no stage {unknown[0]!r}; there are: {' '.join(STAGES)}", file=sys.stderr)
        return 2
    for name in names:
        stage, begun = Stage(name, (ROOT / options.build).resolve()), time.monotonic()
        if sys.stdout.isatty():
            print(f"{name} ...", end="\r", flush=True)
        STAGES[name](stage)
        stage.log.close()
        show(stage, time.monotonic() - begun)
        total.add(stage.tally)
        if name == "build" and stage.tally.failed:
            break
    print(f"{total} in {time.monotonic() - started:.0f} s")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
