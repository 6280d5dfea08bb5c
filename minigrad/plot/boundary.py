"""Pictures of the outputs of a model with two inputs over the plane."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minigrad.data import Dataset
from minigrad.plot import style
from minigrad.plot.style import COLORS, INK, MARKERS, Axes, Figure, Line2D
from minigrad.plot.surface import HUGE, Surface

Array: TypeAlias = NDArray[np.float64]

_TINT = 0.5  # of a class's colour in its region, so that points can be seen on it
_DIVERGING = style.LinearSegmentedColormap.from_list(
    "probability", ["#68abd4", "#bfdcec", "#fdfcfa", "#fad5bd", "#f0a070"]
)


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
    style.check_ending(path)
    colors = _Colors([surface], train)
    width, height = _size(surface, 5.0)
    across = max(3.6, width + (1.1 if surface.kind == "class" else 1.9))
    bottom = 0.5
    figure = style.new_figure(across, bottom + height + style.HEAD_INCHES, "none")
    axes = figure.add_subplot()
    colors.paint(axes, surface)
    colors.points(axes, train, size=_area(train), filled=True)
    if validation:
        colors.points(axes, validation, size=_area(train), filled=False)
    axes.set_xlabel("x0", color=INK)
    axes.set_ylabel("x1", color=INK)
    left = 0.37 + style.tick_width(axes.yaxis)
    style.head_of_figure(figure, title, subtitle, left)
    style.place(axes, left, bottom, width, height)
    colors.scale(figure, left + width + 0.1, bottom, height)
    _legend_inside(axes, colors.keys(validation is not None), width)
    style.save(figure, path)


def draw_snapshots(
    path: Path, snapshots: Sequence[tuple[int, Surface]], train: Dataset, *, title: str
) -> None:
    """Write a small panel for each (step, surface) to `path`, .png or .svg, in the same colours."""
    style.check_ending(path)
    if not snapshots:
        raise ValueError("there are no snapshots to draw")
    colors = _Colors([surface for _, surface in snapshots], train)
    rows = math.ceil(len(snapshots) / 4)
    columns = math.ceil(len(snapshots) / rows)
    width, height = _size(snapshots[0][1], 2.4)
    bottom, across, up = 0.65, width + 0.28, height + 0.3  # from one panel to the next
    figure = style.new_figure(
        max(3.6, columns * across + 1.4), bottom + rows * up + style.HEAD_INCHES, "none"
    )
    style.head_of_figure(figure, title, "")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes, (step, surface) in zip(panels.flat, snapshots, strict=False):
        colors.paint(axes, surface)
        colors.points(axes, train, size=_area(train) / 3, filled=True)
        axes.set_title(f"step {step}", loc="left", fontsize=9, color=INK)
        axes.tick_params(labelsize=8)
    left = 0.2 + style.tick_width(panels[0, 0].yaxis)
    for index, axes in enumerate(panels.flat):
        row, column = divmod(index, columns)
        style.place(axes, left + column * across, bottom + (rows - 1 - row) * up, width, height)
        axes.tick_params(labelbottom=index + columns >= len(snapshots))  # no panel is below it
        axes.set_axis_on() if index < len(snapshots) else axes.set_axis_off()
    colors.scale(figure, left + columns * across - 0.15, bottom, rows * up - 0.3)
    _legend(figure, colors.keys(validation=False), left, 5)
    style.save(figure, path)


class _Colors:
    """The colours that surfaces and a dataset share."""

    def __init__(self, surfaces: Sequence[Surface], train: Dataset) -> None:
        self.kind = surfaces[0].kind
        # a number that is fitted to labels 0 and 1 has the labels' colours
        measured = self.kind == "value" and train.classes != 2
        low, high = 0.0, 1.0
        if measured:
            values = [v for s in surfaces for row in s.values for v in row]
            finite = [v for v in [*values, *train.targets] if math.isfinite(v)]
            low, high = _distinct(min(finite, default=0.0), max(finite, default=0.0))
        self.norm = style.Normalize(low, high)
        self.levels = np.linspace(low, high, 21)
        self.map = "viridis" if measured else _DIVERGING
        self.labels = 0 if measured else (train.classes or 2)

    def paint(self, axes: Axes, surface: Surface) -> None:
        """The surface and its boundary, to the edge of the axes."""
        xs, ys = surface.xs, surface.ys
        if self.kind == "class":
            _paint_classes(axes, surface)
        elif self.kind == "probability":
            # between grid points a logit is nearly linear, but a probability is nearly a step
            logits = _logit(np.array(surface.values))
            self._bands(axes, surface, logits, _logit(self.levels[1:-1]))
            _line(axes, xs, ys, logits)
        else:
            numbers = np.array(surface.values)
            self._bands(axes, surface, numbers, self.levels[1:-1])
            if self.labels:
                _line(axes, xs, ys, numbers - 0.5)
        axes.set_aspect("auto")
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        axes.spines[:].set_visible(False)

    def _bands(self, axes: Axes, surface: Surface, heights: Array, levels: Array) -> None:
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        colors = style.ScalarMappable(self.norm, self.map).to_rgba(middles)
        bands = axes.contourf(
            surface.xs, surface.ys, heights, levels=levels, colors=colors, extend="both"
        )
        bands.set_edgecolor("face")  # an SVG would show seams between the bands

    def points(self, axes: Axes, data: Dataset, *, size: float, filled: bool) -> None:
        xs, ys = ([features[i] for features in data.inputs] for i in (0, 1))
        if not self.labels:
            colors = style.ScalarMappable(self.norm, self.map).to_rgba(np.array(data.targets))
            _scatter(axes, xs, ys, size, colors, filled, "o", INK)
            return
        for label in range(self.labels):
            here = [i for i, target in enumerate(data.targets) if int(target) == label]
            if not here:
                continue
            color, marker = COLORS[label % len(COLORS)], MARKERS[label % len(MARKERS)]
            of_label = [xs[i] for i in here], [ys[i] for i in here]
            _scatter(axes, *of_label, size, color, filled, marker, "white")

    def scale(self, figure: Figure, left: float, bottom: float, height: float) -> None:
        """A colour bar beside the axes, unless the colours are those of classes."""
        if self.kind == "class":
            return
        bar = figure.add_subplot()
        style.place(bar, left, bottom, 0.17, height)
        label = "prediction" if self.kind == "value" else "probability of label 1"
        outline = figure.colorbar(style.ScalarMappable(self.norm, self.map), cax=bar).outline
        outline.set_visible(False)
        bar.set_ylabel(label, color=INK)

    def keys(self, validation: bool) -> list[Line2D]:
        """The keys of labels and of the two parts of the data."""
        keys = [
            style.marker_key(
                f"label {k}", COLORS[k % len(COLORS)], marker=MARKERS[k % len(MARKERS)]
            )
            for k in range(self.labels)
        ]
        if validation:
            keys += [] if self.labels else [style.marker_key("training", INK)]
            keys.append(style.marker_key("validation", "white", edge=INK))
        return keys


def _scatter(
    axes: Axes,
    xs: Sequence[float],
    ys: Sequence[float],
    size: float,
    color: Any,
    filled: bool,
    marker: str,
    edge: str,
) -> None:
    look: dict[str, Any] = {"s": size, "marker": marker, "zorder": 3}
    if filled:
        axes.scatter(xs, ys, c=color, edgecolors=edge, linewidths=0.8, **look)
    else:
        axes.scatter(xs, ys, c="white", edgecolors=color, linewidths=1.8, **look)


def _legend_inside(axes: Axes, keys: Sequence[Line2D], width: float) -> None:
    """The keys in rows at the lower edge, within the margin around the data."""
    if keys:
        look: dict[str, Any] = {"handletextpad": 0.1, "columnspacing": 1.0, "labelcolor": INK}
        look |= {"fontsize": 9, "borderaxespad": 0.3, "borderpad": 0.25, "framealpha": 0.8}
        legend = axes.legend(
            handles=keys,
            loc="lower left",
            ncols=max(1, min(len(keys), int((width - 0.1) / 0.85))),
            edgecolor="none",
            fancybox=False,
            **look,
        )
        legend.set_zorder(4)


def _legend(figure: Figure, keys: Sequence[Line2D], left: float, per_row: int) -> None:
    """The keys below the axes, in rows."""
    if keys:
        corner = ((left - 0.1) / figure.get_figwidth(), 0.05 / figure.get_figheight())
        look: dict[str, Any] = {"frameon": False, "handletextpad": 0.2, "labelcolor": INK}
        look |= {"borderaxespad": 0, "borderpad": 0, "columnspacing": 1.2}
        figure.legend(handles=keys, loc="lower left", bbox_to_anchor=corner, ncols=per_row, **look)


def _paint_classes(axes: Axes, surface: Surface) -> None:
    """Each class's tint, paler where its lead over the second is small."""
    xs, ys = _finer(surface.xs), _finer(surface.ys)
    rows, columns = _weights(surface.ys, ys), _weights(surface.xs, xs)
    heights = np.array(surface.shares)
    shares = rows @ np.nan_to_num(heights) @ columns.T
    # between grid points log probabilities differ by nearly a straight line, so lines are smooth
    positive = bool((heights >= 0).all())
    leads = rows @ np.log(np.maximum(heights, 1e-30)) @ columns.T if positive else shares
    tints = np.array([style.to_rgb(COLORS[k % len(COLORS)]) for k in range(len(shares))])
    ordered = np.sort(shares, axis=0)
    lead = _TINT * np.clip(ordered[-1] - ordered[-2], 0, 1)[..., np.newaxis]
    image = 1 - lead * (1 - tints[leads.argmax(axis=0)])
    dx, dy = (xs[1] - xs[0]) / 2, (ys[1] - ys[0]) / 2
    extent = (xs[0] - dx, xs[-1] + dx, ys[0] - dy, ys[-1] + dy)
    axes.imshow(image, origin="lower", extent=extent, interpolation="bicubic")
    for k in range(len(shares)):
        _line(axes, xs, ys, leads[k] - np.delete(leads, k, axis=0).max(axis=0))


