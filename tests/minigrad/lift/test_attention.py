"""A block that was never written as tensors: one attention head in scalar Values."""

import random
from collections.abc import Callable
from typing import Any

import pytest

import nn
import optim
from experiments.attention.attention import TOKENS, WIDTH, Attention, samples
from minigrad import Value, lift
from minigrad.lift.compiled import Compiled
from minigrad.value import topological_order
from tests.minigrad.lift.graphs import deviation, eagerly


def loss_of(model: Attention) -> Callable[..., Value]:
    return lambda tokens, answer: nn.losses.mse(model(tokens), answer)


def assert_agrees(fast: Compiled, model: Attention, batch: Any) -> None:
    loss = fast.gradient(*batch)
    slopes = fast.parameters[0].grad.tolist()
    assert deviation((loss, slopes), eagerly(loss_of(model), batch, model.parameters())) < 1e-12


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_attention_lifts_and_agrees(count: int) -> None:
    model = Attention(random.Random(count))
    fast = lift.compile(loss_of(model), model.parameters())
    assert_agrees(fast, model, samples(count, random.Random(1)))


def test_it_agrees_after_training_too() -> None:
    model = Attention(random.Random(0))
    batch = samples(20, random.Random(1))
    fast = lift.compile(loss_of(model), model.parameters())
    optimizer = optim.Adam(fast.parameters, lr=0.02)
    losses = []
    for _ in range(200):
        losses.append(fast.gradient(*batch))
        optimizer.step()
    assert losses[-1] < 0.1 * losses[0]
    fast.write_back()
    assert_agrees(fast, model, batch)


def test_the_block_has_what_attention_has() -> None:
    ((tokens,), (answer,)) = samples(1, random.Random(0))
    model = Attention(random.Random(0))
    order = topological_order(loss_of(model)(tokens, answer))
    operations = [node.op for node in order]
    assert len(tokens) == TOKENS == 8
    assert operations.count("exp") == TOKENS**2
    assert operations.count("maximum") == TOKENS * (TOKENS - 1)
    parameters = set(model.parameters())
    dots = [node for node in order if node.op == "dot" and parameters.isdisjoint(node.parents)]
    products = sum(len(node.parents) // 2 for node in dots)
    assert products == 2 * TOKENS**2 * WIDTH, "scores and mixing"
    assert operations.count("*") == 1, "the square of the error"


def test_scores_that_would_overflow_exp_do_not() -> None:
    model = Attention(random.Random(0))
    for parameter in [*model.query.parameters(), *model.key.parameters()]:
        parameter.data *= 100
    fast = lift.compile(loss_of(model), model.parameters())
    assert_agrees(fast, model, samples(7, random.Random(1)))
