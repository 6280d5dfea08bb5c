"""What does one training step of scalar Values cost, beside micrograd 0.1.0?

    pip install micrograd==0.1.0
    python experiments/benchmarks/eager_step.py

Both train the same relu network from the same weights on the same points with squared error and
plain SGD, in this process, taking turns; forward, backward and update are timed. The last losses
are compared, so that the work is known to be equal. Prints medians and their ratio.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import nn
import optim
from minigrad.engines.eager import EagerEngine

try:
    import micrograd.nn
except ImportError:
    sys.exit("micrograd is absent: pip install micrograd==0.1.0")

LR = 0.01
Points = Sequence[tuple[list[float], float]]


def points(count: int) -> Points:
    rng = random.Random(0)
    inputs = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(count)]
    return [(x, float(x[0] * x[1] > 0)) for x in inputs]


def ours(model: nn.MLP, data: Points) -> Callable[[], float]:
    engine = EagerEngine(model, nn.losses.mse)
    optimizer = optim.SGD(engine.parameters, lr=LR)
    inputs, targets = [x for x, _ in data], [y for _, y in data]

    def step() -> float:
        loss, _ = engine.gradient(inputs, targets)
        optimizer.step()
        return loss

    return step


def micrograds(like: nn.MLP, data: Points) -> Callable[[], float]:
    model = micrograd.nn.MLP(like.sizes[0], list(like.sizes[1:]))
    weights = [v for layer in like.layers for n in layer.neurons for v in (*n.weights, n.bias)]
    for theirs, same in zip(model.parameters(), weights, strict=True):
        theirs.data = same.data

    def step() -> float:
        losses = [(model(x) - y) ** 2 for x, y in data]
        loss = sum(losses) / len(losses)
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= LR * parameter.grad
        return float(loss.data)

    return step


def seconds(step: Callable[[], float], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - start) / times


def main() -> None:
    print("network      points   minigrad us   micrograd us   ratio")
    for sizes, count, times, repeats in (((2, 8, 1), 4, 100, 9), ((2, 16, 16, 1), 100, 1, 5)):
        model = nn.MLP(sizes[0], sizes[1:], activation="relu", rng=random.Random(0))
        data = points(count)
        mine, theirs = ours(model, data), micrograds(model, data)
        pairs = [(seconds(mine, times), seconds(theirs, times)) for _ in range(repeats)]
        a, b = mine(), theirs()
        if abs(a - b) > 1e-9 * abs(b):
            sys.exit(f"unequal work: the losses ended at {a!r} and {b!r}")
        ratio = statistics.median(t / m for m, t in pairs)
        m, t = (1e6 * statistics.median(side) for side in zip(*pairs, strict=True))
        name = "-".join(map(str, sizes))
        print(f"{name:12} {count:6}   {m:11,.0f}   {t:12,.0f}   {ratio:5.1f}")


if __name__ == "__main__":
    main()
