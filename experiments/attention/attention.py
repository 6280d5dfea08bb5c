"""One attention head in scalar Values: which token is the largest, and what does it carry?

    python experiments/attention/attention.py

A sample is 8 tokens of two numbers, a score and a load; the answer is the load of the token with
the largest score. Every number here is a Value, and minigrad.lift finds the arrays.
"""

import math
import random
from collections.abc import Sequence
from functools import reduce
from operator import add

import nn
import optim
from minigrad import Value, lift, maximum
from minigrad.value import Number, dot

TOKENS, WIDTH = 8, 4


class Attention(nn.Module):
    """Embed, mix the tokens by softmax(q . k) over v, add what was there, average, read out."""

    def __init__(self, rng: random.Random) -> None:
        self.embed = nn.Layer(2, WIDTH, rng=rng)
        self.query = nn.Layer(WIDTH, WIDTH, rng=rng)
        self.key = nn.Layer(WIDTH, WIDTH, rng=rng)
        self.value = nn.Layer(WIDTH, WIDTH, rng=rng)
        self.readout = nn.Layer(WIDTH, 1, rng=rng)

    def __call__(self, tokens: Sequence[Sequence[Number]]) -> Value:
        x = [self.embed(token) for token in tokens]
        keys, values = [self.key(token) for token in x], [self.value(token) for token in x]
        mixed = []
        for token in x:
            query = self.query(token)
            shares = softmax([dot(query, key) / math.sqrt(WIDTH) for key in keys])
            columns = zip(token, zip(*values, strict=True), strict=True)
            mixed.append([own + dot(shares, column) for own, column in columns])
        pooled = [total(column) / len(mixed) for column in zip(*mixed, strict=True)]
        return self.readout(pooled)[0]


def softmax(scores: Sequence[Value]) -> list[Value]:
    largest = reduce(maximum, scores)  # taken from all, so that exp cannot overflow
    powers = [(score - largest).exp() for score in scores]
    whole = total(powers)
    return [power / whole for power in powers]


def total(terms: Sequence[Value]) -> Value:
    return reduce(add, terms)


def samples(count: int, rng: random.Random) -> tuple[list[list[list[float]]], list[float]]:
    """Lists of tokens, and for each the load of the one with the largest score."""
    inputs = [[[rng.uniform(-1, 1), rng.gauss(0, 1)] for _ in range(TOKENS)] for _ in range(count)]
    return inputs, [max(tokens)[1] for tokens in inputs]


def main() -> None:
    model = Attention(random.Random(0))
    fast = lift.compile(lambda x, y: nn.losses.mse(model(x), y), model.parameters())
    optimizer = optim.Adam(fast.parameters, lr=0.02)
    batch, unseen = samples(500, random.Random(1)), samples(500, random.Random(2))
    for step in range(1001):
        loss = fast.gradient(*batch)
        if step % 200 == 0:
            print(f"step {step:4d}  loss {loss:.4f}  unseen {fast.loss(*unseen):.4f}")
        optimizer.step()


if __name__ == "__main__":
    main()
