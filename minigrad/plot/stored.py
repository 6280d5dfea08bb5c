"""Curves of stored runs."""

import math
from collections.abc import Sequence

from minigrad.plot.curves import Curve
from minigrad.registry import suggestion
from minigrad.tracking.compare import labels
from minigrad.tracking.store import StoredRun, StoreError


def curves(runs: Sequence[StoredRun], metrics: Sequence[str]) -> list[Curve]:
    """Each run's curve of each metric; a run that did not log one has none.

    Raises StoreError for a metric that no run has logged.
    """
    drawn: list[Curve] = []
    for metric in metrics:
        of_runs = [
            Curve(label, *run.series(metric), metric=metric)
            for label, run in zip(labels(runs), runs, strict=True)
        ]
        logged = [curve for curve in of_runs if curve.steps]
        if not logged:
            raise StoreError(_unknown(metric, runs))
        drawn += logged
    return drawn


def suit_log_axis(metrics: Sequence[str], curves: Sequence[Curve]) -> bool:
    """Whether these are losses or norms, which fall by powers of ten, and all are above 0."""
    fall = all("loss" in metric or "norm" in metric for metric in metrics)
    return fall and all(v > 0 for curve in curves for v in curve.values if math.isfinite(v))


def _unknown(metric: str, runs: Sequence[StoredRun]) -> str:
    known = {name for run in runs for row in run.metrics() for name in row} - {"step"}
    if not known:
        return f"nothing to draw: {', '.join(run.id for run in runs)} logged no metrics"
    return f"no such metric {metric!r}: {suggestion(metric, known)}"
