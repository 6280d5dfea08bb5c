"""An array program with its arrays: straight-line code, forward and backward.

Every array is made once, and every operation becomes a call of one of numpy's functions with its
arguments bound. Running the program means making these calls, one after the other.

Arrays have the shape [..., rows, batch], and [..., rows, 1] where a number is no sample's; the
leading axis, if any, is one of replicas. Parameters have the shape [..., parameters].
"""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.lift.backward import Backward
from minigrad.lift.calls import Calls
from minigrad.lift.forward import Forward
from minigrad.lift.kernels import Array
from minigrad.lift.program import Program


class Execution:
    """A program for batches of `batch` samples and, with `lead` = (n,), for n replicas at once.

    Call `run()`; then `outputs` are [..., batch, outputs], `total` is the loss summed over `terms`
    samples and, with `slopes`, `gradient` is that of the mean loss.
    """

    def __init__(self, program: Program, lead: tuple[int, ...], batch: int, slopes: bool) -> None:
        calls = Calls(lead, batch)
        forward = Forward(program, calls)
        self.parameters, self.inputs = forward.parameters, forward.inputs
        self.latest: Sequence[Array] = ()  # which the inputs were copied from
        self._setup = calls.setup
        self._names = [register.name for register in program.arguments]
        self.total: Array = np.zeros(lead)
        self.terms = 1.0
        if program.loss is not program.outputs:  # else it is a program of the outputs alone
            losses = forward.read(program.loss)
            self.terms = float(losses.shape[-1])
            calls.emit(np.add.reduce, losses[..., 0, :], -1, None, self.total)
        outputs = forward.read(program.outputs)
        by_row = np.broadcast_to(outputs, (*lead, program.outputs.rows, batch))
        self.outputs = by_row.swapaxes(-1, -2)
        self.gradient: Array = np.zeros((*lead, 0))
        if slopes:
            backward = Backward(program, forward)
            self.gradient = backward.gradient
        self._calls = calls.take()

    def set_inputs(self, inputs: Sequence[Array]) -> None:
        """Take over a batch, [..., batch, numbers] for each argument; the last may be missing.

        A batch that comes again, as the same list or with the same arrays in it, is not read
        again: they must not be changed in place. Raises ValueError for arrays of other widths than
        the program's arguments.
        """
        if len(inputs) == len(self.latest) and all(map(operator.is_, inputs, self.latest)):
            return
        self.latest = ()
        for name, own, array in zip(self._names, self.inputs, inputs, strict=False):
            if array.shape[-1] != own.shape[-2]:
                raise ValueError(
                    f"{name} has {own.shape[-2]} numbers a sample, found {array.shape[-1]}"
                )
            np.copyto(own, array.swapaxes(-1, -2))
        for function, arguments in self._setup:
            function(*arguments)
        self.latest = inputs

    @property
    def calls(self) -> int:
        """How many calls a run makes."""
        return len(self._calls)

    def mean(self) -> Any:
        """The mean loss, [...]; a number of its own is divided faster than an array of one."""
        if self.total.ndim:
            return self.total / self.terms
        return np.float64(self.total.item() / self.terms)

    def run(self, parameters: Array, inputs: Sequence[Array]) -> None:
        """Compute everything, for these parameters and the batch as `set_inputs` takes it."""
        if inputs is not self.latest:
            self.set_inputs(inputs)
        self.parameters[...] = parameters  # in half the time of np.copyto
        for function, arguments in self._calls:
            function(*arguments)
