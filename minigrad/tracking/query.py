"""Selects runs and their values: keys, conditions, an order."""

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.files import yaml12
from minigrad.registry import suggestion
from minigrad.terminal.table import is_number
from minigrad.tracking.compare import config_of, differing
from minigrad.tracking.reading import CLOCK
from minigrad.tracking.store import StoredRun, StoreError

LAST = "last"
COLUMNS = ("id", "status", "final_loss", "steps", "seconds")
NEEDED = ("id", "status", LAST, "final_loss")
"""The columns of a list that are shown however narrow the terminal is."""
_FACTS = (
    "name",
    "started",
    "ended",
    "seed",
    "engine",
    "host",
    "tags",
    "note",
    "group",
    "error",
    "argv",
)
_CONDITION = re.compile(
    r"""\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s=<>!"](?:[^=<>!]*[^\s=<>!])?))\s*
    (?P<sign>!=|<=|>=|=|<|>)(?P<wanted>.*)""",
    re.DOTALL | re.VERBOSE,
)
_SIGNS = {"<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge}
_CONFIGS_READ = 100  # reading the configs of more would take too long


class _Absent:
    """Marks a value that a run does not have."""


ABSENT = _Absent()


def value(run: StoredRun, key: str) -> Any:
    """A run's value under a key, ABSENT if none: from its facts, summary or config.

    Keys are dotted: status, git.commit, final_loss, optimizer.lr; "last" is the value
    logged last, with its name.
    """
    if key in ("id", "name", "status"):
        return getattr(run, key)
    if key == LAST:
        return _last(run)
    fact: Any = run.run_json
    for part in key.split("."):
        fact = fact.get(part, ABSENT) if isinstance(fact, dict) else ABSENT
    if fact is not ABSENT:
        return fact
    if key in run.summary:
        return run.summary[key]
    return config_of(run).get(key, ABSENT)


def _last(run: StoredRun) -> Any:
    """The loss that was logged last, or else the first metric of that step, as "reward 1.5"."""
    try:
        metrics = {k: v for k, v in run.last().items() if k not in ("step", "time", CLOCK)}
    except StoreError:
        return ABSENT
    name = "loss" if "loss" in metrics else next(iter(metrics), None)
    return ABSENT if name is None else f"{name} {metrics[name]:.4g}"


def value_or_none(run: StoredRun, key: str) -> Any:
    """The value in a list's cell: None if the run has none."""
    its_value = value(run, key)
    return None if its_value is ABSENT else its_value


@dataclass(frozen=True)
class Condition:
    """One `key=value`, `key<number` and so on: what a run must meet to be listed.

    A key that contains one of the signs is put in double quotes: `"acc<5">0.9`.
    """

    key: str
    sign: str
    wanted: Any

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Raises StoreError for text of another shape."""
        match = _CONDITION.fullmatch(text)
        if not match:
            raise StoreError(
                f"filter {text!r}: write key=value, key<number or key>number, as status=finished"
            )
        key, sign, wanted = match["quoted"] or match["bare"], match["sign"], match["wanted"]
        try:
            return cls(key, sign, yaml12.parse_scalar(wanted.strip()))
        except yaml12.YamlError:
            return cls(key, sign, wanted.strip())

    def holds(self, run: StoredRun) -> bool:
        actual = value(run, self.key)
        if self.sign in ("=", "!="):
            return self._is_wanted(actual) == (self.sign == "=")
        both_numbers = is_number(actual) and is_number(self.wanted)
        both_texts = isinstance(actual, str) and isinstance(self.wanted, str)
        return (both_numbers or both_texts) and bool(_SIGNS[self.sign](actual, self.wanted))

    def _is_wanted(self, actual: Any) -> bool:
        if isinstance(actual, list) and not isinstance(self.wanted, list):
            return any(_same(member, self.wanted) for member in actual)
        return _same(actual, self.wanted)


def mentions(run: StoredRun, words: Sequence[str]) -> bool:
    """Whether each word is in the run's id, name, a tag or its note; capitals do not matter."""
    texts = [run.id, run.name, *map(str, run.facts.tags), run.facts.note or ""]
    text = "\n".join(texts).casefold()
    return all(word.casefold() in text for word in words)


def select(runs: Sequence[StoredRun], conditions: Sequence[Condition]) -> list[StoredRun]:
    """The runs that meet every condition. Raises StoreError for a key that no run has."""
    check_keys(runs, [condition.key for condition in conditions])
    # One condition after another: the runs that fail on run.json need no look into their config.
    for condition in sorted(conditions, key=lambda c: "." in c.key):
        runs = [run for run in runs if condition.holds(run)]
    return list(runs)


def order(
    runs: Sequence[StoredRun], key: str | None = None, reverse: bool = False
) -> list[StoredRun]:
    """By the value under `key`, small before large, runs without it last; else newest first."""
    if key is None:
        return list(runs) if reverse else list(reversed(runs))
    check_keys(runs, [key])
    ranked = [(_rank(value(run, key)), run) for run in runs]
    present = [pair for pair in ranked if pair[0] is not None]
    present.sort(key=lambda pair: pair[0] or (), reverse=reverse)
    return [run for _, run in present] + [run for rank, run in ranked if rank is None]


def columns(runs: Sequence[StoredRun]) -> list[str]:
    """The default columns of a list: which run it is, the settings that vary, what was logged last
    where a loop of somebody's own has no final loss, the results, and at last the settings that
    some runs have with one value and others not at all.
    """
    written = [key for key in ("tags", "note") if any(run.run_json.get(key) for run in runs)]
    if len(runs) > _CONFIGS_READ:
        return [*COLUMNS, *written]
    configs = [config_of(run) for run in runs if run.status != "damaged"]
    unlike = [key for key in differing(configs) if key != "name" and key not in COLUMNS]
    values = {key: {repr(config[key]) for config in configs if key in config} for key in unlike}
    varied = [key for key in unlike if len(values[key]) > 1]
    own = [run for run in runs if "final_loss" not in run.summary]
    last = [LAST] if any(_last(run) is not ABSENT for run in own) else []
    partial = [key for key in unlike if key not in varied]
    return [*COLUMNS[:2], *varied, *written, *last, *COLUMNS[2:], *partial]


def check_keys(runs: Sequence[StoredRun], keys: Sequence[str]) -> None:
    """Raise StoreError for a key that no run has: a mistyped key would give an empty list."""
    for key in keys:
        if key in (*COLUMNS, *_FACTS, LAST) or not runs:
            continue
        if all(value(run, key) is ABSENT for run in runs):
            raise StoreError(f"no run has {key!r}: {suggestion(key, _known(runs))}")


def _known(runs: Sequence[StoredRun]) -> set[str]:
    newest = list(reversed(runs))[:_CONFIGS_READ]
    return {
        *(*COLUMNS, *_FACTS, LAST),
        *(key for run in newest for key in run.summary),
        *(key for run in newest for key in config_of(run)),
    }


def _same(actual: Any, wanted: Any) -> bool:
    if actual is ABSENT:
        return False
    if is_number(actual) and is_number(wanted):
        return bool(actual == wanted or (actual != actual and wanted != wanted))
    return actual == wanted or (isinstance(actual, str) and actual == str(wanted))


def _rank(actual: Any) -> tuple[int, float, str] | None:
    """Numbers before texts before the rest, nan after all numbers."""
    if actual is ABSENT or actual is None:
        return None
    if is_number(actual):
        return (1, 0.0, "") if math.isnan(actual) else (0, float(actual), "")
    return (2, 0.0, actual) if isinstance(actual, str) else (3, 0.0, str(actual))
