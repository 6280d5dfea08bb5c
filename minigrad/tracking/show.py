"""All facts of one run, section by section."""

import os
from typing import Any

from minigrad.tracking import layout
from minigrad.tracking.check import check_soundness, read_test
from minigrad.tracking.compare import config_of
from minigrad.tracking.store import StoredRun, StoreError, flatten

_SECTIONS_OF_THEIR_OWN = ("id", "name", "status", "summary", "expectations")


def run_sections(run: StoredRun) -> dict[str, Any]:
    """Sections by title; one without content is empty."""
    facts = {key: v for key, v in run.run_json.items() if key not in _SECTIONS_OF_THEIR_OWN}
    head = {"id": run.id, "name": run.name, "status": run.status, "path": str(run.path)}
    if run.doubt:
        head["status"] = run.doubt
    return {
        "run": {**head, **flatten(facts)},
        "results": run.summary,
        "test": _test(run),
        "expectations": _expectations(run),
        "config": config_of(run),
        "files": _files(run),
        "last metrics": _last(run),
        "damage": check_soundness(run).damage,
    }


def _expectations(run: StoredRun) -> list[Any]:
    """The verdicts' sentences; a verdict without one as it is."""
    verdicts = run.facts.expectations or []
    return [one.get("sentence", one) if isinstance(one, dict) else one for one in verdicts]


def _test(run: StoredRun) -> dict[str, Any]:
    """What test.json holds, a line a class of the confusion; what is wrong with it is damage."""
    try:
        test = read_test(run) if os.path.lexists(run.path / layout.TEST) else {}
    except StoreError:
        return {}
    rows = zip(test.pop("classes", []), test.pop("confusion", []), strict=True)
    confusion = {f"{name} taken for each class": row for name, row in rows}
    return flatten(test) | confusion


def _files(run: StoredRun) -> dict[str, int]:
    """Names and sizes in bytes."""
    try:
        entries = sorted(os.scandir(run.path), key=lambda entry: entry.name)
    except OSError:  # it is no directory, as its damage says
        return {}
    return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}


def _last(run: StoredRun) -> dict[str, float]:
    try:
        rows = run.metrics()
    except StoreError:
        return {}
    return rows[-1] if rows else {}
