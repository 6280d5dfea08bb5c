"""Initialisers by name. Your own: decorate a function of the same shape with
`@INITIALISERS.register`.

Each draws one weight of a layer with `fan_in` inputs and `fan_out` outputs from `rng`. Biases start
at 0.
"""

import math
import random
from collections.abc import Callable
from typing import TypeAlias

from minigrad.registry import Registry

Initialiser: TypeAlias = Callable[[int, int, random.Random], float]

INITIALISERS: Registry[Initialiser] = Registry("initialiser")


@INITIALISERS.register
def uniform(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """U(-1, 1), whatever the layer's size"""
    return rng.uniform(-1.0, 1.0)


@INITIALISERS.register
def glorot(fan_in: int, fan_out: int, rng: random.Random) -> float:
    """U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010, equation 16)

    Keeps the variance of activations and of gradients alike from layer to layer.
    """
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound)
