"""The numpy engine behind the trainer: what it refuses, and how it diverges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from minigrad import Value, config, minimum
from minigrad.config import ConfigError
from minigrad.engines import ENGINES
from minigrad.lift import Disagreement
from minigrad.runner import build
from minigrad.training.trainer import Diverged, Trainer
from nn.activations import ACTIVATIONS
from optim.elementwise import listed


def trainer(engine: str, *overrides: str, path: str = "configs/xor.yaml") -> Trainer:
    return build.build_trainer(config.load(path, [*overrides, f"train.engine={engine}"]))


def parameters_of(subject: Trainer) -> list[float]:
    (parameter,) = subject.engine.parameters
    numbers: list[float] = parameter.data.tolist()
    return numbers


# Refusals.


def test_an_activation_that_compares_is_refused_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from nn.activations import ACTIVATIONS\n\n\n"
        "@ACTIVATIONS.register\n"
        "def steep(x):\n"
        "    return x if x > 0 else 0.1 * x\n"
    )
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\n"
        "data: xor\n"
        "model: {activation: steep}\n"
        "loss: bce\n"
        "optimizer: {name: sgd, lr: 0.1}\n"
        "train: {steps: 3, engine: numpy}\n"
        "plugins: [mine.py]\n"
    )
    try:
        with pytest.raises(ConfigError) as caught:
            build.build_trainer(config.load(path))
        (fault,) = caught.value.faults
        place, reason = fault.split(": train.engine: ")
        assert place.endswith("mine.yaml:6:27")
        assert reason == (
            "the loss cannot be lifted: it compares a Value or takes its float or truth, so that "
            "its graph may depend on the data: use maximum, minimum or relu instead, for a class "
            "or an index its one-hot list"
        )
        eagerly = build.build_trainer(config.load(path, ["train.engine=eager"]))
        assert len(list(eagerly.train(3))) == 3
    finally:
        del ACTIVATIONS["steep"]


@pytest.mark.parametrize(
    "own", [lambda x: x * 1.0 if x.data > 0 else 0.1 * x], indirect=True, ids=["data"]
)
def test_a_branch_on_data_stops_at_the_first_step(own: str) -> None:
    subject = trainer("numpy", f"model.activation={own}")
    before = parameters_of(subject)
    with pytest.raises(Disagreement, match=r"is .*, eager .* over 4 samples: does the loss branch"):
        next(subject.train(1))
    assert parameters_of(subject) == before


def test_a_label_that_is_no_class_is_refused_in_later_batches_too() -> None:
    eager, lifted = (
        trainer(engine, "data={name: blobs, n: 30}", "loss=cross_entropy")
        for engine in ("eager", "numpy")
    )
    inputs, targets = eager.dataset.inputs[:3], [0, 1, 7]
    lifted.engine.gradient(inputs, [0, 1, 2])
    for subject in (eager, lifted):
        with pytest.raises(ValueError, match="7"):
            subject.engine.gradient(inputs, targets)


def test_a_batch_of_another_width_is_refused_in_later_batches_too() -> None:
    eager, lifted = trainer("eager"), trainer("numpy")
    lifted.engine.gradient([[0.0, 1.0], [1.0, 1.0]], [1, 0])
    for subject in (eager, lifted):
        for inputs in ([[0.5], [1.0]], [[0.5, 1.0, 2.0], [1.0, 2.0, 3.0]]):
            with pytest.raises(ValueError):
                subject.engine.gradient(inputs, [1, 0])
            with pytest.raises(ValueError):
                subject.engine.predict(inputs)


class Constant(nn.Module):
    """Has a parameter and does not ask it."""

    def __init__(self) -> None:
        self.unused = Value(2.0)

    def __call__(self, _: Any) -> list[Value]:
        return [Value(0.5)]


def test_a_model_that_ignores_its_inputs_is_run_as_it_is() -> None:
    results = []
    for name in ("eager", "numpy"):
        engine = ENGINES[name](Constant(), nn.losses.mse)
        engine.prepare([[1.0]], [2.0])
        batch = [[1.0], [2.0]], [2.0, 3.0]
        loss, outputs = engine.gradient(*batch)
        results.append([loss, listed(outputs), engine.evaluate(*batch), engine.predict(batch[0])])
    assert results[0] == results[1]
    assert results[0][-1] == [[0.5], [0.5]]


def test_the_models_own_values_keep_their_numbers() -> None:
    model = nn.MLP(2, [3, 1])
    before = model.state_dict()
    engine = ENGINES["numpy"](model, nn.losses.mse)
    batch = [[0.0, 1.0], [1.0, 0.5]], [0.5, 1.0]
    engine.gradient(*batch)
    for parameter in engine.parameters:
        parameter.data = parameter.data * 1e200
    with pytest.raises(ArithmeticError):
        engine.gradient(*batch)
    assert model.state_dict() == before


# A loss that has converged, and its resumption.


def test_a_converged_training_goes_on(tmp_path: Path) -> None:
    """What is left of the loss is rounding: it is no branch on the data."""
    rng = np.random.default_rng(0)
    rows = [[*x, 0.3 + 0.1 * x[0] - 0.7 * x[1] + 1.3 * x[2]] for x in rng.normal(size=(30, 3))]
    lines = ["a,b,c,y", *(",".join(map(repr, map(float, row))) for row in rows)]
    (tmp_path / "plane.csv").write_text("\n".join(lines) + "\n")
    path = tmp_path / "plane.yaml"
    path.write_text(
        "name: plane\n"
        "data: {name: csv, path: plane.csv, target: y}\n"
        "model: {hidden: []}\n"
        "loss: mse\n"
        "optimizer: {name: sgd, lr: 0.3}\n"
        "train: {steps: 2000, engine: numpy}\n"
    )
    first, second = (build.build_trainer(config.load(path)) for _ in range(2))
    losses = [record.loss for record in first.train(500)]
    assert losses[-1] < 1e-29
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [record.loss for record in second.train(510)] == [r.loss for r in first.train(510)]


# Divergence.

Own = Callable[[Value], Value]

DIVERGES: dict[str, tuple[Own, list[str]]] = {
    "exp": (Value.exp, ["optimizer.lr=1e10"]),
    "log": (lambda x: (x + 4).log(), ["optimizer.lr=100", "loss=mse"]),
    "sqrt": (lambda x: (x + 4).sqrt(), ["optimizer.lr=100"]),
    "slope of sqrt": (lambda x: x.relu().sqrt(), ["optimizer.lr=5"]),
    "1 / 0": (lambda x: 1 / (x + 1).relu(), ["optimizer.lr=100"]),
    "0 ** -1": (lambda x: (x + 1).relu() ** -1, ["optimizer.lr=100"]),
    "root by **": (lambda x: (x + 3) ** 0.5, ["optimizer.lr=5"]),
    "square": (lambda x: x * x, ["optimizer.lr=5"]),
    "slow": (lambda x: x.silu(), ["optimizer.lr=5", "loss=mse"]),
    "at once": (Value.relu, ["optimizer.lr=1e300", "loss=mse"]),
    "first step": (lambda x: (x - 100).log(), []),
    "gradient": (lambda x: minimum(x * 1e300, 0.0) * 1e300, ["loss=mae"]),
    "the step itself": (lambda x: (x * 1e100) * 1e100, ["optimizer.lr=1e200", "loss=mae"]),
}


def train_and_evaluate(subject: Trainer) -> None:
    for _ in subject.train(300):
        pass
    subject.evaluate()


def end_of(subject: Trainer) -> str:
    """What the divergence said, the last digits of its numbers aside."""
    with pytest.raises(Diverged) as caught:
        train_and_evaluate(subject)
    return re.sub(r"\d+\.\d{5,}", lambda number: f"{float(number[0]):.5g}", str(caught.value))


@pytest.mark.parametrize(
    ("own", "settings"), DIVERGES.values(), indirect=["own"], ids=DIVERGES.keys()
)
def test_divergence_is_told_as_by_eager(own: str, settings: list[str]) -> None:
    overrides = [f"model.activation={own}", *settings]
    assert end_of(trainer("numpy", *overrides)) == end_of(trainer("eager", *overrides))


@pytest.mark.parametrize("optimizer", ["adam", "adagrad", "rmsprop", "radam", "adadelta"])
def test_an_optimizer_that_divides_by_0_is_told_as_by_eager(optimizer: str) -> None:
    """No warning of numpy's comes through: eager has none."""
    overrides = [f"optimizer={optimizer}", "optimizer.eps=0", "model.activation=relu"]
    assert end_of(trainer("numpy", *overrides)) == end_of(trainer("eager", *overrides))


@pytest.mark.parametrize(
    "own", [lambda x: minimum(x * x * 1e200 * x * x, 1.0)], indirect=True, ids=["cut"]
)
def test_an_overflow_that_is_cut_off_does_not_stop_training(own: str) -> None:
    overrides = [f"model.activation={own}", "optimizer.lr=1e60", "loss=bce"]
    losses = [
        [r.loss for r in trainer(engine, *overrides).train(3)] for engine in ("eager", "numpy")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
