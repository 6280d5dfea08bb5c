"""The script that mutates slopes finds every rule, and tells what is caught from what is not."""

from pathlib import Path

import pytest

from tests import mutate_slopes, mutated_places
from tests.minigrad.make_torch_figures import stored
from tests.minigrad.make_torch_tensor_figures import stored as tensor_figures
from tests.mutate_slopes import Mutant, judge, main, mutants, rules
from tests.mutated_places import PLACES, Place

VALUE = Path("minigrad/value.py")
TENSOR = Path("minigrad/tensor.py")
SOURCE = VALUE.read_text(encoding="utf-8")
TENSORS = TENSOR.read_text(encoding="utf-8")
UNMUTATED = Mutant("tanh", "1:1", "nothing", "nothing", SOURCE)


@pytest.fixture(autouse=True)
def _quick_tests_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate_slopes, "TESTS", mutate_slopes.TESTS[:1])
    monkeypatch.setattr(mutate_slopes, "TESTS_OF_TENSOR", mutate_slopes.TESTS_OF_TENSOR[:1])


def test_every_operation_has_a_rule_and_every_rule_mutants() -> None:
    ops_by_rule = {rule.name: rule.ops for rule in rules(SOURCE)}
    of_both = {"maximum", "minimum"}
    assert ops_by_rule["_extreme"] == of_both
    ops = {row.op for row in stored()}  # another test holds that these are all of them
    helpers = {
        "_sigmoid",
        "_elu_slope",
        "_silu_slope",
        "_gelu_slope",
        "_normal_cdf",
    }
    assert set(ops_by_rule) == (ops - of_both) | {"_extreme", "_function", *helpers}
    assert {mutant.rule for mutant in mutants(SOURCE)} == set(ops_by_rule)


def test_a_mutant_is_the_source_with_one_place_changed() -> None:
    made = mutants(SOURCE)
    (flipped,) = [m for m in made if m.rule == "tanh" and m.after == "1 + y * y"]
    assert flipped.before == "1 - y * y"
    assert flipped.source == SOURCE.replace("1 - y * y", "(1 + y * y)")
    assert len({mutant.source for mutant in made}) == len(made)


@pytest.mark.slow
def test_a_wrong_slope_is_caught_and_the_right_ones_are_not_in_copies_of_the_packages() -> None:
    flipped = SOURCE.replace("(1 - y * y)", "(1 + y * y)")
    wrong = Mutant("tanh", "", "1 - y * y", "1 + y * y", flipped)
    verdicts = [caught_by for _, caught_by in judge([wrong, UNMUTATED])]
    assert verdicts == [
        "test_against_torch.py::test_values_and_slopes_agree_with_pytorch[tanh]",
        None,
    ]
    assert VALUE.read_text(encoding="utf-8") == SOURCE


@pytest.mark.slow
def test_a_survivor_is_told_and_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutate_slopes, "mutants", lambda source, page: [UNMUTATED])
    assert main(["tanh"]) == 1
    survived, summary = capsys.readouterr().out.splitlines()
    assert survived == "tanh at 1:1: nothing  ->  nothing   SURVIVED"
    assert summary.startswith("1 mutants of 1 rules in ")
    assert summary.endswith(": 1 survived")


def test_what_is_excepted_as_equivalent_would_be_made_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    excepted = set(mutate_slopes.EQUIVALENT)
    pages = [(SOURCE, VALUE), (TENSORS, TENSOR)]
    monkeypatch.setattr(mutate_slopes, "EQUIVALENT", {})
    everything = [mutant for source, page in pages for mutant in mutants(source, page)]
    assert excepted <= {(mutant.rule, mutant.before, mutant.after) for mutant in everything}


def test_every_operation_of_tensors_has_a_rule_and_every_rule_mutants() -> None:
    names = {rule.name for rule in rules(TENSORS)}
    losses = {"bce", "mse", "mae", "huber", "cross_entropy"}
    ops = {row.op for row in tensor_figures()} - losses - {"T", "transpose and reshape"}
    shared = {"_extreme", "_extreme_of", "_function", "_rule", "_rules"}
    helpers = {"_sigmoid", "_elu_slope", "_silu_slope", "_gelu_slope", "_normal_cdf", "_sum"}
    of_two = {"maximum", "minimum", "max", "min", "elu"}  # by way of the helpers
    assert ops - of_two <= names
    assert names - ops <= shared | helpers | {"_accumulate", "unbroadcast"}
    assert {mutant.rule for mutant in mutants(TENSORS, TENSOR)} == names


@pytest.mark.slow
def test_a_wrong_rule_of_tensors_is_caught_and_the_right_ones_are_not() -> None:
    flipped = TENSORS.replace("self._accumulate(other.data * grad)", "self._accumulate(grad)")
    wrong = Mutant("*", "", "", "", flipped, TENSOR)
    verdicts = [
        caught_by for _, caught_by in judge([wrong, Mutant("", "", "", "", TENSORS, TENSOR)])
    ]
    agree = "test_tensor_against_torch.py::test_values_and_gradients_agree_with_pytorch"
    assert verdicts == [f"{agree}[*]", None]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_each_place_stands_once_and_its_test_is_there(place: Place) -> None:
    assert place.path.read_text(encoding="utf-8").count(place.before) == 1
    path, _, name = place.test.partition("::")
    assert Path(path).exists()
    assert not name or f"def {name}(" in Path(path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_changed_place_is_caught_and_an_unchanged_one_is_not() -> None:
    place = PLACES[0]
    same = Place(place.file, place.before, place.before, place.test)
    assert [caught for _, caught in mutated_places.judge([place, same])] == [True, False]


def test_a_test_that_fails_anyway_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutated_places, "COPIED", ["pyproject.toml"])
    monkeypatch.setattr(mutated_places, "_passes", lambda copy, test: False)
    with pytest.raises(RuntimeError, match="fails without any change"):
        next(mutated_places.judge(PLACES[:1]))
