"""What is recorded of the surroundings, and that no repository answers with a program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking import environment
from minigrad.tracking.environment import CODE, differences, process_start


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with a committed file, as the working directory."""
    path = tmp_path / "repository"
    path.mkdir()
    monkeypatch.chdir(path)
    git("init", "-q")
    (path / "a.txt").write_text("a\n")
    git("add", "-A")
    git("commit", "-qm", "first")
    return path


def recorded() -> Any:
    return environment.describe()["git"]


def test_commit_and_changes_are_recorded(repository: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    assert recorded() == {"commit": head.strip(), "dirty": False}
    (repository / "new.txt").write_text("not added\n")
    assert recorded()["dirty"] is False
    (repository / "a.txt").write_text("b\n")
    assert recorded()["dirty"] is True
    git("add", "a.txt")
    assert recorded()["dirty"] is True
    git("commit", "-qm", "second")
    assert recorded()["dirty"] is False


@pytest.mark.parametrize(
    "settings",
    [
        {"core.fsmonitor": "{program}"},
        {"core.fsmonitor": "{program}", "core.fsmonitorHookVersion": "1"},
        {"filter.evil.clean": "{program}", "filter.evil.required": "true"},
        {"filter.evil.process": "{program}"},
        {"filter.evil.smudge": "{program}", "filter.a=b.c.clean": "{program}"},
        {"core.hooksPath": "{hooks}"},
        {"core.sshCommand": "{program}", "core.pager": "{program}", "core.editor": "{program}"},
        {"diff.external": "{program}", "diff.evil.textconv": "{program}"},
        {"status.submoduleSummary": "true", "alias.status": "!{program}"},
        {"include.path": "{included}"},
    ],
)
def test_a_repository_cannot_have_a_program_run(repository: Path, settings: dict[str, str]) -> None:
    ran = repository.parent / "ran"
    program = repository / "program.sh"
    program.write_text(f'#!/bin/sh\ntouch "{ran}"\ncat\n')
    program.chmod(0o755)
    hooks = repository / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        shutil.copy(program, hooks / hook)
        shutil.copy(program, repository / ".git" / "hooks" / hook)
    included = repository / "included"
    included.write_text(f'[core]\nfsmonitor = "{program}"\n[filter "evil"]\nclean = "{program}"\n')
    (repository / ".gitattributes").write_text("*.txt filter=evil diff=evil\n")
    for key, value in settings.items():
        git("config", key, value.format(program=program, hooks=hooks, included=included))
    os.utime(repository / "a.txt", (1, 1))  # so that its content has to be compared
    assert recorded() is not None
    (repository / "a.txt").write_text("b\n")
    os.utime(repository / "a.txt", (1, 1))
    assert recorded()["dirty"] is True
    assert not ran.exists()


def test_asking_changes_nothing_in_the_repository(repository: Path) -> None:
    os.utime(repository / "a.txt", (1, 1))
    before = (repository / ".git" / "index").stat()
    assert recorded()["dirty"] is False
    after = (repository / ".git" / "index").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_submodule_cannot_have_a_program_run(repository: Path) -> None:
    ran = repository.parent / "ran"
    git("init", "-q", "sub")
    git("-C", "sub", "commit", "--allow-empty", "-qm", "x")
    git("add", "sub")
    git("commit", "-qm", "with sub")
    git("-C", "sub", "config", "core.fsmonitor", f'touch "{ran}"; false')
    assert recorded()["dirty"] is False
    assert not ran.exists()


def test_outside_of_a_repository_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert recorded() is None


@pytest.mark.parametrize("package", ["minigrad", "nn", "optim"])
def test_the_code_s_checksum_covers_each_package(tmp_path: Path, package: str) -> None:
    for name in ("minigrad", "nn", "optim"):
        shutil.copytree(name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    script = "from minigrad.tracking.environment import code_hash; print(code_hash())"

    def checksum() -> str:
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        ).stdout

    before = checksum()
    assert len(before) == 17
    deepest = max((tmp_path / package).rglob("*.py"), key=lambda path: len(path.parts))
    deepest.write_text(deepest.read_text() + "# changed\n")
    assert checksum() != before


def test_a_zombie_is_gone(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], cwd=tmp_path)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still listed
    assert os.path.exists(f"/proc/{child.pid}")
    assert process_start(child.pid) is None
    child.wait()


FACTS: dict[str, Any] = {
    "python": "3.11.7",
    "platform": "Linux",
    "packages": {"numpy": "2.0", "tqdm": None},
    "code": "abc",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"python": "3.12"}, [("python", "3.11.7", "3.12")]),
        ({"packages": {"numpy": "2.1", "tqdm": None}}, [("numpy", "2.0", "2.1")]),
        ({"packages": {"numpy": "2.0"}}, []),
        ({"packages": {}}, [("numpy", "2.0", None)]),
        ({"packages": "x"}, [("numpy", "2.0", None)]),
        ({"code": "def"}, [(CODE, "abc", "def")]),
        ({"code": None}, []),
        ({"host": "elsewhere"}, []),
    ],
)
def test_differences_are_named_with_both_values(
    changed: dict[str, Any], expected: list[tuple[str, Any, Any]]
) -> None:
    actual = [(one.name, one.before, one.now) for one in differences(FACTS, {**FACTS, **changed})]
    assert actual == expected
