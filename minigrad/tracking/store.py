"""A store of runs. All of them are listed, also crashed and damaged ones."""

import functools
import os
import platform
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from minigrad.files.whole import is_being_written
from minigrad.terminal.invocation import command_line
from minigrad.terminal.markup import html_facts, svg_curve
from minigrad.tracking import environment, layout
from minigrad.tracking.facts import RunFacts
from minigrad.tracking.names import (
    LATEST,
    TRASH,
    StoreError,
    ambiguous,
    ids,
    matches,
    may_be_run,
    nearest,
)
from minigrad.tracking.names import short as short
from minigrad.tracking.reading import Log, flatten, read_config, read_facts, read_last, read_log

__all__ = ["StoreError", "StoredRun", "command", "empty", "find", "flatten", "load", "runs"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run on disk: run.json is read by `load`, the rest when it is asked for.

    `run_json` is its object as it is written (empty where it cannot be read), and `facts` the same
    as typed fields. `status` is that of run.json, but "crashed" for a run whose process ended
    without a word, and "damaged" where files are missing or unreadable; `damage` says which.
    `alive` is whether a process was writing it when it was loaded, damaged or not; None where
    nothing can tell: it was begun on another host, and the lock of its log reaches no further than
    this one.
    """

    path: Path
    run_json: dict[str, Any] = field(default_factory=dict, repr=False)
    facts: RunFacts = field(default_factory=RunFacts, repr=False)
    damage: list[str] = field(default_factory=list)
    status: str = "damaged"
    alive: bool | None = False
    _unread: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        return self.facts.name or short(self.id).rpartition("-")[0] or self.id

    @property
    def summary(self) -> dict[str, Any]:
        return self.facts.summary

    @property
    def doubt(self) -> str:
        """An addition to the status if that is uncertain; else ""."""
        if self.alive is not None:
            return ""
        return f"running on {self.facts.host}, or died there"

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The config as it ran. Raises StoreError, with line and column."""
        return self._once("config", read_config)

    def flat_config(self) -> dict[str, Any]:
        """The config with dotted keys, as {"optimizer.lr": 0.1}. Raises StoreError."""
        return flatten(self.config)

    def metrics(self) -> list[dict[str, float]]:
        """The logged lines in their order, nan and infinities restored; damaged lines are left out.

        Raises StoreError where the file is missing or cannot be read at all.
        """
        return self.log.rows

    @functools.cached_property
    def log(self) -> Log:
        """The metrics, and the damage in their file."""
        return self._once("log", read_log)

    def _once(self, what: str, read: Callable[[Path], T]) -> T:
        """The result of reading, cached, also if it fails: finding damage may take long."""
        if what not in self._unread:
            try:
                return read(self.path)
            except StoreError as error:
                self._unread[what] = f"{self.id}: {error}"
        raise StoreError(self._unread[what])

    def last(self) -> dict[str, float]:
        """The metrics of the last logged step, {} if there is none. Raises StoreError."""
        return read_last(self.path)

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """One metric's steps and values, of the lines that have it."""
        rows = [row for row in self.metrics() if name in row]
        return [int(row["step"]) for row in rows], [row[name] for row in rows]

    @property
    def state(self) -> tuple[object, ...]:
        """What differs in another reading of the run if it was written between the two."""
        return self.run_json, self.alive, self.damage

    @property
    def is_gone(self) -> bool:
        """Whether it is no longer at its path: deleted since its name was read, for example."""
        return not os.path.lexists(self.path)

    def check_own(self) -> None:
        """Raise StoreError where what is written into the run would be written elsewhere."""
        if self.path.is_symlink():
            raise StoreError(
                f"{self.id} is a link: its target is another store's, and stays as it is"
            )

    def _repr_html_(self) -> str:
        """What a notebook shows: how it ended, its results, and the curve of its loss."""
        facts = {"status": self.doubt or self.status, **self.summary, "path": str(self.path)}
        try:
            curve = svg_curve(*self.series("loss"), "loss")
        except StoreError:  # its log cannot be read, as its status says
            curve = ""
        return html_facts(facts, self.id) + (f"<div>{curve}</div>" if curve else "")


def runs(store: str | Path) -> list[StoredRun]:
    """All runs of the store, oldest first; a damaged one is listed too. None if there is no store.

    Raises StoreError where the store itself is no directory or cannot be read.
    """
    loaded = [load(Path(store) / name) for name in ids(store)]
    there = [run for run in loaded if not (run.damage and run.is_gone)]
    return sorted(there, key=lambda run: (started(run), run.id))


def load(path: Path) -> StoredRun:
    """The run at `path`, as far as it can be read. Never raises."""
    if not os.path.isdir(path):  # unlike Path's, it never raises
        what = "a file, not the directory of a run"
        if not os.path.lexists(path):
            what = "gone: it was deleted or moved a moment ago"
        if path.is_symlink():
            what = f"a link to {os.readlink(path)!r}, where no run is"
        return StoredRun(path, damage=[f"{path.name} is {what}"])
    try:
        run_json, alive = _read_state(path)
    except StoreError as error:
        return StoredRun(path, damage=[str(error)])
    facts, damage = RunFacts.from_data(run_json)
    ended = alive is False
    needed = [layout.CONFIG, layout.METRICS] if ended else [layout.CONFIG]  # it may be starting now
    damage += [f"{name} is missing" for name in needed if not os.path.exists(path / name)]
    status = "crashed" if facts.status == "running" and ended else str(facts.status)
    return StoredRun(path, run_json, facts, damage, "damaged" if damage else status, alive)


def _read_state(path: Path) -> tuple[dict[str, Any], bool | None]:
    """The object in run.json, and whether a process writes the run. Raises StoreError.

    A process may end the run after run.json was read as running and before its lock was looked at:
    nobody writes the run only where run.json is the same after that look as before it.
    """
    run_json = read_facts(path)
    while True:
        before, facts = run_json, RunFacts.from_data(run_json)[0]
        alive = _is_alive(path, facts)
        if facts.status != "running" or alive is not False:
            return run_json, alive
        run_json = read_facts(path)
        if run_json == before:
            return run_json, alive


def _is_alive(path: Path, facts: RunFacts) -> bool | None:
    if facts.status != "running":
        return False
    locked = is_being_written(path / layout.METRICS)
    if locked:
        return True
    if facts.host not in (None, platform.node()):
        return None
    if facts.pid_start is None and locked is False:
        return False  # it may be another process now
    return not environment.is_gone(facts.pid, facts.pid_start)


def find(store: str | Path, which: str) -> StoredRun:
    """The run that `which` names: an id, a part of one, a path, "latest", or the name of a run.

    A part is the beginning of an id, with or without its time stamp, or of its last four letters.
    Raises StoreError with the candidates, or the nearest ids if there are none.
    """
    known = ids(store)
    if not known and not _is_run(Path(which)):
        raise StoreError(empty(store))
    if which == LATEST:
        return _latest(store)
    if which in known:
        return load(Path(store) / which)
    if os.sep in which or _is_run(Path(which)):
        return _at(Path(store), Path(which))
    fitting = matches(known, which) or [run.id for run in runs(store) if run.name == which]
    if len(fitting) == 1:
        return load(Path(store) / fitting[0])
    hint = command("list", store)
    if fitting:
        raise StoreError(f"{ambiguous(which, fitting)} ({hint})")
    if matches(ids(Path(store) / TRASH), which):
        raise StoreError(
            f"no run {which!r} in {str(store)!r}: it is in the trash, "
            f"{command('restore', store, which)} brings it back"
        )
    raise StoreError(f"no run {which!r} in {str(store)!r}: {nearest(known, which)} ({hint})")


def command(verb: str, store: str | Path, *arguments: str) -> str:
    """A hint at the next command."""
    in_store = [] if str(store) == "runs" else ["--store", str(store)]
    return f"{command_line('runs')} {shlex.join([verb, *arguments, *in_store])}"


def empty(store: str | Path) -> str:
    """The message for a store without runs."""
    out = "" if str(store) == "runs" else f" --out {shlex.quote(str(store))}"
    train = f"{command_line('train')} configs/xor.yaml{out}"
    return f"no runs in {str(store)!r} yet: {train} makes one"


def started(run: StoredRun) -> datetime:
    """When the run began, by run.json or else by its id; the beginning of time if neither says."""
    for text in (run.facts.started, run.id.partition("-")[0]):
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC)


