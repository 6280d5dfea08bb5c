"""The Spanish pages say what the English ones say: same headings, same code, same links."""

from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import blocks, differences

DOCS = Path("docs")
TRANSLATED = {"theory": 11, "lab": 12, "teaching": 2}
"""The folders, and how many pages each has at least."""

OWN = {"README.md", "terms.md"}
"""Spanish pages that translate no page."""

PAGES = [
    *(page for folder in TRANSLATED for page in sorted((DOCS / folder).glob("*.md"))),
    *(DOCS / page.name for page in sorted((DOCS / "es").glob("*.md")) if page.name not in OWN),
]


def names(folder: Path) -> list[str]:
    return sorted(page.name for page in folder.glob("*.md"))


@pytest.mark.parametrize("folder", TRANSLATED)
def test_every_page_has_a_translation_and_no_translation_has_lost_its_page(folder: str) -> None:
    assert len(names(DOCS / folder)) >= TRANSLATED[folder]
    assert names(DOCS / "es" / folder) == names(DOCS / folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_the_translation_follows_its_page_block_by_block(page: Path) -> None:
    assert differences(page, DOCS / "es" / page.relative_to(DOCS), DOCS) == []


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
