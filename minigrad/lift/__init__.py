"""The tensors in a scalar graph: a loss written in Values, run as array operations.

    fast = lift.compile(loss_fn, model.parameters())

traces `loss_fn` once, finds the matrix products in the graph, and runs whole batches without making
a single Value. `python -m minigrad.lift CONFIG` prints the array program of a config's loss.
"""

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.lift.checked import Agreement, ArrayParameter, Checked, Disagreement
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.lift.tracing import LiftError
from minigrad.value import Value

__all__ = ["Agreement", "Compiled", "Disagreement", "LiftError", "compile"]


def compile(function: Callable[..., Value], parameters: Sequence[Value]) -> "Compiled":  # noqa: A001
    """`function`, the loss of one sample, as an array program over batches of samples.

    `function` takes numbers or nested lists of numbers and gives a Value; `parameters` are the
    Values that it may learn. It is traced on the first sample it meets, so it has three limits:

        - its graph has the same shape for all samples,
        - no number decides what is computed: maximum, relu and the like in place of `if`,
        - it computes in float64; sums are taken in another order, so the last digits may differ.

    The first batch is held against eager Values. A graph that breaks the first two limits is
    refused by LiftError, where it compares Values, or by Disagreement, where numbers differ.

    >>> import nn, optim, random
    >>> model = nn.MLP(2, [8, 1], rng=random.Random(0))
    >>> def loss_fn(x, target):
    ...     return nn.losses.bce(model(x)[0], target)
    >>> fast = compile(loss_fn, model.parameters())
    >>> optimizer = optim.SGD(fast.parameters, lr=1.0, momentum=0.9)
    >>> inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> for step in range(500):
    ...     loss = fast.gradient(inputs, targets)
    ...     optimizer.step()
    >>> f"{loss:.5f}"
    '0.00015'
    >>> fast.write_back()  # from the array into the Values of the model
    >>> f"{loss_fn([0.0, 1.0], 1.0):.5f}"
    '0.00016'
    """
    return Compiled(function, parameters)


class Compiled:
    """A loss as an array program. `parameters` holds one array of all of them, for an optimizer.

    `agreement` says how far the first batch was from eager; None before.
    """

    def __init__(self, function: Callable[..., Value], parameters: Sequence[Value]) -> None:
        import numpy as np

        self._function, self._values = function, list(parameters)
        self._parameter = ArrayParameter(np.array([value.data for value in self._values]))
        self._checked: Checked | None = None

    @property
    def parameters(self) -> list[ArrayParameter]:
        return [self._parameter]

    @property
    def agreement(self) -> Agreement | None:
        return self._checked.agreement if self._checked else None

    def gradient(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch, one sequence of samples an argument; sets `grad`.

        Raises ArithmeticError, naming the operation, where the loss has no finite answer.
        """
        return self._prepared(batch).gradient(_arrays(batch), self._eager(batch))[0]

    def loss(self, *batch: Sequence[Any]) -> float:
        """The mean loss of a batch; gradients stay as they are."""
        return self._prepared(batch).evaluate(_arrays(batch), self._eager(batch))[0]

    def write_back(self) -> None:
        """Copy the parameters' numbers from the array into the Values."""
        for value, number in zip(self._values, self._parameter.data.tolist(), strict=True):
            value.data = number

    def __str__(self) -> str:
        from minigrad.lift.printing import listing

        if self._checked is None:
            return "not traced yet: gradient() traces it on the first sample"
        return listing(self._checked.lifted.program)

    def _prepared(self, batch: Sequence[Sequence[Any]]) -> Checked:
        if not batch or any(len(argument) != len(batch[0]) for argument in batch):
            counts = ", ".join(str(len(argument)) for argument in batch) or "none"
            raise ValueError(f"each argument needs as many samples, found {counts}")
        if len(batch[0]) == 0:
            raise ValueError("a batch needs at least one sample")
        if self._checked is None:
            sample = [argument[0] for argument in batch]
            lifted = Lifted(self._function, sample, self._values)
            self._checked = Checked(lifted, self._values, self._parameter)
        return self._checked

    def _eager(self, batch: Sequence[Sequence[Any]]) -> Callable[[Sequence[int]], Any]:
        def eager(chosen: Sequence[int]) -> tuple[float, None]:
            for value in self._values:
                value.grad = 0.0
            losses = [self._function(*[_plain(arg[i]) for arg in batch]) for i in chosen]
            mean = sum(losses[1:], losses[0]) / len(losses)
            mean.backward()
            return mean.data, None

        return eager


def _plain(sample: Any) -> Any:
    return sample.tolist() if hasattr(sample, "tolist") else sample


def _arrays(batch: Sequence[Sequence[Any]]) -> list[Array]:
    """Each argument as [batch, numbers]."""
    import numpy as np

    found = []
    for argument in batch:
        array = np.asarray(argument, dtype=float)
        found.append(array.reshape(len(array), -1))
    return found