def _is_run(path: Path) -> bool:
    return os.path.exists(path / layout.RUN)


def _latest(store: str | Path) -> StoredRun:
    """The neighbour that the link points to; the newest by time if there is no such link."""
    name = _neighbour(Path(store) / LATEST)
    return load(Path(store) / name) if name else runs(store)[-1]


def _neighbour(link: Path) -> str:
    """The run in the link's own folder that it points to; "" where it points elsewhere, as in a
    store that was handed over it may: what is written there would be written outside.
    """
    if not (link.is_symlink() and link.is_dir()):
        return ""
    target = link.parent / os.readlink(link)
    is_beside = os.path.realpath(target.parent) == os.path.realpath(link.parent)
    return target.name if is_beside and may_be_run(target.name) else ""


def _at(store: Path, path: Path) -> StoredRun:
    """The run at a path, by the store's own name for it where it lies in the store."""
    if path.name == LATEST:
        path = path.with_name(_neighbour(path) or LATEST)
    # a run that is a link stays one, so that nothing is written to its target
    is_named = path.name not in ("", "..")
    real = Path(os.path.realpath(path.parent if is_named else path)) / (path.name * is_named)
    in_store = real.parent == Path(os.path.realpath(store))
    if in_store and os.path.lexists(real) and may_be_run(real.name):
        return load(store / real.name)
    is_none = not may_be_run(real.name) and (in_store or real.is_symlink())
    if not _is_run(real) or is_none:
        raise StoreError(
            f"no run at {str(path)!r}: {command('list', store)} shows those of {str(store)!r}"
        )
    return load(real)
