"""Rows are used again where nobody reads them any more, and no number of a step changes by it."""

import random

import pytest

import nn
from experiments.attention.attention import Attention, samples
from minigrad.lift.program import Program
from minigrad.native import instructions, reuse
from minigrad.native.instructions import translate
from minigrad.native.machine import Machine, stacked
from tests.minigrad.native.running import MACHINES, arrays, bits, lifted, numbers_of
from tests.minigrad.native.test_training import Problem


def attention() -> tuple[Attention, list[object], Program]:
    head = Attention(random.Random(0))
    batch: list[object] = list(samples(5, random.Random(0)))
    program = lifted(lambda x, y: nn.losses.mse(head(x), y), batch, head.parameters()).merged
    return head, batch, program


def test_a_step_has_the_same_bits_with_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    head, batch, program = attention()
    inputs, parameters = stacked(arrays(batch)), numbers_of(head.parameters())
    few = Machine(program, name=MACHINES[0])
    monkeypatch.setattr(instructions, "with_reused_rows", lambda code, blocks: code)
    many = Machine(program, name=MACHINES[0])
    assert few.code.sizes.sample_rows < 0.7 * many.code.sizes.sample_rows
    one, other = (each.gradient(parameters, inputs) for each in (few, many))
    assert bits(one, 0) == bits(other, 0)


def test_arguments_and_outputs_keep_rows_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "MANY", 0)
    code = translate(Problem(classes=3).lifted.program, "largest_is_target")
    outputs = code.table[code.sizes.output_table :][: 2 * code.sizes.outputs : 2]
    back = code.instructions[code.sizes.forward :]
    written = {
        each.y.start + number * each.y.step
        for each in back
        if each.y and not each.y.once and not each.y.by_table
        for number in range(each.rows)
    }
    assert written.isdisjoint(outputs)
    assert min(written) >= 2 + code.sizes.argument_rows


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "softplus", "elu", "sigmoid"])
def test_a_result_in_its_operands_place_has_the_same_bits(
    activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.MLP(3, [5, 4, 1], activation, rng=random.Random(0))
    batch: list[object] = [[[0.1, -0.7, 0.4]] * 3, [0.3] * 3]
    program = lifted(lambda x, y: nn.losses.mse(model(x), y), batch, model.parameters()).merged
    inputs, parameters = stacked(arrays(batch)), numbers_of(model.parameters())
    monkeypatch.setattr(reuse, "MANY", 0)
    few = Machine(program, name=MACHINES[0])
    assert any(each.y == each.a for each in few.code.instructions if each.y)
    monkeypatch.setattr(instructions, "with_reused_rows", lambda code, blocks: code)
    many = Machine(program, name=MACHINES[0])
    one, other = (each.gradient(parameters, inputs) for each in (few, many))
    assert bits(one, 0) == bits(other, 0)
