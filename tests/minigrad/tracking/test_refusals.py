"""What a run stores is read back equal, or refused beforehand by its key, with nothing made."""

import datetime
import json
import math
import pathlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad import Value
from minigrad.tracking import Run, init
from minigrad.tracking.store import load


def nested(depth: int) -> Any:
    return [] if depth == 0 else {"a": nested(depth - 1)}


UNSTORABLE: list[tuple[Any, type[Exception], str]] = [
    ({"day": datetime.date(2026, 1, 1)}, TypeError, "config.day must be plain data"),
    ({"a": {"b": {1, 2}}}, TypeError, "config.a.b must be plain data .* found a set"),
    ({"raw": b"x"}, TypeError, "config.raw must be plain data .* found a bytes"),
    ({"path": pathlib.PurePosixPath("x")}, TypeError, "config.path .* found a PurePosixPath"),
    ({"betas": (0.9, 0.999)}, TypeError, "config.betas .* found a tuple: write a list"),
    ({"x": [1, 2j]}, TypeError, r"config.x\[1\] .* found a complex"),
    ({"model": Value(1.0)}, TypeError, "config.model .* found a Value"),
    ({"x": np.zeros(3)}, TypeError, "config.x .* found a ndarray"),
    ({1: "one"}, TypeError, r"config: a key must be text, found 1 \(int\)"),
    ({"a": {(1, 2): 3}}, TypeError, r"config.a: a key must be text, found \(1, 2\)"),
    ({None: 3}, TypeError, "a key must be text, found None"),
    ({"n": 10**500}, ValueError, "config.n: a whole number of more than 308 digits"),
    ({"deep": nested(60)}, ValueError, "nested deeper than 40 levels"),
    ({"many": list(range(20_000))}, ValueError, "more than 10,000 values"),
    ({"long": "x" * 2_000_000}, ValueError, "larger than 1,000,000 bytes"),
    ({"half": "\ud800"}, ValueError, "config.half: .* half of a surrogate pair"),
    ("lr: [0.1", ValueError, "config: "),
    ("- 1\n- 2\n", ValueError, "config: the text must be a YAML mapping"),
    (5, TypeError, "config must be a mapping"),
    ([("lr", 1)], TypeError, "config must be a mapping"),
]


@pytest.mark.parametrize(("config", "error", "message"), UNSTORABLE)
def test_a_config_that_could_not_be_read_back_is_refused_by_its_key(
    tmp_path: Path, config: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        init("a", config, store=tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


STORABLE: list[Any] = [
    {"a": [1, 2.5, None, True, "x", {"b": []}], "c": {}, "": "empty key"},
    {"on": "on", "no": "no", "octal": "012", "float": "1e-3", "null": "null", "tilde": "~"},
    {"text": "line\nbreak\ttab \x1b \x85 \u2028 # : - 'quoted' \"double\" é 日本 🙂"},
    {"zero": -0.0, "inf": math.inf, "big": 10**299, "tiny": 5e-324, "true": True, "one": 1},
    {"a: b": 1, "- x": 2, "#": 3, "x" * 300: 4},
    {"f32": np.float32(0.1), "f64": np.float64(0.1), "i": np.int64(3), "b": np.bool_(True)},
    {"shared": [[1, 2]] * 3},
]


@pytest.mark.parametrize("config", STORABLE)
def test_a_config_is_read_back_equal(tmp_path: Path, config: dict[str, Any]) -> None:
    with init("a", config, store=tmp_path) as run:
        pass
    assert run.config == load(run.path).config == config
    assert not any(type(value).__module__ == "numpy" for value in run.config.values())


def test_nan_in_a_config_stays_a_number(tmp_path: Path) -> None:
    with init("a", {"x": math.nan}, store=tmp_path) as run:
        pass
    assert math.isnan(load(run.path).config["x"])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"tags": "abc"}, TypeError, r"tags must be a list of texts, as \['try'\], found 'abc'"),
        ({"tags": 5}, TypeError, "tags must be a list"),
        ({"tags": ["a", 5]}, TypeError, r"a tag must be text, found 5 \(int\)"),
        ({"name": None}, TypeError, r"name must be text, found None"),
        ({"name": 3}, TypeError, "name must be text"),
        ({"group": 3}, TypeError, "group must be text"),
        ({"started": "now"}, ValueError, "'started' is recorded by the run itself"),
        ({"status": "finished"}, ValueError, "'status' is recorded by the run itself"),
        ({"host": "x"}, ValueError, "'host' is recorded by the run itself"),
        ({"seed": "x"}, ValueError, "seed must be a whole number"),
        ({"note": {1, 2}}, TypeError, "init: note must be plain data"),
        ({"note": math.nan}, ValueError, "nan and infinities are no facts"),
    ],
)
def test_facts_of_another_kind_are_refused(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        init(**{"store": tmp_path / "runs", **arguments})
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with init("a", store=tmp_path) as begun:
        yield begun


@pytest.mark.parametrize(
    "value",
    [
        *(0.5, 3, True, None, "text", [1, {"a": None}], {"nested": {"x": 1.5}}),
        *(np.float32(0.1), np.float64(0.1), np.int64(3), math.inf, -math.inf, [math.inf]),
    ],
)
def test_a_summary_is_read_back_equal_at_once(run: Run, value: Any) -> None:
    run.summary["x"] = value
    raw = (run.path / "run.json").read_text()
    json.loads(raw, parse_constant=pytest.fail)  # valid JSON
    stored = load(run.path).summary["x"]
    assert stored == value
    assert type(stored).__module__ == "builtins"


def test_nan_in_a_summary_stays_a_number(run: Run) -> None:
    run.summary["x"] = math.nan
    run.summary["y"] = [math.nan]
    stored = load(run.path)
    assert stored.damage == []
    assert math.isnan(stored.summary["x"])
    assert math.isnan(stored.summary["y"][0])


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        *(("x", {1, 2}, TypeError), ("x", b"", TypeError), ("x", Value(1.0), TypeError)),
        *(("x", (1, 2), TypeError), ("x", np.zeros(2), TypeError), ("x", {1: 2}, TypeError)),
        *((5, 1, TypeError), (None, 1, TypeError), ("x", 10**400, ValueError)),
        *(("x", "nan", ValueError), ("x", ["-inf"], ValueError), ("x", nested(60), ValueError)),
    ],
)
def test_a_summary_that_could_not_be_read_back_is_refused(
    run: Run, key: Any, value: Any, error: type[Exception]
) -> None:
    run.summary["best"] = 1
    with pytest.raises(error, match="summary"):
        run.summary[key] = value
    assert dict(run.summary) == load(run.path).summary == {"best": 1}


