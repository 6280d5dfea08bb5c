"""The loop: its records, its batches, its reproducibility and how it diverges."""

import math

import pytest

from minigrad import config, experiment
from minigrad.trainer import Diverged, Trainer


def trainer(*overrides: str, path: str = "configs/xor.yaml") -> Trainer:
    return experiment.build(config.load(path, overrides))


def losses(*overrides: str, path: str = "configs/xor.yaml", steps: int = 40) -> list[float]:
    return [record.loss for record in trainer(*overrides, path=path).train(steps)]


def test_the_first_record_is_the_untrained_model() -> None:
    untrained = trainer()
    initial = untrained.evaluate()
    record = next(untrained.train(1))
    assert (record.step, record.loss, record.lr) == (0, initial.loss, 1.0)
    assert record.accuracy == initial.accuracy


def test_the_gradient_norm_is_euclidean() -> None:
    subject = trainer()
    record = next(subject.train(1))
    squares = sum(parameter.grad**2 for parameter in subject.engine.parameters)
    assert record.grad_norm == pytest.approx(math.sqrt(squares), rel=1e-12)


@pytest.mark.parametrize("path", ["configs/xor.yaml", "configs/moons.yaml"])
def test_the_same_config_and_seed_give_the_same_losses_to_the_bit(path: str) -> None:
    assert losses(path=path, steps=20) == losses(path=path, steps=20)
    assert losses(path=path, steps=20) != losses("seed=1", path=path, steps=20)


def test_an_epoch_of_mini_batches_sees_every_sample_once_and_is_shuffled_anew() -> None:
    subject = trainer("train.batch_size=30", path="configs/moons.yaml")
    epochs = []
    for _ in range(2):
        epoch = [next(subject.batches) for _ in range(4)]
        assert [len(targets) for _, targets in epoch] == [30, 30, 30, 10]
        epochs.append([tuple(point) for inputs, _ in epoch for point in inputs])
    everything = sorted(map(tuple, subject.dataset.inputs))
    assert sorted(epochs[0]) == sorted(epochs[1]) == everything
    assert epochs[0] != epochs[1]


def test_a_full_batch_keeps_the_order_of_the_data() -> None:
    subject = trainer("train.batch_size=null")
    inputs, _ = next(subject.batches)
    assert inputs == subject.dataset.inputs


def test_divergence_names_step_and_operation() -> None:
    with pytest.raises(Diverged, match=r"diverged at step \d+: the loss is .*first operation"):
        losses("optimizer.lr=1e300", "model.activation=relu", "loss=mse")


def test_an_operation_without_an_answer_is_divergence_too() -> None:
    from minigrad.value import Value
    from nn.activations import ACTIVATIONS

    ACTIVATIONS["logarithm"] = Value.log
    try:
        with pytest.raises(Diverged, match=r"step 0: log\(.*needs a number above 0"):
            losses("model.activation=logarithm")
    finally:
        del ACTIVATIONS["logarithm"]


@pytest.mark.parametrize("seed", range(0, 100, 9))
def test_xor_ends_below_a_thousandth(seed: int) -> None:
    subject = trainer(f"seed={seed}")
    assert 0.6 < subject.evaluate().loss < 1.0
    for _ in subject.train(500):
        pass
    assert subject.evaluate().loss < 0.001
    assert subject.evaluate().accuracy == 1.0
