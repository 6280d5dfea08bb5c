"""The GPT of scalar Values: one loss on every engine, causal, and few array operations."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

import optim
from experiments.microgpt.microgpt import GPT, LETTERS, NAMES, made_up, sample
from minigrad import lift, native
from minigrad.lift.lifted import Lifted
from tests.minigrad.lift.graphs import deviation, eagerly

NAMES_OF_FILE = NAMES.read_text(encoding="utf-8").split()

Batch = tuple[Any, ...]


def engines() -> list[Any]:
    missing = pytest.mark.skipif(not native.available(), reason="the native machine is not built")
    return ["numpy", pytest.param("native", marks=missing)]


def batches(count: int, size: int, tokens: int) -> list[Batch]:
    rng = random.Random(1)
    short = [name for name in NAMES_OF_FILE if len(name) < tokens]
    return [
        tuple(zip(*(sample(name, tokens) for name in rng.sample(short, size)), strict=True))
        for _ in range(count)
    ]


def losses(engine: str, model: GPT, steps: Sequence[Batch]) -> list[float]:
    fast = lift.compile(model.loss, model.parameters(), engine=engine)
    optimizer = optim.Adam(fast.parameters, lr=0.01)
    numbers = []
    for batch in steps:
        numbers.append(fast.gradient(*batch))
        optimizer.step()
    return numbers


@pytest.mark.slow
def test_fifty_losses_are_those_of_eager() -> None:
    """Half as wide, names of at most six letters: eager takes two seconds."""
    small: dict[str, Any] = {"tokens": 7, "width": 8, "heads": 2}
    steps = batches(50, 2, small["tokens"])
    expected = losses("eager", GPT(random.Random(0), **small), steps)
    for engine in ["numpy", "native"] if native.available() else ["numpy"]:
        assert losses(engine, GPT(random.Random(0), **small), steps) == pytest.approx(
            expected, rel=1e-9
        )
    assert expected[-1] < 0.8 * expected[0]


@pytest.mark.slow
def test_fifty_losses_of_the_whole_model_are_those_of_eager() -> None:
    steps = batches(50, 4, 16)
    expected = losses("eager", GPT(random.Random(0)), steps)
    for engine in ["numpy", "native"] if native.available() else ["numpy"]:
        assert losses(engine, GPT(random.Random(0)), steps) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("engine", engines())
def test_a_gradient_of_the_whole_model_is_that_of_eager(engine: str) -> None:
    model = GPT(random.Random(0))
    (batch,) = batches(1, 1, 16)
    fast = lift.compile(model.loss, model.parameters(), engine=engine)
    loss = fast.gradient(*batch)
    slopes = fast.parameters[0].grad.tolist()
    assert deviation((loss, slopes), eagerly(model.loss, batch, model.parameters())) < 1e-12


def test_its_tokens_are_lifted_together() -> None:
    model = GPT(random.Random(0))
    made = Lifted(lambda *one: (model.loss(*one), []), sample("anna"), model.parameters())
    layers = [operation for operation in made.merged.operations if operation.op == "dot"]
    assert [operation.times for operation in layers] == [16] * 6
    assert len(made.merged.operations) < 70


def test_a_letter_does_not_change_the_scores_before_it() -> None:
    model = GPT(random.Random(0), tokens=6, width=8, heads=2)
    scores = [[[s.data for s in one] for one in model(sample(n, 6)[0])] for n in ("anna", "anya")]
    assert scores[0][:3] == scores[1][:3]
    assert scores[0][3] != scores[1][3]


def test_what_fills_up_a_name_does_not_change_its_loss() -> None:
    model = GPT(random.Random(0), tokens=9, width=8, heads=2)
    letters, answers = sample("ada", 9)
    assert model.loss(letters, answers).data == pytest.approx(
        model.loss(letters[:4], answers[:4]).data, rel=1e-14
    )


def test_new_names_are_letters_and_not_too_long() -> None:
    model = GPT(random.Random(0), tokens=5, width=8, heads=2)
    names = [made_up(model, random.Random(seed)) for seed in range(20)]
    assert all(len(name) < 5 and set(name) <= set(LETTERS[1:]) for name in names)
    assert len(set(names)) > 10


def test_the_names_fit_the_model() -> None:
    assert len(NAMES_OF_FILE) == len(set(NAMES_OF_FILE)) == 781
    assert max(map(len, NAMES_OF_FILE)) < 16
    assert set("".join(NAMES_OF_FILE)) <= set(LETTERS[1:])
