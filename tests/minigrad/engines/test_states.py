"""The state of a trainer, with engines that hold their parameters as one array or many."""

import json

import pytest

from minigrad import config
from minigrad.runner import build
from minigrad.training.trainer import Trainer
from optim import OPTIMIZERS

FULL = [
    "data={name: moons, n: 40, val_fraction: 0.2}",
    "scheduler={name: plateau, patience: 1, factor: 0.7}",
    "train={batch_size: 7, clip_norm: 1.0, clip_value: 0.5}",
]


def trainer(engine: str, *overrides: str) -> Trainer:
    return build.build_trainer(
        config.load("configs/xor.yaml", [*overrides, f"train.engine={engine}"])
    )


@pytest.mark.parametrize("engine", ["numpy", "tensor"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("stop", [0, 11, pytest.param(1, marks=pytest.mark.slow)])
def test_a_state_that_went_through_json_goes_on_to_the_bit(
    engine: str, optimizer: str, stop: int
) -> None:
    settings = [f"optimizer={{name: {optimizer}, lr: 0.05}}", *FULL]
    whole, first, second = (trainer(engine, *settings) for _ in range(3))
    expected = [{**vars(record), "time": None} for record in whole.train(25)]
    for _ in first.train(stop):
        pass
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    records = [{**vars(record), "time": None} for record in second.train(25)]
    assert records == expected[stop:]
    final, expected_final = second.state_dict(), whole.state_dict()
    del final["seconds"], expected_final["seconds"]
    assert final == expected_final


@pytest.mark.parametrize("engine", ["numpy", "tensor"])
def test_the_state_of_another_engine_is_refused(engine: str) -> None:
    eager, arrays = trainer("eager"), trainer(engine)
    before = arrays.state_dict()
    for ours, other in ((eager, arrays), (arrays, eager)):
        with pytest.raises(ValueError, match="parameters"):
            ours.load_state_dict(json.loads(json.dumps(other.state_dict())))
    assert arrays.state_dict() == before
