# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of Debian, as peers.

Most of them start a service as soon as they are installed. So nothing is installed: packages are unpacked into the
build folder, with whatever they need that this machine lacks. What is installed already is used as it is.
"""

import os
import shutil
import subprocess

from daemon import BUILD

CACHE = BUILD / "debian"


def unpack(package):
    """The folder with what @package has and needs and this machine has not; empty where all is installed."""
    folder = CACHE / package
    root = folder / "root"
    if root.exists():
        return root
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    fetch = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only",
             "-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1", package]
    done = subprocess.run(fetch, capture_output=True, text=True)
    if done.returncode:
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, check=False)
        done = subprocess.run(fetch, capture_output=True, text=True)
    assert done.returncode == 0, f"{package} cannot be had: {done.stdout}{done.stderr}"
    # Whole or not at all, also when two runs do it at once.
    draft = folder / f"root.{os.getpid()}"
    draft.mkdir()
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, draft], check=True)
    try:
        draft.rename(root)
        shutil.rmtree(archives)
    except OSError:
        shutil.rmtree(draft)
    return root


def environment(root):
    """With which the programs below @root find one another and their libraries."""
    libraries = {str(path.parent) for path in root.glob("**/lib*.so*")}
    programs = [str(root / folder) for folder in ("usr/sbin", "usr/bin", "sbin", "bin")]
    variables = dict(os.environ)
    variables["PATH"] = ":".join([*programs, "/usr/local/sbin", "/usr/sbin", "/sbin", os.environ.get("PATH", "")])
    if libraries:
        variables["LD_LIBRARY_PATH"] = ":".join(sorted(libraries))
    return variables


def find(program, package):
    """The path of @program, which is in @package, and the environment to run it in."""
    for _ in range(2):
        variables = environment(unpack(package))
        path = shutil.which(program, path=variables["PATH"])
        if path:
            return path, variables
        # It was installed when the package was unpacked, and is not any more.
        shutil.rmtree(CACHE / package)
    raise AssertionError(f"no {program} in {package}")


def at_home(command, package):
    """@command in a mount namespace of its own, where what @package has lies where it was built for."""
    own = unpack(package) / "usr"
    if not own.exists():
        return command
    script = f'mount -t overlay overlay -o "lowerdir={own}:/usr" /usr && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *command]
