"""A run being written: a directory of plain files, whole at every moment."""

import json
import math
import os
import re
import secrets
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from minigrad.tracking import environment

Status: TypeAlias = Literal["running", "finished", "failed", "diverged", "interrupted"]

_SUFFIX_ALPHABET = "0123456789abcdefghijkmnpqrstuvwxyz"  # no l, which reads as 1


class Run:
    """A new directory below `store`, named by UTC time, the run's name and a random suffix.

        run.json        what ran, where, when, its status and its summary
        config.yaml     the config as it ran
        metrics.jsonl   one JSON object a logged step

    Use it in a `with` block: what leaves the block by an exception is marked as failed.
    Raises OSError where the store cannot be written.
    """

    def __init__(self, store: str | Path, name: str, config: str, **facts: Any) -> None:
        self.path = _make_directory(Path(store), name)
        self.facts: dict[str, Any] = {
            "id": self.path.name,
            "name": name,
            "status": "running",
            "argv": sys.argv,
            "started": _now(),
            "ended": None,
            **facts,
            **environment.describe(),
            "summary": {},
            "error": None,
        }
        (self.path / "config.yaml").write_text(config, encoding="utf-8")
        self._write_facts()
        self._metrics = (self.path / "metrics.jsonl").open("a", encoding="utf-8")
        _point_latest(self.path)

    def log(self, metrics: Mapping[str, float | None], step: int) -> None:
        """Append one line, flushed: it outlives the process however that ends.

        nan and infinities are written as the texts "nan", "inf" and "-inf", for JSON has no
        such numbers; None is left out.
        """
        line = {"step": step, **{k: _plain(v) for k, v in metrics.items() if v is not None}}
        self._metrics.write(json.dumps(line, allow_nan=False) + "\n")
        self._metrics.flush()

    def finish(self, status: Status, error: str | None = None, **facts: Any) -> None:
        """Close the run with its last status and whatever else is to stand in run.json."""
        self._metrics.close()
        self.facts |= {"status": status, "ended": _now(), "error": error, **facts}
        self._write_facts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.facts["status"] == "running":
            self.finish("failed" if error else "finished", error=repr(error) if error else None)

    def _write_facts(self) -> None:
        _replace(self.path / "run.json", json.dumps(self.facts, indent=2, default=str) + "\n")


def _make_directory(store: Path, name: str) -> Path:
    store.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "run"
    while True:
        suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(4))
        path = store / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{slug}-{suffix}"
        try:
            path.mkdir()  # fails where it exists: no run is ever written into another
        except FileExistsError:
            continue
        return path


def _point_latest(path: Path) -> None:
    link = path.parent / f".latest-{path.name}"
    try:
        link.symlink_to(path.name, target_is_directory=True)
        link.replace(path.parent / "latest")
    except OSError:  # a file system without links: the run does not depend on it
        link.unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    """Write the whole file or leave the old one: never half of it."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _plain(number: float) -> float | str:
    return number if math.isfinite(number) else str(float(number))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
