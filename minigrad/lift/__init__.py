"""The tensors in a scalar graph: a loss written in Values, run as array operations.

    fast = lift.compile(loss_fn, model.parameters())

traces `loss_fn` once, finds the matrix products in the graph, and runs whole batches without making
a single Value. `python -m minigrad.lift CONFIG` prints the array program of a config's loss.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
from minigrad.lift.agreement import Agreement, Disagreement
from minigrad.lift.tracing import LiftError
from minigrad.value import Value

if TYPE_CHECKING:
    from minigrad.lift.compiled import Compiled

__all__ = ["Agreement", "Disagreement", "LiftError", "compile"]


def compile(  # noqa: A001
    function: Callable[..., Value], parameters: Sequence[Value], engine: str = "numpy"
) -> "Compiled":
    """`function`, the loss of one sample, as an array program over batches of samples.

    `function` takes numbers or nested lists of numbers and gives a Value; `parameters` are the
    Values that it may learn. It is traced on the first sample it meets, so it has three limits:

        - its graph has the same shape for all samples,
        - no number decides what is computed: maximum, relu and the like in place of `if`,
        - it computes in float64; sums are taken in another order, so the last digits may differ.

    Up to sixteen samples of the first batch are compared with eager Values. A comparison of Values
    is refused by LiftError; a branch on `.data` is only seen, by Disagreement, if one of these
    samples takes it, and a loss that computes with a parameter's `.data` by comparing one sample
    with other parameters. A Value that is neither an argument nor a parameter is a constant; if one
    of these changes, the loss is traced again. Losses of the same parameters share one array, and
    what is written into the parameters' Values is taken over at the next call.

    `engine` says what runs it: "numpy"; "native", the machine written in C, with the same bits on
    every processor; or "eager", Values as they are written, to compare with or to step through.
    Raises ValueError for another name, and NativeMissing, an ImportError, where it was not built.

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
    from minigrad.lift.compiled import Compiled  # here, since it imports numpy

    return Compiled(function, parameters, engine)
