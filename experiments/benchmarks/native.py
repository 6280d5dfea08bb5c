"""How long does a step take on the native machine, beside JAX, PyTorch and the arithmetic's limit?

    pip install torch jax
    python experiments/benchmarks/native.py [--torch-python PYTHON] [--jax-python PYTHON]
                                            [--turns N] [--only PROBLEM] [--optimizers]

All train the same networks from the same weights on the same points, in float64 on one thread;
losses are compared to 1e-9 first. JAX has two entries: all steps in one call (scan), and a call a
step. torch.compile's whole step is one compiled function. All take turns, as separate processes.

Prints the least and the median processor time of a model's step in microseconds; the limit, that is
the step's arithmetic at the peak that this processor shows in this very run (parts/limit.py); and
how many times faster the native machine is than JAX's scan and than the best peer.

--torch-python and --jax-python name interpreters that have torch and jax, if this one has not.
--optimizers compares every optimizer with SGD instead: none should take over 1.5 times as long.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.contest import TOLERANCE, Entry, Timed, contest
from experiments.benchmarks.parts.limit import microseconds
from experiments.benchmarks.parts.optimizers import multiples
from experiments.benchmarks.parts.problems import attention, gpt, task
from experiments.benchmarks.peers.native_steps import program
from experiments.benchmarks.peers.served import Task
from experiments.benchmarks.peers.turns import Peer, Process, at_work

MANY_STEPS = ("native", "JAX scan")
"""Peers that take all steps of a turn in one call."""


@dataclass(frozen=True)
class Problem:
    """A training, with the steps of a turn: of peers with many in one call, and of others."""

    name: str
    task: Task
    steps: int
    single_steps: int


def problems() -> list[Problem]:
    networks = [([2, 8, 1], 4, 20_000), ([2, 16, 1], 20, 5000), ([2, 16, 16, 1], 100, 500)]
    networks += [([2, 64, 64, 1], 1000, 10)]
    made = [
        Problem(f"{'-'.join(map(str, sizes))} x {count}", task(sizes, count), steps, 200)
        for sizes, count, steps in networks
    ]
    made[-1] = replace(made[-1], single_steps=10)
    seeds = Problem("1,000 seeds of XOR", task([2, 8, 1], 4, 1000), 50, 50)
    made += [seeds, Problem("attention head x 32", attention(32), 200, 100)]
    with suppress(ModuleNotFoundError):  # a copy without that experiment
        made.append(Problem("GPT block x 8", gpt(8), 20, 20))
    return made


def shown(times: Sequence[float]) -> str:
    return f"{min(times):.3f} ({statistics.median(times):.3f})"


def check(entries: Sequence[Entry]) -> None:
    """End the program unless all give the same losses after the same number of steps."""
    losses = {}
    for entry in entries:
        own = Task.load(entry.task).steps
        losses[entry.name] = entry.process.turn(entry.task, CHECKED // own).losses
    first = losses[entries[0].name]
    for name, others in losses.items():
        worst = max(abs(a - b) / abs(b) for a, b in zip(first, others, strict=True))
        if not worst <= TOLERANCE:
            sys.exit(f"unequal work: after {CHECKED} steps {name} is {worst:.1e} apart")


CHECKED = 4


def run(problem: Problem, working: Mapping[str, Process], turns: int, folder: Path) -> None:
    def saved(steps: int) -> Path:
        path = folder / f"{problem.name}-{steps}.json"
        if not path.exists():
            replace(problem.task, steps=steps).save(path)
        return path

    seeds = len(problem.task.weights)
    check([
        Entry(process, saved(CHECKED if name in MANY_STEPS else 1), 1)
        for name, process in working.items()
    ])  # fmt: skip
    entries = [
        Entry(process, saved(problem.steps), 1, problem.steps * seeds)
        if name in MANY_STEPS
        else Entry(process, saved(1), problem.single_steps, seeds)
        for name, process in working.items()
    ]
    show(problem, contest(entries, turns))


def show(problem: Problem, timed: Mapping[str, Timed]) -> None:
    limit = microseconds(program(problem.task), len(problem.task.inputs))
    least = {name: min(times.microseconds) for name, times in timed.items()}
    own, others = least.pop("native"), least
    texts = [f"{name} {shown(times.microseconds)}" for name, times in timed.items()]
    texts.append(f"limit {limit:.3f}: {own / limit:.2f} times")
    if "JAX scan" in others:
        texts.append(f"JAX scan / native {others['JAX scan'] / own:.2f}")
    if others:
        best = min(others, key=others.__getitem__)
        texts.append(f"best peer {best}, / native {others[best] / own:.2f}")
    print(f"{problem.name}\n  " + "\n  ".join(texts), flush=True)


def compare_optimizers(only: str, turns: int) -> None:
    for problem in problems():
        if only in problem.name and problem.task.model == "MLP":
            compared = multiples(problem.task, max(problem.steps // 10, 1), turns)
            texts = [f"{name} {multiple:.2f}" for name, multiple in compared.items()]
            print(f"{problem.name}: {', '.join(texts)}; SGD's time is 1", flush=True)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for peer in ("torch", "jax"):
        parser.add_argument(f"--{peer}-python", default=sys.executable)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--only", default="", help="problems whose names have this in them")
    parser.add_argument("--optimizers", action="store_true", help="compare these with each other")
    options = parser.parse_args(arguments)
    if options.optimizers:
        compare_optimizers(options.only, options.turns)
        return
    peers = [
        Peer("native", "native_steps"),
        Peer("JAX scan", "jax_jit", options.jax_python, ("jax",)),
        Peer("JAX jit", "jax_jit", options.jax_python, ("jax",)),
        Peer("torch.compile", "torch_compiled", options.torch_python, ("torch",)),
        Peer("PyTorch", "torch_eager", options.torch_python, ("torch",)),
    ]
    with tempfile.TemporaryDirectory() as folder, at_work(peers) as working:
        for problem in problems():
            if options.only not in problem.name:
                continue
            able = problem.task.model == "MLP" and len(problem.task.weights) == 1
            taking_part = {name: one for name, one in working.items() if able or name != "PyTorch"}
            run(problem, taking_part, options.turns, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
