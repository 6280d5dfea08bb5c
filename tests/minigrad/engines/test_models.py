"""The numpy engine gives eager's numbers, for models, data and losses of every kind."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minigrad import config
from minigrad.data import DATASETS
from minigrad.runner import build
from minigrad.training.trainer import Trainer
from nn.activations import ACTIVATIONS
from nn.initialisers import INITIALISERS
from nn.losses import LOSSES, TASKS
from optim import OPTIMIZERS
from tests.minigrad.lift.graphs import deviation

TOLERANCE = 1e-12
BATCHES = [1, 2, 7, 100]
CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if path.stem != "digits")  # slow

DATA = {
    "csv": "{name: csv, path: data/leaves.csv, target: is_beech, standardize: true}",
    "blobs": "{name: blobs, classes: 4}",
    "parity": "{name: parity, bits: 4}",
    "xor": "{name: xor, n: 30, noise: 0.1}",
}
MANY_CLASSES = {"blobs", "spiral"}
MEASUREMENTS = {"sine"}


def trainer(engine: str, path: str | Path, *overrides: str) -> Trainer:
    return build.build_trainer(config.load(path, [*overrides, f"train.engine={engine}"]))


def pair(path: str | Path, *overrides: str) -> tuple[Trainer, Trainer]:
    return trainer("eager", path, *overrides), trainer("numpy", path, *overrides)


def gradient(subject: Trainer, inputs: Any, targets: Any) -> tuple[tuple[float, list[float]], Any]:
    loss, outputs = subject.engine.gradient(inputs, targets)
    slopes: list[float] = []
    for parameter in subject.engine.parameters:
        grad = parameter.grad
        slopes += grad.tolist() if hasattr(grad, "tolist") else [grad]
    return (loss, slopes), outputs


def assert_agree(eager: Trainer, lifted: Trainer, batch: int) -> None:
    some = slice(0, batch)
    inputs, targets = eager.dataset.inputs[some], eager.dataset.targets[some]
    assert lifted.dataset.inputs[some] == inputs
    expected, outputs = gradient(eager, inputs, targets)
    lifted_gradient, lifted_outputs = gradient(lifted, inputs, targets)
    assert deviation(lifted_gradient, expected) < TOLERANCE
    assert lifted.engine.evaluate(inputs, targets)[0] == pytest.approx(
        lifted_gradient[0], rel=TOLERANCE
    )
    scale = max(1.0, *(abs(number) for row in outputs for number in row))
    for numbers in (lifted_outputs, lifted.engine.predict(inputs)):
        for row, own in zip(numbers, outputs, strict=True):
            assert row == pytest.approx(own, rel=TOLERANCE, abs=TOLERANCE * scale)


def fitting_losses(dataset: str) -> list[str]:
    if dataset in MEASUREMENTS:
        return [name for name in LOSSES if name not in TASKS]
    if dataset in MANY_CLASSES:
        return [name for name in LOSSES if TASKS.get(name) != "binary"]
    return list(LOSSES)


@pytest.mark.parametrize(
    ("dataset", "loss"), [(data, loss) for data in DATASETS for loss in fitting_losses(data)]
)
def test_every_dataset_with_every_loss(dataset: str, loss: str) -> None:
    data = f"data={DATA.get(dataset, dataset)}"
    path = "configs/csv.yaml" if dataset == "csv" else "configs/xor.yaml"
    both = pair(path, data, f"loss={loss}", "model.hidden=[5,3]", "optimizer={name: sgd, lr: 0.1}")
    for batch in BATCHES:
        assert_agree(*both, batch)


def random_models() -> Iterator[tuple[str, ...]]:
    """Depth 1 to 4, width 1 to 32; every activation, initialiser, loss and dataset several times"""
    rng = random.Random(0)
    forever = [
        itertools.cycle(rng.sample(sorted(names), len(names)))
        for names in (ACTIVATIONS, INITIALISERS, DATASETS)
    ]
    for number in range(44):
        activation, init, dataset = map(next, forever)
        loss = rng.choice(fitting_losses(dataset))
        hidden = [rng.randint(1, 32) for _ in range(number % 4)]
        activations = [activation, *(rng.choice(sorted(ACTIVATIONS)) for _ in hidden)]
        block = {"hidden": hidden, "activation": activations[: len(hidden)], "init": init}
        yield (
            "configs/csv.yaml" if dataset == "csv" else "configs/xor.yaml",
            f"data={DATA.get(dataset, dataset)}",
            f"loss={loss}",
            f"seed={number}",
            f"model={json.dumps(block)}",
        )


@pytest.mark.parametrize("model", list(random_models()), ids=lambda model: " ".join(model[1:]))
def test_random_models(model: tuple[str, ...]) -> None:
    both = pair(*model)
    parameters = sum(1 for _ in both[0].engine.parameters)
    for batch in BATCHES:
        assert_agree(*both, batch if parameters < 500 else min(batch, 20))


def test_the_random_models_leave_nothing_out() -> None:
    settings = " ".join(" ".join(model) for model in random_models())
    for name in (*ACTIVATIONS, *INITIALISERS, *LOSSES, *DATASETS):
        assert name in settings


# Training.


def records(subject: Trainer, steps: int) -> list[dict[str, Any]]:
    return [{**vars(record), "time": None} for record in subject.train(steps)]


def assert_same_training(path: str | Path, *overrides: str, steps: int, rel: float) -> None:
    eager, lifted = pair(path, *overrides)
    for ours, expected in zip(records(lifted, steps), records(eager, steps), strict=True):
        assert ours == {
            name: pytest.approx(number, rel=rel, abs=1e-15) if type(number) is float else number
            for name, number in expected.items()
        }
    assert lifted.evaluate().loss == pytest.approx(eager.evaluate().loss, rel=rel, abs=1e-15)
    assert lifted.evaluate().accuracy == eager.evaluate().accuracy


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_every_optimizer_trains_as_with_values(optimizer: str) -> None:
    assert_same_training(
        "configs/xor.yaml", f"optimizer={{name: {optimizer}, lr: 0.05}}", steps=60, rel=1e-9
    )


@pytest.mark.parametrize(
    "settings",
    [
        ["train.batch_size=16"],
        ["train.batch_size=7", "data.val_fraction=0.25", "train.log_every=3"],
        ["train.clip_norm=0.1"],
        ["train.clip_value=0.01", "train.clip_norm=0.05", "train.batch_size=30"],
        ["scheduler={name: plateau, patience: 1, factor: 0.5}", "train.batch_size=30"],
        ["scheduler={name: warmup_cosine, warmup_steps: 5, total_steps: 30}"],
        ["optimizer={name: adam, lr: 0.02, amsgrad: true, weight_decay: 0.01}"],
        ["optimizer={name: sgd, lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 0.001}"],
        ["data.standardize=true"],
        ["train.batch_size=1"],
    ],
    ids=lambda settings: settings[0],
)
def test_all_that_the_trainer_does_is_done_alike(settings: list[str]) -> None:
    small = ["data.n=60", "model.hidden=[6]"]
    assert_same_training("configs/moons.yaml", *small, *settings, steps=30, rel=1e-10)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] * bool(i % 4))  # every one begins by default,
        for i, path in enumerate(CONFIGS)  # in test_whole_runs.py
    ],
    ids=lambda path: path.stem,
)
def test_every_config_trains_to_the_same_end(path: Path) -> None:
    """Within 2e-14 of each loss, over all steps, where this was written."""
    steps = config.load(path).train.steps
    eager, lifted = pair(path)
    losses = [record.loss for record in eager.train(steps)]
    lifted_losses = [record.loss for record in lifted.train(steps)]
    assert lifted_losses[:20] == pytest.approx(losses[:20], rel=1e-13)
    assert lifted_losses == pytest.approx(losses, rel=1e-9)
    assert lifted.evaluate().loss == pytest.approx(eager.evaluate().loss, rel=1e-9)
    agreement = lifted.engine.agreement
    assert agreement is not None
    assert agreement.deviation < 1e-14
    assert eager.engine.agreement is None


def test_the_same_config_gives_the_same_bits_again() -> None:
    first, again = (trainer("numpy", "configs/moons.yaml") for _ in range(2))
    assert records(first, 100) == records(again, 100)
    assert first.evaluate() == again.evaluate()
