"""The trainings that are timed: XOR, a checkerboard of two by two fields, attention and a GPT."""

import random
from contextlib import suppress
from dataclasses import dataclass

import nn
from experiments.attention.attention import WIDTH, Attention, samples
from experiments.benchmarks.peers.models import microgpt
from experiments.benchmarks.peers.served import Task
from experiments.benchmarks.peers.turns import ROOT

XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]


@dataclass(frozen=True)
class Problem:
    """A training, and how many of its steps peers that take many in one call take at once."""

    name: str
    task: Task
    steps: int

    @property
    def seeds(self) -> int:
        return len(self.task.weights)


def problems() -> list[Problem]:
    """In the order of the tables."""
    networks = [([2, 8, 1], 4, 20_000), ([2, 16, 1], 20, 5000), ([2, 16, 16, 1], 100, 500)]
    networks += [([2, 64, 64, 1], 1000, 10)]
    made = [
        Problem(f"{'-'.join(map(str, sizes))} x {count:,}", task(sizes, count), steps)
        for sizes, count, steps in networks
    ]
    made += [
        Problem("1,000 seeds of XOR", task([2, 8, 1], 4, 1000), 50),
        Problem("attention head x 32", attention(32), 200),
    ]
    with suppress(ModuleNotFoundError):  # a copy without that experiment
        made.append(Problem("GPT block x 8", gpt(8), 20))
    return made


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
