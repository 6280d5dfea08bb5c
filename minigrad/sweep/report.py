"""A sweep's answer as lines of text, as CSV and as plain data."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minigrad.files.whole import replace
from minigrad.sweep.ranking import Standing
from minigrad.sweep.store import Record
from minigrad.terminal.table import table
from minigrad.terminal.text import excerpt
from minigrad.tracking.store import command

_ROWS = 20
_REASONS = 5
_NUMBERS = ("median", "q1", "q3")
_COUNTS = ("met", "members", "diverged", "failed")


def lines(record: Record, standings: Sequence[Standing], seconds: float) -> Iterator[str]:
    """What to print: how it went, the table's top, why members failed, where the best runs are."""
    plan = record.plan
    seeds = f" x {len(plan.seeds)} seeds" if plan.seeds else ""
    took = f" in {seconds:.1f} s" if seconds >= 0.05 else ""
    yield f"{len(plan.cells):,} cells{seeds}{took}: {_counted(record)}"
    if not standings:
        return
    yield from ["", _table(standings), ""]
    if len(standings) > _ROWS:
        yield f"and {len(standings) - _ROWS:,} more in sweep.csv"
    troubled = [one for one in standings if one.why]
    for one in troubled[:_REASONS]:
        yield f"{_name(record, one)}: {_troubles(one)}, {excerpt(str(one.why), limit=200)}"
    if len(troubled) > _REASONS:
        yield f"and {len(troubled) - _REASONS:,} more cells with such members: why, says sweep.csv"
    best = standings[0]
    more = f" and {len(best.runs) - 1:,} more" if len(best.runs) > 1 else ""
    yield f"best   {_name(record, best)}: {record.store / best.runs[0]}{more}"
    yield f"runs   {command('list', record.store, '--filter', f'group={record.id}')}"


def write_csv(record: Record, standings: Sequence[Standing]) -> Path:
    """Write the whole ranking to sweep.csv and give its path. Raises OSError."""
    keys = list(record.plan.cells[0].values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["rank", *keys, *_NUMBERS, *_COUNTS, "why"])
    for one in standings:
        numbers = [getattr(one, name) for name in (*_NUMBERS, *_COUNTS)]
        writer.writerow([one.rank, *map(_text, one.values.values()), *numbers, one.why])
    path = record.path / "sweep.csv"
    replace(path, out.getvalue().encode())
    return path


def data(record: Record, standings: Sequence[Standing]) -> dict[str, Any]:
    """What `--json` prints."""
    statuses = Counter(one.member.status for one in record.ended)
    return {
        "sweep": record.id,
        "path": str(record.path),
        "status": record.facts["status"],
        "members": record.plan.members,
        **{status: statuses[status] for status in ("finished", "diverged", "failed")},
        "cells": [asdict(one) for one in standings],
    }


def _table(standings: Sequence[Standing]) -> str:
    """The top of the ranking; columns that say the same of all cells are left out."""
    names = [*_NUMBERS]
    names += ["met"] if any(one.met is not None for one in standings) else []
    names += ["members"] if len({one.members for one in standings}) > 1 else []
    names += [name for name in ("diverged", "failed") if any(getattr(o, name) for o in standings)]
    keys = list(standings[0].values)
    rows = [
        [*one.values.values(), *(getattr(one, name) for name in names)] for one in standings[:_ROWS]
    ]
    return table([*keys, *names], rows)


def _counted(record: Record) -> str:
    counts = Counter(one.member.status for one in record.ended)
    return ", ".join(f"{counts[status]:,} {status}" for status in sorted(counts)) or "none ended"


def _troubles(one: Standing) -> str:
    return ", ".join(
        f"{count} {name}" for name in ("diverged", "failed") if (count := getattr(one, name))
    )


def _name(record: Record, one: Standing) -> str:
    return record.plan.cells[one.cell].name or "the cell"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
