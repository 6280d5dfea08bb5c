"""Which settings mattered: the share of the variance that each axis, and each pair, explains.

The functional ANOVA (Sobol' 1993, "Sensitivity estimates for nonlinear mathematical models"; for
hyperparameters Hutter, Hoos and Leyton-Brown 2014): let f be the score as a function of the values,
each drawn on its own from those that the sweep has. With f_i(v) the mean of f where axis i is v,

    V = Var f        V_i = Var f_i        V_ij = Var f_ij - V_i - V_j

and the shares are V_i / V and V_ij / V; what is left belongs to three axes or more.

Of a whole grid these are means of its table. Of other cells f is first fitted by a Gaussian process
whose kernel is the product over axes of 1 + k_i, so that the means above are exact sums (Durrande,
Ginsbourger, Roustant and Carraro 2013); its noise is what leaves the least leave-one-out error
(Rasmussen and Williams 2006, equation 5.12).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import Standing
from minigrad.terminal.table import is_number

Array: TypeAlias = NDArray[np.float64]

_MOST_CELLS = 500  # in a fit: its time grows with the cube
_NOISES = (1e-6, 1e-4, 1e-2, 0.1, 0.3, 1.0)
_WIDTH = 0.3  # of the kernel of numbers, whose ranks are scaled to [0, 1]


@dataclass(frozen=True)
class VarianceShare:
    """The share of the variance, in [0, 1], that one axis or a pair of them explains alone."""

    keys: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Importance:
    """Shares of axes and pairs, largest first, and the `rest`, of three axes or more.

    `of` is what varies, as "log10 final_loss". `fit` is the share of the variance that the fit
    predicts of cells left out, None for a whole grid, where nothing is fitted. `lost` cells
    diverged or failed, and count as the worst of the others.
    """

    of: str
    shares: list[VarianceShare]
    rest: float
    fit: float | None
    lost: int


def importance_of(plan: SweepPlan, standings: Sequence[Standing]) -> Importance | None:
    """Which settings mattered. None where that cannot be said: with fewer than two values of any
    axis, fewer than four cells, scores that are all the same, or under successive halving, where
    cells have unequal steps.
    """
    finite = [one.median for one in standings if math.isfinite(one.median)]
    if plan.is_halving or len(standings) < 4 or len(finite) < 2:
        return None
    ordered = sorted(standings, key=lambda one: one.cell)
    axes = {key: [one.values[key] for one in ordered] for key in ordered[0].values}
    axes = {key: column for key, column in axes.items() if len(set(map(repr, column))) > 1}
    is_log = "loss" in plan.metric and min(finite) > 0
    worst = max(finite) if plan.mode == "min" else min(finite)
    medians = [one.median if math.isfinite(one.median) else worst for one in ordered]
    y = np.array([math.log10(m) if is_log else m for m in medians])
    if not axes or np.ptp(y) <= 1e-12 * np.abs(y).max():
        return None
    indices = {key: _indices(column) for key, column in axes.items()}
    variances, total, fit = _of_grid(indices, y) or _of_fit(axes, y)
    shares = [VarianceShare(keys, max(0.0, v) / total) for keys, v in variances.items()]
    shares.sort(key=lambda one: -one.share)
    rest = max(0.0, 1 - sum(one.share for one in shares)) if len(axes) > 2 else 0.0
    of = f"log10 {plan.metric}" if is_log else plan.metric
    return Importance(of, shares, rest, fit, len(ordered) - len(finite))


_Variances: TypeAlias = dict[tuple[str, ...], float]


def _of_grid(
    indices: dict[str, list[int]], y: Array
) -> tuple[_Variances, float, float | None] | None:
    """The variances of a table that has each combination once; None of any other."""
    shape = [max(column) + 1 for column in indices.values()]
    places = list(zip(*indices.values(), strict=True))
    if math.prod(shape) != len(y) or len(set(places)) != len(y):
        return None
    table = np.empty(shape)
    for place, score in zip(places, y, strict=True):
        table[place] = score

    def variance(numbers: tuple[int, ...]) -> float:
        others = tuple(axis for axis in range(len(shape)) if axis not in numbers)
        return float(table.mean(axis=others).var())

    return _decomposed(list(indices), variance), float(table.var()), None


def _of_fit(axes: dict[str, list[Any]], y: Array) -> tuple[_Variances, float, float | None]:
    """The variances of a Gaussian process fitted to the cells, the first 500 of them."""
    y = y[:_MOST_CELLS]
    spread = float(y.std()) or 1.0
    kernels = [1 + _kernel(column[:_MOST_CELLS]) for column in axes.values()]
    matrix = math.prod(kernels[1:], start=kernels[0])
    best = (math.inf, np.zeros(len(y)))
    for noise in _NOISES:
        inverse = np.linalg.inv(matrix + noise * len(kernels) * np.eye(len(y)))
        weights = inverse @ ((y - y.mean()) / spread)
        error = float(np.mean((weights / np.diag(inverse)) ** 2))
        best = min(best, (error, weights), key=lambda pair: pair[0])
    error, weights = best
    # by axis, over its values: the mean of k(v, n), and of k(v, n) k(v, m)
    means = [kernel.mean(axis=0) for kernel in kernels]
    squares = [kernel.T @ kernel / len(y) for kernel in kernels]
    flat = [np.outer(mean, mean) for mean in means]

    def variance(numbers: tuple[int, ...]) -> float:
        factors = [squares[i] if i in numbers else flat[i] for i in range(len(kernels))]
        every = math.prod(factors[1:], start=factors[0])
        none = math.prod(flat[1:], start=flat[0])
        return float(weights @ (every - none) @ weights)

    total = variance(tuple(range(len(kernels))))
    return _decomposed(list(axes), variance), max(total, 1e-300), max(0.0, 1 - error)


def _decomposed(keys: Sequence[str], variance: Any) -> _Variances:
    """V_i and V_ij; `variance` is that of the mean over all other axes, by the numbers of axes."""
    alone = [variance((i,)) for i in range(len(keys))]
    variances: _Variances = {(key,): v for key, v in zip(keys, alone, strict=True)}
    for i, j in itertools.combinations(range(len(keys)), 2):
        variances[keys[i], keys[j]] = variance((i, j)) - alone[i] - alone[j]
    return variances


def _indices(column: Sequence[Any]) -> list[int]:
    """The values as numbers from 0, in the order of their first use."""
    known = {text: index for index, text in enumerate(dict.fromkeys(map(repr, column)))}
    return [known[repr(value)] for value in column]


def _kernel(column: Sequence[Any]) -> Array:
    """Numbers are alike where their ranks are close, other values where they are the same."""
    if all(map(is_number, column)):
        _, ranks = np.unique(np.array(column, dtype=float), return_inverse=True)
        scaled = ranks / max(1, ranks.max())
        alike: Array = np.exp(-0.5 * ((scaled[:, None] - scaled) / _WIDTH) ** 2)
        return alike
    numbers = np.array(_indices(column))
    same: Array = (numbers[:, None] == numbers).astype(float)
    return same
