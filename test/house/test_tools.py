# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that judge the rest are judged here: what fails must be counted as failed."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check = load("tools/check.py", "check")
golden = load("test/golden/run.py", "golden")


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


# tools/check.py

def test_tests_within_a_unit_test_are_counted_one_by_one(tmp_path):
    rows = [
        {"name": "wire_test", "result": "OK", "stderr": "[  PASSED  ] 8 test(s).\n"},
        {"name": "lpm_test", "result": "FAIL",
         "stderr": "[  PASSED  ] 4 test(s).\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] the_twin_agrees\n"},
        {"name": "host_test", "result": "OK",
         "stdout": "[  SKIPPED ] needs_a_namespace\n", "stderr": "[  PASSED  ] 2 test(s).\n"},
        {"name": "plain", "result": "OK"},
        {"name": "hangs", "result": "TIMEOUT"},
    ]
    (tmp_path / "log").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = check.meson_tally(tmp_path / "log")
    assert (tally.passed, tally.failed, tally.skipped) == (15, 2, 1)
    assert "failed: lpm_test: the_twin_agrees" in tally.names
    assert "failed: hangs: timeout" in tally.names


def test_a_lab_that_fails_or_breaks_or_skips_is_told_by_name(tmp_path):
    (tmp_path / "report").write_text(
        '<testsuites><testsuite>'
        '<testcase classname="lab" name="one"/>'
        '<testcase classname="lab" name="two"><failure message="x"/></testcase>'
        '<testcase classname="lab" name="three"><error message="x"/></testcase>'
        '<testcase classname="lab" name="four"><skipped message="x"/></testcase>'
        '</testsuite></testsuites>')
    tally = check.pytest_tally(tmp_path / "report")
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, 1)
    assert tally.names == ["failed: lab.two", "failed: lab.three", "skipped: lab.four"]


def test_a_run_that_fails_without_a_report_is_a_failure(tmp_path):
    stage = check.Stage("unit", tmp_path)
    stage.count(1, check.pytest_tally(tmp_path / "none"), "pytest")
    assert stage.tally.failed == 1


def tally_of(passed, *failed):
    tally = check.passed(passed)
    for name in failed:
        tally.fail(name)
    return tally


def test_what_passes_at_the_second_try_is_unsteady_and_named():
    tally = tally_of(7, "one", "two")
    tally.try_again(1, tally_of(1, "two"))
    assert str(tally) == "7 passed, 1 failed, 1 unsteady"
    assert sorted(tally.names) == ["failed: two", "unsteady: one"]


def test_a_second_try_that_says_nothing_changes_nothing():
    tally = tally_of(7, "one")
    tally.try_again(124, tally_of(3))
    tally.try_again(0, tally_of(0))
    assert str(tally) == "7 passed, 1 failed"


def test_a_run_whose_failures_were_all_unsteady_is_no_failure(tmp_path):
    tally = tally_of(7, "one")
    tally.try_again(0, tally_of(1))
    stage = check.Stage("unit", tmp_path)
    stage.count(1, tally, "unit tests")
    assert str(stage.tally) == "7 passed, 0 failed, 1 unsteady"


def test_a_command_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TIMEOUT", 0.2)
    assert check.Stage("slow", tmp_path).run("sleep", "60") == 124


def test_the_last_line_of_a_runner_is_counted(tmp_path):
    stage = check.Stage("golden", tmp_path)
    stage.counted("sh", "-c", "echo 'FAILED prefixes/absurd'; echo '3 passed, 1 failed'; exit 1")
    assert (stage.tally.passed, stage.tally.failed) == (3, 1)
    assert stage.tally.names == ["failed: FAILED prefixes/absurd"]


