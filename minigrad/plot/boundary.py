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
from numpy.typing import NDArray

from minigrad.data import Dataset
from minigrad.plot.style import COLORS, INK, check_ending, head, new_figure, save
from nn.losses import TASKS

Grid: TypeAlias = list[list[float]]
Array: TypeAlias = NDArray[np.float64]
Predict: TypeAlias = Callable[[list[list[float]]], list[list[float]]]

_MARGIN = 0.2  # of the data's larger span, on each side
_HUGE = 1e100  # scales and margins would overflow beyond, and vanish below its inverse
_TINT = 0.5  # of a class's colour in its region: points stand out of it
_DIVERGING = LinearSegmentedColormap.from_list(
    "probability", ["#68abd4", "#bfdcec", "#fdfcfa", "#fad5bd", "#f0a070"]
)


@dataclass(frozen=True)
class Surface:
    """What a model says on a grid: rows of `values` go by `ys`, columns by `xs`.

    `values` are the probability of label 1, or the index of the winning class, or the number that
    was predicted. For classes `shares` has a grid for each; the largest share wins.
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
    its classes (of two, a probability), hinge a winner too, sure of it outside of its margin;
    of other losses the number itself is shown. Raises ValueError unless there are two inputs.
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
        return Surface(xs, ys, grid([_softmax(pair)[1] for pair in outputs]), "probability")
    if task is None:
        return Surface(xs, ys, grid([number for (number,) in outputs]), "value")
    claims = [(_softmax if task == "classes" else _sides)(output) for output in outputs]
    shares = [grid([claim[k] for claim in claims]) for k in range(len(claims[0]))]
    return Surface(xs, ys, grid([claim.index(max(claim)) for claim in claims]), "class", shares)


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
    figure = new_figure(width + 1.3, width * _height(surface) + 1.2, "compressed")
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
    figure = new_figure(width * columns + 1.1, height * rows + 0.8, "compressed")
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
        # A number fitted to labels 0 and 1 reads best as what it stands for.
        measured = self.kind == "value" and train.classes != 2
        values = (v for s in surfaces for row in s.values for v in row) if measured else ()
        numbers = [v for v in [*values, *train.targets] if math.isfinite(v)] if measured else [0, 1]
        low, high = _apart(min(numbers, default=0.0), max(numbers, default=0.0))
        self.norm = Normalize(low, high)
        self.levels = np.linspace(low, high, 21)
        self.map = "viridis" if measured else _DIVERGING
        self.labels = 0 if measured else (train.classes or 2)

    def paint(self, axes: Axes, surface: Surface) -> None:
        """The surface and its boundary, to the edge of the axes."""
        xs, ys = surface.xs, surface.ys
        if self.kind == "class":
            _paint_classes(axes, surface)
        elif self.kind == "probability":
            # Between grid points a logit is nearly straight; a probability is a step.
            logits = _logit(np.array(surface.values))
            self._bands(axes, surface, logits, _logit(self.levels[1:-1]))
            _line(axes, xs, ys, logits)
        else:
            numbers = np.array(surface.values)
            self._bands(axes, surface, numbers, self.levels[1:-1])
            if self.labels:
                _line(axes, xs, ys, numbers - 0.5)
        axes.set_aspect("auto")
        axes.set_box_aspect(_height(surface))  # equal scales, or a square
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        axes.spines[:].set_visible(False)

    def _bands(self, axes: Axes, surface: Surface, heights: Array, levels: Array) -> None:
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        colors = ScalarMappable(self.norm, self.map).to_rgba(middles)
        bands = axes.contourf(
            surface.xs, surface.ys, heights, levels=levels, colors=colors, extend="both"
        )
        bands.set_edgecolor("face")  # no seams between the bands of an SVG

    def points(self, axes: Axes, data: Dataset, *, size: float, filled: bool) -> None:
        xs, ys = ([features[i] for features in data.inputs] for i in (0, 1))
        if self.labels:
            colors: Any = [COLORS[int(t) % len(COLORS)] for t in data.targets]
        else:
            colors = ScalarMappable(self.norm, self.map).to_rgba(np.array(data.targets))
        if filled:
            edge = "white" if self.labels else INK
            axes.scatter(xs, ys, s=size, c=colors, edgecolors=edge, linewidths=0.8, zorder=3)
            return
        axes.scatter(xs, ys, s=size, c="white", edgecolors=colors, linewidths=1.8, zorder=3)

    def key(self, figure: Figure, axes: Sequence[Axes], *, validation: bool) -> None:
        """What colours and markers mean, outside of the axes."""
        if self.kind != "class":
            words = {"probability": "probability of label 1", "value": "prediction"}[self.kind]
            bar = figure.colorbar(
                ScalarMappable(self.norm, self.map), ax=axes, label=words, aspect=30, pad=0.02
            )
            bar.outline.set_visible(False)
        keys = [_marker(f"label {k}", COLORS[k % len(COLORS)]) for k in range(self.labels)]
        if validation:
            keys += [] if self.labels else [_marker("training", INK)]
            keys.append(_marker("validation", "white", edge=INK))
        if keys:
            figure.legend(
                handles=keys,
                loc="outside lower left",
                ncols=5,
                frameon=False,
                handletextpad=0.2,
                labelcolor=INK,
            )


def _paint_classes(axes: Axes, surface: Surface) -> None:
    """Each class's tint, paler where its lead over the second is small."""
    xs, ys = _finer(surface.xs), _finer(surface.ys)
    rows, columns = _weights(surface.ys, ys), _weights(surface.xs, xs)
    shares = rows @ np.nan_to_num(surface.shares or _whole_shares(surface.values)) @ columns.T
    tints = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(len(shares))])
    ordered = np.sort(shares, axis=0)
    lead = _TINT * np.clip(ordered[-1] - ordered[-2], 0, 1)[..., np.newaxis]
    image = 1 - lead * (1 - tints[shares.argmax(axis=0)])
    dx, dy = (xs[1] - xs[0]) / 2, (ys[1] - ys[0]) / 2
    extent = (xs[0] - dx, xs[-1] + dx, ys[0] - dy, ys[-1] + dy)
    axes.imshow(image, origin="lower", extent=extent, interpolation="bicubic")
    for k in range(len(shares)):
        _line(axes, xs, ys, shares[k] - np.delete(shares, k, axis=0).max(axis=0))


