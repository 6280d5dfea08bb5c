"""The live page: who is refused, what it shows, and that it goes on."""

import json
import platform
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from minigrad import train
from minigrad.files.whole import Lines
from minigrad.report import seeds as seeds_module
from minigrad.report import watch
from minigrad.report.live import Pages
from minigrad.sweep import __main__ as sweep_command
from minigrad.tracking import init
from minigrad.tracking.annotate import note, tag
from minigrad.tracking.names import StoreError
from minigrad.tracking.store import load, runs
from tests.browser import Tab, missing
from tests.minigrad.report.stores import GOOD, IDS, hostile_stores, three_runs
from tests.minigrad.tracking.written import config, write
from tests.waiting import until


@pytest.fixture(scope="session", autouse=True)
def _server_packages() -> None:
    if not (find_spec("starlette") and find_spec("uvicorn")):
        missing("starlette or uvicorn", "pip install 'minigrad-lab[ui]'")


class Live:
    """The command in a process of its own."""

    def __init__(self, store: Path) -> None:
        command = [sys.executable, "-m", "minigrad.runs", "serve", "--store", str(store), "--json"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = self.process.stdout.readline()
            assert line, self.process.stderr and self.process.stderr.read()
            text += line
        self.address: str = json.loads(text)["address"]
        self.port = int(re.findall(r":(\d+)/", self.address)[0])

    def get(self, path: str = "", method: str = "GET", **headers: str) -> tuple[int, str]:
        """Status and body. An underscore in a header's name is a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, headers=named, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def raw(self, request: str) -> str:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(request.encode("latin-1"))
            parts = iter(lambda: connection.recv(65536), b"")
            return b"".join(parts).decode("latin-1")

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate()
        assert "Traceback" not in errors


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("live") / "runs"
    three_runs(store, 500)
    return store


@pytest.fixture(scope="module")
def live(store: Path) -> Iterator[Live]:
    server = Live(store)
    yield server
    server.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def open_page(url: str, **settings: Any) -> Tab:
        tabs.append(Tab(browser, url, **settings))
        return tabs[-1]

    yield open_page
    for tab in tabs:
        hosts = {url.split("/")[2] for url in tab.requests if not url.startswith("data:")}
        assert len(hosts) == 1
        tab.close()


def test_it_listens_on_this_machine_alone_and_its_address_has_a_token(live: Live) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{22}/", live.address)
    assert live.get()[0] == 200


def test_headers_keep_other_pages_out(live: Live) -> None:
    with urllib.request.urlopen(live.address) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert [name for name in headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"Host": "evil.example"}, "this host is not served"),
        ({"Host": "127.0.0.1.evil.example"}, "this host is not served"),
        ({"Host": "localhost"}, "this host is not served"),
        ({"Origin": "http://evil.example"}, "this origin is not served"),
        ({"Origin": "null"}, "this origin is not served"),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, "another page may not ask"),
    ],
)
def test_a_foreign_host_or_origin_is_refused(
    live: Live, headers: dict[str, str], sentence: str
) -> None:
    for path in ("", "runs.json", f"run/{IDS[0]}"):
        assert live.get(path, **headers) == (403, f"{sentence}\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_only_get_is_answered(live: Live, method: str) -> None:
    assert live.get("runs.json", method=method)[0] == 405


@pytest.mark.parametrize("token", ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", "é"])
def test_a_missing_or_wrong_token_shows_nothing(live: Live, token: str) -> None:
    for path in ("/", "/runs.json", f"/run/{IDS[0]}"):
        host = f"127.0.0.1:{live.port}"
        answer = live.raw(
            f"GET /{token}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        assert " 404 " in answer.splitlines()[0] or " 400 " in answer.splitlines()[0]
        assert "xor" not in answer


@pytest.mark.parametrize(
    "path",
    [
        *("run/..", "run/../../etc/passwd", "run/%2e%2e", "run/%252e%252e%252fsecret"),
        *("run/%2Fetc%2Fpasswd", "run/latest", "run/.trash", "run/sweeps", "run/x%00y", "run/"),
        *("compare?run=../secret", "compare", "curves.json?run=%252e%252e", "nothing", "../../x"),
        "compare?" + "run=x&" * 300,
    ],
)
def test_a_path_outside_the_store_is_not_found(live: Live, path: str) -> None:
    status, body = live.get(path)
    assert status in (400, 404)
    assert "root:" not in body
    assert live.get()[0] == 200


def test_a_websocket_is_refused(live: Live) -> None:
    path = live.address.split("/", 3)[3]
    answer = live.raw(
        f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nConnection: Upgrade, close\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n\r\n"
    )
    assert " 101 " not in answer


def test_200_connections_held_open_stop_nothing(live: Live) -> None:
    held = [socket.create_connection(("127.0.0.1", live.port)) for _ in range(200)]
    try:
        for i, one in enumerate(held):
            try:
                one.sendall(b"GET / HTTP/1.1\r\nX: " if i % 2 else b"")
            except OSError:  # closed already
                continue
        assert [live.get("runs.json")[0] for _ in range(5)] == [200] * 5
    finally:
        for one in held:
            one.close()


def test_the_table_is_filtered_sorted_and_has_more_columns(live: Live) -> None:
    def ids(query: str) -> list[str]:
        return [row["id"] for row in json.loads(live.get(f"runs.json?{query}")[1])["rows"]]

    assert ids("") == IDS[::-1]
    assert ids("sort=final_loss") == [IDS[0], IDS[2], IDS[1]]
    assert ids("sort=final_loss&reverse=1&limit=1") == [IDS[1]]
    assert ids("search=optimizer.name%3Dadam") == [IDS[1]]
    assert ids("search=final_loss%3C5+aaa2") == [IDS[2]]
    assert "seed" in json.loads(live.get("runs.json?columns=seed")[1])["columns"]
    assert "no run has 'x'" in json.loads(live.get("runs.json?sort=x")[1])["error"]


def test_the_table_in_a_browser_filters_sorts_and_compares(
    live: Live, opened: Callable[..., Tab]
) -> None:
    tab = opened(live.address)
    page = tab.page
    rows = page.locator("#runs tbody tr")
    tab.wait("document.querySelectorAll('#runs tbody tr').length === 3")
    page.get_by_role("button", name="final_loss").click()
    tab.wait("document.querySelector('#runs tbody tr a').textContent.endsWith('aaa0')")
    page.fill("#search", "adam optimizer.name=adam")
    tab.wait("document.querySelectorAll('#runs tbody tr').length === 0")
    page.fill("#search", "")
    tab.wait("document.querySelectorAll('#runs tbody tr').length === 3")
    for i in range(2):
        rows.nth(i).get_by_role("checkbox").check()
    page.get_by_role("link", name="Compare 2 runs").click()
    page.wait_for_selector(".chart canvas")
    assert page.locator("#config tr.differs").count() == 2
    page.get_by_role("link", name="all runs").click()
    page.wait_for_selector("#runs tbody tr")


@pytest.mark.slow
def test_curves_grow_while_the_run_goes_on_and_its_end_is_seen(
    tmp_path: Path, opened: Callable[..., Tab]
) -> None:
    server = Live(tmp_path)
    try:
        with init("mine", store=tmp_path, config=config()) as run:
            run.log({"loss": 1.0})
            run.log({"loss": 0.9})
            tab = opened(f"{server.address}run/{run.id}")
            page = tab.page
            last = "page.charts.get('loss').plot.data[0].at(-1)"
            tab.wait(f"{last} === 1")
            for _ in range(10):
                run.log({"loss": 0.5})
            tag(load(run.path), ["+seen"])
            note(load(run.path), "a <b>note</b>")
            tab.wait(f"{last} === 11")
            assert page.locator("#results .status").inner_text() == "running"
        page.wait_for_selector("#results .status.good")  # the page is loaded again
        page.wait_for_selector("#notes")
        assert "a <b>note</b>" in page.locator("#notes").inner_text()
        assert page.locator("#results .tag").inner_text() == "seen"
    finally:
        server.close()


def test_a_crashed_run_is_not_called_running(tmp_path: Path) -> None:
    write(tmp_path, GOOD, status="running", host=platform.node())
    code = "import os, minigrad.tracking as t; t.init('x', store='.').log({'a': 1}); os._exit(9)"
    path = {"PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=path)
    write(tmp_path, IDS[0], status="running", host="elsewhere")
    words = {row["id"]: row["cells"][1] for row in Pages(tmp_path).table({})["rows"]}
    assert words.pop(IDS[0]) == "running on elsewhere, or died there"
    assert list(words.values()) == ["crashed", "crashed"]


def test_a_long_run_is_read_in_parts_and_each_line_once(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    lines = "".join(f'{{"step": {i}, "loss": {i % 97}}}\n' for i in range(50_000))
    (path / "metrics.jsonl").write_text(lines)
    pages = Pages(tmp_path)
    counts = [pages.curves([GOOD], "")["lines"]]
    while (answer := pages.curves([GOOD], ""))["more"]:
        counts.append(answer["lines"])
    assert answer["lines"] == 50_000
    assert counts == sorted(set(counts))
    assert len(answer["charts"]["loss"]["series"][0]["x"]) <= 1000
    assert pages.curves([GOOD], answer["version"])["charts"] is None
    before = (path / "metrics.jsonl").read_text()
    (path / "metrics.jsonl").write_text(before + '{"step": 50000, "loss": 1}\n')
    assert pages.curves([GOOD], answer["version"])["lines"] == 50_001


def test_curves_that_were_dropped_and_read_again_have_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_CURVES", 1)
    for identity in (GOOD, IDS[0]):
        path = write(tmp_path, identity)
    before = (path / "metrics.jsonl").read_text()
    pages = Pages(tmp_path)
    version = pages.curves([IDS[0]], "")["version"]
    pages.curves([GOOD], "")  # drops those of the other run
    (path / "metrics.jsonl").write_text(before + '{"step": 70, "loss": 8.0}\n')
    fresh = pages.curves([IDS[0]], version)
    assert fresh["charts"]["loss"]["series"][0]["y"][-1] == 8.0
    assert fresh["numbers"]["loss"][0][4] == "8"


def test_a_page_is_told_to_rest_while_a_run_goes_on_and_to_stop_after_it(tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    with init("mine", store=tmp_path) as run:
        run.log({"loss": 1.0})
        assert pages.curves([run.id], "")["wait"] >= 1500
        for i in range(20_000):
            run.log({"loss": float(i), "a longer name so that there is more to read": 1.0})
        while (answer := pages.curves([run.id], ""))["more"]:
            assert answer["wait"] >= 1500  # it had seen all there was before
    assert pages.curves([run.id], "")["wait"] is None


def test_many_seeds_are_drawn_again_only_where_their_file_is_another(tmp_path: Path) -> None:
    arguments = ["configs/xor.yaml", "train.steps=3", "--seeds", "4", "--out", str(tmp_path)]
    assert train.main(arguments) == 1  # the loss is not met in 3 steps
    (run,) = runs(tmp_path)
    pages = Pages(tmp_path)
    seeds_module._section_once.cache_clear()
    texts = [pages.run(run.id) for _ in range(3)]
    assert 'id="seeds-0"' in texts[0]
    assert seeds_module._section_once.cache_info().misses == 1
    (run.path / "seeds.npz").write_bytes(b"damaged")
    assert 'id="seeds-0"' not in pages.run(run.id)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("swept") / "runs"
    words = ["configs/xor.yaml", "train.steps=3", "optimizer.lr=0.1,0.5", "model.hidden=[2],[4]"]
    assert sweep_command.main([*words, "seed=0,1", "--out", str(store)]) == 0
    return store


@pytest.mark.slow
def test_a_sweep_has_a_live_page_that_follows_it(swept: Path, opened: Callable[..., Tab]) -> None:
    server = Live(swept)
    try:
        tab = opened(server.address)
        page = tab.page
        page.locator("#sweeps a").click()
        page.wait_for_selector("#heat")
        assert page.locator("#results tbody tr").count() == 4
        page.locator("#results th", has_text="median").get_by_role("button").click()
        page.locator("#results th", has_text="median").get_by_role("button").click()
        state = json.loads(server.get(f"sweep.json?sweep={page.url.rpartition('/')[2]}")[1])
        assert state == {"version": "8 finished", "wait": None}
        page.get_by_role("link", name="all runs").click()
        page.wait_for_selector("#runs tbody tr")
    finally:
        server.close()


@pytest.mark.slow
def test_a_sweeps_page_is_renewed_in_place_and_stays_sorted(
    swept: Path, opened: Callable[..., Tab]
) -> None:
    path = next(path for path in (swept / "sweeps").iterdir() if not path.is_symlink())
    facts, journal = path / "sweep.json", path / "members.jsonl"
    whole, lines = facts.read_text(), journal.read_text()
    held = Lines(journal)  # as by the process that writes it
    with closing(held):
        data = json.loads(whole)
        facts.write_text(json.dumps(data | {"status": "running", "ended": None}))
        journal.write_text("".join(lines.splitlines(keepends=True)[:2]))
        server = Live(swept)
        try:
            tab = opened(f"{server.address}sweep/{path.name}")
            page = tab.page
            head = page.locator("#results th", has_text="median")
            head.get_by_role("button").click()
            head.get_by_role("button").click()
            before = page.locator("#results tbody tr").count()
            journal.write_text(lines)
            tab.wait(f"document.querySelectorAll('#results tbody tr').length > {before}")
            assert head.get_attribute("aria-sort") == "descending"
            assert "8 of 8 members ended" in page.locator("header").inner_text()
            facts.write_text(whole)
            tab.wait("document.querySelector('.subtitle').textContent.endsWith('finished')")
        finally:
            server.close()
            facts.write_text(whole)
            journal.write_text(lines)


@pytest.mark.parametrize("key", ["latest", "..", "../runs", "nothing", ".drafts", "%2e%2e"])
def test_a_sweep_that_is_none_is_not_found(swept: Path, key: str) -> None:
    with pytest.raises(StoreError, match="no such sweep"):
        Pages(swept).sweep(key)


STORES = dict(hostile_stores())


@pytest.mark.parametrize("name", STORES)
def test_a_hostile_store_is_answered_harmlessly(name: str, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    write(store, GOOD)
    STORES[name](store)
    pages = Pages(store)
    rows = pages.table({"columns": "note, name, tags"})["rows"]
    assert GOOD in [row["id"] for row in rows]
    for row in rows:
        assert re.fullmatch(r"run/[\w%.~-]+", row["href"])
        key = row["key"].replace("%25", "%")  # as the server has it after one decoding
        page = pages.run(key)
        assert "SECRET" not in page + json.dumps(pages.curves([key], ""))
        assert page.count("<script>") == 3
        assert pages.compare([key, GOOD])
    with pytest.raises(StoreError):
        pages.run("../secret")


@pytest.mark.parametrize(
    "name",
    [
        "text-1-in-config-and-metrics",
        *(pytest.param(f"text-{i}-in-facts", marks=pytest.mark.slow) for i in (0, 3)),
    ],
)
def test_a_hostile_store_in_a_browser_runs_nothing(
    name: str, tmp_path: Path, opened: Callable[..., Tab]
) -> None:
    store = tmp_path / "runs"
    write(store, GOOD)
    STORES[name](store)
    server = Live(store)
    try:
        page = opened(server.address).page
        page.wait_for_selector("#runs tbody tr:nth-child(2)")
        page.locator("#runs a", has_text="evil").click()
        page.wait_for_selector("#results")
        assert page.locator("#results tbody tr").count() == 1
    finally:
        server.close()


def test_ctrl_c_ends_it_at_once_and_without_a_traceback(tmp_path: Path) -> None:
    server = Live(tmp_path)
    server.process.send_signal(signal.SIGINT)
    until(lambda: server.process.poll() is not None)
    server.close()


@pytest.mark.parametrize(
    ("number", "cause"),
    [(signal.SIGINT, "Ctrl-C"), pytest.param(signal.SIGTERM, "SIGTERM", marks=pytest.mark.slow)],
)
def test_a_second_signal_has_no_traceback_either(
    tmp_path: Path, number: signal.Signals, cause: str
) -> None:
    server = Live(tmp_path)
    with socket.create_connection(("127.0.0.1", server.port)) as held:
        held.sendall(b"GET /")  # a request that never ends is waited for
        while server.process.poll() is None:
            server.process.send_signal(number)
    error = server.process.communicate()[1]
    assert server.process.returncode == 128 + number
    assert set(error.splitlines()) == {f"interrupted by {cause}"}  # the last one may say it again
