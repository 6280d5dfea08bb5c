"""A learner's folder: copies of the labs to write in, and how far they are."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minigrad.files.untrusted import parse_json, read_unlinked
from minigrad.files.whole import replace
from minigrad.lab import exercises
from minigrad.lab.words import say

FOLDER = "my-labs"
STATE = "progress.json"
_PYTEST = "[pytest]\naddopts = --import-mode=prepend -p no:cacheprovider\n"


class LabError(ValueError):
    """The folder cannot be used; the message says what to do."""


@dataclass
class Workbook:
    """`passed` has, for each lab that was checked, how many of its tests passed, of how many."""

    path: Path
    language: str = "en"
    current: int = 1
    hints: dict[str, int] = field(default_factory=dict)
    passed: dict[str, list[int]] = field(default_factory=dict)

    @property
    def lab(self) -> exercises.Lab:
        return exercises.lab(self.current, self.language)

    def is_done(self, number: int) -> bool:
        passed, total = self.passed.get(str(number), [0, 0])
        return 0 < total == passed

    def save(self) -> None:
        state = {key: value for key, value in asdict(self).items() if key != "path"}
        replace(self.path / STATE, json.dumps(state, indent=1).encode())

    def next_hint(self) -> str | None:
        """One hint of the current lab after the other; None after the last."""
        shown = self.hints.get(str(self.current), 0)
        hints = self.lab.hints
        self.hints[str(self.current)] = min(shown + 1, len(hints))
        return f"{shown + 1}/{len(hints)}  {hints[shown]}" if shown < len(hints) else None


def open_workbook(path: Path, language: str | None = None) -> Workbook:
    """The learner's folder. Raises LabError where there is none, or none that can be read."""
    if not (path / STATE).exists():
        raise LabError(say("none", language or "en", folder=path))
    try:
        state: Any = parse_json(read_unlinked(path / STATE, 100_000))
        book = Workbook(path, **state)
        _check_counts(book)
        if book.current not in exercises.numbers() or book.language not in exercises.LANGUAGES:
            raise ValueError(f"there is no lab {book.current!r} in {book.language!r}")
    except (ValueError, TypeError, OSError) as error:
        raise LabError(f"{path / STATE}: {error}: delete it, and start again") from None
    book.language = language or book.language
    return book


def _check_counts(book: Workbook) -> None:
    """Raise ValueError for hints and results that no lab left."""
    if not (isinstance(book.passed, dict) and isinstance(book.hints, dict)):
        raise ValueError("passed and hints must be objects")
    pairs = list(book.passed.values())
    if any(not isinstance(pair, list) or len(pair) != 2 for pair in pairs):
        raise ValueError("passed must have two numbers for each lab")
    for number in [book.current, *book.hints.values(), *(n for pair in pairs for n in pair)]:
        if type(number) is not int or number < 0:
            raise ValueError(f"{number!r:.40} is no count")


def start(path: Path, number: int, language: str | None = None) -> Workbook:
    """Make the folder if there is none, and turn to a lab. What a learner wrote is never touched.

    The folder ignores itself in git. Raises LabError for a folder that holds something else.
    """
    if (path / STATE).exists():
        book = open_workbook(path, language)
    elif path.exists() and any(path.iterdir()):
        raise LabError(say("taken", language or "en", folder=path))
    else:
        book = Workbook(path, language or "en")
    book.current = number
    path.mkdir(parents=True, exist_ok=True)
    # whole files in place of what is there: where that is a link, its target stays as it is
    _put(path / ".gitignore", b"*\n")
    _put(path / "pytest.ini", _PYTEST.encode())
    source = exercises.folder()
    for file in [*source.glob("*.py"), *source.glob("*.yaml")]:
        is_own = file.stem[3:].isdecimal() and file.name.startswith("lab")
        if not (is_own and os.path.lexists(path / file.name)):
            _put(path / file.name, file.read_bytes())
    (path / "messages.json").unlink(missing_ok=True)
    if book.language != "en":
        words = exercises.folder(book.language) / "messages.json"
        _put(path / "messages.json", words.read_bytes())
    book.save()
    return book


def _put(path: Path, content: bytes) -> None:
    replace(path, content, durable=False)
