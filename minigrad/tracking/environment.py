"""Where a run runs: what one must know to repeat it."""

import functools
import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("minigrad", "matplotlib", "numpy", "pydantic", "pyyaml", "tqdm")


def describe() -> dict[str, Any]:
    """Python, platform, package versions, the code's checksum, git commit, and the process."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "code": code_hash(),
        "git": _git(),
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()),
    }


@functools.cache  # the code that runs is that which was loaded, whatever happens to the files
def code_hash() -> str:
    """A checksum over the source files of minigrad, nn and optim, to tell one code from another."""
    root = Path(__file__).parent.parent.parent
    digest = hashlib.sha256()
    for package in ("minigrad", "nn", "optim"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def process_start(pid: int) -> int | None:
    """Clock ticks from boot to the process's start, which tells a pid from its later reuse.

    None where the process is gone or the system does not say (it is read from Linux' /proc).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # proc(5): from field 3 on, the state
    return None if fields[0] == "Z" else int(fields[19])  # a zombie is dead, field 22 its start


@functools.cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit and dirty flag of the repository around the working directory, if there is one."""
    try:
        shown = subprocess.run(
            ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if shown.returncode != 0:
        return None
    lines = shown.stdout.splitlines()
    commit = next((ln.split()[2] for ln in lines if ln.startswith("# branch.oid")), None)
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}
