#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the program `golden` prints with the files that were read by a person.

A case is a folder test/golden/FEATURE/CASE/ with in.yaml (and conf.d/*.yaml), the host as it is in
`facts`, and what must come out: `plan` when the configuration is fine, `error` when it is not. The
file `clock`, where there is one, says when and where: "2026-03-29T00:30:00Z Europe/London"; without
it, it is noon of a Wednesday in UTC.
--rewrite writes these files anew; whoever commits them has read the difference.
"""

import argparse
import datetime
import difflib
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUTPUTS = {0: "plan", 2: "error"}


def cases(root, only):
    found = sorted(path.parent for path in root.glob("*/*/in.yaml"))
    return [case for case in found if not only or any(word in str(case.relative_to(root)) for word in only)]


def produce(program, case):
    """Runs one case. Returns the name of the file that it should have and its text."""
    words = ["facts"] if (case / "facts").exists() else []
    zone = "UTC"
    if (case / "clock").exists():
        time, zone = (case / "clock").read_text().split()
        seconds = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
        words = [*(words or ["/dev/null"]), str(int(seconds))]
    done = subprocess.run([program, "in.yaml", *words], cwd=case, capture_output=True, text=True,
                          errors="replace", timeout=60, env={**os.environ, "TZ": zone})
    if done.returncode not in OUTPUTS or done.stderr:
        return None, f"exit status {done.returncode}\n{done.stderr}"
    return OUTPUTS[done.returncode], done.stdout


def compare(case, name, text):
    """Returns what is wrong with the case, or an empty text."""
    if name is None:
        return text
    other = case / ("error" if name == "plan" else "plan")
    if other.exists():
        return f"expected `{other.name}`, came out with `{name}`:\n{text}"
    if not (case / name).exists():
        return f"no file `{name}`; `make golden` writes it:\n{text}"
    expected = (case / name).read_text(errors="replace")
    return "".join(difflib.unified_diff(expected.splitlines(True), text.splitlines(True), name, "now"))


def rewrite(case, name, text):
    if name is None:
        return text
    for stale in OUTPUTS.values():
        if stale != name:
            (case / stale).unlink(missing_ok=True)
    (case / name).write_text(text)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the golden program")
    parser.add_argument("--root", type=pathlib.Path, default=HERE)
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("only", nargs="*", help="parts of the names of cases")
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    failed, found = 0, cases(options.root, options.only)

    for case in found:
        name, text = produce(program, case)
        wrong = (rewrite if options.rewrite else compare)(case, name, text)
        if wrong:
            failed += 1
            print(f"FAILED {case.relative_to(options.root)}\n{wrong}")
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
