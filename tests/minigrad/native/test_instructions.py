"""What a program becomes: few instructions a step, and none that a batch could do with once."""

import random

import nn
from experiments.attention.attention import Attention, samples
from minigrad import Value
from minigrad.engines.eager import EagerEngine
from minigrad.lift.models import lift_model
from minigrad.native.code import Code
from minigrad.native.instructions import translate
from tests.minigrad.native.running import lifted


def xor() -> Code:
    model = nn.MLP(2, [8, 1], rng=random.Random(0))
    engine = EagerEngine(model, nn.losses.bce)
    return translate(lift_model(model, engine.loss, [0.0, 0.0], 0.0).program, "same_side")


def test_what_only_the_samples_decide_is_computed_once_a_batch() -> None:
    code = xor()
    fixed = code.instructions[: code.sizes.fixed]
    assert [instruction.op for instruction in fixed] == ["subtract", "multiply"]  # 1 - t, t / batch
    assert str(code).startswith("for each batch\n")


def test_rows_that_are_read_together_lie_together() -> None:
    ops = [instruction.op for instruction in xor().instructions]
    assert "gather" not in ops
    assert "copy" not in ops
    assert len(ops) == 17


def test_an_operation_that_must_be_finite_is_part_of_every_step() -> None:
    a = Value(1.0)
    code = translate(lifted(lambda x: a * (x + 1.0).log(), [[1.0]], [a]).program)
    fixed = [instruction.op for instruction in code.instructions[: code.sizes.fixed]]
    assert "add" in fixed
    assert "log" not in fixed


def test_products_of_rows_from_anywhere_take_neither_a_gather_nor_a_scatter() -> None:
    head = Attention(random.Random(0))
    batch = samples(2, random.Random(0))
    program = lifted(lambda x, y: nn.losses.mse(head(x), y), batch, head.parameters()).merged
    code = translate(program)
    forward, back = str(code).split("back\n")
    assert "64 rows = dots(256 products)  table" in forward  # scores
    assert "4 rows = dots(256 products)  table" in forward  # the mean of the tokens
    assert "4 rows += sums(32 rows)  table" in forward  # and of what they were before
    assert "96 rows = dots(512 products)  table" in back
    assert "gather" not in str(code).split("forward\n")[1]
    assert "scatter" not in back
    assert "zero" not in back
