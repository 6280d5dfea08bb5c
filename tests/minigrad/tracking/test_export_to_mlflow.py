"""What an export sends to MLflow, by a stand-in that takes no more than its servers do.

test_export.py reads the same exports back with MLflow itself, where that is installed.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from minigrad.tracking.export import ExportError, write_export
from tests.minigrad.tracking.written import stored

FACTS: dict[str, Any] = {
    "id": "20261122T201500Z-xor-k3f9",
    "name": "xor",
    "status": "finished",
    "started": "2026-11-22T20:15:00.250+00:00",
    "ended": "2026-11-22T20:15:03.000+00:00",
    "git": {"commit": "6347318", "dirty": False},
}
START = 1795378500250
LINES: list[dict[str, Any]] = [
    {"step": 0, "loss": 0.5, "lr": 0.1, "time": 0.0},
    {"step": 5, "loss": 0.25, "lr": None, "time": 0.5},
]


class Param(NamedTuple):
    key: str
    value: str


class Metric(NamedTuple):
    key: str
    value: float
    timestamp: int
    step: int


class Refused(Exception):
    """MLflow's exception, whose text goes on over several lines."""


@dataclass
class Logged:
    """A run as the server holds it."""

    experiment: str
    start_time: int
    tags: dict[str, str]
    name: str
    info: SimpleNamespace
    params: list[Param] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    status: str = "RUNNING"
    end_time: int | None = None


class Server:
    """Takes the calls of MLflow's client, and refuses what its servers refuse."""

    def __init__(self) -> None:
        self.uri = ""
        self.experiments: list[str] = []
        self.runs: dict[str, Logged] = {}

    def connect(self, tracking_uri: str) -> "Server":
        if tracking_uri.startswith("nonsense:"):
            raise Refused("no such scheme\nSupported are: ...")
        self.uri = tracking_uri
        return self

    def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
        known = name in self.experiments
        return SimpleNamespace(experiment_id=self.experiments.index(name)) if known else None

    def create_experiment(self, name: str) -> int:
        assert name not in self.experiments
        self.experiments.append(name)
        return len(self.experiments) - 1

    def search_runs(self, experiments: list[str], which: str) -> list[Logged]:
        condition = re.fullmatch(r"tags\.`minigrad\.id` = '(.*)'", which)
        assert condition
        there = [run for run in self.runs.values() if run.experiment in experiments]
        return [run for run in there if run.tags["minigrad.id"] == condition[1]]

    def create_run(
        self, experiment: str, start_time: int, tags: dict[str, str], run_name: str
    ) -> Logged:
        assert int(experiment) < len(self.experiments)
        info = SimpleNamespace(run_id=f"run-{len(self.runs)}")
        self.runs[info.run_id] = Logged(experiment, start_time, tags, run_name, info)
        return self.runs[info.run_id]

    def log_batch(
        self, run_id: str, params: list[Param] | None = None, metrics: list[Metric] | None = None
    ) -> None:
        assert len(params or []) <= 100
        assert len(metrics or []) <= 1000
        for key in [*(param.key for param in params or []), *(m.key for m in metrics or [])]:
            assert re.fullmatch(r"[\w\-. :/]+", key)
        self.runs[run_id].params += params or []
        self.runs[run_id].metrics += metrics or []

    def set_terminated(self, run_id: str, status: str, end_time: int | None = None) -> None:
        assert status in ("FINISHED", "FAILED", "KILLED")
        self.runs[run_id].status, self.runs[run_id].end_time = status, end_time

    def delete_run(self, run_id: str) -> None:
        del self.runs[run_id]

    @property
    def only_run(self) -> Logged:
        (run,) = self.runs.values()
        return run


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    server = Server()
    modules = {
        "mlflow.tracking": SimpleNamespace(MlflowClient=server.connect),
        "mlflow.exceptions": SimpleNamespace(MlflowException=Refused),
        "mlflow.entities": SimpleNamespace(Param=Param, Metric=Metric),
    }
    monkeypatch.setattr("minigrad.tracking.export.import_module", modules.__getitem__)
    monkeypatch.chdir(tmp_path)
    return server


def test_a_run_is_sent_with_its_times_settings_metrics_and_commit(server: Server) -> None:
    sentence = write_export(
        stored(FACTS, {"lr (top)": 0.1, "hidden": [8, 4]}, LINES), to="mlflow", out=None
    )
    run = server.only_run
    assert sentence == (
        f"wrote 2 steps of 2 metrics to sqlite:///mlflow.db as run {run.info.run_id}: "
        "see it with mlflow ui --backend-store-uri sqlite:///mlflow.db"
    )
    assert (server.experiments, run.name) == (["xor"], FACTS["id"])
    assert (run.start_time, run.end_time, run.status) == (START, START + 2750, "FINISHED")
    assert run.tags == {
        "minigrad.id": FACTS["id"],
        "minigrad.status": "finished",
        "mlflow.source.git.commit": "6347318",
    }
    assert run.params == [("lr _top_", "0.1"), ("hidden", "[8, 4]")]
    assert run.metrics == [
        ("loss", 0.5, START, 0),
        ("lr", 0.1, START, 0),
        ("loss", 0.25, START + 500, 5),
    ]


