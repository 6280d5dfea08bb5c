"""A report: runs, or a sweep, as one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad.page.document import html_document, shared_style
from minigrad.page.html import Html, element, fragment
from minigrad.report import parts
from minigrad.report.curves import MOST_METRICS, RunCurves
from minigrad.report.parts import COLORS, Subject
from minigrad.report.seeds import seeds_section
from minigrad.report.tables import shortened
from minigrad.report.tested import test_section
from minigrad.report.thin import BUCKETS
from minigrad.terminal.text import counted
from minigrad.tracking.compare import labels
from minigrad.tracking.facts import now
from minigrad.tracking.store import StoredRun

MOST_RUNS = 50
_MOST_POINTS = 24_000  # on a page, of all curves together
_ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """What a page holds, before it is one document."""

    title: str
    body: Html
    data: dict[str, Any]


def runs_report(runs: Sequence[StoredRun]) -> str:
    """The HTML text of a report on the runs. Raises ValueError for more than 50."""
    if len(runs) > MOST_RUNS:
        raise ValueError(
            f"report: a page shows at most {MOST_RUNS} runs, found {len(runs):,}: name fewer, or "
            "the sweep that they belong to"
        )
    curves = [RunCurves(run.path, buckets_for(len(runs))) for run in runs]
    for one in curves:
        one.read_all()
    return to_document(page_of(subjects_of(runs, curves)))


def to_document(page: Page, *scripts: str, connect: bool = False) -> str:
    """The page with all styles and scripts of this room; `scripts` come last."""
    return html_document(
        page.title,
        page.body,
        styles=[shared_style(), text("uplot/uPlot.min.css"), text("report.css")],
        scripts=[text("uplot/uPlot.iife.min.js"), text("report.js"), *scripts],
        data=page.data,
        connect=connect,
    )


def text(name: str) -> str:
    """One of the files of this room."""
    return (_ROOM / name).read_text(encoding="utf-8")


def subjects_of(runs: Sequence[StoredRun], curves: Sequence[RunCurves]) -> list[Subject]:
    """The runs with their labels, colours and curves."""
    names = labels(runs) if len(runs) > 1 else [run.name for run in runs]
    return [
        Subject(run, shortened(name), place % COLORS, own)
        for place, (run, name, own) in enumerate(zip(runs, names, curves, strict=True))
    ]


def buckets_for(runs: int) -> int:
    """Fewer points a curve where there are many curves, some six of each run."""
    return max(20, min(BUCKETS, _MOST_POINTS // (2 * runs * 6))) // 2 * 2


def page_of(
    subjects: Sequence[Subject], *, back: Html | None = None, asks: str | None = None
) -> Page:
    """The page of these runs. `back` is a link at its top, `asks` the address of live curves."""
    of_seeds = [part for one in subjects if (part := seeds_section(one)) is not None]
    names = list(dict.fromkeys(one.run.name for one in subjects))
    title = ", ".join(map(shortened, names[:3])) + (" and more" if len(names) > 3 else "")
    sentence = parts.describe(subjects[0].run) if len(subjects) == 1 else ""
    subtitle = sentence or f"{counted(len(subjects), 'run')} side by side"
    beside = [
        parts.expectations(subjects),
        parts.verification(subjects),
        parts.environment(subjects),
    ]
    sections = [
        parts.overview(subjects),
        parts.notes(subjects),
        parts.curves(subjects),
        test_section(subjects),
        *(content for content, _ in of_seeds),
        parts.pictures(subjects),
        element("div", parts.configs(subjects), element("div", beside), class_="pair"),
    ]
    charts: dict[str, Any] = chart_data(subjects)
    for _, chart in of_seeds:
        charts |= chart
    return Page(title, frame(title, subtitle, sections, back, asks), {"charts": charts})


def chart_data(subjects: Sequence[Subject]) -> dict[str, Any]:
    """By metric, the series of its chart."""
    places = {one.run.id: place for place, one in enumerate(subjects)}
    charts = list(parts.charts_of(subjects).items())[:MOST_METRICS]
    return {name: {"series": [_series(line, places) for line in lines]} for name, lines in charts}


def _series(line: parts.Line, places: Mapping[str, int]) -> dict[str, Any]:
    one, place = line.subject, places[line.subject.run.id]
    x, y = one.curves.thinned[line.metric].points()
    series = {"label": line.label, "x": x, "y": y, "color": one.color, "run": place}
    dash = 1 if line.is_validation else place // COLORS
    return series | {"dash": dash, "best": parts.best_step(one.run)}


def frame(
    title: str,
    subtitle: str,
    sections: Sequence[Html | None],
    back: Html | None = None,
    asks: str | None = None,
    grows: str = "curves",
) -> Html:
    """The head, the body and the foot that all pages of this room have. A live page asks for what
    `grows` at the address `asks`.
    """
    made = f"Made by minigrad at {now()[:19].replace('T', ' ')} UTC. Charts by uPlot (MIT)."
    keys = (
        "In a chart: drag to zoom, double-click to see all; with the keyboard, arrow keys move "
        "the cursor, + and - zoom, 0 shows all."
    )
    return fragment(
        element("a", "Skip to the results", href="#results", class_="skip"),
        element(
            "header",
            back,
            element("h1", title),
            element("p", subtitle, class_="subtitle"),
            element("output", "", id="state", class_="subtitle") if asks else None,
        ),
        element("main", sections, **{f"data_{grows}": asks}),
        element("footer", element("p", keys, class_="keys"), element("p", made)),
    )
