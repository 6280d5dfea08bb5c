"""What to show of which runs: values by key, conditions, an order."""

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.files import yaml12
from minigrad.registry import suggestion
from minigrad.tracking.compare import config_of, differing
from minigrad.tracking.store import StoredRun, StoreError

COLUMNS = ("id", "status", "final_loss", "steps", "seconds")
_FACTS = ("name", "started", "ended", "seed", "engine", "host", "tags", "group", "error", "argv")
_CONDITION = re.compile(r"\s*([^\s=<>!]+)\s*(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_SIGNS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_CONFIGS_READ = 100  # reading the configs of more would make the list wait


class _Absent:
    """Stands for a value that a run does not have."""


ABSENT = _Absent()


def value(run: StoredRun, key: str) -> Any:
    """What a run has under a key, ABSENT if nothing: of itself, its facts, summary or config.

    Keys are dotted: status, git.commit, final_loss, optimizer.lr.
    """
    if key in ("id", "name", "status"):
        return getattr(run, key)
    found: Any = run.facts
    for part in key.split("."):
        found = found.get(part, ABSENT) if isinstance(found, dict) else ABSENT
    if found is not ABSENT:
        return found
    if key in run.summary:
        return run.summary[key]
    return config_of(run).get(key, ABSENT)


def shown(run: StoredRun, key: str) -> Any:
    """The value in a list's cell: None where the run has nothing."""
    found = value(run, key)
    return None if found is ABSENT else found


@dataclass(frozen=True)
class Condition:
    """One `key=value`, `key<number` and so on: what a run must meet to be listed."""

    key: str
    sign: str
    wanted: Any

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Raises StoreError for text of another shape."""
        found = _CONDITION.fullmatch(text)
        if not found:
            raise StoreError(
                f"filter {text!r}: write key=value, key<number or key>number, as status=finished"
            )
        key, sign, wanted = found.groups()
        try:
            return cls(key, sign, yaml12.parse_scalar(wanted.strip()))
        except yaml12.YamlError:
            return cls(key, sign, wanted.strip())

    def holds(self, run: StoredRun) -> bool:
        found = value(run, self.key)
        if self.sign in ("=", "!="):
            return self._is_wanted(found) == (self.sign == "=")
        both_numbers = _is_number(found) and _is_number(self.wanted)
        both_texts = isinstance(found, str) and isinstance(self.wanted, str)
        return (both_numbers or both_texts) and bool(_SIGNS[self.sign](found, self.wanted))

    def _is_wanted(self, found: Any) -> bool:
        if isinstance(found, list) and not isinstance(self.wanted, list):
            return any(_same(member, self.wanted) for member in found)
        return _same(found, self.wanted)


def select(found: Sequence[StoredRun], conditions: Sequence[Condition]) -> list[StoredRun]:
    """The runs that meet every condition. Raises StoreError for a key that no run has."""
    check_keys(found, [condition.key for condition in conditions])
    # One condition after another: the runs that fail on run.json need no look into their config.
    for condition in sorted(conditions, key=lambda c: "." in c.key):
        found = [run for run in found if condition.holds(run)]
    return list(found)


def order(
    found: Sequence[StoredRun], key: str | None = None, reverse: bool = False
) -> list[StoredRun]:
    """By the value under `key`, small before large, runs without it last; else newest first."""
    if key is None:
        return list(found) if reverse else list(reversed(found))
    check_keys(found, [key])
    ranked = [(_rank(value(run, key)), run) for run in found]
    present = [pair for pair in ranked if pair[0] is not None]
    present.sort(key=lambda pair: pair[0] or (), reverse=reverse)
    return [run for _, run in present] + [run for rank, run in ranked if rank is None]


def columns(shown: Sequence[StoredRun]) -> list[str]:
    """What a list shows unasked: COLUMNS, then what differs among the runs' configs."""
    if len(shown) > _CONFIGS_READ:
        return list(COLUMNS)
    configs = [config_of(run) for run in shown if run.status != "damaged"]
    return [*COLUMNS, *(key for key in differing(configs) if key != "name" and key not in COLUMNS)]


def check_keys(found: Sequence[StoredRun], keys: Sequence[str]) -> None:
    """Raise StoreError for a key that no run has: a slip of the pen would give an empty list."""
    for key in keys:
        if key in (*COLUMNS, *_FACTS) or not found:
            continue
        if all(value(run, key) is ABSENT for run in found):
            raise StoreError(f"no run has {key!r}: {suggestion(key, _known(found))}")


def _known(found: Sequence[StoredRun]) -> set[str]:
    newest = list(reversed(found))[:_CONFIGS_READ]
    return {
        *(*COLUMNS, *_FACTS),
        *(key for run in newest for key in run.summary),
        *(key for run in newest for key in config_of(run)),
    }


def _same(found: Any, wanted: Any) -> bool:
    if found is ABSENT:
        return False
    if _is_number(found) and _is_number(wanted):
        return bool(found == wanted or (found != found and wanted != wanted))
    return found == wanted or (isinstance(found, str) and found == str(wanted))


def _rank(found: Any) -> tuple[int, float, str] | None:
    """Numbers before texts before the rest, nan after all numbers."""
    if found is ABSENT or found is None:
        return None
    if _is_number(found):
        return (1, 0.0, "") if math.isnan(found) else (0, float(found), "")
    return (2, 0.0, found) if isinstance(found, str) else (3, 0.0, str(found))


def _is_number(found: Any) -> bool:
    return isinstance(found, (int, float)) and not isinstance(found, bool)
