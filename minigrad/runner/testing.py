"""How good a trained model is: on its test part, beside a linear fit and a constant guess."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from minigrad.config import Config
from minigrad.data import Dataset
from minigrad.engines import Outputs
from minigrad.terminal.text import counted
from minigrad.tracking.check import TESTED
from minigrad.training.trainer import Trainer
from nn.losses import TASKS

_MOST = 20_000_000
"""Multiplications that a linear fit may take; it is left out for more."""


def measure(answers: Sequence[Any], targets: Sequence[Any], *, classes: bool) -> dict[str, float]:
    """How good answers are: the accuracy, or the mean absolute error and R squared,
    1 - sum (t - y)^2 / sum (t - mean t)^2, which is left out where all targets are equal.
    """
    pairs = list(zip(answers, targets, strict=True))
    if classes:
        return {"accuracy": sum(answer == target for answer, target in pairs) / len(pairs)}
    measures = {"mean_absolute_error": math.fsum(abs(y - t) / len(pairs) for y, t in pairs)}
    mean = math.fsum(t / len(pairs) for t in targets)
    spread = math.hypot(*(t - mean for t in targets))
    if min(targets) < max(targets):
        measures["r_squared"] = 1 - (math.hypot(*(t - y for y, t in pairs)) / spread) ** 2
    return measures


def measure_test(config: Config, trainer: Any) -> dict[str, Any] | None:
    """What test.json holds; None without a test part, or for many seeds.

    Of classes: loss, accuracy, "confusion" (a row a class, a column an answer), and precision and
    recall of each class, null where nothing was answered so, or no row is of it. Of measurements,
    in the target's units: mean absolute error, R squared, root mean squared error and that of a
    linear least-squares fit to the training part.
    """
    if not isinstance(trainer, Trainer) or trainer.test is None:
        return None
    test = trainer.test
    loss, outputs = trainer.engine.evaluate(test.inputs, test.targets)
    head = {"rows": len(test.inputs), "loss": loss}
    task = TASKS.get(config.loss)
    if task is not None:
        return head | _of_classes(_labels(outputs, task), test)
    answers = _in_units(test, [numbers[0] for numbers in outputs])
    targets = _in_units(test, test.targets)
    linear = _linear_fit(trainer.dataset, test)
    return {
        **head,
        **measure(answers, targets, classes=False),
        "root_mean_squared_error": _rmse(answers, targets),
        "linear_fit": None if linear is None else {"root_mean_squared_error": linear},
    }


def summary_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of test.json that a run's summary repeats, as test_loss and so on."""
    return {f"test_{name}": results[name] for name in TESTED if name in results}


