"""An array program with its arrays: straight-line code, forward and back.

Every array is made once, and every operation becomes a call of one of numpy's functions with its
arguments bound. To run the program is to make these calls, one after the other.

Arrays have the shape [..., rows, batch], and [..., rows, 1] where a number is no sample's; the
leading axis, if any, is one of replicas. Parameters have the shape [..., parameters].
"""

from typing import Any

import numpy as np

from minigrad.lift.backward import Backward
from minigrad.lift.calls import Call, Calls
from minigrad.lift.forward import Forward
from minigrad.lift.kernels import Array
from minigrad.lift.program import Program


class Execution:
    """A program for batches of `batch` samples and, with `lead` = (n,), for n replicas at once.

    Fill `parameters` and `inputs`, call `forward()`, read `outputs` and `total`, the loss summed
    over `terms` samples; call `backward()` and read `gradient`, that of the mean loss.
    """

    def __init__(self, program: Program, lead: tuple[int, ...], batch: int, slopes: bool) -> None:
        calls = Calls(lead, batch)
        forward = Forward(program, calls)
        self.parameters, self.inputs = forward.parameters, forward.inputs
        self.latest: Any = None  # the list of arrays that the inputs were copied from
        self.total: Array = np.zeros((*lead, 1))
        self.terms = 1
        if program.loss is not program.outputs:  # else it is a program of the outputs alone
            losses = forward.read(program.loss)
            self.terms = losses.shape[-1]
            calls.emit(np.add.reduce, losses, -1, None, self.total)
        outputs = forward.read(program.outputs)
        self.outputs = np.broadcast_to(outputs, (*lead, program.outputs.rows, batch))
        self._forward_calls, self._backward_calls = calls.take(), list[Call]()
        self.gradient: Array = np.zeros_like(self.parameters)
        if slopes:
            backward = Backward(program, forward)
            self.gradient = backward.gradient
            if backward.adds_to_gradient:
                self._backward_calls.append((self.gradient.fill, (0.0,)))
            self._backward_calls += calls.take()

    def forward(self) -> None:
        for function, arguments in self._forward_calls:
            function(*arguments)

    def backward(self) -> None:
        for function, arguments in self._backward_calls:
            function(*arguments)
