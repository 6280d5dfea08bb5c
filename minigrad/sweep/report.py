"""The ranking of a sweep as lines of text, as CSV and as plain data."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigrad.files.whole import replace
from minigrad.sweep.plan import SweepPlan
from minigrad.sweep.ranking import Standing, default_mode
from minigrad.sweep.store import SweepStore
from minigrad.terminal.table import format_table
from minigrad.terminal.text import counted, excerpt
from minigrad.tracking.store import command

if TYPE_CHECKING:
    from minigrad.sweep.importance import Importance

_ROWS = 20
_REASONS = 5
_SHARES = 8
_LEAST_SHARE = 0.005
_NUMBERS = ("median", "q1", "q3")
_COUNTS = ("met", "members", "diverged", "failed")


def lines(
    sweep: SweepStore,
    standings: Sequence[Standing],
    mattered: "Importance | None",
    seconds: float,
) -> Iterator[str]:
    """The lines to print: counts, the top of the table, causes of failure, where the runs are, and
    which settings mattered.
    """
    plan = sweep.plan
    seeds = f" x {counted(len(plan.seeds), 'seed')}" if plan.seeds else ""
    duration = f" in {seconds:.1f} s" if seconds >= 0.05 else ""
    by = f", ranked by {_metric(plan)}" if _metric(plan) != "final_loss" else ""
    yield f"{counted(len(plan.cells), 'cell')}{seeds}{duration}{by}: {_statuses(sweep)}"
    if not standings:
        return
    yield from ["", _table(standings), ""]
    if len(standings) > _ROWS:
        yield f"and {len(standings) - _ROWS:,} more in sweep.csv"
    troubled = [one for one in standings if one.why]
    for one in troubled[:_REASONS]:
        yield f"{_name(sweep, one)}: {_troubles(one)}, {excerpt(str(one.why), limit=200)}"
    if len(troubled) > _REASONS:
        more = counted(len(troubled) - _REASONS, "more cell")
        yield f"and {more} with such members: reasons in sweep.csv"
    best = standings[0]
    more = f" and {len(best.runs) - 1:,} more" if len(best.runs) > 1 else ""
    yield f"best   {_name(sweep, best)}: {sweep.store / best.runs[0]}{more}"
    yield f"runs   {command('list', sweep.store, '--filter', f'group={sweep.id}')}"
    if mattered:
        yield ""
        yield from _importance_lines(mattered)


def write_csv(sweep: SweepStore, standings: Sequence[Standing]) -> Path:
    """Write the whole ranking to sweep.csv and return its path. Raises OSError."""
    path = sweep.path / "sweep.csv"
    replace(path, csv_text(sweep.plan, standings).encode())
    return path


def csv_text(plan: SweepPlan, standings: Sequence[Standing]) -> str:
    """The whole ranking as CSV."""
    keys = list(plan.cells[0].values)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    others = _other_names(standings)
    writer.writerow(["rank", *keys, *_NUMBERS, *others, *_COUNTS, "why"])
    for one in standings:
        texts = map(_text, one.values.values())
        writer.writerow([one.rank, *texts, *_figures(one, others, _COUNTS), one.why])
    return out.getvalue()


def data(
    sweep: SweepStore, standings: Sequence[Standing], mattered: "Importance | None"
) -> dict[str, Any]:
    """The data that `--json` prints."""
    statuses = Counter(one.member.status for one in sweep.ended)
    return {
        "sweep": sweep.id,
        "path": str(sweep.path),
        "status": sweep.facts["status"],
        "members": sweep.plan.members,
        "metric": sweep.plan.metric,
        "mode": sweep.plan.mode,
        "importance": asdict(mattered) if mattered else None,
        **{status: statuses[status] for status in ("finished", "diverged", "failed")},
        "cells": [asdict(one) for one in standings],
    }


def _table(standings: Sequence[Standing]) -> str:
    """The top of the ranking, without counts that are the same for all cells."""
    others = _other_names(standings)
    names = ["met"] if any(one.met is not None for one in standings) else []
    names += ["members"] if len({one.members for one in standings}) > 1 else []
    names += [name for name in ("diverged", "failed") if any(getattr(o, name) for o in standings)]
    keys = list(standings[0].values)
    rows = [[*one.values.values(), *_figures(one, others, names)] for one in standings[:_ROWS]]
    return format_table([*keys, *_NUMBERS, *others, *names], rows)


def _figures(one: Standing, others: Sequence[str], counts: Sequence[str]) -> list[Any]:
    """The row of a cell behind its values: quartiles, other medians, and what is counted."""
    quartiles, of_members = ([getattr(one, n) for n in names] for names in (_NUMBERS, counts))
    return [*quartiles, *(one.others.get(name) for name in others), *of_members]


def _importance_lines(mattered: "Importance") -> Iterator[str]:
    """The largest shares as a table, and what they are shares of."""
    largest = [one for one in mattered.shares if one.share >= _LEAST_SHARE][:_SHARES]
    rows = [[" x ".join(one.keys), f"{100 * one.share:.0f} %"] for one in largest]
    if mattered.rest >= _LEAST_SHARE:
        rows.append(["three or more together", f"{100 * mattered.rest:.0f} %"])
    yield f"which settings mattered: shares of the variance of {mattered.of}{doubts(mattered)}"
    yield from ["", format_table(["setting", "share"], rows), ""]


def doubts(mattered: "Importance") -> str:
    """What to know of shares that are not exact, as a sentence's end."""
    parts = []
    if mattered.fit is not None:
        parts.append(f"by a fit that explains {100 * mattered.fit:.0f} % of cells left out")
    if mattered.lost:
        parts.append(f"{counted(mattered.lost, 'lost cell')} as bad as the worst other")
    return f" ({'; '.join(parts)})" if parts else ""


def _metric(plan: SweepPlan) -> str:
    usual = plan.mode == default_mode(plan.metric)
    return plan.metric if usual else f"{plan.metric}, {plan.mode}"


def _other_names(standings: Sequence[Standing]) -> list[str]:
    """The names of medians that some cell has beside the one that ranks."""
    return list(dict.fromkeys(name for one in standings for name in one.others))


def _statuses(sweep: SweepStore) -> str:
    counts = Counter(one.member.status for one in sweep.ended)
    return ", ".join(f"{counts[status]:,} {status}" for status in sorted(counts)) or "none ended"


def _troubles(one: Standing) -> str:
    return ", ".join(
        f"{count} {name}" for name in ("diverged", "failed") if (count := getattr(one, name))
    )


def _name(sweep: SweepStore, one: Standing) -> str:
    return sweep.plan.cells[one.cell].name or "the cell"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
