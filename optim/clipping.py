"""Gradient clipping, between `backward()` and `step()`."""

import math
from collections.abc import Iterable

from minigrad.settings import check_number
from optim.elementwise import maximum, minimum, of_the_same_norm
from optim.groups import Parameter


def grad_norm(parameters: Iterable[Parameter]) -> float:
    """The Euclidean norm of all gradients together: sqrt(sum of g^2).

    >>> from minigrad import Value
    >>> x, y = Value(3.0), Value(4.0)
    >>> ((x * x + y * y) / 2).backward()
    >>> grad_norm([x, y])
    5.0
    """
    return math.hypot(*(g for parameter in parameters for g in of_the_same_norm(parameter.grad)))


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients alike, to a norm of at most `max_norm`; return the norm before.

        norm = sqrt(sum of g^2)        over every gradient of every parameter
        g = g * min(1, max_norm / (norm + 1e-6))

    As torch.nn.utils.clip_grad_norm_; Pascanu et al. 2013, "On the difficulty of training recurrent
    neural networks". If the norm is not finite, gradients become nan.

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> clip_grad_norm([x], max_norm=0.5)
    6.0
    >>> round(x.grad, 6)
    0.5
    """
    check_number("max_norm", max_norm, "[0, inf]")
    parameters = list(parameters)
    before = grad_norm(parameters)
    scale = max_norm / (before + 1e-6)
    if not scale >= 1:  # nan is passed on
        for parameter in parameters:
            parameter.grad = parameter.grad * scale
    return before


def clip_grad_value(parameters: Iterable[Parameter], clip_value: float) -> None:
    """Clip every gradient to the interval from `-clip_value` to `clip_value`.

    As torch.nn.utils.clip_grad_value_.

    >>> from minigrad import Value
    >>> x = Value(3.0)
    >>> (x * x).backward()
    >>> clip_grad_value([x], clip_value=0.5)
    >>> x.grad
    0.5
    """
    check_number("clip_value", clip_value, "[0, inf]")
    for parameter in parameters:
        parameter.grad = maximum(minimum(parameter.grad, clip_value), -clip_value)