def _line(axes: Axes, xs: Sequence[float], ys: Sequence[float], heights: Array) -> None:
    """The line on which the height is 0, if it has both signs."""
    if (heights < 0).any() and (heights > 0).any():
        axes.contour(xs, ys, heights, levels=[0.0], colors=INK, linewidths=1.4)


def _logit(probabilities: Array) -> Array:
    """The logits, of probabilities clipped to what a float can tell from 0 and 1."""
    clipped = np.clip(probabilities, 1e-15, 1 - 1e-15)
    return np.log(clipped) - np.log1p(-clipped)


def _finer(ticks: Sequence[float]) -> list[float]:
    return [float(x) for x in np.linspace(ticks[0], ticks[-1], 4 * len(ticks) - 3)]


def _weights(coarse: Sequence[float], fine: Sequence[float]) -> Array:
    """The matrix that takes heights at the coarse ticks to heights at the fine ones."""
    return np.stack([np.interp(fine, coarse, unit) for unit in np.eye(len(coarse))], axis=1)


def _size(surface: Surface, width: float) -> tuple[float, float]:
    """Width and height of the axes in inches, at equal scales; a square if those are far apart."""
    ratio = (surface.ys[-1] - surface.ys[0]) / (surface.xs[-1] - surface.xs[0])
    ratio = ratio if 0.25 <= ratio <= 4 else 1.0
    width = min(width, 1.3 * width / ratio)
    return width, width * ratio


def _distinct(low: float, high: float) -> tuple[float, float]:
    """The ends of a colour scale, moved apart where floats could not tell them from each other."""
    low, high = max(low, -HUGE), min(high, HUGE)
    if high - low > max(1e-9 * abs(low), 1e-9 * abs(high), 1 / HUGE):
        return low, high
    return low - max(0.5, 1e-6 * abs(low)), high + max(0.5, 1e-6 * abs(high))


def _area(train: Dataset) -> float:
    """The area of a marker in square points: the fewer points, the larger."""
    return min(120.0, max(14.0, 3600 / len(train.inputs)))
