"""The pages of a store, live: what each address answers. Nothing here writes anything."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from minigrad.page.html import Html, element
from minigrad.report import parts
from minigrad.report.parts import Subject, section
from minigrad.report.report import (
    MOST_RUNS,
    Page,
    chart_data,
    frame,
    page_of,
    subjects_of,
    text,
    to_document,
)
from minigrad.report.sweep import sweep_page
from minigrad.report.tables import scrolling, shortened
from minigrad.report.watch import Watch
from minigrad.terminal.table import is_number
from minigrad.terminal.text import printable
from minigrad.tracking import query
from minigrad.tracking.names import StoreError
from minigrad.tracking.store import StoredRun

_SECONDS = 0.04  # of reading for one answer: what is left is read for the next one
_MOST_ROWS = 2000
_MOST_COLUMNS = 40
_MOST_SWEEPS = 100
_MOST_VARIED = 5
_PAUSE = 1500  # milliseconds between two questions of an open page
_REST = 50  # times as long as an answer took, so that a page takes 2 % of a processor at most


class Pages:
    """The answers for one store. Methods raise StoreError for what is asked wrongly."""

    def __init__(self, store: Path) -> None:
        self._watch = Watch(store)
        self._store = store

    def warm(self) -> None:
        """Read what the first page needs."""
        self.table({})

    def home(self) -> str:
        name = shortened(str(self._store))
        body = frame("Runs", name, [_table_of_runs(), self._table_of_sweeps()])
        return _live(Page(f"Runs of {name}", body, {}))

    def run(self, key: str) -> str:
        return self._runs_page([key], back="../", curves="../curves.json?run=")

    def compare(self, keys: Sequence[str]) -> str:
        return self._runs_page(keys, back="./", curves="curves.json?run=")

    def _runs_page(self, keys: Sequence[str], back: str, curves: str) -> str:
        subjects, _ = self._subjects(keys)
        link = element("a", "← all runs", href=back, class_="back")
        asks = curves + "&run=".join(_key(one.run.id) for one in subjects)
        return _live(page_of(subjects, back=link, asks=asks))

    def sweep(self, key: str) -> str:
        """The report of a sweep, which is loaded again where the sweep has gone on."""
        sweep = self._watch.sweep(_named(key))
        link = element("a", "← all runs", href="../", class_="back")
        asks = f"../sweep.json?sweep={_key(sweep.id)}"
        return _live(sweep_page(sweep, back=link, asks=asks))

    def sweep_state(self, key: str) -> dict[str, Any]:
        """What changes when a sweep has gone on; how long to wait before asking again."""
        begun = time.thread_time()
        sweep = self._watch.sweep(_named(key))
        wait = _rest(begun) if sweep.status == "running" else None
        return {"version": f"{len(sweep.ended)} {sweep.status}", "wait": wait}

    def curves(self, keys: Sequence[str], version: str) -> dict[str, Any]:
        """The curves with their numbers, unless they are those of `version`; and how long to wait
        before asking again: not at all until the end was reached once, and for ever where nothing
        can change.
        """
        begun = time.thread_time()
        subjects, more = self._subjects(keys)
        now = ".".join(str(one.curves.version) for one in subjects)
        is_new = now != version
        running = any(one.run.status == "running" for one in subjects)
        answer = {
            "version": now,
            "charts": chart_data(subjects) if is_new else None,
            "numbers": parts.all_numbers(subjects) if is_new else None,
            "statuses": {str(i): _status(one.run) for i, one in enumerate(subjects)},
            "running": running,
            "lines": sum(one.curves.lines for one in subjects),
            "more": more,
        }
        in_hurry = more and not (running and all(one.curves.is_caught_up for one in subjects))
        return answer | {"wait": 0 if in_hurry else _rest(begun) if running else None}

    def table(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """The rows that are asked for, and how many there are. A mistake is a sentence in it."""
        begun = time.thread_time()
        runs = self._watch.runs()
        error = ""
        try:
            met = _searched(runs, fields.get("search", "")[:500])
            met = query.order(met, fields.get("sort") or None, bool(fields.get("reverse")))
            extra = [key.strip() for key in fields.get("columns", "")[:500].split(",")]
            extra = [key for key in extra if key]
            query.check_keys(met, extra)
        except StoreError as mistake:
            met, extra, error = list(reversed(runs)), [], str(mistake)
        text = fields.get("limit", "")
        limit = min(int(text), _MOST_ROWS) if text.isdecimal() and len(text) < 9 else 100
        shown = met[:limit]
        columns = list(dict.fromkeys([*_columns(shown), *extra]))[:_MOST_COLUMNS]
        values = [[_value(run, key) for key in columns] for run in shown]
        numeric = [key for i, key in enumerate(columns) if any(is_number(row[i]) for row in values)]
        return {
            "columns": [printable(key) for key in columns],
            "numeric": [printable(key) for key in numeric],
            "rows": [_row(run, row) for run, row in zip(shown, values, strict=True)],
            "met": len(met),
            "total": len(runs),
            "error": printable(error),
            "wait": _rest(begun),
        }

    def _subjects(self, keys: Sequence[str]) -> tuple[list[Subject], bool]:
        if not 1 <= len(keys) <= MOST_RUNS:
            raise StoreError(f"a page shows 1 to {MOST_RUNS} runs, found {len(keys)}")
        runs = []
        for key in dict.fromkeys(keys):
            run = self._watch.run(_named(key))
            if run is None:
                raise StoreError("the store has no such run")
            runs.append(run)
        read = [self._watch.curves(run.id, _SECONDS / len(runs)) for run in runs]
        subjects = subjects_of(runs, [curves for curves, _ in read])
        return subjects, any(more for _, more in read)

    def _table_of_sweeps(self) -> Html | None:
        rows = []
        for identity in reversed(self._watch.sweeps()[-_MOST_SWEEPS:]):
            link = element("a", identity, href=f"sweep/{_key(identity)}")
            rows.append(element("li", link))
        return (
            section("Sweeps", element("ul", rows, class_="links"), id_="sweeps") if rows else None
        )


def _rest(begun: float) -> int:
    """Milliseconds to wait after an answer whose thread had used `begun` seconds before it."""
    return max(_PAUSE, round(_REST * 1000 * (time.thread_time() - begun)))


def _named(key: str) -> str:
    """The id in an address, which `_key` wrote."""
    return os.fsdecode(unquote_to_bytes(key))


def _live(page: Page) -> str:
    return to_document(page, text("live.js"), connect=True)


def _key(identity: str) -> str:
    """An id as an address holds it, twice quoted: no part of it can be a step of a path."""
    return quote(quote(os.fsencode(identity), safe=""), safe="")


def _row(run: StoredRun, values: Sequence[Any]) -> dict[str, Any]:
    key = _key(run.id)
    return {
        "id": printable(run.id),
        "key": key,
        "href": f"run/{key}",
        "kind": _status(run)["kind"],
        "tags": [shortened(tag) for tag in run.facts.tags[:20]],
        "cells": [shortened(value) for value in values],
    }


def _value(run: StoredRun, key: str) -> Any:
    return _status(run)["word"] if key == "status" else query.value_or_none(run, key)


def _status(run: StoredRun) -> dict[str, str]:
    return {"word": printable(run.doubt or run.status), "kind": parts.status_kind(run)}


def _searched(runs: list[StoredRun], text: str) -> list[StoredRun]:
    """Words with a sign in them are conditions, as `status=finished`; others are searched for."""
    words = text.split()
    conditions = [word for word in words if any(sign in word for sign in "=<>")]
    runs = query.select(runs, [query.Condition.parse(word) for word in conditions])
    plain = [word for word in words if word not in conditions]
    return [run for run in runs if query.mentions(run, plain)]


def _columns(runs: Sequence[StoredRun]) -> list[str]:
    """Those of a list, but only some of the settings that differ: others can be asked for."""
    columns = query.columns(runs)
    written = [key for key in columns if key in ("tags", "note")]
    varied = [key for key in columns if key not in (*query.COLUMNS, *written)]
    return [*query.COLUMNS, *varied[:_MOST_VARIED], *written]


def _table_of_runs() -> Html:
    def box(name: str, example: str) -> Html:
        written = {"type": "search", "name": name, "id": name, "placeholder": example}
        return element("input", **written, autocomplete="off")

    form = element(
        "form",
        element("label", "Filter", box("search", "adam, final_loss<0.1")),
        element("label", "More columns", box("columns", "optimizer.lr, seed")),
        element("a", "Compare", id="compare", class_="button", href="compare", hidden=True),
        element("output", "loading", id="state"),
        id="filters",
        class_="controls",
    )
    table = element(
        "table", element("caption", "Runs"), element("thead"), element("tbody"), id="runs"
    )
    more = element("button", "Show more", id="more", type="button", hidden=True)
    needs = element("noscript", element("p", "The live table needs JavaScript; a report does not."))
    return element(
        "section", form, needs, scrolling("Runs", table), more, id="results", aria_label="Runs"
    )
