"""Whole trainings of every config on the native machine are those of the numpy engine, and have the
same bits wherever they run."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import config
from minigrad.data import Dataset
from minigrad.engines.arrays import NumpyEngine
from minigrad.lift.kernels import Array
from minigrad.lift.models import one_hot, takes_classes
from minigrad.native.machine import BatchIndices, Machine, Steps, stacked
from minigrad.runner import build
from minigrad.training.trainer import Trainer
from tests.minigrad.native.running import MACHINES
from tests.minigrad.native.test_training import update

CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if path.stem != "digits")  # slow


class Training:
    """A config's training, as the native machine takes it."""

    def __init__(self, path: Path, *overrides: str, decimals: int | None = None) -> None:
        self.config = config.load(path, ["train.engine=numpy", *overrides])
        self.trainer = build.build_trainer(self.config)
        assert isinstance(self.trainer, Trainer)
        assert isinstance(self.trainer.engine, NumpyEngine)
        data, engine = self.trainer.dataset, self.trainer.engine
        if decimals is not None:  # libm's last bits in what goes in are not the machine's
            rounded = [[round(x, decimals) for x in row] for row in data.inputs]
            data = Dataset(rounded, data.targets, data.classes)
        engine.prepare(data.inputs, data.targets)
        assert engine._checked
        self.program = engine._checked.lifted.program
        self.parameters = engine.parameters[0].data.copy()
        if decimals is not None:
            self.parameters = np.array([round(x, decimals) for x in self.parameters.tolist()])
        targets = np.array(data.targets)
        classes = takes_classes(engine.eager.loss)
        shaped = one_hot(targets, self.program.outputs.rows) if classes else targets[:, None]
        self.inputs = stacked([np.array(data.inputs), shaped])
        self.correct = None
        if self.trainer.correct:
            self.correct = "largest_is_target" if classes else "same_side"

    def run(self, steps: int, replicas: int = 1, **machine: Any) -> tuple[Steps, Array]:
        trainer = build.build_trainer(self.config)
        assert isinstance(trainer, Trainer)
        chosen = [trainer.batches.choose() for _ in range(steps)]
        batches = None if chosen[0] is None else as_arrays(chosen)
        lr = trainer.optimizer.lr
        rates = np.array([[trainer.schedule(step, lr)] for step in range(steps)])
        parameters = np.tile(self.parameters, (replicas, 1))
        settings = vars(trainer.optimizer.groups[0].settings)
        limits: dict[str, Any] = {"clip_norm": trainer.clip_norm, "clip_value": trainer.clip_value}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        rule = update(type(trainer.optimizer).__name__, settings, parameters, **given)
        chosen_machine = Machine(self.program, self.correct, **machine)
        return chosen_machine.train(parameters, self.inputs, rule, rates, batches), parameters


def as_arrays(chosen: list[Any]) -> BatchIndices:
    sizes = np.array([len(rows) for rows in chosen], dtype=np.int64)
    array = np.zeros((len(chosen), 1, max(sizes)), dtype=np.int64)
    for row, samples in zip(array, chosen, strict=True):
        row[0, : len(samples)] = samples
    return BatchIndices(array, sizes)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_whole_training_is_that_of_the_numpy_engine(path: Path) -> None:
    training = Training(path)
    count = training.config.train.steps
    records = list(training.trainer.train(count))
    steps, parameters = training.run(count)
    assert steps.done == count
    assert steps.losses[:, 0] == pytest.approx([record.loss for record in records], rel=1e-9)
    assert steps.norms[:, 0] == pytest.approx(
        [record.grad_norm for record in records], rel=1e-9, abs=1e-12
    )
    trained = training.trainer.engine.parameters[0].data
    assert parameters[0] == pytest.approx(trained, rel=1e-9, abs=1e-9)
    if records[0].accuracy is not None:
        batch = min(training.config.train.batch_size or 10**9, training.inputs.shape[-1])
        full = [n for n in range(count) if steps.correct[n, 0] / batch == records[n].accuracy]
        assert len(full) >= count // 2


DIGESTS = {
    "digits": "6905bfbbcf29f681c8556eb10f7daab8c36c7aa8761100063cb9e79ac21ed181",
    "xor": "26b661e95e2cb89711142dbc561a780d22ef3caa35fdb95bc5de708e6cdeb834",
    "moons": "97815b9582ef65b426b70ac582981aeeb57d70aecf6c1625e54ed158a58d770b",
    "spiral": "1596a78c6969f0c6e3ab4ce3e24ca92d146925f525acf9ca85d692241b4dbb4d",
    "blobs": "c2042f7aab8b8086c1b725a862cb8b7658fc5fed8896467ac11642cee0cec9b6",
}
"""SHA-256 of the losses, gradient norms and right answers of 300 steps, little end first.

They are those of any processor, compiler and vector width, alone or among replicas, on any number
of threads. Only a change of the arithmetic itself, here or in lift, may change them. What goes in
is rounded to six decimals, since other machines' libm may give moons another last bit.
"""


def cases() -> Iterator[Any]:
    """Config, machine, replicas. A thousand take long, and so do many digits without fused
    multiply-adds of the processor's own."""
    for config_name in sorted(DIGESTS):
        for machine in MACHINES:
            for replicas in (1, 37, 1000):
                long = replicas == 1000 and (config_name == "digits" or machine != MACHINES[0])
                long |= config_name == "digits" and replicas > 1 and machine == "baseline"
                marks = [pytest.mark.slow] if long else []
                if not (config_name == "digits" and machine == "baseline" and replicas == 1000):
                    yield pytest.param(config_name, machine, replicas, marks=marks)


def digest(steps: Steps, replica: int) -> str:
    columns = (steps.losses, steps.norms, steps.correct)
    numbers = np.array([column[:, replica] for column in columns], dtype="<f8")
    return hashlib.sha256(numbers.tobytes()).hexdigest()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("name", "machine", "replicas"), [*cases()])
def test_300_steps_have_the_bits_that_they_have_everywhere(
    name: str, machine: str, replicas: int, threads: int
) -> None:
    training = Training(Path("configs", f"{name}.yaml"), "scheduler=constant", decimals=6)
    steps, _ = training.run(300, replicas, name=machine, threads=threads)
    some = {digest(steps, replica) for replica in (0, replicas // 2, replicas - 1)}
    assert some == {DIGESTS[name]}
    assert (steps.losses == steps.losses[:, :1]).all()
    assert (steps.norms == steps.norms[:, :1]).all()
