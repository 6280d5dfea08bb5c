"""The near side of a turn: peers as processes of their own, which train when they are told to."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.benchmarks.peers.served import Turn

ROOT = Path(__file__).resolve().parents[3]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB")}


@dataclass(frozen=True)
class Peer:
    """Its script beside this file, the interpreter that runs it, and the package that it needs."""

    name: str
    script: str
    python: str = sys.executable
    package: str | None = None

    def is_here(self) -> bool:
        if self.package is None:
            return True
        find = f"import importlib.util as u, sys; sys.exit(not u.find_spec({self.package!r}))"
        return subprocess.run([self.python, "-c", find]).returncode == 0


class Process:
    """A peer at work; `version` says what it is made of."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            [peer.python, "-m", f"experiments.benchmarks.peers.{peer.script}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,  # Ctrl-C is for this side, which then closes the pipe
        )
        self.version: str = self._answer()

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
        found = {peer.name: Process(peer) for peer in peers if peer.is_here()}
        for process in found.values():
            stack.callback(process.close)
        yield found
