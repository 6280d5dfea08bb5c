"""A thousand seeds of XOR at once, compared with JAX's vmap and scan and one seed in PyTorch."""

import tempfile
from pathlib import Path

from experiments.benchmarks.parts.contest import Entry, check_equal_work, contest, remarks
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.rows import Section, beside
from experiments.benchmarks.parts.setting import Setting
from experiments.benchmarks.peers.turns import at_work

ROUNDS = 7
PEERS = {"PyTorch": ("PyTorch, one seed", 150), "JAX": ("JAX, vmap and scan", 1 / 4)}
"""What the table calls them, and how many times our step theirs must cost."""


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    seeds, steps = (10, 5) if setting.quick else (1000, 500)
    peers = [setting.peers()[name] for name in ("lifted replicas", "JAX", "PyTorch")]
    with tempfile.TemporaryDirectory() as folder, at_work(peers) as working:
        many, one = Path(folder, "many.json"), Path(folder, "one.json")
        task([2, 8, 1], 4, seeds, steps).save(many)
        task([2, 8, 1], 4).save(one)
        entries = [
            Entry(process, many, 1, seeds * steps)
            for name, process in working.items()
            if name != "PyTorch"
        ]
        apart = check_equal_work(entries)
        if "PyTorch" in working:
            entries.append(Entry(working["PyTorch"], one, steps))
        timed = contest(entries, rounds)
    mine = timed["lifted replicas"].microseconds
    rows = []
    for name, (peer, at_least) in PEERS.items():
        theirs = timed[name].microseconds if name in timed else None
        what = f"XOR, {seeds:,} seeds, a model's step"
        rows.append(beside(what, "us", mine, peer, theirs, at_least))
    notes = remarks(apart, timed.values())
    return Section("Many seeds at once", rows, rounds, remarks=notes)
