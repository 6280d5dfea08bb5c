"""A lifted loss on the native machine: what `lift.compile(..., engine="native")` runs."""

from collections.abc import Callable, Sequence

import numpy as np

from minigrad.lift.executors import EXECUTORS
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.native.loading import NativeMissing, reason
from minigrad.native.machine import BatchResult, Machine, stacked


@EXECUTORS.register_as("native")
def _native() -> Callable[[Lifted], Lifted]:
    """The machine written in C, whose bits no processor changes"""
    if missing := reason():
        raise NativeMissing(f"{missing}; engine='numpy' needs neither")
    return NativeProgram


class NativeProgram(Lifted):
    """A lifted program with the methods of Lifted, run on the machine by one model."""

    def __init__(self, lifted: Lifted) -> None:
        vars(self).update(vars(lifted))
        self._machine = Machine(self.merged)
        self._given: Sequence[Array] | None = None
        self._stacked = np.empty(0)

    def _stack(self, inputs: Sequence[Array]) -> Array:
        """The machine's inputs; the latest are kept, since a full batch comes again and again."""
        if self._given is not inputs:
            self._given, self._stacked = inputs, stacked(inputs)
        return self._stacked

    def gradient(
        self,
        parameters: Array,
        inputs: Sequence[Array],
        copy: bool = True,  # noqa: ARG002
    ) -> tuple[Array, Array, Array]:
        """Mean loss, outputs [batch, outputs] and gradient [parameters].

        Raises FloatingPointError where an operation, the loss or a slope has no finite answer.
        """
        result = self._machine.gradient(_one_model(parameters), self._stack(inputs))
        loss, outputs = _finite(result)
        assert result.gradient is not None
        return loss, outputs, result.gradient[0]

    def evaluate(self, parameters: Array, inputs: Sequence[Array]) -> tuple[Array, Array]:
        """Mean loss and outputs, without gradients. Raises FloatingPointError, as `gradient`."""
        return _finite(self._machine.evaluate(_one_model(parameters), self._stack(inputs)))

    def predict(self, parameters: Array, inputs: Sequence[Array]) -> Array:
        """The outputs alone; targets, which they do not depend on, may be missing."""
        batch = inputs[0].shape[-2]
        missing = self.program.arguments[len(inputs) :]
        arguments = [*inputs, *(np.zeros((batch, register.rows)) for register in missing)]
        result = self._machine.evaluate(_one_model(parameters), stacked(arguments))
        outputs: Array = result.outputs[0]
        return outputs


def _one_model(parameters: Array) -> Array:
    return np.ascontiguousarray(parameters, dtype=float).reshape(1, -1)


def _finite(result: BatchResult) -> tuple[Array, Array]:
    if not result.finite[0]:
        raise FloatingPointError("an operation has no finite answer")
    loss: Array = result.losses[0]
    outputs: Array = result.outputs[0]
    return loss, outputs
