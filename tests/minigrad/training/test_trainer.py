"""The loop: its records, its batches, its reproducibility and how it diverges."""

import gc
import math
from pathlib import Path

import pytest

from minigrad import Value, config
from minigrad.runner import build
from minigrad.training.trainer import Diverged, Trainer
from nn.losses import LOSSES


def trainer(*overrides: str, path: str = "configs/xor.yaml") -> Trainer:
    return build.build_trainer(config.load(path, overrides))


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


def test_a_gradient_whose_norm_is_not_finite_is_divergence(tmp_path: Path) -> None:
    (tmp_path / "far.csv").write_text("a,b,y\n1.7e308,1.7e308,0\n")
    text = "name: far\ndata: {name: csv, path: far.csv, target: y}\nmodel: {hidden: []}\n"
    path = tmp_path / "far.yaml"
    path.write_text(text + "loss: mae\noptimizer: {name: sgd, lr: 0.1}\n")
    subject = trainer(path=str(path))
    for parameter in subject.engine.parameters:
        parameter.data = 0.25
    assert math.isfinite(subject.evaluate().loss)
    with pytest.raises(Diverged, match=r"diverged at step 0: the gradient's norm is inf$"):
        next(subject.train(1))
    assert [parameter.data for parameter in subject.engine.parameters] == [0.25] * 3


def test_a_clipped_value_bounds_every_gradient_and_the_norm_told_is_the_one_before() -> None:
    free, clipped = trainer(), trainer("train.clip_value=0.01")
    record = next(clipped.train(1))
    assert record.grad_norm == next(free.train(1)).grad_norm
    unclipped = [parameter.grad for parameter in free.engine.parameters]
    assert max(map(abs, unclipped)) > 0.01
    bounded = [max(-0.01, min(grad, 0.01)) for grad in unclipped]
    assert [parameter.grad for parameter in clipped.engine.parameters] == bounded


def test_an_evaluation_that_is_not_finite_names_the_step_and_the_operation() -> None:
    subject = trainer("loss=mse")
    list(subject.train(3))
    for parameter in subject.engine.parameters:
        parameter.data = 1e200
    with pytest.raises(Diverged, match=r"before step 3: the loss is inf: the first operation to"):
        subject.evaluate()


def test_a_loss_that_is_infinite_without_an_operation_says_so() -> None:
    LOSSES["endless"] = lambda outputs, target: Value(math.inf)
    try:
        with pytest.raises(Diverged, match=r"the loss is inf: no operation broke"):
            trainer("loss=endless").evaluate()
    finally:
        del LOSSES["endless"]


@pytest.mark.parametrize("engine", ["eager", "numpy"])
def test_the_state_of_another_model_is_refused_by_both_counts(engine: str) -> None:
    state = trainer("model.hidden=[3]", f"train.engine={engine}").state_dict()
    with pytest.raises(ValueError, match="the state has 13 parameters, this model has 33"):
        trainer(f"train.engine={engine}").load_state_dict(state)


@pytest.mark.parametrize("engine", ["eager", "numpy"])
@pytest.mark.parametrize("part", ["optimizer", "schedule", "batches", "seconds"])
def test_a_state_with_one_part_missing_changes_nothing(part: str, engine: str) -> None:
    settings = ["scheduler=plateau", "train.batch_size=2", f"train.engine={engine}"]
    subject, other = trainer(*settings), trainer(*settings, "optimizer.lr=0.5", "seed=1")
    list(subject.train(3))
    list(other.train(2))
    before, state = subject.state_dict(), other.state_dict()
    del state[part]
    with pytest.raises(KeyError, match=part):
        subject.load_state_dict(state)
    assert subject.state_dict() == before


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        next(trainer().train(1))
        assert not gc.isenabled()
    finally:
        gc.enable()
    next(trainer().train(1))
    assert gc.isenabled()
