"""How do time and memory grow with the depth of a graph?

    python experiments/benchmarks/graph_depth.py

Builds chains of 1,000 to 1,000,000 operations, each on the result of the one before, goes backward
through them and releases them. The garbage collector is at Python's default settings but paused
around the graph, as minigrad/engines/eager.py does; the last column is the forward pass with the
collector on, as in a loop of your own. Each run is a fresh process, so that no chain finds memory
that another has left warm, and its gradient is checked. Prints medians of 3 runs, all for one
operation with the constants it brings along, and how much they grow from the shortest chain to the
longest. Bytes are counted before backward() and after it. Needs Linux, for the bytes.

A factor near 1 says that depth is free. Most of what backward and release grow by is waiting for
memory, once a graph exceeds the processor's caches: a thousand chains of 1,000 do as well.
"""

import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.command_line import as_script
from experiments.benchmarks.parts.rows import Row, Section, beside
from experiments.benchmarks.parts.setting import Setting
from minigrad import Value

QUESTION = "The depth of a graph"
LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 3
FIGURES = ("forward us", "backward us", "release us", "bytes", "with grads", "collector on us")
MEMORY = Path("/proc/self/smaps_rollup")
Chain = Callable[[Value, int], Value]


def additions(x: Value, length: int) -> Value:
    node = x
    for _ in range(length):
        node = node + x
    return node


def mixed(x: Value, length: int) -> Value:
    # Ten operations that lead back to where they started: the values stay bounded at any length,
    # and the slope of the whole chain is 1.
    node = x
    for _ in range(length // 10):
        node = (2 / (1 - node.tanh()) - 1).log() * 0.5
        node = (node + 1).exp().log() - 1
    return node


CHAINS: dict[str, tuple[Chain, Callable[[int], float]]] = {
    "additions": (additions, lambda length: length + 1),
    "mixed": (mixed, lambda _: 1),
}


def resident_bytes() -> int:
    # What the system has handed out is what a reader runs out of: tracemalloc would slow the chain
    # many times over, and a sum of sys.getsizeof leaves out what the allocator rounds up. This file
    # is exact, where statm may lag by 64 pages, about half of the shortest chain.
    lines = MEMORY.read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Rss:"))


@contextmanager
def added(times: list[float]) -> Iterator[None]:
    start = time.process_time()
    yield
    times.append(time.process_time() - start)


def run(name: str, length: int, collector: str) -> list[float]:
    """One chain in this process: us forward, backward, release; bytes before backward and after."""
    chain, slope = CHAINS[name]
    # Another chain, kept alive, warms the code and takes what is free in the allocator's pools, so
    # that short chains need fresh memory for every node, as long ones do.
    warm = chain(Value(0.5), 1_000)
    warm.backward()
    x = Value(0.5)
    times: list[float] = []
    gc.collect()  # else the collector's turn comes sooner or later by what the imports left
    if collector == "paused":
        gc.disable()
    resident = [resident_bytes()]
    with added(times):
        root = chain(x, length)
    resident.append(resident_bytes())
    with added(times):
        root.backward()
    resident.append(resident_bytes())
    with added(times):
        del root
    if abs(x.grad - slope(length)) > 1e-8 * slope(length):
        sys.exit(f"a wrong gradient: {x.grad!r} instead of {slope(length)}")
    return [*(1e6 * t / length for t in times), *((r - resident[0]) / length for r in resident[1:])]


def fresh_run(name: str, length: int, collector: str) -> list[float]:
    command = [sys.executable, __file__, name, str(length), collector]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(figure) for figure in json.loads(answer)]


def figures(name: str, length: int) -> list[float]:
    """One round: the six FIGURES of a chain."""
    return [*fresh_run(name, length, "paused"), fresh_run(name, length, "on")[0]]


def measure(setting: Setting) -> Section:
    rounds = setting.rounds(ROUNDS)
    lengths = LENGTHS[: 2 if setting.quick else None]
    if not MEMORY.exists():
        remark = f"left out: {MEMORY} is absent, this benchmark needs Linux"
        return Section(QUESTION, [], rounds, remarks=[remark])
    rows, detail = [], []
    for name in CHAINS:
        by_length = {n: [figures(name, n) for _ in range(rounds)] for n in lengths}
        rows += _rows(name, lengths[0], lengths[-1], by_length)
        for length, runs in by_length.items():
            medians = map(statistics.median, zip(*runs, strict=True))
            line = dict(zip(FIGURES, medians, strict=True))
            detail.append({"chain": name, "length": length, **line})
    return Section(
        QUESTION, rows, rounds, remarks=["all for one operation, gradients included"], detail=detail
    )


def _rows(name: str, short: int, long: int, by_length: dict[int, list[list[float]]]) -> list[Row]:
    def row(what: str, unit: str, figure: Callable[[list[float]], float]) -> Row:
        mine, theirs = ([figure(run) for run in by_length[length]] for length in (long, short))
        return beside(f"{long:,} {name}: {what}", unit, mine, f"{short:,} {name}", theirs)

    return [
        row("time in all", "us", lambda run: sum(run[:3])),
        row("memory", "bytes", lambda run: run[4]),
        row("forward, collector on", "us", lambda run: run[5]),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in CHAINS:
        print(json.dumps(run(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    else:
        sys.exit(as_script(__doc__, lambda: [measure]))
