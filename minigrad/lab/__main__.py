"""The command: python -m minigrad.lab [start N | check | hint | next | results DIR ...]

Labs in which you write an engine for gradients yourself, with tests. Without a verb it shows how
far you are.

Exit codes: 0 done; 1 a test of the lab fails; 2 bad usage or no such folder.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from minigrad.files.whole import Taken, check_free, write_out
from minigrad.lab import exercises, grading
from minigrad.lab.results import class_results
from minigrad.lab.words import say
from minigrad.lab.workbook import FOLDER, LabError, Workbook, open_workbook, start
from minigrad.terminal.command import Parser, guard, print_lines, whole_number
from minigrad.terminal.screen import print_text
from minigrad.terminal.table import format_table
from minigrad.terminal.text import quoted


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    arguments = _arguments(argv)
    verb = arguments.verb
    language = arguments.language
    try:
        if verb == "results":
            _need_pytest(language or "en")
            return _results(arguments)
        if verb == "start":
            print_text(_introduction(start(arguments.folder, arguments.number, language)))
            return 0
        book = open_workbook(arguments.folder, language)
        if verb in ("check", "next"):
            _need_pytest(book.language)
        verbs = {"check": _check, "hint": _hint, "next": _next, "progress": _progress}
        return verbs[verb](book, arguments)
    except (LabError, Taken, OSError) as error:
        print_text([str(error)], sys.stderr)
        return 2


def _need_pytest(language: str) -> None:
    if not grading.has_pytest():
        raise LabError(say("no pytest", language))


def _introduction(book: Workbook) -> Iterator[str]:
    lab = book.lab
    language = book.language
    yield say("lab", language, number=lab.number, title=lab.title, minutes=lab.minutes)
    yield lab.aim
    missing = [str(n) for n in exercises.numbers() if n < lab.number and not book.is_done(n)]
    if missing:
        yield say("earlier", language, labs=", ".join(missing))
    yield ""
    yield say("read", language, page=lab.page)
    yield say("write", language, file=book.path / f"lab{lab.number}.py")
    yield say("then", language)


def _grade(book: Workbook) -> grading.Grade:
    """Run the tests of the current lab and keep the result."""
    grade = grading.grade(book.path, book.current)
    book.passed[str(book.current)] = [grade.passed, grade.total]
    book.save()
    return grade


def _check(book: Workbook, arguments: argparse.Namespace) -> int:
    if arguments.number is not None:
        book.current = arguments.number
    grade = _grade(book)
    print_lines([grade.output.strip()])
    if grade.is_done:
        print_text([say("done", book.language, number=book.current)])
    return 0 if grade.is_done else 1


def _hint(book: Workbook, _arguments: argparse.Namespace) -> int:
    hint = book.next_hint()
    book.save()
    print_text([hint or say("no more hints", book.language)])
    return 0


def _next(book: Workbook, arguments: argparse.Namespace) -> int:
    grade = _grade(book)
    if not (grade.is_done or arguments.skip):
        values = {"passed": grade.passed, "total": grade.total}
        print_text([say("not done", book.language, number=book.current, **values)])
        return 1
    if book.current == exercises.numbers()[-1]:
        return _progress(book, arguments)
    print_text(_introduction(start(book.path, book.current + 1, book.language)))
    return 0


def _progress(book: Workbook, _arguments: argparse.Namespace) -> int:
    numbers = exercises.numbers()
    rows = []
    for number in numbers:
        passed, total = book.passed.get(str(number), [0, 0])
        state = "done" if book.is_done(number) else "begun" if total else "open"
        lab = exercises.lab(number, book.language)
        text = say(f"state {state}", book.language, passed=passed, total=total)
        rows.append([">" if number == book.current else "", str(number), lab.title, text])
    wide = max(len(row[2]) for row in rows)
    lines = [f"{mark:1} {number:>2}  {title:<{wide}}  {text}" for mark, number, title, text in rows]
    done = sum(map(book.is_done, numbers))
    total_key = "all" if done == len(numbers) else "total"
    print_text([*lines, say(total_key, book.language, done=done, count=len(numbers))])
    return 0


def _results(arguments: argparse.Namespace) -> int:
    labs = arguments.labs or exercises.numbers()
    if missing := [str(folder) for folder in arguments.folders if not folder.is_dir()]:
        raise LabError(f"no such folder: {', '.join(missing)}")
    if arguments.out is not None:
        check_free(arguments.out, arguments.force)
    header = ["learner", *(f"lab {number}" for number in labs), "done"]
    rows = class_results(arguments.folders, labs)
    if arguments.out is not None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        write_out(arguments.out, text.getvalue().encode(errors="backslashreplace"))
        print_text([f"wrote {arguments.out}"])
    else:
        print_lines(format_table(header, rows).split("\n"))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="lab",
        description="Write an engine for gradients yourself, lab by lab, with tests.",
        epilog="Work happens in ./my-labs, which git ignores. Without a verb: how far you are.",
    )
    parser.set_defaults(verb="progress")
    _common(parser, Path(FOLDER), None)
    verbs = parser.add_subparsers(metavar="VERB")

    def add(name: str, summary: str) -> Parser:
        added: Parser = verbs.add_parser(name, help=summary, description=summary)
        added.set_defaults(verb=name)
        _common(added)
        return added

    choices = exercises.numbers()
    added = add("start", "turn to a lab; the first time, make the folder to work in")
    added.add_argument(
        "number", metavar="N", type=whole_number(), choices=choices, nargs="?", default=1
    )
    added = add("check", "run the tests of the lab, and say what to look at first")
    added.add_argument("number", metavar="N", type=whole_number(), choices=choices, nargs="?")
    add("hint", "one hint after the other")
    add("next", "go on to the next lab").add_argument(
        "--skip", action="store_true", help="even if this one is not done"
    )
    added = add("results", "a class's results as one table; runs what the learners wrote")
    added.add_argument("folders", metavar="DIR", nargs="+", type=Path, help="a learner's folder")
    added.add_argument("--labs", metavar="1,2,3", type=_numbers, help="only these labs")
    added.add_argument("--out", metavar="FILE", type=Path, help="as CSV")
    added.add_argument("--force", action="store_true", help="replace a file that is there")
    return parser.parse_args(argv)


def _common(
    parser: Parser, folder: Any = argparse.SUPPRESS, language: Any = argparse.SUPPRESS
) -> None:
    """The options of every verb; what is typed before the verb counts too."""
    parser.add_argument("--folder", metavar="DIR", type=Path, default=folder, help="(my-labs)")
    languages: Iterable[str] = exercises.LANGUAGES
    parser.add_argument("--language", choices=languages, default=language, help="en or es")


def _numbers(text: str) -> list[int]:
    try:
        numbers = [whole_number()(part.strip()) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        numbers = []
    if not numbers or not set(numbers) <= set(exercises.numbers()):
        raise argparse.ArgumentTypeError(f"must be numbers of labs, as 1,2,3, found {quoted(text)}")
    return numbers


if __name__ == "__main__":
    sys.exit(guard(main))
