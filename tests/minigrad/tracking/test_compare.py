"""What differs between runs, where they part, and what probably made them."""

import math
from pathlib import Path
from typing import Any

import pytest

from minigrad.tracking.compare import (
    causes,
    comparison_of,
    differing,
    first_difference,
    labels,
    same_bits,
)
from minigrad.tracking.store import StoredRun, StoreError, load
from tests.minigrad.tracking.written import config, write


class Store:
    """Writes run after run."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0

    def __call__(self, settings: dict[str, Any] | None = None, **changed: Any) -> StoredRun:
        self.count += 1
        identity = f"20261122T2015{self.count:02}Z-xor-{self.count:04}"
        return load(write(self.path, identity, settings, **changed))


@pytest.fixture
def make(tmp_path: Path) -> Store:
    return Store(tmp_path)


def sgd(lr: float, **more: Any) -> dict[str, Any]:
    return config(optimizer={"name": "sgd", "lr": lr, **more})


def test_only_what_differs_is_compared(make: Store) -> None:
    compared = comparison_of(
        [make(), make(sgd(0.1), summary={"final_loss": 0.2, "steps": 3}), make(sgd(0.5))]
    )
    assert compared.config == {"optimizer.lr": [0.5, 0.1, 0.5]}
    assert compared.results == {
        "final_loss": [0.1, 0.2, 0.1],
        "initial_loss": [0.7, None, 0.7],
        "seconds": [0.01, None, 0.01],
    }
    assert compared.same == {"status": "finished", "steps": 3}
    assert not compared.identical


def test_equal_configs_are_identical_and_unread_ones_are_not(make: Store) -> None:
    assert comparison_of([make(), make()]).identical
    broken = make()
    (broken.path / "config.yaml").write_text("a: [")
    compared = comparison_of([broken, broken])
    assert not compared.identical
    assert compared.notes[0].startswith(f"{broken.id}: config.yaml:1:5: not valid YAML")


def test_true_is_not_1_and_nothing_is_not_null() -> None:
    assert differing([{"a": True}, {"a": 1}]) == ["a"]
    assert differing([{"a": None}, {}]) == ["a"]
    assert differing([{"a": float("nan")}, {"a": float("nan")}]) == []


def test_labels_say_what_tells_runs_afirst_difference(make: Store) -> None:
    adam = config(optimizer={"name": "adam", "lr": 0.1, "eps": 1e-8})
    assert labels([make(adam), make(sgd(0.5))]) == ["adam lr 0.1", "sgd lr 0.5"]
    assert labels([make(), make(config(seed=3))]) == ["seed 0", "seed 3"]
    assert labels([make()]) == ["xor-0005"]
    assert labels([make(), make()]) == ["xor-0006", "xor-0007"]


def test_labels_that_still_read_alike_are_told_apart_further(make: Store) -> None:
    adam = config(optimizer={"name": "adam", "lr": 0.1})
    runs = [make(adam), make(sgd(0.5, momentum=0.0)), make(sgd(0.5, momentum=0.9))]
    assert labels(runs) == ["adam lr 0.1", "sgd lr 0.5 momentum 0", "sgd lr 0.5 momentum 0.9"]
    assert len(set(labels([*runs, make(adam)]))) == 4


def test_equal_runs_are_identical_whatever_their_clocks_say(make: Store) -> None:
    a, b = make(), make()
    text = (b.path / "metrics.jsonl").read_text()
    (b.path / "metrics.jsonl").write_text(text.replace('"time": 0.', '"time": 9.'))
    parting = first_difference(a, b)
    assert parting.identical
    assert parting.sentences == ["identical over 3 logged steps, to the last bit"]


def test_the_first_step_that_differs_by_one_bit_is_found(make: Store) -> None:
    parting = first_difference(
        make(losses=[0.3, 0.1 + 0.2, 5.0]), make(sgd(0.25), losses=[0.3, 0.3, 6.0], seed=1)
    )
    assert (parting.step, parting.steps) == (1, 1)
    assert parting.metrics == {"loss": (0.1 + 0.2, 0.3)}
    assert parting.sentences == [
        "they part at step 1, after 1 identical logged steps",
        "loss: 0.30000000000000004 in xor-0001, 0.3 in xor-0002",
        "likely cause: config: optimizer.lr 0.5 against 0.25",
        "also different: seed: 0 against 1",
    ]


def test_nan_equals_nan_and_0_is_not_minus_0(make: Store) -> None:
    assert first_difference(make(losses=["nan", "inf"]), make(losses=["nan", "inf"])).identical
    assert first_difference(make(losses=[0.0]), make(losses=[-0.0])).step == 0


def test_one_may_be_longer_or_logged_more_rarely(make: Store) -> None:
    short, long = make(losses=[3, 2]), make(losses=[3, 2, 1, 0.5])
    assert first_difference(short, long).sentences == [
        "identical over 2 logged steps, to the last bit",
        "xor-0002 is longer: step 3 against 1",
    ]
    rare = make(losses=[3])
    with (rare.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "loss": 0.5}\n')
    assert first_difference(long, load(rare.path)).steps == 2


def test_a_step_that_is_logged_in_parts_is_one_step(make: Store) -> None:
    a, b = make(losses=[1]), make(losses=[1])
    for run, value in ((a, 2), (b, 3)):
        with (run.path / "metrics.jsonl").open("a") as file:
            file.write(f'{{"step": 0, "val_loss": {value}}}\n')
    assert first_difference(a, b).metrics == {"val_loss": (2.0, 3.0)}


def test_runs_without_a_common_step_or_metrics_cannot_be_held_side_by_side(make: Store) -> None:
    with pytest.raises(StoreError, match="nothing to compare"):
        first_difference(make(losses=[]), make())
    missing = make()
    (missing.path / "metrics.jsonl").unlink()
    with pytest.raises(StoreError, match=r"xor-0003: metrics\.jsonl is missing"):
        first_difference(missing, make())


def git(commit: str, dirty: bool = False) -> dict[str, Any]:
    return {"commit": commit, "dirty": dirty}


@pytest.mark.parametrize(
    ("a", "b", "sentences"),
    [
        ({"seed": 1}, {"seed": 2}, ["seed: 1 against 2"]),
        ({"python": "3.11"}, {"python": "3.12"}, ["python: 3.11 against 3.12"]),
        ({"platform": "Linux"}, {"platform": "macOS"}, ["platform: Linux against macOS"]),
        (
            {"packages": {"numpy": "2", "x": None}},
            {"packages": {"numpy": "1"}},
            ["numpy: 2 against 1"],
        ),
        ({"code": "1"}, {"code": "2"}, ["code (checksum of the sources): 1 against 2"]),
        ({"git": git("a")}, {"git": git("b")}, ["git commit: a against b"]),
        ({"git": git("a")}, {"git": None}, ["git commit: a against none"]),
        (
            {"git": git("a", True)},
            {"git": git("a", True)},
            ["uncommitted changes: both ran with some, which are not recorded"],
        ),
        ({}, {}, []),
        (
            {"python": "3.11", "git": git("a"), "seed": 1},
            {"python": "3.12", "git": git("b"), "seed": 2},
            ["seed: 1 against 2", "python: 3.11 against 3.12", "git commit: a against b"],
        ),
    ],
)
def test_causes_are_looked_for_in_order(
    make: Store, a: dict[str, Any], b: dict[str, Any], sentences: list[str]
) -> None:
    actual = causes(make(**a), make(**b))
    assert [sentence for sentence in actual if not sentence.startswith("x:")] == sentences


def test_settings_without_effect_on_the_numbers_are_no_cause(make: Store) -> None:
    other = config(name="other", expect={"final_loss_below": 1}, train={"steps": 3, "log_every": 5})
    assert causes(make(), make(other)) == []


@pytest.mark.parametrize(
    ("a", "b"),
    [(None, 0.0), (0.0, None), (None, math.nan), (0.0, -0.0), (1.0, math.nextafter(1, 2))],
)
def test_numbers_that_are_no_bits_apart_are_not_confused(a: float | None, b: float | None) -> None:
    assert not same_bits(a, b)
    assert same_bits(a, a)
    assert same_bits(b, b)
