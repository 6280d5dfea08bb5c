"""Conditions, orders and columns over runs."""

from pathlib import Path
from typing import Any

import pytest

from minigrad import tracking
from minigrad.tracking import query
from minigrad.tracking.query import COLUMNS, Condition, columns, mentions, order, select, value
from minigrad.tracking.store import StoredRun, StoreError, runs
from tests.minigrad.tracking.written import config, write


def summary(loss: float | str | None) -> dict[str, Any]:
    return {"summary": {} if loss is None else {"final_loss": loss, "steps": 3}}


@pytest.fixture
def stored(tmp_path: Path) -> list[StoredRun]:
    adam = config(optimizer={"name": "adam", "lr": 0.1}, seed=1)
    write(tmp_path, "20261120T000000Z-a-0001", **summary(0.5), tags=["good", "old"])
    write(tmp_path, "20261120T000001Z-b-0002", adam, **summary(0.01))
    write(tmp_path, "20261120T000002Z-c-0003", **summary(None), status="failed")
    write(tmp_path, "20261120T000003Z-d-0004", **summary(float("nan")), group="sweep")
    return runs(tmp_path)


def letters(some: list[StoredRun]) -> str:
    return "".join(run.id.split("-")[1] for run in some)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["status=finished"], "abd"),
        (["status!=finished"], "c"),
        (["optimizer.name=adam"], "b"),
        (["optimizer.lr>0.2"], "acd"),
        (["optimizer.lr<=0.1"], "b"),
        (["final_loss<0.1"], "b"),
        (["final_loss>=0.01"], "ab"),
        (["summary.final_loss=0.50"], "a"),
        (["status=finished", "final_loss>0.1"], "a"),
        (["tags=good"], "a"),
        (["group=sweep"], "d"),
        (["group=null"], "abc"),
        (["model.hidden=[8]"], "abcd"),
        (["git.dirty=false", "final_loss=.nan"], "d"),
        (["started>2026-11-20T00:00:01"], "bcd"),
        (["started<nonsense"], "abcd"),
        (["id=20261120T000003Z-d-0004"], "d"),
        (["error=a: [b"], ""),
        ([], "abcd"),
    ],
)
def test_runs_that_meet_all_conditions(
    stored: list[StoredRun], conditions: list[str], expected: str
) -> None:
    assert letters(select(stored, [Condition.parse(text) for text in conditions])) == expected


def test_a_key_that_no_run_has_is_a_slip(stored: list[StoredRun]) -> None:
    with pytest.raises(StoreError, match=r"no run has 'optimizer\.nam': did you mean 'optimizer"):
        select(stored, [Condition.parse("optimizer.nam=adam")])
    with pytest.raises(StoreError, match="no run has 'nothing'"):
        order(stored, "nothing")


@pytest.mark.parametrize("text", ["status", "=3", "", '"a b=3'])
def test_a_condition_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="write key=value"):
        Condition.parse(text)


@pytest.mark.parametrize(
    ("text", "key", "sign", "wanted"),
    [
        ("acc top 5>0.5", "acc top 5", ">", 0.5),
        ("a,b = x", "a,b", "=", "x"),
        ('"acc<5">=0.5', "acc<5", ">=", 0.5),
        ('"a=b"="c=d"', "a=b", "=", "c=d"),
        (' "a b" != c', "a b", "!=", "c"),
        ("x=a<b", "x", "=", "a<b"),
    ],
)
def test_every_key_can_be_written(text: str, key: str, sign: str, wanted: object) -> None:
    assert Condition.parse(text) == Condition(key, sign, wanted)


def test_orders(stored: list[StoredRun]) -> None:
    assert letters(order(stored)) == "dcba"
    assert letters(order(stored, reverse=True)) == "abcd"
    assert letters(order(stored, "final_loss")) == "badc"
    assert letters(order(stored, "final_loss", reverse=True)) == "dabc"
    assert letters(order(stored, "status")) == "cabd"


def test_columns_add_the_settings_that_differ_and_tags(stored: list[StoredRun]) -> None:
    varied = ["seed", "optimizer.name", "optimizer.lr"]
    assert [name for name in columns(stored) if name != "last"] == [
        *(*COLUMNS[:2], *varied, "tags", *COLUMNS[2:])
    ]
    untagged = [run for run in stored if not run.facts.tags]
    assert columns(untagged[:1]) == list(COLUMNS)
    assert columns([]) == list(COLUMNS)


def test_a_loop_of_ones_own_shows_what_it_logged_last(tmp_path: Path) -> None:
    for name, rate in (("a", 0.1), ("b", 0.2)):
        with tracking.init(name, config={"rate": rate, "same": 1}, store=tmp_path) as run:
            run.log({"reward": rate, "speed": 5.0}, step=0)
            run.log({"reward": 2 * rate}, step=1)
    first, second = runs(tmp_path)
    assert columns([first, second]) == [*COLUMNS[:2], "rate", "last", *COLUMNS[2:]]
    assert sorted(value(run, "last") for run in (first, second)) == ["reward 0.2", "reward 0.4"]
    with (first.path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 2, "rew')  # cut off by a crash
    assert value(first, "last") == value(runs(tmp_path)[0], "last")


def test_settings_that_only_some_runs_have_come_last(tmp_path: Path) -> None:
    for settings in ({"lr": 1, "momentum": 0.9}, {"lr": 2}):
        with tracking.init("x", config=settings, store=tmp_path):
            pass
    assert columns(runs(tmp_path)) == [*COLUMNS[:2], "lr", *COLUMNS[2:], "momentum"]


@pytest.mark.parametrize("text", ["3", "true", "null", "0.50", "1e3", "a: b", "{x}", "- a"])
def test_text_that_yaml_takes_for_something_else_is_met_as_it_is_typed(
    tmp_path: Path, text: str
) -> None:
    write(tmp_path, "20261120T000000Z-a-0001", group=text, tags=[text])
    for condition in (f"group={text}", f"tags= {text} "):
        assert letters(select(runs(tmp_path), [Condition.parse(condition)])) == "a"
        assert select(runs(tmp_path), [Condition.parse(condition.replace("=", "!="))]) == []
    assert select(runs(tmp_path), [Condition.parse("group=other")]) == []


def test_words_are_looked_for_whatever_their_capitals(tmp_path: Path) -> None:
    write(tmp_path, "20261120T000000Z-a-0001", note="A Straße of GOLD", tags=["Best"])
    (run,) = runs(tmp_path)
    for words in (["gold"], ["GOLD", "best"], ["STRASSE"], ["BEST"]):
        assert mentions(run, words)
    assert not mentions(run, ["gold", "worst"])


def test_a_run_that_fails_on_its_facts_has_its_config_unread(
    stored: list[StoredRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def config_of(run: StoredRun) -> dict[str, Any]:
        read.append(run.id)
        return {"optimizer.lr": 1}

    monkeypatch.setattr(query, "config_of", config_of)
    conditions = [Condition.parse(text) for text in ("optimizer.lr>0", "status=failed")]
    monkeypatch.setattr(query, "check_keys", lambda *_: None)
    assert letters(select(stored, conditions)) == "c"
    assert [identity.split("-")[1] for identity in read] == ["c"]


def test_a_name_is_no_column_for_it_is_in_the_id(tmp_path: Path) -> None:
    for number, name in enumerate(("moons", "xor")):
        write(tmp_path, f"20261120T00000{number}Z-{name}-0001", config(name=name, seed=number))
    assert "seed" in columns(runs(tmp_path))
    assert "name" not in columns(runs(tmp_path))
