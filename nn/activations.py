"""Activations by name. To add your own, write a function of a Value or a Tensor, decorated with
`@ACTIVATIONS.register`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from minigrad.registry import Registry
from minigrad.value import Value

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

T = TypeVar("T", Value, "Tensor")

Activation: TypeAlias = Callable[[Any], Value]
"""From a Value to a Value; those here take a Tensor to a Tensor, too."""

ACTIVATIONS: Registry[Activation] = Registry("activation")


@ACTIVATIONS.register
def tanh(x: T) -> T:
    """hyperbolic tangent, from -1 to 1"""
    return x.tanh()


@ACTIVATIONS.register
def sigmoid(x: T) -> T:
    """1 / (1 + exp(-x)), from 0 to 1"""
    return x.sigmoid()


@ACTIVATIONS.register
def relu(x: T) -> T:
    """max(0, x)"""
    return x.relu()


@ACTIVATIONS.register
def leaky_relu(x: T) -> T:
    """x above 0, 0.01 * x below"""
    return x.leaky_relu()


@ACTIVATIONS.register
def elu(x: T) -> T:
    """x above 0, exp(x) - 1 below (Clevert et al. 2015, arXiv:1511.07289)"""
    return x.elu()


@ACTIVATIONS.register
def gelu(x: T) -> T:
    """x * Phi(x), Phi the normal distribution's CDF (Hendrycks, Gimpel 2016, 1606.08415)"""
    return x.gelu()


@ACTIVATIONS.register
def silu(x: T) -> T:
    """x * sigmoid(x), also called swish (Elfwing et al. 2017, arXiv:1702.03118)"""
    return x.silu()


@ACTIVATIONS.register
def softplus(x: T) -> T:
    """log(1 + exp(x)), a smooth relu"""
    return x.softplus()


@ACTIVATIONS.register
def sin(x: T) -> T:
    """sine of x radians"""
    return x.sin()


@ACTIVATIONS.register
def linear(x: T) -> T:
    """x itself: no activation"""
    return x
