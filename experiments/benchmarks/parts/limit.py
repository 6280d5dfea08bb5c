"""The least time that a step of a program can take: its arithmetic at the processor's peak.

Every multiply-add, and every other addition, multiplication or comparison, counts as one
multiply-add; a function as the operations of its formula in minigrad/native; a division as many as
take its time, for processors divide some thirty times more slowly. Peaks are measured by a loop of
the native machine, which keeps the processor's widest vectors busy and touches no memory.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from minigrad.lift.program import Program
from minigrad.native.code import Instruction
from minigrad.native.instructions import translate
from minigrad.native.loading import machine_name, module

COSTS = {
    "exp": (19, 0), "tanh": (25, 1), "sigmoid": (20, 1), "log": (19, 1), "softplus": (41, 2),
    "divide": (0, 1), "sqrt": (0, 1), "divisor_share": (1, 1), "tanh_share": (2, 0),
    "copy": (0, 0), "zero": (0, 0), "gather": (0, 0), "negative": (0, 0), "matmul": (0, 0),
}  # fmt: skip
"""Multiply-adds and divisions a number; of others one and none. exponentials.h and logarithms.h
have the formulas."""


def microseconds(program: Program, samples: int) -> float:
    """Of a step of SGD with momentum, of one replica: the batch's mean, slopes, norm, update."""
    counts = [_count(each, samples) for each in translate(program).instructions]
    multiply_adds = sum(count for count, _ in counts) + 3 * program.parameters
    divisions = sum(count for _, count in counts)
    return 1e6 * (multiply_adds / peak(False) + divisions / peak(True))


@cache
def peak(divide: bool) -> float:
    """Multiply-adds or divisions a second of the processor's time: the best of many slices."""
    repeat: Callable[..., Any] = module().repeat
    best = 0.0
    for _ in range(200):
        start = time.process_time()
        done = repeat(machine_name(), divide, 1_000_000)  # 2 ms: a clock errs by some us
        best = max(best, done / (time.process_time() - start))
    return best


def _count(instruction: Instruction, samples: int) -> tuple[int, int]:
    """Multiply-adds and divisions of an instruction, in a batch of so many samples."""
    place = instruction.y or instruction.a
    numbers = instruction.rows * instruction.times * (1 if place is None or place.once else samples)
    if instruction.op in ("matmul", "outer", "sum_terms"):
        return numbers * (instruction.inner + instruction.has_bias), 0
    if instruction.op == "dots":
        return instruction.inner * instruction.times * samples, 0
    if instruction.op == "sums":  # the first term is copied, unless it is added to what is there
        return (instruction.inner - instruction.rows * (not instruction.adds)) * samples, 0
    multiply_adds, divisions = COSTS.get(instruction.op, (1, 0))
    return numbers * (multiply_adds + instruction.adds), numbers * divisions
