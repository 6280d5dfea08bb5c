"""A report of a sweep: its ranking, how the loss depends on what was varied, and what mattered."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minigrad.page.html import Html, element
from minigrad.report.parts import section
from minigrad.report.report import Page, frame, to_document
from minigrad.report.tables import data_cell, framed, plain_table, shortened
from minigrad.sweep.importance import Importance, importance_of
from minigrad.sweep.ranking import Standing, rank
from minigrad.sweep.store import StoredSweep, read_sweep
from minigrad.terminal.table import cell, is_number
from minigrad.terminal.text import counted
from minigrad.tracking.names import LATEST, SWEEPS, ids, matches

_MOST_ROWS = 1000
_MOST_LINES = 300
_SHADES = 8
_WIDTH, _HEIGHT, _MARGIN = 1000, 300, 60  # of the parallel coordinates, in their own units


def sweep_named(store: str | Path, which: Sequence[str]) -> StoredSweep | None:
    """The sweep, if `which` names one and no run. Raises StoreError where it is damaged."""
    path = sweep_path(store, which)
    return read_sweep(path) if path else None


def sweep_path(store: str | Path, which: Sequence[str]) -> Path | None:
    """Where the sweep lies that `which` names, if it names one and no run."""
    if len(which) != 1 or which[0] == LATEST or matches(ids(store), which[0]):
        return None
    name = Path(which[0]).name if Path(which[0]).parent.name == SWEEPS else which[0]
    fitting = matches(ids(Path(store) / SWEEPS), name)
    return Path(store) / SWEEPS / fitting[0] if len(fitting) == 1 else None


def sweep_report(sweep: StoredSweep) -> str:
    """The HTML text of the report."""
    return to_document(sweep_page(sweep))


def sweep_page(sweep: StoredSweep, *, back: Html | None = None, asks: str | None = None) -> Page:
    """The page of the sweep. `back` is a link at its top, `asks` the address of its live state."""
    standings = rank(sweep.plan, sweep.ended)
    varied = varied_values(standings)
    title = f"Sweep {shortened(sweep.plan.name)}"
    subtitle = (
        f"{shortened(sweep.plan.config)}: {counted(len(sweep.plan.cells), 'cell')}, "
        f"{len(sweep.ended):,} of {counted(sweep.plan.members, 'member')} ended, {sweep.status}"
    )
    sections = [
        _table(standings, list(varied), sweep.plan.metric),
        _picture(standings, varied),
        _importance(importance_of(sweep.plan, standings)),
    ]
    return Page(title, frame(title, subtitle, sections, back, asks, grows="sweep"), {})


def varied_values(standings: Sequence[Standing]) -> dict[str, list[Any]]:
    """By key, the values that differ among the cells, numbers in their order."""
    varied: dict[str, list[Any]] = {}
    for key in standings[0].values if standings else []:
        values = list({repr(v): v for one in standings for v in [one.values[key]]}.values())
        if len(values) > 1:
            varied[key] = sorted(values, key=_order)
    return varied


def _order(value: Any) -> tuple[bool, float, str]:
    return (not is_number(value), float(value) if is_number(value) else 0.0, repr(value))


def _table(standings: Sequence[Standing], keys: Sequence[str], metric: str) -> Html:
    header = ["rank", *keys, "median", "quarter", "three quarters", "met", "members", "lost"]
    rows = [
        [
            element("td", str(one.rank), class_="number", data_value=one.rank),
            *(one.values[key] for key in keys),
            *(one.median, one.q1, one.q3, one.met, one.members, one.diverged + one.failed),
        ]
        for one in standings[:_MOST_ROWS]
    ]
    more = len(standings) - len(rows)
    rest = element("p", f"{more:,} more cells are in sweep.csv.", class_="hint") if more else None
    measure = f"{metric} over the seeds of a cell; lost members diverged or failed."
    hint = element("p", measure, class_="hint")
    whole = plain_table("Ranking of all cells", header, rows, sortable=True)
    return section("Ranking", hint, whole, rest, id_="results")


def _picture(standings: Sequence[Standing], varied: Mapping[str, list[Any]]) -> Html | None:
    if not varied:
        return None
    if len(varied) == 2 and all(len(values) <= 40 for values in varied.values()):
        return section("Heat map", _heat_map(standings, varied), id_="heat")
    return section(
        "All cells",
        element("p", "One line a cell, blue for the best.", class_="hint"),
        _parallel(standings, varied),
        id_="parallel",
    )


def _shades(standings: Sequence[Standing], shades: int) -> dict[int, int]:
    """By cell a shade from 0 for the best to `shades` - 1, by rank: losses span many powers."""
    last = max(1, len(standings) - 1)
    return {one.cell: (shades - 1) * place // last for place, one in enumerate(standings)}


def _heat_map(standings: Sequence[Standing], varied: Mapping[str, list[Any]]) -> Html:
    (down, rows), (across, columns) = varied.items()
    shades = _shades(standings, _SHADES)
    best: dict[tuple[str, str], Standing] = {}
    for one in standings:  # the best first, where several cells share both values
        best.setdefault((repr(one.values[down]), repr(one.values[across])), one)
    head = element(
        "tr",
        element("th", f"{down} \\ {across}", scope="col"),
        [element("th", cell(value), scope="col") for value in columns],
    )
    body = []
    for value in rows:
        cells = []
        for other in columns:
            held = best.get((repr(value), repr(other)))
            shade = f"h{shades[held.cell]}" if held else None
            cells.append(element("td", cell(held.median) if held else "", class_=shade))
        body.append(element("tr", element("th", cell(value), scope="row"), cells))
    caption = f"Median by {down} and {across}"
    hint = element("p", f"{caption}; blue is best.", class_="hint")
    return element("div", hint, framed(caption, head, body, "heat"))


def _parallel(standings: Sequence[Standing], varied: Mapping[str, list[Any]]) -> Html:
    """One axis a setting and the last one for the rank, as the table below has it."""
    names = [*varied, "rank"]
    apart = (_WIDTH - 2 * _MARGIN) / max(1, len(names) - 1)
    xs = [_MARGIN + i * apart for i in range(len(names))]
    shades = _shades(standings, 4)
    drawn = standings[:_MOST_LINES]
    lines = []
    for one in reversed(drawn):  # the best on top
        places = [_share(values, one.values[key]) for key, values in varied.items()]
        places.append(1 - (one.rank - 1) / max(1, len(standings) - 1))
        points = " ".join(
            f"{'L' if i else 'M'}{x:.1f} {24 + (1 - place) * _HEIGHT:.1f}"
            for i, (x, place) in enumerate(zip(xs, places, strict=True))
        )
        what = element("title", f"rank {one.rank}: median {cell(one.median)}")
        lines.append(element("path", what, d=points, class_=f"s{shades[one.cell]}"))
    axes = []
    for x, name in zip(xs, names, strict=True):
        low, high = (
            ("last", "best") if name == "rank" else (cell(varied[name][0]), cell(varied[name][-1]))
        )
        axes += [
            element("line", class_="axis", x1=x, x2=x, y1=24, y2=24 + _HEIGHT),
            element("text", name, x=x, y=_HEIGHT + 62, text_anchor="middle", class_="name"),
            element("text", low, x=x, y=_HEIGHT + 43, text_anchor="middle"),
            element("text", high, x=x, y=14, text_anchor="middle"),
        ]
    return element(
        "svg",
        lines,
        axes,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT + 70}",
        class_="parallel",
        role="img",
        aria_label=f"Parallel coordinates of {len(drawn):,} cells; the ranking has their numbers",
    )


def _share(values: Sequence[Any], value: Any) -> float:
    """Where a value is on its axis: numbers by size, by logarithm where all are above 0."""
    numbers = [float(v) for v in values if is_number(v)]
    if len(numbers) == len(values):
        is_log = numbers[0] > 0 and numbers[-1] > 20 * numbers[0]
        place = math.log if is_log else float
        low, high = place(numbers[0]), place(numbers[-1])
        return (place(float(value)) - low) / (high - low or 1.0)  # 1 and 1.0 are two texts
    return [repr(v) for v in values].index(repr(value)) / (len(values) - 1)


def _importance(mattered: Importance | None) -> Html | None:
    if mattered is None:
        return None
    rows = [
        [
            element("th", " and ".join(one.keys), scope="row"),
            data_cell(round(one.share, 3)),
            element("td", _bar(one.share)),
        ]
        for one in mattered.shares
    ]
    fitted = ""
    if mattered.fit is not None:
        fitted = f" Of cells left out, the fit predicts {max(0.0, mattered.fit):.0%} of it."
    hint = element(
        "p",
        f"The share of the variance of {mattered.of} that a setting, or a pair of them together, "
        f"explains alone (functional ANOVA).{fitted}",
        class_="hint",
    )
    return section(
        "What mattered",
        hint,
        plain_table("Importance", ["setting", "share", ""], rows),
        id_="importance",
    )


def _bar(share: float) -> Html:
    rect = element("rect", width=f"{100 * share:.1f}", height=12)
    return element(
        "svg",
        rect,
        viewBox="0 0 100 12",
        preserveAspectRatio="none",
        class_="bar",
        aria_hidden="true",
    )
