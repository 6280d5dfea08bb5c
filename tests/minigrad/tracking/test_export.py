"""Exports, read back with the tools that they are for."""

import csv
import importlib
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minigrad.tracking.export import ExportError, write_export
from minigrad.tracking.store import load
from tests.minigrad.tracking.written import stored, write

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # before it is imported

FACTS: dict[str, Any] = {
    "id": "20261122T201500Z-xor-k3f9",
    "name": "xor",
    "status": "finished",
    "started": "2026-11-22T20:15:00.250+00:00",
    "ended": "2026-11-22T20:15:03.000+00:00",
    "git": {"commit": "6347318", "dirty": False},
}
START = 1795378500.25
CONFIG: dict[str, Any] = {
    "seed": 3,
    "optimizer.name": "sgd",
    "optimizer.lr": 0.1,
    "model.hidden": [8, 4],
    "train.batch_size": None,
    "expect": {},
    "note": "a | b\nc",
}
METRICS: list[dict[str, Any]] = [
    {"step": 0, "loss": 0.1 + 0.2, "lr": 0.1, "time": 0.0},
    {"step": 5, "loss": math.nan, "lr": 0.1, "time": 0.5, "val_loss": 1e-300},
    {"step": 10, "loss": "inf", "lr": 0.1, "time": 1.25},
    {"step": 11, "loss": -math.inf, "lr": 0.1, "time": 1.5},
]


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def test_an_unknown_tool_is_met_with_the_nearest_name() -> None:
    with pytest.raises(ExportError) as error:
        write_export(stored(FACTS, CONFIG, METRICS), to="tensorbord", out=None)
    assert str(error.value) == (
        "unknown export 'tensorbord': did you mean 'tensorboard'? Known: csv, mlflow, tensorboard"
    )


