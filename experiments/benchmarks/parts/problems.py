"""The trainings that are timed: XOR, and a checkerboard of two by two fields."""

import random

import nn
from experiments.attention.attention import WIDTH, Attention, samples
from experiments.benchmarks.peers.models import microgpt
from experiments.benchmarks.peers.served import Task
from experiments.benchmarks.peers.turns import ROOT

XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]


def points(count: int) -> list[tuple[list[float], float]]:
    """XOR's four corners, or as many points of a square as asked for, labelled by quadrant."""
    if count == len(XOR):
        return XOR
    rng = random.Random(0)
    inputs = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(count)]
    return [(x, float(x[0] * x[1] > 0)) for x in inputs]


def digits(sizes: list[int], batch: int) -> Task:
    """Handwritten digits of configs/data that fill ten batches, weights of seed 0."""
    lines = (ROOT / "configs" / "data" / "digits.csv").read_text(encoding="ascii").splitlines()
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1 : 10 * batch + 1]]
    model = nn.MLP(sizes[0], sizes[1:], rng=random.Random(0))
    return Task(
        sizes=sizes,
        inputs=[[ink / 16 for ink in row[:-1]] for row in rows],
        targets=[row[-1] for row in rows],
        weights=[[value.data for value in model.parameters()]],
        lr=0.1,
        momentum=0.9,
        batch=batch,
    )


def task(sizes: list[int], count: int, seeds: int = 1, steps: int = 1) -> Task:
    """A training from the weights of nn.MLP with seed 0, or with each of `seeds` seeds."""
    data = points(count)
    models = [nn.MLP(sizes[0], sizes[1:], rng=random.Random(seed)) for seed in range(seeds)]
    return Task(
        sizes=sizes,
        inputs=[x for x, _ in data],
        targets=[target for _, target in data],
        weights=[[value.data for value in model.parameters()] for model in models],
        lr=1.0 if data is XOR else 0.1,
        momentum=0.9,
        steps=steps,
    )


def attention(count: int, steps: int = 1) -> Task:
    """A head of attention on samples of 8 tokens, from the weights of seed 0."""
    inputs, targets = samples(count, random.Random(1))
    return Task(
        sizes=[2, WIDTH, 1],
        inputs=inputs,  # type: ignore[arg-type]  # a sample is a list of tokens
        targets=targets,
        weights=[[value.data for value in Attention(random.Random(0)).parameters()]],
        lr=0.02,
        momentum=0.9,
        steps=steps,
        model="attention",
    )


def gpt(count: int, steps: int = 1) -> Task:
    """The GPT of experiments/microgpt on the first names of its list, weights of seed 0."""
    script = microgpt()
    names = script.NAMES.read_text(encoding="utf-8").split()[:count]
    letters, answers = zip(*(script.sample(name) for name in names), strict=True)
    return Task(
        sizes=[len(script.LETTERS), script.WIDTH, script.TOKENS, script.HEADS],
        inputs=list(letters),
        targets=list(answers),
        weights=[[value.data for value in script.GPT(random.Random(0)).parameters()]],
        lr=0.02,
        momentum=0.9,
        steps=steps,
        model="GPT",
    )
