"""The native engine in a run: eager's numbers, the same bits again, and what happens without it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from minigrad import native, runs, train
from minigrad.config import load
from minigrad.runner import build
from minigrad.training.trainer import Diverged

needs_machine = pytest.mark.skipif(not native.available(), reason="the native machine is not built")


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "draw", lambda _session: [])


def losses(config: str, engine: str, steps: int, *overrides: str) -> list[float]:
    trainer = build.build_trainer(load(config, [f"train.engine={engine}", *overrides]))
    return [record.loss for record in trainer.train(steps)]


def facts(store: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((store / "latest" / "run.json").read_text())
    return loaded


def trained(store: Path, *arguments: str) -> int:
    return train.main([*arguments, "--out", str(store)])


@needs_machine
@pytest.mark.parametrize("name", ["xor", "moons", "spiral", "sine", "blobs"])
def test_its_losses_are_those_of_eager(name: str) -> None:
    path = f"configs/{name}.yaml"
    expected = losses(path, "eager", 20)
    assert losses(path, "native", 20) == pytest.approx(expected, rel=1e-9)


@needs_machine
def test_a_run_records_its_deviation_and_verifies_to_the_bit(tmp_path: Path) -> None:
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    recorded = facts(tmp_path)
    assert recorded["engine"] == "native"
    assert recorded["lifted"]["deviation"] < 1e-9
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0


@needs_machine
def test_a_resumed_run_has_the_bits_of_one_that_never_stopped(tmp_path: Path) -> None:
    arguments = ("configs/moons.yaml", "train.engine=native", "expect={}")
    assert trained(tmp_path / "once", *arguments, "train.steps=60") == 0
    assert trained(tmp_path / "parts", *arguments, "train.steps=25") == 0
    assert trained(tmp_path / "parts", "--resume", "latest", "train.steps=60") == 0
    at_once, in_parts = (
        [
            json.loads(line)["loss"]
            for line in (tmp_path / part / "latest/metrics.jsonl").read_text().splitlines()
        ]
        for part in ("once", "parts")
    )
    assert in_parts == at_once


@needs_machine
def test_what_has_no_finite_answer_is_named_as_eager_names_it() -> None:
    overrides = ["optimizer.lr=1e200", "loss=mse", "expect={}"]
    messages = []
    for engine in ("eager", "native"):
        with pytest.raises(Diverged) as diverged:
            losses("configs/xor.yaml", engine, 50, *overrides)
        messages.append(str(diverged.value).partition(" of ")[0])
    assert messages[0] == messages[1]
    assert "the first operation to break was" in messages[0]


def without_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("minigrad.native", "minigrad.engines.native"):
        monkeypatch.setattr(f"{module}.reason", lambda: "the native engine was not built")


def test_without_the_machine_a_new_run_says_so_and_is_one_of_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_machine(monkeypatch)
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    note = "the native engine was not built; this run is on train.engine=numpy\n"
    assert capsys.readouterr().err == note
    assert facts(tmp_path)["engine"] == "numpy"
    assert load(tmp_path / "latest" / "config.yaml").train.engine == "numpy"


@needs_machine
@pytest.mark.parametrize("verb", ["verify", "resume"])
def test_without_the_machine_a_stored_run_is_refused(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, "configs/xor.yaml", "train.engine=native") == 0
    without_machine(monkeypatch)
    capsys.readouterr()
    store: Sequence[str] = ["--store", str(tmp_path)]
    if verb == "verify":
        code = runs.main(["verify", "latest", *store])
    else:
        code = trained(tmp_path, "--resume", "latest", "train.steps=1000")
    assert code == 2
    assert "the native engine was not built" in capsys.readouterr().err