def test_an_unknown_stage_is_refused():
    done = subprocess.run([sys.executable, ROOT / "tools/check.py", "labs"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no stage 'labs'; there are: build unit" in done.stderr


# test/golden/run.py

@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "cases" / "prefixes" / "one"
    folder.mkdir(parents=True)
    (folder / "in.yaml").write_text("prefixes: []\n")
    return folder


def run_golden(case, program, *options):
    command = [sys.executable, ROOT / "test/golden/run.py", "--program", program, "--root", case.parents[1], *options]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_golden_case_passes_only_with_the_same_text(case, tmp_path):
    program = script(tmp_path / "golden", "echo '+ route'\n")
    (case / "plan").write_text("+ route\n")
    assert run_golden(case, program).stdout == "1 passed, 0 failed\n"
    (case / "plan").write_text("+ rule\n")
    done = run_golden(case, program)
    assert done.returncode == 1
    assert "FAILED prefixes/one" in done.stdout and "-+ rule\n++ route\n" in done.stdout


def test_a_plan_where_an_error_was_expected_fails(case, tmp_path):
    program = script(tmp_path / "golden", "echo '+ route'\n")
    (case / "error").write_text("refused\n")
    assert "expected `error`, came out with `plan`" in run_golden(case, program).stdout


def test_a_crash_and_a_missing_file_fail(case, tmp_path):
    assert run_golden(case, script(tmp_path / "golden", "exit 134\n")).returncode == 1
    assert "no file `plan`" in run_golden(case, script(tmp_path / "golden", "true\n")).stdout


def test_no_case_at_all_is_no_success(tmp_path):
    (tmp_path / "empty").mkdir()
    done = subprocess.run([sys.executable, ROOT / "test/golden/run.py", "--program", "true",
                           "--root", tmp_path / "empty"])
    assert done.returncode == 1


def test_rewriting_leaves_the_one_file_that_came_out(case, tmp_path):
    program = script(tmp_path / "golden", "echo refused; exit 2\n")
    (case / "plan").write_text("+ route\n")
    assert run_golden(case, program, "--rewrite").returncode == 0
    assert (case / "error").read_text() == "refused\n"
    assert not (case / "plan").exists()


# tools/packages

def run_packages(tmp_path, *arguments, uid=1000):
    """With a Debian that has only gcc, as a user that is not root unless told otherwise."""
    script(tmp_path / "dpkg-query", 'case $* in *" gcc") echo install ok installed;; *) exit 1;; esac\n')
    script(tmp_path / "id", f"echo {uid}\n")
    script(tmp_path / "apt-get", f"echo apt-get $* >>{tmp_path}/asked\n")
    return subprocess.run([ROOT / "tools/packages", *arguments], capture_output=True, text=True,
                          env=dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}"))


def test_missing_packages_are_named_with_the_command(tmp_path):
    done = run_packages(tmp_path, "build", "bench")
    assert done.returncode == 1
    assert "Missing packages: " in done.stderr and " libyaml-dev" in done.stderr and " socat" in done.stderr
    assert "sudo apt-get install --no-install-recommends " in done.stderr
    assert " gcc" not in done.stderr
    assert not (tmp_path / "asked").exists()


def test_root_gets_them_installed(tmp_path):
    done = run_packages(tmp_path, "format", uid=0)
    assert done.returncode == 0
    assert (tmp_path / "asked").read_text() == "apt-get install -q -y --no-install-recommends clang-format git\n"


def test_an_unknown_set_is_refused(tmp_path):
    assert run_packages(tmp_path, "everything").returncode == 2


# Makefile

def test_make_alone_is_help():
    done = subprocess.run(["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True)
    for target in ["run", "check", "bench", "fuzz", "format", "install", "golden", "stock", "clean"]:
        assert f"make {target} " in done.stdout
    assert len(done.stdout.splitlines()) <= 24


def test_stock_kernel_tells_how_it_is_used():
    done = subprocess.run([ROOT / "tools/stock-kernel"], capture_output=True, text=True)
    assert done.returncode == 125
    assert "usage: stock-kernel COMMAND" in done.stderr
