"""Sweeps: many configs, each trained, on the cores of this machine or on a cluster.

`python -m minigrad.sweep` trains a grid of them and ranks it; `run` trains any, from Python.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from typing import Any

from minigrad.config import Config
from minigrad.sweep.dispatch import Lost, results
from minigrad.sweep.member import Member, Result
from minigrad.sweep.pool import Workers, usable_cores
from minigrad.terminal.markup import html_table
from minigrad.terminal.text import counted
from minigrad.tracking.compare import differing
from minigrad.tracking.store import flatten

__all__ = ["Lost", "Member", "Result", "Results", "run"]


class Results(list[Result]):
    """The results of configs, in their order; a notebook shows them as a table."""

    def __init__(self, results: Iterable[Result], configs: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(results)
        self._configs = [flatten(config) for config in configs]

    def _repr_html_(self) -> str:
        varied = differing(self._configs)
        header = [*varied, "status", "final_loss", "error"]
        rows = [
            [
                *(config.get(key) for key in varied),
                result.status,
                result.summary.get("final_loss"),
                result.facts.error,
            ]
            for config, result in zip(self._configs, self, strict=True)
        ]
        return html_table(header, rows, counted(len(self), "run"))


def run(configs: Iterable[Config], executor: Executor | None = None) -> Results:
    """Train the configs and return their results in the same order; nothing is written to disk.

    `executor` is any executor in the sense of concurrent.futures, and stays open; without one, each
    core of this machine has a process (so a script needs its `if __name__ == "__main__":`). A
    config that fails or diverges has a result that says so.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from minigrad import config
    >>> rates = [config.load("configs/xor.yaml", [f"optimizer.lr={lr}"]) for lr in (0.01, 1.0)]
    >>> with ThreadPoolExecutor(1) as executor:
    ...     slow, fast = run(rates, executor)
    >>> slow.status, slow.summary["final_loss"] > 0.1 > fast.summary["final_loss"]
    ('finished', True)

    Raises Lost where the executor drops its work, as a cluster that goes down.
    """
    data = [config.model_dump(exclude_none=True) for config in configs]
    with ExitStack() as stack:
        workers = executor or stack.enter_context(Workers(usable_cores()))
        by_index = dict(results(range(len(data)), data.__getitem__, workers))
    return Results((by_index[index] for index in range(len(data))), data)
