"""What a model with two inputs says all over the plane, and pictures of it.

matplotlib takes longer to import than XOR to train: import this late.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from minigrad.data import Dataset
from minigrad.plot import COLORS, INK, check_ending, head, new_figure, save
from nn.losses import TASKS

Grid: TypeAlias = list[list[float]]
Predict: TypeAlias = Callable[[list[list[float]]], list[list[float]]]

_MARGIN = 0.2  # of the data's larger span, on each side
_TINT = 0.45  # how much of a class's colour its region shows: points stand out of it
_DIVERGING = LinearSegmentedColormap.from_list(
    "probability", ["#4393c3", "#b7d6e8", "#fbfaf8", "#f8cdb0", "#e6824a"]
)
_SEQUENTIAL = "cividis"


@dataclass(frozen=True)
class Surface:
    """What a model says on a grid: rows of `values` go by `ys`, columns by `xs`.

    `values` are the probability of label 1, or the index of the winning class, or the number that
    was predicted. For classes `shares` has a grid for each: how much of a point it claims.
    """

    xs: list[float]
    ys: list[float]
    values: Grid
    kind: Literal["probability", "class", "value"]
    shares: list[Grid] | None = None


def surface(
    predict: Predict,
    train: Dataset,
    validation: Dataset | None,
    *,
    loss: str,
    resolution: int = 40,
) -> Surface:
    """Ask `predict` at `resolution` points along the longer side of all data with a margin.

    What its outputs mean depends on `loss`: bce gives a probability, cross_entropy the winner of
    its classes (of two, a probability), hinge a winner too, whose shares change over its margin;
    of other losses the number itself is shown. Raises ValueError unless there are two inputs.
    """
    if train.n_features != 2:
        raise ValueError(f"a boundary needs data with 2 inputs, these have {train.n_features}")
    points = train.inputs + (validation.inputs if validation else [])
    xs, ys = _axes_of(points, resolution)
    outputs = predict([[x, y] for y in ys for x in xs])

    def grid(of: Callable[[list[float]], float]) -> Grid:
        numbers = [of(output) for output in outputs]
        return [numbers[start : start + len(xs)] for start in range(0, len(numbers), len(xs))]

    task = TASKS.get(loss)
    if loss == "bce":
        return Surface(xs, ys, grid(lambda output: _sigmoid(output[0])), "probability")
    if task == "classes" and len(outputs[0]) == 2:
        return Surface(xs, ys, grid(lambda output: _softmax(output)[1]), "probability")
    if task is None:
        return Surface(xs, ys, grid(lambda output: output[0]), "value")
    claims = _softmax if task == "classes" else _sides
    classes = range(len(claims(outputs[0])))
    shares = [grid(lambda output, k=k: claims(output)[k]) for k in classes]  # type: ignore[misc]
    winners = grid(lambda output: float(np.argmax(claims(output))))
    return Surface(xs, ys, winners, "class", shares)


def draw_boundary(
    path: Path,
    surface: Surface,
    train: Dataset,
    validation: Dataset | None,
    *,
    title: str,
    subtitle: str,
) -> None:
    """Write the surface to `path`, .png or .svg: training points filled, validation points open."""
    check_ending(path)
    width = 5.0
    figure = new_figure(width + 1.3, width * _height(surface) + 1.3)
    axes = figure.add_subplot()
    look = _Look([surface], train)
    look.paint(axes, surface)
    look.points(axes, train, size=_size(train), filled=True)
    if validation:
        look.points(axes, validation, size=_size(train), filled=False)
    axes.set_xlabel("x0")
    axes.set_ylabel("x1")
    head(axes, title, subtitle)
    look.key(figure, [axes], validation=validation is not None)
    save(figure, path)


def draw_snapshots(
    path: Path, snapshots: Sequence[tuple[int, Surface]], train: Dataset, *, title: str
) -> None:
    """Write one small panel a (step, surface) to `path`, .png or .svg, in the same colours."""
    check_ending(path)
    if not snapshots:
        raise ValueError("there are no snapshots to draw")
    rows = math.ceil(len(snapshots) / 4)
    columns = math.ceil(len(snapshots) / rows)
    width = 2.6
    height = width * _height(snapshots[0][1]) + 0.35
    figure = new_figure(width * columns + 1.1, height * rows + 0.8)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", color=INK, parse_math=False)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    look = _Look([surface for _, surface in snapshots], train)
    for axes, (step, surface) in zip(grid.flat, snapshots, strict=False):
        look.paint(axes, surface)
        look.points(axes, train, size=_size(train) / 3, filled=True)
        axes.set_title(f"step {step}", loc="left", fontsize=9, color=INK)
        axes.tick_params(labelsize=8)
    for axes in grid.flat[len(snapshots) :]:
        axes.set_axis_off()
    look.key(figure, list(grid.flat), validation=False)
    save(figure, path)


class _Look:
    """Colours that some surfaces and a dataset share."""

    def __init__(self, surfaces: Sequence[Surface], train: Dataset) -> None:
        self.kind = surfaces[0].kind
        numbers = [0.0, 1.0]
        if self.kind == "value":
            values = (v for s in surfaces for row in s.values for v in row)
            numbers = [v for v in [*values, *train.targets] if math.isfinite(v)]
        self.norm = Normalize(min(numbers), max(numbers))
        self.classes = train.classes if self.kind != "value" else None
        self.map = _SEQUENTIAL if self.kind == "value" else _DIVERGING

    def paint(self, axes: Axes, surface: Surface) -> None:
        xs, ys = surface.xs, surface.ys
        if self.kind == "class":
            shares = np.array(surface.shares or _winners(surface))
            self._blend(axes, surface, shares)
        else:
            levels = np.linspace(self.norm.vmin or 0.0, self.norm.vmax or 0.0, 21)
            filled = axes.contourf(
                xs, ys, surface.values, levels=levels, cmap=self.map, norm=self.norm, extend="both"
            )
            filled.set_edgecolor("face")  # no seams between the bands of an SVG
        if self.kind == "probability":
            axes.contour(xs, ys, surface.values, levels=[0.5], colors=INK, linewidths=1.6)
        axes.set_aspect("equal")
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        axes.spines[:].set_visible(False)

    def _blend(self, axes: Axes, surface: Surface, shares: Any) -> None:
        tints = np.array([_tint(k) for k in range(len(shares))])
        (x0, x1), (y0, y1) = surface.xs[:2], surface.ys[:2]
        extent = (
            surface.xs[0] - (x1 - x0) / 2,
            surface.xs[-1] + (x1 - x0) / 2,
            surface.ys[0] - (y1 - y0) / 2,
            surface.ys[-1] + (y1 - y0) / 2,
        )
        image = np.clip(np.einsum("kyx,kc->yxc", np.nan_to_num(shares), tints), 0, 1)
        axes.imshow(image, origin="lower", extent=extent, interpolation="bicubic", aspect="equal")
        for k in range(len(shares)):
            lead = shares[k] - np.delete(shares, k, axis=0).max(axis=0)
            if lead.min() < 0 < lead.max():
                axes.contour(
                    surface.xs, surface.ys, lead, levels=[0.0], colors=INK, linewidths=1.2
                )
