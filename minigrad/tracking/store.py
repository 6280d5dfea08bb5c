"""A store of runs being read: whatever its runs went through, all of them are there."""

import contextlib
import copy
import difflib
import functools
import json
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from minigrad.files import yaml12
from minigrad.registry import suggestion
from minigrad.tracking import environment
from minigrad.tracking.run import Status

STATUSES = get_args(Status)
TRASH = ".trash"
SWEEPS = "sweeps"

T = TypeVar("T")

_NO_RUNS = ("latest", SWEEPS)
_STAMP = re.compile(r"\d{8}T\d{6}Z-")
_NUMBERS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_LISTED = 5  # so many ids stand in an error message


class StoreError(ValueError):
    """What cannot be found, read or done in a store, and what to do instead: one sentence."""


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run as it lies on disk: run.json is read by `load`, the rest when it is asked for.

    `status` is told at reading time: that of run.json, but "crashed" for a run whose process died
    without a word, and "damaged" where files are missing or unreadable; `damage` says which.
    """

    path: Path
    facts: dict[str, Any] = field(repr=False)
    damage: list[str] = field(default_factory=list)
    status: str = "damaged"

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        return str(self.facts.get("name") or short(self.id).rpartition("-")[0] or self.id)

    @property
    def summary(self) -> dict[str, Any]:
        found = self.facts.get("summary")
        return found if isinstance(found, dict) else {}

    @property
    def alive(self) -> bool:
        """Whether a process may still be writing it, damaged or not."""
        return self.facts.get("status") == "running" and not _is_dead(self.facts)

    @functools.cached_property
    def config(self) -> dict[str, Any]:
        """The config as it ran. Raises StoreError, with line and column."""
        return self._named(read_config)

    def flat_config(self) -> dict[str, Any]:
        """The config with dotted keys, as {"optimizer.lr": 0.1}. Raises StoreError."""
        return flatten(self.config)

    def metrics(self) -> list[dict[str, float]]:
        """The logged lines in their order, nan and infinities restored; damaged lines are left out.

        Raises StoreError where the file is missing or cannot be read at all.
        """
        return self.log.rows

    @functools.cached_property
    def log(self) -> "Log":
        """The metrics, and the damage in their file."""
        return self._named(read_log)

    def _named(self, read: Callable[[Path], T]) -> T:
        try:
            return read(self.path)
        except StoreError as error:
            raise StoreError(f"{self.id}: {error}") from None

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """One metric's steps and values, of the lines that have it."""
        rows = [row for row in self.metrics() if name in row]
        return [int(row["step"]) for row in rows], [row[name] for row in rows]


@dataclass(frozen=True)
class Log:
    """What metrics.jsonl holds: the lines that can be read, and sentences on those that cannot."""

    rows: list[dict[str, float]]
    damage: list[str]


def runs(store: str | Path) -> list[StoredRun]:
    """All runs of the store, oldest first; a damaged one is listed too. None if there is no store.

    Raises StoreError where the store itself is no directory or cannot be read.
    """
    found = [load(Path(store) / name) for name in ids(store)]
    return sorted(found, key=lambda run: (started(run), run.id))


def ids(store: str | Path) -> list[str]:
    """The names in a store that stand for runs: all but hidden ones, `latest` and the sweeps."""
    try:
        return sorted(n for n in os.listdir(store) if not n.startswith(".") and n not in _NO_RUNS)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"store {str(store)!r} cannot be read: {error.strerror}") from None


def load(path: Path) -> StoredRun:
    """The run at `path`, whatever is left of it. Never raises."""
    if not os.path.isdir(path):  # unlike Path's, it never raises
        what = "a file, not the directory of a run"
        if path.is_symlink():
            what = f"a link to {os.readlink(path)!r}, where no run is"
        return StoredRun(path, {}, [f"{path.name} is {what}"])
    try:
        facts = _read_facts(path / "run.json")
    except StoreError as error:
        return StoredRun(path, {}, [str(error)])
    damage = _doubts(facts)
    status = str(facts.get("status"))
    alive = status == "running" and not _is_dead(facts)
    if status == "running" and not alive:
        status = "crashed"
    needed = ["config.yaml"] if alive else ["config.yaml", "metrics.jsonl"]  # it may just begin
    damage += [f"{name} is missing" for name in needed if not os.path.exists(path / name)]
    return StoredRun(path, facts, damage, "damaged" if damage else status)


