"""What does lifting buy, beside eager Values, micrograd, PyTorch and JAX?

    pip install torch micrograd==0.1.0 jax
    python experiments/benchmarks/lifted.py [--torch-python PYTHON] [--jax-python PYTHON]
                                            [--json FILE]

Each engine trains the same networks from the same weights on the same points with the same loss, in
float64 on one thread: forward, backward and SGD's update of a full batch. Each is a process of its
own, and they take turns. A turn begins at the starting weights, and all losses are compared to
1e-9, so that the work is known to be equal. Prints medians, and medians of the ratios within a
round. Then: a thousand seeds at once, a head of attention, how long lifting takes, how the cost
grows with the work, and the whole command.

--torch-python names an interpreter that has torch and micrograd, --jax-python one that has jax, if
this one has not. But for the whole command, times are the processor's: what else runs on the
machine then counts for nobody. Exit codes: 0 all bounds hold, 1 one is missed.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # else a script's own folder alone

from experiments.benchmarks.parts.sections import Section
from experiments.benchmarks.peers.turns import ONE_THREAD, Peer, Process, at_work

os.environ |= ONE_THREAD  # before numpy is loaded


def peers(torch_python: str, jax_python: str) -> dict[str, Peer]:
    found = [
        Peer("lifted", "lifted"),
        Peer("lifted replicas", "lifted_replicas"),
        Peer("eager", "eager"),
        Peer("micrograd", "micrograd_values", torch_python, "micrograd"),
        Peer("PyTorch", "torch_eager", torch_python, "torch"),
        Peer("JAX jit", "jax_jit", jax_python, "jax"),
    ]
    return {peer.name: peer for peer in found}


def sections(working: Mapping[str, Process], torch: Peer) -> Iterator[Section]:
    """Each measurement as it is made."""
    from experiments.benchmarks.parts import attention, command, growth, lifting, replicas, steps

    with tempfile.TemporaryDirectory() as folder:
        yield steps.measure(working, Path(folder))
        yield replicas.measure(working, Path(folder))
    yield attention.measure()
    yield lifting.measure()
    yield growth.measure()
    yield command.measure(torch)


def surroundings(working: Mapping[str, Process]) -> dict[str, Any]:
    """What figures depend on besides the code."""
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "threads": 1,
        "versions": {name: process.version for name, process in working.items()},
    }


def report(made: Sequence[Section], around: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was found, ready for JSON."""
    bounds = [bound for section in made for bound in section.bounds]
    return {
        **around,
        "load": os.getloadavg(),
        "sections": {section.title: section.figures() for section in made},
        "bounds": [{**asdict(bound), "verdict": bound.verdict} for bound in bounds],
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for peer in ("torch", "jax"):
        parser.add_argument(f"--{peer}-python", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there too")
    found = parser.parse_args()
    for python in (found.torch_python, found.jax_python):
        if shutil.which(python) is None:
            parser.error(f"there is no interpreter {python}")
    return found


def main() -> int:
    given = arguments()
    known = peers(given.torch_python, given.jax_python)
    with at_work(list(known.values())) as working:
        around = surroundings(working)
        versions = ", ".join(dict.fromkeys(around["versions"].values()))
        print(f"{around['cores']} cores, {around['machine']}; {versions}; one thread each")
        for name in [name for name in known if name not in working]:
            print(f"{name} is absent: {known[name].python} has no {known[name].package}")
        made = []
        for section in sections(working, known["PyTorch"]):
            print(f"\n{section}", flush=True)
            made.append(section)
    bounds = [bound for section in made for bound in section.bounds]
    print("\nBounds", *bounds, sep="\n")
    if given.json:
        given.json.write_text(json.dumps(report(made, around), indent=1) + "\n", encoding="utf-8")
    return int(any(bound.is_missed for bound in bounds))


if __name__ == "__main__":
    sys.exit(main())
