"""Installs minigrad without a C compiler, and from a wheel that carries the native machine.

    python tests/minigrad/native/check_install.py [TESTS ...]

Without a compiler it must install, say why the machine is not there, train, and pass its tests
(all, or the ones named), those of the machine skipped by name. The wheel must carry the machine
and train with it. Both go into copies of the project and fresh virtual environments, which see this
one's other packages. Gives exit code 1 if anything fails.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
LEFT_OUT = shutil.ignore_patterns(
    *("*.so", "__pycache__", "build", ".venv", ".git", "*.egg-info"),
    *("runs", ".*_cache", ".hypothesis"),  # others may be writing them
)
COMPILER = re.compile(r"(.*-)?(cc|c89|c99|gcc|clang|icx|tcc|zig|ccache)(-[0-9.]+)?")
TRAIN = ["-m", "minigrad.train", "configs/xor.yaml", "train.engine=native"]


class Failed(Exception):
    """A command that did not do what it should; with what it printed."""


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    output = done.stdout + done.stderr
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{output[-6000:]}")
    return output


def fresh_python(folder: Path) -> str:
    """The interpreter of a new virtual environment that sees the packages of this one."""
    run([sys.executable, "-m", "venv", str(folder)], folder.parent)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.rmtree(site / "setuptools", ignore_errors=True)  # this environment's is newer
    for old in site.glob("setuptools-*"):
        shutil.rmtree(old)
    return str(folder / "bin" / "python")


def path_without_compilers(folder: Path) -> str:
    """A folder with links to all programs of PATH but C compilers."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if not COMPILER.fullmatch(program.name) and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def expect(text: str, output: str) -> None:
    if text not in output:
        raise Failed(f"nowhere says {text!r}:\n{output[-6000:]}")


def without_a_compiler(work: Path) -> None:
    project = shutil.copytree(ROOT, work / "project", ignore=LEFT_OUT)
    python = fresh_python(work / "environment")
    path = path_without_compilers(work / "programs")
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", "."]
    run([python, *install], project, PATH=path, CC="")
    why = "the native engine was not built: install a C compiler"
    expect(why, run([python, *TRAIN, "--out", str(work / "runs")], project, PATH=path))
    tests = ["-m", "pytest", "-q", "-n", "auto", "-rs", "-p", "no:cacheprovider"]
    output = run([python, *tests, *sys.argv[1:]], project, PATH=path)
    expect(why, output)  # the reason of the tests that are skipped
    print(f"without a compiler: {output.strip().splitlines()[-1]}", flush=True)


def from_a_wheel(work: Path) -> None:
    project = shutil.copytree(ROOT, work / "project", ignore=LEFT_OUT)
    run([sys.executable, "-m", "build", "-q", "--wheel", "--no-isolation", "."], project)
    (wheel,) = project.glob("dist/*.whl")
    machines = [name for name in zipfile.ZipFile(wheel).namelist() if "_machine." in name]
    if len(machines) != 1 or "cp311-abi3" not in wheel.name:
        raise Failed(f"{wheel.name} does not carry the machine: {machines}")
    python = fresh_python(work / "environment")
    run([python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)], work)
    shutil.copytree(ROOT / "configs", work / "configs")
    output = run([python, *TRAIN, "--out", str(work / "runs")], work)
    if "not built" in output:
        raise Failed(f"the wheel's machine does not run:\n{output}")
    print(f"from a wheel: {wheel.name} carries {machines[0]} and trains with it", flush=True)


def main() -> int:
    failed = 0
    for check in (from_a_wheel, without_a_compiler):
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(Path(folder))
            except Failed as failure:
                print(f"{check.__name__.replace('_', ' ')}: failed: {failure}", flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
