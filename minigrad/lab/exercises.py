"""The labs as they are shipped: their files, and what their pages say in either language."""

import re
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_CLONE = _PACKAGE.parent / "docs"
LANGUAGES = ("en", "es")
_HINTS = {"en": "## Hints", "es": "## Pistas"}


def folder(language: str = "en") -> Path:
    """Where the files are: within the package where it was installed, in docs/ in a clone."""
    installed = _PACKAGE / "lab" / language
    if installed.is_dir():
        return installed
    return _CLONE / "lab" if language == "en" else _CLONE / language / "lab"


def numbers() -> list[int]:
    """1, 2, ... as many as there are."""
    return sorted(int(path.stem[3:]) for path in folder().glob("lab[0-9]*.py"))


@dataclass(frozen=True)
class Lab:
    """What a page says: its title, its aim, the minutes that it takes, and its hints."""

    number: int
    page: Path
    title: str
    aim: str
    minutes: int
    hints: list[str]


def lab(number: int, language: str = "en") -> Lab:
    """The lab of this number. Its page has the form that the tests of the pages hold it to."""
    (page,) = folder(language).glob(f"{number}-*.md")
    text = page.read_text(encoding="utf-8")
    title, aim = text.split("\n\n")[:2]
    minutes = re.search(r"^(?:Time|Tiempo): \D*(\d+)", text, re.MULTILINE)
    section = text.partition(f"\n{_HINTS[language]}\n")[2].partition("\n## ")[0]
    hints = re.findall(r"^\d+\. (.*(?:\n   .*)*)", section, re.MULTILINE)
    return Lab(
        number=number,
        page=page,
        title=title.removeprefix("# ").partition(". ")[2],
        aim=" ".join(aim.split()),
        minutes=int(minutes[1]) if minutes else 0,
        hints=[" ".join(hint.split()) for hint in hints],
    )
