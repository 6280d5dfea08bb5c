"""What does lifting gain, beside eager Values, micrograd, PyTorch and JAX?

    pip install torch micrograd==0.1.0 jax
    python experiments/benchmarks/lifted.py [--torch-python PYTHON] [--jax-python PYTHON]
                                            [--json FILE]

Each engine trains the same models from the same weights on the same samples with the same loss, in
float64 on one thread: forward, backward and SGD's update of a full batch. Each is a process of its
own, and they take turns. A turn begins at the starting weights, and all losses are compared to
1e-9, so that the work is known to be equal. Then: how long lifting takes, and how the cost grows
with the work. Prints medians, and medians of the ratios within a round.

--torch-python names an interpreter that has torch and micrograd, --jax-python one that has jax, if
this one has not. Times are the processor's: what else runs on the machine then does not count. Exit
codes: 0 all bounds hold, 1 one is missed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import Measure, as_script


def measures() -> list[Measure]:
    from experiments.benchmarks.parts import growth, lifting, steps

    return [steps.measure, lifting.measure, growth.measure]


if __name__ == "__main__":
    sys.exit(as_script(__doc__, measures))
