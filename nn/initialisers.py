"""Initialisers by name. Your own: decorate a function of the same shape with
`@INITIALISERS.register`.

Each draws one weight of a layer with `fan_in` inputs and `fan_out` outputs from `rng`. Biases start
at 0. U(-a, a) is the uniform distribution, of standard deviation a / sqrt(3); N(0, s) the normal
one of standard deviation s.
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
def normal(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """N(0, 1), whatever the layer's size"""
    return rng.gauss(0.0, 1.0)


@INITIALISERS.register
def lecun(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """U(-a, a), a = sqrt(3 / fan_in) (LeCun et al. 1998, "Efficient BackProp", section 4.6)

    Standard deviation 1 / sqrt(fan_in): a sum over inputs of variance 1 has variance 1.
    """
    bound = math.sqrt(3 / fan_in)
    return rng.uniform(-bound, bound)


@INITIALISERS.register
def glorot(fan_in: int, fan_out: int, rng: random.Random) -> float:
    """U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010, equation 16)

    Keeps the variance of activations and of gradients alike from layer to layer.
    """
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound)


@INITIALISERS.register
def he(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """N(0, s), s = sqrt(2 / fan_in) (He et al. 2015, arXiv:1502.01852, equation 10)

    Twice lecun's variance, since relu sets half of the outputs to 0.
    """
    return rng.gauss(0.0, math.sqrt(2 / fan_in))