def in_target_units(config: Config, dataset: Dataset, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Losses of a standardized target in its own units: mse times deviation^2, mae times it."""
    powers = {"mse": 2, "mae": 1}
    if dataset.target_scaling is None or config.loss not in powers:
        return {}
    factor = dataset.target_scaling.deviations[0] ** powers[config.loss]
    names = [name for name in ("initial_loss", "final_loss", "val_loss") if summary.get(name)]
    return {f"{name}_in_target_units": summary[name] * factor for name in names}


def sentences(
    config: Config, dataset: Dataset, summary: Mapping[str, Any], test: Mapping[str, Any] | None
) -> list[str]:
    """What is printed about losses besides that on the training data."""
    lines = []
    before, after = (summary.get(f"{name}_loss_in_target_units") for name in ("initial", "final"))
    if before is not None and after is not None:
        lines.append(f"in the target's units: loss {before:.4g} -> {after:.4g}")
    if summary.get("val_loss") is not None:
        lines.append(f"validation {_measures(summary, 'val_')}")
    if test is not None:
        lines.append(f"test {_measures(summary, 'test_')}, on {counted(test['rows'], 'row')}")
        lines += _beside_a_line(test)
    lines += _beside_a_constant(config, dataset, summary)
    return lines


def _measures(summary: Mapping[str, Any], prefix: str) -> str:
    words = ("loss", "accuracy", "mean_absolute_error", "r_squared")
    numbers = [(word, summary.get(prefix + word)) for word in words]
    measures = [f"{word.replace('_', ' ')} {x:.4g}" for word, x in numbers if x is not None]
    units = summary.get(f"{prefix}loss_in_target_units")
    more = "" if units is None else f" (loss {units:.4g} in the target's units)"
    return ", ".join(measures) + more


def _beside_a_line(test: Mapping[str, Any]) -> list[str]:
    if not test.get("linear_fit"):
        return []
    ours, linear = (part["root_mean_squared_error"] for part in (test, test["linear_fit"]))
    verdict = "beats" if ours < linear else "does not beat"
    return [
        f"test root mean squared error {ours:.4g} {verdict} that of a linear least-squares fit, "
        f"{linear:.4g}"
    ]


def _beside_a_constant(config: Config, dataset: Dataset, summary: Mapping[str, Any]) -> list[str]:
    final, constant = summary.get("final_loss"), constant_loss(config.loss, dataset)
    if final is None or constant is None or final <= constant * (1 + 1e-9):
        return []
    return [
        f"final loss {final:.4g} is worse than {constant:.4g}, that of the same answer to every "
        "row: nothing is learned yet"
    ]


def constant_loss(loss: str, dataset: Dataset) -> float | None:
    """The least mean loss that one constant output can have; None for a loss that is not known.

    Of bce and cross_entropy the entropy of the labels, of mse the variance of the targets, of mae
    the mean distance from their median.

    >>> constant_loss("mse", Dataset([[0.0], [0.0]], [1.0, 3.0]))
    1.0
    """
    targets, size = sorted(dataset.targets), len(dataset.targets)
    if loss in ("bce", "cross_entropy"):
        shares = [targets.count(label) / size for label in set(targets)]
        return -math.fsum(share * math.log(share) for share in shares)
    if loss == "mse":
        mean = math.fsum(t / size for t in targets)
        return (math.hypot(*(t - mean for t in targets)) / math.sqrt(size)) ** 2
    if loss == "mae":
        return math.fsum(abs(t - targets[size // 2]) / size for t in targets)
    return None


def _labels(outputs: Outputs, task: str) -> list[int]:
    if task == "binary":
        return [int(numbers[0] > 0) for numbers in outputs]
    return [numbers.index(max(numbers)) for numbers in outputs]


def _of_classes(answers: Sequence[int], test: Dataset) -> dict[str, Any]:
    count = test.classes or 2
    names = test.class_names or [str(label) for label in range(count)]
    targets = [int(target) for target in test.targets]
    confusion = [[0] * count for _ in range(count)]
    for answer, target in zip(answers, targets, strict=True):
        confusion[target][answer] += 1
    right = [confusion[label][label] for label in range(count)]
    answered, there = [sum(column) for column in zip(*confusion, strict=True)], map(sum, confusion)
    return {
        **measure(answers, targets, classes=True),
        "classes": names,
        "confusion": confusion,
        "precision": dict(zip(names, map(_share, right, answered), strict=True)),
        "recall": dict(zip(names, map(_share, right, there), strict=True)),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _in_units(dataset: Dataset, numbers: Sequence[float]) -> list[float]:
    scale = dataset.target_scaling
    if scale is None:
        return list(numbers)
    return [number * scale.deviations[0] + scale.means[0] for number in numbers]


def _rmse(answers: Sequence[float], targets: Sequence[float]) -> float:
    differences = [y - t for y, t in zip(answers, targets, strict=True)]
    return math.hypot(*differences) / math.sqrt(len(differences))


def _linear_fit(train: Dataset, test: Dataset) -> float | None:
    """The test error of the fit, to 6 digits: the last ones depend on the processor."""
    if len(train.inputs) * (train.n_features + 1) ** 2 > _MOST:
        return None
    import numpy as np  # here, since eager runs do without it

    def with_ones(dataset: Dataset) -> Any:
        return np.column_stack([np.array(dataset.inputs), np.ones(len(dataset.inputs))])

    try:
        weights = np.linalg.lstsq(with_ones(train), np.array(train.targets), rcond=None)[0]
    except np.linalg.LinAlgError:
        return None
    answers = _in_units(test, (with_ones(test) @ weights).tolist())
    error = _rmse(answers, _in_units(test, test.targets))
    return float(f"{error:.6g}") if math.isfinite(error) else None
