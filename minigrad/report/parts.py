"""The sections of a report on runs: words and tables that read without a script."""

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.page.html import Html, element, fragment
from minigrad.report.curves import RunCurves
from minigrad.report.tables import data_cell, plain_table, shortened, side_by_side
from minigrad.terminal.table import cell
from minigrad.terminal.text import counted
from minigrad.tracking import layout
from minigrad.tracking.compare import config_of
from minigrad.tracking.reading import flatten, read_file
from minigrad.tracking.store import StoredRun, StoreError

COLORS = 8
_PICTURE_BYTES = 400_000  # of all pictures of a page
_RESULTS = (
    *("final_loss", "val_loss", "test_loss", "final_accuracy", "val_accuracy", "test_accuracy"),
    *("best_step", "steps", "seconds"),
)
_ENVIRONMENT = (
    *("python", "platform", "engine", "seed", "argv", "started", "ended", "git"),
    *("processor", "arrays", "packages"),
)
_MOST_KEYS = 400
_THINNED = (
    "Long curves are thinned: of each group of neighbouring points the lowest and the highest are "
    "drawn, so that no extreme is lost. The numbers under a chart say how many there are."
)
_VALIDATED = "The dashed curve is that of the validation part."
_BEST = "The dashed vertical line marks the step of the lowest validation loss."


@dataclass(frozen=True)
class Subject:
    """One run of a report, with its label and its curves."""

    run: StoredRun
    label: str
    color: int
    curves: RunCurves

    @property
    def head(self) -> Html:
        return run_head(self.label, self.color)


def run_head(label: str, color: int) -> Html:
    """The label of a run beside its colour."""
    return fragment(element("span", "", class_=f"chip run-{color}"), label)


def section(title: str, *content: object, id_: str) -> Html:
    name = f"{id_}-title"
    return element("section", element("h2", title, id=name), *content, id=id_, aria_labelledby=name)


def status_word(one: Subject, place: int) -> Html:
    word = one.run.doubt or one.run.status
    return element("span", word, class_=f"status {status_kind(one.run)}", data_status=place)


def status_kind(run: StoredRun) -> str:
    """The class of its colour."""
    return {"finished": "good", "running": "live"}.get(run.status, "bad")


def tag_list(run: StoredRun) -> Html:
    return fragment([element("span", shortened(tag), class_="tag") for tag in run.facts.tags[:20]])


def overview(subjects: Sequence[Subject]) -> Html:
    keys = [key for key in _RESULTS if any(key in one.run.summary for one in subjects)]
    keys = keys or list(dict.fromkeys(key for one in subjects for key in one.run.summary))[:6]
    tagged = any(one.run.facts.tags for one in subjects)
    rows = [
        [
            element("th", one.head, scope="row"),
            element("td", status_word(one, place)),
            *(data_cell(one.run.summary.get(key)) for key in keys),
            element("td", element("code", one.run.id)),
            *([element("td", tag_list(one.run))] if tagged else []),
        ]
        for place, one in enumerate(subjects)
    ]
    header = [
        "run",
        "status",
        *(key.replace("_", " ") for key in keys),
        "id",
        *(["tags"] if tagged else []),
    ]
    troubles = [
        element("li", element("strong", one.label), ": ", sentence)
        for one in subjects
        for sentence in _troubles(one)
    ]
    return section(
        "How it went",
        plain_table("Results", header, rows, sortable=len(rows) > 1),
        element("ul", troubles, class_="troubles") if troubles else None,
        id_="results",
    )


def _troubles(one: Subject) -> Iterator[str]:
    if one.run.facts.error:
        yield shortened(one.run.facts.error)
    yield from (shortened(sentence) for sentence in one.run.damage[:5])
    yield from (shortened(s) for s in one.curves.damage[:5] if s not in one.run.damage)


def notes(subjects: Sequence[Subject]) -> Html | None:
    """The notes that were written on the runs; None if there are none."""
    written = [one for one in subjects if one.run.facts.note]
    if not written:
        return None
    blocks = []
    for one in written:
        lines = str(one.run.facts.note).split("\n")[:200]
        text = [fragment(shortened(line), element("br")) for line in lines]
        blocks.append(fragment(element("dt", one.head), element("dd", text)))
    return section("Notes", element("dl", blocks), id_="notes")


