"""Exports a stored run: to a CSV file, TensorBoard's event files, or an MLflow database."""

import contextlib
import csv
import functools
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from minigrad.files.whole import Taken, check_free, write_out
from minigrad.registry import suggestion
from minigrad.tracking.reading import CLOCK
from minigrad.tracking.store import StoredRun

_MLFLOW_BATCH = 1000  # the most that its servers take at once


class ExportError(ValueError):
    """An export that is impossible; the message is one sentence with the reason and a remedy."""


class _ExportedRun:
    """What is exported of a run; missing facts have defaults, for damaged runs are exported too."""

    def __init__(self, run: StoredRun) -> None:
        self.id, self.status, self.facts = run.id, run.status, run.facts
        self.config, self.metrics = run.flat_config(), run.metrics()

    @property
    def names(self) -> list[str]:
        """What was measured, in the order of first appearance."""
        return list(dict.fromkeys(name for line in self.metrics for name, _ in self.measured(line)))

    @property
    def size(self) -> str:
        return f"{_count(len(self.metrics), 'step')} of {_count(len(self.names), 'metric')}"

    @functools.cached_property
    def clock(self) -> str:
        """The metric that says when a line was logged, in seconds since the start.

        It is "time", unless that is a metric: then there is another clock beside it, or, in runs
        that were logged before there was one, its values go beyond the run's length.
        """
        if any(CLOCK in line for line in self.metrics):
            return CLOCK
        seconds = _seconds(self.facts.ended) - _seconds(self.facts.started) + 1
        times = [float(line["time"]) for line in self.metrics if "time" in line]
        own = self.facts.engine is None and self.facts.ended and self.facts.started
        return CLOCK if own and not all(0 <= time <= seconds for time in times) else "time"

    def when(self, line: Mapping[str, Any]) -> float:
        """Seconds since 1970 at which a line was logged."""
        since = float(line.get(self.clock, 0.0))
        return _seconds(self.facts.started) + (since if math.isfinite(since) else 0.0)

    def measured(self, line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
        for name, value in line.items():
            if name not in ("step", CLOCK, self.clock) and value is not None:
                yield name, float(value)  # of the text "nan" too


def write_export(run: StoredRun, *, to: str, out: str | Path | None, force: bool = False) -> str:
    """Write a run where another tool reads it, and say in one sentence what is where now. To
        csv           one row a line, one column a metric, every number to its last digit
        tensorboard   scalars by step and wall time, the config as text and as hparams
        mlflow        params, metrics with their times, status and git commit as tags
    `out` is a CSV file, TensorBoard's log directory, or MLflow's database file or tracking URI.
    Files are named after the run's directory. A CSV file that is there already is replaced only
    with `force`; event files and an MLflow run that an earlier export of this run left are replaced
    once the new ones are whole, and nothing else is.

    Raises ExportError, and StoreError where the run cannot be read.
    """
    if to not in _WRITERS:
        raise ExportError(f"unknown export {to!r}: {suggestion(to, _WRITERS)}")
    try:
        return _WRITERS[to](_ExportedRun(run), out, force)
    except Taken as error:
        raise ExportError(str(error)) from None
    except OSError as error:
        place = error.filename or out or to
        raise ExportError(f"{place}: cannot be written: {error.strerror or error}") from None


def _to_csv(run: _ExportedRun, out: str | Path | None, force: bool) -> str:
    """nan and infinities become nan, inf, -inf; what was not measured stays empty."""
    path = Path(out or f"{run.id}.csv")
    if path.is_dir():
        path /= f"{run.id}.csv"
    columns = dict.fromkeys(["step", *(name for line in run.metrics for name in line)])
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(run.metrics)
    content = text.getvalue().encode(errors="backslashreplace")
    check_free(path, force)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_out(path, content)
    return f"wrote {run.size} to {path}"


def _to_tensorboard(run: _ExportedRun, out: str | Path | None, force: bool) -> str:  # noqa: ARG001
    """Event files without TensorFlow; those of an earlier export of the run are replaced.

    Numbers are 32-bit: TensorBoard's own server passes over scalars of 64. So they keep 7 digits,
    below 1e-45 they are 0, above 3e38 infinite; nan and infinities stay what they are.
    """
    writers = _need("tensorboard", "tensorboard.summary.writer.event_file_writer")
    event_pb2 = _need("tensorboard", "tensorboard.compat.proto.event_pb2")
    logs = Path(out or "tensorboard-logs")
    directory = logs / run.id
    earlier = list(directory.glob("events.out.tfevents.*.minigrad"))
    writer = writers.EventFileWriter(str(directory), filename_suffix=".minigrad")
    for wall_time, step, summary in _summaries(run):
        writer.add_event(event_pb2.Event(wall_time=wall_time, step=step, summary=summary))
    writer.close()
    for path in earlier:  # two files in a directory would be shown as one run, every step twice
        path.unlink()
    return f"wrote {run.size} to {directory}: see them with tensorboard --logdir {logs}"


def _summaries(run: _ExportedRun) -> Iterator[tuple[float, int, Any]]:
    """Wall time, step and content of each event."""
    scalar = _need("tensorboard", "tensorboard.plugins.scalar.summary_v2")
    text = _need("tensorboard", "tensorboard.plugins.text.summary_v2")
    hparams = _need("tensorboard", "tensorboard.plugins.hparams.summary_v2")
    numpy = import_module("numpy")
    start = run.when({})
    config = {key: _hparam(value) for key, value in run.config.items()}
    yield start, 0, hparams.hparams_pb(config, trial_id=run.id, start_time_secs=start)
    rows = [f"| {_cell(key)} | {_cell(_as_text(value))} |" for key, value in run.config.items()]
    yield start, 0, text.text_pb("config", "\n".join(["| key | value |", "|---|---|", *rows]))
    for line in run.metrics:
        for name, value in run.measured(line):
            with numpy.errstate(over="ignore", under="ignore"):
                yield run.when(line), int(line["step"]), scalar.scalar_pb(name, value)


def _to_mlflow(run: _ExportedRun, out: str | Path | None, force: bool) -> str:  # noqa: ARG001
    """Through MLflow's own client; the experiment is called as the run is named.

    `force` is of no use here: an earlier export of the run is replaced once this one is whole.

    Times are whole milliseconds. nan stays nan; MLflow stores infinities as the largest numbers
    that a float holds, 1.8e308 and its opposite. In names, what it refuses becomes "_".
    """
    client_class = _need("mlflow", "mlflow.tracking").MlflowClient
    errors = _need("mlflow", "mlflow.exceptions")
    uri, place = _tracking_uris(out)
    try:
        client = client_class(tracking_uri=uri)
        experiment = _experiment(client, run.facts.name or "minigrad")
        earlier = client.search_runs([experiment], f"tags.`minigrad.id` = '{run.id}'")
        logged = _log_to_mlflow(client, experiment, run)
        for old in earlier:
            client.delete_run(old.info.run_id)
    except errors.MlflowException as error:
        raise ExportError(f"mlflow at {place}: {str(error).splitlines()[0]}") from None
    seen = f"see it with mlflow ui --backend-store-uri {place}"
    return f"wrote {run.size} to {place} as run {logged}: {seen}"


def _tracking_uris(out: str | Path | None) -> tuple[str, str]:
    """For the client and for the user. A path is an SQLite database's: MLflow opens no directories.

    The client's is absolute, since MLflow keeps what it opened once, wherever one has gone since.
    """
    if out is not None and "://" in str(out):
        return str(out), str(out)
    path = Path(out or "mlflow.db")
    if path.is_dir():
        path /= "mlflow.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path.absolute()}", f"sqlite:///{path}"


def _experiment(client: Any, name: str) -> str:
    existing = client.get_experiment_by_name(name)
    return str(existing.experiment_id if existing else client.create_experiment(name))


def _log_to_mlflow(client: Any, experiment: str, run: _ExportedRun) -> str:
    """Create an MLflow run with the run's tags, params, metrics and end; return its id."""
    entities = _need("mlflow", "mlflow.entities")
    commit = (run.facts.git or {}).get("commit")
    status = run.status
    tags = {"minigrad.id": run.id, "minigrad.status": status}
    if commit:
        tags["mlflow.source.git.commit"] = commit
    started = round(1000 * run.when({}))
    keys, names = _allowed(run.config), _allowed(run.names)
    params = [entities.Param(keys[key], _as_text(value)) for key, value in run.config.items()]
    metrics = [
        entities.Metric(names[name], value, round(1000 * run.when(line)), int(line["step"]))
        for line in run.metrics
        for name, value in run.measured(line)
    ]
    new = client.create_run(experiment, start_time=started, tags=tags, run_name=run.id).info.run_id
    try:
        for batch in _batches(params, 100):
            client.log_batch(new, params=batch)
        for batch in _batches(metrics, _MLFLOW_BATCH):
            client.log_batch(new, metrics=batch)
    except BaseException:  # refused, or interrupted: it would be shown as running for ever
        with contextlib.suppress(Exception):
            client.set_terminated(new, "FAILED")
            client.delete_run(new)
        raise
    if status != "running":
        ended = run.facts.ended
        end_time = round(1000 * _seconds(ended)) if ended else None
        client.set_terminated(new, _MLFLOW_STATUS.get(status, "FAILED"), end_time=end_time)
    return str(new)


_MLFLOW_STATUS = {"finished": "FINISHED", "interrupted": "KILLED"}  # all else is FAILED
_WRITERS = {"csv": _to_csv, "tensorboard": _to_tensorboard, "mlflow": _to_mlflow}


def _need(package: str, module: str) -> Any:
    """A module of an optional package. Raises ExportError if it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        missing = "" if (error.name or "").split(".")[0] == package else f" ({error})"
        raise ExportError(
            f"exporting to {package} needs a package that is not installed{missing}: "
            f"pip install 'minigrad-lab[{package}]'"
        ) from None


def _seconds(moment: Any) -> float:
    """Seconds from 1970 to an ISO time, or 0 where it is none."""
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(str(moment)).timestamp()
    return 0.0


def _hparam(value: Any) -> bool | float | str:
    return value if isinstance(value, (bool, int, float, str)) else _as_text(value)


def _as_text(value: Any) -> str:
    """A config's value as text: what is no text itself as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _cell(text: str) -> str:
    """For a table in Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")


def _allowed(names: Iterable[str]) -> dict[str, str]:
    """By name, one that MLflow takes: what it refuses becomes "_", or, where two would become the
    same, its number in Unicode.
    """
    names = list(names)
    simple = {name: _REFUSED.sub("_", name) for name in names}
    counts = Counter(simple.values())
    taken = {name for name in names if simple[name] == name}
    for name in names:
        if simple[name] != name and counts[simple[name]] > 1:
            simple[name] = _REFUSED.sub(lambda match: f"_{ord(match[0]):x}_", name)
            while simple[name] in taken:
                simple[name] += "_"
        taken.add(simple[name])
    return simple


_REFUSED = re.compile(r"[^\w\-. :/]")


def _batches(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
