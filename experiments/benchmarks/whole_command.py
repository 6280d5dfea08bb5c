"""How long is it from Enter to the prompt, beside the same training in PyTorch?

    pip install torch
    python experiments/benchmarks/whole_command.py [--torch-python PYTHON]

Whole processes from start to exit, picture included, taking turns: `python -m minigrad.train
configs/xor.yaml` and xor_torch.py beside this file. --torch-python names an interpreter that has
torch and matplotlib, if this one has not. Prints medians and the median of the ratios.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
REPEATS = 7


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent.parent)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--torch-python", default=sys.executable)
    torch_python = parser.parse_args().torch_python
    if subprocess.run([torch_python, "-c", "import torch"], capture_output=True).returncode:
        sys.exit(f"torch is absent from {torch_python}: pip install torch")
    with tempfile.TemporaryDirectory() as out:
        mine = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "--out", out]
        theirs = [torch_python, str(HERE / "xor_torch.py"), out]
        seconds(mine), seconds(theirs)  # both warm: files cached, fonts listed
        pairs = [(seconds(mine), seconds(theirs)) for _ in range(REPEATS)]
    m, t = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"minigrad {m:.2f} s   PyTorch {t:.2f} s   minigrad / PyTorch {ratio:.2f}")


if __name__ == "__main__":
    main()
