"""How long does the whole command take, compared with the same training in PyTorch?

    pip install torch
    python experiments/benchmarks/whole_command.py [--torch-python PYTHON] [--base TREE]

Whole processes from start to exit, picture included, taking turns: `python -m minigrad.train
configs/xor.yaml` for one seed and for a thousand, and peers/xor_torch.py for one. --torch-python
names an interpreter that has torch and matplotlib, if this one has not. With --base, the commands
take turns with those of another checkout of minigrad instead, and the processor's time counts.
Prints medians and medians of the ratios.
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.parts.whole import run

ROUNDS = 3
ROUNDS_WITH_BASE = 15


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


def measure_with_base(setting: Setting, base: Path) -> Section:
    """The same commands in the tree `base`, by this interpreter."""
    rounds = setting.rounds(ROUNDS_WITH_BASE)
    seeds = 10 if setting.quick else 1000
    rows = []
    with tempfile.TemporaryDirectory() as out:
        train = [sys.executable, "-m", "minigrad.train", "configs/xor.yaml", "--out", out]
        for what, command in (
            ("one seed, eager", train),
            (f"{seeds:,} seeds", [*train, "--seeds", str(seeds)]),
        ):
            turns = [
                (run(command).processor, run(command, base).processor) for _ in range(rounds + 1)
            ]
            ours, theirs = zip(*turns[1:], strict=True)  # in the first, files were cached
            rows.append(beside(f"XOR, 500 steps, {what}", "s", ours, f"{base.name}", theirs))
    return Section("The whole command beside another checkout", rows, rounds)


def _base() -> Path | None:
    """The tree of --base, which is taken out of the command line."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--base", type=Path)
    given, sys.argv[1:] = parser.parse_known_args()
    base: Path | None = given.base
    return base


if __name__ == "__main__":
    tree = _base()
    measured = measure if tree is None else partial(measure_with_base, base=tree.resolve())
    sys.exit(as_script(__doc__, lambda: [measured]))
