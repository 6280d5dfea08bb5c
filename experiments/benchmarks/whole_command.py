"""How long does the whole command take, compared with the same training in PyTorch?

    pip install torch
    python experiments/benchmarks/whole_command.py [--torch-python PYTHON]

Whole processes from start to exit, picture included, taking turns: `python -m minigrad.train
configs/xor.yaml` for one seed and for a thousand, and peers/xor_torch.py for one. --torch-python
names an interpreter that has torch and matplotlib, if this one has not. Prints medians and medians
of the ratios.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.whole import run

ROUNDS = 3


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    seeds = 10 if setting.quick else 1000
    torch = setting.peers()["PyTorch script"]
    with tempfile.TemporaryDirectory() as out:
        train = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "--out", out]
        commands = [train, [*train, "--seeds", str(seeds)]]
        if not torch.missing:
            commands.append([torch.python, str(torch.path), out])
        if not setting.quick:
            for command in commands:
                run(command)  # files cached, fonts listed
        turns = [[run(command) for command in commands] for _ in range(rounds)]
    one, many, *peers = ([turn.clock for turn in side] for side in zip(*turns, strict=True))
    theirs = peers[0] if peers else None
    rows = [
        beside("XOR, 500 steps, one seed, eager", "s", one, "PyTorch, one seed", theirs, 2),
        beside(f"XOR, 500 steps, {seeds:,} seeds", "s", many, "PyTorch, one seed", theirs, 1 / 2),
    ]
    threads = "as many threads as each takes"
    return Section("The whole command", rows, rounds, "wall", threads)


if __name__ == "__main__":
    sys.exit(as_script(__doc__, lambda: [measure]))
