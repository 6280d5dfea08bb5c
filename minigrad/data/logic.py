"""Truth tables: inputs 0 and 1, with noise if there is any, and labels 0 and 1. No units."""

import itertools
import random
from collections.abc import Callable
from typing import Annotated, TypeAlias

from minigrad.data.dataset import DATASETS, Dataset, Noise
from minigrad.settings import Range

Corners: TypeAlias = Annotated[int, Range("[4, 100000]")]


@DATASETS.register
def xor(*, n: Corners = 4, noise: Noise = 0.0, rng: random.Random) -> Dataset:
    """exclusive or of two inputs: 1 where exactly one of them is 1

    The four corners of the unit square in turn, `n` points in all, each moved by a normal
    deviation of `noise`.
    """
    return _table(lambda ones: ones == 1, 2, n, noise, rng)


@DATASETS.register_as("and")
def and_(*, n: Corners = 4, noise: Noise = 0.0, rng: random.Random) -> Dataset:
    """conjunction of two inputs: 1 where both of them are 1

    The four corners of the unit square in turn, `n` points in all, each moved by a normal
    deviation of `noise`.
    """
    return _table(lambda ones: ones == 2, 2, n, noise, rng)


@DATASETS.register_as("or")
def or_(*, n: Corners = 4, noise: Noise = 0.0, rng: random.Random) -> Dataset:
    """disjunction of two inputs: 1 where at least one of them is 1

    The four corners of the unit square in turn, `n` points in all, each moved by a normal
    deviation of `noise`.
    """
    return _table(lambda ones: ones >= 1, 2, n, noise, rng)


@DATASETS.register
def parity(
    *, bits: Annotated[int, Range("[1, 12]")] = 3, noise: Noise = 0.0, rng: random.Random
) -> Dataset:
    """parity of several inputs: 1 where an odd number of them is 1

    Each of the 2^`bits` corners of the unit cube once, in binary order, moved by a normal
    deviation of `noise`.
    """
    return _table(lambda ones: ones % 2 == 1, bits, 2**bits, noise, rng)


def _table(
    rule: Callable[[float], bool], bits: int, n: int, noise: float, rng: random.Random
) -> Dataset:
    """The corners of the unit cube in turn; `rule` maps the number of ones to the label."""
    corners = list(itertools.product((0.0, 1.0), repeat=bits))
    chosen = [corners[i % len(corners)] for i in range(n)]
    return Dataset(
        # without noise nothing is drawn: every seed has the same data then
        inputs=[[rng.gauss(bit, noise) if noise else bit for bit in corner] for corner in chosen],
        targets=[float(rule(sum(corner))) for corner in chosen],
        classes=2,
    )
