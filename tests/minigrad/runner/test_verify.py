"""verify trains a stored run again and finds the last bit that differs."""

import json
import math
import re
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from minigrad import config, train
from minigrad.runner.verify import verify
from minigrad.tracking import init
from minigrad.tracking.store import StoreError, find
from nn.activations import ACTIVATIONS

OVERRIDES = [
    "train={steps: 40, batch_size: 20, log_every: 3}",
    "data.val_fraction=0.2",
    "expect={}",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("trained")
    with redirect_stdout(StringIO()):
        assert train.main(["configs/moons.yaml", *OVERRIDES, "--out", str(store)]) == 0
    return (store / "latest").resolve()


@pytest.fixture
def run_path(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be changed, as the newest of its store."""
    (tmp_path / "latest").symlink_to(trained.name)
    return Path(shutil.copytree(trained, tmp_path / trained.name))


def change_line(path: Path, number: int, change: Callable[[dict[str, float]], None]) -> None:
    lines = (path / "metrics.jsonl").read_text().splitlines()
    line = json.loads(lines[number])
    change(line)
    lines[number] = json.dumps(line)
    (path / "metrics.jsonl").write_text("\n".join(lines) + "\n")


def change_facts(path: Path, **changed: object) -> None:
    facts = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**facts, **changed}))


def test_a_finished_run_is_identical(run_path: Path) -> None:
    result = verify(find(run_path.parent, "latest"))
    assert result.identical
    assert result.sentence.endswith("identical in every number of 14 logged steps")
    assert (result.step, result.changed) == (None, [])


@pytest.mark.parametrize("metric", ["loss", "val_loss", "grad_norm", "lr", "accuracy"])
def test_one_changed_last_bit_is_found_at_its_step(run_path: Path, metric: str) -> None:
    def last_bit(line: dict[str, float]) -> None:
        line[metric] = math.nextafter(line[metric], math.inf)

    change_line(run_path, 5, last_bit)
    result = verify(find(run_path.parent, "latest"))
    assert not result.identical
    assert result.step == 15
    assert f"differs first at step 15: {metric} was" in result.sentence
    assert "the stored numbers, the data file or a plugin" in result.sentence


def test_a_changed_summary_is_found(run_path: Path) -> None:
    summary = json.loads((run_path / "run.json").read_text())["summary"]
    change_facts(run_path, summary={**summary, "final_loss": summary["final_loss"] * (1 + 1e-15)})
    assert (
        "differs in the summary: final_loss was" in verify(find(run_path.parent, "latest")).sentence
    )


def test_other_packages_or_code_are_named_as_the_likely_cause(run_path: Path) -> None:
    facts = json.loads((run_path / "run.json").read_text())
    change_facts(run_path, packages={**facts["packages"], "numpy": "1.0"}, code="0123")
    run = find(run_path.parent, "latest")
    same = verify(run)
    assert same.identical
    assert "though it was made with numpy 1.0, now" in same.sentence
    change_line(run_path, 0, lambda line: line.update(loss=1.0))
    other = verify(find(run_path.parent, "latest"))
    assert other.step == 0
    assert "likely cause: numpy 1.0, now" in other.sentence
    assert "other code of minigrad" in other.sentence


def test_a_run_of_a_loop_of_ones_own_cannot_be_verified(tmp_path: Path) -> None:
    with init("mine", {"lr": 0.1}, store=tmp_path) as run:
        run.log({"loss": 1.0})
    with pytest.raises(StoreError, match="a loop of your own: it cannot be trained again"):
        verify(find(tmp_path, "latest"))


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (lambda lines: lines[:4] + lines[6:], "step 12 is missing from the log"),
        (lambda lines: lines[:8], "step 24 is missing from the log"),
        (lambda lines: [*lines[:3], "rubbish", *lines[4:]], "its log is damaged: metrics.jsonl:4"),
        (
            lambda lines: [*lines, lines[-1].replace('"step": 39', '"step": 1000000000')],
            "step 1000000000 is stored, and the config has 40 steps",
        ),
        (
            lambda lines: [lines[0].replace('"val_loss": ', '"val_loss": -0.0, "x": '), *lines[1:]],
            "differs first at step 0: val_loss was -0.0",
        ),
    ],
)
def test_lines_that_are_missing_or_damaged_are_named(run_path: Path, keep, message: str) -> None:
    metrics = run_path / "metrics.jsonl"
    metrics.write_text("\n".join(keep(metrics.read_text().splitlines())) + "\n")
    result = verify(find(run_path.parent, "latest"))
    assert not result.identical
    assert message in result.sentence


def test_a_run_that_was_resumed_under_other_code_says_so(run_path: Path) -> None:
    change_facts(run_path, resumed=[{"at": "x", "made_with": {"code": "0123"}}])
    assert "other code of minigrad" in verify(find(run_path.parent, "latest")).sentence


def test_a_run_without_a_logged_step_or_with_a_damaged_config_cannot_be_verified(
    run_path: Path,
) -> None:
    log, stored = run_path / "metrics.jsonl", (run_path / "config.yaml").read_text()
    log.write_text("")
    with pytest.raises(StoreError, match="has no logged steps: there is nothing to verify"):
        verify(find(run_path.parent, "latest"))
    (run_path / "config.yaml").write_text(stored.replace("name: moons", "name: mooons"))
    with pytest.raises(StoreError, match=r"cannot be trained again: .*did you mean 'moons'"):
        verify(find(run_path.parent, "latest"))


def test_a_training_that_diverges_this_time_is_told_with_its_step(run_path: Path) -> None:
    config = run_path / "config.yaml"
    config.write_text(re.sub(r"lr: [\d.]+", "lr: 1.7e+308", config.read_text()))
    for number in range(14):
        change_line(run_path, number, lambda line: line.update(lr=1.7e308))
    result = verify(find(run_path.parent, "latest"))
    assert not result.identical
    assert re.search(r": this time training diverged at step [1-3]: ", result.sentence)


def test_a_run_that_agrees_with_eager_no_more_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "own", lambda x: x * 2.0)
    overrides = ["train.engine=numpy", "model.activation=own", "train.steps=3", "expect={}"]
    run = train.train(config.load("configs/xor.yaml", overrides), tmp_path)
    monkeypatch.setitem(ACTIVATIONS, "own", lambda x: x * 2.0 if x.data > 0 else x * 3.0)
    verified = verify(run)
    assert not verified.identical
    assert "lifted and eager disagree" in verified.sentence


def test_a_damaged_run_is_named_as_such(run_path: Path) -> None:
    (run_path / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"cannot be trained again: run\.json:1:2: not valid JSON"):
        verify(find(run_path.parent, run_path.name))