def find(store: str | Path, which: str) -> StoredRun:
    """The run that `which` names: an id, a part of one, a path, "latest", or the name of a run.

    A part is the beginning of an id, with or without its time stamp, or of its last four letters.
    Raises StoreError with the candidates, or the nearest ids if there are none.
    """
    known = ids(store)
    if not known and not _is_run(Path(which)):
        raise StoreError(empty(store))
    if which == "latest":
        return _latest(store)
    if which in known:
        return load(Path(store) / which)
    if os.sep in which or _is_run(Path(which)):
        return _at(Path(store), Path(which))
    fitting = matches(known, which)
    if not fitting:
        fitting = [run.id for run in runs(store) if run.name == which]
    if len(fitting) == 1:
        return load(Path(store) / fitting[0])
    hint = command("list", store)
    if fitting:
        raise StoreError(f"{_ambiguous(which, fitting)} ({hint})")
    if matches(ids(Path(store) / TRASH), which):
        raise StoreError(
            f"no run {which!r} in {str(store)!r}: it is in the trash, "
            f"{command('restore', store, which)} brings it back"
        )
    raise StoreError(f"no run {which!r} in {str(store)!r}: {nearest(known, which)} ({hint})")


def matches(known: Sequence[str], which: str) -> list[str]:
    """The ids that `which` may stand for: itself, else all that begin so, else that end so."""
    if which in known:
        return [which]
    if not which:
        return []
    begin = [i for i in known if i.startswith(which) or short(i).startswith(which)]
    return begin or [i for i in known if i.rpartition("-")[2].startswith(which)]


def only(known: Sequence[str], which: str) -> str | None:
    """The one id that `which` stands for; None if there is none. Raises StoreError for several."""
    fitting = matches(known, which)
    if len(fitting) > 1:
        raise StoreError(_ambiguous(which, fitting))
    return fitting[0] if fitting else None


def nearest(known: Sequence[str], which: str) -> str:
    """The ids most like `which`, else the newest, as an error message names them."""
    handles = {short(i): i for i in reversed(known)}
    near = difflib.get_close_matches(which, handles, n=_LISTED, cutoff=0.5)
    shown = near or list(handles)[:_LISTED]
    more = len(known) - len(shown)
    return suggestion(which, shown) + (f" and {more:,} more" if more else "")


def command(verb: str, store: str | Path, *arguments: str) -> str:
    """What to type next."""
    given = [] if str(store) == "runs" else ["--store", str(store)]
    return " ".join(["python -m minigrad.runs", verb, *arguments, *given])


def empty(store: str | Path) -> str:
    """What to say of a store without runs."""
    out = "" if str(store) == "runs" else f" --out {store}"
    train = f"python -m minigrad.train configs/xor.yaml{out}"
    return f"no runs in {str(store)!r} yet: {train} makes one"


def short(identity: str) -> str:
    """An id without its time stamp.

    >>> short("20261122T201500Z-xor-k3f9")
    'xor-k3f9'
    """
    return _STAMP.sub("", identity, count=1)


def started(run: StoredRun) -> datetime:
    """When the run began, by run.json or else by its id; the beginning of time if neither says."""
    for text in (run.facts.get("started"), run.id.partition("-")[0]):
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC)