def test_a_summary_may_be_changed_as_a_dict(run: Run) -> None:
    run.summary.update(a=1, b=2)
    run.summary |= {"c": 3}  # type: ignore[operator] # mypy looks at the setter
    del run.summary["a"]
    assert run.summary.pop("b") == 2
    assert load(run.path).summary == {"c": 3}
    run.summary = {"d": 4}
    assert load(run.path).summary == {"d": 4} == run.summary


@pytest.mark.parametrize(
    ("metrics", "step", "error"),
    [
        *(({"loss": "0.5"}, 0, ValueError), ({"loss": b"1"}, 0, ValueError)),
        *(({"loss": [0.5]}, 0, ValueError), ({"loss": 10**400}, 0, ValueError)),
        *(({"loss": 2**53 + 1}, 0, ValueError), ({5: 0.5}, 0, TypeError)),
        *(({None: 0.5}, 0, TypeError), ({"half \ud800": 1.0}, 0, ValueError)),
        *(({"loss": 1}, -1, ValueError), ({"loss": 1}, 10**400, ValueError)),
        *(({"loss": 1}, 10**15, ValueError), ({"loss": 1}, 1.5, TypeError)),
        *(({"loss": 1}, True, TypeError), ({"loss": 1}, "0", TypeError)),
        *(({"step": 1}, 0, ValueError), ({"_time": 1}, 0, ValueError)),
    ],
)
def test_a_line_that_could_not_be_read_back_is_refused(
    run: Run, metrics: Any, step: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"log|interpreted as an integer"):
        run.log(metrics, step=step)
    run.log({"loss": 1.0})
    assert [row["step"] for row in load(run.path).metrics()] == [0]


@pytest.mark.parametrize("status", ["done", "running", "", None, 3])
def test_an_end_of_another_name_is_refused(run: Run, status: Any) -> None:
    with pytest.raises(ValueError, match="status must be one of finished, failed, diverged"):
        run.finish(status)
    assert load(run.path).facts.status == "running"
    run.log({"loss": 1.0})


def test_an_end_with_facts_of_another_kind_is_refused(run: Run) -> None:
    with pytest.raises(TypeError, match="error must be text"):
        run.finish("failed", error=ValueError("x"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="finish: note must be plain data"):
        run.finish(note={1})
    assert load(run.path).facts.status == "running"


def test_a_run_that_is_finished_stays_as_it_is(run: Run) -> None:
    run.finish("failed", error="mine")
    run.finish("finished")
    run.summary["late"] = 1
    stored = load(run.path)
    assert (stored.status, stored.facts.error, stored.summary) == ("failed", "mine", {})
