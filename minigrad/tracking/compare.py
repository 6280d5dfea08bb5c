"""Runs side by side: what differs in what they were told and in what came of it."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minigrad.tracking.store import StoredRun, StoreError, short

_CLOCKS = ("step", "time")  # step is what rows are paired by; time differs between any two runs
_WITHOUT_EFFECT = (  # on the numbers; but for the seed, which is a cause of its own
    *("name", "seed", "expect"),
    *("train.log_every", "train.checkpoint_every", "train.snapshots"),
)
_KEYS_IN_LABEL = 4


@dataclass(frozen=True)
class Comparison:
    """By key, one value a run: what differs in the configs and in the results; what is the same.

    A value that a run does not have is None. `notes` are sentences on configs not readable.
    """

    config: dict[str, list[Any]]
    results: dict[str, list[Any]]
    same: dict[str, Any]
    notes: list[str]

    @property
    def identical(self) -> bool:
        """Whether all configs could be read and say the same."""
        return not self.config and not self.notes


def compare(runs: Sequence[StoredRun]) -> Comparison:
    configs = [config_of(run) for run in runs]
    results = [{"status": run.status, **run.summary} for run in runs]
    apart = differing(results)
    return Comparison(
        config={key: [config.get(key) for config in configs] for key in differing(configs)},
        results={key: [result.get(key) for result in results] for key in apart},
        same={key: value for key, value in results[0].items() if key not in apart},
        notes=[note for run in runs if (note := _config_damage(run))],
    )


def config_of(run: StoredRun) -> dict[str, Any]:
    """The flat config, empty where it cannot be read."""
    return {} if _config_damage(run) else run.flat_config()


def _config_damage(run: StoredRun) -> str | None:
    try:
        run.config  # noqa: B018 - read and kept by the run
    except StoreError as error:
        return str(error)
    return None


def differing(data: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys that not all have with one value; those that all have first.

    >>> differing([{"name": "sgd", "momentum": 0.9, "lr": 1}, {"name": "sgd", "lr": 0.1}])
    ['lr', 'momentum']
    """
    keys = dict.fromkeys(key for one in data for key in one)
    apart = [key for key in keys if not _all_same([one.get(key, ...) for one in data])]
    return sorted(apart, key=lambda key: any(key not in one for one in data))


def _all_same(values: Sequence[Any]) -> bool:
    """Text tells True from 1 and nan from nothing, for which == is no judge."""
    return all(repr(value) == repr(values[0]) for value in values)


def labels(runs: Sequence[StoredRun]) -> list[str]:
    """What tells the runs apart, each in few words: "adam lr 0.1", or the id."""
    texts = _told_apart([config_of(run) for run in runs])
    return [
        text if texts.count(text) == 1 and text else " ".join(filter(None, [text, short(run.id)]))
        for text, run in zip(texts, runs, strict=True)
    ]


