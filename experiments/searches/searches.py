"""What do tpe and successive halving find, beside the whole grid? The 3-class spiral, 10 repeats.

python experiments/searches/searches.py [REPEATS]

Each repeat has a seed of its own for data, weights and draws. In it the grid trains all 36 cells,
tpe a third as many, and halving all of them in a third of the grid's steps. Prints, for each
repeat and over all of them, the best final loss of each as a ratio to the grid's; with the default
number of repeats it writes the same to results.txt beside this file. Exit code 1 where a median
ratio is above its bound: 2 for tpe, 1.2 for halving.
"""

import statistics
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from minigrad.sweep import search
from minigrad.sweep.cells import check
from minigrad.sweep.dispatch import results
from minigrad.sweep.grid import parse
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.pool import Workers, usable_cores
from minigrad.sweep.ranking import rank
from minigrad.sweep.store import Ended
from minigrad.threads import use_one_thread

REPEATS = 10
CONFIG = "configs/spiral.yaml"
GRID = [
    "optimizer.lr=0.001,0.003,0.01,0.03,0.1,0.3",
    "model.hidden=[4],[8],[16]",
    "model.activation=tanh,relu",
    "train.engine=native",
]
BOUNDS = {"tpe": 2.0, "halving": 1.2}
RESULTS = Path(__file__).with_name("results.txt")


@dataclass(frozen=True)
class Found:
    """What one way of searching found, and its cost in trainings and in steps."""

    loss: float
    trainings: int
    steps: int


def searched(plan: SweepPlan, executor: Executor) -> Found:
    """Train the plan's cells and all that follow from them; nothing is written."""
    ended: list[Ended] = []
    new = range(len(plan.units))
    while new:
        for index, result in results(new, plan.config_of, executor):
            ended += [Ended(plan.units[index].cell, "", member) for member in result.members]
        before = len(plan.cells)
        plan = replace(plan, cells=[*plan.cells, *search.following(plan, ended)])
        new = range(before, len(plan.cells))
    steps = sum(cell.config["train"]["steps"] for cell in plan.cells)
    return Found(rank(plan, ended)[0].median, len(plan.cells), steps)


def repeat(seed: int, executor: Executor) -> dict[str, Found]:
    """The grid, tpe and halving on one seed."""
    asked = [*GRID, f"seed={seed}"]
    grid = parse(asked)
    plan = SweepPlan(CONFIG, asked, grid.seeds, check(CONFIG, grid))
    plans: dict[str, Callable[[], SweepPlan]] = {
        "grid": lambda: plan,
        "tpe": lambda: search.tpe(CONFIG, asked, len(plan.cells) // 3, seed, plan),
        "halving": lambda: search.halving(plan),
    }
    return {name: searched(make(), executor) for name, make in plans.items()}


def main() -> int:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    use_one_thread()
    lines = ["repeat  grid's best  tpe's ratio  halving's ratio"]
    print(lines[0])
    ratios: dict[str, list[float]] = {name: [] for name in BOUNDS}
    with Workers(usable_cores()) as executor:
        for seed in range(repeats):
            results = repeat(seed, executor)
            for name, some in ratios.items():
                some.append(results[name].loss / results["grid"].loss)
            tpe, halving = (some[-1] for some in ratios.values())
            lines.append(f"{seed:>6}  {results['grid'].loss:11.4g}  {tpe:11.2f}  {halving:15.2f}")
            print(lines[-1], flush=True)
    for name, some in ratios.items():
        within = sum(ratio <= BOUNDS[name] for ratio in some)
        one, whole = results[name], results["grid"]
        lines.append(
            f"{name}: median ratio {statistics.median(some):.2f}, worst {max(some):.2f}, within "
            f"{BOUNDS[name]:g} in {within} of {repeats}; {one.trainings} trainings of "
            f"{one.steps:,} steps in all, the grid {whole.trainings} of {whole.steps:,}"
        )
        print(lines[-1])
    if repeats == REPEATS:
        RESULTS.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return int(any(statistics.median(ratios[name]) > bound for name, bound in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
