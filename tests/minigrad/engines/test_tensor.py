"""The tensor engine gives eager's numbers, and stops, goes on and refuses as the others do."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import nn
from minigrad import Value, config, runs, train
from minigrad.config import ConfigError
from minigrad.engines import ENGINES, Disagreement
from minigrad.engines.tensor import TensorEngine
from minigrad.runner import build
from minigrad.training.trainer import Diverged, Trainer
from nn.activations import ACTIVATIONS
from optim import OPTIMIZERS
from tests.minigrad.engines.test_states import FULL

PROBLEMS = {
    "xor": ["configs/xor.yaml"],
    "moons": ["configs/moons.yaml", "data.n=40", "model.hidden=[8, 8]", "train.batch_size=40"],
    "spiral": ["configs/spiral.yaml", "data.n=45", "model.hidden=[8]", "train.batch_size=45"],
}


def trainer(engine: str, path: str, *overrides: str) -> Trainer:
    return build.build_trainer(config.load(path, [*overrides, f"train.engine={engine}"]))


@pytest.mark.parametrize(
    ("problem", "optimizer"),
    [
        pytest.param(problem, optimizer, marks=[pytest.mark.slow] * (i > 0 and j % 3 != i))
        for i, problem in enumerate(PROBLEMS)
        for j, optimizer in enumerate(sorted(OPTIMIZERS))
    ],
)
def test_50_steps_have_eagers_losses_at_every_optimizer(problem: str, optimizer: str) -> None:
    # At 0.02 NAdam's steps on XOR are unstable: any rounding grows tenfold with every two of them.
    settings = [*PROBLEMS[problem], f"optimizer={{name: {optimizer}, lr: 0.05}}"]
    eager, tensors = (trainer(engine, *settings) for engine in ("eager", "tensor"))
    for expected, record in zip(eager.train(50), tensors.train(50), strict=True):
        assert record.loss == pytest.approx(expected.loss, rel=1e-10)
        assert record.grad_norm == pytest.approx(expected.grad_norm, rel=1e-8)
        assert record.accuracy == expected.accuracy
    assert tensors.agreement is not None
    assert tensors.agreement.deviation < 1e-12
    assert tensors.agreement.samples == min(16, len(tensors.dataset.inputs))
    inputs = tensors.dataset.inputs[:3]
    for ours, theirs in zip(tensors.predict(inputs), eager.predict(inputs), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["bce", "mse", "mae", "huber", "hinge", "cross_entropy"])
def test_every_activation_and_loss_agrees(activation: str, loss: str) -> None:
    settings = [f"model={{activation: {activation}, hidden: [5]}}", f"loss={loss}"]
    eager, tensors = (
        trainer(engine, "configs/moons.yaml", "data.n=20", *settings)
        for engine in ("eager", "tensor")
    )
    assert tensors.evaluate().loss == pytest.approx(eager.evaluate().loss, rel=1e-12)
    next(tensors.train(1))
    assert tensors.agreement is not None
    assert tensors.agreement.deviation < 1e-11


def test_mini_batches_follow_eagers() -> None:
    eager, tensors = (trainer(engine, "configs/xor.yaml", *FULL) for engine in ("eager", "tensor"))
    for expected, record in zip(eager.train(20), tensors.train(20), strict=True):
        assert record.loss == pytest.approx(expected.loss, rel=1e-10)
        assert record.val_loss == pytest.approx(expected.val_loss, rel=1e-10)
        assert record.lr == expected.lr


@pytest.mark.parametrize(
    "own", [lambda x: x if x > 0 else x * 0.1, lambda x: Value(1.0) * x], indirect=True
)
def test_an_activation_that_tensors_cannot_take_is_refused_before_training(own: str) -> None:
    with pytest.raises(ConfigError, match=r"train\.engine: "):
        trainer("tensor", "configs/xor.yaml", f"model.activation={own}")


@pytest.mark.parametrize("own", [lambda x: x * 1.0 if isinstance(x, Value) else x], indirect=True)
def test_an_activation_that_does_the_same_for_both_trains(own: str) -> None:
    assert len(list(trainer("tensor", "configs/xor.yaml", f"model.activation={own}").train(2))) == 2


@pytest.mark.parametrize("own", [lambda x: x * 1.0 if isinstance(x, Value) else -x], indirect=True)
def test_numbers_that_are_not_eagers_stop_at_the_first_step(own: str) -> None:
    subject = trainer("tensor", "configs/xor.yaml", f"model.activation={own}")
    before = subject.state_dict()
    with pytest.raises(Disagreement, match=r"eager .* over 4 samples"):
        next(subject.train(1))
    assert subject.state_dict() == before


def test_a_loss_that_is_not_finite_names_the_operation() -> None:
    settings = ["optimizer.lr=1e300", "loss=mse", "model.activation=relu"]
    with pytest.raises(Diverged, match=r"training diverged at step 1: "):
        list(trainer("tensor", "configs/xor.yaml", *settings).train(9))


def test_another_model_is_refused_and_the_models_numbers_are_kept() -> None:
    with pytest.raises(ValueError, match=r"engine: tensor runs an nn\.MLP, not Layer of 2 neurons"):
        ENGINES["tensor"](nn.Layer(2, 2), nn.losses.mse)
    model = nn.MLP(2, [3, 1], rng=random.Random(4))
    before = model.state_dict()
    engine = TensorEngine(model, nn.losses.bce)
    engine.gradient([[0.0, 1.0], [1.0, 1.0]], [1, 0])
    assert model.state_dict() == before
    assert not any(parameter.grad for parameter in model.parameters())


def test_labels_and_widths_that_do_not_fit_are_refused_in_later_batches_too() -> None:
    subject = trainer("tensor", "configs/blobs.yaml", "data.n=30")
    inputs = subject.dataset.inputs[:3]
    subject.engine.gradient(inputs, [0, 1, 2])
    with pytest.raises(ValueError, match="7"):
        subject.engine.gradient(inputs, [0, 1, 7])
    with pytest.raises(ValueError, match="was given inputs of shape"):
        subject.engine.predict([[1.0]])


def test_a_run_is_checkpointed_resumed_verified_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["train.engine=tensor", "train.batch_size=2", "--out", str(tmp_path)]
    assert train.main(["configs/xor.yaml", "train.steps=30", "expect={}", *options]) == 0
    assert train.main(["--resume", "latest", "train.steps=60", "--out", str(tmp_path)]) == 0
    assert runs.main(["verify", "latest", "--store", str(tmp_path)]) == 0
    assert "identical in every number of 60 logged steps" in capsys.readouterr().out
    (run,) = [path for path in tmp_path.iterdir() if path.name.startswith("2")]
    assert {"checkpoint.json", "loss.png", "boundary.png"} <= {path.name for path in run.iterdir()}
    facts: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert facts["engine"] == "tensor"
    assert 0 <= facts["lifted"]["deviation"] < 1e-12
    whole = trainer("tensor", "configs/xor.yaml", "train.batch_size=2")
    losses = [record.loss for record in whole.train(60)]
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["loss"] for line in lines] == losses
