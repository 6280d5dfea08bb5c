"""A real Chromium for tests of pages; where there is none, they are skipped by name."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from tests.waiting import HANG, until

INSTALL = "apt-get install chromium && pip install playwright"


def missing(what: str, install: str) -> NoReturn:
    """Skip, by name; with MINIGRAD_BROWSER=required, as in .ci/run, fail."""
    end = pytest.fail if os.environ.get("MINIGRAD_BROWSER") == "required" else pytest.skip
    end(f"{what} is not installed: {install}")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Pages]":
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright", INSTALL)
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        missing("chromium", INSTALL)
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=executable, args=arguments, timeout=HANG * 1000
        )
        yield Pages(chromium)
        chromium.close()


class Pages:
    """Pages that are used again: a new one starts a process, and takes six times as long."""

    def __init__(self, chromium: Any) -> None:
        self._context = chromium.new_context()
        self._context.set_default_timeout(HANG * 1000)  # milliseconds, as at the launch
        self._free: list[Any] = []

    def take(self, width: int, scheme: str) -> Any:
        page = self._free.pop() if self._free else self._context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        return page

    def give_back(self, page: Any) -> None:
        page.mouse.move(0, 0)  # it would be over something of the next page
        page.goto("about:blank")
        self._free.append(page)


class Tab:
    """A page in a tab that notes what goes wrong on it and what it asks for."""

    def __init__(self, browser: Pages, url: str, width: int = 1000, scheme: str = "light") -> None:
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self._listeners: dict[str, Callable[[Any], None]] = {
            "console": lambda message: self.trouble.append(message.text),
            "pageerror": lambda error: self.trouble.append(str(error)),
            "dialog": lambda dialog: self.trouble.append(dialog.message),
            "request": lambda request: self.requests.append(request.url),
        }
        self._browser, self.page = browser, browser.take(width, scheme)
        for event, listener in self._listeners.items():
            self.page.on(event, listener)
        self.page.goto(url)

    def wait(self, script: str) -> None:
        """Until the script gives true; Playwright's own waiting needs `unsafe-eval`."""
        until(lambda: self.page.evaluate(script))

    def close(self) -> None:
        self.page.evaluate("null")  # what was noted before its answer has arrived
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self._browser.give_back(self.page)
        assert self.trouble == []