def _told_apart(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """A text a config; configs that still read alike are told apart among themselves."""
    keys = [key for key in differing(configs) if not key.startswith(("expect", "plugins"))]
    shared = [key for key in keys if all(key in config for config in configs)]
    keys = (shared or keys)[:_KEYS_IN_LABEL]
    texts = [" ".join(_words(key, c[key]) for key in keys if key in c) for c in configs]
    for text in dict.fromkeys(texts):
        alike = [i for i, other in enumerate(texts) if other == text]
        if 1 < len(alike) < len(texts):
            finer = _told_apart([configs[i] for i in alike])
            for i, more in zip(alike, finer, strict=True):
                texts[i] = f"{text} {more}".strip()
    return texts


def _words(key: str, value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    last = key.rpartition(".")[2]
    return text if last == "name" or key == "loss" else f"{last} {text}"


@dataclass(frozen=True)
class Parting:
    """Where two runs part: the first step logged by both at which a metric differs, bit for bit.

    `step` is None and `metrics` empty if they never do. `steps` is how many both logged before.
    """

    ids: tuple[str, str]
    step: int | None
    metrics: dict[str, tuple[float, float]]
    steps: int
    last: tuple[int, int]
    causes: list[str] = field(default_factory=list)

    @property
    def identical(self) -> bool:
        return self.step is None

    @property
    def sentences(self) -> list[str]:
        a, b = map(short, self.ids)
        if self.step is None:
            told = [f"identical over {self.steps} logged steps, to the last bit"]
            if self.last[0] != self.last[1]:
                longer = a if self.last[0] > self.last[1] else b
                told.append(f"{longer} is longer: step {max(self.last)} against {min(self.last)}")
            return told
        (name, (left, right)), *others = self.metrics.items()
        also = f" (also {', '.join(name for name, _ in others)})" if others else ""
        cause, *further = self.causes or ["nothing that is recorded differs"]
        return [
            f"they part at step {self.step}, after {self.steps} identical logged steps",
            f"{name}: {left!r} in {a}, {right!r} in {b}{also}",
            f"likely cause: {cause}",
            *(f"also different: {cause}" for cause in further),
        ]


def part(a: StoredRun, b: StoredRun) -> Parting:
    """Raises StoreError where the two have logged nothing that could be held side by side."""
    of_a, of_b = _by_step(a), _by_step(b)
    common = [step for step in of_a if step in of_b]
    last = (max(of_a, default=-1), max(of_b, default=-1))
    compared = 0
    for count, step in enumerate(common):
        names = [n for n in of_a[step] if n in of_b[step] and n not in _CLOCKS]
        pairs = {name: (of_a[step][name], of_b[step][name]) for name in names}
        apart = {n: pair for n, pair in pairs.items() if _bits(pair[0]) != _bits(pair[1])}
        if apart:
            return Parting((a.id, b.id), step, apart, count, last, causes(a, b))
        compared += len(names)
    if not compared:
        raise StoreError(f"{a.id} and {b.id} have no metric at a common step: nothing to compare")
    return Parting((a.id, b.id), None, {}, len(common), last)


def _by_step(run: StoredRun) -> dict[int, dict[str, float]]:
    by_step: dict[int, dict[str, float]] = {}
    for row in sorted(run.metrics(), key=lambda row: row["step"]):
        by_step.setdefault(int(row["step"]), {}).update(row)  # a step may be logged in parts
    return by_step


def _bits(number: float) -> bytes:
    return struct.pack("<d", number)


def causes(a: StoredRun, b: StoredRun) -> list[str]:
    """What may have made two runs differ, the likeliest first."""
    found = _config_causes(a, b)
    for key in ("seed", "python", "platform"):
        found += _apart(key, a.facts.get(key), b.facts.get(key))
    packages = [_mapping(run.facts.get("packages")) for run in (a, b)]
    for name in differing(packages):
        found += _apart(name, *(versions.get(name) for versions in packages))
    codes = [run.facts.get("code") for run in (a, b)]
    if None not in codes:  # older runs have none
        found += _apart("code (checksum of the sources)", *codes)
    return found + _git_causes(_mapping(a.facts.get("git")), _mapping(b.facts.get("git")))


def _config_causes(a: StoredRun, b: StoredRun) -> list[str]:
    unread = [damage for run in (a, b) if (damage := _config_damage(run))]
    left, right = config_of(a), config_of(b)
    keys = [
        key
        for key in differing([left, right])
        if key not in _WITHOUT_EFFECT and not key.startswith("expect.")
    ]
    if unread or not keys:
        return unread
    keys = [key for key in keys if key in left and key in right] or keys  # the rest follows
    told = [f"{key} {_shown(left.get(key))} against {_shown(right.get(key))}" for key in keys]
    return [f"config: {', '.join(told)}"]


def _git_causes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    found = _apart("git commit", a.get("commit"), b.get("commit"))
    if not found and (a.get("dirty") or b.get("dirty")):
        both = "both" if a.get("dirty") == b.get("dirty") else "one"
        return [f"uncommitted changes: {both} ran with some, which are not recorded"]
    return found


def _apart(name: str, left: Any, right: Any) -> list[str]:
    return [] if left == right else [f"{name}: {_shown(left)} against {_shown(right)}"]


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}