@dataclass(frozen=True)
class Line:
    """One metric of one run in a chart."""

    subject: Subject
    metric: str
    label: str
    is_validation: bool = False

    @property
    def head(self) -> Html:
        kind = " validation" if self.is_validation else ""
        chip = element("span", "", class_=f"chip run-{self.subject.color}{kind}")
        return fragment(chip, self.label)

    @property
    def numbers(self) -> list[float]:
        curves = self.subject.curves
        extent, curve = curves.extents[self.metric], curves.thinned[self.metric]
        values = [extent.first, extent.least, extent.least_at, extent.highest, extent.last]
        return [*values, curve.total, len(curve.points()[0])]


def charts_of(subjects: Sequence[Subject]) -> dict[str, list[Line]]:
    """By chart its lines. Of a single run, validation is in the chart of what it validates."""
    names = dict.fromkeys(name for one in subjects for name in one.curves.thinned)
    charts: dict[str, list[Line]] = {}
    for name in names:
        validated = name.removeprefix("val_")
        if len(subjects) == 1 and name != validated in names:
            line = Line(subjects[0], name, "validation", is_validation=True)
            charts.setdefault(validated, []).append(line)
        else:
            lines = [Line(one, name, one.label) for one in subjects if name in one.curves.thinned]
            charts[name] = [*lines, *charts.get(name, [])]
    return charts


def curves(subjects: Sequence[Subject]) -> Html:
    """The place of each chart, and under it its numbers as a table."""
    charts = charts_of(subjects)
    figures = [metric_figure(name, lines) for name, lines in charts.items()]
    empty = None if charts else element("p", "No metrics were logged.", class_="empty")
    applies = {
        _THINNED: any(
            curve.is_thinned for one in subjects for curve in one.curves.thinned.values()
        ),
        _VALIDATED: any(line.is_validation for lines in charts.values() for line in lines),
        _BEST: any(best_step(one.run) is not None for one in subjects),
    }
    hints = [hint for hint, does in applies.items() if does]
    hint = element("p", " ".join(hints), class_="hint") if hints else None
    return section("Curves", hint, element("div", figures, class_="charts"), empty, id_="curves")


def best_step(run: StoredRun) -> int | None:
    """After how many steps the validation loss was lowest, of a run that followed it."""
    step = run.summary.get("best_step")
    return step if type(step) is int and run.summary.get("val_loss") is not None else None


def all_numbers(subjects: Sequence[Subject]) -> dict[str, list[list[str]]]:
    """By chart, the cells of the table under it, for a page that is open already."""
    charts = charts_of(subjects)
    return {name: [list(map(cell, one.numbers)) for one in some] for name, some in charts.items()}


def metric_figure(name: str, lines: Sequence[Line]) -> Html:
    rows = [[element("th", one.head, scope="row"), *one.numbers] for one in lines]
    header = ["run", "first", "lowest", "at step", "highest", "last", "points", "drawn"]
    caption = element("figcaption", element("h3", shortened(name)))
    place = element("div", class_="chart", data_metric=name)
    numbers = element(
        "details", element("summary", "Numbers"), plain_table(f"{name} by run", header, rows)
    )
    return element("figure", caption, place, numbers)


def configs(subjects: Sequence[Subject]) -> Html:
    flat = [config_of(one.run) for one in subjects]
    keys = list(dict.fromkeys(key for config in flat for key in config))[:_MOST_KEYS]
    rows = {key: [config.get(key) for config in flat] for key in keys}
    differing = [k for k, values in rows.items() if len({repr(value) for value in values}) > 1]
    intro = None
    if len(subjects) > 1:
        intro = f"{counted(len(differing), 'setting')} of {len(keys):,} differ."
    ordered = {key: rows[key] for key in [*differing, *(k for k in keys if k not in differing)]}
    table = side_by_side("Config", [one.head for one in subjects], ordered)
    return section("Config", element("p", intro) if intro else None, table, id_="config")


