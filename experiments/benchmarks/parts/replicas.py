"""A thousand seeds of XOR at once, beside JAX's vmap and scan, and PyTorch's step of one seed."""

from collections.abc import Mapping
from pathlib import Path

from experiments.benchmarks.parts.contest import Entry, check_equal_work, contest
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.parts.sections import Bound, Section
from experiments.benchmarks.peers.turns import Process

SEEDS = 1000
STEPS = 500
ROUNDS = 7


def measure(peers: Mapping[str, Process], folder: Path) -> Section:
    many, one = folder / "replicas.json", folder / "one.json"
    task([2, 8, 1], 4, SEEDS, STEPS).save(many)
    task([2, 8, 1], 4).save(one)
    entries = [
        Entry(peers[name], many, 1, SEEDS * STEPS)
        for name in ("lifted replicas", "JAX jit")
        if name in peers
    ]
    apart = check_equal_work(entries)
    if "PyTorch" in peers:
        entries.append(Entry(peers["PyTorch"], one, STEPS))
    timed = contest(entries, ROUNDS)
    lifted = timed["lifted replicas"]
    jax, torch = timed.get("JAX jit"), timed.get("PyTorch")
    dearer, slower = torch.times(lifted) if torch else None, lifted.times(jax) if jax else None
    bounds = [
        Bound(f"PyTorch / lifted, {SEEDS:,} seeds", dearer, 150),
        Bound(f"lifted / JAX, {SEEDS:,} seeds", slower, 4, at_most=True),
    ]
    names = {"JAX jit": "JAX, vmap and scan", "PyTorch": "PyTorch, one seed"}
    rows = [
        [names.get(each.name, each.name), each.microseconds, each.times(lifted), each.clock_share]
        for each in timed.values()
    ]
    header = ["engine", "us a model's step", "x lifted", "clock / processor"]
    remarks = [f"each seed's losses: at most {apart:.0e} apart"] if jax else []
    return Section(f"{SEEDS:,} seeds of XOR, {STEPS} steps", header, rows, bounds, remarks)
