"""The results of a class: each learner's labs under the tests as they are shipped, as one table."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from minigrad.files.untrusted import read_unlinked
from minigrad.files.whole import replace
from minigrad.lab import exercises
from minigrad.lab.grading import grade
from minigrad.lab.workbook import FOLDER, start

_MOST_BYTES = 1_000_000


def class_results(folders: Iterable[Path], labs: Sequence[int]) -> list[list[str]]:
    """A row for each folder: the learner's name, "passed/total" of each lab, and how many are done.

    Only the files lab*.py of a folder are taken, so tests that were changed there do not count.
    Their code is run.
    """
    return [_row(folder, labs) for folder in folders]


def _place(folder: Path) -> tuple[str, Path]:
    """The learner's name and files: ana and ana/my-labs, whichever of the two is given."""
    if folder.name == FOLDER:
        return folder.absolute().parent.name, folder
    inner = folder / FOLDER
    return folder.name, inner if inner.is_dir() else folder


def _source(path: Path) -> bytes:
    """What the learner wrote; for a link, a pipe or a huge file, code that tells why there is none:
    the lab is then unreadable.
    """
    try:
        return read_unlinked(path, _MOST_BYTES)
    except OSError as error:
        return f"raise OSError({f'{path.name}: {error.strerror}'!r})\n".encode()


def _row(folder: Path, labs: Sequence[int]) -> list[str]:
    name, files = _place(folder)
    with tempfile.TemporaryDirectory() as place:
        book = start(Path(place) / "labs", labs[0])
        for number in exercises.numbers():
            own = files / f"lab{number}.py"
            if os.path.lexists(own):
                replace(book.path / own.name, _source(own), durable=False)
        grades = [grade(book.path, number) for number in labs]
    cells = [f"{one.passed}/{one.total}" if one.total else "unreadable" for one in grades]
    return [name, *cells, str(sum(one.is_done for one in grades))]
