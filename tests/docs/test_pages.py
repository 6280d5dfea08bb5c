"""Every command and every Python example of the README and the pages on using minigrad works."""

import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGES = [Path("README.md"), *sorted(Path("docs").glob("*.md"))]
NOT_RUN = {  # installs something, and has tests or steps of .ci/run of its own
    "python3 -m venv",
    "python -m pip install",
    "python -m sphinx",
}
GIVEN = {  # what a reader has, and the pages do not make
    "rows.csv": "x0,x1,target\n0.5,0.2,1\n-0.4,1.0,0\n",
}
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def commands(page: Path) -> list[str]:
    lines = "\n".join(blocks(page, "sh")).splitlines()
    return [line for line in lines if not line.startswith(tuple(NOT_RUN))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder but for the configs, and for `minigrad` in a folder of programs beside it."""
    work, programs = tmp_path / "work", tmp_path / "bin"
    for made in (work, programs):
        made.mkdir()
    shutil.copytree("configs", work / "configs")
    program = programs / "minigrad"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m minigrad "$@"\n')
    program.chmod(0o755)
    for name, text in GIVEN.items():
        (work / name).write_text(text)
    return work


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=str)
def test_every_command_of_a_page_works(page: Path, folder: Path) -> None:
    path = os.pathsep.join(
        [str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.getcwd()}
    for command in commands(page):
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("page", "example"),
    [
        pytest.param(page, example, id=f"{page.parent.name}-{page.name}-{number}")
        for page in [*PAGES, *sorted(Path("docs/es").glob("*.md"))]
        for number, example in enumerate(PYTHON.findall(page.read_text("utf-8")))
        if page.name != "plugins.md"  # which test_readme puts into a file and trains
    ],
)
def test_every_python_example_prints_what_its_comments_say(
    page: Path, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "import torch" in example:
        pytest.skip("it has a test of its own, where torch is installed")
    for package in re.findall(r"^import (onnxruntime|pandas)", example, re.MULTILINE):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    shutil.copytree("configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue().splitlines() == re.findall(r"print\(.*\)\s*# (.*)", example), page
