"""experiments/first-day/first_day.py: what each of its commands answers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigrad.runner import load
from tests.waiting import HANG

DOCTOR, TRAIN, SWEEP = "minigrad.doctor", "minigrad.train", "minigrad.sweep"
SHOW, CHOOSE, PREDICT = "minigrad.runs show", "minigrad.runs list", "minigrad.predict"
EXPORT = "minigrad.runs export"


def answers_of(case: str, folder: Path) -> dict[str, str]:
    """What each command of the day printed, by the command's name."""
    script = "experiments/first-day/first_day.py"
    day = subprocess.run(
        [sys.executable, script, case, str(folder)],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=True,
    )
    assert day.stderr == ""
    answers = {}
    for part in ("\n" + day.stdout).split("\n$ ")[1:]:
        line, _, output = part.partition("\n")
        words = line.removeprefix("python -m ").split()
        answers[" ".join(words[: 2 if words[0] == "minigrad.runs" else 1])] = output
    return answers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "least", "prediction"),
    [
        ("iris", 0.93, "setosa"),
        ("digits", 0.96, "0"),
    ],
)
def test_a_day_with_classes(case: str, least: float, prediction: str, tmp_path: Path) -> None:
    answers = answers_of(case, tmp_path)
    assert len(answers["cat"].splitlines()) <= 10
    assert answers[DOCTOR].splitlines()[-1].startswith("10 checks: ")
    assert "FAIL" not in answers[DOCTOR]
    trained = answers[TRAIN]
    assert "is kept\nvalidation loss " in trained
    assert float(trained.split("test loss ")[1].split("accuracy ")[1].split(",")[0]) >= least
    assert [Path(word).name for word in trained.split()[-2:]] == ["loss.png", "confusion.png"]
    assert "finished\n\noptimizer.lr" in answers[SWEEP]
    assert "best   optimizer.lr=" in answers[SWEEP]
    chosen = answers[CHOOSE].split()[3]
    assert f"id {chosen}".split()[1] in answers[SHOW]
    shown = answers[SHOW].splitlines()
    (accuracy,) = (line.split()[1] for line in shown if line.startswith("  test_accuracy"))
    assert float(accuracy) >= least
    assert "taken for each class" in answers[SHOW]
    assert answers[SHOW].splitlines()[-1] != "damage"
    assert "\ndamage\n" not in answers[SHOW]
    assert answers[PREDICT].splitlines()[:2] == ["prediction", prediction]
    assert answers[PREDICT].splitlines()[-1].startswith("accuracy ")
    assert answers[EXPORT].startswith("wrote MLP of sizes ")
    with np.load(tmp_path / "my.npz") as exported:
        mine = load(chosen, store=tmp_path / "runs").state_dict()
        assert all(np.array_equal(exported[name], array) for name, array in mine.items())


@pytest.mark.slow
def test_a_day_with_measurements(tmp_path: Path) -> None:
    answers = answers_of("regression", tmp_path)
    assert "10 checks: all ok" in answers[DOCTOR]
    lines = answers[TRAIN].splitlines()
    assert any(line.startswith("in the target's units: loss ") for line in lines)
    assert any(line.startswith("validation loss ") for line in lines)
    (test,) = (line for line in lines if line.startswith("test loss "))
    assert "mean absolute error" in test
    assert "r squared" in test
    assert test.endswith("on 88 rows")
    (beside,) = (line for line in lines if "least-squares" in line)
    ours, linear = float(beside.split()[5]), float(beside.split()[-1])
    assert (" beats " in beside) == (ours < linear)
    assert "test_root_mean_squared_error" in answers[SHOW]
    predictions = [float(number) for number in answers[PREDICT].splitlines()[1:6]]
    assert all(25 < number < 346 for number in predictions)
    assert answers[EXPORT].startswith("wrote MLP of sizes 10-8-1")
