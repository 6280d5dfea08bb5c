"""The outputs of a model with two inputs, on a grid of points in the plane."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from minigrad.data import Dataset
from nn.losses import TASKS, softmax

Grid: TypeAlias = list[list[float]]
Predict: TypeAlias = Callable[[list[list[float]]], list[list[float]]]

HUGE = 1e100
"""Scales and margins of larger numbers would overflow, and of numbers below its inverse vanish."""
_MARGIN = 0.2  # of the data's larger span, on each side


@dataclass(frozen=True)
class Surface:
    """A model's outputs on a grid: the rows of `values` belong to `ys`, the columns to `xs`.

    `values` are the probability of label 1, or the index of the most probable class, or the number
    that is predicted. `shares` has a grid for each class; the largest share wins.
    """

    xs: list[float]
    ys: list[float]
    values: Grid
    kind: Literal["probability", "class", "value"]
    shares: list[Grid] = field(default_factory=list)


def evaluate_surface(
    predict: Predict,
    train: Dataset,
    validation: Dataset | None,
    *,
    loss: str,
    resolution: int = 40,
) -> Surface:
    """Evaluate `predict` on a grid over all data and a margin, `resolution` points a longer side.

    What its outputs mean depends on `loss`: with bce they are a probability, with cross_entropy the
    most probable class (of two classes, a probability), with hinge the label on whose side they
    lie; with other losses the number itself. Raises ValueError unless there are two inputs.
    """
    if train.n_features != 2:
        raise ValueError(f"a boundary needs data with 2 inputs, these have {train.n_features}")
    points = train.inputs + (validation.inputs if validation else [])
    xs, ys = _axes_of(points, resolution)
    outputs = predict([[x, y] for y in ys for x in xs])

    def grid(numbers: Sequence[float]) -> Grid:
        return [list(numbers[i : i + len(xs)]) for i in range(0, len(numbers), len(xs))]

    task = TASKS.get(loss)
    if loss == "bce":
        return Surface(xs, ys, grid([_sigmoid(logit) for (logit,) in outputs]), "probability")
    if task == "classes" and len(outputs[0]) == 2:
        return Surface(xs, ys, grid([softmax(pair)[1] for pair in outputs]), "probability")
    if task is None:
        return Surface(xs, ys, grid([number for (number,) in outputs]), "value")
    at_points = [(softmax if task == "classes" else _sides)(output) for output in outputs]
    shares = [grid([point[k] for point in at_points]) for k in range(len(at_points[0]))]
    return Surface(xs, ys, grid([point.index(max(point)) for point in at_points]), "class", shares)


def _axes_of(points: Sequence[Sequence[float]], resolution: int) -> tuple[list[float], list[float]]:
    """The grid's coordinates: square cells, `resolution` points on the longer side.

    If one feature spreads much wider than the other, each has a scale and a margin of its own.
    """
    columns = [[min(max(x, -HUGE), HUGE) for x in column] for column in zip(*points, strict=True)]
    ends = [(min(column), max(column)) for column in columns]
    size = max(abs(end) for pair in ends for end in pair)
    spreads = [high - low for low, high in ends]
    if max(spreads) <= max(1e-9 * size, 1 / HUGE):  # all points are equal
        spreads = [max(1.0, 1e-6 * size)] * 2
    alike = not 1e-9 < min(spreads) / max(spreads) < 0.2
    margins = [_MARGIN * (max(spreads) if alike else spread) for spread in spreads]
    edges = [(a - margin, b + margin) for (a, b), margin in zip(ends, margins, strict=True)]
    widest = max(b - a for a, b in edges)
    xs, ys = (
        np.linspace(a, b, max(2, round(resolution * (b - a) / widest)) if alike else resolution)
        for a, b in edges
    )
    return xs.tolist(), ys.tolist()


def _sigmoid(logit: float) -> float:
    return 0.5 + 0.5 * math.tanh(logit / 2)


def _sides(scores: Sequence[float]) -> list[float]:
    """The shares of labels 0 and 1 for a score; they differ by 1 where the margin ends."""
    return [0.5 - scores[0] / 2, 0.5 + scores[0] / 2]
