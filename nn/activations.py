"""Activations by name. Your own: a function of a Value, decorated with `@ACTIVATIONS.register`."""

from collections.abc import Callable
from typing import TypeAlias

from minigrad.registry import Registry
from minigrad.value import Value

Activation: TypeAlias = Callable[[Value], Value]

ACTIVATIONS: Registry[Activation] = Registry("activation")

for _method in (
    Value.tanh,
    Value.sigmoid,
    Value.relu,
    Value.leaky_relu,
    Value.elu,
    Value.gelu,
    Value.silu,
    Value.softplus,
    Value.sin,
):
    ACTIVATIONS.register(_method)


@ACTIVATIONS.register
def linear(x: Value) -> Value:
    """x itself: no activation"""
    return x
