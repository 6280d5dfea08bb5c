"""What does one training step of scalar Values cost, beside micrograd 0.1.0?

    pip install micrograd==0.1.0
    python experiments/benchmarks/eager_step.py [--torch-python PYTHON]

The part of lifted.py that needs neither torch nor jax. --torch-python names an interpreter that has
micrograd, if this one has not. Prints medians and medians of the ratios.
"""

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts import steps
from experiments.benchmarks.parts.command_line import as_script

measure = partial(steps.measure, names=("eager", "micrograd"))

if __name__ == "__main__":
    sys.exit(as_script(__doc__, lambda: [measure]))