@pytest.mark.parametrize(
    ("status", "theirs"),
    [
        ("finished", "FINISHED"),
        ("failed", "FAILED"),
        ("diverged", "FAILED"),
        ("crashed", "FAILED"),
        ("interrupted", "KILLED"),
        ("running", "RUNNING"),
    ],
)
def test_a_run_has_ended_as_it_ended_here(server: Server, status: str, theirs: str) -> None:
    write_export(stored(FACTS | {"status": status}, {}, LINES), to="mlflow", out=None)
    assert server.only_run.status == theirs


def test_a_damaged_run_without_facts_is_sent_too(server: Server) -> None:
    write_export(stored({}, {}, LINES), to="mlflow", out=None)
    run = server.only_run
    assert (server.experiments, run.status, run.end_time) == (["minigrad"], "FAILED", None)
    assert run.tags == {"minigrad.id": "run", "minigrad.status": "damaged"}


def test_a_long_run_is_sent_in_parts_that_the_server_takes(server: Server) -> None:
    config = {f"key.{number}": number for number in range(250)}
    lines = [{"step": step, "loss": 1.0 / (step + 1), "time": 0.0} for step in range(2500)]
    write_export(stored(FACTS, config, lines), to="mlflow", out=None)
    assert [param.key for param in server.only_run.params] == list(config)
    assert [metric.step for metric in server.only_run.metrics] == list(range(2500))


def test_a_run_that_is_sent_again_replaces_itself_and_no_other(server: Server) -> None:
    other = FACTS | {"id": "20261122T201500Z-xor-aaaa"}
    for facts in (other, FACTS, FACTS):
        write_export(stored(facts, {}, LINES), to="mlflow", out=None)
    assert [run.name for run in server.runs.values()] == [other["id"], FACTS["id"]]
    assert server.experiments == ["xor"]


@pytest.mark.parametrize(
    ("out", "uri", "shown"),
    [
        (None, "sqlite:///{here}/mlflow.db", "sqlite:///mlflow.db"),
        ("a/b.db", "sqlite:///{here}/a/b.db", "sqlite:///a/b.db"),
        (".", "sqlite:///{here}/mlflow.db", "sqlite:///mlflow.db"),
        ("http://localhost:5000", "http://localhost:5000", "http://localhost:5000"),
    ],
)
def test_where_it_goes(
    server: Server, tmp_path: Path, out: str | None, uri: str, shown: str
) -> None:
    assert f" to {shown} as run " in write_export(stored(FACTS, {}, LINES), to="mlflow", out=out)
    assert server.uri == uri.format(here=tmp_path)
    if uri.startswith("sqlite"):
        assert Path(server.uri.removeprefix("sqlite:///")).parent.is_dir()
    else:
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [["acc@5", "acc#5"], ["acc@5", "acc#5", "acc_5", "acc_40_5"], ["a|b", "a_b"], ["@", "#", "_"]],
)
def test_names_that_the_server_refuses_stay_apart(server: Server, names: list[str]) -> None:
    lines = [{"step": 0, **{name: float(i) for i, name in enumerate(names)}}]
    write_export(stored(FACTS, dict.fromkeys(names, 1), lines), to="mlflow", out=None)
    sent = {metric.value: metric.key for metric in server.only_run.metrics}
    assert len(set(sent.values())) == len(names)
    assert len({param.key for param in server.only_run.params}) == len(names)
    plain = [i for i, name in enumerate(names) if re.fullmatch(r"\w+", name)]
    assert [sent[i] for i in plain] == [names[i] for i in plain]  # which need no change


@pytest.mark.parametrize("error", [Refused("too long\nsee ..."), KeyboardInterrupt()])
def test_an_export_that_is_refused_leaves_no_run_behind(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write_export(stored(FACTS, {}, LINES), to="mlflow", out=None)
    before = dict(server.runs)

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(server, "log_batch", refuse)
    with pytest.raises((ExportError, KeyboardInterrupt)):
        write_export(stored(FACTS, {"a": 1}, LINES), to="mlflow", out=None)
    assert server.runs == before


def test_what_the_server_refuses_is_told_in_a_line() -> None:
    with pytest.raises(ExportError, match=r"^mlflow at nonsense://x: no such scheme$"):
        write_export(stored(FACTS, {}, LINES), to="mlflow", out="nonsense://x")
