"""A limit is the largest size that is allowed: it holds at the limit, and not one above."""

import random

import pytest

from minigrad.config import Config, ConfigError, load
from minigrad.config.models import MAX_PARAMETERS
from minigrad.data import DATASETS
from minigrad.runner import limits
from minigrad.runner.limits import (
    MAX_LOSSES,
    MAX_NUMBERS,
    MAX_OPERATIONS,
    check_memory,
    check_size,
    keeps_curves,
    memory_note,
)
from minigrad.training import seeds

SINE = DATASETS["sine"](n=20, noise=0.0, rng=random.Random(0))  # of one feature


def config(*overrides: str) -> Config:
    return load("configs/sine.yaml", ["data.n=20", "data.val_fraction=0", *overrides])


def test_parameters() -> None:
    width = 333_333  # with one input and one output, 3 * width + 1 parameters
    assert 3 * width + 1 == MAX_PARAMETERS
    check_size(config(f"model.hidden=[{width}]"), SINE, 1)
    with pytest.raises(ConfigError, match="makes 1,000,003 parameters or more"):
        config(f"model.hidden=[{width + 1}]")


def test_parameters_of_more_features_than_one() -> None:
    width = 249_999  # with two inputs, 4 * width + 1
    moons = DATASETS["moons"](n=20, noise=0.0, rng=random.Random(0))
    check_size(config(f"model.hidden=[{width}]"), moons, 1)
    with pytest.raises(ConfigError, match="this makes 1,000,001 parameters"):
        check_size(config(f"model.hidden=[{width + 1}]"), moons, 1)


def test_operations_in_a_step() -> None:
    width, batch = 833, 1000
    assert 2 * (3 * width + 1) * batch == MAX_OPERATIONS
    model = f"model.hidden=[{width}]"
    check_size(config(model), SINE, batch)
    with pytest.raises(ConfigError, match="5,005,000 operations a step"):
        check_size(config(model), SINE, batch + 1)


def of_seeds(count: int, *overrides: str) -> Config:
    return config(f"train.seeds={count}", "train.engine=numpy", *overrides)


def test_the_curves_of_all_seeds_are_kept_as_long_as_they_fit() -> None:
    steps = MAX_LOSSES // 50_000
    small = ["model.hidden=[1]", f"train.steps={steps}", "train.log_every=1"]
    assert keeps_curves(of_seeds(50_000, *small))
    assert not keeps_curves(of_seeds(50_001, *small))
    note = memory_note(of_seeds(50_001, *small), SINE)
    assert note.startswith("50,001 seeds of 4 parameters: up to ")
    assert note.endswith(
        "10,000,200 losses would not fit, so their quantiles at each step are kept"
    )
    assert "would not fit" not in memory_note(of_seeds(50_000, *small), SINE)


def test_numbers_of_all_seeds() -> None:
    each = 3 * 53 + 1 + 20 * 2  # parameters, and samples of one feature and one target
    assert 50_000 * each == MAX_NUMBERS
    wide = ["model.hidden=[53]", "train.steps=10", "train.log_every=10"]
    check_memory(of_seeds(50_000, *wide), SINE)
    with pytest.raises(ConfigError, match="are 10,000,200 numbers"):
        check_memory(of_seeds(50_001, *wide), SINE)


def test_seeds_in_one_run() -> None:
    assert len(seeds.parse(seeds.LIMIT)) == seeds.LIMIT
    with pytest.raises(ValueError, match="100,001 seeds are too many"):
        seeds.parse(seeds.LIMIT + 1)


@pytest.mark.parametrize(
    ("steps", "log_every", "logged"), [(10, 3, 4), (11, 3, 5), (1, 3, 1), (2, 1, 2)]
)
def test_losses_are_counted_at_every_logged_step_and_the_last(
    steps: int, log_every: int, logged: int
) -> None:
    settings = [
        f"train.steps={steps}",
        f"train.log_every={log_every}",
        "train.seeds=7",
        "train.engine=numpy",
    ]
    assert limits._loss_count(load("configs/xor.yaml", settings)) == 7 * logged


@pytest.mark.parametrize(("count", "many"), [(9_999, False), (10_000, True)])
def test_ten_thousand_seeds_are_many(count: int, many: bool) -> None:
    assert limits.are_many(config(f"train.seeds={count}", "train.engine=numpy")) == many
