"""The Spanish pages say what the English ones say: same headings, same code, same links."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import blocks, differences

DOCS = Path("docs")
ES = DOCS / "es"
FRONT = "index.md"
"""The English front page; the Spanish one is es/README.md."""

OWN = {"README.md", "terms.md"}
"""Spanish pages that translate no page block by block."""

NOT_TRANSLATED = ("es", "reference")
"""Folders of docs/: the Spanish pages, and the docstrings."""

PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if page.relative_to(DOCS).parts[0] not in NOT_TRANSLATED and page != DOCS / FRONT
)


def test_every_page_has_a_translation_and_no_translation_has_lost_its_page() -> None:
    pages = {str(page.relative_to(DOCS)) for page in PAGES}
    assert len(pages) >= 35
    assert {str(page.relative_to(ES)) for page in ES.rglob("*.md")} == pages | OWN


def test_the_spanish_front_page_leads_to_every_page_that_the_english_one_leads_to() -> None:
    english, spanish = (
        [link for block in blocks(page.read_text("utf-8")) for link in block.links]
        for page in (DOCS / FRONT, ES / "README.md")
    )
    own = {"es/README.md", "es/terms.md"}
    translated = [
        link if "://" in link or not (ES / link).exists() else f"es/{link}"
        for link in english
        if link not in own
    ]
    from_root = [os.path.normpath(f"es/{link}") if "://" not in link else link for link in spanish]
    assert sorted(from_root) == sorted([*translated, FRONT, "es/terms.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_the_translation_follows_its_page_block_by_block(page: Path) -> None:
    assert differences(page, ES / page.relative_to(DOCS), DOCS) == []


def test_every_link_of_a_page_leads_somewhere() -> None:
    links = [
        (page, link)
        for page in DOCS.rglob("*.md")
        for block in blocks(page.read_text(encoding="utf-8"))
        for link in block.links
        if block.kind != "code"
    ]
    assert links
    local = [(page, link) for page, link in links if not link.startswith("https://")]
    assert [(page, link) for page, link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=str)
def test_no_page_has_a_picture_or_a_long_paragraph_twice(page: Path) -> None:
    prose = [block for block in blocks(page.read_text(encoding="utf-8")) if block.kind == ""]
    pictures = [block.links[0] for block in prose if block.text.startswith("![")]
    long = [block.text for block in prose if len(block.words) > 8]
    assert [text for text, count in Counter([*pictures, *long]).items() if count > 1] == []


ENGLISH = """\
# The slope

How steep is `x * x`, and [why](2-why.md)?

    >>> 2 * 3  # twice three
    6

```text
rate * 2 = 6
```

1. Look left.
2. Look right, too.

| a | b |
"""

SPANISH = """\
# La pendiente

¿Cuán empinada es `x * x`, y [por qué](2-why.md)?

    >>> 2 * 3  # dos por tres
    6

```text
tasa * 2 = 6
```

1. Mira a la izquierda.
2. Mira también a la derecha.

| a | b |
"""


def compared(tmp_path: Path, english: str, spanish: str) -> list[str]:
    for path, text in (("t/1.md", english), ("es/t/1.md", spanish), ("es/t/2-why.md", "")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return differences(tmp_path / "t/1.md", tmp_path / "es/t/1.md", tmp_path)


def test_a_faithful_translation_has_no_differences(tmp_path: Path) -> None:
    assert compared(tmp_path, ENGLISH, SPANISH) == []


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("# La", "## La", "'## La pendiente' stands where '# The slope' is"),
        ("    6", "    7", "    7' stands where"),
        ("2 * 3  #", "3 * 2  #", "stands where"),
        ("tasa * 2 = 6", "tasa * 2 = 7", "stands where"),
        ("1. Mira a la izquierda.\n", "", "'2. Mira también a la derecha.' stands where '1. Look"),
        ("| a | b |\n", "", "has 6 blocks"),
        ("`x * x`", "`x * y`", "other words in backquotes: x * x, x * y"),
        ("(2-why.md)", "(../../t/2-why.md)", "links to"),
        ("[por qué](2-why.md)", "por qué", "links to nothing"),
        ("2. Mira también a la derecha.", "2. Look right, too.", "is not translated"),
        ("¿Cuán empinada es", "How steep is", "has English words: how, is"),
    ],
)
def test_what_went_astray_is_named(right: str, wrong: str, fault: str, tmp_path: Path) -> None:
    assert SPANISH.count(right) == 1
    faults = compared(tmp_path, ENGLISH, SPANISH.replace(right, wrong))
    assert len(faults) == 1
    assert fault in faults[0]
