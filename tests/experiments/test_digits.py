"""The script that reads digits does what its page says."""

import json
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path("experiments/digits")


def test_the_script_reads_at_least_96_per_cent_of_the_test_digits_and_the_page_shows_it() -> None:
    command = [sys.executable, "-W", "error", str(FOLDER / "digits.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    score = re.search(r"right on (\d+) of 360 digits .*: ([\d.]+)%\n$", result.stdout)
    assert score
    assert int(score[1]) >= 0.96 * 360
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)[0]
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        line.split()[0] for line in shown.splitlines()
    ]
    assert abs(int(score[1]) - int(re.findall(r"right on (\d+)", shown)[0])) <= 3


def test_the_script_has_50_lines_on_tensors_modules_and_adam_alone() -> None:
    text = (FOLDER / "digits.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 50
    names = set(re.findall(r"\b(?:nn|optim|minigrad)\.(\w+)", text))
    assert names == {"Sequential", "Linear", "losses", "Adam"}


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    code = (
        "from experiments.digits.figure import draw; import numpy as np;"
        "draw(np.random.default_rng(0).random((20, 64)), np.arange(20) % 10,"
        "np.arange(20) % 9, np.full(20, 0.5)).savefig('figure.png')"
    )
    root = str(Path.cwd())
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); {code}"],
        cwd=tmp_path,
        check=True,
    )
    assert (tmp_path / "figure.png").stat().st_size > 1000
    assert (FOLDER / "digits.png").stat().st_size < 100_000


def test_the_config_reads_at_least_96_per_cent_of_the_digits_held_apart(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "minigrad.train", "configs/digits.yaml"]
    result = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True)
    assert result.returncode == 0
    facts = json.loads((tmp_path / "latest" / "run.json").read_text(encoding="utf-8"))
    assert facts["summary"]["test_accuracy"] >= 0.96
    assert facts["engine"] == "tensor"
