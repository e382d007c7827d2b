#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the fuzz targets with clang and runs each for some seconds, from its seeds.

What a run finds is kept in BUILD/fuzz/NAME/: corpus/ (grows from run to run) and crashes/. A crash
is run again with BUILD/test/fuzz/NAME_fuzz FILE.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MEMORY_MB = 2048


def build(folder):
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, "-Dfuzz=true", "-Dtests=disabled", "-Dwerror=true",
                        "-Db_lundef=false", "-Db_pie=false", "-Doptimization=1"],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, CC="clang"))
    targets = [f"test/fuzz/{path.stem}" for path in sorted(HERE.glob("*_fuzz.c"))]
    # One target that does not build shall not keep the others from being run.
    subprocess.run(["ninja", "-C", folder, "--quiet", "-k", "0", *targets], check=False)
    return [folder / target for target in targets]


def complaint(text):
    """What the sanitizer said, without what libFuzzer told before."""
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines) if re.search(r"runtime error:|ERROR: |deadly signal", line)]
    return "\n".join(lines[starts[0] if starts else -40:][:80])


def fuzz(program, folder, seconds):
    """Runs one target. Returns its line for people and whether it survived."""
    name = program.name.removesuffix("_fuzz")
    if not program.exists():
        return f"{name}: FAILED to build", False
    corpus, crashes = folder / "fuzz" / name / "corpus", folder / "fuzz" / name / "crashes"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    seeds = HERE / "seeds" / name
    command = [program, f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB}", "-timeout=10",
               "-print_final_stats=1", f"-artifact_prefix={crashes}/", corpus]
    command += [seeds] if seeds.is_dir() else []
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds + 120)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    coverage = re.findall(r"cov: (\d+)", done.stderr)
    if done.returncode != 0:
        return f"{name}: FAILED\n{complaint(done.stderr)}", False
    return f"{name}: {runs.group(1) if runs else '?'} runs, {coverage[-1] if coverage else '?'} edges", True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("only", nargs="*", help="names of targets")
    options = parser.parse_args()
    folder = options.build.resolve()
    failed = passed = 0

    try:
        programs = build(folder)
    except subprocess.CalledProcessError as error:
        print(f"the build: FAILED: {' '.join(map(str, error.cmd))}\n0 passed, 1 failed")
        return 1
    for program in programs:
        if options.only and program.name.removesuffix("_fuzz") not in options.only:
            continue
        line, survived = fuzz(program, folder, options.seconds)
        print(line, flush=True)
        passed, failed = passed + survived, failed + (not survived)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
