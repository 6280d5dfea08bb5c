"""A layer whose weights are one Tensor, and modules one after the other."""

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nn.activations import ACTIVATIONS, Activation
from nn.initialisers import INITIALISERS
from nn.module import Module

if TYPE_CHECKING:
    from minigrad.tensor import Operand, Tensor


class Linear(Module):
    """activation(x @ weight.T + bias): what `Layer` computes, for a whole batch at once.

    `x` has a sample a row, (..., n_in), and the result has the shape (..., n_out). `weight` has the
    shape (n_out, n_in) and `bias` (n_out,), as in PyTorch; their numbers are those that `Layer`
    draws from the same `rng` (default: a generator seeded with 0, never the global one).

    >>> layer = Linear(3, 2, "tanh", rng=random.Random(0))
    >>> layer([[0.5, -1.0, 2.0], [1.0, 0.0, 0.0]]).shape
    (2, 2)
    >>> [(name, parameter.shape) for name, parameter in layer.named_parameters()]
    [('weight', (2, 3)), ('bias', (2,))]

    Raises ValueError for inputs of another length.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str | Activation = "linear",
        *,
        init: str = "glorot",
        rng: random.Random | None = None,
    ) -> None:
        from minigrad.tensor import Tensor  # here, since it imports numpy

        rng = rng or random.Random(0)
        if n_in < 1 or n_out < 1:
            raise ValueError(f"a Linear needs sizes of at least 1, found {n_in} and {n_out}")
        draw = INITIALISERS[init]
        rows = [[draw(n_in, n_out, rng) for _ in range(n_in)] for _ in range(n_out)]
        self.weight = Tensor(rows, label="weight")
        self.bias = Tensor([0.0] * n_out, label="bias")
        self.activation = ACTIVATIONS[activation] if isinstance(activation, str) else activation

    def __call__(self, x: "Operand") -> "Tensor":
        from minigrad.tensor import as_tensor, linear

        x = as_tensor(x)
        if x.shape[-1:] != self.weight.shape[1:]:
            raise ValueError(f"{self!r} was given inputs of shape {x.shape}")
        result: Any = self.activation(linear(x, self.weight, self.bias))
        return result  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        n_out, n_in = self.weight.shape
        return f"Linear of {n_in} inputs and {n_out} outputs"


class Sequential(Module):
    """Modules, or functions, each of which reads the outputs of the one before.

    Its parameters are called "0.weight", "0.bias", "1.weight" and so on, as in PyTorch.

    >>> model = Sequential(Linear(2, 8, "tanh"), Linear(8, 1))
    >>> model
    Sequential of 2 modules: 33 parameters
    >>> model([[0.0, 1.0]]).shape
    (1, 1)
    """

    def __init__(self, *modules: Callable[[Any], Any]) -> None:
        self.modules = modules

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for name, parameter in super().named_parameters():
            yield prefix + name.removeprefix("modules."), parameter

    def __call__(self, x: Any) -> Any:
        for module in self.modules:
            x = module(x)
        return x

    def __getitem__(self, index: int) -> Callable[[Any], Any]:
        return self.modules[index]

    def __repr__(self) -> str:
        return f"Sequential of {len(self.modules)} modules: {len(self)} parameters"
