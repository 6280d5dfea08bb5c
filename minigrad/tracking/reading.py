"""The files of a stored run, read: what they hold, and what is damaged in them."""

import contextlib
import copy
import functools
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from minigrad.files import yaml12
from minigrad.files.untrusted import open_regular, parse_json, size_within
from minigrad.tracking import layout
from minigrad.tracking.facts import excerpt
from minigrad.tracking.names import StoreError
from minigrad.tracking.plain import NOT_FINITE

MAX_STEP = 10**15
CLOCK = "_time"
"""The seconds since a run began, where a metric has the name "time"."""
MAX_LINE = 1_000_000  # bytes
_LAST_LINES = 65_536
_MAX_DAMAGE = 1000  # sentences: a file with more is no log


@dataclass(frozen=True)
class Log:
    """What metrics.jsonl holds: the lines that can be read, and sentences on those that cannot."""

    rows: list[dict[str, float]]
    damage: list[str]


def read_facts(run: Path) -> dict[str, Any]:
    """The object in the run's run.json. Raises StoreError where it cannot be read."""
    name = layout.RUN
    raw = read_file(run, name)
    if not raw.strip():
        raise StoreError(f"{name} is empty")
    try:
        data = parse_json(raw)
    except UnicodeDecodeError:
        raise StoreError(f"{name} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise StoreError(f"{place}: not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise StoreError(f"{name}: not valid JSON: {error}") from None
    if not isinstance(data, dict):
        raise StoreError(f"{name} holds {excerpt(data)}, not an object")
    return data


def read_config(run: Path) -> dict[str, Any]:
    """The run's config.yaml. Raises StoreError where it is missing, damaged or no mapping."""
    name = layout.CONFIG
    try:
        config = copy.deepcopy(_parsed(read_file(run, name)))
    except yaml12.YamlError as error:
        place = f"{name}:{error.place.line}:{error.place.column}"
        raise StoreError(f"{place}: {error}") from None
    if not isinstance(config, dict | None):
        raise StoreError(f"{name} holds {excerpt(config)}, not a mapping")
    return config or {}


@functools.lru_cache(maxsize=256)
def _parsed(raw: bytes) -> Any:
    """Runs of a sweep often share their config, and parsing takes most of the time."""
    return yaml12.parse(raw).data


def read_log(run: Path) -> Log:
    """The run's metrics.jsonl. Raises StoreError where it is missing or cannot be read.

    A last line without its end was cut off by a crash, which is no damage: it is passed over.
    """
    name = layout.METRICS
    rows: list[dict[str, float]] = []
    damage: list[str] = []
    with _opened(run, name) as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
            try:
                rows.append(parse_row(line))
            except ValueError as error:
                if line.endswith(b"\n") or len(line) == MAX_LINE:
                    damage.append(f"{name}:{number}: {error}")
            if len(line) == MAX_LINE or len(damage) == _MAX_DAMAGE:
                damage.append(f"{name}: not read any further")
                break
    return Log(rows, damage)


def read_last(run: Path) -> dict[str, float]:
    """The last whole line of the run's metrics.jsonl, without reading the others; {} if there is
    none. Raises StoreError where the file is missing or cannot be read.
    """
    with _opened(run, layout.METRICS) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_LINES))
        lines = file.read(_LAST_LINES).split(b"\n")
    for line in reversed(lines[:-1]):  # the last one has no end, and may be cut off
        with contextlib.suppress(ValueError):
            return parse_row(line)
    return {}


def parse_row(line: bytes) -> dict[str, float]:
    """A line of the log, nan and infinities restored. Raises ValueError."""
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise ValueError("not a line of JSON") from None
    if not isinstance(row, dict):
        raise ValueError(f"not a JSON object: {excerpt(row)}")
    step = row.get("step")
    if not isinstance(step, int) or isinstance(step, bool):
        raise ValueError(f"step must be a whole number, found {excerpt(step)}")
    if abs(step) >= MAX_STEP:
        raise ValueError(f"step must be below {MAX_STEP:,}")
    return {"step": step} | {k: _number(k, v) for k, v in row.items() if k != "step"}


def parse_plain_rows(lines: Sequence[bytes]) -> list[dict[str, float]] | None:
    """What `parse_row` gives for each line, read at once, which takes a fifth of the time; None
    where a line is no flat object of a whole step and floats, and each must be read alone.

    One brace at either end of every line, and none inside, so that no object goes over two lines.
    """
    text = b",\n".join(lines)
    if not (text.count(b"{") == text.count(b"}") == len(lines)) or not all(
        line.startswith(b"{") and line.endswith(b"}") for line in lines
    ):
        return None
    try:
        rows: list[dict[str, float]] = json.loads(b"[%b]" % text)
    except (ValueError, RecursionError):
        return None
    kinds = Counter(map(type, chain.from_iterable(map(dict.values, rows))))
    steps = [row.get("step") for row in rows]
    is_plain = kinds.keys() <= {int, float} and kinds[int] == len(rows) == len(lines)
    if not is_plain or not all(type(step) is int and abs(step) < MAX_STEP for step in steps):
        return None
    return rows


def _number(name: str, value: Any) -> float:
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, found {excerpt(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large a number") from None


def read_file(run: Path, name: str) -> bytes:
    """One of the files that `layout` names: regular, no link, of bounded size. Raises StoreError
    where it is missing or cannot be read.
    """
    with _opened(run, name) as file:
        return file.read(size_within(file, layout.MAX_BYTES[name]))


@contextlib.contextmanager
def _opened(run: Path, name: str) -> Iterator[BinaryIO]:
    try:
        with open_regular(run / name, follow_links=False) as file:
            size_within(file, layout.MAX_BYTES[name])
            yield file
    except FileNotFoundError:
        raise StoreError(f"{name} is missing") from None
    except OSError as error:
        raise StoreError(f"{name} cannot be read: {error.strerror}") from None


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
