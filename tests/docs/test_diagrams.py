"""The diagrams of the theory pages are what their script draws, with numbers computed today."""

import runpy
from pathlib import Path

import pytest

IMAGES = Path("docs/images")
DIAGRAMS = runpy.run_path(str(IMAGES / "draw.py"))["DIAGRAMS"]


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_is_current(name: str) -> None:
    assert (IMAGES / name).read_text(encoding="utf-8") == DIAGRAMS[name]()


@pytest.mark.parametrize("name", DIAGRAMS)
@pytest.mark.parametrize("folder", ["docs/theory", "docs/es/theory"])
def test_a_diagram_is_shown_on_a_page_of_each_language(name: str, folder: str) -> None:
    assert any(f"images/{name})" in page.read_text() for page in Path(folder).glob("*.md"))
