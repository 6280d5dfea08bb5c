"""A GPT of one block in scalar Values: it reads first names letter by letter and makes up new ones.

    python experiments/microgpt/microgpt.py --engine native

Every number here is a Value; there is no array. `--engine eager` runs them one by one, as they are
written, and numpy and native run the arrays that minigrad.lift finds among them.
"""

import argparse
import random
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from time import perf_counter

import nn
import optim
from minigrad import Value, lift, maximum
from minigrad.value import Number, dot

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the first one stands before a name and after it
TOKENS, WIDTH, HEADS = 16, 16, 4
NAMES = Path(__file__).with_name("names.txt")

Vector = Sequence[Number]


class GPT(nn.Module):
    """Which letter comes next, for each letter of a name: one block of a transformer.

    Attention (Vaswani et al. 2017, arXiv:1706.03762) and a hidden layer, each of which reads what
    was normalised (Zhang, Sennrich 2019, arXiv:1910.07467) and adds to what was there.
    """

    def __init__(
        self, rng: random.Random, tokens: int = TOKENS, width: int = WIDTH, heads: int = HEADS
    ) -> None:
        self.tokens, self.size = tokens, width // heads
        self.letter = nn.Layer(len(LETTERS), width, rng=rng)
        self.place = [[Value(rng.gauss(0.0, 0.1)) for _ in range(width)] for _ in range(tokens)]
        self.query, self.key, self.value, self.mix = (
            nn.Layer(width, width, rng=rng) for _ in range(4)
        )
        self.hidden = nn.Layer(width, 4 * width, "relu", rng=rng)
        self.output = nn.Layer(4 * width, width, rng=rng)
        self.readout = nn.Layer(width, len(LETTERS), rng=rng)

    def __call__(self, letters: Sequence[Vector]) -> list[list[Value]]:
        """A score for each letter that may come next, after each of those that are given.

        `letters`: at most `tokens` of them, each as numbers that are 0 but for a 1 at its place.
        """
        x = [plus(self.letter(one), place) for one, place in zip(letters, self.place, strict=False)]
        x = [plus(own, self.mix(others)) for own, others in zip(x, self.attend(x), strict=True)]
        x = [plus(own, self.output(self.hidden(normalised(own)))) for own in x]
        return [self.readout(normalised(token)) for token in x]

    def attend(self, x: list[list[Value]]) -> list[list[Value]]:
        """For each token what the heads take from the tokens up to it, side by side."""
        tokens = [normalised(token) for token in x]
        queries = [scaled(self.query(token), self.size**-0.5) for token in tokens]
        keys, values = (
            [self.key(token) for token in tokens],
            [self.value(token) for token in tokens],
        )
        taken: list[list[Value]] = [[] for _ in tokens]
        for start in range(0, len(x[0]), self.size):
            head = slice(start, start + self.size)
            for t, query in enumerate(queries):
                shares = softmax([dot(query[head], key[head]) for key in keys[: t + 1]])
                columns = zip(*(value[head] for value in values[: t + 1]), strict=True)
                taken[t] += [dot(shares, column) for column in columns]
        return taken

    def loss(self, letters: Sequence[Vector], answers: Sequence[Vector]) -> Value:
        """The mean of -log p(next letter) over a name, in nats.

        An answer has a weight for each letter: 1 / length at the next one, 0 after the name's end.
        """
        logits = zip(self(letters), answers, strict=True)
        return total([surprise(scores, answer) for scores, answer in logits])


def plus(a: Sequence[Value], b: Sequence[Value]) -> list[Value]:
    return [x + y for x, y in zip(a, b, strict=True)]


def scaled(vector: Sequence[Value], factor: Number) -> list[Value]:
    return [x * factor for x in vector]


def total(terms: Sequence[Value]) -> Value:
    return reduce(add, terms)


def normalised(vector: Sequence[Value]) -> list[Value]:
    """Its numbers over their root mean square."""
    mean_square = dot(vector, vector) / len(vector)
    return scaled(vector, 1 / (mean_square + 1e-5).sqrt())


def largest(numbers: Sequence[Value]) -> Value:
    """In pairs, and those again in pairs: a chain would be as deep as it is long."""
    half = len(numbers) // 2
    return maximum(largest(numbers[:half]), largest(numbers[half:])) if half else numbers[0]


def softmax(scores: Sequence[Value]) -> list[Value]:
    top = largest(scores)  # taken from all, so that exp cannot overflow
    powers = [(score - top).exp() for score in scores]
    return scaled(powers, 1 / total(powers))


def surprise(scores: Sequence[Value], answer: Vector) -> Value:
    """-log softmax(scores), each of them by its weight in the answer."""
    top = largest(scores)
    differences = [score - top for score in scores]
    log_total = total([difference.exp() for difference in differences]).log()
    return dot([log_total - difference for difference in differences], answer)


def one_hot(letter: str, weight: float = 1.0) -> list[float]:
    return [weight if letter == one else 0.0 for one in LETTERS]


def sample(name: str, tokens: int = TOKENS) -> tuple[list[list[float]], list[list[float]]]:
    """A name's letters and their answers, filled up to `tokens` with letters that nothing reads:
    attention looks back alone, and their answers weigh 0.
    """
    letters, answers = f".{name}", f"{name}."
    rest = [[0.0] * len(LETTERS)] * (tokens - len(letters))
    shares = [one_hot(letter, 1 / len(answers)) for letter in answers]
    return [one_hot(letter) for letter in letters] + rest, shares + rest


def made_up(model: GPT, rng: random.Random) -> str:
    """A new name, each letter drawn by the probability that the model gives it."""
    name = "."
    while len(name) < model.tokens:
        scores = [score.data for score in model([one_hot(letter) for letter in name])[-1]]
        weights = [Value(score - max(scores)).exp().data for score in scores]
        (letter,) = rng.choices(LETTERS, weights)
        if letter == ".":
            break
        name += letter
    return name[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a GPT of scalar Values on first names.")
    parser.add_argument("--engine", choices=["eager", "numpy", "native"], default="numpy")
    parser.add_argument("--steps", type=int, default=2000, metavar="N", help="(2000)")
    parser.add_argument("--batch", type=int, default=32, metavar="N", help="names a step (32)")
    arguments = parser.parse_args()
    rng, names = random.Random(0), NAMES.read_text(encoding="utf-8").split()
    samples = [sample(name) for name in names]
    model = GPT(rng)
    print(f"{len(model):,} parameters, {len(names)} names")
    fast = lift.compile(model.loss, model.parameters(), engine=arguments.engine)
    optimizer = optim.Adam(fast.parameters, lr=0.01)
    start = perf_counter()
    for step in range(arguments.steps):
        optimizer.lr = 0.01 * (1 - step / arguments.steps)
        letters, answers = zip(*rng.sample(samples, arguments.batch), strict=True)
        loss = fast.gradient(letters, answers)
        optimizer.step()
        if step % (arguments.steps // 10 or 1) == 0 or step == arguments.steps - 1:
            print(f"step {step:5d}  loss {loss:.4f}  {perf_counter() - start:6.1f} s")
    fast.write_back()
    print(*(made_up(model, rng) for _ in range(20)))


if __name__ == "__main__":
    main()
