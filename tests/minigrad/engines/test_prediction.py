"""Predictions by arrays are those of Values, and Values give them where arrays cannot."""

from collections.abc import Sequence
from typing import Any

import pytest

from minigrad.config import load
from minigrad.engines.eager import EagerEngine
from minigrad.engines.prediction import predictor
from minigrad.runner import build
from minigrad.value import Value
from nn import Module
from nn.losses import mse

GRID = [[x / 4, y / 4] for x in range(-8, 9) for y in range(-8, 9)]


class Model(Module):
    """One parameter, and whatever function of it and two inputs; it counts its calls."""

    def __init__(self, function: Any) -> None:
        self.weight, self.function, self.calls = Value(1.5), function, 0

    def parameters(self) -> list[Value]:
        return [self.weight]

    def __call__(self, features: Sequence[Any]) -> list[Value]:
        self.calls += 1
        return [self.function(self.weight, *features)]


@pytest.mark.parametrize("name", ["xor", "moons", "spiral", "blobs", "circles", "checkerboard"])
def test_a_config_s_model_gives_its_eager_outputs_in_one_pass(name: str) -> None:
    engine = build.build_trainer(load(f"configs/{name}.yaml", ["train.engine=eager"])).engine
    eager = engine.predict(GRID)
    for ours, theirs in zip(predictor(engine)(GRID), eager, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


def test_few_inputs_are_asked_of_the_model_itself() -> None:
    model = Model(lambda w, x, y: (w * x + y).tanh())
    predictor(EagerEngine(model, mse))(GRID)
    assert model.calls <= 41  # of 289


@pytest.mark.parametrize(
    "function",
    [
        lambda w, x, y: w * x if x > 0 else w * y,  # cannot be lifted
        lambda w, x, y: w * x * (1.0 if Value.__float__(x + 0 * w) > -1.9 else 2.0) + y,
        lambda w, x, y: w * float(x) + y,
    ],
    ids=["compares", "branches on data", "reads a number"],
)
def test_a_model_that_cannot_be_lifted_is_run_eagerly(function: Any) -> None:
    engine = EagerEngine(Model(function), mse)
    assert predictor(engine)(GRID) == engine.predict(GRID)


def test_another_engine_predicts_itself() -> None:
    trainer = build.build_trainer(load("configs/xor.yaml", ["train.engine=numpy"]))
    assert predictor(trainer.engine) == trainer.engine.predict
