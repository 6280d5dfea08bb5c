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
_RESULTS = ("final_loss", "val_loss", "final_accuracy", "steps", "seconds")
_ENVIRONMENT = ("python", "platform", "engine", "seed", "argv", "started", "ended", "git")
_MOST_KEYS = 400
_THINNED = (
    "Long curves are thinned: of each group of neighbouring points the lowest and the highest are "
    "drawn, so that no extreme is lost. The numbers under a chart say how many there are."
)


@dataclass(frozen=True)
class Subject:
    """One run of a report, with its label and its curves."""

    run: StoredRun
    label: str
    color: int
    curves: RunCurves

    @property
    def head(self) -> Html:
        return fragment(element("span", "", class_=f"chip run-{self.color}"), self.label)


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
            *(_result(one.run, key) for key in keys),
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


def _result(run: StoredRun, key: str) -> Html:
    return data_cell(run.summary.get(key))


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


def curves(subjects: Sequence[Subject]) -> Html:
    """The place of each chart, and under it its numbers as a table."""
    names = list(dict.fromkeys(name for one in subjects for name in one.curves.thinned))
    figures = [metric_figure(name, subjects) for name in names]
    empty = None if names else element("p", "No metrics were logged.", class_="empty")
    is_thinned = any(curve.is_thinned for one in subjects for curve in one.curves.thinned.values())
    said = element("p", _THINNED, class_="hint") if is_thinned else None
    return section("Curves", said, element("div", figures, class_="charts"), empty, id_="curves")


def metric_figure(name: str, subjects: Sequence[Subject]) -> Html:
    having = [one for one in subjects if name in one.curves.thinned]
    rows = []
    for one in having:
        extent, curve = one.curves.extents[name], one.curves.thinned[name]
        values = [extent.first, extent.least, extent.least_at, extent.highest, extent.last]
        drawn = len(curve.points()[0])
        rows.append([element("th", one.head, scope="row"), *values, curve.total, drawn])
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
            good = verdict.get("identical") is True
            word = element(
                "span", "identical" if good else "differs", class_=f"status {_kind(good)}"
            )
            at = shortened(str(verdict.get("at", ""))[:19].replace("T", " "))
            sentence = shortened(verdict.get("sentence", ""))
            items.append(element("li", one.head, " ", word, f" {sentence} ({at} UTC)"))
        else:
            items.append(element("li", one.head, " not verified yet"))
    return section("Last verify", element("ul", items, class_="verdicts"), id_="verify")


def _kind(is_good: bool) -> str:
    return "good" if is_good else "bad"


def environment(subjects: Sequence[Subject]) -> Html:
    flat = []
    for one in subjects:
        data = one.run.run_json
        chosen = {
            key: data[key]
            for key in (*_ENVIRONMENT, "processor", "arrays", "packages")
            if key in data
        }
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
