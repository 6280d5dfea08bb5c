"""A run being written: a directory of plain files, whole at every moment."""

import json
import math
import operator
import re
import secrets
import shutil
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from minigrad.files import yaml12
from minigrad.files.whole import Lines, relink, replace
from minigrad.tracking import checkpoint, environment
from minigrad.tracking.output import OutputLog

Status: TypeAlias = Literal["running", "finished", "failed", "diverged", "interrupted"]

_SUFFIX_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"  # no l, which reads as 1


class Run:
    """A run's directory, from `init()` or `reopen()`.

        run.json          what ran, where, when, its status and its summary
        config.yaml       the config as it ran
        metrics.jsonl     one JSON object a logged step
        output.log        what the run printed
        checkpoint.json   the state to resume from, if the run saves one

    Use it in a `with` block: the run is finished at its end, and an exception that leaves the block
    marks it failed, with the traceback in output.log. It may be used from several threads.
    """

    def __init__(self, path: Path, facts: dict[str, Any], last_step: int = -1) -> None:
        self.path = path
        self.facts = facts
        self.summary: dict[str, Any] = {}
        self.last_step = last_step
        self._lock = threading.Lock()
        self._metrics = Lines(path / "metrics.jsonl")
        self.output = OutputLog(path / "output.log")
        try:
            self._write_facts()
            relink(path.parent / "latest", path.name)
        except OSError:
            self._close()
            raise

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was given, read from its file."""
        config: dict[str, Any] = yaml12.parse((self.path / "config.yaml").read_bytes()).data or {}
        return config

    def log(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Append one line; once this returns, the line outlives the process however it ends.

        `step` counts from 0 and defaults to the one after the last. nan and infinities are written
        as the texts "nan", "inf" and "-inf", for JSON has no such numbers; None is left out.

        Raises ValueError for a step before the last one, for metrics that are no numbers and for a
        run that is finished; TypeError for a step that is no whole number; OSError where the disk
        is full.
        """
        with self._lock:
            if self._metrics.closed:
                raise ValueError(f"log: run {self.id} is finished")
            if "step" in metrics:
                raise ValueError("log: 'step' is no metric: write log({...}, step=...)")
            step = self.last_step + 1 if step is None else operator.index(step)
            if step < self.last_step:
                raise ValueError(
                    f"log: step {step} comes after step {self.last_step}: steps may not go back"
                )
            line = {"step": step, **{k: _plain(k, v) for k, v in metrics.items() if v is not None}}
            self._metrics.append(json.dumps(line))
            self.last_step = step

    def save_checkpoint(
        self, state: dict[str, Any], files: Mapping[str, bytes] | None = None
    ) -> None:
        """Replace the checkpoint by a state that JSON can hold, and `files` that belong to it.

        Raises OSError.
        """
        self._metrics.sync()  # the log must not end before the state that goes on from it
        for name, content in (files or {}).items():
            replace(self.path / name, content)
        checkpoint.write(self.path, state)

    def finish(self, status: Status = "finished", error: str | None = None, **facts: Any) -> None:
        """Close the run with its last status and whatever else is to stand in run.json."""
        with self._lock:
            self.facts |= {"status": status, "ended": _now(), "error": error, **facts}
            try:
                self._write_facts()
            finally:
                self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.facts["status"] != "running":
            return
        if error is None:
            self.finish()
            return
        self.output.write("".join(traceback.format_exception(kind, error, trace)))
        stopped = isinstance(error, KeyboardInterrupt)
        self.finish("interrupted" if stopped else "failed", error=_sentence(error))

    def _write_facts(self) -> None:
        self.facts["summary"] = self.summary
        text = json.dumps(self.facts, indent=2, default=str)
        replace(self.path / "run.json", text.encode() + b"\n")

    def _close(self) -> None:
        self._metrics.close()
        self.output.close()


def init(
    name: str = "run",
    config: Mapping[str, Any] | str | None = None,
    *,
    store: str | Path = "runs",
    tags: Sequence[str] = (),
    group: str | None = None,
    **facts: Any,
) -> Run:
    """Start a run in a new directory below `store`, for any loop of one's own.

        with minigrad.tracking.init(name="mine", config={"lr": 0.1}) as run:
            for step in range(100):
                run.log({"loss": ...}, step=step)
            run.summary["best"] = ...

    `config` is a mapping of plain data, or YAML text. Several processes may share a store: the
    directory is named by UTC time, name and a random suffix, and is never used twice.

    Raises OSError where the store cannot be written, TypeError for a config that is no plain data.
    """
    text = config if isinstance(config, str) else yaml12.dump(dict(config or {}))
    surroundings = environment.describe()  # takes its time: not while the directory is half made
    path = make_directory(Path(store), name)
    started: dict[str, Any] = {
        "id": path.name,
        "name": name,
        "status": "running",
        "argv": sys.argv,
        "started": _now(),
        "ended": None,
        "tags": list(tags),
        "group": group,
    }
    ends: dict[str, Any] = {"summary": {}, "error": None}
    try:
        (path / "config.yaml").write_text(text, encoding="utf-8")
        return Run(path, {**started, **facts, **surroundings, **ends})
    except OSError:
        shutil.rmtree(path, ignore_errors=True)  # it holds nothing yet
        raise


def reopen(path: Path, last_step: int, config: str, **facts: Any) -> Run:
    """Go on with a run that has stopped after logging `last_step`, under a config that may allow
    more steps. What it was made with before is kept under "resumed".

    Raises OSError where it cannot be written, or another process is writing it.
    """
    before = json.loads((path / "run.json").read_bytes())
    made_with = {key: before.get(key) for key in ("python", "platform", "packages", "code")}
    resumed = [*before.get("resumed", []), {"at": _now(), "made_with": made_with}]
    before.pop("expectations", None)
    now: dict[str, Any] = {
        "status": "running",
        "ended": None,
        "error": None,
        "resumed": resumed,
        "summary": {},
    }
    run = Run(path, {**before, **environment.describe(), **now, **facts}, last_step)
    try:
        replace(path / "config.yaml", config.encode())
    except OSError:
        run.finish("failed", error="the config could not be written")
        raise
    return run


def make_directory(store: Path, name: str) -> Path:
    """A new directory below `store`, named by UTC time, `name` and chance. Raises OSError."""
    store.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "run"
    while True:
        suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(4))
        path = store / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{slug}-{suffix}"
        try:
            path.mkdir()  # fails where it exists: no run is ever written into another
        except FileExistsError:
            continue
        return path


def _plain(name: str, number: object) -> float | str:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        try:
            number = float(number)  # type: ignore[arg-type] # a Value, or a number of numpy's
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"log: {name!r} must be a number, found {number!r}") from None
    try:
        return number if math.isfinite(number) else str(float(number))
    except OverflowError:
        raise ValueError(f"log: {name!r} is a whole number too large for a float") from None


def _sentence(error: BaseException) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
