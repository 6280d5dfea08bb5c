"""Losses written in Values, run on the native machine."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.lift.compiled import _array
from minigrad.lift.kernels import Array
from minigrad.lift.lifted import Lifted
from minigrad.native.loading import available, module
from minigrad.native.machine import BatchResult, Machine, stacked
from minigrad.value import Value

MACHINES: tuple[str, ...] = module().machines() if available() else ()


def lifted(function: Callable[..., Value], batch: Sequence[Any], parameters: Any) -> Lifted:
    def without_outputs(*sample: Any) -> tuple[Value, list[Value]]:
        return function(*sample), []

    return Lifted(without_outputs, [argument[0] for argument in batch], parameters)


def arrays(batch: Sequence[Any]) -> list[Array]:
    """Each argument as [batch, numbers]."""
    return [_array(argument) for argument in batch]


def numbers_of(parameters: Sequence[Value], replicas: int = 1) -> Array:
    return np.tile([parameter.data for parameter in parameters], (replicas, 1))


def bits(result: BatchResult, replica: int) -> bytes:
    """Loss and slopes of a replica, with -0 as 0: the sign of a zero is no part of a result."""
    assert result.gradient is not None
    numbers = np.append(result.gradient[replica], result.losses[replica])
    return (numbers + 0.0).tobytes()


def native_gradient(
    function: Callable[..., Value], batch: Sequence[Any], parameters: Sequence[Value]
) -> tuple[float, list[float]]:
    """Mean loss and slopes of a batch: the same bits by every machine, alone and among others."""
    program = lifted(function, batch, parameters).merged
    inputs = stacked(arrays(batch))
    seen = set()
    for name in MACHINES:
        machine = Machine(program, name=name)
        for replicas in (1, 2, 11):
            result = machine.gradient(numbers_of(parameters, replicas), inputs)
            assert result.finite.all()
            seen |= {bits(result, replica) for replica in range(replicas)}
    assert len(seen) == 1
    assert result.gradient is not None
    return float(result.losses[0]), result.gradient[0].tolist()
