"""The pages that step through the graphs of the theory are what their script builds."""

import re
import runpy
from pathlib import Path

import pytest

STEPS = Path("docs/steps")
BUILD = runpy.run_path(str(STEPS / "build.py"))


def to_twelve_digits(text: str) -> str:
    """Another mathematics library rounds the last digit otherwise."""
    return re.sub(r"-?\d+\.\d{13,}(?:e-?\d+)?", lambda number: f"{float(number[0]):.12g}", text)


@pytest.mark.parametrize("name", BUILD["PAGES"])
def test_a_page_is_current(name: str) -> None:
    stored = (STEPS / name).read_text(encoding="utf-8")
    assert to_twelve_digits(stored) == to_twelve_digits(BUILD["text"](name)), (
        "run python docs/steps/build.py"
    )


@pytest.mark.parametrize("name", BUILD["PAGES"])
@pytest.mark.parametrize("folder", ["docs/theory", "docs/es/theory"])
def test_a_page_is_linked_from_the_theory_in_each_language(name: str, folder: str) -> None:
    assert any(f"steps/{name})" in page.read_text() for page in Path(folder).glob("*.md"))


def test_no_page_of_another_name_is_left() -> None:
    assert {page.name for page in STEPS.glob("*.html")} == set(BUILD["PAGES"])
