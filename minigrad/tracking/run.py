"""Writes a run: a directory of plain files, complete at every moment."""

import atexit
import json
import math
import operator
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from minigrad.files.whole import Lines, relink
from minigrad.tracking import environment, exiting, layout
from minigrad.tracking.annotations import locked, read_annotations
from minigrad.tracking.destination import Destination, Directory, Output
from minigrad.tracking.facts import STATUSES, RunFacts, Status, now
from minigrad.tracking.names import LATEST
from minigrad.tracking.plain import config_text, summary_value, to_plain
from minigrad.tracking.reading import CLOCK, MAX_STEP, read_config, read_facts

_open_runs: set["Run"] = set()
"""Those of this process that are not finished; they are at its end."""


class Summary(MutableMapping[str, Any]):
    """The results of a run, by name; each change is written to run.json at once.

    A value is plain data. Raises TypeError and ValueError for another, which name the key.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        key, value = _result(key, value)
        self._values[key] = value
        self._run._write_summary()

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._run._write_summary()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


class Run:
    """A run's directory, from `init()` or `reopen()`.

        run.json          what ran, where, when, its status and its summary
        config.yaml       the config as it ran
        metrics.jsonl     one JSON object a logged step
        output.log        what the run printed
        checkpoint.json   the state to resume from, if the run saves one

    Use it in a `with` block: the run is finished at its end, and an exception that leaves the block
    marks it failed, with the traceback in output.log. Without one, it is finished at the end of the
    program, as failed where an exception or `sys.exit(3)` ended that. It may be used from several
    threads. In a forked child it does nothing: the run is the parent's.
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
        self.last_step = last_step
        self._summary = Summary(self)
        self._destination = destination
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._begun = time.monotonic()
        self._lines = 0
        self._is_written = False
        self._names: dict[str, str] = {}
        """Each metric's name, as a line has it: checked and encoded once."""
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
        """A stream that writes to output.log."""
        return self._destination.output

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def summary(self) -> Summary:
        """The results: `run.summary["best"] = 0.1` is written to run.json at once."""
        return self._summary

    @summary.setter
    def summary(self, values: Any) -> None:
        if values is not self._summary:  # as it is after `run.summary |= ...`
            self._summary.clear()
            self._summary.update(values)

    @property
    def config(self) -> dict[str, Any]:
        """The config as it was given, read from its file."""
        return read_config(self.path)

    def log(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Append one line; once this returns, the line outlives the process however it ends.

        `step` counts from 0 and defaults to the one after the last. nan and infinities are written
        as the texts "nan", "inf" and "-inf", for JSON has no such numbers; None is left out. The
        seconds since the run began are written too, as "time", or as "_time" beside a metric of
        that name; the runs of `minigrad.train` write their own.

        Raises ValueError for a step below 0 or before the last one, for metrics that are no numbers
        and for a run that is finished; TypeError for a step that is no whole number or a name that
        is no text; OSError where the disk is full.
        """
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self.facts.status != "running":
                raise ValueError(f"log: run {self.id} is finished")
            exiting.forget()
            step = self.last_step + 1 if step is None else _step(step, self.last_step)
            line = [f'{{"step": {step}']
            for name, value in metrics.items():
                encoded = self._names.get(name) or self._add_name(name)
                if type(value) is float and value - value == 0:  # finite, as nearly all are
                    line.append(encoded + float.__repr__(value))
                elif value is not None:
                    line.append(encoded + _number(name, value))
            if self.facts.engine is None:
                clock = CLOCK if "time" in metrics else "time"
                line.append(f', "{clock}": {round(time.monotonic() - self._begun, 6)}')
            self._destination.append("".join(line) + "}")
            self.last_step = step
            self._lines += 1

    def _add_name(self, name: object) -> str:
        encoded = self._names[_metric_name(name)] = f", {json.dumps(name)}: "
        return encoded

    def save_checkpoint(
        self, state: dict[str, Any], files: Mapping[str, bytes] | None = None
    ) -> None:
        """Replace the checkpoint by a state that JSON can hold, and `files` that belong to it.

        Raises OSError.
        """
        if os.getpid() == self._pid:
            self._destination.write_checkpoint(state, dict(files or {}))

    def save_file(self, name: str, content: bytes) -> None:
        """Write a file of this name into the run's directory, the whole of it or nothing.

        Raises OSError.
        """
        if os.getpid() == self._pid:
            self._destination.write(name, content)

    def finish(
        self,
        status: Status = "finished",
        error: str | None = None,
        *,
        summary: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        """Close the run with its last status and whatever else run.json is to record; a run that
        is finished stays as it is. `summary` adds results in the same write as the status, so that
        no reader and no kill finds the ones without the other.

        Raises ValueError for an unknown status, TypeError for facts that are no plain data, OSError
        where run.json cannot be written.
        """
        if status not in STATUSES or status == "running":
            ends = ", ".join(one for one in STATUSES if one != "running")
            raise ValueError(f"finish: status must be one of {ends}, found {status!r}")
        if not isinstance(error, str | None):
            raise TypeError(f"finish: error must be text, found a {type(error).__name__}")
        facts = {key: to_plain(value, f"finish: {key}") for key, value in facts.items()}
        results = dict(map(_result, summary.keys(), summary.values())) if summary else {}
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self.facts.status != "running":
                return
            self.facts.update(status=status, ended=now(), error=error, **facts)
            self._summary._values.update(results)
            if self.facts.engine is None and self.facts.resumed is None:
                self.facts.lines = self._lines
            _open_runs.discard(self)
            try:
                self._write_facts()
            finally:
                self._destination.close()

    def abandon(self, error: str) -> None:
        """Mark a running run as interrupted, in a process that ends at once. Raises OSError.

        It waits for no lock, since the holder of the lock may never release it.
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
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            self.finish()
        else:
            self._finish_after(error)

    def _finish_after(self, error: BaseException) -> None:
        """Finish a run that an exception ended."""
        if self.facts.status != "running":
            return
        self.output.write("".join(traceback.format_exception(error)))
        stopped = isinstance(error, KeyboardInterrupt)
        self.finish("interrupted" if stopped else "failed", error=_sentence(error))

    def _write_facts(self, *, durable: bool = True) -> None:
        self.facts.summary = dict(self._summary)
        with locked(self.path):
            self._take_annotations()
            self._destination.write(layout.RUN, self.facts.to_bytes(), durable=durable)

    def _take_annotations(self) -> None:
        """Tags and a note that were written on the run since it began; one removed is gone."""
        written = read_annotations(self.path) if self._is_written else None
        if written is not None:
            self.facts.update(**{"note": None, **written})
        self._is_written = True

    def _write_summary(self) -> None:
        exiting.forget()
        with self._lock:
            if self.facts.status == "running" and os.getpid() == self._pid:
                with suppress(OSError):  # a full disk: `finish` writes it again, and raises
                    self._write_facts(durable=False)


@atexit.register
def _finish_open_runs() -> None:
    # the exception that ended the program, if any; at a prompt, it may be an old one
    error = None
    if not hasattr(sys, "ps1"):
        error = getattr(sys, "last_value", None) or exiting.failure()
    for run in list(_open_runs):
        with suppress(OSError):
            if error is None:
                run.finish()
            else:
                run._finish_after(error)


def init(
    name: str = "run",
    config: Mapping[str, Any] | str | None = None,
    *,
    store: str | Path = "runs",
    tags: Sequence[str] = (),
    group: str | None = None,
    **facts: Any,
) -> Run:
    """Start a run in a new directory below `store`, for your own training loop.

        with minigrad.tracking.init(name="mine", config={"lr": 0.1}) as run:
            for step in range(100):
                run.log({"loss": ...}, step=step)
            run.summary["best"] = ...

    `config` is a mapping of plain data, or YAML text. Several processes may share a store: the
    directory is named by UTC time, name and a random suffix, and is never used twice.

    What is stored is read back equal. What could not be is refused before anything is made, by its
    key: TypeError for a type that is no plain data, as a date or a set, ValueError for a value that
    YAML or JSON cannot hold. Raises OSError where the store cannot be written.
    """
    text = config_text(config)
    opening = _opening(name, tags, group, facts)  # slow: not while the run is half made
    directory = Directory.create(Path(store), name)
    opening.id = directory.path.name.removeprefix(".")
    try:
        run = Run(directory, opening, text)
        directory.publish()
    except BaseException:
        directory.close()
        shutil.rmtree(directory.path, ignore_errors=True)  # it is still empty
        raise
    _open_runs.add(run)
    exiting.forget()
    exiting.watch()
    relink(run.path.parent / LATEST, run.id)
    return run


def hold(path: Path) -> Lines:
    """Take a stopped run for this process alone, until what it returns is closed.

    Nothing that is read of a run before that can be relied on, for another process may be writing
    it. Raises OSError, naming that process, where one is.
    """
    return Lines(path / layout.METRICS)


def _opening(
    name: str, tags: Sequence[str], group: str | None, facts: Mapping[str, Any]
) -> RunFacts:
    """The facts of a run that begins. Raises TypeError and ValueError."""
    for what, text in (("name", name), ("group", group)):
        if not isinstance(text, str) and not (what == "group" and text is None):
            raise TypeError(f"init: {what} must be text, found {text!r} ({type(text).__name__})")
    if isinstance(tags, str | bytes) or not isinstance(tags, Sequence):
        raise TypeError(f"init: tags must be a list of texts, as ['try'], found {tags!r}")
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"init: a tag must be text, found {tag!r} ({type(tag).__name__})")
    surroundings = environment.describe()
    for key in facts:
        if key in surroundings or key in _OWN_FACTS:
            raise ValueError(f"init: {key!r} is recorded by the run itself: name yours otherwise")
    recorded = {"name": name, "tags": list(tags), "group": group, **facts}
    recorded = {key: to_plain(value, f"init: {key}") for key, value in recorded.items()}
    opening = RunFacts.opening(recorded.pop("name"), surroundings, **recorded)
    data = json.loads(opening.to_bytes())
    if (damage := RunFacts.from_data(data)[1]) or data != opening.to_data():
        raise ValueError(f"init: {damage[0] if damage else 'nan and infinities are no facts'}")
    return opening


