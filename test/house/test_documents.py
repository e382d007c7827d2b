# SPDX-License-Identifier: GPL-3.0-or-later
"""Every configuration that a page shows is one that multihomed takes."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("MH_BUILD", "build")).resolve()
PAGES = sorted([ROOT / "README.md", *(ROOT / "doc").glob("*.md"), *(ROOT / "src/feature").glob("*/*.md")])


def examples(page):
    """The YAML of a page in markdown, or of one in mdoc."""
    text = page.read_text()
    if page.suffix == ".md":
        return re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M)
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.S | re.M)
    return [block for block in blocks if block.startswith("prefixes:")]


ALL = [(page, number, text) for page in [*PAGES, ROOT / "doc/multihomed.yaml.5.after"]
       for number, text in enumerate(examples(page), 1)]


@pytest.mark.parametrize("page, number, text", ALL, ids=[f"{page.name}-{number}" for page, number, _ in ALL])
def test_an_example_is_a_valid_configuration(page, number, text):
    # Zone files that an example names are looked for in the working folder.
    done = subprocess.run([BUILD / "src/ctl/mhctl", "check", "-"], input=text, capture_output=True,
                          text=True, timeout=30, cwd=ROOT / "examples/dns")
    assert done.returncode == 0, done.stderr


def test_the_example_of_the_name_server_is_valid():
    done = subprocess.run([BUILD / "src/ctl/mhctl", "check", ROOT / "examples/dns/multihomed.yaml"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_the_pages_have_examples():
    shown = {page.name for page, _, _ in ALL}
    assert {"README.md", "guide.md", "prefixes.md", "services.md", "multihomed.yaml.5.after"} <= shown
