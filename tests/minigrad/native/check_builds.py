"""Builds the machine by several compilers, flags and sanitizers, and runs its tests with each.

    python tests/minigrad/native/check_builds.py            every compiler found, -O1 and -O3
    python tests/minigrad/native/check_builds.py sanitize   address and undefined-behaviour checks

The builds go into a copy of the project, so this one stays as it is; setuptools from 77 on must be
there. Gives exit code 1 if a test fails with any of them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ["minigrad", "nn", "optim", "tests", "configs", "experiments"]
FILES = ["setup.py", "pyproject.toml", "README.md", "LICENSE"]
BITS = "tests/minigrad/native/test_configs.py"


def copied(into: Path) -> Path:
    ignored = shutil.ignore_patterns("*.so", "__pycache__", "build")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, into / folder, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, into)
    return into


def run(project: Path, command: list[str], extra: Mapping[str, str]) -> int:
    environment = {**os.environ, **extra, "PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:])
    return done.returncode


def tested(name: str, build: Mapping[str, str], tests: str, preload: Mapping[str, str]) -> bool:
    """Whether the tests pass with a build; prints a line."""
    with tempfile.TemporaryDirectory() as folder:
        project = copied(Path(folder) / "minigrad")
        failed = run(project, ["setup.py", "-q", "build_ext", "--inplace"], build)
        # Without the machine its tests would be skipped, and pass.
        there = ["-c", "from minigrad import native; native.machine_name()"]
        command = ["-m", "pytest", "-q", "-x", "-n", "auto", "-p", "no:cacheprovider", tests]
        failed = failed or run(project, there, preload) or run(project, command, preload)
    print(f"{name:30} {'failed' if failed else 'passed'}", flush=True)
    return not failed


def library(compiler: str, name: str) -> str:
    answer = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True)
    return answer.stdout.strip()


def sanitized() -> bool:
    compiler = "gcc" if shutil.which("gcc") else "cc"
    preload = {
        "LD_PRELOAD": " ".join(library(compiler, f"lib{name}.so") for name in ("asan", "ubsan")),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    }
    build = {"CC": compiler, "MINIGRAD_SANITIZE": "1"}
    return tested(f"{compiler}, sanitizers", build, "tests/minigrad/native", preload)


def every_compiler() -> bool:
    passed = True
    for compiler in ("gcc", "clang"):
        for level in ("-O1", "-O3"):
            if shutil.which(compiler):
                build = {
                    "CC": compiler,
                    "LDSHARED": f"{compiler} -shared",
                    "MINIGRAD_CFLAGS": level,
                }
                passed &= tested(f"{compiler} {level}", build, BITS, {})
    return passed


if __name__ == "__main__":
    sys.exit(not (sanitized() if sys.argv[1:] == ["sanitize"] else every_compiler()))
