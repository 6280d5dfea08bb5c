"""From a config to its data."""

from minigrad.config import load
from minigrad.data import Standardizer
from minigrad.runner.build import build_dataset, build_trainer


def test_validation_data_are_standardized_as_the_training_part() -> None:
    train, validation = build_dataset(load("configs/csv.yaml"))
    raw, held_out = build_dataset(load("configs/csv.yaml", ["data.standardize=false"]))
    assert held_out
    assert validation
    scale = Standardizer.fit(raw)
    assert validation.inputs == scale.apply(held_out).inputs
    assert train.inputs == scale.apply(raw).inputs


def test_the_validation_loss_of_leaves_is_that_of_leaves_in_the_models_units() -> None:
    trainer = build_trainer(load("configs/csv.yaml", ["seed=5"]))
    in_millimetres = build_trainer(load("configs/csv.yaml", ["seed=5", "data.standardize=false"]))
    for _ in trainer.train(200):
        pass
    assert trainer.evaluate(trainer.validation).loss < 0.1  # 0.025
    assert trainer.evaluate(in_millimetres.validation).loss > 1  # 2.5, without standardizing it
