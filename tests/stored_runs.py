"""Runs on the disk, read and changed, for tests of every command."""

import json
from pathlib import Path
from typing import Any

from minigrad.tracking import checkpoint


def the_run(store: Path) -> Path:
    """The only run of a store."""
    (run,) = [path for path in store.iterdir() if not path.name.startswith((".", "latest"))]
    return run


def newest(store: Path) -> Path:
    return (store / "latest").resolve()


def facts(run: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return loaded


def change_facts(run: Path, **changed: Any) -> None:
    (run / "run.json").write_text(json.dumps(facts(run) | changed))


def metrics(run: Path) -> list[dict[str, Any]]:
    """All logged lines but a torn last one, without the time, which is never the same."""
    whole = (run / "metrics.jsonl").read_bytes().rpartition(b"\n")[0].splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "time"} for line in whole]


def final_state(run: Path) -> dict[str, Any]:
    state = checkpoint.read(run / checkpoint.NAME)
    del state["seconds"]
    return state