_OWN_FACTS = ("id", "status", "argv", "started", "ended", "summary", "error", "resumed", "lines")


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
    _open_runs.add(run)
    relink(path.parent / LATEST, path.name)
    try:
        directory.write(layout.CONFIG, config.encode())
    except OSError:
        run.finish("failed", error="the config could not be written")
        raise
    return run


def _result(key: object, value: Any) -> tuple[str, Any]:
    """An entry of the summary as run.json keeps it. Raises TypeError and ValueError."""
    if not isinstance(key, str):
        raise TypeError(f"summary: a key must be text, found {key!r} ({type(key).__name__})")
    return key, summary_value(value, f"summary.{to_plain(key, 'summary')}")


def _step(step: object, last: int) -> int:
    if isinstance(step, bool):
        raise TypeError("log: step must be a whole number, found a bool")
    number = operator.index(step)  # type: ignore[arg-type] # raises TypeError
    if not 0 <= number < MAX_STEP:
        raise ValueError(f"log: step must be from 0 to below {MAX_STEP:,}")
    if number < last:
        raise ValueError(f"log: step {number} comes after step {last}: steps may not go back")
    return number


def _metric_name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"log: a metric's name must be text, found {name!r}")
    if name in ("step", CLOCK):
        raise ValueError(f"log: {name!r} is no metric: write log({{...}}, step=...)")
    to_plain(name, "log")
    return name


def _number(name: str, value: object) -> str:
    """As it is stored in a line, as json.dumps writes it: nan and infinities as text."""
    try:
        if isinstance(value, str | bytes | bytearray):
            raise TypeError
        number = float(value)  # type: ignore[arg-type] # a Value, or a number of numpy's
    except OverflowError:
        raise ValueError(f"log: {name!r} is a whole number too large for a float") from None
    except (TypeError, ValueError):
        raise ValueError(f"log: {name!r} must be a number, found {value!r}") from None
    if isinstance(value, int) and number != value:
        raise ValueError(f"log: {name!r} is a whole number that no float equals: {value}")
    if not math.isfinite(number):
        return f'"{number}"'
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    return float.__repr__(number)


def _sentence(error: BaseException) -> str:
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])
