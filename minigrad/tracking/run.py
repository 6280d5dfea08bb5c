"""A run being written: a directory of plain files, whole at every moment."""

import json
import math
import operator
import shutil
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from minigrad.files import yaml12
from minigrad.files.whole import Lines, relink
from minigrad.tracking import environment, layout
from minigrad.tracking.destination import Destination, Directory, Output, make_directory
from minigrad.tracking.facts import RunFacts, Status, now
from minigrad.tracking.names import LATEST
from minigrad.tracking.reading import read_config, read_facts


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

    def __init__(
        self,
        destination: Destination,
        facts: RunFacts,
        config: str | None = None,
        last_step: int = -1,
    ) -> None:
        """`config` is YAML text; None leaves what is there. Raises OSError, with all closed."""
        self.facts = facts
        self.summary: dict[str, Any] = {}
        self.last_step = last_step
        self._destination = destination
        self._lock = threading.Lock()
        try:
            if config is not None:
                destination.write(layout.CONFIG, config.encode())
            self._write_facts()
        except OSError:
            destination.close()
            raise

    @property
    def path(self) -> Path:
        return self._destination.path

    @property
    def output(self) -> Output:
        """What is written to it goes to output.log."""
        return self._destination.output

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was given, read from its file."""
        return read_config(self.path)

    def log(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Append one line; once this returns, the line outlives the process however it ends.

        `step` counts from 0 and defaults to the one after the last. nan and infinities are written
        as the texts "nan", "inf" and "-inf", for JSON has no such numbers; None is left out.

        Raises ValueError for a step before the last one, for metrics that are no numbers and for a
        run that is finished; TypeError for a step that is no whole number; OSError where the disk
        is full.
        """
        with self._lock:
            if self.facts.status != "running":
                raise ValueError(f"log: run {self.id} is finished")
            if "step" in metrics:
                raise ValueError("log: 'step' is no metric: write log({...}, step=...)")
            step = self.last_step + 1 if step is None else operator.index(step)
            if step < self.last_step:
                raise ValueError(
                    f"log: step {step} comes after step {self.last_step}: steps may not go back"
                )
            line = {
                "step": step,
                **{k: _json_number(k, v) for k, v in metrics.items() if v is not None},
            }
            self._destination.append(json.dumps(line))
            self.last_step = step

    def save_checkpoint(
        self, state: dict[str, Any], files: Mapping[str, bytes] | None = None
    ) -> None:
        """Replace the checkpoint by a state that JSON can hold, and `files` that belong to it.

        Raises OSError.
        """
        self._destination.write_checkpoint(state, dict(files or {}))

    def finish(self, status: Status = "finished", error: str | None = None, **facts: Any) -> None:
        """Close the run with its last status and whatever else is to stand in run.json."""
        with self._lock:
            self.facts.update(status=status, ended=now(), error=error, **facts)
            try:
                self._write_facts()
            finally:
                self._destination.close()

    def abandon(self, error: str) -> None:
        """Mark a running run as interrupted, in a process that ends at once. Raises OSError.

        It waits for no lock, since what holds it may never come to its end.
        """
        if self.facts.status == "running":
            self.facts.update(status="interrupted", ended=now(), error=error)
            self._write_facts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.facts.status != "running":
            return
        if error is None:
            self.finish()
            return
        self.output.write("".join(traceback.format_exception(kind, error, trace)))
        stopped = isinstance(error, KeyboardInterrupt)
        self.finish("interrupted" if stopped else "failed", error=_sentence(error))

    def _write_facts(self) -> None:
        self.facts.summary = self.summary
        self._destination.write(layout.RUN, self.facts.to_bytes())


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
    try:
        opening = RunFacts.opening(
            name, surroundings, id=path.name, tags=list(tags), group=group, **facts
        )
        run = Run(Directory(path), opening, text)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)  # it holds nothing yet
        raise
    relink(path.parent / LATEST, path.name)
    return run


def hold(path: Path) -> Lines:
    """Take a stopped run for this process alone, until what it returns is closed.

    Nothing that is read of a run before that can be relied on, for another process may be writing
    it. Raises OSError, naming that process, where one is.
    """
    return Lines(path / layout.METRICS)


def reopen(path: Path, last_step: int, config: str, held: Lines | None = None, **facts: Any) -> Run:
    """Go on with a run that stopped after logging `last_step`, under a config that may allow more
    steps. What it was made with before is kept under "resumed". `held` is what `hold` returned.

    Raises OSError where it cannot be written, or another process is writing it.
    """
    resumed, _ = RunFacts.from_data(read_facts(path))
    recorded = resumed.to_data()
    made_with = {key: recorded[key] for key in environment.RECORDED if key in recorded}
    resumed.update(
        **environment.describe(),
        status="running",
        ended=None,
        error=None,
        expectations=None,
        resumed=[*(resumed.resumed or []), {"at": now(), "made_with": made_with}],
        **facts,
    )
    directory = Directory(path, held)
    run = Run(directory, resumed, last_step=last_step)
    relink(path.parent / LATEST, path.name)
    try:
        directory.write(layout.CONFIG, config.encode())
    except OSError:
        run.finish("failed", error="the config could not be written")
        raise
    return run


def _json_number(name: str, number: object) -> float | str:
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
