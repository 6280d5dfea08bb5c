"""What a stored run says twice, compared without training: a claim that contradicts another one is
damage too. Whether all of them hold, `verify` tells.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from minigrad.config.models import Expectations
from minigrad.runner.expectations import judge, judge_seeds, met_by
from minigrad.runner.interrupts import AT_ONCE
from minigrad.tracking import checkpoint, environment, layout
from minigrad.tracking.annotations import ANNOTATIONS
from minigrad.tracking.check import TESTED
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.facts import RunFacts, excerpt
from minigrad.tracking.reading import read_file
from minigrad.tracking.store import StoredRun, StoreError
from minigrad.training import seeds
from minigrad.training.trainer import StepRecord

_RECORDED = {
    *(one.name for one in fields(RunFacts) if one.name != "extra"),
    *environment.RECORDED,
    *ANNOTATIONS,
}
STOPPED_AFTER = re.compile(r"after step (\d+)(?: of \d+, at loss (.*))?")
"""What the error of an interrupted run says, unless a second signal ended it at once."""
_LOSSES = ("initial_loss", "final_loss", "val_loss")
_RESULTS = {
    *(*_LOSSES, "final_accuracy", "val_accuracy", "steps", "best_step", "seconds"),
    *(f"{name}_in_target_units" for name in _LOSSES),
    *(f"test_{name}" for name in TESTED),
}
_OF_SEEDS = {
    *("initial_loss", "final_loss", "final_loss_q25", "final_loss_q75", "worst_loss"),
    *("final_accuracy", "val_loss", "worst_seed", "seeds", "diverged", "steps", "met", "seconds"),
}


def unrecorded_keys(run: StoredRun) -> list[str]:
    """Keys of run.json that no training of a config records."""
    return [key for key in run.run_json if key not in _RECORDED]


def contradictions(run: StoredRun) -> Iterator[str]:
    """A sentence for each claim of an ended run that another one contradicts, or that nobody
    makes. Nothing is said of a loop of the user's own, nor of files that cannot be read: that is
    damage of another kind. Never raises for what it finds.
    """
    if run.damage or run.facts.engine is None or run.alive is not False:
        return
    try:
        config, rows = run.config, run.metrics()
    except StoreError:
        return
    for examine in (_of_record, _of_lines, _of_status, _of_summary, _of_seeds, _of_checkpoint):
        try:
            yield from examine(run, config, rows)
        except (StoreError, CheckpointError, ValidationError):
            pass  # which check says
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            yield f"{layout.RUN}: what it claims is not of the kind that a run leaves"


# Each gives sentences on some claims, and may raise an error for what is no claim at all.


def _of_record(run: StoredRun, config: Mapping[str, Any], _rows: Any) -> Iterator[str]:
    facts, train = run.facts, config["train"]
    claims = (
        ("name", facts.name, config.get("name")),
        ("seed", facts.seed, config.get("seed")),
        ("engine", facts.engine, train.get("engine")),
    )
    for key, recorded, configured in claims:
        if configured is not None and recorded != configured:
            a, b = excerpt(recorded), excerpt(configured)
            yield f"{layout.RUN} has the {key} {a}, {layout.CONFIG} {b}"
    for key in unrecorded_keys(run):
        yield f"{layout.RUN} has {excerpt(key)}, which no training records"


def _of_lines(
    _run: StoredRun, config: Mapping[str, Any], rows: list[dict[str, float]]
) -> Iterator[str]:
    known = {one.name for one in fields(StepRecord)}
    if config["train"].get("seeds") is not None:
        from minigrad.training.replicas import ReplicaRecord  # here, since it imports numpy

        known = {one.name for one in fields(ReplicaRecord)}
    unknown = dict.fromkeys(key for row in rows for key in row if key not in known)
    for key in list(unknown)[:3]:
        yield f"{layout.METRICS} has {excerpt(key)}, which no training logs"


def _of_status(run: StoredRun, config: Mapping[str, Any], rows: Any) -> Iterator[str]:
    status, error, steps = run.facts.status, run.facts.error, config["train"].get("steps")
    if status == "finished" and error is not None:
        yield f"its status is finished, with the error {excerpt(error)}"
    if status in ("failed", "diverged", "interrupted") and not error:
        yield f"its status is {status}, and it does not say why"
    is_done = rows and int(rows[-1]["step"]) == steps - 1
    if status == "interrupted" and is_done and AT_ONCE not in (error or ""):
        yield f"its status is interrupted, and all {steps:,} steps are done"
    if status != "finished" and (claimed := run.summary.keys() - {"seeds", "diverged"}):
        yield f"its status is {status}, and its summary has {excerpt(min(claimed))}"


def _of_summary(run: StoredRun, config: Mapping[str, Any], _rows: Any) -> Iterator[str]:
    if run.facts.status != "finished":
        return
    summary, train = run.summary, config["train"]
    of_many = train.get("seeds") is not None
    for key in summary.keys() - (_OF_SEEDS if of_many else _RESULTS):
        yield f"the summary has {excerpt(key)}, which no training measures"
    for key in ("initial_loss", "final_loss", "steps"):
        if key not in summary:
            yield f"the summary has no {key}, and its status is finished"
    steps, done = train.get("steps"), summary.get("steps")
    if done is not None and (done > steps or (done < steps and train.get("patience") is None)):
        yield f"the summary says {done:,} steps, {layout.CONFIG} {steps:,}"
    data = config["data"]
    is_tested = bool(data.get("test_fraction") or data.get("test_path")) and not of_many
    if is_tested != ("test_loss" in summary):
        what = "no" if is_tested else "a"
        yield f"the summary has {what} test_loss, unlike what {layout.CONFIG} asks for"
    if not of_many and "final_loss" in summary and "initial_loss" in summary:
        expect = Expectations.model_validate(config.get("expect") or {})
        verdicts = judge(expect, summary["initial_loss"], summary["final_loss"])
        yield from _unlike(run, [asdict(one) for one in verdicts])


def _unlike(run: StoredRun, verdicts: list[dict[str, Any]]) -> Iterator[str]:
    """Whether the stored verdicts are not those that follow. The words of older runs differ."""
    keys = ("name", "expected", "found", "met")
    stored = [[one.get(key) for key in keys] for one in run.facts.expectations or []]
    if stored != json.loads(json.dumps([[one[key] for key in keys] for one in verdicts])):
        yield "the verdicts on its expectations do not follow from its results"


def _of_seeds(run: StoredRun, config: Mapping[str, Any], _rows: Any) -> Iterator[str]:
    setting = config["train"].get("seeds")
    is_there = (run.path / layout.SEEDS).is_file()
    if setting is None:
        if is_there:
            yield f"{layout.SEEDS} is there, and it is a run of one seed"
        return
    if run.facts.status != "finished":
        return
    if not is_there:
        yield f"{layout.SEEDS} is missing"
        return
    from minigrad.training.seed_table import SeedTable  # here, since it imports numpy

    table = SeedTable.from_bytes(read_file(run.path, layout.SEEDS))
    if table.seeds.tolist() != seeds.parse(setting):
        yield f"{layout.SEEDS} has other seeds than {layout.CONFIG}"
        return
    expect = Expectations.model_validate(config.get("expect") or {})
    verdicts = judge_seeds(expect, table)
    counts = {"seeds": len(table.seeds), "diverged": int((table.diverged_at >= 0).sum())}
    follows = {**table.summary(), **counts, "met": met_by(expect, table) if verdicts else None}
    for key, number in follows.items():
        if key in run.summary and run.summary[key] != number:
            a, b = excerpt(run.summary[key]), excerpt(number)
            yield f"the summary has the {key} {a}, {layout.SEEDS} {b}"
    yield from _unlike(run, [asdict(one) for one in verdicts])


def _of_checkpoint(run: StoredRun, config: Mapping[str, Any], _rows: Any) -> Iterator[str]:
    path: Path = run.path / layout.CHECKPOINT
    status = run.facts.status
    if not path.is_file():
        if status == "finished":
            yield f"{layout.CHECKPOINT} is missing: the trained model was there"
        return
    state = checkpoint.read(path)
    step, done = state.get("step"), run.summary.get("steps")
    if status == "finished" and done is not None and step != done:
        yield f"{layout.CHECKPOINT} is of {excerpt(step)} steps, the summary says {done:,}"
    stop = STOPPED_AFTER.search(run.facts.error or "")
    if status == "interrupted" and stop and int(stop[1]) + 1 != step:
        yield f"it says {stop[0]!r}, and {layout.CHECKPOINT} is of {excerpt(step)} steps"
    follows = any(config["train"].get(key) is not None for key in ("keep_best", "patience"))
    if follows != ("best" in state) or (status == "finished" and not _best_is_alike(run, state)):
        yield f"{layout.CHECKPOINT} has another best model than config and summary say"
    shapes = state["model"]["parameters"].values() if "model" in state else []
    numbers = state["parameters"]
    if config["train"].get("engine") == "eager" and shapes and len(numbers) != _size(shapes):
        yield f"{layout.CHECKPOINT} has {len(numbers):,} parameters, its model {_size(shapes):,}"


def _best_is_alike(run: StoredRun, state: Mapping[str, Any]) -> bool:
    """Whether the best model in the state is the one that the summary and the log have."""
    best = state.get("best")
    if best is None:
        return "best_step" not in run.summary
    losses = {int(row["step"]): row.get("val_loss") for row in run.metrics()}
    chosen = best["step"] if best.get("last") is None else state["step"]
    is_logged = losses.get(best["step"], best["val_loss"]) == best["val_loss"]
    return bool(is_logged and run.summary.get("best_step") == chosen)


def _size(shapes: Iterable[Sequence[int]]) -> int:
    return sum(math.prod(shape) for shape in shapes)
