"""The first steps of a training, and how far each of them moves the weights."""

import math
from dataclasses import dataclass, field

from minigrad.engines.eager import EagerEngine
from minigrad.training.trainer import Trainer
from nn import MLP

GOOD = 0.05
"""An update, as a share of the weights, that lets small networks learn fast and safely."""


@dataclass
class ShortRun:
    """`start` and `end` are the loss over all samples before and after. `broke` is the error that
    ended the run early, if any; then `end` is nan.

    `ratios` has, for each step and each layer, the norm of the weights' update over the largest
    norm of the weights so far: weights that change sign pass near 0, where every step
    would look large. `rates` has the learning rate of each step; `lr` is the one without schedule.
    `model` is the one after the run.
    """

    model: MLP
    lr: float
    start: float
    end: float = math.nan
    broke: str = ""
    ratios: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def steps(self) -> int:
        return len(self.ratios)

    def gentler(self) -> str:
        """Advice: a learning rate with which the largest step would have been a good one."""
        sizes = [(max(layers), rate) for layers, rate in zip(self.ratios, self.rates, strict=True)]
        good = [GOOD * rate / size for size, rate in sizes if 0 < size < math.inf]
        return f"try optimizer.lr={min([self.lr / 10, *good]):.1g}"


def run_briefly(trainer: Trainer, steps: int) -> ShortRun:
    """Train so many steps. Raises Diverged if not even the first loss is finite."""
    engine = trainer.engine
    assert isinstance(engine, EagerEngine), "weights are read from Values"
    run = ShortRun(engine.model, trainer.optimizer.lr, trainer.evaluate().loss)
    before = weights(run.model)
    norms = [0.0 for _ in before]
    try:
        for record in trainer.train(steps):
            after = weights(run.model)
            norms = [max(math.hypot(*w), norm) for w, norm in zip(before, norms, strict=True)]
            moved = map(math.dist, before, after)
            run.ratios.append([_ratio(m, norm) for m, norm in zip(moved, norms, strict=True)])
            run.rates.append(record.lr)
            before = after
        run.end = trainer.evaluate().loss
    except ArithmeticError as error:
        run.broke = str(error)
    return run


def weights(model: MLP) -> list[list[float]]:
    """The weights of each layer, without biases, which start at 0."""
    return [[w.data for neuron in layer.neurons for w in neuron.weights] for layer in model.layers]


def _ratio(moved: float, norm: float) -> float:
    if not norm:  # from zeros, as logistic regression may start, any step is a whole one
        return 1.0 if moved else 0.0
    ratio = moved / norm
    return ratio if math.isfinite(ratio) else math.inf
