# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make install` leaves is what the documentation promises, and nothing of the build machine."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("MH_BUILD", "build")).resolve()

# Every function of the library has a page by its name.
FUNCTIONS = re.findall(r"^[a-z][\w *]*\b(mh_\w+)\(", (ROOT / "include/multihome.h").read_text(), re.M)
# Below the prefix; the second column is the mode.
INSTALLED = [
    ("sbin/multihomed", 0o755),
    ("bin/mhctl", 0o755),
    ("lib/libmultihome.a", 0o644),
    ("lib/libmultihome.so", 0o755),
    ("lib/multihomed/libmultihome-preload.so", 0o755),
    ("include/multihome.h", 0o644),
    ("lib/pkgconfig/multihome.pc", 0o644),
    ("share/man/man8/multihomed.8", 0o644),
    ("share/man/man1/mhctl.1", 0o644),
    ("share/man/man5/multihomed.yaml.5", 0o644),
    *((f"share/man/man3/{name}.3", 0o644) for name in ["libmultihome", *FUNCTIONS]),
    ("share/bash-completion/completions/mhctl", 0o644),
    ("share/bash-completion/completions/multihomed", 0o644),
    ("lib/systemd/system/multihomed.service", 0o644),
    ("lib/sysusers.d/multihomed.conf", 0o644),
]
PROGRAM = """
#include <multihome.h>
int main(void) { return sizeof(enum { ONE }) == 0; }
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Installs as a packager would, by make; a copy of the build folder keeps the prefix of the real one."""
    folder = tmp_path_factory.mktemp("install")
    build = folder / "build"
    run("meson", "setup", build, ROOT, "-Dtests=disabled", "-Dprefix=/usr")
    run("make", "-C", ROOT, "install", f"BUILD={build}", f"DESTDIR={folder}/dest", "PREFIX=/usr")
    yield folder / "dest" / "usr"
    shutil.rmtree(folder)


@pytest.mark.parametrize("path, mode", INSTALLED)
def test_it_is_there(installed, path, mode):
    file = installed / path
    assert file.exists(), sorted(str(found.relative_to(installed)) for found in installed.rglob("*") if found.is_file())
    assert file.stat().st_mode & 0o777 == mode


def test_nothing_else_is_there(installed):
    promised = {path for path, _ in INSTALLED}
    found = {str(file.relative_to(installed)) for file in installed.rglob("*") if not file.is_dir()}
    others = {path for path in found - promised if not re.fullmatch(r"lib/libmultihome\.so\.[\d.]+", path)}
    assert not others


def test_the_programs_run_from_where_they_were_put(installed):
    version = run(installed / "bin/mhctl", "--version").split()[-1]
    assert version in run(installed / "sbin/multihomed", "--version")
    assert re.search(rf"version: '{re.escape(version)}'", (ROOT / "meson.build").read_text())


def test_texts_name_the_prefix_and_not_the_build_machine(installed):
    unit = (installed / "lib/systemd/system/multihomed.service").read_text()
    assert "ExecStart=/usr/sbin/multihomed\n" in unit
    for path, _ in INSTALLED:
        if not path.startswith(("sbin/", "bin/", "lib/libmultihome", "lib/multihomed/")):
            assert str(ROOT) not in (installed / path).read_text()


def test_a_program_can_be_linked_by_pkg_config(installed, tmp_path):
    (tmp_path / "program.c").write_text(PROGRAM)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(installed / "lib/pkgconfig"),
                       PKG_CONFIG_SYSROOT_DIR=str(installed.parent))
    flags = run("pkg-config", "--cflags", "--libs", "multihome", env=environment).split()
    run("cc", tmp_path / "program.c", "-o", tmp_path / "program", *flags)


@pytest.mark.parametrize("page", [path for path, _ in INSTALLED if "share/man" in path])
def test_manual_pages_are_without_fault(installed, page):
    run("mandoc", "-T", "lint", "-W", "warning", installed / page)


def test_the_unit_is_one_that_systemd_takes(installed, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    unit = (installed / "lib/systemd/system/multihomed.service").read_text()
    here = tmp_path / "multihomed.service"
    here.write_text(unit.replace("/usr/sbin/multihomed", str(installed / "sbin/multihomed")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "multihomed.service" in line]
    assert not complaints


def test_the_programs_are_hardened(installed):
    for program in ["sbin/multihomed", "bin/mhctl"]:
        headers = run("readelf", "-hldW", installed / program)
        assert "DYN (Position-Independent" in headers
        assert "GNU_RELRO" in headers and "BIND_NOW" in headers
        assert re.search(r"GNU_STACK.* RW ", headers)
        symbols = run("readelf", "--dyn-syms", "-W", installed / program)
        assert "__stack_chk_fail" in symbols
