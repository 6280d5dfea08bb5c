"""How long does a step take on the native machine, beside JAX, PyTorch and the arithmetic's limit?

    pip install torch jax
    python experiments/benchmarks/native.py [--torch-python PYTHON] [--jax-python PYTHON]
                                            [--json FILE]

The native part of lifted.py: all train the same models from the same weights on the same samples,
in float64 on one thread; losses are compared to 1e-9 first. JAX has two entries: all steps in one
call (scan), and a call a step. torch.compile's whole step is one compiled function. Then how many
times the least possible time a step takes, which is its arithmetic at the peak that this processor
shows in this very run (parts/limit.py), and every optimizer's step beside SGD's.

--torch-python and --jax-python name interpreters that have torch and jax, if this one has not.
Exit codes: 0 all bounds hold, 1 one is missed.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import Measure, as_script


def measures() -> list[Measure]:
    from experiments.benchmarks.parts import machine, steps

    peers = ("native", "JAX scan", "JAX", "torch.compile", "PyTorch")
    beside = partial(steps.measure, names=peers)
    return [beside, machine.measure_limit, machine.measure_optimizers]


if __name__ == "__main__":
    sys.exit(as_script(__doc__, measures))
