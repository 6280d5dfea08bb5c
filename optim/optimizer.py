"""Optimizer: steps every parameter by one elementwise rule.

Your own: subclass Optimizer, write `rule`, decorate with `@OPTIMIZERS.register`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, Protocol, TypeAlias

from minigrad.registry import Range, Registry, check_settings

Rate: TypeAlias = Annotated[float, Range("(0, inf)")]
Penalty: TypeAlias = Annotated[float, Range("[0, inf)")]
Fraction: TypeAlias = Annotated[float, Range("[0, 1)")]

OPTIMIZERS: "Registry[type[Optimizer]]" = Registry("optimizer")


class Parameter(Protocol):
    """Anything with a number or an array of numbers and its gradient, as a Value."""

    data: Any
    grad: Any


class Optimizer(ABC):
    """Base of all optimizers: holds the parameters, their settings and each one's state.

    Raises ValueError for no parameters and for a setting outside its range.
    """

    def __init__(self, parameters: Iterable[Parameter], **settings: Any) -> None:
        check_settings(type(self), settings)
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError(f"{type(self).__name__} was given no parameters")
        self.settings = settings
        self.states: list[dict[str, Any]] = [{} for _ in self.parameters]

    @property
    def lr(self) -> float:
        """The learning rate; a schedule may set it before each step."""
        rate: float = self.settings["lr"]
        return rate

    @lr.setter
    def lr(self, lr: float) -> None:
        self.settings["lr"] = lr

    def zero_grad(self) -> None:
        """Set every gradient to 0, before the next `backward()` adds to it."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Move every parameter once, by its gradient."""
        for parameter, state in zip(self.parameters, self.states, strict=True):
            parameter.data = self.rule(parameter.data, parameter.grad, state, **self.settings)

    @staticmethod
    @abstractmethod
    def rule(*x_g_state: Any, **settings: Any) -> Any:
        """The parameter after one step: `rule(x, g, state, **settings)`.

        `x` is the parameter and `g` its gradient, both floats or both arrays; `state` is a dict
        of the parameter's own, empty at first, for what the next step must know.
        """
