"""Stores written by hand, as runs leave them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from minigrad.files import yaml12
from minigrad.tracking.facts import RunFacts
from minigrad.tracking.reading import Log
from minigrad.tracking.store import StoredRun

CONFIG: dict[str, Any] = {
    "name": "xor",
    "seed": 0,
    "model": {"hidden": [8]},
    "optimizer": {"name": "sgd", "lr": 0.5},
    "train": {"steps": 3},
}


def facts(identity: str, **changed: Any) -> dict[str, Any]:
    """run.json of a finished run."""
    return {
        "id": identity,
        "name": "xor",
        "status": "finished",
        "argv": ["train.py"],
        "started": "2026-11-22T20:15:00.000+00:00",
        "ended": "2026-11-22T20:15:01.000+00:00",
        "tags": [],
        "group": None,
        "seed": 0,
        "python": "3.11.7",
        "platform": "Linux",
        "host": "here",
        "packages": {"numpy": "2.0.0"},
        "git": {"commit": "a" * 40, "dirty": False},
        "pid": 2**22 + 1,
        "pid_start": 1,
        "summary": {"initial_loss": 0.7, "final_loss": 0.1, "steps": 3, "seconds": 0.01},
        "expectations": [],
        "error": None,
        **changed,
    }


def config(**changed: Any) -> dict[str, Any]:
    """CONFIG with other sections."""
    return {**CONFIG, **changed}


def write(
    store: Path,
    identity: str,
    settings: dict[str, Any] | None = None,
    losses: list[Any] | None = None,
    **changed: Any,
) -> Path:
    """A whole run; `changed` is recorded in run.json."""
    path = store / identity
    path.mkdir(parents=True)
    started = datetime.strptime(identity[:16], "%Y%m%dT%H%M%S%z")
    run_json = facts(identity, **{"started": started.isoformat(timespec="milliseconds"), **changed})
    (path / "run.json").write_text(json.dumps(run_json))
    (path / "config.yaml").write_text(yaml12.dump(CONFIG if settings is None else settings))
    lines = [
        json.dumps({"step": step, "loss": loss, "lr": 0.5, "time": step / 7})
        for step, loss in enumerate([0.7, 0.3, 0.1] if losses is None else losses)
    ]
    (path / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return path


def stored(
    run_json: dict[str, Any], settings: dict[str, Any], rows: list[dict[str, Any]]
) -> StoredRun:
    """A run as `load` gives it, of files that were never written."""
    status = run_json.get("status", "damaged")
    facts, _ = RunFacts.from_data(run_json)
    run = StoredRun(Path(run_json.get("id", "run")), run_json, facts, status=status)
    vars(run).update(config=settings, log=Log(rows, []))  # as if they had been read
    return run