def _line(axes: Axes, xs: Sequence[float], ys: Sequence[float], heights: Array) -> None:
    """Where the height is 0, if it is so anywhere."""
    if (heights < 0).any() and (heights > 0).any():
        axes.contour(xs, ys, heights, levels=[0.0], colors=INK, linewidths=1.4)


def _logit(probabilities: Array) -> Array:
    """Within what a float can tell from 0 and 1."""
    clipped = np.clip(probabilities, 1e-15, 1 - 1e-15)
    return np.log(clipped) - np.log1p(-clipped)


def _finer(ticks: Sequence[float]) -> list[float]:
    return [float(x) for x in np.linspace(ticks[0], ticks[-1], 4 * len(ticks) - 3)]


def _weights(coarse: Sequence[float], fine: Sequence[float]) -> Array:
    """The matrix that takes heights at the coarse ticks to heights at the fine ones."""
    return np.stack([np.interp(fine, coarse, unit) for unit in np.eye(len(coarse))], axis=1)


def _whole_shares(winners: Grid) -> list[Grid]:
    classes = max(2, 1 + max(int(winner) for row in winners for winner in row))
    return [[[float(w == k) for w in row] for row in winners] for k in range(classes)]


def _axes_of(points: Sequence[Sequence[float]], resolution: int) -> tuple[list[float], list[float]]:
    """The grid's lines: square cells, `resolution` points on the longer side.

    Where one feature spreads much wider than the other, each has a scale and a margin of its own.
    """
    columns = [[min(max(x, -_HUGE), _HUGE) for x in column] for column in zip(*points, strict=True)]
    ends = [(min(column), max(column)) for column in columns]
    size = max(abs(end) for pair in ends for end in pair)
    spreads = [high - low for low, high in ends]
    if max(spreads) <= max(1e-9 * size, 1 / _HUGE):  # one place, or as good as one
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


def _height(surface: Surface) -> float:
    """Of the axes, as a share of their width: a square where the two scales are far apart."""
    height = (surface.ys[-1] - surface.ys[0]) / (surface.xs[-1] - surface.xs[0])
    return height if 0.25 <= height <= 4 else 1.0


def _apart(low: float, high: float) -> tuple[float, float]:
    """The ends of a colour scale, which needs a length that a float can tell."""
    low, high = max(low, -_HUGE), min(high, _HUGE)
    if high - low > max(1e-9 * abs(low), 1e-9 * abs(high), 1 / _HUGE):
        return low, high
    return low - max(0.5, 1e-6 * abs(low)), high + max(0.5, 1e-6 * abs(high))


def _size(train: Dataset) -> float:
    """Of a marker: few points are large."""
    return min(120.0, max(14.0, 3600 / len(train.inputs)))


def _marker(label: str, color: str, edge: str | None = None) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o",
        markersize=7,
        color=color,
        markeredgecolor=edge or color,
        markeredgewidth=1.6 if edge else 0,
        label=label,
    )


def _sigmoid(logit: float) -> float:
    return 0.5 + 0.5 * math.tanh(logit / 2)


def _softmax(logits: Sequence[float]) -> list[float]:
    largest = max(logits)
    powers = [math.exp(logit - largest) for logit in logits]
    total = math.fsum(powers)
    return [power / total for power in powers]


def _sides(scores: Sequence[float]) -> list[float]:
    """The shares of labels 0 and 1 for a score; they lead by 1 where its margin ends."""
    return [0.5 - scores[0] / 2, 0.5 + scores[0] / 2]
