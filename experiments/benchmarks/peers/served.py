"""The peer's side of a turn: it trains the requested number of steps and reports the time.

Standard library only: a peer's interpreter has the peer, but not our packages.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Task:
    """A training that all peers do alike: tanh layers, bce on the logit, full batch, SGD.

    `weights` has one list of parameters a replica, in nn.MLP's order: layer by layer, neuron by
    neuron, each neuron's weights and then its bias. A step of a peer is `steps` updates. Where
    there are several outputs the targets are classes and the loss is cross-entropy; where there is
    a `batch`, a step takes the next so many samples, in turn.

    A task of the model "attention" is a head of experiments/attention on samples of tokens, with
    the squared error as its loss; its sizes are those of a token, of the head and of the output.
    One of the model "GPT" is that of experiments/microgpt on names; its sizes are those of the
    alphabet and of a token, and how many tokens and heads there are.
    """

    sizes: list[int]
    inputs: list[list[float]]
    targets: list[float]
    weights: list[list[float]]
    lr: float
    momentum: float
    steps: int = 1
    batch: int | None = None
    model: str = "MLP"

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each layer, in the order of the model's parameters."""
        if self.model == "MLP":
            return list(pairwise(self.sizes))
        if self.model == "GPT":
            letters, width, tokens, _ = self.sizes
            place = width - 1, tokens  # its numbers are read as the weights and biases of a layer
            hidden = [(width, 4 * width), (4 * width, width), (width, letters)]
            return [(letters, width), place, *[(width, width)] * 4, *hidden]
        token, width, outputs = self.sizes
        return [(token, width), *[(width, width)] * 3, (width, outputs)]

    def batches(self, *arrays: Any) -> Iterator[list[Any]]:
        """The arrays' parts of each step, without end."""
        size = self.batch or len(self.inputs)
        starts = range(0, len(self.inputs), size)
        return cycle([[array[start : start + size] for array in arrays] for start in starts])

    def save(self, path: Path) -> None:
        """Without what is at its default: older checkouts need not know those fields."""
        defaults = {each.name: each.default for each in fields(self)}
        given = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        path.write_text(json.dumps(given), encoding="ascii")

    @staticmethod
    def load(path: Path) -> "Task":
        return Task(**json.loads(path.read_text(encoding="ascii")))


@dataclass(frozen=True)
class Turn:
    """Seconds of the processor and by the clock, and the loss of the last step, one a replica."""

    processor: float
    clock: float
    losses: list[float]


Step: TypeAlias = Callable[[], Any]
"""Forward, backward and update; gives the loss before the update, in the peer's own type."""


def serve(
    prepare: Callable[[Task], Callable[[], Step]], losses: Callable[[Any], list[float]]
) -> None:
    """Take turns until the pipe closes: a line [path of the task, steps] comes in, a Turn goes out.

    `prepare(task)` gives what makes a step function that begins at the task's weights; `losses`
    reads what the last step gave.
    """
    starts: dict[str, Callable[[], Step]] = {}
    for line in sys.stdin:
        path, steps = json.loads(line)
        if path not in starts:
            starts[path] = prepare(Task.load(Path(path)))
            losses(starts[path]()())  # compiled, and checked, before the first turn
        print(json.dumps(asdict(_turn(starts[path](), steps, losses))), flush=True)


def _turn(step: Step, steps: int, losses: Callable[[Any], list[float]]) -> Turn:
    gc.collect()
    processor, clock = time.process_time(), time.perf_counter()
    for _ in range(steps):
        loss = step()
    read = losses(loss)  # within the time: a result that is not there yet is waited for
    return Turn(time.process_time() - processor, time.perf_counter() - clock, read)
