"""How much faster has minigrad become? This checkout beside another, in the same run.

    git worktree add ../base 7cfa375
    python experiments/benchmarks/against.py --base ../base [--json FILE]

Steps of the numpy engine, each checkout's in a process of its own, and whole commands. They take
turns at the same task, both by this interpreter; only the processor's time counts. Losses are
compared to 1e-9. Prints medians, the least of the rounds, and medians of the ratios within a round.
The bounds are those on commit 7cfa375, before neurons were single nodes, and are not judged against
any other. Exit codes: 0 all bounds hold, 1 one is missed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import Measure, as_script


def measures() -> list[Measure]:
    from experiments.benchmarks.parts import earlier

    return [earlier.measure_steps, earlier.measure_commands]


if __name__ == "__main__":
    sys.exit(as_script(__doc__, measures, needs_base=True))
