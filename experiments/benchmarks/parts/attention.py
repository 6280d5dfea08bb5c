"""A step of an attention head written by hand in Values, eager and lifted."""

import gc
import random
import sys
import time
from collections.abc import Sequence
from typing import Any

import nn
import optim
from experiments.attention.attention import Attention, samples
from experiments.benchmarks.parts.contest import CHECKED, TOLERANCE
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.served import Step
from minigrad import Value, lift

ROUNDS = 7
BATCHES = {1: (5, 200), 32: (1, 100)}
"""Samples of a batch: eager steps of a turn, and lifted ones."""

AT_LEAST = {32: 20}


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    sizes = [*BATCHES][: 1 if setting.quick else None]
    rows = [_row(size, rounds, setting.quick) for size in sizes]
    return Section("An attention head over 8 tokens, written in Values", rows, rounds)


def _row(size: int, rounds: int, quick: bool) -> Row:
    batch = samples(size, random.Random(1))
    steps = _eager(batch), _lifted(batch)
    for _ in range(1 if quick else CHECKED):
        eager, lifted = (step() for step in steps)
        if not abs(lifted - eager) <= TOLERANCE * abs(eager):
            sys.exit(f"unequal work: attention's losses are {eager!r} and {lifted!r}")
    counts = (1, 1) if quick else BATCHES[size]
    turns = [tuple(map(_microseconds, steps, counts)) for _ in range(rounds)]
    theirs, mine = zip(*turns, strict=True)
    what = f"a step of {size} sample{'s' * (size > 1)}, lifted"
    return beside(what, "us", mine, "eager", theirs, AT_LEAST.get(size))


def _loss(model: Attention, tokens: Sequence[Sequence[Any]], target: Any) -> Value:
    return nn.losses.mse(model(tokens), target)


def _eager(batch: Any) -> Step:
    model = Attention(random.Random(0))
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

    def step() -> float:
        losses = [_loss(model, *sample) for sample in zip(*batch, strict=True)]
        loss = sum(losses[1:], losses[0]) / len(losses)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.data

    return step


def _lifted(batch: Any) -> Step:
    model = Attention(random.Random(0))
    fast = lift.compile(lambda x, y: _loss(model, x, y), model.parameters())
    optimizer = optim.SGD(fast.parameters, lr=0.02, momentum=0.9)

    def step() -> float:
        loss = fast.gradient(*batch)
        optimizer.step()
        return loss

    return step


def _microseconds(step: Step, count: int) -> float:
    gc.collect()
    gc.disable()  # as the eager engine does: it would only walk the graph while that grows
    start = time.process_time()
    for _ in range(count):
        step()
    spent = time.process_time() - start
    gc.enable()
    return 1e6 * spent / count
