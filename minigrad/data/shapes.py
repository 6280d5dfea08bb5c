"""Points in the plane: two inputs without units, and the label of a class.

Each dataset has `n` points, class after class, the classes as equal in size as possible, and moves
each point by a normal deviation of `noise` in both directions.
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

from minigrad.data.dataset import DATASETS, Count, Dataset, Noise
from minigrad.settings import Range

Classes: TypeAlias = Annotated[int, Range("[2, 20]")]
CountOfMany: TypeAlias = Annotated[int, Range("[20, 100000]")]  # a point for each of the 20 classes


@DATASETS.register
def moons(*, n: Count = 100, noise: Noise = 0.1, rng: random.Random) -> Dataset:
    """two interleaved half circles of radius 1, one a class

    `n` points, the first half on the upper moon around (0, 0) with label 0, the others on the
    lower moon around (1, 0.5) with label 1, each moved by a normal deviation of `noise`.
    """
    points = []
    for label, i, size in _members(n, 2):
        angle = math.pi * i / max(1, size - 1)
        side = 1 - 2 * label
        points.append((label + side * math.cos(angle), label / 2 + side * math.sin(angle)))
    return _dataset(points, n, 2, noise, rng)


@DATASETS.register
def circles(
    *,
    n: Count = 100,
    noise: Noise = 0.1,
    factor: Annotated[float, Range("(0, 1)")] = 0.5,
    rng: random.Random,
) -> Dataset:
    """two circles around the origin, one inside the other

    `n` points evenly spaced, the first half on the circle of radius 1 with label 0, the others on
    the circle of radius `factor` with label 1, each moved by a normal deviation of `noise`.
    """
    points = []
    for label, i, size in _members(n, 2):
        points.append(_polar(factor if label else 1.0, i / size))
    return _dataset(points, n, 2, noise, rng)


@DATASETS.register
def blobs(
    *, n: CountOfMany = 100, noise: Noise = 0.2, classes: Classes = 3, rng: random.Random
) -> Dataset:
    """round clouds of points, one a class, their centres evenly on a circle

    `n` points, each at its class's centre and moved by a normal deviation of `noise`. Class 0 is
    centred to the right of the origin, the others follow counterclockwise. The circle's radius
    is 1, and from seven classes on as much larger as keeps neighbouring centres at distance 1.
    """
    radius = max(1.0, 0.5 / math.sin(math.pi / classes))
    points = [_polar(radius, label / classes) for label, _, _ in _members(n, classes)]
    return _dataset(points, n, classes, noise, rng)


@DATASETS.register
def spiral(
    *,
    n: CountOfMany = 150,
    noise: Noise = 0.03,
    classes: Classes = 3,
    turns: Annotated[float, Range("(0, 10]")] = 1.0,
    rng: random.Random,
) -> Dataset:
    """spiral arms that wind around each other from the origin out to radius 1, one a class

    `n` points, evenly spaced in radius and angle along each arm, which turns counterclockwise
    `turns` times. Arm 0 sets out to the right, the others at even angles to it. Each point is
    moved by a normal deviation of `noise`.
    """
    points = []
    for label, i, size in _members(n, classes):
        radius = (i + 1) / size  # not 0, which all arms would share
        points.append(_polar(radius, label / classes + turns * radius))
    return _dataset(points, n, classes, noise, rng)


@DATASETS.register
def checkerboard(
    *,
    n: Count = 200,
    noise: Noise = 0.0,
    tiles: Annotated[int, Range("[2, 20]")] = 4,
    rng: random.Random,
) -> Dataset:
    """a board of squares over [-1, 1] x [-1, 1] whose labels alternate

    `tiles` squares a side; the lower left one has label 0. `n` points, dealt out to the squares
    of their label in turn, anywhere in the square, then moved by a normal deviation of `noise`.
    """
    board = list(itertools.product(range(tiles), repeat=2))
    squares = [[(x, y) for x, y in board if (x + y) % 2 == label] for label in range(2)]
    points = []
    for label, i, _ in _members(n, 2):
        x, y = squares[label][i % len(squares[label])]
        points.append(tuple(2 * (corner + rng.random()) / tiles - 1 for corner in (x, y)))
    return _dataset(points, n, 2, noise, rng)


def _members(n: int, classes: int) -> Iterator[tuple[int, int, int]]:
    """For each of `n` points its label, its index within its class, and the size of the class."""
    for label in range(classes):
        size = n // classes + (label < n % classes)
        for i in range(size):
            yield label, i, size


def _polar(radius: float, turn: float) -> tuple[float, float]:
    """The point at `radius`, `turn` of the way around from the right, counterclockwise."""
    return radius * math.cos(2 * math.pi * turn), radius * math.sin(2 * math.pi * turn)


def _dataset(
    points: Iterable[Iterable[float]], n: int, classes: int, noise: float, rng: random.Random
) -> Dataset:
    """The points, in the order of `_members`, with noise and labels."""
    return Dataset(
        inputs=[[rng.gauss(coordinate, noise) for coordinate in point] for point in points],
        targets=[float(label) for label, _, _ in _members(n, classes)],
        classes=classes,
    )
