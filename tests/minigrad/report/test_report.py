"""The report as a file, and its page in a real Chromium."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minigrad import runs as command
from minigrad.report.report import runs_report
from minigrad.tracking.store import find
from minigrad.tracking.store import runs as stored_runs
from tests.browser import Tab
from tests.minigrad.report.stores import GOOD, IDS, TEXTS, hostile_stores, three_runs
from tests.minigrad.tracking.written import write

Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("runs")
    three_runs(store, 10_000)
    return store


@pytest.fixture(scope="module")
def three(store: Path) -> Path:
    """The report on three runs of 10,000 points."""
    out = store.parent / "three.html"
    assert command.main(["report", *IDS, "--store", str(store), "--out", str(out)]) == 0
    return out


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    tabs: list[Tab] = []

    def open_page(path: Path, **settings: Any) -> Tab:
        tabs.append(Tab(browser, path.as_uri(), **settings))
        return tabs[-1]

    yield open_page
    for tab in tabs:
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
        tab.close()


def test_three_runs_of_10_000_points_are_at_most_a_megabyte_and_keep_extremes(three: Path) -> None:
    text = three.read_text(encoding="utf-8")
    assert len(text.encode()) <= 1_000_000
    held = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])
    loss = held["charts"]["loss"]["series"]
    assert [len(one["x"]) <= 1000 for one in loss] == [True] * 3
    assert loss[1]["y"][loss[1]["x"].index(3333)] == 77.0
    assert "Long curves are thinned" in text


def test_it_is_all_words_and_tables_without_a_script(three: Path) -> None:
    text = re.sub(
        r"<(script|style).*?</\1>", "", three.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    words = re.sub(r"<[^>]*>", " ", text)
    for word in ("sgd", "adam", "rmsprop", "finished", "optimizer.lr", "final loss", "10000", "77"):
        assert word in words
    assert 'class="differs"' in text


def test_uplot_is_what_its_version_file_says() -> None:
    folder = Path("minigrad/report/uplot")
    lines = (folder / "VERSION").read_text().splitlines()
    sums = {name: checksum for checksum, name in map(str.split, lines[2:])}
    assert lines[0].startswith("uPlot 1.6.32")
    assert sums == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("uPlot.iife.min.js", "uPlot.min.css", "LICENSE")
    }


def test_more_than_50_runs_are_refused(tmp_path: Path) -> None:
    for i in range(51):
        write(tmp_path, f"20261122T2015{i:02d}Z-xor-aaaa")
    with pytest.raises(ValueError, match="at most 50 runs, found 51"):
        runs_report(stored_runs(tmp_path))


def test_charts_are_drawn_and_the_cursor_reads_values(three: Path, opened: Open) -> None:
    page = opened(three).page
    assert page.locator(".chart canvas").count() == 5
    chart = page.locator('.chart[data-metric="loss"]')
    chart.locator(".u-over").hover(position={"x": 100, "y": 50})
    reading = chart.locator("xpath=following-sibling::output")
    assert re.match(r"step \d+ ?sgd lr 0.1: [\d.]+", reading.inner_text())
    before = reading.inner_text()
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert reading.inner_text() != before
    page.keyboard.press("End")
    assert reading.inner_text().startswith("step 9999")


def limits(page: Any, metric: str) -> tuple[float, float]:
    script = "(name) => { const s = page.charts.get(name).plot.scales.x; return [s.min, s.max]; }"
    low, high = page.evaluate(script, metric)
    return low, high


@pytest.mark.slow
def test_zoom_by_drag_and_by_keyboard_moves_all_charts_and_back(three: Path, opened: Open) -> None:
    tab = opened(three)
    page = tab.page
    over = page.locator('.chart[data-metric="loss"] .u-over')
    box = over.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 50, steps=4)
    page.mouse.up()
    tab.wait("page.charts.get('lr').plot.scales.x.max < 9000")
    assert limits(page, "loss") == limits(page, "lr")
    page.click("#whole")
    assert limits(page, "loss") == limits(page, "accuracy") == (0, 9999)
    page.locator('.chart[data-metric="loss"]').focus()
    page.keyboard.press("+")
    assert limits(page, "loss")[1] < 9999
    page.keyboard.press("0")
    assert limits(page, "loss") == (0, 9999)
    over.dblclick()
    assert limits(page, "loss") == (0, 9999)


def test_runs_are_toggled_smoothed_and_put_on_a_log_axis(three: Path, opened: Open) -> None:
    page = opened(three).page
    shown = "page.charts.get('loss').plot.series.slice(1).map((one) => one.show)"
    page.get_by_label("adam lr 0.2").uncheck()
    assert page.evaluate(shown) == [True, False, True]
    page.get_by_label("adam lr 0.2").check()
    assert page.evaluate(shown) == [True, True, True]
    highest = "Math.max(...page.charts.get('loss').plot.data[2].filter((y) => y !== undefined))"
    assert page.evaluate(highest) == 77
    page.locator("#smoothing").fill("0.9")
    assert page.evaluate(highest) < 40
    chart = page.locator('.chart[data-metric="accuracy"]')
    assert chart.get_attribute("data-log") == "false"
    page.select_option("#scale", "log")
    assert chart.get_attribute("data-log") == "true"


def test_a_table_is_sorted_by_numbers_and_back(three: Path, opened: Open) -> None:
    page = opened(three).page
    column = page.locator("#results th", has_text="final loss")
    labels = page.locator("#results tbody th")
    column.get_by_role("button").click()
    assert labels.all_inner_texts() == ["sgd lr 0.1", "rmsprop lr 0.3", "adam lr 0.2"]
    assert column.get_attribute("aria-sort") == "ascending"
    column.get_by_role("button").click()
    assert labels.all_inner_texts() == ["adam lr 0.2", "rmsprop lr 0.3", "sgd lr 0.1"]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        *((400, "light"), (1600, "dark")),
        *(
            pytest.param(width, scheme, marks=pytest.mark.slow)
            for width, scheme in ((400, "dark"), (1000, "light"), (1000, "dark"), (1600, "light"))
        ),
    ],
)
def test_it_fits_every_width_in_light_and_dark(
    three: Path, opened: Open, width: int, scheme: str
) -> None:
    page = opened(three, width=width, scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert ink == {"light": "rgb(31, 41, 51)", "dark": "rgb(230, 234, 239)"}[scheme]
    assert page.locator(".chart canvas").first.bounding_box()["width"] <= width


def test_a_test_part_has_its_confusion_and_the_curves_mark_validation_and_the_best_step(
    tmp_path: Path, opened: Open
) -> None:
    summary = {"test_loss": 0.3, "val_loss": 0.4, "best_step": 2}
    path = write(tmp_path, GOOD, summary=summary)
    rows = [{"step": i, "loss": 1.0 / (i + 1), "val_loss": 1.1 / (i + 1)} for i in range(4)]
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    measures = {"rows": 5, "loss": 0.3, "accuracy": 0.8, "classes": ["no", "yes"]}
    shares = {"precision": {"no": 1.0, "yes": 0.75}, "recall": {"no": None, "yes": 0.5}}
    (path / "test.json").write_text(
        json.dumps({**measures, "confusion": [[1, 1], [0, 3]], **shares})
    )
    out = tmp_path / "report.html"
    out.write_text(runs_report([find(tmp_path, GOOD)]), encoding="utf-8")
    page = opened(out).page
    cells = page.locator("#test .heat tbody tr").all_inner_texts()
    assert [line.split() for line in cells] == [["no", "1", "1"], ["yes", "0", "3"]]
    cells = page.locator("#test .sortable tbody tr").all_inner_texts()
    assert [line.split() for line in cells] == [["no", "1", "-", "2"], ["yes", "0.75", "0.5", "3"]]
    assert page.locator(".chart").count() == 1
    series = page.evaluate("page.data.charts.loss.series.map((one) => [one.label, one.best])")
    assert series == [["xor", 2], ["validation", 2]]
    assert "lowest validation loss" in page.locator("#curves").inner_text()


STORES = dict(hostile_stores())


def test_there_are_forty_hostile_stores() -> None:
    assert len(STORES) >= 50
    assert len(TEXTS) >= 10


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * bool(i % 6)) for i, name in enumerate(STORES)],
)
def test_a_hostile_store_runs_nothing_and_hides_no_good_run(
    name: str, tmp_path: Path, opened: Open
) -> None:
    store = tmp_path / "runs"
    write(store, GOOD)
    STORES[name](store)
    good = find(store, GOOD)
    evil = [run for run in stored_runs(store) if run.id != GOOD]
    out = tmp_path / "report.html"
    out.write_text(runs_report([good, *evil]), encoding="utf-8")
    assert "SECRET" not in out.read_text(encoding="utf-8")
    page = opened(out).page
    assert page.get_by_role("heading", name="How it went").is_visible()
    assert page.locator("#results tbody tr").count() == 1 + len(evil)
    assert page.locator(f"#results code:text-is('{GOOD}')").count() == 1
    assert page.locator("script:not([type])").count() == 2
    assert page.locator("iframe, base, a[href^=javascript], meta[http-equiv=refresh]").count() == 0
    attributes = "[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames())"
    assert [a for a in page.evaluate(attributes) if a.startswith("on")] == []
