"""What does the native machine cost a step, beside JAX's scan?

    pip install jax
    python experiments/benchmarks/native.py [--jax-python PYTHON] [--turns N]

Both train the same networks from the same weights on the same points, in float64 on one thread,
many steps in one call; losses are compared to 1e-9 first. They take turns, as processes of their
own. Prints the least and the median processor time of a model's step in microseconds.

--jax-python names an interpreter that has jax, if this one has not.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.contest import Entry, check_equal_work, contest
from experiments.benchmarks.parts.problems import task
from experiments.benchmarks.peers.turns import Peer, at_work

PROBLEMS = [  # sizes, samples, seeds, steps of a call
    ([2, 8, 1], 4, 1, 20_000),
    ([2, 16, 1], 20, 1, 5000),
    ([2, 16, 16, 1], 100, 1, 500),
    ([2, 64, 64, 1], 1000, 1, 10),
    ([2, 8, 1], 4, 1000, 50),
]


def shown(microseconds: Sequence[float]) -> str:
    return f"{min(microseconds):.3f} ({statistics.median(microseconds):.3f})"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jax-python", default=sys.executable)
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args(arguments)
    peers = [
        Peer("native", "native_steps"),
        Peer("JAX, scan", "jax_jit", options.jax_python, ("jax",)),
    ]
    with tempfile.TemporaryDirectory() as folder, at_work(peers) as working:
        for number, (sizes, samples, seeds, steps) in enumerate(PROBLEMS):
            path = Path(folder, f"{number}.json")
            task(sizes, samples, seeds, steps).save(path)
            entries = [Entry(process, path, 1, seeds * steps) for process in working.values()]
            check_equal_work(entries)
            timed = contest(entries, options.turns)
            texts = [f"{name} {shown(times.microseconds)}" for name, times in timed.items()]
            what = f"{'-'.join(map(str, sizes))} x {samples}, {seeds:,} seed{'s' * (seeds > 1)}"
            print(f"{what:28} {'   '.join(texts)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
