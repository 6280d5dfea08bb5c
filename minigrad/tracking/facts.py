"""The facts of a run: what run.json records, as typed fields."""

import json
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeAlias, get_args, get_origin, get_type_hints

from minigrad.terminal.text import json_ready
from minigrad.tracking import layout
from minigrad.tracking.plain import restored

Status: TypeAlias = Literal["running", "finished", "failed", "diverged", "interrupted"]
STATUSES = get_args(Status)


@dataclass
class RunFacts:
    """The facts of a run; a fact that run.json lacks has its default. `lines` is how many a
    user's own loop logged; `extra` holds keys that such a loop, or a later version, added.
    """

    id: str | None = None
    name: str | None = None
    status: str | None = None
    argv: list[Any] = field(default_factory=list)
    started: str | None = None
    ended: str | None = None
    tags: list[Any] = field(default_factory=list)
    note: str | None = None
    group: str | None = None
    seed: int | None = None
    engine: str | None = None
    python: str | None = None
    platform: str | None = None
    host: str | None = None
    packages: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    git: dict[str, Any] | None = None
    pid: int | None = None
    pid_start: int | None = None
    resumed: list[Any] | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    lifted: dict[str, Any] | None = None
    expectations: list[Any] | None = None
    lines: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def opening(cls, name: str, surroundings: Mapping[str, Any], **facts: Any) -> Self:
        """The facts of a run that begins now; `surroundings` is `environment.describe()`."""
        opened = cls(name=name, status="running", argv=sys.argv, started=now())
        opened.update(**{**facts, **surroundings})
        return opened

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> tuple[Self, list[str]]:
        """The facts in run.json's object, and a sentence on each that is not of its kind."""
        facts, damage = cls(), []
        for key, value in {"status": None, **data}.items():
            kinds = _kinds().get(key)
            if key == "status" and not (isinstance(value, str) and value in STATUSES):
                must_be = f"one of {', '.join(STATUSES)}"
            elif kinds is not None and type(value) not in kinds:
                must_be = _KIND_NAMES[kinds[0]]
            else:
                facts.update(**{key: value})
                continue
            damage.append(f"{layout.RUN}: {key} must be {must_be}, found {excerpt(value)}")
        facts.summary = restored(facts.summary)
        return facts, damage

    def update(self, **facts: Any) -> None:
        """Set fields by their names; what is no field is kept in `extra`."""
        for key, value in facts.items():
            if key in _kinds():
                setattr(self, key, value)
            else:
                self.extra[key] = value

    def to_data(self) -> dict[str, Any]:
        """The object that run.json holds."""
        data = {key: getattr(self, key) for key in _kinds()}
        return {k: v for k, v in data.items() if v is not None or k not in _OPTIONAL} | self.extra

    def to_bytes(self) -> bytes:
        """run.json."""
        data = json_ready(self.to_data())
        return json.dumps(data, indent=2, default=str, allow_nan=False).encode() + b"\n"


_OPTIONAL = (
    "note",
    "seed",
    "engine",
    "resumed",
    "lifted",
    "expectations",
    "lines",
)  # left out where there is none
_KIND_NAMES = {str: "text", int: "a whole number", list: "a list", dict: "an object"}
_KINDS: dict[str, tuple[type, ...]] = {}


def _kinds() -> dict[str, tuple[type, ...]]:
    """The types that each field of run.json may have."""
    if not _KINDS:
        for key, hint in get_type_hints(RunFacts).items():
            members = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
            _KINDS[key] = tuple(get_origin(member) or member for member in members)
        del _KINDS["extra"]
    return _KINDS


def excerpt(value: Any) -> str:
    """A value of a file, as an error message quotes it."""
    try:
        text = repr(value)
    except RecursionError:
        return "a value nested too deeply"
    return text if len(text) <= 40 else f"{text[:37]}..."


def now() -> str:
    """The time as run.json records it: ISO 8601, UTC, in milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
