"""Our side of a turn: peers are separate processes, which train on request."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from experiments.benchmarks.peers.served import Turn

ROOT = Path(__file__).resolve().parents[3]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB")}


@dataclass(frozen=True)
class Peer:
    """Its script beside this file, the interpreter that runs it, the packages that it needs, and
    the checkout of minigrad whose script it is.
    """

    name: str
    script: str
    python: str = sys.executable
    packages: tuple[str, ...] = ()
    tree: Path = ROOT

    @property
    def path(self) -> Path:
        return Path(__file__).with_name(f"{self.script}.py")

    @property
    def missing(self) -> list[str]:
        """The packages that its interpreter has not."""
        return [package for package in self.packages if version(self.python, package) is None]


@cache
def version(python: str, package: str) -> str | None:
    """Of a package as that interpreter finds it; None where it is absent."""
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    answer = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return None if answer.returncode else answer.stdout.strip()


@cache
def python_version(python: str) -> str:
    ask = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True).stdout.strip()


class Process:
    """A peer at work."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [peer.python, "-m", f"experiments.benchmarks.peers.{peer.script}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=peer.tree,
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,  # Ctrl-C is for this side, which then closes the pipe
        )

    def turn(self, task: Path, steps: int) -> Turn:
        """So many steps, from the task's weights on."""
        assert self._process.stdin
        with suppress(BrokenPipeError):  # _answer says so
            print(json.dumps([str(task), steps]), file=self._process.stdin, flush=True)
        return Turn(**self._answer())

    def close(self) -> None:
        self._process.communicate()  # which closes its input: it takes no more turns

    def _answer(self) -> Any:
        assert self._process.stdout
        if line := self._process.stdout.readline():
            return json.loads(line)
        sys.exit(f"{self.peer.name} has stopped with exit code {self._process.wait()}")


@contextmanager
def at_work(peers: Sequence[Peer]) -> Iterator[dict[str, Process]]:
    """The peers that are here, by name."""
    with ExitStack() as stack:
        processes = {peer.name: Process(peer) for peer in peers if not peer.missing}
        for process in processes.values():
            stack.callback(process.close)
        yield processes
