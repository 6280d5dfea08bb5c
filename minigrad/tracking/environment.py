"""What a run depends on besides its config: the facts that are needed to repeat it."""

import functools
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from minigrad.tracking import machine
from minigrad.version import __version__

_PACKAGES = ("matplotlib", "numpy", "pydantic", "pyyaml", "tqdm")

RECORDED = (
    *("python", "platform", "processor", "libc", "variables", "arrays", "packages", "code"),
    "sha256",
)
"""The facts on which a run's numbers may depend."""

CODE = "code (checksum of the sources)"


def describe() -> dict[str, Any]:
    """Python, platform, the machine's parts that choose among last bits, package versions, the
    code's checksum, git commit, and the process.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **machine.describe(),
        "host": platform.node(),
        "packages": {"minigrad": __version__, **{name: _version(name) for name in _PACKAGES}},
        "code": code_hash(),
        "git": _git(),
        "pid": os.getpid(),
        "pid_start": process_start(os.getpid()),
    }


@functools.cache  # the checksum is of the loaded code, even if the files change later
def code_hash() -> str:
    """A checksum over the source files of minigrad, nn and optim, to tell one code from another."""
    root = Path(__file__).parent.parent.parent
    digest = hashlib.sha256()
    for package in ("minigrad", "nn", "optim"):
        for path in sorted((root / package).rglob("*.py")):
            if path.relative_to(root).parts[:2] == ("minigrad", "lab"):
                continue  # a wheel has the exercises there, a clone has not
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Difference:
    """A recorded fact that is not the same: its name, as "numpy", and both values."""

    name: str
    before: Any
    now: Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    """The differences in the facts called RECORDED, the likeliest cause of other numbers first.

    Packages and files are compared one by one. What an older run did not record yet, as the code
    or the processor, does not differ; `unrecorded` names it.
    """
    for name in ("python", "platform"):
        if before.get(name) != now.get(name):
            yield Difference(name, before.get(name), now.get(name))
    for part in machine.differences(before, now):
        yield Difference(*part)
    packages, packages_now = (_mapping(facts.get("packages")) for facts in (before, now))
    for name in packages | packages_now:
        if packages.get(name) != packages_now.get(name):
            yield Difference(name, packages.get(name), packages_now.get(name))
    codes = before.get("code"), now.get("code")
    if None not in codes and codes[0] != codes[1]:
        yield Difference(CODE, *codes)
    files, files_now = (_mapping(facts.get("sha256")) for facts in (before, now))
    for path in files.keys() & files_now.keys():  # if the paths differ, so does the config
        if files[path] != files_now[path]:
            digests = (str(digest)[:12] for digest in (files[path], files_now[path]))
            yield Difference(f"sha256 of {path}", *digests)


def unrecorded(facts: Mapping[str, Any]) -> list[str]:
    """The facts called RECORDED that a run lacks, if it was made by an older version."""
    optional = () if facts.get("engine") in ("native", "numpy") else ("arrays",)
    return [name for name in RECORDED if name not in optional and facts.get(name) is None]


def is_gone(pid: int | None, start: int | None) -> bool:
    """Whether a process of this host that was recorded so has ended."""
    if pid is None or pid <= 0:
        return True
    if start is not None:
        return process_start(pid) != start
    if os.name == "nt":  # there os.kill ends the process, or interrupts ours
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass  # another user's: it is running
    return False


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


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


@functools.cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit and dirty flag of the repository around the working directory, if there is one.

    The repository may be a stranger's: nothing in it may have git run a program.
    """
    try:
        listed = _run_git(
            ["config", "-z", "--name-only", "--get-regexp", r"^(filter|minigrad)\."], _PROBE
        )
        names = listed.stdout.split("\0")
        if not _PROBE.keys() <= set(names):  # before git 2.31 nothing prevails over a repository
            return None
        filters = [name for name in names if name.startswith("filter.")]
        status = _run_git(
            [
                *("status", "--porcelain=v2", "--branch", "--untracked-files=no"),
                "--ignore-submodules=all",
            ],
            _HARMLESS | {n: "false" if n.endswith(".required") else "" for n in filters},
        )
    except (OSError, UnicodeError, subprocess.TimeoutExpired):
        return None
    if status.returncode != 0:
        return None
    lines = status.stdout.splitlines()
    commit = next((ln.split()[2] for ln in lines if ln.startswith("# branch.oid")), None)
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


_PROBE = {"minigrad.prevails": "true"}
_HARMLESS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "protocol.allow": "never",  # a partial clone would fetch what it lacks
}
"""Settings of a repository that name programs, as they are set for us."""


def _run_git(arguments: list[str], settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """git without locks and fetches, under settings that prevail over the repository's."""
    variables = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    variables["GIT_TERMINAL_PROMPT"] = "0"
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(settings.items(), start=first):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    variables["GIT_CONFIG_COUNT"] = str(first + len(settings))
    return subprocess.run(
        ["git", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        timeout=10,
        env=variables,
        stdin=subprocess.DEVNULL,
    )