def expectations(subjects: Sequence[Subject]) -> Html | None:
    blocks = []
    for one in subjects:
        if verdicts := (one.run.facts.expectations or [])[:50]:
            items = [_verdict(verdict) for verdict in verdicts]
            blocks += [element("h3", one.head), element("ul", items, class_="verdicts")]
    return section("Expectations", blocks, id_="expectations") if blocks else None


def _verdict(verdict: Any) -> Html:
    if not isinstance(verdict, dict):
        return element("li", shortened(verdict))
    met = verdict.get("met")
    sign, kind = ("met", "good") if met is True else ("missed", "bad")
    sentence = shortened(verdict.get("sentence", verdict))
    return element("li", element("span", sign, class_=f"status {kind}"), " ", sentence)


def pictures(subjects: Sequence[Subject]) -> Html | None:
    """The runs' own pictures, inside the page; what the curves show already is left out."""
    figures, left, spent = [], 0, 0
    for one in subjects:
        for name in (layout.BOUNDARY_PICTURE, layout.SNAPSHOTS_PICTURE):
            try:
                content = read_file(one.run.path, name)
            except StoreError:
                continue
            if not content.startswith(b"\x89PNG\r\n\x1a\n"):
                continue
            if spent + len(content) > _PICTURE_BYTES:
                left += 1
                continue
            spent += len(content)
            source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
            what = f"{name.removesuffix('.png')} of {one.label}"
            image = element("img", src=source, alt=what, loading="lazy")
            figures.append(element("figure", image, element("figcaption", one.head)))
    if not figures and not left:
        return None
    more = None
    if left:
        more = element("p", f"{counted(left, 'picture')} left out: this page stays small.")
    return section("Pictures", element("div", figures, class_="pictures"), more, id_="pictures")


def verification(subjects: Sequence[Subject]) -> Html:
    items = []
    for one in subjects:
        verdict = one.run.facts.extra.get("verified")
        if isinstance(verdict, dict):
            is_same = verdict.get("identical") is True
            sign, kind = ("identical", "good") if is_same else ("differs", "bad")
            word = element("span", sign, class_=f"status {kind}")
            at = shortened(str(verdict.get("at", ""))[:19].replace("T", " "))
            sentence = shortened(verdict.get("sentence", ""))
            items.append(element("li", one.head, " ", word, f" {sentence} ({at} UTC)"))
        else:
            items.append(element("li", one.head, " not verified yet"))
    return section("Last verify", element("ul", items, class_="verdicts"), id_="verify")


def environment(subjects: Sequence[Subject]) -> Html:
    flat = []
    for one in subjects:
        data = one.run.run_json
        chosen = {key: data[key] for key in _ENVIRONMENT if key in data}
        if isinstance(argv := chosen.get("argv"), list) and argv:  # a report is sent to others
            chosen["argv"] = [os.path.basename(str(argv[0])), *argv[1:]]
        flat.append(flatten(chosen))
    keys = list(dict.fromkeys(key for facts in flat for key in facts))[:_MOST_KEYS]
    rows = {key: [facts.get(key) for facts in flat] for key in keys}
    table = side_by_side("Environment", [one.head for one in subjects], rows)
    return section(
        "Environment",
        element("details", element("summary", "Where and with what it ran"), table),
        id_="environment",
    )


def describe(run: StoredRun) -> str:
    """What was trained, in a sentence; "" where the config does not say."""
    config = config_of(run)
    get = config.get
    if not get("data.name") or not get("optimizer.name"):
        return ""
    hidden = get("model.hidden")
    shape = f"hidden layers {cell(hidden)}" if hidden else "no hidden layer"
    words = [f"{get('data.name')}: a network with {shape}"]
    if get("model.activation"):
        words.append(f"activation {get('model.activation')}")
    words.append(f"loss {get('loss')}")
    words.append(f"{get('optimizer.name')} at learning rate {cell(get('optimizer.lr'))}")
    if get("train.steps"):
        words.append(f"{counted(int(get('train.steps') or 0), 'step')}")
    return ", ".join(map(str, words))