def flatten(config: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings as one with dotted keys; an empty mapping stays as it is.

    >>> flatten({"seed": 0, "optimizer": {"name": "sgd", "lr": 0.1}, "expect": {}})
    {'seed': 0, 'optimizer.name': 'sgd', 'optimizer.lr': 0.1, 'expect': {}}
    """
    return dict(_leaves(config, ""))


def _leaves(config: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def read_log(run: Path) -> Log:
    """The run's metrics.jsonl. Raises StoreError where it is missing or cannot be read.

    A last line without its end was cut off by a crash, which is no damage: it is passed over.
    """
    path = run / "metrics.jsonl"
    *lines, last = _read(path).split(b"\n")
    rows, damage = [], []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(line))
        except ValueError as error:
            damage.append(f"{path.name}:{number}: {error}")
    with contextlib.suppress(ValueError):
        rows.append(_row(last))  # whole but for its end, when it was cut just there
    return Log(rows, damage)


def _row(line: bytes) -> dict[str, float]:
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise ValueError("not a line of JSON") from None
    if not isinstance(found, dict):
        raise ValueError(f"not a JSON object: {_excerpt(found)}")
    step = found.get("step")
    if not isinstance(step, int) or isinstance(step, bool):
        raise ValueError(f"step must be a whole number, found {_excerpt(step)}")
    return {"step": step} | {k: _number(k, v) for k, v in found.items() if k != "step"}


def _number(name: str, value: Any) -> float:
    if isinstance(value, str) and value in _NUMBERS:
        return _NUMBERS[value]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, found {_excerpt(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large a number") from None


def _excerpt(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _read_facts(path: Path) -> dict[str, Any]:
    raw = _read(path)
    if not raw.strip():
        raise StoreError(f"{path.name} is empty")
    try:
        facts = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise StoreError(f"{path.name} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"{path.name}:{error.lineno}:{error.colno}"
        raise StoreError(f"{place}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path.name}: not valid JSON: {error}") from None
    if not isinstance(facts, dict):
        raise StoreError(f"{path.name} holds {_excerpt(facts)}, not an object")
    return facts


def _doubts(facts: Mapping[str, Any]) -> list[str]:
    """What in run.json is not as a Run writes it, where that would be misread."""
    if (status := facts.get("status")) not in STATUSES:
        return [f"run.json: status must be one of {', '.join(STATUSES)}, found {_excerpt(status)}"]
    if not isinstance(summary := facts.get("summary", {}), dict):
        return [f"run.json: summary must be an object, found {_excerpt(summary)}"]
    return []


def read_config(run: Path) -> dict[str, Any]:
    """The run's config.yaml. Raises StoreError where it is missing, damaged or no mapping."""
    path = run / "config.yaml"
    try:
        config = copy.deepcopy(_parsed(_read(path)))
    except yaml12.YamlError as error:
        place = f"{path.name}:{error.place.line}:{error.place.column}"
        raise StoreError(f"{place}: {error}") from None
    if not isinstance(config, dict | None):
        raise StoreError(f"{path.name} holds {_excerpt(config)}, not a mapping")
    return config or {}


@functools.lru_cache(maxsize=256)
def _parsed(raw: bytes) -> Any:
    """Runs of a sweep often share their config, and parsing it is what costs."""
    return yaml12.parse(raw).data


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise StoreError(f"{path.name} is not a file")
        return path.read_bytes()
    except FileNotFoundError:
        raise StoreError(f"{path.name} is missing") from None
    except OSError as error:
        raise StoreError(f"{path.name} cannot be read: {error.strerror}") from None


def _is_dead(facts: Mapping[str, Any]) -> bool:
    """Whether the process of a running run is gone. Of another host's processes none can say."""
    if facts.get("host") not in (None, platform.node()):
        return False
    pid, begun = facts.get("pid"), facts.get("pid_start")
    if not isinstance(pid, int) or pid <= 0:
        return True
    if begun is not None:
        return bool(environment.process_start(pid) != begun)
    if os.name == "nt":  # there os.kill ends the process, or interrupts ours
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass  # another user's: it lives
    return False


def _is_run(path: Path) -> bool:
    return os.path.exists(path / "run.json")


def _latest(store: str | Path) -> StoredRun:
    """What the link points to; the newest by time where there is no link, or it dangles."""
    link = Path(store) / "latest"
    if link.is_symlink() and link.is_dir():
        return _at(Path(store), link)
    return runs(store)[-1]


def _at(store: Path, path: Path) -> StoredRun:
    """The run at a path, by the store's own name for it where it lies in the store."""
    real = Path(os.path.realpath(path))
    if real.parent == Path(os.path.realpath(store)) and os.path.lexists(real):
        return load(store / real.name)
    if not _is_run(real):
        raise StoreError(
            f"no run at {str(path)!r}: {command('list', store)} shows those of {str(store)!r}"
        )
    return load(real)


def _ambiguous(which: str, fitting: Iterable[str]) -> str:
    newest = sorted(fitting, reverse=True)
    shown = ", ".join(newest[:_LISTED])
    more = f" and {len(newest) - _LISTED:,} more" if len(newest) > _LISTED else ""
    return f"{which!r} fits {len(newest):,} runs, write more of the id: {shown}{more}"
