"""A first day with one's own data, one command after the other, from a CSV file to a file to keep.

python experiments/first-day/first_day.py [iris|digits|regression] [FOLDER]

Prints each command and what it answers. FOLDER (a new one, if none is given) gets data, config and
runs.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Case:
    """A data file of configs/data, the config to write for it, and rates to sweep over."""

    data: str
    config: str
    rates: str


CASES = {
    "iris": Case(
        "iris.csv",
        """\
name: iris
data:      {name: csv, path: iris.csv, target: species, standardize: true,
            val_fraction: 0.2, test_fraction: 0.3}
model:     {hidden: [8]}
loss:      cross_entropy
optimizer: {name: adam, lr: 0.02}
train:     {epochs: 70, batch_size: 16, log_every: 10, engine: numpy,
            keep_best: val_loss}
""",
        "0.01,0.02,0.05",
    ),
    "digits": Case(
        "digits.csv",
        """\
name: digits
data:      {name: csv, path: digits.csv, target: digit, standardize: true,
            val_fraction: 0.1, test_fraction: 0.2}
model:     {hidden: [32], activation: relu, init: he}
loss:      cross_entropy
optimizer: {name: adamw, lr: 0.003, weight_decay: 0.3}
train:     {epochs: 40, batch_size: 64, log_every: 20, engine: tensor,
            keep_best: val_loss, patience: 20}
""",
        "0.002,0.003",
    ),
    "regression": Case(
        "diabetes.csv",
        """\
name: diabetes
data:      {name: csv, path: diabetes.csv, target: progression, standardize: true,
            standardize_target: true, val_fraction: 0.2, test_fraction: 0.2}
model:     {hidden: [8]}
loss:      mse
optimizer: {name: adamw, lr: 0.01, weight_decay: 1.0}
train:     {steps: 400, batch_size: 32, log_every: 5, engine: numpy,
            keep_best: val_loss, patience: 20}
""",
        "0.003,0.01",
    ),
}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "iris"
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    case = CASES[name]
    shutil.copy(ROOT / "configs" / "data" / case.data, folder)
    (folder / "my.yaml").write_text(case.config)
    header, *rows = (folder / case.data).read_text().splitlines()
    (folder / "new.csv").write_text("\n".join([header, *rows[:5]]) + "\n")
    print(f"$ cat my.yaml\n{case.config}", end="")
    run(folder, "minigrad.doctor", "my.yaml")
    run(folder, "minigrad.train", "my.yaml")
    run(folder, "minigrad.sweep", "my.yaml", f"optimizer.lr={case.rates}", "--workers", "1")
    columns = "id,val_loss,optimizer.lr"  # never a test figure
    choice = run(
        folder,
        *("minigrad.runs", "list", "--sort", "val_loss", "--limit", "1", "--columns", columns),
    )
    chosen = next(word for word in choice.split() if word.startswith("20"))
    run(folder, "minigrad.runs", "show", chosen)
    run(folder, "minigrad.predict", chosen, "new.csv")
    run(folder, "minigrad.runs", "export", chosen, "--to", "npz", "--out", "my.npz")


def run(folder: Path, module: str, *arguments: str) -> str:
    """Print the command and its output, and give the output. Exits where the command fails."""
    print(f"$ python -m {module} {shlex.join(arguments)}", flush=True)
    path = os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(ended.stdout, end="", flush=True)
    if ended.returncode:
        sys.exit(ended.returncode)
    return ended.stdout


if __name__ == "__main__":
    main()
