"""A store that is looked at again and again: what has not changed is not read again."""

import os
from collections import OrderedDict
from pathlib import Path

from minigrad.report.curves import RunCurves
from minigrad.sweep.store import StoredSweep, read_sweep
from minigrad.tracking import layout
from minigrad.tracking.names import SWEEPS, StoreError, ids
from minigrad.tracking.store import StoredRun, load, started

_CURVES = 64  # runs whose curves are held


class Watch:
    """The runs of a store and their curves, for one thread at a time.

    A run.json is read again where its file is another one than before; a run that should be
    running also where its process may have died.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self._runs: dict[str, tuple[tuple[int, ...], StoredRun]] = {}
        self._curves: OrderedDict[str, RunCurves] = OrderedDict()
        self._sweep: tuple[tuple[object, ...], StoredSweep] | None = None

    def runs(self) -> list[StoredRun]:
        """All runs, oldest first. Raises StoreError where the store cannot be read."""
        names = ids(self.store)
        for gone in self._runs.keys() - set(names):
            del self._runs[gone]
        runs = [self._run(name) for name in names]
        return sorted(runs, key=lambda run: (started(run), run.id))

    def run(self, identity: str) -> StoredRun | None:
        """The run with exactly this id; None if the store has none."""
        if identity not in ids(self.store):
            return None
        return self._run(identity)

    def curves(self, identity: str, seconds: float) -> tuple[RunCurves, bool]:
        """The run's curves, read on for at most about `seconds`; and whether there is more."""
        curves = self._curves.pop(identity, None) or RunCurves(self.store / identity)
        self._curves[identity] = curves
        if len(self._curves) > _CURVES:
            self._curves.popitem(last=False)
        return curves, curves.read_for(seconds)

    def sweeps(self) -> list[str]:
        """The ids of the sweeps, oldest first."""
        return ids(self.store / SWEEPS)

    def sweep(self, identity: str) -> StoredSweep:
        """The sweep with exactly this id, read again where its files have changed. Raises
        StoreError where the store has none, or a damaged one.
        """
        if identity not in self.sweeps():
            raise StoreError("the store has no such sweep")
        path = self.store / SWEEPS / identity
        signature = (identity, *map(_signature, sorted(path.glob("*.json*"))))
        if self._sweep is None or self._sweep[0] != signature:
            self._sweep = (signature, read_sweep(path))
        return self._sweep[1]

    def _run(self, name: str) -> StoredRun:
        path = self.store / name
        signature = _signature(path / layout.RUN)
        held = self._runs.get(name)
        if held is None or held[0] != signature or held[1].status in ("running", "damaged"):
            held = self._runs[name] = (signature, load(path))
        return held[1]


def _signature(path: Path) -> tuple[int, ...]:
    """What changes with every write of the file; empty where there is none."""
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns)
