"""Texts on a command line span a grid, and what cannot is told."""

import math

import pytest

from minigrad.config import ConfigError
from minigrad.sweep.grid import Grid, parse, split


def faults(*arguments: str, samples: int | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(arguments, samples)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        ("[1,2],[3]", ["[1,2]", "[3]"]),
        ("{name: adam, betas: [0.9, 0.99]},sgd", ["{name: adam, betas: [0.9, 0.99]}", "sgd"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ("['a,]', b],c", ["['a,]', b]", "c"]),
        ("it's,that", ["it's", "that"]),
        ("range(0,3),7", ["range(0,3)", "7"]),
        ("a,,b", ["a", "", "b"]),
        ("", [""]),
        ("a],b", ["a]", "b"]),
        ("[a,b", ["[a,b"]),
    ],
)
def test_commas_part_values_unless_in_brackets_or_quotes(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_cells_are_the_product_in_the_order_of_the_command() -> None:
    grid = parse(
        ["optimizer=sgd,adam", "train.steps=5", "optimizer.lr=0.1,1", "seed=range(4,0,-2)"]
    )
    assert [list(cell.items()) for cell in grid.cells()] == [
        [("optimizer", optimizer), ("train.steps", "5"), ("optimizer.lr", rate)]
        for optimizer in ("sgd", "adam")
        for rate in ("0.1", "1")
    ]
    assert grid.seeds == [4, 2]
    assert grid.varied == ["optimizer", "optimizer.lr"]


def test_without_a_list_there_is_one_cell() -> None:
    assert list(parse([]).cells()) == [{}]
    assert list(parse(["train.steps=5"]).cells()) == [{"train.steps": "5"}]


def drawn(*arguments: str, samples: int, seed: int = 0) -> Grid:
    return parse(arguments, samples, seed)


def test_draws_lie_within_their_ranges_and_repeat_with_their_seed() -> None:
    arguments = ("a=uniform(-1,2)", "b=loguniform(0.001,10)", "c=choice(x,[1, 2])", "d=1,2")
    grid = drawn(*arguments, samples=200)
    assert grid.samples == drawn(*arguments, samples=200).samples
    assert grid.samples != drawn(*arguments, samples=200, seed=1).samples
    assert len(list(grid.cells())) == 400
    assert all(list(cell) == ["a", "b", "c", "d"] for cell in grid.cells())
    numbers = [float(sample["a"]) for sample in grid.samples]
    assert -1 <= min(numbers) < -0.9
    assert 1.9 < max(numbers) <= 2
    logs = [math.log10(float(sample["b"])) for sample in grid.samples]
    assert -3 <= min(logs) < -2.9
    assert 0.9 < max(logs) <= 1
    assert 60 < sum(log < -1 for log in logs) < 140  # half of the decades, not a hundredth
    assert {sample["c"] for sample in grid.samples} == {"x", "[1, 2]"}


def test_what_is_drawn_twice_is_one_sample() -> None:
    grid = drawn("a=choice(x,y)", samples=50)
    assert sorted(sample["a"] for sample in grid.samples) == ["x", "y"]


def test_one_more_key_does_not_shift_the_draws_of_another() -> None:
    alone = drawn("a=uniform(0,1)", samples=5)
    beside = drawn("z=uniform(0,1)", "a=uniform(0,1)", samples=5)
    assert [s["a"] for s in alone.samples] == [s["a"] for s in beside.samples]
    assert [s["a"] for s in beside.samples] != [s["z"] for s in beside.samples]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("optimizer.lr=", "there is no value: write null for none"),
        ("optimizer.lr=0.1,,1", "a value between commas is missing"),
        ("optimizer.lr=0.1,", "a value between commas is missing"),
        ("optimizer.lr=0.1,0.1", "'0.1' is given twice"),
        ("optimizer.lr", "is no key=value"),
        ("=3", "is no key=value"),
        ("seed=range(0,0)", "range(0,0) is empty"),
        ("seed=range(5,0)", "range(5,0) is empty"),
        ("seed=range(5)", "write range(a,b) or range(a,b,step) with whole numbers"),
        ("seed=range(0,1,0)", "write range(a,b) or range(a,b,step) with whole numbers"),
        ("seed=range(0,0.5)", "write range(a,b) or range(a,b,step) with whole numbers"),
        ("seed=range(0,10000000)", "has 10,000,000 numbers; the limit is 100,000"),
        ("seed=range(-1,2)", "seed: must be a whole number of at least 0, found '-1'"),
        ("seed=zero", "seed: must be a whole number of at least 0, found 'zero'"),
        ("seed=1,range(0,3)", "'1' is given twice"),
        ("a=uniform(0,1)", "a: say how often to draw from it, as --random 20"),
        ("seed=range(0,\u0663)", "range(a,b) or range(a,b,step) with whole numbers"),
        ("seed=range(0,1_0)", "range(a,b) or range(a,b,step) with whole numbers"),
        ("seed=\u0661", "seed: must be a whole number of at least 0, found '\u0661'"),
        (f"seed=range(0,{'9' * 30})", "range(a,b) or range(a,b,step) with whole numbers"),
        (f"seed=range(0,{'9' * 5000})", "..."),
    ],
    ids=lambda text: text[:40],
)
def test_a_value_that_spans_nothing_is_told(argument: str, message: str) -> None:
    (fault,) = faults(argument)
    assert fault.startswith("command line: ")
    assert message in fault
    assert len(fault) < 300


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("a=uniform(1,0)", "uniform(a,b) takes finite numbers a < b"),
        ("a=uniform(0,inf)", "uniform(a,b) takes finite numbers a < b"),
        ("a=uniform(0,nan)", "uniform(a,b) takes finite numbers a < b"),
        ("a=uniform(0)", "uniform takes two numbers, as uniform(0.01,1)"),
        ("a=uniform(x,y)", "uniform takes two numbers, as uniform(0.01,1)"),
        ("a=loguniform(0,1)", "loguniform(a,b) takes finite numbers 0 < a < b"),
        ("a=choice()", "choice(...) takes one value or more"),
        ("a=uniform(-1e308,1e308)", "uniform(a,b) takes finite numbers a < b"),
        ("a=uniform(\u0660,\u0661)", "uniform takes two numbers, as uniform(0.01,1)"),
        ("a=loguniform(1,1_0)", "loguniform takes two numbers, as loguniform(0.01,1)"),
        ("a=uniform(0,1),3", "uniform(...) cannot be in a list"),
        ("seed=uniform(0,1)", "seed: a list or a range will do"),
    ],
)
def test_a_draw_that_cannot_be_made_is_told(argument: str, message: str) -> None:
    (fault,) = faults(argument, samples=3)  # and not that nothing is drawn
    assert message in fault


def test_all_faults_are_told_at_once() -> None:
    assert len(faults("a=", "b=1,1", "c", "a=1", "d=range(0,0)")) == 4
    (twice,) = faults("a=1", "a=2")
    assert twice == "command line: 'a=2': is given twice: write all its values after one '='"


def test_nothing_to_draw_and_too_much_are_told() -> None:
    assert "nothing is drawn" in faults("a=1,2", samples=3)[0]
    assert "the limit is 10,000" in faults("a=uniform(0,1)", samples=10_001)[0]
    many = ",".join(map(str, range(101)))
    (fault,) = faults(f"a={many}", f"b={many}")
    assert fault == "command line: the grid has 10,201 cells; at most 10,000"
    (fault,) = faults(f"a={many}", "seed=range(0,1000)")
    assert fault == "command line: the grid has 101,000 members; at most 100,000"
