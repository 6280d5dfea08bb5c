"""A real Chromium for tests of pages; where there is none, they are skipped by name."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tests.waiting import HANG, until

INSTALL = "apt-get install chromium && pip install playwright"


def missing(what: str, install: str) -> NoReturn:
    """Skip, by name; with MINIGRAD_BROWSER=required, as in .ci/run, fail."""
    end = pytest.fail if os.environ.get("MINIGRAD_BROWSER") == "required" else pytest.skip
    end(f"{what} is not installed: {install}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
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
        yield chromium
        chromium.close()


class Tab:
    """A page in a tab that notes what goes wrong on it and what it asks for."""

    def __init__(self, browser: Any, url: str, width: int = 1000, scheme: str = "light") -> None:
        self.page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.page.set_default_timeout(HANG * 1000)  # milliseconds, as at the launch
        self.trouble: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)

    def wait(self, script: str) -> None:
        """Until the script gives true; Playwright's own waiting needs `unsafe-eval`."""
        until(lambda: self.page.evaluate(script))

    def close(self) -> None:
        self.page.close()
        assert self.trouble == []