@pytest.mark.parametrize("tool", ["tensorboard", "mlflow"])
def test_a_missing_package_is_met_with_the_extra_to_install(
    tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise ModuleNotFoundError(f"No module named {tool!r}", name=tool)

    monkeypatch.setattr("minigrad.tracking.export.import_module", refuse)
    with pytest.raises(ExportError) as error:
        write_export(stored(FACTS, CONFIG, METRICS), to=tool, out=None)
    assert str(error.value) == (
        f"exporting to {tool} needs a package that is not installed: pip install 'minigrad[{tool}]'"
    )


def test_a_package_that_is_there_but_broken_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'grpc'", name="grpc")

    monkeypatch.setattr("minigrad.tracking.export.import_module", refuse)
    with pytest.raises(ExportError, match=r"\(No module named 'grpc'\): pip install"):
        write_export(stored(FACTS, CONFIG, METRICS), to="tensorboard", out=None)


def test_csv_has_a_row_a_step_and_every_column_to_the_bit(tmp_path: Path) -> None:
    sentence = write_export(stored(FACTS, CONFIG, METRICS), to="csv", out=None)
    assert sentence == "wrote 4 steps of 3 metrics to 20261122T201500Z-xor-k3f9.csv"
    with (tmp_path / "20261122T201500Z-xor-k3f9.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "loss", "lr", "time", "val_loss"]
    assert [row["step"] for row in rows] == ["0", "5", "10", "11"]
    assert [row["loss"] for row in rows] == ["0.30000000000000004", "nan", "inf", "-inf"]
    assert [row["val_loss"] for row in rows] == ["", "1e-300", "", ""]


def test_csv_goes_where_it_is_told(tmp_path: Path) -> None:
    write_export(stored(FACTS, CONFIG, METRICS), to="csv", out="a/b.csv")
    assert (tmp_path / "a/b.csv").exists()
    write_export(stored(FACTS, CONFIG, METRICS), to="csv", out=tmp_path / "a")
    assert (tmp_path / "a/20261122T201500Z-xor-k3f9.csv").exists()


def test_csv_of_a_run_without_metrics_has_its_header(tmp_path: Path) -> None:
    assert (
        write_export(stored({}, {}, []), to="csv", out=None)
        == "wrote 0 steps of 0 metrics to run.csv"
    )
    assert (tmp_path / "run.csv").read_text() == "step\n"


def test_what_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExportError, match=r"^file: cannot be written: File exists$"):
        write_export(stored(FACTS, CONFIG, METRICS), to="csv", out="file/x.csv")


@pytest.mark.parametrize("identity", ["thesis", "..", "../../evil", "/evil", 5, None])
@pytest.mark.parametrize("tool", ["csv", "tensorboard"])
def test_files_are_named_after_the_folder_whatever_the_run_says(
    tmp_path: Path, identity: object, tool: str
) -> None:
    if tool == "tensorboard":
        pytest.importorskip("tensorboard")
    here = tmp_path / "here"
    here.mkdir()
    os.chdir(here)
    (tmp_path / "events.out.tfevents.1.minigrad").write_text("precious")
    (here / "thesis.csv").write_text("precious")
    path = write(tmp_path / "runs", FACTS["id"], id=identity)
    write_export(load(path), to=tool, out=None)
    made = {"csv": [f"{FACTS['id']}.csv", "thesis.csv"], "tensorboard": ["tensorboard-logs", *()]}
    assert set(os.listdir(here)) == {*made[tool], "thesis.csv"}
    assert (here / "thesis.csv").read_text() == "precious"
    assert (tmp_path / "events.out.tfevents.1.minigrad").exists()


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    run, path = stored(FACTS, CONFIG, METRICS), tmp_path / "x.csv"
    path.write_text("precious")
    for out in (path, "x.csv"):
        with pytest.raises(ExportError, match=r"x\.csv exists already: --force replaces it"):
            write_export(run, to="csv", out=out)
    assert path.read_text() == "precious"
    write_export(run, to="csv", out=path, force=True)
    assert path.read_text().startswith("step,loss")


def test_a_csv_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "x.csv").write_text("earlier")
    monkeypatch.setattr(os, "fsync", full)
    for name in ("x.csv", "y.csv"):
        with pytest.raises(ExportError, match="No space left"):
            write_export(stored(FACTS, CONFIG, METRICS), to="csv", out=name, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
    assert (tmp_path / "x.csv").read_text() == "earlier"


def test_csv_goes_to_a_pipe_or_a_device_too(capfd: pytest.CaptureFixture[str]) -> None:
    write_export(stored(FACTS, CONFIG, METRICS), to="csv", out="/dev/stdout")
    assert capfd.readouterr().out.startswith("step,loss")


OWN = {**FACTS, "id": "own", "name": "own"}


@pytest.mark.parametrize(
    ("rows", "times"),
    [
        ([{"time": 3e9, "_time": 0.5}, {"time": -1.0, "_time": 1.5}], [0.5, 1.5]),
        ([{"time": 3e9}, {"time": 4e9}], [0.0, 0.0]),  # as it was logged before there was a clock
    ],
)
def test_a_metric_named_time_is_a_metric_and_no_clock(
    tmp_path: Path, rows: list[dict[str, float]], times: list[float]
) -> None:
    pytest.importorskip("tensorboard")
    lines = [{"step": step, **row} for step, row in enumerate(rows)]
    sentence = write_export(stored(OWN, {}, lines), to="tensorboard", out=tmp_path)
    assert sentence.startswith("wrote 2 steps of 1 metric to")
    events = accumulated(tmp_path / "own").Tensors("time")
    assert [number(event) for event in events] == pytest.approx([row["time"] for row in rows])
    assert [event.wall_time - START for event in events] == pytest.approx(times, abs=1e-3)


def test_lines_of_a_loop_of_ones_own_have_times_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    lines = [{"step": 0, "loss": 1.0, "time": 0.5}, {"step": 1, "loss": 0.5, "time": 2.5}]
    write_export(stored(OWN, {}, lines), to="tensorboard", out=tmp_path)
    events = accumulated(tmp_path / "own").Tensors("loss")
    assert [event.wall_time - START for event in events] == pytest.approx([0.5, 2.5], abs=1e-3)


def accumulated(directory: Path) -> Any:
    name = "tensorboard.backend.event_processing.event_accumulator"
    accumulator = importlib.import_module(name).EventAccumulator(str(directory))
    accumulator.Reload()
    return accumulator


def number(event: Any) -> float:
    (value,) = event.tensor_proto.float_val or np.frombuffer(
        event.tensor_proto.tensor_content, "f4"
    )
    return float(value)


def test_tensorboard_reads_scalars_with_steps_and_wall_times(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    sentence = write_export(stored(FACTS, CONFIG, METRICS), to="tensorboard", out="logs")
    directory = Path("logs") / FACTS["id"]
    assert sentence == (
        f"wrote 4 steps of 3 metrics to {directory}: see them with tensorboard --logdir logs"
    )
    read = accumulated(tmp_path / directory)
    loss = read.Tensors("loss")
    assert [event.step for event in loss] == [0, 5, 10, 11]
    assert [event.wall_time for event in loss] == [START, START + 0.5, START + 1.25, START + 1.5]
    numbers = [number(event) for event in loss]
    assert numbers[0] == float(np.float32(0.3))
    assert math.isnan(numbers[1])
    assert numbers[2:] == [math.inf, -math.inf]
    assert [(event.step, number(event)) for event in read.Tensors("val_loss")] == [(5, 0.0)]
    assert "time" not in read.Tags()["tensors"]
    content = read.SummaryMetadata("loss").plugin_data.plugin_name
    assert content == "scalars"


def test_tensorboard_reads_the_config_as_text_and_as_hparams(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    write_export(stored(FACTS, CONFIG, METRICS), to="tensorboard", out=tmp_path)
    read = accumulated(tmp_path / FACTS["id"])
    (text,) = read.Tensors("config")
    table = text.tensor_proto.string_val[0].decode().splitlines()
    assert table[:3] == ["| key | value |", "|---|---|", "| seed | 3 |"]
    assert "| model.hidden | [8, 4] |" in table
    assert "| note | a \\| b c |" in table
    metadata = importlib.import_module("tensorboard.plugins.hparams.metadata")
    raw = read.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    info = metadata.parse_session_start_info_plugin_data(raw)
    assert info.start_time_secs == START
    assert info.hparams["optimizer.lr"].number_value == 0.1
    assert info.hparams["optimizer.name"].string_value == "sgd"
    assert info.hparams["train.batch_size"].string_value == "null"


def test_exporting_to_tensorboard_again_replaces_what_was_there(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    for _ in range(2):
        write_export(stored(FACTS, CONFIG, METRICS), to="tensorboard", out=tmp_path)
    assert len(list((tmp_path / FACTS["id"]).iterdir())) == 1
    assert len(accumulated(tmp_path / FACTS["id"]).Tensors("loss")) == 4


def test_tensorboard_needs_no_tensorflow() -> None:
    pytest.importorskip("tensorboard")
    code = (
        "import sys; sys.modules['tensorflow'] = None; sys.modules['torch'] = None\n"
        "from minigrad.tracking.export import write_export\n"
        "from tests.minigrad.tracking.written import stored\n"
        "run = stored({}, {}, [{'step': 0, 'loss': 1.0}])\n"
        "print(write_export(run, to='tensorboard', out=None))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.startswith("wrote 1 step of 1 metric to tensorboard-logs/run"), done.stderr


@pytest.fixture
def client() -> Any:
    mlflow = pytest.importorskip("mlflow")
    return lambda database: mlflow.MlflowClient(tracking_uri=f"sqlite:///{database}")


mlflow_quiet = pytest.mark.filterwarnings("ignore")  # SQLAlchemy's and pydantic's, by turns


def only_run(client: Any) -> Any:
    experiment = client.get_experiment_by_name("xor").experiment_id
    (run,) = client.search_runs([experiment])
    return run


@mlflow_quiet
def test_mlflow_reads_params_metrics_tags_and_times(tmp_path: Path, client: Any) -> None:
    sentence = write_export(
        stored(FACTS, CONFIG | {"lr (top)": 1}, METRICS), to="mlflow", out="runs.db"
    )
    read = client(tmp_path / "runs.db")
    run = only_run(read)
    assert f"as run {run.info.run_id}: see it with mlflow ui" in sentence
    assert run.info.run_name == FACTS["id"]
    assert (run.info.start_time, run.info.end_time) == (1795378500250, 1795378503000)
    assert run.data.params["optimizer.lr"] == "0.1"
    assert run.data.params["model.hidden"] == "[8, 4]"
    assert run.data.params["lr _top_"] == "1"
    assert run.data.tags["mlflow.source.git.commit"] == "6347318"
    assert run.data.tags["minigrad.status"] == "finished"
    loss = read.get_metric_history(run.info.run_id, "loss")
    assert [(m.step, m.timestamp - 1795378500250) for m in loss] == [
        (0, 0),
        (5, 500),
        (10, 1250),
        (11, 1500),
    ]
    assert loss[0].value == 0.1 + 0.2
    assert math.isnan(loss[1].value)
    assert [m.value for m in loss[2:]] == [sys.float_info.max, -sys.float_info.max]
    assert [m.value for m in read.get_metric_history(run.info.run_id, "val_loss")] == [1e-300]


@mlflow_quiet
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
def test_mlflow_knows_how_a_run_ended(
    status: str, theirs: str, tmp_path: Path, client: Any
) -> None:
    write_export(stored(FACTS | {"status": status}, CONFIG, METRICS), to="mlflow", out=None)
    assert only_run(client(tmp_path / "mlflow.db")).info.status == theirs


@mlflow_quiet
def test_exporting_to_mlflow_again_replaces_what_was_there(tmp_path: Path, client: Any) -> None:
    lines = [{"step": i, "loss": 1.0 / (i + 1), "time": i / 1000} for i in range(2500)]
    for _ in range(2):
        write_export(stored(FACTS, CONFIG, lines), to="mlflow", out=tmp_path)
    read = client(tmp_path / "mlflow.db")
    assert len(read.get_metric_history(only_run(read).info.run_id, "loss")) == 2500


@mlflow_quiet
@pytest.mark.usefixtures("client")
def test_what_mlflow_refuses_is_told_in_a_line() -> None:
    with pytest.raises(ExportError, match=r"^mlflow at nonsense://x: .+$"):
        write_export(stored(FACTS, CONFIG, METRICS), to="mlflow", out="nonsense://x")
