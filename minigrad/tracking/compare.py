"""Compares runs: the differences in their configs and in their results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from minigrad.terminal.text import excerpt
from minigrad.tracking.environment import differences
from minigrad.tracking.reading import CLOCK
from minigrad.tracking.store import StoredRun, StoreError, short

_CLOCKS = ("step", "time", CLOCK)  # what rows are paired by, and what differs in any two runs
_WITHOUT_EFFECT = (  # on the numbers; but for the seed, which is a cause of its own
    *("name", "seed", "expect"),
    *("train.log_every", "train.checkpoint_every", "train.snapshots"),
)
_LONGEST_WORD = 40  # characters of a value in a label
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


def comparison_of(runs: Sequence[StoredRun]) -> Comparison:
    configs = [config_of(run) for run in runs]
    results = [{"status": run.status, **run.summary} for run in runs]
    unlike = differing(results)
    return Comparison(
        config={key: [config.get(key) for config in configs] for key in differing(configs)},
        results={key: [result.get(key) for result in results] for key in unlike},
        same={key: value for key, value in results[0].items() if key not in unlike},
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
    unlike = [key for key in keys if not _all_same([one.get(key, ...) for one in data])]
    return sorted(unlike, key=lambda key: any(key not in one for one in data))


def _all_same(values: Sequence[Any]) -> bool:
    """Compared as text, since 1 == True and nan != nan."""
    return all(repr(value) == repr(values[0]) for value in values)


def labels(runs: Sequence[StoredRun]) -> list[str]:
    """For each run, in a few words, how it differs from the others: "adam lr 0.1", or its id."""
    texts = _distinct([config_of(run) for run in runs])
    return [
        text if texts.count(text) == 1 and text else " ".join(filter(None, [text, short(run.id)]))
        for text, run in zip(texts, runs, strict=True)
    ]


def _distinct(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """A text a config; configs that still read alike are distinguished among themselves."""
    keys = [key for key in differing(configs) if not key.startswith(("expect", "plugins"))]
    shared = [key for key in keys if all(key in config for config in configs)]
    keys = (shared or keys)[:_KEYS_IN_LABEL]
    texts = [" ".join(_words(key, c[key]) for key in keys if key in c) for c in configs]
    for text in dict.fromkeys(texts):
        alike = [i for i, other in enumerate(texts) if other == text]
        if 1 < len(alike) < len(texts):
            finer = _distinct([configs[i] for i in alike])
            for i, more in zip(alike, finer, strict=True):
                texts[i] = f"{text} {more}".strip()
    return texts


def _words(key: str, value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else excerpt(value, _LONGEST_WORD)
    last = key.rpartition(".")[2]
    return text if last == "name" or key == "loss" else f"{last} {text}"


@dataclass(frozen=True)
class FirstDifference:
    """The first step logged by both of two runs at which a metric differs, bit for bit.

    `step` is None and `metrics` empty if none does. `steps` is how many both logged before.
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
            sentences = [f"identical over {self.steps} logged steps, to the last bit"]
            if self.last[0] != self.last[1]:
                longer = a if self.last[0] > self.last[1] else b
                lengths = f"step {max(self.last)} against {min(self.last)}"
                sentences.append(f"{longer} is longer: {lengths}")
            return sentences
        (name, (left, right)), *others = self.metrics.items()
        also = f" (also {', '.join(name for name, _ in others)})" if others else ""
        cause, *further = self.causes or ["nothing that is recorded differs"]
        return [
            f"they part at step {self.step}, after {self.steps} identical logged steps",
            f"{name}: {left!r} in {a}, {right!r} in {b}{also}",
            f"likely cause: {cause}",
            *(f"also different: {cause}" for cause in further),
        ]


def first_difference(a: StoredRun, b: StoredRun) -> FirstDifference:
    """Raises StoreError where the two have no metric at a step that both logged."""
    of_a, of_b = _by_step(a), _by_step(b)
    common = [step for step in of_a if step in of_b]
    last = (max(of_a, default=-1), max(of_b, default=-1))
    compared = 0
    for count, step in enumerate(common):
        names = [n for n in of_a[step] if n in of_b[step] and n not in _CLOCKS]
        pairs = {name: (of_a[step][name], of_b[step][name]) for name in names}
        unlike = {name: pair for name, pair in pairs.items() if not same_bits(*pair)}
        if unlike:
            return FirstDifference((a.id, b.id), step, unlike, count, last, causes(a, b))
        compared += len(names)
    if not compared:
        raise StoreError(f"{a.id} and {b.id} have no metric at a common step: nothing to compare")
    return FirstDifference((a.id, b.id), None, {}, len(common), last)


def _by_step(run: StoredRun) -> dict[int, dict[str, float]]:
    by_step: dict[int, dict[str, float]] = {}
    for row in sorted(run.metrics(), key=lambda row: row["step"]):
        by_step.setdefault(int(row["step"]), {}).update(row)  # a step may be logged in parts
    return by_step


def same_bits(a: float | None, b: float | None) -> bool:
    """Whether two numbers are equal to the last bit: 0.0 is not -0.0, nan is nan, None is None."""
    if not (isinstance(a, int | float) and isinstance(b, int | float)):
        return a is b
    return repr(float(a)) == repr(float(b))  # the shortest text that gives the float again


def causes(a: StoredRun, b: StoredRun) -> list[str]:
    """Possible causes of the difference between two runs, the likeliest first."""
    return [
        *_config_causes(a, b),
        *_against("seed", a.facts.seed, b.facts.seed),
        *chain.from_iterable(
            _against(one.name, one.before, one.now) for one in differences(a.run_json, b.run_json)
        ),
        *_git_causes(a.facts.git or {}, b.facts.git or {}),
    ]


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
    pairs = [f"{key} {_text(left.get(key))} against {_text(right.get(key))}" for key in keys]
    return [f"config: {', '.join(pairs)}"]


def _git_causes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    commits = _against("git commit", a.get("commit"), b.get("commit"))
    if not commits and (a.get("dirty") or b.get("dirty")):
        both = "both" if a.get("dirty") == b.get("dirty") else "one"
        return [f"uncommitted changes: {both} ran with some, which are not recorded"]
    return commits


def _against(name: str, left: Any, right: Any) -> list[str]:
    return [] if left == right else [f"{name}: {_text(left)} against {_text(right)}"]


def _text(value: Any) -> str:
    return "none" if value is None else str(value)
